//! Music on hold from files: classes, who suggests which, and announcements.

use std::path::PathBuf;
use std::time::Duration;

use sidetone_sim::{Configuration, Line, Manner, Phone, Weather, World, secs};

use super::tell::{registered, tell};

/// A folder with one piece of music: two seconds of a tone.
fn folder(hz: f64) -> PathBuf {
    let name = format!("sidetone-music-{}-{hz}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&folder).expect("a folder");
    let samples = (0..16_000).flat_map(|at| {
        let phase = std::f64::consts::TAU * hz * f64::from(at) / 8_000.0;
        ((phase.sin() * 8_000.0) as i16).to_le_bytes()
    });
    let samples: Vec<u8> = samples.collect();
    let length = u32::try_from(samples.len()).expect("a short piece");
    let mut bytes = b"RIFF".to_vec();
    bytes.extend((length + 36).to_le_bytes());
    bytes.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    bytes.extend(8_000_u32.to_le_bytes());
    bytes.extend(16_000_u32.to_le_bytes());
    bytes.extend(b"\x02\0\x10\0data");
    bytes.extend(length.to_le_bytes());
    bytes.extend(samples);
    std::fs::write(folder.join("piece.wav"), bytes).expect("a file");
    folder
}

fn configuration(options: &str) -> Configuration {
    let plan = "
exten => 1,1,Answer()
 same => n,MusicOnHold(jazz,20)
exten => 2,1,Dial(PJSIP/bob,20,m(jazz))";
    let mut configuration = Configuration::default().with_extensions(plan);
    let begin = "\n[alice](phone)\n";
    configuration.pjsip = configuration.pjsip.replace(begin, &format!("{begin}{options}\n"));
    let classes = format!(
        "[default]\nmode = files\ndirectory = {}\n\n\
         [jazz]\nmode = files\ndirectory = {}\nannouncement = tone-1100-1000\n",
        folder(650.0).display(),
        folder(900.0).display()
    );
    configuration.files.push(("/etc/musiconhold.conf".to_owned(), classes));
    configuration
}

/// The shares that each frequency has of what is heard within seven seconds: two rounds of an
/// announcement of one second and a piece of two.
async fn heard<const N: usize>(world: &World, ear: &Phone, hz: [f64; N]) -> [usize; N] {
    let mut slices = [0; N];
    for _ in 0..14 {
        let sound = world.hear(ear, Duration::from_millis(500)).await;
        for (hz, slices) in hz.iter().zip(&mut slices) {
            *slices += usize::from(sound.share_of(*hz) > 0.7);
        }
    }
    slices
}

#[test]
fn who_is_held_hears_the_class_that_the_holder_suggests() {
    for (options, jazz) in [("", false), ("moh_suggest = jazz", true)] {
        tell(1, Weather::CLEAR, &configuration(options), async |world: World| {
            let alice = registered(&world, "alice", Line::Udp).await;
            let bob = registered(&world, "bob", Line::Udp).await;
            bob.will(Manner::Answer(secs(1))).await;
            alice.dial("bob").await;
            world.run_until("they talk", secs(9), |w| w.talking(&alice, &bob)).await;
            alice.hold().await;
            world.run_until("alice holds", secs(9), |_| !alice.hears()).await;
            let [usual, piece, announced] = heard(&world, &bob, [650.0, 900.0, 1100.0]).await;
            let what = format!("{options}: {usual} {piece} {announced}");
            if jazz {
                assert!(usual == 0 && piece >= 5 && announced >= 2, "{what}");
            } else {
                assert!(usual >= 12 && piece == 0 && announced == 0, "{what}");
            }
            alice.hang_up().await;
            world.assert_no_leaks().await;
        });
    }
}

/// Bob's channel has a class of its own, and alice suggests another.
#[test]
fn preferchannelclass_says_whose_class_counts_for_who_is_held() {
    for (option, own) in [("yes", true), ("no", false)] {
        let mut configuration = configuration("moh_suggest = jazz");
        let begin = "\n[bob](phone)\n";
        let line = "set_var = CHANNEL(musicclass)=default\n";
        configuration.pjsip = configuration.pjsip.replace(begin, &format!("{begin}{line}"));
        for (path, text) in &mut configuration.files {
            if path.ends_with("musiconhold.conf") {
                *text = format!("[general]\npreferchannelclass = {option}\n\n{text}");
            }
        }
        tell(1, Weather::CLEAR, &configuration, async |world: World| {
            let alice = registered(&world, "alice", Line::Udp).await;
            let bob = registered(&world, "bob", Line::Udp).await;
            bob.will(Manner::Answer(secs(1))).await;
            alice.dial("bob").await;
            world.run_until("they talk", secs(9), |w| w.talking(&alice, &bob)).await;
            alice.hold().await;
            world.run_until("alice holds", secs(9), |_| !alice.hears()).await;
            let [usual, jazz] = heard(&world, &bob, [650.0, 900.0]).await;
            let what = format!("{option}: {usual} {jazz}");
            assert!(if own { usual >= 12 && jazz == 0 } else { usual == 0 && jazz >= 5 }, "{what}");
            alice.hang_up().await;
            world.assert_no_leaks().await;
        });
    }
}

#[test]
fn applications_play_the_class_that_they_are_told() {
    tell(1, Weather::CLEAR, &configuration(""), async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        for number in ["1", "2"] {
            alice.dial(number).await;
            world.run_until("alice hears music", secs(9), |_| alice.hears()).await;
            let [usual, piece, announced] = heard(&world, &alice, [650.0, 900.0, 1100.0]).await;
            assert!(usual == 0 && piece >= 5 && announced >= 2, "{usual} {piece} {announced}");
            alice.hang_up().await;
            bob.hang_up().await;
            world.assert_no_leaks().await;
        }
    });
}
