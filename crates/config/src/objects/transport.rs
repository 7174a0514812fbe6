//! `type = transport`: where SIP is listened to, and what the world outside sees of it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use sidetone_base::Pii;

use crate::acl::Network;
use crate::fields::{Fields, Settings};
use crate::files::TlsFiles;
use crate::table::choices;

choices! {
    /// What a transport speaks.
    pub enum Protocol {
        /// Datagrams.
        Udp = "udp",
        /// A stream in clear.
        Tcp = "tcp",
        /// A stream over TLS.
        Tls = "tls",
        /// WebSocket in clear, served by http.conf.
        Ws = "ws",
        /// WebSocket over TLS, served by http.conf.
        Wss = "wss",
        /// Settings for flows that exist already (RFC 5626); listens nowhere.
        Flow = "flow",
    }
}

impl Protocol {
    /// The transport of the SIP layer; `None` for `flow`.
    pub fn transport(self) -> Option<sidetone_base::Transport> {
        sidetone_base::Transport::from_name(self.name())
    }

    /// Whether http.conf serves it.
    pub fn is_websocket(self) -> bool {
        matches!(self, Self::Ws | Self::Wss)
    }
}

choices! {
    /// Which versions of TLS.
    pub enum TlsMethod {
        /// TLS 1.2 and newer.
        Default = "default" | "unspecified" | "sslv23",
        /// Treated as 1.2 and newer.
        Tls1 = "tlsv1",
        /// Treated as 1.2 and newer.
        Tls11 = "tlsv1_1",
        /// TLS 1.2 only.
        Tls12 = "tlsv1_2",
        /// TLS 1.3 only.
        Tls13 = "tlsv1_3",
        /// Never spoken.
        Ssl2 = "sslv2",
        /// Never spoken.
        Ssl3 = "sslv3",
    }
}

/// An address or a name to be looked up.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Host {
    /// An address.
    Address(IpAddr),
    /// A name.
    Name(String),
}

impl Host {
    /// Reads an address (IPv6 with or without brackets) or takes the text as a name.
    pub fn parse(text: &str) -> Self {
        let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        match bare.unwrap_or(text).parse() {
            Ok(address) => Self::Address(address),
            Err(_) => Self::Name(text.to_owned()),
        }
    }
}

impl std::fmt::Display for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// TLS settings of a transport.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsSettings {
    /// Certificate chain, PEM.
    pub cert_file: String,
    /// Private key, PEM; the certificate file when it holds the key too.
    pub priv_key_file: String,
    /// Password of the private key.
    pub password: Option<Pii<String>>,
    /// Certificates that may sign a peer's.
    pub ca_list_file: String,
    /// Directory of such certificates.
    pub ca_list_path: String,
    /// Versions.
    pub method: TlsMethod,
    /// Allowed cipher suites; empty for all.
    pub cipher: Vec<String>,
    /// Check servers' certificates.
    pub verify_server: bool,
    /// Check clients' certificates.
    pub verify_client: bool,
    /// Refuse clients without one.
    pub require_client_cert: bool,
    /// Accept wildcard names.
    pub allow_wildcard_certs: bool,
}

/// Probing of idle connections by the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TcpKeepalive {
    /// Idle seconds before the first probe.
    pub idle_s: u32,
    /// Seconds between probes.
    pub interval_s: u32,
    /// Unanswered probes that close a connection.
    pub probes: u32,
}

/// A transport.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transport {
    /// The section's name.
    pub id: String,
    /// What it speaks.
    pub protocol: Protocol,
    /// Where it listens. Without meaning for ws, wss and flow.
    pub bind: SocketAddr,
    /// Our media address for peers outside `local_net`.
    pub external_media_address: Option<Host>,
    /// Our SIP address for peers outside `local_net`.
    pub external_signaling_address: Option<Host>,
    /// Our SIP port for peers outside; `None` for the bound one.
    pub external_signaling_port: Option<u16>,
    /// What is reached without translation.
    pub local_net: Vec<Network>,
    /// TLS; only for `tls`.
    pub tls: Option<TlsSettings>,
    /// Type of service byte.
    pub tos: u8,
    /// Ethernet priority.
    pub cos: u8,
    /// Probing of idle connections.
    pub tcp_keepalive: Option<TcpKeepalive>,
    /// Milliseconds a WebSocket client may take to drain.
    pub websocket_write_timeout_ms: u32,
    /// Send requests to a contact over the transport it registered by.
    pub symmetric_transport: bool,
    /// What was set, for `show` commands.
    pub settings: Settings,
}

impl Transport {
    /// Whether peers at this address see our external addresses. False when none is configured.
    pub fn is_outside(&self, peer: IpAddr) -> bool {
        let translated =
            self.external_media_address.is_some() || self.external_signaling_address.is_some();
        translated && !self.local_net.iter().any(|network| network.contains(peer))
    }

    pub(crate) fn build(fields: &mut Fields<'_>, files: &TlsFiles<'_>) -> Self {
        let protocol = fields.choice("protocol").unwrap_or(Protocol::Udp);
        let external_port: u16 = fields.number("external_signaling_port");
        let transport = Self {
            id: fields.id(),
            protocol,
            bind: bind(fields, protocol),
            external_media_address: fields.text("external_media_address").map(|t| Host::parse(&t)),
            external_signaling_address: fields
                .text("external_signaling_address")
                .map(|text| Host::parse(&text)),
            external_signaling_port: Some(external_port).filter(|port| *port > 0),
            local_net: networks(fields, "local_net"),
            tls: (protocol == Protocol::Tls).then(|| tls(fields, files)),
            tos: tos(fields, "tos"),
            cos: fields.number("cos"),
            tcp_keepalive: fields.flag("tcp_keepalive_enable").then(|| TcpKeepalive {
                idle_s: fields.number("tcp_keepalive_idle_time"),
                interval_s: fields.number("tcp_keepalive_interval_time"),
                probes: fields.number("tcp_keepalive_probe_count"),
            }),
            websocket_write_timeout_ms: fields.number("websocket_write_timeout"),
            symmetric_transport: fields.flag("symmetric_transport"),
            settings: fields.settings(),
        };
        transport.check(fields);
        transport
    }

    /// Names what is set and does nothing with this protocol.
    fn check_effect(&self, fields: &mut Fields<'_>) {
        let name = self.protocol.name();
        let by_http = self.protocol.is_websocket();
        let whose = format!("of transport '{}' does nothing: it is {name}", self.id);
        let mut tell = |options: &[&str], hint: &str| fields.idle(options, &whose, hint);
        let http = "WebSockets come to the addresses and with the certificate of http.conf";
        let hint = |hint: &'static str| if by_http { http } else { hint };
        if self.protocol != Protocol::Tls {
            tell(TLS_OPTIONS, hint("TLS is spoken with protocol = tls; remove the line"));
        }
        if !matches!(self.protocol, Protocol::Tcp | Protocol::Tls) {
            tell(KEEPALIVE_OPTIONS, hint("it is for protocol = tcp and tls; remove the line"));
        }
        if by_http {
            tell(&["tos", "cos"], http);
        } else {
            tell(&["websocket_write_timeout"], "it is for protocol = ws and wss; remove the line");
        }
    }

    fn check(&self, fields: &mut Fields<'_>) {
        self.check_effect(fields);
        let translated =
            fields.is_set("external_media_address") || fields.is_set("external_signaling_address");
        if translated && self.local_net.is_empty() {
            fields.warn(
                "external_media_address",
                format!("transport '{}' has an external address and no local_net", self.id),
                "add local_net = 192.168.0.0/16 (your networks), or phones inside get the \
                 external address too",
            );
        }
        if !translated && !self.local_net.is_empty() {
            fields.warn(
                "local_net",
                format!("local_net of transport '{}' does nothing by itself", self.id),
                "it says who does not get external_media_address and external_signaling_address",
            );
        }
    }
}

/// What only TLS listens to.
const TLS_OPTIONS: &[&str] = &[
    "cert_file",
    "priv_key_file",
    "password",
    "ca_list_file",
    "ca_list_path",
    "method",
    "cipher",
    "verify_server",
    "verify_client",
    "require_client_cert",
    "allow_wildcard_certs",
];

/// What only connections listen to.
const KEEPALIVE_OPTIONS: &[&str] = &[
    "tcp_keepalive_enable",
    "tcp_keepalive_idle_time",
    "tcp_keepalive_interval_time",
    "tcp_keepalive_probe_count",
];

fn tos(fields: &Fields<'_>, name: &str) -> u8 {
    crate::table::type_of_service(&fields.string(name)).unwrap_or(0)
}

/// Address blocks of all lines.
pub(crate) fn networks(fields: &mut Fields<'_>, name: &str) -> Vec<Network> {
    let mut found = Vec::new();
    for text in fields.list(name) {
        match Network::parse(&text) {
            Ok(network) => found.push(network),
            Err(why) => fields.error(name, why, ""),
        }
    }
    found
}

/// Reads `address`, `address:port`, `[v6]:port` or `v6`.
pub(crate) fn socket_address(text: &str, default_port: u16) -> Option<SocketAddr> {
    if let Ok(address) = text.parse() {
        return Some(address);
    }
    match Host::parse(text) {
        Host::Address(address) => Some(SocketAddr::new(address, default_port)),
        Host::Name(_) => None,
    }
}

fn bind(fields: &mut Fields<'_>, protocol: Protocol) -> SocketAddr {
    let port = protocol.transport().map_or(5060, |transport| transport.default_port());
    let nowhere = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), port);
    let listens = matches!(protocol, Protocol::Udp | Protocol::Tcp | Protocol::Tls);
    let Some(text) = fields.text("bind") else {
        if listens {
            let message = format!("transport '{}' has no bind", fields.id());
            fields.error("bind", message, format!("add bind = 0.0.0.0:{port}"));
        }
        return nowhere;
    };
    match socket_address(&text, port) {
        Some(address) => address,
        None => {
            let message = format!("'bind = {text}' is no address");
            fields.error("bind", message, format!("write it like 0.0.0.0:{port} or [::]:{port}"));
            nowhere
        }
    }
}

fn tls(fields: &mut Fields<'_>, files: &TlsFiles<'_>) -> TlsSettings {
    let cert_file = fields.string("cert_file");
    let priv_key_file = fields.text("priv_key_file").unwrap_or_else(|| cert_file.clone());
    let settings = TlsSettings {
        cert_file,
        priv_key_file,
        password: fields.text("password").map(Pii::new),
        ca_list_file: fields.string("ca_list_file"),
        ca_list_path: fields.string("ca_list_path"),
        method: fields.choice("method").unwrap_or(TlsMethod::Default),
        cipher: fields.list("cipher"),
        verify_server: fields.flag("verify_server"),
        verify_client: fields.flag("verify_client"),
        require_client_cert: fields.flag("require_client_cert"),
        allow_wildcard_certs: fields.flag("allow_wildcard_certs"),
    };
    if settings.cert_file.is_empty() {
        let message = format!("transport '{}' speaks TLS and has no cert_file", fields.id());
        fields.error("cert_file", message, "add cert_file and priv_key_file");
    } else {
        files.check_pair(
            fields,
            ("cert_file", &settings.cert_file),
            ("priv_key_file", &settings.priv_key_file),
        );
    }
    if !settings.ca_list_file.is_empty() {
        files.check_present(fields, "ca_list_file", &settings.ca_list_file);
    }
    if !settings.ca_list_path.is_empty() {
        files.check_folder(fields, "ca_list_path", &settings.ca_list_path);
    }
    let asks = settings.verify_client || settings.require_client_cert;
    if asks && settings.ca_list_file.is_empty() && settings.ca_list_path.is_empty() {
        let message = format!(
            "transport '{}' checks certificates of clients and knows no authority",
            fields.id()
        );
        let option = if settings.verify_client { "verify_client" } else { "require_client_cert" };
        fields.error(option, message, "add ca_list_file with the certificates that sign theirs");
    }
    match settings.method {
        TlsMethod::Ssl2 | TlsMethod::Ssl3 => {
            let message = format!("method = {} is broken and never spoken", settings.method);
            fields.error("method", message, "write tlsv1_2, or remove the line");
        }
        TlsMethod::Tls1 | TlsMethod::Tls11 => {
            let message = format!("method = {}: nothing below TLS 1.2 is spoken", settings.method);
            fields.warn("method", message, "write tlsv1_2");
        }
        TlsMethod::Default | TlsMethod::Tls12 | TlsMethod::Tls13 => {}
    }
    settings
}
