//! The run loop and the applications of control flow.

use crate::fuzz::{MemoryHost, block_on};
use crate::{Flow, Handler, Host, Position, Stop, run, run_hangup_handlers, run_subroutine};

/// Runs `s` of `[a]` and answers the applications of the host that ran.
#[track_caller]
fn check(text: &str, expected: &str) -> MemoryHost {
    let (host, _) = play(MemoryHost::new(text));
    assert_eq!(host.executed.join(" "), expected, "{:?}", host.warnings);
    host
}

fn play(mut host: MemoryHost) -> (MemoryHost, Stop) {
    let stop = block_on(run(&mut host, Position::new("a", "s", 1)));
    (host, stop)
}

#[test]
fn variables_are_set_with_markers_functions_and_equals_signs() {
    let host = check(
        "[a]\nexten => s,1,Set(A=1=2,3)\nsame => n,Set(__B= x)\nsame => n,Set(GLOBAL(C)=${A})\n\
         same => n,MSet(D=1,E=\"2,3\",F=)\nsame => n,Set(LOCAL(x=y)=1)\nsame => n,Set(oops)\n\
         same => n,V(${A}|${B}|${C}|${D}|${E}|${F})\n",
        "V(1=2,3| x|1=2,3|1|2,3|)",
    );
    assert_eq!(host.warnings.len(), 2, "{:?}", host.warnings);
}

#[test]
fn setting_a_function_that_is_not_there_ends_the_call_or_leads_to_e() {
    let plan = "[a]\nexten => s,1,Set(NOSUCH(1)=2)\nsame => n,V(wrong)\n";
    let host = check(plan, "");
    assert_eq!(host.warnings, ["NOSUCH(1) is not set: there is no such function"]);
    check(&plan.replace("Set(", "MSet(A=1,"), "");
    check(&plan.replace("Set(NOSUCH(1)=2)", "ExecIf(1?Set(NOSUCH(1)=2))"), "");
    check(&format!("{plan}exten => e,1,V(${{EXCEPTION(reason)}})\n"), "V(ERROR)");
}

#[test]
fn goto_takes_all_forms() {
    check(
        "[a]\nexten => s,1,Goto(3)\nsame => n,V(wrong)\nsame => n,Goto(x,here)\n\
         exten => x,1,V(wrong)\nsame => n(here),Goto(b,y,1)\n\
         [b]\nexten => y,1,Goto(+2)\nsame => n,V(wrong)\nsame => n,GotoIf(0?1:out)\n\
         same => n,V(wrong)\nsame => n(out),GotoIf(1?:out)\nsame => n,V(${CONTEXT},${EXTEN})\n",
        "V(b,y)",
    );
}

#[test]
fn a_goto_to_nowhere_hangs_up_or_leads_to_i() {
    let host = check("[a]\nexten => s,1,Goto(nolabel)\nsame => n,V(wrong)\n", "");
    assert!(host.warnings[0].contains("nolabel"));
    check(
        "[a]\nexten => s,1,Goto(7,1)\nexten => i,1,V(${INVALID_EXTEN} ${EXCEPTION(reason)})\n",
        "V(7 INVALID)",
    );
    let (_, stop) = play(MemoryHost::new("[a]\nexten => s,1,Goto(7,1)\n"));
    assert_eq!(stop, Stop::Hangup { cause: 1 });
}

#[test]
fn loops_nest_break_and_continue() {
    check(
        "[a]\nexten => s,1,Set(I=0)\nsame => n,While($[${I} < 3])\nsame => n,Set(I=$[${I} + 1])\n\
         same => n,Set(J=0)\nsame => n,While($[${J} < 5])\nsame => n,Set(J=$[${J} + 1])\n\
         same => n,ExecIf($[${J} = 2]?ContinueWhile())\nsame => n,ExecIf($[${J} = 4]?ExitWhile())\n\
         same => n,V(${I}${J})\nsame => n,EndWhile()\nsame => n,EndWhile()\nsame => n,V(end)\n",
        "V(11) V(13) V(21) V(23) V(31) V(33) V(end)",
    );
}

#[test]
fn branches_run_exactly_one_part() {
    for (value, expected) in [(1, "V(one)"), (2, "V(two) V(nested)"), (3, "V(other)")] {
        check(
            &format!(
                "[a]\nexten => s,1,Set(X={value})\nsame => n,If($[${{X}} = 1])\nsame => n,V(one)\n\
                 same => n,ElseIf($[${{X}} = 2])\nsame => n,V(two)\nsame => n,If(1)\n\
                 same => n,V(nested)\nsame => n,ExitIf()\nsame => n,V(no)\nsame => n,Else()\n\
                 same => n,V(no)\nsame => n,EndIf()\nsame => n,Else()\nsame => n,V(other)\n\
                 same => n,EndIf()\n"
            ),
            expected,
        );
    }
}

#[test]
fn subroutines_have_arguments_locals_and_values() {
    let host = check(
        "[a]\nexten => s,1,Set(L=outer)\nsame => n,Gosub(sub,s,1(one,\"two,three\",3))\n\
         same => n,V(${GOSUB_RETVAL} ${L} [${ARG1}${ARGC}])\nsame => n,GosubIf(0?x:again,1(z))\n\
         same => n,V(last)\n\
         exten => again,1,StackPop()\nsame => n,Return()\n\
         [sub]\nexten => s,1,Set(LOCAL(L)=inner)\nsame => n,V(${ARGC} ${ARG2} ${L})\n\
         same => n,Gosub(sub2,1(x))\nsame => n,V(${LOCAL_PEEK(1,L)} ${ARG1})\n\
         same => n,Return(back)\n\
         exten => sub2,1,V(${ARG1}${ARG2} ${STACK_PEEK(1,l)} ${STACK_PEEK(2,e)})\n\
         same => n,Return()\n",
        "V(3 two,three inner) V(x sub,s,4 s) V(outer one) V(back outer [])",
    );
    assert!(host.warnings.iter().any(|text| text.contains("Return without")));
    assert_eq!(host.stack.depth(), 0);
}

#[test]
fn endless_recursion_ends() {
    let host = check("[a]\nexten => s,1,Gosub(s,1)\n", "");
    assert!(host.warnings[0].contains("too many Gosubs"));
}

#[test]
fn an_endless_goto_lets_others_run_and_can_be_hung_up() {
    let mut host = MemoryHost::new("[a]\nexten => s,1(x),NoOp()\nsame => n,Goto(x)\n");
    host.turns_left = 5_000;
    let (host, stop) = play(host);
    assert_eq!(stop, Stop::Hangup { cause: 16 });
    assert_eq!(host.turns, 5_001);
    assert_eq!(host.warnings.len(), 1, "{:?}", host.warnings);
    assert!(host.warnings[0].contains("circle"));
}

#[test]
fn the_end_of_an_extension_follows_the_dial_status() {
    for (status, expected, cause) in [
        ("BUSY", "Busy(10)", 17),
        ("CONGESTION", "Congestion(10)", 34),
        ("CHANUNAVAIL", "Congestion(10)", 34),
        ("NOANSWER", "", 16),
    ] {
        let text = format!("[a]\nexten => s,1,Set(DIALSTATUS={status})\n");
        let (host, stop) = play(MemoryHost::new(&text));
        assert_eq!(host.executed.join(" "), expected);
        assert_eq!(stop, Stop::Hangup { cause });
        assert_eq!(host.special, [format!("auto {status}")]);
    }
    let text = "[a]\nexten => s,1,Set(DIALSTATUS=CONGESTION)\nsame => n,Set(HANGUPCAUSE=21)\n";
    let (_, stop) = play(MemoryHost::new(text));
    assert_eq!(stop, Stop::Hangup { cause: 21 }, "the caller hears why");
    check("[general]\nautofallthrough=no\n[a]\nexten => s,1,NoOp()\n", "WaitExten()");
}

/// A host with hangup handlers at extensions of `[a]`, pushed in this order.
fn with_handlers(text: &str, handlers: &[&str]) -> MemoryHost {
    let mut host = MemoryHost::new(text);
    for extension in handlers {
        let to = Position::new("a", extension, 1);
        let handler = Handler { to, arguments: vec![format!("for {extension}")] };
        assert!(host.stack().push_handler(handler));
    }
    host
}

#[test]
fn hangup_handlers_run_after_h_the_last_one_first_each_with_its_arguments() {
    let text = "[a]\nexten => s,1,Hangup(17)\nexten => h,1,V(h)\n\
                exten => one,1,V(one ${ARG1})\nsame => n,Hangup()\nsame => n,Return()\n\
                exten => two,1,V(two ${ARG1})\n";
    let (host, stop) = play(with_handlers(text, &["one", "none", "two"]));
    assert_eq!(host.executed.join(" "), "Hangup(17) V(h) V(two for two) V(one for one) Hangup()");
    assert_eq!(stop, Stop::Hangup { cause: 17 });
    assert!(host.warnings[0].contains("none"), "{:?}", host.warnings);
    let mut called = with_handlers(text, &["two"]);
    block_on(run_hangup_handlers(&mut called, 16));
    assert_eq!(called.executed.join(" "), "V(two for two)", "a called channel has no h");
    assert_eq!(called.stack().pop_handler(), None);
}

#[test]
fn hangup_handlers_have_an_end() {
    let text = "[a]\nexten => s,1,Hangup()\nexten => one,1,Goto(1)\n";
    let (host, _) = play(with_handlers(text, &["one"]));
    assert!(host.warnings[0].contains("circle"), "{:?}", host.warnings);
    let mut host = with_handlers(text, &["one"; 100]);
    let handler = Handler { to: Position::new("a", "one", 1), arguments: Vec::new() };
    assert!(!host.stack().push_handler(handler), "a hundred are enough");
    host.stack().wipe_handlers();
    assert_eq!(host.stack().pop_handler(), None);
}

#[test]
fn the_hangup_extension_runs_to_its_end_whatever_applications_say() {
    let host = check(
        "[a]\nexten => s,1,Gosub(sub,s,1)\nsame => n,V(never)\nexten => h,1,V(wrong)\n\
         [sub]\nexten => s,1,Hangup(17)\nexten => h,1,Ask()\nsame => n,Hangup()\n\
         same => n,V(${CONTEXT})\nsame => n,Return()\nsame => n,V(never)\n",
        "Hangup(17) Ask() Hangup() V(sub)",
    );
    assert_eq!(host.special, ["h"]);
    let (host, _) = play(MemoryHost::new("[a]\nexten => s,1,Hangup\nexten => h,1,Goto(1)\n"));
    assert!(host.warnings[0].contains("circle"));
}

#[test]
fn digits_timeouts_and_redirections_lead_elsewhere() {
    let text = "[a]\nexten => s,1,Ask()\nexten => _1XX,1,V(${EXTEN})\nsame => n,Ask()\n\
                exten => i,1,V(i ${INVALID_EXTEN})\nsame => n,Ask()\nexten => t,1,V(t)\n\
                same => n,Ask()\nexten => T,1,V(T)\nsame => n,Ask()\n[b]\nexten => x,5,V(b)\n\
                same => n,Ask()\n";
    let mut host = MemoryHost::new(text);
    let dialled = |digits: &str| Flow::Dialled { context: None, extension: digits.into() };
    host.answers = [
        Ok(dialled("123")),
        Ok(dialled("999")),
        Ok(Flow::Timeout),
        Err(Stop::AbsoluteTimeout),
        Err(Stop::Redirect(Position::new("b", "x", 5))),
        Err(Stop::Detached),
    ]
    .into();
    let (host, stop) = play(host);
    let texts: Vec<_> = host.executed.iter().filter(|text| text.starts_with('V')).collect();
    assert_eq!(texts, ["V(123)", "V(i 999)", "V(t)", "V(T)", "V(b)"]);
    assert_eq!(stop, Stop::Detached);
}

#[test]
fn exceptions_lead_to_e() {
    check(
        "[a]\nexten => s,1,RaiseException(why)\n\
         exten => e,1,V(${EXCEPTION(reason)} ${EXCEPTION(exten)} ${EXCEPTION(priority)})\n",
        "V(why s 1)",
    );
    let big =
        format!("[a]\nexten => s,1,Set(X={})\nsame => n,Set(X=${{X}}${{X}})\n", "x".repeat(40_000));
    let host = check(&format!("{big}exten => e,1,V(${{EXCEPTION(reason)}})\n"), "V(ERROR)");
    assert!(host.warnings[0].contains("65536 bytes"), "{:?}", host.warnings);
    let (_, stop) = play(MemoryHost::new(&big));
    assert_eq!(stop, Stop::Hangup { cause: 41 });
}

#[test]
fn a_call_begins_at_s_when_its_extension_is_missing() {
    let mut host = MemoryHost::new("[a]\nexten => s,1,V(${EXTEN})\n");
    block_on(run(&mut host, Position::new("a", "4711", 1)));
    assert_eq!(host.executed, ["V(s)"]);
}

#[test]
fn computed_applications_run() {
    let host = check(
        "[a]\nexten => s,1,Exec(V(1,2))\nsame => n,ExecIf(1?V(a:b):V(c))\n\
         same => n,TryExec(Nope())\nsame => n,V(${TRYSTATUS})\n\
         same => n,TryExec(Verbose(x))\nsame => n,V(${TRYSTATUS})\n\
         same => n,ExecIfTime(*,*,*,*?V(now))\nsame => n,GotoIfTime(*?out)\nsame => n,V(wrong)\n\
         same => n(out),noop()\n",
        "V(1,2) V(a:b) V(NOAPP) Verbose(x) V(SUCCESS) V(now)",
    );
    assert!(host.warnings.is_empty(), "{:?}", host.warnings);
    let nested = "Exec(".repeat(500) + &")".repeat(500);
    check(&format!("[a]\nexten => s,1,{nested}\n"), "");
}

#[test]
fn applications_can_run_subroutines() {
    let mut host = MemoryHost::new(
        "[a]\nexten => s,1,V(${ARG1})\nsame => n,Gosub(t,1)\nsame => n,Return(done)\n\
         exten => t,1,Return()\n[b]\nexten => s,1,V(end)\nexten => r,1,Hangup()\n",
    );
    host.set_position(&Position::new("b", "x", 7));
    let sub = |host: &mut MemoryHost, context: &str, extension: &str| {
        let target = Position::new(context, extension, 1);
        block_on(run_subroutine(host, target, &["hello".to_owned()]))
    };
    assert_eq!(sub(&mut host, "a", "s"), Ok("done".to_owned()));
    assert_eq!(sub(&mut host, "b", "s"), Ok(String::new()));
    assert_eq!(sub(&mut host, "b", "r"), Err(Stop::NORMAL));
    assert_eq!(host.stack.depth(), 0);
    assert_eq!(host.position, Position::new("b", "x", 7));
    assert_eq!(host.executed, ["V(hello)", "V(end)", "Hangup()"]);
}

#[test]
fn the_futures_may_move_between_threads() {
    fn assert_send<T: Send>(_: &T) {}
    let mut host = MemoryHost::new("");
    assert_send(&run(&mut host, Position::new("a", "s", 1)));
    assert_send(&crate::expand(&mut host, "x"));
}

#[test]
fn every_application_has_a_reference_page() {
    for builtin in crate::builtin::BUILTINS {
        let doc = builtin.doc();
        assert!(!doc.synopsis.is_empty() && !doc.synopsis.ends_with('.'), "{}", doc.name);
        assert_eq!(crate::builtin::find(&doc.name.to_uppercase()), Some(*builtin));
    }
}
