//! Fax in a call (T.38): both machines change from voice to fax or none does, datagrams pass as
//! they are, and the voice comes back.

use std::time::Duration;

use sidetone_sim::{
    CallState, Configuration, Line, Manner, Offer, Phone, Saying, Script, Weather, World, secs,
};

use super::{FEW, registered, tell, tell_everywhere, tell_over_with};

fn fax_allowed() -> Configuration {
    Configuration::default().with_option("t38_udptl = yes")
}

/// A datagram of UDPTL with one packet and no repetitions.
fn datagram(number: u16) -> Vec<u8> {
    let [high, low] = number.to_be_bytes();
    vec![high, low, 4, 0xc0, 1, 0x80, low, 0, 0]
}

async fn two_who_talk(world: &World) -> (Phone, Phone) {
    let alice = registered(world, "alice", Line::Udp).await;
    let bob = registered(world, "bob", Line::Udp).await;
    alice.will_fax().await;
    bob.will_fax().await;
    talk(world, &alice, &bob).await;
    (alice, bob)
}

async fn talk(world: &World, alice: &Phone, bob: &Phone) {
    bob.will_repeat().await;
    bob.will(Manner::Answer(Duration::from_millis(300))).await;
    alice.dial("bob").await;
    world.run_until("they talk", secs(35), |w| w.talking(alice, bob)).await;
}

async fn reoffered(world: &World, phone: &Phone, expected: u16) {
    let done = |_: &World| phone.call().reoffer_status.is_some();
    world.run_until("the offer is answered", secs(60), done).await;
    assert_eq!(phone.call().reoffer_status, Some(expected), "{}", world.account());
}

/// What comes back of twenty datagrams that one sends.
async fn passed(world: &World, alice: &Phone) -> usize {
    let sent: Vec<Vec<u8>> = (0..20).map(datagram).collect();
    let sending = async {
        for datagram in &sent {
            world.send_as(alice, 0, datagram).await;
            world.run_for(Duration::from_millis(30)).await;
        }
        // Each datagram crosses four links.
        world.run_for(secs(1) + 2 * world.lag()).await;
    };
    let mut came = world.captured(alice, sending).await;
    came.sort();
    came.dedup();
    came.iter().filter(|datagram| sent.contains(datagram)).count()
}

#[test]
fn a_fax_takes_the_place_of_the_voice_and_gives_it_back_to_either_side() {
    for (asker, ender) in [("alice", "alice"), ("alice", "bob"), ("bob", "alice"), ("bob", "bob")] {
        tell(21, Weather::CLEAR, &fax_allowed(), async |world: World| {
            let (alice, bob) = two_who_talk(&world).await;
            let named = |name| if name == "alice" { &alice } else { &bob };
            let other = if asker == "alice" { &bob } else { &alice };
            named(asker).fax().await;
            reoffered(&world, named(asker), 200).await;
            let asked = other.call().asked.concat();
            assert!(asked.contains("m=image ") && asked.contains("udptl t38"), "{asked}");
            assert!(asked.contains("a=T38FaxUdpEC:t38UDPRedundancy"), "{asked}");
            assert!(!asked.contains("m=audio"), "{asked}");
            assert_eq!(passed(&world, &alice).await, 20);
            assert!(!alice.hears() && !bob.hears(), "no voice beside the fax");
            named(ender).speak().await;
            reoffered(&world, named(ender), 200).await;
            world.run_until("they talk again", secs(35), |w| w.talking(&alice, &bob)).await;
            named(asker).fax().await;
            reoffered(&world, named(asker), 200).await;
            assert_eq!(passed(&world, &alice).await, 20, "and once more");
            alice.hang_up().await;
            world.assert_no_leaks().await;
        });
    }
}

#[test]
fn a_fax_finds_its_way_over_a_bad_link() {
    // 22: the wish for a fax crosses the end of the call's beginning, and comes again.
    let seeds: Vec<u64> = FEW.iter().copied().chain([22]).collect();
    tell_over_with(&seeds, &fax_allowed(), async |world: World| {
        let (alice, bob) = two_who_talk(&world).await;
        bob.fax().await;
        reoffered(&world, &bob, 200).await;
        let came = passed(&world, &alice).await;
        assert!(came > 5, "{came}: {}", world.account());
        alice.speak().await;
        reoffered(&world, &alice, 200).await;
        world.run_until("they talk again", secs(60), |w| w.talking(&alice, &bob)).await;
        bob.hang_up().await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn machines_that_ask_each_other_at_once_both_get_their_fax() {
    for seed in [4, 5, 6] {
        tell(seed, Weather::CLEAR, &fax_allowed(), async |world: World| {
            let (alice, bob) = two_who_talk(&world).await;
            alice.fax().await;
            bob.fax().await;
            reoffered(&world, &alice, 200).await;
            reoffered(&world, &bob, 200).await;
            assert_eq!(passed(&world, &alice).await, 20);
            bob.hang_up().await;
            world.assert_no_leaks().await;
        });
    }
}

#[test]
fn a_fax_that_is_refused_leaves_the_call_in_voice() {
    // Whose machine is missing, and whose endpoint may fax.
    let only_alice = {
        let mut configuration = Configuration::default();
        let begin = "\n[alice](phone)\n";
        configuration.pjsip =
            configuration.pjsip.replace(begin, &format!("{begin}t38_udptl = yes\n"));
        configuration
    };
    for (configuration, bob_has_one) in [(fax_allowed(), false), (only_alice, true)] {
        tell_everywhere(22, &configuration, async |world: World| {
            let alice = registered(&world, "alice", Line::Udp).await;
            let bob = registered(&world, "bob", Line::Udp).await;
            alice.will_fax().await;
            if bob_has_one {
                bob.will_fax().await;
            }
            talk(&world, &alice, &bob).await;
            alice.fax().await;
            reoffered(&world, &alice, 488).await;
            world.run_for(secs(2)).await;
            assert!(world.talking(&alice, &bob), "{}", world.account());
            alice.hang_up().await;
            world.assert_no_leaks().await;
        });
    }
}

#[test]
fn a_fax_is_refused_where_nobody_is_on_the_other_side() {
    tell_everywhere(23, &fax_allowed(), async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        alice.will_fax().await;
        alice.dial("600").await;
        world.run_until("alice hears herself", secs(9), |_| alice.is_talking()).await;
        alice.fax().await;
        reoffered(&world, &alice, 488).await;
        world.run_for(secs(1)).await;
        assert!(alice.is_talking());
        alice.hang_up().await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn garbage_and_strangers_do_not_get_through_a_fax() {
    tell(24, Weather::CLEAR, &fax_allowed(), async |world: World| {
        let (alice, bob) = two_who_talk(&world).await;
        alice.fax().await;
        reoffered(&world, &alice, 200).await;
        assert_eq!(passed(&world, &alice).await, 20);
        let noise: [&[u8]; 5] =
            [&[], &[0], &[0, 9, 0, 0, 0], &[0, 9, 200, 1, 2, 3], &[0x80, 0, 0xff, 1, 1, 1, 1, 1]];
        let sending = async {
            for bytes in noise {
                world.send_as(&alice, 0, bytes).await;
            }
            world.run_for(secs(1)).await;
        };
        let came = world.captured(&alice, sending).await;
        assert_eq!(came, Vec::<Vec<u8>>::new());
        assert_eq!(passed(&world, &alice).await, 20, "the fax goes on");
        assert_eq!(bob.state(), Some(CallState::Talking));
        bob.hang_up().await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn whoever_stays_after_a_fax_hears_a_voice_again() {
    let configuration = fax_allowed().with_extensions(
        "[internal]\nexten => stay,1,Dial(PJSIP/bob,20,g)\n same => n,Wait(5)\n\
         same => n,Set(GLOBAL(FAX)=${CHANNEL(pjsip,t38state)})\n same => n,Echo()\n",
    );
    tell(25, Weather::CLEAR, &configuration, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        alice.will_fax().await;
        bob.will_fax().await;
        bob.will(Manner::Answer(Duration::from_millis(300))).await;
        alice.dial("stay").await;
        world.run_until("they talk", secs(35), |w| w.talking(&alice, &bob)).await;
        alice.fax().await;
        reoffered(&world, &alice, 200).await;
        bob.hang_up().await;
        let told = |w: &World| w.exchange().global("FAX").is_some();
        world.run_until("the dialplan goes on", secs(20), told).await;
        assert_eq!(world.exchange().global("FAX").as_deref(), Some("DISABLED"));
        world.run_until("alice hears herself", secs(20), |_| alice.is_talking()).await;
        alice.hang_up().await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn the_size_of_datagrams_is_told_as_the_option_says() {
    let configuration = fax_allowed().with_option("t38_udptl_maxdatagram = 72");
    tell_everywhere(26, &configuration, async |world: World| {
        let (alice, bob) = two_who_talk(&world).await;
        alice.fax().await;
        reoffered(&world, &alice, 200).await;
        let asked = bob.call().asked.concat();
        assert!(asked.contains("a=T38FaxMaxDatagram:72\r\n"), "{asked}");
        bob.hang_up().await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn a_phone_that_dies_while_it_is_asked_for_a_fax_ends_the_call() {
    tell_everywhere(27, &fax_allowed(), async |world: World| {
        let (alice, bob) = two_who_talk(&world).await;
        bob.will(Manner::Ignore).await;
        world.cut(&bob);
        alice.fax().await;
        // RFC 3261 §12.2.1.2: an offer without any answer ends the dialog.
        world.run_until("the call is over", secs(60), |_| alice.is_over()).await;
        world.heal(&bob);
        bob.will(Manner::Ring).await;
        bob.hang_up().await;
        world.assert_no_leaks().await;
    });
}

/// All twenty come back, or those that four bad links leave.
async fn passes(world: &World, phone: &Phone) {
    let (came, least) = (passed(world, phone).await, if world.is_clear() { 20 } else { 5 });
    assert!(came >= least, "{came}: {}", world.account());
}

#[test]
fn a_fax_passes_after_a_transfer() {
    tell_everywhere(28, &fax_allowed(), async |world: World| {
        let (alice, bob) = two_who_talk(&world).await;
        let carol = registered(&world, "carol", Line::Udp).await;
        carol.will_fax().await;
        carol.will_repeat().await;
        carol.will(Manner::Answer(Duration::from_millis(300))).await;
        let carols = [("Refer-To", "<sip:carol@192.0.2.1>")];
        alice.ask(Saying::new("REFER", &carols)).await;
        world.run_until("alice is free", secs(60), |_| alice.is_over()).await;
        world.run_until("they talk", secs(35), |w| w.talking(&bob, &carol)).await;
        bob.fax().await;
        reoffered(&world, &bob, 200).await;
        passes(&world, &bob).await;
        carol.speak().await;
        reoffered(&world, &carol, 200).await;
        world.run_until("they talk again", secs(60), |w| w.talking(&bob, &carol)).await;
        bob.hang_up().await;
        world.assert_no_leaks().await;
    });
}

/// The channel leaves once both sides are answered; one that was told to stay passes the wish on,
/// and the datagrams.
#[test]
fn a_fax_passes_where_a_local_channel_was_and_where_one_stays() {
    let configuration = fax_allowed().with_extensions(
        "[internal]\nexten => gone,1,Dial(Local/bob@internal,20)\n\
         exten => stays,1,Dial(Local/bob@internal/n,20)\n\
         exten => twice,1,Dial(Local/stays@internal/n,20)\n",
    );
    for (number, asker) in [("gone", 0), ("stays", 0), ("stays", 1), ("twice", 1)] {
        tell_everywhere(29, &configuration, async |world: World| {
            let alice = registered(&world, "alice", Line::Udp).await;
            let bob = registered(&world, "bob", Line::Udp).await;
            for phone in [&alice, &bob] {
                phone.will_fax().await;
                phone.will_repeat().await;
            }
            bob.will(Manner::Answer(Duration::from_millis(300))).await;
            alice.dial(number).await;
            world.run_until("they talk", secs(35), |w| w.talking(&alice, &bob)).await;
            world.run_for(secs(2)).await;
            let (one, other) = if asker == 0 { (&alice, &bob) } else { (&bob, &alice) };
            one.fax().await;
            reoffered(&world, one, 200).await;
            passes(&world, one).await;
            other.speak().await;
            reoffered(&world, other, 200).await;
            world.run_until("they talk again", secs(60), |w| w.talking(&alice, &bob)).await;
            alice.hang_up().await;
            world.assert_no_leaks().await;
        });
    }
}

#[test]
fn a_fax_that_is_refused_behind_a_local_channel_leaves_the_call_in_voice() {
    let configuration = fax_allowed().with_extensions(
        "[internal]\nexten => stays,1,Dial(Local/bob@internal/n,20)\n\
         exten => echo,1,Dial(Local/600@internal/n,20)\n",
    );
    for number in ["stays", "echo"] {
        tell_everywhere(31, &configuration, async |world: World| {
            let alice = registered(&world, "alice", Line::Udp).await;
            let bob = registered(&world, "bob", Line::Udp).await;
            alice.will_fax().await;
            bob.will(Manner::Answer(Duration::from_millis(300))).await;
            alice.dial(number).await;
            world.run_until("alice talks", secs(35), |_| alice.is_talking()).await;
            world.run_for(secs(2)).await;
            alice.fax().await;
            reoffered(&world, &alice, 488).await;
            world.run_until("and goes on", secs(35), |_| alice.is_talking()).await;
            alice.hang_up().await;
            world.assert_no_leaks().await;
        });
    }
}

/// Whoever is called is offered the fax at once, also behind a Local channel, and the call is
/// answered as it answers. The voice comes later, if somebody wants it.
#[test]
fn a_call_may_begin_with_a_fax() {
    let configuration = fax_allowed().with_extensions(
        "[internal]\nexten => gone,1,Dial(Local/bob@internal,20)\n\
         exten => stays,1,Dial(Local/bob@internal/n,20)\n",
    );
    for number in ["bob", "gone", "stays"] {
        tell_everywhere(32, &configuration, async |world: World| {
            let alice = registered(&world, "alice", Line::Udp).await;
            let bob = registered(&world, "bob", Line::Udp).await;
            for phone in [&alice, &bob] {
                phone.will_fax().await;
                phone.will_repeat().await;
            }
            bob.will(Manner::Answer(Duration::from_millis(300))).await;
            alice.dial_with(number, Offer::Fax).await;
            let up = |phone: &Phone| phone.state() == Some(CallState::Talking);
            world.run_until("it is answered", secs(35), |_| up(&alice) && up(&bob)).await;
            assert!(bob.call().invite.contains("udptl t38"), "{}", bob.call().invite);
            assert!(!bob.call().invite.contains("m=audio"), "{}", bob.call().invite);
            world.run_for(secs(2)).await;
            passes(&world, &alice).await;
            bob.speak().await;
            reoffered(&world, &bob, 200).await;
            world.run_until("they talk", secs(60), |w| w.talking(&alice, &bob)).await;
            alice.hang_up().await;
            world.assert_no_leaks().await;
        });
    }
}

/// Before the call is answered nobody has heard anything: it is refused as a whole, and the phone
/// of one who may not have a fax does not even ring.
#[test]
fn a_call_that_begins_with_a_fax_is_refused_where_nobody_takes_it() {
    let configuration = fax_allowed().with_carriers().with_extensions(
        "[internal]\nexten => plays,1,Playback(hello)\n\
         exten => local,1,Dial(Local/600@internal/n,20)\n\
         exten => carol,1,Dial(PJSIP/carol,20)\n",
    );
    let carol = "\n[carol](phone)\n";
    let pjsip = configuration.pjsip.replace(carol, &format!("{carol}t38_udptl = no\n"));
    let configuration = Configuration { pjsip, ..configuration };
    for number in ["600", "plays", "local", "carol", "bob"] {
        tell_everywhere(30, &configuration, async |world: World| {
            let bob = registered(&world, "bob", Line::Udp).await;
            let carol = registered(&world, "carol", Line::Udp).await;
            bob.will(Manner::Answer(Duration::from_millis(300))).await;
            carol.will(Manner::Answer(Duration::from_millis(300))).await;
            let offer = "v=0\r\no=- 1 1 IN IP4 198.51.100.2\r\ns=-\r\nc=IN IP4 198.51.100.2\r\n\
                         t=0 0\r\nm=image 7000 udptl t38\r\na=T38FaxVersion:0\r\n";
            let mut call = Script::call(&world, "carrier", number, "", offer).await;
            let refusal = call.hears(488, "INVITE").await;
            assert!(refusal.contains("takes a fax"), "{refusal}");
            call.say("ACK", 1, "", "").await;
            assert_eq!(carol.calls().len(), 0);
            world.assert_no_leaks().await;
        });
    }
}

#[test]
fn a_caller_that_may_not_have_a_fax_is_refused_at_once() {
    let configuration = Configuration::default().with_carriers();
    tell_everywhere(33, &configuration, async |world: World| {
        let bob = registered(&world, "bob", Line::Udp).await;
        let offer = "v=0\r\no=- 1 1 IN IP4 198.51.100.2\r\ns=-\r\nc=IN IP4 198.51.100.2\r\n\
                     t=0 0\r\nm=image 7000 udptl t38\r\n";
        let mut call = Script::call(&world, "carrier", "bob", "", offer).await;
        let refusal = call.hears(488, "INVITE").await;
        assert!(refusal.contains("t38_udptl=yes"), "{refusal}");
        call.say("ACK", 1, "", "").await;
        assert_eq!(bob.calls().len(), 0);
        world.assert_no_leaks().await;
    });
}

/// The phone that asked thought better of it while the other machine was being asked.
#[test]
fn a_fax_that_is_cancelled_while_the_other_side_is_asked_leaves_both_in_voice() {
    let configuration = fax_allowed().with_carriers();
    tell(34, Weather::CLEAR, &configuration, async |world: World| {
        let bob = registered(&world, "bob", Line::Udp).await;
        bob.will_fax().await;
        bob.will(Manner::Answer(Duration::from_millis(300))).await;
        let ip = "198.51.100.2";
        let voice = sidetone_sim::script::sdp(ip, 7_000);
        let mut call = Script::call(&world, "carrier", "bob", "", &voice).await;
        call.hears(200, "INVITE").await;
        call.say("ACK", 1, "", "").await;
        world.run_for(secs(1)).await;
        let fax = format!(
            "v=0\r\no=- 1 2 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\n\
             m=image 7000 udptl t38\r\na=T38FaxVersion:0\r\n"
        );
        call.say("INVITE", 2, "", &fax).await;
        call.cancels(2).await;
        call.hears(487, "INVITE").await;
        call.say("ACK", 2, "", "").await;
        let in_voice_again = |_: &World| {
            let asked = bob.call().asked;
            let place = |word: &str| asked.iter().rposition(|text| text.contains(word));
            place("m=image").is_some() && place("m=audio") > place("m=image")
        };
        world.run_until("bob is asked for his voice again", secs(9), in_voice_again).await;
        call.attend(secs(1)).await;
        bob.hang_up().await;
        let bye = call.asked("BYE").await;
        call.answers(&bye, "200 OK", "", "").await;
        world.assert_no_leaks().await;
    });
}
