//! The client's side: reading challenges and answering them, once or for the life of a dialog.

use std::sync::Arc;

use sidetone_base::Random;
use sidetone_sip::{Name, Response, Text};

use super::{Algorithm, AuthParams, Credentials, Secret, response as digest_of};

/// Realms that are answered at once: a chain of proxies with more is a mistake.
const MAX_REALMS: usize = 4;

/// Challenges to one request that are answered: each realm once, and once more for a nonce that
/// grew old on the way.
const MAX_ROUNDS: usize = 2 * MAX_REALMS;

/// Who we are towards peers that challenge us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// User name.
    pub username: String,
    /// The realm it is for; empty for any that has no login of its own.
    pub realm: String,
    /// What is known of the password, under the algorithms that may be used.
    pub secrets: Vec<(Algorithm, Secret)>,
}

/// The logins of one peer.
pub type Logins = Arc<[Login]>;

impl Login {
    fn secret(&self, algorithm: Algorithm) -> Option<&Secret> {
        let found = self.secrets.iter().find(|(known, _)| *known == algorithm);
        found.map(|(_, secret)| secret)
    }
}

/// The login for a realm: its own before one for any realm.
fn login_for<'a>(logins: &'a [Login], realm: &str) -> Option<&'a Login> {
    let own = logins.iter().find(|login| login.realm == realm);
    own.or_else(|| logins.iter().find(|login| login.realm.is_empty()))
}

/// A digest challenge that can be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Challenge {
    realm: String,
    nonce: String,
    opaque: Option<String>,
    algorithm: Algorithm,
    has_qop: bool,
    stale: bool,
}

/// Whether a value can be written between quotes as it stands: one that came without them may
/// hold a bare quote, and what answers it would be unreadable.
fn fits_quotes(value: &str) -> bool {
    let mut escaped = false;
    for byte in value.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return false,
            _ => {}
        }
    }
    !escaped
}

impl Challenge {
    /// None when it is no digest challenge, its algorithm is unknown, or it wants an integrity
    /// that nobody implements (`auth-int`).
    fn read(value: &str) -> Option<Self> {
        let params = AuthParams::digest(value)?;
        let offers_auth = params
            .value("qop")
            .map(|qop| qop.split(',').any(|qop| qop.trim().eq_ignore_ascii_case("auth")));
        if offers_auth == Some(false) {
            return None;
        }
        let stale = params.value("stale").is_some_and(|stale| stale.eq_ignore_ascii_case("true"));
        let mut echoed =
            ["realm", "nonce", "opaque"].into_iter().filter_map(|name| params.value(name));
        if !echoed.all(fits_quotes) {
            return None;
        }
        Some(Self {
            realm: params.value("realm")?.to_owned(),
            nonce: params.value("nonce")?.to_owned(),
            opaque: params.value("opaque").map(str::to_owned),
            algorithm: Algorithm::from_token(params.value("algorithm").unwrap_or("MD5"))?,
            has_qop: offers_auth.is_some(),
            stale,
        })
    }

    /// The value that answers it; `count` says how often its nonce was used, this time included.
    fn answer(
        &self,
        random: &mut dyn Random,
        method: &str,
        uri: &str,
        (username, secret): (&str, &Secret),
        count: u32,
    ) -> Option<String> {
        let mut credentials = Credentials {
            username: username.to_owned(),
            realm: self.realm.clone(),
            nonce: self.nonce.clone(),
            uri: uri.to_owned(),
            response: String::new(),
            algorithm: Some(self.algorithm),
            cnonce: self.has_qop.then(|| random.token(16)),
            nonce_count: self.has_qop.then_some(count),
            qop: self.has_qop.then(|| "auth".to_owned()),
        };
        let ha1 = secret.ha1(self.algorithm, username, &credentials.realm);
        credentials.response = digest_of(self.algorithm, &ha1, method, &credentials)?;
        Some(credentials.print(self.algorithm, self.opaque.as_deref()))
    }
}

/// The challenges of a response, each with the header that answers it.
fn challenges(response: &Response) -> impl Iterator<Item = (Name, &str)> {
    let kinds = [
        (Name::WwwAuthenticate, Name::Authorization),
        (Name::ProxyAuthenticate, Name::ProxyAuthorization),
    ];
    kinds.into_iter().flat_map(|(challenge, authorization)| {
        let values = response.headers.lines(challenge).filter_map(Text::as_str);
        values.map(move |value| (authorization, value))
    })
}

/// The client's answer to a challenge: the value of `Authorization` (or `Proxy-Authorization`).
/// `None` when the challenge is not a digest challenge we can answer.
pub fn answer(
    challenge: &str,
    random: &mut dyn Random,
    method: &str,
    uri: &str,
    username: &str,
    secret: &dyn Fn(Algorithm) -> Option<Secret>,
) -> Option<String> {
    let challenge = Challenge::read(challenge)?;
    let secret = secret(challenge.algorithm)?;
    challenge.answer(random, method, uri, (username, &secret), 1)
}

/// The headers to add to the repeated request: one for each realm that challenged, for the
/// topmost challenge of the realm that can be answered (RFC 8760 §2.4: the server lists them in
/// its order of preference). Empty when there is none; then repeating is useless.
///
/// `method` and `uri` are those of the request line; `secret` tells what is known of the
/// password under an algorithm.
pub fn credentials_for(
    response: &Response,
    random: &mut dyn Random,
    method: &str,
    uri: &str,
    username: &str,
    secret: &dyn Fn(Algorithm) -> Option<Secret>,
) -> Vec<(String, String)> {
    let mut headers = Vec::new();
    let mut realms: Vec<(Name, String)> = Vec::new();
    for (authorization, value) in challenges(response) {
        let params = AuthParams::digest(value);
        let Some(realm) = params.as_ref().and_then(|params| params.value("realm")) else {
            continue;
        };
        let realm = (authorization, realm.to_owned());
        if realms.contains(&realm) || realms.len() >= MAX_REALMS {
            continue;
        }
        if let Some(answer) = answer(value, random, method, uri, username, secret) {
            realms.push(realm);
            headers.push((authorization.as_str().to_owned(), answer));
        }
    }
    headers
}

/// A challenge that was answered, for the requests that follow.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Known {
    authorization: Name,
    challenge: Challenge,
    /// How often the nonce was used.
    count: u32,
}

/// What we can prove to a peer and those on the way to it: the logins, and the challenges that
/// were answered so far, so that the next request of a dialog carries its answer at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Proof {
    logins: Logins,
    known: Vec<Known>,
    /// Realms that challenged the request at hand.
    challenged: Vec<(Name, String)>,
}

impl Proof {
    /// Nothing was challenged yet.
    pub(crate) fn new(logins: Logins) -> Self {
        Self { logins, known: Vec::new(), challenged: Vec::new() }
    }

    /// The proof of the same request somewhere else, where nothing was challenged yet.
    pub(crate) fn afresh(&self) -> Self {
        Self::new(Logins::clone(&self.logins))
    }

    /// The proof of the next request: every nonce is used once more.
    pub(crate) fn next(&mut self) -> Self {
        for known in &mut self.known {
            known.count = known.count.saturating_add(1);
        }
        Self { challenged: Vec::new(), ..self.clone() }
    }

    /// Takes the challenges of a 401 or 407. False when repeating the request is useless: nothing
    /// can be answered, or a realm that has our answer still refuses it (RFC 3261 §22.2), so that
    /// a wrong password is never a loop.
    pub(crate) fn learn(&mut self, response: &Response) -> bool {
        let mut fresh: Vec<(Name, Challenge)> = Vec::new();
        for (authorization, value) in challenges(response) {
            let Some(challenge) = Challenge::read(value) else {
                continue;
            };
            let usable = login_for(&self.logins, &challenge.realm)
                .is_some_and(|login| login.secret(challenge.algorithm).is_some());
            let taken = |(name, taken): &(Name, Challenge)| {
                *name == authorization && taken.realm == challenge.realm
            };
            if usable && fresh.len() < MAX_REALMS && !fresh.iter().any(taken) {
                fresh.push((authorization, challenge));
            }
        }
        let refused = fresh.iter().any(|(name, challenge)| {
            let again = self
                .challenged
                .iter()
                .any(|(known, realm)| known == name && *realm == challenge.realm);
            again && !challenge.stale
        });
        if fresh.is_empty() || refused || self.challenged.len() + fresh.len() > MAX_ROUNDS {
            return false;
        }
        for known in &mut self.known {
            known.count = known.count.saturating_add(1);
        }
        for (authorization, challenge) in fresh {
            self.challenged.push((authorization, challenge.realm.clone()));
            self.known.retain(|known| {
                known.authorization != authorization || known.challenge.realm != challenge.realm
            });
            if self.known.len() < MAX_REALMS {
                self.known.push(Known { authorization, challenge, count: 1 });
            }
        }
        true
    }

    /// The headers of the request at hand.
    pub(crate) fn sign(
        &self,
        random: &mut dyn Random,
        method: &str,
        uri: &str,
    ) -> Vec<(Name, String)> {
        let answers = self.known.iter().filter_map(|known| {
            let challenge = &known.challenge;
            let login = login_for(&self.logins, &challenge.realm)?;
            let secret = login.secret(challenge.algorithm)?;
            let who = (login.username.as_str(), secret);
            let answer = challenge.answer(random, method, uri, who, known.count)?;
            Some((known.authorization, answer))
        });
        answers.collect()
    }
}
