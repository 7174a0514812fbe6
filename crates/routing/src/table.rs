//! `routes.conf` as values.

use std::time::Duration;

use jiff::Zoned;
use sidetone_conf::Span;
use sidetone_dialplan::TimeRange;

use crate::prices::Prices;
use crate::{Dialling, Number, Price, REST_CAUSES, STOP_CAUSES};

/// What decides first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// The price, then `order`.
    #[default]
    Price,
    /// `order`, then the price.
    Order,
}

/// One way out: a carrier, as a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// The name of its section.
    pub name: String,
    /// What Dial is told, with `${NUMBER}` for the number.
    pub dial: String,
    /// Where that is written.
    pub dial_at: Span,
    /// Option letters of Dial.
    pub options: String,
    /// Digits taken off the front of the number.
    pub strip: usize,
    /// What comes in front of the rest.
    pub prepend: String,
    /// Where it leads, and for how much.
    pub prices: Prices,
    /// Smaller ones first.
    pub order: u32,
    /// Whether it is used at all.
    pub enabled: bool,
    /// When it is used; always without any.
    pub times: Vec<TimeRange>,
    /// Calls at once.
    pub max_calls: Option<u32>,
    /// How long it rests after it failed; zero for not at all.
    pub hold_off: Duration,
    /// How long it may ring.
    pub timeout: Option<Duration>,
    /// How long nothing may be heard of it.
    pub silence: Option<Duration>,
}

impl Route {
    /// The number as this route wants it; `None` when it has fewer digits than are taken off, or
    /// no more.
    #[must_use]
    pub fn number(&self, number: &Number) -> Option<String> {
        let rest = number.digits().get(self.strip..).filter(|rest| !rest.is_empty())?;
        Some(format!("{}{rest}", self.prepend))
    }

    /// Whether it is used at this time of day.
    #[must_use]
    pub fn is_in_time(&self, wall: &Zoned) -> bool {
        self.times.is_empty() || self.times.iter().any(|time| time.contains(wall))
    }

    /// `dial` with what this crate knows put in: `${NUMBER}` as the route wants it, `${E164}` as
    /// it was before, `${ROUTE}` the name. All of them are free of marks that mean something to
    /// Dial.
    #[must_use]
    pub fn filled(&self, text: &str, number: &Number, own: &str) -> String {
        let text = text.replace("${NUMBER}", own).replace("${E164}", number.digits());
        text.replace("${ROUTE}", &self.name)
    }
}

/// All routes.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// How numbers are dialled.
    pub dialling: Dialling,
    /// What decides first.
    pub sort: Sort,
    /// Seconds of a call by which connection fees are spread over minutes.
    pub call_length_s: u32,
    /// The dearest minute, less the margin, when the call names none.
    pub max_price: Option<Price>,
    /// Percent of the dearest minute that are to remain.
    pub margin: u8,
    /// Routes that one call tries at most.
    pub max_tries: usize,
    /// Causes after which no other route is tried.
    pub stop_causes: Vec<u8>,
    /// Causes after which the route rests.
    pub rest_causes: Vec<u8>,
    /// In the order of the file.
    pub routes: Vec<Route>,
}

impl Default for Table {
    /// No routes, and what the options of `[general]` are without being set.
    fn default() -> Self {
        Self {
            dialling: Dialling {
                international: vec!["00".to_owned()],
                national: "0".to_owned(),
                country: String::new(),
            },
            sort: Sort::Price,
            call_length_s: 60,
            max_price: None,
            margin: 0,
            max_tries: 10,
            stop_causes: STOP_CAUSES.to_vec(),
            rest_causes: REST_CAUSES.to_vec(),
            routes: Vec::new(),
        }
    }
}
