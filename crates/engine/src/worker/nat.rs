//! What a worker makes of its addresses outside: candidates for new legs, news for those that
//! were made before the servers answered, and new addresses for all when they changed.

use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use sidetone_base::LegId;
use sidetone_media::{Base, CandidatePolicy, LegKind, NewTransport};
use sidetone_sdp::plan::LocalTransport;

use super::{Worker, error};
use crate::socket::MediaSocket;
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
        while let Some(found) = self.sockets.poll_found() {
            self.tell_legs(now, found);
        }
    }

    fn tell_legs(&mut self, now: Instant, found: Found) {
        let news = late(found);
        let concerned: Vec<LegId> = self
            .legs
            .iter()
            .filter(|(_, open)| open.gathering && takes(&open.candidates, found))
            .map(|(id, _)| *id)
            .collect();
        for id in concerned {
            // A leg that is gone wants no news.
            let _ = self.graph.late_candidates(now, id, &news);
            if found == Found::Done
                && let Some(open) = self.legs.get_mut(&id)
            {
                open.gathering = false;
            }
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
            (LegKind::WebRtc { .. }, PortChoice::Shared) => {
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
            // Its ports are its own: nobody asked a server about them.
            (LegKind::WebRtc { .. }, PortChoice::Own) => {
                self.graph.restart_ice(now, id).map_err(error)
            }
            (LegKind::Pipe, _) => self.graph.local_transports(id).map_err(error),
        }
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

/// Whether something found concerns a leg with this policy.
fn takes(policy: &CandidatePolicy, found: Found) -> bool {
    match found {
        Found::Reflexive(base, _) => policy.takes_reflexive() && policy.permits(base.address.ip()),
        Found::Relayed(_) | Found::Done => true,
    }
}

fn told_anew(mut made: NewTransport, policy: &CandidatePolicy) -> NewTransport {
    for (base, told) in made.rtp.iter_mut().chain(&mut made.rtcp) {
        told.set_ip(policy.connection_address(base.address.ip()));
    }
    made
}
