//! RFC 4475 §3.1.1: messages that look wrong and are right.

use super::{request, response, rfc4475};
use crate::headers::{Contact, RecordRoute, Route, TypedHeader as _, Via};
use crate::uri::unescape;
use crate::{Method, Name, Text, Uri};

#[test]
fn section_3_1_1_1_wsinv_a_short_tortuous_invite() {
    let (request, essentials) = request(&rfc4475!("wsinv"));
    assert_eq!(essentials.to.tag().unwrap(), "1918181833n");
    assert_eq!(essentials.from.display_name().unwrap(), "J Rosenberg \\\"");
    assert_eq!(essentials.from.tag().unwrap(), "98asjd8");
    assert_eq!(essentials.max_forwards, Some(68));
    assert_eq!(essentials.cseq.number, 9);
    let vias = request.headers.typed_all::<Via>().unwrap();
    assert_eq!(vias.len(), 3);
    assert_eq!(vias[0].branch().unwrap(), "390skdjuw");
    assert_eq!(vias[1].transport, "TCP");
    assert_eq!(vias[2].branch().unwrap(), "z9hG4bK30239");
    let folded = request.headers.value("NewFangledHeader").unwrap();
    assert_eq!(*folded, "newfangled value continued newfangled value");
    assert_eq!(*request.headers.value("unknownheaderwithunusualvalue").unwrap(), ";;,,;;,;");
    assert_eq!(*request.headers.value(Name::Subject).unwrap(), "");
    let contact = request.headers.typed::<Contact>().unwrap().unwrap();
    assert_eq!(contact.q_thousandths(), Some(330));
    let route = request.headers.typed::<Route>().unwrap().unwrap();
    assert!(route.uri.as_sip().unwrap().is_loose_router());
    assert_eq!(request.body.len(), 150);
}

#[test]
fn section_3_1_1_2_intmeth_wide_range_of_valid_characters() {
    let (request, essentials) = request(&rfc4475!("intmeth"));
    assert_eq!(request.method.as_bytes(), b"!interesting-Method0123456789_*+`.%indeed'~");
    let uri = request.uri.as_sip().unwrap();
    assert_eq!(*uri.user.as_ref().unwrap(), "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*");
    assert!(uri.password.is_some() && uri.headers.is_none());
    assert_eq!(essentials.to.display_name().unwrap().as_bytes(), b"BEL:\x07 NUL:\x00 DEL:\x7f");
    assert_eq!(essentials.from.tag().unwrap(), "_token~1'+`*%!-.");
    assert_eq!(essentials.max_forwards, Some(255));
    let extension = request.headers.value("extensionHeader-!.%*+_`'~").unwrap();
    assert_eq!(*extension, "\u{feff}大停電");
    let name = essentials.from.display_name().unwrap();
    assert_eq!(name, "token1~` token2'+_ token3*%!.-");
    let unknown = essentials.from.params.value("fromParam''~+*_!.-%").unwrap();
    assert_eq!(*unknown, "\"работающий\"");
    assert_eq!(essentials.call_id.0, "intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{");
}

#[test]
fn section_3_1_1_3_esc01_valid_use_of_the_percent_escape() {
    let (request, essentials) = request(&rfc4475!("esc01"));
    assert_eq!(request.uri.user().unwrap(), "sips:user@example.com");
    assert_eq!(essentials.to.uri.user().unwrap(), "user");
    assert!(essentials.to.uri.equivalent(&"sip:user@example.com".parse::<Uri>().unwrap()));
    assert_eq!(essentials.from.uri.user().unwrap(), "I have spaces");
    let contact = request.headers.typed::<Contact>().unwrap().unwrap();
    let uri = contact.uri().unwrap().as_sip().unwrap();
    // The escaped name is `lr`, and the escaped value is undone once, not twice.
    let value = uri.params.value("n%61me").unwrap();
    assert_eq!(unescape(value), "value%41");
}

#[test]
fn section_3_1_1_4_escnull_escaped_nulls_in_uris() {
    let (request, essentials) = request(&rfc4475!("escnull"));
    assert_eq!(essentials.to.uri.user().unwrap().as_bytes(), b"null-\0-null");
    let contacts = request.headers.typed_all::<Contact>().unwrap();
    assert_eq!(contacts.len(), 2);
    assert!(!contacts[0].uri().unwrap().equivalent(contacts[1].uri().unwrap()));
}

#[test]
fn section_3_1_1_5_esc02_percent_that_is_no_escape() {
    let (request, _) = request(&rfc4475!("esc02"));
    assert!(matches!(request.method, Method::Extension(_)), "it is not REGISTER");
    assert_eq!(request.headers.lines(Name::Contact).count(), 2);
    assert!(request.headers.has("C%6Fntact"));
}

#[test]
fn section_3_1_1_6_lwsdisp_no_blank_before_the_bracket() {
    let (_, essentials) = request(&rfc4475!("lwsdisp"));
    assert_eq!(essentials.from.display_name().unwrap(), "caller");
}

#[test]
fn section_3_1_1_7_longreq_long_values() {
    let (request, essentials) = request(&rfc4475!("longreq"));
    let vias = request.headers.typed_all::<Via>().unwrap();
    assert_eq!((vias.len(), vias[33].received()), (34, Some([192, 0, 2, 5].into())));
    assert_eq!(vias[33].branch().unwrap().len(), 215);
    assert_eq!(essentials.from.tag().unwrap().len(), 152);
    assert_eq!(essentials.to.uri.as_sip().unwrap().port, Some(6_000));
    assert!(essentials.from.uri.user().unwrap().as_bytes().starts_with(b"amazinglylongcallername"));
    let unknown = request.headers.value(
        "Unknown-LongLongLongLongLongLongLongLongLongLongLongLongLongLongLongLongLongLongLongLong\
         -Name",
    );
    assert!(unknown.unwrap().as_bytes().ends_with(b"-parameter-value"));
    assert_eq!(request.body.len(), 150);
}

#[test]
fn section_3_1_1_8_dblreq_octets_after_the_message() {
    let (request, _) = request(&rfc4475!("dblreq"));
    assert_eq!(request.method, Method::Register);
    assert!(request.body.is_empty());
}

#[test]
fn section_3_1_1_9_semiuri_semicolons_in_the_user_part() {
    let (request, _) = request(&rfc4475!("semiuri"));
    let uri = request.uri.as_sip().unwrap();
    assert_eq!(uri.user_decoded().unwrap(), "user;par=u@example.net");
    assert!(uri.params.is_empty());
    assert_eq!(request.headers.items(Name::Accept).count(), 6);
}

#[test]
fn section_3_1_1_10_transports_varied_and_unknown() {
    let (request, _) = request(&rfc4475!("transports"));
    let vias = request.headers.typed_all::<Via>().unwrap();
    let transports: Vec<_> = vias.iter().map(|via| via.transport.to_str()).collect();
    assert_eq!(transports, ["UDP", "SCTP", "TLS", "UNKNOWN", "TCP"]);
}

#[test]
fn section_3_1_1_11_mpart01_multipart_mime_with_binary_parts() {
    let (request, _) = request(&rfc4475!("mpart01"));
    assert_eq!(request.body.len(), 553);
    assert!(request.body.contains(&0) && request.body.ends_with(b"\r\n--7a9cbec02ceef655--\r\n"));
    let content = request.headers.typed::<crate::headers::ContentType>().unwrap().unwrap();
    assert!(content.is("multipart/mixed"));
    assert_eq!(*content.params.value("boundary").unwrap(), "7a9cbec02ceef655");
}

#[test]
fn section_3_1_1_12_unreason_an_unusual_reason_phrase() {
    let response = response(&rfc4475!("unreason"));
    assert_eq!(response.status.code(), 200);
    assert_eq!(response.reason, "= 2**3 * 5**2 но сто девяносто девять - простое");
}

#[test]
fn section_3_1_1_13_noreason_an_empty_reason_phrase() {
    let response = response(&rfc4475!("noreason"));
    assert!(response.reason.is_empty());
}

#[test]
fn section_3_4_1_inv2543_an_invite_of_the_old_rfc() {
    let (request, essentials) = request(&rfc4475!("inv2543"));
    assert!(essentials.from.tag().is_none() && essentials.max_forwards.is_none());
    assert!(!essentials.via.is_branch_unique());
    // Without <> the parameter belongs to the header.
    assert_eq!(essentials.to.params.value("user"), Some(&Text::from("phone")));
    let route = request.headers.typed::<RecordRoute>().unwrap().unwrap();
    assert!(!route.uri.as_sip().unwrap().is_loose_router());
    assert!(route.to_text().as_bytes().ends_with(b"maddr=ss1.example.com>"));
    assert!(request.body.starts_with(b"v=0"), "the body goes to the end of the datagram");
}
