//! Mistakes of published guides: each gets an explanation.

use sidetone_conf::MemorySource;

use super::{base, config, errors, load_sip, one_says, pair, warnings};
use sidetone_config::advice::{explain_firewall, firewall};
use sidetone_config::load;

/// The set-up a book describes, with all its mistakes.
const BOOK: &str = "
[transport-tls]
type=transport
protocol=tls
bind=0.0.0.0:5061
cert_file=/keys/asterisk.crt
priv_key_file=/keys/asterisk.key

[WS_PHONE_A]
type=endpoint
aors=WS_PHONE_A
auth=WS_PHONE_A
context=sets
transport=transporttls
dtls_auto_generate_cert=yes
webrtc=yes
disallow=all
allow=vp8,opus,ulaw
[WS_PHONE_A]
type=aor
max_contacts=5
[WS_PHONE_A]
type=auth
auth_type=userpass
username=WS_PHONE_A
password=spiderwrench

[WS_PHONE_B]
type=endpoint
aors=WS_PHONE_B
auth=WS_PHONE_B
context=sets
transport=transport-tls
dtls_auto_generate_cert=yes
webrtc=yes
disallow=all
allow=vp8,opus,ulaw
[WS_PHONE_B]
type=aor
max_contacts=5
[WS_PHONE_B]
type=auth
auth_type=userpass
username=WS_PHONE_B
password=arachnoid
";

fn book() -> MemorySource {
    let (cert, key) = pair();
    base()
        .with("/etc/pjsip.conf", BOOK)
        .with("/keys/asterisk.crt", cert)
        .with("/keys/asterisk.key", key)
}

#[test]
fn t1_an_unknown_transport_is_refused_with_the_name_that_was_meant() {
    let loaded = load(&book(), "/etc");
    one_says(
        &errors(&loaded),
        &["pjsip.conf:14: error: transport names 'transporttls'", "did you mean 'transport-tls'?"],
    );
    let config = config(&loaded);
    assert!(!config.endpoints.contains_key("WS_PHONE_A"));
    assert!(config.endpoints.contains_key("WS_PHONE_B"), "the others load");
    assert_eq!((loaded.summary.refused, loaded.summary.errors), (1, 1));
}

#[test]
fn t2_a_firewall_that_opens_tls_for_udp_is_explained() {
    let config = config(&load(&book(), "/etc"));
    let rules: Vec<_> = firewall(&config).iter().map(ToString::to_string).collect();
    assert_eq!(rules, ["5061/tcp", "5000-31000/udp"]);
    let found = explain_firewall(&config, &["5061/udp", "8089/tcp"]);
    one_says(&found, &["5061/tcp", "only udp is open"]);
    one_says(&found, &["5000-31000/udp", "sound and video", "not open"]);
    assert!(explain_firewall(&config, &["5000-5100/tcp", "4000:32000/udp"]).is_empty());
}

#[test]
fn t3_a_browser_is_not_pinned_to_a_transport() {
    let loaded = load(&book(), "/etc");
    one_says(&warnings(&loaded), &["'WS_PHONE_B' is pinned to 'transport-tls'", "WebSocket"]);
    let config = config(&loaded);
    assert_eq!(config.endpoints["WS_PHONE_B"].transport, None);
}

#[test]
fn t4_an_implied_option_is_called_redundant() {
    let found = warnings(&load(&book(), "/etc"));
    one_says(&found, &["pjsip.conf:34:", "dtls_auto_generate_cert", "webrtc = yes implies it"]);
}

#[test]
fn t5_a_misspelt_script_is_corrected() {
    let source = book().with(
        "/etc/http.conf",
        "[general]\nenabled=yes\nbindaddr=127.0.0.1\n; made with as_tls_cert -C pbx\n",
    );
    one_says(&warnings(&load(&source, "/etc")), &["http.conf:4:", "ast_tls_cert"]);
    let right = base().with("/etc/pjsip.conf", "; ast_tls_cert -C pbx\n");
    assert!(!warnings(&load(&right, "/etc")).iter().any(|text| text.contains("tls_cert")));
}

#[test]
fn t6_a_missing_certificate_is_named() {
    let loaded = load(&base().with("/etc/pjsip.conf", BOOK), "/etc");
    one_says(&errors(&loaded), &["pjsip.conf:6:", "'/keys/asterisk.crt'", "no such file"]);
    // What hangs on the transport says so instead of guessing another name.
    one_says(&errors(&loaded), &["transport names 'transport-tls', which was refused"]);
}

#[test]
fn t6_a_key_of_another_certificate_is_noticed() {
    let (_, other_key) = pair();
    let loaded = load(&book().with("/keys/asterisk.key", other_key), "/etc");
    one_says(&errors(&loaded), &["does not belong to the certificate '/keys/asterisk.crt'"]);
    let swapped = book().with("/keys/asterisk.crt", pair().1);
    one_says(&errors(&load(&swapped, "/etc")), &["holds no certificate"]);
}

/// RSA and ECDSA are what DTLS has; a pair of another kind is refused at load, not in the call.
#[test]
fn t6_a_key_that_dtls_does_not_have_is_refused_for_it_alone() {
    let kinds = [
        (&rcgen::PKCS_RSA_SHA256, true),
        (&rcgen::PKCS_ECDSA_P384_SHA384, true),
        (&rcgen::PKCS_ECDSA_P521_SHA512, false),
        (&rcgen::PKCS_ED25519, false),
    ];
    for (algorithm, good) in kinds {
        let key = rcgen::KeyPair::generate_for(algorithm).expect("a key");
        let made = rcgen::CertificateParams::new(vec!["pbx".to_owned()]).expect("a name");
        let made = made.self_signed(&key).expect("a certificate");
        let source = base().with("/keys/own.pem", made.pem() + &key.serialize_pem()).with(
            "/etc/pjsip.conf",
            "[a]\ntype=endpoint\nallow=ulaw\nmedia_encryption=dtls\n\
                dtls_cert_file=/keys/own.pem\n",
        );
        let found = errors(&load(&source, "/etc"));
        if good {
            assert!(found.is_empty(), "{found:?}");
        } else {
            one_says(&found, &["pjsip.conf:5:", "'/keys/own.pem' is neither ECDSA", "openssl"]);
        }
    }
}

#[test]
fn t6_authorities_are_read_and_used_only_where_they_are_asked() {
    let own = "[a]\ntype=endpoint\nallow=ulaw\nmedia_encryption=dtls\n\
        dtls_auto_generate_cert=yes\ndtls_ca_file=ca.pem\n";
    let with = |text: &str, pem: String| {
        let source = base().with("/etc/ca.pem", pem).with("/etc/pjsip.conf", text);
        load(&source, "/etc")
    };
    let asked = format!("{own}dtls_verify=yes\n");
    let loaded = with(&asked, pair().0);
    assert!(errors(&loaded).is_empty(), "{:?}", errors(&loaded));
    assert!(
        !warnings(&loaded).iter().any(|said| said.contains("dtls_")),
        "{:?}",
        warnings(&loaded)
    );
    assert_eq!(config(&loaded).endpoints["a"].dtls.ca_file, "/etc/ca.pem");
    one_says(&errors(&with(&asked, pair().1)), &["dtls_ca_file 'ca.pem' holds no certificate"]);
    one_says(&warnings(&with(own, pair().0)), &["'a' names are not asked", "dtls_verify = yes"]);
}

#[test]
fn t6_the_web_server_checks_its_pair_too() {
    let (cert, _) = pair();
    let text = "[general]\nenabled=yes\nbindaddr=0.0.0.0\ntlsenable=yes\n\
        tlscertfile=/keys/self-signed.crt\ntlsprivatekey=/keys/asterisk.key\n";
    let source = book().with("/etc/http.conf", text).with("/keys/self-signed.crt", cert);
    let loaded = load(&source, "/etc");
    one_says(&errors(&loaded), &["http.conf:6:", "does not belong"]);
    let config = config(&loaded);
    assert!(config.http.enabled && config.http.tls.is_none(), "plain HTTP goes on");
}

fn notices(loaded: &sidetone_config::Loaded) -> Vec<String> {
    super::findings(loaded, sidetone_conf::Severity::Notice)
}

#[test]
fn t7_passwords_in_clear_text_are_noted_once_per_file() {
    let found = notices(&load(&book(), "/etc"));
    one_says(
        &found,
        &["pjsip.conf: notice: passwords in clear text: 2", "'WS_PHONE_A'", "password_digest"],
    );
    let hashed = "[b]\ntype=auth\nauth_type=md5\nusername=b\n\
        md5_cred=0123456789abcdef0123456789abcdef\n";
    assert!(notices(&load_sip(hashed)).is_empty());
    // Who writes about hashes knows them.
    let knowing = book().with("/etc/pjsip.conf", format!("; password_digest some day\n{BOOK}"));
    assert!(!notices(&load(&knowing, "/etc")).iter().any(|text| text.contains("clear text")));
}

#[test]
fn t9_t14_files_that_do_less_than_guides_say_are_explained() {
    let monitor = "[general]\nstunaddr = 192.0.2.9\n";
    let source = book().with("/etc/res_stun_monitor.conf", monitor).with("/etc/hep.conf", "");
    let loaded = load(&source, "/etc");
    let words = ["res_stun_monitor.conf", "renews outbound registrations", "live calls"];
    one_says(&notices(&loaded), &words);
    let found = warnings(&loaded);
    assert!(!found.iter().any(|text| text.contains("stun_monitor")), "it is read: {found:?}");
    one_says(&found, &["hep.conf", "sngrep -E", "same address"]);
}

#[test]
fn t10_t11_statements_of_guides_in_comments_are_corrected() {
    let text = "[general]\nenabled=yes\nbindaddr=127.0.0.1\n; closing WSS fixed in 16.2.2.\n\
        ; the key for Wireshark\n";
    let found = notices(&load(&book().with("/etc/http.conf", text), "/etc"));
    one_says(&found, &["http.conf:4:", "32 seconds"]);
    one_says(&found, &["http.conf:5:", "pjsip set logger on"]);
    let other = "[general]\nenabled=yes\nbindaddr=127.0.0.1\n; 116.2.2.3 is our network\n";
    let found = notices(&load(&book().with("/etc/http.conf", other), "/etc"));
    assert!(!found.iter().any(|text| text.contains("http.conf")), "{found:?}");
}

#[test]
fn t11_suites_with_rsa_key_exchange_do_not_help_a_capture() {
    let with = |list: &str| {
        let text = BOOK.replace("priv_key_file", &format!("cipher={list}\npriv_key_file"));
        warnings(&load(&book().with("/etc/pjsip.conf", text), "/etc"))
    };
    one_says(&with("ECDHE-RSA-AES128-GCM-SHA256:AES256-SHA"), &["cipher names 'AES256-SHA'"]);
    let good = with("ECDHE-RSA-AES128-GCM-SHA256:HIGH:!aNULL:!AES128-SHA");
    assert!(!good.iter().any(|text| text.contains("cipher")), "{good:?}");
}

#[test]
fn t13_a_server_name_keeps_nobody_out() {
    let (cert, key) = pair();
    let with = |lines: &str| {
        let text = format!(
            "[general]\nenabled=yes\nbindaddr=0.0.0.0\ntlsenable=yes\n\
             tlscertfile=/k/both.pem\n{lines}\n"
        );
        let source =
            book().with("/etc/http.conf", text).with("/k/both.pem", format!("{cert}{key}"));
        notices(&load(&source, "/etc"))
    };
    one_says(
        &with("servername=pbx.example.org"),
        &["keeps nobody out", "hostname = pbx.example.org"],
    );
    for good in ["servername=Sidetone 0.1", "servername=pbx.example.org\nhostname=pbx.example.org"]
    {
        assert!(!with(good).iter().any(|text| text.contains("http.conf")), "{good}");
    }
}

#[test]
fn t15_an_error_to_options_counts_as_reachable_unless_told() {
    let trunk = "[a]\ntype=aor\ncontact=sip:192.0.2.7\nqualify_frequency=60\n";
    one_says(&notices(&load_sip(trunk)), &["for 'a' first", "qualify_2xx_only = yes"]);
    for known in ["qualify_2xx_only=yes\n", "qualify_2xx_only=no\n", "; no qualify_2xx_only here\n"]
    {
        assert!(notices(&load_sip(&format!("{trunk}{known}"))).is_empty(), "{known}");
    }
}

#[test]
fn t8_a_module_of_another_project_is_explained() {
    let text = "[modules]\nautoload=yes\nload => codec_opus_open_source.so\nload = res_srtp.so\n\
        load = chan_skinny.so\nload = codec_opus_open_source.so\nnoload = res_srtp.so\n\
        load = res_pjsip_registar.so\n";
    let loaded = load(&book().with("/etc/modules.conf", text), "/etc");
    let found = warnings(&loaded);
    assert_eq!(found.iter().filter(|text| text.contains("codec_opus_open_source")).count(), 1);
    one_says(&found, &["modules.conf:3:", "Opus is built in here"]);
    one_says(&found, &["modules.conf:5:", "'chan_skinny' is not here"]);
    one_says(&found, &["modules.conf:8:", "did you mean 'res_pjsip_registrar'?"]);
    let config = config(&loaded);
    assert_eq!(config.modules.asked_for, ["res_srtp"]);
    assert!(!config.modules.is_off("res_srtp"), "browsers need it");
    one_says(&found, &["modules.conf:7:", "'res_srtp' of noload is ignored: media_encryption"]);
}

#[test]
fn t12_chan_sip_is_gone_and_its_words_are_translated() {
    let source = book().with("/etc/sip.conf", "[general]\nudpbindaddr=0.0.0.0\n");
    one_says(&warnings(&load(&source, "/etc")), &["sip.conf: warning", "removed in Asterisk 21"]);
    let loaded = load_sip(
        "[100]\ntype=friend\nhost=dynamic\n[200]\ntype=endpoint\ncanreinvite=no\nallow=ulaw\n\
         [200]\ntype=auth\nauth_type=userpass\nusername=200\nsecret=x\n",
    );
    let found = errors(&loaded);
    one_says(&found, &["no object has type 'friend'", "chan_sip was removed"]);
    one_says(&found, &["called 'canreinvite'", "direct_media of an endpoint"]);
    one_says(&found, &["called 'secret'", "password of an auth"]);
}

#[test]
fn the_book_works_once_its_one_error_is_corrected() {
    let text = BOOK.replace("transporttls", "");
    let loaded = load(&book().with("/etc/pjsip.conf", text), "/etc");
    assert_eq!(errors(&loaded), Vec::<String>::new());
    let config = config(&loaded);
    for name in ["WS_PHONE_A", "WS_PHONE_B"] {
        let endpoint = &config.endpoints[name];
        assert_eq!(endpoint.context, "sets");
        let codecs: Vec<_> = endpoint.allow.iter().map(|codec| codec.name).collect();
        assert_eq!(codecs, ["vp8", "opus", "ulaw"]);
        assert_eq!(config.aors_of(endpoint).next().unwrap().max_contacts, 5);
        let auth = config.auths_of(endpoint).next().unwrap();
        assert_eq!(auth.username, name);
        assert!(auth.password.as_ref().unwrap().reveal().contains('r'));
        assert!(!format!("{auth:?}").contains("spiderwrench"), "passwords are not printed");
    }
}
