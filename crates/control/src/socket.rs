//! The control socket: a Unix socket in the run directory which answers command lines. Who may
//! open the file may command the exchange, so the file is for its owner and group only.

use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use sidetone_observe::writer::Writer;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::net::unix::OwnedWriteHalf;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;

use crate::frame::{self, Frame, MAX_COMMAND};

/// Consoles at the same time; a script that forgets to close them must not eat all descriptors.
pub const MAX_CONSOLES: usize = 64;

/// How long a console may leave unread what it asked for. A pager may stand still for a while.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a command answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The text.
    pub text: String,
    /// The exit status of `-x`: 0 unless the command failed or does not exist.
    pub status: u8,
}

/// Runs one command line.
pub type Run = dyn Fn(String) -> Pin<Box<dyn Future<Output = Answer> + Send>> + Send + Sync;

/// The listening socket; the file goes when this is dropped.
#[derive(Debug)]
pub struct ControlSocket {
    path: PathBuf,
    listener: UnixListener,
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        // Already gone is fine: a later instance may have replaced it.
        let _ = std::fs::remove_file(&self.path);
    }
}

impl ControlSocket {
    /// Opens the socket. A file left by a dead process is replaced, a living one is not.
    ///
    /// # Errors
    /// `AddrInUse` when another exchange answers there; otherwise what the system says.
    pub async fn open(path: &Path) -> io::Result<Self> {
        if path.exists() {
            if UnixStream::connect(path).await.is_ok() {
                return Err(io::ErrorKind::AddrInUse.into());
            }
            std::fs::remove_file(path)?;
        }
        // Its name is given when its mode is right: nobody else may connect in between.
        let unnamed = path.with_extension(format!("{}.tmp", std::process::id()));
        let listener = UnixListener::bind(&unnamed)?;
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o660);
        let named =
            std::fs::set_permissions(&unnamed, mode).and_then(|()| std::fs::rename(&unnamed, path));
        if let Err(error) = named {
            // What went wrong first is what is told.
            let _ = std::fs::remove_file(&unnamed);
            return Err(error);
        }
        Ok(Self { path: path.to_owned(), listener })
    }

    /// Answers consoles until the future is dropped.
    pub async fn serve(&self, run: Arc<Run>, log: Writer) {
        let places = Arc::new(Semaphore::new(MAX_CONSOLES));
        loop {
            let stream = match self.listener.accept().await {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!("control socket: {error}");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
                tracing::warn!("control socket: more than {MAX_CONSOLES} consoles, one refused");
                continue;
            };
            let (run, log) = (Arc::clone(&run), log.clone());
            tokio::spawn(async move {
                if let Err(error) = console(stream, &*run, &log).await {
                    tracing::debug!("console: {error}");
                }
                drop(place);
            });
        }
    }
}

/// One console: command lines in, frames out; log lines in between.
async fn console(stream: UnixStream, run: &Run, log: &Writer) -> io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::new(reader);
    let mut lines = log.remote_lines();
    let mut command = Vec::new();
    loop {
        let room = MAX_COMMAND.saturating_sub(command.len());
        let mut limited = (&mut reader).take(room as u64);
        tokio::select! {
            read = limited.read_until(b'\n', &mut command) => {
                read?;
                // Cut off, by its end or by the limit: half a command is none.
                if !command.ends_with(b"\n") {
                    return Ok(());
                }
                let line = String::from_utf8_lossy(&command).trim().to_owned();
                command.clear();
                let answer = run(line).await;
                say(&mut writer, &Frame::Output(answer.text)).await?;
                say(&mut writer, &Frame::Done(answer.status)).await?;
            }
            line = lines.recv() => match line {
                Ok(line) => say(&mut writer, &Frame::Log(line)).await?,
                // A console that reads too slowly loses lines, never the exchange's time.
                Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => {}
                Err(tokio::sync::broadcast::error::RecvError::Closed) => return Ok(()),
            },
        }
    }
}

/// Writes a frame to a console that reads. One that does not for so long gives up its place.
async fn say(writer: &mut OwnedWriteHalf, frame: &Frame) -> io::Result<()> {
    let written = tokio::time::timeout(PATIENCE, frame::write(writer, frame)).await;
    written.unwrap_or_else(|_| {
        tracing::warn!("a console has read nothing for {} s and is closed", PATIENCE.as_secs());
        Err(io::ErrorKind::TimedOut.into())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::ask;

    fn echo() -> Arc<Run> {
        Arc::new(|line| Box::pin(async move { Answer { text: format!("<{line}>"), status: 7 } }))
    }

    #[tokio::test]
    async fn a_command_is_answered_with_its_status() {
        let path = std::env::temp_dir().join(format!("sidetone-ctl-{}", std::process::id()));
        let socket = ControlSocket::open(&path).await.expect("a socket");
        let taken = ControlSocket::open(&path).await;
        assert_eq!(taken.expect_err("in use").kind(), io::ErrorKind::AddrInUse);
        let serve = socket.serve(echo(), Writer::start().expect("a thread"));
        let client = async { ask(&path, "core show version").await.expect("an answer") };
        let answer = tokio::select! { () = serve => unreachable!(), answer = client => answer };
        assert_eq!(answer, Answer { text: "<core show version>".into(), status: 7 });
        drop(socket);
        assert!(!path.exists());
    }

    #[tokio::test(start_paused = true)]
    async fn a_console_that_reads_nothing_gives_up_its_place() {
        let (theirs, ours) = UnixStream::pair().expect("a pair");
        let much: Arc<Run> =
            Arc::new(|_| Box::pin(async { Answer { text: "x".repeat(16 << 20), status: 0 } }));
        let log = Writer::start().expect("a thread");
        let (reader, mut asking) = theirs.into_split();
        tokio::io::AsyncWriteExt::write_all(&mut asking, b"core show channels\n")
            .await
            .expect("it is taken");
        let began = tokio::time::Instant::now();
        let end = console(ours, &*much, &log).await;
        assert_eq!(end.expect_err("closed").kind(), io::ErrorKind::TimedOut);
        assert_eq!(began.elapsed(), PATIENCE);
        drop(reader);
    }

    #[tokio::test]
    async fn only_the_owner_and_the_group_may_connect() {
        use std::os::unix::fs::PermissionsExt as _;
        let path = std::env::temp_dir().join(format!("sidetone-mode-{}", std::process::id()));
        let _socket = ControlSocket::open(&path).await.expect("a socket");
        let mode = std::fs::metadata(&path).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o660);
    }
}
