//! Which extension a dialled string means.

use crate::fuzz::MemoryHost;
use crate::lookup::Query;
use crate::pattern::{Fit, Pattern};
use crate::{Dialplan, Match};

fn load(text: &str) -> std::sync::Arc<Dialplan> {
    MemoryHost::new(text).plan
}

fn describe(found: Match<'_>) -> String {
    let name = |found: crate::Found<'_>| found.extension.name.to_string();
    match found {
        Match::None => "none".into(),
        Match::Partial => "partial".into(),
        Match::Exact(found) => name(found),
        Match::ExactButMore(found) => name(found) + " or more",
    }
}

fn at(plan: &Dialplan, context: &str, extension: &str, caller: Option<&str>) -> String {
    let now = jiff::Zoned::default;
    describe(plan.lookup(&Query { context, extension, caller, now: &now }))
}

#[test]
fn the_most_specific_extension_wins() {
    let plan = load(
        "[a]\nexten => _!,1,X\nexten => _X.,1,X\nexten => _1XX,1,X\nexten => _1[0-4]X,1,X\n\
         exten => _10N,1,X\nexten => _10Z,1,X\nexten => _10[5],1,X\nexten => 107,1,X\n",
    );
    for (dialled, expected) in [
        ("107", "107 or more"),
        ("105", "_10[5] or more"),
        ("102", "_10N or more"),
        ("101", "_10Z or more"),
        ("100", "_1[0-4]X or more"),
        ("150", "_1XX or more"),
        ("1500", "_X. or more"),
        ("alice", "_!"),
        ("1-0-7", "107 or more"),
    ] {
        assert_eq!(at(&plan, "a", dialled, None), expected, "{dialled}");
    }
}

#[test]
fn digits_are_collected_until_nothing_longer_can_match() {
    let plan = load(
        "[a]\nexten => 12,1,X\nexten => 1234,1,X\nexten => _9XX,1,X\nexten => _8.,1,X\n\
         exten => _77!,1,X\nexten => 555-1212,1,X\nexten => 66,hint,PJSIP/66\n",
    );
    for (dialled, expected) in [
        ("", "partial"),
        ("1", "partial"),
        ("12", "12 or more"),
        ("123", "partial"),
        ("1234", "1234"),
        ("12345", "none"),
        ("90", "partial"),
        ("901", "_9XX"),
        ("8", "partial"),
        ("81", "_8. or more"),
        ("7", "partial"),
        ("77", "_77!"),
        ("771", "_77!"),
        ("5551", "partial"),
        ("5551212", "555-1212"),
        ("66", "none"),
    ] {
        assert_eq!(at(&plan, "a", dialled, None), expected, "{dialled}");
    }
}

#[test]
fn callers_select_among_equal_extensions() {
    let plan = load(
        "[a]\nexten => 100,1,X\nexten => 100/555,1,Y\nexten => _1XX/_5XX,1,Z\nexten => 200/,1,W\n",
    );
    let find = |extension: &str, caller: Option<&str>| {
        let now = jiff::Zoned::default;
        let query = Query { context: "a", extension, caller, now: &now };
        plan.find(&query, 1).map(|(_, priority)| priority.application.to_string())
    };
    assert_eq!(find("100", Some("555")).as_deref(), Some("Y"));
    assert_eq!(find("100", Some("556")).as_deref(), Some("X"));
    assert_eq!(find("101", Some("556")).as_deref(), Some("Z"));
    assert_eq!(find("101", None), None);
    assert_eq!(find("200", None).as_deref(), Some("W"));
    assert_eq!(find("200", Some("1")), None);
}

#[test]
fn includes_are_searched_depth_first_and_in_time() {
    let plan = load(
        "[a]\ninclude => day,9:00-17:00,*,*,*\ninclude => b\ninclude => d\nexten => 1,1,X\n\
         [b]\ninclude => c\ninclude => a\n[c]\nexten => _2X,1,C\n[d]\nexten => _2X,1,D\n\
         exten => _2X,2,D2\n[day]\nexten => _2X,1,Day\n",
    );
    let find = |time: &str, priority: u32| {
        let now: jiff::Zoned = format!("2026-01-05T{time}[UTC]").parse().expect("a time");
        let query = Query { context: "a", extension: "20", caller: None, now: &|| now.clone() };
        plan.find(&query, priority).map(|(_, priority)| priority.application.to_string())
    };
    assert_eq!(find("10:00:00", 1).as_deref(), Some("Day"));
    assert_eq!(find("20:00:00", 1).as_deref(), Some("C"));
    // What the best match lacks is taken from the next one.
    assert_eq!(find("20:00:00", 2).as_deref(), Some("D2"));
    assert_eq!(at(&plan, "c", "1", None), "none");
    assert_eq!(at(&plan, "nowhere", "1", None), "none");
}

#[test]
fn patterns_understand_sets_ranges_and_escapes() {
    let fit = |pattern: &str, dialled: &str| Pattern::new(pattern).expect(pattern).fit(dialled);
    assert_eq!(fit("[1-35a-c]0", "b0"), Fit::Match);
    assert_eq!(fit("[1-35a-c]0", "40"), Fit::No);
    assert_eq!(fit("x5", "95"), Fit::Match);
    assert_eq!(fit("[+]X.", "+49"), Fit::MatchButMore);
    assert_eq!(fit("\\X5", "X5"), Fit::Match);
    assert_eq!(fit("[\\]-]", "]"), Fit::Match);
    assert_eq!(fit("1-800-NXX", "1800-234"), Fit::Match);
    assert_eq!(fit("ä.", "äb"), Fit::MatchButMore);
    for wrong in ["", "[", "[]", "[9-1]", "[ä]", "1.2", "!1", "-"] {
        assert!(Pattern::new(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn ten_thousand_extensions_are_found_at_once() {
    use std::fmt::Write;
    let mut text = String::from("[a]\n");
    for number in 0..10_000 {
        let _ = writeln!(text, "exten => {number:05},1,Dial(PJSIP/{number:05})");
    }
    let plan = load(&text);
    let start = std::time::Instant::now();
    for number in 0..10_000 {
        let dialled = format!("{number:05}");
        let now = jiff::Zoned::default;
        let query = Query { context: "a", extension: &dialled, caller: None, now: &now };
        assert!(plan.find(&query, 1).is_some());
    }
    // A linear search would take some 100 ms for each.
    assert!(start.elapsed().as_millis() < 2_000, "{:?}", start.elapsed());
}
