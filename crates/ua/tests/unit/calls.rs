//! The basic flows of RFC 3665 §2 and §3, as far as two user agents take part in them.

use sidetone_sip::Method;

use crate::api::{Command, DialogId, Event, Failure, RequestId};
use crate::digest::{Algorithm, Secret, answer};
use crate::testing::{ALICE, BOB, World, reply};

#[test]
fn rfc_3665_2_1_successful_new_registration() {
    let mut world = World::new();
    let mut register = world.outgoing();
    register.method = Method::Register;
    register.uri = "sip:example.com".into();
    register.call_id = Some("reg@192.0.2.1".into());
    register.body = None;
    let request = Box::new(register.clone());
    world.command(ALICE, Command::Send { request_id: RequestId(1), request });
    world.run_ms(100);
    let mut challenge = reply(401);
    let value = "Digest realm=\"example.com\", qop=\"auth\", nonce=\"ea9c\", algorithm=MD5";
    challenge.headers = vec![("WWW-Authenticate".into(), value.into())];
    respond(&mut world, challenge);
    let secret = |_: Algorithm| Some(Secret::Password("zanzibar".into()));
    let mut random = sidetone_base::SeededRandom::new(5);
    let authorization =
        answer(value, &mut random, "REGISTER", "sip:example.com", "bob", &secret).unwrap();
    register.headers.push(("Authorization".into(), authorization));
    let request = Box::new(register);
    world.command(ALICE, Command::Send { request_id: RequestId(2), request });
    world.run_ms(100);
    respond(&mut world, reply(200));
    assert_eq!(world.status(ALICE), 401);
    assert_eq!(world.status(ALICE), 200);
    assert_same_call(&world);
    world.assert_no_leaks();
}

/// Two REGISTERs of one Call-ID are in order and from one party.
fn assert_same_call(world: &World) {
    let cseq = |text: &str| -> u32 {
        let line = text.lines().find(|line| line.starts_with("CSeq")).unwrap().to_owned();
        line.split(' ').nth(1).unwrap().parse().unwrap()
    };
    let registers: Vec<String> = world
        .log
        .iter()
        .filter(|sent| sent.line.starts_with("REGISTER"))
        .map(|sent| String::from_utf8_lossy(&sent.bytes).into_owned())
        .collect();
    assert_eq!(cseq(&registers[1]), cseq(&registers[0]) + 1);
    let from = |text: &str| text.lines().find(|line| line.starts_with("From")).map(str::to_owned);
    assert_eq!(from(&registers[0]), from(&registers[1]), "one Call-ID has one From tag");
}

fn respond(world: &mut World, reply: Box<crate::api::Reply>) {
    let transaction = world.expect(BOB, |event| match event {
        Event::Request { transaction, .. } => Some(*transaction),
        _ => None,
    });
    world.command(BOB, Command::Respond { transaction, reply });
    world.run_ms(100);
}

#[test]
fn rfc_3665_3_1_successful_session_establishment() {
    let mut world = World::new();
    let (_, bob) = world.call();
    world.bye(BOB, bob);
    world.run_ms(100);
    world.expect(ALICE, |event| matches!(event, Event::Bye { .. }).then_some(()));
    let lines: Vec<&str> = world.log.iter().map(|sent| sent.line.as_str()).collect();
    assert_eq!(
        lines,
        [
            "INVITE sip:bob@192.0.2.2 SIP/2.0",
            "SIP/2.0 100 Trying",
            "SIP/2.0 180 Ringing",
            "SIP/2.0 200 OK",
            "ACK sip:bob@192.0.2.2:5060 SIP/2.0",
            "BYE sip:alice@192.0.2.1:5060 SIP/2.0",
            "SIP/2.0 200 OK",
        ]
    );
    world.assert_no_leaks();
}

#[test]
fn rfc_3665_3_7_session_with_re_invite() {
    let mut world = World::new();
    let (alice, bob) = world.call();
    world.request(BOB, bob, 9, "INVITE");
    world.run_ms(100);
    let transaction = world.inside(ALICE);
    world.command(ALICE, Command::Respond { transaction, reply: reply(200) });
    world.run_ms(100);
    assert_eq!(world.status(BOB), 200);
    world.command(BOB, Command::Ack { dialog: bob, body: None });
    world.run_ms(100);
    world.expect(ALICE, |event| matches!(event, Event::Acked { .. }).then_some(()));
    assert_eq!(world.count(ALICE, "SIP/2.0 200"), 1);
    world.bye(ALICE, alice);
    world.assert_no_leaks();
}

#[test]
fn rfc_3665_3_8_unsuccessful_no_answer() {
    let mut world = World::new();
    let invite = world.invite();
    world.run_ms(100);
    let bob = world.incoming();
    world.respond(bob, 180, false);
    world.run_ms(5_000);
    let headers = vec![("Reason".into(), "SIP;cause=487".into())];
    world.command(ALICE, Command::Cancel { invite, headers });
    world.run_ms(100);
    world.expect(BOB, |event| match event {
        Event::Cancelled { dialog, request } if *dialog == bob => {
            assert!(request.headers.has(sidetone_sip::Name::Reason));
            Some(())
        }
        _ => None,
    });
    world.expect(ALICE, |event| match event {
        Event::InviteFailed { why: Failure::Cancelled, .. } => Some(()),
        _ => None,
    });
    assert_eq!(world.count(BOB, "SIP/2.0 487"), 1);
    assert_eq!(world.count(ALICE, "ACK"), 1);
    world.assert_no_leaks();
}

#[test]
fn rfc_3665_3_9_unsuccessful_busy() {
    let mut world = World::new();
    world.invite();
    world.run_ms(100);
    let bob = world.incoming();
    world.respond(bob, 486, false);
    world.run_ms(100);
    assert_eq!(world.status(ALICE), 486);
    assert_eq!(world.stacks[BOB].snapshot().dialogs, 0);
    world.assert_no_leaks();
}

#[test]
fn an_early_dialog_is_seen_by_the_caller() {
    let mut world = World::new();
    world.invite();
    world.run_ms(100);
    let bob = world.incoming();
    world.respond(bob, 183, false);
    world.run_ms(100);
    let early = world.expect(ALICE, |event| match event {
        Event::Provisional { dialog, response, .. } => Some((*dialog, response.status.code())),
        _ => None,
    });
    assert_eq!(early.1, 183);
    world.respond(bob, 200, false);
    world.run_ms(100);
    assert_eq!(Some(world.answered()), early.0, "the answer confirms the early dialog");
    let alice = early.0.unwrap();
    world.command(ALICE, Command::Bye { dialog: alice, headers: Vec::new() });
    world.run_ms(100);
    assert_eq!(world.count(ALICE, "ACK"), 1, "a 2xx is acknowledged before BYE");
    world.assert_no_leaks();
}

#[test]
fn requests_inside_the_call_reach_the_owner_in_order() {
    let mut world = World::new();
    let (alice, bob) = world.call();
    for (id, method) in [(1, "INFO"), (2, "MESSAGE"), (3, "REFER"), (4, "NOTIFY"), (5, "UPDATE")] {
        world.request(ALICE, alice, id, method);
        world.run_ms(100);
        let transaction = world.inside(BOB);
        world.command(BOB, Command::Respond { transaction, reply: reply(202) });
        world.run_ms(100);
        assert_eq!(world.status(ALICE), 202, "{method}");
    }
    world.bye(BOB, bob);
    world.assert_no_leaks();
}

#[test]
fn a_subscription_makes_a_dialog_named_after_its_transaction() {
    let mut world = World::new();
    let mut subscribe = world.outgoing();
    subscribe.method = Method::Subscribe;
    subscribe.headers.push(("Event".into(), "dialog".into()));
    subscribe.body = None;
    let request = Box::new(subscribe);
    world.command(ALICE, Command::Send { request_id: RequestId(1), request });
    world.run_ms(100);
    let transaction = world.expect(BOB, |event| match event {
        Event::Request { transaction, .. } => Some(*transaction),
        _ => None,
    });
    world.command(BOB, Command::Respond { transaction, reply: reply(202) });
    let dialog = DialogId(transaction.0);
    world.request(BOB, dialog, 2, "NOTIFY");
    world.run_ms(100);
    assert!(world.last(BOB, "NOTIFY").contains("sip:alice@192.0.2.1:5060"));
    // Alice's stack keeps no subscriptions of its own: her 481 ends Bob's.
    world.expect(BOB, |event| matches!(event, Event::Ended { .. }).then_some(()));
    world.assert_no_leaks();
}
