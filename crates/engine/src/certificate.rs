//! Making the self-signed certificate for DTLS. Here and not in `media`, since a key needs real
//! randomness and a validity needs a wall clock.

use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, PKCS_ECDSA_P256_SHA256};
use sidetone_media::Certificate;

use crate::LegError;

/// A fresh ECDSA P-256 certificate. Costs about 0.1 ms of CPU.
pub fn generate() -> Result<Certificate, LegError> {
    let failed =
        |error: &dyn std::fmt::Display| LegError::Certificate { reason: error.to_string() };
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(|e| failed(&e))?;
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    // What browsers put there; a host name would leak who we are to whoever records the call.
    params.distinguished_name.push(DnType::CommonName, "WebRTC");
    // Serial numbers must differ between processes and machines: Firefox refuses two certificates
    // with one issuer and serial.
    let mut serial = [0; 16];
    getrandom::fill(&mut serial).map_err(|e| failed(&e))?;
    serial[0] &= 0x7f; // positive, RFC 5280 §4.1.2.2
    params.serial_number = Some(serial.to_vec().into());
    let certificate = params.self_signed(&key).map_err(|e| failed(&e))?;
    Certificate::from_der(certificate.der().to_vec(), key.serialize_der()).map_err(|e| failed(&e))
}
