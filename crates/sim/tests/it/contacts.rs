//! What may be registered and how, and what the dialplan reads of it.

use sidetone_sim::{Configuration, Line, Stranger, Weather, World, secs};

use super::tell::{registered, tell};

/// The first host of a world needs no password; its aor keeps Path or not.
fn open(aor: &str, more: &str) -> Configuration {
    let mut configuration = Configuration::default();
    configuration.pjsip += &format!(
        "\n[open]\ntype = endpoint\ncontext = internal\ndisallow = all\nallow = ulaw\n\
         aors = open\n{more}\n[open](devices)\n{aor}\n"
    );
    configuration
}

fn register(number: usize, contact: &str, more: &str) -> String {
    format!(
        "REGISTER sip:192.0.2.1 SIP/2.0\r\n\
         Via: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bKreg{number};rport\r\n\
         From: <sip:open@192.0.2.1>;tag=t{number}\r\nTo: <sip:open@192.0.2.1>\r\n\
         Call-ID: reg-{number}\r\nCSeq: 1 REGISTER\r\nContact: <{contact}>\r\n{more}\
         Content-Length: 0\r\n\r\n"
    )
}

async fn answer(stranger: &mut Stranger, text: String) -> String {
    stranger.say(text).await;
    let answers = stranger.hear(secs(2)).await;
    let found = answers.into_iter().find(|answer| answer.starts_with("SIP/2.0"));
    found.expect("an answer")
}

const PATH: &str = "Path: <sip:edge1.example;lr>,<sip:edge2.example;lr>\r\n";

#[test]
fn path_is_kept_in_order_and_becomes_the_route() {
    let configuration = open("support_path = yes", "");
    tell(1, Weather::CLEAR, &configuration, async |world: World| {
        let mut proxy = world.stranger().await;
        let path = "Path: <sip:198.51.100.1:5060;lr>,<sip:edge2.example;lr>\r\n\
            Supported: path\r\n";
        let granted = answer(&mut proxy, register(1, "sip:open@10.9.8.7", path)).await;
        assert!(granted.starts_with("SIP/2.0 200"), "{granted}");
        assert!(granted.contains("Path: <sip:198.51.100.1:5060;lr>"), "{granted}");
        assert!(granted.contains("Supported: path"), "{granted}");
        let alice = registered(&world, "alice", Line::Udp).await;
        alice.dial("open").await;
        let heard = proxy.hear(secs(3)).await;
        let invite = heard.iter().find(|text| text.starts_with("INVITE")).expect("an INVITE");
        let routes: Vec<&str> =
            invite.lines().filter_map(|line| line.strip_prefix("Route: ")).collect();
        let routes = routes.join(",");
        assert_eq!(routes, "<sip:198.51.100.1:5060;lr>,<sip:edge2.example;lr>");
        assert!(invite.starts_with("INVITE sip:open@10.9.8.7 SIP/2.0"), "{invite}");
        alice.hang_up().await;
    });
}

#[test]
fn a_path_that_nobody_wanted_is_refused() {
    tell(1, Weather::CLEAR, &open("", ""), async |world: World| {
        let mut proxy = world.stranger().await;
        let contact = "sip:open@198.51.100.1";
        let refused = answer(&mut proxy, register(1, contact, PATH)).await;
        assert!(refused.starts_with("SIP/2.0 420"), "{refused}");
        assert!(refused.contains("Unsupported: path"), "{refused}");
        let required = format!("{PATH}Supported: path\r\nRequire: path\r\n");
        let refused = answer(&mut proxy, register(2, contact, &required)).await;
        assert!(refused.starts_with("SIP/2.0 420"), "{refused}");
        // A client that knows Path is served; what is not kept is not echoed.
        let known = format!("{PATH}Supported: path\r\n");
        let granted = answer(&mut proxy, register(3, contact, &known)).await;
        assert!(granted.starts_with("SIP/2.0 200") && !granted.contains("Path:"), "{granted}");
        assert_eq!(world.contacts("open"), 1);
    });
}

#[test]
fn lists_keep_contacts_and_sources_out() {
    let more = "contact_deny = 0.0.0.0/0\ncontact_permit = 198.51.100.0/24";
    tell(1, Weather::CLEAR, &open("", more), async |world: World| {
        let mut stranger = world.stranger().await;
        let refused = answer(&mut stranger, register(1, "sip:open@203.0.113.9", "")).await;
        assert!(refused.starts_with("SIP/2.0 403"), "{refused}");
        let granted = answer(&mut stranger, register(2, "sip:open@198.51.100.77", "")).await;
        assert!(granted.starts_with("SIP/2.0 200"), "{granted}");
    });
    // The same by the name of a list, of the endpoint and of everybody.
    let list = (
        "/etc/acl.conf".to_owned(),
        "[near]\ndeny = 0.0.0.0/0\n\
        permit = 198.51.100.0/24\n"
            .to_owned(),
    );
    for (of_endpoint, of_all) in
        [("contact_acl = near", ""), ("", "\n[all]\ntype = acl\ncontact_acl = near\n")]
    {
        let mut named = open("", of_endpoint);
        named.pjsip += of_all;
        named.files.push(list.clone());
        tell(1, Weather::CLEAR, &named, async |world: World| {
            let mut stranger = world.stranger().await;
            let refused = answer(&mut stranger, register(1, "sip:open@203.0.113.9", "")).await;
            assert!(refused.starts_with("SIP/2.0 403"), "{refused}");
            let granted = answer(&mut stranger, register(2, "sip:open@198.51.100.77", "")).await;
            assert!(granted.starts_with("SIP/2.0 200"), "{granted}");
        });
    }
    let mut everybody = open("", "");
    everybody.pjsip += "\n[everybody]\ntype = acl\ndeny = 198.51.100.1\n";
    tell(1, Weather::CLEAR, &everybody, async |world: World| {
        let mut stranger = world.stranger().await;
        let refused = answer(&mut stranger, register(1, "sip:open@198.51.100.1", "")).await;
        assert!(refused.starts_with("SIP/2.0 403"), "{refused}");
        registered(&world, "alice", Line::Udp).await;
    });
}

#[test]
fn the_dialplan_reads_endpoints_aors_and_contacts() {
    let mut configuration = Configuration::default();
    configuration.extensions += "\nexten => facts,1,Set(ID=${PJSIP_AOR(alice,contact)})\n\
        \x20same => n,Set(GLOBAL(CONTACT)=${PJSIP_CONTACT(${ID},uri)} \
        ${PJSIP_CONTACT(${ID},status)} ${PJSIP_CONTACT(${ID},endpoint)} \
        ${PJSIP_CONTACT(${ID},via_port)})\n\
        \x20same => n,Set(GLOBAL(AOR)=${PJSIP_AOR(alice,max_contacts)} \
        ${PJSIP_AOR(alice,qualify_timeout)})\n\
        \x20same => n,Set(GLOBAL(ENDPOINT)=${PJSIP_ENDPOINT(alice,context)} \
        ${PJSIP_ENDPOINT(alice,allow)} ${PJSIP_ENDPOINT(alice,direct_media)})\n\
        \x20same => n,Hangup()\n";
    tell(1, Weather::CLEAR, &configuration, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        alice.dial("facts").await;
        world.run_until("it is over", secs(10), |_| alice.is_over()).await;
        let global = |name: &str| world.exchange().global(name).unwrap_or_default();
        let contact = global("CONTACT");
        let words: Vec<&str> = contact.split(' ').collect();
        assert!(words[0].starts_with("sip:alice@198.51.100."), "{contact}");
        assert_eq!(words[1..], ["NonQualified", "alice", "5060"], "{contact}");
        assert_eq!(global("AOR"), "5 3.000000");
        assert_eq!(global("ENDPOINT"), "internal (ulaw|alaw) false");
        world.assert_no_leaks().await;
    });
}

#[test]
fn calls_go_through_the_proxy_of_the_endpoint() {
    let configuration = open("", "outbound_proxy = sip:198.51.100.1:5060\\;lr");
    tell(1, Weather::CLEAR, &configuration, async |world: World| {
        let mut proxy = world.stranger().await;
        let granted = answer(&mut proxy, register(1, "sip:open@10.9.8.7", "")).await;
        assert!(granted.starts_with("SIP/2.0 200"), "{granted}");
        let alice = registered(&world, "alice", Line::Udp).await;
        alice.dial("open").await;
        let heard = proxy.hear(secs(3)).await;
        let invite = heard.iter().find(|text| text.starts_with("INVITE")).expect("an INVITE");
        assert!(invite.starts_with("INVITE sip:open@10.9.8.7 SIP/2.0"), "{invite}");
        assert!(invite.contains("\r\nRoute: <sip:198.51.100.1:5060;lr>\r\n"), "{invite}");
        alice.hang_up().await;
    });
}

#[test]
fn questions_go_through_the_proxy_of_the_aor() {
    let aor = "qualify_frequency = 30\noutbound_proxy = sip:198.51.100.1:5060\\;lr";
    tell(1, Weather::CLEAR, &open(aor, ""), async |world: World| {
        let mut proxy = world.stranger().await;
        proxy.say(register(1, "sip:open@10.9.8.7", "")).await;
        let heard = proxy.hear(secs(3)).await;
        let options = heard.iter().find(|text| text.starts_with("OPTIONS")).expect("OPTIONS");
        assert!(options.starts_with("OPTIONS sip:open@10.9.8.7 SIP/2.0"), "{options}");
        assert!(options.contains("\r\nRoute: <sip:198.51.100.1:5060;lr>\r\n"), "{options}");
    });
}
