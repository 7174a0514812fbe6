//! Texts: a MESSAGE outside calls runs the dialplan (RFC 3428), MESSAGEs go out, and a text in a
//! call passes to the other side. Step 4 of the INVITE walk, for another method.

use std::sync::Arc;
use std::time::Duration;

use sidetone_base::{Flow, Random};
use sidetone_config::Endpoint;
use sidetone_dialplan::Position;
use sidetone_sip::{HeaderName, Method, Name, Request};
use sidetone_ua::api::{Body, OutgoingRequest, Reply};

use crate::Cause;
use crate::authenticate::Authenticated;
use crate::channel::{Channel, Control, NewChannel, Signalling, SipFacts, State, Variables};
use crate::exchange::Exchange;
use crate::guard::caught;
use crate::message;
use crate::outgoing::flow_of;
use crate::party::PartyId;
use crate::proxy;
use crate::registrar::Contact;
use sidetone_party::identity;
use sidetone_party::seats::{Full, Seat};
use sidetone_party::secrets;

/// How long the dialplan of a text may run. Passing it on or asking a web service takes less, and
/// whoever writes does not wait for longer; what goes in a circle ends here.
const LONGEST_RUN: Duration = Duration::from_secs(30);

/// Longest text that is taken, in bytes. RFC 3428 §8 sets 1,300 for a way that may be UDP; what
/// came whole may be longer.
const LONGEST: usize = 16 * 1024;

/// Headers a text keeps for the dialplan.
const MOST_HEADERS: usize = 64;

/// A text outside calls, as `MESSAGE()` and `MESSAGE_DATA()` see it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextMessage {
    /// Whom it is for, as in `pjsip:100@192.0.2.1`.
    pub to: String,
    /// Who wrote it, as in From.
    pub from: String,
    /// The text.
    pub body: String,
    /// Its type; empty for `text/plain`.
    pub content_type: String,
    /// Headers that came with it, or that go with it.
    pub data: Vec<(String, String)>,
}

impl TextMessage {
    /// Adds or changes a header that goes with it; an empty value takes it away. False when there
    /// are too many.
    pub fn set_data(&mut self, name: &str, value: &str) -> bool {
        self.data.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        if value.is_empty() {
            return true;
        }
        let fits = self.data.len() < MOST_HEADERS;
        if fits {
            self.data.push((name.to_owned(), value.to_owned()));
        }
        fits
    }
}

/// A MESSAGE outside calls.
pub(crate) fn received(
    exchange: &Exchange,
    who: &Authenticated,
    flow: Flow,
    request: &Request,
) -> Reply {
    let kind = message::text_of(request, Name::ContentType);
    let is_text = kind.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("text/"));
    if !is_text {
        let mut reply = message::reply(415);
        reply.headers.push(("Accept".to_owned(), "text/plain".to_owned()));
        return reply;
    }
    if request.body.len() > LONGEST {
        return message::refusal(413, "a text may have 16 KiB");
    }
    let endpoint = who.endpoint();
    let context = if endpoint.message_context.is_empty() {
        endpoint.context.clone()
    } else {
        endpoint.message_context.clone()
    };
    let exten = identity::number_of(&request.uri);
    let exten = if exten.is_empty() { "s".to_owned() } else { exten };
    let caller = identity::of_caller(endpoint, request);
    if !crate::incoming::exists(exchange, &context, &exten, &caller) {
        return message::refusal(404, "no such extension for texts");
    }
    if exchange.is_draining() {
        return later(endpoint, "the exchange is stopping");
    }
    let seat = match exchange.text_seats().take(&endpoint.id) {
        Ok(seat) => seat,
        Err(Full::Share) => return later(endpoint, "too many of your texts at once"),
        Err(Full::All) => return later(endpoint, "too many texts at once"),
    };
    let channel = channel(exchange, endpoint, flow, request, caller, &context, &exten);
    spawn(channel, Position::new(&context, &exten, 1), seat);
    message::reply(202)
}

fn later(endpoint: &Endpoint, words: &str) -> Reply {
    tracing::info!("a text from '{}' is refused: {words}", endpoint.id);
    let mut reply = message::refusal(503, words);
    reply.headers.push(("Retry-After".to_owned(), "5".to_owned()));
    reply
}

fn channel(
    exchange: &Exchange,
    endpoint: &Arc<Endpoint>,
    flow: Flow,
    request: &Request,
    caller: PartyId,
    context: &str,
    exten: &str,
) -> Channel {
    let call_id = message::text_of(request, Name::CallId);
    let signalling = Signalling {
        shard: exchange.shard_of(call_id.as_bytes()).clone(),
        peer: message::contact_of(request),
        contact: String::new(),
        flow: Some(flow),
        dialog: None,
        invite: None,
        request: Some(Arc::new(request.clone())),
        said: 200,
        reliable: false,
    };
    let mut sip = SipFacts::of_request(request, String::new());
    sip.message = Some(Box::new(read(request)));
    let mut channel = Channel::new(
        exchange.clone(),
        NewChannel {
            name: Some("Message/ast_msg_queue".to_owned()),
            endpoint: Arc::clone(endpoint),
            signalling,
            // There is nothing to answer.
            state: State::Up,
            connected: PartyId::new("", exten),
            caller,
            position: Position::new(context, exten, 1),
            variables: Variables::default(),
            sip,
            linked_id: None,
        },
    );
    channel.take_endpoint_variables();
    channel
}

fn read(request: &Request) -> TextMessage {
    let uri = request.uri.to_text().to_str().into_owned();
    let to = uri.strip_prefix("sip:").or_else(|| uri.strip_prefix("sips:")).unwrap_or(&uri);
    let from = message::text_of(request, Name::From);
    let from = from.split(";tag=").next().unwrap_or_default().to_owned();
    let own = |name: &HeaderName| {
        [Name::Via, Name::Route, Name::Authorization, Name::ProxyAuthorization]
            .iter()
            .any(|known| name.matches(*known))
    };
    let lines = request.headers.iter().filter(|line| !own(&line.name)).take(MOST_HEADERS);
    let data = lines.map(|line| {
        let name = String::from_utf8_lossy(line.name.as_bytes()).into_owned();
        (name, line.value.to_str().into_owned())
    });
    TextMessage {
        to: format!("pjsip:{to}"),
        from,
        body: String::from_utf8_lossy(&request.body).into_owned(),
        content_type: message::text_of(request, Name::ContentType),
        data: data.collect(),
    }
}

/// Runs the dialplan of a text. What goes wrong in it ends with it.
fn spawn(mut channel: Channel, start: Position, seat: Seat) {
    tokio::spawn(async move {
        let (inbox, sender) = (channel.inbox(), channel.endpoint().id.clone());
        let mut run = Box::pin(caught(sidetone_dialplan::run(&mut channel, start.clone())));
        let ended = match tokio::time::timeout(LONGEST_RUN, &mut run).await {
            Ok(ended) => ended,
            Err(_) => {
                tracing::warn!(
                    "the dialplan of a text from '{sender}' at {start} runs for {} seconds and is \
                     ended: does it go in a circle?",
                    LONGEST_RUN.as_secs()
                );
                // Nobody else writes into it, so that there is room.
                let _ = inbox.try_send(Control::Hangup(Cause::NORMAL).into());
                run.await
            }
        };
        if ended.is_none() {
            tracing::error!("a fault of the exchange ended the dialplan of a text");
        }
        drop(seat);
    });
}

/// Where a text goes and what it says of its sender.
#[derive(Debug)]
pub struct Sending {
    /// Whose settings hold.
    pub endpoint: Arc<Endpoint>,
    /// Where it goes.
    pub contact: Contact,
    /// Who wrote it.
    pub from: PartyId,
    /// To, when it is not the contact.
    pub to: Option<String>,
    /// The text and its headers.
    pub message: TextMessage,
    /// How many exchanges and proxies it may pass yet, if it came from one.
    pub hops: Option<u8>,
}

/// Sends a MESSAGE outside calls. Challenges are answered; nobody hears of its end.
pub async fn send(exchange: &Exchange, sending: Sending) {
    let Sending { endpoint, mut contact, from, to, message, hops } = sending;
    let others = proxy::aim(exchange, None, &mut contact);
    let flow = flow_of(exchange, &contact);
    let (host, port) = exchange.public_address(&endpoint, &flow);
    let host = if host.is_ipv6() { format!("[{host}]") } else { host.to_string() };
    let call_id = Random::token(&mut **exchange.random(), 32);
    let shard = exchange.shard_of(call_id.as_bytes()).clone();
    let mut headers = identity::headers(&endpoint, &from, &host, identity::Side::Calling);
    headers.extend(proxy::max_forwards(exchange, hops));
    headers.extend(message.data.into_iter().filter(|(name, _)| is_extension(name)));
    let kind = if message.content_type.is_empty() {
        "text/plain;charset=UTF-8".to_owned()
    } else {
        message.content_type
    };
    let request = OutgoingRequest {
        method: Method::Message,
        uri: contact.uri.clone(),
        destination: contact.destination,
        others: proxy::written(exchange, &endpoint, others, &contact.uri),
        from: identity::from(&endpoint, &from, &host, &exchange.anonymous_user()),
        to: to.unwrap_or_else(|| format!("<{}>", contact.uri)),
        contact: None,
        sent_by: format!("{host}:{port}"),
        route: contact.path,
        call_id: Some(call_id),
        headers,
        body: Some(Body { content_type: kind, bytes: message.body.into_bytes().into() }),
        logins: secrets::logins(&exchange.config(), &endpoint),
    };
    shard.send_outside(request).await;
}

/// Whether a header is about the text: what is about its way the exchange writes itself.
fn is_extension(name: &str) -> bool {
    let about_the_text = [
        Name::Subject,
        Name::Priority,
        Name::ReplyTo,
        Name::Organization,
        Name::InReplyTo,
        Name::Date,
        Name::CallInfo,
    ];
    Name::lookup(name.as_bytes()).is_none_or(|name| about_the_text.contains(&name))
}
