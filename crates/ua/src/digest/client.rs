//! The client's answer to a 401 or 407 that may challenge several times.

use sidetone_base::Random;
use sidetone_sip::{Name, Response, Text};

use super::{Algorithm, AuthParams, Secret, answer};

/// Realms that are answered at once: a chain of proxies with more is a mistake.
const MAX_REALMS: usize = 4;

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
    let kinds = [
        (Name::WwwAuthenticate, Name::Authorization),
        (Name::ProxyAuthenticate, Name::ProxyAuthorization),
    ];
    let mut headers = Vec::new();
    let mut realms: Vec<(Name, String)> = Vec::new();
    for (challenge, authorization) in kinds {
        for value in response.headers.lines(challenge).filter_map(Text::as_str) {
            let params = AuthParams::digest(value);
            let Some(realm) = params.as_ref().and_then(|params| params.value("realm")) else {
                continue;
            };
            let realm = (challenge, realm.to_owned());
            if realms.contains(&realm) || realms.len() >= MAX_REALMS {
                continue;
            }
            if let Some(answer) = answer(value, random, method, uri, username, secret) {
                realms.push(realm);
                headers.push((authorization.as_str().to_owned(), answer));
            }
        }
    }
    headers
}
