//! Entry point for the fuzzer: what a request claims of its sender is read, believed as far as its
//! endpoint is, and written into requests of ours; invariants asserted.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use bytes::Bytes;
use sidetone_base::{Destination, Flow, FlowId, Transport};
use sidetone_conf::MemorySource;
use sidetone_config::{Config, Endpoint};
use sidetone_registrar::Contacts;
use sidetone_sip::{Carrier, Limits, Message, Name, NameAddr, Request, Text, Uri};

use crate::identity::{self, Side};
use crate::{PartyId, binding, info};

/// One endpoint that is believed and told everything, one that is not.
const PJSIP: &str = "\
[u]
type=transport
bind=192.0.2.1
[trusting]
type=endpoint
allow=ulaw
aors=trusting
trust_id_inbound=yes
trust_id_outbound=yes
trust_connected_line=yes
send_pai=yes
send_rpid=yes
send_diversion=yes
send_history_info=yes
[wary]
type=endpoint
allow=ulaw
aors=wary
rewrite_contact=yes
send_pai=yes
send_rpid=yes
[trusting]
type=aor
max_contacts=5
support_path=yes
[wary]
type=aor
max_contacts=1
";

/// Our host in what is written.
const HOST: &str = "192.0.2.1";

fn config() -> &'static Config {
    static CONFIG: OnceLock<Arc<Config>> = OnceLock::new();
    CONFIG.get_or_init(|| {
        let source = MemorySource::new().with("/etc/pjsip.conf", PJSIP);
        sidetone_config::load(&source, "/etc").config.unwrap_or_else(|| unreachable!("a transport"))
    })
}

/// Reads a request as INVITE, REGISTER and INFO would be read: identities, forwardings, bindings
/// with their Path, and a key in the body. Nothing read has a control character or is longer than
/// it may be, and whatever is written of it reads back.
pub fn fuzz_request(data: &[u8]) {
    let bytes = Bytes::copy_from_slice(data);
    let Ok(Message::Request(request)) = Message::parse(&bytes, Carrier::Datagram, &Limits::DEFAULT)
    else {
        return;
    };
    check_info(&request);
    let config = config();
    for endpoint in config.endpoints_sorted() {
        check_identities(endpoint, &request);
        for transport in [Transport::Udp, Transport::Tcp, Transport::Wss] {
            check_binding(config, endpoint, &request, transport);
        }
    }
}

fn check_info(request: &Request) {
    let kind = request.headers.lines(Name::ContentType).next();
    let kind = kind.map(|text| text.to_str().into_owned()).unwrap_or_default();
    for kind in [kind.as_str(), info::RELAY, "application/dtmf"] {
        let Some((digit, duration_ms)) = info::read_info(kind, request.body.as_ref()) else {
            continue;
        };
        assert!((40..=6_000).contains(&duration_ms), "{duration_ms}");
        let written = info::write_info(digit, Duration::from_millis(duration_ms.into()));
        let again = info::read_info(info::RELAY, written.as_bytes());
        assert_eq!(again, Some((digit, duration_ms)));
    }
}

fn check_identities(endpoint: &Endpoint, request: &Request) {
    let caller = identity::of_caller(endpoint, request);
    let connected = identity::of_connected(endpoint, &request.headers);
    assert!(endpoint.trust_id_inbound || connected.is_none(), "who is not trusted is not believed");
    for party in connected.iter().chain([&caller]) {
        check_party(party);
        check_address(&identity::from(endpoint, party, HOST, "nobody"), None);
        for side in [Side::Calling, Side::Called] {
            for (name, value) in identity::headers(endpoint, party, HOST, side) {
                assert!(!party.is_private() || endpoint.trust_id_outbound || name == "Privacy");
                if name != "Privacy" {
                    check_address(&value, Some(party));
                }
            }
        }
    }
    let Some(redirecting) = identity::redirecting_of(&request.headers) else { return };
    for party in [&redirecting.orig, &redirecting.from, &redirecting.to] {
        check_party(party);
    }
    let target = "sip:200@192.0.2.9";
    for (_, value) in identity::diversion(endpoint, &redirecting, target, HOST) {
        check_address(&value, None);
    }
}

fn check_party(party: &PartyId) {
    for text in [&party.name, &party.number] {
        assert!(text.chars().count() <= 128 && !text.chars().any(char::is_control), "{text:?}");
    }
}

/// What is written is one address; with a party, of that number.
fn check_address(written: &str, party: Option<&PartyId>) {
    assert!(!written.contains(['\r', '\n', '\0']), "{written:?}");
    let read = NameAddr::parse(&Text::from(written.as_bytes().to_vec()));
    let read = read.unwrap_or_else(|error| panic!("{written:?} does not read back: {error:?}"));
    if let Some(party) = party {
        assert_eq!(identity::number_of(&read.uri), party.number, "{written:?}");
    }
}

fn check_binding(config: &Config, endpoint: &Endpoint, request: &Request, transport: Transport) {
    let aor = endpoint.aors.first().and_then(|name| config.aors.get(name));
    let Some(aor) = aor else { unreachable!("each endpoint has one") };
    let address = |last| ([192, 0, 2, last], 5060).into();
    let flow = Flow { id: FlowId(1), transport, local: address(1), remote: address(9) };
    let refused = binding::unwanted_path(request, aor);
    assert!(refused.is_none() || !aor.support_path);
    let Ok(register) = binding::read(&flow, request, endpoint, aor) else { return };
    assert!(aor.support_path || register.path.is_empty(), "a Path that is not kept");
    if let Contacts::Update(updates) = &register.contacts {
        for update in updates {
            let uri = Uri::parse(&Text::from(update.uri.as_bytes().to_vec()));
            assert!(uri.is_ok_and(|uri| uri.as_sip().is_some()), "{}", update.uri);
            // Only a Path leads elsewhere than a connection that is there.
            let stays = update.destination == Destination::Flow(flow.id);
            assert!(stays || !transport.is_reliable() || !register.path.is_empty());
        }
    }
    let _ = binding::contact_refused(config, endpoint, &flow, &register);
    let reply = binding::accepted(Instant::now(), (config, endpoint, aor), &[], request);
    let whole = |(_, value): &(String, String)| !value.contains(['\r', '\n']);
    assert!(reply.headers.iter().all(whole), "{:?}", reply.headers);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    /// A request whose headers hold whatever is claimed.
    fn request(method: &str, headers: &str, body: &str) -> Vec<u8> {
        format!(
            "{method} sip:200@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKa\r\n\
             From: <sip:100@x>;tag=a\r\nTo: <sip:trusting@x>\r\nCall-ID: c\r\n\
             CSeq: 1 {method}\r\n{headers}Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    }

    #[test]
    fn the_corpus_reaches_what_it_is_for() {
        let folder = format!("{}/../../fuzz/corpus/party", env!("CARGO_MANIFEST_DIR"));
        let files: Vec<_> = std::fs::read_dir(folder).expect("a corpus").flatten().collect();
        assert!(files.len() >= 4, "one each for the identities, forwardings, bindings and keys");
        for file in files {
            let data = std::fs::read(file.path()).expect("an input");
            let bytes = bytes::Bytes::copy_from_slice(&data);
            let limits = sidetone_sip::Limits::DEFAULT;
            let read = sidetone_sip::Message::parse(&bytes, sidetone_sip::Carrier::Stream, &limits);
            assert!(read.is_ok(), "{}: {read:?}", file.path().display());
            super::fuzz_request(&data);
        }
    }

    proptest! {
        #[test]
        fn whatever_is_claimed_keeps_the_invariants(
            name in "[ -~äß]{0,40}",
            user in "[-0-9A-Za-z%;=.+*#]{0,20}",
            header in prop::sample::select(vec![
                "P-Asserted-Identity", "Remote-Party-ID", "Diversion", "History-Info", "Path",
                "Contact",
            ]),
            tail in "[ -~]{0,40}",
            body in "(Signal|Duration|x)=[ -~]{0,6}\r\n",
        ) {
            let line = format!("{header}: \"{name}\" <sip:{user}@h>{tail}\r\n");
            super::fuzz_request(&request("INVITE", &line, &body));
            let line = format!("{header}: <sip:{user}@192.0.2.7>, <tel:{user}>{tail}\r\n");
            super::fuzz_request(&request("REGISTER", &line, &body));
        }

        #[test]
        fn any_bytes_do(data in prop::collection::vec(any::<u8>(), 0..300)) {
            super::fuzz_request(&data);
        }
    }
}
