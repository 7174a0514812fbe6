//! Where messages go: flows, addresses, and what happens when a connection is gone.

use bytes::Bytes;
use sidetone_base::{Destination, FlowId, Transport};
use sidetone_sip::Method;
use sidetone_sip::headers::Replaces;

use crate::Settings;
use crate::api::{Command, DialogId, DialogRequest, Event, Failure, Input, InviteId, RequestId};
use crate::testing::{ALICE, BOB, GOOD, Link, World};

const FLOW: Destination = Destination::Flow(FlowId(2));

fn world(transport: Transport) -> World {
    let link = Link { transport, ..GOOD };
    let mut world = World::with(1, link, Settings::default(), Settings::default());
    world.lose = Box::new(|_, _| true);
    world
}

/// Bob answers an INVITE from a Contact; where his requests go.
fn requests_go_to(transport: Transport, contact: &str, extra: &str) -> Destination {
    let mut world = world(transport);
    let bob = incoming(&mut world, contact, extra);
    world.request(BOB, bob, 1, "INFO");
    world.log.last().unwrap().to
}

fn incoming(world: &mut World, contact: &str, extra: &str) -> DialogId {
    let text = format!(
        "INVITE sip:bob@192.0.2.2 SIP/2.0\nVia: SIP/2.0/TCP x.invalid;branch=z9hG4bKi\n\
         From: <sip:a@y>;tag=1\nTo: <sip:b@y>\nCall-ID: c\nCSeq: 1 INVITE\n\
         Contact: {contact}\n{extra}\n"
    );
    world.inject(BOB, &text);
    let bob = world.incoming();
    world.respond(bob, 200, false);
    bob
}

fn address(transport: Transport, text: &str) -> Destination {
    Destination::Address { transport, remote: text.parse().unwrap() }
}

#[test]
fn browsers_and_names_are_reached_over_their_flow() {
    for transport in [Transport::Ws, Transport::Wss] {
        assert_eq!(requests_go_to(transport, "<sip:a@x.invalid;transport=ws>", ""), FLOW);
        assert_eq!(requests_go_to(transport, "<sip:a@198.51.100.1;transport=ws>", ""), FLOW);
    }
    assert_eq!(requests_go_to(Transport::Udp, "<sip:a@phone.example>", ""), FLOW);
    assert_eq!(requests_go_to(Transport::Udp, "<sip:a@198.51.100.1;ob>", ""), FLOW);
}

#[test]
fn phones_behind_a_nat_are_reached_over_their_flow() {
    assert_eq!(requests_go_to(Transport::Udp, "<sip:a@192.168.1.7:5060>", ""), FLOW);
    assert_eq!(requests_go_to(Transport::Udp, "<sip:a@192.0.2.1:5060>", ""), FLOW);
}

#[test]
fn public_addresses_are_reached_where_the_contact_or_route_says() {
    let expected = address(Transport::Udp, "198.51.100.1:5070");
    assert_eq!(requests_go_to(Transport::Udp, "<sip:a@198.51.100.1:5070>", ""), expected);
    let expected = address(Transport::Tls, "198.51.100.1:5061");
    assert_eq!(requests_go_to(Transport::Udp, "<sips:a@198.51.100.1>", ""), expected);
    let expected = address(Transport::Tcp, "198.51.100.9:5060");
    let route = "Record-Route: <sip:198.51.100.9;transport=tcp;lr>\n";
    assert_eq!(requests_go_to(Transport::Udp, "<sip:a@x.invalid>", route), expected);
}

#[test]
fn the_owner_may_pin_a_dialog_to_a_place() {
    let mut world = world(Transport::Udp);
    let bob = incoming(&mut world, "<sip:a@198.51.100.1>", "");
    let destination = address(Transport::Tcp, "203.0.113.5:5060");
    world.command(BOB, Command::Pin { dialog: bob, destination });
    world.request(BOB, bob, 1, "INFO");
    assert_eq!(world.log.last().unwrap().to, destination);
}

/// Our address changed: the re-INVITE says so, and so do later requests and answers.
#[test]
fn a_contact_given_with_a_reinvite_stands_from_then_on() {
    let mut world = World::new();
    let (alice, _) = world.call();
    let contact = "<sip:alice@203.0.113.8:5062>";
    let request = Box::new(DialogRequest {
        method: Method::Invite,
        headers: vec![("Contact".to_owned(), contact.to_owned())],
        body: None,
    });
    world.command(ALICE, Command::InDialog { request_id: RequestId(1), dialog: alice, request });
    let told = format!("Contact: {contact}");
    let sent = world.last(ALICE, "INVITE");
    assert_eq!(sent.matches("Contact: ").count(), 1, "{sent}");
    assert!(sent.contains(&told) && sent.contains("203.0.113.8:5062;branch"), "{sent}");
    world.request(ALICE, alice, 2, "UPDATE");
    let sent = world.log.iter().rev().map(|sent| String::from_utf8_lossy(&sent.bytes));
    let update = sent.into_iter().find(|text| text.starts_with("UPDATE"));
    assert!(update.is_none_or(|text| text.contains(&told)));
    world.request(ALICE, alice, 3, "INFO");
    let sent = world.last(ALICE, "INFO");
    assert!(sent.contains("203.0.113.8:5062;branch") && !sent.contains("Contact: "), "{sent}");
}

fn failed(world: &mut World, side: usize, bytes: Bytes) {
    world.input(side, Input::SendFailed { bytes });
}

#[test]
fn responses_go_back_over_the_flow_and_once_more_over_a_new_connection() {
    let mut world = world(Transport::Tcp);
    incoming(&mut world, "<sip:a@198.51.100.1>", "");
    let answer = world.log.last().unwrap().clone();
    assert_eq!(answer.to, FLOW);
    failed(&mut world, BOB, answer.bytes.clone());
    assert_eq!(world.log.last().unwrap().to, address(Transport::Tcp, "192.0.2.1:5060"));
    let sent = world.log.len();
    failed(&mut world, BOB, answer.bytes);
    assert_eq!(world.log.len(), sent, "a second failure is final");
    world.run_ms(600);
    assert_eq!(world.log.last().unwrap().to, address(Transport::Tcp, "192.0.2.1:5060"));
}

#[test]
fn a_request_that_cannot_be_sent_fails_at_once() {
    let mut world = world(Transport::Udp);
    world.invite();
    let bytes = world.log[0].bytes.clone();
    failed(&mut world, ALICE, bytes);
    world.expect(ALICE, |event| match event {
        Event::InviteFailed { invite: InviteId(1), why: Failure::Transport } => Some(()),
        _ => None,
    });
    world.assert_no_leaks();
}

#[test]
fn a_flow_tells_its_transport_before_anything_came_over_it() {
    for (told, line) in [(true, "Via: SIP/2.0/WSS "), (false, "Via: SIP/2.0/WS ")] {
        let mut world = world(Transport::Wss);
        if told {
            let flow = crate::testing::flow(ALICE, Transport::Wss);
            world.input(ALICE, Input::FlowSeen(flow));
        }
        let mut request = world.outgoing();
        request.uri = "sip:bob@x.invalid;transport=ws".into();
        request.destination = Destination::Flow(FlowId(1));
        let request = Box::new(request);
        world.command(ALICE, Command::Invite { invite: InviteId(1), request });
        assert!(world.last(ALICE, "INVITE").contains(line));
        world.run_ms(2_000);
        assert_eq!(world.count(ALICE, "INVITE"), 1, "WebSocket repeats for us");
        world.input(ALICE, Input::FlowClosed(FlowId(1)));
        world.expect(ALICE, |event| match event {
            Event::InviteFailed { why: Failure::Transport, .. } => Some(()),
            _ => None,
        });
        world.assert_no_leaks();
    }
}

#[test]
fn a_dialog_is_found_by_what_replaces_calls_it() {
    let mut world = World::new();
    let (alice, bob) = world.call();
    let identity = world.stacks[BOB].identity(bob).unwrap();
    let replaces = Replaces {
        call_id: identity.call_id,
        to_tag: identity.local_tag,
        from_tag: identity.remote_tag,
        early_only: false,
    };
    assert_eq!(world.stacks[BOB].replaced(&replaces), Some(bob));
    assert_eq!(world.stacks[ALICE].replaced(&replaces), None);
    world.bye(ALICE, alice);
    world.assert_no_leaks();
}
