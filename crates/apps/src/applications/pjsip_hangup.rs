//! `PJSIPHangup`: refuse the call with a SIP status of one's choice.

use sidetone_dialplan::{Doc, Flow, Stop};
use sidetone_pbx::{Cause, Channel};
use sidetone_sip::Status;

pub(super) const DOC: Doc = Doc {
    name: "PJSIPHangup",
    synopsis: "Refuse the call with a SIP status",
    syntax: "cause",
    description: "Ends the call. One that is not answered is refused with the status, whatever \
        its cause would be.",
    arguments: &[("cause", "A status from 400 to 699, or its name, as in busy_here")],
    see_also: &["Hangup"],
    ..Doc::EMPTY
};

pub(super) async fn run(channel: &mut Channel, args: &str) -> Result<Flow, Stop> {
    let Some(status) = status(args.trim()) else {
        tracing::warn!(
            "{}: PJSIPHangup: '{args}' is no status from 400 to 699 and no name of one",
            channel.name()
        );
        return Err(Stop::NORMAL);
    };
    channel.refuse_with(status);
    Err(Stop::Hangup { cause: Cause::from_status(status).0.into() })
}

/// A number, or the standard phrase with anything between its words.
fn status(text: &str) -> Option<u16> {
    if let Ok(number) = text.parse() {
        return (400..700).contains(&number).then_some(number);
    }
    let plain = |text: &str| {
        text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
    };
    let wanted = plain(text);
    let mut all = (400..700).filter_map(Status::new);
    let named = all.find(|status| !wanted.is_empty() && plain(status.reason()) == wanted);
    named.map(|status| status.code())
}

#[cfg(test)]
mod tests {
    use super::status;

    #[test]
    fn a_status_is_a_number_or_a_name() {
        for (text, expected) in [
            ("486", Some(486)),
            ("busy_here", Some(486)),
            ("Not Found", Some(404)),
            ("decline", Some(603)),
            ("200", None),
            ("700", None),
            ("", None),
            ("nonsense", None),
        ] {
            assert_eq!(status(text), expected, "{text}");
        }
    }
}
