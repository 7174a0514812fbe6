//! Configuration files on disk.

use std::io::ErrorKind;
use std::process::Command;

use sidetone_conf::{ReadError, Source};

/// Reads real files and runs real commands.
#[derive(Clone, Copy, Debug, Default)]
pub struct FileSource;

fn explain(error: &std::io::Error) -> ReadError {
    match error.kind() {
        ErrorKind::NotFound => ReadError::NotFound,
        _ => ReadError::Unreadable(error.to_string()),
    }
}

impl Source for FileSource {
    fn read(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        std::fs::read(path).map_err(|error| explain(&error))
    }

    fn list(&self, directory: &str) -> Result<Vec<String>, ReadError> {
        let entries = std::fs::read_dir(directory).map_err(|error| explain(&error))?;
        let names = entries.filter_map(Result::ok).map(|entry| entry.file_name());
        Ok(names.filter_map(|name| name.into_string().ok()).collect())
    }

    fn exec(&self, command: &str) -> Result<Vec<u8>, ReadError> {
        let output = Command::new("/bin/sh").arg("-c").arg(command).output();
        let output = output.map_err(|error| explain(&error))?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let first = said.lines().next().unwrap_or("");
        Err(ReadError::Unreadable(format!("{}: {first}", output.status)))
    }
}
