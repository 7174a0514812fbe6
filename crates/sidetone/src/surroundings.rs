//! What commands of the control socket need beside the exchange.

use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use sidetone_control::commands::{Knob, Stop, Surroundings};
use sidetone_control::socket::Answer;
use sidetone_http::HttpServer;
use sidetone_observe::Log;
use sidetone_observe::capture::Capture;
use tokio::sync::mpsc;

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

    fn capture(&self, path: &str) -> Result<(), String> {
        let bus = self.reloader.exchange.bus();
        let capture = Capture::start(bus, Path::new(path)).map_err(|error| error.to_string())?;
        *self.capture.lock() = Some(capture);
        Ok(())
    }

    fn end_capture(&self) {
        *self.capture.lock() = None;
    }

    fn since_reload(&self) -> Duration {
        self.reloader.last.lock().elapsed()
    }
}
