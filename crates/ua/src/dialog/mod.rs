//! Dialogs (RFC 3261 §12) and the calls in them: state, route sets, where requests go.

use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;
use sidetone_base::{Destination, Flow, FlowId, Transport};
use sidetone_sip::headers::{CSeq, Contact, RecordRoute, Route, TypedHeader as _};
use sidetone_sip::{Headers, Method, Name, Request, Scheme, SipUri, Text, Uri};

use crate::api::{DialogId, Ended, Event, Failure, InviteId, RequestId, TransactionId};
use crate::digest::Proof;
use crate::print::transport_in;
use crate::stack::{Stack, Timer};
use crate::transaction::{ClientId, Purpose};

mod inside;
mod reliable;
mod session;
mod uac;
mod uas;
mod usage;

pub(crate) use reliable::Reliable;
pub(crate) use session::Session;
pub(crate) use usage::Usages;

/// What a message inside a dialog is matched by (RFC 3261 §12.2.2).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct DialogKey {
    pub(crate) call_id: Text,
    pub(crate) local_tag: Text,
    pub(crate) remote_tag: Text,
}

/// Who made the dialog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The peer's INVITE.
    Incoming(TransactionId),
    /// Our INVITE.
    Outgoing(InviteId),
    /// A SUBSCRIBE or REFER of the peer.
    Subscription,
}

/// How far the dialog is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// No 2xx yet.
    Early,
    /// 2xx sent or received.
    Confirmed,
}

/// Where the peer is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reach {
    /// The flow the peer's last message came over, or the first request went over.
    pub(crate) flow: Option<Flow>,
    /// Where our INVITE went, for dialogs of ours.
    pub(crate) first: Option<Destination>,
    /// The owner's choice.
    pub(crate) pinned: Option<Destination>,
}

/// A 2xx of ours that waits for its ACK.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) cseq: u32,
    pub(crate) bytes: Bytes,
    pub(crate) destination: Destination,
    pub(crate) pause: std::time::Duration,
}

/// The ACK of a 2xx of the peer.
#[derive(Debug)]
pub(crate) struct SentAck {
    cseq: u32,
    bytes: Bytes,
    destination: Destination,
}

/// An INVITE of ours outside a dialog.
#[derive(Debug)]
pub(crate) struct OutgoingInvite {
    pub(crate) client: ClientId,
    pub(crate) dialogs: Vec<(Text, DialogId)>,
    pub(crate) sent_by: Text,
    pub(crate) contact: Option<Text>,
    pub(crate) timers: crate::settings::SessionTimers,
    pub(crate) cancel: Cancelling,
    pub(crate) retries: u32,
}

/// Whether the owner gave the INVITE up.
#[derive(Debug)]
pub(crate) enum Cancelling {
    /// No.
    Not,
    /// Yes, but nothing came back yet, so CANCEL must wait.
    Queued(Vec<(String, String)>),
    /// Yes, and CANCEL was sent.
    Sent,
    /// A 2xx came before: the INVITE is over.
    Over,
}

/// A dialog.
#[derive(Debug)]
pub(crate) struct Dialog {
    pub(crate) key: DialogKey,
    /// Our From (or To) value, with tag.
    pub(crate) local: Text,
    /// The peer's.
    pub(crate) remote: Text,
    pub(crate) local_seq: u32,
    pub(crate) remote_seq: Option<u32>,
    pub(crate) target: Uri,
    pub(crate) routes: Vec<Text>,
    pub(crate) contact: Option<Text>,
    pub(crate) sent_by: Text,
    pub(crate) reach: Reach,
    pub(crate) stage: Stage,
    pub(crate) origin: Origin,
    pub(crate) answer: Option<Answer>,
    pub(crate) ack: Option<SentAck>,
    /// CSeq of a 2xx of the peer that the owner has not acknowledged yet.
    pub(crate) unacknowledged: Option<u32>,
    pub(crate) reliable: Reliable,
    pub(crate) session: Session,
    /// Our requests inside the dialog that wait for an answer.
    pub(crate) requests: Vec<(RequestId, ClientId)>,
    /// The peer's requests that wait for ours.
    pub(crate) pending: Vec<TransactionId>,
    /// The owner ended the dialog while its 2xx waited for ACK; BYE must wait for it too
    /// (RFC 3261 §15). With the headers of the BYE.
    pub(crate) closing: Option<Vec<(String, String)>>,
    /// What an INVITE of the peer was told last, and whether it had to arrive.
    pub(crate) told: Option<(u16, bool)>,
    /// Subscriptions that REFER made in the dialog.
    pub(crate) usages: Usages,
    /// How we answer challenges.
    pub(crate) proof: Option<Box<Proof>>,
    /// The credentials of our last INVITE, which its ACK repeats (RFC 3261 §22.1).
    pub(crate) ack_credentials: Vec<(Name, Text)>,
}

/// A request inside a dialog, ready but for its Via, and where it goes.
pub(crate) struct Prepared {
    pub(crate) request: Request,
    pub(crate) destination: Destination,
    pub(crate) proof: Option<Box<Proof>>,
}

impl Dialog {
    /// Whether a 2xx was sent or received.
    pub(crate) fn is_confirmed(&self) -> bool {
        self.stage == Stage::Confirmed
    }

    /// RFC 3891 §3.
    pub(crate) fn may_be_replaced(&self) -> bool {
        let call = !self.usages.call_is_over && self.closing.is_none();
        match self.origin {
            Origin::Subscription => false,
            Origin::Incoming(_) => call && self.is_confirmed(),
            Origin::Outgoing(_) => call,
        }
    }

    /// Reads the peer's Contact: the remote target.
    pub(crate) fn refresh_target(&mut self, headers: &Headers) {
        if let Ok(Some(contact)) = headers.typed::<Contact>()
            && let Some(uri) = contact.uri()
        {
            self.target = uri.clone().without_headers();
        }
    }

    /// The next request of ours in this dialog (RFC 3261 §12.2.1.1). ACK keeps the number of its
    /// INVITE.
    pub(crate) fn prepare(&mut self, method: Method, cseq: Option<u32>) -> Prepared {
        let number = cseq.unwrap_or_else(|| {
            self.local_seq = self.local_seq.wrapping_add(1) & 0x7FFF_FFFF;
            self.local_seq
        });
        let first = self.routes.first().and_then(|route| Route::parse(route).ok());
        let mut routes = self.routes.clone();
        let (uri, next_hop) = match first {
            None => (self.target.clone(), self.target.clone()),
            Some(route) if route.uri.as_sip().is_some_and(SipUri::is_loose_router) => {
                (self.target.clone(), route.uri.clone())
            }
            // A strict router: it takes the place of the target, which moves to the end.
            Some(route) => {
                routes.remove(0);
                routes.push(Text::from(format!("<{}>", self.target)));
                (route.uri.clone(), route.uri.clone())
            }
        };
        let mut request = Request::new(method.clone(), uri);
        for route in routes {
            request.headers.push(Name::Route, route);
        }
        request.headers.push(Name::From, self.local.clone());
        request.headers.push(Name::To, self.remote.clone());
        request.headers.push(Name::CallId, self.key.call_id.clone());
        request.headers.push(Name::CSeq, CSeq { number, method: method.clone() }.to_text());
        let refreshes = matches!(
            method,
            Method::Invite | Method::Update | Method::Subscribe | Method::Notify | Method::Refer
        );
        if let Some(contact) = self.contact.as_ref().filter(|_| refreshes) {
            request.headers.push(Name::Contact, contact.clone());
        }
        let destination = self.reach.to(&next_hop);
        let proof = match (&request.method, &mut self.proof) {
            (Method::Ack, _) | (_, None) => None,
            (_, Some(proof)) => Some(Box::new(proof.next())),
        };
        Prepared { request, destination, proof }
    }

    /// Whether the peer can be reached over its connection only.
    fn is_bound_to(&self, flow: FlowId) -> bool {
        let destination = match self.routes.first().map(Route::parse) {
            Some(Ok(route)) => self.reach.to(&route.uri),
            _ => self.reach.to(&self.target),
        };
        destination == Destination::Flow(flow)
    }
}

impl Reach {
    /// Where a request for `uri` goes. Addresses are used as written, unless the peer is a
    /// WebSocket client, asked for its flow (RFC 5626 `ob`), or sits behind a NAT: then, and for
    /// names, which only the owner can resolve, its flow.
    pub(crate) fn to(&self, uri: &Uri) -> Destination {
        if let Some(pinned) = self.pinned {
            return pinned;
        }
        let known = self.flow.map(|flow| Destination::Flow(flow.id)).or(self.first);
        let sip = uri.as_sip();
        let direct = sip.and_then(|sip| self.direct(sip));
        // Without a flow and an address there is nowhere to go: port 9 of the unspecified
        // address is refused by the sockets and the request fails at once.
        let nowhere =
            Destination::Address { transport: Transport::Udp, remote: ([0, 0, 0, 0], 9).into() };
        direct.or(known).unwrap_or(nowhere)
    }

    fn direct(&self, uri: &SipUri) -> Option<Destination> {
        let ip = uri.host.ip()?;
        let named = uri.params.has("transport") || uri.scheme == Scheme::Sips;
        let transport = match self.flow {
            Some(flow) if !named && flow.remote.ip() == ip => flow.transport,
            _ => transport_in(&Uri::Sip(uri.clone()).to_text().to_str()),
        };
        let remote = SocketAddr::new(ip, uri.port.unwrap_or(transport.default_port()));
        let Some(flow) = self.flow else {
            return Some(Destination::Address { transport, remote });
        };
        let web = matches!(flow.transport, Transport::Ws | Transport::Wss);
        let behind_nat = flow.remote.ip() != ip && is_private(ip);
        let same = flow.remote == remote && flow.transport == transport;
        if web || behind_nat || same || uri.params.has("ob") {
            return None;
        }
        Some(Destination::Address { transport, remote })
    }
}

/// Addresses that mean nothing outside their own network (RFC 1918, RFC 6598, RFC 4193).
fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => {
            let shared = matches!(v4.octets(), [100, second, ..] if second & 0xC0 == 64);
            v4.is_private() || v4.is_link_local() || v4.is_loopback() || shared
        }
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

/// The route set of the side that received the headers: the callee takes Record-Route in order,
/// the caller in reverse (RFC 3261 §12.1).
pub(crate) fn record_routes(headers: &Headers, reversed: bool) -> Vec<Text> {
    let routes = headers.typed_all::<RecordRoute>().unwrap_or_default();
    let mut routes: Vec<Text> = routes.iter().map(|route| route.to_text()).collect();
    if reversed {
        routes.reverse();
    }
    routes
}

/// The credentials a request carries.
pub(crate) fn credentials_in(request: &Request) -> Vec<(Name, Text)> {
    let kinds = [Name::Authorization, Name::ProxyAuthorization];
    let all = kinds
        .into_iter()
        .flat_map(|name| request.headers.lines(name).map(move |value| (name, value.clone())));
    all.collect()
}

impl Stack {
    /// Enters a dialog into the tables.
    pub(crate) fn insert_dialog(&mut self, id: DialogId, dialog: Dialog) {
        self.dialog_keys.insert(dialog.key.clone(), id);
        self.dialogs.insert(id, Box::new(dialog));
    }

    /// The dialog a received message belongs to: our tag is in To for requests.
    pub(crate) fn find_dialog(
        &self,
        call_id: &Text,
        local: &Text,
        remote: &Text,
    ) -> Option<DialogId> {
        let key = DialogKey {
            call_id: call_id.clone(),
            local_tag: local.clone(),
            remote_tag: remote.clone(),
        };
        self.dialog_keys.get(&key).copied()
    }

    /// Forgets a dialog: its timers stop, requests that wait in it fail, the peer's are answered
    /// 487 (RFC 3261 §15.1.2).
    pub(crate) fn end_dialog(&mut self, id: DialogId) {
        let Some(dialog) = self.dialogs.remove(&id) else {
            return;
        };
        if self.dialog_keys.get(&dialog.key) == Some(&id) {
            self.dialog_keys.remove(&dialog.key);
        }
        for timer in [
            Timer::AnswerRepeat(id),
            Timer::AnswerGiveUp(id),
            Timer::FlowGrace(id),
            Timer::ReliableRepeat(id),
            Timer::ReliableGiveUp(id),
            Timer::RingingRepeat(id),
            Timer::SessionRefresh(id),
            Timer::SessionExpire(id),
            Timer::UsageGuard(id),
        ] {
            self.timers.cancel(&timer);
        }
        for (request_id, client) in dialog.requests {
            self.orphan(client);
            self.emit(Event::RequestFailed { request_id, why: Failure::DialogGone });
        }
        // An INVITE that nobody answered yet must not wait for ever.
        if let (Origin::Incoming(invite), Stage::Early) = (dialog.origin, dialog.stage) {
            self.respond_plain(invite, sidetone_sip::Status::TERMINATED);
        }
        for transaction in dialog.pending {
            self.respond_plain(transaction, sidetone_sip::Status::TERMINATED);
        }
    }

    /// Completes a prepared request and sends it.
    pub(crate) fn send_inside(
        &mut self,
        prepared: Prepared,
        sent_by: &Text,
        purpose: Purpose,
    ) -> ClientId {
        let Prepared { mut request, destination, proof } = prepared;
        let uri = request.uri.to_text();
        let via = self.via(destination, &sent_by.to_str(), &uri.to_str());
        self.sign_request(&mut request, &via);
        if let Some(proof) = &proof {
            self.prove(&mut request, proof);
        }
        self.note_credentials(&request, purpose);
        self.open_client(Box::new(request), destination, purpose, proof, Vec::new())
    }

    /// Remembers the credentials of an INVITE inside a dialog for its ACK.
    pub(crate) fn note_credentials(&mut self, request: &Request, purpose: Purpose) {
        if let (Method::Invite, Purpose::InDialog(id, _) | Purpose::Refresh(id)) =
            (&request.method, purpose)
            && let Some(dialog) = self.dialogs.get_mut(&id)
        {
            dialog.ack_credentials = credentials_in(request);
        }
    }

    /// Sends BYE and forgets the dialog.
    pub(crate) fn hang_up(&mut self, id: DialogId, headers: &[(String, String)]) {
        let Some(dialog) = self.dialogs.get_mut(&id) else {
            return;
        };
        let sent_by = dialog.sent_by.clone();
        let mut prepared = dialog.prepare(Method::Bye, None);
        crate::print::add_headers(&mut prepared.request.headers, headers);
        self.end_call(id);
        self.send_inside(prepared, &sent_by, Purpose::Bye);
    }

    /// The stack ends a dialog by itself.
    pub(crate) fn end_with(&mut self, id: DialogId, why: Ended) {
        if !self.dialogs.contains_key(&id) {
            return;
        }
        let call = self.dialogs.get(&id).is_some_and(|dialog| {
            dialog.stage == Stage::Confirmed
                && dialog.origin != Origin::Subscription
                && !dialog.usages.call_is_over
        });
        match why {
            Ended::NoAck | Ended::SessionExpired | Ended::PeerGone if call => {
                self.hang_up(id, &[]);
            }
            _ => self.end_dialog(id),
        }
        self.emit(Event::Ended { dialog: id, why });
    }

    /// The peer's connection closed. A browser is back in a moment; a phone that listens can be
    /// called back.
    pub(crate) fn detach_dialogs_of(&mut self, flow: FlowId, known: Option<Flow>) {
        let on_it = |dialog: &Dialog| {
            let own = dialog.reach.flow.map(|flow| flow.id);
            own == Some(flow) || dialog.reach.first == Some(Destination::Flow(flow))
        };
        let mut bound = Vec::new();
        for (id, dialog) in self.dialogs.iter_mut().filter(|(_, dialog)| on_it(dialog)) {
            if dialog.is_bound_to(flow) {
                // A TCP or TLS phone may be dialled at its Contact when that is an address.
                let stream = known
                    .is_some_and(|flow| matches!(flow.transport, Transport::Tcp | Transport::Tls));
                let listening = dialog.target.as_sip().and_then(|uri| {
                    let mut reach = dialog.reach;
                    reach.flow = None;
                    reach.direct(uri).filter(|_| stream && dialog.routes.is_empty())
                });
                match listening {
                    Some(destination) => {
                        dialog.reach.flow = None;
                        dialog.reach.first = Some(destination);
                    }
                    None => bound.push(*id),
                }
            }
        }
        bound.sort_unstable();
        for id in bound {
            self.timers.set(Timer::FlowGrace(id), self.now + self.settings.flow_grace);
        }
    }

    /// A message of the peer came over this flow: answer there from now on.
    pub(crate) fn attach_dialog(&mut self, id: DialogId, flow: Flow) {
        self.timers.cancel(&Timer::FlowGrace(id));
        if let Some(dialog) = self.dialogs.get_mut(&id) {
            dialog.reach.flow = Some(flow);
        }
    }

    /// The peer did not come back.
    pub(crate) fn give_up_flow(&mut self, id: DialogId) {
        self.end_with(id, Ended::Transport);
    }
}
