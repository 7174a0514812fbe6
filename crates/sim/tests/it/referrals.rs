//! Transfers by SIP: REFER from the phones, REFER and 302 from the dialplan, INVITE with Replaces.

use std::time::Duration;

use sidetone_base::ChannelId;
use sidetone_dialplan::{Doc, Stop};
use sidetone_pbx::channel::{BranchEvent, Control};
use sidetone_pbx::{Application, Cause};
use sidetone_sim::{CallState, Configuration, Line, Manner, Phone, Saying, Weather, World, secs};

use super::{FEW, registered, seeds, tell, tell_everywhere, tell_over};

/// The value of a header of a message.
fn header<'a>(message: &'a str, name: &str) -> &'a str {
    let begin = format!("{name}: ");
    let line = message.lines().find(|line| line.starts_with(&begin)).unwrap_or_default();
    line.strip_prefix(&begin).unwrap_or_default()
}

fn tag(value: &str) -> &str {
    value.split(";tag=").nth(1).unwrap_or_default()
}

fn refer(to: &str) -> Saying {
    Saying::new("REFER", &[("Refer-To", to), ("Referred-By", "<sip:alice@192.0.2.1>")])
}

/// What a phone was told about its transfer, as the statuses of the NOTIFYs.
fn news(phone: &Phone, call: usize) -> Vec<String> {
    let asked = &phone.calls()[call].asked;
    let notifies = asked.iter().filter(|asked| asked.starts_with("NOTIFY "));
    let status = |notify: &String| {
        let body = notify.split("\r\n\r\n").nth(1).unwrap_or_default();
        body.split(' ').nth(1).unwrap_or_default().to_owned()
    };
    notifies.map(status).collect()
}

async fn talking(world: &World) -> (Phone, Phone) {
    let alice = registered(world, "alice", Line::Udp).await;
    let bob = registered(world, "bob", Line::Udp).await;
    bob.will(Manner::Answer(secs(1))).await;
    alice.dial("bob").await;
    world.run_until("they talk", secs(35), |w| w.talking(&alice, &bob)).await;
    (alice, bob)
}

/// RFC 5359 §2.4: alice talks with bob and sends him to carol.
#[test]
fn rfc_5359_2_4_transfer_unattended() {
    tell_over(FEW, async |world: World| {
        let (alice, bob) = talking(&world).await;
        let carol = registered(&world, "carol", Line::Tcp).await;
        carol.will(Manner::Answer(secs(2))).await;
        alice.ask(refer("<sip:carol@192.0.2.1>")).await;
        world.run_until("alice is free", secs(35), |_| alice.is_over()).await;
        world.run_until("they talk", secs(35), |w| w.talking(&bob, &carol)).await;
        assert_eq!(alice.call().told, [202]);
        world.run_for(secs(5)).await;
        assert!(world.talking(&bob, &carol), "{}", world.account());
        carol.hang_up().await;
        world.assert_no_leaks().await;
        assert_eq!(bob.state(), Some(CallState::Over(200)));
    });
}

#[test]
fn the_called_side_transfers_as_well() {
    tell_over(FEW, async |world: World| {
        let (alice, bob) = talking(&world).await;
        bob.ask(refer("<sip:600@192.0.2.1>")).await;
        world.run_until("bob is free", secs(35), |_| bob.is_over()).await;
        world.run_for(secs(3)).await;
        assert!(alice.is_talking(), "she hears herself\n{}", world.account());
        alice.hang_up().await;
        world.assert_no_leaks().await;
    });
}

/// RFC 5589 §6.1: the call of the one who transfers ends when everything is told, so that phones
/// that forget the subscription with the call know how it went.
#[test]
fn a_phone_is_told_how_its_transfer_goes() {
    for (option, expected) in [("yes", vec!["100", "180", "200"]), ("no", vec!["100", "200"])] {
        let option = format!("refer_blind_progress = {option}");
        let configuration = Configuration::default().with_option(&option);
        tell(1, Weather::CLEAR, &configuration, async |world: World| {
            let (alice, bob) = talking(&world).await;
            let carol = registered(&world, "carol", Line::Udp).await;
            alice.ask(refer("<sip:carol@192.0.2.1>")).await;
            world.run_until("carol rings", secs(35), |_| carol.is_alerted()).await;
            carol.answer().await;
            world.run_until("they talk", secs(35), |w| w.talking(&bob, &carol)).await;
            world.run_until("alice is free", secs(5), |_| alice.is_over()).await;
            assert_eq!(news(&alice, 0), expected, "{}", world.account());
            assert!(alice.call().asked.last().is_some_and(|last| last.starts_with("BYE ")));
            bob.hang_up().await;
            world.assert_no_leaks().await;
        });
    }
}

#[test]
fn a_transfer_that_cannot_be_is_refused_and_the_call_goes_on() {
    let unready = Configuration::default().with_option("allow_transfer = no");
    let usual = Configuration::default();
    let strange = Saying::new("REFER", &[]);
    for (configuration, saying, status) in [
        (&unready, refer("<sip:carol@192.0.2.1>"), 603),
        (&usual, refer("<sip:0123@192.0.2.1>"), 404),
        (&usual, strange, 400),
    ] {
        tell_everywhere(1, configuration, async |world: World| {
            let (alice, bob) = talking(&world).await;
            alice.ask(saying.clone()).await;
            world.run_until("alice is told", secs(35), |_| !alice.call().told.is_empty()).await;
            assert_eq!(alice.call().told, [status]);
            world.run_for(secs(2)).await;
            assert!(world.talking(&alice, &bob), "{}", world.account());
            alice.hang_up().await;
            world.assert_no_leaks().await;
        });
    }
}

/// Alice talks with bob, and with carol on a second line. How the exchange calls alice's leg of
/// the call with carol.
async fn consulting(world: &World) -> (Phone, Phone, Phone, String) {
    let (alice, bob) = talking(world).await;
    let carol = registered(world, "carol", Line::Tcp).await;
    carol.will(Manner::Answer(secs(1))).await;
    alice.dial("carol").await;
    world.run_until("alice consults", secs(35), |w| w.talking(&alice, &carol)).await;
    let replaces = named(&alice, 1);
    (alice, bob, carol, replaces)
}

/// What a dialog that a phone began is called in Replaces: `to-tag` is the exchange's.
fn named(phone: &Phone, call: usize) -> String {
    let answer = phone.calls()[call].answers.last().cloned().unwrap_or_default();
    let (from, to) = (tag(header(&answer, "From")), tag(header(&answer, "To")));
    format!("{};to-tag={to};from-tag={from}", header(&answer, "Call-ID"))
}

fn escaped(replaces: &str) -> String {
    replaces.replace(';', "%3B").replace('=', "%3D").replace('@', "%40")
}

/// RFC 5359 §2.5: alice joins the two she talks with.
#[test]
fn rfc_5359_2_5_transfer_attended() {
    tell_over(FEW, async |world: World| {
        let (alice, bob, carol, replaces) = consulting(&world).await;
        let target = format!("<sip:carol@192.0.2.1?Replaces={}>", escaped(&replaces));
        alice.ask_in(0, refer(&target)).await;
        let released =
            |_: &World| alice.calls().iter().all(|call| matches!(call.state, CallState::Over(200)));
        world.run_until("alice is free of both", secs(35), released).await;
        world.run_until("the others talk", secs(35), |w| w.talking(&bob, &carol)).await;
        assert_eq!(alice.calls()[0].told, [202], "{}", world.account());
        world.run_for(secs(5)).await;
        assert!(world.talking(&bob, &carol), "{}", world.account());
        bob.hang_up().await;
        world.assert_no_leaks().await;
    });
}

/// Carol is trusted with calls that are not hers (`allow_replaces=any`).
#[test]
fn an_invite_with_replaces_takes_over_an_answered_call() {
    let trusting = Configuration::default().with_option("allow_replaces = any");
    tell(1, Weather::BAD, &trusting, async |world: World| {
        let (alice, bob) = talking(&world).await;
        let carol = registered(&world, "carol", Line::Udp).await;
        carol.will_say(&[("Replaces", &named(&alice, 0)), ("Require", "replaces")]).await;
        carol.dial("whatever").await;
        world.run_until("alice is free", secs(35), |_| alice.is_over()).await;
        world.run_until("the others talk", secs(35), |w| w.talking(&bob, &carol)).await;
        carol.hang_up().await;
        world.assert_no_leaks().await;
        assert_eq!(bob.state(), Some(CallState::Over(200)));
    });
}

/// The `Replaces` of whoever takes the place of a phone that rings.
fn place_of_a_ringing_phone(phone: &Phone) -> String {
    let (invite, own_tag) = (phone.call().invite, phone.call().tag);
    let (call_id, from) = (header(&invite, "Call-ID"), tag(header(&invite, "From")));
    format!("{call_id};to-tag={from};from-tag={own_tag};early-only")
}

/// All may pick up each other's calls.
fn colleagues() -> Configuration {
    Configuration::default().with_option("call_group = 1\npickup_group = 1")
}

/// RFC 3891 §5: knowing the name of a dialog is not enough.
#[test]
fn a_stranger_to_a_call_may_not_take_a_place_in_it_and_its_party_may() {
    tell_everywhere(1, &Configuration::default(), async |world: World| {
        let (alice, bob) = talking(&world).await;
        let carol = registered(&world, "carol", Line::Udp).await;
        carol.will_say(&[("Replaces", &named(&alice, 0))]).await;
        carol.dial("whatever").await;
        world.run_until("carol is refused", secs(35), |_| carol.is_over()).await;
        assert_eq!(carol.state(), Some(CallState::Over(403)));
        assert!(world.talking(&alice, &bob), "{}", world.account());
        // Nor by REFER from a call of her own.
        let wendy = registered(&world, "wendy", Line::WebSocket).await;
        wendy.will(Manner::Answer(secs(1))).await;
        carol.will_say(&[]).await;
        carol.dial("wendy").await;
        world.run_until("they talk too", secs(35), |w| w.talking(&carol, &wendy)).await;
        let place = format!("<sip:x@192.0.2.1?Replaces={}>", escaped(&named(&alice, 0)));
        carol.ask(Saying::new("REFER", &[("Refer-To", &place)])).await;
        world.run_until("she is told no", secs(35), |_| carol.call().told == [403]).await;
        assert!(world.talking(&alice, &bob) && world.talking(&carol, &wendy));
        carol.hang_up().await;
        // Alice's other phone.
        let other = registered(&world, "alice", Line::Tcp).await;
        other.will_say(&[("Replaces", &named(&alice, 0))]).await;
        other.dial("whatever").await;
        world.run_until("the first is free", secs(35), |_| alice.is_over()).await;
        world.run_until("the other talks", secs(35), |w| w.talking(&bob, &other)).await;
        bob.hang_up().await;
        world.assert_no_leaks().await;
    });
}

/// RFC 5359 §2.16: carol takes the call that rings at bob.
#[test]
fn rfc_5359_2_16_call_pickup_by_replaces() {
    // A 180 is sent once: on a bad link the ringing dialog may never be known.
    tell(1, Weather::CLEAR, &colleagues(), async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        let carol = registered(&world, "carol", Line::Udp).await;
        alice.dial("bob").await;
        world.run_until("it rings", secs(35), |_| bob.is_alerted()).await;
        let ringing = |_: &World| alice.state() == Some(CallState::Ringing);
        world.run_until("alice hears so", secs(35), ringing).await;
        let replaces = place_of_a_ringing_phone(&bob);
        carol.will_say(&[("Replaces", &replaces)]).await;
        carol.dial("whatever").await;
        world.run_until("they talk", secs(35), |w| w.talking(&alice, &carol)).await;
        world.run_until("bob is free", secs(35), |_| bob.is_over()).await;
        alice.hang_up().await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn of_two_who_pick_up_at_once_one_talks_and_the_other_is_told() {
    tell(1, Weather::CLEAR, &colleagues(), async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        let carol = registered(&world, "carol", Line::Udp).await;
        let oscar = registered(&world, "oscar", Line::Udp).await;
        alice.dial("bob").await;
        world.run_until("it rings", secs(35), |_| bob.is_alerted()).await;
        let ringing = |_: &World| alice.state() == Some(CallState::Ringing);
        world.run_until("alice hears so", secs(35), ringing).await;
        let replaces = place_of_a_ringing_phone(&bob);
        for phone in [&carol, &oscar] {
            phone.will_say(&[("Replaces", &replaces)]).await;
            phone.dial("whatever").await;
        }
        let settled = |w: &World| {
            w.talking(&alice, &carol) && oscar.is_over()
                || w.talking(&alice, &oscar) && carol.is_over()
        };
        world.run_until("one talks, the other is told", secs(35), settled).await;
        alice.hang_up().await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn an_invite_with_replaces_that_fits_nothing_is_refused() {
    for (replaces, status) in
        [("nobody;to-tag=1;from-tag=2", 481), ("nobody", 400), ("EARLY", 486), ("TWICE", 400)]
    {
        let trusting = Configuration::default().with_option("allow_replaces = any");
        tell_everywhere(1, &trusting, async |world: World| {
            let (alice, bob) = talking(&world).await;
            let carol = registered(&world, "carol", Line::Udp).await;
            let own = named(&alice, 0);
            let early = format!("{own};early-only");
            match replaces {
                "EARLY" => carol.will_say(&[("Replaces", &early)]).await,
                "TWICE" => carol.will_say(&[("Replaces", &own), ("Replaces", &own)]).await,
                other => carol.will_say(&[("Replaces", other)]).await,
            }
            carol.dial("bob").await;
            world.run_until("carol is refused", secs(35), |_| carol.is_over()).await;
            assert_eq!(carol.state(), Some(CallState::Over(status)), "{replaces}");
            assert!(world.talking(&alice, &bob), "{}", world.account());
            alice.hang_up().await;
            world.assert_no_leaks().await;
        });
    }
}

fn dialplan(lines: &str) -> Configuration {
    let mut configuration = Configuration::default();
    configuration.extensions += lines;
    configuration
}

#[test]
fn transfer_before_the_answer_is_302() {
    let plan = dialplan(
        "\nexten => away,1,Transfer(PJSIP/bob@example.com)\n\
         \x20same => n,Set(GLOBAL(OUTCOME)=${TRANSFERSTATUS}${TRANSFERSTATUSPROTOCOL})\n",
    );
    tell_everywhere(1, &plan, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        alice.dial("away").await;
        world.run_until("it is over", secs(35), |_| alice.is_over()).await;
        let answer = alice.call().answers.pop().unwrap_or_default();
        assert!(answer.starts_with("SIP/2.0 302 "), "{answer}");
        assert_eq!(header(&answer, "Contact"), "<sip:bob@example.com>");
        world.assert_no_leaks().await;
        assert_eq!(world.outcome(), "SUCCESS0");
    });
}

#[test]
fn transfer_after_the_answer_is_refer_and_ends_as_the_phone_says() {
    let plan = dialplan(
        "\nexten => away,1,Answer()\n\
         \x20same => n,Transfer(bob)\n\
         \x20same => n,Set(GLOBAL(OUTCOME)=${TRANSFERSTATUS} ${TRANSFERSTATUSPROTOCOL})\n\
         \x20same => n,Wait(1)\n\
         \x20same => n,Hangup()\n",
    );
    for (status, outcome) in [("SIP/2.0 200 OK", "SUCCESS 0"), ("SIP/2.0 486 No", "FAILURE 486")] {
        tell(1, Weather::CLEAR, &plan, async |world: World| {
            let alice = registered(&world, "alice", Line::Udp).await;
            alice.dial("away").await;
            let asked = |_: &World| !alice.calls().is_empty() && !alice.call().asked.is_empty();
            world.run_until("alice is asked", secs(35), asked).await;
            let refer = alice.call().asked.remove(0);
            assert!(refer.starts_with("REFER sip:alice@"), "{refer}");
            assert_eq!(header(&refer, "Refer-To"), "<sip:bob@192.0.2.1>");
            assert_eq!(header(&refer, "Referred-By"), "<sip:away@192.0.2.1>");
            for (state, body) in [
                ("active;expires=60", "SIP/2.0 100 Trying"),
                ("terminated;reason=noresource", status),
            ] {
                let headers = [("Event", "refer"), ("Subscription-State", state)];
                let notify = Saying::new("NOTIFY", &headers).with_body("message/sipfrag", body);
                alice.ask(notify).await;
                world.run_for(secs(1)).await;
            }
            assert_eq!(alice.call().told, [200, 200]);
            world.run_until("it is over", secs(35), |_| alice.is_over()).await;
            world.assert_no_leaks().await;
            assert_eq!(world.outcome(), outcome);
        });
    }
}

#[test]
fn the_transferred_side_knows_who_sent_it() {
    let mut configuration = dialplan(
        "\nexten => tell,1,Set(GLOBAL(BY)=${SIPREFERREDBYHDR} ${BLINDTRANSFER})\n\
         \x20same => n,Set(GLOBAL(DATA)=${HASHKEYS(TRANSFER_DATA)} ${HASH(TRANSFER_DATA,X-Deal)})\n\
         \x20same => n,Echo()\n",
    );
    configuration = configuration.with_option("set_var = GET_TRANSFERRER_DATA=X-");
    tell_everywhere(1, &configuration, async |world: World| {
        let (alice, bob) = talking(&world).await;
        let mut saying = refer("<sip:tell@192.0.2.1>");
        saying.headers.push(("X-Deal".to_owned(), "4711".to_owned()));
        alice.ask(saying).await;
        world.run_until("alice is free", secs(35), |_| alice.is_over()).await;
        world.run_for(secs(2)).await;
        assert!(bob.is_talking(), "{}", world.account());
        let global = |name: &str| world.exchange().global(name).unwrap_or_default();
        assert!(global("BY").starts_with("<sip:alice@192.0.2.1> PJSIP/alice-"), "{}", global("BY"));
        assert_eq!(global("DATA"), "X-Deal 4711");
        bob.hang_up().await;
        world.assert_no_leaks().await;
    });
}

/// RFC 4488: `Refer-Sub: false`.
#[test]
fn who_wants_no_news_of_a_transfer_gets_none() {
    tell(1, Weather::CLEAR, &Configuration::default(), async |world: World| {
        let (alice, bob) = talking(&world).await;
        let mut saying = refer("<sip:600@192.0.2.1>");
        saying.headers.push(("Refer-Sub".to_owned(), "false".to_owned()));
        alice.ask(saying).await;
        world.run_for(secs(5)).await;
        assert_eq!(alice.call().told, [202]);
        assert_eq!(news(&alice, 0), [""; 0]);
        assert!(bob.is_talking(), "he hears himself\n{}", world.account());
        alice.hang_up_all().await;
        bob.hang_up().await;
        world.assert_no_leaks().await;
    });
}

/// A REFER that names a call of another exchange: the dialplan may know the way there.
#[test]
fn a_transfer_to_a_call_elsewhere_goes_through_the_dialplan() {
    let configuration = dialplan(
        "\nexten => external_replaces,1,Set(GLOBAL(TO)=${SIPTRANSFER} ${SIPREFERTOHDR})\n\
         \x20same => n,Echo()\n",
    );
    tell(1, Weather::CLEAR, &configuration, async |world: World| {
        let (alice, bob) = talking(&world).await;
        let there = "<sip:dora@203.0.113.8?Replaces=elsewhere%3Bto-tag%3D1%3Bfrom-tag%3D2>";
        alice.ask(refer(there)).await;
        world.run_until("alice is free", secs(35), |_| alice.is_over()).await;
        world.run_for(secs(2)).await;
        assert!(bob.is_talking(), "he hears himself\n{}", world.account());
        let told = world.exchange().global("TO").unwrap_or_default();
        assert_eq!(told, format!("yes {there}"));
        bob.hang_up().await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn events_and_bodies_that_no_call_has_are_refused_by_name() {
    tell(1, Weather::CLEAR, &Configuration::default(), async |world: World| {
        let (alice, bob) = talking(&world).await;
        let presence = [("Event", "presence"), ("Subscription-State", "active")];
        alice.ask(Saying::new("NOTIFY", &presence)).await;
        alice.ask(Saying::new("INFO", &[]).with_body("text/plain", "hello")).await;
        world.run_for(secs(2)).await;
        assert_eq!(alice.call().told, [489, 415]);
        assert!(world.talking(&alice, &bob));
        alice.hang_up().await;
        world.assert_no_leaks().await;
    });
}

/// Each sends the other to the echo in the same moment: whoever is not free hears himself, and
/// nobody waits for ever.
#[test]
fn two_who_transfer_each_other_at_once_are_each_somewhere() {
    for seed in seeds() {
        tell(seed, Weather::BAD, &Configuration::default(), async |world: World| {
            let (alice, bob) = talking(&world).await;
            let lead = Duration::from_millis(world.chance(150));
            alice.ask(refer("<sip:600@192.0.2.1>")).await;
            world.run_for(lead).await;
            bob.ask(refer("<sip:600@192.0.2.1>")).await;
            world.run_for(secs(60)).await;
            for phone in [&alice, &bob] {
                assert!(phone.is_over() || phone.is_talking(), "{}", world.account());
                phone.hang_up_all().await;
            }
            world.assert_no_leaks().await;
        });
    }
}

/// Behind a Local channel there is nobody who could call elsewhere, answered or not.
#[test]
fn transfer_of_a_local_channel_is_unsupported() {
    for answer in ["NoOp()", "Answer()"] {
        let plan = dialplan(&format!(
            "\nexten => 1,1,Dial(Local/2@internal,20)\n\
             exten => 2,1,{answer}\n same => n,Transfer(bob@example.com)\n\
             \x20same => n,Set(GLOBAL(OUTCOME)=${{TRANSFERSTATUS}}${{TRANSFERSTATUSPROTOCOL}})\n"
        ));
        tell_everywhere(1, &plan, async |world: World| {
            let alice = registered(&world, "alice", Line::Udp).await;
            alice.dial("1").await;
            world.run_until("it is over", secs(35), |_| alice.is_over()).await;
            assert_eq!(world.outcome(), "UNSUPPORTED0", "{answer}");
            world.assert_no_leaks().await;
        });
    }
}

/// Tells alice's channel that this one took the place of a channel she called, although she does
/// not call any more; with `ends`, when she is hung up at the same moment.
const TOO_LATE: Application = Application {
    doc: Doc { name: "TooLate", synopsis: "Take a place that is gone", ..Doc::EMPTY },
    run: |channel, arguments| {
        Box::pin(async move {
            let own = channel.as_peer("").expect("media");
            let live = channel.exchange().live();
            let alice = live.all().iter().find(|facts| facts.endpoint == "alice").map(|it| it.id);
            let inbox = live.inbox(alice.expect("alice calls")).expect("she is there");
            if arguments == "ends" {
                inbox.try_send(Control::Hangup(Cause::NORMAL).into()).expect("room");
            }
            let gone = ChannelId(u64::MAX);
            let news = BranchEvent::Replaced(Box::new(own));
            inbox.try_send((gone, news).into()).expect("room");
            Err(Stop::Detached)
        })
    },
};

#[test]
fn who_takes_a_place_too_late_is_told_and_nobody_else_is_disturbed() {
    let plan = "exten => 1,1,Answer()\n same => n,TooLate()
exten => 2,1,Answer()\n same => n,TooLate(ends)";
    for (number, she_ends) in [("1", false), ("2", true)] {
        let configuration =
            Configuration::default().with_application(TOO_LATE).with_extensions(plan);
        tell_everywhere(1, &configuration, async |world: World| {
            let alice = registered(&world, "alice", Line::Udp).await;
            let carol = registered(&world, "carol", Line::Udp).await;
            alice.dial("600").await;
            world.run_until("alice hears herself", secs(9), |_| alice.is_talking()).await;
            carol.dial(number).await;
            world.run_until("carol is told", secs(9), |_| carol.is_over()).await;
            assert_eq!(carol.state(), Some(CallState::Over(200)), "a BYE after the answer");
            assert_eq!(world.outcome(), "", "{}", world.account());
            world.run_for(secs(1)).await;
            assert_eq!(alice.is_over(), she_ends);
            if !she_ends {
                assert!(alice.is_talking(), "{}", world.account());
                alice.hang_up().await;
            }
            world.assert_no_leaks().await;
        });
    }
}
