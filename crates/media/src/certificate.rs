//! The certificate a leg shows in DTLS. Made elsewhere (keys need real randomness, validity needs
//! a wall clock); here it is only carried and fingerprinted.

use std::fmt;
use std::sync::Arc;

use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::settings::FingerprintHash;

/// A certificate, ECDSA or RSA, with its private key. Cloning is cheap.
#[derive(Clone)]
pub struct Certificate {
    inner: Arc<Inner>,
}

struct Inner {
    dtls: dimpl::DtlsCertificate,
    fingerprint: Vec<u8>,
}

/// Why a certificate cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateError {
    /// One of the two parts is empty: configuration names an empty file.
    Empty,
    /// Neither is plausible DER (both must start with a SEQUENCE).
    NotDer,
    /// The private key is of a kind DTLS cannot use here.
    UnusableKey,
}

impl fmt::Display for CertificateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "certificate or private key is empty",
            Self::NotDer => "certificate or private key is not DER; use PKCS#8 for the key",
            Self::UnusableKey => {
                "the private key is neither ECDSA on P-256 or P-384 nor RSA of 2048 to 8192 bits: \
                 make one with `openssl ecparam -name prime256v1 -genkey`, or leave dtls_cert_file \
                 out"
            }
        })
    }
}

impl std::error::Error for CertificateError {}

impl Certificate {
    /// Takes a certificate (DER) and its private key (PKCS#8 DER). The key must be ECDSA on
    /// P-256 or P-384, or RSA of 2048 to 8192 bits.
    ///
    /// # Errors
    /// See [`CertificateError`]; always the configuration's fault.
    pub fn from_der(certificate: Vec<u8>, private_key: Vec<u8>) -> Result<Self, CertificateError> {
        const SEQUENCE: u8 = 0x30;
        for part in [&certificate, &private_key] {
            match part.first() {
                None => return Err(CertificateError::Empty),
                Some(&SEQUENCE) => {}
                Some(_) => return Err(CertificateError::NotDer),
            }
        }
        let provider = dimpl::crypto::aws_lc_rs::default_provider();
        if provider.key_provider.load_private_key(&private_key).is_err() {
            return Err(CertificateError::UnusableKey);
        }
        let fingerprint = Sha256::digest(&certificate).to_vec();
        let dtls = dimpl::DtlsCertificate { certificate, private_key };
        Ok(Self { inner: Arc::new(Inner { dtls, fingerprint }) })
    }

    /// The SHA-256 fingerprint for SDP as `(algorithm, bytes)` (RFC 8122 §5).
    #[must_use]
    pub fn fingerprints(&self) -> Vec<(String, Vec<u8>)> {
        vec![("sha-256".to_owned(), self.inner.fingerprint.clone())]
    }

    /// The same with this hash (`dtls_fingerprint`).
    #[must_use]
    pub fn fingerprints_by(&self, hash: FingerprintHash) -> Vec<(String, Vec<u8>)> {
        match hash {
            FingerprintHash::Sha256 => self.fingerprints(),
            FingerprintHash::Sha1 => {
                let digest = Sha1::digest(&self.inner.dtls.certificate);
                vec![("sha-1".to_owned(), digest.to_vec())]
            }
        }
    }

    pub(crate) fn dtls(&self) -> dimpl::DtlsCertificate {
        self.inner.dtls.clone()
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate").field("bytes", &self.inner.dtls.certificate.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_dtls_cannot_use_are_refused_early() {
        let key = include_bytes!("../testdata/fuzz-key.der").to_vec();
        let der = include_bytes!("../testdata/fuzz-certificate.der").to_vec();
        assert!(Certificate::from_der(der.clone(), key).is_ok());
        let check = |key: &[u8], expected| {
            let refused = Certificate::from_der(der.clone(), key.to_vec()).map(|_| ());
            assert_eq!(refused, Err(expected));
        };
        check(b"", CertificateError::Empty);
        check(b"-----BEGIN", CertificateError::NotDer);
        check(&[0x30, 0x82, 1, 0], CertificateError::UnusableKey);
    }
}
