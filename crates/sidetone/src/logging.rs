//! From `logger.conf` and the flags to log channels.

use std::io::IsTerminal as _;
use std::path::Path;

use sidetone_config::{Config, LogFormat, LogTarget};
use sidetone_observe::writer::{Sink, Writer};
use sidetone_observe::{Channel, Level, LevelSet, Log, LogSettings};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::arguments::Arguments;

/// Starts the log with what the flags say; `logger.conf` follows when it is read.
pub(crate) fn start(arguments: &Arguments) -> Result<Log, String> {
    let writer = Writer::start().map_err(|error| format!("cannot start the log: {error}"))?;
    let log = Log::new(settings(arguments, None), writer);
    let most = if arguments.debug > 0 { LevelFilter::DEBUG } else { LevelFilter::INFO };
    let layer = log.clone().with_filter(most);
    let started = tracing_subscriber::registry().with(layer).try_init();
    started.map_err(|error| format!("cannot start the log: {error}"))?;
    Ok(log)
}

/// The log channels of a configuration and these flags.
pub(crate) fn settings(arguments: &Arguments, config: Option<&Config>) -> LogSettings {
    let mut settings = LogSettings {
        colour: !arguments.no_colour && std::io::stdout().is_terminal(),
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
                LogTarget::Syslog(_) => return None,
            };
            let levels = channel.levels.iter();
            let levels = levels.filter_map(|level| Level::from_name(&level.to_string()));
            Some(Channel { sink, levels: LevelSet::of(&levels.collect::<Vec<_>>()) })
        });
        settings.channels = channels.collect();
    }
    let console = console_levels(arguments, &settings);
    settings.channels.retain(|channel| channel.sink != Sink::Console);
    settings.channels.push(Channel { sink: Sink::Console, levels: console });
    settings.channels.push(Channel { sink: Sink::Remote, levels: console });
    settings
}

/// Says which log channels of the configuration have no effect.
pub(crate) fn report_ignored(config: &Config) {
    for channel in &config.logger.channels {
        if let LogTarget::Syslog(facility) = &channel.target {
            tracing::warn!("logger.conf: 'syslog.{facility}' is ignored: write to a file instead");
        }
        if channel.format != LogFormat::Default {
            tracing::warn!("logger.conf: the format of a channel is ignored: lines are plain text");
        }
    }
}

fn console_levels(arguments: &Arguments, settings: &LogSettings) -> LevelSet {
    if arguments.mute {
        return LevelSet::of(&[Level::Error]);
    }
    if arguments.quiet {
        return LevelSet::of(&[Level::Warning, Level::Error]);
    }
    let configured = settings.channels.iter().find(|channel| channel.sink == Sink::Console);
    let configured = configured.map(|channel| channel.levels).unwrap_or_default();
    let mut levels: Vec<Level> =
        Level::ALL.into_iter().filter(|level| configured.contains(*level)).collect();
    if arguments.verbose > 0 {
        levels.push(Level::Verbose);
    }
    if arguments.debug > 0 {
        levels.push(Level::Debug);
    }
    LevelSet::of(&levels)
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
