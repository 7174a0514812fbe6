//! Who may have signed the certificate of a DTLS peer: `dtls_verify = certificate`, `dtls_ca_file`
//! and `dtls_ca_path`. Peers are client or server by chance, so a certificate for either will do.

use std::fmt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use rustls::RootCertStore;
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use x509_parser::prelude::{ASN1Time, FromDer, X509Certificate};

use super::files::{authority_certificates, system_authorities};
use super::{TlsError, TlsSettings, provider};

/// The authorities of an endpoint.
pub struct PeerAuthorities {
    roots: Arc<RootCertStore>,
    clients: Arc<dyn ClientCertVerifier>,
    /// What is in the files itself: a peer may show that, as self-signed ones do.
    listed: Vec<CertificateDer<'static>>,
}

impl fmt::Debug for PeerAuthorities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PeerAuthorities").field("listed", &self.listed.len()).finish()
    }
}

impl PeerAuthorities {
    /// Reads `ca_list_file` and `ca_list_path` of the settings, or what the system trusts when
    /// neither is given.
    ///
    /// # Errors
    /// Names the file that cannot be used.
    pub fn load(settings: &TlsSettings) -> Result<Self, TlsError> {
        let listed = authority_certificates(settings)?.unwrap_or_default();
        let roots = if listed.is_empty() {
            system_authorities().ok_or(TlsError::NoAuthorities("dtls_verify"))?
        } else {
            let mut store = RootCertStore::empty();
            store.add_parsable_certificates(listed.iter().cloned());
            store
        };
        let roots = Arc::new(roots);
        let clients = WebPkiClientVerifier::builder_with_provider(roots.clone(), provider())
            .build()
            .map_err(|error| TlsError::Options(format!("dtls_ca_file: {error}")))?;
        Ok(Self { roots, clients, listed })
    }

    /// Whether one of them signed a certificate (DER) that is valid now. Certificates between it
    /// and an authority belong into the files, since peers rarely send them.
    ///
    /// # Errors
    /// Why not, in words.
    pub fn judge(&self, certificate: &[u8], now: SystemTime) -> Result<(), String> {
        let since_epoch = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        if self.listed.iter().any(|listed| listed.as_ref() == certificate) {
            return valid_at(certificate, since_epoch.as_secs());
        }
        let now = UnixTime::since_unix_epoch(since_epoch);
        let der = CertificateDer::from(certificate);
        let as_server = ParsedCertificate::try_from(&der).and_then(|parsed| {
            let algorithms = provider().signature_verification_algorithms.all;
            verify_server_cert_signed_by_trust_anchor(&parsed, &self.roots, &[], now, algorithms)
        });
        let Err(why) = as_server else { return Ok(()) };
        let as_client = self.clients.verify_client_cert(&der, &[], now);
        as_client.map(|_| ()).map_err(|_| format!("the peer's certificate is not trusted: {why}"))
    }
}

fn valid_at(certificate: &[u8], now_s: u64) -> Result<(), String> {
    let parsed = X509Certificate::from_der(certificate).map_err(|error| error.to_string());
    let now = ASN1Time::from_timestamp(i64::try_from(now_s).unwrap_or(i64::MAX));
    match (parsed, now) {
        (Ok((_, parsed)), Ok(now)) if parsed.validity().is_valid_at(now) => Ok(()),
        _ => Err("the peer's certificate is not trusted: it is not valid today".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rcgen::{
        BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    };

    use super::*;

    fn parameters(name: &str) -> CertificateParams {
        let mut parameters = CertificateParams::new(vec![name.to_owned()]).unwrap();
        parameters.not_before = rcgen::date_time_ymd(2020, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(2040, 1, 1);
        parameters
    }

    struct Authority(CertificateParams, KeyPair);

    impl Authority {
        fn new(name: &str) -> Self {
            let mut parameters = parameters(name);
            parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            Self(parameters, KeyPair::generate().unwrap())
        }

        fn pem(&self) -> String {
            self.0.self_signed(&self.1).unwrap().pem()
        }

        fn sign(&self, purposes: &[ExtendedKeyUsagePurpose]) -> Vec<u8> {
            let mut leaf = parameters("phone");
            leaf.extended_key_usages = purposes.to_vec();
            let issuer = Issuer::from_params(&self.0, &self.1);
            leaf.signed_by(&KeyPair::generate().unwrap(), &issuer).unwrap().der().to_vec()
        }
    }

    fn trusting(name: &str, pem: &str) -> PeerAuthorities {
        let folder = std::env::temp_dir().join(format!("sidetone-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("ca.pem");
        std::fs::write(&file, pem).unwrap();
        let by_file = TlsSettings { ca_list_file: Some(file), ..TlsSettings::default() };
        let by_path = TlsSettings { ca_list_path: Some(folder.clone()), ..TlsSettings::default() };
        let found = PeerAuthorities::load(&by_path).unwrap();
        assert_eq!(PeerAuthorities::load(&by_file).unwrap().listed, found.listed);
        std::fs::remove_dir_all(folder).unwrap();
        found
    }

    fn in_2027() -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_800_000_000)
    }

    #[test]
    fn a_certificate_that_an_authority_signed_is_trusted_for_either_role() {
        let authority = Authority::new("our CA");
        let trusted = trusting("judge", &authority.pem());
        let (client, server) =
            (ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth);
        for purposes in [vec![], vec![client.clone()], vec![server.clone()], vec![client, server]] {
            let leaf = authority.sign(&purposes);
            assert_eq!(trusted.judge(&leaf, in_2027()), Ok(()), "{purposes:?}");
            let late = in_2027() + Duration::from_secs(20 * 366 * 86_400);
            assert!(trusted.judge(&leaf, late).is_err());
        }
        let stranger = Authority::new("our CA").sign(&[]);
        let refused = trusted.judge(&stranger, in_2027()).unwrap_err();
        assert!(refused.contains("not trusted"), "{refused}");
        assert!(trusted.judge(b"rubbish", in_2027()).is_err());
    }

    #[test]
    fn a_self_signed_certificate_is_trusted_when_it_is_listed() {
        let key = KeyPair::generate().unwrap();
        let own = parameters("phone").self_signed(&key).unwrap();
        let trusted = trusting("listed", &own.pem());
        assert_eq!(trusted.judge(own.der(), in_2027()), Ok(()));
        let late = in_2027() + Duration::from_secs(20 * 366 * 86_400);
        assert!(trusted.judge(own.der(), late).is_err());
        let other = parameters("phone").self_signed(&KeyPair::generate().unwrap()).unwrap();
        assert!(trusted.judge(other.der(), in_2027()).is_err());
    }
}
