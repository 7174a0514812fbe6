//! `ChanIsAvail`: which of several destinations could be called now.

use sidetone_dialplan::{Doc, Flow, Stop};
use sidetone_pbx::channel::State;
use sidetone_pbx::{Cause, Channel, Exchange};

use super::dial::{To, learn, resolve};
use super::letters;

pub(super) const DOC: Doc = Doc {
    name: "ChanIsAvail",
    synopsis: "Find out which destination could be called now",
    syntax: "Technology/Resource[&…][,options]",
    description: "Looks at each destination in order and names the first that can be called. \
        Nobody is called.",
    arguments: &[("Technology/Resource", "As for Dial")],
    options: &[
        ("a", "Look at all and name every one that is available, with & between"),
        ("s", "A destination that has a call is not available"),
        ("t", "Only look whether the destinations exist"),
    ],
    variables: &[
        ("AVAILCHAN", "The destination that is available, or nothing"),
        ("AVAILORIGCHAN", "The same as it was written"),
        (
            "AVAILSTATUS",
            "State of the one looked at last: 1 free, 2 in use, 3 busy, 4 invalid, 5 unavailable, \
             6 rings, 7 in use and rings",
        ),
        ("AVAILCAUSECODE", "The cause that a call to the one looked at last would end with"),
    ],
    see_also: &["Dial"],
};

/// Device states by the numbers scripts know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Device {
    Free = 1,
    InUse = 2,
    Busy = 3,
    Invalid = 4,
    Unavailable = 5,
    Ringing = 6,
    RingsInUse = 7,
}

pub(super) async fn run(channel: &mut Channel, args: &str) -> Result<Flow, Stop> {
    let (wanted, options) = args.split_once(',').unwrap_or((args, ""));
    let options = letters::read(options);
    let has = |wanted| options.iter().any(|letter| letter.letter == wanted);
    let (all, single, exists) = (has('a'), has('s'), has('t'));
    let mut found: Vec<&str> = Vec::new();
    let (mut state, mut cause) = (Device::Invalid, Cause::UNALLOCATED);
    learn(channel.exchange(), wanted).await;
    for item in wanted.split('&').map(str::trim).filter(|item| !item.is_empty()) {
        (state, cause) = look(channel.exchange(), item, channel.name());
        let available = match state {
            Device::Invalid => false,
            _ if exists => true,
            Device::Busy | Device::Unavailable => false,
            Device::Free => true,
            Device::InUse | Device::Ringing | Device::RingsInUse => !single,
        };
        if available {
            found.push(item);
            cause = Cause(0);
            if !all {
                break;
            }
        }
    }
    let found = found.join("&");
    channel.set("AVAILCHAN", found.clone());
    channel.set("AVAILORIGCHAN", found);
    channel.set("AVAILSTATUS", (state as u8).to_string());
    channel.set("AVAILCAUSECODE", cause.0.to_string());
    Ok(Flow::Next)
}

/// The state of a destination, and why it cannot be called.
fn look(exchange: &Exchange, item: &str, channel: &str) -> (Device, Cause) {
    let destinations = resolve(exchange, item, channel);
    let Some(first) = destinations.first() else {
        let name = item.split_once('/').map_or(item, |(_, resource)| resource);
        let name = name.rsplit_once('@').map_or(name, |(_, name)| name);
        let name = name.split('/').next().unwrap_or_default();
        return if exchange.config().endpoints.contains_key(name) {
            (Device::Unavailable, Cause::SUBSCRIBER_ABSENT)
        } else {
            (Device::Invalid, Cause::UNALLOCATED)
        };
    };
    let To::Contact { endpoint, .. } = &first.to else {
        return (Device::Free, Cause(0));
    };
    if first.is_busy(exchange) {
        return (Device::Busy, Cause::BUSY);
    }
    let all = exchange.live().all();
    let own = || all.iter().filter(|facts| facts.endpoint == endpoint.id);
    let rings = own().any(|facts| facts.state == State::Ringing);
    let talks = own().any(|facts| facts.state != State::Ringing);
    let state = match (talks, rings) {
        (false, false) => Device::Free,
        (true, false) => Device::InUse,
        (false, true) => Device::Ringing,
        (true, true) => Device::RingsInUse,
    };
    (state, Cause(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_have_the_numbers_scripts_know() {
        let states = [Device::Free, Device::InUse, Device::Busy, Device::Invalid];
        assert_eq!(states.map(|state| state as u8), [1, 2, 3, 4]);
        let states = [Device::Unavailable, Device::Ringing, Device::RingsInUse];
        assert_eq!(states.map(|state| state as u8), [5, 6, 7]);
    }
}
