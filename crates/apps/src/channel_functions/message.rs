//! `MESSAGE` and `MESSAGE_DATA`: the text that runs the dialplan, or that is to be sent.

use sidetone_dialplan::{Doc, FunctionError};
use sidetone_pbx::Channel;
use sidetone_pbx::text::TextMessage;

use super::{Read, Write};
use sidetone_functions::{Function, Outcome, Written};

pub(super) const MESSAGE: Function<Read, Write> = Function {
    doc: Doc {
        name: "MESSAGE",
        synopsis: "Reads or writes a text outside calls",
        syntax: "argument",
        description: "A MESSAGE outside a call runs the extension it was sent to, in the \
            message_context of its endpoint. to, from and body are read there; set before \
            MessageSend(), they are sent. custom_data takes mark_all_outbound, which changes \
            nothing here, or clear_all_outbound, which forgets every MESSAGE_DATA.",
        arguments: &[("argument", "to, from, body or custom_data")],
        see_also: &["MESSAGE_DATA", "MessageSend"],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: Some(write),
};

pub(super) const DATA: Function<Read, Write> = Function {
    doc: Doc {
        name: "MESSAGE_DATA",
        synopsis: "Reads or writes a header of a text outside calls",
        syntax: "argument",
        description: "Read, it gives a header that came with the text; set, it adds one to the \
            text that MessageSend() sends. Headers that SIP itself needs are not sent on.",
        arguments: &[("argument", "The header's name")],
        see_also: &["MESSAGE", "MessageSend"],
        ..Doc::EMPTY
    },
    read: Some(read_data),
    write: Some(write_data),
};

fn message(channel: &mut Channel) -> &mut TextMessage {
    channel.sip_mut().message.get_or_insert_default()
}

fn read(channel: &mut Channel, arguments: &str) -> Outcome {
    let Some(message) = channel.sip().message.as_deref() else {
        return Ok(String::new());
    };
    match arguments.trim().to_ascii_lowercase().as_str() {
        "to" => Ok(message.to.clone()),
        "from" => Ok(message.from.clone()),
        "body" => Ok(message.body.clone()),
        other => Err(FunctionError::Arguments(format!("there is no '{other}'"))),
    }
}

fn write(channel: &mut Channel, arguments: &str, value: &str) -> Written {
    let message = message(channel);
    let line: String = value.chars().filter(|c| !c.is_control()).collect();
    match arguments.trim().to_ascii_lowercase().as_str() {
        "to" => message.to = line,
        "from" => message.from = line,
        "body" => value.clone_into(&mut message.body),
        "custom_data" => match line.trim() {
            "mark_all_outbound" => {}
            "clear_all_outbound" => message.data.clear(),
            other => {
                let text = format!("'{other}' is neither mark_all_outbound nor clear_all_outbound");
                return Err(FunctionError::Arguments(text));
            }
        },
        other => return Err(FunctionError::Arguments(format!("'{other}' cannot be set"))),
    }
    Ok(())
}

fn read_data(channel: &mut Channel, arguments: &str) -> Outcome {
    let Some(message) = channel.sip().message.as_deref() else {
        return Ok(String::new());
    };
    let name = arguments.trim();
    let found = message.data.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    Ok(found.map(|(_, value)| value.clone()).unwrap_or_default())
}

fn write_data(channel: &mut Channel, arguments: &str, value: &str) -> Written {
    let name = arguments.trim();
    let is_token = |c: char| c.is_ascii_alphanumeric() || "-.!%*_+`'~".contains(c);
    if name.is_empty() || !name.chars().all(is_token) {
        return Err(FunctionError::Arguments(format!("'{name}' is no header name")));
    }
    let value: String = value.chars().filter(|c| !c.is_control()).collect();
    if message(channel).set_data(name, value.trim()) {
        return Ok(());
    }
    Err(FunctionError::Arguments("too many headers".to_owned()))
}
