//! RTCP: `a=rtcp` (RFC 3605), `a=rtcp-mux` (RFC 5761), `a=rtcp-mux-only` (RFC 8858),
//! `a=rtcp-rsize` (RFC 5506), `a=rtcp-fb` (RFC 4585, RFC 5104).

use std::net::IpAddr;

use super::format::parse_payload_type;
use crate::attribute::Attributes;
use crate::line::{Address, parse_connection};
use crate::plan::Feedback;

/// Reads `a=rtcp:53020 IN IP4 126.16.64.4`: the port, and the address if it is a literal.
#[must_use]
pub fn address(attributes: &Attributes) -> Option<(u16, Option<IpAddr>)> {
    let value = attributes.value("rtcp")?;
    let (port, rest) = value.split_once(' ').unwrap_or((value, ""));
    let port = port.parse().ok().filter(|port| *port > 0)?;
    Some((port, parse_connection(rest).as_ref().and_then(Address::ip)))
}

/// The feedback a section lists for a payload type, wildcard lines included.
#[must_use]
pub fn feedback(attributes: &Attributes, payload_type: u8) -> Feedback {
    let mut listed = Feedback::default();
    for value in attributes.values("rtcp-fb") {
        let Some((format, kind)) = value.split_once(' ') else {
            continue;
        };
        if format != "*" && parse_payload_type(format) != Some(payload_type) {
            continue;
        }
        let mut words = kind.split_ascii_whitespace().map(str::to_ascii_lowercase);
        let (kind, detail) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        match (kind.as_str(), detail.as_str()) {
            ("nack", "") => listed.nack = true,
            ("nack", "pli") => listed.pli = true,
            ("ccm", "fir") => listed.fir = true,
            ("goog-remb", _) => listed.remb = true,
            ("transport-cc", _) => listed.transport_cc = true,
            _ => {}
        }
    }
    listed
}

/// The words of each feedback message in a set, in the order Chrome writes them.
pub fn feedback_words(feedback: Feedback) -> impl Iterator<Item = &'static str> {
    let all = [
        (feedback.remb, "goog-remb"),
        (feedback.transport_cc, "transport-cc"),
        (feedback.fir, "ccm fir"),
        (feedback.nack, "nack"),
        (feedback.pli, "nack pli"),
    ];
    all.into_iter().filter(|(wanted, _)| *wanted).map(|(_, words)| words)
}

/// What both sides listed.
#[must_use]
pub fn common_feedback(a: Feedback, b: Feedback) -> Feedback {
    Feedback {
        nack: a.nack && b.nack,
        pli: a.pli && b.pli,
        fir: a.fir && b.fir,
        remb: a.remb && b.remb,
        transport_cc: a.transport_cc && b.transport_cc,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Session;

    fn attributes(lines: &str) -> Attributes {
        let text = format!("m=video 9 RTP/AVPF 96\n{lines}");
        Session::parse(text.as_bytes()).unwrap().media.remove(0).attributes
    }

    #[test]
    fn wildcard_feedback_applies_to_every_payload_type() {
        let lines = attributes("a=rtcp-fb:* ccm fir\na=rtcp-fb:96 nack\na=rtcp-fb:97 nack pli\n");
        let words: Vec<&str> = feedback_words(feedback(&lines, 96)).collect();
        assert_eq!(words, ["ccm fir", "nack"]);
        let words: Vec<&str> = feedback_words(feedback(&lines, 97)).collect();
        assert_eq!(words, ["ccm fir", "nack pli"]);
    }

    #[test]
    fn the_rtcp_port_may_come_with_or_without_an_address() {
        assert_eq!(address(&attributes("a=rtcp:5005\n")), Some((5005, None)));
        let with = address(&attributes("a=rtcp:5005 IN IP4 192.0.2.1\n"));
        assert_eq!(with, Some((5005, Some(IpAddr::from([192, 0, 2, 1])))));
        assert_eq!(address(&attributes("a=rtcp:0\n")), None);
    }
}
