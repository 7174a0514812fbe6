//! Conditions on the time of day: `times,weekdays,mdays,months[,timezone]`.
//!
//! Used by `include`, GotoIfTime, ExecIfTime and IFTIME. The time is an argument; this module
//! reads no clock. Both ends of a range belong to it, and a range may wrap (`22:00-06:00`,
//! `sat-mon`). Several ranges are joined with `&`.

use std::fmt;

use jiff::Zoned;
use jiff::tz::TimeZone;

const MINUTES_PER_DAY: u16 = 24 * 60;
const WEEKDAYS: [&str; 7] =
    ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// The parts of a wall clock that conditions look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CivilTime {
    /// Minutes since midnight, 0 to 1439.
    pub minute: u16,
    /// 0 is Sunday.
    pub weekday: u8,
    /// 1 to 31.
    pub day: u8,
    /// 1 to 12.
    pub month: u8,
}

impl From<&Zoned> for CivilTime {
    fn from(time: &Zoned) -> Self {
        let small = |value: i8| value.unsigned_abs();
        Self {
            minute: u16::from(small(time.hour())) * 60 + u16::from(small(time.minute())),
            weekday: small(time.weekday().to_sunday_zero_offset()),
            day: small(time.day()),
            month: small(time.month()),
        }
    }
}

/// A parsed condition.
#[derive(Clone, Debug, PartialEq)]
pub struct TimeRange {
    text: String,
    /// Inclusive ranges in minutes; `from > to` wraps over midnight. Empty means always.
    times: Vec<(u16, u16)>,
    weekdays: u32,
    days: u32,
    months: u32,
    zone: Option<TimeZone>,
}

/// A field that cannot be read, and what is expected there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeRangeError(String);

impl fmt::Display for TimeRangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TimeRangeError {}

impl TimeRange {
    /// Parses `times,weekdays,mdays,months[,timezone]`; missing fields mean `*`. The old `|` is
    /// taken for `,`.
    ///
    /// # Errors
    /// Names the field and what it may hold.
    pub fn new(text: &str) -> Result<Self, TimeRangeError> {
        let mut fields = text.splitn(5, [',', '|']).map(str::trim);
        let mut field = || fields.next().filter(|field| !field.is_empty()).unwrap_or("*");
        let times = parse_times(field())?;
        let weekdays = parse_set(field(), &Unit { name: "weekday", names: &WEEKDAYS, first: 0 })?;
        let days = parse_set(field(), &Unit { name: "day of the month", names: &[], first: 1 })?;
        let months = parse_set(field(), &Unit { name: "month", names: &MONTHS, first: 1 })?;
        let zone = match field() {
            "*" => None,
            name => Some(TimeZone::get(name).map_err(|_| {
                TimeRangeError(format!("`{name}` is no time zone such as `Europe/Berlin`"))
            })?),
        };
        Ok(Self { text: text.to_owned(), times, weekdays, days, months, zone })
    }

    /// Whether the moment lies within. The condition's own time zone, if any, decides.
    #[must_use]
    pub fn contains(&self, now: &Zoned) -> bool {
        match &self.zone {
            Some(zone) => self.contains_civil((&now.with_time_zone(zone.clone())).into()),
            None => self.contains_civil(now.into()),
        }
    }

    /// Whether a wall clock reading lies within, whatever the time zone.
    #[must_use]
    pub fn contains_civil(&self, time: CivilTime) -> bool {
        let holds = |set: u32, bit: u8| set.checked_shr(u32::from(bit)).unwrap_or(0) & 1 == 1;
        let within = |&(from, to): &(u16, u16)| {
            if from <= to {
                (from..=to).contains(&time.minute)
            } else {
                time.minute >= from || time.minute <= to
            }
        };
        holds(self.weekdays, time.weekday)
            && holds(self.days, time.day)
            && holds(self.months, time.month)
            && (self.times.is_empty() || self.times.iter().any(within))
    }

    /// The condition as it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

fn parse_times(field: &str) -> Result<Vec<(u16, u16)>, TimeRangeError> {
    if field == "*" {
        return Ok(Vec::new());
    }
    let parse_one = |range: &str| -> Option<(u16, u16)> {
        let (from, to) = range.split_once('-').unwrap_or((range, range));
        Some((parse_clock(from)?, parse_clock(to)?))
    };
    let ranges = field.split('&').map(|range| match range.trim() {
        "*" => Ok((0, MINUTES_PER_DAY - 1)),
        range => parse_one(range).ok_or_else(|| {
            TimeRangeError(format!("`{range}` is no time range such as `9:00-17:30`"))
        }),
    });
    ranges.collect()
}

fn parse_clock(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(':')?;
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    // `24:00` is how people write the end of the day.
    match (hour, minute) {
        (24, 0) => Some(MINUTES_PER_DAY - 1),
        (0..24, 0..60) => Some(hour * 60 + minute),
        _ => None,
    }
}

/// What one of the three set fields holds.
struct Unit {
    name: &'static str,
    /// Full names; the first three letters suffice. None: numbers only, up to 31.
    names: &'static [&'static str],
    /// The number of the first value.
    first: u32,
}

impl Unit {
    /// Values of this unit; days of the month have no names.
    fn count(&self) -> u32 {
        if self.names.is_empty() { 31 } else { u32::try_from(self.names.len()).unwrap_or(0) }
    }

    fn value(&self, text: &str) -> Option<u32> {
        let text = text.trim().to_ascii_lowercase();
        let named = |name: &&str| text.len() >= 3 && name.starts_with(&text);
        if let Some(index) = self.names.iter().position(named) {
            return Some(u32::try_from(index).ok()? + self.first);
        }
        let value: u32 = text.parse().ok()?;
        (self.first..self.first + self.count()).contains(&value).then_some(value)
    }
}

fn parse_set(field: &str, unit: &Unit) -> Result<u32, TimeRangeError> {
    if field == "*" {
        return Ok(u32::MAX);
    }
    let mut set = 0;
    for range in field.split('&') {
        let (from, to) = range.split_once('-').unwrap_or((range, range));
        let (Some(from), Some(to)) = (unit.value(from), unit.value(to)) else {
            return Err(TimeRangeError(format!("`{range}` is no {} or range of them", unit.name)));
        };
        let mut value = from;
        loop {
            set |= 1 << value;
            if value == to {
                break;
            }
            value = unit.first + (value - unit.first + 1) % unit.count();
        }
    }
    Ok(set)
}
