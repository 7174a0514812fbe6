//! Step 3 of the INVITE walk: a SIP shard. One task owns one `ua::Stack`, all transactions and
//! dialogs of the Call-IDs that hash to it, and drives it with messages, commands and time.
//!
//! Channels meet only in their own tasks; a shard never waits for a channel. A channel that does
//! not empty its inbox is hung up.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use sidetone_base::{Destination, Flow, FlowId};
use sidetone_net::Turn;
use sidetone_party::identify::response_port;
use sidetone_sip::Message;
use sidetone_sip::headers::Replaces;
use sidetone_ua::api::{
    Call, Command, DialogId, DialogRequest, Ended, Event, Failure, Input, InviteId,
    OutgoingRequest, Output, Reply, RequestId, TransactionId,
};
use sidetone_ua::{SessionTimers, Stack};
use tokio::sync::mpsc;

use crate::channel::ChannelEvent;
use crate::counters::Refusal;
use crate::exchange::Exchange;
use crate::incoming;

/// Messages and commands that may wait for a shard: at 5,000 messages per second 200 ms, the
/// delay at which the stack counts as overloaded. Policy: connections wait, datagrams are dropped
/// (the peer repeats them), channels wait.
pub const SHARD_INBOX: usize = 1_024;

/// Whatever reaches a shard.
#[derive(Debug)]
pub enum ShardInput {
    /// A channel wants something and may want to hear the answers.
    Command {
        /// What it wants.
        command: Box<Command>,
        /// Who hears the events of the handle the command carries.
        owner: Option<mpsc::Sender<ChannelEvent>>,
    },
    /// A connection closed.
    FlowClosed(FlowId),
    /// A parsed message.
    Message {
        /// Where it came from.
        flow: Flow,
        /// The message.
        message: Box<Message>,
        /// Whether its source was charged for it. If not, it is when no call of ours is found.
        is_admitted: bool,
        /// Its place among the messages of its connection.
        turn: Turn,
    },
    /// A message of ours could not be written.
    SendFailed(Bytes),
    /// Answer with whose dialog this is, and whether it is answered.
    Find {
        /// As another party names it.
        replaces: Box<Replaces>,
        /// Where to.
        reply: tokio::sync::oneshot::Sender<Option<(mpsc::Sender<ChannelEvent>, bool)>>,
    },
    /// Answer with what the stack holds.
    Snapshot(tokio::sync::oneshot::Sender<sidetone_ua::Snapshot>),
}

/// The way to a shard; cheap to clone.
#[derive(Clone, Debug)]
pub struct ShardHandle {
    inbox: mpsc::Sender<ShardInput>,
    next_handle: &'static AtomicU64,
}

/// Handles chosen by owners are unique in the process, so in every stack too.
static NEXT_HANDLE: AtomicU64 = AtomicU64::new(1);

impl ShardHandle {
    fn handle(&self) -> u64 {
        self.next_handle.fetch_add(1, Ordering::Relaxed)
    }

    async fn command(&self, command: Command, owner: Option<mpsc::Sender<ChannelEvent>>) {
        // An error means that the exchange is stopping: then nobody waits for an answer.
        let command = Box::new(command);
        let _ = self.inbox.send(ShardInput::Command { command, owner }).await;
    }

    /// Hands in what arrived. `false` when the shard is behind and the input was not taken.
    #[must_use]
    pub fn offer(&self, input: ShardInput) -> bool {
        self.inbox.try_send(input).is_ok()
    }

    /// Hands in what arrived, waiting for room.
    pub async fn deliver(&self, input: ShardInput) {
        // As above.
        let _ = self.inbox.send(input).await;
    }

    /// Sends an INVITE; its events go to the owner.
    pub async fn invite(
        &self,
        request: OutgoingRequest,
        timers: SessionTimers,
        owner: mpsc::Sender<ChannelEvent>,
    ) -> InviteId {
        let invite = InviteId(self.handle());
        let of = Call::Outgoing(invite);
        self.send(Command::SessionTimers { of, timers }).await;
        let command = Command::Invite { invite, request: Box::new(request) };
        self.command(command, Some(owner)).await;
        invite
    }

    /// Sends a request inside a dialog; its response goes to the owner.
    pub async fn in_dialog(
        &self,
        dialog: DialogId,
        request: DialogRequest,
        owner: mpsc::Sender<ChannelEvent>,
    ) -> RequestId {
        let request_id = RequestId(self.handle());
        let command = Command::InDialog { request_id, dialog, request: Box::new(request) };
        self.command(command, Some(owner)).await;
        request_id
    }

    /// Sends a request outside dialogs; nobody hears how it ends.
    pub async fn send_outside(&self, request: OutgoingRequest) {
        let request_id = RequestId(self.handle());
        self.command(Command::Send { request_id, request: Box::new(request) }, None).await;
    }

    /// Sends a request that is no INVITE outside a dialog; its response goes to the owner.
    pub async fn outside(
        &self,
        request: OutgoingRequest,
        owner: mpsc::Sender<ChannelEvent>,
    ) -> RequestId {
        let request_id = RequestId(self.handle());
        let command = Command::Send { request_id, request: Box::new(request) };
        self.command(command, Some(owner)).await;
        request_id
    }

    /// Responds to the INVITE that made the dialog.
    pub async fn respond_invite(&self, dialog: DialogId, reply: Reply, reliable: bool) {
        let command = Command::RespondInvite { dialog, reply: Box::new(reply), reliable };
        self.command(command, None).await;
    }

    /// Responds to any other request.
    pub async fn respond(&self, transaction: TransactionId, reply: Reply) {
        self.command(Command::Respond { transaction, reply: Box::new(reply) }, None).await;
    }

    /// Any other command that has no events of its own.
    pub async fn send(&self, command: Command) {
        self.command(command, None).await;
    }

    /// Whose dialog another party means, and whether it is answered.
    pub(crate) async fn find(
        &self,
        replaces: Replaces,
    ) -> Option<(mpsc::Sender<ChannelEvent>, bool)> {
        let (reply, answer) = tokio::sync::oneshot::channel();
        let replaces = Box::new(replaces);
        self.inbox.send(ShardInput::Find { replaces, reply }).await.ok()?;
        answer.await.ok().flatten()
    }

    /// What the stack holds, for leak tests and status. `None` when the shard is gone.
    pub async fn snapshot(&self) -> Option<sidetone_ua::Snapshot> {
        let (reply, answer) = tokio::sync::oneshot::channel();
        self.inbox.send(ShardInput::Snapshot(reply)).await.ok()?;
        answer.await.ok()
    }
}

/// Makes the inbox of a shard.
#[must_use]
pub fn inbox() -> (ShardHandle, mpsc::Receiver<ShardInput>) {
    let (sender, receiver) = mpsc::channel(SHARD_INBOX);
    (ShardHandle { inbox: sender, next_handle: &NEXT_HANDLE }, receiver)
}

/// Runs a shard until its inbox closes.
pub async fn run(
    exchange: Exchange,
    handle: ShardHandle,
    mut inbox: mpsc::Receiver<ShardInput>,
    stack: Stack,
) {
    let mut shard = Shard { exchange, handle, stack, owners: Owners::default() };
    let mut deadline = shard.drain();
    loop {
        let wake = deadline.unwrap_or_else(|| shard.exchange.now() + Duration::from_secs(3_600));
        tokio::select! {
            input = inbox.recv() => {
                let Some(input) = input else { return };
                shard.guarded(|shard| shard.take(input));
            }
            () = tokio::time::sleep_until(wake.into()) => {
                shard.guarded(|shard| shard.stack.handle_timeout(shard.exchange.now()));
            }
        }
        deadline = shard.guarded(Shard::drain).flatten();
    }
}

/// Who hears the events of which handle.
#[derive(Debug, Default)]
struct Owners {
    dialogs: HashMap<DialogId, mpsc::Sender<ChannelEvent>>,
    invites: HashMap<InviteId, mpsc::Sender<ChannelEvent>>,
    requests: HashMap<RequestId, mpsc::Sender<ChannelEvent>>,
    sweep_at: usize,
}

impl Owners {
    /// Forgets channels that ended, whenever the tables have doubled since the last time: that
    /// costs a constant per entry and keeps at most half of them dead.
    fn sweep(&mut self) {
        if self.dialogs.len() + self.invites.len() + self.requests.len() < self.sweep_at {
            return;
        }
        self.dialogs.retain(|_, owner| !owner.is_closed());
        self.invites.retain(|_, owner| !owner.is_closed());
        self.requests.retain(|_, owner| !owner.is_closed());
        let left = self.dialogs.len() + self.invites.len() + self.requests.len();
        self.sweep_at = 2 * left + 64;
    }
}

struct Shard {
    exchange: Exchange,
    handle: ShardHandle,
    stack: Stack,
    owners: Owners,
}

impl Shard {
    /// A fault while one message is handled must not take the calls of the whole shard with it:
    /// that message is lost, its transaction times out, everything else goes on.
    fn guarded<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> Option<T> {
        let done = std::panic::catch_unwind(AssertUnwindSafe(|| work(self)));
        done.inspect_err(|_| tracing::error!("a fault of the exchange lost one SIP message")).ok()
    }

    fn take(&mut self, input: ShardInput) {
        self.owners.sweep();
        let now = self.exchange.now();
        let input = match input {
            ShardInput::Command { command, owner } => {
                self.note_owner(&command, owner);
                if let Command::Respond { reply, .. } = &*command {
                    self.count(reply);
                }
                self.show_flow(&command);
                self.note_silence(&command);
                Input::Command(*command)
            }
            ShardInput::FlowClosed(flow) => Input::FlowClosed(flow),
            ShardInput::Message { flow, message, is_admitted, turn: _turn } => {
                if let Message::Request(request) = &*message {
                    let is_free = is_admitted || self.stack.knows(request);
                    if !is_free && !self.exchange.admits(now, &flow) {
                        return;
                    }
                    let (config, names) = (self.exchange.config(), self.exchange.names());
                    self.stack.set_response_port(response_port(&config, &names, &flow, request));
                }
                Input::Message { flow, message: *message }
            }
            ShardInput::SendFailed(bytes) => Input::SendFailed { bytes },
            ShardInput::Find { replaces, reply } => {
                let found = self.stack.replaced(&replaces).and_then(|dialog| {
                    let owner = self.owners.dialogs.get(&dialog)?.clone();
                    Some((owner, self.stack.is_confirmed(dialog)))
                });
                // Whoever asked may have given up.
                let _ = reply.send(found);
                return;
            }
            ShardInput::Snapshot(reply) => {
                // Whoever asked may have given up.
                let _ = reply.send(self.stack.snapshot());
                return;
            }
        };
        self.stack.handle_input(now, input);
    }

    /// The stack must know the transport of a flow it has received nothing on.
    fn show_flow(&mut self, command: &Command) {
        let destination = match command {
            Command::Invite { request, .. } | Command::Send { request, .. } => request.destination,
            Command::Pin { destination, .. } => *destination,
            _ => return,
        };
        if let Destination::Flow(id) = destination
            && let Some(flow) = self.exchange.net().flow(id)
        {
            self.stack.handle_input(self.exchange.now(), Input::FlowSeen(flow));
        }
    }

    /// Somebody gives up a call whose INVITE nothing came back to: the next one begins elsewhere.
    fn note_silence(&self, command: &Command) {
        if let Command::Cancel { invite, .. } = command
            && let Some(place) = self.stack.silent_place(*invite)
        {
            self.exchange.note_silent(place);
        }
    }

    fn note_owner(&mut self, command: &Command, owner: Option<mpsc::Sender<ChannelEvent>>) {
        let Some(owner) = owner else { return };
        match command {
            Command::Invite { invite, .. } => {
                self.owners.invites.insert(*invite, owner);
            }
            Command::InDialog { request_id, .. } | Command::Send { request_id, .. } => {
                self.owners.requests.insert(*request_id, owner);
            }
            _ => {}
        }
    }

    /// Takes everything the stack has to say; returns when it wants to be woken.
    fn drain(&mut self) -> Option<Instant> {
        loop {
            match self.stack.poll_output() {
                Output::Send { destination, bytes } => {
                    if let Err(error) = self.exchange.send(destination, bytes.clone()) {
                        tracing::debug!("cannot send: {error}");
                        self.stack.handle_input(self.exchange.now(), Input::SendFailed { bytes });
                    }
                }
                Output::Event(event) => self.route(event),
                Output::Wait(deadline) => return deadline,
            }
        }
    }

    fn route(&mut self, event: Event) {
        match event {
            Event::Invite { dialog, flow, request } => {
                tracing::debug!(target: "walk", step = 3, "pbx/shard: ua");
                let identity = self.stack.identity(dialog);
                let tag = identity.map(|identity| identity.local_tag.to_str().into_owned());
                let dialog_and_tag = (dialog, tag.unwrap_or_default());
                let accepted =
                    incoming::invite(&self.exchange, &self.handle, dialog_and_tag, flow, request);
                match accepted {
                    Ok(owner) => {
                        self.owners.dialogs.insert(dialog, owner);
                    }
                    Err(reply) => self.reply_invite(dialog, *reply),
                }
            }
            Event::Request { transaction, flow, request } => {
                let reply = incoming::request(&self.exchange, flow, &request);
                self.count(&reply);
                let command = Command::Respond { transaction, reply: Box::new(reply) };
                self.stack.handle_input(self.exchange.now(), Input::Command(command));
            }
            event => self.hand_on(event),
        }
    }

    /// Counts a reply that refuses.
    fn count(&self, reply: &Reply) {
        match reply.status {
            401 | 407 => self.exchange.counters().count(Refusal::Challenged),
            400.. => self.exchange.counters().count(Refusal::Request),
            _ => {}
        }
    }

    fn reply_invite(&mut self, dialog: DialogId, reply: Reply) {
        self.count(&reply);
        let reply = Box::new(reply);
        let command = Command::RespondInvite { dialog, reply, reliable: false };
        self.stack.handle_input(self.exchange.now(), Input::Command(command));
    }

    fn hand_on(&mut self, event: Event) {
        let (owner, dialog) = self.owner_of(&event);
        let Some(owner) = owner else {
            tracing::debug!("an event of the stack has no owner: {event:?}");
            return;
        };
        match owner.try_send(ChannelEvent::Sip(Box::new(event))) {
            Ok(()) => {}
            // The channel is gone and its peer does not know: tell it.
            Err(mpsc::error::TrySendError::Closed(_)) => self.end(dialog),
            Err(mpsc::error::TrySendError::Full(event)) => self.hand_on_late(owner, event, dialog),
        }
    }

    /// A channel is behind: what is no news is left out, anything else ends its call, and its end
    /// waits for room. There is one such task a call at most, or one a request of ours.
    fn hand_on_late(
        &mut self,
        owner: mpsc::Sender<ChannelEvent>,
        event: ChannelEvent,
        dialog: Option<DialogId>,
    ) {
        let ChannelEvent::Sip(event) = event else { return };
        let end = match *event {
            Event::Provisional { .. } | Event::InviteMoved { .. } | Event::RequestMoved { .. } => {
                tracing::debug!("a channel does not empty its inbox: it misses a response");
                return;
            }
            Event::Answered { invite, .. } => {
                self.owners.invites.remove(&invite);
                Event::InviteFailed { invite, why: Failure::DialogGone }
            }
            Event::Rejected { .. }
            | Event::InviteFailed { .. }
            | Event::RequestFailed { .. }
            | Event::Response { .. }
            | Event::Bye { .. }
            | Event::Cancelled { .. }
            | Event::Ended { .. } => *event,
            _ => match dialog {
                Some(dialog) => Event::Ended { dialog, why: Ended::PeerGone },
                None => return,
            },
        };
        if let Some(dialog) = dialog {
            tracing::error!("a channel does not empty its inbox: its call is ended");
            self.end(Some(dialog));
            self.owners.dialogs.remove(&dialog);
        }
        tokio::spawn(async move {
            // The channel may be gone by then.
            let _ = owner.send(ChannelEvent::Sip(Box::new(end))).await;
        });
    }

    fn end(&mut self, dialog: Option<DialogId>) {
        let Some(dialog) = dialog else { return };
        let command = Command::Bye { dialog, headers: Vec::new() };
        self.stack.handle_input(self.exchange.now(), Input::Command(command));
    }

    /// Finds who hears the event, and forgets handles whose last event this is.
    fn owner_of(
        &mut self,
        event: &Event,
    ) -> (Option<mpsc::Sender<ChannelEvent>>, Option<DialogId>) {
        let owners = &mut self.owners;
        match event {
            Event::Acked { dialog, .. }
            | Event::DialogRequest { dialog, .. }
            | Event::RequestCancelled { dialog, .. }
            | Event::Pracked { dialog, .. }
            | Event::RefreshDue { dialog } => (owners.dialogs.get(dialog).cloned(), Some(*dialog)),
            Event::Bye { dialog, .. }
            | Event::Cancelled { dialog, .. }
            | Event::Ended { dialog, .. } => (owners.dialogs.remove(dialog), None),
            Event::Answered { invite, dialog, .. } => {
                let owner = owners.invites.get(invite).cloned();
                if let Some(owner) = &owner {
                    owners.dialogs.insert(*dialog, owner.clone());
                }
                (owner, Some(*dialog))
            }
            Event::InviteMoved { invite, .. } => (owners.invites.get(invite).cloned(), None),
            Event::RequestMoved { request_id, .. } => {
                (owners.requests.get(request_id).cloned(), None)
            }
            Event::Provisional { invite, dialog, .. } => {
                let owner = owners.invites.get(invite).cloned();
                // The peer may send requests before it answers: UPDATE, INFO.
                if let (Some(owner), Some(dialog)) = (&owner, dialog) {
                    owners.dialogs.insert(*dialog, owner.clone());
                }
                (owner, None)
            }
            Event::Rejected { invite, .. } | Event::InviteFailed { invite, .. } => {
                (owners.invites.remove(invite), None)
            }
            Event::RequestFailed { request_id, .. } => (owners.requests.remove(request_id), None),
            Event::Response { request_id, response } => {
                let is_final = response.status.code() >= 200;
                let owner = if is_final {
                    owners.requests.remove(request_id)
                } else {
                    owners.requests.get(request_id).cloned()
                };
                (owner, None)
            }
            Event::Invite { .. } | Event::Request { .. } => (None, None),
        }
    }
}
