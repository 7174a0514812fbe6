//! The stack: one shard's transactions and dialogs behind `handle_input`, `handle_timeout`,
//! `poll_output`, `snapshot`. Third step of the walk, between the parsed message and `pbx`.
//!
//! This file only holds the state and passes inputs on; requests are received in `ingress`,
//! transactions live in `transaction`, dialogs and calls in `dialog`.

use std::collections::{HashMap, VecDeque};
use std::time::Instant;

use bytes::Bytes;
use sidetone_base::{Destination, Flow, FlowId, Random, TimerQueue, Transport};
use sidetone_sip::headers::Replaces;
use sidetone_sip::{Message, Text, Uri};

use crate::api::{Command, DialogId, Event, Input, InviteId, Output, TransactionId};
use crate::dialog::{Dialog, DialogKey, OutgoingInvite};
use crate::digest::Proof;
use crate::settings::{ResponsePort, Settings};
use crate::transaction::{Client, ClientId, ClientKey, MergeKey, Server, ServerKey};

/// Flows whose transport is remembered. Beyond it a flow's transport is guessed from the URI.
const MAX_FLOWS: usize = 100_000;

/// How much the stack holds. All zero after the last call means that nothing leaked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Requests sent and not done with.
    pub client_transactions: usize,
    /// Requests received and not done with.
    pub server_transactions: usize,
    /// Dialogs, early, confirmed, and INVITEs that may become one.
    pub dialogs: usize,
    /// INVITEs sent outside dialogs and not done with.
    pub invites: usize,
    /// Timers that run.
    pub timers: usize,
    /// Requests without what every request needs, refused where that can be answered.
    pub malformed_total: u64,
    /// Received messages that were dropped: unanswerable, or matching nothing.
    pub dropped_total: u64,
    /// Requests refused with 503 because a limit was reached.
    pub refused_total: u64,
    /// Requests refused by the stack itself for another reason: of no call, out of order, looping,
    /// or wanting what is not understood (416, 420, 481, 482, 483, 500, 501).
    pub unserved_total: u64,
    /// Requests and answers sent again because nothing came back.
    pub retransmitted_total: u64,
}

/// What a dialog is called on the wire: for Replaces, and for whoever shows a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DialogIdentity {
    /// Call-ID.
    pub call_id: Text,
    /// Our tag.
    pub local_tag: Text,
    /// The peer's tag.
    pub remote_tag: Text,
    /// Our From or To value, with tag.
    pub local: Text,
    /// The peer's.
    pub remote: Text,
    /// The peer's Contact: where requests are addressed to.
    pub target: Uri,
}

/// What a timer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Timer {
    /// A 2xx waits for ACK: send it again.
    AnswerRepeat(DialogId),
    /// No ACK came.
    AnswerGiveUp(DialogId),
    /// No final answer came after CANCEL.
    CancelGuard(InviteId),
    /// Timers A and E.
    ClientRepeat(ClientId),
    /// Timers B and F.
    ClientTimeout(ClientId),
    /// Timers D, K and M.
    ClientLinger(ClientId),
    /// The peer's connection closed a while ago.
    FlowGrace(DialogId),
    /// A reliable provisional response waits for PRACK: send it again.
    ReliableRepeat(DialogId),
    /// No PRACK came.
    ReliableGiveUp(DialogId),
    /// A call rings for long: say so again.
    RingingRepeat(DialogId),
    /// Timer G.
    ServerRepeat(TransactionId),
    /// Timer H, and the end of a request the owner never answered.
    ServerTimeout(TransactionId),
    /// Timers I, J and L.
    ServerLinger(TransactionId),
    /// Our turn to refresh the session.
    SessionRefresh(DialogId),
    /// Nobody refreshed the session.
    SessionExpire(DialogId),
    /// The call is over, and a subscription in its dialog goes on for too long.
    UsageGuard(DialogId),
}

/// Transactions and dialogs of one shard.
pub struct Stack {
    pub(crate) settings: Settings,
    pub(crate) random: Box<dyn Random>,
    pub(crate) now: Instant,
    outputs: VecDeque<Output>,
    pub(crate) timers: TimerQueue<Timer>,
    pub(crate) clients: HashMap<ClientId, Client>,
    pub(crate) client_keys: HashMap<ClientKey, ClientId>,
    pub(crate) servers: HashMap<TransactionId, Server>,
    pub(crate) server_keys: HashMap<ServerKey, TransactionId>,
    pub(crate) merge_keys: HashMap<MergeKey, TransactionId>,
    /// Answered transactions over UDP other than INVITE, oldest first: those that make room.
    pub(crate) answered: VecDeque<TransactionId>,
    /// Boxed: half of a table's places are empty.
    pub(crate) dialogs: HashMap<DialogId, Box<Dialog>>,
    pub(crate) dialog_keys: HashMap<DialogKey, DialogId>,
    pub(crate) invites: HashMap<InviteId, OutgoingInvite>,
    pub(crate) session_timers: HashMap<InviteId, crate::settings::SessionTimers>,
    flows: HashMap<FlowId, Flow>,
    next_id: u64,
    /// CSeq of requests outside dialogs: rises over all of them, so that requests that share a
    /// Call-ID are in order (RFC 3261 §10.2).
    next_cseq: u32,
    tag_secret: u64,
    pub(crate) malformed_total: u64,
    pub(crate) dropped_total: u64,
    pub(crate) refused_total: u64,
    pub(crate) unserved_total: u64,
    pub(crate) retransmitted_total: u64,
}

impl std::fmt::Debug for Stack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stack").field("snapshot", &self.snapshot()).finish_non_exhaustive()
    }
}

impl Stack {
    /// An empty stack. Tags, branches and nonces come from `random`.
    #[must_use]
    pub fn new(now: Instant, settings: Settings, mut random: Box<dyn Random>) -> Self {
        let tag_secret = random.u64();
        let next_cseq = 1 + random.u32() % 10_000;
        Self {
            settings,
            random,
            now,
            outputs: VecDeque::new(),
            timers: TimerQueue::new(),
            clients: HashMap::new(),
            client_keys: HashMap::new(),
            servers: HashMap::new(),
            server_keys: HashMap::new(),
            merge_keys: HashMap::new(),
            answered: VecDeque::new(),
            dialogs: HashMap::new(),
            dialog_keys: HashMap::new(),
            invites: HashMap::new(),
            session_timers: HashMap::new(),
            flows: HashMap::new(),
            next_id: 1,
            next_cseq,
            tag_secret,
            malformed_total: 0,
            dropped_total: 0,
            refused_total: 0,
            unserved_total: 0,
            retransmitted_total: 0,
        }
    }

    /// Takes one input. Call [`Stack::poll_output`] afterwards until it says [`Output::Wait`].
    pub fn handle_input(&mut self, now: Instant, input: Input) {
        self.now = now;
        match input {
            Input::Command(command) => self.command(command),
            Input::FlowClosed(flow) => self.flow_closed(flow),
            Input::FlowSeen(flow) => self.note_flow(flow),
            Input::Message { flow, message } => {
                self.note_flow(flow);
                match message {
                    Message::Request(request) => self.receive_request(flow, request),
                    Message::Response(response) => self.receive_response(flow, response),
                }
            }
            Input::SendFailed { bytes } => self.send_failed(&bytes),
        }
    }

    /// Where the answers to UDP requests without `rport` go that are given to the stack from now
    /// on; the owner knows whose they are.
    pub fn set_response_port(&mut self, port: ResponsePort) {
        self.settings.response_port = port;
    }

    /// Does what is due at `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.now = now;
        while let Some(timer) = self.timers.pop_due(now) {
            self.fire(timer);
        }
    }

    /// The next thing the stack wants. [`Output::Wait`] means nothing more for now.
    pub fn poll_output(&mut self) -> Output {
        match self.outputs.pop_front() {
            Some(output) => output,
            None => Output::Wait(self.timers.next_deadline()),
        }
    }

    /// How much the stack holds.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            client_transactions: self.clients.len(),
            server_transactions: self.servers.len(),
            dialogs: self.dialogs.len(),
            invites: self.invites.len(),
            timers: self.timers.len(),
            malformed_total: self.malformed_total,
            dropped_total: self.dropped_total,
            refused_total: self.refused_total,
            unserved_total: self.unserved_total,
            retransmitted_total: self.retransmitted_total,
        }
    }

    /// What a dialog is called on the wire. None when it is gone.
    #[must_use]
    pub fn identity(&self, dialog: DialogId) -> Option<DialogIdentity> {
        let dialog = self.dialogs.get(&dialog)?;
        Some(DialogIdentity {
            call_id: dialog.key.call_id.clone(),
            local_tag: dialog.key.local_tag.clone(),
            remote_tag: dialog.key.remote_tag.clone(),
            local: dialog.local.clone(),
            remote: dialog.remote.clone(),
            target: dialog.target.clone(),
        })
    }

    /// The dialog that a Replaces header (RFC 3891 §3) of a peer names: `to_tag` is ours. An early
    /// dialog counts when we made it; one whose call is over does not.
    #[must_use]
    pub fn replaced(&self, replaces: &Replaces) -> Option<DialogId> {
        let id = self.find_dialog(&replaces.call_id, &replaces.to_tag, &replaces.from_tag)?;
        self.dialogs.get(&id).is_some_and(|dialog| dialog.may_be_replaced()).then_some(id)
    }

    /// Whether a dialog was answered.
    #[must_use]
    pub fn is_confirmed(&self, dialog: DialogId) -> bool {
        self.dialogs.get(&dialog).is_some_and(|dialog| dialog.is_confirmed())
    }

    fn command(&mut self, command: Command) {
        match command {
            Command::Ack { dialog, body } => self.command_ack(dialog, body),
            Command::Bye { dialog, headers } => self.command_bye(dialog, &headers),
            Command::Cancel { invite, headers } => self.command_cancel(invite, &headers),
            Command::Invite { invite, request } => self.command_invite(invite, &request),
            Command::InDialog { request_id, dialog, request } => {
                self.command_in_dialog(request_id, dialog, *request);
            }
            Command::Login { dialog, logins } => {
                if let Some(dialog) = self.dialogs.get_mut(&dialog) {
                    dialog.proof = Some(Box::new(Proof::new(logins)));
                }
            }
            Command::Pin { dialog: id, destination } => {
                if let Some(dialog) = self.dialogs.get_mut(&id) {
                    dialog.reach.pinned = Some(destination);
                    // The peer is back: its old connection no longer matters.
                    self.timers.cancel(&Timer::FlowGrace(id));
                }
            }
            Command::RespondInvite { dialog, reply, reliable } => {
                self.command_respond_invite(dialog, &reply, reliable);
            }
            Command::Respond { transaction, reply } => self.command_respond(transaction, &reply),
            Command::Send { request_id, request } => self.command_send(request_id, &request),
            Command::SessionTimers { of, timers } => self.command_session_timers(of, timers),
        }
    }

    fn fire(&mut self, timer: Timer) {
        match timer {
            Timer::AnswerRepeat(dialog) => self.repeat_answer(dialog),
            Timer::AnswerGiveUp(dialog) => self.give_up_answer(dialog),
            Timer::CancelGuard(invite) => self.give_up_cancel(invite),
            Timer::ClientRepeat(client) => self.repeat_request(client),
            Timer::ClientTimeout(client) => self.client_timeout(client),
            Timer::ClientLinger(client) => self.remove_client(client),
            Timer::FlowGrace(dialog) => self.give_up_flow(dialog),
            Timer::ReliableRepeat(dialog) => self.repeat_reliable(dialog),
            Timer::ReliableGiveUp(dialog) => self.give_up_reliable(dialog),
            Timer::ServerRepeat(server) => self.repeat_response(server),
            Timer::ServerTimeout(server) | Timer::ServerLinger(server) => {
                self.remove_server(server);
                self.forget_gone();
            }
            Timer::RingingRepeat(dialog) => self.ring_on(dialog),
            Timer::SessionRefresh(dialog) => self.refresh_session(dialog),
            Timer::SessionExpire(dialog) => self.expire_session(dialog),
            Timer::UsageGuard(dialog) => self.end_dialog(dialog),
        }
    }

    pub(crate) fn send(&mut self, destination: Destination, bytes: Bytes) {
        self.outputs.push_back(Output::Send { destination, bytes });
    }

    pub(crate) fn emit(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }

    pub(crate) fn fresh_id(&mut self) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        id
    }

    pub(crate) fn fresh_cseq(&mut self) -> u32 {
        // RFC 3261 §8.1.1.5: below 2^31.
        self.next_cseq = if self.next_cseq >= 0x7FFF_FFFE { 1 } else { self.next_cseq + 1 };
        self.next_cseq
    }

    pub(crate) fn fresh_branch(&mut self) -> Text {
        // 16 characters are 95 bits: nobody guesses them, which is what keeps a stranger from
        // cancelling calls or answering our requests.
        Text::from(format!("{}{}", sidetone_sip::headers::MAGIC_COOKIE, self.random.token(16)))
    }

    pub(crate) fn fresh_tag(&mut self) -> Text {
        Text::from(self.random.token(12))
    }

    /// The From tag of requests outside dialogs: the same for one Call-ID, so that a request that
    /// is repeated with credentials belongs to the first (RFC 3261 §22.2).
    pub(crate) fn tag_of_call(&self, call_id: &Text) -> Text {
        use std::hash::{DefaultHasher, Hash as _, Hasher as _};
        let mut hasher = DefaultHasher::new();
        (self.tag_secret, call_id).hash(&mut hasher);
        Text::from(format!("{:016x}", hasher.finish()))
    }

    fn note_flow(&mut self, flow: Flow) {
        if self.flows.len() < MAX_FLOWS || self.flows.contains_key(&flow.id) {
            self.flows.insert(flow.id, flow);
        }
    }

    /// The transport a destination is reached over, when it is known.
    pub(crate) fn transport_of(&self, destination: Destination) -> Option<Transport> {
        match destination {
            Destination::Address { transport, .. } => Some(transport),
            Destination::Flow(id) => self.flows.get(&id).map(|flow| flow.transport),
        }
    }

    fn flow_closed(&mut self, flow: FlowId) {
        let known = self.flows.remove(&flow);
        self.fail_clients_of(flow);
        self.detach_dialogs_of(flow, known);
    }
}
