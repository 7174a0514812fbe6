//! Calls that are joined by applications other than Dial: Pickup, Bridge, Originate, RetryDial.

use sidetone_sim::{CallState, Configuration, Line, Manner, Phone, Weather, World, secs};

use super::{FEW, registered, tell, tell_over_with};

fn tell_with(extensions: &str, story: impl AsyncFn(World)) {
    let configuration = Configuration::default().with_extensions(extensions);
    tell_over_with(FEW, &configuration, &story);
}

async fn three(world: &World) -> (Phone, Phone, Phone) {
    let alice = registered(world, "alice", Line::Udp).await;
    let bob = registered(world, "bob", Line::Udp).await;
    let carol = registered(world, "carol", Line::Tcp).await;
    (alice, bob, carol)
}

fn outcome(world: &World, wanted: &str) {
    assert_eq!(world.outcome(), wanted, "{}", world.account());
}

const PICKUPS: &str = "
exten => 1,1,Set(_PICKUPMARK=hot)
 same => n,Dial(PJSIP/bob,30)
exten => 80,1,Pickup()
 same => n,Set(GLOBAL(OUTCOME)=nothing)
exten => 81,1,Pickup(1)
exten => 82,1,Pickup(9@internal&1@internal)
exten => 83,1,Pickup(hot@PICKUPMARK)
exten => 84,1,Pickup(cold@PICKUPMARK)
 same => n,Set(GLOBAL(OUTCOME)=nothing)";

#[test]
fn a_ringing_call_is_picked_up_by_group_extension_and_mark() {
    let configuration = Configuration::default()
        .with_extensions(PICKUPS)
        .with_option("call_group = 1\npickup_group = 1");
    tell_over_with(FEW, &configuration, async |world: World| {
        let (alice, bob, carol) = three(&world).await;
        for number in ["80", "81", "82", "83"] {
            alice.dial("1").await;
            world.run_until("bob rings", secs(15), |_| bob.is_alerted()).await;
            carol.dial(number).await;
            world.run_until("they talk", secs(35), |w| w.talking(&alice, &carol)).await;
            world.run_until("bob is free", secs(35), |_| bob.is_over()).await;
            assert_eq!(bob.state(), Some(CallState::Over(487)));
            assert_eq!(world.exchange().live().count(), 2, "{}", world.account());
            if world.chance(2) == 0 {
                alice.hang_up().await
            } else {
                carol.hang_up().await
            }
            world.assert_no_leaks().await;
        }
    });
}

#[test]
fn a_ringing_call_is_picked_up_by_a_group_with_a_name() {
    for (call, picks_up) in [("shop", true), ("office", false)] {
        let groups = format!("named_call_group = {call}\nnamed_pickup_group = yard,shop");
        let configuration = Configuration::default().with_extensions(PICKUPS).with_option(&groups);
        tell(1, Weather::CLEAR, &configuration, async |world: World| {
            let (alice, bob, carol) = three(&world).await;
            alice.dial("1").await;
            world.run_until("bob rings", secs(15), |_| bob.is_alerted()).await;
            carol.dial("80").await;
            if picks_up {
                world.run_until("they talk", secs(35), |w| w.talking(&alice, &carol)).await;
            } else {
                world.run_until("carol gets nothing", secs(35), |_| carol.is_over()).await;
            }
            alice.hang_up().await;
            world.assert_no_leaks().await;
        });
    }
}

#[test]
fn without_a_ringing_call_the_dialplan_goes_on() {
    // No groups: nobody may pick up just anything.
    tell_with(PICKUPS, async |world: World| {
        let (alice, bob, carol) = three(&world).await;
        for number in ["80", "84"] {
            world.exchange().set_global("OUTCOME", None);
            alice.dial("1").await;
            world.run_until("bob rings", secs(15), |_| bob.is_alerted()).await;
            carol.dial(number).await;
            world.run_until("carol gets nothing", secs(35), |_| carol.is_over()).await;
            outcome(&world, "nothing");
            alice.hang_up().await;
            world.assert_no_leaks().await;
        }
    });
}

#[test]
fn a_pickup_that_crosses_the_answer_leaves_nobody_behind() {
    let configuration = Configuration::default().with_extensions(PICKUPS);
    // Three phones talk for most of a minute: a few seeds, unless more are asked for.
    for seed in super::seeds().step_by(4) {
        tell(seed, Weather::BAD, &configuration, async |world: World| {
            let (alice, bob, carol) = three(&world).await;
            bob.will(Manner::Answer(secs(1))).await;
            alice.dial("1").await;
            world.run_for(std::time::Duration::from_millis(900 + world.chance(800))).await;
            carol.dial("81").await;
            world.run_for(secs(45)).await;
            let left = world.exchange().live().all();
            let pair = left.len() == 2 && left[0].bridged_with == Some(left[1].id);
            assert!(pair, "{left:?}\n{}", world.account());
            for phone in [&alice, &bob, &carol] {
                phone.hang_up_all().await;
            }
            world.assert_no_leaks().await;
        });
    }
}

#[test]
fn bridge_takes_a_channel_out_of_its_application_and_call() {
    let plan = "
exten => 1,1,Set(GLOBAL(WHO)=${CHANNEL})
 same => n,Answer()
 same => n,Echo()
 same => n,Set(GLOBAL(OUTCOME)=went on)
 same => n,Hangup()
exten => 2,1,Set(GLOBAL(WHO)=${CHANNEL})
 same => n,Dial(PJSIP/carol,30)
exten => 5,1,Bridge(${GLOBAL(WHO)})
 same => n,Set(GLOBAL(RESULT)=${BRIDGERESULT})
exten => 6,1,Bridge(${CHANNEL})
 same => n,Set(GLOBAL(RESULT)=${BRIDGERESULT})
exten => 7,1,Bridge(PJSIP/none-1)
 same => n,Set(GLOBAL(RESULT)=${BRIDGERESULT})";
    tell_with(plan, async |world: World| {
        let (alice, bob, carol) = three(&world).await;
        let result = |world: &World| world.exchange().global("RESULT").unwrap_or_default();
        alice.dial("1").await;
        world.run_until("alice hears herself", secs(35), |_| alice.is_talking()).await;
        bob.dial("5").await;
        world.run_until("they talk", secs(35), |w| w.talking(&alice, &bob)).await;
        let joined = |w: &World| w.exchange().live().all()[0].bridged_with.is_some();
        assert!(joined(&world), "{}", world.account());
        bob.hang_up().await;
        world.assert_no_leaks().await;
        outcome(&world, "went on");

        carol.will(Manner::Answer(secs(1))).await;
        alice.dial("2").await;
        world.run_until("they talk", secs(35), |w| w.talking(&alice, &carol)).await;
        bob.dial("5").await;
        world.run_until("carol is free", secs(35), |_| carol.is_over()).await;
        world.run_until("they talk", secs(35), |w| w.talking(&alice, &bob)).await;
        alice.hang_up().await;
        world.assert_no_leaks().await;
        assert_eq!(result(&world), "SUCCESS");

        for (number, wanted) in [("6", "LOOP"), ("7", "NONEXISTENT")] {
            bob.dial(number).await;
            world.run_until("it is refused", secs(35), |_| bob.is_over()).await;
            assert_eq!(result(&world), wanted);
        }
        world.assert_no_leaks().await;
    });
}

#[test]
fn a_channel_is_available_or_not() {
    let plan = "
exten => _8X.,1,ChanIsAvail(PJSIP/nobody&PJSIP/${EXTEN:2},${IF($[${EXTEN:1:1}=1]?s)})
 same => n,Set(GLOBAL(OUTCOME)=${AVAILCHAN} ${AVAILSTATUS} ${AVAILCAUSECODE})";
    tell_with(plan, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let ask = async |number: &str| {
            alice.dial(number).await;
            world.run_until("it is over", secs(35), |_| alice.is_over()).await;
            world.outcome()
        };
        assert_eq!(ask("80bob").await, " 5 20");
        let bob = registered(&world, "bob", Line::Udp).await;
        assert_eq!(ask("80bob").await, "PJSIP/bob 1 0");
        bob.dial("600").await;
        world.run_until("bob hears himself", secs(35), |_| bob.is_talking()).await;
        assert_eq!(ask("80bob").await, "PJSIP/bob 2 0");
        assert_eq!(ask("81bob").await, " 2 0");
        bob.hang_up().await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn originate_calls_somebody_and_says_how_it_went() {
    let plan = "
exten => 1,1,Originate(PJSIP/bob,exten,internal,600,1,10,c(4711)n(Alarm))
 same => n,Set(GLOBAL(OUTCOME)=${ORIGINATE_STATUS})
exten => 2,1,Originate(PJSIP/bob,app,Echo,,,10,v(SEEN=1)b(pre^s^1))
 same => n,Set(GLOBAL(OUTCOME)=${ORIGINATE_STATUS})
exten => 3,1,Originate(Local/600@internal,exten,internal,bob,1,10,a)
 same => n,Set(GLOBAL(OUTCOME)=${ORIGINATE_STATUS})
[pre]
exten => s,1,Set(GLOBAL(SEEN)=${SEEN})
 same => n,Return()";
    tell_with(plan, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        for number in ["1", "2"] {
            bob.will(Manner::Answer(secs(1))).await;
            alice.dial(number).await;
            world.run_until("bob hears himself", secs(35), |_| bob.is_talking()).await;
            world.run_until("alice is through", secs(35), |_| alice.is_over()).await;
            outcome(&world, "SUCCESS");
            bob.hang_up().await;
            world.assert_no_leaks().await;
        }
        assert_eq!(world.exchange().global("SEEN").as_deref(), Some("1"));

        bob.will(Manner::Refuse(486)).await;
        alice.dial("1").await;
        world.run_until("alice is through", secs(35), |_| alice.is_over()).await;
        outcome(&world, "BUSY");
        bob.will(Manner::Ring).await;
        alice.dial("1").await;
        world.run_until("alice is through", secs(45), |_| alice.is_over()).await;
        outcome(&world, "RINGING");

        bob.will(Manner::Answer(secs(1))).await;
        alice.dial("3").await;
        world.run_until("bob hears himself", secs(35), |_| bob.is_talking()).await;
        world.run_for(secs(5)).await;
        assert!(bob.is_talking(), "{}", world.account());
        outcome(&world, "SUCCESS");
        bob.hang_up().await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn retry_dial_tries_again_until_there_is_an_answer() {
    let plan = "
exten => 1,1,RetryDial(,2,5,PJSIP/bob,10)
exten => 2,1,RetryDial(,1,2,PJSIP/bob,10)
 same => n,Set(GLOBAL(OUTCOME)=${DIALSTATUS})
exten => 3,1,Dial(${PJSIP_DIAL_CONTACTS(bob)},30)";
    tell_with(plan, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        bob.will(Manner::Refuse(486)).await;
        alice.dial("2").await;
        world.run_until("alice gives up", secs(35), |_| alice.is_over()).await;
        assert_eq!(bob.calls().len(), 3, "{}", world.account());
        outcome(&world, "BUSY");
        alice.dial("1").await;
        world.run_until("bob was called", secs(35), |_| bob.calls().len() == 4).await;
        bob.will(Manner::Answer(secs(1))).await;
        world.run_until("they talk", secs(35), |w| w.talking(&alice, &bob)).await;
        alice.hang_up().await;
        world.assert_no_leaks().await;
        alice.dial("3").await;
        world.run_until("they talk", secs(35), |w| w.talking(&alice, &bob)).await;
        bob.hang_up().await;
        world.assert_no_leaks().await;
    });
}
