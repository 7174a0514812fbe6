//! How many lines one channel may write: a dialplan that goes in a circle writes a hundred thousand
//! in a second. Asked by [`crate::Log`] for each line; writes nothing itself.
//!
//! A channel has a task of its own. Once a line names the channel (its field `channel`, as each
//! step of a dialplan has it), every line of the same task is charged to it.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use tokio::task::Id;

/// The time within which lines are counted.
const WINDOW: Duration = Duration::from_secs(10);

/// Lines of one channel that are written within [`WINDOW`]. A call through a large dialplan writes
/// some hundred; what is left of a circle is 15 KB in a second.
pub(crate) const LINES: u64 = 1_000;

/// Channels counted within [`WINDOW`], about 100 bytes each; the lines of those beyond are bounded
/// by the queue in front of the writer only.
const MAX_CHANNELS: usize = 10_000;

/// What each channel has written lately.
#[derive(Debug, Default)]
pub(crate) struct Rations {
    ends: Option<Instant>,
    written: HashMap<Id, Written>,
}

#[derive(Debug)]
struct Written {
    channel: String,
    lines: u64,
}

impl Rations {
    /// Notes which channel a task belongs to.
    pub(crate) fn note(&mut self, task: Option<Id>, channel: &str) {
        let Some(task) = task else { return };
        if self.written.len() < MAX_CHANNELS && !self.written.contains_key(&task) {
            self.written.insert(task, Written { channel: channel.to_owned(), lines: 0 });
        }
    }

    /// Whether a line of this task may be written, and what is to be said of those that were not.
    pub(crate) fn charge(&mut self, now: Instant, task: Option<Id>) -> (bool, Vec<String>) {
        let mut notices = Vec::new();
        if *self.ends.get_or_insert(now + WINDOW) <= now {
            self.ends = Some(now + WINDOW);
            self.sum_up(&mut notices);
        }
        let Some(written) = task.and_then(|task| self.written.get_mut(&task)) else {
            return (true, notices);
        };
        written.lines += 1;
        if written.lines == LINES + 1 {
            let (channel, seconds) = (&written.channel, WINDOW.as_secs());
            notices.push(format!(
                "{channel} has written {LINES} lines within {seconds} seconds: more are left out"
            ));
        }
        (written.lines <= LINES, notices)
    }

    /// Tells how many lines were left out of the window that is over. Who wrote nothing in it is
    /// forgotten.
    fn sum_up(&mut self, notices: &mut Vec<String>) {
        self.written.retain(|_, written| {
            let left_out = written.lines.saturating_sub(LINES);
            if left_out > 0 {
                notices.push(format!("{}: {left_out} lines left out", written.channel));
            }
            std::mem::take(&mut written.lines) > 0
        });
        notices.sort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn task() -> Option<Id> {
        let task = tokio::spawn(std::future::ready(()));
        let id = task.id();
        task.await.expect("it ends");
        Some(id)
    }

    #[tokio::test]
    async fn a_channel_that_writes_too_much_is_cut_and_its_lines_are_counted() {
        let (mut rations, now) = (Rations::default(), Instant::now());
        let (circle, quiet) = (task().await, task().await);
        rations.note(circle, "PJSIP/circle-1");
        rations.note(quiet, "PJSIP/quiet-2");
        let mut notices = Vec::new();
        let mut written = 0;
        for _ in 0..5_000 {
            let (may, found) = rations.charge(now, circle);
            written += u64::from(may);
            notices.extend(found);
        }
        assert_eq!(written, LINES);
        let cut = "PJSIP/circle-1 has written 1000 lines within 10 seconds: more are left out";
        assert_eq!(notices, [cut]);
        assert_eq!(rations.charge(now, quiet), (true, vec![]), "the others come through");
        assert_eq!(rations.charge(now, None), (true, vec![]), "and what is of no channel");
        let sum = vec!["PJSIP/circle-1: 4000 lines left out".to_owned()];
        assert_eq!(rations.charge(now + WINDOW, None), (true, sum), "whoever writes next");
        assert_eq!(rations.charge(now + WINDOW, circle), (true, vec![]), "it may write again");
        rations.charge(now + 2 * WINDOW, None);
        rations.charge(now + 3 * WINDOW, None);
        assert!(rations.written.is_empty(), "whoever writes no more is forgotten");
    }
}
