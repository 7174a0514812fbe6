//! Options of endpoints, transports and `[global]` that act on what is said, each seen on the wire.

use sidetone_sim::{Configuration, Line, Manner, Media, Phone, Saying, Weather, World, secs};

use super::overhear::overheard;
use super::{registered, tell};

fn of_account(account: &str, options: &str) -> Configuration {
    let mut configuration = Configuration::default();
    let begin = format!("\n[{account}](phone)\n");
    assert!(configuration.pjsip.contains(&begin));
    configuration.pjsip = configuration.pjsip.replace(&begin, &format!("{begin}{options}\n"));
    configuration
}

fn clear(configuration: &Configuration, story: impl AsyncFnOnce(World)) {
    tell(1, Weather::CLEAR, configuration, story);
}

fn line<'a>(message: &'a str, begin: &str) -> &'a str {
    message.lines().find(|line| line.starts_with(begin)).unwrap_or_default()
}

/// Alice calls a number and bob rings; his INVITE.
async fn invite(world: &World, number: &str) -> (Phone, String) {
    let alice = registered(world, "alice", Line::Udp).await;
    let bob = registered(world, "bob", Line::Udp).await;
    alice.dial(number).await;
    world.run_until("it rings", secs(9), |_| bob.is_alerted()).await;
    let invite = bob.call().invite;
    (alice, invite)
}

#[test]
fn the_media_address_of_an_endpoint_stands_in_its_descriptions() {
    clear(&of_account("bob", "media_address = 203.0.113.77"), async |world: World| {
        let (alice, invite) = invite(&world, "bob").await;
        assert_eq!(line(&invite, "c=IN"), "c=IN IP4 203.0.113.77", "{invite}");
        alice.hang_up().await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn a_caller_that_may_not_be_shown_is_anonymous_and_has_its_tag_all_the_same() {
    let options = "callerid = Alice <11>\ncallerid_privacy = prohib\ncallerid_tag = vip";
    let plan = "exten => 1,1,Set(GLOBAL(OUTCOME)=${CALLERID(tag)} ${CALLERID(num)})
 same => n,Dial(PJSIP/bob,20)";
    let configuration = of_account("alice", options).with_extensions(plan);
    clear(&configuration, async |world: World| {
        let (alice, invite) = invite(&world, "1").await;
        let from = line(&invite, "From: ");
        assert!(from.contains("sip:anonymous@anonymous.invalid"), "{from}");
        assert!(!from.contains("11"), "{from}");
        assert_eq!(world.outcome(), "vip 11");
        alice.hang_up().await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn diversion_is_left_out_where_the_endpoint_does_not_want_it() {
    let plan = "exten => 28,1,Set(REDIRECTING(from-num)=28)
 same => n,Set(REDIRECTING(reason)=cfb)
 same => n,Dial(PJSIP/bob,20)";
    for (option, told) in [("send_diversion = yes", true), ("send_diversion = no", false)] {
        let configuration = of_account("bob", option).with_extensions(plan);
        clear(&configuration, async |world: World| {
            let (alice, invite) = invite(&world, "28").await;
            assert_eq!(invite.contains("\r\nDiversion: "), told, "{option}: {invite}");
            alice.hang_up().await;
            world.assert_no_leaks().await;
        });
    }
}

#[test]
fn refer_without_subscription_is_offered_unless_global_says_no() {
    for (global, offered) in [("", true), ("[global]\ntype = global\nnorefersub = no\n", false)] {
        let mut configuration = Configuration::default();
        configuration.pjsip += &format!("\n{global}");
        clear(&configuration, async |world: World| {
            let (alice, invite) = invite(&world, "bob").await;
            let supported = invite.lines().filter(|line| line.starts_with("Supported: "));
            let supported: String = supported.collect();
            assert_eq!(supported.contains("norefersub"), offered, "{invite}");
            alice.hang_up().await;
            world.assert_no_leaks().await;
        });
    }
}

#[test]
fn the_external_signalling_port_stands_in_via_and_contact() {
    let mut configuration = Configuration::default();
    let outside = "external_signaling_address = 203.0.113.9\nexternal_signaling_port = 5999\n\
                   local_net = 192.0.2.0/24\n";
    let begin = "type = transport\n";
    configuration.pjsip = configuration.pjsip.replace(begin, &format!("{begin}{outside}"));
    clear(&configuration, async |world: World| {
        let (alice, invite) = invite(&world, "bob").await;
        assert!(line(&invite, "Contact: ").contains("203.0.113.9:5999"), "{invite}");
        assert!(line(&invite, "Via: ").contains("203.0.113.9:5999"), "{invite}");
        alice.hang_up().await;
        world.run_until("it is over", secs(60), World::is_quiet).await;
    });
}

#[test]
fn force_avp_writes_the_old_profile_for_dtls() {
    let dtls = "media_encryption = dtls\ndtls_auto_generate_cert = yes\n";
    for (force, profile) in [("no", " UDP/TLS/RTP/SAVP "), ("yes", " RTP/SAVP ")] {
        let configuration = of_account("bob", &format!("{dtls}force_avp = {force}"));
        clear(&configuration, async |world: World| {
            let alice = registered(&world, "alice", Line::Udp).await;
            let bob = registered(&world, "bob", Line::Udp).await;
            bob.will_want(Media::Dtls).await;
            bob.will(Manner::Answer(secs(1))).await;
            alice.dial("bob").await;
            world.run_until("they talk", secs(9), |w| w.talking(&alice, &bob)).await;
            let invite = bob.call().invite;
            assert!(line(&invite, "m=audio ").contains(profile), "{invite}");
            alice.hang_up().await;
            world.assert_no_leaks().await;
        });
    }
}

#[test]
fn where_nothing_is_to_be_translated_the_other_leg_is_offered_what_the_caller_speaks() {
    let prefer = "codec_prefs_incoming_offer = prefer: pending, operation: intersect, keep: all, \
                  transcode: ";
    for (transcode, formats) in [("allow", "RTP/AVP 8 0 101"), ("prevent", "RTP/AVP 8 101")] {
        let configuration = of_account("alice", &format!("{prefer}{transcode}"));
        clear(&configuration, async |world: World| {
            let alice = world.phone_with("alice", Line::Udp, &["alaw"]).await;
            assert_eq!(alice.register().await, Ok(600));
            let bob = registered(&world, "bob", Line::Udp).await;
            alice.dial("bob").await;
            world.run_until("it rings", secs(9), |_| bob.is_alerted()).await;
            let invite = bob.call().invite;
            assert!(line(&invite, "m=audio ").ends_with(formats), "{transcode}: {invite}");
            alice.hang_up().await;
            world.assert_no_leaks().await;
        });
    }
}

/// `redirect_method`: `user` dials the number in the dialplan, the other two call the URI itself.
#[test]
fn a_redirect_is_followed_as_the_forwarder_is_configured() {
    let plan = "
exten => 1,1,Dial(PJSIP/bob,20)
exten => 777,1,Set(GLOBAL(OUTCOME)=dialplan)
 same => n,Dial(PJSIP/carol,20)";
    for (method, by_dialplan) in [("user", true), ("uri_core", false), ("uri_pjsip", false)] {
        let option = format!("redirect_method = {method}");
        let configuration = of_account("bob", &option).with_extensions(plan);
        clear(&configuration, async |world: World| {
            let said = overheard(&world);
            let alice = registered(&world, "alice", Line::Udp).await;
            let bob = registered(&world, "bob", Line::Udp).await;
            let carol = registered(&world, "carol", Line::Tcp).await;
            carol.will(Manner::Answer(secs(1))).await;
            bob.will(Manner::Forward("777")).await;
            alice.dial("1").await;
            world.run_for(secs(3)).await;
            let asked = said.take();
            let direct = asked.iter().any(|text| text.starts_with("INVITE sip:777@192.0.2.1"));
            let outcome = world.outcome();
            assert_eq!((outcome == "dialplan", direct), (by_dialplan, !by_dialplan), "{method}");
            alice.hang_up().await;
            world.run_until("it is over", secs(60), World::is_quiet).await;
        });
    }
}

#[test]
fn options_names_the_bodies_that_requests_in_a_call_may_bring() {
    clear(&Configuration::default(), async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        alice.send("600", Saying::new("OPTIONS", &[])).await;
        world.run_for(secs(1)).await;
        let answer = alice.answers().pop().unwrap_or_default();
        assert!(answer.starts_with("SIP/2.0 200"), "{answer}");
        let accept = line(&answer, "Accept: ");
        for kind in ["application/sdp", "application/dtmf-relay", "application/dtmf"] {
            assert!(accept.split(", ").any(|one| one.ends_with(kind)), "{accept}");
        }
    });
}

#[test]
fn a_question_inside_a_call_is_answered_and_changes_nothing() {
    clear(&Configuration::default(), async |world: World| {
        let said = overheard(&world);
        let alice = registered(&world, "alice", Line::Udp).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        alice.dial("bob").await;
        world.run_until("it rings", secs(9), |_| bob.is_alerted()).await;
        bob.answer().await;
        world.run_until("they talk", secs(9), |world| world.talking(&alice, &bob)).await;
        said.borrow_mut().clear();
        for phone in [&alice, &bob] {
            phone.ask(Saying::new("OPTIONS", &[])).await;
            world.run_for(secs(1)).await;
            assert_eq!(phone.call().told, [200], "{}", world.account());
        }
        let answers = said.borrow().clone();
        assert_eq!(answers.len(), 2, "the other side is not asked: {answers:#?}");
        for answer in answers {
            for name in ["Allow: ", "Accept: ", "Accept-Encoding: ", "Supported: "] {
                assert!(!line(&answer, name).is_empty(), "{name}: {answer}");
            }
            assert_eq!(answer.matches("\nSupported: ").count(), 1, "{answer}");
            let supported = line(&answer, "Supported: ");
            for extension in ["100rel", "timer", "replaces", "outbound"] {
                assert!(supported.contains(extension), "what may be required: {answer}");
            }
            // These phones have neither ICE nor an aor that keeps Path.
            assert!(!supported.contains("trickle-ice") && !supported.contains("path"), "{answer}");
        }
        assert!(world.talking(&alice, &bob), "the call goes on");
        alice.hang_up().await;
        world.run_until("it is over", secs(9), World::is_quiet).await;
        world.assert_no_leaks().await;
    });
}

/// RFC 6086 §4.2.2; and what a body of no package means is known for digits only.
#[test]
fn an_info_of_a_package_that_nobody_knows_is_refused() {
    tell(1, Weather::CLEAR, &Configuration::default(), async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        alice.dial("600").await;
        world.run_until("alice hears herself", secs(9), |_| alice.is_talking()).await;
        let package = [("Info-Package", "weather")];
        for (headers, told) in [(&package[..], 469), (&[][..], 415)] {
            alice.ask(Saying::new("INFO", headers).with_body("application/weather", "rain")).await;
            world.run_for(secs(1)).await;
            assert_eq!(alice.call().told.last(), Some(&told), "{}", world.account());
        }
        alice.hang_up().await;
        world.run_until("it is over", secs(9), World::is_quiet).await;
        world.assert_no_leaks().await;
    });
}
