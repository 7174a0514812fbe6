//! From transports of `pjsip.conf` to listeners.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::path::PathBuf;
use std::sync::Arc;

use sidetone_config::{Config, Protocol, TlsMethod, TlsSettings, Transport};
use sidetone_net::settings::{ListenerSpec, TcpKeepalive};
use sidetone_net::tls::{self, ClientCertificate, ServerVerification, TlsVersions, Wildcards};
use sidetone_net::{ListenError, Net, NetSettings, Protocol as Spoken};

use crate::process;

/// Limits and timeouts of all flows.
pub(crate) fn net_settings(config: &Config) -> NetSettings {
    let interval = config.global.keep_alive_interval_s;
    let seconds = std::time::Duration::from_secs;
    let mut settings = NetSettings {
        request_deadline: config.system.first_request_timeout,
        keep_alive_interval: (interval > 0).then(|| seconds(interval.into())),
        ..NetSettings::default()
    };
    settings.max_connections = most_connections(settings.max_connections, process::open_files());
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

/// Connections leave a quarter of all descriptors to media, consoles and files, whoever opens
/// them: a flood of connections takes no call its ports.
fn most_connections(wanted: usize, open_files: u64) -> usize {
    let most = usize::try_from(open_files / 4 * 3).unwrap_or(usize::MAX);
    wanted.min(most)
}

/// The transports that are open, as they were opened.
pub(crate) type Open = BTreeMap<String, Arc<Transport>>;

/// Opens a listener per transport object. One that cannot be opened is reported and the others
/// stand; returns those that do.
pub(crate) async fn open(net: &Net, config: &Config) -> Open {
    let mut open = Open::new();
    for transport in config.transports_sorted() {
        if let Err(error) = start(net, &mut open, transport).await {
            tracing::error!("pjsip.conf: {error}");
        }
    }
    open
}

/// Moves listeners to what a reload says: those that are gone or changed close, new and changed
/// ones open. Connections that are open stay open. What cannot be opened in another place stays
/// where it was, and is tried again with the next reload. Returns what could not be opened, in
/// words.
pub(crate) async fn update(net: &Net, open: &mut Open, new: &Config) -> Vec<String> {
    let gone = |id: &String| !new.transports.contains_key(id);
    for id in open.keys().filter(|id| gone(id)).cloned().collect::<Vec<_>>() {
        open.remove(&id);
        close(net, &id).await;
    }
    let mut wanted = new.transports_sorted();
    loop {
        let (mut left, mut failed) = (Vec::new(), Vec::new());
        for transport in &wanted {
            if let Err(words) = bring(net, open, transport).await {
                left.push(*transport);
                failed.push(words);
            }
        }
        // One that moved may have made room for another.
        if left.len() == wanted.len() || left.is_empty() {
            return failed;
        }
        wanted = left;
    }
}

/// Makes a transport listen where it is wanted, or says why not.
async fn bring(net: &Net, open: &mut Open, wanted: &Arc<Transport>) -> Result<(), String> {
    match open.get(&wanted.id).cloned() {
        Some(old) if is_same(&old, wanted) => Ok(()),
        Some(old) => shift(net, open, &old, wanted).await,
        None => start(net, open, wanted).await.map_err(|error| error.to_string()),
    }
}

/// Opens a listener and notes it; a transport that listens nowhere by itself is none.
async fn start(net: &Net, open: &mut Open, transport: &Arc<Transport>) -> Result<(), ListenError> {
    let Some(spec) = spec(transport) else { return Ok(()) };
    let address = net.listen(spec).await?;
    tracing::info!("listening for SIP over {} on {address}", transport.protocol);
    open.insert(transport.id.clone(), Arc::clone(transport));
    Ok(())
}

/// Puts a listener in the place of an old one, or leaves that where it is, in words.
async fn shift(
    net: &Net,
    open: &mut Open,
    old: &Arc<Transport>,
    new: &Arc<Transport>,
) -> Result<(), String> {
    if let Err(why) = has_room(old, new) {
        return Err(format!("transport '{}': {why}; it stays at {}", new.id, old.bind));
    }
    open.remove(&old.id);
    close(net, &old.id).await;
    let Err(error) = start(net, open, new).await else { return Ok(()) };
    Err(match start(net, open, old).await {
        Ok(()) => format!("{error}; it stays as it was at {}", old.bind),
        Err(_) => error.to_string(),
    })
}

async fn close(net: &Net, id: &str) {
    if net.unlisten(id).await {
        tracing::info!("transport '{id}' closed");
    }
}

/// Whether a listener need not move.
fn is_same(old: &Transport, new: &Transport) -> bool {
    let settings = |transport: &Transport| {
        let (tls, keepalive) = (transport.tls.clone(), transport.tcp_keepalive);
        let marks = (transport.tos, transport.cos);
        (transport.protocol, transport.bind, tls, keepalive, marks)
    };
    settings(old) == settings(new)
}

/// Whether the new place can be had, asked before the old one is given up: that ends what runs
/// over it. Where they overlap, only the address can be asked for.
fn has_room(old: &Transport, new: &Transport) -> std::io::Result<()> {
    if old.bind == new.bind || spec(new).is_none() {
        return Ok(());
    }
    let port = if old.bind.port() == new.bind.port() { 0 } else { new.bind.port() };
    let place = SocketAddr::new(new.bind.ip(), port);
    match new.protocol {
        Protocol::Udp => UdpSocket::bind(place).map(drop),
        _ => TcpListener::bind(place).map(drop),
    }
    .map_err(|error| std::io::Error::new(error.kind(), format!("{}: {error}", new.bind)))
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
    spec.keepalive = transport.tcp_keepalive.map(|keepalive| TcpKeepalive {
        idle: std::time::Duration::from_secs(keepalive.idle_s.into()),
        interval: std::time::Duration::from_secs(keepalive.interval_s.into()),
        probes: keepalive.probes,
    });
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

#[cfg(test)]
mod tests {
    use super::*;
    use sidetone_conf::MemorySource;

    #[test]
    fn every_tls_option_of_a_transport_reaches_its_listener() {
        let made = std::env::temp_dir().join(format!("sidetone-tls-{}", std::process::id()));
        let request = sidetone_net::selfsigned::SelfSignedRequest::for_this_host(&made);
        let now = std::time::SystemTime::now();
        let pair = sidetone_net::selfsigned::ensure(&request, now).expect("a certificate");
        let pem = |path: &std::path::Path| std::fs::read_to_string(path).expect("a file");
        let (cert, key) = (pem(&pair.cert_file), pem(&pair.key_file));
        let _ = std::fs::remove_dir_all(made);
        let text = "[tls]\ntype=transport\nprotocol=tls\nbind=127.0.0.1:5061\n\
            cert_file=/k/cert\npriv_key_file=/k/key\nca_list_file=/k/ca\nca_list_path=/k\n\
            method=tlsv1_2\ncipher=ECDHE-RSA-AES128-GCM-SHA256,ECDHE-RSA-AES256-GCM-SHA384\n\
            verify_server=yes\nverify_client=yes\nrequire_client_cert=yes\n\
            allow_wildcard_certs=yes\ntos=cs3\ncos=3\ntcp_keepalive_enable=yes\n\
            tcp_keepalive_idle_time=7\ntcp_keepalive_interval_time=8\n\
            tcp_keepalive_probe_count=9\n[ws]\ntype=transport\nprotocol=ws\n\
            websocket_write_timeout=250\n[system]\ntype=system\nfirst_request_timeout=9\n";
        let source = MemorySource::new()
            .with("/etc/pjsip.conf", text)
            .with("/k/cert", cert.as_str())
            .with("/k/key", key)
            .with("/k/ca", cert.as_str());
        let loaded = sidetone_config::load(&source, "/etc");
        let config = loaded.config.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics));
        let spec = spec(&config.transports["tls"]).expect("it listens");
        assert_eq!((spec.tos, spec.cos), (Some(96), Some(3)));
        let keepalive = spec.keepalive.expect("probes");
        let seconds = (keepalive.idle.as_secs(), keepalive.interval.as_secs());
        assert_eq!((seconds, keepalive.probes), ((7, 8), 9));
        let Spoken::Tls(tls) = spec.protocol else { panic!("it speaks TLS") };
        assert_eq!(tls.cert_file, Some("/k/cert".into()));
        assert_eq!(tls.key_file, Some("/k/key".into()));
        assert_eq!((tls.ca_list_file, tls.ca_list_path), (Some("/k/ca".into()), Some("/k".into())));
        assert_eq!(tls.versions, TlsVersions::Only12);
        assert_eq!(tls.ciphers, "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384");
        assert_eq!(tls.client_certificate, ClientCertificate::Required);
        assert_eq!(tls.server_verification, ServerVerification::On);
        assert_eq!(tls.wildcards, Wildcards::Allowed);
        let settings = net_settings(&config);
        assert_eq!(settings.websocket_write_timeout.as_millis(), 250);
        assert_eq!(settings.request_deadline.as_secs(), 9);
    }

    #[test]
    fn the_kernel_probes_connections_only_where_the_transport_says_so() {
        let keepalive = |lines: &str| {
            let head = "[tcp]\ntype=transport\nprotocol=tcp\nbind=127.0.0.1\n";
            let source = MemorySource::new()
                .with("/etc/extensions.conf", "[default]\n")
                .with("/etc/pjsip.conf", format!("{head}{lines}"));
            let loaded = sidetone_config::load(&source, "/etc");
            let config = loaded.config.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics));
            spec(&config.transports["tcp"]).expect("it listens").keepalive
        };
        assert_eq!(keepalive(""), None);
        assert_eq!(keepalive("tcp_keepalive_enable=no\ntcp_keepalive_probe_count=9\n"), None);
        let usual = keepalive("tcp_keepalive_enable=yes\n").expect("probes");
        let seconds = (usual.idle.as_secs(), usual.interval.as_secs());
        assert_eq!((seconds, usual.probes), ((30, 10), 5));
    }

    #[test]
    fn the_keep_alive_interval_of_pjsip_conf_reaches_the_connections() {
        let seconds = |line: &str| {
            let pjsip = format!("[udp]\ntype=transport\nprotocol=udp\nbind=0.0.0.0\n{line}");
            let source = MemorySource::new()
                .with("/etc/extensions.conf", "[default]\n")
                .with("/etc/pjsip.conf", pjsip.as_str());
            let loaded = sidetone_config::load(&source, "/etc");
            let config = loaded.config.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics));
            net_settings(&config).keep_alive_interval.map(|interval| interval.as_secs())
        };
        assert_eq!(seconds(""), Some(90));
        assert_eq!(seconds("[global]\ntype=global\nkeep_alive_interval=40\n"), Some(40));
        assert_eq!(seconds("[global]\ntype=global\nkeep_alive_interval=0\n"), None);
    }
}
