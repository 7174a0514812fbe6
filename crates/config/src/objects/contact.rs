//! `type = contact`: a fixed address of an aor, in an object of its own.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::fields::Fields;
use crate::load::share;
use crate::named::Named;
use crate::objects::aor::Aor;

/// A fixed address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// The section's name.
    pub id: String,
    /// The aor it belongs to.
    pub aor: String,
    /// Where, a SIP URI.
    pub uri: String,
}

impl Contact {
    /// Builds it; `aors` are the names of all aors of the file.
    pub(crate) fn build(fields: &mut Fields<'_>, aors: &HashSet<&str>) -> Self {
        let id = fields.id();
        let aor = id.split("@@").next().unwrap_or(&id).to_owned();
        let uri = fields.sip_uri("uri").unwrap_or_default();
        if uri.is_empty() {
            fields.error("uri", format!("contact '{id}' has no uri"), "write uri = sip:host");
        }
        if !aors.contains(aor.as_str()) {
            let message = format!("contact '{id}' belongs to no aor");
            let hint = format!("name the section like its aor, or define an aor '{aor}'");
            fields.error("uri", message, hint);
        }
        Self { id, aor, uri }
    }
}

/// Gives each aor the addresses of its contacts, behind those of its own lines. An aor that is then
/// as it was in `previous` is the same object.
pub(crate) fn give(
    contacts: &Named<Contact>,
    aors: &mut Named<Aor>,
    previous: Option<&HashMap<String, Arc<Aor>>>,
) {
    let mut by_aor: HashMap<&str, Vec<&Contact>> = HashMap::new();
    for contact in contacts.objects.values() {
        by_aor.entry(&contact.aor).or_default().push(contact);
    }
    for (id, aor) in &mut aors.objects {
        let mut found = by_aor.remove(id.as_str()).unwrap_or_default();
        found.sort_by(|one, other| one.id.cmp(&other.id));
        let own = aor.contacts.iter().take(aor.own_contacts).cloned();
        let all: Vec<String> = own.chain(found.iter().map(|contact| contact.uri.clone())).collect();
        if all != aor.contacts {
            let changed = Aor { contacts: all, ..Aor::clone(aor) };
            *aor = share(changed, previous.and_then(|aors| aors.get(id)));
        }
    }
}
