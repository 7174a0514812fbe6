//! What the end of an attempt means for the next route: a table of Q.850 causes.

use crate::Table;

/// Causes that tell of the number or of who has it, and not of the way there: another route would
/// say the same. 1 unallocated, 16 cleared, 17 busy, 18 and 19 no answer, 22 and 23 moved,
/// 26 answered elsewhere, 28 incomplete.
pub const STOP_CAUSES: &[u8] = &[1, 16, 17, 18, 19, 22, 23, 26, 28];

/// Causes that tell of a carrier without room or out of order, which the next call would meet too:
/// 34, 42, 44 and 47 no circuit, 38 and 41 a failure of the network, 102 no answer of a machine.
pub const REST_CAUSES: &[u8] = &[34, 38, 41, 42, 44, 47, 102];

/// Reads `1,17-19,28`.
///
/// # Errors
/// What is wrong, in words.
pub fn causes(text: &str) -> Result<Vec<u8>, String> {
    let mut found = Vec::new();
    for item in text.split(',').map(str::trim).filter(|item| !item.is_empty()) {
        let (from, to) = item.split_once('-').unwrap_or((item, item));
        match (from.trim().parse::<u8>(), to.trim().parse::<u8>()) {
            (Ok(from), Ok(to)) if from <= to && to <= 127 => found.extend(from..=to),
            _ => return Err(format!("'{item}' is no cause from 0 to 127, nor a range of them")),
        }
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ending {
    /// `DIALSTATUS`
    pub status: &'static str,
    /// The Q.850 cause.
    pub cause: u8,
    /// The SIP status of the refusal, if there was one.
    pub sip: Option<u16>,
    /// Nothing was heard of the other side: no ringing, no refusal.
    pub silent: bool,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The call is decided.
    Stop,
    /// The next route is tried.
    Next,
    /// The next route is tried, and this one rests.
    NextAndRest,
}

impl Table {
    /// What comes after an attempt.
    #[must_use]
    pub fn verdict(&self, ending: &Ending) -> Verdict {
        if ending.silent && ending.status == "NOANSWER" {
            return Verdict::NextAndRest;
        }
        if !matches!(ending.status, "CONGESTION" | "CHANUNAVAIL") {
            return Verdict::Stop;
        }
        // Whoever says 6xx speaks for the callee, wherever one asks (RFC 3261 §21.6).
        let is_global = ending.sip.is_some_and(|status| (600..700).contains(&status));
        if is_global || self.stop_causes.contains(&ending.cause) {
            Verdict::Stop
        } else if self.rest_causes.contains(&ending.cause) {
            Verdict::NextAndRest
        } else {
            Verdict::Next
        }
    }
}
