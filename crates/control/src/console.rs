//! The asking side: one command (`-rx`), or a console with history and the log (`-r`).

use std::io::{self, Write as _};
use std::path::Path;
use std::sync::mpsc;

use rustyline::ExternalPrinter as _;
use rustyline::error::ReadlineError;
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::runtime::Runtime;

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

/// Frames of an answer that wait until they are printed; the exchange waits meanwhile.
const ANSWERS: usize = 16;

/// Runs the commands of `first`, then reads others from the terminal until `exit`, `quit` or the
/// end of input. Lines of the log appear above the line that is being typed. `runtime` must have
/// a thread of its own.
///
/// # Errors
/// When the terminal cannot be read or the exchange went away.
pub fn interact(runtime: &Runtime, path: &Path, banner: &str, first: &[String]) -> io::Result<()> {
    let stream = runtime.block_on(UnixStream::connect(path))?;
    let (reader, mut writer) = stream.into_split();
    writeln!(io::stdout(), "{banner}")?;
    let mut editor = rustyline::DefaultEditor::new().map_err(io::Error::other)?;
    // A terminal that cannot show lines above the prompt shows them where they come.
    let mut printer = editor.create_external_printer().ok();
    let (sender, answers) = mpsc::sync_channel(ANSWERS);
    runtime.spawn(async move {
        let mut reader = BufReader::new(reader);
        while let Ok(frame) = frame::read(&mut reader).await {
            let Frame::Log(line) = frame else {
                if sender.send(frame).is_err() {
                    return;
                }
                continue;
            };
            let shown = printer.as_mut().is_some_and(|printer| printer.print(line.clone()).is_ok());
            if !shown {
                // A console whose output was closed ends with its next answer.
                let _ = write!(io::stdout(), "{line}");
            }
        }
    });
    let mut run = |command: &str| {
        runtime.block_on(writer.write_all(format!("{command}\n").as_bytes()))?;
        print_answer(&answers)
    };
    first.iter().try_for_each(|command| run(command))?;
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
        run(command)?;
    }
}

fn print_answer(answers: &mpsc::Receiver<Frame>) -> io::Result<()> {
    loop {
        match answers.recv() {
            Ok(Frame::Output(text)) => write!(io::stdout(), "{text}")?,
            Ok(Frame::Done(_)) => return io::stdout().flush(),
            Ok(Frame::Log(_)) => {}
            Err(_) => return Err(io::ErrorKind::ConnectionAborted.into()),
        }
    }
}
