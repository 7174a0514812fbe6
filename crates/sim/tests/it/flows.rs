//! The call flows of RFC 3665, RFC 5359 and RFC 3725 that an exchange takes part in, by section,
//! each on a link that loses, doubles and reorders what it carries. Transfers (RFC 5359 §2.4,
//! §2.5) are in `referrals`, registrations (RFC 3665 §2) in `registrations`.

use std::time::Duration;

use sidetone_sim::{CallState, Configuration, Line, Manner, Offer, Phone, Weather, World, secs};

use super::tell::{registered, tell};
use super::{FEW, tell_over};

async fn two(world: &World) -> (Phone, Phone) {
    let alice = registered(world, "alice", Line::Udp).await;
    let bob = registered(world, "bob", Line::Udp).await;
    (alice, bob)
}

async fn talking(world: &World) -> (Phone, Phone) {
    let (alice, bob) = two(world).await;
    bob.will(Manner::Answer(secs(1))).await;
    alice.dial("bob").await;
    world.run_until("they talk", secs(35), |w| w.talking(&alice, &bob)).await;
    (alice, bob)
}

async fn over(world: &World, phone: &Phone, status: u16) {
    world.run_until("the call is over", secs(60), |_| phone.is_over()).await;
    assert_eq!(phone.state(), Some(CallState::Over(status)), "{}", world.account());
}

#[test]
fn rfc_3665_3_1_successful_session_establishment() {
    tell_over(FEW, async |world: World| {
        let (alice, bob) = two(&world).await;
        alice.dial("bob").await;
        world.run_until("it rings", secs(35), |_| bob.is_alerted()).await;
        bob.answer().await;
        world.run_until("they talk", secs(35), |w| w.talking(&alice, &bob)).await;
        bob.hang_up().await;
        over(&world, &alice, 200).await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn rfc_3665_3_3_session_with_authentication_on_both_legs() {
    let mut configuration = Configuration::default().with_option("outbound_auth = ours");
    configuration.pjsip += "\n[ours](login)\nusername = exchange\npassword = correct horse\n";
    for seed in FEW {
        tell(*seed, Weather::BAD, &configuration, async |world: World| {
            let (alice, bob) = two(&world).await;
            bob.will_demand_a_password().await;
            bob.will(Manner::Answer(secs(1))).await;
            alice.dial("bob").await;
            world.run_until("they talk", secs(35), |w| w.talking(&alice, &bob)).await;
            alice.hang_up().await;
            over(&world, &bob, 200).await;
            world.assert_no_leaks().await;
        });
    }
}

/// The answer comes in the ACK, as when a redirect made the caller begin anew without an offer.
#[test]
fn rfc_3665_3_6_session_with_the_description_in_ack() {
    tell_over(FEW, async |world: World| {
        let (alice, bob) = two(&world).await;
        bob.will(Manner::Answer(secs(1))).await;
        alice.dial_with("bob", Offer::Nothing).await;
        world.run_until("they talk", secs(35), |w| w.talking(&alice, &bob)).await;
        alice.hang_up().await;
        over(&world, &bob, 200).await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn rfc_3665_3_7_session_with_re_invite() {
    tell_over(FEW, async |world: World| {
        let (alice, bob) = talking(&world).await;
        for phone in [&alice, &bob] {
            phone.resume().await;
            let done = |_: &World| phone.call().reoffer_status == Some(200);
            world.run_until("the offer is answered", secs(35), done).await;
        }
        world.run_for(secs(2)).await;
        assert!(world.talking(&alice, &bob), "{}", world.account());
        alice.hang_up().await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn rfc_3665_3_8_unsuccessful_no_answer() {
    tell_over(FEW, async |world: World| {
        let (alice, bob) = two(&world).await;
        alice.dial("bob").await;
        world.run_until("it rings", secs(35), |_| bob.is_alerted()).await;
        alice.hang_up().await;
        over(&world, &alice, 487).await;
        over(&world, &bob, 487).await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn rfc_3665_3_9_unsuccessful_busy() {
    tell_over(FEW, async |world: World| {
        let (alice, bob) = two(&world).await;
        bob.will(Manner::Refuse(486)).await;
        alice.dial("bob").await;
        world.run_until("it is over", secs(35), |_| alice.is_over()).await;
        world.assert_no_leaks().await;
        assert_eq!(world.outcome(), "BUSY");
    });
}

#[test]
fn rfc_3665_3_10_unsuccessful_no_response() {
    tell_over(FEW, async |world: World| {
        let (alice, bob) = two(&world).await;
        bob.will(Manner::Ignore).await;
        alice.dial("bob").await;
        world.run_until("it is over", secs(60), |_| alice.is_over()).await;
        world.assert_no_leaks().await;
        assert_eq!(world.outcome(), "NOANSWER");
    });
}

#[test]
fn rfc_3665_3_11_unsuccessful_temporarily_unavailable() {
    tell_over(FEW, async |world: World| {
        let (alice, bob) = two(&world).await;
        bob.will(Manner::Refuse(480)).await;
        alice.dial("bob").await;
        world.run_until("it is over", secs(35), |_| alice.is_over()).await;
        world.assert_no_leaks().await;
        assert_eq!(world.outcome(), "NOANSWER");
    });
}

#[test]
fn rfc_5359_2_1_call_hold() {
    tell_over(FEW, async |world: World| {
        let (alice, bob) = talking(&world).await;
        alice.hold().await;
        let held = |_: &World| alice.call().reoffer_status == Some(200);
        world.run_until("bob is held", secs(35), held).await;
        world.run_for(secs(3)).await;
        assert!(!alice.hears(), "{}", world.account());
        alice.resume().await;
        world.run_until("they talk again", secs(35), |w| w.talking(&alice, &bob)).await;
        alice.hang_up().await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn rfc_5359_2_2_consultation_hold() {
    tell_over(FEW, async |world: World| {
        let (alice, bob) = talking(&world).await;
        let carol = registered(&world, "carol", Line::Tcp).await;
        alice.hold().await;
        let held = |_: &World| alice.call().reoffer_status == Some(200);
        world.run_until("bob is held", secs(35), held).await;
        carol.will(Manner::Answer(secs(1))).await;
        alice.dial("carol").await;
        world.run_until("alice consults", secs(35), |w| w.talking(&alice, &carol)).await;
        carol.hang_up().await;
        over(&world, &alice, 200).await;
        assert_eq!(bob.state(), Some(CallState::Talking));
        alice.hang_up_all().await;
        world.assert_no_leaks().await;
    });
}

/// Call forwarding by the dialplan: at once, when busy, when nobody answers.
#[test]
fn rfc_5359_2_7_to_2_9_call_forwarding() {
    let mut configuration = Configuration::default();
    configuration.extensions += "\n\
        exten => 27,1,Dial(PJSIP/carol,20)\n\
        exten => 28,1,Dial(PJSIP/bob,3)\n\
        \x20same => n,Set(REDIRECTING(from-num)=28)\n\
        \x20same => n,Set(REDIRECTING(reason)=${IF($[\"${DIALSTATUS}\" = \"BUSY\"]?cfb:cfnr)})\n\
        \x20same => n,Dial(PJSIP/carol,20)\n";
    for (number, manner, reason) in [
        ("27", Manner::Ring, ""),
        ("28", Manner::Refuse(486), "user-busy"),
        ("28", Manner::Ring, "no-answer"),
    ] {
        for seed in FEW {
            tell(*seed, Weather::BAD, &configuration, async |world: World| {
                let (alice, bob) = two(&world).await;
                let carol = registered(&world, "carol", Line::Tcp).await;
                bob.will(manner).await;
                carol.will(Manner::Answer(Duration::from_millis(500))).await;
                alice.dial(number).await;
                world.run_until("they talk", secs(60), |w| w.talking(&alice, &carol)).await;
                let invite = carol.call().invite;
                let said = format!("Diversion: <sip:28@192.0.2.1>;reason={reason}");
                assert_eq!(invite.contains("Diversion"), !reason.is_empty(), "{invite}");
                assert!(reason.is_empty() || invite.contains(&said), "{invite}");
                alice.hang_up().await;
                world.assert_no_leaks().await;
            });
        }
    }
}

#[test]
fn rfc_5359_2_12_find_me() {
    let mut configuration = Configuration::default();
    configuration.extensions += "\nexten => 212,1,Dial(PJSIP/bob&PJSIP/carol,30)\n";
    for seed in FEW {
        tell(*seed, Weather::BAD, &configuration, async |world: World| {
            let (alice, bob) = two(&world).await;
            let carol = registered(&world, "carol", Line::Tcp).await;
            alice.dial("212").await;
            let both = |_: &World| bob.is_alerted() && carol.is_alerted();
            world.run_until("both ring", secs(35), both).await;
            carol.answer().await;
            world.run_until("they talk", secs(35), |w| w.talking(&alice, &carol)).await;
            over(&world, &bob, 487).await;
            alice.hang_up().await;
            world.assert_no_leaks().await;
        });
    }
}

/// Flow I: a controller calls without an offer and gives the answer in ACK; to the exchange both
/// of its calls look so.
#[test]
fn rfc_3725_4_1_third_party_call_control_flow_i() {
    tell_over(FEW, async |world: World| {
        let controller = registered(&world, "alice", Line::Udp).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        bob.will(Manner::Answer(secs(1))).await;
        for number in ["600", "bob"] {
            controller.dial_with(number, Offer::Nothing).await;
            world.run_until("media flows", secs(35), |_| controller.is_talking()).await;
        }
        controller.hang_up_all().await;
        over(&world, &bob, 200).await;
        world.assert_no_leaks().await;
    });
}
