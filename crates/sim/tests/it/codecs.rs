//! Codecs in offers and answers: what an endpoint prefers, and why none was agreed.

use std::time::Duration;

use sidetone_sim::{Configuration, Line, Manner, Media, Stranger, Weather, World, secs};

use super::strangers::{answer_to, media_target};
use super::{registered, tell};

/// The first host of a world is `proxy` and needs no password.
fn configuration(lines: &str) -> Configuration {
    let mut configuration = Configuration::default();
    configuration.pjsip += &format!(
        "\n[proxy]\ntype = endpoint\ncontext = internal\ndisallow = all\nallow = ulaw,alaw\n\
         {lines}\n\
         \n[proxy]\ntype = identify\nendpoint = proxy\nmatch = 198.51.100.1\n"
    );
    configuration
}

fn invite(number: usize, media: &str) -> String {
    let sdp = format!(
        "v=0\r\no=- 1 1 IN IP4 198.51.100.1\r\ns=-\r\nc=IN IP4 198.51.100.1\r\nt=0 0\r\n{media}"
    );
    format!(
        "INVITE sip:600@192.0.2.1 SIP/2.0\r\n\
         Via: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bKi{number};rport\r\n\
         From: <sip:proxy@192.0.2.1>;tag=t{number}\r\nTo: <sip:600@192.0.2.1>\r\n\
         Call-ID: codecs-{number}\r\nCSeq: 1 INVITE\r\nContact: <sip:proxy@198.51.100.1>\r\n\
         Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{sdp}",
        sdp.len()
    )
}

async fn answer(stranger: &mut Stranger, text: String) -> String {
    stranger.say(text).await;
    let heard = stranger.hear(secs(1)).await;
    let last = heard.into_iter().find(|answer| !answer.starts_with("SIP/2.0 100"));
    last.unwrap_or_default()
}

#[test]
fn a_refused_offer_says_what_did_it() {
    let crypto = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 \
                  inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz\r\n";
    let savp = format!("m=audio 4000 RTP/SAVP 0\r\n{crypto}");
    let dtls = "m=audio 4000 UDP/TLS/RTP/SAVPF 0\r\na=setup:actpass\r\na=rtcp-mux\r\n";
    let encrypted = "media_encryption = dtls\ndtls_auto_generate_cert = yes\nuse_avpf = yes";
    let cases = [
        (
            "",
            "m=audio 4000 RTP/AVP 3\r\n",
            "305",
            "codec: no codec in common: the peer has gsm; we may use ulaw, alaw",
        ),
        ("", "m=audio 4000 RTP/AVPF 0\r\n", "302", "profile: "),
        ("", savp.as_str(), "302", "encryption: "),
        (encrypted, dtls, "306", "fingerprint: "),
    ];
    for (number, (lines, media, code, words)) in cases.into_iter().enumerate() {
        tell(1, Weather::CLEAR, &configuration(lines), async |world: World| {
            let mut stranger = world.stranger().await;
            let refused = answer(&mut stranger, invite(number, media)).await;
            assert!(refused.starts_with("SIP/2.0 488 "), "{refused}");
            let warning = refused.lines().find(|line| line.starts_with("Warning: "));
            let warning = warning.unwrap_or_else(|| panic!("{refused}"));
            let expected = format!("Warning: {code} sidetone \"stream 0 (audio): {words}");
            assert!(warning.starts_with(&expected), "{warning}");
            assert!(refused.contains("\r\nReason: Q.850;cause=88;"), "{refused}");
        });
    }
}

#[test]
fn the_profile_of_an_offer_is_taken_as_it_came_where_the_endpoint_says_so() {
    for (option, profile, begin) in [
        ("media_use_received_transport = no", "RTP/AVPF", "SIP/2.0 488 "),
        ("media_use_received_transport = yes", "RTP/AVPF", "SIP/2.0 200 "),
        ("media_use_received_transport = yes\nuse_avpf = yes", "RTP/AVP", "SIP/2.0 200 "),
    ] {
        tell(1, Weather::CLEAR, &configuration(option), async |world: World| {
            let mut stranger = world.stranger().await;
            let media = format!("m=audio 4000 {profile} 0\r\n");
            let answered = answer(&mut stranger, invite(1, &media)).await;
            assert!(answered.starts_with(begin), "{option}: {answered}");
            let taken = answered.contains(&format!(" {profile} 0\r\n"));
            assert_eq!(taken, begin.contains("200"), "{option}: {answered}");
        });
    }
}

#[test]
fn the_answer_holds_what_the_endpoint_prefers() {
    let media = "m=audio 4000 RTP/AVP 8 0\r\n";
    let cases = [
        ("", "RTP/AVP 8 0\r\n"),
        ("preferred_codec_only = yes", "RTP/AVP 8\r\n"),
        ("codec_prefs_incoming_offer = prefer: configured", "RTP/AVP 0 8\r\n"),
        ("codec_prefs_incoming_offer = prefer: configured, keep: first", "RTP/AVP 0\r\n"),
        ("codec_prefs_outgoing_answer = prefer: configured", "RTP/AVP 0 8\r\n"),
    ];
    for (number, (lines, formats)) in cases.into_iter().enumerate() {
        tell(1, Weather::CLEAR, &configuration(lines), async |world: World| {
            let mut stranger = world.stranger().await;
            let answered = answer(&mut stranger, invite(number, media)).await;
            assert!(answered.starts_with("SIP/2.0 200 "), "{answered}");
            assert!(answered.contains(formats), "{lines}: {answered}");
        });
    }
}

/// A peer that is called and answers with its codecs in another order than they were offered in:
/// the exchange offers ulaw, alaw and is answered alaw, ulaw.
#[test]
fn an_answer_is_taken_in_the_order_the_endpoint_prefers() {
    let cases = [
        ("", &["pcma", "pcmu"][..]),
        ("codec_prefs_incoming_answer = prefer: pending, operation: intersect", &["pcma", "pcmu"]),
        ("codec_prefs_incoming_answer = prefer: configured", &["pcmu", "pcma"]),
        ("codec_prefs_incoming_answer = prefer: configured, keep: first", &["pcmu"]),
        ("codec_prefs_incoming_answer = prefer: pending, keep: first", &["pcma"]),
    ];
    let aor = "\n[proxy]\ntype = aor\ncontact = sip:proxy@198.51.100.1:5060\n";
    for (lines, expected) in cases {
        let mut configuration = configuration(&format!("aors = proxy\n{lines}"));
        configuration.pjsip += aor;
        tell(1, Weather::CLEAR, &configuration, async |world: World| {
            let mut callee = world.stranger().await;
            let alice = registered(&world, "alice", Line::Udp).await;
            alice.dial("proxy").await;
            let heard = callee.hear(secs(2)).await;
            let invite = heard.iter().find(|text| text.starts_with("INVITE ")).expect("a call");
            assert!(invite.contains(" RTP/AVP 0 8 101\r\n"), "{invite}");
            let sdp = "v=0\r\no=- 1 1 IN IP4 198.51.100.1\r\ns=-\r\nc=IN IP4 198.51.100.1\r\n\
                t=0 0\r\nm=audio 4000 RTP/AVP 8 0\r\n";
            callee.say(answer_to(invite, "200 OK", "callee", sdp)).await;
            callee.hear(secs(1)).await;
            let plan = media_target(&world).await;
            let mut found: Vec<(usize, &str)> = ["pcmu", "pcma"]
                .into_iter()
                .filter_map(|name| Some((plan.find(&format!("name: \"{name}\""))?, name)))
                .collect();
            found.sort_unstable();
            let found: Vec<&str> = found.into_iter().map(|(_, name)| name).collect();
            assert_eq!(found, expected, "{lines}: {plan}");
            alice.hang_up().await;
            let heard = callee.hear(secs(2)).await;
            let bye = heard.iter().find(|text| text.starts_with("BYE ")).expect("its end");
            callee.say(answer_to(bye, "200 OK", "x", "").replace(";tag=x", "")).await;
            world.assert_no_leaks().await;
        });
    }
}

#[test]
fn an_offer_of_ours_holds_what_was_configured_and_chosen() {
    let mut configuration = Configuration::default();
    configuration.files.push((
        "/etc/codecs.conf".to_owned(),
        "[opus]\nbitrate=24000\nmax_playback_rate=16000\ndtx=yes\n".to_owned(),
    ));
    configuration.extensions += "
exten => chosen,1,Dial(PJSIP/bob,20,b(before^s^1))
 same => n,Hangup()

[before]
exten => s,1,Set(GLOBAL(USUAL)=${PJSIP_MEDIA_OFFER(audio)})
 same => n,Set(PJSIP_MEDIA_OFFER(audio)=alaw)
 same => n,Return()
";
    tell(1, Weather::CLEAR, &configuration, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        let oscar = registered(&world, "oscar", Line::Udp).await;
        bob.will(Manner::Refuse(486)).await;
        oscar.will(Manner::Refuse(486)).await;
        alice.dial("chosen").await;
        world.run_until("it is over", secs(35), |_| alice.is_over()).await;
        let invite = bob.call().invite;
        assert!(invite.contains(" RTP/AVP 8 101\r\n"), "{invite}");
        assert_eq!(world.exchange().global("USUAL").as_deref(), Some("ulaw,alaw"));
        alice.dial("oscar").await;
        let offered =
            |_: &World| oscar.calls().last().is_some_and(|call| call.invite.contains("opus"));
        world.run_until("oscar is called", secs(35), offered).await;
        let invite = oscar.call().invite;
        let parameters = "maxplaybackrate=16000;maxaveragebitrate=24000;useinbandfec=1;usedtx=1";
        assert!(invite.contains(parameters), "{invite}");
    });
}

#[test]
fn a_caller_that_describes_its_silence_is_answered_so_and_the_called_one_offered_it() {
    for (media, described) in [(Media::WithNoise, true), (Media::Plain, false)] {
        tell(11, Weather::CLEAR, &Configuration::default(), async |world: World| {
            let alice = registered(&world, "alice", Line::Udp).await;
            let bob = registered(&world, "bob", Line::Udp).await;
            alice.will_want(media).await;
            bob.will(Manner::Answer(Duration::from_millis(300))).await;
            alice.dial("bob").await;
            world.run_until("they talk", secs(35), |w| w.talking(&alice, &bob)).await;
            let noise = "a=rtpmap:13 CN/8000\r\n";
            assert_eq!(bob.call().invite.contains(noise), described, "{}", bob.call().invite);
            let answer = alice.call().answers.concat();
            assert_eq!(answer.contains(noise), described, "{answer}");
            bob.hang_up().await;
            world.assert_no_leaks().await;
        });
    }
}

/// The same as usual, with these lines of an account first.
fn of_account(account: &str, lines: &str) -> Configuration {
    let mut configuration = Configuration::default();
    let begin = format!("\n[{account}](phone)\n");
    configuration.pjsip = configuration.pjsip.replace(&begin, &format!("{begin}{lines}\n"));
    configuration
}

/// FAQ-03.
#[test]
fn two_legs_without_a_translator_path_are_named_with_both_formats() {
    let configuration = of_account("alice", "disallow = all\nallow = g729");
    tell(1, Weather::CLEAR, &configuration, async |world: World| {
        let alice = world.phone_with("alice", Line::Udp, &["g729"]).await;
        assert_eq!(alice.register().await, Ok(600));
        let bob = registered(&world, "bob", Line::Udp).await;
        bob.will(Manner::Answer(secs(1))).await;
        alice.dial("bob").await;
        world.run_for(secs(6)).await;
        let said = world.account();
        let line = |name: &str, words: &str| {
            let channel = format!(" PJSIP/{name}-");
            said.lines().any(|line| line.contains(&channel) && line.contains(words))
        };
        assert!(line("bob", "no audio to it: no translator path from g729 to ulaw ("), "{said}");
        assert!(line("alice", "no audio to it: no translator path from ulaw to g729 ("), "{said}");
        assert!(line("bob", "give both a codec in common with allow"), "{said}");
        alice.hang_up().await;
        world.assert_no_leaks().await;
    });
}
