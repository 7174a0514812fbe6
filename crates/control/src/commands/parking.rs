//! `parking show`

use std::fmt::Write as _;
use std::time::Instant;

use sidetone_parking::{Lot, Parked, Parking};

use super::{Context, text, wrong};
use crate::socket::Answer;

/// `parking show [LOT]`
pub(super) async fn show(context: &Context, args: &[&str]) -> Answer {
    let exchange = &context.exchange;
    let config = exchange.config();
    let lots = &config.parking.lots;
    let described = |lot: &Lot| described(lot, &exchange.parking(), exchange.now());
    match args {
        [] => text(lots.values().map(|lot| described(lot)).collect::<Vec<_>>().join("\n")),
        [name] => match lots.get(*name) {
            Some(lot) => text(described(lot)),
            None => wrong(format!("No such parking lot '{name}'\n")),
        },
        _ => wrong("Usage: parking show [lot]\n"),
    }
}

/// A lot, and the calls on its spaces.
fn described(lot: &Lot, parking: &Parking, now: Instant) -> String {
    let (first, last) = (lot.spaces.start(), lot.spaces.end());
    let mut out = format!("Parking Lot: {}\n", lot.name);
    let mut line = |what: &str, is: String| {
        let _ = writeln!(out, "{}", format!("  {what:<20}: {is}").trim_end());
    };
    line("Parking Extension", lot.extension.clone());
    line("Parking Context", lot.context.clone());
    line("Parking Spaces", format!("{first}-{last}"));
    line("Parking Time", format!("{} sec", lot.timeout.after.as_secs()));
    line("Comeback to Origin", if lot.timeout.to_origin { "yes" } else { "no" }.to_owned());
    line("Comeback Context", lot.timeout.context.clone());
    line("Comeback Dial Time", format!("{} sec", lot.timeout.dial_time_s));
    line("MusicOnHold Class", lot.music.clone());
    let row = |parked: &Parked| {
        let left = parked.until.saturating_duration_since(now).as_secs();
        let (space, name, parker) = (parked.space, &parked.name, &parked.parker);
        format!("  {space:<10} {name:<34} {parker:<24} {left} sec\n")
    };
    let rows: String = parking.of(&lot.name).map(row).collect();
    if rows.is_empty() {
        return out + "  No parked calls\n";
    }
    format!("{out}  {:<10} {:<34} {:<24} Time Left\n{rows}", "Space", "Channel", "Parker")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use sidetone_base::ChannelId;
    use sidetone_parking::{Choice, Entry, Order, Retrieval, Timeout};

    use super::*;

    #[test]
    fn a_lot_is_shown_with_who_stands_in_it_and_for_how_long() {
        let lot = Lot {
            name: "default".to_owned(),
            context: "parkedcalls".to_owned(),
            extension: "700".to_owned(),
            exclusive: false,
            spaces: 701..=750,
            order: Order::First,
            music: String::new(),
            timeout: Timeout {
                after: Duration::from_secs(45),
                to_origin: true,
                dial_time_s: 30,
                context: "parkedcallstimeout".to_owned(),
            },
            retrieval: Retrieval::default(),
        };
        let (mut parking, now) = (Parking::default(), Instant::now());
        let shown = described(&lot, &parking, now);
        assert!(shown.contains("  Parking Spaces      : 701-750\n"), "{shown}");
        assert!(shown.contains("  MusicOnHold Class   :\n"), "{shown}");
        assert!(shown.ends_with("  No parked calls\n"), "{shown}");
        let entry = Entry {
            channel: ChannelId(1),
            name: "PJSIP/alice-00000001".to_owned(),
            parker: "PJSIP/bob".to_owned(),
            instead_of: None,
        };
        let until = now + Duration::from_secs(44);
        assert_eq!(parking.park(&lot, entry, Choice::Order, until), Ok(701));
        let shown = described(&lot, &parking, now);
        let row: Vec<&str> = shown.lines().last().unwrap_or_default().split_whitespace().collect();
        assert_eq!(row, ["701", "PJSIP/alice-00000001", "PJSIP/bob", "44", "sec"], "{shown}");
    }
}
