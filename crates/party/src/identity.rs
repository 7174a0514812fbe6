//! From SIP headers to parties and back: From, P-Asserted-Identity (RFC 3325), Remote-Party-ID,
//! Privacy (RFC 3323), Diversion (RFC 5806), History-Info (RFC 7044). Steps 4 and 7 of the INVITE
//! walk. What a peer claims counts only as far as its endpoint is trusted; what is private leaves
//! only towards those who are.

use sidetone_config::Endpoint;
use sidetone_sip::headers::{From, Headers, PAssertedIdentity};
use sidetone_sip::{Host, Name, NameAddr, Request, SipUri, Text, Uri};

use crate::{PartyId, Presentation, Redirecting};

/// Longest name or number that is taken from a peer, in characters.
const LONGEST: usize = 128;
/// Forwardings that are read; a call that was forwarded more often is a loop.
const MAX_DIVERSIONS: usize = 16;

/// The user part of a URI without escapes.
#[must_use]
pub fn user_of(uri: &Uri) -> Option<String> {
    uri.user().map(|user| user.to_str().into_owned())
}

/// The address in From.
#[must_use]
pub fn from_of(request: &Request) -> Option<NameAddr> {
    request.headers.typed::<From>().ok().flatten().map(|from| from.0)
}

/// Who calls: what a trusted peer asserts, else what the configuration says, else From.
pub fn of_caller(endpoint: &Endpoint, request: &Request) -> PartyId {
    if endpoint.trust_id_inbound
        && let Some(asserted) = asserted(&request.headers)
    {
        return asserted;
    }
    let from = from_of(request);
    // RFC 3323 §4: who wants to stay unknown does, whatever is known of him.
    let asks = asks_for_privacy(&request.headers)
        || from.as_ref().is_some_and(|from| is_anonymous(&from.uri));
    let mut party = match (of_endpoint(endpoint), from) {
        (Some(configured), _) => configured,
        (None, None) => return PartyId::default(),
        (None, Some(from)) => {
            let mut party = party_of(&from);
            if endpoint.callerid_privacy.is_private() {
                party.presentation = endpoint.callerid_privacy;
            }
            party
        }
    };
    if asks && !party.is_private() {
        party.presentation = Presentation::ProhibNotScreened;
    }
    party
}

/// Whether the user wants to stay unknown (RFC 3323 §4.2, RFC 3325 §9.3).
fn asks_for_privacy(headers: &Headers) -> bool {
    words_of_privacy(headers).any(|word| matches!(word.as_str(), "id" | "user" | "header"))
}

fn words_of_privacy(headers: &Headers) -> impl Iterator<Item = String> {
    let lines = headers.lines(Name::Privacy).map(|line| line.to_str().to_ascii_lowercase());
    let words = |line: String| line.split(';').map(|word| word.trim().to_owned()).collect();
    lines.flat_map(move |line| -> Vec<String> { words(line) })
}

/// What the configuration says of an endpoint's user.
pub fn of_endpoint(endpoint: &Endpoint) -> Option<PartyId> {
    let configured = endpoint.callerid.as_ref()?;
    let mut party = PartyId::new(&configured.name, &configured.number);
    party.presentation = endpoint.callerid_privacy;
    party.tag.clone_from(&endpoint.speech.callerid_tag);
    Some(party)
}

/// Who the other side says it is in a response, re-INVITE or UPDATE, as far as it is believed.
pub fn of_connected(endpoint: &Endpoint, headers: &Headers) -> Option<PartyId> {
    if !endpoint.trust_id_inbound || !endpoint.speech.trust_connected_line {
        return None;
    }
    asserted(headers)
}

/// P-Asserted-Identity before Remote-Party-ID; a value that cannot be read counts as absent.
fn asserted(headers: &Headers) -> Option<PartyId> {
    let identities = headers.typed_all::<PAssertedIdentity>().unwrap_or_default();
    if let Some(identity) = identities.first() {
        let mut party = party_of(identity);
        let hidden = asks_for_privacy(headers);
        party.presentation = if hidden {
            Presentation::ProhibPassedScreen
        } else {
            Presentation::AllowedPassedScreen
        };
        return Some(party);
    }
    let line = headers.items(Name::RemotePartyId).next()?;
    let address = NameAddr::parse(&line).ok()?;
    let mut party = party_of(&address);
    let word = |name: &str| address.params.value(name).map(|value| value.to_str().into_owned());
    let hidden = word("privacy").is_some_and(|privacy| !privacy.eq_ignore_ascii_case("off"));
    let screened = word("screen").is_some_and(|screen| screen.eq_ignore_ascii_case("yes"));
    party.presentation = match (hidden, screened) {
        (true, true) => Presentation::ProhibPassedScreen,
        (true, false) => Presentation::ProhibNotScreened,
        (false, true) => Presentation::AllowedPassedScreen,
        (false, false) => Presentation::AllowedNotScreened,
    };
    Some(party)
}

fn party_of(address: &NameAddr) -> PartyId {
    let name = address.display_name().map(|name| name.to_str().into_owned()).unwrap_or_default();
    PartyId::new(printable(&name), printable(&number_of(&address.uri)))
}

/// The number in a URI: the user part without its parameters, or the number of a `tel:` URI.
pub fn number_of(uri: &Uri) -> String {
    match uri {
        Uri::Tel(tel) => tel.digits().to_str().into_owned(),
        uri => {
            let user = user_of(uri).unwrap_or_default();
            user.split(';').next().unwrap_or_default().to_owned()
        }
    }
}

fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(LONGEST).collect()
}

/// RFC 3323 §4.1.1.3.
fn is_anonymous(uri: &Uri) -> bool {
    let Some(sip) = uri.as_sip() else { return false };
    let host = sip.host.to_string();
    host.eq_ignore_ascii_case("anonymous.invalid")
}

/// Who forwarded the call to us, by Diversion, else by History-Info.
pub fn redirecting_of(headers: &Headers) -> Option<Redirecting> {
    let diversions: Vec<NameAddr> = headers
        .items(Name::Diversion)
        .take(MAX_DIVERSIONS)
        .filter_map(|item| NameAddr::parse(&item).ok())
        .collect();
    let (Some(last), Some(first)) = (diversions.first(), diversions.last()) else {
        return by_history(headers);
    };
    let reason = |address: &NameAddr| {
        let reason = address.params.value("reason").map(Text::unquoted);
        reason.map_or_else(|| "unknown".to_owned(), |reason| printable(&reason.to_str()))
    };
    let counted = diversions.iter().map(|address| {
        let counter = address.params.value("counter").and_then(Text::decimal::<u32>);
        counter.unwrap_or(1).min(100)
    });
    Some(Redirecting {
        orig: diverting(first),
        from: diverting(last),
        to: PartyId::default(),
        reason: reason(last),
        orig_reason: reason(first),
        count: counted.sum(),
    })
}

/// Who forwarded, and whether it may be told (RFC 5806 §4: `privacy`).
fn diverting(address: &NameAddr) -> PartyId {
    let mut party = party_of(address);
    let privacy = address.params.value("privacy").map(Text::unquoted);
    if privacy.is_some_and(|privacy| !privacy.to_str().eq_ignore_ascii_case("off")) {
        party.presentation = Presentation::ProhibNotScreened;
    }
    party
}

fn by_history(headers: &Headers) -> Option<Redirecting> {
    let entries: Vec<NameAddr> = headers
        .items(Name::HistoryInfo)
        .take(MAX_DIVERSIONS)
        .filter_map(|item| NameAddr::parse(&item).ok())
        .collect();
    let from = entries.len().checked_sub(2).and_then(|place| entries.get(place))?;
    let (first, last) = (entries.first()?, entries.last()?);
    let reason = |address: &NameAddr| {
        let sip = address.uri.as_sip()?;
        let (_, value) = sip.headers_decoded().find(|(name, _)| name.eq_ignore_case("Reason"))?;
        let cause = value.to_str().split("cause=").nth(1)?.chars().take(3).collect::<String>();
        Some(reason_of_status(cause.parse().ok()?).to_owned())
    };
    // RFC 7044 §10.1.2: all of it is private, or an entry.
    let all = words_of_privacy(headers).any(|word| word == "history");
    let known = |address: &NameAddr| {
        let mut party = party_of(address);
        let sip = address.uri.as_sip();
        let own = sip.is_some_and(|sip| {
            sip.headers_decoded().any(|(name, value)| {
                name.eq_ignore_case("Privacy") && !value.eq_ignore_case("none")
            })
        });
        if all || own {
            party.presentation = Presentation::ProhibNotScreened;
        }
        party
    };
    let count = u32::try_from(entries.len() - 1).unwrap_or(u32::MAX);
    Some(Redirecting {
        orig: known(first),
        from: known(from),
        to: party_of(last),
        reason: reason(from).unwrap_or_else(|| "unknown".to_owned()),
        orig_reason: reason(first).unwrap_or_else(|| "unknown".to_owned()),
        count,
    })
}

/// RFC 7544 §4.
fn reason_of_status(status: u16) -> &'static str {
    match status {
        302 => "unconditional",
        408 | 480 => "no-answer",
        486 => "user-busy",
        404 | 503 => "unavailable",
        487 => "deflection",
        _ => "unknown",
    }
}

fn status_of_reason(reason: &str) -> u16 {
    match reason {
        "unconditional" => 302,
        "no-answer" => 408,
        "user-busy" => 486,
        "unavailable" => 503,
        "deflection" => 487,
        _ => 404,
    }
}

/// An address of a number here, as headers write it.
fn address(party: &PartyId, host: &str, phone: bool) -> NameAddr {
    let host = Host::parse(&Text::from(host)).unwrap_or_else(|| Host::from(host));
    let user = Some(party.number.as_str()).filter(|number| !number.is_empty());
    let mut uri = SipUri::new(user, host, None);
    if phone && is_phone(&party.number) {
        uri = uri.with_param("user", "phone");
    }
    NameAddr::new(Uri::Sip(uri)).with_display(&party.name)
}

fn print(address: &NameAddr) -> String {
    let mut out = Vec::with_capacity(64);
    address.write(&mut out);
    String::from_utf8_lossy(&out).into_owned()
}

/// Whether a user part is a telephone number (`user_eq_phone`).
pub fn is_phone(user: &str) -> bool {
    let digits = user.strip_prefix('+').unwrap_or(user);
    let is_digit = |c: char| c.is_ascii_digit() || matches!(c, '*' | '#' | '-' | '.');
    !digits.is_empty() && digits.chars().all(is_digit)
}

/// From of a call to an endpoint: the caller, unless the endpoint has a name of its own for us or
/// the caller wants to stay unknown (RFC 3323 §4.1.1.3).
pub fn from(endpoint: &Endpoint, caller: &PartyId, host: &str, nobody: &str) -> String {
    let private = caller.is_private();
    let number = match &endpoint.from_user {
        Some(user) => user.clone(),
        None if private => "anonymous".to_owned(),
        None if caller.number.is_empty() => nobody.to_owned(),
        None => caller.number.clone(),
    };
    let domain = match &endpoint.from_domain {
        Some(domain) => domain.clone(),
        None if private && endpoint.from_user.is_none() => "anonymous.invalid".to_owned(),
        None => host.to_owned(),
    };
    let name = if private { "Anonymous" } else { &caller.name };
    print(&address(&PartyId::new(name, number), &domain, endpoint.user_eq_phone))
}

/// Which side of the call an identity is of, in Remote-Party-ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// In requests that open a call.
    Calling,
    /// In responses to them.
    Called,
}

/// P-Asserted-Identity, Remote-Party-ID and Privacy, as far as the endpoint wants them and may
/// know.
pub fn headers(
    endpoint: &Endpoint,
    party: &PartyId,
    host: &str,
    side: Side,
) -> Vec<(String, String)> {
    let mut headers = Vec::new();
    let private = party.is_private();
    let wanted = endpoint.send_pai || endpoint.send_rpid;
    if private && (wanted || endpoint.from_user.is_some()) {
        headers.push((Name::Privacy.as_str().to_owned(), "id".to_owned()));
    }
    if party.number.is_empty() || (private && !endpoint.trust_id_outbound) {
        return headers;
    }
    let host = endpoint.from_domain.as_deref().unwrap_or(host);
    let address = address(party, host, endpoint.user_eq_phone);
    if endpoint.send_pai {
        headers.push((Name::PAssertedIdentity.as_str().to_owned(), print(&address)));
    }
    if endpoint.send_rpid {
        let passed = matches!(
            party.presentation,
            Presentation::AllowedPassedScreen
                | Presentation::ProhibPassedScreen
                | Presentation::Allowed
                | Presentation::Prohib
        );
        let side = if side == Side::Calling { "calling" } else { "called" };
        let privacy = if private { "full" } else { "off" };
        let screen = if passed { "yes" } else { "no" };
        let address = address
            .with_param("party", side)
            .with_param("privacy", privacy)
            .with_param("screen", screen);
        headers.push((Name::RemotePartyId.as_str().to_owned(), print(&address)));
    }
    headers
}

/// Diversion and History-Info of a call that was forwarded.
pub fn diversion(
    endpoint: &Endpoint,
    redirecting: &Redirecting,
    target: &str,
    host: &str,
) -> Vec<(String, String)> {
    let mut headers = Vec::new();
    let Redirecting { orig, from, reason, orig_reason, count, .. } = redirecting;
    if from.number.is_empty() {
        return headers;
    }
    let twice = !orig.number.is_empty() && orig.number != from.number;
    let shown = |party: &PartyId| !party.is_private() || endpoint.trust_id_outbound;
    if endpoint.speech.send_diversion {
        let mut say = |party: &PartyId, reason: &str, times: u32| {
            let reason = if reason.is_empty() { "unknown" } else { reason };
            let mut value = address(party, host, false).with_param("reason", word(reason));
            if times > 1 {
                value = value.with_param("counter", times.to_string());
            }
            if party.is_private() {
                value = value.with_param("privacy", "full");
            }
            headers.push((Name::Diversion.as_str().to_owned(), print(&value)));
        };
        // RFC 5806 §5: the counters add up to the number of forwardings there were.
        if shown(from) {
            say(from, reason, count.saturating_sub(u32::from(twice)));
        }
        if twice && shown(orig) {
            say(orig, orig_reason, 1);
        }
    }
    if endpoint.speech.send_history_info && shown(from) && (!twice || shown(orig)) {
        let mut index = "1".to_owned();
        let mut say = |value: String| {
            headers.push((Name::HistoryInfo.as_str().to_owned(), format!("{value};index={index}")));
            index += ".1";
        };
        let entry = |party: &PartyId, reason: &str| {
            let user = sidetone_sip::uri::escape_user(party.number.as_bytes());
            let cause = status_of_reason(reason);
            let private = if party.is_private() { "&Privacy=history" } else { "" };
            format!("<sip:{}@{host}?Reason=SIP%3Bcause%3D{cause}{private}>", user.to_str())
        };
        if twice {
            say(entry(orig, orig_reason));
        }
        say(entry(from, reason));
        say(format!("<{target}>"));
    }
    headers
}

/// A parameter value: a token as it is, anything else quoted.
fn word(text: &str) -> Text {
    let is_token = text.chars().all(|c| c.is_ascii_alphanumeric() || "-.!%*_+`'~".contains(c));
    if is_token && !text.is_empty() { Text::from(text) } else { Text::quoted(text) }
}

/// The Request-URI: `user=phone` when the endpoint wants it and the user is a number.
#[must_use]
pub fn target(endpoint: &Endpoint, uri: &str) -> String {
    if !endpoint.user_eq_phone {
        return uri.to_owned();
    }
    let Ok(mut parsed) = uri.parse::<Uri>() else {
        return uri.to_owned();
    };
    let phone = user_of(&parsed).is_some_and(|user| is_phone(&user));
    if let Some(sip) = parsed.as_sip_mut().filter(|_| phone) {
        sip.params.set("user", Some(Text::from("phone")));
    }
    parsed.to_text().to_str().into_owned()
}

/// From with the parameters the dialplan wants in it.
#[must_use]
pub fn with_params(from: String, params: &[FromParam]) -> String {
    if params.is_empty() {
        return from;
    }
    let Ok(mut address) = NameAddr::parse(&Text::from(from.as_str())) else {
        return from;
    };
    for param in params {
        let value = (!param.value.is_empty()).then(|| Text::from(param.value.as_str()));
        match address.uri.as_sip_mut().filter(|_| param.in_uri) {
            Some(uri) => uri.params.set(&param.name, value),
            None => address.params.set(&param.name, value),
        };
    }
    let mut out = Vec::with_capacity(64);
    address.write(&mut out);
    String::from_utf8_lossy(&out).into_owned()
}

/// A parameter to be written into From.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FromParam {
    /// Into the URI, or behind it.
    pub in_uri: bool,
    /// Name.
    pub name: String,
    /// Value.
    pub value: String,
}

#[cfg(test)]
mod tests;
