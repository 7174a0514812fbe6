//! Channel variables: case-sensitive names, ordered for display, with the inheritance markers `_`
//! (the next channel gets it) and `__` (and all that come after it).

use std::collections::BTreeMap;

/// How many variables a channel may have. A dialplan that sets more is in a loop.
pub const MAX_VARIABLES: usize = 10_000;

/// How far a variable is handed down to channels that this one creates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Inheritance {
    /// Not at all.
    None,
    /// To the next channel.
    Once,
    /// To the next channel and from there on.
    Always,
}

/// The variables of one channel.
#[derive(Clone, Debug, Default)]
pub struct Variables {
    values: BTreeMap<String, (String, Inheritance)>,
}

impl Variables {
    /// The value of a variable by its bare name.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        self.values.get(bare(name).0).map(|(value, _)| value.as_str())
    }

    /// Sets or removes a variable; the name may carry `_` or `__`. Above 10,000 a new
    /// name is refused with `false`.
    pub fn set(&mut self, name: &str, value: Option<String>) -> bool {
        let (name, inheritance) = bare(name);
        match value {
            None => {
                self.values.remove(name);
            }
            Some(value) => {
                if self.values.len() >= MAX_VARIABLES && !self.values.contains_key(name) {
                    return false;
                }
                self.values.insert(name.to_owned(), (value, inheritance));
            }
        }
        true
    }

    /// What a channel created by this one starts with.
    #[must_use]
    pub fn inherited(&self) -> Self {
        let values = self.values.iter().filter_map(|(name, (value, inheritance))| {
            let handed_on = match inheritance {
                Inheritance::None => return None,
                Inheritance::Once => Inheritance::None,
                Inheritance::Always => Inheritance::Always,
            };
            Some((name.clone(), (value.clone(), handed_on)))
        });
        Self { values: values.collect() }
    }

    /// All variables by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values.iter().map(|(name, (value, _))| (name.as_str(), value.as_str()))
    }
}

fn bare(name: &str) -> (&str, Inheritance) {
    if let Some(name) = name.strip_prefix("__") {
        (name, Inheritance::Always)
    } else if let Some(name) = name.strip_prefix('_') {
        (name, Inheritance::Once)
    } else {
        (name, Inheritance::None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_underscore_reaches_the_callee_and_two_everybody_after() {
        let mut caller = Variables::default();
        caller.set("OWN", Some("1".into()));
        caller.set("_NEXT", Some("2".into()));
        caller.set("__ALL", Some("3".into()));
        let callee = caller.inherited();
        assert_eq!(callee.iter().collect::<Vec<_>>(), [("ALL", "3"), ("NEXT", "2")]);
        assert_eq!(callee.inherited().iter().collect::<Vec<_>>(), [("ALL", "3")]);
        assert_eq!(caller.value("_NEXT"), Some("2"));
    }

    #[test]
    fn a_dialplan_in_a_loop_cannot_fill_the_memory() {
        let mut variables = Variables::default();
        for n in 0..MAX_VARIABLES {
            assert!(variables.set(&n.to_string(), Some(String::new())));
        }
        assert!(!variables.set("one more", Some(String::new())));
        assert!(variables.set("7", Some("changed".into())));
    }
}
