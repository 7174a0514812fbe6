//! The network over the simulated world: the same handle, seeded loss, cut links.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use sidetone_base::{Destination, Transport};
use sidetone_net::sim::{Link, World};
use sidetone_net::{CloseReason, ListenerSpec, Net, NetEvent, NetSettings, Protocol, SendError};
use tokio::io::AsyncReadExt as _;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};

struct Node {
    net: Net,
    events: mpsc::Receiver<NetEvent>,
    ip: IpAddr,
}

impl Node {
    async fn new(world: &World, ip: &str) -> Self {
        let ip: IpAddr = ip.parse().unwrap();
        let (sender, events) = mpsc::channel(4_096);
        let net = Net::simulated(NetSettings::default(), sender, world.host(ip));
        for protocol in [Protocol::Udp, Protocol::Tcp] {
            let name = protocol.transport().param_name();
            let spec = ListenerSpec::new(name, protocol, SocketAddr::new(ip, 5060));
            net.listen(spec).await.unwrap();
        }
        Self { net, events, ip }
    }

    fn address(&self, transport: Transport) -> Destination {
        Destination::Address { transport, remote: SocketAddr::new(self.ip, 5060) }
    }

    async fn next(&mut self) -> NetEvent {
        timeout(Duration::from_secs(300), self.events.recv()).await.expect("an event").unwrap()
    }
}

fn numbered(number: usize) -> Bytes {
    Bytes::from(format!("OPTIONS sip:{number}@b SIP/2.0\r\nl: 0\r\n\r\n"))
}

/// What arrives of 1,000 datagrams, in order of arrival.
async fn arrivals(seed: u64) -> Vec<Bytes> {
    let world = World::new(seed);
    let (alice, mut bob) =
        (Node::new(&world, "192.0.2.1").await, Node::new(&world, "192.0.2.2").await);
    world.set_link(Link {
        loss_permille: 100,
        duplicate_permille: 50,
        delay: Duration::from_millis(20),
        jitter: Duration::from_millis(30),
    });
    for number in 0..1_000 {
        alice.net.send(bob.address(Transport::Udp), numbered(number)).unwrap();
        sleep(Duration::from_millis(1)).await;
    }
    sleep(Duration::from_secs(1)).await;
    let mut arrived = Vec::new();
    while let Ok(event) = bob.events.try_recv() {
        if let NetEvent::Message(message) = event {
            arrived.push(message.bytes);
        }
    }
    arrived
}

#[tokio::test(start_paused = true)]
async fn a_seed_is_one_run() {
    let first = arrivals(7).await;
    assert_eq!(first, arrivals(7).await);
    assert_ne!(first, arrivals(8).await);
    assert!((850..1_000).contains(&first.len()), "{}", first.len());
    let sorted = {
        let mut sorted = first.clone();
        sorted.sort();
        sorted
    };
    assert_ne!(first, sorted);
}

#[tokio::test(start_paused = true)]
async fn a_stream_takes_its_time_and_breaks_when_cut() {
    let world = World::new(1);
    let (mut alice, mut bob) =
        (Node::new(&world, "192.0.2.1").await, Node::new(&world, "192.0.2.2").await);
    let delay = Duration::from_millis(50);
    world.set_link(Link { delay, ..Link::default() });
    let start = Instant::now();
    alice.net.send(bob.address(Transport::Tcp), numbered(1)).unwrap();
    assert!(matches!(bob.next().await, NetEvent::FlowOpened(_)));
    let NetEvent::Message(message) = bob.next().await else { panic!("no message") };
    assert_eq!(message.bytes, numbered(1));
    assert!(start.elapsed() >= 2 * delay);
    world.cut(alice.ip, bob.ip);
    assert!(matches!(bob.next().await, NetEvent::FlowClosed { .. }));
    assert!(matches!(alice.next().await, NetEvent::FlowOpened(_)));
    assert!(matches!(alice.next().await, NetEvent::FlowClosed { .. }));
    alice.net.send(bob.address(Transport::Tcp), numbered(2)).unwrap();
    let NetEvent::SendFailed { reason, .. } = alice.next().await else { panic!("sent") };
    assert!(matches!(reason, CloseReason::ConnectFailed(_)));
    world.heal(alice.ip, bob.ip);
    alice.net.send(bob.address(Transport::Tcp), numbered(3)).unwrap();
    assert!(matches!(bob.next().await, NetEvent::FlowOpened(_)));
}

#[tokio::test(start_paused = true)]
async fn idle_udp_flows_are_forgotten_and_used_ones_later() {
    let world = World::new(1);
    let (alice, mut bob) =
        (Node::new(&world, "192.0.2.1").await, Node::new(&world, "192.0.2.2").await);
    let id = alice.net.send(bob.address(Transport::Udp), numbered(1)).unwrap();
    let NetEvent::Message(message) = bob.next().await else { panic!("no message") };
    bob.net.mark_used(message.flow.id);
    sleep(Duration::from_secs(400)).await;
    assert!(alice.net.flow(id).is_none());
    assert!(bob.net.flow(message.flow.id).is_some());
    sleep(Duration::from_secs(7_200)).await;
    assert!(bob.net.flow(message.flow.id).is_none());
}

#[tokio::test(start_paused = true)]
async fn a_full_table_refuses_new_sources_and_keeps_known_ones() {
    let world = World::new(1);
    let ip: IpAddr = "192.0.2.2".parse().unwrap();
    let (sender, mut events) = mpsc::channel(64);
    let settings = NetSettings { max_udp_flows: 2, ..NetSettings::default() };
    let net = Net::simulated(settings, sender, world.host(ip));
    let ours = SocketAddr::new(ip, 5060);
    net.listen(ListenerSpec::new("udp", Protocol::Udp, ours)).await.unwrap();
    let sources: Vec<_> = (1..4)
        .map(|n| world.host(IpAddr::from([198, 51, 100, n])).datagrams(ours).unwrap())
        .collect();
    for source in &sources {
        source.send_to(&numbered(1), ours).unwrap();
        sleep(Duration::from_millis(1)).await;
    }
    sources[0].send_to(&numbered(2), ours).unwrap();
    sleep(Duration::from_millis(1)).await;
    let mut heard = 0;
    while events.try_recv().is_ok() {
        heard += 1;
    }
    assert_eq!((heard, net.counters().udp_sources_refused_total), (3, 1));
    // Silent ones make room when it is needed.
    sleep(Duration::from_secs(2)).await;
    sources[2].send_to(&numbered(3), ours).unwrap();
    sleep(Duration::from_millis(1)).await;
    assert!(events.try_recv().is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_full_outgoing_queue_refuses_and_keeps_what_it_took() {
    let world = World::new(1);
    let alice = Node::new(&world, "192.0.2.1").await;
    let reader = world.host("192.0.2.2".parse().unwrap());
    let listener = reader.listener("192.0.2.2:5060".parse().unwrap()).unwrap();
    let to = Destination::Address {
        transport: Transport::Tcp,
        remote: "192.0.2.2:5060".parse().unwrap(),
    };
    // Nothing awaits between two messages: the connection's task has no chance to write.
    let mut taken = 0;
    let refused = loop {
        match alice.net.send(to, numbered(taken)) {
            Ok(_) => taken += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, SendError::QueueFull), "{refused:?}");
    assert_eq!(taken, NetSettings::default().out_queue_depth);
    assert_eq!(alice.net.counters().queue_full_total, 1);
    let (mut stream, _) = listener.accept().await.unwrap();
    let expected: Vec<u8> = (0..taken).flat_map(|number| numbered(number).to_vec()).collect();
    let mut read = vec![0; expected.len()];
    stream.read_exact(&mut read).await.unwrap();
    assert_eq!(read, expected);
    alice.net.send(to, numbered(taken)).expect("there is room again");
}
