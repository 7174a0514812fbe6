//! Entry point for the fuzzer: arbitrary orders to the table, invariants asserted.

use std::time::{Duration, Instant};

use sidetone_base::{Destination, FlowId};

use crate::{AorLimits, ContactUpdate, Contacts, Qualified, Register, Registrar};

/// Lets four browsers register, ask, leave, fall silent and lose their sockets in any order: each
/// four bytes are one order. No address of record ever has more than it may, a refused request
/// changes nothing, and in the end nothing is left.
pub fn fuzz_orders(data: &[u8]) {
    let (mut registrar, mut now) = (Registrar::new(), Instant::now());
    for order in data.chunks_exact(4) {
        let &[what, who, which, more] = order else { return };
        let (aor, key) = (format!("aor{}", who % 3), format!("sip:{}", which % 8));
        match what % 8 {
            0..=3 => register(&mut registrar, now, (what, &aor, &key), more),
            4 => registrar.flow_closed(FlowId(u64::from(which % 4))),
            5 => {
                now += Duration::from_secs(u64::from(more) * 10);
                registrar.handle_timeout(now);
            }
            6 => {
                registrar.set_reachable(&aor, &key, more % 2 == 0);
                let qualified = Qualified { reachable: more % 3 == 0, rtt: None };
                registrar.set_qualified(&aor, &key, qualified);
            }
            _ => {
                registrar.plan_questions(now, Duration::from_secs(u64::from(more)), |_| true);
                while let Some((aor, contact)) = registrar.next_question(now) {
                    assert!(registrar.contacts(&aor).iter().any(|other| other.key == contact.key));
                }
            }
        }
        check(&mut registrar, now);
    }
    registrar.handle_timeout(now + Duration::from_secs(100_000));
    assert!(registrar.all().is_empty() && registrar.by_flow.is_empty());
    assert!(registrar.aors.is_empty() && registrar.next_deadline().is_none());
}

fn register(registrar: &mut Registrar, now: Instant, (what, aor, key): (u8, &str, &str), more: u8) {
    let limits = AorLimits {
        max_contacts: u32::from(what >> 3) % 4,
        remove_existing: what & 0x40 != 0,
        remove_unavailable: what & 0x80 != 0,
        minimum_s: 60,
        maximum_s: 600,
        default_s: 300,
        is_asked: more & 1 != 0,
    };
    let flow = FlowId(u64::from(more % 4));
    let update = |key: &str, expires_s| ContactUpdate {
        uri: key.to_owned(),
        key: key.to_owned(),
        expires_s,
        q_thousandths: u16::from(more) * 4,
        destination: Destination::Flow(flow),
    };
    let expires_s = [None, Some(0), Some(30), Some(120)][usize::from(more / 4 % 4)];
    let contacts = match more / 16 % 5 {
        0 => Contacts::Query,
        1 => Contacts::RemoveAll,
        2 => Contacts::Update(vec![update(key, expires_s), update("sip:twin", None)]),
        _ => Contacts::Update(vec![update(key, expires_s)]),
    };
    let request = Register {
        aor: aor.to_owned(),
        contacts,
        expires_s: expires_s.filter(|_| more & 2 != 0),
        call_id: format!("call{}", more % 3),
        cseq: u32::from(more / 8),
        user_agent: String::new(),
        path: Vec::new(),
        bound_to: (more & 0x80 != 0).then_some(flow),
    };
    let before = registrar.contacts(aor);
    match registrar.register(now, &limits, &request) {
        Ok(after) => {
            // Who only asks or leaves may find more than a limit that was lowered since.
            let grew = after.len() > before.len();
            assert!(!grew || after.len() <= limits.max_contacts as usize, "{after:?}");
        }
        Err(_) => assert_eq!(registrar.contacts(aor), before, "a refused request changed it"),
    }
}

/// What holds at any time.
fn check(registrar: &mut Registrar, now: Instant) {
    for (aor, contact) in registrar.all() {
        let of_aor = registrar.contacts(&aor);
        let same = of_aor.iter().filter(|other| other.key == contact.key).count();
        assert_eq!(same, 1, "one binding of a key");
        assert!(contact.expires_at.is_some_and(|at| at + Duration::from_secs(1) > now));
        if let Some(flow) = contact.bound_to {
            assert!(registrar.by_flow.get(&flow).is_some_and(|aors| aors.contains(&aor)));
        }
    }
    for (flow, aors) in &registrar.by_flow {
        for aor in aors {
            let bound = registrar.contacts(aor).iter().any(|c| c.bound_to == Some(*flow));
            assert!(bound, "a socket remembers what is gone");
        }
    }
    let _ = (registrar.next_deadline(), registrar.next_question_at(), registrar.take_changes());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_orders_keep_the_invariants(data in prop::collection::vec(any::<u8>(), 0..400)) {
            super::fuzz_orders(&data);
        }
    }
}
