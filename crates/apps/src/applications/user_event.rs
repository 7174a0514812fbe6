//! `UserEvent`: the dialplan tells whoever listens.

use sidetone_dialplan::{Doc, Flow, Stop};
use sidetone_events::Event;
use sidetone_pbx::Channel;

pub(super) const DOC: Doc = Doc {
    name: "UserEvent",
    synopsis: "Publish an event of your own",
    syntax: "eventname[,key: value[,…]]",
    description: "Publishes an event with the name and the fields given.",
    arguments: &[("eventname", "Its name"), ("key: value", "A field")],
    ..Doc::EMPTY
};

pub(super) async fn run(channel: &mut Channel, args: &str) -> Result<Flow, Stop> {
    let mut parts = args.split(',');
    let name = parts.next().unwrap_or_default().trim().to_owned();
    let fields = parts.map(|field| {
        let (key, value) = field.split_once(':').unwrap_or((field, ""));
        (key.trim().to_owned(), value.trim().to_owned())
    });
    let fields = fields.collect();
    // Here and not by who follows the bus, so that it is one of the channel's lines.
    tracing::info!(target: "verbose", "UserEvent {name}: {fields:?}");
    channel.exchange().bus().publish(Event::User { channel: channel.id(), name, fields });
    Ok(Flow::Next)
}
