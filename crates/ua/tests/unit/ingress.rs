//! Requests that are refused before the owner hears of them, and how responses find their way.

use sidetone_base::SeededRandom;
use sidetone_sip::{Carrier, Limits, Message};

use crate::Settings;
use crate::api::Event;
use crate::testing::{ALICE, BOB, GOOD, World};

fn request(method: &str, extra: &str) -> String {
    format!(
        "{method} sip:bob@192.0.2.2 SIP/2.0\n\
         Via: SIP/2.0/UDP 10.0.0.1:5062;branch=z9hG4bK{};rport\n\
         From: <sip:a@y>;tag=1\nTo: <sip:b@y>\nCall-ID: c\nCSeq: 1 {method}\n\
         Contact: <sip:a@10.0.0.1>\n{extra}\n",
        method.to_lowercase()
    )
}

fn check(text: &str, status: &str, header: &str) {
    let mut world = World::new();
    world.lose = Box::new(|_, _| true);
    world.inject(BOB, text);
    let response = world.last(BOB, "SIP/2.0");
    assert!(response.starts_with(&format!("SIP/2.0 {status} ")), "{response}");
    assert!(response.contains(header), "{response}");
    assert!(world.events[BOB].is_empty());
    world.assert_no_leaks();
}

#[test]
fn requests_that_cannot_be_served_are_refused() {
    check(&request("INVITE", "Max-Forwards: 0\n"), "483", "To: <sip:b@y>;tag=");
    check(
        &request("INVITE", "Require: foo, 100rel\nRequire: bar\n"),
        "420",
        "Unsupported: foo, bar",
    );
    check(&request("FROBNICATE", ""), "501", "Allow: ");
    check(&request("BYE", ""), "481", "To: <sip:b@y>;tag=");
    check(&request("CANCEL", ""), "481", "CSeq: 1 CANCEL");
    let inside = request("INFO", "").replace("To: <sip:b@y>", "To: <sip:b@y>;tag=gone");
    check(&inside, "481", "tag=gone");
    let scheme = request("OPTIONS", "").replace("sip:bob@192.0.2.2 ", "mailto:bob@192.0.2.2 ");
    check(&scheme, "416", "Via");
    let missing = request("INVITE", "").replace("CSeq: 1 INVITE", "CSeq: 1 BYE");
    check(&missing, "400", "CSeq names another method");
}

#[test]
fn the_top_via_says_where_the_request_came_from() {
    let mut world = World::new();
    world.lose = Box::new(|_, _| true);
    world.inject(BOB, &request("INVITE", ""));
    let trying = world.last(BOB, "SIP/2.0 100");
    assert!(trying.contains("rport=5060;received=192.0.2.1"), "{trying}");
    assert!(trying.contains("To: <sip:b@y>\r\n"), "100 has no tag");
    let bob = world.incoming();
    world.respond(bob, 486, false);
    world.assert_no_leaks();
}

#[test]
fn a_request_that_comes_two_ways_is_merged() {
    let mut world = World::new();
    world.lose = Box::new(|_, _| true);
    world.inject(BOB, &request("INVITE", ""));
    world.inject(BOB, &request("INVITE", "").replace("z9hG4bK", "z9hG4bKother"));
    assert!(world.last(BOB, "SIP/2.0").starts_with("SIP/2.0 482 "));
    let bob = world.incoming();
    world.respond(bob, 486, false);
    world.assert_no_leaks();
}

#[test]
fn a_stray_ack_is_dropped_and_counted() {
    let mut world = World::new();
    world.inject(BOB, &request("ACK", ""));
    assert!(world.log.is_empty() && world.events[BOB].is_empty());
    assert_eq!(world.stacks[BOB].snapshot().dropped_total, 1);
}

#[test]
fn what_belongs_to_a_call_is_known_and_what_only_looks_so_is_not() {
    let parsed = |text: &str| {
        let bytes = text.replace('\n', "\r\n").into();
        match Message::parse(&bytes, Carrier::Datagram, &Limits::default()) {
            Ok(Message::Request(request)) => request,
            other => panic!("{other:?}"),
        }
    };
    let mut world = World::new();
    world.lose = Box::new(|_, _| true);
    world.inject(BOB, &request("INVITE", ""));
    let cancel = request("CANCEL", "").replace("bKcancel", "bKinvite");
    let known = |world: &World, text: &str| world.stacks[BOB].knows(&parsed(text));
    assert!(known(&world, &cancel));
    assert!(!known(&world, &request("CANCEL", "")), "of another INVITE");
    let bob = world.incoming();
    let tag = world.stacks[BOB].identity(bob).expect("a dialog").local_tag.to_string();
    let inside = |method: &str, tag: &str| {
        request(method, "").replace("To: <sip:b@y>", &format!("To: <sip:b@y>;tag={tag}"))
    };
    for method in ["ACK", "BYE", "INFO", "PRACK", "UPDATE"] {
        assert!(known(&world, &inside(method, &tag)), "{method}");
        assert!(!known(&world, &inside(method, "gone")), "{method} of no call");
        assert!(!known(&world, &request(method, "")), "{method} without tag");
    }
    world.respond(bob, 486, false);
    let ack = inside("ACK", &tag).replace("bKack", "bKinvite");
    assert!(known(&world, &ack), "its transaction waits for it");
    assert!(!known(&world, &inside("BYE", &tag)), "the call is over");
    let bye = inside("BYE", "gone");
    world.inject(BOB, &bye);
    assert!(!known(&world, &bye), "sent again, it is as little of a call");
    world.assert_no_leaks();
}

#[test]
fn a_stray_response_is_dropped_and_counted() {
    let mut world = World::new();
    let text = request("INVITE", "").replace("INVITE sip:bob@192.0.2.2 SIP/2.0", "SIP/2.0 200 OK");
    world.inject(ALICE, &text);
    assert!(world.log.is_empty() && world.events[ALICE].is_empty());
    assert_eq!(world.stacks[ALICE].snapshot().dropped_total, 1);
}

#[test]
fn a_full_stack_forgets_what_is_answered_before_it_refuses() {
    let mut world = World::new();
    world.lose = Box::new(|_, _| true);
    let room = 10;
    let settings = Settings { max_transactions: room, ..Settings::default() };
    world.stacks[BOB] = crate::Stack::new(world.now, settings, Box::new(SeededRandom::new(7)));
    for number in 0..5 * room {
        let text = request("BYE", "").replace("z9hG4bK", &format!("z9hG4bK{number}"));
        world.inject(BOB, &text);
        assert!(world.last(BOB, "SIP/2.0").starts_with("SIP/2.0 481 "));
    }
    let snapshot = world.stacks[BOB].snapshot();
    assert_eq!(snapshot.refused_total, 0);
    assert_eq!(snapshot.server_transactions, room);
    world.assert_no_leaks();
}

#[test]
fn a_full_stack_refuses_new_calls_with_retry_after() {
    let full = Settings { max_dialogs: 0, ..Settings::default() };
    let mut world = World::with(1, GOOD, Settings::default(), full);
    world.invite();
    world.run_ms(100);
    assert!(world.last(BOB, "SIP/2.0 503").contains("Retry-After: "));
    assert_eq!(world.status(ALICE), 503);
    assert_eq!(world.stacks[BOB].snapshot().refused_total, 1);
    world.assert_no_leaks();
}

#[test]
fn an_rfc_2543_caller_is_served() {
    let mut world = World::new();
    world.lose = Box::new(|_, _| true);
    let invite = request("INVITE", "").replace(";branch=z9hG4bKinvite;rport", "");
    let invite = invite.replace("From: <sip:a@y>;tag=1", "From: sip:a@y");
    world.inject(BOB, &invite);
    world.inject(BOB, &invite);
    let bob = world.incoming();
    assert!(world.events[BOB].is_empty(), "the repetition is recognised");
    world.respond(bob, 486, false);
    let to = world.last(BOB, "SIP/2.0 486");
    let to = to.lines().find(|line| line.starts_with("To")).unwrap();
    let ack = invite.replace("INVITE", "ACK").replace("To: <sip:b@y>", to);
    world.inject(BOB, &ack);
    world.run_ms(1_000);
    assert_eq!(world.count(BOB, "SIP/2.0 486"), 1);
    world.assert_no_leaks();
}

#[test]
fn requests_out_of_order_inside_a_dialog_get_500() {
    let mut world = World::new();
    let (alice, _) = world.call();
    world.request(ALICE, alice, 1, "INFO");
    world.run_ms(100);
    let info = world.last(ALICE, "INFO").replace("z9hG4bK", "z9hG4bKold");
    let cseq = info.lines().find(|line| line.starts_with("CSeq")).unwrap().to_owned();
    world.deliver(BOB, &bytes::Bytes::from(info.replace(&cseq, "CSeq: 1 INFO")));
    assert_eq!(world.count(BOB, "SIP/2.0 500"), 1);
    world.bye(ALICE, alice);
    world.assert_no_leaks();
}

#[test]
fn a_loose_route_is_followed_and_a_strict_one_swapped() {
    for (route, line) in [
        ("<sip:192.0.2.9;lr>", "INFO sip:a@10.0.0.1 SIP/2.0"),
        ("<sip:192.0.2.9>", "INFO sip:192.0.2.9 SIP/2.0"),
    ] {
        let mut world = World::new();
        world.lose = Box::new(|_, _| true);
        world.inject(BOB, &request("INVITE", &format!("Record-Route: {route}, <sip:p2;lr>\n")));
        let bob = world.incoming();
        world.respond(bob, 200, false);
        assert!(
            world.last(BOB, "SIP/2.0 200").contains(&format!("Record-Route: {route}, <sip:p2;lr>"))
        );
        world.request(BOB, bob, 1, "INFO");
        let info = world.last(BOB, "INFO");
        assert!(info.starts_with(line), "{info}");
        assert!(info.contains("Route: <sip:p2;lr>"), "{info}");
        world.bye(BOB, bob);
        world.run_ms(40_000);
        let _ = std::mem::take(&mut world.events);
        world.assert_no_leaks();
    }
}

#[test]
fn events_are_never_sent_for_a_message_that_is_repeated() {
    let mut world = World::new();
    world.invite();
    world.run_ms(50);
    let invite = world.log[0].bytes.clone();
    for _ in 0..5 {
        world.deliver(BOB, &invite);
    }
    let invites = |event: &&Event| matches!(event, Event::Invite { .. });
    assert_eq!(world.events[BOB].iter().filter(invites).count(), 1);
    let bob = world.incoming();
    world.respond(bob, 603, false);
    world.assert_no_leaks();
}
