//! The peers of an allocation: who may send to us (permissions, RFC 8656 §9) and who has a short
//! name (channels, §12). Both are refreshed while they are used and forgotten after.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use crate::message::{Class, Writer, attribute, method};
use crate::relay::Relayed;

/// Peers let in at one time, and channels: a worker carries about a thousand calls.
pub(crate) const MAX_PEERS: usize = 2_048;
/// A permission lasts five minutes (RFC 8656 §9); it is refreshed a minute before.
const PERMISSION: Duration = Duration::from_secs(300);
const PERMISSION_REFRESH: Duration = Duration::from_secs(240);
/// A channel lasts ten minutes; its number may name another peer five minutes later.
const CHANNEL: Duration = Duration::from_secs(600);
const CHANNEL_REFRESH: Duration = Duration::from_secs(480);
const CHANNEL_REST: Duration = Duration::from_secs(300);
/// Datagrams to one peer before it gets a channel: ICE checks alone do not.
const CHANNEL_AFTER: u32 = 20;
/// Channel numbers (RFC 8656 §12).
const CHANNELS: std::ops::Range<u16> = 0x4000..0x5000;

/// What a peer needs before it can be sent to, or to be sent to at less cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    Nothing,
    Permission,
    Channel(u16),
}

#[derive(Debug)]
struct Permission {
    granted: Option<Instant>,
    asked: Instant,
    used: Instant,
    /// The first datagram, until the permission is there.
    held: Option<(SocketAddr, Vec<u8>)>,
}

#[derive(Debug)]
struct Channel {
    number: Option<u16>,
    bound: Option<Instant>,
    asked: Instant,
    used: Instant,
    sent: u32,
}

#[derive(Debug)]
pub(crate) struct Peers {
    permissions: HashMap<IpAddr, Permission>,
    channels: HashMap<SocketAddr, Channel>,
    numbers: HashMap<u16, SocketAddr>,
    next_number: u16,
    look_at: Option<Instant>,
}

impl Default for Peers {
    fn default() -> Self {
        Self {
            permissions: HashMap::new(),
            channels: HashMap::new(),
            numbers: HashMap::new(),
            next_number: CHANNELS.start,
            look_at: None,
        }
    }
}

/// A Send indication (RFC 8656 §11.1). Its transaction id needs not be random: nobody answers.
pub(crate) fn write_send(peer: SocketAddr, data: &[u8], out: &mut Vec<u8>) {
    let bytes = Writer::new(Class::Indication, method::SEND, [0; 12])
        .with_xor_address(attribute::XOR_PEER_ADDRESS, peer)
        .with(attribute::DATA, data)
        .finish();
    *out = bytes;
}

impl Peers {
    /// Those that may send to us. A channel that rests until its number is free again is none.
    pub(crate) fn len(&self) -> usize {
        self.permissions.len()
    }

    /// Whether a peer may send to us.
    pub(crate) fn admits(&self, ip: IpAddr) -> bool {
        self.permissions.contains_key(&ip)
    }

    /// Reads ChannelData (RFC 8656 §12.4); `None` when it is something else.
    pub(crate) fn channel_data(&mut self, now: Instant, bytes: &[u8]) -> Option<Relayed> {
        let head = bytes.get(..4)?;
        let number = u16::from_be_bytes([head[0], head[1]]);
        if !CHANNELS.contains(&number) {
            return None;
        }
        let len = usize::from(u16::from_be_bytes([head[2], head[3]]));
        let Some(peer) = self.numbers.get(&number).filter(|_| bytes.len() >= 4 + len) else {
            return Some(Relayed::Refused);
        };
        if let Some(channel) = self.channels.get_mut(peer) {
            channel.used = now;
        }
        Some(Relayed::Data(*peer, 4..4 + len))
    }

    /// Makes sure that a peer has a permission or will have one.
    pub(crate) fn want(&mut self, now: Instant, ip: IpAddr) -> Wanted {
        if let Some(permission) = self.permissions.get_mut(&ip) {
            permission.used = now;
            return Wanted::Nothing;
        }
        if self.permissions.len() == MAX_PEERS {
            return Wanted::Nothing;
        }
        let permission = Permission { granted: None, asked: now, used: now, held: None };
        self.permissions.insert(ip, permission);
        self.look(now + PERMISSION_REFRESH);
        Wanted::Permission
    }

    /// Wraps a datagram for a peer, as cheaply as is possible by now.
    pub(crate) fn on_send(
        &mut self,
        now: Instant,
        peer: SocketAddr,
        data: &[u8],
        out: &mut Vec<u8>,
    ) -> Wanted {
        if let Some(channel) = self.channels.get_mut(&peer)
            && let (Some(number), Some(_)) = (channel.number, channel.bound)
        {
            channel.used = now;
            let len = u16::try_from(data.len()).unwrap_or(u16::MAX);
            out.extend(number.to_be_bytes());
            out.extend(len.to_be_bytes());
            out.extend_from_slice(data);
            if let Some(permission) = self.permissions.get_mut(&peer.ip()) {
                permission.used = now;
            }
            return Wanted::Nothing;
        }
        let wanted = self.want(now, peer.ip());
        let Some(permission) = self.permissions.get_mut(&peer.ip()) else {
            return Wanted::Nothing;
        };
        if permission.granted.is_none() {
            permission.held.get_or_insert_with(|| (peer, data.to_vec()));
            return wanted;
        }
        write_send(peer, data, out);
        self.count(now, peer)
    }

    /// Counts datagrams to a peer; a busy one gets a channel.
    fn count(&mut self, now: Instant, peer: SocketAddr) -> Wanted {
        if self.channels.len() == MAX_PEERS && !self.channels.contains_key(&peer) {
            return Wanted::Nothing;
        }
        let new = || Channel { number: None, bound: None, asked: now, used: now, sent: 0 };
        let channel = self.channels.entry(peer).or_insert_with(new);
        channel.used = now;
        channel.sent = channel.sent.saturating_add(1);
        let busy = channel.sent == CHANNEL_AFTER && channel.number.is_none();
        self.look(now + CHANNEL_REST);
        match busy.then(|| self.free_number()).flatten() {
            None => Wanted::Nothing,
            Some(number) => {
                self.numbers.insert(number, peer);
                if let Some(channel) = self.channels.get_mut(&peer) {
                    channel.number = Some(number);
                }
                Wanted::Channel(number)
            }
        }
    }

    fn free_number(&mut self) -> Option<u16> {
        for _ in CHANNELS {
            let number = self.next_number;
            self.next_number = if number + 1 == CHANNELS.end { CHANNELS.start } else { number + 1 };
            if !self.numbers.contains_key(&number) {
                return Some(number);
            }
        }
        None
    }

    /// A permission was granted; gives back what waited for it.
    pub(crate) fn permitted(&mut self, now: Instant, ip: IpAddr) -> Option<(SocketAddr, Vec<u8>)> {
        let permission = self.permissions.get_mut(&ip)?;
        permission.granted = Some(now + PERMISSION);
        permission.held.take()
    }

    /// A permission was refused or not answered: the next datagram asks again.
    pub(crate) fn forbidden(&mut self, ip: IpAddr) {
        self.permissions.remove(&ip);
    }

    /// A channel was bound, which renews the permission as well.
    pub(crate) fn bound(&mut self, now: Instant, peer: SocketAddr, number: u16) {
        if let Some(channel) = self.channels.get_mut(&peer).filter(|c| c.number == Some(number)) {
            channel.bound = Some(now + CHANNEL);
            channel.asked = now;
        }
        self.look(now + CHANNEL_REFRESH);
    }

    /// A channel was refused: the peer is sent to without, and not asked for again.
    pub(crate) fn unbound(&mut self, peer: SocketAddr) {
        if let Some(channel) = self.channels.get_mut(&peer) {
            channel.bound = None;
        }
    }

    /// Permissions that are in use and about to end. Those not in use are forgotten.
    pub(crate) fn fading_permissions(&mut self, now: Instant) -> Vec<IpAddr> {
        if self.look_at.is_none_or(|at| at > now) {
            return Vec::new();
        }
        let idle = |used: Instant| now.saturating_duration_since(used) >= PERMISSION_REFRESH;
        self.permissions.retain(|_, permission| !idle(permission.used));
        let due = |permission: &Permission| {
            now.saturating_duration_since(permission.asked) >= PERMISSION_REFRESH
        };
        let mut found = Vec::new();
        for (ip, permission) in &mut self.permissions {
            if due(permission) {
                permission.asked = now;
                found.push(*ip);
            }
        }
        found
    }

    /// Channels that are in use and about to end. Those long not in use are forgotten.
    pub(crate) fn fading_channels(&mut self, now: Instant) -> Vec<(SocketAddr, u16)> {
        if self.look_at.is_none_or(|at| at > now) {
            return Vec::new();
        }
        self.handle_timeout(now);
        let mut found = Vec::new();
        for (peer, channel) in &mut self.channels {
            let idle = now.saturating_duration_since(channel.used) >= CHANNEL_REST;
            let due = now.saturating_duration_since(channel.asked) >= CHANNEL_REFRESH;
            if let (Some(number), Some(until), false, true) =
                (channel.number, channel.bound, idle, due)
                && until > now
            {
                channel.asked = now;
                found.push((*peer, number));
            }
        }
        found
    }

    /// Forgets what has ended, and says when to look again.
    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        for channel in self.channels.values_mut() {
            channel.bound = channel.bound.filter(|until| *until > now);
        }
        let rested = |channel: &Channel| {
            let since = now.saturating_duration_since(channel.used.max(channel.asked));
            since >= if channel.number.is_some() { CHANNEL + CHANNEL_REST } else { CHANNEL_REST }
        };
        self.channels.retain(|_, channel| !rested(channel));
        let channels = &self.channels;
        self.numbers.retain(|number, peer| {
            channels.get(peer).is_some_and(|channel| channel.number == Some(*number))
        });
        let permissions = self.permissions.values().map(|permission| {
            (permission.asked + PERMISSION_REFRESH).min(permission.used + PERMISSION_REFRESH)
        });
        let channels = self.channels.values().map(|channel| channel.asked + CHANNEL_REFRESH);
        let next = permissions.chain(channels).min();
        // Not more often than every ten seconds: a minute of slack is in the times above.
        self.look_at = next.map(|at| at.max(now + Duration::from_secs(10)));
    }

    fn look(&mut self, at: Instant) {
        self.look_at = Some(self.look_at.map_or(at, |before| before.min(at)));
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.look_at
    }
}
