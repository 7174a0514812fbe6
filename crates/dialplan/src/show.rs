//! `dialplan show` as text.
