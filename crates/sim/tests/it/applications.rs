//! Applications and functions of the dialplan as a caller on the wire hears them. Tones are
//! measured at their frequency, on links that lose nothing.

use std::time::Duration;

use sidetone_events::Event;
use sidetone_sim::{CallState, Configuration, Line, Manner, Phone, Weather, World, secs};

use super::{press, registered, tell};

/// Tells a story of alice, who is registered, in a dialplan with these lines more.
fn tell_of(extensions: &str, story: impl AsyncFnOnce(World, Phone)) {
    let mut configuration = Configuration::default();
    configuration.extensions += "\n[internal](+)\n";
    configuration.extensions += extensions;
    tell(1, Weather::CLEAR, &configuration, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        story(world.clone(), alice.clone()).await;
        alice.hang_up_all().await;
        world.assert_no_leaks().await;
    });
}

async fn answered(world: &World, phone: &Phone, number: &str) {
    phone.dial(number).await;
    let talks = |_: &World| phone.state() == Some(CallState::Talking);
    world.run_until("it is answered", secs(5), talks).await;
    // Until media flows both ways.
    world.run_for(Duration::from_millis(300)).await;
}

fn global(world: &World, name: &str) -> String {
    world.exchange().global(name).unwrap_or_default()
}

#[test]
fn progress_lets_a_caller_hear_before_the_answer() {
    let plan = "exten => 701,1,Progress()\n same => n,PlayTones(700)\n same => n,Wait(3)\n \
                same => n,Hangup(17)\n";
    tell_of(plan, async |world: World, alice: Phone| {
        alice.dial("701").await;
        let hears = |_: &World| alice.hears();
        world.run_until("early media arrives", secs(5), hears).await;
        assert!(world.listen(&alice, secs(1)).await.is_tone(700.0));
        assert_eq!(alice.state(), Some(CallState::Ringing));
        assert!(world.ladder().iter().any(|line| line.contains("SIP/2.0 183 ")));
        world.run_until("it ends", secs(5), |_| alice.is_over()).await;
        assert_eq!(alice.state(), Some(CallState::Over(486)));
        assert!(!world.ladder().iter().any(|line| line.contains("200 OK (CSeq: 2 INVITE)")));
    });
}

#[test]
fn a_prompt_plays_as_early_media_and_the_call_is_answered_later() {
    let plan = "exten => 702,1,Playback(tone-900-2000,NoAnswer)\n \
                same => n,Set(GLOBAL(BEFORE)=${CHANNEL(state)} ${PLAYBACKSTATUS})\n \
                same => n,Answer()\n same => n,Playback(tone-600-3000)\n same => n,Wait(5)\n";
    tell_of(plan, async |world: World, alice: Phone| {
        alice.dial("702").await;
        world.run_until("early media arrives", secs(5), |_| alice.hears()).await;
        assert!(world.listen(&alice, secs(1)).await.is_tone(900.0));
        assert_eq!(alice.state(), Some(CallState::Ringing));
        let talks = |_: &World| alice.state() == Some(CallState::Talking);
        world.run_until("it is answered", secs(5), talks).await;
        world.run_for(Duration::from_millis(300)).await;
        assert!(world.listen(&alice, secs(1)).await.is_tone(600.0));
        assert_eq!(global(&world, "BEFORE"), "Ring SUCCESS");
    });
}

#[test]
fn ringing_says_180_before_the_answer_and_plays_the_tone_after_it() {
    let plan = "exten => 703,1,Ringing()\n same => n,Wait(2)\n same => n,Answer()\n \
                same => n,Ringing()\n same => n,Wait(4)\n";
    tell_of(plan, async |world: World, alice: Phone| {
        alice.dial("703").await;
        world.run_for(secs(1)).await;
        assert_eq!(alice.state(), Some(CallState::Ringing));
        assert!(world.ladder().iter().any(|line| line.contains("SIP/2.0 180 ")));
        assert!(!alice.hears(), "180 brings no media");
        let talks = |_: &World| alice.state() == Some(CallState::Talking);
        world.run_until("it is answered", secs(5), talks).await;
        world.run_for(Duration::from_millis(300)).await;
        let heard = world.listen(&alice, secs(1)).await;
        for hz in [440.0, 480.0] {
            assert!((0.4..0.6).contains(&heard.share_of(hz)), "{hz}: {}", heard.share_of(hz));
        }
    });
}

#[test]
fn busy_and_congestion_refuse_a_call_and_play_tones_to_an_answered_one() {
    let plan = "exten => 704,1,Busy()\nexten => 705,1,Congestion()\n\
                exten => 706,1,Answer()\n same => n,Busy(3)\n\
                exten => 707,1,Answer()\n same => n,Congestion(3)\n";
    tell_of(plan, async |world: World, alice: Phone| {
        for (number, status) in [("704", 486), ("705", 503)] {
            alice.dial(number).await;
            world.run_until("it is refused", secs(5), |_| alice.is_over()).await;
            assert_eq!(alice.state(), Some(CallState::Over(status)));
        }
        for number in ["706", "707"] {
            answered(&world, &alice, number).await;
            let heard = world.listen(&alice, secs(1)).await;
            for hz in [480.0, 620.0] {
                // On half of the time: a quarter of all power stays at the frequency itself.
                let share = heard.share_of(hz);
                assert!((0.2..0.3).contains(&share), "{number} {hz}: {share}");
            }
            world.run_until("it ends by itself", secs(5), |_| alice.is_over()).await;
        }
    });
}

#[test]
fn milliwatt_is_a_tone_of_1004_hz() {
    let plan = "exten => 708,1,Milliwatt()\nexten => 709,1,Milliwatt(o)\n";
    tell_of(plan, async |world: World, alice: Phone| {
        for (number, hz, other) in [("708", 1_004.0, 1_000.0), ("709", 1_000.0, 1_004.0)] {
            answered(&world, &alice, number).await;
            let heard = world.listen(&alice, secs(1)).await;
            assert!(heard.is_tone(hz) && !heard.is_tone(other), "{number}");
            assert!((980..=1_020).contains(&heard.length_ms()), "{} ms", heard.length_ms());
            alice.hang_up().await;
            world.run_until("it is over", secs(5), |_| alice.is_over()).await;
        }
    });
}

#[test]
fn a_tone_plays_while_the_dialplan_goes_on_until_it_is_stopped() {
    let plan = "exten => 710,1,Answer()\n same => n,PlayTones(425)\n \
                same => n,Set(GLOBAL(ON)=yes)\n same => n,Wait(3)\n same => n,StopPlayTones()\n \
                same => n,Wait(3)\n";
    tell_of(plan, async |world: World, alice: Phone| {
        answered(&world, &alice, "710").await;
        assert_eq!(global(&world, "ON"), "yes");
        assert!(world.listen(&alice, secs(1)).await.is_tone(425.0));
        world.run_for(secs(2)).await;
        assert!(world.listen(&alice, secs(1)).await.is_silent());
    });
}

const MENU: &str = "\
exten => 711,1,Answer()
 same => n,Set(TIMEOUT(digit)=1)
 same => n,BackGround(tone-700-5000)
 same => n,WaitExten(2)
exten => 12,1,Set(GLOBAL(REACHED)=12 ${BACKGROUNDSTATUS})
 same => n,PlayTones(1200)
 same => n,Wait(3)
exten => _3X,1,Set(GLOBAL(REACHED)=${EXTEN})
exten => i,1,Set(GLOBAL(REACHED)=invalid ${INVALID_EXTEN})
exten => t,1,Set(GLOBAL(REACHED)=nothing)
";

#[test]
fn a_digit_stops_the_prompt_and_leads_to_an_extension() {
    tell_of(MENU, async |world: World, alice: Phone| {
        answered(&world, &alice, "711").await;
        assert!(world.listen(&alice, secs(1)).await.is_tone(700.0));
        press(&world, &alice, "12").await;
        world.run_for(Duration::from_millis(300)).await;
        assert_eq!(global(&world, "REACHED"), "12 SUCCESS");
        assert!(world.listen(&alice, secs(1)).await.is_tone(1_200.0));
    });
}

#[test]
fn options_say_which_digits_stop_the_prompt() {
    // Whether it still plays after 1 and after 12, and where the call went.
    for (option, after_one, after_two, reached) in
        [("p", true, true, ""), ("m", true, false, "2 alone")]
    {
        let plan = MENU.replace("tone-700-5000", &format!("tone-700-5000,{option}"))
            + "exten => 2,1,Set(GLOBAL(REACHED)=2 alone)\n same => n,Wait(9)\n";
        tell_of(&plan, async |world: World, alice: Phone| {
            answered(&world, &alice, "711").await;
            let plays = async || world.listen(&alice, Duration::from_millis(500)).await;
            press(&world, &alice, "1").await;
            world.run_for(Duration::from_millis(200)).await;
            assert_eq!(plays().await.is_tone(700.0), after_one, "{option}");
            press(&world, &alice, "2").await;
            world.run_for(Duration::from_millis(200)).await;
            assert_eq!(plays().await.is_tone(700.0), after_two, "{option}");
            assert_eq!(global(&world, "REACHED"), reached, "{option}");
            alice.hang_up().await;
        });
    }
}

#[test]
fn after_the_prompt_an_extension_may_still_be_dialled() {
    tell_of(MENU, async |world: World, alice: Phone| {
        for (digits, reached) in [("34", "34"), ("9", "invalid 9"), ("", "nothing")] {
            answered(&world, &alice, "711").await;
            world.run_for(secs(5)).await;
            press(&world, &alice, digits).await;
            world.run_until("it goes on", secs(5), |_| alice.is_over()).await;
            assert_eq!(global(&world, "REACHED"), reached);
        }
    });
}

#[test]
fn read_takes_digits_until_enough_or_a_hash_or_the_time_is_over() {
    let plan = "exten => 712,1,Read(PIN,tone-600-3000,4,,1,3)\n \
                same => n,Set(GLOBAL(PIN)=${PIN} ${READSTATUS})\n";
    tell_of(plan, async |world: World, alice: Phone| {
        for (keys, read) in [("1234", "1234 OK"), ("56#", "56 OK"), ("7", "7 TIMEOUT")] {
            answered(&world, &alice, "712").await;
            assert!(world.listen(&alice, secs(1)).await.is_tone(600.0), "Read answers and asks");
            press(&world, &alice, keys).await;
            world.run_until("it goes on", secs(10), |_| alice.is_over()).await;
            assert_eq!(global(&world, "PIN"), read);
        }
    });
}

#[test]
fn what_was_pressed_before_a_hangup_is_there_afterwards_and_read_may_be_skipped() {
    let plan = "exten => 712,1,Read(PIN,,4)\n\
                exten => 720,1,Read(PIN,,4,s)\n \
                same => n,Set(GLOBAL(KEPT)=${PIN} ${READSTATUS})\n\
                exten => h,1,Set(GLOBAL(KEPT)=${PIN} ${READSTATUS})\n";
    tell_of(plan, async |world: World, alice: Phone| {
        answered(&world, &alice, "712").await;
        world.run_for(secs(1)).await;
        press(&world, &alice, "12").await;
        alice.hang_up().await;
        world.run_until("it is over", secs(10), |_| alice.is_over()).await;
        world.run_for(secs(1)).await;
        assert_eq!(global(&world, "KEPT"), "12 HANGUP");
        alice.dial("720").await;
        world.run_until("it goes on", secs(10), |_| alice.is_over()).await;
        assert_eq!(global(&world, "KEPT"), " SKIPPED");
    });
}

#[test]
fn goto_if_time_branches_on_the_clock() {
    // The clock of a world begins at the machine's and goes on with the world's time.
    let now = jiff::Zoned::now();
    let at = |minutes: i64, form: &str| {
        let at = now.checked_add(jiff::SignedDuration::from_mins(minutes));
        at.expect("this century").strftime(form).to_string().to_lowercase()
    };
    const DAY: i64 = 24 * 60;
    let plan = format!(
        "exten => 713,1,Set(GLOBAL(WENT)=)\n \
         same => n,GotoIfTime({from}-{to},*,*,*?within,1:beyond,1)\n\
         exten => 715,1,GotoIfTime(*,{yesterday},*,*?within,1:beyond,1)\n\
         exten => 716,1,GotoIfTime(*,{today}-{tomorrow},*,*?within,1:beyond,1)\n\
         exten => within,1,Set(GLOBAL(WENT)=within)\n\
         exten => beyond,1,Set(GLOBAL(WENT)=beyond)\n",
        from = at(-5, "%H:%M"),
        to = at(5, "%H:%M"),
        yesterday = at(-DAY, "%a"),
        today = at(0, "%a"),
        tomorrow = at(DAY, "%a"),
    );
    tell_of(&plan, async |world: World, alice: Phone| {
        let went = async |number: &str| {
            let before = alice.calls().len();
            alice.dial(number).await;
            let over = |_: &World| alice.calls().len() > before && alice.is_over();
            world.run_until("it ends", secs(5), over).await;
            global(&world, "WENT")
        };
        assert_eq!(went("713").await, "within");
        assert_eq!(went("715").await, "beyond");
        assert_eq!(went("716").await, "within");
        world.run_for(secs(8 * 60)).await;
        assert_eq!(went("713").await, "beyond", "the minutes are over");
    });
}

#[test]
fn the_dialplan_knows_the_channel_and_the_headers_of_its_call() {
    let plan = "exten => 714,1,Answer()\n \
                same => n,Set(GLOBAL(A)=${CHANNEL(channeltype)} ${CHANNEL(endpoint)} \
                ${CHANNEL(state)} ${CHANNEL(exten)} ${CHANNEL(context)} ${CHANNEL(peerip)})\n \
                same => n,Set(GLOBAL(B)=${CHANNEL(audioreadformat)} ${CHANNEL(secure_media)} \
                ${CHANNEL(secure_signaling)} ${CHANNEL(pjsip,remote_addr)} \
                ${CHANNEL(pjsip,local_addr)} ${CHANNEL(pjsip,request_uri)})\n \
                same => n,Set(GLOBAL(C)=${IF($[\"${CHANNEL(pjsip,call-id)}\" = \
                \"${PJSIP_HEADER(read,Call-ID)}\"]?same:other)} ${PJSIP_HEADER(read,X-Who)} \
                ${PJSIP_HEADER(read,X-Who,2)} ${PJSIP_HEADER(read,X-None)}.)\n \
                same => n,Set(GLOBAL(D)=${CUT(CHANNEL,-,1)} \
                ${IF($[${LEN(${UNIQUEID})} > 5]?id:)})\n";
    tell_of(plan, async |world: World, alice: Phone| {
        alice.will_say(&[("X-Who", "one"), ("X-Who", "two")]).await;
        alice.dial("714").await;
        world.run_until("it ends", secs(5), |_| alice.is_over()).await;
        let ip = alice.ip();
        assert_eq!(global(&world, "A"), format!("PJSIP alice Up 714 internal {ip}"));
        let addresses = format!("ulaw 0 0 {ip}:5060 192.0.2.1:5060 sip:714@192.0.2.1");
        assert_eq!(global(&world, "B"), addresses);
        assert_eq!(global(&world, "C"), "same one two .");
        assert_eq!(global(&world, "D"), "PJSIP/alice id");
    });
}

#[test]
fn a_browsers_channel_is_secure_and_speaks_opus() {
    let plan = "exten => 715,1,Answer()\n \
                same => n,Set(GLOBAL(B)=${CHANNEL(audioreadformat)} ${CHANNEL(secure_media)})\n";
    tell_of(plan, async |world: World, _: Phone| {
        let wendy = registered(&world, "wendy", Line::WebSocket).await;
        wendy.dial("715").await;
        world.run_until("it ends", secs(5), |_| wendy.is_over()).await;
        assert_eq!(global(&world, "B"), "opus 1");
    });
}

#[test]
fn who_calls_can_be_read_and_changed_and_the_callee_sees_it() {
    let plan = "exten => 716,1,Set(GLOBAL(WAS)=${CALLERID(num)} ${CALLERID(dnid)})\n \
                same => n,Set(CALLERID(name)=The Boss)\n same => n,Set(CALLERID(num)=4711)\n \
                same => n,Set(GLOBAL(IS)=${CALLERID(all)})\n same => n,Dial(PJSIP/bob,5)\n";
    tell_of(plan, async |world: World, alice: Phone| {
        let bob = registered(&world, "bob", Line::Udp).await;
        bob.will(Manner::Refuse(486)).await;
        alice.dial("716").await;
        world.run_until("it ends", secs(15), |_| alice.is_over()).await;
        assert_eq!(global(&world, "WAS"), "alice 716");
        assert_eq!(global(&world, "IS"), "\"The Boss\" <4711>");
        let invite = bob.call().invite;
        assert!(invite.contains("From: \"The Boss\" <sip:4711@"), "{invite}");
    });
}

#[test]
fn loops_and_conditions_run_in_a_call() {
    let plan = "exten => 717,1,Set(I=0)\n same => n,While($[${I} < 10])\n \
                same => n,Set(I=$[${I} + 1])\n same => n,ExecIf($[${I} = 2]?ContinueWhile())\n \
                same => n,Set(LIST=${LIST}${I})\n same => n,ExecIf($[${I} = 5]?ExitWhile())\n \
                same => n,EndWhile()\n same => n,Set(GLOBAL(LIST)=${LIST})\n \
                same => n,ExecIf($[0]?Set(GLOBAL(E)=yes):Set(GLOBAL(E)=no))\n \
                same => n,Gosub(sub,1(a,b))\n same => n,Set(GLOBAL(R)=${GOSUB_RETVAL})\n\
                exten => sub,1,Return(${ARG2}${ARG1})\n";
    tell_of(plan, async |world: World, alice: Phone| {
        alice.dial("717").await;
        world.run_until("it ends", secs(5), |_| alice.is_over()).await;
        assert_eq!(global(&world, "LIST"), "1345");
        assert_eq!((global(&world, "E"), global(&world, "R")), ("no".into(), "ba".into()));
    });
}

#[test]
fn a_table_of_the_channel_is_filled_read_and_cleared() {
    let plan = "exten => 715,1,Set(HASH(door,246)=open)\n same => n,Set(HASH(gate,1)=shut)\n \
                same => n,Set(GLOBAL(BEFORE)=${HASHKEYS(door)} ${HASH(door,246)})\n \
                same => n,ClearHash(door)\n \
                same => n,Set(GLOBAL(AFTER)=<${HASHKEYS(door)}> ${HASH(gate,1)})\n";
    tell_of(plan, async |world: World, alice: Phone| {
        alice.dial("715").await;
        world.run_until("it ends", secs(5), |_| alice.is_over()).await;
        assert_eq!(global(&world, "BEFORE"), "246 open");
        assert_eq!(global(&world, "AFTER"), "<> shut");
    });
}

#[test]
fn a_user_event_reaches_whoever_listens() {
    let plan = "exten => 718,1,UserEvent(Doorbell,Door: front,Count: 2)\n";
    tell_of(plan, async |world: World, alice: Phone| {
        let mut events = world.exchange().bus().subscribe();
        alice.dial("718").await;
        world.run_until("it ends", secs(5), |_| alice.is_over()).await;
        let (name, fields) = loop {
            if let Event::User { name, fields, .. } = &*events.next().await.expect("an event") {
                break (name.clone(), fields.clone());
            }
        };
        let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(name, "Doorbell");
        assert_eq!(fields, [field("Door", "front"), field("Count", "2")]);
    });
}

#[test]
fn the_hangup_extension_runs_when_either_side_ends_the_call() {
    let plan = "exten => 719,1,Answer()\n same => n,Wait(60)\n\
                exten => 720,1,Answer()\n same => n,Hangup()\n\
                exten => h,1,Set(GLOBAL(H)=${EXTEN} after ${CHANNEL(exten)} ${CHANNEL(state)})\n \
                same => n,Set(GLOBAL(TIMES)=$[0${GLOBAL(TIMES)} + 1])\n";
    tell_of(plan, async |world: World, alice: Phone| {
        answered(&world, &alice, "719").await;
        alice.hang_up().await;
        world.run_for(secs(1)).await;
        assert_eq!(global(&world, "TIMES"), "1");
        assert!(global(&world, "H").starts_with("h after "), "{}", global(&world, "H"));
        alice.dial("720").await;
        world.run_until("it ends", secs(5), |_| alice.is_over()).await;
        world.run_for(secs(1)).await;
        assert_eq!(global(&world, "TIMES"), "2");
    });
}

#[test]
fn the_time_of_a_call_leads_to_its_own_extension() {
    let plan = "exten => 721,1,Answer()\n same => n,Set(TIMEOUT(absolute)=3)\n \
                same => n,Echo()\nexten => T,1,PlayTones(800)\n same => n,Wait(3)\n \
                same => n,Set(GLOBAL(OVER)=time)\n";
    tell_of(plan, async |world: World, alice: Phone| {
        answered(&world, &alice, "721").await;
        assert!(
            world.listen(&alice, secs(1)).await.is_tone(alice.voice()),
            "the echo of alice's tone"
        );
        world.run_for(secs(2)).await;
        assert!(world.listen(&alice, secs(1)).await.is_tone(800.0));
        world.run_until("it ends", secs(5), |_| alice.is_over()).await;
        assert_eq!(global(&world, "OVER"), "time");
    });
}

#[test]
fn the_extension_for_errors_takes_what_has_no_other() {
    let plan = "exten => 722,1,Set(N=99999)\n same => n,Goto(${N},1)\n\
                exten => 723,1,Answer()\n same => n,WaitExten(1)\n\
                exten => 724,1,Set(C=nowhere)\n same => n,Goto(${C},s,1)\n\
                exten => e,1,Set(GLOBAL(WENT)=${WENT}e)\n same => n,Hangup(17)\n";
    tell_of(plan, async |world: World, alice: Phone| {
        let cases = [("722", "e", 486), ("723", "ee", 200), ("724", "ee", 404)];
        for (number, went, status) in cases {
            alice.dial(number).await;
            world.run_until("it ends", secs(5), |_| alice.is_over()).await;
            assert_eq!(global(&world, "WENT"), went, "{number}");
            assert_eq!(alice.state(), Some(CallState::Over(status)), "{number}");
        }
    });
}
