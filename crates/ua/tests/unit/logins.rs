//! Challenges to requests of ours (RFC 3261 §22, RFC 8760).

use std::sync::Arc;
use std::time::Duration;

use sidetone_base::{SeededRandom, Transport};
use sidetone_sip::{Name, Request};

use crate::api::{Command, DialogId, DialogRequest, Event, InviteId, Reply, RequestId};
use crate::digest::{
    Algorithm, Check, Credentials, DigestServer, Freshness, Login, Logins, Secret, Verdict,
};
use crate::testing::{ALICE, BOB, GOOD, Link, World};
use crate::{Settings, api};

const PASSWORD: &str = "open sesame";

fn logins(realm: &str, password: &str, algorithms: &[Algorithm]) -> Logins {
    let secret = |algorithm: &Algorithm| (*algorithm, Secret::Password(password.into()));
    let secrets = algorithms.iter().map(secret).collect();
    Arc::new([Login { username: "trunk".into(), realm: realm.into(), secrets }])
}

/// Bob's side: a server, or a proxy, that asks for a password.
struct Guard {
    server: DigestServer,
    realm: &'static str,
    algorithms: Vec<Algorithm>,
    life: Duration,
    random: SeededRandom,
}

impl Guard {
    fn new(world: &World, realm: &'static str, algorithms: &[Algorithm]) -> Self {
        let mut random = SeededRandom::new(7);
        let server = DigestServer::new(world.now, &mut random);
        let life = Duration::from_secs(32);
        Self { server, realm, algorithms: algorithms.to_vec(), life, random }
    }

    fn challenge(&mut self, world: &World, freshness: Freshness, status: u16) -> Reply {
        let (realm, algorithms) = (self.realm, self.algorithms.clone());
        let values =
            self.server.challenge(world.now, &mut self.random, realm, &algorithms, freshness);
        let name = if status == 407 { "Proxy-Authenticate" } else { "WWW-Authenticate" };
        let headers = values.into_iter().map(|value| (name.to_owned(), value)).collect();
        Reply { status, headers, ..Reply::default() }
    }

    /// What the credentials for this realm are worth.
    fn verdict(&mut self, world: &World, request: &Request) -> Option<Verdict> {
        let lines = |name| request.headers.lines(name);
        let all = lines(Name::Authorization).chain(lines(Name::ProxyAuthorization));
        let credentials = all.filter_map(|line| Credentials::parse(&line.to_str()));
        let own = credentials.into_iter().find(|found| found.realm == self.realm)?;
        let check = Check {
            method: &request.method.to_string(),
            realm: self.realm,
            algorithms: &self.algorithms,
            secret: &|_| Some(Secret::Password(PASSWORD.into())),
            uri_matches: true,
            nonce_life: self.life,
        };
        Some(self.server.verify(world.now, &check, &own))
    }
}

fn next_invite(world: &mut World) -> (DialogId, Box<Request>) {
    world.expect(BOB, |event| match event {
        Event::Invite { dialog, request, .. } => Some((*dialog, request.clone())),
        _ => None,
    })
}

fn invite_with(world: &mut World, logins: Logins) {
    let request = api::OutgoingRequest { logins: Some(logins), ..world.outgoing() };
    let request = Box::new(request);
    world.command(ALICE, Command::Invite { invite: InviteId(1), request });
    world.run_ms(100);
}

fn refuse(world: &mut World, dialog: DialogId, reply: Reply) {
    let reply = Box::new(reply);
    world.command(BOB, Command::RespondInvite { dialog, reply, reliable: false });
    world.run_ms(100);
}

fn cseq(request: &Request) -> u32 {
    let cseq = request.headers.typed::<sidetone_sip::headers::CSeq>();
    cseq.expect("parses").expect("is there").number
}

#[test]
fn a_challenged_invite_is_repeated_as_the_same_call_and_its_ack_repeats_the_credentials() {
    let mut world = World::new();
    let mut guard = Guard::new(&world, "provider", &[Algorithm::Md5]);
    invite_with(&mut world, logins("", PASSWORD, &[Algorithm::Md5]));
    let (dialog, first) = next_invite(&mut world);
    assert!(!first.headers.has(Name::Authorization));
    let challenge = guard.challenge(&world, Freshness::New, 401);
    refuse(&mut world, dialog, challenge);
    let (dialog, second) = next_invite(&mut world);
    for name in [Name::CallId, Name::From, Name::To] {
        assert_eq!(first.headers.value(name), second.headers.value(name));
    }
    assert!(cseq(&second) > cseq(&first));
    assert_ne!(first.headers.value(Name::Via), second.headers.value(Name::Via));
    assert_eq!(guard.verdict(&world, &second), Some(Verdict::Accepted));
    world.respond(dialog, 200, false);
    world.run_ms(100);
    let alice = world.answered();
    world.command(ALICE, Command::Ack { dialog: alice, body: None });
    let ack = world.last(ALICE, "ACK");
    let credentials = second.headers.value(Name::Authorization).expect("has them").to_string();
    assert!(ack.contains(&credentials), "{ack}");
    world.bye(ALICE, alice);
    world.assert_no_leaks();
}

#[test]
fn a_wrong_password_is_tried_once_and_told() {
    let mut world = World::new();
    let mut guard = Guard::new(&world, "provider", &[Algorithm::Md5]);
    invite_with(&mut world, logins("provider", "wrong", &[Algorithm::Md5]));
    for _ in 0..2 {
        let (dialog, request) = next_invite(&mut world);
        assert_ne!(guard.verdict(&world, &request), Some(Verdict::Accepted));
        let challenge = guard.challenge(&world, Freshness::New, 401);
        refuse(&mut world, dialog, challenge);
    }
    assert_eq!(world.status(ALICE), 401);
    assert_eq!(world.count(ALICE, "INVITE"), 2);
    world.assert_no_leaks();
}

#[test]
fn a_realm_or_algorithm_we_have_no_secret_for_is_told_at_once() {
    for (realm, known) in [("other", Algorithm::Md5), ("provider", Algorithm::Sha256)] {
        let mut world = World::new();
        let mut guard = Guard::new(&world, "provider", &[Algorithm::Md5]);
        invite_with(&mut world, logins(realm, PASSWORD, &[known]));
        let (dialog, _) = next_invite(&mut world);
        let challenge = guard.challenge(&world, Freshness::New, 407);
        refuse(&mut world, dialog, challenge);
        assert_eq!(world.status(ALICE), 407);
        world.assert_no_leaks();
    }
}

#[test]
fn the_first_algorithm_of_the_server_that_we_may_use_is_used() {
    let all = [Algorithm::Sha512_256, Algorithm::Sha256, Algorithm::Md5];
    for (ours, used) in [
        (&all[..], Algorithm::Sha512_256),
        (&[Algorithm::Md5, Algorithm::Sha256], Algorithm::Sha256),
        (&[Algorithm::Md5], Algorithm::Md5),
    ] {
        let mut world = World::new();
        let mut guard = Guard::new(&world, "provider", &all);
        invite_with(&mut world, logins("", PASSWORD, ours));
        let (dialog, _) = next_invite(&mut world);
        let challenge = guard.challenge(&world, Freshness::New, 401);
        refuse(&mut world, dialog, challenge);
        let (dialog, request) = next_invite(&mut world);
        let values: Vec<_> = request.headers.lines(Name::Authorization).collect();
        assert_eq!(values.len(), 1, "one answer for one realm");
        let named = format!("algorithm={}", used.token());
        assert!(values[0].to_string().contains(&named), "{}", values[0]);
        assert_eq!(guard.verdict(&world, &request), Some(Verdict::Accepted));
        world.respond(dialog, 486, false);
        world.assert_no_leaks();
    }
}

#[test]
fn a_proxy_and_the_server_behind_it_each_get_their_answer() {
    let mut world = World::new();
    let mut proxy = Guard::new(&world, "proxy", &[Algorithm::Md5]);
    let mut server = Guard::new(&world, "server", &[Algorithm::Sha256]);
    let secret = || Secret::Password(PASSWORD.into());
    let login = |realm: &str, algorithm| Login {
        username: format!("at-{realm}"),
        realm: realm.into(),
        secrets: vec![(algorithm, secret())],
    };
    let both = [login("proxy", Algorithm::Md5), login("server", Algorithm::Sha256)];
    invite_with(&mut world, Arc::new(both));
    let (dialog, _) = next_invite(&mut world);
    let challenge = proxy.challenge(&world, Freshness::New, 407);
    refuse(&mut world, dialog, challenge);
    let (dialog, request) = next_invite(&mut world);
    assert_eq!(proxy.verdict(&world, &request), Some(Verdict::Accepted));
    let challenge = server.challenge(&world, Freshness::New, 401);
    refuse(&mut world, dialog, challenge);
    let (dialog, request) = next_invite(&mut world);
    // The proxy counts how often its nonce is used: a repetition would be a replay.
    assert_eq!(proxy.verdict(&world, &request), Some(Verdict::Accepted));
    assert_eq!(server.verdict(&world, &request), Some(Verdict::Accepted));
    world.respond(dialog, 200, false);
    world.run_ms(100);
    let alice = world.answered();
    world.command(ALICE, Command::Ack { dialog: alice, body: None });
    world.bye(ALICE, alice);
    let bye = world.last(ALICE, "BYE");
    assert!(bye.contains("nc=00000003") && bye.contains("nc=00000002"), "{bye}");
    world.assert_no_leaks();
}

#[test]
fn a_cancelled_call_is_not_repeated() {
    let mut world = World::new();
    let mut guard = Guard::new(&world, "provider", &[Algorithm::Md5]);
    invite_with(&mut world, logins("", PASSWORD, &[Algorithm::Md5]));
    let (dialog, _) = next_invite(&mut world);
    world.command(ALICE, Command::Cancel { invite: InviteId(1), headers: Vec::new() });
    let challenge = guard.challenge(&world, Freshness::New, 401);
    refuse(&mut world, dialog, challenge);
    assert_eq!(world.count(ALICE, "INVITE"), 1);
    world.assert_no_leaks();
}

/// Bob guards everything that happens inside the dialog; the requests that reached him with the
/// right password.
fn guarded_requests(world: &mut World, guard: &mut Guard) -> Vec<String> {
    let mut passed = Vec::new();
    for _ in 0..30 {
        world.run_ms(100);
        let events = std::mem::take(&mut world.events[BOB]);
        for event in events {
            let Event::DialogRequest { transaction, request, .. } = event else { continue };
            let reply = match guard.verdict(world, &request) {
                Some(Verdict::Accepted) => {
                    passed.push(request.method.to_string());
                    let headers = vec![("Contact".into(), "<sip:bob@192.0.2.2:5060>".into())];
                    Reply { status: 200, headers, ..Reply::default() }
                }
                Some(Verdict::Stale) => guard.challenge(world, Freshness::Stale, 407),
                _ => guard.challenge(world, Freshness::New, 407),
            };
            world.command(BOB, Command::Respond { transaction, reply: Box::new(reply) });
        }
    }
    passed
}

#[test]
fn requests_inside_a_dialog_of_either_side_are_repeated() {
    for caller in [ALICE, BOB] {
        let mut world = World::new();
        let mut guard = Guard::new(&world, "provider", &[Algorithm::Md5]);
        let (alice, bob) = world.call();
        // Whoever called: the one with the password sends, the other one guards.
        let (sender, dialog) = if caller == ALICE { (ALICE, alice) } else { (BOB, bob) };
        if sender == BOB {
            continue_with_login(&mut world, BOB, dialog);
            world.request(BOB, dialog, 50, "INFO");
            world.run_ms(100);
            let transaction = world.inside(ALICE);
            let challenge = guard.challenge(&world, Freshness::New, 401);
            let reply = Box::new(challenge);
            world.command(ALICE, Command::Respond { transaction, reply });
            world.run_ms(100);
            assert_eq!(world.count(BOB, "INFO"), 2);
            let transaction = world.inside(ALICE);
            let reply = Box::new(Reply { status: 200, ..Reply::default() });
            world.command(ALICE, Command::Respond { transaction, reply });
            world.run_ms(100);
            assert_eq!(world.status(BOB), 200);
            world.bye(BOB, dialog);
            world.assert_no_leaks();
            continue;
        }
        continue_with_login(&mut world, ALICE, dialog);
        let methods = ["INFO", "UPDATE", "MESSAGE", "REFER", "INVITE"];
        for (id, method) in (60..).zip(methods) {
            world.request(ALICE, dialog, id, method);
            assert_eq!(guarded_requests(&mut world, &mut guard), [method]);
            assert_eq!(world.status(ALICE), 200, "{method}");
            if method == "INVITE" {
                world.command(ALICE, Command::Ack { dialog, body: None });
                let ack = world.last(ALICE, "ACK");
                assert!(ack.contains("Proxy-Authorization: "), "{ack}");
            }
        }
        assert_eq!(world.count(ALICE, "INFO"), 2, "the first is challenged");
        assert_eq!(world.count(ALICE, "MESSAGE"), 1, "those after it prove themselves at once");
        world.bye(ALICE, dialog);
        world.assert_no_leaks();
    }
}

fn continue_with_login(world: &mut World, side: usize, dialog: DialogId) {
    let logins = logins("provider", PASSWORD, &[Algorithm::Md5]);
    world.command(side, Command::Login { dialog, logins });
}

#[test]
fn a_nonce_that_grew_old_is_replaced_without_asking_anybody() {
    let mut world = World::new();
    let mut guard = Guard::new(&world, "provider", &[Algorithm::Md5]);
    let (alice, _) = world.call();
    continue_with_login(&mut world, ALICE, alice);
    for (id, pause_ms) in [(70, 0), (71, 40_000), (72, 0)] {
        world.run_ms(pause_ms);
        let request = Box::new(DialogRequest {
            method: sidetone_sip::Method::Info,
            headers: Vec::new(),
            body: None,
        });
        let request_id = RequestId(id);
        world.command(ALICE, Command::InDialog { request_id, dialog: alice, request });
        assert_eq!(guarded_requests(&mut world, &mut guard), ["INFO"]);
        assert_eq!(world.status(ALICE), 200);
    }
    // The first was challenged as new, the second as stale, the third not at all.
    assert_eq!(world.count(ALICE, "INFO"), 5);
    world.bye(ALICE, alice);
    world.assert_no_leaks();
}

#[test]
fn a_challenged_bye_is_repeated_though_the_dialog_is_forgotten() {
    let mut world = World::new();
    let (alice, bob) = world.call();
    continue_with_login(&mut world, ALICE, alice);
    // Bob's stack would answer 200 by itself: what a proxy between them would say is played in.
    world.lose = Box::new(|from, line| from == ALICE && line.starts_with("BYE"));
    world.bye(ALICE, alice);
    let bye = world.last(ALICE, "BYE");
    let header = |name: &str| {
        let begin = format!("{name}: ");
        bye.lines().find(|line| line.starts_with(&begin)).expect("is there").to_owned()
    };
    let challenge = format!(
        "SIP/2.0 407 Proxy Authentication Required\n{}\n{}\n{}\n{}\n{}\n\
         Proxy-Authenticate: Digest realm=\"provider\",nonce=\"abc\"\nContent-Length: 0\n\n",
        header("Via"),
        header("From"),
        header("To"),
        header("Call-ID"),
        header("CSeq"),
    );
    world.lose = Box::new(|_, _| false);
    world.inject(ALICE, &challenge);
    assert!(world.last(ALICE, "BYE").contains("Proxy-Authorization: Digest username=\"trunk\""));
    world.run_ms(100);
    let gone = world.expect(BOB, |event| match event {
        Event::Bye { dialog, .. } => Some(*dialog),
        _ => None,
    });
    assert_eq!(gone, bob);
    world.assert_no_leaks();
}

#[test]
fn challenges_on_a_bad_link_leave_nothing_behind() {
    for seed in 0..40 {
        let link = Link {
            transport: Transport::Udp,
            lost_percent: 20,
            doubled_percent: 10,
            jitter_ms: 300,
            ..GOOD
        };
        let mut world = World::with(seed, link, Settings::default(), Settings::default());
        let mut guard = Guard::new(&world, "provider", &[Algorithm::Md5]);
        guard.life = Duration::from_secs(3_600);
        invite_with(&mut world, logins("", PASSWORD, &[Algorithm::Md5]));
        let mut answered = None;
        for _ in 0..400 {
            world.run_ms(100);
            for event in std::mem::take(&mut world.events[BOB]) {
                let Event::Invite { dialog, request, .. } = event else { continue };
                if guard.verdict(&world, &request) == Some(Verdict::Accepted) {
                    world.respond(dialog, 200, false);
                } else {
                    let reply = Box::new(guard.challenge(&world, Freshness::New, 401));
                    let reliable = false;
                    world.command(BOB, Command::RespondInvite { dialog, reply, reliable });
                }
            }
            for event in std::mem::take(&mut world.events[ALICE]) {
                if let Event::Answered { dialog, .. } = event {
                    world.command(ALICE, Command::Ack { dialog, body: None });
                    answered = Some(dialog);
                }
            }
        }
        if let Some(dialog) = answered {
            world.bye(ALICE, dialog);
        }
        world.assert_no_leaks();
        assert!(answered.is_some(), "seed {seed}: 40 s suffice");
    }
}
