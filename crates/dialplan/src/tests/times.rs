//! Conditions on the time of day.

use crate::{CivilTime, TimeRange};

const fn at(hour: u16, minute: u16, weekday: u8, day: u8, month: u8) -> CivilTime {
    CivilTime { minute: hour * 60 + minute, weekday, day, month }
}

fn check(range: &str, time: CivilTime, expected: bool) {
    let parsed = TimeRange::new(range).unwrap_or_else(|error| panic!("{range}: {error}"));
    assert_eq!(parsed.contains_civil(time), expected, "{range} {time:?}");
}

#[test]
fn both_ends_belong_to_a_range() {
    check("9:00-17:00,mon-fri,*,*", at(9, 0, 1, 2, 1), true);
    check("9:00-17:00,mon-fri,*,*", at(17, 0, 5, 2, 1), true);
    check("9:00-17:00,mon-fri,*,*", at(17, 1, 5, 2, 1), false);
    check("9:00-17:00,mon-fri,*,*", at(12, 0, 0, 2, 1), false);
    check("9:00-17:00|mon-fri|*|*", at(12, 0, 1, 2, 1), true);
    check("*", at(0, 0, 0, 1, 1), true);
    check("", at(0, 0, 0, 1, 1), true);
}

#[test]
fn ranges_wrap_and_join() {
    check("22:00-6:00", at(23, 0, 0, 1, 1), true);
    check("22:00-6:00", at(5, 59, 0, 1, 1), true);
    check("22:00-6:00", at(12, 0, 0, 1, 1), false);
    check("8:00-9:00&13:00-14:00", at(13, 30, 0, 1, 1), true);
    check("*,sat-mon", at(0, 0, 0, 1, 1), true);
    check("*,sat-mon", at(0, 0, 3, 1, 1), false);
    check("*,Mon&Wednesday", at(0, 0, 3, 1, 1), true);
    check("*,*,24-26,dec", at(0, 0, 3, 25, 12), true);
    check("*,*,31,nov-feb", at(0, 0, 3, 31, 1), true);
    check("*,*,*,12", at(0, 0, 3, 31, 12), true);
    check("0:00-24:00", at(23, 59, 0, 1, 1), true);
}

#[test]
fn the_zone_of_the_condition_decides() {
    let noon: jiff::Zoned = "2026-07-01T12:00:00[UTC]".parse().expect("a time");
    let range = TimeRange::new("14:00-14:00,*,*,*,Europe/Berlin").expect("a range");
    assert!(range.contains(&noon));
    let range = TimeRange::new("12:00-12:00,wed,1,jul").expect("a range");
    assert!(range.contains(&noon));
}

#[test]
fn errors_name_the_field() {
    for (range, expected) in [
        ("9-17", "9:00-17:30"),
        ("25:00-26:00", "time range"),
        ("*,foo", "weekday"),
        ("*,*,32", "day of the month"),
        ("*,*,*,foo", "month"),
        ("*,*,*,*,Nowhere/City", "time zone"),
    ] {
        let error = TimeRange::new(range).expect_err(range).to_string();
        assert!(error.contains(expected), "{range}: {error}");
    }
}
