//! SIP user agent core without I/O: transactions, dialogs, sessions and digest.

#![forbid(unsafe_code)]
