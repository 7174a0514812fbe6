//! Objects by name, together with the names of those that were refused, so that a reference can
//! say which of the two it hit.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use sidetone_conf::Span;

use crate::nearest::nearest;

/// Objects of one type.
#[derive(Debug)]
pub(crate) struct Named<T> {
    pub(crate) objects: HashMap<String, Arc<T>>,
    /// Names of objects with errors, and where they stand.
    pub(crate) refused: BTreeMap<String, Span>,
}

impl<T> Default for Named<T> {
    fn default() -> Self {
        Self { objects: HashMap::new(), refused: BTreeMap::new() }
    }
}

/// Why a name leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Dangling {
    /// There is no such object; perhaps this one was meant.
    Unknown(Option<String>),
    /// There is one, with errors of its own.
    Refused(Span),
}

impl<T> Named<T> {
    /// The object called `name`.
    pub(crate) fn find(&self, name: &str) -> Result<&Arc<T>, Dangling> {
        if let Some(object) = self.objects.get(name) {
            return Ok(object);
        }
        if let Some(span) = self.refused.get(name) {
            return Err(Dangling::Refused(span.clone()));
        }
        let mut names: Vec<&str> = self.objects.keys().map(String::as_str).collect();
        names.sort_unstable();
        Err(Dangling::Unknown(nearest(name, names).map(str::to_owned)))
    }
}

impl Dangling {
    /// Completes "names the aor 'x', ".
    pub(crate) fn problem(&self) -> String {
        match self {
            Self::Unknown(_) => String::from("which does not exist"),
            Self::Refused(span) => format!("which was refused ({span})"),
        }
    }

    /// What to change; `otherwise` when nothing similar exists.
    pub(crate) fn cure(&self, otherwise: &str) -> String {
        match self {
            Self::Unknown(Some(near)) => format!("did you mean '{near}'?"),
            Self::Unknown(None) => otherwise.to_owned(),
            Self::Refused(_) => String::from("correct it first"),
        }
    }
}
