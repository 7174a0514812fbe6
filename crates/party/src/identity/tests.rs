//! What peers claim of themselves is read without harm, and what we say of them is well formed.

use proptest::prelude::*;
use sidetone_sip::Method;

use super::*;

fn request(headers: &[(&str, &str)]) -> Request {
    let uri: Uri = "sip:200@192.0.2.1".parse().expect("a URI");
    let mut request = Request::new(Method::Invite, uri);
    for (name, value) in headers {
        request.headers.push(*name, *value);
    }
    request
}

fn endpoint(lines: &str) -> Endpoint {
    let text = format!("[t]\ntype=transport\nbind=192.0.2.1\n[a]\ntype=endpoint\n{lines}\n");
    let source = sidetone_conf::MemorySource::new().with("/etc/pjsip.conf", text);
    let config = sidetone_config::load(&source, "/etc").config.expect("a configuration");
    Endpoint::clone(&config.endpoints["a"])
}

#[test]
fn a_number_is_found_in_every_kind_of_uri() {
    for (uri, number) in [
        ("sip:100@example.com", "100"),
        ("sip:%2B4930@example.com", "+4930"),
        ("sip:100;phone-context=x@example.com", "100"),
        ("tel:+49-30-123", "+4930123"),
        ("sip:example.com", ""),
    ] {
        assert_eq!(number_of(&uri.parse().expect("a URI")), number, "{uri}");
    }
}

#[test]
fn an_asserted_identity_says_whether_it_may_be_shown() {
    let pai = "\"Boss\" <sip:300@example.com>";
    for (headers, presentation) in [
        (vec![("P-Asserted-Identity", pai)], Presentation::AllowedPassedScreen),
        (
            vec![("P-Asserted-Identity", pai), ("Privacy", "user;id")],
            Presentation::ProhibPassedScreen,
        ),
        (
            vec![("Remote-Party-ID", "\"Boss\" <sip:300@x>;privacy=off;screen=yes")],
            Presentation::AllowedPassedScreen,
        ),
        (
            vec![("Remote-Party-ID", "\"Boss\" <sip:300@x>;privacy=full")],
            Presentation::ProhibNotScreened,
        ),
    ] {
        let party = asserted(&request(&headers).headers).expect("is there");
        assert_eq!((party.name.as_str(), party.number.as_str()), ("Boss", "300"));
        assert_eq!(party.presentation, presentation, "{headers:?}");
    }
}

#[test]
fn forwardings_are_read_from_diversion_before_history_info() {
    let headers = [
        (
            "Diversion",
            "\"Bob\" <sip:200@x>;reason=no-answer, <sip:100@x>;reason=user-busy;counter=2",
        ),
        ("History-Info", "<sip:9@x>;index=1, <sip:8@x>;index=1.1"),
    ];
    let found = redirecting_of(&request(&headers).headers).expect("was forwarded");
    assert_eq!((found.from.number.as_str(), found.from.name.as_str()), ("200", "Bob"));
    assert_eq!((found.orig.number.as_str(), found.reason.as_str()), ("100", "no-answer"));
    assert_eq!((found.orig_reason.as_str(), found.count), ("user-busy", 3));
}

#[test]
fn history_info_tells_who_forwarded_last_and_first() {
    let value = "<sip:100@x?Reason=SIP%3Bcause%3D486>;index=1, \
        <sip:200@x?Reason=SIP%3Bcause%3D302>;index=1.1, <sip:300@x>;index=1.1.1";
    let found = redirecting_of(&request(&[("History-Info", value)]).headers);
    let found = found.expect("was forwarded");
    assert_eq!((found.orig.number.as_str(), found.orig_reason.as_str()), ("100", "user-busy"));
    assert_eq!((found.from.number.as_str(), found.reason.as_str()), ("200", "unconditional"));
    assert_eq!((found.to.number.as_str(), found.count), ("300", 2));
    let single = "<sip:100@x>;index=1";
    assert_eq!(redirecting_of(&request(&[("History-Info", single)]).headers), None);
}

#[test]
fn whoever_forwarded_privately_and_how_often_is_read_and_told_on() {
    let value = "<sip:200@x>;reason=no-answer;privacy=full, <sip:150@x>;reason=user-busy, \
        <sip:100@x>;reason=user-busy;counter=2";
    let found = redirecting_of(&request(&[("Diversion", value)]).headers).expect("is there");
    assert!(found.from.is_private() && !found.orig.is_private());
    assert_eq!(found.count, 4);
    let mut endpoint = endpoint("send_diversion=yes\nsend_history_info=yes");
    let said = diversion(&endpoint, &found, "sip:300@x", "ours");
    assert_eq!(said, [("Diversion".to_owned(), "<sip:100@ours>;reason=user-busy".to_owned())]);
    endpoint.trust_id_outbound = true;
    let said: Vec<String> = diversion(&endpoint, &found, "sip:300@x", "ours")
        .into_iter()
        .map(|(_, value)| value)
        .collect();
    assert_eq!(said[0], "<sip:200@ours>;reason=no-answer;counter=3;privacy=full");
    assert_eq!(said[1], "<sip:100@ours>;reason=user-busy");
    assert_eq!(said[3], "<sip:200@ours?Reason=SIP%3Bcause%3D408&Privacy=history>;index=1.1");
    let value = "<sip:100@x?Privacy=history&Reason=SIP%3Bcause%3D486>;index=1, \
        <sip:200@x>;index=1.1, <sip:300@x>;index=1.1.1";
    for (privacy, hidden) in [("none", false), ("history", true)] {
        let headers = [("History-Info", value), ("Privacy", privacy)];
        let found = redirecting_of(&request(&headers).headers).expect("is there");
        assert!(found.orig.is_private());
        assert_eq!(found.from.is_private(), hidden);
    }
}

#[test]
fn whoever_asks_for_privacy_stays_unknown_trusted_or_not_configured_or_not() {
    let (named, nobody) = ("\"Al\" <sip:100@x>;tag=1", "<sip:anonymous@anonymous.invalid>;tag=1");
    for (from, privacy, private) in [
        (named, "id", true),
        (named, "User; critical", true),
        (named, "none", false),
        (named, "session", false),
        (nobody, "none", true),
    ] {
        for lines in ["", "callerid=Al <100>", "trust_id_inbound=yes"] {
            let endpoint = endpoint(lines);
            let who = of_caller(&endpoint, &request(&[("From", from), ("Privacy", privacy)]));
            assert_eq!(who.is_private(), private, "{from} {privacy} {lines}");
        }
    }
}

#[test]
fn phone_numbers_are_told_from_names() {
    for user in ["100", "+49-30.123", "*98", "#1"] {
        assert!(is_phone(user), "{user}");
    }
    for user in ["", "+", "alice", "100a", "1+2"] {
        assert!(!is_phone(user), "{user}");
    }
}

proptest! {
    #[test]
    fn whatever_a_peer_claims_is_read_without_harm_and_written_as_one_line(
        name in "\\PC{0,40}",
        number in "\\PC{0,40}",
        raw in ".{0,200}",
    ) {
        for header in ["P-Asserted-Identity", "Remote-Party-ID", "Diversion", "History-Info"] {
            let request = request(&[(header, &raw), ("Privacy", &raw)]);
            let _ = (asserted(&request.headers), redirecting_of(&request.headers));
        }
        let party = PartyId::new(name.as_str(), number.as_str());
        let written = print(&address(&party, "192.0.2.1", true));
        let read = NameAddr::parse(&Text::from(written.as_str()));
        let read = read.expect("what is written can be read");
        prop_assert_eq!(user_of(&read.uri).unwrap_or_default(), number);
    }
}
