//! `PJSIP_HEADER`: headers of the INVITE.

use sidetone_dialplan::{Doc, FunctionError};
use sidetone_pbx::Channel;

use super::{Read, Write};
use crate::functions::{Function, Outcome};

pub(super) const FUNCTION: Function<Read, Write> = Function {
    doc: Doc {
        name: "PJSIP_HEADER",
        synopsis: "Reads headers of the INVITE that began the channel",
        syntax: "action,name[,number]",
        description: "The action is read; adding, updating and removing headers of an outgoing \
            call are not available yet. A name that ends with * finds the first header that \
            begins so.",
        arguments: &[
            ("action", "read"),
            ("name", "The header's name"),
            ("number", "Which one of several, from 1"),
        ],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: None,
};

fn read(channel: &mut Channel, arguments: &str) -> Outcome {
    let mut parts = arguments.split(',').map(str::trim);
    let (action, name) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    if !action.eq_ignore_ascii_case("read") {
        let text = format!("the action '{action}' is not available, only read");
        return Err(FunctionError::Arguments(text));
    }
    if name.is_empty() {
        return Err(FunctionError::Arguments("write the header's name".to_owned()));
    }
    let number: usize = match parts.next() {
        None | Some("") => 1,
        Some(text) => text
            .parse()
            .ok()
            .filter(|number| *number > 0)
            .ok_or_else(|| FunctionError::Arguments(format!("'{text}' is no number from 1")))?,
    };
    let values = channel.request().map(|request| values(request, name)).unwrap_or_default();
    Ok(values.into_iter().nth(number - 1).unwrap_or_default())
}

fn values(request: &sidetone_sip::Request, name: &str) -> Vec<String> {
    let prefix = name.strip_suffix('*');
    let lines = request.headers.iter().filter(|line| {
        let line = String::from_utf8_lossy(line.name.as_bytes()).into_owned();
        match prefix {
            Some(prefix) => {
                line.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
            }
            None => line.eq_ignore_ascii_case(name),
        }
    });
    lines.map(|line| line.value.to_str().into_owned()).collect()
}
