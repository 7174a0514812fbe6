//! Reading the configuration again while calls run. An object that became bad stays as it was.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use sidetone_conf::{Diagnostic, Document, Severity};
use sidetone_config::FileSource;
use sidetone_control::socket::Answer;
use sidetone_dialplan::Dialplan;
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
        let plan = plan.map(dialplan);
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
            logging::report_ignored(&config);
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
        text += &format!("{}\n", loaded.summary);
        *self.last.lock() = Instant::now();
        Answer { text, status }
    }
}

/// Whether the dialplan was read to its end. Half a dialplan would refuse calls that ran before.
fn is_whole(document: &Document) -> bool {
    if document.incomplete {
        tracing::warn!("extensions.conf stays as it was before: see its errors");
    }
    !document.incomplete
}

/// Builds the dialplan and reports what it has to say, unknown applications included.
pub(crate) fn dialplan(document: &Document) -> Arc<Dialplan> {
    let plan = sidetone_dialplan::load(document);
    report(&plan.diagnostics);
    report(&plan.unknown_applications(&sidetone_apps::has_application));
    report(&plan.unknown_functions(&sidetone_apps::has_function));
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
