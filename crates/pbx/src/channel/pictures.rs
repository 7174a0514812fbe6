//! Pictures that one party begins to show in the middle of a call. The other party has no stream
//! for them until it is offered one (`proposal`), in the codecs that they come in, because they are
//! relayed as they are. A party that does not want them is not asked again for the same.

use sidetone_config::MediaKind as ConfiguredKind;
use sidetone_sdp::negotiation::{CodecSpec, CodecWish, KindWish, StreamWish, Wish};
use sidetone_sdp::plan::MediaKind;
use sidetone_terms::codec::configured;

use super::{Channel, StreamFact};

/// What is to be offered.
#[derive(Debug, Default)]
pub(crate) struct Pictures {
    /// The peer shows more than before.
    pub(super) wanted: bool,
    /// How many streams were offered to the party for this peer.
    offered: usize,
}

pub(super) fn pictures(streams: &[StreamFact]) -> impl Iterator<Item = &StreamFact> {
    streams.iter().filter(|stream| stream.kind == MediaKind::Video)
}

impl Channel {
    /// Another peer: what its predecessor showed does not count.
    pub(super) fn forget_pictures(&mut self) {
        self.pictures = Pictures::default();
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

    /// Whether the party lacks pictures that it was not offered yet.
    pub(super) fn lacks_pictures(&self) -> bool {
        let negotiates = self.media.as_ref().is_some_and(|media| media.pipe.is_none());
        negotiates && self.missing_pictures().is_some()
    }

    /// What is offered with the pictures that are missing. What is spoken stays as it is.
    pub(super) fn wish_for_pictures(&mut self) -> Wish {
        let mut wish = self.standing_wish();
        let streams = self.streams();
        if let Some(voice) = streams.iter().find(|stream| stream.kind == MediaKind::Audio) {
            wish.audio.codecs = CodecWish::Only(voice.codecs.clone());
        }
        if let Some((count, codecs)) = self.missing_pictures() {
            self.pictures.offered = count;
            let codecs = CodecWish::Only(codecs);
            wish.video = KindWish { codecs, ..KindWish::both_ways(count) };
        }
        wish
    }

    /// The offer of pictures met another, or its turn did not come: nobody has seen it.
    pub(super) fn pictures_unseen(&mut self) {
        self.pictures.offered = 0;
    }
}
