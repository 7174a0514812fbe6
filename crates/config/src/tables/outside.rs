//! Objects of `pjsip.conf` that are accepted, checked and do nothing so far.

use super::{NO_MAILBOX, NOT_YET};
use crate::table::Kind::{Choice, List, Number, Text, YesNo};
use crate::table::Usage::{Ignored, Works};
use crate::table::{Kind, ObjectSpec, OptionSpec, Usage, options};

const COUNT: Kind = Number { min: 0, max: i32::MAX as i64 };

const fn object(name: &'static str, usage: Usage, options: &'static [OptionSpec]) -> ObjectSpec {
    ObjectSpec { file: "pjsip.conf", name, usage, options, aliases: &[] }
}

/// Exchange of states with other servers.
pub const ASTERISK_PUBLICATION: ObjectSpec = object(
    "asterisk-publication",
    NOT_YET,
    options! {
        "device_state" YesNo, "no", Works, "Accept device states.";
        "device_state_filter" Text, "", Works, "Which device states.";
        "devicestate_publish" Text, "", Works, "Where device states are published.";
        "mailbox_state" YesNo, "no", NO_MAILBOX, "Accept mailbox states.";
        "mailbox_state_filter" Text, "", NO_MAILBOX, "Which mailbox states.";
        "mailboxstate_publish" Text, "", NO_MAILBOX, "Where mailbox states are published.";
    },
);

/// Another name of a domain.
pub const DOMAIN_ALIAS: ObjectSpec = object(
    "domain_alias",
    NOT_YET,
    options! {
        "domain" Text, "", Works, "Domain meant.";
    },
);

/// Who may publish to us.
pub const INBOUND_PUBLICATION: ObjectSpec = object(
    "inbound-publication",
    NOT_YET,
    options! {
        "endpoint" Text, "", Works, "Endpoint that publishes.";
    },
);

/// Where we publish to.
pub const OUTBOUND_PUBLISH: ObjectSpec = object(
    "outbound-publish",
    NOT_YET,
    options! {
        "event" Text, "", Works, "Event package.";
        "expiration" COUNT, "3600", Works, "Seconds a publication holds.";
        "from_uri" Text, "", Works, "From of the PUBLISH.";
        "max_auth_attempts" COUNT, "5", Works, "Challenges answered before giving up.";
        "multi_user" YesNo, "no", Works, "One publication per user.";
        "outbound_auth" List, "", Works, "Credentials for challenges.";
        "outbound_proxy" Text, "", Works, "URI the PUBLISH goes through.";
        "server_uri" Text, "", Works, "Where it goes.";
        "to_uri" Text, "", Works, "To of the PUBLISH.";
        "transport" Text, "", Works, "Transport it goes by.";
    },
);

/// Provisioning of desk phones; further names are variables of the profile.
pub const PHONEPROV: ObjectSpec = object(
    "phoneprov",
    NOT_YET,
    options! {
        "MAC" Text, "", Works, "Hardware address of the phone.";
        "PROFILE" Text, "", Works, "Profile of the phone.";
        "endpoint" Text, "", Works, "Endpoint of the phone.";
    },
);

/// Several states under one subscription.
pub const RESOURCE_LIST: ObjectSpec = object(
    "resource_list",
    NOT_YET,
    options! {
        "event" Choice(&["presence", "dialog", "message-summary"]), "", Works, "Event package.";
        "full_state" YesNo, "no", Works, "Always send the whole list.";
        "list_item" List, "", Works, "What is on the list.";
        "notification_batch_interval" COUNT, "0", Works, "Milliseconds changes are collected for.";
        "resource_display_name" YesNo, "no", Works, "Send names with the states.";
    },
);

/// A subscription, as stored by other servers.
pub const SUBSCRIPTION_PERSISTENCE: ObjectSpec = object(
    "subscription_persistence",
    Ignored("subscriptions are not read from files"),
    options! {
        "contact_uri" Text, "", Works, "Contact of the subscriber.";
        "cseq" Text, "", Works, "Last sequence number.";
        "endpoint" Text, "", Works, "Endpoint that subscribed.";
        "expires" Text, "", Works, "When it ends.";
        "generator_data" Text, "", Works, "State of the body.";
        "local_name" Text, "", Works, "Our address.";
        "local_port" COUNT, "0", Works, "Our port.";
        "packet" Text, "", Works, "The SUBSCRIBE.";
        "prune_on_boot" YesNo, "no", Works, "Forget it at start.";
        "src_name" Text, "", Works, "Their address.";
        "src_port" COUNT, "0", Works, "Their port.";
        "tag" Text, "", Works, "Our tag.";
        "transport_key" Text, "", Works, "Transport it came by.";
    },
);
