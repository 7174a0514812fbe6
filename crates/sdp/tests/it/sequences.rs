//! Random sequences of exchanges between two legs, started by either side: roles, numbers and
//! sources stay, and both plans mirror each other (pains 5 and 20).

use std::collections::HashMap;

use proptest::prelude::*;
use sidetone_sdp::negotiation::{CodecWish, KindWish};
use sidetone_sdp::plan::{Direction, DtlsRole, MediaPlan, Protection, StreamState};
use sidetone_sdp::{Capabilities, Wish};

use crate::support::{
    Leg, browser_endpoint, codecs, dtls_phone_endpoint, phone_endpoint, restarted_transport,
    sdes_endpoint, stream_echo, transport,
};

#[derive(Clone, Copy, Debug)]
enum Side {
    A,
    B,
}

#[derive(Clone, Debug)]
enum Step {
    Offer(Side, Direction, usize, CodecOrderWish),
    Refused(Side, usize),
    RestartIce(Side),
}

#[derive(Clone, Copy, Debug)]
enum CodecOrderWish {
    Configured,
    UlawFirst,
    OpusFirst,
}

impl CodecOrderWish {
    fn wish(self) -> CodecWish {
        match self {
            Self::Configured => CodecWish::AsConfigured,
            Self::UlawFirst => CodecWish::Prefer(codecs(&["ulaw"])),
            Self::OpusFirst => CodecWish::Prefer(codecs(&["opus"])),
        }
    }
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::A), Just(Side::B)]
}

fn step() -> impl Strategy<Value = Step> {
    let direction = prop_oneof![
        Just(Direction::SendRecv),
        Just(Direction::SendOnly),
        Just(Direction::RecvOnly),
        Just(Direction::Inactive)
    ];
    let order = prop_oneof![
        Just(CodecOrderWish::Configured),
        Just(CodecOrderWish::UlawFirst),
        Just(CodecOrderWish::OpusFirst)
    ];
    prop_oneof![
        6 => (side(), direction, 0_usize..4, order)
            .prop_map(|(side, direction, count, order)| Step::Offer(side, direction, count, order)),
        1 => (side(), 0_usize..4).prop_map(|(side, videos)| Step::Refused(side, videos)),
        1 => side().prop_map(Step::RestartIce),
    ]
}

/// Kinds of endpoints that can talk to each other, with the number of transports each leg has.
fn endpoints() -> impl Strategy<Value = (Capabilities, Capabilities, u16)> {
    let many = |endpoint: Capabilities| Capabilities { max_video_streams: 3, ..endpoint };
    let bundling = Capabilities { bundle: true, rtcp_mux: true, ice: true, ..phone_endpoint() };
    prop_oneof![
        Just((many(browser_endpoint()), many(browser_endpoint()), 1)),
        Just((many(browser_endpoint()), browser_endpoint(), 8)),
        Just((many(phone_endpoint()), many(phone_endpoint()), 8)),
        Just((many(bundling.clone()), many(phone_endpoint()), 8)),
        Just((many(bundling.clone()), many(bundling), 8)),
        Just((many(sdes_endpoint(true)), many(sdes_endpoint(false)), 8)),
        Just((many(sdes_endpoint(true)), many(phone_endpoint()), 8)),
        Just((many(dtls_phone_endpoint()), many(dtls_phone_endpoint()), 8)),
    ]
}

/// Both sides must see the same thing from their ends.
fn check_mirror(a: &MediaPlan, b: &MediaPlan) {
    assert_eq!(a.streams.len(), b.streams.len());
    for (one, other) in a.streams.iter().zip(&b.streams) {
        assert_eq!((one.kind, one.state, &one.mid), (other.kind, other.state, &other.mid));
        assert_eq!(one.direction, other.direction.reversed());
        if one.state == StreamState::Rejected {
            continue;
        }
        let view = |codecs: &[sidetone_sdp::plan::CodecPlan], turned: bool| {
            let numbers = codecs.iter().map(|c| match turned {
                true => (c.receive_payload_type, c.send_payload_type, c.name.clone(), c.feedback),
                false => (c.send_payload_type, c.receive_payload_type, c.name.clone(), c.feedback),
            });
            numbers.collect::<Vec<_>>()
        };
        assert_eq!(view(&one.codecs, false), view(&other.codecs, true));
        assert_eq!(one.telephone_events, other.telephone_events);
        assert_eq!((&one.rtx, &one.extensions), (&other.rtx, &other.extensions));
        for (codec, twin) in one.codecs.iter().zip(&other.codecs) {
            assert_eq!(
                (&codec.local_fmtp, &codec.remote_fmtp),
                (&twin.remote_fmtp, &twin.local_fmtp)
            );
        }
        check_transports(&a.transports[one.transport], &b.transports[other.transport]);
    }
    // Streams that share a transport on one side share one on the other.
    let active = |plan: &MediaPlan| -> Vec<usize> {
        let streams = plan.streams.iter().filter(|s| s.state == StreamState::Active);
        streams.map(|stream| stream.transport).collect()
    };
    assert_eq!(active(a).len(), active(b).len());
    let mut pairs: HashMap<usize, usize> = HashMap::new();
    for (one, other) in active(a).into_iter().zip(active(b)) {
        assert_eq!(*pairs.entry(one).or_insert(other), other);
    }
}

fn check_transports(a: &sidetone_sdp::plan::TransportPlan, b: &sidetone_sdp::plan::TransportPlan) {
    assert_eq!(a.rtcp_mux, b.rtcp_mux);
    assert_eq!(a.ice.is_some(), b.ice.is_some());
    if let (Some(a), Some(b)) = (&a.ice, &b.ice) {
        assert_ne!(a.controlling, b.controlling, "one side controls");
    }
    match (&a.protection, &b.protection) {
        (Protection::None, Protection::None) => {}
        (Protection::Dtls { role: a, .. }, Protection::Dtls { role: b, .. }) => assert_ne!(a, b),
        (
            Protection::Sdes { local, remote },
            Protection::Sdes { local: their_local, remote: their_remote },
        ) => {
            assert_eq!(
                (&local.key_and_salt, &local.suite),
                (&their_remote.key_and_salt, &their_remote.suite)
            );
            assert_eq!(
                (&remote.key_and_salt, remote.tag),
                (&their_local.key_and_salt, their_local.tag)
            );
        }
        (a, b) => panic!("{a:?} against {b:?}"),
    }
}

/// What a leg has agreed on once must not change while it is in use.
#[derive(Default)]
struct Memory {
    role: HashMap<usize, DtlsRole>,
    local_key: HashMap<usize, Vec<u8>>,
    numbers: HashMap<(usize, u32, u8), (String, u32)>,
    controlling: Option<bool>,
    mids: HashMap<String, usize>,
}

impl Memory {
    fn check(&mut self, plan: &MediaPlan) {
        let in_use: Vec<usize> = plan
            .streams
            .iter()
            .filter(|stream| stream.state == StreamState::Active)
            .map(|stream| stream.transport)
            .collect();
        self.role.retain(|transport, _| in_use.contains(transport));
        self.local_key.retain(|transport, _| in_use.contains(transport));
        for (index, transport) in plan.transports.iter().enumerate() {
            if !in_use.contains(&index) {
                continue;
            }
            match &transport.protection {
                Protection::Dtls { role, .. } => {
                    assert_eq!(*self.role.entry(index).or_insert(*role), *role, "role flip");
                }
                Protection::Sdes { local, .. } => {
                    let key = self.local_key.entry(index).or_insert(local.key_and_salt.clone());
                    assert_eq!(key, &local.key_and_salt);
                }
                Protection::None => {}
            }
            if let Some(ice) = &transport.ice {
                let controlling = *self.controlling.get_or_insert(ice.controlling);
                assert_eq!(controlling, ice.controlling, "ICE role flip");
            }
        }
        for (line, stream) in plan.streams.iter().enumerate() {
            if let Some(mid) = &stream.mid {
                let first = *self.mids.entry(mid.clone()).or_insert(line);
                assert_eq!(first, line, "a MID moved");
            }
            for codec in &stream.codecs {
                let key = (line, stream.local_ssrc, codec.receive_payload_type);
                let meaning = (codec.name.clone(), codec.clock_rate);
                let first = self.numbers.entry(key).or_insert(meaning.clone());
                assert_eq!(first, &meaning, "a payload type changed its meaning");
            }
        }
    }
}

struct Pair {
    a: Leg,
    b: Leg,
    memories: [Memory; 2],
    lines: usize,
    generation: usize,
}

impl Pair {
    fn sides(&mut self, side: Side) -> (&mut Leg, &mut Leg) {
        match side {
            Side::A => (&mut self.a, &mut self.b),
            Side::B => (&mut self.b, &mut self.a),
        }
    }

    fn run(&mut self, step: &Step) {
        match step {
            Step::Offer(side, direction, videos, order) => {
                let mut wish = stream_echo(*videos).directed(*direction);
                wish.audio.codecs = order.wish();
                self.exchange(*side, &wish);
            }
            Step::Refused(side, videos) => {
                let (from, _) = self.sides(*side);
                let before = from.negotiation.plan().clone();
                from.offer(&stream_echo(*videos));
                from.negotiation.roll_back();
                assert_eq!(from.negotiation.plan(), &before);
            }
            Step::RestartIce(side) => {
                self.generation += 1;
                let ufrag = format!("gen{}", self.generation);
                let (from, to) = self.sides(*side);
                for leg in [from, to] {
                    for index in 0..leg.local.len() {
                        let number = u16::try_from(index).unwrap();
                        leg.local[index] = restarted_transport(number, &ufrag);
                    }
                }
                self.exchange(*side, &stream_echo(1));
            }
        }
    }

    fn exchange(&mut self, side: Side, wish: &Wish) {
        let (from, to) = self.sides(side);
        let offer = from.offer(wish);
        let further = Some(Direction::SendRecv);
        let answer_wish =
            Wish { video: KindWish { further, ..KindWish::none() }, ..Wish::audio_only() };
        let (answer, _) = to.answer(&offer, &answer_wish).expect("the offer can be answered");
        assert_eq!(answer.media.len(), offer.media.len());
        from.accept(&answer).expect("the answer fits the offer");
        assert!(offer.media.len() >= self.lines, "lines never vanish");
        self.lines = offer.media.len();
        check_mirror(self.a.negotiation.plan(), self.b.negotiation.plan());
        self.memories[0].check(self.a.negotiation.plan());
        self.memories[1].check(self.b.negotiation.plan());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn roles_and_numbers_stay_and_plans_mirror(
        (a, b, count) in endpoints(),
        first in side(),
        steps in prop::collection::vec(step(), 1..12),
    ) {
        let mut pair = Pair {
            a: Leg::new(a, 1).with_transports(count),
            b: Leg::new(b, 2).with_transports(count),
            memories: Default::default(),
            lines: 0,
            generation: 0,
        };
        prop_assert_eq!(pair.a.local[0].clone(), transport(0));
        pair.exchange(first, &stream_echo(0));
        for step in &steps {
            pair.run(step);
        }
    }
}
