//! Options of `routes.conf`, a file of our own.

use crate::table::Kind::{Choice, List, Number, Text, YesNo};
use crate::table::Usage::Works;
use crate::table::{ObjectSpec, options};

/// `[general]` of `routes.conf`.
pub const ROUTES: ObjectSpec = ObjectSpec {
    file: "routes.conf",
    name: "general",
    usage: Works,
    aliases: &[],
    options: options! {
        "call_length" Number { min: 1, max: 3_600 }, "60", Works,
            "Seconds of a usual call: a connection fee is spread over so much when prices are \
             compared.";
        "country" Text, "", Works,
            "The country of numbers that begin with national, as 49; without one they stay.";
        "hold_off" Number { min: 0, max: 86_400 }, "60", Works,
            "Seconds that a route rests after it failed, unless it has its own; 0 for none.";
        "international" Text, "00", Works,
            "What stands before an international number beside +; several with commas between.";
        "margin" Number { min: 0, max: 100 }, "0", Works,
            "Percent of max_price that are to remain.";
        "max_price" Text, "", Works,
            "No route is called that costs more per minute, unless Route is given another.";
        "max_tries" Number { min: 1, max: 100 }, "10", Works,
            "Routes that one call tries at most.";
        "national" Text, "0", Works,
            "What stands before a national number and gives way to the country; may be empty.";
        "options" Text, "", Works, "Option letters of Dial, of routes without their own.";
        "rest_causes" Text, "34,38,41,42,44,47,102", Works,
            "Causes (Q.850) after which a route rests.";
        "silence" Number { min: 0, max: 300 }, "15", Works,
            "Seconds without ringing or refusal after which the next route is tried; 0 waits as \
             long as SIP does.";
        "sort" Choice(&["price", "order"]), "price", Works,
            "What decides first: the price, or the order of the route.";
        "stop_causes" Text, "1,16-19,22,23,26,28", Works,
            "Causes (Q.850) after which no other route is tried.";
        "timeout" Number { min: 0, max: 3_600 }, "0", Works,
            "Seconds that it may ring, of routes without their own; 0 for ever.";
    },
};

/// A route.
pub const ROUTE: ObjectSpec = ObjectSpec {
    file: "routes.conf",
    name: "route",
    usage: Works,
    aliases: &[],
    options: options! {
        "block" List, "", Works, "Prefixes that do not go here, whatever shorter ones cost.";
        "dial" Text, "", Works,
            "Whom Dial calls, as PJSIP/${NUMBER}@trunk: ${NUMBER} is the number after strip and \
             prepend, ${E164} as it was before, ${ROUTE} the name of the route.";
        "enabled" YesNo, "yes", Works, "Whether it is used.";
        "hold_off" Number { min: 0, max: 86_400 }, "60", Works,
            "Seconds that it rests after it failed; 0 for none.";
        "max_calls" Number { min: 0, max: 1_000_000 }, "0", Works,
            "Calls at once; 0 for any number.";
        "options" Text, "", Works, "Option letters of Dial, before those that Route is given.";
        "order" Number { min: 0, max: 1_000_000 }, "100", Works,
            "Smaller ones are tried first when prices are equal, or before all with sort = order.";
        "prefix" List, "", Works, "Prefixes without a price: they cost nothing, so order decides.";
        "prepend" Text, "", Works, "What comes before the number after strip: digits, +, * and #.";
        "price" Text, "", Works,
            "prefix,price[,connection fee], a line for each prefix; * is every number.";
        "prices" List, "", Works, "Files with prefix,price[,description] in each line.";
        "silence" Number { min: 0, max: 300 }, "15", Works,
            "Seconds without ringing or refusal after which the next route is tried; 0 waits as \
             long as SIP does.";
        "strip" Number { min: 0, max: 32 }, "0", Works, "Digits taken off the front of the number.";
        "time" Text, "", Works,
            "When it is used: times,weekdays,days,months[,timezone] as in GotoIfTime; several \
             lines add up.";
        "timeout" Number { min: 0, max: 3_600 }, "0", Works,
            "Seconds that it may ring; 0 for ever.";
    },
};
