//! `moh show classes`, `moh show files`, `moh reload`

use std::fmt::Write as _;

use sidetone_pbx::music;

use super::{Context, text};
use crate::socket::Answer;

pub(super) async fn classes(context: &Context, _: &[&str]) -> Answer {
    let config = context.exchange.config();
    let mut out = String::new();
    for class in config.music.classes.values() {
        let _ = writeln!(out, "Class: {}\n\tMode: {}", class.name, class.mode);
        if class.directory.is_empty() {
            let _ = writeln!(out, "\tDirectory: (built-in music)");
        } else {
            let directory = music::directory(class, &config.asterisk.directories.data);
            let _ = writeln!(out, "\tDirectory: {}", directory.display());
        }
    }
    text(out)
}

pub(super) async fn files(context: &Context, _: &[&str]) -> Answer {
    let config = context.exchange.config();
    let mut out = String::new();
    for class in config.music.classes.values() {
        let _ = writeln!(out, "Class: {}", class.name);
        for file in context.exchange.music_files(class) {
            let _ = writeln!(out, "\tFile: {file}");
        }
    }
    text(out)
}

pub(super) async fn reload(context: &Context, _: &[&str]) -> Answer {
    context.surroundings.reload(Some("res_musiconhold".to_owned())).await
}
