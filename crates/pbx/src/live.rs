//! The channels that live now, as others see them: the list behind `core show channels`, and the
//! way to reach a channel from outside its task.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use sidetone_base::ChannelId;
use sidetone_media::StreamQuality;
use tokio::sync::mpsc;

use crate::channel::{ChannelEvent, Control, State};

/// What others may know of a channel. Written by the channel's own task only.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Which channel.
    pub id: ChannelId,
    /// `PJSIP/alice-00000001`
    pub name: String,
    /// The endpoint's name.
    pub endpoint: String,
    /// `<system-><seconds since the epoch>.<number>`
    pub unique_id: String,
    /// The unique id of the channel that began the call.
    pub linked_id: String,
    /// State of the call on this channel.
    pub state: State,
    /// Dialplan context, empty for a called channel.
    pub context: String,
    /// Extension.
    pub exten: String,
    /// Priority.
    pub priority: u32,
    /// The application that runs, or `AppDial`.
    pub application: String,
    /// Its arguments.
    pub data: String,
    /// Caller's number.
    pub caller_number: String,
    /// Caller's name.
    pub caller_name: String,
    /// Number of the other party.
    pub connected_number: String,
    /// `accountcode`
    pub account_code: String,
    /// The channel it is bridged with.
    pub bridged_with: Option<ChannelId>,
    /// The caller dialled here: `exten@context`. Empty for channels that are not called.
    pub dialled_at: String,
    /// `PICKUPMARK` of a called channel.
    pub pickup_mark: String,
    /// Identifier of the bridge, empty outside one.
    pub bridge: String,
    /// When it was created.
    pub created: Instant,
    /// When it was answered.
    pub answered: Option<Instant>,
}

/// One living channel.
#[derive(Debug)]
struct Live {
    facts: Facts,
    inbox: mpsc::Sender<ChannelEvent>,
}

/// All living channels.
#[derive(Debug, Default)]
pub struct LiveChannels {
    channels: Mutex<BTreeMap<ChannelId, Live>>,
    next: AtomicU64,
    created: AtomicU64,
    calls: AtomicU64,
}

impl LiveChannels {
    /// A number for a new channel, from 0.
    pub fn next_number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// Lists a channel.
    pub fn insert(&self, facts: Facts, inbox: mpsc::Sender<ChannelEvent>) {
        self.created.fetch_add(1, Ordering::Relaxed);
        if !facts.exten.is_empty() {
            self.calls.fetch_add(1, Ordering::Relaxed);
        }
        self.channels.lock().insert(facts.id, Live { facts, inbox });
    }

    /// Changes what others see of a channel.
    pub fn update(&self, id: ChannelId, change: impl FnOnce(&mut Facts)) {
        if let Some(live) = self.channels.lock().get_mut(&id) {
            change(&mut live.facts);
        }
    }

    /// Takes a channel off the list.
    pub fn remove(&self, id: ChannelId) {
        self.channels.lock().remove(&id);
    }

    /// All channels, oldest first.
    #[must_use]
    pub fn all(&self) -> Vec<Facts> {
        self.channels.lock().values().map(|live| live.facts.clone()).collect()
    }

    /// How many channels live.
    #[must_use]
    pub fn count(&self) -> usize {
        self.channels.lock().len()
    }

    /// How many channels run the dialplan: each is a call to `maxcalls`. A called channel is
    /// part of its caller's, and texts have seats of their own.
    #[must_use]
    pub fn running(&self) -> usize {
        let channels = self.channels.lock();
        let facts = channels.values().map(|live| &live.facts);
        facts.filter(|it| !it.exten.is_empty() && !it.name.starts_with("Message/")).count()
    }

    /// How many calls began since the start.
    #[must_use]
    pub fn calls_total(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// How many channels of an endpoint live.
    #[must_use]
    pub fn of_endpoint(&self, endpoint: &str) -> usize {
        self.channels.lock().values().filter(|live| live.facts.endpoint == endpoint).count()
    }

    /// What is known of a channel.
    #[must_use]
    pub fn facts(&self, id: ChannelId) -> Option<Facts> {
        self.channels.lock().get(&id).map(|live| live.facts.clone())
    }

    /// The endpoint of a channel.
    #[must_use]
    pub fn endpoint_of(&self, id: ChannelId) -> Option<String> {
        self.channels.lock().get(&id).map(|live| live.facts.endpoint.clone())
    }

    /// The inbox of a channel.
    #[must_use]
    pub fn inbox(&self, id: ChannelId) -> Option<mpsc::Sender<ChannelEvent>> {
        self.channels.lock().get(&id).map(|live| live.inbox.clone())
    }

    /// How well the streams of a channel run; asks the channel's task, at most 200 ms.
    pub async fn quality(&self, id: ChannelId) -> Vec<StreamQuality> {
        let Some(inbox) = self.inbox(id) else {
            return Vec::new();
        };
        let (reply, answer) = tokio::sync::oneshot::channel();
        let asked = Control::Quality(reply).into();
        if inbox.try_send(asked).is_err() {
            return Vec::new();
        }
        let answer = tokio::time::timeout(Duration::from_millis(200), answer).await;
        answer.ok().and_then(Result::ok).unwrap_or_default()
    }

    /// The channel an inbox belongs to.
    #[must_use]
    pub fn by_inbox(&self, inbox: &mpsc::Sender<ChannelEvent>) -> Option<ChannelId> {
        let channels = self.channels.lock();
        let mut own = channels.iter().filter(|(_, live)| live.inbox.same_channel(inbox));
        own.next().map(|(id, _)| *id)
    }

    /// The inboxes of an endpoint's channels.
    #[must_use]
    pub fn inboxes_of(&self, endpoint: &str) -> Vec<mpsc::Sender<ChannelEvent>> {
        let channels = self.channels.lock();
        let own = channels.values().filter(|live| live.facts.endpoint == endpoint);
        own.map(|live| live.inbox.clone()).collect()
    }

    /// The inboxes of all channels.
    #[must_use]
    pub fn inboxes(&self) -> Vec<mpsc::Sender<ChannelEvent>> {
        self.channels.lock().values().map(|live| live.inbox.clone()).collect()
    }
}

/// A handle that lists a channel for as long as it lives.
#[derive(Debug)]
pub struct Listing {
    live: Arc<LiveChannels>,
    id: ChannelId,
}

impl Listing {
    /// Lists the channel.
    #[must_use]
    pub fn new(live: Arc<LiveChannels>, facts: Facts, inbox: mpsc::Sender<ChannelEvent>) -> Self {
        let id = facts.id;
        live.insert(facts, inbox);
        Self { live, id }
    }

    /// Changes what others see.
    pub fn update(&self, change: impl FnOnce(&mut Facts)) {
        self.live.update(self.id, change);
    }
}

impl Drop for Listing {
    fn drop(&mut self) {
        self.live.remove(self.id);
    }
}
