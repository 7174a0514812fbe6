//! Properties over arbitrary input: no panic, printing and parsing are stable, URI comparison is
//! an equivalence where RFC 3261 §19.1.4 says so.

use proptest::prelude::*;

use crate::Uri;
use crate::fuzz::{fuzz_framing, fuzz_message, fuzz_sipfrag, fuzz_uri};

const SEED: &str = "INVITE sip:bob@b.example;transport=ws SIP/2.0\r\n\
    Via: SIP/2.0/WSS df7.invalid;branch=z9hG4bK1;rport\r\nv: SIP/2.0/UDP [::1]:5060\r\n\
    f: \"A \\\" B\" <sip:a@b;x?y=z>;tag=1\r\nTo: sip:b@b.example\r\ni: c@d\r\nCSeq: 1 INVITE\r\n\
    m: <sip:a@b>;q=0.5;+sip.instance=\"<urn:uuid:1>\", *\r\nWarning: 399 a \"b\"\r\n\
    Date: Sat, 13 Nov 2010 23:29:00 GMT\r\nReason: Q.850;cause=16;text=\"x\"\r\n\
    Authorization: Digest username=\"a\", nc=00000001\r\nSession-Expires: 90;refresher=uac\r\n\
    Record-Route: <sip:p;lr>, <sip:q>\r\nContent-Type: a/b;c=d\r\nl: 4\r\n\r\nbody";

/// The seed with a few bytes overwritten, removed or doubled.
fn mutated(edits: &[(usize, u8, u8)]) -> Vec<u8> {
    let mut bytes = SEED.as_bytes().to_vec();
    for (at, byte, kind) in edits {
        let at = at % bytes.len();
        match kind % 3 {
            0 => bytes[at] = *byte,
            1 => drop(bytes.remove(at)),
            _ => bytes.insert(at, *byte),
        }
    }
    bytes
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(data in proptest::collection::vec(any::<u8>(), 0..400)) {
        fuzz_message(&data);
        fuzz_framing(&data);
        fuzz_uri(&data);
        fuzz_sipfrag(&data);
    }

    #[test]
    fn damaged_messages_never_panic(
        edits in proptest::collection::vec((any::<usize>(), any::<u8>(), any::<u8>()), 0..12),
    ) {
        let data = mutated(&edits);
        fuzz_message(&data);
        fuzz_framing(&data);
    }

    #[test]
    fn uris_of_the_grammar_print_as_they_were_read(
        text in "sips?:([a-z0-9%41.&=+$,;?/_!~*'()-]{1,12}(:[a-z0-9]{0,5})?@)?\
                 ([a-z]([a-z0-9-]{0,8}[a-z0-9])?(\\.[a-z]{2,5})?|192\\.0\\.2\\.1|\\[2001:db8::1\\])\
                 (:[1-9][0-9]{0,3})?(;[a-z]{1,5}(=[a-z0-9]{1,5})?){0,3}(\\?[a-z]{1,4}=[a-z]{1,4})?"
    ) {
        if let Ok(uri) = text.parse::<Uri>() {
            prop_assert_eq!(uri.to_string(), text);
        }
    }
}

#[test]
fn the_comparison_examples_of_rfc_3261_section_19_1_4_hold() {
    let equal = [
        ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
        ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;newparam=5"),
        (
            "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
            "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
        ),
        (
            "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
            "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
        ),
    ];
    let different = [
        ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"),
        ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
        ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"),
    ];
    let uri = |text: &str| text.parse::<Uri>().unwrap();
    for (a, b) in equal {
        assert!(uri(a).equivalent(&uri(b)) && uri(b).equivalent(&uri(a)), "{a} {b}");
    }
    for (a, b) in different {
        assert!(!uri(a).equivalent(&uri(b)) && !uri(b).equivalent(&uri(a)), "{a} {b}");
    }
    assert!(uri("tel:+1-201-555-0123").equivalent(&uri("tel:+12015550123")));
}

#[test]
fn a_value_can_never_add_a_header() {
    let mut headers = crate::Headers::new();
    headers.push("X-A", "a\r\nEvil: b");
    let request = crate::Request {
        headers,
        ..crate::Request::new(crate::Method::Options, "sip:a".parse().unwrap())
    };
    let text = String::from_utf8(request.to_bytes().to_vec()).unwrap();
    assert!(text.contains("X-A: a Evil: b\r\n"), "{text}");
}
