//! Identifiers: small copyable numbers with a type of their own, so that a leg is never mistaken
//! for a channel.

use std::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }
    };
}

id!(
    /// A bridge: two or more channels that hear each other.
    BridgeId
);
id!(
    /// A channel: one call leg as the dialplan sees it.
    ChannelId
);
id!(
    /// A signalling flow: one accepted or dialled connection, or one UDP socket and remote
    /// address (RFC 5626 §3).
    FlowId
);
id!(
    /// A media leg, owned by one media worker for its whole life.
    LegId
);
