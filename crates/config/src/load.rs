//! The whole load: read the documents, build every object, keep what is good.

use std::fmt;
use std::sync::Arc;

use sidetone_conf::{
    Diagnostic, Document, ExecIncludes, Options, ReadError, Section, Severity, Source, Span,
};
use sidetone_routing::Table;

use crate::acl::{Acl, Sense};
use crate::files::TlsFiles;
use crate::modules::Modules;
use crate::named::Named;
use crate::objects::asterisk::Asterisk;
use crate::objects::codecs_conf::CodecsConf;
use crate::objects::features::Features;
use crate::objects::http::Http;
use crate::objects::logger::Logger;
use crate::objects::music::Music;
use crate::objects::parking::ParkingLots;
use crate::objects::routes;
use crate::objects::rtp::Rtp;
use crate::objects::stun_monitor::StunMonitor;
use crate::pjsip;
use crate::report::Report;
use crate::snapshot::Config;
use crate::{advice, foreign};

/// The configuration as text, file by file. Rows of a database are added to `pjsip` as sections
/// before [`compile`].
#[derive(Clone, Debug, Default)]
pub struct Documents {
    /// The directory `asterisk.conf` was looked for in.
    pub directory: String,
    /// asterisk.conf.
    pub asterisk: Document,
    /// pjsip.conf; `None` when missing.
    pub pjsip: Option<Document>,
    /// http.conf.
    pub http: Document,
    /// rtp.conf.
    pub rtp: Document,
    /// codecs.conf.
    pub codecs: Document,
    /// features.conf.
    pub features: Document,
    /// musiconhold.conf.
    pub music: Document,
    /// res_parking.conf.
    pub parking: Document,
    /// res_stun_monitor.conf.
    pub stun_monitor: Document,
    /// routes.conf.
    pub routes: Document,
    /// logger.conf; `None` when missing.
    pub logger: Option<Document>,
    /// acl.conf.
    pub acl: Document,
    /// modules.conf.
    pub modules: Document,
    /// extensions.conf; `None` when missing.
    pub extensions: Option<Document>,
    /// Files that are there and could not be read.
    pub unreadable: Vec<String>,
    /// Words in `pjsip.conf` that make advice superfluous.
    pub(crate) known_words: Vec<&'static str>,
    /// What there is to say about the files as such.
    pub diagnostics: Vec<Diagnostic>,
}

/// Counts for one line at start and after a reload.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Transports that can be used.
    pub transports: usize,
    /// Endpoints that can be used.
    pub endpoints: usize,
    /// Aors that can be used.
    pub aors: usize,
    /// Auths that can be used.
    pub auths: usize,
    /// Identify objects that can be used.
    pub identifies: usize,
    /// Objects that were refused.
    pub refused: usize,
    /// Objects that were refused and stay as they were before.
    pub kept: usize,
    /// Options that are set and do nothing.
    pub ignored_options: usize,
    /// Errors among the findings.
    pub errors: usize,
    /// Warnings among the findings.
    pub warnings: usize,
}

impl Summary {
    /// Counts what is found beside the load: the dialplan is built from its document later.
    pub fn add(&mut self, findings: &[Diagnostic]) {
        let of = |severity| findings.iter().filter(|found| found.severity == severity).count();
        self.errors += of(Severity::Error);
        self.warnings += of(Severity::Warning);
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} transports, {} endpoints, {} aors, {} auths, {} identifies; \
             {} refused, {} kept, {} options ignored; {} errors, {} warnings",
            self.transports,
            self.endpoints,
            self.aors,
            self.auths,
            self.identifies,
            self.refused,
            self.kept,
            self.ignored_options,
            self.errors,
            self.warnings
        )
    }
}

/// The result of a load.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The snapshot; `None` when nothing could be served with it.
    pub config: Option<Arc<Config>>,
    /// extensions.conf for the dialplan; `None` when missing.
    pub dialplan_document: Option<Document>,
    /// Findings, in the order of files.
    pub diagnostics: Vec<Diagnostic>,
    /// Counts.
    pub summary: Summary,
}

/// Loads everything from `directory`.
pub fn load(source: &dyn Source, directory: &str) -> Loaded {
    compile(Documents::read(source, directory), source, None)
}

/// The run directory that the `asterisk.conf` of `directory` names, whatever the other files
/// hold: a console must find its exchange while somebody mends them.
pub fn run_directory(source: &dyn Source, directory: &str) -> String {
    let directory = directory.trim_end_matches('/');
    let options = Options { directory: directory.to_owned(), exec_includes: ExecIncludes::Refused };
    let file = sidetone_conf::load(source, "asterisk.conf", &options).unwrap_or_default();
    Asterisk::build(&file, directory, &mut Report::default()).directories.run
}

/// Loads everything from `directory` again. An object that now has errors stays as it was in
/// `previous`, and objects that did not change are shared with it.
pub fn reload(source: &dyn Source, directory: &str, previous: &Config) -> Loaded {
    let mut documents = Documents::read(source, directory);
    documents.keep_from_emptiness();
    compile(documents, source, Some(previous))
}

impl Documents {
    /// Reads all files. `astetcdir` of asterisk.conf moves all files but asterisk.conf itself.
    pub fn read(source: &dyn Source, directory: &str) -> Self {
        let directory = directory.trim_end_matches('/');
        let mut documents = Self { directory: directory.to_owned(), ..Self::default() };
        let mut options =
            Options { directory: directory.to_owned(), exec_includes: ExecIncludes::Refused };
        documents.asterisk = documents.file(source, &options, "asterisk.conf").unwrap_or_default();
        // Only these two are needed before the other files; the findings come later.
        let asterisk = Asterisk::build(&documents.asterisk, directory, &mut Report::default());
        options.directory = asterisk.directories.etc.trim_end_matches('/').to_owned();
        if asterisk.exec_includes {
            options.exec_includes = ExecIncludes::Allowed;
        }
        documents.pjsip = documents.file(source, &options, "pjsip.conf");
        documents.http = documents.file(source, &options, "http.conf").unwrap_or_default();
        documents.rtp = documents.file(source, &options, "rtp.conf").unwrap_or_default();
        documents.codecs = documents.file(source, &options, "codecs.conf").unwrap_or_default();
        documents.features = documents.file(source, &options, "features.conf").unwrap_or_default();
        documents.music = documents.file(source, &options, "musiconhold.conf").unwrap_or_default();
        documents.parking =
            documents.file(source, &options, "res_parking.conf").unwrap_or_default();
        let monitor = documents.file(source, &options, "res_stun_monitor.conf");
        documents.stun_monitor = monitor.unwrap_or_default();
        documents.routes = documents.file(source, &options, "routes.conf").unwrap_or_default();
        documents.logger = documents.file(source, &options, "logger.conf");
        documents.acl = documents.file(source, &options, "acl.conf").unwrap_or_default();
        documents.modules = documents.file(source, &options, "modules.conf").unwrap_or_default();
        documents.extensions = documents.file(source, &options, "extensions.conf");
        documents.diagnostics.extend(advice::about_files(source, &options.directory));
        documents.known_words = advice::known_words(source, &options.directory);
        documents
    }

    fn file(&mut self, source: &dyn Source, options: &Options, name: &str) -> Option<Document> {
        match sidetone_conf::load(source, name, options) {
            Ok(document) => Some(document),
            Err(ReadError::NotFound) => None,
            Err(why) => {
                self.unreadable.push(name.to_owned());
                let message = format!("{why}");
                let path = format!("{}/{name}", options.directory);
                self.diagnostics.push(
                    Diagnostic::error(&Span::whole_file(name), message)
                        .hint(format!("check the permissions of {path}")),
                );
                None
            }
        }
    }

    /// A file that was cut off by a full disk or an editor is no wish to have nothing: it counts
    /// as missing, and what was there stays.
    fn keep_from_emptiness(&mut self) {
        let files = [("pjsip.conf", &mut self.pjsip), ("extensions.conf", &mut self.extensions)];
        for (name, file) in files {
            if file.as_ref().is_some_and(|document| document.sections.is_empty()) {
                *file = None;
                let words = "it is empty: what was read from it before stays";
                self.diagnostics.push(Diagnostic::warning(&Span::whole_file(name), words));
            }
        }
    }

    fn take_diagnostics(&mut self) -> Vec<Diagnostic> {
        let mut all = std::mem::take(&mut self.diagnostics);
        let mut documents = vec![
            &mut self.asterisk,
            &mut self.http,
            &mut self.rtp,
            &mut self.codecs,
            &mut self.features,
            &mut self.music,
            &mut self.parking,
            &mut self.stun_monitor,
            &mut self.routes,
            &mut self.acl,
            &mut self.modules,
        ];
        documents.extend(&mut self.pjsip);
        documents.extend(&mut self.logger);
        // Those of extensions.conf stay with the document: the dialplan tells them with its own.
        for document in documents {
            all.append(&mut document.diagnostics);
        }
        all
    }
}

/// Builds the snapshot from documents.
pub fn compile(mut documents: Documents, source: &dyn Source, previous: Option<&Config>) -> Loaded {
    let mut report = Report::starting_with(documents.take_diagnostics());
    let (config, refused, kept) = build(&documents, source, previous, &mut report);
    about_missing_files(&documents, source, &config.asterisk.directories.etc, &mut report);
    advice::about_config(&config, &mut report);
    advice::about_tls(&config, &mut report);
    advice::about_habits(&config, &documents.known_words, &mut report);
    if let Some(document) = &mut documents.extensions {
        document.sections.extend(config.parking.sections());
    }
    let usable = has_listener(&config);
    if !usable {
        let message = "nothing to listen at: no transport can be used and HTTP is off";
        let hint = "add a transport of protocol udp to pjsip.conf, or enable http.conf";
        report.say(Diagnostic::error(&Span::whole_file("pjsip.conf"), message).hint(hint));
    }
    let (diagnostics, ignored_options) = report.finish();
    let mut summary = Summary {
        transports: config.transports.len(),
        endpoints: config.endpoints.len(),
        aors: config.aors.len(),
        auths: config.auths.len(),
        identifies: config.identifies.len(),
        refused,
        kept,
        ignored_options,
        ..Summary::default()
    };
    summary.add(&diagnostics);
    Loaded {
        config: usable.then(|| Arc::new(config)),
        dialplan_document: documents.extensions,
        diagnostics,
        summary,
    }
}

/// Builds every object; also says how many were refused and how many stay as they were.
fn build(
    documents: &Documents,
    source: &dyn Source,
    previous: Option<&Config>,
    report: &mut Report,
) -> (Config, usize, usize) {
    let mut settle = Settle { documents, report, kept: 0 };
    let asterisk = settle.file("asterisk.conf", previous.map(|c| &c.asterisk), |report| {
        Asterisk::build(&documents.asterisk, &documents.directory, report)
    });
    let files = TlsFiles::new(source, &asterisk.directories.etc);
    let acls = named_acls(&documents.acl, previous, &mut settle);
    let http = settle.file("http.conf", previous.map(|c| &c.http), |report| {
        Http::build(&documents.http, &acls, &files, report)
    });
    let rtp = settle.file("rtp.conf", previous.map(|c| &c.rtp), |report| {
        Rtp::build(&documents.rtp, &acls, report)
    });
    let codecs = settle.file("codecs.conf", previous.map(|c| &c.codecs), |report| {
        CodecsConf::build(&documents.codecs, report)
    });
    let features = settle.file("features.conf", previous.map(|c| &c.features), |report| {
        Features::build(&documents.features, report)
    });
    let music = settle.file("musiconhold.conf", previous.map(|c| &c.music), |report| {
        Music::build(&documents.music, report)
    });
    let parking = parking_lots(&documents.parking, previous, &mut settle);
    let monitor = stun_monitor(&documents.stun_monitor, previous, &mut settle);
    let routes = settle.routes(source, &asterisk.directories.etc, previous);
    let logger = settle.file("logger.conf", previous.map(|c| &c.logger), |report| {
        Logger::build(documents.logger.as_ref(), report)
    });
    let modules = settle.file("modules.conf", previous.map(|c| &c.modules), |report| {
        Modules::build(&documents.modules, report)
    });
    let kept_files = settle.kept;
    let sip = pjsip::build(documents.pjsip.as_ref(), &acls, &files, previous, report);
    sip.mentions.about_music(&music, report);
    let [sip_acl, contact_acl] = sip.acls;
    let registrations =
        modules.registrations(sip.registrations.objects, &sip.endpoints.objects, report);
    let config = Config {
        transports: sip.transports.objects,
        endpoints: sip.endpoints.objects,
        contacts: sip.contacts.objects,
        aors: sip.aors.objects,
        auths: sip.auths.objects,
        identifies: sip.identifies.objects,
        registrations,
        acls: acls.objects,
        sip_acl,
        contact_acl,
        global: sip.global,
        system: sip.system,
        http,
        rtp,
        codecs,
        features,
        music,
        parking: if modules.is_off("res_parking") { Arc::default() } else { parking },
        stun_monitor: modules.monitor(monitor),
        routes,
        logger,
        asterisk,
        modules,
        prints: sip.prints,
        mentions: sip.mentions,
    };
    (config, sip.refused, sip.kept + kept_files)
}

fn stun_monitor(
    document: &Document,
    previous: Option<&Config>,
    settle: &mut Settle<'_>,
) -> Arc<StunMonitor> {
    settle.file("res_stun_monitor.conf", previous.map(|config| &config.stun_monitor), |report| {
        StunMonitor::build(document, report)
    })
}

fn parking_lots(
    document: &Document,
    previous: Option<&Config>,
    settle: &mut Settle<'_>,
) -> Arc<ParkingLots> {
    settle.file("res_parking.conf", previous.map(|config| &config.parking), |report| {
        ParkingLots::build(document, report)
    })
}

/// Decides for each file whether what it holds now counts, or what it held before.
struct Settle<'a> {
    documents: &'a Documents,
    report: &'a mut Report,
    /// What stays as it was.
    kept: usize,
}

impl Settle<'_> {
    /// A file that is one object. On a first load its wrong values leave defaults in force; on a
    /// reload the whole file stays as it was.
    fn file<T: PartialEq>(
        &mut self,
        name: &str,
        previous: Option<&Arc<T>>,
        build: impl FnOnce(&mut Report) -> T,
    ) -> Arc<T> {
        let errors_before = self.report.errors();
        let object = build(self.report);
        let bad = self.report.errors() > errors_before || self.cannot_be_read(name);
        match previous {
            Some(before) if bad => {
                self.kept += 1;
                let message = format!("{name} stays as it was before: see its errors");
                self.report.say(Diagnostic::warning(&Span::whole_file(name), message));
                Arc::clone(before)
            }
            _ => share(object, previous),
        }
    }

    fn routes(&mut self, source: &dyn Source, etc: &str, previous: Option<&Config>) -> Arc<Table> {
        let document = &self.documents.routes;
        self.file("routes.conf", previous.map(|config| &config.routes), |report| {
            let lists = |file: &str| source.read(&TlsFiles::new(source, etc).resolve(file));
            routes::build(document, &lists, report)
        })
    }

    fn cannot_be_read(&self, name: &str) -> bool {
        let documents = self.documents;
        let document = match name {
            "asterisk.conf" => Some(&documents.asterisk),
            "http.conf" => Some(&documents.http),
            "rtp.conf" => Some(&documents.rtp),
            "features.conf" => Some(&documents.features),
            "musiconhold.conf" => Some(&documents.music),
            "res_parking.conf" => Some(&documents.parking),
            "res_stun_monitor.conf" => Some(&documents.stun_monitor),
            "routes.conf" => Some(&documents.routes),
            "acl.conf" => Some(&documents.acl),
            "codecs.conf" => Some(&documents.codecs),
            "logger.conf" => documents.logger.as_ref(),
            _ => Some(&documents.modules),
        };
        documents.unreadable.iter().any(|file| file == name)
            || document.is_some_and(|document| document.incomplete)
    }
}

fn about_missing_files(documents: &Documents, source: &dyn Source, etc: &str, report: &mut Report) {
    let mut missing = |name: &str, consequence: &str| {
        let message = format!("there is no {name}: {consequence}");
        let hint = format!("put one into {etc}");
        report.say(Diagnostic::warning(&Span::whole_file(name), message).hint(hint));
    };
    if documents.pjsip.is_none() {
        missing("pjsip.conf", "nobody can register or call");
    }
    let program = format!("{}/extensions.lua", documents.directory);
    if documents.extensions.is_none() && source.read(&program).is_err() {
        missing("extensions.conf", "no call leads anywhere");
    }
}

fn has_listener(config: &Config) -> bool {
    use crate::objects::transport::Protocol::{Tcp, Tls, Udp};
    let listens = |protocol| matches!(protocol, Udp | Tcp | Tls);
    config.http.enabled || config.transports.values().any(|found| listens(found.protocol))
}

/// The object of before when nothing changed, so that equal snapshots share memory.
pub(crate) fn share<T: PartialEq>(object: T, previous: Option<&Arc<T>>) -> Arc<T> {
    match previous {
        Some(before) if **before == object => Arc::clone(before),
        _ => Arc::new(object),
    }
}

/// The lists of acl.conf. One with errors stays as it was, or else is refused: half a list could
/// let in whom the other half keeps out.
fn named_acls(
    document: &Document,
    previous: Option<&Config>,
    settle: &mut Settle<'_>,
) -> Named<Acl> {
    let mut named = Named::default();
    let before = previous.map(|config| &config.acls);
    for section in document.sections.iter().filter(|section| !section.template) {
        let name = section.name.to_string();
        let errors_before = settle.report.errors();
        let acl = acl(section, settle.report);
        let before = before.and_then(|acls| acls.get(&name));
        if !section.faulty && settle.report.errors() == errors_before {
            named.objects.insert(name, share(acl, before));
        } else if let Some(before) = before {
            settle.kept += 1;
            named.objects.insert(name, Arc::clone(before));
        } else {
            named.refused.insert(name, section.span.clone());
        }
    }
    if settle.cannot_be_read("acl.conf") {
        for (name, acl) in before.into_iter().flatten() {
            named.objects.entry(name.clone()).or_insert_with(|| Arc::clone(acl));
        }
    }
    named
}

fn acl(section: &Section, report: &mut Report) -> Acl {
    let mut acl = Acl { name: section.name.to_string(), ..Acl::default() };
    for value in &section.values {
        let sense = if value.is("permit") {
            Sense::Permit
        } else if value.is("deny") {
            Sense::Deny
        } else {
            let message = format!("an access list has no '{}'", value.name);
            let hint = foreign::explain(&value.name).unwrap_or("write permit or deny");
            report.say(Diagnostic::error(&value.span, message).hint(hint));
            continue;
        };
        if let Err(why) = acl.add(sense, &value.text) {
            report.say(Diagnostic::error(&value.span, why));
        }
    }
    acl
}
