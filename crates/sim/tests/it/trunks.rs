//! Peers that want a password from us.

use sidetone_sim::{CallState, Configuration, Line, Weather, World, secs};

use super::{FEW, registered, tell, tell_over_with};

/// Every phone is a trunk that the exchange logs in at with this password.
fn trunks(password: &str) -> Configuration {
    let mut configuration = Configuration::default().with_option("outbound_auth = ours");
    configuration.pjsip +=
        &format!("\n[ours](login)\nusername = exchange\npassword = {password}\nrealm = phone\n");
    configuration
}

#[test]
fn a_trunk_with_a_password_is_called() {
    tell_over_with(FEW, &trunks("correct horse"), async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        bob.will_demand_a_password().await;
        alice.dial("bob").await;
        world.run_until("it rings", secs(35), |_| bob.is_alerted()).await;
        assert!(bob.call().invite.contains("Digest username=\"exchange\""));
        bob.answer().await;
        world.run_until("they talk", secs(35), |w| w.talking(&alice, &bob)).await;
        alice.hang_up().await;
        world.assert_no_leaks().await;
        assert_eq!(bob.state(), Some(CallState::Over(200)));
    });
}

#[test]
fn a_trunk_that_refuses_the_password_is_a_failed_call_and_no_loop() {
    tell(1, Weather::CLEAR, &trunks("wrong"), async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        bob.will_demand_a_password().await;
        alice.dial("bob").await;
        world.run_until("the call is over", secs(10), |_| alice.is_over()).await;
        world.assert_no_leaks().await;
        let invites = world.ladder().into_iter().filter(|line| line.contains("INVITE sip:bob@198"));
        assert_eq!(invites.count(), 2, "{}", world.account());
    });
}
