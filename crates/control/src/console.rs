//! The asking side: one command (`-rx`), or a console with history (`-r`).

use std::io;
use std::path::Path;

use rustyline::error::ReadlineError;
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

use crate::frame::{self, Frame};
use crate::socket::Answer;

/// Asks one command of the exchange behind the control socket.
///
/// # Errors
/// When nobody answers at the path, or the connection breaks.
pub async fn ask(path: &Path, command: &str) -> io::Result<Answer> {
    let mut stream = UnixStream::connect(path).await?;
    stream.write_all(format!("{}\n", command.replace('\n', " ")).as_bytes()).await?;
    let mut reader = BufReader::new(stream);
    let mut answer = Answer::default();
    loop {
        match frame::read(&mut reader).await? {
            Frame::Output(text) => answer.text.push_str(&text),
            Frame::Done(status) => return Ok(Answer { status, ..answer }),
            Frame::Log(_) => {}
        }
    }
}

/// Reads commands from the terminal until `exit`, `quit` or the end of input.
///
/// # Errors
/// When the terminal cannot be read or the exchange went away.
pub fn interact(runtime: &tokio::runtime::Runtime, path: &Path, banner: &str) -> io::Result<()> {
    println!("{banner}");
    let mut editor = rustyline::DefaultEditor::new().map_err(io::Error::other)?;
    loop {
        let line = match editor.readline("*CLI> ") {
            Ok(line) => line,
            Err(ReadlineError::Eof | ReadlineError::Interrupted) => return Ok(()),
            Err(error) => return Err(io::Error::other(error)),
        };
        let command = line.trim();
        if matches!(command, "exit" | "quit") {
            return Ok(());
        }
        if command.is_empty() {
            continue;
        }
        // History is a convenience; a failure to keep it must not end the console.
        let _ = editor.add_history_entry(command);
        let answer = runtime.block_on(ask(path, command))?;
        print!("{}", answer.text);
    }
}
