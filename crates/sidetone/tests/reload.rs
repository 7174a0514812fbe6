//! A reload of the running binary in the middle of a call and beside a registered WebSocket: both
//! go on as if nothing had happened (HTTP-09, CFG-14).

#![allow(dead_code, reason = "each test file uses a part of the support")]

mod support;

use std::io::{Read as _, Write as _};
use std::net::{TcpStream, UdpSocket};

use support::phone::{PATIENCE, Phone, header};
use support::{Exchange, free_port};

/// A SIP client on a WebSocket in clear, which loopback may have.
struct Browser(TcpStream);

impl Browser {
    fn connect(port: u16) -> Self {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("connected");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let request = "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n\
            Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
            Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: sip\r\n\r\n";
        stream.write_all(request.as_bytes()).expect("written");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).expect("an answer");
            head.push(byte[0]);
        }
        assert!(head.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&head));
        Self(stream)
    }

    /// Sends a request and returns the answer to it.
    fn ask(&mut self, method: &str, number: u32) -> String {
        let text = format!(
            "{method} sip:127.0.0.1 SIP/2.0\r\n\
             Via: SIP/2.0/WS browser.invalid;branch=z9hG4bK{method}{number}\r\n\
             From: <sip:web@127.0.0.1>;tag=2\r\nTo: <sip:web@127.0.0.1>\r\n\
             Call-ID: browser-of-the-reload\r\nCSeq: {number} {method}\r\n\
             Contact: <sip:web@browser.invalid;transport=ws>\r\nExpires: 600\r\n\
             Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
        );
        let length = u16::try_from(text.len()).expect("short").to_be_bytes();
        // A text frame with a mask of zeros (RFC 6455 section 5.2).
        let mut frame = vec![0x81, 0x80 | 126, length[0], length[1], 0, 0, 0, 0];
        frame.extend(text.as_bytes());
        self.0.write_all(&frame).expect("written");
        loop {
            let (opcode, payload) = self.frame();
            assert_ne!(opcode, 8, "the WebSocket was closed");
            let answer = String::from_utf8_lossy(&payload).into_owned();
            if opcode == 1 && header(&answer, "CSeq") == format!("{number} {method}") {
                return answer;
            }
        }
    }

    fn frame(&mut self) -> (u8, Vec<u8>) {
        let mut head = [0; 2];
        self.0.read_exact(&mut head).expect("a frame");
        let length = match head[1] & 0x7f {
            126 => {
                let mut length = [0; 2];
                self.0.read_exact(&mut length).expect("a length");
                usize::from(u16::from_be_bytes(length))
            }
            short => usize::from(short),
        };
        let mut payload = vec![0; length];
        self.0.read_exact(&mut payload).expect("a payload");
        (head[0] & 0x0f, payload)
    }
}

fn pjsip(port: u16, codecs: &str) -> String {
    format!(
        "[udp]\ntype = transport\nprotocol = udp\nbind = 127.0.0.1:{port}\n\n\
         [desk]\ntype = endpoint\naors = desk\ncontext = a\nallow = !all,{codecs}\n\n\
         [desk]\ntype = aor\nmax_contacts = 1\n\n\
         [web]\ntype = endpoint\naors = web\ncontext = a\nallow = !all,ulaw\n\n\
         [web]\ntype = aor\nmax_contacts = 1\n"
    )
}

fn http(port: u16, more: &str) -> String {
    format!("[general]\nenabled = yes\nbindaddr = 127.0.0.1\nbindport = {port}\n{more}\n")
}

#[test]
fn a_reload_drops_no_websocket_and_no_call() {
    let (sip, web) = (free_port(), free_port());
    let mut exchange = Exchange::new("reload", sip);
    exchange.write("pjsip.conf", &pjsip(sip, "ulaw"));
    exchange.write("http.conf", &http(web, ""));
    let echo = "[a]\nexten => 600,1,Answer()\n same => n,Echo()\n";
    exchange.write("extensions.conf", echo);
    exchange.start();
    let mut browser = Browser::connect(web);
    assert!(browser.ask("REGISTER", 1).starts_with("SIP/2.0 200"));
    let mut phone = Phone::new(sip);
    let (tag, media) = phone.call();
    phone.hears_itself(media);

    // Everything at once: limits of HTTP, a listener more, codecs, the dialplan, media ports.
    exchange.write("http.conf", &http(web, "sessionlimit = 50\nservername = renamed"));
    let more = format!(
        "{}\n[second]\ntype = transport\nprotocol = udp\nbind = 127.0.0.1:{}\n",
        pjsip(sip, "alaw"),
        free_port()
    );
    exchange.write("pjsip.conf", &more);
    exchange.write("extensions.conf", "[a]\nexten => 600,1,Busy()\n");
    exchange.write("rtp.conf", "[general]\nrtpstart = 31000\nrtpend = 31100\n");
    let told = exchange.answer("core reload");
    assert!(told.contains("31000-31100") && told.contains("after a restart"), "{told}");
    for module in ["http", "res_pjsip", "res_rtp_asterisk", "logger", "pbx_config"] {
        exchange.answer(&format!("module reload {module}"));
    }
    assert!(exchange.answer("http show status").contains("Server: renamed"), "it was read");
    assert!(exchange.answer("pjsip show transports").contains("second"), "it was read");

    assert!(browser.ask("OPTIONS", 2).starts_with("SIP/2.0 200"), "the same WebSocket answers");
    assert!(exchange.answer("pjsip show contacts").contains("web/sip:web@browser.invalid"));
    assert!(exchange.answer("core show channels").contains("1 active call"));
    phone.hears_itself(media);
    phone.send(&phone.request("BYE", &tag, 2, "Content-Length: 0\r\n\r\n"));
    assert!(phone.answer("BYE").starts_with("SIP/2.0 200"));

    // A new call meets the new dialplan, codecs and ports.
    let again = Phone::new(sip);
    let sdp = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
        m=audio 40000 RTP/AVP 0\r\n";
    let length = sdp.len();
    let body = format!("Content-Type: application/sdp\r\nContent-Length: {length}\r\n\r\n{sdp}");
    again.send(&again.request("INVITE", "", 1, &body));
    assert!(again.answer("INVITE").starts_with("SIP/2.0 488"), "ulaw is not allowed any more");
}

/// Of the last line of a reload, errors and warnings; kept stands before them.
fn found(exchange: &Exchange) -> (u32, u32, u32) {
    let told = exchange.answer("core reload");
    let line = told.lines().last().expect("a summary").to_owned();
    let count = |what: &str| {
        let mut counts = line.split([',', ';']).filter_map(|part| part.trim().split_once(' '));
        let found = counts.find(|(_, name)| *name == what).map(|(number, _)| number.parse());
        found.unwrap_or_else(|| panic!("no {what} in {line}")).expect("a number")
    };
    (count("errors"), count("warnings"), count("kept"))
}

#[test]
fn the_summary_counts_what_the_dialplan_has_to_say() {
    let mut exchange = Exchange::new("summary", free_port());
    let good = "[a]\nexten => 1,1,Answer()\n";
    exchange.write("extensions.conf", good);
    exchange.start();
    let (errors, warnings, kept) = found(&exchange);
    let more = |errors_more, warnings_more, kept_more| {
        (errors + errors_more, warnings + warnings_more, kept + kept_more)
    };
    // A line that is none, and an endpoint that is not there.
    exchange.write("extensions.conf", &format!("{good}exten => 2,what,Answer()\n"));
    assert_eq!(found(&exchange), more(1, 0, 0), "{}", exchange.log());
    exchange.write("extensions.conf", &format!("{good}exten => 2,1,Dial(PJSIP/nobody)\n"));
    assert_eq!(found(&exchange), more(0, 1, 0), "{}", exchange.log());
    // What cannot be read to its end stays as it was: it is said why.
    exchange.write("extensions.conf", &format!("{good}#include gone.conf\n"));
    assert_eq!(found(&exchange), more(1, 0, 1), "{}", exchange.log());
    assert!(exchange.logs("gone.conf"), "{}", exchange.log());
    exchange.write("extensions.conf", good);
    assert_eq!(found(&exchange), more(0, 0, 0));
}

#[test]
fn extensions_in_lua_with_an_error_stay_as_they_were() {
    let mut exchange = Exchange::new("lua", free_port());
    exchange.write("extensions.conf", "[a]\nexten => 1,1,Answer()\n");
    let lua = |name: &str| format!("extensions = {{ a = {{ [\"{name}\"] = function() end }} }}");
    exchange.write("extensions.lua", &lua("first"));
    exchange.start();
    assert!(exchange.answer("dialplan show a").contains("'first' =>"), "{}", exchange.log());
    let (errors, warnings, kept) = found(&exchange);
    exchange.write("extensions.lua", "extensions = {\n  a = = 1 }");
    assert_eq!(found(&exchange), (errors + 1, warnings, kept + 1), "{}", exchange.log());
    assert!(exchange.logs("extensions.lua:2"), "{}", exchange.log());
    assert!(exchange.answer("dialplan show a").contains("'first' =>"));
    exchange.write("extensions.lua", &lua("second"));
    exchange.answer("module reload pbx_lua");
    let shown = exchange.answer("dialplan show a");
    assert!(shown.contains("'second' =>") && !shown.contains("'first'"), "{shown}");
    exchange.write("modules.conf", "[modules]\nnoload => pbx_lua.so\n");
    exchange.answer("core reload");
    assert!(!exchange.answer("dialplan show a").contains("'second'"));
}

/// A new transport that a reload gives the address of one which runs.
#[test]
fn a_transport_that_runs_is_not_closed_by_one_that_wants_its_address() {
    let port = free_port();
    let mut exchange = Exchange::new("twins", port);
    exchange.write("pjsip.conf", &pjsip(port, "ulaw"));
    exchange.write("extensions.conf", "[a]\nexten => 600,1,Answer()\n same => n,Echo()\n");
    exchange.start();
    let mut phone = Phone::new(port);
    let (_, media) = phone.call();
    phone.hears_itself(media);
    let twin = format!("[atwin]\ntype = transport\nprotocol = udp\nbind = 127.0.0.1:{port}\n\n");
    exchange.write("pjsip.conf", &format!("{twin}{}", pjsip(port, "ulaw")));
    exchange.answer("core reload");
    assert!(exchange.logs("transports 'udp' and 'atwin' both want"), "{}", exchange.log());
    assert!(exchange.logs("pjsip.conf:1"), "{}", exchange.log());
    assert!(!exchange.log().contains("transport 'udp' closed"), "{}", exchange.log());
    assert!(is_open(port), "it listens");
    phone.hears_itself(media);
}

/// Whether the exchange listens over UDP there: nobody else can.
fn is_open(port: u16) -> bool {
    UdpSocket::bind(("127.0.0.1", port)).is_err()
}

/// What a command says, however it ends, and its status.
fn told(exchange: &Exchange, line: &str) -> (String, Option<i32>) {
    let output = exchange.ask(line);
    (String::from_utf8_lossy(&output.stdout).into_owned(), output.status.code())
}

#[test]
fn what_one_module_left_as_it_was_counts_after_the_next_reload_of_all() {
    let (sip, other, taken) = (free_port(), free_port(), free_port());
    let mut exchange = Exchange::new("reload-parts", sip);
    let with = |ports: &[u16]| {
        ports.iter().fold(pjsip(sip, "ulaw"), |text, port| {
            format!("{text}\n[t{port}]\ntype=transport\nprotocol=udp\nbind=127.0.0.1:{port}\n")
        })
    };
    exchange.write("pjsip.conf", &with(&[]));
    exchange.write("extensions.conf", "[a]\nexten => 600,1,Answer()\n same => n,Echo()\n");
    exchange.start();
    let holder = UdpSocket::bind(("127.0.0.1", taken)).expect("it is free");
    exchange.write("pjsip.conf", &with(&[other, taken]));
    exchange.write("rtp.conf", "[general]\nrtpstart = 31000\nrtpend = 31100\n");
    let (words, status) = told(&exchange, "dialplan reload");
    assert!(!words.contains("31000") && status == Some(0), "{words}");
    assert!(!is_open(other), "a reload of the dialplan opens no transport");
    let (words, status) = told(&exchange, "core reload");
    assert!(words.contains("31000-31100"), "{words}");
    assert!(words.contains(&taken.to_string()) && status == Some(1), "it is in use: {words}");
    assert!(is_open(other), "now it is open");
    drop(holder);
    assert_eq!(told(&exchange, "core reload").1, Some(0));
    assert!(is_open(taken), "what could not be opened is tried again");
    exchange.write("pjsip.conf", &with(&[]));
    exchange.answer("dialplan reload");
    exchange.answer("core reload");
    assert!(!is_open(other) && !is_open(taken), "what is gone is closed");
    let (words, status) = told(&exchange, "module reload nonsense");
    assert!(words.contains("No such module 'nonsense'") && status == Some(1), "{words}");
}

#[test]
fn a_transport_that_cannot_move_stays_and_so_do_its_calls() {
    let (sip, taken, elsewhere) = (free_port(), free_port(), free_port());
    let holder = UdpSocket::bind(("127.0.0.1", taken)).expect("it is free");
    let mut exchange = Exchange::new("reload-stays", sip);
    exchange.write("pjsip.conf", &pjsip(sip, "ulaw"));
    exchange.write("extensions.conf", "[a]\nexten => 600,1,Answer()\n same => n,Echo()\n");
    exchange.start();
    let mut phone = Phone::new(sip);
    let (tag, media) = phone.call();
    phone.hears_itself(media);
    let ours = format!("127.0.0.1:{sip}");
    for place in [format!("127.0.0.1:{taken}"), format!("198.51.100.9:{sip}")] {
        exchange.write("pjsip.conf", &pjsip(sip, "ulaw").replace(&ours, &place));
        let (words, status) = told(&exchange, "core reload");
        assert!(words.contains(&place) && words.contains("stays"), "{words}");
        assert_eq!(status, Some(1));
        assert!(is_open(sip), "{place}");
    }
    phone.hears_itself(media);
    phone.send(&phone.request("BYE", &tag, 2, "Content-Length: 0\r\n\r\n"));
    assert!(phone.answer("BYE").starts_with("SIP/2.0 200"));
    // An editor that was cut off: nothing in the file is no wish to have nothing.
    exchange.write("pjsip.conf", "; nothing yet\n");
    let (words, _) = told(&exchange, "core reload");
    assert!(is_open(sip) && exchange.answer("pjsip show endpoints").contains("desk"), "{words}");
    assert!(exchange.logs("pjsip.conf: warning: it is empty"));
    drop(holder);
    exchange.write("pjsip.conf", &pjsip(elsewhere, "ulaw"));
    assert_eq!(told(&exchange, "core reload").1, Some(0));
    assert!(is_open(elsewhere) && !is_open(sip));
}

#[test]
fn a_transport_may_go_where_another_one_was() {
    let [sip, first, second, third] = [free_port(), free_port(), free_port(), free_port()];
    let mut exchange = Exchange::new("reload-move", sip);
    let with = |ports: [u16; 2]| {
        ["a", "b"].iter().zip(ports).fold(pjsip(sip, "ulaw"), |text, (name, port)| {
            format!("{text}\n[{name}]\ntype=transport\nprotocol=udp\nbind=127.0.0.1:{port}\n")
        })
    };
    exchange.write("pjsip.conf", &with([first, second]));
    exchange.start();
    exchange.write("pjsip.conf", &with([second, third]));
    let (words, status) = told(&exchange, "core reload");
    assert_eq!(status, Some(0), "{words}");
    assert!(!is_open(first) && is_open(second) && is_open(third));
}

/// The status line of the answer to a GET.
fn status_of(port: u16, path: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("connected");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("written");
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    answer.lines().next().unwrap_or_default().to_owned()
}

#[test]
fn modules_that_are_left_out_are_said_at_load_and_come_back_with_a_reload() {
    let (sip, web) = (free_port(), free_port());
    let mut exchange = Exchange::new("modules", sip);
    exchange.write("pjsip.conf", &pjsip(sip, "ulaw"));
    exchange.write("http.conf", &http(web, ""));
    let plan = "[a]\nexten => 600,1,Answer()\n same => n,Echo()\n same => n,NoOp(${LEN(x)})\n";
    exchange.write("extensions.conf", plan);
    let lines = "[modules]\nautoload = yes\nnoload => app_echo.so\nnoload => func_strings.so\n\
        noload => res_http_websocket.so\nnoload => chan_pjsip.so\n";
    exchange.write("modules.conf", lines);
    exchange.start();
    for words in [
        "extensions.conf:3: error: Echo is switched off by noload in modules.conf:3",
        "extensions.conf:4: error: LEN is switched off by noload in modules.conf:4",
        "modules.conf:6: warning: 'chan_pjsip' of noload is ignored: without it nobody could call",
    ] {
        assert!(exchange.logs(words), "{words}: {}", exchange.log());
    }
    assert!(status_of(web, "/ws").contains(" 404 "), "{}", status_of(web, "/ws"));
    assert!(!exchange.answer("http show status").contains("/ws"));
    let shown = exchange.answer("module show like echo");
    assert!(shown.contains("app_echo.so is switched off by noload in modules.conf:3"), "{shown}");
    assert!(!exchange.answer("core show applications").contains(" Echo:"));
    assert!(!exchange.ask("module load app_echo").status.success());

    exchange.write("modules.conf", "[modules]\nautoload = yes\n");
    exchange.answer("core reload");
    assert!(status_of(web, "/ws").contains(" 426 "), "{}", status_of(web, "/ws"));
    assert!(exchange.answer("module load app_echo").contains("runs already"));
    assert!(exchange.answer("core show applications").contains(" Echo:"));
    let mut phone = Phone::new(sip);
    let (_, media) = phone.call();
    phone.hears_itself(media);
}
