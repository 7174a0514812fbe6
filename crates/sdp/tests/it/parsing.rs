//! Reading and printing.

use proptest::prelude::*;
use sidetone_sdp::fuzz::{fuzz_fragment, fuzz_negotiation, fuzz_session};
use sidetone_sdp::limits::{MAX_ATTRIBUTES, MAX_BODY_BYTES, MAX_MEDIA_LINES, MAX_OTHER_LINES};
use sidetone_sdp::{ParseError, Session};

use crate::support::{over_the_wire, sdp};

fn fixtures() -> Vec<(String, Vec<u8>)> {
    let folder = format!("{}/tests/fixtures", env!("CARGO_MANIFEST_DIR"));
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| (path.display().to_string(), std::fs::read(&path).unwrap())).collect()
}

#[test]
fn every_fixture_prints_as_it_was_read_whatever_its_line_ends() {
    let fixtures = fixtures();
    assert!(fixtures.len() >= 12);
    for (name, body) in fixtures {
        let session = Session::parse(&body).unwrap_or_else(|e| panic!("{name}: {e}"));
        over_the_wire(&session);
        let unix = String::from_utf8(body).unwrap().replace("\r\n", "\n");
        assert_eq!(Session::parse(unix.as_bytes()), Ok(session), "{name}");
        fuzz_negotiation(unix.as_bytes());
    }
}

#[test]
fn odd_order_and_unknown_lines_are_kept_and_printed_in_the_order_of_the_rfc() {
    let session = sdp("s=x\nt=1 2\nb=AS:64\nc=IN IP4 192.0.2.1\no=a 1 1 IN IP4 192.0.2.1\n\
                       y=what\ni=info\nv=0\na=known\nm=audio 9 RTP/AVP 0\na=x-new:1\n\
                       k=clear:1\nc=IN IP6 ::1\n\n\n");
    let text = session.to_string().replace("\r\n", "\n");
    assert_eq!(
        text,
        "v=0\no=a 1 1 IN IP4 192.0.2.1\ns=x\ni=info\nc=IN IP4 192.0.2.1\nb=AS:64\nt=1 2\ny=what\n\
         a=known\nm=audio 9 RTP/AVP 0\nc=IN IP6 ::1\nk=clear:1\na=x-new:1\n"
    );
    over_the_wire(&session);
}

#[test]
fn missing_lines_are_supplied() {
    let session = sdp("m=audio 9 RTP/AVP 0\n");
    let text = session.to_string().replace("\r\n", "\n");
    assert_eq!(text, "v=0\no=- 0 0 IN IP4 0.0.0.0\ns=-\nt=0 0\nm=audio 9 RTP/AVP 0\n");
}

#[test]
fn what_is_not_sdp_is_refused_with_the_line() {
    assert_eq!(Session::parse(b"<html></html>"), Err(ParseError::NotSdp));
    assert_eq!(Session::parse(b""), Err(ParseError::NotSdp));
    assert_eq!(Session::parse(b"v=0\r\ngarbage"), Err(ParseError::NotSdp));
    assert_eq!(Session::parse(b"v=0\r\no=x\r\ns=-\r\n"), Err(ParseError::NotSdp));
    assert!(Session::parse(b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n").is_ok());
    let error = Session::parse(b"v=0\nm=audio nine RTP/AVP 0\n").unwrap_err();
    assert_eq!(error, ParseError::Line(2, "m=audio nine RTP/AVP 0".to_owned()));
    assert!(Session::parse(b"v=0\nc=IN\n").is_err());
}

#[test]
fn limits_are_wide_for_browsers_and_hold_against_bombs() {
    let lines = |line: &str, count: usize| format!("v=0\n{}", line.repeat(count));
    let check = |text: String, fine: bool| {
        assert_eq!(Session::parse(text.as_bytes()).is_ok(), fine, "{} bytes", text.len());
    };
    check(lines("m=audio 9 RTP/AVP 0\n", MAX_MEDIA_LINES), true);
    check(lines("m=audio 9 RTP/AVP 0\n", MAX_MEDIA_LINES + 1), false);
    check(lines("a=x\n", MAX_ATTRIBUTES), true);
    check(lines("a=x\n", MAX_ATTRIBUTES + 1), false);
    check(lines("i=x\n", MAX_OTHER_LINES - 1), true);
    check(lines("i=x\n", MAX_OTHER_LINES + 1), false);
    check(format!("v=0\ns={}\n", "x".repeat(9000)), false);
    check(format!("v=0\n{}", "\n".repeat(MAX_BODY_BYTES)), false);
}

#[test]
fn nothing_set_by_hand_can_start_a_line_of_its_own() {
    let mut session = sdp("v=0\nm=audio 9 RTP/AVP 0\n");
    session.name = "x\r\na=evil".to_owned();
    session.media[0].attributes.push("msid", "x\r\nm=video 1 RTP/AVP 0");
    let text = session.to_string();
    assert!(text.contains("s=xa=evil\r\n") && text.contains("a=msid:xm=video 1 RTP/AVP 0\r\n"));
    assert_eq!(Session::parse(text.as_bytes()).unwrap().media.len(), 1);
}

/// Lines close enough to SDP to get deep into the reader.
fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]=[ -~]{0,30}",
        "a=(rtpmap|fmtp|ssrc|crypto|candidate|group|mid|extmap|rtcp|rtcp-fb|setup):[ -~]{0,40}",
        "m=(audio|video) [0-9]{1,5} (RTP/AVP|UDP/TLS/RTP/SAVPF)( [0-9]{1,3}){0,5}",
        "c=IN IP4 [0-9.]{0,15}",
        "\\PC{0,20}",
    ]
}

proptest! {
    #[test]
    fn printing_and_reading_again_changes_nothing(lines in prop::collection::vec(line(), 0..40)) {
        fuzz_session(lines.join("\n").as_bytes());
        fuzz_fragment(lines.join("\r\n").as_bytes());
    }

    #[test]
    fn bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        fuzz_session(&bytes);
        fuzz_fragment(&bytes);
        fuzz_negotiation(&bytes);
    }

    /// Real descriptions with lines dropped, doubled and swapped, one after the other.
    #[test]
    fn broken_descriptions_never_lead_to_a_broken_plan(
        picks in prop::collection::vec((any::<prop::sample::Index>(), any::<u64>()), 1..6),
    ) {
        let fixtures = fixtures();
        let mut bodies = Vec::new();
        for (pick, seed) in picks {
            let (_, body) = pick.get(&fixtures);
            let text = String::from_utf8(body.clone()).unwrap();
            let mut lines: Vec<&str> = text.lines().collect();
            let mut seed = seed;
            for _ in 0..seed % 6 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let place = usize::try_from(seed >> 33).unwrap() % lines.len();
                match seed % 3 {
                    0 => { lines.remove(place); }
                    1 => lines.insert(place, lines[place]),
                    _ => lines.swap(0, place),
                }
            }
            bodies.push(lines.join("\n"));
        }
        fuzz_negotiation(bodies.join("\0").as_bytes());
    }
}

/// RFC 8866 separates by the space of ASCII: another kind of blank is part of a word, at the end of
/// a line as within it. Found by fuzzing.
#[test]
fn a_blank_that_is_no_ascii_is_part_of_its_word_wherever_it_stands() {
    for line in ["c=IN IP6 host\u{a0}/127", "c=IN IP4 host\u{2003} more", "s=call\u{a0}"] {
        let text = format!("v=0\r\no=- 0 0 IN IP4 192.0.2.1\r\n{line}\r\nt=0 0\r\n");
        let session = Session::parse(text.as_bytes()).expect("a description");
        let again = Session::parse(session.to_string().as_bytes());
        assert_eq!(again, Ok(session), "{line:?}");
    }
}
