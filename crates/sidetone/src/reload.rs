//! Reading the configuration again while calls run. An object that became bad stays as it was.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use sidetone_conf::{Diagnostic, Document, Severity};
use sidetone_config::tables::modules::module_called;
use sidetone_config::{Config, FileSource, Scope, Summary};
use sidetone_control::socket::Answer;
use sidetone_dialplan::Dialplan;
use sidetone_http::HttpServer;
use sidetone_net::Net;
use sidetone_observe::Log;
use sidetone_pbx::Exchange;
use tokio::sync::Mutex;

use crate::arguments::Arguments;
use crate::missing::{about_routes, what_is_missing};
use crate::script::Script;
use crate::{http, listeners, logging, script};

/// Reloads, one at a time.
pub(crate) struct Reloader {
    pub arguments: Arguments,
    pub etc: PathBuf,
    pub exchange: Exchange,
    pub http: HttpServer,
    pub net: Net,
    pub log: Log,
    /// When everything was read last.
    pub last: parking_lot::Mutex<Instant>,
    /// What counts now, for one reload at a time.
    pub in_force: Mutex<InForce>,
}

/// What was last put into force of the parts that a reload of one module leaves as they are.
pub(crate) struct InForce {
    /// The SIP listeners.
    pub listening: listeners::Open,
    /// The ports that calls take.
    pub ports: RangeInclusive<u16>,
}

/// Names of parts that are no modules and can be reloaded by `module reload` all the same.
const PARTS: &[&str] = &["acl", "features", "http", "logger", "pjsip", "routes", "rtp"];

impl Reloader {
    /// Reads everything again, or what a module reads.
    pub(crate) async fn reload(&self, module: Option<&str>) -> Answer {
        if let Some(name) = module
            && !PARTS.contains(&name)
            && module_called(name).is_none()
        {
            return Answer { text: format!("No such module '{name}'\n"), status: 1 };
        }
        let mut in_force = self.in_force.lock().await;
        let previous = self.exchange.config();
        // Thousands of endpoints take a tenth of a second: calls go on on another thread meanwhile.
        let mut loaded = tokio::task::block_in_place(|| {
            sidetone_config::reload(&FileSource, &self.etc.to_string_lossy(), &previous)
        });
        report(&loaded.diagnostics);
        let Some(config) = loaded.config else {
            let text = "The configuration has errors and stays as it was; see the log.\n";
            return Answer { text: text.to_owned(), status: 1 };
        };
        let scope = Scope::of(module);
        let config = match scope.is_all() {
            true => config,
            false => Arc::new(previous.renewed(&config, scope)),
        };
        let summary = &mut loaded.summary;
        let document = loaded.dialplan_document.take();
        let plan = if scope.dialplan() { self.dialplan(document, &config, summary) } else { None };
        self.check_routes(scope, &config, plan.as_ref(), summary);
        let mut status = 0;
        let mut text = String::new();
        if scope.http() {
            match self.http.reload(http::settings(&config)).await {
                Ok(()) => text += "HTTP configuration reloaded\n",
                Err(error) => {
                    status = 1;
                    text += &format!("{error}; the HTTP server stays as it was\n");
                }
            }
        }
        if scope.logger() {
            self.log.set(logging::settings(&self.arguments, Some(&config)));
            self.log.writer().reopen();
        }
        self.exchange.reload(Arc::clone(&config), plan);
        if scope.sip() {
            self.net.update_settings(listeners::net_settings(&config));
            for words in listeners::update(&self.net, &mut in_force.listening, &config).await {
                status = 1;
                text += &format!("pjsip.conf: {words}\n");
            }
            for (listener, error) in self.net.reload_certificates() {
                text += &format!("transport '{listener}': {error}\n");
            }
        }
        let ports = &config.rtp.ports;
        if scope.rtp() && in_force.ports != *ports {
            self.exchange.engine().set_ports(ports);
            in_force.ports = ports.clone();
            let words = other_ports(ports);
            tracing::warn!("{words}");
            text += &format!("{words}\n");
        }
        for words in after_a_restart(&previous, &config) {
            tracing::warn!("{words}");
            text += &format!("{words}\n");
        }
        text += &format!("{}\n", loaded.summary);
        *self.last.lock() = Instant::now();
        Answer { text, status }
    }

    /// The dialplan as it is written now; `None` when the one in force stays.
    fn dialplan(
        &self,
        document: Option<Document>,
        config: &Config,
        summary: &mut Summary,
    ) -> Option<Arc<Dialplan>> {
        let before = self.exchange.dialplan().program.clone();
        let script = script::read(&self.etc, &FileSource, Some(config), before);
        let document = script.beside(document, &self.etc, &FileSource)?;
        is_whole(&document, summary).then(|| dialplan(&document, script, Some(config), summary))
    }

    /// Reports and counts what routes name that is not there, unless the dialplan was read and with
    /// it they.
    fn check_routes(
        &self,
        scope: Scope<'_>,
        config: &Config,
        plan: Option<&Arc<Dialplan>>,
        summary: &mut Summary,
    ) {
        if scope.routes() && plan.is_none() {
            let findings = about_routes(config, &self.exchange.dialplan());
            report(&findings);
            summary.add(&findings);
        }
    }
}

/// What becomes of another range of media ports, in words.
fn other_ports(ports: &RangeInclusive<u16>) -> String {
    let (start, end) = (ports.start(), ports.end());
    format!(
        "rtp.conf: rtpstart, rtpend {start}-{end}: new plain calls take the other ports now, \
         browsers after a restart"
    )
}

/// What changed and does not count before the exchange is started again, in words.
fn after_a_restart(old: &Config, new: &Config) -> Vec<String> {
    let mut found = Vec::new();
    let mut changed = |same: bool, what: &str| {
        if !same {
            found.push(format!("{what} after a restart"));
        }
    };
    changed(old.system.timer_t1 == new.system.timer_t1, "pjsip.conf: timer_t1 counts");
    let (before, after) = (&old.global.user_agent, &new.global.user_agent);
    changed(before == after, "pjsip.conf: user_agent counts");
    let (before, after) = (old.global.norefersub, new.global.norefersub);
    changed(before == after, "pjsip.conf: norefersub counts");
    changed(old.rtp.checksums == new.rtp.checksums, "rtp.conf: rtpchecksums counts");
    let (old, new) = (&old.asterisk, &new.asterisk);
    let (from, to) = (&old.directories, &new.directories);
    let directories = (&from.data, &from.run, &from.etc) == (&to.data, &to.run, &to.etc);
    changed(directories, "asterisk.conf: the directories astdatadir, astrundir, astetcdir count");
    changed(from.db == to.db, "asterisk.conf: the directory of the database (astdbdir) counts");
    let who = (&old.run_user, &old.run_group) == (&new.run_user, &new.run_group);
    changed(who, "asterisk.conf: runuser and rungroup count");
    changed(old.max_files == new.max_files, "asterisk.conf: maxfiles counts");
    changed(old.entity_id == new.entity_id, "asterisk.conf: entityid counts");
    let levels = (old.verbose, old.debug) == (new.verbose, new.debug);
    let core = "asterisk.conf: verbose and debug ('core set' changes them at once), console, \
        quiet, dumpcore, highpriority and colours count";
    changed(old.start == new.start && levels, core);
    found
}

/// Whether the dialplan was read to its end. Half a dialplan would refuse calls that ran before.
fn is_whole(document: &Document, summary: &mut Summary) -> bool {
    if document.incomplete {
        report(&document.diagnostics);
        summary.add(&document.diagnostics);
        summary.kept += 1;
        tracing::warn!("extensions.conf stays as it was before: see its errors");
    }
    !document.incomplete
}

/// Builds the dialplan; reports and counts what it has to say, and what it and the objects name
/// that is not there.
pub(crate) fn dialplan(
    document: &Document,
    script: Script,
    config: Option<&Config>,
    summary: &mut Summary,
) -> Arc<Dialplan> {
    report(&script.findings);
    script.count(summary);
    let plan = sidetone_dialplan::load_with(document, script.program);
    for findings in [&plan.diagnostics, &what_is_missing(&plan, config)] {
        report(findings);
        summary.add(findings);
    }
    Arc::new(plan)
}

/// Writes findings to the log.
pub(crate) fn report(findings: &[Diagnostic]) {
    for finding in findings {
        match finding.severity {
            Severity::Error => tracing::error!("{finding}"),
            Severity::Warning => tracing::warn!("{finding}"),
            Severity::Notice => tracing::info!("{finding}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sidetone_conf::MemorySource;

    fn config(files: &[(&str, &str)]) -> Arc<Config> {
        let pjsip = "[u]\ntype=transport\nbind=127.0.0.1\n";
        let mut source = MemorySource::new().with("/etc/pjsip.conf", pjsip);
        for (name, text) in files {
            source = source.with(format!("/etc/{name}"), *text);
        }
        sidetone_config::load(&source, "/etc").config.expect("a configuration")
    }

    #[test]
    fn what_needs_a_restart_is_named_and_nothing_else() {
        let before = config(&[]);
        let media = [("rtp.conf", "[general]\nrtpstart=20000\nrtpend=20100\nprobation=7\n")];
        assert!(after_a_restart(&before, &config(&media)).is_empty(), "they count at once");
        let both = [("rtp.conf", "[general]\nrtpchecksums=no\n")];
        assert_eq!(after_a_restart(&before, &config(&both)).len(), 1);
        let process = [("asterisk.conf", "[options]\nmaxfiles=9\nmaxcalls=3\nrunuser=pbx\n")];
        let found = after_a_restart(&before, &config(&process));
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(after_a_restart(&before, &before).is_empty());
    }
}
