//! The built-in configuration: written to the state directory on first start, with a certificate
//! and random passwords, so that it can be called at once and edited later.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sidetone_base::Random as _;
use sidetone_config::FileSource;
use sidetone_net::selfsigned::{self, Made, SelfSignedRequest};
use sidetone_net::system_random;

use crate::arguments::Arguments;

/// The commented default configuration.
const FILES: &[(&str, &str)] = &[
    ("asterisk.conf", include_str!("../../../etc/asterisk.conf")),
    ("extensions.conf", include_str!("../../../etc/extensions.conf")),
    ("http.conf", include_str!("../../../etc/http.conf")),
    ("logger.conf", include_str!("../../../etc/logger.conf")),
    ("modules.conf", include_str!("../../../etc/modules.conf")),
    ("pjsip.conf", include_str!("../../../etc/pjsip.conf")),
    ("routes.conf", include_str!("../../../etc/routes.conf")),
    ("rtp.conf", include_str!("../../../etc/rtp.conf")),
];

/// The demo accounts whose passwords are made on first start.
pub(crate) const ACCOUNTS: &[&str] = &["alice", "bob", "desk"];

/// A password of the demo accounts: 16 characters of 5.95 bits each.
const PASSWORD_LENGTH: usize = 16;

/// Where the exchange finds its configuration.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// The directory of `asterisk.conf`.
    pub etc: PathBuf,
    /// The state directory, when the built-in configuration is used.
    pub state: Option<PathBuf>,
}

/// The state directory: `--state`, else the user's state directory, else one for services.
fn state_directory(arguments: &Arguments) -> PathBuf {
    if let Some(given) = &arguments.state {
        return given.clone();
    }
    let home = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    if let Some(state) = home("XDG_STATE_HOME") {
        return PathBuf::from(state).join("sidetone");
    }
    match home("HOME") {
        Some(home) => PathBuf::from(home).join(".local/state/sidetone"),
        None => PathBuf::from("/var/lib/sidetone"),
    }
}

/// Finds the configuration, writing the built-in one when there is none.
pub(crate) fn prepare(arguments: &Arguments) -> Result<Place, String> {
    if let Some(config) = &arguments.config {
        if !config.is_file() {
            return Err(format!("{}: there is no such file (-C)", config.display()));
        }
        let etc = config.parent().map_or_else(|| PathBuf::from("."), Path::to_owned);
        return Ok(Place { etc, state: None });
    }
    let state = state_directory(arguments);
    let etc = state.join("etc");
    for directory in ["etc", "keys", "log", "run", "static-http", "spool"] {
        make_directory(&state.join(directory))?;
    }
    let request = SelfSignedRequest::for_this_host(&state.join("keys"));
    let certificate = selfsigned::ensure(&request, SystemTime::now())
        .map_err(|error| format!("cannot make a certificate: {error}"))?;
    if certificate.made == Made::Now {
        tracing::info!("made a certificate: {}", certificate.cert_file.display());
    }
    let fresh = !etc.join("asterisk.conf").exists();
    if fresh {
        let fill = Fill {
            certificate: certificate.cert_file,
            key: certificate.key_file,
            state: state.clone(),
        };
        write_all(&etc, &fill)?;
    }
    Ok(Place { etc, state: Some(state) })
}

/// The run directory of the configuration these arguments lead to, without starting anything.
pub(crate) fn run_directory(arguments: &Arguments) -> PathBuf {
    let etc = match &arguments.config {
        Some(config) => config.parent().map_or_else(|| PathBuf::from("."), Path::to_owned),
        None => state_directory(arguments).join("etc"),
    };
    PathBuf::from(sidetone_config::run_directory(&FileSource, &etc.to_string_lossy()))
}

fn make_directory(path: &Path) -> Result<(), String> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o750).create(path);
    made.map_err(|error| {
        format!("cannot make {}: {error}; choose another place with --state", path.display())
    })
}

/// What the placeholders of the built-in files stand for.
struct Fill {
    certificate: PathBuf,
    key: PathBuf,
    state: PathBuf,
}

fn write_all(etc: &Path, fill: &Fill) -> Result<(), String> {
    let mut random = system_random();
    let passwords: Vec<(String, String)> = ACCOUNTS
        .iter()
        .map(|account| {
            let placeholder = format!("@PASSWORD_{}@", account.to_ascii_uppercase());
            (placeholder, random.token(PASSWORD_LENGTH))
        })
        .collect();
    // asterisk.conf comes last: it marks the configuration as complete.
    for (name, text) in FILES.iter().rev() {
        let mut text = text
            .replace("@CERT@", &fill.certificate.to_string_lossy())
            .replace("@KEY@", &fill.key.to_string_lossy());
        for (placeholder, password) in &passwords {
            text = text.replace(placeholder, password);
        }
        if *name == "asterisk.conf" {
            text = with_directories(&text, &fill.state);
        }
        write_private(&etc.join(name), &text)?;
    }
    Ok(())
}

/// Puts all directories below the state directory.
fn with_directories(text: &str, state: &Path) -> String {
    let state = state.display();
    let lines = format!(
        "[directories]\n; Set on first start; everything lies below the state directory.\n\
         astdatadir => {state}\nastlogdir => {state}/log\nastrundir => {state}/run\n"
    );
    text.replacen("[directories]\n", &lines, 1)
}

/// The files hold passwords: only their owner may read them.
fn write_private(path: &Path, text: &str) -> Result<(), String> {
    let opened = fs::OpenOptions::new().write(true).create_new(true).mode(0o640).open(path);
    let written = opened.and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| format!("cannot write {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;

    #[test]
    fn the_first_start_writes_a_configuration_that_loads_without_a_word() {
        let state = std::env::temp_dir().join(format!("sidetone-first-{}", std::process::id()));
        let text = state.to_string_lossy().into_owned();
        let arguments = Arguments::parse_from(["sidetone", "--state", text.as_str()]);
        let place = prepare(&arguments).expect("a place");
        let loaded = sidetone_config::load(&FileSource, &place.etc.to_string_lossy());
        let findings: Vec<_> = loaded.diagnostics.iter().map(ToString::to_string).collect();
        assert_eq!(findings, Vec::<String>::new());
        let config = loaded.config.expect("a configuration");
        assert_eq!(config.endpoints.len(), ACCOUNTS.len());
        let password = |name: &str| {
            let password = config.auths[name].password.as_ref().expect("a password");
            password.reveal().clone()
        };
        assert_ne!(password("alice"), password("bob"));
        let mode_of = |path: &Path| {
            let found = fs::metadata(path).expect("it is there");
            std::os::unix::fs::PermissionsExt::mode(&found.permissions()) & 0o777
        };
        for folder in ["etc", "keys", "log", "run", "spool"] {
            assert_eq!(mode_of(&state.join(folder)), 0o750, "{folder}");
        }
        for (name, _) in FILES {
            assert_eq!(mode_of(&place.etc.join(name)) & 0o027, 0, "{name} holds passwords");
        }
        let before = fs::read(place.etc.join("pjsip.conf")).expect("written");
        prepare(&arguments).expect("a second start");
        let after = fs::read(place.etc.join("pjsip.conf")).expect("still there");
        assert_eq!(before, after, "a second start must not make new passwords");
        fs::remove_dir_all(state).expect("cleaned up");
    }
}
