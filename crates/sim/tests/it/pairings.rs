//! Every kind of leg with every other, and what either side may change in the middle of a call:
//! hold, codec, an offer asked for. After each change the tone arrives both ways.

use std::time::Duration;

use sidetone_sim::{Configuration, Hold, Line, Manner, Media, Offer, Phone, Weather, World, secs};

use super::{tell, tell_everywhere};

/// A kind of leg: how its phone wants media, and the options of its endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Phone(Media, &'static str),
    Browser,
}

const KINDS: [Kind; 6] = [
    Kind::Phone(Media::Plain, ""),
    Kind::Phone(Media::Muxed, "rtcp_mux = yes\n"),
    Kind::Phone(Media::Avpf, "use_avpf = yes\n"),
    Kind::Phone(Media::Sdes, "media_encryption = sdes\n"),
    Kind::Phone(Media::Dtls, "media_encryption = dtls\ndtls_auto_generate_cert = yes\n"),
    Kind::Browser,
];

pub(super) fn with_options(
    mut configuration: Configuration,
    account: &str,
    kind: Kind,
) -> Configuration {
    if let Kind::Phone(_, options) = kind {
        let begin = format!("\n[{account}](phone)\n");
        assert!(configuration.pjsip.contains(&begin));
        configuration.pjsip = configuration.pjsip.replace(&begin, &format!("{begin}{options}"));
    }
    configuration
}

async fn registered_as(world: &World, name: &str, line: Line, codecs: &[&str]) -> Phone {
    let phone = world.phone_with(name, line, codecs).await;
    assert_eq!(phone.register().await, Ok(600), "{name} registers\n{}", world.account());
    phone
}

pub(super) async fn party(world: &World, kind: Kind, phone: &str, browser: &str) -> Phone {
    match kind {
        Kind::Phone(media, _) => {
            let codecs = ["ulaw", "alaw"];
            let made = registered_as(world, phone, Line::Udp, &codecs).await;
            made.will_want(media).await;
            made
        }
        Kind::Browser => {
            registered_as(world, browser, Line::WebSocket, &["opus", "ulaw", "alaw"]).await
        }
    }
}

pub(super) async fn agreed(world: &World, what: &str, phone: &Phone) {
    // The phone takes the order, and forgets how its offer before went.
    world.run_for(Duration::from_millis(10)).await;
    let done = |_: &World| phone.call().reoffer_status.is_some();
    world.run_until(what, secs(35), done).await;
    assert_eq!(phone.call().reoffer_status, Some(200), "{what}: {}", world.account());
}

/// Each hears the other's tone, and hears it well, whatever it comes in.
pub(super) async fn both_hear(world: &World, what: &str, [one, other]: [&Phone; 2]) {
    world.run_until(what, secs(35), |w| w.talking(one, other)).await;
    // What was on its way before the change has arrived.
    world.run_for(world.lag() + Duration::from_millis(500)).await;
    for (phone, speaker) in [(one, other), (other, one)] {
        let sound = world.hear(phone, secs(1)).await;
        let (voice, own) = (speaker.voice(), phone.voice());
        let (tenths, packets) = (sound.share_in_tenths(voice), sound.share_in_packets(voice));
        let length = sound.length_ms();
        assert!(
            sound.is_voice(voice, own, 1_000, world.weather_now()),
            "{what}: {tenths}, {packets} in {length} ms at {}\n{}",
            phone.name(),
            world.account()
        );
    }
}

async fn one_call(world: World, from: Kind, to: Kind) {
    let caller = party(&world, from, "alice", "wendy").await;
    let callee = party(&world, to, "bob", "walter").await;
    callee.will(Manner::Answer(Duration::from_millis(300))).await;
    caller.dial(callee.name()).await;
    let parties = [(&caller, from), (&callee, to)];
    let both = [&caller, &callee];
    both_hear(&world, "they talk", both).await;
    for (place, (phone, kind)) in parties.into_iter().enumerate() {
        let mut forms = vec![Hold::SendOnly, Hold::Inactive, Hold::WithoutOffer];
        // A browser's address is in its candidates: 0.0.0.0 is no hold there.
        forms.extend(matches!(kind, Kind::Phone(..)).then_some(Hold::ZeroAddress));
        for form in forms {
            phone.hold_by(form).await;
            agreed(&world, &format!("{form:?} by {place}"), phone).await;
            world.run_until("the holder hears nothing", secs(9), |_| !phone.hears()).await;
            phone.resume().await;
            agreed(&world, &format!("resume of {form:?} by {place}"), phone).await;
            both_hear(&world, &format!("{form:?} by {place} is over"), both).await;
        }
        let codecs: &[&[&str]] = match kind {
            Kind::Phone(..) => &[&["alaw"], &["ulaw"]],
            Kind::Browser => &[&["ulaw"], &["opus"]],
        };
        for codec in codecs {
            phone.change_to(codec).await;
            agreed(&world, &format!("{codec:?} by {place}"), phone).await;
            both_hear(&world, &format!("{codec:?} by {place}"), both).await;
        }
        phone.resume_without_offer().await;
        agreed(&world, &format!("an offer asked for by {place}"), phone).await;
        both_hear(&world, &format!("an offer asked for by {place}"), both).await;
    }
    callee.hang_up().await;
    world.assert_no_leaks().await;
}

fn pair(from: usize, to: usize) {
    let (from, to) = (KINDS[from], KINDS[to]);
    let configuration = with_options(Configuration::default(), "alice", from);
    let configuration = with_options(configuration, "bob", to);
    for weather in [Weather::CLEAR, Weather::BAD] {
        tell(11, weather, &configuration, async |world: World| {
            one_call(world, from, to).await;
        });
    }
}

/// A test of its own for each kind of caller, so that they run side by side.
macro_rules! callers {
    ($($name:ident = $from:literal),* $(,)?) => {
        $(#[test]
        fn $name() {
            (0..KINDS.len()).for_each(|to| pair($from, to));
        })*
    };
}

callers! {
    a_plain_phone_talks_with_every_kind_through_every_change = 0,
    a_muxed_phone_talks_with_every_kind_through_every_change = 1,
    an_avpf_phone_talks_with_every_kind_through_every_change = 2,
    an_sdes_phone_talks_with_every_kind_through_every_change = 3,
    a_dtls_phone_talks_with_every_kind_through_every_change = 4,
    a_browser_talks_with_every_kind_through_every_change = 5,
}

/// Where encryption is liked and not demanded, whoever cannot is heard, and either side may begin
/// it or leave it off in the middle. The wire shows which.
#[test]
fn encryption_begins_and_ends_in_the_middle_of_a_call_where_it_is_optional() {
    let optional = "media_encryption = sdes\nmedia_encryption_optimistic = yes\n";
    let optional = Kind::Phone(Media::Plain, optional);
    for to in [optional, Kind::Browser] {
        let configuration = with_options(Configuration::default(), "alice", optional);
        let configuration = with_options(configuration, "bob", to);
        tell_everywhere(12, &configuration, async |world: World| {
            let caller = party(&world, optional, "alice", "wendy").await;
            let callee = party(&world, to, "bob", "walter").await;
            callee.will(Manner::Answer(Duration::from_millis(300))).await;
            caller.dial(callee.name()).await;
            let both = [&caller, &callee];
            both_hear(&world, "they talk in clear", both).await;
            let phones = if matches!(to, Kind::Browser) { &both[..1] } else { &both[..] };
            for phone in phones {
                for (media, in_clear) in [(Media::Sdes, false), (Media::Plain, true)] {
                    phone.secure_by(media).await;
                    let what = format!("{media:?} by {}", phone.name());
                    agreed(&world, &what, phone).await;
                    both_hear(&world, &what, both).await;
                    let speaker = if phone.name() == "alice" { &callee } else { &caller };
                    let wire = world.listen(phone, Duration::from_millis(600)).await;
                    let least = if world.is_clear() { 0.9 } else { 0.5 };
                    let readable = wire.share_in_packets(speaker.voice()) > least;
                    assert_eq!(readable, in_clear, "{what}\n{}", world.account());
                }
            }
            caller.hang_up().await;
            world.assert_no_leaks().await;
        });
    }
}

const ICE: Kind = Kind::Phone(Media::Ice, "ice_support = yes\n");
const SDES_ICE: &str = "ice_support = yes\nrtcp_mux = yes\nmedia_encryption = sdes\n";
const DTLS_ICE: &str =
    "ice_support = yes\nmedia_encryption = dtls\ndtls_auto_generate_cert = yes\n";
const OPTIMISTIC_DTLS_ICE: &str = "ice_support = yes\nmedia_encryption = dtls\n\
    dtls_auto_generate_cert = yes\nmedia_encryption_optimistic = yes\n";

/// They talk, hold and talk again, longer than a path lives that nobody consents to any more
/// (RFC 7675 §5.1). Whether the caller was answered with ICE; whoever is called is offered it.
async fn call_over_ice(world: World, from: Kind, to: Kind, answered_with_ice: bool) {
    let caller = party(&world, from, "alice", "wendy").await;
    let callee = party(&world, to, "bob", "walter").await;
    callee.will(Manner::Answer(Duration::from_millis(300))).await;
    caller.dial(callee.name()).await;
    let both = [&caller, &callee];
    world.run_until("they talk", secs(35), |w| w.talking(&caller, &callee)).await;
    let answer = caller.call().answers.last().cloned().unwrap_or_default();
    for (told, ice) in [(answer, answered_with_ice), (callee.call().invite, true)] {
        for line in ["a=ice-ufrag:", "a=candidate:"] {
            assert_eq!(told.contains(line), ice, "{line} in {told}");
        }
    }
    callee.hold().await;
    agreed(&world, "hold", &callee).await;
    world.run_until("the holder hears nothing", secs(9), |_| !callee.hears()).await;
    world.run_for(secs(32)).await;
    callee.resume().await;
    agreed(&world, "the end of hold", &callee).await;
    both_hear(&world, "they still talk", both).await;
    callee.hang_up().await;
    world.assert_no_leaks().await;
}

fn over_ice(from: Kind, to: Kind, weather: Weather, answered_with_ice: bool) {
    let configuration = with_options(Configuration::default(), "alice", from);
    let configuration = with_options(configuration, "bob", to);
    tell(14, weather, &configuration, async |world: World| {
        call_over_ice(world, from, to, answered_with_ice).await;
    });
}

#[test]
fn ice_finds_the_path_whatever_protects_the_media_and_wherever_rtcp_goes() {
    let optimistic = Kind::Phone(Media::DtlsIce, OPTIMISTIC_DTLS_ICE);
    over_ice(ICE, Kind::Phone(Media::SdesIce, SDES_ICE), Weather::CLEAR, true);
    over_ice(Kind::Phone(Media::DtlsIce, DTLS_ICE), ICE, Weather::BAD, true);
    over_ice(optimistic, Kind::Browser, Weather::CLEAR, true);
}

#[test]
fn where_the_endpoint_has_ice_a_phone_without_is_heard_all_the_same() {
    let plain = Kind::Phone(Media::Plain, OPTIMISTIC_DTLS_ICE);
    let muxed = Kind::Phone(Media::Muxed, "ice_support = yes\nrtcp_mux = yes\n");
    let sdes = Kind::Phone(Media::Sdes, SDES_ICE);
    over_ice(plain, sdes, Weather::CLEAR, false);
    over_ice(sdes, plain, Weather::BAD, false);
    over_ice(muxed, Kind::Phone(Media::Dtls, DTLS_ICE), Weather::CLEAR, false);
}

/// A phone without BUNDLE has a transport for each stream; a browser has one for all of them.
#[test]
fn a_phone_without_bundle_talks_and_shows_itself_to_a_browser_that_has_it() {
    let dtls = "media_encryption = dtls\ndtls_auto_generate_cert = yes\nallow = vp8\n";
    for caller_is_browser in [true, false] {
        let dtls = Kind::Phone(Media::Dtls, dtls);
        let configuration = with_options(Configuration::default(), "alice", dtls);
        tell_everywhere(13, &configuration, async |world: World| {
            let alice = registered_as(&world, "alice", Line::Udp, &["ulaw", "vp8"]).await;
            alice.will_want(Media::Dtls).await;
            let wendy = world.phone("wendy", Line::WebSocket).await;
            assert_eq!(wendy.register().await, Ok(600));
            let (caller, callee) =
                if caller_is_browser { (&wendy, &alice) } else { (&alice, &wendy) };
            callee.will(Manner::Answer(Duration::from_millis(300))).await;
            caller.dial_with(callee.name(), Offer::AudioAndVideo).await;
            both_hear(&world, "they talk", [&alice, &wendy]).await;
            assert_eq!((alice.call().streams, wendy.call().streams), (2, 2), "{}", world.account());
            let sdp = if caller_is_browser { alice.call().invite } else { wendy.call().invite };
            assert_eq!(sdp.contains("a=group:BUNDLE"), !caller_is_browser, "{sdp}");
            for phone in [&alice, &wendy] {
                phone.hold().await;
                agreed(&world, "hold", phone).await;
                phone.resume().await;
                agreed(&world, "the end of hold", phone).await;
                both_hear(&world, "they talk again", [&alice, &wendy]).await;
            }
            wendy.hang_up().await;
            world.assert_no_leaks().await;
        });
    }
}

#[test]
fn a_translated_call_behind_a_jitter_buffer_talks_over_a_bad_link() {
    for mode in ["fixed", "adaptive"] {
        let line = format!(
            "exten => 720,1,Set(JITTERBUFFER({mode})=300)\n same => n,Dial(PJSIP/oscar,20)\n"
        );
        let configuration =
            Configuration::default().with_extensions(&format!("[internal]\n{line}"));
        tell(9, Weather::BAD, &configuration, async |world: World| {
            let alice = registered_as(&world, "alice", Line::Udp, &["ulaw"]).await;
            let oscar = registered_as(&world, "oscar", Line::Udp, &["opus"]).await;
            oscar.will(Manner::Answer(Duration::from_millis(300))).await;
            alice.dial("720").await;
            world.run_until("they talk", secs(35), |w| w.talking(&alice, &oscar)).await;
            world.run_for(secs(5)).await;
            assert!(world.talking(&alice, &oscar), "{mode}");
            oscar.hang_up().await;
            world.assert_no_leaks().await;
        });
    }
}
