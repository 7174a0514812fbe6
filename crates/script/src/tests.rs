//! Functions of extensions.lua against a host in memory.

use std::sync::Arc;

use sidetone_conf::MemorySource;
use sidetone_dialplan::fuzz::{MemoryHost, block_on};
use sidetone_dialplan::script::Program;
use sidetone_dialplan::{Dialplan, Flow, Handler, Position, Stop, load_with, run, show};

use crate::{Limits, Loaded, load};

fn program_with(source: MemorySource, text: &str, limits: Limits) -> Arc<dyn Program> {
    match load("/etc", &source.with("/etc/extensions.lua", text), limits) {
        Loaded::Program(program, _) => program,
        other => panic!("{other:?}"),
    }
}

fn plan(conf: &str, program: Arc<dyn Program>) -> Arc<Dialplan> {
    let document = sidetone_conf::parse(conf, "extensions.conf");
    let plan = load_with(&document, Some(program));
    assert!(plan.diagnostics.iter().all(|found| !found.is_error()), "{:?}", plan.diagnostics);
    Arc::new(plan)
}

fn broken(text: &str) -> String {
    let source = MemorySource::new().with("/etc/extensions.lua", text);
    match load("/etc", &source, Limits::default()) {
        Loaded::Broken(found) => found.iter().map(ToString::to_string).collect(),
        other => panic!("{other:?}"),
    }
}

fn host_with(conf: &str, lua: &str) -> MemoryHost {
    let limits = Limits { instructions: 400_000, memory: 2 * 1024 * 1024 };
    let mut host = MemoryHost::new("");
    host.plan = plan(conf, program_with(MemorySource::new(), lua, limits));
    host
}

fn play(mut host: MemoryHost) -> (MemoryHost, Stop) {
    let stop = block_on(run(&mut host, Position::new("a", "s", 1)));
    (host, stop)
}

/// Runs `body` as extension `s` of context `a` and answers the applications that ran.
#[track_caller]
fn check(body: &str, expected: &str) -> MemoryHost {
    let lua = format!("extensions = {{ a = {{ s = function(context, exten)\n{body}\nend }} }}");
    let (host, _) = play(host_with("", &lua));
    assert_eq!(host.executed.join(" "), expected, "{:?}", host.warnings);
    host
}

#[test]
fn applications_are_called_with_arguments_joined_by_commas() {
    check("app.Verbose(context, exten)", "Verbose(a,s)");
    check("app.Verbose(1, nil, 'x', 100 / 2, 2.5)", "Verbose(1,,x,50,2.5)");
    check("app.Answer()\napp['Verbose']('it')", "Answer() Verbose(it)");
    let host = check("app.Verbose({})", "");
    let words = "extensions.lua:2: bad argument #1 (string or number expected, got table)";
    assert!(host.warnings[0].contains(words), "{:?}", host.warnings);
}

#[test]
fn variables_and_functions_are_read_and_set() {
    check(
        "channel.A = 1\nchannel.B:set('two')\nchannel['GLOBAL(C)']:set(3)\n\
         app.Verbose(channel.A:get(), channel.B:get(), channel['GLOBAL(C)']:get(),\n\
         channel.LEN('four'):get(), channel.EXTEN:get(), channel.ECHO('a', 2):get())\n\
         channel.A = nil\napp.Verbose(tostring(channel.A:get()))",
        "Verbose(1,two,3,4,s,a,2) Verbose(nil)",
    );
}

#[test]
fn numbers_are_written_as_the_script_itself_prints_them() {
    check("app.Verbose(0.1 + 0.2, 10 * 1.1, 1 / 3)", "Verbose(0.3,11,0.33333333333333)");
}

#[test]
fn a_function_that_is_not_there_is_an_error_that_can_be_caught() {
    let host = check(
        "app.Verbose(pcall(function() return channel.NONE(1):get() end) and 1 or 0)\n\
         channel.NONE(2):set(1)",
        "Verbose(0)",
    );
    let text = host.warnings.join("|");
    assert!(
        text.contains("extensions.lua:3: NONE(2) is not set: there is no such function"),
        "{text}"
    );
    let host = check("app.Nothing()", "");
    assert!(host.warnings[0].contains("extensions.lua:2: application 'Nothing' not found"));
}

#[test]
fn goto_leaves_the_function_wherever_it_is_called() {
    let lua = "extensions = { a = { s = function()\n\
        pcall(function() app.goto('b', '100', 1) end)\napp.Verbose('not reached') end },\n\
        b = { ['_1XX'] = function(c, e) app.Verbose(c, e) app.goto('out') end } }";
    let conf = "[b]\nexten => _.,5(out),Verbose(conf)\n";
    let (host, _) = play(host_with(conf, lua));
    assert_eq!(host.executed.join(" "), "Verbose(b,100) Verbose(conf)", "{:?}", host.warnings);
}

#[test]
fn what_the_caller_dials_leads_to_other_extensions() {
    let lua = "extensions = { a = { s = function() app.Ask() end, i = function(_, e)\n\
        app.Verbose(e, channel.INVALID_EXTEN:get()) end,\n\
        t = function() app.Verbose('timeout') end } }";
    for (flow, expected) in [
        (Flow::Dialled { context: None, extension: "9".into() }, "Ask() Verbose(i,9)"),
        (Flow::Timeout, "Ask() Verbose(timeout)"),
    ] {
        let mut host = host_with("", lua);
        host.answers.push_back(Ok(flow));
        assert_eq!(play(host).0.executed.join(" "), expected);
    }
}

#[test]
fn both_files_are_one_dialplan_and_the_other_file_comes_first() {
    let lua = "local f = function(c, e) app.Verbose('lua', c, e) end\n\
        extensions = { a = { s = f, ['100'] = f, ['200'] = f, include = { 'more' } },\n\
        more = { ['_3XX'] = f } }";
    let conf = "[a]\nexten => _1XX,1,Verbose(conf)\n[b]\ninclude => a\n";
    for (context, extension, expected) in [
        ("a", "100", "Verbose(conf)"),
        ("a", "200", "Verbose(lua,a,200)"),
        ("b", "200", "Verbose(lua,a,200)"),
        ("b", "345", "Verbose(lua,more,345)"),
    ] {
        let mut host = host_with(conf, lua);
        block_on(run(&mut host, Position::new(context, extension, 1)));
        assert_eq!(host.executed.join(" "), expected);
    }
    let plan = host_with(conf, lua).plan;
    let text = show::show(&plan, &show::Selection::new("more")).expect("it is there");
    assert!(text.contains("[ Context 'more' created by 'pbx_lua' ]"), "{text}");
    assert!(text.contains("'_3XX' =>         1. Lua()"), "{text}");
    assert!(text.contains("[extensions.lua:1]"), "{text}");
    assert!(text.contains("Alt. Switch =>    'Lua/'"), "{text}");
}

#[test]
fn hints_are_part_of_the_dialplan() {
    let lua = "extensions = {}\nhints = { a = { ['100'] = 'PJSIP/100' } }";
    let plan = host_with("[a]\nexten => 1,hint,PJSIP/1\n", lua).plan;
    let hints: Vec<String> = plan
        .hints()
        .map(|(context, extension)| format!("{}@{}", extension.name, context.name))
        .collect();
    assert_eq!(hints, ["1@a", "100@a"]);
}

#[test]
fn the_end_of_the_call_is_an_error_at_each_application() {
    let host = check(
        "channel.X = 1\nlocal ok, why = pcall(app.Hangup, 17)\n\
         channel.GLOBAL('T'):set(tostring(ok) .. why .. tostring(check_hangup()))\n\
         app.Verbose('not reached')",
        "Hangup(17)",
    );
    assert_eq!(host.globals["T"], "false-1true");
    let lua = "extensions = { a = { s = function() app.Hangup(17) end,\n\
        h = function() app.Hangup() app.Verbose('after') end } }";
    let (host, stop) = play(host_with("", lua));
    assert_eq!(stop, Stop::Hangup { cause: 17 });
    assert_eq!(host.executed.join(" "), "Hangup(17) Hangup() Verbose(after)");
}

#[test]
fn an_error_after_the_end_of_the_call_is_said() {
    let host = check("pcall(app.Hangup, 17)\nlocal x = nil + 1", "Hangup(17)");
    assert!(host.warnings[0].starts_with("extensions.lua:3: attempt to"), "{:?}", host.warnings);
    for body in ["app.Hangup(17)", "local ok, why = pcall(app.Hangup, 17) error(why)"] {
        assert_eq!(check(body, "Hangup(17)").warnings, Vec::<String>::new());
    }
}

#[test]
fn raising_what_the_end_of_the_call_raises_ends_it() {
    let (host, stop) = play(host_with("", "extensions = { a = { s = function() error(-1) end } }"));
    assert_eq!((stop, host.warnings.len()), (Stop::NORMAL, 0), "{:?}", host.warnings);
}

#[test]
fn an_error_names_its_line_and_leads_to_e() {
    let lua = "extensions = { a = { s = function()\nlocal x = nil + 1 end } }";
    let (host, stop) = play(host_with("", lua));
    assert_eq!(stop, Stop::Hangup { cause: 41 });
    assert!(host.warnings[0].starts_with("extensions.lua:2: attempt to"), "{:?}", host.warnings);
    let lua = lua.replace("end } }", "end, e = function() app.Verbose('e') end } }");
    assert_eq!(play(host_with("", &lua)).0.executed.join(" "), "Verbose(e)");
}

#[test]
fn a_loop_without_an_end_is_ended_however_it_is_protected() {
    for body in [
        "while true do end",
        "while true do pcall(function() while true do end end) end",
        "while true do xpcall(function() while true do end end, function() end) end",
        "local f = coroutine.wrap(function() while true do end end) while true do pcall(f) end",
        "while true do coroutine.resume(coroutine.create(function() while true do end end)) end",
        "string.gsub('a', 'a', function() while true do pcall(string.rep, 'x', 10) end end)",
        "while true do load(function() while true do end end) end",
        "while true do app.Set('A=1') end",
    ] {
        let host = check(body, "");
        let text = host.warnings.join("|");
        assert!(text.contains("a loop without an end"), "{body}: {text}");
        assert!(text.contains("extensions.lua:2: "), "{body}: {text}");
    }
}

#[test]
fn a_long_computation_lets_others_run_and_an_application_allows_another() {
    let host = check(
        "for i = 1, 4 do for j = 1, 50000 do end app.Verbose(i) end",
        "Verbose(1) Verbose(2) Verbose(3) Verbose(4)",
    );
    assert!(host.turns > 5, "{}", host.turns);
}

#[test]
fn a_subroutine_that_computes_long_leaves_the_function_its_time() {
    let lua = "local function compute() for i = 1, 300000 do end end\nextensions = {\n\
        a = { s = function() app.Sub('sub') compute() app.Verbose('on') end },\n\
        sub = { s = compute } }";
    let (host, _) = play(host_with("", lua));
    assert_eq!(host.executed.join(" "), "Sub(sub) Verbose(on)", "{:?}", host.warnings);
}

#[test]
fn a_state_that_grows_without_end_is_ended() {
    let host = check("local t = {} while true do t[#t + 1] = string.rep('x', 10000) end", "");
    assert!(host.warnings[0].contains("memory"), "{:?}", host.warnings);
}

#[test]
fn recursion_without_an_end_is_an_error() {
    for body in [
        "local function f() return 1 + f() end f()",
        "local function f() return (string.gsub('a', 'a', f)) end f()",
        "local function f() return coroutine.wrap(f)() end f()",
        "local function f() pcall(f) pcall(f) end f() error('stack overflow')",
        "load('return ' .. string.rep('(', 10000) .. '1')() ",
    ] {
        let host = check(body, "");
        let text = host.warnings.join("|");
        let words = ["overflow", "memory", "a nil value", "without an end"];
        assert!(words.iter().any(|words| text.contains(words)), "{body}: {text}");
    }
}

#[test]
fn tables_of_a_hundred_thousand_texts_find_room() {
    let lua = "local t = {} for i = 1, 100000 do t[i] = 'name ' .. i end\n\
        extensions = { a = { s = function() app.Verbose(t[100000]) end } }";
    let mut host = MemoryHost::new("");
    host.plan = plan("", program_with(MemorySource::new(), lua, Limits::default()));
    assert_eq!(play(host).0.executed, ["Verbose(name 100000)"]);
}

#[test]
fn a_handler_of_the_hangup_may_be_a_function() {
    let lua = "extensions = { a = { s = function() app.Hangup() end },\n\
        done = { s = function() app.Verbose(channel.ARG1:get()) app['return']() end } }";
    let mut host = host_with("", lua);
    let handler = Handler { to: Position::new("done", "s", 1), arguments: vec!["x".to_owned()] };
    assert!(host.stack.push_handler(handler));
    let (mut host, _) = play(host);
    assert_eq!(host.executed, ["Hangup()", "Verbose(x)"], "{:?}", host.warnings);
    assert_eq!(host.stack.depth(), 0);
    assert!(host.stack.pop_handler().is_none());
}

#[test]
fn a_subroutine_may_be_a_function_and_return_a_value() {
    let lua = "extensions = { sub = { s = function() app['return'](channel.ARG1:get() * 2) end } }";
    let conf = "[a]\nexten => s,1,Gosub(sub,s,1(21))\n same => n,Verbose(${GOSUB_RETVAL})\n";
    let (host, _) = play(host_with(conf, lua));
    assert_eq!(host.executed, ["Verbose(42)"], "{:?}", host.warnings);
}

#[test]
fn coroutines_of_the_script_may_call_applications() {
    check(
        "local next_one = coroutine.wrap(function(n)\nfor i = 1, n do app.Verbose('in', i)\n\
         coroutine.yield(i * 10) end end)\napp.Verbose(next_one(2)) app.Verbose(next_one())",
        "Verbose(in,1) Verbose(10) Verbose(in,2) Verbose(20)",
    );
}

#[test]
fn variables_of_the_script_last_as_long_as_the_channel_and_are_its_own() {
    let lua = "count = 0\nlocal function f() count = count + 1 app.Verbose(count)\n\
        if count < 3 then app.goto('a', 's', 1) end end\nextensions = { a = { s = f } }";
    let host = host_with("", lua);
    let plan = host.plan.clone();
    assert_eq!(play(host).0.executed.join(" "), "Verbose(1) Verbose(2) Verbose(3)");
    let mut other = MemoryHost::new("");
    other.plan = plan;
    assert_eq!(play(other).0.executed[0], "Verbose(1)");
}

#[test]
fn printing_goes_to_the_log() {
    let host = check("print('a', 1, nil) for i = 1, 150 do print(i) end", "");
    assert_eq!(host.printed[0], "a\t1\tnil");
    let last = host.printed.last().expect("there are");
    assert_eq!(last, "51 more lines were printed and are left out");
}

#[test]
fn files_beside_it_are_read_while_it_is_loaded() {
    let source = MemorySource::new()
        .with("/etc/book.lua", "local t = { alice = 101 }\nreturn t")
        .with("/etc/more/part.lua", "extensions.a['7'] = function() app.Verbose('part') end");
    let lua = "local book = require 'book'\nextensions = { a = { s = function()\n\
        app.Verbose(book.alice, require('book').alice) app.goto('7', 1) end } }\n\
        dofile('/etc/more/part.lua')";
    let mut host = MemoryHost::new("");
    host.plan = plan("", program_with(source, lua, Limits::default()));
    let (host, _) = play(host);
    assert_eq!(host.executed.join(" "), "Verbose(101,101) Verbose(part)", "{:?}", host.warnings);
    assert!(broken("require 'none'").contains("extensions.lua:1: error: none.lua: no such file"));
    assert!(broken("dofile('../x')").contains("only files below /etc are read"));
    let host = check("require 'late'", "");
    assert!(host.warnings[0].contains("files are read while extensions.lua is loaded"));
}

#[test]
fn a_file_with_an_error_is_refused_with_its_line() {
    assert!(broken("extensions = {\n  a = = 1 }").starts_with("extensions.lua:2: error: "));
    assert!(broken("local x\nx.y = 1").contains("extensions.lua:2"));
    assert!(broken("x = 1").contains("there is no table `extensions`"));
    assert!(broken("app.Answer()").contains("extensions.lua:1: error: there is no call yet"));
    assert!(broken("while true do end").contains("a loop without an end"));
    assert!(matches!(load("/etc", &MemorySource::new(), Limits::default()), Loaded::Absent));
}

#[test]
fn what_is_no_function_is_left_out_and_said() {
    let text = "extensions = { a = { [100] = function() end, x = 3 }, b = 4 }\nprint('hello')";
    let source = MemorySource::new().with("/etc/extensions.lua", text);
    let Loaded::Program(_, found) = load("/etc", &source, Limits::default()) else {
        panic!("it can be loaded");
    };
    let found = found.iter().map(ToString::to_string).collect::<Vec<_>>().join("|");
    for words in [
        "names are strings, as in [\"100\"]",
        "is no function but of type integer",
        "is no context",
    ] {
        assert!(found.contains(words), "{found}");
    }
    assert!(found.contains("printed: hello"), "{found}");
    let names = "['\\xff'] = function() end, [''] = function() end";
    let text = format!(
        "extensions = {{ ['\\xfe'] = {{}}, a = {{ {names}, include = {{ x = 'b' }} }} }}\n\
         hints = {{ a = {{ ['1'] = '' }} }}"
    );
    let source = MemorySource::new().with("/etc/extensions.lua", text);
    let Loaded::Program(program, found) = load("/etc", &source, Limits::default()) else {
        panic!("it can be loaded");
    };
    let plan = load_with(&sidetone_conf::parse("", "extensions.conf"), Some(program));
    let found = found.iter().chain(&plan.diagnostics).map(ToString::to_string);
    let found = found.collect::<Vec<_>>().join("|");
    for words in [
        "extensions[\u{fffd}] is no context",
        "extensions.a[\u{fffd}] is left out",
        "extensions.a[] is left out",
        "extensions.a.include[x] is left out: write a list of names",
        "a hint needs a device",
    ] {
        assert!(found.contains(words), "{found}");
    }
}

#[test]
fn not_all_that_is_wrong_is_said() {
    let text = "extensions = {} for i = 1, 1000 do extensions['c' .. i] = i end";
    let source = MemorySource::new().with("/etc/extensions.lua", text);
    let Loaded::Program(_, found) = load("/etc", &source, Limits::default()) else {
        panic!("it can be loaded");
    };
    assert_eq!(found.len(), 101);
    assert!(found[100].to_string().contains("there is more to say"), "{}", found[100]);
}

#[test]
fn what_could_end_the_exchange_is_not_there() {
    for name in ["io", "os.execute", "os.exit", "os.remove", "string.dump", "debug.sethook"] {
        check(&format!("app.Verbose(tostring({name}))"), "Verbose(nil)");
    }
    let host = check("setmetatable({}, { __gc = function() end })", "");
    assert!(host.warnings[0].contains("__gc is not possible here"));
    check("app.Verbose(tostring(load('\\27Lua')))", "Verbose(nil)");
    check("app.Verbose(load('return 7')(), unpack({1, 2}))", "Verbose(7,1,2)");
}

#[test]
fn a_channel_runs_the_program_that_is_in_force() {
    let lua = |word: &str| {
        format!("extensions = {{ a = {{ s = function() app.Verbose('{word}') end }} }}")
    };
    let mut host = host_with("", &lua("old"));
    block_on(run(&mut host, Position::new("a", "s", 1)));
    host.plan = host_with("", &lua("new")).plan;
    block_on(run(&mut host, Position::new("a", "s", 1)));
    assert_eq!(host.executed.join(" "), "Verbose(old) Verbose(new)");
}

#[test]
fn the_example_of_the_guide_is_a_dialplan() {
    let guide = include_str!("../../../docs/guide/5-extensions-in-lua.md");
    let lua = guide.split("```lua\n").nth(1).and_then(|rest| rest.split("```").next());
    let plan = plan(
        "[outside]\n",
        program_with(MemorySource::new(), lua.expect("an example"), Limits::default()),
    );
    assert_eq!(plan.hints().count(), 1);
    let mut host = MemoryHost::new("");
    host.plan = plan;
    let stop = block_on(run(&mut host, Position::new("internal", "400", 1)));
    assert_eq!(stop, Stop::Hangup { cause: 41 }, "the host in memory cannot read");
    assert_eq!(host.executed, ["Answer()"]);
    assert!(host.warnings[0].contains("application 'Read' not found"), "{:?}", host.warnings);
    assert_eq!(host.printed, ["over:\tnil"]);
}
