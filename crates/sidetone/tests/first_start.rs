//! The binary without any configuration, as somebody starts it who has just built it: what it
//! writes, what it prints, whether the address it prints answers, and how it is stopped.
//!
//! The ports of the built-in configuration are fixed, and something else may hold them on this
//! machine. So the test does what a user does then: it lets `config check` write the
//! configuration, changes the ports, and starts.

#![allow(dead_code, reason = "each test file uses a part of the support")]

mod support;

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use sidetone_net::tls::{ClientTls, ServerVerification, TlsSettings};
use support::{BINARY, free_port};

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// A state directory that was not there before, and the exchange that lives in it.
struct Fresh {
    state: PathBuf,
    child: Option<Child>,
}

impl Drop for Fresh {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        let _ = fs::remove_dir_all(&self.state);
    }
}

impl Fresh {
    fn new(name: &str) -> Self {
        let name = format!("sidetone-{name}-{}", std::process::id());
        Self { state: std::env::temp_dir().join(name), child: None }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(BINARY);
        command.arg("--state").arg(&self.state).args(arguments);
        command.output().expect("it runs")
    }

    fn read(&self, name: &str) -> String {
        let path = self.state.join(name);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// Replaces a port that must stand in a file of the configuration.
    fn move_port(&self, file: &str, from: &str, to: u16) {
        let name = format!("etc/{file}");
        let text = self.read(&name);
        assert!(text.contains(from), "{file} has no '{from}'");
        let head = from.trim_end_matches(|digit: char| digit.is_ascii_digit());
        fs::write(self.state.join(name), text.replace(from, &format!("{head}{to}")))
            .expect("written");
    }

    /// Lets the built-in configuration be written, and gives it ports that are free here.
    fn prepare(&self, http: u16, https: u16) {
        let check = self.run(&["config", "check"]);
        assert!(check.status.success(), "{check:?}");
        self.move_port("http.conf", "bindport = 8088", http);
        self.move_port("http.conf", "tlsbindaddr = 0.0.0.0:8089", https);
        self.move_port("pjsip.conf", "bind = 0.0.0.0:5060", free_port());
        self.move_port("pjsip.conf", "bind = 0.0.0.0:5061", free_port());
    }

    fn start(&mut self) {
        let out = fs::File::create(self.state.join("out")).expect("a file");
        let mut command = Command::new(BINARY);
        command.arg("--state").arg(&self.state).stdin(Stdio::null()).stdout(out);
        self.child = Some(command.spawn().expect("it starts"));
        let end = Instant::now() + PATIENCE;
        while !self.run(&["-rx", "core waitfullybooted"]).status.success() {
            assert!(Instant::now() < end, "it did not start: {}", self.read("out"));
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn answer(&self, command: &str) -> String {
        let output = self.run(&["-rx", command]);
        assert!(output.status.success(), "{command}: {output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// The password that `pjsip.conf` has for an account.
    fn password(&self, account: &str) -> String {
        let text = self.read("etc/pjsip.conf");
        let user = format!("username = {account}\n");
        let (_, after) = text.split_once(&user).unwrap_or_else(|| panic!("no {user}"));
        let line = after.lines().find_map(|line| line.strip_prefix("password = "));
        line.expect("a password").to_owned()
    }
}

/// Asks for a page over TLS, trusting nobody but the authority that was made at start.
fn get(fresh: &Fresh, port: u16, path: &str) -> String {
    let settings = TlsSettings {
        ca_list_file: Some(fresh.state.join("keys/ca.crt")),
        server_verification: ServerVerification::On,
        ..TlsSettings::default()
    };
    let client = ClientTls::build(&settings).expect("a client");
    let name = "localhost".try_into().expect("a name");
    let session = rustls::ClientConnection::new(Arc::clone(&client.config()), name);
    let stream = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let mut stream = rustls::StreamOwned::new(session.expect("a session"), stream);
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("the certificate is trusted");
    let mut answer = Vec::new();
    // An end without a farewell of TLS is still an end.
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn without_a_configuration_it_tells_how_to_call_it() {
    let mut fresh = Fresh::new("fresh");
    let (http, https) = (free_port(), free_port());
    fresh.prepare(http, https);
    fresh.start();

    let greeting = fresh.read("out");
    let phone = format!("https://localhost:{https}/phone");
    assert!(greeting.contains(&format!("Web phone     {phone}\n")), "{greeting}");
    for account in ["alice", "bob"] {
        let link = format!("{phone}#account={account}&password={}&", fresh.password(account));
        assert!(greeting.contains(&link), "{link} in {greeting}");
    }
    let desk = format!("desk / {} ", fresh.password("desk"));
    assert!(greeting.contains(&desk), "{desk} in {greeting}");
    for extension in ["246", "600", "610", "6002"] {
        assert!(greeting.contains(&format!("dial {extension} ")), "{extension} in {greeting}");
        let plan = fresh.answer(&format!("dialplan show {extension}@demo"));
        assert!(plan.contains(&format!("'{extension}' =>")), "{extension}: {plan}");
    }
    assert!(greeting.contains(&format!("Configuration {}/etc", fresh.state.display())));

    for name in ["ca.crt", "sidetone.crt"] {
        assert!(fresh.read(&format!("keys/{name}")).starts_with("-----BEGIN CERTIFICATE-----"));
    }
    let key = fs::metadata(fresh.state.join("keys/sidetone.key")).expect("a key").permissions();
    assert_eq!(key.mode() & 0o077, 0, "nobody else reads the key");

    let moved = get(&fresh, https, "/phone");
    let place = moved.lines().find_map(|line| line.strip_prefix("Location: "));
    let page = get(&fresh, https, place.unwrap_or_else(|| panic!("{moved}")));
    assert!(page.starts_with("HTTP/1.1 200 "), "{page}");
    assert!(page.contains("phone.js"), "the web phone: {page}");

    let status = fresh.answer("http show status");
    assert!(status.starts_with("HTTP Server Status:\n"), "{status}");
    assert!(status.contains(&format!("Server Enabled and Bound to 0.0.0.0:{http}\n")), "{status}");
    assert!(status.contains(&format!("HTTPS Server Enabled and Bound to 0.0.0.0:{https}\n")));
    assert!(status.contains("/ws => "), "{status}");
    assert_eq!(fresh.answer("pjsip show contacts"), "No objects found.\n\n");

    fresh.answer("core stop gracefully");
    let end = Instant::now() + PATIENCE;
    let child = fresh.child.as_mut().expect("it ran");
    let stopped = loop {
        match child.try_wait().expect("its state") {
            Some(status) => break status,
            None => assert!(Instant::now() < end, "without a call it stops at once"),
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    assert!(stopped.success(), "{stopped}");
    assert!(!fresh.state.join("run/asterisk.ctl").exists(), "the socket is removed");
}

#[test]
fn a_port_that_is_taken_is_named_at_the_first_start() {
    let fresh = Fresh::new("taken");
    // Held for as long as the exchange tries.
    let holder = TcpListener::bind("0.0.0.0:0").expect("a port");
    let taken = holder.local_addr().expect("an address").port();
    fresh.prepare(taken, free_port());
    let output = fresh.run(&["-f"]);
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{output:?}");
    assert!(words.contains(&taken.to_string()), "{words}");
}
