//! `REDIRECTING`: who forwarded the call.

use sidetone_dialplan::{Doc, FunctionError};
use sidetone_pbx::Channel;

use super::{Read, Write, party};
use sidetone_functions::{Function, Outcome, Written};

const REASONS: &[(&str, &str)] = &[
    ("unknown", "unknown"),
    ("cfb", "user-busy"),
    ("cfnr", "no-answer"),
    ("unavailable", "unavailable"),
    ("cfu", "unconditional"),
    ("time_of_day", "time-of-day"),
    ("dnd", "do-not-disturb"),
    ("deflection", "deflection"),
    ("follow_me", "follow-me"),
    ("out_of_order", "out-of-service"),
    ("away", "away"),
    ("cf_dte", "cf_dte"),
    ("send_to_vm", "send_to_vm"),
];

pub(super) const FUNCTION: Function<Read, Write> = Function {
    doc: Doc {
        name: "REDIRECTING",
        synopsis: "Reads or sets who forwarded the call",
        syntax: "datatype[,i]",
        description: "from- is who forwarded the call last, orig- who was called first, to- where \
            it goes; behind them stand the parts of CALLERID, as in from-num. reason and \
            orig-reason are cfu, cfb, cfnr, unavailable, deflection, dnd, away, follow_me, \
            time_of_day, out_of_order or unknown; count says how often. Calls that are made from \
            here carry it as Diversion or History-Info (send_diversion, send_history_info).",
        arguments: &[
            ("datatype", "from-num, orig-name, to-num, reason, count …"),
            ("i", "Accepted and without effect: nothing is sent before the next call"),
        ],
        see_also: &["CALLERID", "CONNECTEDLINE"],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: Some(write),
};

fn read(channel: &mut Channel, arguments: &str) -> Outcome {
    let redirecting = &channel.sip().redirecting;
    let item = datatype(arguments);
    match item.strip_prefix("priv-").unwrap_or(item) {
        "reason" => Ok(word(&redirecting.reason)),
        "orig-reason" => Ok(word(&redirecting.orig_reason)),
        "count" => Ok(redirecting.count.to_string()),
        item => {
            let (whose, part) = split(item)?;
            party::read(
                match whose {
                    "orig" => &redirecting.orig,
                    "to" => &redirecting.to,
                    _ => &redirecting.from,
                },
                part,
            )
        }
    }
}

fn write(channel: &mut Channel, arguments: &str, value: &str) -> Written {
    let redirecting = &mut channel.sip_mut().redirecting;
    let item = datatype(arguments);
    match item.strip_prefix("priv-").unwrap_or(item) {
        "reason" => redirecting.reason = reason(value)?,
        "orig-reason" => redirecting.orig_reason = reason(value)?,
        "count" => {
            let wrong = || FunctionError::Arguments(format!("'{value}' is no number"));
            redirecting.count = value.trim().parse().map_err(|_| wrong())?;
        }
        item => {
            let (whose, part) = split(item)?;
            let party = match whose {
                "orig" => &mut redirecting.orig,
                "to" => &mut redirecting.to,
                _ => &mut redirecting.from,
            };
            party::write(party, part, value)?;
        }
    }
    Ok(())
}

fn datatype(arguments: &str) -> &str {
    arguments.split(',').next().unwrap_or_default().trim()
}

fn split(item: &str) -> Result<(&str, &str), FunctionError> {
    let parts = item.split_once('-').filter(|(whose, _)| matches!(*whose, "orig" | "from" | "to"));
    parts.ok_or_else(|| FunctionError::Arguments(format!("there is no '{item}'")))
}

/// The dialplan's word for a reason.
fn word(reason: &str) -> String {
    let known = REASONS.iter().find(|(_, header)| *header == reason);
    known.map_or(if reason.is_empty() { "unknown" } else { reason }, |(word, _)| word).to_owned()
}

/// The header's word for a reason.
fn reason(value: &str) -> Result<String, FunctionError> {
    let value = value.trim();
    let known = REASONS.iter().find(|(word, header)| *word == value || *header == value);
    known.map(|(_, header)| (*header).to_owned()).ok_or_else(|| {
        let words: Vec<&str> = REASONS.iter().map(|(word, _)| *word).collect();
        FunctionError::Arguments(format!("'{value}' is none of {}", words.join(", ")))
    })
}
