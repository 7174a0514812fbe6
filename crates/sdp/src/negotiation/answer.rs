//! Judging an offer line by line (RFC 3264 §6, RFC 8829 §5.3, RFC 9143 §7.3).

use super::capabilities::Capabilities;
use super::fax;
use super::matching::{Formats, answer_formats};
use super::reject::{Cause, Fault};
use super::remote::{Protected, RemoteTransport, demands, protection};
use super::state::State;
use super::wish::{KindWish, StreamWish, Wish};
use crate::attributes::{Fax, Group, direction, group};
use crate::line::Profile;
use crate::plan::{Direction, MediaKind};
use crate::session::{Media, Session};

/// What becomes of an offered line.
#[derive(Debug)]
pub(super) enum Verdict {
    /// The peer itself has switched it off.
    Disabled,
    Refused(Fault),
    Accepted(Box<Accepted>),
}

/// A line we agree to.
#[derive(Debug)]
pub(super) struct Accepted {
    pub(super) formats: Formats,
    /// Seen from us.
    pub(super) direction: Direction,
    pub(super) wish: Option<StreamWish>,
    pub(super) protected: Protected,
    pub(super) remote: RemoteTransport,
    /// Index of the transport.
    pub(super) transport: usize,
    /// Of an image: what we say of our fax.
    pub(super) fax: Option<Fax>,
}

/// An offer judged.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) verdicts: Vec<Verdict>,
    /// Groups we agree to, as line numbers, the tagged line first.
    pub(super) bundles: Vec<Vec<usize>>,
}

impl Judged {
    pub(super) fn accepted(&self) -> impl Iterator<Item = (usize, &Accepted)> {
        self.verdicts.iter().enumerate().filter_map(|(index, verdict)| match verdict {
            Verdict::Accepted(accepted) => Some((index, &**accepted)),
            Verdict::Disabled | Verdict::Refused(_) => None,
        })
    }

    pub(super) fn faults(&self) -> Vec<Fault> {
        let fault = |verdict: &Verdict| match verdict {
            Verdict::Refused(fault) => Some(fault.clone()),
            Verdict::Disabled | Verdict::Accepted(_) => None,
        };
        self.verdicts.iter().filter_map(fault).collect()
    }
}

/// Judges an offer against configuration, wish and what was agreed before.
pub(super) fn judge(
    state: &State,
    capabilities: &Capabilities,
    offer: &Session,
    wish: &Wish,
) -> Judged {
    let bundles = offered_bundles(capabilities, offer);
    let lines = offer.media.iter().enumerate();
    let judge = |(index, media): (usize, &Media)| {
        let bundle = bundles.iter().find(|lines| lines.contains(&index));
        judge_line(capabilities, offer, wish, index, media, bundle.map(Vec::as_slice))
    };
    let mut verdicts: Vec<Verdict> = lines.map(judge).collect();
    for kind in MediaKind::OF_RTP {
        if let Some(wish) = wish.of(kind) {
            apply_wish(state, capabilities, kind, wish, offer, &mut verdicts);
        }
    }
    let accepted = |line: &usize| matches!(verdicts.get(*line), Some(Verdict::Accepted(_)));
    let agreed = bundles.iter().map(|lines| lines.iter().copied().filter(accepted).collect());
    let bundles: Vec<Vec<usize>> = agreed.filter(|lines: &Vec<usize>| !lines.is_empty()).collect();
    assign_transports(state, &mut verdicts, &bundles);
    Judged { verdicts, bundles }
}

/// The bundles of an offer as line numbers, the tagged line first. RTCP must be muxed inside a
/// bundle (RFC 9143 §9.2), so without rtcp-mux on either side there is none.
pub(super) fn offered_bundles(capabilities: &Capabilities, offer: &Session) -> Vec<Vec<usize>> {
    if !(capabilities.bundle && capabilities.rtcp_mux) {
        return Vec::new();
    }
    let mut taken: Vec<usize> = Vec::new();
    let mut bundles = Vec::new();
    for group in Group::bundles(offer) {
        let mut lines: Vec<usize> = Vec::new();
        for mid in &group.mids {
            let line = offer.media.iter().position(|media| group::mid(media) == Some(mid));
            if let Some(line) = line.filter(|line| !taken.contains(line)) {
                taken.push(line);
                lines.push(line);
            }
        }
        // RFC 9143 §7.1.1: the first member with an address carries the transport.
        let addressed = |line: &usize| offer.media.get(*line).is_some_and(|m| m.line.port != 0);
        let Some(tag) = lines.iter().position(addressed) else {
            continue;
        };
        let tag = lines.remove(tag);
        lines.insert(0, tag);
        let muxed = lines.first().and_then(|line| offer.media.get(*line)).is_some_and(|media| {
            media.attributes.has("rtcp-mux") || media.attributes.has("rtcp-mux-only")
        });
        if muxed {
            bundles.push(lines);
        }
    }
    bundles
}

fn judge_line(
    capabilities: &Capabilities,
    offer: &Session,
    wish: &Wish,
    index: usize,
    media: &Media,
    bundle: Option<&[usize]>,
) -> Verdict {
    let kind = media.kind();
    let refuse = |(cause, text)| Verdict::Refused(Fault::of_line(index, kind, cause, text));
    if media.line.port == 0 && bundle.is_none() {
        return match media.attributes.has("bundle-only") {
            true => refuse((Cause::Bundle, NO_BUNDLE.to_owned())),
            false => Verdict::Disabled,
        };
    }
    if media.line.port == 0 && !media.attributes.has("bundle-only") {
        return Verdict::Disabled;
    }
    if kind == MediaKind::Image && bundle.is_some() {
        return refuse((Cause::Bundle, "a fax is no RTP and cannot be bundled".to_owned()));
    }
    if kind == MediaKind::Image {
        return match fax::accept_line(capabilities, offer, media, wish.image.as_ref()) {
            Ok(accepted) => Verdict::Accepted(Box::new(accepted)),
            Err(fault) => refuse(fault),
        };
    }
    let Some(wish) = wish.of(kind) else {
        let text = "only audio, video, text and fax (T.38) are spoken here";
        return refuse((Cause::Kind, text.to_owned()));
    };
    let tagged = bundle.and_then(|lines| offer.media.get(*lines.first()?)).unwrap_or(media);
    match accept_line(capabilities, offer, media, tagged, kind, wish) {
        Ok(accepted) => Verdict::Accepted(Box::new(accepted)),
        Err(fault) => refuse(fault),
    }
}

const NO_BUNDLE: &str = "the peer offers this stream inside a bundle only, but bundle=no or \
                         rtcp_mux=no for this endpoint or the group is incomplete";

fn accept_line(
    capabilities: &Capabilities,
    offer: &Session,
    media: &Media,
    tagged: &Media,
    kind: MediaKind,
    wish: &KindWish,
) -> Result<Accepted, (Cause, String)> {
    let protocol = quotable(&media.line.protocol);
    let Some(profile) = Profile::parse(&media.line.protocol) else {
        return Err((Cause::Profile, format!("the protocol {protocol} is not RTP over UDP")));
    };
    if !capabilities.received_transport && profile.feedback != capabilities.avpf {
        return Err((Cause::Profile, wrong_profile(&protocol, capabilities.avpf)));
    }
    let remote = RemoteTransport::read(offer, media, tagged);
    let protected = protection(capabilities, &protocol, profile, &remote)?;
    demands(capabilities, &remote)?;
    let formats = answer_formats(capabilities, kind, wish, media)?;
    let direction = direction_offered(offer, media, &remote).reversed();
    Ok(Accepted { formats, direction, wish: None, protected, remote, transport: 0, fax: None })
}

/// A word a peer wrote, made fit for a quoted string.
pub(super) fn quotable(word: &str) -> String {
    let fit = |c: &char| c.is_ascii_alphanumeric() || "-_./".contains(*c);
    word.chars().filter(fit).take(40).collect()
}

fn wrong_profile(protocol: &str, avpf: bool) -> String {
    let (has, remedy) = if avpf { ("yes", "no") } else { ("no", "yes") };
    format!(
        "the peer offers the profile {protocol}, but use_avpf={has} for this endpoint; set \
         use_avpf={remedy} or media_use_received_transport=yes"
    )
}

/// The direction of a line as the peer sees it, with 0.0.0.0 understood as "send me nothing"
/// (RFC 3264 §8.4).
pub(super) fn direction_offered(
    session: &Session,
    media: &Media,
    remote: &RemoteTransport,
) -> Direction {
    let written = direction::of(session, media);
    Direction::of(written.sends(), written.receives() && !remote.held)
}

/// Gives the accepted lines of a kind their wishes; refuses what nobody wants and what is over
/// the endpoint's limit.
fn apply_wish(
    state: &State,
    capabilities: &Capabilities,
    kind: MediaKind,
    wish: &KindWish,
    offer: &Session,
    verdicts: &mut [Verdict],
) {
    let of_kind = |line: &usize| {
        let accepted = matches!(verdicts.get(*line), Some(Verdict::Accepted(_)));
        accepted && offer.media.get(*line).is_some_and(|media| media.kind() == kind)
    };
    let lines: Vec<usize> = (0..verdicts.len()).filter(of_kind).collect();
    let label = |line: &usize| {
        let stream = state.streams.get(*line).filter(|s| s.is_active() && s.plan.kind == kind);
        stream.and_then(|stream| stream.plan.label.as_deref())
    };
    let labels: Vec<Option<&str>> = lines.iter().map(label).collect();
    let wishes = assign_wishes(&wish.streams, &labels);
    let limit = capabilities.max_streams(kind);
    let mut in_use = 0;
    for (line, wished) in lines.into_iter().zip(wishes) {
        let Some(verdict) = verdicts.get_mut(line) else {
            continue;
        };
        let Verdict::Accepted(accepted) = verdict else {
            continue;
        };
        let own = wished.and_then(|index| wish.streams.get(index));
        let direction = own.map(|stream| stream.direction).or(wish.further);
        let refused = match direction {
            None => Some((Cause::Unwanted, "the call does not use this stream".to_owned())),
            Some(_) if in_use >= limit => Some((Cause::Limit, over_limit(kind, limit))),
            Some(_) => None,
        };
        if let Some((cause, text)) = refused {
            *verdict = Verdict::Refused(Fault::of_line(line, kind, cause, text));
            continue;
        }
        in_use += 1;
        let (offered, ours) = (accepted.direction, direction.unwrap_or(Direction::Inactive));
        // RFC 3264 §6.1: an answer may only narrow.
        accepted.direction =
            Direction::of(offered.sends() && ours.sends(), offered.receives() && ours.receives());
        accepted.wish = own.cloned();
    }
}

fn over_limit(kind: MediaKind, limit: usize) -> String {
    let option = match kind {
        MediaKind::Video => "max_video_streams",
        MediaKind::Audio => "max_audio_streams",
        _ => return format!("a call has {limit} stream of text at most"),
    };
    format!("{option}={limit} for this endpoint and that many are in use; raise it")
}

/// For each line (given by its present label) the index of the wish it takes: named wishes go to
/// the lines of that name, the rest in order to lines without a name.
pub(super) fn assign_wishes(wishes: &[StreamWish], labels: &[Option<&str>]) -> Vec<Option<usize>> {
    let named = |label: &str| wishes.iter().position(|w| w.label.as_deref() == Some(label));
    let mut assigned: Vec<Option<usize>> =
        labels.iter().map(|label| label.and_then(named)).collect();
    let taken = assigned.clone();
    let mut free = (0..wishes.len()).filter(|index| !taken.contains(&Some(*index)));
    for (slot, label) in assigned.iter_mut().zip(labels) {
        if slot.is_none() && label.is_none() {
            *slot = free.next();
        }
    }
    assigned
}

/// Gives each bundle, and each line outside of one, the transport it had, or a free one.
fn assign_transports(state: &State, verdicts: &mut [Verdict], bundles: &[Vec<usize>]) {
    let mut claimed: Vec<usize> = Vec::new();
    for line in 0..verdicts.len() {
        let bundle = bundles.iter().find(|lines| lines.contains(&line));
        let alone = [line];
        let members: &[usize] = bundle.map_or(&alone, Vec::as_slice);
        // A bundle is handled once, at its lowest line.
        if members.iter().any(|member| *member < line) {
            continue;
        }
        if !matches!(verdicts.get(line), Some(Verdict::Accepted(_))) {
            continue;
        }
        let previous = |member: &usize| {
            let stream = state.streams.get(*member).filter(|stream| stream.is_active());
            stream.map(|stream| stream.plan.transport).filter(|t| !claimed.contains(t))
        };
        let transport = members.iter().find_map(previous);
        let transport = transport.unwrap_or_else(|| state.free_transport(&claimed));
        claimed.push(transport);
        for member in members {
            if let Some(Verdict::Accepted(accepted)) = verdicts.get_mut(*member) {
                accepted.transport = transport;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_wishes_keep_their_lines_and_the_rest_goes_in_order() {
        let wish = |label: Option<&str>| StreamWish {
            label: label.map(str::to_owned),
            ..StreamWish::new(Direction::SendOnly)
        };
        let wishes = [wish(None), wish(Some("bob")), wish(Some("carol"))];
        let check = |labels: &[Option<&str>], expected: &[Option<usize>]| {
            assert_eq!(assign_wishes(&wishes, labels), expected);
        };
        check(&[None, None], &[Some(0), Some(1)]);
        check(&[None, Some("carol"), Some("bob")], &[Some(0), Some(2), Some(1)]);
        check(&[Some("gone"), None], &[None, Some(0)]);
    }
}
