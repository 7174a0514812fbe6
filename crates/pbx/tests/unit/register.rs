//! Tests of `pbx/src/register.rs`.

use super::*;
use sidetone_base::FlowId;

#[test]
fn each_contact_over_udp_has_an_address_of_its_own() {
    let flow = Flow {
        id: FlowId(1),
        transport: Transport::Udp,
        local: "192.0.2.1:5060".parse().expect("an address"),
        remote: "192.0.2.9:5060".parse().expect("an address"),
    };
    let text = "[t]\ntype = transport\nprotocol = udp\nbind = 192.0.2.1\n\
                [a]\ntype = endpoint\ncontext = x\nrewrite_contact = no\nallow = ulaw\n";
    let source = sidetone_conf::MemorySource::new().with("/e/pjsip.conf", text);
    let config = sidetone_config::load(&source, "/e").config.expect("a configuration");
    let reached = |uri: &str| {
        let uri = Uri::parse(&Text::from(uri.as_bytes().to_vec())).expect("a URI");
        destination(&flow, &uri, config.endpoints["a"].rewrite_contact)
    };
    let at = |remote: &str| Destination::Address {
        transport: Transport::Udp,
        remote: remote.parse().expect("an address"),
    };
    assert_eq!(reached("sip:a@192.0.2.7:5070"), at("192.0.2.7:5070"));
    assert_eq!(reached("sip:a@192.0.2.8"), at("192.0.2.8:5060"));
    assert_eq!(reached("sip:a@phone.example.com"), at("192.0.2.9:5060"));
}
