//! What a dialplan can call: functions (`${LEN(x)}`), one file each, listed in one table.
//!
//! On the call's walk this is where `dialplan/run` ends up for everything that is not control
//! flow. Each page of `core show function` is the documented constant beside the code.

#![forbid(unsafe_code)]

pub mod functions;
