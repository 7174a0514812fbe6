//! Keeps our registrations with other servers: one task that follows the configuration, writes the
//! REGISTERs that the machines of `ua::registration` want, and hands them what comes back. Beside a
//! call's walk: calls that carry the line of a registration are known by it (`pbx::registrations`).

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sidetone_base::{Destination, Random, Transport};
use sidetone_config::{Auth, Config, Registration as Wanted};
use sidetone_pbx::Exchange;
use sidetone_pbx::channel::ChannelEvent;
use sidetone_pbx::registrations::{Order, RegistrationView};
use sidetone_sip::{Host, Method, SipUri, Uri};
use sidetone_ua::api::{Event, OutgoingRequest, RequestId, Way};
use sidetone_ua::registration::{Binding, Registration, RegistrationSettings, RegistrationStatus};
use tokio::sync::mpsc;

/// REGISTERs under way at once. At 32 s of patience with servers that are all dead, 500 trunks are
/// tried within a minute; those that answer go as fast as they do.
const MAX_UNDER_WAY: usize = 256;

/// Servers that one REGISTER is sent to after the first. At 32 s each, its registration waits for
/// no more.
const MOST_OTHERS: usize = 3;

/// Answers that may wait: a final one for each REGISTER, and provisional ones. One that is lost
/// counts as no answer when the patience of its registration is over.
const ANSWERS: usize = 4 * MAX_UNDER_WAY;

/// A server that closed its connection is back after a restart; not all come in one moment.
const RECONNECT: Duration = Duration::from_secs(1);

/// The listeners of the same reload are open after this.
const SETTLE: Duration = Duration::from_millis(200);

/// Nothing is due.
const IDLE: Duration = Duration::from_secs(3_600);

/// One registration and what it was made from.
struct Kept {
    wanted: Arc<Wanted>,
    auths: Vec<Arc<Auth>>,
    machine: Registration,
    call_id: String,
    /// The token in the Contact.
    line: Option<String>,
    reached: Option<(Transport, SocketAddr)>,
    /// It is not in the configuration any more, or not as it was: it goes when it is removed.
    leaves: bool,
    told: RegistrationStatus,
}

struct Keeper {
    exchange: Exchange,
    kept: BTreeMap<String, Kept>,
    asked: HashMap<RequestId, String>,
    inbox: mpsc::Sender<ChannelEvent>,
    /// The exchange stops: nothing is registered any more.
    stops: bool,
}

/// Keeps the registrations. Runs for ever.
pub async fn run(exchange: Exchange) {
    let (inbox, mut answers) = mpsc::channel(ANSWERS);
    let mut generation = exchange.reach().generations();
    let (kept, asked) = (BTreeMap::new(), HashMap::new());
    let mut keeper = Keeper { exchange, kept, asked, inbox, stops: false };
    keeper.follow();
    loop {
        keeper.handle_timeout();
        keeper.send_due().await;
        keeper.show();
        let wake = keeper.next_deadline();
        tokio::select! {
            answer = answers.recv() => if let Some(ChannelEvent::Sip(event)) = answer {
                keeper.take(*event);
            },
            order = keeper.exchange.registrations().next_order() => keeper.obey(order),
            _ = generation.changed() => keeper.follow(),
            () = tokio::time::sleep_until(wake.into()) => {}
        }
    }
}

impl Keeper {
    /// Takes up what the configuration says now.
    fn follow(&mut self) {
        let config = self.exchange.config();
        let now = self.exchange.now();
        for kept in self.kept.values_mut() {
            let same = config.registrations.get(&kept.wanted.id).is_some_and(|wanted| {
                *wanted == kept.wanted && auths_of(&config, wanted) == kept.auths
            });
            if !same {
                kept.leaves = true;
                kept.machine.remove(now);
            }
        }
        self.kept.retain(|_, kept| !(kept.leaves && kept.machine.is_over()));
        if self.stops {
            return;
        }
        for (name, wanted) in &config.registrations {
            if !self.kept.contains_key(name) {
                let kept = self.begin(&config, wanted);
                self.kept.insert(name.clone(), kept);
            }
        }
    }

    fn begin(&self, config: &Config, wanted: &Arc<Wanted>) -> Kept {
        let spread = 1_000 * u64::from(wanted.max_random_initial_delay_s);
        let mut random = self.exchange.random();
        let after = SETTLE + Duration::from_millis(random.below(spread + 1));
        Kept {
            machine: Registration::new(self.exchange.now(), settings(wanted), after),
            auths: auths_of(config, wanted),
            call_id: random.token(32),
            line: wanted.line_endpoint.as_ref().map(|_| random.token(20)),
            reached: None,
            leaves: false,
            told: RegistrationStatus::Unregistered,
            wanted: Arc::clone(wanted),
        }
    }

    fn next_deadline(&self) -> Instant {
        let now = self.exchange.now();
        let full = self.asked.len() >= MAX_UNDER_WAY;
        let due = |kept: &Kept| kept.machine.next_deadline().filter(|at| !full || *at > now);
        self.kept.values().filter_map(due).min().unwrap_or(now + IDLE).min(now + IDLE)
    }

    fn handle_timeout(&mut self) {
        let now = self.exchange.now();
        for kept in self.kept.values_mut() {
            kept.machine.handle_timeout(now);
        }
    }

    /// Sends every REGISTER that is due.
    async fn send_due(&mut self) {
        let now = self.exchange.now();
        let due = |(name, kept): (&String, &Kept)| kept.machine.is_due(now).then(|| name.clone());
        let due: Vec<String> = self.kept.iter().filter_map(due).collect();
        for name in due {
            if self.asked.len() >= MAX_UNDER_WAY {
                return;
            }
            let Some(kept) = self.kept.get_mut(&name) else { continue };
            match write(&self.exchange, kept) {
                Some(request) => {
                    let shard = self.exchange.shard_of(kept.call_id.as_bytes()).clone();
                    let id = shard.outside(request, self.inbox.clone()).await;
                    self.asked.insert(id, name);
                }
                None => {
                    let (id, server) = (&kept.wanted.id, &kept.wanted.server_uri);
                    tracing::warn!(
                        "registration '{id}': the address of {server} is not known; it is looked \
                         up again, correct server_uri or outbound_proxy if it never is"
                    );
                    kept.machine.failed(now);
                    self.exchange.look_up_names();
                }
            }
        }
    }

    fn take(&mut self, event: Event) {
        let now = self.exchange.now();
        let (id, response) = match event {
            Event::Response { request_id, response } => (request_id, Some(response)),
            Event::RequestFailed { request_id, .. } => {
                self.note_silent(request_id);
                (request_id, None)
            }
            Event::RequestMoved { request_id, to, .. } => {
                self.note_silent(request_id);
                if let Some(kept) = self.asked.get(&request_id).and_then(|n| self.kept.get_mut(n)) {
                    kept.reached = reached(to);
                }
                return;
            }
            _ => return,
        };
        if response.as_ref().is_some_and(|response| response.status.is_provisional()) {
            return;
        }
        let Some(name) = self.asked.remove(&id) else { return };
        let Some(kept) = self.kept.get_mut(&name) else { return };
        match &response {
            Some(response) => kept.machine.answered(now, response),
            None => kept.machine.failed(now),
        }
        let words = match &response {
            Some(response) => {
                let status = response.status.code();
                format!("{status} {}", response.reason.to_str())
            }
            None => "no answer".to_owned(),
        };
        if response.is_some_and(|response| response.status.is_success()) {
            self.mark_used(&name);
        }
        self.tell(&name, &words);
        if self.kept.get(&name).is_some_and(|kept| kept.leaves && kept.machine.is_over()) {
            self.follow();
        }
    }

    /// The server of a request gave no answer there.
    fn note_silent(&self, id: RequestId) {
        let kept = self.asked.get(&id).and_then(|name| self.kept.get(name));
        if let Some((transport, remote)) = kept.and_then(|kept| kept.reached) {
            self.exchange.note_silent(Destination::Address { transport, remote });
        }
    }

    /// The connection or the NAT's door that a registration came by stays open for calls.
    fn mark_used(&self, name: &str) {
        let reached = self.kept.get(name).and_then(|kept| kept.reached);
        let Some((transport, remote)) = reached else { return };
        let net = self.exchange.net();
        let flows = net.flows();
        let ours = flows.iter().map(|info| info.flow);
        for flow in ours.filter(|flow| (flow.transport, flow.remote) == (transport, remote)) {
            net.mark_used(flow.id);
        }
    }

    /// Writes to the log how a registration stands, when that is news.
    fn tell(&mut self, name: &str, words: &str) {
        let now = self.exchange.now();
        let Some(kept) = self.kept.get_mut(name) else { return };
        let status = kept.machine.status();
        let server = &kept.wanted.server_uri;
        match status {
            RegistrationStatus::Rejected => match kept.machine.next_attempt() {
                Some(at) => tracing::warn!(
                    "registration '{name}' with {server} failed: {words}; again in {} s",
                    at.saturating_duration_since(now).as_secs()
                ),
                None => tracing::error!(
                    "registration '{name}' with {server} failed: {words}; given up: correct \
                     pjsip.conf and reload, or 'pjsip send register {name}'"
                ),
            },
            status if status == kept.told => {}
            RegistrationStatus::Registered => {
                tracing::info!("registration '{name}' with {server}: registered");
            }
            RegistrationStatus::Unregistered => {
                tracing::info!("registration '{name}' with {server}: removed");
            }
            RegistrationStatus::Stopping => {}
        }
        kept.told = status;
    }

    fn obey(&mut self, order: Order) {
        let now = self.exchange.now();
        self.stops |= order == Order::Stop;
        for (name, kept) in self.kept.iter_mut().filter(|(_, kept)| !kept.leaves) {
            let concerns = |only: &Option<String>| only.as_ref().is_none_or(|only| only == name);
            match &order {
                Order::Register(only) if concerns(only) => kept.machine.register(now),
                Order::Remove(only) if concerns(only) => kept.machine.remove(now),
                Order::Stop => kept.machine.remove(now),
                Order::Renew if kept.machine.is_wanted() => kept.machine.register(now),
                Order::Lost(transport, remote)
                    if kept.reached == Some((*transport, *remote)) && kept.machine.is_wanted() =>
                {
                    kept.machine.lost(now, RECONNECT);
                }
                _ => {}
            }
        }
    }

    /// Shows others how all stand.
    fn show(&self) {
        let view = |(name, kept): (&String, &Kept)| {
            let view = RegistrationView {
                server_uri: kept.wanted.server_uri.clone(),
                auths: kept.wanted.outbound_auth.join(","),
                status: kept.machine.status().name(),
                until: kept.machine.registered_until(),
                reached: kept.reached,
            };
            (name.clone(), view)
        };
        let lines = self
            .kept
            .values()
            .filter_map(|kept| Some((kept.line.clone()?, kept.wanted.line_endpoint.clone()?)));
        let registrations = self.exchange.registrations();
        registrations.show(self.kept.iter().map(view).collect(), lines.collect());
        if self.stops && self.kept.values().all(|kept| kept.machine.is_over()) {
            registrations.note_stopped();
        }
    }
}

fn auths_of(config: &Config, wanted: &Wanted) -> Vec<Arc<Auth>> {
    let auths = wanted.outbound_auth.iter().filter_map(|name| config.auths.get(name));
    auths.cloned().collect()
}

fn settings(wanted: &Wanted) -> RegistrationSettings {
    let seconds = |seconds: u32| Duration::from_secs(seconds.into());
    let unless_zero = |s: u32| (s > 0).then(|| seconds(s));
    RegistrationSettings {
        expires_s: wanted.expiration_s,
        retry: seconds(wanted.retry_interval_s),
        forbidden_retry: unless_zero(wanted.forbidden_retry_interval_s),
        fatal_retry: unless_zero(wanted.fatal_retry_interval_s),
        max_retries: wanted.max_retries,
        rejection_is_permanent: wanted.auth_rejection_permanent,
    }
}

/// The REGISTER that is due; `None` while the address of its server is not known.
fn write(exchange: &Exchange, kept: &mut Kept) -> Option<OutgoingRequest> {
    let wanted = Arc::clone(&kept.wanted);
    let first = wanted.outbound_proxy.first().unwrap_or(&wanted.server_uri);
    let ways = exchange.ways_to(first, wanted.transport.as_deref());
    let (destination, others) = ways.split_first()?;
    let (contact, sent_by) = shown(exchange, kept, *destination)?;
    let others = others.iter().filter_map(|place| {
        let (own, sent_by) = shown(exchange, kept, *place)?;
        // Where another Contact would be registered, the next attempt goes.
        let way = Way { destination: *place, sent_by, contact: None };
        (own == contact).then_some(way)
    });
    let others = others.take(MOST_OTHERS).collect();
    kept.reached = reached(*destination);
    let bindings = kept.machine.request(exchange.now(), &contact);
    let client = format!("<{}>", wanted.client_uri);
    Some(OutgoingRequest {
        method: Method::Register,
        uri: wanted.server_uri.clone(),
        destination: *destination,
        others,
        from: client.clone(),
        to: client,
        contact: Some(printed(&bindings)),
        sent_by,
        route: wanted.outbound_proxy.iter().map(|proxy| format!("<{proxy}>")).collect(),
        call_id: Some(kept.call_id.clone()),
        headers: headers(&wanted, &bindings),
        body: None,
        logins: exchange.logins(&wanted.outbound_auth),
    })
}

fn reached(place: Destination) -> Option<(Transport, SocketAddr)> {
    match place {
        Destination::Address { transport, remote } => Some((transport, remote)),
        Destination::Flow(_) => None,
    }
}

/// Our Contact and `sent-by` as they are towards a place.
fn shown(exchange: &Exchange, kept: &Kept, place: Destination) -> Option<(String, String)> {
    let (transport, remote) = reached(place)?;
    let own = exchange.address_towards(kept.wanted.transport.as_deref(), transport, remote);
    Some((contact(exchange, kept, transport, own), SocketAddr::from(own).to_string()))
}

/// All contacts as one header. The time of a single one is in Expires; an old one that goes with a
/// new one has its own.
fn printed(bindings: &[Binding]) -> String {
    let one = |binding: &Binding| match binding.expires_s {
        0 if bindings.len() > 1 => format!("{};expires=0", binding.contact),
        _ => binding.contact.clone(),
    };
    bindings.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn headers(wanted: &Wanted, bindings: &[Binding]) -> Vec<(String, String)> {
    let expires = bindings.last().map_or(0, |binding| binding.expires_s);
    let mut headers = vec![("Expires".to_owned(), expires.to_string())];
    let offered = [("path", wanted.support_path), ("outbound", wanted.support_outbound)];
    let offered: Vec<&str> =
        offered.iter().filter(|(_, does)| *does).map(|(name, _)| *name).collect();
    if !offered.is_empty() {
        headers.push(("Supported".to_owned(), offered.join(", ")));
    }
    if !wanted.user_agent.is_empty() {
        headers.push(("User-Agent".to_owned(), wanted.user_agent.clone()));
    }
    headers
}

/// Our Contact: where the server sends calls to.
fn contact(
    exchange: &Exchange,
    kept: &Kept,
    transport: Transport,
    (ip, port): (std::net::IpAddr, u16),
) -> String {
    let wanted = &kept.wanted;
    let mut uri = SipUri::new(Some(&wanted.contact_user), Host::from(ip), Some(port));
    if transport != Transport::Udp {
        uri = uri.with_param("transport", transport.param_name().as_bytes().to_vec());
    }
    if let Some(line) = &kept.line {
        uri = uri.with_param("line", line.as_bytes().to_vec());
    }
    let mut contact = format!("<{}>", Uri::Sip(uri).to_text().to_str());
    if !wanted.contact_header_params.is_empty() {
        contact += &format!(";{}", wanted.contact_header_params);
    }
    if wanted.support_outbound && !wanted.contact_header_params.contains("reg-id") {
        contact += &format!(";reg-id=1;+sip.instance=\"<{}>\"", instance(exchange.entity_id()));
    }
    contact
}

/// The name of this exchange among the instances of its account (RFC 5626 §4.1): a UUID that stays
/// as long as the entity id does.
fn instance(entity: &str) -> String {
    let digits: String = entity.chars().filter(char::is_ascii_hexdigit).take(12).collect();
    format!("urn:uuid:00000000-0000-1000-8000-{digits:0>12}").to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_is_a_uuid_whatever_the_entity_id_is() {
        assert_eq!(instance("02:AB:cd:00:11:22"), "urn:uuid:00000000-0000-1000-8000-02abcd001122");
        assert_eq!(instance("x"), "urn:uuid:00000000-0000-1000-8000-000000000000");
    }

    #[test]
    fn the_time_of_one_contact_is_in_expires_and_that_of_an_old_one_beside_it() {
        let binding = |contact: &str, expires_s| Binding { contact: contact.into(), expires_s };
        assert_eq!(printed(&[binding("<a>", 0)]), "<a>");
        assert_eq!(printed(&[binding("<a>", 0), binding("<b>", 60)]), "<a>;expires=0, <b>");
    }
}
