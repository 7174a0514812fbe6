//! Calls that go well.

use std::time::Duration;

use sidetone_sim::{CallState, Line, Manner, Offer, Phone, World, secs};

use super::{FEW, registered, tell_over};

/// Two phones talk, one of them hangs up, nothing is left.
async fn talk(world: &World, one: &Phone, other: &Phone, first_to_go: usize) {
    one.dial(other.name()).await;
    world.run_until("it rings", secs(35), |_| other.is_alerted()).await;
    other.answer().await;
    world.run_until("they talk", secs(35), |w| w.talking(one, other)).await;
    let parties = [one, other];
    parties[first_to_go].hang_up().await;
    world.assert_no_leaks().await;
    assert_eq!(one.state(), Some(CallState::Over(200)));
    assert_eq!(other.state(), Some(CallState::Over(200)));
}

#[test]
fn echo_comes_back() {
    tell_over(FEW, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        alice.dial("600").await;
        world.run_until("alice hears herself", secs(20), |_| alice.is_talking()).await;
        alice.hang_up().await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn echo_comes_back_to_a_browser() {
    tell_over(FEW, async |world: World| {
        let wendy = registered(&world, "wendy", Line::WebSocket).await;
        wendy.dial("600").await;
        world.run_until("wendy hears herself", secs(20), |_| wendy.is_talking()).await;
        wendy.hang_up().await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn one_camera_is_offered_back_as_four_pictures() {
    tell_over(FEW, async |world: World| {
        let wendy = registered(&world, "wendy", Line::WebSocket).await;
        wendy.dial_with("246", Offer::AudioAndVideo).await;
        let reoffered = |_: &World| wendy.call().reoffered == 1 && wendy.call().streams == 5;
        world.run_until("four pictures are offered", secs(20), reoffered).await;
        world.run_until("wendy hears herself", secs(20), |_| wendy.is_talking()).await;
        wendy.hang_up().await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn a_camera_that_comes_in_the_middle_of_a_call_is_offered_to_the_other_side() {
    tell_over(FEW, async |world: World| {
        let wendy = registered(&world, "wendy", Line::WebSocket).await;
        let walter = registered(&world, "walter", Line::WebSocket).await;
        wendy.dial("walter").await;
        world.run_until("it rings", secs(20), |_| walter.is_alerted()).await;
        walter.answer().await;
        world.run_until("they talk", secs(20), |w| w.talking(&wendy, &walter)).await;
        wendy.show_pictures().await;
        let both = |_: &World| wendy.call().streams == 2 && walter.call().streams == 2;
        world.run_until("each has a picture of the other", secs(35), both).await;
        assert_eq!(walter.call().reoffered, 1);
        world.run_until("they still talk", secs(20), |w| w.talking(&wendy, &walter)).await;
        world.run_for(secs(5)).await;
        assert_eq!((wendy.call().reoffered, walter.call().reoffered), (0, 1));
        walter.resume_without_offer().await;
        world.run_for(secs(5)).await;
        assert!(both(&world), "an offer for another reason keeps the pictures");
        world.run_until("they talk on", secs(20), |w| w.talking(&wendy, &walter)).await;
        wendy.hang_up().await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn a_phone_without_pictures_goes_on_talking_with_a_camera() {
    tell_over(FEW, async |world: World| {
        let wendy = registered(&world, "wendy", Line::WebSocket).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        wendy.dial("bob").await;
        world.run_until("it rings", secs(20), |_| bob.is_alerted()).await;
        bob.answer().await;
        world.run_until("they talk", secs(20), |w| w.talking(&wendy, &bob)).await;
        wendy.show_pictures().await;
        world.run_until("it is answered", secs(35), |_| wendy.call().streams == 2).await;
        world.run_for(secs(5)).await;
        assert_eq!((bob.call().streams, bob.call().reoffered), (1, 0));
        assert!(world.talking(&wendy, &bob), "{}", world.account());
        wendy.hang_up().await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn the_caller_hangs_up() {
    tell_over(FEW, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        talk(&world, &alice, &bob, 0).await;
    });
}

#[test]
fn the_callee_hangs_up() {
    tell_over(FEW, async |world: World| {
        let alice = registered(&world, "alice", Line::Tcp).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        talk(&world, &alice, &bob, 1).await;
    });
}

#[test]
fn a_browser_calls_a_phone() {
    tell_over(FEW, async |world: World| {
        let wendy = registered(&world, "wendy", Line::WebSocket).await;
        let bob = registered(&world, "bob", Line::Tcp).await;
        talk(&world, &wendy, &bob, 1).await;
    });
}

#[test]
fn a_phone_calls_a_browser() {
    tell_over(FEW, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let walter = registered(&world, "walter", Line::WebSocket).await;
        talk(&world, &alice, &walter, 0).await;
    });
}

#[test]
fn a_browser_calls_a_browser() {
    tell_over(FEW, async |world: World| {
        let wendy = registered(&world, "wendy", Line::WebSocket).await;
        let walter = registered(&world, "walter", Line::WebSocket).await;
        talk(&world, &wendy, &walter, 0).await;
    });
}

#[test]
fn opus_is_translated_to_ulaw() {
    tell_over(FEW, async |world: World| {
        let oscar = registered(&world, "oscar", Line::Udp).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        talk(&world, &oscar, &bob, 0).await;
    });
}

#[test]
fn keys_pressed_are_heard_on_the_other_side() {
    tell_over(FEW, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let walter = registered(&world, "walter", Line::WebSocket).await;
        alice.dial("walter").await;
        walter.will(Manner::Answer(Duration::from_millis(300))).await;
        world.run_until("they talk", secs(35), |w| w.talking(&alice, &walter)).await;
        for digit in "17#".chars() {
            alice.press(digit).await;
            world.run_for(Duration::from_millis(400)).await;
        }
        walter.press('9').await;
        let pressed = |_: &World| walter.call().digits == "17#" && alice.call().digits == "9";
        world.run_until("all keys arrive", secs(3), pressed).await;
        walter.hang_up().await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn a_call_without_an_offer_is_offered_to() {
    tell_over(FEW, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        alice.dial_with("600", Offer::Nothing).await;
        world.run_until("alice hears herself", secs(35), |_| alice.is_talking()).await;
        alice.hang_up().await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn hold_silences_and_resume_brings_back() {
    tell_over(FEW, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        bob.will(Manner::Answer(secs(1))).await;
        alice.dial("bob").await;
        world.run_until("they talk", secs(35), |w| w.talking(&alice, &bob)).await;
        for _ in 0..2 {
            alice.hold().await;
            let held = |_: &World| alice.call().reoffer_status == Some(200) && !alice.hears();
            world.run_until("alice hears nothing", secs(35), held).await;
            alice.resume().await;
            let back =
                |w: &World| alice.call().reoffer_status == Some(200) && w.talking(&alice, &bob);
            world.run_until("they talk again", secs(35), back).await;
        }
        bob.hang_up().await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn two_ring_one_answers_and_the_other_hears_so() {
    tell_over(FEW, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        let carol = registered(&world, "carol", Line::Tcp).await;
        alice.dial("both").await;
        let both = |_: &World| bob.is_alerted() && carol.is_alerted();
        world.run_until("both ring", secs(15), both).await;
        carol.answer().await;
        world.run_until("they talk", secs(35), |w| w.talking(&alice, &carol)).await;
        world.run_until("bob stops ringing", secs(35), |_| bob.is_over()).await;
        assert_eq!(bob.state(), Some(CallState::Over(487)));
        let reasons = bob.call().reasons;
        let elsewhere = reasons.iter().any(|reason| reason.contains("cause=200"));
        assert!(elsewhere, "{reasons:?}");
        alice.hang_up().await;
        world.assert_no_leaks().await;
    });
}
