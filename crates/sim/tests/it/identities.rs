//! Who calls and who answers, as each side is told: identities, privacy, forwarding, connected
//! parties that change.

use sidetone_sim::{Configuration, Line, Manner, Phone, Saying, World, secs};

use super::{registered, tell_everywhere};

/// The line of a message that begins so; empty without one.
fn line<'a>(message: &'a str, begin: &str) -> &'a str {
    message.lines().find(|line| line.starts_with(begin)).unwrap_or_default()
}

fn with(options: &[&str]) -> Configuration {
    let begin = Configuration::default();
    options.iter().fold(begin, |configuration, option| configuration.with_option(option))
}

/// Alice calls bob, saying these headers; both phones, bob's ringing.
async fn ringing(world: &World, says: &[(&str, &str)]) -> (Phone, Phone) {
    let alice = registered(world, "alice", Line::Udp).await;
    let bob = registered(world, "bob", Line::Udp).await;
    alice.will_say(says).await;
    alice.dial("bob").await;
    world.run_until("it rings", secs(35), |_| bob.is_alerted()).await;
    (alice, bob)
}

async fn end(world: &World, phone: &Phone) {
    phone.hang_up().await;
    world.assert_no_leaks().await;
}

const BOSS: (&str, &str) = ("P-Asserted-Identity", "\"Boss\" <sip:+4930123@example.com>");

#[test]
fn an_identity_of_a_trusted_peer_is_passed_on() {
    let options = ["trust_id_inbound = yes", "send_pai = yes", "send_rpid = yes"];
    tell_everywhere(1, &with(&options), async |world: World| {
        let (alice, bob) = ringing(&world, &[BOSS]).await;
        let invite = bob.call().invite;
        assert!(line(&invite, "From: ").starts_with("From: \"Boss\" <sip:+4930123@192.0.2.1>"));
        let pai = line(&invite, "P-Asserted-Identity: ");
        assert_eq!(pai, "P-Asserted-Identity: \"Boss\" <sip:+4930123@192.0.2.1>");
        let rpid = line(&invite, "Remote-Party-ID: ");
        assert!(rpid.ends_with(">;party=calling;privacy=off;screen=yes"), "{rpid}");
        end(&world, &alice).await;
    });
}

#[test]
fn an_identity_of_anybody_else_is_not_believed() {
    tell_everywhere(1, &with(&["send_pai = yes"]), async |world: World| {
        let (alice, bob) = ringing(&world, &[BOSS]).await;
        let invite = bob.call().invite;
        assert!(!invite.contains("4930123"), "{invite}");
        assert!(line(&invite, "P-Asserted-Identity: ").contains("sip:alice@"));
        end(&world, &alice).await;
    });
}

#[test]
fn who_wants_to_stay_unknown_is_shown_only_to_those_who_are_trusted() {
    for trusted in [false, true] {
        let trust = if trusted { "trust_id_outbound = yes" } else { "trust_id_outbound = no" };
        let options = ["trust_id_inbound = yes", "send_pai = yes", trust];
        tell_everywhere(1, &with(&options), async |world: World| {
            let (alice, bob) = ringing(&world, &[BOSS, ("Privacy", "id")]).await;
            let invite = bob.call().invite;
            let from = line(&invite, "From: ");
            assert!(from.starts_with("From: \"Anonymous\" <sip:anonymous@anonymous.invalid>"));
            assert_eq!(line(&invite, "Privacy: "), "Privacy: id");
            assert_eq!(invite.contains("4930123"), trusted, "{invite}");
            end(&world, &alice).await;
        });
    }
}

#[test]
fn the_caller_sees_who_answers() {
    let options = ["trust_id_inbound = yes", "send_pai = yes"];
    tell_everywhere(1, &with(&options), async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        bob.will_say(&[("P-Asserted-Identity", "\"Bob's desk\" <sip:201@example.com>")]).await;
        bob.will(Manner::Answer(secs(1))).await;
        alice.dial("bob").await;
        world.run_until("they talk", secs(35), |w| w.talking(&alice, &bob)).await;
        for answer in alice.call().answers {
            let pai = line(&answer, "P-Asserted-Identity: ");
            assert_eq!(pai, "P-Asserted-Identity: \"Bob's desk\" <sip:201@192.0.2.1>", "{answer}");
        }
        end(&world, &alice).await;
    });
}

#[test]
fn a_party_that_changes_is_shown_by_update_or_reinvite() {
    for (method, begin) in [("update", "UPDATE "), ("invite", "INVITE ")] {
        let method = format!("connected_line_method = {method}");
        let options = ["trust_id_inbound = yes", "send_rpid = yes", &method];
        tell_everywhere(1, &with(&options), async |world: World| {
            let allow = ("Allow", "INVITE, ACK, BYE, CANCEL, UPDATE");
            let (alice, bob) = ringing(&world, &[allow]).await;
            bob.answer().await;
            world.run_until("they talk", secs(35), |w| w.talking(&alice, &bob)).await;
            let rpid = "\"Carol\" <sip:300@example.com>;party=called;privacy=off;screen=yes";
            bob.ask(Saying::new("UPDATE", &[("Remote-Party-ID", rpid)])).await;
            let shown = |_: &World| alice.call().asked.iter().any(|asked| asked.contains("Carol"));
            world.run_until("alice is told", secs(10), shown).await;
            let asked = alice.call().asked;
            assert_eq!(asked.len(), 1, "{asked:?}");
            assert!(asked[0].starts_with(begin), "{asked:?}");
            assert!(line(&asked[0], "Remote-Party-ID: ").contains("\"Carol\" <sip:300@192.0.2.1>"));
            world.run_for(secs(3)).await;
            assert!(world.talking(&alice, &bob), "{}", world.account());
            end(&world, &alice).await;
        });
    }
}

#[test]
fn a_connected_party_is_not_shown_where_it_is_not_wanted() {
    for option in ["send_connected_line = no", "trust_connected_line = no", "send_rpid = no"] {
        // The last line counts.
        let options = [option, "trust_id_inbound = yes"];
        let configuration = with(&options).with_option("send_rpid = yes");
        let configuration =
            if option.starts_with("send_rpid") { with(&options) } else { configuration };
        tell_everywhere(1, &configuration, async |world: World| {
            let (alice, bob) = ringing(&world, &[]).await;
            bob.answer().await;
            world.run_until("they talk", secs(35), |w| w.talking(&alice, &bob)).await;
            let rpid = "\"Carol\" <sip:300@example.com>;screen=yes";
            bob.ask(Saying::new("UPDATE", &[("Remote-Party-ID", rpid)])).await;
            world.run_for(secs(3)).await;
            assert!(alice.call().asked.is_empty(), "{option}: {:?}", alice.call().asked);
            end(&world, &alice).await;
        });
    }
}

#[test]
fn a_dialplan_changes_who_is_shown_and_who_is_connected() {
    let mut configuration = with(&["send_pai = yes", "rpid_immediate = yes"]);
    configuration.extensions += "\n\
        exten => desk,1,Set(CALLERID(all)=\"Front desk\" <1000>)\n\
        \x20same => n,Set(CALLERID(num-pres)=allowed_passed_screen)\n\
        \x20same => n,Set(CONNECTEDLINE(name,i)=Hotline)\n\
        \x20same => n,Set(CONNECTEDLINE(num)=2000)\n\
        \x20same => n,Set(GLOBAL(SEEN)=${CALLERID(name)}/${CONNECTEDLINE(all)})\n\
        \x20same => n,Ringing()\n\
        \x20same => n,Wait(1)\n\
        \x20same => n,Dial(PJSIP/bob,20)\n";
    tell_everywhere(1, &configuration, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        alice.dial("desk").await;
        world.run_until("it rings", secs(35), |_| bob.is_alerted()).await;
        let invite = bob.call().invite;
        assert!(line(&invite, "From: ").starts_with("From: \"Front desk\" <sip:1000@192.0.2.1>"));
        let answers = alice.call().answers;
        let hotline = "P-Asserted-Identity: Hotline <sip:2000@192.0.2.1>";
        let quoted = "P-Asserted-Identity: \"Hotline\" <sip:2000@192.0.2.1>";
        let shown = line(&answers[0], "P-Asserted-Identity: ");
        assert!(shown == hotline || shown == quoted, "{answers:?}");
        let seen = world.exchange().global("SEEN").unwrap_or_default();
        assert_eq!(seen, "Front desk/\"Hotline\" <2000>");
        end(&world, &alice).await;
    });
}

#[test]
fn who_forwarded_the_call_is_passed_on() {
    let options = ["send_history_info = yes"];
    let mut configuration = with(&options);
    configuration.extensions += "\n\
        exten => fwd,1,Set(GLOBAL(SEEN)=${CALLERID(RDNIS)} ${REDIRECTING(reason)} \
        ${REDIRECTING(count)})\n\
        \x20same => n,Dial(PJSIP/bob,20)\n\
        exten => own,1,Set(REDIRECTING(from-num)=500)\n\
        \x20same => n,Set(REDIRECTING(reason)=cfu)\n\
        \x20same => n,Dial(PJSIP/bob,20)\n";
    tell_everywhere(1, &configuration, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        alice.will_say(&[("Diversion", "<sip:200@example.com>;reason=user-busy")]).await;
        alice.dial("fwd").await;
        world.run_until("it rings", secs(35), |_| bob.is_alerted()).await;
        let invite = bob.call().invite;
        assert_eq!(line(&invite, "Diversion: "), "Diversion: <sip:200@192.0.2.1>;reason=user-busy");
        let history = line(&invite, "History-Info: ");
        assert!(history.contains("<sip:200@192.0.2.1?Reason=SIP%3Bcause%3D486>;index=1"));
        assert_eq!(world.exchange().global("SEEN").as_deref(), Some("200 cfb 1"));
        alice.hang_up().await;
        world.run_until("it is over", secs(35), |_| alice.is_over() && bob.is_over()).await;
        alice.will_say(&[]).await;
        alice.dial("own").await;
        world.run_until("it rings", secs(35), |_| bob.is_alerted()).await;
        let invite = bob.call().invite;
        let diversion = line(&invite, "Diversion: ");
        assert_eq!(diversion, "Diversion: <sip:500@192.0.2.1>;reason=unconditional");
        end(&world, &alice).await;
    });
}

#[test]
fn trunks_get_their_own_from_and_numbers_are_marked_as_such() {
    let options = ["from_user = account", "from_domain = provider.example", "user_eq_phone = yes"];
    let mut configuration = with(&options);
    configuration.extensions += "\nexten => out,1,Dial(PJSIP/+4930123@bob,20)\n";
    tell_everywhere(1, &configuration, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        alice.dial("out").await;
        world.run_until("it rings", secs(35), |_| bob.is_alerted()).await;
        let invite = bob.call().invite;
        assert!(line(&invite, "From: ").contains("<sip:account@provider.example>"), "{invite}");
        assert!(line(&invite, "INVITE ").starts_with("INVITE sip:+4930123@198.51.100."));
        assert!(line(&invite, "INVITE ").contains(";user=phone"), "{invite}");
        end(&world, &alice).await;
    });
}
