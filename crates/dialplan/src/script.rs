//! Extensions that are functions of a program (`extensions.lua`): what the dialplan asks of it.
//!
//! The crate `script` implements the traits; `run/function.rs` obeys what a function orders. A
//! [`Program`] is part of the [`crate::Dialplan`], so that a reload changes both at once; a
//! [`Session`] belongs to one channel and lives on its [`Stack`](crate::Stack).

use std::fmt;
use std::sync::Arc;

use sidetone_conf::Span;

/// A program that was read without an error.
pub trait Program: fmt::Debug + Send + Sync {
    /// What it adds to the dialplan.
    fn contexts(&self) -> &[Contribution];

    /// What one channel runs: its own variables, which other channels do not see.
    ///
    /// # Errors
    /// The program cannot begin, in words.
    fn start(&self) -> Result<Box<dyn Session>, String>;
}

/// What a program adds to one context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contribution {
    /// The context.
    pub context: Arc<str>,
    /// Where it is written.
    pub span: Span,
    /// Names of extensions that are functions; patterns have their underscore.
    pub functions: Vec<(String, Span)>,
    /// Included contexts, as `include` of `extensions.conf` names them.
    pub includes: Vec<String>,
    /// Hints: the extension and its devices.
    pub hints: Vec<(String, String)>,
}

/// The program of one channel. Functions may be inside one another: when an application that a
/// function called runs a subroutine which is a function too.
pub trait Session: fmt::Debug + Send + Sync {
    /// Begins the function of an extension, which is found under `name` and was dialled as
    /// `dialled`. The first [`Session::resume`] runs it.
    ///
    /// # Errors
    /// There is no such function, in words.
    fn begin(&mut self, context: &str, name: &str, dialled: &str) -> Result<(), String>;

    /// Goes on with the function that began last, until it orders something or others should
    /// have a turn.
    fn resume(&mut self, answer: Answer) -> Step;

    /// An application of the exchange ran: the function may compute as long as at its beginning.
    fn rested(&mut self);

    /// Forgets the function that began last.
    fn end(&mut self);

    /// Whether no function is under way.
    fn is_idle(&self) -> bool;

    /// Lines that the program printed since they were asked for last.
    fn printed(&mut self) -> Vec<String>;
}

/// What a function is told when it goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It begins, or had to let others run.
    Go,
    /// The order was carried out.
    Done,
    /// The value it asked for.
    Value(Option<String>),
    /// Whether it is so.
    Truth(bool),
    /// The call is over. The function may end what it began; its next application fails too.
    HungUp,
    /// The order makes no sense, in words.
    Refused(String),
}

/// What a function wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// It computes and lets others run meanwhile.
    Turn,
    /// An application.
    Application {
        /// Its name in any case.
        name: String,
        /// Between the parentheses.
        arguments: String,
    },
    /// The value of a variable, or of a function when the name ends in `(…)`.
    Read(String),
    /// A variable or a function is set, or removed.
    Write(String, Option<String>),
    /// Whether the call is over.
    IsHungUp,
    /// The function came to its end.
    Finished,
    /// What [`Answer::HungUp`] raises ended the function.
    HungUp,
    /// An error ended the function: file, line and message.
    Failed(String),
}
