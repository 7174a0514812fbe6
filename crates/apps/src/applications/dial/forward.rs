//! Following a callee that wants to be called elsewhere (302): its number is dialled in the
//! context of forwardings as a Local call, so that the dialplan decides. Loops end: nobody is
//! forwarded twice to the same place, or more than ten times.

use sidetone_dialplan::{Host as _, Position};
use sidetone_pbx::Channel;
use sidetone_pbx::channel::PartyId;
use sidetone_sip::{Text, Uri};

use super::destinations::{Destination, To};
use super::options::Options;
use super::place;
use super::ringing::Handed;

/// Times one call is forwarded. Real ones are a few; more is a circle through changing numbers.
const MOST_FORWARDS: usize = 10;

/// The places a call was forwarded to, handed down to all calls that come of it.
const PLACES: &str = "~FORWARDS";

/// Where a forwarding leads, and the variables of the new call.
pub(super) fn to(
    channel: &mut Channel,
    (forwarder, number): (&str, &str),
    uri: &str,
    options: &Options,
) -> Result<(Destination, Handed), &'static str> {
    let parsed = Uri::parse(&Text::from(uri.as_bytes().to_vec())).map_err(|_| "no SIP URI")?;
    let user = parsed.user().map(|user| user.to_str().into_owned());
    let exten = user.filter(|user| !user.is_empty()).ok_or("its contact has no number")?;
    let wanted = channel.variable("FORWARD_CONTEXT").filter(|context| !context.is_empty());
    let context = wanted.unwrap_or_else(|| channel.position().context.to_string());
    if !place::exists(channel, &Position::new(&context, &exten, 1)) {
        return Err("there is no such extension");
    }
    let place = format!("{exten}@{context}");
    let been = channel.variables().value(PLACES).unwrap_or_default();
    let mut places: Vec<&str> = been.split('&').filter(|place| !place.is_empty()).collect();
    if places.contains(&place.as_str()) {
        return Err("the call was forwarded there before: a circle");
    }
    if places.len() >= MOST_FORWARDS {
        return Err("the call was forwarded too often");
    }
    places.push(&place);
    let places = places.join("&");
    channel.set(&format!("__{PLACES}"), places);
    channel.set("FORWARDERNAME", forwarder);
    let mut variables = channel.variables().inherited();
    variables.set("FORWARDERNAME", Some(forwarder.to_owned()));
    tracing::info!("{}: {forwarder} forwards to {place}", channel.name());
    let mut inherited = channel.inheritance();
    let who = &mut inherited.redirecting;
    who.from = PartyId::new("", number);
    who.to = PartyId::new("", &exten);
    who.reason = "unconditional".to_owned();
    if who.count == 0 {
        who.orig = who.from.clone();
        who.orig_reason.clone_from(&who.reason);
    }
    who.count += 1;
    let to = To::Local { exten: exten.clone(), context, optimise: true };
    let caller = caller(channel, options);
    Ok((Destination { number: exten, to }, Handed { caller, variables, inherited }))
}

/// Who calls there: the caller, or what option `f` says.
fn caller(channel: &Channel, options: &Options) -> PartyId {
    match options.forward_caller.as_deref() {
        None => super::ringing::shown_caller(channel, options),
        Some("") => PartyId::new("", channel.position().extension.to_string()),
        Some(number) => PartyId::new("", number),
    }
}
