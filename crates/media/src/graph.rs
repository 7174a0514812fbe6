//! All legs of one worker and the routes between them. The worker hands every datagram in here;
//! whatever leaves goes straight to its socket ([`Outbox`]).
//!
//! A datagram on a port of its own belongs to the leg that has the port. On a shared port STUN
//! requests find their leg by the user fragment, STUN responses by the transaction, and everything
//! else by a source address that ICE has validated: each one table lookup, never a search.

mod control;
mod fax;
mod flow;
mod link;
mod pipe;
mod table;

pub use link::Link;
pub use pipe::NewPipe;
use table::{Owner, Owners};

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::net::SocketAddr;
use std::time::Instant;

use sidetone_base::{LegId, Random};
use sidetone_sdp::plan::LocalTransport;

use crate::certificate::Certificate;
use crate::clock::{Io, SCRATCH_LEN, WallClock};
use crate::dtls::DtlsConfig;
use crate::event::LegEvent;
use crate::leg::Leg;
use crate::path::{Outbox, PathId};
use crate::refusal::Refusals;
use crate::settings::{LegKind, RtpSettings};
use crate::transport::{Identity, NewTransport};

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
    /// What was refused since the graph was made.
    pub refused: Refusals,
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
    /// The other end, when the leg is one end of a pipe.
    pipe: Option<LegKey>,
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
            pipe: None,
        }
    }
}

/// The route of one stream with its targets looked up.
#[derive(Clone, Debug, Default)]
struct Outgoing {
    targets: Vec<(LegKey, usize)>,
    /// Targets on other workers.
    elsewhere: Vec<(LegId, usize)>,
    /// Targets that are ends of pipes.
    pipes: Vec<(LegKey, usize)>,
    /// Who feeds this stream, to pass on requests for key frames.
    fed_by: Option<Feeder>,
}

impl Outgoing {
    fn is_idle(&self) -> bool {
        self.targets.is_empty() && self.elsewhere.is_empty() && self.pipes.is_empty()
    }
}

/// The stream that feeds another.
#[derive(Clone, Copy, Debug)]
enum Feeder {
    Here(LegKey, usize),
    Elsewhere(LegId, usize),
}

/// The legs of one worker.
pub struct Graph {
    slots: Vec<Slot>,
    free: Vec<u32>,
    ids: HashMap<LegId, LegKey>,
    owners: Owners,
    sources: HashMap<(PathId, SocketAddr), (LegKey, usize), table::Seed>,
    ufrags: HashMap<String, (LegKey, usize)>,
    checks: HashMap<[u8; 12], (LegKey, usize)>,
    timers: BinaryHeap<Reverse<(Instant, LegKey)>>,
    events: VecDeque<(LegId, LegEvent)>,
    links: VecDeque<Link>,
    home: Option<(u64, u64)>,
    dtls: HashMap<(u16, Vec<u16>), DtlsConfig>,
    random: Box<dyn Random>,
    clock: WallClock,
    scratch: Box<[u8]>,
    /// The leg being worked on: the one to blame when that panics.
    working_on: Option<LegKey>,
    refused: Refusals,
}

impl std::fmt::Debug for Graph {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Graph").field("snapshot", &self.snapshot()).finish_non_exhaustive()
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

use io;

impl Graph {
    /// An empty graph. Legs draw keys and numbers from `random`.
    #[must_use]
    pub fn new(clock: WallClock, mut random: Box<dyn Random>) -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            ids: HashMap::new(),
            owners: Owners::default(),
            sources: HashMap::with_hasher(table::Seed::new(&mut *random)),
            ufrags: HashMap::new(),
            checks: HashMap::new(),
            timers: BinaryHeap::new(),
            events: VecDeque::new(),
            links: VecDeque::new(),
            home: None,
            dtls: HashMap::new(),
            random,
            clock,
            scratch: vec![0; SCRATCH_LEN].into_boxed_slice(),
            working_on: None,
            refused: Refusals::default(),
        }
    }

    /// Declares a socket that many legs share.
    pub fn add_shared_path(&mut self, path: PathId) {
        self.owners.set(path, Owner::Shared);
    }

    /// The opposite: the socket is closed, its number may be given to another.
    pub fn remove_shared_path(&mut self, path: PathId) {
        self.owners.clear(path);
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
        if new.kind == LegKind::Pipe {
            let text = "one end of a pipe makes no sense: create both";
            return Err(LegFault::NotSupported(text.to_owned()));
        }
        let identity = Identity {
            kind: new.kind,
            dtls: self.dtls_config(&new.settings)?,
            settings: new.settings,
            certificate: new.certificate,
        };
        let leg = Leg::new(new.id, identity, new.transports, &mut io!(self, now, out));
        let locals = leg.local_transports();
        let key = self.insert(leg);
        self.register(key);
        Ok(locals)
    }

    /// Gives a leg a place.
    fn insert(&mut self, leg: Leg) -> LegKey {
        let index = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::empty());
            // A worker has fewer than 2^32 legs: it has fewer ports.
            (self.slots.len() - 1) as u32
        });
        let slot = &mut self.slots[index as usize];
        slot.generation = slot.generation.wrapping_add(1);
        let key = LegKey { index, generation: slot.generation };
        self.ids.insert(leg.id, key);
        slot.leg = Some(Box::new(leg));
        key
    }

    fn dtls_config(&mut self, settings: &RtpSettings) -> Result<DtlsConfig, LegFault> {
        let key = (settings.dtls_mtu, settings.dtls_ciphers.clone());
        if let Some(config) = self.dtls.get(&key) {
            return Ok(config.clone());
        }
        let config = DtlsConfig::new(key.0, &key.1).map_err(LegFault::NotSupported)?;
        self.dtls.insert(key, config.clone());
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
            for path in transport.paths() {
                if self.owners.get(path).is_none() {
                    self.owners.set(path, Owner::Leg(key, index));
                }
            }
            for path in transport.own_paths() {
                let faxes = transport.udptl_path() == Some(path);
                match self.owners.get(path) {
                    Some(Owner::Leg(..)) if faxes => self.owners.set(path, Owner::Fax(key, index)),
                    Some(Owner::Fax(..)) if !faxes => self.owners.set(path, Owner::Leg(key, index)),
                    _ => {}
                }
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
        self.events.push_back((id, LegEvent::Failed { reason: reason.to_owned() }));
        Some(id)
    }

    fn forget(&mut self, key: LegKey) {
        let Some(slot) = self.slots.get_mut(key.index as usize) else {
            return;
        };
        let Some(leg) = slot.leg.take() else { return };
        let generation = slot.generation;
        let Slot { checks, sources, ufrags, .. } = std::mem::replace(slot, Slot::empty());
        slot.generation = generation;
        leg.transports.iter().for_each(|transport| self.refused.add(&transport.refused));
        self.ids.remove(&leg.id);
        for check in checks {
            self.checks.remove(&check);
        }
        for source in sources {
            if self.sources.get(&source).is_some_and(|(owner, _)| *owner == key) {
                self.sources.remove(&source);
            }
        }
        for ufrag in ufrags {
            if self.ufrags.get(&ufrag).is_some_and(|(owner, _)| *owner == key) {
                self.ufrags.remove(&ufrag);
            }
        }
        for path in leg.transports.iter().flat_map(|transport| transport.paths()) {
            if let Some(Owner::Leg(owner, _) | Owner::Fax(owner, _)) = self.owners.get(path)
                && owner == key
            {
                self.owners.clear(path);
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
