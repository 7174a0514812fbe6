//! Entry points for fuzzers: any bytes in, nothing but invariants out.

use bytes::Bytes;

use crate::headers::{
    Accept, Allow, Authorization, CSeq, CallId, Contact, ContentDisposition, ContentType, Date,
    Event, From, Headers, MaxForwards, MinSe, RAck, RSeq, Reason, RecordRoute, ReferTo, Replaces,
    RetryAfter, SessionExpires, SubscriptionState, To, TypedHeader, Via, Warning, WwwAuthenticate,
};
use crate::{
    Carrier, Essentials, Limits, Message, ParseError, Response, Status, Text, Uri, framing,
};

/// Parses as both carriers, reads every typed header, prints, and parses what was printed.
///
/// # Panics
/// When printing and parsing again changes a message.
pub fn fuzz_message(data: &[u8]) {
    let bytes = Bytes::copy_from_slice(data);
    for carrier in [Carrier::Datagram, Carrier::Stream] {
        match Message::parse(&bytes, carrier, &Limits::DEFAULT) {
            Ok(message) => check_message(&message),
            Err(error) => check_error(&error),
        }
    }
}

/// Looks for the end of a message; what is found lies within the data.
///
/// # Panics
/// When the frame is longer than the data.
pub fn fuzz_framing(data: &[u8]) {
    use framing::Framed;
    match framing::next(data, &Limits::DEFAULT) {
        Ok(Framed::Message { length } | Framed::Ping { length } | Framed::Crlf { length }) => {
            assert!(length > 0 && length <= data.len());
        }
        Ok(Framed::Incomplete) | Err(_) => {}
    }
}

/// Reads a status out of the body of a NOTIFY.
///
/// # Panics
/// When what is found does not read back.
pub fn fuzz_sipfrag(data: &[u8]) {
    if let Some(status) = crate::sipfrag::read(data) {
        assert_eq!(crate::sipfrag::read(crate::sipfrag::write(status).as_bytes()), Some(status));
    }
}

/// Parses a URI, prints it and parses it again.
///
/// # Panics
/// When printing and parsing again changes the URI, or it is not equivalent to itself.
pub fn fuzz_uri(data: &[u8]) {
    let Ok(uri) = Uri::parse(&Text::from(data)) else {
        return;
    };
    let again = Uri::parse(&uri.to_text()).ok();
    assert_eq!(again.as_ref(), Some(&uri));
    assert!(uri.equivalent(&uri));
}

fn check_message(message: &Message) {
    let printed = message.to_bytes();
    let again = Message::parse(&printed, Carrier::Stream, &Limits::DEFAULT);
    match again {
        Ok(again) => assert_eq!(again.to_bytes(), printed, "print and parse is stable"),
        // Names in full may exceed a limit that compact ones kept.
        Err(error) => assert!(printed.len() > 8_000, "{error}"),
    }
    check_headers(message.headers());
    if let Message::Request(request) = message {
        match Essentials::read(request) {
            Ok(_) => {
                let response = Response::to(request, Status::OK).with_to_tag("t");
                let parsed =
                    Message::parse(&response.to_bytes(), Carrier::Datagram, &Limits::DEFAULT);
                assert!(parsed.is_ok());
            }
            Err(error) => check_error(&error),
        }
    }
}

fn check_error(error: &ParseError) {
    if let Some(response) = error.response() {
        let text = response.to_bytes();
        assert!(text.starts_with(b"SIP/2.0 "));
    }
}

fn check_headers(headers: &Headers) {
    check::<Via>(headers);
    check::<From>(headers);
    check::<To>(headers);
    check::<CallId>(headers);
    check::<CSeq>(headers);
    check::<Contact>(headers);
    check::<RecordRoute>(headers);
    check::<MaxForwards>(headers);
    check::<ContentType>(headers);
    check::<ContentDisposition>(headers);
    check::<Accept>(headers);
    check::<Allow>(headers);
    check::<Authorization>(headers);
    check::<WwwAuthenticate>(headers);
    check::<Date>(headers);
    check::<Event>(headers);
    check::<MinSe>(headers);
    check::<RAck>(headers);
    check::<RSeq>(headers);
    check::<Reason>(headers);
    check::<ReferTo>(headers);
    check::<Replaces>(headers);
    check::<RetryAfter>(headers);
    check::<SessionExpires>(headers);
    check::<SubscriptionState>(headers);
    check::<Warning>(headers);
}

/// What was read prints as something that reads the same.
fn check<T: TypedHeader>(headers: &Headers) {
    for value in headers.typed_all::<T>().unwrap_or_default() {
        let printed = value.to_text();
        let again = T::parse(&printed).map(|again| again.to_text());
        assert_eq!(again.as_ref(), Ok(&printed), "{}", T::NAME);
    }
}
