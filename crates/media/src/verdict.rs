//! Why ICE found no path, in words, with the setting to change: what the peer offered, what it was
//! told, and what arrived decide. Names hidden behind mDNS are normal and never to blame alone.

use std::net::{IpAddr, SocketAddr};

use crate::candidates::is_private;
use crate::transport::NewTransport;

/// The peer's candidates, counted.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tried {
    /// Addresses that can be reached from anywhere.
    pub(crate) public: usize,
    /// Host candidates of a private network.
    pub(crate) private: usize,
    /// Names that only the peer's own network resolves.
    pub(crate) mdns: usize,
    /// TCP, port 9, or unreadable.
    pub(crate) other: usize,
}

/// What the peer was told of us.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Told {
    public: bool,
    reflexive: bool,
    relayed: bool,
}

impl Told {
    pub(crate) fn of(new: &NewTransport) -> Self {
        let public = |address: &SocketAddr| !is_private(address.ip());
        Self {
            public: new.advertised.iter().any(public),
            reflexive: !new.reflexive.is_empty(),
            relayed: !new.relayed.is_empty(),
        }
    }
}

impl Tried {
    pub(crate) fn count(&mut self, ip: IpAddr, host: bool) {
        if host && is_private(ip) {
            self.private += 1;
        } else {
            self.public += 1;
        }
    }

    /// The verdict. `heard` are checks of the peer that arrived, `answered` answers to ours.
    pub(crate) fn verdict(&self, told: &Told, heard: u64, answered: u64) -> String {
        let Self { public, private, mdns, other } = self;
        let offered = format!(
            "peer offered {public} public, {private} private, {mdns} mDNS and {other} unusable \
             candidates"
        );
        format!("no ICE candidate pair answered; {offered}; {}", self.hint(told, heard, answered))
    }

    fn hint(&self, told: &Told, heard: u64, answered: u64) -> &'static str {
        let none_at_all = self.public + self.private + self.mdns == 0;
        if heard > 0 && answered > 0 {
            return "checks pass both ways but the peer never settled on a pair: look at its log";
        }
        if heard > 0 {
            return "its checks arrive but our answers or checks do not reach it: look at the \
                    firewall for outgoing UDP, or set turnaddr in rtp.conf";
        }
        if answered > 0 {
            return "our checks are answered but none of its own arrive: the RTP ports \
                    (rtpstart-rtpend) are closed to it";
        }
        if !told.public && !told.reflexive && !told.relayed {
            return "it was told private addresses of ours only: set external_media_address of \
                    the transport, [ice_host_candidates] or stunaddr in rtp.conf, unless it is in \
                    our own network";
        }
        if none_at_all {
            return "it offered nothing that can be tried and none of its checks arrived: it \
                    gathered no candidates, or its later ones were lost";
        }
        if self.public == 0 && told.relayed {
            return "none of its checks arrived, not even over our relay: the peer's network lets \
                    no UDP out; give it a TURN server over TCP or TLS";
        }
        if self.public == 0 && self.private == 0 {
            return "it hides its addresses behind mDNS names, as browsers do, so its own checks \
                    must reach us and none did: open the UDP ports rtpstart-rtpend to it, or give \
                    it a STUN or TURN server";
        }
        if self.public == 0 {
            return "none of its checks arrived and nothing it offered is reachable from here: the \
                    peer needs STUN or TURN, or the RTP ports (rtpstart-rtpend) are closed to it";
        }
        "none of its checks arrived: open the UDP ports rtpstart-rtpend of rtp.conf to it, check \
         external_media_address, or set turnaddr"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(address: &str) -> Told {
        let advertised = vec![address.parse().unwrap()];
        Told::of(&NewTransport { advertised, ..NewTransport::default() })
    }

    /// Each way to fail names the setting that mends it.
    #[test]
    fn every_failure_names_what_to_change() {
        let public = told("203.0.113.5:10000");
        let relayed = Told { relayed: true, ..public };
        let tried = |public, private, mdns| Tried { public, private, mdns, other: 0 };
        let cases = [
            (tried(1, 1, 0), public, (3, 0), "firewall for outgoing UDP"),
            (tried(1, 1, 0), public, (0, 2), "closed to it"),
            (tried(1, 1, 0), public, (0, 0), "open the UDP ports rtpstart-rtpend"),
            (tried(0, 2, 0), public, (0, 0), "the peer needs STUN or TURN"),
            (tried(0, 0, 2), public, (0, 0), "behind mDNS names"),
            (tried(0, 0, 2), relayed, (0, 0), "TURN server over TCP or TLS"),
            (tried(0, 0, 0), public, (0, 0), "gathered no candidates"),
            (tried(1, 0, 0), told("10.0.0.5:10000"), (0, 0), "external_media_address"),
            (tried(1, 0, 0), public, (5, 5), "never settled"),
        ];
        for (tried, told, (heard, answered), words) in cases {
            let verdict = tried.verdict(&told, heard, answered);
            assert!(verdict.contains(words), "{verdict}");
            assert!(!verdict.to_lowercase().contains("error"), "{verdict}");
        }
    }
}
