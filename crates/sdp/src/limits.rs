//! How much SDP a peer may send. Each number is far above what real peers send and far below
//! what could hurt; going over one refuses the body with words that name it.

/// Bytes of one SDP body. A browser with 20 streams sends about 40 KiB.
pub const MAX_BODY_BYTES: usize = 64 * 1024;
/// `m=` lines of one body. A conference of 50 with pictures fits.
pub const MAX_MEDIA_LINES: usize = 64;
/// `a=` lines of one section. Chrome sends about 150 for video; old gateways stop at 64.
pub const MAX_ATTRIBUTES: usize = 1_024;
/// Bytes of one line. The longest seen is an H.265 parameter set, about 1 KiB.
pub const MAX_LINE_BYTES: usize = 8 * 1024;
/// Formats of one `m=` line: there are only 128 payload types, some peers repeat them.
pub const MAX_FORMATS: usize = 256;
/// Lines other than `a=` and `m=` in one section (`c=`, `b=`, `t=`, unknown ones, …).
pub const MAX_OTHER_LINES: usize = 64;
/// Candidates taken from one `m=` line. Chrome with ten interfaces sends about 40.
pub const MAX_CANDIDATES: usize = 128;
/// Fingerprints taken from one `m=` line: one per hash function is all that makes sense.
pub const MAX_FINGERPRINTS: usize = 8;
/// SSRCs taken from one `m=` line: three simulcast layers with RTX make six.
pub const MAX_SOURCES: usize = 32;
/// Codecs agreed on one `m=` line. Chrome offers about a dozen variants of H.264.
pub const MAX_CODECS: usize = 32;
/// MIDs and meanings of payload types remembered for the life of a leg, so that none is used
/// twice. Later ones are not remembered: only a peer that re-offers without end gets there.
pub const MAX_REMEMBERED: usize = 1_024;
