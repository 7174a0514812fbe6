//! `CHANNEL`: facts of the channel.

use sidetone_dialplan::{Doc, FunctionError};
use sidetone_pbx::Channel;
use sidetone_sdp::plan::{MediaKind, Protection, StreamPlan, StreamState};

use super::{Read, Write};
use sidetone_functions::{Function, Outcome};

pub(super) const FUNCTION: Function<Read, Write> = Function {
    doc: Doc {
        name: "CHANNEL",
        synopsis: "Reads facts of the channel",
        syntax: "item[,type]",
        description: "name, state, channeltype, endpoint, aor, contact, context, exten, \
            uniqueid, linkedid, language, musicclass (may be set), accountcode, callid, peerip, \
            secure_signaling, secure_media, audioreadformat, audiowriteformat, \
            videonativeformat; pjsip with call-id, secure, \
            target_uri, local_uri, local_tag, remote_uri, remote_tag, request_uri, t38state, \
            local_addr or remote_addr; and rtp with src, dest, direct, secure or hold, each of \
            audio or video.",
        arguments: &[
            ("item", "What to read"),
            ("type", "Which one, with pjsip and rtp"),
            ("media", "audio (default) or video, with rtp"),
        ],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: Some(write),
};

fn write(channel: &mut Channel, arguments: &str, value: &str) -> Result<(), FunctionError> {
    match arguments.trim().to_ascii_lowercase().as_str() {
        "musicclass" => channel.set_music_class(value.trim()),
        other => {
            return Err(FunctionError::Arguments(format!("'{other}' cannot be set")));
        }
    }
    Ok(())
}

fn read(channel: &mut Channel, arguments: &str) -> Outcome {
    let (item, rest) = arguments.split_once(',').unwrap_or((arguments, ""));
    let item = item.trim();
    if item.eq_ignore_ascii_case("pjsip") {
        return pjsip(channel, rest.trim());
    }
    if item.eq_ignore_ascii_case("rtp") {
        return rtp(channel, rest);
    }
    let codec = |kind| {
        let plan = channel.plan()?;
        let stream = plan.streams.iter().find(|stream| stream.kind == kind)?;
        let codec = stream.codecs.first()?;
        Some(sidetone_sdp::negotiation::CodecSpec::of_plan(codec).config_name().to_owned())
    };
    Ok(match item.to_ascii_lowercase().as_str() {
        "name" => channel.name().to_owned(),
        "state" => channel.state().name().to_owned(),
        "channeltype" => "PJSIP".to_owned(),
        "endpoint" => channel.endpoint().id.clone(),
        "aor" => channel.endpoint().aors.first().cloned().unwrap_or_default(),
        "contact" => channel.sip().names.target_uri.clone(),
        "context" => sidetone_dialplan::Host::position(channel).context.to_string(),
        "exten" => sidetone_dialplan::Host::position(channel).extension.to_string(),
        "uniqueid" => channel.unique_id().to_owned(),
        "linkedid" => channel.linked_id().to_owned(),
        "language" => channel.endpoint().language.clone(),
        "musicclass" => channel.music_class(),
        "accountcode" => channel.endpoint().accountcode.clone(),
        "callid" => call_id(channel),
        "peerip" => channel.flow().map(|flow| flow.remote.ip().to_string()).unwrap_or_default(),
        "secure_signaling" => one_if(channel.flow().is_some_and(|f| f.transport.is_secure())),
        "secure_media" => one_if(channel.plan().is_some_and(|plan| {
            !plan.transports.is_empty()
                && plan.transports.iter().all(|transport| transport.protection != Protection::None)
        })),
        "audionativeformat" | "audioreadformat" | "audiowriteformat" => {
            codec(MediaKind::Audio).unwrap_or_default()
        }
        "videonativeformat" => codec(MediaKind::Video).unwrap_or_default(),
        other => {
            return Err(FunctionError::Arguments(format!("there is no item '{other}'")));
        }
    })
}

/// `rtp,item[,media]`
fn rtp(channel: &Channel, arguments: &str) -> Outcome {
    let (item, media) = arguments.split_once(',').unwrap_or((arguments, ""));
    let kind = match media.trim().to_ascii_lowercase().as_str() {
        "" | "audio" => MediaKind::Audio,
        "video" => MediaKind::Video,
        other => return Err(FunctionError::Arguments(format!("there is no rtp media '{other}'"))),
    };
    let plan = channel.plan();
    let stream = plan.and_then(|plan| {
        let active =
            |stream: &&StreamPlan| stream.kind == kind && stream.state == StreamState::Active;
        plan.streams.iter().find(active)
    });
    let path = plan.zip(stream).and_then(|(plan, stream)| plan.transports.get(stream.transport));
    Ok(match item.trim().to_ascii_lowercase().as_str() {
        "src" => channel.local_media(kind).unwrap_or_default(),
        "dest" => {
            path.and_then(|path| path.remote_rtp).map(|to| to.to_string()).unwrap_or_default()
        }
        // Media always passes through here.
        "direct" => String::new(),
        "secure" => one_if(path.is_some_and(|path| path.protection != Protection::None)),
        "hold" => one_if(stream.is_some_and(|stream| !stream.direction.sends())),
        other => return Err(FunctionError::Arguments(format!("there is no rtp,{other}"))),
    })
}

fn pjsip(channel: &Channel, item: &str) -> Outcome {
    let flow = channel.flow();
    let names = &channel.sip().names;
    Ok(match item {
        "target_uri" => names.target_uri.clone(),
        "local_uri" => names.local_uri.clone(),
        "local_tag" => names.local_tag.clone(),
        "remote_uri" => names.remote_uri.clone(),
        "remote_tag" => names.remote_tag.clone(),
        "t38state" => channel.fax_state().to_owned(),
        "call-id" => call_id(channel),
        "local_addr" => flow.map(|flow| flow.local.to_string()).unwrap_or_default(),
        "remote_addr" => flow.map(|flow| flow.remote.to_string()).unwrap_or_default(),
        "request_uri" => channel
            .request()
            .map(|request| request.uri.to_text().to_str().into_owned())
            .unwrap_or_default(),
        "secure" => one_if(flow.is_some_and(|flow| flow.transport.is_secure())),
        other => {
            return Err(FunctionError::Arguments(format!("there is no pjsip,{other}")));
        }
    })
}

fn call_id(channel: &Channel) -> String {
    channel.sip().names.call_id.clone()
}

fn one_if(yes: bool) -> String {
    if yes { "1" } else { "0" }.to_owned()
}
