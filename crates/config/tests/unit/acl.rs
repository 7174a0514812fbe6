//! Access lists: their text and whom they let in.

use super::*;
use proptest::prelude::*;

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn the_last_matching_rule_decides() {
    let mut acl = Acl::default();
    acl.add(Sense::Deny, "0.0.0.0/0,::/0").unwrap();
    acl.add(Sense::Permit, "10.0.0.0/255.0.0.0, !10.1.0.0/16").unwrap();
    assert!(acl.permits(address("10.2.0.1")));
    assert!(!acl.permits(address("10.1.0.1")));
    assert!(!acl.permits(address("192.0.2.1")));
    assert!(!acl.permits(address("2001:db8::1")));
    assert!(acl.permits(address("::ffff:10.2.0.1")), "mapped IPv4 counts as IPv4");
    assert!(Acl::default().permits(address("192.0.2.1")));
}

#[test]
fn a_wrong_block_is_named() {
    let mut acl = Acl::default();
    assert!(acl.add(Sense::Deny, "10.0.0.0/8,10.0.0/8").unwrap_err().contains("'10.0.0/8'"));
    assert!(acl.is_empty());
    assert!(Network::parse("10.0.0.0/33").is_err());
    assert!(Network::parse("10.0.0.0/255.0.255.0").is_err());
    assert!(Network::parse("10.0.0.0/ffff::").is_err());
    assert_eq!(Network::parse("[::1]").unwrap().to_string(), "::1/128");
    assert_eq!(Network::parse("10.1.2.3/255.255.0.0").unwrap().to_string(), "10.1.0.0/16");
    assert_eq!(Network::parse("fe80::1/ffff::").unwrap().to_string(), "fe80::/16");
}

proptest! {
    #[test]
    fn a_block_holds_its_own_address(bits: u32, prefix in 0u8..=32) {
        let inside = IpAddr::from(bits.to_be_bytes());
        let network = Network::parse(&format!("{inside}/{prefix}")).unwrap();
        prop_assert!(network.contains(inside));
        prop_assert_eq!(Network::parse(&network.to_string()).unwrap(), network);
    }

    #[test]
    fn any_text_is_refused_or_read(text in ".{0,40}") {
        let _ = Acl::default().add(Sense::Permit, &text);
    }
}
