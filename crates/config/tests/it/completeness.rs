//! Every option of every file either acts, or a load that sets it says why it is ignored.

use std::fmt::Write as _;

use super::{base, load_sip, one_says, warnings};
use sidetone_config::load;
use sidetone_config::table::{Kind, OptionSpec, Usage};
use sidetone_config::tables::ALL;

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
            let reason = option.why_ignored(&other_than_default(option)).unwrap_or_default();
            says(format!("'{}' of {} is ignored", option.name, spec.name), reason);
        }
    }
}

/// A text that is right by its type and means something other than the default.
fn other_than_default(option: &OptionSpec) -> String {
    if let Usage::Fixed(always, _) = option.usage
        && option.shown(always) != option.shown(option.default)
    {
        return option.default.to_owned();
    }
    let other = |names: &[&str]| {
        names
            .iter()
            .find(|name| !name.eq_ignore_ascii_case(option.default))
            .expect("another word")
            .to_string()
    };
    match option.kind {
        Kind::Flag | Kind::YesNo if matches!(option.usage, Usage::Fixed("yes", _)) => {
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
fn an_option_of_any_other_file_without_effect_is_reported_when_it_is_set() {
    let mut files: Vec<&str> = ALL.iter().map(|spec| spec.file).collect();
    files.retain(|file| *file != "pjsip.conf");
    files.dedup();
    let mut tried = 0;
    for file in files {
        let mut text = String::new();
        let mut expected = Vec::new();
        for spec in ALL.iter().filter(|spec| spec.file == file) {
            writeln!(text, "[{}]", spec.name).unwrap();
            for option in spec.options.iter().filter(|option| !option.works()) {
                let set = other_than_default(option);
                if let Some(reason) = option.why_ignored(&set) {
                    writeln!(text, "{}={set}", option.name).unwrap();
                    expected
                        .push((format!("'{}' of {} is ignored", option.name, spec.name), reason));
                }
            }
        }
        let found = warnings(&load(&base().with(format!("/etc/{file}"), text), "/etc"));
        for (words, reason) in &expected {
            one_says(&found, &[file, words, reason]);
        }
        tried += expected.len();
    }
    assert!(tried > 50, "the tables have that many: {tried}");
}

#[test]
fn an_object_without_effect_is_reported_once_whatever_is_set_in_it() {
    for spec in ALL.iter().filter(|spec| spec.usage != Usage::Works) {
        let Usage::Ignored(reason) = spec.usage else { unreachable!("filtered") };
        let mut text = format!("[x]\ntype={}\n", spec.name);
        for option in spec.options {
            writeln!(text, "{}={}", option.name, other_than_default(option)).unwrap();
        }
        let found = warnings(&load_sip(&text));
        let object = format!("objects of type '{}' is ignored", spec.name);
        assert_eq!(found.iter().filter(|line| line.contains("is ignored")).count(), {
            let own = |option: &&OptionSpec| !option.works();
            1 + spec.options.iter().filter(own).count()
        });
        one_says(&found, &["pjsip.conf:6:", &object, reason]);
        // Nor may a reader of the reference page take one of its options for something that acts.
        let page = sidetone_config::reference::reference(spec.file);
        let title = format!("## type = {}\n\nAccepted and ignored: {reason}.", spec.name);
        assert!(page.contains(&title), "{title}");
    }
}

/// A default that says how things are is silent; one that asks for what is not here is told too.
#[test]
fn the_default_of_an_option_without_effect_is_reported_unless_it_is_so_here() {
    for spec in ALL.iter().filter(|spec| spec.usage == Usage::Works) {
        for option in spec.options.iter().filter(|option| !option.default.is_empty()) {
            let told = option.why_ignored(option.default);
            let expected = match option.usage {
                Usage::Works => None,
                Usage::Ignored(_) if ["no", "0", "none"].contains(&option.default) => None,
                Usage::Fixed(always, _) if always == option.default => None,
                Usage::Ignored(reason) | Usage::Fixed(_, reason) => Some(reason),
            };
            assert_eq!(told, expected, "{} {}", spec.name, option.name);
        }
    }
}

#[test]
fn what_is_always_so_may_be_written_and_the_opposite_is_reported() {
    let text = "[x]\ntype=endpoint\ndirect_media=no\nfollow_early_media_fork=yes\n";
    assert!(warnings(&load_sip(text)).iter().all(|line| !line.contains("is ignored")));
    let text = "[x]\ntype=endpoint\ndirect_media=yes\nallow_subscribe=yes\nsub_min_expiry=60\n";
    let found = warnings(&load_sip(text));
    one_says(&found, &["'direct_media' of endpoint", "media always passes through this server"]);
    one_says(&found, &["'allow_subscribe' of endpoint", "no part of this version uses it yet"]);
    one_says(&found, &["'sub_min_expiry' of endpoint", "no part of this version uses it yet"]);
}
