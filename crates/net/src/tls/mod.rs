//! TLS of everything that listens or dials: SIP over TLS here, HTTPS and WSS in the HTTP server.
//!
//! Certificates come from PEM files, can be exchanged while connections live
//! ([`ServerTls::reload`]), and a failed handshake is one stable log line with the peer's address
//! ([`TlsGate`]). Errors name the file and what to change.
//!
//! Deliberately absent: TLS 1.0 and 1.1, RSA key exchange and CBC ciphers, which rustls does not
//! have; ACME, which writes the files that are read here.

mod authorities;
mod ciphers;
mod client;
mod describe;
mod error;
mod files;
mod gate;
mod places;
mod server;

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use rustls::crypto::CryptoProvider;

pub use authorities::PeerAuthorities;
pub use ciphers::{CipherChoice, cipher_choice};
pub use client::ClientTls;
pub use describe::{CertificateDescription, describe_certificate};
pub use error::TlsError;
pub use files::{Identity, load_identity, load_pair};
pub use gate::{TlsFailure, TlsGate};
pub use server::{ServerTls, SniPolicy};

/// TLS options of a listener or client, as the configuration names them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsSettings {
    /// PEM file with the certificate and its chain (`cert_file`, `tlscertfile`).
    pub cert_file: Option<PathBuf>,
    /// PEM file with the private key (`priv_key_file`, `tlsprivatekey`); the certificate file is
    /// searched when it is not given.
    pub key_file: Option<PathBuf>,
    /// PEM file with the authorities that are trusted (`ca_list_file`). Empty: those of the
    /// system, for a client; none, for a server.
    pub ca_list_file: Option<PathBuf>,
    /// Folder with such files (`ca_list_path`).
    pub ca_list_path: Option<PathBuf>,
    /// Which versions are spoken (`method`, `tlsdisablev…`).
    pub versions: TlsVersions,
    /// OpenSSL names of cipher suites (`cipher`, `tlscipher`); empty: all.
    pub ciphers: String,
    /// Whose order of suites counts (`tlsservercipherorder`).
    pub cipher_order: CipherOrder,
    /// As server: what is asked of the client (`verify_client`, `require_client_cert`).
    pub client_certificate: ClientCertificate,
    /// As client: whether the server's certificate must be valid for its name (`verify_server`).
    pub server_verification: ServerVerification,
    /// As client: whether `*.example.net` counts as the name (`allow_wildcard_certs`).
    pub wildcards: Wildcards,
    /// Which names a client may ask for (`require_sni`).
    pub sni: SniPolicy,
    /// Application protocols offered, first preferred (RFC 7301); empty for SIP.
    pub alpn: Vec<Vec<u8>>,
}

/// TLS versions spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TlsVersions {
    /// TLS 1.2 and 1.3.
    #[default]
    All,
    /// Only 1.2.
    Only12,
    /// Only 1.3.
    Only13,
}

static ONLY12: &[&rustls::SupportedProtocolVersion] = &[&rustls::version::TLS12];
static ONLY13: &[&rustls::SupportedProtocolVersion] = &[&rustls::version::TLS13];

impl TlsVersions {
    /// Reads pjsip's `method`.
    ///
    /// # Errors
    /// Methods that TLS no longer has, and unknown words, with what to write instead.
    pub fn from_method(method: &str) -> Result<Self, TlsError> {
        match method.to_ascii_lowercase().as_str() {
            "" | "default" | "unspecified" | "sslv23" | "tls" => Ok(Self::All),
            "tlsv1_2" | "tlsv1.2" => Ok(Self::Only12),
            "tlsv1_3" | "tlsv1.3" => Ok(Self::Only13),
            "tlsv1" | "tlsv1_1" | "tlsv1.1" | "sslv2" | "sslv3" => {
                Err(TlsError::OldVersion(method.to_owned()))
            }
            _ => Err(TlsError::UnknownMethod(method.to_owned())),
        }
    }

    fn list(self) -> &'static [&'static rustls::SupportedProtocolVersion] {
        match self {
            Self::All => rustls::ALL_VERSIONS,
            Self::Only12 => ONLY12,
            Self::Only13 => ONLY13,
        }
    }
}

/// Whose preference decides the cipher suite.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CipherOrder {
    /// The server's list, first first.
    #[default]
    Server,
    /// The client's list.
    Client,
}

/// What a server asks of its clients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClientCertificate {
    /// Nothing.
    #[default]
    Ignored,
    /// A certificate is asked for; one that is shown must be valid (`verify_client`).
    Verified,
    /// Without a valid certificate there is no connection (`require_client_cert`).
    Required,
}

/// What a client asks of its server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ServerVerification {
    /// Any certificate is taken: protects against listeners, not against impostors.
    #[default]
    Off,
    /// The chain must be trusted and the name must match (RFC 5922 §7).
    On,
}

/// Whether a wildcard in a certificate matches (RFC 5922 §7.2 says no).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wildcards {
    /// Only exact names match.
    #[default]
    Refused,
    /// `*.example.net` matches one label.
    Allowed,
}

/// The one cryptographic provider of the process (aws-lc-rs), installed on first use so that no
/// dependency that asks for the process default panics.
pub fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    PROVIDER
        .get_or_init(|| {
            let ours = rustls::crypto::aws_lc_rs::default_provider();
            // An error means that somebody installed one before: it is used by others then.
            let _ = ours.clone().install_default();
            Arc::new(ours)
        })
        .clone()
}
