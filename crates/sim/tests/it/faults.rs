//! Faults of the exchange itself, and of its dialplan: what they end and what goes on.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use sidetone_dialplan::Doc;
use sidetone_pbx::Application;
use sidetone_pbx::channel::{ChannelEvent, Control, Errand};
use sidetone_sim::{CallState, Configuration, Line, Manner, Phone, Weather, World, secs};
use tracing::field::{Field, Visit};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

use super::{FEW, registered, tell, tell_over_with};

/// Is in no catalogue but that of these stories.
const FAULT: Application = Application {
    doc: Doc { name: "Fault", synopsis: "Panic", ..Doc::EMPTY },
    run: |_, _| Box::pin(async { panic!("the story wants a fault here") }),
};

/// A dialplan that can fail in every way.
fn configuration() -> Configuration {
    let mut configuration =
        Configuration::default().with_application(FAULT).with_missing("NoSuchApplication");
    configuration.catalogue.read_function = |channel, name, arguments| {
        assert_ne!(name, "FAULT", "the story wants a fault here");
        (sidetone_apps::CATALOGUE.read_function)(channel, name, arguments)
    };
    configuration.extensions += r#"
[faulty]
exten => s,1,Fault()

[internal](+)
exten => 701,1,Fault()
 same => n,Echo()

exten => 702,1,Answer()
 same => n,Wait(1)
 same => n,Fault()
 same => n,Echo()

exten => 703,1,Answer()
 same => n,Set(GOT=${FAULT()})
 same => n,Echo()

exten => 704,1,Dial(Local/701@internal,20)

exten => 705,1,Dial(PJSIP/bob,20,U(faulty))

exten => 706,1,Dial(Local/bob@internal/n,20)

exten => 711,1,NoSuchApplication(1)
 same => n,Echo()

exten => 712,1,Answer()
 same => n,NoSuchApplication(1)
 same => n,Echo()

exten => 713,1,NoOp(${NO_SUCH_FUNCTION(1)})
 same => n,Echo()

exten => 714,1,Answer()
 same => n,Set(NO_SUCH_FUNCTION(1)=2)
 same => n,Echo()

exten => 715,1,GotoIf($["${NO_SUCH_FUNCTION(1)}" = ""]?caught,600,1)

[caught]
exten => 600,1,Answer()
 same => n,Echo()
"#;
    configuration
}

/// Carol and wendy, who have nothing to do with any of it and talk.
async fn neighbours(world: &World) -> (Phone, Phone) {
    let carol = registered(world, "carol", Line::Udp).await;
    let wendy = registered(world, "wendy", Line::WebSocket).await;
    carol.will(Manner::Answer(secs(1))).await;
    wendy.dial("carol").await;
    world.run_until("they talk", secs(35), |w| w.talking(&wendy, &carol)).await;
    (carol, wendy)
}

/// The neighbours talked all the time and talk still; calls can be made; then all is over and
/// nothing is left.
async fn nothing_else_happened(world: &World, alice: &Phone, talking: (Phone, Phone)) {
    let (carol, wendy) = talking;
    world.run_for(secs(2)).await;
    assert!(world.talking(&carol, &wendy), "{}", world.account());
    assert_eq!((carol.calls().len(), wendy.calls().len()), (1, 1));
    alice.dial("600").await;
    world.run_until("alice hears herself", secs(35), |_| alice.is_talking()).await;
    alice.hang_up().await;
    wendy.hang_up().await;
    world.assert_no_leaks().await;
}

/// Alice calls a number, and her call is over with this status and nobody else's.
fn tell_of(number: &'static str, status: u16) {
    tell_over_with(FEW, &configuration(), async |world: World| {
        let talking = neighbours(&world).await;
        let alice = registered(&world, "alice", Line::Udp).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        bob.will(Manner::Answer(secs(1))).await;
        alice.dial(number).await;
        world.run_until("it is over", secs(40), |_| alice.is_over()).await;
        let account = world.account();
        assert_eq!(alice.state(), Some(CallState::Over(status)), "{number}\n{account}");
        let free = |_: &World| bob.calls().is_empty() || bob.is_over();
        world.run_until("bob is free", secs(10), free).await;
        nothing_else_happened(&world, &alice, talking).await;
    });
}

#[test]
fn a_panic_before_the_answer_is_a_500_and_ends_no_other_call() {
    tell_of("701", 500);
}

#[test]
fn a_panic_in_a_talking_channel_hangs_it_up_and_ends_no_other_call() {
    // In an application, in a function.
    tell_of("702", 200);
    tell_of("703", 200);
}

#[test]
fn a_panic_while_two_talk_frees_both() {
    for seed in FEW {
        for faulty in ["PJSIP/alice-", "PJSIP/bob-", "Local/bob@internal"] {
            tell(*seed, Weather::BAD, &configuration(), async |world: World| {
                let talking = neighbours(&world).await;
                let alice = registered(&world, "alice", Line::Udp).await;
                let bob = registered(&world, "bob", Line::Udp).await;
                bob.will(Manner::Answer(secs(1))).await;
                alice.dial(if faulty.starts_with("Local") { "706" } else { "bob" }).await;
                world.run_until("they talk", secs(35), |w| w.talking(&alice, &bob)).await;
                fault_in(&world, faulty);
                let over = |_: &World| alice.is_over() && bob.is_over();
                world.run_until("both are free", secs(20), over).await;
                nothing_else_happened(&world, &alice, talking).await;
            });
        }
    }
}

/// A channel whose name begins so panics.
fn fault_in(world: &World, name: &str) {
    let channels = world.exchange().live().all();
    let found = channels.iter().find(|facts| facts.name.starts_with(name));
    let id = found.unwrap_or_else(|| panic!("no {name}\n{}", world.account())).id;
    let inbox = world.exchange().live().inbox(id).expect("it lives");
    let errand = Errand::new(|_| Box::pin(async { panic!("the story wants a fault here") }));
    let told = inbox.try_send(ChannelEvent::Control(Box::new(Control::Errand(errand))));
    told.expect("there is room");
}

#[test]
fn a_panic_on_the_called_side_ends_the_call_for_its_caller_too() {
    // In a local channel, in a callee's subroutine.
    tell_of("704", 500);
    tell_of("705", 603);
}

#[test]
fn an_application_nobody_has_ends_only_the_call_that_reaches_it() {
    tell_of("711", 501);
    tell_of("712", 200);
}

#[test]
fn a_function_nobody_has_ends_only_the_call_that_reaches_it() {
    // Read before the answer, set after it, in a condition.
    tell_of("713", 501);
    tell_of("714", 200);
    tell_of("715", 501);
}

/// Panics where a step of the walk is told, once it is armed.
#[derive(Clone, Default)]
struct Mine(Arc<AtomicU64>);

impl<S: tracing::Subscriber> Layer<S> for Mine {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        struct Step(u64);
        impl Visit for Step {
            fn record_u64(&mut self, field: &Field, value: u64) {
                if field.name() == "step" {
                    self.0 = value;
                }
            }
            fn record_i64(&mut self, field: &Field, value: i64) {
                self.record_u64(field, u64::try_from(value).unwrap_or_default());
            }
            fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
        }
        let mut step = Step(0);
        event.record(&mut step);
        let armed = event.metadata().target() == "walk" && step.0 > 0;
        if armed && self.0.compare_exchange(step.0, 0, Relaxed, Relaxed).is_ok() {
            panic!("the story wants a fault at step {}", step.0);
        }
    }
}

/// Step 1 is where datagrams are read, step 2 where messages are parsed: one task for everybody.
#[test]
fn a_fault_where_everybody_passes_loses_one_message_and_no_call() {
    for step in [1, 2] {
        let mine = Mine::default();
        let layered = tracing_subscriber::registry().with(mine.clone());
        // With one dispatcher alone, the thread that meets a line first is asked whether anybody
        // listens: that of another story would say no for all.
        let _second = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::default());
        let _guard = tracing::subscriber::set_default(layered);
        tell(1, Weather::CLEAR, &configuration(), async |world: World| {
            let talking = neighbours(&world).await;
            let alice = registered(&world, "alice", Line::Udp).await;
            mine.0.store(step, Relaxed);
            // Her INVITE is lost, and she sends it again.
            alice.dial("600").await;
            world.run_until("alice hears herself", secs(9), |_| alice.is_talking()).await;
            assert_eq!(mine.0.load(Relaxed), 0, "the fault has happened");
            alice.hang_up().await;
            world.run_until("it is over", secs(9), |_| alice.is_over()).await;
            nothing_else_happened(&world, &alice, talking).await;
        });
    }
}

#[test]
fn a_fault_in_a_shard_loses_one_message_and_no_call() {
    tell_over_with(FEW, &configuration(), async |world: World| {
        let talking = neighbours(&world).await;
        let alice = registered(&world, "alice", Line::Udp).await;
        let oscar = registered(&world, "oscar", Line::Udp).await;
        let walter = registered(&world, "walter", Line::WebSocket).await;
        for phone in [&oscar, &walter] {
            phone.dial("600").await;
            let hears = |_: &World| phone.is_talking();
            world.run_until("they hear themselves", secs(20), hears).await;
        }
        for shard in world.exchange().shards() {
            let held = shard.snapshot().await.expect("it runs");
            assert!(held.dialogs > 0, "every shard has a neighbour");
        }
        world.fault_in_a_shard();
        alice.dial("600").await;
        world.run_until("the fault happens", secs(20), |w| w.has_faulted()).await;
        world.run_for(secs(40)).await;
        for phone in [&oscar, &walter] {
            assert!(phone.is_talking(), "{}", world.account());
            phone.hang_up().await;
        }
        // Her call was lost, or her phone sent it again.
        alice.hang_up().await;
        world.run_until("it is over", secs(40), |_| alice.is_over()).await;
        nothing_else_happened(&world, &alice, talking).await;
    });
}

#[test]
fn a_media_leg_that_panics_ends_alone() {
    tell_over_with(FEW, &configuration(), async |world: World| {
        let talking = neighbours(&world).await;
        let alice = registered(&world, "alice", Line::Udp).await;
        alice.dial("600").await;
        world.run_until("alice hears herself", secs(20), |_| alice.is_talking()).await;
        world.fault_in_media_to(&alice);
        world.run_until("her call ends", secs(10), |_| alice.is_over()).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        bob.will(Manner::Answer(secs(1))).await;
        alice.dial("bob").await;
        world.run_until("they talk", secs(35), |w| w.talking(&alice, &bob)).await;
        world.fault_in_media_to(&bob);
        let over = |_: &World| alice.is_over() && bob.is_over();
        world.run_until("both are free", secs(10), over).await;
        nothing_else_happened(&world, &alice, talking).await;
    });
}
