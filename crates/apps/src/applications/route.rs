//! `Route`: call a number over the cheapest route of `routes.conf` that takes it. Each attempt is
//! one of Dial's; what its end means for the next route is a table of `sidetone-routing`.

use sidetone_dialplan::{Doc, Flow, Host as _, Stop, arguments, expand};
use sidetone_pbx::{Cause, Channel, Exchange};
use sidetone_routing::{Ask, Candidate, Choice, Moment, Table, Verdict};

use super::dial::{self, Order};

pub(super) const DOC: Doc = Doc {
    name: "Route",
    synopsis: "Call a number over the cheapest route that takes it",
    syntax: "number[,options[,max_price[,routes]]]",
    description: "Looks up the number in routes.conf, and dials one route after the other, the \
        cheapest first, until one of them takes the call. Busy, no answer and a number that does \
        not exist are answers too: nobody else is asked then. A route that has no room, does not \
        know the way or is silent gives way to the next (docs/guide/6-routes-by-price.md has the \
        table of causes), and the dialplan goes on when there is none left.",
    arguments: &[
        ("number", "Whom to call: digits, in the ways that [general] of routes.conf knows"),
        ("options", "Option letters of Dial, beside those of the route"),
        ("max_price", "No route that costs more per minute, instead of max_price of routes.conf"),
        ("routes", "Only these, with & between"),
    ],
    variables: &[
        (
            "ROUTESTATUS",
            "TAKEN, CANCEL, FAILED (all that were tried), FULL (none has room), NOROUTE or INVALID",
        ),
        ("ROUTE", "The route that was called last"),
        ("ROUTEPRICE", "What a minute costs there"),
        ("ROUTEPREFIX", "The prefix that says so"),
        ("ROUTESTRIED", "All that were called, in order, with commas between"),
        ("DIALSTATUS, HANGUPCAUSE", "As Dial sets them, of the route that was called last"),
    ],
    see_also: &["Dial", "ROUTES()"],
    ..Doc::EMPTY
};

/// Variables of an earlier call that must not be taken for ours.
const RESULTS: &[&str] = &["ROUTESTATUS", "ROUTE", "ROUTEPRICE", "ROUTEPREFIX", "ROUTESTRIED"];

pub(super) async fn run(channel: &mut Channel, args: &str) -> Result<Flow, Stop> {
    let mut parts = arguments::split_raw(args, ',', 4).into_iter();
    let mut part = || parts.next().unwrap_or_default().trim().to_owned();
    let (number, options, max_price, routes) = (part(), part(), part(), part());
    for name in RESULTS {
        channel.set(name, "");
    }
    // A reload in the middle changes nothing for this call.
    let config = channel.exchange().config();
    let table = &config.routes;
    let ask = match Ask::read(table, &number, &max_price, &routes) {
        Ok(ask) => ask,
        Err(words) => {
            tracing::warn!("{}: Route: {words}", channel.name());
            return Ok(give_up(channel, "INVALID", "CHANUNAVAIL", Cause(28)));
        }
    };
    let choice = choose(channel.exchange(), table, &ask);
    for out in &choice.left_out {
        tracing::debug!("{}: Route: not {}: {}", channel.name(), out.route.name, out.reason);
    }
    if choice.candidates.is_empty() && !choice.left_out.iter().any(|out| out.reason.is_passing()) {
        tracing::info!("{}: Route: no route leads to {}", channel.name(), ask.number);
        return Ok(give_up(channel, "NOROUTE", "CHANUNAVAIL", Cause::NO_ROUTE));
    }
    let mut tried: Vec<&str> = Vec::new();
    for candidate in &choice.candidates {
        if tried.len() >= table.max_tries {
            break;
        }
        let Some(seat) = Seat::take(channel, candidate) else { continue };
        tried.push(&candidate.route.name);
        channel.set("ROUTE", candidate.route.name.clone());
        channel.set("ROUTEPRICE", candidate.rate.price.to_string());
        channel.set("ROUTEPREFIX", candidate.prefix);
        channel.set("ROUTESTRIED", tried.join(","));
        if let Some(flow) = over(channel, table, &ask, candidate, &options).await? {
            return Ok(flow);
        }
        drop(seat);
    }
    if tried.is_empty() {
        tracing::warn!("{}: Route: no route to {} has room", channel.name(), ask.number);
        return Ok(give_up(channel, "FULL", "CONGESTION", Cause::CONGESTION));
    }
    channel.set("ROUTESTATUS", "FAILED");
    Ok(Flow::Next)
}

/// Which routes lead there now.
pub(crate) fn choose<'t>(exchange: &Exchange, table: &'t Table, ask: &'t Ask) -> Choice<'t> {
    let moment = Moment { now: exchange.now(), wall: exchange.wall_clock() };
    table.choose(ask, &moment, &exchange.routes())
}

/// Calls over one route; `None` when the next one is to be tried.
async fn over(
    channel: &mut Channel,
    table: &Table,
    ask: &Ask,
    candidate: &Candidate<'_>,
    options: &str,
) -> Result<Option<Flow>, Stop> {
    let route = candidate.route;
    let fill = |text: &str| route.filled(text, &ask.number, &candidate.number);
    let (wanted, letters) = (fill(&route.dial), fill(&route.options));
    let texts = match (expand(channel, &wanted).await, expand(channel, &letters).await) {
        (Ok(wanted), Ok(letters)) => (wanted, letters),
        (Err(why), _) | (_, Err(why)) => {
            tracing::warn!("{}: route {}: {why}", channel.name(), route.name);
            channel.exchange().routes().failed(&route.name, None);
            return Ok(None);
        }
    };
    let options = format!("{}{options}", texts.1);
    let (timeout, silence) = (route.timeout, route.silence);
    let order = Order { wanted: &texts.0, timeout, silence, options: &options };
    let ended = dial::attempt(channel, &order).await;
    let status = channel.variable("DIALSTATUS").unwrap_or_default();
    if status == "ANSWER" {
        channel.exchange().routes().answered(&route.name);
    }
    let verdict = ended.as_ref().map(|ended| table.verdict(&ended.ending));
    let verdict = verdict.unwrap_or(Verdict::Stop);
    if verdict == Verdict::Stop {
        let cancelled = matches!(status.as_str(), "CANCEL" | "");
        channel.set("ROUTESTATUS", if cancelled { "CANCEL" } else { "TAKEN" });
        return Ok(Some(ended?.flow));
    }
    let cause = ended.map(|ended| Cause(ended.ending.cause))?;
    let now = channel.exchange().now();
    let rests = verdict == Verdict::NextAndRest && !route.hold_off.is_zero();
    let rests_until = now.checked_add(route.hold_off).filter(|_| rests);
    let words = if rests { ", it rests" } else { "" };
    tracing::info!("{}: route {}: {status}, cause {cause}{words}", channel.name(), route.name);
    channel.exchange().routes().failed(&route.name, rests_until);
    Ok(None)
}

/// Nothing was called.
fn give_up(channel: &mut Channel, words: &str, status: &str, cause: Cause) -> Flow {
    channel.set("ROUTESTATUS", words);
    channel.set("DIALSTATUS", status);
    channel.set("~HANGUPCAUSE", cause.0.to_string());
    Flow::Next
}

/// One of the calls that a route may carry, until it is dropped.
struct Seat {
    exchange: Exchange,
    name: String,
}

impl Seat {
    /// Another call may have come in between.
    fn take(channel: &Channel, candidate: &Candidate<'_>) -> Option<Self> {
        let exchange = channel.exchange();
        let taken = exchange.routes().take(candidate.route, exchange.now());
        if let Err(reason) = taken {
            tracing::debug!("{}: Route: not {}: {reason}", channel.name(), candidate.route.name);
            return None;
        }
        Some(Self { exchange: exchange.clone(), name: candidate.route.name.clone() })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.exchange.routes().leave(&self.name);
    }
}
