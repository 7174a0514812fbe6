//! One ICE agent (RFC 8445) of a leg's transport, around the `is` crate: credentials, candidates,
//! which sources have proven themselves, the pair in use, consent (RFC 7675) and a verdict in
//! words when nothing works.
//!
//! Not here: gathering (host candidates are the policy's, [`crate::candidates`]; what servers know
//! is the engine's), and a second component: RTCP that is not muxed goes where the SDP says.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use is::stun::{StunMessage, StunPacket};
use is::{Candidate, CandidateKind, IceAgent, IceAgentEvent, IceCreds, Protocol};
use sidetone_base::Random;
use sidetone_sdp::plan::RemoteIce;

use crate::path::{Base, Outbox};
use crate::transport::NewTransport;
use crate::verdict::{Told, Tried};

/// Characters of the user fragment: 47 bits, RFC 8445 §5.3 wants 24.
const UFRAG_LEN: usize = 8;
/// Characters of the password: 142 bits, RFC 8445 §5.3 wants 128.
const PWD_LEN: usize = 24;
/// Remote candidates taken; browsers with many interfaces send about 30.
const MAX_REMOTE_CANDIDATES: usize = 64;
/// Sources remembered as proven. A peer that roams adds one per network change.
const MAX_VALIDATED: usize = 16;
/// RFC 7675 §5.1: consent that was not refreshed for 30 s is gone.
const CONSENT_LIFETIME: Duration = Duration::from_secs(30);
/// Least time between two checks (Ta, RFC 8445 §14.2 allows 5 ms and up).
const PACE: Duration = Duration::from_millis(5);

/// What the agent reports.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum IceNews {
    /// This source has sent an authenticated check: it may speak DTLS and SRTP.
    Validated(SocketAddr),
    /// The pair to send on, first or changed.
    Selected(SocketAddr),
    /// The selected pair stopped answering.
    Lost,
    /// No pair answered in time.
    Failed(String),
}

#[derive(Debug)]
pub(crate) struct Ice {
    agent: IceAgent,
    bases: Vec<Base>,
    validated: Vec<SocketAddr>,
    selected: Option<(Base, SocketAddr)>,
    seen: Vec<String>,
    tried: Tried,
    told: Told,
    phase: Phase,
    timeout: Duration,
    consent_at: Instant,
    responses: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The peer's credentials are not known.
    Waiting,
    /// Checks run since then.
    Checking(Instant),
    /// Sending works.
    Connected,
    /// `Failed` was reported; checks go on, the peer may still appear.
    Failed,
}

impl Ice {
    pub(crate) fn new(
        now: Instant,
        new: &NewTransport,
        lite: bool,
        timeout: Duration,
        random: &mut dyn Random,
    ) -> Self {
        let creds = IceCreds { ufrag: random.token(UFRAG_LEN), pass: random.token(PWD_LEN) };
        let mut agent = IceAgent::new(creds);
        agent.set_control_tie_breaker(random.u64());
        agent.set_timing_advance(PACE);
        agent.set_ice_lite(lite);
        for base in &new.bases {
            add_local(&mut agent, *base, new.relayed.contains(&base.address));
        }
        Self {
            agent,
            bases: new.bases.clone(),
            validated: Vec::new(),
            selected: None,
            seen: Vec::new(),
            tried: Tried::default(),
            told: Told::of(new),
            phase: Phase::Waiting,
            timeout,
            consent_at: now,
            responses: 0,
        }
    }

    /// Takes an address on a TURN server that came late (RFC 8838).
    pub(crate) fn add_relayed(&mut self, now: Instant, base: Base) {
        if self.agent.ice_lite() || self.bases.contains(&base) {
            return;
        }
        self.bases.push(base);
        add_local(&mut self.agent, base, true);
        self.agent.handle_timeout(now);
    }

    /// What the peer knows of us by now.
    pub(crate) fn note_told(&mut self, new: &NewTransport) {
        self.told = Told::of(new);
    }

    pub(crate) fn ufrag(&self) -> &str {
        &self.agent.local_credentials().ufrag
    }

    pub(crate) fn pwd(&self) -> &str {
        &self.agent.local_credentials().pass
    }

    pub(crate) fn lite(&self) -> bool {
        self.agent.ice_lite()
    }

    pub(crate) fn has_remote(&self, remote: &RemoteIce) -> bool {
        let creds = self.agent.remote_credentials();
        creds.is_some_and(|creds| creds.ufrag == remote.ufrag && creds.pass == remote.pwd)
    }

    pub(crate) fn knows_remote(&self) -> bool {
        self.agent.remote_credentials().is_some()
    }

    /// Takes the path of an older agent along, so that media goes on while this one checks
    /// (RFC 8445 §9).
    pub(crate) fn inherit(&mut self, old: &Self) {
        self.selected = old.selected;
        self.validated.clone_from(&old.validated);
    }

    /// Restarts under the credentials of an older agent: the control plane did not ask for new
    /// ones before it answered.
    pub(crate) fn keep_credentials(&mut self, old: &Self) {
        self.agent.set_local_credentials(old.agent.local_credentials().clone());
    }

    /// Takes the peer's half, or more of its candidates later (trickle, RFC 8838).
    pub(crate) fn set_remote(&mut self, now: Instant, remote: &RemoteIce) {
        if !self.has_remote(remote) {
            self.agent.set_controlling(remote.controlling && !self.agent.ice_lite());
            let creds = IceCreds { ufrag: remote.ufrag.clone(), pass: remote.pwd.clone() };
            self.agent.set_remote_credentials(creds);
            self.phase = Phase::Checking(now);
        }
        for text in &remote.candidates {
            if self.seen.len() < MAX_REMOTE_CANDIDATES && !self.seen.contains(text) {
                self.seen.push(text.clone());
                self.add_candidate(text);
            }
        }
        self.agent.handle_timeout(now);
    }

    fn add_candidate(&mut self, text: &str) {
        let address = text.split_ascii_whitespace().nth(4).unwrap_or_default();
        if address.ends_with(".local") {
            // Cannot be resolved by a server and need not be: the peer's checks reveal it.
            self.tried.mdns += 1;
            return;
        }
        match Candidate::from_sdp_string(&format!("candidate:{text}")) {
            Ok(candidate) if candidate.proto() == Protocol::Udp && candidate.addr().port() != 0 => {
                let host = candidate.kind() == CandidateKind::Host;
                self.tried.count(candidate.addr().ip(), host);
                self.agent.add_remote_candidate(candidate);
            }
            Ok(_) | Err(_) => self.tried.other += 1,
        }
    }

    /// Feeds one STUN message; false when it is not for this agent or not authentic.
    pub(crate) fn handle_stun(
        &mut self,
        now: Instant,
        local: SocketAddr,
        source: SocketAddr,
        bytes: &[u8],
    ) -> bool {
        let Ok(message) = StunMessage::parse(bytes) else {
            return false;
        };
        let packet = StunPacket { proto: Protocol::Udp, source, destination: local, message };
        let accepted = self.agent.handle_packet(now, packet);
        if accepted {
            // Send the triggered check now, not at the next tick: that is a round trip saved.
            self.agent.handle_timeout(now);
        }
        accepted
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        self.agent.handle_timeout(now);
    }

    /// Sends what is due and reports what changed.
    pub(crate) fn drain(
        &mut self,
        now: Instant,
        out: &mut dyn Outbox,
        sent: &mut dyn FnMut(&[u8]),
        news: &mut Vec<IceNews>,
    ) {
        while let Some(transmit) = self.agent.poll_transmit() {
            if let Some(base) = self.base_of(transmit.source) {
                sent(&transmit.contents);
                let from = base.address.ip();
                out.send(base.path, from, transmit.destination, &transmit.contents);
            }
        }
        while let Some(event) = self.agent.poll_event() {
            match event {
                IceAgentEvent::DiscoveredRecv { source, .. } => self.validate(source, news),
                IceAgentEvent::NominatedSend { source, destination, .. } => {
                    if let Some(base) = self.base_of(source) {
                        self.selected = Some((base, destination));
                        self.phase = Phase::Connected;
                        self.consent_at = now;
                        self.validate(destination, news);
                        news.push(IceNews::Selected(destination));
                    }
                }
                IceAgentEvent::IceConnectionStateChange(state) => {
                    if state.is_disconnected() && self.phase == Phase::Connected {
                        self.lose(now, news);
                    }
                }
                IceAgentEvent::IceRestart(_) => {}
            }
        }
        self.check_deadlines(now, news);
    }

    fn check_deadlines(&mut self, now: Instant, news: &mut Vec<IceNews>) {
        let responses = self.agent.nominated_pair_responses_received().unwrap_or_default();
        if responses != self.responses {
            self.responses = responses;
            self.consent_at = now;
        }
        match self.phase {
            Phase::Checking(since) if now.saturating_duration_since(since) >= self.timeout => {
                self.phase = Phase::Failed;
                news.push(IceNews::Failed(self.verdict()));
            }
            // A lite agent asks for no consent: it never checks (RFC 7675 §5).
            Phase::Connected if !self.agent.ice_lite() => {
                if now.saturating_duration_since(self.consent_at) >= CONSENT_LIFETIME {
                    self.lose(now, news);
                }
            }
            Phase::Waiting | Phase::Checking(_) | Phase::Connected | Phase::Failed => {}
        }
    }

    fn lose(&mut self, now: Instant, news: &mut Vec<IceNews>) {
        self.phase = Phase::Checking(now);
        self.selected = None;
        news.push(IceNews::Lost);
    }

    fn validate(&mut self, source: SocketAddr, news: &mut Vec<IceNews>) {
        if self.validated.contains(&source) {
            return;
        }
        if self.validated.len() == MAX_VALIDATED {
            self.validated.remove(0);
        }
        self.validated.push(source);
        news.push(IceNews::Validated(source));
    }

    pub(crate) fn is_validated(&self, source: SocketAddr) -> bool {
        self.validated.contains(&source)
    }

    /// Where to send from and to, once a pair works.
    pub(crate) fn selected(&self) -> Option<(Base, SocketAddr)> {
        self.selected
    }

    pub(crate) fn rtt(&self) -> Option<Duration> {
        self.agent.nominated_pair_rtt()
    }

    /// When to call [`Ice::handle_timeout`].
    pub(crate) fn deadline(&mut self) -> Option<Instant> {
        let own = match self.phase {
            Phase::Checking(since) => Some(since + self.timeout),
            Phase::Connected => Some(self.consent_at + CONSENT_LIFETIME),
            Phase::Waiting | Phase::Failed => None,
        };
        // Without the peer's credentials the agent has nothing to do.
        let agent = self.agent.remote_credentials().is_some().then(|| self.agent.poll_timeout());
        [own, agent.flatten()].into_iter().flatten().min()
    }

    fn base_of(&self, address: SocketAddr) -> Option<Base> {
        self.bases.iter().find(|base| base.address == address).copied()
    }

    /// Why no pair works.
    pub(crate) fn verdict(&self) -> String {
        let stats = self.agent.stats();
        self.tried.verdict(&self.told, stats.bind_request_recv, stats.bind_success_recv)
    }
}

fn add_local(agent: &mut IceAgent, base: Base, relayed: bool) {
    let candidate = if relayed {
        Candidate::relayed(base.address, base.address, "udp")
    } else {
        Candidate::host(base.address, "udp")
    };
    if let Ok(candidate) = candidate {
        agent.add_local_candidate(candidate);
    }
}
