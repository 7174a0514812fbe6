//! The headers without which no message can be matched or answered, read once and checked
//! (RFC 3261 §8.1.1). `ua` calls this first for each message.

use crate::headers::{CSeq, CallId, From, Headers, MaxForwards, To, TypedHeader, Via};
use crate::limits;
use crate::message::{Request, Response};
use crate::method::Method;
use crate::name::Name;
use crate::parse::{Fault, ParseError};

/// The headers every message has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Essentials {
    /// The topmost Via.
    pub via: Via,
    /// From.
    pub from: From,
    /// To.
    pub to: To,
    /// Call-ID.
    pub call_id: CallId,
    /// CSeq.
    pub cseq: CSeq,
    /// Max-Forwards; none in responses and in requests of old peers.
    pub max_forwards: Option<u8>,
}

/// Headers that may stand only once (RFC 4475 §3.3.8).
const SINGLE: [Name; 6] =
    [Name::From, Name::To, Name::CallId, Name::CSeq, Name::MaxForwards, Name::ContentType];

impl Essentials {
    /// Reads them from a request.
    ///
    /// # Errors
    /// When one is missing, repeated or malformed, or CSeq names another method.
    pub fn read(request: &Request) -> Result<Self, ParseError> {
        let read = Self::read_headers(&request.headers).and_then(|essentials| {
            essentials.fits(&request.method).then_some(essentials).ok_or(Fault::CSeqMismatch)
        });
        read.map_err(|fault| ParseError::of(fault, request))
    }

    /// Reads them from a response.
    ///
    /// # Errors
    /// When one is missing, repeated or malformed. Such a response is dropped.
    pub fn read_response(response: &Response) -> Result<Self, Fault> {
        Self::read_headers(&response.headers)
    }

    fn fits(&self, method: &Method) -> bool {
        self.cseq.method == *method
    }

    fn read_headers(headers: &Headers) -> Result<Self, Fault> {
        if let Some(name) = SINGLE.into_iter().find(|name| headers.lines(*name).nth(1).is_some()) {
            return Err(Fault::Repeated(name));
        }
        if headers.lines(Name::Via).nth(limits::VIAS).is_some() {
            return Err(Fault::TooManyVias);
        }
        Ok(Self {
            via: one(headers)?,
            from: one(headers)?,
            to: one(headers)?,
            call_id: one(headers)?,
            cseq: one(headers)?,
            max_forwards: headers.typed::<MaxForwards>().map_err(Fault::Header)?.map(|m| m.0),
        })
    }
}

fn one<T: TypedHeader>(headers: &Headers) -> Result<T, Fault> {
    headers.typed::<T>().map_err(Fault::Header)?.ok_or(Fault::Missing(T::NAME))
}
