//! STRPTIME: words as a time.

use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use sidetone_dialplan::Doc;
use sidetone_dialplan::arguments::split_at_most;

use super::{Function, FunctionHost, Outcome, arguments_error};

/// The reference page and the code.
pub(super) const FUNCTION: Function = Function {
    doc: Doc {
        name: "STRPTIME",
        synopsis: "Reads a time",
        syntax: "datetime,timezone,format",
        description: "Seconds since 1970. What the text does not say is today, or midnight.",
        arguments: &[
            ("datetime", "The text"),
            ("timezone", "Such as Europe/Berlin; the system's by default"),
            ("format", "As for strptime(3)"),
        ],
        see_also: &["STRFTIME()"],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: None,
};

fn read(host: &mut dyn FunctionHost, arguments: &str) -> Outcome {
    let parts = split_at_most(arguments, 3);
    let [text, zone, format] = parts.as_slice() else {
        return Err(arguments_error(
            "a text, a time zone (it may be empty) and a format are needed",
        ));
    };
    let wrong = |error| arguments_error(format!("`{text}` does not fit `{format}`: {error}"));
    let parsed = strtime::parse(format, text).map_err(wrong)?;
    if let Ok(moment) = parsed.to_timestamp() {
        return Ok(moment.as_second().to_string());
    }
    let now = host.now();
    let zone = match zone.trim() {
        "" => now.time_zone().clone(),
        name => {
            let wrong = |_| arguments_error(format!("`{name}` is no time zone"));
            TimeZone::get(name).map_err(wrong)?
        }
    };
    let date = parsed.to_date().unwrap_or_else(|_| now.with_time_zone(zone.clone()).date());
    let time = parsed.to_time().map_err(wrong)?;
    let moment = date.to_datetime(time).to_zoned(zone).map_err(wrong)?;
    Ok(moment.timestamp().as_second().to_string())
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn documented_examples_hold() {
        let mut host = host();
        for (arguments, expected) in [
            ("1970-01-01 00:00:00,UTC,%Y-%m-%d %H:%M:%S", "0"),
            ("1970-01-02,UTC,%Y-%m-%d", "86400"),
            ("2026-07-03 14:05:06,Europe/Berlin,%Y-%m-%d %H:%M:%S", "1783080306"),
            ("14:05:06,,%H:%M:%S", "1783080306"),
            ("2026-07-03 14:05:06 +0200,UTC,%Y-%m-%d %H:%M:%S %z", "1783080306"),
        ] {
            check(&mut host, "STRPTIME", arguments, expected);
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        refuse("STRPTIME", "abc,UTC,%Y");
        refuse("STRPTIME", "1970-01-01,Nowhere/City,%Y-%m-%d");
        refuse("STRPTIME", "1970-01-01");
    }
}
