//! `http.conf`: the server that carries WebSockets, pages and metrics.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use sidetone_conf::{Diagnostic, Document, Section};

use crate::acl::{Acl, AclSet};
use crate::fields::{Fields, Settings};
use crate::files::TlsFiles;
use crate::named::Named;
use crate::nearest::nearest;
use crate::objects::transport::socket_address;
use crate::report::Report;
use crate::sections::{general, single};
use crate::table::{choices, truth};
use crate::tables::server::{HTTP, HTTP_RESTRICTION};

choices! {
    /// From where a WebSocket without TLS is taken.
    pub enum ClearWebSocket {
        /// From this machine.
        Loopback = "loopback",
        /// From everywhere.
        Everywhere = "everywhere",
    }
}

/// The TLS listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpTls {
    /// Where it listens.
    pub bind: SocketAddr,
    /// Certificate chain, PEM.
    pub cert_file: String,
    /// Private key, PEM; the certificate file when it holds the key too.
    pub key_file: String,
    /// Allowed cipher suites; empty for all.
    pub cipher: String,
    /// The order of our cipher suites counts, not that of the client.
    pub server_cipher_order: bool,
    /// Speak TLS 1.3 only.
    pub tls13_only: bool,
    /// Refuse clients that ask for another name than these; empty refuses nobody.
    pub required_names: Vec<String>,
}

/// Who may ask for a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restriction {
    /// What the paths begin with (the prefix taken off).
    pub path: String,
    /// Who may.
    pub acl: AclSet,
}

/// The HTTP server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Http {
    /// Whether there is one.
    pub enabled: bool,
    /// Where plain HTTP listens.
    pub bind: SocketAddr,
    /// The TLS listener.
    pub tls: Option<HttpTls>,
    /// What every path starts with: empty, or `/` and a word.
    pub prefix: String,
    /// Name in the Server header; empty leaves it out.
    pub server_name: String,
    /// Connections at once, WebSockets included.
    pub session_limit: u32,
    /// How long a client may be silent within a request.
    pub session_inactivity: Duration,
    /// How long a connection is kept for the next request; zero closes it.
    pub session_keep_alive: Duration,
    /// Serve files under `/static/`.
    pub enable_static: bool,
    /// Serve `/httpstatus`.
    pub enable_status: bool,
    /// Redirects, from exact path to target.
    pub redirects: Vec<(String, String)>,
    /// Path of the WebSocket for SIP, after the prefix.
    pub websocket_path: String,
    /// From where a WebSocket without TLS is taken.
    pub clear_websocket: ClearWebSocket,
    /// Origins of the pages that may open a WebSocket; empty for all.
    pub websocket_origins: Vec<String>,
    /// Who may ask for which path.
    pub restrictions: Vec<Restriction>,
    /// What was set, for `show` commands.
    pub settings: Settings,
}

/// The sections that are no restriction.
const SECTIONS: &[&str] = &["general", "post_mappings"];

impl Restriction {
    /// Any section but the known ones is one. What cannot be read, and be it the word
    /// `restriction`, must not leave the path open: then nobody may ask for it.
    fn build(section: &Section, acls: &Named<Acl>, report: &mut Report) -> Self {
        let path = absolute_path(&section.name);
        let mut acl = AclSet::nobody();
        // What is wrong with the header is among the findings about the text.
        let mut good = !section.faulty;
        if good {
            let mut fields = Fields::new(&HTTP_RESTRICTION, section, report);
            if section.last("type").is_none() {
                let message = format!("[{}] has no type", section.name);
                let hint = match nearest(&section.name, SECTIONS.iter().copied()) {
                    Some(near) => format!("did you mean [{near}]?"),
                    None => String::from("write type = restriction, or remove the section"),
                };
                fields.error("type", message, hint);
            }
            let read = fields.acl_set(["acl", "deny", "permit"], acls);
            good = !fields.is_bad();
            if good {
                acl = read;
            }
        }
        if !good {
            // On a reload the file stays as it was instead, which is said by who decides it.
            let message = format!("as it is written, nobody may ask for {path}");
            report.say(Diagnostic::warning(&section.span, message));
        }
        Self { path, acl }
    }
}

impl Http {
    pub(crate) fn build(
        document: &Document,
        acls: &Named<Acl>,
        files: &TlsFiles<'_>,
        report: &mut Report,
    ) -> Self {
        let section = general(document, "http.conf");
        let mut fields = Fields::new(&HTTP, &section, report);
        let mut http = Self::from_general(&mut fields, files);
        let is_known = |section: &&Section| {
            SECTIONS.iter().any(|known| section.name.eq_ignore_ascii_case(known))
        };
        let others = document.sections.iter().filter(|section| !section.template);
        for section in others.filter(|section| !is_known(section)) {
            http.restrictions.push(Restriction::build(section, acls, report));
        }
        for name in single(document, "post_mappings").map(|section| section.span.clone()) {
            let message = "[post_mappings] is ignored: files are taken from managers who signed \
                in, and there is no manager interface";
            report.say(Diagnostic::warning(&name, message).hint("remove the section"));
        }
        http
    }

    fn from_general(fields: &mut Fields<'_>, files: &TlsFiles<'_>) -> Self {
        let enabled = fields.flag("enabled");
        let bind = bind(fields, enabled);
        let nowhere = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), fields.number("bindport"));
        let tls = bind
            .filter(|_| enabled && fields.flag("tlsenable"))
            .map(|bind| tls(fields, bind.ip(), files));
        Self {
            enabled: enabled && bind.is_some(),
            bind: bind.unwrap_or(nowhere),
            tls: tls.flatten(),
            prefix: fields.text("prefix").map(|text| absolute_path(&text)).unwrap_or_default(),
            server_name: fields.string("servername"),
            session_limit: fields.number("sessionlimit"),
            session_inactivity: Duration::from_millis(fields.number("session_inactivity")),
            session_keep_alive: Duration::from_millis(fields.number("session_keep_alive")),
            enable_static: fields.flag("enable_static"),
            enable_status: fields.flag("enable_status"),
            redirects: redirects(fields),
            websocket_path: absolute_path(&fields.string("websocket_path")),
            clear_websocket: fields.choice("websocket_clear").unwrap_or(ClearWebSocket::Loopback),
            websocket_origins: origins(fields),
            restrictions: Vec::new(),
            settings: fields.settings(),
        }
    }
}

impl Default for Http {
    /// No server.
    fn default() -> Self {
        let document = Document::default();
        let source = sidetone_conf::MemorySource::new();
        let files = TlsFiles::new(&source, "");
        Self::build(&document, &Named::default(), &files, &mut Report::default())
    }
}

fn absolute_path(text: &str) -> String {
    format!("/{}", text.trim_matches('/'))
}

fn bind(fields: &mut Fields<'_>, enabled: bool) -> Option<SocketAddr> {
    let port = fields.number("bindport");
    let Some(text) = fields.text("bindaddr") else {
        if enabled {
            let message = String::from("the HTTP server has no bindaddr and is not started");
            fields.error("enabled", message, "add bindaddr = 0.0.0.0, or 127.0.0.1 behind a proxy");
        }
        return None;
    };
    // A mistyped address must not become "everywhere".
    socket_address(&text, port).or_else(|| {
        let message = format!("'bindaddr = {text}' is no address: the server is not started");
        fields.error("bindaddr", message, "write it like 0.0.0.0 or ::");
        None
    })
}

fn tls(fields: &mut Fields<'_>, address: IpAddr, files: &TlsFiles<'_>) -> Option<HttpTls> {
    let port = fields.number("tlsbindport");
    let bind = match fields.text("tlsbindaddr") {
        None => SocketAddr::new(address, port),
        Some(text) => socket_address(&text, port).or_else(|| {
            let message = format!("'tlsbindaddr = {text}' is no address");
            fields.error("tlsbindaddr", message, "write it like 0.0.0.0:8089");
            None
        })?,
    };
    let Some(cert_file) = fields.text("tlscertfile") else {
        let message = String::from("TLS is enabled and there is no tlscertfile: not started");
        fields.error("tlsenable", message, "add tlscertfile and tlsprivatekey");
        return None;
    };
    let key_file = fields.text("tlsprivatekey").unwrap_or_else(|| cert_file.clone());
    let good = files.check_pair(fields, ("tlscertfile", &cert_file), ("tlsprivatekey", &key_file));
    good.then(|| HttpTls {
        bind,
        cert_file,
        key_file,
        cipher: fields.string("tlscipher"),
        server_cipher_order: fields.flag("tlsservercipherorder"),
        tls13_only: fields.flag("tlsdisablev12"),
        required_names: required_names(fields),
    })
}

/// The names of which a TLS client must ask for one.
fn required_names(fields: &mut Fields<'_>) -> Vec<String> {
    let mut names = fields.list("hostname");
    names.retain(|name| {
        let bare = name.strip_prefix("*.").unwrap_or(name);
        let is_name = !bare.is_empty()
            && bare.parse::<IpAddr>().is_err()
            && bare.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_'));
        if !is_name {
            let message = format!("'hostname = {name}' is no host name");
            fields.error("hostname", message, "write it like pbx.example.org, without a port");
        }
        is_name
    });
    let required = fields.text("require_sni").and_then(|text| truth(&text));
    if required == Some(true) && names.is_empty() && !fields.is_set("hostname") {
        fields.warn(
            "require_sni",
            String::from("require_sni has no effect without a hostname"),
            "add hostname = pbx.example.org; Asterisk accepts every name a client asks for, and \
             only the browser minds a certificate for another",
        );
    }
    if required == Some(false) { Vec::new() } else { names }
}

/// What a browser writes into `Origin` (RFC 6454 §6.2): scheme, host, and a port that is not the
/// usual one.
fn origins(fields: &mut Fields<'_>) -> Vec<String> {
    let mut origins = fields.list("websocket_origin");
    for origin in &mut origins {
        let rest = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
        let host = rest.map(|rest| rest.trim_end_matches('/'));
        if host.is_none_or(|host| host.is_empty() || host.contains('/')) {
            let message = format!("'websocket_origin = {origin}' is no origin");
            fields.error("websocket_origin", message, "write it like https://phone.example.org");
        }
        *origin = origin.trim_end_matches('/').to_ascii_lowercase();
    }
    origins
}

fn redirects(fields: &mut Fields<'_>) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let values: Vec<_> = fields.all("redirect").collect();
    for value in values {
        match value.text.split_once(char::is_whitespace) {
            Some((from, to)) if from.starts_with('/') && !to.trim().is_empty() => {
                found.push((from.to_owned(), to.trim().to_owned()));
            }
            _ => {
                let message = format!("'redirect = {}' cannot be followed", value.text);
                fields.error_at(&value.span, message, "write redirect = /from /to");
            }
        }
    }
    found
}
