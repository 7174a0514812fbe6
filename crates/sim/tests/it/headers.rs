//! What the dialplan reads of SIP messages and writes into them, and how calls are refused.

use sidetone_sim::{CallState, Configuration, Line, Manner, Saying, Weather, World, secs};

use super::{registered, tell, tell_everywhere};

fn line<'a>(message: &'a str, begin: &str) -> &'a str {
    message.lines().find(|line| line.starts_with(begin)).unwrap_or_default()
}

fn dialplan(lines: &str) -> Configuration {
    let mut configuration = Configuration::default();
    configuration.extensions += lines;
    configuration
}

#[test]
fn headers_are_read_passed_on_and_read_back_from_the_answer() {
    let configuration = dialplan(
        "\nexten => hdr,1,Set(GLOBAL(IN)=${PJSIP_HEADER(read,X-In)} ${PJSIP_HEADERS(X-)} \
         ${SIP_HEADER(X-In,2)} ${PJSIP_HEADER_PARAM(From,uri,user)})\n\
         \x20same => n,Set(PJSIP_INHERITABLE_HEADER(add,X-Ticket)=42)\n\
         \x20same => n,Set(PJSIP_INHERITABLE_HEADER(add,X-Gone)=43)\n\
         \x20same => n,Set(GLOBAL(REMOVED)=${PJSIP_INHERITABLE_HEADER(remove,X-G*)})\n\
         \x20same => n,SIPAddHeader(X-Old: way)\n\
         \x20same => n,Dial(PJSIP/bob,20,g)\n\
         \x20same => n,Set(GLOBAL(OUT)=${PJSIP_RESPONSE_HEADER(read,X-Out)} \
         ${PJSIP_RESPONSE_HEADERS(X-)})\n\
         \x20same => n,Hangup()\n",
    );
    tell_everywhere(1, &configuration, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        alice.will_say(&[("X-In", "one"), ("X-In", "two"), ("X-More", "3")]).await;
        bob.will_say(&[("X-Out", "there")]).await;
        bob.will(Manner::Answer(secs(1))).await;
        alice.dial("hdr").await;
        world.run_until("they talk", secs(35), |w| w.talking(&alice, &bob)).await;
        let invite = bob.call().invite;
        assert_eq!(line(&invite, "X-Ticket: "), "X-Ticket: 42");
        assert_eq!(line(&invite, "X-Old: "), "X-Old: way");
        assert!(!invite.contains("X-Gone") && !invite.contains("X-In"), "{invite}");
        bob.hang_up().await;
        world.assert_no_leaks().await;
        let global = |name: &str| world.exchange().global(name).unwrap_or_default();
        assert_eq!(global("IN").trim(), "one X-In,X-More two");
        assert_eq!(global("REMOVED"), "1");
        assert_eq!(global("OUT"), "there X-Out");
    });
}

#[test]
fn facts_of_the_leg_are_read() {
    let configuration = dialplan(
        "\nexten => facts,1,Answer()\n\
         \x20same => n,Set(GLOBAL(ID)=${CHANNEL(pjsip,call-id)})\n\
         \x20same => n,Set(GLOBAL(URIS)=${CHANNEL(pjsip,remote_uri)} ${CHANNEL(pjsip,local_uri)} \
         ${CHANNEL(pjsip,target_uri)} ${CHANNEL(pjsip,request_uri)})\n\
         \x20same => n,Set(GLOBAL(TAGS)=${CHANNEL(pjsip,remote_tag)} ${CHANNEL(pjsip,local_tag)})\n\
         \x20same => n,Set(GLOBAL(PATH)=${CHANNEL(pjsip,local_addr)} ${CHANNEL(pjsip,remote_addr)} \
         ${CHANNEL(pjsip,secure)} ${CHANNEL(pjsip,t38state)})\n\
         \x20same => n,Set(GLOBAL(RTP)=${CHANNEL(rtp,src)} ${CHANNEL(rtp,dest)} \
         ${CHANNEL(rtp,secure)} ${CHANNEL(rtp,hold,audio)})\n\
         \x20same => n,Set(GLOBAL(MORE)=${CHANNEL(aor)} ${CHANNEL(contact)} ${SIPURI} ${SIPCALLID} \
         ${PJSIP_HEADER_PARAM(From,header,tag)})\n\
         \x20same => n,Echo()\n",
    );
    tell_everywhere(1, &configuration, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        alice.dial("facts").await;
        world.run_until("alice hears herself", secs(20), |_| alice.is_talking()).await;
        let answer = alice.call().answers.pop().unwrap_or_default();
        let global = |name: &str| world.exchange().global(name).unwrap_or_default();
        assert_eq!(line(&answer, "Call-ID: "), format!("Call-ID: {}", global("ID")));
        let uris = global("URIS");
        let own = "sip:alice@192.0.2.1 sip:facts@192.0.2.1 sip:alice@198.51.100.1:5060 \
             sip:facts@192.0.2.1";
        assert_eq!(uris, own);
        let tags = global("TAGS");
        let (remote, local) = tags.split_once(' ').expect("two tags");
        assert!(line(&answer, "From: ").ends_with(&format!(";tag={remote}")), "{answer}");
        assert!(line(&answer, "To: ").ends_with(&format!(";tag={local}")), "{answer}");
        let contact = "sip:alice@198.51.100.1:5060";
        let more = format!("alice {contact} {contact} {} {remote}", global("ID"));
        assert_eq!(global("MORE"), more);
        assert_eq!(global("PATH"), "192.0.2.1:5060 198.51.100.1:5060 0 DISABLED");
        let rtp = global("RTP");
        assert!(rtp.starts_with("192.0.2.1:") && rtp.contains(" 198.51.100.1:"), "{rtp}");
        assert!(rtp.ends_with(" 0 0"), "{rtp}");
        alice.hang_up().await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn each_branch_tells_how_it_ended() {
    let configuration = dialplan(
        "\nexten => two,1,Dial(PJSIP/bob&PJSIP/carol,20)\n\
         \x20same => n,Set(KEYS=${HANGUPCAUSE_KEYS()})\n\
         \x20same => n,Set(GLOBAL(ONE)=${HANGUPCAUSE(${CUT(KEYS,\\,,1)},tech)})\n\
         \x20same => n,Set(GLOBAL(TWO)=${HANGUPCAUSE(${CUT(KEYS,\\,,2)},ast)})\n\
         \x20same => n,HangupCauseClear()\n\
         \x20same => n,Set(GLOBAL(LEFT)=<${HANGUPCAUSE_KEYS()}>)\n\
         \x20same => n,Hangup()\n",
    );
    tell_everywhere(1, &configuration, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        let carol = registered(&world, "carol", Line::Udp).await;
        bob.will(Manner::Refuse(486)).await;
        alice.dial("two").await;
        world.run_until("it rings", secs(35), |_| carol.is_alerted()).await;
        world.run_for(secs(1)).await;
        carol.refuse(603).await;
        world.run_until("it is over", secs(35), |_| alice.is_over()).await;
        world.assert_no_leaks().await;
        let global = |name: &str| world.exchange().global(name).unwrap_or_default();
        assert_eq!(global("ONE"), "SIP 486 Busy Here");
        assert_eq!(global("TWO"), "Call Rejected");
        assert_eq!(global("LEFT"), "<>");
    });
}

#[test]
fn a_call_is_refused_with_the_status_of_ones_choice() {
    for (argument, status) in [("433", 433), ("temporarily_unavailable", 480), ("603", 603)] {
        let plan = dialplan(&format!("\nexten => no,1,PJSIPHangup({argument})\n"));
        tell_everywhere(1, &plan, async |world: World| {
            let alice = registered(&world, "alice", Line::Udp).await;
            alice.dial("no").await;
            world.run_until("it is over", secs(35), |_| alice.is_over()).await;
            assert_eq!(alice.state(), Some(CallState::Over(status)));
            world.assert_no_leaks().await;
        });
    }
}

#[test]
fn the_cause_in_a_reason_header_counts_more_than_the_status() {
    let plan = dialplan(
        "\nexten => why,1,Dial(PJSIP/bob,20)\n same => n,Set(GLOBAL(CAUSE)=${HANGUPCAUSE})\n",
    );
    tell_everywhere(1, &plan, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        bob.will_say(&[("Reason", "nonsense, Q.850;cause=22;text=\"moved\"")]).await;
        bob.will(Manner::Refuse(480)).await;
        alice.dial("why").await;
        world.run_until("it is over", secs(35), |_| alice.is_over()).await;
        assert_eq!(world.exchange().global("CAUSE").as_deref(), Some("22"));
        world.assert_no_leaks().await;
    });
}

#[test]
fn reasons_of_the_telephone_network_are_left_out_on_request() {
    for (option, expected) in [("no", true), ("yes", false)] {
        let option = format!("suppress_q850_reason_headers = {option}");
        let configuration = Configuration::default().with_option(&option);
        tell_everywhere(1, &configuration, async |world: World| {
            let alice = registered(&world, "alice", Line::Udp).await;
            let bob = registered(&world, "bob", Line::Udp).await;
            bob.will(Manner::Answer(secs(1))).await;
            alice.dial("bob").await;
            world.run_until("they talk", secs(35), |w| w.talking(&alice, &bob)).await;
            alice.hang_up().await;
            world.run_until("bob is told", secs(35), |_| bob.is_over()).await;
            let bye = bob.call().asked.pop().unwrap_or_default();
            assert!(bye.starts_with("BYE "), "{bye}");
            assert_eq!(bye.contains("Reason: Q.850;cause=16"), expected, "{bye}");
            world.assert_no_leaks().await;
        });
    }
}

#[test]
fn answers_are_reliable_as_the_endpoint_says() {
    for (option, says, outcome) in [
        ("no", "", "SIP/2.0 180"),
        ("no", "Require", "SIP/2.0 420"),
        ("yes", "Supported", "SIP/2.0 180"),
        ("yes", "Require", "RSeq: 1"),
        ("peer_supported", "Supported", "RSeq: 1"),
        ("peer_supported", "", "SIP/2.0 180"),
        ("required", "Supported", "RSeq: 1"),
        ("required", "", "SIP/2.0 421"),
    ] {
        let configuration = Configuration::default().with_option(&format!("100rel = {option}"));
        tell(1, Weather::CLEAR, &configuration, async |world: World| {
            let alice = registered(&world, "alice", Line::Udp).await;
            let bob = registered(&world, "bob", Line::Udp).await;
            if !says.is_empty() {
                alice.will_say(&[(says, "100rel")]).await;
            }
            alice.dial("bob").await;
            world.run_for(secs(2)).await;
            let answers = alice.call().answers;
            let first = answers.first().cloned().unwrap_or_default();
            assert!(first.contains(outcome), "{option} {says}: {first}");
            assert_eq!(first.contains("RSeq: "), outcome.starts_with("RSeq"), "{first}");
            if bob.is_alerted() {
                let invite = bob.call().invite;
                let offered = invite.contains("100rel");
                assert_eq!(offered, option != "no", "{invite}");
                assert_eq!(invite.contains("Require: 100rel"), option == "required");
            }
            alice.hang_up().await;
            world.assert_no_leaks().await;
        });
    }
}

#[test]
fn preconditions_are_refused() {
    tell_everywhere(1, &Configuration::default(), async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        alice.will_say(&[("Require", "precondition")]).await;
        alice.dial("600").await;
        world.run_until("it is over", secs(35), |_| alice.is_over()).await;
        let answer = alice.call().answers.pop().unwrap_or_default();
        assert!(answer.starts_with("SIP/2.0 420"), "{answer}");
        assert_eq!(line(&answer, "Unsupported: "), "Unsupported: precondition");
        world.assert_no_leaks().await;
    });
}

#[test]
fn a_handler_of_dial_writes_headers_into_each_invite() {
    let plan = dialplan(
        "\nexten => pre,1,Dial(PJSIP/bob,20,b(mark^s^1(42)))\n\
         \n[mark]\nexten => s,1,Set(PJSIP_HEADER(add,X-Mark)=${ARG1})\n\
         \x20same => n,Set(PJSIP_HEADER(add,X-Gone)=1)\n\
         \x20same => n,Set(PJSIP_HEADER(update,X-Mark)=${ARG1}!)\n\
         \x20same => n,Set(GLOBAL(GONE)=${PJSIP_HEADER(remove,X-G*)})\n\
         \x20same => n,Set(PJSIP_HEADER_PARAM(From,uri,isup-oli)=27)\n\
         \x20same => n,Return()\n",
    );
    tell_everywhere(1, &plan, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        alice.dial("pre").await;
        world.run_until("it rings", secs(35), |_| bob.is_alerted()).await;
        let invite = bob.call().invite;
        assert_eq!(line(&invite, "X-Mark: "), "X-Mark: 42!");
        assert!(!invite.contains("X-Gone"), "{invite}");
        assert!(line(&invite, "From: ").contains("@192.0.2.1;isup-oli=27>"), "{invite}");
        assert_eq!(world.exchange().global("GONE").as_deref(), Some("1"));
        alice.hang_up().await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn a_telephone_uri_is_dialled_as_its_number() {
    let plan = dialplan("\nexten => +4930123,1,Answer()\n same => n,Echo()\n");
    tell_everywhere(1, &plan, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        alice.dial("tel:+49-30-123").await;
        world.run_until("alice hears herself", secs(20), |_| alice.is_talking()).await;
        alice.hang_up().await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn digits_that_are_not_enough_are_asked_for() {
    for (options, number, status) in [
        (&["allow_overlap = yes"][..], "12", 484),
        (&["allow_overlap = yes"], "99", 404),
        (&["allow_overlap = no"], "12", 404),
        (&["overlap_context = more"], "99", 484),
    ] {
        let plan = "\nexten => _12XX,1,Answer()\n\n[more]\nexten => _99X,1,Answer()\n";
        let mut configuration = dialplan(plan);
        for option in options {
            configuration = configuration.with_option(option);
        }
        tell_everywhere(1, &configuration, async |world: World| {
            let alice = registered(&world, "alice", Line::Udp).await;
            alice.dial(number).await;
            world.run_until("it is over", secs(35), |_| alice.is_over()).await;
            assert_eq!(alice.state(), Some(CallState::Over(status)), "{options:?} {number}");
            world.assert_no_leaks().await;
        });
    }
}

#[test]
fn updates_pass_before_the_answer_in_both_directions() {
    tell(1, Weather::CLEAR, &Configuration::default(), async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        alice.dial("bob").await;
        world.run_until("it rings", secs(35), |_| bob.is_alerted()).await;
        world.run_for(secs(1)).await;
        // A dialog of ours that is early, and one of the peer's.
        for phone in [&bob, &alice] {
            phone.ask(Saying::new("UPDATE", &[])).await;
            world.run_for(secs(1)).await;
            assert_eq!(phone.call().told, [200], "{}", world.account());
        }
        bob.answer().await;
        world.run_until("they talk", secs(35), |w| w.talking(&alice, &bob)).await;
        alice.hang_up().await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn the_dialplan_refreshes_a_session() {
    for (value, begin) in [("invite", "INVITE "), ("update", "UPDATE ")] {
        let plan = dialplan(&format!(
            "\nexten => 5,1,Answer()\n same => n,Wait(1)\n\
             \x20same => n,Set(PJSIP_SEND_SESSION_REFRESH()={value})\n same => n,Echo()\n"
        ));
        tell(1, Weather::CLEAR, &plan, async |world: World| {
            let alice = registered(&world, "alice", Line::Udp).await;
            alice.dial("5").await;
            let asked = |_: &World| !alice.calls().is_empty() && !alice.call().asked.is_empty();
            world.run_until("alice is asked", secs(10), asked).await;
            assert!(alice.call().asked[0].starts_with(begin), "{:?}", alice.call().asked);
            world.run_until("alice hears herself", secs(10), |_| alice.is_talking()).await;
            alice.hang_up().await;
            world.assert_no_leaks().await;
        });
    }
}

#[test]
fn what_the_configuration_calls_itself_is_in_its_messages() {
    let mut configuration =
        dialplan("\nexten => nobody,1,Set(CALLERID(all)=)\n\x20same => n,Dial(PJSIP/bob,20)\n")
            .with_option("sdp_owner = exchange")
            .with_option("sdp_session = talk");
    configuration.pjsip += "\n[global]\ntype = global\ndefault_from_user = nobody\n";
    tell(1, Weather::CLEAR, &configuration, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        bob.will(Manner::Answer(secs(1))).await;
        alice.dial("nobody").await;
        world.run_until("they talk", secs(35), |w| w.talking(&alice, &bob)).await;
        let invite = bob.call().invite;
        assert!(line(&invite, "o=").starts_with("o=exchange "), "{invite}");
        assert_eq!(line(&invite, "s="), "s=talk");
        assert!(line(&invite, "From: ").contains("<sip:nobody@"), "{invite}");
        alice.hang_up().await;
        world.assert_no_leaks().await;
    });
}
