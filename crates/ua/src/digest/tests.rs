//! Stories of logins: right and wrong passwords, old nonces, recordings played back.

use super::*;
use sidetone_base::SeededRandom;

const URI: &str = "sip:example.com";

struct World {
    server: DigestServer,
    random: SeededRandom,
    now: Instant,
}

impl World {
    fn new() -> Self {
        let (now, mut random) = (Instant::now(), SeededRandom::new(1));
        Self { server: DigestServer::new(now, &mut random), random, now }
    }

    fn login(&mut self, algorithm: Algorithm, password: &str) -> Credentials {
        let offered = [algorithm];
        let challenge =
            self.server.challenge(self.now, &mut self.random, "asterisk", &offered, Freshness::New);
        let secret = |_| Some(Secret::Password(password.to_owned()));
        let value = answer(&challenge[0], &mut self.random, "REGISTER", URI, "alice", &secret);
        Credentials::parse(&value.expect("an answer")).expect("credentials")
    }

    fn verify(&mut self, secret: &Secret, credentials: &Credentials) -> Verdict {
        let check = Check {
            method: "REGISTER",
            realm: "asterisk",
            algorithms: &[Algorithm::Sha256, Algorithm::Md5, Algorithm::Sha512_256],
            secret: &|_| Some(secret.clone()),
            uri_matches: true,
            nonce_life: Duration::from_secs(32),
        };
        self.server.verify(self.now, &check, credentials)
    }
}

fn password(text: &str) -> Secret {
    Secret::Password(text.into())
}

#[test]
fn the_example_of_rfc_7616_section_3_9_1_holds() {
    let credentials = Credentials {
        username: "Mufasa".into(),
        realm: "http-auth@example.org".into(),
        nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v".into(),
        uri: "/dir/index.html".into(),
        response: String::new(),
        algorithm: Some(Algorithm::Sha256),
        cnonce: Some("f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ".into()),
        qop: Some("auth".into()),
        nonce_count: Some(1),
    };
    for (algorithm, expected) in [
        (Algorithm::Md5, "8ca523f5e9506fed4657c9700eebdbec"),
        (Algorithm::Sha256, "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ] {
        let ha1 = password("Circle of Life").ha1(algorithm, "Mufasa", &credentials.realm);
        assert_eq!(response(algorithm, &ha1, "GET", &credentials).as_deref(), Some(expected));
    }
}

#[test]
fn the_right_password_is_accepted_under_each_algorithm() {
    for algorithm in [Algorithm::Md5, Algorithm::Sha256, Algorithm::Sha512_256] {
        let mut world = World::new();
        let credentials = world.login(algorithm, "secret");
        assert_eq!(world.verify(&password("secret"), &credentials), Verdict::Accepted);
        let ha1 = Secret::Ha1(algorithm.hash("alice:asterisk:secret"));
        let credentials = world.login(algorithm, "secret");
        assert_eq!(world.verify(&ha1, &credentials), Verdict::Accepted);
    }
}

#[test]
fn a_wrong_password_is_refused() {
    let mut world = World::new();
    let credentials = world.login(Algorithm::Md5, "guess");
    assert_eq!(world.verify(&password("secret"), &credentials), Verdict::WrongPassword);
    assert_eq!(world.server.remembered(), 0);
}

#[test]
fn a_recording_is_refused_and_a_higher_count_is_not() {
    let mut world = World::new();
    let mut credentials = world.login(Algorithm::Md5, "secret");
    assert_eq!(world.verify(&password("secret"), &credentials), Verdict::Accepted);
    assert_eq!(world.verify(&password("secret"), &credentials), Verdict::Replayed);
    credentials.nonce_count = Some(2);
    let ha1 = password("secret").ha1(Algorithm::Md5, "alice", "asterisk");
    credentials.response =
        response(Algorithm::Md5, &ha1, "REGISTER", &credentials).expect("a response");
    assert_eq!(world.verify(&password("secret"), &credentials), Verdict::Accepted);
}

#[test]
fn an_old_nonce_is_stale_and_a_foreign_one_too() {
    let mut world = World::new();
    let credentials = world.login(Algorithm::Md5, "secret");
    world.now += Duration::from_secs(34);
    assert_eq!(world.verify(&password("secret"), &credentials), Verdict::Stale);
    let mut other = World::new();
    other.server = DigestServer::new(other.now, &mut SeededRandom::new(2));
    assert_eq!(other.verify(&password("secret"), &credentials), Verdict::Stale);
}

#[test]
fn garbage_is_malformed_and_never_more() {
    for text in ["", "Digest", "Basic abc", "Digest =", "Digest a=\"", "Digest nc=zz,a=b"] {
        assert_eq!(Credentials::parse(text), None, "{text}");
    }
}

#[test]
fn answered_nonces_are_forgotten_by_those_that_come_when_they_are_too_old() {
    let mut world = World::new();
    for _ in 0..100 {
        let credentials = world.login(Algorithm::Md5, "secret");
        assert_eq!(world.verify(&password("secret"), &credentials), Verdict::Accepted);
        world.now += Duration::from_secs(1);
    }
    assert!(world.server.remembered() <= 34, "{}", world.server.remembered());
}

#[test]
fn a_recording_is_refused_after_its_nonce_had_to_be_forgotten() {
    let mut world = World::new();
    let recorded = world.login(Algorithm::Md5, "secret");
    assert_eq!(world.verify(&password("secret"), &recorded), Verdict::Accepted);
    world.now += Duration::from_secs(1);
    for _ in 0..MAX_NONCES {
        let credentials = world.login(Algorithm::Md5, "secret");
        assert_eq!(world.verify(&password("secret"), &credentials), Verdict::Accepted);
    }
    assert_eq!(world.server.remembered(), MAX_NONCES);
    assert_eq!(world.verify(&password("secret"), &recorded), Verdict::Stale);
}

#[test]
fn the_topmost_challenge_that_can_be_answered_is_answered_once_per_realm() {
    let request = sidetone_sip::Request::new(
        sidetone_sip::Method::Register,
        "sip:example.com".parse().expect("a URI"),
    );
    let unauthorized = sidetone_sip::Status::UNAUTHORIZED;
    let mut response = sidetone_sip::Response::to(&request, unauthorized);
    for (name, realm, algorithm) in [
        ("WWW-Authenticate", "a", "SHA-999"),
        ("WWW-Authenticate", "a", "SHA-256"),
        ("WWW-Authenticate", "a", "MD5"),
        ("Proxy-Authenticate", "b", "MD5"),
    ] {
        let value = format!("Digest realm=\"{realm}\",nonce=\"n\",algorithm={algorithm}");
        response.headers.push(name, value);
    }
    let mut random = SeededRandom::new(1);
    let secret = |_| Some(password("x"));
    let headers =
        credentials_for(&response, &mut random, "REGISTER", "sip:example.com", "u", &secret);
    assert_eq!(headers.len(), 2);
    assert!(headers[0].0 == "Authorization" && headers[0].1.contains("SHA-256"));
    assert!(headers[1].0 == "Proxy-Authorization" && headers[1].1.contains("realm=\"b\""));
}
