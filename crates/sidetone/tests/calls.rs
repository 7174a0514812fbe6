//! A call of a plain phone through the running binary: what its dialplan plays and writes.

#![allow(dead_code, reason = "each test file uses a part of the support")]

mod support;

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use support::phone::Phone;
use support::{Exchange, free_port};

/// Whoever calls from this machine needs no password.
fn trusting(port: u16) -> String {
    format!(
        "[udp]\ntype = transport\nprotocol = udp\nbind = 127.0.0.1:{port}\n\n\
         [desk]\ntype = endpoint\ncontext = a\nallow = !all,ulaw\n\n\
         [desk]\ntype = identify\nendpoint = desk\nmatch = 127.0.0.1\n"
    )
}

/// The exchange with this dialplan behind 600, and a phone that talks with it.
fn started(name: &str, dialplan: &str) -> (Exchange, Phone) {
    let port = free_port();
    let mut exchange = Exchange::new(name, port);
    exchange.write("pjsip.conf", &trusting(port));
    exchange.write("extensions.conf", &format!("[a]\nexten => 600,1,Answer()\n{dialplan}"));
    let asterisk = exchange.folder.join("asterisk.conf");
    let text = std::fs::read_to_string(asterisk).expect("a file");
    exchange.write("asterisk.conf", &format!("{text}[options]\nsystemname = pbx7\n"));
    exchange.start_with(&["-f", "-vvv"]);
    (exchange, Phone::new(port))
}

/// Linear samples of ulaw (ITU-T G.711).
fn linear(byte: u8) -> f64 {
    let byte = !byte;
    let magnitude = ((i32::from(byte & 0x0f) << 3) + 0x84) << ((byte & 0x70) >> 4);
    f64::from(if byte & 0x80 == 0 { magnitude - 0x84 } else { 0x84 - magnitude })
}

#[test]
fn a_call_hears_a_shipped_prompt() {
    let (exchange, phone) = started(
        "prompt",
        " same => n,Playback(hello-world)\n same => n,Log(NOTICE,played: ${PLAYBACKSTATUS})\n \
         same => n,Playback(no-such-prompt)\n same => n,Log(NOTICE,then: ${PLAYBACKSTATUS})\n \
         same => n,Hangup()\n",
    );
    phone.call();
    let heard = phone.listens_until("BYE");
    let sound: Vec<f64> = heard
        .iter()
        .filter(|packet| packet.len() == 172 && packet[1] & 0x7f == 0)
        .flat_map(|packet| packet[12..].iter().map(|byte| linear(*byte)))
        .collect();
    let loudness = (sound.iter().map(|sample| sample * sample).sum::<f64>() / 8_000.0).sqrt();
    assert!(sound.len() >= 4_000, "half a second of it: {} samples", sound.len());
    assert!(loudness > 500.0, "speech and not silence: {loudness}");
    assert!(exchange.logs("played: SUCCESS"), "{}", exchange.log());
    assert!(exchange.logs("then: FAILED"), "{}", exchange.log());
}

#[test]
fn a_dialplan_writes_lines_and_knows_where_it_is() {
    let (exchange, phone) = started(
        "lines",
        " same => n,Verbose(3,told at three)\n same => n,Verbose(4,told at four)\n \
         same => n,Verbose(told always)\n same => n,Log(WARNING,beware)\n \
         same => n,Log(LOUD,what now)\n \
         same => n,Log(NOTICE,at ${EPOCH} of [${SYSTEMNAME}] [${ENTITYID}] \
         ${CONTEXT} ${EXTEN} ${PRIORITY})\n same => n,Hangup()\n",
    );
    phone.call();
    phone.listens_until("BYE");
    assert!(exchange.logs(" a 600 7"), "context, extension and priority: {}", exchange.log());
    let log = exchange.log();
    let line = |words: &str| {
        let of_the_dialplan = |line: &&str| line.contains(words) && !line.contains("Executing");
        let found = log.lines().find(of_the_dialplan);
        found.unwrap_or_else(|| panic!("no {words} in {log}"))
    };
    assert!(line("told at three").contains("VERBOSE"));
    assert!(line("told always").contains("VERBOSE"));
    assert!(!log.lines().any(|line| line.ends_with(": told at four")), "-vvv shows up to level 3");
    assert!(line("beware").contains("WARNING"));
    assert!(line("'LOUD' is no level").contains("what now"));
    let told = line("of [pbx7] [");
    assert!(told.contains("NOTICE") && !told.contains("[]"), "an entity id: {told}");
    let epoch = told.split_once(": at ").and_then(|(_, rest)| rest.split(' ').next());
    let epoch: u64 = epoch.expect("a word").parse().expect("seconds");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    assert!(now.abs_diff(epoch) < 60, "{epoch} at {now}");
}

/// The first who calls goes in a circle without a pause, the next one does not.
#[test]
fn a_dialplan_in_a_circle_leaves_the_log_to_the_others() {
    let (exchange, phone) = started(
        "circle",
        " same => n,GotoIf($[\"${GLOBAL(CIRCLES)}\" = \"1\"]?other)\n \
         same => n,Set(GLOBAL(CIRCLES)=1)\n same => n(again),NoOp(round)\n \
         same => n,Goto(again)\n same => n(other),Verbose(it is heard)\n same => n,Wait(60)\n",
    );
    let (tag, _) = phone.call();
    assert!(exchange.logs("within 10 seconds: more are left out"), "{}", exchange.log());
    Phone::new(phone.port()).call();
    assert!(exchange.logs(": it is heard"), "{}", exchange.log());
    let rounds = exchange.log().matches("\"round\")").count();
    assert!((400..2_000).contains(&rounds), "{rounds}");
    phone.send(&phone.request("BYE", &tag, 2, "Content-Length: 0\r\n\r\n"));
    assert!(phone.answer("BYE").starts_with("SIP/2.0 200"));
    assert!(exchange.logs("hung up"), "{}", exchange.log());
}

/// Asks on another thread, because the answer may wait for the call.
fn told(exchange: &Exchange, line: &'static str) -> std::thread::JoinHandle<()> {
    let mut command = exchange.command();
    std::thread::spawn(move || {
        let output = command.args(["-rx", line]).output().expect("it runs");
        assert!(output.status.success(), "{line}: {output:?}");
    })
}

#[test]
fn a_graceful_stop_waits_for_the_call_and_lets_no_other_in() {
    let (mut exchange, phone) = started("gracefully", " same => n,Wait(60)\n");
    let (tag, _) = phone.call();
    let asked = told(&exchange, "core stop gracefully");
    let later = Phone::new(phone.port());
    let refused = std::iter::repeat_with(|| {
        std::thread::sleep(Duration::from_millis(100));
        later.asks_to_call()
    });
    // The console command and the call come by different ways: until the first has arrived the
    // second is answered.
    let refused = refused.take(50).any(|answer| answer.starts_with("SIP/2.0 503"));
    assert!(refused, "{}", exchange.log());
    assert!(exchange.child.as_mut().expect("it runs").try_wait().expect("a state").is_none());
    phone.send(&phone.request("BYE", &tag, 2, "Content-Length: 0\r\n\r\n"));
    assert!(phone.answer("BYE").starts_with("SIP/2.0 200"));
    let status = exchange.child.as_mut().map(|child| child.wait().expect("it ends"));
    assert!(status.is_some_and(|status| status.success()));
    asked.join().expect("the console was answered");
}

#[test]
fn a_stop_at_once_says_goodbye_to_the_call() {
    let (mut exchange, phone) = started("now", " same => n,Wait(60)\n");
    phone.call();
    let asked = told(&exchange, "core stop now");
    phone.listens_until("BYE");
    let status = exchange.child.as_mut().map(|child| child.wait().expect("it ends"));
    assert!(status.is_some_and(|status| status.success()));
    asked.join().expect("the console was answered");
}

/// DBG-08: what both sides lost, how it trembled, and how long the way is.
#[test]
fn channelstats_show_loss_jitter_and_round_trip_of_a_call() {
    let port = free_port();
    let mut exchange = Exchange::new("stats", port);
    let account = trusting(port).replace("context = a\n", "context = a\nrtcp_mux = yes\n");
    exchange.write("pjsip.conf", &account);
    exchange.write("extensions.conf", "[a]\nexten => 600,1,Answer()\n same => n,Echo()\n");
    exchange.write("rtp.conf", "[general]\nrtcpinterval = 500\n");
    exchange.start();
    let phone = Phone::new(port);
    let (_, media) = phone.call_with("a=rtcp-mux\r\n");
    phone.media.set_read_timeout(Some(Duration::from_millis(1))).expect("a timeout");
    let (mut reported, mut buffer, began) = (0, [0; 2_048], Instant::now());
    for sequence in 1_u16..=200 {
        // Of two hundred, nine never arrive.
        if !sequence.is_multiple_of(20) || sequence == 200 {
            let mut packet = vec![0x80, 0];
            packet.extend(sequence.to_be_bytes());
            packet.extend((u32::from(sequence) * 160).to_be_bytes());
            packet.extend([0, 0, 0, 9]);
            packet.extend([0x55; 160]);
            phone.media.send_to(&packet, media).expect("sent");
        }
        let next = began + Duration::from_millis(20) * u32::from(sequence);
        while Instant::now() < next {
            let Ok(length) = phone.media.recv(&mut buffer) else { continue };
            if length < 28 || buffer[1] != 200 {
                continue;
            }
            // A report on its stream 100 ms later, as if it had been sent at once (RFC 3550
            // section 6.4.2): the round trip is 100 ms. Seven lost of it, a tremble of 20 ms.
            let report = buffer[..28].to_vec();
            std::thread::sleep(Duration::from_millis(100));
            let mut packet = vec![0x81, 201, 0, 7, 0, 0, 0, 9];
            packet.extend(&report[4..8]);
            packet.extend([0, 0, 0, 7]);
            packet.extend(200_u32.to_be_bytes());
            packet.extend(160_u32.to_be_bytes());
            packet.extend(&report[10..14]);
            packet.extend(0_u32.to_be_bytes());
            phone.media.send_to(&packet, media).expect("sent");
            reported += 1;
        }
    }
    assert!(reported >= 3, "{reported} reports of the exchange");
    let shown = exchange.answer("pjsip show channelstats");
    let row = shown.lines().find(|line| line.contains(" desk-")).expect("a row");
    let cells: Vec<&str> =
        row.split_whitespace().skip_while(|it| !it.starts_with("desk-")).collect();
    let number = |place: usize| cells[place].parse::<f64>().expect("a number");
    assert_eq!(cells[2], "ulaw", "{shown}");
    assert_eq!((cells[3], cells[4], cells[5]), ("191", "9", "4"), "received: {shown}");
    assert!((150.0..=200.0).contains(&number(7)), "sent: {shown}");
    assert_eq!(cells[8], "7", "lost there: {shown}");
    assert!((number(10) - 0.02).abs() < 0.001, "its jitter: {shown}");
    assert!((0.09..0.5).contains(&number(11)), "round trip: {shown}");
}
