//! RFC 4475 §3.1.2: messages that are wrong.

use super::{dropped, refused, request, wire};
use crate::headers::{Contact, Date, Expires};

/// The lines most of the RFC's messages share.
fn message(start: &str, replaced: &[(&str, &str)], extra: &str) -> String {
    let method = start.split(' ').next().unwrap();
    let mut text = format!(
        "{start}\n\
         To: sip:j.user@example.com\n\
         From: <sip:caller@example.net>;tag=13429\n\
         Max-Forwards: 70\n\
         Call-ID: torture.0ha0isndaksdj\n\
         CSeq: 8 {method}\n\
         Via: SIP/2.0/UDP 192.0.2.15;branch=z9hG4bKkdjuw\n"
    );
    for (name, line) in replaced {
        let old = text.lines().find(|old| old.starts_with(name)).unwrap().to_owned();
        text = text.replace(&old, line);
    }
    format!("{text}{extra}l: 0\n\n")
}

const INVITE: &str = "INVITE sip:user@example.com SIP/2.0";
const OPTIONS: &str = "OPTIONS sip:user@example.com SIP/2.0";

#[test]
fn section_3_1_2_1_badinv01_extraneous_separators() {
    // The Via itself cannot be read, so nobody can be answered.
    dropped(&message(
        INVITE,
        &[("Via", "Via: SIP/2.0/UDP 192.0.2.15;;,;,,")],
        "Contact: \"Joe\" <sip:joe@example.org>;;;;\n",
    ));
    let text = message(INVITE, &[], "Contact: \"Joe\" <sip:joe@example.org>;;;;\n");
    let (request, _) = request(&wire(&text));
    assert!(request.headers.typed::<Contact>().is_err());
}

#[test]
fn section_3_1_2_2_clerr_content_length_larger_than_the_message() {
    let text = message(INVITE, &[], "Content-Type: application/sdp\n");
    refused(&text.replace("l: 0\n\n", "Content-Length: 9999\n\nv=0\n"), 400);
}

#[test]
fn section_3_1_2_3_ncl_negative_content_length() {
    let text = message(INVITE, &[], "");
    refused(&text.replace("l: 0\n\n", "Content-Length: -999\n\nv=0\n"), 400);
}

#[test]
fn section_3_1_2_4_scalar02_request_scalars_too_large() {
    let text = message(
        "REGISTER sip:example.com SIP/2.0",
        &[("CSeq", "CSeq: 36893488147419103232 REGISTER"), ("Max-Forwards", "Max-Forwards: 300")],
        "Expires: 1000000000000000000000000000000000000000000000000\n",
    );
    refused(&text, 400);
    let text = message("REGISTER sip:example.com SIP/2.0", &[], "Expires: 99999999999999999999\n");
    let (request, _) = request(&wire(&text));
    assert_eq!(request.headers.typed::<Expires>().unwrap(), Some(Expires(u32::MAX)));
}

#[test]
fn section_3_1_2_5_scalarlg_response_scalars_too_large() {
    let text = message(OPTIONS, &[("CSeq", "CSeq: 9292394834772304023312 OPTIONS")], "");
    dropped(&text.replace(
        "OPTIONS sip:user@example.com SIP/2.0",
        "SIP/2.0 503 Service Unavailable\nRetry-After: 949302838503028349304023988\n\
         Warning: 1812 overture \"In Progress\"",
    ));
}

#[test]
fn section_3_1_2_6_quotbal_an_open_quote_in_a_display_name() {
    let answer =
        refused(&message(INVITE, &[("To", "To: \"Mr. J. User <sip:j.user@example.com>")], ""), 400);
    assert!(answer.contains("To: \"Mr. J. User <sip:j.user@example.com>\r\n"));
    assert!(answer.starts_with("SIP/2.0 400 To: "), "{answer}");
}

#[test]
fn section_3_1_2_7_ltgtruri_brackets_around_the_request_uri() {
    refused(&message("INVITE <sip:user@example.com> SIP/2.0", &[], ""), 400);
}

#[test]
fn section_3_1_2_8_lwsruri_a_blank_in_the_request_uri() {
    refused(&message("INVITE sip:user@example.com; lr SIP/2.0", &[], ""), 400);
}

#[test]
fn section_3_1_2_9_lwsstart_several_blanks_in_the_request_line() {
    // Tolerated: the meaning is beyond doubt.
    let text = message("INVITE  sip:user@example.com  SIP/2.0", &[], "");
    assert_eq!(request(&wire(&text)).0.uri.to_string(), "sip:user@example.com");
}

#[test]
fn section_3_1_2_10_trws_blanks_after_the_request_line() {
    // Tolerated likewise.
    let text = message("OPTIONS sip:remote-target@example.com SIP/2.0  ", &[], "");
    request(&wire(&text));
}

#[test]
fn section_3_1_2_11_escruri_headers_in_the_request_uri() {
    refused(
        &message("INVITE sip:user@example.com?Route=%3Csip:example.com%3E SIP/2.0", &[], ""),
        400,
    );
}

#[test]
fn section_3_1_2_12_baddate_a_date_in_another_zone() {
    // Nobody needs the Date: only whoever reads it is told.
    let text = message(INVITE, &[], "Date: Fri, 01 Jan 2010 16:00:00 EST\n");
    assert!(request(&wire(&text)).0.headers.typed::<Date>().is_err());
}

#[test]
fn section_3_1_2_13_regbadct_a_contact_with_headers_and_no_brackets() {
    let contact = "Contact: sip:user@example.com?Route=%3Csip:sip.example.com%3E\n";
    let text = message("REGISTER sip:example.com SIP/2.0", &[], contact);
    assert!(request(&wire(&text)).0.headers.typed::<Contact>().is_err());
}

#[test]
fn section_3_1_2_14_badaspec_blanks_inside_the_brackets() {
    // Tolerated: blanks at the ends mean nothing else.
    let to = "To: \"Watson, Thomas\" < sip:t.watson@example.org >";
    let (_, essentials) = request(&wire(&message(OPTIONS, &[("To", to)], "")));
    assert_eq!(essentials.to.uri.to_string(), "sip:t.watson@example.org");
}

#[test]
fn section_3_1_2_15_baddn_no_tokens_in_the_display_name() {
    // Tolerated, and quoted when printed.
    let from = "From: Bell, Alexander <sip:a.g.bell@example.com>;tag=43";
    let (_, essentials) = request(&wire(&message(OPTIONS, &[("From", from)], "")));
    assert_eq!(essentials.from.display_name().unwrap(), "Bell, Alexander");
    assert_eq!(*essentials.from.display.as_ref().unwrap(), "\"Bell, Alexander\"");
}

#[test]
fn section_3_1_2_16_badvers_an_unknown_version() {
    refused(&message("OPTIONS sip:t.watson@example.org SIP/7.0", &[], ""), 505);
}

#[test]
fn section_3_1_2_17_mismatch01_two_methods() {
    refused(&message(OPTIONS, &[("CSeq", "CSeq: 8 INVITE")], ""), 400);
}

#[test]
fn section_3_1_2_18_mismatch02_an_unknown_and_another_method() {
    let start = "NEWMETHOD sip:user@example.com SIP/2.0";
    refused(&message(start, &[("CSeq", "CSeq: 8 INVITE")], ""), 400);
}

#[test]
fn section_3_1_2_19_bigcode_a_status_code_too_large() {
    let text = message(OPTIONS, &[], "");
    dropped(&text.replace(OPTIONS, "SIP/2.0 4294967301 better not break the receiver"));
}

#[test]
fn an_ack_is_never_answered_however_wrong() {
    dropped(&message("ACK sip:user@example.com SIP/7.0", &[], ""));
}
