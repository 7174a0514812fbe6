//! Tests of `pbx/src/ingress.rs`.

use super::*;
use sidetone_base::FlowId;

fn flow(remote: &str) -> Flow {
    Flow {
        id: FlowId(1),
        transport: Transport::Udp,
        local: "192.0.2.1:5060".parse().expect("an address"),
        remote: remote.parse().expect("an address"),
    }
}

#[test]
fn a_flood_from_one_source_leaves_the_others_alone() {
    let (mut gate, now) = (Gate::default(), Instant::now());
    let flooder = flow("198.51.100.1:5060");
    let admitted = (0..5_000).filter(|_| gate.admit(now, &flooder)).count();
    assert_eq!(admitted, 1_000);
    assert!(gate.admit(now, &flow("198.51.100.2:5060")));
    assert!(gate.admit(now + Duration::from_secs(1), &flooder));
}

#[test]
fn sixty_thousand_sources_fill_no_memory_and_touch_nobody_known() {
    let (mut gate, now) = (Gate::default(), Instant::now());
    let friend = flow("203.0.113.7:5060");
    assert!(gate.admit(now, &friend));
    let spoofed = |number: u32| {
        let [_, a, b, c] = number.to_be_bytes();
        flow(&format!("10.{a}.{b}.{c}:5060"))
    };
    let admitted = (0..60_000).filter(|number| gate.admit(now, &spoofed(*number))).count();
    // The friend is one of those who have a bucket of their own.
    assert_eq!(admitted, MAX_SOURCES - 1 + 1_500, "newcomers share one bucket");
    assert_eq!(gate.young.len(), MAX_SOURCES);
    assert!(gate.admit(now, &friend), "who was known keeps an own bucket");
    let later = now + GENERATION;
    let admitted = (0..60_000).filter(|number| gate.admit(later, &spoofed(*number))).count();
    assert_eq!(admitted, MAX_SOURCES + 1_500, "as before, in the next generation");
    assert!(gate.young.len() + gate.old.len() <= 2 * MAX_SOURCES);
    let much_later = later + GENERATION + GENERATION;
    assert!(gate.admit(much_later, &friend) && gate.admit(much_later + GENERATION, &friend));
    assert_eq!((gate.young.len(), gate.old.len()), (1, 1), "the quiet are forgotten");
}

#[test]
fn a_subscriber_of_ipv6_is_one_source() {
    let (mut gate, now) = (Gate::default(), Instant::now());
    let of = |host: u32| flow(&format!("[2001:db8:0:7::{host:x}]:5060"));
    assert_eq!((0..5_000).filter(|host| gate.admit(now, &of(*host))).count(), 1_000);
    assert!(gate.admit(now, &flow("[2001:db8:0:8::1]:5060")), "the next one is another");
    assert_eq!(source("::ffff:192.0.2.1".parse().unwrap()).to_string(), "192.0.2.1");
}

#[test]
fn who_is_heard_again_stays_limited_across_generations() {
    let (mut gate, now) = (Gate::default(), Instant::now());
    let flooder = flow("198.51.100.1:5060");
    let mut admitted = 0;
    for millisecond in 0..30_000 {
        let at = now + Duration::from_millis(millisecond);
        admitted += usize::from(gate.admit(at, &flooder));
    }
    // The burst once, and then the rate.
    assert!((6_900..=7_010).contains(&admitted), "{admitted}");
}
