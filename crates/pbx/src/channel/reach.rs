//! A channel and its addresses: trickle ICE over INFO in both directions (RFC 8838, RFC 8840), and
//! the re-INVITE that tells a peer our new addresses.

use std::time::{Duration, Instant};

use sidetone_sdp::negotiation::Trickled;
use sidetone_sdp::trickle::Fragment;
use sidetone_sip::headers::Headers;
use sidetone_sip::{HeaderName, Method, NameAddr, Text};
use sidetone_terms::session;
use sidetone_ua::api::{Body, DialogRequest, Reply};

use super::{Channel, State, signal};
use crate::incoming;
use crate::message::{self, ALLOW, user_of};

/// The info package (RFC 8840 §10.1), and the option tag.
pub(crate) const PACKAGE: &str = "trickle-ice";
/// Candidates that wait until the peer has our description.
const MAX_LATE: usize = 16;
/// While another offer is open, or the call not yet answered, ours waits.
const POSTPONED: Duration = Duration::from_secs(1);
/// How often: an answer may take minutes, a change of addresses is worth telling until then.
const MAX_POSTPONED: u8 = 120;

/// What a channel keeps about its addresses.
#[derive(Debug, Default)]
pub(crate) struct Reaching {
    /// The peer takes trickled candidates: it said so in `Recv-Info`.
    peer_listens: bool,
    late: Vec<Trickled>,
    /// Our new addresses are offered then.
    due: Option<Instant>,
    postponed: u8,
    /// The open offer is about that.
    offering: bool,
}

impl Channel {
    /// Whether the peer takes trickled candidates, as its INVITE or answer says.
    pub(crate) fn note_info_packages(&mut self, headers: &Headers) {
        let name = HeaderName::read(&Text::from("Recv-Info"));
        let lines = headers.iter().filter(|line| line.name == name);
        let mut packages = lines.map(|line| line.value.to_str().into_owned());
        if packages.any(|line| line.split(',').any(|word| word.trim() == PACKAGE)) {
            self.reaching.peer_listens = true;
        }
    }

    /// The headers by which a message of ours says that we take trickled candidates.
    pub(crate) fn info_packages(&self) -> Option<(String, String)> {
        session::trickles(&self.exchange.config(), &self.endpoint)
            .then(|| ("Recv-Info".to_owned(), PACKAGE.to_owned()))
    }

    /// The extensions that the peer may require in this call.
    pub(super) fn supported(&self) -> (String, String) {
        let (known, config) = (self.exchange.supported(), self.exchange.config());
        ("Supported".to_owned(), session::supported(known, &config, &self.endpoint))
    }

    /// An INFO with the peer's candidates.
    pub(super) async fn trickled(&mut self, body: &[u8]) -> Reply {
        let fragment = match Fragment::parse(body) {
            Ok(fragment) => fragment,
            Err(error) => return message::refusal(400, &error.to_string()),
        };
        let Some(media) = &self.media else { return message::reply(200) };
        let mut plan = media.negotiation.plan().clone();
        let mut found = false;
        for trickled in media.negotiation.trickled(&fragment) {
            let transport = plan.transports.get_mut(trickled.transport);
            if let Some(ice) = transport.and_then(|transport| transport.ice.as_mut()) {
                found |= !trickled.candidates.is_empty() || trickled.complete;
                ice.candidates.extend(trickled.candidates);
                ice.complete |= trickled.complete;
            }
        }
        if found && let Err(error) = media.leg.apply(plan).await {
            tracing::warn!("{}: trickled candidates cannot be used: {error}", self.name);
        }
        message::reply(200)
    }

    /// More addresses of ours were found; says what becomes of them.
    pub(super) async fn candidates_found(
        &mut self,
        transport: usize,
        candidates: Vec<String>,
        complete: bool,
    ) -> String {
        let count = candidates.len();
        if self.reaching.late.len() < MAX_LATE {
            self.reaching.late.push(Trickled { transport, candidates, complete });
        }
        self.tell_candidates().await;
        let told = if self.reaching.peer_listens {
            "the peer is told"
        } else {
            "the peer takes no trickled candidates and finds them by our checks"
        };
        let end = if complete { ", no more will come" } else { "" };
        format!("{count} more ICE candidates were found{end}: {told}")
    }

    /// Sends what waits, once the peer has our description.
    pub(super) async fn tell_candidates(&mut self) {
        let ready = self.state == State::Up && !self.is_offering();
        let (true, Some(dialog)) = (ready, self.signalling.dialog) else { return };
        let late = std::mem::take(&mut self.reaching.late);
        if late.is_empty() || !self.reaching.peer_listens {
            return;
        }
        let Some(media) = &self.media else { return };
        let fragment = media.negotiation.fragment(&late, media.leg.local_transports());
        let Some(fragment) = fragment else { return };
        let request = DialogRequest {
            method: Method::Info,
            headers: vec![
                ("Info-Package".to_owned(), PACKAGE.to_owned()),
                ("Content-Disposition".to_owned(), "Info-Package".to_owned()),
            ],
            body: Some(Body {
                content_type: Fragment::CONTENT_TYPE.to_owned(),
                bytes: fragment.to_string().into(),
            }),
        };
        self.signalling.shard.in_dialog(dialog, request, self.own_inbox.clone()).await;
    }

    /// Our addresses changed: as soon as it can be, the peer is offered the new ones.
    pub(super) fn readdress(&mut self) {
        self.reaching.postponed = 0;
        self.reaching.due = Some(self.exchange.now());
    }

    /// When [`Self::offer_addresses`] is due.
    pub(super) fn readdress_due(&self) -> Option<Instant> {
        self.reaching.due
    }

    /// Offers new addresses, with ICE new credentials too; media goes on over the old path until
    /// the answer. Does not wait for it.
    pub(super) async fn offer_addresses(&mut self) {
        let now = self.exchange.now();
        let Some(dialog) = self.signalling.dialog.filter(|_| self.media.is_some()) else {
            self.reaching.due = None;
            return;
        };
        if self.state != State::Up || self.is_offering() {
            self.reaching.postponed += 1;
            let again = self.reaching.postponed < MAX_POSTPONED;
            self.reaching.due = again.then_some(now + POSTPONED);
            return;
        }
        self.reaching.due = None;
        let flow = self.signalling.flow;
        let Some(policy) = self.exchange.new_addresses(&self.endpoint, flow.as_ref()) else {
            // The peer is on our side of the NAT: nothing changed for it.
            return;
        };
        let wish = self.standing_wish();
        if let Some(media) = &mut self.media
            && let Err(error) = media.leg.readdress(policy).await
        {
            tracing::warn!("{}: {error}", self.name);
            return;
        }
        let offer = match self.make_offer(&wish, None).await {
            Ok(offer) => offer,
            Err(error) => {
                tracing::warn!("{}: cannot offer our new addresses: {error}", self.name);
                return;
            }
        };
        self.renew_contact();
        let mut headers = vec![("Allow".to_owned(), ALLOW.to_owned())];
        headers.push(("Contact".to_owned(), self.signalling.contact.clone()));
        headers.extend(self.info_packages());
        let body = Some(message::sdp_body(offer));
        let request = DialogRequest { method: Method::Invite, headers, body };
        self.reoffer = signal::Reoffer::Refused;
        self.reaching.offering = true;
        self.signalling.shard.in_dialog(dialog, request, self.own_inbox.clone()).await;
    }

    /// Where the peer reaches us may have changed with our addresses (NAT-18).
    fn renew_contact(&mut self) {
        let Some(flow) = &self.signalling.flow else { return };
        let before = Text::from(self.signalling.contact.as_str());
        let before = NameAddr::parse(&before).ok();
        let user = before.as_ref().and_then(|contact| user_of(&contact.uri));
        let is_secure = before.as_ref().is_some_and(|contact| contact.uri.is_sips());
        let (exchange, endpoint) = (&self.exchange, &self.endpoint);
        self.signalling.contact =
            incoming::contact(exchange, endpoint, flow, user.as_deref(), is_secure);
    }

    /// An offer ended; one about addresses that met an offer of the peer comes again.
    pub(super) fn addresses_offered(&mut self, glare: Option<Duration>) {
        if std::mem::take(&mut self.reaching.offering) {
            self.reaching.due = glare.map(|after| self.exchange.now() + after);
        }
    }

    /// Does what is due about addresses; called whenever the channel wakes.
    pub(super) async fn keep_addressed(&mut self) {
        if self.reaching.due.is_some_and(|due| due <= self.exchange.now()) {
            // Rare, and large: a channel's future must not hold it all the time.
            Box::pin(self.offer_addresses()).await;
        }
        if !self.reaching.late.is_empty() {
            Box::pin(self.tell_candidates()).await;
        }
    }
}
