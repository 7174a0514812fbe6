//! `PJSIP_HEADER_PARAM`: parameters of From.

use sidetone_dialplan::{Doc, FunctionError};
use sidetone_pbx::Channel;
use sidetone_pbx::channel::FromParam;
use sidetone_sip::headers::From;

use super::{Read, Write};
use sidetone_functions::{Function, Outcome, Written};

/// Parameters one call may add.
const MOST: usize = 16;

pub(super) const FUNCTION: Function<Read, Write> = Function {
    doc: Doc {
        name: "PJSIP_HEADER_PARAM",
        synopsis: "Reads or sets a parameter of the From header or of its URI",
        syntax: "header_name,parameter_type,parameter_name",
        description: "Read, it gives a parameter of the INVITE that began the channel; set in a \
            pre-dial handler, it adds one to the INVITE of the channel that is being called.",
        arguments: &[
            ("header_name", "From; there is no other"),
            ("parameter_type", "header, or uri for one inside < >"),
            ("parameter_name", "Its name"),
        ],
        see_also: &["PJSIP_HEADER"],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: Some(write),
};

fn parse(arguments: &str) -> Result<(bool, &str), FunctionError> {
    let parts: Vec<&str> = arguments.split(',').map(str::trim).collect();
    let wrong = |text: &str| Err(FunctionError::Arguments(text.to_owned()));
    let &[header, kind, name] = parts.as_slice() else {
        return wrong("write the header, header or uri, and the parameter's name");
    };
    if !header.eq_ignore_ascii_case("from") {
        return wrong("only From has parameters here");
    }
    let is_token = |c: char| c.is_ascii_alphanumeric() || "-.!%*_+`'~".contains(c);
    if name.is_empty() || !name.chars().all(is_token) {
        return wrong("the parameter's name is missing or no word");
    }
    match kind.to_ascii_lowercase().as_str() {
        "header" => Ok((false, name)),
        "uri" => Ok((true, name)),
        _ => wrong("the parameter's type is header or uri"),
    }
}

fn read(channel: &mut Channel, arguments: &str) -> Outcome {
    let (in_uri, name) = parse(arguments)?;
    let Some(invite) = channel.request() else {
        let own = channel.sip().from_params.iter();
        let mut own = own.filter(|own| own.in_uri == in_uri && own.name.eq_ignore_ascii_case(name));
        return Ok(own.next().map(|own| own.value.clone()).unwrap_or_default());
    };
    let Some(from) = invite.headers.typed::<From>().ok().flatten() else {
        return Ok(String::new());
    };
    let value = if in_uri {
        from.uri.as_sip().and_then(|uri| uri.params.value(name).cloned())
    } else {
        from.params.value(name).cloned()
    };
    Ok(value.map(|value| value.unquoted().to_str().into_owned()).unwrap_or_default())
}

fn write(channel: &mut Channel, arguments: &str, value: &str) -> Written {
    let (in_uri, name) = parse(arguments)?;
    let fine = |c: char| c.is_ascii_alphanumeric() || "-.!%*_+`'~:[]/".contains(c);
    if !value.chars().all(fine) || name.eq_ignore_ascii_case("tag") {
        let text = format!("'{value}' cannot be the value of {name}");
        return Err(FunctionError::Arguments(text));
    }
    let params = &mut channel.sip_mut().from_params;
    params.retain(|own| own.in_uri != in_uri || !own.name.eq_ignore_ascii_case(name));
    if params.len() >= MOST {
        return Err(FunctionError::Arguments("too many parameters were added".to_owned()));
    }
    params.push(FromParam { in_uri, name: name.to_owned(), value: value.to_owned() });
    Ok(())
}
