//! Requests and responses as values: building, answering, printing. Strict out: names in full,
//! one blank after the colon, Content-Length always written and always right.

use bytes::Bytes;

use crate::headers::{Headers, To, TypedHeader};
use crate::method::Method;
use crate::name::{HeaderName, Name};
use crate::status::Status;
use crate::text::Text;
use crate::uri::Uri;

/// A SIP message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// A request.
    Request(Request),
    /// A response.
    Response(Response),
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// What is asked.
    pub method: Method,
    /// Of whom.
    pub uri: Uri,
    /// Header lines in order.
    pub headers: Headers,
    /// The body, perhaps empty.
    pub body: Bytes,
}

/// A response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The outcome.
    pub status: Status,
    /// The reason phrase as it came; may be empty or hold any UTF-8.
    pub reason: Text,
    /// Header lines in order.
    pub headers: Headers,
    /// The body, perhaps empty.
    pub body: Bytes,
}

impl Message {
    /// The header lines.
    #[must_use]
    pub fn headers(&self) -> &Headers {
        match self {
            Self::Request(request) => &request.headers,
            Self::Response(response) => &response.headers,
        }
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        match self {
            Self::Request(request) => &request.body,
            Self::Response(response) => &response.body,
        }
    }

    /// The message as sent on the wire.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        match self {
            Self::Request(request) => request.to_bytes(),
            Self::Response(response) => response.to_bytes(),
        }
    }
}

impl From<Request> for Message {
    fn from(request: Request) -> Self {
        Self::Request(request)
    }
}

impl From<Response> for Message {
    fn from(response: Response) -> Self {
        Self::Response(response)
    }
}

impl Request {
    /// A request without headers and body.
    #[must_use]
    pub fn new(method: Method, uri: Uri) -> Self {
        Self { method, uri, headers: Headers::new(), body: Bytes::new() }
    }

    /// With a header line added.
    #[must_use]
    pub fn with(mut self, name: impl Into<HeaderName>, value: impl Into<Text>) -> Self {
        self.headers.push(name, value);
        self
    }

    /// With a typed header added.
    #[must_use]
    pub fn with_typed<T: TypedHeader>(mut self, header: &T) -> Self {
        self.headers.add(header);
        self
    }

    /// With a body and its Content-Type.
    #[must_use]
    pub fn with_body(mut self, content_type: &str, body: impl Into<Bytes>) -> Self {
        self.headers.set(Name::ContentType, content_type);
        self.body = body.into();
        self
    }

    /// The request as sent on the wire.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        let mut out = Vec::with_capacity(600 + self.body.len());
        out.extend_from_slice(self.method.as_bytes());
        out.push(b' ');
        self.uri.write(&mut out);
        out.extend_from_slice(b" SIP/2.0\r\n");
        finish(out, &self.headers, &self.body)
    }
}

impl Response {
    /// A response to a request, with what RFC 3261 §8.2.6 says it must share with it: Via, From,
    /// To, Call-ID, CSeq; Timestamp for 100; Record-Route for the answers that make a dialog.
    #[must_use]
    pub fn to(request: &Request, status: Status) -> Self {
        let mut headers = Headers::with_capacity(12);
        for line in &request.headers {
            let HeaderName::Known(name) = line.name else {
                continue;
            };
            let copied = match name {
                Name::Via | Name::From | Name::To | Name::CallId | Name::CSeq => true,
                Name::Timestamp => status == Status::TRYING,
                Name::RecordRoute => {
                    (status.code() > 100 && status.code() < 300)
                        && matches!(
                            request.method,
                            Method::Invite | Method::Subscribe | Method::Refer | Method::Notify
                        )
                }
                _ => false,
            };
            if copied {
                headers.push_parsed(line.name.clone(), line.value.clone());
            }
        }
        let reason = Text::from_static(status.reason());
        Self { status, reason, headers, body: Bytes::new() }
    }

    /// With another reason phrase. Line ends in it become spaces.
    #[must_use]
    pub fn with_reason(mut self, reason: impl Into<Text>) -> Self {
        self.reason = crate::headers::one_line(reason.into());
        self
    }

    /// With a header line added.
    #[must_use]
    pub fn with(mut self, name: impl Into<HeaderName>, value: impl Into<Text>) -> Self {
        self.headers.push(name, value);
        self
    }

    /// With a typed header added.
    #[must_use]
    pub fn with_typed<T: TypedHeader>(mut self, header: &T) -> Self {
        self.headers.add(header);
        self
    }

    /// With a tag in To, unless there is one already or the status is 100.
    #[must_use]
    pub fn with_to_tag(mut self, tag: &str) -> Self {
        if self.status == Status::TRYING {
            return self;
        }
        let tagged = matches!(self.headers.typed::<To>(), Ok(Some(to)) if to.tag().is_some());
        if let Some(to) = self.headers.value(Name::To).filter(|_| !tagged) {
            // Appended to the bytes, so that a To that could not be read is answered as it came.
            let mut value = to.as_bytes().to_vec();
            value.extend_from_slice(b";tag=");
            value.extend_from_slice(tag.as_bytes());
            self.headers.replace_first(Name::To, value);
        }
        self
    }

    /// With a body and its Content-Type.
    #[must_use]
    pub fn with_body(mut self, content_type: &str, body: impl Into<Bytes>) -> Self {
        self.headers.set(Name::ContentType, content_type);
        self.body = body.into();
        self
    }

    /// The response as sent on the wire.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        let mut out = Vec::with_capacity(600 + self.body.len());
        out.extend_from_slice(format!("SIP/2.0 {} ", self.status.code()).as_bytes());
        out.extend_from_slice(self.reason.as_bytes());
        out.extend_from_slice(b"\r\n");
        finish(out, &self.headers, &self.body)
    }
}

fn finish(mut out: Vec<u8>, headers: &Headers, body: &Bytes) -> Bytes {
    headers.write(&mut out);
    out.extend_from_slice(b"Content-Length: ");
    out.extend_from_slice(body.len().to_string().as_bytes());
    out.extend_from_slice(b"\r\n\r\n");
    out.extend_from_slice(body);
    Bytes::from(out)
}
