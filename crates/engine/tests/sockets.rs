//! The engine over real sockets on loopback.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test says so when it fails")]

mod support;

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use sidetone_engine::media::{CandidatePolicy, LegEvent, LegKind, Route};
use sidetone_engine::{LegError, LegSpec, PortChoice};
use sidetone_sdp::plan::DtlsRole;
use support::{Phone, engine, plain_plan, spec, wait_for, webrtc_plan};

const WEBRTC: LegKind = LegKind::Ice { lite: false };

#[tokio::test]
async fn two_webrtc_legs_connect_and_echo() {
    let engine = engine(21_000..=21_099, 2);
    let (a_spec, mut a_events) = spec(WEBRTC);
    let (b_spec, mut b_events) = spec(WEBRTC);
    let started = Instant::now();
    let a = engine.create_leg(a_spec).await.unwrap();
    let b = engine.create_leg(b_spec).await.unwrap();
    assert_eq!(a.local_transports()[0].ice.as_ref().unwrap().candidates.len(), 1);
    a.apply(webrtc_plan(&b.local_transports()[0], DtlsRole::Client, 1)).await.unwrap();
    b.apply(webrtc_plan(&a.local_transports()[0], DtlsRole::Server, 2)).await.unwrap();
    b.route(0, Route::Echo).await.unwrap();
    let connected = |event: &LegEvent| matches!(event, LegEvent::DtlsConnected { .. });
    wait_for(&mut a_events, connected).await;
    wait_for(&mut b_events, connected).await;
    println!("connected after {:?}", started.elapsed());

    let (mut c_spec, _c_events) = spec(LegKind::Plain);
    c_spec.beside = Some(a.id());
    let c = engine.create_leg(c_spec).await.unwrap();
    let mut phone = Phone::new();
    c.apply(plain_plan(phone.address(), 3)).await.unwrap();
    c.route(0, Route::Forward(vec![(a.id(), 0)])).await.unwrap();
    a.route(0, Route::Forward(vec![(c.id(), 0)])).await.unwrap();
    for text in ["one", "two", "three"] {
        phone.say(c.local_transports()[0].rtp, text.as_bytes());
        let heard = phone.hear().expect("the echo did not come back");
        assert_eq!(&heard[12..], text.as_bytes());
    }
    wait_for(&mut b_events, |event| *event == LegEvent::FirstPacket { stream: 0 }).await;
    let quality = b.quality().await.unwrap();
    assert_eq!((quality[0].received.packets, quality[0].sent.packets), (3, 3));
    assert_eq!(quality[0].codec, "pcmu");
    a.close();
    b.close();
    c.close();
    let snapshot = engine.snapshot().await;
    assert_eq!((snapshot.legs(), snapshot.ports()), (0, 0));
    assert!(snapshot.workers.iter().all(|worker| (worker.routes, worker.timers) == (0, 0)));
    engine.stop().await;
}

#[tokio::test]
async fn a_plain_leg_echoes() {
    let engine = engine(21_100..=21_119, 1);
    let (spec, mut events) = spec(LegKind::Plain);
    let leg = engine.create_leg(spec).await.unwrap();
    let mut phone = Phone::new();
    leg.apply(plain_plan(phone.address(), 3)).await.unwrap();
    leg.route(0, Route::Echo).await.unwrap();
    let port = leg.local_transports()[0].rtp;
    assert_eq!(port.port() % 2, 0);
    phone.say(port, b"hello");
    let heard = phone.hear().unwrap();
    assert_eq!((&heard[8..12], &heard[12..]), (&3_u32.to_be_bytes()[..], &b"hello"[..]));
    wait_for(&mut events, |event| *event == LegEvent::FirstPacket { stream: 0 }).await;
    // An injected packet of a stranger is not echoed.
    let mut stranger = Phone::new();
    stranger.socket.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    stranger.say(port, b"intruder");
    assert_eq!(stranger.hear(), None);
    phone.say(port, b"still here");
    assert_eq!(&phone.hear().unwrap()[12..], b"still here");
}

#[tokio::test]
async fn running_out_of_ports_says_so() {
    // Six pairs, of which the worker's shared port takes one.
    let engine = engine(21_120..=21_131, 1);
    let mut legs = Vec::new();
    let refused = loop {
        let (spec, _events) = spec(LegKind::Plain);
        match engine.create_leg(spec).await {
            Ok(leg) => legs.push(leg),
            Err(error) => break error,
        }
    };
    assert_eq!((legs.len(), refused), (5, LegError::NoPorts));
    assert_eq!(engine.snapshot().await.ports(), 10);
    legs.pop();
    let (spec, _events) = spec(LegKind::Plain);
    engine.create_leg(spec).await.expect("the freed pair is usable again");
}

#[tokio::test]
async fn two_hundred_legs_leave_nothing_behind() {
    let engine = engine(21_200..=21_999, 2);
    let before = engine.snapshot().await;
    let mut legs = Vec::new();
    for number in 0..200 {
        let kind = if number % 2 == 0 { WEBRTC } else { LegKind::Plain };
        let (spec, events) = spec(kind);
        legs.push((engine.create_leg(spec).await.unwrap(), events));
    }
    assert_eq!((engine.snapshot().await.legs(), engine.snapshot().await.ports()), (200, 200));
    for pair in legs.chunks(4) {
        let (a, b) = (&pair[0].0, &pair[2].0);
        a.apply(webrtc_plan(&b.local_transports()[0], DtlsRole::Client, 1)).await.unwrap();
        b.apply(webrtc_plan(&a.local_transports()[0], DtlsRole::Server, 2)).await.unwrap();
    }
    drop(legs);
    let after = engine.snapshot().await;
    for (before, after) in before.workers.iter().zip(&after.workers) {
        assert_eq!((after.legs, after.ports, after.timers), (0, 0, 0));
        assert_eq!((after.sockets, after.routes), (before.sockets, before.routes));
    }
    engine.stop().await;
}

#[tokio::test]
async fn an_address_that_is_not_ours_is_refused() {
    let engine = engine(21_140..=21_159, 1);
    let (sender, _events) = tokio::sync::mpsc::channel(1);
    let candidates = CandidatePolicy {
        local_address: Some(Ipv4Addr::new(192, 0, 2, 1).into()),
        ..CandidatePolicy::default()
    };
    let spec = LegSpec { candidates, ..LegSpec::new(LegKind::Plain, sender) };
    let refused = engine.create_leg(spec).await.map(|_| ()).unwrap_err();
    assert!(matches!(refused, LegError::BadAddress { .. }), "{refused}");
    assert_eq!(engine.snapshot().await.ports(), 0);
}

#[tokio::test]
async fn a_stopped_engine_answers_closed() {
    let engine = engine(21_160..=21_179, 1);
    let (spec, _events) = spec(LegKind::Plain);
    let leg = engine.create_leg(spec).await.unwrap();
    engine.clone().stop().await;
    assert_eq!(leg.route(0, Route::Echo).await, Err(LegError::Closed));
}

#[tokio::test]
async fn legs_with_ports_of_their_own_may_share_a_peer() {
    let engine = engine(22_000..=22_039, 1);
    let (a_spec, mut a_events) = spec(WEBRTC);
    let (b_spec, _b_events) = spec(WEBRTC);
    let a_spec = LegSpec { port: PortChoice::Own, ..a_spec };
    let a = engine.create_leg(a_spec).await.unwrap();
    let b = engine.create_leg(b_spec).await.unwrap();
    assert_ne!(a.local_transports()[0].rtp.port(), b.local_transports()[0].rtp.port());
    a.apply(webrtc_plan(&b.local_transports()[0], DtlsRole::Client, 1)).await.unwrap();
    b.apply(webrtc_plan(&a.local_transports()[0], DtlsRole::Server, 2)).await.unwrap();
    wait_for(&mut a_events, |event| matches!(event, LegEvent::DtlsConnected { .. })).await;
    drop((a, b));
    assert_eq!(engine.snapshot().await.ports(), 0);
}

#[tokio::test]
async fn legs_of_different_workers_are_joined() {
    let engine = engine(22_100..=22_139, 2);
    let (mut phones, mut legs) = (Vec::new(), Vec::new());
    for _ in 0..2 {
        let (spec, _events) = spec(LegKind::Plain);
        let (phone, leg) = (Phone::new(), engine.create_leg(spec).await.unwrap());
        leg.apply(plain_plan(phone.address(), 3)).await.unwrap();
        phones.push(phone);
        legs.push(leg);
    }
    let snapshot = engine.snapshot().await;
    assert_eq!((snapshot.workers[0].legs, snapshot.workers[1].legs), (1, 1));
    legs[0].route(0, Route::Forward(vec![(legs[1].id(), 0)])).await.unwrap();
    legs[1].route(0, Route::Forward(vec![(legs[0].id(), 0)])).await.unwrap();
    for text in ["to", "and", "fro"] {
        phones[0].say(legs[0].local_transports()[0].rtp, text.as_bytes());
        assert_eq!(&phones[1].hear().unwrap()[12..], text.as_bytes());
        phones[1].say(legs[1].local_transports()[0].rtp, text.as_bytes());
        assert_eq!(&phones[0].hear().unwrap()[12..], text.as_bytes());
    }
}
