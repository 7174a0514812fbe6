//! From configuration files to typed objects: one immutable [`Config`] that every part of the
//! server reads, and the findings about how it was written.
//!
//! On the call's walk this stands beside every step: `pbx/incoming` finds the endpoint here,
//! `sdp` its codecs, `apps/dial` its aors. A reload makes a new snapshot; calls keep the one
//! they started with.
//!
//! What an option is called, defaults to and does is data: [`tables`]. An object with an error
//! is refused with file, line and cure, and all others load; on reload the object that was
//! there before stays ([`load::reload`]).
//!
//! It deliberately opens no socket and resolves no name. Files are read through
//! [`sidetone_conf::Source`]; [`FileSource`] is the one of the binary.

#![forbid(unsafe_code)]

pub mod acl;
pub mod advice;
pub mod ciphers;
pub mod diff;
mod fields;
mod files;
mod foreign;
#[doc(hidden)]
pub mod fuzz;
pub mod load;
mod mentions;
pub mod modules;
mod named;
mod nearest;
pub mod objects;
mod pjsip;
mod prints;
pub mod reference;
mod report;
mod sections;
pub mod snapshot;
pub mod source;
pub mod table;
pub mod tables;

pub use acl::{Acl, AclSet, Network};
pub use advice::firewall;
pub use diff::{Changes, Difference, diff};
pub use fields::Settings;
pub use load::{Documents, Loaded, Summary, compile, load, reload, run_directory};
pub use nearest::{meant, nearest};
pub use objects::aor::Aor;
pub use objects::asterisk::{Asterisk, Directories, Start};
pub use objects::auth::{Auth, AuthType, DigestAlgorithm, PasswordDigest};
pub use objects::codecs::{AllowedCodec, CODECS, MediaKind, Support};
pub use objects::endpoint::{
    CallerId, CallerIdPrivacy, ConnectedLineMethod, DtlsFingerprint, DtlsSettings, DtlsSetup,
    DtlsVerify, DtmfMode, Endpoint, IdentifyBy, MediaEncryption, PickupGroups, RedirectMethod,
    Reliable, Replacing, SessionTimers, TimerSettings,
};
pub use objects::global::{Global, Identifier, System, UnidentifiedRequests};
pub use objects::http::{ClearWebSocket, Http, HttpTls, Restriction};
pub use objects::identify::{HeaderMatch, Identify, Pattern};
pub use objects::logger::{Level, LogChannel, LogFormat, LogTarget, Logger};
pub use objects::music::{Music, MusicClass};
pub use objects::parking::ParkingLots;
pub use objects::registration::Registration;
pub use objects::rtp::{
    HostCandidate, NatServer, Rtp, StrictRtp, TurnLogin, TurnServer, TurnTransport,
};
pub use objects::stun_monitor::StunMonitor;
pub use objects::transport::{Host, Protocol, TcpKeepalive, TlsMethod, TlsSettings, Transport};
pub use snapshot::{Config, Scope};
pub use source::FileSource;
