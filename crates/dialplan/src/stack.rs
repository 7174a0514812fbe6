//! The Gosub frames of a channel: where to return to, and which variables to put back.
//!
//! The channel owns a [`Stack`] and hands it out through [`crate::Host::stack`]; only this crate
//! changes it.

use std::sync::Arc;

use crate::script::{Program, Session};
use crate::{Host, Position};

/// Frames a channel may have open. Recursion deeper than this is a dialplan that calls itself
/// without end; each frame costs some hundred bytes plus its variables.
pub const MAX_FRAMES: usize = 1_000;

/// Hangup handlers a channel may have. More are a dialplan that pushes in a circle.
pub const MAX_HANDLERS: usize = 100;

/// The Gosub frames of a channel, the last exception, its hangup handlers, and its side of the
/// program of the dialplan.
#[derive(Debug, Default)]
pub struct Stack {
    frames: Vec<Frame>,
    exception: Option<Exception>,
    handlers: Vec<Handler>,
    /// More than one only while a function of a program that a reload replaced is under way and
    /// an application in it runs a function of the new one.
    sessions: Vec<(Arc<dyn Program>, Box<dyn Session>)>,
}

/// A subroutine that runs when the channel is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handler {
    /// Where it begins.
    pub to: Position,
    /// `ARG1` onwards.
    pub arguments: Vec<String>,
}

/// One Gosub that has not returned.
#[derive(Clone, Debug)]
struct Frame {
    /// Where the dialplan goes on; `None` when the caller is not the dialplan (a hangup handler,
    /// Dial's option U).
    return_to: Option<Position>,
    /// `ARG1` onwards.
    arguments: Vec<String>,
    /// Variables that are local to this frame, with their value outside of it.
    outer: Vec<(String, Option<String>)>,
}

/// Why the `e` extension was entered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// `INVALID`, `RESPONSETIMEOUT`, `ABSOLUTETIMEOUT`, `ERROR` or the text of RaiseException.
    pub reason: String,
    /// Where it happened.
    pub position: Position,
}

/// What a Return found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Popped {
    /// Go on there.
    To(Position),
    /// The subroutine was called from outside the dialplan and is over.
    Outside,
    /// There was no frame.
    Empty,
}

impl Stack {
    /// Open frames.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.frames.len()
    }

    /// The last exception, for `EXCEPTION()`.
    #[must_use]
    pub fn exception(&self) -> Option<&Exception> {
        self.exception.as_ref()
    }

    /// Adds a hangup handler, which runs before those that are there. False when there are
    /// [`MAX_HANDLERS`].
    #[must_use]
    pub fn push_handler(&mut self, handler: Handler) -> bool {
        let has_room = self.handlers.len() < MAX_HANDLERS;
        if has_room {
            self.handlers.push(handler);
        }
        has_room
    }

    /// Takes the hangup handler that came last.
    pub fn pop_handler(&mut self) -> Option<Handler> {
        self.handlers.pop()
    }

    /// Forgets all hangup handlers.
    pub fn wipe_handlers(&mut self) {
        self.handlers.clear();
    }

    /// Begins a function of the program, in the session under way when that is of the same program.
    /// One of a program that was replaced ends with its last function.
    pub(crate) fn begin_function(
        &mut self,
        program: &Arc<dyn Program>,
        context: &str,
        name: &str,
        dialled: &str,
    ) -> Result<(), String> {
        if let Some((known, session)) = self.sessions.last_mut()
            && Arc::ptr_eq(known, program)
        {
            return session.begin(context, name, dialled);
        }
        let mut session = program.start()?;
        session.begin(context, name, dialled)?;
        self.sessions.retain(|(_, session)| !session.is_idle());
        self.sessions.push((program.clone(), session));
        Ok(())
    }

    /// The session of the function that began last.
    pub(crate) fn session(&mut self) -> Option<&mut dyn Session> {
        self.sessions.last_mut().map(|(_, session)| &mut **session as &mut dyn Session)
    }

    /// The function that began last is over.
    pub(crate) fn leave_function(&mut self) {
        let Some(session) = self.session() else { return };
        session.end();
        if session.is_idle() && self.sessions.len() > 1 {
            self.sessions.pop();
        }
    }

    pub(crate) fn raise(&mut self, reason: &str, position: &Position) {
        self.exception = Some(Exception { reason: reason.into(), position: position.clone() });
    }

    /// Where the frame `nth` from the innermost (counted from 1) returns to.
    pub(crate) fn return_position(&self, nth: usize) -> Option<&Position> {
        let index = self.frames.len().checked_sub(nth)?;
        self.frames.get(index)?.return_to.as_ref()
    }

    /// The value a variable has outside of the innermost `nth` frames, if one of them hides it.
    pub(crate) fn hidden(&self, nth: usize, name: &str) -> Option<Option<String>> {
        let start = self.frames.len().saturating_sub(nth);
        let frames = self.frames.get(start..)?;
        let mut saved = frames.iter().flat_map(|frame| &frame.outer);
        saved.find(|(saved, _)| saved == name).map(|(_, value)| value.clone())
    }
}

/// Opens a frame and sets `ARGC`, `ARG1`, … in it. False when [`MAX_FRAMES`] are open.
pub(crate) fn push<H: Host>(
    host: &mut H,
    return_to: Option<Position>,
    arguments: &[String],
) -> bool {
    let frames = &mut host.stack().frames;
    if frames.len() >= MAX_FRAMES {
        return false;
    }
    let outer_count = frames.last().map_or(0, |frame| frame.arguments.len());
    let arguments = arguments.to_vec();
    frames.push(Frame { return_to, arguments: arguments.clone(), outer: Vec::new() });
    set_local(host, "ARGC", Some(arguments.len().to_string()));
    // Arguments of the caller's frame must not show through where this call has fewer.
    for index in 0..arguments.len().max(outer_count) {
        set_local(host, &format!("ARG{}", index + 1), arguments.get(index).cloned());
    }
    true
}

/// Sets a variable for the innermost frame only. False when there is no frame.
pub(crate) fn set_local<H: Host>(host: &mut H, name: &str, value: Option<String>) -> bool {
    let bare = name.trim_start_matches('_');
    let before = host.own_variable(bare);
    let Some(frame) = host.stack().frames.last_mut() else {
        return false;
    };
    if !frame.outer.iter().any(|(saved, _)| saved == bare) {
        frame.outer.push((bare.to_owned(), before));
    }
    host.set_variable(name, value);
    true
}

/// Closes the innermost frame and puts its local variables back.
pub(crate) fn pop<H: Host>(host: &mut H) -> Popped {
    let Some(frame) = host.stack().frames.pop() else {
        return Popped::Empty;
    };
    for (name, value) in frame.outer {
        host.set_variable(&name, value);
    }
    frame.return_to.map_or(Popped::Outside, Popped::To)
}

/// Makes every open frame return to the outside: after a hangup, Return must not lead back into
/// the call. Answers the depth.
pub(crate) fn seal(stack: &mut Stack) -> usize {
    for frame in &mut stack.frames {
        frame.return_to = None;
    }
    stack.frames.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::{Answer, Contribution, Step};

    /// A program of which a function may be gone.
    #[derive(Debug)]
    struct Small(bool);

    #[derive(Debug)]
    struct Running(bool, usize);

    impl Program for Small {
        fn contexts(&self) -> &[Contribution] {
            &[]
        }

        fn start(&self) -> Result<Box<dyn Session>, String> {
            Ok(Box::new(Running(self.0, 0)))
        }
    }

    impl Session for Running {
        fn begin(&mut self, _: &str, _: &str, _: &str) -> Result<(), String> {
            self.1 += usize::from(self.0);
            self.0.then_some(()).ok_or_else(|| "it is gone".to_owned())
        }

        fn resume(&mut self, _: Answer) -> Step {
            Step::Finished
        }

        fn rested(&mut self) {}

        fn end(&mut self) {
            self.1 -= 1;
        }

        fn is_idle(&self) -> bool {
            self.1 == 0
        }

        fn printed(&mut self) -> Vec<String> {
            Vec::new()
        }
    }

    #[test]
    fn a_function_that_cannot_begin_leaves_the_one_under_way_in_force() {
        let mut stack = Stack::default();
        let (old, new): (Arc<dyn Program>, Arc<dyn Program>) =
            (Arc::new(Small(true)), Arc::new(Small(false)));
        assert_eq!(stack.begin_function(&old, "a", "s", "s"), Ok(()));
        assert!(stack.begin_function(&new, "a", "s", "s").is_err());
        assert!(stack.session().is_some_and(|session| !session.is_idle()));
        stack.leave_function();
        assert!(stack.session().is_some_and(|session| session.is_idle()));
    }
}
