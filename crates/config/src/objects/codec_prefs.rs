//! How an endpoint's codecs are chosen and sent: `codec_prefs_…`, `preferred_codec_only`,
//! `asymmetric_rtp_codec`, `use_ptime`.

use sidetone_sdp::negotiation::codec_preference::{Operation, Preferred, Transcode};
use sidetone_sdp::negotiation::{CodecPreference, Keep};

use crate::fields::Fields;

/// The options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodecPrefs {
    /// An offer to us against `allow`.
    pub incoming_offer: CodecPreference,
    /// The caller's codecs and `allow`, for our offer.
    pub outgoing_offer: CodecPreference,
    /// An answer to us against `allow`.
    pub incoming_answer: CodecPreference,
    /// Our answer: what `incoming_offer` left against `allow`.
    pub outgoing_answer: CodecPreference,
    /// `preferred_codec_only`: answer with one codec only.
    pub only_one: bool,
    /// `asymmetric_rtp_codec`: what we send may differ from what the peer sends.
    pub asymmetric: bool,
    /// `use_ptime`: send packets as long as the peer's `a=ptime` asks.
    pub use_ptime: bool,
}

/// One of the four, with what is particular to it.
struct Of {
    name: &'static str,
    /// The option of one word beside it, which holds where this one is not written.
    word: Option<&'static str>,
    /// What is done with the two lists when `operation` is left out.
    operation: Operation,
}

const INCOMING_OFFER: Of = Of {
    name: "codec_prefs_incoming_offer",
    word: Some("incoming_call_offer_pref"),
    operation: Operation::Intersect,
};
const OUTGOING_OFFER: Of = Of {
    name: "codec_prefs_outgoing_offer",
    word: Some("outgoing_call_offer_pref"),
    operation: Operation::Union,
};
const INCOMING_ANSWER: Of =
    Of { name: "codec_prefs_incoming_answer", word: None, operation: Operation::Intersect };
const OUTGOING_ANSWER: Of =
    Of { name: "codec_prefs_outgoing_answer", word: None, operation: Operation::Intersect };

impl CodecPrefs {
    pub(crate) fn build(fields: &mut Fields<'_>) -> Self {
        Self {
            incoming_offer: preference(fields, &INCOMING_OFFER),
            outgoing_offer: preference(fields, &OUTGOING_OFFER),
            incoming_answer: preference(fields, &INCOMING_ANSWER),
            outgoing_answer: preference(fields, &OUTGOING_ANSWER),
            only_one: fields.flag("preferred_codec_only"),
            asymmetric: fields.flag("asymmetric_rtp_codec"),
            use_ptime: fields.flag("use_ptime"),
        }
    }
}

fn preference(fields: &mut Fields<'_>, of: &Of) -> CodecPreference {
    let usual = CodecPreference { operation: of.operation, ..CodecPreference::default() };
    let worded = of.word.filter(|word| fields.is_set(word));
    if let Some(word) = worded.filter(|_| !fields.is_set(of.name)) {
        return of_word(&fields.string(word));
    }
    if let Some(word) = worded {
        let message = format!("'{word}' is ignored: '{}' is set and says more", of.name);
        fields.warn(word, message, "keep one of them");
    }
    let text = fields.string(of.name);
    match usual.changed(&text) {
        // An offer to us holds what the peer has, so a union of lists has no meaning there.
        Ok(read) if read.operation == Operation::Union && of.name == INCOMING_OFFER.name => {
            let message =
                format!("'{}' cannot be a union: an offer to us is not added to", of.name);
            fields.error(of.name, message, "write operation: intersect");
            usual
        }
        Ok(read) => {
            if of.word.is_none() && read.transcode == Transcode::Prevent {
                let message = format!(
                    "'{}': transcode is ignored in answers; offers decide whether the sides of a \
                     call may differ",
                    of.name
                );
                fields.warn(of.name, message, "write it into codec_prefs_outgoing_offer");
            }
            read
        }
        Err(why) => {
            let cure = "write it as in prefer: pending, operation: intersect, keep: all";
            fields.error(of.name, format!("{}: {why}", of.name), cure);
            usual
        }
    }
}

/// `incoming_call_offer_pref`, `outgoing_call_offer_pref`: whose order, and how much is kept. With
/// `…_merge` all of `allow` stays.
fn of_word(word: &str) -> CodecPreference {
    let (side, kept) = word.split_once('_').unwrap_or((word, ""));
    CodecPreference {
        prefer: if side == "local" { Preferred::Configured } else { Preferred::Pending },
        operation: if kept == "merge" { Operation::Union } else { Operation::Intersect },
        keep: if kept == "first" { Keep::First } else { Keep::All },
        ..CodecPreference::default()
    }
}
