//! How an endpoint's codecs are chosen and sent: `codec_prefs_…`, `preferred_codec_only`,
//! `asymmetric_rtp_codec`, `use_ptime`.

use sidetone_sdp::negotiation::CodecPreference;
use sidetone_sdp::negotiation::codec_preference::Operation;

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
    /// Our answer; `None` when only `incoming_offer` counts.
    pub outgoing_answer: Option<CodecPreference>,
    /// `preferred_codec_only`: answer with one codec only.
    pub only_one: bool,
    /// `asymmetric_rtp_codec`: what we send may differ from what the peer sends.
    pub asymmetric: bool,
    /// `use_ptime`: send packets as long as the peer's `a=ptime` asks.
    pub use_ptime: bool,
}

impl CodecPrefs {
    pub(crate) fn build(fields: &mut Fields<'_>) -> Self {
        Self {
            incoming_offer: preference(fields, "codec_prefs_incoming_offer", false),
            outgoing_offer: preference(fields, "codec_prefs_outgoing_offer", true),
            incoming_answer: preference(fields, "codec_prefs_incoming_answer", true),
            outgoing_answer: fields
                .is_set("codec_prefs_outgoing_answer")
                .then(|| preference(fields, "codec_prefs_outgoing_answer", true)),
            only_one: fields.flag("preferred_codec_only"),
            asymmetric: fields.flag("asymmetric_rtp_codec"),
            use_ptime: fields.flag("use_ptime"),
        }
    }
}

/// An offer to us holds what the peer has, so a union of lists has no meaning there.
fn preference(fields: &mut Fields<'_>, name: &str, union: bool) -> CodecPreference {
    let text = fields.string(name);
    match text.parse::<CodecPreference>() {
        Ok(preference) if preference.operation == Operation::Union && !union => {
            let message = format!("'{name}' cannot be a union: an offer to us is not added to");
            fields.error(name, message, "write operation: intersect");
            CodecPreference::default()
        }
        Ok(preference) => preference,
        Err(why) => {
            let cure = "write it as in prefer: pending, operation: intersect, keep: all";
            fields.error(name, format!("{name}: {why}"), cure);
            CodecPreference::default()
        }
    }
}
