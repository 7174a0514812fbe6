//! Text as it is typed (RFC 4103) beside the voice of a call.

use std::time::Duration;

use sidetone_sim::{
    CallState, Configuration, Line, Manner, Media, Offer, Phone, Weather, World, secs,
};

use super::pairings::{Kind, with_options};
use super::{tell, tell_everywhere};

/// Text and repetitions for everybody.
fn texting() -> Configuration {
    let mut configuration = Configuration::default();
    for codecs in ["allow = ulaw,alaw\n", "allow = opus,ulaw,vp8\n"] {
        let more = format!("{},red,t140\n", codecs.trim_end());
        configuration.pjsip = configuration.pjsip.replace(codecs, &more);
    }
    configuration
}

async fn typist(world: &World, name: &str, line: Line, codecs: &[&str]) -> Phone {
    let phone = world.phone_with(name, line, codecs).await;
    assert_eq!(phone.register().await, Ok(600));
    phone
}

/// A packet of text as it is on the wire.
fn packet(payload_type: u8, sequence: u16, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x80, payload_type];
    bytes.extend(sequence.to_be_bytes());
    bytes.extend((u32::from(sequence) * 300).to_be_bytes());
    bytes.extend(77_u32.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// Types, and returns the payloads that come back under these numbers.
async fn typed(world: &World, alice: &Phone, packets: &[Vec<u8>], back: u8) -> Vec<Vec<u8>> {
    let sending = async {
        for packet in packets {
            world.send_as(alice, 1, packet).await;
            world.run_for(Duration::from_millis(300)).await;
        }
        world.run_for(secs(1)).await;
    };
    let came = world.captured(alice, sending).await;
    let texts = came.into_iter().filter(|bytes| bytes.get(1).is_some_and(|pt| pt & 0x7f == back));
    texts.map(|bytes| bytes[12..].to_vec()).collect()
}

async fn text_call(world: &World, other: &str, line: Line, codecs: &[&str]) -> (Phone, Phone) {
    let alice = typist(world, "alice", Line::Udp, &["ulaw", "red", "t140"]).await;
    let other = typist(world, other, line, codecs).await;
    other.will_repeat().await;
    other.will(Manner::Answer(Duration::from_millis(300))).await;
    alice.dial_with(other.name(), Offer::AudioAndText).await;
    world.run_until("they talk", secs(35), |w| w.talking(&alice, &other)).await;
    (alice, other)
}

/// Numbers of alice's offer: repetitions and text.
const RED: u8 = 106;
const T140: u8 = 109;

#[test]
fn text_passes_with_its_repetitions_between_phones_and_browsers() {
    for (other, line) in [("bob", Line::Udp), ("wendy", Line::WebSocket)] {
        tell(31, Weather::CLEAR, &texting(), async |world: World| {
            let audio = if line == Line::Udp { "ulaw" } else { "opus" };
            let (alice, other) = text_call(&world, other, line, &[audio, "red", "t140"]).await;
            // "h", then "i" with a repetition of "h".
            let first = [&[T140], &b"h"[..]].concat();
            let second = [&[0x80 | T140, 4, 0xb0, 1, T140], &b"hi"[..]].concat();
            let packets = [packet(RED, 1, &first), packet(RED, 2, &second)];
            assert_eq!(typed(&world, &alice, &packets, RED).await, [first, second]);
            let alone = [packet(T140, 3, b"!")];
            assert_eq!(typed(&world, &alice, &alone, T140).await, [b"!"]);
            assert!(world.talking(&alice, &other), "the voice goes on beside it");
            other.hang_up().await;
            world.assert_no_leaks().await;
        });
    }
}

#[test]
fn who_takes_no_repetitions_gets_the_new_text_alone() {
    tell(32, Weather::CLEAR, &texting(), async |world: World| {
        let (alice, bob) = text_call(&world, "bob", Line::Udp, &["ulaw", "t140"]).await;
        let repeated = [&[0x80 | T140, 4, 0xb0, 1, T140], &b"hi"[..]].concat();
        let nothing_new = [&[0x80 | T140, 4, 0xb0, 1, T140], &b"i"[..]].concat();
        let packets = [packet(RED, 1, &repeated), packet(RED, 2, &nothing_new)];
        assert_eq!(typed(&world, &alice, &packets, T140).await, [b"i"]);
        bob.hang_up().await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn a_call_to_somebody_without_text_goes_on_without_it() {
    // The phone cannot, or its endpoint may not.
    for (configuration, codecs) in
        [(texting(), &["ulaw"][..]), (Configuration::default(), &["ulaw", "red", "t140"])]
    {
        tell_everywhere(33, &configuration, async |world: World| {
            let (alice, bob) = text_call(&world, "bob", Line::Udp, codecs).await;
            let offered = bob.call().invite;
            let allowed = configuration.pjsip.contains("t140");
            assert_eq!(offered.contains("m=text"), allowed, "{offered}");
            let answer = alice.call().answers.concat();
            assert_eq!(answer.contains("m=text 0 "), !allowed, "{answer}");
            world.run_for(secs(2)).await;
            assert!(world.talking(&alice, &bob));
            alice.hang_up().await;
            world.assert_no_leaks().await;
        });
    }
}

#[test]
fn silence_of_the_keyboard_ends_no_call_and_garbage_is_not_passed_on() {
    let configuration = texting().with_option("rtp_timeout = 3");
    tell(34, Weather::CLEAR, &configuration, async |world: World| {
        let (alice, bob) = text_call(&world, "bob", Line::Udp, &["ulaw", "red", "t140"]).await;
        world.run_for(secs(12)).await;
        assert_eq!(alice.state(), Some(CallState::Talking));
        // Blocks that do not fit, and a payload type nobody agreed to.
        let noise = [
            packet(RED, 1, &[0x80 | T140, 0, 3, 0xff, T140, b'x']),
            packet(RED, 2, &[]),
            packet(99, 3, b"x"),
        ];
        assert_eq!(typed(&world, &alice, &noise, RED).await, Vec::<Vec<u8>>::new());
        let sound = [packet(T140, 4, b"ok")];
        assert_eq!(typed(&world, &alice, &sound, T140).await, [b"ok"]);
        bob.hang_up().await;
        world.assert_no_leaks().await;
    });
}

/// The exchange calls itself in between: one of its bridges joins two legs under SDES.
#[test]
fn text_passes_between_legs_under_sdes() {
    let sdes = Kind::Phone(Media::Sdes, "media_encryption = sdes\n");
    let mut configuration = with_options(texting(), "bob", sdes)
        .with_extensions("[internal]\nexten => through,1,Dial(PJSIP/mirror,20)\n");
    configuration.pjsip += "\n[mirror](phone)\naors = mirror\nmedia_encryption = sdes\n\
        \n[mirror](devices)\ncontact = sip:bob@192.0.2.1:5060\n\
        \n[mirror]\ntype = identify\nendpoint = mirror\nmatch = 192.0.2.1\n";
    tell(35, Weather::CLEAR, &configuration, async |world: World| {
        let bob = typist(&world, "bob", Line::Udp, &["ulaw", "red", "t140"]).await;
        bob.will_want(Media::Sdes).await;
        bob.will_repeat().await;
        bob.will(Manner::Answer(Duration::from_millis(300))).await;
        let alice = typist(&world, "alice", Line::Udp, &["ulaw", "red", "t140"]).await;
        for number in ["bob", "through"] {
            alice.dial_with(number, Offer::AudioAndText).await;
            world.run_until("they talk", secs(35), |w| w.talking(&alice, &bob)).await;
            let legs = world.exchange().live().count();
            assert_eq!(legs, if number == "bob" { 2 } else { 4 });
            let invite = bob.call().invite;
            let texts = invite.split("m=").find(|part| part.starts_with("text "));
            assert!(texts.is_some_and(|part| part.contains("RTP/SAVP")), "{invite}");
            assert!(texts.is_some_and(|part| part.contains("a=crypto:")), "{invite}");
            let sent = [packet(T140, 1, b"sealed"), packet(T140, 2, b"!")];
            let mut back = Vec::new();
            let wire = world.captured(&bob, async {
                back = typed(&world, &alice, &sent, T140).await;
            });
            let wire = wire.await;
            assert_eq!(back, [&b"sealed"[..], b"!"], "{number}");
            let readable = wire.iter().any(|bytes| bytes.windows(6).any(|part| part == b"sealed"));
            assert!(!readable, "{number}: bob's text is on the wire in clear");
            alice.hang_up().await;
            world.assert_no_leaks().await;
        }
    });
}
