//! Makes plain calls: many at once, or at a rate.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use sidetone_sdp::Session;
use sidetone_ua::api::{Command, Event, InviteId, OutgoingRequest};

use crate::agent::ulaw_description;
use crate::server::{self, Server, Setup};
use crate::telephone::{Switchboard, signalling_socket};
use crate::{Loopback, Outcome};

/// At most so many calls in a run.
const MAX_CALLS: u64 = 500_000;
/// How long calls that were made may take to be answered or to end.
const PATIENCE: Duration = Duration::from_secs(5);

/// How calls follow each other.
#[derive(Clone, Copy, Debug)]
pub enum Pace {
    /// So many are open at any time.
    AtOnce(usize),
    /// So many begin per second.
    PerSecond(u32),
}

/// Telephones that call an extension.
#[derive(Debug)]
pub struct Caller {
    /// Their signalling.
    pub board: Switchboard,
    extension: &'static str,
    media: Vec<Loopback>,
    open: HashMap<InviteId, Attempt>,
    /// Where the exchange takes the media of each answered call, in the order of their making.
    pub answered: Vec<Option<Loopback>>,
    made: u64,
    /// From each INVITE with credentials to its 200.
    pub setups: Vec<Duration>,
    /// Calls that were answered and hung up by the exchange.
    pub done: u64,
    failed: u64,
    next_invite: u64,
}

#[derive(Debug)]
struct Attempt {
    request: OutgoingRequest,
    number: usize,
    telephone: usize,
    signed: bool,
    sent: Instant,
}

impl Caller {
    /// Telephones that offer these addresses for media, one call after the other.
    ///
    /// # Errors
    /// When no socket can be bound.
    pub fn new(server: &Server, extension: &'static str, media: Vec<Loopback>) -> Outcome<Self> {
        let socket = signalling_socket()?;
        // Two callers of one run must not use the same Call-IDs: that is a merged request.
        let seed = u64::from(socket.local_addr()?.port());
        Ok(Self {
            board: Switchboard::new(socket, server.sip, seed)?,
            extension,
            media,
            open: HashMap::new(),
            answered: Vec::new(),
            setups: Vec::new(),
            made: 0,
            done: 0,
            failed: 0,
            next_invite: 0,
        })
    }

    /// Makes one call per media address and keeps them.
    ///
    /// # Errors
    /// When one is refused or not answered in time.
    pub fn hold_calls(&mut self) -> Outcome {
        let end = Instant::now() + PATIENCE + Duration::from_millis(20 * self.media.len() as u64);
        self.answered = vec![None; self.media.len()];
        while self.answered.iter().any(Option::is_none) {
            if Instant::now() > end {
                return Err("the calls were not answered in time".into());
            }
            if (self.made as usize) < self.media.len() && self.open.len() < 16 {
                self.dial();
            }
            if let Some(event) = self.board.next(Instant::now() + Duration::from_millis(2))? {
                self.hear(event);
            }
            self.check()?;
        }
        Ok(())
    }

    /// Lets signalling run.
    ///
    /// # Errors
    /// When the socket fails.
    pub fn idle(&mut self, time: Duration) -> Outcome {
        let end = Instant::now() + time;
        while Instant::now() < end {
            if let Some(event) = self.board.next(end)? {
                self.hear(event);
            }
        }
        Ok(())
    }

    /// # Errors
    /// When calls failed.
    pub fn check(&self) -> Outcome {
        if self.failed > 0 {
            return Err(format!("{} of {} calls failed", self.failed, self.made).into());
        }
        Ok(())
    }

    /// Makes calls for some time and waits for the last to end.
    ///
    /// # Errors
    /// When the socket fails.
    pub fn make_calls(&mut self, pace: Pace, time: Duration) -> Outcome {
        let (start, first) = (Instant::now(), self.made);
        let end = start + time;
        loop {
            let now = Instant::now();
            let open = self.made - self.done - self.failed;
            if now >= end && (open == 0 || now >= end + PATIENCE) {
                self.failed += open;
                return Ok(());
            }
            let due = match pace {
                Pace::AtOnce(limit) => (limit as u64).saturating_sub(open),
                Pace::PerSecond(rate) => {
                    let due = (now - start).as_secs_f64() * f64::from(rate);
                    (due as u64).saturating_sub(self.made - first)
                }
            };
            if now < end && self.made < MAX_CALLS {
                for _ in 0..due {
                    self.dial();
                }
            }
            if let Some(event) = self.board.next(now + Duration::from_millis(2))? {
                self.hear(event);
            }
        }
    }

    fn dial(&mut self) {
        let telephone = self.made as usize % Setup::USUAL.telephones;
        let account = server::telephone(telephone);
        let number = self.made as usize;
        let media = number.checked_rem(self.media.len()).and_then(|place| self.media.get(place));
        let offer = ulaw_description(media.copied().unwrap_or(Loopback::port(9)));
        let request = self.board.agent.invite(&account, self.extension, &offer);
        self.made += 1;
        self.send(Attempt { request, number, telephone, signed: false, sent: Instant::now() });
    }

    fn send(&mut self, attempt: Attempt) {
        self.next_invite += 1;
        let invite = InviteId(self.next_invite);
        self.board
            .agent
            .command(Command::Invite { invite, request: Box::new(attempt.request.clone()) });
        self.open.insert(invite, attempt);
    }

    fn hear(&mut self, event: Event) {
        match event {
            Event::Rejected { invite, response } => {
                let Some(attempt) = self.open.remove(&invite) else {
                    return;
                };
                let account = server::telephone(attempt.telephone);
                let signed = self.board.agent.signed(&attempt.request, &response, &account);
                match signed.filter(|_| !attempt.signed) {
                    Some(request) => {
                        let sent = Instant::now();
                        self.send(Attempt { request, signed: true, sent, ..attempt });
                    }
                    None => {
                        eprintln!("INVITE: {}", response.status.code());
                        self.failed += 1;
                    }
                }
            }
            Event::Answered { invite, dialog, response } => {
                let attempt = self.open.remove(&invite);
                self.setups.extend(attempt.as_ref().map(|attempt| attempt.sent.elapsed()));
                let number = attempt.map(|attempt| attempt.number);
                if let Some(place) = number.and_then(|number| self.answered.get_mut(number)) {
                    *place = media_of(&response.body);
                }
                self.board.agent.command(Command::Ack { dialog, body: None });
            }
            Event::Bye { .. } => self.done += 1,
            Event::InviteFailed { invite, why } => {
                eprintln!("INVITE failed: {why:?}");
                self.open.remove(&invite);
                self.failed += 1;
            }
            Event::Ended { why, .. } => {
                eprintln!("a call ended: {why:?}");
                self.failed += 1;
            }
            _ => {}
        }
    }
}

/// Where the writer of a description takes audio.
#[must_use]
pub fn media_of(description: &[u8]) -> Option<Loopback> {
    let session = Session::parse(description).ok()?;
    Some(Loopback::port(session.media.first()?.line.port))
}
