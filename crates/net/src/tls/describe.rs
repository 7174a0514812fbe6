//! What a certificate says: names, issuer, validity. For status pages, the landing page and the
//! expiry alarm; never for deciding trust.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::{Duration, SystemTime};

use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

/// The public facts of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateDescription {
    /// Its subject, as `CN=…, O=…`.
    pub subject: String,
    /// Its issuer.
    pub issuer: String,
    /// DNS names it is valid for.
    pub names: Vec<String>,
    /// Addresses it is valid for.
    pub addresses: Vec<IpAddr>,
    /// When it becomes valid.
    pub not_before: SystemTime,
    /// When it expires.
    pub not_after: SystemTime,
    /// Whether it vouches for itself.
    pub self_signed: bool,
}

impl CertificateDescription {
    /// Time left until it expires; zero when it has.
    #[must_use]
    pub fn time_left(&self, now: SystemTime) -> Duration {
        self.not_after.duration_since(now).unwrap_or_default()
    }
}

/// Reads a DER certificate; `None` when it cannot be read.
#[must_use]
pub fn describe_certificate(der: &[u8]) -> Option<CertificateDescription> {
    let (_, parsed) = X509Certificate::from_der(der).ok()?;
    let (mut names, mut addresses) = (Vec::new(), Vec::new());
    if let Ok(Some(alternative)) = parsed.subject_alternative_name() {
        for name in &alternative.value.general_names {
            match name {
                GeneralName::DNSName(name) => names.push((*name).to_owned()),
                GeneralName::IPAddress(bytes) => addresses.extend(address(bytes)),
                _ => {}
            }
        }
    }
    Some(CertificateDescription {
        subject: parsed.subject().to_string(),
        issuer: parsed.issuer().to_string(),
        names,
        addresses,
        not_before: time(parsed.validity().not_before.timestamp()),
        not_after: time(parsed.validity().not_after.timestamp()),
        self_signed: parsed.subject() == parsed.issuer(),
    })
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(v4) = <[u8; 4]>::try_from(bytes) {
        return Some(IpAddr::V4(Ipv4Addr::from(v4)));
    }
    <[u8; 16]>::try_from(bytes).ok().map(|v6| IpAddr::V6(Ipv6Addr::from(v6)))
}

fn time(timestamp: i64) -> SystemTime {
    let seconds = Duration::from_secs(timestamp.unsigned_abs());
    let shifted = if timestamp < 0 {
        SystemTime::UNIX_EPOCH.checked_sub(seconds)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(seconds)
    };
    shifted.unwrap_or(SystemTime::UNIX_EPOCH)
}
