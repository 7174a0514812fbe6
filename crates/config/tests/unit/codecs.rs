//! `allow` and `disallow`: the list that they make.

use super::*;

fn names(lines: &[(Change, &str)]) -> Vec<String> {
    let mut list = Vec::new();
    for (change, text) in lines {
        assert!(apply(&mut list, *change, text).is_empty());
    }
    let show = |codec: &AllowedCodec| match codec.packet_ms {
        Some(time) => format!("{}:{time}", codec.name),
        None => codec.name.to_owned(),
    };
    list.iter().map(show).collect()
}

#[test]
fn order_is_preference() {
    use Change::{Allow, Disallow};
    assert_eq!(names(&[(Disallow, "all"), (Allow, "vp8,opus,ulaw")]), ["vp8", "opus", "ulaw"]);
    assert_eq!(names(&[(Allow, "!all,ulaw:20,alaw")]), ["ulaw:20", "alaw"]);
    assert_eq!(names(&[(Allow, "ulaw"), (Allow, "pcma,ULAW")]), ["ulaw", "alaw"]);
    assert_eq!(names(&[(Allow, "ulaw,alaw,!ulaw")]), ["alaw"]);
    assert!(names(&[(Allow, "all,!opus")]).contains(&"g722".to_owned()));
    assert!(!names(&[(Allow, "all"), (Disallow, "vp9")]).contains(&"vp9".to_owned()));
}

#[test]
fn what_only_passes_is_allowed_by_name_alone() {
    assert!(!names(&[(Change::Allow, "all")]).contains(&"g729".to_owned()));
    assert_eq!(names(&[(Change::Allow, "g729,ulaw")]), ["g729", "ulaw"]);
}

#[test]
fn what_is_wrong_is_told_apart() {
    let mut list = Vec::new();
    let problems = apply(&mut list, Change::Allow, "ulaw,oups,amr,alaw:7");
    assert_eq!(
        problems,
        [
            Problem::Unknown("oups".into()),
            Problem::Missing("amr", AMR),
            Problem::PacketTime("alaw:7".into())
        ]
    );
    assert_eq!(list.len(), 1);
}
