//! Pages, files and limits of the HTTP server, asked over real sockets.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]
#![allow(dead_code, reason = "each test file uses a part of the support")]

mod support;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Extension};
use axum::routing::{get, post};
use sidetone_http::{
    HttpSettings, HttpsSettings, OriginPolicy, Pages, Peer, Redirect, Restriction, StatusPage,
};
use sidetone_net::NetSettings;
use sidetone_net::tls::SniPolicy;
use support::{Answer, Log, World, both, certificate, clear, folder, secure, upgrade_request};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout};

#[tokio::test]
async fn an_unknown_path_gets_the_known_page() {
    let world = World::new(clear()).await;
    let answer = world.get("/nowhere").await;
    assert_eq!(answer.status, 404);
    let expected = "<!DOCTYPE HTML PUBLIC \"-//IETF//DTD HTML 2.0//EN\">\r\n<html><head>\r\n\
        <title>404 Not Found</title>\r\n</head><body>\r\n<h1>Not Found</h1>\r\n\
        <p>The requested URL was not found on this server.</p>\r\n<hr />\r\n\
        <address>bench</address>\r\n</body></html>\r\n";
    assert_eq!(answer.text(), expected);
    let names: Vec<_> =
        answer.head.lines().skip(1).filter_map(|line| line.split_once(':')).map(|l| l.0).collect();
    let expected =
        ["Server", "Date", "Cache-Control", "Content-Type", "Connection", "Content-Length"];
    assert_eq!(names.len(), expected.len(), "{}", answer.head);
    assert!(expected.iter().all(|name| names.contains(name)), "{}", answer.head);
    assert_eq!(names[..4], expected[..4]);
    assert_eq!(answer.header("server"), Some("bench"));
    assert_eq!(answer.header("cache-control"), Some("no-cache, no-store"));
    let post = "POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(world.ask(post).await.status, 501);
}

fn with_files(name: &str) -> HttpSettings {
    let folder = folder(name);
    let root = folder.join("static");
    std::fs::create_dir_all(root.join("app")).unwrap();
    std::fs::write(folder.join("secret.txt"), "secret").unwrap();
    std::fs::write(root.join("hello.html"), "<p>hello</p>").unwrap();
    std::fs::write(root.join("app/index.html"), "index").unwrap();
    std::fs::write(root.join("a b.txt"), "blank").unwrap();
    std::fs::write(root.join(".hidden"), "hidden").unwrap();
    std::fs::write(root.join("large.bin"), vec![7; 300_000]).unwrap();
    std::os::unix::fs::symlink("../secret.txt", root.join("link.txt")).unwrap();
    std::os::unix::fs::symlink("hello.html", root.join("inner.html")).unwrap();
    HttpSettings { static_folder: Some(root), ..clear() }
}

#[tokio::test]
async fn files_are_served_with_types_and_validators() {
    let world = World::new(with_files("files")).await;
    let answer = world.get("/static/hello.html").await;
    assert_eq!((answer.status, answer.text()), (200, "<p>hello</p>"));
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    let tag = answer.header("etag").unwrap();
    let modified = answer.header("last-modified").unwrap();
    for condition in [format!("If-None-Match: {tag}"), format!("If-Modified-Since: {modified}")] {
        let request = format!("GET /static/hello.html HTTP/1.1\r\nHost: x\r\n{condition}\r\n\r\n");
        assert_eq!(world.ask(&request).await.status, 304);
    }
    let part = "GET /static/hello.html HTTP/1.1\r\nHost: x\r\nRange: bytes=3-7\r\n\r\n";
    let part = world.ask(part).await;
    assert_eq!((part.status, part.text()), (206, "hello"));
    assert_eq!(part.header("content-range"), Some("bytes 3-7/12"));
    let beyond = "GET /static/hello.html HTTP/1.1\r\nHost: x\r\nRange: bytes=99-\r\n\r\n";
    assert_eq!(world.ask(beyond).await.status, 416);
    let head = "HEAD /static/hello.html HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let mut stream = world.connect().await;
    stream.write_all(head.as_bytes()).await.unwrap();
    let answer = Answer::read_head(&mut stream).await;
    assert_eq!((answer.status, answer.header("content-length")), (200, Some("12")));
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    assert!(rest.is_empty());
    assert_eq!(world.get("/static/large.bin").await.body.len(), 300_000);
    assert_eq!(world.get("/static/app/").await.text(), "index");
    assert_eq!(world.get("/static/a%20b.txt?x=1").await.text(), "blank");
    assert_eq!(world.get("/static/inner.html").await.text(), "<p>hello</p>");
}

#[tokio::test]
async fn no_path_leads_out_of_the_folder() {
    let world = World::new(with_files("traversal")).await;
    for path in [
        "/static/../secret.txt",
        "/static/%2e%2e/secret.txt",
        "/static/..%2fsecret.txt",
        "/static/%2e%2e%2fsecret.txt",
        "/static/app/../../secret.txt",
        "/static/..\\secret.txt",
        "/static/%5c..%5csecret.txt",
        "/static//etc/passwd",
        "/static/%2fetc%2fpasswd",
        "/static/link.txt",
        "/static/.hidden",
        "/static/hello.html/",
        "/static/app",
        "/static/%252e%252e/secret.txt",
    ] {
        let answer = world.get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(!answer.text().contains("secret"), "{path}");
    }
    for path in ["/static/hello.html%00.txt", "/static/%ff", "/static/%zz"] {
        assert_eq!(world.get(path).await.status, 400, "{path}");
    }
}

#[tokio::test]
async fn files_are_not_served_unless_enabled() {
    let world = World::new(HttpSettings { static_folder: None, ..with_files("off") }).await;
    assert_eq!(world.get("/static/hello.html").await.status, 404);
    assert_eq!(world.get("/httpstatus").await.status, 404);
}

#[tokio::test]
async fn redirects_prefix_and_status_work_together() {
    let redirect = Redirect { from: "/cmp2k".into(), to: "/static/x/index.html".into() };
    let settings = HttpSettings {
        prefix: "/pbx".into(),
        redirects: vec![redirect],
        status_page: StatusPage::Served,
        ..with_files("prefix")
    };
    let world = World::new(settings).await;
    world.server.mount("/metrics", "Prometheus Metrics URI", Router::new());
    let answer = world.get("/cmp2k").await;
    assert_eq!((answer.status, answer.header("location")), (302, Some("/static/x/index.html")));
    assert_eq!(world.get("/static/hello.html").await.status, 404);
    assert_eq!(world.get("/pbx/static/hello.html").await.status, 200);
    assert_eq!(world.get("/pbx").await.status, 200);
    let page = world.get("/pbx/httpstatus").await;
    assert!(page.text().contains("<b>Asterisk HTTP WebSocket</b>"), "{}", page.text());
    let text = world.server.status().to_string();
    let expected = format!(
        "HTTP Server Status:\nPrefix: /pbx\nServer: bench\nServer Enabled and Bound to {}\n\n\
         Enabled URI's:\n/pbx/httpstatus => Asterisk HTTP General Status\n\
         /pbx/metrics/... => Prometheus Metrics URI\n/pbx/sip => Asterisk HTTP WebSocket\n\
         /pbx/static/... => Asterisk HTTP Static Delivery\n/pbx/ws => Asterisk HTTP WebSocket\n\n\
         Enabled Redirects:\n  /cmp2k => /static/x/index.html\n\nPath Restrictions:\n  None.\n",
        world.http()
    );
    assert_eq!(text, expected);
}

#[tokio::test]
async fn restricted_paths_are_forbidden_to_others() {
    let nobody = Restriction::new("/ws", vec!["deny 0.0.0.0/0".into()], |_| false);
    let loopback = Restriction::new("/static", vec![], |client| client.is_loopback());
    let settings = HttpSettings { restrictions: vec![nobody, loopback], ..with_files("acl") };
    let world = World::new(settings).await;
    assert_eq!(world.ask(&upgrade_request("/ws", "sip")).await.status, 403);
    assert_eq!(world.get("/%77s").await.status, 403);
    assert_eq!(world.get("/static/hello.html").await.status, 200);
    assert!(world.server.status().to_string().contains("  Path: /ws\n    deny 0.0.0.0/0\n"));
}

#[tokio::test]
async fn a_restriction_covers_every_path_that_begins_like_it() {
    let nobody = Restriction::new("/static/he", vec![], |_| false);
    let settings = HttpSettings { restrictions: vec![nobody], ..with_files("begin") };
    let world = World::new(settings).await;
    assert_eq!(world.get("/static/hello.html").await.status, 403);
    assert_eq!(world.get("/static/other.html").await.status, 404);
}

#[tokio::test]
async fn a_restricted_websocket_is_not_reached_by_its_other_path() {
    let status = async |restricted: &str, asked: &str| {
        let nobody = Restriction::new(restricted, vec![], |_| false);
        let world = World::new(HttpSettings { restrictions: vec![nobody], ..clear() }).await;
        world.ask(&upgrade_request(asked, "sip")).await.status
    };
    assert_eq!(status("/ws", "/sip").await, 403);
    // The other path may be shut alone, as it is there whether it is wanted or not.
    assert_eq!(status("/sip", "/sip").await, 403);
    assert_ne!(status("/sip", "/ws").await, 403);
}

#[tokio::test]
async fn mounted_routes_know_the_client_and_have_limits() {
    let settings = HttpSettings {
        prefix: "/pbx".into(),
        session_inactivity: Duration::from_millis(300),
        ..clear()
    };
    let world = World::new(settings).await;
    type From = (Extension<Peer>, ConnectInfo<SocketAddr>);
    let who = async |(Extension(peer), ConnectInfo(at)): From| {
        assert_eq!(peer.remote, at);
        format!("{} {}", peer.remote.ip(), peer.is_secure)
    };
    let length = |body: String| async move { body.len().to_string() };
    let router = Router::new().route("/ari/who", get(who)).route("/ari/length", post(length));
    world.server.mount("/ari", "REST", router);
    assert_eq!(world.get("/pbx/ari/who?a=b").await.text(), "127.0.0.1 false");
    assert_eq!(world.get("/pbx/ari/nothing").await.status, 404);
    assert_eq!(world.get("/pbx/arid").await.status, 404);
    let post = |body: &str, length: usize| {
        format!(
            "POST /pbx/ari/length HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n{body}"
        )
    };
    assert_eq!(world.ask(&post("hello", 5)).await.text(), "5");
    assert!(world.ask(&post(&"x".repeat(2_000_000), 2_000_000)).await.status >= 400);
    let start = Instant::now();
    assert!(world.ask(&post("hel", 5)).await.status >= 400);
    assert!(start.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn the_session_limit_counts_connections_and_websockets() {
    let (settings, tls) = both("limit");
    let world = World::new(HttpSettings { session_limit: 2, ..settings }).await;
    let one = world.websocket("/ws", "echo").await;
    let _two = world.connect().await;
    let settled = async {
        while world.server.status().sessions < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(support::PATIENCE, settled).await.unwrap();
    assert_eq!(world.get("/").await.status, 503);
    let mut third = secure(&tls, world.https()).await;
    assert_eq!(Answer::read(&mut third).await.status, 503);
    assert_eq!(world.server.status().sessions_refused_total, 2);
    drop(one);
    let freed = async {
        while world.get("/").await.status != 200 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(support::PATIENCE, freed).await.unwrap();
}

#[tokio::test]
async fn clients_who_say_nothing_do_not_keep_others_out() {
    let (settings, _) = both("silent");
    let world = World::new(HttpSettings { session_limit: 4, ..settings }).await;
    let mut silent = Vec::new();
    for _ in 0..4 {
        let mut stream = world.connect().await;
        stream.write_all(b"GET / HT").await.unwrap();
        silent.push(stream);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let served = async {
        while world.get("/").await.status != 200 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    // Without the rule it would take the 30 s of session_inactivity.
    timeout(Duration::from_secs(10), served).await.unwrap();
}

#[tokio::test]
async fn half_open_connections_of_one_source_leave_most_of_the_sessions_free() {
    let log = Log::default();
    let _guard = log.capture();
    let (settings, tls) = both("half-open");
    let world = World::new(HttpSettings { session_limit: 40, ..settings }).await;
    let mut silent = Vec::new();
    for _ in 0..60 {
        silent.push(world.connect().await);
    }
    let refused = async {
        while world.server.status().sessions_refused_total < 50 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(support::PATIENCE, refused).await.unwrap();
    assert_eq!(world.server.status().sessions, 10, "a quarter of the limit");
    assert!(log.text().matches(" refused: 10 connections").count() == 10, "{}", log.text());
    // The same source is served as soon as one of them speaks, and again and again.
    drop(silent.drain(..5));
    let served = async {
        for _ in 0..50 {
            while world.server.status().sessions > 7 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            assert_eq!(world.get("/").await.status, 200);
        }
    };
    timeout(support::PATIENCE, served).await.unwrap();
    // Those who have asked are not counted: their number is bounded by the limit alone.
    let mut phones = Vec::new();
    for _ in 0..20 {
        phones.push(world.secure_websocket(&tls, "echo").await);
    }
    assert!(world.server.status().sessions >= 20);
}

#[tokio::test]
async fn slow_and_idle_clients_are_cut() {
    let settings = HttpSettings {
        session_inactivity: Duration::from_millis(300),
        session_keep_alive: Duration::from_millis(200),
        ..with_files("slow")
    };
    let world = World::new(settings).await;
    let start = Instant::now();
    // A header that never ends.
    let mut slow = world.connect().await;
    slow.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n").await.unwrap();
    // A connection kept after its answer.
    let mut kept = world.connect().await;
    kept.write_all(b"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    // An answer that is not read.
    let mut deaf = world.connect().await;
    let many = "GET /static/large.bin HTTP/1.1\r\nHost: x\r\n\r\n".repeat(100);
    deaf.write_all(many.as_bytes()).await.unwrap();
    let mut rest = Vec::new();
    for stream in [&mut slow, &mut kept] {
        timeout(support::PATIENCE, stream.read_to_end(&mut rest)).await.unwrap().unwrap();
    }
    let cut = async {
        while world.server.status().sessions > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(support::PATIENCE, cut).await.unwrap();
    assert!(start.elapsed() < Duration::from_secs(5));
    let totals = world.server.totals();
    for name in ["http_requests_unfinished_total", "http_sessions_not_draining_total"] {
        assert!(totals.contains(&(name, 1)), "{name}: {totals:?}");
    }
}

#[tokio::test]
async fn a_head_above_32_kib_is_refused_however_it_is_read() {
    let world = World::new(with_files("heads")).await;
    let (read, malformed) = ("http_requests_total", "http_requests_malformed_total");
    let sized = |bytes: usize| {
        let (begin, end) = ("GET /static/hello.html HTTP/1.1\r\nHost: x\r\nX: ", "\r\n\r\n");
        format!("{begin}{}{end}", "x".repeat(bytes - begin.len() - end.len()))
    };
    for bytes in [32_769, 33_000, 40_000, 64_000] {
        assert_eq!(world.ask(&sized(bytes)).await.status, 431, "{bytes}");
        assert_counted(&world, &sized(bytes), &[malformed]).await;
    }
    for bytes in [16_000, 32_000, 32_768] {
        assert_eq!(world.ask(&sized(bytes)).await.status, 200, "{bytes}");
        assert_counted(&world, &sized(bytes), &[read]).await;
    }
}

#[tokio::test]
async fn broken_and_oversized_requests_are_refused() {
    let world = World::new(clear()).await;
    assert_eq!(world.ask("nonsense\r\n\r\n").await.status, 400);
    let long = format!("GET / HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "x".repeat(100_000));
    assert!(matches!(world.ask(&long).await.status, 0 | 431));
    let many = format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", "X: y\r\n".repeat(200));
    assert_eq!(world.ask(&many).await.status, 431);
    assert_eq!(world.ask("GET / HTTP/1.1\r\n\r\n").await.status, 400, "without Host");
    assert_eq!(world.ask("GET / HTTP/1.0\r\n\r\n").await.status, 200, "none needed it then");
    let mut gone = world.connect().await;
    gone.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n").await.unwrap();
    drop(gone);
    let counted = async {
        while !world.server.totals().contains(&("http_requests_unfinished_total", 1)) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(support::PATIENCE, counted).await.unwrap();
}

const PHONE: &str = "phone <meta name=\"websocket\" content=\"/ws\">";

static ASSETS: [(&str, &str, &[u8]); 2] = [
    ("/phone/index.html", "text/html; charset=utf-8", PHONE.as_bytes()),
    ("/phone/phone.js", "text/javascript; charset=utf-8", b"let x"),
];

#[tokio::test]
async fn the_phone_is_served_from_the_program_and_the_landing_page_leads_to_it() {
    let (settings, tls) = both("phone");
    let pages = Pages { assets: &ASSETS, ..Pages::default() };
    let world = World::with(settings, NetSettings::default(), pages).await;
    let answer = world.get("/phone").await;
    assert_eq!((answer.status, answer.header("location")), (302, Some("/phone/")));
    assert_eq!(world.get("/phone/").await.text(), PHONE);
    let script = world.get("/phone/phone.js").await;
    let tag = script.header("etag").unwrap();
    let again = format!("GET /phone/phone.js HTTP/1.1\r\nHost: x\r\nIf-None-Match: {tag}\r\n\r\n");
    assert_eq!(world.ask(&again).await.status, 304);
    let landing = world.get("/").await;
    let link = format!("https://x:{}/", world.https().port());
    assert!(landing.text().contains(&link), "{}", landing.text());
    assert!(landing.text().contains("/phone/"));
    let mut stream = secure(&tls, world.https()).await;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let landing = Answer::read(&mut stream).await;
    assert!(landing.text().contains("364 days left"), "{}", landing.text());
    let own = Pages { landing: Arc::new(|_| "mine".to_owned()), ..Pages::default() };
    let world = World::with(clear(), NetSettings::default(), own).await;
    assert_eq!(world.get("/").await.text(), "mine");
}

#[tokio::test]
async fn the_phone_is_told_where_the_websocket_is() {
    let pages = Pages { assets: &ASSETS, ..Pages::default() };
    let mut settings = HttpSettings { prefix: "/pbx".into(), ..clear() };
    let world = World::with(settings.clone(), NetSettings::default(), pages).await;
    let page = world.get("/pbx/phone/").await;
    assert_eq!(page.text(), PHONE.replace("/ws", "/pbx/ws"));
    let tag = page.header("etag").unwrap().to_owned();
    settings.websocket.paths = vec!["/a&b\"c".into()];
    world.server.reload(settings).await.unwrap();
    let page = world.get("/pbx/phone/index.html").await;
    assert_eq!(page.text(), PHONE.replace("/ws", "/pbx/a&amp;b&quot;c"));
    assert_ne!(page.header("etag"), Some(tag.as_str()), "browsers load it again");
}

#[tokio::test]
async fn foreign_pages_may_be_kept_from_the_websocket() {
    let mut settings = clear();
    settings.websocket.origins = OriginPolicy::Only(vec!["https://phone.example.net".into()]);
    let world = World::new(settings).await;
    let with = |origin: &str| {
        upgrade_request("/ws", "echo").replace("\r\n\r\n", &format!("\r\nOrigin: {origin}\r\n\r\n"))
    };
    assert_eq!(world.ask(&with("https://evil.example.org")).await.status, 403);
    assert_eq!(world.ask(&with("https://phone.example.net")).await.status, 101);
    assert_eq!(world.ask(&upgrade_request("/ws", "echo")).await.status, 101);
}

#[tokio::test]
async fn failed_handshakes_are_logged_with_their_peer() {
    let log = Log::default();
    let _guard = log.capture();
    let (settings, _) = both("handshake");
    let world = World::new(settings).await;
    let mut stream = tokio::net::TcpStream::connect(world.https()).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let _ = stream.read_to_end(&mut Vec::new()).await;
    let line =
        format!("Unable to set up ssl connection with peer '{}'\n", stream.local_addr().unwrap());
    assert!(log.text().contains(&line), "{}", log.text());
    assert_eq!(world.server.status().tls_failures_total, 1);
}

#[tokio::test]
async fn refused_names_are_counted_and_no_reload_forgets_them() {
    let (mut settings, client) = both("names");
    let any = settings.clone();
    let only = SniPolicy::Only(vec!["phone.example.net".into()]);
    settings.tls.as_mut().unwrap().tls.sni = only;
    let world = World::new(settings.clone()).await;
    let in_vain = || {
        let totals = world.server.totals();
        let of = |name: &str| totals.iter().find(|(total, _)| *total == name).unwrap().1;
        (of("http_tls_failures_total"), of("http_tls_names_refused_total"))
    };
    let refused = async || {
        let stream = tokio::net::TcpStream::connect(world.https()).await.unwrap();
        let name = "localhost".try_into().unwrap();
        let connector = tokio_rustls::TlsConnector::from(client.config());
        assert!(connector.connect(name, stream).await.is_err());
    };
    refused().await;
    assert_eq!(in_vain(), (1, 1));
    let without = HttpSettings { tls: None, ..any.clone() };
    for other in [any, without, settings] {
        world.server.reload(other).await.unwrap();
        assert_eq!(in_vain(), (1, 1));
    }
    refused().await;
    assert_eq!(in_vain(), (2, 2));
}

#[tokio::test]
async fn a_reload_touches_only_what_changed() {
    let (settings, tls) = both("reload");
    let world = World::new(settings.clone()).await;
    let (http, https) = (world.http(), world.https());
    let mut socket = world.secure_websocket(&tls, "echo").await;
    let mut kept = world.connect().await;
    // Answered once, so that it is accepted and not only queued when its listener goes.
    kept.write_all(b"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    assert_eq!(Answer::read(&mut kept).await.status, 404);
    world.server.reload(settings.clone()).await.unwrap();
    assert_eq!((world.http(), world.https()), (http, https));
    // Another certificate, and no listener in clear.
    let made = certificate("reload-new");
    let mut changed = settings.clone();
    changed.bind = None;
    changed.server_name = "renamed".into();
    let HttpsSettings { tls: files, .. } = changed.tls.as_mut().unwrap();
    (files.cert_file, files.key_file) = (Some(made.cert_file), Some(made.key_file.clone()));
    world.server.reload(changed.clone()).await.unwrap();
    assert_eq!((world.server.http_address(), world.https()), (None, https));
    assert_eq!(world.server.certificate(), Some(made.description));
    assert!(tokio::net::TcpStream::connect(http).await.is_err());
    echoes(&mut socket).await;
    kept.write_all(b"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    assert_eq!(Answer::read(&mut kept).await.header("server"), Some("renamed"));
    assert!(world.server.status().to_string().contains("Server Disabled\n\nHTTPS Server Enabled"));
    // What is wrong changes nothing.
    std::fs::write(&made.key_file, "broken").unwrap();
    let error = world.server.reload(changed).await.unwrap_err();
    assert!(error.to_string().contains("http.conf"), "{error}");
    let mut taken = settings.clone();
    taken.bind = Some(https);
    let error = world.server.reload(taken).await.unwrap_err();
    assert!(error.to_string().contains("bindport"), "{error}");
    assert_eq!((world.server.http_address(), world.https()), (None, https));
    world.secure_websocket(&tls, "echo").await;
}

#[tokio::test]
async fn a_listener_moves_between_addresses_of_its_port() {
    let world = World::new(clear()).await;
    let port = world.http().port();
    let everywhere = SocketAddr::from(([0, 0, 0, 0], port));
    world.server.reload(HttpSettings { bind: Some(everywhere), ..clear() }).await.unwrap();
    assert_eq!(world.http(), everywhere);
    let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.write_all(b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    assert_eq!(Answer::read(&mut stream).await.status, 404);
}

async fn echoes<S>(socket: &mut tokio_tungstenite::WebSocketStream<S>)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    use futures_util::{SinkExt, StreamExt};
    let message = tokio_tungstenite::tungstenite::Message::text("still here");
    socket.send(message.clone()).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap(), message);
}

#[tokio::test]
async fn stopping_closes_the_listeners_and_answers_what_is_under_way() {
    let world = World::new(clear()).await;
    let slow = || async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        "done"
    };
    world.server.mount("/slow", "slow", Router::new().route("/slow", get(slow)));
    let asked = world.get("/slow");
    let stopped = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        world.server.stop().await;
    };
    let (answer, ()) = tokio::join!(asked, stopped);
    assert_eq!(answer.text(), "done");
    assert_eq!(world.server.http_address(), None);
}

/// Sends `request` and waits until the server's totals have changed by `expected`, nothing else.
async fn assert_counted(world: &World, request: &str, expected: &[&str]) {
    let before = world.server.totals();
    let answer = world.ask(request).await;
    let changed = || {
        let pairs = world.server.totals().into_iter().zip(&before);
        pairs.filter(|(now, then)| now.1 != then.1).map(|(now, then)| (now.0, now.1 - then.1))
    };
    let wanted: Vec<(&str, u64)> = expected.iter().map(|name| (*name, 1)).collect();
    let counted = async {
        while changed().collect::<Vec<_>>() != wanted {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let in_time = timeout(support::PATIENCE, counted).await.is_ok();
    let (status, found) = (answer.status, changed().collect::<Vec<_>>());
    assert!(in_time, "{status} {found:?} instead of {wanted:?}: {request:.60}");
}

#[tokio::test]
async fn whatever_is_wrong_with_a_request_is_counted_by_its_reason() {
    let mut settings = with_files("counted");
    settings.websocket.origins = OriginPolicy::Only(vec!["https://phone.example.net".into()]);
    settings.session_inactivity = Duration::from_millis(300);
    settings.restrictions = vec![Restriction::new("/private", vec![], |_| false)];
    let world = World::new(settings).await;
    let (read, refused) = ("http_requests_total", "http_requests_refused_total");
    let (malformed, websocket) = ("http_requests_malformed_total", "http_websockets_refused_total");
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    let upgrade = upgrade_request("/ws", "sip");
    let foreign = upgrade.replace("\r\n\r\n", "\r\nOrigin: https://evil.example.org\r\n\r\n");
    let with_body = "\r\nContent-Length: 0\r\n\r\n";
    let cases: [(String, &[&str]); 15] = [
        (get("/static/hello.html"), &[read]),
        (get("/ws"), &[read]),
        (get("/nowhere"), &[read, refused]),
        (get("/%zz"), &[read, refused]),
        (get("/static/../../etc/passwd"), &[read, refused]),
        (get("/private"), &[read, refused]),
        (get("/").replace("GET", "DELETE"), &[read, refused]),
        ("nonsense\r\n\r\n".into(), &[malformed]),
        ("\x16\x03\x01\x02\0\x01\0\x01\u{fc}\x03".into(), &[malformed]),
        (format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", "X: y\r\n".repeat(200)), &[malformed]),
        ("GET / HTTP/1.1\r\nHost: x\r\n".into(), &["http_requests_unfinished_total"]),
        (upgrade.replace("Version: 13", "Version: 12"), &[read, refused, websocket]),
        (upgrade.replace("Protocol: sip", "Protocol: chat"), &[read, refused, websocket]),
        (
            upgrade.replace("GET", "POST").replace("\r\n\r\n", with_body),
            &[read, refused, websocket],
        ),
        (foreign, &[read, refused, websocket]),
    ];
    for (request, expected) in cases {
        assert_counted(&world, &request, expected).await;
    }
    // Right behind the request, a frame with a reserved opcode, and one that is cut off.
    let counted = [read, "http_websockets_total", "http_frames_refused_total"];
    let upgrade = upgrade_request("/ws", "echo");
    assert_counted(&world, &format!("{upgrade}\u{3}\u{0}"), &counted).await;
    assert_counted(&world, &format!("{upgrade}\u{1}"), &counted).await;
    assert_counted(&world, &upgrade, &counted[..2]).await;
    assert_eq!(world.get("/static/hello.html").await.status, 200, "others are served");
}
