//! `PJSIP_ENDPOINT`, `PJSIP_AOR` and `PJSIP_CONTACT`: what is configured, and what is known of
//! contacts.

use sidetone_config::tables::{endpoint::ENDPOINT as ENDPOINT_TABLE, pjsip::AOR as AOR_TABLE};
use sidetone_dialplan::{Doc, FunctionError};
use sidetone_pbx::registrar::Contact;
use sidetone_pbx::{Channel, Exchange};

use super::{Read, Write};
use sidetone_functions::{Function, Outcome};

pub(super) const ENDPOINT: Function<Read, Write> = Function {
    doc: Doc {
        name: "PJSIP_ENDPOINT",
        synopsis: "Reads an option of an endpoint",
        syntax: "name,field",
        description: "The field is the name of an option in pjsip.conf; what was not set has its \
            default. Several values are separated by commas.",
        arguments: &[("name", "The endpoint"), ("field", "The option")],
        see_also: &["PJSIP_AOR", "PJSIP_CONTACT"],
        ..Doc::EMPTY
    },
    read: Some(endpoint),
    write: None,
};

pub(super) const AOR: Function<Read, Write> = Function {
    doc: Doc {
        name: "PJSIP_AOR",
        synopsis: "Reads an option of an address of record",
        syntax: "name,field",
        description: "The field is the name of an option in pjsip.conf. `contact` lists the \
            contacts that are there now, fixed and registered, by the names that PJSIP_CONTACT \
            takes.",
        arguments: &[("name", "The aor"), ("field", "The option, or contact")],
        see_also: &["PJSIP_CONTACT", "PJSIP_ENDPOINT"],
        ..Doc::EMPTY
    },
    read: Some(aor),
    write: None,
};

pub(super) const CONTACT: Function<Read, Write> = Function {
    doc: Doc {
        name: "PJSIP_CONTACT",
        synopsis: "Reads what is known of a contact",
        syntax: "name,field",
        description: "The name is one that PJSIP_AOR(…,contact) lists. `status` is NonQualified, \
            Reachable or Unreachable; `rtt` the time of the last answer to OPTIONS in \
            microseconds.",
        arguments: &[
            ("name", "The contact"),
            (
                "field",
                "uri, status, rtt, user_agent, path, call_id, expiration_time (seconds since \
                 1970), aor, endpoint, via_addr, via_port, qualify_frequency, qualify_timeout, \
                 qualify_2xx_only, authenticate_qualify, outbound_proxy",
            ),
        ],
        see_also: &["PJSIP_AOR"],
        ..Doc::EMPTY
    },
    read: Some(contact),
    write: None,
};

fn two(arguments: &str) -> Result<(&str, &str), FunctionError> {
    let both = arguments.split_once(',').map(|(name, field)| (name.trim(), field.trim()));
    both.filter(|(name, field)| !name.is_empty() && !field.is_empty())
        .ok_or_else(|| FunctionError::Arguments("write name,field".to_owned()))
}

fn no_field(field: &str) -> FunctionError {
    FunctionError::Arguments(format!("there is no field '{field}'"))
}

fn endpoint(channel: &mut Channel, arguments: &str) -> Outcome {
    let (name, field) = two(arguments)?;
    let config = channel.exchange().config();
    let Some(endpoint) = config.endpoints.get(name) else {
        return Err(FunctionError::Arguments(format!("there is no endpoint '{name}'")));
    };
    let option = ENDPOINT_TABLE.option(field).ok_or_else(|| no_field(field))?;
    let text = endpoint.settings.text(option.name).unwrap_or(option.default);
    Ok(option.shown(text).into_owned())
}

fn aor(channel: &mut Channel, arguments: &str) -> Outcome {
    let (name, field) = two(arguments)?;
    let exchange = channel.exchange();
    let config = exchange.config();
    let Some(aor) = config.aors.get(name) else {
        return Err(FunctionError::Arguments(format!("there is no aor '{name}'")));
    };
    if field.eq_ignore_ascii_case("contact") {
        let contacts = exchange.registrar().contacts(name);
        let names: Vec<String> = contacts.iter().map(|contact| contact.id(name)).collect();
        return Ok(names.join(","));
    }
    let option = AOR_TABLE.option(field).ok_or_else(|| no_field(field))?;
    let text = aor.settings.text(option.name).unwrap_or(option.default);
    Ok(option.shown(text).into_owned())
}

fn contact(channel: &mut Channel, arguments: &str) -> Outcome {
    let (name, field) = two(arguments)?;
    let exchange = channel.exchange();
    // `alice;@hash` and `alice@@hash`: the aor stands before the sign.
    let aor = name.rsplit_once('@').map_or(name, |(aor, _)| aor.trim_end_matches([';', '@']));
    let contacts = exchange.registrar().contacts(aor);
    match contacts.iter().find(|contact| contact.id(aor) == name) {
        Some(contact) => of_contact(exchange, aor, contact, field),
        None => Err(FunctionError::Arguments(format!("there is no contact '{name}'"))),
    }
}

fn of_contact(exchange: &Exchange, aor: &str, contact: &Contact, field: &str) -> Outcome {
    let config = exchange.config();
    Ok(match field.to_ascii_lowercase().as_str() {
        "uri" => contact.uri.clone(),
        "status" => match (contact.qualified, contact.reachable) {
            (_, false) => "Unreachable".to_owned(),
            (None, true) => "NonQualified".to_owned(),
            (Some(_), true) => "Reachable".to_owned(),
        },
        "rtt" => {
            let rtt = contact.qualified.and_then(|qualified| qualified.rtt);
            rtt.map_or(0, |rtt| rtt.as_micros()).to_string()
        }
        "user_agent" => contact.user_agent.clone(),
        "path" => contact.path.join(","),
        "call_id" => contact.call_id.clone(),
        "aor" => aor.to_owned(),
        "expiration_time" => match contact.expires_at {
            Some(at) => {
                let left = at.saturating_duration_since(exchange.now()).as_secs();
                let now = exchange.wall_clock().timestamp().as_second();
                (now + i64::try_from(left).unwrap_or(i64::MAX)).to_string()
            }
            None => "0".to_owned(),
        },
        "endpoint" => {
            let all = config.endpoints_sorted();
            let of = all.iter().find(|endpoint| endpoint.aors.iter().any(|name| name == aor));
            of.map(|endpoint| endpoint.id.clone()).unwrap_or_default()
        }
        "via_addr" | "via_port" => {
            let remote = match contact.destination {
                sidetone_base::Destination::Address { remote, .. } => Some(remote),
                sidetone_base::Destination::Flow(id) => {
                    exchange.net().flow(id).map(|flow| flow.remote)
                }
            };
            let addr = field.eq_ignore_ascii_case("via_addr");
            let shown = |remote: std::net::SocketAddr| match addr {
                true => remote.ip().to_string(),
                false => remote.port().to_string(),
            };
            remote.map(shown).unwrap_or_default()
        }
        "qualify_frequency"
        | "qualify_timeout"
        | "qualify_2xx_only"
        | "authenticate_qualify"
        | "outbound_proxy" => {
            let option = AOR_TABLE.option(field).ok_or_else(|| no_field(field))?;
            let set = config.aors.get(aor).and_then(|aor| aor.settings.text(option.name));
            option.shown(set.unwrap_or(option.default)).into_owned()
        }
        _ => return Err(no_field(field)),
    })
}
