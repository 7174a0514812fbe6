//! CUT: fields of a list.

use sidetone_dialplan::{Doc, FunctionError};

use super::{
    Function, FunctionHost, Outcome, arguments_error, failed, fields_up_to, unescape, value_of,
};

/// The reference page and the code.
pub(super) const FUNCTION: Function = Function {
    doc: Doc {
        name: "CUT",
        synopsis: "Takes fields out of a text",
        syntax: "varname,char-delim,range-spec",
        description: "The fields are joined with the same character. Characters with a \
                      meaning are written \\, or \\n, \\t, \\x2c.",
        arguments: &[
            ("varname", "The name of the variable, without ${}"),
            ("char-delim", "The character between fields; - by default"),
            ("range-spec", "Fields counted from 1: 2, 2-, -3, 2-4, several joined with &"),
        ],
        see_also: &["FIELDQTY()", "FIELDNUM()"],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: None,
};

fn read(host: &mut dyn FunctionHost, arguments: &str) -> Outcome {
    let parts = fields_up_to(arguments, 3);
    let [name, separator, ranges] = parts.as_slice() else {
        return Err(arguments_error("a variable, a delimiter and fields are needed"));
    };
    let separator = unescape(separator).chars().next().unwrap_or('-');
    let value = value_of(host, name)?;
    let all: Vec<&str> = value.split(separator).collect();
    let mut taken = Vec::new();
    for range in ranges.split(['&', ',']) {
        let (from, to) = bounds(range, all.len())?;
        let picked = all.get(from.saturating_sub(1)..to.min(all.len())).unwrap_or_default();
        taken.extend_from_slice(picked);
        // Overlapping ranges may repeat fields; the result must not outgrow any value.
        if taken.len() > MAX_FIELDS {
            return Err(failed(format!("more than {MAX_FIELDS} fields are asked for")));
        }
    }
    Ok(taken.join(&separator.to_string()))
}

/// Fields in one result: a value has at most 64 Ki characters.
const MAX_FIELDS: usize = 64 * 1024;

/// The first and last field of `2`, `2-`, `-3` or `2-4`.
fn bounds(range: &str, count: usize) -> Result<(usize, usize), FunctionError> {
    let wrong = || arguments_error(format!("`{range}` is no field or range of fields"));
    let parse = |text: &str| text.trim().parse::<usize>().map_err(|_| wrong());
    match range.split_once('-') {
        None => parse(range).map(|field| (field.max(1), field)),
        Some((from, to)) => {
            let from = if from.trim().is_empty() { 1 } else { parse(from)? };
            let to = if to.trim().is_empty() { count } else { parse(to)? };
            Ok((from.max(1), to))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn documented_examples_hold() {
        let mut host = host();
        for (arguments, expected) in [
            ("DASHED,-,2", "two"),
            ("DASHED,-,2-3", "two-three"),
            ("DASHED,-,-2", "one-two"),
            ("DASHED,-,3-", "three-four"),
            ("DASHED,-,1&4", "one-four"),
            ("DASHED,,2", "two"),
            ("DASHED,-,9", ""),
            ("DASHED,-,0", ""),
            ("DASHED,-,4-2", ""),
            ("LIST,\\,,2", "b"),
            ("LIST,\",\",2", "b"),
            ("LIST,\\x2c,3", "c"),
            ("TEXT, ,2", "world"),
            ("CALLERID(num),-,1", "030"),
            ("DASHED:4,-,1", "two"),
            ("NOSUCH,-,1", ""),
        ] {
            check(&mut host, "CUT", arguments, expected);
        }
    }

    #[test]
    fn wrong_ranges_are_refused() {
        refuse("CUT", "LIST,-");
        refuse("CUT", "LIST,-,x");
        refuse("CUT", "NOSUCH(x),-,1");
    }
}
