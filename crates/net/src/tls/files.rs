//! PEM files: certificate chains, private keys, lists of authorities.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem};
use rustls::sign::CertifiedKey;

use super::{TlsError, TlsSettings, provider};

/// No PEM file of ours is larger: a system's whole list of authorities has 250 KiB.
const MAX_PEM_BYTES: u64 = 4 << 20;

/// A certificate chain with its private key, proven to belong together.
#[derive(Clone, Debug)]
pub struct Identity {
    /// What rustls signs with.
    pub key: Arc<CertifiedKey>,
    /// The file the certificate came from.
    pub cert_file: PathBuf,
}

impl Identity {
    /// The server's own certificate, as DER.
    #[must_use]
    pub fn end_entity(&self) -> Option<&CertificateDer<'static>> {
        self.key.cert.first()
    }
}

/// Reads a certificate and its key as DER, for whoever does not speak TLS with them (DTLS). They
/// are checked to belong together.
///
/// # Errors
/// As [`load_identity`].
pub fn load_pair(settings: &TlsSettings) -> Result<(Vec<u8>, Vec<u8>), TlsError> {
    let identity = load_identity(settings)?;
    let cert_file = identity.cert_file.clone();
    let key_file = settings.key_file.as_deref().unwrap_or(&cert_file);
    let key = private_key(key_file, &read(key_file)?)?;
    let leaf = identity.end_entity().map(|leaf| leaf.to_vec()).unwrap_or_default();
    Ok((leaf, key.secret_der().to_vec()))
}

/// Reads the certificate and key that the settings name and checks that they belong together.
///
/// # Errors
/// Says which file is missing, unreadable, no PEM, or belongs to another pair.
pub fn load_identity(settings: &TlsSettings) -> Result<Identity, TlsError> {
    let cert_file = settings.cert_file.as_deref().ok_or(TlsError::NoCertificateFile)?;
    let cert_pem = read(cert_file)?;
    let chain = certificates(cert_file, &cert_pem)?;
    let key_file = settings.key_file.as_deref().unwrap_or(cert_file);
    let key = if key_file == cert_file {
        private_key(cert_file, &cert_pem)?
    } else {
        private_key(key_file, &read(key_file)?)?
    };
    let signing = provider()
        .key_provider
        .load_private_key(key)
        .map_err(|error| TlsError::BadPem(key_file.to_owned(), error.to_string()))?;
    let certified = CertifiedKey::new(chain, signing);
    match certified.keys_match() {
        Ok(()) => {}
        Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::KeyMismatch)) => {
            let (cert_file, key_file) = (cert_file.to_owned(), key_file.to_owned());
            return Err(TlsError::KeyMismatch { cert_file, key_file });
        }
        // A key that cannot show its public half is judged by the first handshake.
        Err(rustls::Error::InconsistentKeys(_)) => {}
        Err(error) => {
            return Err(TlsError::BadCertificate(cert_file.to_owned(), error.to_string()));
        }
    }
    Ok(Identity { key: Arc::new(certified), cert_file: cert_file.to_owned() })
}

/// The authorities of `ca_list_file` and `ca_list_path`; `None` when neither is set.
pub(super) fn authorities(settings: &TlsSettings) -> Result<Option<RootCertStore>, TlsError> {
    let Some(certificates) = authority_certificates(settings)? else { return Ok(None) };
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(certificates);
    Ok(Some(store))
}

/// The certificates in those files.
pub(super) fn authority_certificates(
    settings: &TlsSettings,
) -> Result<Option<Vec<CertificateDer<'static>>>, TlsError> {
    let mut files: Vec<PathBuf> = settings.ca_list_file.iter().cloned().collect();
    if let Some(folder) = &settings.ca_list_path {
        let entries = std::fs::read_dir(folder).map_err(|error| TlsError::read(folder, error))?;
        let mut found: Vec<PathBuf> = entries
            .filter_map(Result::ok)
            .map(|entry| entry.path())
            .filter(|path| path.is_file())
            .collect();
        found.sort();
        files.extend(found);
    }
    if files.is_empty() {
        return Ok(None);
    }
    let mut found = Vec::new();
    for file in &files {
        found.extend(certificates(file, &read(file)?)?);
    }
    Ok(Some(found))
}

/// The authorities that the system trusts, from where the usual distributions keep them.
pub(super) fn system_authorities() -> Option<RootCertStore> {
    const PLACES: [&str; 3] = [
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/cert.pem",
    ];
    PLACES.iter().map(Path::new).filter(|path| path.is_file()).find_map(|path| {
        let pem = read(path).ok()?;
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(certificates(path, &pem).ok()?);
        (!store.is_empty()).then_some(store)
    })
}

pub(super) fn certificates(
    path: &Path,
    pem: &[u8],
) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|error| TlsError::BadPem(path.to_owned(), error.to_string()))?;
    if chain.is_empty() {
        return Err(TlsError::NoCertificate(path.to_owned()));
    }
    Ok(chain)
}

fn private_key(path: &Path, pem: &[u8]) -> Result<PrivateKeyDer<'static>, TlsError> {
    match PrivateKeyDer::from_pem_slice(pem) {
        Ok(key) => Ok(key),
        Err(pem::Error::NoItemsFound) => {
            let encrypted = b"BEGIN ENCRYPTED PRIVATE KEY";
            if pem.windows(encrypted.len()).any(|window| window == encrypted) {
                return Err(TlsError::EncryptedKey(path.to_owned()));
            }
            Err(TlsError::NoKey(path.to_owned()))
        }
        Err(error) => Err(TlsError::BadPem(path.to_owned(), error.to_string())),
    }
}

pub(super) fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    let size = std::fs::metadata(path).map_err(|error| TlsError::read(path, error))?.len();
    if size > MAX_PEM_BYTES {
        let text = format!("{size} bytes are too many");
        return Err(TlsError::BadPem(path.to_owned(), text));
    }
    std::fs::read(path).map_err(|error| TlsError::read(path, error))
}
