//! `modules.conf`: what it leaves out, and what it cannot.

use sidetone_conf::{MemorySource, Severity};
use sidetone_config::load;

use crate::{UDP, base, config, findings, one_says, warnings};

fn book() -> MemorySource {
    base().with("/etc/pjsip.conf", UDP)
}

fn loaded(lines: &str) -> sidetone_config::Loaded {
    load(&book().with("/etc/modules.conf", format!("[modules]\n{lines}\n")), "/etc")
}

#[test]
fn noload_switches_off_applications_functions_and_codecs_with_file_and_line() {
    let loaded = loaded(
        "load => app_echo.so\nnoload => app_echo.so\nnoload = func_cut\nnoload => codec_g726.so\n\
         noload => chan_skinny.so",
    );
    assert!(warnings(&loaded).is_empty(), "{:?}", warnings(&loaded));
    let modules = &config(&loaded).modules;
    let off = |why: Option<String>| why.expect("it is off");
    assert_eq!(
        off(modules.application_off("ECHO")),
        "Echo is switched off by noload in modules.conf:3"
    );
    assert_eq!(off(modules.function_off("CUT")), "CUT is switched off by noload in modules.conf:4");
    assert_eq!(modules.codec_off("g726aal2"), Some("by noload in modules.conf:5"));
    assert!(modules.application_off("Dial").is_none() && modules.function_off("LEN").is_none());
    assert!(modules.codec_off("ulaw").is_none());
}

#[test]
fn what_cannot_be_left_out_says_why() {
    let loaded = loaded("noload => chan_pjsip.so\nnoload => res_rtp_asterisk.so");
    let found = warnings(&loaded);
    one_says(&found, &["modules.conf:2:", "'chan_pjsip' of noload is ignored: without it nobody"]);
    one_says(&found, &["modules.conf:3:", "'res_rtp_asterisk' of noload is ignored"]);
    assert!(config(&loaded).modules.function_off("PJSIP_MEDIA_OFFER").is_none());
}

#[test]
fn autoload_no_leaves_what_is_listed_with_what_it_needs_and_all_codecs() {
    let loaded = loaded(
        "autoload = no\nload => chan_pjsip.so\nload => app_dial.so\n\
         require => res_pjsip_registrar.so\nload => res_pjsip_transport_websocket.so",
    );
    one_says(
        &findings(&loaded, Severity::Notice),
        &["modules.conf:2:", "that no line loads are switched off"],
    );
    let modules = &config(&loaded).modules;
    for on in ["app_dial", "res_pjsip_registrar", "res_http_websocket", "res_rtp_asterisk"] {
        assert!(!modules.is_off(on), "{on}");
    }
    assert!(modules.codec_off("opus").is_none(), "a codec passes without its module");
    assert_eq!(
        modules.application_off("Echo").expect("it is off"),
        "Echo is switched off by autoload = no in modules.conf:2 without load => app_echo.so"
    );
    assert!(modules.application_off("Hangup").is_none(), "it is part of the core");
}

#[test]
fn autoload_no_with_nobody_to_call_is_ignored_and_said() {
    let loaded = loaded("autoload = no\nload => app_dial.so");
    one_says(&warnings(&loaded), &["modules.conf:2:", "no line loads chan_pjsip"]);
    assert!(!config(&loaded).modules.is_off("app_echo"));
    let wrong = self::loaded("autoload = perhaps");
    one_says(&warnings(&wrong), &["modules.conf:2:", "autoload is yes or no, not 'perhaps'"]);
}

#[test]
fn an_endpoint_without_a_codec_that_is_there_is_named() {
    let sip = "[u]\ntype=transport\nbind=127.0.0.1\n\
        [a]\ntype=endpoint\ncontext=x\ndisallow=all\nallow=opus,vp8\n\
        [b]\ntype=endpoint\ncontext=x\ndisallow=all\nallow=opus,ulaw\n";
    let source = book()
        .with("/etc/pjsip.conf", sip)
        .with("/etc/modules.conf", "[modules]\nnoload => codec_opus.so\n");
    one_says(&warnings(&load(&source, "/etc")), &["1 endpoints are left without", "'a' first"]);
}

#[test]
fn registrations_and_the_watch_on_our_address_are_left_out() {
    let sip = "[u]\ntype=transport\nbind=127.0.0.1\n\
        [r]\ntype=registration\nserver_uri=sip:192.0.2.9\nclient_uri=sip:me@192.0.2.9\n";
    let source = book()
        .with("/etc/pjsip.conf", sip)
        .with("/etc/res_stun_monitor.conf", "[general]\nstunaddr = 192.0.2.9\n");
    let on = load(&source, "/etc");
    assert_eq!(config(&on).registrations.len(), 1);
    assert!(config(&on).stun_monitor.server.is_some());
    let lines = "[modules]\nnoload => res_pjsip_outbound_registration.so\n\
        noload => res_stun_monitor.so\n";
    let mut source = source.with("/etc/modules.conf", lines);
    let off = load(&source, "/etc");
    one_says(&warnings(&off), &["1 registrations are not made", "by noload in modules.conf:2"]);
    assert!(config(&off).registrations.is_empty());
    assert!(config(&off).stun_monitor.server.is_none());
    source.set("/etc/modules.conf", "[modules]\n");
    let back = sidetone_config::reload(&source, "/etc", &config(&off));
    assert_eq!(config(&back).registrations.len(), 1, "a reload brings them back");
}
