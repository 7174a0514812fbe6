//! `FEATURE` and `FEATUREMAP`: options of `features.conf` that one channel has of its own. They
//! are kept as variables, so that the channels it calls can inherit them.

use sidetone_config::objects::features::Features;
use sidetone_config::table::{ObjectSpec, Usage};
use sidetone_config::tables::server;
use sidetone_dialplan::{Doc, FunctionError};
use sidetone_pbx::Channel;

use super::{Read, Write};
use sidetone_functions::{Function, Outcome, Written};

pub(super) const FEATURE: Function<Read, Write> = Function {
    doc: Doc {
        name: "FEATURE",
        synopsis: "An option of features.conf, for this channel alone",
        syntax: "option_name",
        description: "Reads the option as it is for this channel, or sets it for it.",
        arguments: &[(
            "option_name",
            "An option of [general] of features.conf that acts, or inherit: with yes the channels \
             that this one calls get what it has of its own",
        )],
        see_also: &["FEATUREMAP()"],
        ..Doc::EMPTY
    },
    read: Some(|channel, option| read(channel, &server::FEATURES, option)),
    write: Some(|channel, option, value| write(channel, &server::FEATURES, option, value)),
};

pub(super) const FEATUREMAP: Function<Read, Write> = Function {
    doc: Doc {
        name: "FEATUREMAP",
        synopsis: "The keys of a feature, for this channel alone",
        syntax: "feature_name",
        description: "Reads the keys as they are for this channel, or sets them for it. Empty ones \
            switch the feature off. Which features it may use, the options of Dial and Bridge say.",
        arguments: &[("feature_name", "A name of [featuremap] of features.conf that acts")],
        see_also: &["FEATURE()"],
        ..Doc::EMPTY
    },
    read: Some(|channel, option| read(channel, &server::FEATURE_MAP, option)),
    write: Some(|channel, option, value| write(channel, &server::FEATURE_MAP, option, value)),
};

/// The names of the variables begin so; nobody writes such names.
const PREFIX: &str = "~feature-";

/// Whether its settings go on to the channels it calls.
const INHERIT: &str = "inherit";

/// features.conf as it is for this channel.
pub(crate) fn of(channel: &Channel) -> Features {
    let mut features = channel.exchange().config().features.as_ref().clone();
    for (name, value) in channel.variables().iter() {
        if let Some(option) = name.strip_prefix(PREFIX) {
            features.change(option, value);
        }
    }
    features
}

fn read(channel: &mut Channel, table: &ObjectSpec, option: &str) -> Outcome {
    let option = option.trim().to_ascii_lowercase();
    if option == INHERIT && *table == server::FEATURES {
        return Ok(if inherits(channel) { "1" } else { "0" }.to_owned());
    }
    known(table, &option)?;
    of(channel).text(&option).ok_or_else(|| failed(format!("{option} does not act")))
}

fn write(channel: &mut Channel, table: &ObjectSpec, option: &str, value: &str) -> Written {
    let option = option.trim().to_ascii_lowercase();
    let value = value.trim();
    if option == INHERIT && *table == server::FEATURES {
        set(channel, INHERIT, value);
        let own: Vec<_> = channel
            .variables()
            .iter()
            .filter_map(|(name, value)| {
                Some((name.strip_prefix(PREFIX)?.to_owned(), value.to_owned()))
            })
            .collect();
        for (option, value) in own {
            set(channel, &option, &value);
        }
        return Ok(());
    }
    known(table, &option)?;
    if !of(channel).change(&option, value) {
        return Err(failed(format!("'{value}' is no number for {option}")));
    }
    set(channel, &option, value);
    Ok(())
}

fn set(channel: &mut Channel, option: &str, value: &str) {
    let inherit = option == INHERIT && is_true(value) || option != INHERIT && inherits(channel);
    let marks = if inherit { "__" } else { "" };
    channel.set(&format!("{marks}{PREFIX}{option}"), value);
}

fn inherits(channel: &Channel) -> bool {
    channel.variables().value(&format!("{PREFIX}{INHERIT}")).is_some_and(is_true)
}

fn is_true(text: &str) -> bool {
    ["yes", "true", "y", "t", "1", "on"].iter().any(|word| text.trim().eq_ignore_ascii_case(word))
}

/// That there is such an option, and that it acts.
fn known(table: &ObjectSpec, option: &str) -> Result<(), FunctionError> {
    match table.option(option).map(|option| option.usage) {
        Some(Usage::Works) => Ok(()),
        Some(Usage::Ignored(why) | Usage::Fixed(_, why)) => {
            Err(failed(format!("{option} is ignored: {why}")))
        }
        None => {
            let names = table.options.iter().map(|option| option.name);
            let near = sidetone_config::nearest(option, names);
            let hint = sidetone_config::meant(near, || "see features.conf".to_owned());
            Err(failed(format!("there is no '{option}': {hint}")))
        }
    }
}

fn failed(words: String) -> FunctionError {
    FunctionError::Arguments(words)
}
