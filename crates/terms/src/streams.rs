//! What a call offers to whom it calls: the streams of the caller, within what the endpoint allows.

use sidetone_config::{Config, Endpoint};
use sidetone_sdp::negotiation::{CodecSpec, CodecWish, KindWish, Wish};
use sidetone_sdp::plan::MediaKind;

use crate::codec::offered;

/// One stream of a channel, as the other side of a bridge needs to know it.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamFact {
    /// Index of the `m=` line.
    pub index: usize,
    /// Audio, video, text or image.
    pub kind: MediaKind,
    /// The agreed codecs, so that a call beside this one can offer the same.
    pub codecs: Vec<CodecSpec>,
    /// Whether the party hears what is sent to it: not while it holds the call.
    pub hears: bool,
    /// Whether the party describes its silence (RFC 3389).
    pub comfort_noise: bool,
    /// Whether the other side may use others (`transcode: allow`).
    pub translatable: bool,
}

/// What to offer: what the caller speaks first, then whatever the endpoint allows, unless
/// `codec_prefs_outgoing_offer` says otherwise. Pictures are offered only in what the caller sends,
/// because they are relayed as they are; text only if the caller types.
#[must_use]
pub fn wish(config: &Config, endpoint: &Endpoint, streams: &[StreamFact]) -> Wish {
    let of = |kind: MediaKind| streams.iter().filter(move |stream| stream.kind == kind);
    let mut audio = KindWish::both_ways(1);
    if let Some(stream) = of(MediaKind::Audio).next() {
        audio.comfort_noise = stream.comfort_noise;
        audio.codecs = offered(config, endpoint, &stream.codecs, stream.translatable);
    }
    let pictures = of(MediaKind::Video).count().min(endpoint.max_video_streams.into());
    let text = if of(MediaKind::Text).next().is_some() { 1 } else { 0 };
    let mut video = KindWish::both_ways(pictures);
    match of(MediaKind::Video).next() {
        Some(stream) => video.codecs = CodecWish::Only(stream.codecs.clone()),
        None => video = KindWish::none(),
    }
    Wish { audio, video, text: KindWish::both_ways(text), ..Wish::default() }
}
