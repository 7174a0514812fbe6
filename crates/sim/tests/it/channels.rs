//! What `CHANNEL()` says of a channel in a call, and what it changes.

use std::time::Duration;

use sidetone_sim::{CallState, Configuration, Line, Manner, Phone, Weather, World, secs};

use super::{registered, tell};

/// Tells a story of alice and bob, who are registered, in a dialplan with these lines more.
fn tell_of(extensions: &str, story: impl AsyncFnOnce(World, Phone, Phone)) {
    let mut configuration = Configuration::default();
    configuration.extensions += extensions;
    configuration.pjsip += "\n[alice](+)\naccountcode = sales\ncall_group = 1,3\n\
                            named_pickup_group = shop\n";
    tell(1, Weather::CLEAR, &configuration, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        story(world.clone(), alice.clone(), bob).await;
        alice.hang_up_all().await;
        world.assert_no_leaks().await;
    });
}

fn global(world: &World, name: &str) -> String {
    world.exchange().global(name).unwrap_or_default()
}

async fn is_up(world: &World, phone: &Phone) {
    let talks = |_: &World| phone.state() == Some(CallState::Talking);
    world.run_until("it is answered", secs(5), talks).await;
    world.run_for(Duration::from_millis(300)).await;
}

#[test]
fn the_language_of_a_channel_chooses_its_prompts_and_background_may_choose_another() {
    let plan = "\n[internal](+)\nexten => 1,1,Answer()\n same => n,Playback(tone-700-2000)\n \
                same => n,Set(CHANNEL(language)=de)\n same => n,Playback(tone-700-2000)\n \
                same => n,Set(GLOBAL(IN)=${CHANNEL(language)})\n \
                same => n,Background(tone-700-2000,,en)\n same => n,Hangup()\n";
    tell_of(plan, async |world: World, alice: Phone, _| {
        alice.dial("1").await;
        is_up(&world, &alice).await;
        assert!(world.listen(&alice, secs(1)).await.is_tone(700.0));
        world.run_for(Duration::from_millis(1_100)).await;
        assert!(world.listen(&alice, secs(1)).await.is_tone(800.0));
        world.run_for(Duration::from_millis(1_000)).await;
        assert_eq!(global(&world, "IN"), "de");
        assert!(world.listen(&alice, secs(1)).await.is_tone(700.0));
        world.run_until("it ends", secs(5), |_| alice.is_over()).await;
    });
}

#[test]
fn a_channel_tells_who_it_is_and_takes_another_account() {
    let plan = "\n[internal](+)\nexten => 1,1,Set(GLOBAL(A)=${CHANNEL(name)} ${CHANNEL(uniqueid)} \
                ${CHANNEL(linkedid)} ${CHANNEL(accountcode)} ${CHANNEL(channeltype)} \
                ${CHANNEL(language)} ${CHANNEL(checkhangup)})\n \
                same => n,Set(CHANNEL(accountcode)=house)\n same => n,Set(CHANNEL(userfield)=x)\n \
                same => n,Set(GLOBAL(B)=${ACCOUNTCODE} ${CHANNEL(accountcode)} \
                ${CHANNEL(userfield)} ${CHANNEL(callgroup)} ${CHANNEL(namedpickupgroup)} \
                ${CHANNEL(appname)} ${CHANNEL(callid)})\n \
                same => n,Set(GLOBAL(C)=${CHANNEL} ${UNIQUEID} ${DATETIME} ${TIMESTAMP})\n \
                same => n,Set(CHANNEL(name)=other)\n same => n,Dial(Local/2@internal,5)\n\
                exten => 2,1,Set(GLOBAL(D)=${CHANNEL(channeltype)})\n same => n,Answer()\n \
                same => n,Wait(60)\n";
    tell_of(plan, async |world: World, alice: Phone, _| {
        alice.dial("1").await;
        is_up(&world, &alice).await;
        let (a, c) = (global(&world, "A"), global(&world, "C"));
        let (a, c): (Vec<&str>, Vec<&str>) = (a.split(' ').collect(), c.split(' ').collect());
        assert!(a[0].starts_with("PJSIP/alice-"), "{a:?}");
        assert_eq!((a[0], a[1], a[1]), (c[0], c[1], a[2]));
        assert_eq!(a[3..], ["sales", "PJSIP", "en", "0"]);
        let b = global(&world, "B");
        let known = b.strip_prefix("house house x 1,3 shop Set ").expect(&b);
        assert!(known.len() > 5 && !known.contains(' '), "the Call-ID: {known}");
        assert!(c[2].len() == 17 && c[2].contains('-'), "ddmmyyyy-hh:mm:ss: {}", c[2]);
        assert!(c[3].len() == 15 && c[3].contains('-'), "yyyymmdd-hhmmss: {}", c[3]);
        assert_eq!(global(&world, "D"), "Local");
    });
}

const HANDLERS: &str = "
[internal](+)
exten => 1,1,Set(CHANNEL(hangup_handler_push)=ends,s,1(first))
 same => n,Set(CHANNEL(hangup_handler_push)=ends,s,1(gone))
 same => n,Set(CHANNEL(hangup_handler_pop)=ends,s,1(second))
 same => n,Dial(PJSIP/bob,20,b(called^s^1))
exten => h,1,Set(GLOBAL(ENDS)=${GLOBAL(ENDS)}h )
[called]
exten => s,1,Set(CHANNEL(hangup_handler_push)=ends,s,1(callee))
 same => n,Return()
[ends]
exten => s,1,Set(GLOBAL(ENDS)=${GLOBAL(ENDS)}${ARG1}:${CHANNEL(endpoint)}:${HANGUPCAUSE} )
 same => n,Return()
";

#[test]
fn hangup_handlers_run_at_the_end_of_each_side_of_a_call() {
    tell_of(HANDLERS, async |world: World, alice: Phone, bob: Phone| {
        alice.dial("1").await;
        world.run_until("it rings", secs(5), |_| bob.is_alerted()).await;
        bob.answer().await;
        world.run_until("they talk", secs(5), |w| w.talking(&alice, &bob)).await;
        alice.hang_up().await;
        world.run_for(secs(1)).await;
        let ends = global(&world, "ENDS");
        let mut ends: Vec<&str> = ends.split_whitespace().collect();
        let callee = ends.iter().position(|end| end.starts_with("callee:bob"));
        ends.remove(callee.expect("the callee's ran"));
        assert_eq!(ends, ["h", "second:alice:16", "first:alice:16"]);
    });
}

#[test]
fn the_handler_of_a_called_party_runs_when_it_refuses_too() {
    tell_of(HANDLERS, async |world: World, alice: Phone, bob: Phone| {
        alice.dial("1").await;
        world.run_until("it rings", secs(5), |_| bob.is_alerted()).await;
        bob.refuse(486).await;
        world.run_for(secs(1)).await;
        let ends = global(&world, "ENDS");
        assert_eq!(ends.matches("callee:bob:17").count(), 1, "{ends}");
    });
}

#[test]
fn the_dialplan_knows_the_hint_of_its_extension_and_the_directories() {
    let plan = "\n[internal](+)\nexten => 1,hint,PJSIP/bob&PJSIP/carol(Bob at the desk)\n\
                exten => 1,1,Set(GLOBAL(A)=${HINT}|${HINTNAME})\n \
                same => n,Set(GLOBAL(B)=${ASTLOGDIR}|${ASTSPOOLDIR}|${ASTAGIDIR}|${ASTKEYDIR})\n \
                same => n,Set(ASTRUNDIR=/mine)\n same => n,Set(GLOBAL(C)=${ASTRUNDIR})\n \
                same => n,Goto(2,1)\n\
                exten => 2,1,Set(GLOBAL(D)=[${HINT}${HINTNAME}${ASTMODDIR}])\n \
                same => n,Hangup()\n";
    tell_of(plan, async |world: World, alice: Phone, _| {
        alice.dial("1").await;
        world.run_until("it ends", secs(5), |_| alice.is_over()).await;
        assert_eq!(global(&world, "A"), "PJSIP/bob&PJSIP/carol|Bob at the desk");
        let directories = "/var/log/sidetone|/var/spool/sidetone|/var/lib/sidetone/agi-bin|\
                           /var/lib/sidetone";
        assert_eq!(global(&world, "B"), directories);
        assert_eq!(global(&world, "C"), "/run/sidetone", "the server's own are not to be set");
        assert_eq!(global(&world, "D"), "[]", "no hint here");
    });
}

const BEFORE_AND_AFTER: &str = "
[internal](+)
exten => 1,1,Goto(2,1)
exten => 2,1,Set(GLOBAL(WAS)=${CHANNEL(lastexten)}@${CHANNEL(lastcontext)})
 same => n,Set(CHANNEL(after_bridge_goto)=after,1)
 same => n,Set(GLOBAL(GOTO)=${CHANNEL(after_bridge_goto)})
 same => n,Dial(PJSIP/bob,20,b(called^s^1))
 same => n,Set(GLOBAL(AFTER)=not here)
exten => after,1,Set(GLOBAL(AFTER)=${CHANNEL(endpoint)} ${CHANNEL(hangupsource)})
 same => n,Wait(1)
 same => n,Hangup()
[called]
exten => s,1,Set(CHANNEL(after_bridge_goto)=internal,after,1)
 same => n,Return()
";

#[test]
fn a_channel_knows_where_it_was_and_who_hung_up_and_goes_on_after_its_bridge() {
    tell_of(BEFORE_AND_AFTER, async |world: World, alice: Phone, bob: Phone| {
        for (leaver, stays) in [(&bob, "alice"), (&alice, "bob")] {
            world.exchange().set_global("AFTER", None);
            alice.dial("1").await;
            world.run_until("it rings", secs(5), |_| bob.is_alerted()).await;
            bob.answer().await;
            world.run_until("they talk", secs(5), |w| w.talking(&alice, &bob)).await;
            assert_eq!(global(&world, "WAS"), "1@internal");
            assert_eq!(global(&world, "GOTO"), "internal,after,1");
            leaver.hang_up().await;
            world.run_for(Duration::from_millis(500)).await;
            let after = global(&world, "AFTER");
            let by = if stays == "alice" { "PJSIP/bob-" } else { "PJSIP/alice-" };
            assert!(after.starts_with(&format!("{stays} {by}")), "{after}");
            world.run_for(secs(2)).await;
            assert!(alice.is_over() && bob.is_over());
        }
    });
}

const ROUND: &str = "
[internal](+)
exten => 1,1,Set(GLOBAL(ROUNDS)=$[0${ROUNDS} + 1])
 same => n,Set(CHANNEL(after_bridge_goto)=1,1)
 same => n,Dial(Local/at-once@internal/n,20)
exten => at-once,1,Answer()
 same => n,Hangup()
";

#[test]
fn one_whose_calls_end_at_once_and_lead_back_goes_round_once_a_second() {
    tell_of(ROUND, async |world: World, alice: Phone, _| {
        alice.dial("1").await;
        world.run_for(secs(20)).await;
        let rounds: u32 = global(&world, "ROUNDS").parse().unwrap();
        assert!((15..=30).contains(&rounds), "{rounds}");
        alice.hang_up().await;
        world.run_for(secs(2)).await;
        assert_eq!(global(&world, "ROUNDS").parse(), Ok(rounds), "the rest ends with the call");
    });
}

const SECURE: &str = "
[internal](+)
exten => _[12]X,1,Set(CHANNEL(secure_bridge_${IF($[${EXTEN:0:1} = 1]?media:signaling)})=1)
 same => n,Goto(to-${EXTEN:1},1)
exten => to-0,1,Dial(PJSIP/bob,5)
 same => n,Goto(told,1)
exten => to-1,1,Dial(Local/bob@internal/n,5)
 same => n,Goto(told,1)
exten => to-2,1,Dial(PJSIP/wendy,5)
 same => n,Goto(told,1)
exten => told,1,Set(GLOBAL(OUTCOME)=${DIALSTATUS} ${HANGUPCAUSE})
 same => n,Set(GLOBAL(DEMAND)=${CHANNEL(secure_bridge_media)}${CHANNEL(secure_bridge_signaling)})
";

#[test]
fn whoever_demands_security_of_those_it_calls_gets_it_or_nobody() {
    tell_of(SECURE, async |world: World, alice: Phone, bob: Phone| {
        let wendy = registered(&world, "wendy", Line::WebSocket).await;
        let refused = "CONGESTION 58";
        for (number, demand, outcome) in [
            ("10", "10", refused),
            ("11", "10", "CONGESTION"),
            ("20", "01", refused),
            ("21", "01", "CONGESTION"),
            ("22", "01", refused),
        ] {
            world.exchange().set_global("OUTCOME", None);
            alice.dial(number).await;
            world.run_until("it is over", secs(9), |_| alice.is_over()).await;
            assert!(!bob.is_alerted() && !wendy.is_alerted(), "{number}");
            assert!(world.outcome().starts_with(outcome), "{number}: {}", world.outcome());
            assert_eq!(global(&world, "DEMAND"), demand, "{number}");
        }
        alice.dial("12").await;
        world.run_until("wendy's media is encrypted", secs(5), |_| wendy.is_alerted()).await;
    });
}

#[test]
fn the_counts_of_rtcp_are_read_while_the_call_runs() {
    let plan = "\n[internal](+)\nexten => 1,1,Answer()\n same => n,Playback(tone-700-2000)\n \
                same => n,Set(GLOBAL(ONE)=${CHANNEL(rtcp,rxcount)} ${CHANNEL(rtcp,txcount,audio)} \
                ${CHANNEL(rtcp,rxploss)} ${CHANNEL(rtcp,ssrc)})\n \
                same => n,Set(GLOBAL(ALL)=${CHANNEL(rtcp,all)})\n \
                same => n,Set(GLOBAL(CUT)=${CUT(CHANNEL(rtcp,all),\\;,1)})\n \
                same => n,Set(GLOBAL(NONE)=[${CHANNEL(rtcp,rxcount,video)}])\n \
                same => n,Set(GLOBAL(LATER)=[${CHANNEL(rtcp,rxmes)}])\n \
                same => n,Hangup()\n";
    tell_of(plan, async |world: World, alice: Phone, _| {
        alice.dial("1").await;
        world.run_until("it ends", secs(9), |_| alice.is_over()).await;
        let one = global(&world, "ONE");
        let one: Vec<u64> = one.split(' ').map(|word| word.parse().expect(&one)).collect();
        let [received, sent, lost, ssrc] = one[..] else { panic!("{one:?}") };
        assert!((95..=105).contains(&received) && (95..=105).contains(&sent), "{one:?}");
        assert!(lost == 0 && ssrc != 0, "{one:?}");
        let all = global(&world, "ALL");
        assert!(all.starts_with(&format!("ssrc={ssrc};themssrc=")), "{all}");
        assert_eq!(global(&world, "CUT"), format!("ssrc={ssrc}"), "within another function");
        let names: Vec<&str> = all.split(';').filter_map(|pair| pair.split('=').next()).collect();
        let known =
            ["ssrc", "themssrc", "lp", "rxjitter", "rxcount", "txjitter", "txcount", "rlp", "rtt"];
        assert_eq!(names[..9], known);
        assert_eq!(global(&world, "NONE"), "[]");
        assert_eq!(global(&world, "LATER"), "[]");
    });
}

#[test]
fn a_call_is_forwarded_as_often_as_the_dialplan_lets_it() {
    let plan = "\n[internal](+)\nexten => _[01],1,Set(CHANNEL(max_forwards)=${EXTEN})\n \
                same => n,Dial(PJSIP/bob,5)\n \
                same => n,Set(GLOBAL(OUTCOME)=${DIALSTATUS})\n \
                same => n,Set(GLOBAL(LEFT)=${CHANNEL(max_forwards)})\n";
    tell_of(plan, async |world: World, alice: Phone, bob: Phone| {
        let carol = registered(&world, "carol", Line::Udp).await;
        bob.will(Manner::Forward("carol")).await;
        for (most, rings) in [("0", false), ("1", true)] {
            alice.dial(most).await;
            world.run_for(secs(2)).await;
            assert_eq!(carol.is_alerted(), rings, "{most}");
            world.run_until("it is over", secs(9), |_| alice.is_over()).await;
            assert_eq!(global(&world, "LEFT"), "0", "{most}");
        }
        assert_eq!(world.outcome(), "NOANSWER");
    });
}
