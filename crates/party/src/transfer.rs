//! Why a transfer cannot begin, in words for the party that wants it.

use std::fmt;

/// Why a transfer cannot begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransferError {
    /// The channel has no peer to transfer.
    NotBridged,
    /// There is no such extension.
    NoExtension,
    /// The channel to be replaced is gone.
    Gone,
}

impl fmt::Display for TransferError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotBridged => "there is nobody to transfer",
            Self::NoExtension => "there is no such extension",
            Self::Gone => "the other call is over",
        })
    }
}

impl std::error::Error for TransferError {}
