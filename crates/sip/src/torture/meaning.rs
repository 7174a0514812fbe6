//! RFC 4475 §3.2 and §3.3: messages whose grammar is right and whose meaning is not. What the
//! parser can tell is tested here; `ua` refuses the rest by what it is told.

use super::{dropped, refused, request, response, wire};
use crate::headers::{Accept, Authorization, Contact};
use crate::{Essentials, Name, Uri};

fn message(method: &str, uri: &str, extra: &str) -> String {
    format!(
        "{method} {uri} SIP/2.0\n\
         Max-Forwards: 70\n\
         To: sip:user@example.com\n\
         From: <sip:caller@example.org>;tag=384\n\
         Call-ID: meaning.dkei33a\n\
         CSeq: 12 {method}\n\
         Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKkdjuw\n\
         {extra}l: 0\n\n"
    )
}

#[test]
fn section_3_2_1_badbranch_a_branch_that_is_only_the_cookie() {
    let text = message("OPTIONS", "sip:user@example.com", "").replace("z9hG4bKkdjuw", "z9hG4bK");
    let (_, essentials) = request(&wire(&text));
    assert!(!essentials.via.is_branch_unique(), "matched by the rules of RFC 2543");
}

#[test]
fn section_3_3_1_insuf_required_headers_are_missing() {
    dropped(
        "INVITE sip:user@example.com SIP/2.0\n\
         CSeq: 193942 INVITE\n\
         Via: SIP/2.0/UDP 192.0.2.95;branch=z9hG4bKkdj.insuf\n\
         Content-Type: application/sdp\n\
         l: 5\n\nv=0\n",
    );
}

#[test]
fn section_3_3_2_unkscm_a_request_uri_of_an_unknown_scheme() {
    let uri = "nobodyKnowsThisScheme:totallyopaquecontent";
    let (request, _) = request(&wire(&message("OPTIONS", uri, "")));
    assert!(matches!(request.uri, Uri::Other(_)), "for ua to answer 416");
}

#[test]
fn section_3_3_3_novelsc_a_request_uri_of_another_protocol() {
    let (request, _) = request(&wire(&message("OPTIONS", "soap.beep://192.0.2.103:3002", "")));
    assert!(matches!(request.uri, Uri::Other(_)));
}

#[test]
fn section_3_3_4_unksm2_unknown_schemes_in_headers() {
    let text = message("REGISTER", "sip:example.com", "Contact: <name:John_Smith>\n")
        .replace("sip:user@example.com", "isbn:2983792873")
        .replace("<sip:caller@example.org>", "<http://www.example.com>");
    let (request, essentials) = request(&wire(&text));
    assert_eq!(essentials.to.uri, Uri::Other("isbn:2983792873".into()));
    let contact = request.headers.typed::<Contact>().unwrap().unwrap();
    assert_eq!(contact.uri(), Some(&Uri::Other("name:John_Smith".into())));
}

#[test]
fn section_3_3_5_bext01_unknown_extensions_are_required() {
    let extra = "Proxy-Require: nothingSupportsThis, nothingSupportsThisEither\n\
                 Require: nothingSupportsThis, nothingSupportsThisEither\n";
    let (request, _) = request(&wire(&message("OPTIONS", "sip:user@example.com", extra)));
    assert_eq!(request.headers.items(Name::Require).count(), 2);
    assert!(request.headers.lists(Name::ProxyRequire, "nothingsupportsthiseither"));
}

#[test]
fn section_3_3_6_invut_an_unknown_content_type() {
    let extra = "Content-Type: application/unknownformat\n";
    let (request, _) = request(&wire(&message("INVITE", "sip:user@example.com", extra)));
    let content = request.headers.typed::<crate::headers::ContentType>().unwrap().unwrap();
    assert!(!content.is("application/sdp"));
}

#[test]
fn section_3_3_7_regaut01_an_unknown_authorization_scheme() {
    let extra = "Authorization: NoOneKnowsThisScheme opaque-data=here\n";
    let (request, _) = request(&wire(&message("REGISTER", "sip:example.com", extra)));
    let authorization = request.headers.typed::<Authorization>().unwrap().unwrap();
    assert!(!authorization.0.is_digest());
    assert_eq!(authorization.0.value("opaque-data").unwrap(), "here");
}

#[test]
fn section_3_3_8_multi01_single_headers_stand_twice() {
    for line in [
        "CSeq: 59 OPTIONS\n",
        "To: sip:other@example.net\n",
        "From: <sip:other@example.net>;tag=394\n",
        "i: another\n",
        "Max-Forwards: 5\n",
    ] {
        refused(&message("OPTIONS", "sip:user@example.com", line), 400);
    }
}

#[test]
fn section_3_3_9_mcl01_two_different_content_lengths() {
    refused(&message("OPTIONS", "sip:user@example.com", "Content-Length: 13\n"), 400);
}

#[test]
fn section_3_3_10_bcast_a_response_with_a_broadcast_via() {
    let text = message("INVITE", "x", "").replace("INVITE x SIP/2.0", "SIP/2.0 200 OK");
    let text = text.replace("192.0.2.1;", "192.0.2.1;received=255.255.255.255;");
    let response = response(&wire(&text));
    // Readable; `ua` has no transaction for it and sends nothing.
    assert!(Essentials::read_response(&response).is_ok());
}

#[test]
fn section_3_3_11_zeromf_max_forwards_of_zero() {
    let text = message("OPTIONS", "sip:user@example.com", "").replace("s: 70", "s: 0");
    assert_eq!(request(&wire(&text)).1.max_forwards, Some(0));
}

#[test]
fn section_3_3_12_cparam01_a_contact_header_parameter() {
    let extra = "Contact: sip:+19725552222@gw1.example.net;unknownparam\n";
    let (request, _) = request(&wire(&message("REGISTER", "sip:example.com", extra)));
    let contact = request.headers.typed::<Contact>().unwrap().unwrap();
    assert!(contact.address().unwrap().params.has("unknownparam"));
    assert!(contact.uri().unwrap().as_sip().unwrap().params.is_empty());
}

#[test]
fn section_3_3_13_cparam02_a_contact_uri_parameter() {
    let extra = "Contact: <sip:+19725552222@gw1.example.net;unknownparam>\n";
    let (request, _) = request(&wire(&message("REGISTER", "sip:example.com", extra)));
    let contact = request.headers.typed::<Contact>().unwrap().unwrap();
    assert!(contact.address().unwrap().params.is_empty());
    assert!(contact.uri().unwrap().as_sip().unwrap().params.has("unknownparam"));
}

#[test]
fn section_3_3_14_regescrt_a_contact_uri_with_an_escaped_header() {
    let extra = "Contact: <sip:user@example.com?Route=%3Csip:sip.example.com%3E>\n";
    let (request, _) = request(&wire(&message("REGISTER", "sip:example.com", extra)));
    let contact = request.headers.typed::<Contact>().unwrap().unwrap();
    let uri = contact.uri().unwrap().as_sip().unwrap();
    let (name, value) = uri.headers_decoded().next().unwrap();
    assert_eq!((name.to_str(), value.to_str()), ("Route".into(), "<sip:sip.example.com>".into()));
}

#[test]
fn section_3_3_15_sdp01_an_accept_without_sdp() {
    let extra = "Accept: text/nobodyKnowsThis\n";
    let (request, _) = request(&wire(&message("INVITE", "sip:user@example.com", extra)));
    let accept = request.headers.typed_all::<Accept>().unwrap();
    assert!(!accept.iter().any(|accept| accept.covers("application/sdp")));
}
