//! `DBdeltree`: removes all values below a place.

use sidetone_dialplan::{Doc, Flow, Stop};
use sidetone_pbx::Channel;

pub(super) const DOC: Doc = Doc {
    name: "DBdeltree",
    synopsis: "Remove all values of a family, or all below a key",
    syntax: "family[/keytree]",
    description: "Removes what DB() keeps there: the entry of that name and all below it, or the \
                  whole family.",
    arguments: &[
        ("family", "A group of keys"),
        ("keytree", "A key, or its beginning up to a slash"),
    ],
    see_also: &["DB()", "DB_DELETE()", "DBdel"],
    ..Doc::EMPTY
};

pub(super) async fn run(channel: &mut Channel, args: &str) -> Result<Flow, Stop> {
    let args = args.trim();
    let (family, tree) = args.split_once('/').unwrap_or((args, ""));
    if family.is_empty() {
        tracing::warn!("{}: DBdeltree({args}): a family is needed", channel.name());
        return Ok(Flow::Next);
    }
    let count = channel.exchange().database().delete_tree(family, tree);
    tracing::debug!("{}: DBdeltree({args}) removed {count} entries", channel.name());
    Ok(Flow::Next)
}
