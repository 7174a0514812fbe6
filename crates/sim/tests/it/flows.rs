//! The call flows of RFC 3665, RFC 5359 and RFC 3725 that an exchange takes part in, by section,
//! each on links that lose, double, delay and reorder what they carry. Transfers (RFC 5359 §2.4,
//! §2.5) are in `referrals`, registrations (RFC 3665 §2) in `registrations`, the other services of
//! RFC 5359 in `services`, call park (§2.15) in `parking`.

use std::time::Duration;

use sidetone_sim::registrar::header;
use sidetone_sim::script::{body, sdp};
use sidetone_sim::{
    CallState, Configuration, Line, Manner, Offer, Phone, Script, Weather, World, secs,
};

use super::{FEW, registered, tell, tell_everywhere, tell_on_links};

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

/// The caller's phone shows this status, and the cause that goes with it.
fn refused(caller: &Phone, status: u16, cause: u8) {
    assert_eq!(caller.state(), Some(CallState::Over(status)));
    let (reasons, cause) = (caller.call().reasons, format!("Q.850;cause={cause};"));
    assert!(reasons.iter().any(|reason| reason.starts_with(&cause)), "{reasons:?}");
}

async fn over(world: &World, phone: &Phone, status: u16) {
    world.run_until("the call is over", secs(60), |_| phone.is_over()).await;
    assert_eq!(phone.state(), Some(CallState::Over(status)), "{}", world.account());
}

#[test]
fn rfc_3665_3_1_successful_session_establishment() {
    tell_on_links(&Configuration::default(), FEW, async |world: World| {
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
    tell_on_links(&configuration, FEW, async |world: World| {
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

/// The first proxy is dead: the dialplan goes to the next after a while.
#[test]
fn rfc_3665_3_4_session_with_proxy_failure() {
    let configuration = Configuration::default().with_carriers().with_extensions(
        "exten => 34,1,Dial(PJSIP/carrier,4)\n\
         \x20same => n,Set(GLOBAL(OUTCOME)=${DIALSTATUS})\n\
         \x20same => n,Dial(PJSIP/bob,20)\n",
    );
    tell_on_links(&configuration, FEW, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        // The second host, which the carrier's contact names, does not know SIP.
        let _dead = world.stranger().await;
        let bob = registered(&world, "bob", Line::Udp).await;
        bob.will(Manner::Answer(secs(1))).await;
        alice.dial("34").await;
        world.run_until("they talk", secs(60), |w| w.talking(&alice, &bob)).await;
        assert_eq!(world.outcome(), "NOANSWER");
        bob.hang_up().await;
        over(&world, &alice, 200).await;
        world.assert_no_leaks().await;
    });
}

/// The gateway of the flow is the exchange itself: what either side learns of addresses, in SIP
/// and SDP, is the gateway's own.
#[test]
fn rfc_3665_3_5_session_through_an_application_layer_gateway() {
    tell_on_links(&Configuration::default(), FEW, async |world: World| {
        let (alice, bob) = two(&world).await;
        bob.will(Manner::Answer(secs(1))).await;
        alice.dial("bob").await;
        world.run_until("they talk", secs(35), |w| w.talking(&alice, &bob)).await;
        let (inside, outside) = (alice.ip().to_string(), bob.ip().to_string());
        let invite = bob.call().invite;
        assert!(invite.contains("c=IN IP4 192.0.2.1\r\n") && !invite.contains(&inside), "{invite}");
        let answer = alice.call().answers.pop().unwrap_or_default();
        let own: Vec<&str> = answer.lines().filter(|line| !line.starts_with("Via:")).collect();
        assert!(answer.contains("c=IN IP4 192.0.2.1\r\n"), "{answer}");
        assert!(!own.iter().any(|line| line.contains(&outside)), "{answer}");
        alice.hang_up().await;
        over(&world, &bob, 200).await;
        world.assert_no_leaks().await;
    });
}

/// Two proxies stand between the caller and the exchange and stay on the way: answers go back
/// through both, and so does what the exchange asks later.
#[test]
fn rfc_3665_3_2_session_establishment_through_two_proxies() {
    let configuration = Configuration::default()
        .with_carriers()
        .with_extensions("exten => 32,1,Answer()\n same => n,Wait(2)\n same => n,Hangup()\n");
    tell_everywhere(1, &configuration, async |world: World| {
        let way = "Via: SIP/2.0/TCP ss1.atlanta.example.com:5060;branch=z9hG4bK2d4790.1\r\n\
                   Via: SIP/2.0/TCP client.atlanta.example.com:5060;branch=z9hG4bK74b43\r\n\
                   Record-Route: <sip:198.51.100.1;lr>, <sip:ss1.atlanta.example.com;lr>\r\n";
        let offer = sdp("198.51.100.1", 7000);
        let mut proxy = Script::call(&world, "carrier", "32", way, &offer).await;
        let answer = proxy.hears(200, "INVITE").await;
        let lines = |name: &str| -> Vec<String> {
            let of_name = answer.lines().filter_map(|line| line.strip_prefix(name));
            of_name.map(str::to_owned).collect()
        };
        let vias = lines("Via: ");
        assert_eq!(vias.len(), 3, "{answer}");
        assert!(vias[1].contains("ss1.") && vias[2].contains("client."), "{answer}");
        let routes = lines("Record-Route: ").join(", ");
        assert_eq!(routes, "<sip:198.51.100.1;lr>, <sip:ss1.atlanta.example.com;lr>");
        proxy.say("ACK", 1, "", "").await;
        let bye = proxy.asked("BYE").await;
        assert!(bye.starts_with("BYE sip:carrier@198.51.100.1:5060 SIP/2.0\r\n"), "{bye}");
        let routes = bye.lines().filter_map(|line| line.strip_prefix("Route: "));
        let routes = routes.collect::<Vec<_>>().join(", ");
        assert_eq!(routes, "<sip:198.51.100.1;lr>, <sip:ss1.atlanta.example.com;lr>");
        assert_eq!(header(&bye, "Max-Forwards"), "70");
        proxy.answers(&bye, "200 OK", "", "").await;
        world.assert_no_leaks().await;
    });
}

/// The caller is redirected and begins anew, without an offer: its answer comes in the ACK.
#[test]
fn rfc_3665_3_6_session_via_redirect_with_the_description_in_ack() {
    let plan = "exten => 36,1,Transfer(bob)\n same => n,Set(GLOBAL(HOW)=${TRANSFERSTATUS})";
    let configuration = Configuration::default().with_extensions(plan);
    tell_on_links(&configuration, FEW, async |world: World| {
        let (alice, bob) = two(&world).await;
        bob.will(Manner::Answer(secs(1))).await;
        alice.dial_with("36", Offer::Nothing).await;
        over(&world, &alice, 302).await;
        let moved = alice.call().answers.pop().unwrap_or_default();
        let contact = moved.lines().find_map(|line| line.strip_prefix("Contact: <sip:"));
        let user = contact.and_then(|contact| contact.split('@').next()).unwrap_or_default();
        alice.dial_with(user, Offer::Nothing).await;
        world.run_until("they talk", secs(35), |w| w.talking(&alice, &bob)).await;
        alice.hang_up().await;
        over(&world, &bob, 200).await;
        world.assert_no_leaks().await;
    });
}

/// The address of the caller changes, and her re-INVITE names the new one for media.
#[test]
fn rfc_3665_3_7_session_with_re_invite_for_a_new_address() {
    // In 12 her phone begins its stream again with numbers a little lower than before.
    tell_on_links(&Configuration::default(), &[1, 2, 12], async |world: World| {
        let (alice, bob) = talking(&world).await;
        let before = alice.ip();
        world.roam(&alice).await;
        assert_ne!(alice.ip(), before);
        let done = |_: &World| alice.call().reoffer_status == Some(200);
        world.run_until("the offer is answered", secs(35), done).await;
        world.run_for(secs(2)).await;
        assert!(world.talking(&alice, &bob), "{}", world.account());
        alice.hang_up().await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn rfc_3665_3_8_unsuccessful_no_answer() {
    tell_on_links(&Configuration::default(), FEW, async |world: World| {
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
    tell_on_links(&Configuration::default(), FEW, async |world: World| {
        let (alice, bob) = two(&world).await;
        bob.will(Manner::Refuse(486)).await;
        alice.dial("bob").await;
        world.run_until("it is over", secs(35), |_| alice.is_over()).await;
        world.assert_no_leaks().await;
        assert_eq!(world.outcome(), "BUSY");
        refused(&alice, 486, 17);
    });
}

#[test]
fn rfc_3665_3_10_unsuccessful_no_response() {
    tell_on_links(&Configuration::default(), FEW, async |world: World| {
        let (alice, bob) = two(&world).await;
        bob.will(Manner::Ignore).await;
        alice.dial("bob").await;
        world.run_until("it is over", secs(60), |_| alice.is_over()).await;
        world.assert_no_leaks().await;
        assert_eq!(world.outcome(), "NOANSWER");
        refused(&alice, 480, 19);
    });
}

#[test]
fn rfc_3665_3_11_unsuccessful_temporarily_unavailable() {
    tell_on_links(&Configuration::default(), FEW, async |world: World| {
        let (alice, bob) = two(&world).await;
        bob.will(Manner::Refuse(480)).await;
        alice.dial("bob").await;
        world.run_until("it is over", secs(35), |_| alice.is_over()).await;
        world.assert_no_leaks().await;
        assert_eq!(world.outcome(), "NOANSWER");
        refused(&alice, 480, 19);
    });
}

#[test]
fn rfc_5359_2_1_call_hold() {
    tell_on_links(&Configuration::default(), FEW, async |world: World| {
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
    tell_on_links(&Configuration::default(), FEW, async |world: World| {
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
        tell_on_links(&configuration, FEW, async |world: World| {
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

#[test]
fn rfc_5359_2_12_find_me() {
    let mut configuration = Configuration::default();
    configuration.extensions += "\nexten => 212,1,Dial(PJSIP/bob&PJSIP/carol,30)\n";
    tell_on_links(&configuration, FEW, async |world: World| {
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

/// Flow I: a controller calls without an offer and gives the answer in ACK; to the exchange both
/// of its calls look so.
#[test]
fn rfc_3725_4_1_third_party_call_control_flow_i() {
    tell_on_links(&Configuration::default(), FEW, async |world: World| {
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

/// How a controller keeps its first party waiting for the description of the second.
#[derive(Clone, Copy, Debug)]
enum Waits {
    /// An offer whose address is a black hole.
    BlackHole,
    /// No offer, and a black hole in ACK.
    BlackHoleInAck,
    /// An offer of no stream.
    NoMedia,
}

/// Flows II to IV: the controller calls the echo and keeps it waiting, calls bob without an
/// offer, gives bob's offer to the echo and the echo's answer to bob. Bob hears himself: his
/// voice goes out of one call and comes in at the other.
fn third_party(waits: Waits) {
    let configuration = Configuration::default().with_carriers();
    tell_everywhere(1, &configuration, async |world: World| {
        let hole = sdp("0.0.0.0", 7000);
        let first = match waits {
            Waits::BlackHole => hole.as_str(),
            Waits::BlackHoleInAck => "",
            Waits::NoMedia => without_media(&hole),
        };
        let mut echo = Script::call(&world, "carrier", "600", "", first).await;
        let answer = echo.hears(200, "INVITE").await;
        let has_stream = body(&answer).contains("m=audio ");
        assert_eq!(has_stream, !matches!(waits, Waits::NoMedia), "{answer}");
        let in_ack = if first.is_empty() { hole.as_str() } else { "" };
        echo.say("ACK", 1, "", in_ack).await;
        // Long enough that an ACK which got lost has come once more.
        echo.attend(secs(5)).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        bob.will(Manner::Answer(secs(1))).await;
        let mut called = Script::call(&world, "carrier", "bob", "", "").await;
        let offer = called.hears(200, "INVITE").await;
        echo.say("INVITE", 2, "", body(&offer)).await;
        let answer = echo.hears(200, "INVITE").await;
        echo.say("ACK", 2, "", "").await;
        called.say("ACK", 1, "", body(&answer)).await;
        for _ in 0..40 {
            echo.attend(Duration::from_millis(100)).await;
            called.attend(Duration::from_millis(100)).await;
        }
        assert!(bob.is_talking(), "{}", world.account());
        echo.ends(3).await;
        called.ends(2).await;
        over(&world, &bob, 200).await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn rfc_3725_4_2_third_party_call_control_flow_ii() {
    third_party(Waits::BlackHole);
}

#[test]
fn rfc_3725_4_3_third_party_call_control_flow_iii() {
    third_party(Waits::BlackHoleInAck);
}

#[test]
fn rfc_3725_4_4_third_party_call_control_flow_iv() {
    third_party(Waits::NoMedia);
}

/// An offer of no stream (RFC 3264 §5).
fn without_media(sdp: &str) -> &str {
    sdp.split("m=").next().unwrap_or_default()
}

#[test]
fn a_call_without_media_may_be_dialled_on_and_gets_its_media_later() {
    let configuration = Configuration::default().with_carriers();
    tell_everywhere(1, &configuration, async |world: World| {
        let bob = registered(&world, "bob", Line::Udp).await;
        bob.will(Manner::Answer(secs(1))).await;
        let hole = sdp("0.0.0.0", 7000);
        let mut call = Script::call(&world, "carrier", "bob", "", without_media(&hole)).await;
        let answer = call.hears(200, "INVITE").await;
        assert!(!body(&answer).contains("m="), "{answer}");
        call.say("ACK", 1, "", "").await;
        call.say("INVITE", 2, "", &hole).await;
        let answer = call.hears(200, "INVITE").await;
        assert!(body(&answer).contains("m=audio "), "{answer}");
        call.say("ACK", 2, "", "").await;
        assert_eq!(bob.state(), Some(CallState::Talking), "{}", world.account());
        call.ends(3).await;
        over(&world, &bob, 200).await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn a_call_that_never_gets_any_media_ends() {
    let configuration = Configuration::default().with_carriers();
    tell(1, Weather::CLEAR, &configuration, async |world: World| {
        let hole = sdp("0.0.0.0", 7000);
        let mut call = Script::call(&world, "carrier", "600", "", without_media(&hole)).await;
        call.hears(200, "INVITE").await;
        call.say("ACK", 1, "", "").await;
        world.run_for(secs(178)).await;
        assert_eq!(world.exchange().live().count(), 1, "three minutes is how long one may ring");
        let bye = call.asked("BYE").await;
        assert!(header(&bye, "Reason").contains("cause=88"), "{bye}");
        call.answers(&bye, "200 OK", "", "").await;
        world.assert_no_leaks().await;
    });
}

/// What holds for the body of the first INVITE holds for every offer after it (RFC 3261 §14.2,
/// RFC 5621, RFC 3312), and the call goes on as it was.
#[test]
fn an_offer_inside_a_call_is_judged_like_that_of_its_invite() {
    let configuration = Configuration::default().with_carriers();
    tell(1, Weather::CLEAR, &configuration, async |world: World| {
        let offer = sdp("198.51.100.1", 7000);
        let mut call = Script::call(&world, "carrier", "600", "", &offer).await;
        call.hears(200, "INVITE").await;
        call.say("ACK", 1, "", "").await;
        let mandatory = format!("{offer}a=des:qos mandatory local sendrecv\r\n");
        let parts = format!(
            "--x\r\nContent-Type: application/isup\r\n\r\n12\r\n--x\r\n\
             Content-Type: application/sdp\r\n\r\n{offer}\r\n--x--\r\n"
        );
        let plain = "Content-Type: text/plain\r\n";
        let ignored = "Content-Type: text/plain\r\nContent-Disposition: x;handling=optional\r\n";
        let several = "Content-Type: multipart/mixed;boundary=x\r\n";
        let sip = "Content-Type: application/sdp\r\n";
        for (number, (kind, body, status)) in [
            (plain, "hello", 415),
            (sip, mandatory.as_str(), 580),
            (several, parts.as_str(), 200),
            (ignored, "hello", 200),
        ]
        .into_iter()
        .enumerate()
        {
            let cseq = u32::try_from(number).expect("few") + 2;
            call.say_as("INVITE", cseq, kind, body).await;
            let answer = call.hears(status, "INVITE").await;
            assert_eq!(status == 415, !header(&answer, "Accept").is_empty(), "{answer}");
            assert_eq!(status == 200, body_has_audio(&answer), "{answer}");
            let in_ack = if kind == ignored { offer.as_str() } else { "" };
            call.say("ACK", cseq, "", in_ack).await;
        }
        assert_eq!(world.exchange().live().count(), 1, "the call goes on");
        call.ends(9).await;
        world.assert_no_leaks().await;
    });
}

fn body_has_audio(message: &str) -> bool {
    body(message).contains("m=audio ")
}
