//! The dialplan applications that need a channel, one file each. Control flow (`Goto`, `Gosub`,
//! `Set`, `While` …) lives in `dialplan`, which needs no channel for it.

mod answer;
mod background;
mod bridge;
mod busy;
mod callback;
mod chan_is_avail;
mod clear_hash;
mod congestion;
mod db_del;
mod db_del_tree;
mod dial;
mod digits;
mod dynamic_features;
mod echo;
mod features;
mod hangup;
mod hangup_cause_clear;
mod letters;
mod log;
mod message_send;
mod milliwatt;
mod music_on_hold;
mod originate;
mod park;
mod park_and_announce;
mod parked_call;
mod parking;
mod pickup;
mod pjsip_hangup;
mod playback;
mod playtones;
mod progress;
mod prompts;
mod read;
mod retry_dial;
mod ringing;
mod route;
mod send_dtmf;
mod send_text;
mod sip_add_header;
mod start_music_on_hold;
mod stop_music_on_hold;
mod stop_playtones;
mod stream_echo;
mod tones;
mod transfer;
mod user_event;
mod verbose;
mod wait;
mod wait_digit;
mod wait_exten;

use sidetone_pbx::{Application, Channel};

pub use dial::{Written, written};
pub(crate) use dial::{
    allow_forwards, contacts_of, demand_security, demands_security, forwards_left,
};
pub(crate) use features::digit as bridge_digit;
pub(crate) use parking::{lot_name as parking_lot_name, own_lot, set_own_lot};
pub(crate) use route::choose as choose_routes;

macro_rules! application {
    ($module:ident) => {
        Application {
            doc: $module::DOC,
            run: |channel, args| Box::pin($module::run(channel, args)),
        }
    };
}

/// All applications of this crate, sorted by name.
pub const APPLICATIONS: &[Application] = &[
    application!(answer),
    application!(background),
    application!(bridge),
    application!(busy),
    application!(chan_is_avail),
    application!(clear_hash),
    application!(congestion),
    application!(db_del),
    application!(db_del_tree),
    application!(dial),
    application!(echo),
    application!(hangup),
    application!(hangup_cause_clear),
    application!(log),
    application!(message_send),
    application!(milliwatt),
    application!(music_on_hold),
    application!(originate),
    application!(park),
    application!(park_and_announce),
    application!(parked_call),
    application!(pickup),
    application!(pjsip_hangup),
    application!(playback),
    application!(playtones),
    application!(progress),
    application!(read),
    application!(retry_dial),
    application!(ringing),
    application!(route),
    application!(send_dtmf),
    application!(send_text),
    application!(sip_add_header),
    application!(start_music_on_hold),
    application!(stop_music_on_hold),
    application!(stop_playtones),
    application!(stream_echo),
    application!(transfer),
    application!(user_event),
    application!(verbose),
    application!(wait),
    application!(wait_digit),
    application!(wait_exten),
];

/// Tells which of the option letters mean nothing to the application.
fn warn_about(channel: &Channel, application: &str, options: &str, known: &str) {
    for letter in options.trim().chars().filter(|letter| !known.contains(*letter)) {
        tracing::warn!(
            "{}: {application}: there is no option '{letter}', only {known}",
            channel.name()
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_documented() {
        let names: Vec<_> = APPLICATIONS.iter().map(|app| app.doc.name.to_lowercase()).collect();
        assert!(names.is_sorted(), "{names:?}");
        for app in APPLICATIONS {
            assert!(!app.doc.synopsis.is_empty(), "{} has no synopsis", app.doc.name);
            assert!(!app.doc.description.is_empty(), "{} has no description", app.doc.name);
        }
    }
}
