//! Reading the configuration again while calls run. An object that became bad stays as it was.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use sidetone_conf::{Diagnostic, Document, Severity};
use sidetone_config::modules::Modules;
use sidetone_config::{Config, FileSource};
use sidetone_control::socket::Answer;
use sidetone_dialplan::{Callable, Dialplan};
use sidetone_http::HttpServer;
use sidetone_net::Net;
use sidetone_observe::Log;
use sidetone_pbx::Exchange;
use tokio::sync::Mutex;

use crate::arguments::Arguments;
use crate::{http, listeners, logging};

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
    pub busy: Mutex<()>,
}

impl Reloader {
    /// Reads everything again, or what a module reads.
    pub(crate) async fn reload(&self, module: Option<&str>) -> Answer {
        let _one_at_a_time = self.busy.lock().await;
        let previous = self.exchange.config();
        // Thousands of endpoints take a tenth of a second: calls go on on another thread meanwhile.
        let loaded = tokio::task::block_in_place(|| {
            sidetone_config::reload(&FileSource, &self.etc.to_string_lossy(), &previous)
        });
        report(&loaded.diagnostics);
        let Some(config) = loaded.config else {
            let text = "The configuration has errors and stays as it was; see the log.\n";
            return Answer { text: text.to_owned(), status: 1 };
        };
        let plan = loaded.dialplan_document.as_ref().filter(|document| is_whole(document));
        let plan = plan.map(|document| dialplan(document, &config.modules));
        let concerns = |modules: &[&str]| module.is_none_or(|module| modules.contains(&module));
        let mut status = 0;
        let mut text = String::new();
        if concerns(&["http"]) {
            match self.http.reload(http::settings(&config)).await {
                Ok(()) => text += "HTTP configuration reloaded\n",
                Err(error) => {
                    status = 1;
                    text += &format!("{error}; the HTTP server stays as it was\n");
                }
            }
        }
        if concerns(&["logger"]) {
            self.log.set(logging::settings(&self.arguments, Some(&config)));
            self.log.writer().reopen();
        }
        if concerns(&["pbx_config"]) {
            self.exchange.reload(Arc::clone(&config), plan);
        } else {
            self.exchange.reload(Arc::clone(&config), None);
        }
        if concerns(&["res_pjsip", "pjsip"]) {
            self.net.update_settings(listeners::net_settings(&config));
            for words in listeners::update(&self.net, &previous, &config).await {
                status = 1;
                text += &format!("pjsip.conf: {words}\n");
            }
            for (listener, error) in self.net.reload_certificates() {
                text += &format!("transport '{listener}': {error}\n");
            }
        }
        if concerns(&["res_rtp_asterisk", "rtp"]) && previous.rtp.ports != config.rtp.ports {
            self.exchange.engine().set_ports(&config.rtp.ports);
        }
        for words in after_a_restart(&previous, &config) {
            tracing::warn!("{words}");
            text += &format!("{words}\n");
        }
        text += &format!("{}\n", loaded.summary);
        *self.last.lock() = Instant::now();
        Answer { text, status }
    }
}

/// What changed and does not count before the exchange is started again, in words.
fn after_a_restart(old: &Config, new: &Config) -> Vec<String> {
    let mut found = Vec::new();
    let mut changed = |same: bool, what: &str| {
        if !same {
            found.push(format!("{what} after a restart"));
        }
    };
    let (rtp, ports) = (&new.rtp.ports, "new plain calls take the other ports now, browsers");
    let range = format!("rtp.conf: rtpstart, rtpend {}-{}: {ports}", rtp.start(), rtp.end());
    changed(old.rtp.ports == new.rtp.ports, &range);
    changed(old.system.timer_t1 == new.system.timer_t1, "pjsip.conf: timer_t1 counts");
    let (before, after) = (&old.global.user_agent, &new.global.user_agent);
    changed(before == after, "pjsip.conf: user_agent counts");
    let (old, new) = (&old.asterisk, &new.asterisk);
    let (from, to) = (&old.directories, &new.directories);
    let directories = (&from.data, &from.run, &from.etc) == (&to.data, &to.run, &to.etc);
    changed(directories, "asterisk.conf: the directories astdatadir, astrundir, astetcdir count");
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
fn is_whole(document: &Document) -> bool {
    if document.incomplete {
        tracing::warn!("extensions.conf stays as it was before: see its errors");
    }
    !document.incomplete
}

/// Builds the dialplan and reports what it has to say, unknown applications included.
pub(crate) fn dialplan(document: &Document, modules: &Modules) -> Arc<Dialplan> {
    let plan = sidetone_dialplan::load(document);
    report(&plan.diagnostics);
    report(&what_is_missing(&plan, modules));
    Arc::new(plan)
}

/// Applications and functions that the dialplan uses and that are not there, or switched off.
pub(crate) fn what_is_missing(plan: &Dialplan, modules: &Modules) -> Vec<Diagnostic> {
    let mut findings = plan.unknown_applications(&sidetone_apps::has_application);
    findings.extend(plan.unknown_functions(&sidetone_apps::has_function));
    findings.extend(plan.switched_off(&|what| match what {
        Callable::Application(name) => modules.application_off(name),
        Callable::Function(name) => modules.function_off(name),
    }));
    findings
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
        let found = after_a_restart(&before, &config(&media));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("20000-20100") && found[0].ends_with("browsers after a restart"));
        let process = [("asterisk.conf", "[options]\nmaxfiles=9\nmaxcalls=3\nrunuser=pbx\n")];
        let found = after_a_restart(&before, &config(&process));
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(after_a_restart(&before, &before).is_empty());
    }
}
