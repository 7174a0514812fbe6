//! Security events (SEC-03): what a ban list or an intrusion monitor reads. The line format is
//! that of the `security` log level which fail2ban filters know.

use std::fmt::Write as _;
use std::net::SocketAddr;

use sidetone_base::Transport;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecurityKind {
    /// A challenge was answered wrongly (wrong password, replay, wrong URI).
    ChallengeResponseFailed,
    /// A challenge was sent.
    ChallengeSent,
    /// The source is not allowed by an access list.
    FailedAcl,
    /// No such account.
    InvalidAccountId,
    /// A limit of sessions or rate was reached.
    SessionLimit,
    /// The request cannot be read.
    RequestBadFormat,
    /// The request is known but not allowed.
    RequestNotAllowed,
    /// The account authenticated.
    SuccessfulAuth,
}

impl SecurityKind {
    /// The value of `SecurityEvent=`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ChallengeResponseFailed => "ChallengeResponseFailed",
            Self::ChallengeSent => "ChallengeSent",
            Self::FailedAcl => "FailedACL",
            Self::InvalidAccountId => "InvalidAccountID",
            Self::SessionLimit => "SessionLimit",
            Self::RequestBadFormat => "RequestBadFormat",
            Self::RequestNotAllowed => "RequestNotAllowed",
            Self::SuccessfulAuth => "SuccessfulAuth",
        }
    }

    /// The value of `Severity=`.
    #[must_use]
    pub fn severity(self) -> &'static str {
        match self {
            Self::ChallengeSent | Self::SuccessfulAuth => "Informational",
            _ => "Error",
        }
    }
}

/// One security event.
#[derive(Clone, Debug)]
pub struct SecurityEvent {
    /// What happened.
    pub kind: SecurityKind,
    /// The account named by the peer, as it named it.
    pub account: String,
    /// The Call-ID.
    pub session: String,
    /// Over which transport.
    pub transport: Transport,
    /// Our address.
    pub local: SocketAddr,
    /// The peer's address.
    pub remote: SocketAddr,
    /// Further `Key="value"` pairs of this kind, such as `Challenge`.
    pub details: Vec<(&'static str, String)>,
}

impl SecurityEvent {
    /// The log line after the level; `event_tv` is the wall-clock time as
    /// `2026-11-20T21:57:20.501+0000`.
    #[must_use]
    pub fn line(&self, event_tv: &str) -> String {
        let mut line = format!(
            "SecurityEvent=\"{}\",EventTV=\"{event_tv}\",Severity=\"{}\",Service=\"PJSIP\",\
             EventVersion=\"1\",AccountID=\"{}\",SessionID=\"{}\",LocalAddress=\"{}\",\
             RemoteAddress=\"{}\"",
            self.kind.name(),
            self.kind.severity(),
            escape(&self.account),
            escape(&self.session),
            address(self.transport, self.local),
            address(self.transport, self.remote),
        );
        for (key, value) in &self.details {
            let _ = write!(line, ",{key}=\"{}\"", escape(value));
        }
        line
    }
}

/// `IPV4/WSS/127.0.0.1/8089`.
fn address(transport: Transport, address: SocketAddr) -> String {
    let family = if address.is_ipv4() { "IPV4" } else { "IPV6" };
    format!("{family}/{}/{}/{}", transport.via_name(), address.ip(), address.port())
}

/// A peer must not be able to write a second field or a second line.
fn escape(value: &str) -> String {
    value.chars().map(|c| if c == '"' || c.is_control() { '_' } else { c }).take(256).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_what_ban_lists_read() {
        let event = SecurityEvent {
            kind: SecurityKind::ChallengeSent,
            account: "mallory\",RemoteAddress=\"IPV4/UDP/192.0.2.9/1\n".into(),
            session: "call-1".into(),
            transport: Transport::Wss,
            local: "127.0.0.1:8089".parse().expect("an address"),
            remote: "127.0.0.1:38064".parse().expect("an address"),
            details: vec![("Challenge", String::new())],
        };
        assert_eq!(
            event.line("2026-11-20T21:57:20.501+0000"),
            "SecurityEvent=\"ChallengeSent\",EventTV=\"2026-11-20T21:57:20.501+0000\",\
             Severity=\"Informational\",Service=\"PJSIP\",EventVersion=\"1\",\
             AccountID=\"mallory_,RemoteAddress=_IPV4/UDP/192.0.2.9/1_\",SessionID=\"call-1\",\
             LocalAddress=\"IPV4/WSS/127.0.0.1/8089\",RemoteAddress=\"IPV4/WSS/127.0.0.1/38064\",\
             Challenge=\"\""
        );
    }
}
