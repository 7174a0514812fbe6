//! Step 4 of the INVITE walk: requests that begin something. Identify, authenticate, choose
//! context and extension, spawn the channel; or answer REGISTER and OPTIONS on the spot.
//!
//! Everything here is quick and synchronous: it runs in the shard's task.

use std::sync::Arc;

use sidetone_base::{Flow, Transport};
use sidetone_config::{Endpoint, Reliable};
use sidetone_dialplan::{Dialplan, Host as _, Position, Query, Stop};
use sidetone_sip::headers::{Accept, Replaces};
use sidetone_sip::uri::Scheme;
use sidetone_sip::{Host, Method, Name, Request, SipUri};
use sidetone_ua::api::{Call, Command, DialogId, Reply};
use tokio::sync::mpsc;

use crate::authenticate::{Authenticated, authenticate};
use crate::bridge;
use crate::channel::{
    Channel, ChannelEvent, NewChannel, PartyId, Signalling, SipFacts, State, Variables,
};
use crate::exchange::Exchange;
use crate::guard::caught;
use crate::message;
use crate::register;
use crate::replaces;
use crate::shard::ShardHandle;
use crate::text;
use sidetone_party::description;
use sidetone_party::identity;
use sidetone_party::secrets;
use sidetone_terms::session;

/// A new INVITE: the inbox of its channel, or the response that refuses it.
pub(crate) fn invite(
    exchange: &Exchange,
    shard: &ShardHandle,
    (dialog, local_tag): (DialogId, String),
    flow: Flow,
    mut request: Box<Request>,
) -> Result<mpsc::Sender<ChannelEvent>, Box<Reply>> {
    tracing::debug!(target: "walk", step = 4, "pbx/incoming");
    let who = authenticate(exchange, &flow, &request)?;
    admit(exchange)?;
    check_reliable(who.endpoint(), &request)?;
    description::keep(&mut request)?;
    check_accept(&request)?;
    replaces::check(&request)?;
    let exten = extension(&request)?;
    let context = who.endpoint().context.clone();
    let caller = identity::of_caller(who.endpoint(), &request);
    let takes_over = request.headers.has(Name::Replaces);
    if !takes_over && !exists(exchange, &context, &exten, &caller) {
        let further = &who.endpoint().speech.overlap_context;
        let further = if further.is_empty() { &context } else { further };
        if who.endpoint().allow_overlap && wants_more(exchange, further, &exten, &caller) {
            return Err(Box::new(message::refusal(484, "more digits are needed")));
        }
        tracing::info!(
            "call from '{}' ({}) to extension '{exten}' refused: not found in context '{context}'",
            who.endpoint().id,
            flow.remote
        );
        return Err(Box::new(message::refusal(404, "no such extension")));
    }
    let channel =
        channel(exchange, shard, (dialog, local_tag), flow, request, &who, caller, &exten);
    let inbox = channel.inbox();
    let has_offer = channel.request().is_some_and(|request| message::has_sdp(request));
    spawn(who, Box::new(channel), shard.clone(), dialog, has_offer);
    Ok(inbox)
}

/// `100rel=no` meets a peer that insists, `required` one that cannot (RFC 3262 §3).
fn check_reliable(endpoint: &Endpoint, request: &Request) -> Result<(), Box<Reply>> {
    let required = request.headers.lists(Name::Require, "100rel");
    let supported = required || request.headers.lists(Name::Supported, "100rel");
    let (status, header) = match endpoint.reliable_provisional {
        Reliable::No if required => (420, "Unsupported"),
        Reliable::Required if !supported => (421, "Require"),
        _ => return Ok(()),
    };
    let mut reply = message::reply(status);
    reply.headers.push((header.to_owned(), "100rel".to_owned()));
    Err(Box::new(reply))
}

/// Who does not take SDP cannot be answered (RFC 3261 §21.4.7, RFC 4475 §3.3.15). No Accept means
/// SDP.
fn check_accept(request: &Request) -> Result<(), Box<Reply>> {
    let accepted = request.headers.typed_all::<Accept>().unwrap_or_default();
    if accepted.is_empty() || accepted.iter().any(|accept| accept.covers("application/sdp")) {
        return Ok(());
    }
    Err(Box::new(message::refusal(406, "the answer to a call is application/sdp")))
}

/// Refuses calls beyond what the operator allows or while the exchange stops.
fn admit(exchange: &Exchange) -> Result<(), Box<Reply>> {
    let Some(words) = exchange.no_room() else { return Ok(()) };
    let mut reply = message::refusal(503, words);
    // Random, so that those who wait do not all come back in the same second.
    let seconds = 5 + sidetone_base::Random::below(&mut **exchange.random(), 10);
    reply.headers.push(("Retry-After".to_owned(), seconds.to_string()));
    Err(Box::new(reply))
}

/// The dialled extension: the user part of the Request-URI, or `s` without one.
fn extension(request: &Request) -> Result<String, Box<Reply>> {
    let exten = identity::number_of(&request.uri);
    if exten.len() > 255 || exten.chars().any(char::is_control) {
        return Err(Box::new(message::refusal(484, "the extension is too long or unprintable")));
    }
    Ok(if exten.is_empty() { "s".to_owned() } else { exten })
}

pub(crate) fn exists(exchange: &Exchange, context: &str, exten: &str, caller: &PartyId) -> bool {
    with_query(exchange, context, exten, caller, |plan, query| plan.find(query, 1).is_some())
}

/// Whether the digits are the beginning of an extension (overlap dialling, RFC 3578).
fn wants_more(exchange: &Exchange, context: &str, exten: &str, caller: &PartyId) -> bool {
    with_query(exchange, context, exten, caller, |plan, query| plan.lookup(query).wants_more())
}

fn with_query(
    exchange: &Exchange,
    context: &str,
    exten: &str,
    caller: &PartyId,
    ask: impl FnOnce(&Dialplan, &Query<'_>) -> bool,
) -> bool {
    let query = Query {
        context,
        extension: exten,
        caller: Some(caller.number.as_str()).filter(|number| !number.is_empty()),
        now: &|| exchange.wall_clock(),
    };
    ask(&exchange.dialplan(), &query)
}

#[expect(clippy::too_many_arguments, reason = "each is one fact of the INVITE; used once")]
fn channel(
    exchange: &Exchange,
    shard: &ShardHandle,
    (dialog, local_tag): (DialogId, String),
    flow: Flow,
    request: Box<Request>,
    who: &Authenticated,
    caller: PartyId,
    exten: &str,
) -> Channel {
    let endpoint = Arc::clone(who.endpoint());
    let reliable = wants_reliable(&endpoint, &request);
    let sip = SipFacts::of_request(&request, local_tag);
    let peer = message::contact_of(&request);
    let is_secure = request.uri.is_sips() || is_sips(&peer);
    let signalling = Signalling {
        shard: shard.clone(),
        contact: contact(exchange, &endpoint, &flow, None, is_secure),
        peer,
        flow: Some(flow),
        dialog: Some(dialog),
        invite: None,
        request: Some(Arc::from(request)),
        said: 0,
        reliable,
    };
    let position = Position::new(&endpoint.context, exten, 1);
    let mut channel = Channel::new(
        exchange.clone(),
        NewChannel {
            name: None,
            endpoint,
            signalling,
            state: State::Ring,
            connected: PartyId::new("", exten),
            sip,
            caller,
            position,
            variables: Variables::default(),
            linked_id: None,
        },
    );
    channel.take_endpoint_variables();
    channel
}

/// Whether provisional responses to this INVITE are sent reliably (`100rel`, RFC 3262 §3).
fn wants_reliable(endpoint: &Endpoint, request: &Request) -> bool {
    let required = request.headers.lists(Name::Require, "100rel");
    let supported = required || request.headers.lists(Name::Supported, "100rel");
    match endpoint.reliable_provisional {
        Reliable::No => false,
        Reliable::Yes => required,
        Reliable::Required | Reliable::PeerSupported => supported,
    }
}

/// Whether a URI demands that every hop be secured.
pub fn is_sips(uri: &str) -> bool {
    uri.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("sips:"))
}

/// Our Contact towards a peer: the address it can reach us by, the public one behind NAT; `sips:`
/// where the call is one (RFC 3261 §8.1.1.8, §12.1.1).
pub fn contact(
    exchange: &Exchange,
    endpoint: &Endpoint,
    flow: &Flow,
    user: Option<&str>,
    is_secure: bool,
) -> String {
    let (host, port) = exchange.public_address(endpoint, flow);
    let host = match host {
        std::net::IpAddr::V4(ip) => Host::V4(ip),
        std::net::IpAddr::V6(ip) => Host::V6(ip),
    };
    let mut uri = SipUri::new(user, host, Some(port));
    if is_secure {
        uri.scheme = Scheme::Sips;
    }
    // RFC 7118 §5: a browser's stack knows `ws`, whatever carries it. RFC 5630 §3.1.4: in a
    // `sips:` URI the scheme says that TLS is used.
    let transport = match flow.transport {
        Transport::Udp => None,
        Transport::Wss => Some("ws"),
        Transport::Tls if is_secure => Some("tcp"),
        other => Some(other.param_name()),
    };
    if let Some(name) = transport {
        uri = uri.with_param("transport", name.as_bytes().to_vec());
    }
    format!("<{}>", sidetone_sip::Uri::Sip(uri).to_text().to_str())
}

/// Runs the channel's task. A panic in it ends this call and no other. The channel is boxed: a
/// future has room for each place its arguments pass through, and would hold it three times.
fn spawn(
    who: Authenticated,
    channel: Box<Channel>,
    shard: ShardHandle,
    dialog: DialogId,
    has_offer: bool,
) {
    let name = channel.name().to_owned();
    tokio::spawn(async move {
        if caught(run(who, channel, has_offer)).await.is_none() {
            tracing::error!("{name}: a fault of the exchange ended this call");
            let failed = message::refusal(500, "internal fault");
            shard.respond_invite(dialog, failed, false).await;
            shard.send(Command::Bye { dialog, headers: Vec::new() }).await;
        }
    });
}

/// The life of an incoming channel: media is planned, the dialplan runs, everything is given
/// back.
async fn run(who: Authenticated, mut channel: Box<Channel>, has_offer: bool) {
    let start = channel.position();
    tracing::debug!(target: "walk", step = 5, "pbx/channel");
    tracing::debug!("{}: call of {}", channel.name(), who.endpoint().id);
    if let Some(dialog) = channel.signalling.dialog {
        let (of, timers) = (Call::Incoming(dialog), session::timers(who.endpoint()));
        channel.signalling.shard.send(Command::SessionTimers { of, timers }).await;
        let logins = secrets::logins(&channel.exchange().config(), who.endpoint());
        if let Some(logins) = logins {
            channel.signalling.shard.send(Command::Login { dialog, logins }).await;
        }
    }
    // What is over before the dialplan runs, and what begins after it, is boxed: the future of the
    // task is held as long as the call.
    if has_offer && let Err(error) = Box::pin(channel.plan_media()).await {
        tracing::warn!("{}: {error}", channel.name());
        Box::pin(channel.refuse_media(&error)).await;
        return;
    }
    let replaces = channel.request().and_then(|it| it.headers.typed::<Replaces>().ok().flatten());
    if let Some(replaces) = replaces {
        replaces::take_over(&mut channel, &replaces).await;
        return;
    }
    let cause = bridge::go_on(&mut channel, Some(Stop::Redirect(start))).await;
    Box::pin(channel.hang_up(cause)).await;
}

/// A request outside dialogs other than INVITE.
pub(crate) fn request(exchange: &Exchange, flow: Flow, request: &Request) -> Reply {
    let modules = &exchange.config().modules;
    match request.method {
        Method::Register if modules.is_off("res_pjsip_registrar") => message::not_allowed(request),
        Method::Message if modules.is_off("res_pjsip_messaging") => message::not_allowed(request),
        Method::Register => match authenticate(exchange, &flow, request) {
            Ok(who) => register::register(exchange, &who, &flow, request),
            Err(reply) => *reply,
        },
        Method::Options => options(exchange, &flow, request),
        Method::Message => match authenticate(exchange, &flow, request) {
            Ok(who) => text::received(exchange, &who, flow, request),
            Err(reply) => *reply,
        },
        _ => message::not_allowed(request),
    }
}

/// OPTIONS: what an INVITE to the same URI would meet (RFC 3261 §11.2).
fn options(exchange: &Exchange, flow: &Flow, request: &Request) -> Reply {
    let who = match authenticate(exchange, flow, request) {
        Ok(who) => who,
        Err(reply) => return *reply,
    };
    let exten = message::user_of(&request.uri).unwrap_or_else(|| "s".to_owned());
    let caller = identity::of_caller(who.endpoint(), request);
    let pings_us = exten == "s" || message::user_of(&request.uri).is_none();
    let found = pings_us || exists(exchange, &who.endpoint().context, &exten, &caller);
    let supported = session::supported(exchange.supported(), &exchange.config(), who.endpoint());
    message::abilities(if found { 200 } else { 404 }, &supported)
}
