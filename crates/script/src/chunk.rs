//! The files of a program, compiled: `extensions.lua` and what it reads by `require` and `dofile`.

use std::collections::HashMap;

use mlua::{Function, Lua};
use sidetone_conf::Source;
use sidetone_dialplan::script::Answer;

use crate::libraries::{State, compiled};
use crate::limits::{MAX_FILE_BYTES, MAX_FILES};
use crate::orders::{Advance, Order, Reply, Wanted, advance, words};
use crate::wording::for_lua_5_4;

/// Compiled files by their path below the directory of `extensions.lua`.
pub(crate) type Files = HashMap<String, Vec<u8>>;

/// Compiles a file.
///
/// # Errors
/// The line and what is wrong there.
pub(crate) fn compile(lua: &Lua, name: &str, text: &[u8]) -> Result<Vec<u8>, String> {
    let chunk = lua.load(for_lua_5_4(text)).set_name(format!("@{name}"));
    let chunk = chunk.set_mode(mlua::chunk::ChunkMode::Text).into_function();
    chunk.map(|function| function.dump(false)).map_err(|error| words(&error))
}

/// Reads and compiles a file below `directory`.
///
/// # Errors
/// Why it cannot be used.
pub(crate) fn read(
    lua: &Lua,
    source: &dyn Source,
    directory: &str,
    name: &str,
) -> Result<Vec<u8>, String> {
    let path = format!("{}/{name}", directory.trim_end_matches('/'));
    let text = source.read(&path).map_err(|error| format!("{name}: {error}"))?;
    if text.len() > MAX_FILE_BYTES {
        return Err(format!("{name}: longer than {MAX_FILE_BYTES} bytes"));
    }
    compile(lua, name, &text)
}

/// The path of a wanted file below the directory of `extensions.lua`.
///
/// # Errors
/// It is elsewhere.
pub(crate) fn path_of(wanted: &Wanted, directory: &str) -> Result<String, String> {
    let path = match wanted {
        Wanted::Module(name) => format!("{}.lua", name.replace('.', "/")),
        Wanted::Path(path) => {
            let inside = path.strip_prefix(directory.trim_end_matches('/'));
            inside.and_then(|rest| rest.strip_prefix('/')).unwrap_or(path).to_owned()
        }
    };
    let is_plain = |part: &str| !matches!(part, "" | "..");
    if path.split('/').all(is_plain) {
        return Ok(path);
    }
    Err(format!("{path}: only files below {directory} are read"))
}

/// Runs the compiled `extensions.lua`: it defines its functions. `find` gives the files that it
/// wants.
///
/// # Errors
/// What ended it, in words.
pub(crate) fn run(
    state: &State,
    code: &[u8],
    name: &str,
    find: &mut dyn FnMut(&Wanted) -> Result<Function, String>,
) -> Result<(), String> {
    let function = compiled(&state.lua, code, name).map_err(|error| words(&error))?;
    let thread = state.lua.create_thread(function).map_err(|error| words(&error))?;
    let mut reply = Reply::Answer(Answer::Go);
    loop {
        reply = match advance(state, &thread, reply)? {
            Advance::Finished => return Ok(()),
            Advance::Ordered(Order::Turn) => Reply::Answer(Answer::Go),
            Advance::Ordered(Order::File(wanted)) => match find(&wanted) {
                Ok(function) => Reply::Chunk(function),
                Err(why) => Reply::Answer(Answer::Refused(why)),
            },
            Advance::Ordered(_) => {
                let why = "there is no call yet: use `app` and `channel` inside an extension";
                Reply::Answer(Answer::Refused(why.to_owned()))
            }
        };
    }
}

/// A file that is compiled already.
///
/// # Errors
/// It was not read when the program was loaded.
pub(crate) fn known(
    lua: &Lua,
    files: &Files,
    directory: &str,
    wanted: &Wanted,
) -> Result<Function, String> {
    let path = path_of(wanted, directory)?;
    let code = files.get(&path).ok_or_else(|| {
        format!("{path}: files are read while extensions.lua is loaded; require it there")
    })?;
    compiled(lua, code, &format!("@{path}")).map_err(|error| words(&error))
}

/// A file that is read and compiled when it is wanted first.
///
/// # Errors
/// Why it cannot be used.
pub(crate) fn found(
    lua: &Lua,
    source: &dyn Source,
    directory: &str,
    files: &mut Files,
    wanted: &Wanted,
) -> Result<Function, String> {
    let path = path_of(wanted, directory)?;
    if !files.contains_key(&path) {
        if files.len() >= MAX_FILES {
            return Err(format!("{path}: more than {MAX_FILES} files"));
        }
        let code = read(lua, source, directory, &path)?;
        files.insert(path, code);
    }
    known(lua, files, directory, wanted)
}
