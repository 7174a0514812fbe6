//! Following a callee that wants to be called elsewhere (302): its number is dialled in the
//! context of forwardings as a Local call, so that the dialplan decides. Loops end: nobody is
//! forwarded twice to the same place, or more than ten times.

use sidetone_config::RedirectMethod;
use sidetone_dialplan::{Host as _, Position};
use sidetone_pbx::Channel;
use sidetone_pbx::channel::PartyId;
use sidetone_sip::{Text, Uri};

use super::destinations::{Calling, Destination, To, at_uri};
use super::options::Options;
use super::place;

/// Times one call is forwarded. Real ones are a few; more is a circle through changing numbers.
const MOST_FORWARDS: usize = 10;

/// Another number of times, if the dialplan wants one.
const LIMIT: &str = "~MAXFORWARDS";

/// The places a call was forwarded to, handed down to all calls that come of it.
const PLACES: &str = "~FORWARDS";

/// Where a forwarding leads, and who calls there.
pub(super) async fn to(
    channel: &mut Channel,
    (name, forwarder): (&str, &Destination),
    uri: &str,
    options: &Options,
) -> Result<(Destination, Calling), &'static str> {
    let parsed = Uri::parse(&Text::from(uri.as_bytes().to_vec())).map_err(|_| "no SIP URI")?;
    let user = parsed.user().map(|user| user.to_str().into_owned()).unwrap_or_default();
    let (place, destination) = match &forwarder.to {
        // `redirect_method`: the URI itself is called, with the settings of the forwarder.
        To::Contact { endpoint, .. } if endpoint.redirect_method != RedirectMethod::User => {
            channel.exchange().learn(uri).await;
            (uri.to_owned(), at_uri(channel.exchange(), &endpoint.id, uri)?)
        }
        _ => in_dialplan(channel, &user)?,
    };
    note(channel, name, &place)?;
    tracing::info!("{}: {name} forwards to {place}", channel.name());
    let mut calling = Calling { caller: caller(channel, options), ..Calling::of(channel) };
    calling.variables.set("FORWARDERNAME", Some(name.to_owned()));
    let who = &mut calling.inherited.redirecting;
    who.from = PartyId::new("", &forwarder.number);
    who.to = PartyId::new("", user);
    who.reason = "unconditional".to_owned();
    if who.count == 0 {
        who.orig = who.from.clone();
        who.orig_reason.clone_from(&who.reason);
    }
    who.count += 1;
    Ok((destination, calling))
}

/// The number is dialled in the context of forwardings.
fn in_dialplan(channel: &Channel, exten: &str) -> Result<(String, Destination), &'static str> {
    if exten.is_empty() {
        return Err("its contact has no number");
    }
    let wanted = channel.variable("FORWARD_CONTEXT").filter(|context| !context.is_empty());
    let context = wanted.unwrap_or_else(|| channel.position().context.to_string());
    if !place::exists(channel, &Position::new(&context, exten, 1)) {
        return Err("there is no such extension");
    }
    let name = format!("{exten}@{context}");
    let to = To::Local { exten: exten.to_owned(), context, optimise: true };
    Ok((name, Destination { number: exten.to_owned(), to }))
}

/// The places a call was forwarded to.
fn been(channel: &Channel) -> Vec<&str> {
    let been = channel.variables().value(PLACES).unwrap_or_default();
    been.split('&').filter(|place| !place.is_empty()).collect()
}

/// How often a call may be forwarded yet.
pub(crate) fn left(channel: &Channel) -> usize {
    let limit = channel.variables().value(LIMIT).and_then(|limit| limit.parse().ok());
    limit.unwrap_or(MOST_FORWARDS).saturating_sub(been(channel).len())
}

/// Lets a call be forwarded so many times more.
pub(crate) fn allow(channel: &mut Channel, more: u8) {
    let limit = been(channel).len() + usize::from(more);
    channel.set(&format!("__{LIMIT}"), limit.to_string());
}

/// Remembers the place, unless the call has been there or has been to too many.
fn note(channel: &mut Channel, forwarder: &str, place: &str) -> Result<(), &'static str> {
    let mut places = been(channel);
    if places.contains(&place) {
        return Err("the call was forwarded there before: a circle");
    }
    if left(channel) == 0 {
        return Err("the call was forwarded too often");
    }
    places.push(place);
    let places = places.join("&");
    channel.set(&format!("__{PLACES}"), places);
    channel.set("FORWARDERNAME", forwarder);
    Ok(())
}

/// Who calls there: the caller, or what option `f` says.
fn caller(channel: &Channel, options: &Options) -> PartyId {
    match options.forward_caller.as_deref() {
        None => super::ringing::shown_caller(channel, options),
        Some("") => PartyId::new("", channel.position().extension.to_string()),
        Some(number) => PartyId::new("", number),
    }
}
