//! Keys of a telephone on one stream. Those to send leave as telephone-events (RFC 4733), as tones
//! in the audio, or through signalling; those that arrive by more than one of these ways count
//! once.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use sidetone_codec::dtmf;
use sidetone_rtp::event::{
    EventCode, EventPayload, EventReceiver, EventSender, MAX_QUEUED_PRESSES,
};
use sidetone_rtp::{Header, RtpView, Ssrc};
use sidetone_sdp::plan::StreamPlan;

use crate::clock::Io;
use crate::codecs::Coding;
use crate::player::{Player, Program, Tick, payload_room};
use crate::rewrite::Origin;
use crate::settings::WithoutEvents;
use crate::source::{PlaybackId, Repeat, Tone, ToneStep};
use crate::stream::{Stream, clock_rate};
use crate::transport::Transport;

/// Silence between two keys (RFC 4733 leaves it open; receivers want 40 ms and more).
const KEY_GAP: Duration = Duration::from_millis(60);
/// Spacing of telephone-event packets.
const EVENT_TICK: Duration = Duration::from_millis(20);
/// One key that comes in two ways is one press if the second report follows the first within
/// this. Nobody presses a key twice so fast that each press is seen in one way only.
const SAME_PRESS: Duration = Duration::from_millis(500);

/// By which way a key arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeySource {
    /// Telephone-events, whose packets travel on along the route.
    Events,
    /// Tones in the audio.
    Tones,
    /// SIP INFO.
    Signalling,
}

/// A key that was pressed and released, to be passed along the route of its stream.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HeardKey {
    pub(crate) stream: usize,
    pub(crate) code: EventCode,
    pub(crate) duration: Duration,
    pub(crate) source: KeySource,
}

/// What became of a key to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pressed {
    /// It is on its way, or waits behind others.
    Queued,
    /// The peer takes keys through signalling.
    Signal,
    /// Too many wait, or the codec cannot carry it.
    Refused,
}

/// Notices the second report of one press.
#[derive(Debug, Default)]
pub(crate) struct KeyFilter {
    last: Option<(KeySource, EventCode, Instant)>,
    /// The event that is being received was reported already.
    doubled: bool,
}

impl KeyFilter {
    /// An event began.
    pub(crate) fn began(&mut self, now: Instant, code: EventCode) {
        self.doubled = self.repeats(now, KeySource::Events, code);
    }

    /// It ended: whether it counts.
    pub(crate) fn ended(&mut self, now: Instant, code: EventCode) -> bool {
        if std::mem::take(&mut self.doubled) {
            self.last = None;
            return false;
        }
        self.heard(now, KeySource::Events, code, None)
    }

    /// A whole press was reported, while the event `down` is being received: whether it counts.
    pub(crate) fn heard(
        &mut self,
        now: Instant,
        source: KeySource,
        code: EventCode,
        down: Option<EventCode>,
    ) -> bool {
        if down == Some(code) {
            return false;
        }
        if self.repeats(now, source, code) {
            self.last = None;
            return false;
        }
        self.last = Some((source, code, now));
        true
    }

    fn repeats(&self, now: Instant, source: KeySource, code: EventCode) -> bool {
        self.last.is_some_and(|(by, last, at)| {
            by != source && last == code && now.saturating_duration_since(at) <= SAME_PRESS
        })
    }
}

/// Keys on their way out.
#[derive(Debug)]
pub(crate) struct Keys {
    events: EventSender,
    rate: u32,
    epoch: Instant,
    /// Start of the current event on the sender's clock and on the wire.
    started: Option<(u32, u32)>,
    tones: VecDeque<(char, Duration)>,
    tone: Option<Box<Player>>,
    tones_played: u64,
    pub(crate) next_at: Option<Instant>,
}

impl Keys {
    fn new(now: Instant, rate: u32) -> Self {
        Self {
            events: EventSender::new(rate, KEY_GAP),
            rate: rate.max(1),
            epoch: now,
            started: None,
            tones: VecDeque::new(),
            tone: None,
            tones_played: 0,
            next_at: None,
        }
    }

    fn queue_tone(&mut self, key: char, duration: Duration, now: Instant) -> Pressed {
        if dtmf::frequencies(key).is_none() || self.tones.len() == MAX_QUEUED_PRESSES {
            return Pressed::Refused;
        }
        self.tones.push_back((key, duration));
        self.next_at.get_or_insert(now);
        Pressed::Queued
    }

    /// The tone that is due now, if one is; the next one of the queue when none plays.
    fn tone(
        &mut self,
        now: Instant,
        (plan, coding): (&StreamPlan, &Coding),
    ) -> Option<Box<Player>> {
        if let Some(playing) = self.tone.take() {
            return Some(playing);
        }
        let (key, duration) = self.tones.pop_front()?;
        let (low, high) = dtmf::frequencies(key)?;
        let (first_hz, second_hz) = (u16::try_from(low).ok()?, u16::try_from(high).ok()?);
        let silence = ToneStep { first_hz: 0, second_hz: 0, duration: KEY_GAP };
        let steps = vec![ToneStep { first_hz, second_hz, duration }, silence];
        let tone = Program::Tone(Tone { steps, repeat: Repeat::Once });
        self.tones_played += 1;
        // Player ids of keys live on their own: nobody hears of their end.
        let id = PlaybackId(u64::MAX - self.tones_played);
        Player::new(now, id, tone, plan, coding).ok().map(Box::new)
    }
}

impl Stream {
    /// Whether a key is being sent, so that nothing else is.
    pub(crate) fn is_pressing(&self) -> bool {
        self.keys.as_ref().is_some_and(|keys| keys.next_at.is_some())
    }

    /// Whether the peer hears keys as tones in the audio, so that those of others may stay there.
    pub(crate) fn takes_tones(&self) -> bool {
        self.formats.event_type(self.events_rate).is_none()
            && self.dtmf.without_events != WithoutEvents::Signalling
    }

    /// Queues a key.
    pub(crate) fn press(&mut self, code: EventCode, duration: Duration, now: Instant) -> Pressed {
        let rate = self.events_rate;
        if self.formats.event_type(rate).is_some() {
            let keys = self.keys.get_or_insert_with(|| Box::new(Keys::new(now, rate)));
            if !keys.events.press(code, duration) {
                return Pressed::Refused;
            }
            keys.next_at.get_or_insert(now);
            return Pressed::Queued;
        }
        match self.dtmf.without_events {
            WithoutEvents::Signalling => return Pressed::Signal,
            WithoutEvents::Nothing => return Pressed::Refused,
            WithoutEvents::Tones => {}
        }
        let encoded = self.formats.audio(0).is_some() && self.sends();
        match code.key().filter(|_| encoded) {
            Some(key) => {
                let keys = self.keys.get_or_insert_with(|| Box::new(Keys::new(now, rate)));
                keys.queue_tone(key, duration, now)
            }
            None => Pressed::Refused,
        }
    }

    /// Sends what is due of the keys.
    pub(crate) fn tick_keys(&mut self, transport: &mut Transport, io: &mut Io<'_>) {
        let now = io.now;
        let Some(mut keys) = self.keys.take_if(|keys| keys.next_at.is_some_and(|at| at <= now))
        else {
            return;
        };
        if keys.tone.is_some() || !keys.tones.is_empty() {
            self.tick_tone(&mut keys, transport, io);
        } else {
            self.tick_event(&mut keys, transport, io);
        }
        self.keys = Some(keys);
    }

    fn tick_tone(&mut self, keys: &mut Keys, transport: &mut Transport, io: &mut Io<'_>) {
        let Some(mut player) = keys.tone(io.now, (&self.plan, &self.coding)) else {
            keys.next_at = (!keys.tones.is_empty()).then_some(io.now);
            return;
        };
        let mut payload = payload_room();
        match player.tick(io.now, transport.is_open(), &mut payload) {
            Tick::Finished => {
                keys.next_at = (!keys.tones.is_empty()).then_some(io.now);
                return;
            }
            Tick::Nothing => {}
            Tick::Packet { len, sequence, timestamp } => {
                let origin = Origin::Player(player.id.0);
                let payload = payload.get(..len).unwrap_or_default();
                self.send_own(
                    (origin, player.index()),
                    (sequence, timestamp, false),
                    payload,
                    transport,
                    io,
                );
            }
        }
        keys.next_at = Some(player.next_at);
        keys.tone = Some(player);
    }

    fn tick_event(&mut self, keys: &mut Keys, transport: &mut Transport, io: &mut Io<'_>) {
        let at = keys.next_at.take().unwrap_or(io.now);
        let Some(payload_type) = self.formats.event_type(keys.rate) else {
            return;
        };
        let clock_rate = clock_rate(&self.plan);
        let elapsed = io.now.saturating_duration_since(keys.epoch).as_micros();
        // Wraps like an RTP timestamp.
        let virtual_now = (elapsed * u128::from(keys.rate) / 1_000_000) as u32;
        if let Some(packet) = keys.events.poll_output(virtual_now) {
            if packet.marker || keys.started.is_none() {
                keys.started = Some((packet.timestamp, self.rewriter.timestamp_at(io.now)));
            }
            let (virtual_start, wire_start) = keys.started.unwrap_or_default();
            let since = u64::from(packet.timestamp.wrapping_sub(virtual_start));
            let since = (since * u64::from(clock_rate) / u64::from(keys.rate)) as u32;
            let header = Header {
                marker: packet.marker,
                payload_type,
                sequence: self.rewriter.insert(io.now).sequence,
                timestamp: wire_start.wrapping_add(since),
                ssrc: Ssrc(self.plan.local_ssrc),
            };
            self.send(header, &[], &packet.payload, transport, io);
        }
        keys.next_at = keys.events.is_busy().then_some((at + EVENT_TICK).max(io.now));
    }

    /// Notes a telephone-event packet.
    pub(crate) fn hear_event(&mut self, now: Instant, rate: u32, view: &RtpView<'_>) {
        let Ok(event) = EventPayload::parse(view.payload()) else {
            return;
        };
        // Browsers agree to events at the clock of every codec and use whichever they like:
        // Chrome sends those of 8 kHz beside opus.
        if rate != self.heard_events_rate {
            self.events = EventReceiver::new(rate, self.dtmf.timeout);
            self.heard_events_rate = rate;
        }
        self.events.handle_input(now, view.timestamp(), event);
    }

    /// The clock of the events that arrive, which need not be that of the audio.
    pub(crate) fn heard_events_rate(&self) -> u32 {
        self.heard_events_rate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIVE: EventCode = EventCode(5);
    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_key_by_info_and_as_event_is_one_press_in_either_order() {
        let now = Instant::now();
        let mut filter = KeyFilter::default();
        filter.began(now, FIVE);
        assert!(!filter.heard(now + 100 * MS, KeySource::Signalling, FIVE, Some(FIVE)));
        assert!(filter.ended(now + 200 * MS, FIVE));
        assert!(!filter.heard(now + 250 * MS, KeySource::Signalling, FIVE, None));
        assert!(filter.heard(now + 900 * MS, KeySource::Signalling, FIVE, None));
        filter.began(now + 950 * MS, FIVE);
        assert!(!filter.ended(now + 3000 * MS, FIVE));
    }

    #[test]
    fn one_way_alone_is_never_doubted() {
        let now = Instant::now();
        let mut filter = KeyFilter::default();
        for press in 0..5 {
            assert!(filter.heard(now + press * 80 * MS, KeySource::Tones, FIVE, None));
        }
        for press in 10..15 {
            filter.began(now + press * 100 * MS, FIVE);
            assert!(filter.ended(now + press * 100 * MS + 50 * MS, FIVE));
        }
    }

    #[test]
    fn another_key_is_another_press() {
        let now = Instant::now();
        let mut filter = KeyFilter::default();
        assert!(filter.heard(now, KeySource::Signalling, FIVE, None));
        assert!(filter.heard(now, KeySource::Tones, EventCode(6), None));
    }
}
