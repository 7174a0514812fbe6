//! What a worker makes of its addresses outside: candidates for new legs, news for those that
//! were made before the servers answered, and new addresses for all when they changed.

use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use sidetone_base::LegId;
use sidetone_media::{Base, CandidatePolicy, LateCandidates, LegKind, NewTransport};
use sidetone_sdp::plan::LocalTransport;

use super::{OpenLeg, Worker, error, no_address};
use crate::socket::{MediaSocket, SocketUse};
use crate::traversal::{Found, SharedChange, late};
use crate::{LegError, PortChoice};

impl<S: MediaSocket> Worker<S> {
    /// Keeps the addresses outside up to date, and tells legs what was found late.
    pub(super) fn reach(&mut self, now: Instant) {
        self.sockets.handle_timeout(now);
        while let Some(change) = self.sockets.poll_change() {
            match change {
                SharedChange::Opened(path) => self.graph.add_shared_path(path),
                SharedChange::Closed(path) => self.graph.remove_shared_path(path),
            }
        }
        let mut concerned = Vec::new();
        while let Some(found) = self.sockets.poll_found() {
            self.tell_legs(now, found, &mut concerned);
        }
        // Only after everything that was found at this time.
        concerned.into_iter().for_each(|id| self.end_gathering(now, id));
    }

    fn tell_legs(&mut self, now: Instant, found: Found, all: &mut Vec<LegId>) {
        let takers = self.legs.iter().filter(|(_, open)| open.gathering && takes(open, found));
        let concerned: Vec<LegId> = takers.map(|(id, _)| *id).collect();
        for id in concerned {
            if let Some(news) = late(found) {
                // A leg that is gone wants no news.
                let _ = self.graph.late_candidates(now, id, &news);
            }
            if !all.contains(&id) {
                all.push(id);
            }
        }
    }

    /// Tells a leg that nothing more will come, once that is so.
    fn end_gathering(&mut self, now: Instant, id: LegId) {
        let Some(open) = self.legs.get_mut(&id) else { return };
        let asking = open.paths.iter().any(|path| self.sockets.is_asking(*path));
        if !asking && !self.sockets.is_gathering() {
            open.gathering = false;
            let done = LateCandidates { complete: true, ..LateCandidates::default() };
            let _ = self.graph.late_candidates(now, id, &done);
        }
    }

    /// The bases as a STUN server sees them, where that says something new.
    pub(super) fn reflexive(
        &self,
        policy: &CandidatePolicy,
        bases: &[Base],
        advertised: &[SocketAddr],
    ) -> Vec<SocketAddr> {
        if !policy.takes_reflexive() {
            return Vec::new();
        }
        let mut found: Vec<SocketAddr> = Vec::new();
        for mapped in bases.iter().filter_map(|base| self.sockets.mapped(base)) {
            if !advertised.contains(&mapped) && !found.contains(&mapped) {
                found.push(mapped);
            }
        }
        found
    }

    /// The base on a TURN server, which lets the peer in from where its signalling comes.
    pub(super) fn relayed(&mut self, now: Instant, policy: &CandidatePolicy) -> Option<Base> {
        let base = self.sockets.relayed()?;
        if let Some(peer) = policy.peer {
            self.sockets.permit(now, peer);
        }
        Some(base)
    }

    /// Makes a leg tell other addresses from now on; one with ICE gets new credentials too.
    pub(super) fn readdress(
        &mut self,
        now: Instant,
        id: LegId,
        policy: CandidatePolicy,
    ) -> Result<Vec<LocalTransport>, LegError> {
        let open = self.legs.get_mut(&id).ok_or(LegError::Closed)?;
        open.candidates = policy.clone();
        let (kind, port) = (open.kind, open.port);
        let made = self.graph.made_of(id).map_err(error)?;
        match (kind, port) {
            (LegKind::Ice { .. }, PortChoice::Shared) => {
                let transport = self.shared_transport(now, &policy)?;
                self.note_gathering(id, &transport);
                self.graph.readdress(id, vec![transport; made.len()]).map_err(error)?;
                self.graph.restart_ice(now, id).map_err(error)
            }
            (LegKind::Plain, _) => {
                let made = made.into_iter().map(|made| told_anew(made, &policy)).collect();
                self.graph.readdress(id, made).map_err(error)?;
                self.graph.local_transports(id).map_err(error)
            }
            (LegKind::Ice { .. }, PortChoice::Own) => {
                let anew = |mut made: NewTransport| {
                    made.bases.retain(|base| !made.relayed.contains(&base.address));
                    self.own_transport_of(now, made.bases, &policy)
                };
                let made: Vec<NewTransport> = made.into_iter().map(anew).collect();
                made.iter().for_each(|transport| self.note_gathering(id, transport));
                self.graph.readdress(id, made).map_err(error)?;
                self.graph.restart_ice(now, id).map_err(error)
            }
            (LegKind::Ice { .. }, PortChoice::Pair) => {
                let anew = |mut made: NewTransport| {
                    let pair = told_anew(made.clone(), &policy);
                    made.bases.retain(|base| !made.relayed.contains(&base.address));
                    let ice = self.own_transport_of(now, made.bases, &policy);
                    NewTransport { rtp: pair.rtp, rtcp: pair.rtcp, ..ice }
                };
                let made: Vec<NewTransport> = made.into_iter().map(anew).collect();
                made.iter().for_each(|transport| self.note_gathering(id, transport));
                self.graph.readdress(id, made).map_err(error)?;
                self.graph.restart_ice(now, id).map_err(error)
            }
            (LegKind::Pipe, _) => self.graph.local_transports(id).map_err(error),
        }
    }

    /// A transport for ICE with a port of its own on every interface the policy allows. The STUN
    /// server is asked about it from now on, and the leg hears later what it said.
    pub(super) fn own_ice_transport(
        &mut self,
        now: Instant,
        open: &mut OpenLeg,
    ) -> Result<NewTransport, LegError> {
        let mut interfaces = self.sockets.interfaces(now);
        interfaces.retain(|ip| self.shared_port_of(*ip).is_some());
        let translated = self.sockets.translated();
        let hosts = open.candidates.host_addresses_behind(&interfaces, &translated);
        let first = *hosts.bases.first().ok_or_else(no_address)?;
        let (port, bases) = self.take_port(open, first, |worker, port| {
            let mut bases = Vec::new();
            for ip in &hosts.bases {
                let address = SocketAddr::new(*ip, port);
                match worker.sockets.bind(address, SocketUse::Leg) {
                    Ok(path) => bases.push(Base { address, path }),
                    Err(error) => {
                        bases.iter().for_each(|base| worker.sockets.close(base.path));
                        return Err(error);
                    }
                }
            }
            Ok(bases)
        })?;
        open.pairs.push(port);
        open.paths.extend(bases.iter().map(|base| base.path));
        if open.candidates.takes_reflexive() {
            bases.iter().for_each(|base| self.sockets.watch(now, *base));
        }
        Ok(self.own_transport_of(now, bases, &open.candidates))
    }

    /// A pair of ports as a plain leg has it, with ICE beside it: on the port for RTP, and on the
    /// same number of every other interface that the policy allows. Where one is taken, ICE does
    /// without that interface.
    pub(super) fn ice_pair_transport(
        &mut self,
        now: Instant,
        open: &mut OpenLeg,
    ) -> Result<NewTransport, LegError> {
        let pair = self.own_transport(now, open)?;
        let Some((main, _)) = pair.rtp else { return Ok(pair) };
        let mut interfaces = self.sockets.interfaces(now);
        interfaces.retain(|ip| self.shared_port_of(*ip).is_some());
        let mut bases = Vec::new();
        for ip in open.candidates.host_addresses(&interfaces).bases {
            if ip == main.address.ip() {
                // Where plain media would go is the likeliest to work.
                bases.insert(0, main);
                continue;
            }
            let address = SocketAddr::new(ip, main.address.port());
            if let Ok(path) = self.sockets.bind(address, SocketUse::Leg) {
                open.paths.push(path);
                bases.push(Base { address, path });
            }
        }
        if open.candidates.takes_reflexive() {
            bases.iter().for_each(|base| self.sockets.watch(now, *base));
        }
        let ice = self.own_transport_of(now, bases, &open.candidates);
        Ok(NewTransport { rtp: pair.rtp, rtcp: pair.rtcp, ..ice })
    }

    /// What is known by now about a leg's own sockets.
    fn own_transport_of(
        &mut self,
        now: Instant,
        mut bases: Vec<Base>,
        policy: &CandidatePolicy,
    ) -> NewTransport {
        let own: Vec<IpAddr> = bases.iter().map(|base| base.address.ip()).collect();
        let hosts = policy.host_addresses_behind(&own, &self.sockets.translated());
        let port = bases.first().map_or(0, |base| base.address.port());
        let advertised: Vec<SocketAddr> =
            hosts.advertised.iter().map(|ip| SocketAddr::new(*ip, port)).collect();
        let reflexive = self.reflexive(policy, &bases, &advertised);
        let relayed = self.relayed(now, policy);
        // Before any server has answered there may be nothing to tell: the base stands in `c=`.
        let told = advertised.iter().chain(&reflexive).next().copied();
        let rtp = bases.first().map(|base| (*base, told.unwrap_or(nowhere(base.address))));
        let asking = bases.iter().any(|base| self.sockets.is_asking(base.path));
        let gathering = asking || self.sockets.is_gathering();
        bases.extend(relayed);
        let relayed = relayed.iter().map(|base| base.address).collect();
        NewTransport { bases, advertised, reflexive, relayed, gathering, rtp, rtcp: None }
    }

    /// An interface of this host has another address now.
    pub(crate) fn interface_moved(&mut self, from: IpAddr, to: IpAddr) {
        for port in self.shared.iter_mut().filter(|port| port.address.ip() == from) {
            port.address.set_ip(to);
        }
        self.sockets.set_shared(self.shared.clone());
    }

    pub(super) fn note_gathering(&mut self, id: LegId, transport: &NewTransport) {
        if let Some(open) = self.legs.get_mut(&id) {
            open.gathering = transport.gathering;
        }
    }
}

/// Whether something found concerns a leg. What is found about a leg's own socket is its own.
fn takes(open: &OpenLeg, found: Found) -> bool {
    let policy = &open.candidates;
    let shares = open.port == PortChoice::Shared;
    match found {
        Found::Reflexive(base, _) => {
            shares && policy.takes_reflexive() && policy.permits(base.address.ip())
        }
        Found::OwnReflexive(base, _) => open.paths.contains(&base.path),
        Found::OwnSilent(path) => open.paths.contains(&path),
        Found::Relayed(_) | Found::Done => true,
    }
}

/// A place that says of what family we are and no more (RFC 8840 §4.1).
fn nowhere(of: SocketAddr) -> SocketAddr {
    if of.is_ipv4() { ([0, 0, 0, 0], 9).into() } else { ([0; 16], 9).into() }
}

fn told_anew(mut made: NewTransport, policy: &CandidatePolicy) -> NewTransport {
    for (base, told) in made.rtp.iter_mut().chain(&mut made.rtcp) {
        told.set_ip(policy.connection_address(base.address.ip()));
    }
    made
}
