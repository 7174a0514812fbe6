//! The strict-source rule of plain legs (`strictrtp`, `probation`): who may send us media, and
//! where our media goes behind a NAT (symmetric RTP).
//!
//! After each plan the rule learns for [`LEARNING`]; then it is locked until the next plan. The
//! address from the SDP is believed at once and may claim its place at any time; any other must
//! show `probation` packets in sequence, at a plausible pace, while the source in use is silent,
//! and not once as many came from the address of the SDP. So a stranger can neither take a running
//! stream over nor inject a packet, nor keep out whom the SDP names; and a peer behind NAT, which
//! never sends from there, is still found.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use sidetone_rtp::sequence_delta;

use crate::settings::StrictRtp;

/// How long after a plan a new source may replace the current one.
const LEARNING: Duration = Duration::from_secs(5);
/// The source in use counts as silent after this: five packets of 20 ms.
const SILENT: Duration = Duration::from_millis(100);
/// `strictrtp=yes`: packets of one stream closer than this on average are a burst or a flood,
/// not a telephone.
const LEAST_PACE: Duration = Duration::from_millis(3);

/// What to do with a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// From the source in use.
    Accept,
    /// From a source that is now in use.
    AcceptNew,
    /// Not from the source in use.
    Drop,
}

#[derive(Debug)]
pub(crate) struct StrictSource {
    mode: StrictRtp,
    probation: u32,
    signalled: Option<SocketAddr>,
    /// Packets from there: with `probation` of them it is where the peer is.
    proven: u32,
    current: Option<(SocketAddr, Instant)>,
    probe: Option<Probe>,
    learning_until: Instant,
}

#[derive(Clone, Copy, Debug)]
struct Probe {
    address: SocketAddr,
    next_sequence: u16,
    good: u32,
    since: Instant,
}

impl StrictSource {
    pub(crate) fn new(now: Instant, mode: StrictRtp, probation: u32) -> Self {
        Self {
            mode,
            probation: probation.max(1),
            signalled: None,
            proven: 0,
            current: None,
            probe: None,
            learning_until: now + LEARNING,
        }
    }

    /// A plan says where the peer is: learn again. The source in use stays until another proves
    /// itself.
    pub(crate) fn relearn(&mut self, now: Instant, signalled: Option<SocketAddr>) {
        if self.signalled != signalled {
            // The peer moved: its old address has no claim any more.
            self.current = None;
            self.proven = 0;
        }
        self.signalled = signalled;
        self.probe = None;
        self.learning_until = now + LEARNING;
    }

    /// The source in use.
    pub(crate) fn current(&self) -> Option<SocketAddr> {
        self.current.map(|(address, _)| address)
    }

    /// Judges an RTP packet by its source and sequence number. For protected streams call it
    /// with `authentic` true after the tag was checked: that is proof enough.
    pub(crate) fn judge(
        &mut self,
        now: Instant,
        source: SocketAddr,
        sequence: u16,
        authentic: bool,
    ) -> Verdict {
        let is_signalled = self.signalled == Some(source);
        if is_signalled {
            self.proven = self.proven.saturating_add(1);
        }
        if let Some((current, last_at)) = &mut self.current
            && *current == source
        {
            *last_at = now;
            return Verdict::Accept;
        }
        // After a move the last packets from the old address may come late and in order, and pass;
        // a stranger may while the peer is silent. The one that the plan names claims its place.
        let trusted = self.mode == StrictRtp::No || authentic || is_signalled;
        if trusted || self.passes_probation(now, source, sequence) {
            self.current = Some((source, now));
            self.probe = None;
            return Verdict::AcceptNew;
        }
        Verdict::Drop
    }

    /// Whether RTCP from this source may be read: same host as the media, or the signalled one.
    pub(crate) fn admits_rtcp(&self, source: SocketAddr) -> bool {
        let host = |address: Option<SocketAddr>| address.map(|address| address.ip());
        let known: [Option<IpAddr>; 2] = [host(self.current()), host(self.signalled)];
        self.mode == StrictRtp::No || known.contains(&Some(source.ip()))
    }

    fn passes_probation(&mut self, now: Instant, source: SocketAddr, sequence: u16) -> bool {
        let replaceable = match self.current {
            None => true,
            Some((current, last_at)) => {
                let is_proven = self.signalled == Some(current) && self.proven >= self.probation;
                !is_proven
                    && now < self.learning_until
                    && now.saturating_duration_since(last_at) >= SILENT
            }
        };
        if !replaceable {
            return false;
        }
        let continued = self.probe.filter(|probe| {
            probe.address == source && sequence_delta(sequence, probe.next_sequence) == 0
        });
        let probe = Probe {
            address: source,
            next_sequence: sequence.wrapping_add(1),
            good: continued.map_or(0, |probe| probe.good) + 1,
            since: continued.map_or(now, |probe| probe.since),
        };
        self.probe = Some(probe);
        if probe.good < self.probation {
            return false;
        }
        let expected = LEAST_PACE * (probe.good - 1);
        self.mode == StrictRtp::SequenceOnly
            || now.saturating_duration_since(probe.since) >= expected
    }
}

#[cfg(test)]
#[path = "../tests/unit/strict.rs"]
mod tests;
