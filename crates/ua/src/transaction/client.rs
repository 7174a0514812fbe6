//! Client transactions: a request of ours, its repetitions and the responses to it
//! (RFC 3261 §17.1, RFC 6026 §7.2).

use std::time::Duration;

use bytes::Bytes;
use sidetone_base::{Destination, Flow, FlowId};
use sidetone_sip::headers::{CSeq, TypedHeader as _, Via};
use sidetone_sip::{Carrier, Essentials, Limits, Message, Method, Name, Request, Response, Text};

use crate::api::{DialogId, Failure, InviteId, RequestId, Way};
use crate::digest::Proof;
use crate::stack::{Stack, Timer};

/// How long a peer may work on an INVITE inside a dialog: from each provisional response, which
/// comes every minute while somebody thinks (RFC 3261 §13.3.1.1; as timer C, §16.6). INVITEs that
/// begin a call are given up by whoever makes it.
const WORKING: Duration = Duration::from_secs(180);

/// A client transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ClientId(pub(crate) u64);

/// What a response is matched by (RFC 3261 §17.1.3).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ClientKey {
    pub(crate) branch: Text,
    pub(crate) method: Method,
}

/// What a request of ours is for, and so who hears the responses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Ends a dialog that is already forgotten; nobody hears more.
    Bye,
    /// The same once more, because a later request overtook the first.
    ByeAgain,
    /// Gives up an INVITE; what matters is the answer to that.
    Cancel,
    /// A request of the owner inside a dialog.
    InDialog(DialogId, RequestId),
    /// An INVITE of the owner.
    Invite(InviteId),
    /// The owner of the request is gone.
    Orphan,
    /// A request of the owner outside dialogs.
    Outside(RequestId),
    /// Acknowledges a reliable provisional response.
    Prack(DialogId),
    /// Refreshes a session.
    Refresh(DialogId),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ClientState {
    /// Nothing came back; the pause before the next repetition.
    Calling(Duration),
    /// A provisional response came.
    Proceeding(Duration),
    /// A final response came (INVITE: 300–699).
    Completed,
    /// A 2xx to INVITE came; more of them may follow (RFC 6026).
    Accepted,
}

/// A request of ours.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) request: Box<Request>,
    pub(crate) purpose: Purpose,
    pub(crate) destination: Destination,
    key: ClientKey,
    bytes: Bytes,
    datagrams: bool,
    state: ClientState,
    ack: Option<Bytes>,
    /// How challenges to it are answered.
    pub(crate) proof: Option<Box<Proof>>,
    /// Where it goes when it gets nowhere.
    pub(crate) others: Vec<Way>,
}

impl Client {
    /// Whether a provisional response came and no final one.
    pub(crate) fn is_proceeding(&self) -> bool {
        matches!(self.state, ClientState::Proceeding(_))
    }

    /// Whether no final response came.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.state, ClientState::Calling(_) | ClientState::Proceeding(_))
    }

    /// Whether nothing came back, and the pause between repetitions has grown to this.
    pub(crate) fn is_silent(&self, pause: Duration) -> bool {
        matches!(self.state, ClientState::Calling(now) if now >= pause)
    }

    /// The CSeq number of the request.
    pub(crate) fn cseq(&self) -> u32 {
        cseq_of(&self.request).map_or(0, |cseq| cseq.number)
    }
}

fn cseq_of(request: &Request) -> Option<CSeq> {
    request.headers.typed::<CSeq>().ok().flatten()
}

impl Stack {
    /// Sends a request whose Via is on top and keeps it going.
    pub(crate) fn open_client(
        &mut self,
        request: Box<Request>,
        destination: Destination,
        purpose: Purpose,
        proof: Option<Box<Proof>>,
        others: Vec<Way>,
    ) -> ClientId {
        let id = ClientId(self.fresh_id());
        let via = request.headers.typed::<Via>().ok().flatten();
        let branch = via.and_then(|via| via.branch().cloned()).unwrap_or_default();
        let key = ClientKey { branch, method: request.method.clone() };
        let bytes = request.to_bytes();
        let guessed = || crate::print::transport_in(&request.uri.to_text().to_str());
        let reliable = self.transport_of(destination).unwrap_or_else(guessed).is_reliable();
        let t1 = self.settings.t1;
        if !reliable {
            self.timers.set(Timer::ClientRepeat(id), self.now + t1);
        }
        // Timers B and F.
        self.timers.set(Timer::ClientTimeout(id), self.now + self.settings.patience());
        self.client_keys.insert(key.clone(), id);
        self.send(destination, bytes.clone());
        let client = Client {
            request,
            purpose,
            destination,
            key,
            bytes,
            datagrams: !reliable,
            state: ClientState::Calling(t1),
            ack: None,
            proof,
            others,
        };
        self.clients.insert(id, client);
        id
    }

    /// Timers A and E.
    pub(crate) fn repeat_request(&mut self, id: ClientId) {
        let t2 = self.settings.t2;
        let Some(client) = self.clients.get_mut(&id) else {
            return;
        };
        let invite = client.key.method == Method::Invite;
        let pause = match &mut client.state {
            // RFC 3261 §17.1.1.2: timer A doubles without bound; §17.1.2.2: E up to T2.
            ClientState::Calling(pause) if invite => {
                *pause = pause.saturating_mul(2);
                *pause
            }
            ClientState::Calling(pause) => {
                *pause = pause.saturating_mul(2).min(t2);
                *pause
            }
            ClientState::Proceeding(_) if invite => return,
            ClientState::Proceeding(pause) => {
                *pause = t2;
                *pause
            }
            ClientState::Completed | ClientState::Accepted => return,
        };
        let (destination, bytes) = (client.destination, client.bytes.clone());
        self.timers.set(Timer::ClientRepeat(id), self.now + pause);
        self.retransmitted_total += 1;
        self.send(destination, bytes);
    }

    /// Timers B and F.
    pub(crate) fn client_timeout(&mut self, id: ClientId) {
        self.fail_client(id, Failure::Timeout);
    }

    fn fail_client(&mut self, id: ClientId, why: Failure) {
        let Some(client) = self.clients.get_mut(&id) else {
            return;
        };
        if !client.is_open() {
            return;
        }
        let purpose = client.purpose;
        client.state = ClientState::Completed;
        if !self.go_elsewhere(id) {
            self.client_failed(purpose, why);
        }
        self.remove_client(id);
    }

    /// Forgets a transaction.
    pub(crate) fn remove_client(&mut self, id: ClientId) {
        for timer in [Timer::ClientRepeat(id), Timer::ClientTimeout(id), Timer::ClientLinger(id)] {
            self.timers.cancel(&timer);
        }
        let Some(client) = self.clients.remove(&id) else {
            return;
        };
        self.client_keys.remove(&client.key);
        if let Purpose::Invite(invite) = client.purpose {
            self.invite_done(invite, id);
        }
    }

    /// A response arrived.
    pub(crate) fn receive_response(&mut self, flow: Flow, response: Response) {
        let Ok(essentials) = Essentials::read_response(&response) else {
            self.dropped_total += 1;
            return;
        };
        let key = ClientKey {
            branch: essentials.via.branch().cloned().unwrap_or_default(),
            method: essentials.cseq.method.clone(),
        };
        // RFC 3261 §18.1.2: a response with more than our Via was not meant for us.
        let foreign = response.headers.items(Name::Via).nth(1).is_some();
        let Some(id) = self.client_keys.get(&key).copied().filter(|_| !foreign) else {
            self.dropped_total += 1;
            return;
        };
        if !self.response_fits(id, flow, &essentials) {
            self.dropped_total += 1;
            return;
        }
        if key.method == Method::Invite {
            self.invite_response(id, flow, response, &essentials);
        } else {
            self.other_response(id, flow, response, &essentials);
        }
    }

    /// Call-ID and CSeq must be those of the request: an extra fence around the branch.
    fn response_fits(&self, id: ClientId, _flow: Flow, essentials: &Essentials) -> bool {
        let Some(client) = self.clients.get(&id) else {
            return false;
        };
        let call_id = client.request.headers.value(Name::CallId);
        call_id == Some(&essentials.call_id.0) && client.cseq() == essentials.cseq.number
    }

    fn invite_response(
        &mut self,
        id: ClientId,
        flow: Flow,
        response: Response,
        essentials: &Essentials,
    ) {
        let status = response.status;
        let Some(client) = self.clients.get_mut(&id) else {
            return;
        };
        let (state, purpose, datagrams) = (client.state, client.purpose, client.datagrams);
        match state {
            ClientState::Calling(pause) | ClientState::Proceeding(pause) => {
                self.timers.cancel(&Timer::ClientRepeat(id));
                self.timers.cancel(&Timer::ClientTimeout(id));
                if status.is_provisional() {
                    client.state = ClientState::Proceeding(pause);
                    self.bound_work(id, purpose);
                } else if status.is_success() {
                    // Timer M (RFC 6026 §7.2).
                    client.state = ClientState::Accepted;
                    let patience = self.settings.patience();
                    self.timers.set(Timer::ClientLinger(id), self.now + patience);
                } else {
                    client.state = ClientState::Completed;
                    self.acknowledge_failure(id, &response);
                    // Timer D: at least 32 s over datagrams.
                    let patience = self.settings.patience().max(Duration::from_secs(32));
                    let linger = if datagrams { patience } else { Duration::ZERO };
                    self.timers.set(Timer::ClientLinger(id), self.now + linger);
                    if self.repeat_with_credentials(id, &response)
                        || self.leave_overloaded(id, &response)
                    {
                        return;
                    }
                }
                self.hand_up(purpose, flow, response, essentials);
            }
            ClientState::Completed if status.is_final() && !status.is_success() => {
                self.acknowledge_failure(id, &response);
            }
            ClientState::Accepted if status.is_success() => {
                self.hand_up(purpose, flow, response, essentials);
            }
            ClientState::Completed | ClientState::Accepted => {}
        }
    }

    /// A peer that is working on an INVITE of ours inside a dialog does not do so for ever.
    fn bound_work(&mut self, id: ClientId, purpose: Purpose) {
        let most = match purpose {
            Purpose::InDialog(..) | Purpose::Refresh(_) => WORKING,
            Purpose::Orphan => self.settings.patience(),
            _ => return,
        };
        self.timers.set(Timer::ClientTimeout(id), self.now + most);
    }

    /// The dialog of a request is gone: nobody hears of its end, which is waited for no longer
    /// than for any answer.
    pub(crate) fn orphan(&mut self, id: ClientId) {
        let Some(client) = self.clients.get_mut(&id) else {
            return;
        };
        client.purpose = Purpose::Orphan;
        if client.is_proceeding() && client.key.method == Method::Invite {
            self.bound_work(id, Purpose::Orphan);
        }
    }

    /// The ACK of a final response other than 2xx is part of the transaction (RFC 3261
    /// §17.1.1.3): same branch, same Request-URI, same routes, To with the response's tag.
    fn acknowledge_failure(&mut self, id: ClientId, response: &Response) {
        let Some(client) = self.clients.get_mut(&id) else {
            return;
        };
        let bytes = match &client.ack {
            Some(bytes) => bytes.clone(),
            None => {
                let ack = derived(&client.request, Method::Ack, response.headers.value(Name::To));
                let bytes = ack.to_bytes();
                client.ack = Some(bytes.clone());
                bytes
            }
        };
        let destination = client.destination;
        self.send(destination, bytes);
    }

    fn other_response(
        &mut self,
        id: ClientId,
        flow: Flow,
        response: Response,
        essentials: &Essentials,
    ) {
        let patience = self.settings.patience();
        let t4 = self.settings.t4;
        let Some(client) = self.clients.get_mut(&id) else {
            return;
        };
        let purpose = client.purpose;
        let (ClientState::Calling(pause) | ClientState::Proceeding(pause)) = client.state else {
            return;
        };
        if response.status.is_provisional() {
            client.state = ClientState::Proceeding(pause);
        } else {
            client.state = ClientState::Completed;
            let datagrams = client.datagrams;
            self.timers.cancel(&Timer::ClientRepeat(id));
            self.timers.cancel(&Timer::ClientTimeout(id));
            // Timer K.
            let linger = if datagrams { t4.min(patience) } else { Duration::ZERO };
            self.timers.set(Timer::ClientLinger(id), self.now + linger);
            if self.repeat_with_credentials(id, &response)
                || self.repeat_bye(id, &response)
                || self.leave_overloaded(id, &response)
            {
                return;
            }
        }
        self.hand_up(purpose, flow, response, essentials);
    }

    /// Sends the CANCEL of an INVITE (RFC 3261 §9.1).
    pub(crate) fn send_cancel(&mut self, id: ClientId, headers: &[(String, String)]) {
        let Some(client) = self.clients.get(&id).filter(|client| client.is_open()) else {
            return;
        };
        let destination = client.destination;
        let mut cancel = derived(&client.request, Method::Cancel, None);
        crate::print::add_headers(&mut cancel.headers, headers);
        self.open_client(Box::new(cancel), destination, Purpose::Cancel, None, Vec::new());
    }

    /// A flow closed: requests that wait for answers over it fail. Answers to requests sent to an
    /// address may still come over a new connection; those time out by themselves.
    pub(crate) fn fail_clients_of(&mut self, flow: FlowId) {
        let over = |client: &Client| client.destination == Destination::Flow(flow);
        let mut failed: Vec<ClientId> = self
            .clients
            .iter()
            .filter(|(_, client)| client.is_open() && over(client))
            .map(|(id, _)| *id)
            .collect();
        failed.sort_unstable();
        for id in failed {
            self.fail_client(id, Failure::Transport);
        }
    }

    /// A message of ours could not be delivered. Requests fail at once (RFC 3261 §17.1.4);
    /// responses are tried once more over a new connection; an ACK is missed and asked for again.
    pub(crate) fn send_failed(&mut self, bytes: &Bytes) {
        let request = match Message::parse(bytes, Carrier::Datagram, &Limits::DEFAULT) {
            Ok(Message::Request(request)) => request,
            Ok(Message::Response(response)) => {
                self.reroute_response(&response, bytes);
                return;
            }
            Err(_) => return,
        };
        let Some(via) = request.headers.typed::<Via>().ok().flatten() else {
            return;
        };
        let branch = via.branch().cloned().unwrap_or_default();
        let key = ClientKey { branch, method: request.method };
        if let Some(id) = self.client_keys.get(&key).copied() {
            self.fail_client(id, Failure::Transport);
        }
    }
}

/// ACK or CANCEL made out of an INVITE: Via, Route, From, To, Call-ID and the CSeq number are
/// those of the INVITE.
fn derived(invite: &Request, method: Method, to: Option<&Text>) -> Request {
    let mut request = Request::new(method.clone(), invite.uri.clone());
    for line in &invite.headers {
        let sidetone_sip::HeaderName::Known(name) = line.name else {
            continue;
        };
        match name {
            Name::Via if request.headers.has(Name::Via) => {}
            Name::Via | Name::Route | Name::From | Name::CallId | Name::MaxForwards => {
                request.headers.push(name, line.value.clone());
            }
            // RFC 3261 §22.1: an ACK proves itself as its INVITE did.
            Name::Authorization | Name::ProxyAuthorization if method == Method::Ack => {
                request.headers.push(name, line.value.clone());
            }
            Name::To => request.headers.push(name, to.unwrap_or(&line.value).clone()),
            Name::CSeq => {
                if let Some(cseq) = cseq_of(invite) {
                    let cseq = CSeq { number: cseq.number, method: method.clone() };
                    request.headers.push(name, cseq.to_text());
                }
            }
            _ => {}
        }
    }
    request
}
