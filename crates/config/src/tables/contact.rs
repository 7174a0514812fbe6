//! Options of `type = contact` of `pjsip.conf`.

use crate::table::Kind::{Decimal, Flag, Number, Text, YesNo};
use crate::table::Usage::{Ignored, Works};
use crate::table::{Kind, ObjectSpec, Usage, options};

const COUNT: Kind = Number { min: 0, max: i32::MAX as i64 };
const OF_AOR: Usage = Ignored("the aor decides for all its contacts");
const OF_REGISTRATION: Usage =
    Ignored("it belongs to a registration, and what is written in a file stays");

/// A fixed address of an aor in an object of its own: as `contact` of the aor. Its section is
/// called like the aor, `@@` and anything else behind it tell several apart.
pub const CONTACT: ObjectSpec = ObjectSpec {
    file: "pjsip.conf",
    name: "contact",
    usage: Works,
    aliases: &[],
    options: options! {
        "authenticate_qualify" Flag, "no", OF_AOR, "Answer challenges to OPTIONS.";
        "call_id" Text, "", OF_REGISTRATION, "Call-ID of the registration.";
        "endpoint" Text, "", OF_REGISTRATION, "Endpoint that registered.";
        "expiration_time" Text, "", OF_REGISTRATION, "When it ends, seconds since 1970.";
        "outbound_proxy" Text, "", OF_AOR, "URI requests go through.";
        "path" Text, "", OF_REGISTRATION, "Path of the registration.";
        "prune_on_boot" YesNo, "no", OF_REGISTRATION, "Forget it at start.";
        "qualify_2xx_only" Flag, "no", OF_AOR, "Only a 2xx answer to OPTIONS means reachable.";
        "qualify_frequency" COUNT, "0", OF_AOR, "Seconds between OPTIONS.";
        "qualify_timeout" Decimal, "3.0", OF_AOR, "Seconds an answer to OPTIONS may take.";
        "reg_server" Text, "", OF_REGISTRATION, "Server that accepted it.";
        "uri" Text, "", Works, "The address, a SIP URI. Needed.";
        "user_agent" Text, "", OF_REGISTRATION, "Who registered.";
        "via_addr" Text, "", OF_REGISTRATION, "Address of its Via.";
        "via_port" COUNT, "0", OF_REGISTRATION, "Port of its Via.";
    },
};
