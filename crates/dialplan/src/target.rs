//! `[[context,]extension,]priority`: where Goto and its relatives lead.

use crate::arguments::{find_outside, split_raw};
use crate::lookup::Query;
use crate::{Dialplan, Host, Position};

/// A destination as written, apart from variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// `None`: the current one.
    pub context: Option<String>,
    /// `None`: the current one.
    pub extension: Option<String>,
    /// A number, a label, or a number relative to the current one.
    pub priority: TargetPriority,
}

/// The last part of a destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TargetPriority {
    /// `5`.
    Number(u32),
    /// `+2` and `-2`: from the current priority.
    Relative(i64),
    /// `again`.
    Label(String),
}

/// What is written to call a subroutine: the destination and its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Where.
    pub target: Target,
    /// `ARG1` onwards.
    pub arguments: Vec<String>,
}

impl Target {
    /// Parses a destination. `None` when it is empty or has more than three parts.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let mut parts: Vec<&str> = text.split(',').map(str::trim).collect();
        let priority = parts.pop().filter(|priority| !priority.is_empty())?;
        let extension = parts.pop().filter(|part| !part.is_empty());
        let context = parts.pop().filter(|part| !part.is_empty());
        if !parts.is_empty() {
            return None;
        }
        let relative = priority.starts_with(['+', '-']).then(|| priority.parse().ok()).flatten();
        let priority = match (relative, priority.parse()) {
            (Some(distance), _) => TargetPriority::Relative(distance),
            (None, Ok(number)) => TargetPriority::Number(number),
            (None, Err(_)) => TargetPriority::Label(priority.to_owned()),
        };
        Some(Self {
            context: context.map(str::to_owned),
            extension: extension.map(str::to_owned),
            priority,
        })
    }

    /// The position, seen from `from`. `None` when the label is not there or the number is not
    /// positive; that a numbered priority exists is for the run loop to find out.
    #[must_use]
    pub fn resolve(
        &self,
        plan: &Dialplan,
        from: &Position,
        caller: Option<&str>,
        now: &dyn Fn() -> jiff::Zoned,
    ) -> Option<Position> {
        let context = self.context.as_deref().unwrap_or(&from.context);
        let extension = self.extension.as_deref().unwrap_or(&from.extension);
        let priority = match &self.priority {
            TargetPriority::Number(number) => *number,
            TargetPriority::Relative(distance) => {
                let number = i64::from(from.priority).checked_add(*distance)?;
                u32::try_from(number).ok().filter(|number| *number > 0)?
            }
            TargetPriority::Label(label) => {
                let query = Query { context, extension, caller, now };
                plan.find_label(&query, label)?.1.number
            }
        };
        Some(Position::new(context, extension, priority))
    }

    /// [`Target::resolve`] with what the host knows.
    pub fn resolve_for<H: Host>(&self, host: &H, from: &Position) -> Option<Position> {
        let caller = host.caller_id_number();
        self.resolve(&host.dialplan(), from, caller.as_deref(), &|| host.now())
    }
}

impl Call {
    /// Parses `[[context,]extension,]priority[(argument,…)]`.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let Some(open) = find_outside(text, '(') else {
            return Some(Self { target: Target::new(text)?, arguments: Vec::new() });
        };
        let arguments = text.get(open + 1..)?;
        let arguments = arguments.rsplit_once(')').map_or(arguments, |(inner, _)| inner);
        Some(Self {
            target: Target::new(text.get(..open)?)?,
            arguments: crate::arguments::split(arguments),
        })
    }
}

/// `condition?then:otherwise`, with the condition's outcome. Either branch may be missing.
#[must_use]
pub fn split_condition(text: &str) -> (&str, Option<&str>, Option<&str>) {
    let Some(at) = find_outside(text, '?') else {
        return (text.trim(), None, None);
    };
    let (condition, branches) = (text.get(..at), text.get(at + 1..).unwrap_or_default());
    let parts = find_outside(branches, ':');
    let then = parts.map_or(branches, |at| branches.get(..at).unwrap_or_default());
    let otherwise = parts.and_then(|at| branches.get(at + 1..));
    let present = |branch: &&str| !branch.trim().is_empty();
    (condition.unwrap_or_default().trim(), Some(then).filter(present), otherwise.filter(present))
}

/// Whether a condition holds: not empty, and not the number zero.
#[must_use]
pub fn is_true(condition: &str) -> bool {
    let condition = condition.trim();
    !condition.is_empty() && condition.parse::<f64>().ok() != Some(0.0)
}

/// Whether a destination holds no variable and can be checked at load.
pub(crate) fn is_static(text: &str) -> bool {
    !text.contains('$') && split_raw(text, ',', usize::MAX).len() <= 3
}
