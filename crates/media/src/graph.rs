//! All legs of one worker and the routes between them. The worker hands every datagram in here;
//! whatever leaves goes straight to its socket ([`Outbox`]).
//!
//! A datagram on a port of its own belongs to the leg that has the port. On a shared port STUN
//! requests find their leg by the user fragment, STUN responses by the transaction, and everything
//! else by a source address that ICE has validated: each one table lookup, never a search.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use sidetone_base::{LegId, Random};
use sidetone_rtp::event::EventCode;
use sidetone_rtp::{Kind, RtpView, classify};
use sidetone_sdp::plan::{LocalTransport, MediaKind, MediaPlan};

use crate::certificate::Certificate;
use crate::clock::{Io, SCRATCH_LEN, WallClock};
use crate::dtls::DtlsConfig;
use crate::event::LegEvent;
use crate::formats::Payload;
use crate::leg::{Leg, MAX_STREAMS, Received};
use crate::path::{Outbox, PathId};
use crate::player::Program;
use crate::quality::StreamQuality;
use crate::settings::{LegKind, RtpSettings};
use crate::source::{DtmfRelay, Playback, PlaybackId, Route, Tone};
use crate::stream::Arrived;
use crate::transport::{Identity, NewTransport, TransportNews};

/// ICE checks of one transport whose answers are waited for. At 5 ms between checks this covers
/// the first 0.6 s, after which retransmissions have new entries anyway.
const MAX_CHECKS: usize = 128;
/// A leg's timer comes up at most once a millisecond: a deadline that stays in the past must not
/// keep the worker from sleeping.
const LEAST_SLEEP: Duration = Duration::from_millis(1);
/// Timers run in one turn; the rest follows in the next.
const MAX_TIMERS: usize = 256;

/// Why a command to a leg failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LegFault {
    /// No such leg (any more).
    Gone,
    /// The plan does not fit; the text says why.
    BadPlan(String),
    /// The stream cannot do that; the text says what to change.
    NotSupported(String),
}

/// A leg to make.
#[derive(Clone, Debug)]
pub struct NewLeg {
    /// Its id.
    pub id: LegId,
    /// WebRTC or plain.
    pub kind: LegKind,
    /// Settings.
    pub settings: RtpSettings,
    /// The certificate for DTLS.
    pub certificate: Certificate,
    /// Sockets and addresses.
    pub transports: Vec<NewTransport>,
}

/// Where a datagram came in.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    /// The socket.
    pub path: PathId,
    /// Our address it was sent to; for wildcard sockets the interface's.
    pub local: SocketAddr,
    /// Who sent it.
    pub source: SocketAddr,
}

/// How much the graph holds, for status and leak tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GraphSnapshot {
    /// Legs.
    pub legs: usize,
    /// Entries of the demultiplexing tables.
    pub routes: usize,
    /// Timers that are armed.
    pub timers: usize,
    /// Datagrams of no leg, or that failed a check.
    pub dropped: u64,
}

/// A place in the table of legs; the generation tells a leg from its predecessor there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct LegKey {
    index: u32,
    generation: u32,
}

#[derive(Debug)]
struct Slot {
    generation: u32,
    leg: Option<Box<Leg>>,
    /// When the leg's timer entry is due; other entries of it are stale.
    armed: Option<Instant>,
    routes: Vec<Outgoing>,
    checks: VecDeque<[u8; 12]>,
    /// What stands in the tables for this leg.
    sources: Vec<(PathId, SocketAddr)>,
    ufrags: Vec<String>,
}

impl Slot {
    fn empty() -> Self {
        Self {
            generation: 0,
            leg: None,
            armed: None,
            routes: Vec::new(),
            checks: VecDeque::new(),
            sources: Vec::new(),
            ufrags: Vec::new(),
        }
    }
}

/// The route of one stream with its targets looked up.
#[derive(Clone, Debug, Default)]
struct Outgoing {
    targets: Vec<(LegKey, usize)>,
    /// Who feeds this stream, to pass on requests for key frames.
    fed_by: Option<(LegKey, usize)>,
}

/// Who owns a socket.
#[derive(Clone, Copy, Debug)]
enum Owner {
    Shared,
    Leg(LegKey, usize),
}

/// The legs of one worker.
pub struct Graph {
    slots: Vec<Slot>,
    free: Vec<u32>,
    ids: HashMap<LegId, LegKey>,
    owners: HashMap<PathId, Owner>,
    sources: HashMap<(PathId, SocketAddr), (LegKey, usize)>,
    ufrags: HashMap<String, (LegKey, usize)>,
    checks: HashMap<[u8; 12], (LegKey, usize)>,
    timers: BinaryHeap<Reverse<(Instant, LegKey)>>,
    events: VecDeque<(LegId, LegEvent)>,
    dtls: HashMap<u16, DtlsConfig>,
    random: Box<dyn Random>,
    clock: WallClock,
    scratch: Box<[u8]>,
    /// The leg being worked on: the one to blame when that panics.
    working_on: Option<LegKey>,
    dropped: u64,
}

impl std::fmt::Debug for Graph {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Graph")
            .field("snapshot", &self.snapshot())
            .finish_non_exhaustive()
    }
}

/// Borrows the parts of the graph that a leg needs while it works.
macro_rules! io {
    ($graph:ident, $now:expr, $out:expr) => {
        Io {
            now: $now,
            clock: $graph.clock,
            random: &mut *$graph.random,
            scratch: &mut $graph.scratch,
            out: $out,
        }
    };
}

impl Graph {
    /// An empty graph. Legs draw keys and numbers from `random`.
    #[must_use]
    pub fn new(clock: WallClock, random: Box<dyn Random>) -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            ids: HashMap::new(),
            owners: HashMap::new(),
            sources: HashMap::new(),
            ufrags: HashMap::new(),
            checks: HashMap::new(),
            timers: BinaryHeap::new(),
            events: VecDeque::new(),
            dtls: HashMap::new(),
            random,
            clock,
            scratch: vec![0; SCRATCH_LEN].into_boxed_slice(),
            working_on: None,
            dropped: 0,
        }
    }

    /// Declares a socket that many legs share.
    pub fn add_shared_path(&mut self, path: PathId) {
        self.owners.insert(path, Owner::Shared);
    }

    /// Makes a leg and returns our half of its transports.
    ///
    /// # Errors
    /// [`LegFault::NotSupported`] when DTLS cannot be set up.
    pub fn create_leg(
        &mut self,
        now: Instant,
        new: NewLeg,
        out: &mut dyn Outbox,
    ) -> Result<Vec<LocalTransport>, LegFault> {
        let identity = Identity {
            kind: new.kind,
            dtls: self.dtls_config(new.settings.dtls_mtu)?,
            settings: new.settings,
            certificate: new.certificate,
        };
        let index = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::empty());
            // A worker has fewer than 2^32 legs: it has fewer ports.
            (self.slots.len() - 1) as u32
        });
        let leg = Leg::new(new.id, identity, new.transports, &mut io!(self, now, out));
        let locals = leg.local_transports();
        let Some(slot) = self.slots.get_mut(index as usize) else {
            return Err(LegFault::Gone);
        };
        slot.generation = slot.generation.wrapping_add(1);
        slot.leg = Some(Box::new(leg));
        let key = LegKey {
            index,
            generation: slot.generation,
        };
        self.ids.insert(new.id, key);
        self.register(key);
        Ok(locals)
    }

    fn dtls_config(&mut self, mtu: u16) -> Result<DtlsConfig, LegFault> {
        if let Some(config) = self.dtls.get(&mtu) {
            return Ok(config.clone());
        }
        let config = DtlsConfig::new(mtu).map_err(LegFault::NotSupported)?;
        self.dtls.insert(mtu, config.clone());
        Ok(config)
    }

    /// Enters a leg's sockets and user fragments into the tables, and takes credentials out that
    /// an ICE restart has replaced.
    fn register(&mut self, key: LegKey) {
        let Some(slot) = self.slots.get_mut(key.index as usize) else {
            return;
        };
        let Some(leg) = slot.leg.as_ref() else { return };
        let before = std::mem::take(&mut slot.ufrags);
        for (index, transport) in leg.transports.iter().enumerate() {
            for path in transport.own_paths() {
                self.owners.entry(path).or_insert(Owner::Leg(key, index));
            }
            for ufrag in transport.ufrags() {
                self.ufrags.entry(ufrag.to_owned()).or_insert((key, index));
                slot.ufrags.push(ufrag.to_owned());
            }
        }
        for ufrag in before.iter().filter(|ufrag| !slot.ufrags.contains(ufrag)) {
            self.ufrags.remove(ufrag);
        }
    }

    /// Adds transports to a leg and returns all.
    ///
    /// # Errors
    /// [`LegFault::Gone`].
    pub fn add_transports(
        &mut self,
        now: Instant,
        id: LegId,
        transports: Vec<NewTransport>,
        out: &mut dyn Outbox,
    ) -> Result<Vec<LocalTransport>, LegFault> {
        let key = self.key(id)?;
        let leg = live(&mut self.slots, key).ok_or(LegFault::Gone)?;
        leg.add_transports(transports, &mut io!(self, now, out));
        let locals = leg.local_transports();
        self.register(key);
        Ok(locals)
    }

    /// Our half of a leg's transports, as it stands.
    ///
    /// # Errors
    /// [`LegFault::Gone`].
    pub fn local_transports(&mut self, id: LegId) -> Result<Vec<LocalTransport>, LegFault> {
        let key = self.key(id)?;
        live(&mut self.slots, key)
            .map(|leg| leg.local_transports())
            .ok_or(LegFault::Gone)
    }

    /// Prepares an ICE restart: new credentials on every transport.
    ///
    /// # Errors
    /// [`LegFault::Gone`].
    pub fn restart_ice(
        &mut self,
        now: Instant,
        id: LegId,
    ) -> Result<Vec<LocalTransport>, LegFault> {
        let key = self.key(id)?;
        let leg = live(&mut self.slots, key).ok_or(LegFault::Gone)?;
        for transport in &mut leg.transports {
            transport.restart_ice(now, &leg.identity, &mut *self.random);
        }
        let locals = leg.local_transports();
        self.register(key);
        Ok(locals)
    }

    /// Applies a plan to a leg.
    ///
    /// # Errors
    /// [`LegFault::Gone`], [`LegFault::BadPlan`].
    pub fn apply(
        &mut self,
        now: Instant,
        id: LegId,
        plan: MediaPlan,
        out: &mut dyn Outbox,
    ) -> Result<(), LegFault> {
        let key = self.key(id)?;
        self.working_on = Some(key);
        let leg = live(&mut self.slots, key).ok_or(LegFault::Gone)?;
        leg.apply(plan, &mut io!(self, now, out))
            .map_err(LegFault::BadPlan)?;
        let streams = leg.streams.len();
        if let Some(slot) = self.slots.get_mut(key.index as usize) {
            slot.routes
                .resize_with(streams.max(slot.routes.len()), Outgoing::default);
        }
        self.register(key);
        for index in 0..self.transport_count(key) {
            self.pump(now, key, index, out);
        }
        self.settle(now, key);
        Ok(())
    }

    /// Sets what happens to what a stream receives.
    ///
    /// # Errors
    /// [`LegFault::Gone`]; [`LegFault::NotSupported`] for too many targets, or targets that are
    /// on no leg of this worker.
    pub fn route(
        &mut self,
        now: Instant,
        id: LegId,
        stream: usize,
        route: &Route,
    ) -> Result<(), LegFault> {
        let key = self.key(id)?;
        let wanted = match route {
            Route::Discard => Vec::new(),
            Route::Echo => vec![(id, stream)],
            Route::Forward(targets) => targets.clone(),
        };
        if wanted.len() > Route::MAX_TARGETS || stream >= MAX_STREAMS {
            let limit = Route::MAX_TARGETS;
            let text = format!("a stream is forwarded to at most {limit} others: use a conference");
            return Err(LegFault::NotSupported(text));
        }
        let mut targets = Vec::with_capacity(wanted.len());
        for (target, target_stream) in wanted {
            let target = self.key(target)?;
            targets.push((target, target_stream.min(MAX_STREAMS - 1)));
        }
        for (target, target_stream) in &targets {
            self.outgoing(*target, *target_stream).fed_by = Some((key, stream));
        }
        self.outgoing(key, stream).targets = targets;
        // Whoever joins a video needs a picture to start with.
        self.ask_keyframe(now, key, stream);
        Ok(())
    }

    fn outgoing(&mut self, key: LegKey, stream: usize) -> &mut Outgoing {
        let slot = &mut self.slots[key.index as usize];
        if slot.routes.len() <= stream {
            slot.routes.resize_with(stream + 1, Outgoing::default);
        }
        &mut slot.routes[stream]
    }

    /// Sets whether digits received on a stream travel along its route.
    ///
    /// # Errors
    /// [`LegFault::Gone`].
    pub fn dtmf_relay(
        &mut self,
        id: LegId,
        stream: usize,
        relay: DtmfRelay,
    ) -> Result<(), LegFault> {
        let key = self.key(id)?;
        let leg = live(&mut self.slots, key).ok_or(LegFault::Gone)?;
        if let Some(stream) = leg.streams.get_mut(stream) {
            stream.dtmf_relay = relay;
        }
        Ok(())
    }

    /// Sends a digit to the peer.
    ///
    /// # Errors
    /// [`LegFault::Gone`]; [`LegFault::NotSupported`] for characters that are no key, or when the
    /// peer did not agree to telephone-events and tones cannot be played either.
    pub fn send_dtmf(
        &mut self,
        now: Instant,
        id: LegId,
        stream: usize,
        digit: char,
        duration: Duration,
    ) -> Result<(), LegFault> {
        let key = self.key(id)?;
        let code = EventCode::from_key(digit)
            .ok_or_else(|| LegFault::NotSupported(format!("`{digit}` is no key of a telephone")))?;
        let leg = live(&mut self.slots, key).ok_or(LegFault::Gone)?;
        let pressed = leg.streams.get_mut(stream).is_some_and(|stream| {
            stream.press(code, duration, now) || stream.press_in_band(digit, duration, now)
        });
        if !pressed {
            let text = "the digit can be sent neither as telephone-event nor as a tone (something \
                        is being played, or the codec cannot be encoded): set dtmf_mode=info";
            return Err(LegFault::NotSupported(text.to_owned()));
        }
        self.settle(now, key);
        Ok(())
    }

    /// Plays prompts to the peer of a stream.
    ///
    /// # Errors
    /// [`LegFault::Gone`]; [`LegFault::NotSupported`] when the codec cannot be encoded.
    pub fn play(
        &mut self,
        now: Instant,
        id: LegId,
        stream: usize,
        playback_id: PlaybackId,
        playback: Playback,
    ) -> Result<(), LegFault> {
        self.start_player(now, id, stream, playback_id, Program::Prompts(playback))
    }

    /// Plays a tone to the peer of a stream.
    ///
    /// # Errors
    /// As [`Graph::play`].
    pub fn tone(
        &mut self,
        now: Instant,
        id: LegId,
        stream: usize,
        playback_id: PlaybackId,
        tone: Tone,
    ) -> Result<(), LegFault> {
        self.start_player(now, id, stream, playback_id, Program::Tone(tone))
    }

    /// Stops a playback or tone; nothing happens when it is over.
    ///
    /// # Errors
    /// [`LegFault::Gone`].
    pub fn stop_playback(
        &mut self,
        now: Instant,
        id: LegId,
        stream: usize,
        playback_id: PlaybackId,
    ) -> Result<(), LegFault> {
        let key = self.key(id)?;
        let leg = live(&mut self.slots, key).ok_or(LegFault::Gone)?;
        leg.stop_player(stream, Some(playback_id));
        self.settle(now, key);
        Ok(())
    }

    fn start_player(
        &mut self,
        now: Instant,
        id: LegId,
        stream: usize,
        playback_id: PlaybackId,
        program: Program,
    ) -> Result<(), LegFault> {
        let key = self.key(id)?;
        let leg = live(&mut self.slots, key).ok_or(LegFault::Gone)?;
        let started = leg.start_player(now, stream, playback_id, program);
        started.map_err(LegFault::NotSupported)?;
        self.settle(now, key);
        Ok(())
    }

    /// Asks the peer for a key frame of a video stream.
    ///
    /// # Errors
    /// [`LegFault::Gone`].
    pub fn request_keyframe(
        &mut self,
        now: Instant,
        id: LegId,
        stream: usize,
    ) -> Result<(), LegFault> {
        let key = self.key(id)?;
        self.ask_keyframe(now, key, stream);
        Ok(())
    }

    fn ask_keyframe(&mut self, now: Instant, key: LegKey, stream: usize) {
        let Some(leg) = live(&mut self.slots, key) else {
            return;
        };
        if let Some(stream) = leg.streams.get_mut(stream)
            && stream.plan.kind == MediaKind::Video
        {
            stream.keyframes.ask(now);
        }
        self.settle(now, key);
    }

    /// How well each stream of a leg runs.
    ///
    /// # Errors
    /// [`LegFault::Gone`].
    pub fn quality(&mut self, id: LegId) -> Result<Vec<StreamQuality>, LegFault> {
        let key = self.key(id)?;
        live(&mut self.slots, key)
            .map(|leg| leg.quality())
            .ok_or(LegFault::Gone)
    }

    /// Says goodbye and forgets a leg; false when there is none.
    pub fn close_leg(&mut self, now: Instant, id: LegId, out: &mut dyn Outbox) -> bool {
        let Ok(key) = self.key(id) else { return false };
        self.working_on = Some(key);
        if let Some(leg) = live(&mut self.slots, key) {
            leg.send_bye(&mut io!(self, now, out));
            for transport in &mut leg.transports {
                transport.close(out);
            }
        }
        self.forget(key);
        true
    }

    /// Drops the leg that was worked on when something panicked, and reports it.
    pub fn fail_current(&mut self, reason: &str) -> Option<LegId> {
        let key = self.working_on.take()?;
        let id = live(&mut self.slots, key)?.id;
        self.forget(key);
        self.events.push_back((
            id,
            LegEvent::Failed {
                reason: reason.to_owned(),
            },
        ));
        Some(id)
    }

    fn forget(&mut self, key: LegKey) {
        let Some(slot) = self.slots.get_mut(key.index as usize) else {
            return;
        };
        let Some(leg) = slot.leg.take() else { return };
        let generation = slot.generation;
        let Slot {
            checks,
            sources,
            ufrags,
            ..
        } = std::mem::replace(slot, Slot::empty());
        slot.generation = generation;
        self.dropped += leg
            .transports
            .iter()
            .map(|transport| transport.dropped)
            .sum::<u64>();
        self.ids.remove(&leg.id);
        for check in checks {
            self.checks.remove(&check);
        }
        for source in sources {
            if self
                .sources
                .get(&source)
                .is_some_and(|(owner, _)| *owner == key)
            {
                self.sources.remove(&source);
            }
        }
        for ufrag in ufrags {
            if self
                .ufrags
                .get(&ufrag)
                .is_some_and(|(owner, _)| *owner == key)
            {
                self.ufrags.remove(&ufrag);
            }
        }
        for path in leg
            .transports
            .iter()
            .flat_map(|transport| transport.own_paths())
        {
            if matches!(self.owners.get(&path), Some(Owner::Leg(owner, _)) if *owner == key) {
                self.owners.remove(&path);
            }
        }
        self.free.push(key.index);
        self.working_on = None;
    }

    fn key(&self, id: LegId) -> Result<LegKey, LegFault> {
        self.ids.get(&id).copied().ok_or(LegFault::Gone)
    }

    fn transport_count(&mut self, key: LegKey) -> usize {
        live(&mut self.slots, key).map_or(0, |leg| leg.transports.len())
    }
}

fn live(slots: &mut [Slot], key: LegKey) -> Option<&mut Leg> {
    let slot = slots.get_mut(key.index as usize)?;
    if slot.generation != key.generation {
        return None;
    }
    slot.leg.as_deref_mut()
}

/// The way of a datagram.
impl Graph {
    /// Handles one datagram. It is decrypted in place.
    pub fn handle_datagram(
        &mut self,
        now: Instant,
        arrival: Arrival,
        datagram: &mut [u8],
        out: &mut dyn Outbox,
    ) {
        let Some(kind) = classify(datagram) else {
            self.dropped += 1;
            return;
        };
        let owner = match self.owners.get(&arrival.path) {
            Some(Owner::Leg(key, transport)) => Some((*key, *transport)),
            Some(Owner::Shared) => self.find(kind, arrival, datagram),
            None => None,
        };
        let Some((key, transport)) = owner else {
            self.dropped += 1;
            return;
        };
        self.working_on = Some(key);
        match kind {
            Kind::Rtp => self.take_rtp(now, key, transport, arrival.source, datagram, out),
            Kind::Rtcp => self.take_rtcp(now, key, transport, arrival.source, datagram, out),
            Kind::Stun => self.take_stun(now, key, transport, arrival, datagram, out),
            Kind::Dtls => {
                if let Some(path) =
                    live(&mut self.slots, key).and_then(|leg| leg.transports.get_mut(transport))
                {
                    path.handle_dtls(now, (arrival.local, arrival.source), datagram, out);
                }
                self.settle(now, key);
            }
            Kind::Zrtp | Kind::TurnChannel => self.dropped += 1,
        }
    }

    fn find(&self, kind: Kind, arrival: Arrival, datagram: &[u8]) -> Option<(LegKey, usize)> {
        if kind != Kind::Stun {
            return self.sources.get(&(arrival.path, arrival.source)).copied();
        }
        match stun_address(datagram)? {
            StunAddress::Request(ufrag) => self.ufrags.get(ufrag).copied(),
            StunAddress::Response(transaction) => self.checks.get(transaction).copied(),
        }
    }

    fn take_rtp(
        &mut self,
        now: Instant,
        key: LegKey,
        transport: usize,
        source: SocketAddr,
        datagram: &mut [u8],
        out: &mut dyn Outbox,
    ) {
        let Some(leg) = live(&mut self.slots, key) else {
            return;
        };
        let received = leg.receive_rtp(now, transport, source, datagram);
        if let Some(received) = received
            && let Some(packet) = datagram.get(..received.len)
        {
            self.forward(now, key, received, packet, out);
        }
        let leg = live(&mut self.slots, key);
        if leg.is_some_and(|leg| leg.is_unsettled(transport)) {
            self.settle(now, key);
        }
    }

    /// Sends a received packet to the targets of its stream.
    fn forward(
        &mut self,
        now: Instant,
        key: LegKey,
        received: Received,
        packet: &[u8],
        out: &mut dyn Outbox,
    ) {
        let Some(slot) = self.slots.get_mut(key.index as usize) else {
            return;
        };
        let Some(route) = slot.routes.get_mut(received.stream) else {
            return;
        };
        if route.targets.is_empty() {
            return;
        }
        let Ok(view) = RtpView::parse(packet) else {
            return;
        };
        let Some(stream) = slot
            .leg
            .as_ref()
            .and_then(|leg| leg.streams.get(received.stream))
        else {
            return;
        };
        let digit = matches!(received.payload, Payload::Event(_));
        if digit && stream.dtmf_relay == DtmfRelay::Stop {
            return;
        }
        let (format, audio) = match received.payload {
            Payload::Codec(codec) => (stream.formats.key(codec), stream.formats.audio(codec)),
            _ => (None, None),
        };
        let arrived = Arrived {
            view,
            payload: received.payload,
            key: format,
            uid: stream_uid(key, received.stream),
            audio,
            extensions: stream.formats.extensions,
        };
        let targets = std::mem::take(&mut route.targets);
        for (target, index) in &targets {
            self.working_on = Some(*target);
            let Some(leg) = live(&mut self.slots, *target) else {
                continue;
            };
            let Some(stream) = leg.streams.get_mut(*index) else {
                continue;
            };
            let Some(path) = leg.transports.get_mut(stream.plan.transport) else {
                continue;
            };
            stream.forward(&arrived, path, &mut io!(self, now, out));
        }
        self.working_on = Some(key);
        if let Some(slot) = self.slots.get_mut(key.index as usize)
            && let Some(route) = slot.routes.get_mut(received.stream)
        {
            route.targets = targets;
        }
    }

    fn take_rtcp(
        &mut self,
        now: Instant,
        key: LegKey,
        transport: usize,
        source: SocketAddr,
        datagram: &mut [u8],
        out: &mut dyn Outbox,
    ) {
        let Some(leg) = live(&mut self.slots, key) else {
            return;
        };
        let Some(path) = leg.transports.get_mut(transport) else {
            return;
        };
        let Some(len) = path.open_rtcp(source, datagram) else {
            return;
        };
        let Some(packet) = datagram.get(..len) else {
            return;
        };
        let keyframes = leg.handle_rtcp(packet, &mut io!(self, now, out));
        for stream in (0..MAX_STREAMS).filter(|stream| keyframes >> stream & 1 == 1) {
            let fed_by = self
                .slots
                .get(key.index as usize)
                .and_then(|slot| slot.routes.get(stream).and_then(|route| route.fed_by));
            if let Some((source, source_stream)) = fed_by {
                self.ask_keyframe(now, source, source_stream);
            }
        }
        self.settle(now, key);
    }

    fn take_stun(
        &mut self,
        now: Instant,
        key: LegKey,
        transport: usize,
        arrival: Arrival,
        datagram: &[u8],
        out: &mut dyn Outbox,
    ) {
        let Some(slot) = self.slots.get_mut(key.index as usize) else {
            return;
        };
        let Some(leg) = slot.leg.as_mut() else { return };
        let Some(path) = leg.transports.get_mut(transport) else {
            return;
        };
        let checks = (&mut self.checks, &mut slot.checks);
        let ends = (arrival.local, arrival.source);
        path.handle_stun(
            now,
            ends,
            datagram,
            out,
            &mut remember(checks, key, transport),
        );
        self.settle(now, key);
    }

    /// Lets a transport send what it has after a plan was applied.
    fn pump(&mut self, now: Instant, key: LegKey, transport: usize, out: &mut dyn Outbox) {
        let Some(slot) = self.slots.get_mut(key.index as usize) else {
            return;
        };
        let Some(leg) = slot.leg.as_mut() else { return };
        let Some(path) = leg.transports.get_mut(transport) else {
            return;
        };
        let mut sent = remember((&mut self.checks, &mut slot.checks), key, transport);
        path.drain(now, None, out, &mut sent);
    }

    /// Runs timers that are due.
    pub fn handle_timeout(&mut self, now: Instant, out: &mut dyn Outbox) {
        for _ in 0..MAX_TIMERS {
            let Some(Reverse((at, key))) = self.timers.peek().copied() else {
                return;
            };
            if at > now {
                return;
            }
            self.timers.pop();
            let Some(slot) = self.slots.get_mut(key.index as usize) else {
                continue;
            };
            if slot.generation != key.generation || slot.armed != Some(at) {
                continue;
            }
            slot.armed = None;
            self.working_on = Some(key);
            let Some(leg) = slot.leg.as_mut() else {
                continue;
            };
            let (table, own) = (&mut self.checks, &mut slot.checks);
            let mut sent = |transport: usize, check: &[u8]| {
                remember((&mut *table, &mut *own), key, transport)(check);
            };
            leg.handle_timeout(&mut io!(self, now, out), &mut sent);
            self.settle_until(now, key, now + LEAST_SLEEP);
        }
    }

    /// The earliest time [`Graph::handle_timeout`] has something to do.
    pub fn next_deadline(&mut self) -> Option<Instant> {
        while let Some(Reverse((at, key))) = self.timers.peek().copied() {
            let slot = self.slots.get(key.index as usize);
            let valid = slot
                .is_some_and(|slot| slot.generation == key.generation && slot.armed == Some(at));
            if valid {
                return Some(at);
            }
            self.timers.pop();
        }
        None
    }

    /// Takes one event.
    pub fn poll_event(&mut self) -> Option<(LegId, LegEvent)> {
        self.events.pop_front()
    }

    /// How much there is.
    #[must_use]
    pub fn snapshot(&self) -> GraphSnapshot {
        let legs = self.slots.iter().filter_map(|slot| slot.leg.as_ref());
        let dropped: u64 = legs
            .flat_map(|leg| &leg.transports)
            .map(|path| path.dropped)
            .sum();
        GraphSnapshot {
            legs: self.ids.len(),
            routes: self.sources.len() + self.ufrags.len() + self.checks.len(),
            timers: self
                .slots
                .iter()
                .filter(|slot| slot.armed.is_some())
                .count(),
            dropped: self.dropped + dropped,
        }
    }

    /// After a leg did something: its news, events and timer.
    fn settle(&mut self, now: Instant, key: LegKey) {
        self.settle_until(now, key, now);
    }

    /// As [`Graph::settle`], with the next timer not before `earliest`.
    fn settle_until(&mut self, now: Instant, key: LegKey, earliest: Instant) {
        let Some(slot) = self.slots.get_mut(key.index as usize) else {
            return;
        };
        let Some(leg) = slot.leg.as_mut() else { return };
        for transport in 0..leg.transports.len() {
            if !leg.has_news(transport) {
                continue;
            }
            for news in leg.take_news(transport) {
                match news {
                    TransportNews::Event(event) => leg.events.push(event),
                    TransportNews::Proven(source) => {
                        for path in leg.transports.get(transport).iter().flat_map(|t| t.paths()) {
                            self.sources.insert((path, source), (key, transport));
                            note_source(&mut slot.sources, (path, source));
                        }
                    }
                    TransportNews::Claimed(source) => {
                        for path in leg.transports.get(transport).iter().flat_map(|t| t.paths()) {
                            self.sources
                                .entry((path, source))
                                .or_insert((key, transport));
                            note_source(&mut slot.sources, (path, source));
                        }
                    }
                    TransportNews::Ready => {
                        // Pictures that came before the keys are lost: ask for a fresh one.
                        for stream in &mut leg.streams {
                            if stream.plan.kind == MediaKind::Video {
                                stream.keyframes.ask(now);
                            }
                        }
                    }
                }
            }
        }
        let digits = leg
            .events
            .iter()
            .any(|event| matches!(event, LegEvent::Dtmf { .. }));
        if digits {
            self.relay_digits(now, key);
        }
        let Some(slot) = self.slots.get_mut(key.index as usize) else {
            return;
        };
        let Some(leg) = slot.leg.as_mut() else {
            return;
        };
        let id = leg.id;
        self.events
            .extend(leg.events.drain(..).map(|event| (id, event)));
        // Deadlines that move away with every packet keep their entry: it comes up early, finds
        // nothing to do and is set anew. Only an earlier deadline needs an entry now.
        if let Some(at) = leg.deadline().map(|at| at.max(earliest))
            && slot.armed.is_none_or(|armed| at < armed)
        {
            slot.armed = Some(at);
            self.timers.push(Reverse((at, key)));
        }
    }
}

/// Digits of streams whose targets cannot take the packets as they are: made anew once the key is
/// released, when its length is known.
impl Graph {
    fn relay_digits(&mut self, now: Instant, key: LegKey) {
        let Some(slot) = self.slots.get_mut(key.index as usize) else {
            return;
        };
        let Some(leg) = slot.leg.as_ref() else { return };
        let mut pressed = Vec::new();
        for event in &leg.events {
            let LegEvent::Dtmf {
                stream,
                digit,
                duration,
            } = event
            else {
                continue;
            };
            let Some(source) = leg.streams.get(*stream) else {
                continue;
            };
            let targets = slot
                .routes
                .get(*stream)
                .map(|route| route.targets.as_slice());
            if source.dtmf_relay == DtmfRelay::Pass
                && let Some(code) = EventCode::from_key(*digit)
            {
                let uid = stream_uid(key, *stream);
                for target in targets.unwrap_or_default() {
                    pressed.push((*target, uid, source.events_rate, code, *duration));
                }
            }
        }
        for ((target, stream), uid, rate, code, duration) in pressed {
            let Some(leg) = live(&mut self.slots, target) else {
                continue;
            };
            let Some(stream) = leg.streams.get_mut(stream) else {
                continue;
            };
            if stream.regenerates(uid, rate) {
                // A peer without telephone-event hears of it through signalling, if at all.
                let _ = stream.press(code, duration, now);
                if target != key {
                    self.settle(now, target);
                }
            }
        }
    }
}

/// Unique among the streams of this graph, and different for the next leg in the same place.
fn stream_uid(key: LegKey, stream: usize) -> u64 {
    u64::from(key.index) << 32 | u64::from(key.generation & 0xffff) << 16 | stream as u64
}

fn note_source(sources: &mut Vec<(PathId, SocketAddr)>, source: (PathId, SocketAddr)) {
    if !sources.contains(&source) {
        sources.push(source);
    }
}

/// Notes the transaction of each ICE check that leaves, so that its answer finds the leg.
fn remember<'a>(
    (table, own): (
        &'a mut HashMap<[u8; 12], (LegKey, usize)>,
        &'a mut VecDeque<[u8; 12]>,
    ),
    key: LegKey,
    transport: usize,
) -> impl FnMut(&[u8]) + 'a {
    move |check: &[u8]| {
        let Some(StunAddress::Request(_)) = stun_address(check) else {
            return;
        };
        let Some(transaction) = check
            .get(8..20)
            .and_then(|id| <[u8; 12]>::try_from(id).ok())
        else {
            return;
        };
        if own.len() == MAX_CHECKS
            && let Some(oldest) = own.pop_front()
        {
            table.remove(&oldest);
        }
        own.push_back(transaction);
        table.insert(transaction, (key, transport));
    }
}

/// By what a STUN message finds its leg.
enum StunAddress<'a> {
    /// The first half of USERNAME.
    Request(&'a str),
    /// The transaction id.
    Response(&'a [u8; 12]),
}

/// Reads just enough of a STUN message (RFC 8489 §5) to route it; the agent parses it in full.
fn stun_address(datagram: &[u8]) -> Option<StunAddress<'_>> {
    const BINDING_REQUEST: [u8; 2] = [0, 1];
    const USERNAME: [u8; 2] = [0, 6];
    /// Attributes looked at; USERNAME comes first in practice.
    const MAX_ATTRIBUTES: usize = 16;
    let transaction = datagram.get(8..20)?;
    if datagram.get(..2)? != BINDING_REQUEST {
        return Some(StunAddress::Response(transaction.try_into().ok()?));
    }
    let mut rest = datagram.get(20..)?;
    for _ in 0..MAX_ATTRIBUTES {
        let (kind, length) = (rest.get(..2)?, rest.get(2..4)?);
        let length = usize::from(u16::from_be_bytes([*length.first()?, *length.get(1)?]));
        if kind == USERNAME {
            let name = std::str::from_utf8(rest.get(4..4 + length)?).ok()?;
            return name
                .split_once(':')
                .map(|(local, _)| StunAddress::Request(local));
        }
        rest = rest.get(4 + length.next_multiple_of(4)..)?;
    }
    None
}
