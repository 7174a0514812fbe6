//! The certificates browsers are shown.

use std::time::SystemTime;

use sidetone_net::selfsigned::{SelfSignedRequest, ensure};
use sidetone_sim::{Configuration, Line, Phone, Weather, World, secs};

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
