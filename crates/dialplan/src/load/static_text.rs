//! Global variables inside names and other globals, expanded once at load.

use sidetone_conf::{Diagnostic, Span};

use crate::expand::{Part, next_part, parse_reference, slice};

/// Replaces `${NAME}` and `${NAME:offset:length}` by globals defined so far. Functions and
/// expressions cannot be computed without a channel and are left as they are.
pub(super) fn expand(
    text: &str,
    globals: &[(String, String)],
    span: &Span,
    diagnostics: &mut Vec<Diagnostic>,
) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(part) = next_part(rest) {
        match part {
            Part::Literal(text, after) => {
                out.push_str(text);
                rest = after;
            }
            Part::Variable(inner, after) => {
                match global(inner, globals) {
                    Some(value) => out.push_str(&value),
                    None => {
                        let text = format!("${{{inner}}} is no global variable defined above");
                        let hint = "only [globals] can be used here, no functions";
                        diagnostics.push(Diagnostic::warning(span, text).hint(hint));
                        out.push_str(&format!("${{{inner}}}"));
                    }
                }
                rest = after;
            }
            Part::Expression(inner, after) => {
                let text = format!("$[{inner}] is not computed here");
                diagnostics.push(Diagnostic::warning(span, text));
                out.push_str(&format!("$[{inner}]"));
                rest = after;
            }
            Part::Unclosed(text) => {
                let message = format!("`{text}` has no closing bracket");
                diagnostics.push(Diagnostic::warning(span, message));
                out.push_str(text);
                rest = "";
            }
        }
    }
    out
}

fn global(inner: &str, globals: &[(String, String)]) -> Option<String> {
    let reference = parse_reference(inner);
    if reference.arguments.is_some() || reference.name.contains('$') {
        return None;
    }
    let (_, value) = globals.iter().find(|(name, _)| name == reference.name)?;
    let Some(substring) = reference.substring else {
        return Some(value.clone());
    };
    let (offset, length) = match substring.split_once(':') {
        Some((offset, length)) => (offset, Some(length.trim().parse().ok()?)),
        None => (substring, None),
    };
    Some(slice(value, offset.trim().parse().ok()?, length))
}
