//! `core show counters`

use std::fmt::Write as _;

use super::{Context, text, wrong};
use crate::socket::Answer;

/// All totals, or those with the word in their name.
pub(super) async fn show(context: &Context, args: &[&str]) -> Answer {
    let mut totals = context.exchange.totals().await;
    let of_http = context.surroundings.http_totals();
    totals.extend(of_http.into_iter().map(|(name, count)| (name.to_owned(), count)));
    let wanted = |name: &str| args.first().is_none_or(|word| name.contains(word));
    let rows: Vec<_> = totals.iter().filter(|(name, _)| wanted(name)).collect();
    if rows.is_empty() {
        return wrong("No counter has that in its name\n");
    }
    let mut out = String::from("Since start:\n");
    for (name, count) in rows {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "  {name:<44} {count:>14}");
    }
    text(out)
}
