//! What is heard when an endpoint holds a call, or is held. A part of
//! [`super::endpoint::Endpoint`].

use crate::fields::Fields;

/// Music and hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HoldSettings {
    /// Class of music played to who talks to it when it holds.
    pub suggested_class: String,
    /// A hold of the other side is passed on to it: it is held too and hears no music of ours.
    pub passes: bool,
    /// A hold of its own by `sendonly` plays no music: what it sends is passed on.
    pub sendonly_speaks: bool,
}

impl HoldSettings {
    pub(crate) fn build(fields: &mut Fields<'_>) -> Self {
        Self {
            suggested_class: fields.string("moh_suggest"),
            passes: fields.flag("moh_passthrough"),
            sendonly_speaks: fields.flag("suppress_moh_on_sendonly"),
        }
    }
}
