//! `pjsip.conf`: every section becomes an object of its type; then names are followed.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::Arc;

use sidetone_conf::{Diagnostic, Document, Section, Span};

use crate::acl::{Acl, AclSet, CONTACT_LISTS};
use crate::fields::Fields;
use crate::files::TlsFiles;
use crate::foreign::{CHAN_SIP_IS_GONE, CHAN_SIP_TYPES};
use crate::load::share;
use crate::mentions::Mentions;
use crate::named::Named;
use crate::nearest::nearest;
use crate::objects::aor::Aor;
use crate::objects::auth::Auth;
use crate::objects::contact::{self, Contact};
use crate::objects::endpoint::{Endpoint, Surroundings};
use crate::objects::global::{Global, System};
use crate::objects::identify::Identify;
use crate::objects::registration::Registration;
use crate::objects::transport::{Protocol, Transport};
use crate::prints::{Print, Prints};
use crate::report::Report;
use crate::sections::merged;
use crate::snapshot::Config;
use crate::table::{ObjectSpec, Usage};
use crate::tables::{self, contact::CONTACT, endpoint::ENDPOINT, pjsip as table, pjsip_object};

/// What pjsip.conf holds.
#[derive(Debug)]
pub(crate) struct Sip {
    pub(crate) transports: Named<Transport>,
    pub(crate) endpoints: Named<Endpoint>,
    pub(crate) contacts: Named<Contact>,
    pub(crate) aors: Named<Aor>,
    pub(crate) auths: Named<Auth>,
    pub(crate) identifies: Named<Identify>,
    pub(crate) registrations: Named<Registration>,
    /// Who may send, and which addresses may be registered.
    pub(crate) acls: [AclSet; 2],
    pub(crate) global: Arc<Global>,
    pub(crate) system: Arc<System>,
    /// Objects that were refused.
    pub(crate) refused: usize,
    /// Refused ones that stay as they were before.
    pub(crate) kept: usize,
    /// What the objects were built from.
    pub(crate) prints: Prints,
    /// What endpoints name of other files.
    pub(crate) mentions: Mentions,
}

/// The sections of the file, sorted out.
#[derive(Default)]
struct Sorted<'a> {
    /// Usable sections by type, in the order of the file.
    by_type: BTreeMap<&'static str, Vec<&'a Section>>,
    /// Sections that cannot be read, with their type where it can be told. What they were before
    /// stays.
    broken: Vec<(Option<&'static str>, &'a Section)>,
    /// Whether part of the file could not be read: then what is missing was not taken out.
    incomplete: bool,
}

impl Sorted<'_> {
    /// Whether an object of before that is not in the file now is to stay.
    fn survives(&self, spec: &ObjectSpec, name: &str) -> bool {
        let fits = |(kind, section): &(Option<&'static str>, &Section)| {
            kind.is_none_or(|kind| kind == spec.name) && &*section.name == name
        };
        self.incomplete || self.broken.iter().any(fits)
    }
}

pub(crate) fn build(
    document: Option<&Document>,
    acls: &Named<Acl>,
    files: &TlsFiles<'_>,
    previous: Option<&Config>,
    report: &mut Report,
) -> Sip {
    let empty = Document::default();
    let mut sections = sort_out(document.unwrap_or(&empty), report);
    sections.incomplete |= document.is_none();
    let refused = sections.broken.len();
    let known = previous.map(|config| &config.prints);
    let mut builder =
        Builder { sections, report, refused, kept: 0, known, prints: Prints::default() };
    let global =
        builder.single(&table::GLOBAL, Global::build, previous.map(|config| &config.global));
    let system =
        builder.single(&table::SYSTEM, System::build, previous.map(|config| &config.system));
    let lists = builder.acl(acls);
    let mut transports = builder.objects(
        &table::TRANSPORT,
        |fields| Transport::build(fields, files),
        |_| false,
        previous.map(|config| &config.transports),
    );
    builder.refuse_shared_sockets(&mut transports, previous.map(|config| &config.transports));
    builder.compare_write_timeouts(&transports.objects);
    let auths = previous.map(|config| &config.auths);
    let auths = builder.objects(&table::AUTH, Auth::build, |_| true, auths);
    let aors = previous.map(|config| &config.aors);
    let (contacts, aors) = builder.aors(aors, previous.map(|config| &config.contacts));
    let mut known = References { transports, auths, aors };
    let around = Surroundings { acls, files };
    let endpoints = builder.objects(
        &ENDPOINT,
        |fields| {
            let endpoint = Endpoint::build(fields, &around);
            known.follow(fields, endpoint)
        },
        |endpoint| known.has_all(endpoint),
        previous.map(|config| &config.endpoints),
    );
    if let Some(previous) = previous {
        known.keep(&endpoints, previous);
    }
    let mentions = Mentions::of(builder.sections(&ENDPOINT), &endpoints.objects);
    builder.follow_default_endpoint(&endpoints);
    let identifies = builder.objects(
        &table::IDENTIFY,
        |fields| identify(fields, &endpoints, &known.transports),
        |_| false,
        previous.map(|config| &config.identifies),
    );
    let registrations = builder.registrations(&mut known, &endpoints, previous);
    Sip {
        transports: known.transports,
        endpoints,
        contacts,
        aors: known.aors,
        auths: known.auths,
        identifies,
        registrations,
        acls: lists,
        global,
        system,
        refused: builder.refused,
        kept: builder.kept,
        prints: builder.prints,
        mentions,
    }
}

/// What an endpoint may name.
struct References {
    transports: Named<Transport>,
    auths: Named<Auth>,
    aors: Named<Aor>,
}

impl References {
    fn follow(&self, fields: &mut Fields<'_>, mut endpoint: Endpoint) -> Endpoint {
        follow(fields, "aors", &endpoint.aors, &self.aors);
        follow(fields, "auth", &endpoint.auth, &self.auths);
        let outbound = &endpoint.outbound_auth;
        follow(fields, "outbound_auth", outbound, &self.auths);
        follow_transport(fields, &mut endpoint, &self.transports);
        endpoint
    }

    fn follow_registration(
        &self,
        fields: &mut Fields<'_>,
        endpoints: &Named<Endpoint>,
    ) -> Registration {
        let registration = Registration::build(fields);
        follow(fields, "outbound_auth", &registration.outbound_auth, &self.auths);
        follow(fields, "transport", registration.transport.as_slice(), &self.transports);
        follow(fields, "endpoint", registration.line_endpoint.as_slice(), endpoints);
        registration
    }

    /// Whether everything an endpoint of before names is still there. One that names a transport
    /// is looked at again: whether it may depends on the transport.
    fn has_all(&self, endpoint: &Endpoint) -> bool {
        let auths = endpoint.auth.iter().chain(&endpoint.outbound_auth);
        endpoint.transport.is_none()
            && endpoint.aors.iter().all(|name| self.aors.find(name).is_ok())
            && auths.into_iter().all(|name| self.auths.find(name).is_ok())
    }

    /// Keeps what endpoints that stay as they were name.
    fn keep(&mut self, endpoints: &Named<Endpoint>, previous: &Config) {
        let transports = &mut self.transports;
        keep_named(endpoints, transports, &previous.transports, |e| e.transport.as_slice());
        keep_named(endpoints, &mut self.aors, &previous.aors, |e| &e.aors);
        keep_named(endpoints, &mut self.auths, &previous.auths, |e| &e.auth);
        keep_named(endpoints, &mut self.auths, &previous.auths, |e| &e.outbound_auth);
    }
}

/// An endpoint, or a registration, that stays as it was keeps what it names, even when that was
/// taken out of the file: an endpoint whose auth vanished must not become one that needs none.
fn keep_named<O, T>(
    owners: &Named<O>,
    objects: &mut Named<T>,
    previous: &HashMap<String, Arc<T>>,
    names: impl Fn(&O) -> &[String],
) {
    for owner in owners.objects.values() {
        for name in names(owner) {
            if let (false, Some(before)) = (objects.objects.contains_key(name), previous.get(name))
            {
                objects.objects.insert(name.clone(), Arc::clone(before));
            }
        }
    }
}

fn identify(
    fields: &mut Fields<'_>,
    endpoints: &Named<Endpoint>,
    transports: &Named<Transport>,
) -> Identify {
    let identify = Identify::build(fields);
    if !identify.endpoint.is_empty() {
        follow(fields, "endpoint", std::slice::from_ref(&identify.endpoint), endpoints);
    }
    follow(fields, "transport", identify.transport.as_slice(), transports);
    identify
}

/// Finds each section's type; what has none, or an unknown one, is refused here.
fn sort_out<'a>(document: &'a Document, report: &mut Report) -> Sorted<'a> {
    let mut sorted = Sorted { incomplete: document.incomplete, ..Sorted::default() };
    for section in document.sections.iter().filter(|section| !section.template) {
        let kind = section.last("type");
        let spec = kind.and_then(|kind| pjsip_object(&kind.text));
        match spec {
            // Its fault is among the findings about the text.
            _ if section.faulty => sorted.broken.push((spec.map(|spec| spec.name), section)),
            None => {
                report.say(without_type(section));
                sorted.broken.push((None, section));
            }
            Some(spec) => {
                if let Usage::Ignored(reason) = spec.usage {
                    report.ignored(spec.name, "", &section.span, reason);
                }
                sorted.by_type.entry(spec.name).or_default().push(section);
            }
        }
    }
    sorted
}

fn without_type(section: &Section) -> Diagnostic {
    let name = &section.name;
    let Some(kind) = section.last("type") else {
        let message = format!("[{name}] has no type: ignored");
        return Diagnostic::error(&section.span, message).hint(type_hint(name));
    };
    let message = format!("[{name}]: no object has type '{}'", kind.text);
    let hint = if CHAN_SIP_TYPES.contains(&&*kind.text.to_ascii_lowercase()) {
        CHAN_SIP_IS_GONE.to_owned()
    } else {
        type_hint(&kind.text)
    };
    Diagnostic::error(&kind.span, message).hint(hint)
}

fn type_hint(written: &str) -> String {
    let names = tables::ALL.iter().filter(|spec| spec.file == "pjsip.conf").map(|spec| spec.name);
    match nearest(written, names) {
        Some(near) => format!("did you mean type = {near}?"),
        None => String::from("write type = endpoint, aor, auth, transport, identify or global"),
    }
}

/// Reports names that lead nowhere.
fn follow<T>(fields: &mut Fields<'_>, option: &str, names: &[String], objects: &Named<T>) {
    for name in names {
        if let Err(why) = objects.find(name) {
            let message = format!("{option} names '{name}', {}", why.problem());
            let cure = why.cure("define it, or correct the name");
            fields.error(option, message, cure);
        }
    }
}

/// Follows the transport of an endpoint. A browser comes over a WebSocket that it opened, so a
/// pin to anything else would only cut it off: such a pin is dropped with a warning.
fn follow_transport(
    fields: &mut Fields<'_>,
    endpoint: &mut Endpoint,
    transports: &Named<Transport>,
) {
    let Some(name) = endpoint.transport.clone() else {
        return;
    };
    let websocket = match transports.find(&name) {
        Ok(transport) => transport.protocol.is_websocket() || transport.protocol == Protocol::Flow,
        Err(_) => return follow(fields, "transport", &[name], transports),
    };
    if endpoint.webrtc && !websocket {
        let message = format!("the browser endpoint '{}' is pinned to '{name}'", endpoint.id);
        fields.warn(
            "transport",
            format!("{message}: the pin is dropped"),
            "a browser is reached over its own WebSocket only: remove the line",
        );
        endpoint.transport = None;
        endpoint.settings.imply("transport", "");
    }
}

/// What becomes of an object with errors.
enum Fate {
    /// The one of before stays.
    Kept,
    /// There is none.
    Dropped,
}

struct Builder<'a, 'r> {
    sections: Sorted<'a>,
    report: &'r mut Report,
    refused: usize,
    kept: usize,
    /// What the objects of before were built from.
    known: Option<&'r Prints>,
    prints: Prints,
}

/// Where a transport listens by itself. TCP and TLS share a name space of ports; WebSockets are
/// http.conf's.
fn socket(transport: &Transport) -> Option<(Protocol, SocketAddr)> {
    match transport.protocol {
        Protocol::Udp => Some((Protocol::Udp, transport.bind)),
        Protocol::Tcp | Protocol::Tls => Some((Protocol::Tcp, transport.bind)),
        Protocol::Ws | Protocol::Wss | Protocol::Flow => None,
    }
}

/// The first transport, by rank, whose socket one before it has already: that one, and its name.
fn shared_socket<R: Ord>(
    transports: &HashMap<String, Arc<Transport>>,
    rank: impl Fn(&Transport) -> R,
) -> Option<(Arc<Transport>, String)> {
    let mut order: Vec<_> = transports.values().collect();
    order.sort_by_key(|transport| (rank(transport), transport.id.clone()));
    let mut taken = HashMap::new();
    for transport in order {
        let Some(socket) = socket(transport) else { continue };
        if let Some(first) = taken.insert(socket, transport) {
            return Some((Arc::clone(first), transport.id.clone()));
        }
    }
    None
}

impl<'a> Builder<'a, '_> {
    fn sections(&self, spec: &ObjectSpec) -> Vec<&'a Section> {
        self.sections.by_type.get(spec.name).cloned().unwrap_or_default()
    }

    /// Builds all objects of a type. An object of before is `still_good` when nothing beside its
    /// section could make it another now; if that is unchanged too, it is not built again.
    fn objects<T: PartialEq>(
        &mut self,
        spec: &'static ObjectSpec,
        mut build: impl FnMut(&mut Fields<'_>) -> T,
        still_good: impl Fn(&T) -> bool,
        previous: Option<&HashMap<String, Arc<T>>>,
    ) -> Named<T> {
        let mut named = Named::default();
        let mut seen: HashMap<String, Span> = HashMap::new();
        for section in self.sections(spec) {
            let id = section.name.to_string();
            if let Some(first) = seen.get(&id) {
                let message = format!("a second {} '{id}': ignored", spec.name);
                let hint = format!("the first is at {first}; (+) after the header adds to it");
                self.report.say(Diagnostic::error(&section.span, message).hint(hint));
                self.refused += 1;
                continue;
            }
            seen.insert(id.clone(), section.span.clone());
            let before = previous.and_then(|objects| objects.get(&id));
            let print = Print::of(spec, section);
            let unchanged =
                print.filter(|print| self.known.is_some_and(|known| known.knows(*print)));
            if let (Some(print), Some(before)) = (unchanged, before.filter(|b| still_good(b))) {
                self.prints.note(print);
                named.objects.insert(id, Arc::clone(before));
                continue;
            }
            let heard = self.report.heard();
            let mut fields = Fields::new(spec, section, self.report);
            let object = build(&mut fields);
            if !fields.is_bad() {
                if let Some(print) = print.filter(|_| self.report.heard() == heard) {
                    self.prints.note(print);
                }
                named.objects.insert(id, share(object, before));
                continue;
            }
            self.refused += 1;
            if let Some(before) = before {
                self.kept += 1;
                self.refuse(spec, section, Fate::Kept);
                named.objects.insert(id, Arc::clone(before));
            } else {
                self.refuse(spec, section, Fate::Dropped);
                named.refused.insert(id, section.span.clone());
            }
        }
        // What cannot be read now, but was there before, stays.
        for (id, before) in previous.into_iter().flatten() {
            if !seen.contains_key(id) && self.sections.survives(spec, id) {
                self.kept += 1;
                named.objects.insert(id.clone(), Arc::clone(before));
            }
        }
        named
    }

    /// The endpoint of what goes to a bare URI. Without it such calls and texts cannot be sent; all
    /// else works, so that nothing is refused.
    fn follow_default_endpoint(&mut self, endpoints: &Named<Endpoint>) {
        let option = "default_outbound_endpoint";
        let sections = self.sections(&table::GLOBAL);
        let Some(value) = sections.first().and_then(|section| section.last(option)) else {
            return;
        };
        // The name that it has unless the file says another is that of no endpoint, usually.
        if value.text.is_empty() || &*value.text == option {
            return;
        }
        if let Err(why) = endpoints.find(&value.text) {
            let message = format!("{option} names '{}', {}", value.text, why.problem());
            let hint = why.cure("define it, or correct the name");
            self.report.say(Diagnostic::warning(&value.span, message).hint(hint));
        }
    }

    /// Registrations with other servers; those that stay as they were keep their auths.
    fn registrations(
        &mut self,
        known: &mut References,
        endpoints: &Named<Endpoint>,
        previous: Option<&Config>,
    ) -> Named<Registration> {
        let registrations = self.objects(
            &table::REGISTRATION,
            |fields| known.follow_registration(fields, endpoints),
            |_| false,
            previous.map(|config| &config.registrations),
        );
        if let Some(previous) = previous {
            let auths = &mut known.auths;
            keep_named(&registrations, auths, &previous.auths, |r| &r.outbound_auth);
        }
        registrations
    }

    fn refuse(&mut self, spec: &ObjectSpec, section: &Section, fate: Fate) {
        let fate = match fate {
            Fate::Kept => "stays as it was before",
            Fate::Dropped => "is not loaded",
        };
        let message = format!("{} '{}' {fate}: see its errors", spec.name, section.name);
        self.report.say(Diagnostic::warning(&section.span, message));
    }

    /// The aors, and the contacts that belong to them.
    fn aors(
        &mut self,
        previous: Option<&HashMap<String, Arc<Aor>>>,
        contacts: Option<&HashMap<String, Arc<Contact>>>,
    ) -> (Named<Contact>, Named<Aor>) {
        let sections = self.sections(&table::AOR);
        let names: HashSet<&str> = sections.iter().map(|section| &*section.name).collect();
        let is_there = |contact: &Contact| names.contains(contact.aor.as_str());
        let build = |fields: &mut Fields<'_>| Contact::build(fields, &names);
        let contacts = self.objects(&CONTACT, build, is_there, contacts);
        let named: HashSet<&str> =
            contacts.objects.values().map(|contact| contact.aor.as_str()).collect();
        let build = |fields: &mut Fields<'_>| {
            let is_named = named.contains(fields.id().as_str());
            Aor::build(fields, is_named)
        };
        let mut aors = self.objects(&table::AOR, build, |_| true, previous);
        contact::give(&contacts, &mut aors, previous);
        (contacts, aors)
    }

    /// Refuses the one of two transports that want one socket which has less right to it. One that
    /// would move there stays where it was, a new one is not loaded.
    fn refuse_shared_sockets(
        &mut self,
        transports: &mut Named<Transport>,
        previous: Option<&HashMap<String, Arc<Transport>>>,
    ) {
        let sections = self.sections(&table::TRANSPORT);
        let before = |id: &str| previous.and_then(|transports| transports.get(id));
        let places: HashMap<&str, usize> =
            sections.iter().enumerate().rev().map(|(at, of)| (&*of.name, at)).collect();
        // Who listens there comes first, then who listens at all, then the order of the file.
        let rank = |transport: &Transport| {
            let before = before(&transport.id);
            let stays = before.is_some_and(|before| socket(before) == socket(transport));
            (!stays, before.is_none(), places.get(&*transport.id).copied())
        };
        while let Some((first, id)) = shared_socket(&transports.objects, rank) {
            let section = places.get(&*id).and_then(|place| sections.get(*place).copied());
            let span = section.map_or_else(|| Span::whole_file("pjsip.conf"), |s| s.span.clone());
            let message = format!("transports '{}' and '{id}' both want {}", first.id, first.bind);
            let hint = "give one of them another port";
            self.report.say(Diagnostic::error(&span, message).hint(hint));
            self.refused += 1;
            if let (Some(before), Some(section)) = (before(&id), section) {
                self.kept += 1;
                self.refuse(&table::TRANSPORT, section, Fate::Kept);
                transports.objects.insert(id, Arc::clone(before));
            } else {
                transports.objects.remove(&id);
                transports.refused.insert(id, span);
            }
        }
    }

    /// One server takes all WebSockets: a timeout that is shorter than another's does not count.
    fn compare_write_timeouts(&mut self, transports: &HashMap<String, Arc<Transport>>) {
        let by_http = transports.values().filter(|transport| transport.protocol.is_websocket());
        let timeouts =
            by_http.map(|transport| (&*transport.id, transport.websocket_write_timeout_ms));
        let timeouts: HashMap<&str, u32> = timeouts.collect();
        let Some(longest) = timeouts.values().max() else { return };
        for section in self.sections(&table::TRANSPORT) {
            let Some(ms) = timeouts.get(&*section.name).filter(|ms| *ms < longest) else {
                continue;
            };
            let message = format!(
                "websocket_write_timeout is {longest} for transport '{}' too, not {ms}: the \
                 longest of all ws and wss transports counts",
                section.name
            );
            let hint = "give them all the same websocket_write_timeout";
            self.report.say(Diagnostic::warning(&section.span, message).hint(hint));
        }
    }

    /// An object there is one of, as `type = global`: a wrong value leaves the default in force,
    /// or on reload the whole object as it was.
    fn single<T: PartialEq>(
        &mut self,
        spec: &'static ObjectSpec,
        build: impl FnOnce(&mut Fields<'_>) -> T,
        previous: Option<&Arc<T>>,
    ) -> Arc<T> {
        let mut found = self.sections(spec).into_iter();
        let first = found.next();
        for extra in found {
            let message = format!("[{}] is a second {}: ignored", extra.name, spec.name);
            self.report.say(Diagnostic::error(&extra.span, message).hint("join the two"));
        }
        let empty = Document::default();
        let section = first.map_or_else(|| merged(&empty, spec.name, spec.file), Cow::Borrowed);
        let mut fields = Fields::new(spec, &section, self.report);
        let object = build(&mut fields);
        let bad = fields.is_bad() || (first.is_none() && self.sections.survives(spec, spec.name));
        match previous {
            Some(before) if bad => {
                self.kept += 1;
                self.refuse(spec, &section, Fate::Kept);
                Arc::clone(before)
            }
            _ => share(object, previous),
        }
    }

    /// `type = acl`: the lists for sources and those for contacts.
    fn acl(&mut self, acls: &Named<Acl>) -> [AclSet; 2] {
        let [mut sources, mut contacts] = [AclSet::default(), AclSet::default()];
        for section in self.sections(&table::ACL) {
            let mut fields = Fields::new(&table::ACL, section, self.report);
            let source = fields.acl_set(["acl", "deny", "permit"], acls);
            let contact = fields.acl_set(CONTACT_LISTS, acls);
            // Rules that cannot be read must not let everybody in.
            let source = if fields.is_bad() { AclSet::nobody() } else { source };
            sources.lists.extend(source.lists);
            contacts.lists.extend(contact.lists);
        }
        // Objects that do nothing yet are checked all the same.
        for spec in tables::ALL {
            if spec.file == "pjsip.conf" && spec.usage != Usage::Works {
                for section in self.sections(spec) {
                    Fields::new(spec, section, self.report);
                }
            }
        }
        [sources, contacts]
    }
}
