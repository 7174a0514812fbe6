//! Flows over real sockets on the loopback interface: framing, keep-alives, limits, failures.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use sidetone_base::{Destination, Transport};
use sidetone_net::{
    CloseReason, ListenerSpec, MESSAGES_AT_ONCE, Net, NetEvent, NetSettings, Protocol, Route,
    SendError,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::mpsc;
use tokio::time::timeout;

const OPTIONS: &[u8] = b"OPTIONS sip:a@b SIP/2.0\r\nContent-Length: 0\r\n\r\n";
const PATIENCE: Duration = Duration::from_secs(5);

struct Node {
    net: Net,
    events: mpsc::Receiver<NetEvent>,
}

impl Node {
    fn new(settings: NetSettings) -> Self {
        let (sender, events) = mpsc::channel(64);
        Self { net: Net::new(settings, sender), events }
    }

    async fn listen(&self, name: &str, protocol: Protocol, at: &str) -> SocketAddr {
        let spec = ListenerSpec::new(name, protocol, at.parse().unwrap());
        self.net.listen(spec).await.unwrap()
    }

    async fn next(&mut self) -> NetEvent {
        timeout(PATIENCE, self.events.recv()).await.expect("an event in time").unwrap()
    }

    /// The next message, whatever flows open before.
    async fn message(&mut self) -> sidetone_net::Inbound {
        loop {
            if let NetEvent::Message(message) = self.next().await {
                return message;
            }
        }
    }

    async fn closed(&mut self) -> CloseReason {
        loop {
            if let NetEvent::FlowClosed { reason, .. } = self.next().await {
                return reason;
            }
        }
    }
}

async fn read(stream: &mut TcpStream, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    timeout(PATIENCE, stream.read_exact(&mut bytes)).await.unwrap().unwrap();
    bytes
}

#[tokio::test]
async fn a_datagram_and_its_answer_share_a_flow() {
    for at in ["127.0.0.1:0", "[::1]:0"] {
        let mut node = Node::new(NetSettings::default());
        let ours = node.listen("udp", Protocol::Udp, at).await;
        let phone = UdpSocket::bind(at).await.unwrap();
        phone.send_to(OPTIONS, ours).await.unwrap();
        let first = node.message().await;
        assert_eq!((first.flow.local, first.flow.remote), (ours, phone.local_addr().unwrap()));
        assert_eq!(first.bytes, OPTIONS);
        let to = Destination::Flow(first.flow.id);
        let id = node.net.send(to, Bytes::from_static(b"SIP/2.0 200 OK\r\n\r\n")).unwrap();
        assert_eq!(id, first.flow.id);
        let mut buffer = [0; 100];
        let (count, from) = phone.recv_from(&mut buffer).await.unwrap();
        assert_eq!((&buffer[..count], from), (&b"SIP/2.0 200 OK\r\n\r\n"[..], ours));
        phone.send_to(OPTIONS, ours).await.unwrap();
        assert_eq!(node.message().await.flow, first.flow);
        assert_eq!(node.net.flow_count().datagram, 1);
        assert_eq!(node.net.counters().messages_in_total, 2);
    }
}

#[tokio::test]
async fn garbage_and_keepalive_datagrams_make_no_flow_and_stun_is_answered() {
    let mut node = Node::new(NetSettings::default());
    let ours = node.listen("udp", Protocol::Udp, "127.0.0.1:0").await;
    let phone = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for datagram in [&b"\r\n\r\n"[..], b"\0\0\0\0", b"", b"GET / HTTP/1.0\r\n\r\n"] {
        phone.send_to(datagram, ours).await.unwrap();
    }
    let stun = *b"\x00\x01\x00\x00\x21\x12\xa4\x42transaction!";
    phone.send_to(&stun, ours).await.unwrap();
    let mut buffer = [0; 100];
    let count = phone.recv(&mut buffer).await.unwrap();
    assert_eq!((count, &buffer[8..20]), (32, &b"transaction!"[..]));
    phone.send_to(OPTIONS, ours).await.unwrap();
    node.message().await;
    let counters = node.net.counters();
    assert_eq!((counters.malformed_total, counters.keepalives_answered_total), (1, 1));
}

#[tokio::test]
async fn datagrams_that_the_layer_above_has_no_room_for_are_counted_and_harm_nothing() {
    let mut node = Node::new(NetSettings::default());
    let ours = node.listen("udp", Protocol::Udp, "127.0.0.1:0").await;
    let phone = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let unheard = |node: &Node| node.net.counters().datagrams_unheard_total;
    for sent in 1..=100 {
        phone.send_to(OPTIONS, ours).await.unwrap();
        let arrived = async {
            while node.net.counters().messages_in_total < sent {
                tokio::task::yield_now().await;
            }
        };
        timeout(PATIENCE, arrived).await.unwrap();
    }
    assert_eq!(unheard(&node), 100 - 64);
    for _ in 0..64 {
        node.message().await;
    }
    phone.send_to(OPTIONS, ours).await.unwrap();
    assert_eq!(node.message().await.bytes, OPTIONS);
    assert_eq!(unheard(&node), 100 - 64);
}

#[tokio::test]
async fn a_stream_is_cut_into_messages_wherever_it_is_torn() {
    let mut node = Node::new(NetSettings::default());
    let ours = node.listen("tcp", Protocol::Tcp, "127.0.0.1:0").await;
    let mut phone = TcpStream::connect(ours).await.unwrap();
    phone.set_nodelay(true).unwrap();
    let body = b"MESSAGE sip:a@b SIP/2.0\r\nl: 5\r\n\r\nhello";
    let stream = [OPTIONS, b"\r\n\r\n", body, b"\r\n", OPTIONS].concat();
    for piece in stream.chunks(7) {
        phone.write_all(piece).await.unwrap();
        tokio::task::yield_now().await;
    }
    assert!(matches!(node.next().await, NetEvent::FlowOpened(_)));
    assert_eq!(node.message().await.bytes, OPTIONS);
    assert_eq!(node.message().await.bytes, &body[..]);
    assert_eq!(node.message().await.bytes, OPTIONS);
    assert_eq!(read(&mut phone, 2).await, b"\r\n");
    drop(phone);
    assert!(matches!(node.closed().await, CloseReason::Peer(_) | CloseReason::Broken(_)));
    assert_eq!(node.net.flow_count().connections, 0);
}

#[tokio::test]
async fn a_connection_is_dialled_once_and_reused() {
    let mut node = Node::new(NetSettings::default());
    node.listen("tcp", Protocol::Tcp, "127.0.0.1:0").await;
    let peer = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let to = Destination::Address { transport: Transport::Tcp, remote: peer.local_addr().unwrap() };
    let one = node.net.send(to, Bytes::from_static(OPTIONS)).unwrap();
    let two = node.net.send(to, Bytes::from_static(OPTIONS)).unwrap();
    assert_eq!(one, two);
    let (mut stream, _) = peer.accept().await.unwrap();
    assert_eq!(read(&mut stream, 2 * OPTIONS.len()).await, [OPTIONS, OPTIONS].concat());
    stream.write_all(b"SIP/2.0 200 OK\r\nl: 0\r\n\r\n").await.unwrap();
    let answer = node.message().await;
    assert_eq!(answer.flow.id, one);
    assert_ne!(answer.flow.local.port(), 0);
}

#[tokio::test]
async fn a_connection_that_we_opened_is_kept_alive_and_one_of_a_peer_is_not() {
    let keep_alive_interval = Some(Duration::from_millis(100));
    let mut node = Node::new(NetSettings { keep_alive_interval, ..NetSettings::default() });
    let ours = node.listen("tcp", Protocol::Tcp, "127.0.0.1:0").await;
    let mut phone = TcpStream::connect(ours).await.unwrap();
    phone.write_all(OPTIONS).await.unwrap();
    node.message().await;
    let peer = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let to = Destination::Address { transport: Transport::Tcp, remote: peer.local_addr().unwrap() };
    node.net.send(to, Bytes::from_static(OPTIONS)).unwrap();
    let (mut stream, _) = peer.accept().await.unwrap();
    let expected = [OPTIONS, b"\r\n\r\n", b"\r\n\r\n"].concat();
    assert_eq!(read(&mut stream, expected.len()).await, expected);
    // Its pong is no message, and the connection goes on.
    stream.write_all(b"\r\nSIP/2.0 200 OK\r\nl: 0\r\n\r\n").await.unwrap();
    assert_eq!(node.message().await.bytes, &b"SIP/2.0 200 OK\r\nl: 0\r\n\r\n"[..]);
    assert!(phone.try_read(&mut [0; 8]).is_err(), "nothing was sent to who connected to us");
    assert_eq!(node.net.counters().messages_out_total, 1);
}

#[tokio::test]
async fn what_cannot_be_delivered_comes_back() {
    let mut node = Node::new(NetSettings::default());
    node.listen("tcp", Protocol::Tcp, "127.0.0.1:0").await;
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let to = Destination::Address { transport: Transport::Tcp, remote: gone };
    let id = node.net.send(to, Bytes::from_static(OPTIONS)).unwrap();
    match node.next().await {
        NetEvent::SendFailed { flow, bytes, reason: CloseReason::ConnectFailed(_) } => {
            assert_eq!((flow.id, &bytes[..]), (id, OPTIONS));
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(node.closed().await, CloseReason::ConnectFailed(_)));
    assert_eq!(node.net.send(Destination::Flow(id), Bytes::new()), Err(SendError::NoSuchFlow));
    let ws = Destination::Address { transport: Transport::Wss, remote: gone };
    let refused = node.net.send(ws, Bytes::from_static(OPTIONS));
    assert_eq!(refused, Err(SendError::NotDialable(Transport::Wss)));
    let udp = Destination::Address { transport: Transport::Udp, remote: gone };
    let refused = node.net.send(udp, Bytes::from_static(OPTIONS));
    assert_eq!(refused, Err(SendError::NoListener(Transport::Udp, gone)));
}

fn impatient() -> NetSettings {
    NetSettings { request_deadline: Duration::from_millis(300), ..NetSettings::default() }
}

#[tokio::test]
async fn a_connection_without_request_is_closed_and_one_with_request_is_not() {
    let mut node = Node::new(impatient());
    let ours = node.listen("tcp", Protocol::Tcp, "127.0.0.1:0").await;
    let mut silent = TcpStream::connect(ours).await.unwrap();
    let mut pinging = TcpStream::connect(ours).await.unwrap();
    let mut talking = TcpStream::connect(ours).await.unwrap();
    pinging.write_all(b"\r\n\r\n").await.unwrap();
    talking.write_all(OPTIONS).await.unwrap();
    for _ in 0..2 {
        assert_eq!(node.closed().await, CloseReason::NoRequest(Duration::from_millis(300)));
    }
    assert_eq!(silent.read(&mut [0; 1]).await.unwrap(), 0);
    assert_eq!(node.net.flow_count().connections, 1);
    tokio::time::sleep(Duration::from_millis(400)).await;
    talking.write_all(OPTIONS).await.unwrap();
    node.message().await;
}

#[tokio::test]
async fn a_marked_connection_is_kept_without_request() {
    let mut node = Node::new(impatient());
    let ours = node.listen("tcp", Protocol::Tcp, "127.0.0.1:0").await;
    let _phone = TcpStream::connect(ours).await.unwrap();
    let NetEvent::FlowOpened(flow) = node.next().await else { panic!("not opened") };
    node.net.mark_used(flow.id);
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert!(node.net.flow(flow.id).is_some());
}

#[tokio::test]
async fn a_message_that_is_never_finished_ends_the_connection() {
    let mut node = Node::new(impatient());
    let ours = node.listen("tcp", Protocol::Tcp, "127.0.0.1:0").await;
    let mut phone = TcpStream::connect(ours).await.unwrap();
    phone.write_all(OPTIONS).await.unwrap();
    phone.write_all(b"OPTIONS sip:a@b SIP/2.0\r\nl: 9\r\n\r\nx").await.unwrap();
    assert!(matches!(node.closed().await, CloseReason::Malformed(_)));
    assert_eq!(node.net.counters().malformed_total, 1);
    let mut phone = TcpStream::connect(ours).await.unwrap();
    phone.write_all(OPTIONS).await.unwrap();
    phone.write_all(&OPTIONS[..20]).await.unwrap();
    drop(phone);
    assert!(matches!(node.closed().await, CloseReason::Peer(_)));
    assert_eq!(node.net.counters().malformed_total, 2, "cut off in the middle");
}

#[tokio::test]
async fn a_connection_that_never_pauses_leaves_room_for_the_others() {
    let mut node = Node::new(NetSettings::default());
    let ours = node.listen("tcp", Protocol::Tcp, "127.0.0.1:0").await;
    let ours_too = node.listen("udp", Protocol::Udp, "127.0.0.1:0").await;
    let mut flooder = TcpStream::connect(ours).await.unwrap();
    flooder.write_all(&OPTIONS.repeat(4 * MESSAGES_AT_ONCE)).await.unwrap();
    while node.net.counters().messages_in_total < u64::try_from(MESSAGES_AT_ONCE).unwrap() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // Nobody takes anything from the queue, which has room for 64.
    let mut phone = TcpStream::connect(ours).await.unwrap();
    phone.write_all(OPTIONS).await.unwrap();
    let gossip = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    gossip.send_to(OPTIONS, ours_too).await.unwrap();
    let heard = async || {
        let all = u64::try_from(MESSAGES_AT_ONCE).unwrap() + 3;
        while node.net.counters().messages_in_total < all {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, heard()).await.expect("both are heard");
    assert_eq!(node.net.counters().datagrams_unheard_total, 0);
    let mut undone = Vec::new();
    for _ in 0..MESSAGES_AT_ONCE {
        undone.push(node.message().await);
    }
    let mut others = [node.message().await.flow.remote, node.message().await.flow.remote];
    others.sort();
    let mut expected = [phone.local_addr().unwrap(), gossip.local_addr().unwrap()];
    expected.sort();
    assert_eq!(others, expected, "and not the 33rd of the flooder");
    let flooder = flooder.local_addr().unwrap();
    for done in undone {
        drop(done);
        assert_eq!(node.message().await.flow.remote, flooder, "one is done, another may come");
    }
}

#[tokio::test]
async fn stun_that_asks_nothing_is_counted_and_ends_nothing() {
    let mut node = Node::new(NetSettings::default());
    let ours = node.listen("tcp", Protocol::Tcp, "127.0.0.1:0").await;
    let mut phone = TcpStream::connect(ours).await.unwrap();
    phone.write_all(b"\x00\x11\x00\x00\x21\x12\xa4\x42transaction!").await.unwrap();
    phone.write_all(OPTIONS).await.unwrap();
    node.message().await;
    let counters = node.net.counters();
    assert_eq!((counters.malformed_total, counters.keepalives_answered_total), (1, 0));
}

#[tokio::test]
async fn a_stream_that_is_never_between_messages_is_no_unfinished_message() {
    let mut node = Node::new(impatient());
    let ours = node.listen("tcp", Protocol::Tcp, "127.0.0.1:0").await;
    let mut trunk = TcpStream::connect(ours).await.unwrap();
    // Twice the deadline: each write ends one message and begins the next.
    let (begin, end) = OPTIONS.split_at(20);
    trunk.write_all(begin).await.unwrap();
    for _ in 0..12 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        trunk.write_all(&[end, begin].concat()).await.unwrap();
        node.message().await;
    }
    assert_eq!(node.net.flow_count().connections, 1);
}

#[tokio::test]
async fn what_is_no_sip_ends_the_connection_at_once() {
    let mut node = Node::new(NetSettings::default());
    let ours = node.listen("tcp", Protocol::Tcp, "127.0.0.1:0").await;
    let huge = b"INVITE sip:a@b SIP/2.0\r\nContent-Length: 99999999\r\n\r\n";
    for bytes in [&b"GET / HTTP/1.1\r\nHost: x\r\n"[..], b"\x16\x03\x01 hello\n", huge] {
        let mut phone = TcpStream::connect(ours).await.unwrap();
        phone.write_all(bytes).await.unwrap();
        assert!(matches!(node.closed().await, CloseReason::Malformed(_)));
    }
    assert_eq!(node.net.counters().malformed_total, 3);
}

#[tokio::test]
async fn a_peer_that_does_not_read_is_dropped() {
    let settings =
        NetSettings { stream_write_timeout: Duration::from_millis(200), ..NetSettings::default() };
    let mut node = Node::new(settings);
    let ours = node.listen("tcp", Protocol::Tcp, "127.0.0.1:0").await;
    let mut phone = TcpStream::connect(ours).await.unwrap();
    phone.write_all(OPTIONS).await.unwrap();
    let flow = node.message().await.flow.id;
    let large = Bytes::from(vec![b'x'; 60_000]);
    let mut full = false;
    for _ in 0..2_000 {
        match node.net.send(Destination::Flow(flow), large.clone()) {
            Ok(_) => tokio::task::yield_now().await,
            Err(SendError::QueueFull) => {
                full = true;
                break;
            }
            Err(other) => panic!("{other}"),
        }
    }
    assert!(full);
    let mut lost = 0;
    loop {
        match node.next().await {
            NetEvent::SendFailed { .. } => lost += 1,
            NetEvent::FlowClosed { reason, .. } => {
                assert_eq!(reason, CloseReason::NotDraining(Duration::from_millis(200)));
                break;
            }
            _ => {}
        }
    }
    assert_eq!(lost, 1_024);
    assert_eq!(node.net.counters().connections_not_draining_total, 1);
}

#[tokio::test]
async fn limits_on_connections_hold() {
    let settings = NetSettings { max_unproven_per_source: 2, ..NetSettings::default() };
    let mut node = Node::new(settings);
    let ours = node.listen("tcp", Protocol::Tcp, "127.0.0.1:0").await;
    let mut proven = TcpStream::connect(ours).await.unwrap();
    proven.write_all(OPTIONS).await.unwrap();
    node.message().await;
    let _one = TcpStream::connect(ours).await.unwrap();
    let _two = TcpStream::connect(ours).await.unwrap();
    let mut three = TcpStream::connect(ours).await.unwrap();
    assert_eq!(timeout(PATIENCE, three.read(&mut [0; 1])).await.unwrap().unwrap(), 0);
    assert_eq!(node.net.counters().connections_refused_total, 1);
    assert_eq!(node.net.flow_count().connections, 3);
}

#[tokio::test]
async fn a_closed_listener_frees_its_port_and_keeps_its_connections() {
    let mut node = Node::new(NetSettings::default());
    let ours = node.listen("tcp", Protocol::Tcp, "127.0.0.1:0").await;
    let mut phone = TcpStream::connect(ours).await.unwrap();
    phone.write_all(OPTIONS).await.unwrap();
    node.message().await;
    assert!(node.net.unlisten("tcp").await);
    assert!(!node.net.unlisten("tcp").await);
    phone.write_all(OPTIONS).await.unwrap();
    node.message().await;
    let again = ListenerSpec::new("again", Protocol::Tcp, ours);
    assert_eq!(node.net.listen(again).await.unwrap(), ours);
}

#[tokio::test]
async fn a_udp_listener_can_be_opened_again_at_once() {
    let node = Node::new(NetSettings::default());
    let ours = node.listen("udp", Protocol::Udp, "127.0.0.1:0").await;
    let to = Destination::Address { transport: Transport::Udp, remote: ours };
    let id = node.net.send(to, Bytes::from_static(OPTIONS)).unwrap();
    assert_eq!(&*node.net.flow_info(id).unwrap().listener, "udp");
    assert!(node.net.unlisten("udp").await);
    assert!(node.net.flow(id).is_none());
    let again = ListenerSpec::new("udp", Protocol::Udp, ours);
    assert_eq!(node.net.listen(again).await.unwrap(), ours);
}

#[tokio::test]
async fn the_address_for_via_is_that_of_the_route() {
    let node = Node::new(NetSettings::default());
    let bound = node.listen("udp", Protocol::Udp, "0.0.0.0:0").await;
    let remote = "127.0.0.1:5060".parse().unwrap();
    let sent_by = node.net.sent_by(Transport::Udp, remote, Route::default()).unwrap();
    assert_eq!(sent_by, SocketAddr::new("127.0.0.1".parse().unwrap(), bound.port()));
    assert!(node.net.sent_by(Transport::Tcp, remote, Route::default()).is_none());
}

#[tokio::test]
async fn shutdown_ends_everything() {
    let mut node = Node::new(NetSettings::default());
    let ours = node.listen("tcp", Protocol::Tcp, "127.0.0.1:0").await;
    let mut phone = TcpStream::connect(ours).await.unwrap();
    phone.write_all(OPTIONS).await.unwrap();
    node.message().await;
    timeout(PATIENCE, node.net.shutdown()).await.unwrap();
    assert_eq!(node.closed().await, CloseReason::Shutdown);
    let to = Destination::Address { transport: Transport::Tcp, remote: ours };
    assert_eq!(node.net.send(to, Bytes::from_static(OPTIONS)), Err(SendError::Stopped));
}
