//! The exchange under test: the release binary with a configuration made for the purpose, in a
//! temporary directory, on free ports of 127.0.0.1.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::net::{TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use sidetone_net::selfsigned::{self, SelfSignedRequest};

use crate::agent::Account;
use crate::process::Process;
use crate::{Loopback, Outcome};

/// Starting takes longer only if something is wrong.
const PATIENCE: Duration = Duration::from_secs(30);
/// Media ports of the exchange; the engines of this process use others.
const MEDIA_PORTS: (u16, u16) = (10_000, 19_999);

/// What the configuration holds.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Telephones `t0`, `t1`, …
    pub telephones: usize,
    /// Browsers `b0`, `b1`, …
    pub browsers: usize,
    /// Where the endpoint `callee` is, which needs no registration.
    pub callee: Option<Loopback>,
}

impl Setup {
    /// The 1,200 accounts that budgets speak of: a thousand browsers and two hundred telephones.
    pub const USUAL: Self = Self { telephones: 200, browsers: 1_000, callee: None };
}

/// A telephone's account.
#[must_use]
pub fn telephone(number: usize) -> Account {
    account(format!("t{number}"))
}

/// A browser's account.
#[must_use]
pub fn browser(number: usize) -> Account {
    account(format!("b{number}"))
}

fn account(name: String) -> Account {
    Account { password: format!("{name}-secret"), name }
}

/// A running exchange; dropping it kills it and removes its files.
#[derive(Debug)]
pub struct Server {
    child: Child,
    folder: PathBuf,
    /// Its UDP transport.
    pub sip: Loopback,
    /// Its HTTPS listener.
    pub https: Loopback,
    /// From the start of the process to the first answered request.
    pub start_time: Duration,
}

impl Server {
    /// Writes a configuration and starts the exchange; returns when it answers.
    ///
    /// # Errors
    /// When it cannot be started or does not answer; says where its log is.
    pub fn start(program: &Path, setup: &Setup) -> Outcome<Self> {
        let name = format!("sidetone-load-{}-{}", std::process::id(), token());
        let folder = std::env::temp_dir().join(name);
        let sip = free_port()?;
        let (http, https) = (free_port()?, free_port()?);
        write_configuration(&folder, setup, sip, (http, https))?;
        let log = File::create(folder.join("console.log"))?;
        let begun = Instant::now();
        let child = Command::new(program)
            .args(["-f", "-n", "-C"])
            .arg(folder.join("asterisk.conf"))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .map_err(|error| format!("{}: {error}", program.display()))?;
        let mut server = Self { child, folder, sip, https, start_time: Duration::ZERO };
        server.wait_until_it_answers(begun)?;
        server.start_time = begun.elapsed();
        Ok(server)
    }

    fn wait_until_it_answers(&mut self, begun: Instant) -> Outcome {
        let socket = UdpSocket::bind(Loopback::port(0).address())?;
        socket.set_read_timeout(Some(Duration::from_millis(5)))?;
        let local = socket.local_addr()?;
        let mut number = 0;
        while begun.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait()? {
                let log = fs::read_to_string(self.folder.join("console.log")).unwrap_or_default();
                return Err(format!("the exchange ended ({status}):\n{log}").into());
            }
            number += 1;
            let options = format!(
                "OPTIONS sip:{to} SIP/2.0\r\nVia: SIP/2.0/UDP {local};branch=z9hG4bKup{number};\
                 rport\r\nMax-Forwards: 70\r\nFrom: <sip:load@{local}>;tag=1\r\nTo: <sip:{to}>\r\n\
                 Call-ID: up{number}@{local}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n",
                to = self.sip
            );
            // Refused while nobody listens: that is what is waited for.
            let _ = socket.send_to(options.as_bytes(), self.sip.address());
            if socket.recv(&mut [0; 2_048]).is_ok() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Err(format!("the exchange does not answer; see {}", self.folder.display()).into())
    }

    /// The process, for its CPU time and memory.
    #[must_use]
    pub fn process(&self) -> Process {
        Process::new(self.child.id())
    }

    /// Its number, for profilers.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The directory of its files.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Its control socket.
    #[must_use]
    pub fn control_socket(&self) -> PathBuf {
        self.folder.join("run/asterisk.ctl")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; its files are temporary either way.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn token() -> u32 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().subsec_nanos()
}

/// A port that is free for UDP and TCP.
fn free_port() -> Outcome<Loopback> {
    for _ in 0..100 {
        let listener = TcpListener::bind(Loopback::port(0).address())?;
        let address = listener.local_addr()?;
        if UdpSocket::bind(address).is_ok() {
            return Ok(Loopback::new(address)?);
        }
    }
    Err("no port is free for both UDP and TCP".into())
}

/// Writes all files below `folder`.
///
/// # Errors
/// When they cannot be written.
pub fn write_configuration(
    folder: &Path,
    setup: &Setup,
    sip: Loopback,
    (http, https): (Loopback, Loopback),
) -> Outcome {
    for name in ["keys", "log", "run", "data"] {
        fs::create_dir_all(folder.join(name))?;
    }
    let request = SelfSignedRequest::for_this_host(&folder.join("keys"));
    let made = selfsigned::ensure(&request, SystemTime::now())?;
    let place = folder.display();
    let asterisk = format!(
        "[directories]\nastdatadir => {place}/data\nastlogdir => {place}/log\n\
         astrundir => {place}/run\n"
    );
    let http = format!(
        "[general]\nenabled = yes\nbindaddr = 127.0.0.1\nbindport = {}\ntlsenable = yes\n\
         tlsbindaddr = {https}\ntlscertfile = {}\ntlsprivatekey = {}\nsessionlimit = 20000\n",
        http.address().port(),
        made.cert_file.display(),
        made.key_file.display()
    );
    let (first, last) = MEDIA_PORTS;
    let files = [
        ("asterisk.conf", asterisk),
        ("http.conf", http),
        ("rtp.conf", format!("[general]\nrtpstart = {first}\nrtpend = {last}\n")),
        (
            "logger.conf",
            "[logfiles]\nconsole => warning,error\nmessages.log => warning,error\n".to_owned(),
        ),
        ("extensions.conf", EXTENSIONS.to_owned()),
        ("pjsip.conf", pjsip(setup, sip)),
    ];
    for (name, text) in files {
        fs::write(folder.join(name), text)?;
    }
    Ok(())
}

const EXTENSIONS: &str = "[load]\n\
    exten => answer,1,Answer()\n same => n,Hangup()\n\
    exten => echo,1,Answer()\n same => n,Echo()\n same => n,Hangup()\n\
    exten => relay,1,Dial(PJSIP/callee,20)\n same => n,Hangup()\n";

fn pjsip(setup: &Setup, sip: Loopback) -> String {
    let mut text = format!(
        "[global]\ntype = global\n\n\
         [transport-udp]\ntype = transport\nprotocol = udp\nbind = {sip}\n\n\
         [telephone](!)\ntype = endpoint\ncontext = load\ndisallow = all\nallow = ulaw\n\
         direct_media = no\n\n\
         [browser](!)\ntype = endpoint\ncontext = load\nwebrtc = yes\ndisallow = all\n\
         allow = opus,ulaw\n\n\
         [login](!)\ntype = auth\nauth_type = userpass\n\n\
         [devices](!)\ntype = aor\nmax_contacts = 1\nremove_existing = yes\n\n"
    );
    let kinds = [
        ("telephone", setup.telephones, telephone as fn(usize) -> Account),
        ("browser", setup.browsers, browser),
    ];
    for (kind, count, account) in kinds {
        for number in 0..count {
            let Account { name, password } = account(number);
            let _ = write!(
                text,
                "[{name}]({kind})\nauth = {name}\naors = {name}\n\n\
                 [{name}](login)\nusername = {name}\npassword = {password}\n\n\
                 [{name}](devices)\n\n"
            );
        }
    }
    if let Some(callee) = setup.callee {
        let _ = write!(
            text,
            "[callee](telephone)\naors = callee\n\n\
             [callee]\ntype = aor\ncontact = sip:callee@{callee}\n"
        );
    }
    text
}
