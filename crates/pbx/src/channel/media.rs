//! The media of a channel: one leg of the engine, and the offer/answer exchange that plans it.

use std::fmt;

use sidetone_base::{ChannelId, LegId};
use sidetone_engine::{LegError, LegHandle};
use sidetone_media::{
    JitterSettings, LegEvent, Playback, PlaybackId, Route, StreamQuality, Tone, no_translation,
};
use sidetone_sdp::Session;
use sidetone_sdp::negotiation::codec_preference::Transcode;
use sidetone_sdp::negotiation::{CodecSpec, Negotiation, Reject, Wish};
use sidetone_sdp::plan::{Direction, MediaKind, MediaPlan, StreamState};

use tokio::sync::mpsc;

use super::pictures::pictures;
use super::{Channel, Control, Peer, State};

pub use sidetone_terms::streams::StreamFact;

/// Why media could not be set up.
#[derive(Clone, Debug)]
pub enum MediaError {
    /// The two sides cannot agree, or the description is wrong; says why.
    Refused(Reject),
    /// The engine could not do it.
    Leg(LegError),
    /// The channel has no media yet.
    NoMedia,
}

impl fmt::Display for MediaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(reject) => reject.fmt(f),
            Self::Leg(error) => error.fmt(f),
            Self::NoMedia => f.write_str("the channel has no media"),
        }
    }
}

impl From<LegError> for MediaError {
    fn from(error: LegError) -> Self {
        Self::Leg(error)
    }
}

impl From<Reject> for MediaError {
    fn from(reject: Reject) -> Self {
        Self::Refused(reject)
    }
}

impl MediaError {
    /// The status of the response that says so.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::Refused(reject) => reject.status,
            Self::Leg(LegError::NoPorts | LegError::NoOwnPorts { .. } | LegError::Overloaded) => {
                503
            }
            Self::Leg(_) | Self::NoMedia => 500,
        }
    }
}

/// The media half of a channel.
#[derive(Debug)]
pub(crate) struct Media {
    pub leg: LegHandle,
    pub negotiation: Negotiation,
    /// Our description as sent last.
    pub local_sdp: Option<String>,
    /// Our offer waits for its answer.
    pub offering: bool,
    /// The streams, when it is one end of a pipe: then nothing is negotiated.
    pub pipe: Option<Vec<StreamFact>>,
    /// What brings the answer to it.
    pub answer_in: AnswerIn,
    /// It went out in a reliable 183: the 2xx has none (RFC 3261 §13.2.1).
    pub offered_early: bool,
    /// The peer offered no stream yet (RFC 3264 §5).
    pub bare: bool,
}

/// What brings the answer to an offer of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AnswerIn {
    /// A response to our INVITE.
    Response,
    /// The ACK: the offer went out in a 2xx.
    Ack,
    /// The PRACK: it went out in a reliable 183 (RFC 3262 §5).
    Prack,
}

impl Media {
    fn plan(&self) -> &MediaPlan {
        self.negotiation.plan()
    }

    fn facts(&self, suppress_on_sendonly: bool) -> Vec<StreamFact> {
        if let Some(streams) = &self.pipe {
            return streams.clone();
        }
        let hears = |direction: Direction| {
            direction.sends() || suppress_on_sendonly && direction == Direction::RecvOnly
        };
        let streams = self.plan().streams.iter().enumerate();
        streams
            .filter(|(_, stream)| stream.state == StreamState::Active)
            .map(|(index, stream)| StreamFact {
                index,
                kind: stream.kind,
                codecs: stream.codecs.iter().map(CodecSpec::of_plan).collect(),
                hears: hears(stream.direction),
                comfort_noise: stream.comfort_noise.is_some(),
                translatable: true,
            })
            .collect()
    }
}

impl Channel {
    /// The exchange of offers and answers of the leg that is yet to be made, if none was.
    fn fresh_negotiation(&self) -> Option<Box<Negotiation>> {
        self.media.is_none().then(|| Box::new(self.exchange.negotiation(&self.endpoint)))
    }

    /// What is negotiated: on the leg, or on the one to come.
    fn negotiation<'n>(
        &'n self,
        fresh: &'n Option<Box<Negotiation>>,
    ) -> Result<&'n Negotiation, MediaError> {
        let media = self.media.as_ref().map(|media| &media.negotiation);
        media.or(fresh.as_deref()).ok_or(MediaError::NoMedia)
    }

    /// Creates the media leg for a fresh negotiation, beside another channel's leg when there is
    /// one.
    async fn open_leg(
        &mut self,
        transports: usize,
        beside: Option<LegId>,
        fresh: Option<Box<Negotiation>>,
    ) -> Result<(), MediaError> {
        let Some(fresh) = fresh else {
            return Ok(());
        };
        let mut spec = self.exchange.leg_spec(
            &self.endpoint,
            self.signalling.flow.as_ref(),
            self.media_sender.clone(),
        );
        spec.rtp.jitter = self.jitter;
        spec.transports = transports.max(1);
        spec.beside = beside;
        let leg = self.exchange.engine().create_leg(spec).await?;
        let negotiation = *fresh;
        self.media = Some(Media {
            leg,
            negotiation,
            local_sdp: None,
            offering: false,
            pipe: None,
            answer_in: AnswerIn::Response,
            offered_early: false,
            bare: false,
        });
        Ok(())
    }

    /// Where the leg's events go, for whoever makes the leg in our place.
    pub(crate) fn media_sender(&self) -> mpsc::Sender<(LegId, LegEvent)> {
        self.media_sender.clone()
    }

    /// Takes one end of a pipe as media: its streams are those of the caller, one of each kind,
    /// so that whoever is called over it is offered what the caller speaks.
    pub(crate) fn open_pipe(&mut self, leg: LegHandle, streams: Vec<StreamFact>) {
        let codecs = |kind| {
            let stream = streams.iter().find(|stream| stream.kind == kind);
            stream.map(|stream| stream.codecs.clone())
        };
        let fact = |(index, kind)| {
            let codecs = codecs(kind);
            // Voice there is always, and room for a fax in its place; pictures and text only if the
            // caller has some.
            let always = matches!(kind, MediaKind::Audio | MediaKind::Image);
            let wanted = always || codecs.is_some();
            let translatable = streams.iter().all(|stream| stream.translatable);
            let codecs = codecs.unwrap_or_default();
            let comfort_noise = streams.iter().any(|stream| stream.comfort_noise);
            let hears = true;
            wanted.then_some(StreamFact { index, kind, codecs, hears, comfort_noise, translatable })
        };
        let kinds = MediaKind::PASSED.into_iter().enumerate();
        self.media = Some(Media {
            leg,
            negotiation: self.exchange.negotiation(&self.endpoint),
            local_sdp: None,
            offering: false,
            pipe: Some(kinds.filter_map(fact).collect()),
            answer_in: AnswerIn::Response,
            offered_early: false,
            bare: false,
        });
    }

    /// Answers an offer and applies what was agreed; returns our description.
    pub(crate) async fn answer_offer(
        &mut self,
        body: &[u8],
        wish: &Wish,
    ) -> Result<String, MediaError> {
        let offer =
            Session::parse(body).map_err(|error| self.exchange.refused_sdp(error.into()))?;
        let fresh = self.fresh_negotiation();
        let needed = self.negotiation(&fresh)?.requirements(&offer, wish);
        self.open_leg(needed.transports, None, fresh).await?;
        let exchange = self.exchange.clone();
        let media = self.media.as_mut().ok_or(MediaError::NoMedia)?;
        let have = media.leg.local_transports().len();
        if needed.transports > have {
            media.leg.add_transports(needed.transports - have).await?;
        }
        if !needed.ice_restarts.is_empty() {
            media.leg.restart_ice().await?;
        }
        let answered = media.negotiation.answer(
            &offer,
            media.leg.local_transports(),
            wish,
            &mut exchange.draws(),
        );
        let (session, plan) = answered.map_err(|reject| exchange.refused_sdp(reject))?;
        media.leg.apply(plan).await?;
        let text = session.to_string();
        media.local_sdp = Some(text.clone());
        media.bare = session.media.is_empty();
        self.plan_changed().await;
        Ok(text)
    }

    /// Writes an offer, the first or a later one.
    pub(crate) async fn make_offer(
        &mut self,
        wish: &Wish,
        beside: Option<LegId>,
    ) -> Result<String, MediaError> {
        let wish = &self.media_offer.applied_to(wish);
        let fresh = self.fresh_negotiation();
        let needed = self.negotiation(&fresh)?.offer_requirements(wish);
        self.open_leg(needed.transports, beside, fresh).await?;
        let exchange = self.exchange.clone();
        let media = self.media.as_mut().ok_or(MediaError::NoMedia)?;
        let have = media.leg.local_transports().len();
        if needed.transports > have {
            media.leg.add_transports(needed.transports - have).await?;
        }
        let offer =
            media.negotiation.offer(media.leg.local_transports(), wish, &mut exchange.draws())?;
        let text = offer.to_string();
        media.local_sdp = Some(text.clone());
        media.offering = true;
        Ok(text)
    }

    /// Takes the answer to our offer and applies what was agreed.
    pub(crate) async fn take_answer(&mut self, body: &[u8]) -> Result<(), MediaError> {
        let exchange = self.exchange.clone();
        let answer = Session::parse(body).map_err(|error| exchange.refused_sdp(error.into()))?;
        let media = self.media.as_mut().ok_or(MediaError::NoMedia)?;
        (media.offering, media.answer_in) = (false, AnswerIn::Response);
        let plan = media.negotiation.accept_answer(&answer);
        let plan = plan.map_err(|reject| exchange.refused_sdp(reject))?;
        media.leg.apply(plan).await?;
        self.plan_changed().await;
        Ok(())
    }

    /// Our offer was refused: what was agreed before stands.
    pub(crate) fn offer_refused(&mut self) {
        if let Some(media) = &mut self.media
            && media.offering
        {
            media.offering = false;
            media.negotiation.roll_back();
        }
    }

    /// Whether the peer's offer had no stream: those come with its next one.
    pub(crate) fn is_bare(&self) -> bool {
        self.media.as_ref().is_some_and(|media| media.bare)
    }

    /// Whether an offer of ours waits for its answer.
    pub(crate) fn is_offering(&self) -> bool {
        self.media.as_ref().is_some_and(|media| media.offering)
    }

    /// As [`Self::make_offer`], for a 2xx to an INVITE without offer (RFC 3261 §13.2.1, §14.2).
    pub(crate) async fn offer_in_answer(&mut self, wish: &Wish) -> Result<String, MediaError> {
        let offer = self.make_offer(wish, None).await?;
        if let Some(media) = &mut self.media {
            media.answer_in = AnswerIn::Ack;
        }
        Ok(offer)
    }

    /// As [`Self::make_offer`], for a reliable 183 to an INVITE without offer (RFC 3262 §5).
    pub(crate) async fn offer_early(&mut self, wish: &Wish) -> Result<String, MediaError> {
        let offer = self.make_offer(wish, None).await?;
        if let Some(media) = &mut self.media {
            (media.answer_in, media.offered_early) = (AnswerIn::Prack, true);
        }
        Ok(offer)
    }

    /// Whether our offer went out before the 2xx.
    pub(crate) fn has_offered_early(&self) -> bool {
        self.media.as_ref().is_some_and(|media| media.offered_early)
    }

    /// Whether an offer of ours has no answer, and this will bring it.
    pub(crate) fn awaits(&self, what: AnswerIn) -> bool {
        self.media.as_ref().is_some_and(|media| media.offering && media.answer_in == what)
    }

    /// Our description as sent last.
    pub(crate) fn local_sdp(&self) -> Option<String> {
        self.media.as_ref()?.local_sdp.clone()
    }

    /// Where we receive the first stream of a kind, as our description says it.
    #[must_use]
    pub fn local_media(&self, kind: MediaKind) -> Option<String> {
        let sdp = self.local_sdp()?;
        let word = &format!("m={} ", kind.word());
        let address = |line: &str| {
            let host = line.strip_prefix("c=IN IP4 ").or_else(|| line.strip_prefix("c=IN IP6 "));
            host.map(|host| host.trim().to_owned())
        };
        let place = sdp.lines().position(|line| line.starts_with(word.as_str()))?;
        let port = sdp.lines().nth(place)?.strip_prefix(word.as_str())?.split(' ').next()?;
        let own = sdp.lines().skip(place + 1).take_while(|line| !line.starts_with("m="));
        let host = own.filter_map(address).next().or_else(|| sdp.lines().find_map(address))?;
        let host = if host.contains(':') { format!("[{host}]") } else { host };
        Some(format!("{host}:{port}"))
    }

    /// The media leg's id.
    #[must_use]
    pub fn leg_id(&self) -> Option<LegId> {
        self.media.as_ref().map(|media| media.leg.id())
    }

    /// What was agreed.
    #[must_use]
    pub fn plan(&self) -> Option<&MediaPlan> {
        self.media.as_ref().map(Media::plan)
    }

    /// The streams in use.
    #[must_use]
    pub fn streams(&self) -> Vec<StreamFact> {
        let suppress = self.endpoint.hold.sendonly_speaks;
        let mut facts = self.media.as_ref().map(|media| media.facts(suppress)).unwrap_or_default();
        if self.state != State::Up {
            // Nobody holds a call before the answer: a gateway only announces something.
            facts.iter_mut().for_each(|stream| stream.hears = true);
        }
        if self.endpoint.codec_prefs.incoming_offer.transcode == Transcode::Prevent {
            facts.iter_mut().for_each(|stream| stream.translatable = false);
        }
        facts
    }

    /// The first audio stream in use.
    #[must_use]
    pub fn audio(&self) -> Option<usize> {
        let streams = self.streams();
        streams.iter().find(|stream| stream.kind == MediaKind::Audio).map(|stream| stream.index)
    }

    /// This channel as the other side of a bridge sees it.
    #[must_use]
    pub fn as_peer(&self, bridge: &str) -> Option<Peer> {
        Some(Peer {
            channel: self.id,
            name: self.name.clone(),
            inbox: self.own_inbox.clone(),
            leg: self.leg_id()?,
            streams: self.streams(),
            music: self.endpoint.hold.suggested_class.clone(),
            bridge: bridge.to_owned(),
            passing: self.is_passing(),
            fax: self.own_fax(),
        })
    }

    /// Sends what a stream receives along a route.
    ///
    /// # Errors
    /// When the engine cannot.
    pub async fn route(&self, stream: usize, route: Route) -> Result<(), MediaError> {
        if !matches!(route, Route::Discard | Route::Forward(_)) {
            self.tell_transfer(200);
        }
        let media = self.media.as_ref().ok_or(MediaError::NoMedia)?;
        Ok(media.leg.route(stream, route).await?)
    }

    /// Sends back whatever comes, also of streams that are agreed on later; or no more.
    pub async fn echo(&mut self, on: bool) {
        self.echoes = on;
        let route = if on { Route::Echo } else { Route::Discard };
        for stream in self.streams() {
            if let Err(error) = self.route(stream.index, route.clone()).await {
                tracing::warn!("{}: stream {}: {error}", self.name, stream.index);
            }
        }
    }

    /// Plays prompts to the peer.
    ///
    /// # Errors
    /// When there is no audio, or its codec cannot be encoded.
    pub async fn play(&self, playback: Playback) -> Result<PlaybackId, MediaError> {
        self.tell_transfer(200);
        let media = self.media.as_ref().ok_or(MediaError::NoMedia)?;
        let stream = self.audio().ok_or(MediaError::NoMedia)?;
        Ok(media.leg.play(stream, playback).await?)
    }

    /// Plays a tone to the peer.
    ///
    /// # Errors
    /// When there is no audio, or its codec cannot be encoded.
    pub async fn tone(&self, tone: Tone) -> Result<PlaybackId, MediaError> {
        let media = self.media.as_ref().ok_or(MediaError::NoMedia)?;
        let stream = self.audio().ok_or(MediaError::NoMedia)?;
        Ok(media.leg.tone(stream, tone).await?)
    }

    /// Remembers what plays while the dialplan goes on.
    pub fn set_background(&mut self, id: Option<PlaybackId>) {
        self.background = id;
    }

    /// Stops what plays while the dialplan goes on.
    pub async fn stop_background(&mut self) {
        if let Some(id) = self.background.take() {
            self.stop_playback(id).await;
        }
    }

    /// Stops a playback or tone.
    pub async fn stop_playback(&self, id: PlaybackId) {
        if let (Some(media), Some(stream)) = (&self.media, self.audio())
            && let Err(error) = media.leg.stop_playback(stream, id).await
        {
            tracing::debug!("{}: {error}", self.name);
        }
    }

    /// Puts a jitter buffer before the audio of the peer, changes it, or takes it away. False when
    /// the media worker is too busy to hear of it.
    pub fn set_jitter_buffer(&mut self, settings: Option<JitterSettings>) -> bool {
        self.jitter = settings;
        self.media.as_ref().is_none_or(|media| media.leg.set_jitter(settings))
    }

    /// Asks the peer for a key frame of a video stream.
    pub async fn request_keyframe(&self, stream: usize) {
        if let Some(media) = &self.media
            && let Err(error) = media.leg.request_keyframe(stream).await
        {
            tracing::debug!("{}: {error}", self.name);
        }
    }

    /// How well the streams run.
    pub async fn quality(&self) -> Vec<StreamQuality> {
        match &self.media {
            Some(media) => media.leg.quality().await.unwrap_or_default(),
            None => Vec::new(),
        }
    }

    /// Joins media with a peer; replaces an earlier peer.
    pub async fn join(&mut self, peer: Peer) {
        let (channel, bridge) = (peer.channel, peer.bridge.clone());
        self.peer = Some(peer);
        self.forget_pictures();
        self.bridging.end = None;
        self.listing.update(|facts| {
            facts.bridged_with = Some(channel);
            facts.bridge = bridge;
        });
        self.reroute().await;
        self.fax_joined();
        if let Some(peer) = self.peer.as_ref().filter(|_| !self.caller.is_empty()) {
            peer.tell(Control::Connected(Box::new(self.caller.clone())));
        }
        for stream in self.streams().iter().filter(|stream| stream.kind == MediaKind::Video) {
            self.request_keyframe(stream.index).await;
        }
    }

    /// Leaves the peer; nothing is forwarded any more.
    pub async fn part(&mut self) {
        if self.peer.take().is_none() {
            return;
        }
        self.listing.update(|facts| {
            facts.bridged_with = None;
            facts.bridge = String::new();
        });
        for stream in self.streams() {
            if let Err(error) = self.route(stream.index, Route::Discard).await {
                tracing::debug!("{}: {error}", self.name);
            }
        }
        self.fax_parted();
        self.follow_hold().await;
    }

    /// The peer's streams changed.
    pub(crate) async fn peer_streams(&mut self, of: ChannelId, streams: Vec<StreamFact>) {
        if let Some(peer) = self.peer.as_mut().filter(|peer| peer.channel == of) {
            let before = pictures(&peer.streams).count();
            let more = pictures(&streams).count() > before;
            peer.streams = streams;
            self.pictures.wanted |= more;
            self.reroute().await;
        }
    }

    /// Forwards the n-th stream of a kind to the peer's n-th of that kind.
    async fn reroute(&mut self) {
        self.forward_to_peer().await;
        self.follow_hold().await;
    }

    async fn forward_to_peer(&self) {
        let Some(peer) = &self.peer else { return };
        for kind in MediaKind::PASSED {
            let theirs: Vec<&StreamFact> =
                peer.streams.iter().filter(|stream| stream.kind == kind).collect();
            let own = self.streams();
            let own = own.iter().filter(|stream| stream.kind == kind);
            for (place, stream) in own.enumerate() {
                let target = theirs.get(place);
                // Who keeps us waiting talks with somebody else on the same leg.
                let route = target.filter(|target| target.hears).map_or(Route::Discard, |target| {
                    Route::Forward(vec![(peer.leg, target.index)])
                });
                if let Some(target) = target.filter(|_| kind == MediaKind::Audio)
                    && let Some(words) = no_translation(&stream.codecs, &target.codecs)
                {
                    // FAQ-03: the bridge stays, in case the other direction is heard.
                    tracing::warn!("{}: nothing is heard on the other side: {words}", self.name);
                }
                if let Err(error) = self.route(stream.index, route).await {
                    tracing::warn!("{}: {error}", self.name);
                }
            }
        }
    }

    /// Our plan changed: whoever we are bridged with must know.
    async fn plan_changed(&mut self) {
        self.reroute().await;
        if self.echoes {
            self.echo(true).await;
        }
        if let Some(peer) = &self.peer {
            peer.tell(Control::PeerStreams { channel: self.id, streams: self.streams() });
        }
    }
}
