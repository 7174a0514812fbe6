//! Which routes lead to a number, in the order in which they are tried, and why the others do not.

use std::fmt;
use std::time::{Duration, Instant};

use jiff::Zoned;

use crate::prices::Found;
use crate::{Number, Price, Rate, Route, Sort, State, Table};

/// A question to the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Who is to be reached.
    pub number: Number,
    /// The dearest minute, instead of what the table says.
    pub max_price: Option<Price>,
    /// Only these routes; all when empty.
    pub only: Vec<String>,
}

impl Ask {
    /// Reads number, dearest minute (may be empty) and routes (`a&b`, or empty for all).
    ///
    /// # Errors
    /// What of them is none, in words.
    pub fn read(
        table: &Table,
        number: &str,
        max_price: &str,
        routes: &str,
    ) -> Result<Self, String> {
        let number = Number::new(number, &table.dialling)?;
        let max_price = match max_price.trim() {
            "" => None,
            text => Some(Price::new(text)?),
        };
        let names = routes.split('&').map(str::trim).filter(|name| !name.is_empty());
        let only: Vec<String> = names.map(str::to_owned).collect();
        let is_there = |name: &&String| table.routes.iter().any(|route| route.name == **name);
        match only.iter().find(|name| !is_there(name)) {
            Some(name) => Err(format!("no route is called '{name}'")),
            None => Ok(Self { number, max_price, only }),
        }
    }
}

/// When it is asked.
#[derive(Clone, Debug)]
pub struct Moment {
    /// The time, for rests.
    pub now: Instant,
    /// The time of day.
    pub wall: Zoned,
}

/// A route that may be tried.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate<'t> {
    /// Which.
    pub route: &'t Route,
    /// The number as it wants it.
    pub number: String,
    /// The longest prefix of the number that it has.
    pub prefix: &'t str,
    /// What a minute and the connection cost.
    pub rate: Rate,
    /// What the price list calls the destination.
    pub description: &'t str,
    /// What a minute costs with the fee spread over it, in millionths.
    pub compared: u64,
}

/// Why a route is not tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// `enabled = no`
    Disabled,
    /// The call does not want it.
    Unwanted,
    /// No price for the number.
    NoPrefix,
    /// `block`
    Blocked,
    /// The number has no more digits than `strip` takes off.
    TooShort,
    /// It is not the time for it.
    Time,
    /// It failed and rests for so long.
    Resting(Duration),
    /// It carries as many calls as it may.
    Full(u32),
    /// It costs more than this.
    TooDear(Price),
}

impl Reason {
    /// Whether it may be over soon: the route leads there, and has no room for the call.
    #[must_use]
    pub fn is_passing(self) -> bool {
        matches!(self, Self::Resting(_) | Self::Full(_))
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Disabled => f.write_str("disabled"),
            Self::Unwanted => f.write_str("not among the routes asked for"),
            Self::NoPrefix => f.write_str("no price for this number"),
            Self::Blocked => f.write_str("blocked"),
            Self::TooShort => f.write_str("fewer digits than strip takes off"),
            Self::Time => f.write_str("not at this time"),
            Self::Resting(left) => write!(f, "resting for {} s", left.as_secs().max(1)),
            Self::Full(most) => write!(f, "full: {most} calls"),
            Self::TooDear(most) => write!(f, "too dear: at most {most}"),
        }
    }
}

/// A route that is not tried.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LeftOut<'t> {
    /// Which.
    pub route: &'t Route,
    /// What the longest prefix says, if there is one.
    pub found: Option<Found<'t>>,
    /// Why.
    pub reason: Reason,
}

/// The answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Choice<'t> {
    /// Those to try, in order.
    pub candidates: Vec<Candidate<'t>>,
    /// The others, in the order of the file.
    pub left_out: Vec<LeftOut<'t>>,
}

impl Table {
    /// Which routes lead to a number, the best first. The order is total: what prices and `order`
    /// leave open, the file decides.
    #[must_use]
    pub fn choose<'t>(&'t self, ask: &'t Ask, moment: &Moment, state: &State) -> Choice<'t> {
        let mut choice = Choice::default();
        for route in &self.routes {
            let found = route.prices.longest(ask.number.digits());
            match self.consider(route, found, ask, moment, state) {
                Ok(candidate) => choice.candidates.push(candidate),
                Err(reason) => choice.left_out.push(LeftOut { route, found, reason }),
            }
        }
        choice.candidates.sort_by_key(|candidate| match self.sort {
            Sort::Price => (candidate.compared, u64::from(candidate.route.order)),
            Sort::Order => (u64::from(candidate.route.order), candidate.compared),
        });
        choice
    }

    fn consider<'t>(
        &self,
        route: &'t Route,
        found: Option<Found<'t>>,
        ask: &Ask,
        moment: &Moment,
        state: &State,
    ) -> Result<Candidate<'t>, Reason> {
        if !route.enabled {
            return Err(Reason::Disabled);
        }
        if !ask.only.is_empty() && !ask.only.contains(&route.name) {
            return Err(Reason::Unwanted);
        }
        let found = found.ok_or(Reason::NoPrefix)?;
        if found.blocked {
            return Err(Reason::Blocked);
        }
        let number = route.number(&ask.number).ok_or(Reason::TooShort)?;
        if !route.is_in_time(&moment.wall) {
            return Err(Reason::Time);
        }
        let compared = self.compared(found.rate);
        if let Some(most) = self.limit(ask.max_price)
            && compared > most.millionths()
        {
            return Err(Reason::TooDear(most));
        }
        if let Some(reason) = state.objection(route, moment.now) {
            return Err(reason);
        }
        let Found { prefix, rate, description, .. } = found;
        Ok(Candidate { route, number, prefix, rate, description, compared })
    }

    /// The dearest minute that may be, the margin taken off.
    fn limit(&self, of_call: Option<Price>) -> Option<Price> {
        Some(of_call.or(self.max_price)?.less_percent(self.margin))
    }

    /// A minute of a call of the usual length, in millionths.
    fn compared(&self, rate: Rate) -> u64 {
        let spread = rate.fee.millionths() * 60 / u64::from(self.call_length_s.max(1));
        rate.price.millionths() + spread
    }
}
