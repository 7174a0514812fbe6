//! From transports of `pjsip.conf` to listeners.

use std::path::PathBuf;

use sidetone_config::{Config, Protocol, TlsMethod, TlsSettings, Transport};
use sidetone_net::settings::{ListenerSpec, TcpKeepalive};
use sidetone_net::tls::{self, ClientCertificate, ServerVerification, TlsVersions, Wildcards};
use sidetone_net::{Net, NetSettings, Protocol as Spoken};

/// Limits and timeouts of all flows.
pub(crate) fn net_settings(config: &Config) -> NetSettings {
    let mut settings = NetSettings::default();
    let timeouts = config
        .transports
        .values()
        .filter(|transport| transport.protocol.is_websocket())
        .map(|transport| transport.websocket_write_timeout_ms);
    if let Some(longest) = timeouts.max() {
        settings.websocket_write_timeout = std::time::Duration::from_millis(longest.into());
    }
    settings
}

/// Opens a listener per transport object. One that cannot be opened is reported and the others
/// stand; returns how many do.
pub(crate) async fn open(net: &Net, config: &Config) -> usize {
    let mut open = 0;
    for transport in config.transports_sorted() {
        let Some(spec) = spec(transport) else {
            continue;
        };
        match net.listen(spec).await {
            Ok(address) => {
                open += 1;
                tracing::info!("listening for SIP over {} on {address}", transport.protocol);
            }
            Err(error) => tracing::error!("pjsip.conf: {error}"),
        }
    }
    open
}

/// Moves listeners to what a reload says: those that are gone or changed close, new and changed
/// ones open. Connections that are open stay open. Returns what could not be opened, in words.
pub(crate) async fn update(net: &Net, old: &Config, new: &Config) -> Vec<String> {
    let changed = |id: &String, other: &Config, this: &Config| {
        let settings = |config: &Config| {
            let transport = config.transports.get(id)?;
            let (tls, keepalive) = (transport.tls.clone(), transport.tcp_keepalive);
            let marks = (transport.tos, transport.cos);
            Some((transport.protocol, transport.bind, tls, keepalive, marks))
        };
        settings(other) != settings(this)
    };
    for id in old.transports.keys().filter(|id| changed(id, old, new)) {
        if net.unlisten(id).await {
            tracing::info!("transport '{id}' closed");
        }
    }
    let mut failed = Vec::new();
    for transport in new.transports_sorted() {
        if !changed(&transport.id, old, new) {
            continue;
        }
        let Some(spec) = spec(transport) else { continue };
        match net.listen(spec).await {
            Ok(address) => {
                tracing::info!("listening for SIP over {} on {address}", transport.protocol);
            }
            Err(error) => failed.push(error.to_string()),
        }
    }
    failed
}

fn spec(transport: &Transport) -> Option<ListenerSpec> {
    let protocol = match transport.protocol {
        Protocol::Udp => Spoken::Udp,
        Protocol::Tcp => Spoken::Tcp,
        Protocol::Tls => Spoken::Tls(Box::new(tls_settings(transport.tls.as_ref()?))),
        // The HTTP server listens for browsers; a flow is not listened for at all.
        _ => return None,
    };
    let mut spec = ListenerSpec::new(&transport.id, protocol, transport.bind);
    spec.tos = Some(transport.tos).filter(|tos| *tos > 0);
    spec.cos = Some(transport.cos).filter(|cos| *cos > 0);
    if let Some(keepalive) = &transport.tcp_keepalive {
        spec.keepalive = Some(TcpKeepalive {
            idle: std::time::Duration::from_secs(keepalive.idle_s.into()),
            interval: std::time::Duration::from_secs(keepalive.interval_s.into()),
            probes: keepalive.probes,
        });
    }
    Some(spec)
}

fn path(text: &str) -> Option<PathBuf> {
    Some(text).filter(|text| !text.is_empty()).map(PathBuf::from)
}

fn tls_settings(configured: &TlsSettings) -> tls::TlsSettings {
    tls::TlsSettings {
        cert_file: path(&configured.cert_file),
        key_file: path(&configured.priv_key_file),
        ca_list_file: path(&configured.ca_list_file),
        ca_list_path: path(&configured.ca_list_path),
        versions: match configured.method {
            TlsMethod::Tls12 => TlsVersions::Only12,
            TlsMethod::Tls13 => TlsVersions::Only13,
            _ => TlsVersions::All,
        },
        ciphers: configured.cipher.join(":"),
        client_certificate: match (configured.require_client_cert, configured.verify_client) {
            (true, _) => ClientCertificate::Required,
            (false, true) => ClientCertificate::Verified,
            (false, false) => ClientCertificate::Ignored,
        },
        server_verification: if configured.verify_server {
            ServerVerification::On
        } else {
            ServerVerification::Off
        },
        wildcards: if configured.allow_wildcard_certs {
            Wildcards::Allowed
        } else {
            Wildcards::Refused
        },
        ..tls::TlsSettings::default()
    }
}
