//! Options of `res_parking.conf`.

use sidetone_parking::{Order, Party};

use crate::table::Kind::{Choice, Number, Text, YesNo};
use crate::table::Usage::{Ignored, Works};
use crate::table::{Kind, ObjectSpec, options};

const SECONDS: Kind = Number { min: 1, max: 86_400 };
const PARTY: Kind = Choice(Party::NAMES);

/// `[general]` of `res_parking.conf`.
pub const PARKING: ObjectSpec = ObjectSpec {
    file: "res_parking.conf",
    name: "general",
    usage: Works,
    aliases: &[],
    options: options! {
        "parkeddynamic" YesNo, "no", Ignored("lots are those of this file: no call makes one"),
            "Make a lot when a call names one that is not there.";
    },
};

/// A lot of `res_parking.conf`.
pub const PARKING_LOT: ObjectSpec = ObjectSpec {
    file: "res_parking.conf",
    name: "parking_lot",
    usage: Works,
    aliases: &[],
    options: options! {
        "comebackcontext" Text, "parkedcallstimeout", Works,
            "Where a call goes that nobody fetched, with comebacktoorigin=no: the extension of the \
             parker's name (PJSIP_alice), else s, else s of default.";
        "comebackdialtime" SECONDS, "30", Works,
            "Seconds that the parker may ring when the call comes back.";
        "comebacktoorigin" YesNo, "yes", Works,
            "A call that nobody fetched calls who parked it.";
        "context" Text, "parkedcalls", Works, "The context of the extensions of this lot.";
        "courtesytone" Text, "", Works, "A prompt when a call is fetched.";
        "findslot" Choice(Order::NAMES), "first", Works,
            "The lowest free space, or the next after the one used last.";
        "parkedcallhangup" PARTY, "no", Works,
            "Who may hang up by its feature code after the call was fetched; the caller is who \
             fetched it.";
        "parkedcallrecording" PARTY, "no",
            Ignored("there is no recording by feature codes yet"),
            "Who may record by its feature code after the call was fetched.";
        "parkedcallreparking" PARTY, "no", Works,
            "Who may park by its feature code after the call was fetched.";
        "parkedcalltransfers" PARTY, "no", Works,
            "Who may transfer by feature codes after the call was fetched.";
        "parkedmusicclass" Text, "", Works,
            "The music that is heard while parked, unless CHANNEL(musicclass) says otherwise.";
        "parkedplay" PARTY, "caller", Works, "Who hears the courtesytone.";
        "parkext" Text, "", Works,
            "The extension that parks; with it come those of the spaces, which fetch.";
        "parkext_exclusive" YesNo, "no", Works,
            "That extension parks in this lot and never in the one that the call names.";
        "parkinghints" YesNo, "no", Ignored("spaces have no state to be watched yet"),
            "Give the spaces hints.";
        "parkingtime" SECONDS, "45", Works, "Seconds a call may be parked.";
        "parkpos" Text, "701-750", Works, "The spaces.";
    },
};
