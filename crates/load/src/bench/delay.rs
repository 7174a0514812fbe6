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

pub(super) fn run(plan: &Plan, report: &mut Report) -> Outcome {
    let time = plan.time(Duration::from_secs(3));
    let bare = BareLoop::start(2 * CALLS)?;
    let targets = bare.targets().to_vec();
    let mut bare_delays = talk(phones::sockets(2 * CALLS)?, targets, time, || Ok(()))?;
    bare.stop()?;

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
    let mut delays = talk(sockets, targets, time, || caller.idle(time))?;
    for (what, share, most) in [("p50", 0.5, 0.15), ("p99", 0.99, 0.5)] {
        let value = ms(quantile(&mut delays, share));
        let bare = ms(quantile(&mut bare_delays, share));
        let what = format!("delay of a relayed packet, {what} at {CALLS} calls");
        report.add(Figure::new(what, value, "ms", Budget::AtMost(most)).beside(bare));
    }
    Ok(())
}

/// Lets telephones talk for some time; the delays of what they heard after the first half second.
fn talk(
    sockets: Vec<UdpSocket>,
    targets: Vec<Loopback>,
    time: Duration,
    meanwhile: impl FnOnce() -> Outcome,
) -> Outcome<Vec<Duration>> {
    let (count, start) = (sockets.len(), Instant::now());
    let phones = Phones::start(sockets, targets)?;
    meanwhile()?;
    std::thread::sleep(time.saturating_sub(start.elapsed()));
    let delays = phones.stop()?;
    let expected = count as f64 * 50.0 * time.as_secs_f64();
    if (delays.len() as f64) < 0.5 * expected {
        return Err(format!("of {expected} packets only {} came through", delays.len()).into());
    }
    // What comes first finds cold caches and sockets that are not settled.
    Ok(delays.into_iter().skip(count * 25).collect())
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
