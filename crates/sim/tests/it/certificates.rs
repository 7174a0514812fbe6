//! The certificates browsers are shown.

use std::time::SystemTime;

use sidetone_media::Certificate;
use sidetone_net::selfsigned::{SelfSignedRequest, ensure};
use sidetone_net::tls::{TlsSettings, load_pair};
use sidetone_sim::{Configuration, Line, Manner, Media, Phone, Weather, World, secs};

use super::{registered, tell};

/// A call of a browser until it talks; the fingerprints in the answer.
async fn fingerprints(world: &World, wendy: &Phone) -> Vec<String> {
    wendy.dial("600").await;
    world.run_until("wendy hears herself", secs(20), |_| wendy.is_talking()).await;
    let answers = wendy.call().answers;
    wendy.hang_up().await;
    world.run_until("it is over", secs(5), |_| wendy.is_over()).await;
    let lines = answers.iter().flat_map(|answer| answer.lines());
    let found = lines.filter_map(|line| line.strip_prefix("a=fingerprint:"));
    let mut found: Vec<String> = found.map(str::to_owned).collect();
    found.dedup();
    found
}

#[test]
fn each_call_of_a_browser_shows_a_certificate_of_its_own() {
    tell(1, Weather::CLEAR, &Configuration::default(), async |world: World| {
        let wendy = registered(&world, "wendy", Line::WebSocket).await;
        let first = fingerprints(&world, &wendy).await;
        let second = fingerprints(&world, &wendy).await;
        assert!(first.len() == 1 && first[0].starts_with("sha-256 "), "{first:?}");
        assert_eq!(second.len(), 1);
        assert_ne!(first, second);
        world.assert_no_leaks().await;
    });
}

#[test]
fn a_certificate_from_a_file_is_shown_in_every_call() {
    let folder = std::env::temp_dir().join(format!("sidetone-sim-{}", std::process::id()));
    let request = SelfSignedRequest::for_this_host(&folder);
    let made = ensure(&request, SystemTime::now()).expect("a folder to write to");
    let option = format!(
        "dtls_cert_file = {}\ndtls_private_key = {}",
        made.cert_file.display(),
        made.key_file.display()
    );
    let mut configuration = Configuration::default();
    configuration.files = [&made.cert_file, &made.key_file]
        .map(|file| (file.display().to_string(), std::fs::read_to_string(file).expect("made now")))
        .into();
    configuration.pjsip =
        configuration.pjsip.replace("webrtc = yes", &format!("webrtc = yes\n{option}"));
    tell(1, Weather::CLEAR, &configuration, async |world: World| {
        let wendy = registered(&world, "wendy", Line::WebSocket).await;
        let first = fingerprints(&world, &wendy).await;
        assert_eq!(first.len(), 1, "{first:?}");
        assert_eq!(first, fingerprints(&world, &wendy).await);
        world.assert_no_leaks().await;
    });
    std::fs::remove_dir_all(&folder).expect("the folder is ours");
}

/// Bob's phone speaks DTLS, under what these lines say of it.
fn dtls(lines: &str) -> Configuration {
    let bob = "[bob](phone)\n";
    let mut configuration = Configuration::default();
    let lines = format!("media_encryption = dtls\ndtls_auto_generate_cert = yes\n{lines}\n");
    configuration.pjsip = configuration.pjsip.replace(bob, &format!("{bob}{lines}"));
    configuration
}

/// Alice calls bob; whether they talk in the end, the INVITE that bob saw and what his leg said.
async fn called(world: &World, media: Media) -> (bool, String, String) {
    called_as(world, media, None).await
}

/// The same to a phone that shows this certificate.
async fn called_as(
    world: &World,
    media: Media,
    shown: Option<Certificate>,
) -> (bool, String, String) {
    let alice = registered(world, "alice", Line::Udp).await;
    let bob = registered(world, "bob", Line::Udp).await;
    bob.will_want(media).await;
    if let Some(certificate) = shown {
        bob.will_show(certificate).await;
    }
    bob.will(Manner::Answer(secs(1))).await;
    alice.dial("bob").await;
    let decided = |world: &World| world.talking(&alice, &bob) || alice.is_over();
    world.run_until("they talk, or it ends", secs(60), decided).await;
    world.run_for(secs(3)).await;
    let talk = world.talking(&alice, &bob);
    let said = world.ladder().into_iter().filter(|line| line.contains(" DTLS failed: "));
    let end = (talk, bob.call().invite, said.collect::<Vec<_>>().join("\n"));
    alice.hang_up().await;
    world.run_until("it is over", secs(35), World::is_quiet).await;
    world.assert_no_leaks().await;
    end
}

#[test]
fn our_offer_takes_the_role_and_the_hash_of_the_endpoint() {
    for (option, line) in [
        ("dtls_setup = active", "a=setup:active\r\n"),
        ("dtls_setup = passive", "a=setup:passive\r\n"),
        ("dtls_setup = actpass", "a=setup:actpass\r\n"),
        ("dtls_fingerprint = SHA-1", "a=fingerprint:sha-1 "),
        ("dtls_fingerprint = SHA-256", "a=fingerprint:sha-256 "),
    ] {
        tell(1, Weather::CLEAR, &dtls(option), async |world: World| {
            let (talk, invite, said) = called(&world, Media::Dtls).await;
            assert!(talk, "{option}: {said}");
            assert!(invite.contains(line), "{option}: {invite}");
        });
    }
}

#[test]
fn only_suites_of_the_endpoint_are_agreed_on() {
    for (list, meet) in [
        ("ECDHE-ECDSA-AES256-GCM-SHA384:TLS_AES_256_GCM_SHA384", true),
        // One is left, without those of TLS 1.3, and neither side has a key for it.
        ("TLS_AES_256_GCM_SHA384:!TLS_AES_256_GCM_SHA384:ECDHE-RSA-AES256-GCM-SHA384", false),
    ] {
        tell(1, Weather::CLEAR, &dtls(&format!("dtls_cipher = {list}")), async |world: World| {
            let (talk, _, said) = called(&world, Media::Dtls).await;
            assert_eq!(talk, meet, "{list}: {said}");
        });
    }
}

#[test]
fn only_phones_that_an_authority_of_the_endpoint_signed_are_let_in() {
    let folder = std::env::temp_dir().join(format!("sidetone-ca-{}", std::process::id()));
    let request = SelfSignedRequest::for_this_host(&folder);
    let made = ensure(&request, SystemTime::now()).expect("a folder to write to");
    let pair = TlsSettings {
        cert_file: Some(made.cert_file.clone()),
        key_file: Some(made.key_file.clone()),
        ..TlsSettings::default()
    };
    let (leaf, key) = load_pair(&pair).expect("made now");
    let signed = Certificate::from_der(leaf, key).expect("a key that DTLS has");
    let file = (made.ca_file.display().to_string(), std::fs::read_to_string(&made.ca_file));
    let file = (file.0, file.1.expect("made now"));
    // Where every file is an authority's.
    let only = folder.join("trusted");
    std::fs::create_dir(&only).expect("the folder is ours");
    std::fs::copy(&made.ca_file, only.join("ca.pem")).expect("the folder is ours");
    let by_path = format!("dtls_ca_path = {}", only.display());
    let by_file = format!("dtls_ca_file = {}", file.0);
    for (verify, place) in [("certificate", &by_file), ("yes", &by_file), ("yes", &by_path)] {
        let mut configuration = dtls(&format!("dtls_verify = {verify}\n{place}"));
        configuration.files.push(file.clone());
        for shown in [Some(signed.clone()), None] {
            tell(1, Weather::CLEAR, &configuration, async |world: World| {
                let (talk, _, said) = called_as(&world, Media::Dtls, shown.clone()).await;
                assert_eq!(talk, shown.is_some(), "{place}: {said}");
                assert_eq!(said.contains("UnknownIssuer"), shown.is_none(), "{place}: {said}");
            });
        }
    }
    std::fs::remove_dir_all(&folder).expect("the folder is ours");
}

#[test]
fn a_certificate_that_is_not_the_one_of_the_sdp_is_taken_only_where_nothing_is_verified() {
    for (verify, taken) in [("fingerprint", false), ("no", true)] {
        let configuration = dtls(&format!("dtls_verify = {verify}"));
        tell(1, Weather::CLEAR, &configuration, async |world: World| {
            let (talk, _, said) = called(&world, Media::Forged).await;
            assert_eq!(talk, taken, "{verify}: {said}");
        });
    }
}
