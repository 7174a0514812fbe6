//! One allocation on a TURN server (RFC 8656): an address there that stands for ours. Allocated
//! ahead of any call and kept, so that it costs a call nothing; all legs of a worker share it and
//! are told apart by their peers' addresses, as on the worker's own port.
//!
//! Peers are let in one by one: the first datagram to a peer asks for a permission, some more bind
//! a channel, which saves 32 bytes on each. Both are kept while they are used and have limits.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::ops::Range;
use std::time::{Duration, Instant};

use sidetone_base::Random;

use crate::credentials::Credentials;
use crate::message::{Class, Message, TransactionId, Writer, attribute, method};
use crate::peers::{MAX_PEERS, Peers, Wanted};
use crate::transaction::{Due, Transaction};

/// Requests without an answer at one time: a call's peers ask for about ten permissions.
const MAX_PENDING: usize = 64;
/// What nobody has fetched: permissions and channels of a call's set-up at the most.
const MAX_OUTGOING: usize = 2 * MAX_PENDING;
/// News nobody took.
const MAX_NEWS: usize = 4;
/// Lifetime asked for; servers shorten it.
const LIFETIME_S: u32 = 600;
/// The NAT in front of us must not forget the way to the server: a change of our address there
/// would be the end of the allocation.
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// After a failure it is tried again, less and less often.
const RETRY: Duration = Duration::from_secs(5);
const LONGEST_RETRY: Duration = Duration::from_secs(300);
/// Nonces that may be stale in a row before the server counts as broken.
const MAX_STALE: u8 = 3;
/// RFC 8656 §17: UDP.
const UDP: [u8; 4] = [17, 0, 0, 0];

/// What changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RelayNews {
    /// This address is ours now.
    Allocated {
        /// On the relay.
        relayed: SocketAddr,
        /// Ours, as the server sees it.
        mapped: Option<SocketAddr>,
    },
    /// There is none (any more), and why. Told once, until there is one again.
    Lost(String),
}

#[derive(Clone, Debug)]
struct Realm {
    realm: String,
    nonce: Vec<u8>,
    key: [u8; 16],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    Allocate,
    Refresh,
    /// Gives a forgotten allocation back, so that a new one can be made.
    Release,
    Permission(IpAddr),
    Channel(SocketAddr, u16),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Ask at this time.
    Idle(Instant),
    Allocating,
    Allocated {
        relayed: SocketAddr,
        refresh_at: Instant,
        ends_at: Instant,
    },
    Closed,
}

/// One allocation.
#[derive(Debug)]
pub struct Relay {
    credentials: Credentials,
    software: Option<String>,
    realm: Option<Realm>,
    phase: Phase,
    failures: u32,
    stale: u8,
    pending: Vec<(Purpose, Transaction)>,
    peers: Peers,
    sent_at: Instant,
    told_lost: bool,
    outgoing: VecDeque<Vec<u8>>,
    news: VecDeque<RelayNews>,
}

/// What a datagram from the server was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Relayed {
    /// Something for the machine itself.
    Handled,
    /// Nothing that was asked for or can be read, an answer without the right integrity, or a
    /// peer that was not let in. It changes nothing.
    Refused,
    /// A peer's datagram: these bytes of it.
    Data(SocketAddr, Range<usize>),
}

impl Relay {
    /// Begins to allocate at once.
    #[must_use]
    pub fn new(now: Instant, credentials: Credentials, software: Option<String>) -> Self {
        Self {
            credentials,
            software,
            realm: None,
            phase: Phase::Idle(now),
            failures: 0,
            stale: 0,
            pending: Vec::new(),
            peers: Peers::default(),
            sent_at: now,
            told_lost: false,
            outgoing: VecDeque::new(),
            news: VecDeque::new(),
        }
    }

    /// Our address on the relay.
    #[must_use]
    pub fn relayed(&self) -> Option<SocketAddr> {
        match self.phase {
            Phase::Allocated { relayed, .. } => Some(relayed),
            Phase::Idle(_) | Phase::Allocating | Phase::Closed => None,
        }
    }

    /// Whether the first answer of the server is still awaited.
    #[must_use]
    pub fn is_asking(&self) -> bool {
        self.failures == 0 && matches!(self.phase, Phase::Idle(_) | Phase::Allocating)
    }

    /// Takes a datagram that came from the server.
    pub fn handle_input(&mut self, now: Instant, bytes: &[u8]) -> Relayed {
        if let Some(relayed) = self.peers.channel_data(now, bytes) {
            return relayed;
        }
        let Some(message) = Message::parse(bytes) else { return Relayed::Refused };
        match message.class {
            Class::Indication if message.method == method::DATA => {
                let peer = message.xor_address(attribute::XOR_PEER_ADDRESS);
                match peer.zip(message.range(attribute::DATA)) {
                    Some((peer, range)) if self.peers.admits(peer.ip()) => {
                        Relayed::Data(peer, range)
                    }
                    _ => Relayed::Refused,
                }
            }
            Class::Success | Class::Error if self.answered(now, &message) => Relayed::Handled,
            _ => Relayed::Refused,
        }
    }

    /// Takes an answer; false when it is none to us.
    fn answered(&mut self, now: Instant, message: &Message<'_>) -> bool {
        let asked = |(_, asked): &(Purpose, Transaction)| asked.id == message.transaction;
        let Some(place) = self.pending.iter().position(asked) else { return false };
        let signed = self.realm.as_ref().is_some_and(|realm| message.is_signed_with(&realm.key));
        // RFC 8489 §9.2.5: an unsigned success is somebody else's.
        if message.class == Class::Success && !signed {
            return false;
        }
        let (purpose, _) = self.pending.swap_remove(place);
        match message.class {
            Class::Success => {
                self.stale = 0;
                self.granted(now, purpose, message);
            }
            _ => self.refused(now, purpose, message),
        }
        true
    }

    fn granted(&mut self, now: Instant, purpose: Purpose, message: &Message<'_>) {
        let lifetime = message.number(attribute::LIFETIME).unwrap_or(LIFETIME_S);
        let lifetime = Duration::from_secs(lifetime.into());
        let times = (now + lifetime / 2, now + lifetime);
        match purpose {
            Purpose::Allocate => {
                let Some(relayed) = message.xor_address(attribute::XOR_RELAYED_ADDRESS) else {
                    self.fail(now, "its answer names no relayed address".to_owned());
                    return;
                };
                let (refresh_at, ends_at) = times;
                self.phase = Phase::Allocated { relayed, refresh_at, ends_at };
                (self.failures, self.told_lost) = (0, false);
                let mapped = message.mapped_address();
                self.tell(RelayNews::Allocated { relayed, mapped });
            }
            Purpose::Refresh => {
                if let Phase::Allocated { refresh_at, ends_at, .. } = &mut self.phase {
                    (*refresh_at, *ends_at) = times;
                }
            }
            Purpose::Release => {}
            Purpose::Permission(ip) => {
                if let Some((peer, data)) = self.peers.permitted(now, ip) {
                    self.push_send(peer, &data);
                }
            }
            Purpose::Channel(peer, number) => self.peers.bound(now, peer, number),
        }
    }

    fn refused(&mut self, now: Instant, purpose: Purpose, message: &Message<'_>) {
        let (code, words) = message.error().unwrap_or_default();
        let challenged = code == 401 && self.realm.is_none();
        if (challenged || code == 438) && self.stale < MAX_STALE && self.learn(message) {
            self.stale += u8::from(!challenged);
            self.ask_again(now, purpose);
            return;
        }
        match purpose {
            Purpose::Allocate | Purpose::Refresh => self.fail(now, reason(code, &words, message)),
            Purpose::Release => {}
            Purpose::Permission(ip) => self.peers.forbidden(ip),
            Purpose::Channel(peer, _) => self.peers.unbound(peer),
        }
        // RFC 8656 §9.2 says 437 to a request inside an allocation that is not there, coturn says
        // 400: a refresh tells.
        let inside = matches!(purpose, Purpose::Permission(_) | Purpose::Channel(..));
        if inside && matches!(code, 400 | 437) {
            self.want(now, Purpose::Refresh);
        }
        if code == 437 && purpose == Purpose::Allocate {
            // An allocation of ours that we have forgotten: give it back first.
            self.want(now, Purpose::Release);
        }
    }

    /// Takes realm and nonce of a challenge.
    fn learn(&mut self, message: &Message<'_>) -> bool {
        let nonce = message.value(attribute::NONCE).filter(|nonce| nonce.len() < 764);
        let Some(nonce) = nonce.map(<[u8]>::to_vec) else { return false };
        let known = self.realm.take().map(|known| known.realm);
        let Some(realm) = message.text(attribute::REALM).or(known) else { return false };
        let key = self.credentials.key(&realm);
        self.realm = Some(Realm { realm, nonce, key });
        true
    }

    fn ask_again(&mut self, now: Instant, purpose: Purpose) {
        match purpose {
            Purpose::Allocate => self.phase = Phase::Idle(now),
            other => self.want(now, other),
        }
    }

    fn fail(&mut self, now: Instant, why: String) {
        let wait = RETRY * 2_u32.pow(self.failures.min(10));
        self.failures += 1;
        self.stale = 0;
        self.realm = None;
        self.pending.clear();
        self.peers = Peers::default();
        self.phase = Phase::Idle(now + wait.min(LONGEST_RETRY));
        if !self.told_lost {
            self.told_lost = true;
            self.tell(RelayNews::Lost(why));
        }
    }

    fn tell(&mut self, news: RelayNews) {
        if self.news.len() == MAX_NEWS {
            self.news.pop_front();
        }
        self.news.push_back(news);
    }

    /// Notes a request to be written at the next [`Relay::handle_timeout`], which has randomness.
    fn want(&mut self, now: Instant, purpose: Purpose) {
        if self.pending.iter().any(|(pending, _)| *pending == purpose) {
            return;
        }
        // What keeps the allocation alive always has room.
        let vital = matches!(purpose, Purpose::Allocate | Purpose::Refresh | Purpose::Release);
        if vital || self.pending.len() < MAX_PENDING {
            self.pending.push((purpose, Transaction::new(now, TransactionId::default(), vec![])));
        } else if let Purpose::Permission(ip) = purpose {
            // The next datagram to it asks again.
            self.peers.forbidden(ip);
        }
    }

    /// Lets a peer in before anything is sent to it: its checks may come first.
    pub fn permit(&mut self, now: Instant, peer: IpAddr) {
        let fits = self.relayed().is_some_and(|own| reaches(own.ip(), peer));
        if fits && self.peers.want(now, peer) == Wanted::Permission {
            self.want(now, Purpose::Permission(peer));
        }
    }

    /// Wraps a datagram for a peer into `out`; false when it cannot be sent yet. The first one to
    /// a new peer is kept and sent when the server lets it.
    pub fn send(&mut self, now: Instant, peer: SocketAddr, data: &[u8], out: &mut Vec<u8>) -> bool {
        out.clear();
        if self.relayed().is_none_or(|own| !reaches(own.ip(), peer.ip())) {
            return false;
        }
        self.sent_at = now;
        match self.peers.on_send(now, peer, data, out) {
            Wanted::Nothing => !out.is_empty(),
            Wanted::Permission => {
                self.want(now, Purpose::Permission(peer.ip()));
                false
            }
            Wanted::Channel(number) => {
                self.want(now, Purpose::Channel(peer, number));
                !out.is_empty()
            }
        }
    }

    fn push_send(&mut self, peer: SocketAddr, data: &[u8]) {
        let mut bytes = Vec::new();
        crate::peers::write_send(peer, data, &mut bytes);
        self.push(bytes);
    }

    fn push(&mut self, bytes: Vec<u8>) {
        if self.outgoing.len() < MAX_OUTGOING {
            self.outgoing.push_back(bytes);
        }
    }

    /// Asks, refreshes, repeats and gives up, whatever is due.
    pub fn handle_timeout(&mut self, now: Instant, random: &mut dyn Random) {
        match &mut self.phase {
            Phase::Idle(at) if *at <= now => {
                self.phase = Phase::Allocating;
                self.want(now, Purpose::Allocate);
            }
            Phase::Allocated { ends_at, .. } if *ends_at <= now => {
                self.fail(now, "it could not be refreshed in time".to_owned());
            }
            Phase::Allocated { refresh_at, ends_at, .. } if *refresh_at <= now => {
                // The answer says when next.
                *refresh_at = *ends_at;
                self.want(now, Purpose::Refresh);
            }
            Phase::Allocated { .. } => {
                for peer in self.peers.fading_permissions(now) {
                    self.want(now, Purpose::Permission(peer));
                }
                for (peer, number) in self.peers.fading_channels(now) {
                    self.want(now, Purpose::Channel(peer, number));
                }
                self.keep_alive(now, random);
            }
            Phase::Idle(_) | Phase::Allocating | Phase::Closed => {}
        }
        self.run_pending(now, random);
    }

    fn keep_alive(&mut self, now: Instant, random: &mut dyn Random) {
        if now.saturating_duration_since(self.sent_at) >= KEEP_ALIVE {
            let id = fresh(random);
            self.push(Writer::new(Class::Indication, method::BINDING, id).finish());
            self.sent_at = now;
        }
    }

    fn run_pending(&mut self, now: Instant, random: &mut dyn Random) {
        let mut pending = std::mem::take(&mut self.pending);
        let mut failed = None;
        pending.retain_mut(|(purpose, transaction)| {
            if transaction.id == TransactionId::default() {
                let id = fresh(random);
                *transaction = Transaction::new(now, id, self.request(*purpose, id));
            }
            match transaction.due(now) {
                Due::Nothing => true,
                Due::Send(bytes) => {
                    self.sent_at = now;
                    self.push(bytes);
                    true
                }
                Due::GiveUp => {
                    match purpose {
                        Purpose::Allocate | Purpose::Refresh => failed = Some(transaction.sent()),
                        Purpose::Release => {}
                        Purpose::Permission(ip) => self.peers.forbidden(*ip),
                        Purpose::Channel(peer, _) => self.peers.unbound(*peer),
                    }
                    false
                }
            }
        });
        self.pending = pending;
        if let Some(sent) = failed {
            self.fail(now, format!("no answer to {sent} requests"));
        }
    }

    fn request(&self, purpose: Purpose, id: TransactionId) -> Vec<u8> {
        let request = |method| Writer::new(Class::Request, method, id);
        let mut request = match purpose {
            Purpose::Allocate => request(method::ALLOCATE)
                .with(attribute::REQUESTED_TRANSPORT, &UDP)
                .with_number(attribute::LIFETIME, LIFETIME_S),
            Purpose::Refresh => {
                request(method::REFRESH).with_number(attribute::LIFETIME, LIFETIME_S)
            }
            Purpose::Release => request(method::REFRESH).with_number(attribute::LIFETIME, 0),
            // The port of a permission does not matter (RFC 8656 §9.1).
            Purpose::Permission(ip) => request(method::CREATE_PERMISSION)
                .with_xor_address(attribute::XOR_PEER_ADDRESS, SocketAddr::new(ip, 0)),
            Purpose::Channel(peer, number) => request(method::CHANNEL_BIND)
                .with_number(attribute::CHANNEL_NUMBER, u32::from(number) << 16)
                .with_xor_address(attribute::XOR_PEER_ADDRESS, peer),
        };
        if let Some(software) = &self.software {
            request = request.with(attribute::SOFTWARE, software.as_bytes());
        }
        match &self.realm {
            None => request.finish(),
            Some(Realm { realm, nonce, key }) => request
                .with(attribute::USERNAME, self.credentials.username.as_bytes())
                .with(attribute::REALM, realm.as_bytes())
                .with(attribute::NONCE, nonce)
                .sign(key),
        }
    }

    /// Asks at once whether the allocation still stands: somebody's way through it may have died.
    pub fn check(&mut self, now: Instant) {
        if let Phase::Allocated { refresh_at, .. } = &mut self.phase {
            *refresh_at = now;
        }
    }

    /// The connection to the server broke, and the allocation with it.
    pub fn broken(&mut self, now: Instant) {
        if !matches!(self.phase, Phase::Idle(_) | Phase::Closed) {
            self.fail(now, "the connection to it broke or was not made".to_owned());
        }
    }

    /// Gives the allocation back; [`Relay::poll_transmit`] has the last words.
    pub fn close(&mut self, random: &mut dyn Random) {
        self.outgoing.clear();
        if self.relayed().is_some() {
            let bytes = self.request(Purpose::Release, fresh(random));
            self.push(bytes);
        }
        self.pending.clear();
        self.phase = Phase::Closed;
    }

    /// A datagram for the server.
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        self.outgoing.pop_front()
    }

    /// What changed since the last call.
    pub fn poll_news(&mut self) -> Option<RelayNews> {
        self.news.pop_front()
    }

    /// When to call [`Relay::handle_timeout`]; `None` after [`Relay::close`].
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        let own = match self.phase {
            Phase::Idle(at) => Some(at),
            Phase::Allocated { refresh_at, .. } => {
                let keep_alive = self.sent_at + KEEP_ALIVE;
                [Some(refresh_at), Some(keep_alive), self.peers.deadline()]
                    .into_iter()
                    .flatten()
                    .min()
            }
            Phase::Allocating => None,
            Phase::Closed => return None,
        };
        let pending = self.pending.iter().map(|(_, transaction)| transaction.deadline());
        own.into_iter().chain(pending).min()
    }

    /// Peers that may send to us, 2,048 at most.
    #[must_use]
    pub fn peers(&self) -> usize {
        debug_assert!(self.peers.len() <= MAX_PEERS);
        self.peers.len()
    }
}

/// Whether a peer can be reached from an address on a relay. A relay with a public address knows no
/// private network of ours or of the peer's, and asking it for one is worse than of no use: coturn
/// ends a whole allocation when its host has no route to one peer.
fn reaches(relayed: IpAddr, peer: IpAddr) -> bool {
    relayed.is_ipv4() == peer.is_ipv4() && (!is_local(peer) || is_local(relayed))
}

/// Of a private network, a link, this host or nobody (RFC 1918, RFC 3927, RFC 4193, RFC 4291).
fn is_local(ip: IpAddr) -> bool {
    let nobody = ip.is_unspecified() || ip.is_loopback() || ip.is_multicast();
    nobody
        || match ip {
            IpAddr::V4(ip) => ip.is_private() || ip.is_link_local() || ip.is_broadcast(),
            IpAddr::V6(ip) => ip.is_unique_local() || ip.is_unicast_link_local(),
        }
}

fn fresh(random: &mut dyn Random) -> TransactionId {
    let mut id = [0; 12];
    random.fill(&mut id);
    id
}

/// Why a server refuses, and what to change.
fn reason(code: u16, words: &str, message: &Message<'_>) -> String {
    let hint = match code {
        300 => {
            let other = message.xor_address(attribute::ALTERNATE_SERVER);
            let other = other.map_or_else(|| "another server".to_owned(), |at| at.to_string());
            return format!("it sends us to {other}: set turnaddr to that");
        }
        401 | 441 => "look at turnusername and turnpassword, or turn_secret",
        437 => "it holds an older allocation of ours",
        438 => "it calls every nonce of its own stale",
        442 => "it relays no UDP",
        486 => "its quota for this user is used up",
        508 => "it has no port left",
        _ => "see its log",
    };
    format!("it refuses with {code} {words}: {hint}")
}

#[cfg(test)]
mod tests;
