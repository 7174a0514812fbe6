//! `type = endpoint` of `pjsip.conf`: one phone, browser or trunk.

use super::{ANCHORED, NO_FAX, NO_GEOLOCATION, NO_MAILBOX, NO_REKEY, NO_STIR, NOT_YET};
use crate::objects::endpoint::{
    CallerIdPrivacy, ConnectedLineMethod, DtlsFingerprint, DtlsSetup, DtlsVerify, DtmfMode,
    IdentifyBy, MediaEncryption, RedirectMethod, Reliable, Replacing, SessionTimers,
};
use crate::table::Kind::{Choice, Choices, Flag, List, Number, Text, TypeOfService, YesNo};
use crate::table::Usage::{Fixed, Ignored, Works};
use crate::table::{Kind, ObjectSpec, options};

const COUNT: Kind = Number { min: 0, max: i32::MAX as i64 };
const STREAMS: Kind = Number { min: 0, max: 32 };
const PORT: Kind = Number { min: 0, max: 65535 };
const COS: Kind = Number { min: 0, max: 7 };
const METHOD: Kind = Choice(ConnectedLineMethod::NAMES);

/// The options of an endpoint.
pub const ENDPOINT: ObjectSpec = ObjectSpec {
    file: "pjsip.conf",
    name: "endpoint",
    usage: Works,
    aliases: &[("callgroup", "call_group"), ("pickupgroup", "pickup_group")],
    options: options! {
        "100rel" Choice(Reliable::NAMES), "yes", Works, "Reliable provisional answers (RFC 3262).";
        "accept_multiple_sdp_answers" Flag, "no", NOT_YET,
            "Follow an SDP that changes between provisional answers.";
        "accountcode" Text, "", Works, "Account code of the calls this endpoint makes.";
        "acl" List, "", Works, "Named lists of acl.conf that must all permit the source address.";
        "aggregate_mwi" Flag, "yes", NO_MAILBOX, "One message-waiting notice for all mailboxes.";
        "allow" Text, "", Works,
            "Codecs to add, best first; `!name` removes, `name:20` sets the packet time in ms.";
        "allow_overlap" Flag, "yes", Works, "Answer 484 while more digits could match.";
        "allow_replaces" Choice(Replacing::NAMES), "own", Works,
            "Calls whose place it may take by INVITE with Replaces: its own and those it may pick \
             up, or any.";
        "allow_subscribe" Flag, "yes", NOT_YET, "Let the endpoint subscribe to states.";
        "allow_transfer" Flag, "yes", Works, "Let the endpoint transfer calls with REFER.";
        "allow_unauthenticated_options" Flag, "no", NOT_YET,
            "Answer OPTIONS without asking for a password.";
        "aors" List, "", Works, "Where the endpoint is reached: names of `type = aor` objects.";
        "asymmetric_rtp_codec" Flag, "no", Works, "Send another codec than the one received.";
        "auth" List, "", Works,
            "How the endpoint proves who it is: names of `type = auth` objects.";
        "bind_rtp_to_media_address" Flag, "no", Works, "Bind media sockets to `media_address`.";
        "bundle" Flag, "no", Works, "One transport for all media (RFC 9143); needs rtcp_mux.";
        "call_group" Text, "", Works,
            "Numbers of the groups whose members may pick up its calls.";
        "callerid" Text, "", Works, "Caller as `Name <number>`.";
        "callerid_privacy" Choice(CallerIdPrivacy::NAMES), "allowed_not_screened", Works,
            "Whether the caller may be shown.";
        "callerid_tag" Text, "", Works, "Internal tag of the caller.";
        "codec_prefs_incoming_answer" Text, "prefer:pending, operation:intersect, keep:all",
            Works,
            "Whose order decides which codec of an answer to us is sent, and how many are kept; \
             `transcode` has no meaning here.";
        "codec_prefs_incoming_offer" Text, "prefer:pending, operation:intersect, keep:all, \
            transcode:allow", Works,
            "How an offer to us is weighed against `allow`: whose order leads, how much is kept; \
             `transcode:prevent` keeps the other leg to the same codecs.";
        "codec_prefs_outgoing_answer" Text, "prefer:pending, operation:intersect, keep:all",
            Works,
            "How what `codec_prefs_incoming_offer` left is weighed against `allow` for our answer; \
             `transcode` has no meaning here.";
        "codec_prefs_outgoing_offer" Text, "prefer:pending, operation:union, keep:all, \
            transcode:allow", Works,
            "How the codecs of the caller and `allow` become our offer; what `allow` lacks is \
             never offered.";
        "connected_line_method" METHOD, "invite", Works,
            "Request that carries a new connected party.";
        "contact_acl" List, "", Works, "Named lists for the addresses it may register.";
        "contact_deny" List, "", Works, "Addresses it may not register.";
        "contact_permit" List, "", Works, "Addresses it may register.";
        "contact_user" Text, "", NOT_YET, "User part of the Contact in requests to it.";
        "context" Text, "default", Works, "Dialplan context its calls enter.";
        "cos_audio" COS, "0", NOT_YET, "Ethernet priority of audio.";
        "cos_video" COS, "0", NOT_YET, "Ethernet priority of video.";
        "deny" List, "", Works, "Source addresses that are kept out.";
        "device_state_busy_at" COUNT, "0", Works,
            "Calls at which its state is busy; 0 for never.";
        "direct_media" Flag, "yes", Fixed("no", "media always passes through this server"),
            "Let media flow past this server.";
        "direct_media_glare_mitigation" Choice(&["none", "outgoing", "incoming"]), "none", ANCHORED,
            "Who waits when both sides re-invite.";
        "direct_media_method" METHOD, "invite", ANCHORED, "Request that redirects media.";
        "disable_direct_media_on_nat" Flag, "no", ANCHORED,
            "Keep media here when an address was translated.";
        "disallow" Text, "", Works, "Codecs to remove; `all` empties the list.";
        "dtls_auto_generate_cert" YesNo, "no", Works,
            "Fresh certificate for every call when none is given.";
        "dtls_ca_file" Text, "", Works,
            "Certificates that may sign the peer's, PEM, read with `dtls_verify` `certificate` \
             or `yes`. A self-signed one that stands here is trusted itself.";
        "dtls_ca_path" Text, "", Works, "Directory of such files.";
        "dtls_cert_file" Text, "", Works, "Our certificate for DTLS, PEM.";
        "dtls_cipher" Text, "", Works,
            "Cipher suites of DTLS, as OpenSSL lists them; empty for all.";
        "dtls_fingerprint" Choice(DtlsFingerprint::NAMES), "SHA-256", Works,
            "Hash of the fingerprint we send; of the peer, any is taken.";
        "dtls_private_key" Text, "", Works,
            "Key of `dtls_cert_file`; empty when it is in the same file.";
        "dtls_rekey" COUNT, "0", NO_REKEY,
            "Seconds after which keys are renegotiated; 0 for never (RFC 8827 §6.5).";
        "dtls_setup" Choice(DtlsSetup::NAMES), "actpass", Works,
            "Role we offer: active, passive or either.";
        "dtls_verify" Choice(DtlsVerify::NAMES), "fingerprint", Works,
            "What of the peer's certificate is checked: its fingerprint, who signed it \
             (`certificate`), both (`yes`) or nothing (`no`).";
        "dtmf_mode" Choice(DtmfMode::NAMES), "rfc4733", Works, "How digits travel.";
        "external_media_address" Text, "", Ignored("it belongs on the transport"),
            "Database column of old; see the transport.";
        "fax_detect" Flag, "no", NO_FAX, "Listen for fax tones.";
        "fax_detect_timeout" COUNT, "0", NO_FAX, "Seconds after which listening ends.";
        "follow_early_media_fork" Flag, "yes", Fixed("yes", "the branch that spoke last is heard"),
            "Change to the early media of another branch.";
        "follow_redirect_methods" Choices(&["message"]), "", NOT_YET,
            "Requests whose 3xx answers are followed.";
        "force_avp" Flag, "no", Works, "Write RTP/AVP even where AVPF or SAVP would be right.";
        "force_rport" Flag, "yes", Works,
            "Answer over UDP to the port a request came from even without `rport` (RFC 3581), not \
             to the one in its Via.";
        "from_domain" Text, "", Works, "Domain of From in requests to it.";
        "from_user" Text, "", Works, "User part of From in requests to it.";
        "g726_non_standard" Flag, "no", NOT_YET, "Treat g726 as packed for AAL2.";
        "geoloc_incoming_call_profile" Text, "", NO_GEOLOCATION, "Profile for calls from it.";
        "geoloc_outgoing_call_profile" Text, "", NO_GEOLOCATION, "Profile for calls to it.";
        "ice_support" Flag, "no", Works,
            "Negotiate ICE (RFC 8445), whatever media_encryption is; peers without are heard too.";
        "identify_by" Choices(IdentifyBy::NAMES), "username,ip", Works,
            "By what its requests are known, in order.";
        "ignore_183_without_sdp" Flag, "no", Fixed("yes", "only ringing and SDP are passed on"),
            "Do not pass on a 183 without SDP.";
        "inband_progress" Flag, "no", Fixed("no", "ringing is told by 180 alone"),
            "Play ringing as early media rather than answering 180.";
        "incoming_call_offer_pref" Choice(&["local", "local_first", "remote", "remote_first"]),
            "remote", Works,
            "Whose codec order counts for calls from it, where `codec_prefs_incoming_offer` is not \
             written.";
        "incoming_mwi_mailbox" Text, "", NO_MAILBOX, "Mailbox that notices from it are for.";
        "language" Text, "", Works, "Language of prompts.";
        "mailboxes" List, "", NO_MAILBOX, "Mailboxes it is told about.";
        "max_audio_streams" STREAMS, "1", Works, "Audio streams per call.";
        "max_video_streams" STREAMS, "1", Works, "Video streams per call.";
        "media_address" Text, "", Works, "Address written into SDP.";
        "media_encryption" Choice(MediaEncryption::NAMES), "no", Works,
            "Encryption of media: no, sdes or dtls.";
        "media_encryption_optimistic" Flag, "no", Works,
            "Fall back to plain media when the peer cannot encrypt.";
        "media_use_received_transport" Flag, "no", Works,
            "Answer with the media profile of the offer.";
        "message_context" Text, "", Works, "Dialplan context its messages enter.";
        "moh_passthrough" Flag, "no", Works,
            "When the other side holds, hold it too (re-INVITE) instead of playing music to it.";
        "moh_suggest" Text, "default", Works,
            "Class of music played to who talks to it when it holds.";
        "mwi_from_user" Text, "", NO_MAILBOX, "User part of From in message-waiting notices.";
        "mwi_subscribe_replaces_unsolicited" YesNo, "no", NO_MAILBOX,
            "A subscription ends unasked notices.";
        "named_call_group" List, "", Works,
            "Names of the groups whose members may pick up its calls.";
        "named_pickup_group" List, "", Works, "Names of the groups whose calls it may pick up.";
        "notify_early_inuse_ringing" Flag, "no", NOT_YET, "Report ringing while in use as ringing.";
        "one_touch_recording" Flag, "no", NOT_YET, "Let an INFO start a recording.";
        "outbound_auth" List, "", Works,
            "Credentials for its challenges: names of `type = auth` objects.";
        "outbound_proxy" Text, "", Works, "URI every request to it goes through first.";
        "outgoing_call_offer_pref" Choice(&["local", "local_merge", "local_first", "remote",
            "remote_merge", "remote_first"]), "remote_merge", Works,
            "Whose codec order counts for calls to it, where `codec_prefs_outgoing_offer` is not \
             written; with `…_merge` all of `allow` is offered, spoken by the caller or not.";
        "overlap_context" Text, "", Works, "Context searched for further digits.";
        "permit" List, "", Works, "Source addresses that are let in.";
        "pickup_group" Text, "", Works, "Numbers of the groups whose calls it may pick up.";
        "preferred_codec_only" Flag, "no", Works, "Answer with one codec only.";
        "record_off_feature" Text, "automixmon", NOT_YET, "Feature an INFO `Record: off` starts.";
        "record_on_feature" Text, "automixmon", NOT_YET, "Feature an INFO `Record: on` starts.";
        "redirect_method" Choice(RedirectMethod::NAMES), "user", Works,
            "How a 3xx answer is followed.";
        "refer_blind_progress" Flag, "yes", Works,
            "Notify about the progress of a blind transfer.";
        "rewrite_contact" Flag, "no", Works,
            "Use the address a request came from instead of its Contact.";
        "rpid_immediate" Flag, "no", Works, "Send the connected party before the answer.";
        "rtcp_mux" Flag, "no", Works, "RTCP on the RTP port (RFC 5761).";
        "rtp_engine" Text, "asterisk", Fixed("asterisk", "there is one RTP engine"),
            "Name of the RTP engine.";
        "rtp_ipv6" Flag, "no", Ignored("media takes the address family of the peer's SIP messages"),
            "Offer media over IPv6.";
        "rtp_keepalive" COUNT, "0", Works,
            "Seconds between packets that keep a translation open; 0 for none.";
        "rtp_port_end" PORT, "0", Works, "Last media port of this endpoint; 0 for rtp.conf's.";
        "rtp_port_start" PORT, "0", Works, "First media port of this endpoint; 0 for rtp.conf's.";
        "rtp_symmetric" Flag, "no", Works, "Send media to where it comes from.";
        "rtp_timeout" COUNT, "0", Works,
            "Seconds without media after which the call ends; 0 for never.";
        "rtp_timeout_hold" COUNT, "0", Works, "The same while on hold.";
        "sdp_owner" Text, "-", Works, "User name in the o= line.";
        "sdp_session" Text, "Asterisk", Works, "Name in the s= line.";
        "security_mechanisms" List, "", NOT_YET, "Mechanisms of RFC 3329 to offer.";
        "security_negotiation" Choice(&["no", "mediasec"]), "no", NOT_YET,
            "Whether RFC 3329 is spoken.";
        "send_aoc" Flag, "no", NOT_YET, "Send advice of charge.";
        "send_connected_line" YesNo, "yes", Works, "Tell it who it talks to.";
        "send_diversion" Flag, "yes", Works, "Send the Diversion header (RFC 5806).";
        "send_history_info" Flag, "no", Works, "Send History-Info (RFC 7044).";
        "send_pai" Flag, "no", Works, "Send P-Asserted-Identity (RFC 3325).";
        "send_rpid" Flag, "no", Works, "Send Remote-Party-ID.";
        "set_var" Text, "", Works, "`NAME=value` set on its channels; several lines add up.";
        "srtp_tag_32" Flag, "no", NOT_YET, "Offer short authentication tags with SDES.";
        "stir_shaken" YesNo, "no", NO_STIR, "Old switch; see stir_shaken_profile.";
        "stir_shaken_profile" Text, "", NO_STIR, "Profile for attesting and verifying callers.";
        "sub_min_expiry" COUNT, "60", NOT_YET, "Shortest subscription in seconds.";
        "subscribe_context" Text, "", NOT_YET, "Context its subscriptions look for hints in.";
        "suppress_moh_on_sendonly" Flag, "no", Works,
            "Do not play music when it holds by sendonly.";
        "suppress_q850_reason_headers" Flag, "no", Works,
            "Leave Q.850 reasons out of BYE and CANCEL.";
        "t38_bind_udptl_to_media_address" Flag, "no",
            Ignored("a fax keeps the socket of the voice: bind_rtp_to_media_address says which"),
            "Bind UDPTL to media_address.";
        "t38_udptl" Flag, "no", Works,
            "A fax (T.38 over UDPTL) may take the voice's place, if the other side takes it too.";
        "t38_udptl_ec" Choice(&["none", "fec", "redundancy"]), "none",
            Ignored("datagrams pass as they are: the fax machines agree on it themselves"),
            "Error correction of T.38.";
        "t38_udptl_ipv6" Flag, "no",
            Ignored("a fax keeps the address of the voice, IPv6 included"), "T.38 over IPv6.";
        "t38_udptl_maxdatagram" COUNT, "0", Works,
            "Bytes of a T.38 datagram that the other side is told it takes; 0 for what it says.";
        "t38_udptl_nat" Flag, "no", Works, "Send a fax to where its datagrams come from.";
        "tenantid" Text, "", NOT_YET, "Tenant its channels belong to.";
        "timers" Choice(SessionTimers::NAMES), "yes", Works, "Session timers (RFC 4028).";
        "timers_min_se" Number { min: 90, max: 86400 }, "90", Works,
            "Shortest session interval in seconds.";
        "timers_sess_expires" Number { min: 90, max: 86400 }, "1800", Works,
            "Longest session interval in seconds: what is asked for, and what a peer gets that \
             asks for more.";
        "tone_zone" Text, "", NOT_YET, "Country whose tones it hears.";
        "tos_audio" TypeOfService, "0", NOT_YET, "Type of service of audio packets.";
        "tos_video" TypeOfService, "0", NOT_YET, "Type of service of video packets.";
        "transport" Text, "", Works, "Transport for requests to it; empty lets the contact decide.";
        "trust_connected_line" YesNo, "yes", Works, "Believe the connected party it sends.";
        "trust_id_inbound" Flag, "no", Works,
            "Believe P-Asserted-Identity and Remote-Party-ID from it.";
        "trust_id_outbound" Flag, "no", Works, "Send it identities that are to be kept private.";
        "use_avpf" Flag, "no", Works, "Use the AVPF profile (RFC 4585).";
        "use_ptime" Flag, "no", Works, "Send packets as long as its ptime asks.";
        "user_eq_phone" Flag, "no", Works, "Add `user=phone` to URIs whose user is a number.";
        "voicemail_extension" Text, "", NO_MAILBOX,
            "Extension reported in message-waiting notices.";
        "webrtc" YesNo, "no", Works,
            "Everything a browser needs: DTLS-SRTP, ICE, AVPF, rtcp-mux, bundle.";
    },
};
