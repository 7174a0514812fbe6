//! Being an exchange: read the configuration, build, run, drain, stop.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use sidetone_base::Random;
use sidetone_conf::Severity;
use sidetone_config::{Config, FileSource, Loaded};
use sidetone_control::commands::{self, Context, Stop};
use sidetone_control::socket::{ControlSocket, Run};
use sidetone_dialplan::Dialplan;
use sidetone_engine::{Engine, EngineSettings};
use sidetone_events::Bus;
use sidetone_http::{HttpServer, Pages};
use sidetone_net::{Net, NetEvent, selfsigned, system_random};
use sidetone_observe::{Log, chronicle};
use sidetone_pbx::exchange::Parts;
use sidetone_pbx::party::resolver::Resolver;
use sidetone_pbx::{Cause, Exchange};
use sidetone_store::AstDb;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Mutex, mpsc};

use crate::arguments::Arguments;
use crate::pid_file::PidFile;
use crate::process::Identity;
use crate::prompts::Prompts;
use crate::reload::{InForce, Reloader, dialplan, report};
use crate::surroundings::Everything;
use crate::{first_start, greeting, http, listeners, logging, phone, process, script};

/// Events of the flows that may wait: 5,000 messages per second for 200 ms.
const NET_EVENTS: usize = 1_024;

/// How long hung-up calls may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(2);

/// Runs the exchange until it is told to stop.
pub(crate) fn run(arguments: &Arguments) -> Result<(), String> {
    let log = logging::start(arguments)?;
    let place = first_start::prepare(arguments)?;
    let loaded = sidetone_config::load(&FileSource, &place.etc.to_string_lossy());
    let options = loaded.config.as_ref().map(|config| arguments.with_options(&config.asterisk));
    let arguments = options.as_ref().unwrap_or(arguments);
    // The log comes first, so that what is wrong with the configuration stands in its files too.
    let identity = match &loaded.config {
        Some(config) => begin_log(&log, arguments, &place, config),
        None => Ok(Identity::default()),
    };
    let (config, plan) = judge(&place.etc, loaded)?;
    let identity = identity?;
    process::prepare(arguments, config.asterisk.max_files);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("control")
        .build()
        .map_err(|error| format!("cannot start threads: {error}"))?;
    let served = runtime.block_on(serve(arguments, identity, &place, config, plan, &log));
    log.writer().flush();
    runtime.shutdown_timeout(Duration::from_secs(1));
    served
}

/// Puts the log of the configuration in force, in directories of whom the process becomes.
fn begin_log(
    log: &Log,
    arguments: &Arguments,
    place: &first_start::Place,
    config: &Config,
) -> Result<Identity, String> {
    let identity = Identity::of(arguments.user.as_deref(), arguments.group.as_deref())?;
    make_directories(config, identity)?;
    if let Some(state) = place.state.as_deref().filter(|_| identity != Identity::default()) {
        identity.own_all(state);
    }
    logging::tell(log, arguments);
    log.set(logging::settings(arguments, Some(config)));
    Ok(identity)
}

/// Says what is wrong with the configuration, and builds the dialplan of one that can be used.
fn judge(etc: &std::path::Path, loaded: Loaded) -> Result<(Arc<Config>, Arc<Dialplan>), String> {
    report(&loaded.diagnostics);
    let mut summary = loaded.summary.clone();
    let config = loaded.config.as_deref();
    let script = script::read(etc, &FileSource, config, None);
    let document = script.beside(loaded.dialplan_document, etc, &FileSource);
    let plan = document.map(|document| dialplan(&document, script, config, &mut summary));
    let plan = plan.unwrap_or_default();
    tracing::info!("configuration: {summary}");
    let config = loaded.config.ok_or_else(|| {
        let errors = loaded.diagnostics.iter().map(|finding| format!("\n  {finding}"));
        format!("{}: nothing in it can be used:{}", etc.display(), errors.collect::<String>())
    })?;
    if config.endpoints.is_empty() && loaded.summary.errors > 0 {
        let errors = loaded.diagnostics.iter().filter(|found| found.severity == Severity::Error);
        let errors = errors.map(|finding| format!("\n  {finding}")).collect::<String>();
        return Err(format!("{}: no endpoint is left, nobody could call:{errors}", etc.display()));
    }
    Ok((config, plan))
}

/// Makes the directories that are written to. Those that are new belong to whom the process
/// becomes, or it could not replace a log file or remove its socket later.
fn make_directories(config: &Config, identity: Identity) -> Result<(), String> {
    for directory in [&config.asterisk.directories.log, &config.asterisk.directories.run] {
        let path = std::path::Path::new(directory);
        let is_new = !path.exists();
        std::fs::create_dir_all(path).map_err(|error| {
            format!("cannot make {directory}: {error}; change [directories] of asterisk.conf")
        })?;
        if is_new && identity != Identity::default() {
            identity.own(path);
        }
    }
    Ok(())
}

/// Where the database of the dialplan lies.
fn database_file(config: &Config) -> std::path::PathBuf {
    std::path::Path::new(&config.asterisk.directories.db).join("astdb.sqlite3")
}

/// Gives the files that were made so far to whom the process becomes, and becomes it.
fn assume(
    identity: Identity,
    arguments: &Arguments,
    log: &Log,
    socket: &std::path::Path,
) -> Result<(), String> {
    if identity != Identity::default() {
        log.writer().flush();
        identity.own(socket);
        for channel in log.settings().channels {
            if let sidetone_observe::writer::Sink::File(path) = channel.sink
                && path.exists()
            {
                identity.own(&path);
            }
        }
    }
    identity.assume(arguments.core_dump)
}

async fn serve(
    arguments: &Arguments,
    identity: Identity,
    place: &first_start::Place,
    config: Arc<Config>,
    plan: Arc<Dialplan>,
    log: &Log,
) -> Result<(), String> {
    let bus = Bus::new();
    tokio::spawn(chronicle::follow(bus.clone()));
    let (net_sender, net_events) = mpsc::channel::<NetEvent>(NET_EVENTS);
    let net = Net::new(listeners::net_settings(&config), net_sender);
    let socket_path =
        process::socket_path(arguments, std::path::Path::new(&config.asterisk.directories.run));
    let socket = ControlSocket::open(&socket_path).await.map_err(|error| {
        format!("control socket {}: {error}; is another exchange running?", socket_path.display())
    })?;
    let pid_file = PidFile::write(std::path::Path::new(&config.asterisk.directories.run));
    if let Some(file) = pid_file.as_ref().filter(|_| identity != Identity::default()) {
        identity.own(file.path());
    }
    let exchange = build(Arc::clone(&config), plan, net.clone(), net_events, bus).await?;
    let pages = Pages { assets: phone::ASSETS, ..Pages::default() };
    let http = HttpServer::start(http::settings(&config), net.clone(), pages)
        .await
        .map_err(|error| error.to_string())?;
    let open = listeners::open(&net, &config).await;
    if open.is_empty() && http.http_address().is_none() && http.https_address().is_none() {
        return Err("no transport could be opened: nobody could call".to_owned());
    }
    assume(identity, arguments, log, &socket_path)?;
    let main = place.etc.join("asterisk.conf");
    if let Err(error) = std::fs::File::open(&main) {
        tracing::warn!(
            "{}: {error}, now that the process is somebody else (-U, -G): a reload will fail. Let \
             that user read the directory",
            main.display()
        );
    }
    // Now that something listens: it registers with other servers.
    sidetone_reach::start(&exchange, sidetone_reach::Sockets::System);
    let (stop, stopping) = mpsc::channel(4);
    let reloader = Arc::new(Reloader {
        arguments: arguments.clone(),
        etc: place.etc.clone(),
        exchange: exchange.clone(),
        http: http.clone(),
        net: net.clone(),
        log: log.clone(),
        last: parking_lot::Mutex::new(std::time::Instant::now()),
        in_force: Mutex::new(InForce { listening: open, ports: config.rtp.ports.clone() }),
    });
    let answer = answerer(&exchange, &reloader, stop);
    if place.state.is_some() && !arguments.quiet {
        crate::printed::line(greeting::text(&config, &http));
    }
    tracing::info!("Asterisk Ready.");
    if arguments.console {
        console(Arc::clone(&answer));
    }
    tokio::select! {
        () = socket.serve(answer, log.writer().clone()) => {}
        () = until_stopped(&exchange, &reloader, stopping) => {}
    }
    end(&exchange, &http, &net).await;
    Ok(())
}

/// What is to be done before the process ends: calls are told, and nothing is lost.
async fn end(exchange: &Exchange, http: &HttpServer, net: &Net) {
    drain(exchange).await;
    http.stop().await;
    net.shutdown().await;
    exchange.engine().clone().stop().await;
    // No call is left that could change it.
    exchange.database().close().await;
}

/// `-c`: commands come from this terminal too. The thread ends with its input or the process.
fn console(answer: Arc<Run>) {
    let handle = tokio::runtime::Handle::current();
    std::thread::spawn(move || {
        for line in std::io::stdin().lines() {
            let Ok(line) = line else { return };
            let answer = handle.block_on(answer(line));
            crate::printed::text(&answer.text);
        }
    });
}

/// What the control socket does with a command line.
fn answerer(exchange: &Exchange, reloader: &Arc<Reloader>, stop: mpsc::Sender<Stop>) -> Arc<Run> {
    let surroundings = Arc::new(Everything {
        http: reloader.http.clone(),
        log: reloader.log.clone(),
        reloader: Arc::clone(reloader),
        stop,
        capture: parking_lot::Mutex::new(None),
    });
    let context = Context { exchange: exchange.clone(), surroundings };
    Arc::new(move |line: String| {
        let context = context.clone();
        Box::pin(async move { commands::run(&context, &line).await })
    })
}

fn engine_settings(config: &Config) -> EngineSettings {
    EngineSettings {
        ports: config.rtp.ports.clone(),
        udp_checksums: config.rtp.checksums,
        ..EngineSettings::default()
    }
}

async fn build(
    config: Arc<Config>,
    plan: Arc<Dialplan>,
    net: Net,
    net_events: mpsc::Receiver<NetEvent>,
    bus: Bus,
) -> Result<Exchange, String> {
    let engine = Engine::start(engine_settings(&config))
        .map_err(|error| format!("cannot start media: {error}; see rtpstart and rtpend"))?;
    let prompts = Prompts::new(&config.asterisk.directories.data);
    let database = AstDb::open(&database_file(&config)).await;
    let random = || Box::new(system_random()) as Box<dyn Random>;
    let interfaces = selfsigned::local_names();
    let interfaces = interfaces.iter().filter_map(|name| name.parse::<IpAddr>().ok());
    let parts = Parts {
        config,
        dialplan: plan,
        catalogue: sidetone_apps::CATALOGUE,
        prompts: Box::new(move |name, language| prompts.find(name, language)),
        net,
        net_events,
        engine,
        bus,
        database,
        random: Box::new(random),
        shards: std::thread::available_parallelism().map_or(1, |cores| cores.get().min(4)),
        resolver: Resolver::System,
        interfaces: interfaces.collect(),
        load_average: Box::new(load_average),
    };
    let exchange = Exchange::start(parts).await;
    exchange.map_err(|error| format!("cannot start: {error:?}"))
}

/// How many tasks of this machine ran or waited for a core in the last minute.
fn load_average() -> Option<f64> {
    let averages = std::fs::read_to_string("/proc/loadavg").ok()?;
    averages.split(' ').next()?.parse().ok()
}

/// Waits for the word to stop: a command, SIGTERM or SIGINT. SIGHUP reloads.
async fn until_stopped(exchange: &Exchange, reloader: &Reloader, mut stop: mpsc::Receiver<Stop>) {
    let listen = |kind| signal(kind).inspect_err(|error| tracing::warn!("signals: {error}")).ok();
    let (mut terminate, mut interrupt, mut hangup) = (
        listen(SignalKind::terminate()),
        listen(SignalKind::interrupt()),
        listen(SignalKind::hangup()),
    );
    let mut leave_when_idle = false;
    loop {
        let idle_check = tokio::time::sleep(Duration::from_millis(200));
        tokio::select! {
            how = stop.recv() => match how {
                Some(Stop::Now) | None => return,
                Some(Stop::Gracefully) => {
                    exchange.drain();
                    leave_when_idle = true;
                }
                Some(Stop::WhenConvenient) => leave_when_idle = true,
            },
            () = next(&mut terminate) => return,
            () = next(&mut interrupt) => return,
            () = next(&mut hangup) => {
                let answer = reloader.reload(None).await;
                tracing::info!("reloaded: {}", answer.text.trim_end());
            }
            () = idle_check, if leave_when_idle => {}
        }
        if leave_when_idle && exchange.live().count() == 0 {
            return;
        }
    }
}

async fn next(signal: &mut Option<tokio::signal::unix::Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => std::future::pending().await,
    }
}

/// Hangs up what is left and lets it say goodbye; registrations with other servers are removed.
async fn drain(exchange: &Exchange) {
    exchange.drain();
    exchange.hang_up_all(Cause::NORMAL);
    let deadline = tokio::time::Instant::now() + GOODBYE;
    // A server that does not answer is not waited for.
    let _ = tokio::time::timeout_at(deadline, exchange.registrations().stop()).await;
    while exchange.live().count() > 0 && tokio::time::Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // A channel is gone once its shard was told to say BYE: whoever answers after that has sent it.
    for shard in exchange.shards() {
        let _ = tokio::time::timeout_at(deadline, shard.snapshot()).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_and_checksums_of_rtp_conf_reach_the_media_workers() {
        let settings = |rtp: &str| {
            let source = sidetone_conf::MemorySource::new()
                .with("/etc/pjsip.conf", "[u]\ntype=transport\nbind=127.0.0.1\n")
                .with("/etc/rtp.conf", format!("[general]\n{rtp}"));
            let loaded = sidetone_config::load(&source, "/etc");
            engine_settings(&loaded.config.expect("a configuration"))
        };
        assert!(settings("").udp_checksums);
        let set = settings("rtpchecksums=no\nrtpstart=31000\nrtpend=31100\n");
        assert!(!set.udp_checksums);
        assert_eq!(set.ports, settings("rtpstart=31000\nrtpend=31100\n").ports);
        assert_ne!(set.ports, settings("").ports);
    }
}
