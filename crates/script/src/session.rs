//! The Lua state of one channel, and the functions under way in it.

use std::fmt;
use std::sync::Arc;

use mlua::{Function, Table, Thread};
use sidetone_dialplan::script::{Answer, Session, Step};

use crate::FILE;
use crate::chunk;
use crate::libraries::State;
use crate::load::Shared;
use crate::orders::{Advance, OVER, Order, Reply, advance, words};

pub(crate) struct LuaSession {
    state: State,
    shared: Arc<Shared>,
    /// The last began last.
    running: Vec<Running>,
}

struct Running {
    thread: Thread,
    /// The context and what was dialled, until it begins.
    arguments: Option<(String, String)>,
}

impl LuaSession {
    /// Runs the file for a channel: its functions and variables are its own.
    pub(crate) fn new(shared: &Arc<Shared>) -> Result<Self, String> {
        let state = State::new(&shared.limits).map_err(|error| words(&error))?;
        chunk::run(&state, &shared.code, &format!("@{FILE}"), &mut |wanted| {
            chunk::known(&state.lua, &shared.files, &shared.directory, wanted)
        })?;
        // They were said when the file was loaded.
        state.meter.take_printed();
        Ok(Self { state, shared: Arc::clone(shared), running: Vec::new() })
    }

    fn advance(&self, running: &Running, mut reply: Reply) -> Result<Step, String> {
        loop {
            let order = match advance(&self.state, &running.thread, reply)? {
                Advance::Finished => return Ok(Step::Finished),
                Advance::Ordered(order) => order,
            };
            return Ok(match order {
                Order::Turn => Step::Turn,
                Order::Application(name, arguments) => Step::Application { name, arguments },
                Order::Read(name) => Step::Read(name),
                Order::Write(name, value) => Step::Write(name, value),
                Order::IsOver => Step::IsHungUp,
                Order::File(wanted) => {
                    let (files, directory) = (&self.shared.files, &self.shared.directory);
                    let found = chunk::known(&self.state.lua, files, directory, &wanted);
                    reply = match found {
                        Ok(function) => Reply::Chunk(function),
                        Err(why) => Reply::Answer(Answer::Refused(why)),
                    };
                    continue;
                }
            });
        }
    }
}

/// An error that ended a function.
fn failed(words: String) -> Step {
    if words.parse() == Ok(OVER) { Step::HungUp } else { Step::Failed(words) }
}

impl fmt::Debug for LuaSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LuaSession")
            .field("running", &self.running.len())
            .field("bytes", &self.state.lua.used_memory())
            .finish_non_exhaustive()
    }
}

impl Session for LuaSession {
    fn begin(&mut self, context: &str, name: &str, dialled: &str) -> Result<(), String> {
        let lua = &self.state.lua;
        let find = || -> mlua::Result<Function> {
            let extensions: Table = lua.globals().raw_get("extensions")?;
            extensions.raw_get::<Table>(context)?.raw_get(name)
        };
        let function = find().map_err(|error| {
            let words = words(&error);
            format!("{FILE}: extensions.{context}[\"{name}\"] cannot be called: {words}")
        })?;
        let thread = lua.create_thread(function).map_err(|error| words(&error))?;
        self.state.meter.reset();
        let arguments = Some((context.to_owned(), dialled.to_owned()));
        self.running.push(Running { thread, arguments });
        Ok(())
    }

    fn resume(&mut self, answer: Answer) -> Step {
        let Some(mut running) = self.running.pop() else {
            return Step::Finished;
        };
        let reply = match running.arguments.take() {
            Some((context, dialled)) => Reply::Arguments(context, dialled),
            None => Reply::Answer(answer),
        };
        let step = self.advance(&running, reply).unwrap_or_else(failed);
        self.running.push(running);
        step
    }

    fn rested(&mut self) {
        self.state.meter.reset();
    }

    fn end(&mut self) {
        self.running.pop();
    }

    fn is_idle(&self) -> bool {
        self.running.is_empty()
    }

    fn printed(&mut self) -> Vec<String> {
        self.state.meter.take_printed()
    }
}
