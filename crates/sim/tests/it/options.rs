//! What applications say of how they went, and options that only a whole call can show: limits
//! and their prompts, subroutines that refuse, early media, places of forwarded and parted calls.

use std::time::Duration;

use sidetone_sim::{CallState, Configuration, Line, Manner, Phone, Saying, Weather, World, secs};

use super::press;
use super::{registered, tell, tell_everywhere};

fn clear(extensions: &str, story: impl AsyncFnOnce(World)) {
    tell(1, Weather::CLEAR, &Configuration::default().with_extensions(extensions), story);
}

async fn both(world: &World) -> (Phone, Phone) {
    let alice = registered(world, "alice", Line::Udp).await;
    let bob = registered(world, "bob", Line::Udp).await;
    bob.will(Manner::Answer(secs(1))).await;
    (alice, bob)
}

async fn talk(world: &World, alice: &Phone, bob: &Phone, number: &str) {
    alice.dial(number).await;
    world.run_until("they talk", secs(20), |w| w.talking(alice, bob)).await;
}

async fn over(world: &World, phone: &Phone) {
    world.run_until("it is over", secs(60), |_| phone.is_over()).await;
}

fn global(world: &World, name: &str) -> String {
    world.exchange().global(name).unwrap_or_default()
}

/// In which half seconds of the call a phone hears much of each frequency, until it is over.
async fn when_heard<const N: usize>(world: &World, ear: &Phone, hz: [f64; N]) -> [Vec<usize>; N] {
    let mut heard = [const { Vec::new() }; N];
    for slice in 0.. {
        let sound = world.hear(ear, Duration::from_millis(500)).await;
        if ear.is_over() {
            break;
        }
        for (hz, heard) in hz.iter().zip(&mut heard) {
            if sound.share_of(*hz) > 0.02 {
                heard.push(slice);
            }
        }
    }
    heard
}

/// `L(6000:3000:2000)`: warnings 3 s and 1 s before the end. Each prompt is heard by those whom the
/// variables name, the conversation goes on beside it, and the last is heard to its end.
#[test]
fn a_limit_is_announced_to_those_who_are_to_hear_it() {
    let limit = "Dial(PJSIP/bob,20,gL(6000:3000:2000))
 same => n,Set(GLOBAL(OUTCOME)=${ANSWEREDTIME_MS})";
    let files = "Set(LIMIT_CONNECT_FILE=tone-650-800)
 same => n,Set(LIMIT_WARNING_FILE=tone-900-400)
 same => n,Set(LIMIT_TIMEOUT_FILE=tone-1100-800)";
    let plan = format!(
        "exten => 1,1,{files}\n same => n,Set(LIMIT_PLAYAUDIO_CALLEE=yes)\n same => n,{limit}\n\
         exten => 2,1,{files}\n same => n,Set(LIMIT_PLAYAUDIO_CALLER=no)\n same => n,{limit}\n\
         exten => 3,1,{limit}"
    );
    for (number, caller_hears, callee_hears, beeps) in
        [("1", true, true, false), ("2", false, false, false), ("3", true, false, true)]
    {
        for of_caller in [true, false] {
            clear(&plan, async |world: World| {
                let (alice, bob) = both(&world).await;
                talk(&world, &alice, &bob, number).await;
                let (ear, speaker) = if of_caller { (&alice, &bob) } else { (&bob, &alice) };
                let hz = [650.0, 900.0, 1100.0, 1400.0, speaker.voice()];
                let [connect, warning, timeout, beep, voice] = when_heard(&world, ear, hz).await;
                let what = format!("{number} {of_caller}: {connect:?} {warning:?} {timeout:?}");
                let hears = if of_caller { caller_hears } else { callee_hears };
                let prompts = hears && !beeps;
                assert_eq!(connect.iter().any(|slice| *slice <= 2), prompts, "{what}");
                assert_eq!(!timeout.is_empty(), prompts, "{what}");
                let warnings = if beeps { &beep } else { &warning };
                let near = |second: usize| {
                    warnings.iter().any(|slice| (2 * second - 1..=2 * second + 1).contains(slice))
                };
                assert_eq!((near(3), near(5)), (hears, hears), "{what} {beep:?}");
                assert!(voice.len() >= 6, "the conversation goes on: {what} {voice:?}");
                over(&world, &alice).await;
                over(&world, &bob).await;
                let lasted: u64 = world.outcome().parse().expect("milliseconds");
                let extra = if beeps || number == "2" { 0 } else { 800 };
                let end = 6_000 + extra;
                assert!((end..end + 300).contains(&lasted), "{what}: {lasted}");
                world.assert_no_leaks().await;
            });
        }
    }
}

#[test]
fn the_caller_hangs_up_by_the_disconnect_code_in_the_conversation_if_it_may() {
    let plan = "
exten => 1,1,Dial(PJSIP/bob,20,H)
exten => 2,1,Dial(PJSIP/bob,20)";
    for (number, may) in [("1", true), ("2", false)] {
        clear(plan, async |world: World| {
            let (alice, bob) = both(&world).await;
            talk(&world, &alice, &bob, number).await;
            alice.press('*').await;
            world.run_for(secs(3)).await;
            assert_eq!((alice.is_over(), bob.is_over()), (may, may), "{}", world.account());
            alice.hang_up().await;
            world.assert_no_leaks().await;
        });
    }
}

#[test]
fn a_subroutine_on_the_callee_ends_the_call_or_refuses_it() {
    let plan = "
exten => _1X,1,Set(GLOBAL(WANT)=${IF($[${EXTEN:1} = 1]?ABORT:CONGESTION)})
 same => n,Dial(PJSIP/bob,20,U(decide))
 same => n,Set(GLOBAL(OUTCOME)=${DIALSTATUS} went on)
 same => n,Hangup()
exten => h,1,Set(GLOBAL(ENDED)=${DIALSTATUS})
[decide]
exten => s,1,Set(GOSUB_RESULT=${GLOBAL(WANT)})
 same => n,Return()";
    for (number, went_on, ended) in
        [("11", "", "ANSWER"), ("12", "CONGESTION went on", "CONGESTION")]
    {
        clear(plan, async |world: World| {
            let (alice, bob) = both(&world).await;
            alice.dial(number).await;
            over(&world, &alice).await;
            assert_eq!(
                (world.outcome().as_str(), global(&world, "ENDED").as_str()),
                (went_on, ended)
            );
            assert!(bob.is_over(), "{}", world.account());
            world.assert_no_leaks().await;
        });
    }
}

#[test]
fn dialstatus_tells_of_a_caller_that_gave_up_and_of_no_destination() {
    let plan = "
exten => 1,1,Dial(PJSIP/bob,20)
exten => 2,1,Dial()
exten => h,1,Set(GLOBAL(OUTCOME)=${DIALSTATUS})";
    clear(plan, async |world: World| {
        let (alice, bob) = both(&world).await;
        bob.will(Manner::Ring).await;
        alice.dial("1").await;
        world.run_until("it rings", secs(9), |_| bob.is_alerted()).await;
        alice.hang_up().await;
        over(&world, &alice).await;
        world.run_for(secs(2)).await;
        assert_eq!(world.outcome(), "CANCEL");
        alice.dial("2").await;
        over(&world, &alice).await;
        world.assert_no_leaks().await;
        assert_eq!(world.outcome(), "INVALIDARGS");
    });
}

/// Early media two seconds after dialling: its time is told, and `D(::5)` sends its digit with it.
#[test]
fn early_media_is_timed_and_gets_its_digits() {
    let plan = "
exten => 1,1,Dial(Local/early@internal/n,20,gD(::5))
 same => n,Set(GLOBAL(OUTCOME)=${PROGRESSTIME} $[${PROGRESSTIME_MS} >= 2000])
 same => n,Set(GLOBAL(OUTCOME)=${GLOBAL(OUTCOME)} $[${PROGRESSTIME_MS} < 2500] ${DIALSTATUS})
exten => early,1,Wait(2)
 same => n,Progress()
 same => n,Read(GOT,,1,n,1,5)
 same => n,Set(GLOBAL(GOT)=${GOT})
 same => n,Hangup(17)";
    clear(plan, async |world: World| {
        let (alice, _bob) = both(&world).await;
        alice.dial("1").await;
        over(&world, &alice).await;
        world.assert_no_leaks().await;
        assert_eq!(world.outcome(), "2 1 1 BUSY");
        assert_eq!(global(&world, "GOT"), "5");
    });
}

#[test]
fn a_forwarded_call_goes_on_in_the_context_that_forward_context_names() {
    let plan = "
exten => 1,1,Set(FORWARD_CONTEXT=elsewhere)
 same => n,Dial(PJSIP/bob,30)
[elsewhere]
exten => carol,1,Set(GLOBAL(OUTCOME)=${CONTEXT})
 same => n,Dial(PJSIP/carol,20)";
    clear(plan, async |world: World| {
        let (alice, bob) = both(&world).await;
        let carol = registered(&world, "carol", Line::Tcp).await;
        carol.will(Manner::Answer(secs(1))).await;
        bob.will(Manner::Forward("carol")).await;
        talk(&world, &alice, &carol, "1").await;
        carol.hang_up().await;
        world.assert_no_leaks().await;
        assert_eq!(world.outcome(), "elsewhere");
    });
}

const BRIDGES: &str = "
exten => 1,1,Set(GLOBAL(WHO)=${CHANNEL})
 same => n,Answer()
 same => n,Echo()
 same => n,Set(GLOBAL(OUTCOME)=echo is over)
 same => n,Hangup()
exten => _5X,1,Set(GLOBAL(STATE)=)
 same => n,Goto(${EXTEN},go)
exten => 50,10(go),Bridge(${GLOBAL(WHO)},F(internal^600^1))
exten => 51,10(go),Bridge(${GLOBAL(WHO)},H)
 same => n,Set(GLOBAL(OUTCOME)=${BRIDGERESULT})
exten => 52,10(go),Bridge(${GLOBAL(WHO)},n)
exten => 53,10(go),Bridge(${GLOBAL(WHO)},S(3))
 same => n,Set(GLOBAL(OUTCOME)=${BRIDGERESULT})
exten => 54,10(go),Bridge(${GLOBAL(WHO)},T)
exten => 55,10(go),Bridge(${GLOBAL(WHO)},h)
exten => 56,10(go),Bridge(${GLOBAL(WHO)},t)
exten => 57,10(go),Bridge(${GLOBAL(WHO)},L(4000:2000))
 same => n,Set(GLOBAL(OUTCOME)=${BRIDGERESULT})";

/// Alice hears herself; bob bridges her away from it.
async fn bridged(world: &World, number: &str) -> (Phone, Phone) {
    let (alice, bob) = both(world).await;
    alice.dial("1").await;
    world.run_until("alice hears herself", secs(9), |_| alice.is_talking()).await;
    bob.dial(number).await;
    let joined = |w: &World| w.exchange().live().all().iter().all(|c| c.bridged_with.is_some());
    world.run_until("they are joined", secs(9), joined).await;
    world.run_for(Duration::from_millis(500)).await;
    (alice, bob)
}

fn bridges(number: &str, story: impl AsyncFnOnce(&World, &Phone, &Phone)) {
    let mut configuration = Configuration::default().with_extensions(BRIDGES);
    configuration.features = "[featuremap]\nblindxfer = #1\n".to_owned();
    tell(1, Weather::CLEAR, &configuration, async |world: World| {
        let (alice, bob) = bridged(&world, number).await;
        story(&world, &alice, &bob).await;
        alice.hang_up().await;
        bob.hang_up().await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn a_bridge_gives_each_side_the_feature_codes_of_its_letter() {
    for (number, bob_may) in [("51", true), ("55", false)] {
        bridges(number, async |world, alice, bob| {
            let (may, may_not) = if bob_may { (bob, alice) } else { (alice, bob) };
            may_not.press('*').await;
            world.run_for(secs(2)).await;
            assert!(world.talking(alice, bob), "{number}\n{}", world.account());
            may.press('*').await;
            world.run_until("they part", secs(5), |_| may.is_over()).await;
        });
    }
    for (number, bob_may) in [("54", true), ("56", false)] {
        bridges(number, async |world, alice, bob| {
            let (may, sent) = if bob_may { (bob, alice) } else { (alice, bob) };
            press(world, may, "#1600").await;
            over(world, may).await;
            world.run_for(secs(2)).await;
            assert!(world.hear(sent, secs(1)).await.is_tone(sent.voice()), "{}", world.account());
        });
    }
}

#[test]
fn a_bridge_ends_after_its_time_and_warns_before_its_limit() {
    bridges("53", async |world, alice, bob| {
        world.run_until("bob's side is over", secs(4), |_| bob.is_over()).await;
        assert_eq!(world.outcome(), "echo is over", "{}", world.account());
        over(world, alice).await;
    });
    bridges("57", async |world, alice, bob| {
        let [beep] = when_heard(world, bob, [1400.0]).await;
        assert!(beep.iter().any(|slice| (1..=4).contains(slice)), "{beep:?}");
        over(world, alice).await;
    });
}

#[test]
fn whom_a_bridge_took_goes_where_its_letter_says_when_the_other_hangs_up() {
    bridges("50", async |world, alice, bob| {
        bob.hang_up().await;
        world.run_for(secs(2)).await;
        assert!(alice.is_talking(), "{}", world.account());
        let shown = world.exchange().live().all();
        assert_eq!((shown.len(), shown[0].exten.as_str()), (1, "600"));
    });
}

#[test]
fn with_n_a_bridge_does_not_answer_the_caller() {
    let (seen, configuration) = ([CallState::Calling, CallState::Ringing], BRIDGES);
    clear(configuration, async |world: World| {
        let (alice, bob) = both(&world).await;
        alice.dial("1").await;
        world.run_until("alice hears herself", secs(9), |_| alice.is_talking()).await;
        bob.dial("52").await;
        world.run_for(secs(2)).await;
        assert!(bob.state().is_some_and(|state| seen.contains(&state)), "{}", world.account());
        alice.hang_up().await;
        bob.hang_up().await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn originate_shows_who_calls_and_says_why_it_failed() {
    let plan = "
exten => 1,1,Originate(PJSIP/bob,app,Echo,,,10,c(4711)n(Alarm)B(before^s^1))
 same => n,Set(GLOBAL(OUTCOME)=${ORIGINATE_STATUS})
exten => 2,1,Originate(PJSIP/nobody,app,Echo,,,10)
 same => n,Set(GLOBAL(OUTCOME)=${ORIGINATE_STATUS})
[before]
exten => s,1,Set(GLOBAL(BEFORE)=${CHANNEL:0:11})
 same => n,Return()";
    clear(plan, async |world: World| {
        let (alice, bob) = both(&world).await;
        alice.dial("1").await;
        world.run_until("bob hears himself", secs(9), |_| bob.is_talking()).await;
        over(&world, &alice).await;
        assert_eq!(world.outcome(), "SUCCESS");
        assert_eq!(global(&world, "BEFORE"), "PJSIP/alice");
        let invite = bob.call().invite;
        let from = invite.lines().find(|line| line.starts_with("From: ")).unwrap_or_default();
        assert!(from.starts_with("From: \"Alarm\" <sip:4711@"), "{from}");
        bob.hang_up().await;
        over(&world, &bob).await;
        for (number, manner, wanted) in [
            ("2", Manner::Ring, "FAILED"),
            ("1", Manner::Refuse(503), "CONGESTION"),
            ("1", Manner::Refuse(603), "HANGUP"),
        ] {
            bob.will(manner).await;
            alice.dial(number).await;
            over(&world, &alice).await;
            assert_eq!(world.outcome(), wanted, "{number} {manner:?}");
        }
        world.assert_no_leaks().await;
    });
}

#[test]
fn retry_dial_announces_each_wait_and_a_digit_leads_out_of_it() {
    let plan = "
exten => 1,1,Answer()
 same => n,RetryDial(tone-900-3000,20,5,PJSIP/bob,10,d)
exten => 7,1,Set(GLOBAL(OUTCOME)=out)";
    for during_the_announcement in [true, false] {
        clear(plan, async |world: World| {
            let (alice, bob) = both(&world).await;
            bob.will(Manner::Refuse(486)).await;
            alice.dial("1").await;
            world.run_until("bob was called", secs(9), |_| bob.is_over()).await;
            world.run_for(Duration::from_millis(200)).await;
            assert!(world.hear(&alice, secs(1)).await.is_tone(900.0), "{}", world.account());
            world.run_for(secs(if during_the_announcement { 0 } else { 4 })).await;
            alice.press('7').await;
            over(&world, &alice).await;
            assert_eq!((world.outcome().as_str(), bob.calls().len()), ("out", 1));
            world.assert_no_leaks().await;
        });
    }
}

#[test]
fn all_destinations_that_are_available_are_named_and_those_that_only_exist() {
    let plan = "
exten => _8X,1,Set(HOW=${IF($[${EXTEN:1} = 1]?a:${IF($[${EXTEN:1} = 2]?at:t)})})
 same => n,ChanIsAvail(PJSIP/nobody&PJSIP/bob&PJSIP/carol&PJSIP/alice,${HOW})
 same => n,Set(GLOBAL(OUTCOME)=${AVAILCHAN} ${AVAILORIGCHAN})";
    clear(plan, async |world: World| {
        let (alice, _bob) = both(&world).await;
        for (number, wanted) in [
            ("81", "PJSIP/bob&PJSIP/alice"),
            ("82", "PJSIP/bob&PJSIP/carol&PJSIP/alice"),
            ("83", "PJSIP/bob"),
        ] {
            alice.dial(number).await;
            over(&world, &alice).await;
            assert_eq!(world.outcome(), format!("{wanted} {wanted}"), "{number}");
        }
        world.assert_no_leaks().await;
    });
}

#[test]
fn digits_are_sent_on_another_channel_and_after_an_answer() {
    let plan = "
exten => 1,1,Set(GLOBAL(WHO)=${CHANNEL})
 same => n,Answer()
 same => n,Wait(60)
exten => 2,1,SendDTMF(12,,,${GLOBAL(WHO)})
 same => n,SendDTMF(34,,,,a)
 same => n,Wait(60)";
    clear(plan, async |world: World| {
        let (alice, bob) = both(&world).await;
        alice.dial("1").await;
        let up = |phone: &Phone| phone.state() == Some(CallState::Talking);
        world.run_until("alice waits", secs(9), |_| up(&alice)).await;
        bob.dial("2").await;
        world.run_until("bob is answered", secs(9), |_| up(&bob)).await;
        world.run_for(secs(2)).await;
        let digits = [alice.call().digits, bob.call().digits];
        assert_eq!(digits, ["12", "34"], "{}", world.account());
        alice.hang_up().await;
        bob.hang_up().await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn a_text_in_a_call_comes_from_a_variable_under_its_type() {
    let plan = "
exten => 1,1,Answer()
 same => n,Set(SENDTEXT_BODY=<b>hello</b>)
 same => n,Set(SENDTEXT_CONTENT_TYPE=text/html)
 same => n,SendText()
 same => n,Set(GLOBAL(OUTCOME)=${SENDTEXTSTATUS} ${SENDTEXTTYPE})
 same => n,Set(SENDTEXT_BODY=)
 same => n,SendText()
 same => n,Set(GLOBAL(OUTCOME)=${GLOBAL(OUTCOME)} ${SENDTEXTSTATUS} ${SENDTEXTTYPE})
 same => n,Wait(60)";
    clear(plan, async |world: World| {
        let (alice, _bob) = both(&world).await;
        alice.dial("1").await;
        world.run_for(secs(3)).await;
        assert_eq!(world.outcome(), "SUCCESS BASIC FAILURE NONE");
        let asked = alice.call().asked;
        let texts = asked.iter().filter(|asked| asked.starts_with("MESSAGE "));
        let texts: Vec<&String> = texts.collect();
        assert_eq!(texts.len(), 1, "{asked:#?}");
        assert!(texts[0].contains("Content-Type: text/html"), "{}", texts[0]);
        assert!(texts[0].ends_with("\r\n\r\n<b>hello</b>"), "{}", texts[0]);
        alice.hang_up().await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn a_message_names_who_writes_and_to_whom_as_it_is_told() {
    let plan = "
exten => 1,1,Set(MESSAGE(body)=hello)
 same => n,MessageSend(pjsip:bob,\"Desk\" <sip:desk@example.org>,sip:team@example.org)
 same => n,Set(GLOBAL(OUTCOME)=${MESSAGE_SEND_STATUS})";
    clear(plan, async |world: World| {
        let (alice, bob) = both(&world).await;
        alice.dial("1").await;
        over(&world, &alice).await;
        world.run_for(secs(2)).await;
        assert_eq!(world.outcome(), "SUCCESS");
        let received = bob.received().pop().unwrap_or_default();
        let line = |name: &str| {
            let begin = format!("{name}: ");
            let line = received.lines().find(|line| line.starts_with(&begin));
            line.unwrap_or_default().to_owned()
        };
        assert!(line("From").starts_with("From: \"Desk\" <sip:desk@"), "{received}");
        assert_eq!(line("To"), "To: <sip:team@example.org>", "{received}");
        world.assert_no_leaks().await;
    });
}

/// HDR-16: a transfer leads into the context of TRANSFER_CONTEXT.
#[test]
fn transfers_lead_into_the_context_that_transfer_context_names() {
    let plan = "
exten => 1,1,Set(__TRANSFER_CONTEXT=elsewhere)
 same => n,Dial(PJSIP/bob,20)
[elsewhere]
exten => 44,1,Set(GLOBAL(OUTCOME)=${CONTEXT})
 same => n,Echo()";
    for caller_does in [true, false] {
        clear(plan, async |world: World| {
            let (alice, bob) = both(&world).await;
            talk(&world, &alice, &bob, "1").await;
            let (one, other) = if caller_does { (&alice, &bob) } else { (&bob, &alice) };
            one.ask(Saying::new("REFER", &[("Refer-To", "<sip:44@192.0.2.1>")])).await;
            over(&world, one).await;
            world.run_for(secs(2)).await;
            assert_eq!(world.outcome(), "elsewhere", "{}", world.account());
            assert!(world.hear(other, secs(1)).await.is_tone(other.voice()));
            other.hang_up().await;
            world.assert_no_leaks().await;
        });
    }
}

/// An extension that does not exist is asked for again, as often and with the sounds that
/// features.conf says; nothing dialled in time leads back at once.
#[test]
fn a_transfer_to_nowhere_is_asked_for_again_as_features_conf_says() {
    let plan = "exten => 1,1,Dial(PJSIP/bob,20,tT)";
    let mut configuration = Configuration::default().with_extensions(plan);
    configuration.features = "[featuremap]\nblindxfer = #1\n\
        [general]\ntransferdialattempts = 2\ntransferdigittimeout = 2\n\
        transferannouncesound = tone-1750-900\ntransferretrysound = tone-1250-900\n\
        transferinvalidsound = tone-1500-900\nxferfailsound = tone-2250-900\n"
        .to_owned();
    tell_everywhere(1, &configuration, async |world: World| {
        let (alice, bob) = both(&world).await;
        talk(&world, &alice, &bob, "1").await;
        let hears = async |what: &str, hz: f64| {
            for _ in 0..20 {
                if world.hear(&alice, Duration::from_millis(200)).await.share_of(hz) > 0.5 {
                    return;
                }
            }
            panic!("{what} is not heard\n{}", world.account());
        };
        press(&world, &alice, "#1").await;
        hears("the question", 1750.0).await;
        hears("that it failed", 2250.0).await;
        world.run_for(secs(2)).await;
        assert!(world.talking(&alice, &bob), "nothing was dialled in time");
        press(&world, &alice, "#1").await;
        hears("the second question", 1750.0).await;
        press(&world, &alice, "0").await;
        hears("the first sound", 1250.0).await;
        hears("the question again", 1750.0).await;
        press(&world, &alice, "0").await;
        hears("the last sound", 1500.0).await;
        hears("that it failed", 2250.0).await;
        world.run_for(secs(3)).await;
        assert!(world.talking(&alice, &bob), "it was asked for twice");
        press(&world, &alice, "#1").await;
        hears("the question", 1750.0).await;
        press(&world, &alice, "0").await;
        hears("the first sound", 1250.0).await;
        press(&world, &alice, "600").await;
        over(&world, &alice).await;
        bob.hang_up().await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn the_keys_of_a_code_may_be_as_far_apart_as_featuredigittimeout_says() {
    for (timeout_ms, in_time) in [("3000", true), ("900", false)] {
        let plan = "exten => 1,1,Dial(PJSIP/bob,20,T)";
        let mut configuration = Configuration::default().with_extensions(plan);
        configuration.features = format!(
            "[featuremap]\nblindxfer = #1\n[general]\nfeaturedigittimeout = {timeout_ms}\n\
             transferannouncesound = tone-1750-900\n"
        );
        tell(1, Weather::CLEAR, &configuration, async |world: World| {
            let (alice, bob) = both(&world).await;
            talk(&world, &alice, &bob, "1").await;
            alice.press('#').await;
            world.run_for(Duration::from_millis(1_800)).await;
            alice.press('1').await;
            let mut is_asked = false;
            for _ in 0..8 {
                let heard = world.hear(&alice, Duration::from_millis(200)).await;
                is_asked |= heard.share_of(1750.0) > 0.5;
            }
            assert_eq!(is_asked, in_time, "{timeout_ms}\n{}", world.account());
            alice.hang_up().await;
            bob.hang_up().await;
            world.assert_no_leaks().await;
        });
    }
}

#[test]
fn somebody_consulted_rings_as_long_as_atxfernoanswertimeout_says() {
    for (timeout_s, rings_on) in [(4, false), (20, true)] {
        let plan =
            "exten => 1,1,Dial(PJSIP/bob,20,T)\nexten => 2,1,Dial(PJSIP/carol,60)".to_owned();
        let mut configuration = Configuration::default().with_extensions(&plan);
        configuration.features =
            format!("[featuremap]\natxfer = *2\n[general]\natxfernoanswertimeout = {timeout_s}\n");
        tell(1, Weather::CLEAR, &configuration, async |world: World| {
            let (alice, bob) = both(&world).await;
            let carol = registered(&world, "carol", Line::Tcp).await;
            carol.will(Manner::Ring).await;
            talk(&world, &alice, &bob, "1").await;
            press(&world, &alice, "*2").await;
            world.run_for(secs(2)).await;
            press(&world, &alice, "2").await;
            world.run_until("carol rings", secs(9), |_| carol.is_alerted()).await;
            world.run_for(secs(2)).await;
            assert!(carol.is_alerted() && !carol.is_over(), "{timeout_s}");
            world.run_for(secs(6)).await;
            assert_eq!(!carol.is_over(), rings_on, "{timeout_s}\n{}", world.account());
            if !rings_on {
                let back = |w: &World| w.talking(&alice, &bob);
                world.run_until("alice and bob talk again", secs(9), back).await;
            }
            alice.hang_up().await;
            bob.hang_up_all().await;
            carol.hang_up_all().await;
            world.assert_no_leaks().await;
        });
    }
}

#[test]
fn variables_of_an_endpoint_are_on_every_channel_of_it_functions_too() {
    let plan = "exten => 1,1,Set(__HANDED=down)
 same => n,Set(GLOBAL(CALLER)=${CALLERID(num)}|${DEPARTMENT}|${CHANNEL(language)})
 same => n,Dial(PJSIP/bob,,b(called^s^1))
[called]
exten => s,1,Set(GLOBAL(OUTCOME)=${GLOBAL(CALLER)}|${DEPARTMENT}|${HANDED}|${CHANNEL(language)})
 same => n,Return()";
    let configuration = Configuration::default()
        .with_extensions(plan)
        .with_option("set_var = DEPARTMENT=sales")
        .with_option("set_var = HANDED=own")
        .with_option("set_var = CHANNEL(language)=de")
        .with_option("set_var = CALLERID(num)=999");
    tell(1, Weather::CLEAR, &configuration, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        bob.will(Manner::Answer(secs(1))).await;
        alice.dial("1").await;
        world.run_until("they talk", secs(9), |w| w.talking(&alice, &bob)).await;
        assert_eq!(world.outcome(), "999|sales|de|sales|down|de");
        assert!(bob.call().invite.contains("999"), "{}", bob.call().invite);
        alice.hang_up().await;
        world.assert_no_leaks().await;
    });
}
