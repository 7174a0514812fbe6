//! The loop that runs priorities, from the first one to the hangup extension.
//!
//! On the call's walk: `pbx/channel` calls [`run`] when an authenticated call has a context, and
//! the loop calls `apps/…` through [`Host::execute`]. It holds no state between priorities except
//! the position; frames live in the channel's [`Stack`](crate::Stack).

mod function;

use std::sync::Arc;

use crate::host::{Callable, RunEvent, Stop};
use crate::limits::{MAX_EXEC_DEPTH, PRIORITIES_PER_TURN, PRIORITIES_UNTIL_WARNING};
use crate::lookup::Query;
use crate::stack::{self, Handler, MAX_HANDLERS, Popped};
use crate::{BoxFuture, ExpandError, Flow, Host, Position, builtin, expand};
use function::Function;

/// Priorities the `h` extension may run. The channel is gone and nothing can interrupt it, so
/// that a circle must end by itself; real ones take less than a hundred.
pub const MAX_HANGUP_PRIORITIES: u32 = 100_000;

/// Q.850 cause of a call that its own dialplan broke: temporary failure.
pub const CAUSE_DIALPLAN_FAILURE: u16 = 41;

/// Q.850 cause of a call that needs an application or a function which is not there or switched
/// off: service not implemented.
pub const CAUSE_SWITCHED_OFF: u16 = 79;

/// How `Congestion` ends a call.
const CONGESTED: Stop = Stop::Hangup { cause: 34 };

/// Q.850 cause of a call to an extension that does not exist: unallocated number.
pub const CAUSE_UNALLOCATED: u16 = 1;

/// Runs the dialplan from `start` until the channel is hung up or taken away, then the `h`
/// extension of the context reached. Answers why it ended.
pub fn run<H: Host>(host: &mut H, start: Position) -> BoxFuture<'_, Stop> {
    Box::pin(async move {
        let mut runner = Runner::new(host, 0);
        let mut position = runner.starting(start);
        let stop = loop {
            match runner.step(&position).await {
                Ok(Some(next)) => position = next,
                // Only a subroutine returns to its caller; this run has none.
                Ok(None) => break Stop::NORMAL,
                Err(Stop::Redirect(to)) => position = to,
                Err(Stop::AbsoluteTimeout) => {
                    let reason = "the time of the call is over";
                    match runner.special(&position, "T", "ABSOLUTETIMEOUT", reason) {
                        Some(next) => position = next,
                        None => break Stop::NORMAL,
                    }
                }
                Err(stop) => break stop,
            }
        };
        if let Stop::Hangup { cause } = stop {
            runner.host.over(cause);
            runner.after_call().await;
        }
        stop
    })
}

/// Runs the `h` extension where the channel was last: for a channel that left the dialplan
/// ([`Stop::Detached`]) and is hung up now.
pub fn hang_up<H: Host>(host: &mut H, cause: u16) -> BoxFuture<'_, ()> {
    Box::pin(async move {
        host.over(cause);
        Runner::new(host, 0).after_call().await;
    })
}

/// Runs the hangup handlers of a channel that never was in the dialplan, such as one that was
/// called: it has no `h` extension.
pub fn run_hangup_handlers<H: Host>(host: &mut H, cause: u16) -> BoxFuture<'_, ()> {
    Box::pin(async move {
        host.over(cause);
        Runner::new(host, 0).hangup_handlers().await;
    })
}

/// Runs a subroutine for an application (Dial's option U, a hangup handler, AGI's `GOSUB`) until
/// its Return or its last priority, and answers the value returned. The position is put back.
///
/// # Errors
/// The channel was hung up, redirected or taken away meanwhile; the frame is closed all the same.
pub fn run_subroutine<'a, H: Host>(
    host: &'a mut H,
    target: Position,
    arguments: &'a [String],
) -> BoxFuture<'a, Result<String, Stop>> {
    Box::pin(async move {
        if !stack::push(host, None, arguments) {
            expand::warn(host, "the subroutine does not run: too many Gosubs without Return");
            return Ok(String::new());
        }
        let before = host.position();
        let base = host.stack().depth();
        host.set_variable("GOSUB_RETVAL", None);
        let mut runner = Runner::new(host, base);
        let mut position = target;
        let outcome = loop {
            match runner.step(&position).await {
                Ok(Some(next)) => position = next,
                Ok(None) => break Ok(()),
                Err(stop) => break Err(stop),
            }
        };
        while host.stack().depth() >= base && stack::pop(host) != Popped::Empty {}
        host.set_position(&before);
        outcome.map(|()| host.variable("GOSUB_RETVAL").unwrap_or_default())
    })
}

/// Runs one application, be it of this crate or of the host; arguments are expanded already. For
/// AGI's `EXEC` and Originate to an application.
///
/// # Errors
/// As the application says.
pub fn execute<'a, H: Host>(
    host: &'a mut H,
    application: &'a str,
    arguments: &'a str,
    position: &'a Position,
) -> BoxFuture<'a, Result<Flow, Stop>> {
    execute_nested(host, application, arguments, position, 0)
}

/// [`execute`] from inside Exec, ExecIf and TryExec.
pub(crate) fn execute_nested<'a, H: Host>(
    host: &'a mut H,
    application: &'a str,
    arguments: &'a str,
    position: &'a Position,
    depth: usize,
) -> BoxFuture<'a, Result<Flow, Stop>> {
    Box::pin(async move {
        if depth > MAX_EXEC_DEPTH {
            expand::warn(host, "Exec and ExecIf are nested too deep; the innermost does not run");
            return Err(Stop::Hangup { cause: CAUSE_DIALPLAN_FAILURE });
        }
        if let Some(why) = host.switched_off(Callable::Application(application)) {
            expand::warn(host, &format!("{why}: the call ends"));
            return Err(Stop::Hangup { cause: CAUSE_SWITCHED_OFF });
        }
        match builtin::find(application) {
            Some(builtin) => builtin.run(host, arguments, position, depth).await,
            None => host.execute(application, arguments, position).await,
        }
    })
}

struct Runner<'a, H> {
    host: &'a mut H,
    /// Frames that were open, its own included, when a subroutine began; 0 for a whole run.
    base: usize,
    /// Priorities since other tasks were let in.
    turn: u32,
    /// Priorities since an application of the host ran.
    total: u32,
    /// The channel is gone: what applications say about that is ignored.
    gone: bool,
}

/// What a priority does.
enum Action {
    /// The application and its arguments as written.
    Application(Arc<str>, Arc<str>),
    Function(Function),
}

impl<'h, H: Host> Runner<'h, H> {
    fn new(host: &'h mut H, base: usize) -> Self {
        Self { host, base, turn: 0, total: 0, gone: false }
    }

    /// Runs one priority and answers the next position; `None` when the subroutine returned.
    async fn step(&mut self, position: &Position) -> Result<Option<Position>, Stop> {
        self.take_turn().await?;
        self.host.set_position(position);
        let (application, text) = match self.at(position) {
            Some(Action::Application(application, text)) => (application, text),
            Some(Action::Function(function)) => return self.function(position, &function).await,
            None => return self.missing(position).await,
        };
        let arguments = match expand(self.host, &text).await {
            Ok(arguments) => arguments,
            Err(error) => {
                let cause = match error {
                    ExpandError::Missing(_) => CAUSE_SWITCHED_OFF,
                    ExpandError::TooLong | ExpandError::TooDeep => CAUSE_DIALPLAN_FAILURE,
                };
                let reason = format!("{application} does not run: {error}");
                return self.failed(position, &reason, cause).map(Some);
            }
        };
        self.host.report(RunEvent::Executing {
            position,
            application: &application,
            arguments: &arguments,
        });
        if builtin::find(&application).is_none() {
            self.total = 0;
        }
        let flow = execute(self.host, &application, &arguments, position).await?;
        if self.host.stack().depth() < self.base {
            return Ok(None);
        }
        self.follow(position, flow).map(Some)
    }

    fn at(&self, position: &Position) -> Option<Action> {
        let plan = self.host.dialplan();
        let caller = self.host.caller_id_number();
        let query = Query {
            context: &position.context,
            extension: &position.extension,
            caller: caller.as_deref(),
            now: &|| self.host.now(),
        };
        let (found, priority) = plan.find(&query, position.priority)?;
        Some(if found.extension.is_function {
            let (context, name) = (found.context.name.clone(), found.extension.name.clone());
            Action::Function(Function { context, name })
        } else {
            Action::Application(priority.application.clone(), priority.arguments.clone())
        })
    }

    fn follow(&mut self, position: &Position, flow: Flow) -> Result<Position, Stop> {
        match flow {
            Flow::Next => Ok(position.following()),
            Flow::Goto(to) => Ok(to),
            Flow::Dialled { context, extension } => {
                let context = context.map_or(position.context.clone(), Into::into);
                let dialled = Position { context, extension: extension.into(), priority: 1 };
                if self.at(&dialled).is_some() {
                    return Ok(dialled);
                }
                self.invalid(position, &dialled)
            }
            Flow::Timeout => {
                let next = self.special(position, "t", "RESPONSETIMEOUT", "nothing was dialled");
                next.ok_or(Stop::NORMAL)
            }
            Flow::Missing(reason) => self.failed(position, &reason, CAUSE_SWITCHED_OFF),
        }
    }

    /// The priority cannot do what it says: `e`, or the end of the call.
    fn failed(&mut self, at: &Position, reason: &str, cause: u16) -> Result<Position, Stop> {
        expand::warn(self.host, reason);
        self.special(at, "e", "ERROR", reason).ok_or(Stop::Hangup { cause })
    }

    /// Lets others run, and warns once about a dialplan that only ever circles.
    async fn take_turn(&mut self) -> Result<(), Stop> {
        self.total = self.total.saturating_add(1);
        self.turn += 1;
        if self.total == PRIORITIES_UNTIL_WARNING {
            let text = format!(
                "{PRIORITIES_UNTIL_WARNING} priorities have run without anything the caller could \
                 hear; this dialplan goes in a circle"
            );
            expand::warn(self.host, &text);
        }
        if self.turn < PRIORITIES_PER_TURN {
            return Ok(());
        }
        self.turn = 0;
        self.host.yield_now().await
    }

    /// The end that the last Dial means: whoever called hears why nobody answered.
    fn dialled(&self, otherwise: Stop) -> Stop {
        let cause = self.host.variable("HANGUPCAUSE").and_then(|cause| cause.parse().ok());
        let cause = cause.filter(|cause| *cause > 0);
        cause.map_or(otherwise, |cause| Stop::Hangup { cause })
    }

    /// The position has no priority: the extension is over, or does not exist.
    async fn missing(&mut self, position: &Position) -> Result<Option<Position>, Stop> {
        if self.at(&position.at(1)).is_none() {
            return self.invalid(position, position).map(Some);
        }
        if self.base > 0 {
            return Ok(None);
        }
        let flow = if self.host.dialplan().settings.autofallthrough {
            let status = self.host.variable("DIALSTATUS").unwrap_or_else(|| "UNKNOWN".into());
            self.host.report(RunEvent::AutoFallthrough { status: &status });
            // Tones for ten seconds, then hang up.
            match status.as_str() {
                "BUSY" => self.host.execute("Busy", "10", position).await?,
                "CONGESTION" | "CHANUNAVAIL" => {
                    let end = self.host.execute("Congestion", "10", position).await;
                    // Whoever called hears why, and not that it was congestion.
                    end.map_err(|stop| if stop == CONGESTED { self.dialled(stop) } else { stop })?
                }
                _ => return Err(self.dialled(Stop::NORMAL)),
            }
        } else {
            self.host.execute("WaitExten", "", position).await?
        };
        match flow {
            // An application that only comes back ends the call; otherwise this would circle.
            Flow::Next => Err(Stop::NORMAL),
            flow => self.follow(position, flow).map(Some),
        }
    }

    fn invalid(&mut self, position: &Position, dialled: &Position) -> Result<Position, Stop> {
        let reason = format!("there is no extension {dialled}");
        let next = if &*dialled.extension == "i" {
            None
        } else {
            let extension = dialled.extension.to_string();
            self.host.set_variable("INVALID_EXTEN", Some(extension));
            let within = Position { context: dialled.context.clone(), ..position.clone() };
            self.special(&within, "i", "INVALID", &reason)
        };
        next.ok_or_else(|| {
            expand::warn(self.host, &format!("{reason}, and no `i` in its context; hanging up"));
            Stop::Hangup { cause: CAUSE_UNALLOCATED }
        })
    }

    /// The special extension of the context, or `e`, if there is one.
    fn special(
        &mut self,
        from: &Position,
        extension: &str,
        exception: &str,
        reason: &str,
    ) -> Option<Position> {
        for extension in [extension, "e"] {
            let to = from.extension(extension);
            // An error inside `e` must not lead to `e` again.
            if &*from.extension == extension || self.at(&to).is_none() {
                continue;
            }
            self.host.stack().raise(exception, from);
            self.host.report(RunEvent::Special { extension, reason });
            return Some(to);
        }
        None
    }

    /// Where to begin: at `s` when the context does not have the extension.
    fn starting(&mut self, start: Position) -> Position {
        if self.at(&start).is_some() || self.at(&start.at(1)).is_some() {
            return start;
        }
        let fallback = start.extension("s");
        if self.at(&fallback).is_none() {
            return start;
        }
        let reason = format!("there is no {start} to begin at");
        self.host.report(RunEvent::Special { extension: "s", reason: &reason });
        fallback
    }

    /// What runs when the channel is gone: `h`, then the hangup handlers.
    async fn after_call(&mut self) {
        self.hangup_extension().await;
        self.hangup_handlers().await;
    }

    async fn hangup_extension(&mut self) {
        let position = self.host.position().extension("h");
        if self.at(&position).is_none() {
            return;
        }
        self.host.report(RunEvent::Special { extension: "h", reason: "the call is over" });
        self.base = stack::seal(self.host.stack());
        if !self.without_channel(position).await {
            expand::warn(self.host, "the `h` extension goes in a circle and is ended");
        }
    }

    /// Runs the handlers, the last one pushed first. One that pushes another has it run too, as
    /// often as a channel may have handlers.
    async fn hangup_handlers(&mut self) {
        for _ in 0..MAX_HANDLERS {
            let Some(Handler { to, arguments }) = self.host.stack().pop_handler() else {
                return;
            };
            stack::seal(self.host.stack());
            if self.at(&to).is_none() {
                let message = format!("the hangup handler {to} does not exist");
                expand::warn(self.host, &message);
                continue;
            }
            if !stack::push(self.host, None, &arguments) {
                expand::warn(self.host, "a hangup handler does not run: too many open Gosubs");
                continue;
            }
            self.host
                .report(RunEvent::Special { extension: &to.extension, reason: "hangup handler" });
            self.base = self.host.stack().depth();
            if !self.without_channel(to).await {
                expand::warn(self.host, "a hangup handler goes in a circle and is ended");
            }
            while self.host.stack().depth() >= self.base && stack::pop(self.host) != Popped::Empty {
            }
        }
        self.host.stack().wipe_handlers();
    }

    /// Runs priorities of a channel that is gone: what applications say about that is ignored.
    /// False when they have no end.
    async fn without_channel(&mut self, mut position: Position) -> bool {
        self.gone = true;
        for _ in 0..MAX_HANGUP_PRIORITIES {
            if self.at(&position).is_none() {
                return true;
            }
            match self.step(&position).await {
                Ok(Some(next)) => position = next,
                Ok(None) | Err(Stop::Detached) => return true,
                Err(_) => position = position.following(),
            }
        }
        false
    }
}
