//! Step 7 of the INVITE walk: a called channel. `Dial` asks for one per contact; each is a
//! channel with a task of its own that offers, waits for the answer, and then lives until one
//! side hangs up. What happens to it is told to the caller as [`BranchEvent`].

use std::sync::Arc;
use std::time::{Duration, Instant};

use sidetone_base::{ChannelId, Destination, Flow, FlowId, LegId, Transport};
use sidetone_config::Endpoint;
use sidetone_dialplan::{Position, Stop};
use sidetone_sdp::Wish;
use sidetone_sip::{Method, Response, Status};
use sidetone_ua::api::{Command, DialogId, Event as SipEvent, Failure, OutgoingRequest, Way};
use tokio::sync::mpsc;

use crate::Cause;
use crate::bridge;
use crate::channel::pump::InviteNews;
use crate::channel::{
    BranchCause, BranchEvent, Channel, ChannelEvent, Control, Errand, Inherited, NewChannel,
    PartyId, Signalling, SipFacts, State, StreamFact, Variables, deliver,
};
use crate::exchange::Exchange;
use crate::guard::caught;
use crate::incoming::{contact, is_sips};
use crate::message::{self, ALLOW};
use crate::proxy;
use crate::registrar::Contact;
use sidetone_party::identity::{self, Side};
use sidetone_party::secrets;
use sidetone_terms::{session, streams};

/// How long an INVITE may stay unanswered at most, whatever Dial says: timer C of a proxy
/// (RFC 3261 §16.6), after which even a caller who waits for ever is told.
const LONGEST_RINGING: Duration = Duration::from_secs(3 * 3_600);

/// A call to one contact of an endpoint.
#[derive(Debug)]
pub struct Call {
    /// Whom to call.
    pub endpoint: Arc<Endpoint>,
    /// At which address of record, for the location table.
    pub aor: String,
    /// At which contact.
    pub contact: Contact,
    /// Who calls.
    pub caller: PartyId,
    /// What the caller dialled.
    pub dialled: String,
    /// Variables handed down.
    pub variables: Variables,
    /// The unique id of the channel that began the call; empty when this one does.
    pub linked_id: String,
    /// Where in the dialplan the caller is, as `exten@context`, for those who pick the call up.
    pub dialled_at: String,
    /// The caller's leg, so that both stay on one media worker.
    pub beside: Option<LegId>,
    /// The caller's streams: what it speaks is offered first.
    pub streams: Vec<StreamFact>,
    /// Headers and forwarding handed down.
    pub inherited: Inherited,
    /// The caller's inbox.
    pub owner: mpsc::Sender<ChannelEvent>,
    /// To be done on the called channel before it calls.
    pub first: Option<Errand>,
}

/// A called channel, as its caller holds it.
#[derive(Debug)]
pub struct Branch {
    /// Which channel.
    pub channel: ChannelId,
    /// Its name.
    pub name: String,
    /// Its inbox.
    pub inbox: mpsc::Sender<ChannelEvent>,
    owner: mpsc::Sender<ChannelEvent>,
}

impl Branch {
    pub(crate) fn of(channel: &Channel) -> Self {
        let owner = channel.bridging.owner.clone();
        Self {
            channel: channel.id(),
            name: channel.name().to_owned(),
            inbox: channel.inbox(),
            owner: owner.unwrap_or_else(|| channel.inbox()),
        }
    }

    /// Tells the called channel something.
    pub fn tell(&self, control: Control) {
        // One that is gone needs to hear nothing.
        deliver(&self.inbox, control);
    }
}

/// Calls a contact. News arrive at `call.owner`, the last of them always `Gone`.
#[must_use]
pub fn call(exchange: &Exchange, mut call: Call) -> Branch {
    let endpoint = Arc::clone(&call.endpoint);
    let others = proxy::aim(exchange, endpoint.outbound_proxy.as_ref(), &mut call.contact);
    let way = (
        flow_of(exchange, &call.contact),
        proxy::written(exchange, &endpoint, others, &call.contact.uri),
    );
    let flow = way.0;
    let call_id = {
        let mut random = exchange.random();
        sidetone_base::Random::token(&mut **random, 32)
    };
    let shard = exchange.shard_of(call_id.as_bytes()).clone();
    let signalling = Signalling {
        shard,
        peer: call.contact.uri.clone(),
        contact: contact(exchange, &call.endpoint, &flow, None, is_sips(&call.contact.uri)),
        flow: Some(flow),
        dialog: None,
        invite: None,
        request: None,
        said: 0,
        reliable: false,
    };
    let mut channel = Channel::new(
        exchange.clone(),
        NewChannel {
            name: None,
            endpoint: Arc::clone(&call.endpoint),
            signalling,
            state: State::Down,
            caller: identity::of_endpoint(&call.endpoint)
                .unwrap_or_else(|| PartyId::new("", &call.dialled)),
            connected: call.caller.clone(),
            position: Position::new(&call.endpoint.context, "", 1),
            variables: call.variables.clone(),
            sip: SipFacts::of_call(&call.inherited),
            linked_id: Some(call.linked_id.clone()).filter(|id| !id.is_empty()),
        },
    );
    channel.bridging.owner = Some(call.owner.clone());
    channel.take_endpoint_variables();
    channel.show_dialled(&call.dialled_at);
    let branch = Branch::of(&channel);
    let begins = call.linked_id.is_empty();
    match exchange.no_room().filter(|_| begins) {
        Some(words) => spawn(&branch, refused(channel, words)),
        None => spawn(&branch, live(channel, call, call_id, way)),
    }
    branch
}

/// A call that the exchange itself begins (Originate) needs the room that any new call needs.
async fn refused(channel: Channel, words: &'static str) -> Gone {
    tracing::warn!("{}: the call does not begin: {words}", channel.name());
    over(Cause::CONGESTION, None)
}

/// Runs the life of a called channel and tells its caller the end. A fault in it ends this call
/// and no other.
pub(crate) fn spawn(branch: &Branch, life: impl Future<Output = Gone> + Send + 'static) {
    let (id, owner, name) = (branch.channel, branch.owner.clone(), branch.name.clone());
    tokio::spawn(async move {
        let gone = caught(life).await.unwrap_or_else(|| {
            tracing::error!("a fault of the exchange ended a called channel");
            over(Cause::FAILURE, None)
        });
        let Gone { cause, status, answered, forward } = gone;
        let tech = tech_words(status, answered);
        let ended = BranchCause { channel: name, tech, cause };
        let _ = owner.send(Control::BranchCause(Box::new(ended)).into()).await;
        let news = BranchEvent::Gone { cause, status, answered, forward };
        // The caller may be gone itself: then nobody waits.
        let _ = owner.send((id, news).into()).await;
    });
}

/// What SIP said last, as `HANGUPCAUSE` shows it.
fn tech_words(status: Option<u16>, answered: bool) -> String {
    let code = status.or_else(|| answered.then_some(200));
    let status = code.and_then(Status::new);
    status.map(|status| format!("SIP {} {}", status.code(), status.reason())).unwrap_or_default()
}

/// How a called channel ended.
pub(crate) struct Gone {
    pub cause: Cause,
    /// The SIP status that ended it.
    pub status: Option<u16>,
    pub answered: bool,
    /// Where the callee wants to be called instead (3xx).
    pub forward: Option<String>,
}

/// The flow a contact is reached by, or what it will look like.
pub fn flow_of(exchange: &Exchange, contact: &Contact) -> Flow {
    flow_to(exchange, contact.destination)
}

/// The same of a place.
pub(crate) fn flow_to(exchange: &Exchange, place: Destination) -> Flow {
    match place {
        Destination::Flow(id) => exchange.net().flow(id).unwrap_or_else(|| gone_flow(id)),
        Destination::Address { transport, remote } => Flow {
            id: FlowId(0),
            transport,
            local: exchange.local_address(transport, remote),
            remote,
        },
    }
}

fn gone_flow(id: FlowId) -> Flow {
    let nowhere = std::net::SocketAddr::from(([0, 0, 0, 0], 0));
    Flow { id, transport: Transport::Ws, local: nowhere, remote: nowhere }
}

/// The end of a called channel. It has no `h` extension, but may have been given hangup handlers.
pub(crate) async fn end(channel: &mut Channel, gone: Gone) -> Gone {
    sidetone_dialplan::run_hangup_handlers(channel, gone.cause.0.into()).await;
    gone
}

/// The life of a called channel.
async fn live(mut channel: Channel, call: Call, call_id: String, way: (Flow, Vec<Way>)) -> Gone {
    let gone = until_over(&mut channel, call, call_id, way).await;
    end(&mut channel, gone).await
}

async fn until_over(
    channel: &mut Channel,
    mut call: Call,
    call_id: String,
    (flow, others): (Flow, Vec<Way>),
) -> Gone {
    tracing::debug!(target: "walk", step = 7, "pbx/outgoing");
    channel.show_application("AppDial", "(Outgoing Line)");
    let failed = |cause| over(cause, None);
    if let Some(errand) = call.first.take()
        && let Err(stop) = errand.run(channel).await
    {
        return failed(bridge::cause_of(&stop));
    }
    let wish = match &call.inherited.fax {
        None => streams::wish(&channel.exchange().config(), &call.endpoint, &call.streams),
        Some(fax) if call.endpoint.fax.udptl => Wish::fax(fax.clone()),
        Some(_) => {
            let words = "the call begins with a fax (T.38): its endpoint needs t38_udptl=yes";
            tracing::warn!("{}: {words}", channel.name());
            return over(Cause::INCOMPATIBLE, Some(488));
        }
    };
    let offer = match channel.make_offer(&wish, call.beside).await {
        Ok(offer) => offer,
        Err(error) => {
            tracing::warn!("{}: {error}", channel.name());
            // No free port is a lack of ours, and no fault of the callee's.
            let lack = error.status() == 503;
            return failed(if lack { Cause::CONGESTION } else { Cause::INCOMPATIBLE });
        }
    };
    channel.sip_mut().names.call_id.clone_from(&call_id);
    let request = request(channel.exchange(), &call, channel, call_id, &flow, offer);
    let request = OutgoingRequest { others, ..request };
    let shard = channel.signalling.shard.clone();
    let timers = session::timers(&call.endpoint);
    channel.signalling.invite = Some(shard.invite(request, timers, channel.inbox()).await);
    let until = channel.until(LONGEST_RINGING);
    match until_answered(channel, &mut call, until).await {
        Ok(None) => {}
        Ok(Some(gone)) => return gone,
        Err(stop) => {
            channel.hang_up(bridge::cause_of(&stop)).await;
            return failed(channel.cause());
        }
    }
    // Answered: whoever called joins it, runs something on it first, or hangs up.
    let cause = bridge::go_on(channel, None).await;
    channel.hang_up(cause).await;
    Gone { answered: true, ..over(channel.cause(), None) }
}

fn request(
    exchange: &Exchange,
    call: &Call,
    channel: &Channel,
    call_id: String,
    flow: &Flow,
    offer: String,
) -> OutgoingRequest {
    let (host, port) = exchange.public_address(&call.endpoint, flow);
    let host = if host.is_ipv6() { format!("[{host}]") } else { host.to_string() };
    let endpoint = &call.endpoint;
    let nobody = exchange.anonymous_user();
    let from = identity::from(endpoint, &call.caller, &host, &nobody);
    let uri = identity::target(endpoint, &call.contact.uri);
    let mut headers = vec![("Allow".to_owned(), ALLOW.to_owned())];
    headers.extend(channel.info_packages());
    headers.extend(session::extensions(&exchange.config(), endpoint));
    headers.extend(identity::headers(endpoint, &call.caller, &host, Side::Calling));
    let facts = channel.sip();
    headers.extend(identity::diversion(endpoint, &facts.redirecting, &uri, &host));
    headers.extend(facts.headers.iter().cloned());
    headers.extend(proxy::max_forwards(exchange, facts.hops));
    OutgoingRequest {
        method: Method::Invite,
        to: format!("<{uri}>"),
        uri,
        destination: call.contact.destination,
        others: Vec::new(),
        from: identity::with_params(from, &facts.from_params),
        contact: Some(channel.signalling.contact.clone()),
        sent_by: format!("{host}:{port}"),
        route: call.contact.path.clone(),
        call_id: Some(call_id),
        headers,
        body: Some(message::sdp_body(offer)),
        logins: secrets::logins(&exchange.config(), &call.endpoint),
    }
}

/// Follows our INVITE until it is answered (`None`) or over.
async fn until_answered(
    channel: &mut Channel,
    call: &mut Call,
    until: Instant,
) -> Result<Option<Gone>, Stop> {
    let mut early = None;
    loop {
        let event = match channel.next_of_invite(until).await? {
            InviteNews::Deadline => {
                channel.hang_up(Cause::NO_ANSWER).await;
                return Ok(Some(over(Cause::NO_ANSWER, None)));
            }
            InviteNews::Sip(event) => event,
        };
        match *event {
            SipEvent::Provisional { dialog, response, .. } => {
                let taken = Taken { early, dialog };
                early = provisional(channel, call, &response, taken).await;
            }
            SipEvent::Answered { dialog, response, .. } => {
                let taken = Taken { early, dialog: Some(dialog) };
                return Ok(answered(channel, call, dialog, &response, taken).await);
            }
            SipEvent::InviteMoved { from, to, .. } => moved(channel, call, from, to),
            SipEvent::Rejected { response, .. } => {
                channel.signalling.invite = None;
                let status = response.status.code();
                let cause = message::cause_in(&response.headers)
                    .unwrap_or_else(|| Cause::from_status(status));
                channel.note_stop(cause);
                let forward = message::forward_of(&response);
                return Ok(Some(Gone { forward, ..over(cause, Some(status)) }));
            }
            SipEvent::InviteFailed { why, .. } => {
                channel.signalling.invite = None;
                let cause = match why {
                    Failure::Cancelled => Cause::NORMAL,
                    Failure::Timeout => Cause::NO_ANSWER,
                    Failure::Malformed | Failure::Glare { .. } => Cause::FAILURE,
                    Failure::Transport | Failure::DialogGone => Cause::SUBSCRIBER_ABSENT,
                };
                if matches!(why, Failure::Timeout | Failure::Transport) {
                    if call.contact.expires_at.is_none() {
                        channel.exchange().note_silent(call.contact.destination);
                    }
                    let mut registrar = channel.exchange().registrar();
                    registrar.set_reachable(&call.aor, &call.contact.uri, false);
                }
                channel.note_stop(cause);
                return Ok(Some(over(cause, None)));
            }
            _ => {}
        }
    }
}

/// One place gave no answer or said 503, and the INVITE went to the next.
fn moved(channel: &mut Channel, call: &mut Call, from: Destination, to: Destination) {
    tracing::info!("{}: no call through {from:?}; it goes to {to:?}", channel.name());
    channel.exchange().note_silent(from);
    call.contact.destination = to;
    let flow = flow_to(channel.exchange(), to);
    let is_secure = is_sips(&call.contact.uri);
    channel.signalling.contact =
        contact(channel.exchange(), &call.endpoint, &flow, None, is_secure);
    channel.signalling.flow = Some(flow);
}

fn over(cause: Cause, status: Option<u16>) -> Gone {
    Gone { cause, status, answered: false, forward: None }
}

/// Whose answer our offer has so far, and who answers now. Each fork has a dialog and an answer
/// of its own (RFC 3261 §13.2.2.4); the one heard is the one that spoke last.
#[derive(Clone, Copy, Debug)]
struct Taken {
    early: Option<DialogId>,
    dialog: Option<DialogId>,
}

impl Taken {
    /// Whether a description is news: the first answer, or that of another fork. A fork that
    /// repeats its own answer says nothing new.
    fn is_news(self, channel: &Channel, body: &[u8]) -> bool {
        !body.is_empty() && (channel.is_offering() || self.early != self.dialog)
    }
}

/// Returns whose answer our offer has now.
async fn provisional(
    channel: &mut Channel,
    call: &Call,
    response: &Response,
    taken: Taken,
) -> Option<DialogId> {
    let ringing = response.status.code() == 180;
    learn(channel, call, response).await;
    if ringing {
        channel.set_state(State::Ringing);
    }
    let news = taken.is_news(channel, &response.body);
    if news {
        if let Err(error) = channel.take_answer(&response.body).await {
            tracing::info!("{}: early media is unusable: {error}", channel.name());
        } else if let Some(peer) = channel.as_peer("") {
            tell(channel, call, BranchEvent::Progress(peer)).await;
        }
    }
    if ringing {
        tell(channel, call, BranchEvent::Ringing).await;
    }
    if news { taken.dialog } else { taken.early }
}

async fn answered(
    channel: &mut Channel,
    call: &mut Call,
    dialog: DialogId,
    response: &Response,
    taken: Taken,
) -> Option<Gone> {
    channel.signalling.invite = None;
    channel.signalling.dialog = Some(dialog);
    channel.signalling.said = 200;
    let shard = channel.signalling.shard.clone();
    if let Destination::Address { .. } = call.contact.destination
        && call.endpoint.rewrite_contact
    {
        let destination = call.contact.destination;
        shard.send(Command::Pin { dialog, destination }).await;
    }
    shard.send(Command::Ack { dialog, body: None }).await;
    channel.set_state(State::Up);
    channel.note_info_packages(&response.headers);
    learn(channel, call, response).await;
    let response_kept = Arc::new(response.clone());
    channel.sip_mut().answer = Some(Arc::clone(&response_kept));
    let kept = Control::AnswerHeaders(response_kept).into();
    let _ = call.owner.send(kept).await;
    if (channel.is_offering() || taken.is_news(channel, &response.body))
        && let Err(error) = channel.take_answer(&response.body).await
    {
        tracing::warn!("{}: the answer is unusable: {error}", channel.name());
        channel.hang_up(Cause::INCOMPATIBLE).await;
        return Some(over(Cause::INCOMPATIBLE, Some(488)));
    }
    if let Some(fax) = call.inherited.fax.take() {
        channel.begin_fax(fax);
    }
    let Some(peer) = channel.as_peer("") else {
        channel.hang_up(Cause::FAILURE).await;
        return Some(over(Cause::FAILURE, None));
    };
    channel.exchange().registrar().set_reachable(&call.aor, &call.contact.uri, true);
    tell(channel, call, BranchEvent::Answered(peer)).await;
    None
}

/// Who answers, as far as it is believed: the caller hears so.
async fn learn(channel: &mut Channel, call: &Call, response: &Response) {
    channel.learn_response(response).await;
    let party = channel.caller();
    let plain = party.name.is_empty() && party.number == call.dialled;
    if !plain {
        let party = Box::new(party.clone());
        let _ = call.owner.send(Control::Connected(party).into()).await;
    }
}

async fn tell(channel: &Channel, call: &Call, event: BranchEvent) {
    // The caller may be gone: its hangup is on the way to this channel then.
    let _ = call.owner.send((channel.id(), event).into()).await;
}
