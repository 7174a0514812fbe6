//! Reliable provisional responses (RFC 3262) and session timers (RFC 4028).

use sidetone_base::Transport;
use sidetone_sip::{Carrier, Limits, Message, Method, Name};

use crate::api::{Call, Command, Ended, Event, Input, InviteId, OutgoingRequest};
use crate::settings::{SessionTimers, TimerMode};
use crate::testing::{ALICE, BOB, GOOD, World, flow, reply, sdp};
use crate::{Settings, api};

fn invite_reliably(world: &mut World) -> api::DialogId {
    let mut request = world.outgoing();
    request.headers.push(("Supported".into(), "100rel".into()));
    let request = Box::new(request);
    world.command(ALICE, Command::Invite { invite: InviteId(1), request });
    world.run_ms(100);
    world.incoming()
}

#[test]
fn a_reliable_response_is_acknowledged_by_prack() {
    let mut world = World::new();
    let bob = invite_reliably(&mut world);
    world.respond(bob, 183, true);
    world.respond(bob, 180, true);
    world.run_ms(100);
    assert_eq!(world.count(ALICE, "PRACK"), 2);
    let statuses: Vec<u16> = world.events[ALICE]
        .iter()
        .filter_map(|event| match event {
            Event::Provisional { response, .. } => Some(response.status.code()),
            _ => None,
        })
        .collect();
    assert_eq!(statuses, [183, 180]);
    world.expect(BOB, |event| matches!(event, Event::Pracked { .. }).then_some(()));
    world.respond(bob, 486, false);
    world.assert_no_leaks();
}

#[test]
fn a_lost_prack_or_response_is_repeated() {
    let mut world = World::new();
    let mut seen = 0;
    world.lose = Box::new(move |_, line| {
        let counts = line.starts_with("SIP/2.0 183") || line.starts_with("PRACK");
        seen += u32::from(counts);
        counts && seen <= 3
    });
    let bob = invite_reliably(&mut world);
    world.respond(bob, 183, true);
    world.respond(bob, 200, false);
    assert_eq!(world.count(BOB, "SIP/2.0 200"), 0, "the answer waits for PRACK");
    world.run_ms(5_000);
    let provisional = |event: &&Event| matches!(event, Event::Provisional { .. });
    assert_eq!(world.events[ALICE].iter().filter(provisional).count(), 1);
    let alice = world.answered();
    world.bye(ALICE, alice);
    world.assert_no_leaks();
}

#[test]
fn without_prack_the_invite_is_refused() {
    let mut world = World::new();
    world.lose = Box::new(|_, line| line.starts_with("PRACK"));
    let bob = invite_reliably(&mut world);
    world.respond(bob, 183, true);
    world.run_ms(33_000);
    let why = world.expect(BOB, |event| match event {
        Event::Ended { why, .. } => Some(*why),
        _ => None,
    });
    assert_eq!(why, Ended::NoPrack);
    assert_eq!(world.status(ALICE), 504);
    world.assert_no_leaks();
}

/// RFC 3262 §3: "prepared to process PRACK requests for those outstanding responses".
#[test]
fn a_prack_that_the_final_answer_overtook_is_welcome() {
    let mut world = World::new();
    let bob = invite_reliably(&mut world);
    let ringing = Box::new(api::Reply { status: 180, ..api::Reply::default() });
    world.command(BOB, Command::RespondInvite { dialog: bob, reply: ringing, reliable: true });
    world.respond(bob, 200, false);
    assert_eq!(world.count(BOB, "SIP/2.0 200"), 1, "ringing describes nothing to wait for");
    world.run_ms(100);
    assert_eq!(world.count(ALICE, "PRACK"), 1);
    assert_eq!(world.count(BOB, "SIP/2.0 200"), 2, "of the INVITE and of the PRACK");
    let alice = world.answered();
    world.command(ALICE, Command::Ack { dialog: alice, body: None });
    world.bye(ALICE, alice);
    world.assert_no_leaks();
}

/// RFC 3261 §13.3.1.1, RFC 3262 §3.
#[test]
fn a_call_that_rings_for_long_says_so_every_minute() {
    for reliable in [false, true] {
        let mut world = World::new();
        let bob = invite_reliably(&mut world);
        world.respond(bob, 180, reliable);
        world.run_ms(121_000);
        assert_eq!(world.count(BOB, "SIP/2.0 180"), 3, "{reliable}");
        assert_eq!(world.count(ALICE, "PRACK"), if reliable { 3 } else { 0 });
        world.respond(bob, 200, false);
        world.run_ms(100);
        let alice = world.answered();
        world.command(ALICE, Command::Ack { dialog: alice, body: None });
        world.run_ms(121_000);
        assert_eq!(world.count(BOB, "SIP/2.0 180"), 3, "not when it is answered");
        world.bye(ALICE, alice);
        world.assert_no_leaks();
    }
}

/// RFC 3311 §5.2: one offer at a time, and what need not arrive answers none.
#[test]
fn an_offer_in_update_waits_until_that_of_the_invite_is_answered() {
    let mut world = World::new();
    let bob = invite_reliably(&mut world);
    world.respond(bob, 180, false);
    world.run_ms(100);
    let early = world.expect(ALICE, |event| match event {
        Event::Provisional { dialog, .. } => *dialog,
        _ => None,
    });
    world.request(ALICE, early, 1, "UPDATE");
    world.run_ms(100);
    assert_eq!(world.status(ALICE), 500);
    assert!(world.last(BOB, "SIP/2.0 500").contains("Retry-After: "));
    let described = Box::new(api::Reply { status: 183, body: sdp("v=0"), ..Default::default() });
    world.command(BOB, Command::RespondInvite { dialog: bob, reply: described, reliable: true });
    world.run_ms(100);
    world.request(ALICE, early, 2, "UPDATE");
    world.run_ms(100);
    let transaction = world.inside(BOB);
    let reply = Box::new(api::Reply { status: 200, body: sdp("v=0"), ..Default::default() });
    world.command(BOB, Command::Respond { transaction, reply });
    world.run_ms(100);
    assert_eq!(world.status(ALICE), 200);
    world.respond(bob, 486, false);
    world.assert_no_leaks();
}

/// The PRACK that alice's stack sent and the link lost, with a body.
fn prack_with(world: &mut World, body: &str) {
    let lost = world.log.iter().rfind(|sent| sent.from == ALICE && sent.line.starts_with("PRACK"));
    let text = String::from_utf8(lost.expect("a PRACK").bytes.to_vec()).expect("text");
    let length = format!("Content-Type: application/sdp\r\nContent-Length: {}", body.len());
    let text = text.replace("Content-Length: 0", &length) + body;
    let message = Message::parse(&text.into(), Carrier::Datagram, &Limits::DEFAULT);
    let message = message.expect("a PRACK");
    world.input(BOB, Input::Message { flow: flow(BOB, Transport::Udp), message });
}

#[test]
fn an_offer_in_prack_waits_for_the_owner_and_the_final_answer_for_it() {
    let mut world = World::new();
    world.lose = Box::new(|_, line| line.starts_with("PRACK"));
    let bob = invite_reliably(&mut world);
    world.respond(bob, 183, true);
    world.run_ms(100);
    prack_with(&mut world, "v=0 another offer");
    let transaction = world.expect(BOB, |event| match event {
        Event::DialogRequest { transaction, request, .. } => {
            assert_eq!(request.method, Method::Prack);
            Some(*transaction)
        }
        _ => None,
    });
    world.respond(bob, 200, false);
    world.run_ms(100);
    assert_eq!(world.count(BOB, "SIP/2.0 200"), 0, "nobody answered the PRACK");
    let reply = Box::new(api::Reply { status: 200, body: sdp("v=0 fits"), ..Default::default() });
    world.command(BOB, Command::Respond { transaction, reply });
    world.run_ms(100);
    assert_eq!(world.count(BOB, "SIP/2.0 200"), 2);
    let alice = world.answered();
    world.bye(ALICE, alice);
    world.assert_no_leaks();
}

#[test]
fn the_answer_in_prack_goes_to_the_owner_whose_183_had_the_offer() {
    let mut world = World::new();
    world.lose = Box::new(|_, line| line.starts_with("PRACK"));
    let mut request = world.outgoing();
    request.headers.push(("Supported".into(), "100rel".into()));
    request.body = None;
    world.command(ALICE, Command::Invite { invite: InviteId(1), request: Box::new(request) });
    world.run_ms(100);
    let bob = world.incoming();
    world.respond(bob, 183, true);
    world.run_ms(100);
    prack_with(&mut world, "v=0 the answer");
    let body = world.expect(BOB, |event| match event {
        Event::Pracked { request, .. } => Some(request.body.clone()),
        _ => None,
    });
    assert_eq!(&body[..], b"v=0 the answer");
    // The next one can only be another offer.
    world.respond(bob, 183, true);
    world.run_ms(100);
    prack_with(&mut world, "v=0 an offer");
    let asked = |event: &Event| matches!(event, Event::DialogRequest { .. }).then_some(());
    world.expect(BOB, asked);
    world.respond(bob, 486, false);
    world.assert_no_leaks();
}

#[test]
fn a_peer_without_100rel_gets_plain_responses() {
    let mut world = World::new();
    world.invite();
    world.run_ms(100);
    let bob = world.incoming();
    world.respond(bob, 183, true);
    assert!(!world.last(BOB, "SIP/2.0 183").contains("RSeq"));
    world.respond(bob, 486, false);
    world.assert_no_leaks();
}

fn timers(mode: TimerMode, interval_s: u32, min_se_s: u32) -> Settings {
    let session_timers = SessionTimers { mode, interval_s, min_se_s, refresher: None };
    Settings { session_timers, ..Settings::default() }
}

fn world(alice: Settings, bob: Settings) -> World {
    World::with(3, GOOD, alice, bob)
}

#[test]
fn the_caller_refreshes_at_half_the_interval() {
    let mut world = world(timers(TimerMode::Always, 100, 90), Settings::default());
    let (alice, _) = world.call();
    let answer = world.last(BOB, "SIP/2.0 200");
    assert!(answer.contains("Session-Expires: 100;refresher=uac"), "{answer}");
    let mut refreshed = 0;
    for _ in 0..2_500 {
        world.run_ms(200);
        for event in std::mem::take(&mut world.events[BOB]) {
            let Event::DialogRequest { transaction, request, .. } = event else {
                panic!("{event:?}")
            };
            assert!(request.headers.has(Name::SessionExpires));
            refreshed += 1;
            let reply = Box::new(api::Reply { status: 200, ..api::Reply::default() });
            world.command(BOB, Command::Respond { transaction, reply });
        }
    }
    assert!((8..=10).contains(&refreshed), "{refreshed} in 500 s");
    assert_eq!(world.count(ALICE, "UPDATE"), refreshed);
    world.bye(ALICE, alice);
    world.assert_no_leaks();
}

#[test]
fn a_session_nobody_refreshes_expires() {
    let mut world = world(timers(TimerMode::Always, 120, 90), Settings::default());
    let (_, bob) = world.call();
    world.lose = Box::new(|_, line| line.starts_with("UPDATE"));
    world.run_ms(89_000);
    let why = world.expect(BOB, |event| match event {
        Event::Ended { dialog, why } if *dialog == bob => Some(*why),
        _ => None,
    });
    assert_eq!(why, Ended::SessionExpired);
    assert_eq!(world.count(BOB, "BYE"), 1);
    world.assert_no_leaks();
}

#[test]
fn an_interval_too_small_is_raised_by_422() {
    let bob = timers(TimerMode::Accept, 1800, 300);
    let mut world = world(timers(TimerMode::Always, 100, 90), bob);
    let (alice, _) = world.call();
    assert_eq!(world.count(BOB, "SIP/2.0 422"), 1);
    let invite = world.last(ALICE, "INVITE");
    assert!(invite.contains("Session-Expires: 300") && invite.contains("Min-SE: 300"));
    assert!(!world.events[ALICE].iter().any(|event| matches!(event, Event::Rejected { .. })));
    world.bye(ALICE, alice);
    world.assert_no_leaks();
}

/// RFC 4028 §9: the answerer may shorten the interval, but not below the peer's Min-SE.
#[test]
fn an_interval_longer_than_ours_is_cut_to_ours_or_to_the_min_se_of_the_peer() {
    for (asked_s, min_se_s, agreed) in
        [(4_000, 90, "1800"), (4_000, 3_000, "3000"), (u32::MAX, 90, "1800"), (600, 90, "600")]
    {
        let alice = timers(TimerMode::Always, asked_s, min_se_s);
        let mut world = world(alice, timers(TimerMode::Accept, 1_800, 90));
        let (alice, _) = world.call();
        let answer = world.last(BOB, "SIP/2.0 200");
        assert!(answer.contains(&format!("Session-Expires: {agreed};")), "{asked_s}: {answer}");
        world.bye(ALICE, alice);
        world.assert_no_leaks();
    }
}

/// RFC 4028 §7.1: an interval is not below its own least one. And nobody waits for 136 years.
#[test]
fn what_is_no_interval_is_refused_with_400() {
    for (asked, least) in [
        (Some("1800"), "4294967295"),
        (None, "4294967295"),
        (Some("300"), "600"),
        (None, "86401"),
        (None, "soon"),
        (Some("-1"), "90"),
        (Some("90;refresher=nobody"), "90"),
    ] {
        let mut headers = vec![("Min-SE".to_owned(), least.to_owned())];
        headers.extend(asked.map(|asked| ("Session-Expires".to_owned(), asked.to_owned())));
        let mut world = world(timers(TimerMode::Off, 1_800, 90), Settings::default());
        let request = Box::new(OutgoingRequest { headers: headers.clone(), ..world.outgoing() });
        world.command(ALICE, Command::Invite { invite: InviteId(7), request });
        world.run_ms(100);
        assert_eq!(world.status(ALICE), 400, "{headers:?}");
        let (alice, _) = world.call();
        world.request_with(ALICE, alice, 1, "UPDATE", headers.clone());
        world.run_ms(100);
        assert_eq!(world.status(ALICE), 400, "inside: {headers:?}");
        assert_eq!(world.stacks[BOB].snapshot().unserved_total, 2);
        world.bye(ALICE, alice);
        world.assert_no_leaks();
    }
}

#[test]
fn a_callee_that_wants_136_years_is_not_followed() {
    let mut world = world(timers(TimerMode::Always, 100, 90), timers(TimerMode::Off, 100, 90));
    for (status, name) in [(422, "Min-SE"), (200, "Session-Expires")] {
        world.invite();
        world.run_ms(100);
        let (dialog, mut reply) = (world.incoming(), reply(status));
        reply.headers.push((name.to_owned(), "4294967295".to_owned()));
        world.command(BOB, Command::RespondInvite { dialog, reply, reliable: false });
        world.run_ms(100);
    }
    assert_eq!(world.count(ALICE, "INVITE"), 2, "it is not asked again after its 422");
    assert_eq!(world.status(ALICE), 422);
    let dialog = world.answered();
    world.command(ALICE, Command::Ack { dialog, body: None });
    world.run_ms(52_000);
    assert!(world.count(ALICE, "UPDATE") > 0, "it is refreshed at half our interval");
}

#[test]
fn a_peer_that_raises_its_min_se_at_every_refresh_is_not_followed_for_ever() {
    let mut world = world(timers(TimerMode::Always, 100, 90), Settings::default());
    world.call();
    let mut min_se = 100;
    for _ in 0..450 {
        world.run_ms(200);
        for event in std::mem::take(&mut world.events[BOB]) {
            let Event::DialogRequest { transaction, .. } = event else { continue };
            min_se += 1;
            let headers = vec![("Min-SE".to_owned(), min_se.to_string())];
            let reply = Box::new(api::Reply { status: 422, headers, ..api::Reply::default() });
            world.command(BOB, Command::Respond { transaction, reply });
        }
    }
    assert_eq!(world.count(ALICE, "UPDATE"), 3);
    assert_eq!(world.count(BOB, "BYE"), 1, "the session ends with its interval");
    world.assert_no_leaks();
}

#[test]
fn a_callee_without_timers_refuses_a_caller_that_requires_them() {
    let bob = timers(TimerMode::Off, 1800, 90);
    let mut world = world(timers(TimerMode::Require, 1800, 90), bob);
    world.invite();
    world.run_ms(100);
    assert_eq!(world.status(ALICE), 420);
    assert!(world.last(BOB, "SIP/2.0 420").contains("Unsupported: timer"));
    world.assert_no_leaks();
}

/// RFC 4028 §9 is about every session refresh request.
#[test]
fn a_refresh_of_the_peer_is_judged_like_its_invite_and_the_call_goes_on() {
    for (bob, min_se, status, header) in [
        (timers(TimerMode::Off, 1_800, 90), None, "420", "Unsupported: timer"),
        (timers(TimerMode::Accept, 1_800, 600), Some("300"), "422", "Min-SE: 600"),
    ] {
        for method in ["INVITE", "UPDATE"] {
            let mut world = world(timers(TimerMode::Off, 1_800, 90), bob.clone());
            let (alice, _) = world.call();
            let mut headers = vec![("Supported".to_owned(), "timer".to_owned())];
            match min_se {
                Some(seconds) => headers.push(("Session-Expires".to_owned(), seconds.to_owned())),
                None => headers.push(("Require".to_owned(), "timer".to_owned())),
            }
            world.request_with(ALICE, alice, 1, method, headers);
            world.run_ms(200);
            let answer = world.last(BOB, &format!("SIP/2.0 {status}"));
            assert!(answer.contains(header), "{method}: {answer}");
            let asked = |event: &Event| matches!(event, Event::DialogRequest { .. });
            assert!(!world.events[BOB].iter().any(asked), "{method}: the owner is not asked");
            world.bye(ALICE, alice);
            world.assert_no_leaks();
        }
    }
}

#[test]
fn a_callee_that_requires_timers_refuses_a_caller_without() {
    let bob = timers(TimerMode::Require, 1800, 90);
    let mut world = world(timers(TimerMode::Off, 1800, 90), bob);
    world.invite();
    world.run_ms(100);
    assert_eq!(world.status(ALICE), 421);
    world.assert_no_leaks();
}

#[test]
fn the_four_modes_of_session_timers_meet_each_other() {
    use TimerMode::{Accept, Always, Off, Require};
    // Who calls, who is called, and the interval that is agreed: none, one, or no call.
    for (caller, callee, outcome) in [
        (Off, Off, Some(false)),
        (Off, Accept, Some(false)),
        (Off, Require, None),
        (Off, Always, Some(true)),
        (Accept, Off, Some(false)),
        (Accept, Accept, Some(false)),
        (Accept, Require, Some(true)),
        (Accept, Always, Some(true)),
        (Require, Accept, Some(true)),
        (Require, Require, Some(true)),
        (Require, Always, Some(true)),
        (Always, Off, Some(false)),
        (Always, Accept, Some(true)),
        (Always, Require, Some(true)),
        (Always, Always, Some(true)),
    ] {
        let mut world = world(timers(caller, 200, 90), timers(callee, 200, 90));
        let case = format!("{caller:?} calls {callee:?}");
        if outcome.is_none() {
            world.invite();
            world.run_ms(100);
            assert_eq!(world.status(ALICE), 421, "{case}");
            world.assert_no_leaks();
            continue;
        }
        let (alice, bob) = world.call();
        let answer = world.last(BOB, "SIP/2.0 200");
        assert_eq!(Some(answer.contains("Session-Expires: 200")), outcome, "{case}: {answer}");
        // Every mode that agreed keeps the call, whoever refreshes.
        for _ in 0..3_000 {
            world.run_ms(200);
            for side in [ALICE, BOB] {
                for event in std::mem::take(&mut world.events[side]) {
                    if let Event::DialogRequest { transaction, .. } = event {
                        let reply = Box::new(api::Reply { status: 200, ..api::Reply::default() });
                        world.command(side, Command::Respond { transaction, reply });
                    }
                }
            }
        }
        for (side, dialog) in [(ALICE, alice), (BOB, bob)] {
            assert!(world.stacks[side].identity(dialog).is_some(), "{case}: side {side} is gone");
        }
        world.bye(ALICE, alice);
        world.assert_no_leaks();
    }
}

#[test]
fn the_timers_of_one_call_override_the_settings() {
    let mut world = World::new();
    world.invite();
    world.run_ms(100);
    let bob = world.incoming();
    let timers = SessionTimers {
        mode: TimerMode::Always,
        interval_s: 200,
        min_se_s: 90,
        refresher: Some(sidetone_sip::headers::Refresher::Uas),
    };
    world.command(BOB, Command::SessionTimers { of: Call::Incoming(bob), timers });
    world.respond(bob, 200, false);
    world.run_ms(100);
    assert!(world.last(BOB, "SIP/2.0 200").contains("Session-Expires: 200;refresher=uas"));
    let alice = world.answered();
    world.command(ALICE, Command::Ack { dialog: alice, body: None });
    world.run_ms(100_100);
    assert_eq!(world.count(BOB, "UPDATE"), 1);
    world.bye(ALICE, alice);
    world.assert_no_leaks();
}

/// RFC 4028 §7.4: a re-INVITE is an offer, and its answer may say something new. What the peer
/// refused before is not what is agreed.
#[test]
fn the_owner_refreshes_the_session_of_a_peer_without_update() {
    let mut world = world(timers(TimerMode::Always, 100, 90), Settings::default());
    world.invite();
    world.run_ms(100);
    let bob = world.incoming();
    let allow = ("Allow".to_owned(), "INVITE, ACK, BYE".to_owned());
    let mut answer = reply(200);
    answer.headers.push(allow.clone());
    world.command(BOB, Command::RespondInvite { dialog: bob, reply: answer, reliable: false });
    world.run_ms(100);
    let alice = world.answered();
    world.command(ALICE, Command::Ack { dialog: alice, body: None });
    let mut refreshed = 0;
    let mut refused = 0;
    for _ in 0..1_000 {
        world.run_ms(200);
        for event in std::mem::take(&mut world.events[ALICE]) {
            match event {
                Event::RefreshDue { dialog } => {
                    refreshed += 1;
                    world.request(ALICE, dialog, 100 + refreshed, "INVITE");
                }
                Event::Response { response, .. } if response.status.is_success() => {
                    world.command(ALICE, Command::Ack { dialog: alice, body: None });
                }
                _ => {}
            }
        }
        for event in std::mem::take(&mut world.events[BOB]) {
            if let Event::DialogRequest { transaction, request, .. } = event {
                assert!(request.headers.has(Name::SessionExpires));
                // The first one is answered with 500: it is made again soon.
                let status = if refused == 0 { 500 } else { 200 };
                refused += 1;
                let headers = vec![allow.clone()];
                let reply = Box::new(api::Reply { status, headers, ..api::Reply::default() });
                world.command(BOB, Command::Respond { transaction, reply });
            }
        }
    }
    assert!((4..=6).contains(&refreshed), "{refreshed} in 200 s");
    assert_eq!(world.count(ALICE, "UPDATE"), 0);
    assert!(world.stacks[ALICE].identity(alice).is_some(), "the call goes on");
    world.bye(ALICE, alice);
    world.assert_no_leaks();
}
