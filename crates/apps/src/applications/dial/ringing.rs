//! The first half of `Dial`: everybody is called, and somebody answers or nobody does. What the
//! caller hears meanwhile is decided here too.

use std::time::Instant;

use sidetone_base::ChannelId;
use sidetone_dialplan::{Flow, Host as _, Position, Stop};
use sidetone_pbx::channel::{
    BranchEvent, Control, Errand, Happening, Join, Pace, PartyId, Peer, State, press_on,
};
use sidetone_pbx::outgoing::Branch;
use sidetone_pbx::{Cause, Channel};

use super::destinations::{Calling, Destination, MOST_DESTINATIONS, To};
use super::forward;
use super::options::Options;
use super::place::Subroutine;
use super::secure;
use crate::applications::tones;

/// How the first half ended.
pub(super) enum Outcome {
    /// This one answered, or somebody in its place.
    Answered(Answered),
    /// Nobody did; the word for `DIALSTATUS` and the cause.
    Nobody(&'static str, Cause),
    /// The caller went elsewhere by a digit.
    Exit(Position),
}

/// Who answered.
pub(super) struct Answered {
    /// The branch.
    pub place: Option<usize>,
    /// The other side.
    pub peer: Box<Peer>,
    /// What was dialled of it.
    pub number: String,
}

struct Running {
    branch: Option<Branch>,
    destination: Destination,
    over: Option<Cause>,
    /// The SIP status that ended it.
    status: Option<u16>,
}

/// The called channels of one Dial. Whatever happens to Dial, those that still ring are ended.
pub(super) struct Dialling {
    branches: Vec<Running>,
    /// How those are ended that did not answer.
    end_with: Cause,
    /// When it began.
    pub begun: Instant,
    /// When the first of them rang.
    pub rang: Option<Instant>,
    /// When the first of them sent early media.
    pub progressed: Option<Instant>,
    until: Option<Instant>,
    /// When it is over unless something was heard of somebody.
    silent_until: Option<Instant>,
    /// Whether somebody rang, spoke or refused.
    pub heard: bool,
    sounds: bool,
    music: bool,
}

impl Drop for Dialling {
    fn drop(&mut self) {
        self.end_others(None, self.end_with);
    }
}

impl Dialling {
    /// Calls everybody.
    pub(super) fn start(
        channel: &mut Channel,
        destinations: &[Destination],
        options: &Options,
        [until, silent_until]: [Option<Instant>; 2],
    ) -> Self {
        let end_with = if options.elsewhere { Cause::ANSWERED_ELSEWHERE } else { Cause::NORMAL };
        let mut dialling = Self {
            branches: Vec::new(),
            end_with,
            begun: channel.exchange().now(),
            rang: None,
            progressed: None,
            until,
            silent_until,
            heard: false,
            sounds: false,
            music: false,
        };
        let caller = shown_caller(channel, options);
        let calling = Calling { caller, ..Calling::of(channel) };
        for destination in destinations {
            dialling.call(channel, destination, options, calling.clone());
        }
        dialling
    }

    fn call(
        &mut self,
        channel: &Channel,
        destination: &Destination,
        options: &Options,
        calling: Calling,
    ) {
        let mut running =
            Running { branch: None, destination: destination.clone(), over: None, status: None };
        if destination.is_busy(channel.exchange()) {
            tracing::info!("{}: {} has calls enough", channel.name(), destination.number);
            running.over = Some(Cause::BUSY);
        } else if let Some(words) = secure::objection(channel, destination) {
            tracing::warn!("{}: {} is not called: {words}", channel.name(), destination.number);
            running.over = Some(Cause(58));
        } else {
            let first = options.before_callee.as_deref().and_then(|text| {
                Subroutine::read(channel, text).map(|subroutine| subroutine.errand(None))
            });
            let first = with_caller(first, channel, options);
            running.branch = Some(destination.call(channel.exchange(), calling, first));
        }
        self.branches.push(running);
    }

    fn place(&self, channel: ChannelId) -> Option<usize> {
        let is = |running: &Running| running.branch.as_ref().map(|b| b.channel) == Some(channel);
        self.branches.iter().position(is)
    }

    /// Waits until somebody answers or nobody can any more.
    pub(super) async fn until_answered(
        &mut self,
        channel: &mut Channel,
        options: &Options,
    ) -> Result<Outcome, Stop> {
        channel.set_rights(options.caller_rights);
        self.begin(channel, options).await;
        loop {
            if self.branches.iter().all(|running| running.over.is_some()) {
                return Ok(self.nobody());
            }
            let listens = options.exit || options.caller_rights.disconnect;
            let happening = channel.wait_for_branches(self.deadline(), listens).await?;
            let (from, event) = match happening {
                Happening::Branch(from, event) => (from, event),
                Happening::Deadline => return Ok(Outcome::Nobody("NOANSWER", Cause::NO_ANSWER)),
                Happening::Digit(digit) => {
                    if let Some(outcome) = key(channel, digit, options)? {
                        return Ok(outcome);
                    }
                    continue;
                }
                Happening::Played(_) => continue,
            };
            let Some(place) = self.place(from) else {
                // One that was forwarded: its successor is called by now.
                sidetone_pbx::channel::turn_away(from, event, Cause::NORMAL);
                continue;
            };
            self.heed(place, &event);
            match event {
                BranchEvent::Ringing => self.ringing(channel).await,
                BranchEvent::Progress(peer) => self.early(channel, place, peer, options).await,
                BranchEvent::Answered(peer) => return Ok(self.answered(Some(place), peer)),
                BranchEvent::Replaced(peer) => return Ok(self.answered(None, *peer)),
                BranchEvent::Done(_) => {}
                BranchEvent::Gone { cause, forward, .. } => {
                    self.branches[place].over = Some(cause);
                    if let Some(uri) = forward {
                        self.forwarded(channel, place, &uri, options).await;
                    }
                }
            }
        }
    }

    fn deadline(&self) -> Option<Instant> {
        let silent_until = self.silent_until.filter(|_| !self.heard);
        self.until.into_iter().chain(silent_until).min()
    }

    /// Notes what tells that somebody is there: of an extension only its dialplan could.
    fn heed(&mut self, place: usize, event: &BranchEvent) {
        let Some(running) = self.branches.get_mut(place) else { return };
        self.heard |= match event {
            BranchEvent::Gone { status, .. } => {
                running.status = *status;
                status.is_some() || matches!(running.destination.to, To::Local { .. })
            }
            BranchEvent::Done(_) => false,
            _ => true,
        };
    }

    /// The SIP status of whoever ended with this cause.
    pub(super) fn status_of(&self, cause: Cause) -> Option<u16> {
        self.branches.iter().find(|running| running.over == Some(cause))?.status
    }

    fn answered(&self, place: Option<usize>, peer: Peer) -> Outcome {
        let number = match place {
            Some(place) => self.branches[place].destination.number.clone(),
            None => peer.name.clone(),
        };
        Outcome::Answered(Answered { place, peer: Box::new(peer), number })
    }

    /// What the caller hears from the start.
    async fn begin(&mut self, channel: &mut Channel, options: &Options) {
        if let Some(class) = &options.music {
            self.play_music(channel, class).await;
        } else if let Some(tone) = &options.ring {
            channel.ring().await;
            if !tone.is_empty() {
                self.sound(channel, tone).await;
            } else if channel.is_heard() {
                self.sound(channel, "ring").await;
            }
        } else if options.ring_until_media {
            self.ringing(channel).await;
        }
    }

    async fn ringing(&mut self, channel: &mut Channel) {
        let now = channel.exchange().now();
        self.rang.get_or_insert(now);
        if self.progressed.is_some() {
            return;
        }
        channel.ring().await;
        if channel.is_heard() && !self.music {
            self.sound(channel, "ring").await;
        }
    }

    /// A tone that goes on until somebody is heard.
    async fn sound(&mut self, channel: &mut Channel, tone: &str) {
        if self.sounds {
            return;
        }
        self.sounds = true;
        if !channel.is_heard()
            && let Err(error) = channel.progress().await
        {
            tracing::info!("{}: no early media: {error}", channel.name());
            return;
        }
        tones::start(channel, tone).await;
    }

    async fn play_music(&mut self, channel: &mut Channel, class: &str) {
        self.music = true;
        let heard = channel.is_heard() || channel.progress().await.is_ok();
        if heard && let Err(error) = channel.start_music(class).await {
            tracing::warn!("{}: no music: {error}", channel.name());
        }
    }

    /// Ends what the caller hears.
    pub(super) async fn quiet(&mut self, channel: &mut Channel) {
        if std::mem::take(&mut self.music) {
            channel.stop_music().await;
        }
        if std::mem::take(&mut self.sounds) {
            channel.stop_background().await;
        }
    }

    /// Early media of a single callee reaches the caller; of several, nobody could say whose.
    async fn early(&mut self, channel: &mut Channel, place: usize, peer: Peer, options: &Options) {
        let now = channel.exchange().now();
        let first = self.progressed.is_none();
        let alone = self.branches.len() == 1;
        if options.ring.is_some() || self.music || !alone {
            self.ringing(channel).await;
            self.progressed.get_or_insert(now);
            return;
        }
        self.progressed.get_or_insert(now);
        if channel.progress().await.is_err() {
            return;
        }
        self.quiet(channel).await;
        if let Some(own) = channel.as_peer("") {
            self.tell(place, Control::Join(Join { peer: own, instead_of: None, rights: None }));
        }
        channel.join(peer).await;
        if first && !options.digits[2].is_empty() {
            let branch = self.branches.get(place).and_then(|running| running.branch.as_ref());
            if let Some(branch) = branch {
                press_on(branch.inbox.clone(), &options.digits[2], Pace::default());
            }
        }
    }

    /// A callee wants to be called elsewhere.
    async fn forwarded(
        &mut self,
        channel: &mut Channel,
        place: usize,
        uri: &str,
        options: &Options,
    ) {
        let Some(branch) = self.branches[place].branch.take() else {
            return;
        };
        if options.no_forward || self.branches.len() >= MOST_DESTINATIONS {
            tracing::info!("{}: {} is not forwarded to {uri}", channel.name(), branch.name);
            return;
        }
        let forwarder = self.branches[place].destination.clone();
        match forward::to(channel, (&branch.name, &forwarder), uri, options).await {
            Ok((destination, calling)) => {
                if options.forward_for_ever {
                    self.until = None;
                }
                self.call(channel, &destination, options, calling);
            }
            Err(words) => {
                tracing::warn!("{}: {} to {uri}: {words}", channel.name(), branch.name);
            }
        }
    }

    /// The most telling of the reasons: busy before congestion before absence.
    fn nobody(&self) -> Outcome {
        let causes = || self.branches.iter().filter_map(|running| running.over);
        let has = |wanted: &[u8]| causes().find(|cause| wanted.contains(&cause.0));
        if let Some(cause) = has(&[17]) {
            return Outcome::Nobody("BUSY", cause);
        }
        if let Some(cause) = has(&[18, 19]) {
            return Outcome::Nobody("NOANSWER", cause);
        }
        if let Some(cause) = has(&[20]) {
            return Outcome::Nobody("CHANUNAVAIL", cause);
        }
        Outcome::Nobody("CONGESTION", causes().next().unwrap_or(Cause::CONGESTION))
    }

    fn tell(&self, place: usize, control: Control) {
        if let Some(branch) = self.branches.get(place).and_then(|running| running.branch.as_ref()) {
            branch.tell(control);
        }
    }

    /// Ends all but one.
    pub(super) fn end_others(&mut self, answered: Option<usize>, cause: Cause) {
        for (place, running) in self.branches.iter_mut().enumerate() {
            if let Some(branch) = &running.branch
                && running.over.is_none()
                && Some(place) != answered
            {
                branch.tell(Control::Hangup(cause));
            }
            running.over.get_or_insert(cause);
        }
    }
}

/// A key of the caller while it rings: out by `d`, or hung up by `H`.
fn key(channel: &mut Channel, digit: char, options: &Options) -> Result<Option<Outcome>, Stop> {
    if options.caller_rights.disconnect
        && crate::applications::features::is_disconnect(channel, digit)
    {
        return Err(Stop::NORMAL);
    }
    if !options.exit {
        return Ok(None);
    }
    let wanted = channel.variable("EXITCONTEXT").filter(|context| !context.is_empty());
    let context = wanted.unwrap_or_else(|| channel.position().context.to_string());
    let to = Position::new(&context, &digit.to_string(), 1);
    Ok(super::place::exists(channel, &to).then_some(Outcome::Exit(to)))
}

/// Who calls, as the callees see it.
pub(super) fn shown_caller(channel: &Channel, options: &Options) -> PartyId {
    let mut caller = channel.caller().clone();
    if let Some(presentation) = options.presentation {
        caller.presentation = presentation;
    }
    if let Some(tag) = &options.tag {
        caller.tag.clone_from(tag);
    }
    caller
}

/// Option `o`: the called channel's own caller is the caller, or somebody else.
fn with_caller(first: Option<Errand>, channel: &Channel, options: &Options) -> Option<Errand> {
    let Some(shown) = &options.shown_caller else {
        return first;
    };
    let caller = match shown.as_str() {
        "" => channel.caller().clone(),
        number => PartyId::new("", number),
    };
    Some(Errand::new(move |channel| {
        Box::pin(async move {
            channel.set_caller(caller);
            match first {
                Some(first) => first.run(channel).await.map(|()| Flow::Next),
                None => Ok(Flow::Next),
            }
        })
    }))
}

/// Whether the caller is answered.
pub(super) fn is_up(channel: &Channel) -> bool {
    channel.state() == State::Up
}
