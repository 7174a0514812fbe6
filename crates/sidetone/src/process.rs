//! What concerns the process and not the exchange: version, limits, user, priority, and asking
//! another process.

use std::ffi::CString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::stat::Mode;
use nix::unistd::{Gid, Group, Uid, User, fchown, fchownat, setgid, setgroups, setuid};
use sidetone_config::objects::codecs::CodecSpec;
use sidetone_config::{CODECS, MediaKind, Support};
use sidetone_control::console;

use crate::arguments::Arguments;
use crate::first_start;

/// Priority among real-time tasks, 1 to 99: the tenth lowest, below interrupt threads (50).
const REALTIME_PRIORITY: u8 = 10;

/// The version and what is built in: nothing is optional, so absence is never silent (PLT-10).
pub(crate) fn version() -> String {
    let names = |kind: MediaKind, support: Support| {
        let fits = |codec: &&CodecSpec| codec.kind == kind && codec.support == support;
        CODECS.iter().filter(fits).map(|codec| codec.name).collect::<Vec<_>>().join(", ")
    };
    format!(
        "Sidetone {}\nbuilt in: TLS and DTLS 1.2 and 1.3 (aws-lc), SRTP, ICE, STUN, TURN, \
         WebSocket, web phone\naudio: {}\naudio, passed on only: {}\nvideo, passed on: {}",
        env!("CARGO_PKG_VERSION"),
        names(MediaKind::Audio, Support::Full),
        names(MediaKind::Audio, Support::Relayed),
        names(MediaKind::Video, Support::Full),
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
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = match builder.worker_threads(1).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            crate::printed::complaint(format_args!("sidetone: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let unreachable = |error: std::io::Error| {
        let path = path.display();
        crate::printed::complaint(format_args!(
            "Unable to connect to remote asterisk (does {path} exist?): {error}"
        ));
        ExitCode::FAILURE
    };
    let Some(command) = &arguments.execute else {
        let banner = version();
        return match console::interact(&runtime, &path, &banner, &wishes(arguments)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => unreachable(error),
        };
    };
    match runtime.block_on(console::ask(&path, command)) {
        Ok(answer) => {
            show(&answer.text, &mut std::io::stdout());
            ExitCode::from(answer.status)
        }
        Err(error) => unreachable(error),
    }
}

/// What `-v` and `-d` mean beside `-r`: the exchange tells at least that much.
fn wishes(arguments: &Arguments) -> Vec<String> {
    let levels = [("verbose", arguments.verbose), ("debug", arguments.debug)];
    let wished = levels.into_iter().filter(|(_, level)| *level > 0);
    wished.map(|(what, level)| format!("core set {what} atleast {level}")).collect()
}

/// Prints an answer. Whoever reads it may have read enough (`| head`): then the rest is nobody's.
fn show(text: &str, out: &mut impl Write) {
    let shown = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    if let Err(error) = shown
        && error.kind() != std::io::ErrorKind::BrokenPipe
    {
        crate::printed::complaint(format_args!("sidetone: the answer cannot be printed: {error}"));
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
    if arguments.realtime
        && let Err(error) = real_time()
    {
        tracing::warn!(
            "no real-time priority (-p): {error:?}; start as root, or allow it with CAP_SYS_NICE \
             or LimitRTPRIO of the service"
        );
    }
}

/// How many files and sockets this process may have open.
pub(crate) fn open_files() -> u64 {
    getrlimit(Resource::RLIMIT_NOFILE).map_or(u64::MAX, |(soft, _)| soft)
}

/// Round robin among real-time tasks: ours come before all ordinary ones and after what the
/// kernel itself must do in time. Threads that are started later inherit it.
fn real_time() -> Result<(), thread_priority::Error> {
    use thread_priority::{
        RealtimeThreadSchedulePolicy, ThreadPriority, ThreadPriorityValue, ThreadSchedulePolicy,
        set_thread_priority_and_policy, thread_native_id,
    };
    let priority = ThreadPriorityValue::try_from(REALTIME_PRIORITY)
        .map_err(|_| thread_priority::Error::Priority("out of range"))?;
    set_thread_priority_and_policy(
        thread_native_id(),
        ThreadPriority::Crossplatform(priority),
        ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::RoundRobin),
    )
}

fn raise(resource: Resource, wanted: Option<u64>) -> nix::Result<()> {
    let (_, hard) = getrlimit(resource)?;
    let soft = wanted.map_or(hard, |wanted| wanted.min(hard));
    setrlimit(resource, soft, hard)
}

/// How directories are opened whose content is given away.
const DIRECTORY: OFlag = OFlag::O_DIRECTORY.union(OFlag::O_NOFOLLOW).union(OFlag::O_CLOEXEC);

/// Whom the process becomes once the ports are open; neither when it stays who it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Identity {
    uid: Option<Uid>,
    gid: Option<Gid>,
}

impl Identity {
    /// `-U` and `-G`, or `runuser` and `rungroup`. A user without a group brings its own.
    pub(crate) fn of(user: Option<&str>, group: Option<&str>) -> Result<Self, String> {
        let gid = group.map(find_group).transpose()?;
        let user = user.map(find_user).transpose()?;
        let gid = gid.or(user.as_ref().map(|user| user.gid));
        Ok(Self { uid: user.map(|user| user.uid), gid })
    }

    /// Gives a file or directory to whom the process becomes. What it did not make is left to the
    /// administrator, so a refusal only matters when it is written to later.
    pub(crate) fn own(self, path: &Path) {
        let given =
            std::os::unix::fs::chown(path, self.uid.map(Uid::as_raw), self.gid.map(Gid::as_raw));
        if let Err(error) = given {
            tracing::warn!("{} stays with its owner: {error}", path.display());
        }
    }

    /// Gives a directory of ours and all that lies in it. Everything is reached through the
    /// directory it lies in and no link is followed: whoever the process was before may have put
    /// one there.
    pub(crate) fn own_all(self, path: &Path) {
        let opened = Dir::open(path, DIRECTORY, Mode::empty());
        let given = opened.and_then(|directory| {
            fchown(&directory, self.uid, self.gid)?;
            self.own_inside(directory)
        });
        if let Err(error) = given {
            tracing::warn!("not all in {} changes its owner: {error}", path.display());
        }
    }

    fn own_inside(self, mut directory: Dir) -> nix::Result<()> {
        let names: Vec<CString> =
            directory.iter().flatten().map(|entry| entry.file_name().to_owned()).collect();
        for name in names.iter().filter(|name| ![c".", c".."].contains(&name.as_c_str())) {
            let name = name.as_c_str();
            fchownat(&directory, name, self.uid, self.gid, AtFlags::AT_SYMLINK_NOFOLLOW)?;
            match Dir::openat(&directory, name, DIRECTORY, Mode::empty()) {
                Ok(inner) => self.own_inside(inner)?,
                Err(Errno::ENOTDIR | Errno::ELOOP) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Gives up privileges.
    pub(crate) fn assume(self, core_dump: bool) -> Result<(), String> {
        let failed = |what: &str, error: nix::Error| format!("cannot change to {what}: {error}");
        if let Some(gid) = self.gid {
            setgroups(&[gid]).map_err(|error| failed("the group", error))?;
            setgid(gid).map_err(|error| failed("the group", error))?;
        }
        if let Some(uid) = self.uid {
            setuid(uid).map_err(|error| failed("the user", error))?;
        }
        // The kernel forbids core files of a process that changed its user.
        if core_dump && let Err(error) = nix::sys::prctl::set_dumpable(true) {
            tracing::warn!("core dumps stay off: {error}");
        }
        Ok(())
    }
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
