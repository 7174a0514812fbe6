//! The STUN monitor: what it learns, what it shows, and what it tells when the answer changes.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;

use sidetone_events::Event;
use sidetone_sim::{CallState, Configuration, Line, Weather, World, secs};

use super::tell::{registered, tell};

const SERVER: &str = "198.51.100.201:3478";

fn configuration() -> Configuration {
    let mut configuration = Configuration::default();
    let text = "[general]\nstunaddr = 198.51.100.201\nstunrefresh = 30\n".to_owned();
    configuration.files.push(("/etc/res_stun_monitor.conf".to_owned(), text));
    configuration
}

fn shown(world: &World) -> (String, Option<SocketAddr>) {
    let monitor = world.exchange().reach().monitor().expect("a monitor");
    assert_eq!((monitor.host.as_str(), monitor.port), ("198.51.100.201", 3478));
    assert_eq!(monitor.period_s, 30);
    (monitor.status.to_owned(), monitor.external)
}

/// NAT-16 to NAT-19: first answer, a new address under a call, a server that falls silent.
#[test]
fn the_monitor_learns_our_address_and_tells_calls_of_another_one() {
    tell(1, Weather::CLEAR, &configuration(), async |world: World| {
        let sees: Rc<Cell<Option<SocketAddr>>> = Rc::new(Cell::new(None));
        let changes = Rc::new(RefCell::new(Vec::new()));
        let (mut events, into) = (world.exchange().bus().subscribe(), Rc::clone(&changes));
        tokio::task::spawn_local(async move {
            while let Some(event) = events.next().await {
                if let Event::NetworkChanged { from, to } = &*event {
                    into.borrow_mut().push((from.to_string(), to.to_string()));
                }
            }
        });
        world.run_for(secs(1)).await;
        assert_eq!(shown(&world), ("INIT".to_owned(), None));

        world.monitor_server(SERVER.parse().unwrap(), Rc::clone(&sees));
        let first: SocketAddr = "203.0.113.7:61000".parse().unwrap();
        sees.set(Some(first));
        let ok = |seen: SocketAddr| ("OK".to_owned(), Some(seen));
        world.run_until("it is known", secs(120), |w| shown(w) == ok(first)).await;
        assert!(changes.borrow().is_empty(), "the first answer is no change");

        let wendy = registered(&world, "wendy", Line::WebSocket).await;
        wendy.dial("600").await;
        world.run_until("she hears herself", secs(9), |_| wendy.is_talking()).await;
        let second: SocketAddr = "203.0.113.8:61000".parse().unwrap();
        sees.set(Some(second));
        world.run_until("it is seen", secs(60), |w| shown(w) == ok(second)).await;
        world.run_until("the call is told", secs(9), |_| wendy.call().reoffered > 0).await;
        let told = ("203.0.113.7".to_owned(), "203.0.113.8".to_owned());
        assert_eq!(*changes.borrow(), [told]);
        world.run_for(secs(2)).await;
        assert!(wendy.is_talking(), "{}", world.account());

        sees.set(None);
        let dead = |w: &World| shown(w).0 == "INVALID";
        world.run_until("the server is given up", secs(300), dead).await;
        assert_eq!(wendy.state(), Some(CallState::Talking), "a call needs no monitor");
        wendy.hang_up().await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn without_a_server_there_is_no_monitor() {
    tell(1, Weather::CLEAR, &Configuration::default(), async |world: World| {
        world.run_for(secs(5)).await;
        assert!(world.exchange().reach().monitor().is_none());
    });
}
