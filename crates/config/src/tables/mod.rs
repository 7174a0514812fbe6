//! Every option there is, one line each: name, type, default, usage, one sentence.
//!
//! To make an ignored option count, replace its reason by `Works` in the table.

pub mod codecs;
pub mod contact;
pub mod endpoint;
pub mod modules;
pub mod music;
pub mod outside;
pub mod parking;
pub mod pjsip;
pub mod routes;
pub mod server;

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::table::{ObjectSpec, OptionSpec, Usage};

/// All tables, for the reference page, `config show help` and the tests.
pub const ALL: &[&ObjectSpec] = &[
    &server::DIRECTORIES,
    &server::OPTIONS,
    &server::HTTP,
    &server::HTTP_RESTRICTION,
    &server::RTP,
    &codecs::OPUS,
    &codecs::PLC,
    &codecs::SPEEX,
    &server::STUN_MONITOR,
    &server::ACL_LIST,
    &server::MODULES,
    &server::LOGGER,
    &server::FEATURE_MAP,
    &server::FEATURES,
    &music::MUSIC,
    &music::MUSIC_CLASS,
    &parking::PARKING,
    &parking::PARKING_LOT,
    &routes::ROUTES,
    &routes::ROUTE,
    &pjsip::TRANSPORT,
    &endpoint::ENDPOINT,
    &pjsip::AOR,
    &contact::CONTACT,
    &pjsip::AUTH,
    &pjsip::IDENTIFY,
    &pjsip::REGISTRATION,
    &pjsip::GLOBAL,
    &pjsip::SYSTEM,
    &pjsip::ACL,
    &outside::ASTERISK_PUBLICATION,
    &outside::DOMAIN_ALIAS,
    &outside::INBOUND_PUBLICATION,
    &outside::OUTBOUND_PUBLISH,
    &outside::PHONEPROV,
    &outside::RESOURCE_LIST,
    &outside::SUBSCRIPTION_PERSISTENCE,
];

/// The object types of `pjsip.conf`.
pub fn pjsip_object(type_name: &str) -> Option<&'static ObjectSpec> {
    ALL.iter()
        .copied()
        .find(|object| object.file == "pjsip.conf" && object.name.eq_ignore_ascii_case(type_name))
}

/// The options of one object by name.
pub(crate) type Index = HashMap<&'static str, &'static OptionSpec>;

/// The options of an object by name, made once: ten thousand endpoints ask for 130 names each.
pub(crate) fn index(object: &ObjectSpec) -> &'static Index {
    static ALL_INDEXES: OnceLock<HashMap<(&str, &str), Index>> = OnceLock::new();
    static NONE: OnceLock<Index> = OnceLock::new();
    let all = ALL_INDEXES.get_or_init(|| {
        let options = |object: &ObjectSpec| object.options.iter().map(|o| (o.name, o)).collect();
        ALL.iter().map(|object| ((object.file, object.name), options(object))).collect()
    });
    let found = all.get(&(object.file, object.name));
    debug_assert!(found.is_some(), "{} is not among ALL", object.name);
    found.unwrap_or_else(|| NONE.get_or_init(Index::new))
}

/// Not needed by anything that is built in so far.
pub(crate) const NOT_YET: Usage = Usage::Ignored("no part of this version uses it yet");
/// New keys within a DTLS association.
pub(crate) const NO_REKEY: Usage = Usage::Ignored(
    "keys of SRTP last as long as the handshake that made them: RFC 8827 forbids renegotiation, \
     and a key update of DTLS 1.3 does not reach them",
);
/// Fax machines in this server.
pub(crate) const NO_FAX: Usage =
    Usage::Ignored("no application here sends or takes faxes; they only pass (t38_udptl)");
/// Geolocation.
pub(crate) const NO_GEOLOCATION: Usage = Usage::Ignored("geolocation is not supported");
/// Caller identity certificates.
pub(crate) const NO_STIR: Usage = Usage::Ignored("STIR/SHAKEN is not supported");
/// Message waiting.
pub(crate) const NO_MAILBOX: Usage = Usage::Ignored("there is no voicemail to report on");
/// Media always passes through.
pub(crate) const ANCHORED: Usage = Usage::Ignored("media always passes through this server");
/// Thread pools of another architecture.
pub(crate) const NO_POOL: Usage = Usage::Ignored("there is no thread pool to size");
/// Build and start options of another program.
pub(crate) const NO_SUCH_PART: Usage = Usage::Ignored("this server has no such part");
/// Secrets of a service that is not spoken to.
pub(crate) const NO_OAUTH: Usage = Usage::Ignored("OAuth is not supported");
