//! Typed views of `a=` lines, one file per family. Each reads from the raw list on demand and
//! prints in the strict form; a line that cannot be read is passed over, never an error, because
//! one odd attribute is no reason to refuse a call.

pub mod crypto;
pub mod direction;
pub mod dtls;
pub mod extmap;
pub mod fax;
pub mod format;
pub mod group;
pub mod ice;
pub mod rtcp;
pub mod source;
pub mod stream;

pub use crypto::{Crypto, SdesSuite};
pub use dtls::{Fingerprint, Setup};
pub use extmap::Extmap;
pub use fax::Fax;
pub use format::{Parameters, RtpMap};
pub use group::Group;
pub use ice::{Candidate, Credentials, Gathered};
