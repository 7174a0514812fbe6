//! Music on hold: the pieces of a class, read once and kept, in the order in which a channel plays
//! them. What plays them is the media leg; when, is decided in `channel/music.rs`.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;
use sidetone_base::Random;
use sidetone_codec::melody;
use sidetone_config::MusicClass;
use sidetone_config::objects::music::{Mode, Order};
use sidetone_media::{Playback, Prompt, Repeat};
pub use sidetone_music::directory;
use sidetone_music::{Files, files_of};

use crate::exchange::Exchange;

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
