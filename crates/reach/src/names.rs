//! Resolving the names of STUN and TURN servers, and how long the answer holds.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use sidetone_base::Random;
use sidetone_nat::name::{question, time_to_live};
use tokio::net::UdpSocket;
use tokio::time::timeout;

/// How long the system may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long the DNS server may take to tell the time to live.
const TTL_PATIENCE: Duration = Duration::from_secs(2);
/// When nobody tells it: `/etc/hosts` has none.
const USUAL_TTL: Duration = Duration::from_secs(300);

/// Where a server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) addresses: Vec<SocketAddr>,
    /// How long that holds; `None` for ever.
    pub(super) ttl: Option<Duration>,
}

pub(super) async fn resolve(
    host: &str,
    port: u16,
    random: &mut dyn Random,
) -> Result<Found, String> {
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Ok(Found { addresses: vec![SocketAddr::new(ip, port)], ttl: None });
    }
    let id = (random.u32() & 0xffff) as u16;
    let found = match timeout(PATIENCE, tokio::net::lookup_host((host, port))).await {
        Ok(Ok(found)) => found.collect::<Vec<SocketAddr>>(),
        Ok(Err(error)) => return Err(error.to_string()),
        Err(_) => return Err(format!("no answer within {} seconds", PATIENCE.as_secs())),
    };
    let ipv6 = found.iter().all(SocketAddr::is_ipv6);
    let ttl = timeout(TTL_PATIENCE, ask_ttl(id, host, ipv6)).await.ok().flatten();
    Ok(Found { addresses: found, ttl: Some(ttl.unwrap_or(USUAL_TTL)) })
}

/// Asks the system's first DNS server.
async fn ask_ttl(id: u16, host: &str, ipv6: bool) -> Option<Duration> {
    let settings = tokio::fs::read_to_string("/etc/resolv.conf").await.ok()?;
    let server = nameserver(&settings)?;
    let any: IpAddr = if server.is_ipv4() { [0, 0, 0, 0].into() } else { [0; 16].into() };
    let socket = UdpSocket::bind((any, 0)).await.ok()?;
    socket.connect((server, 53)).await.ok()?;
    socket.send(&question(id, host, ipv6)?).await.ok()?;
    let mut response = [0; 1_500];
    loop {
        let len = socket.recv(&mut response).await.ok()?;
        if let Some(ttl) = time_to_live(id, response.get(..len)?) {
            return Some(ttl);
        }
    }
}

fn nameserver(settings: &str) -> Option<IpAddr> {
    let lines = settings.lines().map(str::trim);
    let mut servers = lines.filter_map(|line| line.strip_prefix("nameserver"));
    servers.find_map(|server| server.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use sidetone_base::SeededRandom;

    use super::*;

    #[test]
    fn the_first_nameserver_that_is_an_address_is_asked() {
        let settings = "# nameserver 1.1.1.1\nsearch x\nnameserver  x\n nameserver 192.0.2.53\n";
        assert_eq!(nameserver(settings), Some([192, 0, 2, 53].into()));
        assert_eq!(nameserver(""), None);
    }

    #[tokio::test]
    async fn an_address_is_its_own_answer_for_ever() {
        let random = &mut SeededRandom::new(1);
        let found = resolve("192.0.2.7", 3478, random).await.unwrap();
        assert_eq!(found, Found { addresses: vec!["192.0.2.7:3478".parse().unwrap()], ttl: None });
        let found = resolve("2001:db8::7", 3478, random).await.unwrap();
        assert_eq!(found.addresses, ["[2001:db8::7]:3478".parse().unwrap()]);
    }
}
