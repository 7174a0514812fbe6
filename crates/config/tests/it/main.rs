//! Behaviour of the whole load: published set-ups, their mistakes, reloads.

mod codec_options;
mod completeness;
mod dynamic_features;
mod mentions;
mod modules;
mod reloads;
mod sections;
mod server_files;
mod sip_objects;
mod traps;

use std::sync::Arc;

use sidetone_conf::{MemorySource, Severity};

use sidetone_config::{Config, Loaded, load};

/// A certificate and its key, PEM.
pub(crate) fn pair() -> (String, String) {
    let made = rcgen::generate_simple_self_signed(vec![String::from("pbx.example")])
        .expect("a certificate");
    (made.cert.pem(), made.signing_key.serialize_pem())
}

/// Files every test starts from: one transport and an empty dialplan.
pub(crate) fn base() -> MemorySource {
    MemorySource::new()
        .with("/etc/extensions.conf", "[default]\n")
        .with("/etc/http.conf", "[general]\nenabled=yes\nbindaddr=127.0.0.1\n")
}

/// The least that can be served.
pub(crate) const UDP: &str = "[transport-udp]\ntype=transport\nprotocol=udp\nbind=0.0.0.0\n";

/// Loads a pjsip.conf that starts with a transport of five lines.
pub(crate) fn load_sip(text: &str) -> Loaded {
    load(&base().with("/etc/pjsip.conf", format!("{UDP}\n{text}")), "/etc")
}

pub(crate) fn config(loaded: &Loaded) -> Arc<Config> {
    Arc::clone(loaded.config.as_ref().expect("something to serve"))
}

/// The findings of a severity, as printed.
pub(crate) fn findings(loaded: &Loaded, severity: Severity) -> Vec<String> {
    let all = loaded.diagnostics.iter();
    all.filter(|found| found.severity == severity).map(ToString::to_string).collect()
}

pub(crate) fn errors(loaded: &Loaded) -> Vec<String> {
    findings(loaded, Severity::Error)
}

pub(crate) fn warnings(loaded: &Loaded) -> Vec<String> {
    findings(loaded, Severity::Warning)
}

/// Asserts that exactly one finding of the list holds all the words.
#[track_caller]
pub(crate) fn one_says(list: &[String], words: &[&str]) {
    let fits = |text: &&String| words.iter().all(|word| text.contains(word));
    assert_eq!(list.iter().filter(fits).count(), 1, "{words:?} in {list:#?}");
}

/// The built-in configuration with its places filled; `edit` may change each file's text.
fn built_in(edit: impl Fn(&str) -> String) -> MemorySource {
    let (cert, key) = pair();
    let mut source = MemorySource::new().with("/run/cert.pem", cert).with("/run/key.pem", key);
    for (name, text) in [
        ("asterisk", include_str!("../../../../etc/asterisk.conf")),
        ("pjsip", include_str!("../../../../etc/pjsip.conf")),
        ("http", include_str!("../../../../etc/http.conf")),
        ("rtp", include_str!("../../../../etc/rtp.conf")),
        ("logger", include_str!("../../../../etc/logger.conf")),
        ("modules", include_str!("../../../../etc/modules.conf")),
        ("extensions", include_str!("../../../../etc/extensions.conf")),
        ("routes", include_str!("../../../../etc/routes.conf")),
    ] {
        let text = edit(text)
            .replace("@CERT@", "/run/cert.pem")
            .replace("@KEY@", "/run/key.pem")
            .replace("@PASSWORD_ALICE@", "a-7f")
            .replace("@PASSWORD_BOB@", "b-7f")
            .replace("@PASSWORD_DESK@", "d-7f");
        let mut after = text.split('@').skip(1);
        let is_left = after.any(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()));
        assert!(!is_left, "{name}: every placeholder is known");
        source.set(format!("/etc/{name}.conf"), text);
    }
    source
}

#[test]
fn every_example_of_the_default_configuration_acts() {
    // `;name = value` is an example; prose has a space behind the semicolon.
    let uncomment = |text: &str| {
        let lines = text.lines().map(|line| {
            line.strip_prefix(';').map_or(line, |rest| {
                let example = rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[');
                // Moving the other files away would leave nothing to check.
                if example && !rest.starts_with("astetcdir") { rest } else { line }
            })
        });
        lines.collect::<Vec<_>>().join("\n")
    };
    let examples = uncomment("; prose\n;;more\n;a = b\nc = d");
    assert_eq!(examples, "; prose\n;;more\na = b\nc = d");
    let loaded = load(&built_in(uncomment), "/etc");
    let all = loaded.diagnostics.iter().map(ToString::to_string);
    let bad: Vec<_> = all.filter(|line| !line.contains(": notice: ")).collect();
    assert_eq!(bad, Vec::<String>::new());
    assert_eq!(loaded.summary.ignored_options, 0);
    // An option that is ignored and set to its default is not told: the tables know.
    for (file, text) in [
        ("asterisk.conf", include_str!("../../../../etc/asterisk.conf")),
        ("http.conf", include_str!("../../../../etc/http.conf")),
        ("logger.conf", include_str!("../../../../etc/logger.conf")),
        ("pjsip.conf", include_str!("../../../../etc/pjsip.conf")),
        ("routes.conf", include_str!("../../../../etc/routes.conf")),
        ("rtp.conf", include_str!("../../../../etc/rtp.conf")),
    ] {
        let names = text.lines().filter_map(|line| line.strip_prefix(';')?.split_once('='));
        for name in names.map(|(name, _)| name.trim()) {
            let specs = sidetone_config::tables::ALL.iter().filter(|spec| spec.file == file);
            let mut options = specs.filter_map(|spec| spec.option(name)).peekable();
            assert!(options.peek().is_none() || options.any(|option| option.works()), "{name}");
        }
    }
}

#[test]
fn the_default_configuration_has_nothing_to_complain_about() {
    let source = built_in(str::to_owned);
    let loaded = load(&source, "/etc");
    let all: Vec<_> = loaded.diagnostics.iter().map(ToString::to_string).collect();
    assert_eq!(all, Vec::<String>::new());
    let config = config(&loaded);
    assert_eq!(config.transports.len(), 3);
    assert_eq!(config.endpoints.len(), 3);
    let alice = &config.endpoints["alice"];
    assert!(alice.webrtc && alice.bundle && alice.max_video_streams == 4);
    assert_eq!(config.aors["alice"].max_contacts, 5);
    assert_eq!(config.http.tls.as_ref().unwrap().bind.port(), 8089);
    let dialplan = loaded.dialplan_document.expect("a certificate");
    assert!(dialplan.diagnostics.is_empty() && dialplan.section("demo").is_some());
}

#[test]
fn without_anything_to_listen_at_there_is_no_configuration() {
    let loaded = load(&MemorySource::new(), "/etc");
    assert!(loaded.config.is_none());
    one_says(&errors(&loaded), &["nothing to listen at"]);
    one_says(&warnings(&loaded), &["pjsip.conf: warning: there is no pjsip.conf"]);
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    struct Closed;
    impl sidetone_conf::Source for Closed {
        fn read(&self, _: &str) -> Result<Vec<u8>, sidetone_conf::ReadError> {
            Err(sidetone_conf::ReadError::Unreadable("Permission denied".into()))
        }
        fn list(&self, _: &str) -> Result<Vec<String>, sidetone_conf::ReadError> {
            Err(sidetone_conf::ReadError::Unsupported)
        }
        fn exec(&self, _: &str) -> Result<Vec<u8>, sidetone_conf::ReadError> {
            Err(sidetone_conf::ReadError::Unsupported)
        }
    }
    let all = errors(&load(&Closed, "/etc"));
    one_says(&all, &["pjsip.conf", "Permission denied", "permissions of /etc/pjsip.conf"]);
}

#[test]
fn the_reference_page_holds_every_option() {
    let pages: String = sidetone_config::reference::files()
        .into_iter()
        .map(sidetone_config::reference::reference)
        .collect();
    for object in sidetone_config::tables::ALL {
        for option in object.options {
            assert!(pages.contains(&format!("| `{}` |", option.name)), "{}", option.name);
        }
    }
}

#[test]
fn every_known_option_of_pjsip_conf_is_in_a_table() {
    // Names of the reference list, checked in as data so that a table cannot lose one.
    for line in include_str!("pjsip_options.tsv").lines() {
        let (object, option) = line.split_once('\t').expect("a certificate");
        let spec =
            sidetone_config::tables::pjsip_object(object).unwrap_or_else(|| panic!("{object}"));
        assert!(spec.option(option).is_some(), "{object} {option}");
    }
}

proptest::proptest! {
    #[test]
    fn any_file_loads(text in "(\\[[ab]\\]\n|type=(endpoint|aor|auth|transport|identify|acl)\n|\
        (allow|bind|match|permit|aors|auth|context|contact|callerid|password_digest|set_var|\
        match_header|call_group|tos|local_net|protocol)=[ -~]{0,12}\n){0,30}") {
        sidetone_config::fuzz::fuzz_config(text.as_bytes());
    }

    #[test]
    fn any_bytes_load(data: Vec<u8>) {
        sidetone_config::fuzz::fuzz_config(&data);
    }
}
