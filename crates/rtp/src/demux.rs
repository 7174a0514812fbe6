//! What kind of datagram arrived on a shared port (RFC 7983), with RTP told from RTCP by the
//! payload type byte (RFC 5761 §4). First step of the media walk: `engine/worker` receives,
//! this module sorts, `media` handles. It looks at two bytes and validates nothing else.

/// The protocol a datagram belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// STUN (first byte 0–3).
    Stun,
    /// ZRTP (first byte 16–19).
    Zrtp,
    /// DTLS, that is handshake, alert or application records (first byte 20–63).
    Dtls,
    /// TURN channel data (first byte 64–79).
    TurnChannel,
    /// RTP or SRTP.
    Rtp,
    /// RTCP or SRTCP.
    Rtcp,
}

/// Sorts a datagram by its first bytes. `None` for an empty datagram and for first bytes that
/// RFC 7983 §7 leaves without an owner: such a datagram is dropped.
#[must_use]
pub fn classify(datagram: &[u8]) -> Option<Kind> {
    match *datagram.first()? {
        0..=3 => Some(Kind::Stun),
        16..=19 => Some(Kind::Zrtp),
        20..=63 => Some(Kind::Dtls),
        64..=79 => Some(Kind::TurnChannel),
        128..=191 => {
            let second = *datagram.get(1)?;
            // RFC 5761 §4: RTCP types 192–223 collide with RTP payload types 64–95 with the
            // marker bit set, which is why those payload types are not used with rtcp-mux.
            if (192..=223).contains(&second) { Some(Kind::Rtcp) } else { Some(Kind::Rtp) }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_first_byte_has_the_owner_of_rfc_7983() {
        let check = |byte: u8, kind| assert_eq!(classify(&[byte, 0]), kind, "first byte {byte}");
        for (byte, kind) in [
            (0, Some(Kind::Stun)),
            (3, Some(Kind::Stun)),
            (4, None),
            (15, None),
            (16, Some(Kind::Zrtp)),
            (19, Some(Kind::Zrtp)),
            (20, Some(Kind::Dtls)),
            (63, Some(Kind::Dtls)),
            (64, Some(Kind::TurnChannel)),
            (79, Some(Kind::TurnChannel)),
            (80, None),
            (127, None),
            (128, Some(Kind::Rtp)),
            (191, Some(Kind::Rtp)),
            (192, None),
            (255, None),
        ] {
            check(byte, kind);
        }
        assert_eq!(classify(&[]), None);
        assert_eq!(classify(&[128]), None);
    }

    #[test]
    fn rtcp_is_told_from_rtp_by_the_second_byte() {
        assert_eq!(classify(&[0x80, 200]), Some(Kind::Rtcp));
        assert_eq!(classify(&[0x81, 206]), Some(Kind::Rtcp));
        assert_eq!(classify(&[0x80, 0x80 | 111]), Some(Kind::Rtp), "opus with marker");
        assert_eq!(classify(&[0x80, 0x80]), Some(Kind::Rtp), "ulaw with marker");
    }
}
