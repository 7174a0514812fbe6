//! The shape of an option: name, type, default, who uses it, one sentence. Parsing, defaults,
//! the "ignored because" report, `show` commands and the reference page all come from tables of
//! these; an option exists when it has a line in one and nowhere else.

use std::borrow::Cow;

use crate::nearest::nearest;

/// Whether setting an option changes anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage {
    /// It acts.
    Works,
    /// It is accepted and does nothing; the words say why and complete "ignored: …".
    Ignored(&'static str),
    /// It is accepted and does nothing: things are always as if it were set to the first text.
    /// The other words say why, as of [`Usage::Ignored`].
    Fixed(&'static str, &'static str),
}

/// What an option's text may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Any text.
    Text,
    /// Any text, never shown.
    Secret,
    /// A yes/no value that is shown as `true`/`false`.
    Flag,
    /// A yes/no value that is shown as `yes`/`no`.
    YesNo,
    /// A whole number within bounds.
    Number {
        /// Smallest value.
        min: i64,
        /// Largest value.
        max: i64,
    },
    /// A number with a fraction, not negative, shown with six digits.
    Decimal,
    /// One of these words, in any case.
    Choice(&'static [&'static str]),
    /// Several of these words, separated by commas.
    Choices(&'static [&'static str]),
    /// Values separated by commas; several lines add up.
    List,
    /// An IP type-of-service byte: a number or a name such as `ef`.
    TypeOfService,
}

/// One option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OptionSpec {
    /// Its name, lower case.
    pub name: &'static str,
    /// What its text may be.
    pub kind: Kind,
    /// The text that means the same as leaving it out.
    pub default: &'static str,
    /// Whether it acts.
    pub usage: Usage,
    /// One sentence for the reference page.
    pub doc: &'static str,
}

/// One kind of object, or one fixed section of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ObjectSpec {
    /// The file it stands in.
    pub file: &'static str,
    /// Its `type=` word, or the section name.
    pub name: &'static str,
    /// Whether such objects act at all.
    pub usage: Usage,
    /// Its options, in alphabetical order.
    pub options: &'static [OptionSpec],
    /// Other spellings: what is written, what is meant.
    pub aliases: &'static [(&'static str, &'static str)],
}

impl ObjectSpec {
    /// The option called `name`, aliases followed, case ignored.
    pub fn option(&self, name: &str) -> Option<&'static OptionSpec> {
        let meant = self.aliases.iter().find(|(written, _)| written.eq_ignore_ascii_case(name));
        let name = meant.map_or(name, |(_, meant)| meant);
        self.options.iter().find(|option| option.name.eq_ignore_ascii_case(name))
    }

    /// The name most like `name`, for "did you mean".
    pub fn nearest(&self, name: &str) -> Option<&'static str> {
        nearest(name, self.options.iter().map(|option| option.name))
    }
}

impl OptionSpec {
    /// Whether it acts.
    pub fn works(&self) -> bool {
        self.usage == Usage::Works
    }

    /// Why setting it to a text changes nothing: what the report at load says. `None` when it
    /// acts, and when the text asks for nothing that is missed: it switches off what is not here,
    /// or is how things are anyway.
    pub fn why_ignored(&self, text: &str) -> Option<&'static str> {
        let (reason, is_so) = match self.usage {
            Usage::Works => return None,
            Usage::Ignored(reason) => (reason, is_off(text)),
            Usage::Fixed(always, reason) => (reason, self.shown(text) == self.shown(always)),
        };
        (!is_so).then_some(reason)
    }

    /// The text as `show` commands print it.
    pub fn shown<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match self.kind {
            Kind::Flag => Cow::from(if truth(text) == Some(true) { "true" } else { "false" }),
            Kind::YesNo => Cow::from(if truth(text) == Some(true) { "yes" } else { "no" }),
            Kind::Secret if !text.is_empty() => Cow::from("****"),
            Kind::Decimal => match text.parse::<f64>() {
                Ok(number) => Cow::from(format!("{number:.6}")),
                Err(_) => Cow::from(text),
            },
            Kind::Choice(names) => names
                .iter()
                .find(|name| name.eq_ignore_ascii_case(text))
                .map_or(Cow::from(text), |name| Cow::from(*name)),
            _ => Cow::from(text),
        }
    }

    /// Checks a text against the type.
    ///
    /// # Errors
    /// In words, what would be right.
    pub fn check(&self, text: &str) -> Result<(), String> {
        let one_of = |names: &[&str]| format!("one of {}", names.join(", "));
        let known = |names: &[&str], item: &str| names.iter().any(|n| n.eq_ignore_ascii_case(item));
        match self.kind {
            Kind::Text | Kind::Secret | Kind::List => Ok(()),
            Kind::Flag | Kind::YesNo => {
                truth(text).map(drop).ok_or_else(|| String::from("yes or no"))
            }
            Kind::Number { min, max } => match text.parse::<i64>() {
                Ok(number) if (min..=max).contains(&number) => Ok(()),
                _ => Err(format!("a whole number from {min} to {max}")),
            },
            Kind::Decimal => match text.parse::<f64>() {
                Ok(number) if number.is_finite() && number >= 0.0 => Ok(()),
                _ => Err(String::from("a number such as 3.0")),
            },
            Kind::Choice(names) if known(names, text) => Ok(()),
            Kind::Choice(names) => {
                let near = nearest(text, names.iter().copied());
                Err(near.map_or_else(|| one_of(names), |near| format!("'{near}', probably")))
            }
            Kind::Choices(names) => {
                let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
                match items.into_iter().find(|item| !known(names, item)) {
                    None => Ok(()),
                    Some(_) => Err(format!("a list out of {}", names.join(", "))),
                }
            }
            Kind::TypeOfService => {
                type_of_service(text).map(drop).ok_or_else(|| String::from("0 to 255, or ef, cs3…"))
            }
        }
    }
}

/// Reads a yes/no value; `None` when it is neither.
pub fn truth(text: &str) -> Option<bool> {
    let is_one_of = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
    if is_one_of(&["yes", "true", "y", "t", "1", "on"]) {
        return Some(true);
    }
    is_one_of(&["no", "false", "n", "f", "0", "off"]).then_some(false)
}

/// Whether a text asks for nothing.
fn is_off(text: &str) -> bool {
    text.is_empty() || text.eq_ignore_ascii_case("none") || truth(text) == Some(false)
}

/// Reads a type-of-service byte: a number (decimal, or hexadecimal after `0x`), or a name of
/// RFC 2474 and RFC 2597 (`cs0`…`cs7`, `af11`…`af43`, `ef`).
pub fn type_of_service(text: &str) -> Option<u8> {
    let text = text.to_ascii_lowercase();
    if let Some(hex) = text.strip_prefix("0x") {
        return u8::from_str_radix(hex, 16).ok();
    }
    if let Ok(number) = text.parse::<u8>() {
        return Some(number);
    }
    let digits: Vec<u8> = text
        .bytes()
        .skip(2)
        .filter_map(|byte| char::from(byte).to_digit(8)?.try_into().ok())
        .collect();
    match (text.get(..2)?, digits.as_slice(), text.len()) {
        ("ef", [], 2) => Some(46 << 2),
        ("cs", [class], 3) => Some(class << 5),
        ("af", [class @ 1..=4, drop @ 1..=3], 4) => Some((class << 5) | (drop << 3)),
        _ if matches!(text.as_str(), "false" | "no" | "none") => Some(0),
        _ => None,
    }
}

/// Writes a table of options: one line each, so that a reader compares columns.
macro_rules! options {
    ($($name:literal $kind:expr, $default:literal, $usage:expr, $doc:literal;)*) => {
        &[$($crate::table::OptionSpec {
            name: $name,
            kind: $kind,
            default: $default,
            usage: $usage,
            doc: $doc,
        }),*]
    };
}
pub(crate) use options;

/// An enum whose variants have names in configuration files; the first name of several is the
/// one that is shown.
macro_rules! choices {
    ($(#[$doc:meta])* $vis:vis enum $enum:ident {
        $($(#[$variant_doc:meta])* $variant:ident = $text:literal $(| $alias:literal)*,)*
    }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        $vis enum $enum {
            $($(#[$variant_doc])* $variant,)*
        }

        impl $enum {
            /// The names accepted in files.
            pub const NAMES: &'static [&'static str] = &[$($text, $($alias,)*)*];

            /// The name shown.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }

            /// Reads a name, in any case.
            pub fn from_name(name: &str) -> Option<Self> {
                $(if name.eq_ignore_ascii_case($text) $(|| name.eq_ignore_ascii_case($alias))* {
                    return Some(Self::$variant);
                })*
                None
            }
        }

        impl $crate::table::Choice for $enum {
            fn from_name(name: &str) -> Option<Self> {
                $enum::from_name(name)
            }
        }

        impl std::fmt::Display for $enum {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}
pub(crate) use choices;

/// What [`choices!`] makes.
pub(crate) trait Choice: Sized {
    /// Reads a name, in any case.
    fn from_name(name: &str) -> Option<Self>;
}

#[cfg(test)]
#[path = "../tests/unit/table.rs"]
mod tests;
