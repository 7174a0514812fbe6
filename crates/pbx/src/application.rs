//! The shape of a dialplan application: a documented constant and one async function over the
//! channel. The table of all of them is in `apps`; the exchange is given it at start.

use std::future::Future;
use std::pin::Pin;

use sidetone_dialplan::{Doc, Flow, FunctionError, Stop};

use crate::channel::Channel;

/// A running application.
pub type Execution<'a> = Pin<Box<dyn Future<Output = Result<Flow, Stop>> + Send + 'a>>;

/// A function that is being read.
pub type Reading<'a> = Pin<Box<dyn Future<Output = Result<String, FunctionError>> + Send + 'a>>;

/// One application.
#[derive(Clone, Copy, Debug)]
pub struct Application {
    /// Help, completion and the reference page come from it.
    pub doc: Doc,
    /// Runs it with its arguments, which are expanded already.
    pub run: for<'a> fn(&'a mut Channel, &'a str) -> Execution<'a>,
}

/// What the dialplan can call.
#[derive(Clone, Copy, Debug)]
pub struct Catalogue {
    /// All applications, sorted by name.
    pub applications: &'static [Application],
    /// `${NAME(arguments)}`: name, arguments.
    pub read_function: for<'a> fn(&'a mut Channel, &'a str, &'a str) -> Reading<'a>,
    /// `Set(NAME(arguments)=value)`: name, arguments, value.
    pub write_function: fn(&mut Channel, &str, &str, &str) -> Result<(), FunctionError>,
    /// A key was pressed in a bridge by a party that may use feature codes.
    pub bridge_digit: for<'a> fn(&'a mut Channel, char) -> Execution<'a>,
    /// The help of all functions, sorted by name.
    pub function_docs: fn() -> Vec<&'static Doc>,
}

impl Catalogue {
    /// Finds an application; names are not case-sensitive.
    #[must_use]
    pub fn application(&self, name: &str) -> Option<&'static Application> {
        self.applications.iter().find(|known| known.doc.name.eq_ignore_ascii_case(name))
    }
}
