//! Reading the peer's answer to an offer of ours (RFC 3264 §7, RFC 9143 §7.4).

use super::answer::{direction_offered, offered_bundles, quotable};
use super::capabilities::Capabilities;
use super::fax;
use super::matching::{Formats, accept_formats};
use super::reject::{Cause, Fault, Reject};
use super::remote::{Protected, RemoteTransport, demands, protection};
use super::state::{Offerer, State, Stream};
use super::transport::{Reading, settle};
use crate::attributes::{Extmap, Fax, extmap, format, group, source};
use crate::line::Profile;
use crate::plan::{Direction, MediaKind};
use crate::session::{Media, Session};

struct Taken {
    formats: Formats,
    fax: Option<Fax>,
    direction: Direction,
    remote: RemoteTransport,
    protected: Protected,
}

/// Narrows the offered state to what the answer leaves of it. Returns what was refused, by
/// either side.
pub(super) fn accept(
    state: &mut State,
    capabilities: &Capabilities,
    answer: &Session,
) -> Result<Vec<Fault>, Reject> {
    if answer.media.len() > state.streams.len() {
        let text = format!(
            "the answer has {} m= lines, our offer has {} (RFC 3264 §6: as many)",
            answer.media.len(),
            state.streams.len()
        );
        return Err(Fault::of_session(Cause::Malformed, text).into());
    }
    let answered = offered_bundles(capabilities, answer);
    let mut faults = Vec::new();
    let mut taken: Vec<Option<Taken>> = Vec::new();
    let mut live = 0;
    for (line, stream) in state.streams.iter().enumerate() {
        if !stream.is_active() {
            taken.push(None);
            continue;
        }
        live += 1;
        let bundle = answered.iter().find(|lines| lines.contains(&line)).map(Vec::as_slice);
        let result = take_line(state, capabilities, answer, line, stream, bundle);
        let fault = |(cause, text)| Fault::of_line(line, stream.plan.kind, cause, text);
        taken.push(result.map_err(|e| faults.push(fault(e))).ok());
    }
    if live > 0 && taken.iter().all(Option::is_none) {
        return Err(Reject::of(faults));
    }
    let kept = |line: &usize| taken.get(*line).is_some_and(Option::is_some);
    let ours: Vec<usize> = state.bundles.iter().flatten().copied().collect();
    let agreed = answered.iter().map(|lines| {
        let both = |line: &usize| kept(line) && ours.contains(line);
        lines.iter().copied().filter(both).collect::<Vec<usize>>()
    });
    state.bundles = agreed.filter(|lines| !lines.is_empty()).collect();
    share_transports(state);
    apply(state, capabilities, answer, taken, &mut faults)?;
    state.drop_unused_transports();
    Ok(faults)
}

/// Bundled lines move to the transport of their tagged line.
fn share_transports(state: &mut State) {
    for bundle in state.bundles.clone() {
        let tag = bundle.first().and_then(|tag| state.streams.get(*tag));
        let Some(transport) = tag.map(|stream| stream.plan.transport) else {
            continue;
        };
        for line in bundle {
            if let Some(stream) = state.streams.get_mut(line) {
                stream.plan.transport = transport;
            }
        }
    }
}

fn take_line(
    state: &State,
    capabilities: &Capabilities,
    answer: &Session,
    line: usize,
    stream: &Stream,
    bundle: Option<&[usize]>,
) -> Result<Taken, (Cause, String)> {
    let refused = || (Cause::Unwanted, "the peer refused this stream".to_owned());
    let media = answer.media.get(line).ok_or_else(refused)?;
    if media.line.port == 0 {
        return Err(refused());
    }
    if media.kind() != stream.plan.kind {
        let text = "the answer has another kind of media on this line".to_owned();
        return Err((Cause::Malformed, text));
    }
    if stream.bundle_only && bundle.is_none() {
        let text = "the peer does not bundle, and this stream was offered in a bundle only";
        return Err((Cause::Bundle, text.to_owned()));
    }
    if stream.plan.kind == MediaKind::Image {
        return take_fax(capabilities, answer, media, stream.plan.direction);
    }
    let protocol = quotable(&media.line.protocol);
    let profile = Profile::parse(&media.line.protocol).ok_or_else(|| {
        (Cause::Profile, format!("the answer's protocol {protocol} is not RTP over UDP"))
    })?;
    let tagged = bundle.and_then(|lines| answer.media.get(*lines.first()?)).unwrap_or(media);
    let remote = RemoteTransport::read(answer, media, tagged);
    let protected = protection(capabilities, &protocol, profile, &remote)?;
    demands(capabilities, &remote)?;
    let formats = accept_formats(capabilities, &stream.plan, media)?;
    let theirs = direction_offered(answer, media, &remote).reversed();
    let ours = stream.plan.direction;
    let direction =
        Direction::of(ours.sends() && theirs.sends(), ours.receives() && theirs.receives());
    debug_assert!(line < state.streams.len(), "lines are counted from the state");
    Ok(Taken { formats, fax: None, direction, remote, protected })
}

fn take_fax(
    capabilities: &Capabilities,
    answer: &Session,
    media: &Media,
    ours: Direction,
) -> Result<Taken, (Cause, String)> {
    let remote = fax::check(capabilities, answer, media)?;
    let theirs = direction_offered(answer, media, &remote).reversed();
    Ok(Taken {
        formats: Formats::default(),
        fax: Some(Fax::of(media)),
        direction: Direction::of(
            ours.sends() && theirs.sends(),
            ours.receives() && theirs.receives(),
        ),
        remote,
        protected: Protected::Plain,
    })
}

fn apply(
    state: &mut State,
    capabilities: &Capabilities,
    answer: &Session,
    taken: Vec<Option<Taken>>,
    faults: &mut [Fault],
) -> Result<(), Reject> {
    let offerer = state.initial_offerer.unwrap_or(Offerer::Us);
    for (line, taken) in taken.into_iter().enumerate() {
        let tag = state.bundle_of(line).and_then(|lines| lines.first().copied());
        let Some(stream) = state.streams.get_mut(line) else {
            continue;
        };
        let (Some(taken), Some(media)) = (taken, answer.media.get(line)) else {
            stream.reject();
            continue;
        };
        stream.plan.direction = taken.direction;
        stream.bundle_only = false;
        store_remote(stream, capabilities, answer, media);
        let local_ptime_ms = stream.local_ptime_ms;
        taken.formats.store(&mut stream.plan);
        stream.plan.fax = taken.fax;
        stream.local_ptime_ms = local_ptime_ms;
        let (kind, index) = (stream.plan.kind, stream.plan.transport);
        if let Some(mid) = group::mid(media) {
            state.peer_has_mids = true;
            state.note_mid(mid);
        }
        for codec in state.streams[line].plan.codecs.clone() {
            state.note_codec(&codec);
        }
        // One line speaks for the transport: the tagged one, or the only one.
        if tag.is_none_or(|tag| tag == line) {
            let transport = state.transport(index);
            let (remote, protected) = (&taken.remote, taken.protected);
            settle(transport, capabilities, offerer, remote, protected, Reading::Answer)
                .map_err(|(cause, text)| Fault::of_line(line, kind, cause, text))?;
        }
    }
    faults.sort_by_key(|fault| fault.cause == Cause::Unwanted);
    Ok(())
}

/// What the peer says about itself on a line, in an offer or an answer.
pub(super) fn store_remote(
    stream: &mut Stream,
    capabilities: &Capabilities,
    session: &Session,
    media: &Media,
) {
    let local_ptime_ms = stream.local_ptime_ms;
    let plan = &mut stream.plan;
    plan.remote_ssrcs = source::ssrcs(&media.attributes);
    plan.remote_cname = source::cname(&media.attributes).map(str::to_owned);
    let ptime_ms = format::ptime_ms(&media.attributes);
    plan.ptime_ms = match ptime_ms {
        Some(ptime_ms) if capabilities.use_ptime => ptime_ms,
        // Our own habit, within what the peer can take at most.
        _ => local_ptime_ms.min(format::maxptime_ms(&media.attributes).unwrap_or(u32::MAX)),
    };
    plan.rtcp_reduced_size &= media.attributes.has("rtcp-rsize");
    let theirs = Extmap::all(session, media);
    plan.extensions.retain(|(id, uri)| {
        theirs.iter().any(|line| line.id == u16::from(*id) && line.uri == *uri)
    });
}

/// The extensions of an offered line that we agree to, with the peer's numbers. One-way ones are
/// left out: an answer would have to turn them round, and none that we know is one-way.
pub(super) fn common_extensions(
    capabilities: &Capabilities,
    session: &Session,
    media: &Media,
) -> Vec<(u8, String)> {
    let ours = capabilities.extensions(media.kind());
    let named = group::mid(media).is_some();
    let mut agreed: Vec<(u8, String)> = Vec::new();
    for line in Extmap::all(session, media) {
        let two_way = matches!(line.direction, None | Some(Direction::SendRecv));
        let known = ours.contains(&line.uri) && (named || line.uri != extmap::MID);
        let id = u8::try_from(line.id).unwrap_or_default();
        let fresh = !agreed.iter().any(|(taken, uri)| *taken == id || *uri == line.uri);
        if line.is_one_byte() && two_way && known && fresh {
            agreed.push((id, line.uri));
        }
    }
    agreed
}
