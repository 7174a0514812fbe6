//! The thread that writes log lines, so that a slow disk or terminal never holds up a call.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};

/// Lines that may wait. At 200 bytes a line this is 3 MB; when the disk is slower than that the
/// newest lines are dropped and counted, and the count is written as soon as there is room.
pub const LINES_WAITING: usize = 16_384;

/// Where a line goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sink {
    /// Standard output of the process.
    Console,
    /// A file, appended to.
    File(PathBuf),
    /// Consoles connected to the control socket; the receivers are registered at the writer.
    Remote,
}

enum Job {
    Line(Sink, String),
    Reopen,
    Flush(SyncSender<()>),
}

#[derive(Debug, Default)]
struct Counts {
    waiting: AtomicUsize,
    dropped: AtomicU64,
}

/// The queue in front of the writing thread; cheap to clone.
#[derive(Clone, Debug)]
pub struct Writer {
    /// Bounded by `counts.waiting`: a bounded channel would take its megabyte at once.
    jobs: Sender<Job>,
    counts: Arc<Counts>,
    remote: tokio::sync::broadcast::Sender<String>,
}

impl Writer {
    /// Starts the thread. It ends when the last clone of the writer is gone.
    ///
    /// # Errors
    /// When the system cannot start a thread.
    pub fn start() -> io::Result<Self> {
        let (jobs, waiting) = channel();
        let counts = Arc::new(Counts::default());
        let (remote, _) = tokio::sync::broadcast::channel(1_024);
        let writer = Self { jobs, counts: Arc::clone(&counts), remote: remote.clone() };
        let run = move || run(&waiting, &counts, &remote);
        std::thread::Builder::new().name("log-writer".into()).spawn(run)?;
        Ok(writer)
    }

    /// Queues a line (with its newline). Never blocks.
    pub fn write(&self, sink: Sink, line: String) {
        if !self.queue(Job::Line(sink, line)) {
            self.counts.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Closes and reopens the files, for log rotation.
    pub fn reopen(&self) {
        // The queue is full only when lines are being lost anyway; rotation asks again.
        self.queue(Job::Reopen);
    }

    /// Whether there was room.
    fn queue(&self, job: Job) -> bool {
        let waiting = self.counts.waiting.fetch_add(1, Ordering::Relaxed);
        let queued = waiting < LINES_WAITING && self.jobs.send(job).is_ok();
        if !queued {
            self.counts.waiting.fetch_sub(1, Ordering::Relaxed);
        }
        queued
    }

    /// Waits until all lines queued so far are written.
    pub fn flush(&self) {
        let (done, wait) = sync_channel(1);
        if self.jobs.send(Job::Flush(done)).is_ok() {
            // An error means the writer thread is gone, and with it everything to wait for.
            let _ = wait.recv();
        }
    }

    /// The lines of remote consoles from now on.
    #[must_use]
    pub fn remote_lines(&self) -> tokio::sync::broadcast::Receiver<String> {
        self.remote.subscribe()
    }
}

fn run(jobs: &Receiver<Job>, counts: &Counts, remote: &tokio::sync::broadcast::Sender<String>) {
    let mut files: HashMap<PathBuf, Option<File>> = HashMap::new();
    while let Ok(job) = jobs.recv() {
        match job {
            Job::Line(sink, line) => {
                counts.waiting.fetch_sub(1, Ordering::Relaxed);
                let lost = counts.dropped.swap(0, Ordering::Relaxed);
                if lost > 0 {
                    let notice =
                        format!("({lost} log lines lost: the log is written too slowly)\n");
                    put(&sink, &notice, &mut files, remote);
                }
                put(&sink, &line, &mut files, remote);
            }
            Job::Reopen => {
                counts.waiting.fetch_sub(1, Ordering::Relaxed);
                files.clear();
            }
            Job::Flush(done) => {
                let _ = io::stdout().flush();
                let _ = done.send(());
            }
        }
    }
}

fn put(
    sink: &Sink,
    line: &str,
    files: &mut HashMap<PathBuf, Option<File>>,
    remote: &tokio::sync::broadcast::Sender<String>,
) {
    match sink {
        // A closed terminal must not end the exchange.
        Sink::Console => {
            let _ = io::stdout().write_all(line.as_bytes());
        }
        Sink::Remote => {
            let _ = remote.send(line.to_owned());
        }
        Sink::File(path) => {
            let file = files.entry(path.clone()).or_insert_with(|| {
                let opened = OpenOptions::new().create(true).append(true).open(path);
                opened
                    .inspect_err(|error| {
                        let path = path.display();
                        let _ = writeln!(io::stderr(), "cannot write log {path}: {error}");
                    })
                    .ok()
            });
            if let Some(file) = file {
                let _ = file.write_all(line.as_bytes());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_beyond_the_queue_are_lost_and_the_loss_is_written() {
        let (jobs, waiting) = channel();
        let counts = Arc::new(Counts::default());
        let (remote, mut lines) = tokio::sync::broadcast::channel(LINES_WAITING * 2);
        let writer = Writer { jobs, counts: Arc::clone(&counts), remote: remote.clone() };
        for number in 0..LINES_WAITING + 3 {
            writer.write(Sink::Remote, format!("{number}\n"));
        }
        drop(writer);
        run(&waiting, &counts, &remote);
        let first = lines.try_recv().expect("a notice");
        assert!(first.starts_with("(3 log lines lost"), "{first}");
        let written = std::iter::from_fn(|| lines.try_recv().ok()).count();
        assert_eq!((written, counts.waiting.load(Ordering::Relaxed)), (LINES_WAITING, 0));
    }
}
