//! `Playtones`: a tone while the dialplan goes on.

use sidetone_dialplan::{Doc, Flow, Stop};
use sidetone_pbx::Channel;

use super::tones;

pub(super) const DOC: Doc = Doc {
    name: "PlayTones",
    synopsis: "Play a tone while the dialplan goes on",
    syntax: "arg",
    description: "Plays until StopPlayTones, or until something else is played.",
    arguments: &[(
        "arg",
        "A name (busy, congestion, dial, dialrecall, info, record, ring) or a list such as \
         425/500,0/500; ! marks steps that are played once, + adds a second frequency",
    )],
    see_also: &["StopPlayTones"],
    ..Doc::EMPTY
};

pub(super) async fn run(channel: &mut Channel, args: &str) -> Result<Flow, Stop> {
    tones::start(channel, args).await;
    Ok(Flow::Next)
}
