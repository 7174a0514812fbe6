//! Peers that no stack of ours could be: hostile, broken or forking.

use std::fmt::Write as _;
use std::time::Duration;

use sidetone_base::SeededRandom;
use sidetone_dialplan::Flow;
use sidetone_pbx::channel::{ChannelEvent, Control, Errand};
use sidetone_pbx::counters::Refusal;
use sidetone_sim::{CallState, Configuration, Line, Manner, Stranger, Weather, World, secs};
use sidetone_sip::{Carrier, Limits, Message, Response};
use sidetone_ua::digest::{Secret, credentials_for};

use super::{registered, tell};

/// The first host of a world needs no password and is also called by `proxy`.
fn configuration() -> Configuration {
    let mut configuration = Configuration::default();
    configuration.pjsip += "
[proxy]
type = endpoint
context = internal
disallow = all
allow = ulaw
aors = proxy

[proxy](devices)
contact = sip:proxy@198.51.100.1:5060

[proxy]
type = identify
endpoint = proxy
match = 198.51.100.1
";
    configuration
}

/// A request as a broken client writes it.
fn request(method: &str, number: usize, extra: &str, body: &str) -> String {
    format!(
        "{method} sip:600@192.0.2.1 SIP/2.0\r\n\
         Via: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bK{method}{number};rport\r\n\
         From: <sip:proxy@192.0.2.1>;tag=t{number}\r\nTo: <sip:proxy@192.0.2.1>\r\n\
         Call-ID: {method}-{number}\r\nCSeq: 1 {method}\r\n{extra}\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn status_of(answers: &[String]) -> &str {
    let mut finals = answers.iter().filter(|answer| !answer.starts_with("SIP/2.0 100"));
    finals.next().and_then(|answer| answer.get(8..11)).unwrap_or("nothing")
}

async fn meets(stranger: &mut Stranger, text: String) -> String {
    stranger.say(text).await;
    status_of(&stranger.hear(secs(40)).await).to_owned()
}

#[test]
fn a_contact_that_calls_cannot_go_to_is_refused() {
    tell(1, Weather::CLEAR, &configuration(), async |world: World| {
        let mut stranger = world.stranger().await;
        let cases = [
            "<mailto:a@example.com>",
            "<http://example.com/>",
            "<tel:+4930123>",
            "<sip:a@224.0.0.1>",
            "<sip:a@255.255.255.255>",
            "<sip:a@0.0.0.0>",
            "<sip:a@198.51.100.1:0>",
            "<sip:a@198.51.100.1;transport=sctp>",
        ];
        for (number, contact) in cases.into_iter().enumerate() {
            let text = request("REGISTER", number, &format!("Contact: {contact}\r\n"), "");
            assert_eq!(meets(&mut stranger, text).await, "400", "{contact}");
        }
        let good = request("REGISTER", 90, "Contact: <sip:a@198.51.100.1>\r\n", "");
        assert_eq!(meets(&mut stranger, good).await, "200");
        world.assert_no_leaks().await;
    });
}

#[test]
fn calls_that_cannot_be_answered_are_refused_with_the_reason() {
    tell(1, Weather::CLEAR, &configuration(), async |world: World| {
        let mut stranger = world.stranger().await;
        let contact = "Contact: <sip:proxy@198.51.100.1>\r\n";
        let sdp = |address: &str| {
            format!(
                "v=0\r\no=- 1 1 IN IP4 198.51.100.1\r\ns=-\r\nc=IN IP4 {address}\r\nt=0 0\r\n\
                     m=audio 4000 RTP/AVP 0\r\n"
            )
        };
        let typed = format!("{contact}Content-Type: application/sdp\r\n");
        for (number, address) in ["224.2.1.1/127", "255.255.255.255"].into_iter().enumerate() {
            let text = request("INVITE", number, &typed, &sdp(address));
            assert_eq!(meets(&mut stranger, text).await, "488", "{address}");
        }
        let other = format!("{contact}Content-Type: text/plain\r\n");
        assert_eq!(meets(&mut stranger, request("INVITE", 2, &other, "hello")).await, "415");
        let large = request("INVITE", 3, &typed, &sdp("198.51.100.1"));
        let large = large.replace("CSeq: 1 ", "CSeq: 2147483648 ");
        assert_eq!(meets(&mut stranger, large).await, "400");
        let future = request("INVITE", 4, &typed, &sdp("198.51.100.1"));
        let future = future.replace(" SIP/2.0\r\nVia", " SIP/3.0\r\nVia");
        assert_eq!(meets(&mut stranger, future).await, "505");
        world.assert_no_leaks().await;
    });
}

/// The answer to a challenge for alice's password.
fn credentials(challenge: &str, uri: &str) -> String {
    let bytes = challenge.to_owned().into();
    let message = Message::parse(&bytes, Carrier::Datagram, &Limits::DEFAULT).expect("a message");
    let Message::Response(response) = message else { panic!("{challenge}") };
    let response: Response = response;
    let secret = |_| Some(Secret::Password(sidetone_sim::configuration::PASSWORD.to_owned()));
    let random = &mut SeededRandom::new(5);
    let headers = credentials_for(&response, random, "REGISTER", uri, "alice", &secret);
    headers.iter().fold(String::new(), |mut text, (name, value)| {
        write!(text, "{name}: {value}\r\n").expect("a string takes everything");
        text
    })
}

/// A REGISTER of alice from some address.
fn register(number: usize, from: &Stranger, extra: &str) -> String {
    let ip = from.ip();
    format!(
        "REGISTER sip:192.0.2.1 SIP/2.0\r\n\
         Via: SIP/2.0/UDP {ip}:5060;branch=z9hG4bKr{number};rport\r\n\
         From: <sip:alice@192.0.2.1>;tag=t\r\nTo: <sip:alice@192.0.2.1>\r\n\
         Call-ID: register-{number}\r\nCSeq: {number} REGISTER\r\n\
         Contact: <sip:alice@{ip}:5060>\r\n{extra}Content-Length: 0\r\n\r\n"
    )
}

#[test]
fn a_recorded_registration_played_back_binds_nothing() {
    tell(1, Weather::CLEAR, &Configuration::default(), async |world: World| {
        let (mut alice, mut thief) = (world.stranger().await, world.stranger().await);
        alice.say(register(1, &alice, "")).await;
        let challenge = alice.hear(secs(1)).await;
        assert_eq!(status_of(&challenge), "401");
        let proof = credentials(&challenge[0], "sip:192.0.2.1");
        alice.say(register(2, &alice, &proof)).await;
        assert_eq!(status_of(&alice.hear(secs(1)).await), "200");
        assert_eq!(world.contacts("alice"), 1);

        thief.say(register(3, &thief, &proof)).await;
        let answer = thief.hear(secs(1)).await;
        assert_eq!(status_of(&answer), "401");
        assert!(answer[0].contains("stale=true"), "{}", answer[0]);
        assert_eq!(world.contacts("alice"), 1);

        // The right answer after the nonce's life: stale, so that an honest client tries again.
        alice.say(register(5, &alice, "")).await;
        let challenge = alice.hear(secs(60)).await;
        let later = credentials(&challenge[0], "sip:192.0.2.1");
        alice.say(register(6, &alice, &later)).await;
        let answer = alice.hear(secs(1)).await;
        assert_eq!(status_of(&answer), "401");
        assert!(answer[0].contains("stale=true"), "{}", answer[0]);
        let counters = world.exchange().counters();
        let counts = (counters.of(Refusal::Challenged), counters.of(Refusal::Request));
        assert_eq!(counts, (4, 0), "each 401, and no more");
        world.assert_no_leaks().await;
    });
}

#[test]
fn a_flood_from_one_source_is_cut_and_the_others_register() {
    tell(1, Weather::CLEAR, &Configuration::default(), async |world: World| {
        let (mut flooder, mut answered) = (world.stranger().await, 0);
        // A registration and a call that are there before it begins.
        let bob = registered(&world, "bob", Line::Udp).await;
        let wendy = registered(&world, "wendy", Line::WebSocket).await;
        bob.will(Manner::Answer(Duration::from_millis(100))).await;
        wendy.dial("bob").await;
        world.run_until("they talk", secs(9), |world| world.talking(&wendy, &bob)).await;
        let still_there = |when: &str| {
            assert!(world.talking(&wendy, &bob), "{when}: {}", world.account());
            assert_eq!((world.contacts("bob"), world.contacts("wendy")), (1, 1), "{when}");
        };
        for number in 0..3_000 {
            let broken = request("OPTIONS", number, "", "").replace("SIP/2.0\r\n", "SIP/7.0\r\n");
            let good = request("OPTIONS", 10_000 + number, "", "");
            flooder.say(if number % 2 == 0 { good } else { broken }).await;
            if number % 100 == 0 {
                answered += flooder.hear(Duration::from_millis(10)).await.len();
                still_there("while it comes");
            }
        }
        let alice = registered(&world, "alice", Line::Udp).await;
        answered += flooder.hear(secs(5)).await.len();
        assert!((900..1_500).contains(&answered), "{answered} of 3,000");
        let cut = world.exchange().counters().of(Refusal::OverRate);
        assert_eq!(cut, 3_000 - answered as u64, "each of the others is counted");
        alice.dial("600").await;
        world.run_until("alice hears herself", secs(5), |_| alice.is_talking()).await;
        still_there("after it");
        alice.hang_up().await;
        wendy.hang_up().await;
        world.assert_no_leaks().await;
    });
}

/// What one source asks over a connection: a call of its own, and a flood that looks as if it
/// belonged to others.
#[test]
fn a_flood_of_no_call_is_charged_to_its_source_and_its_own_call_goes_on() {
    tell(1, Weather::CLEAR, &configuration(), async |world: World| {
        let mut proxy = world.stranger_over(Line::Tcp).await;
        let over_tcp = |text: String| text.replace("SIP/2.0/UDP", "SIP/2.0/TCP");
        let sdp = "v=0\r\no=- 1 1 IN IP4 198.51.100.1\r\ns=-\r\nc=IN IP4 198.51.100.1\r\nt=0 0\r\n\
                   m=audio 4000 RTP/AVP 0\r\n";
        let kind = "Contact: <sip:proxy@198.51.100.1:5060;transport=tcp>\r\n\
                    Content-Type: application/sdp\r\n";
        proxy.say(over_tcp(request("INVITE", 1, kind, sdp))).await;
        let heard = proxy.hear(secs(1)).await;
        let answer = heard.iter().find(|text| text.starts_with("SIP/2.0 200 ")).expect("answered");
        let to = answer.lines().find(|line| line.starts_with("To: ")).expect("a To");
        // Of that call, each with a CSeq and a branch of its own.
        let inside = |method: &str, number: usize| {
            let text = request(method, 1, "", "").replace("To: <sip:proxy@192.0.2.1>", to);
            let text = text.replace(&format!("Call-ID: {method}-1"), "Call-ID: INVITE-1");
            let text = text.replace("CSeq: 1 ", &format!("CSeq: {number} "));
            over_tcp(text.replace(&format!("bK{method}1"), &format!("bK{method}-{number}")))
        };
        proxy.say(inside("ACK", 1)).await;
        let of_no_call = |number: usize| {
            let method = ["BYE", "CANCEL", "INFO", "OPTIONS"][number % 4];
            let text = over_tcp(request(method, 100 + number, "", ""));
            let tag = ["", ";tag=gone"][number % 2];
            text.replace("To: <sip:proxy@192.0.2.1>", &format!("To: <sip:proxy@192.0.2.1>{tag}"))
        };
        let (mut refused, mut served) = (0, 0);
        let mut count = |heard: &[String]| {
            refused += heard.iter().filter(|text| text.starts_with("SIP/2.0 481 ")).count();
            served += heard.iter().filter(|text| text.starts_with("SIP/2.0 200 ")).count();
        };
        for turn in 0..60 {
            for number in 0..50 {
                proxy.say(of_no_call(50 * turn + number)).await;
            }
            for number in 0..20 {
                proxy.say(inside("OPTIONS", 2 + 20 * turn + number)).await;
            }
            count(&proxy.hear(Duration::from_millis(20)).await);
        }
        let alice = registered(&world, "alice", Line::Udp).await;
        count(&proxy.hear(secs(5)).await);
        assert_eq!(served, 1_200, "what belongs to a call is never charged");
        assert!((900..1_500).contains(&refused), "{refused} of 3,000");
        let cut = world.exchange().counters().of(Refusal::OverRate);
        assert_eq!(cut, 3_000 - refused as u64, "each of the others is counted");
        assert_eq!(world.exchange().live().count(), 1, "its call is there");
        proxy.say(inside("BYE", 2_000)).await;
        assert_eq!(status_of(&proxy.hear(secs(1)).await), "200");
        alice.dial("600").await;
        world.run_until("alice hears herself", secs(5), |_| alice.is_talking()).await;
        alice.hang_up().await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn an_invite_to_nobody_in_particular_reaches_s() {
    let mut configuration = configuration();
    configuration.extensions += "exten => s,1,Set(GLOBAL(OUTCOME)=<${EXTEN}>)\n same => n,Busy()\n";
    tell(1, Weather::CLEAR, &configuration, async |world: World| {
        let mut proxy = world.stranger().await;
        let contact = "Contact: <sip:proxy@198.51.100.1>\r\n";
        let text = request("INVITE", 1, contact, "").replace("sip:600@", "sip:");
        proxy.say(text.clone()).await;
        world.run_for(secs(1)).await;
        assert_eq!(world.outcome(), "<s>", "{text}");
        world.run_for(secs(40)).await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn among_credentials_for_several_realms_ours_count() {
    tell(1, Weather::CLEAR, &Configuration::default(), async |world: World| {
        let mut alice = world.stranger().await;
        alice.say(register(1, &alice, "")).await;
        let challenge = alice.hear(secs(1)).await;
        let ours = credentials(&challenge[0], "sip:192.0.2.1");
        let elsewhere = ours.replace("realm=\"asterisk\"", "realm=\"elsewhere\"");
        assert_ne!(ours, elsewhere);
        alice.say(register(2, &alice, &format!("{elsewhere}{ours}"))).await;
        assert_eq!(status_of(&alice.hear(secs(1)).await), "200");
    });
}

#[test]
fn a_challenge_names_the_default_realm() {
    for (line, realm) in
        [("", "asterisk"), ("default_realm = pbx.example.net\n", "pbx.example.net")]
    {
        let mut configuration = Configuration::default();
        configuration.pjsip += &format!("\n[global]\ntype = global\n{line}");
        tell(1, Weather::CLEAR, &configuration, async |world: World| {
            let mut alice = world.stranger().await;
            alice.say(register(1, &alice, "").replace("sip:alice@", "sip:mallory@")).await;
            let challenge = alice.hear(secs(1)).await;
            assert_eq!(status_of(&challenge), "401");
            assert!(challenge[0].contains(&format!("realm=\"{realm}\"")), "{}", challenge[0]);
        });
    }
}

#[test]
fn a_nonce_lives_as_long_as_its_auth_says() {
    for (line, status) in [("nonce_lifetime = 120", "200"), ("nonce_lifetime = 20", "401")] {
        let mut configuration = Configuration::default();
        let begin = "type = auth\n";
        configuration.pjsip = configuration.pjsip.replace(begin, &format!("{begin}{line}\n"));
        assert!(configuration.pjsip.contains(line), "the accounts have passwords");
        tell(1, Weather::CLEAR, &configuration, async |world: World| {
            let mut alice = world.stranger().await;
            alice.say(register(1, &alice, "")).await;
            let challenge = alice.hear(secs(60)).await;
            let proof = credentials(&challenge[0], "sip:192.0.2.1");
            alice.say(register(2, &alice, &proof)).await;
            assert_eq!(status_of(&alice.hear(secs(1)).await), status, "{line}");
        });
    }
}

/// A response to a request that the stranger heard.
pub(super) fn answer_to(request: &str, status: &str, tag: &str, body: &str) -> String {
    let mut text = format!("SIP/2.0 {status}\r\n");
    for line in request.lines() {
        if ["Via:", "From:", "Call-ID:", "CSeq:", "Record-Route:"]
            .iter()
            .any(|n| line.starts_with(n))
        {
            write!(text, "{line}\r\n").expect("a string takes everything");
        }
        if line.starts_with("To:") {
            write!(text, "{line};tag={tag}\r\n").expect("a string takes everything");
        }
    }
    let typed = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
    format!(
        "{text}Contact: <sip:{tag}@198.51.100.1:5060>\r\n{typed}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[test]
fn each_late_answer_of_a_forking_proxy_is_acknowledged_and_ended() {
    tell(1, Weather::CLEAR, &configuration(), async |world: World| {
        let mut proxy = world.stranger().await;
        let alice = registered(&world, "alice", Line::Udp).await;
        alice.dial("proxy").await;
        let heard = proxy.hear(secs(2)).await;
        let invite = heard.iter().find(|text| text.starts_with("INVITE ")).expect("a call").clone();
        let sdp = "v=0\r\no=- 1 1 IN IP4 198.51.100.1\r\ns=-\r\nc=IN IP4 198.51.100.1\r\nt=0 0\r\n\
                   m=audio 4000 RTP/AVP 0\r\n";
        let tags: Vec<String> = (0..20).map(|number| format!("fork{number}")).collect();
        for tag in &tags {
            proxy.say(answer_to(&invite, "180 Ringing", tag, "")).await;
        }
        for tag in &tags {
            proxy.say(answer_to(&invite, "200 OK", tag, sdp)).await;
        }
        let heard = proxy.hear(secs(2)).await;
        let got = |method: &str, tag: &str| {
            let line = format!("{method} sip:{tag}@198.51.100.1:5060 ");
            heard.iter().any(|text| text.starts_with(&line))
        };
        for tag in &tags {
            assert!(got("ACK", tag), "{tag} is acknowledged\n{}", world.account());
        }
        let ended = tags.iter().filter(|tag| got("BYE", tag)).count();
        assert_eq!(ended, tags.len() - 1, "{}", world.account());
        assert_eq!(alice.state(), Some(CallState::Talking));
        alice.hang_up().await;
        let heard = proxy.hear(secs(2)).await;
        for bye in heard.iter().filter(|text| text.starts_with("BYE ")) {
            proxy.say(answer_to(bye, "200 OK", "x", "").replace(";tag=x", "")).await;
        }
        world.assert_no_leaks().await;
    });
}

/// Where the exchange sends the media of the channel that was called last.
pub(super) async fn media_target(world: &World) -> String {
    let called = world.exchange().live().all().last().map(|facts| facts.id).expect("a channel");
    let inbox = world.exchange().live().inbox(called).expect("it lives");
    let (reply, plan) = tokio::sync::oneshot::channel();
    let errand = Errand::new(move |channel| {
        let _ = reply.send(format!("{:?}", channel.plan()));
        Box::pin(async { Ok(Flow::Next) })
    });
    inbox
        .try_send(ChannelEvent::Control(Box::new(Control::Errand(errand))))
        .expect("there is room");
    plan.await.expect("it does errands while it talks")
}

/// Each fork answers the offer for itself, reliably: each is acknowledged by a PRACK in its own
/// dialog, and media follows the one that answers the call, whoever was heard before.
#[test]
fn each_early_dialog_of_a_forking_proxy_has_its_own_media_and_prack() {
    tell(1, Weather::CLEAR, &configuration(), async |world: World| {
        let mut proxy = world.stranger().await;
        let alice = registered(&world, "alice", Line::Udp).await;
        alice.dial("proxy").await;
        let heard = proxy.hear(secs(2)).await;
        let invite = heard.iter().find(|text| text.starts_with("INVITE ")).expect("a call").clone();
        let sdp = |port: u16| {
            format!(
                "v=0\r\no=- 1 1 IN IP4 198.51.100.1\r\ns=-\r\nc=IN IP4 198.51.100.1\r\n\
                 t=0 0\r\nm=audio {port} RTP/AVP 0\r\n"
            )
        };
        let early = "183 Session Progress\r\nRequire: 100rel\r\nRSeq: 7";
        for (tag, port) in [("one", 4000), ("two", 4010), ("three", 4020)] {
            proxy.say(answer_to(&invite, early, tag, &sdp(port))).await;
            let heard = proxy.hear(secs(1)).await;
            let line = format!("PRACK sip:{tag}@198.51.100.1:5060 ");
            let prack = heard.iter().find(|text| text.starts_with(&line));
            let prack = prack.unwrap_or_else(|| panic!("{tag}: {heard:?}"));
            assert!(prack.contains("RAck: 7 "), "{prack}");
            proxy.say(answer_to(prack, "200 OK", "x", "").replace(";tag=x", "")).await;
            // Early media goes to the fork that spoke last, and to no other.
            let at = |port: u16| world.strays_at(([198, 51, 100, 1], port).into());
            let _ = [4000, 4010, 4020].map(at);
            world.run_for(Duration::from_millis(500)).await;
            for other in [4000, 4010, 4020] {
                assert_eq!(at(other) > 10, other == port, "{tag}: {other}\n{}", world.account());
            }
        }
        proxy.say(answer_to(&invite, "200 OK", "two", &sdp(4010))).await;
        let talks = |_: &World| alice.state() == Some(CallState::Talking);
        world.run_until("alice is answered", secs(5), talks).await;
        let plan = media_target(&world).await;
        assert!(plan.contains("198.51.100.1:4010"), "{plan}");
        alice.hang_up().await;
        let heard = proxy.hear(secs(2)).await;
        for bye in heard.iter().filter(|text| text.starts_with("BYE ")) {
            proxy.say(answer_to(bye, "200 OK", "x", "").replace(";tag=x", "")).await;
        }
        world.assert_no_leaks().await;
    });
}

#[test]
fn a_registration_is_as_long_as_its_aor_allows() {
    let mut configuration = configuration();
    let aor = "[proxy](devices)\n";
    let limits = "minimum_expiration = 100\nmaximum_expiration = 300\ndefault_expiration = 200\n";
    configuration.pjsip = configuration.pjsip.replace(aor, &format!("{aor}{limits}"));
    tell(1, Weather::CLEAR, &configuration, async |world: World| {
        let mut stranger = world.stranger().await;
        for (number, (expires, status, line)) in [
            ("Expires: 99\r\n", "423", "\r\nMin-Expires: 100\r\n"),
            ("Expires: 100\r\n", "200", "<sip:a@198.51.100.1>;expires=100"),
            ("Expires: 301\r\n", "200", "<sip:a@198.51.100.1>;expires=300"),
            ("", "200", "<sip:a@198.51.100.1>;expires=200"),
        ]
        .into_iter()
        .enumerate()
        {
            let lines = format!("Contact: <sip:a@198.51.100.1>\r\n{expires}");
            stranger.say(request("REGISTER", number, &lines, "")).await;
            let answers = stranger.hear(secs(1)).await;
            assert_eq!(status_of(&answers), status, "{expires}");
            assert!(answers.concat().contains(line), "{expires}: {answers:?}");
        }
    });
}

/// An answer without what differs between any two answers.
fn shape(answer: &str) -> String {
    let varies = ["Via:", "From:", "To:", "Call-ID:", "CSeq:"];
    let lines = answer.lines().filter(|line| !varies.iter().any(|name| line.starts_with(name)));
    let nonce = |line: &str| match line.split_once("nonce=\"") {
        Some((before, after)) => {
            let length = after.find('"').expect("the nonce ends");
            format!("{before}nonce{}", &after[length..])
        }
        None => line.to_owned(),
    };
    lines.map(nonce).collect::<Vec<_>>().join("\n")
}

#[test]
fn an_unknown_account_is_answered_like_a_known_one() {
    unknown_like_known("", "MD5");
    unknown_like_known("default_auth_algorithms_uas = SHA-256", "SHA-256");
}

fn unknown_like_known(option: &str, algorithm: &str) {
    let mut configuration = Configuration::default();
    configuration.pjsip += &format!("\n[global]\ntype = global\n{option}\n");
    tell(1, Weather::CLEAR, &configuration, async |world: World| {
        let mut scanner = world.stranger().await;
        let mut asked = async |text: String| {
            scanner.say(text).await;
            let heard = scanner.hear(secs(40)).await;
            shape(heard.iter().find(|text| !text.starts_with("SIP/2.0 100 ")).expect("an answer"))
        };
        let known = asked(request("REGISTER", 1, "", "").replace("proxy@", "alice@")).await;
        let unknown = asked(request("REGISTER", 2, "", "").replace("proxy@", "nobody@")).await;
        assert_eq!(known, unknown);
        let known = asked(request("INVITE", 1, "", "").replace("proxy@", "alice@")).await;
        let unknown = asked(request("INVITE", 2, "", "").replace("proxy@", "nobody@")).await;
        assert_eq!(known, unknown);
        assert!(known.starts_with("SIP/2.0 401 "), "{known}");
        assert!(known.contains(&format!("algorithm={algorithm},")), "{known}");
        assert_eq!(known.matches("algorithm=").count(), 1, "{known}");
        world.run_for(secs(40)).await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn a_proof_for_another_request_or_account_is_worth_nothing() {
    tell(1, Weather::CLEAR, &Configuration::default(), async |world: World| {
        let mut alice = world.stranger().await;
        let mut tried = async |number: usize, change: &dyn Fn(String) -> String, uri: &str| {
            alice.say(register(2 * number, &alice, "")).await;
            let challenge = alice.hear(secs(1)).await;
            let text = register(2 * number + 1, &alice, &credentials(&challenge[0], uri));
            alice.say(change(text)).await;
            status_of(&alice.hear(secs(1)).await).to_owned()
        };
        for (number, elsewhere) in [(1, "sip:600@198.51.100.77"), (5, "sip:600@192.0.2.1")] {
            let status = tried(number, &|text| text, elsewhere).await;
            assert_eq!(status, "401", "a proof for a call: {elsewhere}");
        }
        let as_bob = |text: String| text.replace("<sip:alice@192.0.2.1>", "<sip:bob@192.0.2.1>");
        assert_eq!(tried(2, &as_bob, "sip:192.0.2.1").await, "401", "alice's proof for bob");
        let bobs = |text: String| text.replace("To: <sip:alice@", "To: <sip:bob@");
        assert_eq!(tried(3, &bobs, "sip:192.0.2.1").await, "404", "alice binds bob's address");
        assert_eq!((world.contacts("alice"), world.contacts("bob")), (0, 0));
        assert_eq!(tried(4, &|text| text, "sip:192.0.2.1").await, "200");
        world.assert_no_leaks().await;
    });
}

#[test]
fn a_stranger_can_neither_end_a_call_nor_start_one() {
    tell(1, Weather::CLEAR, &Configuration::default(), async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        alice.dial("600").await;
        world.run_until("alice hears herself", secs(5), |_| alice.is_talking()).await;
        let mut stranger = world.stranger().await;
        let routed = "Route: <sip:carol@192.0.2.1;lr>\r\nP-Asserted-Identity: <sip:alice@x>\r\n\
                      Diversion: <sip:alice@192.0.2.1>\r\nContact: <sip:a@198.51.100.9>\r\n";
        let call = request("INVITE", 1, routed, "").replace("proxy@", "alice@");
        assert_eq!(meets(&mut stranger, call).await, "401");
        let bye = request("BYE", 1, "", "");
        assert_eq!(meets(&mut stranger, bye.clone()).await, "481");
        let guessed = bye.replace("To: <sip:proxy@192.0.2.1>", "To: <sip:600@192.0.2.1>;tag=x");
        assert_eq!(meets(&mut stranger, guessed).await, "481");
        assert!(alice.is_talking());
        assert_eq!(world.exchange().live().count(), 1);
        alice.hang_up().await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn what_is_too_large_or_no_sip_is_answered_and_counted() {
    tell(1, Weather::CLEAR, &configuration(), async |world: World| {
        let mut stranger = world.stranger().await;
        let large = format!("X-Filler: {}\r\n", "x".repeat(8_000)).repeat(5);
        assert_eq!(meets(&mut stranger, request("OPTIONS", 1, &large, "")).await, "513");
        let uri = format!("sip:{}@192.0.2.1", "6".repeat(3_000));
        let long = request("OPTIONS", 2, "", "").replace("sip:600@192.0.2.1", &uri);
        assert_eq!(meets(&mut stranger, long).await, "414");
        stranger.say("no SIP at all\r\n\r\n").await;
        let sdp = "v=0\r\no=- 1 1 IN IP4 198.51.100.1\r\ns=-\r\nt=0 0\r\nm=audio what\r\n";
        let kind = "Contact: <sip:proxy@198.51.100.1:5060>\r\nContent-Type: application/sdp\r\n";
        let refused = meets(&mut stranger, request("INVITE", 3, kind, sdp)).await;
        assert!(["400", "488"].contains(&refused.as_str()), "{refused}");
        let counters = world.exchange().counters();
        assert!(counters.of(Refusal::SipMalformed) >= 2, "{counters:?}");
        assert_eq!(counters.of(Refusal::Sdp), 1, "{counters:?}");
        world.run_for(secs(40)).await;
    });
}

/// What was counted of SIP and session descriptions so far. Not answers that are sent again, as
/// those to an INVITE are until the ACK, which strangers do not send.
async fn counted(world: &World) -> Vec<(String, u64)> {
    let mut totals = world.exchange().totals().await;
    totals.retain(|(name, _)| name.starts_with("sip_") || name.starts_with("sdp_"));
    totals.retain(|(name, _)| name != "sip_retransmitted_total");
    totals
}

#[test]
fn whatever_is_wrong_with_a_request_is_counted_by_its_reason() {
    tell(1, Weather::CLEAR, &configuration(), async |world: World| {
        let mut stranger = world.stranger().await;
        let (malformed, unserved, dropped) =
            ("sip_malformed_total", "sip_unserved_total", "sip_dropped_total");
        let refused = "sip_requests_refused_total";
        let plain = |method: &str, number: usize| request(method, number, "", "");
        let inside = |method: &str, number: usize| {
            plain(method, number).replace("To: <sip:proxy@192.0.2.1>", "To: <sip:a@b>;tag=gone")
        };
        let invite = |number: usize, sdp: &str| {
            let kind = "Contact: <sip:proxy@198.51.100.1>\r\nContent-Type: application/sdp\r\n";
            request("INVITE", number, kind, sdp)
        };
        let origin = "v=0\r\no=- 1 1 IN IP4 198.51.100.1\r\ns=-\r\nt=0 0\r\n";
        let answer_of_nobody =
            plain("OPTIONS", 20).replacen("OPTIONS sip:600@192.0.2.1 SIP/2.0", "SIP/2.0 200 OK", 1);
        let cases = [
            (plain("OPTIONS", 1).replace("SIP/2.0\r\nVia", "SIP/7.0\r\nVia"), malformed),
            (plain("OPTIONS", 2).replace("CSeq: 1 OPTIONS\r\n", ""), malformed),
            (plain("OPTIONS", 3).replace("CSeq: 1", "CSeq: 99999999999"), malformed),
            (plain("OPTIONS", 4).replace("Content-Length: 0", "Content-Length: 900"), malformed),
            (request("OPTIONS", 5, "Require: telepathy\r\n", ""), unserved),
            (plain("SUSPEND", 6), unserved),
            (inside("BYE", 7), unserved),
            (inside("INFO", 8), unserved),
            (plain("CANCEL", 9), unserved),
            (plain("ACK", 10), dropped),
            (answer_of_nobody, dropped),
            (request("REGISTER", 11, "Max-Forwards: 0\r\n", ""), unserved),
            (invite(12, &format!("{origin}m=audio what\r\n")), "sdp_refused_total"),
            (invite(13, "no description"), "sdp_refused_total"),
            (invite(19, "v=0\r\ngarbage\r\n"), "sdp_refused_total"),
            (request("REGISTER", 14, "Contact: *\r\n", ""), refused),
            (request("REFER", 15, "Refer-To: <sip:600@192.0.2.1>\r\n", ""), refused),
            (request("MESSAGE", 16, "Content-Type: image/png\r\n", "picture"), refused),
            (request("SUBSCRIBE", 17, "Event: weather\r\n", ""), refused),
            (request("INVITE", 18, "Replaces: gone;to-tag=1;from-tag=2\r\n", ""), refused),
        ];
        for (text, name) in cases {
            let mut expected = counted(&world).await;
            stranger.say(text.clone()).await;
            world.run_for(secs(1)).await;
            let row = expected.iter_mut().find(|(row, _)| row == name);
            row.expect("each reason has a row").1 += 1;
            assert_eq!(counted(&world).await, expected, "{name}: {text}");
        }
        world.run_for(secs(40)).await;
        world.assert_no_leaks().await;
    });
}

/// A client that sends from 5060 and listens at 5070, as its Via says.
#[test]
fn who_listens_elsewhere_and_says_no_rport_is_answered_there_without_force_rport() {
    for (option, rport, port) in [
        ("force_rport = no", "", 5070),
        ("force_rport = yes", "", 5060),
        ("force_rport = no", ";rport", 5060),
    ] {
        let mut configuration = configuration();
        let begin = "[proxy]\ntype = endpoint\n";
        configuration.pjsip = configuration.pjsip.replace(begin, &format!("{begin}{option}\n"));
        tell(1, Weather::CLEAR, &configuration, async |world: World| {
            let mut stranger = world.stranger().await;
            let text = request("OPTIONS", 1, "Contact: <sip:a@198.51.100.1>\r\n", "");
            let text = text.replace("198.51.100.1:5060", "198.51.100.1:5070");
            stranger.say(text.replace(";rport", rport)).await;
            let heard = stranger.hear(secs(2)).await;
            assert_eq!(heard.is_empty(), port != 5060, "{option}{rport}: {heard:?}");
            let answer = format!("-> 198.51.100.1:{port} SIP/2.0 200 OK");
            let account = world.account();
            assert!(account.contains(&answer), "{option}{rport}: {account}");
            world.run_until("all is over", secs(70), World::is_quiet).await;
        });
    }
}

/// RFC 7332: a number that leads back to the exchange, or to another one that leads back, is not
/// called for ever.
#[test]
fn a_call_that_comes_back_to_where_it_was_ends_some_time() {
    let plan = "exten => loop,1,Dial(PJSIP/proxy/sip:loop@198.51.100.1,20)\n";
    let configuration = configuration().with_extensions(plan);
    tell(1, Weather::CLEAR, &configuration, async |world: World| {
        let mut proxy = world.stranger().await;
        let cases = [("70", "69"), ("200", "70"), ("1", "0")];
        for (number, (came, leaves)) in cases.into_iter().enumerate() {
            let extra = format!(
                "Contact: <sip:proxy@198.51.100.1>\r\nMax-Forwards: {came}\r\n\
                 Content-Type: application/sdp\r\n"
            );
            let offer = sidetone_sim::script::sdp("198.51.100.1", 7000);
            let invite = request("INVITE", number, &extra, &offer).replace(":600@", ":loop@");
            proxy.say(invite).await;
            let heard = proxy.hear(secs(2)).await;
            let invite = heard.iter().find(|text| text.starts_with("INVITE ")).expect("a call");
            assert_eq!(sidetone_sim::registrar::header(invite, "Max-Forwards"), leaves);
            proxy.say(answer_to(invite, "486 Busy Here", "x", "")).await;
            world.run_for(secs(2)).await;
        }
    });
}
