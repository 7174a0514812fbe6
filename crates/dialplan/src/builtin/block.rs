//! Finding the other end of While … EndWhile and If … EndIf by looking at the extension's text.

use std::sync::Arc;

use crate::lookup::Query;
use crate::{Host, Position};

/// One priority of a block.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) number: u32,
    pub(super) application: Arc<str>,
    pub(super) arguments: Arc<str>,
}

impl Line {
    pub(super) fn is(&self, name: &str) -> bool {
        self.application.eq_ignore_ascii_case(name)
    }
}

/// The words that open and close a block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words {
    open: &'static str,
    close: &'static str,
}

pub(super) const LOOP: Words = Words { open: "While", close: "EndWhile" };
pub(super) const BRANCH: Words = Words { open: "If", close: "EndIf" };

/// All priorities of the extension that stands at the position.
fn lines<H: Host>(host: &H, position: &Position) -> Vec<Line> {
    let plan = host.dialplan();
    let caller = host.caller_id_number();
    let query = Query {
        context: &position.context,
        extension: &position.extension,
        caller: caller.as_deref(),
        now: &|| host.now(),
    };
    let Some((found, _)) = plan.find(&query, position.priority) else {
        return Vec::new();
    };
    let line = |priority: &crate::Priority| Line {
        number: priority.number,
        application: priority.application.clone(),
        arguments: priority.arguments.clone(),
    };
    found.extension.priorities.iter().map(line).collect()
}

/// The lines of the same level after the position, up to and including the one that closes the
/// block; `None` when nothing closes it.
pub(super) fn rest<H: Host>(host: &H, position: &Position, words: Words) -> Option<Vec<Line>> {
    let mut depth = 0_usize;
    let mut same_level = Vec::new();
    for line in lines(host, position) {
        if line.number <= position.priority {
            continue;
        }
        if line.is(words.open) {
            depth += 1;
        } else if line.is(words.close) {
            let Some(outer) = depth.checked_sub(1) else {
                same_level.push(line);
                return Some(same_level);
            };
            depth = outer;
        } else if depth == 0 {
            same_level.push(line);
        }
    }
    None
}

/// The number of the line that closes the block around (or opened at) the position.
pub(super) fn end<H: Host>(host: &H, position: &Position, words: Words) -> Option<u32> {
    rest(host, position, words)?.last().map(|line| line.number)
}

/// The number of the line that opened the block around the position.
pub(super) fn start<H: Host>(host: &H, position: &Position, words: Words) -> Option<u32> {
    let mut depth = 0_usize;
    for line in lines(host, position).iter().rev() {
        if line.number >= position.priority {
            continue;
        }
        if line.is(words.close) {
            depth += 1;
        } else if line.is(words.open) {
            let Some(outer) = depth.checked_sub(1) else {
                return Some(line.number);
            };
            depth = outer;
        }
    }
    None
}
