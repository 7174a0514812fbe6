//! What peers are told about addresses, and how ICE is switched.

use std::cell::RefCell;
use std::rc::Rc;

use sidetone_events::Event;
use sidetone_events::catalogue::Way;
use sidetone_sim::{CallState, Configuration, Line, Manner, Weather, World, secs};

use super::{registered, tell};

/// Every SIP message the exchange sends from now on.
fn overheard(world: &World) -> Rc<RefCell<Vec<String>>> {
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

/// The lines of a message that are the exchange's own words: what a peer wrote comes back to it.
fn own_words(message: &str) -> Vec<&str> {
    let repeated = |line: &&str| {
        let of_the_peer = ["From:", "To:", "Via:", "Call-ID:"];
        let its_address = ["To:", "INVITE ", "Route:"];
        // Inside a dialog From is what the peer dialled.
        let its_dialog = ["From:", "To:", "ACK ", "BYE ", "CANCEL ", "Route:"];
        let repeats: &[&str] = match message.split(' ').next() {
            Some("SIP/2.0") => &of_the_peer,
            Some("INVITE") => &its_address,
            _ => &its_dialog,
        };
        repeats.iter().any(|name| line.starts_with(name))
    };
    message.lines().filter(|line| !repeated(line)).collect()
}

#[test]
fn a_stranger_hears_of_no_inner_address_in_sip_or_sdp() {
    let mut configuration = Configuration::default();
    let translated = "external_media_address = 203.0.113.9\n\
                      external_signaling_address = 203.0.113.9\nlocal_net = 192.0.2.0/24\n";
    let begin = "type = transport\n";
    configuration.pjsip = configuration.pjsip.replace(begin, &format!("{begin}{translated}"));
    tell(1, Weather::CLEAR, &configuration, async |world: World| {
        let said = overheard(&world);
        let alice = registered(&world, "alice", Line::Udp).await;
        let bob = registered(&world, "bob", Line::Tcp).await;
        let wendy = registered(&world, "wendy", Line::WebSocket).await;
        bob.will(Manner::Answer(secs(1))).await;
        for caller in [&alice, &wendy] {
            caller.dial("bob").await;
            let answered = |_: &World| caller.state() == Some(CallState::Talking);
            world.run_until("it is answered", secs(20), answered).await;
            world.run_for(secs(8)).await;
            // The public address leads nowhere in this world: the exchange ends the call.
            world.exchange().hang_up_all(sidetone_pbx::Cause::NORMAL);
            world.run_until("it is over", secs(40), World::is_quiet).await;
        }
        let said = said.borrow();
        let invites = said.iter().filter(|text| text.starts_with("INVITE"));
        assert!(invites.clone().count() >= 2, "{said:#?}");
        for invite in invites {
            assert!(invite.contains("Via: SIP/2.0/TCP 203.0.113.9"), "{invite}");
            assert!(invite.contains("c=IN IP4 203.0.113.9"), "{invite}");
        }
        for message in said.iter() {
            let leak = own_words(message).into_iter().find(|line| line.contains("192.0.2.1"));
            assert_eq!(leak, None, "{message}");
        }
    });
}

#[test]
fn with_icesupport_off_nothing_speaks_of_ice_and_phones_talk() {
    let mut configuration = Configuration::default().with_option("ice_support = yes");
    configuration.rtp = "[general]\nicesupport = no\n".to_owned();
    tell(1, Weather::CLEAR, &configuration, async |world: World| {
        let said = overheard(&world);
        let alice = registered(&world, "alice", Line::Udp).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        let wendy = registered(&world, "wendy", Line::WebSocket).await;
        bob.will(Manner::Answer(secs(1))).await;
        alice.dial("bob").await;
        world.run_until("they talk", secs(20), |w| w.talking(&alice, &bob)).await;
        alice.hang_up().await;
        // A browser cannot do without ICE: it is told so instead of being left in silence.
        wendy.dial("600").await;
        world.run_until("it is refused", secs(20), |_| wendy.is_over()).await;
        world.assert_no_leaks().await;
        let said = said.borrow();
        let refusal = said.iter().find(|text| text.contains("icesupport"));
        assert!(refusal.is_some_and(|text| text.starts_with("SIP/2.0 ")), "{said:#?}");
        let ice = said.iter().find(|text| text.contains("a=ice-") || text.contains("a=candidate"));
        assert_eq!(ice, None);
    });
}

#[test]
fn an_ice_lite_exchange_says_so_and_is_heard() {
    let rtp = "[general]\nice_lite = yes\n".to_owned();
    let configuration = Configuration { rtp, ..Configuration::default() };
    tell(1, Weather::BAD, &configuration, async |world: World| {
        let said = overheard(&world);
        let wendy = registered(&world, "wendy", Line::WebSocket).await;
        wendy.dial("600").await;
        world.run_until("she hears herself", secs(30), |_| wendy.is_talking()).await;
        let lite = said.borrow().iter().any(|text| text.contains("a=ice-lite"));
        assert!(lite, "{:#?}", said.borrow());
        wendy.hang_up().await;
        world.assert_no_leaks().await;
    });
}
