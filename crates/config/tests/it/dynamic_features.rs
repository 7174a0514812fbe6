//! `[applicationmap]` of features.conf and its groups.

use std::sync::Arc;

use sidetone_config::load;
use sidetone_config::objects::dynamic_features::RunsOn;
use sidetone_config::objects::features::Features;

use crate::{UDP, base, config, errors, warnings};

fn built(text: &str) -> (Arc<Features>, Vec<String>) {
    let source = base().with("/etc/pjsip.conf", UDP).with("/etc/features.conf", text);
    let loaded = load(&source, "/etc");
    let features = Arc::clone(&config(&loaded).features);
    let mut said = errors(&loaded);
    said.extend(warnings(&loaded));
    said.retain(|line| line.starts_with("/etc/features.conf") || line.contains("features.conf:"));
    (features, said)
}

#[test]
fn an_application_behind_keys_is_written_in_each_of_three_forms() {
    let (features, said) = built(
        "[applicationmap]\n\
         plain => #9,peer,Playback,tt-monkeys,jazz\n\
         quoted => *7,self/both,Read,\"A,beep,1\",jazz\n\
         braces => 12,Self,MixMonitor(${UNIQUEID}.wav,b(x)),jazz\n\
         bare => *8,peer,Answer\n",
    );
    assert_eq!(said, Vec::<String>::new());
    let all: Vec<_> = features
        .dynamic
        .all()
        .map(|f| (&*f.keys, f.runs_on, &*f.application, &*f.arguments, &*f.music))
        .collect();
    assert_eq!(
        all,
        [
            ("#9", RunsOn::Peer, "Playback", "tt-monkeys", "jazz"),
            ("*7", RunsOn::Own, "Read", "A,beep,1", "jazz"),
            ("12", RunsOn::Own, "MixMonitor", "${UNIQUEID}.wav,b(x)", "jazz"),
            ("*8", RunsOn::Peer, "Answer", "", ""),
        ]
    );
}

#[test]
fn a_group_gives_its_features_keys_of_its_own() {
    let (features, said) = built(
        "[applicationmap]\na => 1,self,NoOp\nb => 2,self,NoOp\nc => 3,self,NoOp\n\
         [sales]\na => *1\nb =>\n",
    );
    assert_eq!(said, Vec::<String>::new());
    let keys = |names: &str| {
        let allowed = features.dynamic.allowed(names);
        allowed.iter().map(|(keys, f)| format!("{keys}={}", f.name)).collect::<Vec<_>>()
    };
    assert_eq!(keys("sales#c"), ["*1=a", "2=b", "3=c"]);
    assert_eq!(keys("SALES"), ["*1=a", "2=b"]);
    assert_eq!(keys("d# "), Vec::<String>::new());
    assert_eq!(features.dynamic.names().collect::<Vec<_>>(), ["a", "b", "c", "sales"]);
}

#[test]
fn what_is_wrong_is_named_with_its_line_and_left_out() {
    for (text, place, words) in [
        ("[applicationmap]\na => x,self,NoOp\n", ":2: error", "'x' are no keys"),
        ("[applicationmap]\na => 1,caller,NoOp\n", ":2: error", "cannot run on 'caller'"),
        ("[applicationmap]\na => 1,self\n", ":2: error", "needs keys, self or peer"),
        ("[applicationmap]\na => 1,self,\n", ":2: error", "needs an application"),
        (
            "[applicationmap]\na => 1,self/callee,NoOp\n",
            ":2: warning",
            "'/callee' is ignored: the party whose DYNAMIC_FEATURES",
        ),
        (
            "[applicationmap]\nnotes => 1,self,NoOp\n[sales]\nnote => 2\n",
            ":4: error",
            "did you mean 'notes'?",
        ),
        ("[applicationmp]\na => 1,self,NoOp\n", ":1: warning", "[applicationmap]?"),
    ] {
        let (_, said) = built(text);
        let found = said.iter().any(|line| line.contains(place) && line.contains(words));
        assert!(found, "{text}: {said:?}");
    }
}

proptest::proptest! {
    #[test]
    fn what_is_written_is_read_back(
        keys in "[0-9*#A-D]{1,20}", on in "self|peer", application in "[A-Za-z]{1,12}",
        arguments in "[a-z0-9/]{0,12}", music in "[a-z]{0,8}"
    ) {
        let (features, said) = built(&format!(
            "[applicationmap]\nx => {keys},{on},{application},{arguments},{music}\n"
        ));
        proptest::prop_assert_eq!(said, Vec::<String>::new());
        let feature = features.dynamic.all().next().expect("one");
        proptest::prop_assert_eq!(&feature.keys, &keys);
        proptest::prop_assert_eq!(&feature.application, &application);
        proptest::prop_assert_eq!(&feature.arguments, &arguments);
        proptest::prop_assert_eq!(&feature.music, &music);
    }

    #[test]
    fn any_line_is_read_or_refused(text in "\\PC{0,60}") {
        let written = format!("[applicationmap]\nx => {text}\n[g]\nx => {text}\n");
        let (features, _) = built(&written);
        for feature in features.dynamic.all() {
            proptest::prop_assert!(!feature.application.is_empty() && !feature.keys.is_empty());
        }
    }
}
