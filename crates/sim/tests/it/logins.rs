//! By what an account is known, and with what it logs in: names in Authorization, stored hashes.

use sidetone_sim::{Configuration, Line, Manner, Phone, Weather, World, secs};

use super::{FEW, registered, tell, tell_everywhere, tell_over_with};

/// `alice:desk:correct horse` under each hash.
const MD5: &str = "66c3aa3c5755b08cc7fbc04082c185fe";
const SHA_256: &str = "a99bec899eee21d608bbef4c35328f5b53738ab1910da9e63295b0c7b4ca170d";

/// Alice's account stores what these lines say, and no password.
fn alice_with(lines: &str) -> Configuration {
    let mut configuration = Configuration::default();
    let usual = "[alice](login)\nusername = alice\npassword = correct horse\n";
    assert!(configuration.pjsip.contains(usual));
    let stored = format!("[alice]\ntype = auth\nusername = alice\nrealm = desk\n{lines}\n");
    configuration.pjsip = configuration.pjsip.replace(usual, &stored);
    configuration
}

/// A phone registers, calls bob and is called by him.
async fn registers_calls_and_is_called(world: &World, phone: &Phone) {
    let bob = registered(world, "bob", Line::Udp).await;
    for (from, to) in [(phone, &bob), (&bob, phone)] {
        to.will(Manner::Answer(secs(1))).await;
        from.dial(to.name()).await;
        world.run_until("they talk", secs(35), |w| w.talking(phone, &bob)).await;
        from.hang_up().await;
        world.run_until("it is over", secs(35), World::is_quiet).await;
    }
    world.assert_no_leaks().await;
}

fn challenges(world: &World) -> usize {
    world.ladder().iter().filter(|line| line.contains(" 401 ")).count()
}

#[test]
fn an_account_is_known_by_the_name_it_logs_in_with_whatever_its_from_says() {
    let mut configuration = Configuration::default().with_option("identify_by = auth_username");
    configuration.pjsip +=
        "\n[global]\ntype = global\nendpoint_identifier_order = ip,username,auth_username\n";
    tell_over_with(FEW, &configuration, async |world: World| {
        // Bob is an account too: the proof decides, not the name in front of it.
        for name in ["frontdesk", "carol"] {
            let alice = world.phone("alice", Line::Udp).await;
            alice.will_call_itself(name).await;
            assert_eq!(alice.register_for(600, "battery staple").await, Err(401), "{name}");
            assert_eq!(alice.register().await, Ok(600), "{name}\n{}", world.account());
            assert_eq!(world.contacts("carol"), 0);
            alice.dial("600").await;
            world.run_until("she hears herself", secs(20), |_| alice.is_talking()).await;
            let channels = world.exchange().live().all();
            let names: Vec<_> = channels.iter().map(|facts| facts.name.to_string()).collect();
            assert!(names[0].starts_with("PJSIP/alice-"), "{names:?}");
            alice.hang_up().await;
            world.run_until("it is over", secs(35), World::is_quiet).await;
            assert_eq!(alice.register_for(0, "correct horse").await, Ok(0));
        }
        let alice = world.phone("alice", Line::Tcp).await;
        alice.will_call_itself("frontdesk").await;
        assert_eq!(alice.register().await, Ok(600));
        registers_calls_and_is_called(&world, &alice).await;
    });
}

#[test]
fn a_name_in_authorization_identifies_nobody_unless_the_account_says_so() {
    let mut configuration = Configuration::default();
    configuration.pjsip +=
        "\n[global]\ntype = global\nendpoint_identifier_order = ip,username,auth_username\n";
    tell_everywhere(1, &configuration, async |world: World| {
        let alice = world.phone("alice", Line::Udp).await;
        alice.will_call_itself("frontdesk").await;
        let refused = alice.register().await;
        // `identify_by` is `username,ip` unless it is set.
        assert_eq!(refused, Err(401), "{}", world.account());
        assert_eq!(world.contacts("alice"), 0);
        world.assert_no_leaks().await;
    });
}

#[test]
fn a_stored_hash_is_enough_to_register_and_call() {
    for (lines, algorithm) in [
        (format!("auth_type = md5\nmd5_cred = {MD5}"), "MD5"),
        (format!("auth_type = digest\npassword_digest = MD5:{MD5}"), "MD5"),
        (
            format!(
                "auth_type = digest\npassword_digest = SHA-256:{SHA_256}\n\
                 supported_algorithms_uas = SHA-256"
            ),
            "SHA-256",
        ),
        // Without a list of its own, the account is asked for what it has.
        (format!("auth_type = digest\npassword_digest = SHA-256:{SHA_256}"), "SHA-256"),
    ] {
        tell(1, Weather::BAD, &alice_with(&lines), async |world: World| {
            let alice = world.phone("alice", Line::Udp).await;
            let refused = alice.register_for(600, "battery staple").await;
            assert_eq!(refused, Err(401), "{lines}\n{}", world.account());
            assert_eq!(world.contacts("alice"), 0, "{lines}");
            let granted = alice.register().await;
            assert_eq!(granted, Ok(600), "{lines}\n{}", world.account());
            assert_eq!(world.contacts("alice"), 1, "{lines}");
            let before = challenges(&world);
            registers_calls_and_is_called(&world, &alice).await;
            assert!(challenges(&world) > before, "the call is challenged too");
            let asked = challenge_of(&world).await;
            assert!(asked.contains("realm=\"desk\""), "{asked}");
            assert!(asked.contains(&format!("algorithm={algorithm},")), "{lines}: {asked}");
        });
    }
}

#[test]
fn the_algorithms_of_global_count_for_accounts_that_list_none() {
    for (own, algorithm) in [("", "SHA-256"), ("supported_algorithms_uas = MD5\n", "MD5")] {
        let mut configuration = Configuration::default();
        let account = "[alice](login)\n";
        configuration.pjsip = configuration.pjsip.replace(account, &format!("{account}{own}"));
        configuration.pjsip += "\n[global]\ntype = global\ndefault_auth_algorithms_uas = SHA-256\n";
        tell(1, Weather::CLEAR, &configuration, async |world: World| {
            registered(&world, "alice", Line::Udp).await;
            let asked = challenge_of(&world).await;
            assert!(asked.contains(&format!("algorithm={algorithm},")), "{own}: {asked}");
            assert_eq!(asked.matches("algorithm=").count(), 1, "{asked}");
        });
    }
}

/// What alice is asked for, as a stranger sees it who says to be her.
async fn challenge_of(world: &World) -> String {
    let mut stranger = world.stranger().await;
    let ip = stranger.ip();
    let text = format!(
        "REGISTER sip:192.0.2.1 SIP/2.0\r\n\
         Via: SIP/2.0/UDP {ip}:5060;branch=z9hG4bKasks;rport\r\n\
         From: <sip:alice@192.0.2.1>;tag=t\r\nTo: <sip:alice@192.0.2.1>\r\n\
         Call-ID: asks\r\nCSeq: 1 REGISTER\r\n\
         Contact: <sip:alice@{ip}:5060>\r\nContent-Length: 0\r\n\r\n"
    );
    world.weather(Weather::CLEAR);
    stranger.say(text).await;
    stranger.hear(secs(1)).await.join("\n")
}
