//! What a call costs: INVITE, 100, 180, 200, ACK, BYE, 200, parsed, handled and printed by both
//! ends. Budget: ≤ 60 µs per end. `cargo bench -p sidetone-ua`

use std::time::{Duration, Instant};

use sidetone_base::{Destination, Flow, FlowId, SeededRandom, Transport};
use sidetone_sip::{Carrier, Limits, Message, Method};
use sidetone_ua::api::{
    Body, Command, DialogId, Event, Input, InviteId, OutgoingRequest, Output, Reply,
};
use sidetone_ua::{Settings, Stack};

const CALLS: u64 = 20_000;

struct End {
    stack: Stack,
    flow: Flow,
    spent: Duration,
}

fn address(side: u8) -> std::net::SocketAddr {
    ([192, 0, 2, side], 5060).into()
}

fn end(now: Instant, side: u8) -> End {
    let random = Box::new(SeededRandom::new(u64::from(side)));
    let (local, remote) = (address(side), address(3 - side));
    let flow = Flow { id: FlowId(u64::from(side)), transport: Transport::Udp, local, remote };
    End { stack: Stack::new(now, Settings::default(), random), flow, spent: Duration::ZERO }
}

fn reply(status: u16) -> Box<Reply> {
    let headers = vec![("Contact".to_owned(), "<sip:bob@192.0.2.2:5060>".to_owned())];
    let body = (status == 200).then(body);
    Box::new(Reply { status, reason: None, headers, body })
}

fn body() -> Body {
    let bytes = bytes::Bytes::from_static(&[b'a'; 600]);
    Body { content_type: "application/sdp".to_owned(), bytes }
}

fn request() -> Box<OutgoingRequest> {
    Box::new(OutgoingRequest {
        method: Method::Invite,
        uri: "sip:bob@192.0.2.2:5060".to_owned(),
        destination: Destination::Address { transport: Transport::Udp, remote: address(2) },
        others: Vec::new(),
        from: "\"Alice\" <sip:alice@example.com>".to_owned(),
        to: "<sip:bob@example.com>".to_owned(),
        contact: Some("<sip:alice@192.0.2.1:5060>".to_owned()),
        sent_by: "192.0.2.1:5060".to_owned(),
        route: Vec::new(),
        call_id: None,
        headers: Vec::new(),
        body: Some(body()),
        logins: None,
    })
}

/// What an owner does about an event.
fn answer(event: Event) -> Vec<Command> {
    match event {
        Event::Invite { dialog, .. } => vec![respond(dialog, 180), respond(dialog, 200)],
        Event::Answered { dialog, .. } => {
            vec![Command::Ack { dialog, body: None }, Command::Bye { dialog, headers: Vec::new() }]
        }
        _ => Vec::new(),
    }
}

fn respond(dialog: DialogId, status: u16) -> Command {
    Command::RespondInvite { dialog, reply: reply(status), reliable: false }
}

/// Lets an end work until it has nothing to say; the messages it sends.
fn work(end: &mut End, now: Instant, inputs: Vec<Input>, sent: &mut Vec<bytes::Bytes>) {
    let mut commands = Vec::new();
    let start = Instant::now();
    for input in inputs {
        end.stack.handle_input(now, input);
    }
    loop {
        match end.stack.poll_output() {
            Output::Send { bytes, .. } => sent.push(bytes),
            Output::Event(event) => commands.extend(answer(event)),
            Output::Wait(_) => break,
        }
    }
    end.spent += start.elapsed();
    if !commands.is_empty() {
        let inputs = commands.into_iter().map(Input::Command).collect();
        work(end, now, inputs, sent);
    }
}

fn receive(end: &mut End, now: Instant, bytes: &[bytes::Bytes], sent: &mut Vec<bytes::Bytes>) {
    let start = Instant::now();
    let flow = end.flow;
    let parse = |bytes| Message::parse(bytes, Carrier::Datagram, &Limits::DEFAULT).ok();
    let messages = bytes.iter().filter_map(parse);
    let inputs = messages.map(|message| Input::Message { flow, message }).collect();
    end.spent += start.elapsed();
    work(end, now, inputs, sent);
}

fn main() {
    let mut now = Instant::now();
    let (mut alice, mut bob) = (end(now, 1), end(now, 2));
    let mut messages = 0;
    for call in 0..CALLS {
        let command = Command::Invite { invite: InviteId(call), request: request() };
        let (mut to_bob, mut to_alice) = (Vec::new(), Vec::new());
        work(&mut alice, now, vec![Input::Command(command)], &mut to_bob);
        while !to_bob.is_empty() || !to_alice.is_empty() {
            messages += to_bob.len();
            receive(&mut bob, now, &std::mem::take(&mut to_bob), &mut to_alice);
            messages += to_alice.len();
            receive(&mut alice, now, &std::mem::take(&mut to_alice), &mut to_bob);
        }
        // 1,000 calls per second, so that ended transactions linger as they do in life.
        now += Duration::from_millis(1);
        for end in [&mut alice, &mut bob] {
            let start = Instant::now();
            end.stack.handle_timeout(now);
            while !matches!(end.stack.poll_output(), Output::Wait(_)) {}
            end.spent += start.elapsed();
        }
    }
    let each = |spent: Duration| spent.as_secs_f64() * 1e6 / CALLS as f64;
    println!("{} messages per call", messages as f64 / CALLS as f64);
    println!(
        "caller {:.1} µs, callee {:.1} µs per call (budget 60 µs)",
        each(alice.spent),
        each(bob.spent)
    );
    println!("{:?}", bob.stack.snapshot());
}
