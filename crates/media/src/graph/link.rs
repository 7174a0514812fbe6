//! Routes between legs of different workers. An attended transfer or a conference may join legs
//! that live on different cores: what the one receives travels as a value to the other's graph.
//! The links are bounded and lossy; voice conceals what is lost.

use std::time::Instant;

use sidetone_base::LegId;
use sidetone_rtp::RtpView;

use super::flow::RelayedKey;
use super::{Feeder, Graph, io, live};
use crate::clock::Io;
use crate::formats::{AudioFormat, Extensions, FormatKey, Payload};
use crate::path::Outbox;
use crate::refusal::Refusal;
use crate::stream::Arrived;

/// Links that wait for the worker to take them: more than one turn can produce.
const MAX_WAITING: usize = 512;

/// Something for a leg in another graph.
#[derive(Clone, Debug)]
pub struct Link {
    to: LegId,
    stream: usize,
    content: Content,
}

#[derive(Clone, Debug)]
enum Content {
    Packet(Box<Packet>),
    Key(RelayedKey),
    Keyframe,
    /// A datagram of a fax.
    Fax(Vec<u8>),
}

/// A packet in clear with what its stream knows about it.
#[derive(Clone, Debug)]
struct Packet {
    from: (LegId, usize),
    payload: Payload,
    key: Option<FormatKey>,
    uid: u64,
    audio: Option<AudioFormat>,
    extensions: Extensions,
    muted: bool,
    bytes: Vec<u8>,
}

impl Link {
    /// The leg it is for.
    #[must_use]
    pub fn to(&self) -> LegId {
        self.to
    }
}

impl Graph {
    /// Says which legs live here: those whose id has `home` in the bits of `mask`. Without it no
    /// leg lives elsewhere.
    pub fn set_home(&mut self, mask: u64, home: u64) {
        self.home = Some((mask, home & mask));
    }

    pub(super) fn is_elsewhere(&self, leg: LegId) -> bool {
        self.home.is_some_and(|(mask, home)| leg.0 & mask != home)
    }

    /// Takes one link that leaves for another graph.
    pub fn poll_link(&mut self) -> Option<Link> {
        self.links.pop_front()
    }

    pub(super) fn link_packet(
        &mut self,
        (to, stream): (LegId, usize),
        from: (LegId, usize),
        arrived: &Arrived<'_>,
    ) {
        let packet = Packet {
            from,
            payload: arrived.payload,
            key: arrived.key,
            uid: arrived.uid,
            audio: arrived.audio,
            extensions: arrived.extensions,
            muted: arrived.muted,
            bytes: arrived.view.bytes().to_vec(),
        };
        self.link(Link { to, stream, content: Content::Packet(Box::new(packet)) });
    }

    pub(super) fn link_key(&mut self, (to, stream): (LegId, usize), relayed: RelayedKey) {
        self.link(Link { to, stream, content: Content::Key(relayed) });
    }

    pub(super) fn link_keyframe(&mut self, (to, stream): (LegId, usize)) {
        self.link(Link { to, stream, content: Content::Keyframe });
    }

    pub(super) fn link_fax(&mut self, (to, stream): (LegId, usize), datagram: &[u8]) {
        self.link(Link { to, stream, content: Content::Fax(datagram.to_vec()) });
    }

    fn link(&mut self, link: Link) {
        // Drop the newest: what waits is older, and the receiver hears it first.
        if self.links.len() < MAX_WAITING {
            self.links.push_back(link);
        } else {
            self.refused.count(Refusal::Behind);
        }
    }

    /// Handles a link from another graph.
    pub fn handle_link(&mut self, now: Instant, link: &Link, out: &mut dyn Outbox) {
        let Ok(key) = self.key(link.to) else { return };
        self.working_on = Some(key);
        match &link.content {
            Content::Keyframe => self.ask_keyframe(now, key, link.stream),
            Content::Fax(datagram) => self.send_fax(now, (key, link.stream), datagram, 0, out),
            Content::Key(relayed) => {
                self.press_relayed(now, (key, link.stream), *relayed);
                self.settle(now, key);
            }
            Content::Packet(packet) => {
                let feeder = Some(Feeder::Elsewhere(packet.from.0, packet.from.1));
                self.outgoing(key, link.stream).fed_by = feeder;
                let Ok(view) = RtpView::parse(&packet.bytes) else {
                    return;
                };
                let arrived = Arrived {
                    view,
                    payload: packet.payload,
                    key: packet.key,
                    uid: packet.uid,
                    audio: packet.audio,
                    extensions: packet.extensions,
                    muted: packet.muted,
                };
                if self.far_end(key).is_some() {
                    return self.enter_pipe(now, (key, link.stream), &arrived, 0, out);
                }
                let Some(leg) = live(&mut self.slots, key) else {
                    return;
                };
                let Some(stream) = leg.streams.get_mut(link.stream) else {
                    return;
                };
                let Some(path) = leg.transports.get_mut(stream.plan.transport) else {
                    return;
                };
                stream.forward(&arrived, path, &mut io!(self, now, out));
                if arrived.payload == Payload::ComfortNoise {
                    self.settle(now, key);
                }
            }
        }
    }
}
