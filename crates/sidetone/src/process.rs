//! What concerns the process and not the exchange: version, limits, user, priority, and asking
//! another process.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::unistd::{Gid, Group, Uid, User, setgid, setgroups, setuid};
use sidetone_control::console;

use crate::arguments::Arguments;
use crate::first_start;

/// The version and what is built in: nothing is optional, so absence is never silent (PLT-10).
pub(crate) fn version() -> String {
    format!(
        "Sidetone {}\nbuilt in: TLS and DTLS 1.2 and 1.3 (aws-lc), SRTP, ICE, WebSocket, opus, \
         G.711, G.722, web phone",
        env!("CARGO_PKG_VERSION")
    )
}

/// Where the control socket is.
pub(crate) fn socket_path(arguments: &Arguments, run_directory: &Path) -> PathBuf {
    match &arguments.socket {
        Some(path) => path.clone(),
        None => run_directory.join("asterisk.ctl"),
    }
}

/// `-r` and `-rx`: asks a running exchange.
pub(crate) fn ask(arguments: &Arguments) -> ExitCode {
    let path = socket_path(arguments, &first_start::run_directory(arguments));
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("sidetone: {error}");
            return ExitCode::FAILURE;
        }
    };
    let unreachable = |error: std::io::Error| {
        eprintln!("Unable to connect to remote asterisk (does {} exist?): {error}", path.display());
        ExitCode::FAILURE
    };
    let Some(command) = &arguments.execute else {
        let banner = version();
        return match console::interact(&runtime, &path, &banner) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => unreachable(error),
        };
    };
    match runtime.block_on(console::ask(&path, command)) {
        Ok(answer) => {
            print!("{}", answer.text);
            ExitCode::from(answer.status)
        }
        Err(error) => unreachable(error),
    }
}

/// Limits and priority that must be set before anything starts.
pub(crate) fn prepare(arguments: &Arguments, max_files: Option<u32>) {
    if arguments.core_dump
        && let Err(error) = raise(Resource::RLIMIT_CORE, None)
    {
        tracing::warn!("core dumps stay off: {error}");
    }
    // Each plain call takes two ports and each connection a descriptor: the usual limit of 1,024
    // ends after some hundred of them.
    if let Err(error) = raise(Resource::RLIMIT_NOFILE, max_files.map(u64::from)) {
        tracing::warn!("the limit of open files stays as it is: {error}");
    }
    if arguments.realtime {
        use thread_priority::{ThreadPriority, set_current_thread_priority};
        if let Err(error) = set_current_thread_priority(ThreadPriority::Max) {
            tracing::warn!("no real-time priority (-p): {error:?}");
        }
    }
}

fn raise(resource: Resource, wanted: Option<u64>) -> nix::Result<()> {
    let (_, hard) = getrlimit(resource)?;
    let soft = wanted.map_or(hard, |wanted| wanted.min(hard));
    setrlimit(resource, soft, hard)
}

/// `-U` and `-G`, or `runuser` and `rungroup`: gives up privileges once the ports are open.
pub(crate) fn become_user(user: Option<&str>, group: Option<&str>) -> Result<(), String> {
    let gid = match group {
        Some(name) => Some(find_group(name)?),
        None => None,
    };
    let found = match user {
        Some(name) => Some(find_user(name)?),
        None => None,
    };
    let gid = gid.or(found.as_ref().map(|user| user.gid));
    let failed = |what: &str, error: nix::Error| format!("cannot change to {what}: {error}");
    if let Some(gid) = gid {
        setgroups(&[gid]).map_err(|error| failed("the group", error))?;
        setgid(gid).map_err(|error| failed("the group", error))?;
    }
    if let Some(user) = found {
        setuid(user.uid).map_err(|error| failed("the user", error))?;
    }
    Ok(())
}

fn find_user(name: &str) -> Result<User, String> {
    let by_number = name.parse().ok().map(Uid::from_raw);
    let found = match by_number {
        Some(uid) => User::from_uid(uid),
        None => User::from_name(name),
    };
    found
        .map_err(|error| format!("user '{name}': {error}"))?
        .ok_or_else(|| format!("there is no user '{name}' on this machine"))
}

fn find_group(name: &str) -> Result<Gid, String> {
    if let Ok(number) = name.parse() {
        return Ok(Gid::from_raw(number));
    }
    Group::from_name(name)
        .map_err(|error| format!("group '{name}': {error}"))?
        .map(|group| group.gid)
        .ok_or_else(|| format!("there is no group '{name}' on this machine"))
}
