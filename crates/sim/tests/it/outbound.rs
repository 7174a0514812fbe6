//! The exchange registers with other servers, as the customer of a trunk does.

use std::net::SocketAddr;
use std::time::Duration;

use sidetone_pbx::registrations::Order;
use sidetone_sim::registrar::{Does, Registrar, header};
use sidetone_sim::{Configuration, Weather, World, secs};

use super::{FEW, tell};

/// Where the first stranger of a world is.
const SERVER: &str = "198.51.100.1";

/// The exchange registers with the first stranger.
fn trunk(password: &str, more: &str) -> Configuration {
    let mut configuration = Configuration::default();
    configuration.pjsip += &format!(
        "\n[trunk](phone)\naors = trunk\ncontext = from-trunk\n\
         \n[trunk](login)\nusername = customer\npassword = {password}\n\
         \n[trunk](devices)\ncontact = sip:{SERVER}\n\
         \n[trunk]\ntype = registration\nserver_uri = sip:{SERVER}\n\
         client_uri = sip:customer@trunk.example\noutbound_auth = trunk\ncontact_user = 4711\n\
         expiration = 120\nretry_interval = 20\nmax_random_initial_delay = 3\n{more}"
    );
    configuration.extensions += "\n[from-trunk]\nexten => 4711,1,Answer()\n same => n,Echo()\n";
    configuration
}

fn status(world: &World) -> &'static str {
    world.exchange().registrations().all().get("trunk").map_or("none", |view| view.status)
}

async fn becomes(world: &World, wanted: &str, limit: Duration) {
    world.run_until(wanted, limit, |world| status(world) == wanted).await;
}

/// The registration is removed, and nothing is left of it.
async fn end(world: &World) {
    assert!(world.exchange().registrations().order(Order::Remove(None)));
    becomes(world, "Unregistered", secs(200)).await;
    world.assert_no_leaks().await;
}

fn last(registrar: &Registrar) -> String {
    registrar.heard().pop().map(|(_, text)| text).unwrap_or_default()
}

/// The server wants MD5: a password is proved by the algorithms of the account, else of `global`.
#[test]
fn a_server_that_asks_for_another_algorithm_than_we_allow_gets_no_proof() {
    for (own, global, proves) in [
        ("", "", true),
        ("", "SHA-256", false),
        ("supported_algorithms_uac = SHA-256\n", "MD5", false),
        ("supported_algorithms_uac = MD5\n", "SHA-256", true),
    ] {
        let mut configuration = trunk("correct horse", "");
        let account = "[trunk](login)\n";
        configuration.pjsip = configuration.pjsip.replace(account, &format!("{account}{own}"));
        if !global.is_empty() {
            configuration.pjsip +=
                &format!("\n[global]\ntype = global\ndefault_auth_algorithms_uac = {global}\n");
        }
        tell(1, Weather::CLEAR, &configuration, async |world: World| {
            let registrar = world.registrar().await;
            registrar.will(Does::Demand(60));
            world.run_for(secs(20)).await;
            assert_eq!(status(&world) == "Registered", proves, "{own} {global}");
            let heard = registrar.heard();
            assert!(!heard.is_empty());
            let proved = heard.iter().any(|(_, text)| !header(text, "Authorization").is_empty());
            assert_eq!(proved, proves, "{own} {global}: {heard:?}");
        });
    }
}

#[test]
fn the_exchange_registers_with_a_password_and_renews_in_time() {
    for seed in FEW {
        let configuration = trunk("correct horse", "line = yes\nendpoint = trunk\n");
        tell(*seed, Weather::BAD, &configuration, async |world: World| {
            let registrar = world.registrar().await;
            registrar.will(Does::Demand(60));
            becomes(&world, "Registered", secs(60)).await;
            let (first, register) = registrar.heard().remove(0);
            assert!(first < secs(10), "{first:?}");
            assert!(register.starts_with(&format!("REGISTER sip:{SERVER} SIP/2.0")), "{register}");
            assert!(header(&register, "From").starts_with("<sip:customer@trunk.example>;tag="));
            assert_eq!(header(&register, "To"), "<sip:customer@trunk.example>");
            assert_eq!(header(&register, "Expires"), "120");
            let contact = header(&register, "Contact");
            assert!(contact.starts_with("<sip:4711@192.0.2.1:5060;line="), "{contact}");
            for _ in 0..300 {
                world.run_for(secs(1)).await;
                assert_eq!(status(&world), "Registered", "{}", world.account());
            }
            let heard = registrar.heard();
            assert!(heard.len() >= 10, "{}", heard.len());
            let same = |name: &str| {
                heard.iter().all(|(_, text)| header(text, name) == header(&heard[0].1, name))
            };
            assert!(same("Call-ID") && same("Contact") && same("From"), "{heard:#?}");
            end(&world).await;
            assert_eq!(header(&last(&registrar), "Expires"), "0");
        });
    }
}

#[test]
fn a_server_that_is_busy_or_dead_is_tried_again_until_it_is_back() {
    for seed in FEW {
        tell(*seed, Weather::CLEAR, &trunk("x", ""), async |world: World| {
            let registrar = world.registrar().await;
            registrar.will(Does::Refuse("503 Service Unavailable", "Retry-After: 7"));
            becomes(&world, "Rejected", secs(10)).await;
            let again = |count: usize| {
                let heard = registrar.heard();
                (heard.len() > count).then(|| heard[count].0 - heard[count - 1].0)
            };
            world.run_until("again", secs(10), |_| again(1).is_some()).await;
            assert_eq!(again(1).map(|time| time.as_secs()), Some(7));
            registrar.will(Does::Ignore);
            // Timer F, and `retry_interval` after it.
            world.run_until("again", secs(70), |_| again(3).is_some()).await;
            assert_eq!(again(3).map(|time| time.as_secs()), Some(32 + 20));
            registrar.will(Does::Grant(60));
            becomes(&world, "Registered", secs(60)).await;
            end(&world).await;
        });
    }
}

/// Over a connection that closed no call would come until the registration is renewed.
#[test]
fn the_exchange_registers_again_soon_after_its_connection_closes() {
    let mut configuration = trunk("correct horse", "");
    let (udp, tcp) =
        (format!("_uri = sip:{SERVER}\n"), format!("_uri = sip:{SERVER}\\;transport=tcp\n"));
    configuration.pjsip = configuration.pjsip.replace(&udp, &tcp);
    tell(1, Weather::CLEAR, &configuration, async |world: World| {
        let registrar = world.registrar_over_tcp();
        registrar.will(Does::Grant(600));
        becomes(&world, "Registered", secs(10)).await;
        world.run_for(secs(120)).await;
        assert_eq!(registrar.heard().len(), 1, "ten minutes are granted");
        registrar.close();
        world.run_until("another", secs(30), |_| registrar.heard().len() == 2).await;
        becomes(&world, "Registered", secs(5)).await;
        let heard = registrar.heard();
        let same = |name: &str| header(&heard[0].1, name) == header(&heard[1].1, name);
        assert!(same("Call-ID") && same("Contact"), "{heard:#?}");
        end(&world).await;
    });
}

#[test]
fn a_wrong_password_and_a_refusal_that_stands_are_no_loop() {
    let refused = Does::Refuse("403 Forbidden", "Warning: 399 x \"no\"");
    for (more, does, attempts) in [
        ("", Does::Demand(60), 2),
        ("", refused.clone(), 1),
        ("forbidden_retry_interval = 100\n", refused, 6),
    ] {
        tell(1, Weather::CLEAR, &trunk("wrong", more), async |world: World| {
            let registrar = world.registrar().await;
            registrar.will(does);
            world.run_for(secs(590)).await;
            assert_eq!(registrar.heard().len(), attempts, "{}", world.account());
            assert_eq!(status(&world), "Rejected");
            registrar.will(Does::Grant(600));
            let asked = Order::Register(Some("trunk".to_owned()));
            assert!(world.exchange().registrations().order(asked));
            becomes(&world, "Registered", secs(5)).await;
            end(&world).await;
        });
    }
}

#[test]
fn refusals_that_stand_are_tried_again_where_the_options_say_so() {
    let gone = Does::Refuse("404 Not Found", "Warning: 399 x \"no\"");
    let wrong = Does::Demand(60);
    for (more, does, attempts) in [
        ("", &gone, 1),
        ("fatal_retry_interval = 100\n", &gone, 6),
        ("fatal_retry_interval = 100\nmax_retries = 2\n", &gone, 3),
        ("auth_rejection_permanent = yes\nmax_retries = 2\n", &wrong, 1),
        ("auth_rejection_permanent = no\nmax_retries = 2\n", &wrong, 3),
    ] {
        tell(1, Weather::CLEAR, &trunk("wrong", more), async |world: World| {
            let registrar = world.registrar().await;
            registrar.will(does.clone());
            world.run_for(secs(590)).await;
            // One attempt is over within a second, whatever it takes to be refused.
            let mut times: Vec<Duration> = registrar.heard().iter().map(|it| it.0).collect();
            times.dedup_by(|later, earlier| *later - *earlier < secs(1));
            assert_eq!(times.len(), attempts, "{more}{}", world.account());
            assert_eq!(status(&world), "Rejected");
            registrar.will(Does::Grant(600));
            let asked = Order::Register(Some("trunk".to_owned()));
            assert!(world.exchange().registrations().order(asked));
            becomes(&world, "Registered", secs(5)).await;
            end(&world).await;
        });
    }
}

#[test]
fn the_contact_has_the_parameters_that_the_registration_gives_it() {
    for (more, wanted) in [
        ("", "<sip:4711@192.0.2.1:5060>"),
        ("contact_header_params = q=0.5\\;lab=7\n", "<sip:4711@192.0.2.1:5060>;q=0.5;lab=7"),
        (
            "support_outbound = yes\ncontact_header_params = reg-id=9\n",
            "<sip:4711@192.0.2.1:5060>;reg-id=9",
        ),
    ] {
        tell(1, Weather::CLEAR, &trunk("correct horse", more), async |world: World| {
            let registrar = world.registrar().await;
            becomes(&world, "Registered", secs(10)).await;
            assert_eq!(header(&last(&registrar), "Contact"), wanted);
            end(&world).await;
        });
    }
}

#[test]
fn a_reload_adds_changes_and_removes_registrations() {
    let without = Configuration::default();
    let with = trunk("correct horse", "");
    let changed = trunk("correct horse", "contact_user = 4712\n");
    tell(1, Weather::CLEAR, &without, async |world: World| {
        let registrar = world.registrar().await;
        let load = |configuration: &Configuration| {
            let (config, _) = configuration.load();
            world.exchange().reload(config, None);
        };
        world.run_for(secs(20)).await;
        assert!(registrar.heard().is_empty());
        load(&with);
        becomes(&world, "Registered", secs(5)).await;
        let count = registrar.heard().len();
        load(&with);
        world.run_for(secs(5)).await;
        assert_eq!(registrar.heard().len(), count, "what did not change is left alone");
        load(&changed);
        world.run_for(secs(6)).await;
        let heard = registrar.heard();
        let after: Vec<(&str, bool)> = heard[count..]
            .iter()
            .map(|(_, text)| (header(text, "Expires"), header(text, "Contact").contains("4712")))
            .collect();
        assert_eq!(after, [("0", false), ("120", true)]);
        assert_eq!(status(&world), "Registered");
        load(&without);
        becomes(&world, "none", secs(5)).await;
        assert_eq!(header(&last(&registrar), "Expires"), "0");
        world.assert_no_leaks().await;
    });
}

#[test]
fn a_new_public_address_is_registered_at_once_and_the_old_one_removed() {
    let mut moved = trunk("correct horse", "");
    let outside = "external_media_address = 203.0.113.9\n\
                   external_signaling_address = 203.0.113.9\nlocal_net = 192.0.2.0/24\n";
    let begin = "type = transport\n";
    moved.pjsip = moved.pjsip.replace(begin, &format!("{begin}{outside}"));
    tell(1, Weather::CLEAR, &trunk("correct horse", ""), async |world: World| {
        let registrar = world.registrar().await;
        registrar.will(Does::Demand(3_600));
        becomes(&world, "Registered", secs(10)).await;
        world.run_for(secs(20)).await;
        let count = registrar.heard().len();
        world.exchange().reload(moved.load().0, None);
        let address = |text: &str| text.parse::<std::net::IpAddr>().expect("an address");
        world.exchange().reach().note_move(address("192.0.2.1"), address("203.0.113.9"));
        let again = |_: &World| registrar.heard().len() >= count + 2;
        world.run_until("it is registered again", secs(3), again).await;
        let both = "<sip:4711@192.0.2.1:5060>;expires=0, <sip:4711@203.0.113.9:5060>";
        assert_eq!(header(&last(&registrar), "Contact"), both);
        assert_eq!(status(&world), "Registered");
        end(&world).await;
        assert_eq!(header(&last(&registrar), "Contact"), "<sip:4711@203.0.113.9:5060>");
    });
}

#[test]
fn when_the_exchange_stops_it_takes_its_registrations_back() {
    tell(1, Weather::CLEAR, &trunk("correct horse", ""), async |world: World| {
        let registrar = world.registrar().await;
        becomes(&world, "Registered", secs(10)).await;
        world.exchange().registrations().stop().await;
        assert_eq!(header(&last(&registrar), "Expires"), "0");
        world.exchange().reload(world.exchange().config(), None);
        world.run_for(secs(30)).await;
        assert_eq!(status(&world), "Unregistered");
        world.assert_no_leaks().await;
    });
}

/// PRX-13: the line says whose calls these are, wherever they come from.
#[test]
fn a_call_that_carries_the_line_is_the_trunk_s() {
    let configuration = trunk("x", "line = yes\nendpoint = trunk\n");
    tell(1, Weather::CLEAR, &configuration, async |world: World| {
        let registrar = world.registrar().await;
        becomes(&world, "Registered", secs(10)).await;
        let contact = header(&last(&registrar), "Contact").to_owned();
        let uri = contact.trim_matches(['<', '>']);
        let plain = "sip:4711@192.0.2.1:5060";
        for (request_uri, to, status) in [
            (uri, plain, "200"),
            (plain, uri, "200"),
            (plain, plain, "401"),
            ("sip:4711@192.0.2.1;line=guessed", plain, "401"),
        ] {
            let mut carrier = world.stranger().await;
            let address = SocketAddr::new(carrier.ip(), 5060);
            let options = format!(
                "OPTIONS {request_uri} SIP/2.0\r\n\
                 Via: SIP/2.0/UDP {address};branch=z9hG4bK-{status}{}\r\n\
                 From: <sip:+4930123@carrier.example>;tag=1\r\nTo: <{to}>\r\n\
                 Call-ID: {address}\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\n\
                 Content-Length: 0\r\n\r\n",
                to.len() + request_uri.len()
            );
            carrier.say(options).await;
            let heard = carrier.hear(secs(1)).await;
            let expected = format!("SIP/2.0 {status} ");
            assert!(heard.iter().any(|text| text.starts_with(&expected)), "{heard:#?}");
        }
        end(&world).await;
    });
}
