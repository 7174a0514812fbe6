//! Calls in which somebody is not heard: the verdict three seconds after the answer, and what
//! comes of a leg that never gets a path or keys.

use sidetone_sim::{CallState, Configuration, Line, Manner, Media, Phone, Weather, World, secs};

use super::tell::{registered, tell};

fn clear(story: impl AsyncFnOnce(World)) {
    tell(1, Weather::CLEAR, &Configuration::default(), story);
}

/// What the exchange said of the media of an account's channels.
fn said_of(world: &World, name: &str) -> Vec<String> {
    let channel = format!(" PJSIP/{name}-");
    let lines = world.ladder();
    let lines = lines.iter().filter_map(|line| line.split_once(&channel));
    lines.filter_map(|(_, rest)| Some(rest.split_once(": ")?.1.to_owned())).collect()
}

/// What it said of audio, without what ICE and DTLS did.
fn verdict(world: &World, name: &str) -> Vec<String> {
    let said = said_of(world, name);
    said.into_iter().filter(|words| words.contains("audio")).collect()
}

async fn answered(world: &World, caller: &Phone, callee: &Phone) {
    callee.will(Manner::Answer(secs(1))).await;
    caller.dial(callee.name()).await;
    let up = |phone: &Phone| phone.state() == Some(CallState::Talking);
    world.run_until("it is answered", secs(9), |_| up(caller) && up(callee)).await;
    world.run_for(secs(2)).await;
    assert_eq!(verdict(world, caller.name()), Vec::<String>::new(), "too early");
    world.run_for(secs(2)).await;
}

/// Pain 1.
#[test]
fn within_four_seconds_of_the_answer_each_leg_says_that_audio_flows() {
    clear(async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let wendy = registered(&world, "wendy", Line::WebSocket).await;
        answered(&world, &alice, &wendy).await;
        assert_eq!(verdict(&world, "alice"), ["audio flows"]);
        assert_eq!(verdict(&world, "wendy"), ["audio flows"]);
        wendy.hang_up().await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn a_leg_that_sends_nothing_is_named_with_what_to_change_and_so_is_who_hears_nothing() {
    clear(async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        alice.will_be_silent().await;
        answered(&world, &alice, &bob).await;
        let of_alice = verdict(&world, "alice");
        assert_eq!(of_alice.len(), 1, "{of_alice:?}");
        assert!(of_alice[0].starts_with("no audio from it: nothing arrived at 192.0.2.1:"));
        for setting in ["rtpstart-rtpend", "external_media_address", "microphone"] {
            assert!(of_alice[0].contains(setting), "{of_alice:?}");
        }
        let of_bob = verdict(&world, "bob");
        assert_eq!(of_bob.len(), 1, "{of_bob:?}");
        assert!(of_bob[0].starts_with("no audio to it: nothing comes from PJSIP/alice-"));
        bob.hang_up().await;
        world.assert_no_leaks().await;
    });
}

/// A browser that offers its addresses and whose checks never arrive: the call is named silent
/// after three seconds and ends when ICE had its time and a restart could have come.
#[test]
fn a_browser_without_a_path_is_named_and_its_call_ends_with_a_cause_for_the_other_side() {
    clear(async |world: World| {
        let wendy = registered(&world, "wendy", Line::WebSocket).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        world.deafen(&wendy);
        answered(&world, &wendy, &bob).await;
        let of_wendy = verdict(&world, "wendy");
        assert_eq!(of_wendy.len(), 2, "{of_wendy:?}");
        assert!(of_wendy[0].starts_with("no audio from it: no ICE candidate pair answered"));
        assert!(of_wendy[0].contains("rtpstart-rtpend"), "{of_wendy:?}");
        assert_eq!(of_wendy[1], "no audio to it: for the same reason");
        world.run_for(secs(20)).await;
        assert_eq!(bob.state(), Some(CallState::Talking), "a restart may still come");
        world.run_until("it is given up", secs(15), |_| bob.is_over() && wendy.is_over()).await;
        for phone in [&bob, &wendy] {
            let reasons = phone.call().reasons;
            assert!(reasons.iter().any(|reason| reason.contains("cause=44")), "{reasons:?}");
        }
        world.heal(&wendy);
        world.assert_no_leaks().await;
    });
}

#[test]
fn a_browser_whose_path_dies_is_waited_for_and_given_up_when_it_does_not_come_back() {
    for comes_back in [true, false] {
        clear(async |world: World| {
            let wendy = registered(&world, "wendy", Line::WebSocket).await;
            let bob = registered(&world, "bob", Line::Udp).await;
            bob.will(Manner::Answer(secs(1))).await;
            wendy.dial("bob").await;
            world.run_until("they talk", secs(9), |w| w.talking(&wendy, &bob)).await;
            world.deafen(&wendy);
            // Consent is gone after 30 s, and the checks that follow have failed after 15 more.
            world.run_for(secs(50)).await;
            assert!(said_of(&world, "wendy").iter().any(|words| words.starts_with("ICE failed")));
            assert_eq!(bob.state(), Some(CallState::Talking), "{}", world.account());
            if comes_back {
                world.heal(&wendy);
                world.roam(&wendy).await;
                world.run_until("they talk again", secs(5), |w| w.talking(&wendy, &bob)).await;
                world.run_for(secs(30)).await;
                assert!(world.talking(&wendy, &bob), "{}", world.account());
                wendy.hang_up().await;
            } else {
                world.run_until("it is given up", secs(15), |_| bob.is_over()).await;
                let reasons = bob.call().reasons;
                assert!(reasons.iter().any(|reason| reason.contains("cause=44")), "{reasons:?}");
                world.heal(&wendy);
            }
            world.assert_no_leaks().await;
        });
    }
}

/// Pain 17: a handshake with somebody else than the SDP names ends that leg with a reason, and
/// nothing was sent in clear before.
#[test]
fn a_leg_whose_certificate_is_not_the_one_it_named_ends_and_the_other_side_hears_the_cause() {
    let mut configuration = Configuration::default();
    configuration.pjsip = configuration.pjsip.replace(
        "\n[bob](phone)\n",
        "\n[bob](phone)\nmedia_encryption = dtls\ndtls_auto_generate_cert = yes\n",
    );
    tell(1, Weather::CLEAR, &configuration, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        bob.will_want(Media::Forged).await;
        bob.will(Manner::Answer(secs(1))).await;
        alice.dial("bob").await;
        world.run_until("it ends", secs(20), |_| alice.is_over() && bob.is_over()).await;
        let said = said_of(&world, "bob");
        let why = said.iter().find(|words| words.starts_with("DTLS failed: "));
        assert!(why.is_some_and(|why| why.contains("does not match")), "{said:?}");
        let reasons = alice.call().reasons;
        assert!(reasons.iter().any(|reason| reason.contains("cause=88")), "{reasons:?}");
        assert_eq!(bob.call().heard, 0);
        world.assert_no_leaks().await;
    });
}
