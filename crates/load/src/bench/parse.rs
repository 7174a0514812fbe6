//! The INVITE of a browser, 1,320 bytes.

use std::hint::black_box;
use std::time::{Duration, Instant};

use bytes::Bytes;
use sidetone_sip::{Carrier, Essentials, Limits, Message};

use super::Plan;
use crate::Outcome;
use crate::figure::{Budget, Figure, Report};

/// Size of the message.
const BYTES: usize = 1_320;

const HEAD: &str = "INVITE sip:600@pbx.example.com SIP/2.0\r\n\
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

pub(super) fn run(plan: &Plan, report: &mut Report) -> Outcome {
    let body = "a".repeat(BYTES - HEAD.len() - "Content-Length: 700\r\n\r\n".len());
    let text = format!("{HEAD}Content-Length: {}\r\n\r\n{body}", body.len());
    let bytes = Bytes::from(text);
    let time = plan.time(Duration::from_millis(500));
    let parse = || Message::parse(black_box(&bytes), Carrier::Datagram, &Limits::DEFAULT);
    let Message::Request(request) = parse()? else {
        return Err("the INVITE was read as a response".into());
    };
    let lazy = measure(time, || {
        let _ = black_box(parse());
    });
    let full = measure(time, || {
        if let Ok(Message::Request(request)) = parse() {
            let _ = black_box(Essentials::read(&request));
        }
    });
    let print = measure(time, || {
        black_box(request.to_bytes());
    });
    let figure = |what: &str, value, budget| Figure::new(what, value, "us", budget);
    report.add(figure("lazy parse of 1,320 bytes", lazy, Budget::AtMost(1.5)));
    report.add(figure("parse and essentials", full, Budget::Informative));
    report.add(figure("print", print, Budget::Informative));
    Ok(())
}

/// Microseconds per turn.
fn measure(time: Duration, mut work: impl FnMut()) -> f64 {
    const TURNS: u32 = 1_000;
    let (start, mut turns) = (Instant::now(), 0_u32);
    while start.elapsed() < time {
        for _ in 0..TURNS {
            work();
        }
        turns += TURNS;
    }
    start.elapsed().as_secs_f64() * 1e6 / f64::from(turns)
}
