//! Step 8 of the INVITE walk: two channels are joined. The bridge is owned by the calling
//! channel's task; media goes from worker to worker, or stays on one, and never comes here.

use std::time::Instant;

use sidetone_base::Random;
use sidetone_dialplan::Stop;
use sidetone_events::Event;

use crate::Cause;
use crate::channel::{BranchEvent, Channel, Control, Happening, Peer};
use crate::outgoing::Branch;

/// How a bridge ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BridgeEnd {
    /// The called side hung up.
    Callee(Cause),
    /// The time allowed is over.
    Time,
}

/// Joins the caller with a channel it called until one of them hangs up.
///
/// # Errors
/// [`Stop`] when the caller hangs up; the called channel is told by whoever called it.
pub async fn two_party(
    caller: &mut Channel,
    callee: &Branch,
    peer: Peer,
    until: Option<Instant>,
) -> Result<BridgeEnd, Stop> {
    tracing::debug!(target: "walk", step = 8, "pbx/bridge");
    let name = {
        let mut random = caller.exchange().random();
        Random::token(&mut **random, 12)
    };
    if let Some(own) = caller.as_peer(&name) {
        callee.tell(Control::Join(own));
    }
    caller.join(Peer { bridge: name, ..peer }).await;
    let bridged = Event::Bridged { caller: caller.id(), callee: callee.channel };
    caller.exchange().bus().publish(bridged);
    let end = stay(caller, callee, until).await;
    caller.part().await;
    callee.tell(Control::Part);
    end
}

async fn stay(
    caller: &mut Channel,
    callee: &Branch,
    until: Option<Instant>,
) -> Result<BridgeEnd, Stop> {
    loop {
        match caller.wait_keeping_digits(until).await? {
            Happening::Branch(channel, BranchEvent::Gone { cause, .. })
                if channel == callee.channel =>
            {
                return Ok(BridgeEnd::Callee(cause));
            }
            Happening::Deadline => return Ok(BridgeEnd::Time),
            Happening::Branch(..) | Happening::Digit(_) | Happening::Played(_) => {}
        }
    }
}
