//! Step 5 of the INVITE walk: a channel, one call leg as the dialplan sees it.
//!
//! A channel is owned by one task. Whatever happens to it, from the SIP stack, the media worker
//! or another channel, arrives as a value and is taken in [`Channel::wait`]; hangup leaves every
//! waiting application as [`Stop`] through `?`. Nobody else changes a channel.

use std::any::{Any, TypeId};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use sidetone_base::{ChannelId, Flow, LegId};
use sidetone_config::Endpoint;
use sidetone_dialplan::{Position, Stack, Stop};
use sidetone_events::Event;
use sidetone_media::{JitterSettings, LegEvent, PlaybackId, StreamQuality};
use sidetone_sdp::negotiation::Wish;
use sidetone_sip::Request;
use sidetone_ua::api::{DialogId, Event as SipEvent, InviteId};
use tokio::sync::mpsc;

use crate::Cause;
use crate::exchange::Exchange;
use crate::live::{Facts, Listing};
use crate::referral::Watch;
use crate::shard::ShardHandle;

mod dtmf;
mod fax;
mod host;
pub(crate) mod media;
mod media_offer;
mod music;
mod peer;
mod pictures;
mod proposal;
pub(crate) mod pump;
pub(crate) mod reach;
mod refer;
mod signal;
mod sip;
mod told;
mod verdict;

pub use dtmf::{Pace, press_on};
pub use fax::FaxNews;
pub use media::{MediaError, StreamFact};
pub use peer::{Errand, HandOver, Join, Peer, Redirect, Rights, turn_away};
pub(crate) use peer::{deliver, transfer_variables};
pub use sidetone_dialplan::variables::Variables;
pub use sip::{BranchCause, FromParam, Inherited, Names, SipFacts};
pub use told::Told;

pub use crate::party::{PartyId, Redirecting};

/// Events that may wait for a channel. A call makes about ten in its life, and one that rings a
/// hundred phones five of each at once; a channel with 512 waiting does not run any more and is
/// ended by the shard. Room is taken in blocks of 32 as events come.
pub const CHANNEL_INBOX: usize = 512;

/// Media events that may wait for a channel.
const MEDIA_INBOX: usize = 32;

/// Digits that may wait to be read by an application; later ones are dropped.
const MAX_DIGITS: usize = 64;

/// State of the call on a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Being set up: nothing was said to the peer, or nothing came from it.
    Down,
    /// The peer calls us and nobody answered.
    Ring,
    /// We call the peer and it rings.
    Ringing,
    /// Answered.
    Up,
}

impl State {
    /// The word in lists.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Down => "Down",
            Self::Ring => "Ring",
            Self::Ringing => "Ringing",
            Self::Up => "Up",
        }
    }
}

/// What reaches a channel's task.
#[derive(Debug)]
pub enum ChannelEvent {
    /// From the SIP stack.
    Sip(Box<SipEvent>),
    /// From another channel or an operator.
    Control(Box<Control>),
    /// From a channel this one called.
    Branch(ChannelId, Box<BranchEvent>),
}

/// Boxed: an inbox has room for 32 events from the start.
impl From<Control> for ChannelEvent {
    fn from(control: Control) -> Self {
        Self::Control(Box::new(control))
    }
}

impl From<(ChannelId, BranchEvent)> for ChannelEvent {
    fn from((channel, event): (ChannelId, BranchEvent)) -> Self {
        Self::Branch(channel, Box::new(event))
    }
}

/// What others may ask of a channel.
#[derive(Debug)]
pub enum Control {
    /// End the call.
    Hangup(Cause),
    /// Send media to this peer and take its media.
    Join(Join),
    /// Leave your peer or your application for this one, and tell it to join you.
    TakePeer {
        /// Which.
        peer: Peer,
        /// Whom you replace there.
        instead_of: Option<ChannelId>,
    },
    /// Your peer has left.
    PeerGone {
        /// Which; if it is not your peer any more, nothing happens.
        channel: ChannelId,
        /// Why.
        cause: Cause,
    },
    /// The peer's streams changed.
    PeerStreams {
        /// Which peer.
        channel: ChannelId,
        /// Its streams now.
        streams: Vec<StreamFact>,
    },
    /// From now on you may use feature codes.
    Rights(Rights),
    /// Go on in the dialplan elsewhere.
    Redirect(Redirect),
    /// Give your place to somebody else.
    HandOver(HandOver),
    /// Whether that was done.
    HandedOver(bool),
    /// From the other end of a Local channel.
    FarEnd(crate::local::News),
    /// Do this while nothing else runs on you: in a bridge, or before you are joined.
    Errand(Errand),
    /// The peer registered again over another connection.
    Moved {
        /// Over which.
        flow: Flow,
        /// The contact it registered.
        contact: String,
    },
    /// Our addresses changed: offer the peer the new ones.
    Readdress,
    /// Send a digit to the peer.
    SendDigit {
        /// Which.
        digit: char,
        /// How long it is held.
        duration: Duration,
    },
    /// Somebody else is at the other end.
    Connected(Box<PartyId>),
    /// Show your peer who is at the other end, if it does not know.
    ShowConnected,
    /// The other side has news of a fax.
    Fax(FaxNews),
    /// The other side writes: type and text.
    Text(String, String),
    /// Refresh your session now.
    Refresh {
        /// By UPDATE rather than re-INVITE.
        update: bool,
    },
    /// You were transferred: tell how it goes.
    Watch(Watch),
    /// A channel you called has this to say of its end.
    BranchCause(Box<BranchCause>),
    /// A channel you called was answered by this.
    AnswerHeaders(Arc<sidetone_sip::Response>),
    /// Say how well the streams run.
    Quality(tokio::sync::oneshot::Sender<Vec<StreamQuality>>),
}

/// What a called channel tells the one that called it.
#[derive(Debug)]
pub enum BranchEvent {
    /// It rings.
    Ringing,
    /// Early media flows.
    Progress(Peer),
    /// It answered.
    Answered(Peer),
    /// Somebody else answered in its place (pickup).
    Replaced(Box<Peer>),
    /// An [`Errand`] is done; its result in words.
    Done(String),
    /// It is over.
    Gone {
        /// Why.
        cause: Cause,
        /// The SIP status that ended it, if one did.
        status: Option<u16>,
        /// Whether it had answered.
        answered: bool,
        /// Where the callee wants to be called instead, as a URI (3xx).
        forward: Option<String>,
    },
}

/// What [`Channel::wait`] hands to the application.
#[derive(Debug)]
pub enum Happening {
    /// A called channel has news.
    Branch(ChannelId, BranchEvent),
    /// The time is over.
    Deadline,
    /// A digit was pressed.
    Digit(char),
    /// A playback or tone ended.
    Played(PlaybackId),
}

/// The SIP side of a channel.
#[derive(Debug)]
pub(crate) struct Signalling {
    pub shard: ShardHandle,
    /// Where the peer is.
    pub flow: Option<Flow>,
    /// The dialog, while there is one.
    pub dialog: Option<DialogId>,
    /// Our own INVITE, while it runs.
    pub invite: Option<InviteId>,
    /// The INVITE that made the channel, or that we sent.
    pub request: Option<Arc<Request>>,
    /// The peer's contact URI.
    pub peer: String,
    /// Our Contact header value.
    pub contact: String,
    /// What we said last: 0, 180, 183 or 200.
    pub said: u16,
    /// The peer supports reliable provisional responses.
    pub reliable: bool,
}

impl Signalling {
    /// Of a channel that has no SIP side.
    pub(crate) fn nowhere(shard: ShardHandle) -> Self {
        Self {
            shard,
            flow: None,
            dialog: None,
            invite: None,
            request: None,
            peer: String::new(),
            contact: String::new(),
            said: 0,
            reliable: false,
        }
    }
}

/// One call leg.
pub struct Channel {
    id: ChannelId,
    name: String,
    unique_id: String,
    linked_id: String,
    exchange: Exchange,
    endpoint: Arc<Endpoint>,
    pub(crate) signalling: Signalling,
    media: Option<media::Media>,
    state: State,
    caller: PartyId,
    connected: PartyId,
    dialled: String,
    variables: Variables,
    stack: Stack,
    position: Position,
    digits: VecDeque<char>,
    peer: Option<Peer>,
    pub(crate) bridging: peer::Bridging,
    /// The other end of a Local channel.
    pub(crate) far_end: Option<crate::local::FarEnd>,
    stop: Option<Stop>,
    cause: Cause,
    absolute_deadline: Option<Instant>,
    unheard: Option<pump::Unheard>,
    ears: verdict::Ears,
    pub(crate) sip: Box<SipFacts>,
    created: Instant,
    answered: Option<Instant>,
    /// What we want of media; a peer's re-offer is answered with it.
    wish: Wish,
    /// The codecs of our offers, when the dialplan chose them.
    media_offer: media_offer::MediaOffer,
    /// How our last re-offer ended.
    reoffer: signal::Reoffer,
    /// What is offered on behalf of the other side.
    proposing: proposal::Proposing,
    faxing: fax::Faxing,
    /// Whatever comes is sent back.
    echoes: bool,
    /// A tone that plays while the dialplan goes on.
    background: Option<PlaybackId>,
    music: Option<music::Music>,
    music_played: Option<Box<music::MusicPlayed>>,
    /// `JITTERBUFFER()`
    jitter: Option<JitterSettings>,
    /// `CHANNEL(musicclass)`
    musicclass: Option<String>,
    inbox: mpsc::Receiver<ChannelEvent>,
    own_inbox: mpsc::Sender<ChannelEvent>,
    media_inbox: mpsc::Receiver<(LegId, LegEvent)>,
    media_sender: mpsc::Sender<(LegId, LegEvent)>,
    listing: Listing,
    reaching: reach::Reaching,
    pictures: pictures::Pictures,
    told: Option<Box<Told>>,
    extras: HashMap<TypeId, Box<dyn Any + Send + Sync>>,
}

/// What a new channel starts with.
#[derive(Debug)]
pub(crate) struct NewChannel {
    /// Its name; `None` for `PJSIP/endpoint-number`.
    pub name: Option<String>,
    pub endpoint: Arc<Endpoint>,
    pub signalling: Signalling,
    pub state: State,
    pub caller: PartyId,
    pub connected: PartyId,
    pub position: Position,
    pub variables: Variables,
    pub sip: SipFacts,
    /// The unique id of the channel that calls this one.
    pub linked_id: Option<String>,
}

impl NewChannel {
    /// What others see of the channel from the start.
    fn facts(&self, id: ChannelId, name: &str, unique_id: &str, created: Instant) -> Facts {
        Facts {
            id,
            name: name.to_owned(),
            endpoint: self.endpoint.id.clone(),
            unique_id: unique_id.to_owned(),
            linked_id: self.linked_id.clone().unwrap_or_else(|| unique_id.to_owned()),
            state: self.state,
            context: self.position.context.to_string(),
            exten: self.position.extension.to_string(),
            priority: self.position.priority,
            application: String::new(),
            data: String::new(),
            caller_number: self.caller.number.clone(),
            caller_name: self.caller.name.clone(),
            connected_number: self.connected.number.clone(),
            account_code: self.endpoint.accountcode.clone(),
            bridged_with: None,
            dialled_at: String::new(),
            pickup_mark: String::new(),
            bridge: String::new(),
            created,
            answered: None,
        }
    }
}

impl Channel {
    /// Creates and lists a channel.
    pub(crate) fn new(exchange: Exchange, new: NewChannel) -> Self {
        let number = exchange.live().next_number();
        let id = ChannelId(number);
        let usual = || format!("PJSIP/{}-{number:08x}", new.endpoint.id);
        let name = new.name.clone().unwrap_or_else(usual);
        let unique_id = exchange.unique_id(number);
        let (own_inbox, inbox) = mpsc::channel(CHANNEL_INBOX);
        let (media_sender, media_inbox) = mpsc::channel(MEDIA_INBOX);
        let created = exchange.now();
        let facts = new.facts(id, &name, &unique_id, created);
        exchange.bus().publish(Event::ChannelCreated {
            channel: id,
            name: name.clone(),
            context: facts.context.clone(),
            exten: facts.exten.clone(),
        });
        let linked_id = facts.linked_id.clone();
        let listing = Listing::new(exchange.live(), facts, own_inbox.clone());
        Self {
            id,
            name,
            unique_id,
            linked_id,
            exchange,
            endpoint: new.endpoint,
            signalling: new.signalling,
            media: None,
            state: new.state,
            caller: new.caller,
            connected: new.connected,
            dialled: new.position.extension.to_string(),
            variables: new.variables,
            stack: Stack::default(),
            position: new.position,
            digits: VecDeque::new(),
            peer: None,
            bridging: peer::Bridging::default(),
            far_end: None,
            stop: None,
            cause: Cause::NORMAL,
            absolute_deadline: None,
            unheard: None,
            ears: verdict::Ears::default(),
            sip: Box::new(new.sip),
            created,
            answered: None,
            wish: Wish::call(),
            media_offer: media_offer::MediaOffer::default(),
            reoffer: signal::Reoffer::default(),
            proposing: proposal::Proposing::default(),
            faxing: fax::Faxing::default(),
            echoes: false,
            background: None,
            music: None,
            music_played: None,
            jitter: None,
            musicclass: None,
            inbox,
            own_inbox,
            media_inbox,
            media_sender,
            listing,
            reaching: reach::Reaching::default(),
            pictures: pictures::Pictures::default(),
            told: None,
            extras: HashMap::new(),
        }
    }

    /// Which channel.
    #[must_use]
    pub fn id(&self) -> ChannelId {
        self.id
    }

    /// `PJSIP/alice-00000001`
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Seconds since the epoch and a number.
    #[must_use]
    pub fn unique_id(&self) -> &str {
        &self.unique_id
    }

    /// The unique id of the channel that began the call.
    #[must_use]
    pub fn linked_id(&self) -> &str {
        &self.linked_id
    }

    /// The exchange it lives in.
    #[must_use]
    pub fn exchange(&self) -> &Exchange {
        &self.exchange
    }

    /// The endpoint it belongs to.
    #[must_use]
    pub fn endpoint(&self) -> &Arc<Endpoint> {
        &self.endpoint
    }

    /// State of the call.
    #[must_use]
    pub fn state(&self) -> State {
        self.state
    }

    /// Who calls.
    #[must_use]
    pub fn caller(&self) -> &PartyId {
        &self.caller
    }

    /// Changes who calls, for this channel and those it calls.
    pub fn set_caller(&mut self, caller: PartyId) {
        self.listing.update(|facts| {
            facts.caller_number.clone_from(&caller.number);
            facts.caller_name.clone_from(&caller.name);
        });
        self.caller = caller;
    }

    /// Who it is connected with.
    #[must_use]
    pub fn connected(&self) -> &PartyId {
        &self.connected
    }

    /// What was dialled, the Request-URI's user part.
    #[must_use]
    pub fn dialled(&self) -> &str {
        &self.dialled
    }

    /// The INVITE that made the channel.
    #[must_use]
    pub fn request(&self) -> Option<&Arc<Request>> {
        self.signalling.request.as_ref()
    }

    /// Where the peer is, in SIP.
    #[must_use]
    pub fn flow(&self) -> Option<&Flow> {
        self.signalling.flow.as_ref()
    }

    /// Why it was or will be hung up.
    #[must_use]
    pub fn cause(&self) -> Cause {
        self.cause
    }

    /// The variables.
    #[must_use]
    pub fn variables(&self) -> &Variables {
        &self.variables
    }

    /// When it was answered.
    #[must_use]
    pub fn answered_at(&self) -> Option<Instant> {
        self.answered
    }

    /// When it was created.
    #[must_use]
    pub fn created_at(&self) -> Instant {
        self.created
    }

    /// `TIMEOUT(absolute)`: the call ends then.
    pub fn set_absolute_deadline(&mut self, deadline: Option<Instant>) {
        self.absolute_deadline = deadline;
    }

    /// The inbox others reach this channel by.
    #[must_use]
    pub fn inbox(&self) -> mpsc::Sender<ChannelEvent> {
        self.own_inbox.clone()
    }

    /// Sets a variable and nothing else.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        if !self.variables.set(name, Some(value.into())) {
            tracing::warn!("{}: too many channel variables, {name} is not set", self.name);
        }
    }

    /// Sets a variable, or a function when the name has parentheses; what fails is told.
    pub(crate) fn assign(&mut self, name: &str, value: &str) {
        let call = name.strip_suffix(')').and_then(|name| name.split_once('('));
        let Some((function, arguments)) = call else {
            return self.set(name, value);
        };
        let write = self.exchange.catalogue().write_function;
        if let Err(error) = write(self, function, arguments, value) {
            tracing::warn!("{}: {name} is not set: {error}", self.name);
        }
    }

    /// Sets what `set_var` of its endpoint says. A variable that a caller hands down stays.
    pub(crate) fn take_endpoint_variables(&mut self) {
        let endpoint = Arc::clone(&self.endpoint);
        for (name, value) in &endpoint.set_var {
            if self.variables.value(name.trim_start_matches('_')).is_none() {
                self.assign(name, value);
            }
        }
    }

    /// State that an application or function keeps on the channel, by its type.
    pub fn extra<T: Default + Send + Sync + 'static>(&mut self) -> &mut T {
        let fresh = || -> Box<dyn Any + Send + Sync> { Box::<T>::default() };
        let extra = self.extras.entry(TypeId::of::<T>()).or_insert_with(fresh);
        extra.downcast_mut().expect("stored under its own type")
    }

    /// Shows in lists by which extension it is called, for those who pick calls up.
    pub(crate) fn show_dialled(&self, at: &str) {
        let mark = self.variables.value("PICKUPMARK").unwrap_or_default().to_owned();
        self.listing.update(|facts| {
            at.clone_into(&mut facts.dialled_at);
            facts.pickup_mark = mark;
        });
    }

    /// Shows in lists which application runs.
    pub(crate) fn show_application(&self, application: &str, data: &str) {
        self.listing.update(|facts| {
            application.clone_into(&mut facts.application);
            data.clone_into(&mut facts.data);
        });
    }

    pub(crate) fn set_state(&mut self, state: State) {
        if self.state == state {
            return;
        }
        self.state = state;
        if state == State::Up {
            let now = self.exchange.now();
            self.answered = Some(now);
            if let Some(unheard) = &mut self.unheard {
                unheard.answered(now);
            }
            self.ears.answered(now);
        }
        let answered = self.answered;
        self.listing.update(|facts| {
            facts.state = state;
            facts.answered = answered;
        });
        self.exchange.bus().publish(Event::ChannelState {
            channel: self.id,
            name: self.name.clone(),
            state: state.name(),
        });
    }

    /// How long until a moment, for applications that count down.
    #[must_use]
    pub fn until(&self, duration: Duration) -> Instant {
        self.exchange.now() + duration
    }

    /// Notes why the channel ends; the first reason stands.
    pub(crate) fn note_stop(&mut self, cause: Cause) {
        if self.stop.is_none() {
            self.cause = cause;
            self.stop = Some(Stop::Hangup { cause: cause.0.into() });
        }
    }

    /// Whether the channel is over.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.stop.is_some()
    }
}

impl std::fmt::Debug for Channel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Channel").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.abandon();
        }
        self.give_up();
        self.exchange.bus().publish(Event::ChannelEnded {
            channel: self.id,
            name: self.name.clone(),
            cause: self.cause.0,
            words: self.cause.words().to_owned(),
        });
    }
}
