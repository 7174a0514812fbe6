//! The walk of an INVITE as `docs/ARCHITECTURE.md` describes it, seen from the traces that its
//! steps leave: a step that moves or stops leaving its trace fails here.
//!
//! A binary of its own: whether a trace is wanted is remembered per process, and other threads
//! that want none would decide it.

use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};

use sidetone_sim::{Configuration, Line, Manner, Weather, World, secs};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

#[path = "../it/tell.rs"]
mod tell;

use tell::{registered, tell};

/// One walk at a time, for the same reason.
static ALONE: Mutex<()> = Mutex::new(());

/// Steps in the order in which they were first seen.
#[derive(Clone, Debug, Default)]
struct Walk(Arc<Mutex<Vec<u64>>>);

impl Walk {
    fn steps(&self) -> Vec<u64> {
        self.0.lock().expect("nobody panicked").clone()
    }

    fn begin_again(&self) {
        self.0.lock().expect("nobody panicked").clear();
    }
}

impl<S: Subscriber> Layer<S> for Walk {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == "walk" {
            event.record(&mut Step(self));
        }
    }
}

struct Step<'a>(&'a Walk);

impl Visit for Step<'_> {
    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}

    fn record_i64(&mut self, field: &Field, value: i64) {
        if let Ok(value) = u64::try_from(value) {
            self.record_u64(field, value);
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        let mut steps = self.0.0.lock().expect("nobody panicked");
        if field.name() == "step" && !steps.contains(&value) {
            steps.push(value);
        }
    }
}

fn walk(caller: &str, line: Line) -> Vec<u64> {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let walk = Walk::default();
    let seen = walk.clone();
    let subscriber = tracing_subscriber::registry().with(walk.clone());
    tracing::subscriber::with_default(subscriber, || {
        tell(1, Weather::CLEAR, &Configuration::default(), async |world: World| {
            let caller = registered(&world, caller, line).await;
            let bob = registered(&world, "bob", Line::Udp).await;
            bob.will(Manner::Answer(secs(1))).await;
            walk.begin_again();
            caller.dial("bob").await;
            world.run_until("they talk", secs(10), |w| w.talking(&caller, &bob)).await;
            caller.hang_up().await;
            world.assert_no_leaks().await;
        });
    });
    seen.steps()
}

#[test]
fn an_invite_from_a_browser_walks_through_the_crates_in_order() {
    assert_eq!(walk("wendy", Line::WebSocket), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
}

#[test]
fn an_invite_from_a_phone_walks_the_same_way() {
    assert_eq!(walk("alice", Line::Udp), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert_eq!(walk("alice", Line::Tcp), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
}
