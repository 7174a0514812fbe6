//! Calls whose sides are moved: into the dialplan, to somebody else, and while somebody hangs up.

use std::time::Duration;

use sidetone_base::ChannelId;
use sidetone_dialplan::{Flow, Position};
use sidetone_pbx::channel::{Control, Errand, Redirect};
use sidetone_pbx::transfer;
use sidetone_sim::{CallState, Configuration, Line, Manner, Phone, Weather, World, secs};

use super::{FEW, registered, seeds, tell, tell_over, tell_over_with};

/// The channels of an account, oldest first.
pub(super) fn channels(world: &World, name: &str) -> Vec<ChannelId> {
    let all = world.exchange().live().all();
    all.iter().filter(|facts| facts.endpoint == name).map(|facts| facts.id).collect()
}

fn control(world: &World, channel: ChannelId, control: Control) {
    if let Some(inbox) = world.exchange().live().inbox(channel) {
        let _ = inbox.try_send(control.into());
    }
}

pub(super) fn redirect(world: &World, channel: ChannelId, extension: &str) {
    let to = Position::new("internal", extension, 1);
    control(world, channel, Control::Redirect(Redirect { to, variables: Vec::new() }));
}

/// One channel of a party gives its peer to whoever the other one talks with.
pub(super) fn attended(world: &World, from: ChannelId, target: ChannelId) {
    let errand = Errand::new(move |channel| {
        Box::pin(async move {
            // When one of them is over already, nothing happens: stories are about that too.
            let _ = transfer::attended(channel, target);
            Ok(Flow::Next)
        })
    });
    control(world, from, Control::Errand(errand));
}

async fn talking(world: &World) -> (Phone, Phone) {
    let alice = registered(world, "alice", Line::Udp).await;
    let bob = registered(world, "bob", Line::Udp).await;
    bob.will(Manner::Answer(secs(1))).await;
    alice.dial("bob").await;
    world.run_until("they talk", secs(35), |w| w.talking(&alice, &bob)).await;
    (alice, bob)
}

/// Alice talks with bob and, on a second line, with carol.
async fn consulting(world: &World) -> (Phone, Phone, Phone) {
    let (alice, bob) = talking(world).await;
    let carol = registered(world, "carol", Line::Tcp).await;
    carol.will(Manner::Answer(secs(1))).await;
    alice.dial("carol").await;
    world.run_until("alice consults", secs(35), |w| w.talking(&alice, &carol)).await;
    (alice, bob, carol)
}

#[test]
fn a_callee_is_sent_into_the_dialplan_and_the_caller_is_released() {
    let mut configuration = Configuration::default();
    configuration.extensions +=
        "\nexten => h,1,Set(GLOBAL(HUNG)=${GLOBAL(HUNG)}${EXTEN}${HANGUPCAUSE})\n";
    tell_over_with(FEW, &configuration, async |world: World| {
        let (alice, bob) = talking(&world).await;
        let channel = channels(&world, "bob")[0];
        redirect(&world, channel, "600");
        world.run_until("alice is free", secs(35), |_| alice.is_over()).await;
        assert_eq!(alice.state(), Some(CallState::Over(200)));
        world.run_for(secs(3)).await;
        assert!(bob.is_talking(), "he hears himself\n{}", world.account());
        let shown = world.exchange().live().all();
        assert_eq!((shown.len(), shown[0].application.as_str()), (1, "Echo"));
        assert_eq!((shown[0].exten.as_str(), shown[0].bridge.as_str()), ("600", ""));
        bob.hang_up().await;
        world.assert_no_leaks().await;
        // Alice's `h` and then his own.
        assert_eq!(world.exchange().global("HUNG").as_deref(), Some("h16h16"));
    });
}

#[test]
fn a_caller_is_sent_to_somebody_else() {
    tell_over(FEW, async |world: World| {
        let (alice, bob) = talking(&world).await;
        let carol = registered(&world, "carol", Line::Tcp).await;
        carol.will(Manner::Answer(secs(1))).await;
        redirect(&world, channels(&world, "alice")[0], "carol");
        world.run_until("bob is free", secs(35), |_| bob.is_over()).await;
        world.run_until("they talk", secs(35), |w| w.talking(&alice, &carol)).await;
        carol.hang_up().await;
        world.assert_no_leaks().await;
        assert_eq!(alice.state(), Some(CallState::Over(200)));
    });
}

#[test]
fn an_attended_transfer_joins_the_two_others() {
    tell_over(FEW, async |world: World| {
        let (alice, bob, carol) = consulting(&world).await;
        let own = channels(&world, "alice");
        attended(&world, own[0], own[1]);
        let released =
            |_: &World| alice.calls().iter().all(|call| matches!(call.state, CallState::Over(200)));
        world.run_until("alice is released", secs(35), released).await;
        world.run_until("the others talk", secs(10), |w| w.talking(&bob, &carol)).await;
        world.run_for(secs(20)).await;
        assert!(world.talking(&bob, &carol), "{}", world.account());
        let shown = world.exchange().live().all();
        assert_eq!(shown.len(), 2, "{shown:?}");
        assert_eq!(shown[0].bridged_with, Some(shown[1].id));
        assert_eq!(shown[1].bridged_with, Some(shown[0].id));
        assert_eq!(shown[0].bridge, shown[1].bridge);
        assert!(!shown[0].bridge.is_empty());
        if world.chance(2) == 0 {
            bob.hang_up().await
        } else {
            carol.hang_up().await
        }
        world.assert_no_leaks().await;
        assert_eq!(
            (bob.state(), carol.state()),
            (Some(CallState::Over(200)), Some(CallState::Over(200)))
        );
    });
}

#[test]
fn an_attended_transfer_to_an_application_takes_the_place_there() {
    tell_over(FEW, async |world: World| {
        let (alice, bob) = talking(&world).await;
        alice.dial("600").await;
        world.run_until("alice hears herself", secs(35), |_| alice.is_talking()).await;
        let own = channels(&world, "alice");
        attended(&world, own[0], own[1]);
        world
            .run_until("alice is released", secs(35), |_| {
                alice.calls().iter().all(|call| matches!(call.state, CallState::Over(200)))
            })
            .await;
        world.run_for(secs(3)).await;
        assert!(bob.is_talking(), "bob hears himself\n{}", world.account());
        bob.hang_up().await;
        world.assert_no_leaks().await;
    });
}

/// Whoever hangs up, and whenever: each of the others is free soon, and nothing is left.
#[test]
fn a_hangup_that_crosses_a_transfer_leaves_nobody_behind() {
    for seed in seeds() {
        tell(seed, Weather::BAD, &Configuration::default(), async |world: World| {
            let (alice, bob, carol) = consulting(&world).await;
            let own = channels(&world, "alice");
            let who = [&alice, &bob, &carol][usize::try_from(world.chance(3)).expect("small")];
            let lead = world.chance(120);
            who.hang_up().await;
            world.run_for(Duration::from_millis(lead)).await;
            attended(&world, own[0], own[1]);
            world.run_for(Duration::from_millis(world.chance(100))).await;
            if world.chance(2) == 0 {
                [&alice, &bob, &carol][usize::try_from(world.chance(3)).expect("small")]
                    .hang_up()
                    .await;
            }
            world.run_for(secs(45)).await;
            let left = world.exchange().live().all();
            let joined = |one: usize, other: usize| left[one].bridged_with == Some(left[other].id);
            let pair = left.len() == 2 && joined(0, 1) && joined(1, 0);
            assert!(left.is_empty() || pair, "{left:?}\n{}", world.account());
            for phone in [&alice, &bob, &carol] {
                phone.hang_up_all().await;
            }
            world.assert_no_leaks().await;
        });
    }
}

#[test]
fn a_hangup_that_crosses_a_redirect_leaves_nobody_behind() {
    for seed in seeds() {
        tell(seed, Weather::BAD, &Configuration::default(), async |world: World| {
            let (alice, bob) = talking(&world).await;
            let channel = channels(
                &world,
                ["alice", "bob"][usize::try_from(world.chance(2)).expect("small")],
            )[0];
            let who = [&alice, &bob][usize::try_from(world.chance(2)).expect("small")];
            let first = world.chance(2) == 0;
            if first {
                who.hang_up().await;
                world.run_for(Duration::from_millis(world.chance(120))).await;
            }
            redirect(&world, channel, "600");
            if !first {
                world.run_for(Duration::from_millis(world.chance(120))).await;
                who.hang_up().await;
            }
            world.run_for(secs(40)).await;
            assert!(world.exchange().live().count() <= 1, "{}", world.account());
            alice.hang_up_all().await;
            bob.hang_up_all().await;
            world.assert_no_leaks().await;
        });
    }
}
