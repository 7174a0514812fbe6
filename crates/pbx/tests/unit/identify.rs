//! Tests of `pbx/src/identify.rs`.

use super::*;
use sidetone_base::FlowId;
use sidetone_conf::MemorySource;
use sidetone_sip::{Carrier, Limits, Message};

const PJSIP: &str = "\
    [udp]\ntype=transport\nbind=192.0.2.1:5060\n\
    [second]\ntype=transport\nbind=192.0.2.1:5080\n\
    [tcp]\ntype=transport\nprotocol=tcp\nbind=0.0.0.0:5060\n\
    [trunk](!)\ntype=endpoint\nallow=ulaw\nidentify_by=ip,header,request_uri\n\
    [named](trunk)\n[headed](trunk)\n[dialled](trunk)\n[wired](trunk)\n\
    [by-name]\ntype=identify\nendpoint=named\nmatch=trunk.example\n\
    [by-header]\ntype=identify\nendpoint=headed\nmatch_header=X-Account-Number: /^[+]7/\n\
    [by-uri]\ntype=identify\nendpoint=dialled\nmatch_request_uri=/^sip:8800/\n\
    [by-wire]\ntype=identify\nendpoint=wired\nmatch=198.51.100.9\ntransport=second\n\
    [global]\ntype=global\nendpoint_identifier_order=ip,header,request_uri\n";

fn flow(transport: sidetone_base::Transport, local: &str, remote: &str) -> Flow {
    let address = |text: &str| text.parse().expect("an address");
    Flow { id: FlowId(1), transport, local: address(local), remote: address(remote) }
}

fn whose(flow: &Flow, uri: &str, header: &str) -> Option<String> {
    let source = MemorySource::new().with("/etc/pjsip.conf", PJSIP);
    let loaded = sidetone_config::load(&source, "/etc");
    let config = loaded.config.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics));
    let known: IpAddr = "203.0.113.7".parse().expect("an address");
    let names = Names::from([("trunk.example".to_owned(), vec![known])]);
    let text = format!(
        "INVITE {uri} SIP/2.0\r\nVia: SIP/2.0/UDP x;branch=z9hG4bK1\r\n{header}\
         From: <sip:a@x>;tag=1\r\nTo: <sip:b@x>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n\
         Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    );
    let parsed = Message::parse(&bytes::Bytes::from(text), Carrier::Datagram, &Limits::default());
    let Ok(Message::Request(request)) = parsed else { panic!("a request") };
    identify(&config, &names, flow, &request).map(|endpoint| endpoint.id.clone())
}

#[test]
fn names_headers_uris_and_transports_identify() {
    use sidetone_base::Transport::{Tcp, Udp};
    let plain = flow(Udp, "192.0.2.1:5060", "198.51.100.1:5060");
    let by = |flow: &Flow, uri: &str, header: &str| whose(flow, uri, header);
    assert_eq!(by(&plain, "sip:100@x", ""), None);
    let named = flow(Udp, "192.0.2.1:5060", "203.0.113.7:5060");
    assert_eq!(by(&named, "sip:100@x", ""), Some("named".into()));
    let header = "X-Account-Number: +74951234567\r\n";
    assert_eq!(by(&plain, "sip:100@x", header), Some("headed".into()));
    assert_eq!(by(&plain, "sip:100@x", "X-Account-Number: 8495\r\n"), None);
    assert_eq!(by(&plain, "sip:88005553535@x", ""), Some("dialled".into()));
    // The order decides when several fit.
    assert_eq!(by(&named, "sip:88005553535@x", header), Some("named".into()));
    assert_eq!(by(&plain, "sip:88005553535@x", header), Some("headed".into()));
    // Only over its transport.
    let wired = |transport, local| flow(transport, local, "198.51.100.9:5060");
    assert_eq!(by(&wired(Udp, "192.0.2.1:5080"), "sip:1@x", ""), Some("wired".into()));
    assert_eq!(by(&wired(Udp, "192.0.2.1:5060"), "sip:1@x", ""), None);
    assert_eq!(by(&wired(Tcp, "192.0.2.1:5080"), "sip:1@x", ""), None);
}
