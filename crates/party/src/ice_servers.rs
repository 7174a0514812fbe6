//! STUN and TURN servers for phones that ask when they register (decision 0039). Beside the walk
//! of a call: what is handed out has a life of its own.

use std::net::IpAddr;

use sidetone_base::{Flow, Transport};
use sidetone_config::{Endpoint, NatServer, Rtp, TurnLogin, TurnTransport};
use sidetone_media::candidates::is_private;
use sidetone_nat::Credentials;
use sidetone_nat::handout::{NamedServer, TurnWay, ice_servers};
use sidetone_sip::{HeaderName, Request, Text};

/// The header in both directions; the request's value does not matter.
const HEADER: &str = "Sidetone-Ice-Servers";
/// A phone registers again within the hour and gets new ones; a call may last the night.
const LONGEST_LIFE_S: u64 = 86_400;

/// The header of a 2xx to a REGISTER that asks, `now_s` seconds after 1970.
#[must_use]
pub fn header(
    rtp: &Rtp,
    endpoint: &Endpoint,
    flow: &Flow,
    request: &Request,
    now_s: u64,
) -> Option<(String, String)> {
    let name = HeaderName::read(&Text::from(HEADER));
    let asked = request.headers.iter().any(|line| line.name == name);
    if !asked || !rtp.share_ice_servers || !rtp.ice_support || !endpoint.ice_support {
        return None;
    }
    Some((HEADER.to_owned(), list(rtp, endpoint, flow, now_s)))
}

fn list(rtp: &Rtp, endpoint: &Endpoint, flow: &Flow, now_s: u64) -> String {
    let reachable = |server: &NatServer| {
        let inner = server.host.parse::<IpAddr>().is_ok_and(is_private);
        !inner || is_private(flow.remote.ip())
    };
    let stun = rtp.stun.as_ref().filter(|server| reachable(server)).map(named);
    let turn = rtp.turn.as_ref().filter(|turn| reachable(&turn.server));
    let credentials = turn.and_then(|turn| match &turn.login {
        TurnLogin::Shared { secret, lifetime, .. } if may_know(endpoint, flow) => {
            let life_s = lifetime.as_secs().min(LONGEST_LIFE_S);
            let made = Credentials::time_limited(secret.reveal(), &endpoint.id, now_s + life_s);
            Some((turn, made))
        }
        // The exchange's own password is nobody else's.
        TurnLogin::Shared { .. } | TurnLogin::Fixed { .. } => None,
    });
    let turn = credentials.as_ref().map(|(turn, credentials)| {
        let way = match turn.transport {
            TurnTransport::Udp | TurnTransport::Tcp => TurnWay::UdpAndTcp,
            TurnTransport::Tls => TurnWay::Tls,
        };
        (named(&turn.server), way, credentials)
    });
    ice_servers(stun, turn)
}

fn named(server: &NatServer) -> NamedServer<'_> {
    NamedServer { host: &server.host, port: server.port }
}

/// Credentials are for those who proved who they are, over a connection nobody else reads.
fn may_know(endpoint: &Endpoint, flow: &Flow) -> bool {
    let closed = matches!(flow.transport, Transport::Tls | Transport::Wss);
    !endpoint.auth.is_empty() && (closed || flow.remote.ip().is_loopback())
}

#[cfg(test)]
mod tests {
    use sidetone_base::FlowId;

    use super::*;

    fn told(rtp: &str, auth: &str, transport: Transport, remote: &str) -> String {
        let pjsip = format!(
            "[t]\ntype = transport\nprotocol = udp\nbind = 192.0.2.1\n\
             [a]\ntype = endpoint\ncontext = x\nwebrtc = yes\nallow = ulaw\n{auth}\n\
             [a]\ntype = auth\nusername = a\npassword = b\n"
        );
        let source = sidetone_conf::MemorySource::new()
            .with("/e/pjsip.conf", pjsip)
            .with("/e/rtp.conf", format!("[general]\n{rtp}\n"));
        let config = sidetone_config::load(&source, "/e").config.expect("a configuration");
        let remote = remote.parse().expect("an address");
        let local = "192.0.2.1:8089".parse().expect("an address");
        let flow = Flow { id: FlowId(1), transport, local, remote };
        list(&config.rtp, &config.endpoints["a"], &flow, 1_000_000)
    }

    const PHONE: &str = "198.51.100.1:4000";
    const SHARED: &str = "stunaddr = 203.0.113.1\nturnaddr = turn.example.org\n\
                          turn_secret = north\nturn_lifetime = 600";

    #[test]
    fn a_phone_that_proved_itself_gets_credentials_that_end_soon() {
        let told = told(SHARED, "auth = a", Transport::Wss, PHONE);
        assert!(told.contains("stun:203.0.113.1:3478"), "{told}");
        assert!(told.contains("turn:turn.example.org:3478?transport=udp"), "{told}");
        assert!(told.contains("\"1000600:a\"") && !told.contains("north"), "{told}");
    }

    #[test]
    fn nobody_else_does() {
        let cases = [
            (SHARED, "", Transport::Wss, PHONE),
            (SHARED, "auth = a", Transport::Ws, PHONE),
            (SHARED, "auth = a", Transport::Udp, PHONE),
        ];
        for (rtp, auth, transport, remote) in cases {
            let told = told(rtp, auth, transport, remote);
            assert_eq!(told, r#"[{"urls":["stun:203.0.113.1:3478"]}]"#, "{auth} {transport:?}");
        }
        assert!(told(SHARED, "auth = a", Transport::Ws, "127.0.0.1:4000").contains("credential"));
    }

    #[test]
    fn a_fixed_password_and_an_inner_server_stay_here() {
        let fixed = "turnaddr = turn.example.org\nturnusername = us\nturnpassword = secret";
        assert_eq!(told(fixed, "auth = a", Transport::Wss, PHONE), "[]");
        let inner = "stunaddr = 10.0.0.7\nturnaddr = 10.0.0.8\nturn_secret = north";
        assert_eq!(told(inner, "auth = a", Transport::Wss, PHONE), "[]");
        let neighbour = told(inner, "auth = a", Transport::Wss, "10.0.0.99:4000");
        assert!(neighbour.contains("10.0.0.7") && neighbour.contains("10.0.0.8"), "{neighbour}");
    }
}
