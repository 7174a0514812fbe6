//! Headers that are lists of words: Allow (RFC 3261 §20.5), Supported, Require, Proxy-Require,
//! Unsupported (§20.29–§20.40), Allow-Events (RFC 6665 §8.2.2); and the free-text User-Agent and
//! Server (§20.35, §20.41).

use super::{HeaderError, Shape, TypedHeader};
use crate::lex::{self, Angles};
use crate::name::Name;
use crate::text::Text;

macro_rules! words_header {
    ($(#[$doc:meta])* $type:ident, $name:expr) => {
        $(#[$doc])*
        ///
        /// Use [`Headers::lists`](super::Headers::lists) to look for one word over all lines.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $type(pub Vec<Text>);

        impl $type {
            /// Whether the list holds the word, in any case.
            #[must_use]
            pub fn has(&self, word: &str) -> bool {
                self.0.iter().any(|own| own.eq_ignore_case(word))
            }
        }

        impl TypedHeader for $type {
            const NAME: Name = $name;
            const SHAPE: Shape = Shape::Lines;

            fn parse(value: &Text) -> Result<Self, HeaderError> {
                let parts = lex::split(value.as_bytes(), b',', Angles::Plain);
                let words: Vec<Text> =
                    parts.filter(|part| !part.is_empty()).map(|part| value.share(part)).collect();
                if words.iter().all(|word| lex::all_token(word.as_bytes())) {
                    Ok(Self(words))
                } else {
                    Err(Self::error("words separated by commas"))
                }
            }

            fn write(&self, out: &mut Vec<u8>) {
                for (index, word) in self.0.iter().enumerate() {
                    if index > 0 {
                        out.extend_from_slice(b", ");
                    }
                    out.extend_from_slice(word.as_bytes());
                }
            }
        }
    };
}

words_header!(
    /// Methods the sender understands.
    Allow,
    Name::Allow
);
words_header!(
    /// Event packages the sender understands.
    AllowEvents,
    Name::AllowEvents
);
words_header!(
    /// Extensions the sender understands.
    Supported,
    Name::Supported
);
words_header!(
    /// Extensions the receiver must understand.
    Require,
    Name::Require
);
words_header!(
    /// Extensions every proxy must understand.
    ProxyRequire,
    Name::ProxyRequire
);
words_header!(
    /// Extensions of a request that are not understood.
    Unsupported,
    Name::Unsupported
);

macro_rules! free_text_header {
    ($(#[$doc:meta])* $type:ident, $name:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $type(pub Text);

        impl TypedHeader for $type {
            const NAME: Name = $name;
            const SHAPE: Shape = Shape::Single;

            fn parse(value: &Text) -> Result<Self, HeaderError> {
                Ok(Self(value.clone()))
            }

            fn write(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(self.0.as_bytes());
            }
        }
    };
}

free_text_header!(
    /// The software of a client.
    UserAgent,
    Name::UserAgent
);
free_text_header!(
    /// The software of a server.
    Server,
    Name::Server
);
