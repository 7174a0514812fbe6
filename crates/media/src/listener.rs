//! Listens for keys as tones in the audio of one stream. Only legs whose `dtmf_mode` asks for it
//! have one; it decodes each packet once more, in the cheapest form of its codec.

use std::time::{Duration, Instant};

use sidetone_codec::dtmf::{DtmfDetector, DtmfEvent};
use sidetone_codec::format::MAX_SAMPLES;
use sidetone_codec::{Decoder, decoder};
use sidetone_rtp::event::EventCode;
use sidetone_rtp::{RtpView, sequence_delta};
use sidetone_sdp::plan::StreamPlan;

use crate::formats::format_of;

/// Tones are far below 4 kHz.
const RATE: u32 = 8000;
/// Silence fed when packets stop in the middle of a key, so that it ends.
const SILENCE: [i16; 480] = [0; 480];

#[derive(Debug)]
pub(crate) struct ToneListener {
    /// The codec being decoded, by its index in the plan.
    codec: Option<u8>,
    decoder: Option<Box<dyn Decoder>>,
    detector: DtmfDetector,
    rate: u32,
    last_sequence: Option<u16>,
    heard_at: Instant,
    timeout: Duration,
    samples: Vec<i16>,
}

impl ToneListener {
    /// A key whose packets stop ends after `timeout`.
    pub(crate) fn new(now: Instant, timeout: Duration) -> Self {
        Self {
            codec: None,
            decoder: None,
            detector: DtmfDetector::new(RATE),
            rate: RATE,
            last_sequence: None,
            heard_at: now,
            timeout,
            samples: vec![0; MAX_SAMPLES],
        }
    }

    /// Listens to a packet in the codec with this index in the plan.
    pub(crate) fn handle_packet(
        &mut self,
        now: Instant,
        codec: u8,
        plan: &StreamPlan,
        view: &RtpView<'_>,
    ) {
        if self.codec != Some(codec) {
            self.codec = Some(codec);
            let agreed = plan.codecs.get(usize::from(codec));
            self.decoder = agreed
                .and_then(|codec| format_of(codec, RATE))
                .and_then(|format| decoder(format).ok());
            let rate = self.decoder.as_ref().map_or(RATE, |decoder| decoder.format().sample_rate);
            if rate != self.rate {
                (self.rate, self.detector) = (rate, DtmfDetector::new(rate));
            }
            self.last_sequence = None;
        }
        let sequence = view.sequence();
        let late = self.last_sequence.is_some_and(|last| sequence_delta(sequence, last) <= 0);
        // A restarted sender has other numbers and is late once only.
        self.last_sequence = Some(sequence);
        let Some(decoder) = self.decoder.as_mut().filter(|_| !late) else {
            return;
        };
        let Ok(count) = decoder.decode(view.payload(), &mut self.samples) else {
            return;
        };
        self.heard_at = now;
        self.detector.handle_input(self.samples.get(..count).unwrap_or_default());
    }

    /// Whether a key, or what may become one, is in the audio now.
    pub(crate) fn is_hearing(&self) -> bool {
        self.detector.is_hearing()
    }

    /// Ends a key whose packets stopped.
    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        if self.deadline().is_some_and(|at| at <= now) {
            self.detector.handle_input(&SILENCE);
            // At 48 kHz this is ten milliseconds: the next turn feeds more.
            self.heard_at = now.checked_sub(self.timeout).unwrap_or(now);
        }
    }

    /// When to call [`Self::handle_timeout`].
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.detector.snapshot().map(|_| self.heard_at + self.timeout)
    }

    /// Takes one key that has ended.
    pub(crate) fn poll_output(&mut self) -> Option<(EventCode, Duration)> {
        loop {
            if let DtmfEvent::Ended { key, duration } = self.detector.poll_output()? {
                return EventCode::from_key(key).map(|code| (code, duration));
            }
        }
    }
}
