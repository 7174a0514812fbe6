//! What travels over a worker's command ring.

use std::ops::RangeInclusive;
use std::time::Duration;

use sidetone_base::LegId;
use sidetone_media::{
    CandidatePolicy, Certificate, DtmfRelay, JitterSettings, LegEvent, LegKind, NewPipe, Playback,
    PlaybackId, Route, RtpSettings, StreamQuality, Tone,
};
use sidetone_sdp::plan::{LocalTransport, MediaPlan};
use tokio::sync::{mpsc, oneshot};

use crate::nat::{NatEvent, NatSettings, NatStatus};
use crate::ports::PortPool;
use crate::tap::Watch;
use crate::{LegError, PortChoice, WorkerSnapshot};

/// The answer to a command.
pub(crate) type Reply<T> = oneshot::Sender<Result<T, LegError>>;

/// One command to a worker.
#[derive(Debug)]
pub(crate) enum Command {
    /// Make a leg.
    Create {
        /// Its id, chosen by the engine.
        id: LegId,
        /// What to make.
        spec: Box<CreateLeg>,
        /// Our half of its transports.
        reply: Reply<Vec<LocalTransport>>,
    },
    /// Make both ends of a pipe.
    CreatePipe {
        /// What to make.
        pipe: Box<NewPipe>,
        /// Where the events of the two ends go.
        events: [mpsc::Sender<(LegId, LegEvent)>; 2],
        /// Done.
        reply: Reply<()>,
    },
    /// Something for one leg; legs that are gone answer `Closed`.
    Leg(LegId, LegCommand),
    /// Count what there is.
    Snapshot(oneshot::Sender<WorkerSnapshot>),
    /// Which servers know our addresses outside, and who hears of it.
    Nat(Box<NatSettings>, mpsc::Sender<NatEvent>),
    /// The network has changed: ask them again.
    AskAgain,
    /// Show what they say in the log.
    ShowNat(bool),
    /// What they said.
    NatStatus(oneshot::Sender<NatStatus>),
    /// Pass datagrams on to a capture, or no more.
    Watch(Option<Watch>),
    /// Close everything and end the thread.
    Stop,
}

/// A leg to make: [`crate::LegSpec`] with its choices made.
#[derive(Debug)]
pub(crate) struct CreateLeg {
    pub(crate) kind: LegKind,
    pub(crate) transports: usize,
    pub(crate) port: PortChoice,
    /// Its own range, and the pool of that.
    pub(crate) ports: Option<(RangeInclusive<u16>, PortPool)>,
    pub(crate) candidates: CandidatePolicy,
    pub(crate) rtp: RtpSettings,
    pub(crate) certificate: Certificate,
    pub(crate) events: mpsc::Sender<(LegId, LegEvent)>,
}

/// A command to one leg.
#[derive(Debug)]
pub(crate) enum LegCommand {
    AddTransports { count: usize, reply: Reply<Vec<LocalTransport>> },
    Readdress { candidates: Box<CandidatePolicy>, reply: Reply<Vec<LocalTransport>> },
    RestartIce { reply: Reply<Vec<LocalTransport>> },
    Apply { plan: Box<MediaPlan>, reply: Reply<()> },
    Route { stream: usize, route: Route, reply: Reply<()> },
    DtmfRelay { stream: usize, relay: DtmfRelay, reply: Reply<()> },
    Play { stream: usize, id: PlaybackId, playback: Playback, reply: Reply<()> },
    Tone { stream: usize, id: PlaybackId, tone: Tone, reply: Reply<()> },
    StopPlayback { stream: usize, id: PlaybackId, reply: Reply<()> },
    SendDtmf { stream: usize, digit: char, duration: Duration, reply: Reply<()> },
    HearDtmf { stream: usize, digit: char, duration: Duration, reply: Reply<()> },
    Jitter { settings: Option<JitterSettings> },
    RequestKeyframe { stream: usize, reply: Reply<()> },
    Quality { reply: Reply<Vec<StreamQuality>> },
    Close,
}
