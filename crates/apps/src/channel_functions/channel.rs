//! `CHANNEL`: facts of the channel.

use sidetone_dialplan::{Doc, FunctionError};
use sidetone_pbx::Channel;
use sidetone_sip::Name;

use super::{Read, Write};
use crate::functions::{Function, Outcome};

pub(super) const FUNCTION: Function<Read, Write> = Function {
    doc: Doc {
        name: "CHANNEL",
        synopsis: "Reads facts of the channel",
        syntax: "item[,type]",
        description: "name, state, channeltype, endpoint, context, exten, uniqueid, linkedid, \
            language, accountcode, callid, peerip, secure_signaling, secure_media, \
            audioreadformat, audiowriteformat, videonativeformat; and pjsip with call-id, \
            local_addr, remote_addr, request_uri or secure.",
        arguments: &[("item", "What to read"), ("type", "Which one, with pjsip")],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: None,
};

fn read(channel: &mut Channel, arguments: &str) -> Outcome {
    let (item, rest) = arguments.split_once(',').unwrap_or((arguments, ""));
    let item = item.trim();
    if item.eq_ignore_ascii_case("pjsip") {
        return pjsip(channel, rest.trim());
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
        "context" => sidetone_dialplan::Host::position(channel).context.to_string(),
        "exten" => sidetone_dialplan::Host::position(channel).extension.to_string(),
        "uniqueid" => channel.unique_id().to_owned(),
        "linkedid" => channel.linked_id().to_owned(),
        "language" => channel.endpoint().language.clone(),
        "accountcode" => channel.endpoint().accountcode.clone(),
        "callid" => call_id(channel),
        "peerip" => channel.flow().map(|flow| flow.remote.ip().to_string()).unwrap_or_default(),
        "secure_signaling" => one_if(channel.flow().is_some_and(|f| f.transport.is_secure())),
        "secure_media" => one_if(channel.plan().is_some_and(|plan| {
            !plan.transports.is_empty()
                && plan
                    .transports
                    .iter()
                    .all(|transport| transport.protection != sidetone_sdp::plan::Protection::None)
        })),
        "audionativeformat" | "audioreadformat" | "audiowriteformat" => {
            codec(sidetone_sdp::plan::MediaKind::Audio).unwrap_or_default()
        }
        "videonativeformat" => codec(sidetone_sdp::plan::MediaKind::Video).unwrap_or_default(),
        other => {
            return Err(FunctionError::Arguments(format!("there is no item '{other}'")));
        }
    })
}

fn pjsip(channel: &Channel, item: &str) -> Outcome {
    let flow = channel.flow();
    Ok(match item {
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
    let request = channel.request();
    let value = request.and_then(|request| request.headers.value(Name::CallId));
    value.map(|value| value.to_str().into_owned()).unwrap_or_default()
}

fn one_if(yes: bool) -> String {
    if yes { "1" } else { "0" }.to_owned()
}
