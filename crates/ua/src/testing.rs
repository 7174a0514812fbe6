//! Two stacks and a bad link between them, in virtual time. One seed is one run.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::Bytes;
use sidetone_base::{Destination, Flow, FlowId, Random as _, SeededRandom, Transport};
use sidetone_sip::{Carrier, Limits, Message};

use crate::api::{
    Body, Command, DialogId, DialogRequest, Event, Input, InviteId, OutgoingRequest, Output, Reply,
    RequestId, TransactionId,
};
use crate::{Settings, Snapshot, Stack};

/// The two ends.
pub(crate) const ALICE: usize = 0;
pub(crate) const BOB: usize = 1;

/// How the link treats messages.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Link {
    pub(crate) transport: Transport,
    pub(crate) lost_percent: u64,
    pub(crate) doubled_percent: u64,
    pub(crate) delay_ms: u64,
    pub(crate) jitter_ms: u64,
}

pub(crate) const GOOD: Link = Link {
    transport: Transport::Udp,
    lost_percent: 0,
    doubled_percent: 0,
    delay_ms: 10,
    jitter_ms: 0,
};

/// A line of what went over the link.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) at_ms: u128,
    pub(crate) from: usize,
    pub(crate) to: Destination,
    pub(crate) line: String,
    pub(crate) bytes: Bytes,
}

type Filter = Box<dyn FnMut(usize, &str) -> bool>;

pub(crate) struct World {
    pub(crate) now: Instant,
    pub(crate) start: Instant,
    pub(crate) stacks: [Stack; 2],
    pub(crate) events: [Vec<Event>; 2],
    pub(crate) log: Vec<Sent>,
    /// Says which messages are lost.
    pub(crate) lose: Filter,
    link: Link,
    random: SeededRandom,
    wire: BTreeMap<(Instant, u64), (usize, Bytes)>,
    serial: u64,
}

pub(crate) fn address(side: usize) -> std::net::SocketAddr {
    ([192, 0, 2, 1 + side as u8], 5060).into()
}

pub(crate) fn flow(side: usize, transport: Transport) -> Flow {
    let id = FlowId(1 + side as u64);
    Flow { id, transport, local: address(side), remote: address(1 - side) }
}

pub(crate) fn sdp(text: &str) -> Option<Body> {
    Some(Body {
        content_type: "application/sdp".into(),
        bytes: Bytes::copy_from_slice(text.as_bytes()),
    })
}

pub(crate) fn reply(status: u16) -> Box<Reply> {
    let body = if status == 200 || status == 183 { sdp("v=0 answer") } else { None };
    let headers = vec![("Contact".into(), "<sip:bob@192.0.2.2:5060>".into())];
    Box::new(Reply { status, reason: None, headers, body })
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(1, GOOD, Settings::default(), Settings::default())
    }

    pub(crate) fn with(seed: u64, link: Link, alice: Settings, bob: Settings) -> Self {
        let now = Instant::now();
        let stack = |settings, seed| Stack::new(now, settings, Box::new(SeededRandom::new(seed)));
        Self {
            now,
            start: now,
            stacks: [stack(alice, seed * 2), stack(bob, seed * 2 + 1)],
            events: [Vec::new(), Vec::new()],
            log: Vec::new(),
            lose: Box::new(|_, _| false),
            link,
            random: SeededRandom::new(seed ^ 0xBAD),
            wire: BTreeMap::new(),
            serial: 0,
        }
    }

    pub(crate) fn outgoing(&self) -> OutgoingRequest {
        OutgoingRequest {
            method: sidetone_sip::Method::Invite,
            uri: "sip:bob@192.0.2.2".into(),
            destination: Destination::Address {
                transport: self.link.transport,
                remote: address(BOB),
            },
            others: Vec::new(),
            from: "\"Alice\" <sip:alice@example.com>".into(),
            to: "<sip:bob@example.com>".into(),
            contact: Some("<sip:alice@192.0.2.1:5060>".into()),
            sent_by: "192.0.2.1:5060".into(),
            route: Vec::new(),
            call_id: None,
            headers: Vec::new(),
            body: sdp("v=0 offer"),
            logins: None,
        }
    }

    pub(crate) fn invite(&mut self) -> InviteId {
        let request = Box::new(self.outgoing());
        self.command(ALICE, Command::Invite { invite: InviteId(1), request });
        InviteId(1)
    }

    pub(crate) fn command(&mut self, side: usize, command: Command) {
        self.input(side, Input::Command(command));
    }

    pub(crate) fn input(&mut self, side: usize, input: Input) {
        self.stacks[side].handle_input(self.now, input);
        self.drain(side);
    }

    /// Hands raw bytes to one side as if its peer had sent them.
    pub(crate) fn inject(&mut self, side: usize, text: &str) {
        let bytes = Bytes::from(text.replace('\n', "\r\n"));
        self.deliver(side, &bytes);
    }

    pub(crate) fn deliver(&mut self, side: usize, bytes: &Bytes) {
        let message = Message::parse(bytes, Carrier::Datagram, &Limits::DEFAULT).expect("parses");
        let flow = flow(side, self.link.transport);
        self.stacks[side].handle_input(self.now, Input::Message { flow, message });
        self.drain(side);
    }

    fn drain(&mut self, side: usize) {
        loop {
            match self.stacks[side].poll_output() {
                Output::Event(event) => self.events[side].push(event),
                Output::Send { destination, bytes } => self.transmit(side, destination, bytes),
                Output::Wait(_) => return,
            }
        }
    }

    fn transmit(&mut self, from: usize, to: Destination, bytes: Bytes) {
        let text = String::from_utf8_lossy(&bytes);
        let line = text.lines().next().unwrap_or_default().to_owned();
        let at_ms = (self.now - self.start).as_millis();
        self.log.push(Sent { at_ms, from, to, line: line.clone(), bytes: bytes.clone() });
        let lossy = !self.link.transport.is_reliable();
        if (self.lose)(from, &line) || (lossy && self.random.below(100) < self.link.lost_percent) {
            return;
        }
        let copies =
            if lossy && self.random.below(100) < self.link.doubled_percent { 2 } else { 1 };
        for _ in 0..copies {
            let jitter = if lossy { self.random.below(self.link.jitter_ms + 1) } else { 0 };
            let delay = Duration::from_millis(self.link.delay_ms + jitter);
            self.serial += 1;
            self.wire.insert((self.now + delay, self.serial), (1 - from, bytes.clone()));
        }
    }

    /// The next moment at which something happens.
    pub(crate) fn next_moment(&mut self) -> Option<Instant> {
        let mut next = self.wire.keys().next().map(|(at, _)| *at);
        for stack in &mut self.stacks {
            if let Output::Wait(Some(at)) = stack.poll_output() {
                next = Some(next.map_or(at, |next| next.min(at)));
            }
        }
        next
    }

    /// Does what happens at the next moment.
    pub(crate) fn step(&mut self) {
        let Some(at) = self.next_moment() else { return };
        self.now = self.now.max(at);
        while let Some(entry) = self.wire.first_entry().filter(|entry| entry.key().0 <= self.now) {
            let (side, bytes) = entry.remove();
            self.deliver(side, &bytes);
        }
        for side in [ALICE, BOB] {
            self.stacks[side].handle_timeout(self.now);
            self.drain(side);
        }
    }

    pub(crate) fn run_ms(&mut self, ms: u64) {
        let end = self.now + Duration::from_millis(ms);
        while self.next_moment().is_some_and(|at| at <= end) {
            self.step();
        }
        self.now = end;
    }

    /// Takes the first event that fits, dropping those before it.
    pub(crate) fn expect<T>(&mut self, side: usize, fits: impl Fn(&Event) -> Option<T>) -> T {
        let found = self.events[side].iter().enumerate().find_map(|(at, e)| Some((at, fits(e)?)));
        let Some((at, value)) = found else { panic!("not among {:#?}", self.events[side]) };
        self.events[side].drain(..=at);
        value
    }

    pub(crate) fn incoming(&mut self) -> DialogId {
        self.expect(BOB, |event| match event {
            Event::Invite { dialog, .. } => Some(*dialog),
            _ => None,
        })
    }

    pub(crate) fn answered(&mut self) -> DialogId {
        self.expect(ALICE, |event| match event {
            Event::Answered { dialog, .. } => Some(*dialog),
            _ => None,
        })
    }

    pub(crate) fn inside(&mut self, side: usize) -> TransactionId {
        self.expect(side, |event| match event {
            Event::DialogRequest { transaction, .. } => Some(*transaction),
            _ => None,
        })
    }

    pub(crate) fn status(&mut self, side: usize) -> u16 {
        self.expect(side, |event| match event {
            Event::Response { response, .. } | Event::Rejected { response, .. } => {
                Some(response.status.code())
            }
            _ => None,
        })
    }

    pub(crate) fn respond(&mut self, dialog: DialogId, status: u16, reliable: bool) {
        let reply = reply(status);
        self.command(BOB, Command::RespondInvite { dialog, reply, reliable });
    }

    pub(crate) fn request(&mut self, side: usize, dialog: DialogId, id: u64, method: &str) {
        self.request_with(side, dialog, id, method, Vec::new());
    }

    pub(crate) fn request_with(
        &mut self,
        side: usize,
        dialog: DialogId,
        id: u64,
        method: &str,
        headers: Vec<(String, String)>,
    ) {
        let method = sidetone_sip::Method::parse(&sidetone_sip::Text::from(method)).expect("token");
        let body = match method {
            sidetone_sip::Method::Invite | sidetone_sip::Method::Update => sdp("v=0 again"),
            _ => None,
        };
        let request = Box::new(DialogRequest { method, headers, body });
        let request_id = RequestId(id);
        self.command(side, Command::InDialog { request_id, dialog, request });
    }

    pub(crate) fn bye(&mut self, side: usize, dialog: DialogId) {
        self.command(side, Command::Bye { dialog, headers: Vec::new() });
    }

    /// A call up to the ACK; the dialogs of both sides.
    pub(crate) fn call(&mut self) -> (DialogId, DialogId) {
        self.invite();
        self.run_ms(100);
        let bob = self.incoming();
        self.respond(bob, 180, false);
        self.run_ms(100);
        self.respond(bob, 200, false);
        self.run_ms(100);
        let alice = self.answered();
        self.command(ALICE, Command::Ack { dialog: alice, body: None });
        self.run_ms(100);
        self.expect(BOB, |event| matches!(event, Event::Acked { .. }).then_some(()));
        (alice, bob)
    }

    /// When lines that begin so were sent, in ms since the start.
    pub(crate) fn times(&self, from: usize, begin: &str) -> Vec<u128> {
        let fits = |sent: &&Sent| sent.from == from && sent.line.starts_with(begin);
        self.log.iter().filter(fits).map(|sent| sent.at_ms).collect()
    }

    pub(crate) fn count(&self, from: usize, begin: &str) -> usize {
        self.times(from, begin).len()
    }

    pub(crate) fn last(&self, from: usize, begin: &str) -> String {
        let fits = |sent: &&Sent| sent.from == from && sent.line.starts_with(begin);
        let sent = self.log.iter().rev().find(fits).expect("sent");
        String::from_utf8_lossy(&sent.bytes).into_owned()
    }

    /// Runs out every timer and asserts that nothing is left.
    pub(crate) fn assert_no_leaks(&mut self) {
        self.run_ms(200_000);
        for side in [ALICE, BOB] {
            let held = self.stacks[side].snapshot();
            let counted = Snapshot {
                malformed_total: held.malformed_total,
                dropped_total: held.dropped_total,
                refused_total: held.refused_total,
                unserved_total: held.unserved_total,
                retransmitted_total: held.retransmitted_total,
                ..Snapshot::default()
            };
            assert_eq!(held, counted, "side {side} leaks");
        }
    }
}
