//! What a dialplan can call: applications (`Dial(…)`) and functions (`${LEN(x)}`), one file each,
//! listed in one table.
//!
//! On the call's walk this is where `dialplan/run` ends up for everything that is not control
//! flow. Each page of `core show application` and `core show function` is the documented constant
//! beside the code.

#![forbid(unsafe_code)]

pub mod applications;
pub mod channel_functions;

use sidetone_dialplan::{Doc, builtin};
use sidetone_pbx::Catalogue;

/// Everything the dialplan of this exchange can call.
pub const CATALOGUE: Catalogue = Catalogue {
    applications: applications::APPLICATIONS,
    read_function: |channel, name, arguments| {
        Box::pin(channel_functions::read(channel, name, arguments))
    },
    write_function: channel_functions::write,
    bridge_digit: |channel, digit| Box::pin(applications::bridge_digit(channel, digit)),
    function_docs: all_functions,
};

/// The help of all functions, sorted by name.
#[must_use]
pub fn all_functions() -> Vec<&'static Doc> {
    let pure = sidetone_functions::FUNCTIONS.iter().map(|function| &function.doc);
    let bound = channel_functions::FUNCTIONS.iter().map(|function| &function.doc);
    let own = sidetone_dialplan::functions::BUILTINS.iter();
    let mut all: Vec<_> = pure.chain(bound).chain(own).collect();
    all.sort_by_key(|doc| doc.name);
    all
}

/// Whether the dialplan can call an application of this name.
#[must_use]
pub fn has_application(name: &str) -> bool {
    builtin::find(name).is_some() || CATALOGUE.application(name).is_some()
}

/// The names of all applications.
pub fn application_names() -> impl Iterator<Item = &'static str> {
    let own = builtin::BUILTINS.iter().map(|builtin| builtin.doc().name);
    own.chain(CATALOGUE.applications.iter().map(|application| application.doc.name))
}

/// Whether the dialplan can use a function of this name.
#[must_use]
pub fn has_function(name: &str) -> bool {
    all_functions().iter().any(|doc| doc.name == name)
}

#[cfg(test)]
mod modules_tests {
    use std::collections::BTreeSet;

    use sidetone_config::tables::modules::{CORE, MODULES, Module};
    use sidetone_dialplan::builtin;

    fn all(of: fn(&Module) -> &'static [&'static str]) -> BTreeSet<String> {
        let names = MODULES.iter().chain([&CORE]).flat_map(of);
        names.map(|name| name.to_lowercase()).collect()
    }

    #[test]
    fn each_application_and_function_comes_with_a_module_and_no_other_is_claimed() {
        let lower = |name: &str| name.to_lowercase();
        let own = super::CATALOGUE.applications.iter().map(|app| lower(app.doc.name));
        let core = builtin::BUILTINS.iter().map(|app| lower(app.doc().name));
        let there: BTreeSet<_> = own.chain(core).collect();
        assert_eq!(all(|module| module.applications), there);
        let there: BTreeSet<_> = super::all_functions().iter().map(|doc| lower(doc.name)).collect();
        assert_eq!(all(|module| module.functions), there);
        assert!(MODULES.is_sorted_by_key(|module| module.name));
    }
}
