//! `PJSIP_MEDIA_OFFER`: the codecs of our next offer.

use sidetone_dialplan::{Doc, FunctionError};
use sidetone_pbx::Channel;
use sidetone_sdp::plan::MediaKind;

use super::{Read, Write};
use sidetone_functions::{Function, Outcome, Written};

pub(super) const FUNCTION: Function<Read, Write> = Function {
    doc: Doc {
        name: "PJSIP_MEDIA_OFFER",
        synopsis: "Reads or chooses the codecs of our offers on this channel",
        syntax: "media",
        description: "Set to names of codecs with commas between, best first, as in ulaw,alaw: \
            they must be among those of allow. Set it where the offer is still to come: on a \
            called channel before it is called (option b of Dial), or before a re-INVITE. Empty \
            lets the exchange choose again.",
        arguments: &[("media", "audio or video")],
        see_also: &["CHANNEL"],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: Some(write),
};

fn kind(arguments: &str) -> Result<MediaKind, FunctionError> {
    match arguments.trim().to_ascii_lowercase().as_str() {
        "audio" => Ok(MediaKind::Audio),
        "video" => Ok(MediaKind::Video),
        other => Err(FunctionError::Arguments(format!("'{other}' is neither audio nor video"))),
    }
}

fn read(channel: &mut Channel, arguments: &str) -> Outcome {
    let codecs = channel.media_offer(kind(arguments)?);
    Ok(codecs.unwrap_or_default().join(","))
}

fn write(channel: &mut Channel, arguments: &str, value: &str) -> Written {
    channel.set_media_offer(kind(arguments)?, value).map_err(FunctionError::Arguments)
}
