//! Stories of the whole exchange on a bad network, each over several seeds.

mod calls;
mod refusals;
mod registrations;
mod troubles;
mod walk;

use std::time::Duration;

use sidetone_sim::{Configuration, Line, Phone, Weather, World};
use tokio::runtime::Builder;
use tokio::task::LocalSet;

/// The seeds of a story that runs over a few. A seed that once found a fault is named in the
/// story that tells of it.
const FEW: &[u64] = &[1, 2, 3];

/// The seeds of a story that is short and differs by chance: `SIM_SEEDS=1000-2000` looks further.
fn seeds() -> std::ops::Range<u64> {
    let wanted = std::env::var("SIM_SEEDS").unwrap_or_else(|_| "100-124".to_owned());
    let (from, to) = wanted.split_once('-').expect("SIM_SEEDS is FROM-TO");
    from.parse().expect("a number")..to.parse().expect("a number")
}

/// A phone that has registered.
async fn registered(world: &World, name: &str, line: Line) -> Phone {
    let phone = world.phone(name, line).await;
    let granted = phone.register().await;
    assert_eq!(granted, Ok(600), "{name} registers\n{}", world.account());
    phone
}

/// Tells a story in one seeded world.
fn tell(
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

/// The same over several seeds on a bad link with the usual configuration.
fn tell_over(seeds: &[u64], story: impl AsyncFn(World)) {
    for seed in seeds {
        tell(*seed, Weather::BAD, &Configuration::default(), &story);
    }
}
