//! Fingerprints of sections, so that a reload builds only what changed: of ten thousand endpoints
//! one has usually been edited.
//!
//! Only sections without findings have one: findings are told at every load.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use sidetone_conf::Section;

use crate::table::ObjectSpec;

/// Options whose meaning depends on more than the section: access lists of `acl.conf`, and files
/// that may have changed under their name.
const FAR_REACHING: &[&str] = &[
    "acl",
    "deny",
    "permit",
    "dtls_cert_file",
    "dtls_private_key",
    "dtls_ca_file",
    "dtls_ca_path",
];

/// The fingerprints of the sections that objects were built from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Prints(HashMap<u64, u64>);

/// The fingerprint of a section: which object it is, and what it says about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Print {
    object: u64,
    content: u64,
}

impl Print {
    /// `None` for a section that reaches beyond itself.
    pub(crate) fn of(spec: &ObjectSpec, section: &Section) -> Option<Self> {
        let mut hasher = DefaultHasher::new();
        (spec.file, spec.name, &section.name).hash(&mut hasher);
        let object = hasher.finish();
        for value in &section.values {
            if FAR_REACHING.iter().any(|option| value.is(option)) {
                return None;
            }
            (&value.name, &value.text).hash(&mut hasher);
        }
        Some(Self { object, content: hasher.finish() })
    }
}

impl Prints {
    pub(crate) fn note(&mut self, print: Print) {
        self.0.insert(print.object, print.content);
    }

    /// Whether the object was built from just this.
    pub(crate) fn knows(&self, print: Print) -> bool {
        self.0.get(&print.object) == Some(&print.content)
    }
}
