//! The way of a datagram: from the socket to its leg, through the route of its stream, to the
//! transports of the targets. And the timers, which start packets of their own.

use std::cmp::Reverse;
use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use sidetone_base::LegId;
use sidetone_rtp::event::EventCode;
use sidetone_rtp::{Kind, RtpView, classify};
use sidetone_sdp::plan::MediaKind;

use super::{Arrival, Feeder, Graph, GraphSnapshot, LegKey, Outgoing, Owner, io, live};
use crate::clock::Io;
use crate::event::LegEvent;
use crate::formats::Payload;
use crate::keys::KeySource;
use crate::leg::{MAX_STREAMS, Received};
use crate::path::{Outbox, PathId};
use crate::refusal::Refusal;
use crate::source::DtmfRelay;
use crate::stream::Arrived;
use crate::transport::TransportNews;

/// ICE checks of one transport whose answers are waited for. At 5 ms between checks this covers
/// the first 0.6 s, after which retransmissions have new entries anyway.
const MAX_CHECKS: usize = 128;

/// A leg's timer comes up at most once a millisecond: a deadline that stays in the past must not
/// keep the worker from sleeping.
const LEAST_SLEEP: Duration = Duration::from_millis(1);

/// Longest key that is made anew; a stuck one must not silence a call.
const MAX_KEY: Duration = Duration::from_secs(10);

/// Timers run in one turn; the rest follows in the next.
const MAX_TIMERS: usize = 256;

/// Datagrams warmed at once: as many as one batch holds.
const MAX_WARMED: usize = 64;

/// A key on its way from the stream that heard it to those it is routed to.
#[derive(Clone, Copy, Debug)]
pub(super) struct RelayedKey {
    /// The stream, and the clock of its events.
    pub(super) uid: u64,
    pub(super) rate: u32,
    pub(super) code: EventCode,
    pub(super) duration: Duration,
    pub(super) source: KeySource,
}

/// The way of a datagram.
impl Graph {
    /// Touches what the datagrams of a batch will need, leg by leg in steps that do not wait for
    /// each other. With a thousand legs a packet finds nothing of its leg in the cache; asked for
    /// one after the other these misses cost more than all the work on the packet.
    pub fn warm<'a>(&self, batch: impl Iterator<Item = (Arrival, &'a [u8])>) {
        let mut owners = [None; MAX_WARMED];
        let mut count = 0;
        for ((arrival, datagram), place) in batch.zip(&mut owners) {
            *place = match self.owners.get(arrival.path) {
                Some(Owner::Leg(key, transport) | Owner::Fax(key, transport)) => {
                    Some((key, transport))
                }
                Some(Owner::Shared) if datagram.first().is_some_and(|first| first >> 6 == 2) => {
                    self.sources.get(&(arrival.path, arrival.source)).copied()
                }
                Some(Owner::Shared) | None => None,
            };
            count += 1;
        }
        self.touch(owners.get(..count).unwrap_or_default());
    }

    /// The same, for sockets of single legs that have something to receive.
    pub fn warm_paths(&self, paths: &[PathId]) {
        let mut owners = [None; MAX_WARMED];
        for (path, place) in paths.iter().zip(&mut owners) {
            if let Some(Owner::Leg(key, transport)) = self.owners.get(*path) {
                *place = Some((key, transport));
            }
        }
        self.touch(owners.get(..paths.len().min(MAX_WARMED)).unwrap_or_default());
    }

    fn touch(&self, owners: &[Option<(LegKey, usize)>]) {
        let slots = owners
            .iter()
            .flatten()
            .filter_map(|(key, transport)| Some((self.slots.get(key.index as usize)?, *transport)));
        let mut touched = 0;
        for (slot, _) in slots.clone() {
            touched += slot.routes.first().map_or(0, |route| route.targets.len());
        }
        for (slot, transport) in slots {
            touched += slot.leg.as_ref().map_or(0, |leg| leg.warm(transport));
        }
        std::hint::black_box(touched);
    }

    /// Handles one datagram. It is decrypted in place.
    pub fn handle_datagram(
        &mut self,
        now: Instant,
        arrival: Arrival,
        datagram: &mut [u8],
        out: &mut dyn Outbox,
    ) {
        let owner = self.owners.get(arrival.path);
        if let Some(Owner::Fax(key, transport)) = owner {
            return self.take_fax(now, (key, transport), arrival.source, datagram, out);
        }
        let Some(kind) = classify(datagram) else {
            return self.refused.count(Refusal::Unknown);
        };
        let owner = match owner {
            Some(Owner::Leg(key, transport)) => Some((key, transport)),
            Some(Owner::Shared) => self.find(kind, arrival, datagram),
            Some(Owner::Fax(..)) | None => None,
        };
        let Some((key, transport)) = owner else {
            return self.refused.count(Refusal::Unclaimed);
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
            Kind::Zrtp | Kind::TurnChannel => self.refused.count(Refusal::Unknown),
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
            && !leg.hold_back(now, received, packet)
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
        let Some(slot) = self.slots.get(key.index as usize) else {
            return;
        };
        let idle = slot.routes.get(received.stream).is_none_or(Outgoing::is_idle);
        if idle {
            return;
        }
        let Ok(view) = RtpView::parse(packet) else {
            return;
        };
        let Some(stream) = slot.leg.as_ref().and_then(|leg| leg.streams.get(received.stream))
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
            uid: stream_uid(self.home, key, received.stream),
            audio,
            extensions: stream.formats.extensions,
            muted: stream.listener.as_ref().is_some_and(|listener| listener.is_hearing()),
        };
        self.send_along(now, (key, received.stream), &arrived, 0, out);
    }

    /// Sends a packet along the route of the stream it arrived on. `hops` counts the pipes it has
    /// passed.
    pub(super) fn send_along(
        &mut self,
        now: Instant,
        (key, stream): (LegKey, usize),
        arrived: &Arrived<'_>,
        hops: usize,
        out: &mut dyn Outbox,
    ) {
        let Some(slot) = self.slots.get_mut(key.index as usize) else {
            return;
        };
        let Some(route) = slot.routes.get_mut(stream) else {
            return;
        };
        // While its targets are taken out, a loop of pipes that comes back here finds none.
        let targets = std::mem::take(&mut route.targets);
        let elsewhere = std::mem::take(&mut route.elsewhere);
        let pipes = std::mem::take(&mut route.pipes);
        let from = (slot.leg.as_ref().map_or(LegId(0), |leg| leg.id), stream);
        for target in &elsewhere {
            self.link_packet(*target, from, arrived);
        }
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
            stream.forward(arrived, path, &mut io!(self, now, out));
            // Noise that begins here goes on by the clock.
            if arrived.payload == Payload::ComfortNoise && *target != key {
                self.settle(now, *target);
            }
        }
        for target in &pipes {
            self.enter_pipe(now, *target, arrived, hops, out);
        }
        self.working_on = Some(key);
        if let Some(slot) = self.slots.get_mut(key.index as usize)
            && let Some(route) = slot.routes.get_mut(stream)
        {
            route.targets = targets;
            route.elsewhere = elsewhere;
            route.pipes = pipes;
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
        let keyframes = leg.handle_rtcp(transport, packet, &mut io!(self, now, out));
        for stream in (0..MAX_STREAMS).filter(|stream| keyframes >> stream & 1 == 1) {
            let fed_by = self
                .slots
                .get(key.index as usize)
                .and_then(|slot| slot.routes.get(stream).and_then(|route| route.fed_by));
            match fed_by {
                Some(Feeder::Here(source, stream)) => self.ask_keyframe(now, source, stream),
                Some(Feeder::Elsewhere(source, stream)) => self.link_keyframe((source, stream)),
                None => {}
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
        path.handle_stun(now, ends, datagram, out, &mut remember(checks, key, transport));
        self.settle(now, key);
    }

    /// Lets a transport send what it has after a plan was applied.
    pub(super) fn pump(
        &mut self,
        now: Instant,
        key: LegKey,
        transport: usize,
        out: &mut dyn Outbox,
    ) {
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
            let piped = slot.pipe.is_some();
            let buffered = leg.streams.iter().any(|stream| stream.jitter.is_some());
            if piped {
                self.drain_pipe(now, key, out);
            }
            if buffered {
                self.drain_jitter(now, key, out);
            }
            self.settle_until(now, key, now + LEAST_SLEEP);
        }
    }

    /// Sends on what is due in the jitter buffers of a leg.
    fn drain_jitter(&mut self, now: Instant, key: LegKey, out: &mut dyn Outbox) {
        for index in 0..MAX_STREAMS {
            loop {
                let Some(leg) = live(&mut self.slots, key) else { return };
                let Some(stream) = leg.streams.get_mut(index) else { return };
                let due = stream.jitter.as_mut().and_then(|jitter| jitter.poll_output(now));
                let Some((payload, bytes)) = due else { break };
                let received = Received { stream: index, len: bytes.len(), payload };
                self.forward(now, key, received, &bytes, out);
                let leg = live(&mut self.slots, key);
                let stream = leg.and_then(|leg| leg.streams.get_mut(index));
                if let Some(jitter) = stream.and_then(|stream| stream.jitter.as_mut()) {
                    jitter.give_back(bytes);
                }
            }
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
        let mut refused = self.refused;
        legs.flat_map(|leg| &leg.transports).for_each(|path| refused.add(&path.refused));
        GraphSnapshot {
            legs: self.ids.len(),
            routes: self.sources.len() + self.ufrags.len() + self.checks.len(),
            timers: self.slots.iter().filter(|slot| slot.armed.is_some()).count(),
            refused,
        }
    }

    /// After a leg did something: its news, events and timer.
    pub(super) fn settle(&mut self, now: Instant, key: LegKey) {
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
                            self.sources.entry((path, source)).or_insert((key, transport));
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
        if !leg.heard_keys.is_empty() {
            self.relay_keys(now, key);
        }
        let Some(slot) = self.slots.get_mut(key.index as usize) else {
            return;
        };
        let Some(leg) = slot.leg.as_mut() else {
            return;
        };
        let id = leg.id;
        self.events.extend(leg.events.drain(..).map(|event| (id, event)));
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

/// Keys that do not reach a target as packets: made anew there once the key is released, when its
/// length is known.
impl Graph {
    fn relay_keys(&mut self, now: Instant, key: LegKey) {
        let Some(slot) = self.slots.get_mut(key.index as usize) else {
            return;
        };
        let Some(leg) = slot.leg.as_mut() else { return };
        let (mut pressed, mut linked) = (Vec::new(), Vec::new());
        for heard in std::mem::take(&mut leg.heard_keys) {
            let Some(source) = leg.streams.get(heard.stream) else {
                continue;
            };
            let Some(route) = slot.routes.get(heard.stream) else {
                continue;
            };
            if source.dtmf_relay == DtmfRelay::Stop {
                continue;
            }
            let (code, duration) = (heard.code, heard.duration);
            let (uid, rate) =
                (stream_uid(self.home, key, heard.stream), source.heard_events_rate());
            let relayed = RelayedKey { uid, rate, code, duration, source: heard.source };
            let targets = route.targets.iter().chain(&route.pipes);
            pressed.extend(targets.map(|target| (*target, relayed)));
            linked.extend(route.elsewhere.iter().map(|target| (*target, relayed)));
        }
        for (target, relayed) in linked {
            self.link_key(target, relayed);
        }
        for (target, relayed) in pressed {
            if self.press_relayed(now, target, relayed) && target.0 != key {
                self.settle(now, target.0);
            }
        }
    }

    /// Sends a key that was heard elsewhere, unless it gets there in the media.
    pub(super) fn press_relayed(
        &mut self,
        now: Instant,
        (target, index): (LegKey, usize),
        relayed: RelayedKey,
    ) -> bool {
        let piped = self.far_end(target).is_some();
        let Some(leg) = live(&mut self.slots, target) else {
            return false;
        };
        let Some(stream) = leg.streams.get(index) else {
            return false;
        };
        let wanted = match relayed.source {
            // Packets of the press have passed, unless their clock or the audio differs.
            KeySource::Events => !piped && stream.regenerates(relayed.uid, relayed.rate),
            KeySource::Tones => piped || !stream.takes_tones(),
            KeySource::Signalling => true,
        };
        let duration = relayed.duration.clamp(stream.dtmf.min_duration, MAX_KEY);
        // A key that the peer cannot take, or one too many, is lost: there is nobody to tell.
        wanted && leg.press(now, index, (relayed.code, duration))
    }
}

impl Graph {
    pub(super) fn stream_uid(&self, key: LegKey, stream: usize) -> u64 {
        stream_uid(self.home, key, stream)
    }
}

/// Unique among the streams of this graph, and different for the next leg in the same place.
fn stream_uid(home: Option<(u64, u64)>, key: LegKey, stream: usize) -> u64 {
    // Workers are told apart by eight bits; a worker has fewer than 2^24 legs.
    let home = home.map_or(0, |(_, home)| home) << 56;
    let (index, generation) = (u64::from(key.index) << 32, u64::from(key.generation & 0xffff));
    home ^ index | generation << 16 | stream as u64
}

fn note_source(sources: &mut Vec<(PathId, SocketAddr)>, source: (PathId, SocketAddr)) {
    if !sources.contains(&source) {
        sources.push(source);
    }
}

/// Transactions of ICE checks and whose they are.
type Checks = HashMap<[u8; 12], (LegKey, usize)>;

/// Notes the transaction of each ICE check that leaves, so that its answer finds the leg.
fn remember<'a>(
    (table, own): (&'a mut Checks, &'a mut VecDeque<[u8; 12]>),
    key: LegKey,
    transport: usize,
) -> impl FnMut(&[u8]) + 'a {
    move |check: &[u8]| {
        let Some(StunAddress::Request(_)) = stun_address(check) else {
            return;
        };
        let Some(transaction) = check.get(8..20).and_then(|id| <[u8; 12]>::try_from(id).ok())
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
            return name.split_once(':').map(|(local, _)| StunAddress::Request(local));
        }
        rest = rest.get(4 + length.next_multiple_of(4)..)?;
    }
    None
}
