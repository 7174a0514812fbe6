//! Calls over the cheapest route of `routes.conf`: two carriers, a cheap one (bob) and a dear one
//! (carol).

use std::time::Duration;

use sidetone_sim::{CallState, Configuration, Line, Manner, Phone, Weather, World, secs};

use super::{FEW, registered, tell};

const PLAN: &str = "
exten => _0X.,1,Route(${EXTEN})
exten => _4X.,1,Route(${EXTEN},g,0.015)
 same => n,Set(TOLD=went on)
exten => _5X.,1,Set(TOLD=${ROUTES(${EXTEN:1},dial)})
exten => _6X.,1,Route(${EXTEN:1},,,cheap)
exten => h,1,Set(GLOBAL(OUTCOME)=${ROUTESTATUS} ${ROUTESTRIED} ${ROUTEPRICE} ${DIALSTATUS} \
${HANGUPCAUSE} ${TOLD})";

const CHEAP: &str = "[cheap]\ndial = PJSIP/${NUMBER}@bob\nprice => 49,0.0100\n";
const DEAR: &str = "[dear]\ndial = PJSIP/0${NUMBER}@carol\nstrip = 2\nprice => 49,0.0200\n";
const GENERAL: &str = "[general]\ncountry = 49\nsilence = 5\ntimeout = 20\nhold_off = 60\n";

fn with(routes: &str) -> Configuration {
    let mut configuration = Configuration::default().with_extensions(PLAN);
    let text = format!("{GENERAL}{routes}");
    configuration.files.push(("/etc/routes.conf".to_owned(), text));
    configuration
}

/// The dear one stands first: the price decides.
fn both() -> Configuration {
    with(&format!("{DEAR}{CHEAP}"))
}

async fn three(world: &World) -> [Phone; 3] {
    let alice = registered(world, "alice", Line::Udp).await;
    let bob = registered(world, "bob", Line::Udp).await;
    let carol = registered(world, "carol", Line::Udp).await;
    carol.will(Manner::Answer(secs(1))).await;
    [alice, bob, carol]
}

fn outcome(world: &World, wanted: &str) {
    assert_eq!(world.outcome().trim_end(), wanted, "{}", world.account());
}

async fn over(world: &World, phone: &Phone) {
    world.run_until("the call is over", secs(60), |_| phone.is_over()).await;
    // The h extension comes after the last answer.
    world.run_for(secs(1)).await;
}

fn running(world: &World) -> [u32; 2] {
    ["cheap", "dear"].map(|name| world.exchange().routes().of(name).calls)
}

#[test]
fn the_cheapest_route_is_called_and_the_next_when_it_has_no_room() {
    for seed in FEW {
        tell(*seed, Weather::BAD, &both(), async |world: World| {
            let [alice, bob, carol] = three(&world).await;
            bob.will(Manner::Refuse(503)).await;
            alice.dial("030123").await;
            world.run_until("they talk", secs(35), |w| w.talking(&alice, &carol)).await;
            assert!(carol.call().invite.starts_with("INVITE sip:030123@"), "strip and prefix");
            assert!(bob.call().invite.starts_with("INVITE sip:4930123@"), "as it is");
            assert_eq!(running(&world), [0, 1]);
            alice.hang_up().await;
            over(&world, &alice).await;
            outcome(&world, "TAKEN cheap,dear 0.0200 ANSWER 16");

            // The first rests for a minute, and is asked again after it.
            bob.will(Manner::Answer(secs(1))).await;
            alice.dial("030123").await;
            world.run_until("they talk", secs(35), |w| w.talking(&alice, &carol)).await;
            carol.hang_up().await;
            over(&world, &alice).await;
            outcome(&world, "TAKEN dear 0.0200 ANSWER 16");
            world.run_for(secs(61)).await;
            alice.dial("004930123").await;
            world.run_until("they talk", secs(35), |w| w.talking(&alice, &bob)).await;
            bob.hang_up().await;
            world.assert_no_leaks().await;
            assert_eq!(running(&world), [0, 0]);
            let cheap = world.exchange().routes().of("cheap");
            assert_eq!((cheap.tried, cheap.failed, cheap.answered), (2, 1, 1));
        });
    }
}

#[test]
fn a_route_of_which_nothing_is_heard_gives_way_and_one_that_rings_does_not() {
    tell(1, Weather::CLEAR, &both(), async |world: World| {
        let [alice, bob, carol] = three(&world).await;
        bob.will(Manner::Ignore).await;
        alice.dial("030123").await;
        world.run_for(secs(4)).await;
        assert!(carol.calls().is_empty(), "it has five seconds");
        world.run_until("they talk", secs(5), |w| w.talking(&alice, &carol)).await;
        alice.hang_up().await;
        over(&world, &alice).await;
        outcome(&world, "TAKEN cheap,dear 0.0200 ANSWER 16");
        world.run_for(secs(60)).await;

        bob.will(Manner::Ring).await;
        alice.dial("030123").await;
        over(&world, &alice).await;
        outcome(&world, "TAKEN cheap 0.0100 NOANSWER 19");
        assert_eq!(carol.calls().len(), 1, "who rings and does not answer is not at home");
        world.assert_no_leaks().await;
    });
}

#[test]
fn the_answer_decides_whether_another_route_is_asked() {
    tell(1, Weather::CLEAR, &both(), async |world: World| {
        let [alice, bob, carol] = three(&world).await;
        carol.will(Manner::Refuse(486)).await;
        for (status, wanted) in [
            (486, "TAKEN cheap 0.0100 BUSY 17"),
            (404, "TAKEN cheap 0.0100 CONGESTION 1"),
            (484, "TAKEN cheap 0.0100 CONGESTION 28"),
            (480, "TAKEN cheap 0.0100 NOANSWER 19"),
            (603, "TAKEN cheap 0.0100 CONGESTION 21"),
            (403, "TAKEN cheap,dear 0.0200 BUSY 17"),
            (488, "TAKEN cheap,dear 0.0200 BUSY 17"),
            (500, "TAKEN cheap,dear 0.0200 BUSY 17"),
        ] {
            bob.will(Manner::Refuse(status)).await;
            alice.dial("030123").await;
            over(&world, &alice).await;
            outcome(&world, wanted);
            world.run_for(secs(60)).await;
        }
        // When everybody fails the caller hears of the last.
        bob.will(Manner::Refuse(403)).await;
        carol.will(Manner::Refuse(503)).await;
        alice.dial("030123").await;
        over(&world, &alice).await;
        outcome(&world, "FAILED cheap,dear 0.0200 CONGESTION 34");
        assert_eq!(alice.state(), Some(CallState::Over(503)));
        world.assert_no_leaks().await;
    });
}

#[test]
fn a_caller_who_hangs_up_at_any_moment_leaves_no_route_taken() {
    for seed in FEW {
        tell(*seed, Weather::BAD, &both(), async |world: World| {
            let [alice, bob, _] = three(&world).await;
            bob.will(Manner::Ignore).await;
            alice.dial("030123").await;
            // Before, during and after the change of routes at five seconds.
            world.run_for(Duration::from_millis(3_500 + world.chance(3_000))).await;
            alice.hang_up().await;
            over(&world, &alice).await;
            world.assert_no_leaks().await;
            assert_eq!(running(&world), [0, 0], "{}", world.account());
            let told = world.outcome();
            assert!(told.starts_with("CANCEL cheap") || told.starts_with("TAKEN cheap,dear"));
        });
    }
}

#[test]
fn a_full_route_is_passed_over_until_a_call_ends() {
    let routes = format!("{CHEAP}max_calls = 1\n{DEAR}max_calls = 1\n");
    tell(1, Weather::CLEAR, &with(&routes), async |world: World| {
        let [alice, bob, carol] = three(&world).await;
        let oscar = registered(&world, "oscar", Line::Udp).await;
        let wendy = registered(&world, "wendy", Line::WebSocket).await;
        bob.will(Manner::Answer(secs(1))).await;
        alice.dial("030123").await;
        world.run_until("they talk", secs(5), |w| w.talking(&alice, &bob)).await;
        oscar.dial("030124").await;
        world.run_until("they talk", secs(5), |w| w.talking(&oscar, &carol)).await;
        assert_eq!(running(&world), [1, 1]);
        wendy.dial("030125").await;
        over(&world, &wendy).await;
        outcome(&world, "FULL   CONGESTION 34");
        alice.hang_up().await;
        over(&world, &alice).await;
        wendy.dial("030125").await;
        world.run_until("they talk", secs(9), |w| w.talking(&wendy, &bob)).await;
        wendy.hang_up().await;
        oscar.hang_up().await;
        world.assert_no_leaks().await;
        assert_eq!(running(&world), [0, 0]);
    });
}

#[test]
fn a_call_goes_on_by_the_table_it_began_with() {
    tell(1, Weather::CLEAR, &both(), async |world: World| {
        let [alice, bob, carol] = three(&world).await;
        bob.will(Manner::Ignore).await;
        alice.dial("030123").await;
        world.run_for(secs(2)).await;
        world.reload(&with(CHEAP));
        world.run_until("they talk", secs(9), |w| w.talking(&alice, &carol)).await;
        assert_eq!(world.exchange().routes().of("dear").calls, 1, "it is gone and still carries");
        alice.hang_up().await;
        over(&world, &alice).await;
        outcome(&world, "TAKEN cheap,dear 0.0200 ANSWER 16");
        world.run_for(secs(60)).await;
        alice.dial("030123").await;
        over(&world, &alice).await;
        outcome(&world, "FAILED cheap 0.0100 NOANSWER 19");
        world.assert_no_leaks().await;
    });
}

#[test]
fn prices_routes_and_numbers_of_the_call_decide_too() {
    tell(1, Weather::CLEAR, &both(), async |world: World| {
        let [alice, bob, _] = three(&world).await;
        bob.will(Manner::Refuse(403)).await;
        for (number, wanted) in [
            // The dear one is too dear for this call, and to another country there is none.
            ("4930123", "FAILED cheap 0.0100 CONGESTION 21 went on"),
            ("004330123", "NOROUTE   CHANUNAVAIL 3"),
            ("5030123", "    16 PJSIP/4930123@bob,PJSIP/030123@carol"),
            ("6030123", "FAILED cheap 0.0100 CONGESTION 21"),
        ] {
            alice.dial(number).await;
            over(&world, &alice).await;
            outcome(&world, wanted);
        }
        world.assert_no_leaks().await;
    });
}
