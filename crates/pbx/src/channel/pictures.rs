//! Pictures that one party begins to show in the middle of a call. The other party has no stream
//! for them until it is offered one, in the codecs that they come in, because they are relayed as
//! they are. The offer goes out as soon as it can and nobody waits for the answer. A party that
//! does not want them is not asked again for the same.

use std::time::{Duration, Instant};

use sidetone_config::MediaKind as ConfiguredKind;
use sidetone_sdp::negotiation::{CodecSpec, CodecWish, KindWish, StreamWish, Wish};
use sidetone_sdp::plan::MediaKind;
use sidetone_sip::Method;
use sidetone_terms::codec::configured;
use sidetone_ua::api::DialogRequest;

use super::{Channel, State, StreamFact, signal};
use crate::message::{self, ALLOW};

/// While another offer is open, ours waits.
const POSTPONED: Duration = Duration::from_millis(500);
/// How often: half a minute, as long as an offer takes at most.
const MAX_POSTPONED: u8 = 60;

/// What is to be offered.
#[derive(Debug, Default)]
pub(crate) struct Pictures {
    due: Option<Instant>,
    postponed: u8,
    /// The offer is out.
    offering: bool,
    /// How many streams were offered to the party for this peer.
    offered: usize,
}

pub(super) fn pictures(streams: &[StreamFact]) -> impl Iterator<Item = &StreamFact> {
    streams.iter().filter(|stream| stream.kind == MediaKind::Video)
}

impl Channel {
    /// The peer shows more pictures than before: as soon as it can be, they are offered.
    pub(super) fn more_pictures(&mut self) {
        self.pictures.postponed = 0;
        self.pictures.due = Some(self.exchange.now());
    }

    /// Another peer: what its predecessor showed does not count.
    pub(super) fn forget_pictures(&mut self) {
        self.pictures.due = None;
        self.pictures.offered = 0;
    }

    /// What we want, with what was agreed beyond it: an offer for another reason, such as a new
    /// address or a hold, keeps the pictures and the text that the peer brought into the call.
    pub(super) fn standing_wish(&self) -> Wish {
        let mut wish = self.wish.clone();
        let streams = self.streams();
        for (kind, wish) in [(MediaKind::Video, &mut wish.video), (MediaKind::Text, &mut wish.text)]
        {
            let there = streams.iter().filter(|stream| stream.kind == kind).count();
            if let Some(direction) = wish.further
                && there > wish.streams.len()
            {
                wish.streams.resize(there, StreamWish::new(direction));
            }
        }
        wish
    }

    /// When [`Self::keep_pictures`] has something to do.
    pub(super) fn pictures_due(&self) -> Option<Instant> {
        self.pictures.due
    }

    /// Offers what is due; called whenever the channel wakes.
    pub(super) async fn keep_pictures(&mut self) {
        if self.pictures.due.is_some_and(|due| due <= self.exchange.now()) {
            // Rare, and large: a channel's future must not hold it all the time.
            Box::pin(self.offer_pictures()).await;
        }
    }

    /// An offer ended; one of pictures that met an offer of the party comes again.
    pub(super) fn pictures_offered(&mut self, glare: Option<Duration>) {
        if std::mem::take(&mut self.pictures.offering)
            && let Some(after) = glare
        {
            self.pictures.offered = 0;
            self.pictures.due = Some(self.exchange.now() + after);
        }
    }

    /// How many pictures there ought to be, and in which codecs, if there are more than now.
    fn missing_pictures(&self) -> Option<(usize, Vec<CodecSpec>)> {
        let theirs = &self.peer.as_ref()?.streams;
        let count = pictures(theirs).count().min(self.endpoint.max_video_streams.into());
        let config = self.exchange.config();
        let allowed = configured(&config, &self.endpoint, ConfiguredKind::Video);
        let known = |spec: &CodecSpec| allowed.iter().any(|own| own.name == spec.name);
        let codecs = pictures(theirs).next()?.codecs.iter();
        let codecs: Vec<CodecSpec> = codecs.filter(|spec| known(spec)).cloned().collect();
        let more = count > pictures(&self.streams()).count() && count > self.pictures.offered;
        (more && !codecs.is_empty()).then_some((count, codecs))
    }

    async fn offer_pictures(&mut self) {
        self.pictures.due = None;
        let negotiates = self.media.as_ref().is_some_and(|media| media.pipe.is_none());
        let dialog = self.signalling.dialog.filter(|_| negotiates);
        let (Some(dialog), Some((count, codecs))) = (dialog, self.missing_pictures()) else {
            return;
        };
        if self.state != State::Up || self.is_offering() {
            self.pictures.postponed += 1;
            let again = self.pictures.postponed < MAX_POSTPONED;
            self.pictures.due = again.then(|| self.exchange.now() + POSTPONED);
            return;
        }
        self.pictures.offered = count;
        // What is spoken stays as it is.
        let mut wish = self.standing_wish();
        let streams = self.streams();
        if let Some(voice) = streams.iter().find(|stream| stream.kind == MediaKind::Audio) {
            wish.audio.codecs = CodecWish::Only(voice.codecs.clone());
        }
        let codecs = CodecWish::Only(codecs);
        wish.video = KindWish { codecs, ..KindWish::both_ways(count) };
        let offer = match self.make_offer(&wish, None).await {
            Ok(offer) => offer,
            Err(error) => {
                tracing::warn!("{}: cannot offer the peer's pictures: {error}", self.name);
                return;
            }
        };
        let headers = vec![("Allow".to_owned(), ALLOW.to_owned())];
        let body = Some(message::sdp_body(offer));
        let request = DialogRequest { method: Method::Invite, headers, body };
        self.reoffer = signal::Reoffer::Refused;
        self.pictures.offering = true;
        self.signalling.shard.in_dialog(dialog, request, self.own_inbox.clone()).await;
    }
}
