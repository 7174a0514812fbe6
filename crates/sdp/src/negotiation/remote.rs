//! What a peer's description says about one transport, and whether the endpoint's security
//! settings allow it.

use std::net::{IpAddr, SocketAddr};

use super::capabilities::{Capabilities, Security};
use super::reject::Cause;
use crate::attributes::{Credentials, Crypto, Fingerprint, Setup, dtls, ice, rtcp};
use crate::line::{Address, Keying, Profile};
use crate::session::{Media, Session};

/// Everything a description says about the transport of one line.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct RemoteTransport {
    pub(super) rtp: Option<SocketAddr>,
    pub(super) rtcp: Option<SocketAddr>,
    pub(super) mux: bool,
    pub(super) mux_only: bool,
    pub(super) ice: Option<RemoteCredentials>,
    pub(super) fingerprints: Vec<Fingerprint>,
    pub(super) setup: Option<Setup>,
    pub(super) tls_id: Option<String>,
    pub(super) cryptos: Vec<Crypto>,
    /// `a=crypto` lines there were, usable or not.
    pub(super) crypto_lines: usize,
    /// The address is 0.0.0.0 and no ICE will find a better one: hold as in RFC 2543.
    pub(super) held: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct RemoteCredentials {
    pub(super) credentials: Credentials,
    pub(super) candidates: Vec<String>,
    pub(super) lite: bool,
    pub(super) complete: bool,
}

/// How a transport will be protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protected {
    Plain,
    Sdes,
    Dtls,
}

impl RemoteTransport {
    /// Reads the transport of `media`. Sections of a bundle other than the tagged one may leave
    /// their transport attributes out (RFC 9143 §7.1.3); those come from `tagged` then.
    pub(super) fn read(session: &Session, media: &Media, tagged: &Media) -> Self {
        let owner = |name: &str| {
            if media.attributes.has(name) { media } else { tagged }
        };
        let credentials = Credentials::of(session, owner("ice-ufrag"));
        let ice = credentials.map(|credentials| {
            let candidates = ice::candidates(owner("candidate"));
            read_ice(session, owner("ice-ufrag"), tagged, credentials, candidates)
        });
        let crypto_owner = owner("crypto");
        let cryptos: Vec<&str> = crypto_owner.attributes.values("crypto").collect();
        let has = |name: &str| media.attributes.has(name) || tagged.attributes.has(name);
        let addressed = if media.line.port == 0 { tagged } else { media };
        let ip = session.connection_of(addressed).and_then(Address::ip);
        let (rtp, rtcp) = addresses(ip, addressed);
        Self {
            rtp,
            rtcp,
            mux: has("rtcp-mux") || has("rtcp-mux-only"),
            mux_only: has("rtcp-mux-only"),
            held: ip.is_some_and(|ip| ip.is_unspecified()) && ice.is_none(),
            ice,
            fingerprints: Fingerprint::all(session, owner("fingerprint")),
            setup: Setup::of(session, owner("setup")),
            tls_id: dtls::tls_id(session, owner("tls-id")).map(str::to_owned),
            cryptos: cryptos.iter().filter_map(|line| Crypto::parse(line)).collect(),
            crypto_lines: cryptos.len(),
        }
    }
}

fn read_ice(
    session: &Session,
    media: &Media,
    tagged: &Media,
    credentials: Credentials,
    candidates: Vec<String>,
) -> RemoteCredentials {
    let ended = |media: &Media| media.attributes.has("end-of-candidates");
    // A peer that does not trickle has put all it has into this description (RFC 8838 §3).
    let trickles = ice::has_option(session, media, "trickle");
    let complete = session.attributes.has("end-of-candidates") || ended(media) || ended(tagged);
    RemoteCredentials {
        credentials,
        candidates,
        lite: session.attributes.has("ice-lite"),
        complete: complete || !trickles,
    }
}

/// Where to send RTP and RTCP. Port 9 is "discard" and stands for "ICE will tell" (RFC 8840 §4.3).
fn addresses(ip: Option<IpAddr>, media: &Media) -> (Option<SocketAddr>, Option<SocketAddr>) {
    let port = media.line.port;
    let Some(ip) = ip.filter(|ip| !ip.is_unspecified() && port != 0 && port != 9) else {
        return (None, None);
    };
    let rtcp = match rtcp::address(&media.attributes) {
        Some((port, own)) => {
            let own = own.unwrap_or(ip);
            (port != 9 && !own.is_unspecified()).then(|| SocketAddr::new(own, port))
        }
        None => port.checked_add(1).map(|port| SocketAddr::new(ip, port)),
    };
    (Some(SocketAddr::new(ip, port)), rtcp)
}

/// Decides how a line is protected, or says why it cannot be.
pub(super) fn protection(
    capabilities: &Capabilities,
    protocol: &str,
    profile: Profile,
    remote: &RemoteTransport,
) -> Result<Protected, (Cause, String)> {
    let has_fingerprint = !remote.fingerprints.is_empty();
    match &capabilities.security {
        Security::None if profile.keying == Keying::Plain => Ok(Protected::Plain),
        Security::None => Err((
            Cause::Encryption,
            format!(
                "the peer wants encrypted media ({protocol}), but media_encryption=no for this \
                 endpoint; set media_encryption=dtls or sdes"
            ),
        )),
        Security::Sdes { optimistic, suites } => {
            let usable = remote.cryptos.iter().any(|crypto| suites.contains(&crypto.suite));
            match profile.keying {
                Keying::Plain | Keying::Secure if usable => Ok(Protected::Sdes),
                Keying::Plain if *optimistic => Ok(Protected::Plain),
                _ => Err((Cause::Encryption, no_sdes(protocol, remote, has_fingerprint))),
            }
        }
        Security::Dtls { .. } if has_fingerprint && remote.setup == Some(Setup::Holdconn) => Err((
            Cause::Setup,
            "the peer says a=setup:holdconn, so that nobody would open DTLS".to_owned(),
        )),
        Security::Dtls { .. } if has_fingerprint => Ok(Protected::Dtls),
        Security::Dtls { optimistic, .. } => match profile.keying {
            Keying::Plain if *optimistic && !capabilities.webrtc => Ok(Protected::Plain),
            Keying::Plain => Err((
                Cause::Encryption,
                format!(
                    "the peer wants plain media ({protocol}), but this endpoint demands DTLS \
                     (webrtc=yes or media_encryption=dtls); nothing is sent in clear"
                ),
            )),
            Keying::Secure if remote.crypto_lines > 0 => Err((
                Cause::Encryption,
                "the peer wants keys by SDES (a=crypto), but this endpoint demands DTLS; set \
                 media_encryption=sdes or switch the peer to DTLS"
                    .to_owned(),
            )),
            Keying::Secure | Keying::Dtls => Err((
                Cause::Fingerprint,
                "the peer wants DTLS but sends no usable a=fingerprint (sha-256, sha-384, \
                 sha-512, sha-224 or sha-1)"
                    .to_owned(),
            )),
        },
    }
}

fn no_sdes(protocol: &str, remote: &RemoteTransport, has_fingerprint: bool) -> String {
    if remote.crypto_lines > 0 {
        return format!(
            "none of the {} a=crypto lines can be used: the suite is not allowed here, or the \
             line asks for an MKI or a session parameter",
            remote.crypto_lines
        );
    }
    if has_fingerprint {
        return format!(
            "the peer wants keys by DTLS ({protocol}), but this endpoint has \
             media_encryption=sdes; set media_encryption=dtls"
        );
    }
    format!(
        "the peer sends no a=crypto ({protocol}), but media_encryption=sdes demands encryption; \
         set media_encryption_optimistic=yes to allow plain media"
    )
}

/// Whether packets sent there reach more than one host.
fn is_of_many(ip: &IpAddr) -> bool {
    ip.is_multicast() || *ip == IpAddr::from([255; 4])
}

/// What a browser must bring, what any peer may insist on and what nobody may.
pub(super) fn demands(
    capabilities: &Capabilities,
    remote: &RemoteTransport,
) -> Result<(), (Cause, String)> {
    let wanted_at = [remote.rtp, remote.rtcp].into_iter().flatten();
    if let Some(many) = wanted_at.map(|address| address.ip()).find(is_of_many) {
        return Err((
            Cause::Address,
            format!(
                "the peer wants media at {many}, which is no address of one host; calls are unicast"
            ),
        ));
    }
    if remote.mux_only && !capabilities.rtcp_mux {
        return Err((
            Cause::RtcpMux,
            "the peer insists on a=rtcp-mux-only, but rtcp_mux=no for this endpoint".to_owned(),
        ));
    }
    if capabilities.webrtc && !remote.mux {
        return Err((
            Cause::RtcpMux,
            "the peer sends no a=rtcp-mux, but this endpoint has webrtc=yes, which demands it"
                .to_owned(),
        ));
    }
    if capabilities.webrtc && remote.ice.is_none() {
        return Err((
            Cause::Ice,
            "the peer sends no usable a=ice-ufrag and a=ice-pwd, but this endpoint has \
             webrtc=yes, which demands ICE"
                .to_owned(),
        ));
    }
    Ok(())
}
