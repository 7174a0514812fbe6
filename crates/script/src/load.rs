//! `extensions.lua` from the disk to a program.

use std::fmt;
use std::sync::Arc;

use sidetone_conf::{Diagnostic, ReadError, Source, Span};
use sidetone_dialplan::script::{Contribution, Program, Session};

use crate::chunk::{self, Files};
use crate::contents;
use crate::libraries::State;
use crate::limits::Limits;
use crate::orders::words;
use crate::session::LuaSession;

/// The file.
pub const FILE: &str = "extensions.lua";

/// What came of reading the file.
#[derive(Debug)]
pub enum Loaded {
    /// There is none.
    Absent,
    /// It has an error, which is said; nothing in it can be used.
    Broken(Vec<Diagnostic>),
    /// A program, and what there is to say about it.
    Program(Arc<dyn Program>, Vec<Diagnostic>),
}

/// Reads `extensions.lua` of a directory, and the files it wants.
#[must_use]
pub fn load(directory: &str, source: &dyn Source, limits: Limits) -> Loaded {
    let path = format!("{}/{FILE}", directory.trim_end_matches('/'));
    if source.read(&path) == Err(ReadError::NotFound) {
        return Loaded::Absent;
    }
    match program(directory, source, limits) {
        Ok((program, diagnostics)) => Loaded::Program(Arc::new(program), diagnostics),
        Err(error) => Loaded::Broken(vec![diagnostic(&error)]),
    }
}

fn program(
    directory: &str,
    source: &dyn Source,
    limits: Limits,
) -> Result<(LuaProgram, Vec<Diagnostic>), String> {
    let state = State::new(&limits).map_err(|error| words(&error))?;
    let code = chunk::read(&state.lua, source, directory, FILE)?;
    let mut files = Files::new();
    chunk::run(&state, &code, &format!("@{FILE}"), &mut |wanted| {
        chunk::found(&state.lua, source, directory, &mut files, wanted)
    })?;
    let (contexts, mut diagnostics) = contents::read(&state.lua)?;
    let span = Span::whole_file(FILE);
    let printed = state.meter.take_printed().into_iter();
    diagnostics.extend(printed.map(|line| Diagnostic::notice(&span, format!("printed: {line}"))));
    let shared = Shared { directory: directory.to_owned(), code, files, limits };
    Ok((LuaProgram { contexts, shared: Arc::new(shared) }, diagnostics))
}

/// `extensions.lua:3: what` as a finding at its line.
fn diagnostic(error: &str) -> Diagnostic {
    let placed = error.split_once(':').and_then(|(file, rest)| {
        let (line, words) = rest.split_once(':')?;
        Some((Span::new(file, line.parse().ok()?, 0), words.trim_start()))
    });
    match placed {
        Some((span, words)) => Diagnostic::error(&span, words),
        None => Diagnostic::error(&Span::whole_file(FILE), error),
    }
}

/// What all sessions of a program share.
pub(crate) struct Shared {
    pub(crate) directory: String,
    pub(crate) code: Vec<u8>,
    pub(crate) files: Files,
    pub(crate) limits: Limits,
}

/// A program of Lua.
struct LuaProgram {
    contexts: Vec<Contribution>,
    shared: Arc<Shared>,
}

impl fmt::Debug for LuaProgram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LuaProgram").field("contexts", &self.contexts).finish_non_exhaustive()
    }
}

impl Program for LuaProgram {
    fn contexts(&self) -> &[Contribution] {
        &self.contexts
    }

    fn start(&self) -> Result<Box<dyn Session>, String> {
        LuaSession::new(&self.shared).map(|session| Box::new(session) as Box<dyn Session>)
    }
}
