//! What a relay adds to the delay of packets: calls between two telephones through the exchange.

use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sidetone_ua::api::{Command, Event};

use super::Plan;
use crate::agent::{Account, ulaw_description};
use crate::bare::BareLoop;
use crate::caller::{Caller, media_of};
use crate::figure::{Budget, Figure, Report, ms, quantile};
use crate::phones::{self, Phones};
use crate::server::{Server, Setup};
use crate::telephone::{Switchboard, signalling_socket};
use crate::{Loopback, Outcome};

const CALLS: usize = 100;
/// How the names of the media workers' threads begin.
const WORKERS: &str = "media-";

pub(super) fn run(plan: &Plan, report: &mut Report) -> Outcome {
    let time = plan.time(Duration::from_secs(3));
    let signalling = signalling_socket()?;
    let setup = Setup { callee: Some(Loopback::new(signalling.local_addr()?)?), ..Setup::USUAL };
    let server = Server::start(&plan.program, &setup)?;
    let (callers, callees) = (phones::sockets(CALLS)?, phones::sockets(CALLS)?);
    let callee = Callee::start(signalling, server.sip, phones::addresses(&callees)?)?;
    let mut caller = Caller::new(&server, "relay", phones::addresses(&callers)?)?;
    caller.hold_calls()?;
    let mut targets: Vec<Loopback> = caller.answered.iter().flatten().copied().collect();
    targets.extend(callee.stop()?);
    let sockets: Vec<UdpSocket> = callers.into_iter().chain(callees).collect();
    if targets.len() != sockets.len() {
        return Err("not every call was put through".into());
    }
    // Both at the same time: what holds up one holds up the other, and a pause that only the
    // exchange has is its own.
    let bare = BareLoop::start(2 * CALLS)?;
    let to_bare = Phones::start(phones::sockets(2 * CALLS)?, bare.targets().to_vec())?;
    let waited = server.process().waited(WORKERS)?;
    let phones = Phones::start(sockets, targets)?;
    caller.idle(time)?;
    let waited = server.process().waited(WORKERS)? - waited;
    let mut delays = heard(phones, time)?;
    let mut bare_delays = heard(to_bare, time)?;
    bare.stop()?;
    for (what, share, most) in
        [("p50", 0.5, Some(0.15)), ("p99", 0.99, Some(0.5)), ("longest", 1.0, None)]
    {
        let value = ms(quantile(&mut delays, share));
        let bare = ms(quantile(&mut bare_delays, share));
        let what = format!("delay of a relayed packet, {what} at {CALLS} calls");
        let budget = most.map_or(Budget::Informative, Budget::AtMost);
        report.add(Figure::new(what, value, "ms", budget).beside(bare));
    }
    let what = format!("  workers ready without a core, in {} s", time.as_secs());
    report.add(Figure::new(what, ms(waited), "ms", Budget::Informative));
    Ok(())
}

/// The delays of what telephones heard after the first half second.
fn heard(phones: Phones, time: Duration) -> Outcome<Vec<Duration>> {
    let delays = phones.stop()?;
    let expected = (2 * CALLS) as f64 * 50.0 * time.as_secs_f64();
    if (delays.len() as f64) < 0.5 * expected {
        return Err(format!("of {expected} packets only {} came through", delays.len()).into());
    }
    // What comes first finds cold caches and sockets that are not settled.
    Ok(delays.into_iter().skip(2 * CALLS * 25).collect())
}

/// Telephones that take each call on the next of their sockets.
struct Callee {
    stop: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<Outcome<Vec<Loopback>>>,
}

impl Callee {
    fn start(signalling: UdpSocket, server: Loopback, media: Vec<Loopback>) -> Outcome<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let mut board = Switchboard::new(signalling, server, 2)?;
        let account = Account { name: "callee".to_owned(), password: String::new() };
        let thread = std::thread::spawn(move || {
            let (mut targets, mut media) = (Vec::new(), media.into_iter());
            while !stopped.load(Ordering::Relaxed) {
                let event = board.next(Instant::now() + Duration::from_millis(20))?;
                if let Some(Event::Invite { dialog, request, .. }) = event {
                    targets.extend(media_of(&request.body));
                    let answer = ulaw_description(media.next().ok_or("too many calls")?);
                    board.agent.command(Command::RespondInvite {
                        dialog,
                        reply: board.agent.accepting(&account, &answer),
                        reliable: false,
                    });
                }
            }
            Ok(targets)
        });
        Ok(Self { stop, thread })
    }

    /// Ends the signalling, not the calls; where the exchange takes media.
    fn stop(self) -> Outcome<Vec<Loopback>> {
        // The last ACK is on its way.
        std::thread::sleep(Duration::from_millis(200));
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| "the callee's thread panicked")?
    }
}
