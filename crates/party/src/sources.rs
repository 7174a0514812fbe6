//! How much each source may ask. Beside step 2 of the INVITE walk, before anybody knows who the
//! source is: one that floods is refused, those who were heard before are not touched by it. What
//! seems to belong to a call is charged in step 3, when no call of ours is found for it.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

use sidetone_base::Flow;
use sidetone_sip::headers::To;
use sidetone_sip::{Message, Method};

/// Requests of no dialog of ours that one source may send per second, on average and at once. An
/// office behind one address that loses its uplink registers again within seconds: 1,000 requests
/// of 500 phones at once, then 200 per second, is far above any honest use and far below what
/// would delay a call.
const SOURCE: Allowance = Allowance { rate: 200.0, burst: 1_000.0 };

/// The same for all those together who come when the table of sources is full: a tenth of what
/// the exchange can register in a second.
const NEWCOMERS: Allowance = Allowance { rate: 1_500.0, burst: 1_500.0 };

/// Sources remembered in a generation, two of which are kept: 50,000 together.
const MAX_SOURCES: usize = 25_000;

/// How long a generation lasts: twice as long as an empty bucket takes to fill, so that whoever is
/// forgotten loses nothing by it.
const GENERATION: Duration = Duration::from_secs(10);

/// How many requests may come.
#[derive(Clone, Copy, Debug)]
struct Allowance {
    /// Per second.
    rate: f64,
    /// At once.
    burst: f64,
}

/// A token bucket per source. Sources move to the young generation when they are heard; every
/// [`GENERATION`] the old one is forgotten and the young one gets old, so that no request ever
/// waits for a look through the table.
#[derive(Debug, Default)]
pub struct Gate {
    young: HashMap<IpAddr, Bucket>,
    old: HashMap<IpAddr, Bucket>,
    turned_at: Option<Instant>,
    /// Shared by newcomers while the young generation is full.
    newcomers: Option<Bucket>,
    refused_total: u64,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

impl Bucket {
    fn take(&mut self, now: Instant, allowance: Allowance) -> bool {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.tokens = (self.tokens + passed * allowance.rate).min(allowance.burst);
        // Shards ask too, each with a time of its own: an earlier one must not pay twice.
        self.at = self.at.max(now);
        if self.tokens < 1.0 {
            return false;
        }
        self.tokens -= 1.0;
        true
    }
}

/// Whether the message is a request that may begin something. Any other seems to belong to a call,
/// and a flood of new requests must never touch calls that run.
#[must_use]
pub fn begins(message: &Message) -> bool {
    let Message::Request(request) = message else { return false };
    let to = message.headers().typed::<To>();
    !matches!(request.method, Method::Ack | Method::Bye | Method::Cancel | Method::Prack)
        && !matches!(to, Ok(Some(to)) if to.tag().is_some())
}

/// Whether nothing is charged to the other end of the flow: loopback is the operator's own proxy
/// or test, whose sources are counted there.
#[must_use]
pub fn is_exempt(flow: &Flow) -> bool {
    flow.remote.ip().to_canonical().is_loopback()
}

/// Whom an address belongs to: of IPv6 a subscriber has at least a /64 (RFC 6177) and may use any
/// address of it.
fn source(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let prefix = address.to_bits() >> 64 << 64;
            IpAddr::V6(Ipv6Addr::from_bits(prefix))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

impl Gate {
    /// Whether a request that came now over this flow may be served.
    pub fn admit(&mut self, now: Instant, flow: &Flow) -> bool {
        if is_exempt(flow) {
            return true;
        }
        let admitted = self.take(now, source(flow.remote.ip()));
        if !admitted {
            self.refused_total += 1;
            if self.refused_total.is_power_of_two() {
                let (source, total) = (flow.remote.ip(), self.refused_total);
                tracing::warn!("{source} sends too many requests: {total} refused so far");
            }
        }
        admitted
    }

    fn take(&mut self, now: Instant, source: IpAddr) -> bool {
        let turned_at = *self.turned_at.get_or_insert(now);
        if now.saturating_duration_since(turned_at) >= GENERATION {
            std::mem::swap(&mut self.young, &mut self.old);
            self.young.clear();
            self.turned_at = Some(now);
        }
        let has_room = self.young.len() < MAX_SOURCES;
        if let Some(bucket) = self.young.get_mut(&source) {
            return bucket.take(now, SOURCE);
        }
        if let Some(bucket) = self.old.get_mut(&source) {
            let admitted = bucket.take(now, SOURCE);
            if has_room {
                self.young.insert(source, *bucket);
            }
            return admitted;
        }
        let fresh = |allowance: Allowance| Bucket { tokens: allowance.burst, at: now };
        if has_room {
            self.young.entry(source).or_insert_with(|| fresh(SOURCE)).take(now, SOURCE)
        } else {
            self.newcomers.get_or_insert_with(|| fresh(NEWCOMERS)).take(now, NEWCOMERS)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sidetone_base::{FlowId, Transport};

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
    fn a_time_that_goes_back_pays_nothing_twice() {
        let (mut gate, now) = (Gate::default(), Instant::now());
        let flooder = flow("198.51.100.1:5060");
        let later = now + Duration::from_secs(2);
        let admitted = (0..5_000)
            .filter(|turn| gate.admit(if turn % 2 == 0 { now } else { later }, &flooder))
            .count();
        assert_eq!(admitted, 1_000 + 1, "the bucket was full but for one when two seconds passed");
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
}
