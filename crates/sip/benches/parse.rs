//! How long a browser's INVITE takes to parse and print. Budget: lazy parse ≤ 1.5 µs.
//! `cargo bench -p sidetone-sip`

use std::hint::black_box;
use std::time::Instant;

use bytes::Bytes;
use sidetone_sip::headers::Contact;
use sidetone_sip::{Carrier, Essentials, Limits, Message};

const ROUNDS: u32 = 300_000;

fn invite() -> Bytes {
    let head = "INVITE sip:600@pbx.example.com SIP/2.0\r\n\
        Via: SIP/2.0/WSS 7lgb0vmvgc5p.invalid;branch=z9hG4bK4189023\r\n\
        Max-Forwards: 69\r\n\
        To: <sip:600@pbx.example.com>\r\n\
        From: \"Alice\" <sip:alice@pbx.example.com>;tag=3gs5l0ip8q\r\n\
        Call-ID: c8u2cbp6fe04brdqqbbp\r\n\
        CSeq: 7741 INVITE\r\n\
        Contact: <sip:alice@7lgb0vmvgc5p.invalid;transport=ws;ob>\r\n\
        Content-Type: application/sdp\r\n\
        Session-Expires: 90\r\n\
        Allow: INVITE,ACK,CANCEL,BYE,UPDATE,MESSAGE,OPTIONS,REFER,INFO,NOTIFY\r\n\
        Supported: timer,gruu,ice,replaces,outbound\r\n\
        User-Agent: JsSIP 3.10.1\r\n";
    let body = "a".repeat(1_320 - head.len() - 23);
    Bytes::from(format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()))
}

fn measure(name: &str, mut work: impl FnMut()) {
    for _ in 0..ROUNDS / 10 {
        work();
    }
    let start = Instant::now();
    for _ in 0..ROUNDS {
        work();
    }
    let each = start.elapsed() / ROUNDS;
    println!("{name:<40} {each:?}");
}

fn main() {
    let bytes = invite();
    println!("message of {} bytes", bytes.len());
    let parse = || Message::parse(black_box(&bytes), Carrier::Datagram, &Limits::DEFAULT);
    measure("lazy parse (budget 1.5 µs)", || {
        let _ = black_box(parse());
    });
    let Ok(Message::Request(request)) = parse() else {
        return;
    };
    measure("essentials: Via From To Call-ID CSeq", || {
        let _ = black_box(Essentials::read(&request));
    });
    measure("Contact", || {
        let _ = black_box(request.headers.typed::<Contact>());
    });
    measure("print", || {
        black_box(request.to_bytes());
    });
}
