//! A user agent without sockets: the SIP stack of the exchange, playing the peer. Telephones and
//! browsers move its bytes.

use std::time::Instant;

use bytes::Bytes;
use sidetone_base::{Destination, Flow, FlowId, Random, SeededRandom, Transport};
use sidetone_sip::{Carrier, Limits, Message, Method, Response};
use sidetone_ua::api::{Body, Command, Event, Input, OutgoingRequest, Output, Reply};
use sidetone_ua::digest::{Secret, credentials_for};
use sidetone_ua::{Settings, Stack};

use crate::Loopback;

/// One user agent on one flow to the exchange.
#[derive(Debug)]
pub struct Agent {
    stack: Stack,
    flow: Flow,
    random: SeededRandom,
}

/// What an agent wants.
#[derive(Debug)]
pub enum Wants {
    /// Something happened.
    Event(Event),
    /// Send this to the exchange.
    Send(Bytes),
    /// Nothing until then.
    Wait(Option<Instant>),
}

/// Who signs in: the name and its password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// User name, also the name of the endpoint.
    pub name: String,
    /// Password.
    pub password: String,
}

impl Agent {
    /// An agent at `local` whose exchange is at `server`; `seed` makes its tags its own.
    #[must_use]
    pub fn new(transport: Transport, local: Loopback, server: Loopback, seed: u64) -> Self {
        let now = Instant::now();
        let flow =
            Flow { id: FlowId(1), transport, local: local.address(), remote: server.address() };
        let random = Box::new(SeededRandom::new(seed));
        let mut stack = Stack::new(now, Settings::default(), random);
        stack.handle_input(now, Input::FlowSeen(flow));
        Self { stack, flow, random: SeededRandom::new(seed ^ 0x5eed) }
    }

    /// Takes a message of the exchange. What cannot be parsed is a bug worth seeing.
    pub fn receive(&mut self, now: Instant, bytes: &Bytes) {
        match Message::parse(bytes, Carrier::Datagram, &Limits::DEFAULT) {
            Ok(message) => {
                let flow = self.flow;
                self.stack.handle_input(now, Input::Message { flow, message });
            }
            Err(error) => eprintln!("the exchange sent a message that cannot be read: {error}"),
        }
    }

    /// Does something.
    pub fn command(&mut self, command: Command) {
        self.stack.handle_input(Instant::now(), Input::Command(command));
    }

    /// Lets timers run.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.stack.handle_timeout(now);
    }

    /// What to do next.
    pub fn poll(&mut self) -> Wants {
        match self.stack.poll_output() {
            Output::Event(event) => Wants::Event(event),
            Output::Send { bytes, .. } => Wants::Send(bytes),
            Output::Wait(until) => Wants::Wait(until),
        }
    }

    /// The exchange's domain, for URIs.
    fn domain(&self) -> String {
        self.flow.remote.to_string()
    }

    fn contact(&self, account: &Account) -> String {
        match self.flow.transport {
            // RFC 7118 §5: a browser has no address of its own.
            Transport::Ws | Transport::Wss => {
                format!("<sip:{}@{}.invalid;transport=ws>", account.name, account.name)
            }
            _ => format!("<sip:{}@{}>", account.name, self.flow.local),
        }
    }

    fn sent_by(&self, account: &Account) -> String {
        match self.flow.transport {
            Transport::Ws | Transport::Wss => format!("{}.invalid", account.name),
            _ => self.flow.local.to_string(),
        }
    }

    fn request(&self, method: Method, account: &Account, uri: String) -> OutgoingRequest {
        OutgoingRequest {
            method,
            destination: Destination::Flow(self.flow.id),
            others: Vec::new(),
            from: format!("<sip:{}@{}>", account.name, self.domain()),
            to: format!("<{uri}>"),
            uri,
            contact: Some(self.contact(account)),
            sent_by: self.sent_by(account),
            route: Vec::new(),
            call_id: None,
            headers: Vec::new(),
            body: None,
            logins: None,
        }
    }

    /// An INVITE of an extension with an offer.
    #[must_use]
    pub fn invite(&mut self, account: &Account, extension: &str, offer: &str) -> OutgoingRequest {
        let uri = format!("sip:{extension}@{}", self.domain());
        OutgoingRequest {
            call_id: Some(self.random.token(20)),
            body: Some(sdp(offer)),
            ..self.request(Method::Invite, account, uri)
        }
    }

    /// A REGISTER for an hour.
    #[must_use]
    pub fn register(&mut self, account: &Account) -> OutgoingRequest {
        let uri = format!("sip:{}", self.domain());
        OutgoingRequest {
            to: format!("<sip:{}@{}>", account.name, self.domain()),
            call_id: Some(self.random.token(20)),
            headers: vec![("Expires".to_owned(), "3600".to_owned())],
            ..self.request(Method::Register, account, uri)
        }
    }

    /// The request again with the answer to a 401 or 407; `None` when there is no answer to it.
    #[must_use]
    pub fn signed(
        &mut self,
        request: &OutgoingRequest,
        challenge: &Response,
        account: &Account,
    ) -> Option<OutgoingRequest> {
        if !matches!(challenge.status.code(), 401 | 407) {
            return None;
        }
        let method = request.method.to_string();
        let password = || Some(Secret::Password(account.password.clone()));
        let answers = credentials_for(
            challenge,
            &mut self.random,
            &method,
            &request.uri,
            &account.name,
            &|_| password(),
        );
        if answers.is_empty() {
            return None;
        }
        let mut signed = request.clone();
        signed.headers.extend(answers);
        Some(signed)
    }

    /// A 200 to an INVITE, with an answer.
    #[must_use]
    pub fn accepting(&self, account: &Account, answer: &str) -> Box<Reply> {
        Box::new(Reply {
            status: 200,
            reason: None,
            headers: vec![("Contact".to_owned(), self.contact(account))],
            body: Some(sdp(answer)),
        })
    }
}

fn sdp(text: &str) -> Body {
    Body {
        content_type: "application/sdp".to_owned(),
        bytes: Bytes::copy_from_slice(text.as_bytes()),
    }
}

/// The description of a telephone that speaks G.711 and telephone-event on this port.
#[must_use]
pub fn ulaw_description(media: Loopback) -> String {
    let (ip, port) = (media.address().ip(), media.address().port());
    format!(
        "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\n\
         m=audio {port} RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\n\
         a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=ptime:20\r\na=sendrecv\r\n"
    )
}
