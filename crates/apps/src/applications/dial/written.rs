//! Whom a line of the dialplan calls, as far as it is written out, and what its option letters
//! do not do: for what is said when the dialplan is loaded. Nothing is called here.

use sidetone_dialplan::arguments::split_raw;

use super::callee::Callee;
use super::options::complaints;

/// What Dial, or an application that calls as Dial does, is told to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Endpoints that are called.
    pub endpoints: Vec<String>,
    /// Contexts that are called (`Local/extension@context`).
    pub contexts: Vec<String>,
    /// Option letters that are none, or do nothing, in words.
    pub complaints: Vec<String>,
}

/// Reads the arguments of an application as they are written; parts that are computed are left
/// out, and of an application that calls nobody there is nothing.
#[must_use]
pub fn written(application: &str, arguments: &str) -> Written {
    let is = |name: &str| application.eq_ignore_ascii_case(name);
    let mut found = Written::default();
    if is("Dial") {
        read_dial(arguments, &mut found);
    } else if is("RetryDial") {
        // The first three are the announcement, the wait and the attempts.
        let parts = split_raw(arguments, ',', 4);
        read_dial(parts.get(3).map_or("", String::as_str), &mut found);
    } else if is("Originate") {
        let parts = split_raw(arguments, ',', 2);
        read_destinations(parts.first().map_or("", String::as_str), &mut found);
    }
    found
}

fn read_dial(arguments: &str, found: &mut Written) {
    let parts = split_raw(arguments, ',', 4);
    let part = |index: usize| parts.get(index).map_or("", |part| part.trim());
    read_destinations(part(0), found);
    found.complaints = complaints(part(2));
}

fn read_destinations(text: &str, found: &mut Written) {
    for (_, callee) in Callee::all(text) {
        match callee {
            Ok(Callee::Endpoint(name) | Callee::Through(_, name) | Callee::At(name, _)) => {
                found.endpoints.extend(fixed(name));
            }
            Ok(Callee::Local { context, .. }) => found.contexts.extend(fixed(context)),
            Err(_) => {}
        }
    }
}

/// The name, unless it is computed or a piece of something that is.
fn fixed(name: &str) -> Option<String> {
    let is_whole = !name.is_empty() && !name.contains(['$', '{', '}', '[', ']', '(', ')', '"']);
    is_whole.then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_out_is_read_and_what_is_computed_is_left_out() {
        let endpoints = |text: &str| written("dial", text).endpoints;
        assert_eq!(endpoints("PJSIP/alice&PJSIP/100@trunk,20,t"), ["alice", "trunk"]);
        assert_eq!(endpoints("PJSIP/desk/sip:1@192.0.2.1:5060"), ["desk"]);
        assert_eq!(endpoints("PJSIP/${EXTEN}@trunk & pjsip/bob"), ["trunk", "bob"]);
        for computed in [
            "PJSIP/${EXTEN}",
            "${PJSIP_DIAL_CONTACTS(alice)}",
            "PJSIP/${IF($[1 = 1]?a@b:c)}",
            "${IF(1?PJSIP/x&PJSIP/y)}",
            "SIP/alice",
            "",
        ] {
            assert_eq!(endpoints(computed), Vec::<String>::new(), "{computed}");
        }
        let read = written("RetryDial", "pls-wait,5,3,PJSIP/alice&Local/5@sales/n,20,tY");
        assert_eq!((read.endpoints[0].as_str(), read.contexts[0].as_str()), ("alice", "sales"));
        assert_eq!(read.complaints, ["option Y: there is no such option"]);
        assert_eq!(written("Originate", "PJSIP/bob,app,Echo").endpoints, ["bob"]);
        assert_eq!(written("Playback", "PJSIP/bob"), Written::default());
    }

    #[test]
    fn letters_are_read_unless_they_are_computed() {
        let complaints = |options: &str| written("Dial", &format!("x,1,{options}")).complaints;
        assert_eq!(complaints("tTgm(jazz)b(sub^s^1(${ARG}))L(${MS}:1)"), Vec::<String>::new());
        assert_eq!(complaints("t${OPTIONS}"), Vec::<String>::new());
        let found = complaints("gqCL(soon)M(screen)");
        assert_eq!(found.len(), 4, "{found:?}");
        assert_eq!(found[0], "option q: there is no such option");
        assert!(found[1].starts_with("option C is ignored: "), "{found:?}");
        assert!(found[2].starts_with("option L: write milliseconds"), "{found:?}");
        assert!(found[3].contains("use U"), "{found:?}");
    }
}
