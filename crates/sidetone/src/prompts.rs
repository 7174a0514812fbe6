//! Prompts: files of the data directory first, then the embedded ones.

use std::collections::HashMap;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use sidetone_media::Prompt;

/// Samples a prompt may have: ten minutes at 16 kHz. Longer ones belong to music on hold.
const MOST_SAMPLES: usize = 10 * 60 * 16_000;

/// The shipped prompts, 16 kHz.
const SHIPPED: &[(&str, &[u8])] = &include!(concat!(env!("OUT_DIR"), "/prompts.rs"));

/// A prompt's name and language.
type Name = (String, String);

/// Finds prompts by name and keeps what was decoded.
pub(crate) struct Prompts {
    sounds: PathBuf,
    decoded: Mutex<HashMap<Name, Option<Arc<Prompt>>>>,
}

impl Prompts {
    /// Prompts of a data directory.
    pub(crate) fn new(data: &str) -> Self {
        let sounds = Path::new(data).join("sounds");
        Self { sounds, decoded: Mutex::new(HashMap::new()) }
    }

    /// A prompt by name, such as `hello-world` or `digits/1`, in a language.
    pub(crate) fn find(&self, name: &str, language: &str) -> Option<Arc<Prompt>> {
        let language = if language.is_empty() { "en" } else { language };
        // A name must not lead out of the sounds directory, whatever a dialplan puts into it.
        if [name, language].iter().any(|part| part.contains("..") || part.contains('\0')) {
            return None;
        }
        let key = (name.to_owned(), language.to_owned());
        if let Some(known) = self.decoded.lock().get(&key) {
            return known.clone();
        }
        let found = self.read_file(name, language).or_else(|| shipped(name)).map(Arc::new);
        self.decoded.lock().insert(key, found.clone());
        found
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
                match decode(&bytes) {
                    Ok(prompt) => return Some(prompt),
                    Err(words) => tracing::warn!("{}: {words}", path.display()),
                }
            }
        }
        None
    }
}

fn shipped(name: &str) -> Option<Prompt> {
    let (_, bytes) = SHIPPED.iter().find(|(known, _)| *known == name)?;
    decode(bytes).ok()
}

fn decode(bytes: &[u8]) -> Result<Prompt, String> {
    let mut reader =
        hound::WavReader::new(Cursor::new(bytes)).map_err(|error| error.to_string())?;
    let format = reader.spec();
    if format.channels != 1 || format.bits_per_sample != 16 {
        return Err("a prompt is mono with 16 bits".to_owned());
    }
    if ![8_000, 16_000, 32_000, 48_000].contains(&format.sample_rate) {
        return Err("a prompt has 8, 16, 32 or 48 kHz".to_owned());
    }
    let samples: Result<Vec<i16>, _> = reader.samples().take(MOST_SAMPLES).collect();
    let samples = samples.map_err(|error| error.to_string())?;
    Ok(Prompt { rate: format.sample_rate, samples })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_prompt_can_be_played() {
        assert!(!SHIPPED.is_empty());
        for (name, bytes) in SHIPPED {
            let prompt = decode(bytes).unwrap_or_else(|words| panic!("{name}: {words}"));
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
}
