//! `http show status`: what is served where. The layout is read by scripts.

use std::fmt;
use std::net::SocketAddr;

/// The state of the HTTP server; `Display` is the text of the console command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatusReport {
    /// What every path starts with.
    pub prefix: String,
    /// The server's name.
    pub server_name: String,
    /// Where it listens in clear.
    pub http: Option<SocketAddr>,
    /// Where it listens with TLS.
    pub https: Option<SocketAddr>,
    /// Paths, with `/...` when what is below belongs to them, and descriptions.
    pub uris: Vec<(String, String)>,
    /// From and to.
    pub redirects: Vec<(String, String)>,
    /// Restricted paths with their rules.
    pub restrictions: Vec<(String, Vec<String>)>,
    /// Connections now, WebSockets included.
    pub sessions: usize,
    /// The most connections allowed.
    pub session_limit: usize,
    /// Connections refused because of the limit.
    pub sessions_refused_total: u64,
    /// TLS handshakes that failed.
    pub tls_failures_total: u64,
    /// TLS clients refused because of the name they asked for.
    pub names_refused_total: u64,
    /// WebSockets upgraded.
    pub websockets_total: u64,
    /// Requests answered.
    pub requests_total: u64,
}

impl fmt::Display for StatusReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "HTTP Server Status:")?;
        writeln!(f, "Prefix: {}", self.prefix)?;
        writeln!(f, "Server: {}", self.server_name)?;
        match self.http {
            Some(bound) => writeln!(f, "Server Enabled and Bound to {bound}\n")?,
            None => writeln!(f, "Server Disabled\n")?,
        }
        if let Some(bound) = self.https {
            writeln!(f, "HTTPS Server Enabled and Bound to {bound}\n")?;
        }
        writeln!(f, "Enabled URI's:")?;
        for (uri, description) in &self.uris {
            writeln!(f, "{}{uri} => {description}", self.prefix)?;
        }
        if self.uris.is_empty() {
            writeln!(f, "None.")?;
        }
        writeln!(f, "\nEnabled Redirects:")?;
        for (from, to) in &self.redirects {
            writeln!(f, "  {from} => {to}")?;
        }
        if self.redirects.is_empty() {
            writeln!(f, "  None.")?;
        }
        writeln!(f, "\nPath Restrictions:")?;
        for (path, rules) in &self.restrictions {
            writeln!(f, "  Path: {path}")?;
            rules.iter().try_for_each(|rule| writeln!(f, "    {rule}"))?;
        }
        if self.restrictions.is_empty() {
            writeln!(f, "  None.")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_has_the_layout_that_scripts_read() {
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        let report = StatusReport {
            server_name: "bench".into(),
            http: Some("127.0.0.1:8088".parse().unwrap()),
            https: Some("127.0.0.1:8089".parse().unwrap()),
            uris: vec![
                pair("/metrics/...", "Prometheus Metrics URI"),
                pair("/static/...", "Asterisk HTTP Static Delivery"),
                pair("/ws", "Asterisk HTTP WebSocket"),
            ],
            redirects: vec![pair("/cmp2k", "/static/cyber_mega_phone_2k/index.html")],
            ..StatusReport::default()
        };
        let expected = "HTTP Server Status:\nPrefix: \nServer: bench\n\
            Server Enabled and Bound to 127.0.0.1:8088\n\n\
            HTTPS Server Enabled and Bound to 127.0.0.1:8089\n\n\
            Enabled URI's:\n\
            /metrics/... => Prometheus Metrics URI\n\
            /static/... => Asterisk HTTP Static Delivery\n\
            /ws => Asterisk HTTP WebSocket\n\n\
            Enabled Redirects:\n  /cmp2k => /static/cyber_mega_phone_2k/index.html\n\n\
            Path Restrictions:\n  None.\n";
        assert_eq!(report.to_string(), expected);
    }

    #[test]
    fn a_disabled_server_says_so() {
        let text = StatusReport::default().to_string();
        assert!(text.contains("Server Disabled\n"));
        assert!(text.contains("None."));
    }
}
