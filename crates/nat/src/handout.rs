//! What phones in browsers are told of STUN and TURN servers: the `iceServers` of WebRTC 1.0
//! §4.2.1, as JSON, with credentials of their own that end soon. Our own long-lived password is
//! nobody else's.

use serde_json::{Value, json};

use crate::credentials::Credentials;

/// A server by the name that phones know it by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NamedServer<'a> {
    /// Its name or address, an IPv6 one without brackets.
    pub host: &'a str,
    /// Its port.
    pub port: u16,
}

impl NamedServer<'_> {
    fn written(&self) -> String {
        let Self { host, port } = self;
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }
}

/// How a TURN server is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TurnWay {
    /// In clear. Phones try both transports, since theirs may let no UDP through.
    UdpAndTcp,
    /// Over TLS.
    Tls,
}

/// The list of servers (URIs of RFC 7064 and RFC 7065); `[]` when there are none.
#[must_use]
pub fn ice_servers(
    stun: Option<NamedServer<'_>>,
    turn: Option<(NamedServer<'_>, TurnWay, &Credentials)>,
) -> String {
    let mut list: Vec<Value> = Vec::new();
    list.extend(stun.map(|server| json!({ "urls": [format!("stun:{}", server.written())] })));
    list.extend(turn.map(|(server, way, credentials)| {
        let at = server.written();
        let urls = match way {
            TurnWay::UdpAndTcp => {
                vec![format!("turn:{at}?transport=udp"), format!("turn:{at}?transport=tcp")]
            }
            TurnWay::Tls => vec![format!("turns:{at}?transport=tcp")],
        };
        json!({
            "urls": urls,
            "username": credentials.username,
            "credential": credentials.password.reveal(),
        })
    }));
    Value::Array(list).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_written_as_browsers_read_them() {
        assert_eq!(ice_servers(None, None), "[]");
        let stun = NamedServer { host: "2001:db8::7", port: 3478 };
        assert_eq!(ice_servers(Some(stun), None), r#"[{"urls":["stun:[2001:db8::7]:3478"]}]"#);
        let turn = NamedServer { host: "turn.example.org", port: 3478 };
        let credentials = Credentials::time_limited("north", "a\"b\\\r\n", 17);
        let text = ice_servers(None, Some((turn, TurnWay::UdpAndTcp, &credentials)));
        let read: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(read[0]["urls"][1], "turn:turn.example.org:3478?transport=tcp");
        assert_eq!(read[0]["username"], "17:a\"b\\\r\n");
        assert_eq!(read[0]["credential"], credentials.password.reveal().as_str());
        assert!(!text.contains(['\r', '\n']), "one line, for a header: {text}");
        let text = ice_servers(None, Some((turn, TurnWay::Tls, &credentials)));
        assert!(text.contains("turns:turn.example.org:3478?transport=tcp"), "{text}");
    }
}
