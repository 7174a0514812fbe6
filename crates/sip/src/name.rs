//! Header names: the known ones as an enum, any other as written. Names are compared without
//! regard to case and compact forms are understood (RFC 3261 §7.3.1, §7.3.3).

use std::fmt;

use crate::text::Text;

macro_rules! names {
    ($($variant:ident $canonical:literal $($compact:literal)?;)*) => {
        /// A header this crate knows by name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Name {
            $(
                #[doc = concat!("`", $canonical, "`")]
                $variant,
            )*
        }

        const ALL: &[(Name, &str)] = &[$((Name::$variant, $canonical),)*];

        impl Name {
            /// The full name as printed.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $canonical,)*
                }
            }

            fn from_compact(letter: u8) -> Option<Self> {
                match letter.to_ascii_lowercase() {
                    $($($compact => Some(Self::$variant),)?)*
                    _ => None,
                }
            }
        }
    };
}

names! {
    Accept "Accept";
    AcceptContact "Accept-Contact" b'a';
    AcceptEncoding "Accept-Encoding";
    AcceptLanguage "Accept-Language";
    AlertInfo "Alert-Info";
    Allow "Allow";
    AllowEvents "Allow-Events" b'u';
    AuthenticationInfo "Authentication-Info";
    Authorization "Authorization";
    CallId "Call-ID" b'i';
    CallInfo "Call-Info";
    Contact "Contact" b'm';
    ContentDisposition "Content-Disposition";
    ContentEncoding "Content-Encoding" b'e';
    ContentLanguage "Content-Language";
    ContentLength "Content-Length" b'l';
    ContentType "Content-Type" b'c';
    CSeq "CSeq";
    Date "Date";
    Diversion "Diversion";
    ErrorInfo "Error-Info";
    Event "Event" b'o';
    Expires "Expires";
    FlowTimer "Flow-Timer";
    From "From" b'f';
    HistoryInfo "History-Info";
    Identity "Identity" b'y';
    InfoPackage "Info-Package";
    InReplyTo "In-Reply-To";
    Join "Join";
    MaxForwards "Max-Forwards";
    MimeVersion "MIME-Version";
    MinExpires "Min-Expires";
    MinSe "Min-SE";
    Organization "Organization";
    PAssertedIdentity "P-Asserted-Identity";
    PPreferredIdentity "P-Preferred-Identity";
    Path "Path";
    Priority "Priority";
    Privacy "Privacy";
    ProxyAuthenticate "Proxy-Authenticate";
    ProxyAuthorization "Proxy-Authorization";
    ProxyRequire "Proxy-Require";
    RAck "RAck";
    Reason "Reason";
    RecordRoute "Record-Route";
    RecvInfo "Recv-Info";
    ReferredBy "Referred-By" b'b';
    ReferSub "Refer-Sub";
    ReferTo "Refer-To" b'r';
    RejectContact "Reject-Contact" b'j';
    RemotePartyId "Remote-Party-ID";
    Replaces "Replaces";
    ReplyTo "Reply-To";
    RequestDisposition "Request-Disposition" b'd';
    Require "Require";
    RetryAfter "Retry-After";
    Route "Route";
    RSeq "RSeq";
    Server "Server";
    ServiceRoute "Service-Route";
    SessionExpires "Session-Expires" b'x';
    SessionId "Session-ID";
    SipETag "SIP-ETag";
    SipIfMatch "SIP-If-Match";
    Subject "Subject" b's';
    SubscriptionState "Subscription-State";
    Supported "Supported" b'k';
    Timestamp "Timestamp";
    To "To" b't';
    Unsupported "Unsupported";
    UserAgent "User-Agent";
    Via "Via" b'v';
    Warning "Warning";
    WwwAuthenticate "WWW-Authenticate";
}

/// Slots of the lookup table: a power of two, about four times the number of names.
const SLOTS: usize = 256;
const EMPTY: u8 = u8::MAX;
static TABLE: [u8; SLOTS] = build_table();

const fn slot(name: &[u8]) -> usize {
    let mut hash: usize = name.len();
    let mut at = 0;
    while at < name.len() {
        // `| 0x20` folds case for letters and is harmless for the rest.
        hash = hash.wrapping_mul(31).wrapping_add((name[at] | 0x20) as usize);
        at += 1;
    }
    (hash ^ (hash >> 8)) % SLOTS
}

const fn build_table() -> [u8; SLOTS] {
    let mut table = [EMPTY; SLOTS];
    let mut index = 0;
    while index < ALL.len() {
        let mut at = slot(ALL[index].1.as_bytes());
        while table[at] != EMPTY {
            at = (at + 1) % SLOTS;
        }
        table[at] = index as u8;
        index += 1;
    }
    table
}

impl Name {
    /// Finds a known name, full or compact, in any case.
    #[must_use]
    pub fn lookup(name: &[u8]) -> Option<Self> {
        if let [letter] = name {
            return Self::from_compact(*letter);
        }
        // Longer than any known name: do not even hash it.
        if name.is_empty() || name.len() > 24 {
            return None;
        }
        let mut at = slot(name);
        loop {
            let index = *TABLE.get(at)?;
            let (known, canonical) = ALL.get(usize::from(index))?;
            if name.eq_ignore_ascii_case(canonical.as_bytes()) {
                return Some(*known);
            }
            at = (at + 1) % SLOTS;
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The name of a header line.
#[derive(Clone, Debug)]
pub enum HeaderName {
    /// A known header; printed in full.
    Known(Name),
    /// Any other, as written.
    Other(Text),
}

impl HeaderName {
    /// Reads a name of any form.
    #[must_use]
    pub fn read(text: &Text) -> Self {
        match Name::lookup(text.as_bytes()) {
            Some(name) => Self::Known(name),
            None => Self::Other(text.clone()),
        }
    }

    /// The name as printed.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Known(name) => name.as_str().as_bytes(),
            Self::Other(text) => text.as_bytes(),
        }
    }

    /// Whether this is the header meant by `other`.
    #[must_use]
    pub fn matches<'a>(&self, other: impl Into<NameRef<'a>>) -> bool {
        match (self, other.into()) {
            (Self::Known(a), NameRef::Known(b)) => *a == b,
            (Self::Other(a), NameRef::Other(b)) => a.eq_ignore_case(b),
            _ => false,
        }
    }
}

impl PartialEq for HeaderName {
    fn eq(&self, other: &Self) -> bool {
        match other {
            Self::Known(name) => self.matches(*name),
            Self::Other(text) => matches!(self, Self::Other(own) if own.eq_ignore_case(text)),
        }
    }
}

impl Eq for HeaderName {}

impl fmt::Display for HeaderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(self.as_bytes()))
    }
}

impl From<Name> for HeaderName {
    fn from(name: Name) -> Self {
        Self::Known(name)
    }
}

impl From<&str> for HeaderName {
    fn from(name: &str) -> Self {
        Self::read(&Text::from(name))
    }
}

impl From<Text> for HeaderName {
    fn from(name: Text) -> Self {
        Self::read(&name)
    }
}

/// A name to look for: a [`Name`], or text in any case and form.
#[derive(Clone, Copy, Debug)]
pub enum NameRef<'a> {
    /// A known header.
    Known(Name),
    /// Any other.
    Other(&'a [u8]),
}

impl From<Name> for NameRef<'_> {
    fn from(name: Name) -> Self {
        Self::Known(name)
    }
}

impl<'a> From<&'a str> for NameRef<'a> {
    fn from(name: &'a str) -> Self {
        match Name::lookup(name.as_bytes()) {
            Some(known) => Self::Known(known),
            None => Self::Other(name.as_bytes()),
        }
    }
}

impl<'a> From<&'a HeaderName> for NameRef<'a> {
    fn from(name: &'a HeaderName) -> Self {
        match name {
            HeaderName::Known(known) => Self::Known(*known),
            HeaderName::Other(text) => Self::Other(text.as_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_in_any_case_and_compact_form() {
        for (name, canonical) in ALL {
            assert_eq!(Name::lookup(canonical.to_uppercase().as_bytes()), Some(*name));
        }
        assert_eq!(Name::lookup(b"V"), Some(Name::Via));
        assert_eq!(Name::lookup(b"x-foo"), None);
        assert!(ALL.len() < SLOTS / 2 && ALL.iter().all(|(_, name)| name.len() <= 24));
    }
}
