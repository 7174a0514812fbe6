//! `musiconhold.conf`: classes of music on hold.

use std::collections::BTreeMap;

use sidetone_conf::{Diagnostic, Document, Section};

use crate::fields::Fields;
use crate::report::Report;
use crate::sections::general;
use crate::table::choices;
use crate::tables::music::{MUSIC, MUSIC_CLASS};

choices! {
    /// Where a class takes its music from.
    pub enum Mode {
        /// The files of a directory.
        Files = "files",
        /// The files listed by `entry`.
        Playlist = "playlist",
        /// A program.
        Custom = "custom",
        /// A program for MP3.
        Mp3 = "mp3",
        /// The same, mono.
        Mp3Nb = "mp3nb",
        /// The same, quieter.
        QuietMp3 = "quietmp3",
        /// The same, quieter and unbuffered.
        QuietMp3Nb = "quietmp3nb",
    }
}

choices! {
    /// In which order pieces are played.
    pub enum Order {
        /// By name; a playlist as it is written.
        Alpha = "alpha",
        /// By name, beginning anywhere.
        RandStart = "randstart",
        /// By chance.
        Random = "random",
    }
}

/// One class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MusicClass {
    /// Its name.
    pub name: String,
    /// Where the music comes from.
    pub mode: Mode,
    /// The directory as written; empty for the built-in music.
    pub directory: String,
    /// The pieces of a playlist.
    pub entries: Vec<String>,
    /// In which order they are played.
    pub order: Order,
    /// A prompt before each piece; empty for none.
    pub announcement: String,
}

impl MusicClass {
    /// The class that needs no file.
    fn built_in(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            mode: Mode::Files,
            directory: String::new(),
            entries: Vec::new(),
            order: Order::Alpha,
            announcement: String::new(),
        }
    }
}

/// All classes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Music {
    /// Whether the class of a channel goes before the one that the holder suggests.
    pub prefer_channel_class: bool,
    /// Classes by name; `default` is always there.
    pub classes: BTreeMap<String, MusicClass>,
}

impl Music {
    pub(crate) fn build(document: &Document, report: &mut Report) -> Self {
        let section = general(document, "musiconhold.conf");
        let fields = Fields::new(&MUSIC, &section, report);
        let prefer_channel_class = fields.flag("preferchannelclass");
        let mut classes = BTreeMap::new();
        for section in document.sections.iter().filter(|section| !section.template) {
            let name = section.name.to_string();
            if !name.eq_ignore_ascii_case("general") {
                classes.insert(name.clone(), class(name, section, report));
            }
        }
        classes.entry("default".to_owned()).or_insert_with(|| MusicClass::built_in("default"));
        Self { prefer_channel_class, classes }
    }
}

fn class(name: String, section: &Section, report: &mut Report) -> MusicClass {
    let fields = Fields::new(&MUSIC_CLASS, section, report);
    let mode = fields.choice("mode").unwrap_or(Mode::Files);
    let random = fields.flag("random");
    let order = fields.choice("sort").unwrap_or(Order::Alpha);
    let class = MusicClass {
        mode,
        directory: fields.string("directory"),
        entries: fields.list("entry"),
        order: if random && order == Order::Alpha { Order::Random } else { order },
        announcement: fields.string("announcement"),
        name,
    };
    if !matches!(mode, Mode::Files | Mode::Playlist) {
        let message = format!(
            "class '{}' has mode={}: ignored, no program is started; its callers hear the \
             built-in music",
            class.name,
            mode.name()
        );
        let hint = "convert the music to .wav files and write mode=files with their directory";
        report.say(Diagnostic::warning(&section.span, message).hint(hint));
    } else if mode == Mode::Playlist && class.entries.is_empty() {
        let message = format!("class '{}' is a playlist without 'entry'", class.name);
        report.say(Diagnostic::warning(&section.span, message).hint("add entry = /path/to/piece"));
    }
    class
}
