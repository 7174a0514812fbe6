//! From `logger.conf` and the flags to log channels.

use std::io::IsTerminal as _;
use std::path::Path;

use sidetone_config::{Config, LogTarget};
use sidetone_observe::writer::{Sink, Writer};
use sidetone_observe::{Channel, Level, LevelSet, Log, LogSettings, Palette};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::arguments::Arguments;

/// Starts the log with what the flags say; `logger.conf` follows when it is read.
pub(crate) fn start(arguments: &Arguments) -> Result<Log, String> {
    let writer = Writer::start().map_err(|error| format!("cannot start the log: {error}"))?;
    let log = Log::new(settings(arguments, None), writer);
    let started = tracing_subscriber::registry().with(log.clone()).try_init();
    started.map_err(|error| format!("cannot start the log: {error}"))?;
    tell(&log, arguments);
    Ok(log)
}

/// Sets how much is told to what the flags ask for.
pub(crate) fn tell(log: &Log, arguments: &Arguments) {
    log.set_verbose(arguments.verbose);
    log.set_debug(arguments.debug);
}

/// The log channels of a configuration and these flags.
pub(crate) fn settings(arguments: &Arguments, config: Option<&Config>) -> LogSettings {
    let mut settings = LogSettings {
        palette: palette(arguments, std::io::stdout().is_terminal()),
        ..LogSettings::default()
    };
    if let Some(config) = config {
        let folder = Path::new(&config.asterisk.directories.log);
        if !config.logger.date_format.is_empty() {
            settings.date_format.clone_from(&config.logger.date_format);
        }
        let channels = config.logger.channels.iter().filter_map(|channel| {
            let sink = match &channel.target {
                LogTarget::Console => Sink::Console,
                LogTarget::File(name) => Sink::File(folder.join(name)),
                // The load has said so.
                LogTarget::Syslog(_) => return None,
            };
            let levels = channel.levels.iter();
            let levels = levels.filter_map(|level| Level::from_name(&level.to_string()));
            let verbose = channel.verbose_level.map(|level| u8::try_from(level).unwrap_or(u8::MAX));
            Some(Channel { sink, levels: LevelSet::of(&levels.collect::<Vec<_>>()), verbose })
        });
        settings.channels = channels.collect();
    }
    let configured = settings.channels.iter().find(|channel| channel.sink == Sink::Console);
    let verbose = configured.and_then(|channel| channel.verbose);
    let all = console_levels(configured.map(|channel| channel.levels).unwrap_or_default());
    let here = match (arguments.mute, arguments.quiet) {
        (true, _) => LevelSet::of(&[Level::Error]),
        (false, true) => LevelSet::of(&[Level::Warning, Level::Error]),
        (false, false) => all,
    };
    settings.channels.retain(|channel| channel.sink != Sink::Console);
    // Consoles that connect are not muted with the terminal.
    for (sink, levels) in [(Sink::Console, here), (Sink::Remote, all)] {
        settings.channels.push(Channel { sink, levels, verbose });
    }
    settings
}

/// The colours of the terminal, by `-n` and `-W`; a file or pipe gets none.
fn palette(arguments: &Arguments, is_terminal: bool) -> Palette {
    match (is_terminal && !arguments.no_colour, arguments.light) {
        (false, _) => Palette::None,
        (true, true) => Palette::Light,
        (true, false) => Palette::Dark,
    }
}

/// What a console takes: the levels of `logger.conf`, and those that `core set verbose` and
/// `core set debug` switch on and off.
fn console_levels(configured: LevelSet) -> LevelSet {
    let takes = |level: &Level| {
        configured.contains(*level) || matches!(level, Level::Verbose | Level::Debug)
    };
    LevelSet::of(&Level::ALL.into_iter().filter(takes).collect::<Vec<_>>())
}

/// The channels in words, for `logger show channels`.
pub(crate) fn describe(settings: &LogSettings) -> Vec<(String, String, String, String)> {
    let shown = settings.channels.iter().filter(|channel| channel.sink != Sink::Remote);
    shown
        .map(|channel| {
            let (name, kind) = match &channel.sink {
                Sink::File(path) => (path.display().to_string(), "File"),
                Sink::Console | Sink::Remote => (String::new(), "Console"),
            };
            let levels = Level::ALL.into_iter().filter(|level| channel.levels.contains(*level));
            let levels: Vec<&str> = levels.map(Level::name).collect();
            (name, kind.to_owned(), "Enabled".to_owned(), levels.join(" "))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;

    #[test]
    fn quiet_leaves_warnings_on_the_terminal_and_mute_errors_only() {
        let shown = |flags: &[&str]| {
            let arguments = Arguments::parse_from([&["sidetone"], flags].concat());
            let settings = settings(&arguments, None);
            let terminal = settings.channels.iter().find(|channel| channel.sink == Sink::Console);
            let levels = terminal.expect("a terminal").levels;
            Level::ALL.into_iter().filter(|level| levels.contains(*level)).collect::<Vec<_>>()
        };
        assert_eq!(shown(&["-m"]), [Level::Error]);
        assert_eq!(shown(&["-q"]), [Level::Error, Level::Warning]);
        assert_eq!(shown(&["-qm"]), [Level::Error]);
        assert!(shown(&[]).contains(&Level::Notice));
    }

    #[test]
    fn flags_choose_the_colours_of_a_terminal() {
        let of = |flags: &[&str]| Arguments::parse_from([&["sidetone"], flags].concat());
        assert_eq!(palette(&of(&[]), true), Palette::Dark);
        assert_eq!(palette(&of(&["-W"]), true), Palette::Light);
        assert_eq!(palette(&of(&["-n", "-W"]), true), Palette::None);
        assert_eq!(palette(&of(&["-W"]), false), Palette::None);
    }
}
