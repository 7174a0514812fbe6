//! Who can be reached, and where.

use sidetone_sim::{CallState, Configuration, Line, Phone, Saying, Weather, World, secs};

use super::{FEW, registered, tell, tell_over};

#[test]
fn a_registration_is_granted_refreshed_and_expires() {
    tell_over(FEW, async |world: World| {
        let alice = world.phone("alice", Line::Udp).await;
        let granted = alice.register_for(90, sidetone_sim::configuration::PASSWORD);
        assert_eq!(granted.await, Ok(90));
        assert_eq!(world.contacts("alice"), 1);
        for _ in 0..3 {
            world.run_for(secs(50)).await;
            let granted = alice.register_for(90, sidetone_sim::configuration::PASSWORD);
            assert_eq!(granted.await, Ok(90));
            assert_eq!(world.contacts("alice"), 1);
        }
        world.run_for(secs(100)).await;
        assert_eq!(world.contacts("alice"), 0);
        world.assert_no_leaks().await;
    });
}

#[test]
fn unregistering_removes_the_contact() {
    tell_over(FEW, async |world: World| {
        let alice = registered(&world, "alice", Line::Tcp).await;
        let gone = alice.register_for(0, sidetone_sim::configuration::PASSWORD);
        assert_eq!(gone.await, Ok(0));
        assert_eq!(world.contacts("alice"), 0);
        world.assert_no_leaks().await;
    });
}

#[test]
fn a_wrong_password_is_refused() {
    tell_over(FEW, async |world: World| {
        for line in [Line::Udp, Line::Tcp, Line::WebSocket] {
            let mallory = world.phone("alice", line).await;
            let refused = mallory.register_for(600, "battery staple").await;
            assert!(matches!(refused, Err(401 | 403)), "{refused:?}");
        }
        assert_eq!(world.contacts("alice"), 0);
        world.assert_no_leaks().await;
    });
}

#[test]
fn a_cut_connection_takes_its_contact_along() {
    tell_over(FEW, async |world: World| {
        for (name, line) in [("wendy", Line::WebSocket), ("alice", Line::Tcp)] {
            let phone = registered(&world, name, line).await;
            world.cut(&phone);
            // At once: a ping that nobody answers would take longer.
            world.run_until("the contact is gone", secs(1), |w| w.contacts(name) == 0).await;
            world.heal(&phone);
            assert_eq!(phone.register().await, Ok(600));
            assert_eq!(world.contacts(name), 1);
        }
        world.assert_no_leaks().await;
    });
}

#[test]
fn a_datagram_phone_keeps_its_contact_through_a_partition() {
    tell_over(FEW, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        world.cut(&alice);
        world.run_for(secs(60)).await;
        world.heal(&alice);
        assert_eq!(world.contacts("alice"), 1);
        assert_eq!(alice.register().await, Ok(600));
        assert_eq!(world.contacts("alice"), 1);
        world.assert_no_leaks().await;
    });
}

#[test]
fn all_devices_of_an_account_ring_and_one_of_them_takes_the_call() {
    tell_over(FEW, async |world: World| {
        let desk = registered(&world, "alice", Line::Udp).await;
        let mobile = registered(&world, "alice", Line::Tcp).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        assert_eq!(world.contacts("alice"), 2);
        bob.dial("alice").await;
        let both = |_: &World| desk.is_alerted() && mobile.is_alerted();
        world.run_until("both ring", secs(20), both).await;
        mobile.answer().await;
        world.run_until("they talk", secs(20), |w| w.talking(&bob, &mobile)).await;
        world.run_until("the other stops", secs(20), |_| desk.is_over()).await;
        assert_eq!(desk.state(), Some(CallState::Over(487)));
        let elsewhere = |reason: &String| reason.contains("cause=200");
        assert!(desk.call().reasons.iter().any(elsewhere), "{:?}", desk.call().reasons);
        bob.hang_up().await;
        world.assert_no_leaks().await;
    });
}

/// Registers three devices of alice one after the other, of which two are allowed.
fn with_a_third(option: &str, story: impl AsyncFnOnce(World, [Phone; 2], Phone)) {
    let mut configuration = Configuration::default();
    configuration.pjsip += &format!("\n[alice](+type=aor)\nmax_contacts = 2\n{option}\n");
    tell(1, Weather::CLEAR, &configuration, async |world: World| {
        let first = registered(&world, "alice", Line::Udp).await;
        let second = registered(&world, "alice", Line::Tcp).await;
        let third = world.phone("alice", Line::Tcp).await;
        story(world.clone(), [first, second], third).await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn one_device_more_than_allowed_is_refused() {
    with_a_third("", async |world: World, known: [Phone; 2], third: Phone| {
        assert_eq!(third.register().await, Err(403));
        assert_eq!(world.contacts("alice"), 2);
        // Those who are there refresh as before.
        for phone in &known {
            assert_eq!(phone.register().await, Ok(600));
        }
    });
}

#[test]
fn one_device_more_takes_the_place_of_the_oldest_with_remove_existing() {
    with_a_third("remove_existing = yes", async |world: World, known: [Phone; 2], third: Phone| {
        assert_eq!(third.register().await, Ok(600));
        assert_eq!(world.contacts("alice"), 2);
        let bob = registered(&world, "bob", Line::Udp).await;
        bob.dial("alice").await;
        world.run_until("two ring", secs(5), |_| third.is_alerted()).await;
        world.run_for(secs(1)).await;
        assert_eq!((known[0].is_alerted(), known[1].is_alerted()), (false, true));
        bob.hang_up().await;
        world.run_for(secs(1)).await;
    });
}

#[test]
fn a_device_that_does_not_answer_makes_room_with_remove_unavailable() {
    let option = "remove_unavailable = yes\nqualify_frequency = 10\nqualify_timeout = 2";
    with_a_third(option, async |world: World, known: [Phone; 2], third: Phone| {
        world.run_for(secs(15)).await;
        assert_eq!(third.register().await, Err(403), "both answer");
        world.cut(&known[0]);
        world.run_for(secs(30)).await;
        assert_eq!(third.register().await, Ok(600));
        assert_eq!(world.contacts("alice"), 2);
        world.heal(&known[0]);
        // Until nobody is asked any more and the last question is forgotten.
        for phone in [&known[1], &third] {
            let password = sidetone_sim::configuration::PASSWORD;
            phone.register_for(0, password).await.expect("it leaves");
        }
        world.run_for(secs(40)).await;
    });
}

/// The final answer to a REGISTER that a story wrote itself.
async fn asked(world: &World, phone: &Phone, headers: &[(&str, &str)]) -> String {
    let before = phone.answers().len();
    phone.send(phone.name(), Saying::new("REGISTER", headers)).await;
    world.run_until("an answer", secs(35), |_| phone.answers().len() > before).await;
    phone.answers().pop().expect("it came")
}

fn contacts_of(answer: &str) -> usize {
    answer.lines().filter(|line| line.starts_with("Contact: ")).count()
}

#[test]
fn rfc_3665_2_1_successful_new_registration() {
    tell_over(FEW, async |world: World| {
        for line in [Line::Udp, Line::Tcp] {
            let bob = world.phone("bob", line).await;
            let granted = bob.register_for(7_200, sidetone_sim::configuration::PASSWORD).await;
            assert_eq!(granted, Ok(7_200));
        }
        world.assert_no_leaks().await;
    });
}

#[test]
fn rfc_3665_2_2_and_2_3_update_of_and_request_for_the_contact_list() {
    tell_over(FEW, async |world: World| {
        let bob = registered(&world, "bob", Line::Udp).await;
        let more = [("Contact", "<sip:bob@203.0.113.9:5080;transport=tcp>;expires=900")];
        let granted = asked(&world, &bob, &more).await;
        assert!(granted.starts_with("SIP/2.0 200 "), "{granted}");
        assert_eq!(contacts_of(&granted), 2, "{granted}");
        let listed = asked(&world, &bob, &[]).await;
        assert!(listed.starts_with("SIP/2.0 200 "), "{listed}");
        assert_eq!(contacts_of(&listed), 2, "{listed}");
        assert!(listed.contains(";expires="), "{listed}");
        world.assert_no_leaks().await;
    });
}

#[test]
fn rfc_3665_2_4_cancellation_of_registration() {
    tell_over(FEW, async |world: World| {
        let bob = registered(&world, "bob", Line::Udp).await;
        let gone = asked(&world, &bob, &[("Contact", "*"), ("Expires", "0")]).await;
        assert!(gone.starts_with("SIP/2.0 200 "), "{gone}");
        assert_eq!((contacts_of(&gone), world.contacts("bob")), (0, 0), "{gone}");
        world.assert_no_leaks().await;
    });
}

#[test]
fn rfc_3665_2_5_unsuccessful_registration() {
    tell_over(FEW, async |world: World| {
        let mallory = world.phone("bob", Line::Udp).await;
        assert_eq!(mallory.register_for(600, "wrong").await, Err(401));
        assert_eq!(world.contacts("bob"), 0);
        world.assert_no_leaks().await;
    });
}
