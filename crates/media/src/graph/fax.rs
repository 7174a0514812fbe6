//! The way of a datagram of a fax (T.38): from the leg it arrives at to those its stream is routed
//! to. Pipes have no image: `Local/` channels leave the way before a fax begins, or refuse it.

use std::net::SocketAddr;
use std::time::Instant;

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
        let taken = leg.receive_udptl(now, transport, source, datagram);
        let slot = self.slots.get_mut(key.index as usize);
        let route = taken.and_then(|stream| slot?.routes.get_mut(stream));
        if let Some(route) = route {
            let targets = std::mem::take(&mut route.targets);
            let elsewhere = std::mem::take(&mut route.elsewhere);
            for target in &elsewhere {
                self.link_fax(*target, datagram);
            }
            for target in &targets {
                self.send_fax(now, *target, datagram, out);
            }
            self.working_on = Some(key);
            let slot = self.slots.get_mut(key.index as usize);
            if let Some(route) = taken.and_then(|stream| slot?.routes.get_mut(stream)) {
                (route.targets, route.elsewhere) = (targets, elsewhere);
            }
        }
        let leg = live(&mut self.slots, key);
        if leg.is_some_and(|leg| leg.is_unsettled(transport)) {
            self.settle(now, key);
        }
    }

    /// Sends a datagram of a fax out of a stream.
    pub(super) fn send_fax(
        &mut self,
        now: Instant,
        (target, index): (LegKey, usize),
        datagram: &[u8],
        out: &mut dyn Outbox,
    ) {
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
