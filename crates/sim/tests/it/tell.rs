//! How a story is told: one seed, one world, one thread, time that jumps.

use std::time::Duration;

use sidetone_sim::{Configuration, Line, Phone, Weather, World};
use tokio::runtime::Builder;
use tokio::task::LocalSet;

/// A phone that has registered.
pub(crate) async fn registered(world: &World, name: &str, line: Line) -> Phone {
    let phone = world.phone(name, line).await;
    let granted = phone.register().await;
    assert_eq!(granted, Ok(600), "{name} registers\n{}", world.account());
    phone
}

/// Tells a story in one seeded world.
pub(crate) fn tell(
    seed: u64,
    weather: Weather,
    configuration: &Configuration,
    story: impl AsyncFnOnce(World),
) {
    let runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime without I/O needs nothing from the system");
    let tasks = LocalSet::new();
    let whole = tasks.run_until(async move {
        let world = World::new(seed, weather, configuration).await;
        // No story is longer than a day: whatever waits for ever fails instead.
        let told = tokio::time::timeout(Duration::from_secs(86_400), story(world.clone()));
        assert!(told.await.is_ok(), "{}", world.account());
    });
    println!("seed {seed}");
    runtime.block_on(whole);
}
