//! Whole calls over links that lose, double and reorder: whatever happens, both owners learn how
//! the call ended and nothing is left.

use std::time::Duration;

use sidetone_base::{Random as _, SeededRandom, Transport};

use crate::Settings;
use crate::api::{Command, DialogId, Event, InviteId};
use crate::settings::{SessionTimers, TimerMode};
use crate::testing::{ALICE, BOB, Link, World, reply};

/// What the two owners know.
#[derive(Debug, Default)]
struct Story {
    alice: Option<DialogId>,
    bob: Option<DialogId>,
    alice_over: bool,
    bob_over: bool,
}

impl Story {
    fn over(&mut self, side: usize) {
        if side == ALICE {
            self.alice_over = true;
        } else {
            self.bob_over = true;
        }
    }
}

fn settings() -> Settings {
    let session_timers =
        SessionTimers { mode: TimerMode::Always, interval_s: 90, ..SessionTimers::default() };
    Settings { session_timers, ..Settings::default() }
}

/// Plays one call; whether it was answered.
fn play(seed: u64) -> bool {
    let mut random = SeededRandom::new(seed);
    let link = Link {
        transport: if seed.is_multiple_of(5) { Transport::Tcp } else { Transport::Udp },
        lost_percent: random.below(35),
        doubled_percent: random.below(20),
        delay_ms: 5,
        jitter_ms: random.below(400),
    };
    let mut world = World::with(seed, link, settings(), settings());
    let mut request = world.outgoing();
    request.headers.push(("Supported".into(), "100rel".into()));
    let request = Box::new(request);
    world.command(ALICE, Command::Invite { invite: InviteId(1), request });
    let mut story = Story::default();
    let end = world.now + Duration::from_secs(400);
    let mut next_id = 10;
    while world.now < end && !(story.alice_over && story.bob_over) {
        if !turn(&mut world, &mut story, &mut random) {
            break;
        }
        next_id += 1;
        if random.below(40) == 0 {
            disturb(&mut world, &mut story, &mut random, next_id);
        }
    }
    // Alice goes, whatever she has; Bob must hear of it.
    match story.alice.filter(|_| !story.alice_over) {
        Some(alice) => world.bye(ALICE, alice),
        None => {
            let headers = Vec::new();
            world.command(ALICE, Command::Cancel { invite: InviteId(1), headers });
        }
    }
    story.alice_over |= story.alice.is_some();
    let end = world.now + Duration::from_secs(200);
    while world.now < end && turn(&mut world, &mut story, &mut random) {}
    assert!(story.alice_over, "seed {seed}: {story:?}");
    assert!(story.bob.is_none() || story.bob_over, "seed {seed}: {story:?}");
    world.assert_no_leaks();
    story.alice.is_some()
}

/// The next moment, and what the owners do about it. False when nothing is left to happen.
fn turn(world: &mut World, story: &mut Story, random: &mut SeededRandom) -> bool {
    if world.next_moment().is_none() {
        return false;
    }
    world.step();
    for side in [ALICE, BOB] {
        for event in std::mem::take(&mut world.events[side]) {
            react(world, story, random, side, event);
        }
    }
    true
}

/// The owners do something nobody asked for.
fn disturb(world: &mut World, story: &mut Story, random: &mut SeededRandom, id: u64) {
    let (side, dialog) = match random.below(2) {
        0 => (ALICE, story.alice.filter(|_| !story.alice_over)),
        _ => (BOB, story.bob.filter(|_| !story.bob_over)),
    };
    let Some(dialog) = dialog else {
        if random.below(4) == 0 {
            let headers = Vec::new();
            world.command(ALICE, Command::Cancel { invite: InviteId(1), headers });
        }
        return;
    };
    match random.below(5) {
        0 => {
            world.bye(side, dialog);
            // An early dialog of Alice ends with its INVITE.
            story.over(side);
        }
        1 => world.request(side, dialog, id, "INVITE"),
        2 => world.request(side, dialog, id, "UPDATE"),
        _ => world.request(side, dialog, id, "INFO"),
    }
}

fn react(
    world: &mut World,
    story: &mut Story,
    random: &mut SeededRandom,
    side: usize,
    event: Event,
) {
    match event {
        Event::Invite { dialog, .. } => {
            story.bob = Some(dialog);
            world.respond(dialog, 183, random.below(2) == 0);
            let status = if random.below(4) == 0 { 486 } else { 200 };
            world.respond(dialog, status, false);
            story.bob_over |= status == 486;
        }
        Event::Answered { dialog, .. } => {
            story.alice = Some(dialog);
            world.command(ALICE, Command::Ack { dialog, body: None });
        }
        Event::DialogRequest { transaction, .. } => {
            world.command(side, Command::Respond { transaction, reply: reply(200) });
        }
        Event::Response { response, .. } => {
            let dialog = if side == ALICE { story.alice } else { story.bob };
            if response.status.is_success()
                && let Some(dialog) = dialog
            {
                world.command(side, Command::Ack { dialog, body: None });
            }
        }
        Event::Rejected { .. } | Event::InviteFailed { .. } => story.alice_over = true,
        Event::Bye { .. } | Event::Ended { .. } | Event::Cancelled { .. } => {
            story.over(side);
        }
        Event::Acked { .. }
        | Event::RequestCancelled { .. }
        | Event::Pracked { .. }
        | Event::Provisional { .. }
        | Event::Request { .. }
        | Event::InviteMoved { .. }
        | Event::RequestMoved { .. }
        | Event::RequestFailed { .. }
        | Event::RefreshDue { .. } => {}
    }
}

#[test]
fn calls_over_bad_links_leave_nothing_behind() {
    let answered = (0..200).filter(|seed| play(*seed)).count();
    assert!(answered > 100, "{answered} calls were answered");
}
