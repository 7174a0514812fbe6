//! Names that are nearly those that were meant.

use super::*;

#[test]
fn the_nearest_name_is_found_when_it_is_near() {
    let names = ["transport-tls", "transport-udp", "transport-wss"];
    assert_eq!(nearest("transporttls", names), Some("transport-tls"));
    assert_eq!(nearest("transport_upd", names), Some("transport-udp"));
    assert_eq!(nearest("alice", names), None);
    assert_eq!(nearest("", names), None);
}

#[test]
fn distances_count_edits() {
    let chars = |text: &str| text.chars().collect::<Vec<_>>();
    assert_eq!(distance(&chars("kitten"), &chars("sitting")), 3);
    assert_eq!(distance(&chars("upd"), &chars("udp")), 1);
    assert_eq!(distance(&[], &chars("ab")), 2);
}
