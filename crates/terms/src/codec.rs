//! From `codecs.conf` and the codec options of an endpoint to what media and offers obey.

use sidetone_config::objects::codecs_conf::{
    CodecsConf, OpusApplication, OpusBandwidth, OpusBitrate, OpusSignal,
};
use sidetone_config::{Config, Endpoint, MediaKind};
use sidetone_media::{
    Application, Bandwidth, Bitrate, BitrateMode, CodecSettings, OpusSettings, Signal,
    SpeexSettings,
};
use sidetone_sdp::negotiation::codec_preference::Transcode;
use sidetone_sdp::negotiation::{CodecPreference, CodecSpec, CodecWish, Keep};

/// The codecs of `allow=`, in its order, but for those that `modules.conf` leaves out.
pub fn configured(config: &Config, endpoint: &Endpoint, kind: MediaKind) -> Vec<CodecSpec> {
    let allowed = endpoint.allow.iter().filter(|codec| codec.kind == kind);
    allowed
        .filter(|codec| config.modules.codec_off(codec.name).is_none())
        .filter_map(|codec| {
            let (_, spec) = CodecSpec::of_config_name(codec.name)?;
            Some(match codec.packet_ms {
                Some(packet_ms) => spec.with_ptime(packet_ms.into()),
                None => spec,
            })
        })
        .collect()
}

/// How the codecs of a leg behave.
pub fn settings(conf: &CodecsConf, endpoint: &Endpoint) -> CodecSettings {
    CodecSettings {
        opus: opus_settings(conf),
        speex: speex_settings(conf),
        generic_concealment: conf.generic_plc,
        conceals_equal: conf.generic_plc && conf.generic_plc_on_equal_codecs,
        asymmetric: endpoint.codec_prefs.asymmetric,
    }
}

/// `[speex]` as the codec takes it.
fn speex_settings(conf: &CodecsConf) -> SpeexSettings {
    let speex = &conf.speex;
    SpeexSettings {
        quality: speex.quality,
        complexity: speex.complexity,
        enhancement: speex.enhancement,
        voice_activity: speex.vad,
        variable_bitrate: speex.vbr,
        variable_quality: speex.vbr_quality,
        average_bitrate: speex.abr,
        discontinuous_transmission: speex.dtx,
    }
}

/// `[opus]` as the codec takes it.
pub fn opus_settings(conf: &CodecsConf) -> OpusSettings {
    let opus = &conf.opus;
    OpusSettings {
        bitrate: match opus.bitrate {
            OpusBitrate::Auto => Bitrate::Auto,
            OpusBitrate::Max => Bitrate::Max,
            OpusBitrate::Fixed(bits) => Bitrate::BitsPerSecond(bits),
        },
        mode: if opus.cbr { BitrateMode::Constant } else { BitrateMode::Variable },
        complexity: opus.complexity,
        forward_error_correction: opus.fec,
        expected_loss_percent: opus.packet_loss,
        discontinuous_transmission: opus.dtx,
        max_bandwidth: match opus.max_bandwidth {
            OpusBandwidth::Narrow => Bandwidth::Narrow,
            OpusBandwidth::Medium => Bandwidth::Medium,
            OpusBandwidth::Wide => Bandwidth::Wide,
            OpusBandwidth::SuperWide => Bandwidth::SuperWide,
            OpusBandwidth::Full => Bandwidth::Full,
        },
        max_playback_rate: opus.max_playback_rate,
        signal: match opus.signal {
            OpusSignal::Auto => Signal::Auto,
            OpusSignal::Voice => Signal::Voice,
            OpusSignal::Music => Signal::Music,
        },
        application: match opus.application {
            OpusApplication::Voip => Application::Voip,
            OpusApplication::Audio => Application::Audio,
            OpusApplication::LowDelay => Application::LowDelay,
        },
    }
}

/// Which codecs an endpoint is offered by a call whose caller speaks `pending`
/// (`codec_prefs_outgoing_offer`). What `allow` lacks is never offered. `translatable` says
/// whether the caller's leg may be put to another codec.
pub fn offered(
    config: &Config,
    endpoint: &Endpoint,
    pending: &[CodecSpec],
    translatable: bool,
) -> CodecWish {
    let preference = &endpoint.codec_prefs.outgoing_offer;
    let configured = configured(config, endpoint, MediaKind::Audio);
    let has = |list: &[CodecSpec], spec: &CodecSpec| {
        list.iter().any(|own| own.name == spec.name && own.clock_rate == spec.clock_rate)
    };
    let known: Vec<CodecSpec> =
        pending.iter().filter(|spec| has(&configured, spec)).cloned().collect();
    let all = CodecPreference { keep: Keep::All, ..*preference };
    let mut list = all.apply(&known, &configured);
    // Before all but the first are dropped: one that cannot be spoken does not count as first.
    if !translatable || preference.transcode == Transcode::Prevent {
        list.retain(|spec| has(&known, spec));
    }
    if preference.keep == Keep::First {
        list.truncate(1);
    }
    CodecWish::Only(list)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn config(lines: &str, modules: &str) -> Arc<Config> {
        let mut source = sidetone_conf::MemorySource::new();
        let text = format!(
            "[u]\ntype=transport\nprotocol=udp\nbind=127.0.0.1\n\
             [a]\ntype=endpoint\ncontext=x\n{lines}\n"
        );
        source.set("/etc/pjsip.conf", text.as_bytes());
        source.set("/etc/modules.conf", format!("[modules]\n{modules}\n").as_bytes());
        let loaded = sidetone_config::load(&source, "/etc");
        loaded.config.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics))
    }

    fn offer_of(config: &Config, pending: &[CodecSpec], translatable: bool) -> Vec<String> {
        names(&offered(config, &config.endpoints["a"], pending, translatable))
    }

    fn names(wish: &CodecWish) -> Vec<String> {
        match wish {
            CodecWish::Only(list) => list.iter().map(ToString::to_string).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn coders_obey_codecs_conf() {
        let mut source = sidetone_conf::MemorySource::new();
        let text = "[u]\ntype=transport\nprotocol=udp\nbind=127.0.0.1\n\
                    [a]\ntype=endpoint\ncontext=x\nallow=speex\n";
        source.set("/etc/pjsip.conf", text.as_bytes());
        let text = "[speex]\nquality=3\ncomplexity=2\nenhancement=no\nvad=yes\nvbr=yes\n\
                    vbr_quality=5\nabr=9000\ndtx=yes\n[opus]\ncomplexity=1\n";
        source.set("/etc/codecs.conf", text.as_bytes());
        let loaded = sidetone_config::load(&source, "/etc");
        let config = loaded.config.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics));
        let settings = settings(&config.codecs, &config.endpoints["a"]);
        let speex = SpeexSettings {
            quality: 3,
            complexity: 2,
            enhancement: false,
            voice_activity: true,
            variable_bitrate: true,
            variable_quality: 5,
            average_bitrate: 9_000,
            discontinuous_transmission: true,
        };
        assert_eq!((settings.speex, settings.opus.complexity), (speex, 1));
    }

    #[test]
    fn a_caller_that_is_not_translated_leaves_its_own_codecs() {
        let pending: Vec<CodecSpec> = ["gsm", "ulaw", "opus"]
            .iter()
            .filter_map(|name| Some(CodecSpec::of_config_name(name)?.1))
            .collect();
        let callee = config("allow=opus,g722,ulaw", "");
        assert_eq!(offer_of(&callee, &pending, true), ["ulaw", "opus", "g722"]);
        assert_eq!(offer_of(&callee, &pending, false), ["ulaw", "opus"]);
        let first =
            config("allow=g722,opus\ncodec_prefs_outgoing_offer=prefer:configured,keep:first", "");
        assert_eq!(offer_of(&first, &pending, false), ["opus"], "g722 cannot be the first");
    }

    #[test]
    fn a_codec_that_is_left_out_is_neither_offered_nor_accepted() {
        let config = config("allow=opus,g722,ulaw", "noload => codec_opus.so");
        assert_eq!(offer_of(&config, &[], true), ["g722", "ulaw"]);
        let accepted = crate::capabilities(&config, &config.endpoints["a"]).audio;
        assert!(accepted.iter().all(|spec| spec.name != "opus"), "{accepted:?}");
        assert_eq!(accepted.len(), 2);
    }
}
