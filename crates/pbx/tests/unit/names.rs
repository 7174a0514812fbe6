//! Tests of `pbx/src/exchange/names.rs`.

use super::*;
use sidetone_conf::MemorySource;

#[tokio::test]
async fn names_are_looked_up_and_kept_when_that_fails() {
    let text = "[u]\ntype=transport\nbind=127.0.0.1\nexternal_media_address=localhost\n\
        local_net=10.0.0.0/8\n\
        [a]\ntype=aor\ncontact=sip:gone.invalid\n[e]\ntype=endpoint\naors=a\nallow=ulaw\n\
        [i]\ntype=identify\nendpoint=e\nmatch=peer.invalid,192.0.2.1\n";
    let source = MemorySource::new().with("/etc/pjsip.conf", text);
    let config = sidetone_config::load(&source, "/etc").config.expect("a configuration");
    let names: Vec<String> = wanted(&config).into_iter().collect();
    assert_eq!(names, ["gone.invalid", "localhost", "peer.invalid"]);
    let before: IpAddr = "192.0.2.7".parse().expect("an address");
    let known = Names::from([("peer.invalid".to_owned(), vec![before])]);
    let found = resolve(&config, &known).await;
    assert!(found["localhost"].iter().all(IpAddr::is_loopback), "{found:?}");
    assert_eq!(found["peer.invalid"], [before]);
    assert!(!found.contains_key("gone.invalid"));
}
