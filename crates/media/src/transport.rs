//! One transport of a leg: how datagrams reach the peer (ICE or a plain address), who may send
//! us some, and how they are protected. Datagrams in clear are only ever sent on a transport
//! whose plan says [`Protection::None`]; until DTLS has finished, media is dropped in both
//! directions.

use std::net::SocketAddr;
use std::time::Instant;

use sidetone_base::Random;
use sidetone_rtp::srtp::{
    DEFAULT_MAX_SOURCES, MasterKey, Profile, Protector, ReplayProtection, Unprotector,
};
use sidetone_rtp::{RtpView, UdptlView};
use sidetone_sdp::plan::{DtlsRole, LocalIce, LocalTransport, Protection, SdesKey, TransportPlan};

use crate::candidates::{CandidateType, candidate_line};
use crate::certificate::Certificate;
use crate::dtls::{Dtls, DtlsConfig, DtlsNews, Expected};
use crate::event::LegEvent;
use crate::ice::{Ice, IceNews};
use crate::path::{Base, Outbox, PathId};
use crate::refusal::{Refusal, Refusals};
use crate::settings::{LegKind, RtpSettings};
use crate::silence::Hindrance;
use crate::strict::{StrictSource, Verdict};

/// Sockets and addresses of a transport to make, as the engine found them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewTransport {
    /// Local addresses that ICE uses, those on TURN servers included. Empty for plain legs.
    pub bases: Vec<Base>,
    /// Addresses for `a=candidate`, best first. Empty for plain legs.
    pub advertised: Vec<SocketAddr>,
    /// Addresses of ours as a STUN server sees them, for `a=candidate`.
    pub reflexive: Vec<SocketAddr>,
    /// Which of the bases are addresses on a TURN server.
    pub relayed: Vec<SocketAddr>,
    /// A STUN or TURN server has not answered yet: more may follow.
    pub gathering: bool,
    /// The socket for RTP without ICE, and its address for `c=` and `m=`.
    pub rtp: Option<(Base, SocketAddr)>,
    /// The same for RTCP that is not muxed.
    pub rtcp: Option<(Base, SocketAddr)>,
}

/// Candidates that were found after the leg was made (RFC 8838).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LateCandidates {
    /// An address of ours as a STUN server sees it.
    pub reflexive: Option<SocketAddr>,
    /// An address on a TURN server.
    pub relayed: Option<Base>,
    /// Nothing more will follow.
    pub complete: bool,
}

impl NewTransport {
    /// Values of `a=candidate` for all our addresses, best first.
    fn candidate_lines(&self) -> Vec<String> {
        let kinds = [
            (CandidateType::Host, &self.advertised),
            (CandidateType::Reflexive, &self.reflexive),
            (CandidateType::Relayed, &self.relayed),
        ];
        let lines = kinds.into_iter().flat_map(|(kind, addresses)| {
            let addresses = addresses.iter().enumerate();
            addresses.map(move |(index, address)| candidate_line(kind, *address, index))
        });
        lines.collect()
    }
}

/// What a leg needs to know about itself when it makes or changes transports.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) kind: LegKind,
    pub(crate) settings: RtpSettings,
    pub(crate) certificate: Certificate,
    pub(crate) dtls: DtlsConfig,
}

#[derive(Debug)]
enum Shield {
    /// No keys yet, or never: nothing passes.
    Closed,
    /// The plan says plain RTP.
    Clear,
    /// SRTP.
    Keyed(Box<Keys>),
}

#[derive(Debug)]
struct Keys {
    protect: Protector,
    unprotect: Unprotector,
}

/// Something the leg or graph must act upon.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum TransportNews {
    /// Datagrams of this source on a shared socket belong to this transport: it has proven so.
    Proven(SocketAddr),
    /// The same, but only the SDP says so: another leg's proof stands against it.
    Claimed(SocketAddr),
    /// Tell the control plane.
    Event(LegEvent),
    /// Media may flow now.
    Ready,
}

/// Packets in buffers that are used again.
#[derive(Debug, Default)]
pub(crate) struct Made {
    buffers: Vec<Vec<u8>>,
    filled: usize,
}

impl Made {
    /// A leg makes one packet per stream and tick.
    const MAX: usize = 32;

    pub(crate) fn packets(&self) -> impl Iterator<Item = &[u8]> {
        self.buffers.iter().take(self.filled).map(Vec::as_slice)
    }

    fn push(&mut self, packet: &[u8]) -> Option<usize> {
        if self.filled == self.buffers.len() && self.filled < Self::MAX {
            self.buffers.push(Vec::with_capacity(packet.len()));
        }
        let buffer = self.buffers.get_mut(self.filled)?;
        buffer.clear();
        buffer.extend_from_slice(packet);
        self.filled += 1;
        Some(packet.len())
    }
}

/// What every packet needs, side by side: with a thousand legs each line of memory is a miss.
#[derive(Clone, Copy, Debug, Default)]
struct Hot {
    /// ICE decides about sources and destination.
    over_ice: bool,
    /// The last source that ICE vouched for.
    proven: Option<SocketAddr>,
    /// Where RTP goes.
    destination: Option<(Base, SocketAddr)>,
}

#[derive(Debug)]
pub(crate) struct Transport {
    hot: Hot,
    index: usize,
    new: NewTransport,
    ice: Option<Box<Ice>>,
    /// The agent of a restart we offered, until the peer's new half is known.
    next_ice: Option<Box<Ice>>,
    plan: Option<TransportPlan>,
    strict: StrictSource,
    symmetric: bool,
    symmetric_fax: bool,
    /// It carries a fax (UDPTL) and no RTP.
    udptl: bool,
    replay: ReplayProtection,
    rtcp_from: Option<SocketAddr>,
    dtls: Option<Box<Dtls>>,
    sdes: Option<(SdesKey, SdesKey)>,
    shield: Shield,
    /// Ends of pipes: what the leg made itself, until the graph passes it on.
    made: Option<Made>,
    pub(crate) refused: Refusals,
    ice_news: Vec<IceNews>,
    pub(crate) news: Vec<TransportNews>,
}

impl Transport {
    pub(crate) fn new(
        now: Instant,
        index: usize,
        new: NewTransport,
        identity: &Identity,
        random: &mut dyn Random,
    ) -> Self {
        let settings = &identity.settings;
        let ice = match identity.kind {
            LegKind::Ice { lite } => {
                Some(Box::new(Ice::new(now, &new, lite, settings.ice_timeout, random)))
            }
            LegKind::Plain | LegKind::Pipe => None,
        };
        let piped = identity.kind == LegKind::Pipe;
        Self {
            hot: Hot { over_ice: ice.is_some(), ..Hot::default() },
            index,
            new,
            ice,
            next_ice: None,
            plan: None,
            strict: StrictSource::new(now, settings.strict, settings.probation),
            symmetric: settings.symmetric,
            symmetric_fax: settings.symmetric_fax,
            udptl: false,
            replay: replay(settings),
            rtcp_from: None,
            dtls: None,
            sdes: None,
            shield: if piped { Shield::Clear } else { Shield::Closed },
            made: piped.then(Made::default),
            refused: Refusals::default(),
            ice_news: Vec::new(),
            news: Vec::new(),
        }
    }

    /// Our half, for SDP.
    pub(crate) fn local(&self, identity: &Identity) -> LocalTransport {
        let nowhere = || SocketAddr::from(([0, 0, 0, 0], 9));
        let first = self.new.advertised.first().copied();
        let rtp = self.new.rtp.map(|(_, address)| address).or(first);
        let ice = self.next_ice.as_ref().or(self.ice.as_ref());
        LocalTransport {
            rtp: rtp.unwrap_or_else(nowhere),
            rtcp: self.new.rtcp.map(|(_, address)| address),
            ice: ice.map(|ice| LocalIce {
                ufrag: ice.ufrag().to_owned(),
                pwd: ice.pwd().to_owned(),
                candidates: self.new.candidate_lines(),
                lite: ice.lite(),
                gathering: self.new.gathering,
            }),
            fingerprints: identity.certificate.fingerprints_by(identity.settings.dtls_fingerprint),
        }
    }

    /// The user fragments that checks for this transport carry.
    pub(crate) fn ufrags(&self) -> impl Iterator<Item = &str> {
        self.ice.iter().chain(&self.next_ice).map(|ice| ice.ufrag())
    }

    /// The sockets this transport may use, shared ones included.
    pub(crate) fn paths(&self) -> impl Iterator<Item = PathId> {
        self.new.bases.iter().map(|base| base.path).chain(self.own_paths())
    }

    /// The sockets named for this transport alone; legs with ICE may name a shared one.
    pub(crate) fn own_paths(&self) -> impl Iterator<Item = PathId> {
        self.new.rtp.iter().chain(&self.new.rtcp).map(|(base, _)| base.path)
    }

    /// Takes candidates that were found late; what the peer is to be told, if anything is new.
    pub(crate) fn take_late(&mut self, now: Instant, late: &LateCandidates) -> Option<Vec<String>> {
        let ice = self.ice.as_mut().filter(|ice| !ice.lite())?;
        if !self.new.gathering {
            return None;
        }
        let before = self.new.candidate_lines();
        let known = self.new.advertised.iter().chain(&self.new.reflexive);
        let reflexive = late.reflexive.filter(|address| !known.clone().any(|one| one == address));
        self.new.reflexive.extend(reflexive);
        if let Some(base) = late.relayed.filter(|base| !self.new.bases.contains(base)) {
            self.new.bases.push(base);
            self.new.relayed.push(base.address);
            for ice in std::iter::once(ice).chain(&mut self.next_ice) {
                ice.add_relayed(now, base);
            }
        }
        self.new.gathering = !late.complete;
        for ice in self.ice.iter_mut().chain(&mut self.next_ice) {
            ice.note_told(&self.new);
        }
        let new: Vec<String> = self.new.candidate_lines();
        let new: Vec<String> = new.into_iter().filter(|line| !before.contains(line)).collect();
        (late.complete || !new.is_empty()).then_some(new)
    }

    /// Our addresses changed: what is told from now on, and where ICE may send from after its
    /// next restart. The sockets of a plain leg stay.
    pub(crate) fn readdress(&mut self, new: NewTransport) {
        if self.ice.is_some() {
            self.new = new;
            return;
        }
        for (own, new) in [(&mut self.new.rtp, new.rtp), (&mut self.new.rtcp, new.rtcp)] {
            if let (Some((_, told)), Some((_, address))) = (own.as_mut(), new) {
                *told = address;
            }
        }
    }

    /// Our sockets and addresses.
    pub(crate) fn made_of(&self) -> &NewTransport {
        &self.new
    }

    /// Prepares new credentials; the old agent goes on until the peer's new half is applied.
    pub(crate) fn restart_ice(
        &mut self,
        now: Instant,
        identity: &Identity,
        random: &mut dyn Random,
    ) {
        if let LegKind::Ice { lite } = identity.kind {
            let timeout = identity.settings.ice_timeout;
            let next = Ice::new(now, &self.new, lite, timeout, random);
            self.next_ice = Some(Box::new(next));
        }
    }

    /// Says why a plan cannot be applied, before anything is changed.
    pub(crate) fn check(plan: &TransportPlan, identity: &Identity) -> Result<(), String> {
        let ice = matches!(identity.kind, LegKind::Ice { .. });
        if plan.ice.is_some() && !ice {
            return Err("ICE was agreed for a plain leg".to_owned());
        }
        match &plan.protection {
            Protection::None if ice && identity.settings.encrypted => {
                Err("this leg does not send media in clear".to_owned())
            }
            Protection::None => Ok(()),
            Protection::Sdes { local, remote } => {
                sdes_key(local)?;
                sdes_key(remote).map(|_| ())
            }
            Protection::Dtls { fingerprints, .. } if fingerprints.is_empty() => {
                Err("the peer gave no certificate fingerprint (a=fingerprint)".to_owned())
            }
            Protection::Dtls { .. } => Ok(()),
        }
    }

    /// Applies a checked plan. Whatever is unchanged keeps running.
    pub(crate) fn apply(
        &mut self,
        now: Instant,
        plan: &TransportPlan,
        identity: &Identity,
        random: &mut dyn Random,
    ) {
        self.apply_ice(now, plan, identity, random);
        if plan.ice.is_none() {
            self.strict.relearn(now, plan.remote_rtp);
            self.rtcp_from = None;
            self.news.extend(plan.remote_rtp.map(TransportNews::Claimed));
        }
        self.plan = Some(plan.clone());
        self.hot.proven = None;
        self.refresh();
        match &plan.protection {
            Protection::None => {
                self.dtls = None;
                self.sdes = None;
                if !matches!(self.shield, Shield::Clear) {
                    self.shield = Shield::Clear;
                    self.news.push(TransportNews::Ready);
                }
            }
            Protection::Sdes { local, remote } => self.apply_sdes(local, remote),
            Protection::Dtls { fingerprints, role } => {
                self.sdes = None;
                self.apply_dtls(now, fingerprints, *role, identity);
            }
        }
    }

    fn apply_ice(
        &mut self,
        now: Instant,
        plan: &TransportPlan,
        identity: &Identity,
        random: &mut dyn Random,
    ) {
        let Some(ice) = &mut self.ice else { return };
        let Some(remote) = &plan.ice else {
            // The peer went on without: whoever is not checked any more would seem lost.
            if let LegKind::Ice { lite } = identity.kind
                && ice.knows_remote()
            {
                let mut idle =
                    Ice::new(now, &self.new, lite, identity.settings.ice_timeout, random);
                idle.keep_credentials(ice);
                **ice = idle;
            }
            return;
        };
        if ice.has_remote(remote) || !ice.knows_remote() {
            ice.set_remote(now, remote);
            if self.plan.is_some() {
                // The peer declined our restart, if there was one.
                self.next_ice = None;
            }
            return;
        }
        // New credentials of the peer: ICE restarts. Ours are new too if the control plane asked
        // for them before it answered, as RFC 8839 §4.4.1.1.1 wants.
        let mut next = match self.next_ice.take() {
            Some(next) => next,
            None => {
                let LegKind::Ice { lite } = identity.kind else {
                    return;
                };
                let timeout = identity.settings.ice_timeout;
                let mut next = Ice::new(now, &self.new, lite, timeout, random);
                next.keep_credentials(ice);
                Box::new(next)
            }
        };
        next.inherit(ice);
        next.set_remote(now, remote);
        *ice = next;
    }

    fn apply_sdes(&mut self, local: &SdesKey, remote: &SdesKey) {
        self.dtls = None;
        let (old_local, old_remote) = match &self.sdes {
            Some((local, remote)) => (Some(local), Some(remote)),
            None => (None, None),
        };
        let replay = self.replay;
        let made = match &mut self.shield {
            // An unchanged key keeps its rollover counter (RFC 4568 §7.1.4).
            Shield::Keyed(keys) if old_local == Some(local) => {
                if old_remote != Some(remote)
                    && let Some(unprotect) = unprotector(remote, replay)
                {
                    keys.unprotect = unprotect;
                }
                None
            }
            Shield::Keyed(keys) if old_remote == Some(remote) => {
                if let Some(protect) = protector(local) {
                    keys.protect = protect;
                }
                None
            }
            Shield::Keyed(_) | Shield::Closed | Shield::Clear => protector(local)
                .zip(unprotector(remote, replay))
                .map(|(protect, unprotect)| Keys { protect, unprotect }),
        };
        if let Some(keys) = made {
            self.shield = Shield::Keyed(Box::new(keys));
            self.news.push(TransportNews::Ready);
        }
        self.sdes = Some((local.clone(), remote.clone()));
    }

    fn apply_dtls(
        &mut self,
        now: Instant,
        fingerprints: &[(String, Vec<u8>)],
        role: DtlsRole,
        identity: &Identity,
    ) {
        if self.dtls.as_ref().is_some_and(|dtls| dtls.serves(fingerprints)) {
            return;
        }
        self.shield = Shield::Closed;
        let expected = Expected {
            fingerprints: fingerprints.to_vec(),
            verification: identity.settings.dtls_verify.clone(),
        };
        let dtls = Dtls::new(now, &identity.dtls, &identity.certificate, role, expected);
        self.dtls = Some(Box::new(dtls));
    }

    fn uses_ice(&self) -> bool {
        self.hot.over_ice
    }

    /// Whether ICE vouches for a source.
    fn is_proven(&mut self, source: SocketAddr) -> bool {
        if self.hot.proven == Some(source) {
            return true;
        }
        let proven = self.ice.as_ref().is_some_and(|ice| ice.is_validated(source));
        if proven {
            self.hot.proven = Some(source);
        }
        proven
    }

    /// Brings the hot copies up to date after a plan, a selected pair or a new source.
    fn refresh(&mut self) {
        let planned = self.plan.as_ref().is_none_or(|plan| plan.ice.is_some());
        self.hot.over_ice = planned && self.ice.is_some();
        self.hot.destination = self.find_destination();
    }

    /// Feeds a STUN message. `sent` hears of every check we send, for its transaction id.
    pub(crate) fn handle_stun(
        &mut self,
        now: Instant,
        (local, source): (SocketAddr, SocketAddr),
        bytes: &[u8],
        out: &mut dyn Outbox,
        sent: &mut dyn FnMut(&[u8]),
    ) {
        let mut sessions = self.ice.iter_mut().chain(&mut self.next_ice);
        let taken = sessions.any(|ice| ice.handle_stun(now, local, source, bytes));
        if !taken && !is_indication(bytes) {
            self.refused.count(Refusal::Stun);
        }
        self.drain(now, None, out, sent);
    }

    /// Feeds a DTLS datagram. Sources that ICE (or, without ICE, the SDP) does not vouch for are
    /// ignored, so that nobody can race the peer's ClientHello.
    pub(crate) fn handle_dtls(
        &mut self,
        now: Instant,
        (local, source): (SocketAddr, SocketAddr),
        bytes: &[u8],
        out: &mut dyn Outbox,
    ) {
        let vouched = if self.uses_ice() {
            self.is_proven(source)
        } else {
            self.plan.as_ref().and_then(|plan| plan.remote_rtp) == Some(source)
        };
        if !vouched {
            return self.refused.count(Refusal::Stranger);
        }
        let Some(dtls) = &mut self.dtls else {
            return self.refused.count(Refusal::Unknown);
        };
        if let Some(refusal) = dtls.refuses(bytes) {
            return self.refused.count(refusal);
        }
        if dtls.notes_alert(bytes) {
            self.refused.count(Refusal::Alert);
        }
        if let Err(reason) = dtls.handle_packet(now, bytes) {
            let news = dtls.fail(reason);
            self.take_dtls_news(news);
        }
        let base = self.new.bases.iter().find(|base| base.address == local).copied();
        self.drain(now, base.map(|base| (base, source)), out, &mut |_| {});
    }

    pub(crate) fn handle_timeout(
        &mut self,
        now: Instant,
        out: &mut dyn Outbox,
        sent: &mut dyn FnMut(&[u8]),
    ) {
        for ice in self.ice.iter_mut().chain(&mut self.next_ice) {
            ice.handle_timeout(now);
        }
        if let Some(dtls) = &mut self.dtls
            && let Err(reason) = dtls.handle_timeout(now)
        {
            let news = dtls.fail(reason);
            self.take_dtls_news(news);
        }
        self.drain(now, None, out, sent);
    }

    /// Sends what ICE and DTLS have to say. `reply` is where a handshake may answer before a
    /// pair was selected.
    pub(crate) fn drain(
        &mut self,
        now: Instant,
        reply: Option<(Base, SocketAddr)>,
        out: &mut dyn Outbox,
        sent: &mut dyn FnMut(&[u8]),
    ) {
        let mut news = std::mem::take(&mut self.ice_news);
        for ice in self.ice.iter_mut().chain(&mut self.next_ice) {
            ice.drain(now, out, sent, &mut news);
        }
        for item in news.drain(..) {
            self.take_ice_news(item);
        }
        self.ice_news = news;
        self.refresh();
        let destination = self.rtp_destination().or(reply);
        let Some(dtls) = &mut self.dtls else { return };
        let Some((base, to)) = destination else {
            return;
        };
        if let Err(reason) = dtls.start(now) {
            let news = dtls.fail(reason);
            self.take_dtls_news(news);
            return;
        }
        let from = base.address.ip();
        let mut send = |datagram: &[u8]| out.send(base.path, from, to, datagram);
        if let Some(news) = dtls.drain(&mut send) {
            self.take_dtls_news(news);
        }
    }

    fn take_ice_news(&mut self, news: IceNews) {
        let transport = self.index;
        self.news.push(match news {
            IceNews::Validated(source) => TransportNews::Proven(source),
            IceNews::Selected(remote) => {
                TransportNews::Event(LegEvent::IceConnected { transport, remote })
            }
            IceNews::Lost => TransportNews::Event(LegEvent::IceDisconnected { transport }),
            IceNews::Failed(reason) => {
                TransportNews::Event(LegEvent::IceFailed { transport, reason })
            }
        });
    }

    fn take_dtls_news(&mut self, news: DtlsNews) {
        let transport = self.index;
        let failed = |reason| TransportNews::Event(LegEvent::DtlsFailed { transport, reason });
        match news {
            DtlsNews::Failed(reason) => {
                self.shield = Shield::Closed;
                self.news.push(failed(reason));
            }
            DtlsNews::Keyed(keys) => {
                let (local, remote) = *keys;
                let replay = self.replay;
                let protect = Protector::new(&local, DEFAULT_MAX_SOURCES);
                let unprotect = Unprotector::new(&remote, DEFAULT_MAX_SOURCES, replay);
                match (protect, unprotect) {
                    (Ok(protect), Ok(unprotect)) => {
                        self.shield = Shield::Keyed(Box::new(Keys { protect, unprotect }));
                        let connected = LegEvent::DtlsConnected { transport };
                        self.news.push(TransportNews::Event(connected));
                        self.news.push(TransportNews::Ready);
                    }
                    (Err(error), _) | (_, Err(error)) => self.news.push(failed(error.to_string())),
                }
            }
        }
    }

    /// Checks and decrypts an RTP datagram in place; its length in clear, or `None` to drop it.
    pub(crate) fn open_rtp(
        &mut self,
        now: Instant,
        source: SocketAddr,
        datagram: &mut [u8],
    ) -> Option<usize> {
        let opened = self.try_open_rtp(now, source, datagram);
        opened.map_err(|refusal| self.refused.count(refusal)).ok()
    }

    fn try_open_rtp(
        &mut self,
        now: Instant,
        source: SocketAddr,
        datagram: &mut [u8],
    ) -> Result<usize, Refusal> {
        if self.uses_ice() && !self.is_proven(source) {
            return Err(Refusal::Stranger);
        }
        let view = RtpView::parse_protected(datagram).map_err(|_| Refusal::Rtp)?;
        let sequence = view.sequence();
        let (len, authentic) = match &mut self.shield {
            Shield::Closed => return Err(Refusal::Untimely),
            Shield::Clear => (datagram.len(), false),
            Shield::Keyed(keys) => {
                let opened = keys.unprotect.unprotect_rtp(datagram);
                (opened.map_err(|error| Refusal::of_srtp(error, Refusal::Rtp))?.len, true)
            }
        };
        if self.uses_ice() {
            return Ok(len);
        }
        self.judge(now, source, sequence, authentic).then_some(len).ok_or(Refusal::Stranger)
    }

    /// Whether the strict-source rule lets a packet in.
    fn judge(&mut self, now: Instant, source: SocketAddr, sequence: u16, authentic: bool) -> bool {
        let before = self.strict.current();
        match self.strict.judge(now, source, sequence, authentic) {
            Verdict::Accept => true,
            Verdict::Drop => false,
            Verdict::AcceptNew => {
                self.refresh();
                let signalled = self.plan.as_ref().and_then(|plan| plan.remote_rtp);
                if before.or(signalled) != Some(source) {
                    let transport = self.index;
                    let event = LegEvent::SourceChanged { transport, remote: source };
                    self.news.push(TransportNews::Event(event));
                }
                true
            }
        }
    }

    /// Says whether it carries a fax.
    pub(crate) fn set_udptl(&mut self, udptl: bool) {
        self.udptl = udptl;
        self.refresh();
    }

    /// The socket on which a fax arrives.
    pub(crate) fn udptl_path(&self) -> Option<PathId> {
        self.new.rtp.filter(|_| self.udptl).map(|(base, _)| base.path)
    }

    /// Checks a datagram of a fax; false to drop it.
    pub(crate) fn open_udptl(&mut self, now: Instant, source: SocketAddr, datagram: &[u8]) -> bool {
        let refusal = match UdptlView::parse(datagram) {
            Err(_) => Refusal::Udptl,
            Ok(_) if !self.udptl || !matches!(self.shield, Shield::Clear) => Refusal::Untimely,
            Ok(view) if self.judge(now, source, view.sequence(), false) => return true,
            Ok(_) => Refusal::Stranger,
        };
        self.refused.count(refusal);
        false
    }

    /// Sends a datagram of a fax, in clear as the plan says; false when it may not leave.
    pub(crate) fn send_udptl(&mut self, datagram: &[u8], out: &mut dyn Outbox) -> bool {
        let open = self.udptl && matches!(self.shield, Shield::Clear);
        let Some((base, to)) = self.rtp_destination().filter(|_| open) else {
            return false;
        };
        out.send(base.path, base.address.ip(), to, datagram);
        true
    }

    /// ICE runs for RTP alone: RTCP on a port of its own comes from the same host (RFC 8445
    /// §6.1.2.2 lets a side leave the second component out).
    fn vouches_for_rtcp(&mut self, source: SocketAddr) -> bool {
        if !self.uses_ice() {
            return matches!(self.shield, Shield::Keyed(_)) || self.strict.admits_rtcp(source);
        }
        let apart = self.plan.as_ref().is_some_and(|plan| !plan.rtcp_mux);
        let same_host = self.remote().is_some_and(|to| to.ip() == source.ip());
        self.is_proven(source) || (apart && same_host)
    }

    /// Checks and decrypts an RTCP datagram in place.
    pub(crate) fn open_rtcp(&mut self, source: SocketAddr, datagram: &mut [u8]) -> Option<usize> {
        let vouched = self.vouches_for_rtcp(source);
        let len = match &mut self.shield {
            _ if !vouched => Err(Refusal::Stranger),
            Shield::Closed => Err(Refusal::Untimely),
            Shield::Clear => Ok(datagram.len()),
            Shield::Keyed(keys) => {
                let opened = keys.unprotect.unprotect_rtcp(datagram).map(|opened| opened.len);
                opened.map_err(|error| Refusal::of_srtp(error, Refusal::Rtcp))
            }
        };
        match len {
            Ok(_) => self.rtcp_from = Some(source),
            Err(refusal) => self.refused.count(refusal),
        }
        len.ok()
    }

    /// Protects and sends the RTP packet in `buffer[..len]`; the length on the wire, or `None`
    /// when it may not leave.
    pub(crate) fn send_rtp(
        &mut self,
        buffer: &mut [u8],
        len: usize,
        out: &mut dyn Outbox,
    ) -> Option<usize> {
        let Some((base, to)) = self.rtp_destination() else {
            return self.made.as_mut()?.push(buffer.get(..len)?);
        };
        let len = match &mut self.shield {
            Shield::Closed => return None,
            Shield::Clear => len,
            Shield::Keyed(keys) => keys.protect.protect_rtp(buffer, len).ok()?,
        };
        out.send(base.path, base.address.ip(), to, buffer.get(..len)?);
        Some(len)
    }

    /// Ends of pipes: takes what the leg made itself, if anything.
    pub(crate) fn take_made(&mut self) -> Option<Made> {
        self.made.as_mut().filter(|made| made.filled > 0).map(std::mem::take)
    }

    /// Gives the buffers back for the next packets.
    pub(crate) fn give_back(&mut self, mut made: Made) {
        made.filled = 0;
        self.made = Some(made);
    }

    /// Sends a packet again that was protected before.
    pub(crate) fn resend(&self, datagram: &[u8], out: &mut dyn Outbox) {
        if let Some((base, to)) = self.rtp_destination() {
            out.send(base.path, base.address.ip(), to, datagram);
        }
    }

    /// Protects and sends the compound RTCP packet in `buffer[..len]`.
    pub(crate) fn send_rtcp(&mut self, buffer: &mut [u8], len: usize, out: &mut dyn Outbox) {
        let Some((base, to)) = self.rtcp_destination() else {
            return;
        };
        let len = match &mut self.shield {
            Shield::Closed => return,
            Shield::Clear => len,
            Shield::Keyed(keys) => match keys.protect.protect_rtcp(buffer, len) {
                Ok(len) => len,
                Err(_) => return,
            },
        };
        if let Some(datagram) = buffer.get(..len) {
            out.send(base.path, base.address.ip(), to, datagram);
        }
    }

    /// Touches what a packet will need, so that the memory is on its way.
    pub(crate) fn warm(&self) -> usize {
        let keys = match &self.shield {
            Shield::Closed | Shield::Clear => 0,
            Shield::Keyed(keys) => {
                keys.protect.profile() as usize + keys.unprotect.profile() as usize
            }
        };
        keys + usize::from(self.hot.over_ice)
            + usize::from(self.strict.current().is_some())
            + self.news.len()
    }

    /// What keeps media from flowing, if anything does.
    pub(crate) fn hindrance(&self) -> Option<Hindrance> {
        if self.made.is_some() {
            return None;
        }
        if self.rtp_destination().is_none() {
            let ice = self.ice.as_ref().filter(|_| self.uses_ice());
            return Some(ice.map_or(Hindrance::NoAddress, |ice| Hindrance::NoPair(ice.verdict())));
        }
        matches!(self.shield, Shield::Closed).then_some(Hindrance::NoKeys)
    }

    /// Where the peer was told to send to.
    pub(crate) fn told(&self) -> Option<SocketAddr> {
        let plain = self.new.rtp.map(|(_, address)| address);
        plain.or_else(|| self.new.advertised.first().copied())
    }

    /// Whether media may leave.
    pub(crate) fn is_open(&self) -> bool {
        let reachable = self.rtp_destination().is_some() || self.made.is_some();
        reachable && !matches!(self.shield, Shield::Closed)
    }

    /// Where the peer's media comes from or goes to.
    pub(crate) fn remote(&self) -> Option<SocketAddr> {
        self.rtp_destination().map(|(_, to)| to)
    }

    /// Round-trip time of the ICE checks.
    pub(crate) fn ice_rtt(&self) -> Option<std::time::Duration> {
        self.ice.as_ref().and_then(|ice| ice.rtt())
    }

    fn rtp_destination(&self) -> Option<(Base, SocketAddr)> {
        self.hot.destination
    }

    fn find_destination(&self) -> Option<(Base, SocketAddr)> {
        if self.uses_ice() {
            return self.ice.as_ref()?.selected();
        }
        let plan = self.plan.as_ref()?;
        let (base, _) = self.new.rtp?;
        let learned = self.strict.current();
        let symmetric = if self.udptl { self.symmetric_fax } else { self.symmetric };
        let to = if symmetric { learned.or(plan.remote_rtp) } else { plan.remote_rtp };
        Some((base, to?))
    }

    fn rtcp_destination(&self) -> Option<(Base, SocketAddr)> {
        let plan = self.plan.as_ref().filter(|_| !self.udptl)?;
        if plan.rtcp_mux {
            return self.rtp_destination();
        }
        let (base, _) = self.new.rtcp?;
        let learned = self.rtcp_from.filter(|_| self.symmetric);
        Some((base, learned.or(plan.remote_rtcp)?))
    }

    /// When to call [`Transport::handle_timeout`].
    pub(crate) fn deadline(&mut self) -> Option<Instant> {
        let ice = self.ice.iter_mut().chain(&mut self.next_ice);
        let ice = ice.filter_map(|ice| ice.deadline()).min();
        let dtls = self.dtls.as_ref().and_then(|dtls| dtls.deadline());
        [ice, dtls].into_iter().flatten().min()
    }

    /// Says goodbye in DTLS.
    pub(crate) fn close(&mut self, out: &mut dyn Outbox) {
        let destination = self.rtp_destination();
        if let (Some(dtls), Some((base, to))) = (&mut self.dtls, destination) {
            let from = base.address.ip();
            dtls.close(&mut |datagram: &[u8]| out.send(base.path, from, to, datagram));
        }
        self.shield = Shield::Closed;
    }
}

fn replay(settings: &RtpSettings) -> ReplayProtection {
    if settings.replay_protection { ReplayProtection::On } else { ReplayProtection::Off }
}

fn sdes_key(key: &SdesKey) -> Result<MasterKey, String> {
    let profile = Profile::from_sdes_name(&key.suite)
        .ok_or_else(|| format!("unknown SRTP suite {} in a=crypto", key.suite))?;
    MasterKey::from_concatenated(profile, &key.key_and_salt).map_err(|error| error.to_string())
}

fn protector(key: &SdesKey) -> Option<Protector> {
    Protector::new(&sdes_key(key).ok()?, DEFAULT_MAX_SOURCES).ok()
}

fn unprotector(key: &SdesKey, replay: ReplayProtection) -> Option<Unprotector> {
    Unprotector::new(&sdes_key(key).ok()?, DEFAULT_MAX_SOURCES, replay).ok()
}

/// A Binding indication: a keep-alive that wants no answer (RFC 8445 §11).
fn is_indication(message: &[u8]) -> bool {
    message.starts_with(&[0x00, 0x11])
}
