//! Makes the prompts under `assets/sounds/en` again: speech by espeak-ng, tones by this crate,
//! levelled, at 8 kHz (`.wav`) and 16 kHz (`.wav16`).
//!
//! `cargo run -p sidetone-codec --example prompts -- assets/sounds/en`; needs espeak-ng, which is
//! used at development time only.

use std::error::Error;
use std::path::Path;
use std::process::Command;

use sidetone_codec::{Prompt, ToneGenerator, ToneList};

/// What is spoken, and under which names.
const SPEECH: [(&str, &str); 9] = [
    ("hello-world", "Hello, world!"),
    (
        "demo-echotest",
        "This is the echo test. Everything you say now comes straight back to you, \
         so you can hear how long the way is and how well the line sounds. \
         Press the pound key when you have heard enough.",
    ),
    ("demo-echodone", "The echo test is over."),
    ("vm-goodbye", "Goodbye."),
    ("goodbye", "Goodbye."),
    ("pbx-invalid", "Sorry, there is no such extension. Please try again."),
    ("invalid", "Sorry, that is not possible. Please try again."),
    ("connecting", "One moment please, your call is being connected."),
    ("auth-thankyou", "Thank you."),
];
const DIGITS: [&str; 10] =
    ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
/// Samples below this are the silence that espeak-ng puts around words.
const SILENCE_LEVEL: i16 = 200;
/// Loudest sample after levelling: 6 dB below full scale.
const PEAK: i32 = 16_384;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("name the folder, such as assets/sounds/en")?;
    let folder = Path::new(&folder);
    for (name, text) in SPEECH {
        save(folder, name, &speak(text)?)?;
    }
    for (digit, word) in DIGITS.iter().enumerate() {
        save(folder, &format!("digits/{digit}"), &speak(word)?)?;
    }
    save(folder, "beep", &play("!1000/300")?)?;
    save(folder, "silence/1", &Prompt { rate: 16_000, samples: vec![0; 16_000] })?;
    Ok(())
}

fn speak(text: &str) -> Result<Prompt, Box<dyn Error>> {
    let arguments = ["-v", "en-us", "-s", "150", "-p", "40", "--stdout", text];
    let output = Command::new("espeak-ng").args(arguments).output()?;
    // The header of a stream does not know its length: take what follows it.
    let start = output.stdout.windows(4).position(|bytes| bytes == b"data").ok_or("no data")? + 8;
    let prompt = Prompt::from_sln(22_050, &output.stdout[start..])?;
    let loud = |sample: &i16| sample.saturating_abs() > SILENCE_LEVEL;
    let first = prompt.samples.iter().position(loud).ok_or("nothing was spoken")?;
    let last = prompt.samples.iter().rposition(loud).ok_or("nothing was spoken")?;
    // 50 ms around the words keep their soft edges.
    let margin = 22_050 / 20;
    let end = (last + margin).min(prompt.samples.len());
    let words = &prompt.samples[first.saturating_sub(margin)..end];
    let peak = words.iter().map(|sample| i32::from(*sample).abs()).max().unwrap_or(1);
    let level = |sample: &i16| (i32::from(*sample) * PEAK / peak) as i16;
    Ok(Prompt { rate: 22_050, samples: words.iter().map(level).collect() })
}

fn play(tones: &str) -> Result<Prompt, Box<dyn Error>> {
    let list: ToneList = tones.parse()?;
    let mut samples = vec![0; 16_000];
    let count = ToneGenerator::new(&list, 16_000).fill(&mut samples);
    samples.truncate(count);
    Ok(Prompt { rate: 16_000, samples })
}

fn save(folder: &Path, name: &str, prompt: &Prompt) -> Result<(), Box<dyn Error>> {
    for (extension, rate) in [("wav", 8_000), ("wav16", 16_000)] {
        let path = folder.join(format!("{name}.{extension}"));
        std::fs::create_dir_all(path.parent().ok_or("a file has a folder")?)?;
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: rate,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut writer = hound::WavWriter::create(&path, spec)?;
        for sample in prompt.at_rate(rate)?.samples {
            writer.write_sample(sample)?;
        }
        writer.finalize()?;
    }
    Ok(())
}
