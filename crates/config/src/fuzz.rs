//! Entry point for the fuzzer.

use sidetone_conf::MemorySource;

/// Loads arbitrary bytes as pjsip.conf, http.conf, rtp.conf and the rest, and checks that loading
/// twice gives the same and that a reload of the same text changes nothing.
pub fn fuzz_config(data: &[u8]) {
    let mut source = MemorySource::new();
    for name in [
        "asterisk",
        "pjsip",
        "http",
        "rtp",
        "codecs",
        "routes",
        "logger",
        "acl",
        "modules",
        "res_parking",
        "features",
        "extensions",
    ] {
        source.set(format!("/etc/{name}.conf"), data);
    }
    let first = crate::load(&source, "/etc");
    let Some(config) = first.config else { return };
    let second = crate::reload(&source, "/etc", &config);
    let Some(again) = second.config else { unreachable!("the same text was usable before") };
    assert!(crate::diff(&config, &again).is_empty(), "equal texts give equal snapshots");
}
