//! RAND: a random number.

use sidetone_dialplan::Doc;

use super::{Function, FunctionHost, Outcome, arguments_error};

/// The reference page and the code.
pub(super) const FUNCTION: Function = Function {
    doc: Doc {
        name: "RAND",
        synopsis: "Draws a random whole number",
        syntax: "[min][,max]",
        description: "Both ends belong to the range.",
        arguments: &[
            ("min", "The smallest; 0 by default"),
            ("max", "The largest; 2147483647 by default"),
        ],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: None,
};

fn read(host: &mut dyn FunctionHost, arguments: &str) -> Outcome {
    let mut bounds = arguments.splitn(2, ',').map(str::trim);
    let mut bound = |default: i64| match bounds.next() {
        None | Some("") => Ok(default),
        Some(text) => {
            let wrong = |_| arguments_error(format!("`{text}` is no whole number"));
            text.parse::<i32>().map(i64::from).map_err(wrong)
        }
    };
    let (min, max) = (bound(0)?, bound(i64::from(i32::MAX))?);
    let (min, max) = (min.min(max), min.max(max));
    let span = max.abs_diff(min) + 1;
    let drawn = i64::try_from(host.random().below(span)).unwrap_or(0);
    Ok((min + drawn).to_string())
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn documented_examples_hold() {
        let mut host = host();
        for (arguments, expected) in [("7,7", "7"), ("-3,-3", "-3")] {
            check(&mut host, "RAND", arguments, expected);
        }
    }

    #[test]
    fn both_ends_are_drawn_whatever_their_order() {
        let mut host = host();
        let mut drawn: Vec<String> =
            (0..100).map(|_| read(&mut host, "RAND", "3,1").expect("a number")).collect();
        drawn.sort();
        drawn.dedup();
        assert_eq!(drawn, ["1", "2", "3"]);
        let any: i64 = read(&mut host, "RAND", "").expect("one").parse().expect("a number");
        assert!((0..=i64::from(i32::MAX)).contains(&any));
        refuse("RAND", "a,b");
    }
}
