//! REFER inside calls and the subscriptions it makes (RFC 3515, RFC 5057).

use sidetone_sip::Method;

use crate::api::{Command, DialogId, DialogRequest, Event, Reply, RequestId};
use crate::testing::{ALICE, BOB, World};

fn notify(world: &mut World, side: usize, dialog: DialogId, request: u64, state: &str) {
    let headers = vec![
        ("Event".to_owned(), "refer".to_owned()),
        ("Subscription-State".to_owned(), state.to_owned()),
    ];
    let request_id = RequestId(request);
    let request = Box::new(DialogRequest { method: Method::Notify, headers, body: None });
    world.command(side, Command::InDialog { request_id, dialog, request });
    world.run_ms(100);
}

fn accept(world: &mut World, side: usize, status: u16, headers: &[(&str, &str)]) {
    let transaction = world.inside(side);
    let headers = headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    let reply = Box::new(Reply { status, headers, ..Reply::default() });
    world.command(side, Command::Respond { transaction, reply });
    world.run_ms(100);
}

/// Alice refers bob, who accepts.
fn referred(world: &mut World) -> (DialogId, DialogId) {
    let (alice, bob) = world.call();
    world.request(ALICE, alice, 50, "REFER");
    world.run_ms(100);
    accept(world, BOB, 202, &[]);
    assert_eq!(world.status(ALICE), 202);
    (alice, bob)
}

#[test]
fn a_subscription_outlives_the_call_it_was_made_in() {
    for hangs_up in [ALICE, BOB] {
        let mut world = World::new();
        let (alice, bob) = referred(&mut world);
        world.bye(hangs_up, if hangs_up == ALICE { alice } else { bob });
        world.run_ms(100);
        assert_eq!(world.stacks[BOB].snapshot().dialogs, 1, "the subscription keeps the dialog");
        notify(&mut world, BOB, bob, 60, "active;expires=60");
        notify(&mut world, BOB, bob, 61, "terminated;reason=noresource");
        // The call of alice is over: her stack takes the news and answers.
        assert_eq!(world.count(ALICE, "SIP/2.0 200"), if hangs_up == ALICE { 2 } else { 3 });
        for side in [ALICE, BOB] {
            assert_eq!(world.stacks[side].snapshot().dialogs, 0);
        }
        world.assert_no_leaks();
    }
}

#[test]
fn the_call_goes_on_when_its_subscription_ends() {
    let mut world = World::new();
    let (alice, bob) = referred(&mut world);
    notify(&mut world, BOB, bob, 60, "terminated;reason=noresource");
    accept(&mut world, ALICE, 200, &[]);
    notify(&mut world, BOB, bob, 61, "active");
    accept(&mut world, ALICE, 481, &[]);
    assert_eq!(world.stacks[BOB].snapshot().dialogs, 1, "481 to NOTIFY ends no call");
    world.bye(ALICE, alice);
    world.run_ms(100);
    assert_eq!(world.stacks[BOB].snapshot().dialogs, 0);
    world.assert_no_leaks();
}

#[test]
fn a_referral_without_subscription_keeps_nothing() {
    let mut world = World::new();
    let (alice, _) = world.call();
    world.request(ALICE, alice, 50, "REFER");
    world.run_ms(100);
    accept(&mut world, BOB, 200, &[("Refer-Sub", "false")]);
    world.bye(ALICE, alice);
    world.run_ms(100);
    for side in [ALICE, BOB] {
        assert_eq!(world.stacks[side].snapshot().dialogs, 0);
    }
    world.assert_no_leaks();
}

#[test]
fn a_bye_that_a_notify_overtook_ends_the_call_all_the_same() {
    let mut world = World::new();
    let (alice, bob) = referred(&mut world);
    let mut lost = 0;
    world.lose = Box::new(move |from, line| {
        lost += u32::from(from == BOB && line.starts_with("BYE"));
        from == BOB && line.starts_with("BYE") && lost == 1
    });
    world.bye(BOB, bob);
    notify(&mut world, BOB, bob, 60, "active");
    accept(&mut world, ALICE, 200, &[]);
    world.run_ms(1_000);
    let ended = world.expect(ALICE, |event| match event {
        Event::Bye { dialog, .. } => Some(*dialog),
        _ => None,
    });
    assert_eq!(ended, alice);
    notify(&mut world, BOB, bob, 61, "terminated");
    world.assert_no_leaks();
}

#[test]
fn a_peer_that_insists_on_order_gets_its_bye_once_more() {
    let mut world = World::new();
    let (alice, bob) = world.call();
    world.lose = Box::new(|from, line| from == ALICE && line.starts_with("BYE"));
    for _ in 0..2 {
        if world.count(ALICE, "BYE") == 0 {
            world.bye(ALICE, alice);
        }
        let bye = world.last(ALICE, "BYE");
        let header = |name: &str| {
            let begin = format!("{name}: ");
            bye.lines().find(|line| line.starts_with(&begin)).expect("is there").to_owned()
        };
        let refusal = format!(
            "SIP/2.0 500 Out of order\n{}\n{}\n{}\n{}\n{}\nContent-Length: 0\n\n",
            header("Via"),
            header("From"),
            header("To"),
            header("Call-ID"),
            header("CSeq"),
        );
        world.inject(ALICE, &refusal);
    }
    let numbers: std::collections::BTreeSet<String> = world
        .log
        .iter()
        .filter(|sent| sent.line.starts_with("BYE"))
        .map(|sent| {
            let text = String::from_utf8_lossy(&sent.bytes).into_owned();
            text.lines().find(|line| line.starts_with("CSeq")).unwrap_or_default().to_owned()
        })
        .collect();
    assert_eq!(numbers.len(), 2, "once more and no third time: {numbers:?}");
    world.bye(BOB, bob);
    world.assert_no_leaks();
}

#[test]
fn the_last_notify_may_come_before_the_answer_to_the_refer() {
    let mut world = World::new();
    let (alice, bob) = world.call();
    let mut lost = 0;
    world.lose = Box::new(move |from, line| {
        let accepted = from == BOB && line.starts_with("SIP/2.0 202");
        lost += u32::from(accepted);
        accepted && lost == 1
    });
    world.request(ALICE, alice, 50, "REFER");
    world.run_ms(100);
    accept(&mut world, BOB, 202, &[]);
    notify(&mut world, BOB, bob, 60, "terminated;reason=noresource");
    accept(&mut world, ALICE, 200, &[]);
    world.run_ms(1_000);
    world.bye(ALICE, alice);
    world.run_ms(100);
    for side in [ALICE, BOB] {
        assert_eq!(world.stacks[side].snapshot().dialogs, 0);
    }
    world.assert_no_leaks();
}

#[test]
fn after_bye_nothing_but_notify_passes() {
    let mut world = World::new();
    let (alice, bob) = referred(&mut world);
    world.bye(ALICE, alice);
    world.run_ms(100);
    world.expect(BOB, |event| matches!(event, Event::Bye { .. }).then_some(()));
    world.request(BOB, bob, 70, "INFO");
    world.expect(BOB, |event| matches!(event, Event::RequestFailed { .. }).then_some(()));
    world.bye(BOB, bob);
    assert_eq!(world.count(BOB, "BYE"), 0);
    assert_eq!(world.stacks[BOB].snapshot().dialogs, 0, "the owner gave the subscription up");
    world.assert_no_leaks();
}

#[test]
fn a_subscription_that_nobody_ends_is_forgotten() {
    let mut world = World::new();
    let (alice, _) = referred(&mut world);
    world.bye(ALICE, alice);
    world.run_ms(181_000);
    for side in [ALICE, BOB] {
        assert_eq!(world.stacks[side].snapshot().dialogs, 0);
    }
    world.assert_no_leaks();
}
