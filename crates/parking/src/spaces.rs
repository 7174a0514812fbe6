//! Who stands where: the spaces of all lots. A call stands on one space at most, and a space has
//! one call at most; whoever fetches a call claims it first, so that no two talk to it.

use std::collections::BTreeMap;
use std::time::Instant;

use sidetone_base::ChannelId;

use crate::lot::{Lot, Order};

/// A call that is to be parked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its channel.
    pub channel: ChannelId,
    /// The channel's name.
    pub name: String,
    /// The device that parks it, as `PJSIP/alice`.
    pub parker: String,
    /// A channel whose space it takes over (attended transfer).
    pub instead_of: Option<String>,
}

/// Which space it wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// As the lot says.
    Order,
    /// Any; the number is drawn by chance.
    Random(u64),
    /// This one.
    This(u32),
}

/// Why there is no space for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// All are taken.
    Full,
    /// The one that it wants is taken.
    Taken(u32),
    /// The one that it wants is not of this lot.
    Outside(u32),
    /// It stands somewhere already.
    Already,
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Full => f.write_str("all spaces are taken"),
            Self::Taken(space) => write!(f, "space {space} is taken"),
            Self::Outside(space) => write!(f, "there is no space {space}"),
            Self::Already => f.write_str("the call is parked already"),
        }
    }
}

/// A parked call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parked {
    /// Its channel.
    pub channel: ChannelId,
    /// The channel's name.
    pub name: String,
    /// The device that parked it.
    pub parker: String,
    /// The lot.
    pub lot: String,
    /// The space.
    pub space: u32,
    /// When its time is over.
    pub until: Instant,
    /// Somebody is about to fetch it.
    pub claimed: bool,
}

/// One lot's spaces.
#[derive(Clone, Debug, Default)]
struct Spaces {
    taken: BTreeMap<u32, Parked>,
    /// The space of the call that was parked last.
    last: Option<u32>,
    /// The name of the channel that last left a space.
    left: BTreeMap<u32, String>,
}

/// All parked calls.
#[derive(Clone, Debug, Default)]
pub struct Parking {
    lots: BTreeMap<String, Spaces>,
}

impl Parking {
    /// Parks a call until a time.
    ///
    /// # Errors
    /// [`Refused`]
    pub fn park(
        &mut self,
        lot: &Lot,
        entry: Entry,
        choice: Choice,
        until: Instant,
    ) -> Result<u32, Refused> {
        if self.find(entry.channel).is_some() {
            return Err(Refused::Already);
        }
        let spaces = self.lots.entry(lot.name.clone()).or_default();
        let inherited = entry.instead_of.as_deref().and_then(|name| spaces.of(name));
        let space = match (inherited, choice) {
            (Some(space), _) => space,
            (None, Choice::This(space)) if !lot.spaces.contains(&space) => {
                return Err(Refused::Outside(space));
            }
            (None, Choice::This(space)) if spaces.taken.contains_key(&space) => {
                return Err(Refused::Taken(space));
            }
            (None, Choice::This(space)) => space,
            (None, Choice::Order) => spaces.in_order(lot).ok_or(Refused::Full)?,
            (None, Choice::Random(drawn)) => spaces.by_chance(lot, drawn).ok_or(Refused::Full)?,
        };
        spaces.last = Some(space);
        spaces.left.remove(&space);
        let Entry { channel, name, parker, .. } = entry;
        let lot = lot.name.clone();
        spaces
            .taken
            .insert(space, Parked { channel, name, parker, lot, space, until, claimed: false });
        Ok(space)
    }

    /// The call leaves its space, which is free from now on. `None` when it has none, be it that
    /// another took it over.
    pub fn leave(&mut self, channel: ChannelId) -> Option<Parked> {
        let found = self.find(channel)?;
        let (lot, space) = (found.lot.clone(), found.space);
        let spaces = self.lots.get_mut(&lot)?;
        let parked = spaces.taken.remove(&space)?;
        spaces.left.insert(space, parked.name.clone());
        Some(parked)
    }

    /// Claims the call of a space, or of the first one that is taken, for who fetches it. `None`
    /// when nobody stands there, or somebody else fetches that call.
    pub fn claim(&mut self, lot: &str, space: Option<u32>) -> Option<Parked> {
        let spaces = self.lots.get_mut(lot)?;
        let mut all = spaces.taken.values_mut().filter(|parked| !parked.claimed);
        let found = all.find(|parked| space.is_none_or(|space| parked.space == space))?;
        found.claimed = true;
        Some(found.clone())
    }

    /// Whoever claimed the call does not come.
    pub fn release(&mut self, channel: ChannelId) {
        let all = self.lots.values_mut().flat_map(|spaces| spaces.taken.values_mut());
        if let Some(parked) = all.into_iter().find(|parked| parked.channel == channel) {
            parked.claimed = false;
        }
    }

    /// Where a call stands.
    #[must_use]
    pub fn find(&self, channel: ChannelId) -> Option<&Parked> {
        self.all().find(|parked| parked.channel == channel)
    }

    /// The calls of a lot, by space.
    pub fn of<'a>(&'a self, lot: &str) -> impl Iterator<Item = &'a Parked> {
        self.lots.get(lot).into_iter().flat_map(|spaces| spaces.taken.values())
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &Parked> {
        self.lots.values().flat_map(|spaces| spaces.taken.values())
    }
}

impl Spaces {
    /// The space a channel stands on, or was the last to leave and nobody took since.
    fn of(&self, name: &str) -> Option<u32> {
        let standing = self.taken.values().find(|parked| parked.name == name);
        let left = || {
            let mut left = self.left.iter().filter(|(space, _)| !self.taken.contains_key(space));
            left.find(|(_, known)| *known == name).map(|(space, _)| *space)
        };
        standing.map(|parked| parked.space).or_else(left)
    }

    fn in_order(&self, lot: &Lot) -> Option<u32> {
        let is_free = |space: &u32| !self.taken.contains_key(space);
        let first = *lot.spaces.start();
        let from = match (lot.order, self.last) {
            (Order::Next, Some(last)) if lot.spaces.contains(&last) => last.saturating_add(1),
            _ => first,
        };
        let mut rest = from..=*lot.spaces.end();
        rest.find(is_free).or_else(|| (first..from).find(is_free))
    }

    fn by_chance(&self, lot: &Lot, drawn: u64) -> Option<u32> {
        let free: Vec<u32> =
            lot.spaces.clone().filter(|space| !self.taken.contains_key(space)).collect();
        let count = u64::try_from(free.len()).unwrap_or(u64::MAX).max(1);
        free.get(usize::try_from(drawn % count).unwrap_or(0)).copied()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::ops::RangeInclusive;
    use std::time::Duration;

    use super::*;
    use crate::lot::{Retrieval, Timeout};

    pub(crate) fn lot(spaces: RangeInclusive<u32>, order: Order) -> Lot {
        Lot {
            name: "default".to_owned(),
            context: "parkedcalls".to_owned(),
            extension: String::new(),
            exclusive: false,
            spaces,
            order,
            music: String::new(),
            timeout: Timeout {
                after: Duration::from_secs(45),
                to_origin: true,
                dial_time_s: 30,
                context: "parkedcallstimeout".to_owned(),
            },
            retrieval: Retrieval::default(),
        }
    }

    fn call(number: u64) -> Entry {
        Entry {
            channel: ChannelId(number),
            name: format!("PJSIP/{number}"),
            parker: "PJSIP/alice".to_owned(),
            instead_of: None,
        }
    }

    #[test]
    fn the_first_free_space_or_the_next_one() {
        let until = Instant::now();
        for (order, then) in [(Order::First, 701), (Order::Next, 703)] {
            let (lot, mut parking) = (lot(701..=703, order), Parking::default());
            assert_eq!(parking.park(&lot, call(1), Choice::Order, until), Ok(701));
            assert_eq!(parking.park(&lot, call(2), Choice::Order, until), Ok(702));
            assert_eq!(parking.park(&lot, call(2), Choice::Order, until), Err(Refused::Already));
            parking.leave(ChannelId(1));
            assert_eq!(parking.park(&lot, call(3), Choice::Order, until), Ok(then));
            // The last free one, wherever it is.
            assert!(parking.park(&lot, call(4), Choice::Order, until).is_ok());
            assert_eq!(parking.park(&lot, call(5), Choice::Order, until), Err(Refused::Full));
        }
    }

    #[test]
    fn a_space_that_is_asked_for_is_given_when_it_is_free() {
        let (lot, mut parking) = (lot(701..=703, Order::First), Parking::default());
        let until = Instant::now();
        assert_eq!(parking.park(&lot, call(1), Choice::This(702), until), Ok(702));
        let taken = parking.park(&lot, call(2), Choice::This(702), until);
        assert_eq!(taken, Err(Refused::Taken(702)));
        let outside = parking.park(&lot, call(2), Choice::This(704), until);
        assert_eq!(outside, Err(Refused::Outside(704)));
    }

    #[test]
    fn a_call_is_fetched_by_one() {
        let (lot, mut parking) = (lot(701..=703, Order::First), Parking::default());
        let until = Instant::now();
        for number in 1..=2 {
            let parked = parking.park(&lot, call(number), Choice::Order, until);
            assert!(parked.is_ok());
        }
        assert_eq!(parking.claim("default", Some(702)).map(|it| it.channel), Some(ChannelId(2)));
        assert_eq!(parking.claim("default", Some(702)), None);
        assert_eq!(parking.claim("default", None).map(|it| it.space), Some(701));
        assert_eq!(parking.claim("default", None), None);
        parking.release(ChannelId(2));
        assert_eq!(parking.claim("default", None).map(|it| it.space), Some(702));
        assert_eq!(parking.claim("other", None), None);
    }

    #[test]
    fn who_takes_the_place_of_a_parked_channel_takes_its_space() {
        for leaves_first in [true, false] {
            let (lot, mut parking) = (lot(701..=703, Order::Next), Parking::default());
            let until = Instant::now();
            assert_eq!(parking.park(&lot, call(1), Choice::Order, until), Ok(701));
            if leaves_first {
                parking.leave(ChannelId(1));
            }
            let heir = Entry { instead_of: Some("PJSIP/1".to_owned()), ..call(2) };
            assert_eq!(parking.park(&lot, heir, Choice::Order, until), Ok(701));
            assert_eq!(parking.leave(ChannelId(1)), None, "it has no space any more");
            assert_eq!(parking.find(ChannelId(2)).map(|it| it.space), Some(701));
        }
    }

    #[derive(Clone, Debug)]
    enum Step {
        Park(u64, u8),
        Leave(u64),
        Claim(u32),
        Release(u64),
    }

    fn step() -> impl proptest::strategy::Strategy<Value = Step> {
        use proptest::prelude::*;
        prop_oneof![
            (0_u64..9, any::<u8>()).prop_map(|(call, how)| Step::Park(call, how)),
            (0_u64..9).prop_map(Step::Leave),
            (0_u32..8).prop_map(Step::Claim),
            (0_u64..9).prop_map(Step::Release),
        ]
    }

    proptest::proptest! {
        #[test]
        fn no_two_calls_stand_on_one_space_and_all_spaces_are_given_back(
            next in proptest::bool::ANY,
            steps in proptest::collection::vec(step(), 0..60),
        ) {
            let order = if next { Order::Next } else { Order::First };
            let lot = lot(3..=7, order);
            let (mut parking, until) = (Parking::default(), Instant::now());
            let mut standing = BTreeMap::new();
            for step in steps {
                match step {
                    Step::Park(number, how) => {
                        let choice = match how % 3 {
                            0 => Choice::Order,
                            1 => Choice::Random(how.into()),
                            _ => Choice::This(u32::from(how) % 10),
                        };
                        match parking.park(&lot, call(number), choice, until) {
                            Ok(space) => {
                                proptest::prop_assert!(lot.spaces.contains(&space));
                                let is_free = standing.values().all(|taken| *taken != space);
                                proptest::prop_assert!(is_free);
                                proptest::prop_assert!(standing.insert(number, space).is_none());
                            }
                            Err(Refused::Full) => proptest::prop_assert_eq!(standing.len(), 5),
                            Err(Refused::Already) => {
                                proptest::prop_assert!(standing.contains_key(&number));
                            }
                            Err(Refused::Taken(space)) => {
                                let mut taken = standing.values();
                                proptest::prop_assert!(taken.any(|other| *other == space));
                            }
                            Err(Refused::Outside(space)) => {
                                proptest::prop_assert!(!lot.spaces.contains(&space));
                            }
                        }
                    }
                    Step::Leave(number) => {
                        let left = parking.leave(ChannelId(number)).map(|parked| parked.space);
                        proptest::prop_assert_eq!(left, standing.remove(&number));
                    }
                    Step::Claim(space) => {
                        let claimed = parking.claim("default", Some(space));
                        proptest::prop_assert!(claimed.is_none_or(|parked| parked.space == space));
                        proptest::prop_assert_eq!(parking.claim("default", Some(space)), None);
                    }
                    Step::Release(number) => parking.release(ChannelId(number)),
                }
                proptest::prop_assert_eq!(parking.all().count(), standing.len());
            }
            for number in 0..9 {
                parking.leave(ChannelId(number));
            }
            proptest::prop_assert_eq!(parking.all().count(), 0);
        }
    }
}
