//! Log channels: each takes some levels and writes lines to the console or a file.
//!
//! The line's shape is the one operators and ban lists know:
//! `[2026-11-20 21:57:20.501] NOTICE[pid] module: text`.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Instant;

use parking_lot::{Mutex, RwLock};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

use crate::ration::Rations;
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

    fn of(metadata: &Metadata<'_>) -> Self {
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
    /// Verbose lines up to this verbosity; `None` follows [`Log::set_verbose`].
    pub verbose: Option<u8>,
}

impl Channel {
    fn takes(&self, level: Level, verbosity: u8, general: u8) -> bool {
        let verbose_enough =
            level != Level::Verbose || verbosity <= self.verbose.unwrap_or(general);
        verbose_enough && self.levels.contains(level)
    }
}

/// Verbosity of a verbose line whose event carries no field `level`: the steps of the dialplan
/// and the course of calls, which scripts and people expect at `core set verbose 3`.
const USUAL_VERBOSITY: u8 = 3;

/// Colours of the console.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Palette {
    /// None.
    #[default]
    None,
    /// For a dark background.
    Dark,
    /// For a light background: no yellow and no cyan.
    Light,
}

/// All log channels and how lines look.
#[derive(Clone, Debug)]
pub struct LogSettings {
    /// The channels.
    pub channels: Vec<Channel>,
    /// `dateformat` of `logger.conf` in strftime letters; `%3q` is milliseconds.
    pub date_format: String,
    /// Colours of the level on the console.
    pub palette: Palette,
}

impl Default for LogSettings {
    fn default() -> Self {
        let levels = [Level::Notice, Level::Warning, Level::Error];
        Self {
            channels: vec![Channel {
                sink: Sink::Console,
                levels: LevelSet::of(&levels),
                verbose: None,
            }],
            date_format: "%F %T.%3q".into(),
            palette: Palette::None,
        }
    }
}

/// The `tracing` layer that feeds the channels; settings can be swapped at run time.
#[derive(Clone, Debug)]
pub struct Log {
    settings: Arc<RwLock<LogSettings>>,
    /// How much is told; outlives changes of the settings.
    levels: Arc<Levels>,
    /// How much each channel may still write.
    rations: Arc<Mutex<Rations>>,
    writer: Writer,
}

#[derive(Debug, Default)]
struct Levels {
    verbose: AtomicU8,
    debug: AtomicU8,
}

impl Log {
    /// A log with these settings.
    #[must_use]
    pub fn new(settings: LogSettings, writer: Writer) -> Self {
        let settings = Arc::new(RwLock::new(settings));
        Self { settings, levels: Arc::default(), rations: Arc::default(), writer }
    }

    /// How much verbose channels tell about calls: 0 for nearly nothing, 3 for every step.
    #[must_use]
    pub fn verbose(&self) -> u8 {
        self.levels.verbose.load(Ordering::Relaxed)
    }

    /// Changes [`Log::verbose`]; returns what it was.
    pub fn set_verbose(&self, verbose: u8) -> u8 {
        self.levels.verbose.swap(verbose, Ordering::Relaxed)
    }

    /// How much is told to developers; 0 for nothing. All levels above 0 tell the same.
    #[must_use]
    pub fn debug(&self) -> u8 {
        self.levels.debug.load(Ordering::Relaxed)
    }

    /// Changes [`Log::debug`]; returns what it was.
    pub fn set_debug(&self, debug: u8) -> u8 {
        let before = self.levels.debug.swap(debug, Ordering::Relaxed);
        if (before == 0) != (debug == 0) {
            // Events without interest cost nothing, so the places that make them must be told.
            tracing::callsite::rebuild_interest_cache();
        }
        before
    }

    fn most(&self) -> LevelFilter {
        if self.debug() > 0 { LevelFilter::DEBUG } else { LevelFilter::INFO }
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
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if *metadata.level() <= self.most() { Interest::always() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        *metadata.level() <= self.most()
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.most())
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let level = Level::of(event.metadata());
        let settings = self.settings.read();
        if !settings.channels.iter().any(|channel| channel.levels.contains(level)) {
            return;
        }
        let mut text = Text::of(level);
        event.record(&mut text);
        let (verbosity, general) = (text.verbosity, self.verbose());
        let takes = |channel: &&Channel| channel.takes(level, verbosity, general);
        let task = tokio::task::try_id();
        let mut rations = self.rations.lock();
        if let Some(channel) = &text.channel {
            rations.note(task, channel);
        }
        if !settings.channels.iter().any(|channel| takes(&channel)) {
            return;
        }
        let target = event.metadata().target();
        let module = target.strip_prefix("sidetone_").unwrap_or(target);
        let (may, notices) = rations.charge(Instant::now(), task);
        drop(rations);
        let line = may.then(|| text.line());
        for words in notices.into_iter().chain(line) {
            let head = format!("[{}] ", stamp(&settings.date_format));
            let tail = format!("[{}] {module}: {words}\n", std::process::id());
            for channel in settings.channels.iter().filter(takes) {
                let line = match (&channel.sink, colour(settings.palette, level)) {
                    (Sink::Console, Some(colour)) => {
                        format!("{head}\x1b[{colour}m{}\x1b[0m{tail}", level.name())
                    }
                    _ => format!("{head}{}{tail}", level.name()),
                };
                self.writer.write(channel.sink.clone(), line);
            }
        }
    }
}

/// The number of an ANSI colour.
fn colour(palette: Palette, level: Level) -> Option<u8> {
    let (dark, light) = match level {
        Level::Error | Level::Security => (31, 31),
        Level::Warning => (33, 35),
        Level::Notice => (32, 32),
        Level::Debug | Level::Dtmf | Level::Verbose => (36, 34),
    };
    match palette {
        Palette::None => None,
        Palette::Dark => Some(dark),
        Palette::Light => Some(light),
    }
}

/// Collects the message and the fields of an event.
struct Text {
    /// The field `channel`: whose line it is. The message says that in its own way.
    channel: Option<String>,
    message: String,
    fields: String,
    /// Whether the field `level` is the verbosity of a verbose line.
    is_verbose: bool,
    verbosity: u8,
}

impl Text {
    fn of(level: Level) -> Self {
        let (message, fields) = (String::new(), String::new());
        let is_verbose = level == Level::Verbose;
        Self { channel: None, message, fields, is_verbose, verbosity: USUAL_VERBOSITY }
    }

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

    fn record_u64(&mut self, field: &Field, value: u64) {
        if self.is_verbose && field.name() == "level" {
            self.verbosity = u8::try_from(value).unwrap_or(u8::MAX);
        } else {
            self.record_debug(field, &value);
        }
    }

    /// Literal numbers arrive signed.
    fn record_i64(&mut self, field: &Field, value: i64) {
        match u64::try_from(value) {
            Ok(value) => self.record_u64(field, value),
            Err(_) => self.record_debug(field, &value),
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            self.message.push_str(value);
        } else if field.name() == "channel" {
            self.channel = Some(value.to_owned());
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
        with_log(levels, |_| log())
    }

    fn with_log(levels: &[Level], log: impl FnOnce(&Log)) -> String {
        let name = format!("sidetone-log-{}-{:?}", std::process::id(), std::thread::current().id());
        let path = std::env::temp_dir().join(name);
        let levels = LevelSet::of(levels);
        let channel = Channel { sink: Sink::File(path.clone()), levels, verbose: None };
        let settings = LogSettings { channels: vec![channel], ..LogSettings::default() };
        let layer = Log::new(settings, Writer::start().expect("a thread"));
        let kept = layer.clone();
        let registry = tracing_subscriber::registry().with(layer);
        tracing::subscriber::with_default(registry, || log(&kept));
        kept.writer().flush();
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let _ = std::fs::remove_file(path);
        text
    }

    #[test]
    fn verbose_lines_follow_the_verbosity_in_force() {
        let text = with_log(&[Level::Verbose], |log| {
            let tell = |words: &str| {
                tracing::info!(target: "verbose", "step {words}");
                tracing::info!(target: "verbose", level = 0, "always {words}");
                tracing::info!(target: "verbose", level = 5, "detail {words}");
            };
            tell("a");
            assert_eq!(log.set_verbose(3), 0);
            tell("b");
            assert_eq!(log.set_verbose(5), 3);
            tell("c");
        });
        let told: Vec<&str> =
            text.lines().filter_map(|line| line.split("verbose: ").nth(1)).collect();
        assert_eq!(told, ["always a", "step b", "always b", "step c", "always c", "detail c"]);
    }

    #[test]
    fn debug_lines_are_made_only_when_asked_for() {
        let text = with_log(&[Level::Debug], |log| {
            let tell = |words: &str| tracing::debug!("detail {words}");
            tell("a");
            log.set_debug(1);
            tell("b");
            log.set_debug(0);
            tell("c");
        });
        assert!(text.contains("detail b") && text.lines().count() == 1, "{text}");
    }

    #[tokio::test]
    async fn a_circle_leaves_lines_out_says_how_many_and_lets_others_write() {
        use tracing::instrument::WithSubscriber as _;
        let name = format!("sidetone-circle-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let levels = LevelSet::of(&[Level::Verbose, Level::Warning]);
        let channel = Channel { sink: Sink::File(path.clone()), levels, verbose: Some(3) };
        let settings = LogSettings { channels: vec![channel], ..LogSettings::default() };
        let log = Log::new(settings, Writer::start().expect("a thread"));
        let subscriber = Arc::new(tracing_subscriber::registry().with(log.clone()));
        let told = |name: &'static str, steps: u32| {
            let steps = async move {
                for _ in 0..steps {
                    tracing::info!(target: "verbose", channel = name, "step of {name}");
                    tracing::warn!("{name}: nothing to play");
                }
            };
            tokio::spawn(steps.with_subscriber(Arc::clone(&subscriber)))
        };
        told("PJSIP/circle-1", 20_000).await.expect("it ends");
        told("PJSIP/quiet-2", 100).await.expect("it ends");
        log.writer().flush();
        let text = std::fs::read_to_string(&path).expect("a file");
        let _ = std::fs::remove_file(path);
        let count = |words: &str| text.lines().filter(|line| line.contains(words)).count();
        assert_eq!(count("PJSIP/circle-1: nothing") + count("step of PJSIP/circle-1"), 1_000);
        assert_eq!(count("PJSIP/circle-1 has written 1000 lines within 10 seconds"), 1);
        assert_eq!((count("step of PJSIP/quiet-2"), count("PJSIP/quiet-2: nothing")), (100, 100));
        assert!(!text.contains("channel="), "the message names it: {}", &text[..400]);
    }

    #[test]
    fn a_light_background_gets_no_yellow_and_no_cyan() {
        let colours = |palette| Level::ALL.map(|level| colour(palette, level));
        assert!(colours(Palette::Dark).contains(&Some(33)));
        let light = colours(Palette::Light);
        assert!(!light.contains(&Some(33)) && !light.contains(&Some(36)), "{light:?}");
        assert!(colours(Palette::None).iter().all(Option::is_none));
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
