//! The offer/answer exchange for one leg over its life (RFC 3264, RFC 8829).

pub mod capabilities;
pub mod codec_spec;
pub mod reject;
pub mod wish;

pub use capabilities::{Capabilities, CodecOrder, Keep, Security};
pub use codec_spec::CodecSpec;
pub use reject::{Cause, Fault, Reject};
pub use wish::{CodecWish, KindWish, StreamWish, Wish};

use sidetone_base::Random;

use crate::plan::{LocalTransport, MediaPlan};
use crate::session::Session;

/// What the next offer or answer needs from the media leg.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requirements {
    /// Number of [`LocalTransport`]s, counted from the first; those that exist already included.
    pub transports: usize,
    /// They must do ICE.
    pub ice: bool,
    /// They must do DTLS.
    pub dtls: bool,
    /// RTCP needs a port of its own.
    pub separate_rtcp: bool,
    /// Transports for which the peer restarts ICE: they need new credentials and candidates
    /// before the answer (RFC 8445 §9).
    pub ice_restarts: Vec<usize>,
}

/// The exchange of one leg: everything agreed so far and everything that must stay.
///
/// Clone it after an initial offer for each fork that answers.
#[derive(Clone, Debug)]
pub struct Negotiation {
    capabilities: Capabilities,
}

#[allow(
    missing_docs,
    clippy::todo,
    unused_variables,
    clippy::needless_pass_by_ref_mut
)]
impl Negotiation {
    #[must_use]
    pub fn new(capabilities: Capabilities, random: &mut dyn Random) -> Self {
        Self { capabilities }
    }
    #[must_use]
    pub fn requirements(&self, offer: &Session, wish: &Wish) -> Requirements {
        todo!()
    }
    #[must_use]
    pub fn offer_requirements(&self, wish: &Wish) -> Requirements {
        todo!()
    }
    pub fn answer(
        &mut self,
        offer: &Session,
        local: &[LocalTransport],
        wish: &Wish,
        random: &mut dyn Random,
    ) -> Result<(Session, MediaPlan), Reject> {
        todo!()
    }
    pub fn offer(
        &mut self,
        local: &[LocalTransport],
        wish: &Wish,
        random: &mut dyn Random,
    ) -> Result<Session, Reject> {
        todo!()
    }
    pub fn accept_answer(&mut self, answer: &Session) -> Result<MediaPlan, Reject> {
        todo!()
    }
    pub fn roll_back(&mut self) {
        todo!()
    }
    #[must_use]
    pub fn plan(&self) -> &MediaPlan {
        todo!()
    }
    #[must_use]
    pub fn refusals(&self) -> &[Fault] {
        todo!()
    }
    #[must_use]
    pub fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }
}
