//! Keeping what host names stand for: they are looked up in the background, at start, after a
//! reload and every few minutes, so that a name server never delays a call.

use std::time::Duration;

use sidetone_party::names::{Names, look_up, renewed, resolve, unknown_in};

use super::Exchange;

/// Names of dialplans and peers that are known at once. Whoever is redirected chooses them, and
/// each may have as many records as are kept of one.
const MOST_LEARNED: usize = 1_000;

/// Lookups for calls at the same time. Each takes some sockets and a thread of the system's
/// resolver, of which file access needs some too.
pub(super) const MOST_LOOKUPS: usize = 32;

/// Time between two lookups of all names. The system's resolver does not tell how long an answer
/// holds; five minutes is the usual time to live of names that are meant to move.
const AGAIN: Duration = Duration::from_secs(300);

impl Exchange {
    /// Looks up the host of a URI that a dialplan or a peer writes, unless it is known; those of
    /// the configuration are. It is forgotten when the names of the configuration are looked up
    /// again.
    pub async fn learn(&self, uri: &str) {
        let known = self.names();
        let Some(unknown) = unknown_in(uri, &known) else { return };
        let learned = known.values().filter(|records| records.is_learned).count();
        let place = self.inner.lookups.try_acquire();
        let (Ok(_place), true) = (place, learned < MOST_LEARNED) else {
            tracing::warn!(
                "'{uri}' is not looked up: {learned} other names are known and {} are asked for",
                MOST_LOOKUPS - self.inner.lookups.available_permits()
            );
            return;
        };
        if let Some((name, records)) = look_up(unknown, &known, &self.inner.resolver).await {
            self.inner.resolved.rcu(|known| {
                let mut more = Names::clone(known);
                more.insert(name.clone(), records.clone());
                more
            });
        }
    }

    /// Looks up the names of the configuration again and puts the answers in force: dynamic DNS
    /// follows the network.
    pub async fn resolve_again(&self) {
        let before = self.names();
        let fresh = resolve(&self.config(), &before, &self.inner.resolver).await;
        if fresh == *before {
            return;
        }
        for (name, records) in fresh.iter().filter(|(name, now)| before.get(*name) != Some(now)) {
            let (hosts, services) = (&records.addresses, &records.srv);
            tracing::info!("'{name}' stands for {hosts:?} now, by SRV {services:?}");
        }
        self.inner.resolved.rcu(|now| renewed(now, &before, &fresh));
        self.static_contacts();
    }
}

/// Follows the names until the exchange is gone.
pub(super) async fn follow(exchange: Exchange) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(AGAIN) => {}
            () = exchange.inner.names_changed.notified() => {}
        }
        exchange.resolve_again().await;
    }
}
