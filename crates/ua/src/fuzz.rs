//! Entry points for fuzzers: arbitrary bytes become messages, commands and time for a stack;
//! whatever they are, the stack does not panic and lets go of everything in the end.

use std::time::{Duration, Instant};

use bytes::Bytes;
use sidetone_base::{Destination, Flow, FlowId, SeededRandom, Transport};
use sidetone_sip::{Carrier, Limits, Message, Method, Name, Request, Response, Status, Uri};

use crate::api::{
    Body, Command, DialogId, DialogRequest, Event, Input, InviteId, OutgoingRequest, Output, Reply,
    RequestId, TransactionId, Way,
};
use crate::digest::{Algorithm, Credentials, Login, Proof, Secret};
use crate::registration::{Registration, RegistrationSettings};
use crate::{Settings, Stack};

/// Messages of the stack that are kept for making answers to them.
const KEPT: usize = 16;

/// Reads credentials out of arbitrary bytes.
pub fn fuzz_credentials(data: &[u8]) {
    let _ = Credentials::parse(&String::from_utf8_lossy(data));
}

/// Reads challenges out of arbitrary bytes and answers them, round after round.
///
/// # Panics
/// When a peer that challenges again and again is answered for ever.
pub fn fuzz_challenges(data: &[u8]) {
    let secrets = [Algorithm::Md5, Algorithm::Sha256, Algorithm::Sha512_256];
    let secrets = secrets.map(|algorithm| (algorithm, Secret::Password("secret".into()))).to_vec();
    let login = Login { username: "us".into(), realm: String::new(), secrets };
    let mut proof = Proof::new(std::sync::Arc::new([login]));
    let mut random = SeededRandom::new(1);
    let uri: Uri = "sip:a@192.0.2.1".parse().unwrap_or_else(|_| unreachable!("it is one"));
    let request = Request::new(Method::Invite, uri);
    let mut rounds = 0;
    let mut lines = data.split(|byte| *byte == b'\n').cycle().take(200).peekable();
    while lines.peek().is_some() {
        let mut response = Response::to(&request, Status::UNAUTHORIZED);
        for line in lines.by_ref().take(3) {
            let digest = [b"Digest realm=\"r\",nonce=\"n\",", line].concat();
            response.headers.push(Name::WwwAuthenticate, line.to_vec());
            response.headers.push(Name::ProxyAuthenticate, digest);
        }
        if proof.learn(&response) {
            rounds += 1;
        }
        for (_, value) in proof.sign(&mut random, "INVITE", "sip:a@192.0.2.1") {
            assert!(Credentials::parse(&value).is_some(), "{value}");
        }
    }
    assert!(rounds <= 8, "{rounds} challenges to one request were answered");
}

/// Plays the bytes as the life of a registration: an operator, a server and time.
///
/// # Panics
/// When it asks faster than it may, or does not end when nobody wants it.
pub fn fuzz_registration(data: &[u8]) {
    const CODES: [u16; 12] = [100, 200, 202, 302, 400, 401, 403, 404, 423, 480, 503, 603];
    const CONTACTS: [&str; 3] = ["<sip:s@192.0.2.1>", "<sip:s@203.0.113.9;line=a>;x=1", "<"];
    let mut bytes = data.iter().copied();
    let mut byte = move || bytes.next();
    let pause = |byte: u8| (byte > 128).then(|| Duration::from_secs(byte.into()));
    let setting = byte().unwrap_or(0);
    let settings = RegistrationSettings {
        expires_s: u32::from(setting),
        retry: Duration::from_secs(u64::from(setting % 4)),
        forbidden_retry: pause(setting),
        fatal_retry: pause(setting ^ 0xff),
        max_retries: u32::from(setting % 16),
        rejection_is_permanent: setting % 2 == 0,
    };
    let begun = Instant::now();
    // Since the last request something happened that may be followed by the next at once.
    let (mut now, mut asked, mut hurried) = (begun, begun, true);
    let mut registration = Registration::new(now, settings, Duration::from_secs(1));
    while let (Some(action), Some(argument)) = (byte(), byte()) {
        let contact = CONTACTS.get(usize::from(argument % 3)).copied().unwrap_or_default();
        let code = CODES.get(usize::from(argument) % CODES.len()).copied().unwrap_or(200);
        hurried |= matches!((action % 6, code), (2 | 3, _) | (5, 400..=501));
        match action % 6 {
            0 => now += Duration::from_secs(u64::from(argument) * u64::from(argument)),
            1 => now = now.max(registration.next_deadline().unwrap_or(now)),
            2 => registration.register(now),
            3 => registration.remove(now),
            4 => registration.failed(now),
            _ => registration.answered(now, &registrar_says(code, argument)),
        }
        registration.handle_timeout(now);
        if registration.is_due(now) {
            assert!(hurried || now >= asked + Duration::from_millis(750), "a flood");
            (asked, hurried) = (now, false);
            let bindings = registration.request(now, contact);
            assert!((1..=2).contains(&bindings.len()), "{bindings:?}");
            assert!(!registration.is_due(now), "two are under way");
        }
    }
    registration.remove(now);
    for _ in 0..3 {
        if registration.is_due(now) {
            registration.request(now, "<sip:s@192.0.2.1>");
        }
        registration.failed(now);
    }
    assert!(registration.is_over() && registration.next_deadline().is_none(), "{registration:?}");
}

fn registrar_says(code: u16, argument: u8) -> Response {
    let uri: Uri = "sip:a@192.0.2.1".parse().unwrap_or_else(|_| unreachable!("it is one"));
    let request = Request::new(Method::Register, uri);
    let number = [0, 1, 60, 3_600, u32::MAX][usize::from(argument) % 5].to_string();
    let response = Response::to(&request, Status::new(code).unwrap_or(Status::OK));
    let listed = format!("<sip:s@192.0.2.1>;expires={number}");
    let response = response.with(Name::Contact, listed).with(Name::MinExpires, number.as_str());
    if argument > 200 { response.with(Name::RetryAfter, number) } else { response }
}

/// Plays the bytes as a script against a stack.
///
/// # Panics
/// When the stack still holds something after everything was ended and all timers ran out.
pub fn fuzz_stack(data: &[u8]) {
    let mut player = Player::new(data);
    while let Some(action) = player.byte() {
        match action % 8 {
            0 => player.raw(),
            1 | 2 => player.request(),
            3 => player.response(),
            4 | 5 => player.command(),
            6 => player.wait(),
            _ => player.flow(),
        }
    }
    player.finish();
}

struct Player<'a> {
    data: std::slice::Iter<'a, u8>,
    now: Instant,
    stack: Stack,
    sent: Vec<Message>,
    dialogs: Vec<DialogId>,
    transactions: Vec<TransactionId>,
    invites: u64,
}

impl<'a> Player<'a> {
    fn new(data: &'a [u8]) -> Self {
        let now = Instant::now();
        let settings = Settings { max_dialogs: 20, max_transactions: 60, ..Settings::default() };
        let stack = Stack::new(now, settings, Box::new(SeededRandom::new(1)));
        let (sent, dialogs, transactions) = (Vec::new(), Vec::new(), Vec::new());
        Self { data: data.iter(), now, stack, sent, dialogs, transactions, invites: 0 }
    }

    fn byte(&mut self) -> Option<u8> {
        self.data.next().copied()
    }

    fn below(&mut self, bound: u8) -> u8 {
        self.byte().unwrap_or(0) % bound
    }

    fn flow_value(&mut self) -> Flow {
        let kinds = [Transport::Udp, Transport::Tcp, Transport::Wss];
        let kind = self.below(3);
        let transport = kinds.get(usize::from(kind)).copied().unwrap_or(Transport::Udp);
        let address = |last| ([192, 0, 2, last], 5060).into();
        let (local, remote) = (address(1), address(2 + kind));
        Flow { id: FlowId(u64::from(kind)), transport, local, remote }
    }

    fn input(&mut self, input: Input) {
        self.stack.handle_input(self.now, input);
        self.drain();
    }

    fn drain(&mut self) {
        loop {
            match self.stack.poll_output() {
                Output::Wait(_) => return,
                Output::Event(event) => self.note(&event),
                Output::Send { bytes, .. } => {
                    let parsed = Message::parse(&bytes, Carrier::Datagram, &Limits::DEFAULT);
                    self.sent.extend(parsed.ok());
                    let surplus = self.sent.len().saturating_sub(KEPT);
                    self.sent.drain(..surplus);
                }
            }
        }
    }

    fn note(&mut self, event: &Event) {
        match event {
            Event::Invite { dialog, .. } | Event::Answered { dialog, .. } => {
                self.dialogs.push(*dialog);
            }
            Event::DialogRequest { transaction, .. } | Event::Request { transaction, .. } => {
                self.transactions.push(*transaction);
                // Subscriptions are named after their transaction.
                self.dialogs.push(DialogId(transaction.0));
            }
            _ => {}
        }
    }

    fn message(&mut self, message: Message) {
        let flow = self.flow_value();
        self.input(Input::Message { flow, message });
    }

    fn raw(&mut self) {
        let length = usize::from(self.below(255));
        let bytes: Vec<u8> = self.data.by_ref().take(length).copied().collect();
        let parsed = Message::parse(&Bytes::from(bytes), Carrier::Datagram, &Limits::DEFAULT);
        if let Ok(message) = parsed {
            self.message(message);
        }
    }

    fn method(&mut self) -> Method {
        let index = usize::from(self.below(14));
        Method::KNOWN.get(index).cloned().unwrap_or(Method::Invite)
    }

    /// A request of a peer: a new one, or one inside a dialog the stack has answered in.
    fn request(&mut self) {
        let method = self.method();
        let index = usize::from(self.below(KEPT as u8));
        let to = match self.sent.get(index) {
            Some(Message::Response(response)) => response.headers.value(Name::To).cloned(),
            Some(Message::Request(request)) => request.headers.value(Name::From).cloned(),
            None => None,
        };
        let from = match self.sent.get(index) {
            Some(Message::Request(request)) => request.headers.value(Name::To).cloned(),
            _ => None,
        };
        let inside = self.below(3) > 0;
        let (branch, cseq) = (self.below(8), self.below(8));
        let call = self.sent.get(index).and_then(|m| m.headers().value(Name::CallId).cloned());
        let Ok(uri) = "sip:us@192.0.2.1".parse::<Uri>() else {
            return;
        };
        let mut request = Request::new(method.clone(), uri)
            .with(Name::Via, format!("SIP/2.0/UDP 192.0.2.2;branch=z9hG4bK{branch}"))
            .with(Name::From, from.unwrap_or_else(|| "<sip:p@y>;tag=p".into()))
            .with(Name::To, to.filter(|_| inside).unwrap_or_else(|| "<sip:us@y>".into()))
            .with(Name::CallId, call.filter(|_| inside).unwrap_or_else(|| "c".into()))
            .with(Name::CSeq, format!("{cseq} {method}"))
            .with(Name::Contact, "<sip:p@192.0.2.2>")
            .with(Name::Supported, "100rel, timer")
            .with(Name::Allow, "UPDATE");
        match self.below(8) {
            0 => request.headers.push(Name::SessionExpires, "90;refresher=uas"),
            1 => request.headers.push(Name::RAck, format!("{} {cseq} INVITE", self.below(3))),
            2 => request.headers.push(Name::RecordRoute, "<sip:192.0.2.7>, <sip:p;lr>"),
            3 => request.headers.push(Name::MaxForwards, "0"),
            _ => {}
        }
        if self.below(2) == 0 {
            request = request.with_body("application/sdp", Bytes::from_static(b"v=0"));
        }
        self.message(Message::Request(request));
    }

    /// An answer to something the stack sent.
    fn response(&mut self) {
        let index = usize::from(self.below(KEPT as u8));
        let Some(Message::Request(request)) = self.sent.get(index).cloned() else {
            return;
        };
        let codes = [100, 180, 183, 200, 200, 302, 401, 408, 422, 481, 487, 491, 503];
        let code = codes.get(usize::from(self.below(13))).copied().unwrap_or(200);
        let status = Status::new(code).unwrap_or(Status::OK);
        let tag = ["x", "y", "z"].get(usize::from(self.below(3))).copied().unwrap_or("x");
        let mut response = Response::to(&request, status)
            .with_to_tag(tag)
            .with(Name::Contact, "<sip:p@192.0.2.2>")
            .with(Name::MinSe, "120");
        match self.below(4) {
            0 => {
                response.headers.push(Name::Require, "100rel");
                response.headers.push(Name::RSeq, self.below(4).to_string());
            }
            1 => response.headers.push(Name::SessionExpires, "90;refresher=uac"),
            _ => {}
        }
        self.message(Message::Response(response));
    }

    fn reply(&mut self) -> Box<Reply> {
        let codes = [180, 183, 199, 200, 202, 302, 404, 486, 603];
        let status = codes.get(usize::from(self.below(9))).copied().unwrap_or(200);
        let bytes = Bytes::from_static(b"v=0");
        let body = (self.below(2) == 0).then(|| Body { content_type: "a/b".into(), bytes });
        Box::new(Reply { status, reason: None, headers: Vec::new(), body })
    }

    fn dialog(&mut self) -> DialogId {
        let index = usize::from(self.byte().unwrap_or(0));
        let count = self.dialogs.len().max(1);
        self.dialogs.get(index % count).copied().unwrap_or(DialogId(u64::MAX))
    }

    fn outgoing(&mut self, method: Method) -> Box<OutgoingRequest> {
        let destination = Destination::Flow(self.flow_value().id);
        let way = |destination| Way {
            destination,
            sent_by: "192.0.2.9".into(),
            contact: Some("<sip:us@192.0.2.9>".into()),
        };
        let count = usize::from(self.below(3));
        let others = (0..count).map(|_| way(Destination::Flow(self.flow_value().id))).collect();
        Box::new(OutgoingRequest {
            method,
            uri: "sip:p@192.0.2.2".into(),
            destination,
            others,
            from: "<sip:us@y>".into(),
            to: "<sip:p@y>".into(),
            contact: Some("<sip:us@192.0.2.1>".into()),
            sent_by: "192.0.2.1".into(),
            route: Vec::new(),
            call_id: None,
            headers: Vec::new(),
            body: None,
            logins: None,
        })
    }

    fn command(&mut self) {
        let dialog = self.dialog();
        let request_id = RequestId(u64::from(self.below(16)));
        let index = usize::from(self.below(16));
        let headers = Vec::new();
        let command = match self.below(9) {
            0 => Command::Ack { dialog, body: None },
            1 => Command::Bye { dialog, headers },
            2 => Command::Cancel { invite: InviteId(u64::from(self.below(4))), headers },
            3 => {
                self.invites += 1;
                let request = self.outgoing(Method::Invite);
                Command::Invite { invite: InviteId(self.invites % 4), request }
            }
            4 => {
                let method = self.method();
                if matches!(method, Method::Ack | Method::Cancel | Method::Bye) {
                    return;
                }
                let request = DialogRequest { method, headers, body: None };
                Command::InDialog { request_id, dialog, request: Box::new(request) }
            }
            5 | 6 => {
                let reliable = self.below(2) == 0;
                Command::RespondInvite { dialog, reply: self.reply(), reliable }
            }
            7 => {
                let count = self.transactions.len().max(1);
                let transaction = self.transactions.get(index % count).copied();
                let transaction = transaction.unwrap_or(TransactionId(u64::MAX));
                Command::Respond { transaction, reply: self.reply() }
            }
            _ => Command::Send { request_id, request: self.outgoing(Method::Options) },
        };
        self.input(Input::Command(command));
    }

    fn wait(&mut self) {
        let steps = [10, 500, 4_000, 40_000, 100_000];
        let ms = steps.get(usize::from(self.below(5))).copied().unwrap_or(10);
        self.run(Duration::from_millis(ms));
    }

    fn run(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            match self.stack.poll_output() {
                Output::Wait(Some(at)) if at <= end => {
                    self.now = self.now.max(at);
                    self.stack.handle_timeout(self.now);
                    self.drain();
                }
                Output::Wait(_) => break,
                Output::Event(event) => self.note(&event),
                Output::Send { .. } => {}
            }
        }
        self.now = end;
    }

    fn flow(&mut self) {
        let flow = self.flow_value();
        match self.sent.last().map(Message::to_bytes).filter(|_| flow.id.0 == 1) {
            Some(bytes) => self.input(Input::SendFailed { bytes }),
            None => self.input(Input::FlowClosed(flow.id)),
        }
    }

    /// The owner ends everything it knows of; after that nothing may be left.
    fn finish(&mut self) {
        for _ in 0..3 {
            for invite in 0..4 {
                let headers = Vec::new();
                self.input(Input::Command(Command::Cancel { invite: InviteId(invite), headers }));
            }
            for dialog in std::mem::take(&mut self.dialogs) {
                self.input(Input::Command(Command::Bye { dialog, headers: Vec::new() }));
            }
            self.run(Duration::from_secs(400));
        }
        let held = self.stack.snapshot();
        let left = held.client_transactions + held.server_transactions + held.dialogs;
        assert_eq!(left + held.invites + held.timers, 0, "{held:?}");
    }
}

#[cfg(test)]
mod found {
    /// A nonce without quotes that holds one cannot be answered readably.
    #[test]
    fn a_bare_quote_in_a_nonce_is_no_challenge() {
        super::fuzz_challenges(
            b"Digest realm=\"a\",nonce=m=\"a\",nonce=\"b\",algorithm=SHA-256,qop=\"auth\"",
        );
    }
}
