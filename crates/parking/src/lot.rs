//! One lot: its spaces, its place in the dialplan, and what becomes of calls that nobody fetches.

use std::ops::RangeInclusive;
use std::time::Duration;

/// Spaces of one lot: each is an extension of the dialplan, and ten thousand calls that wait for
/// somebody are more than any switchboard has.
pub const MOST_SPACES: u32 = 10_000;

/// Which free space a call gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// The lowest.
    #[default]
    First,
    /// The one after that of the last call, so that a number is not soon used again.
    Next,
}

impl Order {
    /// The words of `findslot`.
    pub const NAMES: &'static [&'static str] = &["first", "next"];

    /// Reads a word, in any case.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let all = [Self::First, Self::Next];
        let found = Self::NAMES.iter().position(|known| known.eq_ignore_ascii_case(name))?;
        all.get(found).copied()
    }
}

/// Which of the two sides something is for when a call is fetched: the caller is who fetches it,
/// the callee who was parked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Party {
    /// Neither.
    #[default]
    No,
    /// Who fetches the call.
    Caller,
    /// Who was parked.
    Callee,
    /// Both.
    Both,
}

impl Party {
    /// The words of such options.
    pub const NAMES: &'static [&'static str] = &["no", "caller", "callee", "both"];

    /// Reads a word, in any case.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let all = [Self::No, Self::Caller, Self::Callee, Self::Both];
        let found = Self::NAMES.iter().position(|known| known.eq_ignore_ascii_case(name))?;
        all.get(found).copied()
    }

    /// Whether it is for who fetches the call.
    #[must_use]
    pub fn caller(self) -> bool {
        matches!(self, Self::Caller | Self::Both)
    }

    /// Whether it is for who was parked.
    #[must_use]
    pub fn callee(self) -> bool {
        matches!(self, Self::Callee | Self::Both)
    }
}

/// What becomes of a call that nobody fetched in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeout {
    /// How long it may stand.
    pub after: Duration,
    /// Whoever parked it is called.
    pub to_origin: bool,
    /// How many seconds that one may ring.
    pub dial_time_s: u32,
    /// Where it goes in the dialplan otherwise.
    pub context: String,
}

/// What who fetches a call, and who was parked, hear and may do from then on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Retrieval {
    /// A prompt; empty for none.
    pub tone: String,
    /// Who hears it.
    pub play: Party,
    /// Who may transfer by the codes of `features.conf`.
    pub transfer: Party,
    /// Who may park the call again.
    pub park: Party,
    /// Who may hang up.
    pub hangup: Party,
}

/// A parking lot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lot {
    /// Its name.
    pub name: String,
    /// The context of its extensions.
    pub context: String,
    /// The extension that parks; empty for none, and then there are none of the spaces either.
    pub extension: String,
    /// That extension parks here, whatever lot the call has.
    pub exclusive: bool,
    /// Its spaces.
    pub spaces: RangeInclusive<u32>,
    /// Which of them a call gets.
    pub order: Order,
    /// The class of music that the parked hear; empty for the channel's own.
    pub music: String,
    /// When time is over.
    pub timeout: Timeout,
    /// When a call is fetched.
    pub retrieval: Retrieval,
}

impl Lot {
    /// The extensions of its context, each with what it runs.
    pub fn extensions(&self) -> impl Iterator<Item = (String, String)> {
        let name = if self.exclusive { self.name.as_str() } else { "" };
        let has = !self.extension.is_empty();
        let parks = has.then(|| (self.extension.clone(), format!("Park({name})")));
        // One that the extension has taken cannot be dialled; it is fetched by ParkedCall.
        let spaces =
            self.spaces.clone().filter(move |space| has && space.to_string() != self.extension);
        let fetches =
            spaces.map(|space| (space.to_string(), format!("ParkedCall({},{space})", self.name)));
        parks.into_iter().chain(fetches)
    }
}

/// Reads `701-750`, or one number.
///
/// # Errors
/// In words, what to write.
pub fn spaces(text: &str) -> Result<RangeInclusive<u32>, String> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let number = |text: &str| text.trim().parse::<u32>().ok();
    match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last && last - first < MOST_SPACES => {
            Ok(first..=last)
        }
        (Some(first), Some(last)) if first <= last => {
            Err(format!("at most {MOST_SPACES} spaces to a lot"))
        }
        _ => Err("the first and the last space, as in 701-750".to_owned()),
    }
}

/// The name of a device as an extension can have it: `PJSIP/alice` is `PJSIP_alice`.
#[must_use]
pub fn flattened(device: &str) -> String {
    device.replace('/', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_are_a_range_or_one() {
        assert_eq!(spaces("701-750"), Ok(701..=750));
        assert_eq!(spaces(" 5 - 5 "), Ok(5..=5));
        assert_eq!(spaces("800"), Ok(800..=800));
        for wrong in ["", "750-701", "a-b", "7-", "-7", "1-99999", "1-2-3", "0-4294967296"] {
            assert!(spaces(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_lot_has_extensions_when_one_parks() {
        let mut lot = crate::spaces::tests::lot(701..=703, Order::First);
        assert_eq!(lot.extensions().count(), 0);
        lot.extension = "700".to_owned();
        let written: Vec<_> = lot.extensions().collect();
        assert_eq!(written[0], ("700".to_owned(), "Park()".to_owned()));
        assert_eq!(written[3], ("703".to_owned(), "ParkedCall(default,703)".to_owned()));
        lot.extension = "702".to_owned();
        let written: Vec<_> = lot.extensions().map(|(exten, _)| exten).collect();
        assert_eq!(written, ["702", "701", "703"], "none is there twice");
        lot.extension = "700".to_owned();
        lot.exclusive = true;
        assert_eq!(lot.extensions().next().map(|(_, runs)| runs).as_deref(), Some("Park(default)"));
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_written_is_a_range_within_bounds_or_none(
            text in "[0-9 -]{0,12}|\\PC{0,12}",
        ) {
            if let Ok(range) = spaces(&text) {
                proptest::prop_assert!(range.start() <= range.end());
                proptest::prop_assert!(range.end() - range.start() < MOST_SPACES);
            }
        }

        #[test]
        fn a_range_reads_back(first in 0_u32..100_000, more in 0_u32..MOST_SPACES) {
            let last = first + more;
            proptest::prop_assert_eq!(spaces(&format!("{first}-{last}")), Ok(first..=last));
        }
    }

    #[test]
    fn parties_have_words() {
        for (word, caller, callee) in [
            ("no", false, false),
            ("Caller", true, false),
            ("callee", false, true),
            ("both", true, true),
        ] {
            let party = Party::from_name(word).expect(word);
            assert_eq!((party.caller(), party.callee()), (caller, callee), "{word}");
        }
        assert_eq!(Party::from_name("everybody"), None);
        assert_eq!(Order::from_name("NEXT"), Some(Order::Next));
    }
}
