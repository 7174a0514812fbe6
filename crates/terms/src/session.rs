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

/// Whether candidates that are found late are told and taken in calls with this endpoint
/// (RFC 8840).
pub fn trickles(config: &Config, endpoint: &Endpoint) -> bool {
    endpoint.ice_support && config.rtp.ice_support
}

/// Of the extensions that the exchange knows, those that this endpoint may require of it.
pub fn supported(known: &[String], config: &Config, endpoint: &Endpoint) -> String {
    let mut aors = endpoint.aors.iter().filter_map(|aor| config.aors.get(aor));
    let has_path = aors.any(|aor| aor.support_path);
    let fits = |tag: &&String| match tag.as_str() {
        "100rel" => endpoint.reliable_provisional != Reliable::No,
        "timer" => endpoint.timers.mode != Configured::No,
        "path" => has_path,
        "trickle-ice" => trickles(config, endpoint),
        _ => true,
    };
    known.iter().filter(fits).map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// What we can and what we demand (`100rel`, `norefersub`); the stack adds session timers.
pub fn extensions(config: &Config, endpoint: &Endpoint) -> Vec<(String, String)> {
    let mut tags = vec!["replaces"];
    if endpoint.speech.send_history_info {
        tags.push("histinfo");
    }
    if trickles(config, endpoint) {
        tags.push("trickle-ice");
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use sidetone_conf::MemorySource;

    fn judged(lines: &str) -> (String, TimerMode, u32) {
        let text = format!(
            "[t]\ntype=transport\nbind=192.0.2.1\n[a]\ntype=endpoint\nallow=ulaw\naors=a\n{lines}\n"
        );
        let source = MemorySource::new().with("/etc/pjsip.conf", text);
        let config = sidetone_config::load(&source, "/etc").config.expect("a configuration");
        let endpoint = &config.endpoints["a"];
        let known = ["100rel", "timer", "replaces", "path", "trickle-ice"].map(str::to_owned);
        let timers = timers(endpoint);
        (supported(&known, &config, endpoint), timers.mode, timers.min_se_s)
    }

    /// RFC 3261 §20.37: what is named in `Supported` is not refused when it is required.
    #[test]
    fn an_endpoint_is_told_of_the_extensions_it_may_require() {
        for (lines, tags) in [
            ("[a]\ntype=aor", "100rel, timer, replaces"),
            ("100rel=no\ntimers=no\n[a]\ntype=aor", "replaces"),
            (
                "ice_support=yes\n[a]\ntype=aor\nsupport_path=yes",
                "100rel, timer, replaces, path, \
              trickle-ice",
            ),
        ] {
            assert_eq!(judged(lines).0, tags, "{lines}");
        }
    }

    #[test]
    fn each_word_for_session_timers_is_a_mode() {
        for (word, mode) in [
            ("no", TimerMode::Off),
            ("yes", TimerMode::Accept),
            ("required", TimerMode::Require),
            ("always", TimerMode::Always),
        ] {
            let lines = format!("timers={word}\ntimers_min_se=120\n[a]\ntype=aor");
            let (_, found, min_se_s) = judged(&lines);
            assert_eq!((found, min_se_s), (mode, 120), "{word}");
        }
    }
}
