//! `features.conf`: the codes by which a party of a call transfers, hangs up, or starts an
//! application.

use std::time::Duration;

use sidetone_conf::Document;

use crate::fields::Fields;
use crate::objects::dynamic_features::DynamicFeatures;
use crate::report::Report;
use crate::sections::{general, merged};
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
    /// How often somebody is called back whose transfer was left while the target rang.
    pub callback_retries: u32,
    /// How long such a call is waited with.
    pub loop_delay: Duration,
    /// Nobody is called back.
    pub drop_call: bool,
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
    /// Applications behind keys.
    pub dynamic: DynamicFeatures,
}

impl Features {
    pub(crate) fn build(document: &Document, report: &mut Report) -> Self {
        let dynamic = DynamicFeatures::build(document, report);
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
            callback_retries: fields.number("atxfercallbackretries"),
            loop_delay: seconds(&mut fields, "atxferloopdelay"),
            drop_call: fields.flag("atxferdropcall"),
            dial_attempts: fields.number("transferdialattempts"),
            announce_sound: fields.string("transferannouncesound"),
            invalid_sound: fields.string("transferinvalidsound"),
            retry_sound: fields.string("transferretrysound"),
            fail_sound: fields.string("xferfailsound"),
            done_sound: fields.string("xfersound"),
            dynamic,
        }
    }
}

/// Where an option lives, and in which unit.
enum Place<'f> {
    Text(&'f mut String),
    Seconds(&'f mut Duration),
    Milliseconds(&'f mut Duration),
    Count(&'f mut u32),
    Flag(&'f mut bool),
}

impl Features {
    fn place(&mut self, option: &str) -> Option<Place<'_>> {
        Some(match option {
            "blindxfer" => Place::Text(&mut self.blind_transfer),
            "atxfer" => Place::Text(&mut self.attended_transfer),
            "disconnect" => Place::Text(&mut self.disconnect),
            "parkcall" => Place::Text(&mut self.park),
            "atxferabort" => Place::Text(&mut self.abort),
            "atxfercomplete" => Place::Text(&mut self.complete),
            "atxferswap" => Place::Text(&mut self.swap),
            "featuredigittimeout" => Place::Milliseconds(&mut self.digit_timeout),
            "transferdigittimeout" => Place::Seconds(&mut self.transfer_digit_timeout),
            "atxfernoanswertimeout" => Place::Seconds(&mut self.no_answer_timeout),
            "atxfercallbackretries" => Place::Count(&mut self.callback_retries),
            "atxferloopdelay" => Place::Seconds(&mut self.loop_delay),
            "atxferdropcall" => Place::Flag(&mut self.drop_call),
            "transferdialattempts" => Place::Count(&mut self.dial_attempts),
            "transferannouncesound" => Place::Text(&mut self.announce_sound),
            "transferinvalidsound" => Place::Text(&mut self.invalid_sound),
            "transferretrysound" => Place::Text(&mut self.retry_sound),
            "xferfailsound" => Place::Text(&mut self.fail_sound),
            "xfersound" => Place::Text(&mut self.done_sound),
            _ => return None,
        })
    }

    /// The text of an option of `[featuremap]` or `[general]`; `None` for one that does not act.
    #[must_use]
    pub fn text(&self, option: &str) -> Option<String> {
        Some(match self.clone().place(option)? {
            Place::Text(text) => std::mem::take(text),
            Place::Seconds(time) => time.as_secs().to_string(),
            Place::Milliseconds(time) => time.as_millis().to_string(),
            Place::Count(count) => count.to_string(),
            Place::Flag(flag) => if *flag { "yes" } else { "no" }.to_owned(),
        })
    }

    /// Changes an option, as one channel may have it. `false` for one that does not act, or a text
    /// that is no number where one is needed.
    pub fn change(&mut self, option: &str, text: &str) -> bool {
        let Some(place) = self.place(option) else { return false };
        let number = text.trim().parse::<u32>();
        match (place, number) {
            (Place::Text(place), _) => text.clone_into(place),
            (Place::Flag(place), _) => match crate::table::truth(text) {
                Some(truth) => *place = truth,
                None => return false,
            },
            (Place::Seconds(place), Ok(number)) => *place = Duration::from_secs(number.into()),
            (Place::Milliseconds(place), Ok(number)) => {
                *place = Duration::from_millis(number.into());
            }
            (Place::Count(place), Ok(number)) => *place = number,
            _ => return false,
        }
        true
    }
}

impl Default for Features {
    /// What holds without features.conf.
    fn default() -> Self {
        Self::build(&Document::default(), &mut Report::default())
    }
}
