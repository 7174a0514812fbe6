//! Registering with another server: renewals, refusals, pauses, removal.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use sidetone_sip::{Method, Name, Request, Response, Status, Uri};

use crate::fuzz::fuzz_registration;
use crate::registration::{Binding, Registration, RegistrationSettings, RegistrationStatus};

const OURS: &str = "<sip:s@192.0.2.1:5060;line=abc>";

fn settings() -> RegistrationSettings {
    RegistrationSettings {
        expires_s: 3_600,
        retry: secs(60),
        forbidden_retry: None,
        fatal_retry: None,
        max_retries: 10,
        rejection_is_permanent: true,
    }
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn response(code: u16, headers: &[(Name, &str)]) -> Response {
    let uri: Uri = "sip:registrar.example.com".parse().expect("a URI");
    let request = Request::new(Method::Register, uri);
    let status = Status::new(code).expect("a status");
    let response = Response::to(&request, status);
    headers.iter().fold(response, |response, (name, value)| response.with(*name, *value))
}

/// A registration, its clock, and what it asks.
struct Story {
    now: Instant,
    machine: Registration,
}

impl Story {
    fn new(settings: RegistrationSettings) -> Self {
        let now = Instant::now();
        Self { now, machine: Registration::new(now, settings, Duration::ZERO) }
    }

    /// The next REGISTER, and after how many seconds it came.
    fn next(&mut self, contact: &str) -> Option<(u64, Vec<Binding>)> {
        let begun = self.now;
        while !self.machine.is_due(self.now) {
            self.now = self.now.max(self.machine.next_deadline()?);
            self.machine.handle_timeout(self.now);
        }
        let bindings = self.machine.request(self.now, contact);
        Some(((self.now - begun).as_secs(), bindings))
    }

    fn answer(&mut self, code: u16, headers: &[(Name, &str)]) {
        self.machine.answered(self.now, &response(code, headers));
    }

    fn registered(settings: RegistrationSettings) -> Self {
        let mut story = Self::new(settings);
        assert_eq!(story.next(OURS).map(|(after, _)| after), Some(0));
        story.answer(200, &[(Name::Contact, OURS), (Name::Expires, "3600")]);
        assert_eq!(story.machine.status(), RegistrationStatus::Registered);
        story
    }
}

fn bound(contact: &str, expires_s: u32) -> Binding {
    Binding { contact: contact.to_owned(), expires_s }
}

#[test]
fn a_registration_is_renewed_before_it_ends() {
    for (granted, after) in [("3600", 3_560), ("60", 45), ("4", 3)] {
        let mut story = Story::new(settings());
        assert_eq!(story.next(OURS), Some((0, vec![bound(OURS, 3_600)])));
        let listed = format!("{OURS};expires={granted}");
        let others = "<sip:s@203.0.113.5;line=other>;expires=7";
        story.answer(200, &[(Name::Contact, others), (Name::Contact, &listed)]);
        assert_eq!(story.next(OURS), Some((after, vec![bound(OURS, 3_600)])));
    }
}

#[test]
fn what_is_granted_is_read_as_servers_write_it() {
    for (headers, after) in [
        (vec![(Name::Expires, "100")], 75),
        (vec![(Name::Contact, "<sip:elsewhere@203.0.113.5>;expires=200")], 160),
        (vec![], 3_560),
    ] {
        let mut story = Story::new(settings());
        story.next(OURS);
        story.answer(200, &headers);
        assert_eq!(story.next(OURS).map(|(after, _)| after), Some(after), "{headers:?}");
    }
}

#[test]
fn a_refused_password_is_given_up_unless_told_otherwise() {
    let mut story = Story::new(settings());
    story.next(OURS);
    story.answer(401, &[]);
    assert_eq!(story.machine.status(), RegistrationStatus::Rejected);
    assert_eq!(story.next(OURS), None);
    story.machine.register(story.now);
    assert!(story.next(OURS).is_some(), "the operator wants it");
    let mut story =
        Story::new(RegistrationSettings { rejection_is_permanent: false, ..settings() });
    story.next(OURS);
    story.answer(407, &[]);
    assert_eq!(story.next(OURS).map(|(after, _)| after), Some(60));
}

#[test]
fn refusals_that_stand_are_repeated_only_on_request() {
    let forbidden = RegistrationSettings { forbidden_retry: Some(secs(300)), ..settings() };
    let fatal = RegistrationSettings { fatal_retry: Some(secs(900)), ..settings() };
    for (settings, code, after) in [
        (settings(), 403, None),
        (forbidden.clone(), 403, Some(300)),
        (forbidden, 404, None),
        (fatal.clone(), 403, Some(900)),
        (fatal.clone(), 404, Some(900)),
        (fatal, 603, Some(900)),
    ] {
        let mut story = Story::new(settings);
        story.next(OURS);
        story.answer(code, &[]);
        assert_eq!(story.next(OURS).map(|(after, _)| after), after, "{code}");
    }
}

#[test]
fn a_server_that_is_away_is_tried_again_and_at_last_given_up() {
    let mut story = Story::new(RegistrationSettings { max_retries: 3, ..settings() });
    for attempt in 0..3 {
        story.next(OURS);
        match attempt {
            0 => story.machine.failed(story.now),
            1 => story.answer(503, &[(Name::RetryAfter, "7 (maintenance)")]),
            _ => story.answer(500, &[]),
        }
        let pause = if attempt == 1 { 7 } else { 60 };
        let due = story.machine.next_attempt().expect("another attempt");
        assert_eq!(due - story.now, secs(pause));
    }
    story.next(OURS);
    story.machine.failed(story.now);
    assert_eq!(story.next(OURS), None);
    // Success in between begins the count anew.
    let mut story = Story::registered(RegistrationSettings { max_retries: 1, ..settings() });
    for _ in 0..3 {
        story.next(OURS);
        story.machine.failed(story.now);
        story.next(OURS);
        story.answer(200, &[]);
    }
    assert_eq!(story.machine.status(), RegistrationStatus::Registered);
}

#[test]
fn too_brief_an_interval_is_raised_at_once_and_not_for_ever() {
    let mut story = Story::new(RegistrationSettings { expires_s: 60, ..settings() });
    story.next(OURS);
    story.answer(423, &[(Name::MinExpires, "600")]);
    assert_eq!(story.next(OURS), Some((0, vec![bound(OURS, 600)])));
    story.answer(423, &[(Name::MinExpires, "500")]);
    assert_eq!(story.next(OURS), None, "it contradicts itself");
}

#[test]
fn a_new_address_takes_the_place_of_the_old_one_in_one_request() {
    const NEW: &str = "<sip:s@203.0.113.9:5060;line=abc>";
    let mut story = Story::registered(settings());
    story.machine.register(story.now);
    assert_eq!(story.next(NEW), Some((0, vec![bound(OURS, 0), bound(NEW, 3_600)])));
    story.answer(200, &[]);
    assert_eq!(story.next(NEW), Some((3_560, vec![bound(NEW, 3_600)])));
    // A server that takes one contact only keeps the old one until it runs out.
    let mut story = Story::registered(settings());
    story.machine.register(story.now);
    story.next(NEW);
    story.answer(400, &[]);
    assert_eq!(story.next(NEW), Some((0, vec![bound(NEW, 3_600)])));
}

#[test]
fn what_changes_while_a_request_is_under_way_is_done_after_it() {
    let mut story = Story::new(settings());
    story.next(OURS);
    story.machine.register(story.now);
    story.answer(200, &[]);
    assert_eq!(story.next(OURS).map(|(after, _)| after), Some(0));
    story.machine.remove(story.now);
    assert_eq!(story.machine.status(), RegistrationStatus::Stopping);
    story.answer(200, &[]);
    assert_eq!(story.next(OURS), Some((0, vec![bound(OURS, 0)])));
    assert!(!story.machine.is_over());
    story.answer(200, &[]);
    assert!(story.machine.is_over());
    assert_eq!(story.machine.status(), RegistrationStatus::Unregistered);
    assert_eq!(story.next(OURS), None);
}

#[test]
fn a_removal_is_over_whatever_comes_back() {
    for code in [200, 401, 503, 0] {
        let mut story = Story::registered(settings());
        story.machine.remove(story.now);
        assert_eq!(story.next(OURS), Some((0, vec![bound(OURS, 0)])));
        match code {
            0 => story.machine.failed(story.now),
            code => story.answer(code, &[]),
        }
        assert!(story.machine.is_over(), "{code}");
    }
    // Nothing is held: nothing is removed.
    let mut story = Story::new(settings());
    story.machine.remove(story.now);
    assert!(story.machine.is_over());
}

#[test]
fn an_answer_that_never_comes_is_not_waited_for() {
    let mut story = Story::new(settings());
    story.next(OURS);
    assert_eq!(story.next(OURS).map(|(after, _)| after), Some(140 + 60));
}

#[test]
fn a_registration_that_cannot_be_renewed_ends_with_its_time() {
    let mut story = Story::registered(RegistrationSettings { max_retries: 0, ..settings() });
    story.next(OURS);
    story.machine.failed(story.now);
    assert!(story.machine.registered_until().is_some());
    assert_eq!(story.next(OURS), None);
    assert_eq!(story.machine.registered_until(), None);
}

proptest! {
    #[test]
    fn whatever_happens_it_never_floods_and_ends_when_it_is_not_wanted(
        script in proptest::collection::vec(any::<u8>(), 0..300)
    ) {
        fuzz_registration(&script);
    }
}
