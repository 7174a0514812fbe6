//! `DBdel`: removes a value that was kept over restarts.

use sidetone_dialplan::{Doc, Flow, Stop};
use sidetone_pbx::Channel;

pub(super) const DOC: Doc = Doc {
    name: "DBdel",
    synopsis: "Remove a value that was kept over restarts",
    syntax: "family/key",
    description: "Removes what DB() keeps there; nothing happens when there is nothing.",
    arguments: &[("family", "A group of keys"), ("key", "The name within it")],
    see_also: &["DB()", "DB_DELETE()", "DBdeltree"],
    ..Doc::EMPTY
};

pub(super) async fn run(channel: &mut Channel, args: &str) -> Result<Flow, Stop> {
    match args.trim().split_once('/') {
        Some((family, key)) if !family.is_empty() && !key.is_empty() => {
            channel.exchange().database().delete(family, key);
        }
        _ => tracing::warn!(
            "{}: DBdel({args}): a family and a key are needed, as in family/key",
            channel.name()
        ),
    }
    Ok(Flow::Next)
}
