//! Codec lists: which offered formats we agree to, and which of our offered formats the peer
//! agreed to (RFC 3264 §6.1, §7).

use std::fmt::Write as _;

use super::capabilities::{Capabilities, CodecOrder, Keep};
use super::codec_spec::{CodecSpec, config_name};
use super::reject::Cause;
use super::variant::{answer_fmtp, is_compatible, is_profiled, relays_any_profile, variant};
use super::wish::{CodecWish, KindWish};
use crate::attributes::{Parameters, RtpMap, format, rtcp};
use crate::limits::MAX_CODECS;
use crate::plan::{CodecPlan, MediaKind, StreamPlan};
use crate::session::Media;

/// The formats agreed on one line.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Formats {
    pub(super) codecs: Vec<CodecPlan>,
    pub(super) telephone_events: Vec<(u32, u8)>,
    pub(super) comfort_noise: Option<u8>,
    pub(super) rtx: Vec<(u8, u8)>,
    /// Packet time we ask for.
    pub(super) local_ptime_ms: u32,
}

impl Formats {
    /// Puts the formats into a stream's plan.
    pub(super) fn store(self, plan: &mut StreamPlan) {
        plan.codecs = self.codecs;
        plan.telephone_events = self.telephone_events;
        plan.comfort_noise = self.comfort_noise;
        plan.rtx = self.rtx;
    }
}

/// The codecs an exchange may use, in order of preference.
pub(super) fn wanted(
    capabilities: &Capabilities,
    kind: MediaKind,
    wish: &KindWish,
) -> Vec<CodecSpec> {
    let configured = capabilities.codecs(kind);
    if kind == MediaKind::Text && !configured.iter().any(|codec| codec.name == "t140") {
        return Vec::new();
    }
    let listed = match &wish.codecs {
        CodecWish::AsConfigured => return configured.to_vec(),
        CodecWish::Prefer(list) | CodecWish::Only(list) => list,
    };
    let mut specs: Vec<CodecSpec> = Vec::new();
    for spec in listed {
        let same = |own: &&CodecSpec| own.name == spec.name && own.clock_rate == spec.clock_rate;
        let Some(own) = configured.iter().find(same) else {
            continue;
        };
        // Profiles come from the other leg; everything else is the endpoint's own affair.
        let fmtp = if relays_any_profile(own) { spec.fmtp.clone() } else { own.fmtp.clone() };
        let chosen = CodecSpec { fmtp, ..own.clone() };
        if !specs.contains(&chosen) {
            specs.push(chosen);
        }
    }
    if matches!(wish.codecs, CodecWish::Prefer(_)) {
        let rest = configured.iter().filter(|own| !specs.contains(own)).cloned();
        specs.extend(rest.collect::<Vec<_>>());
    }
    specs
}

/// Our answer to the formats of an offered line.
pub(super) fn answer_formats(
    capabilities: &Capabilities,
    kind: MediaKind,
    wish: &KindWish,
    media: &Media,
) -> Result<Formats, (Cause, String)> {
    let offered = format::payloads(media);
    let specs = wanted(capabilities, kind, wish);
    let mut found: Vec<(usize, CodecPlan)> = Vec::new();
    let mut used = vec![false; specs.len()];
    for map in &offered {
        let fmtp = format::fmtp(&media.attributes, map.payload_type);
        let fits = |(index, spec): &(usize, &CodecSpec)| {
            let free = used.get(*index) == Some(&false) || relays_any_profile(spec);
            free && spec.is_encoding_of(map) && is_compatible(spec, fmtp)
        };
        let Some((rank, spec)) = specs.iter().enumerate().find(fits) else {
            continue;
        };
        if let Some(used) = used.get_mut(rank) {
            *used = true;
        }
        found.push((rank, agreed_codec(capabilities, kind, media, map, spec)));
    }
    let is_text = |(_, codec): &(usize, CodecPlan)| codec.name == "t140";
    if found.is_empty() || kind == MediaKind::Text && !found.iter().any(is_text) {
        return Err((Cause::Codec, no_common_codec(&offered, &specs)));
    }
    if specs_rank(capabilities, wish) {
        found.sort_by_key(|(rank, _)| *rank);
    }
    let keep = match capabilities.answer_keep {
        // Text with its redundancy is one thing in two formats.
        Keep::First if kind != MediaKind::Text => 1,
        Keep::First | Keep::All => MAX_CODECS,
    };
    found.truncate(keep);
    let first = found.first().and_then(|(rank, _)| specs.get(*rank));
    let local_ptime_ms = first.and_then(|spec| spec.ptime_ms).unwrap_or(capabilities.ptime_ms);
    let mut codecs: Vec<CodecPlan> = found.into_iter().map(|(_, codec)| codec).collect();
    if kind == MediaKind::Text {
        settle_redundancy(&mut codecs);
    }
    Ok(Formats {
        telephone_events: answer_events(capabilities, &offered, &codecs),
        comfort_noise: answer_comfort_noise(capabilities, &offered, &codecs),
        rtx: answer_rtx(capabilities, media, &offered, &codecs),
        codecs,
        local_ptime_ms,
    })
}

/// Whether our order decides rather than the offer's.
fn specs_rank(capabilities: &Capabilities, wish: &KindWish) -> bool {
    let as_configured = wish.codecs == CodecWish::AsConfigured;
    !as_configured || capabilities.answer_order == CodecOrder::Configured
}

fn agreed_codec(
    capabilities: &Capabilities,
    kind: MediaKind,
    media: &Media,
    map: &RtpMap,
    spec: &CodecSpec,
) -> CodecPlan {
    let offered_fmtp = format::fmtp(&media.attributes, map.payload_type);
    let offered_feedback = rtcp::feedback(&media.attributes, map.payload_type);
    CodecPlan {
        send_payload_type: map.payload_type,
        receive_payload_type: map.payload_type,
        name: spec.name.clone(),
        clock_rate: spec.clock_rate,
        channels: spec.channels,
        remote_fmtp: offered_fmtp.to_owned(),
        local_fmtp: answer_fmtp(spec, offered_fmtp),
        feedback: rtcp::common_feedback(capabilities.feedback(kind), offered_feedback),
    }
}

/// RFC 4103 §5: `red` says under which number its blocks are text, once for the new text and once
/// for each repetition, of which two are usual. Without that text it means nothing. Which numbers
/// an answer has for it are those of the offer.
pub(super) fn settle_redundancy(codecs: &mut Vec<CodecPlan>) {
    let text = codecs.iter().find(|codec| codec.name == "t140");
    let Some(number) = text.map(|codec| codec.receive_payload_type) else {
        codecs.retain(|codec| codec.name != "red");
        return;
    };
    for codec in codecs.iter_mut().filter(|codec| codec.name == "red") {
        codec.local_fmtp = format!("{number}/{number}/{number}");
    }
}

fn is_named(map: &RtpMap, name: &str) -> bool {
    map.name.eq_ignore_ascii_case(name)
}

/// RFC 4733 §2.1: events run on the clock of the audio they replace. A peer that offers opus with
/// events at 8000 only means them anyway, so these are taken when nothing fits better.
fn answer_events(
    capabilities: &Capabilities,
    offered: &[RtpMap],
    codecs: &[CodecPlan],
) -> Vec<(u32, u8)> {
    if !capabilities.telephone_event {
        return Vec::new();
    }
    let events: Vec<(u32, u8)> = offered
        .iter()
        .filter(|map| is_named(map, "telephone-event"))
        .map(|map| (map.clock_rate, map.payload_type))
        .collect();
    let fits = |rate: u32| codecs.iter().any(|codec| codec.clock_rate == rate);
    let mut fitting: Vec<(u32, u8)> = Vec::new();
    for event in events.iter().filter(|(rate, _)| fits(*rate)) {
        if !fitting.iter().any(|(rate, _)| *rate == event.0) {
            fitting.push(*event);
        }
    }
    if fitting.is_empty() {
        fitting.extend(events.iter().find(|(rate, _)| *rate == 8000));
    }
    fitting
}

fn answer_comfort_noise(
    capabilities: &Capabilities,
    offered: &[RtpMap],
    codecs: &[CodecPlan],
) -> Option<u8> {
    let narrow = codecs.iter().any(|codec| codec.clock_rate == 8000);
    let noise = offered.iter().find(|map| is_named(map, "CN") && map.clock_rate == 8000)?;
    (capabilities.comfort_noise && narrow).then_some(noise.payload_type)
}

fn answer_rtx(
    capabilities: &Capabilities,
    media: &Media,
    offered: &[RtpMap],
    codecs: &[CodecPlan],
) -> Vec<(u8, u8)> {
    if !capabilities.rtx {
        return Vec::new();
    }
    let pairs = offered.iter().filter(|map| is_named(map, "rtx")).filter_map(|map| {
        let fmtp = format::fmtp(&media.attributes, map.payload_type);
        let original = Parameters::parse(fmtp).value("apt").and_then(format::parse_payload_type)?;
        let known = codecs.iter().any(|codec| codec.receive_payload_type == original);
        known.then_some((map.payload_type, original))
    });
    pairs.collect()
}

/// What the peer's answer leaves of the formats we offered on a line.
pub(super) fn accept_formats(
    capabilities: &Capabilities,
    offered: &StreamPlan,
    media: &Media,
) -> Result<Formats, (Cause, String)> {
    let answered = format::payloads(media);
    let mut formats = Formats::default();
    for map in &answered {
        let fmtp = format::fmtp(&media.attributes, map.payload_type);
        if is_named(map, "telephone-event") {
            accept_events(&mut formats, offered, map);
        } else if is_named(map, "CN") {
            formats.comfort_noise = offered.comfort_noise.filter(|pt| *pt == map.payload_type);
        } else if is_named(map, "rtx") {
            let apt = Parameters::parse(fmtp).value("apt").and_then(format::parse_payload_type);
            let pair = apt.map(|apt| (map.payload_type, apt));
            formats.rtx.extend(pair.filter(|pair| offered.rtx.contains(pair)));
        } else if let Some(ours) = offered_codec(offered, map, fmtp) {
            let taken = formats
                .codecs
                .iter()
                .any(|codec| codec.receive_payload_type == ours.receive_payload_type);
            if !taken && formats.codecs.len() < MAX_CODECS {
                let theirs = rtcp::feedback(&media.attributes, map.payload_type);
                formats.codecs.push(CodecPlan {
                    send_payload_type: map.payload_type,
                    remote_fmtp: fmtp.to_owned(),
                    feedback: rtcp::common_feedback(ours.feedback, theirs),
                    ..ours.clone()
                });
            }
        }
    }
    if offered.kind == MediaKind::Text {
        settle_redundancy(&mut formats.codecs);
    }
    if formats.codecs.is_empty() {
        let ours: Vec<CodecSpec> = offered.codecs.iter().map(CodecSpec::of_plan).collect();
        return Err((Cause::Codec, no_common_codec(&answered, &ours)));
    }
    if capabilities.accept_order == CodecOrder::Configured {
        let ours = |codec: &CodecPlan| {
            let number = codec.receive_payload_type;
            offered.codecs.iter().position(|own| own.receive_payload_type == number)
        };
        formats.codecs.sort_by_key(ours);
    }
    if capabilities.accept_keep == Keep::First && offered.kind != MediaKind::Text {
        formats.codecs.truncate(1);
    }
    let known = |apt: u8| formats.codecs.iter().any(|codec| codec.receive_payload_type == apt);
    formats.rtx = formats.rtx.iter().copied().filter(|(_, apt)| known(*apt)).collect();
    formats.local_ptime_ms = capabilities.ptime_ms;
    Ok(formats)
}

/// The codec of ours an answered format means: by number if the encoding agrees, else by
/// encoding (a peer may number its answer differently, RFC 3264 §6.1).
fn offered_codec<'a>(offered: &'a StreamPlan, map: &RtpMap, fmtp: &str) -> Option<&'a CodecPlan> {
    let same = |codec: &&CodecPlan| CodecSpec::of_plan(codec).is_encoding_of(map);
    let numbered = offered.codecs.iter().filter(same);
    let by_number = numbered.clone().find(|codec| codec.receive_payload_type == map.payload_type);
    by_number.or_else(|| {
        let fits = |codec: &&CodecPlan| {
            !is_profiled(&codec.name)
                || variant(&codec.name, &codec.local_fmtp) == variant(&codec.name, fmtp)
        };
        numbered.clone().find(fits)
    })
}

fn accept_events(formats: &mut Formats, offered: &StreamPlan, map: &RtpMap) {
    let ours = offered.telephone_events.iter().find(|(rate, _)| *rate == map.clock_rate);
    let Some((rate, our_number)) = ours.copied() else {
        return;
    };
    if formats.telephone_events.iter().any(|(known, _)| *known == rate) {
        return;
    }
    formats.telephone_events.push((rate, map.payload_type));
    if our_number != map.payload_type {
        formats.telephone_events.push((rate, our_number));
    }
}

/// Both codec lists in words.
fn no_common_codec(theirs: &[RtpMap], ours: &[CodecSpec]) -> String {
    const SHOWN: usize = 20; // enough for a browser's list; the text goes into a SIP header
    let helper = |map: &&RtpMap| {
        let names = ["telephone-event", "CN", "rtx", "red", "ulpfec", "flexfec-03"];
        !names.iter().any(|name| is_named(map, name))
    };
    let mut text = "no codec in common: the peer has ".to_owned();
    let mut names: Vec<&str> = Vec::new();
    // The text goes into a Warning header: nothing a peer wrote may end the quoted string.
    let quotable = |name: &&str| {
        name.len() <= 32 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    };
    let known = theirs.iter().filter(helper).map(|map| config_name(&map.name, map.clock_rate));
    for name in known.filter(quotable) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.truncate(SHOWN);
    let own: Vec<&str> = ours.iter().map(CodecSpec::config_name).take(SHOWN).collect();
    let list = |names: &[&str]| {
        if names.is_empty() { "none".to_owned() } else { names.join(", ") }
    };
    let _ = write!(text, "{}; we may use {}", list(&names), list(&own));
    text.push_str("; add one of the peer's to allow= of the endpoint");
    text
}
