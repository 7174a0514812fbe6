//! Calls that come to nothing.

use std::time::Duration;

use sidetone_sim::{CallState, Configuration, Line, Manner, Phone, Saying, Weather, World, secs};

use super::{FEW, registered, seeds, tell, tell_everywhere, tell_over};

#[test]
fn an_unknown_extension_is_404() {
    tell_over(FEW, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        alice.dial("999").await;
        world.run_until("it is refused", secs(35), |_| alice.is_over()).await;
        assert_eq!(alice.state(), Some(CallState::Over(404)));
        world.assert_no_leaks().await;
    });
}

#[test]
fn a_callee_that_is_nowhere_cannot_be_called() {
    tell_over(FEW, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        alice.dial("bob").await;
        world.run_until("it is refused", secs(35), |_| alice.is_over()).await;
        assert_eq!(world.outcome(), "CHANUNAVAIL");
        world.assert_no_leaks().await;
    });
}

/// The caller's phone shows this status, and the cause that goes with it.
fn refused(caller: &Phone, status: u16, cause: u8) {
    assert_eq!(caller.state(), Some(CallState::Over(status)));
    let (reasons, cause) = (caller.call().reasons, format!("Q.850;cause={cause};"));
    assert!(reasons.iter().any(|reason| reason.starts_with(&cause)), "{reasons:?}");
}

#[test]
fn a_busy_callee_makes_the_caller_hear_busy() {
    tell_over(FEW, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        bob.will(Manner::Refuse(486)).await;
        alice.dial("bob").await;
        world.run_until("it is refused", secs(35), |_| alice.is_over()).await;
        assert_eq!(world.outcome(), "BUSY");
        refused(&alice, 486, 17);
        world.assert_no_leaks().await;
    });
}

#[test]
fn a_callee_declines() {
    tell_over(FEW, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        alice.dial("bob").await;
        world.run_until("it rings", secs(15), |_| bob.is_alerted()).await;
        bob.refuse(603).await;
        world.run_until("it is refused", secs(35), |_| alice.is_over()).await;
        assert_eq!(world.outcome(), "CONGESTION");
        refused(&alice, 603, 21);
        world.assert_no_leaks().await;
    });
}

#[test]
fn a_callee_that_never_answers_is_given_up_after_the_time_of_dial() {
    tell_over(FEW, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        alice.dial("bob").await;
        world.run_until("it rings", secs(15), |_| bob.is_alerted()).await;
        world.run_until("it is given up", secs(30), |_| alice.is_over()).await;
        assert_eq!(world.outcome(), "NOANSWER");
        world.assert_no_leaks().await;
        assert_eq!(bob.state(), Some(CallState::Over(487)));
    });
}

#[test]
fn a_callee_that_is_switched_off_is_given_up() {
    tell_over(FEW, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        bob.will(Manner::Ignore).await;
        alice.dial("bob").await;
        world.run_until("it is given up", secs(35), |_| alice.is_over()).await;
        assert_eq!(world.outcome(), "NOANSWER");
        world.assert_no_leaks().await;
    });
}

#[test]
fn the_caller_gives_up_while_it_rings() {
    tell_over(FEW, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        alice.dial("bob").await;
        world.run_until("it rings", secs(15), |_| bob.is_alerted()).await;
        alice.hang_up().await;
        let over = |_: &World| alice.is_over() && bob.is_over();
        world.run_until("both are free", secs(35), over).await;
        assert_eq!(alice.state(), Some(CallState::Over(487)));
        assert_eq!(bob.state(), Some(CallState::Over(487)));
        world.assert_no_leaks().await;
    });
}

#[test]
fn the_caller_gives_up_at_any_moment() {
    for seed in seeds() {
        tell(seed, Weather::BAD, &Configuration::default(), async |world: World| {
            let alice = registered(&world, "alice", Line::Udp).await;
            let bob = registered(&world, "bob", Line::Udp).await;
            bob.will(Manner::Answer(Duration::from_millis(world.chance(400)))).await;
            alice.dial("bob").await;
            world.run_for(Duration::from_millis(world.chance(1_000))).await;
            alice.hang_up().await;
            world.assert_no_leaks().await;
        });
    }
}

#[test]
fn answer_and_cancel_cross() {
    for seed in seeds() {
        tell(seed, Weather::BAD, &Configuration::default(), async |world: World| {
            let alice = registered(&world, "alice", Line::Udp).await;
            let bob = registered(&world, "bob", Line::Udp).await;
            alice.dial("bob").await;
            world.run_until("it rings", secs(15), |_| bob.is_alerted()).await;
            if world.chance(2) == 0 {
                bob.answer().await;
                alice.hang_up().await;
            } else {
                alice.hang_up().await;
                world.run_for(Duration::from_millis(world.chance(60))).await;
                bob.answer().await;
            }
            world.assert_no_leaks().await;
        });
    }
}

#[test]
fn a_draining_exchange_refuses_calls_with_503() {
    tell_over(FEW, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        world.exchange().drain();
        alice.dial("600").await;
        world.run_until("it is refused", secs(35), |_| alice.is_over()).await;
        assert_eq!(alice.state(), Some(CallState::Over(503)));
        world.assert_no_leaks().await;
    });
}

#[test]
fn a_draining_exchange_lets_calls_go_on() {
    tell_over(FEW, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        alice.dial("600").await;
        world.run_until("alice hears herself", secs(20), |_| alice.is_talking()).await;
        world.exchange().drain();
        world.run_for(secs(5)).await;
        assert!(alice.is_talking(), "{}", world.account());
        alice.hang_up().await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn an_answer_in_the_hangup_extension_does_not_answer_a_refused_call() {
    let mut configuration = Configuration::default();
    configuration.extensions.push_str(
        "\n[internal](+)\nexten => 17,1,Hangup(17)\n\
         exten => h,1,Ringing()\nsame => n,Progress()\nsame => n,Answer()\nsame => n,Wait(1)\n",
    );
    tell(1, Weather::BAD, &configuration, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        alice.dial("17").await;
        world.run_until("it is refused", secs(35), |_| alice.is_over()).await;
        assert_eq!(alice.state(), Some(CallState::Over(486)));
        world.assert_no_leaks().await;
    });
}

/// A call with a callee is one call; a Local channel and an originated call are each one more.
#[test]
fn calls_beyond_maxcalls_are_refused_whoever_begins_them() {
    let mut configuration = Configuration::default().with_extensions(
        "exten => 1,1,Dial(Local/600@internal)\n\
         \x20same => n,Set(GLOBAL(OUTCOME)=${DIALSTATUS})\n\
         exten => 2,1,Originate(PJSIP/bob,app,Echo)\n\
         \x20same => n,Set(GLOBAL(OUTCOME)=${ORIGINATE_STATUS})\n",
    );
    let limit = "[options]\nmaxcalls = 1\n".to_owned();
    configuration.files.push(("/etc/asterisk.conf".to_owned(), limit));
    tell_everywhere(1, &configuration, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        let carol = registered(&world, "carol", Line::Udp).await;
        for number in ["1", "2"] {
            world.exchange().set_global("OUTCOME", None);
            alice.dial(number).await;
            world.run_until("it is over", secs(35), |_| alice.is_over()).await;
            assert_eq!(world.outcome(), "CONGESTION", "{number}");
        }
        assert!(!bob.is_alerted());
        bob.will(Manner::Answer(secs(1))).await;
        alice.dial("bob").await;
        world.run_until("they talk", secs(35), |w| w.talking(&alice, &bob)).await;
        carol.dial("600").await;
        world.run_until("carol is refused", secs(35), |_| carol.is_over()).await;
        assert_eq!(carol.state(), Some(CallState::Over(503)));
        alice.hang_up().await;
        world.assert_no_leaks().await;
    });
}

/// RFC 3264 §8: lines of a call stay. The call goes on as it was.
#[test]
fn a_re_invite_without_the_lines_there_were_is_refused_and_the_call_goes_on() {
    tell_everywhere(1, &Configuration::default(), async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        alice.dial("600").await;
        world.run_until("alice hears herself", secs(20), |_| alice.is_talking()).await;
        let nothing = "v=0\r\no=- 1 9 IN IP4 198.51.100.1\r\ns=-\r\nt=0 0\r\n";
        alice.ask(Saying::new("INVITE", &[]).with_body("application/sdp", nothing)).await;
        world.run_for(secs(2)).await;
        assert_eq!(alice.call().told, [488]);
        world.run_for(secs(3)).await;
        assert!(alice.is_talking(), "{}", world.account());
        alice.hang_up().await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn a_hangup_of_the_operator_ends_both_sides() {
    tell_over(FEW, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        bob.will(Manner::Answer(secs(1))).await;
        alice.dial("bob").await;
        world.run_until("they talk", secs(35), |w| w.talking(&alice, &bob)).await;
        let name = world.exchange().live().all()[0].name.clone();
        assert!(!world.exchange().hang_up("PJSIP/nobody-1", sidetone_pbx::Cause::NORMAL));
        assert!(world.exchange().hang_up(&name, sidetone_pbx::Cause::NORMAL));
        let over = |_: &World| alice.is_over() && bob.is_over();
        world.run_until("both are free", secs(35), over).await;
        world.assert_no_leaks().await;
    });
}

/// What a trunk refuses with reaches a caller whose dialplan ends there (decision 60).
#[test]
fn a_refusal_of_a_trunk_is_told_with_its_status_and_cause() {
    let configuration =
        Configuration::default().with_extensions("exten => trunk,1,Dial(PJSIP/bob,20)\n");
    tell_everywhere(1, &configuration, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        for (status, cause) in [(403, 21), (410, 22), (484, 28), (502, 27), (503, 34), (504, 102)] {
            bob.will(Manner::Refuse(status)).await;
            alice.dial("trunk").await;
            world.run_until("it is refused", secs(35), |_| alice.is_over()).await;
            refused(&alice, status, cause);
        }
        world.assert_no_leaks().await;
    });
}
