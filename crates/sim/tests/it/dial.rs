//! Dial's options over the wire: what each of them does to both sides.

use std::time::Duration;

use sidetone_sim::{CallState, Configuration, Line, Manner, Phone, Weather, World, secs};

use super::{FEW, press, registered, tell, tell_over_with};

/// Tells a story over a few seeds with a dialplan of its own in context `internal`.
fn tell_with(extensions: &str, story: impl AsyncFn(World)) {
    let configuration = Configuration::default().with_extensions(extensions);
    tell_over_with(FEW, &configuration, &story);
}

/// Alice dials an extension, bob answers after a second, and they talk.
async fn talking(world: &World, number: &str) -> (Phone, Phone) {
    let (alice, bob) = both(world).await;
    alice.dial(number).await;
    world.run_until("they talk", secs(35), |w| w.talking(&alice, &bob)).await;
    (alice, bob)
}

/// The same once more, with phones that are there.
async fn talking_again(world: &World, alice: &Phone, bob: &Phone, number: &str) {
    alice.dial(number).await;
    world.run_until("they talk", secs(35), |w| w.talking(alice, bob)).await;
}

async fn both(world: &World) -> (Phone, Phone) {
    let alice = registered(world, "alice", Line::Udp).await;
    let bob = registered(world, "bob", Line::Udp).await;
    bob.will(Manner::Answer(secs(1))).await;
    (alice, bob)
}

async fn over(world: &World, what: &str, phone: &Phone) {
    world.run_until(what, secs(40), |_| phone.is_over()).await;
}

fn outcome(world: &World, wanted: &str) {
    assert_eq!(world.outcome(), wanted, "{}", world.account());
}

#[test]
fn with_g_the_dialplan_goes_on_and_knows_how_it_went() {
    let plan = "
exten => 1,1,Dial(PJSIP/bob,20,g)
 same => n,Set(GLOBAL(OUTCOME)=${DIALSTATUS} ${DIALEDPEERNUMBER} ${HANGUPCAUSE} ${ANSWEREDTIME})
 same => n,Set(GLOBAL(TIMES)=$[${ANSWEREDTIME_MS} >= 5000] $[${RINGTIME_MS} < 4000])
 same => n,Set(GLOBAL(TIMES)=${GLOBAL(TIMES)} $[${DIALEDTIME_MS} > ${ANSWEREDTIME_MS}])
 same => n,Set(GLOBAL(PEER)=${DIALEDPEERNAME:0:9}${PROGRESSTIME})";
    tell_with(plan, async |world: World| {
        let (alice, bob) = talking(&world, "1").await;
        world.run_for(secs(5)).await;
        bob.hang_up().await;
        over(&world, "alice is free", &alice).await;
        world.assert_no_leaks().await;
        assert!(world.outcome().starts_with("ANSWER bob 16 "), "{}", world.outcome());
        assert_eq!(world.exchange().global("TIMES").as_deref(), Some("1 1 1"));
        assert_eq!(world.exchange().global("PEER").as_deref(), Some("PJSIP/bob"));
    });
}

#[test]
fn with_big_g_both_go_to_the_dialplan() {
    let plan = "
exten => 1,1,Dial(PJSIP/bob,20,G(both^s^1))
[both]
exten => s,1,Goto(caller)
exten => s,2,Goto(callee)
exten => s,10(caller),Answer()
 same => n,Echo()
exten => s,20(callee),Set(GLOBAL(OUTCOME)=${CHANNEL:0:9})
 same => n,Echo()";
    tell_with(plan, async |world: World| {
        let (alice, bob) = both(&world).await;
        alice.dial("1").await;
        world.run_until("each hears himself", secs(35), |w| w.talking(&alice, &bob)).await;
        alice.hang_up().await;
        world.run_for(secs(10)).await;
        assert!(bob.is_talking(), "bob is on his own\n{}", world.account());
        bob.hang_up().await;
        world.assert_no_leaks().await;
        outcome(&world, "PJSIP/bob");
    });
}

#[test]
fn with_f_the_callee_goes_on_when_the_caller_hangs_up() {
    let plan = "
exten => 1,1,Dial(PJSIP/bob,20,F(internal^600^1))
exten => 2,1,Dial(PJSIP/bob,20,F)
 same => n,Set(GLOBAL(OUTCOME)=${CHANNEL:0:9})
 same => n,Echo()";
    tell_with(plan, async |world: World| {
        let (alice, bob) = both(&world).await;
        for number in ["1", "2"] {
            talking_again(&world, &alice, &bob, number).await;
            alice.hang_up().await;
            world.run_for(secs(10)).await;
            assert!(bob.is_talking(), "bob hears himself\n{}", world.account());
            assert_eq!(world.exchange().live().count(), 1);
            bob.hang_up().await;
            world.assert_no_leaks().await;
        }
        outcome(&world, "PJSIP/bob");
    });
}

#[test]
fn pre_dial_handlers_run_on_caller_and_callee() {
    let plan = "
exten => 1,1,Dial(PJSIP/bob,20,B(pre^who^1(caller))b(pre^who^1(callee)))
[pre]
exten => who,1,Set(GLOBAL(SEEN_${ARG1})=${CHANNEL:0:9})
 same => n,Return()";
    tell_with(plan, async |world: World| {
        let (alice, _bob) = talking(&world, "1").await;
        alice.hang_up().await;
        world.assert_no_leaks().await;
        let seen = |name: &str| world.exchange().global(name).unwrap_or_default();
        assert_eq!(
            (seen("SEEN_caller").as_str(), seen("SEEN_callee").as_str()),
            ("PJSIP/ali", "PJSIP/bob")
        );
    });
}

#[test]
fn a_subroutine_on_the_callee_decides() {
    let plan = "
exten => _1X,1,Set(GLOBAL(WANT)=${EXTEN:1})
 same => n,Dial(PJSIP/bob,20,U(decide^yes))
 same => n,Set(GLOBAL(OUTCOME)=${DIALSTATUS} went on)
 same => n,Hangup()
exten => there,1,Set(GLOBAL(OUTCOME)=there)
 same => n,Hangup()
[decide]
exten => s,1,Set(GLOBAL(ASKED)=${CHANNEL:0:9}${ARG1})
 same => n,Wait(1)
 same => n,ExecIf($[${WANT} = 1]?Set(GOSUB_RESULT=BUSY))
 same => n,ExecIf($[${WANT} = 2]?Set(GOSUB_RESULT=CONTINUE))
 same => n,ExecIf($[${WANT} = 3]?Set(GOSUB_RESULT=GOTO:internal^there^1))
 same => n,Return()";
    tell_with(plan, async |world: World| {
        let (alice, bob) = both(&world).await;
        for (number, wanted) in [("11", "BUSY went on"), ("12", "ANSWER went on"), ("13", "there")]
        {
            alice.dial(number).await;
            over(&world, "the call is over", &alice).await;
            outcome(&world, wanted);
        }
        assert_eq!(world.exchange().global("ASKED").as_deref(), Some("PJSIP/bobyes"));
        alice.dial("10").await;
        world.run_until("they talk", secs(35), |w| w.talking(&alice, &bob)).await;
        bob.hang_up().await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn a_callee_that_hangs_up_in_its_subroutine_frees_the_caller() {
    let plan = "
exten => 1,1,Dial(PJSIP/bob,20,U(decide)g)
 same => n,Set(GLOBAL(OUTCOME)=went on)
[decide]
exten => s,1,Wait(100)
 same => n,Return()";
    tell_with(plan, async |world: World| {
        let (alice, bob) = both(&world).await;
        alice.dial("1").await;
        let answered = |_: &World| bob.state() == Some(CallState::Talking);
        world.run_until("bob has answered", secs(35), answered).await;
        world.run_for(secs(2)).await;
        assert_ne!(alice.state(), Some(CallState::Talking));
        bob.hang_up().await;
        over(&world, "alice is free", &alice).await;
        world.assert_no_leaks().await;
        outcome(&world, "went on");
    });
}

#[test]
fn a_caller_that_hangs_up_during_the_subroutine_frees_the_callee() {
    let plan = "
exten => 1,1,Dial(PJSIP/bob,20,U(decide))
[decide]
exten => s,1,Wait(100)
 same => n,Return()";
    tell_with(plan, async |world: World| {
        let (alice, bob) = both(&world).await;
        alice.dial("1").await;
        let answered = |_: &World| bob.state() == Some(CallState::Talking);
        world.run_until("bob has answered", secs(35), answered).await;
        alice.hang_up().await;
        over(&world, "bob is free", &bob).await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn limits_end_the_call_for_both() {
    let plan = "
exten => 1,1,Dial(PJSIP/bob,20,L(4000:2000:1000)g)
 same => n,Set(GLOBAL(OUTCOME)=${DIALSTATUS} ${ANSWEREDTIME})
exten => 2,1,Dial(PJSIP/bob,20,S(3)g)
 same => n,Set(GLOBAL(OUTCOME)=${DIALSTATUS} ${ANSWEREDTIME})";
    tell_with(plan, async |world: World| {
        let (alice, bob) = both(&world).await;
        for (number, wanted) in [("1", "ANSWER 4"), ("2", "ANSWER 3")] {
            talking_again(&world, &alice, &bob, number).await;
            world.run_until("both are free", secs(15), |_| alice.is_over() && bob.is_over()).await;
            world.assert_no_leaks().await;
            outcome(&world, wanted);
        }
    });
}

#[test]
fn the_caller_leaves_the_ringing_by_a_digit() {
    let plan = "
exten => 1,1,Dial(PJSIP/bob,30,dr(ring))
exten => 7,1,Set(GLOBAL(OUTCOME)=${DIALSTATUS} out)
 same => n,Hangup()
exten => 2,1,Dial(PJSIP/bob,30,Hr(ring))
exten => 3,1,Set(EXITCONTEXT=way-out)
 same => n,Dial(PJSIP/bob,30,dr(ring))

[way-out]
exten => 7,1,Set(GLOBAL(OUTCOME)=${DIALSTATUS} elsewhere)
 same => n,Hangup()";
    tell_with(plan, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        for (number, key, wanted) in
            [("1", '7', "CANCEL out"), ("2", '*', "CANCEL out"), ("3", '7', "CANCEL elsewhere")]
        {
            alice.dial(number).await;
            world.run_until("bob rings", secs(15), |_| bob.is_alerted()).await;
            world.run_until("alice hears ringing", secs(15), |_| alice.hears()).await;
            for _ in 0..3 {
                alice.press(key).await;
                world.run_for(secs(1)).await;
            }
            world.run_until("all is over", secs(35), |_| alice.is_over() && bob.is_over()).await;
            outcome(&world, wanted);
        }
        world.assert_no_leaks().await;
    });
}

#[test]
fn the_caller_hears_music_until_the_answer() {
    let plan = "exten => 1,1,Dial(PJSIP/bob,20,m)";
    tell_with(plan, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        alice.dial("1").await;
        world.run_until("bob rings", secs(15), |_| bob.is_alerted()).await;
        world.run_until("alice hears music", secs(15), |_| alice.hears()).await;
        assert_ne!(alice.state(), Some(CallState::Talking));
        bob.answer().await;
        world.run_until("they talk", secs(35), |w| w.talking(&alice, &bob)).await;
        alice.hang_up().await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn digits_are_sent_after_the_answer() {
    let plan = "exten => 1,1,Dial(PJSIP/bob,20,D(12w3:45))";
    tell_with(plan, async |world: World| {
        world.weather(Weather::CLEAR);
        let (alice, bob) = both(&world).await;
        alice.dial("1").await;
        world.run_until("they talk", secs(35), |w| w.talking(&alice, &bob)).await;
        world.run_for(secs(2)).await;
        assert_eq!((bob.call().digits.as_str(), alice.call().digits.as_str()), ("123", "45"));
        alice.hang_up().await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn an_endpoint_at_its_limit_of_calls_is_busy() {
    let configuration = Configuration::default().with_option("device_state_busy_at = 1");
    tell_over_with(FEW, &configuration, async |world: World| {
        let (alice, bob) = talking(&world, "bob").await;
        let carol = registered(&world, "carol", Line::Tcp).await;
        carol.dial("bob").await;
        over(&world, "carol is refused", &carol).await;
        assert_eq!(bob.calls().len(), 1);
        outcome(&world, "BUSY");
        alice.hang_up().await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn a_local_channel_takes_itself_out_of_the_way() {
    let plan = "
exten => 1,1,Dial(Local/bob@internal,30)
exten => 2,1,Dial(Local/bob@internal/n,30)
exten => 3,1,Dial(Local/1@internal,30)
exten => 4,1,Dial(Local/600@internal,30)
exten => 5,1,Dial(Local/nobody-here@nowhere,30)
 same => n,Set(GLOBAL(OUTCOME)=${DIALSTATUS})";
    tell_with(plan, async |world: World| {
        let (alice, bob) = both(&world).await;
        for (number, left) in [("1", 2), ("2", 4), ("3", 2)] {
            talking_again(&world, &alice, &bob, number).await;
            world.run_for(secs(10)).await;
            assert!(world.talking(&alice, &bob), "{number}\n{}", world.account());
            assert_eq!(world.exchange().live().count(), left, "{number}\n{}", world.account());
            if world.chance(2) == 0 {
                alice.hang_up().await
            } else {
                bob.hang_up().await
            }
            world.assert_no_leaks().await;
        }
        alice.dial("4").await;
        world.run_until("alice hears herself", secs(35), |_| alice.is_talking()).await;
        world.run_for(secs(3)).await;
        assert!(alice.is_talking(), "{}", world.account());
        alice.hang_up().await;
        world.assert_no_leaks().await;
        alice.dial("5").await;
        over(&world, "alice is free", &alice).await;
        world.assert_no_leaks().await;
        outcome(&world, "CONGESTION");
    });
}

#[test]
fn a_dialplan_that_calls_itself_is_refused_at_last() {
    let plan = "
exten => loop,1,Dial(Local/loop@internal/n)
exten => tree,1,Dial(Local/tree@internal&Local/tree@internal/n)
exten => trees,1,Dial(Local/trees@internal/n&Local/trees@internal/n)";
    tell_with(plan, async |world: World| {
        let (alice, bob) = both(&world).await;
        for number in ["loop", "tree"] {
            alice.dial(number).await;
            world
                .run_until("it is refused", secs(35), |world| {
                    assert!(world.exchange().live().count() <= 600, "{number}");
                    alice.is_over()
                })
                .await;
            world.assert_no_leaks().await;
        }
        // Whoever gave up leaves nothing that goes on calling.
        alice.dial("trees").await;
        world.run_for(Duration::from_millis(20)).await;
        alice.hang_up().await;
        world.run_until("nobody calls", secs(5), |w| w.exchange().live().count() == 0).await;
        talking_again(&world, &alice, &bob, "bob").await;
        alice.hang_up().await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn a_hangup_at_any_moment_of_a_local_call_leaves_nothing() {
    let plan = "
exten => 1,1,Dial(Local/2@internal,30)
exten => 2,1,Dial(Local/bob@internal,30)";
    let configuration = Configuration::default().with_extensions(plan);
    for seed in super::seeds() {
        tell(seed, Weather::BAD, &configuration, async |world: World| {
            let (alice, bob) = both(&world).await;
            alice.dial("1").await;
            world.run_for(Duration::from_millis(world.chance(3_000))).await;
            [&alice, &bob][usize::try_from(world.chance(2)).expect("small")].hang_up().await;
            world.run_for(secs(45)).await;
            alice.hang_up().await;
            bob.hang_up().await;
            world.assert_no_leaks().await;
        });
    }
}

#[test]
fn a_forwarded_call_is_followed_and_a_circle_is_not() {
    let plan = "
exten => 1,1,Dial(PJSIP/bob,30)
 same => n,Set(GLOBAL(OUTCOME)=${DIALSTATUS} ${FORWARDERNAME:0:9})
exten => 2,1,Dial(PJSIP/bob,30,i)
 same => n,Set(GLOBAL(OUTCOME)=${DIALSTATUS})";
    tell_with(plan, async |world: World| {
        let (alice, bob) = both(&world).await;
        let carol = registered(&world, "carol", Line::Tcp).await;
        carol.will(Manner::Answer(secs(1))).await;
        bob.will(Manner::Forward("carol")).await;
        alice.dial("1").await;
        world.run_until("they talk", secs(35), |w| w.talking(&alice, &carol)).await;
        carol.hang_up().await;
        world.assert_no_leaks().await;

        alice.dial("2").await;
        over(&world, "she is not forwarded", &alice).await;
        outcome(&world, "CONGESTION");

        carol.will(Manner::Forward("bob")).await;
        alice.dial("1").await;
        over(&world, "the circle ends", &alice).await;
        world.assert_no_leaks().await;
        assert_eq!(bob.calls().len(), 4, "{}", world.account());
        outcome(&world, "CONGESTION PJSIP/bob");
    });
}

#[test]
fn a_party_transfers_by_feature_codes() {
    let plan = "
exten => 1,1,Dial(PJSIP/bob,20,tT)
exten => 7,1,Dial(PJSIP/carol,20)";
    let mut configuration = Configuration::default().with_extensions(plan);
    configuration.features = "[featuremap]\nblindxfer = #1\natxfer = *2\n".to_owned();
    for seed in FEW {
        tell(*seed, Weather::CLEAR, &configuration, async |world: World| {
            // Either side sends the other to the echo.
            let (alice, bob) = both(&world).await;
            for caller_does in [true, false] {
                talking_again(&world, &alice, &bob, "1").await;
                let (one, other) = if caller_does { (&alice, &bob) } else { (&bob, &alice) };
                press(&world, one, "#1600").await;
                over(&world, "who transferred is free", one).await;
                world.run_for(secs(2)).await;
                assert!(other.is_talking(), "{}", world.account());
                assert_eq!(world.exchange().live().count(), 1);
                other.hang_up().await;
                world.assert_no_leaks().await;
            }
        });
    }
}

#[test]
fn a_party_consults_and_completes_or_comes_back() {
    let plan = "
exten => 1,1,Dial(PJSIP/bob,20,tT)
exten => 7,1,Dial(PJSIP/carol,20)";
    let mut configuration = Configuration::default().with_extensions(plan);
    configuration.features =
        "[featuremap]\natxfer = *2\n[general]\natxfercomplete = *9\n".to_owned();
    for seed in FEW {
        for end in ["code", "hangup", "early", "abort", "refused"] {
            tell(*seed, Weather::CLEAR, &configuration, async |world: World| {
                let (alice, bob) = talking(&world, "1").await;
                let carol = registered(&world, "carol", Line::Tcp).await;
                match end {
                    "refused" => carol.will(Manner::Refuse(486)).await,
                    "early" => carol.will(Manner::Answer(secs(4))).await,
                    _ => carol.will(Manner::Answer(secs(1))).await,
                }
                press(&world, &alice, "*27").await;
                if end != "refused" && end != "early" {
                    let consults = |w: &World| w.talking(&alice, &carol) && bob.hears();
                    world.run_until("alice consults, bob hears music", secs(35), consults).await;
                    world.run_for(secs(1)).await;
                    let sound = world.hear(&alice, secs(1)).await;
                    assert!(sound.is_tone(carol.voice()), "{end}: bob is not heard meanwhile");
                }
                match end {
                    "code" => press(&world, &alice, "*9").await,
                    "hangup" | "early" => alice.hang_up().await,
                    "abort" => press(&world, &alice, "*1").await,
                    _ => {}
                }
                let (one, other) = match end {
                    "abort" | "refused" => (&alice, &bob),
                    _ => (&bob, &carol),
                };
                world.run_for(secs(8)).await;
                assert!(world.talking(one, other), "{end}\n{}", world.account());
                world.run_for(secs(8)).await;
                assert_eq!(world.exchange().live().count(), 2, "{end}\n{}", world.account());
                other.hang_up().await;
                world.assert_no_leaks().await;
            });
        }
    }
}

#[test]
fn a_party_that_consults_goes_to_and_fro_between_the_two() {
    let plan = "
exten => 1,1,Dial(PJSIP/bob,20,tT)
exten => 7,1,Dial(PJSIP/carol,20)";
    let mut configuration = Configuration::default().with_extensions(plan);
    configuration.features = "[featuremap]\natxfer = *2\n[general]\natxfercomplete = *9\n\
        atxferswap = *5\n"
        .to_owned();
    for end in ["code", "hangup", "abort", "target leaves"] {
        tell(1, Weather::CLEAR, &configuration, async |world: World| {
            let (alice, bob) = talking(&world, "1").await;
            let carol = registered(&world, "carol", Line::Tcp).await;
            carol.will(Manner::Answer(secs(1))).await;
            let dial = async |keys: &str| {
                press(&world, &alice, keys).await;
                world.run_for(secs(3)).await;
            };
            dial("*27").await;
            let hears_voice = async |of: &Phone, by: &Phone| {
                let sound = world.hear(by, secs(1)).await;
                sound.is_tone(of.voice())
            };
            world.run_until("she consults", secs(35), |w| w.talking(&alice, &carol)).await;
            world.run_for(secs(1)).await;
            assert!(hears_voice(&alice, &carol).await && !hears_voice(&alice, &bob).await);
            dial("*5").await;
            assert!(hears_voice(&alice, &bob).await, "{}", world.account());
            assert!(hears_voice(&bob, &alice).await && !hears_voice(&alice, &carol).await);
            dial("*5").await;
            assert!(hears_voice(&alice, &carol).await && !hears_voice(&alice, &bob).await);
            assert!(hears_voice(&carol, &alice).await, "and nobody else: {}", world.account());
            dial("*5").await;
            match end {
                "code" => dial("*9").await,
                "hangup" => alice.hang_up().await,
                "abort" => dial("*1").await,
                _ => carol.hang_up().await,
            }
            world.run_for(secs(8)).await;
            let (one, other) = match end {
                "abort" | "target leaves" => (&alice, &bob),
                _ => (&bob, &carol),
            };
            assert!(world.talking(one, other), "{end}\n{}", world.account());
            assert_eq!(world.exchange().live().count(), 2, "{end}\n{}", world.account());
            other.hang_up().await;
            world.assert_no_leaks().await;
        });
    }
}

#[test]
fn who_was_consulted_hears_that_the_transfer_is_complete() {
    let plan = "
exten => 1,1,Dial(PJSIP/bob,20,tT)
exten => 7,1,Dial(PJSIP/carol,20)";
    let long = "xfersound = tone-2250-6000\n";
    // The last goes back to bob, and hangs up while carol waits.
    for (sound, keys, heard) in
        [(long, "*2", true), ("xfersound =\n", "*2", false), (long, "*4", true)]
    {
        let mut configuration = Configuration::default().with_extensions(plan);
        configuration.features = format!("[featuremap]\natxfer = *2\n[general]\n{sound}");
        tell(1, Weather::CLEAR, &configuration, async |world: World| {
            let (alice, bob) = talking(&world, "1").await;
            let carol = registered(&world, "carol", Line::Udp).await;
            carol.will(Manner::Answer(secs(1))).await;
            press(&world, &alice, "*27").await;
            world.run_until("she consults", secs(35), |w| w.talking(&alice, &carol)).await;
            world.run_for(secs(1)).await;
            press(&world, &alice, keys).await;
            if keys == "*4" {
                alice.hang_up().await;
            }
            over(&world, "alice is free", &alice).await;
            let to_carol = world.hear(&carol, secs(1)).await;
            assert_eq!(to_carol.is_tone(2_250.0), heard, "{}", world.account());
            assert_eq!(to_carol.is_tone(bob.voice()), !heard);
            assert!(!to_carol.is_silent());
            assert!(world.hear(&bob, secs(1)).await.is_tone(carol.voice()), "bob hears carol");
            world.run_for(secs(30)).await;
            assert!(world.hear(&carol, secs(1)).await.is_tone(bob.voice()), "then they talk");
            bob.hang_up().await;
            world.assert_no_leaks().await;
        });
    }
}
