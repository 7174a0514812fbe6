//! Applications behind keys (`[applicationmap]` of `features.conf`), and feature options that one
//! channel has of its own; attended transfers that their transferer leaves.

use std::time::Duration;

use sidetone_sim::{Configuration, Line, Manner, Phone, Weather, World, secs};

use super::press;
use super::{registered, tell};

/// Both may use all of it: the caller's variable is inherited.
const PLAN: &str = "
exten => 1,1,Set(__DYNAMIC_FEATURES=all#note)
 same => n,Dial(PJSIP/bob,20,g)
 same => n,Set(GLOBAL(OUTCOME)=went on)
 same => n,Wait(1)
 same => n,Hangup()
[note]
exten => s,1,Set(GLOBAL(NOTE)=${ARG1} ${DYNAMIC_FEATURENAME} ${DYNAMIC_WHO_ACTIVATED})
 same => n,Set(GLOBAL(ON)=${CHANNEL(endpoint)})
 same => n,Return()";

const FEATURES: &str = "[applicationmap]
own => 4,self,Playback,tone-700-2000
other => *6,peer,Playback,tone-700-2000,default
note => *7,peer,Gosub(note,s,1(hello ${CHANNEL(endpoint)}))
jump => *8,self,Goto,1
missing => *9,self,Playbak,beep
[all]
own => *5
other =>
jump =>
missing =>
";

fn clear(features: &str, plan: &str, story: impl AsyncFnOnce(World, Phone, Phone)) {
    let mut configuration = Configuration::default().with_extensions(plan);
    configuration.features = features.to_owned();
    tell(1, Weather::CLEAR, &configuration, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        bob.will(Manner::Answer(secs(1))).await;
        story(world, alice, bob).await;
    });
}

async fn talk(world: &World, alice: &Phone, bob: &Phone) {
    alice.dial("1").await;
    world.run_until("they talk", secs(20), |w| w.talking(alice, bob)).await;
    world.run_for(secs(1)).await;
}

async fn hears_each_other(world: &World, alice: &Phone, bob: &Phone) {
    let sound = world.hear(alice, secs(1)).await;
    assert!(sound.is_tone(bob.voice()), "{}", world.account());
    let sound = world.hear(bob, secs(1)).await;
    assert!(sound.is_tone(alice.voice()), "{}", world.account());
}

fn global(world: &World, name: &str) -> String {
    world.exchange().global(name).unwrap_or_default()
}

#[test]
fn an_application_behind_keys_runs_on_the_side_it_names_while_the_other_waits() {
    clear(FEATURES, PLAN, async |world: World, alice: Phone, bob: Phone| {
        talk(&world, &alice, &bob).await;
        for (presses, keys, hearer, music) in [
            (&alice, "*5", &alice, false),
            (&bob, "*5", &bob, false),
            (&alice, "*6", &bob, true),
            (&bob, "*6", &alice, true),
        ] {
            press(&world, presses, keys).await;
            let waiter = if std::ptr::eq(hearer, &alice) { &bob } else { &alice };
            let quarter = Duration::from_millis(500);
            let sound = world.hear(hearer, quarter).await;
            assert!(sound.is_tone(700.0), "{keys}: {}", world.account());
            let sound = world.hear(waiter, quarter).await;
            assert!(
                sound.share_of(700.0) < 0.02 && sound.share_of(hearer.voice()) < 0.02,
                "{keys}"
            );
            assert_eq!(!sound.is_silent(), music, "{keys}");
            world.run_for(secs(2)).await;
            hears_each_other(&world, &alice, &bob).await;
        }
        bob.hang_up().await;
        world.run_until("it is over", secs(20), |_| alice.is_over()).await;
        world.assert_no_leaks().await;
        assert_eq!(world.outcome(), "went on");
    });
}

#[test]
fn a_subroutine_behind_keys_knows_who_pressed_them_and_what_leads_elsewhere_is_not_followed() {
    clear(FEATURES, PLAN, async |world: World, alice: Phone, bob: Phone| {
        talk(&world, &alice, &bob).await;
        // Keys that name nothing that can run, and others that do.
        for keys in ["*8", "*9", "*1", "*7"] {
            press(&world, &bob, keys).await;
            world.run_for(secs(1)).await;
            hears_each_other(&world, &alice, &bob).await;
        }
        let note = global(&world, "NOTE");
        assert!(note.starts_with("hello alice note PJSIP/bob-"), "{note}");
        assert_eq!(global(&world, "ON"), "alice");
        alice.hang_up().await;
        world.run_until("it is over", secs(20), |_| bob.is_over()).await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn whoever_leaves_while_an_application_runs_leaves_nobody_behind() {
    let features = "[applicationmap]\nown => *5,self,Playback,tone-700-5000\n\
                    both => *6,peer,Playback,tone-700-5000,default\n[all]\nown =>\nboth =>\n";
    for (keys, caller_leaves) in [("*5", true), ("*5", false), ("*6", true), ("*6", false)] {
        clear(features, PLAN, async |world: World, alice: Phone, bob: Phone| {
            talk(&world, &alice, &bob).await;
            press(&world, &alice, keys).await;
            world.run_for(secs(1)).await;
            let (leaves, stays) = if caller_leaves { (&alice, &bob) } else { (&bob, &alice) };
            leaves.hang_up().await;
            world.run_until("it is over", secs(20), |_| stays.is_over()).await;
            world.assert_no_leaks().await;
            assert_eq!(world.outcome() == "went on", !caller_leaves, "{keys}");
        });
    }
}

#[test]
fn both_may_start_an_application_at_the_same_time() {
    clear(FEATURES, PLAN, async |world: World, alice: Phone, bob: Phone| {
        talk(&world, &alice, &bob).await;
        for keys in [["*5", "*5"], ["*6", "*6"], ["*5", "*6"]] {
            for place in 0..2 {
                for (phone, keys) in [(&alice, keys[0]), (&bob, keys[1])] {
                    phone.press(keys.chars().nth(place).expect("a key")).await;
                }
                world.run_for(Duration::from_millis(400)).await;
            }
            world.run_for(secs(8)).await;
            hears_each_other(&world, &alice, &bob).await;
        }
        bob.hang_up().await;
        world.run_until("it is over", secs(20), |_| alice.is_over()).await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn a_channel_has_feature_codes_of_its_own_and_those_it_calls_inherit_them() {
    let plan = "
exten => 1,1,Set(FEATUREMAP(blindxfer)=#7)
 same => n,Set(FEATURE(inherit)=yes)
 same => n,Set(FEATURE(transferdigittimeout)=9)
 same => n,Set(FEATURE(transferdialattempts)=many)
 same => n,Set(GLOBAL(ONE)=${FEATUREMAP(blindxfer)} ${FEATURE(transferdigittimeout)})
 same => n,Set(GLOBAL(TWO)=${FEATURE(transferdialattempts)} ${FEATURE(inherit)})
 same => n,Dial(PJSIP/bob,20,t)";
    clear(
        "[featuremap]\nblindxfer = #1\n",
        plan,
        async |world: World, alice: Phone, bob: Phone| {
            talk(&world, &alice, &bob).await;
            assert_eq!((&*global(&world, "ONE"), &*global(&world, "TWO")), ("#7 9", "3 1"));
            press(&world, &bob, "#1600").await;
            world.run_for(secs(4)).await;
            assert!(!bob.is_over(), "{}", world.account());
            press(&world, &bob, "#7600").await;
            world.run_until("bob is free", secs(20), |_| bob.is_over()).await;
            world.run_for(secs(1)).await;
            assert!(alice.is_talking(), "{}", world.account());
            alice.hang_up().await;
            world.assert_no_leaks().await;
        },
    );
}

const CONSULT: &str = "
exten => 1,1,Dial(PJSIP/bob,20,tT)
exten => 7,1,Dial(PJSIP/carol,60)";

/// Alice consults and hangs up while carol rings; bob waits.
fn left_while_it_rings(options: &str, carol: Manner, then: impl AsyncFnOnce(&World, [&Phone; 3])) {
    let features = format!(
        "[featuremap]\natxfer = *2\n[general]\natxfernoanswertimeout = 5\n\
         atxferloopdelay = 2\n{options}"
    );
    clear(&features, CONSULT, async |world: World, alice: Phone, bob: Phone| {
        let target = registered(&world, "carol", Line::Udp).await;
        target.will(carol).await;
        talk(&world, &alice, &bob).await;
        press(&world, &alice, "*27").await;
        world.run_until("the target rings", secs(20), |_| target.is_alerted()).await;
        alice.hang_up().await;
        then(&world, [&alice, &bob, &target]).await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn a_target_goes_on_ringing_for_the_party_that_waits_when_the_transferer_leaves() {
    for options in ["", "atxferdropcall = yes\n"] {
        let carol = Manner::Answer(secs(4));
        left_while_it_rings(options, carol, async |world: &World, [alice, bob, carol]| {
            world.run_until("they talk", secs(9), |w| w.talking(bob, carol)).await;
            world.run_for(secs(1)).await;
            hears_each_other(world, bob, carol).await;
            assert_eq!((carol.calls().len(), alice.calls().len()), (1, 1), "{options}");
            carol.hang_up().await;
        });
    }
}

#[test]
fn who_left_a_transfer_that_nobody_takes_is_called_back() {
    left_while_it_rings("", Manner::Ring, async |world: &World, [alice, bob, carol]| {
        alice.will(Manner::Answer(secs(1))).await;
        let back = |w: &World| alice.calls().len() == 2 && w.talking(bob, alice);
        world.run_until("she is called back", secs(20), back).await;
        world.run_for(secs(1)).await;
        hears_each_other(world, alice, bob).await;
        assert_eq!((alice.calls().len(), carol.calls().len()), (2, 1));
        bob.hang_up().await;
    });
}

#[test]
fn a_transfer_that_nobody_takes_ends_after_as_many_calls_as_features_conf_says() {
    for (options, to_alice, to_carol) in [
        ("", 2, 2),
        ("atxfercallbackretries = 1\n", 1, 1),
        ("atxfercallbackretries = 0\n", 0, 1),
        ("atxferdropcall = yes\n", 0, 1),
    ] {
        left_while_it_rings(options, Manner::Ring, async |world: &World, [alice, bob, carol]| {
            alice.will(Manner::Refuse(486)).await;
            world.run_until("it is over", secs(60), |_| bob.is_over()).await;
            world.run_for(secs(2)).await;
            let calls = (alice.calls().len() - 1, carol.calls().len());
            assert_eq!(calls, (to_alice, to_carol), "{options}: {}", world.account());
        });
    }
}

#[test]
fn the_party_that_waits_may_leave_while_the_target_rings_on() {
    left_while_it_rings("", Manner::Ring, async |world: &World, [_, bob, carol]| {
        world.run_for(secs(2)).await;
        bob.hang_up().await;
        world.run_until("the ringing ends", secs(9), |_| carol.is_over()).await;
    });
}
