//! Reloads: what changed, what stays, and that one bad object harms no other.

use std::sync::Arc;

use super::{UDP, base, config, errors, one_says, warnings};
use sidetone_config::{Loaded, Scope, Transport, diff, load, reload};

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
    let text = TWO.replace("context=x", "context=y\nwebrtc=perhaps").replace("=1", "=2");
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
fn who_listens_keeps_its_address_whoever_else_wants_it() {
    let transport = |name: &str, protocol: &str, port: u16| {
        format!("[{name}]\ntype=transport\nprotocol={protocol}\nbind=127.0.0.1:{port}\n")
    };
    let of = |parts: &[String]| base().with("/etc/pjsip.conf", parts.concat());
    let both = [transport("a", "udp", 5070), transport("b", "udp", 5080)];
    let old = config(&load(&of(&both), "/etc"));
    let listens = |loaded: &Loaded| {
        let config = config(loaded);
        let at = |found: &Arc<Transport>| (found.id.clone(), found.bind.port());
        config.transports_sorted().into_iter().map(at).collect::<Vec<_>>()
    };
    let unmoved = [("a".to_owned(), 5070), ("b".to_owned(), 5080)];

    // A new one, before and after it in the file.
    let new = transport("c", "udp", 5070);
    let [a, b] = both.clone();
    let [first, last] = [[&new, &a, &b], [&a, &b, &new]];
    for parts in [first, last].map(|parts| parts.map(String::clone)) {
        let loaded = reload(&of(&parts), "/etc", &old);
        one_says(&errors(&loaded), &["transports 'a' and 'c' both want 127.0.0.1:5070"]);
        let found = loaded.diagnostics.iter().find(|found| found.is_error()).expect("an error");
        let line = 1 + parts.concat().lines().position(|line| line == "[c]").expect("its line");
        assert!(found.to_string().contains(&format!("pjsip.conf:{line}")), "{found}");
        assert_eq!(listens(&loaded), unmoved, "{parts:?}");
        assert_eq!((loaded.summary.refused, loaded.summary.kept), (1, 0));
    }
    // One that listens elsewhere and would move there.
    let moved = [transport("b", "udp", 5070), transport("a", "udp", 5070)];
    let loaded = reload(&of(&moved), "/etc", &old);
    one_says(&warnings(&loaded), &["transport 'b' stays as it was before"]);
    assert_eq!(listens(&loaded), unmoved);
    // One that became bad and so stays, and a new one in its place.
    let bad = [transport("c", "udp", 5070), both[0].clone() + "tos=many\n", both[1].clone()];
    assert_eq!(listens(&reload(&of(&bad), "/etc", &old)), unmoved);
    let unreadable = [transport("c", "udp", 5070), "[a\n".to_owned(), both[1].clone()];
    assert_eq!(listens(&reload(&of(&unreadable), "/etc", &old)), unmoved);
    // Its place is taken by one that goes on to a place which is taken.
    let chain = [transport("c", "udp", 5080), transport("b", "udp", 5070), both[0].clone()];
    assert_eq!(listens(&reload(&of(&chain), "/etc", &old)), unmoved);
    // What is free after the reload may be had.
    let swapped = [transport("a", "udp", 5080), transport("b", "udp", 5070)];
    let swap = [("a".to_owned(), 5080), ("b".to_owned(), 5070)];
    assert_eq!(listens(&reload(&of(&swapped), "/etc", &old)), swap);
}

#[test]
fn an_object_taken_out_of_the_file_is_gone() {
    let old = config(&load(&with(TWO), "/etc"));
    let new = config(&reload(&with("[b]\ntype=endpoint\nallow=ulaw\n"), "/etc", &old));
    assert!(!new.endpoints.contains_key("a") && new.aors.is_empty());
}

#[test]
fn what_cannot_be_read_any_more_stays_as_it_was() {
    let text = format!("{TWO}#include more.conf\n");
    let more = with(&text).with("/etc/more.conf", "[m]\ntype=aor\nmax_contacts=1\n");
    let old = config(&load(&more, "/etc"));
    assert!(old.aors.contains_key("m"));
    for broken in [
        // The included file is gone.
        format!("{TWO}#include more.conf\n"),
        // The section's template is gone.
        format!("{TWO}[m](gone)\ntype=aor\n"),
        // Its type is misspelt, or missing.
        format!("{TWO}[m]\ntype=aro\n"),
        format!("{TWO}[m]\nmax_contacts=2\n"),
        // Its header is not closed: its name cannot be read.
        format!("{TWO}[m\ntype=aor\n"),
        format!("{TWO}[m](\ntype=aor\n"),
    ] {
        let loaded = reload(&with(&broken), "/etc", &old);
        let new = config(&loaded);
        assert!(Arc::ptr_eq(&old.aors["m"], &new.aors["m"]), "{broken}");
        assert!(loaded.summary.errors > 0 && loaded.summary.kept > 0, "{broken}");
    }
}

#[test]
fn a_missing_pjsip_conf_does_not_empty_a_running_server() {
    let old = config(&load(&with(TWO), "/etc"));
    let loaded = reload(&base(), "/etc", &old);
    one_says(&warnings(&loaded), &["there is no pjsip.conf"]);
    assert!(diff(&old, &config(&loaded)).is_empty());
}

#[test]
fn a_file_with_a_wrong_value_stays_as_it_was_as_a_whole() {
    let files = |rtp: &str, http: &str, acl: &str, global: &str| {
        with(&format!("{TWO}[global]\ntype=global\n{global}\n"))
            .with("/etc/rtp.conf", format!("[general]\n{rtp}\n"))
            .with("/etc/http.conf", format!("[general]\nenabled=yes\n{http}\n"))
            .with("/etc/acl.conf", format!("[office]\n{acl}\n"))
    };
    let good = files("rtpstart=6000", "bindaddr=127.0.0.1", "deny=10.0.0.0/8", "user_agent=x");
    let old = config(&load(&good, "/etc"));
    let bad = files(
        "rtpstart=7000\ndtls_mtu=1",
        "bindaddr=oops",
        "deny=10.0.0.0/8\npermit=10.0.0/8",
        "user_agent=y\nmax_forwards=many",
    );
    let loaded = reload(&bad, "/etc", &old);
    let new = config(&loaded);
    assert!(diff(&old, &new).is_empty(), "{:?}", diff(&old, &new));
    one_says(&warnings(&loaded), &["rtp.conf stays as it was before"]);
    one_says(&warnings(&loaded), &["http.conf stays as it was before"]);
    one_says(&warnings(&loaded), &["global 'global' stays as it was before"]);
    assert_eq!(loaded.summary.kept, 4);
}

#[test]
fn an_endpoint_that_stays_keeps_its_password() {
    let auth = "[a]\ntype=auth\nauth_type=userpass\nusername=a\npassword=x\n";
    let endpoint = "[a]\ntype=endpoint\nallow=ulaw\nauth=a\n";
    let old = config(&load(&with(&format!("{endpoint}{auth}")), "/etc"));
    let loaded = reload(&with(endpoint), "/etc", &old);
    one_says(&errors(&loaded), &["auth names 'a'"]);
    let new = config(&loaded);
    assert_eq!(new.auths_of(&new.endpoints["a"]).count(), 1);
}

#[test]
fn heirs_of_a_bad_list_are_refused_like_the_first() {
    let acl = "[t](!)\npermit=10.0.0/8\n[one](t)\ndeny=10.0.0.1\n[two](t)\ndeny=10.0.0.2\n";
    let loaded = load(&with(TWO).with("/etc/acl.conf", acl), "/etc");
    assert!(config(&loaded).acls.is_empty());
}

#[test]
fn a_reload_of_one_module_takes_over_what_it_reads_and_the_next_of_all_the_rest() {
    let old = config(&load(&with(TWO), "/etc"));
    let source = with(&TWO.replace("context=x", "context=y"))
        .with("/etc/rtp.conf", "[general]\nrtpstart=6000\n")
        .with("/etc/http.conf", "[general]\nservername=new\n")
        .with("/etc/codecs.conf", "[opus]\ncomplexity=3\n")
        .with("/etc/res_parking.conf", "[default]\nparkpos=801-802\n")
        .with("/etc/routes.conf", "[general]\nmargin=3\n");
    let new = config(&reload(&source, "/etc", &old));
    let settings = |module| diff(&old, &old.renewed(&new, Scope::of(Some(module))));
    assert!(diff(&new, &old.renewed(&new, Scope::of(None))).is_empty());
    for (module, changed) in [
        ("http", &["http"][..]),
        ("res_rtp_asterisk", &["rtp"]),
        ("codec_opus", &["codecs"]),
        ("routes", &["routes"]),
        ("acl", &["http", "rtp"]),
        ("pbx_config", &["parking"]),
        ("app_dial", &[]),
        ("logger", &[]),
        ("res_musiconhold", &[]),
        ("res_parking", &["parking"]),
    ] {
        let changes = settings(module);
        assert_eq!(changes.settings, changed, "{module}");
        assert_eq!(changes.endpoints.is_empty(), module != "acl", "{module}");
    }
    for module in ["res_pjsip", "res_pjsip_nat", "chan_pjsip", "pjsip"] {
        let changes = settings(module);
        assert!(changes.settings.is_empty(), "{module}");
        assert_eq!(changes.endpoints.changed, ["a"], "{module}");
    }
    // What a partial reload left as it was is not taken for built by the next one.
    let mixed = old.renewed(&new, Scope::of(Some("http")));
    let all = config(&reload(&source, "/etc", &mixed));
    assert_eq!(all.endpoints["a"].context, "y");
}
