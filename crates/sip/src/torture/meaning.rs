//! RFC 4475 §3.2 and §3.3: messages whose grammar is right and whose meaning is not. What the
//! parser can tell is tested here; `ua` and `pbx` refuse the rest by what it tells them.

use super::{refused, request, response, rfc4475, wire};
use crate::headers::{Accept, Authorization, Contact};
use crate::{Essentials, Name, Uri};

#[test]
fn section_3_2_1_badbranch_a_branch_that_is_only_the_cookie() {
    let (_, essentials) = request(&rfc4475!("badbranch"));
    assert!(!essentials.via.is_branch_unique(), "matched by the rules of RFC 2543");
}

#[test]
fn section_3_3_1_insuf_required_headers_are_missing() {
    let answer = refused(&rfc4475!("insuf"), 400);
    assert!(answer.contains("is missing"), "{answer}");
}

#[test]
fn section_3_3_2_unkscm_a_request_uri_of_an_unknown_scheme() {
    let (request, _) = request(&rfc4475!("unkscm"));
    assert!(matches!(request.uri, Uri::Other(_)), "for ua to answer 416");
}

#[test]
fn section_3_3_3_novelsc_a_request_uri_of_another_protocol() {
    let (request, _) = request(&rfc4475!("novelsc"));
    assert!(matches!(request.uri, Uri::Other(_)));
}

#[test]
fn section_3_3_4_unksm2_unknown_schemes_in_headers() {
    let (request, essentials) = request(&rfc4475!("unksm2"));
    assert_eq!(essentials.to.uri, Uri::Other("isbn:2983792873".into()));
    let contact = request.headers.typed::<Contact>().unwrap().unwrap();
    assert_eq!(contact.uri(), Some(&Uri::Other("name:John_Smith".into())));
}

#[test]
fn section_3_3_5_bext01_unknown_extensions_are_required() {
    let (request, _) = request(&rfc4475!("bext01"));
    assert_eq!(request.headers.items(Name::Require).count(), 2);
    assert!(request.headers.lists(Name::ProxyRequire, "nordoanyproxiessupportthis"));
}

#[test]
fn section_3_3_6_invut_an_unknown_content_type() {
    let (request, _) = request(&rfc4475!("invut"));
    let content = request.headers.typed::<crate::headers::ContentType>().unwrap().unwrap();
    assert!(!content.is("application/sdp"));
}

#[test]
fn section_3_3_7_regaut01_an_unknown_authorization_scheme() {
    let (request, _) = request(&rfc4475!("regaut01"));
    let authorization = request.headers.typed::<Authorization>().unwrap().unwrap();
    assert!(!authorization.0.is_digest());
    assert_eq!(authorization.0.value("opaque-data").unwrap(), "here");
}

#[test]
fn section_3_3_8_multi01_single_headers_stand_twice() {
    refused(&rfc4475!("multi01"), 400);
    let once = "OPTIONS sip:user@example.com SIP/2.0\n\
                Max-Forwards: 70\nTo: sip:user@example.com\n\
                From: <sip:caller@example.org>;tag=384\nCall-ID: meaning.dkei33a\n\
                CSeq: 12 OPTIONS\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKkdjuw\n";
    for line in [
        "CSeq: 59 OPTIONS\n",
        "To: sip:other@example.net\n",
        "From: <sip:other@example.net>;tag=394\n",
        "i: another\n",
        "Max-Forwards: 5\n",
    ] {
        refused(&wire(&format!("{once}{line}l: 0\n\n")), 400);
    }
}

#[test]
fn section_3_3_9_mcl01_two_different_content_lengths() {
    refused(&rfc4475!("mcl01"), 400);
}

#[test]
fn section_3_3_10_bcast_a_response_with_a_broadcast_via() {
    let response = response(&rfc4475!("bcast"));
    // Readable; `ua` has no transaction for it and sends nothing.
    assert!(Essentials::read_response(&response).is_ok());
}

#[test]
fn section_3_3_11_zeromf_max_forwards_of_zero() {
    assert_eq!(request(&rfc4475!("zeromf")).1.max_forwards, Some(0));
}

#[test]
fn section_3_3_12_cparam01_a_contact_header_parameter() {
    let (request, _) = request(&rfc4475!("cparam01"));
    let contact = request.headers.typed::<Contact>().unwrap().unwrap();
    assert!(contact.address().unwrap().params.has("unknownparam"));
    assert!(contact.uri().unwrap().as_sip().unwrap().params.is_empty());
}

#[test]
fn section_3_3_13_cparam02_a_contact_uri_parameter() {
    let (request, _) = request(&rfc4475!("cparam02"));
    let contact = request.headers.typed::<Contact>().unwrap().unwrap();
    assert!(contact.address().unwrap().params.is_empty());
    assert!(contact.uri().unwrap().as_sip().unwrap().params.has("unknownparam"));
}

#[test]
fn section_3_3_14_regescrt_a_contact_uri_with_an_escaped_header() {
    let (request, _) = request(&rfc4475!("regescrt"));
    let contact = request.headers.typed::<Contact>().unwrap().unwrap();
    let uri = contact.uri().unwrap().as_sip().unwrap();
    let (name, value) = uri.headers_decoded().next().unwrap();
    assert_eq!((name.to_str(), value.to_str()), ("Route".into(), "<sip:sip.example.com>".into()));
}

#[test]
fn section_3_3_15_sdp01_an_accept_without_sdp() {
    let (request, _) = request(&rfc4475!("sdp01"));
    let accept = request.headers.typed_all::<Accept>().unwrap();
    assert!(!accept.iter().any(|accept| accept.covers("application/sdp")));
}
