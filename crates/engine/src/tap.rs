//! A look at what passes through the sockets of a worker, for a capture file: when, between whom,
//! how long, and the head of each datagram. Of RTP that is the header, in clear also where the
//! payload is encrypted (RFC 3711 §3.1): enough to count loss and jitter by. Payloads never leave
//! the worker.
//!
//! Wraps the worker's sockets, below the layer that knows of TURN, so that a capture shows what
//! is on the wire. Without a capture a datagram costs one comparison more.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant, SystemTime};

use sidetone_media::{Outbox, PathId};
use sidetone_rtp::RtpView;
use sidetone_rtp::demux::{Kind, classify};

use crate::socket::{Batch, MediaSocket, SocketUse};

/// Bytes kept of one datagram at most: an RTP header with all that browsers put into it.
pub const HEAD: usize = 160;

/// Datagrams that wait to be written. At 100,000 a second that is 80 ms; what the disk does not
/// take in time is left out and counted.
const QUEUE: usize = 8_192;

/// One datagram as it passed.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// When.
    pub at: SystemTime,
    /// The sender.
    pub from: SocketAddr,
    /// The receiver.
    pub to: SocketAddr,
    /// Bytes of the whole datagram.
    pub len: usize,
    kept: usize,
    head: [u8; HEAD],
}

impl Seen {
    /// What is kept of it: its first bytes.
    #[must_use]
    pub fn head(&self) -> &[u8] {
        self.head.get(..self.kept).unwrap_or_default()
    }
}

/// What a worker does with datagrams while a capture runs. It ends when its receiver is dropped.
#[derive(Clone, Debug)]
pub struct Watch {
    peer: Option<IpAddr>,
    seen: SyncSender<Seen>,
    left_out: Arc<AtomicU64>,
}

impl Watch {
    /// A watch over what goes to or comes from `peer`, or everybody; where it arrives; and a count
    /// of what found no room there.
    #[must_use]
    pub fn new(peer: Option<IpAddr>) -> (Self, Receiver<Seen>, Arc<AtomicU64>) {
        let (seen, arrivals) = sync_channel(QUEUE);
        let left_out = Arc::new(AtomicU64::new(0));
        (Self { peer, seen, left_out: Arc::clone(&left_out) }, arrivals, left_out)
    }

    fn wants(&self, peer: SocketAddr) -> bool {
        self.peer.is_none_or(|wanted| wanted == peer.ip().to_canonical())
    }

    /// Passes one datagram on; false when nobody takes them any more.
    fn pass(&self, from: SocketAddr, to: SocketAddr, datagram: &[u8]) -> bool {
        let kept = head_len(datagram).min(HEAD).min(datagram.len());
        let mut head = [0; HEAD];
        if let (Some(room), Some(bytes)) = (head.get_mut(..kept), datagram.get(..kept)) {
            room.copy_from_slice(bytes);
        }
        let seen = Seen { at: SystemTime::now(), from, to, len: datagram.len(), kept, head };
        match self.seen.try_send(seen) {
            Ok(()) => true,
            Err(TrySendError::Full(_)) => {
                self.left_out.fetch_add(1, Ordering::Relaxed);
                true
            }
            Err(TrySendError::Disconnected(_)) => false,
        }
    }
}

/// How many bytes of a datagram tell what it is and hold nothing that somebody says or sends: the
/// header of RTP, and what sets up and reports on media. None of what is not known, faxes among it.
fn head_len(datagram: &[u8]) -> usize {
    match classify(datagram) {
        Some(Kind::Rtp) => RtpView::parse_protected(datagram).map_or(12, |rtp| rtp.header_len()),
        Some(Kind::Rtcp) => datagram.len(),
        Some(Kind::Stun) if datagram.get(4..8) == Some(&[0x21, 0x12, 0xa4, 0x42]) => datagram.len(),
        Some(Kind::Dtls) if datagram.get(1) == Some(&0xfe) => datagram.len(),
        Some(Kind::TurnChannel) => 4 + datagram.get(4..).map_or(0, head_len),
        _ => 0,
    }
}

/// The sockets of a worker, and the watch over them while there is one.
pub(crate) struct Tapped<S> {
    inner: S,
    watch: Option<Watch>,
}

impl<S> Tapped<S> {
    pub(crate) fn new(inner: S) -> Self {
        Self { inner, watch: None }
    }

    pub(crate) fn inner(&mut self) -> &mut S {
        &mut self.inner
    }

    /// Begins to pass datagrams on, or ends it.
    pub(crate) fn watch(&mut self, watch: Option<Watch>) {
        self.watch = watch;
    }
}

impl<S: MediaSocket> Outbox for Tapped<S> {
    fn send(&mut self, path: PathId, from: IpAddr, to: SocketAddr, datagram: &[u8]) {
        self.inner.send(path, from, to, datagram);
        let Some(watch) = self.watch.as_ref().filter(|watch| watch.wants(to)) else {
            return;
        };
        let port = self.inner.address(path).map_or(0, |address| address.port());
        if !watch.pass(SocketAddr::new(from, port), to, datagram) {
            self.watch = None;
        }
    }
}

impl<S: MediaSocket> MediaSocket for Tapped<S> {
    fn bind(&mut self, address: SocketAddr, socket_use: SocketUse) -> io::Result<PathId> {
        self.inner.bind(address, socket_use)
    }

    fn address(&self, path: PathId) -> Option<SocketAddr> {
        self.inner.address(path)
    }

    fn close(&mut self, path: PathId) {
        self.inner.close(path);
    }

    fn interfaces(&mut self, now: Instant) -> Vec<IpAddr> {
        self.inner.interfaces(now)
    }

    fn source_towards(&mut self, peer: IpAddr) -> Option<IpAddr> {
        self.inner.source_towards(peer)
    }

    fn upcoming(&self) -> &[PathId] {
        self.inner.upcoming()
    }

    fn receive(&mut self, batch: &mut Batch) {
        self.inner.receive(batch);
        let Some(watch) = &self.watch else {
            return;
        };
        let new = batch.received.iter().zip(&batch.buffers);
        let mut open = true;
        for (received, buffer) in new.filter(|(received, _)| watch.wants(received.source)) {
            let datagram = buffer.get(..received.len).unwrap_or_default();
            open &= watch.pass(received.source, received.local, datagram);
        }
        if !open {
            self.watch = None;
        }
    }

    fn wait(&mut self, limit: Option<Duration>) {
        self.inner.wait(limit);
    }

    fn note_turn(&mut self, now: Instant, datagrams: usize) {
        self.inner.note_turn(now, datagrams);
    }

    fn sockets(&self) -> usize {
        self.inner.sockets()
    }
}

#[cfg(test)]
mod tests {
    use sidetone_media::{LegKind, Route};

    use super::*;
    use crate::LegSpec;
    use crate::sim::{SimHost, SimWorld};

    #[test]
    fn a_capture_holds_headers_and_no_payload() {
        let mut world = SimWorld::new(1, Instant::now());
        let engine = world.engine(SimHost::new([192, 0, 2, 1])).unwrap();
        let (sender, _events) = tokio::sync::mpsc::channel(32);
        let leg = world.drive(engine.create_leg(LegSpec::new(LegKind::Plain, sender))).unwrap();
        let phone: SocketAddr = "198.51.100.1:4000".parse().unwrap();
        world.drive(leg.apply(crate::worker::tests::plain_plan(phone))).unwrap();
        world.drive(leg.route(0, Route::Echo)).unwrap();
        let to = leg.local_transports()[0].rtp;
        let packet = |number: u8| {
            let mut packet = vec![0x80, 0, 0, number, 0, 0, 0, 0, 0, 0, 0, 9];
            packet.extend([0x55; 160]);
            packet
        };

        let (watch, seen, _) = Watch::new(Some("198.51.100.2".parse().unwrap()));
        world.drive(engine.watch(Some(watch)));
        world.send(phone, to, &packet(1));
        world.run(Duration::from_millis(20));
        assert!(seen.try_recv().is_err(), "nobody asked for this peer");

        let (watch, seen, left_out) = Watch::new(Some(phone.ip()));
        world.drive(engine.watch(Some(watch)));
        world.send(phone, to, &packet(2));
        world.run(Duration::from_millis(20));
        let [came, went] = [seen.try_recv().unwrap(), seen.try_recv().unwrap()];
        assert_eq!((came.from, came.to, came.len), (phone, to, 172));
        assert_eq!((went.from, went.to, went.len), (to, phone, 172), "the echo");
        assert_eq!(came.head(), &packet(2)[..12]);
        assert_eq!(went.head().len(), 12);
        assert_eq!(left_out.load(Ordering::Relaxed), 0);

        world.drive(engine.watch(None));
        world.send(phone, to, &packet(3));
        world.run(Duration::from_millis(20));
        assert!(seen.try_recv().is_err());
    }

    #[test]
    fn what_is_kept_of_a_datagram_is_what_travels_in_clear() {
        let rtp = [&[0xb1, 111, 0, 1][..], &[0; 12], &[0xbe, 0xde, 0, 1, 0x10, 9, 0, 0], &[7; 50]];
        assert_eq!(head_len(&rtp.concat()), 12 + 4 + 8, "with a source and an extension");
        assert_eq!(head_len(&[0x80, 200, 0, 6, 1, 2, 3, 4]), 8, "a report");
        let stun = [0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(head_len(&stun), 20);
        assert_eq!(head_len(&[22, 0xfe, 0xfd, 0, 0]), 5, "a handshake");
        let relayed = [&[0x40, 0, 0, 13, 0x80, 0][..], &[0; 10], &[9; 3]].concat();
        assert_eq!(head_len(&relayed), 4 + 12);
        assert_eq!(head_len(&[0, 7, 3, 0xc0, 1, 0x80, 0, 0, 0xff]), 0, "a fax");
        assert_eq!(head_len(&[]), 0);
    }

    #[test]
    fn whoever_stops_reading_ends_the_capture_and_whoever_is_slow_loses_packets() {
        let address: SocketAddr = "192.0.2.1:4000".parse().unwrap();
        let (watch, seen, left_out) = Watch::new(None);
        for _ in 0..QUEUE + 3 {
            assert!(watch.pass(address, address, &[0x80; 12]));
        }
        assert_eq!(left_out.load(Ordering::Relaxed), 3);
        drop(seen);
        assert!(!watch.pass(address, address, &[0x80; 12]));
    }
}
