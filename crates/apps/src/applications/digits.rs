//! Collecting an extension digit by digit, for `Background` and `WaitExten`.

use std::time::Duration;

use sidetone_dialplan::{Host as _, Match, Query, Stop};
use sidetone_pbx::Channel;

/// `TIMEOUT(digit)`: how long the next digit may take.
pub(super) const DIGIT_TIMEOUT: Duration = Duration::from_secs(5);

/// `TIMEOUT(response)`: how long the first digit may take.
pub(super) const RESPONSE_TIMEOUT: Duration = Duration::from_secs(10);

/// The longest extension that is collected.
const MOST_DIGITS: usize = 64;

/// Goes on collecting while more digits could still lead somewhere.
pub(super) async fn collect(
    channel: &mut Channel,
    first: char,
    context: &str,
) -> Result<String, Stop> {
    let mut digits = String::from(first);
    while digits.len() < MOST_DIGITS && wants_more(channel, context, &digits) {
        let until = channel.until(digit_timeout(channel));
        match channel.read_digit(until).await? {
            Some(digit) => digits.push(digit),
            None => break,
        }
    }
    Ok(digits)
}

fn digit_timeout(channel: &Channel) -> Duration {
    seconds_of(channel, "TIMEOUT(digit)").unwrap_or(DIGIT_TIMEOUT)
}

/// A time-out set by the dialplan, as the channel remembers it.
pub(super) fn seconds_of(channel: &Channel, name: &str) -> Option<Duration> {
    super::wait::seconds(channel.variables().value(name)?)
}

/// Whether the digit is an extension by itself.
pub(super) fn is_extension(channel: &Channel, context: &str, digit: char) -> bool {
    looked_up(channel, context, &digit.to_string(), |found| found.found().is_some())
}

fn wants_more(channel: &Channel, context: &str, digits: &str) -> bool {
    looked_up(channel, context, digits, |found| found.wants_more())
}

fn looked_up(
    channel: &Channel,
    context: &str,
    digits: &str,
    judge: impl FnOnce(Match<'_>) -> bool,
) -> bool {
    let caller = channel.caller().number.clone();
    let exchange = channel.exchange().clone();
    let query = Query {
        context,
        extension: digits,
        caller: Some(caller.as_str()).filter(|number| !number.is_empty()),
        now: &|| exchange.wall_clock(),
    };
    judge(channel.dialplan().lookup(&query))
}
