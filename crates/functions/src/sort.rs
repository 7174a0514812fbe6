//! SORT: keys in order.

use sidetone_dialplan::Doc;

use super::{Function, FunctionHost, Outcome, arguments_error, number};

/// The reference page and the code.
pub(super) const FUNCTION: Function = Function {
    doc: Doc {
        name: "SORT",
        synopsis: "Sorts keys by their values",
        syntax: "key1:val1[,key2:val2][,...]",
        description: "The keys from the smallest value to the largest, with commas between. \
                      Equal values stay in their order.",
        arguments: &[("key1", "A key"), ("val1", "Its value, a number")],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: None,
};

fn read(_: &mut dyn FunctionHost, arguments: &str) -> Outcome {
    let mut pairs = Vec::new();
    for pair in arguments.split(',').filter(|pair| !pair.trim().is_empty()) {
        let Some((key, value)) = pair.rsplit_once(':') else {
            return Err(arguments_error(format!("`{pair}` is not key:value")));
        };
        pairs.push((number(value)?, key.trim()));
    }
    pairs.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    let keys: Vec<&str> = pairs.into_iter().map(|(_, key)| key).collect();
    Ok(keys.join(","))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn documented_examples_hold() {
        let mut host = host();
        for (arguments, expected) in
            [("a:3,b:1,c:2.5", "b,c,a"), ("x:-1,y:-2", "y,x"), ("a:1,b:1", "a,b"), ("", "")]
        {
            check(&mut host, "SORT", arguments, expected);
        }
    }

    #[test]
    fn values_must_be_numbers() {
        refuse("SORT", "a:x");
        refuse("SORT", "a");
    }
}
