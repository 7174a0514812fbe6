//! `SendText`: write to whoever is in the call.

use sidetone_dialplan::{Doc, Flow, Host as _, Stop};
use sidetone_pbx::Channel;

pub(super) const DOC: Doc = Doc {
    name: "SendText",
    synopsis: "Write to whoever is in the call",
    syntax: "[text]",
    description: "Sends the text as a SIP MESSAGE inside the call and waits for its answer.",
    arguments: &[("text", "The text; the variable SENDTEXT_BODY without")],
    variables: &[
        ("SENDTEXT_BODY", "The text, when the argument is empty"),
        ("SENDTEXT_CONTENT_TYPE", "Its type; text/plain without"),
        (
            "SENDTEXT_FROM_DISPLAYNAME, SENDTEXT_TO_DISPLAYNAME",
            "Ignored: inside a call From and To are those of the call",
        ),
        ("SENDTEXTSTATUS", "SUCCESS, FAILURE or UNSUPPORTED"),
        ("SENDTEXTTYPE", "BASIC, or NONE when nothing was sent"),
    ],
    see_also: &["MessageSend"],
    ..Doc::EMPTY
};

pub(super) async fn run(channel: &mut Channel, args: &str) -> Result<Flow, Stop> {
    let text = match args {
        "" => channel.variable("SENDTEXT_BODY").unwrap_or_default(),
        text => text.trim_matches('"').to_owned(),
    };
    for name in ["SENDTEXT_FROM_DISPLAYNAME", "SENDTEXT_TO_DISPLAYNAME"] {
        if channel.variable(name).is_some_and(|value| !value.is_empty()) {
            let whose = "inside a call From and To are those of the call";
            tracing::warn!("{}: SendText: {name} is ignored: {whose}", channel.name());
        }
    }
    let kind = channel.variable("SENDTEXT_CONTENT_TYPE").unwrap_or_default();
    if text.is_empty() {
        channel.set("SENDTEXTSTATUS", "FAILURE");
        channel.set("SENDTEXTTYPE", "NONE");
        return Ok(Flow::Next);
    }
    let status = match channel.send_text(&kind, &text).await? {
        200..=299 => "SUCCESS",
        405 | 415 | 488 | 501 => "UNSUPPORTED",
        _ => "FAILURE",
    };
    channel.set("SENDTEXTSTATUS", status);
    channel.set("SENDTEXTTYPE", "BASIC");
    Ok(Flow::Next)
}
