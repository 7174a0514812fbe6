//! A reload of the running binary in the middle of a call and beside a registered WebSocket: both
//! go on as if nothing had happened (HTTP-09, CFG-14).

#![allow(dead_code, reason = "each test file uses a part of the support")]

mod support;

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

use support::{Exchange, free_port};

/// How long an answer may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(10);

fn header<'m>(message: &'m str, name: &str) -> &'m str {
    let found = message.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    found.unwrap_or_else(|| panic!("no {name} in {message}"))
}

/// A phone on a datagram socket, with a socket for its media.
struct Phone {
    sip: UdpSocket,
    media: UdpSocket,
    peer: SocketAddr,
    sequence: u16,
}

impl Phone {
    fn new(port: u16) -> Self {
        let bind = || {
            let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
            socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
            socket
        };
        Self { sip: bind(), media: bind(), peer: ([127, 0, 0, 1], port).into(), sequence: 1 }
    }

    fn request(&self, method: &str, to_tag: &str, number: u32, more: &str) -> String {
        let local = self.sip.local_addr().expect("an address");
        format!(
            "{method} sip:600@{peer} SIP/2.0\r\n\
             Via: SIP/2.0/UDP {local};branch=z9hG4bK{method}{number};rport\r\n\
             From: <sip:desk@127.0.0.1>;tag=1\r\nTo: <sip:600@{peer}>{to_tag}\r\n\
             Call-ID: reload-{local}\r\nCSeq: {number} {method}\r\n\
             Contact: <sip:desk@{local}>\r\nMax-Forwards: 70\r\n{more}",
            peer = self.peer
        )
    }

    fn send(&self, text: &str) {
        self.sip.send_to(text.as_bytes(), self.peer).expect("sent");
    }

    /// The first final response of a method.
    fn answer(&self, method: &str) -> String {
        let mut buffer = [0; 4_096];
        loop {
            let length = self.sip.recv(&mut buffer).expect("an answer");
            let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
            if text.starts_with("SIP/2.0 1") || !header(&text, "CSeq").ends_with(method) {
                continue;
            }
            return text;
        }
    }

    /// Calls 600; returns the To tag and where media goes.
    fn call(&self) -> (String, SocketAddr) {
        let port = self.media.local_addr().expect("an address").port();
        let sdp = format!(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
             m=audio {port} RTP/AVP 0\r\n"
        );
        let body =
            format!("Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{sdp}", sdp.len());
        self.send(&self.request("INVITE", "", 1, &body));
        let answer = self.answer("INVITE");
        assert!(answer.starts_with("SIP/2.0 200"), "{answer}");
        let tag = header(&answer, "To").split_once(";tag=").expect("a tag").1;
        let tag = format!(";tag={tag}");
        self.send(&self.request("ACK", &tag, 1, "Content-Length: 0\r\n\r\n"));
        let audio = answer.lines().find_map(|line| line.strip_prefix("m=audio ")).expect("audio");
        let port: u16 = audio.split(' ').next().expect("a port").parse().expect("a number");
        (tag, ([127, 0, 0, 1], port).into())
    }

    /// Sends sound until some of it comes back.
    fn hears_itself(&mut self, at: SocketAddr) {
        self.media.set_read_timeout(Some(Duration::from_millis(20))).expect("a timeout");
        let before = self.sequence;
        let mut heard = [0; 2_048];
        for _ in 0..500 {
            let mut packet = vec![0x80, 0];
            packet.extend(self.sequence.to_be_bytes());
            packet.extend((u32::from(self.sequence) * 160).to_be_bytes());
            packet.extend([0, 0, 0, 9]);
            // The sound names its packet, so that an echo of earlier ones does not count.
            packet.extend([(self.sequence % 251) as u8; 160]);
            self.media.send_to(&packet, at).expect("sent");
            self.sequence += 1;
            if let Ok(172) = self.media.recv(&mut heard)
                && (before..self.sequence).any(|sent| heard[100] == (sent % 251) as u8)
            {
                return;
            }
        }
        panic!("no sound came back after packet {before}");
    }
}

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
