//! Dial's option letters over the wire, those that `dial` does not tell of: what each does to the
//! callers, the callees and the messages.

use std::time::Duration;

use sidetone_sim::registrar::header;
use sidetone_sim::{CallState, Configuration, Line, Manner, Phone, Weather, World, secs};

use super::{FEW, registered, tell_over_with};

fn tell_with(extensions: &str, story: impl AsyncFn(World)) {
    let configuration = Configuration::default().with_extensions(extensions);
    tell_over_with(FEW, &configuration, &story);
}

async fn both(world: &World) -> (Phone, Phone) {
    let alice = registered(world, "alice", Line::Udp).await;
    let bob = registered(world, "bob", Line::Udp).await;
    bob.will(Manner::Answer(secs(1))).await;
    (alice, bob)
}

async fn talks(world: &World, alice: &Phone, bob: &Phone, number: &str) {
    alice.dial(number).await;
    world.run_until("they talk", secs(35), |w| w.talking(alice, bob)).await;
}

async fn over(world: &World, what: &str, phone: &Phone) {
    world.run_until(what, secs(40), |_| phone.is_over()).await;
}

/// The whole conversation of a call, hung up by the caller.
async fn call(world: &World, alice: &Phone, bob: &Phone, number: &str) {
    talks(world, alice, bob, number).await;
    alice.hang_up().await;
    over(world, "bob is free", bob).await;
    world.assert_no_leaks().await;
}

fn answered(phone: &Phone) -> bool {
    phone.state() == Some(CallState::Talking)
}

#[test]
fn a_plays_to_the_callee_and_then_to_the_caller_before_they_talk() {
    tell_with("exten => 1,1,Dial(PJSIP/bob,20,A(tone-700-3000:tone-900-3000))", async |world| {
        let (alice, bob) = both(&world).await;
        world.weather(Weather::CLEAR);
        alice.dial("1").await;
        world.run_until("bob answers", secs(35), |_| answered(&bob) && bob.hears()).await;
        let heard = world.listen(&bob, Duration::from_millis(1_500)).await;
        assert!(heard.is_tone(700.0), "{}", world.account());
        assert!(!answered(&alice), "she still hears ringing");
        world.run_until("alice is answered", secs(5), |_| answered(&alice)).await;
        world.run_for(Duration::from_millis(200)).await;
        let heard = world.listen(&alice, Duration::from_millis(1_500)).await;
        assert!(heard.is_tone(900.0), "{}", world.account());
        world.weather(Weather::BAD);
        world.run_until("they talk", secs(35), |w| w.talking(&alice, &bob)).await;
        alice.hang_up().await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn a_answers_the_caller_before_the_callee_has_heard_the_announcement() {
    tell_with("exten => 1,1,Dial(PJSIP/bob,20,aA(tone-700-6000))", async |world| {
        let (alice, bob) = both(&world).await;
        world.weather(Weather::CLEAR);
        alice.dial("1").await;
        world.run_until("alice is answered", secs(35), |_| answered(&alice)).await;
        world.run_until("bob hears something", secs(3), |_| bob.hears()).await;
        let heard = world.listen(&bob, secs(1)).await;
        assert!(heard.is_tone(700.0), "{}", world.account());
        // The announcement outlives nobody.
        alice.hang_up().await;
        over(&world, "bob is free", &bob).await;
        world.assert_no_leaks().await;
    });
}

const ELSEWHERE: &str = "Call completed elsewhere";

/// The groups are Local channels, each of which dials a phone of its own.
#[test]
fn whoever_rings_behind_a_local_channel_hears_too_that_it_was_elsewhere() {
    let plan = "exten => 1,1,Dial(Local/2@internal&Local/3@internal,20)\n\
                exten => 2,1,Dial(PJSIP/bob,20)\n\
                exten => 3,1,Dial(PJSIP/carol,20)";
    tell_with(plan, async |world| {
        let (alice, bob) = both(&world).await;
        let carol = registered(&world, "carol", Line::Tcp).await;
        bob.will(Manner::Ring).await;
        carol.will(Manner::Answer(secs(2))).await;
        alice.dial("1").await;
        world.run_until("they talk", secs(35), |w| w.talking(&alice, &carol)).await;
        over(&world, "bob is free", &bob).await;
        let reasons = bob.call().reasons;
        assert!(reasons.iter().any(|reason| reason.contains(ELSEWHERE)), "{reasons:?}");
        alice.hang_up().await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn c_tells_those_who_are_not_answered_that_it_was_elsewhere() {
    let plan = "exten => 1,1,Dial(PJSIP/bob,20,c)\nexten => 2,1,Dial(PJSIP/bob,20)";
    tell_with(plan, async |world| {
        let (alice, bob) = both(&world).await;
        bob.will(Manner::Ring).await;
        for (number, elsewhere) in [("1", true), ("2", false)] {
            alice.dial(number).await;
            world.run_until("bob rings", secs(35), |_| bob.is_alerted()).await;
            alice.hang_up().await;
            over(&world, "bob is free", &bob).await;
            assert_eq!(bob.state(), Some(CallState::Over(487)));
            let reasons = bob.call().reasons;
            let told = reasons.iter().any(|reason| reason.contains(ELSEWHERE));
            assert_eq!(told, elsewhere, "{reasons:?}");
            world.assert_no_leaks().await;
        }
    });
}

#[test]
fn e_runs_the_hangup_extension_for_the_callee_too() {
    let plan = "exten => 1,1,Dial(PJSIP/bob,20,e)\nexten => 2,1,Dial(PJSIP/bob,20)\n\
        exten => h,1,Set(GLOBAL(HUNG)=${GLOBAL(HUNG)}${CHANNEL:6:3})";
    tell_with(plan, async |world| {
        let (alice, bob) = both(&world).await;
        for (number, expected) in [("1", vec!["ali", "bob"]), ("2", vec!["ali"])] {
            world.exchange().set_global("HUNG", None);
            call(&world, &alice, &bob, number).await;
            let hung = world.exchange().global("HUNG").unwrap_or_default();
            assert_eq!(hung.len(), 3 * expected.len(), "{hung}");
            assert!(expected.iter().all(|name| hung.contains(name)), "{hung}");
        }
    });
}

#[test]
fn f_shows_who_forwarded_as_the_caller() {
    let plan = "exten => 1,1,Dial(PJSIP/bob,20,f(4711))\nexten => 2,1,Dial(PJSIP/bob,20,f)\n\
        exten => 3,1,Dial(PJSIP/bob,20)";
    tell_with(plan, async |world| {
        let (alice, bob) = both(&world).await;
        let carol = registered(&world, "carol", Line::Tcp).await;
        bob.will(Manner::Forward("carol")).await;
        carol.will(Manner::Answer(secs(1))).await;
        for (number, shown) in [("1", "4711"), ("2", "2"), ("3", "alice")] {
            call(&world, &alice, &carol, number).await;
            let invite = carol.call().invite;
            let from = header(&invite, "From");
            assert!(from.contains(&format!("<sip:{shown}@")), "{number}: {from}");
        }
    });
}

#[test]
fn h_lets_the_callee_hang_up_by_a_code_and_nobody_else() {
    tell_with("exten => 1,1,Dial(PJSIP/bob,20,h)", async |world| {
        let (alice, bob) = both(&world).await;
        talks(&world, &alice, &bob, "1").await;
        let press = async |phone: &Phone| {
            for _ in 0..3 {
                phone.press('*').await;
                world.run_for(secs(1)).await;
            }
        };
        press(&alice).await;
        assert!(world.talking(&alice, &bob), "{}", world.account());
        press(&bob).await;
        world.run_until("both are free", secs(35), |_| alice.is_over() && bob.is_over()).await;
        world.assert_no_leaks().await;
    });
}

/// Bob's phone says who he really is when it answers: alice hears so, unless Dial forbids it.
#[test]
fn big_i_keeps_new_names_from_both_sides() {
    let plan = "exten => 1,1,Dial(PJSIP/bob,20)\nexten => 2,1,Dial(PJSIP/bob,20,I)";
    let configuration = Configuration::default()
        .with_extensions(plan)
        .with_option("send_pai = yes\ntrust_id_inbound = yes\ntrust_id_outbound = yes");
    tell_over_with(FEW, &configuration, async |world: World| {
        let (alice, bob) = both(&world).await;
        let name = ("P-Asserted-Identity", "\"Robert\" <sip:4712@192.0.2.1>");
        bob.will_say(&[name]).await;
        for (number, shown) in [("1", true), ("2", false)] {
            talks(&world, &alice, &bob, number).await;
            world.run_for(secs(5)).await;
            let call = alice.call();
            let told = call.answers.iter().chain(&call.asked);
            assert_eq!(told.into_iter().any(|text| text.contains("4712")), shown, "{number}");
            alice.hang_up().await;
            over(&world, "bob is free", &bob).await;
            world.assert_no_leaks().await;
        }
    });
}

#[test]
fn o_gives_the_called_channel_another_caller() {
    let plan = "exten => 1,1,Dial(PJSIP/bob,20,o(555)b(see^s^1))\n\
        exten => 2,1,Dial(PJSIP/bob,20,ob(see^s^1))\n\
        [see]\nexten => s,1,Set(GLOBAL(SEEN)=${CALLERID(num)})\n same => n,Return()";
    tell_with(plan, async |world| {
        let (alice, bob) = both(&world).await;
        for (number, caller) in [("1", "555"), ("2", "alice")] {
            call(&world, &alice, &bob, number).await;
            assert_eq!(world.exchange().global("SEEN").as_deref(), Some(caller));
        }
    });
}

#[test]
fn q_says_why_the_others_end_when_one_answers() {
    let both_ring = |option: &str| format!("Dial(PJSIP/bob&PJSIP/carol,20,{option})");
    let plan = format!(
        "exten => 1,1,{}\nexten => 2,1,{}\nexten => 3,1,{}",
        both_ring("Q(busy)"),
        both_ring("Q(NONE)"),
        both_ring("")
    );
    tell_with(&plan, async |world| {
        let (alice, bob) = both(&world).await;
        bob.will(Manner::Ring).await;
        let carol = registered(&world, "carol", Line::Tcp).await;
        carol.will(Manner::Answer(secs(3))).await;
        for (number, cause, elsewhere) in [("1", 17, false), ("2", 16, false), ("3", 26, true)] {
            talks(&world, &alice, &carol, number).await;
            over(&world, "bob is free", &bob).await;
            let reasons = bob.call().reasons.join("\n");
            assert!(reasons.contains(&format!("Q.850;cause={cause}")), "{number}: {reasons}");
            assert_eq!(reasons.contains(ELSEWHERE), elsewhere, "{number}: {reasons}");
            carol.hang_up().await;
            world.assert_no_leaks().await;
        }
    });
}

#[test]
fn big_r_lets_the_caller_hear_ringing_before_anybody_does() {
    let plan = "exten => 1,1,Dial(PJSIP/bob,10,R)\nexten => 2,1,Dial(PJSIP/bob,10)";
    tell_with(plan, async |world| {
        let (alice, bob) = both(&world).await;
        bob.will(Manner::Ignore).await;
        for (number, rings) in [("1", true), ("2", false)] {
            alice.dial(number).await;
            // A 180 that is lost is not repeated.
            world.weather(Weather::CLEAR);
            world.run_for(secs(4)).await;
            let ringing = alice.state() == Some(CallState::Ringing);
            assert_eq!(ringing, rings, "{number}\n{}", world.account());
            over(&world, "nobody answers", &alice).await;
            world.assert_no_leaks().await;
        }
    });
}

#[test]
fn s_puts_a_tag_on_the_caller() {
    let plan = "exten => 1,1,Dial(PJSIP/bob,20,s(vip)b(see^s^1))\n\
        [see]\nexten => s,1,Set(GLOBAL(SEEN)=${CONNECTEDLINE(tag)})\n same => n,Return()";
    tell_with(plan, async |world| {
        let (alice, bob) = both(&world).await;
        call(&world, &alice, &bob, "1").await;
        assert_eq!(world.exchange().global("SEEN").as_deref(), Some("vip"));
        assert!(!bob.call().invite.contains("vip"), "a tag is never sent");
    });
}

#[test]
fn u_hides_the_caller_or_shows_it() {
    let plan = "exten => 1,1,Dial(PJSIP/bob,20,u(prohib))\n\
        exten => 2,1,Dial(PJSIP/bob,20,u(allowed))";
    tell_with(plan, async |world| {
        let (alice, bob) = both(&world).await;
        for (number, hidden) in [("1", true), ("2", false)] {
            call(&world, &alice, &bob, number).await;
            let invite = bob.call().invite;
            let from = header(&invite, "From");
            assert_eq!(from.contains("anonymous"), hidden, "{from}");
            assert_eq!(from.contains("alice"), !hidden, "{from}");
        }
    });
}

#[test]
fn z_lets_a_forwarded_call_ring_beyond_the_timeout() {
    let plan = "exten => 1,1,Dial(PJSIP/bob,4,z)\nexten => 2,1,Dial(PJSIP/bob,4)\n\
        \x20same => n,Set(GLOBAL(OUTCOME)=${DIALSTATUS})";
    tell_with(plan, async |world| {
        let (alice, bob) = both(&world).await;
        let carol = registered(&world, "carol", Line::Tcp).await;
        bob.will(Manner::Forward("carol")).await;
        carol.will(Manner::Answer(secs(8))).await;
        talks(&world, &alice, &carol, "1").await;
        alice.hang_up().await;
        world.assert_no_leaks().await;
        alice.dial("2").await;
        over(&world, "the time is over", &alice).await;
        assert_eq!(world.outcome(), "NOANSWER");
        world.assert_no_leaks().await;
    });
}
