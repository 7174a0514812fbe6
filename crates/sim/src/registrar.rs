//! A server that the exchange registers with: a wire or connections over TCP, and what the story
//! wants it to say. What it
//! heard before it answers as before, so that a link that repeats changes nothing.

use std::cell::RefCell;
use std::collections::HashMap;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;

use sidetone_base::SeededRandom;
use sidetone_net::sim::Listener;
use sidetone_ua::digest::{
    Algorithm, Check, Credentials, DigestServer, Freshness, Secret, Verdict,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::configuration::PASSWORD;
use crate::stranger::Stranger;

/// What it does with a REGISTER.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Does {
    /// Nothing: as if it were switched off.
    Ignore,
    /// Grants so many seconds.
    Grant(u32),
    /// The same to who has the password.
    Demand(u32),
    /// Refuses with this status line and this further header line.
    Refuse(&'static str, &'static str),
}

/// A handle to the server.
#[derive(Clone, Debug)]
pub struct Registrar {
    ip: IpAddr,
    does: Rc<RefCell<Does>>,
    heard: Rc<RefCell<Vec<(Duration, String)>>>,
    closes: Rc<Notify>,
}

impl Registrar {
    pub(crate) fn new(wire: Stranger) -> Self {
        let does = Rc::new(RefCell::new(Does::Grant(60)));
        let registrar = Self { ip: wire.ip(), does, heard: Rc::default(), closes: Rc::default() };
        tokio::task::spawn_local(registrar.clone().run(wire));
        registrar
    }

    /// One that is reached over TCP.
    pub(crate) fn over_tcp(listener: Listener) -> Self {
        let does = Rc::new(RefCell::new(Does::Grant(60)));
        let (ip, heard) = (listener.local_addr().ip(), Rc::default());
        let registrar = Self { ip, does, heard, closes: Rc::default() };
        tokio::task::spawn_local(registrar.clone().serve(listener));
        registrar
    }

    /// Closes the connection, if it is reached over TCP.
    pub fn close(&self) {
        self.closes.notify_one();
    }

    /// Where it is.
    #[must_use]
    pub fn ip(&self) -> IpAddr {
        self.ip
    }

    /// What it does from now on.
    pub fn will(&self, does: Does) {
        *self.does.borrow_mut() = does;
    }

    /// The REGISTERs that came, each once, with the time since the server is there.
    #[must_use]
    pub fn heard(&self) -> Vec<(Duration, String)> {
        self.heard.borrow().clone()
    }

    async fn run(self, mut wire: Stranger) {
        let (begun, mut random) = (Instant::now(), SeededRandom::new(1));
        let mut guard = DigestServer::new(begun.into_std(), &mut random);
        let mut known: HashMap<String, Option<String>> = HashMap::new();
        while let Some(register) = wire.next().await {
            if !register.starts_with("REGISTER ") {
                continue;
            }
            let branch = header(&register, "Via").to_owned();
            let answer = known.entry(branch).or_insert_with(|| {
                self.heard.borrow_mut().push((begun.elapsed(), register.clone()));
                answer(&register, &self.does.borrow(), &mut guard, &mut random)
            });
            if let Some(answer) = answer {
                wire.say(answer.clone()).await;
            }
        }
    }
}

impl Registrar {
    /// Serves one connection after the other.
    async fn serve(self, listener: Listener) {
        let (begun, mut random) = (Instant::now(), SeededRandom::new(1));
        let mut guard = DigestServer::new(begun.into_std(), &mut random);
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut text = String::new();
            let mut bytes = [0; 4_096];
            loop {
                let read = tokio::select! {
                    read = stream.read(&mut bytes) => read,
                    () = self.closes.notified() => break,
                };
                let Ok(length @ 1..) = read else { break };
                text += &String::from_utf8_lossy(&bytes[..length]);
                // No message that comes here has a body.
                while let Some((register, rest)) = text.split_once("\r\n\r\n") {
                    let (register, rest) = (format!("{register}\r\n\r\n"), rest.to_owned());
                    text = rest;
                    if !register.starts_with("REGISTER ") {
                        continue;
                    }
                    self.heard.borrow_mut().push((begun.elapsed(), register.clone()));
                    let answer = answer(&register, &self.does.borrow(), &mut guard, &mut random);
                    let answer = answer.unwrap_or_default();
                    if stream.write_all(answer.as_bytes()).await.is_err() {
                        break;
                    }
                }
            }
        }
    }
}

/// The value of a header of a message; empty without one.
#[must_use]
pub fn header<'a>(message: &'a str, name: &str) -> &'a str {
    let begin = format!("{name}: ");
    message.lines().find_map(|line| line.strip_prefix(&begin)).unwrap_or_default()
}

fn answer(
    register: &str,
    does: &Does,
    guard: &mut DigestServer,
    random: &mut SeededRandom,
) -> Option<String> {
    let grant = |seconds: u32| {
        let contact = header(register, "Contact");
        match header(register, "Expires") {
            "0" => ("200 OK", String::new()),
            _ => {
                let last = contact.rsplit(", ").next().unwrap_or_default();
                ("200 OK", format!("Contact: {last};expires={seconds}\r\n"))
            }
        }
    };
    let (status, more) = match does {
        Does::Ignore => return None,
        Does::Grant(seconds) => grant(*seconds),
        Does::Refuse(status, more) => (*status, format!("{more}\r\n")),
        Does::Demand(seconds) => match challenge(register, guard, random) {
            Some(challenge) => ("401 Unauthorized", format!("WWW-Authenticate: {challenge}\r\n")),
            None => grant(*seconds),
        },
    };
    let copied = ["Via", "From", "Call-ID", "CSeq"]
        .map(|name| format!("{name}: {}\r\n", header(register, name)))
        .concat();
    let to = header(register, "To");
    let more = more.trim_start_matches("\r\n");
    Some(format!("SIP/2.0 {status}\r\n{copied}To: {to};tag=r\r\n{more}Content-Length: 0\r\n\r\n"))
}

/// What somebody without the right password hears.
fn challenge(
    register: &str,
    guard: &mut DigestServer,
    random: &mut SeededRandom,
) -> Option<String> {
    let now = Instant::now().into_std();
    let algorithms = [Algorithm::Md5];
    let check = Check {
        method: "REGISTER",
        realm: "trunk",
        algorithms: &algorithms,
        secret: &|_| Some(Secret::Password(PASSWORD.to_owned())),
        uri_matches: true,
        nonce_life: Duration::from_secs(32),
    };
    let credentials = Credentials::parse(header(register, "Authorization"));
    let verdict = credentials.map(|credentials| guard.verify(now, &check, &credentials));
    if verdict == Some(Verdict::Accepted) {
        return None;
    }
    guard.challenge(now, random, "trunk", &algorithms, Freshness::New).into_iter().next()
}
