//! Asking contacts whether they are there: OPTIONS every `qualify_frequency` seconds. What comes
//! back decides whether a contact counts as reachable, and how long its answers take. Beside the
//! walk of a call: the location table holds what is found out here, `Dial` uses it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sidetone_base::{Destination, TimerQueue};
use sidetone_config::{Aor, Config, Endpoint};
use sidetone_events::Event;
use sidetone_pbx::channel::ChannelEvent;
use sidetone_pbx::party::secrets;
use sidetone_pbx::registrar::{Contact, Qualified};
use sidetone_pbx::{Exchange, incoming, outgoing, proxy};
use sidetone_sip::Method;
use sidetone_ua::api::{Event as SipEvent, OutgoingRequest, RequestId};
use tokio::sync::mpsc;

/// Questions that wait for an answer at once. At 3 s of patience and no answer at all, 5,000
/// contacts are asked within a minute; those that answer go as fast as they do.
const MAX_ASKED: usize = 256;

/// Answers that may wait: a final one for each question, and provisional ones that nobody sends.
/// When it is full the answer is lost and the contact counts as silent until it is asked again.
const ANSWERS: usize = 4 * MAX_ASKED;

/// The shortest patience: 0 would mean that nobody can answer in time.
const MIN_PATIENCE: Duration = Duration::from_millis(100);

/// One question under way.
struct Asked {
    aor: Arc<Aor>,
    contact: Contact,
    at: Instant,
    /// Where it was asked.
    place: Destination,
    /// Where else it may be.
    others: Vec<Destination>,
}

/// Asks contacts until the exchange is gone.
pub async fn run(exchange: Exchange) {
    let (inbox, mut answers) = mpsc::channel(ANSWERS);
    let mut asker = Asker {
        exchange,
        inbox,
        asked: HashMap::new(),
        patience: TimerQueue::new(),
        owners: Owners::default(),
    };
    loop {
        asker.give_up();
        asker.ask_due().await;
        let wake = asker.next_deadline();
        tokio::select! {
            answer = answers.recv() => {
                let Some(ChannelEvent::Sip(event)) = answer else { continue };
                asker.take(*event);
            }
            () = tokio::time::sleep_until(wake.into()) => {}
            () = asker.exchange.questions_changed() => {}
        }
    }
}

struct Asker {
    exchange: Exchange,
    inbox: mpsc::Sender<ChannelEvent>,
    asked: HashMap<RequestId, Asked>,
    patience: TimerQueue<RequestId>,
    owners: Owners,
}

impl Asker {
    fn next_deadline(&mut self) -> Instant {
        let now = self.exchange.now();
        let hour = now + Duration::from_secs(3_600);
        let question = match self.asked.len() < MAX_ASKED {
            true => self.exchange.registrar().next_question_at(),
            // An answer or the end of somebody's time comes first.
            false => None,
        };
        let patience = self.patience.next_deadline();
        [question, patience].into_iter().flatten().min().unwrap_or(hour).min(hour)
    }

    async fn ask_due(&mut self) {
        while self.asked.len() < MAX_ASKED {
            let now = self.exchange.now();
            let Some((name, contact)) = self.exchange.registrar().next_question(now) else {
                return;
            };
            let config = self.exchange.config();
            let Some(aor) = config.aors.get(&name).filter(|aor| aor.qualify_frequency_s > 0) else {
                continue;
            };
            let every = Duration::from_secs(aor.qualify_frequency_s.into());
            self.exchange.registrar().ask_at(&name, &contact.key, now + every);
            // Without an endpoint there is nobody to ask as.
            if let Some(endpoint) = self.owners.of(&config, &name) {
                self.ask(&config, &endpoint, Arc::clone(aor), contact).await;
            }
        }
    }

    async fn ask(&mut self, config: &Config, endpoint: &Endpoint, aor: Arc<Aor>, contact: Contact) {
        let now = self.exchange.now();
        let mut reached = contact.clone();
        let proxy = aor.outbound_proxy.as_ref().or(endpoint.outbound_proxy.as_ref());
        let others = proxy::aim(&self.exchange, proxy, &mut reached);
        let request = request(&self.exchange, config, (endpoint, &aor), &reached);
        let ways = proxy::written(&self.exchange, endpoint, others.clone(), &contact.uri);
        let request = OutgoingRequest { others: ways, ..request };
        let call_id = request.call_id.clone().unwrap_or_default();
        let shard = self.exchange.shard_of(call_id.as_bytes()).clone();
        let id = shard.outside(request, self.inbox.clone()).await;
        self.patience.set(id, now + aor.qualify_timeout.max(MIN_PATIENCE));
        let place = reached.destination;
        self.asked.insert(id, Asked { aor, contact, at: now, place, others });
    }

    /// Takes an answer. One that comes after the patience is over changes nothing.
    fn take(&mut self, event: SipEvent) {
        let (id, status) = match &event {
            SipEvent::Response { request_id, response } => {
                (*request_id, Some(response.status.code()))
            }
            SipEvent::RequestFailed { request_id, .. } => (*request_id, None),
            _ => return,
        };
        if status.is_some_and(|status| status < 200) {
            return;
        }
        let Some(asked) = self.asked.remove(&id) else { return };
        self.patience.cancel(&id);
        let rtt = self.exchange.now().saturating_duration_since(asked.at);
        let good = status.is_some_and(|status| !asked.aor.qualify_2xx_only || status / 100 == 2);
        self.note(&asked, Qualified { reachable: good, rtt: status.map(|_| rtt) });
    }

    /// Counts those as silent whose time is over.
    fn give_up(&mut self) {
        let now = self.exchange.now();
        while let Some(id) = self.patience.pop_due(now) {
            let Some(asked) = self.asked.remove(&id) else { continue };
            if !asked.others.is_empty() {
                self.exchange.note_silent(asked.place);
            }
            if self.exchange.may_answer(&asked.others) {
                // At once, and at another place.
                let (aor, key) = (&asked.aor.id, &asked.contact.key);
                self.exchange.registrar().ask_at(aor, key, now);
            } else {
                self.note(&asked, Qualified { reachable: false, rtt: None });
            }
        }
    }

    fn note(&self, asked: &Asked, qualified: Qualified) {
        let (aor, contact) = (&asked.aor.id, &asked.contact);
        let changed = self.exchange.registrar().set_qualified(aor, &contact.key, qualified);
        if changed {
            self.exchange.bus().publish(Event::ContactStatus {
                aor: aor.clone(),
                uri: contact.uri.clone(),
                reachable: qualified.reachable,
                rtt: qualified.rtt,
            });
        }
    }
}

/// Which endpoint an address of record belongs to, looked up anew when the configuration changed.
#[derive(Default)]
struct Owners {
    of: Option<Arc<Config>>,
    by_aor: HashMap<String, Arc<Endpoint>>,
}

impl Owners {
    fn of(&mut self, config: &Arc<Config>, aor: &str) -> Option<Arc<Endpoint>> {
        if !self.of.as_ref().is_some_and(|known| Arc::ptr_eq(known, config)) {
            self.by_aor.clear();
            for endpoint in config.endpoints_sorted() {
                for aor in &endpoint.aors {
                    let entry = self.by_aor.entry(aor.clone());
                    entry.or_insert_with(|| Arc::clone(endpoint));
                }
            }
            self.of = Some(Arc::clone(config));
        }
        self.by_aor.get(aor).cloned()
    }
}

fn request(
    exchange: &Exchange,
    config: &Config,
    (endpoint, aor): (&Endpoint, &Aor),
    contact: &Contact,
) -> OutgoingRequest {
    let flow = outgoing::flow_of(exchange, contact);
    let (host, port) = exchange.public_address(endpoint, &flow);
    let host = if host.is_ipv6() { format!("[{host}]") } else { host.to_string() };
    let user = endpoint.from_user.clone().unwrap_or_else(|| exchange.anonymous_user());
    let user = sidetone_sip::uri::escape_user(user.as_bytes());
    let domain = endpoint.from_domain.as_ref().unwrap_or(&host);
    let call_id = {
        let mut random = exchange.random();
        sidetone_base::Random::token(&mut **random, 32)
    };
    let is_secure = incoming::is_sips(&contact.uri);
    OutgoingRequest {
        method: Method::Options,
        uri: contact.uri.clone(),
        destination: contact.destination,
        others: Vec::new(),
        from: format!("<sip:{}@{domain}>", user.to_str()),
        to: format!("<{}>", contact.uri),
        contact: Some(incoming::contact(exchange, endpoint, &flow, None, is_secure)),
        sent_by: format!("{host}:{port}"),
        route: contact.path.clone(),
        call_id: Some(call_id),
        headers: vec![("Accept".to_owned(), "application/sdp".to_owned())],
        body: None,
        logins: aor.authenticate_qualify.then(|| secrets::logins(config, endpoint)).flatten(),
    }
}
