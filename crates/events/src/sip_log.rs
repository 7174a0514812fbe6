//! Which SIP messages are shown: `pjsip set logger` of the console and `debug` of `type=global`.
//! Beside the walk of a call, at the two doors every message passes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwap;
use sidetone_config::Network;

/// What is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SipLogFilter {
    /// Messages to and from these; empty for everybody. A port narrows an address.
    pub hosts: Vec<(Network, Option<u16>)>,
    /// Requests of these methods and the responses to them, upper case; empty for all.
    pub methods: Vec<String>,
    /// Whether what passes is written to the verbose log; a capture gets it either way.
    pub verbose: bool,
}

impl Default for SipLogFilter {
    fn default() -> Self {
        Self { hosts: Vec::new(), methods: Vec::new(), verbose: true }
    }
}

impl SipLogFilter {
    /// Reads a host as the command writes it: an address, a block, or an address with a port.
    ///
    /// # Errors
    /// In words, what would be right.
    pub fn host(text: &str) -> Result<(Network, Option<u16>), String> {
        if let Ok(address) = text.parse::<SocketAddr>() {
            return Ok((Network::host(address.ip()), Some(address.port())));
        }
        Network::parse(text).map(|network| (network, None))
    }

    fn passes(&self, remote: SocketAddr, bytes: &[u8]) -> bool {
        let from = |(network, port): &(Network, Option<u16>)| {
            network.contains(remote.ip()) && port.is_none_or(|port| port == remote.port())
        };
        (self.hosts.is_empty() || self.hosts.iter().any(from))
            && (self.methods.is_empty()
                || method(bytes).is_some_and(|method| self.methods.contains(&method)))
    }
}

/// The method of a message, or of the request that it answers.
fn method(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes.get(..bytes.len().min(8_192))?);
    let mut lines = text.lines();
    let start = lines.next()?;
    if !start.starts_with("SIP/2.0 ") {
        return Some(start.split(' ').next()?.to_ascii_uppercase());
    }
    let cseq = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim().eq_ignore_ascii_case("cseq").then_some(value)
    })?;
    Some(cseq.split_whitespace().nth(1)?.to_ascii_uppercase())
}

/// The switch and its filter.
#[derive(Debug, Default)]
pub struct SipLog {
    on: AtomicBool,
    filter: ArcSwap<SipLogFilter>,
}

impl SipLog {
    /// Whether anything is shown.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.on.load(Ordering::Relaxed)
    }

    /// Switches it.
    pub fn switch(&self, on: bool) {
        self.on.store(on, Ordering::Relaxed);
    }

    /// The filter in force.
    #[must_use]
    pub fn filter(&self) -> Arc<SipLogFilter> {
        self.filter.load_full()
    }

    /// Puts a filter in force.
    pub fn set_filter(&self, filter: SipLogFilter) {
        self.filter.store(Arc::new(filter));
    }

    /// Whether a message is shown, and if so, in the verbose log too.
    #[must_use]
    pub fn judge(&self, remote: SocketAddr, bytes: &[u8]) -> Option<bool> {
        if !self.is_on() {
            return None;
        }
        let filter = self.filter.load();
        filter.passes(remote, bytes).then_some(filter.verbose)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INVITE: &[u8] = b"INVITE sip:a SIP/2.0\r\nCSeq: 1 INVITE\r\n\r\n";
    const OK: &[u8] = b"SIP/2.0 200 OK\r\nVia: x\r\ncseq : 7  REGISTER\r\n\r\n";

    fn passes(filter: &SipLogFilter, remote: &str, bytes: &[u8]) -> bool {
        filter.passes(remote.parse().expect("an address"), bytes)
    }

    #[test]
    fn hosts_and_methods_narrow_what_is_shown() {
        let mut filter = SipLogFilter::default();
        assert!(passes(&filter, "192.0.2.1:5060", INVITE) && passes(&filter, "[::1]:1", b"x"));
        filter.hosts.push(SipLogFilter::host("192.0.2.0/24").expect("a block"));
        filter.hosts.push(SipLogFilter::host("198.51.100.1:5080").expect("an address"));
        assert!(passes(&filter, "192.0.2.77:1", OK) && passes(&filter, "198.51.100.1:5080", OK));
        assert!(!passes(&filter, "198.51.100.1:5060", OK), "another port");
        filter.methods.push("REGISTER".into());
        assert!(passes(&filter, "192.0.2.1:5060", OK), "the answer to a REGISTER");
        assert!(!passes(&filter, "192.0.2.1:5060", INVITE));
        assert!(SipLogFilter::host("nobody").is_err());
    }
}
