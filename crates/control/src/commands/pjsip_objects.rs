//! `pjsip show endpoint`, `aor`, …: one object with all its options; and `pjsip show settings`,
//! `identifiers`, `identifies`. Layouts are those that scripts read.

use std::fmt::Write as _;

use sidetone_config::objects::identify::Source;
use sidetone_config::table::ObjectSpec;
use sidetone_config::tables::{endpoint::ENDPOINT, pjsip as table};
use sidetone_config::{Identifier, Identify, Settings};

use super::pjsip_show::{self, RULE, found};
use super::{Context, text, wrong};
use crate::socket::Answer;

/// Options that only write others: what they come to is shown where it counts.
const HIDDEN: &[&str] =
    &["contact_deny", "contact_permit", "deny", "disallow", "password", "permit", "type"];

/// Names and values in two columns, under a rule as wide as the widest line.
pub(super) fn parameters(rows: &[(&str, String)]) -> String {
    const HEAD: (&str, &str) = ("ParameterName", "ParameterValue");
    let shown = |row: &&(&str, String)| !HIDDEN.contains(&row.0);
    let width = |text: &str| text.chars().count();
    let names = rows.iter().filter(shown).map(|(name, _)| width(name)).max();
    let values = rows.iter().filter(shown).map(|(_, value)| width(value)).max();
    let names = names.unwrap_or(0).max(HEAD.0.len());
    let values = values.unwrap_or(0).max(HEAD.1.len());
    let mut out =
        format!(" {:<names$} : {}\n {}\n", HEAD.0, HEAD.1, "=".repeat(names + 3 + values));
    for (name, value) in rows.iter().filter(shown) {
        let _ = writeln!(out, " {name:<names$} : {value}");
    }
    out
}

fn all(settings: &Settings, spec: &ObjectSpec) -> Vec<(&'static str, String)> {
    settings.shown(spec)
}

pub(super) fn missing(args: &[&str], command: &str) -> Answer {
    match args.first() {
        Some(name) => wrong(format!("Unable to find object {name}.\n\n")),
        None => wrong(format!("Usage: {command} <name>\n")),
    }
}

/// `pjsip show endpoint`
pub(super) async fn endpoint(context: &Context, args: &[&str]) -> Answer {
    let config = context.exchange.config();
    let Some(endpoint) = args.first().and_then(|name| config.endpoints.get(*name)) else {
        return missing(args, "pjsip show endpoint");
    };
    let mut out = pjsip_show::endpoint_page(context, &config, endpoint);
    let rows = all(&endpoint.settings, &ENDPOINT);
    let _ = write!(out, "\n\n{}\n\n", parameters(&rows));
    text(out)
}

/// `pjsip show aor`
pub(super) async fn aor(context: &Context, args: &[&str]) -> Answer {
    let config = context.exchange.config();
    let Some(aor) = args.first().and_then(|name| config.aors.get(*name)) else {
        return missing(args, "pjsip show aor");
    };
    let rows = all(&aor.settings, &table::AOR);
    text(format!("{}\n\n{}\n\n", pjsip_show::aor_page(context, aor), parameters(&rows)))
}

/// `pjsip show auth`
pub(super) async fn auth(context: &Context, args: &[&str]) -> Answer {
    let config = context.exchange.config();
    let Some(auth) = args.first().and_then(|name| config.auths.get(*name)) else {
        return missing(args, "pjsip show auth");
    };
    let page = pjsip_show::auth_page(auth);
    text(format!("{page}\n\n{}\n\n", parameters(&all(&auth.settings, &table::AUTH))))
}

/// `pjsip show transport`
pub(super) async fn transport(context: &Context, args: &[&str]) -> Answer {
    let config = context.exchange.config();
    let Some(transport) = args.first().and_then(|name| config.transports.get(*name)) else {
        return missing(args, "pjsip show transport");
    };
    let page = pjsip_show::transport_page(transport);
    text(format!("{page}\n\n{}\n\n", parameters(&all(&transport.settings, &table::TRANSPORT))))
}

/// `pjsip show settings`
pub(super) async fn settings(context: &Context, _: &[&str]) -> Answer {
    let config = context.exchange.config();
    let global = parameters(&all(&config.global.settings, &table::GLOBAL));
    let system = parameters(&all(&config.system.settings, &table::SYSTEM));
    text(format!("\nGlobal Settings:\n\n{global}\nSystem Settings:\n\n{system}\n"))
}

/// `pjsip show identifiers`
pub(super) async fn identifiers(context: &Context, _: &[&str]) -> Answer {
    let config = context.exchange.config();
    let mut out = String::from("Identifier Names:   \n");
    let on = |identifier: &&Identifier| !config.modules.is_off(identifier.module());
    for identifier in config.global.endpoint_identifier_order.iter().filter(on) {
        let _ = writeln!(out, "{:<20}", identifier.name());
    }
    text(out)
}

const IDENTIFIES_HEAD: &str = "
 Identify:  <Identify/Endpoint.........................................................>
      Match:  <criteria.........................>
";

/// The criteria of an identify object, one each line.
pub(super) fn criteria(identify: &Identify) -> Vec<String> {
    let source = |source: &Source| match source {
        Source::Network(network) => network.to_string(),
        Source::Host(name) => name.clone(),
    };
    let mut all: Vec<String> = identify.sources.iter().map(source).collect();
    let header = |found: &sidetone_config::HeaderMatch| format!("{}: {}", found.name, found.value);
    all.extend(identify.headers.iter().map(header));
    all.extend(identify.request_uris.iter().map(ToString::to_string));
    all
}

fn identify_lines(identify: &Identify) -> String {
    let mut out = format!(" Identify:  {}/{}\n", identify.id, identify.endpoint);
    for criterion in criteria(identify) {
        let _ = writeln!(out, "      Match: {criterion}");
    }
    out
}

/// `pjsip show identifies`
pub(super) async fn identifies(context: &Context, _: &[&str]) -> Answer {
    let config = context.exchange.config();
    let all = config.identifies_sorted();
    if all.is_empty() {
        return text("No objects found.\n\n");
    }
    let mut out = format!("{IDENTIFIES_HEAD}{RULE}\n");
    for identify in &all {
        out += &identify_lines(identify);
    }
    found(&mut out, all.len());
    text(out)
}

/// `pjsip show identify`
pub(super) async fn identify(context: &Context, args: &[&str]) -> Answer {
    let config = context.exchange.config();
    let Some(identify) = args.first().and_then(|name| config.identifies.get(*name)) else {
        return missing(args, "pjsip show identify");
    };
    let page = format!("{IDENTIFIES_HEAD}{RULE}\n{}", identify_lines(identify));
    text(format!("{page}\n\n{}\n\n", parameters(&all(&identify.settings, &table::IDENTIFY))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_stand_in_columns_under_a_rule_of_their_width() {
        let shown = parameters(&all(&Settings::default(), &table::SYSTEM));
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines[0], " ParameterName               : ParameterValue");
        assert_eq!(lines[1], format!(" {}", "=".repeat(44)));
        assert_eq!(lines[2], " accept_multiple_sdp_answers : false");
        assert!(lines.contains(&" timer_t1                    : 500"), "{shown}");
    }

    #[test]
    fn secrets_are_never_shown() {
        let source = sidetone_conf::MemorySource::new().with(
            "/etc/pjsip.conf",
            "[u]\ntype=transport\nbind=127.0.0.1\n[a]\ntype=auth\nusername=a\npassword=hush\n\
             [b]\ntype=auth\nauth_type=md5\nusername=b\nmd5_cred=0123456789abcdef0123456789abcdef\n",
        );
        let config = sidetone_config::load(&source, "/etc").config.expect("a configuration");
        for name in ["a", "b"] {
            let auth = &config.auths[name];
            let page =
                pjsip_show::auth_page(auth) + &parameters(&all(&auth.settings, &table::AUTH));
            assert!(!page.contains("hush") && !page.contains("0123"), "{page}");
            assert!(page.contains(&format!("Auth:  {name}/{name}")), "{page}");
        }
    }
}
