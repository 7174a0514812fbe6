//! `modules.conf`: everything is built in, so nothing is loaded; what the file asks for is
//! checked against what there is.

use sidetone_conf::{Diagnostic, Document, Span, Value};

use crate::foreign::CHAN_SIP_IS_GONE;
use crate::nearest::nearest;
use crate::report::Report;
use crate::sections::single;

/// What the file asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Modules {
    /// Built-in parts it switches off by `noload`, module names without `.so`.
    pub switched_off: Vec<String>,
    /// Built-in parts it asks for.
    pub asked_for: Vec<String>,
}

/// Modules of Asterisk whose work is done by something built in.
pub const BUILT_IN: &[&str] = &[
    "app_dial",
    "app_echo",
    "app_milliwatt",
    "app_playback",
    "app_playtones",
    "app_stream_echo",
    "app_verbose",
    "bridge_native_rtp",
    "bridge_simple",
    "chan_pjsip",
    "codec_alaw",
    "codec_g722",
    "codec_g726",
    "codec_gsm",
    "codec_opus",
    "codec_resample",
    "codec_ulaw",
    "format_pcm",
    "format_wav",
    "func_callerid",
    "func_channel",
    "func_db",
    "func_global",
    "func_logic",
    "func_strings",
    "pbx_config",
    "res_crypto",
    "res_format_attr_h264",
    "res_format_attr_opus",
    "res_format_attr_vp8",
    "res_http_websocket",
    "res_pjproject",
    "res_pjsip",
    "res_pjsip_acl",
    "res_pjsip_authenticator_digest",
    "res_pjsip_caller_id",
    "res_pjsip_dialog_info_body_generator",
    "res_pjsip_dtmf_info",
    "res_pjsip_endpoint_identifier_anonymous",
    "res_pjsip_endpoint_identifier_ip",
    "res_pjsip_endpoint_identifier_user",
    "res_pjsip_logger",
    "res_pjsip_messaging",
    "res_pjsip_nat",
    "res_pjsip_outbound_authenticator_digest",
    "res_pjsip_path",
    "res_pjsip_refer",
    "res_pjsip_registrar",
    "res_pjsip_rfc3326",
    "res_pjsip_sdp_rtp",
    "res_pjsip_session",
    "res_pjsip_transport_websocket",
    "res_rtp_asterisk",
    "res_sorcery_astdb",
    "res_sorcery_config",
    "res_sorcery_memory",
    "res_srtp",
    "res_stun_monitor",
    "res_timing_timerfd",
];

/// Modules that need more words than "there is no such".
const SPECIAL: &[(&str, &str)] = &[
    (
        "codec_opus_open_source",
        "it is neither part of Asterisk nor of its binary downloads, but of another project; \
         Opus is built in here: remove the line",
    ),
    ("codec_opus_arm", "Opus is built in here: remove the line"),
    ("chan_sip", CHAN_SIP_IS_GONE),
];

impl Modules {
    pub(crate) fn build(document: &Document, report: &mut Report) -> Self {
        let mut modules = Self::default();
        for section in single(document, "modules") {
            for value in &section.values {
                modules.line(value, report);
            }
        }
        modules
    }

    fn line(&mut self, value: &Value, report: &mut Report) {
        let name = value.text.trim_end_matches(".so");
        match value.name.to_ascii_lowercase().as_str() {
            // Without loadable modules there is nothing to find, and no order to keep.
            "autoload" => {}
            "load" | "preload" | "require" | "preload-require" => {
                if BUILT_IN.contains(&name) {
                    self.asked_for.push(name.to_owned());
                } else {
                    unknown(name, &value.span, report);
                }
            }
            "noload" if BUILT_IN.contains(&name) => {
                let message = format!("'{name}' is built in and cannot be left out");
                report.say(
                    Diagnostic::notice(&value.span, message)
                        .hint("switch it off by its own configuration file"),
                );
                self.switched_off.push(name.to_owned());
            }
            // What does not exist is not loaded, as asked for.
            "noload" => {}
            other => {
                let message = format!("modules.conf has no option '{other}'");
                let known = ["autoload", "load", "noload", "preload", "require", "preload-require"];
                let hint = nearest(other, known).map(|near| format!("did you mean '{near}'?"));
                let diagnostic = Diagnostic::warning(&value.span, message);
                report.say(diagnostic.hint(hint.unwrap_or_default()));
            }
        }
    }
}

fn unknown(name: &str, span: &Span, report: &mut Report) {
    let message = format!("module '{name}' is not here");
    let special = SPECIAL.iter().find(|(module, _)| *module == name);
    let hint = match (special, nearest(name, BUILT_IN.iter().copied())) {
        (Some((_, words)), _) => (*words).to_owned(),
        (None, Some(near)) if near.split('_').next() == name.split('_').next() => {
            format!("did you mean '{near}'? that one is built in")
        }
        _ => String::from("nothing is loaded at run time; remove the line"),
    };
    report.say(Diagnostic::warning(span, message).hint(hint));
}
