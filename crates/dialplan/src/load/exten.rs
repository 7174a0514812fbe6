//! The value of one `exten =>` or `same =>` line taken apart.

/// A line before it is put into its context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ExtenLine<'t> {
    pub(super) priority: PriorityMark<'t>,
    /// What follows the priority, trimmed.
    pub(super) action: &'t str,
}

/// The priority as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PriorityMark<'t> {
    pub(super) number: Number,
    pub(super) label: Option<&'t str>,
}

/// What a priority counts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Number {
    /// `5`.
    Absolute(u32),
    /// `n`, `n+2`: so many after the line before.
    After(u32),
    /// `s`, `s+1`: the number of the line before and so many more.
    Same(u32),
    /// `hint`: no priority at all.
    Hint,
}

/// Name, caller and the rest of an `exten` value. The caller is present when there is a slash.
pub(super) fn split_name(text: &str) -> Option<(&str, Option<&str>, &str)> {
    let comma = find_outside_brackets(text, ',')?;
    let name = text.get(..comma)?.trim();
    let rest = text.get(comma + 1..)?;
    match find_outside_brackets(name, '/') {
        Some(slash) => {
            Some((name.get(..slash)?.trim(), name.get(slash + 1..).map(str::trim), rest))
        }
        None => Some((name, None, rest)),
    }
}

/// Priority and action.
///
/// # Errors
/// What is wrong, and what to write.
pub(super) fn split_priority(text: &str) -> Result<ExtenLine<'_>, String> {
    let (priority, action) = match text.split_once(',') {
        Some((priority, action)) => (priority.trim(), action.trim()),
        None => (text.trim(), ""),
    };
    Ok(ExtenLine { priority: parse_priority(priority)?, action })
}

fn parse_priority(text: &str) -> Result<PriorityMark<'_>, String> {
    let (mark, label) = match text.split_once('(') {
        Some((mark, rest)) => {
            let (label, after) = rest
                .split_once(')')
                .ok_or_else(|| format!("the label in `{text}` has no closing parenthesis"))?;
            // Both `n+2(label)` and `n(label)+2` are written.
            let mark =
                if after.trim().is_empty() { mark.to_owned() } else { format!("{mark}{after}") };
            (mark, Some(label.trim()).filter(|label| !label.is_empty()))
        }
        None => (text.to_owned(), None),
    };
    let (base, plus) = match mark.split_once('+') {
        Some((base, plus)) => {
            let plus = plus.trim().parse::<u32>();
            (base.trim(), plus.map_err(|_| format!("`{text}` needs a number after the +"))?)
        }
        None => (mark.trim(), 0),
    };
    let number = match base.to_ascii_lowercase().as_str() {
        "hint" => Number::Hint,
        "n" | "next" if plus == 0 => Number::After(1),
        "n" | "next" => Number::After(plus),
        "s" | "same" => Number::Same(plus),
        digits => {
            let number = digits.parse::<u32>().ok().and_then(|number| number.checked_add(plus));
            let number = number.filter(|number| *number > 0);
            let expected = "a priority is a number from 1, `n`, `s` or `hint`";
            Number::Absolute(number.ok_or_else(|| format!("`{text}` is no priority; {expected}"))?)
        }
    };
    Ok(PriorityMark { number, label })
}

/// The application and its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Action<'t> {
    pub(super) application: &'t str,
    pub(super) arguments: &'t str,
    /// Loaded, but hardly what is meant.
    pub(super) warning: Option<String>,
}

/// Takes `App(arguments)` apart.
///
/// # Errors
/// What is wrong, and what to write.
pub(super) fn split_action(text: &str) -> Result<Action<'_>, String> {
    if text.is_empty() {
        return Err("there is no application after the priority".to_owned());
    }
    let Some((name, rest)) = text.split_once('(') else {
        if let Some((name, arguments)) = text.split_once([',', '|']) {
            let (name, arguments) = (name.trim(), arguments.trim().replace('|', ","));
            return Err(format!("arguments belong between parentheses; write {name}({arguments})"));
        }
        return Ok(Action { application: text, arguments: "", warning: None });
    };
    let name = name.trim();
    if name.contains([',', '|']) {
        let application = name.split([',', '|']).next().unwrap_or_default();
        return Err(format!("`{application}` needs parentheses around all of its arguments"));
    }
    if name.is_empty() {
        return Err("there is no application before the parenthesis".to_owned());
    }
    let Some((arguments, after)) = rest.rsplit_once(')') else {
        let warning = "the closing parenthesis is missing; the arguments go to the end of the line";
        let warning = Some(warning.to_owned());
        return Ok(Action { application: name, arguments: rest, warning });
    };
    let warning = if !after.trim().is_empty() {
        Some(format!("`{}` after the closing parenthesis is ignored", after.trim()))
    } else {
        pipe_trap(name, arguments)
    };
    Ok(Action { application: name, arguments, warning })
}

/// Applications whose old arguments were separated by pipes and which take more than one.
const FORMERLY_PIPED: [&str; 12] = [
    "dial",
    "goto",
    "gosub",
    "gotoiftime",
    "background",
    "playback",
    "read",
    "record",
    "voicemail",
    "queue",
    "authenticate",
    "waitexten",
];

fn pipe_trap(application: &str, arguments: &str) -> Option<String> {
    let piped = FORMERLY_PIPED.iter().any(|name| name.eq_ignore_ascii_case(application));
    // A pipe inside $[…] is an operator.
    let outside = arguments.contains('|') && !arguments.contains("$[") && !arguments.contains(',');
    (piped && outside).then(|| {
        let fixed = arguments.replace('|', ",");
        format!("`|` no longer separates arguments; write {application}({fixed})")
    })
}

fn find_outside_brackets(text: &str, wanted: char) -> Option<usize> {
    let mut inside = false;
    let mut braces = 0_u32;
    for (index, c) in text.char_indices() {
        match c {
            '{' => braces += 1,
            '}' => braces = braces.saturating_sub(1),
            '[' => inside = true,
            ']' => inside = false,
            c if c == wanted && !inside && braces == 0 => return Some(index),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_may_hold_sets_with_slashes_and_commas() {
        let parts = split_name("_[1,/]X/_555.,1,NoOp()");
        assert_eq!(parts, Some(("_[1,/]X", Some("_555."), "1,NoOp()")));
        assert_eq!(split_name("101/,1,X"), Some(("101", Some(""), "1,X")));
        assert_eq!(split_name("101|1|Dial"), None);
    }

    #[test]
    fn priorities_come_in_many_forms() {
        let check = |text: &str, number: Number, label: Option<&str>| {
            let mark = parse_priority(text).expect(text);
            assert_eq!((mark.number, mark.label), (number, label), "{text}");
        };
        check("7", Number::Absolute(7), None);
        check("n", Number::After(1), None);
        check("N+3", Number::After(3), None);
        check("n(again)", Number::After(1), Some("again"));
        check("n(again)+10", Number::After(10), Some("again"));
        check("n+10(again)", Number::After(10), Some("again"));
        check("s", Number::Same(0), None);
        check("s+1", Number::Same(1), None);
        check("hint", Number::Hint, None);
        for wrong in ["0", "x", "", "n(again", "n+x", "-1", "4294967296"] {
            assert!(parse_priority(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn old_notations_are_explained() {
        let error = split_action("Dial|PJSIP/101|20").expect_err("pipes");
        assert!(error.contains("Dial(PJSIP/101,20)"), "{error}");
        let error = split_action("Dial,PJSIP/101,20").expect_err("commas");
        assert!(error.contains("Dial(PJSIP/101,20)"), "{error}");
        let action = split_action("Dial(PJSIP/101|20)").expect("loaded");
        assert!(action.warning.is_some_and(|text| text.contains("Dial(PJSIP/101,20)")));
        let action = split_action("Answer").expect("loaded");
        assert_eq!((action.application, action.arguments), ("Answer", ""));
        let action = split_action("Set(X=${LEN((a))})").expect("loaded");
        assert_eq!((action.application, action.arguments), ("Set", "X=${LEN((a))}"));
        assert!(split_action("NoOp(abc").expect("loaded").warning.is_some());
        assert!(split_action("NoOp(abc) more").expect("loaded").warning.is_some());
        assert!(split_action("").is_err());
    }
}
