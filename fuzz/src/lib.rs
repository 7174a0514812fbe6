//! The fuzz targets of all crates in one table.
//!
//! A target is a function that takes bytes and asserts what must hold whatever they are. The
//! functions live beside the code they attack (`crates/*/src/fuzz.rs`). The driver in `main.rs`
//! runs them with any compiler; a libFuzzer binary is one line:
//! `fuzz_target!(|data: &[u8]| sidetone_fuzz::find("sip").unwrap().run(data));`

#![forbid(unsafe_code)]

pub mod mutate;

use sidetone_codec::fuzz as codec;
use sidetone_conf::fuzz as conf;
use sidetone_config::fuzz as config;
use sidetone_control::fuzz as control;
use sidetone_dialplan::fuzz as dialplan;
use sidetone_http::fuzz as http;
use sidetone_media::fuzz as media;
use sidetone_nat::fuzz as nat;
use sidetone_net::fuzz as net;
use sidetone_party::fuzz as party;
use sidetone_registrar::fuzz as registrar;
use sidetone_routing::fuzz as routing;
use sidetone_rtp::fuzz as rtp;
use sidetone_sdp::fuzz as sdp;
use sidetone_sip::fuzz as sip;
use sidetone_ua::fuzz as ua;

/// What is under attack: functions that read the same kind of bytes, one after the other, so that
/// what is interesting to one is tried on its neighbours too. Its corpus lies in
/// `fuzz/corpus/<name>/`.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Name on the command line and of the corpus.
    pub name: &'static str,
    readers: &'static [fn(&[u8])],
    /// Words worth inserting, beside pieces of the corpus.
    pub words: &'static [&'static str],
}

impl Target {
    /// Feeds one input; panics when an invariant is broken.
    pub fn run(&self, data: &[u8]) {
        self.readers.iter().for_each(|reader| reader(data));
    }
}

const fn target(
    name: &'static str,
    readers: &'static [fn(&[u8])],
    words: &'static [&'static str],
) -> Target {
    Target { name, readers, words }
}

const CONF_WORDS: &[&str] =
    &["[", "](!)", "](+)", "](a,b)", "=>", "=", "+=", ";--", "--;", ";", "#include", "\\", "\n"];
const PLAN_WORDS: &[&str] = &[
    "exten => ",
    "same => n,",
    "${",
    "}",
    "$[",
    "]",
    "_X.",
    "_!",
    "[1-9]",
    "n(label)",
    ",",
    "(",
    ")",
    "&",
    "|",
    ":",
    "?",
    "${EXTEN:1}",
    "${LEN(",
    "Goto(",
    "While(",
    "Gosub(",
    "hint",
];
const SDP_WORDS: &[&str] = &[
    "a=",
    "m=audio ",
    "m=video ",
    "c=IN IP4 ",
    "RTP/AVP",
    "UDP/TLS/RTP/SAVPF",
    "a=group:BUNDLE ",
    "a=mid:",
    "a=candidate:",
    " typ host",
    ".local",
    "a=fingerprint:sha-256 ",
    "a=rtpmap:",
    "a=fmtp:",
    "a=sendrecv",
    "a=inactive",
    "a=crypto:1 ",
    "\r\n",
    "\0",
    "65536",
    "-1",
];

const PARTY_WORDS: &[&str] = &[
    "P-Asserted-Identity: ",
    "Remote-Party-ID: ",
    "Privacy: id",
    "Diversion: ",
    ";reason=",
    ";counter=",
    "History-Info: ",
    "?Reason=SIP%3Bcause%3D486",
    ";index=1.1",
    "Path: ",
    "Supported: path",
    "Contact: ",
    ";reg-id=1",
    "Signal=",
    "Duration=",
    "tel:",
    "sip:",
    "%0D%0A",
    "\"",
    "<",
    ">",
    ",",
    "\r\n",
];
const SIP_WORDS: &[&str] = &[
    "SIP/2.0",
    "INVITE ",
    "sip:",
    "sips:",
    "tel:",
    "<",
    ">",
    "\"",
    ";lr",
    ";tag=",
    ";branch=z9hG4bK",
    ";rport",
    ";q=",
    "%00",
    "%41",
    "@",
    "[::1]",
    ":",
    ",",
    "\r\n",
    "\r\n ",
    "\r\n\r\n",
    "Via: ",
    "Contact: *",
    "CSeq: ",
    "Content-Length: ",
    "l:",
    "99999999",
    "Require: ",
    "Digest ",
    "nonce=\"\"",
    ";",
    "?a=b&c=d",
];

const HTTP_WORDS: &[&str] = &[
    "..",
    "/",
    "%2e",
    "%2f",
    "%00",
    "\\",
    "//",
    "bytes=",
    "-",
    ",",
    "Sec-WebSocket-",
    "Upgrade: websocket",
    "sip",
];

/// What may be done with a packet that came by the port of a leg.
const RTP_READERS: &[fn(&[u8])] =
    &[rtp::fuzz_demux, rtp::fuzz_rtp, rtp::fuzz_rtcp, rtp::fuzz_event, rtp::fuzz_relayed];

/// All targets; a line each.
pub const TARGETS: &[Target] = &[
    target("conf", &[conf::fuzz_conf], CONF_WORDS),
    target("config", &[config::fuzz_config, routing::fuzz_prices], CONF_WORDS),
    target("codec-decoder", &[codec::fuzz_decoder], &[]),
    target("codec-tones", &[codec::fuzz_tones], &["!", "+", "*", "/", ",", "M", "440", "99999999"]),
    target("codec-prompt", &[codec::fuzz_prompt], &["RIFF", "WAVE", "fmt ", "data"]),
    target("codec-dtmf", &[codec::fuzz_dtmf], &[]),
    target("control-frame", &[control::fuzz_frame], &["O\0\0\0\u{4}", "L\0\0\0\0", "D\0\0\0\u{1}"]),
    target("dialplan", &[dialplan::fuzz_dialplan], PLAN_WORDS),
    target("dialplan-expression", &[dialplan::fuzz_expand, dialplan::fuzz_expression], PLAN_WORDS),
    target(
        "dialplan-pattern",
        &[dialplan::fuzz_pattern],
        &["X", "Z", "N", "[", "-", "]", ".", "!"],
    ),
    target("http", &[http::fuzz_path, http::fuzz_range, http::fuzz_upgrade], HTTP_WORDS),
    target("media-datagrams", &[media::fuzz_datagrams], &[]),
    target("media-handshake", &[media::fuzz_handshake], &[]),
    target("nat-clients", &[nat::fuzz_clients], &[]),
    target("nat-message", &[nat::fuzz_message], &[]),
    target("net-datagram", &[net::fuzz_datagram], &["SIP/2.0", "INVITE ", "\r\n"]),
    target("net-certificate", &[net::fuzz_certificate], &["-----BEGIN CERTIFICATE-----\n"]),
    target("net-websocket", &[net::fuzz_websocket], &["OPTIONS sip:a SIP/2.0\r\n"]),
    target("party", &[party::fuzz_request], PARTY_WORDS),
    target("registrar", &[registrar::fuzz_orders], &[]),
    target("rtp", RTP_READERS, &[]),
    target("rtp-sdes", &[rtp::fuzz_sdes], &["inline:", "|", "2^31", "1:4", "=="]),
    target("srtp", &[rtp::fuzz_srtp], &[]),
    target("sdp", &[sdp::fuzz_session], SDP_WORDS),
    target("sdp-fragment", &[sdp::fuzz_fragment, media::fuzz_candidates], SDP_WORDS),
    target("sdp-negotiation", &[sdp::fuzz_negotiation], SDP_WORDS),
    target("sip", &[sip::fuzz_message], SIP_WORDS),
    target("sip-framing", &[sip::fuzz_framing, net::fuzz_stream], SIP_WORDS),
    target("sip-parts", &[sip::fuzz_sipfrag, sip::fuzz_uri], SIP_WORDS),
    target("ua-digest", &[ua::fuzz_challenges, ua::fuzz_credentials], SIP_WORDS),
    target("ua-registration", &[ua::fuzz_registration], &[]),
    target("ua-stack", &[ua::fuzz_stack], SIP_WORDS),
];

/// The target of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    #[test]
    fn every_target_begins_from_a_corpus() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
        for target in super::TARGETS {
            let inputs = std::fs::read_dir(corpus.join(target.name)).map(Iterator::count);
            assert!(inputs.is_ok_and(|inputs| inputs > 0), "corpus/{} is empty", target.name);
        }
        for folder in std::fs::read_dir(&corpus).expect("a corpus").flatten() {
            let name = folder.file_name().into_string().expect("a name");
            assert!(super::find(&name).is_some(), "corpus/{name} is of no target");
        }
    }

    #[test]
    fn the_corpus_of_relayed_packets_is_taken_by_their_readers() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/rtp");
        for file in std::fs::read_dir(corpus).expect("a corpus").flatten() {
            let name = file.file_name().into_string().expect("a name");
            let Some(name) = name.strip_prefix("relayed-") else { continue };
            let data = std::fs::read(file.path()).expect("an input");
            let taken = match name.starts_with("udptl") {
                true => sidetone_rtp::UdptlView::parse(&data).is_ok(),
                false => sidetone_rtp::RedundantView::parse(&data).is_some(),
            };
            assert!(taken, "{name}");
        }
    }
}
