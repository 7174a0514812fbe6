//! `routes.conf`: routes by price. What they are, and how their texts are read, is
//! `sidetone-routing`'s; here are the options that are words and numbers.

use std::time::Duration;

use sidetone_conf::{Diagnostic, Document, Section, Value};
use sidetone_routing::{Lists, Prices, Route, Sort, Table};

use crate::fields::Fields;
use crate::report::Report;
use crate::sections::general;
use crate::tables::routes::{ROUTE, ROUTES};

/// Options of `[general]` that hold for routes without their own.
const SHARED: &[&str] = &["hold_off", "options", "silence", "timeout"];

/// Builds the table. A route with an error is left out: half of its prices would send calls the
/// dear way, or nowhere.
pub(crate) fn build(document: &Document, lists: &Lists<'_>, report: &mut Report) -> Table {
    let section = general(document, "routes.conf");
    let is_shared = |value: &&Value| SHARED.iter().any(|name| value.is(name));
    let shared: Vec<Value> = section.values.iter().filter(is_shared).cloned().collect();
    let mut fields = Fields::new(&ROUTES, &section, report);
    let mut table = Table {
        sort: match fields.string("sort").eq_ignore_ascii_case("order") {
            true => Sort::Order,
            false => Sort::Price,
        },
        call_length_s: fields.number("call_length"),
        margin: fields.number("margin"),
        max_tries: fields.number("max_tries"),
        ..Table::default()
    };
    table.take(&section).into_iter().for_each(|finding| fields.pass_on(finding));
    for section in document.live().filter(|section| !section.name.eq_ignore_ascii_case("general")) {
        let mut whole = section.clone();
        whole.values.splice(0..0, shared.iter().cloned());
        if table.routes.iter().any(|route| *route.name == *section.name) {
            let message = format!("there are two routes [{}]", section.name);
            report.say(Diagnostic::error(&section.span, message).hint("rename one of them"));
        } else {
            table.routes.extend(route(&whole, lists, report));
        }
    }
    table
}

fn route(section: &Section, lists: &Lists<'_>, report: &mut Report) -> Option<Route> {
    let mut fields = Fields::new(&ROUTE, section, report);
    let seconds = |name| Duration::from_secs(fields.number(name));
    let some = |time: Duration| Some(time).filter(|time| !time.is_zero());
    let mut route = Route {
        name: fields.id(),
        dial: fields.string("dial"),
        dial_at: fields.span("dial"),
        options: fields.string("options"),
        strip: fields.number("strip"),
        prepend: fields.string("prepend"),
        prices: Prices::default(),
        order: fields.number("order"),
        enabled: fields.flag("enabled"),
        times: Vec::new(),
        max_calls: Some(fields.number("max_calls")).filter(|most| *most > 0),
        hold_off: seconds("hold_off"),
        timeout: some(seconds("timeout")),
        silence: some(seconds("silence")),
    };
    route.take(section, lists).into_iter().for_each(|finding| fields.pass_on(finding));
    (!fields.is_bad()).then_some(route)
}
