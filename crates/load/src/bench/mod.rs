//! The benchmarks, one file each.

use std::path::PathBuf;
use std::time::Duration;

use crate::Outcome;
use crate::figure::Report;

mod allocations;
mod calls;
mod delay;
mod echo;
mod memory;
mod paired;
mod parse;
mod register;
mod start;
mod sustained;
mod transcode;
mod webrtc_call;

/// How a run is done.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The release binary.
    pub program: PathBuf,
    /// How thorough.
    pub length: Length,
}

/// How long each measurement takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// Seconds, for every day.
    Short,
    /// Ten times as many, for figures to publish.
    Long,
}

impl Plan {
    /// A time that is ten times as long when asked for.
    #[must_use]
    pub fn time(&self, short: Duration) -> Duration {
        match self.length {
            Length::Short => short,
            Length::Long => short * 10,
        }
    }

    /// A count that is ten times as high when asked for.
    #[must_use]
    pub fn count(&self, short: usize) -> usize {
        match self.length {
            Length::Short => short,
            Length::Long => short * 10,
        }
    }
}

/// A benchmark.
#[derive(Clone, Copy, Debug)]
pub struct Bench {
    /// What it is called.
    pub name: &'static str,
    /// What it measures.
    pub measures: &'static str,
    /// Runs it.
    pub run: fn(&Plan, &mut Report) -> Outcome,
}

/// All benchmarks, in the order of the budgets.
pub const BENCHES: &[Bench] = &[
    Bench {
        name: "parse",
        measures: "reading and printing the INVITE of a browser",
        run: parse::run,
    },
    Bench {
        name: "echo",
        measures: "CPU of a media worker per packet, against a bare loop",
        run: echo::run,
    },
    Bench {
        name: "transcode",
        measures: "opus and ulaw through the engine, beside the codecs alone",
        run: transcode::run,
    },
    Bench {
        name: "allocations",
        measures: "allocations of a media worker per relayed packet",
        run: allocations::run,
    },
    Bench {
        name: "delay",
        measures: "what a relay adds to the delay of a packet, 100 calls through the exchange",
        run: delay::run,
    },
    Bench {
        name: "calls",
        measures: "INVITE, digest, answer, BYE of plain calls without media",
        run: calls::run,
    },
    Bench {
        name: "sustained",
        measures: "200 calls per second for a minute, or ten with --long",
        run: sustained::run,
    },
    Bench {
        name: "webrtc-call",
        measures: "short calls of browsers: ICE, DTLS, 200 ms of echo, BYE",
        run: webrtc_call::run,
    },
    Bench { name: "register", measures: "REGISTER with digest over UDP", run: register::run },
    Bench {
        name: "register-wss",
        measures: "REGISTER with digest of browsers that connect for the first time",
        run: register::run_wss,
    },
    Bench { name: "memory", measures: "resident memory of the exchange", run: memory::run },
    Bench {
        name: "idle-wss",
        measures: "resident memory with 10,000 registered browsers that do nothing",
        run: memory::run_many,
    },
    Bench { name: "start", measures: "start and reload with 10,000 endpoints", run: start::run },
];

/// A runtime on this thread: most of the machine is for the exchange.
fn runtime() -> Outcome<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}
