//! `Milliwatt`: a constant tone for measuring.

use sidetone_dialplan::{Doc, Flow, Stop};
use sidetone_pbx::Channel;

use super::{answer, tones};

pub(super) const DOC: Doc = Doc {
    name: "Milliwatt",
    synopsis: "Play a constant tone of 1004 Hz",
    syntax: "[options]",
    description: "Plays until the caller hangs up.",
    options: &[
        ("m", "Play the 1004 Hz tone at the level of a milliwatt (0 dBm0): the default here"),
        ("o", "Play 1000 Hz, as old equipment did"),
    ],
    see_also: &["PlayTones"],
    ..Doc::EMPTY
};

pub(super) async fn run(channel: &mut Channel, args: &str) -> Result<Flow, Stop> {
    answer::meet(channel).await?;
    tones::start(channel, if args.contains('o') { "1000" } else { "1004" }).await;
    loop {
        channel.wait(None).await?;
    }
}
