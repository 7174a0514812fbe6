//! A certificate authority of one's own and certificates by it (TLS-03), for a first start
//! without any and for test rooms: what `ast_tls_cert` does, with ECDSA P-256.
//!
//! The authority is kept for ten years, so that a browser or phone that has imported it goes on
//! trusting when the server's certificate is renewed. Renewal happens in [`ensure`], when less
//! than a week is left or a name is missing.

use std::fs::OpenOptions;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, date_time_ymd,
};

use crate::tls::{
    CertificateDescription, TlsError, TlsSettings, describe_certificate, load_identity,
};

const DAY: Duration = Duration::from_secs(86_400);
/// The authority outlives the certificates by far.
const AUTHORITY_DAYS: u32 = 3_650;
/// Below Apple's limit of 398 days.
const CERTIFICATE_DAYS: u32 = 365;
/// A certificate with less left is made anew.
const RENEW_DAYS: u32 = 7;
/// Certificates begin a day early, for clients whose clock is slow.
const BACKDATED_DAYS: u32 = 1;
/// Addresses put into a certificate at most; a host with more has them for other purposes.
const MAX_ADDRESSES: usize = 32;

/// Which certificate is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelfSignedRequest {
    /// Where the files are, made when missing (`-d`).
    pub folder: PathBuf,
    /// Name of the files without ending (`-o`): `NAME.crt`, `NAME.key`.
    pub base_name: String,
    /// Host names and addresses it is for, the first also as common name (`-C`).
    pub names: Vec<String>,
    /// Organisation in subject and authority (`-O`).
    pub organization: String,
    /// Who shows it (`-m`).
    pub role: Role,
    /// How long it is valid.
    pub valid_for: Duration,
}

/// Who shows a certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// A server, to browsers and phones.
    #[default]
    Server,
    /// A client, to a server that verifies.
    Client,
}

impl SelfSignedRequest {
    /// A server certificate `sidetone.crt` in `folder` for all [`local_names`].
    #[must_use]
    pub fn for_this_host(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            base_name: "sidetone".into(),
            names: local_names(),
            organization: "Sidetone".into(),
            role: Role::Server,
            valid_for: DAY * CERTIFICATE_DAYS,
        }
    }
}

/// What [`ensure`] found or made.
#[derive(Clone, Debug)]
pub struct SelfSigned {
    /// The authority's certificate, for import into browsers and phones.
    pub ca_file: PathBuf,
    /// The certificate and, behind it, the authority's.
    pub cert_file: PathBuf,
    /// Its key, readable by its owner only.
    pub key_file: PathBuf,
    /// Whether it existed.
    pub made: Made,
    /// What it says, with its validity.
    pub description: CertificateDescription,
}

/// Whether a certificate existed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Made {
    /// It was there, long enough valid and for all names.
    Found,
    /// It was made.
    Now,
}

/// Finds the certificate in its folder, or makes it, and its authority when that is missing.
///
/// # Errors
/// The folder or a file in it cannot be read or written, or a name is no host name.
pub fn ensure(request: &SelfSignedRequest, now: SystemTime) -> Result<SelfSigned, TlsError> {
    let file = |ending: &str| request.folder.join(format!("{}.{ending}", request.base_name));
    let (cert_file, key_file) = (file("crt"), file("key"));
    let ca_file = request.folder.join("ca.crt");
    if let Some(description) = usable(request, &cert_file, &key_file, now) {
        return Ok(SelfSigned { ca_file, cert_file, key_file, made: Made::Found, description });
    }
    std::fs::create_dir_all(&request.folder)
        .map_err(|error| TlsError::Read(request.folder.clone(), error))?;
    let authority = authority(request, &ca_file, now)?;
    let key = KeyPair::generate().map_err(generate)?;
    let certificate = params(request, now)?.signed_by(&key, &authority.issuer).map_err(generate)?;
    write(&key_file, &key.serialize_pem(), Secrecy::OwnerOnly)?;
    let chain = format!("{}{}", certificate.pem(), authority.pem);
    write(&cert_file, &chain, Secrecy::Public)?;
    let description = describe_certificate(certificate.der())
        .ok_or_else(|| TlsError::Generate("the certificate made cannot be read".into()))?;
    Ok(SelfSigned { ca_file, cert_file, key_file, made: Made::Now, description })
}

/// What the files say, if they can be used a while longer.
fn usable(
    request: &SelfSignedRequest,
    cert_file: &Path,
    key_file: &Path,
    now: SystemTime,
) -> Option<CertificateDescription> {
    let settings = TlsSettings {
        cert_file: Some(cert_file.to_owned()),
        key_file: Some(key_file.to_owned()),
        ..TlsSettings::default()
    };
    let identity = load_identity(&settings).ok()?;
    let description = describe_certificate(identity.end_entity()?)?;
    let covered = request.names.iter().all(|name| match name.parse::<IpAddr>() {
        Ok(address) => description.addresses.contains(&address),
        Err(_) => description.names.iter().any(|known| known.eq_ignore_ascii_case(name)),
    });
    let lasts = description.time_left(now) > DAY * RENEW_DAYS && description.not_before <= now;
    (covered && lasts).then_some(description)
}

struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

fn authority(
    request: &SelfSignedRequest,
    ca_file: &Path,
    now: SystemTime,
) -> Result<Authority, TlsError> {
    let key_file = request.folder.join("ca.key");
    if let Some(found) = stored_authority(ca_file, &key_file, now + request.valid_for) {
        return Ok(found);
    }
    let mut params = CertificateParams::default();
    params.distinguished_name = distinguished(
        &format!("{} certificate authority", request.organization),
        &request.organization,
    );
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = date_time_ymd(1970, 1, 1) + since_epoch(now - DAY * BACKDATED_DAYS);
    let lasts = (DAY * AUTHORITY_DAYS).max(request.valid_for + DAY);
    params.not_after = date_time_ymd(1970, 1, 1) + since_epoch(now + lasts);
    let key = KeyPair::generate().map_err(generate)?;
    let certificate = params.self_signed(&key).map_err(generate)?;
    write(&key_file, &key.serialize_pem(), Secrecy::OwnerOnly)?;
    write(ca_file, &certificate.pem(), Secrecy::Public)?;
    Ok(Authority { pem: certificate.pem(), issuer: Issuer::new(params, key) })
}

fn stored_authority(ca_file: &Path, key_file: &Path, until: SystemTime) -> Option<Authority> {
    let settings = TlsSettings {
        cert_file: Some(ca_file.to_owned()),
        key_file: Some(key_file.to_owned()),
        ..TlsSettings::default()
    };
    let identity = load_identity(&settings).ok()?;
    if describe_certificate(identity.end_entity()?)?.not_after < until {
        return None;
    }
    let pem = std::fs::read_to_string(ca_file).ok()?;
    let key = KeyPair::from_pem(&std::fs::read_to_string(key_file).ok()?).ok()?;
    let issuer = Issuer::from_ca_cert_pem(&pem, key).ok()?;
    Some(Authority { issuer, pem })
}

fn params(request: &SelfSignedRequest, now: SystemTime) -> Result<CertificateParams, TlsError> {
    let Some(first) = request.names.first() else {
        return Err(TlsError::Generate("a certificate needs a host name".into()));
    };
    let mut params = CertificateParams::new(request.names.clone()).map_err(generate)?;
    params.distinguished_name = distinguished(first, &request.organization);
    params.is_ca = IsCa::ExplicitNoCa;
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![match request.role {
        Role::Server => ExtendedKeyUsagePurpose::ServerAuth,
        Role::Client => ExtendedKeyUsagePurpose::ClientAuth,
    }];
    params.not_before = date_time_ymd(1970, 1, 1) + since_epoch(now - DAY * BACKDATED_DAYS);
    params.not_after = date_time_ymd(1970, 1, 1) + since_epoch(now + request.valid_for);
    Ok(params)
}

fn distinguished(common_name: &str, organization: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    name.push(DnType::OrganizationName, organization);
    name
}

fn since_epoch(at: SystemTime) -> Duration {
    at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

fn generate(error: rcgen::Error) -> TlsError {
    TlsError::Generate(format!("a certificate could not be made: {error}"))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Secrecy {
    Public,
    OwnerOnly,
}

/// Writes beside the file and renames, so that nobody reads half a key.
fn write(path: &Path, text: &str, secrecy: Secrecy) -> Result<(), TlsError> {
    let written = || {
        let beside = path.with_extension("new");
        // An old one may have other permissions.
        let _ = std::fs::remove_file(&beside);
        let mode = if secrecy == Secrecy::OwnerOnly { 0o600 } else { 0o644 };
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&beside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&beside, path)
    };
    written()
        .map_err(|error| TlsError::Generate(format!("cannot write {}: {error}", path.display())))
}

/// `localhost`, the host's name, the loopback addresses and the addresses of all interfaces.
#[must_use]
pub fn local_names() -> Vec<String> {
    let mut names = vec!["localhost".to_owned()];
    let hostname = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let hostname = hostname.trim().to_ascii_lowercase();
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    if !hostname.is_empty() && hostname != "localhost" && hostname.chars().all(legal) {
        names.insert(0, hostname);
    }
    let mut addresses = vec![IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    let v4 = std::fs::read_to_string("/proc/net/fib_trie").unwrap_or_default();
    let v6 = std::fs::read_to_string("/proc/net/if_inet6").unwrap_or_default();
    for address in fib_addresses(&v4).into_iter().chain(inet6_addresses(&v6)) {
        if !addresses.contains(&address) && addresses.len() < MAX_ADDRESSES {
            addresses.push(address);
        }
    }
    names.extend(addresses.iter().map(ToString::to_string));
    names
}

/// Addresses of this host in `/proc/net/fib_trie`: a line with the address, and below it
/// `/32 host LOCAL`.
fn fib_addresses(text: &str) -> Vec<IpAddr> {
    let mut found = Vec::new();
    let mut last: Option<Ipv4Addr> = None;
    for line in text.lines() {
        if let Some((_, address)) = line.split_once("|-- ") {
            last = address.trim().parse().ok();
        } else if line.contains("/32 host LOCAL") {
            found.extend(last.filter(|v4| !v4.is_loopback()).map(IpAddr::V4));
        }
    }
    found.sort();
    found.dedup();
    found
}

/// Addresses in `/proc/net/if_inet6`: 32 hexadecimal digits first, the scope in the fourth column;
/// link-local ones cannot be in a URL.
fn inet6_addresses(text: &str) -> Vec<IpAddr> {
    let read = |line: &str| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let number = u128::from_str_radix(columns.first()?, 16).ok()?;
        (columns.get(3) == Some(&"00")).then(|| IpAddr::V6(Ipv6Addr::from(number)))
    };
    text.lines().filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("sidetone-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        folder
    }

    fn request(name: &str) -> SelfSignedRequest {
        let names = ["pbx.example.net", "127.0.0.1", "::1"].map(str::to_owned).to_vec();
        SelfSignedRequest { names, ..SelfSignedRequest::for_this_host(&folder(name)) }
    }

    #[test]
    fn a_certificate_is_made_once_and_its_key_is_private() {
        use std::os::unix::fs::PermissionsExt;
        let (request, now) = (request("once"), SystemTime::now());
        let first = ensure(&request, now).unwrap();
        assert_eq!(first.made, Made::Now);
        assert_eq!(first.description.names, ["pbx.example.net"]);
        assert_eq!(first.description.addresses.len(), 2);
        assert!(!first.description.self_signed);
        let mode = std::fs::metadata(&first.key_file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let second = ensure(&request, now).unwrap();
        assert_eq!(second.made, Made::Found);
        assert_eq!(second.description, first.description);
    }

    #[test]
    fn it_is_renewed_in_its_last_week_by_the_same_authority() {
        let (request, now) = (request("renew"), SystemTime::now());
        let first = ensure(&request, now).unwrap();
        let authority = std::fs::read(&first.ca_file).unwrap();
        assert_eq!(ensure(&request, now + DAY * 350).unwrap().made, Made::Found);
        let renewed = ensure(&request, now + DAY * 359).unwrap();
        assert_eq!(renewed.made, Made::Now);
        assert!(renewed.description.not_after > first.description.not_after);
        assert_eq!(std::fs::read(&first.ca_file).unwrap(), authority);
    }

    #[test]
    fn a_new_name_needs_a_new_certificate() {
        let (mut request, now) = (request("name"), SystemTime::now());
        ensure(&request, now).unwrap();
        request.names.push("sip.example.net".into());
        let next = ensure(&request, now).unwrap();
        assert_eq!(next.made, Made::Now);
        assert_eq!(next.description.names.len(), 2);
    }

    #[test]
    fn this_host_has_names_and_addresses() {
        let names = local_names();
        assert!(names.iter().any(|name| name == "localhost"));
        assert!(names.iter().any(|name| name == "127.0.0.1"));
    }

    #[test]
    fn addresses_are_read_from_the_kernel() {
        let trie =
            "  |-- 10.1.2.3\n     /32 host LOCAL\n  |-- 10.1.2.255\n     /32 link BROADCAST\n";
        assert_eq!(fib_addresses(trie), ["10.1.2.3".parse::<IpAddr>().unwrap()]);
        let inet6 = "20010db8000000000000000000000001 02 40 00 80 eth0\n\
            fe800000000000000000000000000001 02 40 20 80 eth0\nx\n";
        assert_eq!(inet6_addresses(inet6), ["2001:db8::1".parse::<IpAddr>().unwrap()]);
    }
}
