//! What accounts prove themselves with: the digests that are offered to who signs in, the secret
//! behind each, and who we are towards a peer that asks us (`outbound_auth`). Steps 4 and 7 of the
//! INVITE walk.

use sidetone_config::objects::auth::{Auth, AuthType, DigestAlgorithm};
use sidetone_config::{Config, Endpoint};
use sidetone_sip::{Request, Uri};
use sidetone_ua::digest::{Algorithm, Login, Logins, Secret};

/// The realm of requests whose endpoint is not known.
#[must_use]
pub fn default_realm(config: &Config) -> &str {
    let realm = config.global.default_realm.as_str();
    if realm.is_empty() { "asterisk" } else { realm }
}

/// A configured algorithm in the terms of the digest machine.
#[must_use]
pub fn algorithm(configured: DigestAlgorithm) -> Algorithm {
    match configured {
        DigestAlgorithm::Md5 => Algorithm::Md5,
        DigestAlgorithm::Sha256 => Algorithm::Sha256,
        DigestAlgorithm::Sha512Half => Algorithm::Sha512_256,
    }
}

/// The algorithms an account can be checked under, in order of preference. One that lists none
/// itself and stores hashes of other algorithms than the usual is asked for what it has.
#[must_use]
pub fn offered_to(config: &Config, auth: &Auth) -> Vec<Algorithm> {
    let listed = if auth.algorithms_uas.is_empty() {
        &config.global.default_algorithms_uas
    } else {
        &auth.algorithms_uas
    };
    let known =
        listed.iter().filter(|listed| auth.password.is_some() || auth.digest(**listed).is_some());
    let known: Vec<Algorithm> = known.map(|listed| algorithm(*listed)).collect();
    if known.is_empty() && auth.algorithms_uas.is_empty() {
        return auth.digests.iter().map(|digest| algorithm(digest.algorithm)).collect();
    }
    known
}

/// What is known of the password under an algorithm: a stored hash, or the password itself.
#[must_use]
pub fn secret_of(auth: &Auth, wanted: Algorithm) -> Option<Secret> {
    let configured = match wanted {
        Algorithm::Md5 => DigestAlgorithm::Md5,
        Algorithm::Sha256 => DigestAlgorithm::Sha256,
        Algorithm::Sha512_256 => DigestAlgorithm::Sha512Half,
    };
    if let Some(hash) = auth.digest(configured) {
        return Some(Secret::Ha1(hash.reveal().clone()));
    }
    if auth.auth_type != AuthType::Userpass && auth.password.is_none() {
        return None;
    }
    auth.password.as_ref().map(|password| Secret::Password(password.reveal().clone()))
}

/// The `uri` parameter must name what is requested (RFC 3261 §22.4): whoever is on the way must not
/// turn a call to one into a call to another. Clients and proxies differ in how they write the
/// host, so the same user is enough; SIPp leaves the user out, and then the host must be the same.
/// That credentials cannot be used for a second request is the nonce count's business.
#[must_use]
pub fn uri_matches(request: &Request, named: &str) -> bool {
    let Ok(named) = Uri::parse(&sidetone_sip::Text::from(named.as_bytes().to_vec())) else {
        return false;
    };
    match (&named, &request.uri) {
        (Uri::Sip(named), Uri::Sip(requested)) if named.user.is_none() => {
            named.host.equivalent(&requested.host)
        }
        _ => named.user() == request.uri.user(),
    }
}

/// The logins of an endpoint; `None` when it has none, and challenges are passed on as refusals.
#[must_use]
pub fn logins(config: &Config, endpoint: &Endpoint) -> Option<Logins> {
    logins_of(config, &endpoint.outbound_auth)
}

/// The logins of the auths of these names.
#[must_use]
pub fn logins_of(config: &Config, auths: &[String]) -> Option<Logins> {
    let auths = auths.iter().filter_map(|name| config.auths.get(name));
    let logins: Vec<Login> = auths.map(|auth| login(config, auth)).collect();
    (!logins.is_empty()).then(|| logins.into())
}

fn login(config: &Config, auth: &Auth) -> Login {
    let secrets = wanted_of(config, auth).into_iter().filter_map(|algorithm| {
        let secret = secret_of(auth, algorithm)?;
        Some((algorithm, secret))
    });
    let secrets = secrets.collect();
    // `*` is how some write "any realm".
    let realm = if auth.realm == "*" { String::new() } else { auth.realm.clone() };
    Login { username: auth.username.clone(), realm, secrets }
}

/// The hashes we may answer with: those of the object, else of `global`. A stored hash may be
/// used without being listed: that it is stored says so.
fn wanted_of(config: &Config, auth: &Auth) -> Vec<Algorithm> {
    let listed: &[DigestAlgorithm] = if auth.algorithms_uac.is_empty() {
        &config.global.default_algorithms_uac
    } else {
        &auth.algorithms_uac
    };
    let stored = auth.digests.iter().map(|digest| digest.algorithm);
    let mut all: Vec<Algorithm> = Vec::new();
    for wanted in listed.iter().copied().chain(stored.filter(|_| auth.algorithms_uac.is_empty())) {
        let wanted = algorithm(wanted);
        if !all.contains(&wanted) {
            all.push(wanted);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use sidetone_sip::{Method, Text};

    #[test]
    fn clients_may_leave_the_user_or_the_port_out_of_the_digest_uri() {
        let uri = Uri::parse(&Text::from(b"sip:600@192.0.2.1:5060;transport=udp".to_vec()));
        let request = Request::new(Method::Invite, uri.expect("a URI"));
        for named in ["sip:192.0.2.1:5060", "sip:600@192.0.2.1", "sip:600@pbx.example.com"] {
            assert!(uri_matches(&request, named), "{named}");
        }
        for named in ["", "sip:601@198.51.100.1", "sip:198.51.100.1", "\u{0}"] {
            assert!(!uri_matches(&request, named), "{named}");
        }
    }
}
