//! Who can be reached, and where.

use sidetone_sim::{Line, World, secs};

use super::{FEW, registered, tell_over};

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
            world.run_until("the contact is gone", secs(60), |w| w.contacts(name) == 0).await;
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
