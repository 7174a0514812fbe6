//! RSA signatures using aws-lc-rs. Not in dimpl as published: added by Sidetone.
//!
//! Keys have 2048 to 8192 bits. DTLS 1.2 signs with PKCS #1 v1.5 or PSS, DTLS 1.3 with PSS alone
//! (RFC 8446 Section 4.2.3).

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384};
use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA512, RSA_PKCS1_SHA256, RSA_PSS_SHA256};
use aws_lc_rs::signature::{RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384};
use aws_lc_rs::signature::{RSA_PSS_2048_8192_SHA512, RsaEncoding, RsaKeyPair, RsaParameters};
use aws_lc_rs::signature::UnparsedPublicKey;
use der::Decode;
use spki::ObjectIdentifier;
use x509_cert::Certificate as X509Certificate;

use super::super::SigningKey;
use crate::buffer::Buf;
use crate::types::{HashAlgorithm, SignatureAlgorithm};
use crate::{CryptoError, CryptoOperation};

const OID_RSA_ENCRYPTION: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// RSA signing key implementation. It signs over SHA-256.
pub(super) struct RsaSigningKey(RsaKeyPair);

impl std::fmt::Debug for RsaSigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RsaSigningKey").finish_non_exhaustive()
    }
}

impl RsaSigningKey {
    /// Takes a key in PKCS #8 or PKCS #1 (`RSA PRIVATE KEY`), of 2048 to 8192 bits.
    pub(super) fn from_der(key_der: &[u8]) -> Option<Self> {
        let key = RsaKeyPair::from_pkcs8(key_der)
            .or_else(|_| RsaKeyPair::from_der(key_der))
            .ok()?;
        Some(Self(key))
    }

    fn sign_with(
        &self,
        encoding: &'static dyn RsaEncoding,
        data: &[u8],
        hash_alg: HashAlgorithm,
        out: &mut Buf,
    ) -> Result<(), CryptoError> {
        let key_hash = self.hash_algorithm();
        if hash_alg != key_hash {
            return Err(CryptoError::SigningKeyHashMismatch {
                key_hash,
                requested: hash_alg,
            });
        }
        let rng = aws_lc_rs::rand::SystemRandom::new();
        let mut signature = vec![0; self.0.public_modulus_len()];
        self.0
            .sign(encoding, &rng, data, &mut signature)
            .map_err(|_| CryptoError::OperationFailed(CryptoOperation::Sign))?;
        out.clear();
        out.extend_from_slice(&signature);
        Ok(())
    }
}

impl SigningKey for RsaSigningKey {
    fn sign(
        &mut self,
        data: &[u8],
        hash_alg: HashAlgorithm,
        out: &mut Buf,
    ) -> Result<(), CryptoError> {
        self.sign_with(&RSA_PKCS1_SHA256, data, hash_alg, out)
    }

    fn sign_pss(
        &mut self,
        data: &[u8],
        hash_alg: HashAlgorithm,
        out: &mut Buf,
    ) -> Result<(), CryptoError> {
        self.sign_with(&RSA_PSS_SHA256, data, hash_alg, out)
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::RSA
    }

    fn hash_algorithm(&self) -> HashAlgorithm {
        HashAlgorithm::SHA256
    }

    fn supported_hash_algorithms(&self) -> &[HashAlgorithm] {
        &[HashAlgorithm::SHA256]
    }
}

/// Verifies a signature made with the RSA key of a certificate.
pub(super) fn verify_rsa(
    cert_der: &[u8],
    data: &[u8],
    signature: &[u8],
    hash_alg: HashAlgorithm,
    sig_alg: SignatureAlgorithm,
) -> Result<(), CryptoError> {
    let algorithm: &'static RsaParameters = match (hash_alg, sig_alg) {
        (HashAlgorithm::SHA256, SignatureAlgorithm::RSA) => &RSA_PKCS1_2048_8192_SHA256,
        (HashAlgorithm::SHA384, SignatureAlgorithm::RSA) => &RSA_PKCS1_2048_8192_SHA384,
        (HashAlgorithm::SHA512, SignatureAlgorithm::RSA) => &RSA_PKCS1_2048_8192_SHA512,
        (HashAlgorithm::INTRINSIC, SignatureAlgorithm::RSA_PSS_SHA256) => {
            &RSA_PSS_2048_8192_SHA256
        }
        (HashAlgorithm::INTRINSIC, SignatureAlgorithm::RSA_PSS_SHA384) => {
            &RSA_PSS_2048_8192_SHA384
        }
        (HashAlgorithm::INTRINSIC, SignatureAlgorithm::RSA_PSS_SHA512) => {
            &RSA_PSS_2048_8192_SHA512
        }
        _ => return Err(CryptoError::UnsupportedSignatureAlgorithm(sig_alg)),
    };
    let cert =
        X509Certificate::from_der(cert_der).map_err(|_| CryptoError::CertificateParseFailed)?;
    let spki = cert.tbs_certificate().subject_public_key_info();
    // The suite or scheme speaks of RSA: another kind of key is a lie (RFC 5246 Section 7.4.2).
    if spki.algorithm.oid != OID_RSA_ENCRYPTION {
        return Err(CryptoError::UnsupportedPublicKeyAlgorithm);
    }
    let public_key = spki
        .subject_public_key
        .as_bytes()
        .ok_or(CryptoError::InvalidSubjectPublicKey)?;
    UnparsedPublicKey::new(algorithm, public_key)
        .verify(data, signature)
        .map_err(|_| CryptoError::OperationFailed(CryptoOperation::VerifySignature))
}
