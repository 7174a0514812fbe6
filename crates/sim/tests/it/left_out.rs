//! What `modules.conf` leaves out is not there, and whoever needs it is told.

use sidetone_sim::{CallState, Configuration, Hold, Line, Manner, Saying, Weather, World, secs};

use super::tell::{registered, tell};

/// An exchange whose `modules.conf` leaves out these.
fn without(modules: &[&str]) -> Configuration {
    let mut configuration = Configuration::default();
    let mut text = "[modules]\nautoload = yes\n".to_owned();
    for module in modules {
        text += &format!("noload => {module}.so\n");
    }
    configuration.files.push(("/etc/modules.conf".to_owned(), text));
    configuration
}

fn clear(configuration: &Configuration, story: impl AsyncFnOnce(World)) {
    tell(1, Weather::CLEAR, configuration, story);
}

/// The cause that goes with the end of a call, if the phone was told it.
fn heard_cause(reasons: &[String], cause: u8) -> bool {
    let cause = format!("Q.850;cause={cause};");
    reasons.iter().any(|reason| reason.starts_with(&cause))
}

#[test]
fn what_is_left_out_ends_the_call_that_reaches_it_and_no_other() {
    let plan = "exten => 1,1,TryExec(Echo())
 same => n,Set(GLOBAL(OUTCOME)=${TRYSTATUS}|${TOUPPER(c)})
 same => n,Echo()
 same => n,Set(GLOBAL(OUTCOME)=too far)
exten => 2,1,Gosub(internal,3,1)
exten => 3,1,Return()
exten => 4,1,Set(GLOBAL(OUTCOME)=${CUT(a-b,-,1)})";
    let configuration = without(&["app_echo", "func_cut", "app_stack"]).with_extensions(plan);
    clear(&configuration, async |world: World| {
        for (number, outcome) in [("1", "NOAPP|C"), ("2", "NOAPP|C"), ("4", "NOAPP|C")] {
            let alice = registered(&world, "alice", Line::Udp).await;
            alice.dial(number).await;
            world.run_until("it is over", secs(9), |_| alice.is_over()).await;
            assert!(heard_cause(&alice.call().reasons, 79), "{:?}", alice.call().reasons);
            assert_eq!(world.outcome(), outcome, "{number}");
        }
        let bob = registered(&world, "bob", Line::Udp).await;
        bob.dial("246").await;
        world.run_until("another application runs", secs(9), |_| bob.is_talking()).await;
        bob.hang_up().await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn a_codec_that_is_left_out_is_neither_offered_nor_accepted() {
    clear(&without(&["codec_ulaw"]), async |world: World| {
        let both = ["ulaw", "alaw"];
        let alice = world.phone_with("alice", Line::Udp, &both).await;
        let bob = world.phone_with("bob", Line::Udp, &both).await;
        assert_eq!((alice.register().await, bob.register().await), (Ok(600), Ok(600)));
        bob.will(Manner::Answer(secs(1))).await;
        alice.dial("bob").await;
        world.run_until("they talk", secs(9), |w| w.talking(&alice, &bob)).await;
        let invite = bob.call().invite;
        assert!(invite.contains("PCMA/8000") && !invite.contains("PCMU"), "{invite}");
        alice.hang_up().await;
        world.assert_no_leaks().await;
        let carol = world.phone_with("carol", Line::Udp, &["ulaw"]).await;
        assert_eq!(carol.register().await, Ok(600));
        carol.dial("600").await;
        world.run_until("it is refused", secs(9), |_| carol.is_over()).await;
        assert_eq!(carol.state(), Some(CallState::Over(488)));
    });
}

#[test]
fn who_is_held_hears_nothing_without_music_on_hold() {
    clear(&without(&["res_musiconhold"]), async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        bob.will(Manner::Answer(secs(1))).await;
        alice.dial("bob").await;
        world.run_until("they talk", secs(9), |w| w.talking(&alice, &bob)).await;
        alice.hold_by(Hold::SendOnly).await;
        world.run_until("the holder hears nothing", secs(9), |_| !alice.hears()).await;
        world.run_for(secs(1)).await;
        let before = bob.call().heard;
        world.run_for(secs(2)).await;
        // What the holder itself sends passes; nothing is played in its place.
        let share = world.hear(&bob, secs(1)).await.share_of(alice.voice());
        let passed = bob.call().heard - before;
        assert!(passed == 0 || share > 0.9, "{passed} packets, {share}");
        alice.hang_up().await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn requests_of_a_feature_that_is_left_out_get_405_with_what_is_allowed() {
    let left_out = ["res_pjsip_messaging", "res_pjsip_refer"];
    clear(&without(&left_out), async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        alice.send("600", Saying::new("MESSAGE", &[]).with_body("text/plain", "hello")).await;
        world.run_until("it is answered", secs(9), |_| !alice.answers().is_empty()).await;
        let answer = alice.answers().remove(0);
        assert!(answer.starts_with("SIP/2.0 405 "), "{answer}");
        let allow = answer.lines().find(|line| line.starts_with("Allow: ")).expect("Allow");
        assert!(allow.contains("INVITE") && !allow.contains("MESSAGE"), "{allow}");
        alice.dial("600").await;
        world.run_until("it hears itself", secs(9), |_| alice.is_talking()).await;
        alice.ask(Saying::new("REFER", &[("Refer-To", "<sip:246@192.0.2.1>")])).await;
        let told = |_: &World| alice.call().told == [405];
        world.run_until("it is refused", secs(9), told).await;
        alice.hang_up().await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn nobody_registers_where_the_registrar_is_left_out() {
    clear(&without(&["res_pjsip_registrar"]), async |world: World| {
        let alice = world.phone("alice", Line::Udp).await;
        assert_eq!(alice.register().await, Err(405));
        assert_eq!(world.contacts("alice"), 0);
        alice.dial("600").await;
        world.run_until("it calls all the same", secs(9), |_| alice.is_talking()).await;
        alice.hang_up().await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn keys_in_info_are_not_heard_where_they_are_left_out() {
    let plan = "exten => 1,1,Answer()
 same => n,Read(KEY,,1,,1,3)
 same => n,Set(GLOBAL(OUTCOME)=key ${KEY})
 same => n,Wait(9)";
    for (left_out, outcome) in [(&[][..], "key 7"), (&["res_pjsip_dtmf_info"][..], "key ")] {
        clear(&without(left_out).with_extensions(plan), async |world: World| {
            let alice = registered(&world, "alice", Line::Udp).await;
            alice.dial("1").await;
            let answered = |_: &World| alice.state() == Some(CallState::Talking);
            world.run_until("it is answered", secs(9), answered).await;
            let relay = "Signal=7\r\nDuration=160\r\n";
            alice.ask(Saying::new("INFO", &[]).with_body("application/dtmf-relay", relay)).await;
            world.run_for(secs(5)).await;
            assert_eq!(world.outcome(), outcome);
            alice.hang_up().await;
            world.assert_no_leaks().await;
        });
    }
}
