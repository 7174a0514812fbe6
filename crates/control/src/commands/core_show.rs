//! `core show …`: what the exchange is and what it does now.

use std::fmt::Write as _;
use std::time::Duration;

use sidetone_observe::writer::LINES_WAITING;
use sidetone_pbx::live::Facts;

use super::{Context, Knob, text, wrong};
use crate::socket::Answer;

/// `core waitfullybooted`: the socket opens when the exchange is ready, so it is.
pub(super) async fn fully_booted(_: &Context, _: &[&str]) -> Answer {
    text("Asterisk has fully booted.\n")
}

/// `core show version`
pub(super) async fn version(_: &Context, _: &[&str]) -> Answer {
    let (name, os, arch) =
        (env!("CARGO_PKG_VERSION"), std::env::consts::OS, std::env::consts::ARCH);
    text(format!("Sidetone {name} on {os} {arch}, compatible with Asterisk 20\n"))
}

/// `core show uptime`
pub(super) async fn uptime(context: &Context, args: &[&str]) -> Answer {
    let (up, reload) = (context.exchange.uptime(), context.surroundings.since_reload());
    let words: fn(Duration) -> String = match args.first() {
        Some(&"seconds") => |time| time.as_secs().to_string(),
        _ => in_words,
    };
    text(format!("System uptime: {}\nLast reload: {}\n", words(up), words(reload)))
}

fn in_words(time: Duration) -> String {
    let seconds = time.as_secs();
    let parts = [
        (seconds / 86_400, "day"),
        (seconds / 3_600 % 24, "hour"),
        (seconds / 60 % 60, "minute"),
        (seconds % 60, "second"),
    ];
    let said = parts.iter().filter(|(count, unit)| *count > 0 || *unit == "second");
    let said =
        said.map(|(count, unit)| format!("{count} {unit}{}", if *count == 1 { "" } else { "s" }));
    said.collect::<Vec<_>>().join(", ")
}

/// `core show calls`
pub(super) async fn calls(context: &Context, args: &[&str]) -> Answer {
    let live = context.exchange.live();
    let (active, total) = (active_calls(&live.all()), live.calls_total());
    let mut out = format!("{}\n{}\n", counted(active, "active call"), processed(total));
    if args.first() == Some(&"uptime") {
        let _ = writeln!(out, "System uptime: {}", context.exchange.uptime().as_secs());
    }
    text(out)
}

/// `core show channels`
pub(super) async fn channels(context: &Context, args: &[&str]) -> Answer {
    let live = context.exchange.live();
    let all = live.all();
    let now = context.exchange.now();
    let mut out = String::new();
    match args.first().copied() {
        Some("concise") => {
            for facts in &all {
                concise(&mut out, facts, now);
            }
            return text(out);
        }
        Some("verbose") => verbose(&mut out, &all, now),
        Some("count") => {}
        None => plain(&mut out, &all),
        Some(other) => return wrong(format!("'{other}' is none of concise, verbose, count\n")),
    }
    let _ = writeln!(out, "{}", counted(all.len(), "active channel"));
    let _ = writeln!(out, "{}", counted(active_calls(&all), "active call"));
    let _ = writeln!(out, "{}", processed(live.calls_total()));
    text(out)
}

fn plain(out: &mut String, all: &[Facts]) {
    let _ = writeln!(
        out,
        "{:<64} {:<32} {:<7} {:<30}",
        "Channel", "Location", "State", "Application(Data)"
    );
    for facts in all {
        let _ = writeln!(
            out,
            "{:<64} {:<32} {:<7} {:<30}",
            facts.name,
            location(facts),
            facts.state.name(),
            application(facts)
        );
    }
}

fn verbose(out: &mut String, all: &[Facts], now: std::time::Instant) {
    let _ = writeln!(
        out,
        "{:<80} {:<24} {:<24} {:>4} {:<7} {:<12} {:<25} {:<15} {:<8} {:<11} {:<11} {:<20}",
        "Channel",
        "Context",
        "Extension",
        "Prio",
        "State",
        "Application",
        "Data",
        "CallerID",
        "Duration",
        "Accountcode",
        "PeerAccount",
        "BridgeID"
    );
    for facts in all {
        let _ = writeln!(
            out,
            "{:<80.80} {:<24.24} {:<24.24} {:>4} {:<7} {:<12.12} {:<25.25} {:<15.15} {:<8} \
             {:<11.11} {:<11} {:<20.20}",
            facts.name,
            facts.context,
            facts.exten,
            facts.priority,
            facts.state.name(),
            none_if_empty(&facts.application),
            none_if_empty(&facts.data),
            facts.caller_number,
            clock(now.saturating_duration_since(facts.created)),
            facts.account_code,
            "",
            facts.bridge
        );
    }
}

/// Fields as scripts know them, separated by `!`.
fn concise(out: &mut String, facts: &Facts, now: std::time::Instant) {
    let duration = now.saturating_duration_since(facts.created).as_secs();
    let fields = [
        facts.name.as_str(),
        &facts.context,
        &facts.exten,
        &facts.priority.to_string(),
        facts.state.name(),
        none_if_empty(&facts.application),
        &facts.data,
        &facts.caller_number,
        &facts.account_code,
        "",
        "3",
        &duration.to_string(),
        &facts.bridge,
        &facts.unique_id,
    ]
    .map(|field| field.replace('!', ""));
    let _ = writeln!(out, "{}", fields.join("!"));
}

fn location(facts: &Facts) -> String {
    if facts.exten.is_empty() {
        "(None)".to_owned()
    } else {
        format!("{}@{}:{}", facts.exten, facts.context, facts.priority)
    }
}

fn application(facts: &Facts) -> String {
    if facts.application.is_empty() {
        "(None)".to_owned()
    } else {
        format!("{}({})", facts.application, facts.data)
    }
}

fn none_if_empty(text: &str) -> &str {
    if text.is_empty() { "(None)" } else { text }
}

/// `00:00:12`
pub(super) fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    format!("{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

fn active_calls(all: &[Facts]) -> usize {
    let mut calls: Vec<&str> = all.iter().map(|facts| facts.linked_id.as_str()).collect();
    calls.sort_unstable();
    calls.dedup();
    calls.len()
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn processed(total: u64) -> String {
    format!("{total} call{} processed", if total == 1 { "" } else { "s" })
}

/// `core show settings`
pub(super) async fn settings(context: &Context, _: &[&str]) -> Answer {
    let config = context.exchange.config();
    let options = &config.asterisk;
    let directories = &options.directories;
    let surroundings = &context.surroundings;
    let mut out = String::from("\nPBX Core settings\n-----------------\n");
    let mut row = |name: &str, value: &str| {
        let _ = writeln!(out, "  {name:<28} {value}");
    };
    let on = |on: bool| if on { "Enabled" } else { "Disabled" };
    let limit = options.max_calls.map_or("Not set".to_owned(), |calls| calls.to_string());
    row("Version:", env!("CARGO_PKG_VERSION"));
    row("Maximum calls:", &limit);
    row("Maximum open file handles:", &open_files());
    row("Root console verbosity:", &surroundings.knob(Knob::Verbose).to_string());
    row("Current console verbosity:", &surroundings.knob(Knob::Verbose).to_string());
    row("Debug level:", &surroundings.knob(Knob::Debug).to_string());
    row("Dump core on crash:", if surroundings.dumps_core() { "Yes" } else { "No" });
    row("Maximum load average:", &format!("{:.6}", options.max_load.unwrap_or(0.0)));
    let now = context.exchange.wall_clock();
    let before = |time: Duration| (&now - time).strftime("%T").to_string();
    row("Startup time:", &before(context.exchange.uptime()));
    row("Last reload time:", &before(surroundings.since_reload()));
    row("System name:", &options.system_name);
    row("Entity ID:", context.exchange.entity_id());
    row("Default language:", &options.default_language);
    row("Language prefix:", on(options.language_prefix));
    let (user, group) = surroundings.runs_as();
    row("User name and group:", &format!("{user}/{group}"));
    row("Executable includes:", on(options.exec_includes));
    row("Min DTMF duration::", &options.min_dtmf_duration_ms.to_string());
    out += "\n* Directories\n  -------------\n";
    let mut row = |name: &str, value: &str| {
        let _ = writeln!(out, "  {name:<28} {value}");
    };
    row("Configuration directory:", &directories.etc);
    row("Spool directory:", &directories.spool);
    row("Log directory:", &directories.log);
    row("Run/Sockets directory:", &directories.run);
    row("VarLib directory:", &directories.varlib);
    row("Data directory:", &directories.data);
    row("ASTDB:", &format!("{}/astdb.sqlite3", directories.db));
    out.push('\n');
    text(out)
}

/// The limit of open files of this process.
fn open_files() -> String {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    let soft = line.and_then(|line| line.split_whitespace().next());
    soft.map_or("Not set".to_owned(), |soft| format!("{soft} (is)"))
}

/// `logger show channels`
pub(super) async fn log_channels(context: &Context, _: &[&str]) -> Answer {
    let mut out = format!("Logger queue limit: {LINES_WAITING}\n\n");
    let mut row = |[name, kind, format, status, levels]: [&str; 5]| {
        let _ = writeln!(out, "{name:<35} {kind:<8} {format:<10} {status:<9} {levels}");
    };
    row(["Channel", "Type", "Formatter", "Status", "Configuration"]);
    row(["-------", "----", "---------", "------", "-------------"]);
    for (name, kind, status, levels) in context.surroundings.log_channels() {
        row([&name, &kind, "default", &status, &format!(" - {levels} ")]);
    }
    out.push('\n');
    text(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_as_people_say_them() {
        assert_eq!(in_words(Duration::from_secs(0)), "0 seconds");
        assert_eq!(in_words(Duration::from_secs(86_400 + 61)), "1 day, 1 minute, 1 second");
        assert_eq!(clock(Duration::from_secs(3_723)), "01:02:03");
    }

    /// A caller and whom it called, as in the recorded output that this is compared with.
    fn talking(now: std::time::Instant) -> [Facts; 2] {
        let facts = |name: &str, exten: &str, application: &str, data: &str, number: &str| Facts {
            id: sidetone_base::ChannelId(0),
            name: name.to_owned(),
            endpoint: String::new(),
            unique_id: "1795211840.8".to_owned(),
            linked_id: String::new(),
            state: sidetone_pbx::channel::State::Up,
            context: "sets".to_owned(),
            exten: exten.to_owned(),
            priority: 1,
            application: application.to_owned(),
            data: data.to_owned(),
            caller_number: number.to_owned(),
            caller_name: String::new(),
            connected_number: String::new(),
            account_code: String::new(),
            bridged_with: None,
            dialled_at: String::new(),
            pickup_mark: String::new(),
            bridge: "b4f75a70-f14a-46dd-bd6b-484a03204d55".to_owned(),
            created: now,
            answered: None,
        };
        let called = "PJSIP/plain0000-00000005";
        [
            facts("PJSIP/load0001-00000006", "80001", "Dial", "PJSIP/plain0001,30", "load0001"),
            facts(called, "", "AppDial", "(Outgoing Line)", "80000"),
        ]
    }

    #[test]
    fn channels_stand_in_the_columns_that_scripts_cut_out() {
        let now = std::time::Instant::now();
        let all = talking(now);
        let lines = |print: &dyn Fn(&mut String)| {
            let mut out = String::new();
            print(&mut out);
            out.lines().map(str::to_owned).collect::<Vec<_>>()
        };
        let short = lines(&|out| plain(out, &all));
        let column = |text: &str, word: &str| text.find(word).unwrap_or_else(|| panic!("{text}"));
        for (word, at) in [("Location", 65), ("State", 98), ("Application(Data)", 106)] {
            assert_eq!(column(&short[0], word), at);
        }
        assert_eq!(column(&short[1], "80001@sets:1"), 65);
        assert_eq!(column(&short[2], "AppDial((Outgoing Line))"), 106);
        assert_eq!(column(&short[2], "(None)"), 65);
        let long = lines(&|out| verbose(out, &all, now + Duration::from_secs(11)));
        for (word, at) in [
            ("Context", 81),
            ("Extension", 106),
            ("Prio", 131),
            ("State", 136),
            ("Application", 144),
            ("Data", 157),
            ("CallerID", 183),
            ("Duration", 199),
            ("Accountcode", 208),
            ("PeerAccount", 220),
            ("BridgeID", 232),
        ] {
            assert_eq!(column(&long[0], word), at, "{word}");
        }
        for (word, at) in [("sets", 81), ("80001", 106), ("Up", 136), ("PJSIP/plain0001,30", 157)] {
            assert_eq!(column(&long[1], word), at, "{word}");
        }
        assert_eq!(column(&long[1], "00:00:11"), 199);
        assert_eq!(&long[1][232..], "b4f75a70-f14a-46dd-b");
        let bare = lines(&|out| concise(out, &all[0], now + Duration::from_secs(11)));
        assert_eq!(
            bare[0],
            "PJSIP/load0001-00000006!sets!80001!1!Up!Dial!PJSIP/plain0001,30!load0001!!!3!11!\
             b4f75a70-f14a-46dd-bd6b-484a03204d55!1795211840.8"
        );
    }
}
