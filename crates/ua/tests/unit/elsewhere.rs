//! Requests that have further places to go to (RFC 3263 §4.3).

use sidetone_base::{Destination, Transport};
use sidetone_sip::Method;

use crate::api::{Command, Event, Failure, InviteId, OutgoingRequest, RequestId, Way};
use crate::testing::{ALICE, BOB, World, address};

fn place(last: u8, transport: Transport) -> Destination {
    Destination::Address { transport, remote: ([192, 0, 2, last], 5070).into() }
}

fn way(last: u8, transport: Transport) -> Way {
    Way {
        destination: place(last, transport),
        sent_by: format!("192.0.2.1:50{last}"),
        contact: Some(format!("<sip:alice@192.0.2.1:50{last}>")),
    }
}

/// Nothing arrives anywhere; what comes back is injected.
fn world() -> World {
    let mut world = World::new();
    world.lose = Box::new(|_, _| true);
    world
}

fn request(world: &World, others: Vec<Way>) -> Box<OutgoingRequest> {
    Box::new(OutgoingRequest { others, ..world.outgoing() })
}

fn invite(world: &mut World, others: Vec<Way>) {
    let request = request(world, others);
    world.command(ALICE, Command::Invite { invite: InviteId(1), request });
}

fn header(text: &str, name: &str) -> String {
    let begin = format!("{name}: ");
    let found = text.lines().find_map(|line| line.strip_prefix(begin.as_str()));
    found.unwrap_or_default().to_owned()
}

/// Answers the last request that begins so.
fn answer(world: &mut World, method: &str, status: &str, more: &str) {
    let request = world.last(ALICE, method);
    let same = ["Via", "From", "Call-ID", "CSeq"]
        .map(|name| format!("{name}: {}\n", header(&request, name)))
        .concat();
    let to = header(&request, "To");
    let text = format!("SIP/2.0 {status}\n{same}To: {to};tag=b\n{more}Content-Length: 0\n\n");
    world.inject(ALICE, &text);
}

fn moved(world: &mut World) -> (Destination, Destination) {
    world.expect(ALICE, |event| match event {
        Event::InviteMoved { from, to, .. } | Event::RequestMoved { from, to, .. } => {
            Some((*from, *to))
        }
        _ => None,
    })
}

#[test]
fn an_invite_that_nobody_answers_goes_to_the_next_place_as_a_new_transaction() {
    let mut world = world();
    let first = Destination::Address { transport: Transport::Udp, remote: address(BOB) };
    invite(&mut world, vec![way(71, Transport::Tcp), way(72, Transport::Udp)]);
    world.run_ms(31_900);
    let before = world.last(ALICE, "INVITE");
    assert!(world.log.iter().all(|sent| sent.to == first));
    world.run_ms(200);
    assert_eq!(moved(&mut world), (first, place(71, Transport::Tcp)));
    let after = world.last(ALICE, "INVITE");
    for name in ["Call-ID", "CSeq", "From", "To"] {
        assert_eq!(header(&before, name), header(&after, name));
    }
    let via = header(&after, "Via");
    assert!(via.starts_with("SIP/2.0/TCP 192.0.2.1:5071;branch="), "{via}");
    assert_ne!(header(&before, "Via").split("branch=").nth(1), via.split("branch=").nth(1));
    assert_eq!(header(&after, "Contact"), "<sip:alice@192.0.2.1:5071>");
    let contact = "Contact: <sip:bob@192.0.2.71:5070;transport=tcp>\n";
    answer(&mut world, "INVITE", "200 OK", contact);
    let dialog = world.answered();
    world.command(ALICE, Command::Ack { dialog, body: None });
    let ack = world.log.last().expect("an ACK").to;
    assert_eq!(ack, place(71, Transport::Tcp));
    assert!(header(&world.last(ALICE, "ACK"), "Via").starts_with("SIP/2.0/TCP 192.0.2.1:5071;"));
    world.command(ALICE, Command::Bye { dialog, headers: Vec::new() });
    world.assert_no_leaks();
}

#[test]
fn an_end_is_told_when_no_place_is_left() {
    let mut world = world();
    invite(&mut world, vec![way(71, Transport::Udp)]);
    world.run_ms(64_100);
    world.expect(ALICE, |event| match event {
        Event::InviteFailed { why: Failure::Timeout, .. } => Some(()),
        _ => None,
    });
    world.assert_no_leaks();
}

#[test]
fn a_server_that_is_overloaded_is_left_for_the_next_and_other_refusals_stand() {
    let mut world = world();
    invite(&mut world, vec![way(71, Transport::Udp), way(72, Transport::Udp)]);
    answer(&mut world, "INVITE", "503 Service Unavailable", "");
    assert_eq!(moved(&mut world).1, place(71, Transport::Udp));
    assert_eq!(world.log.iter().filter(|sent| sent.line.starts_with("ACK")).count(), 1);
    answer(&mut world, "INVITE", "486 Busy Here", "");
    let status = world.expect(ALICE, |event| match event {
        Event::Rejected { response, .. } => Some(response.status.code()),
        _ => None,
    });
    assert_eq!(status, 486);
    assert!(world.log.iter().all(|sent| sent.to != place(72, Transport::Udp)));
    world.assert_no_leaks();
}

#[test]
fn a_server_that_let_somebody_ring_is_not_left() {
    let mut world = world();
    invite(&mut world, vec![way(71, Transport::Udp)]);
    answer(&mut world, "INVITE", "180 Ringing", "Contact: <sip:bob@192.0.2.2>\n");
    answer(&mut world, "INVITE", "503 Service Unavailable", "");
    let status = world.expect(ALICE, |event| match event {
        Event::Rejected { response, .. } => Some(response.status.code()),
        _ => None,
    });
    assert_eq!(status, 503);
    world.assert_no_leaks();
}

#[test]
fn an_invite_that_was_given_up_goes_nowhere_else() {
    let mut world = world();
    invite(&mut world, vec![way(71, Transport::Udp)]);
    world.run_ms(5_000);
    world.command(ALICE, Command::Cancel { invite: InviteId(1), headers: Vec::new() });
    world.run_ms(40_000);
    world.expect(ALICE, |event| match event {
        Event::InviteFailed { why: Failure::Cancelled, .. } => Some(()),
        _ => None,
    });
    assert!(world.log.iter().all(|sent| sent.to != place(71, Transport::Udp)));
    world.assert_no_leaks();
}

#[test]
fn a_request_that_cannot_be_sent_goes_to_the_next_place_at_once() {
    let mut world = world();
    let mut register = request(&world, vec![way(71, Transport::Udp)]);
    register.method = Method::Register;
    world.command(ALICE, Command::Send { request_id: RequestId(7), request: register });
    let bytes = world.log.last().expect("a REGISTER").bytes.clone();
    world.input(ALICE, crate::api::Input::SendFailed { bytes });
    assert_eq!(moved(&mut world).1, place(71, Transport::Udp));
    answer(&mut world, "REGISTER", "200 OK", "");
    let status = world.expect(ALICE, |event| match event {
        Event::Response { request_id: RequestId(7), response } => Some(response.status.code()),
        _ => None,
    });
    assert_eq!(status, 200);
    world.assert_no_leaks();
}
