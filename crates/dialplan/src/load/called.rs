//! What a line of the dialplan calls: its own application, and those that it hands to `Exec` and
//! its relatives, as far as they are written out.

use sidetone_conf::Span;

use crate::arguments::{split_call, split_raw};
use crate::plan::{Dialplan, Priority};
use crate::target::split_condition;

/// Applications within applications that are looked into; what is deeper is found when it runs.
const MAX_DEPTH: usize = 8;

/// An application with its arguments as written, not expanded.
#[derive(Clone, Copy, Debug)]
pub struct Called<'a> {
    /// Its name; with a `$` inside it is computed.
    pub application: &'a str,
    /// Between the parentheses.
    pub arguments: &'a str,
    /// Where the line stands.
    pub span: &'a Span,
    /// The call goes on when there is no such application (`TryExec`).
    pub may_be_missing: bool,
    /// It runs on another channel (`Originate`), which is at no place of the dialplan.
    pub elsewhere: bool,
}

impl Dialplan {
    /// Calls with each application of each line and those inside it.
    pub fn each_call(&self, visit: &mut dyn FnMut(Called<'_>)) {
        for priority in self.priorities() {
            each_call_of(priority, visit);
        }
    }

    /// All lines.
    pub(super) fn priorities(&self) -> impl Iterator<Item = &Priority> {
        let extensions = self.contexts.iter().flat_map(|context| &context.extensions);
        extensions.flat_map(|extension| &extension.priorities)
    }
}

/// The application of one line and those inside it.
pub(super) fn each_call_of(priority: &Priority, visit: &mut dyn FnMut(Called<'_>)) {
    let call = Called {
        application: &priority.application,
        arguments: &priority.arguments,
        span: &priority.span,
        may_be_missing: false,
        elsewhere: false,
    };
    descend(call, 0, visit);
}

fn descend(call: Called<'_>, depth: usize, visit: &mut dyn FnMut(Called<'_>)) {
    visit(call);
    if depth == MAX_DEPTH {
        return;
    }
    let is = |name: &str| call.application.eq_ignore_ascii_case(name);
    if is("Exec") || is("TryExec") {
        written(call, call.arguments, depth, visit);
    } else if is("ExecIf") || is("ExecIfTime") {
        let (_, then, otherwise) = split_condition(call.arguments);
        for branch in [then, otherwise].into_iter().flatten() {
            written(call, branch, depth, visit);
        }
    } else if is("Originate") {
        let parts = split_raw(call.arguments, ',', 7);
        if let [_, kind, name, rest @ ..] = parts.as_slice()
            && kind.trim().eq_ignore_ascii_case("app")
            && !name.trim().is_empty()
        {
            let arguments = rest.first().map_or("", |text| text.trim().trim_matches('"'));
            let inner = Called { application: name.trim(), arguments, elsewhere: true, ..call };
            descend(inner, depth + 1, visit);
        }
    }
}

/// `application(arguments)` as the text of another.
fn written(outer: Called<'_>, text: &str, depth: usize, visit: &mut dyn FnMut(Called<'_>)) {
    let Some((name, arguments)) = split_call(text).filter(|(name, _)| !name.is_empty()) else {
        return;
    };
    let may_be_missing = outer.application.eq_ignore_ascii_case("TryExec");
    descend(Called { application: name, arguments, may_be_missing, ..outer }, depth + 1, visit);
}
