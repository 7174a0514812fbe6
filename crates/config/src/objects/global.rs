//! `type = global` and `type = system`: what holds for the whole SIP side.

use std::time::Duration;

use crate::fields::{Fields, Settings};
use crate::objects::auth::DigestAlgorithm;
use crate::table::choices;

choices! {
    /// A way of finding out which endpoint sent a request.
    pub enum Identifier {
        /// Source address, by identify objects.
        Ip = "ip",
        /// The user of From.
        Username = "username",
        /// The user name of the credentials.
        AuthUsername = "auth_username",
        /// A header, by identify objects.
        Header = "header",
        /// The request URI, by identify objects.
        RequestUri = "request_uri",
        /// The endpoint called `anonymous`.
        Anonymous = "anonymous",
    }
}

impl Identifier {
    /// The module that does it elsewhere, by which `modules.conf` leaves it out.
    #[must_use]
    pub const fn module(self) -> &'static str {
        match self {
            Self::Username | Self::AuthUsername => "res_pjsip_endpoint_identifier_user",
            Self::Ip | Self::Header | Self::RequestUri => "res_pjsip_endpoint_identifier_ip",
            Self::Anonymous => "res_pjsip_endpoint_identifier_anonymous",
        }
    }
}

/// When requests nobody known sent become a security event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnidentifiedRequests {
    /// How many from one source.
    pub count: u32,
    /// Within how long.
    pub period: Duration,
    /// How often sources are forgotten.
    pub prune_interval: Duration,
}

/// Global settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Global {
    /// User-Agent and Server.
    pub user_agent: String,
    /// Whose SIP messages are logged: `yes` for all, `no`, or an address.
    pub debug: String,
    /// Max-Forwards of our requests.
    pub max_forwards: u8,
    /// Seconds between keep-alives on TCP and TLS; 0 for none.
    pub keep_alive_interval_s: u32,
    /// Realm of challenges.
    pub default_realm: String,
    /// Endpoint for requests to a bare URI.
    pub default_outbound_endpoint: String,
    /// User part of From when a call has none.
    pub default_from_user: String,
    /// Order in which senders are looked up.
    pub endpoint_identifier_order: Vec<Identifier>,
    /// Requests nobody known sent.
    pub unidentified: UnidentifiedRequests,
    /// Over how many seconds the first OPTIONS are spread.
    pub max_initial_qualify_time_s: u32,
    /// Hashes to challenge with, best first.
    pub default_algorithms_uas: Vec<DigestAlgorithm>,
    /// Hashes to answer challenges with.
    pub default_algorithms_uac: Vec<DigestAlgorithm>,
    /// Offer REFER without a subscription (RFC 4488).
    pub norefersub: bool,
    /// What was set, for `show` commands.
    pub settings: Settings,
}

impl Global {
    pub(crate) fn build(fields: &mut Fields<'_>) -> Self {
        let seconds = |name: &str| Duration::from_secs(fields.number(name));
        let unidentified = UnidentifiedRequests {
            count: fields.number("unidentified_request_count"),
            period: seconds("unidentified_request_period"),
            prune_interval: seconds("unidentified_request_prune_interval"),
        };
        Self {
            user_agent: fields.string("user_agent"),
            debug: debug(fields),
            max_forwards: fields.number("max_forwards"),
            keep_alive_interval_s: fields.number("keep_alive_interval"),
            default_realm: fields.string("default_realm"),
            default_outbound_endpoint: fields.string("default_outbound_endpoint"),
            default_from_user: fields.string("default_from_user"),
            endpoint_identifier_order: fields.choices("endpoint_identifier_order"),
            unidentified,
            max_initial_qualify_time_s: fields.number("max_initial_qualify_time"),
            default_algorithms_uas: fields.choices("default_auth_algorithms_uas"),
            default_algorithms_uac: fields.choices("default_auth_algorithms_uac"),
            norefersub: fields.flag("norefersub"),
            settings: fields.settings(),
        }
    }
}

/// Settings of the SIP stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct System {
    /// First retransmission (RFC 3261 T1).
    pub timer_t1: Duration,
    /// How long a request may go unanswered (RFC 3261 timer B).
    pub timer_b: Duration,
    /// In which a new connection must carry a complete SIP message.
    pub first_request_timeout: Duration,
    /// Write short header names.
    pub compact_headers: bool,
    /// What was set, for `show` commands.
    pub settings: Settings,
}

impl System {
    pub(crate) fn build(fields: &mut Fields<'_>) -> Self {
        let system = Self {
            timer_t1: Duration::from_millis(fields.number("timer_t1")),
            timer_b: Duration::from_millis(fields.number("timer_b")),
            first_request_timeout: Duration::from_secs(fields.number("first_request_timeout")),
            compact_headers: fields.flag("compact_headers"),
            settings: fields.settings(),
        };
        // RFC 3261 §17.1.1.2: timer B is 64 × T1; below that, retransmissions are cut short.
        if system.timer_b < system.timer_t1 * 64 {
            let message = format!(
                "timer_b {} ms is below 64 × timer_t1 {} ms",
                system.timer_b.as_millis(),
                system.timer_t1.as_millis()
            );
            fields.warn("timer_b", message, "RFC 3261 asks for 64 times T1");
        }
        system
    }
}

/// `yes` and `no` in any spelling, or an address as it stands.
fn debug(fields: &Fields<'_>) -> String {
    let text = fields.string("debug");
    match crate::table::truth(&text) {
        Some(true) => "yes".to_owned(),
        Some(false) => "no".to_owned(),
        None => text,
    }
}
