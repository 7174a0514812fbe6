//! `type = aor`: where somebody is reached (RFC 3261 §10).

use std::time::Duration;

use crate::fields::{Fields, Settings};

/// An address of record.
#[derive(Clone, Debug, PartialEq)]
pub struct Aor {
    /// The section's name.
    pub id: String,
    /// Fixed addresses, SIP URIs: of its own lines, then of its contact objects.
    pub contacts: Vec<String>,
    /// How many of them are of its own lines.
    pub(crate) own_contacts: usize,
    /// Seconds of a registration that asks for none.
    pub default_expiration_s: u32,
    /// Shortest registration in seconds (423 below).
    pub minimum_expiration_s: u32,
    /// Longest registration in seconds.
    pub maximum_expiration_s: u32,
    /// How many may be registered at once; 0 forbids registering.
    pub max_contacts: u32,
    /// A registration above the limit replaces the oldest.
    pub remove_existing: bool,
    /// A registration above the limit replaces unreachable ones first.
    pub remove_unavailable: bool,
    /// Seconds between OPTIONS; 0 for never.
    pub qualify_frequency_s: u32,
    /// How long an answer to OPTIONS may take.
    pub qualify_timeout: Duration,
    /// Only a 2xx answer to OPTIONS means reachable.
    pub qualify_2xx_only: bool,
    /// Answer challenges to OPTIONS.
    pub authenticate_qualify: bool,
    /// Keep the Path of registrations (RFC 3327).
    pub support_path: bool,
    /// URI OPTIONS go through.
    pub outbound_proxy: Option<String>,
    /// Mailboxes registered phones are told about.
    pub mailboxes: Vec<String>,
    /// Extension reported in message-waiting notices.
    pub voicemail_extension: String,
    /// What was set, for `show` commands.
    pub settings: Settings,
}

/// Longest time an answer to OPTIONS may be waited for, in seconds: a day, as the frequency.
const MAX_QUALIFY_TIMEOUT_S: f64 = 86_400.0;

impl Aor {
    /// Builds it; `is_named` says that a contact object belongs to it.
    pub(crate) fn build(fields: &mut Fields<'_>, is_named: bool) -> Self {
        let contacts = fields.list("contact");
        for contact in &contacts {
            fields.check_uri("contact", contact);
        }
        let timeout = fields.decimal("qualify_timeout").min(MAX_QUALIFY_TIMEOUT_S);
        let aor = Self {
            id: fields.id(),
            own_contacts: contacts.len(),
            contacts,
            default_expiration_s: fields.number("default_expiration"),
            minimum_expiration_s: fields.number("minimum_expiration"),
            maximum_expiration_s: fields.number("maximum_expiration"),
            max_contacts: fields.number("max_contacts"),
            remove_existing: fields.flag("remove_existing"),
            remove_unavailable: fields.flag("remove_unavailable"),
            qualify_frequency_s: fields.number("qualify_frequency"),
            qualify_timeout: Duration::from_secs_f64(timeout),
            qualify_2xx_only: fields.flag("qualify_2xx_only"),
            authenticate_qualify: fields.flag("authenticate_qualify"),
            support_path: fields.flag("support_path"),
            outbound_proxy: fields.sip_uri("outbound_proxy"),
            mailboxes: fields.last_list("mailboxes"),
            voicemail_extension: fields.string("voicemail_extension"),
            settings: fields.settings(),
        };
        if aor.minimum_expiration_s > aor.maximum_expiration_s {
            let message = format!(
                "minimum_expiration {} is above maximum_expiration {}",
                aor.minimum_expiration_s, aor.maximum_expiration_s
            );
            fields.error("minimum_expiration", message, "no registration could be accepted");
        }
        if aor.max_contacts == 0 && aor.contacts.is_empty() && !is_named {
            let message = format!("aor '{}' can never be reached", aor.id);
            fields.warn("max_contacts", message, "set max_contacts = 1, or give a contact");
        }
        aor
    }
}
