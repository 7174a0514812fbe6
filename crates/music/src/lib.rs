//! The pieces of music on hold: what lies in the directory of a class or is named in its list, as
//! samples (this file), kept and in the order in which they are played (`library`). Which class is
//! played to whom is decided in `pbx::music`.

#![forbid(unsafe_code)]

mod library;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sidetone_codec::{Format, Prompt};
use sidetone_config::MusicClass;

pub use library::{MusicLibrary, arrange, listed};

/// Samples of all pieces of a class: half an hour at 16 kHz, 58 MiB. More is left out.
const MOST_SAMPLES: usize = 30 * 60 * 16_000;

/// The directory of a class; relative ones lie below the data directory.
#[must_use]
pub fn directory(class: &MusicClass, data: &str) -> PathBuf {
    Path::new(data).join(&class.directory)
}

/// Where pieces come from.
#[derive(Debug)]
pub enum Files {
    /// All of a directory.
    Of(PathBuf),
    /// These, with or without ending.
    Named(Vec<PathBuf>),
}

impl Files {
    /// Reads them, as many as there is room for. What cannot be read is left out and said.
    #[must_use]
    pub fn read(self, class: &str) -> Vec<Arc<Prompt>> {
        let bases = match self {
            Self::Named(bases) => bases,
            Self::Of(directory) => files_of(&directory).unwrap_or_else(|error| {
                tracing::warn!(
                    "class '{class}': {}: {error}; the built-in music is played: put .wav files \
                     there",
                    directory.display()
                );
                Vec::new()
            }),
        };
        let mut pieces = Vec::new();
        let mut room = MOST_SAMPLES;
        for base in bases {
            match piece(&base) {
                Ok(piece) if piece.samples.len() > room => {
                    tracing::warn!(
                        "class '{class}': half an hour is loaded, {} and what follows is left out",
                        base.display()
                    );
                    break;
                }
                Ok(piece) => {
                    room -= piece.samples.len();
                    pieces.push(Arc::new(piece));
                }
                Err(words) => tracing::warn!("class '{class}': {}: {words}", base.display()),
            }
        }
        pieces
    }
}

/// Endings that can be read, best first.
const ENDINGS: [&str; 9] = ["wav16", "sln16", "wav", "WAV", "g722", "sln", "ulaw", "alaw", "pcm"];

/// The pieces of a directory by name, without ending: the same piece often lies there in several
/// formats.
///
/// # Errors
/// Of the directory.
pub fn files_of(directory: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut bases = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        if ENDINGS.contains(&ending) {
            bases.push(path.with_extension(""));
        }
    }
    bases.sort();
    bases.dedup();
    Ok(bases)
}

fn piece(base: &Path) -> Result<Prompt, String> {
    let whole = base.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    let named = ENDINGS.contains(&whole).then(|| (base.to_path_buf(), whole));
    let formats = ENDINGS.iter().map(|ending| {
        let mut path = base.as_os_str().to_owned();
        path.push(".");
        path.push(ending);
        (PathBuf::from(path), *ending)
    });
    for (path, ending) in named.into_iter().chain(formats) {
        let Ok(bytes) = std::fs::read(&path) else {
            continue;
        };
        let decoded = match ending {
            "ulaw" | "pcm" => Prompt::from_raw(Format::ULAW, &bytes),
            "alaw" => Prompt::from_raw(Format::ALAW, &bytes),
            "g722" => Prompt::from_raw(Format::G722, &bytes),
            "sln" => Prompt::from_sln(8_000, &bytes),
            "sln16" => Prompt::from_sln(16_000, &bytes),
            _ => Prompt::from_wav(&bytes),
        };
        return decoded.map_err(|error| error.to_string());
    }
    Err("no such file that can be read: convert it to .wav".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("music-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[test]
    fn a_directory_gives_each_piece_once_by_name() {
        let folder = folder("once");
        for (name, bytes) in [("b.ulaw", 320), ("a.alaw", 160), ("b.sln", 640), ("x.mp3", 10)] {
            std::fs::write(folder.join(name), vec![0x55; bytes]).unwrap();
        }
        let names: Vec<_> = files_of(&folder).unwrap();
        assert_eq!(names, [folder.join("a"), folder.join("b")]);
        let pieces = Files::Of(folder.clone()).read("test");
        // b comes as .sln, which is better than .ulaw.
        assert_eq!(pieces.iter().map(|p| p.samples.len()).collect::<Vec<_>>(), [160, 320]);
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn what_cannot_be_read_is_left_out() {
        let folder = folder("broken");
        std::fs::write(folder.join("a.wav"), b"no wave").unwrap();
        let named = Files::Named(vec![folder.join("a"), folder.join("missing")]);
        assert!(named.read("test").is_empty());
        assert!(Files::Of(folder.join("nowhere")).read("test").is_empty());
        std::fs::remove_dir_all(folder).unwrap();
    }
}
