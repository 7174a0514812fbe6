//! `pjsip.conf`: every section becomes an object of its type; then names are followed.

use std::collections::BTreeMap;
use std::sync::Arc;

use sidetone_conf::{Diagnostic, Document, Section, Span};

use crate::acl::{Acl, AclSet};
use crate::fields::Fields;
use crate::files::TlsFiles;
use crate::foreign::{CHAN_SIP_IS_GONE, CHAN_SIP_TYPES};
use crate::load::share;
use crate::named::Named;
use crate::nearest::nearest;
use crate::objects::aor::Aor;
use crate::objects::auth::Auth;
use crate::objects::endpoint::{Endpoint, Surroundings};
use crate::objects::global::{Global, System};
use crate::objects::identify::Identify;
use crate::objects::transport::{Protocol, Transport};
use crate::report::Report;
use crate::sections::merged;
use crate::snapshot::Config;
use crate::table::{ObjectSpec, Usage};
use crate::tables::{self, endpoint::ENDPOINT, pjsip as table, pjsip_object};

/// What pjsip.conf holds.
#[derive(Debug)]
pub(crate) struct Sip {
    pub(crate) transports: Named<Transport>,
    pub(crate) endpoints: Named<Endpoint>,
    pub(crate) aors: Named<Aor>,
    pub(crate) auths: Named<Auth>,
    pub(crate) identifies: Named<Identify>,
    pub(crate) acl: AclSet,
    pub(crate) global: Global,
    pub(crate) system: System,
    /// Objects that were refused.
    pub(crate) refused: usize,
    /// Refused ones that stay as they were before.
    pub(crate) kept: usize,
}

/// Sections by type, in the order of the file.
type ByType<'a> = BTreeMap<&'static str, Vec<&'a Section>>;

pub(crate) fn build(
    document: Option<&Document>,
    acls: &Named<Acl>,
    files: &TlsFiles<'_>,
    previous: Option<&Config>,
    report: &mut Report,
) -> Sip {
    let empty = Document::default();
    let document = document.unwrap_or(&empty);
    let by_type = sort_out(document, report);
    let mut builder = Builder {
        by_type,
        report,
        refused: 0,
        kept: 0,
    };
    let (global, system) = builder.settings();
    let acl = builder.acl(acls);
    let mut transports = builder.objects(
        &table::TRANSPORT,
        |fields| Transport::build(fields, files),
        previous.map(|config| &config.transports),
    );
    builder.refuse_shared_sockets(&mut transports);
    let auths = builder.objects(
        &table::AUTH,
        Auth::build,
        previous.map(|config| &config.auths),
    );
    let aors = builder.objects(&table::AOR, Aor::build, previous.map(|config| &config.aors));
    let known = References {
        transports: &transports,
        auths: &auths,
        aors: &aors,
    };
    let around = Surroundings { acls, files };
    let endpoints = builder.objects(
        &ENDPOINT,
        |fields| {
            let endpoint = Endpoint::build(fields, &around);
            known.follow(fields, endpoint)
        },
        previous.map(|config| &config.endpoints),
    );
    let identifies = builder.objects(
        &table::IDENTIFY,
        |fields| identify(fields, &endpoints, &transports),
        previous.map(|config| &config.identifies),
    );
    let (refused, kept) = (builder.refused, builder.kept);
    Sip {
        transports,
        endpoints,
        aors,
        auths,
        identifies,
        acl,
        global,
        system,
        refused,
        kept,
    }
}

/// What an endpoint may name.
struct References<'a> {
    transports: &'a Named<Transport>,
    auths: &'a Named<Auth>,
    aors: &'a Named<Aor>,
}

impl References<'_> {
    fn follow(&self, fields: &mut Fields<'_>, mut endpoint: Endpoint) -> Endpoint {
        follow(fields, "aors", &endpoint.aors, self.aors);
        follow(fields, "auth", &endpoint.auth, self.auths);
        follow(fields, "outbound_auth", &endpoint.outbound_auth, self.auths);
        follow_transport(fields, &mut endpoint, self.transports);
        endpoint
    }
}

fn identify(
    fields: &mut Fields<'_>,
    endpoints: &Named<Endpoint>,
    transports: &Named<Transport>,
) -> Identify {
    let identify = Identify::build(fields);
    if !identify.endpoint.is_empty() {
        follow(
            fields,
            "endpoint",
            std::slice::from_ref(&identify.endpoint),
            endpoints,
        );
    }
    follow(
        fields,
        "transport",
        identify.transport.as_slice(),
        transports,
    );
    identify
}

/// Finds each section's type; what has none, or an unknown one, is refused here.
fn sort_out<'a>(document: &'a Document, report: &mut Report) -> ByType<'a> {
    let mut by_type = ByType::new();
    for section in document.live() {
        let Some(kind) = section.last("type") else {
            let message = format!("[{}] has no type: ignored", section.name);
            report.say(Diagnostic::error(&section.span, message).hint(type_hint(&section.name)));
            continue;
        };
        let Some(spec) = pjsip_object(&kind.text) else {
            let message = format!("[{}]: no object has type '{}'", section.name, kind.text);
            let hint = if CHAN_SIP_TYPES.contains(&&*kind.text.to_ascii_lowercase()) {
                CHAN_SIP_IS_GONE.to_owned()
            } else {
                type_hint(&kind.text)
            };
            report.say(Diagnostic::error(&kind.span, message).hint(hint));
            continue;
        };
        if let Usage::Ignored(reason) = spec.usage {
            report.ignored(spec.name, "", &section.span, reason);
        }
        by_type.entry(spec.name).or_default().push(section);
    }
    by_type
}

fn type_hint(written: &str) -> String {
    let names = tables::ALL
        .iter()
        .filter(|spec| spec.file == "pjsip.conf")
        .map(|spec| spec.name);
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
        let message = format!(
            "the browser endpoint '{}' is pinned to '{name}'",
            endpoint.id
        );
        fields.warn(
            "transport",
            format!("{message}: the pin is dropped"),
            "a browser is reached over its own WebSocket only: remove the line",
        );
        endpoint.transport = None;
        endpoint.settings.imply("transport", "");
    }
}

struct Builder<'a, 'r> {
    by_type: ByType<'a>,
    report: &'r mut Report,
    refused: usize,
    kept: usize,
}

impl<'a> Builder<'a, '_> {
    fn sections(&self, spec: &ObjectSpec) -> Vec<&'a Section> {
        self.by_type.get(spec.name).cloned().unwrap_or_default()
    }

    /// Builds all objects of a type.
    fn objects<T: PartialEq>(
        &mut self,
        spec: &'static ObjectSpec,
        mut build: impl FnMut(&mut Fields<'_>) -> T,
        previous: Option<&std::collections::HashMap<String, Arc<T>>>,
    ) -> Named<T> {
        let mut named = Named::default();
        let mut seen: BTreeMap<String, Span> = BTreeMap::new();
        for section in self.sections(spec) {
            let id = section.name.to_string();
            if let Some(first) = seen.get(&id) {
                let message = format!("a second {} '{id}': ignored", spec.name);
                let hint = format!("the first is at {first}; (+) after the header adds to it");
                self.report
                    .say(Diagnostic::error(&section.span, message).hint(hint));
                self.refused += 1;
                continue;
            }
            seen.insert(id.clone(), section.span.clone());
            let before = previous.and_then(|objects| objects.get(&id));
            let mut fields = Fields::new(spec, section, self.report);
            let object = build(&mut fields);
            if !fields.is_bad() {
                named.objects.insert(id, share(object, before));
                continue;
            }
            self.refused += 1;
            self.refuse(spec, section, before.is_some());
            match before {
                Some(before) => {
                    self.kept += 1;
                    named.objects.insert(id, Arc::clone(before));
                }
                None => {
                    named.refused.insert(id, section.span.clone());
                }
            }
        }
        named
    }

    fn refuse(&mut self, spec: &ObjectSpec, section: &Section, kept: bool) {
        let fate = if kept {
            "stays as it was before"
        } else {
            "is not loaded"
        };
        let message = format!("{} '{}' {fate}: see its errors", spec.name, section.name);
        self.report.say(Diagnostic::warning(&section.span, message));
    }

    /// Refuses the later of two transports that want one socket.
    fn refuse_shared_sockets(&mut self, transports: &mut Named<Transport>) {
        let mut taken: Vec<(Protocol, std::net::SocketAddr, String)> = Vec::new();
        for section in self.sections(&table::TRANSPORT) {
            let id = section.name.to_string();
            let Some(transport) = transports.objects.get(&id) else {
                continue;
            };
            let (protocol, bind) = (transport.protocol, transport.bind);
            // TCP and TLS share a name space of ports; WebSockets are http.conf's.
            let space = match protocol {
                Protocol::Tls => Protocol::Tcp,
                Protocol::Ws | Protocol::Wss | Protocol::Flow => continue,
                other => other,
            };
            let other = taken
                .iter()
                .find(|(p, b, other)| *p == space && *b == bind && *other != id);
            if let Some((_, _, other)) = other {
                let message = format!("transports '{other}' and '{id}' both want {bind}");
                let hint = "give one of them another port";
                self.report
                    .say(Diagnostic::error(&section.span, message).hint(hint));
                transports.objects.remove(&id);
                transports.refused.insert(id, section.span.clone());
                self.refused += 1;
                continue;
            }
            taken.push((space, bind, id));
        }
    }

    /// `type = global` and `type = system`: a wrong value leaves the default in force.
    fn settings(&mut self) -> (Global, System) {
        let empty = Document::default();
        let missing = merged(&empty, "global", "pjsip.conf").into_owned();
        let pick = |found: Vec<&'a Section>, report: &mut Report| {
            for extra in found.iter().skip(1) {
                let message = format!("[{}] is a second object of its type: ignored", extra.name);
                report.say(Diagnostic::error(&extra.span, message).hint("join the two"));
            }
            found.first().copied().cloned()
        };
        let section = pick(self.sections(&table::GLOBAL), self.report);
        let section = section.unwrap_or_else(|| missing.clone());
        let global = Global::build(&mut Fields::new(&table::GLOBAL, &section, self.report));
        let section = pick(self.sections(&table::SYSTEM), self.report);
        let section = section.unwrap_or(missing);
        let system = System::build(&mut Fields::new(&table::SYSTEM, &section, self.report));
        (global, system)
    }

    fn acl(&mut self, acls: &Named<Acl>) -> AclSet {
        let mut all = AclSet::default();
        for section in self.sections(&table::ACL) {
            let mut fields = Fields::new(&table::ACL, section, self.report);
            let set = fields.acl_set(["acl", "deny", "permit"], acls);
            all.lists.extend(set.lists);
        }
        // Objects that do nothing yet are checked all the same.
        for spec in tables::ALL {
            let acts = spec.usage == Usage::Works || spec.name == table::ACL.name;
            if spec.file == "pjsip.conf" && !acts {
                for section in self.sections(spec) {
                    Fields::new(spec, section, self.report);
                }
            }
        }
        all
    }
}
