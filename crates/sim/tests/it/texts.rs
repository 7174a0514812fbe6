//! Texts outside calls and in them.

use sidetone_sim::{Configuration, Line, Manner, Saying, Weather, World, secs};

use super::{FEW, registered, tell, tell_over, tell_over_with};

fn dialplan(lines: &str) -> Configuration {
    let mut configuration = Configuration::default();
    configuration.extensions += lines;
    configuration
}

fn text(words: &str) -> Saying {
    Saying::new("MESSAGE", &[("X-Mood", "good")]).with_body("text/plain", words)
}

#[test]
fn a_text_runs_the_dialplan_of_the_message_context_and_is_passed_on() {
    let plan = "\n[texts]\n\
        exten => _X.,1,Set(GLOBAL(SEEN)=${MESSAGE(body)}|${MESSAGE(to)}|${MESSAGE_DATA(X-Mood)})\n\
        \x20same => n,Set(GLOBAL(FROM)=${MESSAGE(from)}|${CALLERID(num)})\n\
        \x20same => n,Set(MESSAGE(body)=${MESSAGE(body)} indeed)\n\
        \x20same => n,Set(MESSAGE_DATA(X-Extra)=1)\n\
        \x20same => n,MessageSend(pjsip:bob)\n\
        \x20same => n,Set(GLOBAL(OUTCOME)=${MESSAGE_SEND_STATUS})\n";
    let configuration = dialplan(plan)
        .with_option("message_context = texts")
        .with_option("set_var = CALLERID(num)=7");
    tell_over_with(FEW, &configuration, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let bob = registered(&world, "bob", Line::Tcp).await;
        alice.send("100", text("How are you?")).await;
        world.run_until("bob reads it", secs(35), |_| !bob.received().is_empty()).await;
        let received = bob.received().remove(0);
        assert!(received.starts_with("MESSAGE sip:bob@"), "{received}");
        assert!(received.ends_with("\r\n\r\nHow are you? indeed"), "{received}");
        assert!(received.contains("From: <sip:alice@192.0.2.1>;tag="), "{received}");
        assert!(received.contains("X-Mood: good\r\nX-Extra: 1\r\n"), "{received}");
        world.run_until("it is accepted", secs(35), |_| !alice.answers().is_empty()).await;
        assert!(alice.answers()[0].starts_with("SIP/2.0 202 "), "{:?}", alice.answers());
        let global = |name: &str| world.exchange().global(name).unwrap_or_default();
        assert_eq!(global("SEEN"), "How are you?|pjsip:100@192.0.2.1|good");
        assert_eq!(global("FROM"), "<sip:alice@192.0.2.1>|7");
        assert_eq!(world.outcome(), "SUCCESS");
        world.assert_no_leaks().await;
    });
}

#[test]
fn a_text_that_cannot_be_taken_is_refused() {
    tell(1, Weather::CLEAR, &Configuration::default(), async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let picture = Saying::new("MESSAGE", &[]).with_body("image/png", "no text");
        let long = text(&"long ".repeat(4_000));
        for (to, saying) in [("0", text("hello")), ("600", picture), ("600", long)] {
            alice.send(to, saying).await;
            world.run_for(secs(2)).await;
        }
        let answers = alice.answers();
        let statuses: Vec<&str> = answers.iter().map(|answer| &answer[8..11]).collect();
        assert_eq!(statuses, ["404", "415", "413"]);
        world.assert_no_leaks().await;
    });
}

#[test]
fn destinations_that_are_none_are_named_by_their_status() {
    for (destination, status, sent_to) in [
        ("fax:bob", "INVALID_PROTOCOL", ""),
        ("bob", "INVALID_PROTOCOL", ""),
        ("pjsip:nobody", "INVALID_URI", ""),
        ("pjsip:bob/sip:bob@name.invalid", "FAILURE", ""),
        ("pjsip:carol", "FAILURE", ""),
        ("pjsip:bob", "SUCCESS", "198.51.100.2:5060"),
        ("pjsip:bob/sip:bob@198.51.100.2", "SUCCESS", "198.51.100.2:5060"),
        ("pjsip:bob/sip:bob@localhost:5062", "SUCCESS", "127.0.0.1:5062"),
    ] {
        let plan = dialplan(&format!(
            "\nexten => 5,1,Set(MESSAGE(body)=hi)\n same => n,MessageSend({destination})\n\
             \x20same => n,Set(GLOBAL(OUTCOME)=${{MESSAGE_SEND_STATUS}})\n"
        ));
        tell(1, Weather::CLEAR, &plan, async |world: World| {
            let alice = registered(&world, "alice", Line::Udp).await;
            let bob = registered(&world, "bob", Line::Udp).await;
            alice.dial("5").await;
            world.run_until("it is over", secs(35), |_| alice.is_over()).await;
            assert_eq!(world.outcome(), status, "{destination}");
            let to_bob = sent_to.starts_with("198.51");
            assert_eq!(bob.received().len(), usize::from(to_bob), "{destination}");
            let sent = world.ladder();
            let mut sent = sent.iter().filter(|line| line.contains("MESSAGE sip:bob@"));
            let way = format!("-> {sent_to} ");
            assert_eq!(sent.any(|line| line.contains(&way)), !sent_to.is_empty(), "{destination}");
            world.assert_no_leaks().await;
        });
    }
}

#[test]
fn texts_in_a_call_reach_the_other_side() {
    tell_over(FEW, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        bob.will(Manner::Answer(secs(1))).await;
        alice.dial("bob").await;
        world.run_until("they talk", secs(35), |w| w.talking(&alice, &bob)).await;
        alice.ask(text("hello bob")).await;
        let reads = |_: &World| bob.call().asked.iter().any(|it| it.ends_with("hello bob"));
        world.run_until("bob reads it", secs(35), reads).await;
        bob.ask(text("hello alice")).await;
        let reads = |_: &World| alice.call().asked.iter().any(|it| it.ends_with("hello alice"));
        world.run_until("alice reads it", secs(35), reads).await;
        alice.hang_up().await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn the_dialplan_writes_to_the_caller() {
    let plan = dialplan(
        "\nexten => 5,1,Answer()\n same => n,SendText(Welcome)\n\
         \x20same => n,Set(GLOBAL(OUTCOME)=${SENDTEXTSTATUS})\n same => n,Hangup()\n",
    );
    tell(1, Weather::CLEAR, &plan, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        alice.dial("5").await;
        world.run_until("it is over", secs(35), |_| alice.is_over()).await;
        assert!(alice.call().asked[0].ends_with("\r\n\r\nWelcome"), "{:?}", alice.call().asked);
        assert_eq!(world.outcome(), "SUCCESS");
        world.assert_no_leaks().await;
    });
}

#[test]
fn texts_that_take_long_keep_out_their_sender_and_nobody_else_and_are_ended() {
    let plan = dialplan(
        "\nexten => 5,1,Wait(600)\nexten => 6,1,NoOp()\n\
         exten => h,1,Set(GLOBAL(OUTCOME)=ended)\n",
    );
    tell(1, Weather::CLEAR, &plan, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        for _ in 0..12 {
            alice.send("5", text("slow")).await;
        }
        world.run_for(secs(2)).await;
        let statuses = |answers: Vec<String>, status: &str| {
            answers.iter().filter(|answer| answer[8..].starts_with(status)).count()
        };
        assert_eq!(statuses(alice.answers(), "202"), 10);
        let refused = alice.answers().into_iter().find(|answer| answer[8..].starts_with("503"));
        assert!(refused.expect("two are refused").contains("Retry-After: "));
        bob.send("6", text("quick")).await;
        world.run_for(secs(1)).await;
        assert_eq!(statuses(bob.answers(), "202"), 1);
        world.exchange().set_global("OUTCOME", None);
        world.run_for(secs(30)).await;
        assert_eq!(world.outcome(), "ended", "the hangup extension ran");
        alice.send("6", text("again")).await;
        world.run_for(secs(1)).await;
        assert_eq!(statuses(alice.answers(), "202"), 11);
        world.assert_no_leaks().await;
    });
}

#[test]
fn a_text_to_a_bare_uri_goes_out_as_the_default_outbound_endpoint() {
    let plan = "\nexten => 5,1,Set(MESSAGE(body)=hi)\n\
                \x20same => n,MessageSend(pjsip:sip:bob@198.51.100.2)\n\
                \x20same => n,Set(GLOBAL(OUTCOME)=${MESSAGE_SEND_STATUS})\n";
    for (option, status) in [("", "INVALID_URI"), ("default_outbound_endpoint = out", "SUCCESS")] {
        let mut configuration = dialplan(plan);
        configuration.pjsip += &format!("\n[global]\ntype = global\n{option}\n");
        configuration.pjsip += "\n[out](phone)\nfrom_user = gateway\n";
        tell(1, Weather::CLEAR, &configuration, async |world: World| {
            let alice = registered(&world, "alice", Line::Udp).await;
            let bob = registered(&world, "bob", Line::Udp).await;
            alice.dial("5").await;
            world.run_until("it is over", secs(35), |_| alice.is_over()).await;
            assert_eq!(world.outcome(), status);
            let received = bob.received();
            assert_eq!(received.len(), usize::from(status == "SUCCESS"), "{option}");
            let as_gateway = |text: &String| text.contains("<sip:gateway@");
            assert!(received.iter().all(as_gateway), "{received:#?}");
            world.assert_no_leaks().await;
        });
    }
}

/// RFC 3261 §16.3: texts that go in a circle end. What is about the text goes with it.
#[test]
fn a_text_is_passed_on_as_often_as_its_sender_allows_and_keeps_its_subject() {
    let plan = "\nexten => _to-.,1,MessageSend(pjsip:${EXTEN:3})\n";
    tell(1, Weather::CLEAR, &dialplan(plan), async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        for (hops, left) in [("2", Some("1")), ("0", None)] {
            let headers = [("Max-Forwards", hops), ("Subject", "Lunch"), ("Priority", "urgent")];
            let before = bob.received().len();
            let saying = Saying::new("MESSAGE", &headers).with_body("text/plain", "Hungry?");
            alice.send("to-bob", saying).await;
            world.run_for(secs(2)).await;
            let received = bob.received();
            assert_eq!(received.len() - before, usize::from(left.is_some()), "{hops}");
            let Some(left) = left else { continue };
            let text = &received[before];
            for line in [&format!("Max-Forwards: {left}"), "Subject: Lunch", "Priority: urgent"] {
                assert_eq!(text.matches(&format!("\n{line}\r")).count(), 1, "{line}: {text}");
            }
        }
        assert!(alice.answers()[1].starts_with("SIP/2.0 483 "), "{:?}", alice.answers());
        world.assert_no_leaks().await;
    });
}
