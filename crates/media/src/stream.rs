//! One `m=` line of a leg: what is known about the stream we receive, and the stream we send.
//!
//! Sending goes through [`Stream::send`] whatever the source: it picks the payload type, continues
//! the numbers, writes the header extensions of this hop, and hands the packet to the transport.

use std::time::{Duration, Instant};

use sidetone_rtp::event::EventReceiver;
use sidetone_rtp::extension::abs_send_time;
use sidetone_rtp::reception::Reception;
use sidetone_rtp::retransmission::{NackGenerator, RetransmissionBuffer, RtxHeader, write_rtx};
use sidetone_rtp::transmission::Transmission;
use sidetone_rtp::{Header, RtpView, Ssrc};
use sidetone_sdp::plan::{CodecPlan, Direction, MediaKind, StreamPlan, StreamState};

use crate::clock::Io;
use crate::codecs::Coding;
use crate::feedback::{BitrateEstimate, KeyframeRequests};
use crate::formats::{AudioFormat, Extensions, FormatKey, Formats, Payload};
use crate::jitter::{JitterBuffer, JitterSettings};
use crate::keys::{KeyFilter, Keys};
use crate::listener::ToneListener;
use crate::noise::Noise;
use crate::player::{Player, Tick, packet_time_of, payload_room};
use crate::rewrite::{Origin, Rewriter};
use crate::settings::{DtmfSettings, RtpSettings, ToneDetection};
use crate::source::{DtmfRelay, PlaybackId};
use crate::transcode::{Target, Transcoding};
use crate::transport::Transport;

/// Video packets kept for repetition: about a second at 2.5 Mbit/s.
const HISTORY_PACKETS: usize = 256;
/// Their size; larger packets are kept too, at the price of one allocation each.
const HISTORY_PACKET_LEN: usize = 1300;
/// Extension elements on one outgoing packet: MID, send time and a few that are passed on.
const MAX_ELEMENTS: usize = 6;
/// What a received packet carries, for those it is forwarded to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrived<'a> {
    pub(crate) view: RtpView<'a>,
    pub(crate) payload: Payload,
    pub(crate) key: Option<FormatKey>,
    /// Unique to the stream it arrived on.
    pub(crate) uid: u64,
    /// Its codec, to transcode from.
    pub(crate) audio: Option<AudioFormat>,
    pub(crate) extensions: Extensions,
    /// A key sounds in it that is passed on in another way.
    pub(crate) muted: bool,
}

#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) index: usize,
    pub(crate) plan: StreamPlan,
    pub(crate) formats: Formats,
    pub(crate) dtmf_relay: DtmfRelay,
    // Receiving.
    pub(crate) reception: Option<Reception>,
    pub(crate) remote_fraction_lost: u8,
    pub(crate) events: EventReceiver,
    pub(crate) events_rate: u32,
    pub(crate) heard_events_rate: u32,
    pub(crate) dtmf: DtmfSettings,
    pub(crate) key_filter: KeyFilter,
    /// Listens for keys in the audio.
    pub(crate) listener: Option<Box<ToneListener>>,
    pub(crate) jitter: Option<Box<JitterBuffer>>,
    pub(crate) coding: Coding,
    pub(crate) nack: Option<Box<NackGenerator>>,
    pub(crate) estimate: Option<BitrateEstimate>,
    pub(crate) keyframes: KeyframeRequests,
    pub(crate) heard_at: Instant,
    /// When a packet left last; before the first, when the stream began.
    sent_at: Instant,
    pub(crate) heard: bool,
    pub(crate) silence_told: bool,
    // Sending.
    pub(crate) rewriter: Rewriter,
    pub(crate) transmission: Transmission,
    pub(crate) keys: Option<Box<Keys>>,
    /// Packets to repeat: in clear when repetitions have a stream of their own, else as they went
    /// to the network, since nothing is protected twice under one number.
    pub(crate) history: Option<Box<RetransmissionBuffer>>,
    /// The stream of repetitions (RFC 4588) and its next sequence number.
    rtx: Option<(Ssrc, u16)>,
    pub(crate) player: Option<Box<Player>>,
    /// Comfort noise in place of a peer that is silent.
    pub(crate) noise: Option<Box<Noise>>,
    transcoding: Option<Box<Transcoding>>,
    /// The receiver's wish for our video (REMB).
    pub(crate) wanted_bps: Option<u64>,
    /// Whether several streams share the transport, so that packets must name theirs.
    pub(crate) names_mid: bool,
}

impl Stream {
    pub(crate) fn new(
        index: usize,
        plan: StreamPlan,
        settings: &RtpSettings,
        io: &mut Io<'_>,
    ) -> Self {
        let (now, dtmf) = (io.now, settings.dtmf);
        let (clock_rate, events_rate) = (clock_rate(&plan), events_rate(&plan));
        // The low bits of 32 random ones.
        let sequence = (io.random.u32() & 0xffff) as u16;
        let mut stream = Self {
            index,
            formats: Formats::new(&plan),
            dtmf_relay: DtmfRelay::default(),
            reception: None,
            remote_fraction_lost: 0,
            events: EventReceiver::new(events_rate, dtmf.timeout),
            events_rate,
            heard_events_rate: events_rate,
            dtmf,
            key_filter: KeyFilter::default(),
            listener: None,
            jitter: None,
            coding: Coding::new(settings.codecs),
            nack: None,
            estimate: None,
            keyframes: KeyframeRequests::default(),
            heard_at: now,
            sent_at: now,
            heard: false,
            silence_told: false,
            rewriter: Rewriter::new(clock_rate, sequence, io.random.u32()),
            transmission: Transmission::new(Ssrc(plan.local_ssrc), clock_rate),
            keys: None,
            history: None,
            rtx: None,
            player: None,
            noise: None,
            transcoding: None,
            wanted_bps: None,
            names_mid: false,
            plan,
        };
        stream.set_up_feedback();
        stream.set_up_listener(now);
        stream
    }

    /// Takes a later plan. Numbers and statistics go on, unless our SSRC changed. Returns a
    /// playback that cannot go on under it.
    pub(crate) fn update(&mut self, plan: StreamPlan, now: Instant) -> Option<(PlaybackId, u64)> {
        if self.plan == plan {
            return None;
        }
        let clock_rate = clock_rate(&plan);
        if plan.local_ssrc != self.plan.local_ssrc {
            self.transmission = Transmission::new(Ssrc(plan.local_ssrc), clock_rate);
        }
        let events_rate = events_rate(&plan);
        if events_rate != self.events_rate {
            self.events = EventReceiver::new(events_rate, self.dtmf.timeout);
            self.events_rate = events_rate;
            self.heard_events_rate = events_rate;
            self.keys = None;
        }
        let held = plan.direction != Direction::SendRecv;
        if held != self.is_held() {
            // Hold starts a new count of silence, and so does its end.
            self.heard_at = now;
            self.silence_told = false;
        }
        self.formats = Formats::new(&plan);
        self.coding.forget();
        self.rewriter.set_clock_rate(clock_rate);
        self.rewriter.detach();
        self.plan = plan;
        self.set_up_feedback();
        self.set_up_listener(now);
        let mut player = self.player.take()?;
        let goes_on = self.is_active()
            && (player.suits(&self.plan, &self.coding)
                || player.retarget(now, &self.plan, &self.coding).is_ok());
        if goes_on {
            self.player = Some(player);
            return None;
        }
        Some((player.id, player.played()))
    }

    /// Listens for tones where `dtmf_mode` asks for it; afresh, since codecs may have changed.
    fn set_up_listener(&mut self, now: Instant) {
        let wanted = match self.dtmf.detection {
            ToneDetection::Never => false,
            ToneDetection::Always => true,
            ToneDetection::WithoutEvents => self.plan.telephone_events.is_empty(),
        };
        let listens = wanted && self.receives() && self.plan.kind == MediaKind::Audio;
        self.listener = listens.then(|| Box::new(ToneListener::new(now, self.dtmf.timeout)));
    }

    /// Puts a jitter buffer before what is received, changes or removes it. One that stays as it
    /// was keeps what it knows, unless the clock changed.
    pub(crate) fn set_up_jitter(&mut self, settings: Option<JitterSettings>) {
        let wanted = settings.filter(|_| self.plan.kind == MediaKind::Audio && self.receives());
        let same = self.jitter.as_ref().map(|jitter| jitter.settings()) == wanted;
        if !same {
            let rate = clock_rate(&self.plan);
            self.jitter = wanted.map(|wanted| Box::new(JitterBuffer::new(wanted, rate)));
        }
    }

    fn set_up_feedback(&mut self) {
        let feedback = self.codec().map(|codec| codec.feedback).unwrap_or_default();
        if self.plan.kind != MediaKind::Video {
            (self.nack, self.history, self.estimate) = (None, None, None);
            return;
        }
        let rtx_ssrc = self.plan.local_rtx_ssrc.filter(|_| !self.plan.rtx.is_empty());
        let changed = rtx_ssrc != self.rtx.map(|(ssrc, _)| ssrc.0);
        if changed {
            self.rtx = rtx_ssrc.map(|ssrc| (Ssrc(ssrc), self.rewriter.random_start()));
        }
        if !feedback.nack {
            (self.nack, self.history) = (None, None);
        } else if self.nack.is_none() || changed {
            self.nack.get_or_insert_default();
            let history = RetransmissionBuffer::new(HISTORY_PACKETS, HISTORY_PACKET_LEN);
            self.history = Some(Box::new(history));
        }
        match feedback.remb {
            true if self.estimate.is_none() => self.estimate = Some(BitrateEstimate::default()),
            true => {}
            false => self.estimate = None,
        }
    }

    /// The codec we send by default.
    pub(crate) fn codec(&self) -> Option<&CodecPlan> {
        self.plan.codecs.first()
    }

    pub(crate) fn is_active(&self) -> bool {
        self.plan.state == StreamState::Active && self.plan.kind != MediaKind::Other
    }

    /// Whether one of the sides does not want to hear the other.
    pub(crate) fn is_held(&self) -> bool {
        self.plan.direction != Direction::SendRecv
    }

    pub(crate) fn receives(&self) -> bool {
        self.is_active() && self.plan.direction.receives()
    }

    pub(crate) fn sends(&self) -> bool {
        self.is_active() && self.plan.direction.sends()
    }

    pub(crate) fn sent_at(&self) -> Instant {
        self.sent_at
    }

    pub(crate) fn remote_ssrc(&self) -> Option<Ssrc> {
        self.reception.as_ref().map(Reception::ssrc)
    }

    /// Sends a packet that arrived elsewhere (or here: echo). False when it was not sent.
    pub(crate) fn forward(
        &mut self,
        arrived: &Arrived<'_>,
        transport: &mut Transport,
        io: &mut Io<'_>,
    ) -> bool {
        if self.player.is_some() {
            return false;
        }
        if self.is_pressing() || arrived.muted && !self.takes_tones() {
            // A key interrupts the audio; what comes after it continues without a gap.
            self.rewriter.detach();
            self.interrupt_transcoding();
            return false;
        }
        if self.plan.kind == MediaKind::Text {
            return self.forward_text(arrived, transport, io);
        }
        if arrived.payload == Payload::ComfortNoise && self.formats.comfort_noise().is_none() {
            return self.make_noise(arrived, io);
        }
        self.noise = None;
        let Some(payload_type) = self.payload_type(arrived) else {
            return self.transcode(arrived, transport, io);
        };
        self.forward_as((payload_type, arrived.view.payload()), arrived, transport, io)
    }

    /// Sends a packet on under a payload type of this leg, with the payload given.
    pub(crate) fn forward_as(
        &mut self,
        (payload_type, payload): (u8, &[u8]),
        arrived: &Arrived<'_>,
        transport: &mut Transport,
        io: &mut Io<'_>,
    ) -> bool {
        if matches!(arrived.payload, Payload::Codec(_)) {
            // The codecs of both sides agree (again).
            self.transcoding.take_if(|transcoding| transcoding.uid == arrived.uid);
        }
        let header = arrived.view.header();
        let origin = Origin::Stream(arrived.uid, header.ssrc.0);
        let mapped = self.rewriter.map(io.now, origin, header.sequence, header.timestamp);
        let Some(numbers) = mapped else { return false };
        let audio = self.plan.kind == MediaKind::Audio;
        let out = Header {
            marker: header.marker || (numbers.switched && audio),
            payload_type,
            sequence: numbers.sequence,
            timestamp: numbers.timestamp,
            ssrc: Ssrc(self.plan.local_ssrc),
        };
        let mut passed: [(u8, &[u8]); MAX_ELEMENTS] = [(0, &[]); MAX_ELEMENTS];
        let mut count = 0;
        if arrived.extensions.passes_any() && arrived.view.extension().is_some() {
            for element in arrived.view.elements() {
                let id = self.formats.extensions.pass(&arrived.extensions, element.id);
                // Two places are kept for the elements of this hop.
                if let (Some(id), Some(place)) = (id, passed[2..].get_mut(count)) {
                    *place = (id, element.value);
                    count += 1;
                }
            }
        }
        let passed = passed.get(2..2 + count).unwrap_or_default();
        self.send(out, passed, payload, transport, io)
    }

    /// What is transcoded next follows a pause.
    pub(crate) fn interrupt_transcoding(&mut self) {
        if let Some(transcoding) = &mut self.transcoding {
            transcoding.interrupt();
        }
    }

    fn payload_type(&self, arrived: &Arrived<'_>) -> Option<u8> {
        match arrived.payload {
            Payload::Codec(_) if self.wants_another(arrived) => None,
            Payload::Codec(_) if self.conceals_equal(arrived) => None,
            Payload::Codec(_) => self.formats.outgoing(arrived.key?),
            Payload::Event(rate) if self.regenerates(arrived.uid, rate) => None,
            Payload::Event(rate) => self.formats.event_type(rate),
            Payload::ComfortNoise => self.formats.comfort_noise(),
            Payload::Unknown | Payload::Retransmission(_) => None,
        }
    }

    /// Whether digits from this stream are made anew here, because their clock differs or the
    /// audio around them is transcoded.
    pub(crate) fn regenerates(&self, uid: u64, rate: u32) -> bool {
        let transcodes = self
            .transcoding
            .as_ref()
            .is_some_and(|transcoding| transcoding.uid == uid && transcoding.is_possible());
        transcodes || self.formats.event_type(rate).is_none()
    }

    /// Whether audio must be translated although the peer agreed to its codec: because the peer
    /// sends another one itself (`asymmetric_rtp_codec = no`), and both can be coded.
    fn wants_another(&self, arrived: &Arrived<'_>) -> bool {
        let Some(followed) = self.coding.followed() else {
            return false;
        };
        self.formats.key(followed) != arrived.key
            && arrived.audio.is_some()
            && self.formats.audio(followed).is_some()
    }

    /// Whether audio that could pass as it is goes through a decoder all the same, so that what was
    /// lost on the way to us can be concealed.
    fn conceals_equal(&self, arrived: &Arrived<'_>) -> bool {
        self.coding.settings.conceals_equal && arrived.audio.is_some()
    }

    /// The peer said how much it loses.
    pub(crate) fn note_loss(&mut self, fraction: u8) {
        let Some(percent) = self.coding.note_loss(fraction) else {
            return;
        };
        if let Some(transcoding) = &mut self.transcoding {
            transcoding.set_expected_loss(percent);
        }
        if let Some(player) = &mut self.player {
            player.set_expected_loss(percent);
        }
    }

    /// Sends audio that arrived in another codec than the one to send.
    fn transcode(
        &mut self,
        arrived: &Arrived<'_>,
        transport: &mut Transport,
        io: &mut Io<'_>,
    ) -> bool {
        let equal = arrived.key.and_then(|key| self.formats.index(key));
        let equal = equal.filter(|_| self.conceals_equal(arrived));
        let codec = self.coding.followed().or(equal).unwrap_or(0);
        let (Some(from), Some(audio), Some(to)) =
            (arrived.key, arrived.audio, self.formats.key(codec))
        else {
            return false;
        };
        if self.plan.kind != MediaKind::Audio || !matches!(arrived.payload, Payload::Codec(_)) {
            return false;
        }
        let known = self.transcoding.as_ref();
        if !known.is_some_and(|known| known.serves(arrived.uid, from, to)) {
            let before = self.transcoding.take();
            let made = Transcoding::follow(before, arrived.uid, (from, audio), self.target(codec));
            self.transcoding = Some(made);
        }
        let Some(mut transcoding) = self.transcoding.take() else {
            return false;
        };
        if transcoding.handle_packet(&arrived.view) {
            // Then the clock on the wall says how much time passed.
            self.rewriter.detach();
        }
        let mut payload = payload_room();
        let mut sent = false;
        while let Some(packet) = transcoding.poll_output(&mut payload) {
            let origin = Origin::Transcoder(arrived.uid);
            let numbers = (packet.sequence, packet.timestamp, packet.resumes);
            let payload = payload.get(..packet.len).unwrap_or_default();
            sent |= self.send_own((origin, codec), numbers, payload, transport, io);
        }
        self.transcoding = Some(transcoding);
        sent
    }

    /// What a transcoder to one of the agreed codecs should make.
    fn target(&mut self, codec: u8) -> Target {
        let audio = self.formats.audio(codec);
        if let Some(audio) = audio {
            self.rewriter.set_clock_rate(audio.clock_rate);
        }
        let plan = self.plan.codecs.get(usize::from(codec));
        Target {
            key: self.formats.key(codec),
            audio,
            time: packet_time_of(&self.plan, usize::from(codec)),
            coder: plan.map(|plan| self.coding.coder(plan)).unwrap_or_default(),
            conceals: self.coding.settings.generic_concealment,
        }
    }

    /// Sends audio that we encoded; its numbers, and whether it follows a pause.
    pub(crate) fn send_own(
        &mut self,
        (origin, codec): (Origin, u8),
        (sequence, timestamp, resumes): (u16, u32, bool),
        payload: &[u8],
        transport: &mut Transport,
        io: &mut Io<'_>,
    ) -> bool {
        let Some(payload_type) = self.formats.send_type(codec) else {
            return false;
        };
        let Some(numbers) = self.rewriter.map(io.now, origin, sequence, timestamp) else {
            return false;
        };
        let header = Header {
            marker: numbers.switched || resumes,
            payload_type,
            sequence: numbers.sequence,
            timestamp: numbers.timestamp,
            ssrc: Ssrc(self.plan.local_ssrc),
        };
        self.send(header, &[], payload, transport, io)
    }

    /// Plays what is due; the playback and how far it came when it is over.
    pub(crate) fn tick_player(
        &mut self,
        transport: &mut Transport,
        io: &mut Io<'_>,
    ) -> Option<(PlaybackId, u64)> {
        let mut player = self.player.take_if(|player| player.next_at <= io.now)?;
        if player.follow(io.now, &self.plan, &self.coding) {
            self.rewriter.detach();
        }
        let mut payload = payload_room();
        let open = transport.is_open();
        match player.tick(io.now, open, &mut payload) {
            Tick::Finished => return Some((player.id, player.played())),
            Tick::Nothing => {}
            // A digit is being sent: the prompt goes on unheard below it.
            Tick::Packet { .. } if self.is_pressing() => self.rewriter.detach(),
            Tick::Packet { len, sequence, timestamp } => {
                let origin = Origin::Player(player.id.0);
                let payload = payload.get(..len).unwrap_or_default();
                let codec = player.index();
                self.send_own(
                    (origin, codec),
                    (sequence, timestamp, false),
                    payload,
                    transport,
                    io,
                );
            }
        }
        self.player = Some(player);
        None
    }

    /// Writes, protects, sends and remembers one packet.
    pub(crate) fn send(
        &mut self,
        header: Header,
        passed: &[(u8, &[u8])],
        payload: &[u8],
        transport: &mut Transport,
        io: &mut Io<'_>,
    ) -> bool {
        if !self.sends() {
            return false;
        }
        let mut elements: [(u8, &[u8]); MAX_ELEMENTS] = [(0, &[]); MAX_ELEMENTS];
        let mut count = 0;
        let mut add = |id: u8, value| {
            if let Some(place) = elements.get_mut(count) {
                *place = (id, value);
                count += 1;
            }
        };
        let mid = self.plan.mid.as_deref().filter(|_| self.names_mid);
        if let (Some(id), Some(mid)) = (self.formats.extensions.mid, mid) {
            add(id, mid.as_bytes());
        }
        let send_time;
        if let Some(id) = self.formats.extensions.abs_send_time {
            send_time = abs_send_time(io.clock.ntp(io.now));
            add(id, &send_time);
        }
        for (id, value) in passed {
            add(*id, value);
        }
        let elements = elements.get(..count).unwrap_or_default();
        let Ok(len) = header.write_packet(io.scratch, elements, payload) else {
            return false;
        };
        let in_clear = self.rtx.is_some();
        if in_clear
            && let (Some(history), Some(packet)) = (&mut self.history, io.scratch.get(..len))
        {
            history.store(io.now, header.sequence, packet);
        }
        let Some(sent) = transport.send_rtp(io.scratch, len, io.out) else {
            return false;
        };
        self.transmission.handle_rtp(io.now, header.timestamp, payload.len());
        self.sent_at = io.now;
        if !in_clear
            && let (Some(history), Some(packet)) = (&mut self.history, io.scratch.get(..sent))
        {
            history.store(io.now, header.sequence, packet);
        }
        true
    }

    /// Repeats packets the peer misses.
    pub(crate) fn repeat(
        &mut self,
        lost: impl Iterator<Item = u16>,
        transport: &mut Transport,
        io: &mut Io<'_>,
    ) {
        /// Packets repeated for one request: more would make congestion worse.
        const MAX_REPEATED: usize = 64;
        let round_trip = self.transmission.snapshot().round_trip;
        let interval = round_trip.unwrap_or_default().min(Duration::from_millis(100));
        let Some(history) = &mut self.history else {
            return;
        };
        for sequence in lost.take(MAX_REPEATED) {
            let Some(packet) = history.fetch(io.now, sequence, interval) else {
                continue;
            };
            let Some((ssrc, next)) = &mut self.rtx else {
                transport.resend(packet, io.out);
                continue;
            };
            let original = packet.get(1).map(|byte| byte & 0x7f);
            let pair = self.plan.rtx.iter().find(|(_, of)| Some(*of) == original);
            let Some((payload_type, _)) = pair.copied() else {
                continue;
            };
            let header = RtxHeader { ssrc: *ssrc, payload_type, sequence: *next };
            *next = next.wrapping_add(1);
            if let Ok(len) = write_rtx(io.scratch, packet, header) {
                transport.send_rtp(io.scratch, len, io.out);
            }
        }
    }

    /// Sends something small when nothing was sent for a while (RFC 6263): comfort noise when
    /// agreed, else an empty packet of a payload type nobody uses (§4.6).
    pub(crate) fn keep_alive(&mut self, transport: &mut Transport, io: &mut Io<'_>) {
        // Also when it cannot leave: the next try is due a whole interval later.
        self.sent_at = io.now;
        let unused =
            || (96..=127).rev().find(|number| self.formats.incoming(*number) == Payload::Unknown);
        let comfort = self.formats.comfort_noise();
        let Some(payload_type) = comfort.or_else(unused) else {
            return;
        };
        // RFC 3389 §3.1: one byte of noise level, -70 dBov.
        let payload: &[u8] = if comfort.is_some() { &[70] } else { &[] };
        let numbers = self.rewriter.insert(io.now);
        let header = Header {
            marker: false,
            payload_type,
            sequence: numbers.sequence,
            timestamp: numbers.timestamp,
            ssrc: Ssrc(self.plan.local_ssrc),
        };
        self.send(header, &[], payload, transport, io);
    }

    /// Touches what a packet will need, so that the memory is on its way.
    pub(crate) fn warm(&self) -> usize {
        let reception = self.reception.as_ref().map_or(0, |reception| reception.ssrc().0);
        let events = usize::from(self.events.next_timeout().is_some());
        let sending = self.transmission.ssrc().0 ^ self.rewriter.clock_rate();
        self.formats.warm()
            + events
            + (reception ^ sending) as usize
            + usize::from(self.player.is_some())
            + usize::from(self.plan.direction.sends())
    }

    /// When this stream needs the clock next.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let nack = self.nack.as_ref().and_then(|nack| nack.next_timeout());
        // Requests name the peer's stream: before its first packet they wait.
        let keyframe = self.keyframes.due_at().filter(|_| self.reception.is_some());
        let player = self.player.as_ref().map(|player| player.next_at);
        let keys = self.keys.as_ref().and_then(|keys| keys.next_at);
        let listener = self.listener.as_ref().and_then(|listener| listener.deadline());
        let jitter = self.jitter.as_ref().and_then(|jitter| jitter.deadline());
        let noise = self.noise.as_ref().map(|noise| noise.next_at());
        [player, noise, self.events.next_timeout(), keys, listener, jitter, nack, keyframe]
            .into_iter()
            .flatten()
            .min()
    }
}

pub(crate) fn clock_rate(plan: &StreamPlan) -> u32 {
    let default = match plan.kind {
        MediaKind::Video => 90_000,
        MediaKind::Text => 1000,
        _ => 8000,
    };
    plan.codecs.first().map_or(default, |codec| codec.clock_rate.max(1))
}

/// The clock of telephone-events: that of the audio if agreed (RFC 4733 §2.1), else whatever is.
fn events_rate(plan: &StreamPlan) -> u32 {
    let clock_rate = clock_rate(plan);
    let same = plan.telephone_events.iter().find(|(rate, _)| *rate == clock_rate);
    same.or(plan.telephone_events.first()).map_or(8000, |(rate, _)| (*rate).max(1))
}
