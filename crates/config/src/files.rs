//! Checks the certificate files that objects name: there, readable, and certificate and key
//! belonging together. The connections themselves load them again when they need them.

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
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

    fn read(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        if path.starts_with('/') {
            return self.source.read(path);
        }
        self.source.read(&format!("{}/{path}", self.directory))
    }

    /// Reports a file that cannot be read.
    pub(crate) fn check_present(&self, fields: &mut Fields<'_>, option: &str, path: &str) -> bool {
        self.open(fields, option, path).is_some()
    }

    /// Reports a directory that cannot be read.
    pub(crate) fn check_folder(&self, fields: &mut Fields<'_>, option: &str, path: &str) {
        let listed = if path.starts_with('/') {
            self.source.list(path)
        } else {
            self.source.list(&format!("{}/{path}", self.directory))
        };
        if let Err(why) = listed {
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
        let Some(cert) = self.open(fields, cert_option, cert_path) else {
            return false;
        };
        let Some(key) = self.open(fields, key_option, key_path) else {
            return false;
        };
        let chain: Vec<_> = CertificateDer::pem_slice_iter(&cert).filter_map(Result::ok).collect();
        if chain.is_empty() {
            let message = format!("{cert_option} '{cert_path}' holds no certificate");
            fields.error(cert_option, message, "it must be PEM: BEGIN CERTIFICATE");
            return false;
        }
        let Ok(key) = PrivateKeyDer::from_pem_slice(&key) else {
            let message = format!("{key_option} '{key_path}' holds no private key");
            let hint = "it must be PEM without a password: BEGIN PRIVATE KEY";
            fields.error(key_option, message, hint);
            return false;
        };
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        match rustls::sign::CertifiedKey::from_der(chain, key, &provider) {
            Ok(_) => return true,
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
        false
    }
}
