//! A host in memory for the tests of the functions.

use std::collections::HashMap;

use sidetone_base::{Random, SeededRandom};
use sidetone_store::AstDb;

pub(super) use super::FunctionHost;
use super::{Hashes, Outcome};

pub(super) struct MemoryHost {
    variables: HashMap<String, String>,
    globals: HashMap<String, String>,
    database: AstDb,
    hashes: Hashes,
    random: SeededRandom,
}

/// A host with some variables, on Friday 2026-07-03 at 14:05:06.789 in Berlin.
pub(super) fn host() -> MemoryHost {
    let mut host = MemoryHost {
        variables: HashMap::new(),
        globals: HashMap::new(),
        database: AstDb::in_memory(),
        hashes: Hashes::default(),
        random: SeededRandom::new(1),
    };
    for (name, value) in [
        ("LIST", "a,b,c"),
        ("DASHED", "one-two-three-four"),
        ("NUM", "41"),
        ("DEC", "1.5"),
        ("TEXT", "hello world"),
        ("EMPTY", ""),
        ("DUP", "a,b,a,c"),
    ] {
        host.set_variable(name, Some(value.to_owned()));
    }
    host.set_global("G", Some("global".to_owned()));
    host
}

impl FunctionHost for MemoryHost {
    fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).or_else(|| self.globals.get(name)).cloned()
    }

    fn set_variable(&mut self, name: &str, value: Option<String>) {
        match value {
            Some(value) => self.variables.insert(name.to_owned(), value),
            None => self.variables.remove(name),
        };
    }

    fn global(&self, name: &str) -> Option<String> {
        self.globals.get(name).cloned()
    }

    fn set_global(&mut self, name: &str, value: Option<String>) {
        match value {
            Some(value) => self.globals.insert(name.to_owned(), value),
            None => self.globals.remove(name),
        };
    }

    fn database(&self) -> &AstDb {
        &self.database
    }

    fn hashes(&mut self) -> &mut Hashes {
        &mut self.hashes
    }

    fn now(&self) -> jiff::Zoned {
        "2026-07-03T14:05:06.789[Europe/Berlin]".parse().expect("a time")
    }

    fn random(&mut self) -> &mut dyn Random {
        &mut self.random
    }

    fn environment(&self, name: &str) -> Option<String> {
        (name == "HOME").then(|| "/root".to_owned())
    }

    fn version(&self, item: &str) -> Option<String> {
        match item {
            "" => Some("0.1.0".to_owned()),
            "BUILD_OS" => Some("Linux".to_owned()),
            _ => None,
        }
    }

    fn channel_function(&mut self, name: &str, arguments: &str) -> Option<Outcome> {
        (name == "CALLERID" && arguments == "num").then(|| Ok("030-1234".to_owned()))
    }
}

pub(super) fn read(host: &mut MemoryHost, name: &str, arguments: &str) -> Outcome {
    super::read(host, name, arguments).expect("a function")
}

#[track_caller]
pub(super) fn check(host: &mut MemoryHost, name: &str, arguments: &str, expected: &str) {
    assert_eq!(read(host, name, arguments).as_deref(), Ok(expected), "{name}({arguments})");
}

#[track_caller]
pub(super) fn refuse(name: &str, arguments: &str) {
    let outcome = read(&mut host(), name, arguments);
    assert!(outcome.is_err(), "{name}({arguments}) is {outcome:?}");
}

#[track_caller]
pub(super) fn set(host: &mut MemoryHost, name: &str, arguments: &str, value: &str) {
    let outcome = super::write(host, name, arguments, value).expect("a function");
    assert_eq!(outcome, Ok(()), "{name}({arguments})={value}");
}
