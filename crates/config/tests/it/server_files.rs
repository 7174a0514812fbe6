//! asterisk.conf, http.conf, rtp.conf, logger.conf.

use std::net::IpAddr;
use std::time::Duration;

use sidetone_base::Pii;
use sidetone_conf::MemorySource;

use super::{UDP, base, config, errors, one_says, pair, warnings};
use sidetone_config::objects::logger::Level;
use sidetone_config::objects::music::Order;
use sidetone_config::{Loaded, LogFormat, LogTarget, StrictRtp, TurnLogin, TurnTransport, load};

fn load_with(file: &str, text: &str) -> Loaded {
    let source = base().with("/etc/pjsip.conf", UDP).with(format!("/etc/{file}"), text);
    load(&source, "/etc")
}

#[test]
fn directories_and_options_are_read_with_either_sign() {
    let loaded = load_with(
        "asterisk.conf",
        "[directories](!)\nastlogdir => /nowhere\n[directories]\nastlogdir => /data/log\n\
         astmoddir => /usr/lib/asterisk/modules\n[options]\nverbose = 5\nmaxcalls = 10\n\
         maxload = 0.9\nsystemname = pbx1\nrunuser = pbx\nnofork = yes\n[files]\nastctl = x\n",
    );
    let config = config(&loaded);
    let asterisk = &config.asterisk;
    assert_eq!(asterisk.directories.log, "/data/log");
    assert_eq!(asterisk.directories.etc, "/etc");
    assert_eq!((asterisk.verbose, asterisk.max_calls), (5, Some(10)));
    assert_eq!(asterisk.max_load, Some(0.9));
    assert_eq!(asterisk.run_user.as_deref(), Some("pbx"));
    assert!(asterisk.nofork && !asterisk.exec_includes);
    one_says(&warnings(&loaded), &["'astmoddir' of directories is ignored"]);
    one_says(&warnings(&loaded), &["[files] is ignored"]);
}

#[test]
fn astetcdir_moves_the_other_files_and_execincludes_allows_commands() {
    let source = MemorySource::new()
        .with("/a/asterisk.conf", "[directories]\nastetcdir=/b/\n[options]\nexecincludes=yes\n")
        .with("/b/pjsip.conf", "#exec /bin/transports\n")
        .with("/b/extensions.conf", "")
        .with_command("/bin/transports", UDP);
    let loaded = load(&source, "/a");
    assert_eq!(errors(&loaded), Vec::<String>::new());
    assert_eq!(config(&loaded).transports.len(), 1);
}

#[test]
fn the_web_server_is_off_by_default() {
    let source = MemorySource::new().with("/etc/pjsip.conf", UDP);
    let config = config(&load(&source, "/etc"));
    assert!(!config.http.enabled);
    assert_eq!((config.http.bind.port(), config.http.session_limit), (8088, 100));
    assert_eq!(config.http.websocket_path, "/ws");
}

#[test]
fn the_web_server_is_read() {
    let (cert, key) = pair();
    let text = "[general]\nenabled=yes\nbindaddr=0.0.0.0\ntlsenable=yes\n\
        tlsbindaddr=0.0.0.0:443\ntlscertfile=/k/both.pem\nprefix=pbx/\nenablestatic=yes\n\
        redirect=/cmp2k /static/cyber_mega_phone_2k/index.html\nredirect=oops\n\
        [post_mappings]\nuploads=/tmp\n\
        [metrics]\ntype=restriction\ndeny=0.0.0.0/0\npermit=127.0.0.1\n\
        [secret]\ntype=restriction\npermit=nonsense\n";
    let source = base()
        .with("/etc/pjsip.conf", UDP)
        .with("/etc/http.conf", text)
        .with("/k/both.pem", format!("{cert}{key}"));
    let loaded = load(&source, "/etc");
    let config = config(&loaded);
    let http = &config.http;
    assert_eq!(http.bind.to_string(), "0.0.0.0:8088");
    let tls = http.tls.as_ref().unwrap();
    assert_eq!((tls.bind.port(), &*tls.key_file), (443, "/k/both.pem"));
    assert_eq!((http.prefix.as_str(), http.enable_static), ("/pbx", true));
    assert_eq!(http.redirects.len(), 1);
    let local: IpAddr = "127.0.0.1".parse().unwrap();
    let remote: IpAddr = "192.0.2.1".parse().unwrap();
    let [metrics, secret] = &http.restrictions[..] else { panic!("{:?}", http.restrictions) };
    assert_eq!((&*metrics.path, &*secret.path), ("/metrics", "/secret"));
    assert!(metrics.acl.permits(local) && !metrics.acl.permits(remote));
    assert!(!secret.acl.permits(local), "a rule that cannot be read keeps everybody out");
    one_says(&errors(&loaded), &["http.conf:10:", "redirect = /from /to"]);
    one_says(&warnings(&loaded), &["[post_mappings] is ignored"]);
}

#[test]
fn names_and_origins_of_the_web_server_are_checked() {
    let (cert, key) = pair();
    let load_http = |lines: &str| {
        let text = format!(
            "[general]\nenabled=yes\nbindaddr=0.0.0.0\ntlsenable=yes\n\
             tlscertfile=/k/both.pem\n{lines}\n"
        );
        let source = base()
            .with("/etc/pjsip.conf", UDP)
            .with("/etc/http.conf", text)
            .with("/k/both.pem", format!("{cert}{key}"));
        load(&source, "/etc")
    };
    let names = |lines: &str| config(&load_http(lines)).http.tls.clone().unwrap().required_names;
    assert_eq!(names("hostname=a.example,*.b.example"), ["a.example", "*.b.example"]);
    assert!(names("hostname=a.example\nrequire_sni=no").is_empty());
    assert!(names("").is_empty());
    let loaded = load_http("hostname=https://a.example\nwebsocket_origin=phone.example");
    one_says(&errors(&loaded), &["http.conf:6:", "no host name", "pbx.example.org"]);
    one_says(&errors(&loaded), &["http.conf:7:", "no origin", "https://phone.example.org"]);
    let loaded = load_http("hostname=192.0.2.1\nwebsocket_clear=anywhere\ntlscipher=HIGH");
    one_says(&errors(&loaded), &["no host name"]);
    one_says(&errors(&loaded), &["websocket_clear", "one of loopback, everywhere"]);
    assert!(!warnings(&loaded).iter().any(|text| text.contains("ignored")), "tlscipher acts");
}

#[test]
fn t13_a_required_name_needs_a_name() {
    let (cert, key) = pair();
    let text = "[general]\nenabled=yes\nbindaddr=0.0.0.0\ntlsenable=yes\n\
        tlscertfile=/k/both.pem\nrequire_sni=yes\n";
    let source = base()
        .with("/etc/pjsip.conf", UDP)
        .with("/etc/http.conf", text)
        .with("/k/both.pem", format!("{cert}{key}"));
    let found = warnings(&load(&source, "/etc"));
    one_says(&found, &["http.conf:6:", "no effect without a hostname", "Asterisk accepts every"]);
}

#[test]
fn a_web_server_without_a_right_address_stays_off() {
    let loaded = load_with("http.conf", "[general]\nenabled=yes\n");
    one_says(&errors(&loaded), &["no bindaddr"]);
    assert!(!config(&loaded).http.enabled);
    let loaded = load_with("http.conf", "[general]\nenabled=yes\nbindaddr=127.0.0.l\n");
    one_says(&errors(&loaded), &["'bindaddr = 127.0.0.l' is no address"]);
    assert!(!config(&loaded).http.enabled);
    let loaded =
        load_with("http.conf", "[general]\nenabled=yes\nbindaddr=127.0.0.1\ntlsenable=yes\n");
    one_says(&errors(&loaded), &["no tlscertfile"]);
}

#[test]
fn media_settings_have_the_published_defaults() {
    let config = config(&load_with("rtp.conf", ""));
    let rtp = &config.rtp;
    assert_eq!(rtp.ports, 5000..=31000);
    assert_eq!((rtp.probation, rtp.strict), (4, StrictRtp::Yes));
    assert_eq!((rtp.dtls_mtu, rtp.dtmf_timeout_samples), (1200, 1200));
    assert_eq!(rtp.rtcp_interval.as_millis(), 5000);
    assert!(rtp.checksums && rtp.ice_support && rtp.srtp_replay_protection);
    assert!(rtp.stun.is_none() && rtp.turn.is_none() && rtp.ice_acl.is_empty());
}

#[test]
fn media_settings_are_read() {
    let loaded = load_with(
        "rtp.conf",
        "[general]\nrtpstart=10000\nrtpend=20000\nstrictrtp=seqno\nprobation=8\n\
         icesupport=true\nice_blacklist=10.8.0.0/255.255.0.0\nstunaddr=stun.example:19302\n\
         turnaddr=turn.example\nturnusername=u\nturnpassword=p\n\
         [ice_host_candidates]\n192.168.1.10 => 203.0.113.5\n\
         10.0.0.5 => 203.0.113.6,include_local_address\nfe80::1 => nonsense\n",
    );
    let config = config(&loaded);
    let rtp = &config.rtp;
    assert_eq!((rtp.ports.clone(), rtp.strict), (10000..=20000, StrictRtp::Sequence));
    let address = |text: &str| text.parse::<IpAddr>().unwrap();
    assert!(!rtp.ice_acl.permits(address("10.8.1.1")) && rtp.ice_acl.permits(address("10.9.1.1")));
    assert_eq!(rtp.advertised(address("192.168.1.10")), [address("203.0.113.5")]);
    assert_eq!(rtp.advertised(address("10.0.0.5")), [address("203.0.113.6"), address("10.0.0.5")]);
    assert_eq!(rtp.advertised(address("10.0.0.6")), [address("10.0.0.6")]);
    assert_eq!(rtp.stun.as_ref().unwrap().port, 19302);
    let turn = rtp.turn.as_ref().unwrap();
    let fixed = TurnLogin::Fixed { user: "u".to_owned(), password: Pii::new("p".to_owned()) };
    assert_eq!((turn.server.port, turn.transport, &turn.login), (3478, TurnTransport::Udp, &fixed));
    one_says(&errors(&loaded), &["rtp.conf:15:", "'fe80::1 => nonsense' is no candidate"]);
    let found = warnings(&loaded);
    one_says(&found, &["probation has no effect"]);
    one_says(&found, &["[ice_host_candidates] and a STUN or TURN server"]);
    assert!(!found.iter().any(|text| text.contains("ignored")), "{found:?}");
}

#[test]
fn a_turn_server_wants_a_way_in() {
    let loaded = load_with("rtp.conf", "[general]\nturnaddr=turn.example\nturnusername=u\n");
    assert!(config(&loaded).rtp.turn.is_none());
    one_says(&errors(&loaded), &["rtp.conf:2", "turn_secret"]);
    let text = "[general]\nturnaddr=[2001:db8::9]:5349\nturn_transport=tls\nturn_secret=s\n\
                turn_lifetime=3600\nturnusername=u\nturn_verify_server=no\n";
    let rtp = config(&load_with("rtp.conf", text)).rtp.clone();
    let turn = rtp.turn.as_ref().unwrap();
    assert_eq!((turn.server.host.as_str(), turn.server.port), ("2001:db8::9", 5349));
    assert_eq!((turn.transport, turn.verify), (TurnTransport::Tls, false));
    let lifetime = Duration::from_secs(3_600);
    let (user, secret) = ("u".to_owned(), Pii::new("s".to_owned()));
    assert_eq!(turn.login, TurnLogin::Shared { user, secret, lifetime });
}

#[test]
fn the_stun_monitor_is_off_unless_it_has_a_server() {
    let monitor = config(&load_with("res_stun_monitor.conf", "")).stun_monitor.clone();
    assert_eq!((monitor.server.clone(), monitor.refresh), (None, Duration::from_secs(30)));
    let text = "[general]\nstunaddr = stun.example\nstunrefresh = 60\n";
    let monitor = config(&load_with("res_stun_monitor.conf", text)).stun_monitor.clone();
    let server = monitor.server.clone().unwrap();
    assert_eq!((server.host.as_str(), server.port), ("stun.example", 3478));
    assert_eq!(monitor.refresh, Duration::from_secs(60));
    let loaded = load_with("res_stun_monitor.conf", "[general]\nstunrefresh = 1\n");
    one_says(&errors(&loaded), &["res_stun_monitor.conf:2", "stunrefresh"]);
}

#[test]
fn a_wrong_media_value_leaves_the_default_in_force() {
    let loaded = load_with(
        "rtp.conf",
        "[general]\nrtpstart=20000\nrtpend=10000\nrtcpinterval=100\ndtls_mtu=200\nstrictrtp=x\n",
    );
    let config = config(&loaded);
    assert_eq!(config.rtp.ports, 5000..=31000);
    assert_eq!(config.rtp.rtcp_interval.as_millis(), 5000);
    assert_eq!((config.rtp.dtls_mtu, config.rtp.strict), (1200, StrictRtp::Yes));
    assert_eq!(errors(&loaded).len(), 4);
}

#[test]
fn log_channels_are_read() {
    let loaded = load_with(
        "logger.conf",
        "[general]\ndateformat=%F %T\n[logfiles]\nconsole => notice,warning,verbose(3)\n\
         full => [json]*\nsecurity => securty,security\nsyslog.local0 => error\n\
         ../../etc/passwd => error\n",
    );
    let config = config(&loaded);
    let logger = &config.logger;
    assert_eq!(logger.date_format, "%F %T");
    assert_eq!(logger.channels.len(), 4);
    assert_eq!(logger.channels[0].target, LogTarget::Console);
    assert_eq!(logger.channels[0].verbose_level, Some(3));
    assert_eq!((logger.channels[1].format, logger.channels[1].levels.len()), (LogFormat::Json, 9));
    assert_eq!(logger.channels[2].levels, [Level::Security]);
    assert_eq!(logger.channels[3].target, LogTarget::Syslog("local0".into()));
    one_says(&warnings(&loaded), &["'securty'", "did you mean 'security'?"]);
    one_says(&errors(&loaded), &["leads out of the log directory"]);
}

#[test]
fn what_a_log_channel_cannot_do_is_said_with_its_line() {
    let loaded = load_with(
        "logger.conf",
        "[logfiles]\nconsole => [plain]notice\nfull => [json]*\nplain => [plain]error\n\
         syslog.local0 => error\nmore => fax,error\n",
    );
    let found = warnings(&loaded);
    one_says(&found, &["logger.conf:6:", "'fax' of logfiles is ignored", "no line has"]);
    one_says(&found, &["logger.conf:2:", "'[plain]' of logfiles is ignored", "nocolor"]);
    one_says(&found, &["logger.conf:3:", "'[json]' of logfiles is ignored"]);
    one_says(&found, &["logger.conf:5:", "'syslog' of logfiles is ignored", "name a file"]);
    assert_eq!(loaded.summary.ignored_options, 4);
}

#[test]
fn without_logger_conf_the_console_tells_the_course_of_calls() {
    let config = config(&load_with("rtp.conf", ""));
    assert_eq!(config.logger.channels.len(), 1);
    assert!(config.logger.channels[0].levels.contains(&Level::Verbose));
}

#[test]
fn browsers_without_a_web_server_are_noticed() {
    let source = MemorySource::new()
        .with("/etc/extensions.conf", "")
        .with("/etc/rtp.conf", "[general]\nicesupport=no\n")
        .with("/etc/pjsip.conf", format!("{UDP}[a]\ntype=endpoint\nwebrtc=yes\nallow=opus\n"));
    let found = warnings(&load(&source, "/etc"));
    one_says(&found, &["http.conf", "no HTTP server for their WebSocket"]);
    one_says(&found, &["rtp.conf", "icesupport is off"]);
}

#[test]
fn classes_of_music_are_read_and_programs_are_ignored_with_a_reason() {
    let loaded = load_with(
        "musiconhold.conf",
        "[general]\npreferchannelclass=no\n\
         [default]\nmode=files\ndirectory=moh\n\
         [jazz]\ndirectory=/srv/jazz\nsort=random\nannouncement=please-hold\n\
         [list]\nmode=playlist\nentry=/srv/a\nentry=/srv/b\n\
         [radio]\nmode=custom\napplication=/usr/bin/mpg123 -q\n",
    );
    let music = &config(&loaded).music;
    assert!(!music.prefer_channel_class);
    let names: Vec<&str> = music.classes.keys().map(String::as_str).collect();
    assert_eq!(names, ["default", "jazz", "list", "radio"]);
    let jazz = &music.classes["jazz"];
    assert_eq!((jazz.order, jazz.announcement.as_str()), (Order::Random, "please-hold"));
    assert_eq!(music.classes["list"].entries, ["/srv/a", "/srv/b"]);
    one_says(&warnings(&loaded), &["'radio' has mode=custom: ignored", "write mode=files"]);
    one_says(&warnings(&loaded), &["'application' of class is ignored"]);
}

#[test]
fn without_classes_there_is_the_default_one() {
    let loaded = load_with("musiconhold.conf", "");
    let music = &config(&loaded).music;
    assert!(music.prefer_channel_class && music.classes.contains_key("default"));
    let loaded = load_with("musiconhold.conf", "[default]\nmode=tape\nsort=loud\n");
    one_says(&errors(&loaded), &["'mode = tape' cannot be"]);
    one_says(&errors(&loaded), &["'sort = loud' cannot be"]);
}

#[test]
fn parking_lots_are_read_and_have_their_extensions_in_the_dialplan() {
    let text = "[general]\nparkeddynamic=yes\n\
        [default]\nparkext=700\nparkpos=701-702\nfindslot=next\nparkedcallreparking=both\n\
        [sales]\nparkext=800\nparkext_exclusive=yes\nparkpos=801\ncontext=sales\n\
        comebacktoorigin=no\nparkingtime=10\nparkinghints=yes\n";
    let source = MemorySource::new()
        .with("/etc/pjsip.conf", UDP)
        .with("/etc/extensions.conf", "[internal]\nexten => 1,1,Answer()\n")
        .with("/etc/res_parking.conf", text);
    let loaded = load(&source, "/etc");
    let lots = &config(&loaded).parking.lots;
    let (default, sales) = (&lots["default"], &lots["sales"]);
    assert_eq!((default.spaces.clone(), sales.spaces.clone()), (701..=702, 801..=801));
    assert!(default.retrieval.park.caller() && default.retrieval.play.caller());
    assert!(default.timeout.to_origin && !sales.timeout.to_origin);
    assert_eq!(sales.timeout.after.as_secs(), 10);
    let document = loaded.dialplan_document.as_ref().expect("a dialplan");
    let lines = |name: &str| -> Vec<String> {
        let section = document.sections_named(name).next().expect(name);
        section.values.iter().map(|value| value.text.to_string()).collect()
    };
    assert_eq!(
        lines("parkedcalls"),
        ["700,1,Park()", "701,1,ParkedCall(default,701)", "702,1,ParkedCall(default,702)"]
    );
    assert_eq!(lines("sales"), ["800,1,Park(sales)", "801,1,ParkedCall(sales,801)"]);
    one_says(&warnings(&loaded), &["res_parking.conf:2", "parkeddynamic", "ignored"]);
    one_says(&warnings(&loaded), &["parkinghints", "ignored"]);
    let left_out = source.with("/etc/modules.conf", "[modules]\nnoload=res_parking.so\n");
    let loaded = load(&left_out, "/etc");
    assert!(config(&loaded).parking.lots.is_empty());
    assert_eq!(loaded.dialplan_document.expect("a dialplan").sections.len(), 1);
}

#[test]
fn spaces_of_two_lots_do_not_overlap_and_the_default_lot_is_always_there() {
    let text = "[one]\nparkext=700\nparkpos=701-710\n[two]\nparkext=711\nparkpos=710-712\n\
        [three]\nparkpos=20-10\nfindslot=last\n";
    let loaded = load_with("res_parking.conf", text);
    one_says(&errors(&loaded), &["710 of parkedcalls is an extension of lot 'one' too"]);
    one_says(&errors(&loaded), &["res_parking.conf:8", "'parkpos = 20-10' cannot be"]);
    one_says(&errors(&loaded), &["'findslot = last' cannot be"]);
    let lots = &config(&loaded).parking.lots;
    assert_eq!(lots["default"].spaces, 701..=750);
    assert_eq!((lots["two"].extension.as_str(), lots["three"].spaces.clone()), ("", 701..=750));
    let many: String = (0..120).map(|lot| format!("[lot{lot}]\n")).collect();
    let loaded = load_with("res_parking.conf", &many);
    one_says(&errors(&loaded), &["lot 'lot100' is left out", "at most 100"]);
    assert_eq!(config(&loaded).parking.lots.len(), 101, "and the default one");
}

#[test]
fn a_line_of_the_applications_behind_keys_that_is_wrong_leaves_the_others() {
    let text = "[featuremap]\natxfer = *2\n[applicationmap]\nnote => #9,peer,Playback,beep\n\
                bad => x,peer,Playback\n[sales]\nnote => #8\n";
    let loaded = load_with("features.conf", text);
    one_says(&errors(&loaded), &["features.conf:5", "'x' are no keys for 'bad'"]);
    let features = &config(&loaded).features;
    assert_eq!(features.attended_transfer, "*2");
    assert_eq!(features.dynamic.allowed("sales")[0].0, "#8");
    assert_eq!(features.dynamic.allowed("note#bad").len(), 1);
}

#[test]
fn a_channel_may_have_feature_options_of_its_own() {
    let mut features = config(&load_with("features.conf", "")).features.as_ref().clone();
    for object in
        [sidetone_config::tables::server::FEATURES, sidetone_config::tables::server::FEATURE_MAP]
    {
        for option in object.options {
            let acts = option.usage == sidetone_config::table::Usage::Works;
            assert_eq!(features.text(option.name).is_some(), acts, "{}", option.name);
            if acts && option.kind != sidetone_config::table::Kind::YesNo {
                assert_eq!(features.text(option.name).as_deref(), Some(option.default));
                assert!(features.change(option.name, "7"), "{}", option.name);
                assert_eq!(features.text(option.name).as_deref(), Some("7"));
            }
        }
    }
    assert!(!features.change("atxfernoanswertimeout", "soon") && !features.change("x", "1"));
}

fn routes(files: &[(&str, &str)]) -> MemorySource {
    let base = base().with("/etc/pjsip.conf", UDP);
    files.iter().fold(base, |source, (name, text)| source.with(format!("/etc/{name}"), *text))
}

#[test]
fn routes_have_prices_of_the_file_and_of_lists_and_defaults_of_general() {
    let text = "[general]\nhold_off = 5\noptions = g\nmax_price = 0.10\nmargin = 20\nsort = order\n\
        stop_causes = 1,16-18\n[late](!)\ntime = 22:00-6:00,*,*,*\n\
        [a](late)\ndial = PJSIP/${NUMBER}@a\nprices = a.csv\nprice => 49,0.5,0.02\nhold_off = 7\n\
        time = *,sat-sun,*,*\nprepend = +\nmax_calls = 3\n\
        [b]\ndial = Local/${E164}@out/n\nprefix = 43, 41\nblock = 4190\n";
    let loaded = load(&routes(&[("routes.conf", text), ("a.csv", "48,0.1\n*,0.9\n")]), "/etc");
    assert_eq!(errors(&loaded), Vec::<String>::new());
    let table = &config(&loaded).routes;
    assert_eq!((table.margin, &table.stop_causes[..]), (20, &[1, 16, 17, 18][..]));
    let [a, b] = &table.routes[..] else { panic!("{:?}", table.routes) };
    let seconds = |time: Duration| time.as_secs();
    assert_eq!((seconds(a.hold_off), seconds(b.hold_off)), (7, 5));
    assert_eq!((a.options.as_str(), a.prepend.as_str(), a.max_calls), ("g", "+", Some(3)));
    assert_eq!((a.times.len(), a.prices.count(), b.prices.count()), (2, 3, 3));
    assert_eq!((a.silence.map(seconds), a.timeout), (Some(15), None));
    assert!(b.prices.longest("41901").is_some_and(|found| found.blocked));
}

#[test]
fn a_route_with_an_error_is_left_out_and_a_reload_keeps_the_table() {
    let good = "[a]\ndial = PJSIP/${NUMBER}@a\nprices = a.csv\n";
    let list = |text| routes(&[("routes.conf", good), ("a.csv", text)]);
    let before = load(&list("49,0.01\n"), "/etc");
    let loaded = sidetone_config::reload(&list("49,0.01\n48,x\n"), "/etc", &config(&before));
    one_says(&errors(&loaded), &["a.csv:2: error: 'x' is no price"]);
    one_says(&warnings(&loaded), &["routes.conf stays as it was before"]);
    assert!(std::sync::Arc::ptr_eq(&config(&before).routes, &config(&loaded).routes));

    for (line, words) in [
        ("dail = PJSIP/1", &["routes.conf:4", "is called 'dail'", "did you mean 'dial'?"][..]),
        ("prices = b.csv", &["routes.conf:4", "prices 'b.csv': no such file"]),
        ("price = 49", &["routes.conf:4", "price => prefix,price"]),
        ("price = x,1", &["routes.conf:4", "'x' is no prefix"]),
        ("time = noon", &["routes.conf:4", "no time range"]),
        ("dial = SIP/1,20", &["routes.conf:4", "nothing that Dial calls"]),
        ("prepend = &", &["routes.conf:4", "nothing that is dialled"]),
        ("max_calls = many", &["routes.conf:4", "a whole number"]),
        ("[a]\ndial = PJSIP/1", &["routes.conf:4", "there are two routes [a]"]),
        ("[general]\nmax_price = x", &["routes.conf:5", "no price"]),
        ("[general]\nstop_causes = x", &["routes.conf:5", "no cause"]),
        ("[general]\ncountry = +49", &["routes.conf:5", "no digits"]),
        (
            "[general]\ninternational = 00,o11",
            &["routes.conf:5", "'o11'", "nothing that is dialled"],
        ),
    ] {
        let text = format!("{good}{line}\n");
        let loaded = load(&routes(&[("routes.conf", &text), ("a.csv", "1,1")]), "/etc");
        one_says(&errors(&loaded), words);
    }
    let nothing = load(&routes(&[]), "/etc");
    assert_eq!(*config(&nothing).routes, sidetone_routing::Table::default(), "one set of defaults");
    let text = "[a]\ndial = PJSIP/a\n";
    let loaded = load(&routes(&[("routes.conf", text)]), "/etc");
    one_says(&warnings(&loaded), &["routes.conf:2", "${NUMBER}"]);
    one_says(&warnings(&loaded), &["routes.conf:2", "has no price"]);
}
