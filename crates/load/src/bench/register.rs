//! Registrations: over UDP as fast as possible, and of browsers that come for the first time.

use std::net::UdpSocket;
use std::time::{Duration, Instant};

use sidetone_ua::digest::{Algorithm, AuthParams};

use super::Plan;
use crate::agent::Account;
use crate::browser;
use crate::figure::{Budget, Figure, Report, ms};
use crate::server::{self, Server, Setup};
use crate::telephone::signalling_socket;
use crate::websocket::Dialer;
use crate::{Loopback, Outcome};

/// Requests on their way at the same time.
const AT_ONCE: usize = 64;
/// Browsers that connect at the same time.
const CONNECT_AT_ONCE: usize = 8;
/// At most so many in a run.
const MAX_REQUESTS: u64 = 5_000_000;
/// A request that is not answered by then is lost.
const LOST: Duration = Duration::from_millis(500);

pub(super) fn run(plan: &Plan, report: &mut Report) -> Outcome {
    let server = Server::start(&plan.program, &Setup::USUAL)?;
    for (what, nonces) in
        [("REGISTER with known nonce", Nonces::Kept), ("REGISTER, 401 and again", Nonces::Fresh)]
    {
        let mut flood = Flood::new(server.sip, nonces)?;
        flood.run(Duration::from_millis(300))?;
        let (before, done) = (server.process().cpu()?, flood.done);
        let start = Instant::now();
        flood.run(plan.time(Duration::from_secs(4)))?;
        let cpu = server.process().cpu()? - before;
        let count = (flood.done - done) as f64;
        let budget = Budget::AtLeast(15_000.0);
        let per_core = count / cpu.as_secs_f64();
        report.add(Figure::new(format!("{what}, UDP, per core"), per_core, "/s", budget));
        let rate = count / start.elapsed().as_secs_f64();
        let what = format!("{what}, UDP, this run ({} lost)", flood.lost);
        report.add(Figure::new(what, rate, "/s", Budget::Informative));
    }
    Ok(())
}

pub(super) fn run_wss(plan: &Plan, report: &mut Report) -> Outcome {
    let server = Server::start(&plan.program, &Setup::USUAL)?;
    let (process, clients) = (server.process(), plan.count(600));
    let dialer = Dialer::new(server.https)?;
    let arrive = |number: usize| {
        let dialer = dialer.clone();
        async move {
            let account = server::browser(number % Setup::USUAL.browsers);
            let mut client = dialer.connect(browser::seed(number)).await?;
            client.register(&account).await
        }
    };
    let numbers: Vec<usize> = (0..clients).collect();
    let cost = super::runtime()?.block_on(async {
        for number in 0..CONNECT_AT_ONCE {
            arrive(clients + number).await?;
        }
        let before = process.cpu()?;
        for some in numbers.chunks(CONNECT_AT_ONCE) {
            futures_util::future::try_join_all(some.iter().map(|number| arrive(*number))).await?;
        }
        Outcome::Ok(process.cpu()? - before)
    })?;
    let each = ms(cost) / clients as f64;
    let what = "REGISTER over a new WSS connection, CPU";
    report.add(Figure::new(what, each, "ms", Budget::AtMost(0.35)));
    Ok(())
}

/// What a client does about nonces.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Nonces {
    /// It uses one again with the next count, as a refreshing telephone.
    Kept,
    /// It asks for a new one each time, as most telephones do.
    Fresh,
}

/// Telephones that register without end, each with one request on its way.
struct Flood {
    socket: UdpSocket,
    server: Loopback,
    nonces: Nonces,
    phones: Vec<Phone>,
    done: u64,
    lost: u64,
}

struct Phone {
    account: Account,
    /// MD5 of user, realm and password; of the method and URI.
    hashes: Option<(String, String)>,
    challenge: Option<(String, String, Algorithm)>,
    count: u32,
    cseq: u32,
    sent: Instant,
}

impl Flood {
    fn new(server: Loopback, nonces: Nonces) -> Outcome<Self> {
        let socket = signalling_socket()?;
        socket.set_read_timeout(Some(Duration::from_millis(20)))?;
        let phone = |number| Phone {
            account: server::telephone(number),
            hashes: None,
            challenge: None,
            count: 0,
            cseq: 0,
            sent: Instant::now(),
        };
        Ok(Self {
            socket,
            server,
            nonces,
            phones: (0..AT_ONCE).map(phone).collect(),
            done: 0,
            lost: 0,
        })
    }

    fn run(&mut self, time: Duration) -> Outcome {
        let start = Instant::now();
        for number in 0..self.phones.len() {
            self.send(number)?;
        }
        let mut buffer = [0; 4_096];
        let mut looked = start;
        while start.elapsed() < time && self.done < MAX_REQUESTS {
            if let Ok(length) = self.socket.recv(&mut buffer) {
                self.receive(buffer.get(..length).unwrap_or_default())?;
            }
            if looked.elapsed() > LOST {
                looked = Instant::now();
                self.repeat_lost()?;
            }
        }
        // What is still on its way must not be counted by the next run.
        std::thread::sleep(Duration::from_millis(50));
        self.socket.set_nonblocking(true)?;
        while self.socket.recv(&mut buffer).is_ok() {}
        self.socket.set_nonblocking(false)?;
        Ok(())
    }

    fn repeat_lost(&mut self) -> Outcome {
        for number in 0..self.phones.len() {
            let overdue = |phone: &Phone| phone.sent.elapsed() > LOST;
            if self.phones.get(number).is_some_and(overdue) {
                self.lost += 1;
                self.send(number)?;
            }
        }
        Ok(())
    }

    fn receive(&mut self, bytes: &[u8]) -> Outcome {
        let text = std::str::from_utf8(bytes)?;
        let Some(number) = header(text, "Call-ID: f").and_then(|id| id.split('@').next()) else {
            return Ok(());
        };
        let number: usize = number.parse()?;
        let Some(phone) = self.phones.get_mut(number) else {
            return Ok(());
        };
        let cseq = header(text, "CSeq: ").and_then(|cseq| cseq.split(' ').next());
        if cseq != Some(phone.cseq.to_string().as_str()) {
            return Ok(());
        }
        match text.get(8..11) {
            Some("200") => {
                self.done += 1;
                if self.nonces == Nonces::Fresh {
                    phone.challenge = None;
                }
            }
            Some("401") => phone.take_challenge(text, self.server)?,
            Some("100") => return Ok(()),
            other => return Err(format!("REGISTER: {}", other.unwrap_or("?")).into()),
        }
        self.send(number)
    }

    fn send(&mut self, number: usize) -> Outcome {
        let (server, local) = (self.server, self.socket.local_addr()?);
        if let Some(phone) = self.phones.get_mut(number) {
            let request = phone.request(number, server, local);
            self.socket.send_to(request.as_bytes(), server.address())?;
        }
        Ok(())
    }
}

impl Phone {
    fn take_challenge(&mut self, response: &str, server: Loopback) -> Outcome {
        let value = header(response, "WWW-Authenticate: ").ok_or("401 without a challenge")?;
        let params = AuthParams::digest(value).ok_or("no digest challenge")?;
        let value = |name: &str| params.value(name).map(str::to_owned);
        let (realm, nonce) = (value("realm"), value("nonce"));
        let (realm, nonce) = realm.zip(nonce).ok_or("an incomplete challenge")?;
        let token = value("algorithm").unwrap_or_else(|| "MD5".to_owned());
        let algorithm = Algorithm::from_token(&token).ok_or("an unknown algorithm")?;
        let Account { name, password } = &self.account;
        self.hashes.get_or_insert_with(|| {
            (
                algorithm.hash(&format!("{name}:{realm}:{password}")),
                algorithm.hash(&format!("REGISTER:sip:{server}")),
            )
        });
        self.challenge = Some((realm, nonce, algorithm));
        self.count = 0;
        Ok(())
    }

    fn request(&mut self, number: usize, server: Loopback, local: std::net::SocketAddr) -> String {
        self.cseq += 1;
        self.sent = Instant::now();
        let (name, cseq) = (&self.account.name, self.cseq);
        let mut authorization = String::new();
        if let (Some((realm, nonce, algorithm)), Some((ha1, ha2))) = (&self.challenge, &self.hashes)
        {
            self.count += 1;
            let nc = format!("{:08x}", self.count);
            let response = algorithm.hash(&format!("{ha1}:{nonce}:{nc}:load:auth:{ha2}"));
            authorization = format!(
                "Authorization: Digest username=\"{name}\",realm=\"{realm}\",nonce=\"{nonce}\",\
                 uri=\"sip:{server}\",response=\"{response}\",algorithm={},cnonce=\"load\",\
                 qop=auth,nc={nc}\r\n",
                algorithm.token()
            );
        }
        format!(
            "REGISTER sip:{server} SIP/2.0\r\n\
             Via: SIP/2.0/UDP {local};branch=z9hG4bKf{number}c{cseq};rport\r\n\
             Max-Forwards: 70\r\nFrom: <sip:{name}@{server}>;tag=f{number}\r\n\
             To: <sip:{name}@{server}>\r\nCall-ID: f{number}@{local}\r\nCSeq: {cseq} REGISTER\r\n\
             Contact: <sip:{name}@{local}>\r\nExpires: 3600\r\nUser-Agent: load\r\n\
             {authorization}Content-Length: 0\r\n\r\n"
        )
    }
}

/// What follows this beginning of a line.
fn header<'a>(text: &'a str, beginning: &str) -> Option<&'a str> {
    text.lines().find_map(|line| line.strip_prefix(beginning))
}
