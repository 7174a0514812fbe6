//! T.38 in the exchange: `m=image … udptl t38` takes the place of the voice, and gives it back
//! (RFC 3264 §8.3.3: the line stays, its kind changes, and so does nothing of its path).

use super::answer::{Accepted, direction_offered};
use super::capabilities::Capabilities;
use super::matching::Formats;
use super::offer::Layout;
use super::reject::Cause;
use super::remote::{Protected, RemoteTransport, demands};
use super::state::{State, Stream};
use crate::attributes::Fax;
use crate::limits::MAX_MEDIA_LINES;
use crate::plan::{Direction, MediaKind, StreamState};
use crate::session::{Media, Session};

/// The protocol word and the format of a line.
const PROTOCOL: &str = "udptl";
const FORMAT: &str = "t38";

/// What an offered line of T.38 becomes, or why it is refused.
pub(super) fn accept_line(
    capabilities: &Capabilities,
    offer: &Session,
    media: &Media,
    ours: Option<&Fax>,
) -> Result<Accepted, (Cause, String)> {
    let remote = check(capabilities, offer, media)?;
    let text = "nobody on the other side takes a fax now".to_owned();
    let ours = ours.ok_or((Cause::Unwanted, text))?;
    Ok(Accepted {
        formats: Formats::default(),
        direction: direction_offered(offer, media, &remote).reversed(),
        wish: None,
        protected: Protected::Plain,
        remote,
        transport: 0,
        fax: Some(ours.clone()),
    })
}

/// Whether T.38 may be agreed on a line of the peer's, and where the peer is.
pub(super) fn check(
    capabilities: &Capabilities,
    session: &Session,
    media: &Media,
) -> Result<RemoteTransport, (Cause, String)> {
    if !capabilities.fax {
        let text = "fax (T.38) is not allowed for this endpoint; set t38_udptl=yes (it passes in \
                    clear: endpoints with media_encryption have none)";
        return Err((Cause::Kind, text.to_owned()));
    }
    if !Fax::is_in(media) {
        let text = "of images only T.38 over UDPTL is passed on (m=image … udptl t38)";
        return Err((Cause::Kind, text.to_owned()));
    }
    let mut remote = RemoteTransport::read(session, media, media);
    demands(capabilities, &remote)?;
    // Phones repeat the lines of their voice's ICE; datagrams of a fax are not checked.
    remote.ice = None;
    Ok(remote)
}

impl Layout<'_> {
    /// Turns the voice into a fax, or a fax back into the voice, on the line and the path it has.
    /// A fax that finds no voice gets a line of its own, one in a bundle a path of its own.
    pub(super) fn place_fax(&mut self, state: &mut State) {
        let has = |state: &State, kind| state.streams.iter().position(|s| is_active(s, kind));
        let wants_fax = self.wish.image.is_some() && self.capabilities.fax;
        let (from, to, media) = match (wants_fax, has(state, MediaKind::Image)) {
            (true, None) => (MediaKind::Audio, MediaKind::Image, "image"),
            (false, Some(_)) => (MediaKind::Image, MediaKind::Audio, "audio"),
            (true, Some(_)) | (false, None) => return,
        };
        let mut made = self.fax_or_voice(to, media);
        let line = has(state, from);
        let old = line.and_then(|line| state.streams.get(line));
        let bundled = line.is_some_and(|line| state.bundle_of(line).is_some());
        made.plan.mid = old.and_then(|old| old.plan.mid.clone());
        made.plan.transport = match old.filter(|_| !bundled) {
            Some(old) => old.plan.transport,
            None => state.free_transport(&[]),
        };
        for bundle in &mut state.bundles {
            bundle.retain(|other| Some(*other) != line);
        }
        let line = line.unwrap_or(state.streams.len());
        match state.streams.get_mut(line) {
            Some(place) => *place = made,
            None if wants_fax && line < MAX_MEDIA_LINES => state.streams.push(made),
            None => {}
        }
    }

    fn fax_or_voice(&mut self, kind: MediaKind, media: &str) -> Stream {
        let mut stream = Stream::new(kind, media, self.msid_stream, self.random);
        stream.plan.direction = Direction::SendRecv;
        stream.protocol = match kind {
            MediaKind::Image => PROTOCOL.to_owned(),
            _ => self.protocol(),
        };
        stream
    }

    /// What our offer says of a fax.
    pub(super) fn fill_fax(&self, stream: &mut Stream) {
        stream.local_fax.clone_from(&self.wish.image);
        stream.formats = vec![FORMAT.to_owned()];
    }
}

fn is_active(stream: &Stream, kind: MediaKind) -> bool {
    stream.plan.state == StreamState::Active && stream.plan.kind == kind
}
