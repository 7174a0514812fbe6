//! Stories of the whole exchange on a bad network, each over several seeds.

mod applications;
mod associations;
mod calls;
mod certificates;
mod changes;
mod channels;
mod codecs;
mod contacts;
mod database;
mod dial;
mod faults;
mod fax;
mod features;
mod flows;
mod headers;
mod hold;
mod identities;
mod keys;
mod left_out;
mod letters;
mod logins;
mod lua;
mod meetings;
mod monitor;
mod music;
mod names;
mod nat;
mod options;
mod outbound;
mod overhear;
mod pairings;
mod parking;
mod qualify;
mod referrals;
mod refusals;
mod registrations;
mod reliable;
mod routes;
mod server_options;
mod services;
mod silences;
mod strangers;
mod streams;
mod tell;
mod texts;
mod torture;
mod transfers;
mod troubles;
mod trunks;
mod typing;
mod wishes;

use std::time::Duration;

use sidetone_sim::{Configuration, Phone, Weather, World};
use tell::{registered, tell};

/// The seeds of a story that runs over a few. A seed that once found a fault is named in the
/// story that tells of it.
const FEW: &[u64] = &[1, 2, 3];

/// Presses keys in a call, one after the other, as people do.
async fn press(world: &World, phone: &Phone, keys: &str) {
    for key in keys.chars() {
        phone.press(key).await;
        world.run_for(Duration::from_millis(400)).await;
    }
}

/// The seeds that `SIM_SEEDS=1000-2000` asks for, to look further.
fn wanted_seeds() -> Option<std::ops::Range<u64>> {
    let wanted = std::env::var("SIM_SEEDS").ok()?;
    let (from, to) = wanted.split_once('-').expect("SIM_SEEDS is FROM-TO");
    Some(from.parse().expect("a number")..to.parse().expect("a number"))
}

/// The seeds of a story that is short and differs by chance.
fn seeds() -> std::ops::Range<u64> {
    wanted_seeds().unwrap_or(100..124)
}

/// The links that call flows are told on: one that loses and doubles, and one on which messages are
/// so late that their repetitions overtake them and requests cross.
const LINKS: &[Weather] = &[Weather::BAD, Weather::LATE];

/// The same on each of the links over all of the seeds.
fn tell_on_links(configuration: &Configuration, seeds: &[u64], story: impl AsyncFn(World)) {
    let seeds = wanted_seeds().map_or_else(|| seeds.to_vec(), Iterator::collect);
    for weather in LINKS {
        for seed in &seeds {
            tell(*seed, *weather, configuration, &story);
        }
    }
}

/// The same over several seeds on the link that loses, and over one on the late link.
fn tell_over_with(seeds: &[u64], configuration: &Configuration, story: impl AsyncFn(World)) {
    if wanted_seeds().is_some() {
        return tell_on_links(configuration, seeds, story);
    }
    for seed in seeds {
        tell(*seed, Weather::BAD, configuration, &story);
    }
    tell(seeds[0], Weather::LATE, configuration, &story);
}

/// The same with the usual configuration.
fn tell_over(seeds: &[u64], story: impl AsyncFn(World)) {
    tell_over_with(seeds, &Configuration::default(), story);
}

/// The same on a perfect link, where the story may be strict ([`World::is_clear`]), and with the
/// same seed on each of the others.
fn tell_everywhere(seed: u64, configuration: &Configuration, story: impl AsyncFn(World)) {
    tell(seed, Weather::CLEAR, configuration, &story);
    tell_on_links(configuration, &[seed], story);
}
