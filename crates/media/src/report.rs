//! RTCP of a leg: regular reports, feedback when it is due, and what the peer's RTCP says.

use std::time::{Duration, Instant};

use sidetone_rtp::Ssrc;
use sidetone_rtp::reception::Reception;
use sidetone_rtp::rtcp::{CompoundWriter, Packet, ReportBlock, RtcpError, packets};

use crate::clock::{Io, SCRATCH_LEN};
use crate::leg::Leg;
use crate::refusal::Refusal;
use crate::stream::Stream;

/// Sequence numbers asked for in one NACK packet.
const MAX_NACKED: usize = 64;
/// Bytes of one RTCP datagram before protection: fits every path.
const MAX_RTCP: usize = 1200;

/// Streams of the leg, by index, whose receivers want a key frame.
pub(crate) type StreamSet = u32;

impl Leg {
    /// Reads RTCP in clear. Returns the streams that need a key frame from whoever feeds them.
    pub(crate) fn handle_rtcp(
        &mut self,
        transport: usize,
        datagram: &[u8],
        io: &mut Io<'_>,
    ) -> StreamSet {
        let (now, wall_clock) = (io.now, io.clock.ntp(io.now));
        let mut keyframes = 0;
        for packet in packets(datagram) {
            let Ok(packet) = packet else {
                // What came before the part that cannot be read has been used.
                self.refuse(transport, Refusal::Rtcp);
                break;
            };
            match packet {
                Packet::SenderReport { ssrc, sender, blocks } => {
                    let from = |stream: &&mut Stream| stream.remote_ssrc() == Some(ssrc);
                    if let Some(stream) = self.streams.iter_mut().find(from)
                        && let Some(reception) = &mut stream.reception
                    {
                        reception.handle_sender_report(now, &sender);
                    }
                    blocks.for_each(|block| self.handle_block(wall_clock, &block));
                }
                Packet::ReceiverReport { blocks, .. } => {
                    blocks.for_each(|block| self.handle_block(wall_clock, &block));
                }
                Packet::Nack(nack) => {
                    let wanted = |stream: &&mut Stream| stream.plan.local_ssrc == nack.media.0;
                    if let Some(stream) = self.streams.iter_mut().find(wanted)
                        && let Some(transport) = self.transports.get_mut(stream.plan.transport)
                    {
                        stream.repeat(nack.lost(), transport, io);
                    }
                }
                Packet::PictureLoss { media, .. } => keyframes |= self.stream_bit(media),
                Packet::FullIntra(request) => {
                    let bits = request.requests().map(|(media, _)| self.stream_bit(media));
                    keyframes |= bits.fold(0, |all, bit| all | bit);
                }
                Packet::Remb(remb) => {
                    for ssrc in remb.sources() {
                        if let Some(stream) = self.sending(ssrc) {
                            stream.wanted_bps = Some(remb.bitrate_bps);
                        }
                    }
                }
                // We send no transport-wide sequence numbers, so there is no feedback on them;
                // BYE is signalling's business; names and the rest are of no use here.
                _ => {}
            }
        }
        keyframes
    }

    fn handle_block(&mut self, wall_clock: sidetone_rtp::NtpTime, block: &ReportBlock) {
        let Some(stream) = self.sending(block.ssrc) else {
            return;
        };
        let round_trip = stream.transmission.handle_report_block(wall_clock, block);
        stream.note_loss(block.fraction_lost);
        if let (Some(nack), Some(round_trip)) = (&mut stream.nack, round_trip) {
            nack.set_round_trip(round_trip);
        }
    }

    fn stream_bit(&self, ssrc: Ssrc) -> StreamSet {
        let stream = self.streams.iter().find(|stream| stream.plan.local_ssrc == ssrc.0);
        stream.map_or(0, |stream| 1_u32.checked_shl(stream.index as u32).unwrap_or(0))
    }

    /// Sends what is due: feedback at once, reports at their time.
    pub(crate) fn send_due_reports(&mut self, io: &mut Io<'_>) {
        for index in 0..self.streams.len() {
            self.send_repair_requests(index, io);
        }
        if self.recorders_at.is_some_and(|at| at <= io.now) {
            self.recorders_at = None;
            for index in 0..self.transports.len() {
                self.send_transport_feedback(index, io);
            }
        }
        if self.report_at.is_some_and(|at| at <= io.now) {
            for index in 0..self.transports.len() {
                self.send_report(index, io);
            }
            self.report_at = Some(io.now + self.report_interval(io));
        }
    }

    /// RFC 3550 §6.3.1: the interval is varied by half so that reports do not fall into step.
    fn report_interval(&self, io: &mut Io<'_>) -> Duration {
        let interval = self.identity.settings.rtcp_interval;
        let interval = interval.clamp(Duration::from_millis(500), Duration::from_secs(60));
        let millis = u64::try_from(interval.as_millis()).unwrap_or(5000);
        Duration::from_millis(millis / 2 + io.random.below(millis))
    }

    /// Asks for lost packets and key frames.
    fn send_repair_requests(&mut self, index: usize, io: &mut Io<'_>) {
        let now = io.now;
        let Some(stream) = self.streams.get_mut(index) else {
            return;
        };
        let Some(media) = stream.remote_ssrc() else {
            return;
        };
        let mut lost = [0; MAX_NACKED];
        let mut count = 0;
        if let Some(nack) = &mut stream.nack {
            let given_up = nack.snapshot().given_up_total;
            nack.handle_timeout(now);
            count = nack.poll_output(now, &mut lost);
            if nack.snapshot().given_up_total > given_up {
                stream.keyframes.ask(now);
            }
        }
        let keyframe = stream.keyframes.is_due(now);
        if count == 0 && !keyframe {
            return;
        }
        let feedback = stream.codec().map(|codec| codec.feedback).unwrap_or_default();
        let own = Ssrc(stream.plan.local_ssrc);
        let mut buffer = [0; SCRATCH_LEN];
        let Some(room) = buffer.get_mut(..MAX_RTCP) else {
            return;
        };
        let mut writer = CompoundWriter::new(room);
        if write_head(stream, self.cname.as_bytes(), &mut writer).is_err() {
            return;
        }
        if count > 0 {
            let _ = writer.nack(own, media, lost.get(..count).unwrap_or_default());
        }
        if keyframe {
            stream.keyframes.write(now, feedback, (own, media), &mut writer);
        }
        let (len, transport) = (writer.len(), stream.plan.transport);
        if let Some(transport) = self.transports.get_mut(transport) {
            self.reported = true;
            transport.send_rtcp(&mut buffer, len, io.out);
        }
    }

    fn send_transport_feedback(&mut self, index: usize, io: &mut Io<'_>) {
        /// Datagrams per interval: each holds hundreds of packets.
        const MAX_DATAGRAMS: usize = 8;
        let Some(Some(recorder)) = self.recorders.get_mut(index) else {
            return;
        };
        let on_this = |stream: &&Stream| {
            stream.plan.transport == index && stream.formats.extensions.transport_cc.is_some()
        };
        let Some(stream) = self.streams.iter().find(on_this) else {
            return;
        };
        let (own, media) = (Ssrc(stream.plan.local_ssrc), stream.remote_ssrc().unwrap_or_default());
        for _ in 0..MAX_DATAGRAMS {
            if !recorder.has_pending() {
                return;
            }
            let mut buffer = [0; SCRATCH_LEN];
            let Some(room) = buffer.get_mut(..MAX_RTCP) else {
                return;
            };
            let mut writer = CompoundWriter::new(room);
            let head = write_head(stream, self.cname.as_bytes(), &mut writer);
            if head.is_err() || recorder.write_feedback(&mut writer, own, media).is_err() {
                return;
            }
            let len = writer.len();
            if let Some(transport) = self.transports.get_mut(index) {
                self.reported = true;
                transport.send_rtcp(&mut buffer, len, io.out);
            }
        }
    }

    /// One compound packet with a report for each stream of the transport.
    fn send_report(&mut self, index: usize, io: &mut Io<'_>) {
        let Some(transport) = self.transports.get_mut(index).filter(|path| path.is_open()) else {
            return;
        };
        let mut buffer = [0; SCRATCH_LEN];
        let Some(room) = buffer.get_mut(..MAX_RTCP) else {
            return;
        };
        let mut writer = CompoundWriter::new(room);
        let mut wanted = None;
        for stream in &mut self.streams {
            if stream.plan.transport != index || !stream.is_active() {
                continue;
            }
            if write_report(stream, io, self.cname.as_bytes(), &mut writer).is_err() {
                break;
            }
            wanted = wanted.or(estimate(stream, io.now));
        }
        if let Some((own, bps, media)) = wanted {
            let _ = writer.remb(own, bps, &[media]);
        }
        let len = writer.len();
        if len > 0 {
            self.reported = true;
            transport.send_rtcp(&mut buffer, len, io.out);
        }
    }

    /// Says goodbye on every open transport (RFC 3550 §6.6), unless nobody ever heard of us
    /// (§6.3.7: who sent neither RTP nor RTCP must not).
    pub(crate) fn send_bye(&mut self, io: &mut Io<'_>) {
        let spoke = |stream: &Stream| stream.transmission.snapshot().packets > 0;
        if !self.reported && !self.streams.iter().any(spoke) {
            return;
        }
        for index in 0..self.transports.len() {
            let mut buffer = [0; SCRATCH_LEN];
            let Some(room) = buffer.get_mut(..MAX_RTCP) else {
                return;
            };
            let mut writer = CompoundWriter::new(room);
            for stream in &mut self.streams {
                if stream.plan.transport == index
                    && stream.is_active()
                    && write_report(stream, io, self.cname.as_bytes(), &mut writer).is_ok()
                {
                    let _ = writer.bye(&[Ssrc(stream.plan.local_ssrc)], b"");
                }
            }
            let len = writer.len();
            if let Some(transport) = self.transports.get_mut(index).filter(|_| len > 0) {
                transport.send_rtcp(&mut buffer, len, io.out);
            }
        }
    }
}

/// Feedback travels behind a report unless reduced size was agreed (RFC 5506).
fn write_head(
    stream: &Stream,
    cname: &[u8],
    writer: &mut CompoundWriter<'_>,
) -> Result<(), RtcpError> {
    if stream.plan.rtcp_reduced_size {
        return Ok(());
    }
    let own = Ssrc(stream.plan.local_ssrc);
    writer.receiver_report(own, &[])?;
    writer.cname(own, cname)
}

fn write_report(
    stream: &mut Stream,
    io: &Io<'_>,
    cname: &[u8],
    writer: &mut CompoundWriter<'_>,
) -> Result<(), RtcpError> {
    let own = Ssrc(stream.plan.local_ssrc);
    let block =
        stream.reception.as_mut().map(|reception: &mut Reception| reception.report_block(io.now));
    if let Some(block) = block {
        stream.remote_fraction_lost = block.fraction_lost;
    }
    let blocks = block.as_slice();
    match stream.transmission.sender_info(io.now, io.clock.ntp(io.now)) {
        Some(sender) if stream.sends() => writer.sender_report(own, &sender, blocks)?,
        Some(_) | None => writer.receiver_report(own, blocks)?,
    }
    writer.cname(own, cname)
}

/// The bitrate to ask for, when the peer wants to be told.
fn estimate(stream: &mut Stream, now: Instant) -> Option<(Ssrc, u64, Ssrc)> {
    let media = stream.remote_ssrc()?;
    let bytes = stream.reception.as_ref().map(|reception| reception.snapshot().bytes)?;
    let (lost, cap) = (stream.remote_fraction_lost, stream.wanted_bps);
    let estimate = stream.estimate.as_mut()?;
    let bps = estimate.update(now, bytes, lost, cap);
    Some((Ssrc(stream.plan.local_ssrc), bps, media))
}
