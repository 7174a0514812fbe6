//! Configuration files on disk.

use std::io::{ErrorKind, Read};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use sidetone_conf::{ReadError, Source};

/// How long a command of `#exec` may run: start and reload wait for it, and commands that ask a
/// database answer within a second.
const EXEC_LIMIT: Duration = Duration::from_secs(10);

/// How much it may print: a hundred times the largest configuration of 10,000 accounts is still
/// below it, an endless output is not.
const EXEC_BYTES: usize = 64 * 1024 * 1024;

/// How often its end is looked for once its output has ended.
const WAIT_STEP: Duration = Duration::from_millis(5);

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
        run(command, EXEC_LIMIT)
    }
}

/// Runs a command of `#exec` and gives what it printed, unless it fails, prints more than
/// [`EXEC_BYTES`] or takes longer than `limit`. Ended is the shell; what it left behind in the
/// background is left alone and not waited for.
fn run(command: &str, limit: Duration) -> Result<Vec<u8>, ReadError> {
    let unreadable = |words: String| ReadError::Unreadable(words);
    let ends = Instant::now() + limit;
    let mut child = Command::new("/bin/sh")
        .arg("-c")
        .arg(command)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| explain(&error))?;
    let (output, said) = (collect(child.stdout.take()), collect(child.stderr.take()));
    let left = || ends.saturating_duration_since(Instant::now());
    // Both pipes are open as long as the command runs, unless it closes them itself.
    let output = output.recv_timeout(left());
    let said = said.recv_timeout(left());
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if !left().is_zero() => std::thread::sleep(left().min(WAIT_STEP)),
            Ok(None) => {
                // It may have ended by itself between the two calls: nothing to complain about.
                let _ = child.kill();
                let _ = child.wait();
                let seconds = limit.as_secs_f32();
                return Err(unreadable(format!("it ran longer than {seconds} s and was ended")));
            }
            Err(error) => return Err(unreadable(error.to_string())),
        }
    };
    let (Ok(output), Ok(said)) = (output, said) else {
        let words = "something it started in the background keeps its output open";
        return Err(unreadable(words.to_owned()));
    };
    if output.len() > EXEC_BYTES {
        return Err(unreadable(format!("it printed more than {EXEC_BYTES} bytes")));
    }
    if !status.success() {
        let said = String::from_utf8_lossy(&said);
        return Err(unreadable(format!("{status}: {}", said.lines().next().unwrap_or(""))));
    }
    Ok(output)
}

/// Reads a pipe in a thread of its own until it ends or has brought one byte too many.
fn collect(pipe: Option<impl Read + Send + 'static>) -> Receiver<Vec<u8>> {
    let (sender, receiver) = sync_channel(1);
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(pipe) = pipe {
            // What was read until an error counts; the status tells of the rest.
            let _ = pipe.take(EXEC_BYTES as u64 + 1).read_to_end(&mut bytes);
        }
        // Nobody listens any more when the time was over.
        let _ = sender.send(bytes);
    });
    receiver
}

#[cfg(test)]
#[path = "../tests/unit/source.rs"]
mod tests;
