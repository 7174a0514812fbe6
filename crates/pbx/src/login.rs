//! Who the exchange is towards a peer that asks it for a password: `outbound_auth` of the
//! endpoint, as the stack wants it. Step 7 of the INVITE walk, beside `outgoing`.

use sidetone_config::objects::auth::{Auth, DigestAlgorithm};
use sidetone_config::{Config, Endpoint};
use sidetone_ua::digest::{Algorithm, Login, Logins};

use crate::authenticate::{algorithm, secret_of};

/// The logins of an endpoint; `None` when it has none, and challenges are passed on as refusals.
pub(crate) fn logins(config: &Config, endpoint: &Endpoint) -> Option<Logins> {
    logins_of(config, &endpoint.outbound_auth)
}

/// The logins of the auths of these names.
pub(crate) fn logins_of(config: &Config, auths: &[String]) -> Option<Logins> {
    let auths = auths.iter().filter_map(|name| config.auths.get(name));
    let logins: Vec<Login> = auths.map(|auth| login(config, auth)).collect();
    (!logins.is_empty()).then(|| logins.into())
}

fn login(config: &Config, auth: &Auth) -> Login {
    let secrets = algorithms(config, auth).into_iter().filter_map(|algorithm| {
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
fn algorithms(config: &Config, auth: &Auth) -> Vec<Algorithm> {
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
