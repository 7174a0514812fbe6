//! From configuration to a media leg: which addresses the peer may see, which certificate is
//! shown and who may have signed the peer's.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::SystemTime;

use sidetone_base::{Flow, LegId, Transport};
use sidetone_config::{Config, DtlsSettings, DtlsVerify, Endpoint, Host, MediaEncryption};
use sidetone_engine::{CertificateChoice, LegSpec, PortChoice};
use sidetone_media::candidates::is_private;
use sidetone_media::{
    Authorities, CandidatePolicy, Certificate, Judge, LegEvent, LegKind, Net, PeerVerification,
};
use sidetone_net::tls::{PeerAuthorities, TlsSettings, cipher_choice, load_pair};
use sidetone_sdp::negotiation::Negotiation;
use tokio::sync::mpsc;

use super::Exchange;
use sidetone_party::names::records_of;
use sidetone_terms::leg::{host_rules, rtp_settings, rules};

impl Exchange {
    /// The leg of a call of this endpoint with the peer behind this flow.
    pub(crate) fn leg_spec(
        &self,
        endpoint: &Endpoint,
        flow: Option<&Flow>,
        events: mpsc::Sender<(LegId, LegEvent)>,
    ) -> LegSpec {
        let config = self.config();
        let ice = endpoint.ice_support && config.rtp.ice_support;
        let kind = if ice { LegKind::Ice { lite: config.rtp.ice_lite } } else { LegKind::Plain };
        let mut spec = LegSpec::new(kind, events);
        spec.ports.clone_from(&endpoint.rtp_ports);
        spec.candidates = self.candidates(&config, endpoint, flow);
        self.reach().call_begins();
        self.add_seen_address(&mut spec.candidates);
        spec.rtp = rtp_settings(&config, endpoint);
        spec.port = port_choice(endpoint, spec.rtp.encrypted);
        if endpoint.media_encryption == MediaEncryption::Dtls {
            spec.rtp.dtls_verify = self.verification(&endpoint.dtls);
            spec.rtp.dtls_ciphers = cipher_numbers(&endpoint.dtls.cipher);
        }
        spec.certificate = match &endpoint.dtls.certificate {
            // Making one that nobody looks at would be a tenth of a plain call.
            _ if endpoint.media_encryption != MediaEncryption::Dtls => CertificateChoice::Process,
            Some((certificate, key)) => self.certificate(certificate, key),
            None => CertificateChoice::Leg,
        };
        spec
    }

    /// What a peer may see of a leg after our addresses changed; `None` when it is on our side of
    /// the NAT and need not know.
    pub(crate) fn new_addresses(
        &self,
        endpoint: &Endpoint,
        flow: Option<&Flow>,
    ) -> Option<CandidatePolicy> {
        let mut policy = self.candidates(&self.config(), endpoint, flow);
        if policy.peer_is_local() || policy.peer.is_none_or(is_private) {
            return None;
        }
        self.add_seen_address(&mut policy);
        Some(policy)
    }

    /// Behind NAT, without a configured address, the one that the STUN monitor sees stands for
    /// ours in `c=` to peers outside. ICE has better besides: what each socket is seen as.
    fn add_seen_address(&self, policy: &mut CandidatePolicy) {
        let outside = !policy.peer_is_local() && policy.peer.is_some_and(|peer| !is_private(peer));
        let inner = policy.local_address.is_none_or(is_private);
        if outside && inner && policy.external_address.is_none() && policy.host_rules.is_empty() {
            policy.seen = self.reach().seen();
        }
    }

    /// What of a peer's certificate is checked.
    fn verification(&self, dtls: &DtlsSettings) -> PeerVerification {
        match dtls.verify {
            DtlsVerify::No => PeerVerification::Nothing,
            DtlsVerify::Fingerprint => PeerVerification::Fingerprint,
            DtlsVerify::Certificate => PeerVerification::Signature(self.authorities(dtls)),
            DtlsVerify::Both => PeerVerification::Both(self.authorities(dtls)),
        }
    }

    /// Who may have signed it, read once. Files that cannot be read make nobody trusted.
    fn authorities(&self, dtls: &DtlsSettings) -> Authorities {
        let mut known = self.inner.authorities.lock();
        let key = (dtls.ca_file.clone(), dtls.ca_path.clone());
        let authorities = known.entry(key).or_insert_with(|| {
            let place = |text: &str| (!text.is_empty()).then(|| text.into());
            let settings = TlsSettings {
                ca_list_file: place(&dtls.ca_file),
                ca_list_path: place(&dtls.ca_path),
                ..TlsSettings::default()
            };
            let read = PeerAuthorities::load(&settings).map_err(|error| error.to_string());
            if let Err(words) = &read {
                tracing::error!("dtls_ca_file: {words}; no peer is trusted until it is mended");
            }
            Authorities(Arc::new(Signers(read)))
        });
        authorities.clone()
    }

    /// The certificate of `dtls_cert_file`, read once. One that cannot be used is reported and
    /// the leg shows one of its own, which the fingerprint in the SDP vouches for just as well.
    fn certificate(&self, file: &str, key: &str) -> CertificateChoice {
        let mut known = self.inner.certificates.lock();
        let choice = known.entry(file.to_owned()).or_insert_with(|| {
            let settings = TlsSettings {
                cert_file: Some(file.into()),
                key_file: Some(key).filter(|key| !key.is_empty()).map(Into::into),
                ..TlsSettings::default()
            };
            let read = load_pair(&settings).map_err(|error| error.to_string());
            let read = read.and_then(|(leaf, key)| {
                Certificate::from_der(leaf, key).map_err(|error| error.to_string())
            });
            match read {
                Ok(certificate) => CertificateChoice::Given(certificate),
                Err(words) => {
                    tracing::error!("dtls_cert_file {file}: {words}; a generated one is used");
                    CertificateChoice::Leg
                }
            }
        });
        choice.clone()
    }

    /// A fresh offer/answer exchange for this endpoint.
    pub(crate) fn negotiation(&self, endpoint: &Endpoint) -> Negotiation {
        let capabilities = sidetone_terms::capabilities(&self.config(), endpoint);
        Negotiation::new(capabilities, &mut self.draws())
    }

    fn candidates(
        &self,
        config: &Config,
        endpoint: &Endpoint,
        flow: Option<&Flow>,
    ) -> CandidatePolicy {
        let transport = self.transport_of(config, endpoint, flow);
        let external = transport
            .and_then(|transport| transport.external_media_address.as_ref())
            .and_then(|host| self.address_of(host));
        let local_net = transport.map(|transport| &transport.local_net);
        CandidatePolicy {
            host_rules: host_rules(config),
            acl: rules(&config.rtp.ice_acl),
            external_address: endpoint.media_address.or(external),
            local_net: local_net
                .into_iter()
                .flatten()
                .map(|net| Net::new(net.address, net.prefix))
                .collect(),
            peer: flow.map(|flow| flow.remote.ip()),
            local_address: endpoint
                .media_address
                .filter(|_| endpoint.bind_rtp_to_media_address)
                .or_else(|| flow.map(|flow| flow.local.ip()).filter(|ip| !ip.is_unspecified())),
            seen: None,
        }
    }

    /// The transport object that describes the way to the peer: the endpoint's own, else the one
    /// of the flow's protocol, else any that knows an external address.
    pub(crate) fn transport_of<'c>(
        &self,
        config: &'c Config,
        endpoint: &Endpoint,
        flow: Option<&Flow>,
    ) -> Option<&'c sidetone_config::Transport> {
        self.transport_named(config, endpoint.transport.as_deref(), flow)
    }

    /// The same by the name of a transport object, if there is one.
    pub(crate) fn transport_named<'c>(
        &self,
        config: &'c Config,
        name: Option<&str>,
        flow: Option<&Flow>,
    ) -> Option<&'c sidetone_config::Transport> {
        let named = name.and_then(|name| config.transports.get(name));
        let sorted = config.transports_sorted();
        let of_protocol = sorted.iter().find(|transport| {
            flow.is_some_and(|flow| transport.protocol.transport() == Some(flow.transport))
        });
        let any = sorted.iter().find(|transport| transport.external_media_address.is_some());
        let of_protocol = of_protocol
            .filter(|transport| transport.external_media_address.is_some() || any.is_none());
        named.or(of_protocol.copied()).or(any.copied()).map(|transport| &**transport)
    }

    /// Our SIP address and port as the peer may know them: the external ones behind NAT, never an
    /// inner address to a peer outside `local_net` (NAT-12).
    pub fn public_address(&self, endpoint: &Endpoint, flow: &Flow) -> (IpAddr, u16) {
        let config = self.config();
        self.address_by(self.transport_of(&config, endpoint, Some(flow)), flow)
    }

    /// The same for whoever is reached by this transport object.
    pub(crate) fn address_by(
        &self,
        transport: Option<&sidetone_config::Transport>,
        flow: &Flow,
    ) -> (IpAddr, u16) {
        let outside = transport.filter(|transport| transport.is_outside(flow.remote.ip()));
        let external = outside
            .and_then(|transport| transport.external_signaling_address.as_ref())
            .and_then(|host| self.address_of(host));
        match external {
            Some(address) => {
                let port = outside.and_then(|transport| transport.external_signaling_port);
                (address, port.unwrap_or(flow.local.port()))
            }
            None => {
                let ours = if flow.local.ip().is_unspecified() {
                    self.interface_towards(flow.remote.ip())
                } else {
                    flow.local.ip()
                };
                let hidden = is_private(ours) && !is_private(flow.remote.ip());
                let neighbour = transport.is_some_and(|transport| {
                    transport.local_net.iter().any(|net| net.contains(flow.remote.ip()))
                });
                // Behind NAT and not told so: what the STUN monitor sees leads to us, if anything.
                let seen = self.reach().seen().filter(|_| hidden && !neighbour);
                (seen.unwrap_or(ours), flow.local.port())
            }
        }
    }

    /// Our address and port for a request over a transport to a peer.
    pub(crate) fn local_address(&self, transport: Transport, remote: SocketAddr) -> SocketAddr {
        let listeners = self.net().listeners();
        let fitting = listeners.iter().find(|listener| {
            listener.transport == transport && listener.local.is_ipv4() == remote.is_ipv4()
        });
        let port = fitting.map_or(transport.default_port(), |listener| listener.local.port());
        let ip = fitting.map(|listener| listener.local.ip()).filter(|ip| !ip.is_unspecified());
        (ip.unwrap_or_else(|| self.interface_towards(remote.ip())), port).into()
    }

    /// The address of ours that a peer most likely sees: loopback for loopback, else the first
    /// interface of the same family.
    fn interface_towards(&self, remote: IpAddr) -> IpAddr {
        if remote.is_loopback() {
            return remote;
        }
        let interfaces = self.inner.interfaces.load();
        let mut fitting = interfaces.iter().filter(|ip| ip.is_ipv4() == remote.is_ipv4());
        fitting.find(|ip| !ip.is_loopback()).copied().unwrap_or(if remote.is_ipv4() {
            std::net::Ipv4Addr::LOCALHOST.into()
        } else {
            std::net::Ipv6Addr::LOCALHOST.into()
        })
    }

    /// The address of a configured host; names are looked up in the background.
    pub(crate) fn address_of(&self, host: &Host) -> Option<IpAddr> {
        match host {
            Host::Address(address) => Some(*address),
            Host::Name(name) => records_of(&self.inner.resolved.load(), name)?.first_of(name),
        }
    }
}

/// The authorities of an endpoint, or why there are none.
struct Signers(Result<PeerAuthorities, String>);

impl Judge for Signers {
    fn judge(&self, certificate: &[u8]) -> Result<(), String> {
        self.0.as_ref().map_err(Clone::clone)?.judge(certificate, SystemTime::now())
    }
}

/// On which port a leg with ICE lives. The one that all share suits only peers that have ICE and
/// rtcp-mux for certain: media in clear, keys from the SDP and RTCP apart need ports of their own.
fn port_choice(endpoint: &Endpoint, encrypted: bool) -> PortChoice {
    let certain = encrypted && endpoint.rtcp_mux;
    match endpoint.rtp_ports {
        _ if !certain => PortChoice::Pair,
        Some(_) => PortChoice::Own,
        None => PortChoice::Shared,
    }
}

/// The suites of `dtls_cipher`; empty for all, also when the list names none that exist.
fn cipher_numbers(list: &str) -> Vec<u16> {
    if list.trim().is_empty() {
        return Vec::new();
    }
    cipher_choice(list).suites.iter().map(|suite| suite.suite().into()).collect()
}
