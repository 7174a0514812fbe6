//! `CHANNEL(rtcp,…)`: how well the streams run, as RTCP and our own counts tell.

use std::time::Duration;

use sidetone_dialplan::FunctionError;
use sidetone_functions::Outcome;
use sidetone_media::StreamQuality;
use sidetone_sdp::plan::MediaKind;

/// The items, in the order in which `all` lists those of the second column.
const ITEMS: &[(&str, &str)] = &[
    ("ssrc", "ssrc"),
    ("themssrc", "themssrc"),
    ("rxploss", "lp"),
    ("rxjitter", "rxjitter"),
    ("rxcount", "rxcount"),
    ("txjitter", "txjitter"),
    ("txcount", "txcount"),
    ("txploss", "rlp"),
    ("rtt", "rtt"),
];

/// Items whose history nobody keeps yet.
const WAITING: &[&str] = &["all_jitter", "all_loss", "all_rtt", "all_mes", "rxmes", "txmes"];

/// What is wanted of `rtcp`; `None` when the arguments of `CHANNEL` are about something else.
pub(super) fn wanted(arguments: &str) -> Option<&str> {
    let (item, rest) = arguments.split_once(',').unwrap_or((arguments, ""));
    item.trim().eq_ignore_ascii_case("rtcp").then_some(rest)
}

/// `rtcp,item[,media]`
pub(super) fn read(quality: &[StreamQuality], arguments: &str) -> Outcome {
    let (item, media) = arguments.split_once(',').unwrap_or((arguments, ""));
    let item = item.trim().to_ascii_lowercase();
    let kind = match media.trim().to_ascii_lowercase().as_str() {
        "" | "audio" => MediaKind::Audio,
        "video" => MediaKind::Video,
        other => return Err(FunctionError::Arguments(format!("there is no rtcp media '{other}'"))),
    };
    let stream = quality.iter().find(|stream| stream.kind == kind);
    let value = |item: &str| stream.map(|stream| value(stream, item)).unwrap_or_default();
    match item.as_str() {
        "" | "all" => {
            let pairs = ITEMS.iter().map(|(item, name)| format!("{name}={};", value(item)));
            Ok(pairs.collect())
        }
        known if ITEMS.iter().any(|(item, _)| *item == known) => Ok(value(known)),
        waits if WAITING.contains(&waits) => Err(FunctionError::Arguments(format!(
            "CHANNEL(rtcp,{waits}) waits for the quality history"
        ))),
        other => Err(FunctionError::Arguments(format!("there is no rtcp,{other}"))),
    }
}

fn value(stream: &StreamQuality, item: &str) -> String {
    let (received, sent) = (&stream.received, &stream.sent);
    let seconds = |time: Duration| format!("{:.6}", time.as_secs_f64());
    match item {
        "ssrc" => stream.local_ssrc.to_string(),
        "themssrc" => stream.remote_ssrc.unwrap_or_default().to_string(),
        "rxploss" => received.lost.to_string(),
        "rxjitter" => seconds(received.jitter),
        "rxcount" => received.packets.to_string(),
        "txjitter" => seconds(sent.jitter),
        "txcount" => sent.packets.to_string(),
        "txploss" => sent.lost.to_string(),
        _ => seconds(sent.rtt.or(received.rtt).unwrap_or_default()),
    }
}
