//! The limit: a bare loop of epoll, `recvfrom` and `sendto` that echoes, over as many sockets as
//! the benchmark beside it.

use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};

use crate::phones;
use crate::process::Process;
use crate::{Loopback, Outcome};

/// Name of the thread, to find its CPU time.
const THREAD: &str = "bare";

/// A running loop.
#[derive(Debug)]
pub struct BareLoop {
    stop: Arc<AtomicBool>,
    echoed: Arc<AtomicU64>,
    thread: JoinHandle<Outcome>,
    targets: Vec<Loopback>,
}

impl BareLoop {
    /// Starts a loop over `count` sockets.
    ///
    /// # Errors
    /// When there are not enough descriptors.
    pub fn start(count: usize) -> Outcome<Self> {
        let sockets = phones::sockets(count)?;
        let targets = phones::addresses(&sockets)?;
        let (stop, echoed) = (Arc::new(AtomicBool::new(false)), Arc::default());
        let (stopped, counter) = (Arc::clone(&stop), Arc::clone(&echoed));
        let thread = std::thread::Builder::new().name(THREAD.to_owned());
        Ok(Self {
            stop,
            echoed,
            thread: thread.spawn(move || echo(&sockets, &stopped, &counter))?,
            targets,
        })
    }

    /// Where its sockets are.
    #[must_use]
    pub fn targets(&self) -> &[Loopback] {
        &self.targets
    }

    /// Packets echoed so far and the CPU time that took.
    ///
    /// # Errors
    /// When the thread is gone.
    pub fn cost(&self) -> Outcome<(u64, std::time::Duration)> {
        Ok((self.echoed.load(Ordering::Relaxed), Process::own().cpu_of(THREAD)?))
    }

    /// Ends the loop.
    ///
    /// # Errors
    /// What the loop met.
    pub fn stop(self) -> Outcome {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| "the bare loop panicked")?
    }
}

fn echo(sockets: &[UdpSocket], stop: &AtomicBool, echoed: &AtomicU64) -> Outcome {
    let epoll = Epoll::new(EpollCreateFlags::empty())?;
    for (index, socket) in sockets.iter().enumerate() {
        epoll.add(socket, EpollEvent::new(EpollFlags::EPOLLIN, index as u64))?;
    }
    let mut events = [EpollEvent::empty(); 64];
    let mut buffer = [0_u8; 2048];
    while !stop.load(Ordering::Relaxed) {
        let ready = epoll.wait(&mut events, EpollTimeout::from(100_u8))?;
        for event in events.iter().take(ready) {
            let Some(socket) = sockets.get(event.data() as usize) else {
                continue;
            };
            if let Ok((length, from)) = socket.recv_from(&mut buffer) {
                let _ = socket.send_to(buffer.get(..length).unwrap_or_default(), from);
                echoed.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
    Ok(())
}
