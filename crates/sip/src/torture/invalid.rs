//! RFC 4475 §3.1.2: messages that are wrong.

use super::{dropped, refused, request, rfc4475, wire};
use crate::headers::{Contact, Date, Expires, MaxForwards, TypedHeader as _};
use crate::{Carrier, Limits, Message, Text};

#[test]
fn section_3_1_2_1_badinv01_extraneous_separators() {
    let answer = refused(&rfc4475!("badinv01"), 400);
    assert!(answer.contains("\r\nVia: SIP/2.0/UDP 192.0.2.15;;,;,,\r\n"), "{answer}");
    let contact = Contact::parse(&Text::from("\"Joe\" <sip:joe@example.org>;;;;"));
    assert!(contact.is_err());
}

#[test]
fn section_3_1_2_2_clerr_content_length_larger_than_the_message() {
    refused(&rfc4475!("clerr"), 400);
}

#[test]
fn section_3_1_2_3_ncl_negative_content_length() {
    refused(&rfc4475!("ncl"), 400);
}

#[test]
fn section_3_1_2_4_scalar02_request_scalars_too_large() {
    let answer = refused(&rfc4475!("scalar02"), 400);
    assert!(answer.starts_with("SIP/2.0 400 CSeq: "), "{answer}");
    // Seconds beyond 32 bits count as the largest number, as the RFC allows.
    let message = Message::parse(&rfc4475!("scalar02"), Carrier::Datagram, &Limits::DEFAULT);
    let message = message.unwrap();
    assert_eq!(message.headers().typed::<Expires>().unwrap(), Some(Expires(u32::MAX)));
    let contact = message.headers().typed::<Contact>().unwrap().unwrap();
    assert_eq!(contact.expires(), Some(u32::MAX));
    assert!(message.headers().typed::<MaxForwards>().is_err(), "300 is above 255");
}

#[test]
fn section_3_1_2_5_scalarlg_response_scalars_too_large() {
    dropped(&rfc4475!("scalarlg"));
}

#[test]
fn section_3_1_2_6_quotbal_an_open_quote_in_a_display_name() {
    let answer = refused(&rfc4475!("quotbal"), 400);
    assert!(answer.contains("To: \"Mr. J. User <sip:j.user@example.com>\r\n"));
    assert!(answer.starts_with("SIP/2.0 400 To: "), "{answer}");
}

#[test]
fn section_3_1_2_7_ltgtruri_brackets_around_the_request_uri() {
    refused(&rfc4475!("ltgtruri"), 400);
}

#[test]
fn section_3_1_2_8_lwsruri_a_blank_in_the_request_uri() {
    refused(&rfc4475!("lwsruri"), 400);
}

#[test]
fn section_3_1_2_9_lwsstart_several_blanks_in_the_request_line() {
    // Tolerated: the meaning is beyond doubt.
    let (request, _) = request(&rfc4475!("lwsstart"));
    assert_eq!(request.uri.to_string(), "sip:user@example.com");
}

#[test]
fn section_3_1_2_10_trws_blanks_after_the_request_line() {
    // Tolerated likewise.
    let (request, _) = request(&rfc4475!("trws"));
    assert_eq!(request.uri.to_string(), "sip:remote-target@example.com");
}

#[test]
fn section_3_1_2_11_escruri_headers_in_the_request_uri() {
    refused(&rfc4475!("escruri"), 400);
}

#[test]
fn section_3_1_2_12_baddate_a_date_in_another_zone() {
    // Nobody needs the Date: only whoever reads it is told.
    assert!(request(&rfc4475!("baddate")).0.headers.typed::<Date>().is_err());
}

#[test]
fn section_3_1_2_13_regbadct_a_contact_with_headers_and_no_brackets() {
    // The registrar refuses it.
    assert!(request(&rfc4475!("regbadct")).0.headers.typed::<Contact>().is_err());
}

#[test]
fn section_3_1_2_14_badaspec_blanks_inside_the_brackets() {
    // Tolerated: blanks at the ends mean nothing else.
    let (_, essentials) = request(&rfc4475!("badaspec"));
    assert_eq!(essentials.to.uri.to_string(), "sip:t.watson@example.org");
}

#[test]
fn section_3_1_2_15_baddn_no_tokens_in_the_display_name() {
    // Tolerated, and quoted when printed.
    let (_, essentials) = request(&rfc4475!("baddn"));
    assert_eq!(essentials.from.display_name().unwrap(), "Bell, Alexander");
    assert_eq!(*essentials.from.display.as_ref().unwrap(), "\"Bell, Alexander\"");
}

#[test]
fn section_3_1_2_16_badvers_an_unknown_version() {
    let answer = refused(&rfc4475!("badvers"), 505);
    assert!(answer.contains("Via: SIP/7.0/UDP c.example.com"), "{answer}");
}

#[test]
fn section_3_1_2_17_mismatch01_two_methods() {
    refused(&rfc4475!("mismatch01"), 400);
}

#[test]
fn section_3_1_2_18_mismatch02_an_unknown_and_another_method() {
    refused(&rfc4475!("mismatch02"), 400);
}

#[test]
fn section_3_1_2_19_bigcode_a_status_code_too_large() {
    dropped(&rfc4475!("bigcode"));
}

#[test]
fn an_ack_is_never_answered_however_wrong() {
    dropped(&wire(
        "ACK sip:user@example.com SIP/7.0\n\
         To: sip:j.user@example.com\n\
         From: <sip:caller@example.net>;tag=13429\n\
         Call-ID: torture.0ha0isndaksdj\n\
         CSeq: 8 ACK\n\
         Via: SIP/2.0/UDP 192.0.2.15;branch=z9hG4bKkdjuw\n\
         l: 0\n\n",
    ));
}
