//! What the control plane says about STUN and TURN servers, and what it hears of them.

use std::net::{IpAddr, SocketAddr};

use sidetone_media::AclRule;
use sidetone_nat::Credentials;
pub use sidetone_nat::Health;

/// How the workers find out which addresses they have outside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NatSettings {
    /// The STUN server's addresses; each of our interfaces asks the one of its family.
    pub stun: Vec<SocketAddr>,
    /// `stun_acl`, `stun_deny`, `stun_permit`: which interfaces ask.
    pub stun_acl: Vec<AclRule>,
    /// `ice_acl`, `ice_deny`, `ice_permit`: which interfaces have candidates at all.
    pub ice_acl: Vec<AclRule>,
    /// `stun_software_attribute`: how we call ourselves.
    pub software: Option<String>,
    /// The TURN server.
    pub turn: Option<TurnSettings>,
}

/// A TURN server, as a worker speaks to it: over UDP, or through a tunnel that begins on this
/// host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TurnSettings {
    /// Where datagrams for it go, one entry per worker or one for all.
    pub servers: Vec<SocketAddr>,
    /// What it is called in messages, such as `turn.example.org:5349 over TLS`.
    pub name: String,
    /// Who we are to it.
    pub credentials: Credentials,
}

impl NatSettings {
    /// Whether there is anything to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.stun.is_empty() && self.turn.is_none()
    }
}

/// Something that changed about our addresses outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NatEvent {
    /// A STUN server sees an address of ours as this.
    Mapped {
        /// Ours.
        base: SocketAddr,
        /// Outside.
        address: SocketAddr,
    },
    /// It sees another one than before.
    Moved {
        /// Ours.
        base: SocketAddr,
        /// Outside, before.
        from: SocketAddr,
        /// Outside, now.
        to: SocketAddr,
    },
    /// The STUN server does not answer one of our interfaces.
    StunDead {
        /// Ours.
        base: SocketAddr,
        /// The server.
        server: SocketAddr,
        /// Why, in words.
        why: String,
    },
    /// The TURN server gave us an address.
    Relayed(SocketAddr),
    /// There is no address on the TURN server (any more).
    RelayLost {
        /// What the server is called.
        server: String,
        /// Why, in words.
        why: String,
    },
}

/// What the workers know, for status commands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NatStatus {
    /// One entry per interface and worker.
    pub bindings: Vec<BindingStatus>,
    /// One entry per worker.
    pub relays: Vec<RelayStatus>,
}

/// One interface of one worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BindingStatus {
    /// Our address and port.
    pub base: SocketAddr,
    /// The server asked.
    pub server: SocketAddr,
    /// Where we are outside, while the server confirms it.
    pub mapped: Option<SocketAddr>,
    /// Whether it answers.
    pub health: Health,
}

/// One allocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayStatus {
    /// What the server is called.
    pub server: String,
    /// Our address on it.
    pub relayed: Option<SocketAddr>,
    /// Peers that are let in.
    pub peers: usize,
}

/// What `stun show status` shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MonitorStatus {
    /// The server as configured.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Seconds between two questions.
    pub period_s: u64,
    /// How often the last question was repeated.
    pub retries: u32,
    /// `INIT`, `OK` or `INVALID`.
    pub status: &'static str,
    /// Where we are outside.
    pub external: Option<SocketAddr>,
}

/// The address of a list that an interface can reach.
pub(crate) fn of_family(addresses: &[SocketAddr], ip: IpAddr) -> Option<SocketAddr> {
    addresses.iter().find(|address| address.is_ipv4() == ip.is_ipv4()).copied()
}
