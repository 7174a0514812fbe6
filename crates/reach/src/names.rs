//! Resolving the names of STUN and TURN servers, and how long the answer holds.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use sidetone_pbx::party::resolver::Resolver;

/// When nobody tells it: `/etc/hosts` has none.
const USUAL_TTL: Duration = Duration::from_secs(300);

/// Where a server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) addresses: Vec<SocketAddr>,
    /// How long that holds; `None` for ever.
    pub(super) ttl: Option<Duration>,
}

pub(super) async fn resolve(host: &str, port: u16, resolver: &Resolver) -> Result<Found, String> {
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Ok(Found { addresses: vec![SocketAddr::new(ip, port)], ttl: None });
    }
    let (found, ttl) = resolver.addresses(host).await?;
    let addresses = found.into_iter().map(|ip| SocketAddr::new(ip, port)).collect();
    Ok(Found { addresses, ttl: Some(ttl.unwrap_or(USUAL_TTL)) })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use sidetone_pbx::party::resolver::Table;

    use super::*;

    #[tokio::test]
    async fn an_address_is_its_own_answer_for_ever_and_a_name_for_a_while() {
        let mut table = Table::default();
        table.addresses.insert("stun.example".to_owned(), vec![[192, 0, 2, 8].into()]);
        let resolver = Resolver::Table(Arc::new(table));
        let found = resolve("192.0.2.7", 3478, &resolver).await.unwrap();
        assert_eq!(found, Found { addresses: vec!["192.0.2.7:3478".parse().unwrap()], ttl: None });
        let found = resolve("2001:db8::7", 3478, &resolver).await.unwrap();
        assert_eq!(found.addresses, ["[2001:db8::7]:3478".parse().unwrap()]);
        let found = resolve("STUN.example", 3478, &resolver).await.unwrap();
        let addresses = vec!["192.0.2.8:3478".parse().unwrap()];
        assert_eq!(found, Found { addresses, ttl: Some(USUAL_TTL) });
        assert!(resolve("gone.example", 3478, &resolver).await.is_err());
    }
}
