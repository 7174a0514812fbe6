//! Messages that cross, come late, or never.

use std::time::Duration;

use crate::api::{Command, Ended, Event, Failure, InviteId};
use crate::testing::{ALICE, BOB, World, reply};

fn cancel(world: &mut World) {
    world.command(ALICE, Command::Cancel { invite: InviteId(1), headers: Vec::new() });
}

fn failure(world: &mut World) -> Failure {
    world.expect(ALICE, |event| match event {
        Event::InviteFailed { why, .. } => Some(*why),
        _ => None,
    })
}

#[test]
fn cancel_waits_for_a_provisional_response() {
    let mut world = World::new();
    world.lose = Box::new(|from, _| from == BOB);
    world.invite();
    world.run_ms(100);
    cancel(&mut world);
    assert_eq!(world.count(ALICE, "CANCEL"), 0);
    world.lose = Box::new(|_, _| false);
    world.run_ms(1_000);
    assert_eq!(world.count(ALICE, "CANCEL"), 1, "sent when 100 came");
    assert_eq!(failure(&mut world), Failure::Cancelled);
    world.assert_no_leaks();
}

#[test]
fn cancel_of_a_silent_peer_ends_with_timer_b() {
    let mut world = World::new();
    world.lose = Box::new(|_, _| true);
    world.invite();
    cancel(&mut world);
    world.run_ms(33_000);
    assert_eq!(failure(&mut world), Failure::Cancelled);
    assert_eq!(world.count(ALICE, "CANCEL"), 0);
    world.assert_no_leaks();
}

#[test]
fn cancel_after_200_is_ignored() {
    let mut world = World::new();
    let (alice, _) = world.call();
    cancel(&mut world);
    world.run_ms(100);
    assert_eq!(world.count(ALICE, "CANCEL"), 0);
    world.bye(ALICE, alice);
    world.assert_no_leaks();
}

#[test]
fn cancel_that_crosses_200_gets_ack_and_bye() {
    let mut world = World::new();
    world.invite();
    world.run_ms(100);
    let bob = world.incoming();
    world.respond(bob, 200, false);
    cancel(&mut world);
    world.run_ms(200);
    assert_eq!(world.count(ALICE, "CANCEL"), 1);
    assert_eq!(world.count(ALICE, "ACK"), 1);
    assert_eq!(world.count(ALICE, "BYE"), 1);
    assert_eq!(failure(&mut world), Failure::Cancelled);
    assert!(!world.events[BOB].iter().any(|event| matches!(event, Event::Cancelled { .. })));
    world.expect(BOB, |event| matches!(event, Event::Bye { .. }).then_some(()));
    world.assert_no_leaks();
}

#[test]
fn cancel_that_nobody_answers_is_given_up() {
    let mut world = World::new();
    world.invite();
    world.run_ms(100);
    world.lose = Box::new(|_, _| true);
    cancel(&mut world);
    world.run_ms(33_000);
    assert_eq!(failure(&mut world), Failure::Cancelled);
    let bob = world.incoming();
    world.respond(bob, 480, false);
    world.assert_no_leaks();
}

#[test]
fn a_cancel_from_a_stranger_is_refused() {
    let mut world = World::new();
    world.invite();
    world.run_ms(100);
    let bob = world.incoming();
    let invite = world.last(ALICE, "INVITE");
    let via = invite.lines().find(|line| line.starts_with("Via")).unwrap().to_owned();
    world.inject(
        BOB,
        &format!(
            "CANCEL sip:bob@192.0.2.2 SIP/2.0\n{via}\nFrom: <sip:x@y>;tag=1\nTo: <sip:b@y>\n\
             Call-ID: other\nCSeq: 1 CANCEL\n\n"
        ),
    );
    assert_eq!(world.count(BOB, "SIP/2.0 481"), 1);
    assert!(!world.events[BOB].iter().any(|event| matches!(event, Event::Cancelled { .. })));
    world.respond(bob, 486, false);
    world.assert_no_leaks();
}

#[test]
fn a_lost_200_is_repeated_until_ack() {
    let mut world = World::new();
    let mut lost = 0;
    world.lose = Box::new(move |_, line| {
        lost += u32::from(line.starts_with("SIP/2.0 200"));
        line.starts_with("SIP/2.0 200") && lost <= 3
    });
    world.invite();
    world.run_ms(100);
    let bob = world.incoming();
    world.respond(bob, 200, false);
    world.run_ms(10_000);
    assert_eq!(world.times(BOB, "SIP/2.0 200"), [100, 600, 1_600, 3_600, 7_600]);
    let alice = world.answered();
    world.command(ALICE, Command::Ack { dialog: alice, body: None });
    world.run_ms(10_000);
    assert_eq!(world.count(BOB, "SIP/2.0 200"), 5);
    world.bye(ALICE, alice);
    world.assert_no_leaks();
}

#[test]
fn a_lost_ack_is_repeated_for_each_200() {
    let mut world = World::new();
    let mut lost = 0;
    world.lose = Box::new(move |_, line| {
        lost += u32::from(line.starts_with("ACK"));
        line.starts_with("ACK") && lost <= 2
    });
    world.invite();
    world.run_ms(100);
    let bob = world.incoming();
    world.respond(bob, 200, false);
    world.run_ms(100);
    let alice = world.answered();
    world.command(ALICE, Command::Ack { dialog: alice, body: None });
    world.run_ms(5_000);
    assert_eq!(world.count(ALICE, "ACK"), 3);
    let acked = |event: &&Event| matches!(event, Event::Acked { .. });
    assert_eq!(world.events[BOB].iter().filter(acked).count(), 1);
    assert_eq!(world.events[ALICE].len(), 0, "the owner hears one answer");
    world.bye(ALICE, alice);
    world.assert_no_leaks();
}

#[test]
fn without_ack_the_callee_ends_the_call_with_bye() {
    let mut world = World::new();
    world.lose = Box::new(|_, line| line.starts_with("ACK"));
    world.invite();
    world.run_ms(100);
    let bob = world.incoming();
    world.respond(bob, 200, false);
    world.run_ms(100);
    let alice = world.answered();
    world.command(ALICE, Command::Ack { dialog: alice, body: None });
    world.run_ms(33_000);
    let why = world.expect(BOB, |event| match event {
        Event::Ended { why, .. } => Some(*why),
        _ => None,
    });
    assert_eq!(why, Ended::NoAck);
    world.expect(ALICE, |event| matches!(event, Event::Bye { .. }).then_some(()));
    world.assert_no_leaks();
}

#[test]
fn bye_before_ack_waits_for_the_ack() {
    let mut world = World::new();
    world.invite();
    world.run_ms(100);
    let bob = world.incoming();
    world.respond(bob, 200, false);
    world.bye(BOB, bob);
    world.run_ms(100);
    assert_eq!(world.count(BOB, "BYE"), 0);
    let alice = world.answered();
    world.command(ALICE, Command::Ack { dialog: alice, body: None });
    world.run_ms(100);
    assert_eq!(world.count(BOB, "BYE"), 1);
    assert!(world.events[BOB].is_empty(), "the owner has said goodbye");
    world.assert_no_leaks();
}

#[test]
fn byes_that_cross_end_both_sides() {
    let mut world = World::new();
    let (alice, bob) = world.call();
    world.bye(ALICE, alice);
    world.bye(BOB, bob);
    world.assert_no_leaks();
}

#[test]
fn bye_in_an_early_dialog_answers_the_invite_487() {
    let mut world = World::new();
    world.invite();
    world.run_ms(100);
    let bob = world.incoming();
    world.respond(bob, 180, false);
    let ringing = world.last(BOB, "SIP/2.0 180");
    let line = |name: &str| ringing.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
    world.inject(
        BOB,
        &format!(
            "BYE sip:bob@192.0.2.2 SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKbye\n\
             {}\n{}\n{}\nCSeq: 99999 BYE\n\n",
            line("From"),
            line("To"),
            line("Call-ID"),
        ),
    );
    world.expect(BOB, |event| matches!(event, Event::Bye { .. }).then_some(()));
    assert_eq!(world.count(BOB, "SIP/2.0 487"), 1);
    world.assert_no_leaks();
}

/// Responses as a forking proxy sends them: the same INVITE, other To tags.
fn fork(world: &mut World, status: &str, tag: &str) {
    let invite = world.last(ALICE, "INVITE");
    let line = |name: &str| invite.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
    let text = format!(
        "SIP/2.0 {status}\n{}\n{}\n{};tag={tag}\n{}\n{}\nContact: <sip:{tag}@192.0.2.2>\n\n",
        line("Via"),
        line("From"),
        line("To"),
        line("Call-ID"),
        line("CSeq"),
    );
    world.inject(ALICE, &text);
}

#[test]
fn every_fork_that_answers_has_a_dialog_of_its_own() {
    let mut world = World::new();
    world.lose = Box::new(|_, _| true);
    world.invite();
    for tag in ["one", "two"] {
        fork(&mut world, "180 Ringing", tag);
    }
    assert_eq!(world.stacks[ALICE].snapshot().dialogs, 2);
    for tag in ["two", "three", "two"] {
        fork(&mut world, "200 OK", tag);
    }
    let (first, second) = (world.answered(), world.answered());
    assert_ne!(first, second);
    assert!(world.events[ALICE].is_empty());
    world.command(ALICE, Command::Ack { dialog: first, body: None });
    assert!(world.last(ALICE, "ACK").starts_with("ACK sip:two@192.0.2.2 "));
    world.command(ALICE, Command::Ack { dialog: second, body: None });
    world.bye(ALICE, second);
    assert!(world.last(ALICE, "BYE").starts_with("BYE sip:three@192.0.2.2 "));
    fork(&mut world, "200 OK", "two");
    assert_eq!(world.count(ALICE, "ACK"), 3, "a repeated 200 is acknowledged again");
    world.run_ms(33_000);
    assert_eq!(world.stacks[ALICE].snapshot().dialogs, 1, "the fork that rang only is gone");
    world.bye(ALICE, first);
    world.assert_no_leaks();
}

#[test]
fn forks_that_answer_after_cancel_are_all_ended() {
    let mut world = World::new();
    world.lose = Box::new(|_, _| true);
    world.invite();
    fork(&mut world, "180 Ringing", "one");
    cancel(&mut world);
    fork(&mut world, "200 OK", "one");
    fork(&mut world, "200 OK", "two");
    assert_eq!(world.count(ALICE, "BYE"), 2);
    assert_eq!(failure(&mut world), Failure::Cancelled);
    assert!(!world.events[ALICE].iter().any(|event| matches!(event, Event::Answered { .. })));
    world.assert_no_leaks();
}

#[test]
fn every_late_answer_of_many_forks_is_acknowledged_and_ended() {
    let mut world = World::new();
    world.lose = Box::new(|_, _| true);
    world.invite();
    let tags: Vec<String> = (0..20).map(|number| format!("fork{number}")).collect();
    for tag in &tags {
        fork(&mut world, "180 Ringing", tag);
    }
    for tag in &tags {
        fork(&mut world, "200 OK", tag);
    }
    let first = world.answered();
    world.command(ALICE, Command::Ack { dialog: first, body: None });
    for _ in 1..tags.len() {
        let late = world.answered();
        world.command(ALICE, Command::Ack { dialog: late, body: None });
        world.bye(ALICE, late);
    }
    for tag in &tags {
        let sent = |method: &str| {
            let line = format!("{method} sip:{tag}@192.0.2.2 ");
            world.log.iter().any(|sent| sent.line.starts_with(&line))
        };
        assert!(sent("ACK"), "{tag} is acknowledged");
        assert_eq!(sent("BYE"), *tag != tags[0], "{tag} is ended unless it was the first");
    }
    world.bye(ALICE, first);
    world.assert_no_leaks();
}

#[test]
fn many_forks_that_answer_after_cancel_are_all_ended() {
    let mut world = World::new();
    world.lose = Box::new(|_, _| true);
    world.invite();
    for number in 0..20 {
        fork(&mut world, "180 Ringing", &format!("fork{number}"));
    }
    cancel(&mut world);
    for number in 0..20 {
        fork(&mut world, "200 OK", &format!("fork{number}"));
    }
    assert_eq!((world.count(ALICE, "ACK"), world.count(ALICE, "BYE")), (20, 20));
    assert_eq!(failure(&mut world), Failure::Cancelled);
    world.assert_no_leaks();
}

/// The pauses after which the owners may offer again.
fn glares(world: &mut World, side: usize) -> Vec<Duration> {
    let pause = |event: &Event| match event {
        Event::RequestFailed { why: Failure::Glare { again_after }, .. } => Some(*again_after),
        _ => None,
    };
    world.events[side].iter().filter_map(pause).collect()
}

#[test]
fn re_invites_that_cross_meet_491_and_are_withdrawn() {
    let mut world = World::new();
    let (alice, bob) = world.call();
    world.request(ALICE, alice, 1, "INVITE");
    world.request(BOB, bob, 2, "INVITE");
    world.run_ms(100);
    assert_eq!(world.count(ALICE, "SIP/2.0 491") + world.count(BOB, "SIP/2.0 491"), 2);
    let (owner, other) = (glares(&mut world, ALICE), glares(&mut world, BOB));
    assert_eq!((owner.len(), other.len()), (1, 1));
    assert!((2_100..=4_000).contains(&owner[0].as_millis()), "{owner:?}");
    assert!(other[0].as_millis() <= 2_000, "{other:?}");
    world.request(BOB, bob, 3, "INVITE");
    world.run_ms(100);
    let transaction = world.inside(ALICE);
    world.command(ALICE, Command::Respond { transaction, reply: reply(200) });
    world.run_ms(100);
    assert_eq!(world.status(BOB), 200);
    world.command(BOB, Command::Ack { dialog: bob, body: None });
    world.run_ms(100);
    world.request(ALICE, alice, 4, "INVITE");
    world.run_ms(100);
    world.inside(BOB);
    world.bye(ALICE, alice);
    world.assert_no_leaks();
}

#[test]
fn an_offer_before_the_answer_to_the_peers_is_withdrawn_unsent() {
    let mut world = World::new();
    let (alice, bob) = world.call();
    world.request(ALICE, alice, 1, "INVITE");
    world.run_ms(100);
    world.request(BOB, bob, 2, "INVITE");
    assert_eq!(glares(&mut world, BOB).len(), 1);
    assert_eq!(world.count(BOB, "INVITE"), 0);
    world.bye(BOB, bob);
    world.assert_no_leaks();
}

#[test]
fn a_second_re_invite_before_the_answer_gets_500_with_retry_after() {
    let mut world = World::new();
    let (alice, bob) = world.call();
    world.request(ALICE, alice, 1, "INVITE");
    world.run_ms(100);
    let first = world.last(ALICE, "INVITE");
    let second = first.replace("z9hG4bK", "z9hG4bKsecond").replace("CSeq: ", "CSeq: 1");
    world.deliver(BOB, &bytes::Bytes::from(second));
    assert!(world.last(BOB, "SIP/2.0 500").contains("Retry-After"));
    world.bye(BOB, bob);
    world.assert_no_leaks();
}

#[test]
fn a_browser_that_reconnects_keeps_its_call() {
    use crate::api::Input;
    let mut world = World::new();
    let (alice, bob) = world.call();
    let flow = crate::testing::flow(BOB, sidetone_base::Transport::Udp);
    let now = world.now;
    world.stacks[BOB].handle_input(now, Input::FlowClosed(flow.id));
    world.run_ms(5_000);
    world.request(ALICE, alice, 3, "INFO");
    world.run_ms(10_000);
    assert_eq!(world.stacks[BOB].snapshot().dialogs, 1);
    let now = world.now;
    world.stacks[BOB].handle_input(now, Input::FlowClosed(flow.id));
    world.run_ms(11_000);
    let ended = world.expect(BOB, |event| match event {
        Event::Ended { dialog, why } => Some((*dialog, *why)),
        _ => None,
    });
    assert_eq!(ended, (bob, Ended::Transport));
    world.bye(ALICE, alice);
    world.assert_no_leaks();
}
