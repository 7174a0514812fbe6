//! Hangup causes: Q.850 numbers, their words, and the mapping to and from SIP status codes
//! (RFC 3398 §7.2.4.1 and §8.2.6.1, and where we leave it: decision 60).

use std::fmt;

/// A Q.850 cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cause(pub u8);

/// One row of the table: Q.850 number, name as used in the dialplan, words, SIP status.
struct Row(u8, &'static str, &'static str, u16);

const TABLE: &[Row] = &[
    Row(0, "UNKNOWN", "Unknown", 603),
    Row(1, "UNALLOCATED", "Unallocated (unassigned) number", 404),
    Row(2, "NO_ROUTE_TRANSIT_NET", "No route to specified transmit network", 404),
    Row(3, "NO_ROUTE_DESTINATION", "No route to destination", 404),
    Row(16, "NORMAL_CLEARING", "Normal Clearing", 603),
    Row(17, "BUSY", "User busy", 486),
    Row(18, "NO_USER_RESPONSE", "No user responding", 408),
    Row(19, "NO_ANSWER", "User alerting, no answer", 480),
    Row(20, "SUBSCRIBER_ABSENT", "Subscriber absent", 480),
    Row(21, "CALL_REJECTED", "Call Rejected", 403),
    Row(22, "NUMBER_CHANGED", "Number changed", 410),
    Row(23, "REDIRECTED_TO_NEW_DESTINATION", "Redirected to new destination", 410),
    Row(25, "EXCHANGE_ROUTING_ERROR", "Exchange routing error", 483),
    Row(26, "ANSWERED_ELSEWHERE", "Answered elsewhere", 487),
    Row(27, "DESTINATION_OUT_OF_ORDER", "Destination out of order", 502),
    Row(28, "INVALID_NUMBER_FORMAT", "Invalid number format", 484),
    Row(29, "FACILITY_REJECTED", "Facility rejected", 501),
    Row(31, "NORMAL_UNSPECIFIED", "Normal, unspecified", 480),
    Row(34, "CONGESTION", "Circuit/channel congestion", 503),
    Row(38, "NETWORK_OUT_OF_ORDER", "Network out of order", 500),
    Row(41, "NORMAL_TEMPORARY_FAILURE", "Temporary failure", 503),
    Row(42, "SWITCH_CONGESTION", "Switching equipment congestion", 503),
    Row(44, "REQUESTED_CHAN_UNAVAIL", "Requested channel not available", 503),
    Row(47, "RESOURCE_UNAVAILABLE", "Resource unavailable, unspecified", 503),
    Row(50, "FACILITY_NOT_SUBSCRIBED", "Facility not subscribed", 503),
    Row(52, "OUTGOING_CALL_BARRED", "Outgoing call barred", 403),
    Row(54, "INCOMING_CALL_BARRED", "Incoming call barred", 403),
    Row(55, "INCOMING_CALL_BARRED_CUG", "Incoming calls barred within CUG", 403),
    Row(57, "BEARERCAPABILITY_NOTAUTH", "Bearer capability not authorized", 403),
    Row(58, "BEARERCAPABILITY_NOTAVAIL", "Bearer capability not available", 488),
    Row(65, "BEARERCAPABILITY_NOTIMPL", "Bearer capability not implemented", 488),
    Row(66, "CHAN_NOT_IMPLEMENTED", "Channel not implemented", 503),
    Row(69, "FACILITY_NOT_IMPLEMENTED_REQUESTED", "Requested facility not implemented", 501),
    Row(70, "BEARERCAPABILITY_RESTRICTED", "Only restricted digital bearer available", 488),
    Row(79, "FACILITY_NOT_IMPLEMENTED", "Service or option not implemented", 501),
    Row(87, "USER_NOT_MEMBER_OF_CUG", "User not member of CUG", 403),
    Row(88, "INCOMPATIBLE_DESTINATION", "Incompatible destination", 488),
    Row(96, "MANDATORY_IE_MISSING", "Mandatory information element is missing", 400),
    Row(102, "RECOVERY_ON_TIMER_EXPIRE", "Recovery on timer expiry", 504),
    Row(111, "PROTOCOL_ERROR", "Protocol error, unspecified", 500),
    Row(127, "INTERWORKING", "Interworking, unspecified", 500),
];

impl Cause {
    /// Answered elsewhere: another branch took the call.
    pub const ANSWERED_ELSEWHERE: Self = Self(26);
    /// The callee is busy.
    pub const BUSY: Self = Self(17);
    /// The network or we have no room.
    pub const CONGESTION: Self = Self(34);
    /// The media of the two sides has nothing in common.
    pub const INCOMPATIBLE: Self = Self(88);
    /// Something of ours failed.
    pub const FAILURE: Self = Self(38);
    /// An ordinary hangup.
    pub const NORMAL: Self = Self(16);
    /// Nobody answered in time.
    pub const NO_ANSWER: Self = Self(19);
    /// No such extension.
    pub const NO_ROUTE: Self = Self(3);
    /// The callee, or a server on the way, does not want the call.
    pub const REJECTED: Self = Self(21);
    /// The callee is known but not reachable now.
    pub const SUBSCRIBER_ABSENT: Self = Self(20);
    /// A timer ran out.
    pub const TIMER: Self = Self(102);
    /// No such number.
    pub const UNALLOCATED: Self = Self(1);

    fn row(self) -> Option<&'static Row> {
        TABLE.iter().find(|row| row.0 == self.0)
    }

    /// The cause in words, as shown on the console.
    #[must_use]
    pub fn words(self) -> &'static str {
        self.row().map_or("Unknown", |row| row.2)
    }

    /// The status of the final response that refuses an INVITE with this cause.
    #[must_use]
    pub fn status(self) -> u16 {
        self.row().map_or(603, |row| row.3)
    }

    /// Reads the argument of `Hangup()`: a number, or a name of the table with or without the
    /// prefix `AST_CAUSE_`.
    #[must_use]
    pub fn from_argument(argument: &str) -> Option<Self> {
        let argument = argument.trim();
        if let Ok(number) = argument.parse::<u8>() {
            return (number <= 127).then_some(Self(number));
        }
        let upper = argument.to_ascii_uppercase();
        let name = upper.strip_prefix("AST_CAUSE_").unwrap_or(&upper);
        TABLE.iter().find(|row| row.1 == name).map(|row| Self(row.0))
    }

    /// The cause that a final response of the callee means. One that is not listed counts as the
    /// first of its class (RFC 3261 §8.1.3.2).
    #[must_use]
    pub fn from_status(status: u16) -> Self {
        Self(match status {
            200..=299 | 487 => 16,
            401 | 402 | 403 | 407 | 603 | 607 | 608 => 21,
            404 | 485 | 604 => 1,
            405 | 411 | 413 | 414 | 416 | 420..=423 | 505 | 513 => 127,
            406 | 501 => 79,
            408 => 18,
            410 => 22,
            415 | 488 | 606 => 58,
            480 => 19,
            482 | 483 => 25,
            484 => 28,
            486 => 17,
            502 => 27,
            503 => 34,
            504 => 102,
            400..=499 => 41,
            500..=599 => 38,
            600..=699 => 17,
            _ => 31,
        })
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.0, self.words())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 3398 §7.2.4.1; 16, 26, 38, 58 and 88 are told in decision 60.
    #[test]
    fn each_cause_is_told_by_its_status() {
        for (status, causes) in [
            (400, &[96][..]),
            (403, &[21, 52, 54, 55, 57, 87]),
            (404, &[1, 2, 3]),
            (408, &[18]),
            (410, &[22, 23]),
            (480, &[19, 20, 31]),
            (483, &[25]),
            (484, &[28]),
            (486, &[17]),
            (487, &[26]),
            (488, &[58, 65, 70, 88]),
            (500, &[38, 111, 127]),
            (501, &[29, 69, 79]),
            (502, &[27]),
            (503, &[34, 41, 42, 44, 47, 50, 66]),
            (504, &[102]),
            (603, &[0, 16, 126]),
        ] {
            for cause in causes {
                assert_eq!(Cause(*cause).status(), status, "{cause}");
            }
        }
        assert!(TABLE.is_sorted_by_key(|row| row.0));
    }

    /// RFC 3398 §8.2.6.1, and what decision 60 says.
    #[test]
    fn each_refusal_means_its_cause() {
        for (cause, statuses) in [
            (1, &[404, 485, 604][..]),
            (16, &[200, 487]),
            (17, &[486, 600, 699]),
            (18, &[408]),
            (19, &[480]),
            (21, &[401, 402, 403, 407, 603, 607, 608]),
            (22, &[410]),
            (25, &[482, 483]),
            (27, &[502]),
            (28, &[484]),
            (31, &[302, 999]),
            (34, &[503]),
            (38, &[500, 580]),
            (41, &[400, 409, 481, 491, 499]),
            (58, &[415, 488, 606]),
            (79, &[406, 501]),
            (102, &[504]),
            (127, &[405, 411, 413, 414, 416, 420, 421, 422, 423, 505, 513]),
        ] {
            for status in statuses {
                assert_eq!(Cause::from_status(*status), Cause(cause), "{status}");
            }
        }
    }

    /// What a callee refuses with reaches the caller as it is, wherever a cause of its own exists.
    #[test]
    fn a_refusal_that_has_a_cause_of_its_own_passes_unchanged() {
        for status in [403, 404, 408, 410, 480, 483, 484, 486, 488, 500, 501, 502, 503, 504] {
            assert_eq!(Cause::from_status(status).status(), status);
        }
    }

    #[test]
    fn hangup_takes_a_number_or_a_name() {
        assert_eq!(Cause::from_argument("17"), Some(Cause::BUSY));
        assert_eq!(Cause::from_argument("busy"), Some(Cause::BUSY));
        assert_eq!(Cause::from_argument("AST_CAUSE_BUSY"), Some(Cause::BUSY));
        assert_eq!(Cause::from_argument("nonsense"), None);
        assert_eq!(Cause::from_argument("999"), None);
    }
}
