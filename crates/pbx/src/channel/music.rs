//! Music on hold of a channel: asked for by an application, or because the other side of the
//! bridge holds the call and hears nothing of this one.

use sidetone_media::{Playback, PlaybackId};
use sidetone_sdp::plan::MediaKind;

use super::{Channel, MediaError, State};

/// The class when nothing else says.
const DEFAULT_CLASS: &str = "default";

/// Music that plays.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Music {
    id: PlaybackId,
    /// The peer's hold began it; the end of the hold ends it.
    by_hold: bool,
}

/// What was played last, so that the next hold goes on where it stopped.
#[derive(Debug)]
pub(crate) struct MusicPlayed {
    id: PlaybackId,
    class: String,
    playback: Playback,
}

impl Channel {
    /// Plays music to the peer of this channel until [`Self::stop_music`]: of the class named,
    /// else of the channel's own, else `default`. Replaces what plays.
    ///
    /// # Errors
    /// When there is no audio, or its codec cannot be encoded.
    pub async fn start_music(&mut self, class: &str) -> Result<(), MediaError> {
        let class = if class.is_empty() { self.music_class() } else { class.to_owned() };
        self.play_music(&class, false).await
    }

    /// Ends music that an application began.
    pub async fn stop_music(&mut self) {
        if let Some(music) = self.music.take() {
            self.stop_playback(music.id).await;
        }
        self.follow_hold().await;
    }

    /// The class of this channel: `CHANNEL(musicclass)`, else `default`.
    #[must_use]
    pub fn music_class(&self) -> String {
        self.own_music_class().unwrap_or(DEFAULT_CLASS).to_owned()
    }

    /// `CHANNEL(musicclass)`, if it was set.
    #[must_use]
    pub fn own_music_class(&self) -> Option<&str> {
        self.musicclass.as_deref()
    }

    /// Sets `CHANNEL(musicclass)`; an empty one unsets it.
    pub fn set_music_class(&mut self, class: &str) {
        self.musicclass = Some(class.to_owned()).filter(|class| !class.is_empty());
    }

    async fn play_music(&mut self, class: &str, by_hold: bool) -> Result<(), MediaError> {
        if self.lacks("res_musiconhold") {
            return Ok(());
        }
        let played = self.music_played.take().filter(|played| played.class == class);
        let playback = match played {
            Some(played) => played.playback,
            None => self.exchange.music(class).await,
        };
        let id = self.play(playback.clone()).await?;
        self.music = Some(Music { id, by_hold });
        self.music_played = Some(Box::new(MusicPlayed { id, class: class.to_owned(), playback }));
        Ok(())
    }

    /// Begins or ends music as the peer holds the call or takes it back.
    pub(super) async fn follow_hold(&mut self) {
        let holder = self.peer.as_ref().filter(|peer| {
            let mut audio = peer.streams.iter().filter(|stream| stream.kind == MediaKind::Audio);
            audio.next().is_some_and(|audio| !audio.hears)
        });
        let passes_on = self.endpoint.hold.passes && self.signalling.dialog.is_some();
        if passes_on && self.state == State::Up {
            let held = holder.is_some();
            self.pass_hold(held);
            return;
        }
        match (holder, self.music) {
            (Some(holder), None) if self.audio().is_some() => {
                let own = self.own_music_class().map(str::to_owned);
                let suggested = Some(holder.music.clone()).filter(|class| !class.is_empty());
                let prefers_own = self.exchange.config().music.prefer_channel_class;
                let chosen = if prefers_own { own.or(suggested) } else { suggested.or(own) };
                let class = chosen.unwrap_or_else(|| DEFAULT_CLASS.to_owned());
                if let Err(error) = self.play_music(&class, true).await {
                    tracing::warn!("{}: no music on hold: {error}", self.name);
                }
            }
            (None, Some(music)) if music.by_hold => {
                self.music = None;
                self.stop_playback(music.id).await;
            }
            _ => {}
        }
    }

    /// A playback ended. If it was the music, something else has taken its place, and the next
    /// time it goes on from there.
    pub(super) fn music_ended(&mut self, id: PlaybackId, samples_played: u64) {
        self.music.take_if(|music| music.id == id);
        if let Some(played) = self.music_played.as_mut().filter(|played| played.id == id) {
            played.playback = played.playback.after(samples_played);
        }
    }
}
