//! The other objects of `pjsip.conf` that act.

use super::{NO_MAILBOX, NO_OAUTH, NO_POOL, NOT_YET};
use crate::objects::auth::{AuthType, DigestAlgorithm};
use crate::objects::global::Identifier;
use crate::objects::transport::{Protocol, TlsMethod};
use crate::table::Kind::{
    Choice, Choices, Decimal, Flag, List, Number, Secret, Text, TypeOfService, YesNo,
};
use crate::table::Usage::{Fixed, Ignored, Works};
use crate::table::{Kind, ObjectSpec, Usage, options};

const COUNT: Kind = Number { min: 0, max: i32::MAX as i64 };
const SIGNED: Kind = Number { min: -1, max: i32::MAX as i64 };
const PORT: Kind = Number { min: 0, max: 65535 };
const SECONDS: Kind = Number { min: 0, max: 31_536_000 };
/// RFC 3329 is not spoken.
const NO_SECURITY_AGREEMENT: Usage = Ignored("security agreements (RFC 3329) are not spoken");
const ALGORITHMS: Kind = Choices(DigestAlgorithm::NAMES);

/// `type = transport`: where SIP is listened to.
pub const TRANSPORT: ObjectSpec = ObjectSpec {
    file: "pjsip.conf",
    name: "transport",
    usage: Works,
    aliases: &[],
    options: options! {
        "allow_reload" YesNo, "no",
            Fixed("yes", "a reload always changes transports that changed"),
            "Whether a reload may change it.";
        "allow_wildcard_certs" Flag, "false", Works,
            "Accept `*.example.com` in a server's certificate.";
        "async_operations" Number { min: 1, max: 1024 }, "1", NO_POOL, "Parallel operations.";
        "bind" Text, "", Works,
            "Address, or address:port, to listen at. Without effect for ws and wss, which \
             http.conf serves.";
        "ca_list_file" Text, "", Works, "Certificates that may sign a peer's, PEM.";
        "ca_list_path" Text, "", Works, "Directory of such certificates.";
        "cert_file" Text, "", Works, "Our certificate chain, PEM.";
        "cipher" List, "", Works, "Allowed cipher suites.";
        "cos" Number { min: 0, max: 7 }, "0", Works, "Ethernet priority of signalling.";
        "domain" Text, "", NOT_YET, "Domain the transport belongs to.";
        "external_media_address" Text, "", Works,
            "Our media address as peers outside `local_net` see it.";
        "external_signaling_address" Text, "", Works,
            "Our SIP address as peers outside `local_net` see it.";
        "external_signaling_hostname" Text, "", NOT_YET, "Our name in headers sent outside.";
        "external_signaling_port" PORT, "0", Works,
            "Our SIP port as peers outside see it; 0 for the bound one.";
        "local_net" List, "", Works,
            "Address blocks that are reached without translation; several lines add up.";
        "method" Choice(TlsMethod::NAMES), "default", Works,
            "`tlsv1_2` or `tlsv1_3` to speak that version alone; else both, and never older ones.";
        "password" Secret, "", NOT_YET, "Password of the private key file.";
        "priv_key_file" Text, "", Works,
            "Key of `cert_file`, PEM; empty when it is in the same file.";
        "protocol" Choice(Protocol::NAMES), "udp", Works, "udp, tcp, tls, ws, wss or flow.";
        "require_client_cert" Flag, "false", Works, "Refuse clients without a certificate.";
        "symmetric_transport" YesNo, "no", NOT_YET,
            "Send requests to a contact over the transport it registered by.";
        "tcp_keepalive_enable" YesNo, "no", Works, "Let the kernel probe idle connections.";
        "tcp_keepalive_idle_time" COUNT, "30", Works, "Idle seconds before the first probe.";
        "tcp_keepalive_interval_time" COUNT, "10", Works, "Seconds between probes.";
        "tcp_keepalive_probe_count" COUNT, "5", Works, "Unanswered probes that close a connection.";
        "tos" TypeOfService, "0", Works, "Type of service of signalling.";
        "verify_client" Flag, "false", Works, "Check the certificate a client shows.";
        "verify_server" Flag, "false", Works, "Check the certificate of servers we connect to.";
        "websocket_write_timeout" Number { min: 1, max: 60_000 }, "100", Works,
            "Milliseconds a client may take to drain before it is cut off; the longest of all ws \
             and wss transports counts.";
    },
};

/// `type = aor`: where somebody is reached.
pub const AOR: ObjectSpec = ObjectSpec {
    file: "pjsip.conf",
    name: "aor",
    usage: Works,
    aliases: &[],
    options: options! {
        "authenticate_qualify" Flag, "no", Works,
            "Answer challenges to our OPTIONS with `outbound_auth` of the endpoint.";
        "contact" List, "", Works, "Fixed addresses, SIP URIs.";
        "default_expiration" SECONDS, "3600", Works,
            "Seconds of a registration that asks for none.";
        "mailboxes" List, "", NO_MAILBOX, "Mailboxes registered phones are told about.";
        "max_contacts" COUNT, "0", Works, "How many may be registered at once; 0 for none.";
        "maximum_expiration" SECONDS, "7200", Works, "Longest registration in seconds.";
        "minimum_expiration" SECONDS, "60", Works, "Shortest registration in seconds.";
        "outbound_proxy" Text, "", Works,
            "URI our OPTIONS go through; empty for that of the endpoint.";
        "qualify_2xx_only" Flag, "no", Works, "Only a 2xx answer to OPTIONS means reachable.";
        "qualify_frequency" Number { min: 0, max: 86400 }, "0", Works,
            "Seconds between OPTIONS; 0 for never.";
        "qualify_timeout" Decimal, "3.0", Works, "Seconds an answer to OPTIONS may take.";
        "remove_existing" Flag, "no", Works,
            "A registration above `max_contacts` replaces the oldest.";
        "remove_unavailable" Flag, "no", Works,
            "A registration above `max_contacts` replaces unreachable ones first.";
        "support_path" Flag, "no", Works, "Keep the Path of registrations (RFC 3327).";
        "voicemail_extension" Text, "", NO_MAILBOX,
            "Extension reported in message-waiting notices.";
    },
};

/// `type = auth`: a name and a secret.
pub const AUTH: ObjectSpec = ObjectSpec {
    file: "pjsip.conf",
    name: "auth",
    usage: Works,
    aliases: &[],
    options: options! {
        "auth_type" Choice(AuthType::NAMES), "digest", Works,
            "What is stored: `userpass` and `digest` a password or hashes, `md5` one hash.";
        "md5_cred" Secret, "", Works, "MD5 of `user:realm:password`.";
        "nonce_lifetime" Number { min: 1, max: 86400 }, "32", Works,
            "Seconds a challenge stays good.";
        "oauth_clientid" Text, "", NO_OAUTH, "OAuth client.";
        "oauth_secret" Secret, "", NO_OAUTH, "OAuth secret.";
        "password" Secret, "", Works, "Password in clear text.";
        "password_digest" Secret, "", Works,
            "`MD5:`, `SHA-256:` or `SHA-512-256:` and the hash of `user:realm:password`; several \
             lines add up.";
        "realm" Text, "", Works, "Realm; empty for the global default.";
        "refresh_token" Secret, "", NO_OAUTH, "OAuth refresh token.";
        "supported_algorithms_uac" ALGORITHMS, "", Works,
            "Hashes we answer challenges with; empty for the global default.";
        "supported_algorithms_uas" ALGORITHMS, "", Works,
            "Hashes we challenge with, best first; empty for the global default.";
        "username" Text, "", Works, "User name.";
    },
};

/// `type = identify`: who sends from these addresses or with this header.
pub const IDENTIFY: ObjectSpec = ObjectSpec {
    file: "pjsip.conf",
    name: "identify",
    usage: Works,
    aliases: &[],
    options: options! {
        "endpoint" Text, "", Works, "Endpoint the requests belong to.";
        "match" List, "", Works, "Addresses, address blocks or host names; several lines add up.";
        "match_header" Text, "", Works,
            "`Name: value` or `Name: /regex/`; several lines, one is enough.";
        "match_request_uri" Text, "", Works,
            "Request URI, or `/regex/`; several lines, one is enough.";
        "srv_lookups" YesNo, "yes", Works,
            "Host names stand for the hosts of their SRV records, where they have some.";
        "transport" Text, "", Works, "Only requests that came over this transport.";
    },
};

/// `type = registration`: we register with another server.
pub const REGISTRATION: ObjectSpec = ObjectSpec {
    file: "pjsip.conf",
    name: "registration",
    usage: Works,
    aliases: &[],
    options: options! {
        "auth_rejection_permanent" YesNo, "yes", Works,
            "Give up when the password is refused; else try again after `retry_interval`.";
        "client_uri" Text, "", Works, "Who registers: From and To.";
        "contact_header_params" Text, "", Works,
            r"Parameters of the Contact header, such as `+sip.ice\;x=1`.";
        "contact_user" Text, "s", Works,
            "User part of the Contact: the extension that calls arrive at.";
        "endpoint" Text, "", Works, "Endpoint of calls that carry the `line`.";
        "expiration" Number { min: 1, max: 31_536_000 }, "3600", Works, "Seconds asked for.";
        "fatal_retry_interval" SECONDS, "0", Works,
            "Seconds after a refusal that stands, such as 404; 0 gives up.";
        "forbidden_retry_interval" SECONDS, "0", Works, "Seconds after 403; 0 gives up.";
        "line" YesNo, "no", Works,
            "Mark the Contact by a secret parameter, so that calls to it are those of `endpoint` \
             wherever they come from.";
        "max_random_initial_delay" SECONDS, "10", Works,
            "Seconds over which first attempts are spread.";
        "max_retries" COUNT, "10", Works, "Failures in a row before it gives up.";
        "outbound_auth" List, "", Works, "Credentials for challenges.";
        "outbound_proxy" List, "", Works, r"Proxies on the way: `<sip:a\;lr>,<sip:b\;lr>`.";
        "retry_interval" SECONDS, "60", Works,
            "Seconds between attempts when the server does not answer or is busy, unless it says \
             itself how long (Retry-After).";
        "security_mechanisms" List, "", NO_SECURITY_AGREEMENT, "Mechanisms of RFC 3329 to offer.";
        "security_negotiation" Choice(&["no", "mediasec"]), "no", NO_SECURITY_AGREEMENT,
            "Whether RFC 3329 is spoken.";
        "server_uri" Text, "", Works, "Where to register.";
        "support_outbound" YesNo, "no", Works,
            "Offer RFC 5626, with an instance and `reg-id` in the Contact.";
        "support_path" YesNo, "no", Works, "Offer RFC 3327.";
        "transport" Text, "", Works,
            "Transport whose protocol and external addresses hold; the URI goes first.";
        "user_agent" Text, "", Works, "User-Agent of the REGISTER.";
    },
};

/// `type = global`: what holds for all.
pub const GLOBAL: ObjectSpec = ObjectSpec {
    file: "pjsip.conf",
    name: "global",
    usage: Works,
    aliases: &[],
    options: options! {
        "all_codecs_on_empty_reinvite" Flag, "no", NOT_YET,
            "Offer everything when a re-INVITE brings no offer.";
        "allow_sending_180_after_183" Flag, "no", NOT_YET, "Send 180 after 183.";
        "contact_expiration_check_interval" COUNT, "30", Ignored("each contact has its own timer"),
            "Seconds between searches for expired contacts.";
        "debug" Text, "no", Works, "Log SIP messages: yes, no or an address.";
        "default_auth_algorithms_uac" ALGORITHMS, "MD5", Works,
            "Hashes we answer challenges with.";
        "default_auth_algorithms_uas" ALGORITHMS, "MD5", Works,
            "Hashes we challenge with, best first.";
        "default_from_user" Text, "asterisk", Works, "User part of From when a call has none.";
        "default_outbound_endpoint" Text, "default_outbound_endpoint", Works,
            "Endpoint for requests to a bare URI.";
        "default_realm" Text, "asterisk", Works, "Realm of challenges.";
        "default_voicemail_extension" Text, "", NO_MAILBOX,
            "Extension reported in message-waiting notices.";
        "disable_multi_domain" Flag, "no", NOT_YET, "Ignore the domain when names are looked up.";
        "endpoint_identifier_order" Choices(Identifier::NAMES), "ip,username,anonymous", Works,
            "Order in which senders are looked up.";
        "ignore_uri_user_options" Flag, "no", NOT_YET, "Cut `;…` off the user part of URIs.";
        "keep_alive_interval" Number { min: 0, max: 86400 }, "90", Works,
            "Seconds between keep-alives on TCP and TLS connections that we opened; 0 for none.";
        "max_forwards" Number { min: 1, max: 255 }, "70", Works,
            "Max-Forwards of our requests; a call or text that is passed on has less.";
        "max_initial_qualify_time" COUNT, "0", Works,
            "Seconds over which the first OPTIONS are spread.";
        "mwi_disable_initial_unsolicited" Flag, "no", NO_MAILBOX,
            "No message-waiting notices at start.";
        "mwi_tps_queue_high" COUNT, "500", NO_MAILBOX, "Queue length that holds notices back.";
        "mwi_tps_queue_low" SIGNED, "-1", NO_MAILBOX, "Queue length that lets them go again.";
        "norefersub" YesNo, "yes", Works, "Offer REFER without a subscription.";
        "regcontext" Text, "", NOT_YET, "Context in which registered users get an extension.";
        "send_contact_status_on_update_registration" YesNo, "no", NOT_YET,
            "Event at every refresh.";
        "taskprocessor_overload_trigger" Choice(&["global", "pjsip_only", "none"]), "global",
            NO_POOL,
            "What refuses calls under overload.";
        "unidentified_request_count" COUNT, "5", NOT_YET,
            "Requests from nobody known that make a security event.";
        "unidentified_request_period" COUNT, "5", NOT_YET, "Seconds in which they are counted.";
        "unidentified_request_prune_interval" COUNT, "30", NOT_YET,
            "Seconds between searches for sources to forget.";
        "use_callerid_contact" YesNo, "no", NOT_YET, "Caller number as user part of Contact.";
        "user_agent" Text, "Sidetone", Works, "User-Agent and Server of our messages.";
    },
};

/// `type = system`: what holds for the whole SIP stack.
pub const SYSTEM: ObjectSpec = ObjectSpec {
    file: "pjsip.conf",
    name: "system",
    usage: Works,
    aliases: &[],
    options: options! {
        "accept_multiple_sdp_answers" Flag, "no", NOT_YET,
            "Follow an SDP that changes between provisional answers.";
        "compact_headers" Flag, "no", NOT_YET, "Write short header names.";
        "disable_rport" Flag, "no", NOT_YET, "Leave rport out of our requests.";
        "disable_tcp_switch" Flag, "yes",
            Fixed("yes", "a request takes the transport of its target, whatever its size"),
            "Send large requests over UDP all the same.";
        "first_request_timeout" Number { min: 1, max: 3_600 }, "32", Works,
            "Seconds in which a new connection must carry a SIP message. Only here.";
        "follow_early_media_fork" Flag, "yes", Fixed("yes", "the branch that spoke last is heard"),
            "Change to the early media of another branch.";
        "taskpool_auto_increment" COUNT, "1", NO_POOL, "Growth of the pool.";
        "taskpool_idle_timeout" COUNT, "60", NO_POOL, "Seconds after which the pool shrinks.";
        "taskpool_initial_size" COUNT, "4", NO_POOL, "Size of the pool at start.";
        "taskpool_max_size" COUNT, "50", NO_POOL, "Largest size of the pool.";
        "taskpool_minimum_size" COUNT, "4", NO_POOL, "Smallest size of the pool.";
        "threadpool_auto_increment" COUNT, "1", NO_POOL, "Growth of the pool.";
        "threadpool_idle_timeout" COUNT, "60", NO_POOL, "Seconds after which the pool shrinks.";
        "threadpool_initial_size" COUNT, "4", NO_POOL, "Size of the pool at start.";
        "threadpool_max_size" COUNT, "50", NO_POOL, "Largest size of the pool.";
        "timer_b" Number { min: 1000, max: 600_000 }, "32000",
            Fixed("32000", "it is 64 times timer_t1"),
            "Milliseconds a request may go unanswered (RFC 3261 timer B).";
        "timer_t1" Number { min: 100, max: 10_000 }, "500", Works,
            "Milliseconds to the first retransmission (RFC 3261 T1).";
    },
};

/// `type = acl`: who may send SIP at all.
pub const ACL: ObjectSpec = ObjectSpec {
    file: "pjsip.conf",
    name: "acl",
    usage: Works,
    aliases: &[],
    options: options! {
        "acl" List, "", Works, "Named lists of acl.conf for source addresses.";
        "contact_acl" List, "", Works, "Named lists for the addresses that may be registered.";
        "contact_deny" List, "", Works, "Addresses that may not be registered.";
        "contact_permit" List, "", Works, "Addresses that may be registered.";
        "deny" List, "", Works, "Source addresses kept out.";
        "permit" List, "", Works, "Source addresses let in.";
    },
};
