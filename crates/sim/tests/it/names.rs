//! Host names: what dialplans and phones write is looked up before it is called, and records of
//! services say where requests go (RFC 3263).

use sidetone_pbx::party::locate::Srv;
use sidetone_sim::{Configuration, Line, Manner, Weather, World, secs};

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
