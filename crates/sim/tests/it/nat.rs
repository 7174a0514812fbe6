//! What peers are told about addresses, and how ICE is switched.

use std::cell::Cell;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;

use sidetone_pbx::counters::Refusal;
use sidetone_sim::phone::Saying;
use sidetone_sim::{CallState, Configuration, Line, Manner, Weather, World, secs};

use super::overhear::overheard;
use super::{FEW, registered, tell};

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

/// Pain 13, NAT-22: a browser that goes from one network to another is heard again within two
/// seconds, and what was agreed before stands.
#[test]
fn a_browser_that_changes_networks_is_heard_again_within_two_seconds() {
    // A link that takes half of that for one way has its own time.
    for seed in FEW {
        tell(*seed, Weather::BAD, &Configuration::default(), async |world: World| {
            let wendy = registered(&world, "wendy", Line::WebSocket).await;
            let bob = registered(&world, "bob", Line::Udp).await;
            bob.will(Manner::Answer(secs(1))).await;
            wendy.dial("bob").await;
            world.run_until("they talk", secs(35), |w| w.talking(&wendy, &bob)).await;
            for _ in 0..2 {
                let before = (wendy.call().heard, bob.call().heard);
                world.roam(&wendy).await;
                let again = |_: &World| wendy.call().heard > before.0 + 5;
                world.run_until("she hears again", secs(2), again).await;
                world.run_until("they talk again", secs(1), |w| w.talking(&wendy, &bob)).await;
                world.run_for(secs(3)).await;
            }
            assert!(world.talking(&wendy, &bob), "{}", world.account());
            wendy.hang_up().await;
            world.assert_no_leaks().await;
            assert_eq!(bob.state(), Some(CallState::Over(200)));
        });
    }
}

/// A path may die without the peer's knowing why: an address on a TURN server is lost, a router
/// forgets. Whoever notices offers another one.
#[test]
fn a_call_whose_path_died_is_offered_a_restart_and_goes_on() {
    for seed in FEW {
        tell(*seed, Weather::CLEAR, &Configuration::default(), async |world: World| {
            let wendy = registered(&world, "wendy", Line::WebSocket).await;
            wendy.dial("600").await;
            world.run_until("she hears herself", secs(30), |_| wendy.is_talking()).await;
            world.deafen(&wendy);
            world.run_until("a restart is offered", secs(50), |_| wendy.call().reoffered > 0).await;
            world.run_for(secs(5)).await;
            let before = wendy.call().heard;
            world.heal(&wendy);
            let again = |_: &World| wendy.call().heard > before + 5;
            world.run_until("she hears again", secs(5), again).await;
            world.run_for(secs(60)).await;
            assert!(wendy.is_talking(), "{}", world.account());
            assert_eq!(wendy.call().reoffered, 1);
            wendy.hang_up().await;
            world.assert_no_leaks().await;
        });
    }
}

/// `media_address` alone is what a phone is told, for a NAT that leads here; with
/// `bind_rtp_to_media_address` it is also where its media comes from.
#[test]
fn media_is_bound_to_the_media_address_where_the_option_says_so() {
    for (binds, source) in [("yes", [192, 0, 2, 9]), ("no", [192, 0, 2, 1])] {
        let mut configuration = Configuration::default();
        configuration.media_addresses.push([192, 0, 2, 9].into());
        let begin = "\n[alice](phone)\n";
        let lines = format!("media_address = 192.0.2.9\nbind_rtp_to_media_address = {binds}\n");
        configuration.pjsip = configuration.pjsip.replace(begin, &format!("{begin}{lines}"));
        tell(1, Weather::CLEAR, &configuration, async |world: World| {
            let alice = registered(&world, "alice", Line::Udp).await;
            let bob = registered(&world, "bob", Line::Udp).await;
            bob.will(Manner::Answer(secs(1))).await;
            alice.dial("bob").await;
            world.run_until("bob hears her", secs(35), |_| bob.is_talking()).await;
            let answer = alice.call().answers.pop().unwrap_or_default();
            assert!(answer.contains("c=IN IP4 192.0.2.9\r\n"), "{answer}");
            let sources = world.sources(&alice, secs(2)).await;
            assert_eq!(sources, [IpAddr::from(source)], "{binds}");
            assert_eq!(world.sources(&bob, secs(2)).await, [IpAddr::from([192, 0, 2, 1])]);
            alice.hang_up().await;
            world.assert_no_leaks().await;
        });
    }
}

const STUN: &str = "198.51.100.200:3478";

fn with_stun() -> (Configuration, Rc<Cell<Option<SocketAddr>>>) {
    let rtp = "[general]\nstunaddr = 198.51.100.200\n".to_owned();
    let sees = Rc::new(Cell::new("203.0.113.7:61000".parse().ok()));
    (Configuration { rtp, ..Configuration::default() }, sees)
}

/// NAT-18: the public address changes under a call. The peer is offered the new one with new ICE
/// credentials, and the audio never stops.
#[test]
fn a_new_public_address_is_offered_to_live_calls() {
    let (configuration, sees) = with_stun();
    for seed in FEW {
        sees.set("203.0.113.7:61000".parse().ok());
        tell(*seed, Weather::BAD, &configuration, async |world: World| {
            world.stun_server(STUN.parse().unwrap(), Rc::clone(&sees));
            let said = overheard(&world);
            let wendy = registered(&world, "wendy", Line::WebSocket).await;
            world.run_for(secs(5)).await;
            wendy.dial("600").await;
            world.run_until("she hears herself", secs(30), |_| wendy.is_talking()).await;
            let told = |address: &str| {
                let candidate = format!("{address} 61000 typ srflx raddr 0.0.0.0 rport 0");
                said.borrow().iter().filter(|text| text.contains(&candidate)).count()
            };
            assert!(told("203.0.113.7") >= 1, "{:#?}", said.borrow());
            sees.set("203.0.113.8:61000".parse().ok());
            world.run_until("it is offered", secs(60), |_| wendy.call().reoffered > 0).await;
            let is_offer = |text: &&String| text.starts_with("INVITE");
            let offer = said.borrow().iter().rfind(is_offer).cloned();
            assert!(offer.is_some_and(|offer| offer.contains("203.0.113.8 61000 typ srflx")));
            for _ in 0..20 {
                world.run_for(std::time::Duration::from_millis(500)).await;
                assert!(wendy.is_talking(), "{}", world.account());
            }
            wendy.hang_up().await;
            world.assert_no_leaks().await;
        });
    }
}

/// NAT-18: whoever is told a new media address is told the new Contact as well.
#[test]
fn after_a_change_of_the_public_address_the_contact_is_the_new_one() {
    let behind = |address: &str| {
        let mut configuration = Configuration::default();
        let begin = "type = transport\n";
        let translated = format!(
            "{begin}external_media_address = {address}\nexternal_signaling_address = {address}\n"
        );
        configuration.pjsip = configuration.pjsip.replace(begin, &translated);
        configuration
    };
    tell(1, Weather::CLEAR, &Configuration::default(), async |world: World| {
        let said = overheard(&world);
        let alice = registered(&world, "alice", Line::Udp).await;
        alice.dial("600").await;
        world.run_until("it hears itself", secs(20), |_| alice.is_talking()).await;
        world.reload(&behind("203.0.113.8"));
        let (from, to) = ("192.0.2.1".parse().unwrap(), "203.0.113.8".parse().unwrap());
        world.exchange().reach().note_move(from, to);
        world.run_until("it is offered", secs(20), |_| alice.call().reoffered > 0).await;
        let offer = said.borrow().iter().rfind(|text| text.starts_with("INVITE")).cloned();
        let offer = offer.expect("a re-INVITE");
        for line in
            ["Contact: <sip:203.0.113.8:5060>", "c=IN IP4 203.0.113.8", "UDP 203.0.113.8:5060;"]
        {
            assert!(offer.contains(line), "{line}\n{offer}");
        }
        world.exchange().hang_up_all(sidetone_pbx::Cause::NORMAL);
        world.assert_no_leaks().await;
    });
}

/// NAT-13: endpoints with a range of their own take their ports from it, browsers too.
#[test]
fn an_endpoint_with_its_own_ports_uses_no_others() {
    let mut configuration = Configuration::default();
    for account in ["[alice](phone)\n", "[wendy](browser)\n"] {
        let own = format!("{account}rtp_port_start = 4000\nrtp_port_end = 4003\n");
        assert!(configuration.pjsip.contains(account));
        configuration.pjsip = configuration.pjsip.replace(account, &own);
    }
    tell(1, Weather::CLEAR, &configuration, async |world: World| {
        let said = overheard(&world);
        let alice = registered(&world, "alice", Line::Udp).await;
        let wendy = registered(&world, "wendy", Line::WebSocket).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        for phone in [&alice, &wendy, &bob] {
            phone.dial("600").await;
            world.run_until("it hears itself", secs(20), |_| phone.is_talking()).await;
        }
        let said = said.take();
        let answers = said.iter().filter(|text| text.starts_with("SIP/2.0 200"));
        let ports = answers.filter_map(|text| text.split_once("m=audio ")).map(|(_, rest)| {
            let port = rest.split(' ').next().unwrap_or_default();
            port.parse::<u16>().expect("a port")
        });
        let ports: Vec<u16> = ports.collect();
        let [plain, browser, usual] = ports[..] else { panic!("{ports:?}") };
        assert!((4_000..=4_003).contains(&plain) && (4_000..=4_003).contains(&browser));
        assert!(plain != browser && usual >= 10_000, "{ports:?}");
        // Both pairs of the range are taken: a third call finds none and says what to change.
        let walter = registered(&world, "alice", Line::Udp).await;
        walter.dial("600").await;
        world.run_until("it is refused", secs(20), |_| walter.is_over()).await;
        assert_eq!(walter.state(), Some(CallState::Over(503)));
        for phone in [&alice, &wendy, &bob] {
            phone.hang_up().await;
        }
        world.assert_no_leaks().await;
    });
}

/// RFC 8840: what is found after the answer is told by INFO, to those who listen.
#[test]
fn late_candidates_are_trickled_to_those_who_listen() {
    let (configuration, sees) = with_stun();
    for listens in [true, false] {
        sees.set(None);
        tell(1, Weather::CLEAR, &configuration, async |world: World| {
            world.stun_server(STUN.parse().unwrap(), Rc::clone(&sees));
            let said = overheard(&world);
            let wendy = registered(&world, "wendy", Line::WebSocket).await;
            if listens {
                wendy.will_say(&[("Recv-Info", "trickle-ice")]).await;
            }
            let began = tokio::time::Instant::now();
            wendy.dial("600").await;
            world.run_until("she hears herself", secs(5), |_| wendy.is_talking()).await;
            // FAQ-06: a STUN server that is silent costs the call nothing.
            assert!(began.elapsed() < secs(2), "{:?}", began.elapsed());
            sees.set("203.0.113.7:61000".parse().ok());
            world.run_for(secs(20)).await;
            let said = said.take();
            let answer = said.iter().find(|text| text.contains("a=ice-options:ice2 trickle"));
            let answer = answer.expect("an answer with trickle");
            assert!(!answer.contains("a=end-of-candidates"), "{answer}");
            assert!(answer.contains("Recv-Info: trickle-ice"), "{answer}");
            let infos: Vec<&String> = said.iter().filter(|text| text.starts_with("INFO")).collect();
            assert_eq!(!infos.is_empty(), listens, "{infos:#?}");
            if listens {
                let all: String = infos.iter().map(|text| text.as_str()).collect();
                assert!(all.contains("203.0.113.7 61000 typ srflx"), "{all}");
                assert!(all.contains("a=end-of-candidates"), "{all}");
                assert!(all.contains("Content-Type: application/trickle-ice-sdpfrag"), "{all}");
                assert!(all.contains("Info-Package: trickle-ice"), "{all}");
            }
            wendy.hang_up().await;
            world.assert_no_leaks().await;
        });
    }
}

/// RFC 8840 §4.3: candidates that come by INFO are tried.
#[test]
fn candidates_of_the_peer_that_come_by_info_are_tried() {
    tell(1, Weather::CLEAR, &Configuration::default(), async |world: World| {
        let wendy = registered(&world, "wendy", Line::WebSocket).await;
        wendy.dial("600").await;
        world.run_until("she hears herself", secs(5), |_| wendy.is_talking()).await;
        let elsewhere: SocketAddr = "203.0.113.200:7000".parse().unwrap();
        assert_eq!(world.strays_at(elsewhere), 0);
        let body = "m=audio 9 RTP/AVP 0\r\na=mid:0\r\n\
                    a=candidate:7 1 udp 1694498815 203.0.113.200 7000 typ srflx raddr 0.0.0.0 \
                    rport 0\r\na=candidate:8 1 udp 1 4f2b.local 9 typ host\r\n";
        let kind = "application/trickle-ice-sdpfrag";
        let package = [("Info-Package", "trickle-ice")];
        wendy.ask(Saying::new("INFO", &package).with_body(kind, body)).await;
        world.run_for(secs(1)).await;
        assert_eq!(wendy.call().told, [200]);
        assert!(world.strays_at(elsewhere) > 0, "no check was sent");
        wendy.ask(Saying::new("INFO", &package).with_body(kind, "m=audio\r\n")).await;
        world.run_for(secs(1)).await;
        assert_eq!(wendy.call().told, [200, 400]);
        assert_eq!(world.exchange().counters().of(Refusal::Request), 1);
        assert!(wendy.is_talking(), "{}", world.account());
        wendy.hang_up().await;
        world.assert_no_leaks().await;
    });
}

/// Whoever asks for our public address says what it is, unless that is nobody's business.
#[test]
fn stun_servers_are_told_our_name_unless_stun_software_attribute_says_no() {
    for (option, told) in [("yes", true), ("no", false)] {
        let (mut configuration, _) = with_stun();
        configuration.rtp += &format!("stun_software_attribute = {option}\n");
        let monitor = "[general]\nstunaddr = 198.51.100.201\n".to_owned();
        configuration.files.push(("/etc/res_stun_monitor.conf".to_owned(), monitor));
        tell(1, Weather::CLEAR, &configuration, async |world: World| {
            let by_monitor =
                world.monitor_server("198.51.100.201:3478".parse().unwrap(), Rc::default());
            world.run_for(secs(5)).await;
            let wendy = registered(&world, "wendy", Line::WebSocket).await;
            wendy.dial("600").await;
            world.run_until("she hears herself", secs(9), |_| wendy.is_talking()).await;
            let by_workers = world.taken_at(STUN.parse().unwrap());
            for asked in [by_workers, by_monitor.take()] {
                assert!(!asked.is_empty());
                for question in asked {
                    let named = question.windows(8).any(|bytes| bytes == b"Sidetone");
                    assert_eq!(named, told, "{option}: {question:?}");
                }
            }
            wendy.hang_up().await;
            world.assert_no_leaks().await;
        });
    }
}

/// NAT-03: the address of a name that holds for no time is asked for again by each call, if
/// `stunaddr_reresolve_ttl_0` wants it so; that of another name is not.
#[test]
fn a_call_resolves_a_name_again_that_holds_for_no_time_where_the_option_says_so() {
    for (option, ttl_s, again) in [("yes", 0, 1), ("no", 0, 0), ("yes", 3_600, 0)] {
        let name = "stun.example";
        let rtp = format!("[general]\nstunaddr = {name}\nstunaddr_reresolve_ttl_0 = {option}\n");
        let mut configuration = Configuration { rtp, ..Configuration::default() };
        let names = &mut configuration.names;
        names.addresses.insert(name.to_owned(), vec![[198, 51, 100, 200].into()]);
        names.ttl.insert(name.to_owned(), secs(ttl_s));
        names.asked = Arc::default();
        let asked = Arc::clone(&names.asked);
        let count = || asked.lock().get(name).copied().unwrap_or_default();
        tell(1, Weather::CLEAR, &configuration, async |world: World| {
            let alice = registered(&world, "alice", Line::Udp).await;
            world.run_for(secs(5)).await;
            let before = count();
            assert!(before > 0);
            alice.dial("600").await;
            world.run_until("she hears herself", secs(9), |_| alice.is_talking()).await;
            world.run_for(secs(5)).await;
            assert_eq!(count() - before, again, "{option} {ttl_s}");
            alice.hang_up().await;
            world.assert_no_leaks().await;
        });
    }
}

/// A phone that is told nothing would lose its binding at a router that forgets.
#[test]
fn a_silent_call_is_kept_open_by_packets_as_often_as_rtp_keepalive_says() {
    for (option, packets) in [("0", 0..=0), ("2", 4..=5), ("5", 1..=2)] {
        let configuration = Configuration::default()
            .with_extensions("exten => 1,1,Answer()\n same => n,Wait(60)")
            .with_option(&format!("rtp_keepalive = {option}"));
        tell(1, Weather::CLEAR, &configuration, async |world: World| {
            let alice = registered(&world, "alice", Line::Udp).await;
            alice.dial("1").await;
            let up = |_: &World| alice.state() == Some(CallState::Talking);
            world.run_until("it is answered", secs(9), up).await;
            let heard = world.captured(&alice, world.run_for(secs(10))).await;
            // Packet types 192 to 223 are those of RTCP (RFC 5761 section 4).
            let is_media = |bytes: &&Vec<u8>| !matches!(bytes.get(1), Some(192..=223));
            let count = heard.iter().filter(is_media).count();
            assert!(packets.contains(&count), "{option}: {count}");
            alice.hang_up().await;
            world.assert_no_leaks().await;
        });
    }
}
