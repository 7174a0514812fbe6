//! Objects of pjsip.conf: what they mean and what is refused.

use std::net::IpAddr;
use std::time::Duration;

use super::{UDP, base, config, errors, findings, load_sip, one_says, warnings};
use sidetone_conf::MemorySource;
use sidetone_config::objects::codecs::MediaKind;
use sidetone_config::objects::identify::Source;
use sidetone_config::tables::endpoint::ENDPOINT;
use sidetone_config::{
    AuthType, CallerId, CallerIdPrivacy, DigestAlgorithm, DtlsFingerprint, DtlsSetup, DtlsVerify,
    DtmfMode, Host, Identifier, IdentifyBy, MediaEncryption, Reliable, SessionTimers, load,
};

#[test]
fn an_endpoint_has_the_published_defaults() {
    let loaded = load_sip("[a]\ntype=endpoint\nallow=ulaw\n");
    assert_eq!(errors(&loaded), Vec::<String>::new());
    let config = config(&loaded);
    let a = &config.endpoints["a"];
    assert_eq!(a.context, "default");
    assert_eq!(a.identify_by, [IdentifyBy::Username, IdentifyBy::Ip]);
    assert_eq!((a.max_audio_streams, a.max_video_streams), (1, 1));
    assert_eq!(a.media_encryption, MediaEncryption::None);
    assert_eq!(a.reliable_provisional, Reliable::Yes);
    assert_eq!(a.timers.mode, SessionTimers::Yes);
    assert_eq!((a.timers.min_se_s, a.timers.session_expires_s), (90, 1800));
    assert_eq!(a.dtmf_mode, DtmfMode::Rfc4733);
    assert_eq!(a.callerid_privacy, CallerIdPrivacy::AllowedNotScreened);
    assert!(a.force_rport && a.allow_transfer && a.allow_overlap);
    assert!(!a.rtp_symmetric && !a.ice_support && !a.rewrite_contact && a.acl.is_empty());
    assert_eq!(a.rtp_ports, None);
    let system = &config.system;
    assert_eq!((system.timer_t1, system.timer_b.as_secs()), (Duration::from_millis(500), 32));
    let global = &config.global;
    assert_eq!((global.max_forwards, global.keep_alive_interval_s), (70, 90));
    assert_eq!(
        global.endpoint_identifier_order,
        [Identifier::Ip, Identifier::Username, Identifier::Anonymous]
    );
    assert_eq!(global.default_algorithms_uas, [DigestAlgorithm::Md5]);
}

#[test]
fn webrtc_implies_what_a_browser_needs() {
    let loaded = load_sip(
        "[a]\ntype=endpoint\nwebrtc=yes\nallow=opus\nice_support=no\nforce_avp=yes\n\
         media_encryption=sdes\nrtcp_mux=true\n",
    );
    let found = warnings(&loaded);
    one_says(&found, &["'ice_support = no' gives way"]);
    one_says(&found, &["'media_encryption = sdes' gives way", "media_encryption = dtls"]);
    one_says(&found, &["force_avp"]);
    assert!(!found.iter().any(|text| text.contains("rtcp_mux")));
    let config = config(&loaded);
    let a = &config.endpoints["a"];
    assert!(a.bundle && a.rtcp_mux && a.use_avpf && a.ice_support && !a.force_avp);
    assert!(a.media_use_received_transport);
    assert_eq!(a.media_encryption, MediaEncryption::Dtls);
    assert_eq!((a.dtls.setup, a.dtls.verify), (DtlsSetup::ActPass, DtlsVerify::Fingerprint));
    assert_eq!((a.dtls.rekey_s, a.dtls.certificate.is_none()), (0, true));
    let shown = a.settings.shown(&ENDPOINT);
    let get = |name: &str| &*shown.iter().find(|(option, _)| *option == name).unwrap().1;
    assert_eq!(get("bundle"), "true");
    assert_eq!(get("dtls_auto_generate_cert"), "yes");
    assert_eq!(get("ice_support"), "true");
    assert_eq!(get("allow"), "(opus)");
    assert_eq!(get("100rel"), "yes");
    assert_eq!(get("webrtc"), "yes");
}

#[test]
fn options_of_an_endpoint_are_typed() {
    let loaded = load_sip(
        "[a]\ntype=endpoint\nallow=opus,ulaw:20,vp8,h264\ncallerid=\"Ann\" <100>\n\
         set_var=X=1\nset_var=Y=a=b\ncall_group=1,3-5\nrtp_port_start=4000\nrtp_port_end=4100\n\
         identify_by=auth_username,username\ntos_audio=ef\noutbound_proxy=sip:p.example\\;lr\n\
         media_address=2001:db8::1\ndeny=0.0.0.0/0\npermit=10.0.0.0/8,!10.1.0.0/16\n\
         timers=forced\n100rel=peer_supported\n",
    );
    assert_eq!(errors(&loaded), Vec::<String>::new());
    let config = config(&loaded);
    let a = &config.endpoints["a"];
    assert_eq!(a.codecs(MediaKind::Video).map(|c| c.name).collect::<Vec<_>>(), ["vp8", "h264"]);
    assert_eq!(a.allow[1].packet_ms, Some(20));
    assert_eq!(a.callerid.as_ref().unwrap().number, "100");
    assert_eq!(a.set_var, [("X".into(), "1".into()), ("Y".into(), "a=b".into())]);
    assert_eq!(a.groups.call, 0b11_1010);
    assert_eq!(a.rtp_ports, Some(4000..=4100));
    assert_eq!(a.identify_by, [IdentifyBy::AuthUsername, IdentifyBy::Username]);
    assert_eq!(a.outbound_proxy.as_deref(), Some("sip:p.example;lr"));
    assert_eq!(a.timers.mode, SessionTimers::Always);
    assert_eq!(a.reliable_provisional, Reliable::PeerSupported);
    let permits = |text: &str| a.acl.permits(text.parse::<IpAddr>().unwrap());
    assert!(permits("10.2.0.1") && !permits("10.1.0.1") && !permits("192.0.2.1"));
    assert_eq!(a.settings.text("set_var"), Some("X=1,Y=a=b"));
}

#[test]
fn wrong_values_refuse_only_their_object() {
    for (line, words) in [
        ("allow=oups", vec!["no codec is called 'oups'", "did you mean 'opus'?"]),
        ("rtp_timeout=soon", vec!["'rtp_timeout = soon'", "a whole number"]),
        ("dtmf_mode=rfc2833", vec!["dtmf_mode", "rfc4733"]),
        ("webrtc=maybe", vec!["'webrtc = maybe'", "yes or no"]),
        ("ice_suport=yes", vec!["called 'ice_suport'", "did you mean 'ice_support'?"]),
        ("aors=b", vec!["aors names 'b'", "does not exist"]),
        ("auth=b", vec!["auth names 'b'"]),
        ("acl=office", vec!["acl names the list 'office'", "acl.conf"]),
        ("permit=10.0.0/8", vec!["'10.0.0/8' is no address block"]),
        ("media_address=example.com", vec!["is no IP address"]),
        ("outbound_proxy=p.example", vec!["is no SIP URI", "sip:host"]),
        ("set_var=X", vec!["sets no variable"]),
        ("call_group=64", vec!["'64' is no group number"]),
        ("media_encryption=dtls", vec!["no certificate", "dtls_auto_generate_cert = yes"]),
        ("timers_sess_expires=60", vec!["90 to 86400"]),
        ("rtp_port_start=9000", vec!["make no range"]),
        ("dtls_cert_file=/none.pem", vec!["'/none.pem': no such file"]),
        ("dtls_ca_file=/none.pem", vec!["dtls_ca_file '/none.pem': no such file"]),
    ] {
        let loaded =
            load_sip(&format!("[bad]\ntype=endpoint\n{line}\n[good]\ntype=endpoint\nallow=ulaw\n"));
        let found = errors(&loaded);
        let fits = |text: &String| words.iter().all(|word| text.contains(word));
        assert!(found.iter().any(fits), "{line}: {words:?} in {found:#?}");
        assert!(found.iter().all(|text| text.starts_with("pjsip.conf:")), "{found:?}");
        let config = config(&loaded);
        assert!(config.endpoints.contains_key("good") && !config.endpoints.contains_key("bad"));
        one_says(&warnings(&loaded), &["endpoint 'bad' is not loaded"]);
    }
}

#[test]
fn going_without_the_fingerprint_is_warned_of_and_no_choice_of_a_browser() {
    let own = "media_encryption=dtls\ndtls_auto_generate_cert=yes\n";
    let stories = [
        (own, "", DtlsVerify::Fingerprint, None),
        (own, "dtls_verify=fingerprint", DtlsVerify::Fingerprint, None),
        (own, "dtls_verify=no", DtlsVerify::No, Some("whoever is in the media path can listen")),
        (own, "dtls_verify=certificate", DtlsVerify::Certificate, Some("authorities of the sys")),
        (own, "dtls_verify=yes", DtlsVerify::Both, Some("authorities of the system")),
        ("", "dtls_verify=no", DtlsVerify::No, Some("does nothing")),
        ("webrtc=yes\n", "dtls_verify=no", DtlsVerify::Fingerprint, Some("gives way to webrtc")),
    ];
    for (more, line, expected, words) in stories {
        let text = format!("[a]\ntype=endpoint\nallow=ulaw\n{more}{line}\n");
        let loaded = load_sip(&text);
        assert_eq!(config(&loaded).endpoints["a"].dtls.verify, expected, "{text}");
        let found = warnings(&loaded);
        let about = found.iter().filter(|said| said.contains("dtls_verify")).collect::<Vec<_>>();
        assert_eq!(about.len(), usize::from(words.is_some()), "{text}: {found:#?}");
        assert!(words.is_none_or(|words| about[0].contains(words)), "{found:#?}");
    }
    let loaded =
        load_sip(&format!("[a]\ntype=endpoint\nallow=ulaw\n{own}dtls_fingerprint=SHA-1\n"));
    assert_eq!(config(&loaded).endpoints["a"].dtls.fingerprint, DtlsFingerprint::Sha1);
    assert!(!warnings(&loaded).iter().any(|said| said.contains("dtls_fingerprint")));
}

#[test]
fn options_without_effect_are_reported_once_however_many_set_them() {
    let mut text = String::from("[t](!)\ntype=endpoint\nallow=ulaw\nfax_detect=yes\n");
    for name in 0..50 {
        text.push_str(&format!("[{name}](t)\nsend_aoc=yes\nt38_udptl=no\n"));
    }
    let loaded = load_sip(&text);
    let found = warnings(&loaded);
    one_says(&found, &["'fax_detect' of endpoint is ignored: no application", "pjsip.conf:9:"]);
    one_says(&found, &["'send_aoc' of endpoint is ignored", "at 50 places"]);
    assert_eq!(loaded.summary.ignored_options, 2, "set to the default is no matter: {found:?}");
}

#[test]
fn names_to_recognise_are_looked_up_by_srv_unless_that_is_refused() {
    let text = "[e]\ntype=endpoint\nallow=ulaw\n[i]\ntype=identify\nendpoint=e\n\
        match=trunk.example,192.0.2.1\n";
    let loaded = load_sip(text);
    assert!(findings(&loaded, sidetone_conf::Severity::Notice).is_empty());
    assert!(warnings(&loaded).is_empty() && config(&loaded).identifies["i"].srv_lookups);
    let refused = load_sip(&format!("{text}srv_lookups=no\n"));
    assert!(!config(&refused).identifies["i"].srv_lookups);
}

#[test]
fn whole_objects_without_effect_are_checked_and_reported() {
    let loaded = load_sip(
        "[r]\ntype=outbound-publish\nserver_uri=sip:x.example\nevent=presence\n\
         sever_uri=sip:x\n[everyone]\ntype=acl\ndeny=0.0.0.0/0\n",
    );
    one_says(&warnings(&loaded), &["objects of type 'outbound-publish' is ignored"]);
    one_says(&errors(&loaded), &["called 'sever_uri'", "did you mean 'server_uri'?"]);
    assert_eq!(config(&loaded).sip_acl.lists.len(), 1);
}

#[test]
fn sections_without_a_known_type_are_refused() {
    let loaded = load_sip("[global]\nuser_agent=x\n[b]\ntype=endpiont\n[c](gone)\ntype=aor\n");
    let found = errors(&loaded);
    one_says(&found, &["[global] has no type", "did you mean type = global?"]);
    one_says(&found, &["no object has type 'endpiont'", "did you mean type = endpoint?"]);
    one_says(&found, &["inherits from [gone]"]);
    assert!(config(&loaded).aors.is_empty(), "half a section is not used");
}

#[test]
fn a_second_object_of_the_same_name_is_refused() {
    let loaded = load_sip("[a]\ntype=aor\nmax_contacts=1\n[a]\ntype=aor\nmax_contacts=2\n");
    one_says(&errors(&loaded), &["a second aor 'a'", "the first is at pjsip.conf:6"]);
    assert_eq!(config(&loaded).aors["a"].max_contacts, 1);
}

#[test]
fn credentials_come_as_passwords_and_hashes() {
    let md5 = "0123456789abcdef0123456789ABCDEF";
    let sha = md5.repeat(2);
    let loaded = load_sip(&format!(
        "[a]\ntype=auth\nusername=a\nrealm=r\npassword_digest=MD5:{md5}\n\
         password_digest=SHA-256:{sha}\nsupported_algorithms_uas=sha-256,md5\n\
         [b]\ntype=auth\nauth_type=md5\nusername=b\nmd5_cred={md5}\n"
    ));
    assert_eq!(errors(&loaded), Vec::<String>::new());
    one_says(&warnings(&loaded), &["auth 'b' stores a hash and names no realm"]);
    let config = config(&loaded);
    let a = &config.auths["a"];
    assert_eq!((a.auth_type, a.nonce_lifetime_s), (AuthType::Digest, 32));
    assert_eq!(a.algorithms_uas, [DigestAlgorithm::Sha256, DigestAlgorithm::Md5]);
    assert_eq!(a.digest(DigestAlgorithm::Md5).unwrap().reveal(), &md5.to_lowercase());
    assert!(a.digest(DigestAlgorithm::Sha512Half).is_none());
    assert_eq!(config.realm_of(a), "r");
    assert_eq!(config.realm_of(&config.auths["b"]), "asterisk");
}

#[test]
fn credentials_that_let_nobody_in_are_refused() {
    for (lines, words) in [
        ("auth_type=userpass\nusername=a", "has no password"),
        ("auth_type=md5\nusername=a\npassword=x", "has no md5_cred"),
        ("password=x", "has no username"),
        ("username=a\npassword_digest=MD5:12", "32 hexadecimal digits"),
        ("username=a\npassword_digest=SHA1:12", "the name of a hash"),
        ("username=a\nauth_type=google_oauth", "not supported"),
        (
            "username=a\npassword_digest=MD5:0123456789abcdef0123456789abcdef\n\
             supported_algorithms_uas=SHA-256",
            "no hash of an algorithm it lists",
        ),
    ] {
        let loaded = load_sip(&format!("[a]\ntype=auth\n{lines}\n"));
        assert!(config(&loaded).auths.is_empty(), "{lines}");
        assert!(errors(&loaded).iter().any(|text| text.contains(words)), "{lines}");
    }
}

#[test]
fn an_aor_is_checked() {
    let loaded = load_sip(
        "[a]\ntype=aor\ncontact=sip:1@h.example,sip:2@h.example\ncontact=sips:3@h\n\
         qualify_frequency=60\nqualify_timeout=1.5\n[b]\ntype=aor\ncontact=h.example\n\
         [c]\ntype=aor\n[d]\ntype=aor\nmax_contacts=1\nminimum_expiration=9000\n",
    );
    let config = config(&loaded);
    let a = &config.aors["a"];
    assert_eq!(a.contacts.len(), 3);
    assert_eq!((a.default_expiration_s, a.minimum_expiration_s), (3600, 60));
    assert_eq!(a.qualify_timeout, Duration::from_millis(1500));
    one_says(&errors(&loaded), &["'contact = h.example' is no SIP URI"]);
    one_says(&errors(&loaded), &["minimum_expiration 9000 is above"]);
    one_says(&warnings(&loaded), &["aor 'c' can never be reached"]);
}

#[test]
fn transports_are_checked() {
    let loaded = load_sip(
        "[v6]\ntype=transport\nbind=::\nexternal_media_address=203.0.113.5\n\
         external_signaling_address=pbx.example\nexternal_signaling_port=5070\n\
         local_net=10.0.0.0/8,192.168.0.0/255.255.0.0\n\
         [twin]\ntype=transport\nbind=0.0.0.0:5060\n\
         [nobind]\ntype=transport\nprotocol=tcp\n\
         [typo]\ntype=transport\nbind=0.0.0:5060\n\
         [notls]\ntype=transport\nprotocol=tls\nbind=0.0.0.0\n\
         [wss]\ntype=transport\nprotocol=wss\n",
    );
    let found = errors(&loaded);
    one_says(&found, &["transports 'transport-udp' and 'twin' both want 0.0.0.0:5060"]);
    one_says(&found, &["'nobind' has no bind", "0.0.0.0:5060"]);
    one_says(&found, &["'bind = 0.0.0:5060' is no address"]);
    one_says(&found, &["'notls' speaks TLS and has no cert_file"]);
    let config = config(&loaded);
    let v6 = &config.transports["v6"];
    assert_eq!(v6.bind.to_string(), "[::]:5060");
    assert_eq!(v6.external_signaling_address, Some(Host::Name("pbx.example".into())));
    assert_eq!(v6.external_signaling_port, Some(5070));
    let outside = |text: &str| v6.is_outside(text.parse().unwrap());
    assert!(outside("198.51.100.1") && !outside("10.1.1.1") && !outside("192.168.3.4"));
    assert_eq!(config.transports["wss"].websocket_write_timeout_ms, 100);
    assert_eq!(config.transports.len(), 3);
}

#[test]
fn senders_are_identified_by_address_header_and_uri() {
    let loaded = load_sip(
        "[p]\ntype=endpoint\nallow=ulaw\n\
         [i]\ntype=identify\nendpoint=p\nmatch=192.0.2.0/24,sip.example\nmatch=2001:db8::1\n\
         match_header=X-Account-Number: /^\\+7/\nmatch_header=X-Key:abc\n\
         [gone]\ntype=identify\nendpoint=q\nmatch=192.0.2.9\n\
         [typo]\ntype=identify\nendpoint=p\nmatch=192.0.2\n\
         [regex]\ntype=identify\nendpoint=p\nmatch_header=X: /(/\n\
         [empty]\ntype=identify\nendpoint=p\n",
    );
    let config = config(&loaded);
    let i = &config.identifies["i"];
    assert!(i.matches_address("192.0.2.77".parse().unwrap()));
    assert!(!i.matches_address("198.51.100.1".parse().unwrap()));
    assert_eq!(i.sources[1], Source::Host("sip.example".into()));
    assert!(i.headers[0].value.matches("+7495") && !i.headers[0].value.matches("495"));
    assert!(i.headers[1].value.matches("abc"));
    let found = errors(&loaded);
    one_says(&found, &["endpoint names 'q'", "did you mean 'p'?"]);
    one_says(&found, &["'192.0.2' is no address block"]);
    one_says(&found, &["match_header: regex"]);
    one_says(&found, &["'empty' recognises nothing"]);
    assert_eq!(config.identifies.len(), 1);
}

#[test]
fn named_lists_come_from_acl_conf() {
    let source = base()
        .with("/etc/acl.conf", "[office]\ndeny=0.0.0.0/0\npermit=10.0.0.0/8\n[bad]\npermit=x\n")
        .with(
            "/etc/pjsip.conf",
            format!(
                "{}[a]\ntype=endpoint\nallow=ulaw\nacl=office\ndeny=10.9.0.0/16\n\
                 [b]\ntype=endpoint\nallow=ulaw\nacl=bad\n",
                UDP
            ),
        );
    let loaded = load(&source, "/etc");
    let config = config(&loaded);
    let permits = |text: &str| config.endpoints["a"].acl.permits(text.parse().unwrap());
    assert!(permits("10.1.1.1") && !permits("10.9.1.1") && !permits("192.0.2.1"));
    one_says(&errors(&loaded), &["the list 'bad', which was refused (acl.conf:4)"]);
}

#[test]
fn codecs_this_server_lacks_are_left_out_with_a_warning() {
    let loaded = load_sip("[a]\ntype=endpoint\nallow=amr,ulaw\n[b]\ntype=endpoint\n");
    one_says(&warnings(&loaded), &["codec 'amr' is not available (patents"]);
    one_says(&warnings(&loaded), &["endpoint 'b' may use no codec", "allow = opus"]);
    assert_eq!(config(&loaded).endpoints["a"].allow.len(), 1);
    assert!(findings(&loaded, sidetone_conf::Severity::Notice).is_empty());
}

#[test]
fn the_time_to_load_grows_with_the_endpoints_and_no_faster() {
    let time_of = |count: usize| {
        let mut text = String::from(
            "[e](!)\ntype=endpoint\nwebrtc=yes\nallow=!all,opus,ulaw\n[d](!)\ntype=aor\n\
             max_contacts=1\n[l](!)\ntype=auth\nauth_type=userpass\npassword=x\n",
        );
        for n in 0..count {
            text += &format!("[{n}](e)\nauth={n}\naors={n}\n[{n}](d)\n[{n}](l)\nusername={n}\n");
        }
        let start = std::time::Instant::now();
        let loaded = load_sip(&text);
        assert_eq!(loaded.summary.endpoints, count);
        start.elapsed()
    };
    // Ten times as many take a hundred times as long where each looks at all others. How long that
    // is on a machine is the benchmark's (`start`).
    let (few, many) = (time_of(1_000), time_of(10_000));
    assert!(many < few * 40, "{few:?}, then {many:?}");
}

#[test]
fn contact_objects_are_addresses_of_their_aor() {
    let text = "[trunk]\ntype=aor\ncontact=sip:192.0.2.1\n[trunk@@b]\ntype=contact\n\
        uri=sip:192.0.2.3\n[trunk@@a]\ntype=contact\nuri=sip:192.0.2.2\nqualify_frequency=9\n\
        [door]\ntype=aor\n[door]\ntype=contact\nuri=sip:door@192.0.2.9\n";
    let loaded = load_sip(text);
    assert_eq!(errors(&loaded), Vec::<String>::new());
    one_says(&warnings(&loaded), &["'qualify_frequency' of contact is ignored", "the aor decides"]);
    assert!(!warnings(&loaded).iter().any(|line| line.contains("can never be reached")));
    let first = config(&loaded);
    let trunk = ["sip:192.0.2.1", "sip:192.0.2.2", "sip:192.0.2.3"];
    assert_eq!(first.aors["trunk"].contacts, trunk);
    assert_eq!(first.aors["door"].contacts, ["sip:door@192.0.2.9"]);

    let again = |text: &str| {
        let source = base().with("/etc/pjsip.conf", format!("{UDP}\n{text}"));
        sidetone_config::reload(&source, "/etc", &first)
    };
    let same = config(&again(text));
    assert!(std::sync::Arc::ptr_eq(&same.aors["trunk"], &first.aors["trunk"]), "nothing changed");
    let moved = config(&again(&text.replace("192.0.2.3", "192.0.2.4")));
    assert_eq!(moved.aors["trunk"].contacts[2], "sip:192.0.2.4");
    let gone = config(&again(&text.replace("[trunk@@b]\ntype=contact\nuri=sip:192.0.2.3\n", "")));
    assert_eq!(gone.aors["trunk"].contacts, trunk[..2]);
    let bad = again(&text.replace("sip:192.0.2.3", "nonsense"));
    assert_eq!(config(&bad).aors["trunk"].contacts, trunk, "it stays as it was");

    let lost = load_sip("[nobody@@a]\ntype=contact\nuri=sip:192.0.2.2\n[a]\ntype=contact\n");
    one_says(&errors(&lost), &["contact 'nobody@@a' belongs to no aor", "define an aor 'nobody'"]);
    one_says(&errors(&lost), &["contact 'a' has no uri"]);
}

#[test]
fn registrations_with_other_servers_are_checked() {
    let trunk = "[peer]\ntype=endpoint\nallow=ulaw\n[login]\ntype=auth\nusername=me\npassword=x\n\
        [r]\ntype=registration\nserver_uri=sip:sip.example\\;transport=tcp\n\
        client_uri=<sip:me@sip.example>\noutbound_auth=login\nline=yes\nendpoint=peer\n\
        contact_header_params=\\;+sip.ice\\;x=1\n\
        outbound_proxy=<sip:p1.example\\;lr>,<sip:p2.example\\;lr>\n";
    let loaded = load_sip(trunk);
    assert_eq!((errors(&loaded), warnings(&loaded)), (Vec::new(), Vec::new()));
    let config = config(&loaded);
    let r = &config.registrations["r"];
    assert_eq!(r.server_uri, "sip:sip.example;transport=tcp");
    assert_eq!(r.client_uri, "sip:me@sip.example");
    assert_eq!(r.outbound_proxy, ["sip:p1.example;lr", "sip:p2.example;lr"]);
    assert_eq!(r.contact_header_params, "+sip.ice;x=1");
    assert_eq!(r.line_endpoint.as_deref(), Some("peer"));
    assert_eq!((r.expiration_s, r.retry_interval_s, r.max_retries), (3_600, 60, 10));
    for (line, words) in [
        ("outbound_auth=logim", vec!["outbound_auth names 'logim'", "did you mean 'login'?"]),
        ("endpoint=pear", vec!["endpoint names 'pear'", "did you mean 'peer'?"]),
        ("endpoint=", vec!["line = yes marks calls", "add endpoint = name"]),
        ("transport=x", vec!["transport names 'x'"]),
        ("server_uri=sip.example", vec!["is no SIP URI", "sip:host"]),
        ("client_uri=", vec!["a registration needs client_uri", "sip:user@"]),
        ("expiration=0", vec!["'expiration = 0'", "1 to"]),
    ] {
        let loaded = load_sip(&format!("{trunk}{line}\n"));
        let found = errors(&loaded);
        let fits = |text: &String| words.iter().all(|word| text.contains(word));
        assert!(found.iter().any(fits), "{line}: {words:?} in {found:#?}");
        assert!(loaded.config.is_some_and(|config| config.registrations.is_empty()));
    }
    let loaded = load_sip(&format!("{trunk}line=no\n"));
    one_says(&warnings(&loaded), &["endpoint = peer has no effect without line = yes"]);
}

#[test]
fn words_of_dtls_cipher_that_name_no_suite_are_told_with_the_name_that_was_meant() {
    let endpoint = "[a]\ntype=endpoint\nallow=ulaw\nmedia_encryption=dtls\n\
        dtls_auto_generate_cert=yes\ndtls_cipher=";
    let told = |list: &str| warnings(&load_sip(&format!("{endpoint}{list}\n")));
    let found = told("ECDHE-RSA-AES128-GCM-SHA265:HIGH:!aNULL");
    one_says(&found, &["pjsip.conf:11:", "'ECDHE-RSA-AES128-GCM-SHA265' of dtls_cipher"]);
    one_says(&found, &["did you mean 'ECDHE-RSA-AES128-GCM-SHA256'?"]);
    one_says(&told("kitchen"), &["'kitchen'", "there are TLS_AES_128", "all suites are offered"]);
    assert!(told("ECDHE-ECDSA-AES256-GCM-SHA384:ALL:!MD5").is_empty());
}

#[test]
fn a_write_timeout_of_websockets_that_another_transport_overrides_is_named() {
    let found = |ws: &str, wss: &str| {
        let text = format!(
            "[a]\ntype=transport\nprotocol=ws\n{ws}\n[b]\ntype=transport\nprotocol=wss\n{wss}\n"
        );
        let source = MemorySource::new().with("/etc/pjsip.conf", text);
        warnings(&load(&source, "/etc"))
    };
    let words = "websocket_write_timeout is";
    let shorter = found("websocket_write_timeout=50", "");
    one_says(&shorter, &["pjsip.conf:1", "is 100 for transport 'a' too, not 50"]);
    let longer = found("websocket_write_timeout=250", "");
    one_says(&longer, &["pjsip.conf:5", "is 250 for transport 'b' too, not 100"]);
    for (ws, wss) in [("", ""), ("websocket_write_timeout=50", "websocket_write_timeout=50")] {
        let found = found(ws, wss);
        assert!(!found.iter().any(|text| text.contains(words)), "{found:?}");
    }
}

#[test]
fn options_of_an_endpoint_that_do_nothing_beside_its_others_are_named() {
    let book = |lines: &str| {
        let text = format!(
            "[t]\ntype=transport\nprotocol=udp\nbind=127.0.0.1\n[a]\ntype=endpoint\nallow=ulaw\n\
             {lines}\n"
        );
        warnings(&load(&MemorySource::new().with("/etc/pjsip.conf", text.as_str()), "/etc"))
    };
    for (line, hint) in [
        ("bundle=yes", "rtcp_mux = yes"),
        ("media_encryption_optimistic=yes", "media_encryption = sdes or dtls"),
        ("dtls_verify=no", "media_encryption = dtls"),
        ("dtls_cipher=ECDHE-ECDSA-AES128-GCM-SHA256", "media_encryption = dtls"),
        ("t38_udptl_nat=yes", "t38_udptl = yes"),
        ("t38_udptl_maxdatagram=400", "t38_udptl = yes"),
    ] {
        let option = line.split('=').next().unwrap();
        let words = format!("'{option}' of endpoint 'a' does nothing");
        one_says(&book(line), &["pjsip.conf:8:", &words, hint]);
    }
    one_says(&book("timers=no\ntimers_min_se=100"), &["'timers_min_se'", "does nothing"]);
    for lines in [
        "bundle=yes\nrtcp_mux=yes",
        "bundle=no",
        "webrtc=yes\ndtls_cipher=ECDHE-ECDSA-AES128-GCM-SHA256",
        "media_encryption=sdes\nmedia_encryption_optimistic=yes",
        "timers=yes\ntimers_min_se=100",
        "t38_udptl=yes\nt38_udptl_nat=yes",
    ] {
        let found = book(lines);
        assert!(!found.iter().any(|text| text.contains("does nothing")), "{lines}: {found:?}");
    }
}

#[test]
fn options_that_do_nothing_with_the_protocol_of_a_transport_are_named() {
    let book = |text: &str| {
        let source = MemorySource::new().with("/etc/pjsip.conf", text);
        warnings(&load(&source, "/etc"))
    };
    let head = "[t]\ntype=transport\nbind=127.0.0.1\n";
    for (lines, option, hint) in [
        ("protocol=udp\ncert_file=/x.pem", "cert_file", "protocol = tls"),
        ("protocol=tcp\nverify_client=yes", "verify_client", "protocol = tls"),
        ("protocol=wss\npriv_key_file=/x.key", "priv_key_file", "http.conf"),
        ("protocol=ws\ntos=cs3", "tos", "http.conf"),
        ("protocol=wss\ntcp_keepalive_enable=yes", "tcp_keepalive_enable", "http.conf"),
        ("protocol=udp\ntcp_keepalive_idle_time=9", "tcp_keepalive_idle_time", "tcp and tls"),
        ("protocol=udp\nwebsocket_write_timeout=200", "websocket_write_timeout", "ws and wss"),
    ] {
        let found = book(&format!("{head}{lines}\n"));
        let place = "pjsip.conf:5:";
        one_says(&found, &[place, option, "'t' does nothing", hint]);
    }
    for lines in ["protocol=udp\ntos=cs3", "protocol=tcp\ntcp_keepalive_enable=yes", "protocol=wss"]
    {
        let found = book(&format!("{head}{lines}\n"));
        assert!(!found.iter().any(|text| text.contains("does nothing")), "{lines}: {found:?}");
    }
}

/// What stands in the section replaces what its template says; an empty line takes it away.
#[test]
fn the_lists_of_a_template_do_not_add_to_those_of_its_section() {
    let loaded = load_sip(
        "[office](!)\ntype=endpoint\nallow=ulaw\ncall_group=1\npickup_group=1-3\n\
         named_pickup_group=sales\nauth=shared\naors=office\n\
         [a](office)\ncall_group=6\npickup_group=\nnamed_pickup_group=stock,post\nauth=a\n\
         aors=a\n[b](office)\n[shared]\ntype=auth\nusername=s\npassword=one\n[a]\ntype=auth\nusername=a\n\
         password=two\n[office]\ntype=aor\n[a]\ntype=aor\n",
    );
    assert_eq!(errors(&loaded), Vec::<String>::new());
    let config = config(&loaded);
    let (a, b) = (&config.endpoints["a"], &config.endpoints["b"]);
    assert_eq!((a.groups.call, a.groups.pickup), (1 << 6, 0));
    assert_eq!(a.groups.named_pickup, ["stock", "post"]);
    assert_eq!((a.auth.clone(), a.aors.clone()), (vec!["a".to_owned()], vec!["a".to_owned()]));
    assert_eq!((b.groups.call, b.groups.pickup), (1 << 1, 0b1110));
    assert_eq!(b.auth, ["shared"]);
}

#[test]
fn caller_ids_are_read_in_every_form() {
    for (text, name, number) in [
        ("\"Phone A\" <100>", "Phone A", "100"),
        ("Phone A <100>", "Phone A", "100"),
        ("<100>", "", "100"),
        ("+49 30 123", "", "+49 30 123"),
        ("Alice", "Alice", ""),
        ("\"A\" <1", "A", "1"),
    ] {
        let expected = CallerId { name: name.into(), number: number.into() };
        assert_eq!(CallerId::parse(text), expected, "{text}");
    }
}
