//! What a process costs, as `/proc` tells it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::Outcome;

/// A process to watch.
#[derive(Clone, Debug)]
pub struct Process {
    folder: PathBuf,
}

impl Process {
    /// The process with this number.
    #[must_use]
    pub fn new(pid: u32) -> Self {
        Self { folder: PathBuf::from(format!("/proc/{pid}")) }
    }

    /// This process.
    #[must_use]
    pub fn own() -> Self {
        Self { folder: PathBuf::from("/proc/self") }
    }

    /// CPU time of all threads that live, in nanoseconds' precision. Threads that ended in
    /// between are missing: the exchange's threads stay.
    ///
    /// # Errors
    /// When the process is gone.
    pub fn cpu(&self) -> Outcome<Duration> {
        let mut total = Duration::ZERO;
        for thread in fs::read_dir(self.folder.join("task"))?.flatten() {
            total += on_cpu(&thread.path()).unwrap_or_default();
        }
        Ok(total)
    }

    /// CPU time of the newest thread with this name.
    ///
    /// # Errors
    /// When there is none.
    pub fn cpu_of(&self, name: &str) -> Outcome<Duration> {
        let path = self.folder.join(format!("task/{}", self.thread(name)?));
        on_cpu(&path).ok_or_else(|| "the kernel tells no schedstat".into())
    }

    /// The number of the newest thread with this name.
    ///
    /// # Errors
    /// When there is none.
    pub fn thread(&self, name: &str) -> Outcome<i32> {
        let newest = self.threads(name)?.into_iter().max();
        newest.ok_or_else(|| format!("there is no thread `{name}`").into())
    }

    /// How long the threads whose names begin so were ready to run and had no core.
    ///
    /// # Errors
    /// When the process is gone.
    pub fn waited(&self, name: &str) -> Outcome<Duration> {
        let mut waited = Duration::ZERO;
        for thread in self.threads(name)? {
            let path = self.folder.join(format!("task/{thread}"));
            waited += schedstat(&path, 1).unwrap_or_default();
        }
        Ok(waited)
    }

    fn threads(&self, name: &str) -> Outcome<Vec<i32>> {
        let mut found = Vec::new();
        for thread in fs::read_dir(self.folder.join("task"))?.flatten() {
            let called = fs::read_to_string(thread.path().join("comm")).unwrap_or_default();
            if called.starts_with(name) {
                found.push(thread.file_name().to_string_lossy().parse()?);
            }
        }
        Ok(found)
    }

    /// Resident memory in KiB: everything, and what is neither file nor shared.
    ///
    /// # Errors
    /// When the process is gone.
    pub fn memory(&self) -> Outcome<Memory> {
        let status = fs::read_to_string(self.folder.join("status"))?;
        let field = |name: &str| -> Outcome<f64> {
            let line = status.lines().find(|line| line.starts_with(name));
            let number = line.and_then(|line| line.split_whitespace().nth(1));
            Ok(number.ok_or("no such line in /proc/*/status")?.parse()?)
        };
        Ok(Memory { resident_kib: field("VmRSS:")?, anonymous_kib: field("RssAnon:")? })
    }
}

/// Resident memory.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    /// Everything, the program text included.
    pub resident_kib: f64,
    /// Heap and stacks.
    pub anonymous_kib: f64,
}

fn on_cpu(thread: &Path) -> Option<Duration> {
    schedstat(thread, 0)
}

/// A field of `schedstat`: time on a core, time ready without one.
fn schedstat(thread: &Path, field: usize) -> Option<Duration> {
    let stat = fs::read_to_string(thread.join("schedstat")).ok()?;
    Some(Duration::from_nanos(stat.split(' ').nth(field)?.parse().ok()?))
}
