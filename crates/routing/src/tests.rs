//! The table of routes as an operator uses it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use jiff::civil::date;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use sidetone_conf::Span;
use sidetone_dialplan::TimeRange;

use crate::*;

fn price(text: &str) -> Price {
    Price::new(text).expect("a price")
}

fn at(line: u32) -> Span {
    Span::new("routes.conf", line, 0)
}

fn prices(list: &[(&str, &str)]) -> Prices {
    let mut draft = Draft::default();
    for (prefix, text) in list {
        let rate = Rate { price: price(text), fee: Price::default() };
        draft.add(prefix, rate, "", &at(1));
    }
    draft.finish().0
}

fn route(name: &str, order: u32, list: &[(&str, &str)]) -> Route {
    Route {
        name: name.to_owned(),
        dial: format!("PJSIP/${{NUMBER}}@{name}"),
        dial_at: at(1),
        options: String::new(),
        strip: 0,
        prepend: String::new(),
        prices: prices(list),
        order,
        enabled: true,
        times: Vec::new(),
        max_calls: None,
        hold_off: Duration::from_secs(60),
        timeout: None,
        silence: None,
    }
}

fn table(routes: Vec<Route>) -> Table {
    Table { routes, ..Table::default() }
}

fn number(digits: &str) -> Number {
    Number::new(digits, &Dialling::default()).expect("a number")
}

/// The names of those to try and the others with the reason.
fn chosen(table: &Table, digits: &str, state: &State, now: Instant) -> (Vec<String>, String) {
    chosen_for(table, digits, None, state, now)
}

fn chosen_for(
    table: &Table,
    digits: &str,
    max_price: Option<Price>,
    state: &State,
    now: Instant,
) -> (Vec<String>, String) {
    let wall = date(2026, 11, 29).at(12, 0, 0, 0).to_zoned(TimeZone::UTC).expect("a time");
    let ask = Ask { number: number(digits), max_price, only: Vec::new() };
    let choice = table.choose(&ask, &Moment { now, wall }, state);
    let names = choice.candidates.iter().map(|candidate| candidate.route.name.clone()).collect();
    let others = choice.left_out.iter().map(|out| format!("{}: {}", out.route.name, out.reason));
    (names, others.collect::<Vec<_>>().join("; "))
}

fn now() -> Instant {
    // The only clock of a pure crate is what a test brings along.
    Instant::now()
}

#[test]
fn prices_are_exact_and_print_as_price_lists_write_them() {
    for (text, shown) in [
        ("0.0120", "0.0120"),
        ("0.012", "0.0120"),
        (".5", "0.5000"),
        ("12", "12.0000"),
        ("0.012345", "0.012345"),
        ("0.01000000000", "0.0100"),
        ("4000.999999", "4000.999999"),
    ] {
        assert_eq!(price(text).to_string(), shown, "{text}");
    }
    for wrong in ["", ".", "-1", "0.0000001", "1e3", "4001", "0,5", "1.2.3", "9999999999999"] {
        assert!(Price::new(wrong).is_err(), "{wrong}");
    }
    assert_eq!(price("0.10").less_percent(20), price("0.08"));
    assert_eq!(price("0.10").less_percent(200), price("0"));
}

#[test]
fn a_number_is_the_same_however_it_is_dialled() {
    let german = Dialling {
        international: vec!["00".to_owned()],
        national: "0".to_owned(),
        country: "49".to_owned(),
    };
    let read = |text: &str| Number::new(text, &german).map(|number| number.to_string());
    for same in ["+49 30 1234", "0049301234", "030/1234", "(030) 12-34", "49.30.1234"] {
        assert_eq!(read(same).as_deref(), Ok("49301234"), "{same}");
    }
    assert_eq!(read("110").as_deref(), Ok("110"), "no national prefix, no country");
    for none in ["", "+", "alice", "30&PJSIP/x", "1,2", "12@x", "0x", "１２"] {
        assert!(read(none).is_err(), "{none}");
    }
    assert!(read(&"1".repeat(MAX_DIGITS + 1)).is_err());
    let american = Dialling { country: "1".to_owned(), ..Dialling::default() };
    let read = |text: &str| Number::new(text, &american).map(|number| number.to_string());
    assert_eq!(read("2125550100").as_deref(), Ok("12125550100"), "nothing stands in front");
}

#[test]
fn the_longest_prefix_decides_and_a_star_is_every_number() {
    let prices = prices(&[("49", "0.01"), ("4915", "0.07"), ("*", "0.5"), ("049", "9")]);
    let longest = |number: &str| {
        let found = prices.longest(number).expect("a price");
        (found.prefix.to_owned(), found.rate.price)
    };
    assert_eq!(longest("49301234"), ("49".to_owned(), price("0.01")));
    assert_eq!(longest("4915112"), ("4915".to_owned(), price("0.07")));
    assert_eq!(longest("4"), (String::new(), price("0.5")));
    assert_eq!(longest("0491"), ("049".to_owned(), price("9")));
    assert_eq!(prices.count(), 4);
    assert_eq!(route("only", 0, &[("49", "1")]).prices.longest("48"), None);
}

proptest! {
    #[test]
    fn the_longest_prefix_is_that_of_a_search_through_all(
        list in proptest::collection::vec(("[0-3]{0,6}", 0_u32..1000), 0..40),
        number in "[0-3]{1,24}",
    ) {
        let mut draft = Draft::default();
        let mut all = BTreeMap::new();
        for (prefix, cost) in &list {
            let rate = Rate { price: price(&cost.to_string()), fee: Price::default() };
            draft.add(if prefix.is_empty() { "*" } else { prefix }, rate, "", &at(1));
            all.insert(prefix.clone(), rate);
        }
        let (prices, _) = draft.finish();
        prop_assert_eq!(prices.count(), all.len());
        let naive = all.iter().filter(|(prefix, _)| number.starts_with(prefix.as_str()));
        let naive = naive.max_by_key(|(prefix, _)| prefix.len());
        let found = prices.longest(&number);
        prop_assert_eq!(
            found.map(|found| (found.prefix, found.rate)),
            naive.map(|(prefix, rate)| (prefix.as_str(), *rate))
        );
    }

    #[test]
    fn the_order_is_total_and_what_is_equal_stays_as_it_is_written(
        list in proptest::collection::vec((0_u32..3, 0_u32..3, any::<bool>()), 0..12),
        by_order: bool,
    ) {
        let routes = list.iter().enumerate().map(|(place, (cost, order, enabled))| Route {
            enabled: *enabled,
            ..route(&place.to_string(), *order, &[("4", &cost.to_string())])
        });
        let sort = if by_order { Sort::Order } else { Sort::Price };
        let table = Table { sort, ..table(routes.collect()) };
        let (names, _) = chosen(&table, "49", &State::default(), now());
        let mut wanted: Vec<usize> = (0..list.len()).filter(|place| list[*place].2).collect();
        wanted.sort_by_key(|place| {
            let (cost, order, _) = list[*place];
            if by_order { (order, cost, *place) } else { (cost, order, *place) }
        });
        let wanted: Vec<String> = wanted.iter().map(ToString::to_string).collect();
        prop_assert_eq!(names, wanted);
    }

    #[test]
    fn any_bytes_are_a_price_list_or_tell_what_they_are_not(data: Vec<u8>) {
        fuzz::fuzz_prices(&data);
    }

    #[test]
    fn a_price_that_is_printed_reads_back(millionths in 0_u32..=4_000_999_999) {
        let text = format!("{}.{:06}", millionths / 1_000_000, millionths % 1_000_000);
        let read = price(&text);
        prop_assert_eq!(read.millionths(), u64::from(millionths));
        prop_assert_eq!(price(&read.to_string()), read);
    }
}

#[test]
fn the_cheapest_comes_first_and_a_connection_fee_counts_by_the_usual_call() {
    let mut fee = route("fee", 0, &[]);
    let mut draft = Draft::default();
    let rate = Rate { price: price("0.005"), fee: price("0.01") };
    draft.add("49", rate, "Germany", &at(1));
    fee.prices = draft.finish().0;
    let routes = vec![route("dear", 0, &[("49", "0.02")]), route("flat", 0, &[("4", "0.01")]), fee];
    let mut table = table(routes);
    let order = |table: &Table| chosen(table, "4930", &State::default(), now()).0;
    assert_eq!(order(&table), ["flat", "fee", "dear"], "0.005 + 0.01 for one minute");
    table.call_length_s = 180;
    assert_eq!(order(&table), ["fee", "flat", "dear"], "a third of the fee for each of three");
}

#[test]
fn each_route_that_is_left_out_says_why() {
    let now = now();
    let to_germany: &[(&str, &str)] = &[("49", "0.01")];
    let mut draft = Draft::default();
    draft.add("49", Rate::default(), "", &at(1));
    draft.block("49900", &at(2));
    let blocked = Route { prices: draft.finish().0, ..route("blocked", 0, &[]) };
    let night = TimeRange::new("22:00-06:00,*,*,*").expect("a time");
    let full = Route { max_calls: Some(1), ..route("full", 0, to_germany) };
    let tired = route("tired", 0, to_germany);
    let routes = vec![
        Route { enabled: false, ..route("off", 0, to_germany) },
        route("elsewhere", 0, &[("1", "0.01")]),
        blocked,
        Route { strip: 20, ..route("short", 0, to_germany) },
        Route { times: vec![night], ..route("night", 0, to_germany) },
        route("dear", 0, &[("49", "0.09")]),
        full.clone(),
        tired.clone(),
        route("good", 0, to_germany),
    ];
    let mut state = State::default();
    assert_eq!(state.take(&full, now), Ok(()));
    assert_eq!(state.take(&full, now), Err(Reason::Full(1)));
    assert_eq!(state.take(&tired, now), Ok(()));
    state.failed("tired", Some(now + Duration::from_secs(60)));
    let table = Table { max_price: Some(price("0.10")), margin: 20, ..table(routes) };
    let (names, others) = chosen(&table, "49900123", &state, now);
    assert_eq!(names, ["good"]);
    assert_eq!(
        others,
        "off: disabled; elsewhere: no price for this number; blocked: blocked; \
         short: fewer digits than strip takes off; night: not at this time; \
         dear: too dear: at most 0.0800; full: full: 1 calls; tired: resting for 60 s"
    );
    // What calls change is over again by itself.
    state.leave("full");
    let (names, _) = chosen(&table, "49900123", &state, now + Duration::from_secs(60));
    assert_eq!(names, ["full", "tired", "good"]);
    // The price of the call goes before that of the table.
    let (names, _) = chosen_for(&table, "4930", Some(price("0.2")), &State::default(), now);
    assert_eq!(names, ["blocked", "full", "tired", "good", "dear"]);
}

#[test]
fn a_call_may_name_its_price_and_its_routes() {
    let prices: &[(&str, &str)] = &[("49", "0.01")];
    let table = table(vec![route("a", 0, prices), route("b", 0, prices), route("c", 0, prices)]);
    let ask = Ask::read(&table, "+49 30", "0.02", " c & a ").expect("a question");
    let wall = date(2026, 11, 29).at(12, 0, 0, 0).to_zoned(TimeZone::UTC).expect("a time");
    let choice = table.choose(&ask, &Moment { now: now(), wall }, &State::default());
    let names: Vec<_> = choice.candidates.iter().map(|found| found.route.name.as_str()).collect();
    assert_eq!((names, ask.max_price), (vec!["a", "c"], Some(price("0.02"))));
    assert_eq!(choice.left_out[0].reason, Reason::Unwanted);
    for (number, most, routes) in [("x", "", ""), ("49", "much", ""), ("49", "", "a&d")] {
        assert!(Ask::read(&table, number, most, routes).is_err(), "{number} {most} {routes}");
    }
}

#[test]
fn a_route_gets_the_number_as_it_wants_it() {
    let route = Route { strip: 2, prepend: "0".to_owned(), ..route("trunk", 0, &[]) };
    let number = number("4930123");
    let own = route.number(&number).expect("a number");
    assert_eq!(own, "030123");
    let text = "PJSIP/${NUMBER}@${ROUTE}&Local/${E164}@x/${NUMBER:1}";
    let filled = "PJSIP/030123@trunk&Local/4930123@x/${NUMBER:1}";
    assert_eq!(route.filled(text, &number, &own), filled);
    assert_eq!(Route { strip: 7, ..route }.number(&number), None);
}

fn sheet(text: &str) -> (Prices, Vec<String>) {
    let mut draft = Draft::default();
    read_sheet("a.csv", text.as_bytes(), &mut draft);
    let (prices, findings) = draft.finish();
    (prices, findings.iter().map(ToString::to_string).collect())
}

#[test]
fn price_lists_are_read_as_carriers_write_them() {
    for text in [
        "49,0.0120,Germany\n4915,0.07,\"Germany, mobile\"\n",
        "# of November\n\n+49,0.012,Germany\r\n4915,0.0700,\"Germany, mobile\"\r\n",
        "\u{feff}49;0,012;Germany\n4915;0,07;Germany, mobile\n",
        "Prefix,Description,Rate\n49,Germany,0.012\n4915,\"Germany, mobile\",.07\n",
        "Destination\tCode\tPrice per minute\nGermany\t49\t0.012\nGermany, mobile\t4915\t0.07\n",
    ] {
        let (prices, findings) = sheet(text);
        assert_eq!(findings, Vec::<String>::new(), "{text}");
        let found = prices.longest("4915123").expect("a price");
        assert_eq!((found.prefix, found.rate.price), ("4915", price("0.07")), "{text}");
        assert_eq!(found.description, "Germany, mobile", "{text}");
        assert_eq!(prices.longest("4930").map(|found| found.description), Some("Germany"));
    }
    for text in ["49,0.01,Germany; all of it\n", "prefix,price\n49,0.01\n48,0.02,a;b\tc\n"] {
        let (prices, findings) = sheet(text);
        assert_eq!(findings, Vec::<String>::new(), "the first mark separates: {text}");
        assert_eq!(prices.longest("49").expect("a price").rate.price, price("0.01"));
    }
    let (prices, _) = sheet("prefix,price,connect_fee\n49,0.01,0.02\n48,0.01,\n");
    let fee = |number: &str| prices.longest(number).expect("a price").rate.fee;
    assert_eq!((fee("49"), fee("48")), (price("0.02"), price("0")));
}

#[test]
fn what_is_wrong_in_a_price_list_is_told_with_its_line() {
    let (prices, findings) = sheet("49,0.01\n48,cheap\nx,0.01\n47\n49,0.02\n");
    let begins = |place: usize, words: &str| {
        assert!(findings[place].starts_with(words), "{findings:#?}");
    };
    begins(0, "a.csv:2: error: 'cheap' is no price");
    begins(1, "a.csv:3: error: 'x' is no prefix");
    begins(2, "a.csv:4: error: '' is no price");
    begins(3, "a.csv:5: warning: prefix 49 stands at a.csv:1 already: this line counts");
    assert_eq!(prices.longest("49").expect("a price").rate.price, price("0.02"));
    let (_, findings) = sheet("country,number\nGermany,49\n");
    assert!(findings[0].starts_with("a.csv:1: error: the first line names no column"));
    let (_, findings) = sheet(&"4 no price at all\n".repeat(1_000));
    assert_eq!(findings.len(), 21, "a list of the wrong kind is no flood");
    assert!(findings[20].contains("and 980 more"), "{}", findings[20]);
}

/// The time is printed rather than judged: `--nocapture` shows it.
#[test]
fn a_hundred_thousand_prefixes_are_read_and_searched() {
    let mut text = String::new();
    for prefix in 100_000_u64..200_000 {
        text += &format!("{prefix},0.{:04},Somewhere\n", prefix % 10_000);
    }
    let begun = now();
    let (prices, findings) = sheet(&text);
    let read = begun.elapsed();
    assert_eq!((prices.count(), findings.len()), (100_000, 0));
    let begun = now();
    let found = (0..10_000_u64).filter(|tail| {
        let number = format!("1{tail:05}99");
        prices.longest(&number).is_some_and(|found| found.prefix.len() == 6)
    });
    assert_eq!(found.count(), 10_000);
    println!("100,000 prefixes read in {read:?}, 10,000 numbers found in {:?}", begun.elapsed());
}

#[test]
fn the_cause_decides_whether_another_route_is_tried() {
    let table = Table::default();
    let after = |status: &'static str, cause: u8, sip: Option<u16>, silent: bool| {
        table.verdict(&Ending { status, cause, sip, silent })
    };
    for (status, cause, sip, wanted) in [
        ("ANSWER", 16, None, Verdict::Stop),
        ("BUSY", 17, Some(486), Verdict::Stop),
        ("NOANSWER", 19, Some(480), Verdict::Stop),
        ("CANCEL", 16, None, Verdict::Stop),
        ("CONGESTION", 1, Some(404), Verdict::Stop),
        ("CONGESTION", 28, Some(484), Verdict::Stop),
        ("CONGESTION", 21, Some(603), Verdict::Stop),
        ("CONGESTION", 21, Some(403), Verdict::Next),
        ("CONGESTION", 58, Some(488), Verdict::Next),
        ("CONGESTION", 3, None, Verdict::Next),
        ("CHANUNAVAIL", 20, None, Verdict::Next),
        ("CONGESTION", 34, Some(503), Verdict::NextAndRest),
        ("CONGESTION", 102, Some(504), Verdict::NextAndRest),
    ] {
        assert_eq!(after(status, cause, sip, false), wanted, "{status} {cause} {sip:?}");
    }
    assert_eq!(after("NOANSWER", 19, None, true), Verdict::NextAndRest, "nothing was heard");
    assert_eq!(causes("1, 17-19,28"), Ok(vec![1, 17, 18, 19, 28]));
    for wrong in ["x", "19-17", "200", "1-"] {
        assert!(causes(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn how_routes_stand_outlives_a_reload_and_not_the_route() {
    let now = now();
    let (stays, goes, busy) =
        (route("stays", 0, &[]), route("goes", 0, &[]), route("busy", 0, &[]));
    let mut state = State::default();
    for route in [&stays, &goes, &busy] {
        state.take(route, now).expect("room");
    }
    state.answered("stays");
    state.leave("stays");
    state.failed("goes", Some(now + Duration::from_secs(9)));
    state.leave("goes");
    state.leave("goes");
    state.keep(&table(vec![stays]));
    let standing = state.of("stays");
    assert_eq!((standing.calls, standing.tried, standing.answered), (0, 1, 1));
    assert_eq!(state.of("goes"), Standing::default(), "it is gone");
    assert_eq!(state.of("busy").calls, 1, "a call still runs over it");
}
