//! Prompts: files of the data directory first, then the embedded ones.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use sidetone_media::Prompt;

/// Decoded prompts kept, the longest of which counts like a short one: an installation plays a
/// few dozen, its digits and dates among them.
const MAX_KEPT: usize = 500;

/// Samples kept of all of them together, 128 MiB: forty minutes at 16 kHz and as much again. What
/// is longer than an eighth of that is read anew whenever it is played.
const MAX_KEPT_SAMPLES: usize = 64 * 1024 * 1024;

/// The shipped prompts, 16 kHz.
const SHIPPED: &[(&str, &[u8])] = &include!(concat!(env!("OUT_DIR"), "/prompts.rs"));

/// A prompt's name and language.
type Name = (String, String);

/// Finds prompts by name and keeps what was decoded. What is not found is not remembered: callers
/// choose names (`Playback(${EXTEN})`), and a file may be added later.
pub(crate) struct Prompts {
    sounds: PathBuf,
    kept: Mutex<Kept>,
}

/// What was decoded.
#[derive(Default)]
struct Kept {
    prompts: HashMap<Name, Arc<Prompt>>,
    samples: usize,
}

impl Kept {
    fn keep(&mut self, name: Name, prompt: &Arc<Prompt>) {
        let more = prompt.samples.len();
        if more > MAX_KEPT_SAMPLES / 8 {
            return;
        }
        if self.prompts.len() >= MAX_KEPT || self.samples + more > MAX_KEPT_SAMPLES {
            // Rare, and what is in use is decoded again with its next playback.
            *self = Self::default();
        }
        self.samples += more;
        if let Some(same) = self.prompts.insert(name, Arc::clone(prompt)) {
            self.samples -= same.samples.len();
        }
    }
}

impl Prompts {
    /// Prompts of a data directory.
    pub(crate) fn new(data: &str) -> Self {
        let sounds = Path::new(data).join("sounds");
        Self { sounds, kept: Mutex::default() }
    }

    /// A prompt by name, such as `hello-world` or `digits/1`, in a language.
    pub(crate) fn find(&self, name: &str, language: &str) -> Option<Arc<Prompt>> {
        let language = if language.is_empty() { "en" } else { language };
        // A name must not lead out of the sounds directory, whatever a dialplan puts into it.
        if [name, language].iter().any(|part| part.contains("..") || part.contains('\0')) {
            return None;
        }
        let key = (name.to_owned(), language.to_owned());
        if let Some(known) = self.kept.lock().prompts.get(&key) {
            return Some(Arc::clone(known));
        }
        let found = self.read_file(name, language).or_else(|| shipped(name)).map(Arc::new)?;
        self.kept.lock().keep(key, &found);
        Some(found)
    }

    fn read_file(&self, name: &str, language: &str) -> Option<Prompt> {
        let names = [format!("{language}/{name}"), name.trim_start_matches('/').to_owned()];
        let folders = names.iter().map(|name| self.sounds.join(name));
        let absolute = name.starts_with('/').then(|| PathBuf::from(name));
        for base in absolute.into_iter().chain(folders) {
            for ending in ["wav16", "wav", "WAV"] {
                let path = PathBuf::from(format!("{}.{ending}", base.display()));
                let Ok(bytes) = std::fs::read(&path) else {
                    continue;
                };
                match Prompt::from_wav(&bytes) {
                    Ok(prompt) => return Some(prompt),
                    Err(error) => tracing::warn!("{}: {error}", path.display()),
                }
            }
        }
        None
    }
}

fn shipped(name: &str) -> Option<Prompt> {
    let (_, bytes) = SHIPPED.iter().find(|(known, _)| *known == name)?;
    Prompt::from_wav(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_prompt_can_be_played() {
        assert!(!SHIPPED.is_empty());
        for (name, bytes) in SHIPPED {
            let prompt = Prompt::from_wav(bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(!prompt.samples.is_empty(), "{name} is empty");
        }
    }

    #[test]
    fn a_name_cannot_leave_the_sounds() {
        let prompts = Prompts::new("/tmp");
        assert!(prompts.find("../../etc/passwd", "en").is_none());
        assert!(prompts.find("hello-world", "../..").is_none());
        assert!(prompts.find("hello-world", "en").is_some());
    }

    /// A WAV file of one channel with 16-bit samples (RFC 2361 and the RIFF format).
    fn wav(rate: u32, samples: &[i16]) -> Vec<u8> {
        let data: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        let length = u32::try_from(data.len()).unwrap();
        let mut file = b"RIFF".to_vec();
        file.extend((36 + length).to_le_bytes());
        file.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
        file.extend(rate.to_le_bytes());
        file.extend((rate * 2).to_le_bytes());
        file.extend(b"\x02\0\x10\0data");
        file.extend(length.to_le_bytes());
        file.extend(data);
        file
    }

    /// A data directory of its own for a test.
    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("sidetone-{name}-{}", std::process::id()));
        // It may be left over from a run that failed.
        let _ = std::fs::remove_dir_all(&folder);
        for language in ["en", "de"] {
            std::fs::create_dir_all(folder.join("sounds").join(language)).unwrap();
        }
        folder
    }

    #[test]
    fn files_are_found_by_language_and_go_before_those_shipped() {
        let data = folder("prompts");
        let prompts = Prompts::new(&data.display().to_string());
        let sounds = data.join("sounds");
        let shipped = prompts.find("hello-world", "en").unwrap();
        assert!(prompts.find("greeting", "de").is_none());
        std::fs::write(sounds.join("de/greeting.wav"), wav(8_000, &[1, 2, 3])).unwrap();
        let found = prompts.find("greeting", "de").expect("a file that came later is found");
        assert_eq!((found.rate, found.samples.as_slice()), (8_000, &[1, 2, 3][..]));
        assert!(prompts.find("greeting", "en").is_none(), "of another language");
        std::fs::write(sounds.join("greeting.wav"), wav(8_000, &[4])).unwrap();
        assert_eq!(prompts.find("greeting", "en").unwrap().samples, [4], "of no language");
        std::fs::write(sounds.join("de/hello-world.wav16"), wav(16_000, &[7])).unwrap();
        assert_eq!(prompts.find("hello-world", "de").unwrap().samples, [7]);
        let absolute = sounds.join("de/greeting").display().to_string();
        assert_eq!(prompts.find(&absolute, "en").unwrap().samples, [1, 2, 3]);
        // One that is broken is said and passed over.
        std::fs::write(sounds.join("en/hello-world.wav"), b"RIFF, but not really").unwrap();
        assert_eq!(
            Prompts::new(&data.display().to_string()).find("hello-world", "en").unwrap(),
            shipped
        );
        std::fs::remove_dir_all(data).unwrap();
    }

    #[test]
    fn names_that_callers_choose_fill_no_memory() {
        let data = folder("kept");
        let prompts = Prompts::new(&data.display().to_string());
        for number in 0..2_000 {
            assert!(prompts.find(&format!("no-such-{number}"), "en").is_none());
        }
        assert!(prompts.kept.lock().prompts.is_empty(), "what is missing is not remembered");
        // Each language is another name of the same shipped prompt.
        for number in 0..2_000 {
            assert!(prompts.find("beep", &format!("l{number}")).is_some());
        }
        let kept = prompts.kept.lock();
        assert!((1..=MAX_KEPT).contains(&kept.prompts.len()), "{}", kept.prompts.len());
        let samples: usize = kept.prompts.values().map(|prompt| prompt.samples.len()).sum();
        assert_eq!(kept.samples, samples);
        drop(kept);
        std::fs::remove_dir_all(data).unwrap();
    }
}
