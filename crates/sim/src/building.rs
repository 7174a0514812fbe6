//! Putting the exchange together on the simulated network, as `sidetone/serve` does on the real
//! one.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use sidetone_base::{Random, SeededRandom, Transport};
use sidetone_engine::Engine;
use sidetone_events::Bus;
use sidetone_media::Prompt;
use sidetone_net::sim::Host;
use sidetone_net::{ListenerSpec, Net, NetSettings, Protocol, UpgradedWebSocket};
use sidetone_pbx::Exchange;
use sidetone_pbx::exchange::Parts;
use sidetone_pbx::party::resolver::Resolver;
use sidetone_store::AstDb;
use tokio::sync::mpsc;

use crate::Configuration;
use crate::fuse::{Fuse, Fused};

/// Where the exchange is.
pub(crate) const EXCHANGE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
/// Its SIP port.
pub(crate) const SIP_PORT: u16 = 5060;
/// Where its WebSocket listens.
pub(crate) const WEBSOCKET_PORT: u16 = 8088;
/// As in the binary.
const NET_EVENTS: usize = 1_024;

/// Builds and starts the exchange.
pub(crate) async fn exchange(
    configuration: &Configuration,
    host: Host,
    engine: Engine,
    seed: u64,
    fuse: &Fuse,
) -> Exchange {
    let (config, dialplan) = configuration.load();
    let (sender, net_events) = mpsc::channel(NET_EVENTS);
    let net = Net::simulated(NetSettings::default(), sender, host.clone());
    for (name, protocol) in [("transport-udp", Protocol::Udp), ("transport-tcp", Protocol::Tcp)] {
        let spec = ListenerSpec::new(name, protocol, SocketAddr::new(EXCHANGE, SIP_PORT));
        net.listen(spec).await.expect("the port is free");
    }
    serve_websockets(&net, &host);
    let mut seeds = SeededRandom::new(seed);
    // The first generator is the exchange's own, each one after it that of a shard's stack.
    let mut fuses = std::iter::once(Fuse::default()).chain(std::iter::repeat(fuse.clone()));
    let random = move || {
        let fuse = fuses.next().unwrap_or_default();
        Box::new(Fused::new(SeededRandom::new(seeds.u64()), fuse)) as Box<dyn Random>
    };
    let load = Arc::clone(&configuration.load_percent);
    let parts = Parts {
        config,
        dialplan,
        catalogue: configuration.catalogue,
        prompts: Box::new(prompt),
        net,
        net_events,
        engine,
        bus: Bus::new(),
        database: AstDb::in_memory(),
        random: Box::new(random),
        shards: 2,
        resolver: Resolver::Table(Arc::new(configuration.names.clone())),
        interfaces: vec![EXCHANGE],
        load_average: Box::new(move || Some(f64::from(load.load(Ordering::Relaxed)) / 100.0)),
    };
    let exchange = Exchange::start(parts).await.expect("two shards are allowed");
    let sockets = sidetone_reach::Sockets::Simulated(host);
    sidetone_reach::start(&exchange, sockets);
    exchange
}

/// The prompt `tone-700-2000`: 700 Hz for 2,000 ms, in German 100 Hz higher. `digits/7` is 1,700 Hz
/// for half a second. There are no others.
fn prompt(name: &str, language: &str) -> Option<Arc<Prompt>> {
    let (hz, time_ms) = match name.strip_prefix("digits/") {
        Some(digit) => (1_000.0 + 100.0 * f64::from(digit.parse::<u8>().ok()?), 500),
        None => {
            let (hz, time_ms) = name.strip_prefix("tone-")?.split_once('-')?;
            (hz.parse::<f64>().ok()?, time_ms.parse::<u32>().ok()?)
        }
    };
    let hz = if language == "de" { hz + 100.0 } else { hz };
    let samples = (0..time_ms * 8).map(|at| {
        let phase = std::f64::consts::TAU * hz * f64::from(at) / 8_000.0;
        #[expect(clippy::cast_possible_truncation, reason = "the sine is below one")]
        let sample = (phase.sin() * 8_000.0) as i16;
        sample
    });
    Some(Arc::new(Prompt { rate: 8_000, samples: samples.collect() }))
}

/// Hands in connections as the HTTP server does after the upgrade.
fn serve_websockets(net: &Net, host: &Host) {
    let at = SocketAddr::new(EXCHANGE, WEBSOCKET_PORT);
    let listener = host.listener(at).expect("the port is free");
    let net = net.clone();
    tokio::task::spawn_local(async move {
        while let Ok((stream, remote)) = listener.accept().await {
            let upgraded = UpgradedWebSocket {
                transport: Transport::Ws,
                local: at,
                remote,
                early: Bytes::new(),
            };
            let net = net.clone();
            tokio::task::spawn_local(async move { net.adopt_websocket(stream, upgraded).await });
        }
    });
}
