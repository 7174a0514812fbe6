//! What the call wants of the next exchange, within what the endpoint may do.

use super::codec_spec::CodecSpec;
use crate::attributes::Fax;
use crate::plan::{Direction, MediaKind};

/// What the call wants of the next offer or answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Wish {
    /// Audio streams.
    pub audio: KindWish,
    /// Video streams.
    pub video: KindWish,
    /// Streams of real-time text.
    pub text: KindWish,
    /// A fax in place of the voice, and what we say of it. An offer then turns its first voice into
    /// an image, and back without it; an answer agrees to an image only with it.
    pub image: Option<Fax>,
}

/// Nothing of anything.
impl Default for Wish {
    fn default() -> Self {
        let none = KindWish::none;
        Self { audio: none(), video: none(), text: none(), image: None }
    }
}

/// What the call wants of the streams of one kind.
#[derive(Clone, Debug, PartialEq)]
pub struct KindWish {
    /// The streams wanted. An offer contains exactly these; an answer takes them for the offered
    /// lines in order.
    pub streams: Vec<StreamWish>,
    /// In an answer: what to do with lines offered beyond `streams`, within the endpoint's limit.
    /// `None` refuses them. Offers ignore it.
    pub further: Option<Direction>,
    /// Which codecs, in which order.
    pub codecs: CodecWish,
    /// Offers name comfort noise (RFC 3389), where the endpoint has it: the other side sends it.
    pub comfort_noise: bool,
}

/// One wanted stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamWish {
    /// The direction wanted, seen from us. The peer may narrow it.
    pub direction: Direction,
    /// A name for what the stream carries. A named wish stays on the `m=` line it once got, so
    /// that a conference can drop one participant's picture and leave the others where they are.
    pub label: Option<String>,
    /// The media stream id of `a=msid`, for a browser to sort pictures and voices by; drawn at
    /// random when absent.
    pub msid_stream: Option<String>,
}

/// Which codecs an exchange should use.
#[derive(Clone, Debug, PartialEq)]
pub enum CodecWish {
    /// Those of the endpoint in its order.
    AsConfigured,
    /// Those of the endpoint, the listed ones first.
    Prefer(Vec<CodecSpec>),
    /// The listed ones only; the endpoint must allow them too (`transcode: prevent`).
    Only(Vec<CodecSpec>),
}

impl StreamWish {
    /// A nameless stream.
    #[must_use]
    pub fn new(direction: Direction) -> Self {
        Self { direction, label: None, msid_stream: None }
    }

    /// A stream with a name.
    #[must_use]
    pub fn labelled(direction: Direction, label: &str) -> Self {
        Self { label: Some(label.to_owned()), ..Self::new(direction) }
    }
}

impl KindWish {
    /// `count` streams both ways; an answer takes whatever else is offered.
    #[must_use]
    pub fn both_ways(count: usize) -> Self {
        Self {
            streams: vec![StreamWish::new(Direction::SendRecv); count],
            further: Some(Direction::SendRecv),
            codecs: CodecWish::AsConfigured,
            comfort_noise: false,
        }
    }

    /// No stream of this kind, not even when offered.
    #[must_use]
    pub fn none() -> Self {
        let codecs = CodecWish::AsConfigured;
        Self { streams: Vec::new(), further: None, codecs, comfort_noise: false }
    }

    /// `StreamEcho(count)`: the first stream both ways, the others only from us to the peer.
    #[must_use]
    pub fn fanned_out(count: usize) -> Self {
        let direction = |index| {
            if index == 0 { Direction::SendRecv } else { Direction::SendOnly }
        };
        let streams = (0..count).map(|index| StreamWish::new(direction(index))).collect();
        Self { streams, ..Self::none() }
    }

    /// The same streams in another direction: `SendOnly` puts the peer on hold with music,
    /// `Inactive` without, `SendRecv` takes it back.
    #[must_use]
    pub fn directed(mut self, direction: Direction) -> Self {
        for stream in &mut self.streams {
            stream.direction = direction;
        }
        self.further = self.further.map(|_| direction);
        self
    }
}

impl Wish {
    /// One audio stream both ways; an answer also agrees to video and text.
    #[must_use]
    pub fn call() -> Self {
        let as_offered = || KindWish::both_ways(0);
        Self { audio: KindWish::both_ways(1), video: as_offered(), text: as_offered(), image: None }
    }

    /// One audio stream both ways and nothing else.
    #[must_use]
    pub fn audio_only() -> Self {
        Self { audio: KindWish::both_ways(1), ..Self::default() }
    }

    /// One audio and one video stream both ways.
    #[must_use]
    pub fn audio_and_video() -> Self {
        Self { video: KindWish::both_ways(1), ..Self::audio_only() }
    }

    /// A fax and nothing else.
    #[must_use]
    pub fn fax(fax: Fax) -> Self {
        Self { image: Some(fax), ..Self::default() }
    }

    /// All streams in another direction, see [`KindWish::directed`]; a fax cannot be held.
    #[must_use]
    pub fn directed(self, direction: Direction) -> Self {
        Self {
            audio: self.audio.directed(direction),
            video: self.video.directed(direction),
            text: self.text.directed(direction),
            image: self.image,
        }
    }

    /// The wish for a kind of RTP streams; `None` for what is none.
    #[must_use]
    pub fn of(&self, kind: MediaKind) -> Option<&KindWish> {
        match kind {
            MediaKind::Audio => Some(&self.audio),
            MediaKind::Video => Some(&self.video),
            MediaKind::Text => Some(&self.text),
            MediaKind::Image | MediaKind::Other => None,
        }
    }
}
