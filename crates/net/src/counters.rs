//! What the transports have done since they were made, for status and metrics.

use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Totals since start.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct NetCounters {
            $($(#[$doc])* pub $name: u64,)*
        }

        #[derive(Debug, Default)]
        pub(crate) struct Counters {
            $(pub(crate) $name: AtomicU64,)*
        }

        impl Counters {
            pub(crate) fn snapshot(&self) -> NetCounters {
                NetCounters { $($name: self.$name.load(Ordering::Relaxed),)* }
            }
        }

        impl NetCounters {
            /// Every counter with its name, in a stable order.
            #[must_use]
            pub fn named(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($name), self.$name),)*]
            }
        }
    };
}

counters! {
    /// SIP messages received.
    messages_in_total,
    /// SIP messages written.
    messages_out_total,
    /// Bytes of SIP messages received.
    bytes_in_total,
    /// Bytes of SIP messages written.
    bytes_out_total,
    /// Connections accepted or upgraded.
    connections_accepted_total,
    /// Connections dialled.
    connections_dialled_total,
    /// Connections that could not be opened.
    connects_failed_total,
    /// Connections refused by a limit.
    connections_refused_total,
    /// Connections closed because no request came over them.
    connections_without_request_total,
    /// Connections closed because the peer did not read.
    connections_not_draining_total,
    /// WebSockets closed because the peer answered no ping.
    pings_unanswered_total,
    /// Messages, frames and datagrams that were no SIP, or above the limit of their size.
    malformed_total,
    /// Keep-alives answered: CRLF pings and STUN binding requests.
    keepalives_answered_total,
    /// Datagrams dropped because the event queue was full.
    datagrams_unheard_total,
    /// Datagrams of new sources dropped because the table of UDP flows was full.
    udp_sources_refused_total,
    /// Datagrams that the system did not take.
    datagrams_unsent_total,
    /// Messages refused because the queue of their connection was full.
    queue_full_total,
    /// Failed TLS handshakes of SIP over TLS, accepted or dialled.
    tls_failures_total,
}

pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

pub(crate) fn add(counter: &AtomicU64, amount: usize) {
    counter.fetch_add(u64::try_from(amount).unwrap_or(u64::MAX), Ordering::Relaxed);
}
