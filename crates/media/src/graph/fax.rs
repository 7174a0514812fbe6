//! The way of a datagram of a fax (T.38): from the leg it arrives at to those its stream is routed
//! to, through pipes too.

use std::net::SocketAddr;
use std::time::Instant;

use super::pipe::MAX_PIPES;
use super::{Graph, LegKey, io, live};
use crate::clock::Io;
use crate::path::Outbox;

impl Graph {
    pub(super) fn take_fax(
        &mut self,
        now: Instant,
        (key, transport): (LegKey, usize),
        source: SocketAddr,
        datagram: &[u8],
        out: &mut dyn Outbox,
    ) {
        self.working_on = Some(key);
        let Some(leg) = live(&mut self.slots, key) else {
            return;
        };
        if let Some(stream) = leg.receive_udptl(now, transport, source, datagram) {
            self.send_fax_along(now, (key, stream), datagram, 0, out);
        }
        let leg = live(&mut self.slots, key);
        if leg.is_some_and(|leg| leg.is_unsettled(transport)) {
            self.settle(now, key);
        }
    }

    /// Sends a datagram along the route of the stream it arrived on. `hops` counts the pipes it has
    /// passed.
    fn send_fax_along(
        &mut self,
        now: Instant,
        (key, stream): (LegKey, usize),
        datagram: &[u8],
        hops: usize,
        out: &mut dyn Outbox,
    ) {
        let slot = self.slots.get_mut(key.index as usize);
        let Some(route) = slot.and_then(|slot| slot.routes.get_mut(stream)) else {
            return;
        };
        // While they are taken out, a loop of pipes that comes back here finds none.
        let taken = std::mem::take(route);
        for target in &taken.elsewhere {
            self.link_fax(*target, datagram);
        }
        for target in taken.targets.iter().chain(&taken.pipes) {
            self.send_fax(now, *target, datagram, hops, out);
        }
        self.working_on = Some(key);
        let slot = self.slots.get_mut(key.index as usize);
        if let Some(route) = slot.and_then(|slot| slot.routes.get_mut(stream)) {
            *route = taken;
        }
    }

    /// Sends a datagram of a fax out of a stream; of an end of a pipe it comes out at the other.
    pub(super) fn send_fax(
        &mut self,
        now: Instant,
        (target, index): (LegKey, usize),
        datagram: &[u8],
        hops: usize,
        out: &mut dyn Outbox,
    ) {
        if let Some(far) = self.far_end(target) {
            if hops < MAX_PIPES && live(&mut self.slots, far).is_some() {
                self.send_fax_along(now, (far, index), datagram, hops + 1, out);
            }
            return;
        }
        self.working_on = Some(target);
        let Some(leg) = live(&mut self.slots, target) else {
            return;
        };
        let Some(stream) = leg.streams.get_mut(index) else {
            return;
        };
        let Some(path) = leg.transports.get_mut(stream.plan.transport) else {
            return;
        };
        stream.forward_udptl(datagram, path, &mut io!(self, now, out));
    }
}
