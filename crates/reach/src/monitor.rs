//! The STUN monitor (`res_stun_monitor.conf`): asks a server for our public address from a socket
//! of its own, again and again, and tells when it is another one (NAT-16…19).

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use sidetone_config::{NatServer, StunMonitor};
use sidetone_engine::nat::MonitorStatus;
use sidetone_nat::{Binding, BindingNews, Health};
use sidetone_net::sim;
use tokio::net::UdpSocket;
use tokio::sync::watch;
use tokio::time::Instant;

use sidetone_pbx::Exchange;

use crate::names::resolve;

/// When nothing can be asked, it is tried again after this at the latest.
const AGAIN: Duration = Duration::from_secs(60);

/// Where the monitor's socket comes from.
#[derive(Clone, Debug)]
pub enum Sockets {
    /// The system.
    System,
    /// The simulation.
    Simulated(sim::Host),
}

enum Socket {
    System(UdpSocket),
    Simulated(sim::Datagrams),
}

impl Sockets {
    async fn open(&self, towards: SocketAddr) -> std::io::Result<Socket> {
        let any: IpAddr = if towards.is_ipv4() { [0, 0, 0, 0].into() } else { [0; 16].into() };
        let any = SocketAddr::new(any, 0);
        match self {
            Self::System => Ok(Socket::System(UdpSocket::bind(any).await?)),
            Self::Simulated(host) => Ok(Socket::Simulated(host.datagrams(any)?)),
        }
    }
}

impl Socket {
    async fn send_to(&self, bytes: &[u8], to: SocketAddr) -> std::io::Result<usize> {
        match self {
            Self::System(socket) => socket.send_to(bytes, to).await,
            Self::Simulated(socket) => socket.send_to(bytes, to),
        }
    }

    async fn recv_from(&self, buffer: &mut [u8]) -> std::io::Result<(usize, SocketAddr)> {
        match self {
            Self::System(socket) => socket.recv_from(buffer).await,
            Self::Simulated(socket) => socket.recv_from(buffer).await,
        }
    }
}

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
pub async fn run(exchange: Exchange, sockets: Sockets) {
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
        let watching = Watching { exchange: &exchange, monitor: &monitor, sockets: &sockets };
        if let Err(why) = watching.watch(status, &mut generation).await {
            let host = &server.host;
            tracing::warn!("res_stun_monitor.conf: cannot ask {host}: {why}");
            tokio::select! {
                () = tokio::time::sleep(monitor.refresh.min(AGAIN)) => {}
                _ = generation.changed() => {}
            }
        }
    }
}

/// What a round of watching needs.
struct Watching<'a> {
    exchange: &'a Exchange,
    monitor: &'a StunMonitor,
    sockets: &'a Sockets,
}

impl Watching<'_> {
    /// Asks until the configuration changes or the name's address is too old.
    async fn watch(
        &self,
        mut status: MonitorStatus,
        generation: &mut watch::Receiver<u64>,
    ) -> Result<(), String> {
        let Self { exchange, monitor, .. } = self;
        let Some(server) = &monitor.server else { return Ok(()) };
        let found = resolve(&server.host, server.port, exchange.resolver()).await?;
        let address = found.addresses.first().copied().ok_or("it has no address")?;
        let until = found.ttl.map(|ttl| Instant::now() + ttl.max(AGAIN));
        let socket = self.sockets.open(address).await.map_err(|error| error.to_string())?;
        let software = exchange.config().rtp.stun_software_attribute.then(|| "Sidetone".to_owned());
        let mut binding = Binding::new(exchange.now(), address, software, monitor.refresh);
        let mut datagram = [0; 1_500];
        loop {
            binding.handle_timeout(exchange.now(), &mut exchange.draws());
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
