//! The control socket: a Unix socket in the run directory which answers command lines. Who may
//! open the file may command the exchange, so the file is for its owner and group only.

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use sidetone_observe::writer::Writer;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::net::unix::OwnedWriteHalf;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::oneshot;

use crate::frame::{self, Frame, MAX_COMMAND};

/// Consoles at the same time; a script that forgets to close them must not eat all descriptors.
/// When all places are taken, the oldest console that has never said anything gives up its own to
/// the next that comes.
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
        let places = Arc::new(Mutex::new(Places::default()));
        loop {
            let stream = match self.listener.accept().await {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!("control socket: {error}");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            let Some((place, given_up)) = Place::take(&places) else {
                tracing::warn!("control socket: {MAX_CONSOLES} consoles at work, one refused");
                continue;
            };
            let (run, log) = (Arc::clone(&run), log.clone());
            tokio::spawn(async move {
                let ended = tokio::select! {
                    ended = console(stream, &*run, &log, &place) => ended,
                    Ok(()) = given_up => {
                        tracing::info!("a console that has said nothing gives up its place");
                        return;
                    }
                };
                if let Err(error) = ended {
                    tracing::debug!("console: {error}");
                }
            });
        }
    }
}

/// Who has a place, and who of them may lose it.
#[derive(Debug, Default)]
struct Places {
    taken: usize,
    next: u64,
    /// Consoles that have said nothing yet, oldest first, and how they are told to go.
    silent: BTreeMap<u64, oneshot::Sender<()>>,
}

/// The place of one console.
#[derive(Debug)]
struct Place {
    number: u64,
    places: Arc<Mutex<Places>>,
}

impl Place {
    /// A place, and what resolves when it is to be given up; `None` when all are at work.
    fn take(places: &Arc<Mutex<Places>>) -> Option<(Self, oneshot::Receiver<()>)> {
        let mut table = places.lock();
        if table.taken >= MAX_CONSOLES {
            let (_, oldest) = table.silent.pop_first()?;
            // One that ends by itself at this moment is gone too.
            let _ = oldest.send(());
        }
        table.taken += 1;
        let number = table.next;
        table.next += 1;
        let (sender, given_up) = oneshot::channel();
        table.silent.insert(number, sender);
        Some((Self { number, places: Arc::clone(places) }, given_up))
    }

    /// The console has said something: the place is its own until it goes.
    fn keep(&self) {
        self.places.lock().silent.remove(&self.number);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut table = self.places.lock();
        table.silent.remove(&self.number);
        table.taken -= 1;
    }
}

/// One console: command lines in, frames out; log lines in between.
async fn console(stream: UnixStream, run: &Run, log: &Writer, place: &Place) -> io::Result<()> {
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
                place.keep();
                let answer = run(line).await;
                say(&mut writer, &Frame::Output(answer.text)).await?;
                say(&mut writer, &Frame::Done(answer.status)).await?;
            }
            line = lines.recv() => match line {
                Ok(line) => say(&mut writer, &Frame::Log(line)).await?,
                // A console that reads too slowly loses lines, never the exchange's time.
                Err(RecvError::Lagged(lines)) => {
                    let words = format!("({lines} lines left out: this console is too slow)\n");
                    say(&mut writer, &Frame::Log(words)).await?;
                }
                Err(RecvError::Closed) => return Ok(()),
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
    use sidetone_observe::writer::Sink;
    use tokio::io::AsyncWriteExt as _;

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
        asking.write_all(b"core show channels\n").await.expect("it is taken");
        let began = tokio::time::Instant::now();
        let (place, _given_up) = Place::take(&Arc::default()).expect("a place");
        let end = console(ours, &*much, &log, &place).await;
        assert_eq!(end.expect_err("closed").kind(), io::ErrorKind::TimedOut);
        assert_eq!(began.elapsed(), PATIENCE);
        drop(reader);
    }

    /// Consoles that say nothing, with what each is told; the listener answers all the while.
    #[tokio::test]
    async fn whoever_says_nothing_keeps_nobody_out() {
        let path = std::env::temp_dir().join(format!("sidetone-full-{}", std::process::id()));
        let socket = ControlSocket::open(&path).await.expect("a socket");
        let serve = socket.serve(echo(), Writer::start().expect("a thread"));
        let story = async {
            let mut at_work = speaking(&path).await;
            let mut silent = Vec::new();
            for _ in 1..MAX_CONSOLES {
                silent.push(UnixStream::connect(&path).await.expect("connected"));
            }
            for _ in 0..3 {
                let answer = ask(&path, "core show version").await.expect("a place");
                assert_eq!(answer.text, "<core show version>");
            }
            let oldest = silent.remove(0).read(&mut [0]).await.expect("its end");
            assert_eq!(oldest, 0, "the oldest of the silent went");
            // Whoever has said something stays, however long ago.
            silent.clear();
            let mut others = Vec::new();
            for _ in 1..MAX_CONSOLES {
                others.push(speaking(&path).await);
            }
            assert!(ask(&path, "x").await.is_err(), "all are at work");
            at_work.write_all(b"y\n").await.expect("it is there");
            assert_eq!(frame::read(&mut at_work).await.expect("read"), Frame::Output("<y>".into()));
        };
        tokio::select! { () = serve => unreachable!(), () = story => () }
    }

    /// A console that has been answered once.
    async fn speaking(path: &Path) -> UnixStream {
        let mut console = UnixStream::connect(path).await.expect("connected");
        console.write_all(b"x\n").await.expect("written");
        for expected in [Frame::Output("<x>".into()), Frame::Done(7)] {
            assert_eq!(frame::read(&mut console).await.expect("a frame"), expected);
        }
        console
    }

    #[tokio::test(start_paused = true)]
    async fn a_console_that_is_too_slow_is_told_how_much_it_missed() {
        let (mut theirs, ours) = UnixStream::pair().expect("a pair");
        let log = Writer::start().expect("a thread");
        let (place, _given_up) = Place::take(&Arc::default()).expect("a place");
        let run = echo();
        let mut serve = std::pin::pin!(console(ours, &*run, &log, &place));
        // It listens from now on and gets no turn while the log writes.
        assert!(tokio::time::timeout(Duration::ZERO, &mut serve).await.is_err());
        for number in 0..3_000 {
            log.write(Sink::Remote, format!("line {number}\n"));
        }
        log.flush();
        let story = async {
            let first = frame::read(&mut theirs).await.expect("a frame");
            assert!(matches!(&first, Frame::Log(words) if words.contains("lines left out")));
            let next = frame::read(&mut theirs).await.expect("a frame");
            assert_eq!(next, Frame::Log("line 1976\n".into()), "{first:?}");
        };
        tokio::select! { _ = &mut serve => unreachable!(), () = story => () }
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
