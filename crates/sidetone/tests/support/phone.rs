//! A plain phone without a SIP stack: what it says is written out.

use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// How long an answer may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) fn header<'m>(message: &'m str, name: &str) -> &'m str {
    let found = message.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    found.unwrap_or_else(|| panic!("no {name} in {message}"))
}

/// A phone on a datagram socket, with a socket for its media.
pub(crate) struct Phone {
    sip: UdpSocket,
    pub(crate) media: UdpSocket,
    peer: SocketAddr,
    sequence: u16,
}

impl Phone {
    pub(crate) fn new(port: u16) -> Self {
        let bind = || {
            let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
            socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
            socket
        };
        Self { sip: bind(), media: bind(), peer: ([127, 0, 0, 1], port).into(), sequence: 1 }
    }

    pub(crate) fn request(&self, method: &str, to_tag: &str, number: u32, more: &str) -> String {
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

    pub(crate) fn send(&self, text: &str) {
        self.sip.send_to(text.as_bytes(), self.peer).expect("sent");
    }

    /// The first final response of a method.
    pub(crate) fn answer(&self, method: &str) -> String {
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
    pub(crate) fn call(&self) -> (String, SocketAddr) {
        self.call_with("")
    }

    /// The same with more lines in the offer.
    pub(crate) fn call_with(&self, more: &str) -> (String, SocketAddr) {
        let port = self.media.local_addr().expect("an address").port();
        let sdp = format!(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
             m=audio {port} RTP/AVP 0\r\n{more}"
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

    /// The port of the exchange it talks to.
    pub(crate) fn port(&self) -> u16 {
        self.peer.port()
    }

    /// Asks for a call without media of its own, ends it if it is taken; the final answer.
    pub(crate) fn asks_to_call(&self) -> String {
        static NUMBER: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(100);
        let number = NUMBER.fetch_add(10, std::sync::atomic::Ordering::Relaxed);
        let nothing = "Content-Length: 0\r\n\r\n";
        self.send(&self.request("INVITE", "", number, nothing));
        let answer = self.answer("INVITE");
        let tag = header(&answer, "To").split_once(";tag=").map_or("", |(_, tag)| tag);
        let tag = format!(";tag={tag}");
        self.send(&self.request("ACK", &tag, number, nothing));
        if answer.starts_with("SIP/2.0 200") {
            self.send(&self.request("BYE", &tag, number + 1, nothing));
            self.answer("BYE");
        }
        answer
    }

    /// Sends sound until some of it comes back.
    pub(crate) fn hears_itself(&mut self, at: SocketAddr) {
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

    /// Waits for a request of the exchange and agrees to it; what media came meanwhile.
    pub(crate) fn listens_until(&self, method: &str) -> Vec<Vec<u8>> {
        self.media.set_read_timeout(Some(Duration::from_millis(20))).expect("a timeout");
        self.sip.set_nonblocking(true).expect("a socket");
        let (mut heard, mut buffer) = (Vec::new(), [0; 4_096]);
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            if let Ok(length) = self.media.recv(&mut buffer) {
                heard.push(buffer[..length].to_vec());
            }
            let Ok(length) = self.sip.recv(&mut buffer) else { continue };
            let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
            if text.starts_with(method) {
                let copied = text.lines().filter(|line| {
                    ["Via:", "From:", "To:", "Call-ID:", "CSeq:"]
                        .iter()
                        .any(|name| line.starts_with(name))
                });
                let copied = copied.map(|line| format!("{line}\r\n")).collect::<String>();
                self.send(&format!("SIP/2.0 200 OK\r\n{copied}Content-Length: 0\r\n\r\n"));
                return heard;
            }
        }
        panic!("no {method} came within {PATIENCE:?}");
    }
}
