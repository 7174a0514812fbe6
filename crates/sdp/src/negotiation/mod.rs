//! The offer/answer exchange for one leg over its life (RFC 3264, RFC 8829).
//!
//! [`Negotiation`] is the state machine. Its inputs are descriptions, [`LocalTransport`]s from the
//! media leg and a [`Wish`] from the call; its outputs are descriptions to send and a
//! [`MediaPlan`] to obey. What must not change between two exchanges is kept here: MIDs, payload
//! types, DTLS roles, SSRCs, keys, header extension numbers, ICE roles, the session id.
//!
//! On the walk of an INVITE: `pbx/incoming` answers the caller's offer with it, `pbx/outgoing`
//! offers to the called side with another one. The two know nothing of each other; what a bridged
//! peer speaks arrives in the [`Wish`].
//!
//! Not here: when to send which SIP message, what glare means (491 leads to
//! [`Negotiation::roll_back`]), gathering candidates.

mod accept;
mod answer;
pub mod capabilities;
pub mod codec_preference;
pub mod codec_spec;
mod fax;
mod matching;
mod offer;
mod payload;
pub mod reject;
mod remote;
mod state;
mod transport;
mod variant;
pub mod wish;
mod write;

pub use capabilities::{Capabilities, CodecOrder, Keep, Security};
pub use codec_preference::CodecPreference;
pub use codec_spec::CodecSpec;
pub use reject::{Cause, Fault, Reject};
pub use variant::ilbc_frame_ms;
pub use wish::{CodecWish, KindWish, StreamWish, Wish};

use sidetone_base::{Random, SeededRandom};

use self::answer::{Accepted, Judged, Verdict, judge};
use self::offer::{Layout, note_transports};
use self::remote::Protected;
use self::state::{Offerer, State, Stream};
use self::transport::{Reading, settle};
use self::write::{Half, Writer};
use crate::attributes::{Fax, group};
use crate::line::{Address, Origin};
use crate::plan::{LocalTransport, MediaPlan, StreamPlan, StreamState};
use crate::session::{Media, Session};
use crate::trickle::{Fragment, Section};

/// What the next offer or answer needs from the media leg.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requirements {
    /// Number of [`LocalTransport`]s, counted from the first; those that exist already included.
    pub transports: usize,
    /// They must do ICE.
    pub ice: bool,
    /// They must do DTLS.
    pub dtls: bool,
    /// RTCP needs a port of its own, or may need one if the peer does not mux.
    pub separate_rtcp: bool,
    /// Transports for which the peer restarts ICE: they need new credentials and candidates
    /// before the answer (RFC 8445 §9).
    pub ice_restarts: Vec<usize>,
}

/// Candidates that arrived after the description (RFC 8838).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trickled {
    /// The transport they are for.
    pub transport: usize,
    /// `a=candidate` values without the `candidate:` prefix.
    pub candidates: Vec<String>,
    /// No more will come.
    pub complete: bool,
}

/// The exchange of one leg: everything agreed so far and everything that must stay.
///
/// After an initial offer that forks, each answering dialog takes a clone.
#[derive(Clone, Debug)]
pub struct Negotiation {
    capabilities: Capabilities,
    session_id: u64,
    version: u64,
    /// The address in `o=`: that of the first transport ever, then fixed (RFC 8866 §5.2).
    origin_address: Option<Address>,
    cname: String,
    msid_stream: String,
    /// What was sent last, for the version in `o=`.
    sent: Option<Session>,
    state: State,
    plan: MediaPlan,
    open: Option<OpenOffer>,
    refusals: Vec<Fault>,
}

/// An offer of ours and the state it proposes.
#[derive(Clone, Debug)]
struct OpenOffer {
    proposed: State,
    /// An answer came. It may still be revised: a 200 may answer otherwise than the 183 before.
    answered: bool,
}

impl Negotiation {
    /// A leg that has exchanged nothing yet.
    #[must_use]
    pub fn new(capabilities: Capabilities, random: &mut dyn Random) -> Self {
        Self {
            capabilities,
            // RFC 8829 §5.2.1: 63 bits, so that nobody reads it as negative.
            session_id: random.u64() >> 1,
            version: 0,
            origin_address: None,
            cname: random.token(16),
            msid_stream: random.token(16),
            sent: None,
            state: State::default(),
            plan: MediaPlan::default(),
            open: None,
            refusals: Vec::new(),
        }
    }

    /// The endpoint's side.
    #[must_use]
    pub fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// Takes over changed configuration; it counts from the next exchange on.
    pub fn set_capabilities(&mut self, capabilities: Capabilities) {
        self.capabilities = capabilities;
    }

    /// What is agreed.
    #[must_use]
    pub fn plan(&self) -> &MediaPlan {
        &self.plan
    }

    /// Whether an offer of ours waits for its answer.
    #[must_use]
    pub fn is_offer_open(&self) -> bool {
        self.open.as_ref().is_some_and(|open| !open.answered)
    }

    /// Why lines of the last exchange were refused, by us or by the peer, although others were
    /// agreed.
    #[must_use]
    pub fn refusals(&self) -> &[Fault] {
        &self.refusals
    }

    /// What answering this offer would need.
    #[must_use]
    pub fn requirements(&self, offer: &Session, wish: &Wish) -> Requirements {
        let judged = judge(&self.state, &self.capabilities, offer, wish);
        let mut needs = Requirements::default();
        for (_, accepted) in judged.accepted() {
            needs.transports = needs.transports.max(accepted.transport + 1);
            needs.ice |= self.capabilities.ice && accepted.remote.ice.is_some();
            needs.dtls |= accepted.protected == Protected::Dtls;
            needs.separate_rtcp |= !(self.capabilities.rtcp_mux && accepted.remote.mux);
            let restarts = self.restarts_ice(accepted);
            if restarts && !needs.ice_restarts.contains(&accepted.transport) {
                needs.ice_restarts.push(accepted.transport);
            }
        }
        needs
    }

    /// RFC 8839 §4.4.1.1.1: new credentials ask for a restart.
    fn restarts_ice(&self, accepted: &Accepted) -> bool {
        let transport = self.state.transports.get(accepted.transport);
        let agreed = transport.and_then(|t| t.plan.as_ref()).and_then(|plan| plan.ice.as_ref());
        agreed.zip(accepted.remote.ice.as_ref()).is_some_and(|(agreed, theirs)| {
            agreed.ufrag != theirs.credentials.ufrag || agreed.pwd != theirs.credentials.pwd
        })
    }

    /// What offering this would need.
    #[must_use]
    pub fn offer_requirements(&self, wish: &Wish) -> Requirements {
        let mut scratch = self.state.clone();
        let layout = &mut Layout {
            capabilities: &self.capabilities,
            wish,
            msid_stream: "",
            available: 0,
            // What is drawn here is thrown away.
            random: &mut SeededRandom::new(0),
        };
        layout.lay_out(&mut scratch);
        let active = scratch.streams.iter().filter(|stream| stream.is_active());
        Requirements {
            transports: active.map(|stream| stream.plan.transport + 1).max().unwrap_or(0),
            ice: self.capabilities.ice,
            dtls: matches!(self.capabilities.security, Security::Dtls { .. }),
            separate_rtcp: !self.capabilities.webrtc,
            ice_restarts: Vec::new(),
        }
    }

    /// Answers an offer (RFC 3264 §6). `local` holds the leg's transports in their order, at
    /// least [`Requirements::transports`] of them.
    ///
    /// # Errors
    /// [`Reject`] when no line of the offer can be agreed to, when an offer of ours is still open
    /// (491), or when `local` lacks something. The state before stands.
    pub fn answer(
        &mut self,
        offer: &Session,
        local: &[LocalTransport],
        wish: &Wish,
        random: &mut dyn Random,
    ) -> Result<(Session, MediaPlan), Reject> {
        if self.is_offer_open() {
            let text = "our own offer waits for its answer";
            return Err(Fault::of_session(Cause::OutOfOrder, text).into());
        }
        if let Some(fault) = self.missing(offer) {
            return Err(fault.into());
        }
        if let Some(mid) = repeated_mid(offer) {
            let text = format!("two m= lines have the same a=mid ({})", answer::quotable(mid));
            return Err(Fault::of_session(Cause::Malformed, text).into());
        }
        let judged = judge(&self.state, &self.capabilities, offer, wish);
        let faults = judged.faults();
        if judged.accepted().next().is_none() && !faults.is_empty() {
            return Err(Reject::of(faults));
        }
        let mut state = self.state.clone();
        state.initial_offerer.get_or_insert(Offerer::Peer);
        self.take_offer(&mut state, offer, judged, local, random)?;
        let session = self.write(&state, local, Half::Answer);
        self.plan = state.plan();
        self.state = state;
        self.open = None;
        self.refusals = faults;
        Ok((session, self.plan.clone()))
    }

    /// A later offer keeps the lines there were (RFC 3264 §8). The first may have none: then
    /// nothing is agreed on yet (RFC 3264 §5; decision 59).
    fn missing(&self, offer: &Session) -> Option<Fault> {
        let (before, now) = (self.state.streams.len(), offer.media.len());
        (now < before).then(|| {
            let text = format!("the offer has {now} m= lines where there were {before}");
            Fault::of_session(Cause::Missing, text)
        })
    }

    /// Turns the state into the one the answer describes.
    fn take_offer(
        &self,
        state: &mut State,
        offer: &Session,
        judged: Judged,
        local: &[LocalTransport],
        random: &mut dyn Random,
    ) -> Result<(), Reject> {
        state.bundles = judged.bundles;
        state.peer_has_mids = offer.media.iter().any(|media| group::mid(media).is_some());
        // Held as long as the call: no more room than there are lines.
        state.streams.reserve_exact(offer.media.len().saturating_sub(state.streams.len()));
        for (line, (media, verdict)) in offer.media.iter().zip(judged.verdicts).enumerate() {
            let accepted = match verdict {
                Verdict::Accepted(accepted) => Some(*accepted),
                Verdict::Disabled | Verdict::Refused(_) => None,
            };
            self.take_line(state, offer, line, media, accepted.as_ref(), random);
            let Some(accepted) = accepted else { continue };
            // One line speaks for the transport: the tagged one, or the only one.
            let tag = state.bundle_of(line).and_then(|lines| lines.first().copied());
            if tag.is_none_or(|tag| tag == line) {
                self.settle_offered(state, line, &accepted, local, random)?;
            }
        }
        state.drop_unused_transports();
        Ok(())
    }

    fn take_line(
        &self,
        state: &mut State,
        offer: &Session,
        line: usize,
        media: &Media,
        accepted: Option<&Accepted>,
        random: &mut dyn Random,
    ) {
        let kind = media.kind();
        let mid = group::mid(media).map(str::to_owned);
        let known = state.streams.get(line).is_some_and(|stream| {
            // Another MID on the line is another stream (RFC 8829 §5.2.2), and a refused line
            // that comes back is one as well.
            stream.is_active() && stream.plan.kind == kind && stream.plan.mid == mid
        });
        if !known {
            let wish = accepted.and_then(|accepted| accepted.wish.as_ref());
            let first = !state.streams.iter().any(|s| s.is_active() && s.plan.kind == kind);
            let own = wish.and_then(|wish| wish.msid_stream.clone());
            let shared = first && wish.is_none_or(|wish| wish.label.is_none());
            let id = own.unwrap_or_else(|| match shared {
                true => self.msid_stream.clone(),
                false => random.token(16),
            });
            let made = Stream::new(kind, &media.line.media, &id, random);
            match state.streams.get_mut(line) {
                Some(slot) => *slot = made,
                None => state.streams.push(made),
            }
        }
        if let Some(mid) = &mid {
            state.note_mid(mid);
        }
        let Some(stream) = state.streams.get_mut(line) else {
            return;
        };
        stream.protocol.clone_from(&media.line.protocol);
        stream.formats.clone_from(&media.line.formats);
        stream.plan.mid = mid;
        let Some(accepted) = accepted else {
            stream.reject();
            return;
        };
        stream.bundle_only = false;
        stream.local_ptime_ms = accepted.formats.local_ptime_ms;
        stream.local_fax.clone_from(&accepted.fax);
        let plan = &mut stream.plan;
        plan.direction = accepted.direction;
        plan.transport = accepted.transport;
        plan.label = accepted.wish.as_ref().and_then(|wish| wish.label.clone());
        plan.rtcp_reduced_size = self.capabilities.reduced_size_rtcp;
        plan.extensions = accept::common_extensions(&self.capabilities, offer, media);
        accepted.formats.clone().store(plan);
        plan.fax = accepted.fax.as_ref().map(|_| Fax::of(media));
        accept::store_remote(stream, &self.capabilities, offer, media);
        let plan = stream.plan.clone();
        state.note_numbers(&plan);
    }

    fn settle_offered(
        &self,
        state: &mut State,
        line: usize,
        accepted: &Accepted,
        local: &[LocalTransport],
        random: &mut dyn Random,
    ) -> Result<(), Reject> {
        let ours = |text: &str| Reject::from(Fault::of_session(Cause::Ours, text));
        let Some(local) = local.get(accepted.transport) else {
            return Err(ours("the media leg has fewer transports than the answer needs"));
        };
        if accepted.protected == Protected::Dtls && local.fingerprints.is_empty() {
            return Err(ours("the media leg has no certificate, but the peer offers DTLS"));
        }
        let offerer = state.initial_offerer.unwrap_or(Offerer::Peer);
        let kind = state.streams.get(line).map(|stream| stream.plan.kind);
        let transport = state.transport(accepted.transport);
        transport.note_local(local, random);
        let (remote, reading) = (&accepted.remote, Reading::Offer(random));
        settle(transport, &self.capabilities, offerer, remote, accepted.protected, reading).map_err(
            |(cause, text)| {
                let line = kind.map(|kind| (line, kind));
                Fault { line, cause, text }.into()
            },
        )
    }

    /// Makes an offer (RFC 3264 §5, §8): the first one, or a later one that changes directions,
    /// adds or removes streams, or restarts ICE (then `local` carries new credentials).
    ///
    /// With `bundle` and fewer transports than streams, the streams beyond are offered inside
    /// the bundle only.
    ///
    /// # Errors
    /// [`Reject`] when an offer of ours is open already, or when `local` lacks something.
    pub fn offer(
        &mut self,
        local: &[LocalTransport],
        wish: &Wish,
        random: &mut dyn Random,
    ) -> Result<Session, Reject> {
        if self.is_offer_open() {
            let text = "our own offer waits for its answer";
            return Err(Fault::of_session(Cause::OutOfOrder, text).into());
        }
        let mut proposed = self.state.clone();
        let mut layout = Layout {
            capabilities: &self.capabilities,
            wish,
            msid_stream: &self.msid_stream,
            available: local.len(),
            random,
        };
        layout.lay_out(&mut proposed);
        note_transports(&mut proposed, &self.capabilities, local, random)?;
        let session = self.write(&proposed, local, Half::Offer);
        self.open = Some(OpenOffer { proposed, answered: false });
        Ok(session)
    }

    /// Takes the answer to our offer (RFC 3264 §7). A later answer to the same offer (200 after
    /// 183) replaces the earlier one.
    ///
    /// # Errors
    /// [`Reject`] when there is no offer, or the answer leaves no stream. What was agreed before
    /// the offer stands.
    pub fn accept_answer(&mut self, answer: &Session) -> Result<MediaPlan, Reject> {
        let Some(open) = self.open.as_mut() else {
            let text = "an answer, but we have not offered anything";
            return Err(Fault::of_session(Cause::OutOfOrder, text).into());
        };
        let mut state = open.proposed.clone();
        let refusals = match accept::accept(&mut state, &self.capabilities, answer) {
            Ok(refusals) => refusals,
            Err(reject) => {
                self.roll_back();
                return Err(reject);
            }
        };
        open.answered = true;
        self.refusals = refusals;
        self.plan = state.plan();
        self.state = state;
        Ok(self.plan.clone())
    }

    /// Finds the transports that the candidates of a SIP INFO are for (RFC 8840 §4.2). Those of
    /// an ICE generation that is not (or no longer) agreed are dropped, as are those of lines
    /// that ride in another line's bundle and of lines not in use.
    #[must_use]
    pub fn trickled(&self, fragment: &Fragment) -> Vec<Trickled> {
        let mut found = Vec::new();
        for (place, section) in fragment.sections.iter().enumerate() {
            let named =
                |stream: &&Stream| stream.plan.mid.is_some() && stream.plan.mid == section.mid;
            let stream = match &section.mid {
                Some(_) => self.state.streams.iter().find(named),
                None => self.state.streams.get(place),
            };
            let Some(stream) = stream.filter(|stream| stream.is_active()) else {
                continue;
            };
            let transport = stream.plan.transport;
            let agreed = self.state.transports.get(transport).and_then(|t| t.plan.as_ref());
            let Some(ice) = agreed.and_then(|plan| plan.ice.as_ref()) else {
                continue;
            };
            if section.ufrag.as_ref().is_some_and(|ufrag| *ufrag != ice.ufrag) {
                continue;
            }
            let (candidates, complete) = (section.candidates.clone(), section.complete);
            found.push(Trickled { transport, candidates, complete });
        }
        found
    }

    /// The body of an INFO with candidates of ours that were found late (RFC 8840 §4.4); `None`
    /// when no stream in use has such a transport.
    #[must_use]
    pub fn fragment(&self, late: &[Trickled], local: &[LocalTransport]) -> Option<Fragment> {
        let mut sections: Vec<Section> = Vec::new();
        for news in late {
            let carries = |stream: &&StreamPlan| {
                stream.transport == news.transport && stream.state == StreamState::Active
            };
            let Some(stream) = self.plan.streams.iter().find(carries) else { continue };
            let ice = local.get(news.transport)?.ice.as_ref()?;
            let known = sections.iter().position(|section| section.mid == stream.mid);
            let place = known.unwrap_or_else(|| {
                let (ufrag, pwd) = (Some(ice.ufrag.clone()), Some(ice.pwd.clone()));
                let mid = stream.mid.clone();
                sections.push(Section { mid, ufrag, pwd, ..Section::default() });
                sections.len() - 1
            });
            if let Some(section) = sections.get_mut(place) {
                section.candidates.extend(news.candidates.iter().cloned());
                section.complete |= news.complete;
            }
        }
        (!sections.is_empty()).then_some(Fragment { sections })
    }

    /// Forgets our open offer (the peer said 488 or 491, or never answered): what was agreed
    /// before stands.
    pub fn roll_back(&mut self) {
        if self.is_offer_open() {
            self.open = None;
        }
    }

    /// Writes the description and its `o=` line: the version goes up by one with each change and
    /// stays without (RFC 3264 §8).
    fn write(&mut self, state: &State, local: &[LocalTransport], half: Half) -> Session {
        let capabilities = &self.capabilities;
        let writer = Writer { state, capabilities, local, half, cname: &self.cname };
        let mut session = writer.session();
        let address = self.origin_address.get_or_insert_with(|| {
            session.connection.clone().unwrap_or_else(|| Origin::default().address)
        });
        let owner: String = self.capabilities.sdp_owner.split_whitespace().collect();
        let origin = |version: u64| Origin {
            username: if owner.is_empty() { "-".to_owned() } else { owner.clone() },
            session_id: self.session_id.to_string(),
            version: version.to_string(),
            address: address.clone(),
        };
        session.origin = origin(self.version);
        if self.sent.as_ref() != Some(&session) {
            self.version += 1;
            session.origin = origin(self.version);
        }
        self.sent = Some(session.clone());
        session
    }
}

/// A MID that two lines claim.
fn repeated_mid(offer: &Session) -> Option<&str> {
    let mids: Vec<&str> = offer.media.iter().filter_map(group::mid).collect();
    let repeated =
        |(index, mid): (usize, &&str)| mids.get(..index).is_some_and(|m| m.contains(mid));
    mids.iter().enumerate().find(|(index, mid)| repeated((*index, mid))).map(|(_, mid)| *mid)
}
