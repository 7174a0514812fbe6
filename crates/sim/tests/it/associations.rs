//! DTLS associations outlive what happens to a call: no second handshake, the same certificate and
//! the same role through holds, other codecs, session timers, UPDATEs and transfers (RFC 8842
//! §5.5); and they are there before the call is answered, when the callee speaks early.

use std::time::Duration;

use sidetone_sim::{
    CallState, Configuration, Hold, Line, Manner, Media, Phone, Saying, Weather, World, secs,
};

use super::pairings::{Kind, agreed, both_hear, party, with_options};
use super::transfers::{attended, channels, redirect};
use super::{registered, tell, tell_everywhere};

const DTLS: Kind =
    Kind::Phone(Media::Dtls, "media_encryption = dtls\ndtls_auto_generate_cert = yes\n");
const PLAIN: Kind = Kind::Phone(Media::Plain, "");

/// What the exchange said of itself to a phone with this attribute, in all its messages.
fn said(phone: &Phone, attribute: &str) -> Vec<String> {
    let begin = format!("a={attribute}:");
    let call = phone.call();
    let messages = call.answers.iter().chain(&call.asked).chain([&call.invite]);
    let lines = messages.flat_map(|text| text.lines());
    let mut found: Vec<String> =
        lines.filter_map(|line| line.strip_prefix(&begin)).map(str::to_owned).collect();
    found.sort();
    found.dedup();
    found
}

/// The role that the exchange took in its answers to a phone. Its offers may leave it open.
fn roles(phone: &Phone) -> Vec<String> {
    let call = phone.call();
    let good = call.answers.iter().filter(|text| text.starts_with("SIP/2.0 200"));
    let lines = good.flat_map(|text| text.lines());
    let mut found: Vec<String> =
        lines.filter_map(|line| line.strip_prefix("a=setup:")).map(str::to_owned).collect();
    found.retain(|role| role != "actpass");
    found.sort();
    found.dedup();
    found
}

/// A change is asked for, made and answered.
async fn settled(world: &World, what: &str, phone: &Phone) {
    world.run_for(Duration::from_millis(300)).await;
    agreed(world, what, phone).await;
}

async fn through_every_change(world: World, from: Kind, to: Kind) {
    let caller = party(&world, from, "alice", "wendy").await;
    let callee = party(&world, to, "bob", "walter").await;
    callee.will(Manner::Answer(Duration::from_millis(300))).await;
    let parties = [(&caller, from), (&callee, to)];
    parties.iter().for_each(|(phone, _)| assert_eq!(world.handshakes(phone), 0));
    caller.dial(callee.name()).await;
    both_hear(&world, "they talk", parties.map(|(phone, _)| phone)).await;
    let met = parties.map(|(phone, _)| world.handshakes(phone));
    assert!(met.iter().all(|met| *met >= 1), "{met:?}");
    for (place, (phone, kind)) in parties.into_iter().enumerate() {
        for form in [Hold::SendOnly, Hold::WithoutOffer] {
            phone.hold_by(form).await;
            settled(&world, &format!("{form:?} by {place}"), phone).await;
            phone.resume().await;
            settled(&world, &format!("resume of {form:?} by {place}"), phone).await;
        }
        let codecs: &[&[&str]] = match kind {
            Kind::Phone(..) => &[&["alaw"], &["ulaw"]],
            Kind::Browser => &[&["ulaw"], &["opus"]],
        };
        for codec in codecs {
            phone.change_to(codec).await;
            settled(&world, &format!("{codec:?} by {place}"), phone).await;
        }
        phone.ask(Saying::new("UPDATE", &[])).await;
        let told = |_: &World| phone.call().told == [200];
        world.run_until("an UPDATE is answered", secs(5), told).await;
    }
    // Three refreshes of the session.
    world.run_for(secs(150)).await;
    assert!(world.ladder().iter().any(|line| line.contains(" UPDATE sip:")), "{}", world.account());
    both_hear(&world, "they talk after all that", parties.map(|(phone, _)| phone)).await;
    for (phone, _) in parties {
        assert_eq!(world.handshakes(phone), 0, "{}: {}", phone.name(), world.account());
        let fingerprints = said(phone, "fingerprint");
        assert_eq!(fingerprints.len(), 1, "{}: {fingerprints:?}", phone.name());
        let roles = roles(phone);
        assert!(roles.len() <= 1, "{}: {roles:?}", phone.name());
    }
    caller.hang_up().await;
    world.assert_no_leaks().await;
}

fn with_timers() -> Configuration {
    Configuration::default().with_option("timers = always\ntimers_sess_expires = 90")
}

fn pair(from: Kind, to: Kind) {
    let configuration = with_options(with_timers(), "alice", from);
    let configuration = with_options(configuration, "bob", to);
    for weather in [Weather::CLEAR, Weather::BAD] {
        tell(21, weather, &configuration, async |world: World| {
            through_every_change(world, from, to).await;
        });
    }
}

#[test]
fn two_browsers_keep_their_associations_through_every_change() {
    pair(Kind::Browser, Kind::Browser);
}

#[test]
fn a_browser_and_a_dtls_phone_keep_their_associations_through_every_change() {
    pair(Kind::Browser, DTLS);
    pair(DTLS, Kind::Browser);
}

#[test]
fn two_dtls_phones_keep_their_associations_through_every_change() {
    pair(DTLS, DTLS);
}

#[test]
fn a_browser_that_is_given_to_somebody_else_keeps_its_association() {
    tell_everywhere(22, &Configuration::default(), async |world: World| {
        let wendy = registered(&world, "wendy", Line::WebSocket).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        bob.will(Manner::Answer(secs(1))).await;
        wendy.dial("bob").await;
        world.run_until("they talk", secs(35), |w| w.talking(&wendy, &bob)).await;
        world.handshakes(&wendy);
        let carol = registered(&world, "carol", Line::Tcp).await;
        carol.will(Manner::Answer(secs(1))).await;
        redirect(&world, channels(&world, "wendy")[0], "carol");
        world.run_until("bob is free", secs(35), |_| bob.is_over()).await;
        world.run_until("they talk", secs(35), |w| w.talking(&wendy, &carol)).await;
        world.run_for(secs(2)).await;
        assert_eq!((world.handshakes(&wendy), said(&wendy, "fingerprint").len()), (0, 1));
        carol.hang_up().await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn two_browsers_that_are_joined_keep_their_associations() {
    tell_everywhere(23, &Configuration::default(), async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let wendy = registered(&world, "wendy", Line::WebSocket).await;
        let walter = registered(&world, "walter", Line::WebSocket).await;
        for browser in [&wendy, &walter] {
            browser.will(Manner::Answer(secs(1))).await;
            alice.dial(browser.name()).await;
            let what = "alice talks with both";
            world.run_until(what, secs(35), |w| w.talking(&alice, browser)).await;
            // Repetitions of its handshake may still be on their way.
            world.run_for(secs(2) + world.lag()).await;
            world.handshakes(browser);
        }
        let own = channels(&world, "alice");
        attended(&world, own[0], own[1]);
        let released =
            |_: &World| alice.calls().iter().all(|call| matches!(call.state, CallState::Over(200)));
        world.run_until("alice is released", secs(35), released).await;
        world.run_until("the browsers talk", secs(10), |w| w.talking(&wendy, &walter)).await;
        world.run_for(secs(2)).await;
        for browser in [&wendy, &walter] {
            let fingerprints = said(browser, "fingerprint").len();
            assert_eq!((world.handshakes(browser), fingerprints), (0, 1));
        }
        wendy.hang_up().await;
        world.assert_no_leaks().await;
    });
}

/// The callee speaks before it answers: the caller hears it, and the answer changes nothing.
async fn speaks_early(world: World, from: Kind, to: Kind) {
    let caller = party(&world, from, "alice", "wendy").await;
    let callee = party(&world, to, "bob", "walter").await;
    callee.will(Manner::SpeakThenAnswer(secs(4))).await;
    let parties = [(&caller, from), (&callee, to)];
    parties.iter().for_each(|(phone, _)| assert_eq!(world.handshakes(phone), 0));
    caller.dial(callee.name()).await;
    world.run_until("the caller hears early media", secs(4), |_| caller.hears()).await;
    assert_eq!(caller.state(), Some(CallState::Ringing), "{}", world.account());
    if from == PLAIN {
        let sound = world.listen(&caller, Duration::from_millis(600)).await;
        let share = sound.share_of(callee.voice());
        assert!(share > 0.9, "{share}\n{}", world.account());
    }
    assert_eq!(caller.state(), Some(CallState::Ringing), "{}", world.account());
    for (phone, _) in parties {
        let _ = world.handshakes(phone);
    }
    both_hear(&world, "they talk", parties.map(|(phone, _)| phone)).await;
    for (phone, _) in parties {
        assert_eq!(phone.state(), Some(CallState::Talking));
        assert_eq!(world.handshakes(phone), 0, "{}", phone.name());
    }
    caller.hang_up().await;
    world.assert_no_leaks().await;
}

#[test]
fn early_media_passes_from_browsers_to_phones_and_back() {
    for (from, to) in [
        (PLAIN, Kind::Browser),
        (Kind::Browser, PLAIN),
        (Kind::Browser, Kind::Browser),
        (DTLS, Kind::Browser),
        (Kind::Browser, DTLS),
    ] {
        let configuration = with_options(Configuration::default(), "alice", from);
        let configuration = with_options(configuration, "bob", to);
        tell(24, Weather::CLEAR, &configuration, async |world: World| {
            speaks_early(world, from, to).await;
        });
    }
}
