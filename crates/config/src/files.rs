//! Checks the certificate files that objects name: there, readable, and certificate and key
//! belonging together. The connections themselves load them again when they need them.

use rustls::SignatureScheme;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use sidetone_conf::{ReadError, Source};

use crate::fields::Fields;

/// Reads certificate files to examine them.
pub(crate) struct TlsFiles<'a> {
    source: &'a dyn Source,
    directory: &'a str,
}

impl<'a> TlsFiles<'a> {
    /// Files whose relative paths start at `directory`.
    pub(crate) fn new(source: &'a dyn Source, directory: &'a str) -> Self {
        Self { source, directory }
    }

    /// Where a file is: relative paths start at the directory of the configuration.
    pub(crate) fn resolve(&self, path: &str) -> String {
        if path.is_empty() || path.starts_with('/') {
            return path.to_owned();
        }
        format!("{}/{path}", self.directory)
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        self.source.read(&self.resolve(path))
    }

    /// Reports a file that cannot be read.
    pub(crate) fn check_present(&self, fields: &mut Fields<'_>, option: &str, path: &str) -> bool {
        self.open(fields, option, path).is_some()
    }

    /// Reports a directory that cannot be read.
    pub(crate) fn check_folder(&self, fields: &mut Fields<'_>, option: &str, path: &str) {
        if let Err(why) = self.source.list(&self.resolve(path)) {
            let message = format!("{option} '{path}': {why}");
            fields.error(option, message, "correct the path, or make the directory");
        }
    }

    fn open(&self, fields: &mut Fields<'_>, option: &str, path: &str) -> Option<Vec<u8>> {
        match self.read(path) {
            Ok(bytes) => Some(bytes),
            Err(why) => {
                let message = format!("{option} '{path}': {why}");
                fields.error(option, message, "correct the path, or make the file");
                None
            }
        }
    }

    /// Reports what is wrong with a certificate and its key, each given as option and path.
    /// Returns whether they can be used.
    pub(crate) fn check_pair(
        &self,
        fields: &mut Fields<'_>,
        (cert_option, cert_path): (&str, &str),
        (key_option, key_path): (&str, &str),
    ) -> bool {
        self.pair(fields, (cert_option, cert_path), (key_option, key_path)).is_some()
    }

    /// The same for a pair that DTLS shows: not every key that TLS has is known there.
    pub(crate) fn check_dtls_pair(
        &self,
        fields: &mut Fields<'_>,
        cert: (&str, &str),
        (key_option, key_path): (&str, &str),
    ) {
        use SignatureScheme::{ECDSA_NISTP256_SHA256, ECDSA_NISTP384_SHA384, RSA_PSS_SHA256};
        let Some(pair) = self.pair(fields, cert, (key_option, key_path)) else { return };
        let known = [ECDSA_NISTP256_SHA256, ECDSA_NISTP384_SHA384, RSA_PSS_SHA256];
        if pair.key.choose_scheme(&known).is_none() {
            let message = format!(
                "the key '{key_path}' is neither ECDSA on P-256 or P-384 nor RSA: DTLS has no other"
            );
            let hint = "make one with: openssl ecparam -name prime256v1 -genkey";
            let option = if fields.text(key_option).is_some() { key_option } else { cert.0 };
            fields.error(option, message, hint);
        }
    }

    /// Reports a file of authorities that cannot be used.
    pub(crate) fn check_authorities(&self, fields: &mut Fields<'_>, option: &str, path: &str) {
        let Some(pem) = self.open(fields, option, path) else { return };
        if CertificateDer::pem_slice_iter(&pem).all(|found| found.is_err()) {
            let message = format!("{option} '{path}' holds no certificate");
            fields.error(option, message, "it must be PEM: BEGIN CERTIFICATE");
        }
    }

    fn pair(
        &self,
        fields: &mut Fields<'_>,
        (cert_option, cert_path): (&str, &str),
        (key_option, key_path): (&str, &str),
    ) -> Option<CertifiedKey> {
        let cert = self.open(fields, cert_option, cert_path)?;
        let key = self.open(fields, key_option, key_path)?;
        let chain: Vec<_> = CertificateDer::pem_slice_iter(&cert).filter_map(Result::ok).collect();
        if chain.is_empty() {
            let message = format!("{cert_option} '{cert_path}' holds no certificate");
            fields.error(cert_option, message, "it must be PEM: BEGIN CERTIFICATE");
            return None;
        }
        let Ok(key) = PrivateKeyDer::from_pem_slice(&key) else {
            let message = format!("{key_option} '{key_path}' holds no private key");
            let hint = "it must be PEM without a password: BEGIN PRIVATE KEY";
            fields.error(key_option, message, hint);
            return None;
        };
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        match CertifiedKey::from_der(chain, key, &provider) {
            Ok(pair) => return Some(pair),
            Err(rustls::Error::InconsistentKeys(_)) => {
                let message = format!(
                    "the key '{key_path}' does not belong to the certificate '{cert_path}'"
                );
                fields.error(key_option, message, "use the two files of one pair");
            }
            Err(why) => {
                let message = format!("'{cert_path}' and '{key_path}' cannot be used: {why}");
                fields.error(cert_option, message, "make a new pair");
            }
        }
        None
    }
}
