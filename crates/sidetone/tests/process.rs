//! The binary as an operator uses it: start, ask, reload, stop, and what it says when something
//! is wrong.

#![allow(dead_code, reason = "each test file uses a part of the support")]

mod support;

use std::fs;
use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::UdpSocket;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use support::phone::Phone;
use support::{BINARY, Exchange, free_port, pjsip};

/// Whether something answers OPTIONS at the port.
fn answers(port: u16) -> bool {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    socket.set_read_timeout(Some(Duration::from_millis(400))).expect("a timeout");
    let local = socket.local_addr().expect("an address");
    let request = format!(
        "OPTIONS sip:127.0.0.1:{port} SIP/2.0\r\n\
         Via: SIP/2.0/UDP {local};branch=z9hG4bK{port};rport\r\n\
         From: <sip:desk@127.0.0.1>;tag=1\r\nTo: <sip:127.0.0.1>\r\nCall-ID: {local}\r\n\
         CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    );
    for _ in 0..5 {
        socket.send_to(request.as_bytes(), ("127.0.0.1", port)).expect("sent");
        let mut buffer = [0; 2_048];
        if let Ok(length) = socket.recv(&mut buffer) {
            return buffer[..length].starts_with(b"SIP/2.0 401");
        }
    }
    false
}

#[test]
fn an_operator_asks_reloads_and_stops() {
    let (port, other) = (free_port(), free_port());
    let mut exchange = Exchange::new("life", port);
    exchange.start();
    assert!(exchange.logs("extensions.conf:3"), "{}", exchange.log());
    assert!(exchange.answer("core show version").starts_with("Sidetone "));
    assert!(exchange.answer("pjsip show endpoints").contains("Endpoint:  desk"));
    assert!(exchange.answer("core show channels").contains("0 active channels"));
    assert!(exchange.answer("dialplan show a").contains("Nonsense"));
    assert!(exchange.answer("core show application Echo").contains("[Synopsis]"));
    assert!(exchange.answer("pjsip show endpoint desk").contains(" context "), "its options");
    assert!(exchange.answer("pjsip show identifiers").starts_with("Identifier Names:"));
    assert!(exchange.answer("pjsip show settings").contains("Global Settings:"));
    assert!(exchange.answer("core set debug 1").contains("is now 1"));
    assert!(exchange.answer("core set debug off").contains("is now OFF"));
    let channels = exchange.answer("logger show channels");
    assert!(channels.starts_with("Logger queue limit: 16384\n\nChannel "), "{channels}");
    let head = channels.lines().nth(2).expect("the names of the columns");
    assert_eq!((head.find("Type"), head.find("Configuration")), (Some(36), Some(66)), "{head}");
    assert!(channels.contains("Console  default    Enabled    - "), "{channels}");
    assert_eq!(exchange.ask("pjsip show endpoint nobody").status.code(), Some(1));
    let unknown = exchange.ask("no such thing");
    assert_eq!(unknown.status.code(), Some(1));
    assert!(answers(port));

    exchange.write("pjsip.conf", &pjsip(other));
    exchange.answer("core reload");
    assert!(answers(other) && !answers(port), "the listener moves with a reload");
    let password = pjsip(other).replace("auth = desk", "auth = dask");
    exchange.write("pjsip.conf", &password);
    exchange.answer("core reload");
    assert!(exchange.logs("did you mean 'desk'"), "{}", exchange.log());
    assert!(exchange.answer("pjsip show endpoints").contains("Endpoint:  desk"), "it stays");

    exchange.answer("core stop now");
    let status = exchange.child.as_mut().map(|child| child.wait().expect("it ends"));
    assert!(status.is_some_and(|status| status.success()));
    assert!(!exchange.folder.join("asterisk.ctl").exists());
}

#[test]
fn the_process_id_stands_in_the_run_directory_while_it_runs() {
    let mut exchange = Exchange::new("pid", free_port());
    exchange.write("sidetone.pid", "999999\n");
    exchange.start();
    let written = fs::read_to_string(exchange.folder.join("sidetone.pid")).expect("a process id");
    let id = exchange.child.as_ref().expect("it runs").id();
    assert_eq!(written, format!("{id}\n"), "that of a dead process is replaced");
    exchange.answer("core stop now");
    let status = exchange.child.as_mut().map(|child| child.wait().expect("it ends"));
    assert!(status.is_some_and(|status| status.success()));
    assert!(!exchange.folder.join("sidetone.pid").exists());
}

/// As in `sidetone -rx 'core show help' | head -1`.
#[test]
fn a_reader_that_closes_early_ends_an_answer_quietly() {
    let mut exchange = Exchange::new("head", free_port());
    exchange.start();
    let mut command = exchange.command();
    command.args(["-rx", "core show help"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it runs");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}

/// What a line of `core show settings` says.
fn setting(exchange: &Exchange, name: &str) -> String {
    let settings = exchange.answer("core show settings");
    let value = settings.lines().find_map(|line| line.trim_start().strip_prefix(name));
    value.unwrap_or_else(|| panic!("no {name} in {settings}")).trim().to_owned()
}

/// Starts it where a crash leaves no core file, unless it changes that itself.
fn start_without_cores(exchange: &mut Exchange, flags: &[&str]) {
    let log = fs::File::create(exchange.folder.join("out")).expect("a file");
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -S -c 0; exec \"$0\" \"$@\"", BINARY]).args(flags);
    let child = command.arg("-C").arg(exchange.folder.join("asterisk.conf")).stdout(log).spawn();
    exchange.child = Some(child.expect("it starts"));
    exchange.wait();
}

fn add_options(exchange: &Exchange, lines: &str) {
    let path = exchange.folder.join("asterisk.conf");
    let text = fs::read_to_string(path).expect("a file");
    exchange.write("asterisk.conf", &format!("{text}[options]\n{lines}\n"));
}

fn signal(exchange: &Exchange, name: &str) {
    let id = exchange.child.as_ref().expect("it runs").id().to_string();
    assert!(Command::new("kill").args([name, &id]).status().expect("kill is there").success());
}

/// Whether it ends by itself within ten seconds, without a fault.
fn ends(exchange: &mut Exchange) -> bool {
    let child = exchange.child.as_mut().expect("it runs");
    let end = Instant::now() + Duration::from_secs(10);
    while Instant::now() < end {
        if let Some(status) = child.try_wait().expect("a status") {
            return status.success();
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}

#[test]
fn options_of_asterisk_conf_act_as_the_flags_do() {
    let mut exchange = Exchange::new("options", free_port());
    add_options(&exchange, "dumpcore = yes\nhighpriority = yes");
    start_without_cores(&mut exchange, &["-f"]);
    let limits = exchange.proc("limits");
    let cores = limits.lines().find(|line| line.starts_with("Max core file size")).expect("a line");
    let columns: Vec<&str> = cores.split_whitespace().collect();
    assert_eq!(columns[4], columns[5], "as far as it goes: {cores}");
    assert_eq!(setting(&exchange, "Dump core on crash:"), "Yes");
    let stat = exchange.proc("stat");
    let after_name = stat.rsplit(')').next().expect("fields");
    let has_priority = after_name.split_whitespace().nth(38) == Some("2");
    assert!(has_priority || exchange.logs("no real-time priority"), "{}", exchange.log());
}

/// A terminal that `script` makes: nothing else in a test is one.
#[test]
fn nocolor_leaves_the_colours_of_a_terminal_out() {
    for (line, coloured) in [("nocolor = no", true), ("nocolor = yes", false)] {
        let mut exchange = Exchange::new(&format!("colours-{coloured}"), free_port());
        add_options(&exchange, line);
        let asterisk = exchange.folder.join("asterisk.conf").display().to_string();
        // Ended by itself should the test fail: it outlives its terminal.
        let started = format!("timeout --foreground 60 '{BINARY}' -f -C '{asterisk}'");
        let log = fs::File::create(exchange.folder.join("out")).expect("a file");
        let mut terminal = Command::new("script");
        terminal.args(["-qec", &started, "/dev/null"]).stdin(Stdio::null()).stdout(log);
        exchange.child = Some(terminal.spawn().expect("it starts"));
        exchange.wait();
        assert!(exchange.logs("Asterisk Ready"), "{}", exchange.log());
        exchange.answer("core stop now");
        assert!(ends(&mut exchange));
        // What is said of the configuration comes before it is in force.
        let log = exchange.log();
        assert!(log.contains("extensions.conf:3: error"), "from the beginning: {log}");
        let line = log.lines().find(|line| line.contains("Asterisk Ready")).expect("a line");
        assert_eq!(line.contains("\x1b["), coloured, "{line}");
    }
}

#[test]
fn flags_of_the_process_act() {
    let mut exchange = Exchange::new("flags", free_port());
    start_without_cores(&mut exchange, &["-fgpTWnm"]);
    let limits = exchange.proc("limits");
    let cores = limits.lines().find(|line| line.starts_with("Max core file size")).expect("a line");
    let columns: Vec<&str> = cores.split_whitespace().collect();
    assert_eq!(columns[4], columns[5], "-g raises the limit as far as it goes: {cores}");
    let files = limits.lines().find(|line| line.starts_with("Max open files")).expect("a line");
    let columns: Vec<&str> = files.split_whitespace().collect();
    assert_eq!(columns[3], columns[4], "as many files as there may be: {files}");
    // The 41st field of stat is the scheduling policy, 2 for round robin (proc(5)).
    let stat = exchange.proc("stat");
    let after_name = stat.rsplit(')').next().expect("fields");
    let policy = after_name.split_whitespace().nth(38);
    let may = policy == Some("2");
    assert_eq!(setting(&exchange, "Dump core on crash:"), "Yes");
    assert!(may || running_as_root_without_nice(), "-p asks for real-time priority: {stat}");
    assert!(!exchange.log().contains("NOTICE"), "-m mutes: {}", exchange.log());
}

/// Whether the kernel keeps even root from real-time priority, as in containers.
fn running_as_root_without_nice() -> bool {
    let status = fs::read_to_string("/proc/self/status").expect("a file of /proc");
    let line = status.lines().find(|line| line.starts_with("CapEff:")).expect("a line");
    let bits = u64::from_str_radix(line.split_whitespace().nth(1).expect("bits"), 16);
    // CAP_SYS_NICE is capability 23.
    bits.expect("hexadecimal") & (1 << 23) == 0 || !has_realtime_time()
}

/// Whether the group of this process gets any real-time share (cgroup v1 may give none).
fn has_realtime_time() -> bool {
    let given = fs::read_to_string("/sys/fs/cgroup/cpu/cpu.rt_runtime_us").unwrap_or_default();
    given.trim() != "0"
}

#[test]
fn privileges_are_given_up_once_the_ports_are_open() {
    let mut exchange = Exchange::new("user", free_port());
    let status = fs::read_to_string("/proc/self/status").expect("a file of /proc");
    let ids = |status: &str, name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).expect("a line");
        line.split_whitespace().nth(1).expect("an id").to_owned()
    };
    let path = exchange.folder.display().to_string();
    exchange.write(
        "asterisk.conf",
        &format!(
            "[directories]\nastlogdir => {path}/log\nastrundir => {path}/run\n\
             astdbdir => {path}/run\n[options]\nrungroup = 65534\n"
        ),
    );
    exchange.write("logger.conf", "[logfiles]\nmessages.log => notice\n");
    if ids(&status, "Uid:") != "0" {
        // Nobody but root may become somebody else: then it must say so instead of going on.
        let output = exchange.command().args(["-f", "-U", "65534"]).output().expect("it runs");
        let words = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && words.contains("cannot change to"), "{words}");
        return;
    }
    exchange.start_with(&["-f", "-U", "65534"]);
    assert_eq!(setting(&exchange, "User name and group:"), "65534/65534");
    let status = exchange.proc("status");
    assert_eq!((ids(&status, "Uid:"), ids(&status, "Gid:")), ("65534".into(), "65534".into()));
    assert_eq!(ids(&status, "Groups:"), "65534", "root's groups are gone");
    use std::os::unix::fs::MetadataExt as _;
    for name in ["log", "log/messages.log", "run", "run/asterisk.ctl"] {
        let owner = fs::metadata(exchange.folder.join(name)).expect("it is there").uid();
        assert_eq!(owner, 65_534, "{name}");
    }
    // It can still replace its log and answer.
    fs::rename(exchange.folder.join("log/messages.log"), exchange.folder.join("old"))
        .expect("moved");
    exchange.answer("module reload logger");
    exchange.answer("database put f k v");
    exchange.answer("core stop now");
    exchange.child.as_mut().expect("it runs").wait().expect("it ends");
    let database = fs::metadata(exchange.folder.join("run/astdb.sqlite3")).expect("it is there");
    assert_eq!(database.uid(), 65_534, "the database is made by whom it became");
    assert!(!exchange.folder.join("run/asterisk.ctl").exists(), "the socket is removed");
}

#[test]
fn whoever_runs_the_embedded_configuration_may_read_it_again() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    let mut exchange = Exchange::new("state", free_port());
    if !nix::unistd::geteuid().is_root() {
        return; // Shown by privileges_are_given_up_once_the_ports_are_open: it says so and ends.
    }
    // As a first start by root leaves it.
    let state = exchange.folder.join("state");
    let etc = state.join("etc");
    fs::create_dir_all(&etc).expect("a folder");
    for name in ["pjsip.conf", "extensions.conf", "rtp.conf"] {
        fs::rename(exchange.folder.join(name), etc.join(name)).expect("moved");
    }
    let path = state.display();
    let directories = format!(
        "[directories]\nastdatadir => {path}\nastlogdir => {path}/log\nastrundir => {path}/run\n"
    );
    fs::write(etc.join("asterisk.conf"), directories).expect("a file");
    for name in ["", "etc"] {
        let mode = fs::Permissions::from_mode(0o700);
        fs::set_permissions(state.join(name), mode).expect("a mode");
    }
    let elsewhere = exchange.folder.join("out");
    fs::write(&elsewhere, "").expect("a file");
    std::os::unix::fs::symlink(&elsewhere, state.join("link")).expect("a link");
    exchange.folder.clone_from(&etc);
    let mut command = Command::new(BINARY);
    command.args(["-f", "-U", "65534", "--state"]).arg(&state);
    exchange.child = Some(command.stdout(Stdio::null()).spawn().expect("it starts"));
    exchange.wait();
    let told = exchange.answer("core reload");
    assert!(!told.contains("stayed as it was") && told.contains("endpoints"), "{told}");
    for name in ["etc/pjsip.conf", "keys", "log", "run", "run/asterisk.ctl", "etc"] {
        let owner = fs::metadata(state.join(name)).expect("it is there").uid();
        assert_eq!(owner, 65_534, "{name}");
    }
    assert_eq!(fs::metadata(&elsewhere).expect("it is there").uid(), 0, "links are not followed");
    exchange.answer("core stop now");
    exchange.child.as_mut().expect("it runs").wait().expect("it ends");
    assert!(!state.join("run/asterisk.ctl").exists(), "the socket is removed");
    exchange.folder = state.parent().expect("it has one").to_owned();
}

#[test]
fn a_group_of_the_command_line_comes_before_that_of_the_file() {
    let mut exchange = Exchange::new("group", free_port());
    if !nix::unistd::geteuid().is_root() {
        let output = exchange.command().args(["-f", "-G", "65534"]).output().expect("it runs");
        let words = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && words.contains("cannot change to"), "{words}");
        return;
    }
    exchange.write("asterisk.conf", "[options]\nrungroup = 65534\n");
    exchange.start_with(&["-f", "-G", "65533"]);
    let status = exchange.proc("status");
    let line = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).expect("a line of /proc");
        line.split_whitespace().skip(1).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(line("Gid:"), ["65533"; 4], "real, effective, saved, of files");
    assert_eq!(line("Uid:")[0], "0", "no user was named");
    exchange.answer("core stop now");
}

#[test]
fn sip_messages_are_shown_filtered_and_captured() {
    let port = free_port();
    let mut exchange = Exchange::new("logger", port);
    exchange.start();
    let shown = |exchange: &Exchange| {
        // Lines are written by a thread of their own.
        std::thread::sleep(Duration::from_millis(200));
        exchange.log().matches("<--- Received SIP from UDP:127.0.0.1").count()
    };
    assert!(answers(port));
    assert_eq!(shown(&exchange), 0, "off at first");
    exchange.answer("pjsip set logger on");
    assert!(answers(port));
    assert!(exchange.logs("<--- Received SIP from UDP:127.0.0.1"));
    assert!(exchange.logs("<--- Transmitting SIP to UDP:127.0.0.1"));
    let with_all = shown(&exchange);
    exchange.answer("pjsip set logger method INVITE");
    assert!(answers(port));
    exchange.answer("pjsip set logger on");
    exchange.answer("pjsip set logger host 192.0.2.1");
    assert!(answers(port));
    assert_eq!(shown(&exchange), with_all, "no INVITE, and nothing of 192.0.2.1, came");
    let capture = exchange.folder.join("sip.pcap");
    exchange.answer("pjsip set logger on");
    exchange.answer("pjsip set logger verbose off");
    exchange.answer(&format!("pjsip set logger pcap {}", capture.display()));
    assert!(answers(port));
    assert_eq!(shown(&exchange), with_all, "into the capture only");
    exchange.answer("pjsip set logger off");
    let bytes = fs::read(&capture).expect("a capture");
    let holds = |words: &[u8]| bytes.windows(words.len()).any(|window| window == words);
    assert!(bytes.starts_with(&[0xa1, 0xb2, 0xc3, 0xd4]));
    assert!(holds(b"OPTIONS sip:127.0.0.1") && holds(b"SIP/2.0 401"));
    let again = exchange.ask(&format!("pjsip set logger pcap {}", capture.display()));
    assert_eq!(again.status.code(), Some(1), "no file is overwritten");
}

/// What a process prints, until a line holds these words.
fn print_until(output: &mut impl BufRead, words: &str) -> String {
    let mut all = String::new();
    while !all.lines().last().is_some_and(|line| line.contains(words)) {
        let length = output.read_line(&mut all).expect("text");
        assert!(length > 0, "it ended without {words}: {all}");
    }
    all
}

#[test]
fn a_console_answers_and_shows_the_log() {
    let mut exchange = Exchange::new("console", free_port());
    exchange.start();
    let console = exchange.command().arg("-r").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut console = console.expect("it runs");
    let mut input = console.stdin.take().expect("its input");
    let mut output = BufReader::new(console.stdout.take().expect("its output"));
    input.write_all(b"core set verbose 3\ncore reload\n").expect("written");
    // What the reload has to say arrives as log lines beside the answers.
    let mut words = print_until(&mut output, "Nonsense");
    input.write_all(b"core show uptime\ncore set verbose atleast 2\nexit\n").expect("written");
    drop(input);
    output.read_to_string(&mut words).expect("text");
    assert!(console.wait().expect("it ends").success(), "{words}");
    assert!(words.contains("Console verbose was OFF and is now 3."), "{words}");
    assert!(words.contains("Console verbose is still 3."), "{words}");
    assert!(words.contains("System uptime:"), "{words}");
}

#[test]
fn a_signal_ends_it_cleanly_and_frees_its_port() {
    for signal in ["-INT", "-TERM"] {
        let port = free_port();
        let mut exchange = Exchange::new(&format!("signal{signal}"), port);
        exchange.start();
        assert!(answers(port), "{signal}");
        self::signal(&exchange, signal);
        assert!(ends(&mut exchange), "{signal}");
        assert!(!exchange.folder.join("asterisk.ctl").exists(), "{signal}");
        UdpSocket::bind(("127.0.0.1", port)).expect("the port is free again");
    }
}

#[test]
fn what_the_dialplan_keeps_outlives_a_stop_by_command_or_signal_and_a_crash() {
    let mut exchange = Exchange::new("database", free_port());
    let file = exchange.folder.join("astdb.sqlite3");
    exchange.start();
    assert!(!file.exists(), "an exchange without entries makes no file");
    exchange.answer("database put cidname 4711 \"Ada  Lovelace\"");
    exchange.answer("database put cidname 4712 Grace");
    let rows = exchange.answer("database query \"SELECT value FROM astdb WHERE key LIKE '%11'\"");
    assert_eq!(rows, "value| Ada  Lovelace\n\n");
    exchange.answer("database del cidname 4712");
    exchange.answer("core stop now");
    assert!(ends(&mut exchange));
    exchange.start();
    assert_eq!(exchange.answer("database get cidname 4711"), "Value: Ada  Lovelace\n");
    assert!(!exchange.ask("database get cidname 4712").status.success());
    exchange.answer("database put f k v");
    signal(&exchange, "-TERM");
    assert!(ends(&mut exchange));
    exchange.start();
    let key = "/f/k                                              : v";
    assert!(exchange.answer("database show f").starts_with(key));
    exchange.answer("database put f late w");
    // The answer comes after the file has what changed before.
    exchange.answer("database query \"SELECT 1\"");
    signal(&exchange, "-KILL");
    assert!(!ends(&mut exchange));
    exchange.start();
    assert_eq!(exchange.answer("database get f late"), "Value: w\n");
}

#[test]
fn a_database_that_cannot_be_read_is_named_and_calls_go_on() {
    let mut exchange = Exchange::new("nodatabase", free_port());
    let file = exchange.folder.join("astdb.sqlite3");
    fs::write(&file, "no database").expect("a file");
    exchange.start();
    let line = format!("{}: file is not a database. The file is left as it is", file.display());
    assert!(exchange.logs(&line), "{}", exchange.log());
    exchange.answer("database put f k v");
    assert_eq!(exchange.answer("database get f k"), "Value: v\n");
    exchange.answer("core stop now");
    assert!(ends(&mut exchange));
    assert_eq!(fs::read_to_string(&file).expect("it is there"), "no database");
}

#[test]
fn a_directory_that_takes_no_database_is_named_once() {
    let mut exchange = Exchange::new("fulldatabase", free_port());
    exchange.start();
    fs::create_dir(exchange.folder.join("astdb.sqlite3")).expect("something in the way");
    for number in 0..3 {
        exchange.answer(&format!("database put f {number} v"));
        assert!(!exchange.ask("database query \"SELECT 1\"").status.success());
    }
    assert!(exchange.logs("astdb.sqlite3: cannot be written: "), "{}", exchange.log());
    assert_eq!(exchange.log().matches("cannot be written").count(), 1, "{}", exchange.log());
    assert!(exchange.answer("database show").ends_with("3 results found.\n"));
    exchange.answer("core stop now");
    assert!(ends(&mut exchange));
    assert!(exchange.logs("the last 3 changes could not be written and are lost"));
}

#[test]
fn a_hangup_signal_reads_the_configuration_again() {
    let (port, other) = (free_port(), free_port());
    let mut exchange = Exchange::new("hangup", port);
    exchange.start();
    assert!(answers(port));
    exchange.write("pjsip.conf", &pjsip(other));
    add_options(&exchange, "dumpcore = yes");
    signal(&exchange, "-HUP");
    assert!(exchange.logs("reloaded: "), "{}", exchange.log());
    assert!(answers(other) && !answers(port), "the listener moves with it");
    assert_eq!(setting(&exchange, "Dump core on crash:"), "No", "as it was started");
}

#[test]
fn a_stop_when_convenient_waits_for_the_last_call_and_takes_others_until_then() {
    let port = free_port();
    let mut exchange = Exchange::new("convenient", port);
    let known = "[desk]\ntype = identify\nendpoint = desk\nmatch = 127.0.0.1\n";
    let trusting = pjsip(port).replace("auth = desk\n", "");
    exchange.write("pjsip.conf", &format!("{trusting}\n{known}"));
    exchange.write("extensions.conf", "[a]\nexten => 600,1,Answer()\n same => n,Echo()\n");
    exchange.start();
    let (first, second) = (Phone::new(port), Phone::new(port));
    let hang_up = |phone: &Phone, tag: &str| {
        phone.send(&phone.request("BYE", tag, 2, "Content-Length: 0\r\n\r\n"));
        assert!(phone.answer("BYE").starts_with("SIP/2.0 200"));
    };
    let (tag, _) = first.call();
    let told = exchange.answer("core stop when convenient");
    assert!(told.contains("Waiting for inactivity"), "{told}");
    let (second_tag, _) = second.call();
    hang_up(&first, &tag);
    // Longer than it takes to look whether somebody still talks.
    std::thread::sleep(Duration::from_millis(600));
    assert!(exchange.answer("core show channels").contains("1 active call"));
    hang_up(&second, &second_tag);
    assert!(ends(&mut exchange), "{}", exchange.log());
}

#[test]
fn lines_of_the_log_begin_with_the_time_as_dateformat_writes_it() {
    let mut exchange = Exchange::new("dates", free_port());
    let logger = "[general]\ndateformat = %Y/%m/%d at %H\n[logfiles]\n\
        messages.log => notice,error\n";
    exchange.write("logger.conf", logger);
    exchange.start();
    exchange.answer("core stop now");
    assert!(ends(&mut exchange));
    let log = fs::read_to_string(exchange.folder.join("messages.log")).expect("a log");
    let line = log.lines().find(|line| line.contains("Asterisk Ready")).expect("a line");
    let time = line.strip_prefix('[').and_then(|rest| rest.split(']').next()).expect("its time");
    let shape = time.replace(|character: char| character.is_ascii_digit(), "9");
    assert_eq!(shape, "9999/99/99 at 99", "{line}");
}

#[test]
fn a_console_that_wants_to_hear_more_raises_what_is_told() {
    let mut exchange = Exchange::new("rvvv", free_port());
    exchange.start();
    let told = exchange.command().args(["-rvvv", "-dd"]).stdin(Stdio::null()).output();
    let told = String::from_utf8_lossy(&told.expect("it runs").stdout).into_owned();
    assert!(told.contains('3') && told.to_lowercase().contains("verbose"), "{told}");
    let level = |name: &str| {
        let settings = exchange.answer("core show settings");
        let line = settings.lines().find(|line| line.trim_start().starts_with(name));
        line.and_then(|line| line.rsplit(' ').next().map(str::to_owned))
    };
    assert_eq!(level("Root console verbosity:").as_deref(), Some("3"));
    assert_eq!(level("Debug level:").as_deref(), Some("2"));
    // Whoever wants less lowers nothing.
    let told = exchange.command().args(["-rv"]).stdin(Stdio::null()).output();
    assert!(told.expect("it runs").status.success());
    assert_eq!(level("Root console verbosity:").as_deref(), Some("3"));
}

#[test]
fn a_console_on_the_terminal_answers() {
    let mut exchange = Exchange::new("terminal", free_port());
    let child = exchange.command().arg("-c").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let child = exchange.child.insert(child.expect("it starts"));
    let mut input = child.stdin.take().expect("its input");
    let mut output = BufReader::new(child.stdout.take().expect("its output"));
    print_until(&mut output, "Asterisk Ready");
    input.write_all(b"core show uptime\n").expect("written");
    print_until(&mut output, "System uptime:");
    input.write_all(b"core stop now\n").expect("written");
    let child = exchange.child.as_mut().expect("it runs");
    assert!(child.wait().expect("it ends").success());
}

#[test]
fn quiet_leaves_warnings_and_debug_adds_lines() {
    let port = free_port();
    let mut quiet = Exchange::new("quiet", port);
    quiet.start_with(&["-fq"]);
    assert!(quiet.logs("ERROR"), "{}", quiet.log());
    assert!(answers(port));
    assert!(!quiet.log().contains("NOTICE") && !quiet.log().contains("DEBUG"), "{}", quiet.log());
    let port = free_port();
    let mut plain = Exchange::new("plain", port);
    plain.start_with(&["-fT"]);
    assert!(plain.logs("NOTICE") && answers(port));
    let log = plain.log();
    let line = log.lines().find(|line| line.contains("NOTICE")).expect("a line");
    let time = line.strip_prefix('[').and_then(|rest| rest.split(']').next()).expect("its time");
    assert_eq!((time.len(), time.matches(':').count()), ("Nov 29 12:00:00".len(), 2), "{line}");
    assert!(!plain.log().contains("DEBUG"), "{}", plain.log());
    let port = free_port();
    let mut debug = Exchange::new("debug", port);
    debug.start_with(&["-fd"]);
    assert!(answers(port));
    assert!(debug.logs("DEBUG"), "{}", debug.log());
}

#[test]
fn what_was_refused_is_counted() {
    let port = free_port();
    let mut exchange = Exchange::new("counters", port);
    exchange.start();
    let count = |name: &str| {
        let shown = exchange.answer(&format!("core show counters {name}"));
        let line = shown.lines().find(|line| line.trim().starts_with(&format!("{name} ")));
        let line = line.unwrap_or_else(|| panic!("no {name} in {shown}"));
        line.split_whitespace().nth(1).expect("a count").parse::<u64>().expect("a number")
    };
    assert_eq!((count("sip_malformed_total"), count("sdp_refused_total")), (0, 0));
    assert!(exchange.answer("core show counters").contains("media_datagrams_dropped_total"));
    assert!(exchange.answer("core show counters net_").contains("net_malformed_total"));
    for row in ["http_requests_malformed_total", "media_stun_refused_total"] {
        assert_eq!(count(row), 0);
    }
    let unknown = exchange.ask("core show counters nonsense");
    assert_eq!(unknown.status.code(), Some(1));
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    socket.set_read_timeout(Some(Duration::from_secs(5))).expect("a timeout");
    let broken = "OPTIONS sip:x SIP/7.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK1;rport\r\n\
        From: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n\
        Content-Length: 0\r\n\r\n";
    socket.send_to(broken.as_bytes(), ("127.0.0.1", port)).expect("sent");
    let mut answer = [0; 1_024];
    let length = socket.recv(&mut answer).expect("an answer");
    assert!(answer[..length].starts_with(b"SIP/2.0 505 "));
    assert_eq!(count("sip_malformed_total"), 1);
}

#[test]
fn the_version_names_what_is_built_in() {
    let output = Command::new(BINARY).arg("-V").output().expect("it runs");
    let words = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && words.starts_with("Sidetone "), "{words}");
    for part in ["opus", "g722", "g726", "gsm", "ilbc", "speex", "adpcm", "vp8", "av1", "TURN"] {
        assert!(words.contains(part), "{part}: {words}");
    }
    assert!(!words.contains("amr"), "what is missing is not claimed: {words}");
}

#[test]
fn nothing_usable_ends_with_a_reason() {
    let exchange = Exchange::new("broken", free_port());
    exchange.write("pjsip.conf", "[desk]\ntype = endpoint\naors = nowhere\n");
    let output = exchange.command().arg("-f").output().expect("it runs");
    assert!(!output.status.success());
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(words.contains("pjsip.conf:3") && words.contains("nowhere"), "{words}");
}

#[test]
fn a_configuration_is_checked_without_starting() {
    let exchange = Exchange::new("check", free_port());
    let output = exchange.command().args(["config", "check"]).output().expect("it runs");
    let words = String::from_utf8_lossy(&output.stdout);
    assert!(words.contains("extensions.conf:3: error"), "{words}");
    assert_eq!(output.status.code(), Some(1));
    exchange.write("extensions.conf", "[a]\nexten => 1,1,Answer()\n");
    let output = exchange.command().args(["config", "check"]).output().expect("it runs");
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn a_certificate_is_made_on_request() {
    let exchange = Exchange::new("cert", free_port());
    let folder = exchange.folder.display().to_string();
    let arguments = ["cert", "self-signed", "--name", "pbx.example.net", "-d", &folder, "-o", "x"];
    let output = Command::new(BINARY).args(arguments).output().expect("it runs");
    assert!(output.status.success(), "{output:?}");
    for name in ["x.crt", "x.key", "ca.crt"] {
        assert!(exchange.folder.join(name).exists(), "{name}");
    }
    let usages = |name: &str| {
        let pem = fs::read(exchange.folder.join(name)).expect("a file");
        let (_, pem) = x509_parser::pem::parse_x509_pem(&pem).expect("PEM");
        let found = pem.parse_x509().expect("a certificate");
        let validity = found.validity();
        let days = (validity.not_after.timestamp() - validity.not_before.timestamp()) / 86_400;
        let usage = found.extended_key_usage().expect("readable").expect("a usage").value.clone();
        let subject = found.subject().iter_organization().next();
        let subject = subject.and_then(|name| name.as_str().ok()).unwrap_or_default().to_owned();
        (usage.server_auth, usage.client_auth, subject, days)
    };
    let (server, client, organization, days) = usages("x.crt");
    assert_eq!((server, client, organization.as_str()), (true, false, "Sidetone"));
    assert!((364..=366).contains(&days), "{days}");
    let arguments = [
        "cert",
        "self-signed",
        "--name",
        "phone-7",
        "-d",
        &folder,
        "-o",
        "y",
        "-m",
        "client",
        "-O",
        "Example Inc",
        "--days",
        "30",
    ];
    let output = Command::new(BINARY).args(arguments).output().expect("it runs");
    assert!(output.status.success(), "{output:?}");
    let (server, client, organization, days) = usages("y.crt");
    assert_eq!((server, client, organization.as_str()), (false, true, "Example Inc"));
    assert!((29..=31).contains(&days), "{days}");
    let nonsense = ["cert", "self-signed", "-d", &folder, "-m", "both"];
    let output = Command::new(BINARY).args(nonsense).output().expect("it runs");
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && words.contains("client or server"), "{words}");
}

/// `sidetone … | head -0`: nobody reads what is printed.
#[test]
fn printing_to_a_closed_pipe_is_no_fault() {
    let mut exchange = Exchange::new("unread", free_port());
    exchange.start();
    let certificates = exchange.folder.join("made").display().to_string();
    let lines: [&[&str]; 4] = [
        &["-V"],
        &["-rx", "core show help"],
        &["config", "check"],
        &["cert", "self-signed", "-d", &certificates],
    ];
    for line in lines {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let mut command = exchange.command();
        let output = command.args(line).stdout(writer).stderr(Stdio::piped()).output();
        let output = output.expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!said.contains("panicked"), "{line:?}: {said}");
        assert_ne!(output.status.code(), Some(101), "{line:?}");
        assert!(output.status.code().is_some(), "{line:?} was killed");
    }
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let mut child = exchange.command();
    let mut child = child
        .arg("-r")
        .stdin(Stdio::piped())
        .stdout(writer)
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut input = child.stdin.take().expect("a pipe");
    let _ = input.write_all(b"core show version\n");
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!said.contains("panicked"), "{said}");
    assert!(exchange.answer("core show version").starts_with("Sidetone "), "it goes on");
}
