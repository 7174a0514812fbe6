//! The torture messages of RFC 4475 and RFC 5118 by the names the RFCs give them, each with the
//! treatment it gets here. Where an RFC leaves a choice, the test's comment says which was taken.

use bytes::Bytes;

use crate::{Carrier, Essentials, Limits, Message, Request, Response};

mod invalid;
mod ipv6;
mod meaning;
mod valid;

/// The text with CRLF line ends.
fn wire(text: &str) -> Bytes {
    Bytes::from(text.replace('\n', "\r\n"))
}

fn parse(bytes: &Bytes) -> Result<Message, crate::ParseError> {
    let message = Message::parse(bytes, Carrier::Datagram, &Limits::DEFAULT)?;
    if let Message::Request(request) = &message {
        Essentials::read(request)?;
    }
    Ok(message)
}

/// A request that must be taken, and that survives printing.
fn request(bytes: &Bytes) -> (Request, Essentials) {
    let message = parse(bytes).unwrap_or_else(|error| panic!("{error}"));
    let again = parse(&message.to_bytes()).unwrap_or_else(|error| panic!("printed: {error}"));
    let Message::Request(request) = message else { panic!("a response") };
    let Message::Request(again) = again else { panic!("printed as a response") };
    assert_eq!((&request.method, &request.uri), (&again.method, &again.uri));
    assert_eq!(request.body, again.body);
    let essentials = Essentials::read(&request).unwrap_or_else(|error| panic!("{error}"));
    (request, essentials)
}

fn response(bytes: &Bytes) -> Response {
    match parse(bytes) {
        Ok(Message::Response(response)) => response,
        other => panic!("{other:?}"),
    }
}

/// A request that must be answered with this status; the text of the answer.
fn refused(text: &str, status: u16) -> String {
    let error = parse(&wire(text)).err().unwrap_or_else(|| panic!("taken: {text}"));
    assert_eq!(error.fault.status().code(), status, "{error}");
    let response = error.response().unwrap_or_else(|| panic!("cannot be answered: {error}"));
    String::from_utf8_lossy(&response.to_bytes()).into_owned()
}

/// A message that must be dropped.
fn dropped(text: &str) {
    match parse(&wire(text)) {
        Err(error) => assert!(error.response().is_none(), "{error}"),
        Ok(Message::Response(response)) => {
            assert!(Essentials::read_response(&response).is_err(), "taken: {text}");
        }
        Ok(Message::Request(_)) => panic!("taken: {text}"),
    }
}
