//! Two running binaries over real sockets: the second registers with the first as the customer of
//! a trunk does, and takes its registration back when it stops (PRX-12).

#![allow(dead_code, reason = "each test file uses a part of the support")]

mod support;

use std::time::{Duration, Instant};

use support::{Exchange, free_port, pjsip};

/// Waits until an answer of the console is so.
fn until(exchange: &Exchange, line: &str, what: &str, is_so: impl Fn(&str) -> bool) -> String {
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        let answer = exchange.answer(line);
        if is_so(&answer) {
            return answer;
        }
        assert!(Instant::now() < end, "{what}: {answer}\n{}", exchange.log());
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn one_exchange_registers_with_another_and_leaves_nothing_there() {
    let (server_port, port) = (free_port(), free_port());
    let mut server = Exchange::new("trunk-server", server_port);
    server.start();
    let mut customer = Exchange::new("trunk-customer", port);
    let registration = format!(
        "\n[trunk]\ntype = registration\nserver_uri = sip:127.0.0.1:{server_port}\n\
         client_uri = sip:desk@127.0.0.1\noutbound_auth = desk\nline = yes\nendpoint = desk\n\
         max_random_initial_delay = 0\n"
    );
    customer.write("pjsip.conf", &(pjsip(port) + &registration));
    customer.start();
    let registered = |text: &str| text.contains("  Registered") && text.contains("(exp. ");
    let show = "pjsip show registrations";
    let shown = until(&customer, show, "it registers", registered);
    assert!(shown.contains(&format!(" trunk/sip:127.0.0.1:{server_port} ")), "{shown}");
    assert!(shown.contains("Objects found: 1"), "{shown}");
    let ours = format!("desk/sip:s@127.0.0.1:{port};line=");
    let contacts = server.answer("pjsip show contacts");
    assert!(contacts.contains(&ours), "{contacts}");
    let shown = customer.answer("pjsip show registration trunk");
    assert!(shown.contains(" client_uri ") && shown.contains(": sip:desk@127.0.0.1"), "{shown}");

    customer.answer("pjsip send unregister trunk");
    let none = |text: &str| text.contains("No objects found");
    until(&server, "pjsip show contacts", "it is removed", none);
    customer.answer("pjsip send register *all");
    until(&server, "pjsip show contacts", "it is back", |text| text.contains(&ours));
    assert!(!customer.ask("pjsip send register nobody").status.success());

    customer.answer("core stop gracefully");
    until(&server, "pjsip show contacts", "a stop takes it back", none);
}

/// RFC 5922 §4: over TLS a server proves the name that led to it; an address written out proves
/// nothing when the certificate is for a name.
#[test]
fn a_server_over_tls_proves_the_name_that_leads_to_it() {
    let (udp, tls) = (free_port(), free_port());
    let mut server = Exchange::new("tls-server", udp);
    let folder = server.folder.display().to_string();
    let make = ["cert", "self-signed", "-C", "localhost", "-o", "trunk", "-d", &folder];
    let made = std::process::Command::new(support::BINARY).args(make).output().expect("it runs");
    assert!(made.status.success(), "{made:?}");
    let transport = format!(
        "\n[tls]\ntype = transport\nprotocol = tls\nbind = 127.0.0.1:{tls}\n\
         cert_file = {folder}/trunk.crt\npriv_key_file = {folder}/trunk.key\n"
    );
    server.write("pjsip.conf", &(pjsip(udp) + &transport));
    server.start();
    let mut customer = Exchange::new("tls-customer", free_port());
    let own = free_port();
    let peers = ["localhost", "127.0.0.1"].map(|host| {
        format!(
            "\n[{host}]\ntype = aor\ncontact = sip:{host}:{tls}\\;transport=tls\n\
             qualify_frequency = 1\nqualify_timeout = 2\n\n\
             [{host}]\ntype = endpoint\naors = {host}\ncontext = a\nallow = ulaw\n"
        )
    });
    let verifying = |peer: &str| {
        format!(
            "{}\n[tls]\ntype = transport\nprotocol = tls\nbind = 127.0.0.1:{own}\n\
             cert_file = {folder}/trunk.crt\npriv_key_file = {folder}/trunk.key\n\
             ca_list_file = {folder}/ca.crt\nverify_server = yes\n{peer}",
            pjsip(free_port())
        )
    };
    customer.write("pjsip.conf", &verifying(&peers[0]));
    customer.start();
    let contacts = "pjsip show contacts";
    until(&customer, contacts, "the name is proven", |text| text.contains("Avail"));
    customer.answer("core stop now");
    customer.child.as_mut().expect("it runs").wait().expect("it ends");
    customer.write("pjsip.conf", &verifying(&peers[1]));
    customer.start();
    until(&customer, contacts, "an address proves nothing", |text| text.contains("Unavail"));
    assert!(customer.logs("Unable to set up ssl connection with peer '127.0.0.1:"));
}
