//! `asterisk.conf`: directories and options of the process.

use sidetone_conf::{Diagnostic, Document};

use crate::fields::{Fields, Settings};
use crate::report::Report;
use crate::sections::{known_only, merged, single};
use crate::tables::server::{DIRECTORIES, OPTIONS, QUIET_SECTIONS};

/// Where the server keeps what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directories {
    /// Configuration files.
    pub etc: String,
    /// The server's own data.
    pub varlib: String,
    /// The database of the dialplan.
    pub db: String,
    /// Sounds, music, static web content.
    pub data: String,
    /// Logs and call records.
    pub log: String,
    /// Control socket, process id.
    pub run: String,
    /// Recordings, call files.
    pub spool: String,
}

/// What flags of the command line ask for too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Start {
    /// Take commands from the terminal (`-c`).
    pub console: bool,
    /// Write a core file after a crash (`-g`).
    pub core_dump: bool,
    /// Real-time priority (`-p`).
    pub realtime: bool,
    /// No colours (`-n`).
    pub no_colour: bool,
    /// Colours for a light background (`-W`).
    pub light: bool,
    /// Only warnings and errors on the terminal (`-q`).
    pub quiet: bool,
}

/// Options of the process.
#[derive(Clone, Debug, PartialEq)]
pub struct Asterisk {
    /// Where the server keeps what.
    pub directories: Directories,
    /// Verbose level.
    pub verbose: u32,
    /// Debug level.
    pub debug: u32,
    /// Calls at once; `None` for no limit.
    pub max_calls: Option<u32>,
    /// Load average above which calls are refused.
    pub max_load: Option<f64>,
    /// Open files to ask the kernel for.
    pub max_files: Option<u32>,
    /// Name of this server; empty for none.
    pub system_name: String,
    /// Take the name from the host.
    pub auto_system_name: bool,
    /// Identity of this server among others; empty for one made from the network card.
    pub entity_id: String,
    /// Run the commands of `#exec`.
    pub exec_includes: bool,
    /// User to run as.
    pub run_user: Option<String>,
    /// Group to run as.
    pub run_group: Option<String>,
    /// Stay in the foreground.
    pub nofork: bool,
    /// What flags ask for too.
    pub start: Start,
    /// Language of prompts when nothing else says.
    pub default_language: String,
    /// The language stands before the directory of a prompt.
    pub language_prefix: bool,
    /// Shortest digit in milliseconds.
    pub min_dtmf_duration_ms: u32,
    /// What was set in `[directories]`, for `show` commands.
    pub directory_settings: Settings,
    /// What was set in `[options]`, for `show` commands.
    pub settings: Settings,
}

impl Asterisk {
    /// What the dialplan's variable of that name says of a directory (`ASTETCDIR` and its kin);
    /// `None` when no directory is called so. Empty for one that is not set and of which there is
    /// none here.
    pub fn directory(&self, variable: &str) -> Option<String> {
        let known = &self.directories;
        let set = |option: &str| self.directory_settings.text(option).map(str::to_owned);
        Some(match variable {
            "ASTETCDIR" => known.etc.clone(),
            "ASTVARLIBDIR" => known.varlib.clone(),
            "ASTDATADIR" => known.data.clone(),
            "ASTLOGDIR" => known.log.clone(),
            "ASTRUNDIR" => known.run.clone(),
            "ASTSPOOLDIR" => known.spool.clone(),
            "ASTDBDIR" => known.db.clone(),
            "ASTKEYDIR" => set("astkeydir").unwrap_or_else(|| known.varlib.clone()),
            "ASTAGIDIR" => set("astagidir").unwrap_or_else(|| format!("{}/agi-bin", known.data)),
            "ASTCACHEDIR" => set("astcachedir").unwrap_or_default(),
            "ASTMODDIR" => set("astmoddir").unwrap_or_default(),
            "ASTSBINDIR" => set("astsbindir").unwrap_or_default(),
            _ => return None,
        })
    }

    pub(crate) fn build(document: &Document, directory: &str, report: &mut Report) -> Self {
        let mut known = vec!["directories", "options"];
        known.extend(QUIET_SECTIONS);
        known_only(document, "asterisk.conf", &known, report);
        let section = merged(document, "directories", "asterisk.conf");
        let fields = Fields::new(&DIRECTORIES, &section, report);
        let data = fields.string("astdatadir");
        let varlib = fields.text("astvarlibdir").unwrap_or_else(|| data.clone());
        let directories = Directories {
            etc: fields.text("astetcdir").unwrap_or_else(|| directory.to_owned()),
            db: fields.text("astdbdir").unwrap_or_else(|| varlib.clone()),
            data,
            log: fields.string("astlogdir"),
            run: fields.string("astrundir"),
            spool: fields.string("astspooldir"),
            varlib,
        };
        let directory_settings = fields.settings();
        let section = merged(document, "options", "asterisk.conf");
        let fields = Fields::new(&OPTIONS, &section, report);
        let asterisk = Self::from_options(&fields, directories, directory_settings);
        for quiet in QUIET_SECTIONS {
            for section in single(document, quiet) {
                if !section.values.is_empty() {
                    let message = format!("[{quiet}] is ignored: nothing in it applies here");
                    report.say(Diagnostic::warning(&section.span, message));
                }
            }
        }
        asterisk
    }

    fn from_options(
        fields: &Fields<'_>,
        directories: Directories,
        directory_settings: Settings,
    ) -> Self {
        let limit = |name: &str| Some(fields.number::<u32>(name)).filter(|limit| *limit > 0);
        Self {
            directories,
            verbose: fields.number("verbose"),
            debug: fields.number("debug"),
            max_calls: limit("maxcalls"),
            max_load: Some(fields.decimal("maxload")).filter(|load| *load > 0.0),
            max_files: limit("maxfiles"),
            system_name: fields.string("systemname"),
            auto_system_name: fields.flag("autosystemname"),
            entity_id: fields.string("entityid"),
            exec_includes: fields.flag("execincludes"),
            run_user: fields.text("runuser"),
            run_group: fields.text("rungroup"),
            nofork: fields.flag("nofork"),
            start: Start {
                console: fields.flag("console"),
                core_dump: fields.flag("dumpcore"),
                realtime: fields.flag("highpriority"),
                no_colour: fields.flag("nocolor"),
                light: fields.flag("lightbackground"),
                quiet: fields.flag("quiet"),
            },
            default_language: fields.string("defaultlanguage"),
            language_prefix: fields.flag("languageprefix"),
            min_dtmf_duration_ms: fields.number("mindtmfduration"),
            directory_settings,
            settings: fields.settings(),
        }
    }
}
