//! Music on hold: the pieces of a class, read once and kept, in the order in which a channel plays
//! them. What plays them is the media leg; when, is decided in `channel/music.rs`.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use sidetone_base::Random;
use sidetone_codec::{Format, melody};
use sidetone_config::MusicClass;
use sidetone_config::objects::music::{Mode, Order};
use sidetone_media::{Playback, Prompt, Repeat};

use crate::exchange::Exchange;

/// Samples of all pieces of a class: half an hour at 16 kHz, 58 MiB. More is left out.
const MOST_SAMPLES: usize = 30 * 60 * 16_000;

/// Pieces that were read, by class.
#[derive(Debug, Default)]
pub(crate) struct MusicLibrary {
    classes: Mutex<HashMap<String, Arc<[Arc<Prompt>]>>>,
    built_in: Mutex<Option<Arc<Prompt>>>,
}

impl MusicLibrary {
    /// Forgets what was read: the configuration changed, and files may have.
    pub(crate) fn forget(&self) {
        self.classes.lock().clear();
    }

    fn built_in(&self) -> Arc<Prompt> {
        let mut made = self.built_in.lock();
        Arc::clone(made.get_or_insert_with(|| Arc::new(melody::music())))
    }
}

impl Exchange {
    /// What a class plays, without end. A class that does not exist, or has nothing that can be
    /// played, has the built-in music.
    pub async fn music(&self, class: &str) -> Playback {
        let config = self.config();
        let known = config.music.classes.get(class);
        if known.is_none() && !class.is_empty() {
            tracing::warn!("there is no class '{class}' in musiconhold.conf: default is played");
        }
        let Some(class) = known.or_else(|| config.music.classes.get("default")) else {
            return forever(vec![self.library().built_in()]);
        };
        let pieces = self.pieces(class, &config.asterisk.directories.data).await;
        let mut pieces: Vec<_> = pieces.iter().cloned().collect();
        self.arrange(&mut pieces, class.order);
        if !class.announcement.is_empty() {
            let language = &config.asterisk.default_language;
            match self.prompt(&class.announcement, language) {
                Some(announcement) => {
                    let both = |piece| [Arc::clone(&announcement), piece];
                    pieces = pieces.into_iter().flat_map(both).collect();
                }
                None => tracing::warn!(
                    "class '{}': there is no prompt '{}'",
                    class.name,
                    class.announcement
                ),
            }
        }
        forever(pieces)
    }

    fn arrange(&self, pieces: &mut [Arc<Prompt>], order: Order) {
        let mut random = self.random();
        let mut below = |bound: usize| {
            usize::try_from(Random::below(&mut **random, bound as u64)).unwrap_or_default()
        };
        match order {
            Order::Alpha => {}
            Order::RandStart => {
                let first = below(pieces.len());
                pieces.rotate_left(first);
            }
            Order::Random => {
                for place in (1..pieces.len()).rev() {
                    pieces.swap(place, below(place + 1));
                }
            }
        }
    }

    async fn pieces(&self, class: &MusicClass, data: &str) -> Arc<[Arc<Prompt>]> {
        let library = self.library();
        if let Some(known) = library.classes.lock().get(&class.name) {
            return Arc::clone(known);
        }
        let files = match class.mode {
            Mode::Files if !class.directory.is_empty() => Files::Of(directory(class, data)),
            Mode::Playlist => Files::Named(class.entries.iter().map(PathBuf::from).collect()),
            _ => Files::Named(Vec::new()),
        };
        let name = class.name.clone();
        let read = tokio::task::spawn_blocking(move || files.read(&name)).await;
        let mut pieces = read.unwrap_or_default();
        if pieces.is_empty() {
            pieces.push(library.built_in());
        }
        let pieces: Arc<[Arc<Prompt>]> = pieces.into();
        library.classes.lock().insert(class.name.clone(), Arc::clone(&pieces));
        pieces
    }

    /// The files of a class as `moh show files` lists them; the built-in music has none.
    #[must_use]
    pub fn music_files(&self, class: &MusicClass) -> Vec<String> {
        let files = match class.mode {
            Mode::Files if !class.directory.is_empty() => {
                files_of(&directory(class, &self.config().asterisk.directories.data))
                    .unwrap_or_default()
            }
            Mode::Playlist => class.entries.iter().map(PathBuf::from).collect(),
            _ => Vec::new(),
        };
        files.iter().map(|file| file.display().to_string()).collect()
    }
}

fn forever(prompts: Vec<Arc<Prompt>>) -> Playback {
    Playback { prompts, repeat: Repeat::Forever, skip_samples: 0 }
}

/// The directory of a class; relative ones lie below the data directory.
#[must_use]
pub fn directory(class: &MusicClass, data: &str) -> PathBuf {
    Path::new(data).join(&class.directory)
}

/// Where pieces come from.
#[derive(Debug)]
enum Files {
    /// All of a directory.
    Of(PathBuf),
    /// These, with or without ending.
    Named(Vec<PathBuf>),
}

impl Files {
    fn read(self, class: &str) -> Vec<Arc<Prompt>> {
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
fn files_of(directory: &Path) -> std::io::Result<Vec<PathBuf>> {
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
