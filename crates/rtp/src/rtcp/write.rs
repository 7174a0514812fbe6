//! Writing of compound RTCP packets into a buffer that the caller owns.

use super::{ReportBlock, RtcpError, SenderInfo, format, kind};
use crate::{NtpTime, Ssrc};

/// Most entries of a count field.
const MAX_COUNT: usize = 31;

/// Appends packets to a buffer. A packet that does not fit leaves what was written before.
#[derive(Debug)]
pub struct CompoundWriter<'b> {
    out: &'b mut [u8],
    len: usize,
}

impl<'b> CompoundWriter<'b> {
    /// Starts at the beginning of `out`.
    pub fn new(out: &'b mut [u8]) -> Self {
        Self { out, len: 0 }
    }

    /// Bytes written.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing was written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// A sender report with at most 31 blocks.
    ///
    /// # Errors
    /// [`RtcpError::NoRoom`], as for each of the writers below.
    pub fn sender_report(
        &mut self,
        ssrc: Ssrc,
        sender: &SenderInfo,
        blocks: &[ReportBlock],
    ) -> Result<(), RtcpError> {
        self.packet(kind::SENDER_REPORT, count(blocks.len())?, |packet| {
            packet.u32(ssrc.0)?;
            packet.ntp(sender.ntp)?;
            packet.u32(sender.rtp_timestamp)?;
            packet.u32(sender.packets)?;
            packet.u32(sender.bytes)?;
            blocks.iter().try_for_each(|block| packet.block(block))
        })
    }

    /// A receiver report with at most 31 blocks.
    ///
    /// # Errors
    /// [`RtcpError::NoRoom`].
    pub fn receiver_report(&mut self, ssrc: Ssrc, blocks: &[ReportBlock]) -> Result<(), RtcpError> {
        self.packet(kind::RECEIVER_REPORT, count(blocks.len())?, |packet| {
            packet.u32(ssrc.0)?;
            blocks.iter().try_for_each(|block| packet.block(block))
        })
    }

    /// A source description with the one item that is mandatory.
    ///
    /// # Errors
    /// [`RtcpError::NoRoom`]; also for names over 255 bytes.
    pub fn cname(&mut self, ssrc: Ssrc, cname: &[u8]) -> Result<(), RtcpError> {
        let len = u8::try_from(cname.len()).map_err(|_| RtcpError::NoRoom)?;
        self.packet(kind::SOURCE_DESCRIPTION, 1, |packet| {
            packet.u32(ssrc.0)?;
            packet.bytes(&[1, len])?;
            packet.bytes(cname)?;
            packet.bytes(&[0])
        })
    }

    /// The end of streams, with a reason of at most 255 bytes (empty: none).
    ///
    /// # Errors
    /// [`RtcpError::NoRoom`].
    pub fn bye(&mut self, sources: &[Ssrc], reason: &[u8]) -> Result<(), RtcpError> {
        let reason_len = u8::try_from(reason.len()).map_err(|_| RtcpError::NoRoom)?;
        self.packet(kind::BYE, count(sources.len())?, |packet| {
            sources.iter().try_for_each(|ssrc| packet.u32(ssrc.0))?;
            if reason_len == 0 {
                return Ok(());
            }
            packet.bytes(&[reason_len])?;
            packet.bytes(reason)
        })
    }

    /// An application-defined packet; the content is filled up to whole words.
    ///
    /// # Errors
    /// [`RtcpError::NoRoom`].
    pub fn app(
        &mut self,
        ssrc: Ssrc,
        subtype: u8,
        name: [u8; 4],
        content: &[u8],
    ) -> Result<(), RtcpError> {
        self.packet(kind::APP, subtype & 0x1f, |packet| {
            packet.u32(ssrc.0)?;
            packet.bytes(&name)?;
            packet.bytes(content)
        })
    }

    /// A generic NACK for sequence numbers in ascending order (RFC 4585 §6.2.1).
    ///
    /// # Errors
    /// [`RtcpError::NoRoom`].
    pub fn nack(&mut self, sender: Ssrc, media: Ssrc, lost: &[u16]) -> Result<(), RtcpError> {
        self.packet(kind::TRANSPORT_FEEDBACK, format::NACK, |packet| {
            packet.u32(sender.0)?;
            packet.u32(media.0)?;
            let mut rest = lost;
            while let Some((first, others)) = rest.split_first() {
                let mut mask = 0_u16;
                let near = others.iter().take_while(|sequence| {
                    let offset = sequence.wrapping_sub(*first);
                    let fits = (1..=16).contains(&offset);
                    if fits {
                        mask |= 1 << (offset - 1);
                    }
                    fits
                });
                let covered = near.count();
                packet.bytes(&first.to_be_bytes())?;
                packet.bytes(&mask.to_be_bytes())?;
                rest = &others[covered..];
            }
            Ok(())
        })
    }

    /// A picture loss indication.
    ///
    /// # Errors
    /// [`RtcpError::NoRoom`].
    pub fn picture_loss(&mut self, sender: Ssrc, media: Ssrc) -> Result<(), RtcpError> {
        self.packet(kind::PAYLOAD_FEEDBACK, format::PLI, |packet| {
            packet.u32(sender.0)?;
            packet.u32(media.0)
        })
    }

    /// A full intra request. `number` grows with each new request and stays for repetitions.
    ///
    /// # Errors
    /// [`RtcpError::NoRoom`].
    pub fn full_intra(&mut self, sender: Ssrc, media: Ssrc, number: u8) -> Result<(), RtcpError> {
        self.packet(kind::PAYLOAD_FEEDBACK, format::FIR, |packet| {
            packet.u32(sender.0)?;
            // RFC 5104 §4.3.1.2: the media source field is unused.
            packet.u32(0)?;
            packet.u32(media.0)?;
            packet.bytes(&[number, 0, 0, 0])
        })
    }

    /// The bitrate we can take for the listed streams (at most 255).
    ///
    /// # Errors
    /// [`RtcpError::NoRoom`].
    pub fn remb(
        &mut self,
        sender: Ssrc,
        bitrate_bps: u64,
        sources: &[Ssrc],
    ) -> Result<(), RtcpError> {
        let listed = u8::try_from(sources.len()).map_err(|_| RtcpError::NoRoom)?;
        // 18 bits of mantissa: shift by as many bits as the number is longer.
        let exponent = (64 - bitrate_bps.leading_zeros()).saturating_sub(18);
        let mantissa = ((bitrate_bps >> exponent) as u32).to_be_bytes();
        // The exponent is at most 46.
        let exponent = (exponent as u8) << 2;
        self.packet(kind::PAYLOAD_FEEDBACK, format::APPLICATION, |packet| {
            packet.u32(sender.0)?;
            packet.u32(0)?;
            packet.bytes(b"REMB")?;
            packet.bytes(&[listed, exponent | mantissa[1], mantissa[2], mantissa[3]])?;
            sources.iter().try_for_each(|ssrc| packet.u32(ssrc.0))
        })
    }

    /// An extended report with our reference time, for round trips without sender reports.
    ///
    /// # Errors
    /// [`RtcpError::NoRoom`].
    pub fn reference_time(&mut self, ssrc: Ssrc, ntp: NtpTime) -> Result<(), RtcpError> {
        self.packet(kind::EXTENDED_REPORT, 0, |packet| {
            packet.u32(ssrc.0)?;
            packet.bytes(&[4, 0, 0, 2])?;
            packet.ntp(ntp)
        })
    }

    /// An extended report that answers a reference time: the middle of the receiver's time, and
    /// the time since it came in 1/65536 s.
    ///
    /// # Errors
    /// [`RtcpError::NoRoom`].
    pub fn dlrr(
        &mut self,
        ssrc: Ssrc,
        receiver: Ssrc,
        last_rr: u32,
        delay: u32,
    ) -> Result<(), RtcpError> {
        self.packet(kind::EXTENDED_REPORT, 0, |packet| {
            packet.u32(ssrc.0)?;
            packet.bytes(&[5, 0, 0, 3])?;
            packet.u32(receiver.0)?;
            packet.u32(last_rr)?;
            packet.u32(delay)
        })
    }

    /// Transport-wide feedback whose content (from the base sequence number on) is ready.
    pub(super) fn transport_cc_content(
        &mut self,
        sender: Ssrc,
        media: Ssrc,
        content: impl FnOnce(&mut Body<'_>) -> Result<(), RtcpError>,
    ) -> Result<(), RtcpError> {
        self.packet(kind::TRANSPORT_FEEDBACK, format::TRANSPORT_CC, |packet| {
            packet.u32(sender.0)?;
            packet.u32(media.0)?;
            content(packet)
        })
    }

    /// Writes the header around what `body` writes, with zeros up to a whole word.
    fn packet(
        &mut self,
        packet_type: u8,
        count: u8,
        body: impl FnOnce(&mut Body<'_>) -> Result<(), RtcpError>,
    ) -> Result<(), RtcpError> {
        let out = self.out.get_mut(self.len..).ok_or(RtcpError::NoRoom)?;
        let mut packet = Body { out, len: 4 };
        body(&mut packet)?;
        let len = packet.len.next_multiple_of(4);
        let out = packet.out.get_mut(..len).ok_or(RtcpError::NoRoom)?;
        out[packet.len..].fill(0);
        let words = u16::try_from(len / 4 - 1).map_err(|_| RtcpError::NoRoom)?;
        out[0] = 0x80 | count;
        out[1] = packet_type;
        out[2..4].copy_from_slice(&words.to_be_bytes());
        self.len += len;
        Ok(())
    }
}

fn count(entries: usize) -> Result<u8, RtcpError> {
    let fits = entries <= MAX_COUNT;
    u8::try_from(entries).ok().filter(|_| fits).ok_or(RtcpError::NoRoom)
}

/// The packet that is being written.
#[derive(Debug)]
pub(super) struct Body<'b> {
    out: &'b mut [u8],
    len: usize,
}

impl Body<'_> {
    pub(super) fn bytes(&mut self, bytes: &[u8]) -> Result<(), RtcpError> {
        let end = self.len + bytes.len();
        self.out.get_mut(self.len..end).ok_or(RtcpError::NoRoom)?.copy_from_slice(bytes);
        self.len = end;
        Ok(())
    }

    pub(super) fn u32(&mut self, value: u32) -> Result<(), RtcpError> {
        self.bytes(&value.to_be_bytes())
    }

    fn ntp(&mut self, ntp: NtpTime) -> Result<(), RtcpError> {
        self.bytes(&ntp.0.to_be_bytes())
    }

    fn block(&mut self, block: &ReportBlock) -> Result<(), RtcpError> {
        // RFC 3550 §6.4.1: the cumulative count saturates at 24 bits with sign.
        let lost = block.cumulative_lost.clamp(-0x80_0000, 0x7f_ffff).cast_unsigned();
        self.u32(block.ssrc.0)?;
        self.u32((u32::from(block.fraction_lost) << 24) | (lost & 0xff_ffff))?;
        self.u32(block.highest_sequence)?;
        self.u32(block.jitter)?;
        self.u32(block.last_sr)?;
        self.u32(block.delay_since_last_sr)
    }
}
