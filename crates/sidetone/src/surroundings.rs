//! What commands of the control socket need beside the exchange.

use std::future::Future;
use std::net::IpAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread::Builder;
use std::time::Duration;

use sidetone_control::commands::{Knob, Stop, Surroundings};
use sidetone_control::socket::Answer;
use sidetone_engine::tap::{Seen, Watch};
use sidetone_http::HttpServer;
use sidetone_observe::Log;
use sidetone_observe::capture::{Capture, Heads};
use tokio::sync::mpsc;

use crate::arguments::Arguments;
use crate::logging;
use crate::reload::Reloader;

/// Handles to everything commands may touch.
pub(crate) struct Everything {
    pub http: HttpServer,
    pub log: Log,
    pub reloader: Arc<Reloader>,
    pub stop: mpsc::Sender<Stop>,
    pub capture: parking_lot::Mutex<Option<Capture>>,
}

impl Surroundings for Everything {
    fn http_status(&self) -> String {
        self.http.status().to_string()
    }

    fn http_totals(&self) -> Vec<(&'static str, u64)> {
        self.http.totals()
    }

    fn reload(&self, module: Option<String>) -> Pin<Box<dyn Future<Output = Answer> + Send>> {
        let reloader = Arc::clone(&self.reloader);
        Box::pin(async move { reloader.reload(module.as_deref()).await })
    }

    fn stop(&self, how: Stop) {
        // Full means that the exchange is stopping already.
        let _ = self.stop.try_send(how);
    }

    fn log_channels(&self) -> Vec<(String, String, String, String)> {
        logging::describe(&self.log.settings())
    }

    fn knob(&self, knob: Knob) -> u8 {
        match knob {
            Knob::Verbose => self.log.verbose(),
            Knob::Debug => self.log.debug(),
        }
    }

    fn turn(&self, knob: Knob, to: u8) -> u8 {
        match knob {
            Knob::Verbose => self.log.set_verbose(to),
            Knob::Debug => self.log.set_debug(to),
        }
    }

    fn dumps_core(&self) -> bool {
        self.reloader.arguments.core_dump
    }

    fn runs_as(&self) -> (String, String) {
        let Arguments { user, group, .. } = &self.reloader.arguments;
        (user.clone().unwrap_or_default(), group.clone().unwrap_or_default())
    }

    fn capture(&self, path: &str) -> Result<(), String> {
        let bus = self.reloader.exchange.bus();
        let capture = Capture::start(bus, Path::new(path)).map_err(|error| error.to_string())?;
        *self.capture.lock() = Some(capture);
        Ok(())
    }

    fn end_capture(&self) {
        *self.capture.lock() = None;
    }

    fn media_capture(&self, path: &str, peer: Option<IpAddr>) -> Result<Watch, String> {
        let heads = Heads::create(Path::new(path)).map_err(|error| error.to_string())?;
        let (watch, seen, left_out) = Watch::new(peer);
        let named = path.to_owned();
        let write = move || write_heads(&named, heads, &seen, &left_out);
        let thread = Builder::new().name("rtp-capture".to_owned()).spawn(write);
        thread.map(|_| watch).map_err(|error| error.to_string())
    }

    fn since_reload(&self) -> Duration {
        self.reloader.last.lock().elapsed()
    }
}

/// How long a datagram may wait before it is in the file.
const FLUSH: Duration = Duration::from_secs(1);

/// Writes until no worker watches any more, or the file takes nothing more.
fn write_heads(path: &str, mut heads: Heads, seen: &Receiver<Seen>, left_out: &AtomicU64) {
    let written = loop {
        let flushed = match seen.recv_timeout(FLUSH) {
            Ok(seen) => heads.add(seen.at, (seen.from, seen.to), seen.head(), seen.len),
            Err(RecvTimeoutError::Timeout) => heads.flush(),
            Err(RecvTimeoutError::Disconnected) => break heads.flush(),
        };
        if flushed.is_err() {
            break flushed;
        }
    };
    let left_out = left_out.load(Ordering::Relaxed);
    match written {
        Ok(()) if left_out == 0 => tracing::info!("the capture of media in {path} has ended"),
        Ok(()) => tracing::warn!(
            "the capture of media in {path} has ended; {left_out} datagrams are not in it, because \
             the disk was too slow for them: name one address in `rtp set capture`"
        ),
        Err(error) => tracing::error!("the capture of media in {path} ends: {error}"),
    }
}
