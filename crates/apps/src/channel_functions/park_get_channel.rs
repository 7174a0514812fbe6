//! `PARK_GET_CHANNEL`: who is parked on a space.

use sidetone_dialplan::{Doc, FunctionError};
use sidetone_pbx::Channel;

use super::{Read, Write};
use crate::applications::parking_lot_name;
use sidetone_functions::{Function, Outcome};

pub(super) const FUNCTION: Function<Read, Write> = Function {
    doc: Doc {
        name: "PARK_GET_CHANNEL",
        synopsis: "Names the channel that is parked on a space",
        syntax: "space[,lot]",
        description: "Empty when nobody is.",
        arguments: &[("space", "The number"), ("lot", "The parking lot; as for Park without it")],
        see_also: &["Park", "ParkedCall"],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: None,
};

fn read(channel: &mut Channel, arguments: &str) -> Outcome {
    let (space, lot) = arguments.split_once(',').unwrap_or((arguments, ""));
    let wrong = || FunctionError::Arguments(format!("'{}' is no space", space.trim()));
    let space: u32 = space.trim().parse().map_err(|_| wrong())?;
    let lot = parking_lot_name(channel, lot);
    let parking = channel.exchange().parking();
    let found = parking.of(&lot).find(|parked| parked.space == space);
    Ok(found.map(|parked| parked.name.clone()).unwrap_or_default())
}
