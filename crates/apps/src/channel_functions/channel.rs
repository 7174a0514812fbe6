//! `CHANNEL`: facts of the channel.

use std::sync::Arc;

use sidetone_config::table::truth;
use sidetone_dialplan::target::{Call, Target};
use sidetone_dialplan::{Doc, FunctionError, Handler, Host as _, Position};
use sidetone_pbx::Channel;
use sidetone_sdp::plan::{MediaKind, Protection, StreamPlan, StreamState};

use super::{Read, Write};
use crate::applications::{
    allow_forwards, demand_security, demands_security, forwards_left, own_lot, set_own_lot,
};
use sidetone_functions::{Function, Outcome};

pub(super) const FUNCTION: Function<Read, Write> = Function {
    doc: Doc {
        name: "CHANNEL",
        synopsis: "Reads and sets facts of the channel",
        syntax: "item[,type]",
        description: "Read and set: language, musicclass, accountcode, userfield, \
            parkinglot; \
            after_bridge_goto, the place ([[context,]exten,]priority) where the channel goes on \
            after its next bridge if it stays; max_forwards, how often the call may be forwarded \
            yet; secure_bridge_signaling and secure_bridge_media, whether Dial calls only those \
            whose signalling or media is encrypted, 1 or 0. Set only: hangup_handler_push, to \
            [[context,]exten,]priority[(arguments)]; hangup_handler_pop and hangup_handler_wipe, \
            to nothing or to what takes the place of the last handler, or of all. Read only: \
            name, channame, state, channeltype, endpoint, aor, contact, context, exten, appname, \
            appdata, uniqueid, linkedid, callid, peerip, checkhangup, hangupsource (the channel \
            that hung up last), lastcontext, lastexten, onhold, callgroup, pickupgroup, \
            namedcallgroup, namedpickupgroup, secure_signaling, secure_media, audionativeformat, \
            audioreadformat, audiowriteformat, videonativeformat; pjsip with call-id, secure, \
            target_uri, local_uri, local_tag, remote_uri, remote_tag, request_uri, t38state, \
            local_addr or remote_addr; rtp with src, dest, direct, secure or hold; and rtcp with \
            ssrc, themssrc, rxploss, rxjitter, rxcount, txjitter, txcount, txploss, rtt or all \
            of these, times in seconds; rtp and rtcp each of audio or video.",
        arguments: &[
            ("item", "What to read"),
            ("type", "Which one, with pjsip, rtp and rtcp"),
            ("media", "audio (default) or video, with rtp and rtcp"),
        ],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: Some(write),
};

/// Items of the reference that are not here, and why.
const NOT_THERE: &[(&str, &str)] = &[
    ("adsicpe", "there are no analogue lines"),
    ("amaflags", "it waits for call records"),
    ("digitdetect", "the endpoint's dtmf_mode says what is listened for"),
    ("dtmf_features", "it waits for recording; options of Dial and Bridge give rights"),
    ("faxdetect", "it waits for fax_detect"),
    ("relaxdtmf", "there is one way to hear tones"),
    ("rxgain", "it waits for VOLUME"),
    ("tdd", "text travels beside the sound (T.140), not in it"),
    ("tenantid", "it waits for call records"),
    ("tonezone", "it waits for indications.conf"),
    ("transfercapability", "there are no ISDN lines"),
    ("txgain", "it waits for VOLUME"),
];

fn unknown(item: &str) -> FunctionError {
    let words = match NOT_THERE.iter().find(|(name, _)| *name == item) {
        Some((_, why)) => format!("CHANNEL({item}) is not there: {why}"),
        None => format!("there is no item '{item}'"),
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
        "parkinglot" => set_own_lot(channel, value),
        "after_bridge_goto" => {
            let from = channel.position();
            let to = Target::new(value).and_then(|target| target.resolve_for(channel, &from));
            if to.is_none() && !value.is_empty() {
                let words = format!("after_bridge_goto: '{value}' is no place in the dialplan");
                return Err(FunctionError::Arguments(words));
            }
            channel.told_mut().after_bridge = to;
        }
        "max_forwards" => {
            let wrong = || FunctionError::Arguments("max_forwards: write 0 to 255".to_owned());
            allow_forwards(channel, value.parse().map_err(|_| wrong())?);
        }
        other if demand_security(channel, other, truth(value) == Some(true)) => {}
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
        "parkinglot" => own_lot(channel),
        "callgroup" => numbers(channel.endpoint().groups.call),
        "pickupgroup" => numbers(channel.endpoint().groups.pickup),
        "namedcallgroup" => channel.endpoint().groups.named_call.join(","),
        "namedpickupgroup" => channel.endpoint().groups.named_pickup.join(","),
        "onhold" => return rtp(channel, "hold"),
        "callid" => call_id(channel),
        "after_bridge_goto" => place(channel.told_mut().after_bridge.as_ref()),
        "hangupsource" => channel.told_mut().hung_up_by.clone(),
        "lastcontext" => last(channel, |position| &position.context),
        "lastexten" => last(channel, |position| &position.extension),
        "max_forwards" => forwards_left(channel).to_string(),
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
        other => match demands_security(channel, other) {
            Some(demanded) => one_if(demanded),
            None => return Err(unknown(other)),
        },
    })
}

fn place(position: Option<&Position>) -> String {
    position.map(ToString::to_string).unwrap_or_default()
}

/// Of the extension the channel was in before this one.
fn last(channel: &mut Channel, part: impl Fn(&Position) -> &Arc<str>) -> String {
    channel.told_mut().last.as_ref().map(|last| part(last).to_string()).unwrap_or_default()
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
