//! A Lua state with what a script may use: the libraries that touch neither files nor processes,
//! and the prelude.

use std::sync::{Arc, OnceLock};

use mlua::chunk::ChunkMode;
use mlua::{Function, Lua, LuaOptions, StdLib, Table, Variadic};

use crate::limits::Limits;
use crate::meter::Meter;
use crate::text::join;

const PRELUDE: &str = include_str!("prelude.lua");

/// What of `os` neither touches files nor ends the process.
const OF_OS: &[&str] = &["clock", "date", "difftime", "getenv", "time"];

/// A Lua state, what its orders begin with, and how long it has computed.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) lua: Lua,
    pub(crate) mark: Table,
    pub(crate) meter: Arc<Meter>,
}

impl State {
    pub(crate) fn new(limits: &Limits) -> mlua::Result<Self> {
        let libraries = StdLib::COROUTINE
            | StdLib::MATH
            | StdLib::OS
            | StdLib::STRING
            | StdLib::TABLE
            | StdLib::UTF8;
        let lua = Lua::new_with(libraries, LuaOptions::default())?;
        lua.set_memory_limit(limits.memory)?;
        let os: Table = lua.globals().get("os")?;
        let kept = lua.create_table()?;
        for name in OF_OS {
            kept.set(*name, os.get::<Function>(*name)?)?;
        }
        lua.globals().set("os", kept)?;
        let debug = lua.create_table()?;
        let traceback = lua.create_function(|lua, text: Option<mlua::Value>| match text {
            Some(text @ (mlua::Value::String(_) | mlua::Value::Integer(_))) => {
                let text = text.to_string()?;
                lua.traceback(Some(&text), 1).map(mlua::Value::String)
            }
            Some(value) if !value.is_nil() => Ok(value),
            _ => lua.traceback(None, 1).map(mlua::Value::String),
        })?;
        debug.set("traceback", traceback)?;
        lua.globals().set("debug", debug)?;
        let meter = Meter::new(limits.instructions);
        let mark = lua.create_table()?;
        let given = lua.create_table()?;
        given.set("mark", &mark)?;
        given.set("join", lua.create_function(|_, values| Ok(joined(&values)))?)?;
        let printing = Arc::clone(&meter);
        let say = lua.create_function(move |_, text: mlua::LuaString| {
            printing.print(&text.to_string_lossy());
            Ok(())
        })?;
        given.set("say", say)?;
        let spending = Arc::clone(&meter);
        let spent = lua.create_function(move |lua, is_fine: mlua::Value| {
            if is_fine == mlua::Value::Boolean(false) {
                spending.caught(lua);
            }
            Ok(spending.is_spent().then(|| spending.complaint()))
        })?;
        given.set("spent", spent)?;
        compiled(&lua, prelude(), "=prelude")?.call::<()>(given)?;
        meter.watch(&lua)?;
        Ok(Self { lua, mark, meter })
    }
}

fn joined(values: &Variadic<mlua::Value>) -> (Option<String>, Option<String>) {
    match join(values) {
        Ok(text) => (Some(text), None),
        Err((place, kind)) => {
            (None, Some(format!("#{place} (string or number expected, got {kind})")))
        }
    }
}

/// The prelude, compiled once for all states.
fn prelude() -> &'static [u8] {
    static COMPILED: OnceLock<Vec<u8>> = OnceLock::new();
    COMPILED.get_or_init(|| {
        let lua = Lua::new();
        let chunk = lua.load(PRELUDE).set_name("=prelude").into_function();
        chunk.map(|function| function.dump(true)).unwrap_or_default()
    })
}

/// A function of what [`Function::dump`] made: nothing else may be given, Lua does not check it.
pub(crate) fn compiled(lua: &Lua, code: &[u8], name: &str) -> mlua::Result<Function> {
    lua.load(code).set_name(name).set_mode(ChunkMode::Binary).into_function()
}
