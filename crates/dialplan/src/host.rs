//! What the dialplan asks of the channel that runs it, and what applications answer.
//!
//! The channel implements [`Host`]; simulations and tests implement it with a vector. This
//! module does no work of its own.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use crate::{Dialplan, Position, Stack};

/// The channel, as seen by the dialplan.
pub trait Host: Send {
    /// The dialplan in force now. Asked at every priority, so that a reload acts at the next one.
    fn dialplan(&self) -> Arc<Dialplan>;

    /// The Gosub frames of this channel. The dialplan owns the content, the channel the lifetime.
    fn stack(&mut self) -> &mut Stack;

    /// Called when the channel enters a priority, before its arguments are expanded.
    /// [`Host::variable`] must answer `EXTEN`, `CONTEXT` and `PRIORITY` from it.
    fn set_position(&mut self, position: &Position);

    /// The position last set.
    fn position(&self) -> Position;

    /// The value of a channel variable, of a predefined variable (`EXTEN`, `UNIQUEID`, …) or,
    /// failing these, of a global variable. Inherited variables answer to their bare name.
    fn variable(&self, name: &str) -> Option<String>;

    /// The channel's own variable, neither predefined nor global: what a Gosub frame saves before
    /// it hides the variable.
    fn own_variable(&self, name: &str) -> Option<String>;

    /// Sets (`Some`) or removes (`None`) a channel variable. The name may carry the inheritance
    /// markers `_` (first callee only) or `__` (all generations), which the channel keeps.
    fn set_variable(&mut self, name: &str, value: Option<String>);

    /// Evaluates `${NAME(arguments)}`. Arguments are expanded already. Never asked for those in
    /// [`crate::functions::BUILTINS`].
    fn call_function(
        &mut self,
        name: &str,
        arguments: &str,
    ) -> impl Future<Output = Result<String, FunctionError>> + Send;

    /// Performs `Set(NAME(arguments)=value)`.
    fn write_function(
        &mut self,
        name: &str,
        arguments: &str,
        value: &str,
    ) -> impl Future<Output = Result<(), FunctionError>> + Send;

    /// Runs one application that is not among [`crate::builtin::BUILTINS`]. Arguments are
    /// expanded already. An unknown application is reported and answered with
    /// [`Stop::Hangup`], or the dialplan goes on: the channel decides.
    fn execute(
        &mut self,
        application: &str,
        arguments: &str,
        position: &Position,
    ) -> impl Future<Output = Result<Flow, Stop>> + Send;

    /// Why something that exists may not be called, as in `Echo is switched off by noload in
    /// modules.conf:7`. Asked before each application and function, those of this crate included.
    fn switched_off(&self, what: Callable<'_>) -> Option<String> {
        let _ = what;
        None
    }

    /// Whether [`Host::execute`] knows the application. TryExec and ExecIf ask first.
    fn knows_application(&self, application: &str) -> bool;

    /// The number of the caller, for extensions of the form `pattern/callerid`.
    fn caller_id_number(&self) -> Option<String>;

    /// The wall clock in the system's time zone, for conditions on the time of day.
    fn now(&self) -> jiff::Zoned;

    /// Something worth a console line. Must be quick.
    fn report(&mut self, event: RunEvent<'_>);

    /// The run is over and only `h` follows, if there is one: from here on nothing may be said to
    /// the caller any more. A host that talks to nobody need not know.
    fn over(&mut self, cause: u16) {
        let _ = cause;
    }

    /// Lets other tasks run; [`Stop`] if the channel was hung up or redirected meanwhile.
    /// Called every few hundred priorities, so that an endless `Goto` cannot hold a thread.
    fn yield_now(&mut self) -> impl Future<Output = Result<(), Stop>> + Send;
}

/// What a dialplan calls by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Callable<'a> {
    /// `Name(…)`, in any case.
    Application(&'a str),
    /// `${NAME(…)}`, in upper case.
    Function(&'a str),
}

/// What the channel does after an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flow {
    /// The next priority.
    Next,
    /// Another place in the dialplan.
    Goto(Position),
    /// The caller dialled: go to this extension, priority 1, of the given context (`None`: the
    /// current one), or to `i` with `INVALID_EXTEN` set if there is no such extension.
    Dialled {
        /// Where to look the extension up.
        context: Option<String>,
        /// The digits.
        extension: String,
    },
    /// The caller should have dialled and did not: go to `t`, or hang up without one.
    Timeout,
    /// The priority names a function that is not there: go to `e`, or hang up without one.
    Missing(String),
}

/// Why the dialplan must stop. Travels through `?` from wherever it is noticed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The channel is hung up, by either side; the cause is a Q.850 value.
    Hangup {
        /// Q.850 cause, 16 for normal clearing.
        cause: u16,
    },
    /// Somebody else (a transfer, AMI Redirect, ARI) sent the channel to another place. The run
    /// goes on there.
    Redirect(Position),
    /// The time set by `TIMEOUT(absolute)` is over: go to `T`, or hang up without one.
    AbsoluteTimeout,
    /// The channel lives on elsewhere (pickup, transfer into a bridge): end the run without `h`.
    Detached,
}

impl Stop {
    /// The normal end of a call (Q.850 cause 16).
    pub const NORMAL: Self = Self::Hangup { cause: 16 };
}

/// Why a function gave no value. The expansion goes on with an empty string and a warning, unless
/// [the function is not there](Self::is_missing).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FunctionError {
    /// No function of this name exists.
    Unknown,
    /// The configuration has switched the function off: the words that say where.
    SwitchedOff(String),
    /// The function can only be written.
    NotReadable,
    /// The function can only be read.
    NotWritable,
    /// The arguments are wrong: which one, and what is expected.
    Arguments(String),
    /// The arguments are right, but it did not work.
    Failed(String),
}

impl FunctionError {
    /// Whether a call that reaches the function ends, as with an application that is not there.
    #[must_use]
    pub const fn is_missing(&self) -> bool {
        matches!(self, Self::Unknown | Self::SwitchedOff(_))
    }
}

impl fmt::Display for FunctionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("there is no such function"),
            Self::NotReadable => f.write_str("it can only be set"),
            Self::NotWritable => f.write_str("it can only be read"),
            Self::SwitchedOff(text) | Self::Arguments(text) | Self::Failed(text) => {
                f.write_str(text)
            }
        }
    }
}

impl std::error::Error for FunctionError {}

/// What happens while the dialplan runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunEvent<'a> {
    /// An application is about to run, with its arguments expanded. For the verbose console line
    /// and `core show channels`.
    Executing {
        /// Where.
        position: &'a Position,
        /// The application's name as written.
        application: &'a str,
        /// Its arguments.
        arguments: &'a str,
    },
    /// The extension has no further priority: the call ends as its `DIALSTATUS` says.
    AutoFallthrough {
        /// The content of `DIALSTATUS`, or `UNKNOWN`.
        status: &'a str,
    },
    /// The dialplan goes to a special extension (`i`, `t`, `T`, `e`, `h`, `s`) for this reason.
    Special {
        /// The special extension.
        extension: &'a str,
        /// Why, in words.
        reason: &'a str,
    },
    /// A program of the dialplan printed a line.
    Printed {
        /// The line.
        text: &'a str,
    },
    /// The dialplan's author should change something; the run goes on.
    Warning {
        /// What, and what to change.
        message: &'a str,
    },
}
