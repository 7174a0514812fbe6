//! What the exchange of a world is configured with: the same files an operator writes.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use sidetone_conf::source::MemorySource;
use sidetone_config::Config;
use sidetone_dialplan::Dialplan;
use sidetone_pbx::party::resolver::Table;
use sidetone_pbx::{Application, Catalogue};
use sidetone_script::{Limits, Loaded};

/// Everybody's password.
pub const PASSWORD: &str = "correct horse";

/// Plain phones: ulaw and alaw.
pub const PHONES: &[&str] = &["alice", "bob", "carol"];
/// A plain phone that speaks only opus.
pub const OPUS_PHONES: &[&str] = &["oscar"];
/// Browsers.
pub const BROWSERS: &[&str] = &["wendy", "walter"];

/// The files of the exchange.
#[derive(Clone, Debug)]
pub struct Configuration {
    /// `pjsip.conf`
    pub pjsip: String,
    /// `extensions.conf`
    pub extensions: String,
    /// `rtp.conf`
    pub rtp: String,
    /// Other files that are there, by path: what options name.
    pub files: Vec<(String, String)>,
    /// `features.conf`
    pub features: String,
    /// What host names stand for; nobody else is asked.
    pub names: Table,
    /// What the dialplan can call: what it can in the binary, and what a story adds.
    pub catalogue: Catalogue,
    /// Addresses of the exchange for media, beside its own.
    pub media_addresses: Vec<IpAddr>,
    /// Applications that the dialplan names and nobody has: the story tells what comes of it.
    pub missing: Vec<String>,
    /// The load average of the machine in hundredths, which a story may change while it is told.
    pub load_percent: Arc<AtomicU32>,
}

const PJSIP: &str = "\
[transport-udp]
type = transport
protocol = udp
bind = 192.0.2.1:5060

[transport-tcp]
type = transport
protocol = tcp
bind = 192.0.2.1:5060

[phone](!)
type = endpoint
context = internal
disallow = all
allow = ulaw,alaw
rtp_symmetric = yes
force_rport = yes
rewrite_contact = yes
direct_media = no

[browser](!)
type = endpoint
context = internal
webrtc = yes
disallow = all
allow = opus,ulaw,vp8
max_video_streams = 4

[login](!)
type = auth
auth_type = userpass

[devices](!)
type = aor
max_contacts = 5
remove_existing = no
";

const EXTENSIONS: &str = "\
[internal]
exten => 600,1,Answer()
 same => n,Echo()
 same => n,Hangup()

exten => 246,1,Answer()
 same => n,Wait(0.5)
 same => n,StreamEcho(4)
 same => n,Hangup()

exten => both,1,Dial(PJSIP/bob&PJSIP/carol,20)
 same => n,Set(GLOBAL(OUTCOME)=${DIALSTATUS})
 same => n,Hangup()

exten => _[a-z].,1,Dial(PJSIP/${EXTEN},20)
 same => n,Set(GLOBAL(OUTCOME)=${DIALSTATUS})
 same => n,Hangup()
";

impl Default for Configuration {
    fn default() -> Self {
        let mut pjsip = PJSIP.to_owned();
        let mut account = |name: &str, template: &str, more: &str| {
            let written = write!(
                pjsip,
                "\n[{name}]({template})\nauth = {name}\naors = {name}\n{more}\
                 \n[{name}](login)\nusername = {name}\npassword = {PASSWORD}\n\
                 \n[{name}](devices)\n"
            );
            written.expect("a string takes everything");
        };
        PHONES.iter().for_each(|name| account(name, "phone", ""));
        OPUS_PHONES
            .iter()
            .for_each(|name| account(name, "phone", "disallow = all\nallow = opus\n"));
        BROWSERS.iter().for_each(|name| account(name, "browser", ""));
        let (extensions, rtp) = (EXTENSIONS.to_owned(), "[general]\n".to_owned());
        let features = String::new();
        let names = Table {
            addresses: [("localhost".to_owned(), vec![Ipv4Addr::LOCALHOST.into()])].into(),
            ..Table::default()
        };
        let (files, missing, media_addresses) = (Vec::new(), Vec::new(), Vec::new());
        let catalogue = sidetone_apps::CATALOGUE;
        let load_percent = Arc::default();
        Self {
            pjsip,
            extensions,
            rtp,
            features,
            files,
            names,
            catalogue,
            media_addresses,
            missing,
            load_percent,
        }
    }
}

impl Configuration {
    /// The same with these lines more in the dialplan, in context `internal` first of all.
    #[must_use]
    pub fn with_extensions(mut self, lines: &str) -> Self {
        self.extensions = format!("{}\n{lines}\n", self.extensions);
        self
    }

    /// The same with extensions in Lua.
    #[must_use]
    pub fn with_lua(mut self, text: &str) -> Self {
        self.files.push(("/etc/extensions.lua".to_owned(), text.to_owned()));
        self
    }

    /// The same with this under `[options]` of `asterisk.conf`.
    #[must_use]
    pub fn with_server_options(mut self, lines: &str) -> Self {
        self.files.push(("/etc/asterisk.conf".to_owned(), format!("[options]\n{lines}\n")));
        self
    }

    /// The same with a line more for every phone and browser.
    #[must_use]
    pub fn with_option(mut self, line: &str) -> Self {
        let begin = "type = endpoint\n";
        self.pjsip = self.pjsip.replace(begin, &format!("{begin}{line}\n"));
        self
    }

    /// The same with endpoint `carrier`, which needs no password and is called at the second host.
    #[must_use]
    pub fn with_carriers(mut self) -> Self {
        self.pjsip += "\n[carrier](phone)\n100rel = peer_supported\naors = carrier\n\
            \n[carrier](devices)\ncontact = sip:carrier@198.51.100.2:5060\n";
        self
    }

    /// The same with an application more, which only this exchange has.
    #[must_use]
    pub fn with_application(mut self, application: Application) -> Self {
        let mut applications = self.catalogue.applications.to_vec();
        applications.push(application);
        // The binary's table is static; a test's lives as long as its process.
        self.catalogue.applications = applications.leak();
        self
    }

    /// The same with a dialplan that names an application nobody has.
    #[must_use]
    pub fn with_missing(mut self, application: &str) -> Self {
        self.missing.push(application.to_owned());
        self
    }

    /// Whether the dialplan may name this application.
    fn expects(&self, application: &str) -> bool {
        sidetone_apps::has_application(application)
            || self.catalogue.application(application).is_some()
            || self.missing.iter().any(|name| name == application)
    }

    /// Reads the files as the binary does.
    ///
    /// # Panics
    /// When the configuration has errors: they are the story's.
    #[must_use]
    pub fn load(&self) -> (Arc<Config>, Arc<Dialplan>) {
        let source = MemorySource::new()
            .with("/etc/asterisk.conf", "")
            .with("/etc/pjsip.conf", self.pjsip.as_str())
            .with("/etc/extensions.conf", self.extensions.as_str())
            .with("/etc/features.conf", self.features.as_str())
            .with("/etc/rtp.conf", self.rtp.as_str());
        let source = self
            .files
            .iter()
            .fold(source, |source, (path, text)| source.with(path.as_str(), text.as_str()));
        let loaded = sidetone_config::load(&source, "/etc");
        let document = loaded.dialplan_document.expect("there is a dialplan");
        let (program, said) = match sidetone_script::load("/etc", &source, Limits::default()) {
            Loaded::Absent => (None, Vec::new()),
            Loaded::Program(program, said) => (Some(program), said),
            Loaded::Broken(said) => panic!("extensions.lua: {said:#?}"),
        };
        let plan = sidetone_dialplan::load_with(&document, program);
        let mut findings: Vec<_> = loaded.diagnostics.iter().chain(&said).collect();
        findings.extend(&plan.diagnostics);
        let errors =
            findings.iter().filter(|finding| finding.severity == sidetone_conf::Severity::Error);
        let errors: Vec<String> = errors.map(ToString::to_string).collect();
        assert!(errors.is_empty(), "the configuration: {errors:#?}");
        let unknown = plan.unknown_applications(&|name| self.expects(name));
        assert!(unknown.is_empty(), "the dialplan: {unknown:#?}");
        (loaded.config.expect("a configuration"), Arc::new(plan))
    }
}
