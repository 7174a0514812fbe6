//! From the endpoint's configuration to the session timers of its calls (RFC 4028) and to the
//! extensions that an INVITE names. What they do is the stack's business.

use sidetone_config::{Config, Endpoint, Reliable, SessionTimers as Configured};
use sidetone_ua::settings::{SessionTimers, TimerMode};

/// The session timers of a call with this endpoint.
pub fn timers(endpoint: &Endpoint) -> SessionTimers {
    SessionTimers {
        mode: match endpoint.timers.mode {
            Configured::No => TimerMode::Off,
            Configured::Yes => TimerMode::Accept,
            Configured::Required => TimerMode::Require,
            Configured::Always => TimerMode::Always,
        },
        interval_s: endpoint.timers.session_expires_s,
        min_se_s: endpoint.timers.min_se_s,
        refresher: None,
    }
}

/// What we can and what we demand (`100rel`, `norefersub`); the stack adds session timers.
pub fn extensions(config: &Config, endpoint: &Endpoint) -> Vec<(String, String)> {
    let mut tags = vec!["replaces", "histinfo"];
    if config.global.norefersub {
        tags.push("norefersub");
    }
    if matches!(endpoint.reliable_provisional, Reliable::Yes | Reliable::PeerSupported) {
        tags.push("100rel");
    }
    let mut headers = vec![("Supported".to_owned(), tags.join(", "))];
    if endpoint.reliable_provisional == Reliable::Required {
        headers.push(("Require".to_owned(), "100rel".to_owned()));
    }
    headers
}
