//! What the exchange says on its wires, message by message, for stories that read it.

use std::cell::RefCell;
use std::rc::Rc;

use sidetone_events::Event;
use sidetone_events::catalogue::Way;
use sidetone_sim::World;

/// Every SIP message the exchange sends from now on.
pub(crate) fn overheard(world: &World) -> Rc<RefCell<Vec<String>>> {
    let said = Rc::new(RefCell::new(Vec::new()));
    let mut events = world.exchange().bus().subscribe();
    let into = Rc::clone(&said);
    tokio::task::spawn_local(async move {
        while let Some(event) = events.next().await {
            if let Event::SipMessage { way: Way::Out, text, .. } = &*event {
                into.borrow_mut().push(text.clone());
            }
        }
    });
    said
}
