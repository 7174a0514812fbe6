//! Stories of bindings: refresh, limits, order, expiry, and sockets that die.

use super::*;

fn limits(max_contacts: u32) -> AorLimits {
    AorLimits {
        max_contacts,
        remove_existing: false,
        remove_unavailable: false,
        minimum_s: 60,
        maximum_s: 7_200,
        default_s: 3_600,
        is_asked: false,
    }
}

fn register(uri: &str, flow: u64, cseq: u32) -> Register {
    Register {
        aor: "alice".into(),
        contacts: Contacts::Update(vec![ContactUpdate {
            uri: uri.into(),
            key: uri.into(),
            expires_s: Some(600),
            q_thousandths: 1_000,
            destination: Destination::Flow(FlowId(flow)),
        }]),
        expires_s: None,
        call_id: format!("call-{uri}"),
        cseq,
        user_agent: "test".into(),
        path: Vec::new(),
        bound_to: Some(FlowId(flow)),
    }
}

#[test]
fn a_refresh_moves_the_contact_to_its_new_socket() {
    let (mut registrar, now) = (Registrar::new(), Instant::now());
    registrar.register(now, &limits(1), &register("sip:a", 1, 1)).expect("registered");
    registrar.register(now, &limits(1), &register("sip:a", 2, 2)).expect("refreshed");
    registrar.flow_closed(FlowId(1));
    assert_eq!(registrar.contacts("alice").len(), 1);
    registrar.flow_closed(FlowId(2));
    assert!(registrar.contacts("alice").is_empty());
    assert!(registrar.by_flow.is_empty() && registrar.expiry.is_empty());
}

#[test]
fn one_contact_too_many_is_refused_and_changes_nothing() {
    let (mut registrar, now) = (Registrar::new(), Instant::now());
    registrar.register(now, &limits(1), &register("sip:a", 1, 1)).expect("registered");
    let refused = registrar.register(now, &limits(1), &register("sip:b", 2, 1));
    assert_eq!(refused, Err(RegisterError::TooMany { max_contacts: 1 }));
    assert_eq!(registrar.contacts("alice")[0].uri, "sip:a");
}

#[test]
fn remove_existing_lets_the_newest_win() {
    let (mut registrar, now) = (Registrar::new(), Instant::now());
    let limits = AorLimits { remove_existing: true, ..limits(1) };
    registrar.register(now, &limits, &register("sip:a", 1, 1)).expect("registered");
    registrar.register(now, &limits, &register("sip:b", 2, 1)).expect("replaced");
    let contacts = registrar.contacts("alice");
    assert_eq!((contacts.len(), contacts[0].uri.as_str()), (1, "sip:b"));
    let gone =
        Change::Removed { aor: "alice".into(), uri: "sip:a".into(), why: ContactGone::Replaced };
    assert!(registrar.take_changes().contains(&gone));
}

#[test]
fn remove_unavailable_evicts_only_the_dead() {
    let (mut registrar, now) = (Registrar::new(), Instant::now());
    let limits = AorLimits { remove_unavailable: true, ..limits(2) };
    registrar.register(now, &limits, &register("sip:a", 1, 1)).expect("registered");
    registrar.register(now, &limits, &register("sip:b", 2, 1)).expect("registered");
    assert!(registrar.register(now, &limits, &register("sip:c", 3, 1)).is_err());
    registrar.set_reachable("alice", "sip:b", false);
    registrar.register(now, &limits, &register("sip:c", 3, 1)).expect("b made room");
    let uris: Vec<_> = registrar.all().into_iter().map(|(_, contact)| contact.uri).collect();
    assert_eq!(uris, ["sip:a", "sip:c"]);
}

#[test]
fn expiry_follows_the_rules_of_the_aor() {
    let (mut registrar, now) = (Registrar::new(), Instant::now());
    let mut request = register("sip:a", 1, 1);
    let Contacts::Update(updates) = &mut request.contacts else { unreachable!() };
    updates[0].expires_s = Some(10);
    let refused = registrar.register(now, &limits(1), &request);
    assert_eq!(refused, Err(RegisterError::TooBrief { minimum_s: 60 }));
    let Contacts::Update(updates) = &mut request.contacts else { unreachable!() };
    updates[0].expires_s = Some(100_000);
    let contacts = registrar.register(now, &limits(1), &request).expect("registered");
    assert_eq!(contacts[0].expires_s, 7_200);
    registrar.handle_timeout(now + Duration::from_secs(7_199));
    assert_eq!(registrar.contacts("alice").len(), 1);
    registrar.handle_timeout(now + Duration::from_secs(7_200));
    assert!(registrar.contacts("alice").is_empty());
}

#[test]
fn a_late_request_of_the_same_registration_is_refused() {
    let (mut registrar, now) = (Registrar::new(), Instant::now());
    registrar.register(now, &limits(1), &register("sip:a", 1, 5)).expect("registered");
    let refused = registrar.register(now, &limits(1), &register("sip:a", 1, 4));
    assert_eq!(refused, Err(RegisterError::OutOfOrder));
}

#[test]
fn star_removes_all_and_only_with_expires_zero() {
    let (mut registrar, now) = (Registrar::new(), Instant::now());
    registrar.register(now, &limits(2), &register("sip:a", 1, 1)).expect("registered");
    let mut star = register("sip:a", 1, 2);
    star.contacts = Contacts::RemoveAll;
    let refused = registrar.register(now, &limits(2), &star);
    assert_eq!(refused, Err(RegisterError::StarWithExpires));
    star.expires_s = Some(0);
    assert_eq!(registrar.register(now, &limits(2), &star), Ok(Vec::new()));
}

#[test]
fn questions_follow_contacts_and_end_with_them() {
    let (mut registrar, now) = (Registrar::new(), Instant::now());
    let asked = AorLimits { is_asked: true, ..limits(5) };
    registrar.register(now, &asked, &register("sip:a", 1, 1)).expect("registered");
    registrar.register(now, &limits(5), &register("sip:b", 2, 1)).expect("registered");
    let (aor, contact) = registrar.next_question(now).expect("a question");
    assert_eq!((aor.as_str(), contact.uri.as_str()), ("alice", "sip:a"));
    assert_eq!(
        registrar.next_question(now).map(|(_, contact)| contact.uri),
        None,
        "b is not asked"
    );
    registrar.ask_at("alice", &contact.key, now + Duration::from_secs(60));
    assert_eq!(registrar.next_question_at(), Some(now + Duration::from_secs(60)));
    // After a load that asks all, only b has no question planned yet.
    registrar.plan_questions(now, Duration::ZERO, |_| true);
    assert_eq!(registrar.next_question(now).expect("a question").1.uri, "sip:b");
    assert!(registrar.next_question(now).is_none());
    registrar.flow_closed(FlowId(1));
    assert_eq!(registrar.next_question_at(), None, "nobody is left to ask");
}

#[test]
fn what_options_showed_outlives_a_refresh_but_not_a_new_socket() {
    let (mut registrar, now) = (Registrar::new(), Instant::now());
    registrar.register(now, &limits(1), &register("sip:a", 1, 1)).expect("registered");
    let silent = Qualified { reachable: false, rtt: None };
    assert!(registrar.set_qualified("alice", "sip:a", silent), "it changed");
    assert!(!registrar.set_qualified("alice", "sip:a", silent), "it did not");
    registrar.register(now, &limits(1), &register("sip:a", 1, 2)).expect("refreshed");
    assert_eq!(registrar.contacts("alice")[0].status(), "Unavail");
    registrar.register(now, &limits(1), &register("sip:a", 2, 3)).expect("moved");
    assert_eq!(registrar.contacts("alice")[0].status(), "NonQual");
}

#[test]
fn the_first_questions_are_spread() {
    let (mut registrar, now) = (Registrar::new(), Instant::now());
    for number in 0..100 {
        let request = register(&format!("sip:{number}"), number, 1);
        registrar.register(now, &limits(100), &request).expect("registered");
    }
    registrar.plan_questions(now, Duration::from_secs(10), |_| true);
    let due = |registrar: &mut Registrar, after| {
        let at = now + Duration::from_millis(after);
        std::iter::from_fn(|| registrar.next_question(at)).count()
    };
    let (first, rest) = (due(&mut registrar, 5_000), due(&mut registrar, 10_000));
    assert!((25..75).contains(&first), "{first}");
    assert_eq!(first + rest, 100);
}
