//! How long a function has computed, and what it printed meanwhile.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use mlua::{HookTriggers, Lua, VmState};

use crate::limits::{
    INSTRUCTIONS_PER_ERROR, INSTRUCTIONS_PER_LOOK, INSTRUCTIONS_PER_TURN, MAX_LINE_BYTES, MAX_LINES,
};

/// Calls looked through for one of the script: the innermost may be one of the prelude.
const MAX_CALLS: usize = 20;

/// The line of the script that runs, with a colon behind it.
fn place(lua: &Lua) -> String {
    let line = |level| {
        lua.inspect_stack(level, |call| {
            let source = call.source();
            let is_script = source.source.as_ref().is_some_and(|name| name.starts_with('@'));
            let name = source.short_src.filter(|_| is_script)?;
            Some(format!("{name}:{}: ", call.current_line().unwrap_or(0)))
        })
    };
    (0..MAX_CALLS).find_map(|level| line(level).flatten()).unwrap_or_default()
}

/// Shared by a session and the hook in its Lua state.
#[derive(Debug)]
pub(crate) struct Meter {
    limit: u64,
    used: AtomicU64,
    /// What was used when others had their last turn.
    turn: AtomicU64,
    is_spent: AtomicBool,
    /// The coroutine that may yield from the hook: the others would yield to the script.
    top: AtomicUsize,
    /// Where the limit was reached.
    place: Mutex<String>,
    printed: Mutex<(Vec<String>, usize)>,
}

impl Meter {
    pub(crate) fn new(limit: u64) -> Arc<Self> {
        Arc::new(Self {
            limit,
            used: AtomicU64::new(0),
            turn: AtomicU64::new(0),
            is_spent: AtomicBool::new(false),
            top: AtomicUsize::new(0),
            place: Mutex::default(),
            printed: Mutex::default(),
        })
    }

    /// Begins to count in this state.
    pub(crate) fn watch(self: &Arc<Self>, lua: &Lua) -> mlua::Result<()> {
        let meter = Arc::clone(self);
        let triggers = HookTriggers::new().every_nth_instruction(INSTRUCTIONS_PER_LOOK);
        lua.set_global_hook(triggers, move |lua, _| {
            meter.charge(u64::from(INSTRUCTIONS_PER_LOOK), lua);
            if meter.is_spent() {
                return Err(mlua::Error::runtime(meter.complaint()));
            }
            Ok(if meter.is_turn(lua) { VmState::Yield } else { VmState::Continue })
        })
    }

    /// Counts the error that the script caught.
    pub(crate) fn caught(&self, lua: &Lua) {
        self.charge(INSTRUCTIONS_PER_ERROR, lua);
    }

    fn charge(&self, instructions: u64, lua: &Lua) {
        let used = self.used.fetch_add(instructions, Ordering::Relaxed);
        if used.saturating_add(instructions) > self.limit
            && !self.is_spent.swap(true, Ordering::Relaxed)
        {
            *self.place.lock().unwrap_or_else(PoisonError::into_inner) = place(lua);
        }
    }

    /// Whether others should have a turn, and can: another coroutine would yield to the script.
    fn is_turn(&self, lua: &Lua) -> bool {
        let used = self.used.load(Ordering::Relaxed);
        let running = lua.current_thread().to_pointer() as usize;
        let is_turn = running == self.top.load(Ordering::Relaxed)
            && used.saturating_sub(self.turn.load(Ordering::Relaxed)) >= INSTRUCTIONS_PER_TURN;
        if is_turn {
            self.turn.store(used, Ordering::Relaxed);
        }
        is_turn
    }

    /// The coroutine that is resumed from outside.
    pub(crate) fn enter(&self, top: &mlua::Thread) {
        self.top.store(top.to_pointer() as usize, Ordering::Relaxed);
    }

    pub(crate) fn reset(&self) {
        self.used.store(0, Ordering::Relaxed);
        self.turn.store(0, Ordering::Relaxed);
        self.is_spent.store(false, Ordering::Relaxed);
    }

    pub(crate) fn is_spent(&self) -> bool {
        self.is_spent.load(Ordering::Relaxed)
    }

    pub(crate) fn complaint(&self) -> String {
        let place = self.place.lock().unwrap_or_else(PoisonError::into_inner);
        format!("{place}{} instructions without an application: a loop without an end", self.limit)
    }

    pub(crate) fn print(&self, line: &str) {
        let mut printed = self.printed.lock().unwrap_or_else(PoisonError::into_inner);
        if printed.0.len() >= MAX_LINES {
            printed.1 = printed.1.saturating_add(1);
            return;
        }
        let end = line.floor_char_boundary(MAX_LINE_BYTES);
        printed.0.push(line.get(..end).unwrap_or_default().to_owned());
    }

    pub(crate) fn take_printed(&self) -> Vec<String> {
        let mut printed = self.printed.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut lines, dropped) = std::mem::take(&mut *printed);
        if dropped > 0 {
            lines.push(format!("{dropped} more lines were printed and are left out"));
        }
        lines
    }
}
