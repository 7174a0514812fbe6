//! A configuration directory of its own, and the running binary that serves it.

pub(crate) mod phone;

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_sidetone");

/// A configuration directory of its own, and the exchange that runs it.
pub(crate) struct Exchange {
    pub(crate) folder: PathBuf,
    pub(crate) child: Option<Child>,
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

pub(crate) fn pjsip(port: u16) -> String {
    format!(
        "[udp]\ntype = transport\nprotocol = udp\nbind = 127.0.0.1:{port}\n\n\
         [desk]\ntype = endpoint\naors = desk\nauth = desk\ncontext = a\nallow = !all,ulaw\n\n\
         [desk]\ntype = auth\nusername = desk\npassword = secret\n\n[desk]\ntype = aor\n\
         max_contacts = 1\n"
    )
}

impl Exchange {
    pub(crate) fn new(name: &str, port: u16) -> Self {
        let name = format!("sidetone-process-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).expect("a folder");
        let exchange = Self { folder, child: None };
        let path = exchange.folder.display().to_string();
        exchange.write(
            "asterisk.conf",
            &format!(
                "[directories]\nastetcdir => {path}\nastdatadir => {path}\nastlogdir => {path}\n\
                 astrundir => {path}\n"
            ),
        );
        exchange.write("pjsip.conf", &pjsip(port));
        exchange.write("extensions.conf", "[a]\nexten => 1,1,Answer()\n same => n,Nonsense()\n");
        exchange.write("rtp.conf", "[general]\nrtpstart = 30000\nrtpend = 30100\n");
        exchange
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.join(name), text).expect("a file");
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(BINARY);
        command.arg("-C").arg(self.folder.join("asterisk.conf"));
        command
    }

    pub(crate) fn start(&mut self) {
        self.start_with(&["-f"]);
    }

    pub(crate) fn start_with(&mut self, flags: &[&str]) {
        let log = fs::File::create(self.folder.join("out")).expect("a file");
        let child = self.command().args(flags).stdout(log).stderr(Stdio::inherit()).spawn();
        self.child = Some(child.expect("it starts"));
        self.wait();
    }

    /// Until it is there.
    pub(crate) fn wait(&self) {
        let end = Instant::now() + Duration::from_secs(20);
        while !self.ask("core waitfullybooted").status.success() {
            assert!(Instant::now() < end, "it did not start: {}", self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    pub(crate) fn ask(&self, line: &str) -> Output {
        self.command().args(["-rx", line]).output().expect("it runs")
    }

    pub(crate) fn answer(&self, line: &str) -> String {
        let output = self.ask(line);
        assert!(output.status.success(), "{line}: {output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// A file of `/proc` about the process.
    pub(crate) fn proc(&self, name: &str) -> String {
        let id = self.child.as_ref().expect("it runs").id();
        fs::read_to_string(format!("/proc/{id}/{name}")).expect("a file of /proc")
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.join("out")).unwrap_or_default()
    }

    /// Whether the log holds these words, now or within five seconds: a thread of its own writes
    /// it, after the answer to the command that caused the line.
    pub(crate) fn logs(&self, words: &str) -> bool {
        let end = Instant::now() + Duration::from_secs(5);
        loop {
            if self.log().contains(words) {
                return true;
            }
            if Instant::now() > end {
                return false;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
