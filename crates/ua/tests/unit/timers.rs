//! The timers of RFC 3261 §17 and RFC 6026 by name.

use sidetone_base::Transport;

use crate::api::{Command, Event, Failure, RequestId};
use crate::testing::{ALICE, BOB, GOOD, Link, World, reply};
use crate::{Settings, testing};

fn reliable() -> World {
    let link = Link { transport: Transport::Tcp, ..GOOD };
    World::with(1, link, Settings::default(), Settings::default())
}

fn options(world: &mut World) {
    let mut request = world.outgoing();
    request.method = sidetone_sip::Method::Options;
    request.body = None;
    let request = Box::new(request);
    world.command(ALICE, Command::Send { request_id: RequestId(7), request });
}

#[test]
fn timer_a_doubles_and_timer_b_gives_up_after_64_t1() {
    let mut world = World::new();
    world.lose = Box::new(|_, _| true);
    world.invite();
    world.run_ms(40_000);
    let times = world.times(ALICE, "INVITE");
    assert_eq!(times, [0, 500, 1_500, 3_500, 7_500, 15_500, 31_500]);
    let why = world.expect(ALICE, |event| match event {
        Event::InviteFailed { why, .. } => Some(*why),
        _ => None,
    });
    assert_eq!(why, Failure::Timeout);
    world.assert_no_leaks();
}

#[test]
fn timer_e_doubles_up_to_t2_and_timer_f_gives_up() {
    let mut world = World::new();
    world.lose = Box::new(|_, _| true);
    options(&mut world);
    world.run_ms(40_000);
    let times = world.times(ALICE, "OPTIONS");
    let expected = [0, 500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500];
    assert_eq!(times, expected);
    world.expect(ALICE, |event| match event {
        Event::RequestFailed { why: Failure::Timeout, .. } => Some(()),
        _ => None,
    });
    world.assert_no_leaks();
}

#[test]
fn nothing_is_repeated_over_a_reliable_transport_but_timers_b_and_f_run() {
    let mut world = reliable();
    world.lose = Box::new(|_, _| true);
    world.invite();
    options(&mut world);
    world.run_ms(33_000);
    assert_eq!(world.count(ALICE, "INVITE") + world.count(ALICE, "OPTIONS"), 2);
    assert_eq!(world.events[ALICE].len(), 2);
    world.assert_no_leaks();
}

#[test]
fn a_provisional_response_stops_timer_a() {
    let mut world = World::new();
    world.invite();
    world.run_ms(10_000);
    assert_eq!(world.times(ALICE, "INVITE"), [0]);
    assert_eq!(world.times(BOB, "SIP/2.0 100"), [10]);
    let bob = world.incoming();
    world.respond(bob, 486, false);
    world.assert_no_leaks();
}

#[test]
fn timer_g_repeats_a_failure_and_timer_h_ends_it() {
    let mut world = World::new();
    world.lose = Box::new(|from, line| from == ALICE && line.starts_with("ACK"));
    world.invite();
    world.run_ms(100);
    let bob = world.incoming();
    world.respond(bob, 486, false);
    world.run_ms(40_000);
    let times = world.times(BOB, "SIP/2.0 486");
    let from = times[0];
    let pauses: Vec<u128> = times.iter().map(|at| at - from).take(6).collect();
    assert_eq!(pauses, [0, 500, 1_500, 3_500, 7_500, 11_500]);
    // Timer D: each repetition is acknowledged.
    assert_eq!(world.count(ALICE, "ACK"), times.iter().filter(|at| **at < 32_000).count());
    assert_eq!(world.status(ALICE), 486);
    world.assert_no_leaks();
}

#[test]
fn timer_i_swallows_late_acks_of_a_failure() {
    let mut world = World::new();
    world.invite();
    world.run_ms(100);
    let bob = world.incoming();
    world.respond(bob, 486, false);
    world.run_ms(100);
    assert_eq!(world.stacks[BOB].snapshot().server_transactions, 1);
    let ack = world.log.iter().find(|sent| sent.line.starts_with("ACK")).unwrap().bytes.clone();
    world.deliver(BOB, &ack);
    assert_eq!(world.stacks[BOB].snapshot().dropped_total, 0);
    world.run_ms(5_000);
    assert_eq!(world.stacks[BOB].snapshot().server_transactions, 0);
    world.assert_no_leaks();
}

#[test]
fn timer_j_answers_repetitions_and_timer_k_swallows_answers() {
    let mut world = World::new();
    options(&mut world);
    world.run_ms(100);
    let transaction = world.expect(BOB, |event| match event {
        Event::Request { transaction, .. } => Some(*transaction),
        _ => None,
    });
    world.command(BOB, Command::Respond { transaction, reply: reply(200) });
    world.run_ms(100);
    let request = world.log[0].bytes.clone();
    world.deliver(BOB, &request);
    world.run_ms(100);
    assert_eq!(world.count(BOB, "SIP/2.0 200"), 2);
    assert!(!world.events[BOB].iter().any(|event| matches!(event, Event::Request { .. })));
    assert_eq!(world.status(ALICE), 200);
    assert_eq!(world.stacks[ALICE].snapshot().client_transactions, 1);
    world.run_ms(5_000);
    assert_eq!(world.stacks[ALICE].snapshot().client_transactions, 0);
    world.assert_no_leaks();
}

#[test]
fn timers_l_and_m_keep_an_accepted_invite_for_64_t1() {
    let mut world = World::new();
    let (alice, _) = world.call();
    let invite = world.log[0].bytes.clone();
    world.deliver(BOB, &invite);
    assert_eq!(world.count(BOB, "SIP/2.0 200"), 1, "a repeated INVITE is swallowed");
    assert_eq!(world.stacks[ALICE].snapshot().client_transactions, 1);
    assert_eq!(world.stacks[BOB].snapshot().server_transactions, 1);
    world.run_ms(32_000);
    assert_eq!(world.stacks[ALICE].snapshot().client_transactions, 0);
    assert_eq!(world.stacks[BOB].snapshot().server_transactions, 0);
    world.bye(ALICE, alice);
    world.assert_no_leaks();
}

#[test]
fn a_request_the_owner_never_answers_is_forgotten() {
    let mut world = World::new();
    options(&mut world);
    world.assert_no_leaks();
    let _ = testing::address(ALICE);
}

#[test]
fn an_offer_inside_a_call_that_is_worked_on_for_ever_fails_after_three_minutes() {
    let mut world = World::new();
    let (alice, _) = world.call();
    world.request(ALICE, alice, 9, "INVITE");
    world.run_ms(100);
    // 100 Trying was sent; nobody answers.
    world.inside(BOB);
    world.run_ms(175_000);
    assert!(world.events[ALICE].is_empty(), "somebody may be thinking");
    world.run_ms(10_000);
    let failure = |event: &Event| match event {
        Event::RequestFailed { why, .. } => Some(*why),
        _ => None,
    };
    assert_eq!(world.expect(ALICE, failure), Failure::Timeout);
    world.assert_no_leaks();
}

#[test]
fn an_offer_whose_call_ends_before_its_answer_arrives_leaves_nothing() {
    let mut world = World::new();
    let (alice, _) = world.call();
    world.request(ALICE, alice, 9, "INVITE");
    world.run_ms(100);
    world.inside(BOB);
    // What BOB says from now on is lost, but for the answer to BYE.
    world.lose = Box::new(|_, line| line.starts_with("SIP/2.0 4"));
    world.bye(ALICE, alice);
    world.run_ms(40_000);
    assert_eq!(world.stacks[ALICE].snapshot().client_transactions, 0);
    world.assert_no_leaks();
}
