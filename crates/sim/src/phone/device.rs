//! The inside of a phone: one task that owns a SIP stack, a wire and the calls.

use std::cell::RefCell;
use std::collections::HashMap;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use sidetone_base::{LegId, Random, SeededRandom};
use sidetone_engine::{CertificateChoice, Engine, LegHandle};
use sidetone_media::LegEvent;
use sidetone_sdp::negotiation::Capabilities;
use sidetone_sdp::plan::Direction;
use sidetone_sip::headers::Contact;
use sidetone_sip::{Carrier, Limits, Message, Method, Response};
use sidetone_ua::api::{Command, Event, Input, OutgoingRequest, Output, Reply, RequestId};
use sidetone_ua::digest::{
    Algorithm, Check, Credentials, DigestServer, Freshness, Login, Secret, Verdict, credentials_for,
};
use sidetone_ua::{Settings, Stack};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

use super::calls::{Call, method_of};
use super::{Keys, Manner, NewPhone, Order, Saying, View, media};
use crate::Line;
use crate::building::EXCHANGE;
use crate::configuration::PASSWORD;
use crate::wire::{Heard, Wire};

/// How often the phone looks how many packets came.
const GLANCE: Duration = Duration::from_millis(100);
/// Challenges answered before a phone gives up: the first, and one for a stale nonce.
const MAX_CHALLENGES: u8 = 2;
/// Events of all legs of a phone that may wait.
const LEG_EVENTS: usize = 64;

/// A REGISTER on its way.
struct Registration {
    request: OutgoingRequest,
    password: String,
    challenges: u8,
    reply: oneshot::Sender<Result<u32, u16>>,
}

pub(super) struct Device {
    pub(super) name: String,
    pub(super) ip: IpAddr,
    pub(super) line: Line,
    pub(super) stack: Stack,
    pub(super) wire: Wire,
    pub(super) engine: Engine,
    pub(super) random: SeededRandom,
    pub(super) capabilities: Capabilities,
    pub(super) manner: Manner,
    pub(super) silent: bool,
    /// Text and fax are sent back.
    pub(super) repeats: bool,
    /// Its fingerprint is another certificate's.
    pub(super) forged: bool,
    /// The certificate of its media.
    pub(super) shows: CertificateChoice,
    /// Where the story listens.
    pub(super) ear: Option<LegHandle>,
    pub(super) keys: Keys,
    /// The user in its From.
    calls_itself: String,
    /// Headers the story wants said.
    pub(super) says: Vec<(String, String)>,
    /// Who checks passwords, when the phone demands them.
    guard: Option<DigestServer>,
    sendings: Vec<RequestId>,
    pub(super) view: Rc<RefCell<View>>,
    pub(super) calls: Vec<Call>,
    pub(super) leg_events: mpsc::Sender<(LegId, LegEvent)>,
    heard_of_legs: mpsc::Receiver<(LegId, LegEvent)>,
    registrations: HashMap<RequestId, Registration>,
    registration_id: String,
    next_id: u64,
    glance_at: Instant,
}

impl Device {
    pub(super) async fn new(new: NewPhone<'_>, view: Rc<RefCell<View>>) -> Self {
        let mut random = SeededRandom::new(new.seed);
        let settings = Settings {
            user_agent: Some("Simulated".to_owned()),
            // As browsers' libraries do, a call is kept however long its connection is away.
            flow_grace: Duration::from_secs(86_400),
            ..Settings::default()
        };
        let seed = random.u64();
        let now = Instant::now();
        let stack = Stack::new(now.into_std(), settings, Box::new(SeededRandom::new(seed)));
        let (leg_events, heard_of_legs) = mpsc::channel(LEG_EVENTS);
        Self {
            name: new.name.to_owned(),
            ip: new.host.ip(),
            line: new.line,
            stack,
            wire: Wire::new(new.line, new.host).await,
            engine: new.engine,
            registration_id: random.token(20),
            random,
            capabilities: media::capabilities(new.line, new.codecs),
            manner: Manner::Ring,
            silent: false,
            repeats: false,
            forged: false,
            shows: CertificateChoice::default(),
            ear: None,
            keys: Keys::default(),
            calls_itself: new.name.to_owned(),
            says: Vec::new(),
            guard: None,
            sendings: Vec::new(),
            view,
            calls: Vec::new(),
            leg_events,
            heard_of_legs,
            registrations: HashMap::new(),
            next_id: 1,
            glance_at: now,
        }
    }

    /// Runs until the story is over.
    pub(super) async fn run(mut self, mut orders: mpsc::Receiver<Order>) {
        loop {
            let deadline = self.drain().await;
            let glance = self.is_busy().then_some(self.glance_at);
            let answer = self.next_due();
            let wake = [deadline, glance, answer].into_iter().flatten().min();
            let wake = wake.unwrap_or_else(|| Instant::now() + Duration::from_secs(3_600));
            tokio::select! {
                biased;
                order = orders.recv() => match order {
                    Some(order) => self.obey(order).await,
                    None => return,
                },
                heard = self.wire.next() => self.take(heard),
                Some((leg, event)) = self.heard_of_legs.recv() => self.leg_event(leg, &event),
                () = sleep_until(wake) => self.stack.handle_timeout(Instant::now().into_std()),
            }
            if self.is_busy() && self.glance_at <= Instant::now() {
                self.glance_at = Instant::now() + GLANCE;
                self.glance().await;
            }
            self.do_due().await;
        }
    }

    pub(super) fn id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    pub(super) fn input(&mut self, input: Input) {
        self.stack.handle_input(Instant::now().into_std(), input);
    }

    pub(super) fn command(&mut self, command: Command) {
        self.input(Input::Command(command));
    }

    fn take(&mut self, heard: Heard) {
        match heard {
            Heard::Closed(flow) => self.input(Input::FlowClosed(flow)),
            Heard::NotSent(bytes) => self.input(Input::SendFailed { bytes }),
            Heard::Message(flow, bytes) => {
                let carrier = match self.line {
                    Line::Tcp => Carrier::Stream,
                    Line::Udp | Line::WebSocket => Carrier::Datagram,
                };
                let message = Message::parse(&bytes, carrier, &Limits::DEFAULT);
                let message = message.expect("the exchange writes what can be read");
                if self.manner == Manner::Ignore && matches!(message, Message::Request(_)) {
                    return;
                }
                self.input(Input::Message { flow, message });
            }
        }
    }

    /// Does what the stack wants; returns when it wants to be woken.
    async fn drain(&mut self) -> Option<Instant> {
        loop {
            match self.stack.poll_output() {
                Output::Send { destination, bytes } => self.send(destination, bytes).await,
                Output::Event(event) => self.event(event).await,
                Output::Wait(deadline) => return deadline.map(Instant::from_std),
            }
        }
    }

    async fn send(&mut self, to: sidetone_base::Destination, bytes: Bytes) {
        if !self.wire.send(to, bytes.clone()).await {
            self.input(Input::SendFailed { bytes });
        }
    }

    async fn event(&mut self, event: Event) {
        match event {
            Event::Response { request_id, response } => {
                if let Some(registration) = self.registrations.remove(&request_id) {
                    self.registered(registration, &response);
                } else if self.sendings.contains(&request_id) {
                    let text = String::from_utf8_lossy(&response.to_bytes()).into_owned();
                    self.view.borrow_mut().answered.push(text);
                } else if !self.told(request_id, response.status.code()) {
                    self.reoffer_answered(request_id, &response).await;
                }
            }
            Event::RequestFailed { request_id, why } => {
                match self.registrations.remove(&request_id) {
                    Some(registration) => {
                        let _ = registration.reply.send(Err(408));
                    }
                    None if self.told(request_id, 408) => {}
                    None => self.reoffer_failed(request_id, why),
                }
            }
            Event::Request { transaction, request, .. } => {
                let text = String::from_utf8_lossy(&request.to_bytes()).into_owned();
                self.view.borrow_mut().received.push(text);
                let status = match (&request.method, &self.manner) {
                    (Method::Options, Manner::Refuse(status)) => *status,
                    (Method::Message | Method::Options, _) => 200,
                    _ => 405,
                };
                let asked = request.method == Method::Options;
                let challenge = if asked { self.challenge(&request) } else { None };
                let reply = challenge.unwrap_or(Reply { status, ..Reply::default() });
                self.command(Command::Respond { transaction, reply: Box::new(reply) });
            }
            event => self.call_event(event).await,
        }
    }

    async fn obey(&mut self, order: Order) {
        match order {
            Order::Register { expires_s, password, reply } => {
                self.register(expires_s, password, reply).await
            }
            Order::Dial { number, offer, done } => {
                self.dial(&number, offer).await;
                let _ = done.send(());
            }
            Order::Answer => self.answer_last().await,
            Order::Refuse(status) => self.refuse_last(status),
            Order::HangUp => self.hang_up_last(),
            Order::HangUpAll => self.hang_up_all(),
            Order::Hold(form) => self.hold_last(Some(form)).await,
            Order::Resume => self.hold_last(None).await,
            Order::ResumeAll => self.resume_all().await,
            Order::ResumeWithoutOffer => self.ask_for_an_offer(Direction::SendRecv),
            Order::Press(digit) => self.press(digit).await,
            Order::Manner(manner) => self.manner = manner,
            Order::BeSilent => self.silent = true,
            Order::Keys(keys) => {
                self.keys = keys;
                self.capabilities.telephone_event = keys == Keys::Events;
            }
            Order::Media(wanted) => {
                self.forged = wanted == super::Media::Forged;
                media::dress(&mut self.capabilities, wanted);
            }
            Order::Show(certificate) => self.shows = CertificateChoice::Given(certificate),
            Order::Secure(wanted) => {
                media::dress(&mut self.capabilities, wanted);
                self.secure_last().await;
            }
            Order::Listen { to, done } => {
                self.listen(to).await;
                let _ = done.send(());
            }
            Order::Change(codecs) => self.change_last(&codecs).await,
            Order::WillFax => self.capabilities.fax = true,
            Order::Fax { done } => {
                self.fax_last().await;
                let _ = done.send(());
            }
            Order::Speak { done } => {
                self.hold_last(None).await;
                let _ = done.send(());
            }
            Order::Repeat => self.repeats = true,
            Order::Where { stream, reply } => drop(reply.send(self.ends_of_last(stream))),
            Order::ShowPictures => self.show_pictures().await,
            Order::Ask { call, saying } => self.ask(call, saying),
            Order::Demand => {
                let now = Instant::now().into_std();
                self.guard = Some(DigestServer::new(now, &mut self.random));
            }
            Order::Say(headers) => self.says = headers,
            Order::CallItself(user) => self.calls_itself = user,
            Order::Send { to, saying } => self.send_outside(&to, saying).await,
            Order::Move { host, done } => {
                self.ip = host.ip();
                self.wire = Wire::new(self.line, host).await;
                let _ = done.send(());
            }
            Order::Restart => self.restart_calls().await,
            Order::Held(reply) => {
                let held = (self.stack.snapshot(), self.engine.snapshot().await);
                let _ = reply.send(held);
            }
        }
    }

    /// A request to the exchange outside dialogs.
    pub(super) async fn request(&mut self, method: Method, uri: String) -> OutgoingRequest {
        let destination = self.wire.destination().await;
        if let Some(flow) = self.wire.flow() {
            self.input(Input::FlowSeen(flow));
        }
        let sent_by = self.wire.sent_by(self.ip);
        let transport = match self.line {
            Line::Udp => "",
            Line::Tcp => ";transport=tcp",
            Line::WebSocket => ";transport=ws",
        };
        OutgoingRequest {
            method,
            to: format!("<{uri}>"),
            uri,
            destination,
            others: Vec::new(),
            from: format!("<sip:{}@{EXCHANGE}>", self.calls_itself),
            contact: Some(format!("<sip:{}@{sent_by}{transport}>", self.name)),
            sent_by,
            route: Vec::new(),
            call_id: None,
            headers: Vec::new(),
            body: None,
            logins: None,
        }
    }

    async fn register(
        &mut self,
        expires_s: u32,
        password: String,
        reply: oneshot::Sender<Result<u32, u16>>,
    ) {
        let uri = format!("sip:{EXCHANGE}");
        let mut request = self.request(Method::Register, uri).await;
        request.to = format!("<sip:{}@{EXCHANGE}>", self.name);
        request.call_id = Some(self.registration_id.clone());
        request.headers = vec![("Expires".to_owned(), expires_s.to_string())];
        self.send_registration(Registration { request, password, challenges: 0, reply });
    }

    async fn send_outside(&mut self, to: &str, saying: Saying) {
        let method = method_of(&saying.method);
        let mut request = self.request(method, format!("sip:{to}@{EXCHANGE}")).await;
        if request.method == Method::Register {
            // What is to be bound is the story's.
            request.contact = None;
        }
        request.headers = saying.headers;
        request.body = saying.body.map(|(content_type, text)| sidetone_ua::api::Body {
            content_type,
            bytes: text.into(),
        });
        let secret = Secret::Password(PASSWORD.to_owned());
        let secrets = vec![(Algorithm::Md5, secret)];
        let login = Login { username: self.name.clone(), realm: String::new(), secrets };
        request.logins = Some(std::sync::Arc::new([login]));
        let request_id = RequestId(self.id());
        self.sendings.push(request_id);
        self.command(Command::Send { request_id, request: Box::new(request) });
    }

    /// What a caller without the right password hears, if this phone wants one.
    pub(super) fn challenge(&mut self, request: &sidetone_sip::Request) -> Option<Reply> {
        let server = self.guard.as_mut()?;
        let algorithms = [Algorithm::Md5];
        let now = Instant::now().into_std();
        let credentials = request.headers.lines(sidetone_sip::Name::Authorization);
        let credentials = credentials.filter_map(|line| Credentials::parse(&line.to_str())).last();
        let check = Check {
            method: &request.method.to_string(),
            realm: "phone",
            algorithms: &algorithms,
            secret: &|_| Some(Secret::Password(PASSWORD.to_owned())),
            uri_matches: true,
            nonce_life: Duration::from_secs(32),
        };
        let verdict = credentials.map(|credentials| server.verify(now, &check, &credentials));
        if verdict == Some(Verdict::Accepted) {
            return None;
        }
        let values = server.challenge(now, &mut self.random, "phone", &algorithms, Freshness::New);
        let headers = values.into_iter().map(|value| ("WWW-Authenticate".to_owned(), value));
        Some(Reply { status: 401, headers: headers.collect(), ..Reply::default() })
    }

    fn send_registration(&mut self, registration: Registration) {
        let request_id = RequestId(self.id());
        let request = Box::new(registration.request.clone());
        self.registrations.insert(request_id, registration);
        self.command(Command::Send { request_id, request });
    }

    fn registered(&mut self, mut registration: Registration, response: &Response) {
        let status = response.status.code();
        match status {
            401 | 407 if registration.challenges < MAX_CHALLENGES => {
                let password = registration.password.clone();
                registration.challenges += 1;
                self.sign(&mut registration.request, response, &password);
                self.send_registration(registration);
            }
            200..=299 => {
                let contacts = response.headers.typed_all::<Contact>().unwrap_or_default();
                let granted = contacts.iter().filter_map(Contact::expires).max();
                let _ = registration.reply.send(Ok(granted.unwrap_or(0)));
            }
            _ => {
                let _ = registration.reply.send(Err(status));
            }
        }
    }

    /// Puts the answer to a challenge into a request.
    pub(super) fn sign(
        &mut self,
        request: &mut OutgoingRequest,
        challenge: &Response,
        password: &str,
    ) {
        let secret = |_| Some(Secret::Password(password.to_owned()));
        let credentials = credentials_for(
            challenge,
            &mut self.random,
            &request.method.to_string(),
            &request.uri,
            &self.name,
            &secret,
        );
        request.headers.retain(|(name, _)| !name.ends_with("Authorization"));
        request.headers.extend(credentials);
    }

    fn leg_event(&mut self, leg: LegId, event: &LegEvent) {
        let Some(place) = self.calls.iter().position(|call| call.leg_id() == Some(leg)) else {
            return;
        };
        match event {
            LegEvent::Dtmf { digit, .. } => {
                self.view.borrow_mut().calls[place].digits.push(*digit);
            }
            LegEvent::SignalKey { digit, duration, .. } => {
                let text = format!("Signal={digit}\r\nDuration={}\r\n", duration.as_millis());
                let info = Saying::new("INFO", &[]).with_body("application/dtmf-relay", &text);
                self.ask(place, info);
            }
            _ => {}
        }
    }
}
