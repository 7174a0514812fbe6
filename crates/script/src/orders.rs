//! What a coroutine yields, and what it is told when it goes on.

use mlua::{Function, IntoLuaMulti, Lua, MultiValue, Thread, Value};
use sidetone_dialplan::script::Answer;

use crate::libraries::State;

/// The number that an application raises when the call is over, as scripts know it.
pub(crate) const OVER: i64 = -1;

/// What a coroutine wants.
#[derive(Debug)]
pub(crate) enum Order {
    /// Others should have a turn.
    Turn,
    Application(String, String),
    Read(String),
    Write(String, Option<String>),
    IsOver,
    File(Wanted),
}

/// A file that a script reads.
#[derive(Clone, Debug)]
pub(crate) enum Wanted {
    /// `require`.
    Module(String),
    /// `dofile` and `loadfile`.
    Path(String),
}

/// How far a coroutine came.
#[derive(Debug)]
pub(crate) enum Advance {
    Ordered(Order),
    Finished,
}

/// What a coroutine is told.
#[derive(Debug)]
pub(crate) enum Reply {
    /// The arguments of a function that begins.
    Arguments(String, String),
    Answer(Answer),
    Chunk(Function),
}

impl Reply {
    fn into_values(self, lua: &Lua) -> mlua::Result<MultiValue> {
        match self {
            Self::Arguments(context, dialled) => (context, dialled).into_lua_multi(lua),
            Self::Answer(Answer::Go) => Ok(MultiValue::new()),
            Self::Answer(Answer::Done) => true.into_lua_multi(lua),
            Self::Answer(Answer::Value(value)) => (true, value).into_lua_multi(lua),
            Self::Answer(Answer::Truth(is_so)) => (true, is_so).into_lua_multi(lua),
            Self::Answer(Answer::HungUp) => (false, OVER).into_lua_multi(lua),
            Self::Answer(Answer::Refused(why)) => (false, why).into_lua_multi(lua),
            Self::Chunk(function) => (true, function).into_lua_multi(lua),
        }
    }
}

/// Resumes a coroutine until it orders something.
///
/// # Errors
/// What ended it, in words.
pub(crate) fn advance(state: &State, thread: &Thread, reply: Reply) -> Result<Advance, String> {
    state.meter.enter(thread);
    let values = reply.into_values(&state.lua).map_err(|error| words(&error))?;
    let values: MultiValue = thread.resume(values).map_err(|error| words(&error))?;
    if !thread.is_resumable() {
        return Ok(Advance::Finished);
    }
    order(state, values).map(Advance::Ordered)
}

fn order(state: &State, values: MultiValue) -> Result<Order, String> {
    let mut values = values.into_iter();
    match values.next() {
        None => return Ok(Order::Turn),
        Some(Value::Table(first)) if first == state.mark => {}
        Some(_) => return Err("coroutine.yield outside of a coroutine of its own".to_owned()),
    }
    let mut text = || values.next().and_then(|value| crate::text::text_of(&value));
    let kind = text().unwrap_or_default();
    let first = text().unwrap_or_default();
    Ok(match kind.as_str() {
        "application" => Order::Application(first, text().unwrap_or_default()),
        "read" => Order::Read(first),
        "write" => Order::Write(first, text()),
        "over" => Order::IsOver,
        "module" => Order::File(Wanted::Module(first)),
        _ => Order::File(Wanted::Path(first)),
    })
}

/// An error of Lua without the stack.
pub(crate) fn words(error: &mlua::Error) -> String {
    let text = match error {
        mlua::Error::RuntimeError(text) | mlua::Error::MemoryError(text) => text.clone(),
        mlua::Error::SyntaxError { message, .. } => message.clone(),
        mlua::Error::CallbackError { cause, .. } => return words(cause),
        error => error.to_string(),
    };
    text.split("\nstack traceback:").next().unwrap_or_default().to_owned()
}
