//! From `http.conf` to the settings of the HTTP server.

use std::path::PathBuf;

use sidetone_config::Config;
use sidetone_http::{
    ClearWebSocket, HttpSettings, HttpsSettings, OriginPolicy, Redirect, Restriction, StatusPage,
    WebSocketSettings,
};
use sidetone_net::tls::{CipherOrder, SniPolicy, TlsSettings, TlsVersions};

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
                cipher_order: if tls.server_cipher_order {
                    CipherOrder::Server
                } else {
                    CipherOrder::Client
                },
                sni: if tls.required_names.is_empty() {
                    SniPolicy::Any
                } else {
                    SniPolicy::Only(tls.required_names.clone())
                },
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
            paths: if config.modules.is_off("res_http_websocket") {
                Vec::new()
            } else {
                vec![http.websocket_path.clone(), "/sip".to_owned()]
            },
            protocols: if config.modules.is_off("res_pjsip_transport_websocket") {
                &["echo"]
            } else {
                &["sip", "echo"]
            },
            clear: match http.clear_websocket {
                sidetone_config::ClearWebSocket::Loopback => ClearWebSocket::LoopbackOnly,
                sidetone_config::ClearWebSocket::Everywhere => ClearWebSocket::Everywhere,
            },
            origins: if http.websocket_origins.is_empty() {
                OriginPolicy::Any
            } else {
                OriginPolicy::Only(http.websocket_origins.clone())
            },
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

#[cfg(test)]
mod tests {
    use super::*;
    use sidetone_conf::MemorySource;

    /// Every option of `[general]` that acts, each set to something other than its default.
    const ALL: &str = "[general]\nenabled=yes\nbindaddr=127.0.0.1\nbindport=8188\n\
        enable_static=yes\nenable_status=yes\nhostname=pbx.example.org\nprefix=pbx\n\
        redirect=/a /b\nservername=bench\nsession_inactivity=2000\nsession_keep_alive=0\n\
        sessionlimit=7\ntlsbindaddr=127.0.0.2:8189\ntlscertfile=/k/both.pem\n\
        tlscipher=ECDHE-ECDSA-AES256-GCM-SHA384\ntlsdisablev12=yes\ntlsenable=yes\n\
        tlsservercipherorder=no\nwebsocket_clear=everywhere\n\
        websocket_origin=https://phone.example.org/\nwebsocket_path=/sockets\n\
        [metrics]\ntype=restriction\ndeny=0.0.0.0/0\n";

    fn read(text: &str) -> HttpSettings {
        let folder = std::env::temp_dir().join(format!("sidetone-http-{}", std::process::id()));
        let request = sidetone_net::selfsigned::SelfSignedRequest::for_this_host(&folder);
        let now = std::time::SystemTime::now();
        let made = sidetone_net::selfsigned::ensure(&request, now).expect("a certificate");
        let pem = |path: &std::path::Path| std::fs::read_to_string(path).expect("a file");
        let source = MemorySource::new()
            .with("/etc/asterisk.conf", "[directories]\nastdatadir=/data\n")
            .with("/etc/http.conf", text)
            .with("/k/both.pem", pem(&made.cert_file) + &pem(&made.key_file));
        let loaded = sidetone_config::load(&source, "/etc");
        let _ = std::fs::remove_dir_all(folder);
        let about_http = |found: &&sidetone_conf::Diagnostic| &*found.span.file == "http.conf";
        let findings: Vec<_> = loaded.diagnostics.iter().filter(about_http).collect();
        assert!(findings.is_empty(), "{findings:?}");
        settings(&loaded.config.expect("a configuration"))
    }

    #[test]
    fn every_option_of_the_web_server_reaches_it() {
        let settings = read(ALL);
        assert_eq!(settings.bind, Some("127.0.0.1:8188".parse().expect("an address")));
        let https = settings.tls.expect("a TLS listener");
        assert_eq!(https.bind, "127.0.0.2:8189".parse().expect("an address"));
        let tls = https.tls;
        assert_eq!(tls.cert_file, Some("/k/both.pem".into()));
        assert_eq!((tls.versions, tls.cipher_order), (TlsVersions::Only13, CipherOrder::Client));
        assert_eq!(tls.ciphers, "ECDHE-ECDSA-AES256-GCM-SHA384");
        assert_eq!(tls.sni, SniPolicy::Only(vec!["pbx.example.org".into()]));
        assert_eq!((settings.server_name.as_str(), settings.prefix.as_str()), ("bench", "/pbx"));
        assert_eq!((settings.session_limit, settings.session_inactivity.as_millis()), (7, 2_000));
        assert!(settings.session_keep_alive.is_zero());
        assert_eq!(settings.static_folder, Some("/data/static-http".into()));
        assert_eq!(settings.status_page, StatusPage::Served);
        assert_eq!(settings.redirects, [Redirect { from: "/a".into(), to: "/b".into() }]);
        assert!(settings.restrictions[0].refuses("/metrics", "192.0.2.1".parse().expect("one")));
        assert_eq!(settings.websocket.paths, ["/sockets", "/sip"]);
        assert_eq!(settings.websocket.clear, ClearWebSocket::Everywhere);
        let only = OriginPolicy::Only(vec!["https://phone.example.org".into()]);
        assert_eq!(settings.websocket.origins, only);
    }

    #[test]
    fn the_suites_that_options_may_name_are_those_that_tls_has() {
        use sidetone_config::ciphers::{CLASSES, SUITES};
        use sidetone_net::tls::cipher_choice;
        for word in SUITES.iter().chain(CLASSES) {
            assert!(cipher_choice(word).ignored.is_empty(), "{word}");
        }
        assert_eq!(cipher_choice(&SUITES.join(":")).suites.len(), cipher_choice("").suites.len());
        assert_eq!(SUITES.len(), cipher_choice("").suites.len());
    }

    #[test]
    fn names_are_required_only_when_there_are_some_and_not_when_switched_off() {
        let sni = |text: &str| read(text).tls.expect("a TLS listener").tls.sni;
        let none = ALL.replace("hostname=pbx.example.org\n", "");
        assert_eq!(sni(&none), SniPolicy::Any);
        let off = ALL.replace("prefix=pbx", "require_sni=no");
        assert_eq!(sni(&off), SniPolicy::Any);
    }
}
