//! `CHANNEL`: facts of the channel.

use sidetone_dialplan::target::Call;
use sidetone_dialplan::{Doc, FunctionError, Handler, Host as _};
use sidetone_pbx::Channel;
use sidetone_sdp::plan::{MediaKind, Protection, StreamPlan, StreamState};

use super::{Read, Write};
use sidetone_functions::{Function, Outcome};

pub(super) const FUNCTION: Function<Read, Write> = Function {
    doc: Doc {
        name: "CHANNEL",
        synopsis: "Reads and sets facts of the channel",
        syntax: "item[,type]",
        description: "Read and set: language, musicclass, accountcode, userfield. Set only: \
            hangup_handler_push to [[context,]exten,]priority[(arguments)]; hangup_handler_pop and \
            hangup_handler_wipe, to nothing or to what takes the place of the last handler, or of \
            all. Read only: name, channame, state, channeltype, endpoint, aor, \
            contact, context, exten, appname, appdata, uniqueid, linkedid, callid, peerip, \
            checkhangup, onhold, callgroup, pickupgroup, namedcallgroup, namedpickupgroup, \
            secure_signaling, secure_media, audionativeformat, audioreadformat, \
            audiowriteformat, videonativeformat; pjsip with call-id, secure, target_uri, \
            local_uri, local_tag, remote_uri, remote_tag, request_uri, t38state, local_addr or \
            remote_addr; and rtp with src, dest, direct, secure or hold, each of audio or video.",
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

/// Items of the reference that are not here.
const NOT_THERE: &[&str] = &[
    "after_bridge_goto",
    "amaflags",
    "digitdetect",
    "dtmf_features",
    "faxdetect",
    "hangupsource",
    "lastcontext",
    "lastexten",
    "max_forwards",
    "parkinglot",
    "relaxdtmf",
    "rxgain",
    "secure_bridge_media",
    "secure_bridge_signaling",
    "tdd",
    "tenantid",
    "tonezone",
    "transfercapability",
    "txgain",
];

fn unknown(item: &str) -> FunctionError {
    let words = match NOT_THERE.contains(&item) {
        true => format!("CHANNEL({item}) is not there yet"),
        false => format!("there is no item '{item}'"),
    };
    FunctionError::Arguments(words)
}

fn write(channel: &mut Channel, arguments: &str, value: &str) -> Result<(), FunctionError> {
    let value = value.trim();
    match arguments.trim().to_ascii_lowercase().as_str() {
        "musicclass" => channel.set_music_class(value),
        "language" => channel.set_language(value),
        "accountcode" => channel.set_account_code(value),
        "userfield" => channel.set_user_field(value),
        "hangup_handler_push" => push_handler(channel, value)?,
        "hangup_handler_pop" => {
            channel.stack().pop_handler();
            replace_handler(channel, value)?;
        }
        "hangup_handler_wipe" => {
            channel.stack().wipe_handlers();
            replace_handler(channel, value)?;
        }
        other => {
            let known = read(channel, other).is_ok();
            let cannot = || FunctionError::Arguments(format!("'{other}' cannot be set"));
            return Err(if known { cannot() } else { unknown(other) });
        }
    }
    Ok(())
}

/// The handler that comes in place of those taken away, if one is named.
fn replace_handler(channel: &mut Channel, text: &str) -> Result<(), FunctionError> {
    if text.is_empty() { Ok(()) } else { push_handler(channel, text) }
}

/// A subroutine for the end of the call: `[[context,]exten,]priority[(argument,…)]`.
fn push_handler(channel: &mut Channel, text: &str) -> Result<(), FunctionError> {
    let wrong = |why: &str| FunctionError::Arguments(format!("hangup handler '{text}': {why}"));
    let call = Call::new(text).ok_or_else(|| wrong("write [[context,]exten,]priority[(args)]"))?;
    let from = channel.position();
    let to = call.target.resolve_for(channel, &from).ok_or_else(|| wrong("no such label"))?;
    let handler = Handler { to, arguments: call.arguments };
    let taken = channel.stack().push_handler(handler);
    taken.then_some(()).ok_or_else(|| wrong("the channel has too many already"))
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
        "name" | "channame" => channel.name().to_owned(),
        "state" => channel.state().name().to_owned(),
        // `Local/…`, `PJSIP/…`
        "channeltype" => channel.name().split('/').next().unwrap_or_default().to_owned(),
        "endpoint" => channel.endpoint().id.clone(),
        "aor" => channel.endpoint().aors.first().cloned().unwrap_or_default(),
        "contact" => channel.sip().names.target_uri.clone(),
        "context" => channel.position().context.to_string(),
        "exten" => channel.position().extension.to_string(),
        "uniqueid" => channel.unique_id().to_owned(),
        "linkedid" => channel.linked_id().to_owned(),
        "appname" => channel.application().0,
        "appdata" => channel.application().1,
        "checkhangup" => one_if(channel.is_stopped()),
        "language" => channel.language(),
        "musicclass" => channel.music_class(),
        "accountcode" => channel.account_code().to_owned(),
        "userfield" => channel.user_field().to_owned(),
        "callgroup" => numbers(channel.endpoint().groups.call),
        "pickupgroup" => numbers(channel.endpoint().groups.pickup),
        "namedcallgroup" => channel.endpoint().groups.named_call.join(","),
        "namedpickupgroup" => channel.endpoint().groups.named_pickup.join(","),
        "onhold" => return rtp(channel, "hold"),
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
        other => return Err(unknown(other)),
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

/// The groups of which a bit is set, as the configuration lists them.
fn numbers(groups: u64) -> String {
    let set = (0..64).filter(|group| groups >> group & 1 == 1);
    set.map(|group: u32| group.to_string()).collect::<Vec<_>>().join(",")
}

fn one_if(yes: bool) -> String {
    if yes { "1" } else { "0" }.to_owned()
}
