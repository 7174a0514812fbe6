//! Contacts that are asked by OPTIONS whether they are there.

use sidetone_sim::configuration::PASSWORD;
use sidetone_sim::{Configuration, Line, Manner, Weather, World, secs};

use super::{FEW, registered, tell, tell_over_with};

/// Every contact is asked each 30 s.
fn asked(more: &str) -> Configuration {
    let mut configuration = Configuration::default();
    let lines = format!("max_contacts = 5\nqualify_frequency = 30\n{more}");
    configuration.pjsip = configuration.pjsip.replace("max_contacts = 5\n", &lines);
    configuration
}

fn status(world: &World, name: &str) -> &'static str {
    let contacts = world.exchange().registrar().contacts(name);
    contacts.first().expect("a contact").status()
}

#[test]
fn a_contact_that_falls_silent_is_unavailable_until_it_answers_again() {
    tell_over_with(FEW, &asked(""), async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let wendy = registered(&world, "wendy", Line::WebSocket).await;
        for name in ["alice", "wendy"] {
            world.run_until("it was asked", secs(5), |w| status(w, name) == "Avail").await;
            let contact = world.exchange().registrar().contacts(name).remove(0);
            let rtt = contact.qualified.expect("asked").rtt.expect("answered");
            assert!(rtt.as_millis() < 3_000, "{rtt:?}");
        }
        world.cut(&alice);
        world.run_until("it is missed", secs(40), |w| status(w, "alice") == "Unavail").await;
        assert_eq!(status(&world, "wendy"), "Avail");
        world.heal(&alice);
        world.run_until("it is back", secs(40), |w| status(w, "alice") == "Avail").await;
        // A refresh does not make it unknown again.
        assert_eq!(alice.register().await, Ok(600));
        assert_eq!(status(&world, "alice"), "Avail");
        // Without contacts there are no questions, and then nothing is left of them.
        for phone in [&alice, &wendy] {
            assert_eq!(phone.register_for(0, PASSWORD).await, Ok(0));
        }
        world.assert_no_leaks().await;
    });
}

#[test]
fn an_error_means_unavailable_only_when_a_2xx_is_demanded() {
    for (more, expected) in [("", "Avail"), ("qualify_2xx_only = yes\n", "Unavail")] {
        tell(1, Weather::CLEAR, &asked(more), async |world: World| {
            let alice = world.phone("alice", Line::Udp).await;
            alice.will(Manner::Refuse(404)).await;
            assert_eq!(alice.register().await, Ok(600));
            world.run_for(secs(5)).await;
            assert_eq!(status(&world, "alice"), expected);
            alice.will(Manner::Ring).await;
            world.run_until("asked again", secs(40), |w| status(w, "alice") == "Avail").await;
            assert_eq!(alice.register_for(0, PASSWORD).await, Ok(0));
            world.assert_no_leaks().await;
        });
    }
}

#[test]
fn a_contact_is_not_asked_unless_it_is_to_be() {
    tell(1, Weather::CLEAR, &Configuration::default(), async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        world.run_for(secs(120)).await;
        assert_eq!(status(&world, "alice"), "NonQual");
        assert!(alice.received().is_empty());
        world.assert_no_leaks().await;
    });
}

#[test]
fn a_question_is_asked_with_a_password_when_that_is_allowed() {
    for (more, expected) in [("", 1), ("authenticate_qualify = yes\n", 2)] {
        let mut configuration = asked(&format!("qualify_2xx_only = yes\n{more}"));
        configuration = configuration.with_option("outbound_auth = ours");
        configuration.pjsip +=
            "\n[ours](login)\nusername = exchange\npassword = correct horse\nrealm = phone\n";
        tell(1, Weather::CLEAR, &configuration, async |world: World| {
            let bob = world.phone("bob", Line::Udp).await;
            bob.will_demand_a_password().await;
            assert_eq!(bob.register().await, Ok(600));
            world.run_for(secs(5)).await;
            let asked = world.ladder().into_iter().filter(|line| line.contains("OPTIONS sip:bob@"));
            assert_eq!(asked.count(), expected, "{}", world.account());
            let told = if expected == 2 { "Avail" } else { "Unavail" };
            assert_eq!(status(&world, "bob"), told);
            assert_eq!(bob.register_for(0, PASSWORD).await, Ok(0));
            world.assert_no_leaks().await;
        });
    }
}
