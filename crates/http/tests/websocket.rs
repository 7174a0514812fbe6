//! The WebSocket endpoint over real sockets: what is refused, echo, SIP over WS and WSS, many
//! idle clients.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]
#![allow(dead_code, reason = "each test file uses a part of the support")]

mod support;

use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use sidetone_base::{Destination, Transport};
use sidetone_http::HttpSettings;
use sidetone_net::{CloseReason, Inbound, NetEvent};
use support::{Answer, KEY, PATIENCE, World, both, clear, upgrade, upgrade_request};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};

const OPTIONS: &str = "OPTIONS sip:a@b SIP/2.0\r\nContent-Length: 0\r\n\r\n";

async fn message(world: &mut World) -> Inbound {
    loop {
        let event = timeout(PATIENCE, world.events.recv()).await.unwrap().unwrap();
        if let NetEvent::Message(message) = event {
            return message;
        }
    }
}

#[tokio::test]
async fn a_plain_get_is_told_to_upgrade() {
    let world = World::new(clear()).await;
    let answer = world.get("/ws").await;
    assert_eq!(answer.status, 426);
    assert!(answer.head.starts_with("HTTP/1.1 426 Upgrade Required\r\nServer: bench\r\nDate: "));
    let page = answer.text();
    assert!(page.contains("<title>426 Upgrade Required</title>\r\n</head><body>\r\n"), "{page}");
    assert!(page.contains("<h1>Upgrade Required</h1>\r\n<p>"), "{page}");
    assert!(page.ends_with("<hr />\r\n<address>bench</address>\r\n</body></html>\r\n"), "{page}");
    assert_eq!(world.get("/sip").await.status, 426);
    assert_eq!(world.get("/wsx").await.status, 404);
}

#[tokio::test]
async fn upgrades_are_refused_as_clients_expect() {
    let world = World::new(clear()).await;
    let good = upgrade_request("/ws", "sip");
    let post = good.replace("GET", "POST").replace("\r\n\r\n", "\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(world.ask(&post).await.status, 501);
    for (from, to) in [
        ("Sec-WebSocket-Protocol: sip\r\n", ""),
        ("Protocol: sip", "Protocol: chat"),
        ("Version: 13", "Version: 12"),
    ] {
        let answer = world.ask(&good.replace(from, to)).await;
        assert_eq!(answer.status, 400, "{to}");
        assert_eq!(answer.header("sec-websocket-version"), Some("7, 8, 13"), "{to}");
    }
    let draft = "Sec-WebSocket-Key1: 4 @1  46546xW%0l 1 5\r\nSec-WebSocket-Key2: 12998 5 Y3 1\r\n";
    assert_eq!(world.ask(&good.replace(KEY, draft)).await.status, 400);
    assert_eq!(world.ask(&good.replace(KEY, "")).await.status, 400);
    for version in ["7", "8", "13"] {
        let request = good.replace("Version: 13", &format!("Version: {version}"));
        assert_eq!(world.ask(&request).await.status, 101, "{version}");
    }
    let both = good.replace("Protocol: sip", "Protocol: chat, echo, sip");
    let answer = world.ask(&both).await;
    assert_eq!((answer.status, answer.header("sec-websocket-protocol")), (101, Some("echo")));
}

#[tokio::test]
async fn echo_returns_text_binary_fragments_and_close() {
    let (settings, tls) = both("echo");
    let world = World::new(settings).await;
    let mut socket = world.secure_websocket(&tls, "echo").await;
    let messages = [
        Message::text("hello"),
        Message::binary(vec![0, 255, 1]),
        Message::text("ä".repeat(32_000)),
        Message::text(""),
    ];
    for message in messages {
        socket.send(message.clone()).await.unwrap();
        assert_eq!(socket.next().await.unwrap().unwrap(), message);
    }
    let frame = |data, code, last| Message::Frame(Frame::message(data, OpCode::Data(code), last));
    for (data, code, last) in [("a", Data::Text, false), ("b", Data::Continue, true)] {
        socket.send(frame(data, code, last)).await.unwrap();
    }
    assert_eq!(socket.next().await.unwrap().unwrap(), Message::text("ab"));
    socket.close(None).await.unwrap();
    assert!(matches!(socket.next().await, Some(Ok(Message::Close(_)))));
    assert!(socket.next().await.is_none());
    let gone = async {
        while world.server.status().sessions > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, gone).await.unwrap();
}

#[tokio::test]
async fn echo_refuses_what_is_too_large_and_what_is_garbage() {
    let world = World::new(clear()).await;
    let mut socket = world.websocket("/ws", "echo").await;
    socket.send(Message::text("x".repeat(65_537))).await.unwrap();
    let Some(Ok(Message::Close(Some(frame)))) = socket.next().await else { panic!("not closed") };
    assert_eq!(frame.code, CloseCode::Size);
    let mut raw = world.connect().await;
    raw.write_all(upgrade_request("/ws", "echo").as_bytes()).await.unwrap();
    assert_eq!(Answer::read_head(&mut raw).await.status, 101);
    raw.write_all(&[0x83, 0x80, 0, 0, 0, 0]).await.unwrap();
    let mut close = [0; 4];
    raw.read_exact(&mut close).await.unwrap();
    assert_eq!(close, [0x88, 2, 0x03, 0xea]);
}

#[tokio::test]
async fn sip_is_carried_both_ways_over_ws_and_wss() {
    let (settings, tls) = both("sip");
    let mut world = World::new(settings).await;
    let mut clear = world.websocket("/sip", "sip").await;
    let mut secure = world.secure_websocket(&tls, "sip").await;
    clear.send(Message::text(OPTIONS)).await.unwrap();
    let first = message(&mut world).await;
    assert_eq!((first.flow.transport, &first.bytes[..]), (Transport::Ws, OPTIONS.as_bytes()));
    assert_eq!(first.flow.remote, clear.get_ref().local_addr().unwrap());
    let large = format!("MESSAGE sip:a@b SIP/2.0\r\nl: 60000\r\n\r\n{}", "x".repeat(60_000));
    secure.send(Message::text(&large)).await.unwrap();
    let second = message(&mut world).await;
    assert_eq!((second.flow.transport, second.bytes.len()), (Transport::Wss, large.len()));
    assert_eq!(second.flow.local, world.https());
    let answer = Bytes::from(large.replace("MESSAGE", "NOTIFY"));
    world.net.send(Destination::Flow(second.flow.id), answer.clone()).unwrap();
    assert_eq!(secure.next().await.unwrap().unwrap().into_data(), answer);
    world.net.close(first.flow.id, "replaced");
    let Some(Ok(Message::Close(Some(frame)))) = clear.next().await else { panic!("not closed") };
    assert_eq!(frame.reason, "replaced");
}

#[tokio::test]
async fn a_message_right_behind_the_request_is_not_lost() {
    let mut world = World::new(clear()).await;
    let mut stream = world.connect().await;
    let mut bytes = upgrade_request("/ws", "sip").into_bytes();
    // Masked with zeros; 126 and above would need a longer header.
    assert!(OPTIONS.len() < 126);
    bytes.extend([0x81, 0x80 | u8::try_from(OPTIONS.len()).unwrap(), 0, 0, 0, 0]);
    bytes.extend(OPTIONS.as_bytes());
    stream.write_all(&bytes).await.unwrap();
    assert_eq!(message(&mut world).await.bytes, OPTIONS);
}

#[tokio::test]
async fn a_websocket_in_clear_is_refused_from_elsewhere() {
    let Some(own) = sidetone_net::selfsigned::local_names()
        .iter()
        .filter_map(|name| name.parse::<std::net::IpAddr>().ok())
        .find(|ip| ip.is_ipv4() && !ip.is_loopback())
    else {
        return; // A machine without a network has no elsewhere.
    };
    let settings = |clear_from| {
        let mut settings = HttpSettings { bind: Some((own, 0).into()), ..clear() };
        settings.websocket.clear = clear_from;
        settings
    };
    let world = World::new(settings(sidetone_http::ClearWebSocket::LoopbackOnly)).await;
    let answer = world.ask(&upgrade_request("/ws", "sip")).await;
    assert_eq!(answer.status, 403);
    assert!(answer.text().contains("wss://"), "{}", answer.text());
    world.server.reload(settings(sidetone_http::ClearWebSocket::Everywhere)).await.unwrap();
    assert_eq!(world.ask(&upgrade_request("/ws", "sip")).await.status, 101);
}

#[tokio::test]
async fn five_hundred_idle_clients_hold() {
    let (settings, tls) = both("many");
    let mut world = World::new(HttpSettings { session_limit: 600, ..settings }).await;
    let mut clients = Vec::new();
    for number in 0..500 {
        if number % 10 == 0 {
            let mut socket = world.secure_websocket(&tls, "sip").await;
            socket.send(Message::text(OPTIONS)).await.unwrap();
            clients.push((None, Some(socket)));
        } else {
            let mut socket = world.websocket("/ws", "sip").await;
            socket.send(Message::text(OPTIONS)).await.unwrap();
            clients.push((Some(socket), None));
        }
    }
    for _ in 0..500 {
        message(&mut world).await;
    }
    assert_eq!(world.net.flow_count().connections, 500);
    assert_eq!(world.server.status().sessions, 500);
    drop(clients);
    let mut closed = 0;
    while closed < 500 {
        let event = timeout(PATIENCE, world.events.recv()).await.unwrap().unwrap();
        if let NetEvent::FlowClosed { reason, .. } = event {
            assert!(matches!(reason, CloseReason::Broken(_) | CloseReason::Peer(_)), "{reason}");
            closed += 1;
        }
    }
    assert_eq!(world.net.flow_count().connections, 0);
}

#[tokio::test]
async fn net_shutdown_ends_websockets_with_going_away() {
    let world = World::new(clear()).await;
    let mut socket = upgrade(world.connect().await, "/ws", "sip").await;
    socket.send(Message::text(OPTIONS)).await.unwrap();
    let away = async {
        loop {
            if let Some(Ok(Message::Close(Some(frame)))) = socket.next().await {
                return frame.code;
            }
        }
    };
    let stop = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        world.net.shutdown().await;
        world.server.stop().await;
    };
    let (code, ()) = tokio::join!(away, stop);
    assert_eq!(code, CloseCode::Away);
}
