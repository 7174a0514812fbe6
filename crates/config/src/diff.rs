//! What a reload changed, object by object, so that only that is touched.

use std::collections::HashMap;
use std::sync::Arc;

use crate::snapshot::Config;

/// Names of objects of one type, each list sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Only in the new configuration.
    pub added: Vec<String>,
    /// In both, and different.
    pub changed: Vec<String>,
    /// Only in the old configuration.
    pub removed: Vec<String>,
}

impl Changes {
    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty() && self.removed.is_empty()
    }

    fn between<T: PartialEq>(old: &HashMap<String, Arc<T>>, new: &HashMap<String, Arc<T>>) -> Self {
        let mut changes = Self::default();
        for (name, object) in new {
            match old.get(name) {
                None => changes.added.push(name.clone()),
                // Shared objects are equal without looking.
                Some(before) if Arc::ptr_eq(before, object) || before == object => {}
                Some(_) => changes.changed.push(name.clone()),
            }
        }
        changes.removed.extend(old.keys().filter(|name| !new.contains_key(*name)).cloned());
        changes.added.sort_unstable();
        changes.changed.sort_unstable();
        changes.removed.sort_unstable();
        changes
    }
}

/// Everything that differs between two snapshots.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Transports: listeners to open, move and close.
    pub transports: Changes,
    /// Endpoints.
    pub endpoints: Changes,
    /// Aors.
    pub aors: Changes,
    /// Auths.
    pub auths: Changes,
    /// Identify objects.
    pub identifies: Changes,
    /// Registrations with other servers.
    pub registrations: Changes,
    /// Named access lists.
    pub acls: Changes,
    /// Files or single objects that differ: `global`, `system`, `http`, `rtp`, `music`, `routes`,
    /// `logger`, `asterisk`, `modules`, `sip_acl`.
    pub settings: Vec<&'static str>,
}

impl Difference {
    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.settings.is_empty() && self.by_type().iter().all(|(_, changes)| changes.is_empty())
    }

    /// The changes with the names of their types.
    pub fn by_type(&self) -> [(&'static str, &Changes); 7] {
        [
            ("transport", &self.transports),
            ("endpoint", &self.endpoints),
            ("aor", &self.aors),
            ("auth", &self.auths),
            ("identify", &self.identifies),
            ("registration", &self.registrations),
            ("acl", &self.acls),
        ]
    }
}

/// Compares two snapshots.
pub fn diff(old: &Config, new: &Config) -> Difference {
    let settings = [
        ("global", old.global == new.global),
        ("system", old.system == new.system),
        ("http", old.http == new.http),
        ("rtp", old.rtp == new.rtp),
        ("codecs", old.codecs == new.codecs),
        ("features", old.features == new.features),
        ("music", old.music == new.music),
        ("parking", old.parking == new.parking),
        ("stun_monitor", old.stun_monitor == new.stun_monitor),
        ("routes", old.routes == new.routes),
        ("logger", old.logger == new.logger),
        ("asterisk", old.asterisk == new.asterisk),
        ("modules", old.modules == new.modules),
        ("sip_acl", old.sip_acl == new.sip_acl && old.contact_acl == new.contact_acl),
    ];
    Difference {
        transports: Changes::between(&old.transports, &new.transports),
        endpoints: Changes::between(&old.endpoints, &new.endpoints),
        aors: Changes::between(&old.aors, &new.aors),
        auths: Changes::between(&old.auths, &new.auths),
        identifies: Changes::between(&old.identifies, &new.identifies),
        registrations: Changes::between(&old.registrations, &new.registrations),
        acls: Changes::between(&old.acls, &new.acls),
        settings: settings.iter().filter(|(_, same)| !same).map(|(name, _)| *name).collect(),
    }
}
