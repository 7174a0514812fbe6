//! Behaviour of the reader as a whole.

use proptest::prelude::*;

use crate::limits::MAX_INCLUDE_DEPTH;
use crate::{Document, ExecIncludes, MemorySource, Operator, Options, Severity, load, parse};

fn read(source: &MemorySource, exec_includes: ExecIncludes) -> Document {
    let options = Options { directory: "/etc/asterisk".into(), exec_includes };
    load(source, "a.conf", &options).unwrap()
}

fn values(document: &Document, section: &str) -> Vec<String> {
    let section = document.section(section).unwrap();
    section.values.iter().map(|value| format!("{}={}", value.name, value.text)).collect()
}

fn messages(document: &Document) -> Vec<String> {
    document.diagnostics.iter().map(ToString::to_string).collect()
}

#[test]
fn templates_are_copied_before_own_values() {
    let text = "[t](!)\nallow = ulaw\nx = 1\n[u](!,t)\ny=2\n[a](u)\nx = 3\n";
    let document = parse(text, "a.conf");
    assert_eq!(values(&document, "a"), ["allow=ulaw", "x=1", "y=2", "x=3"]);
    let section = document.section("a").unwrap();
    assert_eq!(section.text("X"), Some("3"));
    assert_eq!(section.all("x").count(), 2);
    assert_eq!(section.values[0].inherited_from.as_deref(), Some("t"));
    assert_eq!(format!("{:?}", section.values[0].span), "a.conf:2:1");
    assert!(document.section("t").is_none(), "a template is not an object");
    assert!(document.diagnostics.is_empty());
}

#[test]
fn several_parents_come_in_the_order_written() {
    let document = parse("[a](!)\nx=1\n[c](!)\nx=2\n[b](a,c)\n", "a.conf");
    assert_eq!(values(&document, "b"), ["x=1", "x=2"]);
}

#[test]
fn an_unknown_parent_spoils_only_its_section() {
    let document = parse("[base](!)\nx=1\n[a](bose)\ny=1\n[b](base)\n", "a.conf");
    assert!(document.section("a").is_none());
    assert_eq!(values(&document, "b"), ["x=1"]);
    assert_eq!(
        messages(&document),
        ["a.conf:3: error: inherits from [bose], which is not defined before it \
          (define [bose](!) above this line; known: base)"]
    );
}

#[test]
fn additions_go_to_the_section_that_is_there() {
    let document = parse("[a]\nx=1\n[b]\n[a](+)\ny=2\n[c](+)\nz=3\n", "a.conf");
    assert_eq!(values(&document, "a"), ["x=1", "y=2"]);
    let all = messages(&document);
    assert!(all[0].starts_with("a.conf:6: error: nothing to add to"), "{all:?}");
    assert!(all[1].starts_with("a.conf:7: error: 'z' stands in no section"), "{all:?}");
}

#[test]
fn an_addition_selects_among_equal_names() {
    let text = "[a]\ntype=endpoint\n[a]\ntype=aor\n[a](+type=aor)\nx=1\n[a](+endpoint)\ny=2\n";
    let document = parse(text, "a.conf");
    let found: Vec<_> = document.sections_named("a").map(|s| s.values.len()).collect();
    assert_eq!(found, [2, 2]);
    assert!(document.sections[1].text("x").is_some() && document.sections[0].text("y").is_some());
}

#[test]
fn signs_are_told_apart() {
    let document = parse("[a]\nexten => 1,1,Set(b=c)\nn=v\nn += w\nm+=x\n", "a.conf");
    let section = document.section("a").unwrap();
    assert_eq!(section.values[0].operator, Operator::Object);
    assert_eq!(&*section.values[0].text, "1,1,Set(b=c)");
    assert_eq!(section.values[0].text_column, 10);
    assert_eq!(values(&document, "a")[1..], ["n=vw", "m=x"]);
}

#[test]
fn quotes_stay_and_can_be_taken_off() {
    let document = parse("[a]\nx = \"b c\"\ny = \"A\" <1>\n", "a.conf");
    let section = document.section("a").unwrap();
    assert_eq!(section.last("x").unwrap().unquoted(), "b c");
    assert_eq!(section.last("y").unwrap().unquoted(), "\"A\" <1>");
}

#[test]
fn windows_files_read_the_same() {
    let document = parse("\u{feff}[a]\r\nx = 1\r\n", "a.conf");
    assert_eq!(values(&document, "a"), ["x=1"]);
    assert!(document.diagnostics.is_empty());
}

#[test]
fn bytes_that_are_not_utf8_are_named() {
    let source = MemorySource::new().with("/etc/asterisk/a.conf", b"[a]\nx=\xe4\n".to_vec());
    let document = read(&source, ExecIncludes::Refused);
    assert_eq!(document.section("a").unwrap().values.len(), 1);
    assert!(messages(&document)[0].starts_with("a.conf:2: warning: not UTF-8"));
}

#[test]
fn includes_are_read_where_they_stand() {
    let source = MemorySource::new()
        .with("/etc/asterisk/a.conf", "[a]\n#include b.conf\ny=2\n#include \"d/*.conf\"\nz=3\n")
        .with("/etc/asterisk/b.conf", "x=1\n#tryinclude missing.conf\n")
        .with("/etc/asterisk/d/2.conf", "two=2")
        .with("/etc/asterisk/d/1.conf", "one=1");
    let document = read(&source, ExecIncludes::Refused);
    assert_eq!(values(&document, "a"), ["x=1", "y=2", "one=1", "two=2", "z=3"]);
    assert_eq!(&*document.section("a").unwrap().values[0].span.file, "b.conf");
    assert_eq!(document.files.len(), 4);
    assert!(document.diagnostics.is_empty(), "{:?}", document.diagnostics);
}

#[test]
fn a_missing_include_does_not_stop_the_file() {
    let source = MemorySource::new().with("/etc/asterisk/a.conf", "#include <x.conf>\n[a]\nx=1\n");
    let document = read(&source, ExecIncludes::Refused);
    assert_eq!(values(&document, "a"), ["x=1"]);
    assert!(
        messages(&document)[0].starts_with("a.conf:1: error: cannot include 'x.conf': no such")
    );
}

#[test]
fn includes_in_a_circle_and_too_deep_are_refused() {
    let mut source = MemorySource::new().with("/etc/asterisk/a.conf", "#include a.conf\n");
    assert!(messages(&read(&source, ExecIncludes::Refused))[0].contains("includes itself"));
    source.set("/etc/asterisk/a.conf", "#include 0.conf\n");
    for level in 0..20 {
        let content = format!("#include {}.conf\n[s{level}]\n", level + 1);
        source.set(format!("/etc/asterisk/{level}.conf"), content);
    }
    let document = read(&source, ExecIncludes::Refused);
    assert_eq!(document.files.len(), MAX_INCLUDE_DEPTH + 1);
    assert!(messages(&document)[0].contains("nest deeper than 10"), "{:?}", document.diagnostics);
}

#[test]
fn exec_runs_only_when_allowed() {
    let source = MemorySource::new()
        .with("/etc/asterisk/a.conf", "[a]\n#exec /bin/gen --all\n")
        .with_command("/bin/gen --all", "x=1\n");
    assert_eq!(values(&read(&source, ExecIncludes::Allowed), "a"), ["x=1"]);
    let refused = read(&source, ExecIncludes::Refused);
    assert!(values(&refused, "a").is_empty());
    assert!(messages(&refused)[0].contains("execincludes = yes"));
}

#[test]
fn a_broken_header_takes_its_values_with_it() {
    let document = parse("[a]\nx=1\n[b\ny=2\n", "a.conf");
    assert_eq!(values(&document, "a"), ["x=1"]);
    assert_eq!(document.diagnostics.len(), 2);
    assert!(document.has_errors());
}

#[test]
fn a_line_without_a_sign_is_a_warning() {
    let document = parse("[a]\nhello\n#foo x\n", "a.conf");
    assert!(document.diagnostics.iter().all(|d| d.severity == Severity::Warning));
    assert_eq!(document.diagnostics.len(), 2);
}

#[test]
fn an_open_block_comment_is_reported_where_it_starts() {
    let document = parse("[a]\n;-- oops\nx=1\n", "a.conf");
    assert_eq!(document.diagnostics[0].span.line, 2);
    assert!(values(&document, "a").is_empty());
}

#[test]
fn templates_that_double_at_every_step_stop_at_the_limit() {
    let mut text = String::from("[t0](!)\na=1\nb=2\n");
    for step in 1..40 {
        text.push_str(&format!("[t{step}](!,t{0},t{0})\n", step - 1));
    }
    let document = parse(&text, "a.conf");
    assert!(messages(&document).iter().any(|text| text.contains("more than 5000000 values")));
}

proptest! {
    #[test]
    fn any_text_reads_and_prints_stably(text in "([\\[\\]a-c=>+;!()#\\- \\\\\"]|\n){0,200}") {
        crate::fuzz::fuzz_conf(text.as_bytes());
    }

    #[test]
    fn any_bytes_read(data: Vec<u8>) {
        crate::fuzz::fuzz_conf(&data);
    }

    #[test]
    fn values_survive_printing(name in "[a-z_]{1,8}", text in "[!-~]([ -~]{0,30}[!-~])?") {
        let escaped = text.replace(';', "\\;");
        let document = parse(&format!("[s]\n{name} = {escaped}\n"), "a.conf");
        let section = document.section("s").unwrap();
        prop_assert_eq!(section.text(&name), Some(&*text));
    }
}
