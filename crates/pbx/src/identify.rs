//! Step 4 of the INVITE walk, first half: which endpoint a request belongs to (CFG-15).
//!
//! The order of the global section decides what is tried first; an endpoint is found only by what
//! its own `identify_by` allows.

use std::sync::Arc;

use sidetone_base::Flow;
use sidetone_config::objects::endpoint::IdentifyBy;
use sidetone_config::objects::global::Identifier;
use sidetone_config::{Config, Endpoint};
use sidetone_sip::{Name, Request};
use sidetone_ua::digest::Credentials;

use crate::message;

/// Finds the endpoint of a request.
pub(crate) fn identify(config: &Config, flow: &Flow, request: &Request) -> Option<Arc<Endpoint>> {
    let order = &config.global.endpoint_identifier_order;
    order.iter().find_map(|identifier| match identifier {
        Identifier::Username => by_username(config, request),
        Identifier::AuthUsername => by_auth_username(config, request),
        Identifier::Ip => {
            by_rule(config, IdentifyBy::Ip, |rule| rule.matches_address(flow.remote.ip()))
        }
        Identifier::Header => by_rule(config, IdentifyBy::Header, |rule| {
            rule.headers.iter().any(|wanted| {
                let values = message::values_of(request, &wanted.name);
                values.iter().any(|value| wanted.value.matches(value))
            })
        }),
        Identifier::RequestUri => by_rule(config, IdentifyBy::RequestUri, |rule| {
            let uri = request.uri.to_text();
            rule.request_uris.iter().any(|pattern| pattern.matches(&uri.to_str()))
        }),
        Identifier::Anonymous => config.endpoints.get("anonymous").cloned(),
    })
}

fn by_username(config: &Config, request: &Request) -> Option<Arc<Endpoint>> {
    let from = message::from_of(request)?;
    let user = message::user_of(&from.uri)?;
    let domain = match &from.uri {
        sidetone_sip::Uri::Sip(uri) => uri.host.to_string(),
        _ => String::new(),
    };
    let qualified = format!("{user}@{domain}");
    let found = config.endpoints.get(&qualified).or_else(|| config.endpoints.get(&user))?;
    found.identify_by.contains(&IdentifyBy::Username).then(|| Arc::clone(found))
}

fn by_auth_username(config: &Config, request: &Request) -> Option<Arc<Endpoint>> {
    let credentials = credentials_of(request)?;
    let found = config.endpoints.get(&credentials.username)?;
    found.identify_by.contains(&IdentifyBy::AuthUsername).then(|| Arc::clone(found))
}

fn by_rule(
    config: &Config,
    by: IdentifyBy,
    matches: impl Fn(&sidetone_config::objects::identify::Identify) -> bool,
) -> Option<Arc<Endpoint>> {
    let mut rules = config.identifies.values();
    let rule = rules.find(|rule| matches(rule))?;
    let found = config.endpoints.get(&rule.endpoint)?;
    found.identify_by.contains(&by).then(|| Arc::clone(found))
}

/// The digest credentials of a request, if it has some that can be read.
pub(crate) fn credentials_of(request: &Request) -> Option<Credentials> {
    let mut lines = request.headers.lines(Name::Authorization);
    lines.find_map(|line| Credentials::parse(&line.to_str()))
}
