//! COD-07: every value of the four options `codec_prefs_…` and of the two of one word beside them,
//! against what is written down for it. Codecs that `allow` lacks are never spoken, and an answer
//! holds what both sides have (decision 70).

use std::sync::Arc;

use sidetone_base::SeededRandom;
use sidetone_config::Config;
use sidetone_sdp::negotiation::CodecWish;
use sidetone_sdp::plan::{LocalTransport, MediaPlan};
use sidetone_sdp::{CodecSpec, Negotiation, Session, Wish};

/// The endpoint allows opus, g722, ulaw and alaw, in this order.
fn config(lines: &str) -> Arc<Config> {
    let mut source = sidetone_conf::MemorySource::new();
    let text = format!(
        "[u]\ntype=transport\nprotocol=udp\nbind=127.0.0.1\n\
         [a]\ntype=endpoint\ncontext=x\nallow=opus,g722,ulaw,alaw\n{lines}\n"
    );
    source.set("/etc/pjsip.conf", text.as_bytes());
    let loaded = sidetone_config::load(&source, "/etc");
    loaded.config.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics))
}

fn leg(lines: &str) -> Negotiation {
    let config = config(lines);
    let capabilities = sidetone_terms::capabilities(&config, &config.endpoints["a"]);
    Negotiation::new(capabilities, &mut SeededRandom::new(1))
}

fn transports() -> Vec<LocalTransport> {
    let rtp = ([192, 0, 2, 1], 10_000).into();
    vec![LocalTransport { rtp, rtcp: None, ice: None, fingerprints: Vec::new() }]
}

fn description(codecs: &str) -> Session {
    let mut numbers = String::new();
    for codec in codecs.split_whitespace() {
        let number = match codec {
            "ulaw" => " 0",
            "gsm" => " 3",
            "alaw" => " 8",
            "opus" => " 96",
            other => panic!("{other}"),
        };
        numbers += number;
    }
    let text = format!(
        "v=0\nc=IN IP4 192.0.2.9\nm=audio 4000 RTP/AVP{numbers}\na=rtpmap:96 opus/48000/2\n"
    );
    Session::parse(text.as_bytes()).expect("it is SDP")
}

fn agreed(plan: &MediaPlan) -> String {
    let specs = plan.streams[0].codecs.iter().map(CodecSpec::of_plan);
    specs.map(|spec| spec.to_string()).collect::<Vec<_>>().join(" ")
}

/// What an offer of gsm, alaw, ulaw and opus is answered with.
fn answered(lines: &str) -> String {
    let offer = description("gsm alaw ulaw opus");
    let wish = Wish::audio_only();
    let answer = leg(lines).answer(&offer, &transports(), &wish, &mut SeededRandom::new(2));
    let (_, plan) = answer.expect("they have codecs in common");
    agreed(&plan)
}

/// What a call to the endpoint is offered when its caller speaks gsm, ulaw and opus.
fn offered(lines: &str) -> String {
    let config = config(lines);
    let pending =
        ["gsm", "ulaw", "opus"].map(|name| CodecSpec::of_config_name(name).expect("a codec").1);
    let wish = sidetone_terms::codec::offered(&config, &config.endpoints["a"], &pending, true);
    let CodecWish::Only(list) = wish else { panic!("{wish:?}") };
    list.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

/// What is taken of an answer of alaw and ulaw to an offer of everything.
fn taken(lines: &str) -> String {
    let mut leg = leg(lines);
    let offer = leg.offer(&transports(), &Wish::audio_only(), &mut SeededRandom::new(2));
    assert!(offer.is_ok());
    agreed(&leg.accept_answer(&description("alaw ulaw")).expect("it fits"))
}

/// Each way to write the first three parts with the list that comes of it, of which `keep: first`
/// leaves the first; `spoken` is what `transcode: prevent` leaves of such a list.
fn check(
    option: &str,
    outcome: fn(&str) -> String,
    rows: &[(&str, &str, &str)],
    spoken: fn(&str) -> String,
) {
    for (prefer, operation, all) in rows {
        for (transcode, list) in [("allow", (*all).to_owned()), ("prevent", spoken(all))] {
            let first = list.split(' ').next().unwrap_or_default().to_owned();
            for (keep, expected) in [("all", &list), ("first", &first)] {
                let line = format!(
                    "{option}=prefer: {prefer}, operation: {operation}, keep: {keep}, \
                     transcode: {transcode}"
                );
                assert_eq!(&outcome(&line), expected, "{line}");
            }
        }
    }
}

const PENDING: &str = "alaw ulaw opus";
const CONFIGURED: &str = "opus ulaw alaw";

#[test]
fn each_preference_for_an_offer_to_us_makes_its_answer() {
    let rows = [
        ("pending", "intersect", PENDING),
        ("pending", "only_preferred", PENDING),
        ("pending", "only_nonpreferred", CONFIGURED),
        ("configured", "intersect", CONFIGURED),
        ("configured", "only_preferred", CONFIGURED),
        ("configured", "only_nonpreferred", PENDING),
    ];
    check("codec_prefs_incoming_offer", answered, &rows, str::to_owned);
    for (word, list) in [
        ("local", CONFIGURED),
        ("local_first", "opus"),
        ("remote", PENDING),
        ("remote_first", "alaw"),
    ] {
        assert_eq!(answered(&format!("incoming_call_offer_pref={word}")), list, "{word}");
    }
    assert_eq!(answered(""), PENDING);
}

#[test]
fn each_preference_for_our_answer_works_on_what_the_offer_left() {
    let rows = [
        ("pending", "union", PENDING),
        ("pending", "intersect", PENDING),
        ("pending", "only_preferred", PENDING),
        ("pending", "only_nonpreferred", CONFIGURED),
        ("configured", "union", CONFIGURED),
        ("configured", "intersect", CONFIGURED),
        ("configured", "only_preferred", CONFIGURED),
        ("configured", "only_nonpreferred", PENDING),
    ];
    check("codec_prefs_outgoing_answer", answered, &rows, str::to_owned);
    let left = "codec_prefs_incoming_offer=prefer: configured";
    let lines = format!("{left}\ncodec_prefs_outgoing_answer=prefer: pending");
    assert_eq!(answered(&lines), CONFIGURED, "what is pending then is what the first left");
    let lines = format!("{left}, keep: first\ncodec_prefs_outgoing_answer=prefer: pending");
    assert_eq!(answered(&lines), "opus", "nothing comes back that the first dropped");
}

#[test]
fn each_preference_for_our_offer_makes_its_list() {
    let rows = [
        ("pending", "union", "ulaw opus g722 alaw"),
        ("pending", "intersect", "ulaw opus"),
        ("pending", "only_preferred", "ulaw opus"),
        ("pending", "only_nonpreferred", "opus g722 ulaw alaw"),
        ("configured", "union", "opus g722 ulaw alaw"),
        ("configured", "intersect", "opus ulaw"),
        ("configured", "only_preferred", "opus g722 ulaw alaw"),
        ("configured", "only_nonpreferred", "ulaw opus"),
    ];
    let of_the_caller = |all: &str| {
        let spoken = all.split(' ').filter(|name| ["ulaw", "opus"].contains(name));
        spoken.collect::<Vec<_>>().join(" ")
    };
    check("codec_prefs_outgoing_offer", offered, &rows, of_the_caller);
    for (word, list) in [
        ("local", "opus ulaw"),
        ("local_merge", "opus g722 ulaw alaw"),
        ("local_first", "opus"),
        ("remote", "ulaw opus"),
        ("remote_merge", "ulaw opus g722 alaw"),
        ("remote_first", "ulaw"),
    ] {
        assert_eq!(offered(&format!("outgoing_call_offer_pref={word}")), list, "{word}");
    }
    let part = "codec_prefs_outgoing_offer=prefer: configured";
    assert_eq!(offered(part), "opus g722 ulaw alaw", "what is left out stays a union");
}

#[test]
fn each_preference_for_an_answer_to_us_puts_it_in_its_order() {
    let (pending, configured) = ("alaw ulaw", "ulaw alaw");
    let rows = [
        ("pending", "union", pending),
        ("pending", "intersect", pending),
        ("pending", "only_preferred", pending),
        ("pending", "only_nonpreferred", configured),
        ("configured", "union", configured),
        ("configured", "intersect", configured),
        ("configured", "only_preferred", configured),
        ("configured", "only_nonpreferred", pending),
    ];
    check("codec_prefs_incoming_answer", taken, &rows, str::to_owned);
}
