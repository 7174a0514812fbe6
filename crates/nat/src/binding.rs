//! The address of a socket as a STUN server sees it, kept up to date (RFC 8489, RFC 8445 §5.1.1):
//! asked for once, then refreshed before a NAT forgets, and judged dead when no answer comes.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use sidetone_base::Random;

use crate::message::{Class, Message, Writer, attribute, method};
use crate::transaction::{Due, Transaction};

/// Between refreshes: NATs forget UDP after 30 s at the earliest (RFC 4787 §4.3 wants 120 s).
pub const REFRESH: Duration = Duration::from_secs(20);
/// How long a server that does not answer is left alone.
const DEAD_FOR: Duration = Duration::from_secs(60);
/// News nobody took; there is one per refresh at most.
const MAX_NEWS: usize = 4;

/// Whether the server answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// The first request has no answer yet.
    Asking,
    /// The last request was answered.
    Answering,
    /// It was not.
    Dead,
}

/// What changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BindingNews {
    /// This is our address outside, and no other was known before.
    Mapped(SocketAddr),
    /// It is another one than before.
    Moved {
        /// The address before.
        from: SocketAddr,
        /// The address now.
        to: SocketAddr,
    },
    /// The server does not answer. Told once, until it answers again.
    Dead(String),
}

/// The mapping of one socket.
#[derive(Clone, Debug)]
pub struct Binding {
    server: SocketAddr,
    software: Option<String>,
    refresh: Duration,
    transaction: Option<Transaction>,
    next: Instant,
    mapped: Option<SocketAddr>,
    last: Option<SocketAddr>,
    health: Health,
    retries: u32,
    outgoing: Option<Vec<u8>>,
    news: VecDeque<BindingNews>,
}

impl Binding {
    /// Begins to ask at once. `software` names us (`stun_software_attribute`).
    #[must_use]
    pub fn new(
        now: Instant,
        server: SocketAddr,
        software: Option<String>,
        refresh: Duration,
    ) -> Self {
        Self {
            server,
            software,
            refresh,
            transaction: None,
            next: now,
            mapped: None,
            last: None,
            health: Health::Asking,
            retries: 0,
            outgoing: None,
            news: VecDeque::new(),
        }
    }

    /// Takes a datagram; false when it is no answer to us.
    pub fn handle_input(&mut self, now: Instant, source: SocketAddr, bytes: &[u8]) -> bool {
        if source != self.server {
            return false;
        }
        let Some(message) = Message::parse(bytes) else { return false };
        let Some(asked) = &self.transaction else { return false };
        let answers = matches!(message.class, Class::Success | Class::Error);
        if !answers || message.method != method::BINDING || message.transaction != asked.id {
            return false;
        }
        self.retries = asked.sent().saturating_sub(1);
        self.transaction = None;
        match (message.class, message.mapped_address()) {
            (Class::Success, Some(mapped)) => {
                self.next = now + self.refresh;
                self.health = Health::Answering;
                self.take_mapped(mapped);
            }
            _ => {
                let (code, words) = message.error().unwrap_or_default();
                self.die(now, format!("it refuses with {code} {words}"));
            }
        }
        true
    }

    fn take_mapped(&mut self, mapped: SocketAddr) {
        let before = self.last.replace(mapped);
        let shown = self.mapped.replace(mapped);
        match before {
            Some(from) if from != mapped => self.tell(BindingNews::Moved { from, to: mapped }),
            _ if shown.is_none() => self.tell(BindingNews::Mapped(mapped)),
            _ => {}
        }
    }

    fn die(&mut self, now: Instant, why: String) {
        self.next = now + DEAD_FOR;
        // A mapping that nobody confirms leads nowhere, or to somebody else.
        self.mapped = None;
        if self.health != Health::Dead {
            self.health = Health::Dead;
            self.tell(BindingNews::Dead(why));
        }
    }

    fn tell(&mut self, news: BindingNews) {
        if self.news.len() == MAX_NEWS {
            self.news.pop_front();
        }
        self.news.push_back(news);
    }

    /// Asks when it is time to, and again when no answer came.
    pub fn handle_timeout(&mut self, now: Instant, random: &mut dyn Random) {
        if self.transaction.is_none() && self.next <= now {
            let mut id = [0; 12];
            random.fill(&mut id);
            let mut request = Writer::new(Class::Request, method::BINDING, id);
            if let Some(software) = &self.software {
                request = request.with(attribute::SOFTWARE, software.as_bytes());
            }
            self.transaction = Some(Transaction::new(now, id, request.finish()));
        }
        let Some(asked) = &mut self.transaction else { return };
        match asked.due(now) {
            Due::Nothing => {}
            Due::Send(bytes) => self.outgoing = Some(bytes),
            Due::GiveUp => {
                self.retries = asked.sent();
                self.transaction = None;
                self.die(now, format!("no answer to {} requests", self.retries));
            }
        }
    }

    /// Asks again now: the network may have changed.
    pub fn ask_now(&mut self, now: Instant) {
        self.transaction = None;
        self.next = now;
    }

    /// A datagram for the server.
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        self.outgoing.take()
    }

    /// What changed since the last call.
    pub fn poll_news(&mut self) -> Option<BindingNews> {
        self.news.pop_front()
    }

    /// When to call [`Binding::handle_timeout`].
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.transaction.as_ref().map_or(self.next, Transaction::deadline)
    }

    /// The server asked.
    #[must_use]
    pub fn server(&self) -> SocketAddr {
        self.server
    }

    /// Our address outside, while the server confirms it.
    #[must_use]
    pub fn mapped(&self) -> Option<SocketAddr> {
        self.mapped
    }

    /// Whether the server answers.
    #[must_use]
    pub fn health(&self) -> Health {
        self.health
    }

    /// How often the last answered request had been repeated.
    #[must_use]
    pub fn retries(&self) -> u32 {
        self.retries
    }
}

/// An answer as a server gives it; for tests and simulation.
#[must_use]
pub fn answer(request: &[u8], mapped: SocketAddr) -> Option<Vec<u8>> {
    let request = Message::parse(request)?;
    let asks = request.class == Class::Request && request.method == method::BINDING;
    let answer = Writer::new(Class::Success, method::BINDING, request.transaction)
        .with_xor_address(attribute::XOR_MAPPED_ADDRESS, mapped);
    asks.then(|| answer.finish())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sidetone_base::SeededRandom;

    use super::*;

    const SERVER: &str = "198.51.100.78:3478";

    struct Story {
        now: Instant,
        binding: Binding,
        random: SeededRandom,
    }

    impl Story {
        fn new(software: Option<&str>) -> Self {
            let now = Instant::now();
            let server = SERVER.parse().unwrap();
            let binding = Binding::new(now, server, software.map(str::to_owned), REFRESH);
            Self { now, binding, random: SeededRandom::new(1) }
        }

        /// Moves on to the next deadline; what is sent then.
        fn step(&mut self) -> Option<Vec<u8>> {
            self.now = self.now.max(self.binding.deadline());
            self.binding.handle_timeout(self.now, &mut self.random);
            self.binding.poll_transmit()
        }

        fn answered(&mut self, mapped: &str) {
            let request = self.step().expect("it asks");
            let answer = answer(&request, mapped.parse().unwrap()).unwrap();
            assert!(self.binding.handle_input(self.now, SERVER.parse().unwrap(), &answer));
        }
    }

    #[test]
    fn a_mapping_is_learned_refreshed_and_seen_to_move() {
        let mut story = Story::new(None);
        story.answered("203.0.113.7:61000");
        let first = story.now;
        assert_eq!(story.binding.mapped(), Some("203.0.113.7:61000".parse().unwrap()));
        assert_eq!(
            story.binding.poll_news(),
            Some(BindingNews::Mapped("203.0.113.7:61000".parse().unwrap()))
        );
        story.answered("203.0.113.7:61000");
        assert_eq!(story.now - first, REFRESH);
        assert_eq!(story.binding.poll_news(), None);
        story.answered("203.0.113.8:61000");
        let (from, to) =
            ("203.0.113.7:61000".parse().unwrap(), "203.0.113.8:61000".parse().unwrap());
        assert_eq!(story.binding.poll_news(), Some(BindingNews::Moved { from, to }));
    }

    #[test]
    fn a_server_that_is_silent_is_dead_once_and_asked_again_later() {
        let mut story = Story::new(None);
        let start = story.now;
        let mut asked = 0;
        while story.binding.health() == Health::Asking {
            asked += usize::from(story.step().is_some());
        }
        assert_eq!((asked, story.now - start), (5, Duration::from_millis(15_500)));
        assert!(matches!(story.binding.poll_news(), Some(BindingNews::Dead(_))));
        for _ in 0..6 {
            story.step();
        }
        assert_eq!(story.binding.poll_news(), None, "told once");
        story.answered("203.0.113.7:1");
        assert_eq!(story.binding.health(), Health::Answering);
        assert!(matches!(story.binding.poll_news(), Some(BindingNews::Mapped(_))));
    }

    #[test]
    fn a_mapping_that_comes_back_elsewhere_has_moved() {
        let mut story = Story::new(None);
        story.answered("203.0.113.7:1");
        story.binding.poll_news();
        while story.binding.health() != Health::Dead {
            story.step();
        }
        assert_eq!(story.binding.mapped(), None);
        story.binding.poll_news();
        story.answered("203.0.113.9:1");
        assert!(matches!(story.binding.poll_news(), Some(BindingNews::Moved { .. })));
    }

    #[test]
    fn only_the_server_and_the_right_transaction_are_believed() {
        let mut story = Story::new(None);
        let request = story.step().unwrap();
        let good = answer(&request, "203.0.113.7:1".parse().unwrap()).unwrap();
        let stranger = "198.51.100.79:3478".parse().unwrap();
        assert!(!story.binding.handle_input(story.now, stranger, &good));
        let mut other = good.clone();
        other[10] ^= 1;
        assert!(!story.binding.handle_input(story.now, SERVER.parse().unwrap(), &other));
        assert_eq!(story.binding.mapped(), None);
        assert!(story.binding.handle_input(story.now, SERVER.parse().unwrap(), &good));
        assert!(!story.binding.handle_input(story.now, SERVER.parse().unwrap(), &good));
    }

    #[test]
    fn the_software_attribute_is_there_when_it_is_wanted() {
        for wanted in [Some("Sidetone"), None] {
            let request = Story::new(wanted).step().unwrap();
            let message = Message::parse(&request).unwrap();
            assert_eq!(message.text(attribute::SOFTWARE).as_deref(), wanted);
        }
    }

    proptest! {
        /// Whatever is lost, the machine asks again in bounded time and never more than twice a
        /// second.
        #[test]
        fn it_always_asks_again(
            seed: u64, lost in proptest::collection::vec(any::<bool>(), 1..40),
        ) {
            let mut story = Story::new(None);
            story.random = SeededRandom::new(seed);
            let mut last: Option<Instant> = None;
            for lost in lost {
                let before = story.now;
                if let Some(request) = story.step() {
                    if let Some(last) = last {
                        prop_assert!(story.now - last >= Duration::from_millis(500));
                    }
                    last = Some(story.now);
                    if !lost {
                        let answer = answer(&request, "203.0.113.7:1".parse().unwrap()).unwrap();
                        story.binding.handle_input(story.now, SERVER.parse().unwrap(), &answer);
                    }
                }
                prop_assert!(story.now - before <= DEAD_FOR);
            }
        }
    }
}
