//! The documented constant that every dialplan application and function carries.
//!
//! `core show application NAME`, `core show function NAME`, completion and the reference pages
//! are printed from it; nothing is written twice.

/// What an operator can read about one application or function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Doc {
    /// The name as it is written in the dialplan.
    pub name: &'static str,
    /// One sentence without a full stop.
    pub synopsis: &'static str,
    /// The parameters between the parentheses, optional ones in brackets.
    pub syntax: &'static str,
    /// Paragraphs separated by empty lines.
    pub description: &'static str,
    /// Each parameter with its meaning, in order.
    pub arguments: &'static [(&'static str, &'static str)],
    /// Each option letter (with its own argument, as `d(cause)`) and its meaning.
    pub options: &'static [(&'static str, &'static str)],
    /// Channel variables set, with their values or meaning.
    pub variables: &'static [(&'static str, &'static str)],
    /// Names of related applications, functions written with `()`.
    pub see_also: &'static [&'static str],
}

impl Doc {
    /// A page with every list empty, for struct update syntax: `Doc { name: …, ..Doc::EMPTY }`.
    pub const EMPTY: Self = Self {
        name: "",
        synopsis: "",
        syntax: "",
        description: "",
        arguments: &[],
        options: &[],
        variables: &[],
        see_also: &[],
    };
}
