//! Every kind of event, one variant each, with what a record or a screen needs to know.

use std::net::{IpAddr, SocketAddr};

use sidetone_base::{ChannelId, Flow};

use crate::SecurityEvent;

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// Two channels hear each other.
    Bridged {
        /// The calling channel.
        caller: ChannelId,
        /// The called channel.
        callee: ChannelId,
    },
    /// A channel came to life.
    ChannelCreated {
        /// Which channel.
        channel: ChannelId,
        /// Its name, such as `PJSIP/alice-00000001`.
        name: String,
        /// The dialplan context it starts in, empty for a called channel.
        context: String,
        /// The extension it called, empty for a called channel.
        exten: String,
    },
    /// A channel ended.
    ChannelEnded {
        /// Which channel.
        channel: ChannelId,
        /// Its name.
        name: String,
        /// Q.850 cause.
        cause: u8,
        /// The cause in words.
        words: String,
    },
    /// A channel changed state (`Ring`, `Ringing`, `Up`).
    ChannelState {
        /// Which channel.
        channel: ChannelId,
        /// Its name.
        name: String,
        /// The new state's name.
        state: &'static str,
    },
    /// A contact was registered or refreshed.
    ContactAdded {
        /// Address of record.
        aor: String,
        /// Contact URI as stored.
        uri: String,
        /// Seconds until it expires.
        expires_s: u32,
        /// Whether the contact was there before.
        refreshed: bool,
    },
    /// A contact answered OPTIONS as one that can be called, or did not.
    ContactStatus {
        /// Address of record.
        aor: String,
        /// Contact URI as stored.
        uri: String,
        /// Whether it can be called.
        reachable: bool,
        /// Time from request to answer, if there was one.
        rtt: Option<std::time::Duration>,
    },
    /// A contact is gone.
    ContactRemoved {
        /// Address of record.
        aor: String,
        /// Contact URI as it was stored.
        uri: String,
        /// Why.
        why: ContactGone,
    },
    /// A digit was pressed.
    Dtmf {
        /// On which channel.
        channel: ChannelId,
        /// Its name.
        name: String,
        /// `0`–`9`, `*`, `#`, `A`–`D`.
        digit: char,
        /// How long it was held.
        duration_ms: u32,
    },
    /// The media of a leg changed its state in a way an operator wants to see.
    Media {
        /// Which channel.
        channel: ChannelId,
        /// Its name.
        name: String,
        /// What happened, in words.
        words: String,
    },
    /// The address under which the world sees us is another one: registrations with others are to
    /// be renewed, and live calls are told.
    NetworkChanged {
        /// Before.
        from: IpAddr,
        /// Now.
        to: IpAddr,
    },
    /// A connection opened.
    FlowOpened(Flow),
    /// A connection closed.
    FlowClosed {
        /// Which one.
        flow: Flow,
        /// Why, in words.
        why: String,
    },
    /// Something a security monitor acts on.
    Security(SecurityEvent),
    /// A SIP message passed, in either direction. Published only while the SIP log is on.
    SipMessage {
        /// Towards us or from us.
        way: Way,
        /// Transport name, upper case.
        transport: &'static str,
        /// Our address.
        local: SocketAddr,
        /// The peer.
        remote: SocketAddr,
        /// The message as on the wire.
        text: String,
        /// Whether it is for the verbose log, and not for a capture alone.
        is_shown: bool,
    },
    /// `UserEvent()` of the dialplan.
    User {
        /// Which channel.
        channel: ChannelId,
        /// Event name.
        name: String,
        /// `key: value` pairs in order.
        fields: Vec<(String, String)>,
    },
}

/// Direction of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Towards us.
    In,
    /// From us.
    Out,
}

/// Why a contact is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContactGone {
    /// Its time ran out.
    Expired,
    /// The connection it was bound to closed.
    FlowClosed,
    /// A newer contact took its place (`remove_existing`, `remove_unavailable`).
    Replaced,
    /// The client removed it.
    Unregistered,
}

impl ContactGone {
    /// The reason in words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::FlowClosed => "its connection closed",
            Self::Replaced => "a newer contact took its place",
            Self::Unregistered => "removed by the client",
        }
    }
}
