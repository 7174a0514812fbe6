//! Every bound of the reader: its name, its number and why.

/// How deep includes may nest. Ten is what existing installations were written for.
pub const MAX_INCLUDE_DEPTH: usize = 10;

/// Bytes of one file. Generated configurations of 50,000 endpoints take about 25 MB.
pub const MAX_FILE_BYTES: usize = 64 * 1024 * 1024;

/// Bytes of one line. The longest useful lines are `Set()` with JSON in it, about 4 KiB.
pub const MAX_LINE_BYTES: usize = 64 * 1024;

/// Files one document may be made of: stops a directory of millions and mutual includes.
pub const MAX_FILES: usize = 10_000;

/// Values of one document, inherited ones counted: stops templates that double at every step.
/// 50,000 endpoints with three sections of 20 values are 3 million.
pub const MAX_VALUES: usize = 5_000_000;

/// Sections of one document: 50,000 endpoints have 150,000.
pub const MAX_SECTIONS: usize = 1_000_000;

/// Diagnostics kept per document; a binary file given by mistake would make one per line.
pub const MAX_DIAGNOSTICS: usize = 1_000;

/// Block comments inside block comments.
pub const MAX_COMMENT_DEPTH: usize = 20;
