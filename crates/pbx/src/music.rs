//! Music on hold: what a class plays. Its pieces are those of `sidetone_music`; what plays them is
//! the media leg; when, is decided in `channel/music.rs`.

use std::sync::Arc;

use sidetone_codec::Prompt;
use sidetone_config::MusicClass;
use sidetone_media::{Playback, Repeat};
pub use sidetone_music::directory;
use sidetone_music::{arrange, listed};

use crate::exchange::Exchange;

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
        let pieces = self.library().pieces(class, &config.asterisk.directories.data).await;
        let mut pieces: Vec<_> = pieces.iter().cloned().collect();
        arrange(&mut pieces, class.order, &mut self.draws());
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

    /// The files of a class as `moh show files` lists them; the built-in music has none.
    #[must_use]
    pub fn music_files(&self, class: &MusicClass) -> Vec<String> {
        listed(class, &self.config().asterisk.directories.data)
    }
}

fn forever(prompts: Vec<Arc<Prompt>>) -> Playback {
    Playback { prompts, repeat: Repeat::Forever, skip_samples: 0 }
}
