//! `PJSIP_SEND_SESSION_REFRESH`: a re-INVITE or UPDATE now.

use sidetone_dialplan::{Doc, FunctionError};
use sidetone_pbx::Channel;
use sidetone_pbx::channel::Control;

use super::{Read, Write};
use sidetone_functions::{Function, Written};

pub(super) const FUNCTION: Function<Read, Write> = Function {
    doc: Doc {
        name: "PJSIP_SEND_SESSION_REFRESH",
        synopsis: "Refreshes the session at once",
        syntax: "",
        description: "Set(PJSIP_SEND_SESSION_REFRESH()=invite) offers the peer anew what was \
            agreed, update sends UPDATE without a description. It goes out when the channel waits \
            next; nothing happens before the answer.",
        ..Doc::EMPTY
    },
    read: None,
    write: Some(write),
};

fn write(channel: &mut Channel, _: &str, value: &str) -> Written {
    let update = match value.trim().to_ascii_lowercase().as_str() {
        "" | "invite" => false,
        "update" => true,
        other => {
            let text = format!("'{other}' is neither invite nor update");
            return Err(FunctionError::Arguments(text));
        }
    };
    // A full inbox is being ended by the shard.
    let _ = channel.inbox().try_send(Control::Refresh { update }.into());
    Ok(())
}
