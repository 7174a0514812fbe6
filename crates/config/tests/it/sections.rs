//! Sections that a file does not have, in every file that has fixed ones.

use std::net::IpAddr;

use super::{UDP, base, config, errors, one_says, warnings};
use sidetone_config::{Loaded, load, reload};

fn load_with(file: &str, text: &str) -> Loaded {
    let source = base().with("/etc/pjsip.conf", UDP).with(format!("/etc/{file}"), text);
    load(&source, "/etc")
}

#[test]
fn a_section_that_a_file_does_not_have_is_named_with_the_one_that_was_meant() {
    for (file, text, written, meant) in [
        (
            "asterisk.conf",
            "[options]\nverbose=3\n[directoris]\nastlogdir=/x\n",
            "directoris",
            "ies",
        ),
        ("asterisk.conf", "; x\n\n[optons]\nmaxcalls=1\n", "optons", "options"),
        ("rtp.conf", "; x\n\n[ice_host_candidate]\n10.0.0.1 => 10.0.0.2\n", "", "candidates"),
        ("rtp.conf", "; x\n\n[genral]\nrtpstart=7000\n", "genral", "general"),
        ("logger.conf", "; x\n\n[logfles]\nconsole => notice\n", "logfles", "logfiles"),
        ("modules.conf", "; x\n\n[module]\nnoload => app_echo\n", "module", "modules"),
        ("features.conf", "; x\n\n[featuremp]\nblindxfer=#1\n", "featuremp", "featuremap"),
        ("res_stun_monitor.conf", "; x\n\n[genera]\nstunaddr=x\n", "genera", "general"),
        ("codecs.conf", "; x\n\n[opuss]\nfec=no\n", "opuss", "opus"),
    ] {
        let loaded = load_with(file, text);
        let place = format!("{file}:3:");
        let what = format!("{file} has no section [{written}");
        one_says(&warnings(&loaded), &[&place, &what, "did you mean", &format!("{meant}]")]);
    }
    let loaded = load_with("rtp.conf", "[kitchen]\n");
    one_says(&warnings(&loaded), &["[kitchen]", "[general], [ice_host_candidates]"]);
}

#[test]
fn an_option_that_a_file_does_not_have_is_named_in_every_file() {
    for (file, section, written, meant) in [
        ("asterisk.conf", "options", "maxcals", "maxcalls"),
        ("asterisk.conf", "directories", "astlogdr", "astlogdir"),
        ("http.conf", "general", "sesionlimit", "sessionlimit"),
        ("rtp.conf", "general", "rtpstrt", "rtpstart"),
        ("logger.conf", "general", "datformat", "dateformat"),
        ("features.conf", "featuremap", "blindxfr", "blindxfer"),
        ("features.conf", "general", "xfersund", "xfersound"),
        ("res_stun_monitor.conf", "general", "stunadr", "stunaddr"),
        ("codecs.conf", "plc", "genericlc", "genericplc"),
        ("musiconhold.conf", "general", "preferchanelclass", "preferchannelclass"),
        ("res_parking.conf", "default", "comebacktoorigins", "comebacktoorigin"),
    ] {
        let loaded = load_with(file, &format!("[{section}]\n{written}=1\n"));
        let place = format!("{file}:2");
        one_says(&errors(&loaded), &[&place, written, &format!("did you mean '{meant}'?")]);
    }
}

#[test]
fn a_group_of_features_names_what_there_is() {
    let loaded = load_with("features.conf", "[sales]\nnote => #9\n[empty]\n");
    one_says(&errors(&loaded), &["features.conf:2", "[sales] names 'note'"]);
    assert!(!errors(&loaded).iter().any(|text| text.contains("[empty]")));
}

#[test]
fn a_restriction_that_cannot_be_read_keeps_everybody_out() {
    let address: IpAddr = "127.0.0.1".parse().unwrap();
    let general = "[general]\nenabled=yes\nbindaddr=127.0.0.1\nenable_status=yes\n";
    for (section, words) in [
        ("[httpstatus]\ntype=restiction\npermit=127.0.0.1\n", "'type = restiction' cannot be"),
        ("[httpstatus]\npermit=127.0.0.1\n", "[httpstatus] has no type"),
        ("[httpstatus](no-such-template)\ntype=restriction\n", "no-such-template"),
        ("[httpstatus]\ntype=restriction\npermitt=127.0.0.1\n", "did you mean 'permit'?"),
    ] {
        let loaded = load_with("http.conf", &format!("{general}{section}"));
        one_says(&errors(&loaded), &["http.conf:", words]);
        one_says(&warnings(&loaded), &["http.conf:5", "nobody may ask for /httpstatus"]);
        let http = &config(&loaded).http;
        let [shut] = &http.restrictions[..] else { panic!("{:?}", http.restrictions) };
        assert!(http.enabled && shut.path == "/httpstatus", "{section}");
        assert!(!shut.acl.permits(address), "{section}");
    }
    let loaded = load_with("http.conf", "[genral]\nenabled=yes\n");
    one_says(&errors(&loaded), &["http.conf:1", "[genral]", "did you mean [general]?"]);
}

#[test]
fn templates_and_known_sections_are_no_restrictions_and_say_nothing() {
    let text = "[local](!)\ntype=restriction\npermit=127.0.0.1\ndeny=0.0.0.0/0\n\
        [General]\nenabled=yes\nbindaddr=127.0.0.1\n[httpstatus](local)\n";
    let loaded = load_with("http.conf", text);
    assert_eq!((errors(&loaded), warnings(&loaded)), (Vec::new(), Vec::new()));
    assert_eq!(config(&loaded).http.restrictions.len(), 1);
}

#[test]
fn a_restriction_that_became_bad_stays_as_it_was() {
    let with = |lines: &str| {
        let text = format!("[general]\nenabled=yes\nbindaddr=127.0.0.1\n[httpstatus]\n{lines}");
        base().with("/etc/pjsip.conf", UDP).with("/etc/http.conf", text)
    };
    let shut = "type=restriction\ndeny=0.0.0.0/0\npermit=192.0.2.0/24\n";
    let before = config(&load(&with(shut), "/etc"));
    let loaded = reload(&with(&shut.replace("restriction", "restiction")), "/etc", &before);
    one_says(&warnings(&loaded), &["http.conf stays as it was before"]);
    let http = &config(&loaded).http;
    let address = |text: &str| text.parse::<IpAddr>().unwrap();
    let [shut] = &http.restrictions[..] else { panic!("{:?}", http.restrictions) };
    assert_eq!(shut.path, "/httpstatus");
    assert!(shut.acl.permits(address("192.0.2.7")) && !shut.acl.permits(address("198.51.100.7")));
}
