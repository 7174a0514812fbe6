//! Every bound of a Lua state: its name, its number and why.

/// Bounds of one Lua state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Instructions that a function may compute without an application of the exchange: some
    /// tenths of a second. Real ones need thousands; more is a loop without an end.
    pub instructions: u64,
    /// Bytes a state may hold. The libraries and the example of the guide take 38 KiB; tables of a
    /// hundred thousand short texts find room.
    pub memory: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { instructions: 20_000_000, memory: 16 * 1024 * 1024 }
    }
}

/// Instructions after which a function lets other calls run: below a millisecond.
pub(crate) const INSTRUCTIONS_PER_TURN: u64 = 20_000;

/// Instructions between two looks at the meter.
pub(crate) const INSTRUCTIONS_PER_LOOK: u32 = 2_000;

/// What a caught error counts for: unwinding a deep stack takes some ten microseconds, however few
/// instructions led there.
pub(crate) const INSTRUCTIONS_PER_ERROR: u64 = 1_000;

/// Lines printed between two orders; more are dropped and counted. A function that prints in a
/// circle must not fill the memory with them.
pub(crate) const MAX_LINES: usize = 100;

/// Bytes of one printed line.
pub(crate) const MAX_LINE_BYTES: usize = 4_096;

/// Bytes of `extensions.lua` and of each file it reads.
pub(crate) const MAX_FILE_BYTES: usize = 4 * 1024 * 1024;

/// Files that may be read by `require`, `dofile` and `loadfile`.
pub(crate) const MAX_FILES: usize = 200;

/// Functions, includes and hints of a whole program.
pub(crate) const MAX_ENTRIES: usize = 100_000;

/// Findings about what a program defines; after that only that there are more.
pub(crate) const MAX_FINDINGS: usize = 100;
