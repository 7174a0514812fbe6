//! From `rtp.conf` to what the workers are told about STUN and TURN servers: names resolved,
//! credentials made and renewed, tunnels opened.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use sidetone_config::{NatServer, Rtp, TurnLogin, TurnServer, TurnTransport};
use sidetone_engine::{NatEvent, NatSettings, TurnSettings};
use sidetone_nat::Credentials;
use sidetone_net::tls::{ServerVerification, TlsSettings, Wildcards};
use sidetone_net::{Tunnel, TunnelSettings};
use tokio::sync::mpsc;
use tokio::time::Instant;

use sidetone_pbx::Exchange;
use sidetone_pbx::party::resolver::Resolver;
use sidetone_terms::leg::rules;

use crate::names::{Found, resolve};

/// When nothing is due.
const DAY: Duration = Duration::from_secs(86_400);
/// A name that could not be resolved is tried again.
const AGAIN: Duration = Duration::from_secs(60);
/// Generations of tunnels: as many as the workers keep allocations.
const MAX_RETIRED: usize = 4;
/// Names are not resolved more often, whatever their time to live says.
const LEAST: Duration = Duration::from_secs(10);

/// What the workers were told, and when to look again.
#[derive(Debug, Default)]
pub(super) struct Servers {
    rtp: Option<Arc<Rtp>>,
    stun: Name,
    turn: Name,
    credentials: Option<(Credentials, Instant)>,
    tunnels: Vec<Tunnel>,
    /// Those of credentials before, which calls may still use; the newest last.
    retired: VecDeque<Vec<Tunnel>>,
    tunnelled: Option<(SocketAddr, Credentials)>,
    told: NatSettings,
    look_at: Option<Instant>,
}

/// A name and what it was resolved to.
#[derive(Debug, Default)]
struct Name {
    found: Vec<SocketAddr>,
    ttl_zero: bool,
    next: Option<Instant>,
    resolved_at: Option<Instant>,
    failed: bool,
}

impl Name {
    async fn refresh(&mut self, option: &str, server: Option<&NatServer>, resolver: &Resolver) {
        let now = Instant::now();
        let Some(server) = server else {
            *self = Self::default();
            return;
        };
        if self.next.is_some_and(|next| next > now) || self.next.is_none() && self.is_settled() {
            return;
        }
        let found = resolve(&server.host, server.port, resolver).await;
        self.take(now, option, &server.host, found);
    }

    /// Takes the answer to a question that was asked at `now`.
    fn take(&mut self, now: Instant, option: &str, host: &str, found: Result<Found, String>) {
        self.resolved_at = Some(now);
        match found {
            Ok(Found { addresses, ttl }) => {
                self.failed = false;
                self.ttl_zero = ttl.is_some_and(|ttl| ttl.is_zero());
                // RFC 1035: a TTL of 0 is for this use only; asking without end would be no use.
                let again = ttl.filter(|ttl| !ttl.is_zero());
                self.next = again.map(|ttl| now + ttl.max(LEAST));
                self.found = addresses;
            }
            Err(why) => {
                if !self.failed {
                    tracing::warn!("rtp.conf: cannot resolve {option} {host}: {why}");
                }
                self.failed = true;
                self.next = Some(now + AGAIN);
            }
        }
    }

    fn is_settled(&self) -> bool {
        self.resolved_at.is_some()
    }

    fn resolve_now(&mut self) {
        let rested = self.resolved_at.is_some_and(|at| at.elapsed() >= Duration::from_secs(1));
        if self.ttl_zero && rested {
            self.next = Some(Instant::now());
        }
    }
}

impl Servers {
    pub(super) fn next_look(&self) -> Instant {
        let now = Instant::now();
        let renew = self.credentials.as_ref().map(|(_, renew)| *renew);
        let due = [self.look_at, self.stun.next, self.turn.next, renew];
        due.into_iter().flatten().min().unwrap_or(now + DAY)
    }

    pub(super) fn look_now(&mut self) {
        self.look_at = Some(Instant::now());
    }

    pub(super) fn resolve_now(&mut self) {
        self.stun.resolve_now();
        self.turn.resolve_now();
    }

    /// Resolves, renews and tells the workers, whatever is due.
    pub(super) async fn bring_up_to_date(
        &mut self,
        exchange: &Exchange,
        events: &mpsc::Sender<NatEvent>,
    ) {
        if self.rtp.is_some() && self.next_look() > Instant::now() {
            return;
        }
        self.look_at = None;
        let rtp = Arc::clone(&exchange.config().rtp);
        if self.rtp.as_ref() != Some(&rtp) {
            self.rtp = Some(Arc::clone(&rtp));
            (self.stun, self.turn, self.credentials) = Default::default();
        }
        let resolver = exchange.resolver();
        self.stun.refresh("stunaddr", rtp.stun.as_ref(), resolver).await;
        let turn = rtp.turn.as_ref().map(|turn| &turn.server);
        self.turn.refresh("turnaddr", turn, resolver).await;
        exchange.reach().set_resolves_per_call(
            rtp.stun_reresolve_ttl_0 && (self.stun.ttl_zero || self.turn.ttl_zero),
        );
        let settings = NatSettings {
            stun: self.stun.found.clone(),
            stun_acl: rules(&rtp.stun_acl),
            ice_acl: rules(&rtp.ice_acl),
            software: rtp.stun_software_attribute.then(|| "Sidetone".to_owned()),
            turn: rtp.turn.as_ref().and_then(|turn| self.turn(exchange, turn)),
        };
        if settings.stun.is_empty() {
            exchange.reach().set_mapped(None);
        }
        if settings != self.told {
            exchange.engine().set_nat(&settings, events).await;
            self.told = settings;
        }
    }

    fn turn(&mut self, exchange: &Exchange, turn: &TurnServer) -> Option<TurnSettings> {
        let server = self.turn.found.first().copied()?;
        let credentials = self.credentials(exchange, &turn.login);
        let servers = match turn.transport {
            TurnTransport::Udp => {
                (self.tunnels, self.retired, self.tunnelled) = Default::default();
                vec![server]
            }
            TurnTransport::Tcp | TurnTransport::Tls => {
                self.open_tunnels(exchange, turn, server, &credentials)?
            }
        };
        let NatServer { host, port } = &turn.server;
        let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
        let over = match turn.transport {
            TurnTransport::Udp => "UDP",
            TurnTransport::Tcp => "TCP",
            TurnTransport::Tls => "TLS",
        };
        let name = format!("{host}:{port} over {over}");
        Some(TurnSettings { servers, name, credentials })
    }

    /// The credentials in force; new ones when the old have lived three quarters of their time.
    fn credentials(&mut self, exchange: &Exchange, login: &TurnLogin) -> Credentials {
        let now = Instant::now();
        if let Some((credentials, renew)) = &self.credentials
            && *renew > now
        {
            return credentials.clone();
        }
        let (credentials, renew) = match login {
            TurnLogin::Fixed { user, password } => {
                (Credentials::fixed(user, password.reveal()), now + DAY * 365)
            }
            TurnLogin::Shared { user, secret, lifetime } => {
                let unix = exchange.wall_clock().timestamp().as_second();
                let expires = u64::try_from(unix).unwrap_or(0) + lifetime.as_secs();
                let made = Credentials::time_limited(secret.reveal(), user, expires);
                (made, now + *lifetime * 3 / 4)
            }
        };
        self.credentials = Some((credentials.clone(), renew));
        credentials
    }

    /// A connection per worker: the server tells allocations apart by it.
    fn open_tunnels(
        &mut self,
        exchange: &Exchange,
        turn: &TurnServer,
        server: SocketAddr,
        credentials: &Credentials,
    ) -> Option<Vec<SocketAddr>> {
        let wanted = (server, credentials.clone());
        if self.tunnelled.as_ref() != Some(&wanted) {
            let tls = (turn.transport == TurnTransport::Tls).then(|| tls(turn));
            let settings = TunnelSettings { server, name: turn.server.host.clone(), tls };
            let workers = exchange.engine().workers();
            let opened: Result<Vec<Tunnel>, _> =
                (0..workers).map(|_| Tunnel::open(&settings)).collect();
            match opened {
                Ok(opened) => {
                    self.retired.push_back(std::mem::replace(&mut self.tunnels, opened));
                    while self.retired.len() > MAX_RETIRED {
                        self.retired.pop_front();
                    }
                    self.tunnelled = Some(wanted);
                }
                Err(error) => {
                    tracing::error!("rtp.conf: turnaddr over {:?}: {error}", turn.transport);
                    return None;
                }
            }
        }
        Some(self.tunnels.iter().map(Tunnel::near).collect())
    }
}

fn tls(turn: &TurnServer) -> TlsSettings {
    TlsSettings {
        ca_list_file: Some(&turn.ca_file).filter(|file| !file.is_empty()).map(Into::into),
        server_verification: if turn.verify {
            ServerVerification::On
        } else {
            ServerVerification::Off
        },
        wildcards: Wildcards::Allowed,
        ..TlsSettings::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(ttl_s: u64) -> Result<Found, String> {
        let addresses = vec!["192.0.2.78:3478".parse().unwrap()];
        Ok(Found { addresses, ttl: Some(Duration::from_secs(ttl_s)) })
    }

    /// NAT-03: a TTL of 0 ends the periodic questions; a call asks again, once a second at most.
    #[tokio::test(start_paused = true)]
    async fn a_name_with_ttl_0_is_resolved_again_for_calls_only() {
        let mut name = Name::default();
        name.take(Instant::now(), "stunaddr", "stun.example.org", found(0));
        assert!(name.ttl_zero && name.next.is_none());
        name.resolve_now();
        assert_eq!(name.next, None, "calls that come together ask once");
        tokio::time::advance(Duration::from_secs(1)).await;
        name.resolve_now();
        assert_eq!(name.next, Some(Instant::now()));
        name.take(Instant::now(), "stunaddr", "stun.example.org", found(0));
        assert_eq!(name.next, None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_name_with_a_time_to_live_is_resolved_when_that_is_over() {
        let mut name = Name::default();
        name.take(Instant::now(), "stunaddr", "stun.example.org", found(60));
        assert_eq!(name.next, Some(Instant::now() + Duration::from_secs(60)));
        tokio::time::advance(Duration::from_secs(5)).await;
        let next = name.next;
        name.resolve_now();
        assert_eq!(name.next, next, "a call changes nothing");
        name.take(Instant::now(), "stunaddr", "stun.example.org", Err("no answer".to_owned()));
        assert_eq!(name.next, Some(Instant::now() + AGAIN));
        assert_eq!(name.found.len(), 1, "what was known stays");
    }

    #[test]
    fn the_certificate_of_a_turn_server_is_judged_unless_turn_verify_server_says_no() {
        let judged = |verify, ca_file: &str| {
            let password = sidetone_base::Pii::new("secret".to_owned());
            let settings = tls(&TurnServer {
                server: NatServer { host: "turn.example.org".to_owned(), port: 5_349 },
                transport: TurnTransport::Tls,
                login: TurnLogin::Fixed { user: "desk".to_owned(), password },
                verify,
                ca_file: ca_file.to_owned(),
            });
            (settings.server_verification, settings.ca_list_file)
        };
        assert_eq!(judged(true, ""), (ServerVerification::On, None), "by those of the system");
        assert_eq!(judged(true, "/ca.pem"), (ServerVerification::On, Some("/ca.pem".into())));
        assert_eq!(judged(false, ""), (ServerVerification::Off, None));
    }
}
