//! `sidetone.pid` in the run directory: the process id, for scripts and service managers.

use std::path::{Path, PathBuf};
use std::{fs, io};

/// The file of this process; it goes when this is dropped.
#[derive(Debug)]
pub(crate) struct PidFile {
    path: PathBuf,
}

impl PidFile {
    /// Writes it. One that a dead process left is replaced: that none lives is shown by the control
    /// socket, which is open before this is called. Without it the exchange runs all the same.
    pub(crate) fn write(directory: &Path) -> Option<Self> {
        let path = directory.join("sidetone.pid");
        // Under its name it is whole at once, and belongs to who runs now.
        let unnamed = path.with_extension("pid.tmp");
        let text = format!("{}\n", std::process::id());
        let written = fs::write(&unnamed, text).and_then(|()| fs::rename(&unnamed, &path));
        match written {
            Ok(()) => Some(Self { path }),
            Err(error) => {
                tracing::warn!("{}: {error}: there is no process id in it", path.display());
                None
            }
        }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    fn is_ours(&self) -> io::Result<bool> {
        Ok(fs::read_to_string(&self.path)?.trim() == std::process::id().to_string())
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        // A later process may have replaced it, or an operator removed it.
        if self.is_ours().unwrap_or(false)
            && let Err(error) = fs::remove_file(&self.path)
        {
            tracing::warn!("{} stays: {error}", self.path.display());
        }
    }
}
