//! Calls that go well.

use sidetone_sim::{Line, World, secs};

use super::{FEW, tell_over};

#[test]
fn echo_comes_back() {
    tell_over(FEW, async |world: World| {
        let alice = world.phone("alice", Line::Udp).await;
        assert_eq!(alice.register().await, Ok(600));
        alice.dial("600").await;
        world.run_until("alice hears herself", secs(20), |_| alice.is_talking()).await;
        alice.hang_up().await;
        world.assert_no_leaks().await;
    });
}
