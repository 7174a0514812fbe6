//! codecs.conf, and the codec options of endpoints.

use sidetone_sdp::negotiation::Keep;
use sidetone_sdp::negotiation::codec_preference::{Operation, Preferred, Transcode};

use super::{base, config, errors, load_sip, one_says, warnings};
use sidetone_config::load;
use sidetone_config::load::Loaded;
use sidetone_config::objects::codecs_conf::{
    OpusApplication, OpusBandwidth, OpusBitrate, OpusSignal,
};

fn load_codecs(text: &str) -> Loaded {
    load(&base().with("/etc/codecs.conf", text), "/etc")
}

#[test]
fn opus_is_told_what_codecs_conf_says() {
    let opus = config(&load_codecs("")).codecs.opus;
    assert_eq!((opus.complexity, opus.packet_loss, opus.bitrate), (5, 0, OpusBitrate::Auto));
    assert!(opus.fec && !opus.dtx && !opus.cbr);
    let loaded = load_codecs(
        "[opus]\ntype=opus\npacket_loss=10\ncomplexity=9\nmax_bandwidth=wide\nsignal=voice\n\
         application=audio\nmax_playback_rate=16000\nbitrate=24000\ncbr=yes\nfec=no\ndtx=yes\n\
         [plc]\ngenericplc=no\n",
    );
    assert_eq!(errors(&loaded), Vec::<String>::new());
    assert!(!warnings(&loaded).iter().any(|text| text.contains("codecs.conf")));
    let codecs = config(&loaded).codecs.clone();
    let opus = codecs.opus;
    assert_eq!((opus.packet_loss, opus.complexity, opus.max_playback_rate), (10, 9, 16_000));
    assert_eq!(opus.max_bandwidth, OpusBandwidth::Wide);
    assert_eq!((opus.signal, opus.application), (OpusSignal::Voice, OpusApplication::Audio));
    assert_eq!(opus.bitrate, OpusBitrate::Fixed(24_000));
    assert!(opus.cbr && !opus.fec && opus.dtx && !codecs.generic_plc);
}

#[test]
fn what_codecs_conf_cannot_mean_is_said() {
    let loaded = load_codecs("[opus]\nbitrate=fast\ncomplexity=11\n");
    one_says(&errors(&loaded), &["codecs.conf:2:", "'bitrate = fast'", "auto, max"]);
    one_says(&errors(&loaded), &["codecs.conf:3:", "complexity", "0 to 10"]);
    let loaded = load_codecs("[silk8]\nfec=true\n[wideband]\ntype=opus\n[opsu]\n");
    one_says(&warnings(&loaded), &["codecs.conf:1:", "[silk8] of codecs.conf is ignored"]);
    one_says(&warnings(&loaded), &["codecs.conf:3:", "one kind of opus"]);
    one_says(&warnings(&loaded), &["no section [opsu]", "did you mean [opus]?"]);
}

#[test]
fn speex_is_told_what_codecs_conf_says() {
    let speex = config(&load_codecs("")).codecs.speex;
    assert_eq!((speex.quality, speex.complexity, speex.vbr_quality, speex.abr), (8, 3, 4, 0));
    assert!(speex.enhancement && !speex.vad && !speex.vbr && !speex.dtx);
    let loaded = load_codecs(
        "[speex]\nquality => 3\ncomplexity => 2\nenhancement => false\nvad => true\n\
         vbr => true\nabr => 9000\nvbr_quality => 5\ndtx => true\npreprocess => false\n",
    );
    assert_eq!(errors(&loaded), Vec::<String>::new());
    assert!(!warnings(&loaded).iter().any(|text| text.contains("codecs.conf")));
    let speex = config(&loaded).codecs.speex;
    assert_eq!((speex.quality, speex.complexity, speex.vbr_quality, speex.abr), (3, 2, 5, 9_000));
    assert!(!speex.enhancement && speex.vad && speex.vbr && speex.dtx);
    let loaded = load_codecs("[speex]\nquality=11\ndtx=yes\npp_denoise=yes\n");
    one_says(&errors(&loaded), &["codecs.conf:2:", "quality", "0 to 10"]);
    one_says(&warnings(&loaded), &["codecs.conf:3:", "dtx", "set vad = yes"]);
    one_says(&warnings(&loaded), &["codecs.conf:4:", "pp_denoise", "ignored", "as it arrives"]);
}

#[test]
fn codec_preferences_of_endpoints_are_read() {
    let loaded = load_sip(
        "[a]\ntype=endpoint\nallow=ulaw\npreferred_codec_only=yes\nasymmetric_rtp_codec=yes\n\
         use_ptime=yes\n\
         codec_prefs_incoming_offer=prefer: configured, operation: only_preferred, keep: first, \
         transcode: prevent\n[b]\ntype=endpoint\nallow=ulaw\n",
    );
    assert_eq!(errors(&loaded), Vec::<String>::new());
    let config = config(&loaded);
    let a = &config.endpoints["a"];
    let prefs = a.codec_prefs;
    assert!(prefs.only_one && prefs.asymmetric && prefs.use_ptime);
    let prefs = prefs.incoming_offer;
    assert_eq!((prefs.prefer, prefs.operation), (Preferred::Configured, Operation::OnlyPreferred));
    assert_eq!((prefs.keep, prefs.transcode), (Keep::First, Transcode::Prevent));
    let b = &config.endpoints["b"].codec_prefs;
    assert_eq!(b.outgoing_offer.operation, Operation::Union);
    assert_eq!(b.incoming_offer, b.outgoing_answer);
    let loaded = load_sip(
        "[a]\ntype=endpoint\nallow=ulaw\ncodec_prefs_incoming_offer=operation: union\n\
         [b]\ntype=endpoint\nallow=ulaw\ncodec_prefs_outgoing_offer=prefer: mine\n",
    );
    one_says(&errors(&loaded), &["codec_prefs_incoming_offer", "cannot be a union"]);
    one_says(&errors(&loaded), &["codec_prefs_outgoing_offer", "prefer: mine"]);
    let loaded = load_sip(
        "[a]\ntype=endpoint\nallow=ulaw\ncodec_prefs_incoming_answer=transcode: prevent\n\
         outgoing_call_offer_pref=local\ncodec_prefs_outgoing_offer=prefer: pending\n",
    );
    one_says(&warnings(&loaded), &["codec_prefs_incoming_answer", "ignored in answers"]);
    one_says(&warnings(&loaded), &["outgoing_call_offer_pref", "ignored", "says more"]);
}

#[test]
fn each_codec_that_is_translated_has_a_module() {
    use sidetone_config::tables::modules::module_called;
    use sidetone_config::{CODECS, MediaKind, Support};
    let sound = |codec: &&sidetone_config::objects::codecs::CodecSpec| {
        codec.kind == MediaKind::Audio && codec.support == Support::Full
    };
    for codec in CODECS.iter().filter(sound) {
        let name = match codec.name {
            linear if linear.starts_with("slin") => "resample",
            "g726aal2" => "g726",
            speex if speex.starts_with("speex") => "speex",
            other => other,
        };
        assert!(module_called(&format!("codec_{name}")).is_some(), "{}", codec.name);
    }
    for missing in ["codec_g729a", "codec_silk", "codec_codec2", "func_odbc", "app_queue"] {
        assert!(module_called(missing).is_none(), "{missing}");
    }
}
