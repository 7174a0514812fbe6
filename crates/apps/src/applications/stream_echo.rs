//! `StreamEcho`: one stream of the caller comes back on several (APP-03).

use sidetone_dialplan::{Doc, Flow, Stop};
use sidetone_media::Route;
use sidetone_pbx::Channel;
use sidetone_pbx::channel::StreamFact;
use sidetone_sdp::negotiation::{KindWish, Wish};
use sidetone_sdp::plan::MediaKind;

use super::echo::{set_route, until_hash};

pub(super) const DOC: Doc = Doc {
    name: "StreamEcho",
    synopsis: "Send back what the caller sends, on several streams",
    syntax: "[num[,type]]",
    description: "Without a number every stream goes back to the caller on itself. With a number \
        the call is offered that many streams of the type: the first both ways, the others only \
        towards the caller, and what comes in on the first goes out on all. 0 removes the streams \
        of that type. Digits go back too; the key # ends it.",
    arguments: &[
        ("num", "How many streams of the type"),
        ("type", "audio or video, which is the default"),
    ],
    see_also: &["Echo"],
    ..Doc::EMPTY
};

/// More copies than this show nothing new and cost the peer its uplink.
const MOST_STREAMS: usize = 16;

pub(super) async fn run(channel: &mut Channel, args: &str) -> Result<Flow, Stop> {
    let mut args = args.split(',').map(str::trim);
    let (number, kind) = (args.next().unwrap_or_default(), args.next().unwrap_or("video"));
    if !["", "audio", "video"].iter().any(|known| kind.eq_ignore_ascii_case(known)) {
        tracing::warn!("{}: StreamEcho: '{kind}' is no type, video is taken", channel.name());
    }
    let kind = if kind.eq_ignore_ascii_case("audio") { MediaKind::Audio } else { MediaKind::Video };
    let count = match number {
        "" => None,
        number => match number.parse::<usize>() {
            Ok(count) if count <= MOST_STREAMS => Some(count),
            _ => {
                tracing::warn!(
                    "{}: StreamEcho: '{number}' is no number of streams (0–{MOST_STREAMS})",
                    channel.name()
                );
                None
            }
        },
    };
    if let Some(count) = count
        && !channel.reoffer(&wish(kind, count)).await?
    {
        tracing::info!("{}: the peer did not take {count} streams", channel.name());
    }
    set_routes(channel, count.map(|_| kind)).await;
    let end = until_hash(channel).await;
    for stream in channel.streams() {
        set_route(channel, stream.index, Route::Discard).await;
    }
    end.map(|()| Flow::Next)
}

fn wish(kind: MediaKind, count: usize) -> Wish {
    let fan = if count == 0 { KindWish::none() } else { KindWish::fanned_out(count) };
    match kind {
        MediaKind::Audio => Wish { audio: fan, ..Wish::audio_and_video() },
        _ => Wish { video: fan, ..Wish::audio_only() },
    }
}

/// Streams of the fanned-out kind all show what comes in on the first one; others echo.
async fn set_routes(channel: &Channel, fanned_out: Option<MediaKind>) {
    let streams = channel.streams();
    let Some(leg) = channel.leg_id() else { return };
    let mut first = true;
    for StreamFact { index, kind, .. } in &streams {
        let route = if fanned_out != Some(*kind) {
            Route::Echo
        } else if std::mem::take(&mut first) {
            let same = streams.iter().filter(|stream| stream.kind == *kind);
            Route::Forward(same.map(|stream| (leg, stream.index)).collect())
        } else {
            Route::Discard
        };
        set_route(channel, *index, route).await;
    }
    for stream in streams.iter().filter(|stream| stream.kind == MediaKind::Video) {
        channel.request_keyframe(stream.index).await;
    }
}
