//! Media legs and the media graph, without a socket or a clock: bytes, time and randomness come
//! in, datagrams and events go out.
//!
//! On a call's walk this is everything after the answer: `engine` owns the sockets and hands
//! datagrams to the [`Graph`] of one worker; the graph finds out which stream of which leg they
//! are ([`leg`]), checks and decrypts them, and moves them along the route that the control plane
//! has set.
//!
//! A leg reaches its peer over ICE ([`LegKind::Ice`]) or at the address in the SDP, in clear or
//! protected by DTLS-SRTP or SDES. What was agreed arrives as a
//! [`sidetone_sdp::plan::MediaPlan`]; this crate never sees SDP text.

#![forbid(unsafe_code)]

pub mod candidates;
pub mod certificate;
pub mod clock;
pub mod codecs;
mod dtls;
pub mod event;
mod fax;
mod feedback;
mod formats;
#[doc(hidden)]
pub mod fuzz;
pub mod graph;
mod ice;
mod jitter;
mod keys;
mod leg;
mod listener;
mod noise;
pub mod path;
mod player;
pub mod quality;
pub mod refusal;
mod report;
mod rewrite;
pub mod settings;
pub mod silence;
pub mod source;
mod stream;
mod strict;
mod text;
mod transcode;
pub mod transport;
mod verdict;

pub use candidates::{AclRule, CandidatePolicy, HostRule, Net};
pub use certificate::{Certificate, CertificateError};
pub use clock::WallClock;
pub use codecs::{CodecSettings, no_translation};
pub use event::LegEvent;
pub use graph::{Arrival, Graph, GraphSnapshot, LegFault, Link, NewLeg, NewPipe};
pub use jitter::{JitterMode, JitterSettings};
pub use path::{Base, Outbox, PathId};
pub use quality::{DirectionQuality, StreamQuality};
pub use refusal::{Refusal, Refusals};
pub use settings::{
    Authorities, DtmfSettings, FingerprintHash, Judge, LegKind, PeerVerification, RtpSettings,
    StrictRtp, ToneDetection, WithoutEvents,
};
pub use sidetone_codec::opus::{Application, Bandwidth, Bitrate, BitrateMode, Signal};
pub use sidetone_codec::{OpusSettings, SpeexSettings};
pub use source::{DtmfRelay, Playback, PlaybackId, Prompt, Repeat, Route, Tone, ToneStep};
pub use transport::{LateCandidates, NewTransport};
