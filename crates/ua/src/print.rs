//! From what the owner wrote to what goes on the wire: replies, and the headers that every
//! request and response of ours has.

use sidetone_base::{Destination, Transport};
use sidetone_sip::headers::{TypedHeader as _, Via};
use sidetone_sip::{Host, Method, Name, Request, Response, Status, Text};

use crate::api::{Body, Reply};
use crate::stack::Stack;

/// Headers the stack writes itself; the owner's are ignored.
const OWN: [Name; 8] = [
    Name::Via,
    Name::From,
    Name::To,
    Name::CallId,
    Name::CSeq,
    Name::ContentLength,
    Name::RSeq,
    Name::RAck,
];

/// What we are able to receive, as the value of `Allow`: whatever owners answer. Nobody subscribes
/// to anything but referrals yet.
pub(crate) fn allow() -> Text {
    let served = |method: &&Method| !matches!(method, Method::Subscribe | Method::Publish);
    let words: Vec<String> = Method::KNOWN.iter().filter(served).map(Method::to_string).collect();
    Text::from(words.join(", "))
}

impl Stack {
    /// The response to `request` that the owner wrote.
    pub(crate) fn response(&self, request: &Request, reply: &Reply, to_tag: &str) -> Response {
        let status = Status::new(reply.status).unwrap_or(Status::SERVER_ERROR);
        let mut response = Response::to(request, status).with_to_tag(to_tag);
        if let Some(reason) = &reply.reason {
            response = response.with_reason(reason.as_str());
        }
        add_headers(&mut response.headers, &reply.headers);
        if let Some(body) = &reply.body {
            response.headers.set(Name::ContentType, body.content_type.as_str());
            response.body = body.bytes.clone();
        }
        self.sign_response(request, &mut response);
        response
    }

    /// A response of our own making. An empty tag leaves To as it is.
    pub(crate) fn plain(&self, request: &Request, status: Status, to_tag: &str) -> Response {
        let mut response = Response::to(request, status);
        if !to_tag.is_empty() {
            response = response.with_to_tag(to_tag);
        }
        self.sign_response(request, &mut response);
        response
    }

    fn sign_response(&self, request: &Request, response: &mut Response) {
        let headers = &mut response.headers;
        if let Some(agent) = &self.settings.user_agent
            && !headers.has(Name::Server)
            && response.status != Status::TRYING
        {
            headers.push(Name::Server, agent.as_str());
        }
        // RFC 3261 §11.2, §13.3.1.4, §21.4.6: these answers say what we can.
        let describes = response.status.is_success()
            && matches!(request.method, Method::Invite | Method::Options);
        let refuses = matches!(response.status.code(), 405 | 501);
        if (describes || refuses) && !headers.has(Name::Allow) {
            headers.push(Name::Allow, allow());
        }
        if describes && !headers.has(Name::Supported) {
            headers.push(Name::Supported, self.settings.supported.join(", "));
        }
    }

    /// Completes and prints a request: top Via, Max-Forwards, User-Agent.
    pub(crate) fn sign_request(&self, request: &mut Request, via: &Via) {
        request.headers.push_above(Name::Via, via.to_text());
        if !request.headers.has(Name::MaxForwards) {
            request.headers.push(Name::MaxForwards, self.settings.max_forwards.to_string());
        }
        if let Some(agent) = &self.settings.user_agent
            && !request.headers.has(Name::UserAgent)
        {
            request.headers.push(Name::UserAgent, agent.as_str());
        }
        if request.method == Method::Invite && !request.headers.has(Name::Allow) {
            request.headers.push(Name::Allow, allow());
        }
    }

    /// Our Via for a destination. An unknown flow's transport is taken from the URI.
    pub(crate) fn via(&mut self, destination: Destination, sent_by: &str, uri: &str) -> Via {
        let transport = self.transport_of(destination).unwrap_or_else(|| transport_in(uri));
        let branch = self.fresh_branch();
        let (host, port) = split_sent_by(sent_by);
        Via::new(transport.via_name(), host, port, branch)
    }
}

/// Adds the owner's headers, without those the stack writes itself.
pub(crate) fn add_headers(headers: &mut sidetone_sip::Headers, extra: &[(String, String)]) {
    for (name, value) in extra {
        let own = Name::lookup(name.as_bytes()).is_some_and(|name| OWN.contains(&name));
        if !own {
            headers.push(name.as_str(), value.as_str());
        }
    }
}

/// Sets or leaves out the body.
pub(crate) fn add_body(request: &mut Request, body: Option<&Body>) {
    if let Some(body) = body {
        request.headers.set(Name::ContentType, body.content_type.as_str());
        request.body = body.bytes.clone();
    }
}

/// The transport a URI asks for; UDP when it asks for none.
pub(crate) fn transport_in(uri: &str) -> Transport {
    let parsed = uri.parse::<sidetone_sip::Uri>().ok();
    let sip = parsed.as_ref().and_then(sidetone_sip::Uri::as_sip);
    let named =
        sip.and_then(|uri| uri.transport()).and_then(Text::as_str).and_then(Transport::from_name);
    match (named, sip.map(|uri| uri.scheme)) {
        (Some(Transport::Ws), Some(sidetone_sip::Scheme::Sips)) => Transport::Wss,
        (Some(Transport::Tcp) | None, Some(sidetone_sip::Scheme::Sips)) => Transport::Tls,
        (Some(transport), _) => transport,
        (None, _) => Transport::Udp,
    }
}

/// `host`, `host:port` or `[v6]:port`.
fn split_sent_by(sent_by: &str) -> (Host, Option<u16>) {
    if let Ok(address) = sent_by.parse::<std::net::SocketAddr>() {
        return (Host::from(address.ip()), Some(address.port()));
    }
    match sent_by.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
            (Host::from(host), port.parse().ok())
        }
        _ => (Host::from(sent_by), None),
    }
}
