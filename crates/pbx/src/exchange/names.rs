//! Keeping the addresses of host names: they are looked up in the background, at start, after a
//! reload and every few minutes, so that a name server never delays a call.

use std::time::Duration;

use sidetone_party::names::{Names, addresses_of, name_in, resolve};

use super::Exchange;

/// Names that are known at once: those of a large configuration, and as many of dialplans.
const MOST_NAMES: usize = 10_000;

/// Time between two lookups of all names. The system's resolver does not tell how long an answer
/// holds; five minutes is the usual time to live of names that are meant to move.
const AGAIN: Duration = Duration::from_secs(300);

impl Exchange {
    /// Looks up the host of a URI that a dialplan writes, unless it is known; those of the
    /// configuration are. It is forgotten when the names of the configuration are looked up again.
    pub async fn learn(&self, uri: &str) {
        let Some(name) = name_in(uri) else { return };
        let known = self.inner.resolved.load_full();
        if known.contains_key(&name) || known.len() >= MOST_NAMES {
            return;
        }
        match addresses_of(&name).await {
            Ok(found) => {
                self.inner.resolved.rcu(|known| {
                    let mut more = Names::clone(known);
                    more.insert(name.clone(), found.clone());
                    more
                });
            }
            Err(problem) => tracing::warn!("cannot look up '{name}': {problem}"),
        }
    }
}

/// Follows the names until the exchange is gone.
pub(super) async fn follow(exchange: Exchange) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(AGAIN) => {}
            () = exchange.inner.names_changed.notified() => {}
        }
        let config = exchange.config();
        let known = exchange.inner.resolved.load_full();
        let fresh = resolve(&config, &known).await;
        if fresh != *known {
            for (name, addresses) in &fresh {
                if known.get(name) != Some(addresses) {
                    tracing::info!("'{name}' stands for {addresses:?} now");
                }
            }
            exchange.inner.resolved.store(fresh.into());
            exchange.static_contacts();
        }
    }
}
