//! What the owner decides once for a stack: timers, limits, and what the stack says of itself.

use std::time::Duration;

use sidetone_sip::headers::Refresher;

/// RFC 3261 T1: the estimated round trip, 500 ms.
pub const T1: Duration = Duration::from_millis(500);
/// RFC 3261 T2: the longest pause between repetitions of a non-INVITE request or an INVITE's
/// answer, 4 s.
pub const T2: Duration = Duration::from_secs(4);
/// RFC 3261 T4: how long a message may linger in the network, 5 s.
pub const T4: Duration = Duration::from_secs(5);
/// Transactions of one stack. A transaction holds about 2 KiB for at most 32 s after its end:
/// 2,000 requests per second and 32 s are 64,000. Beyond it the oldest that are answered are
/// forgotten; when there is none, new requests get 503.
pub const MAX_TRANSACTIONS: usize = 100_000;
/// Dialogs of one stack; about 2 KiB each. Beyond it new INVITEs get 503.
pub const MAX_DIALOGS: usize = 50_000;
/// How long a dialog outlives the connection of its peer: a browser that changes networks is
/// back within a few seconds.
pub const FLOW_GRACE: Duration = Duration::from_secs(10);
/// RFC 4028 §4: the shortest session interval anybody may ask for.
pub const MIN_SE_S: u32 = 90;

/// When session timers are used (RFC 4028); the words of the `timers` option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimerMode {
    /// `no`: never.
    Off,
    /// `yes`: when the peer asks for one.
    Accept,
    /// `required`: calls with peers that know no session timers are refused.
    Require,
    /// `always`: even when the peer knows none; then we refresh.
    Always,
}

/// How session timers are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionTimers {
    /// When.
    pub mode: TimerMode,
    /// The interval we ask for, in seconds, at least `min_se_s`.
    pub interval_s: u32,
    /// The shortest interval we accept, in seconds, at least 90.
    pub min_se_s: u32,
    /// Who refreshes when the peer leaves it to us: our request's sender or its answerer.
    pub refresher: Option<Refresher>,
}

impl Default for SessionTimers {
    fn default() -> Self {
        Self { mode: TimerMode::Accept, interval_s: 1800, min_se_s: MIN_SE_S, refresher: None }
    }
}

/// Where the answer to a UDP request goes when its Via has no `rport`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponsePort {
    /// To the port the request came from, as if `rport` were there. The default: phones behind
    /// NAT that forget `rport` work, and hardly any peer listens on another port.
    Source,
    /// To the port written in the Via (RFC 3261 §18.2.2).
    Via,
}

/// Everything the owner decides once.
#[derive(Clone, Debug)]
pub struct Settings {
    /// T1.
    pub t1: Duration,
    /// T2.
    pub t2: Duration,
    /// T4.
    pub t4: Duration,
    /// [`MAX_TRANSACTIONS`].
    pub max_transactions: usize,
    /// [`MAX_DIALOGS`].
    pub max_dialogs: usize,
    /// [`FLOW_GRACE`].
    pub flow_grace: Duration,
    /// Option tags that a peer may `Require` of us.
    pub supported: Vec<String>,
    /// Max-Forwards of requests whose owner says nothing else.
    pub max_forwards: u8,
    /// User-Agent and Server; none are sent when absent.
    pub user_agent: Option<String>,
    /// The session timers of calls whose owner says nothing else.
    pub session_timers: SessionTimers,
    /// [`ResponsePort`].
    pub response_port: ResponsePort,
}

impl Default for Settings {
    fn default() -> Self {
        let supported =
            ["100rel", "timer", "replaces", "norefersub", "path", "outbound", "histinfo"];
        Self {
            t1: T1,
            t2: T2,
            t4: T4,
            max_transactions: MAX_TRANSACTIONS,
            max_dialogs: MAX_DIALOGS,
            flow_grace: FLOW_GRACE,
            supported: supported.map(str::to_owned).to_vec(),
            max_forwards: 70,
            user_agent: None,
            session_timers: SessionTimers::default(),
            response_port: ResponsePort::Source,
        }
    }
}

impl Settings {
    /// 64·T1: how long an unanswered request or an unacknowledged answer is tried.
    pub(crate) fn patience(&self) -> Duration {
        self.t1.saturating_mul(64)
    }
}
