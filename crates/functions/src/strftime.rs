//! STRFTIME: a time in words.

use jiff::Timestamp;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use sidetone_dialplan::arguments::split_at_most;
use sidetone_dialplan::{Doc, FunctionError};

use super::{Function, FunctionHost, Outcome, arguments_error};

/// The reference page and the code.
pub(super) const FUNCTION: Function = Function {
    doc: Doc {
        name: "STRFTIME",
        synopsis: "Prints a time",
        syntax: "[epoch][,timezone][,format]",
        arguments: &[
            ("epoch", "Seconds since 1970, perhaps with decimals; now by default"),
            ("timezone", "Such as Europe/Berlin; the system's by default"),
            (
                "format",
                "As for strftime(3); %c by default. %q is tenths to nanoseconds: %3q is \
                milliseconds",
            ),
        ],
        see_also: &["STRPTIME()", "IFTIME()"],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: None,
};

fn read(host: &mut dyn FunctionHost, arguments: &str) -> Outcome {
    let parts = split_at_most(arguments, 3);
    let part = |index: usize| parts.get(index).map(|part| part.trim()).filter(|p| !p.is_empty());
    let mut time = host.now();
    if let Some(epoch) = part(0) {
        time = moment(epoch)?.to_zoned(time.time_zone().clone());
    }
    if let Some(name) = part(1) {
        let wrong = |_| arguments_error(format!("`{name}` is no time zone"));
        time = time.with_time_zone(TimeZone::get(name).map_err(wrong)?);
    }
    let format = spelt_out(part(2).unwrap_or("%c"), time.timestamp());
    let wrong = |error| arguments_error(format!("the format `{format}` is wrong: {error}"));
    strtime::format(&format, &time).map_err(wrong)
}

/// Seconds since 1970 with up to nine decimals.
fn moment(epoch: &str) -> Result<Timestamp, FunctionError> {
    let wrong = || arguments_error(format!("`{epoch}` is no number of seconds since 1970"));
    let (seconds, fraction) = epoch.split_once('.').unwrap_or((epoch, ""));
    let seconds: i64 = seconds.parse().map_err(|_| wrong())?;
    let digits: String = fraction.chars().chain("000000000".chars()).take(9).collect();
    let nanoseconds: i32 = digits.parse().map_err(|_| wrong())?;
    Timestamp::new(seconds, nanoseconds).map_err(|_| wrong())
}

/// Spells out what the library prints otherwise than C does (`%c`, `%x`, `%X`, `%r`), and replaces
/// `%q` and `%1q` to `%9q`, which strftime does not have, by decimals of the second.
fn spelt_out(format: &str, time: Timestamp) -> String {
    let digits = format!("{:09}", time.subsec_nanosecond().unsigned_abs());
    let mut out = String::new();
    let mut rest = format;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        let (count, letter) = match after.as_bytes() {
            [count @ b'1'..=b'9', b'q', ..] => (usize::from(count - b'0'), 2),
            [b'q', ..] => (9, 1),
            _ => (0, 0),
        };
        if letter == 0 {
            // `%%` is copied whole, so that its second half begins nothing.
            let width = after.chars().next().map_or(0, char::len_utf8);
            match after.get(..width).unwrap_or_default() {
                "c" => out.push_str("%a %b %e %H:%M:%S %Y"),
                "x" => out.push_str("%m/%d/%y"),
                "X" => out.push_str("%H:%M:%S"),
                "r" => out.push_str("%I:%M:%S %p"),
                other => {
                    out.push('%');
                    out.push_str(other);
                }
            }
            rest = after.get(width..).unwrap_or_default();
            continue;
        }
        out.push_str(digits.get(..count).unwrap_or_default());
        rest = after.get(letter..).unwrap_or_default();
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn documented_examples_hold() {
        let mut host = host();
        for (arguments, expected) in [
            ("0,UTC,%Y-%m-%d %H:%M:%S", "1970-01-01 00:00:00"),
            ("0,Europe/Berlin,%H:%M %Z", "01:00 CET"),
            (",,%A, %d %B %Y", "Friday, 03 July 2026"),
            (",,%H:%M:%S.%3q", "14:05:06.789"),
            (",,%%3q%q", "%3q789000000"),
            ("1.25,UTC,%s.%2q", "1.25"),
            (",,%e %-d %j", " 3 3 184"),
            ("0,UTC", "Thu Jan  1 00:00:00 1970"),
            ("0,UTC,%x %X %r", "01/01/70 00:00:00 12:00:00 AM"),
        ] {
            check(&mut host, "STRFTIME", arguments, expected);
        }
    }

    #[test]
    fn wrong_times_are_refused() {
        refuse("STRFTIME", "abc");
        refuse("STRFTIME", "0,Nowhere/City");
        refuse("STRFTIME", "0,UTC,%!");
        refuse("STRFTIME", "99999999999999");
    }
}
