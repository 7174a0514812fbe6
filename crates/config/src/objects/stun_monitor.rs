//! `res_stun_monitor.conf`: watching our public address.

use std::time::Duration;

use sidetone_conf::Document;

use super::rtp::{NatServer, STUN_PORT, server};
use crate::fields::Fields;
use crate::report::Report;
use crate::sections::{general, known_only};
use crate::tables::server::STUN_MONITOR;

/// Which server is asked for our public address, and how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StunMonitor {
    /// The server; `None` switches the monitor off.
    pub server: Option<NatServer>,
    /// Time between two questions.
    pub refresh: Duration,
}

impl StunMonitor {
    pub(crate) fn build(document: &Document, report: &mut Report) -> Self {
        known_only(document, "res_stun_monitor.conf", &["general"], report);
        let section = general(document, "res_stun_monitor.conf");
        let mut fields = Fields::new(&STUN_MONITOR, &section, report);
        Self {
            server: server(&mut fields, "stunaddr", STUN_PORT),
            refresh: Duration::from_secs(fields.number("stunrefresh")),
        }
    }
}
