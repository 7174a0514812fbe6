//! What the leg of an endpoint may agree to in offers and answers, and how keys of the telephone
//! travel on it.

use std::time::Duration;

use sidetone_config::{Config, DtlsSetup, DtmfMode, Endpoint, MediaEncryption, MediaKind};
use sidetone_media::{DtmfSettings, ToneDetection, WithoutEvents};
use sidetone_sdp::attributes::{SdesSuite, Setup};
use sidetone_sdp::negotiation::{Capabilities, CodecOrder, Keep, Security};

use crate::codec;

/// RTP-07: how keys travel, by `dtmf_mode`. Telephone-events, where they were agreed, go first.
#[must_use]
pub fn dtmf(config: &Config, mode: DtmfMode) -> DtmfSettings {
    DtmfSettings {
        // RTP-02: the option counts samples at 8 kHz.
        timeout: Duration::from_micros(u64::from(config.rtp.dtmf_timeout_samples) * 125),
        detection: match mode {
            DtmfMode::Inband => ToneDetection::Always,
            DtmfMode::Auto => ToneDetection::WithoutEvents,
            _ => ToneDetection::Never,
        },
        without_events: match mode {
            DtmfMode::Info | DtmfMode::AutoInfo => WithoutEvents::Signalling,
            DtmfMode::None => WithoutEvents::Nothing,
            DtmfMode::Rfc4733 | DtmfMode::Inband | DtmfMode::Auto => WithoutEvents::Tones,
        },
        min_duration: Duration::from_millis(config.asterisk.min_dtmf_duration_ms.into()),
    }
}

/// What the endpoint's configuration lets a leg agree to.
#[must_use]
pub fn capabilities(config: &Config, endpoint: &Endpoint) -> Capabilities {
    let ice_allowed = config.rtp.ice_support;
    let mut audio = codec::configured(config, endpoint, MediaKind::Audio);
    let video = codec::configured(config, endpoint, MediaKind::Video);
    for opus in audio.iter_mut().filter(|spec| spec.name == "opus") {
        opus.fmtp = codec::opus_settings(&config.codecs).fmtp();
    }
    let prefs = &endpoint.codec_prefs;
    // The first makes the list that is pending for the second.
    let (pending, pending_keep) = prefs.incoming_offer.answer_policy();
    let (leads, answer_keep) = prefs.outgoing_answer.answer_policy();
    let one = prefs.only_one || pending_keep == Keep::First;
    let answer_order = if one || leads == CodecOrder::Offered { pending } else { leads };
    let (accept_order, accept_keep) = prefs.incoming_answer.answer_policy();
    let base = if endpoint.webrtc {
        Capabilities::webrtc(audio, video)
    } else {
        Capabilities::plain(audio, video)
    };
    let optimistic = endpoint.media_encryption_optimistic && !endpoint.webrtc;
    Capabilities {
        text: codec::configured(config, endpoint, MediaKind::Text),
        fax: endpoint.fax.udptl,
        // Browsers have opus, which has its own way of being silent.
        comfort_noise: !endpoint.webrtc,
        max_audio_streams: endpoint.max_audio_streams.into(),
        max_video_streams: endpoint.max_video_streams.into(),
        security: match endpoint.media_encryption {
            MediaEncryption::None => Security::None,
            MediaEncryption::Sdes => {
                Security::Sdes { optimistic, suites: vec![SdesSuite::AesCm128HmacSha1_80] }
            }
            MediaEncryption::Dtls => Security::Dtls {
                optimistic,
                setup: match endpoint.dtls.setup {
                    DtlsSetup::Active => Setup::Active,
                    DtlsSetup::Passive => Setup::Passive,
                    DtlsSetup::ActPass => Setup::Actpass,
                },
            },
        },
        avpf: endpoint.use_avpf,
        force_avp: endpoint.force_avp,
        received_transport: endpoint.media_use_received_transport,
        rtcp_mux: endpoint.rtcp_mux,
        bundle: endpoint.bundle,
        ice: endpoint.ice_support && ice_allowed,
        trickle: endpoint.ice_support && ice_allowed,
        telephone_event: matches!(
            endpoint.dtmf_mode,
            DtmfMode::Rfc4733 | DtmfMode::Auto | DtmfMode::AutoInfo
        ),
        use_ptime: prefs.use_ptime,
        answer_order,
        answer_keep: if one { Keep::First } else { answer_keep },
        accept_order,
        accept_keep,
        sdp_owner: endpoint.sdp_owner.clone(),
        sdp_session: endpoint.sdp_session.clone(),
        ..base
    }
}
