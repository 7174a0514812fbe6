//! `ROUTES`: which routes of `routes.conf` lead to a number, for dialplans that dial themselves.

use sidetone_dialplan::{Doc, FunctionError};
use sidetone_pbx::Channel;
use sidetone_routing::{Ask, Candidate};

use super::{Read, Write};
use crate::applications::choose_routes;
use sidetone_functions::{Function, Outcome};

pub(super) const FUNCTION: Function<Read, Write> = Function {
    doc: Doc {
        name: "ROUTES",
        synopsis: "Lists the routes to a number, the cheapest first",
        syntax: "number[,what[,max_price[,routes]]]",
        description: "With commas between; empty when no route leads there. Nothing is called, \
            and a route that has no room or rests is left out as Route() would.",
        arguments: &[
            ("number", "As for Route()"),
            ("what", "name (default), dial (what Dial takes), price, or prefix"),
            ("max_price", "As for Route()"),
            ("routes", "As for Route()"),
        ],
        see_also: &["Route"],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: None,
};

fn read(channel: &mut Channel, arguments: &str) -> Outcome {
    let mut parts = arguments.splitn(4, ',').map(str::trim);
    let mut part = || parts.next().unwrap_or_default();
    let (number, what, max_price, routes) = (part(), part(), part(), part());
    let config = channel.exchange().config();
    let ask = Ask::read(&config.routes, number, max_price, routes);
    let ask = ask.map_err(FunctionError::Arguments)?;
    let shown: fn(&Candidate<'_>, &Ask) -> String = match what.to_ascii_lowercase().as_str() {
        "" | "name" => |found, _| found.route.name.clone(),
        "dial" => |found, ask| found.route.filled(&found.route.dial, &ask.number, &found.number),
        "price" => |found, _| found.rate.price.to_string(),
        "prefix" => |found, _| found.prefix.to_owned(),
        other => {
            let words = format!("'{other}' is none of name, dial, price, prefix");
            return Err(FunctionError::Arguments(words));
        }
    };
    let choice = choose_routes(channel.exchange(), &config.routes, &ask);
    let all: Vec<String> = choice.candidates.iter().map(|found| shown(found, &ask)).collect();
    Ok(all.join(","))
}
