//! Modules of other servers whose work is done by something built in, and the applications and
//! functions of the dialplan that each brings there. `modules.conf` may name these; a test of
//! `apps` compares them with what there is.

/// A module that an existing `modules.conf` may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Module {
    /// Its name without `.so`.
    pub name: &'static str,
    /// Applications of the dialplan that come with it.
    pub applications: &'static [&'static str],
    /// Functions of the dialplan that come with it.
    pub functions: &'static [&'static str],
    /// Codecs that come with it, by their names in `allow`.
    pub codecs: &'static [&'static str],
    /// What else it does that can be switched off, in a few words.
    pub does: &'static str,
    /// Why it cannot be left out; `None` for one that can.
    pub stays: Option<&'static str>,
}

impl Module {
    /// What comes with it, in a few words.
    #[must_use]
    pub fn brings(&self) -> String {
        let mut brought: Vec<&str> = self.applications.to_vec();
        brought.extend(self.functions.iter().chain(self.codecs));
        brought.extend(Some(self.does).filter(|does| !does.is_empty()));
        if brought.is_empty() { "Part of the core".to_owned() } else { brought.join(", ") }
    }
}

const fn module(
    name: &'static str,
    applications: &'static [&'static str],
    functions: &'static [&'static str],
) -> Module {
    Module { name, applications, functions, codecs: &[], does: "", stays: None }
}

const fn codec(name: &'static str, codecs: &'static [&'static str]) -> Module {
    Module { codecs, ..module(name, &[], &[]) }
}

const fn feature(name: &'static str, does: &'static str) -> Module {
    Module { does, ..module(name, &[], &[]) }
}

const fn stays(name: &'static str, why: &'static str) -> Module {
    Module { stays: Some(why), ..module(name, &[], &[]) }
}

const BRIDGE: &str = "without it no two parties could talk";
const FILES: &str = "prompts and music are read by one reader for all formats";
const FMTP: &str = "what the codec writes into offers comes with it: take it out of allow";
const LOGIC: &[&str] = &["DELETE", "EXISTS", "IF", "IFTIME", "ISNULL", "SET", "VARIABLE_EXISTS"];
const OF_CALLS: &[&str] =
    &["PJSIP_DIAL_CONTACTS", "PJSIP_MEDIA_OFFER", "PJSIP_SEND_SESSION_REFRESH"];
const PJSIP: &str = "without it nobody could call";
const PLATFORM: &str = "it stands for a library or a service of the system that is not used here";
const PROOF: &str = "who has a password proves it: take auth out of the endpoint";

/// What is always there, whatever modules there are.
pub const CORE: Module = module(
    "",
    &[
        "Answer",
        "BackGround",
        "Bridge",
        "Busy",
        "Congestion",
        "ExecIfTime",
        "Goto",
        "GotoIf",
        "GotoIfTime",
        "Hangup",
        "MessageSend",
        "MSet",
        "NoOp",
        "Progress",
        "RaiseException",
        "Ringing",
        "Route",
        "Set",
        "SIPAddHeader",
        "Wait",
        "WaitDigit",
        "WaitExten",
    ],
    &[
        "EXCEPTION",
        "FEATURE",
        "FEATUREMAP",
        "MESSAGE",
        "MESSAGE_DATA",
        "ROUTES",
        "SIP_HEADER",
        "SIP_HEADERS",
    ],
);

/// All of them, sorted by name.
pub const MODULES: &[Module] = &[
    module("app_chanisavail", &["ChanIsAvail"], &[]),
    module("app_db", &["DBdel", "DBdeltree"], &[]),
    module("app_dial", &["Dial", "RetryDial"], &[]),
    module("app_directed_pickup", &["Pickup"], &[]),
    module("app_echo", &["Echo"], &[]),
    module("app_exec", &["Exec", "ExecIf", "TryExec"], &[]),
    module("app_if", &["Else", "ElseIf", "EndIf", "ExitIf", "If"], &[]),
    module("app_milliwatt", &["Milliwatt"], &[]),
    module("app_originate", &["Originate"], &[]),
    module("app_playback", &["Playback"], &[]),
    module("app_playtones", &["PlayTones", "StopPlayTones"], &[]),
    module("app_read", &["Read"], &[]),
    module("app_senddtmf", &["SendDTMF"], &[]),
    module("app_sendtext", &["SendText"], &[]),
    module(
        "app_stack",
        &["Gosub", "GosubIf", "Return", "StackPop"],
        &["LOCAL", "LOCAL_PEEK", "STACK_PEEK"],
    ),
    module("app_stream_echo", &["StreamEcho"], &[]),
    module("app_transfer", &["Transfer"], &[]),
    module("app_userevent", &["UserEvent"], &[]),
    module("app_verbose", &["Log", "Verbose"], &[]),
    module("app_while", &["ContinueWhile", "EndWhile", "ExitWhile", "While"], &[]),
    stays("bridge_native_rtp", BRIDGE),
    stays("bridge_simple", BRIDGE),
    Module { stays: Some(PJSIP), ..module("chan_pjsip", &["PJSIPHangup"], OF_CALLS) },
    stays("codec_a_mu", "it is a short cut between ulaw and alaw: leave out one of them"),
    codec("codec_adpcm", &["adpcm"]),
    codec("codec_alaw", &["alaw"]),
    codec("codec_g722", &["g722"]),
    codec("codec_g726", &["g726", "g726aal2"]),
    codec("codec_gsm", &["gsm"]),
    codec("codec_ilbc", &["ilbc"]),
    codec("codec_lpc10", &["lpc10"]),
    codec("codec_opus", &["opus"]),
    stays("codec_resample", "codecs of different rates could not meet without it"),
    codec("codec_speex", &["speex32", "speex16", "speex"]),
    codec("codec_ulaw", &["ulaw"]),
    stays("format_pcm", FILES),
    stays("format_sln", FILES),
    stays("format_wav", FILES),
    module("func_base64", &[], &["BASE64_DECODE", "BASE64_ENCODE"]),
    module("func_callerid", &[], &["CALLERID", "CONNECTEDLINE", "REDIRECTING"]),
    module("func_channel", &[], &["CHANNEL"]),
    module("func_cut", &[], &["CUT", "SORT"]),
    module("func_db", &[], &["DB", "DB_DELETE", "DB_EXISTS", "DB_KEYCOUNT", "DB_KEYS"]),
    module("func_dialplan", &[], &["DIALPLAN_EXISTS"]),
    module("func_env", &[], &["BASENAME", "DIRNAME", "ENV"]),
    module("func_global", &[], &["GLOBAL", "GLOBAL_DELETE", "GLOBAL_EXISTS"]),
    module("func_hangupcause", &["HangupCauseClear"], &["HANGUPCAUSE", "HANGUPCAUSE_KEYS"]),
    module("func_jitterbuffer", &[], &["JITTERBUFFER"]),
    module("func_logic", &[], LOGIC),
    module("func_math", &[], &["ABS", "DEC", "DIGIT_SUM", "INC", "MATH", "MAX", "MIN"]),
    module("func_md5", &[], &["MD5"]),
    module("func_pjsip_aor", &[], &["PJSIP_AOR"]),
    module("func_pjsip_contact", &[], &["PJSIP_CONTACT"]),
    module("func_pjsip_endpoint", &[], &["PJSIP_ENDPOINT"]),
    module("func_rand", &[], &["RAND"]),
    module("func_sha1", &[], &["SHA1"]),
    module("func_sprintf", &[], &["SPRINTF"]),
    module(
        "func_strings",
        &["ClearHash"],
        &[
            "ARRAY",
            "CSV_QUOTE",
            "EVAL",
            "FIELDNUM",
            "FIELDQTY",
            "FILTER",
            "HASH",
            "HASHKEYS",
            "KEYPADHASH",
            "LEN",
            "LISTFILTER",
            "LTRIM",
            "PASSTHRU",
            "POP",
            "PUSH",
            "QUOTE",
            "REGEX",
            "REPLACE",
            "RTRIM",
            "SHIFT",
            "STRBETWEEN",
            "STRFTIME",
            "STRPTIME",
            "STRREPLACE",
            "TOLOWER",
            "TOUPPER",
            "TRIM",
            "UNSHIFT",
        ],
    ),
    module("func_timeout", &[], &["TIMEOUT"]),
    module("func_uri", &[], &["URIDECODE", "URIENCODE"]),
    module("func_uuid", &[], &["UUID"]),
    module("func_version", &[], &["VERSION"]),
    stays("pbx_config", "what else adds to the dialplan adds to extensions.conf"),
    feature("pbx_lua", "extensions in Lua"),
    stays("res_crypto", PLATFORM),
    stays("res_format_attr_h264", FMTP),
    stays("res_format_attr_opus", FMTP),
    stays("res_format_attr_vp8", FMTP),
    feature("res_http_websocket", "WebSockets at /ws"),
    Module {
        does: "music while a call is held",
        ..module("res_musiconhold", &["MusicOnHold", "StartMusicOnHold", "StopMusicOnHold"], &[])
    },
    module("res_parking", &["Park", "ParkAndAnnounce", "ParkedCall"], &["PARK_GET_CHANNEL"]),
    stays("res_pjproject", PLATFORM),
    stays("res_pjsip", PJSIP),
    stays("res_pjsip_acl", "access lists always hold: take out the lists"),
    stays("res_pjsip_authenticator_digest", PROOF),
    stays("res_pjsip_caller_id", "trust_id_inbound, send_pai and send_rpid decide"),
    stays("res_pjsip_diversion", "send_diversion of the endpoint decides"),
    feature("res_pjsip_dtmf_info", "keys in INFO"),
    feature("res_pjsip_endpoint_identifier_anonymous", "endpoint anonymous for strangers"),
    feature("res_pjsip_endpoint_identifier_ip", "senders known by type = identify"),
    feature("res_pjsip_endpoint_identifier_user", "senders known by their names"),
    module(
        "res_pjsip_header_funcs",
        &[],
        &[
            "PJSIP_HEADER",
            "PJSIP_HEADER_PARAM",
            "PJSIP_HEADERS",
            "PJSIP_INHERITABLE_HEADER",
            "PJSIP_RESPONSE_HEADER",
            "PJSIP_RESPONSE_HEADERS",
        ],
    ),
    stays("res_pjsip_logger", "it writes nothing until it is asked: pjsip set logger on"),
    feature("res_pjsip_messaging", "texts outside calls"),
    stays("res_pjsip_nat", "rewrite_contact and force_rport of the endpoint decide"),
    stays("res_pjsip_outbound_authenticator_digest", "outbound_auth of the endpoint decides"),
    feature("res_pjsip_outbound_registration", "registrations with other servers"),
    stays("res_pjsip_path", "support_path of the aor decides"),
    feature("res_pjsip_refer", "transfers by REFER"),
    feature("res_pjsip_registrar", "registrations here"),
    stays("res_pjsip_rfc3326", "suppress_q850_reason_headers of the endpoint decides"),
    stays("res_pjsip_sdp_rtp", PJSIP),
    stays("res_pjsip_session", PJSIP),
    stays("res_pjsip_t38", "t38_udptl of the endpoint decides"),
    feature("res_pjsip_transport_websocket", "SIP over WebSockets"),
    stays("res_rtp_asterisk", PJSIP),
    stays("res_sorcery_config", PLATFORM),
    stays("res_sorcery_memory", PLATFORM),
    stays("res_srtp", "media_encryption of the endpoint decides, and browsers demand it"),
    feature("res_stun_monitor", "the watch on the public address"),
    stays("res_timing_timerfd", PLATFORM),
];

/// The module of this name.
pub fn module_called(name: &str) -> Option<&'static Module> {
    MODULES.iter().find(|module| module.name == name)
}
