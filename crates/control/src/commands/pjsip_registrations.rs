//! `pjsip show registrations`, `pjsip send register`: our registrations with other servers.

use std::fmt::Write as _;
use std::time::Instant;

use sidetone_config::Registration;
use sidetone_config::snapshot::sorted;
use sidetone_config::tables::pjsip::REGISTRATION;
use sidetone_pbx::registrations::{Order, RegistrationView};

use super::pjsip_objects::{missing, parameters};
use super::pjsip_show::{RULE, found};
use super::{Context, text, wrong};
use crate::socket::Answer;

const HEAD: &str = "\n <Registration/ServerURI..............................>  \
                    <Auth....................>  <Status.......>\n";

/// All of them, in words.
const ALL: &str = "*all";

fn line(registration: &Registration, view: Option<&RegistrationView>, now: Instant) -> String {
    let name = format!("{}/{}", registration.id, registration.server_uri);
    let auths = registration.outbound_auth.join(",");
    let status = view.map_or("Unregistered", |view| view.status);
    let mut line = format!(" {name:<53.53}  {auths:<26.26}  {status:<15}");
    if let Some(until) = view.and_then(|view| view.until) {
        let left = until.saturating_duration_since(now).as_secs();
        let _ = write!(line, " (exp. {left}s)");
    }
    line.truncate(line.trim_end().len());
    line.push('\n');
    line
}

/// `pjsip show registrations`
pub(super) async fn registrations(context: &Context, _: &[&str]) -> Answer {
    let config = context.exchange.config();
    let all = sorted(&config.registrations);
    if all.is_empty() {
        return text("No objects found.\n\n");
    }
    let (views, now) = (context.exchange.registrations().all(), context.exchange.now());
    let mut out = format!("{HEAD}{RULE}\n");
    for registration in &all {
        out += &line(registration, views.get(&registration.id), now);
    }
    found(&mut out, all.len());
    text(out)
}

/// `pjsip show registration`
pub(super) async fn registration(context: &Context, args: &[&str]) -> Answer {
    let config = context.exchange.config();
    let Some(registration) = args.first().and_then(|name| config.registrations.get(*name)) else {
        return missing(args, "pjsip show registration");
    };
    let views = context.exchange.registrations().all();
    let now = context.exchange.now();
    let page = line(registration, views.get(&registration.id), now);
    let rows = parameters(&registration.settings.shown(&REGISTRATION));
    text(format!("{HEAD}{RULE}\n{page}\n\n{rows}\n\n"))
}

/// Whom a command is about: nobody else than this one, or all.
fn whom(context: &Context, args: &[&str], command: &str) -> Result<Option<String>, Answer> {
    let config = context.exchange.config();
    match args {
        [ALL] => Ok(None),
        [name] if config.registrations.contains_key(*name) => Ok(Some((*name).to_owned())),
        [name] => Err(wrong(format!("Unable to find registration {name}.\n"))),
        _ => Err(wrong(format!("Usage: {command} <name>|{ALL}\n"))),
    }
}

fn order(context: &Context, order: Order, words: &str) -> Answer {
    if context.exchange.registrations().order(order) {
        text(words)
    } else {
        wrong("Too much was asked at once; try again.\n")
    }
}

/// `pjsip send register`
pub(super) async fn register(context: &Context, args: &[&str]) -> Answer {
    match whom(context, args, "pjsip send register") {
        Ok(name) => order(context, Order::Register(name), "Registering now.\n"),
        Err(answer) => answer,
    }
}

/// `pjsip send unregister`
pub(super) async fn unregister(context: &Context, args: &[&str]) -> Answer {
    match whom(context, args, "pjsip send unregister") {
        Ok(name) => order(context, Order::Remove(name), "Removing the registration.\n"),
        Err(answer) => answer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_registration_is_one_line_with_its_status_and_what_is_left() {
        let source = sidetone_conf::MemorySource::new().with(
            "/etc/pjsip.conf",
            "[u]\ntype=transport\nbind=127.0.0.1\n[a]\ntype=auth\nusername=a\npassword=x\n\
             [trunk]\ntype=registration\nserver_uri=sip:sip.example\nclient_uri=sip:a@sip.example\n\
             outbound_auth=a\n",
        );
        let config = sidetone_config::load(&source, "/etc").config.expect("a configuration");
        let (registration, now) = (&config.registrations["trunk"], Instant::now());
        let view = |status, until| RegistrationView {
            server_uri: String::new(),
            auths: String::new(),
            status,
            until,
            reached: None,
        };
        let known = view("Registered", Some(now + Duration::from_secs(3_515)));
        let shown = line(registration, Some(&known), now);
        assert_eq!(
            shown,
            format!(
                " {:<53}  {:<26}  {:<15} (exp. 3515s)\n",
                "trunk/sip:sip.example", "a", "Registered"
            )
        );
        let shown = line(registration, Some(&view("Rejected", None)), now);
        assert!(shown.ends_with("  Rejected\n"), "{shown:?}");
        assert!(line(registration, None, now).ends_with("  Unregistered\n"));
    }
}
