//! Log channels: each takes some levels and writes lines to the console or a file.
//!
//! The line's shape is the one operators and ban lists know:
//! `[2026-11-20 21:57:20.501] NOTICE[pid] module: text`.

use std::fmt::Write as _;
use std::sync::Arc;

use parking_lot::RwLock;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

use crate::writer::{Sink, Writer};

/// A level of `logger.conf`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Tracing details for developers.
    Debug,
    /// Digits.
    Dtmf,
    /// Something failed.
    Error,
    /// Worth knowing in normal operation.
    Notice,
    /// Security events.
    Security,
    /// What the dialplan does.
    Verbose,
    /// Something should be changed.
    Warning,
}

impl Level {
    /// All levels.
    pub const ALL: [Self; 7] = [
        Self::Debug,
        Self::Dtmf,
        Self::Error,
        Self::Notice,
        Self::Security,
        Self::Verbose,
        Self::Warning,
    ];

    /// The word in a log line; lower case it is the word of `logger.conf`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Debug => "DEBUG",
            Self::Dtmf => "DTMF",
            Self::Error => "ERROR",
            Self::Notice => "NOTICE",
            Self::Security => "SECURITY",
            Self::Verbose => "VERBOSE",
            Self::Warning => "WARNING",
        }
    }

    /// Reads a word of `logger.conf`; a verbose level in parentheses is accepted.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let name = name.split('(').next().unwrap_or(name).trim();
        Self::ALL.into_iter().find(|level| level.name().eq_ignore_ascii_case(name))
    }

    fn of(metadata: &tracing::Metadata<'_>) -> Self {
        match (metadata.target(), *metadata.level()) {
            ("security", _) => Self::Security,
            ("verbose", _) => Self::Verbose,
            ("dtmf", _) => Self::Dtmf,
            (_, tracing::Level::ERROR) => Self::Error,
            (_, tracing::Level::WARN) => Self::Warning,
            (_, tracing::Level::INFO) => Self::Notice,
            _ => Self::Debug,
        }
    }
}

/// A set of levels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LevelSet(u8);

impl LevelSet {
    /// The set of these levels.
    #[must_use]
    pub fn of(levels: &[Level]) -> Self {
        Self(levels.iter().fold(0, |set, level| set | 1 << (*level as u8)))
    }

    /// Whether the level is in the set.
    #[must_use]
    pub fn contains(self, level: Level) -> bool {
        self.0 & (1 << (level as u8)) != 0
    }
}

/// One log channel.
#[derive(Clone, Debug)]
pub struct Channel {
    /// Where its lines go.
    pub sink: Sink,
    /// Which levels it takes.
    pub levels: LevelSet,
}

/// All log channels and how lines look.
#[derive(Clone, Debug)]
pub struct LogSettings {
    /// The channels.
    pub channels: Vec<Channel>,
    /// `dateformat` of `logger.conf` in strftime letters; `%3q` is milliseconds.
    pub date_format: String,
    /// Colour the level on the console.
    pub colour: bool,
}

impl Default for LogSettings {
    fn default() -> Self {
        let levels = [Level::Notice, Level::Warning, Level::Error];
        Self {
            channels: vec![Channel { sink: Sink::Console, levels: LevelSet::of(&levels) }],
            date_format: "%F %T.%3q".into(),
            colour: false,
        }
    }
}

/// The `tracing` layer that feeds the channels; settings can be swapped at run time.
#[derive(Clone, Debug)]
pub struct Log {
    settings: Arc<RwLock<LogSettings>>,
    writer: Writer,
}

impl Log {
    /// A log with these settings.
    #[must_use]
    pub fn new(settings: LogSettings, writer: Writer) -> Self {
        Self { settings: Arc::new(RwLock::new(settings)), writer }
    }

    /// Puts new settings in force.
    pub fn set(&self, settings: LogSettings) {
        *self.settings.write() = settings;
    }

    /// The settings in force.
    #[must_use]
    pub fn settings(&self) -> LogSettings {
        self.settings.read().clone()
    }

    /// The writer behind the channels.
    #[must_use]
    pub fn writer(&self) -> &Writer {
        &self.writer
    }
}

/// The present moment in a `dateformat`.
fn stamp(format: &str) -> String {
    let now = jiff::Zoned::now();
    let millis = format!("{:03}", now.millisecond());
    now.strftime(&format.replace("%3q", &millis)).to_string()
}

impl<S: Subscriber> Layer<S> for Log {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let level = Level::of(event.metadata());
        let settings = self.settings.read();
        if !settings.channels.iter().any(|channel| channel.levels.contains(level)) {
            return;
        }
        let mut text = Text::default();
        event.record(&mut text);
        let target = event.metadata().target();
        let module = target.strip_prefix("sidetone_").unwrap_or(target);
        let head = format!("[{}] ", stamp(&settings.date_format));
        let tail = format!("[{}] {module}: {}\n", std::process::id(), text.line());
        for channel in settings.channels.iter().filter(|c| c.levels.contains(level)) {
            let line = match channel.sink {
                Sink::Console if settings.colour => {
                    format!("{head}{}{}\x1b[0m{tail}", colour(level), level.name())
                }
                _ => format!("{head}{}{tail}", level.name()),
            };
            self.writer.write(channel.sink.clone(), line);
        }
    }
}

fn colour(level: Level) -> &'static str {
    match level {
        Level::Error | Level::Security => "\x1b[31m",
        Level::Warning => "\x1b[33m",
        Level::Notice => "\x1b[32m",
        Level::Debug | Level::Dtmf | Level::Verbose => "\x1b[36m",
    }
}

/// Collects the message and the fields of an event.
#[derive(Default)]
struct Text {
    message: String,
    fields: String,
}

impl Text {
    /// One line: a peer's text must not be able to start a line of its own.
    fn line(&self) -> String {
        let text = format!("{}{}", self.message, self.fields);
        if text.contains(['\n', '\r', '\x1b']) {
            text.replace("\r\n", "\n").replace(['\r', '\x1b'], " ").replace('\n', "\n    ")
        } else {
            text
        }
    }
}

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            let _ = write!(self.message, "{value:?}");
        } else {
            let _ = write!(self.fields, " {}={value:?}", field.name());
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            self.message.push_str(value);
        } else {
            let _ = write!(self.fields, " {}={value}", field.name());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing_subscriber::layer::SubscriberExt as _;

    fn logged(levels: &[Level], log: impl FnOnce()) -> String {
        let name = format!("sidetone-log-{}-{:?}", std::process::id(), std::thread::current().id());
        let path = std::env::temp_dir().join(name);
        let channel = Channel { sink: Sink::File(path.clone()), levels: LevelSet::of(levels) };
        let settings = LogSettings { channels: vec![channel], ..LogSettings::default() };
        let layer = Log::new(settings, Writer::start().expect("a thread"));
        let writer = layer.writer().clone();
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), log);
        writer.flush();
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let _ = std::fs::remove_file(path);
        text
    }

    #[test]
    fn a_channel_takes_its_levels_and_no_others() {
        let text = logged(&[Level::Security], || {
            tracing::warn!("not for this channel");
            tracing::info!(target: "security", "SecurityEvent=\"x\"");
        });
        assert_eq!(text.lines().count(), 1);
        assert!(text.contains("] SECURITY["), "{text}");
        assert!(text.ends_with("security: SecurityEvent=\"x\"\n"), "{text}");
    }

    #[test]
    fn a_peer_cannot_forge_a_log_line() {
        let peer = "x\r\n[2026-01-01] SECURITY[1] security: forged";
        let text = logged(&[Level::Notice], || tracing::info!("bad name {peer}"));
        assert!(text.lines().all(|line| !line.starts_with("[2026-01-01]")), "{text}");
    }
}
