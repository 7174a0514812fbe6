//! Offers and answers before the call is answered (RFC 3262 §5): in a reliable 183, in PRACK and
//! in its 200. No phone of this world does so by itself; the first stranger plays one that does.

use sidetone_sim::registrar::header;
use sidetone_sim::script::{body, sdp};
use sidetone_sim::{Configuration, Script, World, secs};

use super::tell_everywhere;

const IP: &str = "198.51.100.1";
const SUPPORTED: &str = "Supported: 100rel\r\n";

fn configuration() -> Configuration {
    let configuration = Configuration::default().with_carriers();
    configuration.with_extensions(
        "exten => early,1,Progress()\n same => n,Playback(tone-700-2000,noanswer)\n\
         \x20same => n,Answer()\n same => n,Echo()\n\
         exten => late,1,Progress()\n same => n,Wait(1)\n same => n,Answer()\n same => n,Echo()\n\
         exten => passed,1,Dial(PJSIP/carrier,20)",
    )
}

async fn acknowledges(call: &mut Script, response: &str, cseq: u32, body: &str) {
    let rack = format!("RAck: {} 1 INVITE\r\n", header(response, "RSeq"));
    call.say("PRACK", cseq, &rack, body).await;
}

#[test]
fn an_invite_without_offer_gets_one_in_a_reliable_183_and_answers_in_prack() {
    tell_everywhere(1, &configuration(), async |world: World| {
        let mut call = Script::call(&world, "carrier", "early", SUPPORTED, "").await;
        let early = call.hears(183, "INVITE").await;
        assert_eq!(header(&early, "Require"), "100rel", "{early}");
        assert!(body(&early).contains("m=audio "), "{early}");
        let media = (call.ip(), 7000).into();
        assert_eq!(world.strays_at(media), 0);
        acknowledges(&mut call, &early, 2, &sdp(IP, 7000)).await;
        let pracked = call.hears(200, "PRACK").await;
        assert_eq!(body(&pracked), "");
        world.run_for(secs(1)).await;
        assert!(world.strays_at(media) > 20, "the prompt is heard before the answer");
        let answer = call.hears(200, "INVITE").await;
        assert_eq!(body(&answer), "", "it would be another offer: {answer}");
        call.say("ACK", 1, "", "").await;
        world.run_for(secs(1)).await;
        call.ends(3).await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn a_prack_without_the_answer_ends_the_call() {
    for said in ["", "v=0\r\nnonsense"] {
        tell_everywhere(1, &configuration(), async |world: World| {
            let mut call = Script::call(&world, "carrier", "early", SUPPORTED, "").await;
            let early = call.hears(183, "INVITE").await;
            acknowledges(&mut call, &early, 2, said).await;
            call.hears(200, "PRACK").await;
            call.hears(488, "INVITE").await;
            call.say("ACK", 1, "", "").await;
            world.assert_no_leaks().await;
        });
    }
}

#[test]
fn an_offer_in_prack_is_answered_in_its_200_before_the_call_is() {
    tell_everywhere(1, &configuration(), async |world: World| {
        for (to, offer, agreed) in [("late", sdp(IP, 7002), true), ("late", sdp(IP, 7004), false)] {
            // One that cannot be agreed to is refused, and what was agreed stands.
            let offer = if agreed { offer } else { offer.replace("RTP/AVP 0", "RTP/AVP 18") };
            let mut call = Script::call(&world, "carrier", to, SUPPORTED, &sdp(IP, 7000)).await;
            let early = call.hears(183, "INVITE").await;
            assert!(body(&early).contains("m=audio "), "{early}");
            acknowledges(&mut call, &early, 2, &offer).await;
            let status = if agreed { 200 } else { 488 };
            let pracked = call.hears(status, "PRACK").await;
            assert_eq!(body(&pracked).contains("m=audio "), agreed, "{pracked}");
            call.hears(200, "INVITE").await;
            call.say("ACK", 1, "", "").await;
            world.run_for(secs(1)).await;
            call.ends(3).await;
            world.assert_no_leaks().await;
        }
    });
}

/// Both sides of a bridge: the callee's early answer is acknowledged, the caller hears of it in a
/// reliable 183 of its own, and offers something else in PRACK.
#[test]
fn early_media_is_agreed_on_both_sides_of_a_bridge_and_changed_by_prack() {
    tell_everywhere(1, &configuration(), async |world: World| {
        let mut caller = Script::call(&world, "carrier", "passed", SUPPORTED, &sdp(IP, 7000)).await;
        let mut callee = Script::waits(&world, "carrier").await;
        let invite = callee.asked("INVITE").await;
        assert!(header(&invite, "Supported").contains("100rel"), "{invite}");
        let reliable = "Require: 100rel\r\nRSeq: 5\r\n";
        let there = sdp("198.51.100.2", 7100);
        callee.answers(&invite, "183 Session Progress", reliable, &there).await;
        let prack = callee.asked("PRACK").await;
        assert_eq!(header(&prack, "RAck").split(' ').next(), Some("5"));
        callee.answers(&prack, "200 OK", "", "").await;
        let early = caller.hears(183, "INVITE").await;
        assert!(body(&early).contains("m=audio "), "{early}");
        acknowledges(&mut caller, &early, 2, &sdp(IP, 7002)).await;
        let pracked = caller.hears(200, "PRACK").await;
        assert!(body(&pracked).contains("m=audio "), "{pracked}");
        callee.answers(&invite, "200 OK", "", &there).await;
        callee.asked("ACK").await;
        caller.hears(200, "INVITE").await;
        caller.say("ACK", 1, "", "").await;
        caller.ends(3).await;
        let bye = callee.asked("BYE").await;
        callee.answers(&bye, "200 OK", "", "").await;
        world.assert_no_leaks().await;
    });
}
