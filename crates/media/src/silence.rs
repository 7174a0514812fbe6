//! Why nothing is heard in one direction of a stream some seconds after the answer, in words, with
//! the setting to change. What ICE knows of its own failures is in [`crate::verdict`].

use std::net::{IpAddr, SocketAddr};

use crate::candidates::is_private;
use crate::quality::StreamQuality;

/// What keeps media of a transport from flowing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hindrance {
    /// ICE has found no pair; what it knows of why.
    NoPair(String),
    /// There are no keys: the handshake is not done.
    NoKeys,
    /// There is no address to send to.
    NoAddress,
}

/// Where what a leg sends comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source<'a> {
    /// An application, which may well be silent.
    Application,
    /// The party it talks with.
    Party {
        /// The name of its channel.
        name: &'a str,
        /// Why its codec cannot become one of this leg ([`crate::no_translation`]).
        untranslatable: Option<String>,
    },
}

/// Why nothing is heard from the peer; `None` when something is, or nothing is agreed.
#[must_use]
pub fn no_audio_from(stream: &StreamQuality) -> Option<String> {
    if !stream.direction.receives() || stream.received.packets > 0 {
        return None;
    }
    let at = stream.local.map_or_else(|| "our port".to_owned(), |local| local.to_string());
    Some(match &stream.hindrance {
        Some(Hindrance::NoPair(words)) => words.clone(),
        Some(Hindrance::NoKeys) => format!(
            "the DTLS handshake is not done: open the UDP ports rtpstart-rtpend of rtp.conf to \
             it ({at}), and lower dtls_mtu there if large datagrams are lost on the way"
        ),
        Some(Hindrance::NoAddress) | None if stream.refused > 0 => format!(
            "{} datagrams arrived at {at} and were refused: they come from another address than \
             its SDP names (strictrtp in rtp.conf) or under other keys",
            stream.refused
        ),
        Some(Hindrance::NoAddress) | None => format!(
            "nothing arrived at {at}, which it was told: open the UDP ports rtpstart-rtpend of \
             rtp.conf to it; if it is outside our network, set external_media_address of its \
             transport; or its microphone is off"
        ),
    })
}

/// Why nothing is heard at the peer; `None` when it may be. `signalling` is where its SIP messages
/// come from.
#[must_use]
pub fn no_audio_to(
    stream: &StreamQuality,
    source: &Source<'_>,
    signalling: Option<IpAddr>,
) -> Option<String> {
    if !stream.direction.sends() {
        return None;
    }
    match &stream.hindrance {
        Some(Hindrance::NoAddress) => {
            return Some("its SDP names no address to send to".to_owned());
        }
        Some(_) => return Some("for the same reason".to_owned()),
        None => {}
    }
    if stream.sent.packets == 0 {
        return match source {
            Source::Application => None,
            Source::Party { untranslatable: Some(words), .. } => {
                Some(format!("{words}: give both a codec in common with allow"))
            }
            Source::Party { name, .. } => Some(format!("nothing comes from {name} to pass on")),
        };
    }
    let inside = |to: &SocketAddr| is_private(to.ip());
    let outside = signalling.is_some_and(|from| !is_private(from));
    let lost = stream.remote.filter(inside).filter(|_| outside && stream.received.packets == 0);
    lost.map(|to| {
        format!(
            "it goes to {to}, an address of its own network: set rtp_symmetric = yes of its \
             endpoint, and have it send, or mend its SDP"
        )
    })
}

#[cfg(test)]
mod tests {
    use sidetone_sdp::plan::{Direction, MediaKind};

    use super::*;
    use crate::quality::DirectionQuality;

    fn stream(received: u64, sent: u64) -> StreamQuality {
        let packets = |packets| DirectionQuality { packets, ..DirectionQuality::default() };
        StreamQuality {
            stream: 0,
            kind: MediaKind::Audio,
            direction: Direction::SendRecv,
            codec: "PCMU".to_owned(),
            received: packets(received),
            sent: packets(sent),
            hindrance: None,
            refused: 0,
            local: Some("192.0.2.1:10000".parse().unwrap()),
            remote: Some("198.51.100.7:4000".parse().unwrap()),
            local_ssrc: 1,
            remote_ssrc: None,
        }
    }

    fn hindered(hindrance: Hindrance) -> StreamQuality {
        StreamQuality { hindrance: Some(hindrance), ..stream(0, 0) }
    }

    #[test]
    fn silence_from_a_peer_names_what_to_change() {
        let refused = StreamQuality { refused: 7, ..stream(0, 9) };
        for (stream, words) in [
            (hindered(Hindrance::NoPair("no pair".to_owned())), "no pair"),
            (hindered(Hindrance::NoKeys), "dtls_mtu"),
            (refused, "7 datagrams arrived at 192.0.2.1:10000 and were refused"),
            (stream(0, 9), "external_media_address"),
        ] {
            let told = no_audio_from(&stream).unwrap_or_default();
            assert!(told.contains(words), "{told}");
        }
        let holds = StreamQuality { direction: Direction::SendOnly, ..stream(0, 9) };
        assert_eq!(no_audio_from(&stream(1, 0)).or(no_audio_from(&holds)), None);
    }

    #[test]
    fn silence_at_a_peer_names_what_to_change() {
        let party = |untranslatable: Option<&str>| Source::Party {
            name: "PJSIP/bob-1",
            untranslatable: untranslatable.map(str::to_owned),
        };
        let inside = StreamQuality { remote: "10.0.0.5:4000".parse().ok(), ..stream(0, 9) };
        for (stream, source, words) in [
            (hindered(Hindrance::NoKeys), party(None), "same reason"),
            (hindered(Hindrance::NoAddress), party(None), "names no address"),
            (stream(9, 0), party(Some("no path from a to b")), "no path from a to b: give both"),
            (stream(9, 0), party(None), "nothing comes from PJSIP/bob-1"),
            (inside.clone(), party(None), "rtp_symmetric"),
        ] {
            let told = no_audio_to(&stream, &source, "203.0.113.9".parse().ok());
            assert!(told.as_ref().is_some_and(|told| told.contains(words)), "{told:?}");
        }
        let near = "10.0.0.5".parse().ok();
        assert_eq!(no_audio_to(&inside, &party(None), near), None);
        assert_eq!(no_audio_to(&stream(9, 0), &Source::Application, near), None);
        assert_eq!(no_audio_to(&stream(9, 9), &party(None), near), None);
    }
}
