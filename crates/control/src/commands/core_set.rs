//! `core set …`: how much the log tells.

use super::{Context, Knob, text, wrong};
use crate::socket::Answer;

/// `core set verbose`
pub(super) async fn verbose(context: &Context, args: &[&str]) -> Answer {
    set(context, args, Knob::Verbose)
}

/// `core set debug`
pub(super) async fn debug(context: &Context, args: &[&str]) -> Answer {
    set(context, args, Knob::Debug)
}

fn set(context: &Context, args: &[&str], knob: Knob) -> Answer {
    let before = context.surroundings.knob(knob);
    let (what, command) = match knob {
        Knob::Verbose => ("Console verbose", "verbose"),
        Knob::Debug => ("Core debug", "debug"),
    };
    let Some(wanted) = wanted(args, before) else {
        return wrong(format!("Usage: core set {command} [atleast] <level>|off\n"));
    };
    if wanted == before {
        return text(format!("{what} is still {}.\n", level(before)));
    }
    let before = context.surroundings.turn(knob, wanted);
    text(format!("{what} was {} and is now {}.\n", level(before), level(wanted)))
}

/// The level asked for; `None` when the arguments make no sense. A last word `silent` is taken.
fn wanted(args: &[&str], before: u8) -> Option<u8> {
    let args = args.strip_suffix(&["silent"]).unwrap_or(args);
    match args {
        ["off"] => Some(0),
        ["atleast", level] => Some(before.max(level.parse().ok()?)),
        [level] => level.parse().ok(),
        _ => None,
    }
}

fn level(level: u8) -> String {
    if level == 0 { "OFF".to_owned() } else { level.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_numbers_off_or_at_least() {
        assert_eq!(wanted(&["3"], 0), Some(3));
        assert_eq!(wanted(&["off"], 3), Some(0));
        assert_eq!(wanted(&["atleast", "2"], 5), Some(5));
        assert_eq!(wanted(&["atleast", "5", "silent"], 2), Some(5));
        for wrong in [&[][..], &["x"], &["300"], &["1", "2"], &["-1"]] {
            assert_eq!(wanted(wrong, 0), None, "{wrong:?}");
        }
    }
}
