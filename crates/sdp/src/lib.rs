//! SDP (RFC 8866) and the offer/answer exchange (RFC 3264, RFC 8829) as pure values.

#![forbid(unsafe_code)]

pub mod plan;
