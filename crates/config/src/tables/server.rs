//! Options of the server itself: `asterisk.conf`, `http.conf`, `rtp.conf`, `logger.conf`.

use super::{NO_SUCH_PART, NOT_YET};
use crate::objects::http::ClearWebSocket;
use crate::objects::rtp::{StrictRtp, TurnTransport};
use crate::table::Kind::{Choice, Decimal, List, Number, Secret, Text, YesNo};
use crate::table::Usage::{Fixed, Ignored, Works};
use crate::table::{Kind, ObjectSpec, Usage, options};

const COUNT: Kind = Number { min: 0, max: i32::MAX as i64 };
const PORT: Kind = Number { min: 1, max: 65535 };
const RTP_PORT: Kind = Number { min: 1024, max: 65535 };
const OLD_TLS: Usage = Fixed("yes", "TLS below 1.2 is never spoken");
const NO_CLIENT_CERTIFICATES: Usage = Ignored("browsers are not asked for a certificate");
const IN_CODECS: Usage = Ignored("[plc] of codecs.conf decides");
const ONLY_NAMED: Usage =
    Ignored("nothing is read or written there yet; the dialplan's variable of that name says it");
const ALWAYS_ON: Usage = Fixed("yes", "it is always so");
const PAYLOAD_TYPES: &str = "payload types are 96 to 127 first, then 35 to 63";

/// `[directories]` of `asterisk.conf`.
pub const DIRECTORIES: ObjectSpec = ObjectSpec {
    file: "asterisk.conf",
    name: "directories",
    usage: Works,
    aliases: &[],
    options: options! {
        "astagidir" Text, "", ONLY_NAMED, "Where AGI scripts lie; empty for agi-bin of astdatadir.";
        "astcachedir" Text, "", ONLY_NAMED, "Where media fetched over HTTP is kept.";
        "astdatadir" Text, "/var/lib/sidetone", Works,
            "Where sounds, music and static web content lie.";
        "astdbdir" Text, "", Works,
            "Where astdb.sqlite3 lies, the file of DB(); empty for astvarlibdir.";
        "astetcdir" Text, "", Works,
            "Where the other configuration files lie; empty for the directory of this file.";
        "astkeydir" Text, "", ONLY_NAMED, "Where keys lie; empty for astvarlibdir.";
        "astlogdir" Text, "/var/log/sidetone", Works, "Where logs are written.";
        "astmoddir" Text, "", ONLY_NAMED, "Where loadable modules lie.";
        "astrundir" Text, "/run/sidetone", Works,
            "Where the control socket and the process id (sidetone.pid) lie.";
        "astsbindir" Text, "", ONLY_NAMED, "Where programs lie.";
        "astspooldir" Text, "/var/spool/sidetone", ONLY_NAMED,
            "Where recordings and call files lie.";
        "astvarlibdir" Text, "", Works,
            "Where the server keeps its own data; empty for astdatadir.";
    },
};

/// `[options]` of `asterisk.conf`.
pub const OPTIONS: ObjectSpec = ObjectSpec {
    file: "asterisk.conf",
    name: "options",
    usage: Works,
    aliases: &[
        ("transcode_via_slin", "transcode_via_sln"),
        ("maxopenfiles", "maxfiles"),
        ("default_language", "defaultlanguage"),
        ("system_name", "systemname"),
    ],
    options: options! {
        "alwaysfork" YesNo, "no", NO_SUCH_PART, "Go to the background even with a console.";
        "autosystemname" YesNo, "no", NOT_YET, "Take systemname from the host name.";
        "cache_media_frames" YesNo, "yes", NO_SUCH_PART, "Keep media frames for reuse.";
        "cache_record_files" YesNo, "no", NOT_YET, "Record to a cache directory first.";
        "channel_storage_backend" Text, "", NO_SUCH_PART, "How channels are stored.";
        "console" YesNo, "no", Works, "Take commands from the terminal too, as -c.";
        "debug" COUNT, "0", Works, "Debug level: 0 for none, as -d.";
        "defaultlanguage" Text, "en", Works, "Language of prompts when nothing else says.";
        "disable_remote_console_shell" YesNo, "no", ALWAYS_ON, "No shell from a remote console.";
        "documentation_language" Text, "en_US", NO_SUCH_PART, "Language of the built-in help.";
        "dontwarn" YesNo, "no", NOT_YET, "Fewer warnings.";
        "dumpcore" YesNo, "no", Works, "Write a core file after a crash, as -g.";
        "entityid" Text, "", Works,
            "Identity of this server among others, six bytes in hexadecimal.";
        "execincludes" YesNo, "no", Works, "Run the commands of #exec in configuration files.";
        "forceblackbackground" YesNo, "no", ALWAYS_ON, "Console colours for a dark background.";
        "genericplc" YesNo, "yes", IN_CODECS, "Conceal lost packets when codecs differ.";
        "genericplc_on_equal_codecs" YesNo, "no", IN_CODECS,
            "Conceal lost packets when codecs are equal.";
        "hide_messaging_ami_events" YesNo, "no", NOT_YET, "No manager events for messages.";
        "hideconnect" YesNo, "no", NOT_YET, "Do not log connecting consoles.";
        "highpriority" YesNo, "no", Works, "Ask the kernel for real-time priority, as -p.";
        "initcrypto" YesNo, "no", NO_SUCH_PART, "Ask for key passwords at start.";
        "internal_timing" YesNo, "yes", ALWAYS_ON, "Own clock for sending media.";
        "languageprefix" YesNo, "yes", ALWAYS_ON,
            "The language stands before the directory of a prompt.";
        "lightbackground" YesNo, "no", Works,
            "Console colours for a light background, as -W.";
        "live_dangerously" YesNo, "no", NOT_YET,
            "Let outside interfaces use functions that run commands.";
        "lockconfdir" YesNo, "no", NOT_YET, "Keep other processes from changing the configuration.";
        "lockmode" Text, "", NO_SUCH_PART, "How spool directories are locked.";
        "maxcalls" COUNT, "0", Works, "Calls at once; 0 for no limit.";
        "maxfiles" COUNT, "0", Works,
            "Open files to ask the kernel for; 0 for as many as it gives.";
        "maxload" Decimal, "0", Works, "Load average above which calls are refused; 0 for none.";
        "mindtmfduration" Number { min: 0, max: 8000 }, "80", Works,
            "Shortest digit in milliseconds.";
        "minmemfree" COUNT, "0", NOT_YET, "Free megabytes below which calls are refused.";
        "nocolor" YesNo, "no", Works, "No colours on the console, as -n.";
        "nofork" YesNo, "no", ALWAYS_ON, "Stay in the foreground.";
        "phreak" YesNo, "no", NO_SUCH_PART, "Extended DTMF.";
        "quiet" YesNo, "no", Works,
            "No greeting, and only warnings and errors on the terminal, as -q.";
        "record_cache_dir" Text, "", NOT_YET, "Where recordings are kept until they end.";
        "refdebug" YesNo, "no", NO_SUCH_PART, "Log references.";
        "rtp_pt_dynamic" Number { min: 0, max: 127 }, "35", Fixed("35", PAYLOAD_TYPES),
            "First dynamic payload type.";
        "rtp_use_dynamic" YesNo, "yes", Fixed("no", PAYLOAD_TYPES),
            "Static payload types below 35 may be reassigned.";
        "rungroup" Text, "", Works, "Group to run as.";
        "runuser" Text, "", Works, "User to run as.";
        "sounds_search_custom_dir" YesNo, "no", NOT_YET,
            "Look for prompts in the custom directory first.";
        "stdexten" Text, "", NO_SUCH_PART, "How users.conf calls the standard extension.";
        "systemname" Text, "", Works, "Name of this server; part of unique ids.";
        "timestamp" YesNo, "no", ALWAYS_ON, "Time before console lines.";
        "trace" COUNT, "0", NO_SUCH_PART, "Trace level.";
        "transcode_via_sln" YesNo, "yes", ALWAYS_ON, "Transcode through linear audio.";
        "transmit_silence" YesNo, "no", NOT_YET, "Send silence while nothing is to be sent.";
        "transmit_silence_during_record" YesNo, "no", NOT_YET, "Old name of transmit_silence.";
        "verbose" COUNT, "0", Works,
            "How much the console tells about calls: 0 for nothing, 3 for every step, as -v.";
    },
};

/// `[general]` of `http.conf`.
pub const HTTP: ObjectSpec = ObjectSpec {
    file: "http.conf",
    name: "general",
    usage: Works,
    aliases: &[
        ("enablestatic", "enable_static"),
        ("enablestatus", "enable_status"),
        ("sslenable", "tlsenable"),
        ("sslbindaddr", "tlsbindaddr"),
        ("sslbindport", "tlsbindport"),
        ("sslcert", "tlscertfile"),
        ("tlscert", "tlscertfile"),
        ("sslprivatekey", "tlsprivatekey"),
        ("sslcipher", "tlscipher"),
    ],
    options: options! {
        "bindaddr" Text, "", Works, "Address of the HTTP listener; needed when enabled.";
        "bindport" PORT, "8088", Works, "Port of the HTTP listener.";
        "enable_static" YesNo, "no", Works, "Serve files of static-http under /static/.";
        "enable_status" YesNo, "no", Works, "Serve the status page /httpstatus.";
        "enabled" YesNo, "no", Works, "Whether there is an HTTP server.";
        "hostname" List, "", Works,
            "Names of this server for TLS clients to ask for (SNI), `*.` in front for all one \
             label longer; several lines add up. See require_sni.";
        "prefix" Text, "", Works, "What every path starts with.";
        "redirect" Text, "", Works,
            "`/from /to`: answer the path with a redirect; several lines add up.";
        "require_sni" YesNo, "", Works,
            "Refuse TLS clients that ask for none of the names in hostname, as scanners do; empty \
             for yes when there is a hostname. Browsers that connect by address ask for none.";
        "servername" Text, "Sidetone", Works, "Name in the Server header; empty leaves it out.";
        "session_inactivity" COUNT, "30000", Works,
            "Milliseconds a client may be silent within a request.";
        "session_keep_alive" COUNT, "15000", Works,
            "Milliseconds a connection is kept for the next request; 0 closes it.";
        "sessionlimit" COUNT, "100", Works, "Connections at once, WebSockets included.";
        "tlsbindaddr" Text, "", Works,
            "Address, or address:port, of the TLS listener; empty for bindaddr and port 8089.";
        "tlsbindport" PORT, "8089", Works, "Port of the TLS listener when tlsbindaddr names none.";
        "tlscafile" Text, "", NO_CLIENT_CERTIFICATES, "Certificates that may sign a client's.";
        "tlscapath" Text, "", NO_CLIENT_CERTIFICATES, "Directory of such certificates.";
        "tlscertfile" Text, "", Works, "Certificate chain, PEM.";
        "tlscipher" Text, "", Works, "Allowed cipher suites.";
        "tlsdisablev1" YesNo, "yes", OLD_TLS, "No TLS 1.0.";
        "tlsdisablev11" YesNo, "yes", OLD_TLS, "No TLS 1.1.";
        "tlsdisablev12" YesNo, "no", Works, "No TLS 1.2.";
        "tlsenable" YesNo, "no", Works, "Whether there is a TLS listener.";
        "tlsprivatekey" Text, "", Works,
            "Key of tlscertfile, PEM; empty when it is in the same file.";
        "tlsservercipherorder" YesNo, "yes", Works,
            "The order of our cipher suites counts, not that of the client.";
        "websocket_clear" Choice(ClearWebSocket::NAMES), "loopback", Works,
            "From where a WebSocket without TLS is taken: `loopback`, this machine only, or \
             `everywhere`, which shows passwords and calls to everyone on the way.";
        "websocket_origin" List, "", Works,
            "Web pages that may open a WebSocket, such as `https://phone.example.org`; empty for \
             all. Clients that are no browsers send no origin and are let in.";
        "websocket_path" Text, "/ws", Works, "Path of the WebSocket for SIP, after the prefix.";
    },
};

/// `type = restriction` of `http.conf`: who may ask for a path (the section name).
pub const HTTP_RESTRICTION: ObjectSpec = ObjectSpec {
    file: "http.conf",
    name: "restriction",
    usage: Works,
    aliases: &[],
    options: options! {
        "acl" List, "", Works, "Named lists of acl.conf.";
        "deny" List, "", Works, "Source addresses kept out.";
        "permit" List, "", Works, "Source addresses let in.";
        "type" Choice(&["restriction"]), "restriction", Works, "Always `restriction`.";
    },
};

/// A list of `acl.conf`; the section's name is the list's.
pub const ACL_LIST: ObjectSpec = ObjectSpec {
    file: "acl.conf",
    name: "list",
    usage: Works,
    aliases: &[],
    options: options! {
        "deny" List, "", Works,
            "Addresses kept out. Rules count in their order, the last that matches decides.";
        "permit" List, "", Works, "Addresses let in.";
    },
};

/// `[modules]` of `modules.conf`.
pub const MODULES: ObjectSpec = ObjectSpec {
    file: "modules.conf",
    name: "modules",
    usage: Works,
    aliases: &[],
    options: options! {
        "autoload" YesNo, "yes", Works,
            "`no` switches off what no line loads, but for codecs and what cannot be left out. \
             Nothing is loaded: everything is built in.";
        "load" List, "", Works, "A module to load: one that is not built in is told once.";
        "noload" List, "", Works,
            "A module to leave out: its applications, functions and codecs are not there, and \
             what it does is not done. One that cannot be left out is told.";
        "preload" List, "", Works, "As load.";
        "preload-require" List, "", Works, "As load.";
        "require" List, "", Works, "As load.";
    },
};

/// `[general]` of `rtp.conf`.
pub const RTP: ObjectSpec = ObjectSpec {
    file: "rtp.conf",
    name: "general",
    usage: Works,
    aliases: &[("ice_blacklist", "ice_deny"), ("stun_blacklist", "stun_deny")],
    options: options! {
        "dtls_mtu" Number { min: 256, max: 65535 }, "1200", Works,
            "Largest DTLS datagram in bytes.";
        "dtmftimeout" Number { min: 0, max: 480_000 }, "1200", Works,
            "Samples (1/8000 s) a digit lasts that never ends.";
        "ice_acl" List, "", Works, "Named lists for the addresses offered as candidates.";
        "ice_deny" List, "", Works, "Addresses not offered as candidates.";
        "ice_lite" YesNo, "no", Works,
            "Answer ICE checks and make none: only for a server with a public address.";
        "ice_permit" List, "", Works, "Addresses offered as candidates.";
        "icesupport" YesNo, "yes", Works, "Whether ICE is negotiated at all.";
        "probation" Number { min: 0, max: 1000 }, "4", Works,
            "Packets in sequence that make a source trusted.";
        "rtcpinterval" Number { min: 500, max: 60_000 }, "5000", Works,
            "Milliseconds between RTCP reports.";
        "rtpchecksums" YesNo, "yes", Works,
            "UDP checksums on media packets over IPv4; IPv6 demands them. Read at start.";
        "rtpend" RTP_PORT, "31000", Works, "Last media port.";
        "rtpstart" RTP_PORT, "5000", Works, "First media port.";
        "share_ice_servers" YesNo, "yes", Works,
            "Tell phones that ask when they register where stunaddr and turnaddr are, with \
             credentials of their own made with turn_secret; turnpassword is told nobody.";
        "srtpreplayprotection" YesNo, "yes", Works, "Refuse repeated SRTP packets.";
        "strictrtp" Choice(StrictRtp::NAMES), "yes", Works,
            "Drop packets from anywhere but the learned source.";
        "stun_acl" List, "", Works, "Named lists for the interfaces that ask the STUN server.";
        "stun_deny" List, "", Works, "Interfaces that do not ask the STUN server.";
        "stun_permit" List, "", Works, "Interfaces that ask the STUN server.";
        "stun_software_attribute" YesNo, "yes", Works, "Name ourselves in STUN packets.";
        "stunaddr" Text, "", Works, "STUN server, host or host:port; empty for none.";
        "stunaddr_reresolve_ttl_0" YesNo, "no", Works,
            "Resolve a name with TTL 0 again for every call, in the background; else only once.";
        "turn_ca_file" Text, "", Works,
            "Certificates that may sign the TURN server's, PEM; empty for the system's.";
        "turn_lifetime" Number { min: 600, max: 2_592_000 }, "86400", Works,
            "Seconds that credentials made with turn_secret are valid.";
        "turn_secret" Secret, "", Works,
            "Secret shared with the TURN server, from which time-limited credentials are made.";
        "turn_transport" Choice(TurnTransport::NAMES), "udp", Works,
            "How the TURN server is reached.";
        "turn_verify_server" YesNo, "yes", Works,
            "Over TLS, check the TURN server's certificate and its name.";
        "turnaddr" Text, "", Works, "TURN server, host or host:port; empty for none.";
        "turnpassword" Secret, "", Works, "Password at the TURN server.";
        "turnport" PORT, "3478", Works, "Port of the TURN server when turnaddr names none.";
        "turnusername" Text, "", Works,
            "User at the TURN server; with turn_secret the name inside the credentials.";
    },
};

/// `[general]` of `res_stun_monitor.conf`.
pub const STUN_MONITOR: ObjectSpec = ObjectSpec {
    file: "res_stun_monitor.conf",
    name: "general",
    usage: Works,
    aliases: &[],
    options: options! {
        "stunaddr" Text, "", Works,
            "STUN server asked for our public address, host or host:port; empty for none.";
        "stunrefresh" Number { min: 5, max: 86_400 }, "30", Works, "Seconds between two questions.";
    },
};

/// `[general]` of `logger.conf`.
pub const LOGGER: ObjectSpec = ObjectSpec {
    file: "logger.conf",
    name: "general",
    usage: Works,
    aliases: &[],
    options: options! {
        "appendhostname" YesNo, "no", NOT_YET, "Host name at the end of file names.";
        "dateformat" Text, "%b %e %T", Works,
            "Time of log lines, as strftime; %q adds tenths, %3q milliseconds.";
        "display_callids" YesNo, "yes", NOT_YET, "Call identifiers on the console.";
        "exec_after_rotate" Text, "", NOT_YET, "Command run after a rotation.";
        "logger_queue_limit" COUNT, "1000", NOT_YET, "Lines that may wait to be written.";
        "queue_adaptive_realtime" YesNo, "no", NOT_YET, "Queue log in adaptive realtime.";
        "queue_log" YesNo, "yes", NOT_YET, "Write a queue log.";
        "queue_log_name" Text, "queue_log", NOT_YET, "Name of the queue log.";
        "queue_log_realtime_use_gmt" YesNo, "no", NOT_YET, "Queue log in UTC.";
        "queue_log_to_file" YesNo, "no", NOT_YET, "Queue log to a file besides realtime.";
        "rotatestrategy" Choice(&["sequential", "rotate", "timestamp", "none"]), "sequential",
            NOT_YET,
            "How rotated files are named.";
        "use_callids" YesNo, "yes", NOT_YET, "Call identifiers in log lines.";
    },
};

/// Sections of `asterisk.conf` that are known and have no effect.
pub(crate) const QUIET_SECTIONS: &[&str] = &["files", "compat"];

/// `[featuremap]` of `features.conf`: codes of the parties of a call; an empty one is off.
pub const FEATURE_MAP: ObjectSpec = ObjectSpec {
    file: "features.conf",
    name: "featuremap",
    usage: Works,
    aliases: &[],
    options: options! {
        "atxfer" Text, "", Works, "Transfers after talking with the other first.";
        "automixmon" Text, "", NOT_YET, "Records the call.";
        "blindxfer" Text, "#", Works, "Transfers at once.";
        "disconnect" Text, "*", Works, "Hangs up.";
        "parkcall" Text, "", Works, "Parks the call.";
    },
};

/// `[general]` of `features.conf`.
pub const FEATURES: ObjectSpec = ObjectSpec {
    file: "features.conf",
    name: "general",
    usage: Works,
    aliases: &[],
    options: options! {
        "atxferabort" Text, "*1", Works, "Leads back from a consultation.";
        "atxfercallbackretries" COUNT, "2", Works,
            "Calls back to who hung up while the target rang, which did not answer then.";
        "atxfercomplete" Text, "*2", Works, "Completes a transfer during the consultation.";
        "atxferdropcall" YesNo, "no", Works,
            "Calls nobody back: a target that does not answer ends the call.";
        "atxferloopdelay" COUNT, "10", Works,
            "Seconds until the target is called again after such a call.";
        "atxfernoanswertimeout" COUNT, "15", Works, "Seconds somebody consulted may ring.";
        "atxferswap" Text, "*4", Works, "Swaps the two others during the consultation.";
        "atxferthreeway" Text, "*3", NOT_YET, "Joins all three.";
        "courtesytone" Text, "", NOT_YET, "Heard when recording begins.";
        "featuredigittimeout" COUNT, "1000", Works, "Milliseconds between the keys of a code.";
        "pickupexten" Text, "*8", NOT_YET, "Picks up a call of the group.";
        "pickupfailsound" Text, "", NOT_YET, "Heard when there is nothing to pick up.";
        "pickupsound" Text, "", NOT_YET, "Heard when a call was picked up.";
        "recordingfailsound" Text, "", NOT_YET, "Heard when recording failed.";
        "transferannouncesound" Text, "pbx-transfer", Works, "Asks for the extension.";
        "transferdialattempts" COUNT, "3", Works, "How often it is asked for.";
        "transferdigittimeout" COUNT, "3", Works, "Seconds its first digit may take.";
        "transferinvalidsound" Text, "privacy-incorrect", Works,
            "Heard when the last one asked for does not exist.";
        "transferretrysound" Text, "pbx-invalid", Works, "Heard before it is asked for again.";
        "xferfailsound" Text, "beeperr", Works, "Heard when the transfer failed.";
        "xfersound" Text, "beep", Works,
            "Heard by who was consulted when the transfer is complete.";
    },
};
