//! The client side: connections that are dialled.

use std::fmt;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, SignatureScheme};

use super::files::{authorities, load_identity, system_authorities};
use super::{
    ServerVerification, TlsError, TlsSettings, Wildcards, cipher_choice, describe_certificate,
    provider,
};

/// TLS of connections that are dialled.
#[derive(Clone, Debug)]
pub struct ClientTls {
    config: Arc<ClientConfig>,
}

impl ClientTls {
    /// Reads the files and builds the configuration.
    ///
    /// # Errors
    /// Names the file or option that is wrong.
    pub fn build(settings: &TlsSettings) -> Result<Self, TlsError> {
        let provider = ciphered_provider(settings)?;
        let verifier = verifier(settings, &provider)?;
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(settings.versions.list())
            .map_err(|error| TlsError::Options(format!("TLS versions and ciphers: {error}")))?
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        let mut config = if settings.cert_file.is_some() {
            let identity = load_identity(settings)?;
            builder.with_client_cert_resolver(Arc::new(ShownKey(identity.key)))
        } else {
            builder.with_no_client_auth()
        };
        config.alpn_protocols.clone_from(&settings.alpn);
        Ok(Self { config: Arc::new(config) })
    }

    /// What rustls connects with.
    #[must_use]
    pub fn config(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.config)
    }
}

/// The provider reduced to the cipher suites of the settings.
pub(super) fn ciphered_provider(settings: &TlsSettings) -> Result<Arc<CryptoProvider>, TlsError> {
    let choice = cipher_choice(&settings.ciphers);
    if !choice.ignored.is_empty() {
        tracing::warn!("cipher suites not supported and ignored: {}", choice.ignored.join(" "));
    }
    if choice.suites.is_empty() {
        return Err(TlsError::NoCipher(settings.ciphers.clone()));
    }
    let mut reduced = provider().as_ref().clone();
    reduced.cipher_suites = choice.suites;
    Ok(Arc::new(reduced))
}

fn verifier(
    settings: &TlsSettings,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, TlsError> {
    if settings.server_verification == ServerVerification::Off {
        return Ok(Arc::new(AnyCertificate(Arc::clone(provider))));
    }
    let roots: RootCertStore = authorities(settings)?
        .or_else(system_authorities)
        .ok_or(TlsError::NoAuthorities("verify_server"))?;
    let strict = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
        .build()
        .map_err(|error| TlsError::Options(format!("ca_list_file: {error}")))?;
    Ok(match settings.wildcards {
        Wildcards::Allowed => strict,
        Wildcards::Refused => Arc::new(ExactNames(strict)),
    })
}

/// Shows one certificate whatever the server asks for, as OpenSSL does.
struct ShownKey(Arc<rustls::sign::CertifiedKey>);

impl fmt::Debug for ShownKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ShownKey")
    }
}

impl rustls::client::ResolvesClientCert for ShownKey {
    fn resolve(
        &self,
        _authorities: &[&[u8]],
        _schemes: &[SignatureScheme],
    ) -> Option<Arc<rustls::sign::CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// `verify_server=no`: the certificate is not judged, the handshake's signature still is.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// RFC 5922 §7.2: a wildcard does not identify a SIP domain.
#[derive(Debug)]
struct ExactNames(Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for ExactNames {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verified = self.0.verify_server_cert(end_entity, intermediates, name, ocsp, now)?;
        let ServerName::DnsName(dns_name) = name else {
            return Ok(verified);
        };
        let shown = describe_certificate(end_entity).map(|known| known.names).unwrap_or_default();
        if shown.iter().any(|shown| shown.eq_ignore_ascii_case(dns_name.as_ref())) {
            return Ok(verified);
        }
        Err(rustls::Error::InvalidCertificate(CertificateError::NotValidForName))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, cert, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, cert, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}
