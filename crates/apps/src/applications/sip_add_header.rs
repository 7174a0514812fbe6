//! `SIPAddHeader`: the old way of adding a header to the calls that follow.

use sidetone_dialplan::{Doc, Flow, Stop};
use sidetone_pbx::Channel;
use sidetone_pbx::channel::SipFacts;

pub(super) const DOC: Doc = Doc {
    name: "SIPAddHeader",
    synopsis: "Add a header to the calls that follow",
    syntax: "Header: Content",
    description: "The old name of Set(PJSIP_INHERITABLE_HEADER(add,Header)=Content).",
    arguments: &[("Header: Content", "The header as it stands in the message")],
    see_also: &["PJSIP_INHERITABLE_HEADER", "PJSIP_HEADER"],
    ..Doc::EMPTY
};

pub(super) async fn run(channel: &mut Channel, args: &str) -> Result<Flow, Stop> {
    let line: String = args.chars().filter(|c| !c.is_control()).collect();
    let is_token = |c: char| c.is_ascii_alphanumeric() || "-.!%*_+`'~".contains(c);
    match line.split_once(':').map(|(name, value)| (name.trim(), value.trim())) {
        Some((name, value)) if !name.is_empty() && name.chars().all(is_token) => {
            if !SipFacts::add(&mut channel.sip_mut().inheritable, name, value) {
                tracing::warn!("{}: SIPAddHeader: too many headers", channel.name());
            }
        }
        _ => tracing::warn!("{}: SIPAddHeader: '{line}' is no Header: Content", channel.name()),
    }
    Ok(Flow::Next)
}
