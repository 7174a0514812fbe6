//! Step 4 of the INVITE walk, second half: the proof that a request comes from whom it says.
//!
//! [`Authenticated`] cannot be made anywhere else: starting the dialplan and changing bindings
//! need one.

use std::sync::Arc;
use std::time::Duration;

use sidetone_base::Flow;
use sidetone_config::objects::auth::Auth;
use sidetone_config::{Config, Endpoint};
use sidetone_events::Event;
use sidetone_events::security::{SecurityEvent, SecurityKind};
use sidetone_sip::{Name, Request};
use sidetone_ua::api::Reply;
use sidetone_ua::digest::{Algorithm, Check, Credentials, Freshness, Verdict};

use crate::exchange::Exchange;
use crate::message;
use sidetone_party::identify::{by_line, credentials_of, identify};
use sidetone_party::secrets::{algorithm, default_realm, offered_to, secret_of, uri_matches};

/// The proof that a request comes from its endpoint: a digest was verified, or the endpoint's
/// configuration names no `auth`, which says that its address is trusted.
#[derive(Clone, Debug)]
pub struct Authenticated {
    endpoint: Arc<Endpoint>,
}

impl Authenticated {
    /// Whose request it is.
    #[must_use]
    pub fn endpoint(&self) -> &Arc<Endpoint> {
        &self.endpoint
    }
}

/// Identifies and authenticates a request.
///
/// # Errors
/// The response that refuses or challenges it.
pub(crate) fn authenticate(
    exchange: &Exchange,
    flow: &Flow,
    request: &Request,
) -> Result<Authenticated, Box<Reply>> {
    let config = exchange.config();
    if let Some(acl) = config.sip_acl.refusing(flow.remote.ip()) {
        return Err(kept_out(exchange, flow, request, &acl.name));
    }
    let by_line = by_line(&config, exchange.registrations(), request);
    let usual = || identify(&config, &exchange.names(), flow, request);
    let Some(endpoint) = by_line.or_else(usual) else {
        // The same challenge as for a wrong password: a scanner must not learn which names exist.
        publish(exchange, SecurityKind::InvalidAccountId, flow, request, Vec::new());
        let realm = default_realm(&config);
        let usual: Vec<Algorithm> =
            config.global.default_algorithms_uas.iter().map(|listed| algorithm(*listed)).collect();
        return Err(challenge(exchange, realm, &usual, Freshness::New));
    };
    if let Some(acl) = endpoint.acl.refusing(flow.remote.ip()) {
        return Err(kept_out(exchange, flow, request, &acl.name));
    }
    if endpoint.auth.is_empty() {
        return Ok(Authenticated { endpoint });
    }
    let auths: Vec<&Arc<Auth>> =
        endpoint.auth.iter().filter_map(|name| config.auths.get(name)).collect();
    verify(exchange, &config, flow, request, &auths).map(|()| Authenticated { endpoint })
}

/// 403 and a line for ban lists: an access list keeps the sender, or its contact, out.
pub(crate) fn kept_out(
    exchange: &Exchange,
    flow: &Flow,
    request: &Request,
    acl: &str,
) -> Box<Reply> {
    let detail = vec![("ACLName", acl.to_owned())];
    publish(exchange, SecurityKind::FailedAcl, flow, request, detail);
    Box::new(message::reply(403))
}

fn verify(
    exchange: &Exchange,
    config: &Config,
    flow: &Flow,
    request: &Request,
    auths: &[&Arc<Auth>],
) -> Result<(), Box<Reply>> {
    let first = auths.first();
    let realm = first.map_or("", |auth| auth.realm.as_str());
    let realm = if realm.is_empty() { default_realm(config) } else { realm };
    let algorithms = first.map_or_else(|| vec![Algorithm::Md5], |auth| offered_to(config, auth));
    if !request.headers.has(Name::Authorization) {
        let detail = vec![("Challenge", String::new())];
        publish(exchange, SecurityKind::ChallengeSent, flow, request, detail);
        return Err(challenge(exchange, realm, &algorithms, Freshness::New));
    }
    let ours = credentials_of(request).find(|credentials| credentials.realm == realm);
    let Some(credentials) = ours.or_else(|| credentials_of(request).next()) else {
        publish(exchange, SecurityKind::RequestBadFormat, flow, request, Vec::new());
        return Err(Box::new(message::refusal(400, "the Authorization header cannot be read")));
    };
    let verdict = verdict(
        exchange,
        request,
        &credentials,
        &Offered { realm, algorithms: &algorithms },
        auths,
    );
    let freshness = match verdict {
        Verdict::Accepted => {
            let detail = vec![("UsingPassword", "1".to_owned())];
            publish(exchange, SecurityKind::SuccessfulAuth, flow, request, detail);
            return Ok(());
        }
        Verdict::Stale | Verdict::Replayed => Freshness::Stale,
        _ => Freshness::New,
    };
    if freshness == Freshness::New {
        let details = vec![
            ("Challenge", credentials.nonce),
            ("Response", credentials.response),
            ("ExpectedResponse", String::new()),
        ];
        publish(exchange, SecurityKind::ChallengeResponseFailed, flow, request, details);
    }
    Err(challenge(exchange, realm, &algorithms, freshness))
}

/// What we challenge with.
struct Offered<'a> {
    realm: &'a str,
    algorithms: &'a [Algorithm],
}

/// Checks the credentials against every auth of that user name, the first that fits decides.
fn verdict(
    exchange: &Exchange,
    request: &Request,
    credentials: &Credentials,
    offered: &Offered<'_>,
    auths: &[&Arc<Auth>],
) -> Verdict {
    let method = request.method.to_string();
    let mut verdict = Verdict::WrongPassword;
    for auth in auths.iter().filter(|auth| auth.username == credentials.username) {
        let check = Check {
            method: &method,
            realm: offered.realm,
            algorithms: offered.algorithms,
            secret: &|algorithm| secret_of(auth, algorithm),
            uri_matches: uri_matches(request, &credentials.uri),
            nonce_life: Duration::from_secs(auth.nonce_lifetime_s.into()),
        };
        verdict = exchange.digest().verify(exchange.now(), &check, credentials);
        if matches!(verdict, Verdict::Accepted | Verdict::Stale | Verdict::Replayed) {
            break;
        }
    }
    verdict
}

fn challenge(
    exchange: &Exchange,
    realm: &str,
    algorithms: &[Algorithm],
    freshness: Freshness,
) -> Box<Reply> {
    let mut reply = message::reply(401);
    let digest = exchange.digest();
    let now = exchange.now();
    let challenges = digest.challenge(now, &mut exchange.draws(), realm, algorithms, freshness);
    let headers = challenges.into_iter().map(|value| ("WWW-Authenticate".to_owned(), value));
    reply.headers.extend(headers);
    Box::new(reply)
}

fn publish(
    exchange: &Exchange,
    kind: SecurityKind,
    flow: &Flow,
    request: &Request,
    details: Vec<(&'static str, String)>,
) {
    let from = message::from_of(request).and_then(|from| message::user_of(&from.uri));
    exchange.bus().publish(Event::Security(SecurityEvent {
        kind,
        account: from.unwrap_or_else(|| "<unknown>".to_owned()),
        session: message::text_of(request, Name::CallId),
        transport: flow.transport,
        local: flow.local,
        remote: flow.remote,
        details,
    }));
}
