//! The pieces of the classes, read once and kept, in the order in which they are played. Who hears
//! which class, and when, is decided in `pbx::music`.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;
use sidetone_base::Random;
use sidetone_codec::{Prompt, melody};
use sidetone_config::MusicClass;
use sidetone_config::objects::music::{Mode, Order};

use crate::{Files, directory, files_of};

/// Pieces that were read, by class.
#[derive(Debug, Default)]
pub struct MusicLibrary {
    classes: Mutex<HashMap<String, Arc<[Arc<Prompt>]>>>,
    built_in: Mutex<Option<Arc<Prompt>>>,
}

impl MusicLibrary {
    /// Forgets what was read: the configuration changed, and files may have.
    pub fn forget(&self) {
        self.classes.lock().clear();
    }

    /// The music that is always there.
    pub fn built_in(&self) -> Arc<Prompt> {
        let mut made = self.built_in.lock();
        Arc::clone(made.get_or_insert_with(|| Arc::new(melody::music())))
    }

    /// The pieces of a class, read when nobody asked before; the built-in music when it has none
    /// that can be played. Relative directories are below `data`.
    pub async fn pieces(&self, class: &MusicClass, data: &str) -> Arc<[Arc<Prompt>]> {
        if let Some(known) = self.classes.lock().get(&class.name) {
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
            pieces.push(self.built_in());
        }
        let pieces: Arc<[Arc<Prompt>]> = pieces.into();
        self.classes.lock().insert(class.name.clone(), Arc::clone(&pieces));
        pieces
    }
}

/// Puts the pieces of a class into the order of one who listens.
pub fn arrange(pieces: &mut [Arc<Prompt>], order: Order, random: &mut dyn Random) {
    let mut below = |bound: usize| usize::try_from(random.below(bound as u64)).unwrap_or_default();
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

/// The files of a class as `moh show files` lists them; the built-in music has none.
#[must_use]
pub fn listed(class: &MusicClass, data: &str) -> Vec<String> {
    let files = match class.mode {
        Mode::Files if !class.directory.is_empty() => {
            files_of(&directory(class, data)).unwrap_or_default()
        }
        Mode::Playlist => class.entries.iter().map(PathBuf::from).collect(),
        _ => Vec::new(),
    };
    files.iter().map(|file| file.display().to_string()).collect()
}
