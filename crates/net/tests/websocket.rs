//! WebSocket flows in memory on a paused clock: one message per frame, close reasons, pings,
//! deadlines.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use sidetone_base::{Destination, Flow, Transport};
use sidetone_net::{CloseReason, Inbound, Net, NetEvent, NetSettings, UpgradedWebSocket};
use tokio::io::DuplexStream;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::frame::{Frame, FrameHeader};
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

const OPTIONS: &str = "OPTIONS sip:a@b SIP/2.0\r\nContent-Length: 0\r\n\r\n";

struct Node {
    net: Net,
    events: mpsc::Receiver<NetEvent>,
}

impl Node {
    fn new() -> Self {
        let (sender, events) = mpsc::channel(64);
        Self { net: Net::new(NetSettings::default(), sender), events }
    }

    /// The client's end of a WebSocket with a window of so many bytes.
    fn raw(&self, window: usize) -> DuplexStream {
        let (ours, theirs) = tokio::io::duplex(window);
        let net = self.net.clone();
        let upgraded = UpgradedWebSocket {
            transport: Transport::Wss,
            local: "192.0.2.1:8089".parse().unwrap(),
            remote: "198.51.100.7:40000".parse().unwrap(),
            early: Bytes::new(),
        };
        tokio::spawn(async move { net.adopt_websocket(ours, upgraded).await });
        theirs
    }

    async fn client(&self) -> WebSocketStream<DuplexStream> {
        WebSocketStream::from_raw_socket(self.raw(65_536), Role::Client, None).await
    }

    async fn next(&mut self) -> NetEvent {
        timeout(Duration::from_secs(300), self.events.recv()).await.expect("an event").unwrap()
    }

    async fn opened(&mut self) -> Flow {
        match self.next().await {
            NetEvent::FlowOpened(flow) => flow,
            other => panic!("{other:?}"),
        }
    }

    async fn message(&mut self) -> Inbound {
        match self.next().await {
            NetEvent::Message(message) => message,
            other => panic!("{other:?}"),
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

async fn close_frame(client: &mut WebSocketStream<DuplexStream>) -> (CloseCode, Utf8Bytes) {
    while let Some(Ok(message)) = client.next().await {
        if let Message::Close(Some(frame)) = message {
            return (frame.code, frame.reason);
        }
    }
    panic!("no close frame");
}

#[tokio::test(start_paused = true)]
async fn text_and_binary_frames_are_messages_and_answers_are_text() {
    let mut node = Node::new();
    let mut client = node.client().await;
    let flow = node.opened().await;
    assert_eq!(flow.transport, Transport::Wss);
    client.send(Message::text(OPTIONS)).await.unwrap();
    assert_eq!(node.message().await.bytes, OPTIONS);
    client.send(Message::binary(OPTIONS)).await.unwrap();
    assert_eq!(node.message().await.bytes, OPTIONS);
    let to = Destination::Flow(flow.id);
    node.net.send(to, Bytes::from_static(b"SIP/2.0 200 OK\r\n\r\n")).unwrap();
    assert_eq!(client.next().await.unwrap().unwrap(), Message::text("SIP/2.0 200 OK\r\n\r\n"));
    node.net.send(to, Bytes::from_static(b"SIP/2.0 200 \xff\r\n\r\n")).unwrap();
    let binary = client.next().await.unwrap().unwrap();
    assert_eq!(binary, Message::binary(&b"SIP/2.0 200 \xff\r\n\r\n"[..]));
    client.close(None).await.unwrap();
    assert_eq!(node.closed().await, CloseReason::Peer(String::new()));
    assert_eq!(node.net.flow_count().connections, 0);
}

#[tokio::test(start_paused = true)]
async fn fragments_make_one_message_and_large_ones_pass() {
    let mut node = Node::new();
    let mut client = node.client().await;
    node.opened().await;
    let head = "MESSAGE sip:a@b SIP/2.0\r\nl: 60000\r\n\r\n";
    let text = head.to_owned() + &"x".repeat(60_000);
    let bytes = Bytes::from(text.clone());
    let (first, rest) = (bytes.slice(..1_000), bytes.slice(1_000..));
    let frame = |data, code, last| Message::Frame(Frame::message(data, OpCode::Data(code), last));
    client.send(frame(first, Data::Text, false)).await.unwrap();
    client.send(Message::Ping(Bytes::from_static(b"between"))).await.unwrap();
    client.send(frame(rest, Data::Continue, true)).await.unwrap();
    assert_eq!(node.message().await.bytes, text);
    let pong = client.next().await.unwrap().unwrap();
    assert_eq!(pong, Message::Pong(Bytes::from_static(b"between")));
}

#[tokio::test(start_paused = true)]
async fn a_message_above_the_limit_is_refused_with_1009() {
    let mut node = Node::new();
    let mut client = node.client().await;
    node.opened().await;
    client.send(Message::text("x".repeat(65_537))).await.unwrap();
    assert_eq!(close_frame(&mut client).await.0, CloseCode::Size);
    assert_eq!(node.closed().await, CloseReason::TooLarge(65_536));
    assert_eq!(node.net.counters().malformed_total, 1);
}

#[tokio::test(start_paused = true)]
async fn garbage_frames_are_refused_with_1002() {
    // Reserved opcode; unmasked client frame; fragmented control frame.
    for garbage in [&[0x83, 0x80, 0, 0, 0, 0][..], &[0x81, 1, b'x'], &[0x09, 0x80, 0, 0, 0, 0]] {
        let mut node = Node::new();
        let mut raw = node.raw(65_536);
        node.opened().await;
        raw.write_all(garbage).await.unwrap();
        let mut header = [0; 4];
        raw.read_exact(&mut header).await.unwrap();
        assert_eq!((header[0], &header[2..]), (0x88, &1002_u16.to_be_bytes()[..]), "{garbage:?}");
        drop(raw);
        assert!(matches!(node.closed().await, CloseReason::Malformed(_)));
        assert_eq!(node.net.counters().malformed_total, 1);
    }
}

#[tokio::test]
async fn a_close_with_a_code_that_nobody_may_send_is_answered_with_1002_and_counted() {
    let mut node = Node::new();
    let mut raw = node.raw(65_536);
    node.opened().await;
    raw.write_all(&[0x88, 0x82, 0, 0, 0, 0, 0, 5]).await.unwrap();
    let mut header = [0; 4];
    raw.read_exact(&mut header).await.unwrap();
    assert_eq!((header[0], &header[2..]), (0x88, &1002_u16.to_be_bytes()[..]));
    drop(raw);
    assert!(matches!(node.closed().await, CloseReason::Peer(_)));
    assert_eq!(node.net.counters().malformed_total, 1);
}

#[tokio::test(start_paused = true)]
async fn text_that_is_not_utf8_is_refused_with_1007() {
    let mut node = Node::new();
    let mut client = node.client().await;
    node.opened().await;
    let data = Bytes::from_static(b"\xff\xfe");
    let header = FrameHeader { opcode: OpCode::Data(Data::Text), ..FrameHeader::default() };
    client.send(Message::Frame(Frame::from_payload(header, data))).await.unwrap();
    assert_eq!(close_frame(&mut client).await.0, CloseCode::Invalid);
    assert_eq!(node.closed().await, CloseReason::NotText);
}

#[tokio::test(start_paused = true)]
async fn a_frame_that_is_no_sip_ends_the_connection() {
    let mut node = Node::new();
    let mut client = node.client().await;
    node.opened().await;
    client.send(Message::text("hello")).await.unwrap();
    let (code, reason) = close_frame(&mut client).await;
    assert_eq!(code, CloseCode::Protocol);
    assert!(reason.contains("no SIP"), "{reason}");
    assert!(matches!(node.closed().await, CloseReason::Malformed(_)));
}

#[tokio::test(start_paused = true)]
async fn a_client_without_request_is_told_so_after_32_seconds() {
    let mut node = Node::new();
    let mut client = node.client().await;
    node.opened().await;
    let start = Instant::now();
    let (code, reason) = close_frame(&mut client).await;
    assert_eq!(start.elapsed().as_secs(), 32);
    assert_eq!(
        (code, reason.as_str()),
        (CloseCode::Policy, "no request was received in 32 seconds")
    );
    assert_eq!(node.closed().await, CloseReason::NoRequest(Duration::from_secs(32)));
    assert_eq!(node.net.counters().connections_without_request_total, 1);
}

#[tokio::test(start_paused = true)]
async fn a_registered_client_stays_for_hours_on_pongs_alone() {
    let mut node = Node::new();
    let mut client = node.client().await;
    node.opened().await;
    client.send(Message::text(OPTIONS)).await.unwrap();
    node.message().await;
    let start = Instant::now();
    let mut pings = 0;
    while start.elapsed() < Duration::from_secs(7_200) {
        // Reading answers the pings.
        let message = client.next().await.unwrap().unwrap();
        assert!(message.is_ping());
        pings += 1;
    }
    assert!((240..=360).contains(&pings), "{pings}");
    assert_eq!(node.net.flow_count().connections, 1);
}

#[tokio::test(start_paused = true)]
async fn a_flow_marked_by_us_is_kept_though_the_client_only_answers() {
    let mut node = Node::new();
    let mut client = node.client().await;
    let flow = node.opened().await;
    node.net.mark_used(flow.id);
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(120) {
        client.next().await.unwrap().unwrap();
    }
    assert!(node.net.flow(flow.id).is_some());
}

#[tokio::test(start_paused = true)]
async fn crlf_keepalives_are_answered_and_prove_nothing() {
    let mut node = Node::new();
    let mut client = node.client().await;
    node.opened().await;
    client.send(Message::text("\r\n\r\n")).await.unwrap();
    assert_eq!(client.next().await.unwrap().unwrap(), Message::text("\r\n"));
    assert_eq!(close_frame(&mut client).await.0, CloseCode::Policy);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_answers_no_ping_is_dropped() {
    let mut node = Node::new();
    let mut raw = node.raw(65_536);
    let flow = node.opened().await;
    node.net.mark_used(flow.id);
    let start = Instant::now();
    assert_eq!(node.closed().await, CloseReason::NoPong);
    let seconds = start.elapsed().as_secs();
    assert!((40..=46).contains(&seconds), "{seconds}");
    let mut rest = Vec::new();
    raw.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest[..2], [0x89, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_drain_is_dropped_after_100_ms() {
    let mut node = Node::new();
    let _raw = node.raw(1_000);
    let flow = node.opened().await;
    let large = Bytes::from(format!("{OPTIONS}{}", "x".repeat(2_000)));
    node.net.send(Destination::Flow(flow.id), large.clone()).unwrap();
    node.net.send(Destination::Flow(flow.id), large).unwrap();
    let start = Instant::now();
    let NetEvent::SendFailed { reason, .. } = node.next().await else { panic!("not failed") };
    assert_eq!(reason, CloseReason::NotDraining(Duration::from_millis(100)));
    assert_eq!(start.elapsed().as_millis(), 100);
    assert_eq!(node.closed().await, reason);
    assert_eq!(node.net.counters().connections_not_draining_total, 1);
}

#[tokio::test(start_paused = true)]
async fn the_reason_of_a_close_reaches_both_sides() {
    let mut node = Node::new();
    let mut client = node.client().await;
    let flow = node.opened().await;
    node.net.close(flow.id, "registration replaced");
    let (code, reason) = close_frame(&mut client).await;
    assert_eq!((code, reason.as_str()), (CloseCode::Normal, "registration replaced"));
    let expected = CloseReason::Requested("registration replaced".into());
    assert_eq!(node.closed().await, expected);
}

#[tokio::test(start_paused = true)]
async fn shutdown_says_going_away() {
    let mut node = Node::new();
    let mut client = node.client().await;
    node.opened().await;
    node.net.shutdown().await;
    assert_eq!(close_frame(&mut client).await.0, CloseCode::Away);
    assert_eq!(node.closed().await, CloseReason::Shutdown);
}

#[tokio::test(start_paused = true)]
async fn a_broken_connection_is_noticed_at_once() {
    let mut node = Node::new();
    let client = node.client().await;
    node.opened().await;
    drop(client);
    assert!(matches!(node.closed().await, CloseReason::Broken(_)));
    sleep(Duration::from_secs(60)).await;
    assert_eq!(node.net.flow_count().connections, 0);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_ends_in_the_middle_of_a_message_is_counted() {
    let whole = [&[0x82, 0x82, 0, 0, 0, 0], &b"\r\n"[..]].concat();
    let begun = [&whole, &[0x81][..]].concat();
    let first_fragment = [0x01, 0x81, 0, 0, 0, 0, b'O'];
    let cases = [(&whole[..], 0), (&whole[..7], 1), (&begun, 1), (&first_fragment, 1)];
    for (sent, counted) in cases {
        let mut node = Node::new();
        let mut raw = node.raw(65_536);
        node.opened().await;
        raw.write_all(sent).await.unwrap();
        drop(raw);
        let reason = node.closed().await;
        assert!(matches!(reason, CloseReason::Broken(_)), "{reason:?}");
        assert_eq!(node.net.counters().malformed_total, counted, "{sent:?} {reason}");
    }
}
