//! Methods: the fourteen that are understood, and any other word.

use std::fmt;

use crate::lex;
use crate::text::Text;

/// A request method. Case matters (RFC 3261 §7.1).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// Acknowledges a final response to INVITE (RFC 3261 §17).
    Ack,
    /// Ends a dialog (RFC 3261 §15).
    Bye,
    /// Gives up a pending INVITE (RFC 3261 §9).
    Cancel,
    /// Carries application data inside a call (RFC 6086).
    Info,
    /// Opens or changes a session (RFC 3261 §13, §14).
    Invite,
    /// A page-mode message (RFC 3428).
    Message,
    /// Tells a subscriber the state (RFC 6665).
    Notify,
    /// Asks for capabilities (RFC 3261 §11).
    Options,
    /// Acknowledges a reliable provisional response (RFC 3262).
    Prack,
    /// Publishes event state (RFC 3903).
    Publish,
    /// Asks the peer to send a request elsewhere (RFC 3515).
    Refer,
    /// Binds an address (RFC 3261 §10).
    Register,
    /// Subscribes to event state (RFC 6665).
    Subscribe,
    /// Changes a session without the weight of INVITE (RFC 3311).
    Update,
    /// Any other method.
    Extension(Text),
}

impl Method {
    /// The methods understood here, in the order they are listed in `Allow`.
    pub const KNOWN: [Self; 14] = [
        Self::Options,
        Self::Register,
        Self::Subscribe,
        Self::Notify,
        Self::Publish,
        Self::Invite,
        Self::Ack,
        Self::Bye,
        Self::Cancel,
        Self::Update,
        Self::Prack,
        Self::Message,
        Self::Refer,
        Self::Info,
    ];

    /// Reads a method; none when it is not a token.
    #[must_use]
    pub fn parse(word: &Text) -> Option<Self> {
        let method = match word.as_bytes() {
            b"ACK" => Self::Ack,
            b"BYE" => Self::Bye,
            b"CANCEL" => Self::Cancel,
            b"INFO" => Self::Info,
            b"INVITE" => Self::Invite,
            b"MESSAGE" => Self::Message,
            b"NOTIFY" => Self::Notify,
            b"OPTIONS" => Self::Options,
            b"PRACK" => Self::Prack,
            b"PUBLISH" => Self::Publish,
            b"REFER" => Self::Refer,
            b"REGISTER" => Self::Register,
            b"SUBSCRIBE" => Self::Subscribe,
            b"UPDATE" => Self::Update,
            other if lex::all_token(other) => Self::Extension(word.clone()),
            _ => return None,
        };
        Some(method)
    }

    /// The word on the wire.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Ack => b"ACK",
            Self::Bye => b"BYE",
            Self::Cancel => b"CANCEL",
            Self::Info => b"INFO",
            Self::Invite => b"INVITE",
            Self::Message => b"MESSAGE",
            Self::Notify => b"NOTIFY",
            Self::Options => b"OPTIONS",
            Self::Prack => b"PRACK",
            Self::Publish => b"PUBLISH",
            Self::Refer => b"REFER",
            Self::Register => b"REGISTER",
            Self::Subscribe => b"SUBSCRIBE",
            Self::Update => b"UPDATE",
            Self::Extension(word) => word.as_bytes(),
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(self.as_bytes()))
    }
}
