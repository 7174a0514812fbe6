//! Settling one transport: DTLS role, SDES keys, ICE (RFC 8842 §5, RFC 4568 §5, RFC 8839 §4).

use sidetone_base::Random;

use super::capabilities::{Capabilities, Security};
use super::reject::Cause;
use super::remote::{Protected, RemoteTransport};
use super::state::{Agent, Offerer, Transport};
use crate::attributes::{Crypto, SdesSuite, Setup};
use crate::plan::{DtlsRole, Protection, RemoteIce, SdesKey, TransportPlan};

/// Whose description is being read.
pub(super) enum Reading<'a> {
    /// The peer's offer: we choose.
    Offer(&'a mut dyn Random),
    /// The peer's answer: it chose.
    Answer,
}

/// Updates a transport from what the peer says about it.
pub(super) fn settle(
    transport: &mut Transport,
    capabilities: &Capabilities,
    initial_offerer: Offerer,
    remote: &RemoteTransport,
    protected: Protected,
    reading: Reading<'_>,
) -> Result<(), (Cause, String)> {
    let protection = match protected {
        Protected::Plain => Protection::None,
        Protected::Sdes => settle_sdes(transport, capabilities, remote, reading)?,
        Protected::Dtls => settle_dtls(transport, capabilities, remote, &reading),
    };
    let ice = transport.local_ice.filter(|_| capabilities.ice);
    let ice = ice.zip(remote.ice.as_ref()).map(|(agent, theirs)| RemoteIce {
        ufrag: theirs.credentials.ufrag.clone(),
        pwd: theirs.credentials.pwd.clone(),
        candidates: theirs.candidates.clone(),
        lite: theirs.lite,
        complete: theirs.complete,
        controlling: is_controlling(agent, theirs.lite, initial_offerer),
    });
    if capabilities.webrtc && ice.is_none() {
        let text =
            "this leg has no ICE, which webrtc=yes demands: set icesupport = yes in rtp.conf"
                .to_owned();
        return Err((Cause::Ours, text));
    }
    let rtcp_mux = capabilities.rtcp_mux && remote.mux;
    transport.plan = Some(TransportPlan {
        remote_rtp: remote.rtp,
        remote_rtcp: remote.rtcp.filter(|_| !rtcp_mux),
        rtcp_mux,
        ice,
        protection,
    });
    Ok(())
}

/// RFC 8445 §6.1.1. The roles stay whoever re-offers.
fn is_controlling(ours: Agent, peer_is_lite: bool, initial_offerer: Offerer) -> bool {
    match (ours, peer_is_lite) {
        (Agent::Full, true) => true,
        (Agent::Lite, false) => false,
        (Agent::Full, false) | (Agent::Lite, true) => initial_offerer == Offerer::Us,
    }
}

fn settle_dtls(
    transport: &mut Transport,
    capabilities: &Capabilities,
    remote: &RemoteTransport,
    reading: &Reading<'_>,
) -> Protection {
    let same = is_same_association(transport, remote);
    let configured = match &capabilities.security {
        Security::Dtls { setup, .. } => *setup,
        Security::None | Security::Sdes { .. } => Setup::Actpass,
    };
    let role = match reading {
        Reading::Offer(_) => role_as_answerer(transport.role, remote.setup, configured),
        Reading::Answer => {
            role_as_offerer(transport.role.filter(|_| same), remote.setup, configured)
        }
    };
    transport.role = Some(role);
    transport.association_changed = false;
    transport.remote_fingerprints.clone_from(&remote.fingerprints);
    transport.remote_tls_id.clone_from(&remote.tls_id);
    let pairs = remote.fingerprints.iter().map(|f| (f.algorithm.clone(), f.digest.clone()));
    Protection::Dtls { fingerprints: pairs.collect(), role }
}

/// RFC 8842 §4: the association goes on while certificates and `tls-id` stay. A peer that stops
/// writing a `tls-id` it once wrote has not asked for another one.
fn is_same_association(transport: &Transport, remote: &RemoteTransport) -> bool {
    let same_id = match (&transport.remote_tls_id, &remote.tls_id) {
        (Some(before), Some(now)) => before == now,
        _ => true,
    };
    !transport.association_changed
        && same_id
        && transport.remote_fingerprints == remote.fingerprints
}

/// RFC 8842 §5.3 and §5.5: an offer that leaves the choice gets the role that was agreed before,
/// or media would die on every hold.
fn role_as_answerer(
    agreed: Option<DtlsRole>,
    offered: Option<Setup>,
    configured: Setup,
) -> DtlsRole {
    // RFC 4145 §4: an offer without the attribute means `active`.
    match offered.unwrap_or(Setup::Active) {
        Setup::Active => DtlsRole::Server,
        Setup::Passive => DtlsRole::Client,
        Setup::Actpass | Setup::Holdconn => agreed.unwrap_or(match configured {
            Setup::Passive => DtlsRole::Server,
            Setup::Actpass | Setup::Active | Setup::Holdconn => DtlsRole::Client,
        }),
    }
}

/// `kept` is the role agreed before, if the association goes on. It then stays whatever the
/// answer says: peers that always answer `active` keep their running association all the same.
fn role_as_offerer(kept: Option<DtlsRole>, answered: Option<Setup>, configured: Setup) -> DtlsRole {
    kept.unwrap_or(match (configured, answered) {
        // We left no choice; what the peer writes cannot change who is left to be the client.
        (Setup::Active, _) => DtlsRole::Client,
        (Setup::Passive, _) | (_, Some(Setup::Active)) => DtlsRole::Server,
        // RFC 4145 §4: an answer without the attribute means `passive`.
        (Setup::Actpass | Setup::Holdconn, _) => DtlsRole::Client,
    })
}

fn settle_sdes(
    transport: &mut Transport,
    capabilities: &Capabilities,
    remote: &RemoteTransport,
    reading: Reading<'_>,
) -> Result<Protection, (Cause, String)> {
    let suites = sdes_suites(capabilities);
    let usable = remote.cryptos.iter().find(|crypto| suites.contains(&crypto.suite));
    let none = || (Cause::Encryption, "no a=crypto line can be used".to_owned());
    let crypto = usable.ok_or_else(none)?;
    let (tag, key) = match reading {
        Reading::Offer(random) => (crypto.tag, transport.sdes_key(crypto.suite, random)),
        Reading::Answer => {
            let offered = transport.sdes_keys.iter().find(|(suite, _)| *suite == crypto.suite);
            let tag = suites.iter().position(|suite| *suite == crypto.suite);
            let text = "the answer picks a crypto suite we did not offer".to_owned();
            let (key, tag) = offered.zip(tag).ok_or((Cause::Encryption, text))?;
            (sdes_tag(tag), key.1.clone())
        }
    };
    let name = |crypto: &Crypto| crypto.suite.name().to_owned();
    Ok(Protection::Sdes {
        local: SdesKey { tag, suite: name(crypto), key_and_salt: key },
        remote: SdesKey {
            tag: crypto.tag,
            suite: name(crypto),
            key_and_salt: crypto.key_and_salt.clone(),
        },
    })
}

/// The suites of the endpoint, empty unless it uses SDES.
pub(super) fn sdes_suites(capabilities: &Capabilities) -> &[SdesSuite] {
    match &capabilities.security {
        Security::Sdes { suites, .. } => suites,
        Security::None | Security::Dtls { .. } => &[],
    }
}

/// The tag of the suite at an index of our list.
pub(super) fn sdes_tag(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX - 1) + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answerer_opens_dtls_unless_told_otherwise() {
        let check = |agreed, offered, configured, expected| {
            assert_eq!(role_as_answerer(agreed, offered, configured), expected);
        };
        let (client, server) = (DtlsRole::Client, DtlsRole::Server);
        check(None, Some(Setup::Actpass), Setup::Actpass, client);
        check(None, Some(Setup::Actpass), Setup::Active, client);
        check(None, Some(Setup::Actpass), Setup::Passive, server);
        check(None, Some(Setup::Passive), Setup::Passive, client);
        check(None, Some(Setup::Active), Setup::Active, server);
        check(None, None, Setup::Active, server);
        check(Some(server), Some(Setup::Actpass), Setup::Active, server);
        check(Some(client), Some(Setup::Active), Setup::Actpass, server);
    }

    #[test]
    fn an_answer_decides_the_role_only_once() {
        let check = |kept, answered, expected| {
            assert_eq!(role_as_offerer(kept, answered, Setup::Actpass), expected);
        };
        check(None, Some(Setup::Active), DtlsRole::Server);
        check(None, Some(Setup::Passive), DtlsRole::Client);
        check(None, None, DtlsRole::Client);
        check(Some(DtlsRole::Client), Some(Setup::Active), DtlsRole::Client);
    }

    #[test]
    fn a_lite_agent_never_controls_a_full_one() {
        assert!(is_controlling(Agent::Full, true, Offerer::Peer));
        assert!(!is_controlling(Agent::Lite, false, Offerer::Us));
        assert!(is_controlling(Agent::Full, false, Offerer::Us));
        assert!(!is_controlling(Agent::Full, false, Offerer::Peer));
    }
}
