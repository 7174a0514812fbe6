//! The services of RFC 5359 that are not the talk of two: music on hold, conferences, screening,
//! redial, click to dial. The simpler ones are in `flows`, transfers in `referrals`.

use sidetone_sim::script::sdp;
use sidetone_sim::{CallState, Configuration, Line, Manner, Phone, Saying, Script, World, secs};

use super::{FEW, registered, tell_everywhere, tell_on_links};

async fn three(world: &World) -> (Phone, Phone, Phone) {
    let alice = registered(world, "alice", Line::Udp).await;
    let bob = registered(world, "bob", Line::Udp).await;
    let carol = registered(world, "carol", Line::Tcp).await;
    (alice, bob, carol)
}

async fn call(world: &World, caller: &Phone, called: &Phone) {
    called.will(Manner::Answer(secs(1))).await;
    caller.dial(called.name()).await;
    world.run_until("they talk", secs(35), |w| w.talking(caller, called)).await;
}

/// Who is held hears music from the exchange, not from a server that the phone would have to name.
#[test]
fn rfc_5359_2_3_music_on_hold() {
    tell_on_links(&Configuration::default(), FEW, async |world: World| {
        let (alice, bob, _) = three(&world).await;
        call(&world, &alice, &bob).await;
        alice.hold().await;
        let held = |_: &World| alice.call().reoffer_status == Some(200) && !alice.hears();
        world.run_until("bob is held", secs(35), held).await;
        world.run_for(world.lag()).await;
        let music = world.listen(&bob, secs(2)).await;
        assert!(!music.is_silent() && !music.is_tone(alice.voice()), "{}", world.account());
        alice.resume().await;
        world.run_until("they talk again", secs(35), |w| w.talking(&alice, &bob)).await;
        bob.hang_up().await;
        world.assert_no_leaks().await;
    });
}

/// Those who have written to each other go over to talking: the exchange hands on the words, and
/// a REFER that asks somebody outside any call to make one is no business of an exchange.
#[test]
fn rfc_5359_2_6_transfer_instant_messaging() {
    let plan = "exten => _write-[a-z].,1,MessageSend(pjsip:${EXTEN:6})\n";
    let configuration = Configuration::default().with_extensions(plan);
    tell_on_links(&configuration, FEW, async |world: World| {
        let (alice, bob, _) = three(&world).await;
        let text = |words: &str| Saying::new("MESSAGE", &[]).with_body("text/plain", words);
        alice.send("write-bob", text("May I call you?")).await;
        world.run_until("bob reads it", secs(35), |_| !bob.received().is_empty()).await;
        bob.send("write-alice", text("Please do.")).await;
        world.run_until("alice reads it", secs(35), |_| !alice.received().is_empty()).await;
        assert!(alice.received()[0].ends_with("\r\n\r\nPlease do."));
        let refer = [("Refer-To", "<sip:bob@192.0.2.1>"), ("Referred-By", "<sip:bob@192.0.2.1>")];
        bob.send("alice", Saying::new("REFER", &refer)).await;
        world.run_until("bob is told no", secs(35), |_| bob.answers().len() == 2).await;
        assert!(bob.answers()[1].starts_with("SIP/2.0 405 "), "{:?}", bob.answers());
        call(&world, &alice, &bob).await;
        alice.hang_up().await;
        world.assert_no_leaks().await;
    });
}

/// One phone joins two calls; to the exchange they are two that both go on.
#[test]
fn rfc_5359_2_10_conference_to_which_a_third_is_added() {
    tell_on_links(&Configuration::default(), FEW, async |world: World| {
        let (alice, bob, carol) = three(&world).await;
        call(&world, &alice, &bob).await;
        alice.hold().await;
        let held = |_: &World| alice.call().reoffer_status == Some(200);
        world.run_until("bob is held", secs(35), held).await;
        call(&world, &alice, &carol).await;
        alice.resume_all().await;
        let back = |_: &World| alice.calls()[0].reoffer_status == Some(200);
        world.run_until("bob is back", secs(35), back).await;
        world.run_for(secs(1) + world.lag()).await;
        for phone in [&bob, &carol] {
            let sound = world.listen(phone, secs(1)).await;
            assert!(sound.share_of(alice.voice()) > 0.25, "{}", world.account());
        }
        carol.hang_up().await;
        world.run_until("carol has left", secs(35), |_| carol.is_over()).await;
        assert_eq!(bob.state(), Some(CallState::Talking));
        alice.hang_up_all().await;
        world.assert_no_leaks().await;
    });
}

/// Join (RFC 3911) is not spoken: who requires it hears so at once, and who only would like it
/// is in a call of its own.
#[test]
fn rfc_5359_2_11_conference_that_a_third_wants_to_join() {
    let configuration = Configuration::default().with_carriers();
    tell_everywhere(1, &configuration, async |world: World| {
        let (alice, bob, _) = three(&world).await;
        call(&world, &alice, &bob).await;
        let offer = sdp("198.51.100.1", 7000);
        let join = "Join: 12345600@atlanta;from-tag=1234567;to-tag=23431\r\n";
        let required = format!("{join}Require: join\r\n");
        let mut carol = Script::call(&world, "carrier", "600", &required, &offer).await;
        let refused = carol.hears(420, "INVITE").await;
        assert!(refused.contains("Unsupported: join\r\n"), "{refused}");
        carol.say("ACK", 1, "", "").await;
        let supported = format!("{join}Supported: join\r\n");
        let mut carol = Script::call(&world, "carrier", "600", &supported, &offer).await;
        carol.hears(200, "INVITE").await;
        carol.say("ACK", 1, "", "").await;
        carol.ends(2).await;
        assert!(world.talking(&alice, &bob), "{}", world.account());
        alice.hang_up().await;
        world.assert_no_leaks().await;
    });
}

const SCREENING: &str = "
exten => 213,1,GotoIf($[\"${CALLERID(num)}\" = \"alice\"]?no)
 same => n,Dial(PJSIP/bob,20)
 same => n(no),PJSIPHangup(403)
exten => _0900X.,1,PJSIPHangup(403)
exten => _0800X.,1,Dial(PJSIP/bob,20)
";

/// Somebody does not want to be called by everybody.
#[test]
fn rfc_5359_2_13_incoming_call_screening() {
    let configuration = Configuration::default().with_extensions(SCREENING);
    tell_on_links(&configuration, FEW, async |world: World| {
        let (alice, bob, carol) = three(&world).await;
        bob.will(Manner::Answer(secs(1))).await;
        alice.dial("213").await;
        world.run_until("alice is refused", secs(35), |_| alice.is_over()).await;
        assert_eq!(alice.state(), Some(CallState::Over(403)));
        assert!(bob.calls().is_empty(), "bob never hears of it");
        carol.dial("213").await;
        world.run_until("they talk", secs(35), |w| w.talking(&carol, &bob)).await;
        carol.hang_up().await;
        world.assert_no_leaks().await;
    });
}

/// Some numbers may not be called.
#[test]
fn rfc_5359_2_14_outgoing_call_screening() {
    let configuration = Configuration::default().with_extensions(SCREENING);
    tell_on_links(&configuration, FEW, async |world: World| {
        let (alice, bob, _) = three(&world).await;
        bob.will(Manner::Answer(secs(1))).await;
        alice.dial("0900123").await;
        world.run_until("alice is refused", secs(35), |_| alice.is_over()).await;
        assert_eq!(alice.state(), Some(CallState::Over(403)));
        alice.dial("0800123").await;
        world.run_until("they talk", secs(35), |w| w.talking(&alice, &bob)).await;
        alice.hang_up().await;
        world.assert_no_leaks().await;
    });
}

/// The phone cannot watch the busy one's calls (there are no subscriptions yet, and it is told so
/// at once); the exchange calls again for it.
#[test]
fn rfc_5359_2_17_automatic_redial() {
    let plan = "exten => 217,1,RetryDial(,2,8,PJSIP/bob,10)\n";
    let configuration = Configuration::default().with_extensions(plan);
    tell_on_links(&configuration, FEW, async |world: World| {
        let (alice, bob, _) = three(&world).await;
        let watch = Saying::new("SUBSCRIBE", &[("Event", "dialog"), ("Expires", "600")]);
        alice.send("bob", watch).await;
        world.run_until("alice is told no", secs(35), |_| !alice.answers().is_empty()).await;
        assert!(alice.answers()[0].starts_with("SIP/2.0 405 "), "{:?}", alice.answers());
        bob.will(Manner::Refuse(486)).await;
        alice.dial("217").await;
        world.run_until("bob was busy", secs(35), |_| bob.is_over()).await;
        bob.will(Manner::Answer(secs(1))).await;
        world.run_until("they talk", secs(35), |w| w.talking(&alice, &bob)).await;
        bob.hang_up().await;
        world.assert_no_leaks().await;
    });
}

/// A page asks for a call between two; the exchange rings the one and, when it answers, the other.
#[test]
fn rfc_5359_2_18_click_to_dial() {
    let plan = "exten => 218,1,Originate(PJSIP/alice,exten,internal,bob,1,20)\n";
    let configuration = Configuration::default().with_extensions(plan);
    tell_on_links(&configuration, FEW, async |world: World| {
        let (alice, bob, page) = three(&world).await;
        bob.will(Manner::Answer(secs(1))).await;
        page.dial("218").await;
        world.run_until("alice rings", secs(35), |_| alice.is_alerted()).await;
        assert!(bob.calls().is_empty(), "bob's turn comes when alice is there");
        alice.answer().await;
        world.run_until("they talk", secs(35), |w| w.talking(&alice, &bob)).await;
        bob.hang_up().await;
        world.assert_no_leaks().await;
    });
}
