//! Every bound of a running dialplan: its name, its number and why.
//!
//! Bounds of the loaded text are with the parser that keeps them.

/// Bytes of one value: a variable, an argument list, the result of an expansion. Asterisk cuts
/// silently at 4 to 8 KiB; JSON bodies put into variables need more.
pub const MAX_VALUE_BYTES: usize = 64 * 1024;

/// Nesting of `${…}` and `$[…]`, and of EVAL. Written dialplans stay under ten; each level takes
/// a boxed future of about 1 KiB.
pub const MAX_EXPANSION_DEPTH: usize = 64;

/// Parentheses and unary operators inside one another in an expression. Bounds the parser's use
/// of the thread's stack.
pub const MAX_EXPRESSION_DEPTH: usize = 64;

/// Bytes a compiled regular expression may take: stops `(a{1000}){1000}` from a variable.
pub const MAX_REGEX_BYTES: usize = 512 * 1024;

/// Priorities after which other tasks are let in: some 100 µs of work.
pub const PRIORITIES_PER_TURN: u32 = 256;

/// Priorities without a single wait for the channel after which the author is warned once: a
/// dialplan that does this runs in a circle.
pub const PRIORITIES_UNTIL_WARNING: u32 = 1_000_000;

/// Applications inside one another by Exec, ExecIf and TryExec.
pub const MAX_EXEC_DEPTH: usize = 16;
