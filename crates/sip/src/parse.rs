//! From bytes to a message: the start line and the header lines are split, nothing else is read.
//! Second step of the walk, after framing. Tolerant of what real phones and RFC 4475 §3.1.1 do;
//! what cannot be understood is refused with the response it deserves.

use std::fmt;

use bytes::Bytes;

use crate::framing;
use crate::headers::{HeaderError, Headers, one_line};
use crate::lex;
use crate::limits::Limits;
use crate::message::{Message, Request, Response};
use crate::method::Method;
use crate::name::{HeaderName, Name};
use crate::status::Status;
use crate::text::Text;
use crate::uri::Uri;

/// What carried the message; decides what a missing Content-Length means (RFC 3261 §18.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// UDP or WebSocket: the body goes on to the end.
    Datagram,
    /// TCP or TLS, framed by [`framing::next`]: no Content-Length means no body.
    Stream,
}

/// What is wrong with a message. The peer's fault in every case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The Content-Length is unusable or larger than what came.
    ContentLength,
    /// CSeq names another method than the start line.
    CSeqMismatch,
    /// A header needed here is malformed.
    Header(HeaderError),
    /// One header value exceeds its limit.
    HeaderTooLong,
    /// The message or its head exceeds its limit.
    MessageTooLarge,
    /// A header every message needs is missing.
    Missing(Name),
    /// Neither a request nor a response.
    NotSip(&'static str),
    /// A header that may stand once stands twice.
    Repeated(Name),
    /// More header lines than the limit.
    TooManyHeaders,
    /// More Via values than the limit.
    TooManyVias,
    /// The request URI is malformed.
    Uri(&'static str),
    /// The request URI exceeds its limit.
    UriTooLong,
    /// A version other than SIP/2.0.
    Version,
}

impl Fault {
    /// The status a request with this fault is answered with.
    #[must_use]
    pub fn status(self) -> Status {
        let code = match self {
            Self::ContentLength
            | Self::CSeqMismatch
            | Self::Header(_)
            | Self::HeaderTooLong
            | Self::Missing(_)
            | Self::NotSip(_)
            | Self::Repeated(_)
            | Self::TooManyHeaders
            | Self::TooManyVias
            | Self::Uri(_) => 400,
            Self::MessageTooLarge => 513,
            Self::UriTooLong => 414,
            Self::Version => 505,
        };
        Status::new(code).unwrap_or(Status::BAD_REQUEST)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ContentLength => f.write_str("Content-Length does not fit the body"),
            Self::CSeqMismatch => f.write_str("CSeq names another method than the start line"),
            Self::Header(error) => write!(f, "{error}"),
            Self::HeaderTooLong => f.write_str("A header is too long"),
            Self::MessageTooLarge => f.write_str("Message Too Large"),
            Self::Missing(name) => write!(f, "{name} is missing"),
            Self::NotSip(problem) => f.write_str(problem),
            Self::Repeated(name) => write!(f, "{name} stands more than once"),
            Self::TooManyHeaders => f.write_str("Too many headers"),
            Self::TooManyVias => f.write_str("Too many Via values"),
            Self::Uri(problem) => write!(f, "Request-URI: {problem}"),
            Self::UriTooLong => f.write_str("Request-URI Too Long"),
            Self::Version => f.write_str("Version Not Supported"),
        }
    }
}

/// A message that cannot be used.
#[derive(Clone, Debug)]
pub struct ParseError {
    /// What is wrong.
    pub fault: Fault,
    /// The request with what could be read, when it may be answered: it is not an ACK and has a
    /// Via to copy. Boxed: it is rare.
    pub respondable: Option<Box<Request>>,
}

impl ParseError {
    /// The error of a request, respondable if it can be. The answer goes back where the request
    /// came from, so that a Via nobody can read is no hindrance (RFC 4475 §3.1.2.1, §3.3.1).
    #[must_use]
    pub fn of(fault: Fault, request: &Request) -> Self {
        let can = request.method != Method::Ack && request.headers.has(Name::Via);
        Self { fault, respondable: can.then(|| Box::new(request.clone())) }
    }

    fn mute(fault: Fault) -> Self {
        Self { fault, respondable: None }
    }

    /// The response to send, if one can be: the status of the fault with its text as reason.
    #[must_use]
    pub fn response(&self) -> Option<Response> {
        let request = self.respondable.as_ref()?;
        let response = Response::to(request, self.fault.status());
        Some(response.with_reason(self.fault.to_string()))
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "peer sent an unusable message: {}", self.fault)
    }
}

impl std::error::Error for ParseError {}

impl Message {
    /// Splits a message into start line, header lines and body. Header values share `bytes`.
    ///
    /// # Errors
    /// [`Fault::NotSip`], [`Fault::Version`], [`Fault::Uri`], [`Fault::ContentLength`] and the
    /// limits. Missing and malformed headers are found by [`crate::Essentials::read`].
    pub fn parse(bytes: &Bytes, carrier: Carrier, limits: &Limits) -> Result<Self, ParseError> {
        // Blank lines before the start line are ignored (RFC 3261 §7.5).
        let blank = bytes.iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
        let bytes = bytes.slice(blank..);
        let head = framing::head_length(&bytes);
        let head = head.ok_or(ParseError::mute(Fault::NotSip("no end of headers")))?;
        let body = bytes.slice(head..);
        let whole = Text::from(bytes.slice(..head));
        let (line, lines) = first_line(whole.as_bytes());
        let start = StartLine::read(&whole, line);
        let (headers, problem) = read_headers(&whole, lines, limits);
        let problem = problem.or((head > limits.head_bytes).then_some(Fault::MessageTooLarge));
        let (body, problem) = match read_body(body, &headers, carrier, limits) {
            Ok(body) => (body, problem),
            Err(fault) => (Bytes::new(), problem.or(Some(fault))),
        };
        match start {
            StartLine::Nothing(problem) => Err(ParseError::mute(Fault::NotSip(problem))),
            StartLine::Status { status, reason } => match problem {
                Some(fault) => Err(ParseError::mute(fault)),
                None => Ok(Self::Response(Response { status, reason, headers, body })),
            },
            StartLine::Request { method, uri, fault } => {
                let problem = fault.or(problem);
                let too_long = (uri.len() > limits.uri_bytes).then_some(Fault::UriTooLong);
                let (uri, problem) = match Uri::parse(&uri) {
                    Ok(uri) => match uri.as_sip().is_some_and(|uri| uri.headers.is_some()) {
                        // RFC 3261 §19.1.1: headers have no place in a Request-URI.
                        true => (uri, problem.or(Some(Fault::Uri("headers after ?")))),
                        false => (uri, problem),
                    },
                    Err(error) => (Uri::Other(uri), problem.or(Some(Fault::Uri(error.0)))),
                };
                let request = Request { method, uri, headers, body };
                match too_long.or(problem) {
                    Some(fault) => Err(ParseError::of(fault, &request)),
                    None => Ok(Self::Request(request)),
                }
            }
        }
    }
}

enum StartLine {
    Nothing(&'static str),
    Request { method: Method, uri: Text, fault: Option<Fault> },
    Status { status: Status, reason: Text },
}

impl StartLine {
    fn read(whole: &Text, line: &[u8]) -> Self {
        if let Some(rest) = line.get(..8).filter(|p| p.eq_ignore_ascii_case(b"SIP/2.0 ")) {
            return Self::status(whole, line.get(rest.len()..).unwrap_or_default());
        }
        // Several blanks between the words and blanks at the end are tolerated
        // (RFC 4475 §3.1.2.9, §3.1.2.10); blanks inside the URI are not (§3.1.2.8).
        let line = line.trim_ascii_end();
        let words = memchr::memchr(b' ', line).zip(memchr::memrchr(b' ', line));
        let Some((first, last)) = words.filter(|(first, last)| first < last) else {
            return Self::Nothing("neither a request line nor a status line");
        };
        let (method, version) = (&line[..first], &line[last + 1..]);
        let uri = whole.share(line[first..last].trim_ascii());
        let Some(method) = Method::parse(&whole.share(method)) else {
            return Self::Nothing("the method is not a token");
        };
        if version.eq_ignore_ascii_case(b"SIP/2.0") {
            return Self::Request { method, uri, fault: None };
        }
        match version.get(..4) {
            Some(sip) if sip.eq_ignore_ascii_case(b"SIP/") => {
                Self::Request { method, uri, fault: Some(Fault::Version) }
            }
            _ => Self::Nothing("no SIP version at the end of the request line"),
        }
    }

    fn status(whole: &Text, rest: &[u8]) -> Self {
        let rest = rest.trim_ascii_start();
        let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
        let (code, reason) = rest.split_at(digits);
        let code = lex::decimal(code).and_then(|code| u16::try_from(code).ok());
        let Some(status) = code.and_then(Status::new).filter(|_| digits == 3) else {
            return Self::Nothing("the status code is not between 100 and 699");
        };
        Self::Status { status, reason: whole.share(reason.trim_ascii()) }
    }
}

/// The first line without its end, and everything after it.
fn first_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = memchr::memchr(b'\n', bytes).unwrap_or(bytes.len());
    let (line, rest) = bytes.split_at(end);
    (line.strip_suffix(b"\r").unwrap_or(line), rest.get(1..).unwrap_or_default())
}

/// All header lines, and the first limit that was exceeded. Lines that are no headers (no colon,
/// a name that is no token) are left out: one broken line does not make a call impossible.
fn read_headers(whole: &Text, mut rest: &[u8], limits: &Limits) -> (Headers, Option<Fault>) {
    let mut headers = Headers::with_capacity(24);
    let mut fault = None;
    while !rest.is_empty() {
        let (line, after) = header_line(rest);
        rest = after;
        let Some(colon) = memchr::memchr(b':', line) else {
            continue;
        };
        let (name, value) = line.split_at(colon);
        let name = name.trim_ascii_end();
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        if !lex::all_token(name) {
            continue;
        }
        if value.len() > limits.header_bytes {
            fault = fault.or(Some(Fault::HeaderTooLong));
            continue;
        }
        if headers.len() >= limits.header_lines {
            return (headers, fault.or(Some(Fault::TooManyHeaders)));
        }
        let name = match Name::lookup(name) {
            Some(name) => HeaderName::Known(name),
            None => HeaderName::Other(whole.share(name)),
        };
        let value = if value.is_empty() { Text::EMPTY } else { whole.share(value) };
        headers.push_parsed(name, unfolded(value));
    }
    (headers, fault)
}

fn unfolded(value: Text) -> Text {
    if memchr::memchr2(b'\r', b'\n', value.as_bytes()).is_some() { one_line(value) } else { value }
}

/// One logical line with its continuations, and what follows it.
fn header_line(rest: &[u8]) -> (&[u8], &[u8]) {
    for end in memchr::memchr_iter(b'\n', rest) {
        // An empty line ends the head and is never continued.
        let empty = matches!(rest.get(..end), Some(b"" | b"\r"));
        if empty || !matches!(rest.get(end + 1), Some(b' ' | b'\t')) {
            let (line, after) = rest.split_at(end);
            return (line, after.get(1..).unwrap_or_default());
        }
    }
    (rest, &[])
}

fn read_body(
    rest: Bytes,
    headers: &Headers,
    carrier: Carrier,
    limits: &Limits,
) -> Result<Bytes, Fault> {
    if rest.len() > limits.message_bytes {
        return Err(Fault::MessageTooLarge);
    }
    let mut length = None;
    for value in headers.lines(Name::ContentLength) {
        let this: usize = value.trimmed().decimal().ok_or(Fault::ContentLength)?;
        if length.is_some_and(|other| other != this) {
            return Err(Fault::Repeated(Name::ContentLength));
        }
        length = Some(this);
    }
    match (length, carrier) {
        // What follows the announced body is no part of the message (RFC 4475 §3.1.1.8).
        (Some(length), _) if length <= rest.len() => Ok(rest.slice(..length)),
        (Some(_), _) => Err(Fault::ContentLength),
        (None, Carrier::Datagram) => Ok(rest),
        (None, Carrier::Stream) => Ok(Bytes::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::headers::Via;
    use crate::limits;

    const HEAD: &str = "Via: SIP/2.0/UDP a;branch=z9hG4bK1\r\nFrom: <sip:a@a>;tag=1\r\n\
        To: <sip:b@b>\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\n";

    fn parse(uri: &str, more: &str, body: &str) -> Result<Message, ParseError> {
        let text = format!("OPTIONS {uri} SIP/2.0\r\n{HEAD}{more}\r\n{body}");
        Message::parse(&Bytes::from(text), Carrier::Datagram, &Limits::DEFAULT)
    }

    /// What is answered; 0 when nothing is wrong.
    fn status(outcome: &Result<Message, ParseError>) -> u16 {
        let Err(error) = outcome else { return 0 };
        error.response().map_or(1, |response| response.status.code())
    }

    #[test]
    fn each_limit_holds_and_the_answer_fits_it() {
        let uri = |bytes: usize| format!("sip:{}@b", "u".repeat(bytes - 6));
        let header = |bytes: usize| format!("Subject: {}\r\n", "s".repeat(bytes));
        let lines = |count: usize| "X-A: b\r\n".repeat(count);
        let head = |bytes: usize| {
            let line = format!("X-A: {}\r\n", "s".repeat(1_000));
            line.repeat(bytes / line.len())
        };
        let given = HEAD.lines().count();
        let plain = "sip:b@b";
        for (what, good, bad, due) in [
            (
                "request URI",
                parse(&uri(limits::URI_BYTES), "", ""),
                parse(&uri(limits::URI_BYTES + 1), "", ""),
                414,
            ),
            (
                "header",
                parse(plain, &header(limits::HEADER_BYTES), ""),
                parse(plain, &header(limits::HEADER_BYTES + 1), ""),
                400,
            ),
            (
                "header lines",
                parse(plain, &lines(limits::HEADER_LINES - given), ""),
                parse(plain, &lines(limits::HEADER_LINES - given + 1), ""),
                400,
            ),
            (
                "head",
                parse(plain, &head(limits::HEAD_BYTES - 1_000), ""),
                parse(plain, &head(limits::HEAD_BYTES + 2_000), ""),
                513,
            ),
            (
                "body",
                parse(plain, "", &"b".repeat(limits::MESSAGE_BYTES)),
                parse(plain, "", &"b".repeat(limits::MESSAGE_BYTES + 1)),
                513,
            ),
        ] {
            assert_eq!(status(&good), 0, "{what} at its limit: {:?}", good.err());
            assert_eq!(status(&bad), due, "{what} above its limit");
        }
    }

    #[test]
    fn lists_and_parameters_have_ends() {
        let via = |count: usize| "Via: SIP/2.0/UDP a;branch=z9hG4bK2\r\n".repeat(count - 1);
        let vias = |count: usize| {
            let Ok(Message::Request(request)) = parse("sip:b@b", &via(count), "") else {
                panic!("a request");
            };
            crate::Essentials::read(&request).map(drop)
        };
        assert!(vias(limits::VIAS).is_ok());
        let refused = vias(limits::VIAS + 1).map_err(|error| error.fault);
        assert_eq!(refused, Err(Fault::TooManyVias));

        let route = |count: usize| format!("Route: {}\r\n", vec!["<sip:p;lr>"; count].join(","));
        let read = |count: usize| {
            let message = parse("sip:b@b", &route(count), "").expect("a message");
            message.headers().items(Name::Route).count()
        };
        assert_eq!(read(limits::LIST_VALUES), limits::LIST_VALUES);
        assert_eq!(read(limits::LIST_VALUES + 1), limits::LIST_VALUES, "the rest is not read");

        let params = |count: usize| {
            let text = format!("SIP/2.0/UDP a{}", ";p=1".repeat(count));
            <Via as crate::headers::TypedHeader>::parse(&Text::from(text.as_str())).is_ok()
        };
        assert!(params(limits::PARAMS) && !params(limits::PARAMS + 1));
    }
}
