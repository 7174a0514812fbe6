//! `type = endpoint`: one phone, browser or trunk, with everything about its calls.
//!
//! `webrtc = yes` is resolved here: whoever reads an [`Endpoint`] sees what holds and need not
//! ask why.

use std::net::IpAddr;
use std::ops::RangeInclusive;

use crate::acl::{Acl, AclSet, CONTACT_LISTS};
use crate::ciphers;
use crate::fields::{Fields, Settings};
use crate::files::TlsFiles;
use crate::named::Named;
use crate::nearest::{meant, nearest};
use crate::objects::codec_prefs::CodecPrefs;
use crate::objects::codecs::{self, AllowedCodec, MediaKind, Problem};
use crate::objects::fax::FaxSettings;
use crate::objects::hold::HoldSettings;
use crate::objects::speech::Speech;
use crate::table::{Choice, choices};

choices! {
    /// Whose place in a call an INVITE with Replaces may take.
    pub enum Replacing {
        /// That of its own calls, and of those it may pick up.
        Own = "own",
        /// That of any call it can name.
        Any = "any",
    }
}

choices! {
    /// Reliable provisional answers (RFC 3262).
    pub enum Reliable {
        /// Neither offered nor accepted.
        No = "no",
        /// Offered and accepted.
        Yes = "yes",
        /// Required.
        Required = "required",
        /// Used when the peer offers them.
        PeerSupported = "peer_supported",
    }
}

choices! {
    /// Session timers (RFC 4028).
    pub enum SessionTimers {
        /// Never.
        No = "no",
        /// When the peer can.
        Yes = "yes",
        /// The peer must.
        Required = "required",
        /// We refresh even when the peer cannot.
        Always = "always" | "forced",
    }
}

choices! {
    /// How digits travel.
    pub enum DtmfMode {
        /// Telephone events in RTP.
        Rfc4733 = "rfc4733",
        /// Tones in the audio.
        Inband = "inband",
        /// SIP INFO.
        Info = "info",
        /// Not at all.
        None = "none",
        /// Telephone events when negotiated, else tones.
        Auto = "auto",
        /// Telephone events when negotiated, else INFO.
        AutoInfo = "auto_info",
    }
}

choices! {
    /// Encryption of media.
    pub enum MediaEncryption {
        /// Plain RTP.
        None = "no",
        /// Keys in SDP (RFC 4568).
        Sdes = "sdes",
        /// Keys by DTLS (RFC 5764).
        Dtls = "dtls",
    }
}

choices! {
    /// Our role in DTLS (RFC 4145).
    pub enum DtlsSetup {
        /// We connect.
        Active = "active",
        /// The peer connects.
        Passive = "passive",
        /// The peer chooses.
        ActPass = "actpass",
    }
}

choices! {
    /// What of the peer's certificate is checked.
    pub enum DtlsVerify {
        /// Nothing.
        No = "no",
        /// The fingerprint of the SDP.
        Fingerprint = "fingerprint",
        /// Who signed it.
        Certificate = "certificate",
        /// Both.
        Both = "yes",
    }
}

choices! {
    /// Hash of a certificate's fingerprint.
    pub enum DtlsFingerprint {
        /// SHA-256.
        Sha256 = "SHA-256",
        /// SHA-1.
        Sha1 = "SHA-1",
    }
}

choices! {
    /// By what an endpoint's requests are known.
    pub enum IdentifyBy {
        /// The user of From.
        Username = "username",
        /// The user name of its credentials.
        AuthUsername = "auth_username",
        /// Source address, by identify objects.
        Ip = "ip",
        /// A header, by identify objects.
        Header = "header",
        /// The request URI, by identify objects.
        RequestUri = "request_uri",
    }
}

choices! {
    /// Whether the caller may be shown, and how sure the number is.
    #[derive(Default)]
    pub enum CallerIdPrivacy {
        /// May be shown, not checked.
        #[default]
        AllowedNotScreened = "allowed_not_screened",
        /// May be shown, checked and right.
        AllowedPassedScreen = "allowed_passed_screen",
        /// May be shown, checked and wrong.
        AllowedFailedScreen = "allowed_failed_screen",
        /// May be shown, from the network.
        Allowed = "allowed",
        /// Not to be shown, not checked.
        ProhibNotScreened = "prohib_not_screened",
        /// Not to be shown, checked and right.
        ProhibPassedScreen = "prohib_passed_screen",
        /// Not to be shown, checked and wrong.
        ProhibFailedScreen = "prohib_failed_screen",
        /// Not to be shown, from the network.
        Prohib = "prohib",
        /// There is no number.
        Unavailable = "unavailable",
    }
}

impl CallerIdPrivacy {
    /// Whether the caller must be kept private.
    pub fn is_private(self) -> bool {
        matches!(
            self,
            Self::ProhibNotScreened
                | Self::ProhibPassedScreen
                | Self::ProhibFailedScreen
                | Self::Prohib
        )
    }
}

choices! {
    /// Request that carries a new connected party.
    pub enum ConnectedLineMethod {
        /// Re-INVITE.
        Invite = "invite" | "reinvite",
        /// UPDATE (RFC 3311).
        Update = "update",
    }
}

choices! {
    /// How a 3xx answer is followed.
    pub enum RedirectMethod {
        /// The user part is dialled in the dialplan.
        User = "user",
        /// The URI is dialled as a new call.
        UriCore = "uri_core",
        /// The INVITE is sent again to the URI.
        UriPjsip = "uri_pjsip",
    }
}

/// Name and number of a caller.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallerId {
    /// Name, without quotes.
    pub name: String,
    /// Number.
    pub number: String,
}

impl CallerId {
    /// Reads `Name <number>`, `"Name" <number>`, `<number>` or a number or name alone.
    pub fn parse(text: &str) -> Self {
        let text = text.trim();
        let clean = |part: &str| part.trim().trim_matches('"').trim().to_owned();
        if let Some((name, rest)) = text.split_once('<') {
            let number = rest.split('>').next().unwrap_or(rest);
            return Self { name: clean(name), number: clean(number) };
        }
        let is_number =
            !text.is_empty() && text.chars().all(|c| c.is_ascii_digit() || "+*#-(). ".contains(c));
        if is_number {
            return Self { name: String::new(), number: text.to_owned() };
        }
        Self { name: clean(text), number: String::new() }
    }
}

/// DTLS settings of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DtlsSettings {
    /// What of the peer's certificate is checked.
    pub verify: DtlsVerify,
    /// Role we offer.
    pub setup: DtlsSetup,
    /// Hash of the fingerprint we send.
    pub fingerprint: DtlsFingerprint,
    /// Certificate and key, PEM paths; `None` for a generated one.
    pub certificate: Option<(String, String)>,
    /// Cipher list; empty for all.
    pub cipher: String,
    /// Certificates that may sign the peer's.
    pub ca_file: String,
    /// Directory of such certificates.
    pub ca_path: String,
    /// Seconds after which keys are renegotiated; 0 for never.
    pub rekey_s: u32,
}

/// Groups for picking up calls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PickupGroups {
    /// Numbered groups whose members may pick up its calls: bit n is group n.
    pub call: u64,
    /// Numbered groups whose calls it may pick up.
    pub pickup: u64,
    /// Named groups whose members may pick up its calls.
    pub named_call: Vec<String>,
    /// Named groups whose calls it may pick up.
    pub named_pickup: Vec<String>,
}

impl PickupGroups {
    fn build(fields: &mut Fields<'_>) -> Self {
        Self {
            call: groups(fields, "call_group"),
            pickup: groups(fields, "pickup_group"),
            named_call: fields.last_list("named_call_group"),
            named_pickup: fields.last_list("named_pickup_group"),
        }
    }

    /// Whether whoever is in these groups may take the calls of one in those.
    #[must_use]
    pub fn may_pick_up(&self, theirs: &Self) -> bool {
        let named = |name: &String| theirs.named_call.contains(name);
        self.pickup & theirs.call != 0 || self.named_pickup.iter().any(named)
    }
}

/// Session timers of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimerSettings {
    /// Whether they are used.
    pub mode: SessionTimers,
    /// Shortest interval in seconds.
    pub min_se_s: u32,
    /// Interval in seconds.
    pub session_expires_s: u32,
}

/// An endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The section's name.
    pub id: String,
    /// Dialplan context its calls enter.
    pub context: String,
    /// Dialplan context its messages enter; empty for `context`.
    pub message_context: String,
    /// Names of its aors.
    pub aors: Vec<String>,
    /// Names of its auths; empty when it need not prove who it is.
    pub auth: Vec<String>,
    /// Names of the auths for its challenges.
    pub outbound_auth: Vec<String>,
    /// Name of the transport for requests to it; `None` lets the contact decide.
    pub transport: Option<String>,
    /// URI every request to it goes through.
    pub outbound_proxy: Option<String>,
    /// By what its requests are known, in order.
    pub identify_by: Vec<IdentifyBy>,
    /// Who may send as this endpoint.
    pub acl: AclSet,
    /// Which addresses it may register.
    pub contact_acl: AclSet,

    /// Codecs in order of preference, audio, video and text mixed.
    pub allow: Vec<AllowedCodec>,
    /// How a fax passes.
    pub fax: FaxSettings,
    /// Whether it was declared a browser.
    pub webrtc: bool,
    /// Encryption of media.
    pub media_encryption: MediaEncryption,
    /// Fall back to plain media when the peer cannot encrypt.
    pub media_encryption_optimistic: bool,
    /// DTLS settings; they count when `media_encryption` is [`MediaEncryption::Dtls`].
    pub dtls: DtlsSettings,
    /// Negotiate ICE; rtp.conf's `icesupport` must be on too.
    pub ice_support: bool,
    /// RTCP on the RTP port.
    pub rtcp_mux: bool,
    /// AVPF profile.
    pub use_avpf: bool,
    /// Write RTP/AVP whatever else would be right.
    pub force_avp: bool,
    /// Answer with the media profile of the offer.
    pub media_use_received_transport: bool,
    /// One transport for all media.
    pub bundle: bool,
    /// Audio streams per call.
    pub max_audio_streams: u8,
    /// Video streams per call.
    pub max_video_streams: u8,
    /// Address written into SDP.
    pub media_address: Option<IpAddr>,
    /// Bind media sockets to it.
    pub bind_rtp_to_media_address: bool,
    /// Offer media over IPv6.
    pub rtp_ipv6: bool,
    /// Send media to where it comes from.
    pub rtp_symmetric: bool,
    /// Media ports of this endpoint; `None` for rtp.conf's.
    pub rtp_ports: Option<RangeInclusive<u16>>,
    /// Seconds without media that end a call; 0 for never.
    pub rtp_timeout_s: u32,
    /// The same while on hold.
    pub rtp_timeout_hold_s: u32,
    /// Seconds between keep-alive packets; 0 for none.
    pub rtp_keepalive_s: u32,
    /// How codecs are chosen and sent.
    pub codec_prefs: CodecPrefs,
    /// How digits travel.
    pub dtmf_mode: DtmfMode,
    /// User name in the o= line.
    pub sdp_owner: String,
    /// Name in the s= line.
    pub sdp_session: String,

    /// Answer to the port a request came from.
    pub force_rport: bool,
    /// Use the source address instead of Contact.
    pub rewrite_contact: bool,
    /// Reliable provisional answers.
    pub reliable_provisional: Reliable,
    /// Session timers.
    pub timers: TimerSettings,
    /// How a 3xx answer is followed.
    pub redirect_method: RedirectMethod,
    /// May transfer.
    pub allow_transfer: bool,
    /// Answer 484 while more digits could match.
    pub allow_overlap: bool,
    /// Add `user=phone`.
    pub user_eq_phone: bool,

    /// Caller it is shown as.
    pub callerid: Option<CallerId>,
    /// Whether the caller may be shown.
    pub callerid_privacy: CallerIdPrivacy,
    /// User part of From in requests to it.
    pub from_user: Option<String>,
    /// Domain of From in requests to it.
    pub from_domain: Option<String>,
    /// Believe the identities it sends.
    pub trust_id_inbound: bool,
    /// Send it private identities.
    pub trust_id_outbound: bool,
    /// Send P-Asserted-Identity.
    pub send_pai: bool,
    /// Send Remote-Party-ID.
    pub send_rpid: bool,
    /// How SIP is spoken with it.
    pub speech: Speech,

    /// Variables set on its channels, in order.
    pub set_var: Vec<(String, String)>,
    /// Account code of its calls.
    pub accountcode: String,
    /// Language of prompts; empty for the server's.
    pub language: String,
    /// Music and hold.
    pub hold: HoldSettings,
    /// Calls at which its state is busy; 0 for never.
    pub device_state_busy_at: u32,
    /// Who may pick up whose calls.
    pub groups: PickupGroups,

    /// What was set and implied, for `show` commands.
    pub settings: Settings,
}

/// What `webrtc = yes` sets (RFC 8834, RFC 8827 §6.5), as option and text.
const WEBRTC_IMPLIES: &[(&str, &str)] = &[
    ("rtcp_mux", "yes"),
    ("use_avpf", "yes"),
    ("ice_support", "yes"),
    ("media_use_received_transport", "yes"),
    ("bundle", "yes"),
    ("media_encryption", "dtls"),
    ("dtls_setup", "actpass"),
    ("dtls_verify", "fingerprint"),
    ("dtls_rekey", "0"),
];

/// What an endpoint is checked against.
pub(crate) struct Surroundings<'a> {
    pub(crate) acls: &'a Named<Acl>,
    pub(crate) files: &'a TlsFiles<'a>,
}

impl Endpoint {
    /// The allowed codecs of one kind, best first.
    pub fn codecs(&self, kind: MediaKind) -> impl Iterator<Item = &AllowedCodec> {
        self.allow.iter().filter(move |codec| codec.kind == kind)
    }

    pub(crate) fn build(fields: &mut Fields<'_>, around: &Surroundings<'_>) -> Self {
        Self {
            id: fields.id(),
            context: fields.string("context"),
            message_context: fields.string("message_context"),
            aors: fields.last_list("aors"),
            auth: fields.last_list("auth"),
            outbound_auth: fields.last_list("outbound_auth"),
            transport: fields.text("transport"),
            outbound_proxy: fields.sip_uri("outbound_proxy"),
            identify_by: fields.choices("identify_by"),
            acl: fields.acl_set(["acl", "deny", "permit"], around.acls),
            contact_acl: fields.acl_set(CONTACT_LISTS, around.acls),
            allow: codec_list(fields),
            fax: FaxSettings::build(fields),
            webrtc: fields.flag("webrtc"),
            media_encryption: choice_or(fields, "media_encryption", MediaEncryption::None),
            media_encryption_optimistic: fields.flag("media_encryption_optimistic"),
            dtls: dtls(fields, around.files),
            ice_support: fields.flag("ice_support"),
            rtcp_mux: fields.flag("rtcp_mux"),
            use_avpf: fields.flag("use_avpf"),
            force_avp: fields.flag("force_avp"),
            media_use_received_transport: fields.flag("media_use_received_transport"),
            bundle: fields.flag("bundle"),
            max_audio_streams: fields.number("max_audio_streams"),
            max_video_streams: fields.number("max_video_streams"),
            media_address: fields.address("media_address"),
            bind_rtp_to_media_address: fields.flag("bind_rtp_to_media_address"),
            rtp_ipv6: fields.flag("rtp_ipv6"),
            rtp_symmetric: fields.flag("rtp_symmetric"),
            rtp_ports: port_range(fields),
            rtp_timeout_s: fields.number("rtp_timeout"),
            rtp_timeout_hold_s: fields.number("rtp_timeout_hold"),
            rtp_keepalive_s: fields.number("rtp_keepalive"),
            codec_prefs: CodecPrefs::build(fields),
            dtmf_mode: fields.choice("dtmf_mode").unwrap_or(DtmfMode::Rfc4733),
            sdp_owner: fields.string("sdp_owner"),
            sdp_session: fields.string("sdp_session"),
            force_rport: fields.flag("force_rport"),
            rewrite_contact: fields.flag("rewrite_contact"),
            reliable_provisional: fields.choice("100rel").unwrap_or(Reliable::Yes),
            timers: timers(fields),
            redirect_method: choice_or(fields, "redirect_method", RedirectMethod::User),
            allow_transfer: fields.flag("allow_transfer"),
            allow_overlap: fields.flag("allow_overlap"),
            user_eq_phone: fields.flag("user_eq_phone"),
            callerid: fields.text("callerid").map(|text| CallerId::parse(&text)),
            callerid_privacy: privacy(fields),
            from_user: fields.text("from_user"),
            from_domain: fields.text("from_domain"),
            trust_id_inbound: fields.flag("trust_id_inbound"),
            trust_id_outbound: fields.flag("trust_id_outbound"),
            send_pai: fields.flag("send_pai"),
            send_rpid: fields.flag("send_rpid"),
            speech: Speech::build(fields),
            set_var: variables(fields),
            accountcode: fields.string("accountcode"),
            language: fields.string("language"),
            hold: HoldSettings::build(fields),
            device_state_busy_at: fields.number("device_state_busy_at"),
            groups: PickupGroups::build(fields),
            settings: fields.settings(),
        }
        .finish(fields)
    }

    fn finish(mut self, fields: &mut Fields<'_>) -> Self {
        if self.webrtc {
            self.become_browser(fields);
        }
        let codecs = self.shown_codecs();
        self.settings.imply("allow", &codecs);
        self.check(fields);
        self
    }

    /// The codec list as `show` commands print it.
    fn shown_codecs(&self) -> String {
        let names = self.allow.iter().map(|codec| match codec.packet_ms {
            Some(time) => format!("{}@{time}", codec.name),
            None => codec.name.to_owned(),
        });
        let names: Vec<String> = names.collect();
        if names.is_empty() { String::from("(nothing)") } else { format!("({})", names.join("|")) }
    }

    /// Makes everything hold that `webrtc = yes` implies, and says where the file says otherwise.
    fn become_browser(&mut self, fields: &mut Fields<'_>) {
        if fields.is_set("dtls_auto_generate_cert") && fields.flag("dtls_auto_generate_cert") {
            fields.warn(
                "dtls_auto_generate_cert",
                String::from("dtls_auto_generate_cert = yes says nothing new"),
                "webrtc = yes implies it: remove the line",
            );
        }
        for (option, text) in WEBRTC_IMPLIES {
            if fields.is_set(option) && !fields.string(option).eq_ignore_ascii_case(text) {
                let set = fields.string(option);
                if crate::table::truth(&set) != crate::table::truth(text)
                    || crate::table::truth(text).is_none()
                {
                    let message = format!("'{option} = {set}' gives way to webrtc = yes");
                    fields.warn(option, message, format!("a browser needs {option} = {text}"));
                }
            }
            self.settings.imply(option, text);
        }
        if self.dtls.certificate.is_none() {
            self.settings.imply("dtls_auto_generate_cert", "yes");
        }
        if self.force_avp {
            let message = String::from("force_avp = yes gives way to webrtc = yes");
            fields.warn("force_avp", message, "a browser needs UDP/TLS/RTP/SAVPF: remove the line");
            self.force_avp = false;
            self.settings.imply("force_avp", "no");
        }
        if self.media_encryption_optimistic {
            let message = String::from("media_encryption_optimistic gives way to webrtc = yes");
            fields.warn(
                "media_encryption_optimistic",
                message,
                "a browser never accepts plain media: remove the line",
            );
            self.media_encryption_optimistic = false;
            self.settings.imply("media_encryption_optimistic", "no");
        }
        self.rtcp_mux = true;
        self.use_avpf = true;
        self.ice_support = true;
        self.media_use_received_transport = true;
        self.bundle = true;
        self.media_encryption = MediaEncryption::Dtls;
        self.dtls.setup = DtlsSetup::ActPass;
        self.dtls.verify = DtlsVerify::Fingerprint;
        self.dtls.rekey_s = 0;
    }

    fn check(&self, fields: &mut Fields<'_>) {
        if self.allow.is_empty() {
            fields.warn(
                "allow",
                format!("endpoint '{}' may use no codec: every call to or from it fails", self.id),
                "add allow = opus,ulaw,alaw",
            );
        }
        if self.webrtc
            && self.codecs(MediaKind::Audio).all(|codec| !is_browser_audio(codec.name))
            && self.codecs(MediaKind::Audio).next().is_some()
        {
            fields.warn(
                "allow",
                format!("endpoint '{}' allows no audio codec that browsers have", self.id),
                "add opus, ulaw or alaw",
            );
        }
        let dtls_by_hand = !self.webrtc
            && self.media_encryption == MediaEncryption::Dtls
            && self.dtls.certificate.is_none()
            && !fields.flag("dtls_auto_generate_cert");
        if dtls_by_hand {
            fields.error(
                "media_encryption",
                format!("endpoint '{}' encrypts by DTLS and has no certificate", self.id),
                "add dtls_auto_generate_cert = yes, or dtls_cert_file",
            );
        }
        self.check_verification(fields);
        self.check_effect(fields);
        if self.timers.session_expires_s < self.timers.min_se_s {
            let message = format!(
                "timers_sess_expires {} is below timers_min_se {}",
                self.timers.session_expires_s, self.timers.min_se_s
            );
            fields.error("timers_sess_expires", message, "raise it");
        }
        if self.bind_rtp_to_media_address && self.media_address.is_none() {
            let message = String::from("bind_rtp_to_media_address does nothing by itself");
            fields.warn("bind_rtp_to_media_address", message, "add media_address");
        }
    }

    /// Names what is set and does nothing beside other options.
    fn check_effect(&self, fields: &mut Fields<'_>) {
        let whose = format!("of endpoint '{}' does nothing", self.id);
        let mut tell = |options: &[&str], hint| fields.idle(options, &whose, hint);
        if self.bundle && !self.rtcp_mux {
            tell(&["bundle"], "add rtcp_mux = yes (RFC 9143 §9.2)");
        }
        if self.media_encryption_optimistic && self.media_encryption == MediaEncryption::None {
            tell(&["media_encryption_optimistic"], "add media_encryption = sdes or dtls");
        }
        if self.media_encryption != MediaEncryption::Dtls {
            let all = crate::tables::endpoint::ENDPOINT.options.iter().map(|option| option.name);
            let dtls: Vec<_> = all.filter(|name| name.starts_with("dtls_")).collect();
            tell(&dtls, "it is for media_encryption = dtls and webrtc = yes");
        }
        if self.timers.mode == SessionTimers::No {
            tell(&["timers_min_se", "timers_sess_expires"], "timers = no switches them off");
        }
        if !self.fax.udptl {
            tell(&["t38_udptl_maxdatagram", "t38_udptl_nat"], "add t38_udptl = yes");
        }
    }

    /// Says what `dtls_verify` leaves open.
    fn check_verification(&self, fields: &mut Fields<'_>) {
        if self.media_encryption != MediaEncryption::Dtls {
            return;
        }
        match self.dtls.verify {
            DtlsVerify::Fingerprint
                if !(self.dtls.ca_file.is_empty() && self.dtls.ca_path.is_empty()) =>
            {
                fields.warn(
                    "dtls_verify",
                    format!(
                        "the authorities that endpoint '{}' names are not asked: only the \
                         fingerprint counts",
                        self.id
                    ),
                    "write dtls_verify = yes, or remove dtls_ca_file and dtls_ca_path",
                );
            }
            DtlsVerify::Fingerprint => {}
            DtlsVerify::No => fields.warn(
                "dtls_verify",
                format!(
                    "endpoint '{}' takes any certificate: whoever is in the media path can listen",
                    self.id
                ),
                "write dtls_verify = fingerprint, or remove the line",
            ),
            DtlsVerify::Certificate | DtlsVerify::Both
                if self.dtls.ca_file.is_empty() && self.dtls.ca_path.is_empty() =>
            {
                fields.warn(
                    "dtls_verify",
                    format!(
                        "endpoint '{}' takes only certificates that the authorities of the system \
                         signed: those of phones and browsers are self-signed",
                        self.id
                    ),
                    "name yours in dtls_ca_file, or write dtls_verify = fingerprint",
                );
            }
            DtlsVerify::Certificate | DtlsVerify::Both => {}
        }
    }
}

fn choice_or<T: Choice>(fields: &Fields<'_>, name: &str, otherwise: T) -> T {
    fields.choice(name).unwrap_or(otherwise)
}

fn privacy(fields: &Fields<'_>) -> CallerIdPrivacy {
    let default = CallerIdPrivacy::AllowedNotScreened;
    choice_or(fields, "callerid_privacy", default)
}

fn is_browser_audio(name: &str) -> bool {
    matches!(name, "opus" | "g722" | "ulaw" | "alaw")
}

fn codec_list(fields: &mut Fields<'_>) -> Vec<AllowedCodec> {
    let mut list = Vec::new();
    let mut problems = Vec::new();
    // The two options act on one list in the order of their lines.
    let lines: Vec<_> = fields.codec_lines().collect();
    for (change, value) in lines {
        for problem in codecs::apply(&mut list, change, &value.text) {
            problems.push((value.text_span(), problem));
        }
    }
    for (span, problem) in problems {
        match problem {
            Problem::Unknown(name) => {
                let known = codecs::CODECS.iter().map(|codec| codec.name);
                let hint =
                    meant(nearest(&name, known), || String::from("core show codecs lists all"));
                fields.error_at(&span, format!("no codec is called '{name}'"), hint);
            }
            Problem::PacketTime(item) => {
                let message = format!("'{item}' asks for an impossible packet time");
                fields.error_at(&span, message, "write a multiple of 10 ms, as in ulaw:20");
            }
            Problem::Missing(name, why) => {
                let message = format!("codec '{name}' is not available ({why}): left out");
                fields.report.say(sidetone_conf::Diagnostic::warning(&span, message));
            }
        }
    }
    list
}

fn dtls(fields: &mut Fields<'_>, files: &TlsFiles<'_>) -> DtlsSettings {
    let certificate = fields.text("dtls_cert_file").map(|cert| {
        let key = fields.text("dtls_private_key").unwrap_or_else(|| cert.clone());
        files.check_dtls_pair(fields, ("dtls_cert_file", &cert), ("dtls_private_key", &key));
        (files.resolve(&cert), files.resolve(&key))
    });
    if let Some(file) = fields.text("dtls_ca_file") {
        files.check_authorities(fields, "dtls_ca_file", &file);
    }
    if let Some(folder) = fields.text("dtls_ca_path") {
        files.check_folder(fields, "dtls_ca_path", &folder);
    }
    DtlsSettings {
        verify: fields.choice("dtls_verify").unwrap_or(DtlsVerify::Fingerprint),
        setup: fields.choice("dtls_setup").unwrap_or(DtlsSetup::ActPass),
        fingerprint: fields.choice("dtls_fingerprint").unwrap_or(DtlsFingerprint::Sha256),
        certificate,
        cipher: dtls_ciphers(fields),
        ca_file: files.resolve(&fields.string("dtls_ca_file")),
        ca_path: files.resolve(&fields.string("dtls_ca_path")),
        rekey_s: fields.number("dtls_rekey"),
    }
}

/// Words that name no suite are told, each with the name that was perhaps meant.
fn dtls_ciphers(fields: &mut Fields<'_>) -> String {
    let list = fields.string("dtls_cipher");
    let names = ciphers::names(&list);
    for (word, near) in &names.unknown {
        let mut hint = meant(*near, || format!("there are {}", ciphers::SUITES.join(", ")));
        if !names.names_any {
            hint += "; as it is, all suites are offered";
        }
        let message = format!("'{word}' of dtls_cipher names no cipher suite that is spoken here");
        fields.warn("dtls_cipher", message, &hint);
    }
    list
}

fn timers(fields: &Fields<'_>) -> TimerSettings {
    TimerSettings {
        mode: fields.choice("timers").unwrap_or(SessionTimers::Yes),
        min_se_s: fields.number("timers_min_se"),
        session_expires_s: fields.number("timers_sess_expires"),
    }
}

fn port_range(fields: &mut Fields<'_>) -> Option<RangeInclusive<u16>> {
    let (start, end): (u16, u16) = (fields.number("rtp_port_start"), fields.number("rtp_port_end"));
    if start == 0 && end == 0 {
        return None;
    }
    if start < 1024 || end <= start {
        let message = format!("rtp_port_start {start} and rtp_port_end {end} make no range");
        fields.error("rtp_port_start", message, "set both, 1024 or above, the end above the start");
        return None;
    }
    Some(start..=end)
}

fn variables(fields: &mut Fields<'_>) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let values: Vec<_> = fields.all("set_var").collect();
    for value in values {
        match value.text.split_once('=') {
            Some((name, text)) if !name.trim().is_empty() => {
                found.push((name.trim().to_owned(), text.trim().to_owned()));
            }
            _ => {
                let message = format!("'set_var = {}' sets no variable", value.text);
                fields.error_at(&value.span, message, "write set_var = NAME=value");
            }
        }
    }
    found
}

/// Reads group numbers 0…63 as in `1,3-5`.
fn groups(fields: &mut Fields<'_>, name: &str) -> u64 {
    let mut bits = 0u64;
    for item in fields.last_list(name) {
        let (first, last) = item.split_once('-').unwrap_or((&item, &item));
        match (first.trim().parse::<u32>(), last.trim().parse::<u32>()) {
            (Ok(first), Ok(last)) if first <= last && last < u64::BITS => {
                bits |= (first..=last).fold(0, |bits, group| bits | (1 << group));
            }
            _ => {
                let message = format!("'{item}' is no group number");
                fields.error(name, message, "groups are numbers from 0 to 63, as in 1,3-5");
            }
        }
    }
    bits
}
