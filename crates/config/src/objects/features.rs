//! `features.conf`: the codes by which a party of a call transfers or hangs up.

use std::time::Duration;

use sidetone_conf::{Diagnostic, Document};

use crate::fields::Fields;
use crate::nearest::nearest;
use crate::report::Report;
use crate::sections::{general, merged, unknown};
use crate::tables::server::{FEATURE_MAP, FEATURES};

/// Feature codes and what is heard with them. An empty code is off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Features {
    /// Sends the other side to an extension.
    pub blind_transfer: String,
    /// Talks with an extension first.
    pub attended_transfer: String,
    /// Hangs up.
    pub disconnect: String,
    /// Parks the other side.
    pub park: String,
    /// During a consultation: back to the one who waits.
    pub abort: String,
    /// During a consultation: joins the two others.
    pub complete: String,
    /// During a consultation: talks with the one who waits, while the other waits.
    pub swap: String,
    /// How long the next key of a code may take.
    pub digit_timeout: Duration,
    /// How long the first digit of an extension may take.
    pub transfer_digit_timeout: Duration,
    /// How long somebody who is consulted may ring.
    pub no_answer_timeout: Duration,
    /// How often an extension is asked for.
    pub dial_attempts: u32,
    /// Asks for the extension.
    pub announce_sound: String,
    /// There is no such extension, and it was the last attempt.
    pub invalid_sound: String,
    /// There is no such extension; it is asked for again.
    pub retry_sound: String,
    /// The transfer failed.
    pub fail_sound: String,
    /// The transfer is complete, for who was consulted.
    pub done_sound: String,
}

impl Features {
    pub(crate) fn build(document: &Document, report: &mut Report) -> Self {
        about_sections(document, report);
        let section = merged(document, "featuremap", "features.conf");
        let map = Fields::new(&FEATURE_MAP, &section, report);
        let codes = ["blindxfer", "atxfer", "disconnect", "parkcall"].map(|name| map.string(name));
        let [blind_transfer, attended_transfer, disconnect, park] = codes;
        let section = general(document, "features.conf");
        let mut fields = Fields::new(&FEATURES, &section, report);
        let seconds = |fields: &mut Fields<'_>, name| Duration::from_secs(fields.number(name));
        Self {
            blind_transfer,
            attended_transfer,
            disconnect,
            park,
            abort: fields.string("atxferabort"),
            complete: fields.string("atxfercomplete"),
            swap: fields.string("atxferswap"),
            digit_timeout: Duration::from_millis(fields.number("featuredigittimeout")),
            transfer_digit_timeout: seconds(&mut fields, "transferdigittimeout"),
            no_answer_timeout: seconds(&mut fields, "atxfernoanswertimeout"),
            dial_attempts: fields.number("transferdialattempts"),
            announce_sound: fields.string("transferannouncesound"),
            invalid_sound: fields.string("transferinvalidsound"),
            retry_sound: fields.string("transferretrysound"),
            fail_sound: fields.string("xferfailsound"),
            done_sound: fields.string("xfersound"),
        }
    }
}

/// Says which sections do nothing: that of applications, the groups of them, which have names of
/// their own, and what is one wrong letter away from a section that acts.
fn about_sections(document: &Document, report: &mut Report) {
    const SECTIONS: &[&str] = &["general", "featuremap", "applicationmap"];
    for section in document.live().filter(|section| !section.values.is_empty()) {
        let name = &section.name;
        match SECTIONS.iter().find(|known| name.eq_ignore_ascii_case(known)) {
            Some(&"general" | &"featuremap") => {}
            None if nearest(name, SECTIONS.iter().copied()).is_some() => {
                report.say(unknown(section, "features.conf", SECTIONS));
            }
            _ => {
                let message = format!(
                    "[{name}] is ignored: keys do not start applications yet; its lines may stay"
                );
                report.say(Diagnostic::warning(&section.span, message));
            }
        }
    }
}

impl Default for Features {
    /// What holds without features.conf.
    fn default() -> Self {
        Self::build(&Document::default(), &mut Report::default())
    }
}
