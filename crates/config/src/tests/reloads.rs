//! Reloads: what changed, what stays, and that one bad object harms no other.

use std::sync::Arc;

use super::{UDP, base, config, one_says, warnings};
use crate::{diff, load, reload};

const TWO: &str = "[a]\ntype=endpoint\nallow=ulaw\ncontext=x\n[b]\ntype=endpoint\nallow=ulaw\n\
     [a]\ntype=aor\nmax_contacts=1\n";

fn with(text: &str) -> sidetone_conf::MemorySource {
    base().with("/etc/pjsip.conf", format!("{UDP}{text}"))
}

#[test]
fn a_reload_of_the_same_text_shares_every_object() {
    let old = config(&load(&with(TWO), "/etc"));
    let new = config(&reload(&with(TWO), "/etc", &old));
    assert!(diff(&old, &new).is_empty());
    assert!(Arc::ptr_eq(&old.endpoints["a"], &new.endpoints["a"]));
    assert!(Arc::ptr_eq(&old.http, &new.http));
}

#[test]
fn a_reload_tells_what_was_added_changed_and_removed() {
    let old = config(&load(&with(TWO), "/etc"));
    let text = TWO.replace("context=x", "context=y").replace("[b]", "[c]");
    let source = with(&text).with("/etc/rtp.conf", "[general]\nrtpstart=6000\n");
    let new = config(&reload(&source, "/etc", &old));
    let changes = diff(&old, &new);
    assert_eq!(changes.endpoints.added, ["c"]);
    assert_eq!(changes.endpoints.changed, ["a"]);
    assert_eq!(changes.endpoints.removed, ["b"]);
    assert!(changes.aors.is_empty() && changes.transports.is_empty());
    assert_eq!(changes.settings, ["rtp"]);
    assert!(Arc::ptr_eq(&old.aors["a"], &new.aors["a"]));
}

#[test]
fn an_object_that_became_bad_stays_as_it_was() {
    let old = config(&load(&with(TWO), "/etc"));
    let text = TWO
        .replace("context=x", "context=y\nwebrtc=perhaps")
        .replace("=1", "=2");
    let loaded = reload(&with(&text), "/etc", &old);
    one_says(&warnings(&loaded), &["endpoint 'a' stays as it was before"]);
    let new = config(&loaded);
    assert_eq!(new.endpoints["a"].context, "x", "the previous one");
    assert_eq!(new.aors["a"].max_contacts, 2, "the others apply");
    assert_eq!((loaded.summary.refused, loaded.summary.kept), (1, 1));
    assert_eq!(diff(&old, &new).aors.changed, ["a"]);
    assert!(diff(&old, &new).endpoints.is_empty());
}

#[test]
fn an_object_taken_out_of_the_file_is_gone() {
    let old = config(&load(&with(TWO), "/etc"));
    let new = config(&reload(
        &with("[b]\ntype=endpoint\nallow=ulaw\n"),
        "/etc",
        &old,
    ));
    assert!(!new.endpoints.contains_key("a") && new.aors.is_empty());
}
