//! `Transfer`: send the caller elsewhere, by 302 before the answer, by REFER after it.

use sidetone_dialplan::{Doc, Flow, Stop};
use sidetone_pbx::Channel;
use sidetone_pbx::channel::State;

pub(super) const DOC: Doc = Doc {
    name: "Transfer",
    synopsis: "Send the caller elsewhere",
    syntax: "[Technology/]destination",
    description: "A call that is not answered is refused with 302 and the destination as Contact; \
        of an answered one the phone is asked by REFER to call the destination itself. A Local \
        channel cannot be sent. A bare \
        extension is one of this exchange; otherwise write user@host or a SIP URI.",
    arguments: &[("destination", "An extension, user@host, or a URI")],
    variables: &[
        ("TRANSFERSTATUS", "SUCCESS, FAILURE or UNSUPPORTED"),
        ("TRANSFERSTATUSPROTOCOL", "0, or the SIP status that refused the transfer"),
    ],
    ..Doc::EMPTY
};

pub(super) async fn run(channel: &mut Channel, args: &str) -> Result<Flow, Stop> {
    let Some(uri) = target(channel, args.trim()) else {
        tracing::warn!("{}: Transfer: '{args}' is no destination", channel.name());
        note(channel, "FAILURE", 0);
        return Ok(Flow::Next);
    };
    if channel.is_local() {
        // Behind a Local channel is our own dialplan and nobody who could call elsewhere.
        note(channel, "UNSUPPORTED", 0);
        return Ok(Flow::Next);
    }
    if channel.state() != State::Up {
        let sent = channel.redirect_caller(&uri).await;
        note(channel, if sent { "SUCCESS" } else { "FAILURE" }, 0);
        return Ok(Flow::Next);
    }
    match channel.refer(&uri).await {
        Ok(200..=299) => note(channel, "SUCCESS", 0),
        Ok(501) => note(channel, "UNSUPPORTED", 501),
        Ok(status) => note(channel, "FAILURE", status),
        Err(stop) => {
            // Phones that accepted hang up at once, to do what they were asked for.
            let word = if channel.referral_accepted() { "SUCCESS" } else { "FAILURE" };
            note(channel, word, 0);
            return Err(stop);
        }
    }
    Ok(Flow::Next)
}

fn note(channel: &mut Channel, word: &str, status: u16) {
    channel.set("TRANSFERSTATUS", word);
    channel.set("TRANSFERSTATUSPROTOCOL", status.to_string());
}

/// The URI of a destination.
fn target(channel: &Channel, text: &str) -> Option<String> {
    let text = match text.split_once('/') {
        Some((technology, rest)) if technology.eq_ignore_ascii_case("PJSIP") => rest,
        Some((technology, rest)) if technology.eq_ignore_ascii_case("SIP") => rest,
        _ => text,
    };
    let begins = |scheme: &str| {
        text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    };
    let uri = if begins("sip:") || begins("sips:") || begins("tel:") {
        text.to_owned()
    } else if text.contains('@') {
        format!("sip:{text}")
    } else if text.is_empty() {
        return None;
    } else {
        format!("sip:{text}@{}", channel.own_host()?)
    };
    let fine = !uri.contains(['<', '>', '"', ' ']) && !uri.chars().any(char::is_control);
    (fine && uri.parse::<sidetone_sip::Uri>().is_ok()).then_some(uri)
}
