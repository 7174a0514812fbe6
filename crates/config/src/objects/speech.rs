//! How SIP is spoken with an endpoint: identities, forwarding, transfers, overlap dialling. A part
//! of [`super::endpoint::Endpoint`].

use super::endpoint::{ConnectedLineMethod, Replacing};
use crate::fields::Fields;

/// How SIP is spoken with an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Speech {
    /// Internal mark of its callers.
    pub callerid_tag: String,
    /// Believe the connected party it sends.
    pub trust_connected_line: bool,
    /// Tell it who it talks to.
    pub send_connected_line: bool,
    /// By which request.
    pub connected_line_method: ConnectedLineMethod,
    /// Tell it before the answer too.
    pub rpid_immediate: bool,
    /// Send Diversion.
    pub send_diversion: bool,
    /// Send History-Info.
    pub send_history_info: bool,
    /// Leave Q.850 reasons out.
    pub suppress_q850_reason_headers: bool,
    /// Notify about the progress of a blind transfer.
    pub refer_blind_progress: bool,
    /// Whose place in a call it may take.
    pub allow_replaces: Replacing,
    /// Context searched for further digits; empty for the endpoint's.
    pub overlap_context: String,
}

impl Speech {
    pub(crate) fn build(fields: &mut Fields<'_>) -> Self {
        let method = fields.choice("connected_line_method");
        Self {
            callerid_tag: fields.string("callerid_tag"),
            trust_connected_line: fields.flag("trust_connected_line"),
            send_connected_line: fields.flag("send_connected_line"),
            connected_line_method: method.unwrap_or(ConnectedLineMethod::Invite),
            rpid_immediate: fields.flag("rpid_immediate"),
            send_diversion: fields.flag("send_diversion"),
            send_history_info: fields.flag("send_history_info"),
            suppress_q850_reason_headers: fields.flag("suppress_q850_reason_headers"),
            refer_blind_progress: fields.flag("refer_blind_progress"),
            allow_replaces: fields.choice("allow_replaces").unwrap_or(Replacing::Own),
            overlap_context: fields.string("overlap_context"),
        }
    }
}
