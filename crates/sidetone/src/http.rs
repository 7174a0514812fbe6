//! From `http.conf` to the settings of the HTTP server.

use std::path::PathBuf;

use sidetone_config::Config;
use sidetone_http::{
    ClearWebSocket, HttpSettings, HttpsSettings, OriginPolicy, Redirect, Restriction, StatusPage,
    WebSocketSettings,
};
use sidetone_net::tls::{TlsSettings, TlsVersions};

/// The settings of the HTTP server.
pub(crate) fn settings(config: &Config) -> HttpSettings {
    let http = &config.http;
    let prefix = http.prefix.trim_matches('/');
    let write_timeout = crate::listeners::net_settings(config).websocket_write_timeout;
    HttpSettings {
        bind: http.enabled.then_some(http.bind),
        tls: http.tls.as_ref().filter(|_| http.enabled).map(|tls| HttpsSettings {
            bind: tls.bind,
            tls: TlsSettings {
                cert_file: Some(PathBuf::from(&tls.cert_file)),
                key_file: Some(&tls.key_file).filter(|key| !key.is_empty()).map(PathBuf::from),
                versions: if tls.tls13_only { TlsVersions::Only13 } else { TlsVersions::All },
                ciphers: tls.cipher.clone(),
                ..TlsSettings::default()
            },
        }),
        server_name: http.server_name.clone(),
        prefix: if prefix.is_empty() { String::new() } else { format!("/{prefix}") },
        session_limit: usize::try_from(http.session_limit).unwrap_or(usize::MAX),
        session_inactivity: http.session_inactivity,
        session_keep_alive: http.session_keep_alive,
        static_folder: http
            .enable_static
            .then(|| PathBuf::from(&config.asterisk.directories.data).join("static-http")),
        status_page: if http.enable_status { StatusPage::Served } else { StatusPage::Hidden },
        redirects: http
            .redirects
            .iter()
            .map(|(from, to)| Redirect { from: from.clone(), to: to.clone() })
            .collect(),
        restrictions: http.restrictions.iter().map(restriction).collect(),
        websocket: WebSocketSettings {
            paths: vec![http.websocket_path.clone(), "/sip".to_owned()],
            clear: ClearWebSocket::LoopbackOnly,
            origins: OriginPolicy::Any,
            write_timeout,
            ..WebSocketSettings::default()
        },
    }
}

fn restriction(configured: &sidetone_config::Restriction) -> Restriction {
    let acl = configured.acl.clone();
    let rules = acl.lists.iter().flat_map(|list| &list.rules);
    let rules = rules.map(|(sense, network)| format!("{sense:?} {network}").to_lowercase());
    let path = format!("/{}", configured.path.trim_start_matches('/'));
    Restriction::new(&path, rules.collect(), move |address| acl.permits(address))
}
