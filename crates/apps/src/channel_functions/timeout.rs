//! `TIMEOUT`: how long the call, a digit, or an answer to a prompt may take.

use std::time::Duration;

use sidetone_dialplan::{Doc, FunctionError};
use sidetone_pbx::Channel;

use super::{Read, Write};
use sidetone_functions::{Function, Outcome, Written};

pub(super) const FUNCTION: Function<Read, Write> = Function {
    doc: Doc {
        name: "TIMEOUT",
        synopsis: "Reads or sets time-outs of the channel",
        syntax: "timeouttype",
        description: "absolute ends the call that many seconds from now (extension T); digit is \
            the time between digits, 5 by default; response the time for the first, 10.",
        arguments: &[("timeouttype", "absolute, digit or response")],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: Some(write),
};

/// The variable a time-out is kept in; the name cannot be written in a dialplan by accident.
fn variable(kind: &str) -> Result<&'static str, FunctionError> {
    match kind.trim().to_ascii_lowercase().as_str() {
        "absolute" => Ok("TIMEOUT(absolute)"),
        "digit" => Ok("TIMEOUT(digit)"),
        "response" => Ok("TIMEOUT(response)"),
        other => Err(FunctionError::Arguments(format!("there is no time-out '{other}'"))),
    }
}

fn read(channel: &mut Channel, arguments: &str) -> Outcome {
    let value = channel.variables().value(variable(arguments)?);
    let default = match arguments.trim().to_ascii_lowercase().as_str() {
        "digit" => "5",
        "response" => "10",
        _ => "0",
    };
    Ok(value.unwrap_or(default).to_owned())
}

fn write(channel: &mut Channel, arguments: &str, value: &str) -> Written {
    let name = variable(arguments)?;
    let seconds: f64 =
        value.trim().parse().ok().filter(|seconds| (0.0..=86_400.0).contains(seconds)).ok_or_else(
            || FunctionError::Arguments(format!("'{value}' is no number of seconds")),
        )?;
    channel.set(name, value.trim());
    if name == "TIMEOUT(absolute)" {
        let deadline = (seconds > 0.0).then(|| channel.until(Duration::from_secs_f64(seconds)));
        channel.set_absolute_deadline(deadline);
    }
    Ok(())
}
