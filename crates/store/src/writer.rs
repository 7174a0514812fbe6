//! The task that brings the file in line with memory.
//!
//! It takes all keys that changed, writes them in one transaction, and rests a little. When the
//! disk is full or the file cannot be written, the keys go back and are tried again; the log says
//! it once, and once when it works again. At the stop it writes what is left.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::astdb::Shared;
use crate::file;

/// Between two transactions: each waits for the disk, so a dialplan that writes at every call
/// costs ten of them a second.
pub const PAUSE: Duration = Duration::from_millis(100);

/// Between two attempts at a file that cannot be written.
pub const RETRY: Duration = Duration::from_secs(10);

/// What the handles tell the writer. Each is answered when it is done.
pub(crate) enum Order {
    /// Write what changed so far.
    Flush(oneshot::Sender<()>),
    /// Write what changed so far, and end.
    Close(oneshot::Sender<()>),
}

/// Runs until it is told to close, or until the last handle is gone.
pub(crate) async fn run(shared: Arc<Shared>, path: PathBuf, mut orders: mpsc::Receiver<Order>) {
    let mut failing = false;
    let mut rest = Instant::now();
    loop {
        let order = tokio::select! {
            order = orders.recv() => Some(order),
            () = due(&shared, rest) => None,
        };
        failing = write(&shared, &path, failing).await;
        rest = Instant::now() + if failing { RETRY } else { PAUSE };
        match order {
            None => {}
            // The other side may have stopped waiting.
            Some(Some(Order::Flush(done))) => {
                let _ = done.send(());
            }
            Some(Some(Order::Close(done))) => {
                give_up(&shared, &path);
                let _ = done.send(());
                return;
            }
            Some(None) => return give_up(&shared, &path),
        }
    }
}

/// Until something changed and the rest is over.
async fn due(shared: &Shared, rest: Instant) {
    if shared.waiting() == Some(0) {
        shared.changed.notified().await;
    }
    tokio::time::sleep_until(rest).await;
}

/// Writes what changed; whether it cannot be written.
async fn write(shared: &Shared, path: &std::path::Path, was_failing: bool) -> bool {
    let changes = shared.take_changes();
    if changes.is_empty() {
        return was_failing;
    }
    match file::write(path, shared, &changes).await {
        Ok(()) => {
            if was_failing {
                tracing::info!("{}: written again, nothing is missing", path.display());
            }
            false
        }
        Err(error) => {
            shared.give_back(&changes);
            if !was_failing {
                tracing::warn!(
                    "{}: cannot be written: {error}. What DB() keeps stays in memory, and writing \
                     is tried again every {} s: make room on the disk, or let the user of the \
                     exchange write the file and its directory",
                    path.display(),
                    RETRY.as_secs()
                );
            }
            true
        }
    }
}

/// Tells what is lost at the end.
fn give_up(shared: &Shared, path: &std::path::Path) {
    let what = match shared.waiting() {
        Some(0) => return,
        Some(count) => format!("the last {count} changes"),
        None => "more changes than could be listed".to_owned(),
    };
    tracing::error!("{}: {what} could not be written and are lost", path.display());
}
