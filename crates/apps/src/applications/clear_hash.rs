//! `ClearHash`: forgets a table of the channel.

use sidetone_dialplan::{Doc, Flow, Stop};
use sidetone_functions::Hashes;
use sidetone_pbx::Channel;

pub(super) const DOC: Doc = Doc {
    name: "ClearHash",
    synopsis: "Forget a table",
    syntax: "hashname",
    description: "Removes all fields that HASH() has set in the table.",
    arguments: &[("hashname", "The table")],
    see_also: &["HASH", "HASHKEYS"],
    ..Doc::EMPTY
};

pub(super) async fn run(channel: &mut Channel, args: &str) -> Result<Flow, Stop> {
    channel.extra::<Hashes>().clear(args.trim());
    Ok(Flow::Next)
}
