//! What is said about a dialplan when it is loaded.

use crate::fuzz::MemoryHost;
use crate::host::Callable;

fn findings(text: &str) -> Vec<String> {
    let plan = MemoryHost::new(text).plan;
    plan.diagnostics.iter().map(ToString::to_string).collect()
}

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    let found = findings(text);
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.contains(expected), "{found}\n  has no\n{expected}");
    }
}

#[test]
fn a_usual_dialplan_has_nothing_to_say() {
    check(
        "[general]\nautofallthrough=yes\nclearglobalvars=no\n\
         [globals]\nTRUNK=PJSIP/trunk\nOUT=${TRUNK}/x\n\
         [sets]\nexten => 602,1,Answer()\n same => n(again),Playback(bench-440)\n\
         same => n,Goto(again)\nexten => 602,hint,PJSIP/602\n\
         exten => _X.,1,GotoIf($[${X}]?sub,s,1:${CONTEXT},t,1)\n same => n+5(far),Hangup\n\
         exten => t,1,Goto(sub,s,start)\nignorepat => 9\n\
         [sub]\nexten => s,1(start),Return()\n",
        &[],
    );
}

#[test]
fn what_would_guard_the_file_against_commands_is_said_to_have_no_effect() {
    check("[general]\nstatic=yes\nwriteprotect=no\n", &["no command writes", "no command writes"]);
}

#[test]
fn globals_refer_to_earlier_ones_and_serve_in_names() {
    let plan =
        MemoryHost::new("[globals]\nA=12\nB=${A}34\nC=${B:1:2}\n[c]\nexten => ${B},1,NoOp(${B})\n")
            .plan;
    assert_eq!(plan.globals[1].1, "1234");
    assert_eq!(plan.globals[2].1, "23");
    let extension = &plan.context("c").expect("c").extensions[0];
    assert_eq!(&*extension.name, "1234");
    assert_eq!(&*extension.priorities[0].arguments, "${B}");
}

#[test]
fn slips_are_named_with_file_line_and_remedy() {
    check("[a]\nexten => 1,1,X\nexten => 1,1,Y\n", &["conf:3: error: priority 1 of 1 is already"]);
    check("[a]\nexten => 1,2,X\n", &["conf:2: warning: 1 begins at priority 2"]);
    check("[a]\nexten => 1,1,X\nsame => 3,Y\n", &["conf:3: warning: 1 has no priority 2"]);
    check("[internal]\n[a]\ninclude => intrenal\n", &["perhaps internal is meant"]);
    check("[a]\nexten => 1,1(again),X\nsame => n,Goto(agian)\n", &["perhaps again is meant"]);
    check("[a]\nexten => 1,1,Goto(b,1,1)\n", &["there is no context b"]);
    check("[a]\nexten => 1,1,Goto(2,1)\n", &["there is no 2 with priority 1"]);
    check("[a]\nexten => 1,1(x),X\nsame => n(x),Y\n", &["the label x is already at priority 1"]);
    check("[a]\nexten => 1,n,X\n", &["the first priority needs a number"]);
    check("[a]\nsame => n,X\n", &["`same` needs an `exten`"]);
    check("[a]\nexten => 1|1|Dial|PJSIP/1\n", &["use commas"]);
    check("[a]\nexten => 1,1,NoOp(${X)\n", &["no closing bracket"]);
    check("[a]\nexten => _[12,1,X\n", &["has no priority"]);
    check("[a]\nexten => _1.2,1,X\nsame => n,Y\n", &["`.` and `!` must be last"]);
    check("[a]\nexten => _.,1,X\n", &["also matches the special extensions"]);
    check("[a]\nexten => _john,1,X\n", &["stand for digits"]);
    check("[a]\nswitch => Realtime/a\n", &["switch is not supported"]);
    check("[a]\ninclude => a,9-17\n", &["not included"]);
    check("[a]\nfoo => bar\n", &["`foo` is nothing a context can hold"]);
    check("[general]\nautofallthrough=maybe\n", &["yes or no"]);
    check("[general]\nuserscontext=x\nextenpatternmatchnew=no\n", &["no effect", "no effect"]);
}

#[test]
fn a_wrong_line_does_not_move_the_ones_after_it() {
    let plan = MemoryHost::new("[a]\nexten => 1,1,X\nsame => n,Dial|x\nsame => n,Z\n").plan;
    let extension = &plan.context("a").expect("a").extensions[0];
    assert_eq!(extension.priority(3).map(|p| &*p.application), Some("Z"));
}

#[test]
fn unknown_applications_and_functions_are_named_once() {
    let plan = MemoryHost::new(
        "[a]\nexten => 1,1,Dial(${FOO(${BAR(1)})})\nsame => n,Nope()\nsame => n,nope()\n\
         same => n,Set(BAZ(x)=$[${FOO(2)}])\nsame => n,GotoIf(1?1)\n",
    )
    .plan;
    let applications = plan.unknown_applications(&|name| name == "Dial");
    assert_eq!(applications.len(), 1);
    assert!(applications[0].to_string().starts_with("extensions.conf:3: error"));
    let functions = plan.unknown_functions(&|_| false);
    let names: Vec<_> = functions.iter().map(|found| found.message.as_str()).collect();
    assert_eq!(
        names,
        ["there is no function FOO", "there is no function BAR", "there is no function BAZ"]
    );
}

#[test]
fn applications_inside_others_are_named_too() {
    let plan = MemoryHost::new(
        "[a]\nexten => 1,1,ExecIf($[\"${X}\" = \"\"]?VoiceMail(x:y):Queue(z))\n\
         same => n,Exec(Page(a))\nsame => n,ExecIfTime(9:00-17:00,mon-fri,*,*?Park())\n\
         same => n,TryExec(ChanSpy(x))\nsame => n,Originate(PJSIP/bob,app,ConfBridge,\"1\")\n\
         same => n,Exec(ExecIf(1?Festival(hi)))\nsame => n,Exec(${WHAT})\n\
         same => n,ExecIf(1?${WHAT}(x):Set(NOSUCH(x)=1))\nsame => n,Originate(x,exten,a,1,1)\n",
    )
    .plan;
    assert_eq!(plan.diagnostics, Vec::new());
    let found = plan.unknown_applications(&|name| name == "Originate");
    let found: Vec<_> = found.iter().map(ToString::to_string).collect();
    for (line, severity, name) in [
        (2, "error", "VoiceMail"),
        (2, "error", "Queue"),
        (3, "error", "Page"),
        (4, "error", "Park"),
        (5, "notice", "ChanSpy"),
        (6, "error", "ConfBridge"),
        (7, "error", "Festival"),
    ] {
        let words = format!("extensions.conf:{line}: {severity}: there is no application {name}");
        assert!(found.iter().any(|text| text.starts_with(&words)), "{words}: {found:?}");
    }
    assert_eq!(found.len(), 7, "{found:?}");
    let functions = plan.unknown_functions(&|_| false);
    assert_eq!(functions.len(), 1, "{functions:?}");
    assert_eq!(functions[0].message, "there is no function NOSUCH");
    let off = plan.switched_off(&|what| match what {
        Callable::Application("Page" | "ChanSpy") => Some("off".to_owned()),
        _ => None,
    });
    assert_eq!(off.len(), 1, "what TryExec runs may be missing: {off:?}");
}

#[test]
fn dead_ends_inside_other_applications_are_found() {
    let plan = MemoryHost::new(
        "[a]\nexten => 1,1(top),ExecIf($[${A} > 1]?Goto(intenal,1,1):Gosub(internal,1,1(x)))\n\
         same => n,ExecIf(${B}?Goto(nowhere))\nsame => n,Exec(Goto(internal,77,1))\n\
         same => n,ExecIf(1?GotoIf(${C}?top:tip))\nsame => n,Originate(x,app,Goto,gone)\n\
         [internal]\nexten => 1,1,Return()\n",
    )
    .plan;
    let found: Vec<_> = plan.diagnostics.iter().map(ToString::to_string).collect();
    for (line, words) in [
        (2, "there is no context intenal to be gone to (perhaps internal is meant)"),
        (3, "there is no label nowhere in 1 of context a"),
        (4, "there is no 77 with priority 1 in context internal"),
        (5, "there is no label tip in 1 of context a (perhaps top is meant)"),
    ] {
        let place = format!("extensions.conf:{line}:");
        let says = |text: &String| text.starts_with(&place) && text.contains(words);
        assert!(found.iter().any(says), "{words}: {found:?}");
    }
    assert_eq!(found.len(), 4, "{found:?}");
}

#[test]
fn contexts_written_twice_are_joined() {
    let plan = MemoryHost::new("[a]\nexten => 1,1,X\n[b]\n[a]\nexten => 1,2,Y\n").plan;
    assert_eq!(plan.contexts().len(), 2);
    assert_eq!(plan.context("a").expect("a").extensions[0].priorities.len(), 2);
}
