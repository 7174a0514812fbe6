//! The commands, one file per family, listed in one table from which help and completion come.

mod channel;
mod codecs;
mod core_set;
mod core_show;
mod core_stop;
mod counters;
mod database;
mod dialplan;
mod help;
mod http;
mod module;
mod moh;
mod parking;
mod pjsip_logger;
mod pjsip_objects;
mod pjsip_registrations;
mod pjsip_show;
mod reload;
mod route;
mod rtp;
mod stun;
pub(crate) mod words;

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use sidetone_engine::tap::Watch;
use sidetone_pbx::Exchange;

use crate::socket::Answer;

/// What a command may use beside the exchange; given by the binary.
pub trait Surroundings: Send + Sync {
    /// The text of `http show status`.
    fn http_status(&self) -> String;

    /// What the HTTP server has served and refused, by name.
    fn http_totals(&self) -> Vec<(&'static str, u64)>;

    /// Reads the configuration again: all of it, or the part of a module.
    fn reload(&self, module: Option<String>) -> Pin<Box<dyn Future<Output = Answer> + Send>>;

    /// Stops the exchange.
    fn stop(&self, how: Stop);

    /// The log channels as `(name, kind, status, levels)`.
    fn log_channels(&self) -> Vec<(String, String, String, String)>;

    /// Where a knob of the log stands.
    fn knob(&self, knob: Knob) -> u8;

    /// Turns a knob of the log; returns where it stood.
    fn turn(&self, knob: Knob, to: u8) -> u8;

    /// Whether a crash may leave a core file: `-g`, or `dumpcore` when it started.
    fn dumps_core(&self) -> bool;

    /// The user and the group the process became, empty when it stays who it was.
    fn runs_as(&self) -> (String, String);

    /// Begins a capture of SIP messages in a new file; one that runs ends.
    ///
    /// # Errors
    /// Why the file cannot be made, in words.
    fn capture(&self, path: &str) -> Result<(), String>;

    /// Ends the capture, if there is one.
    fn end_capture(&self);

    /// Makes a file for what passes the media ports, of one peer or of all, and writes there what
    /// the watch that it returns tells.
    ///
    /// # Errors
    /// Why the file cannot be made, in words.
    fn media_capture(&self, path: &str, peer: Option<IpAddr>) -> Result<Watch, String>;

    /// Time since the configuration was read last.
    fn since_reload(&self) -> Duration;
}

/// How much the log tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Knob {
    /// About calls.
    Verbose,
    /// To developers.
    Debug,
}

/// How the exchange stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// No new calls; when the last one ended, stop.
    Gracefully,
    /// Hang up everything and stop.
    Now,
    /// Stop when no call is left, taking new ones until then.
    WhenConvenient,
}

/// What a command works on.
#[derive(Clone)]
pub struct Context {
    /// The exchange.
    pub exchange: Exchange,
    /// Everything else.
    pub surroundings: Arc<dyn Surroundings>,
}

impl std::fmt::Debug for Context {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context").finish_non_exhaustive()
    }
}

/// A running command.
type Execution<'a> = Pin<Box<dyn Future<Output = Answer> + Send + 'a>>;

/// One command.
#[derive(Clone, Copy)]
pub struct Command {
    /// Its words, such as `core show channels`.
    pub words: &'static str,
    /// What may follow them.
    pub syntax: &'static str,
    /// What it does, in one sentence.
    pub synopsis: &'static str,
    run: for<'a> fn(&'a Context, &'a [&'a str]) -> Execution<'a>,
}

impl std::fmt::Debug for Command {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Command").field("words", &self.words).finish_non_exhaustive()
    }
}

macro_rules! command {
    ($words:literal, $syntax:literal, $run:path, $synopsis:literal) => {
        Command {
            words: $words,
            syntax: $syntax,
            synopsis: $synopsis,
            run: |context, args| Box::pin($run(context, args)),
        }
    };
}

/// All commands, sorted by their words.
pub const COMMANDS: &[Command] = &[
    command!(
        "channel request hangup",
        "<channel>|all",
        channel::request_hangup,
        "End a call, or all of them"
    ),
    command!("core reload", "", reload::all, "Read the whole configuration again"),
    command!(
        "core set debug",
        "[atleast] <level>|off",
        core_set::debug,
        "Set how much the log tells to developers"
    ),
    command!(
        "core set verbose",
        "[atleast] <level>|off",
        core_set::verbose,
        "Set how much the console tells about calls"
    ),
    command!("core show application", "<name>", help::application, "Describe an application"),
    command!("core show applications", "", help::applications, "List the applications"),
    command!("core show calls", "[uptime]", core_show::calls, "Count the calls"),
    command!(
        "core show channels",
        "[concise|verbose|count]",
        core_show::channels,
        "List the channels"
    ),
    command!("core show codec", "<number>", codecs::codec, "Describe a codec"),
    command!("core show codecs", "[audio|video|image|text]", codecs::codecs, "List the codecs"),
    command!(
        "core show counters",
        "[word]",
        counters::show,
        "Show what was received, dropped and refused since start"
    ),
    command!("core show function", "<name>", help::function, "Describe a function"),
    command!("core show functions", "", help::functions, "List the functions"),
    command!("core show help", "[command]", help::help, "List the commands, or describe one"),
    command!("core show settings", "", core_show::settings, "Show settings in force"),
    command!(
        "core show translation",
        "[comp|recalc [seconds]|paths <codec> [rate]]",
        codecs::translation,
        "Show what translating between codecs costs"
    ),
    command!("core show uptime", "[seconds]", core_show::uptime, "Show how long it runs"),
    command!("core show version", "", core_show::version, "Show the version"),
    command!("core stop gracefully", "", core_stop::gracefully, "Stop when all calls ended"),
    command!("core stop now", "", core_stop::now, "Hang up everything and stop"),
    command!(
        "core stop when convenient",
        "",
        core_stop::when_convenient,
        "Stop when there is no call"
    ),
    command!("core waitfullybooted", "", core_show::fully_booted, "Wait until it is ready"),
    command!("database del", "<family> <key>", database::del, "Remove an entry of the database"),
    command!(
        "database deltree",
        "<family> [<keytree>]",
        database::deltree,
        "Remove all entries of a family, or all below a key"
    ),
    command!("database get", "<family> <key>", database::get, "Show the value of an entry"),
    command!(
        "database put",
        "<family> <key> <value>",
        database::put,
        "Keep a value in the database of the dialplan"
    ),
    command!(
        "database query",
        "<statement>",
        database::query,
        "Ask the file of the database with SELECT"
    ),
    command!("database show", "[<family> [<keytree>]]", database::show, "List the entries"),
    command!(
        "database showkey",
        "<key>",
        database::showkey,
        "List the entries of a key in all families"
    ),
    command!("dialplan reload", "", reload::dialplan, "Read extensions.conf again"),
    command!("dialplan show", "[[exten@]context]", dialplan::show, "Show the dialplan"),
    command!("http show status", "", http::status, "Show the HTTP server"),
    command!("logger show channels", "", core_show::log_channels, "List the log channels"),
    command!("module load", "<module>", module::load, "Say whether a module is there"),
    command!("module reload", "[module]", reload::module, "Read a module's configuration again"),
    command!("module show", "[like <word>]", module::show, "List what is built in, by module"),
    command!("module unload", "<module>", module::unload, "Say how to leave a module out"),
    command!("moh reload", "", moh::reload, "Read musiconhold.conf again"),
    command!("moh show classes", "", moh::classes, "List the classes of music on hold"),
    command!("moh show files", "", moh::files, "List the files of the classes"),
    command!("parking show", "[lot]", parking::show, "Show parking lots and who is parked"),
    command!(
        "pjsip send register",
        "<name>|*all",
        pjsip_registrations::register,
        "Register with another server now"
    ),
    command!(
        "pjsip send unregister",
        "<name>|*all",
        pjsip_registrations::unregister,
        "Remove a registration with another server"
    ),
    command!(
        "pjsip set logger",
        "on|off|host|add|method|methodadd|verbose|pcap",
        pjsip_logger::set,
        "Show SIP messages on the console, or write them to a capture"
    ),
    command!("pjsip show aor", "<name>", pjsip_objects::aor, "Show an address of record"),
    command!("pjsip show aors", "", pjsip_show::aors, "List the addresses of record"),
    command!("pjsip show auth", "<name>", pjsip_objects::auth, "Show a credential"),
    command!("pjsip show auths", "", pjsip_show::auths, "List the credentials"),
    command!("pjsip show channelstats", "", pjsip_show::channel_stats, "Show media statistics"),
    command!("pjsip show contacts", "", pjsip_show::contacts, "List the contacts"),
    command!("pjsip show endpoint", "<name>", pjsip_objects::endpoint, "Show an endpoint"),
    command!("pjsip show endpoints", "", pjsip_show::endpoints, "List the endpoints"),
    command!(
        "pjsip show identifiers",
        "",
        pjsip_objects::identifiers,
        "Show in which order senders are looked up"
    ),
    command!("pjsip show identifies", "", pjsip_objects::identifies, "List the identify objects"),
    command!("pjsip show identify", "<name>", pjsip_objects::identify, "Show an identify object"),
    command!(
        "pjsip show registration",
        "<name>",
        pjsip_registrations::registration,
        "Show a registration with another server"
    ),
    command!(
        "pjsip show registrations",
        "",
        pjsip_registrations::registrations,
        "List the registrations with other servers"
    ),
    command!("pjsip show settings", "", pjsip_objects::settings, "Show what holds for all of SIP"),
    command!("pjsip show transport", "<name>", pjsip_objects::transport, "Show a transport"),
    command!("pjsip show transports", "", pjsip_show::transports, "List the transports"),
    command!("route reload", "", route::reload, "Read routes.conf again"),
    command!(
        "route show",
        "[<number> [<max price>]]",
        route::show,
        "List the routes, or tell which of them a number takes"
    ),
    command!(
        "rtp set capture",
        "<file> [<address>]|off",
        rtp::capture,
        "Write the headers of what passes the media ports into a capture file"
    ),
    command!("rtp show settings", "", rtp::settings, "Show the settings of media"),
    command!("stun set debug", "on|off", stun::debug, "Show packets of STUN and TURN in the log"),
    command!("stun show status", "", stun::status, "Show the watch on our public address"),
];

/// The table, for help: naming the constant there would make it describe itself.
fn all() -> &'static [Command] {
    COMMANDS
}

/// Runs a command line.
pub async fn run(context: &Context, line: &str) -> Answer {
    let words = words::of(line);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    if words.is_empty() {
        return Answer::default();
    }
    match find(&words) {
        Some((command, args)) => (command.run)(context, args).await,
        None => Answer {
            text: format!(
                "No such command '{line}' (type 'core show help {line}' for other possible \
                 commands)\n"
            ),
            status: 1,
        },
    }
}

/// The command with the most words that the line begins with.
fn find<'w>(words: &'w [&'w str]) -> Option<(&'static Command, &'w [&'w str])> {
    let fits = |command: &&Command| {
        let wanted: Vec<&str> = command.words.split(' ').collect();
        words.len() >= wanted.len()
            && wanted.iter().zip(words).all(|(a, b)| a.eq_ignore_ascii_case(b))
    };
    let command = COMMANDS.iter().filter(fits).max_by_key(|command| command.words.len())?;
    Some((command, &words[command.words.split(' ').count()..]))
}

/// An answer that is only text.
fn text(text: impl Into<String>) -> Answer {
    Answer { text: text.into(), status: 0 }
}

/// An answer that says what is wrong.
fn wrong(words: impl Into<String>) -> Answer {
    Answer { text: words.into(), status: 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_the_longest_command_wins() {
        assert!(COMMANDS.is_sorted_by_key(|command| command.words));
        let (command, args) = find(&["core", "show", "channels", "concise"]).expect("a command");
        assert_eq!((command.words, args), ("core show channels", &["concise"][..]));
        assert!(find(&["core", "show"]).is_none());
    }
}
