//! IFTIME: one of two texts depending on the time.

use sidetone_dialplan::target::split_condition;
use sidetone_dialplan::{Doc, TimeRange};

use super::{Function, FunctionHost, Outcome, arguments_error};

/// The reference page and the code.
pub(super) const FUNCTION: Function = Function {
    doc: Doc {
        name: "IFTIME",
        synopsis: "Chooses one of two texts depending on the time",
        syntax: "timespec?[iftrue][:iffalse]",
        arguments: &[
            ("timespec", "times,weekdays,mdays,months[,timezone] as for GotoIfTime"),
            ("iftrue", "The text if the time lies within"),
            ("iffalse", "The text if not"),
        ],
        see_also: &["GotoIfTime", "IF()"],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: None,
};

fn read(host: &mut dyn FunctionHost, arguments: &str) -> Outcome {
    let (condition, then, otherwise) = split_condition(arguments);
    let range = TimeRange::new(condition).map_err(|error| arguments_error(error.to_string()))?;
    let chosen = if range.contains(&host.now()) { then } else { otherwise };
    Ok(super::unquoted(chosen.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn documented_examples_hold() {
        let mut host = host();
        for (arguments, expected) in [
            ("9:00-17:00,mon-fri,*,*?open:closed", "open"),
            ("*,sat&sun?open:closed", "closed"),
            ("12:05,*,*,*,UTC?\"yes\":no", "yes"),
        ] {
            check(&mut host, "IFTIME", arguments, expected);
        }
    }

    #[test]
    fn a_wrong_time_is_refused() {
        refuse("IFTIME", "9-17?a:b");
    }
}
