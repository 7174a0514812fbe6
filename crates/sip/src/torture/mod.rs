//! The torture messages of RFC 4475 and RFC 5118 by the names the RFCs give them, each with the
//! treatment it gets here. Where an RFC leaves a choice, the test's comment says which was taken.
//!
//! `testdata/rfc4475` holds the 49 messages of RFC 4475 byte for byte. What the whole exchange
//! says to each is told by the story `every_torture_message_gets_what_rfc_4475_says` of `sim`.

use bytes::Bytes;

use crate::{Carrier, Essentials, Limits, Message, Request, Response};

mod invalid;
mod ipv6;
mod meaning;
mod valid;

/// A message of RFC 4475 by its name.
macro_rules! rfc4475 {
    ($name:literal) => {
        bytes::Bytes::from_static(include_bytes!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/testdata/rfc4475/",
            $name,
            ".dat"
        )))
    };
}
use rfc4475;

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
fn refused(bytes: &Bytes, status: u16) -> String {
    let error = parse(bytes).err().unwrap_or_else(|| panic!("taken: {bytes:?}"));
    assert_eq!(error.fault.status().code(), status, "{error}");
    let response = error.response().unwrap_or_else(|| panic!("cannot be answered: {error}"));
    String::from_utf8_lossy(&response.to_bytes()).into_owned()
}

/// A message that must be dropped.
fn dropped(bytes: &Bytes) {
    match parse(bytes) {
        Err(error) => assert!(error.response().is_none(), "{error}"),
        Ok(Message::Response(response)) => {
            assert!(Essentials::read_response(&response).is_err(), "taken: {bytes:?}");
        }
        Ok(Message::Request(_)) => panic!("taken: {bytes:?}"),
    }
}
