//! The control plane's side: the engine, and one handle per leg. Everything here may be called
//! from any task; everything ends on the command ring of one worker.

use std::io;
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use sidetone_base::LegId;
use sidetone_media::{
    CandidatePolicy, Certificate, DtmfRelay, JitterSettings, LegKind, NewPipe, Playback,
    PlaybackId, Refusals, Route, StreamQuality, Tone,
};
use sidetone_sdp::plan::{LocalTransport, MediaPlan};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use crate::command::{Command, CreateLeg, LegCommand, Reply};
use crate::nat::{NatEvent, NatSettings, NatStatus};
use crate::ports::{OwnRanges, PortPool};
use crate::ring::WorkerRing;
use crate::tap::Watch;
use crate::{CertificateChoice, EngineSettings, LegError, LegSpec, PipeSpec, certificate, start};

/// How long a command may take. A worker's turn takes 10 ms at the very most, so a second without
/// an answer means that the host is drowning: the call fails, the worker goes on.
const COMMAND_DEADLINE: Duration = Duration::from_secs(1);

/// More transports than `m=` lines make sense in one call.
const MAX_TRANSPORTS: usize = 32;

/// The media engine. Cloning gives another handle to the same workers.
#[derive(Clone, Debug)]
pub struct Engine {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    workers: Vec<WorkerRing>,
    ports: PortPool,
    ranges: OwnRanges,
    threads: Mutex<Vec<JoinHandle<()>>>,
    certificate: Certificate,
    next_leg: AtomicU64,
    next_playback: Arc<AtomicU64>,
}

/// What the engine holds at one moment. All counts return to their start when all legs are closed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EngineSnapshot {
    /// One entry per worker.
    pub workers: Vec<WorkerSnapshot>,
}

impl EngineSnapshot {
    /// Legs on all workers.
    #[must_use]
    pub fn legs(&self) -> usize {
        self.workers.iter().map(|worker| worker.legs).sum()
    }

    /// Ports of plain legs on all workers.
    #[must_use]
    pub fn ports(&self) -> usize {
        self.workers.iter().map(|worker| worker.ports).sum()
    }
}

/// What one worker holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkerSnapshot {
    /// Open legs.
    pub legs: usize,
    /// Ports taken by plain legs.
    pub ports: usize,
    /// Sockets, the shared ones included.
    pub sockets: usize,
    /// Entries of the demultiplexing tables.
    pub routes: usize,
    /// Armed timers.
    pub timers: usize,
    /// Datagrams received since start.
    pub datagrams_in: u64,
    /// Datagrams sent since start.
    pub datagrams_out: u64,
    /// Datagrams that were refused since start, by reason.
    pub refused: Refusals,
    /// Of what a TURN server sent, or somebody in its place: what was refused, since start.
    pub relay_refused: u64,
    /// Packets for legs of other workers that found the link full, since start.
    pub links_lost: u64,
    /// Events lost because a leg's channel stayed full, since start.
    pub events_lost: u64,
    /// Share of the last second the worker was busy, in percent.
    pub busy_percent: u8,
}

impl Engine {
    /// Binds the shared ports and starts the workers.
    ///
    /// # Errors
    /// When a configured address or every port of the range cannot be bound, or no certificate
    /// could be made; the text says which.
    pub fn start(settings: EngineSettings) -> io::Result<Self> {
        let certificate = match settings.certificate.clone() {
            Some(certificate) => certificate,
            None => certificate::generate().map_err(io::Error::other)?,
        };
        let (workers, threads, ports) = start::workers(&settings)?;
        Ok(Self::from_parts(workers, threads, ports, certificate))
    }

    /// An engine over workers that run already, or that the simulation turns.
    pub(crate) fn from_parts(
        workers: Vec<WorkerRing>,
        threads: Vec<JoinHandle<()>>,
        ports: PortPool,
        certificate: Certificate,
    ) -> Self {
        Self {
            inner: Arc::new(Inner {
                workers,
                ports,
                ranges: OwnRanges::default(),
                threads: Mutex::new(threads),
                certificate,
                next_leg: AtomicU64::new(1),
                next_playback: Arc::new(AtomicU64::new(1)),
            }),
        }
    }

    /// How many workers run.
    #[must_use]
    pub fn workers(&self) -> usize {
        self.inner.workers.len()
    }

    /// Takes the ports of new plain legs from another range from now on. Legs that are open keep
    /// theirs, and legs with ICE go on sharing the port that each worker bound at start.
    pub fn set_ports(&self, range: &RangeInclusive<u16>) {
        self.inner.ports.change(range);
    }

    /// Creates a leg; its local transports are known at once.
    ///
    /// # Errors
    /// [`LegError::NoPorts`], [`LegError::NoOwnPorts`], [`LegError::Overloaded`],
    /// [`LegError::BadAddress`].
    pub async fn create_leg(&self, spec: LegSpec) -> Result<LegHandle, LegError> {
        let certificate = match spec.certificate {
            CertificateChoice::Process => self.inner.certificate.clone(),
            CertificateChoice::Leg => certificate::generate()?,
            CertificateChoice::Given(certificate) => certificate,
        };
        let worker = self.place(spec.beside);
        let ring = self.inner.workers.get(worker).ok_or(LegError::Closed)?.clone();
        let number = self.inner.next_leg.fetch_add(1, Ordering::Relaxed);
        let id = leg_id(number, worker);
        let ports = spec.ports.map(|range| {
            let pool = self.inner.ranges.pool(&range, number);
            (range, pool)
        });
        let create = Box::new(CreateLeg {
            kind: spec.kind,
            transports: spec.transports.clamp(1, MAX_TRANSPORTS),
            port: spec.port,
            ports,
            candidates: spec.candidates,
            rtp: spec.rtp,
            certificate,
            events: spec.events,
        });
        let mut handle = LegHandle {
            id,
            kind: spec.kind,
            ring,
            transports: Vec::new(),
            next_playback: self.inner.next_playback.clone(),
        };
        // The handle exists before the leg: if this future is dropped, so is the leg.
        handle.transports =
            ask(&handle.ring, |reply| Command::Create { id, spec: create, reply }).await?;
        Ok(handle)
    }

    /// Creates a pipe and returns its two ends. They have no transports and agree on nothing:
    /// route, play and send digits as on any leg.
    ///
    /// # Errors
    /// [`LegError::Overloaded`], [`LegError::BadPlan`] for too many streams.
    pub async fn create_pipe(&self, spec: PipeSpec) -> Result<(LegHandle, LegHandle), LegError> {
        let worker = self.place(spec.beside);
        let ring = self.inner.workers.get(worker).ok_or(LegError::Closed)?;
        // The handles exist before the legs: if this future is dropped, so are the legs.
        let end = || {
            let number = self.inner.next_leg.fetch_add(1, Ordering::Relaxed);
            LegHandle {
                id: leg_id(number, worker),
                kind: LegKind::Pipe,
                ring: ring.clone(),
                transports: Vec::new(),
                next_playback: self.inner.next_playback.clone(),
            }
        };
        let (first, second) = (end(), end());
        let pipe = Box::new(NewPipe {
            ends: [first.id, second.id],
            streams: spec.streams,
            settings: spec.rtp,
            certificate: self.inner.certificate.clone(),
        });
        let events = spec.events;
        ask(ring, |reply| Command::CreatePipe { pipe, events, reply }).await?;
        Ok((first, second))
    }

    /// Counts everything; for status, metrics and leak tests. A worker that does not answer in
    /// time shows as empty.
    pub async fn snapshot(&self) -> EngineSnapshot {
        let mut workers = Vec::with_capacity(self.inner.workers.len());
        for ring in &self.inner.workers {
            let (reply, answer) = oneshot::channel();
            let asked = timeout(COMMAND_DEADLINE, ring.send(Command::Snapshot(reply))).await;
            let snapshot = match asked {
                Ok(true) => timeout(COMMAND_DEADLINE, answer).await.ok().and_then(Result::ok),
                Ok(false) | Err(_) => None,
            };
            workers.push(snapshot.unwrap_or_default());
        }
        EngineSnapshot { workers }
    }

    /// Tells the workers which servers know our addresses outside. They keep what those say up to
    /// date in the background; `events` hears of changes (what it has no room for is lost, the
    /// status has the whole).
    pub async fn set_nat(&self, settings: &NatSettings, events: &mpsc::Sender<NatEvent>) {
        for ring in &self.inner.workers {
            let command = Command::Nat(Box::new(settings.clone()), events.clone());
            let _ = timeout(COMMAND_DEADLINE, ring.send(command)).await;
        }
    }

    /// Lets the workers ask their servers again at once: the network has changed.
    pub async fn ask_nat_again(&self) {
        for ring in &self.inner.workers {
            let _ = timeout(COMMAND_DEADLINE, ring.send(Command::AskAgain)).await;
        }
    }

    /// Passes what goes over the workers' sockets on to a capture, in place of any other, or ends
    /// it.
    pub async fn watch(&self, watch: Option<Watch>) {
        for ring in &self.inner.workers {
            let _ = timeout(COMMAND_DEADLINE, ring.send(Command::Watch(watch.clone()))).await;
        }
    }

    /// Shows the packets to and from STUN and TURN servers in the log, or does not any more.
    pub async fn show_nat(&self, shown: bool) {
        for ring in &self.inner.workers {
            let _ = timeout(COMMAND_DEADLINE, ring.send(Command::ShowNat(shown))).await;
        }
    }

    /// What is known about our addresses outside.
    pub async fn nat_status(&self) -> NatStatus {
        let mut whole = NatStatus::default();
        for ring in &self.inner.workers {
            let (reply, answer) = oneshot::channel();
            if let Ok(true) = timeout(COMMAND_DEADLINE, ring.send(Command::NatStatus(reply))).await
                && let Ok(Ok(status)) = timeout(COMMAND_DEADLINE, answer).await
            {
                whole.bindings.extend(status.bindings);
                whole.relays.extend(status.relays);
            }
        }
        whole
    }

    /// Closes all legs and ends the workers. Handles that remain answer `Closed`.
    pub async fn stop(self) {
        for ring in &self.inner.workers {
            let _ = timeout(COMMAND_DEADLINE, ring.send(Command::Stop)).await;
        }
        let threads = match self.inner.threads.lock() {
            Ok(mut threads) => std::mem::take(&mut *threads),
            Err(_) => return,
        };
        let joined = tokio::task::spawn_blocking(move || {
            for thread in threads {
                let _ = thread.join();
            }
        });
        let _ = joined.await;
    }

    fn place(&self, beside: Option<LegId>) -> usize {
        if let Some(leg) = beside {
            return worker_of(leg).min(self.inner.workers.len().saturating_sub(1));
        }
        let loads = self.inner.workers.iter().map(WorkerRing::load);
        loads.enumerate().min_by_key(|(_, load)| *load).map_or(0, |(worker, _)| worker)
    }
}

/// A leg's number and its worker in one id, so that nobody needs a table to find the worker.
pub(crate) fn leg_id(number: u64, worker: usize) -> LegId {
    LegId(number << WORKER_BITS | (worker as u64 & WORKER_MASK))
}

pub(crate) fn worker_of(leg: LegId) -> usize {
    (leg.0 & WORKER_MASK) as usize
}

/// 256 workers are more than any host has cores for media.
const WORKER_BITS: u32 = 8;
pub(crate) const WORKER_MASK: u64 = (1 << WORKER_BITS) - 1;

async fn ask<T>(
    ring: &WorkerRing,
    command: impl FnOnce(Reply<T>) -> Command,
) -> Result<T, LegError> {
    let (reply, answer) = oneshot::channel();
    let exchange = async {
        if !ring.send(command(reply)).await {
            return Err(LegError::Closed);
        }
        answer.await.unwrap_or(Err(LegError::Closed))
    };
    timeout(COMMAND_DEADLINE, exchange).await.unwrap_or(Err(LegError::Overloaded))
}

/// One leg. Dropping the handle closes the leg.
#[derive(Debug)]
pub struct LegHandle {
    id: LegId,
    kind: LegKind,
    ring: WorkerRing,
    transports: Vec<LocalTransport>,
    next_playback: Arc<AtomicU64>,
}

impl LegHandle {
    /// The leg's id, for routes and `beside`.
    #[must_use]
    pub fn id(&self) -> LegId {
        self.id
    }

    /// WebRTC or plain.
    #[must_use]
    pub fn kind(&self) -> LegKind {
        self.kind
    }

    /// Our half of each transport, for SDP.
    #[must_use]
    pub fn local_transports(&self) -> &[LocalTransport] {
        &self.transports
    }

    /// Adds transports after the existing ones and returns all.
    ///
    /// # Errors
    /// As [`Engine::create_leg`]; what exists stays.
    pub async fn add_transports(&mut self, count: usize) -> Result<&[LocalTransport], LegError> {
        let room = MAX_TRANSPORTS.saturating_sub(self.transports.len());
        let count = count.min(room);
        if count > 0 {
            self.transports = self.ask(|reply| LegCommand::AddTransports { count, reply }).await?;
        }
        Ok(&self.transports)
    }

    /// New ICE credentials for an offer that restarts ICE. Media goes on over the old path until
    /// the plan with the peer's new credentials is applied.
    ///
    /// # Errors
    /// [`LegError::Closed`], [`LegError::Overloaded`].
    pub async fn restart_ice(&mut self) -> Result<&[LocalTransport], LegError> {
        self.transports = self.ask(|reply| LegCommand::RestartIce { reply }).await?;
        Ok(&self.transports)
    }

    /// Our addresses changed: from now on the leg tells what this policy allows. A leg with ICE
    /// gets new credentials, as with [`LegHandle::restart_ice`]; media goes on meanwhile.
    ///
    /// # Errors
    /// [`LegError::Closed`], [`LegError::Overloaded`], [`LegError::BadAddress`].
    pub async fn readdress(
        &mut self,
        candidates: CandidatePolicy,
    ) -> Result<&[LocalTransport], LegError> {
        let candidates = Box::new(candidates);
        self.transports = self.ask(|reply| LegCommand::Readdress { candidates, reply }).await?;
        Ok(&self.transports)
    }

    /// Applies an agreed plan, the first or a later one. What did not change keeps running: keys,
    /// DTLS, sequence numbers, statistics.
    ///
    /// # Errors
    /// [`LegError::BadPlan`] when the plan asks for what the leg does not have; the leg then
    /// keeps the plan it had.
    pub async fn apply(&self, plan: MediaPlan) -> Result<(), LegError> {
        let plan = Box::new(plan);
        self.ask(|reply| LegCommand::Apply { plan, reply }).await
    }

    /// Sets what happens to what the stream receives.
    ///
    /// # Errors
    /// [`LegError::NotSupported`] for more than [`Route::MAX_TARGETS`] targets.
    pub async fn route(&self, stream: usize, route: Route) -> Result<(), LegError> {
        self.ask(|reply| LegCommand::Route { stream, route, reply }).await
    }

    /// Sets whether digits received on the stream travel along its route. Default
    /// [`DtmfRelay::Pass`].
    ///
    /// # Errors
    /// [`LegError::Closed`], [`LegError::Overloaded`].
    pub async fn dtmf_relay(&self, stream: usize, relay: DtmfRelay) -> Result<(), LegError> {
        self.ask(|reply| LegCommand::DtmfRelay { stream, relay, reply }).await
    }

    /// Plays prompts to the peer instead of whatever is forwarded to the stream; replaces a
    /// playback or tone that runs. Ends with `LegEvent::PlaybackFinished`.
    ///
    /// # Errors
    /// [`LegError::NotSupported`] when the stream's codec cannot be encoded.
    pub async fn play(&self, stream: usize, playback: Playback) -> Result<PlaybackId, LegError> {
        let id = self.new_playback();
        self.ask(|reply| LegCommand::Play { stream, id, playback, reply }).await?;
        Ok(id)
    }

    /// Plays a tone, like [`LegHandle::play`].
    ///
    /// # Errors
    /// As [`LegHandle::play`].
    pub async fn tone(&self, stream: usize, tone: Tone) -> Result<PlaybackId, LegError> {
        let id = self.new_playback();
        self.ask(|reply| LegCommand::Tone { stream, id, tone, reply }).await?;
        Ok(id)
    }

    /// Stops a playback or tone; nothing happens when it has ended. Answers when it is silent;
    /// the event tells how far it came.
    ///
    /// # Errors
    /// [`LegError::Closed`], [`LegError::Overloaded`].
    pub async fn stop_playback(&self, stream: usize, id: PlaybackId) -> Result<(), LegError> {
        self.ask(|reply| LegCommand::StopPlayback { stream, id, reply }).await
    }

    /// Sends one digit as telephone-event; to a peer that did not agree to events as a tone, or by
    /// asking for signalling (`LegEvent::SignalKey`), as the leg's settings say. Digits queue up
    /// behind each other.
    ///
    /// # Errors
    /// [`LegError::NotSupported`] when the character is no digit or the stream has no way to
    /// carry it.
    pub async fn send_dtmf(
        &self,
        stream: usize,
        digit: char,
        duration: Duration,
    ) -> Result<(), LegError> {
        self.ask(|reply| LegCommand::SendDtmf { stream, digit, duration, reply }).await
    }

    /// Takes a digit that the peer sent through signalling: it comes back as `LegEvent::Dtmf` and
    /// travels along the stream's route, unless it came in the media too.
    ///
    /// # Errors
    /// [`LegError::NotSupported`] when the character is no digit.
    pub async fn hear_dtmf(
        &self,
        stream: usize,
        digit: char,
        duration: Duration,
    ) -> Result<(), LegError> {
        self.ask(|reply| LegCommand::HearDtmf { stream, digit, duration, reply }).await
    }

    /// Puts a jitter buffer before the audio that the leg receives, changes it, or takes it away.
    /// Does not wait for the worker; false when its command ring is full.
    #[must_use]
    pub fn set_jitter(&self, settings: Option<JitterSettings>) -> bool {
        self.ring.post(Command::Leg(self.id, LegCommand::Jitter { settings }))
    }

    /// Asks the peer for a key frame of a video stream (PLI or FIR, rate limited).
    ///
    /// # Errors
    /// [`LegError::Closed`], [`LegError::Overloaded`].
    pub async fn request_keyframe(&self, stream: usize) -> Result<(), LegError> {
        self.ask(|reply| LegCommand::RequestKeyframe { stream, reply }).await
    }

    /// How well each stream runs.
    ///
    /// # Errors
    /// [`LegError::Closed`], [`LegError::Overloaded`].
    pub async fn quality(&self) -> Result<Vec<StreamQuality>, LegError> {
        self.ask(|reply| LegCommand::Quality { reply }).await
    }

    /// Closes the leg: says BYE to the peer and frees ports and timers. Dropping does the same.
    pub fn close(self) {}

    async fn ask<T>(&self, command: impl FnOnce(Reply<T>) -> LegCommand) -> Result<T, LegError> {
        let id = self.id;
        ask(&self.ring, |reply| Command::Leg(id, command(reply))).await
    }

    fn new_playback(&self) -> PlaybackId {
        PlaybackId(self.next_playback.fetch_add(1, Ordering::Relaxed))
    }
}

impl Drop for LegHandle {
    fn drop(&mut self) {
        self.ring.close_leg(self.id);
    }
}
