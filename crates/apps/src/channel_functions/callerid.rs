//! `CALLERID`: who calls.

use sidetone_dialplan::{Doc, FunctionError};
use sidetone_pbx::Channel;

use super::{Read, Write, party};
use sidetone_functions::{Function, Outcome, Written};

pub(super) const FUNCTION: Function<Read, Write> = Function {
    doc: Doc {
        name: "CALLERID",
        synopsis: "Reads or sets who calls",
        syntax: "datatype",
        description: "num is the number, name the display name, all both as \"name\" <number>, \
            pres whether it may be shown (such as prohib), tag a mark of the dialplan's own; \
            further name-valid, name-charset, name-pres, num-valid, num-plan, num-pres, subaddr, \
            subaddr-valid, subaddr-type, subaddr-odd. The same behind priv- and ANI- is the \
            caller too. DNID is what was dialled, RDNIS who forwarded the call. What is set is \
            shown to whoever is called.",
        arguments: &[("datatype", "num, name, all, pres, tag, ANI-num, DNID, RDNIS …")],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: Some(write),
};

fn read(channel: &mut Channel, arguments: &str) -> Outcome {
    let item = datatype(arguments);
    match item.to_ascii_lowercase().as_str() {
        "dnid" => Ok(channel.dialled().to_owned()),
        "dnid-num-plan" | "ani2" => Ok("0".to_owned()),
        "rdnis" => Ok(channel.sip().redirecting.from.number.clone()),
        _ => party::read(channel.caller(), own(item)),
    }
}

fn write(channel: &mut Channel, arguments: &str, value: &str) -> Written {
    let item = datatype(arguments);
    if item.eq_ignore_ascii_case("rdnis") {
        return party::write(&mut channel.sip_mut().redirecting.from, "num", value);
    }
    if matches!(item.to_ascii_lowercase().as_str(), "dnid" | "dnid-num-plan" | "ani2") {
        return Err(FunctionError::Arguments(format!("'{item}' cannot be set")));
    }
    let mut caller = channel.caller().clone();
    party::write(&mut caller, own(item), value)?;
    channel.set_caller(caller);
    Ok(())
}

/// There is one identity of the caller: what others keep beside it is the same.
fn own(item: &str) -> &str {
    if item.eq_ignore_ascii_case("ani") {
        return "num";
    }
    let behind = |prefix: &str| {
        let start = item.get(..prefix.len())?;
        start.eq_ignore_ascii_case(prefix).then(|| &item[prefix.len()..])
    };
    behind("priv-").or_else(|| behind("ani-")).unwrap_or(item)
}

fn datatype(arguments: &str) -> &str {
    arguments.split(',').next().unwrap_or_default().trim()
}
