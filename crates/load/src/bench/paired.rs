//! The media worker of an engine beside a bare loop over as many sockets, in turns of a quarter of
//! a second: other work on the machine slows both alike, so that their ratio says something even
//! on a busy day.

use std::net::UdpSocket;
use std::time::Duration;

use sidetone_engine::Engine;

use crate::bare::BareLoop;
use crate::phones::{Phones, Voice};
use crate::process::Process;
use crate::{Loopback, Outcome};

/// The only worker's thread.
pub(super) const WORKER: &str = "media-0";
/// Before anything is counted.
const WARM_UP: Duration = Duration::from_millis(400);
/// One turn.
const TURN: Duration = Duration::from_millis(250);
/// Packets of the turn before are through.
const PAUSE: Duration = Duration::from_millis(10);

/// Microseconds of CPU per packet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair {
    /// The worker's.
    pub(super) worker: f64,
    /// The bare loop's.
    pub(super) bare: f64,
}

/// Telephones that talk to an engine.
#[derive(Debug)]
pub(super) struct Talk {
    pub(super) sockets: Vec<UdpSocket>,
    pub(super) voices: Vec<Voice>,
    /// Where each one's leg is.
    pub(super) targets: Vec<Loopback>,
    /// Whether what they say returns to a telephone.
    pub(super) comes_back: bool,
}

impl Talk {
    /// Telephones that all speak G.711 and hear each other or themselves.
    pub(super) fn ulaw(sockets: Vec<UdpSocket>, targets: Vec<Loopback>) -> Self {
        let voices = vec![Voice::Ulaw; sockets.len()];
        Self { sockets, voices, targets, comes_back: true }
    }
}

/// CPU and packets of one side.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    cpu: Duration,
    packets: u64,
}

impl Sum {
    fn add(&mut self, before: (u64, Duration), after: (u64, Duration)) {
        self.packets += after.0 - before.0;
        self.cpu += after.1.saturating_sub(before.1);
    }

    /// Microseconds per packet.
    fn each(self) -> Outcome<f64> {
        if self.packets == 0 {
            return Err("no packet arrived".into());
        }
        Ok(self.cpu.as_secs_f64() * 1e6 / self.packets as f64)
    }
}

/// Packets the engine's worker received, and its CPU time. Of several engines' workers the one
/// under test is the newest.
pub(super) async fn worker_cost(engine: &Engine) -> Outcome<(u64, Duration)> {
    let snapshot = engine.snapshot().await;
    let received = snapshot.workers.first().ok_or("no worker")?.datagrams_in;
    Ok((received, Process::own().cpu_of(WORKER)?))
}

/// Lets telephones talk to the engine and to the bare loop in turns, for `time` each.
pub(super) async fn measure(engine: &Engine, talk: Talk, time: Duration) -> Outcome<Pair> {
    let Talk { sockets, voices, targets, comes_back } = talk;
    let bare = BareLoop::start(sockets.len())?;
    let lists = vec![targets, bare.targets().to_vec()];
    let phones = Phones::start_with(sockets, voices, lists)?;
    tokio::time::sleep(WARM_UP).await;
    let heard = phones.heard();
    let (mut worker, mut loops) = (Sum::default(), Sum::default());
    let turns = time.as_millis().div_ceil(TURN.as_millis());
    for turn in 0..2 * turns {
        let engines_turn = turn % 2 == 0;
        phones.aim(usize::from(!engines_turn));
        tokio::time::sleep(PAUSE).await;
        if engines_turn {
            let before = worker_cost(engine).await?;
            tokio::time::sleep(TURN).await;
            worker.add(before, worker_cost(engine).await?);
        } else {
            let before = bare.cost()?;
            tokio::time::sleep(TURN).await;
            loops.add(before, bare.cost()?);
        }
    }
    // Packets must have come back, or nothing was measured.
    let expected = if comes_back { worker.packets / 2 } else { 0 };
    if phones.heard() - heard < loops.packets * 9 / 10 + expected {
        return Err("too little came back from the engine".into());
    }
    phones.stop()?;
    bare.stop()?;
    Ok(Pair { worker: worker.each()?, bare: loops.each()? })
}
