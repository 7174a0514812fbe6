//! `PJSIP_DIAL_CONTACTS`: the contacts of an endpoint as Dial takes them.

use sidetone_dialplan::{Doc, FunctionError};
use sidetone_pbx::Channel;

use super::{Read, Write};
use crate::applications::contacts_of;
use sidetone_functions::{Function, Outcome};

pub(super) const FUNCTION: Function<Read, Write> = Function {
    doc: Doc {
        name: "PJSIP_DIAL_CONTACTS",
        synopsis: "Lists the contacts of an endpoint as Dial takes them",
        syntax: "endpoint[,aor[,request_user]]",
        description: "Each contact as PJSIP/endpoint/uri, with & between.",
        arguments: &[
            ("endpoint", "Whose contacts"),
            ("aor", "Only those of this address of record"),
            ("request_user", "Put this user into each URI"),
        ],
        see_also: &["Dial"],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: None,
};

fn read(channel: &mut Channel, arguments: &str) -> Outcome {
    let mut parts = arguments.split(',').map(str::trim);
    let name = parts.next().unwrap_or_default();
    let aor = parts.next().filter(|aor| !aor.is_empty());
    let user = parts.next().filter(|user| !user.is_empty());
    let config = channel.exchange().config();
    let endpoint = config.endpoints.get(name);
    let endpoint =
        endpoint.ok_or_else(|| FunctionError::Failed(format!("there is no endpoint '{name}'")))?;
    Ok(contacts_of(channel.exchange(), endpoint, aor, user).join("&"))
}
