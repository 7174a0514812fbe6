//! A call whose every message the story writes: for user agents, controllers and proxies that do
//! what no phone of this world does. What a bad link lost is said again.

use std::net::IpAddr;
use std::time::Duration;

use crate::registrar::header;
use crate::{Stranger, World};

/// How long a message is waited for, in looks of 100 ms.
const LOOKS: usize = 400;
/// So many looks without an answer, and a request is said again (RFC 3261 §17.1.1.1: T1).
const AGAIN: usize = 5;

/// A call with the exchange, and the wire it goes by.
#[derive(Debug)]
pub struct Script {
    wire: Stranger,
    user: String,
    call_id: String,
    /// To with the exchange's tag, once it is known.
    remote: String,
    /// The exchange's Contact.
    target: String,
    /// What came and was not asked for yet.
    heard: Vec<String>,
    /// What came already: its repetitions are none of the story's business.
    seen: Vec<String>,
    /// Our request that has no answer yet.
    asking: Option<String>,
    /// Our answer to an INVITE that has no ACK yet (RFC 3261 §13.3.1.4).
    unacknowledged: Option<String>,
    /// Our last ACK, for repetitions of the response.
    acked: Option<String>,
    /// Our answers, each with the request it belongs to.
    answered: Vec<(String, String)>,
}

impl Script {
    /// Calls an extension as this user, from a host of its own, with these header lines more.
    pub async fn call(world: &World, user: &str, to: &str, more: &str, body: &str) -> Self {
        let mut call = Self::waits(world, user).await;
        call.call_id = format!("{to}-{}", call.ip());
        call.remote = format!("<sip:{to}@192.0.2.1>");
        call.target = format!("sip:{to}@192.0.2.1");
        call.say("INVITE", 1, more, body).await;
        call
    }

    /// Waits to be called as this user, on a host of its own.
    pub async fn waits(world: &World, user: &str) -> Self {
        Self {
            wire: world.stranger().await,
            user: user.to_owned(),
            call_id: String::new(),
            remote: String::new(),
            target: String::new(),
            heard: Vec::new(),
            seen: Vec::new(),
            asking: None,
            unacknowledged: None,
            acked: None,
            answered: Vec::new(),
        }
    }

    /// Where it is.
    #[must_use]
    pub fn ip(&self) -> IpAddr {
        self.wire.ip()
    }

    /// Sends a request; the header lines stand right below its Via. A body is SDP.
    pub async fn say(&mut self, method: &str, cseq: u32, more: &str, body: &str) {
        let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        self.say_as(method, cseq, &format!("{more}{kind}"), body).await;
    }

    /// The same with a body of any kind, which the header lines tell.
    pub async fn say_as(&mut self, method: &str, cseq: u32, more: &str, body: &str) {
        let Self { user, call_id, remote, target, .. } = self;
        let ip = self.wire.ip();
        let length = body.len();
        let text = format!(
            "{method} {target} SIP/2.0\r\n\
             Via: SIP/2.0/UDP {ip}:5060;branch=z9hG4bK{call_id}{method}{cseq};rport\r\n{more}\
             From: <sip:{user}@192.0.2.1>;tag=ours\r\nTo: {remote}\r\nCall-ID: {call_id}\r\n\
             CSeq: {cseq} {method}\r\nContact: <sip:{user}@{ip}:5060>\r\n\
             Max-Forwards: 70\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        if method == "ACK" {
            self.acked = Some(text.clone());
        } else {
            self.asking = Some(text.clone());
        }
        self.wire.say(text).await;
    }

    /// Cancels an INVITE of this number.
    pub async fn cancels(&mut self, cseq: u32) {
        let Self { user, call_id, remote, target, .. } = self;
        let ip = self.wire.ip();
        let text = format!(
            "CANCEL {target} SIP/2.0\r\n\
             Via: SIP/2.0/UDP {ip}:5060;branch=z9hG4bK{call_id}INVITE{cseq};rport\r\n\
             From: <sip:{user}@192.0.2.1>;tag=ours\r\nTo: {remote}\r\nCall-ID: {call_id}\r\n\
             CSeq: {cseq} CANCEL\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
        );
        self.wire.say(text).await;
    }

    /// Takes what came: news are for the story, repetitions get what they got before.
    async fn take(&mut self, text: String) {
        if !self.seen.contains(&text) {
            let asked = self.asking.as_deref().unwrap_or_default();
            if text.starts_with("SIP/2.0 ") && header(&text, "CSeq") == header(asked, "CSeq") {
                self.asking = None;
            }
            if text.starts_with("ACK ") {
                self.unacknowledged = None;
            }
            self.seen.push(text.clone());
            self.heard.push(text);
            return;
        }
        let answers = self.answered.iter().filter(|(request, _)| *request == text);
        let mut again: Vec<String> = answers.map(|(_, answer)| answer.clone()).collect();
        let is_final = text.starts_with("SIP/2.0 ") && !text.starts_with("SIP/2.0 1");
        if is_final && header(&text, "CSeq").ends_with(" INVITE") {
            again.extend(self.acked.clone());
        }
        for said in again {
            self.wire.say(said).await;
        }
    }

    async fn next(&mut self, what: &str, fits: impl Fn(&str) -> bool) -> String {
        for look in 1..=LOOKS {
            if let Some(place) = self.heard.iter().position(|text| fits(text)) {
                return self.heard.remove(place);
            }
            for text in self.wire.hear(Duration::from_millis(100)).await {
                self.take(text).await;
            }
            if look % AGAIN == 0 {
                for said in [self.asking.clone(), self.unacknowledged.clone()].into_iter().flatten()
                {
                    self.wire.say(said).await;
                }
            }
        }
        panic!("no {what}: {:#?}", self.heard);
    }

    /// The next response of this status to a request of this method.
    ///
    /// # Panics
    /// When it does not come.
    pub async fn hears(&mut self, status: u16, method: &str) -> String {
        let (begin, end) = (format!("SIP/2.0 {status} "), format!(" {method}"));
        let fits = |text: &str| text.starts_with(&begin) && header(text, "CSeq").ends_with(&end);
        let text = self.next(&format!("{status} to {method}"), fits).await;
        header(&text, "To").clone_into(&mut self.remote);
        let contact = header(&text, "Contact");
        if !contact.is_empty() {
            contact.trim_matches(['<', '>']).clone_into(&mut self.target);
        }
        text
    }

    /// The next request of this method.
    ///
    /// # Panics
    /// When it does not come.
    pub async fn asked(&mut self, method: &str) -> String {
        let begin = format!("{method} ");
        self.next(method, |text| text.starts_with(&begin)).await
    }

    /// Answers a request, or says something of that method's transaction.
    pub async fn answers(&mut self, request: &str, status: &str, more: &str, body: &str) {
        let vias = request.lines().filter(|line| line.starts_with("Via: "));
        let vias = vias.map(|line| format!("{line}\r\n")).collect::<String>();
        let copied = ["From", "Call-ID", "CSeq"]
            .map(|name| format!("{name}: {}\r\n", header(request, name)))
            .concat();
        let to = header(request, "To");
        let tag = if to.contains(";tag=") { "" } else { ";tag=ours" };
        let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        let (user, ip, length) = (&self.user, self.wire.ip(), body.len());
        let text = format!(
            "SIP/2.0 {status}\r\n{vias}{copied}To: {to}{tag}\r\n\
             Contact: <sip:{user}@{ip}:5060>\r\n{more}{kind}Content-Length: {length}\r\n\r\n{body}"
        );
        if status.starts_with('2') && request.starts_with("INVITE ") {
            self.unacknowledged = Some(text.clone());
        }
        self.answered.push((request.to_owned(), text.clone()));
        self.wire.say(text).await;
    }

    /// Answers what is repeated while this time passes.
    pub async fn attend(&mut self, time: Duration) {
        for text in self.wire.hear(time).await {
            self.take(text).await;
        }
    }

    /// Hangs up.
    pub async fn ends(&mut self, cseq: u32) {
        self.say("BYE", cseq, "", "").await;
        self.hears(200, "BYE").await;
    }
}

/// The body of a message.
#[must_use]
pub fn body(message: &str) -> &str {
    message.split_once("\r\n\r\n").map_or("", |(_, body)| body)
}

/// A description of one voice at an address, in ulaw.
#[must_use]
pub fn sdp(ip: &str, port: u16) -> String {
    format!(
        "v=0\r\no=- 1 {port} IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\n\
         m=audio {port} RTP/AVP 0\r\n"
    )
}
