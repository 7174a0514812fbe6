//! From the endpoint's configuration to the session timers of its calls (RFC 4028). What they do
//! is the stack's business.

use sidetone_config::{Endpoint, SessionTimers as Configured};
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
