//! Tests of `pbx/src/exchange/media.rs`.

use super::*;
use sidetone_conf::MemorySource;
use std::sync::Arc;

fn load(rtp: &str) -> Arc<Config> {
    let pjsip = "[udp]\ntype=transport\nprotocol=udp\nbind=127.0.0.1\n\
        [a]\ntype=endpoint\nallow=ulaw\n";
    let source = MemorySource::new()
        .with("/etc/extensions.conf", "[default]\n")
        .with("/etc/acl.conf", "[vpn]\ndeny=10.9.0.0/16\n")
        .with("/etc/pjsip.conf", pjsip)
        .with("/etc/rtp.conf", rtp);
    sidetone_config::load(&source, "/etc").config.expect("something to serve")
}

fn settings(lines: &str) -> RtpSettings {
    let config = load(&format!("[general]\n{lines}"));
    rtp_settings(&config, &config.endpoints["a"])
}

#[test]
fn every_option_of_rtp_conf_reaches_its_leg() {
    let defaults = settings("");
    assert_eq!((defaults.strict, defaults.probation), (StrictRtp::Yes, 4));
    assert!(defaults.replay_protection);
    assert_eq!(defaults.rtcp_interval, Duration::from_secs(5));
    assert_eq!(defaults.dtmf.timeout, Duration::from_millis(150));
    assert_eq!(settings("strictrtp=no").strict, StrictRtp::No);
    assert_eq!(settings("strictrtp=seqno").strict, StrictRtp::SequenceOnly);
    let set = settings(
        "probation=9\nsrtpreplayprotection=no\nrtcpinterval=500\ndtls_mtu=700\n\
         dtmftimeout=800\n",
    );
    assert_eq!((set.probation, set.replay_protection), (9, false));
    assert_eq!((set.rtcp_interval, set.dtls_mtu), (Duration::from_millis(500), 700));
    assert_eq!(set.dtmf.timeout, Duration::from_millis(100));
}

#[test]
fn the_addresses_of_rtp_conf_reach_their_candidates() {
    let config = load(
        "[general]\nice_acl=vpn\nice_deny=10.8.0.0/16\nice_permit=10.8.1.0/24\n\
         [ice_host_candidates]\n192.0.2.1 => 203.0.113.5\n\
         192.0.2.2 => 203.0.113.6,include_local_address\n",
    );
    let net = |a, b, c, prefix| Net::new(IpAddr::from([a, b, c, 0]), prefix);
    let expected = [
        AclRule::Deny(net(10, 9, 0, 16)),
        AclRule::Deny(net(10, 8, 0, 16)),
        AclRule::Permit(net(10, 8, 1, 24)),
    ];
    assert_eq!(rules(&config.rtp.ice_acl), expected);
    let rules = host_rules(&config);
    let outside: Vec<_> = rules.iter().map(|rule| rule.advertised.to_string()).collect();
    assert_eq!(outside, ["203.0.113.5", "203.0.113.6"]);
    assert!(matches!(rules[0].local_address, LocalAddress::Replaced));
    assert!(matches!(rules[1].local_address, LocalAddress::Included));
}
