//! Log lines about peers that misbehave, kept from filling the disk: the first of a source within
//! a minute are written (ban lists need them), the others are counted and summed up at its end.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::flow::source_of;

/// The time within which lines are counted.
const WINDOW: Duration = Duration::from_secs(60);
/// Lines of one source that are written within [`WINDOW`]: ban lists act after three to five.
const LINES_PER_SOURCE: u32 = 10;
/// Lines written within [`WINDOW`] in all: a flood from many sources writes 100 KiB a minute.
const LINES_IN_ALL: u32 = 500;
/// Sources counted within [`WINDOW`], about 40 bytes each; those beyond are counted together.
const MAX_SOURCES: usize = 4_096;
/// Sources that a sum names, the worst first.
const NAMED: usize = 10;

/// Decides which complaints about peers are written. Clones share the counts.
#[derive(Clone, Debug)]
pub struct Complaints {
    what: &'static str,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    ends: Option<Instant>,
    written: u32,
    /// Complaints that were not written.
    silent: u64,
    /// How often each source was complained about, and how many of those were not written.
    sources: HashMap<IpAddr, (u32, u64)>,
}

impl Complaints {
    /// Complaints about `what`, words such as `failed TLS handshakes`.
    #[must_use]
    pub fn about(what: &'static str) -> Self {
        Self { what, state: Arc::default() }
    }

    /// Whether a complaint about this peer is to be written. Must be called within a tokio
    /// runtime: the sum of those that are not is written later.
    #[must_use]
    pub fn admit(&self, peer: IpAddr) -> bool {
        let now = Instant::now();
        let source = source_of(peer);
        let mut state = self.state.lock();
        if state.ends.is_none_or(|ends| ends <= now) {
            let before = std::mem::replace(&mut *state, State::ending_at(now + WINDOW));
            before.sum_up(self.what);
        }
        let silent_before = state.silent;
        let admitted = state.count(source);
        if silent_before == 0 && state.silent > 0 {
            let (complaints, ends) = (self.clone(), state.ends);
            tokio::spawn(async move { complaints.sum_up_at(ends).await });
        }
        admitted
    }

    async fn sum_up_at(self, ends: Option<Instant>) {
        tokio::time::sleep_until(ends.unwrap_or_else(Instant::now)).await;
        let mut state = self.state.lock();
        // A complaint of the next window may have come first and summed up.
        if state.ends == ends {
            std::mem::take(&mut *state).sum_up(self.what);
        }
    }
}

impl State {
    fn ending_at(ends: Instant) -> Self {
        Self { ends: Some(ends), ..Self::default() }
    }

    /// Counts one complaint; whether it is written.
    fn count(&mut self, source: IpAddr) -> bool {
        let is_full = self.sources.len() >= MAX_SOURCES && !self.sources.contains_key(&source);
        if is_full {
            self.silent += 1;
            return false;
        }
        let (seen, silent) = self.sources.entry(source).or_default();
        *seen += 1;
        if *seen <= LINES_PER_SOURCE && self.written < LINES_IN_ALL {
            self.written += 1;
            return true;
        }
        *silent += 1;
        self.silent += 1;
        false
    }

    fn sum_up(self, what: &str) {
        let sources = self.sources.into_iter().filter(|(_, (_, silent))| *silent > 0);
        let mut worst: Vec<(IpAddr, u64)> =
            sources.map(|(source, (_, silent))| (source, silent)).collect();
        worst.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
        worst.truncate(NAMED);
        for (source, count) in &worst {
            tracing::error!("{count} more {what} from {source} within a minute, not shown");
        }
        let named: u64 = worst.iter().map(|(_, count)| count).sum();
        if self.silent > named {
            let count = self.silent - named;
            tracing::error!("{count} more {what} from other sources within a minute, not shown");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(complaints: &Complaints, peer: &str, times: u32) -> usize {
        let peer = peer.parse().expect("an address");
        (0..times).filter(|_| complaints.admit(peer)).count()
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_of_each_source_are_written_and_again_a_minute_later() {
        let complaints = Complaints::about("tests");
        assert_eq!(written(&complaints, "192.0.2.1", 1_000), 10);
        assert_eq!(written(&complaints, "::ffff:192.0.2.1", 1), 0, "the same source");
        assert_eq!(written(&complaints, "192.0.2.2", 3), 3);
        assert_eq!(written(&complaints, "2001:db8::1", 6), 6);
        assert_eq!(written(&complaints, "2001:db8::2", 6), 4, "one IPv6 network is one source");
        tokio::time::sleep(2 * WINDOW).await;
        assert!(complaints.state.lock().sources.is_empty(), "summed up and forgotten");
        assert_eq!(written(&complaints, "192.0.2.1", 12), 10);
    }

    #[tokio::test(start_paused = true)]
    async fn many_sources_together_are_bounded_too() {
        let complaints = Complaints::about("tests");
        let source = |n: u32| IpAddr::from((0x0a00_0000 + n).to_be_bytes());
        let written = (0..10_000).filter(|n| complaints.admit(source(*n))).count();
        assert_eq!(written, 500);
        assert_eq!(complaints.state.lock().sources.len(), MAX_SOURCES);
    }
}
