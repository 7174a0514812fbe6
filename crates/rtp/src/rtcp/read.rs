//! Reading of compound RTCP packets. Views borrow from the datagram.

use super::{ReportBlock, RtcpError, SenderInfo, TransportCc, format, kind};
use crate::packet::be32;
use crate::{NtpTime, Ssrc};

/// Bytes of a report block.
const BLOCK_LEN: usize = 24;

/// One packet of a compound.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Packet<'a> {
    /// Type 200.
    SenderReport {
        /// Who reports.
        ssrc: Ssrc,
        /// On its own stream.
        sender: SenderInfo,
        /// On streams it receives.
        blocks: ReportBlocks<'a>,
    },
    /// Type 201.
    ReceiverReport {
        /// Who reports.
        ssrc: Ssrc,
        /// On streams it receives.
        blocks: ReportBlocks<'a>,
    },
    /// Type 202.
    Sdes(Sdes<'a>),
    /// Type 203.
    Bye(Bye<'a>),
    /// Type 204.
    App(App<'a>),
    /// Generic NACK (RFC 4585 §6.2.1).
    Nack(Nack<'a>),
    /// Transport-wide congestion control feedback.
    TransportCc(TransportCc<'a>),
    /// Picture loss indication (RFC 4585 §6.3.1).
    PictureLoss {
        /// Who asks.
        sender: Ssrc,
        /// Whose key frame is wanted.
        media: Ssrc,
    },
    /// Full intra request (RFC 5104 §4.3.1).
    FullIntra(FullIntraRequest<'a>),
    /// Receiver estimated maximum bitrate (draft-alvestrand-rmcat-remb).
    Remb(Remb<'a>),
    /// Extended report: the receiver's reference time (RFC 3611 §4.4).
    ReferenceTime {
        /// Who reports.
        ssrc: Ssrc,
        /// Its wall clock.
        ntp: NtpTime,
    },
    /// Extended report: delays since the last reference time (RFC 3611 §4.5).
    Dlrr(Dlrr<'a>),
    /// A type, feedback format or extended report that Sidetone does not use.
    Other {
        /// The RTCP packet type.
        packet_type: u8,
        /// Count or feedback format.
        count: u8,
        /// The whole packet.
        bytes: &'a [u8],
    },
}

/// Reads a datagram as a compound, or reduced-size (RFC 5506), RTCP packet.
#[must_use]
pub fn packets(datagram: &[u8]) -> Packets<'_> {
    Packets { rest: datagram, failed: false }
}

/// Walks the packets of a datagram; ends after the first error.
#[derive(Clone, Debug)]
pub struct Packets<'a> {
    rest: &'a [u8],
    failed: bool,
}

impl<'a> Iterator for Packets<'a> {
    type Item = Result<Packet<'a>, RtcpError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed || self.rest.is_empty() {
            return None;
        }
        let result = self.split().and_then(|raw| raw.parse());
        self.failed = result.is_err();
        Some(result)
    }
}

impl<'a> Packets<'a> {
    fn split(&mut self) -> Result<Raw<'a>, RtcpError> {
        let header = self.rest.get(..4).ok_or(RtcpError::Truncated)?;
        if header[0] >> 6 != 2 {
            return Err(RtcpError::WrongVersion);
        }
        let len = (usize::from(u16::from_be_bytes([header[2], header[3]])) + 1) * 4;
        let (bytes, rest) = self.rest.split_at_checked(len).ok_or(RtcpError::Truncated)?;
        self.rest = rest;
        let mut body_end = len;
        if header[0] & 0x20 != 0 {
            let padding = usize::from(bytes[len - 1]);
            if padding == 0 || padding > len - 4 {
                return Err(RtcpError::BadPadding);
            }
            body_end -= padding;
        }
        let body = &bytes[4..body_end];
        Ok(Raw { packet_type: header[1], count: header[0] & 0x1f, body, bytes })
    }
}

/// A packet whose frame is known to be sound.
struct Raw<'a> {
    packet_type: u8,
    count: u8,
    body: &'a [u8],
    bytes: &'a [u8],
}

impl<'a> Raw<'a> {
    fn parse(self) -> Result<Packet<'a>, RtcpError> {
        Ok(match self.packet_type {
            kind::SENDER_REPORT => {
                let sender = self.body.get(4..24).ok_or(RtcpError::Truncated)?;
                Packet::SenderReport {
                    ssrc: self.ssrc(0)?,
                    sender: read_sender_info(sender),
                    blocks: self.blocks(24)?,
                }
            }
            kind::RECEIVER_REPORT => {
                Packet::ReceiverReport { ssrc: self.ssrc(0)?, blocks: self.blocks(4)? }
            }
            kind::SOURCE_DESCRIPTION => Packet::Sdes(Sdes { rest: self.body, chunks: self.count }),
            kind::BYE => {
                let end = usize::from(self.count) * 4;
                let (sources, reason) =
                    self.body.split_at_checked(end).ok_or(RtcpError::Truncated)?;
                Packet::Bye(Bye { sources, reason })
            }
            kind::APP => {
                let name = self.body.get(4..8).ok_or(RtcpError::Truncated)?;
                Packet::App(App {
                    ssrc: self.ssrc(0)?,
                    subtype: self.count,
                    name: [name[0], name[1], name[2], name[3]],
                    content: &self.body[8..],
                })
            }
            kind::TRANSPORT_FEEDBACK | kind::PAYLOAD_FEEDBACK => return self.parse_feedback(),
            kind::EXTENDED_REPORT => return self.parse_extended(),
            _ => self.other(),
        })
    }

    fn parse_feedback(self) -> Result<Packet<'a>, RtcpError> {
        let (sender, media) = (self.ssrc(0)?, self.ssrc(4)?);
        let content = &self.body[8..];
        Ok(match (self.packet_type, self.count) {
            (kind::TRANSPORT_FEEDBACK, format::NACK) => {
                Packet::Nack(Nack { sender, media, content })
            }
            (kind::TRANSPORT_FEEDBACK, format::TRANSPORT_CC) => {
                Packet::TransportCc(TransportCc::parse(sender, media, content)?)
            }
            (kind::PAYLOAD_FEEDBACK, format::PLI) => Packet::PictureLoss { sender, media },
            (kind::PAYLOAD_FEEDBACK, format::FIR) => {
                Packet::FullIntra(FullIntraRequest { sender, content })
            }
            (kind::PAYLOAD_FEEDBACK, format::APPLICATION) if content.starts_with(b"REMB") => {
                let head = content.get(4..8).ok_or(RtcpError::Truncated)?;
                let sources = content.get(8..).ok_or(RtcpError::Truncated)?;
                let mantissa = be32(&[0, head[1] & 3, head[2], head[3]]);
                let exponent = u32::from(head[1] >> 2);
                // An exponent of up to 63 overflows 64 bits: saturate, nobody sends that fast.
                let bitrate_bps =
                    if exponent > 46 { u64::MAX } else { u64::from(mantissa) << exponent };
                let listed = usize::from(head[0]) * 4;
                let sources = sources.get(..listed).ok_or(RtcpError::Truncated)?;
                Packet::Remb(Remb { sender, bitrate_bps, sources })
            }
            _ => self.other(),
        })
    }

    /// Takes the first block that Sidetone uses; browsers send one block per packet.
    fn parse_extended(self) -> Result<Packet<'a>, RtcpError> {
        let ssrc = self.ssrc(0)?;
        let mut rest = &self.body[4..];
        while !rest.is_empty() {
            let header = rest.get(..4).ok_or(RtcpError::Truncated)?;
            let len = (usize::from(u16::from_be_bytes([header[2], header[3]])) + 1) * 4;
            let (block, next) = rest.split_at_checked(len).ok_or(RtcpError::Truncated)?;
            match block[0] {
                4 if block.len() >= 12 => {
                    return Ok(Packet::ReferenceTime { ssrc, ntp: read_ntp(&block[4..12]) });
                }
                5 => {
                    return Ok(Packet::Dlrr(Dlrr { ssrc, content: &block[4..] }));
                }
                _ => rest = next,
            }
        }
        Ok(self.other())
    }

    fn other(&self) -> Packet<'a> {
        Packet::Other { packet_type: self.packet_type, count: self.count, bytes: self.bytes }
    }

    fn ssrc(&self, at: usize) -> Result<Ssrc, RtcpError> {
        self.body.get(at..at + 4).map(|word| Ssrc(be32(word))).ok_or(RtcpError::Truncated)
    }

    fn blocks(&self, at: usize) -> Result<ReportBlocks<'a>, RtcpError> {
        let end = at + usize::from(self.count) * BLOCK_LEN;
        // What follows the blocks is a profile-specific extension, which nobody defined.
        self.body.get(at..end).map(|content| ReportBlocks { content }).ok_or(RtcpError::Truncated)
    }
}

fn read_ntp(bytes: &[u8]) -> NtpTime {
    NtpTime((u64::from(be32(bytes)) << 32) | u64::from(be32(&bytes[4..])))
}

fn read_sender_info(bytes: &[u8]) -> SenderInfo {
    SenderInfo {
        ntp: read_ntp(bytes),
        rtp_timestamp: be32(&bytes[8..]),
        packets: be32(&bytes[12..]),
        bytes: be32(&bytes[16..]),
    }
}

/// The report blocks of a report, at most 31.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportBlocks<'a> {
    content: &'a [u8],
}

impl Iterator for ReportBlocks<'_> {
    type Item = ReportBlock;

    fn next(&mut self) -> Option<ReportBlock> {
        let (block, rest) = self.content.split_at_checked(BLOCK_LEN)?;
        self.content = rest;
        let loss = be32(&block[4..8]);
        Some(ReportBlock {
            ssrc: Ssrc(be32(block)),
            fraction_lost: block[4],
            // The shift pair extends the sign of the 24-bit number.
            cumulative_lost: (loss << 8).cast_signed() >> 8,
            highest_sequence: be32(&block[8..]),
            jitter: be32(&block[12..]),
            last_sr: be32(&block[16..]),
            delay_since_last_sr: be32(&block[20..]),
        })
    }
}

/// Source descriptions: walks the CNAME of each chunk, and stops at a malformed one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sdes<'a> {
    rest: &'a [u8],
    chunks: u8,
}

impl<'a> Iterator for Sdes<'a> {
    type Item = (Ssrc, Option<&'a [u8]>);

    fn next(&mut self) -> Option<Self::Item> {
        self.chunks = self.chunks.checked_sub(1)?;
        let ssrc = Ssrc(be32(self.rest.get(..4)?));
        let mut cname = None;
        let mut at = 4;
        loop {
            let item = *self.rest.get(at)?;
            if item == 0 {
                // RFC 3550 §6.5: the list ends with zeros up to a whole word.
                let end = (at + 1).next_multiple_of(4).min(self.rest.len());
                self.rest = &self.rest[end..];
                return Some((ssrc, cname));
            }
            let len = usize::from(*self.rest.get(at + 1)?);
            let text = self.rest.get(at + 2..at + 2 + len)?;
            if item == 1 {
                cname = Some(text);
            }
            at += 2 + len;
        }
    }
}

/// The end of streams.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bye<'a> {
    sources: &'a [u8],
    reason: &'a [u8],
}

impl<'a> Bye<'a> {
    /// The streams that end.
    pub fn sources(&self) -> impl Iterator<Item = Ssrc> + 'a {
        self.sources.chunks_exact(4).map(|word| Ssrc(be32(word)))
    }

    /// Why, in the peer's words.
    #[must_use]
    pub fn reason(&self) -> Option<&'a [u8]> {
        let len = usize::from(*self.reason.first()?);
        self.reason.get(1..=len)
    }
}

/// An application-defined packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct App<'a> {
    /// Who sends it.
    pub ssrc: Ssrc,
    /// Five bits of the application.
    pub subtype: u8,
    /// Four characters naming the application.
    pub name: [u8; 4],
    /// The rest.
    pub content: &'a [u8],
}

/// A generic NACK.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nack<'a> {
    /// Who misses packets.
    pub sender: Ssrc,
    /// Of which stream.
    pub media: Ssrc,
    content: &'a [u8],
}

impl<'a> Nack<'a> {
    /// The missing sequence numbers, at most 17 for each word of the packet.
    pub fn lost(&self) -> impl Iterator<Item = u16> + 'a {
        self.content.chunks_exact(4).flat_map(|word| {
            let first = u16::from_be_bytes([word[0], word[1]]);
            let mask = u16::from_be_bytes([word[2], word[3]]);
            let following = (0..16).filter(move |bit| mask >> bit & 1 == 1);
            std::iter::once(first).chain(following.map(move |bit: u16| first.wrapping_add(bit + 1)))
        })
    }
}

/// A full intra request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FullIntraRequest<'a> {
    /// Who asks.
    pub sender: Ssrc,
    content: &'a [u8],
}

impl<'a> FullIntraRequest<'a> {
    /// Whose key frame is wanted, with the request's number: the same number is a repetition.
    pub fn requests(&self) -> impl Iterator<Item = (Ssrc, u8)> + 'a {
        self.content.chunks_exact(8).map(|entry| (Ssrc(be32(entry)), entry[4]))
    }
}

/// The bitrate a receiver thinks it can take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remb<'a> {
    /// Who estimates.
    pub sender: Ssrc,
    /// Bits per second for all listed streams together.
    pub bitrate_bps: u64,
    sources: &'a [u8],
}

impl<'a> Remb<'a> {
    /// The streams the estimate is for.
    pub fn sources(&self) -> impl Iterator<Item = Ssrc> + 'a {
        self.sources.chunks_exact(4).map(|word| Ssrc(be32(word)))
    }
}

/// Answers to reference times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dlrr<'a> {
    /// Who answers.
    pub ssrc: Ssrc,
    content: &'a [u8],
}

impl<'a> Dlrr<'a> {
    /// For each receiver: its SSRC, the middle of its last reference time, and the time since in
    /// 1/65536 s.
    pub fn reports(&self) -> impl Iterator<Item = (Ssrc, u32, u32)> + 'a {
        let entries = self.content.chunks_exact(12);
        entries.map(|entry| (Ssrc(be32(entry)), be32(&entry[4..]), be32(&entry[8..])))
    }
}
