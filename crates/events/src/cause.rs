//! Hangup causes: Q.850 numbers, their words, and the mapping to and from SIP status codes
//! (RFC 3398 §7.2.4.1 and §8.2.6.1).

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
    Row(21, "CALL_REJECTED", "Call Rejected", 603),
    Row(22, "NUMBER_CHANGED", "Number changed", 410),
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
    Row(50, "FACILITY_NOT_SUBSCRIBED", "Facility not subscribed", 503),
    Row(52, "OUTGOING_CALL_BARRED", "Outgoing call barred", 403),
    Row(54, "INCOMING_CALL_BARRED", "Incoming call barred", 403),
    Row(57, "BEARERCAPABILITY_NOTAUTH", "Bearer capability not authorized", 403),
    Row(58, "BEARERCAPABILITY_NOTAVAIL", "Bearer capability not available", 488),
    Row(65, "BEARERCAPABILITY_NOTIMPL", "Bearer capability not implemented", 488),
    Row(79, "FACILITY_NOT_IMPLEMENTED", "Service or option not implemented", 501),
    Row(88, "INCOMPATIBLE_DESTINATION", "Incompatible destination", 488),
    Row(96, "MANDATORY_IE_MISSING", "Mandatory information element is missing", 400),
    Row(102, "RECOVERY_ON_TIMER_EXPIRE", "Recovery on timer expiry", 408),
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

    /// The cause that a final response of the callee means.
    #[must_use]
    pub fn from_status(status: u16) -> Self {
        Self(match status {
            200..=299 => 16,
            401 | 402 | 403 | 407 | 603 => 21,
            404 | 485 | 604 => 1,
            405 | 409 | 411 | 413 | 414 | 420 | 480 | 487 => match status {
                480 => 19,
                487 => 16,
                _ => 127,
            },
            408 => 18,
            410 => 22,
            415 | 488 | 606 => 58,
            416 => 38,
            484 => 28,
            486 | 600 => 17,
            501 => 79,
            502 => 38,
            503 => 34,
            504 => 102,
            500 | 505..=599 => 41,
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

    #[test]
    fn refusals_carry_the_status_of_their_cause() {
        assert_eq!(Cause::BUSY.status(), 486);
        assert_eq!(Cause::CONGESTION.status(), 503);
        assert_eq!(Cause::INCOMPATIBLE.status(), 488);
        assert_eq!(Cause::NO_ANSWER.status(), 480);
    }

    #[test]
    fn hangup_takes_a_number_or_a_name() {
        assert_eq!(Cause::from_argument("17"), Some(Cause::BUSY));
        assert_eq!(Cause::from_argument("busy"), Some(Cause::BUSY));
        assert_eq!(Cause::from_argument("AST_CAUSE_BUSY"), Some(Cause::BUSY));
        assert_eq!(Cause::from_argument("nonsense"), None);
        assert_eq!(Cause::from_argument("999"), None);
    }

    #[test]
    fn a_busy_callee_is_busy_for_the_caller_too() {
        assert_eq!(Cause::from_status(486).status(), 486);
        assert_eq!(Cause::from_status(600), Cause::BUSY);
        assert_eq!(Cause::from_status(503).status(), 503);
    }
}
