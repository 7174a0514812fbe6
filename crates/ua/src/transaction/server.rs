//! Server transactions: a request that arrived, the responses to it and their repetitions
//! (RFC 3261 §17.2, RFC 6026 §7.1). The 2xx to INVITE is repeated by `dialog`, not here.

use bytes::Bytes;
use sidetone_base::{Destination, Flow, Transport};
use sidetone_sip::{Essentials, Headers, Method, Request, Response, Status};

use super::{MergeKey, ServerKey, unique_key};
use crate::api::{DialogId, TransactionId};
use crate::settings::ResponsePort;
use crate::stack::{Stack, Timer};

/// Who answers the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ServerOwner {
    /// The owner, by the dialog the INVITE will make.
    Invite(DialogId),
    /// The owner; the request came inside a dialog.
    InDialog(DialogId),
    /// The owner; the request came outside any dialog.
    Outside,
    /// The stack itself.
    Stack,
}

/// RFC 3261 §17.2. Non-INVITE transactions use Trying, Completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ServerState {
    /// No final response yet.
    Proceeding,
    /// Final response sent (for INVITE: 300–699, not yet acknowledged); the pause before it is
    /// sent again.
    Completed(std::time::Duration),
    /// 2xx to INVITE sent (RFC 6026): repetitions of the INVITE are swallowed.
    Accepted,
    /// The ACK came.
    Confirmed,
}

/// A request that arrived.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) request: Box<Request>,
    pub(crate) flow: Flow,
    pub(crate) to_tag: sidetone_sip::Text,
    pub(crate) owner: ServerOwner,
    pub(crate) state: ServerState,
    key: ServerKey,
    merge: Option<MergeKey>,
    reply_to: Destination,
    last: Option<Bytes>,
}

impl Server {
    /// Whether a final response was sent.
    pub(crate) fn is_answered(&self) -> bool {
        self.state != ServerState::Proceeding
    }
}

impl Stack {
    /// Where responses go: over the flow the request came on (RFC 3261 §18.2.2, RFC 3581 §4).
    pub(crate) fn reply_to(&self, flow: Flow, essentials: &Essentials) -> Destination {
        let via_port = essentials.via.port.unwrap_or(Transport::Udp.default_port());
        let by_via = self.settings.response_port == ResponsePort::Via
            && flow.transport == Transport::Udp
            && essentials.via.rport().is_none()
            && via_port != flow.remote.port();
        if !by_via {
            return Destination::Flow(flow.id);
        }
        let mut remote = flow.remote;
        remote.set_port(via_port);
        Destination::Address { transport: flow.transport, remote }
    }

    /// Makes the transaction of a request that is no ACK.
    pub(crate) fn open_server(
        &mut self,
        flow: Flow,
        request: Box<Request>,
        essentials: &Essentials,
        keys: (ServerKey, Option<MergeKey>),
        owner: ServerOwner,
    ) -> TransactionId {
        let id = TransactionId(self.fresh_id());
        let to_tag = match essentials.to.tag() {
            Some(tag) => tag.clone(),
            None => self.fresh_tag(),
        };
        let (key, merge) = keys;
        self.server_keys.insert(key.clone(), id);
        if let Some(merge) = &merge {
            self.merge_keys.insert(merge.clone(), id);
        }
        if request.method != Method::Invite {
            // The client gives up after 64·T1 (timer F); then nobody hears an answer.
            self.timers.set(Timer::ServerTimeout(id), self.now + self.settings.patience());
        }
        let reply_to = self.reply_to(flow, essentials);
        let state = ServerState::Proceeding;
        let last = None;
        let server = Server { request, flow, to_tag, owner, state, key, merge, reply_to, last };
        self.servers.insert(id, server);
        id
    }

    /// When the stack is full, forgets the oldest answered request: its answer is only kept for
    /// repetitions that a client sends within the first seconds, if at all. Without this, 32 s of
    /// timer J and the limit would bound REGISTERs to 3,000 per second.
    pub(crate) fn make_room(&mut self) {
        while self.servers.len() >= self.settings.max_transactions {
            let Some(oldest) = self.answered.pop_front() else {
                return;
            };
            self.remove_server(oldest);
        }
    }

    /// Drops the front of `answered` that is gone already: all linger equally long.
    pub(crate) fn forget_gone(&mut self) {
        while self.answered.front().is_some_and(|id| !self.servers.contains_key(id)) {
            self.answered.pop_front();
        }
    }

    /// The same request again: the last response again (RFC 3261 §17.2.1, §17.2.2).
    pub(crate) fn repeated_request(&mut self, id: TransactionId) {
        let Some(server) = self.servers.get(&id) else {
            return;
        };
        let swallow = matches!(server.state, ServerState::Accepted | ServerState::Confirmed);
        if let Some(bytes) = server.last.clone().filter(|_| !swallow) {
            let reply_to = server.reply_to;
            self.retransmitted_total += 1;
            self.send(reply_to, bytes);
        }
    }

    /// Sends a response and moves the transaction on. A second final response is ignored.
    /// Returns whether it was sent, and its bytes.
    pub(crate) fn respond(
        &mut self,
        id: TransactionId,
        response: &Response,
    ) -> Option<(Destination, Bytes)> {
        let patience = self.settings.patience();
        let (t1, t4) = (self.settings.t1, self.settings.t4);
        let now = self.now;
        let server = self.servers.get_mut(&id)?;
        if server.is_answered() {
            return None;
        }
        let bytes = response.to_bytes();
        let reply_to = server.reply_to;
        let datagrams = !server.flow.transport.is_reliable();
        server.last = Some(bytes.clone());
        if response.status.is_final() {
            if server.request.method != Method::Invite {
                server.state = ServerState::Completed(t1);
                self.timers.cancel(&Timer::ServerTimeout(id));
                // Timer J: nobody repeats a request over a reliable transport.
                let linger = if datagrams { patience } else { std::time::Duration::ZERO };
                self.timers.set(Timer::ServerLinger(id), now + linger);
                if matches!(server.owner, ServerOwner::Outside | ServerOwner::Stack) {
                    // Only the answer is repeated from here on; most of the memory is in this.
                    server.request.headers = Headers::new();
                    server.request.body = Bytes::new();
                }
                if datagrams {
                    self.answered.push_back(id);
                }
            } else if response.status.is_success() {
                // Timer L (RFC 6026 §7.1).
                server.state = ServerState::Accepted;
                self.timers.set(Timer::ServerLinger(id), now + patience);
            } else {
                server.state = ServerState::Completed(t1);
                if datagrams {
                    self.timers.set(Timer::ServerRepeat(id), now + t1);
                }
                // Timer H; T4 more so that the last repetition may still be acknowledged.
                self.timers.set(Timer::ServerTimeout(id), now + patience + t4);
            }
        }
        self.send(reply_to, bytes.clone());
        Some((reply_to, bytes))
    }

    /// Sends a response that belongs to no transaction: the request was unusable or the stack is
    /// full. The request's repetitions meet the same fate.
    pub(crate) fn refuse(&mut self, destination: Destination, response: Response) {
        let tag = self.fresh_tag();
        self.send(destination, response.with_to_tag(&tag.to_str()).to_bytes());
    }

    /// Responds with a status and nothing more.
    pub(crate) fn respond_plain(&mut self, id: TransactionId, status: Status) {
        let Some(server) = self.servers.get(&id) else {
            return;
        };
        let response = self.plain(&server.request, status, &server.to_tag.to_str());
        self.respond(id, &response);
    }

    /// Timer G: the final response again until the ACK comes.
    pub(crate) fn repeat_response(&mut self, id: TransactionId) {
        let t2 = self.settings.t2;
        let Some(server) = self.servers.get_mut(&id) else {
            return;
        };
        let ServerState::Completed(pause) = server.state else {
            return;
        };
        let pause = pause.saturating_mul(2).min(t2);
        server.state = ServerState::Completed(pause);
        let (reply_to, bytes) = (server.reply_to, server.last.clone());
        self.timers.set(Timer::ServerRepeat(id), self.now + pause);
        if let Some(bytes) = bytes {
            self.retransmitted_total += 1;
            self.send(reply_to, bytes);
        }
    }

    /// The connection a request came on is gone: RFC 3261 §18.2.2 opens a new one to the address
    /// it came from and the port in its Via. Browsers cannot be dialled, and a second failure is
    /// final.
    pub(crate) fn reroute_response(&mut self, response: &Response, bytes: &Bytes) {
        let Ok(essentials) = Essentials::read_response(response) else {
            return;
        };
        let key = unique_key(&essentials.via, &essentials.cseq.method);
        let id = key.and_then(|key| self.server_keys.get(&key).copied());
        let Some(server) = id.and_then(|id| self.servers.get_mut(&id)) else {
            return;
        };
        let transport = server.flow.transport;
        let first = matches!(server.reply_to, Destination::Flow(_));
        if !first || !matches!(transport, Transport::Tcp | Transport::Tls) {
            return;
        }
        let port = essentials.via.port.unwrap_or(transport.default_port());
        let remote = std::net::SocketAddr::new(server.flow.remote.ip(), port);
        let destination = Destination::Address { transport, remote };
        server.reply_to = destination;
        if let ServerOwner::Invite(dialog) | ServerOwner::InDialog(dialog) = server.owner
            && let Some(dialog) = self.dialogs.get_mut(&dialog)
            && let Some(answer) = &mut dialog.answer
        {
            answer.destination = destination;
        }
        self.send(destination, bytes.clone());
    }

    /// The ACK of a final response other than 2xx. False when the transaction waits for none.
    pub(crate) fn acknowledged(&mut self, id: TransactionId) -> bool {
        let t4 = self.settings.t4;
        let Some(server) = self.servers.get_mut(&id) else {
            return false;
        };
        match server.state {
            ServerState::Completed(_) => {
                server.state = ServerState::Confirmed;
                let datagrams = !server.flow.transport.is_reliable();
                self.timers.cancel(&Timer::ServerRepeat(id));
                self.timers.cancel(&Timer::ServerTimeout(id));
                // Timer I.
                let linger = if datagrams { t4 } else { std::time::Duration::ZERO };
                self.timers.set(Timer::ServerLinger(id), self.now + linger);
                true
            }
            ServerState::Confirmed => true,
            ServerState::Proceeding | ServerState::Accepted => false,
        }
    }

    /// Forgets a transaction.
    pub(crate) fn remove_server(&mut self, id: TransactionId) {
        for timer in [Timer::ServerRepeat(id), Timer::ServerTimeout(id), Timer::ServerLinger(id)] {
            self.timers.cancel(&timer);
        }
        let Some(server) = self.servers.remove(&id) else {
            return;
        };
        if self.server_keys.get(&server.key) == Some(&id) {
            self.server_keys.remove(&server.key);
        }
        if let Some(merge) = server.merge
            && self.merge_keys.get(&merge) == Some(&id)
        {
            self.merge_keys.remove(&merge);
        }
        if let ServerOwner::InDialog(dialog) = server.owner
            && let Some(dialog) = self.dialogs.get_mut(&dialog)
        {
            dialog.pending.retain(|pending| *pending != id);
        }
    }
}
