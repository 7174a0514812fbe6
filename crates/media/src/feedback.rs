//! What a receiver of video tells the sender: key frames it needs and the bitrate it can take.

use std::time::{Duration, Instant};

use sidetone_rtp::Ssrc;
use sidetone_rtp::rtcp::CompoundWriter;
use sidetone_sdp::plan::Feedback;

/// Least time between two key frame requests. A key frame costs as much as a second of video, and
/// a new receiver, a lost packet and a switch often ask at once.
const KEYFRAME_INTERVAL: Duration = Duration::from_millis(500);

/// Key frame requests towards one sender, limited in rate. A request that comes too early is kept
/// and sent when it may be.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct KeyframeRequests {
    due_at: Option<Instant>,
    last_at: Option<Instant>,
    number: u8,
}

impl KeyframeRequests {
    pub(crate) fn ask(&mut self, now: Instant) {
        let earliest = self.last_at.map_or(now, |at| at + KEYFRAME_INTERVAL);
        self.due_at.get_or_insert(earliest.max(now));
    }

    /// When a request may leave, if one is wanted.
    pub(crate) fn due_at(&self) -> Option<Instant> {
        self.due_at
    }

    pub(crate) fn is_due(&self, now: Instant) -> bool {
        self.due_at.is_some_and(|at| at <= now)
    }

    /// Writes the request in the form the peer agreed to; nothing when it agreed to none.
    pub(crate) fn write(
        &mut self,
        now: Instant,
        feedback: Feedback,
        (own, media): (Ssrc, Ssrc),
        out: &mut CompoundWriter<'_>,
    ) {
        self.due_at = None;
        self.last_at = Some(now);
        let _ = if feedback.pli {
            out.picture_loss(own, media)
        } else if feedback.fir {
            self.number = self.number.wrapping_add(1);
            out.full_intra(own, media, self.number)
        } else {
            Ok(())
        };
    }
}

/// A loss-based estimate of what the path to us carries (the receiving half of
/// draft-ietf-rmcat-gcc-02 §6), for peers that do their own only with our help (REMB).
#[derive(Clone, Copy, Debug)]
pub(crate) struct BitrateEstimate {
    bps: u64,
    bytes_before: u64,
    at: Option<Instant>,
}

impl Default for BitrateEstimate {
    fn default() -> Self {
        Self { bps: Self::START_BPS, bytes_before: 0, at: None }
    }
}

impl BitrateEstimate {
    /// Enough for 640×480.
    const START_BPS: u64 = 1_000_000;
    /// Below this no video is worth sending.
    const LEAST_BPS: u64 = 100_000;
    /// 1080p; a telephone exchange should not invite more.
    const MOST_BPS: u64 = 4_000_000;

    /// Updates with the bytes received in all and the loss of the last interval in 1/256, and
    /// returns the bitrate to report. `cap` is what the receivers of this video can take.
    pub(crate) fn update(
        &mut self,
        now: Instant,
        bytes: u64,
        fraction_lost: u8,
        cap: Option<u64>,
    ) -> u64 {
        let interval = self.at.map(|at| now.saturating_duration_since(at));
        if let Some(interval) = interval.filter(|interval| !interval.is_zero()) {
            let millis = u64::try_from(interval.as_millis()).unwrap_or(u64::MAX).max(1);
            let received = bytes.saturating_sub(self.bytes_before).saturating_mul(8000) / millis;
            // Above 10 % loss: what arrived, less half the loss. Below 2 %: 8 % more, as long as
            // the sender uses what it has.
            if fraction_lost > 25 {
                let kept = 512 - u64::from(fraction_lost);
                self.bps = self.bps.min(received.max(Self::LEAST_BPS)) * kept / 512;
            } else if fraction_lost < 5 && received * 2 > self.bps {
                self.bps += self.bps * 8 / 100;
            }
        }
        self.bps = self.bps.clamp(Self::LEAST_BPS, Self::MOST_BPS);
        self.bytes_before = bytes;
        self.at = Some(now);
        cap.map_or(self.bps, |cap| cap.clamp(Self::LEAST_BPS, self.bps))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_frame_requests_are_limited_but_not_forgotten() {
        let now = Instant::now();
        let mut requests = KeyframeRequests::default();
        let mut buffer = [0; 64];
        let feedback = Feedback { pli: true, ..Feedback::default() };
        requests.ask(now);
        assert!(requests.is_due(now));
        requests.write(now, feedback, (Ssrc(1), Ssrc(2)), &mut CompoundWriter::new(&mut buffer));
        requests.ask(now);
        assert!(!requests.is_due(now));
        assert!(requests.is_due(now + KEYFRAME_INTERVAL));
    }

    #[test]
    fn loss_lowers_the_estimate_and_quiet_raises_it() {
        let start = Instant::now();
        let mut estimate = BitrateEstimate::default();
        estimate.update(start, 0, 0, None);
        let raised = estimate.update(start + Duration::from_secs(1), 125_000, 0, None);
        assert_eq!(raised, 1_080_000);
        let lowered = estimate.update(start + Duration::from_secs(2), 187_500, 128, None);
        assert!(lowered < 500_000, "{lowered}");
        let capped = estimate.update(start + Duration::from_secs(3), 250_000, 0, Some(200_000));
        assert_eq!(capped, 200_000);
    }
}
