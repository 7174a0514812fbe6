//! `rtp.conf`: media ports, ICE, strictness.

use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use sidetone_base::Pii;
use sidetone_conf::{Diagnostic, Document};

use crate::acl::{Acl, AclSet};
use crate::fields::{Fields, Settings};
use crate::named::Named;
use crate::report::Report;
use crate::sections::{general, known_only, single};
use crate::table::choices;
use crate::tables::server::RTP;

choices! {
    /// Whether packets from anywhere but the learned source are dropped.
    pub enum StrictRtp {
        /// Never.
        No = "no" | "false" | "off" | "0",
        /// By source, learned from consecutive packets.
        Yes = "yes" | "true" | "on" | "1",
        /// By sequence numbers only.
        Sequence = "seqno",
    }
}

choices! {
    /// How the TURN server is reached.
    pub enum TurnTransport {
        /// Datagrams.
        Udp = "udp",
        /// A connection in clear.
        Tcp = "tcp",
        /// A connection under TLS.
        Tls = "tls",
    }
}

/// Another address that stands for one of ours in ICE candidates (1:1 NAT).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostCandidate {
    /// The address of the interface.
    pub local: IpAddr,
    /// The address shown instead.
    pub advertised: IpAddr,
    /// Show the interface's own address as well.
    pub include_local: bool,
}

/// A STUN or TURN server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NatServer {
    /// Address or name.
    pub host: String,
    /// Port.
    pub port: u16,
}

/// A TURN server and how to be let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TurnServer {
    /// Where it is.
    pub server: NatServer,
    /// How it is reached.
    pub transport: TurnTransport,
    /// Who we are to it.
    pub login: TurnLogin,
    /// Over TLS: whether its certificate and name are checked.
    pub verify: bool,
    /// Over TLS: who may have signed it; empty for the system's authorities.
    pub ca_file: String,
}

/// Who we are to a TURN server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TurnLogin {
    /// A user name and its password.
    Fixed {
        /// The user.
        user: String,
        /// The password.
        password: Pii<String>,
    },
    /// Credentials made with a shared secret, renewed before they end.
    Shared {
        /// The name inside.
        user: String,
        /// The secret.
        secret: Pii<String>,
        /// How long one is valid.
        lifetime: Duration,
    },
}

/// Media settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rtp {
    /// Media ports.
    pub ports: RangeInclusive<u16>,
    /// UDP checksums on media packets.
    pub checksums: bool,
    /// Samples of 1/8000 s a digit lasts that never ends.
    pub dtmf_timeout_samples: u32,
    /// Time between RTCP reports.
    pub rtcp_interval: Duration,
    /// Source checks.
    pub strict: StrictRtp,
    /// Packets in sequence that make a source trusted.
    pub probation: u16,
    /// Refuse repeated SRTP packets.
    pub srtp_replay_protection: bool,
    /// Whether ICE is negotiated at all.
    pub ice_support: bool,
    /// Be a lite agent: answer checks, make none (RFC 8445 §2.5).
    pub ice_lite: bool,
    /// Which addresses may be offered as candidates.
    pub ice_acl: AclSet,
    /// Addresses shown instead of ours.
    pub ice_host_candidates: Vec<HostCandidate>,
    /// Largest DTLS datagram in bytes.
    pub dtls_mtu: u16,
    /// STUN server.
    pub stun: Option<NatServer>,
    /// Which interfaces ask it.
    pub stun_acl: AclSet,
    /// Resolve the STUN server's name again for every call when its TTL is 0.
    pub stun_reresolve_ttl_0: bool,
    /// Name ourselves in STUN packets.
    pub stun_software_attribute: bool,
    /// Tell phones that ask where the servers are.
    pub share_ice_servers: bool,
    /// TURN server.
    pub turn: Option<TurnServer>,
    /// What was set, for `show` commands.
    pub settings: Settings,
}

/// Port of STUN and TURN (RFC 8489 §18.6, RFC 8656 §19).
pub(crate) const STUN_PORT: u16 = 3478;

impl Rtp {
    /// What stands for one of our addresses in candidates: the addresses to show, in order. An
    /// address without an entry stands for itself.
    pub fn advertised(&self, local: IpAddr) -> Vec<IpAddr> {
        let entry = self.ice_host_candidates.iter().find(|entry| entry.local == local);
        match entry {
            None => vec![local],
            Some(entry) if entry.include_local => vec![entry.advertised, local],
            Some(entry) => vec![entry.advertised],
        }
    }

    pub(crate) fn build(document: &Document, acls: &Named<Acl>, report: &mut Report) -> Self {
        known_only(document, "rtp.conf", &["general", "ice_host_candidates"], report);
        let candidates = host_candidates(document, report);
        let section = general(document, "rtp.conf");
        let mut fields = Fields::new(&RTP, &section, report);
        let rtp = Self {
            ports: ports(&mut fields),
            checksums: fields.flag("rtpchecksums"),
            dtmf_timeout_samples: fields.number("dtmftimeout"),
            rtcp_interval: Duration::from_millis(fields.number("rtcpinterval")),
            strict: fields.choice("strictrtp").unwrap_or(StrictRtp::Yes),
            probation: fields.number("probation"),
            srtp_replay_protection: fields.flag("srtpreplayprotection"),
            ice_support: fields.flag("icesupport"),
            ice_lite: fields.flag("ice_lite"),
            ice_acl: fields.acl_set(["ice_acl", "ice_deny", "ice_permit"], acls),
            ice_host_candidates: candidates,
            dtls_mtu: fields.number("dtls_mtu"),
            stun: server(&mut fields, "stunaddr", STUN_PORT),
            stun_acl: fields.acl_set(["stun_acl", "stun_deny", "stun_permit"], acls),
            stun_reresolve_ttl_0: fields.flag("stunaddr_reresolve_ttl_0"),
            stun_software_attribute: fields.flag("stun_software_attribute"),
            share_ice_servers: fields.flag("share_ice_servers"),
            turn: turn(&mut fields),
            settings: fields.settings(),
        };
        if fields.is_set("probation") && rtp.strict != StrictRtp::Yes {
            let message = String::from("probation has no effect");
            fields.warn("probation", message, "it counts only with strictrtp = yes");
        }
        if rtp.ice_lite && (rtp.stun.is_some() || rtp.turn.is_some()) {
            let message = String::from("ice_lite together with a STUN or TURN server");
            fields.warn("ice_lite", message, "a lite agent has host candidates only: choose one");
        }
        let mapped = !rtp.ice_host_candidates.is_empty();
        if mapped && (rtp.stun.is_some() || rtp.turn.is_some()) {
            let message = String::from("[ice_host_candidates] and a STUN or TURN server together");
            let option = if rtp.stun.is_some() { "stunaddr" } else { "turnaddr" };
            fields.warn(option, message, "with a fixed mapping remove stunaddr and turnaddr");
        }
        rtp
    }
}

impl Default for Rtp {
    /// What holds without rtp.conf.
    fn default() -> Self {
        Self::build(&Document::default(), &Named::default(), &mut Report::default())
    }
}

fn ports(fields: &mut Fields<'_>) -> RangeInclusive<u16> {
    let (start, end): (u16, u16) = (fields.number("rtpstart"), fields.number("rtpend"));
    // One audio call of two plain legs takes four ports with their RTCP.
    const SMALLEST_RANGE: u16 = 4;
    if end.checked_sub(start).is_some_and(|size| size >= SMALLEST_RANGE) {
        return start..=end;
    }
    let message =
        format!("rtpstart {start} to rtpend {end} is no usable range: 5000 to 31000 holds");
    fields.error("rtpstart", message, "give two ports per call leg, as in 10000 to 20000");
    5000..=31000
}

pub(crate) fn server(fields: &mut Fields<'_>, name: &str, default_port: u16) -> Option<NatServer> {
    let text = fields.text(name)?;
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => match port.parse() {
            Ok(port) => (host.to_owned(), port),
            Err(_) => {
                let message = format!("'{name} = {text}' has no valid port");
                fields.error(name, message, format!("write host or host:{default_port}"));
                return None;
            }
        },
        _ => (text, default_port),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    Some(NatServer { host, port })
}

fn turn(fields: &mut Fields<'_>) -> Option<TurnServer> {
    let port = fields.number("turnport");
    let server = server(fields, "turnaddr", port)?;
    let user = fields.text("turnusername").unwrap_or_default();
    let secret = fields.text("turn_secret").map(Pii::new);
    let password = fields.text("turnpassword").map(Pii::new);
    let login = match (secret, password) {
        (Some(secret), password) => {
            if password.is_some() {
                let message = String::from("turnpassword has no effect beside turn_secret");
                fields.warn("turnpassword", message, "remove one of the two");
            }
            let lifetime = Duration::from_secs(fields.number("turn_lifetime"));
            TurnLogin::Shared { user, secret, lifetime }
        }
        (None, Some(password)) if !user.is_empty() => TurnLogin::Fixed { user, password },
        (None, _) => {
            let message = String::from("turnaddr without a way to be let in is not used");
            fields.error("turnaddr", message, "set turnusername and turnpassword, or turn_secret");
            return None;
        }
    };
    let transport = fields.choice("turn_transport").unwrap_or(TurnTransport::Udp);
    let verify = fields.flag("turn_verify_server");
    let ca_file = fields.text("turn_ca_file").unwrap_or_default();
    Some(TurnServer { server, transport, login, verify, ca_file })
}

fn host_candidates(document: &Document, report: &mut Report) -> Vec<HostCandidate> {
    let mut found: Vec<HostCandidate> = Vec::new();
    for section in single(document, "ice_host_candidates") {
        for value in &section.values {
            let mut parts = value.items();
            let local = value.name.parse::<IpAddr>();
            let advertised = parts.next().map(str::parse::<IpAddr>);
            let include_local = match parts.next() {
                None => Some(false),
                Some(word) => word.eq_ignore_ascii_case("include_local_address").then_some(true),
            };
            let (Ok(local), Some(Ok(advertised)), Some(include_local)) =
                (local, advertised, include_local)
            else {
                let message = format!("'{} => {}' is no candidate", value.name, value.text);
                report.say(
                    Diagnostic::error(&value.span, message).hint(
                        "write 10.0.0.5 => 203.0.113.5, if wanted with ,include_local_address",
                    ),
                );
                continue;
            };
            found.retain(|entry| entry.local != local);
            found.push(HostCandidate { local, advertised, include_local });
        }
    }
    found
}
