//! Date (RFC 3261 §20.17): `Sat, 13 Nov 2010 23:29:00 GMT`, and no other zone.

use super::{HeaderError, Shape, TypedHeader};
use crate::name::Name;
use crate::text::Text;

/// A moment in seconds since 1970-01-01 00:00:00 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Date {
    /// Seconds since the epoch.
    pub unix_seconds: u64,
}

const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Days since the epoch of a date, by the civil-calendar arithmetic of 400-year cycles.
fn days_of(year: u64, month: u64, day: u64) -> Option<u64> {
    let (year, month) =
        if month <= 2 { (year.checked_sub(1)?, month + 9) } else { (year, month - 3) };
    let (era, year_of_era) = (year / 400, year % 400);
    let day_of_year = (153 * month + 2) / 5 + day.checked_sub(1)?;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    (era * 146_097 + day_of_era).checked_sub(719_468)
}

fn date_of(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

impl Date {
    fn read(text: &str) -> Option<Self> {
        let (_, rest) = text.split_once(',')?;
        let mut words = rest.split_ascii_whitespace();
        let day: u64 = words.next()?.parse().ok().filter(|day| (1..=31).contains(day))?;
        let month = words.next()?;
        let month = MONTHS.iter().position(|name| name.eq_ignore_ascii_case(month))?;
        let year: u64 = words.next()?.parse().ok().filter(|year| (1970..10_000).contains(year))?;
        let mut clock = words.next()?.split(':').map(str::parse::<u64>);
        let (hour, minute) = (clock.next()?.ok()?, clock.next()?.ok()?);
        let second = clock.next()?.ok()?;
        let in_range = hour < 24 && minute < 60 && second <= 60;
        if words.next() != Some("GMT") || words.next().is_some() || !in_range {
            return None;
        }
        let days = days_of(year, u64::try_from(month).ok()? + 1, day)?;
        Some(Self { unix_seconds: days * 86_400 + hour * 3600 + minute * 60 + second })
    }
}

impl TypedHeader for Date {
    const NAME: Name = Name::Date;
    const SHAPE: Shape = Shape::Single;

    fn parse(value: &Text) -> Result<Self, HeaderError> {
        let problem = "such as: Sat, 13 Nov 2010 23:29:00 GMT";
        value.as_str().and_then(Self::read).ok_or(Self::error(problem))
    }

    fn write(&self, out: &mut Vec<u8>) {
        let days = self.unix_seconds / 86_400;
        let clock = self.unix_seconds % 86_400;
        let (year, month, day) = date_of(days);
        // Both remainders are within their tables.
        let weekday = DAYS.get((days % 7) as usize).copied().unwrap_or_default();
        let month = MONTHS.get((month - 1) as usize).copied().unwrap_or_default();
        let (hour, minute, second) = (clock / 3600, clock / 60 % 60, clock % 60);
        let text =
            format!("{weekday}, {day:02} {month} {year} {hour:02}:{minute:02}:{second:02} GMT");
        out.extend_from_slice(text.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_read_and_print() {
        let text = Text::from("Sat, 13 Nov 2010 23:29:00 GMT");
        let date = Date::parse(&text).unwrap();
        assert_eq!(date.unix_seconds, 1_289_690_940);
        assert_eq!(date.to_text(), text);
        assert!(Date::parse(&Text::from("Fri, 01 Jan 2010 16:00:00 EST")).is_err());
    }
}
