//! Fax (T.38) of a leg: datagrams of UDPTL, which are no RTP, go from one leg to the other as they
//! are. The machines at the ends number and repair them.

use std::net::SocketAddr;
use std::time::Instant;

use sidetone_sdp::plan::MediaKind;

use crate::clock::Io;
use crate::event::LegEvent;
use crate::leg::Leg;
use crate::stream::Stream;
use crate::transport::Transport;

impl Leg {
    /// Takes a datagram of a fax: the stream it is for, or `None` to drop it.
    pub(crate) fn receive_udptl(
        &mut self,
        now: Instant,
        transport: usize,
        source: SocketAddr,
        datagram: &[u8],
    ) -> Option<usize> {
        let path = self.transports.get_mut(transport)?;
        if !path.open_udptl(now, source, datagram) {
            return None;
        }
        let faxes = |stream: &&mut Stream| {
            stream.plan.kind == MediaKind::Image && stream.plan.transport == transport
        };
        let stream = self.streams.iter_mut().find(faxes).filter(|stream| stream.receives())?;
        stream.heard_at = now;
        if !std::mem::replace(&mut stream.heard, true) {
            self.events.push(LegEvent::FirstPacket { stream: stream.index });
        }
        Some(stream.index)
    }
}

impl Stream {
    /// Sends a datagram of a fax that arrived elsewhere, or here: echo. False when it stays here.
    pub(crate) fn forward_udptl(
        &mut self,
        datagram: &[u8],
        transport: &mut Transport,
        io: &mut Io<'_>,
    ) -> bool {
        let sends = self.plan.kind == MediaKind::Image && self.sends();
        sends && transport.send_udptl(datagram, io.out)
    }
}
