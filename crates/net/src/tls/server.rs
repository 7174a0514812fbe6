//! The server side: configuration from files, a certificate that can be exchanged while
//! connections live, and the policy for the name a client asks for.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;

use super::client::ciphered_provider;
use super::files::{authorities, load_identity};
use super::{
    CertificateDescription, CipherOrder, ClientCertificate, TlsError, TlsSettings,
    describe_certificate,
};

/// Which server names (RFC 6066 §3) a client may ask for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SniPolicy {
    /// Any, or none: browsers that connect by address send none.
    #[default]
    Any,
    /// One of these; `*.example.net` stands for every name one label longer. Others and none are
    /// refused with an alert.
    Only(Vec<String>),
}

impl SniPolicy {
    fn admits(&self, name: Option<&str>) -> bool {
        match self {
            Self::Any => true,
            Self::Only(names) => {
                name.is_some_and(|name| names.iter().any(|known| is_name(known, name)))
            }
        }
    }
}

fn is_name(known: &str, asked: &str) -> bool {
    match (known.strip_prefix("*."), asked.split_once('.')) {
        (Some(known), Some((label, rest))) if !label.is_empty() => known.eq_ignore_ascii_case(rest),
        (Some(_), _) => false,
        (None, _) => known.eq_ignore_ascii_case(asked),
    }
}

/// TLS of a listener. Clones share the certificate, so a reload reaches all of them.
#[derive(Clone, Debug)]
pub struct ServerTls {
    config: Arc<ServerConfig>,
    resolver: Arc<Resolver>,
    settings: Arc<TlsSettings>,
}

impl ServerTls {
    /// Reads the files and builds the configuration.
    ///
    /// # Errors
    /// Names the file or option that is wrong.
    pub fn build(settings: &TlsSettings) -> Result<Self, TlsError> {
        let identity = load_identity(settings)?;
        let resolver =
            Arc::new(Resolver { key: ArcSwap::new(identity.key), sni: settings.sni.clone() });
        let provider = ciphered_provider(settings)?;
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(settings.versions.list())
            .map_err(|error| TlsError::Options(format!("TLS versions and ciphers: {error}")))?;
        let builder = match settings.client_certificate {
            ClientCertificate::Ignored => builder.with_no_client_auth(),
            asked => {
                let roots = authorities(settings)?
                    .ok_or(TlsError::NoAuthorities("verify_client or require_client_cert"))?;
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                let verifier = match asked {
                    ClientCertificate::Required => verifier,
                    _ => verifier.allow_unauthenticated(),
                };
                let verifier = verifier
                    .build()
                    .map_err(|error| TlsError::Options(format!("ca_list_file: {error}")))?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        let mut config = builder.with_cert_resolver(Arc::clone(&resolver) as _);
        config.ignore_client_order = settings.cipher_order == CipherOrder::Server;
        config.alpn_protocols.clone_from(&settings.alpn);
        // Sessions resume by ticket, which costs the server nothing to keep.
        config.ticketer = rustls::crypto::aws_lc_rs::Ticketer::new()
            .map_err(|error| TlsError::Generate(format!("session tickets: {error}")))?;
        config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
        Ok(Self { config: Arc::new(config), resolver, settings: Arc::new(settings.clone()) })
    }

    /// Reads the certificate and key files again and uses them for new connections. Established
    /// connections go on.
    ///
    /// # Errors
    /// Names the file that is wrong; the certificate in use stays in use.
    pub fn reload(&self) -> Result<(), TlsError> {
        let identity = load_identity(&self.settings)?;
        self.resolver.key.store(identity.key);
        Ok(())
    }

    /// What rustls accepts connections with.
    #[must_use]
    pub fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config)
    }

    /// The settings it was built from.
    #[must_use]
    pub fn settings(&self) -> &TlsSettings {
        &self.settings
    }

    /// What the certificate in use says, for status pages and the expiry alarm.
    #[must_use]
    pub fn certificate(&self) -> Option<CertificateDescription> {
        let key = self.resolver.key.load();
        describe_certificate(key.cert.first()?)
    }
}

struct Resolver {
    key: ArcSwap<CertifiedKey>,
    sni: SniPolicy,
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolver").field("sni", &self.sni).finish_non_exhaustive()
    }
}

impl ResolvesServerCert for Resolver {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.sni.admits(hello.server_name()).then(|| self.key.load_full())
    }
}
