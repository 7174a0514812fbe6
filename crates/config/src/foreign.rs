//! Names of the channel driver `chan_sip`, which Asterisk removed in version 21, and what says
//! the same today. Guides of ten years still use them.

/// Old option name, today's way.
const CHAN_SIP: &[(&str, &str)] = &[
    ("allowguest", "guests are an endpoint called 'anonymous'"),
    ("allowtransfer", "allow_transfer of an endpoint"),
    ("avpf", "use_avpf of an endpoint, or webrtc = yes"),
    ("busylevel", "device_state_busy_at of an endpoint"),
    ("call-limit", "GROUP() and GROUP_COUNT() in the dialplan"),
    ("callcounter", "calls are always counted"),
    ("canreinvite", "direct_media of an endpoint"),
    ("cid_number", "callerid of an endpoint"),
    ("defaultexpiry", "default_expiration of an aor"),
    ("defaultuser", "username of an auth, contact of an aor"),
    ("directmedia", "direct_media of an endpoint"),
    ("dtlsautogeneratecert", "dtls_auto_generate_cert of an endpoint"),
    ("dtlscafile", "dtls_ca_file of an endpoint"),
    ("dtlscertfile", "dtls_cert_file of an endpoint"),
    ("dtlsenable", "media_encryption = dtls of an endpoint"),
    ("dtlsfingerprint", "dtls_fingerprint of an endpoint"),
    ("dtlsprivatekey", "dtls_private_key of an endpoint"),
    ("dtlssetup", "dtls_setup of an endpoint"),
    ("dtlsverify", "dtls_verify of an endpoint"),
    ("dtmfmode", "dtmf_mode of an endpoint"),
    ("encryption", "media_encryption = sdes or dtls of an endpoint"),
    ("externaddr", "external_media_address and external_signaling_address of a transport"),
    ("externhost", "external_media_address and external_signaling_address of a transport"),
    ("externip", "external_media_address and external_signaling_address of a transport"),
    ("fromdomain", "from_domain of an endpoint"),
    ("fromuser", "from_user of an endpoint"),
    ("fullcontact", "contact of an aor"),
    ("host", "contact of an aor; for host=dynamic set max_contacts of the aor"),
    ("icesupport", "ice_support of an endpoint"),
    ("insecure", "an identify object instead of a password"),
    ("localnet", "local_net of a transport"),
    ("maxexpiry", "maximum_expiration of an aor"),
    ("md5secret", "md5_cred of an auth"),
    ("minexpiry", "minimum_expiration of an aor"),
    ("nat", "force_rport, rewrite_contact and rtp_symmetric of an endpoint"),
    ("outboundproxy", "outbound_proxy of an endpoint or aor"),
    ("port", "bind of a transport, contact of an aor"),
    ("progressinband", "inband_progress of an endpoint"),
    ("qualify", "qualify_frequency of an aor"),
    ("qualifyfreq", "qualify_frequency of an aor"),
    ("register", "an object of type registration"),
    ("regexten", "an extension in extensions.conf"),
    ("remotesecret", "outbound_auth of an endpoint"),
    ("rtptimeout", "rtp_timeout of an endpoint"),
    ("secret", "password of an auth"),
    ("sendrpid", "send_rpid or send_pai of an endpoint"),
    ("session-timers", "timers of an endpoint"),
    ("setvar", "set_var of an endpoint"),
    ("supportpath", "support_path of an aor"),
    ("t38pt_udptl", "t38_udptl of an endpoint"),
    ("tcpenable", "a transport with protocol = tcp"),
    ("tlsenable", "a transport with protocol = tls"),
    ("trustrpid", "trust_id_inbound of an endpoint"),
    ("udpbindaddr", "bind of a transport"),
    ("usereqphone", "user_eq_phone of an endpoint"),
    ("vmexten", "voicemail_extension of an aor"),
];

/// Today's way of saying an option of `chan_sip`.
pub(crate) fn explain(name: &str) -> Option<&'static str> {
    CHAN_SIP.iter().find(|(old, _)| old.eq_ignore_ascii_case(name)).map(|(_, today)| *today)
}

/// Words that `type =` had under `chan_sip`.
pub(crate) const CHAN_SIP_TYPES: &[&str] = &["friend", "peer", "user"];

/// What to say wherever `chan_sip` appears.
pub(crate) const CHAN_SIP_IS_GONE: &str = "chan_sip was removed in Asterisk 21 and is not here \
     either: describe each phone in pjsip.conf by an endpoint, an aor and an auth";
