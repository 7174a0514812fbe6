//! What went over the wires of the exchange, for whoever reads why a seed failed, and for the
//! proof that a seed is one run.

use std::cell::RefCell;
use std::rc::Rc;

use sidetone_events::Event;
use sidetone_events::catalogue::Way;
use sidetone_pbx::Exchange;
use tokio::time::Instant;

/// First lines of all SIP messages in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ladder {
    lines: Rc<RefCell<Vec<String>>>,
}

impl Ladder {
    /// Writes down what the exchange sends and receives from now on.
    pub(crate) fn of(exchange: &Exchange) -> Self {
        let ladder = Self::default();
        exchange.set_sip_log(true);
        let mut events = exchange.bus().subscribe();
        let (lines, start) = (Rc::clone(&ladder.lines), Instant::now());
        tokio::task::spawn_local(async move {
            while let Some(event) = events.next().await {
                let at = start.elapsed().as_secs_f64();
                let line = match &*event {
                    Event::SipMessage { way, transport, remote, text, .. } => {
                        let arrow = if *way == Way::In { "<-" } else { "->" };
                        let first = text.lines().next().unwrap_or_default();
                        let cseq = text.lines().find(|line| line.starts_with("CSeq:"));
                        let cseq = cseq.unwrap_or_default();
                        format!("{at:9.3} {transport} {arrow} {remote} {first} ({cseq})")
                    }
                    Event::Media { name, words, .. } => format!("{at:9.3} {name}: {words}"),
                    _ => continue,
                };
                lines.borrow_mut().push(line);
            }
        });
        ladder
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines.borrow().clone()
    }
}
