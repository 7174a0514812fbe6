//! Putting the exchange together and keeping its tasks running.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use sidetone_base::Random;
use sidetone_config::{Aor, Config};
use sidetone_dialplan::Dialplan;
use sidetone_engine::Engine;
use sidetone_events::Bus;
use sidetone_music::MusicLibrary;
use sidetone_net::{Net, NetEvent};
use sidetone_store::AstDb;
use sidetone_ua::digest::DigestServer;
use sidetone_ua::{Settings, Stack};
use tokio::sync::{Notify, Semaphore, mpsc};

use super::names;
use super::{Exchange, Inner, LoadAverage, Prompts};
use crate::application::Catalogue;
use crate::channel::reach::PACKAGE;
use crate::counters::Counters;
use crate::guard::kept;
use crate::live::LiveChannels;
use crate::reach::Reach;
use crate::registrar::{Contact, Registrar};
use crate::registrations::Registrations;
use crate::sip_log::SipLog;
use crate::{ingress, register, shard};
use sidetone_party::names::{Names, resolve};
use sidetone_party::resolver::Resolver;

/// How long a call waits for a peer whose connection closed: a browser that changes networks
/// registers again within seconds, one that sleeps may take half a minute.
const FLOW_GRACE: Duration = Duration::from_secs(30);

/// What an exchange is made of.
pub struct Parts {
    /// Configuration.
    pub config: Arc<Config>,
    /// Dialplan.
    pub dialplan: Arc<Dialplan>,
    /// Applications and functions.
    pub catalogue: Catalogue,
    /// Prompts.
    pub prompts: Box<Prompts>,
    /// Flows.
    pub net: Net,
    /// What the flows bring.
    pub net_events: mpsc::Receiver<NetEvent>,
    /// Media.
    pub engine: Engine,
    /// Events.
    pub bus: Bus,
    /// What the dialplan keeps over restarts.
    pub database: AstDb,
    /// Randomness; asked once per part that needs a source of its own.
    pub random: Box<dyn FnMut() -> Box<dyn Random>>,
    /// How many SIP shards, 1–4.
    pub shards: usize,
    /// Where host names are looked up.
    pub resolver: Resolver,
    /// Addresses of this machine, for SIP headers.
    pub interfaces: Vec<IpAddr>,
    /// The load average of this machine, if it is known.
    pub load_average: Box<LoadAverage>,
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parts").field("shards", &self.shards).finish_non_exhaustive()
    }
}

/// Why an exchange cannot start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StartError {
    /// There must be 1 to 4 shards.
    Shards(usize),
}

impl Exchange {
    /// Puts the parts together and starts the tasks of signalling.
    ///
    /// # Errors
    /// [`StartError`]
    pub async fn start(parts: Parts) -> Result<Self, StartError> {
        let Parts { config, dialplan, catalogue, prompts, net, net_events, engine, bus, .. } =
            parts;
        if !(1..=4).contains(&parts.shards) {
            return Err(StartError::Shards(parts.shards));
        }
        let mut make_random = parts.random;
        let mut random = make_random();
        let started = tokio::time::Instant::now().into_std();
        let digest = DigestServer::new(started, &mut *random);
        let names = resolve(&config, &Names::new(), &parts.resolver).await;
        let (handles, inboxes): (Vec<_>, Vec<_>) =
            (0..parts.shards).map(|_| shard::inbox()).unzip();
        let exchange = Self {
            inner: Arc::new(Inner {
                globals: Mutex::new(HashMap::new()),
                database: parts.database,
                resolved: ArcSwap::from_pointee(names),
                resolver: parts.resolver,
                silent: Mutex::default(),
                lookups: Semaphore::new(names::MOST_LOOKUPS),
                interfaces: ArcSwap::from_pointee(parts.interfaces),
                entity_id: entity_id(&config, &mut *random),
                supported: supported(&config),
                load_average: parts.load_average,
                config: ArcSwap::new(config),
                dialplan: ArcSwap::new(dialplan),
                catalogue,
                prompts,
                net,
                engine,
                bus,
                registrar: Mutex::new(Registrar::new()),
                registrations_changed: Notify::new(),
                questions_changed: Notify::new(),
                names_changed: Notify::new(),
                digest: Mutex::new(digest),
                random: Mutex::new(random),
                live: Arc::new(LiveChannels::default()),
                shards: handles,
                started_wall: jiff::Timestamp::now(),
                started,
                certificates: Mutex::new(HashMap::new()),
                authorities: Mutex::new(HashMap::new()),
                library: MusicLibrary::default(),
                parking: Mutex::default(),
                reach: Reach::default(),
                draining: AtomicBool::new(false),
                texts: Arc::default(),
                gate: Mutex::default(),
                sip_log: SipLog::default(),
                counters: Counters::default(),
                registrations: Registrations::default(),
                routes: Mutex::default(),
            }),
        };
        exchange.set_globals();
        exchange.configure_sip_log();
        exchange.static_contacts();
        for (handle, inbox) in exchange.inner.shards.clone().into_iter().zip(inboxes) {
            let stack = Stack::new(started, exchange.stack_settings(), make_random());
            tokio::spawn(shard::run(exchange.clone(), handle, inbox, stack));
        }
        tokio::spawn(ingress::run(exchange.clone(), net_events));
        exchange.keep("the end of registrations", expire);
        exchange.keep("the look-up of names", names::follow);
        Ok(exchange)
    }

    /// Runs a task for as long as the exchange lives, whatever happens in it.
    pub fn keep<F>(&self, name: &'static str, task: fn(Self) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let exchange = self.clone();
        tokio::spawn(async move { kept(name, || task(exchange.clone())).await });
    }

    fn stack_settings(&self) -> Settings {
        let config = self.config();
        Settings {
            t1: config.system.timer_t1,
            user_agent: Some(config.global.user_agent.clone()).filter(|name| !name.is_empty()),
            supported: self.supported().to_vec(),
            max_forwards: config.global.max_forwards,
            flow_grace: FLOW_GRACE,
            ..Settings::default()
        }
    }

    /// Puts the `[globals]` of the dialplan in force.
    pub(crate) fn set_globals(&self) {
        for (name, value) in &self.dialplan().globals {
            self.set_global(name, Some(value.clone()));
        }
    }

    /// Puts the `contact=` lines of all AORs into the location table.
    pub(crate) fn static_contacts(&self) {
        let config = self.config();
        let contact = |uri: &String| {
            Some(Contact::fixed(uri, uri.to_ascii_lowercase(), self.way_to(uri, None)?))
        };
        let contacts = |aor: &Aor| aor.contacts.iter().filter_map(contact).collect::<Vec<_>>();
        let all: Vec<_> = config.aors.values().map(|aor| (&aor.id, contacts(aor))).collect();
        let mut registrar = self.registrar();
        for (aor, contacts) in all {
            registrar.set_static(aor, contacts);
        }
        let spread = Duration::from_secs(config.global.max_initial_qualify_time_s.into());
        let asked = |aor: &str| config.aors.get(aor).is_some_and(|aor| aor.qualify_frequency_s > 0);
        registrar.plan_questions(self.now(), spread, asked);
        drop(registrar);
        self.inner.questions_changed.notify_one();
    }
}

/// What peers may `Require` of us.
fn supported(config: &Config) -> Vec<String> {
    let mut tags = vec!["100rel", "timer", "replaces", "histinfo", "path", "outbound", PACKAGE];
    if config.global.norefersub {
        tags.push("norefersub");
    }
    tags.into_iter().map(str::to_owned).collect()
}

fn entity_id(config: &Config, random: &mut dyn Random) -> String {
    if !config.asterisk.entity_id.is_empty() {
        return config.asterisk.entity_id.clone();
    }
    let mut bytes = [0; 6];
    random.fill(&mut bytes);
    let [first, ..] = &mut bytes;
    // A locally administered unicast address, since it belongs to no card.
    *first = (*first | 2) & 0xfe;
    bytes.map(|byte| format!("{byte:02x}")).join(":")
}

/// Expires registrations when they are due.
async fn expire(exchange: Exchange) {
    loop {
        let now = exchange.now();
        let (changes, deadline) = {
            let mut registrar = exchange.registrar();
            registrar.handle_timeout(now);
            (registrar.take_changes(), registrar.next_deadline())
        };
        register::publish(&exchange, changes);
        let hour: Instant = now + Duration::from_secs(3_600);
        let wake = deadline.map_or(hour, |deadline| deadline.min(hour));
        tokio::select! {
            () = tokio::time::sleep_until(wake.into()) => {}
            () = exchange.inner.registrations_changed.notified() => {}
        }
    }
}
