//! The world: network, time, the exchange, and what a story may ask of all of them.

use std::cell::{Cell, RefCell};
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use sidetone_base::{Random, SeededRandom};
use sidetone_engine::EngineSnapshot;
use sidetone_engine::media::Certificate;
use sidetone_engine::sim::{Faults, SimHost, SimWorld};
use sidetone_nat::binding::answer;
use sidetone_net::sim::{Link, World as Wires};
use sidetone_pbx::Exchange;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, sleep_until};

use crate::building::{self, EXCHANGE};
use crate::fuse::Fuse;
use crate::ladder::Ladder;
use crate::phone::{self, CallState, Phone};
use crate::registrar::Registrar;
use crate::{Configuration, Line, Sound, Stranger};

/// How often a story looks whether what it waits for has come.
const GLANCE: Duration = Duration::from_millis(50);
/// Within this everybody has noticed that a call is over: timer F and some more.
const GOODBYE: Duration = Duration::from_secs(40);
/// After this nothing of a call may be left: 64 × T1 to give an INVITE up, as long for the answer
/// to its CANCEL, as long until its transaction is forgotten, and some more.
const LINGER: Duration = Duration::from_secs(100);

/// Seconds.
#[must_use]
pub fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// How the links are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weather {
    /// Datagrams in a hundred that are lost.
    pub loss_percent: u16,
    /// Datagrams in a hundred that arrive twice.
    pub repeat_percent: u16,
    /// Least time on the way.
    pub delay: Duration,
    /// Random time on top, which also changes the order.
    pub jitter: Duration,
}

impl Weather {
    /// Nothing is lost, everything takes a while.
    pub const CLEAR: Self = Self {
        loss_percent: 0,
        repeat_percent: 0,
        delay: Duration::from_millis(5),
        jitter: Duration::ZERO,
    };
    /// A bad mobile link: one datagram in twelve is lost, some come twice, order is by chance.
    pub const BAD: Self = Self {
        loss_percent: 8,
        repeat_percent: 4,
        delay: Duration::from_millis(20),
        jitter: Duration::from_millis(40),
    };
    /// A link by satellite: every datagram is late, many come twice, repetitions and what they
    /// repeat cross.
    pub const LATE: Self = Self {
        loss_percent: 3,
        repeat_percent: 10,
        delay: Duration::from_millis(300),
        jitter: Duration::from_millis(500),
    };
}

/// A seeded world. Clones are the same world. Lives inside a `LocalSet`.
#[derive(Clone, Debug)]
pub struct World {
    inner: Rc<Inner>,
}

#[derive(Debug)]
struct Inner {
    seed: u64,
    wires: Wires,
    media: Rc<RefCell<SimWorld>>,
    random: RefCell<SeededRandom>,
    exchange: Exchange,
    empty: EngineSnapshot,
    fuse: Fuse,
    ladder: Ladder,
    phones: RefCell<Vec<Phone>>,
    next_host: Cell<u8>,
    weather: Cell<Weather>,
}

impl World {
    /// A world with an exchange and nobody else. The same seed and story are the same run.
    ///
    /// # Panics
    /// When the configuration has errors, and outside a `LocalSet`.
    pub async fn new(seed: u64, weather: Weather, configuration: &Configuration) -> Self {
        let mut random = SeededRandom::new(seed);
        let wires = Wires::new(random.u64());
        let media = SimWorld::new(random.u64(), Instant::now().into_std());
        let media = Rc::new(RefCell::new(media));
        let commanded = media.borrow().commanded();
        let mut own = host(EXCHANGE);
        own.addresses.extend(&configuration.media_addresses);
        let engine = media.borrow_mut().engine(own).expect("the ports suffice");
        tokio::task::spawn_local(turn(Rc::clone(&media), commanded));
        let empty = engine.snapshot().await;
        let fuse = Fuse::default();
        let (on, seed_of_exchange) = (wires.host(EXCHANGE), random.u64());
        let exchange = building::exchange(configuration, on, engine, seed_of_exchange, &fuse);
        let exchange = exchange.await;
        let world = Self {
            inner: Rc::new(Inner {
                seed,
                wires,
                media,
                random: RefCell::new(random),
                ladder: Ladder::of(&exchange),
                exchange,
                empty,
                fuse,
                phones: RefCell::new(Vec::new()),
                next_host: Cell::new(1),
                weather: Cell::new(weather),
            }),
        };
        world.weather(weather);
        world
    }

    /// The exchange.
    #[must_use]
    pub fn exchange(&self) -> &Exchange {
        &self.inner.exchange
    }

    /// Puts another configuration in force, as `core reload` does.
    ///
    /// # Panics
    /// When it has errors.
    pub fn reload(&self, configuration: &Configuration) {
        let (config, dialplan) = configuration.load();
        self.exchange().reload(config, Some(dialplan));
    }

    /// A number below `bound`, for stories that differ by seed.
    #[must_use]
    pub fn chance(&self, bound: u64) -> u64 {
        self.inner.random.borrow_mut().below(bound)
    }

    /// Changes how all links are from now on.
    pub fn weather(&self, weather: Weather) {
        self.inner.weather.set(weather);
        self.inner.wires.set_link(Link {
            loss_permille: weather.loss_percent * 10,
            duplicate_permille: weather.repeat_percent * 10,
            delay: weather.delay,
            jitter: weather.jitter,
        });
        self.inner.media.borrow_mut().set_faults(Faults {
            loss_percent: weather.loss_percent.into(),
            repeat_percent: weather.repeat_percent.into(),
            delay: weather.delay,
            jitter: weather.jitter,
        });
    }

    /// Whether the links are perfect, so that a story may count packets and read tones strictly.
    #[must_use]
    pub fn is_clear(&self) -> bool {
        self.weather_now() == Weather::CLEAR
    }

    /// How the links are now.
    #[must_use]
    pub fn weather_now(&self) -> Weather {
        self.inner.weather.get()
    }

    /// Within this everything has arrived that a phone sent and the exchange passed on to another.
    #[must_use]
    pub fn lag(&self) -> Duration {
        let weather = self.weather_now();
        2 * (weather.delay + weather.jitter)
    }

    /// A phone of an account, on a host of its own.
    pub async fn phone(&self, name: &str, line: Line) -> Phone {
        self.phone_with(name, line, phone::usual_codecs(name, line)).await
    }

    fn next_ip(&self) -> IpAddr {
        let number = self.inner.next_host.get();
        self.inner.next_host.set(number + 1);
        IpAddr::from([198, 51, 100, number])
    }

    /// Somebody without a SIP stack, on a host of its own.
    pub async fn stranger(&self) -> Stranger {
        self.stranger_over(Line::Udp).await
    }

    /// The same, over another line.
    pub async fn stranger_over(&self, line: Line) -> Stranger {
        Stranger::new(line, self.inner.wires.host(self.next_ip())).await
    }

    /// A server that the exchange may register with, on a host of its own.
    pub async fn registrar(&self) -> Registrar {
        Registrar::new(self.stranger().await)
    }

    /// The same, reached over TCP.
    ///
    /// # Panics
    /// When its port is taken.
    #[must_use]
    pub fn registrar_over_tcp(&self) -> Registrar {
        let ip = self.next_ip();
        let listener = self.inner.wires.host(ip).listener(SocketAddr::new(ip, 5_060));
        Registrar::over_tcp(listener.expect("the port is free"))
    }

    /// The same with these codecs.
    pub async fn phone_with(&self, name: &str, line: Line, codecs: &[&str]) -> Phone {
        let ip = self.next_ip();
        let engine = self.inner.media.borrow_mut().engine(host(ip));
        let seed = self.inner.random.borrow_mut().u64();
        let new = phone::NewPhone {
            name,
            line,
            codecs,
            host: self.inner.wires.host(ip),
            engine: engine.expect("the ports suffice"),
            seed,
        };
        let phone = Phone::new(new).await;
        self.inner.phones.borrow_mut().push(phone.clone());
        phone
    }

    /// Makes the next SIP message or timer for which a shard needs a random number a fault of the
    /// exchange: its stack panics.
    pub fn fault_in_a_shard(&self) {
        self.inner.fuse.light();
    }

    /// Whether the fault of [`World::fault_in_a_shard`] has happened.
    #[must_use]
    pub fn has_faulted(&self) -> bool {
        !self.inner.fuse.is_lit()
    }

    /// Makes the next media datagram to a phone a fault of the exchange: the worker panics while it
    /// sends.
    pub fn fault_in_media_to(&self, phone: &Phone) {
        self.inner.media.borrow_mut().fault_towards(phone.ip());
    }

    /// Cuts a phone from the exchange: its connections break, nothing gets through.
    pub fn cut(&self, phone: &Phone) {
        self.inner.wires.cut(phone.ip(), EXCHANGE);
        self.inner.media.borrow_mut().cut(phone.ip(), EXCHANGE);
    }

    /// Undoes [`World::cut`].
    pub fn heal(&self, phone: &Phone) {
        self.inner.wires.heal(phone.ip(), EXCHANGE);
        self.inner.media.borrow_mut().heal(phone.ip(), EXCHANGE);
    }

    /// What a phone of a plain line hears while this time passes, as its ear does.
    pub async fn listen(&self, phone: &Phone, time: Duration) -> Sound {
        let ip = phone.ip();
        self.inner.media.borrow_mut().record(ip);
        self.inner.media.borrow_mut().recorded(ip);
        sleep(time).await;
        let packets = self.inner.media.borrow_mut().recorded(ip);
        Sound::of_ulaw(packets.iter().map(|packet| packet.bytes.as_slice()))
    }

    /// Counts handshakes from now on, or from when it was last asked: ClientHellos and ServerHellos
    /// of DTLS that reached a phone.
    pub fn handshakes(&self, phone: &Phone) -> usize {
        let ip = phone.ip();
        let mut media = self.inner.media.borrow_mut();
        media.record(ip);
        let heard = media.recorded(ip);
        // A record of a handshake in clear, and the kind of message in it.
        let is_hello = |bytes: &[u8]| {
            matches!(bytes, [22, _, _, 0, 0, ..]) && matches!(bytes.get(13), Some(1 | 2))
        };
        heard.iter().filter(|datagram| is_hello(&datagram.bytes)).count()
    }

    /// Sends a datagram as a stream of a phone's last call does, from the same port to the same.
    ///
    /// # Panics
    /// When there is no such stream.
    pub async fn send_as(&self, phone: &Phone, stream: usize, datagram: &[u8]) {
        let (from, to) = phone.ends_of(stream).await.expect("the stream was agreed");
        self.inner.media.borrow_mut().send(from, to, datagram);
    }

    /// Every media datagram that reaches a phone while something happens, as it is on the wire.
    pub async fn captured(
        &self,
        phone: &Phone,
        meanwhile: impl Future<Output = ()>,
    ) -> Vec<Vec<u8>> {
        let ip = phone.ip();
        self.inner.media.borrow_mut().record(ip);
        self.inner.media.borrow_mut().recorded(ip);
        meanwhile.await;
        let datagrams = self.inner.media.borrow_mut().recorded(ip);
        datagrams.into_iter().map(|datagram| datagram.bytes).collect()
    }

    /// The addresses that media comes from to a phone while this time passes.
    pub async fn sources(&self, phone: &Phone, time: Duration) -> Vec<IpAddr> {
        let ip = phone.ip();
        self.inner.media.borrow_mut().record(ip);
        self.inner.media.borrow_mut().recorded(ip);
        sleep(time).await;
        let datagrams = self.inner.media.borrow_mut().recorded(ip);
        let mut sources: Vec<IpAddr> = datagrams.iter().map(|it| it.from.ip()).collect();
        sources.sort();
        sources.dedup();
        sources
    }

    /// What a phone of any line hears in its last call while this time passes: decrypted and
    /// decoded by its own leg. The way from there to the ear is perfect.
    pub async fn hear(&self, phone: &Phone, time: Duration) -> Sound {
        let at = SocketAddr::from(([198, 51, 100, 250], 4_000));
        self.inner.media.borrow_mut().spare(at.ip());
        phone.listen(Some(at)).await;
        self.inner.media.borrow_mut().take(at);
        sleep(time).await;
        phone.listen(None).await;
        let packets = self.inner.media.borrow_mut().take(at);
        Sound::of_ulaw(packets.iter().map(|packet| packet.bytes.as_slice()))
    }

    /// Cuts the media of a phone only: its signalling goes on.
    pub fn deafen(&self, phone: &Phone) {
        self.inner.media.borrow_mut().cut(phone.ip(), EXCHANGE);
    }

    /// Takes a phone to another network: its connections and its media path are dead at once, and
    /// it goes on from a new address.
    pub async fn roam(&self, phone: &Phone) {
        let old = phone.ip();
        self.cut(phone);
        let number = self.inner.next_host.get();
        self.inner.next_host.set(number + 1);
        let ip = IpAddr::from([203, 0, 113, number]);
        self.inner.media.borrow_mut().move_interface(old, ip);
        phone.goes_on_from(self.inner.wires.host(ip)).await;
    }

    /// A STUN server at an address, to which the exchange looks like what the cell says; `None`
    /// does not answer.
    pub fn stun_server(&self, server: SocketAddr, sees: Rc<Cell<Option<SocketAddr>>>) {
        let world = self.clone();
        tokio::task::spawn_local(async move {
            loop {
                sleep(Duration::from_millis(10)).await;
                let mut media = world.inner.media.borrow_mut();
                for asked in media.take(server) {
                    let answer = sees.get().and_then(|mapped| answer(&asked.bytes, mapped));
                    if let Some(answer) = answer {
                        media.send(server, asked.from, &answer);
                    }
                }
            }
        });
    }

    /// The same for the STUN monitor, which asks from a socket beside the media workers. What it
    /// asks is kept.
    pub fn monitor_server(
        &self,
        server: SocketAddr,
        sees: Rc<Cell<Option<SocketAddr>>>,
    ) -> Rc<RefCell<Vec<Vec<u8>>>> {
        let host = self.inner.wires.host(server.ip());
        let socket = host.datagrams(server).expect("the port is free");
        let asked: Rc<RefCell<Vec<Vec<u8>>>> = Rc::default();
        let kept = Rc::clone(&asked);
        tokio::task::spawn_local(async move {
            let mut buffer = [0; 1_500];
            while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
                kept.borrow_mut().push(buffer[..length].to_vec());
                let answer = sees.get().and_then(|mapped| answer(&buffer[..length], mapped));
                if let Some(answer) = answer {
                    let _ = socket.send_to(&answer, from);
                }
            }
        });
        asked
    }

    /// How many datagrams reached an address where nobody is.
    #[must_use]
    pub fn strays_at(&self, address: SocketAddr) -> usize {
        self.taken_at(address).len()
    }

    /// The datagrams that reached an address where nobody is, since it was last asked.
    #[must_use]
    pub fn taken_at(&self, address: SocketAddr) -> Vec<Vec<u8>> {
        let taken = self.inner.media.borrow_mut().take(address);
        taken.into_iter().map(|datagram| datagram.bytes).collect()
    }

    /// Sends a media datagram from an address where nobody is.
    pub fn send_from(&self, from: SocketAddr, to: SocketAddr, datagram: &[u8]) {
        self.inner.media.borrow_mut().send(from, to, datagram);
    }

    /// Lets time pass.
    pub async fn run_for(&self, time: Duration) {
        sleep(time).await;
    }

    /// Lets time pass until something is so.
    ///
    /// # Panics
    /// When it is not so in time; the text tells everything that is known.
    pub async fn run_until(&self, what: &str, limit: Duration, is_so: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + limit;
        while !is_so(self) {
            if Instant::now() >= deadline {
                panic!("not within {limit:?}: {what}\n{}", self.account());
            }
            sleep(GLANCE).await;
        }
    }

    /// Everything that is known, for whoever reads a failure.
    #[must_use]
    pub fn account(&self) -> String {
        let mut text = format!("seed {}\n", self.inner.seed);
        for line in self.inner.ladder.lines() {
            text += &format!("{line}\n");
        }
        for phone in self.inner.phones.borrow().iter() {
            text += &format!("{phone:?}\n");
        }
        for facts in self.exchange().live().all() {
            text += &format!("channel {} {:?} {}\n", facts.name, facts.state, facts.application);
        }
        text
    }

    /// What went over the wires of the exchange so far.
    #[must_use]
    pub fn ladder(&self) -> Vec<String> {
        self.inner.ladder.lines()
    }

    /// Whether two phones are in a call and each hears something right now.
    #[must_use]
    pub fn talking(&self, one: &Phone, other: &Phone) -> bool {
        [one, other].iter().all(|phone| phone.is_talking())
    }

    /// Whether nobody is in a call, here or there.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        let phones = self.inner.phones.borrow();
        let over = |phone: &Phone| {
            phone.calls().iter().all(|call| matches!(call.state, CallState::Over(_)))
        };
        self.exchange().live().count() == 0 && phones.iter().all(over)
    }

    /// How many contacts an account has.
    #[must_use]
    pub fn contacts(&self, name: &str) -> usize {
        self.exchange().registrar().contacts(name).len()
    }

    /// How the dialplan's last Dial ended.
    #[must_use]
    pub fn outcome(&self) -> String {
        self.exchange().global("OUTCOME").unwrap_or_default()
    }

    /// Lets everything run out and sees that nothing of the calls is left: no channel, no
    /// transaction, dialog or timer, no media leg, port or route, on either side.
    ///
    /// # Panics
    /// When something is left.
    pub async fn assert_no_leaks(&self) {
        self.run_until("everybody has hung up", GOODBYE, Self::is_quiet).await;
        sleep(LINGER).await;
        let account = || self.account();
        for (number, shard) in self.exchange().shards().iter().enumerate() {
            let held = shard.snapshot().await.expect("the shard runs");
            assert!(phone::is_empty(&held), "shard {number}: {held:?}\n{}", account());
        }
        let held = self.exchange().engine().snapshot().await;
        for (held, empty) in held.workers.iter().zip(&self.inner.empty.workers) {
            let counts = |of: &sidetone_engine::WorkerSnapshot| {
                (of.legs, of.ports, of.sockets, of.routes, of.timers)
            };
            assert_eq!(counts(held), counts(empty), "{held:?}\n{}", account());
        }
        let phones = self.inner.phones.borrow().clone();
        for phone in phones {
            let held = phone.held().await;
            assert!(phone::is_empty(&held.0), "{held:?}\n{}", account());
            assert_eq!((held.1.legs(), held.1.ports()), (0, 0), "{}", account());
        }
    }
}

/// A host with a media engine. All show one certificate: making one costs more than a call.
fn host(ip: IpAddr) -> SimHost {
    static ONE: std::sync::OnceLock<Certificate> = std::sync::OnceLock::new();
    let certificate = ONE.get_or_init(|| {
        sidetone_engine::certificate::generate().expect("a key needs randomness only")
    });
    SimHost { certificate: Some(certificate.clone()), ..SimHost::new(ip) }
}

/// Turns the media workers along with the runtime's clock.
async fn turn(media: Rc<RefCell<SimWorld>>, commanded: std::sync::Arc<Notify>) {
    loop {
        let next = media.borrow_mut().run_until(Instant::now().into_std());
        let wake = next.map_or_else(|| Instant::now() + secs(3_600), Instant::from_std);
        // A timer that is due already fires at the runtime's next tick.
        tokio::select! {
            biased;
            () = commanded.notified() => {}
            () = sleep_until(wake.max(Instant::now() + Duration::from_micros(1))) => {}
        }
    }
}
