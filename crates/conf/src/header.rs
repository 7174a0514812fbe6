//! A section's first line: `[name](!,parent,…)`, `[name](+)`, `[name](+type=endpoint)`.

/// What the parentheses ask for, in order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Modifier<'a> {
    /// `!`: only there to be inherited from.
    Template,
    /// `+`: add to the section that is already there. The text after the sign selects among
    /// several of the same name, see [`selects`].
    Add(&'a str),
    /// Inherit from this section.
    Inherit(&'a str),
}

/// A section header taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Header<'a> {
    pub(crate) name: &'a str,
    pub(crate) modifiers: Vec<Modifier<'a>>,
    /// What follows the header and means nothing.
    pub(crate) rest: &'a str,
}

/// Takes a trimmed line that starts with `[` apart.
///
/// # Errors
/// In words, what is missing.
pub(crate) fn parse(line: &str) -> Result<Header<'_>, &'static str> {
    let inner = line.strip_prefix('[').ok_or("a section starts with '['")?;
    let (name, after) = inner.split_once(']').ok_or("the section header has no closing ']'")?;
    let name = name.trim();
    if name.is_empty() {
        return Err("the section has no name");
    }
    let after = after.trim();
    let Some(options) = after.strip_prefix('(') else {
        return Ok(Header { name, modifiers: Vec::new(), rest: after });
    };
    let (options, rest) = options.split_once(')').ok_or("the section header has no closing ')'")?;
    let modifiers = options
        .split(',')
        .map(str::trim)
        .filter(|option| !option.is_empty())
        .map(|option| match option.strip_prefix('+') {
            Some(selector) => Modifier::Add(selector.trim()),
            None if option == "!" => Modifier::Template,
            None => Modifier::Inherit(option),
        })
        .collect();
    Ok(Header { name, modifiers, rest: rest.trim() })
}

/// Whether a section with these values is the one a `(+…)` means. `name=text` conditions joined
/// by `&` must all hold; a word alone is short for `type=word`.
pub(crate) fn selects(selector: &str, section: &crate::Section) -> bool {
    selector.split('&').map(str::trim).filter(|condition| !condition.is_empty()).all(|condition| {
        let (name, text) = condition.split_once('=').unwrap_or(("type", condition));
        section.text(name.trim()).is_some_and(|found| found == text.trim())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_taken_apart() {
        let header = parse("[ a ](!, b , +type=x)").unwrap();
        assert_eq!(header.name, "a");
        assert_eq!(
            header.modifiers,
            [Modifier::Template, Modifier::Inherit("b"), Modifier::Add("type=x")]
        );
        assert!(parse("[a").is_err() && parse("[]").is_err() && parse("[a](b").is_err());
    }
}
