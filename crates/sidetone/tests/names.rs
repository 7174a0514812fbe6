//! Services of a domain, asked of a name server on a real socket.

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use hickory_resolver::proto::op::{Message, MessageType, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, NAPTR, SRV};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use sidetone_base::{SeededRandom, Transport};
use sidetone_pbx::party::locate::{Records, Target, Wanted, locate};
use sidetone_pbx::party::names::{Names, look_up, unknown_in};
use sidetone_pbx::party::resolver::Resolver;

async fn learn(uri: &str, resolver: &Resolver) -> Option<(String, Arc<Records>)> {
    let names = Names::new();
    look_up(unknown_in(uri, &names)?, &names, resolver).await
}

/// What the server has: a domain whose service over TCP is at another one.
fn records(name: &str, kind: RecordType) -> Option<RData> {
    let to = |name: &str| Name::from_ascii(name).expect("a name");
    let bytes = |text: &str| text.as_bytes().into();
    match (name, kind) {
        ("trunk.test.", RecordType::NAPTR) => {
            let elsewhere = to("_sip._tcp.carrier.test.");
            let naptr = NAPTR::new(10, 50, bytes("S"), bytes("SIP+D2T"), bytes(""), elsewhere);
            Some(RData::NAPTR(naptr))
        }
        ("_sip._tcp.carrier.test.", RecordType::SRV) => {
            Some(RData::SRV(SRV::new(1, 1, 5070, to("LOCALHOST."))))
        }
        ("stun.test.", RecordType::A) => Some(RData::A(A::new(192, 0, 2, 7))),
        _ => None,
    }
}

/// A name server that serves until nobody has asked for three seconds.
fn server() -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    socket.set_read_timeout(Some(Duration::from_secs(3))).expect("a timeout");
    let address = socket.local_addr().expect("an address");
    thread::spawn(move || {
        let mut buffer = [0; 1_500];
        while let Ok((length, from)) = socket.recv_from(&mut buffer) {
            let Ok(mut message) = Message::from_vec(&buffer[..length]) else { continue };
            let Some(query) = message.queries.first().cloned() else { continue };
            message.metadata.message_type = MessageType::Response;
            message.metadata.response_code = ResponseCode::NXDomain;
            let name = query.name().to_ascii().to_ascii_lowercase();
            if let Some(data) = records(&name, query.query_type()) {
                message.metadata.response_code = ResponseCode::NoError;
                message.add_answer(Record::from_rdata(query.name().clone(), 60, data));
            }
            let answer = message.to_vec().expect("an answer");
            socket.send_to(&answer, from).expect("sent");
        }
    });
    address
}

#[tokio::test]
async fn a_domain_leads_through_naptr_and_srv_records_of_a_name_server_to_a_host() {
    let resolver = Resolver::Server(server());
    let uri = "sip:4711@Trunk.test";
    let (name, known) = learn(uri, &resolver).await.expect("the server knows the domain");
    assert_eq!(name, "trunk.test");
    let wanted = Wanted::of(&uri.parse().expect("a URI"), None).expect("a SIP URI");
    let targets = locate(&wanted, &known, &mut SeededRandom::new(1));
    let first = Target { transport: Transport::Tcp, remote: ([127, 0, 0, 1], 5070).into() };
    assert!(targets.contains(&first), "{targets:?} of {known:?}");
}

#[tokio::test]
async fn a_name_server_that_says_nothing_is_not_waited_for_long() {
    let silent = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let resolver = Resolver::Server(silent.local_addr().expect("an address"));
    let start = Instant::now();
    learn("sip:4711@trunk.test", &resolver).await;
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

#[tokio::test]
async fn records_say_for_how_long_they_hold() {
    let resolver = Resolver::Server(server());
    let minute = Some(Duration::from_secs(60));
    assert_eq!(resolver.time_to_live("Stun.test", RecordType::A).await, minute);
    assert_eq!(resolver.time_to_live("stun.test", RecordType::AAAA).await, None);
    assert_eq!(resolver.time_to_live("localhost", RecordType::A).await, None, "nobody is asked");
}
