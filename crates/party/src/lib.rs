//! Who somebody is: name, number and what may be said of them. Callers, connected parties and
//! those who forwarded a call, as the dialplan sees them; `identity` reads them from SIP headers
//! and writes them there, `ice_servers` says what a phone that registers may know of servers,
//! `message` holds small readings of SIP messages, `info` the keys in the bodies of INFO, `digits`
//! those in strings of the dialplan,
//! `identify` finds whose request it is, `secrets` what proves it, `binding` what it registers,
//! `sources` how much it may ask, `names` what host names stand for, `resolver` asks that, `locate`
//! says where requests go then, `seats` says whose texts run now, `transfer` why a transfer fails.

#![forbid(unsafe_code)]

pub mod binding;
pub mod description;
pub mod digits;
#[doc(hidden)]
pub mod fuzz;
pub mod ice_servers;
pub mod identify;
pub mod identity;
pub mod info;
pub mod locate;
pub mod message;
pub mod names;
pub mod resolver;
pub mod seats;
pub mod secrets;
pub mod sources;
pub mod transfer;

pub use sidetone_config::objects::endpoint::CallerIdPrivacy as Presentation;

/// Who a party is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartyId {
    /// Display name.
    pub name: String,
    /// Number.
    pub number: String,
    /// Whether it may be shown, and how sure it is.
    pub presentation: Presentation,
    /// A mark of the dialplan's own, never sent.
    pub tag: String,
    /// What hardly any party has.
    pub rare: Option<Box<RareParts>>,
}

/// Parts of a party that hardly any has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RareParts {
    /// Numbering plan and type of number, 0 for unknown (Q.931 §4.5.10).
    pub plan: u8,
    /// Subaddress (Q.931 §4.5.9).
    pub subaddress: String,
    /// Its type: 0 NSAP, 2 user specified.
    pub subaddress_type: u8,
    /// Whether it has an odd number of digits.
    pub subaddress_odd: bool,
}

impl PartyId {
    /// A party of which name and number are known.
    #[must_use]
    pub fn new(name: impl Into<String>, number: impl Into<String>) -> Self {
        Self { name: name.into(), number: number.into(), ..Self::default() }
    }

    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.name.is_empty() && self.number.is_empty()
    }

    /// Whether it must not be shown to those who are not trusted with it.
    #[must_use]
    pub fn is_private(&self) -> bool {
        self.presentation.is_private()
    }

    /// The rare parts, to be changed.
    pub fn rare_mut(&mut self) -> &mut RareParts {
        self.rare.get_or_insert_default()
    }
}

/// Who forwarded a call, from whom to whom and why (`REDIRECTING`, Diversion, History-Info).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Redirecting {
    /// Who was called first.
    pub orig: PartyId,
    /// Who forwarded it last.
    pub from: PartyId,
    /// Where to.
    pub to: PartyId,
    /// Why, in the words of RFC 5806: `unconditional`, `user-busy`, `no-answer` …
    pub reason: String,
    /// Why the first time.
    pub orig_reason: String,
    /// How often.
    pub count: u32,
}
