//! Small readings of SIP messages that several steps of a call need, and the answers made of them.

use sidetone_events::Cause;
use sidetone_sip::headers::{Contact, Headers, Reason, To, TypedHeader as _};
use sidetone_sip::{HeaderName, Method, Name, NameAddr, Request, Response, Text, Uri};
use sidetone_ua::api::{Body, Reply};

pub use crate::identity::{from_of, user_of};

/// Methods this exchange handles, for Allow.
pub const ALLOW: &str =
    "OPTIONS, REGISTER, INVITE, ACK, BYE, CANCEL, INFO, UPDATE, PRACK, MESSAGE, REFER, NOTIFY";

/// The address in To.
pub fn to_of(request: &Request) -> Option<NameAddr> {
    request.headers.typed::<To>().ok().flatten().map(|to| to.0)
}

/// The contact URI of a request that makes a dialog, empty without one.
pub fn contact_of(request: &Request) -> String {
    let contact = request.headers.typed::<Contact>().ok().flatten();
    let uri = contact.as_ref().and_then(Contact::uri);
    uri.map(|uri| uri.to_text().to_str().into_owned()).unwrap_or_default()
}

/// Whether two contact URIs are the same client: the user and the host, whatever the parameters.
pub fn same_contact(a: &str, b: &str) -> bool {
    let parse = |text: &str| Uri::parse(&Text::from(text.as_bytes().to_vec())).ok();
    match (parse(a), parse(b)) {
        (Some(Uri::Sip(a)), Some(Uri::Sip(b))) => {
            a.user.is_some() && a.user == b.user && a.host.equivalent(&b.host)
        }
        _ => false,
    }
}

/// A header's first value as text.
pub fn text_of(request: &Request, name: Name) -> String {
    request.headers.value(name).map(|value| value.to_str().into_owned()).unwrap_or_default()
}

/// The values of a header by any name, for `PJSIP_HEADER`.
pub fn values_of(request: &Request, name: &str) -> Vec<String> {
    let name = HeaderName::read(&Text::from(name.as_bytes().to_vec()));
    let lines = request.headers.iter().filter(|line| line.name == name);
    lines.map(|line| line.value.to_str().into_owned()).collect()
}

/// Whether a body is SDP, if there is one.
pub fn has_sdp(request: &Request) -> bool {
    !request.body.is_empty() && is_sdp(&text_of(request, Name::ContentType))
}

/// Whether a Content-Type is SDP.
pub fn is_sdp(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/sdp")
}

/// An SDP body.
pub fn sdp_body(sdp: String) -> Body {
    Body { content_type: "application/sdp".to_owned(), bytes: sdp.into_bytes().into() }
}

/// The Q.850 cause of the Reason headers of a message, if there is one.
pub fn cause_in(headers: &Headers) -> Option<Cause> {
    let cause = reason(headers, "Q.850").and_then(|cause| u8::try_from(cause).ok());
    cause.map(|cause| Cause(cause.min(127)))
}

/// The cause of a protocol in the Reason headers. One that cannot be read hides no other.
fn reason(headers: &Headers, protocol: &str) -> Option<u16> {
    let items = headers.items(Name::Reason);
    let mut reasons = items.filter_map(|item| Reason::parse(&item).ok());
    reasons.find(|reason| reason.protocol.eq_ignore_case(protocol))?.cause()
}

/// The cause in the Reason header of a BYE or CANCEL: Q.850 first, then SIP (HDR-12).
pub fn cause_of_bye(request: &Request) -> Cause {
    if let Some(cause) = cause_in(&request.headers) {
        return cause;
    }
    match reason(&request.headers, "SIP") {
        Some(status) if request.method == Method::Cancel && status == 200 => {
            Cause::ANSWERED_ELSEWHERE
        }
        Some(status) if status >= 300 => Cause::from_status(status),
        _ => Cause::NORMAL,
    }
}

/// Where a redirection leads: the Contact of a 3xx with the highest q, the first of several
/// (RFC 3261 §8.1.3.4).
pub fn forward_of(response: &Response) -> Option<String> {
    if !(300..400).contains(&response.status.code()) {
        return None;
    }
    let contacts = response.headers.typed_all::<Contact>().ok()?;
    let wish = |contact: &&Contact| contact.q_thousandths().unwrap_or(1_000);
    // Of equals `max_by_key` takes the last.
    let best = contacts.iter().filter(|contact| contact.uri().is_some()).rev().max_by_key(wish)?;
    best.uri().map(|uri| uri.to_text().to_str().into_owned())
}

/// A response without body.
pub fn reply(status: u16) -> Reply {
    Reply { status, ..Reply::default() }
}

/// A response that says in words what is wrong.
pub fn refusal(status: u16, words: &str) -> Reply {
    let mut reply = reply(status);
    reply.headers.push(("Warning".to_owned(), warning(399, words)));
    reply
}

/// 405 for a method that is not handled here, or is switched off (RFC 3261 §8.2.1).
pub fn not_allowed(request: &Request) -> Reply {
    let mut reply = reply(405);
    let own = request.method.to_string();
    let others = ALLOW.split(", ").filter(|method| *method != own);
    reply.headers.push(("Allow".to_owned(), others.collect::<Vec<_>>().join(", ")));
    reply
}

/// The answer to OPTIONS, outside calls and in them: what is understood here (RFC 3261 §11.2), and
/// which extensions peers may require.
pub fn abilities(status: u16, supported: &str) -> Reply {
    let mut reply = reply(status);
    let headers = [
        ("Allow", ALLOW),
        ("Accept", "application/sdp, application/dtmf-relay, application/dtmf"),
        ("Accept-Encoding", "identity"),
        ("Accept-Language", "en"),
    ];
    reply.headers.extend(headers.map(|(name, value)| (name.to_owned(), value.to_owned())));
    reply.headers.push(("Supported".to_owned(), supported.to_owned()));
    reply
}

/// The value of a Warning header (RFC 3261 §20.43).
pub fn warning(code: u16, words: &str) -> String {
    let words: String = words
        .chars()
        .map(|c| if c.is_control() || c == '"' || c == '\\' { '\'' } else { c })
        .take(400)
        .collect();
    format!("{code} sidetone \"{words}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bye(reasons: &[&str]) -> Request {
        let uri = Uri::parse(&Text::from(b"sip:a@b".to_vec())).expect("a URI");
        let mut request = Request::new(Method::Bye, uri);
        for reason in reasons {
            request = request.with(Name::Reason, (*reason).as_bytes().to_vec());
        }
        request
    }

    #[test]
    fn q850_wins_over_sip_and_nothing_is_normal() {
        let both = bye(&["SIP;cause=486", "Q.850;cause=21;text=\"no\""]);
        assert_eq!(cause_of_bye(&both), Cause(21));
        assert_eq!(cause_of_bye(&bye(&["SIP;cause=486"])), Cause::BUSY);
        assert_eq!(cause_of_bye(&bye(&[])), Cause::NORMAL);
    }

    #[test]
    fn a_redirection_leads_where_its_q_is_highest() {
        for (contacts, leads) in [
            (vec!["<sip:a@x>;q=0.3, <sip:b@x>;q=0.9", "<sip:c@x>;q=0.9"], Some("sip:b@x")),
            (vec!["<sip:a@x>;q=0.3", "<sip:b@x>"], Some("sip:b@x")),
            (vec!["<sip:a@x>"], Some("sip:a@x")),
            (vec![], None),
        ] {
            let mut response =
                Response::to(&bye(&[]), sidetone_sip::Status::new(302).expect("3xx"));
            for contact in &contacts {
                response.headers.push(Name::Contact, *contact);
            }
            assert_eq!(forward_of(&response).as_deref(), leads, "{contacts:?}");
        }
    }
}
