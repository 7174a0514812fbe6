//! One leg: its transports and streams, the sorting of packets onto streams, and its timers.
//! Reports and feedback are in [`crate::report`], routes between legs in [`crate::graph`].

use std::time::{Duration, Instant};

use sidetone_base::LegId;
use sidetone_rtp::event::{EventCode, Press};
use sidetone_rtp::extension::parse_transport_sequence;
use sidetone_rtp::reception::{Reception, Sequence};
use sidetone_rtp::retransmission::restore_rtx;
use sidetone_rtp::rtcp::TransportCcRecorder;
use sidetone_rtp::{RtpView, Ssrc};
use sidetone_sdp::plan::{LocalTransport, MediaKind, MediaPlan};

use crate::clock::Io;
use crate::event::LegEvent;
use crate::formats::Payload;
use crate::keys::{HeardKey, KeySource, Pressed};
use crate::player::{Player, Program};
use crate::quality::{DirectionQuality, StreamQuality};
use crate::refusal::Refusal;
use crate::source::PlaybackId;
use crate::stream::{Stream, clock_rate};
use crate::transport::{Identity, NewTransport, Transport, TransportNews};

/// `m=` lines of one leg; the offer/answer exchange has a lower limit of its own.
pub(crate) const MAX_STREAMS: usize = 32;
/// SSRCs learned on one leg. Re-INVITEs and retransmission streams bring new ones.
const MAX_LEARNED: usize = 64;
/// First RTCP report after media may flow: early, so that the peer can synchronise lips.
const FIRST_REPORT: Duration = Duration::from_millis(500);
/// Spacing of transport-wide feedback; senders want it every 50–250 ms.
pub(crate) const TRANSPORT_CC_INTERVAL: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub(crate) struct Leg {
    pub(crate) id: LegId,
    pub(crate) identity: Identity,
    pub(crate) cname: String,
    pub(crate) transports: Vec<Transport>,
    pub(crate) recorders: Vec<Option<Box<TransportCcRecorder>>>,
    pub(crate) streams: Vec<Stream>,
    learned: Vec<(u32, usize, usize)>,
    pub(crate) report_at: Option<Instant>,
    /// RTCP was sent: others may know of us.
    pub(crate) reported: bool,
    pub(crate) recorders_at: Option<Instant>,
    pub(crate) events: Vec<LegEvent>,
    /// Keys that were pressed and released, until the graph passes them on.
    pub(crate) heard_keys: Vec<HeardKey>,
    /// A timer may have to be set earlier than it is.
    touched: bool,
}

/// A packet that was received: the stream, its length in clear, and what it carries.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Received {
    pub(crate) stream: usize,
    pub(crate) len: usize,
    pub(crate) payload: Payload,
}

impl Leg {
    pub(crate) fn new(
        id: LegId,
        identity: Identity,
        transports: Vec<NewTransport>,
        io: &mut Io<'_>,
    ) -> Self {
        let mut leg = Self {
            id,
            identity,
            // RFC 7022 §4.2: a short-lived random name, 96 bits.
            cname: io.random.token(16),
            transports: Vec::new(),
            recorders: Vec::new(),
            streams: Vec::new(),
            learned: Vec::new(),
            report_at: None,
            reported: false,
            recorders_at: None,
            events: Vec::new(),
            heard_keys: Vec::new(),
            touched: false,
        };
        leg.add_transports(transports, io);
        leg
    }

    pub(crate) fn add_transports(&mut self, transports: Vec<NewTransport>, io: &mut Io<'_>) {
        // Most legs have one for life.
        self.transports.reserve_exact(transports.len());
        self.recorders.reserve_exact(transports.len());
        for new in transports {
            let index = self.transports.len();
            let made = Transport::new(io.now, index, new, &self.identity, io.random);
            self.transports.push(made);
            self.recorders.push(None);
        }
    }

    pub(crate) fn local_transports(&self) -> Vec<LocalTransport> {
        self.transports.iter().map(|transport| transport.local(&self.identity)).collect()
    }

    /// Applies a plan, or says why it does not fit; then nothing has changed.
    pub(crate) fn apply(&mut self, plan: MediaPlan, io: &mut Io<'_>) -> Result<(), String> {
        self.check(&plan)?;
        let MediaPlan { streams, transports } = plan;
        for (transport, plan) in self.transports.iter_mut().zip(&transports) {
            transport.apply(io.now, plan, &self.identity, io.random);
        }
        self.streams.reserve_exact(streams.len().saturating_sub(self.streams.len()));
        for (index, plan) in streams.into_iter().enumerate() {
            match self.streams.get_mut(index) {
                Some(stream) => {
                    if let Some((id, samples_played)) = stream.update(plan, io.now) {
                        let finished =
                            LegEvent::PlaybackFinished { stream: index, id, samples_played };
                        self.events.push(finished);
                    }
                }
                None => {
                    let settings = &self.identity.settings;
                    self.streams.push(Stream::new(index, plan, settings, io));
                }
            }
        }
        self.set_up_jitter();
        // RFC 3264 §8: lines are never removed, but a leg that starts over may have fewer.
        self.learned.clear();
        self.learn_announced();
        self.set_up_shared();
        if self.report_at.is_none() {
            let jitter = io.random.below(FIRST_REPORT.as_millis() as u64);
            self.report_at = Some(io.now + FIRST_REPORT / 2 + Duration::from_millis(jitter));
        }
        Ok(())
    }

    /// Puts the jitter buffer of the settings before each audio stream.
    pub(crate) fn set_up_jitter(&mut self) {
        let jitter = self.identity.settings.jitter;
        self.streams.iter_mut().for_each(|stream| stream.set_up_jitter(jitter));
    }

    /// Puts a packet into its stream's jitter buffer; false when it has none.
    pub(crate) fn hold_back(&mut self, now: Instant, received: Received, packet: &[u8]) -> bool {
        let Some(stream) = self.streams.get_mut(received.stream) else {
            return false;
        };
        let Some(jitter) = &mut stream.jitter else {
            return false;
        };
        let Ok(view) = RtpView::parse(packet) else {
            return true;
        };
        let numbers = (view.sequence(), view.timestamp(), view.ssrc().0);
        jitter.handle_input(now, numbers, received.payload, packet);
        self.touched = true;
        true
    }

    fn check(&self, plan: &MediaPlan) -> Result<(), String> {
        if plan.streams.len() > MAX_STREAMS {
            return Err(format!("{} streams, the limit is {MAX_STREAMS}", plan.streams.len()));
        }
        if plan.transports.len() > self.transports.len() {
            let (wanted, have) = (plan.transports.len(), self.transports.len());
            return Err(format!("{wanted} transports, the leg has {have}: add some first"));
        }
        for stream in &plan.streams {
            let active = stream.state == sidetone_sdp::plan::StreamState::Active;
            if active && stream.transport >= plan.transports.len() {
                return Err(format!("a stream uses transport {}", stream.transport));
            }
        }
        let identity = &self.identity;
        plan.transports.iter().try_for_each(|transport| Transport::check(transport, identity))
    }

    /// RFC 8843 §9.2: SSRCs that the SDP announced are known before the first packet.
    fn learn_announced(&mut self) {
        for stream in self.streams.iter().filter(|stream| stream.is_active()) {
            for ssrc in &stream.plan.remote_ssrcs {
                if self.learned.len() < MAX_LEARNED {
                    self.learned.push((*ssrc, stream.plan.transport, stream.index));
                }
            }
        }
    }

    fn set_up_shared(&mut self) {
        for index in 0..self.transports.len() {
            let on_this =
                |stream: &&mut Stream| stream.plan.transport == index && stream.is_active();
            let count = self.streams.iter_mut().filter(on_this).count();
            let (mut wants_feedback, mut faxes) = (false, false);
            for stream in self.streams.iter_mut().filter(on_this) {
                stream.names_mid = count > 1;
                faxes |= stream.plan.kind == MediaKind::Image;
                let agreed = stream.plan.codecs.iter().any(|codec| codec.feedback.transport_cc);
                wants_feedback |= agreed && stream.formats.extensions.transport_cc.is_some();
            }
            if let Some(transport) = self.transports.get_mut(index) {
                transport.set_udptl(faxes);
            }
            if let Some(recorder) = self.recorders.get_mut(index) {
                match (wants_feedback, recorder.is_some()) {
                    (true, false) => *recorder = Some(Box::default()),
                    (false, true) => *recorder = None,
                    (true, true) | (false, false) => {}
                }
            }
        }
    }

    /// Finds the stream of a packet: the MID it carries, then its SSRC as announced or learned,
    /// then its payload type (RFC 8843 §9.2).
    fn identify(&mut self, transport: usize, view: &RtpView<'_>) -> Option<usize> {
        let on_this = |stream: &&Stream| stream.plan.transport == transport && stream.is_active();
        let mut streams = self.streams.iter().filter(on_this);
        let first = streams.next()?;
        if streams.next().is_none() {
            return Some(first.index);
        }
        let ssrc = view.ssrc().0;
        let known = self.learned.iter().find(|(known, on, _)| *known == ssrc && *on == transport);
        let known = known.map(|(_, _, stream)| *stream);
        let by_mid = first.formats.extensions.mid.and_then(|id| view.element(id)).and_then(|mid| {
            let named = |stream: &&Stream| {
                stream.plan.mid.as_ref().is_some_and(|own| own.as_bytes() == mid)
            };
            self.streams.iter().filter(on_this).find(named).map(|stream| stream.index)
        });
        let found = by_mid.or(known).or_else(|| {
            let payload_type = view.payload_type();
            let mut takers = self
                .streams
                .iter()
                .filter(on_this)
                .filter(|stream| stream.formats.incoming(payload_type) != Payload::Unknown);
            // Only a payload type that one stream alone has says something.
            takers.next().filter(|_| takers.next().is_none()).map(|stream| stream.index)
        })?;
        if known != Some(found) {
            self.learned.retain(|(known, on, _)| (*known, *on) != (ssrc, transport));
            if self.learned.len() == MAX_LEARNED {
                self.learned.remove(0);
            }
            self.learned.push((ssrc, transport, found));
        }
        Some(found)
    }

    /// Counts a datagram of a transport that goes no further.
    pub(crate) fn refuse(&mut self, transport: usize, refusal: Refusal) {
        if let Some(path) = self.transports.get_mut(transport) {
            path.refused.count(refusal);
        }
    }

    /// Takes an RTP datagram; `None` when there is nothing to forward.
    pub(crate) fn receive_rtp(
        &mut self,
        now: Instant,
        transport: usize,
        source: std::net::SocketAddr,
        datagram: &mut [u8],
    ) -> Option<Received> {
        let path = self.transports.get_mut(transport)?;
        let mut len = path.open_rtp(now, source, datagram)?;
        let Ok(view) = RtpView::parse(datagram.get(..len)?) else {
            path.refused.count(Refusal::Rtp);
            return None;
        };
        let Some(index) = self.identify(transport, &view) else {
            self.refuse(transport, Refusal::Unagreed);
            return None;
        };
        let stream = self.streams.get_mut(index)?;
        if let Some(Some(recorder)) = self.recorders.get_mut(transport) {
            let id = stream.formats.extensions.transport_cc;
            let element = id.and_then(|id| view.element(id));
            if let Some(sequence) = element.and_then(parse_transport_sequence) {
                recorder.handle_input(now, sequence);
                self.touched |= self.recorders_at.is_none();
                self.recorders_at.get_or_insert(now + TRANSPORT_CC_INTERVAL);
            }
        }
        if !stream.receives() {
            return None;
        }
        let mut payload = stream.formats.incoming(view.payload_type());
        if payload == Payload::Unknown {
            self.refuse(transport, Refusal::Unagreed);
            return None;
        }
        if let Payload::Retransmission(original) = payload {
            let ssrc = stream.remote_ssrc()?;
            let Ok(restored) = restore_rtx(datagram.get_mut(..len)?, ssrc, original) else {
                self.refuse(transport, Refusal::Rtp);
                return None;
            };
            // Empty ones ask how much the path carries.
            len = restored?;
            payload = stream.formats.incoming(original);
        } else {
            let header = view.header();
            if stream.remote_ssrc() != Some(header.ssrc) {
                let rate = clock_rate(&stream.plan);
                stream.reception = Some(Reception::new(header.ssrc, rate, 0));
            }
            let reception = stream.reception.as_mut()?;
            let (sequence, timestamp) = (header.sequence, header.timestamp);
            if reception.handle_rtp(now, sequence, timestamp, len) == Sequence::Jump {
                return None;
            }
            if let Payload::Event(rate) = payload {
                stream.hear_event(now, rate, &view);
            }
        }
        self.note_heard(now, index, payload, datagram.get(..len)?);
        Some(Received { stream: index, len, payload })
    }

    fn note_heard(&mut self, now: Instant, index: usize, payload: Payload, packet: &[u8]) {
        let Some(stream) = self.streams.get_mut(index) else {
            return;
        };
        if let (Some(nack), Ok(view)) = (&mut stream.nack, RtpView::parse(packet)) {
            nack.handle_input(now, view.sequence());
        }
        stream.heard_at = now;
        self.touched |= stream.silence_told || stream.deadline().is_some();
        stream.silence_told = false;
        if let Payload::Codec(codec) = payload {
            stream.coding.hear(codec);
        }
        if !stream.heard && matches!(payload, Payload::Codec(_)) {
            stream.heard = true;
            self.events.push(LegEvent::FirstPacket { stream: index });
        }
        if let (Some(listener), Payload::Codec(codec)) = (&mut stream.listener, payload)
            && let Ok(view) = RtpView::parse(packet)
        {
            listener.handle_packet(now, codec, &stream.plan, &view);
        }
        self.take_keys(now, index);
    }

    /// Takes the keys that a stream has heard, each once.
    pub(crate) fn take_keys(&mut self, now: Instant, index: usize) {
        let Some(stream) = self.streams.get_mut(index) else {
            return;
        };
        let mut heard = |code: EventCode, duration, source| {
            if let Some(digit) = code.key() {
                self.events.push(LegEvent::Dtmf { stream: index, digit, duration });
                self.heard_keys.push(HeardKey { stream: index, code, duration, source });
            }
        };
        while let Some(press) = stream.events.poll_output() {
            match press {
                Press::Began(code) => stream.key_filter.began(now, code),
                Press::Ended { code, duration } => {
                    if stream.key_filter.ended(now, code) {
                        heard(code, duration, KeySource::Events);
                    }
                }
            }
        }
        let Some(listener) = &mut stream.listener else {
            return;
        };
        while let Some((code, duration)) = listener.poll_output() {
            let down = stream.events.snapshot();
            if stream.key_filter.heard(now, KeySource::Tones, code, down) {
                heard(code, duration, KeySource::Tones);
            }
        }
    }

    /// Takes a key that came through signalling.
    pub(crate) fn hear_signalled(
        &mut self,
        now: Instant,
        index: usize,
        (code, duration): (EventCode, Duration),
    ) {
        let Some(stream) = self.streams.get_mut(index) else {
            return;
        };
        let (source, down) = (KeySource::Signalling, stream.events.snapshot());
        if stream.key_filter.heard(now, source, code, down)
            && let Some(digit) = code.key()
        {
            self.events.push(LegEvent::Dtmf { stream: index, digit, duration });
            self.heard_keys.push(HeardKey { stream: index, code, duration, source });
        }
    }

    /// Sends a key in the way that the peer takes; false when there is none.
    pub(crate) fn press(
        &mut self,
        now: Instant,
        index: usize,
        (code, duration): (EventCode, Duration),
    ) -> bool {
        let pressed = self.streams.get_mut(index).map(|stream| stream.press(code, duration, now));
        match pressed.zip(code.key()) {
            Some((Pressed::Queued, _)) => true,
            Some((Pressed::Signal, digit)) => {
                self.events.push(LegEvent::SignalKey { stream: index, digit, duration });
                true
            }
            Some((Pressed::Refused, _)) | None => false,
        }
    }

    /// The stream we send with this SSRC.
    pub(crate) fn sending(&mut self, ssrc: Ssrc) -> Option<&mut Stream> {
        self.streams.iter_mut().find(|stream| stream.plan.local_ssrc == ssrc.0)
    }

    /// Starts a program on a stream; one that runs there ends.
    pub(crate) fn start_player(
        &mut self,
        now: Instant,
        index: usize,
        id: PlaybackId,
        program: Program,
    ) -> Result<(), String> {
        let stream = self.streams.get(index).filter(|stream| stream.is_active());
        let stream = stream.ok_or_else(|| format!("stream {index} was not agreed"))?;
        let player = Player::new(now, id, program, &stream.plan, &stream.coding)?;
        self.stop_player(index, None);
        if let Some(stream) = self.streams.get_mut(index) {
            stream.player = Some(Box::new(player));
        }
        Ok(())
    }

    /// Ends a playback: the named one, or whichever runs.
    pub(crate) fn stop_player(&mut self, index: usize, id: Option<PlaybackId>) {
        let Some(stream) = self.streams.get_mut(index) else {
            return;
        };
        let ended = stream.player.take_if(|player| id.is_none_or(|id| id == player.id));
        if let Some(player) = ended {
            let (id, samples_played) = (player.id, player.played());
            self.events.push(LegEvent::PlaybackFinished { stream: index, id, samples_played });
        }
    }

    /// Runs what is due. `sent` hears of ICE checks.
    pub(crate) fn handle_timeout(&mut self, io: &mut Io<'_>, sent: &mut dyn FnMut(usize, &[u8])) {
        let now = io.now;
        for (index, transport) in self.transports.iter_mut().enumerate() {
            if transport.deadline().is_some_and(|at| at <= now) {
                transport.handle_timeout(now, io.out, &mut |check| sent(index, check));
            }
        }
        for index in 0..self.streams.len() {
            self.tick_stream(index, io);
        }
        self.send_due_reports(io);
    }

    fn tick_stream(&mut self, index: usize, io: &mut Io<'_>) {
        let now = io.now;
        let settings = &self.identity.settings;
        let Some(stream) = self.streams.get_mut(index) else {
            return;
        };
        let Some(transport) = self.transports.get_mut(stream.plan.transport) else {
            return;
        };
        stream.events.handle_timeout(now);
        if let Some(listener) = &mut stream.listener {
            listener.handle_timeout(now);
        }
        stream.tick_keys(transport, io);
        stream.tick_noise(transport, io);
        let over = stream.tick_player(transport, io);
        if let Some((id, samples_played)) = over {
            self.events.push(LegEvent::PlaybackFinished { stream: index, id, samples_played });
        }
        if let Some(at) = keep_alive_at(settings.keepalive, stream, transport)
            && at <= now
        {
            stream.keep_alive(transport, io);
        }
        let silent_for = now.saturating_duration_since(stream.heard_at);
        if let Some(at) = silence_at(settings.timeout, settings.timeout_hold, stream)
            && at <= now
        {
            stream.silence_told = true;
            self.events.push(LegEvent::RtpTimeout { stream: index, silent_for });
        }
        self.take_keys(now, index);
    }

    /// When to call [`Leg::handle_timeout`].
    pub(crate) fn deadline(&mut self) -> Option<Instant> {
        let settings = &self.identity.settings;
        let transports = self.transports.iter_mut().filter_map(Transport::deadline).min();
        let mut earliest = [transports, self.report_at, self.recorders_at];
        let reports = self.transports.iter().any(Transport::is_open);
        if !reports {
            earliest[1] = None;
        }
        let streams = self.streams.iter().filter_map(|stream| {
            let transport = self.transports.get(stream.plan.transport)?;
            let keep_alive = keep_alive_at(settings.keepalive, stream, transport);
            let silence = silence_at(settings.timeout, settings.timeout_hold, stream);
            [stream.deadline(), keep_alive, silence].into_iter().flatten().min()
        });
        earliest.into_iter().flatten().chain(streams).min()
    }

    /// Touches what a packet on this transport will need.
    pub(crate) fn warm(&self, transport: usize) -> usize {
        let stream = self.streams.first().map_or(0, Stream::warm);
        let recorder = self.recorders.get(transport).is_some_and(Option::is_some);
        stream + usize::from(recorder) + self.transports.get(transport).map_or(0, Transport::warm)
    }

    /// Takes what the transports want the graph to know.
    pub(crate) fn take_news(&mut self, index: usize) -> Vec<TransportNews> {
        let transport = self.transports.get_mut(index);
        transport.map(|transport| std::mem::take(&mut transport.news)).unwrap_or_default()
    }

    /// Whether the last packet left something to do beyond forwarding it.
    pub(crate) fn is_unsettled(&mut self, transport: usize) -> bool {
        std::mem::take(&mut self.touched) || !self.events.is_empty() || self.has_news(transport)
    }

    pub(crate) fn has_news(&self, index: usize) -> bool {
        self.transports.get(index).is_some_and(|transport| !transport.news.is_empty())
    }

    pub(crate) fn quality(&self) -> Vec<StreamQuality> {
        self.streams.iter().map(|stream| self.stream_quality(stream)).collect()
    }

    fn stream_quality(&self, stream: &Stream) -> StreamQuality {
        let transport = self.transports.get(stream.plan.transport);
        let received = stream.reception.as_ref().map(Reception::snapshot).unwrap_or_default();
        let sent = stream.transmission.snapshot();
        let rtt = sent.round_trip.or_else(|| transport.and_then(Transport::ice_rtt));
        let fraction = |units: u8| f32::from(units) / 256.0;
        StreamQuality {
            stream: stream.index,
            kind: stream.plan.kind,
            direction: stream.plan.direction,
            codec: stream.codec().map(|codec| codec.name.clone()).unwrap_or_default(),
            received: DirectionQuality {
                packets: received.packets,
                bytes: received.bytes,
                lost: received.lost,
                fraction_lost: fraction(stream.remote_fraction_lost),
                jitter: received.jitter,
                jitter_max: received.max_jitter,
                rtt,
            },
            sent: DirectionQuality {
                packets: sent.packets,
                bytes: sent.payload_bytes,
                lost: i64::from(sent.peer_lost),
                fraction_lost: fraction(sent.peer_fraction_lost),
                jitter: sent.peer_jitter,
                jitter_max: sent.peer_jitter,
                rtt: sent.round_trip,
            },
            hindrance: transport.and_then(Transport::hindrance),
            refused: transport.map(|transport| transport.refused.total()).unwrap_or_default(),
            local: transport.and_then(Transport::told),
            remote: transport.and_then(Transport::remote),
            local_ssrc: stream.plan.local_ssrc,
            remote_ssrc: stream.remote_ssrc().map(|ssrc| ssrc.0),
        }
    }
}

fn keep_alive_at(
    interval: Option<Duration>,
    stream: &Stream,
    transport: &Transport,
) -> Option<Instant> {
    let interval = interval.filter(|interval| !interval.is_zero())?;
    let audio = stream.plan.kind == MediaKind::Audio;
    if !audio || !stream.sends() || !transport.is_open() {
        return None;
    }
    Some(stream.sent_at() + interval)
}

/// When silence becomes a timeout: the hold value counts while the call is held, in whatever form.
/// A phone that holds by `sendonly` may have music to send, and most have none.
fn silence_at(
    timeout: Option<Duration>,
    timeout_hold: Option<Duration>,
    stream: &Stream,
) -> Option<Instant> {
    // People pause while they type, and a fax while it turns the page.
    let speaks = !matches!(stream.plan.kind, MediaKind::Text | MediaKind::Image);
    if !stream.is_active() || stream.silence_told || !speaks {
        return None;
    }
    let limit = if stream.is_held() { timeout_hold } else { timeout };
    let limit = limit.filter(|limit| !limit.is_zero())?;
    Some(stream.heard_at + limit)
}
