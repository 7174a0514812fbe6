//! The timers, protections and candidates of a media leg, from `rtp.conf` and its endpoint.

use std::time::Duration;

use sidetone_config::acl::AclSet;
use sidetone_config::objects::rtp::StrictRtp as ConfiguredStrict;
use sidetone_config::{Config, DtlsFingerprint, Endpoint, MediaEncryption};
use sidetone_media::candidates::LocalAddress;
use sidetone_media::{AclRule, FingerprintHash, HostRule, Net, RtpSettings, StrictRtp};

use crate::{codec, dtmf};

/// `[ice_host_candidates]` of rtp.conf.
#[must_use]
pub fn host_rules(config: &Config) -> Vec<HostRule> {
    let rules = config.rtp.ice_host_candidates.iter();
    let rule = rules.map(|rule| HostRule {
        local: rule.local,
        advertised: rule.advertised,
        local_address: match rule.include_local {
            true => LocalAddress::Included,
            false => LocalAddress::Replaced,
        },
    });
    rule.collect()
}

/// The lines of a list of addresses, in order.
#[must_use]
pub fn rules(acl: &AclSet) -> Vec<AclRule> {
    acl.lists
        .iter()
        .flat_map(|list| &list.rules)
        .map(|(sense, net)| {
            let net = Net::new(net.address, net.prefix);
            match sense {
                sidetone_config::acl::Sense::Permit => AclRule::Permit(net),
                sidetone_config::acl::Sense::Deny => AclRule::Deny(net),
            }
        })
        .collect()
}

/// What a leg of this endpoint obeys.
#[must_use]
pub fn rtp_settings(config: &Config, endpoint: &Endpoint) -> RtpSettings {
    let rtp = &config.rtp;
    let seconds = |s: u32| (s > 0).then(|| Duration::from_secs(s.into()));
    RtpSettings {
        strict: match rtp.strict {
            ConfiguredStrict::No => StrictRtp::No,
            ConfiguredStrict::Yes => StrictRtp::Yes,
            ConfiguredStrict::Sequence => StrictRtp::SequenceOnly,
        },
        probation: rtp.probation.into(),
        replay_protection: rtp.srtp_replay_protection,
        encrypted: endpoint.media_encryption == MediaEncryption::Dtls
            && (endpoint.webrtc || !endpoint.media_encryption_optimistic),
        rtcp_interval: rtp.rtcp_interval,
        dtls_mtu: rtp.dtls_mtu,
        dtls_fingerprint: match endpoint.dtls.fingerprint {
            DtlsFingerprint::Sha256 => FingerprintHash::Sha256,
            DtlsFingerprint::Sha1 => FingerprintHash::Sha1,
        },
        dtmf: dtmf(config, endpoint.dtmf_mode),
        timeout: seconds(endpoint.rtp_timeout_s),
        timeout_hold: seconds(endpoint.rtp_timeout_hold_s),
        keepalive: seconds(endpoint.rtp_keepalive_s),
        symmetric: endpoint.rtp_symmetric,
        symmetric_fax: endpoint.fax.symmetric,
        codecs: codec::settings(&config.codecs, endpoint),
        ..RtpSettings::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sidetone_conf::MemorySource;
    use sidetone_media::WithoutEvents;
    use sidetone_ua::settings::TimerMode;
    use std::net::IpAddr;
    use std::sync::Arc;

    fn load(rtp: &str) -> Arc<Config> {
        load_with(rtp, "")
    }

    fn load_with(rtp: &str, endpoint: &str) -> Arc<Config> {
        let pjsip = format!(
            "[udp]\ntype=transport\nprotocol=udp\nbind=127.0.0.1\n\
             [a]\ntype=endpoint\nallow=ulaw,vp8\n{endpoint}"
        );
        let source = MemorySource::new()
            .with("/etc/extensions.conf", "[default]\n")
            .with("/etc/acl.conf", "[vpn]\ndeny=10.9.0.0/16\n")
            .with("/etc/pjsip.conf", pjsip.as_str())
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

    #[test]
    fn what_an_endpoint_says_of_encryption_fax_keys_and_timers_reaches_its_calls() {
        let of = |lines: &str| load_with("", lines).endpoints["a"].clone();
        let config = load("");
        let fax = |lines: &str| rtp_settings(&config, &of(lines)).symmetric_fax;
        let clear = |lines: &str| !rtp_settings(&config, &of(lines)).encrypted;
        let dtls = "media_encryption=dtls\ndtls_auto_generate_cert=yes\n";
        let optimistic = format!("{dtls}media_encryption_optimistic=yes\n");
        assert_eq!([clear(dtls), clear("webrtc=yes\n"), clear(&optimistic)], [false, false, true]);
        assert_eq!([fax(""), fax("t38_udptl=yes\nt38_udptl_nat=yes\n")], [false, true]);
        let keys = |mode: &str| {
            let endpoint = of(&format!("dtmf_mode={mode}\n"));
            rtp_settings(&config, &endpoint).dtmf.without_events
        };
        assert_eq!(keys("inband"), WithoutEvents::Tones);
        assert_eq!(keys("info"), WithoutEvents::Signalling);
        assert_eq!(keys("none"), WithoutEvents::Nothing);
        let timers = |lines: &str| crate::session::timers(&of(lines));
        for (word, mode) in [
            ("no", TimerMode::Off),
            ("yes", TimerMode::Accept),
            ("required", TimerMode::Require),
            ("always", TimerMode::Always),
        ] {
            assert_eq!(timers(&format!("timers={word}\n")).mode, mode);
        }
        let set = timers("timers_min_se=120\ntimers_sess_expires=600\n");
        assert_eq!((set.min_se_s, set.interval_s), (120, 600));
    }

    #[test]
    fn browsers_alone_are_offered_retransmission_on_a_source_of_its_own() {
        let rtx = |lines: &str| {
            let config = load_with("", lines);
            crate::capabilities(&config, &config.endpoints["a"]).rtx
        };
        assert_eq!([rtx("webrtc=yes\n"), rtx("use_avpf=yes\n")], [true, false]);
    }
}
