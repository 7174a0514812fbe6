//! `logger.conf`: where log lines go, which of them, and how the time is written.

use sidetone_conf::{Diagnostic, Document, Value};

use crate::fields::{Fields, Settings};
use crate::nearest::nearest;
use crate::report::Report;
use crate::sections::{general, known_only, single};
use crate::table::choices;
use crate::tables::server::LOGGER;

choices! {
    /// A kind of log line.
    pub enum Level {
        /// For developers.
        Debug = "DEBUG",
        /// Finer still.
        Trace = "TRACE",
        /// Something usual worth noting.
        Notice = "NOTICE",
        /// Something unusual that does not stop anything.
        Warning = "WARNING",
        /// Something that failed.
        Error = "ERROR",
        /// The course of calls.
        Verbose = "VERBOSE",
        /// Digits.
        Dtmf = "DTMF",
        /// Fax sessions.
        Fax = "FAX",
        /// Security events.
        Security = "SECURITY",
    }
}

impl Level {
    /// All kinds, in the order of `logger show channels`.
    pub const ALL: [Self; 9] = [
        Self::Debug,
        Self::Trace,
        Self::Notice,
        Self::Warning,
        Self::Error,
        Self::Verbose,
        Self::Dtmf,
        Self::Fax,
        Self::Security,
    ];
}

choices! {
    /// How a line is written.
    pub enum LogFormat {
        /// With colours on a terminal.
        Default = "default",
        /// Without colours.
        Plain = "plain",
        /// One JSON object per line.
        Json = "json",
    }
}

/// Where lines go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogTarget {
    /// Every console.
    Console,
    /// A file, relative to the log directory.
    File(String),
    /// Syslog with this facility.
    Syslog(String),
}

/// One log channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogChannel {
    /// Where lines go.
    pub target: LogTarget,
    /// How they are written.
    pub format: LogFormat,
    /// Which go there.
    pub levels: Vec<Level>,
    /// Verbose lines up to this level; `None` follows the console's or server's.
    pub verbose_level: Option<u32>,
}

/// Log settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logger {
    /// Time of log lines, as strftime.
    pub date_format: String,
    /// Call identifiers in log lines.
    pub use_callids: bool,
    /// Lines that may wait to be written.
    pub queue_limit: u32,
    /// Where lines go.
    pub channels: Vec<LogChannel>,
    /// What was set, for `show` commands.
    pub settings: Settings,
}

impl Logger {
    pub(crate) fn build(document: Option<&Document>, report: &mut Report) -> Self {
        let empty = Document::default();
        let found = document.unwrap_or(&empty);
        known_only(found, "logger.conf", &["general", "logfiles"], report);
        let section = general(found, "logger.conf");
        let fields = Fields::new(&LOGGER, &section, report);
        let mut logger = Self {
            date_format: fields.string("dateformat"),
            use_callids: fields.flag("use_callids"),
            queue_limit: fields.number("logger_queue_limit"),
            channels: Vec::new(),
            settings: fields.settings(),
        };
        for section in single(found, "logfiles") {
            for value in &section.values {
                logger.channels.extend(channel(value, report));
            }
        }
        if document.is_none() {
            logger.channels.push(LogChannel {
                target: LogTarget::Console,
                format: LogFormat::Default,
                levels: vec![Level::Notice, Level::Warning, Level::Error, Level::Verbose],
                verbose_level: None,
            });
        }
        logger
    }
}

impl Default for Logger {
    /// What holds without logger.conf: notices, warnings, errors and verbose on the console.
    fn default() -> Self {
        Self::build(None, &mut Report::default())
    }
}

fn channel(value: &Value, report: &mut Report) -> Option<LogChannel> {
    let name = value.name.to_ascii_lowercase();
    let target = if name == "console" {
        LogTarget::Console
    } else if let Some(facility) = name.strip_prefix("syslog.") {
        LogTarget::Syslog(facility.to_owned())
    } else if value.name.split('/').any(|part| part == "..") {
        let message = format!("log file '{}' leads out of the log directory", value.name);
        let hint = "write a name, or a path that starts with /";
        report.say(Diagnostic::error(&value.span, message).hint(hint));
        return None;
    } else {
        LogTarget::File(value.name.to_string())
    };
    let (format, levels) = split_format(value, report);
    report_ignored(&target, format, value, report);
    let mut channel = LogChannel { target, format, levels: Vec::new(), verbose_level: None };
    for word in levels.split(',').map(str::trim).filter(|word| !word.is_empty()) {
        add_level(&mut channel, word, value, report);
    }
    Some(channel)
}

/// Says what of a channel has no effect. `[plain]` is how lines of files are written anyway.
fn report_ignored(target: &LogTarget, format: LogFormat, value: &Value, report: &mut Report) {
    if matches!(target, LogTarget::Syslog(_)) {
        let reason = "nothing goes to syslog; name a file instead";
        report.ignored("logfiles", "syslog", &value.span, reason);
    }
    match (format, target) {
        (LogFormat::Json, _) => {
            report.ignored("logfiles", "[json]", &value.span, "lines are plain text");
        }
        (LogFormat::Plain, LogTarget::Console) => {
            let reason = "colours are a matter of the terminal; nocolor = yes in asterisk.conf \
                switches them off";
            report.ignored("logfiles", "[plain]", &value.span, reason);
        }
        (LogFormat::Plain | LogFormat::Default, _) => {}
    }
}

/// Takes `[json]` off the front of a channel's text.
fn split_format<'a>(value: &'a Value, report: &mut Report) -> (LogFormat, &'a str) {
    let Some((word, rest)) = value.text.strip_prefix('[').and_then(|rest| rest.split_once(']'))
    else {
        return (LogFormat::Default, &value.text);
    };
    let format = LogFormat::from_name(word.trim());
    if format.is_none() {
        let message = format!("no log format is called '{word}': default is used");
        let hint = format!("one of {}", LogFormat::NAMES.join(", "));
        report.say(Diagnostic::warning(&value.span, message).hint(hint));
    }
    (format.unwrap_or(LogFormat::Default), rest)
}

fn add_level(channel: &mut LogChannel, word: &str, value: &Value, report: &mut Report) {
    let (name, argument) = match word.split_once('(') {
        Some((name, rest)) => (name.trim(), rest.trim_end_matches(')').trim().parse().ok()),
        None => (word, None),
    };
    let levels = match (name, Level::from_name(name)) {
        ("*", _) => Level::ALL.to_vec(),
        (_, Some(level)) => {
            let unused = match level {
                Level::Fax => Some("fax"),
                Level::Trace => Some("trace"),
                _ => None,
            };
            if let Some(unused) = unused {
                report.ignored("logfiles", unused, &value.text_span(), "no line has this level");
            }
            vec![level]
        }
        (_, None) => {
            let message = format!("no log level is called '{name}': left out");
            let near = nearest(name, Level::NAMES.iter().copied());
            let hint = near.map_or_else(
                || format!("one of {}", Level::NAMES.join(", ").to_ascii_lowercase()),
                |near| format!("did you mean '{}'?", near.to_ascii_lowercase()),
            );
            return report.say(Diagnostic::warning(&value.text_span(), message).hint(hint));
        }
    };
    if name.eq_ignore_ascii_case("verbose") {
        channel.verbose_level = argument.or(channel.verbose_level);
    }
    for level in levels {
        if !channel.levels.contains(&level) {
            channel.levels.push(level);
        }
    }
}
