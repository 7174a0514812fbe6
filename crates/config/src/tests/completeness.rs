//! Every option of `pjsip.conf` either acts, or a load that sets it says why it is ignored.

use std::fmt::Write as _;

use super::{load_sip, warnings};
use crate::table::{Kind, ObjectSpec, OptionSpec, Usage};
use crate::tables::ALL;

#[test]
fn an_option_without_effect_is_reported_when_it_is_set() {
    for spec in ALL.iter().filter(|spec| spec.file == "pjsip.conf") {
        let mut text = format!("[x]\ntype={}\n", spec.name);
        let silent: Vec<&OptionSpec> =
            spec.options.iter().filter(|option| !option.works()).collect();
        for option in &silent {
            writeln!(text, "{}={}", option.name, other_than_default(option)).unwrap();
        }
        let found = warnings(&load_sip(&text));
        let says = |words: String, reason: &str| {
            let fits = found.iter().filter(|line| line.contains(&words) && line.contains(reason));
            assert_eq!(fits.count(), 1, "{words}: {found:#?}");
        };
        if let Usage::Ignored(reason) = spec.usage {
            says(format!("objects of type '{}' is ignored", spec.name), reason);
        }
        for option in silent {
            let Usage::Ignored(reason) = option.usage else { unreachable!("it does not work") };
            says(format!("'{}' of {} is ignored", option.name, spec.name), reason);
        }
    }
}

/// A text that is right by its type and means something other than the default.
fn other_than_default(option: &OptionSpec) -> String {
    let other = |names: &[&str]| {
        names.iter().find(|name| !name.eq_ignore_ascii_case(option.default)).unwrap().to_string()
    };
    match option.kind {
        Kind::Flag | Kind::YesNo if option.default == "yes" || option.default == "true" => {
            "no".to_owned()
        }
        Kind::Flag | Kind::YesNo => "yes".to_owned(),
        Kind::Number { min, max } if option.default == max.to_string() => min.to_string(),
        Kind::Number { max, .. } => max.to_string(),
        Kind::Decimal => "9.5".to_owned(),
        Kind::Choice(names) | Kind::Choices(names) => other(names),
        Kind::TypeOfService => "ef".to_owned(),
        Kind::Text | Kind::Secret | Kind::List => "something".to_owned(),
    }
}

#[test]
fn no_object_without_effect_claims_effects_of_its_options() {
    // What is ignored as a whole is said once; its options need no reasons of their own.
    let ignored = |spec: &&&ObjectSpec| spec.usage != Usage::Works;
    for spec in ALL.iter().filter(ignored) {
        let Usage::Ignored(reason) = spec.usage else { unreachable!("filtered") };
        assert!(!reason.is_empty() && !reason.ends_with('.'), "{}: {reason}", spec.name);
    }
}
