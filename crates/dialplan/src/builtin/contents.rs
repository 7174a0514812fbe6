//! The table of contents of this folder.

use super::*;
use crate::{Doc, Flow, Host, Position, Stop};

macro_rules! builtins {
    ($($variant:ident => $file:ident),+ $(,)?) => {
        /// An application of this crate.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Builtin {
            $(#[doc = concat!("See `", stringify!($file), "`.")] $variant),+
        }

        /// Every application of this crate.
        pub const BUILTINS: &[Builtin] = &[$(Builtin::$variant),+];

        impl Builtin {
            /// The reference page.
            #[must_use]
            pub const fn doc(self) -> &'static Doc {
                match self {
                    $(Self::$variant => &$file::DOC),+
                }
            }

            pub(crate) async fn run<H: Host>(
                self,
                host: &mut H,
                arguments: &str,
                position: &Position,
                depth: usize,
            ) -> Result<Flow, Stop> {
                let call = Invocation { arguments, position, depth };
                match self {
                    $(Self::$variant => $file::run(host, call).await),+
                }
            }
        }
    };
}

builtins! {
    ContinueWhile => continue_while,
    Else => else_mark,
    ElseIf => else_if,
    EndIf => end_if,
    EndWhile => end_while,
    Exec => exec,
    ExecIf => exec_if,
    ExecIfTime => exec_if_time,
    ExitIf => exit_if,
    ExitWhile => exit_while,
    Gosub => gosub,
    GosubIf => gosub_if,
    Goto => goto,
    GotoIf => goto_if,
    GotoIfTime => goto_if_time,
    If => if_mark,
    MSet => mset,
    NoOp => no_op,
    RaiseException => raise_exception,
    Return => return_value,
    Set => set,
    StackPop => stack_pop,
    TryExec => try_exec,
    While => while_mark,
}

/// What an application of this crate is given.
#[derive(Clone, Copy)]
pub(super) struct Invocation<'a> {
    /// Expanded.
    pub(super) arguments: &'a str,
    /// Where it runs.
    pub(super) position: &'a Position,
    /// Exec inside Exec.
    pub(super) depth: usize,
}

/// An application of this crate by its name, in any case.
#[must_use]
pub fn find(name: &str) -> Option<Builtin> {
    BUILTINS.iter().copied().find(|builtin| builtin.doc().name.eq_ignore_ascii_case(name))
}
