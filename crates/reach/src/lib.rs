//! Who is within reach. Contacts are asked whether they are there ([`qualify`]). Of ourselves:
//! which STUN and TURN servers the workers ask, what our public address is, what happens to live
//! calls when it changes, and our registrations with other servers.
//!
//! Beside a call's walk: nothing here is waited for by a call (FAQ-06). Names are resolved here,
//! again when their time to live is over; the questions themselves are asked by the workers
//! ([`sidetone_engine::nat`]) and by the [`monitor`].

#![forbid(unsafe_code)]

use std::net::IpAddr;
use std::time::Duration;

use sidetone_engine::NatEvent;
use sidetone_events::Event;
use sidetone_media::candidates::is_private;
use sidetone_pbx::Exchange;
use sidetone_pbx::channel::{ChannelEvent, Control};
use sidetone_pbx::guard::kept;
use sidetone_pbx::registrations::Order;
use tokio::sync::mpsc;
use tokio::time::Instant;

pub mod monitor;
mod names;
pub mod qualify;
pub mod registrations;
mod servers;

pub use monitor::Sockets;
use servers::Servers;

/// News of the workers that may wait.
const NAT_EVENTS: usize = 64;
/// Changes of one moment are taken together, and the workers ask their servers meanwhile.
const SETTLE: Duration = Duration::from_millis(700);
/// The same change told by another worker or the monitor.
const SAME_CHANGE: Duration = Duration::from_secs(15);
/// Re-INVITEs that go out together after a change, and the time between: 200 a second.
const TOGETHER: usize = 20;
const APART: Duration = Duration::from_millis(100);

/// Starts the tasks; the monitor opens its socket there.
pub fn start(exchange: &Exchange, sockets: Sockets) {
    exchange.keep("registration with other servers", registrations::run);
    exchange.keep("qualify", qualify::run);
    exchange.keep("the watch over STUN and TURN servers", run);
    let exchange = exchange.clone();
    tokio::spawn(async move {
        kept("the STUN monitor", || monitor::run(exchange.clone(), sockets.clone())).await;
    });
}

/// Keeps the workers' servers in force and reacts to what they report. Runs for ever.
pub async fn run(exchange: Exchange) {
    let (sender, mut events) = mpsc::channel(NAT_EVENTS);
    let mut servers = Servers::default();
    let mut generation = exchange.reach().generations();
    let mut last: Option<(IpAddr, Instant)> = None;
    loop {
        servers.bring_up_to_date(&exchange, &sender).await;
        let wake = servers.next_look();
        tokio::select! {
            event = events.recv() => {
                if let Some(event) = event {
                    heard(&exchange, event);
                }
            }
            _ = generation.changed() => servers.look_now(),
            () = exchange.reach().wants_resolving() => servers.resolve_now(),
            () = exchange.reach().moved() => {
                tokio::time::sleep(SETTLE).await;
                let moved = exchange.reach().take_move();
                if let Some((from, to)) = moved
                    && last.is_none_or(|(known, at)| known != to || at.elapsed() > SAME_CHANGE)
                {
                    last = Some((to, Instant::now()));
                    changed(&exchange, from, to).await;
                }
            }
            () = tokio::time::sleep_until(wake) => {}
        }
    }
}

fn heard(exchange: &Exchange, event: NatEvent) {
    match event {
        NatEvent::Mapped { base, address } => {
            tracing::info!("STUN: {base} is {address} outside");
            if is_translated(base.ip(), address.ip()) {
                exchange.reach().set_mapped(Some(address.ip()));
            }
        }
        NatEvent::Moved { base, from, to } => {
            tracing::warn!("STUN: {base} was {from} outside and is {to} now");
            if is_translated(base.ip(), to.ip()) {
                exchange.reach().set_mapped(Some(to.ip()));
            }
            exchange.reach().note_move(from.ip(), to.ip());
        }
        NatEvent::StunDead { base, server, why } => tracing::warn!(
            "rtp.conf: the STUN server {server} does not serve {base}: {why}; calls go on without \
             it and wait for nothing; correct stunaddr, or keep the interface out with stun_deny"
        ),
        NatEvent::Relayed(relayed) => tracing::info!("TURN: {relayed} is ours"),
        NatEvent::RelayLost { server, why } => tracing::warn!(
            "rtp.conf: no address on the TURN server {server}: {why}; calls go on without it, and \
             it is tried again"
        ),
    }
}

/// Whether what a server sees tells how a private interface of ours is reached from outside: then
/// SIP and plain RTP use it too, unless they are told another address.
fn is_translated(base: IpAddr, outside: IpAddr) -> bool {
    is_private(base) && !is_private(outside)
}

/// Our public address changed: names and mappings are looked up again, and every call with a peer
/// outside offers the new addresses (NAT-18).
async fn changed(exchange: &Exchange, from: IpAddr, to: IpAddr) {
    tracing::warn!("our public address was {from} and is {to} now: calls are told");
    exchange.bus().publish(Event::NetworkChanged { from, to });
    exchange.resolve_again().await;
    exchange.registrations().order(Order::Renew);
    exchange.engine().ask_nat_again().await;
    tokio::time::sleep(SETTLE).await;
    for (number, inbox) in exchange.live().inboxes().into_iter().enumerate() {
        if number > 0 && number.is_multiple_of(TOGETHER) {
            tokio::time::sleep(APART).await;
        }
        // A channel with a full inbox is being ended by its shard.
        let _ = inbox.try_send(ChannelEvent::Control(Box::new(Control::Readdress)));
    }
}
