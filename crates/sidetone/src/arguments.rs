//! The command line: the flags such an exchange has always had.

use std::path::PathBuf;

use clap::{ArgAction, Parser, Subcommand};
use sidetone_config::Asterisk;

/// A WebRTC-native telephone exchange. Without arguments it starts with its own configuration,
/// written to the state directory on first start, and prints how to call it.
#[derive(Clone, Debug, Parser)]
#[command(name = "sidetone", disable_version_flag = true)]
pub(crate) struct Arguments {
    /// Run the configuration directory of this asterisk.conf instead of the built-in one
    #[arg(short = 'C', value_name = "asterisk.conf")]
    pub config: Option<PathBuf>,

    /// Where the built-in configuration, certificates and accounts are kept
    #[arg(long, env = "SIDETONE_STATE", value_name = "directory")]
    pub state: Option<PathBuf>,

    /// Stay in the foreground (always the case; accepted for compatibility)
    #[arg(short = 'f')]
    pub foreground: bool,

    /// Stay in the foreground with a console on this terminal
    #[arg(short = 'c')]
    pub console: bool,

    /// Allow core dumps
    #[arg(short = 'g')]
    pub core_dump: bool,

    /// Write nothing to the console but errors
    #[arg(short = 'm')]
    pub mute: bool,

    /// No colours on the console
    #[arg(short = 'n')]
    pub no_colour: bool,

    /// Quiet: no greeting, nothing but warnings and errors on the console
    #[arg(short = 'q')]
    pub quiet: bool,

    /// More on the console about calls; repeat for more
    #[arg(short = 'v', action = ArgAction::Count)]
    pub verbose: u8,

    /// More in the log for developers; repeat for more
    #[arg(short = 'd', action = ArgAction::Count)]
    pub debug: u8,

    /// Show the version and what is built in
    #[arg(short = 'V', long = "version")]
    pub version: bool,

    /// Connect to the console of a running exchange
    #[arg(short = 'r')]
    pub remote: bool,

    /// Ask a running exchange one command and exit with its status
    #[arg(short = 'x', value_name = "command")]
    pub execute: Option<String>,

    /// Control socket to connect to with -r, or to open
    #[arg(short = 's', value_name = "socket")]
    pub socket: Option<PathBuf>,

    /// Change to this user once the ports are open
    #[arg(short = 'U', value_name = "user")]
    pub user: Option<String>,

    /// Change to this group once the ports are open
    #[arg(short = 'G', value_name = "group")]
    pub group: Option<String>,

    /// Run with real-time priority
    #[arg(short = 'p')]
    pub realtime: bool,

    /// Show the time before each line of the console (always the case; accepted)
    #[arg(short = 'T')]
    pub timestamps: bool,

    /// Colours for a terminal with a light background
    #[arg(short = 'W')]
    pub light: bool,

    /// A tool to run instead of the exchange
    #[command(subcommand)]
    pub tool: Option<Tool>,
}

impl Arguments {
    /// These flags together with what `asterisk.conf` says: either may switch something on, and a
    /// user or group of the command line comes first.
    pub(crate) fn with_options(&self, asterisk: &Asterisk) -> Self {
        let start = &asterisk.start;
        let level = |of: u32| u8::try_from(of).unwrap_or(u8::MAX);
        Self {
            console: self.console || start.console,
            core_dump: self.core_dump || start.core_dump,
            quiet: self.quiet || start.quiet,
            no_colour: self.no_colour || start.no_colour,
            light: self.light || start.light,
            realtime: self.realtime || start.realtime,
            verbose: self.verbose.max(level(asterisk.verbose)),
            debug: self.debug.max(level(asterisk.debug)),
            user: self.user.clone().or_else(|| asterisk.run_user.clone()),
            group: self.group.clone().or_else(|| asterisk.run_group.clone()),
            ..self.clone()
        }
    }
}

/// Tools beside the exchange.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Tool {
    /// Make certificates
    #[command(subcommand)]
    Cert(Cert),
    /// Look at a configuration
    #[command(subcommand)]
    Config(Check),
}

/// Certificates.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Cert {
    /// Make a certificate signed by a certificate authority of our own
    SelfSigned {
        /// Host names and addresses it is for; those of this machine without
        #[arg(long = "name", short = 'C', value_name = "name")]
        names: Vec<String>,
        /// Organisation
        #[arg(short = 'O', default_value = "Sidetone")]
        organization: String,
        /// Where to put the files
        #[arg(short = 'd', default_value = ".")]
        directory: PathBuf,
        /// Base name of the files
        #[arg(short = 'o', default_value = "sidetone")]
        base_name: String,
        /// Who shows it: client or server
        #[arg(short = 'm', default_value = "server")]
        mode: String,
        /// How many days it is valid
        #[arg(long, default_value_t = 365)]
        days: u32,
    },
}

/// What to do with a configuration.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Check {
    /// Read everything and say what is wrong; exits with 1 on errors
    Check,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_combine_as_scripts_write_them() {
        let ask = Arguments::try_parse_from(["sidetone", "-rx", "core show version"]);
        let ask = ask.expect("arguments");
        assert!(ask.remote);
        assert_eq!(ask.execute.as_deref(), Some("core show version"));
        let run = ["sidetone", "-fvvvdgnTW", "-C", "/etc/x.conf", "-U", "a", "-G", "b", "-p"];
        let run = Arguments::try_parse_from(run).expect("arguments");
        assert_eq!((run.verbose, run.debug, run.core_dump), (3, 1, true));
        assert!(run.no_colour && run.timestamps && run.light && run.realtime);
    }

    #[test]
    fn flags_and_options_add_up() {
        let text = "[options]\nverbose=3\nquiet=yes\nlightbackground=yes\nrunuser=pbx\n";
        let source = sidetone_conf::MemorySource::new()
            .with("/etc/asterisk.conf", text)
            .with("/etc/pjsip.conf", "[u]\ntype=transport\nbind=127.0.0.1\n");
        let loaded = sidetone_config::load(&source, "/etc");
        let config = loaded.config.expect("a configuration");
        let flags = Arguments::parse_from(["sidetone", "-v", "-d", "-U", "root"]);
        let both = flags.with_options(&config.asterisk);
        assert_eq!((both.verbose, both.debug), (3, 1));
        assert!(both.quiet && both.light && !both.no_colour && !both.realtime);
        assert_eq!((both.user.as_deref(), both.group), (Some("root"), None));
    }

    #[test]
    fn each_option_of_the_start_is_switched_on_by_its_own_line() {
        let with = |line: &str| {
            let source = sidetone_conf::MemorySource::new()
                .with("/etc/asterisk.conf", format!("[options]\n{line}\n"))
                .with("/etc/pjsip.conf", "[u]\ntype=transport\nbind=127.0.0.1\n");
            let config = sidetone_config::load(&source, "/etc").config.expect("a configuration");
            let both = Arguments::parse_from(["sidetone"]).with_options(&config.asterisk);
            (both.core_dump, both.realtime, both.no_colour, both.console)
        };
        assert_eq!(with(""), (false, false, false, false));
        assert_eq!(with("dumpcore=yes"), (true, false, false, false));
        assert_eq!(with("highpriority=yes"), (false, true, false, false));
        assert_eq!(with("nocolor=yes"), (false, false, true, false));
        assert_eq!(with("console=yes"), (false, false, false, true));
    }
}
