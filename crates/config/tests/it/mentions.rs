//! Names that lead to nothing and refuse no object: of contexts, music and the default endpoint.

use super::{UDP, base, config, errors, load_sip, one_says, warnings};
use sidetone_config::{Loaded, load, reload};

fn contexts(loaded: &Loaded, known: &[&str]) -> Vec<String> {
    let found = config(loaded).unknown_contexts(known);
    found.iter().map(ToString::to_string).collect()
}

#[test]
fn a_context_that_is_not_in_the_dialplan_is_named_with_the_one_that_was_meant() {
    let loaded = load_sip(
        "[phone](!)\ntype=endpoint\nallow=ulaw\ncontext=intern\n[a](phone)\n[b](phone)\n\
         [c](phone)\nmessage_context=texts\noverlap_context=internal\n\
         [d]\ntype=endpoint\nallow=ulaw\ncontext=intern\n[e]\ntype=endpoint\nallow=ulaw\n",
    );
    assert_eq!(errors(&loaded), Vec::<String>::new());
    let found = contexts(&loaded, &["internal", "public"]);
    one_says(&found, &["pjsip.conf:9:", "context names 'intern'", "at 2 places", "'internal'?"]);
    one_says(&found, &["pjsip.conf:13:", "message_context names 'texts'", "add [texts]"]);
    assert_eq!(found.len(), 2, "what nobody wrote is not told: {found:?}");
    assert_eq!(contexts(&loaded, &["intern", "texts", "internal"]), Vec::<String>::new());
}

#[test]
fn a_class_of_music_that_does_not_exist_is_named() {
    let source = base()
        .with("/etc/pjsip.conf", format!("{UDP}[a]\ntype=endpoint\nallow=ulaw\nmoh_suggest=jaz\n"))
        .with("/etc/musiconhold.conf", "[jazz]\nmode=files\ndirectory=/srv/jazz\n");
    let loaded = load(&source, "/etc");
    one_says(&warnings(&loaded), &["pjsip.conf:8:", "moh_suggest names 'jaz'", "'jazz'?"]);
    // What did not change is not built again, and told all the same.
    let again = reload(&source, "/etc", &config(&loaded));
    one_says(&warnings(&again), &["pjsip.conf:8:", "moh_suggest names 'jaz'"]);
    let quiet = load_sip("[a]\ntype=endpoint\nallow=ulaw\nmoh_suggest=default\n");
    assert!(!warnings(&quiet).iter().any(|text| text.contains("moh_suggest")));
}

#[test]
fn a_default_endpoint_that_does_not_exist_is_named() {
    let with = |name: &str| {
        let text = format!("[g]\ntype=global\ndefault_outbound_endpoint={name}\n");
        load_sip(&format!("{text}[trunk]\ntype=endpoint\nallow=ulaw\n"))
    };
    let found = warnings(&with("trunc"));
    one_says(&found, &["pjsip.conf:8:", "default_outbound_endpoint names 'trunc'", "'trunk'?"]);
    for right in ["trunk", "default_outbound_endpoint", ""] {
        assert!(!warnings(&with(right)).iter().any(|text| text.contains("names")), "{right}");
    }
}
