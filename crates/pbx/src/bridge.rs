//! Step 8 of the INVITE walk: two channels are joined. Each side stays in [`stay`], in its own
//! task, until its peer is gone, its time is over, or it is hung up, sent elsewhere or handed
//! another peer; media goes from worker to worker, or stays on one, and never comes here.
//!
//! [`go_on`] is what every channel does once it has answered and no application runs on it.

use std::time::Instant;

use sidetone_base::Random;
use sidetone_dialplan::{Host as _, Stop};
use sidetone_events::Event;

use crate::Cause;
use crate::channel::{Channel, Control, Happening, Join, Peer, Rights};
use crate::exchange::Exchange;

/// How a bridge ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BridgeEnd {
    /// The other side left.
    Peer(Cause),
    /// The time allowed is over; the two are still joined.
    Time,
    /// The other side was given to somebody else: this one is done.
    Transferred,
    /// Nobody came: whom it waited for is gone, or will not have it.
    Refused,
}

/// A fresh name for a bridge.
pub(crate) fn name(exchange: &Exchange) -> String {
    Random::token(&mut **exchange.random(), 12)
}

/// Joins two channels; the peer waits for it (it answered and is in [`attend`] or [`stay`]).
/// Follow it with [`stay`] and [`Channel::leave`].
pub async fn join(channel: &mut Channel, peer: Peer, own: Rights, theirs: Rights) {
    tracing::debug!(target: "walk", step = 8, "pbx/bridge");
    channel.tell_transfer(200);
    let name = name(channel.exchange());
    let callee = peer.channel;
    let there = channel.as_peer(&name).is_some_and(|own| {
        peer.tell(Control::Join(Join { peer: own, instead_of: None, rights: Some(theirs) }))
    });
    channel.bridging.rights = own;
    channel.set("BRIDGEPEER", peer.name.clone());
    channel.join(Peer { bridge: name, ..peer }).await;
    if there {
        let bridged = Event::Bridged { caller: channel.id(), callee };
        channel.exchange().bus().publish(bridged);
    } else {
        channel.peer_gone(callee, Cause::NORMAL).await;
    }
}

/// Stays with the peer until the bridge ends or the time is over.
///
/// # Errors
/// [`Stop`] when the channel is hung up or sent elsewhere. It is still joined then: the caller
/// says how it parts ([`Channel::leave`]).
pub async fn stay(channel: &mut Channel, until: Option<Instant>) -> Result<BridgeEnd, Stop> {
    channel.bridging.waits = true;
    let end = until_over(channel, until).await;
    channel.bridging.waits = false;
    end
}

/// Waits to be joined by somebody who was told of this channel, then stays with it.
///
/// # Errors
/// As [`stay`].
pub async fn attend(channel: &mut Channel, until: Option<Instant>) -> Result<BridgeEnd, Stop> {
    if channel.peer().is_none() {
        channel.bridging.end = None;
    }
    stay(channel, until).await
}

/// Waits to be joined by somebody who was told of this channel; `None` once it is. Follow it with
/// [`stay`].
///
/// # Errors
/// As [`stay`].
pub async fn expect(channel: &mut Channel, until: Instant) -> Result<Option<BridgeEnd>, Stop> {
    channel.bridging.end = None;
    channel.bridging.waits = true;
    let end = until_joined(channel, until).await;
    channel.bridging.waits = false;
    end
}

async fn until_joined(channel: &mut Channel, until: Instant) -> Result<Option<BridgeEnd>, Stop> {
    loop {
        if channel.peer().is_some() {
            return Ok(None);
        }
        if let Some(end) = channel.bridging.end {
            return Ok(Some(end));
        }
        match channel.turn(Some(until)).await? {
            Some(Happening::Deadline) => return Ok(Some(BridgeEnd::Time)),
            Some(Happening::Digit(digit)) => channel.keep_digit(digit),
            Some(Happening::Branch(..) | Happening::Played(_)) | None => {}
        }
    }
}

async fn until_over(channel: &mut Channel, until: Option<Instant>) -> Result<BridgeEnd, Stop> {
    loop {
        if let Some(errand) = channel.bridging.errand.take() {
            errand.run(channel).await?;
            channel.bridging.waits = true;
        }
        if channel.peer().is_none()
            && let Some(end) = channel.bridging.end
        {
            return Ok(end);
        }
        channel.optimise();
        match channel.turn(until).await? {
            Some(Happening::Deadline) => return Ok(BridgeEnd::Time),
            Some(Happening::Digit(digit)) if channel.has_features() => {
                let feature = channel.exchange().catalogue().bridge_digit;
                feature(channel, digit).await?;
                // Its application may have been in a bridge of its own.
                channel.bridging.waits = true;
            }
            Some(Happening::Digit(digit)) => channel.keep_digit(digit),
            Some(Happening::Branch(..) | Happening::Played(_)) | None => {}
        }
    }
}

/// What a channel does on its own: it stays with whoever joins it, and runs the dialplan where
/// it is sent, until somebody hangs up. `stop` says how the dialplan left it, if it ran.
/// Answers why the channel ends; the peer is told, and `h` has run.
pub(crate) async fn go_on(channel: &mut Channel, stop: Option<Stop>) -> Cause {
    let mut next = stop.unwrap_or(Stop::Detached);
    loop {
        next = match next {
            Stop::Detached => alone_or_together(channel).await,
            Stop::Redirect(to) => {
                channel.leave(Cause::NORMAL).await;
                channel.bridging.redirect = None;
                channel.bridging.in_dialplan = true;
                sidetone_dialplan::run(channel, to).await
            }
            stop => {
                let cause = cause_of(&stop);
                channel.leave(cause).await;
                return cause;
            }
        }
    }
}

async fn alone_or_together(channel: &mut Channel) -> Stop {
    let taken = channel.bridging.taken.take();
    let from_application = taken.is_some();
    if let Some(peer) = taken {
        channel.be_joined(*peer, None).await;
    }
    let mut end = attend(channel, None).await;
    if let Ok(BridgeEnd::Peer(_)) = end {
        if from_application {
            // It was taken out of an application, and goes on after it.
            return Stop::Redirect(channel.position().following());
        }
        match channel.after_bridge().await {
            Ok(Some(to)) => return Stop::Redirect(to),
            Ok(None) => {}
            Err(stop) => end = Err(stop),
        }
    }
    let stop = match end {
        Ok(BridgeEnd::Peer(cause)) => Stop::Hangup { cause: cause.0.into() },
        Ok(_) => Stop::NORMAL,
        Err(stop @ (Stop::Redirect(_) | Stop::Detached)) => return stop,
        Err(stop) => stop,
    };
    let cause = cause_of(&stop);
    channel.leave(cause).await;
    if channel.bridging.in_dialplan {
        sidetone_dialplan::hang_up(channel, cause.0.into()).await;
    }
    Stop::Hangup { cause: cause.0.into() }
}

/// The cause that a stop means.
pub(crate) fn cause_of(stop: &Stop) -> Cause {
    match stop {
        Stop::Hangup { cause } => Cause(u8::try_from(*cause).unwrap_or(Cause::NORMAL.0)),
        _ => Cause::NORMAL,
    }
}
