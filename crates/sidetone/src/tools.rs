//! Tools beside the exchange: certificates, and a look at the configuration.

use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use sidetone_conf::Severity;
use sidetone_config::FileSource;
use sidetone_net::selfsigned::{self, Made, Role, SelfSignedRequest};

use crate::arguments::{Arguments, Cert, Check, Tool};
use crate::missing::what_is_missing;
use crate::{first_start, printed, script};

/// Runs a tool.
pub(crate) fn run(tool: &Tool, arguments: &Arguments) -> ExitCode {
    let outcome = match tool {
        Tool::Cert(cert) => certificate(cert),
        Tool::Config(Check::Check) => check(arguments),
    };
    match outcome {
        Ok(code) => code,
        Err(words) => {
            printed::complaint(format_args!("sidetone: {words}"));
            ExitCode::FAILURE
        }
    }
}

/// `sidetone cert self-signed` (TLS-03).
fn certificate(cert: &Cert) -> Result<ExitCode, String> {
    let Cert::SelfSigned { names, organization, directory, base_name, mode, days } = cert;
    let role = match mode.as_str() {
        "client" => Role::Client,
        "server" => Role::Server,
        other => return Err(format!("-m {other}: write client or server")),
    };
    let request = SelfSignedRequest {
        folder: directory.clone(),
        base_name: base_name.clone(),
        names: if names.is_empty() { selfsigned::local_names() } else { names.clone() },
        organization: organization.clone(),
        role,
        valid_for: Duration::from_secs(u64::from(*days) * 86_400),
    };
    let made = selfsigned::ensure(&request, SystemTime::now()).map_err(|e| e.to_string())?;
    let word = if made.made == Made::Now { "made" } else { "still good" };
    printed::line(format_args!("certificate {word}: {}", made.cert_file.display()));
    printed::line(format_args!("key:              {}", made.key_file.display()));
    printed::line(format_args!(
        "authority:        {}   (import this one into browsers)",
        made.ca_file.display()
    ));
    Ok(ExitCode::SUCCESS)
}

/// `sidetone config check`
fn check(arguments: &Arguments) -> Result<ExitCode, String> {
    let place = first_start::prepare(arguments)?;
    let loaded = sidetone_config::load(&FileSource, &place.etc.to_string_lossy());
    let (mut findings, mut summary) = (loaded.diagnostics, loaded.summary);
    let script = script::read(&place.etc, &FileSource, loaded.config.as_deref(), None);
    summary.add(&script.findings);
    findings.extend_from_slice(&script.findings);
    if let Some(document) = script.beside(loaded.dialplan_document, &place.etc, &FileSource) {
        let plan = sidetone_dialplan::load_with(&document, script.program);
        let mut found = what_is_missing(&plan, loaded.config.as_deref());
        found.extend(plan.diagnostics);
        summary.add(&found);
        findings.extend(found);
    }
    for finding in &findings {
        printed::line(finding);
    }
    printed::line(&summary);
    if let Some(config) = &loaded.config {
        printed::line("ports that a firewall must let in:");
        for rule in sidetone_config::firewall(config) {
            printed::line(format_args!("  {:<16} {}", rule.to_string(), rule.purpose));
        }
    }
    let failed = loaded.config.is_none()
        || findings.iter().any(|finding| finding.severity == Severity::Error);
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
