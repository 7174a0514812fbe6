//! Faults of the exchange: each ends the call or costs the message it was about, and no task that
//! all calls need.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt as _;

/// Pause before a task begins anew: one that faults at once must not take a core.
const PAUSE: Duration = Duration::from_secs(1);

/// Does a piece of work; `None` when it panicked, which whoever asked tells with what it ends.
///
/// No `async fn`: that would hold the work twice, as its argument and as what it waits for, and the
/// work of a call is held as long as the call.
pub(crate) fn caught<T>(work: impl Future<Output = T>) -> impl Future<Output = Option<T>> {
    AssertUnwindSafe(work).catch_unwind().map(Result::ok)
}

/// Runs a task to its end, and again from its beginning when a fault ends it.
pub async fn kept<F>(name: &str, mut task: impl FnMut() -> F)
where
    F: Future<Output = ()>,
{
    while caught(task()).await.is_none() {
        tracing::error!("a fault of the exchange: {name} begins anew");
        tokio::time::sleep(PAUSE).await;
    }
}

#[cfg(test)]
#[path = "../tests/unit/guard.rs"]
mod tests;
