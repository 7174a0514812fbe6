//! Host names: what dialplans and phones write is looked up before it is called, and records of
//! services say where requests go (RFC 3263).

use sidetone_pbx::party::locate::Srv;
use sidetone_sim::registrar::Does;
use sidetone_sim::{Configuration, Line, Manner, Phone, Weather, World, secs};

use super::FEW;
use super::tell::{registered, tell};

/// The phones of a story are on these hosts, in the order in which they come.
const FIRST: [u8; 4] = [198, 51, 100, 1];
const SECOND: [u8; 4] = [198, 51, 100, 2];
const THIRD: [u8; 4] = [198, 51, 100, 3];

fn plan(lines: &str, hosts: &[(&str, [u8; 4])]) -> Configuration {
    let mut configuration = Configuration::default();
    configuration.extensions += lines;
    for (name, address) in hosts {
        configuration.names.addresses.insert((*name).to_owned(), vec![(*address).into()]);
    }
    configuration
}

fn srv(priority: u16, port: u16, host: &str) -> Srv {
    Srv { priority, weight: 0, port, host: host.to_owned() }
}

#[test]
fn originate_calls_a_name_that_nobody_knew_before() {
    let lines = "
exten => 1,1,Originate(PJSIP/bob/sip:bob@phones.example,app,Echo,,,10)
 same => n,Set(GLOBAL(OUTCOME)=${ORIGINATE_STATUS})";
    let configuration = plan(lines, &[("phones.example", SECOND)]);
    tell(1, Weather::CLEAR, &configuration, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        bob.will(Manner::Answer(secs(1))).await;
        alice.dial("1").await;
        world.run_until("bob hears himself", secs(35), |_| bob.is_talking()).await;
        assert!(bob.call().invite.starts_with("INVITE sip:bob@phones.example "));
        world.run_until("alice is through", secs(35), |_| alice.is_over()).await;
        assert_eq!(world.outcome(), "SUCCESS");
        bob.hang_up().await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn a_name_that_can_be_looked_up_is_available_and_another_is_not() {
    let lines = "
exten => 1,1,ChanIsAvail(PJSIP/bob/sip:bob@nowhere.invalid&PJSIP/bob/sip:bob@phones.example)
 same => n,Set(GLOBAL(OUTCOME)=${AVAILCHAN})";
    let configuration = plan(lines, &[("phones.example", SECOND)]);
    tell(1, Weather::CLEAR, &configuration, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        alice.dial("1").await;
        world.run_until("it is over", secs(35), |_| alice.is_over()).await;
        assert_eq!(world.outcome(), "PJSIP/bob/sip:bob@phones.example");
        world.assert_no_leaks().await;
    });
}

#[test]
fn a_phone_may_forward_to_a_name() {
    let hosts = [("elsewhere.example", THIRD)];
    let configuration = plan("", &hosts).with_option("redirect_method = uri_core");
    tell(1, Weather::CLEAR, &configuration, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        let carol = registered(&world, "carol", Line::Udp).await;
        bob.will(Manner::Forward("sip:carol@elsewhere.example")).await;
        carol.will(Manner::Answer(secs(1))).await;
        alice.dial("bob").await;
        world.run_until("they talk", secs(35), |w| w.talking(&alice, &carol)).await;
        alice.hang_up().await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn a_call_goes_to_the_host_and_over_the_transport_that_srv_records_name() {
    let lines = "\nexten => 1,1,Dial(PJSIP/bob/sip:bob@trunk.example,20)\n";
    let hosts = [("trunk.example", FIRST), ("edge.trunk.example", SECOND)];
    let mut configuration = plan(lines, &hosts);
    let records = vec![srv(1, 5060, "edge.trunk.example")];
    configuration.names.srv.insert("_sip._tcp.trunk.example".to_owned(), records);
    tell(1, Weather::CLEAR, &configuration, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let bob = registered(&world, "bob", Line::Tcp).await;
        bob.will(Manner::Answer(secs(1))).await;
        alice.dial("1").await;
        world.run_until("they talk", secs(35), |w| w.talking(&alice, &bob)).await;
        assert!(bob.call().invite.contains("Via: SIP/2.0/TCP "), "{}", bob.call().invite);
        alice.hang_up().await;
        world.assert_no_leaks().await;
    });
}

/// `trunk.example` is at these hosts, in this order, and number 1 calls it for so long.
fn trunk(hosts: &[[u8; 4]], ring_s: u32) -> Configuration {
    let lines = format!(
        "\nexten => 1,1,Dial(PJSIP/bob/sip:4711@trunk.example,{ring_s})\n\
         \x20same => n,Set(GLOBAL(OUTCOME)=${{DIALSTATUS}})\n"
    );
    let mut configuration = plan(&lines, &[]);
    let mut records = Vec::new();
    for (priority, host) in (1..).zip(hosts) {
        let name = format!("edge{priority}.trunk.example");
        configuration.names.addresses.insert(name.clone(), vec![(*host).into()]);
        records.push(srv(priority, 5060, &name));
    }
    configuration.names.srv.insert("_sip._udp.trunk.example".to_owned(), records);
    configuration
}

/// Nobody is there.
const NOBODY: [u8; 4] = [198, 51, 100, 99];

async fn they_talk(world: &World, alice: &Phone, other: &Phone, limit_s: u64) {
    world.run_until("they talk", secs(limit_s), |w| w.talking(alice, other)).await;
    alice.hang_up().await;
    world.run_until("it is over", secs(60), World::is_quiet).await;
}

#[test]
fn a_call_goes_on_at_the_next_host_when_the_first_is_silent() {
    for seed in FEW {
        tell(*seed, Weather::BAD, &trunk(&[NOBODY, SECOND], 60), async |world: World| {
            let alice = registered(&world, "alice", Line::Udp).await;
            let bob = registered(&world, "bob", Line::Udp).await;
            bob.will(Manner::Answer(secs(1))).await;
            alice.dial("1").await;
            world.run_for(secs(30)).await;
            assert!(bob.calls().is_empty(), "Timer B has not fired");
            they_talk(&world, &alice, &bob, 20).await;
            // Whoever calls next begins with the host that is there.
            alice.dial("1").await;
            they_talk(&world, &alice, &bob, 15).await;
            assert_eq!(bob.calls().len(), 2);
            world.assert_no_leaks().await;
        });
    }
}

#[test]
fn a_call_goes_on_at_once_when_the_first_host_takes_no_connection() {
    let mut configuration = trunk(&[NOBODY, SECOND], 20);
    let srv = &mut configuration.names.srv;
    let records = srv.remove("_sip._udp.trunk.example").expect("records");
    srv.insert("_sip._tcp.trunk.example".to_owned(), records);
    tell(1, Weather::CLEAR, &configuration, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let bob = registered(&world, "bob", Line::Tcp).await;
        bob.will(Manner::Answer(secs(1))).await;
        alice.dial("1").await;
        they_talk(&world, &alice, &bob, 5).await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn a_call_that_was_given_up_at_a_silent_host_is_the_last_that_begins_there() {
    tell(1, Weather::CLEAR, &trunk(&[NOBODY, SECOND], 5), async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        bob.will(Manner::Answer(secs(1))).await;
        alice.dial("1").await;
        world.run_until("it is over", secs(20), |_| alice.is_over()).await;
        assert_eq!((world.outcome().as_str(), bob.calls().len()), ("NOANSWER", 0));
        alice.dial("1").await;
        they_talk(&world, &alice, &bob, 4).await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn a_host_that_says_503_is_left_for_the_next_and_one_that_says_busy_is_not() {
    for (status, goes_on) in [(503, true), (486, false)] {
        tell(1, Weather::CLEAR, &trunk(&[SECOND, THIRD], 20), async |world: World| {
            let alice = registered(&world, "alice", Line::Udp).await;
            let bob = registered(&world, "bob", Line::Udp).await;
            let carol = registered(&world, "carol", Line::Udp).await;
            bob.will(Manner::Refuse(status)).await;
            carol.will(Manner::Answer(secs(1))).await;
            alice.dial("1").await;
            if goes_on {
                world.run_until("they talk", secs(10), |w| w.talking(&alice, &carol)).await;
                let (first, second) = (bob.call().invite, carol.call().invite);
                let line = |text: &str, name: &str| {
                    let found = text.lines().find(|line| line.starts_with(name));
                    found.unwrap_or_default().to_owned()
                };
                assert_eq!(line(&first, "Call-ID"), line(&second, "Call-ID"));
                assert_ne!(line(&first, "Via"), line(&second, "Via"));
                alice.hang_up().await;
            } else {
                world.run_until("it is over", secs(10), |_| alice.is_over()).await;
                assert_eq!((world.outcome().as_str(), carol.calls().len()), ("BUSY", 0));
            }
            world.assert_no_leaks().await;
        });
    }
}

#[test]
fn a_registration_goes_on_at_the_next_server() {
    for (does, limit_s) in [(Does::Ignore, 40), (Does::Refuse("503 Busy", "X-Why: full"), 6)] {
        let mut configuration = trunk(&[FIRST, SECOND], 20);
        configuration.pjsip += "\n[trunk]\ntype = registration\n\
            server_uri = sip:trunk.example\nclient_uri = sip:customer@trunk.example\n\
            contact_user = 4711\nexpiration = 60\nmax_random_initial_delay = 1\n";
        tell(1, Weather::CLEAR, &configuration, async |world: World| {
            let (first, second) = (world.registrar().await, world.registrar().await);
            first.will(does);
            let status = |world: &World| {
                let all = world.exchange().registrations().all();
                all.get("trunk").map(|view| (view.status, view.reached.map(|to| to.1.ip())))
            };
            let there = Some(("Registered", Some(second.ip())));
            world.run_until("it is registered", secs(limit_s), |w| status(w) == there).await;
            assert_eq!((first.heard().len(), second.heard().len()), (1, 1));
            // The renewals go there at once, and so never come too late.
            for _ in 0..120 {
                world.run_for(secs(1)).await;
                assert_eq!(status(&world), there, "{}", world.account());
            }
            assert_eq!(first.heard().len(), 1);
        });
    }
}

#[test]
fn a_fixed_contact_is_available_when_one_of_its_hosts_answers() {
    let mut configuration = trunk(&[NOBODY, FIRST], 20);
    configuration.pjsip += "\n[far](devices)\ncontact = sip:trunk.example\nqualify_frequency = 30\n\
         \n[far](phone)\naors = far\n\n[global]\ntype = global\nmax_initial_qualify_time = 1\n";
    tell(1, Weather::CLEAR, &configuration, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let status = |world: &World| {
            let contacts = world.exchange().registrar().contacts("far");
            contacts.first().expect("a contact").status()
        };
        world.run_until("it was asked", secs(8), |w| status(w) == "Avail").await;
        world.run_for(secs(100)).await;
        assert_eq!(status(&world), "Avail");
        drop(alice);
    });
}

#[test]
fn a_text_goes_on_at_the_next_host() {
    let mut configuration = trunk(&[NOBODY, SECOND], 20);
    configuration.extensions += "\nexten => 2,1,Set(MESSAGE(body)=hello)\n\
        \x20same => n,MessageSend(pjsip:bob/sip:4711@trunk.example)\n";
    tell(1, Weather::CLEAR, &configuration, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        alice.dial("2").await;
        world.run_until("bob reads it", secs(40), |_| bob.received().len() == 1).await;
        world.assert_no_leaks().await;
    });
}

/// Each lookup takes sockets and a thread: whoever is redirected to ever new names must not take
/// those that files and other calls need.
#[test]
fn lookups_for_calls_are_bounded_in_number() {
    let mut configuration = Configuration::default();
    configuration.names.silent = (0..40).map(|number| format!("n{number}.example")).collect();
    tell(1, Weather::CLEAR, &configuration, async |world: World| {
        let began = tokio::time::Instant::now();
        let exchange = world.exchange();
        let lookups = (0..40).map(|number| async move {
            exchange.learn(&format!("sip:a@n{number}.example")).await;
            began.elapsed()
        });
        let took = futures_util::future::join_all(lookups).await;
        let refused = took.iter().filter(|time| time.is_zero()).count();
        assert_eq!(refused, 40 - 32, "{took:?}");
        let again = tokio::time::Instant::now();
        exchange.learn("sip:a@n39.example").await;
        assert!(!again.elapsed().is_zero(), "there is room again");
    });
}
