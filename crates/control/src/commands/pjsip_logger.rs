//! `pjsip set logger`: which SIP messages are shown, and a capture of them (DBG-01).

use sidetone_pbx::sip_log::SipLogFilter;

use super::{Context, text, wrong};
use crate::socket::Answer;

const USAGE: &str = "Usage: pjsip set logger on|off\n\
    \x20      pjsip set logger host|add <address[/prefix][:port]>\n\
    \x20      pjsip set logger method|methodadd <method>\n\
    \x20      pjsip set logger verbose on|off\n\
    \x20      pjsip set logger pcap <file>\n";

/// What the words ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Wish {
    Switch(bool),
    Filter(SipLogFilter, String),
    Capture(String),
}

fn read(args: &[&str], now: &SipLogFilter) -> Result<Wish, String> {
    let mut filter = now.clone();
    let words = match args {
        ["on"] => return Ok(Wish::Switch(true)),
        ["off"] => return Ok(Wish::Switch(false)),
        ["pcap", path] => return Ok(Wish::Capture((*path).to_owned())),
        [how @ ("host" | "add"), host] => {
            let parsed = SipLogFilter::host(host)?;
            if *how == "host" {
                filter.hosts.clear();
            }
            filter.hosts.push(parsed);
            format!("PJSIP Logging Enabled for host: {host}")
        }
        [how @ ("method" | "methodadd"), method] => {
            if !method.chars().all(|letter| letter.is_ascii_alphabetic()) {
                return Err(format!("'{method}' is no method"));
            }
            if *how == "method" {
                filter.methods.clear();
            }
            filter.methods.push(method.to_ascii_uppercase());
            format!("PJSIP Logging Enabled for method: {}", method.to_ascii_uppercase())
        }
        ["verbose", way @ ("on" | "off")] => {
            filter.verbose = *way == "on";
            let way = if filter.verbose { "enabled" } else { "disabled" };
            format!("PJSIP Logging to verbose has been {way}")
        }
        _ => return Err(String::new()),
    };
    Ok(Wish::Filter(filter, words))
}

pub(super) async fn set(context: &Context, args: &[&str]) -> Answer {
    let exchange = &context.exchange;
    match read(args, &exchange.sip_log_filter()) {
        Ok(Wish::Switch(true)) => {
            // All of it, whatever was asked for before; a capture goes on.
            exchange.set_sip_log_filter(SipLogFilter::default());
            exchange.set_sip_log(true);
            text("PJSIP Logging enabled\n")
        }
        Ok(Wish::Switch(false)) => {
            exchange.set_sip_log(false);
            exchange.set_sip_log_filter(SipLogFilter::default());
            context.surroundings.end_capture();
            text("PJSIP Logging disabled\n")
        }
        Ok(Wish::Filter(filter, words)) => {
            exchange.set_sip_log_filter(filter);
            exchange.set_sip_log(true);
            text(format!("{words}\n"))
        }
        Ok(Wish::Capture(path)) => match context.surroundings.capture(&path) {
            Ok(()) => {
                exchange.set_sip_log(true);
                text(format!("PJSIP Logging to pcap has been enabled: {path}\n"))
            }
            Err(why) => wrong(format!("{path}: {why}\n")),
        },
        Err(why) if why.is_empty() => wrong(USAGE),
        Err(why) => wrong(format!("{why}\n")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filtered(args: &[&str], now: &SipLogFilter) -> SipLogFilter {
        match read(args, now) {
            Ok(Wish::Filter(filter, _)) => filter,
            other => panic!("{args:?}: {other:?}"),
        }
    }

    #[test]
    fn filters_are_set_and_added_to() {
        let none = SipLogFilter::default();
        let one = filtered(&["host", "192.0.2.1"], &none);
        let two = filtered(&["add", "192.0.2.2:5060"], &one);
        assert_eq!((one.hosts.len(), two.hosts.len()), (1, 2));
        assert_eq!(filtered(&["host", "192.0.2.3"], &two).hosts.len(), 1, "host begins anew");
        let methods = filtered(&["method", "invite"], &two);
        let methods = filtered(&["methodadd", "BYE"], &methods);
        assert_eq!(methods.methods, ["INVITE", "BYE"]);
        assert_eq!(methods.hosts.len(), 2, "hosts stay");
        assert!(!filtered(&["verbose", "off"], &none).verbose);
        assert_eq!(read(&["pcap", "/tmp/x"], &none), Ok(Wish::Capture("/tmp/x".into())));
        for bad in [&["host", "nobody"][..], &["method", "IN VITE"], &["verbose"], &[], &["x"]] {
            assert!(read(bad, &none).is_err(), "{bad:?}");
        }
    }
}
