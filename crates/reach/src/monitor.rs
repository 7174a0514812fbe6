//! The STUN monitor (`res_stun_monitor.conf`): asks a server for our public address from a socket
//! of its own, again and again, and tells when it is another one (NAT-16…19).

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use sidetone_base::Random;
use sidetone_config::{NatServer, StunMonitor};
use sidetone_engine::nat::MonitorStatus;
use sidetone_nat::{Binding, BindingNews, Health};
use tokio::net::UdpSocket;
use tokio::sync::watch;
use tokio::time::Instant;

use sidetone_pbx::Exchange;

use crate::names::resolve;

/// When nothing can be asked, it is tried again after this at the latest.
const AGAIN: Duration = Duration::from_secs(60);

fn first_status(server: &NatServer, refresh: Duration) -> MonitorStatus {
    MonitorStatus {
        host: server.host.clone(),
        port: server.port,
        period_s: refresh.as_secs(),
        retries: 0,
        status: "INIT",
        external: None,
    }
}

/// Watches while the configuration says so. Runs for ever.
pub async fn run(exchange: Exchange, mut random: Box<dyn Random>) {
    let mut generation = exchange.reach().generations();
    loop {
        let monitor = Arc::clone(&exchange.config().stun_monitor);
        let Some(server) = &monitor.server else {
            exchange.reach().set_monitor(None);
            if generation.changed().await.is_err() {
                return;
            }
            continue;
        };
        let status = first_status(server, monitor.refresh);
        exchange.reach().set_monitor(Some(status.clone()));
        if let Err(why) = watch(&exchange, &monitor, status, &mut *random, &mut generation).await {
            let host = &server.host;
            tracing::warn!("res_stun_monitor.conf: cannot ask {host}: {why}");
            tokio::select! {
                () = tokio::time::sleep(monitor.refresh.min(AGAIN)) => {}
                _ = generation.changed() => {}
            }
        }
    }
}

/// Asks until the configuration changes or the name's address is too old.
async fn watch(
    exchange: &Exchange,
    monitor: &StunMonitor,
    mut status: MonitorStatus,
    random: &mut dyn Random,
    generation: &mut watch::Receiver<u64>,
) -> Result<(), String> {
    let Some(server) = &monitor.server else { return Ok(()) };
    let found = resolve(&server.host, server.port, random).await?;
    let address = found.addresses.first().copied().ok_or("it has no address")?;
    let until = found.ttl.map(|ttl| Instant::now() + ttl.max(AGAIN));
    let any: IpAddr = if address.is_ipv4() { [0, 0, 0, 0].into() } else { [0; 16].into() };
    let socket = UdpSocket::bind((any, 0)).await.map_err(|error| error.to_string())?;
    let software = exchange.config().rtp.stun_software_attribute.then(|| "Sidetone".to_owned());
    let mut binding = Binding::new(exchange.now(), address, software, monitor.refresh);
    let mut datagram = [0; 1_500];
    loop {
        binding.handle_timeout(exchange.now(), random);
        if let Some(bytes) = binding.poll_transmit() {
            // Without a route now there may be one at the next question.
            let _ = socket.send_to(&bytes, address).await;
        }
        while let Some(news) = binding.poll_news() {
            take(exchange, &server.host, news);
        }
        show(exchange, &binding, &mut status);
        if until.is_some_and(|until| until <= Instant::now()) && binding.mapped().is_some() {
            return Ok(());
        }
        tokio::select! {
            received = socket.recv_from(&mut datagram) => if let Ok((len, source)) = received {
                let bytes = datagram.get(..len).unwrap_or_default();
                binding.handle_input(exchange.now(), source, bytes);
            },
            () = tokio::time::sleep_until(binding.deadline().into()) => {}
            _ = generation.changed() => return Ok(()),
        }
    }
}

fn take(exchange: &Exchange, host: &str, news: BindingNews) {
    let reach = exchange.reach();
    match news {
        BindingNews::Mapped(address) => {
            // A new socket, after a reload or a new address of the server, may see the change.
            if let Some(before) = reach.seen_by_monitor() {
                reach.note_move(before, address.ip());
            }
            reach.set_seen(address.ip());
            tracing::info!("STUN monitor: {host} sees us at {address}");
        }
        BindingNews::Moved { from, to } => {
            reach.set_seen(to.ip());
            reach.note_move(from.ip(), to.ip());
        }
        BindingNews::Dead(why) => tracing::warn!(
            "res_stun_monitor.conf: {host} does not tell our public address: {why}; correct \
             stunaddr, or let UDP out to it"
        ),
    }
}

fn show(exchange: &Exchange, binding: &Binding, status: &mut MonitorStatus) {
    let mut now = status.clone();
    now.retries = binding.retries();
    now.status = match binding.health() {
        Health::Asking => "INIT",
        Health::Answering => "OK",
        Health::Dead => "INVALID",
    };
    now.external = binding.mapped();
    if now != *status {
        *status = now.clone();
        exchange.reach().set_monitor(Some(now));
    }
}
