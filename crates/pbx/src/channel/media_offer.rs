//! The codecs that the dialplan chose for our offers (`PJSIP_MEDIA_OFFER`), within what the
//! endpoint allows.

use sidetone_config::MediaKind as ConfiguredKind;
use sidetone_sdp::negotiation::{CodecSpec, CodecWish, Wish};
use sidetone_sdp::plan::MediaKind;

use super::Channel;
use sidetone_terms::codec::configured;

/// What was chosen; `None` leaves the usual choice.
#[derive(Clone, Debug, Default)]
pub(super) struct MediaOffer {
    audio: Option<Vec<CodecSpec>>,
    video: Option<Vec<CodecSpec>>,
}

impl MediaOffer {
    /// A wish with the chosen codecs.
    pub(super) fn applied_to(&self, wish: &Wish) -> Wish {
        let mut wish = wish.clone();
        if let Some(codecs) = &self.audio {
            wish.audio.codecs = CodecWish::Only(codecs.clone());
        }
        if let Some(codecs) = &self.video {
            wish.video.codecs = CodecWish::Only(codecs.clone());
        }
        wish
    }
}

impl Channel {
    /// The codecs that an offer of ours would hold, by their names in configuration; `None` for a
    /// kind of media that is never offered.
    #[must_use]
    pub fn media_offer(&self, kind: MediaKind) -> Option<Vec<String>> {
        let (chosen, of) = match kind {
            MediaKind::Audio => (&self.media_offer.audio, ConfiguredKind::Audio),
            MediaKind::Video => (&self.media_offer.video, ConfiguredKind::Video),
            MediaKind::Text | MediaKind::Image | MediaKind::Other => return None,
        };
        let usual = || configured(&self.exchange.config(), &self.endpoint, of);
        let codecs = chosen.clone().unwrap_or_else(usual);
        Some(codecs.iter().map(|codec| codec.config_name().to_owned()).collect())
    }

    /// Chooses the codecs of our offers: names of configuration, best first.
    ///
    /// # Errors
    /// In words, when a name is no codec of that kind, or `allow` of the endpoint lacks it.
    pub fn set_media_offer(&mut self, kind: MediaKind, names: &str) -> Result<(), String> {
        let of = match kind {
            MediaKind::Audio => ConfiguredKind::Audio,
            MediaKind::Video => ConfiguredKind::Video,
            MediaKind::Text | MediaKind::Image | MediaKind::Other => {
                return Err("only codecs of audio and video are chosen so".to_owned());
            }
        };
        let allowed = configured(&self.exchange.config(), &self.endpoint, of);
        let mut chosen = Vec::new();
        for name in names.split(',').map(|name| name.trim().trim_start_matches('!')) {
            if name.is_empty() || name.eq_ignore_ascii_case("all") {
                continue;
            }
            let own = allowed.iter().find(|own| own.config_name().eq_ignore_ascii_case(name));
            let Some(own) = own else {
                let endpoint = &self.endpoint.id;
                return Err(format!("'{name}' is not among the codecs of endpoint '{endpoint}'"));
            };
            chosen.push(own.clone());
        }
        let chosen = (!chosen.is_empty()).then_some(chosen);
        match kind {
            MediaKind::Audio => self.media_offer.audio = chosen,
            _ => self.media_offer.video = chosen,
        }
        Ok(())
    }
}
