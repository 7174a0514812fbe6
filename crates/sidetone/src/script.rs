//! The dialplan of both files: `extensions.conf`, and `extensions.lua` beside it.

use std::path::Path;
use std::sync::Arc;

use sidetone_conf::{Diagnostic, Document, ReadError, Source};
use sidetone_config::{Config, Summary};
use sidetone_dialplan::script::Program;
use sidetone_script::{FILE, Limits, Loaded};

/// What becomes of `extensions.lua`.
pub(crate) struct Script {
    pub(crate) program: Option<Arc<dyn Program>>,
    pub(crate) findings: Vec<Diagnostic>,
    /// It has an error, and the program of before stays.
    pub(crate) is_kept: bool,
}

/// Reads `extensions.lua`, unless it is switched off. One with an error leaves the program of
/// before in force.
pub(crate) fn read(
    etc: &Path,
    source: &dyn Source,
    config: Option<&Config>,
    before: Option<Arc<dyn Program>>,
) -> Script {
    let none = Script { program: None, findings: Vec::new(), is_kept: false };
    if config.is_some_and(|config| config.modules.is_off("pbx_lua")) {
        return none;
    }
    match sidetone_script::load(&etc.to_string_lossy(), source, Limits::default()) {
        Loaded::Absent => none,
        Loaded::Program(program, findings) => Script { program: Some(program), findings, ..none },
        Loaded::Broken(findings) => Script { is_kept: before.is_some(), program: before, findings },
    }
}

impl Script {
    /// Counts what there was to say.
    pub(crate) fn count(&self, summary: &mut Summary) {
        summary.add(&self.findings);
        if self.is_kept {
            summary.kept += 1;
            tracing::warn!("{FILE} stays as it was before: see its errors");
        }
    }

    /// The document to which the program adds: an empty one when there is a program and no
    /// `extensions.conf` at all.
    pub(crate) fn beside(
        &self,
        document: Option<Document>,
        etc: &Path,
        source: &dyn Source,
    ) -> Option<Document> {
        let path = etc.join("extensions.conf");
        document.or_else(|| {
            let is_absent = source.read(&path.to_string_lossy()) == Err(ReadError::NotFound);
            (is_absent && self.program.is_some()).then(Document::default)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sidetone_conf::MemorySource;

    fn read_text(text: &str, before: Option<Arc<dyn Program>>) -> Script {
        let source = MemorySource::new().with("/etc/extensions.lua", text);
        read(Path::new("/etc"), &source, None, before)
    }

    #[test]
    fn a_file_with_an_error_leaves_the_program_of_before_in_force() {
        let before = read_text("extensions = {}", None).program.expect("a program");
        let script = read_text("extensions = {", Some(before.clone()));
        assert!(script.is_kept && script.program.is_some_and(|kept| Arc::ptr_eq(&kept, &before)));
        assert!(script.findings.iter().any(Diagnostic::is_error));
        let script = read_text("extensions = {", None);
        assert!(!script.is_kept && script.program.is_none());
    }

    #[test]
    fn a_module_that_is_switched_off_reads_nothing() {
        let source = MemorySource::new()
            .with("/etc/pjsip.conf", "[u]\ntype=transport\nbind=127.0.0.1\n")
            .with("/etc/modules.conf", "[modules]\nnoload => pbx_lua.so\n")
            .with("/etc/extensions.lua", "extensions = {");
        let config = sidetone_config::load(&source, "/etc").config.expect("a configuration");
        let script = read(Path::new("/etc"), &source, Some(&config), None);
        assert!(script.program.is_none() && script.findings.is_empty());
    }

    #[test]
    fn a_program_needs_no_other_file() {
        let source = MemorySource::new().with("/etc/extensions.lua", "extensions = {}");
        let script = read(Path::new("/etc"), &source, None, None);
        assert!(script.beside(None, Path::new("/etc"), &source).is_some());
        let source = source.with("/etc/extensions.conf", "");
        assert!(script.beside(None, Path::new("/etc"), &source).is_none(), "it was emptied");
    }
}
