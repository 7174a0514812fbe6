//! `route show`, `route show NUMBER`, `route reload`: the table of `routes.conf`, and what it says
//! of a number.

use std::fmt::Write as _;

use sidetone_routing::{Ask, Choice, Moment, Reason, Route, Sort, State, Table};

use super::{Context, text, wrong};
use crate::socket::Answer;

/// `route show [NUMBER [MAX_PRICE]]`
pub(super) async fn show(context: &Context, args: &[&str]) -> Answer {
    let exchange = &context.exchange;
    let config = exchange.config();
    let moment = Moment { now: exchange.now(), wall: exchange.wall_clock() };
    let state = exchange.routes().clone();
    match args {
        [] => text(list(&config.routes, &moment, &state)),
        [number] => decided(&config.routes, number, "", &moment, &state),
        [number, most] => decided(&config.routes, number, most, &moment, &state),
        _ => wrong("Usage: route show [<number> [<max price>]]\n"),
    }
}

/// `route reload`
pub(super) async fn reload(context: &Context, _: &[&str]) -> Answer {
    context.surroundings.reload(Some("routes".to_owned())).await
}

fn list(table: &Table, moment: &Moment, state: &State) -> String {
    let mut out = format!(
        "{:<20} {:>7} {:>7} {:>6} {:>6} {:>8} {:>8} {:>8}  {:<16} {}\n",
        "Route", "Prices", "Order", "Calls", "Max", "Tried", "Answered", "Failed", "Status", "Dial"
    );
    for route in &table.routes {
        let standing = state.of(&route.name);
        let most = route.max_calls.map_or_else(|| "-".to_owned(), |most| most.to_string());
        let _ = writeln!(
            out,
            "{:<20} {:>7} {:>7} {:>6} {:>6} {:>8} {:>8} {:>8}  {:<16} {}",
            route.name,
            route.prices.count(),
            route.order,
            standing.calls,
            most,
            standing.tried,
            standing.answered,
            standing.failed,
            status(route, moment, state),
            route.dial
        );
    }
    let first = match table.sort {
        Sort::Price => "the price decides first",
        Sort::Order => "the order decides first",
    };
    let _ = writeln!(out, "{} routes, {first}", table.routes.len());
    out
}

fn status(route: &Route, moment: &Moment, state: &State) -> String {
    let reason = if !route.enabled {
        Some(Reason::Disabled)
    } else if !route.is_in_time(&moment.wall) {
        Some(Reason::Time)
    } else {
        state.objection(route, moment.now)
    };
    reason.map_or_else(|| "ready".to_owned(), |why| why.to_string())
}

fn decided(table: &Table, number: &str, most: &str, moment: &Moment, state: &State) -> Answer {
    let ask = match Ask::read(table, number, most, "") {
        Ok(ask) => ask,
        Err(words) => return wrong(format!("{words}\n")),
    };
    let choice = table.choose(&ask, moment, state);
    let mut out = format!(
        "Number {}: {} routes in this order, {} left out\n",
        ask.number,
        choice.candidates.len(),
        choice.left_out.len()
    );
    rows(&mut out, &choice, &ask);
    text(out)
}

fn rows(out: &mut String, choice: &Choice<'_>, ask: &Ask) {
    let _ = writeln!(
        out,
        "{:>3} {:<20} {:>10} {:>10}  {:<18} Dial, or why it is left out",
        "", "Route", "Price", "Fee", "Prefix"
    );
    for (place, found) in choice.candidates.iter().enumerate() {
        let words = if found.description.is_empty() {
            String::new()
        } else {
            format!(" ({})", found.description)
        };
        let _ = writeln!(
            out,
            "{:>3} {:<20} {:>10} {:>10}  {:<18} {}{words}",
            place + 1,
            found.route.name,
            found.rate.price,
            found.rate.fee,
            prefix(found.prefix),
            found.route.filled(&found.route.dial, &ask.number, &found.number)
        );
    }
    for left in &choice.left_out {
        let (price, fee, prefix) = match left.found.filter(|found| !found.blocked) {
            Some(found) => {
                (found.rate.price.to_string(), found.rate.fee.to_string(), prefix(found.prefix))
            }
            None => ("-".to_owned(), "-".to_owned(), left.found.map_or("-", |it| it.prefix)),
        };
        let (name, reason) = (&left.route.name, left.reason);
        let _ = writeln!(out, "  - {name:<20} {price:>10} {fee:>10}  {prefix:<18} {reason}");
    }
}

/// The price of everything else has no digits.
fn prefix(digits: &str) -> &str {
    if digits.is_empty() { "*" } else { digits }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    const ROUTES: &str = "[general]\ncountry = 49\nmax_price = 0.05\n\
        [first]\ndial = PJSIP/${NUMBER}@first\nprices = first.csv\nmax_calls = 30\n\
        [second]\ndial = PJSIP/+${NUMBER}@second\nprice => 49,0.0120\n\
        [third]\ndial = PJSIP/${NUMBER}@third\nprice => *,0.0700,0.05\n\
        [fourth]\ndial = PJSIP/${NUMBER}@fourth\nblock = 4930\nenabled = no\n";

    fn told(ask: impl FnOnce(&Table, &Moment, &mut State) -> String) -> Vec<String> {
        let source = sidetone_conf::MemorySource::new()
            .with("/etc/pjsip.conf", "[u]\ntype=transport\nbind=127.0.0.1\n")
            .with("/etc/first.csv", "49,0.009,Germany\n")
            .with("/etc/routes.conf", ROUTES);
        let config = sidetone_config::load(&source, "/etc").config.expect("a configuration");
        // Noon, wherever the test runs.
        let wall = jiff::civil::date(2026, 11, 29).at(12, 0, 0, 0);
        let wall = wall.to_zoned(jiff::tz::TimeZone::UTC).expect("a time");
        let moment = Moment { now: Instant::now(), wall };
        let out = ask(&config.routes, &moment, &mut State::default());
        out.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
    }

    #[test]
    fn a_number_is_told_with_its_routes_in_order_and_why_others_are_left_out() {
        let lines = told(|table, moment, state| {
            state.take(&table.routes[1], moment.now).expect("room");
            state.failed("second", moment.now.checked_add(Duration::from_secs(42)));
            decided(table, "030123", "", moment, state).text
        });
        assert_eq!(
            lines,
            [
                "Number 4930123: 1 routes in this order, 3 left out",
                "Route Price Fee Prefix Dial, or why it is left out",
                "1 first 0.0090 0.0000 49 PJSIP/4930123@first (Germany)",
                "- second 0.0120 0.0000 49 resting for 42 s",
                "- third 0.0700 0.0500 * too dear: at most 0.0500",
                "- fourth - - 4930 disabled",
            ]
        );
        let lines = told(|table, moment, state| {
            let answer = decided(table, "4930123", "0.2", moment, state);
            answer.text + &decided(table, "alice", "", moment, state).text
        });
        assert_eq!(lines[0], "Number 4930123: 3 routes in this order, 1 left out");
        assert_eq!(lines[4], "3 third 0.0700 0.0500 * PJSIP/4930123@third");
        assert_eq!(lines[6], "'alice' is no number: digits, perhaps after +");
    }

    #[test]
    fn the_list_says_how_each_route_stands() {
        let lines = told(|table, moment, state| {
            state.take(&table.routes[0], moment.now).expect("room");
            list(table, moment, state)
        });
        assert_eq!(lines[1], "first 1 100 1 30 1 0 0 ready PJSIP/${NUMBER}@first");
        assert_eq!(lines[4], "fourth 1 100 0 - 0 0 0 disabled PJSIP/${NUMBER}@fourth");
        assert_eq!(lines[5], "4 routes, the price decides first");
    }
}
