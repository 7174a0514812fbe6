//! The seam between the reader and the world: files, directories and commands.

use std::collections::BTreeMap;
use std::fmt;

/// Why something could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadError {
    /// There is no such file or directory.
    NotFound,
    /// It is there and cannot be read; the text says why (permissions, not a file, …).
    Unreadable(String),
    /// The caller does not do this at all (a source without commands).
    Unsupported,
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str("no such file"),
            Self::Unreadable(why) => write!(f, "cannot be read: {why}"),
            Self::Unsupported => f.write_str("not possible here"),
        }
    }
}

impl std::error::Error for ReadError {}

/// Where configuration text comes from.
pub trait Source {
    /// The bytes of the file at `path`.
    ///
    /// # Errors
    /// Says whether the file is missing or unreadable.
    fn read(&self, path: &str) -> Result<Vec<u8>, ReadError>;

    /// The names (not paths) of the entries of a directory, for globs; any order.
    ///
    /// # Errors
    /// Says whether the directory is missing or unreadable.
    fn list(&self, directory: &str) -> Result<Vec<String>, ReadError>;

    /// What the command prints, for `#exec`. Called only when the caller allowed it.
    ///
    /// # Errors
    /// Says why the command could not run or failed.
    fn exec(&self, command: &str) -> Result<Vec<u8>, ReadError>;
}

/// Files and command outputs kept in memory, for tests and for configurations under examination.
#[derive(Clone, Debug, Default)]
pub struct MemorySource {
    files: BTreeMap<String, Vec<u8>>,
    commands: BTreeMap<String, Vec<u8>>,
}

impl MemorySource {
    /// No file at all.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with one more file.
    #[must_use]
    pub fn with(mut self, path: impl Into<String>, content: impl Into<Vec<u8>>) -> Self {
        self.set(path, content);
        self
    }

    /// The same with one more command.
    #[must_use]
    pub fn with_command(mut self, command: impl Into<String>, output: impl Into<Vec<u8>>) -> Self {
        self.commands.insert(command.into(), output.into());
        self
    }

    /// Adds or replaces a file.
    pub fn set(&mut self, path: impl Into<String>, content: impl Into<Vec<u8>>) {
        self.files.insert(path.into(), content.into());
    }
}

impl Source for MemorySource {
    fn read(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        self.files.get(path).cloned().ok_or(ReadError::NotFound)
    }

    fn list(&self, directory: &str) -> Result<Vec<String>, ReadError> {
        let prefix = format!("{}/", directory.trim_end_matches('/'));
        let mut names: Vec<String> = self
            .files
            .keys()
            .filter_map(|path| path.strip_prefix(&prefix))
            .filter_map(|rest| rest.split('/').next())
            .map(str::to_owned)
            .collect();
        names.dedup();
        Ok(names)
    }

    fn exec(&self, command: &str) -> Result<Vec<u8>, ReadError> {
        self.commands.get(command).cloned().ok_or(ReadError::NotFound)
    }
}
