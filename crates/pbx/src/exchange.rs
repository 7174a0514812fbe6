//! The exchange: everything its parts share, behind one cheap handle. It decides nothing; it
//! holds configuration, flows, media, location table, live channels and shards, and hands them
//! out.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use bytes::Bytes;
use parking_lot::{Mutex, MutexGuard};
use sidetone_base::{ChannelId, Destination, Flow, FlowId, Random, Transport};
use sidetone_config::Config;
use sidetone_dialplan::Dialplan;
use sidetone_engine::{CertificateChoice, Engine};
use sidetone_events::Bus;
use sidetone_events::catalogue::{Event, Way};
use sidetone_media::{Authorities, Prompt};
use sidetone_music::MusicLibrary;
use sidetone_net::{Net, Route, SendError};
use sidetone_parking::Parking;
use sidetone_party::seats::Seats;
use sidetone_routing::State as Routes;
use sidetone_sip::headers::Replaces;
use sidetone_store::AstDb;
use sidetone_ua::digest::DigestServer;
use tokio::sync::{Notify, Semaphore};

use crate::Cause;
use crate::application::Catalogue;
use crate::channel::{Control, deliver};
use crate::counters::{Counters, Refusal};
use crate::live::LiveChannels;
use crate::reach::Reach;
use crate::registrar::Registrar;
use crate::registrations::Registrations;
use crate::shard::ShardHandle;
use crate::sip_log::{SipLog, SipLogFilter};

mod media;
mod names;
mod start;

use sidetone_party::locate::Silent;
use sidetone_party::names::{Names, leading_to};
use sidetone_party::resolver::Resolver;
use sidetone_party::sources::Gate;

pub use start::{Parts, StartError};

/// Where prompts come from: a name such as `hello-world` and a language.
pub type Prompts = dyn Fn(&str, &str) -> Option<Arc<Prompt>> + Send + Sync;

/// Asks the machine for its load average of the last minute.
pub type LoadAverage = dyn Fn() -> Option<f64> + Send + Sync;

/// A channel found by its dialog.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    pub channel: ChannelId,
    /// Whether its call is answered.
    pub is_answered: bool,
}

/// The exchange's randomness, locked for each draw.
#[derive(Debug)]
pub struct Draws<'a>(&'a Exchange);

impl Random for Draws<'_> {
    fn fill(&mut self, out: &mut [u8]) {
        self.0.random().fill(out);
    }
}

/// A handle to the exchange.
#[derive(Clone)]
pub struct Exchange {
    inner: Arc<Inner>,
}

impl std::fmt::Debug for Exchange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exchange").field("channels", &self.inner.live.count()).finish()
    }
}

struct Inner {
    config: ArcSwap<Config>,
    dialplan: ArcSwap<Dialplan>,
    globals: Mutex<HashMap<String, String>>,
    database: AstDb,
    supported: Vec<String>,
    resolved: ArcSwap<Names>,
    /// Lookups that a call may begin.
    lookups: Semaphore,
    resolver: Resolver,
    silent: Mutex<Silent>,
    interfaces: ArcSwap<Vec<IpAddr>>,
    catalogue: Catalogue,
    prompts: Box<Prompts>,
    net: Net,
    engine: Engine,
    bus: Bus,
    registrar: Mutex<Registrar>,
    registrations_changed: Notify,
    questions_changed: Notify,
    names_changed: Notify,
    digest: Mutex<DigestServer>,
    random: Mutex<Box<dyn Random>>,
    live: Arc<LiveChannels>,
    shards: Vec<ShardHandle>,
    entity_id: String,
    load_average: Box<LoadAverage>,
    certificates: Mutex<HashMap<String, CertificateChoice>>,
    /// Those of `dtls_ca_file` and `dtls_ca_path`, read once.
    authorities: Mutex<HashMap<(String, String), Authorities>>,
    library: MusicLibrary,
    parking: Mutex<Parking>,
    started_wall: jiff::Timestamp,
    started: Instant,
    reach: Reach,
    draining: AtomicBool,
    texts: Arc<Seats>,
    gate: Mutex<Gate>,
    sip_log: SipLog,
    counters: Counters,
    registrations: Registrations,
    routes: Mutex<Routes>,
}

impl Exchange {
    /// The time. Channels and shards ask here, so that a simulation can run on its own clock.
    #[must_use]
    pub fn now(&self) -> Instant {
        tokio::time::Instant::now().into_std()
    }

    /// The wall clock, moved along with [`Self::now`].
    #[must_use]
    pub fn wall_clock(&self) -> jiff::Zoned {
        let passed = self.now().saturating_duration_since(self.inner.started);
        let passed = jiff::SignedDuration::try_from(passed).unwrap_or_default();
        let now = self.inner.started_wall.checked_add(passed);
        now.unwrap_or(self.inner.started_wall).to_zoned(jiff::tz::TimeZone::system())
    }

    /// The wall clock as a Date header (RFC 3261 §20.17).
    pub(crate) fn sip_date(&self) -> String {
        let now = self.wall_clock().with_time_zone(jiff::tz::TimeZone::UTC);
        now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
    }

    /// How long the exchange runs.
    #[must_use]
    pub fn uptime(&self) -> Duration {
        self.now().saturating_duration_since(self.inner.started)
    }

    /// The configuration in force.
    #[must_use]
    pub fn config(&self) -> Arc<Config> {
        self.inner.config.load_full()
    }

    /// The dialplan in force.
    #[must_use]
    pub fn dialplan(&self) -> Arc<Dialplan> {
        self.inner.dialplan.load_full()
    }

    /// What the dialplan can call.
    #[must_use]
    pub fn catalogue(&self) -> &Catalogue {
        &self.inner.catalogue
    }

    /// A prompt by name and language.
    #[must_use]
    pub fn prompt(&self, name: &str, language: &str) -> Option<Arc<Prompt>> {
        (self.inner.prompts)(name, language)
    }

    /// The music that was read.
    pub(crate) fn library(&self) -> &MusicLibrary {
        &self.inner.library
    }

    /// Who is parked where. Held for one step, never across an await.
    pub fn parking(&self) -> MutexGuard<'_, Parking> {
        self.inner.parking.lock()
    }

    /// The signalling flows.
    #[must_use]
    pub fn net(&self) -> &Net {
        &self.inner.net
    }

    /// The media engine.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.inner.engine
    }

    /// What is known of our addresses outside.
    #[must_use]
    pub fn reach(&self) -> &Reach {
        &self.inner.reach
    }

    /// Our registrations with other servers.
    #[must_use]
    pub fn registrations(&self) -> &Registrations {
        &self.inner.registrations
    }

    /// The event bus.
    #[must_use]
    pub fn bus(&self) -> &Bus {
        &self.inner.bus
    }

    /// The channels that live now.
    #[must_use]
    pub fn live(&self) -> Arc<LiveChannels> {
        Arc::clone(&self.inner.live)
    }

    /// What was refused so far.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.inner.counters
    }

    /// The SIP shards.
    #[must_use]
    pub fn shards(&self) -> &[ShardHandle] {
        &self.inner.shards
    }

    /// The channel whose dialog another party names (RFC 3891), whichever shard it is on.
    pub(crate) async fn find_replaced(&self, replaces: &Replaces) -> Option<Found> {
        let shard = self.shard_of(replaces.call_id.as_bytes()).clone();
        let (inbox, is_answered) = shard.find(replaces.clone()).await?;
        let channel = self.inner.live.by_inbox(&inbox)?;
        Some(Found { channel, is_answered })
    }

    /// Whose texts run the dialplan.
    pub(crate) fn text_seats(&self) -> &Arc<Seats> {
        &self.inner.texts
    }

    /// An identifier of this node, as in `core show settings`.
    #[must_use]
    pub fn entity_id(&self) -> &str {
        &self.inner.entity_id
    }

    /// The location table. Held for a lookup or one change, never across an await.
    pub fn registrar(&self) -> MutexGuard<'_, Registrar> {
        self.inner.registrar.lock()
    }

    /// How routes stand. Held for a look or one change, never across an await.
    pub fn routes(&self) -> MutexGuard<'_, Routes> {
        self.inner.routes.lock()
    }

    /// Whether a request of this source may be served; one too many is counted.
    pub(crate) fn admits(&self, now: Instant, flow: &Flow) -> bool {
        let admitted = self.inner.gate.lock().admit(now, flow);
        if !admitted {
            self.counters().count(Refusal::OverRate);
        }
        admitted
    }

    pub(crate) fn digest(&self) -> MutexGuard<'_, DigestServer> {
        self.inner.digest.lock()
    }

    /// Randomness fit for keys. Held for one draw, never across an await.
    pub fn random(&self) -> MutexGuard<'_, Box<dyn Random>> {
        self.inner.random.lock()
    }

    /// The same for work that draws now and then, such as an answer to an offer: each draw takes
    /// the lock for itself, so that nobody waits for the work between them.
    pub fn draws(&self) -> Draws<'_> {
        Draws(self)
    }

    /// A global variable of the dialplan.
    #[must_use]
    pub fn global(&self, name: &str) -> Option<String> {
        self.inner.globals.lock().get(name).cloned()
    }

    /// Sets or removes a global variable.
    pub fn set_global(&self, name: &str, value: Option<String>) {
        let mut globals = self.inner.globals.lock();
        match value {
            Some(value) => globals.insert(name.to_owned(), value),
            None => globals.remove(name),
        };
    }

    /// What the dialplan keeps over restarts.
    #[must_use]
    pub fn database(&self) -> &AstDb {
        &self.inner.database
    }

    /// The shard of a call.
    #[must_use]
    pub fn shard_of(&self, call_id: &[u8]) -> &ShardHandle {
        let mut hasher = DefaultHasher::new();
        call_id.hash(&mut hasher);
        let count = self.inner.shards.len().max(1) as u64;
        let place = usize::try_from(hasher.finish() % count).unwrap_or(0);
        // `start` makes at least one shard.
        &self.inner.shards[place]
    }

    /// `<seconds since the epoch>.<number>`, with the system's name in front if it has one.
    pub(crate) fn unique_id(&self, number: u64) -> String {
        let seconds = self.wall_clock().timestamp().as_second();
        let system = &self.config().asterisk.system_name;
        if system.is_empty() {
            format!("{seconds}.{number}")
        } else {
            format!("{system}-{seconds}.{number}")
        }
    }

    /// Sends a SIP message and shows it in the SIP log.
    pub(crate) fn send(&self, destination: Destination, bytes: Bytes) -> Result<(), SendError> {
        let names;
        let server_name = match destination {
            // Only where it is dialled: a server proves its name once.
            Destination::Address { transport: transport @ Transport::Tls, remote }
                if !self.inner.net.has_flow_to(transport, remote) =>
            {
                names = self.names();
                leading_to(&names, remote.ip())
            }
            _ => None,
        };
        let route = Route { server_name, ..Route::default() };
        let flow = self.inner.net.send_via(destination, bytes.clone(), route)?;
        if self.sip_log()
            && let Some(flow) = self.inner.net.flow(flow)
        {
            self.show_message(Way::Out, &flow, &bytes);
        }
        Ok(())
    }

    /// Publishes a message for the SIP log, if the log is on and wants it.
    pub(crate) fn show_message(&self, way: Way, flow: &Flow, bytes: &Bytes) {
        let Some(is_shown) = self.inner.sip_log.judge(flow.remote, bytes) else { return };
        self.inner.bus.publish(Event::SipMessage {
            way,
            transport: flow.transport.via_name(),
            local: flow.local,
            remote: flow.remote,
            text: String::from_utf8_lossy(bytes).into_owned(),
            is_shown,
        });
    }

    /// What names of the configuration stand for.
    pub(crate) fn names(&self) -> Arc<Names> {
        self.inner.resolved.load_full()
    }

    /// Who is asked what host names stand for.
    #[must_use]
    pub fn resolver(&self) -> &Resolver {
        &self.inner.resolver
    }

    /// Places that gave no answer. Held for a lookup or one change, never across an await.
    pub(crate) fn silent(&self) -> MutexGuard<'_, Silent> {
        self.inner.silent.lock()
    }

    /// Whether the SIP log is on.
    #[must_use]
    pub fn sip_log(&self) -> bool {
        self.inner.sip_log.is_on()
    }

    /// Turns the SIP log on or off (`pjsip set logger`).
    pub fn set_sip_log(&self, on: bool) {
        self.inner.sip_log.switch(on);
    }

    /// Which messages the SIP log shows.
    #[must_use]
    pub fn sip_log_filter(&self) -> Arc<SipLogFilter> {
        self.inner.sip_log.filter()
    }

    /// Changes which messages the SIP log shows.
    pub fn set_sip_log_filter(&self, filter: SipLogFilter) {
        self.inner.sip_log.set_filter(filter);
    }

    /// Puts `debug` of `type=global` in force: yes, no, or the address whose messages are shown.
    fn configure_sip_log(&self) {
        let config = self.config();
        match config.global.debug.as_str() {
            "" | "no" => self.set_sip_log(false),
            "yes" => self.set_sip_log(true),
            host => match SipLogFilter::host(host) {
                Ok(host) => {
                    self.set_sip_log_filter(SipLogFilter {
                        hosts: vec![host],
                        ..Default::default()
                    });
                    self.set_sip_log(true);
                }
                Err(why) => tracing::warn!("pjsip.conf: debug of type=global: {why}"),
            },
        }
    }

    pub(crate) fn mark_used(&self, flow: FlowId) {
        self.inner.net.mark_used(flow);
    }

    /// Wakes the task that expires registrations.
    pub(crate) fn registrations_changed(&self) {
        self.inner.registrations_changed.notify_one();
        self.inner.questions_changed.notify_one();
    }

    /// Waits until there may be a contact to ask that there was not before.
    pub async fn questions_changed(&self) {
        self.inner.questions_changed.notified().await;
    }

    /// The user part of From for callers without a number (`default_from_user`).
    pub fn anonymous_user(&self) -> String {
        let configured = self.config().global.default_from_user.clone();
        if configured.is_empty() { "anonymous".to_owned() } else { configured }
    }

    /// Whether new calls are refused because the exchange is about to stop.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.inner.draining.load(Ordering::Relaxed)
    }

    /// Refuses new calls from now on.
    pub fn drain(&self) {
        self.inner.draining.store(true, Ordering::Relaxed);
    }

    /// Whether as many calls run as `maxcalls` allows.
    pub(crate) fn is_full(&self) -> bool {
        let limit = self.config().asterisk.max_calls;
        limit.is_some_and(|limit| {
            self.inner.live.running() >= usize::try_from(limit).unwrap_or(usize::MAX)
        })
    }

    /// Why no new call may begin now.
    pub(crate) fn no_room(&self) -> Option<&'static str> {
        let most = self.config().asterisk.max_load;
        if self.is_full() {
            Some("too many calls (maxcalls)")
        } else if most.is_some_and(|most| (self.inner.load_average)() > Some(most)) {
            Some("the machine is too busy (maxload)")
        } else {
            self.is_draining().then_some("the exchange is stopping")
        }
    }

    /// Extensions that peers may require of us: those of the start, as everywhere in the stack.
    pub(crate) fn supported(&self) -> &[String] {
        &self.inner.supported
    }

    /// Hangs up all channels.
    pub fn hang_up_all(&self, cause: Cause) {
        for inbox in self.inner.live.inboxes() {
            deliver(&inbox, Control::Hangup(cause));
        }
    }

    /// Hangs up the channel of this name. `false` when there is none.
    #[must_use]
    pub fn hang_up(&self, name: &str, cause: Cause) -> bool {
        let live = &self.inner.live;
        let id = live.all().into_iter().find(|facts| facts.name == name).map(|facts| facts.id);
        let inbox = id.and_then(|id| live.inbox(id));
        inbox.is_some_and(|inbox| deliver(&inbox, Control::Hangup(cause)))
    }

    /// Puts a new configuration and dialplan in force; running calls keep what they started with.
    pub fn reload(&self, config: Arc<Config>, dialplan: Option<Arc<Dialplan>>) {
        let before = self.inner.config.swap(config);
        // What the console asked for stays, unless the file changed.
        if before.global.debug != self.config().global.debug {
            self.configure_sip_log();
        }
        self.inner.certificates.lock().clear();
        self.inner.authorities.lock().clear();
        self.inner.library.forget();
        self.routes().keep(&self.config().routes);
        if let Some(dialplan) = dialplan {
            // What the dialplan set itself stays, unless the file says otherwise.
            if dialplan.settings.clearglobalvars {
                self.inner.globals.lock().clear();
            }
            self.inner.dialplan.store(dialplan);
            self.set_globals();
        }
        self.static_contacts();
        self.inner.reach.reloaded();
        self.look_up_names();
    }

    /// Looks up the names of the configuration again, in the background.
    pub fn look_up_names(&self) {
        self.inner.names_changed.notify_one();
    }
}
