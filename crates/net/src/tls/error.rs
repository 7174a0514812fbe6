//! What can be wrong with certificates, keys and TLS options, and the cure of each.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// A mistake in TLS files or options. The text says which file and what to change.
#[derive(Debug)]
pub enum TlsError {
    /// A listener has no certificate.
    NoCertificateFile,
    /// A file cannot be read.
    Read(PathBuf, io::Error),
    /// A file holds no certificate.
    NoCertificate(PathBuf),
    /// A file holds no usable private key.
    NoKey(PathBuf),
    /// A private key needs a passphrase.
    EncryptedKey(PathBuf),
    /// A file is broken PEM.
    BadPem(PathBuf, String),
    /// Key and certificate are of different pairs.
    KeyMismatch {
        /// The certificate.
        cert_file: PathBuf,
        /// The key.
        key_file: PathBuf,
    },
    /// A certificate that TLS does not accept.
    BadCertificate(PathBuf, String),
    /// No authority to verify the other side with.
    NoAuthorities(&'static str),
    /// `method` names a version that is gone.
    OldVersion(String),
    /// `method` names nothing known.
    UnknownMethod(String),
    /// All named cipher suites are unknown.
    NoCipher(String),
    /// The options contradict each other.
    Options(String),
    /// A certificate could not be made or written.
    Generate(String),
}

impl TlsError {
    pub(crate) fn read(path: &Path, error: io::Error) -> Self {
        Self::Read(path.to_owned(), error)
    }
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCertificateFile => f.write_str(
                "TLS needs a certificate: set cert_file (pjsip.conf) or tlscertfile (http.conf)",
            ),
            Self::Read(path, error) => write_read_error(f, path, error),
            Self::NoCertificate(path) => write!(
                f,
                "{} holds no certificate: it must be PEM with a line -----BEGIN CERTIFICATE----- \
                 (convert DER with `openssl x509 -inform der`)",
                path.display()
            ),
            Self::NoKey(path) => write!(
                f,
                "{} holds no private key: name the key file in priv_key_file (pjsip.conf) or \
                 tlsprivatekey (http.conf), as PEM",
                path.display()
            ),
            Self::EncryptedKey(path) => write!(
                f,
                "the private key in {} is encrypted: remove its passphrase with `openssl pkey`",
                path.display()
            ),
            Self::BadPem(path, text) => {
                write!(f, "{} is not proper PEM ({text}): copy it anew", path.display())
            }
            Self::KeyMismatch { cert_file, key_file } => write!(
                f,
                "the private key in {} does not belong to the first certificate in {}: name the \
                 key that it was made with, and put the server's certificate before its chain",
                key_file.display(),
                cert_file.display()
            ),
            Self::BadCertificate(path, text) => {
                write!(f, "the certificate in {} cannot be used: {text}", path.display())
            }
            Self::NoAuthorities(option) => write!(
                f,
                "{option} needs authorities to verify with: set ca_list_file or ca_list_path"
            ),
            Self::OldVersion(method) => write!(
                f,
                "method={method} is not supported: TLS below 1.2 is broken; write tlsv1_2"
            ),
            Self::UnknownMethod(method) => {
                write!(f, "method={method} is unknown: write tlsv1_2, tlsv1_3 or leave it out")
            }
            Self::NoCipher(list) => write!(
                f,
                "none of the cipher suites '{list}' is supported: leave the option out, or name \
                 suites like ECDHE-ECDSA-AES128-GCM-SHA256"
            ),
            Self::Options(text) | Self::Generate(text) => f.write_str(text),
        }
    }
}

fn write_read_error(f: &mut fmt::Formatter<'_>, path: &Path, error: &io::Error) -> fmt::Result {
    write!(f, "cannot read {}: {error}", path.display())?;
    match error.kind() {
        io::ErrorKind::NotFound => {
            f.write_str("; correct the path in the configuration or create the file")
        }
        io::ErrorKind::PermissionDenied => {
            f.write_str("; let the user that the server runs as read it")
        }
        _ => Ok(()),
    }
}

impl std::error::Error for TlsError {}
