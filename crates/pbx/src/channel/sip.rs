//! What a channel knows of its SIP leg beyond the call itself, for the functions of the dialplan:
//! headers to send, headers that came, the names of the dialog, the causes of the branches it
//! called, who forwarded the call. And how a new connected party is shown to the peer.

use std::sync::Arc;

use sidetone_config::objects::endpoint::ConnectedLineMethod;
use sidetone_sdp::attributes::Fax;
use sidetone_sip::headers::{From, Headers, MaxForwards, To};
use sidetone_sip::{Method, Name, NameAddr, Request, Response};
use sidetone_ua::api::{DialogId, DialogRequest, Failure, RequestId};

use super::refer::Referring;
use super::{Channel, Control, State};
use crate::Cause;
use crate::local::Pairs;
use crate::message::{self, ALLOW};
use crate::party::{PartyId, Redirecting};
use crate::referral::{Farewell, Watch};
use crate::text::TextMessage;
use sidetone_party::identity::{self, Side};

pub use sidetone_party::identity::FromParam;

/// Headers, causes and the like that one channel may collect; more is a dialplan in a loop.
const MOST: usize = 64;

/// What a called channel gets from the one that calls it, besides variables.
#[derive(Clone, Debug, Default)]
pub struct Inherited {
    /// Headers for its INVITE (`PJSIP_INHERITABLE_HEADER`, `SIPAddHeader`).
    pub headers: Vec<(String, String)>,
    /// Who forwarded the call.
    pub redirecting: Redirecting,
    /// The pairs of Local channels in the whole call.
    pub(crate) pairs: Arc<Pairs>,
    /// How many of them lie between it and the beginning of the call.
    pub(crate) depth: u16,
    /// How many exchanges and proxies it may pass yet (RFC 3261 §20.22, RFC 7332), if a peer said.
    pub(crate) hops: Option<u8>,
    /// The call begins with a fax: what the caller's machine says of itself.
    pub(crate) fax: Option<Fax>,
}

/// How a channel that this one called ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BranchCause {
    /// Its name.
    pub channel: String,
    /// In the words of SIP, as in `SIP 486 Busy Here`.
    pub tech: String,
    /// As a cause.
    pub cause: Cause,
}

/// What the dialog is called on the wire.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// Call-ID.
    pub call_id: String,
    /// Our address, with display name and without tag.
    pub local_uri: String,
    /// Our tag; empty until it is known.
    pub local_tag: String,
    /// The peer's address.
    pub remote_uri: String,
    /// The peer's tag.
    pub remote_tag: String,
    /// Where requests to the peer are addressed.
    pub target_uri: String,
}

/// The rest of what a channel knows of its SIP leg.
#[derive(Debug, Default)]
pub struct SipFacts {
    /// Headers for the INVITE we send.
    pub headers: Vec<(String, String)>,
    /// Headers for the INVITEs of the channels this one calls.
    pub inheritable: Vec<(String, String)>,
    /// Parameters for From of the INVITE we send.
    pub from_params: Vec<FromParam>,
    /// The 2xx to our INVITE, or to that of the channel this one called last.
    pub answer: Option<Arc<Response>>,
    /// How the channels that this one called ended.
    pub causes: Vec<BranchCause>,
    /// Who forwarded the call.
    pub redirecting: Redirecting,
    /// The pairs of Local channels in the whole call.
    pairs: Arc<Pairs>,
    /// How many of them lie between it and the beginning of the call.
    depth: u16,
    /// How many exchanges and proxies the call may pass yet.
    pub(crate) hops: Option<u8>,
    /// What the dialog is called.
    pub names: Names,
    /// The text that runs the dialplan, or that is to be sent.
    pub message: Option<Box<TextMessage>>,
    /// The final response `PJSIPHangup` wants.
    pub(crate) refusal: Option<u16>,
    /// Who hears how the transfer goes that brought the channel here, or that it asked for.
    pub(super) watch: Option<Watch>,
    /// Takes the BYE of a call that was transferred away, to say it after the news.
    pub(super) farewell: Option<Farewell>,
    /// A REFER of ours.
    pub(super) referring: Option<Referring>,
    /// The connected party the peer was shown last.
    shown: Option<PartyId>,
    /// Whether the peer knows UPDATE.
    updates: bool,
    /// Requests of ours in the dialog that are no offers of the application.
    asked: Vec<RequestId>,
}

impl SipFacts {
    /// How many exchanges and proxies what it passes on may pass yet: one less than what came.
    #[must_use]
    pub fn hops_left(&self) -> Option<u8> {
        self.hops.map(|hops| hops.saturating_sub(1))
    }

    /// Adds a header for our INVITE. False when there are too many.
    pub fn add(list: &mut Vec<(String, String)>, name: &str, value: &str) -> bool {
        let fits = list.len() < MOST;
        if fits {
            list.push((name.to_owned(), value.to_owned()));
        }
        fits
    }

    /// Notes how a called channel ended; of too many the oldest goes.
    pub(crate) fn note_cause(&mut self, cause: BranchCause) {
        self.causes.retain(|known| known.channel != cause.channel);
        if self.causes.len() >= MOST {
            self.causes.remove(0);
        }
        self.causes.push(cause);
    }

    /// What a called channel begins with.
    pub(crate) fn of_call(inherited: &Inherited) -> Self {
        Self {
            headers: inherited.headers.clone(),
            redirecting: inherited.redirecting.clone(),
            pairs: Arc::clone(&inherited.pairs),
            depth: inherited.depth,
            hops: inherited.hops,
            ..Self::default()
        }
    }

    /// The names as the INVITE of the peer has them.
    pub(crate) fn of_request(request: &Request, local_tag: String) -> Self {
        let from = request.headers.typed::<From>().ok().flatten().map(|from| from.0);
        let to = request.headers.typed::<To>().ok().flatten().map(|to| to.0);
        let names = Names {
            call_id: message::text_of(request, Name::CallId),
            local_uri: without_tag(to.as_ref()),
            local_tag,
            remote_uri: without_tag(from.as_ref()),
            remote_tag: tag_of(from.as_ref()),
            target_uri: message::contact_of(request),
        };
        let redirecting = identity::redirecting_of(&request.headers).unwrap_or_default();
        let updates = request.headers.lists(Name::Allow, "UPDATE");
        let hops = request.headers.typed::<MaxForwards>().ok().flatten();
        let hops = hops.map(|hops| hops.0);
        Self { names, redirecting, updates, hops, ..Self::default() }
    }
}

fn without_tag(address: Option<&NameAddr>) -> String {
    let Some(address) = address else {
        return String::new();
    };
    address.uri.to_text().to_str().into_owned()
}

fn tag_of(address: Option<&NameAddr>) -> String {
    let tag = address.and_then(|address| address.tag());
    tag.map(|tag| tag.to_str().into_owned()).unwrap_or_default()
}

impl Channel {
    /// What is known of the SIP leg.
    #[must_use]
    pub fn sip(&self) -> &SipFacts {
        &self.sip
    }

    /// The same, to be changed.
    pub fn sip_mut(&mut self) -> &mut SipFacts {
        &mut self.sip
    }

    /// What the channels it calls get from it.
    #[must_use]
    pub fn inheritance(&self) -> Inherited {
        Inherited {
            headers: self.sip.inheritable.clone(),
            redirecting: self.sip.redirecting.clone(),
            pairs: Arc::clone(&self.sip.pairs),
            depth: self.sip.depth,
            hops: self.sip.hops_left(),
            fax: self.first_fax().cloned(),
        }
    }

    /// Changes who it is connected with; the peer is told when the channel waits next.
    pub fn set_connected(&mut self, party: PartyId, tell: bool) {
        self.listing.update(|facts| facts.connected_number.clone_from(&party.number));
        self.connected = party;
        if tell {
            // A full inbox is being ended by the shard.
            let _ = self.own_inbox.try_send(Control::ShowConnected.into());
        }
    }

    /// Our address as the peer may see it, as a URI writes it.
    #[must_use]
    pub fn own_host(&self) -> Option<String> {
        let flow = self.signalling.flow?;
        let host = self.exchange.public_address(&self.endpoint, &flow).0;
        Some(if host.is_ipv6() { format!("[{host}]") } else { host.to_string() })
    }

    /// Reads the names and the identity out of a response to our INVITE.
    pub(crate) async fn learn_response(&mut self, response: &Response) {
        let headers = &response.headers;
        if let (Ok(Some(from)), Ok(Some(to))) = (headers.typed::<From>(), headers.typed::<To>()) {
            let names = &mut self.sip.names;
            names.local_uri = without_tag(Some(&from));
            names.local_tag = tag_of(Some(&from));
            names.remote_uri = without_tag(Some(&to));
            names.remote_tag = tag_of(Some(&to));
        }
        if let Ok(Some(contact)) = headers.typed::<sidetone_sip::headers::Contact>()
            && let Some(uri) = contact.uri()
        {
            self.sip.names.target_uri = uri.to_text().to_str().into_owned();
        }
        if headers.has(Name::Allow) {
            self.sip.updates = headers.lists(Name::Allow, "UPDATE");
        }
        if let Some(party) = identity::of_connected(&self.endpoint, headers)
            && self.caller != party
        {
            self.set_caller(party);
        }
    }

    /// The peer says who it is, or who is there now: whoever talks with it hears so.
    pub(super) fn learn_identity(&mut self, headers: &Headers) {
        if headers.has(Name::Allow) {
            self.sip.updates = headers.lists(Name::Allow, "UPDATE");
        }
        let Some(party) = identity::of_connected(&self.endpoint, headers) else {
            return;
        };
        if self.caller == party {
            return;
        }
        self.set_caller(party.clone());
        if let Some(peer) = &self.peer {
            peer.tell(Control::Connected(Box::new(party)));
        }
    }

    /// Another channel says who is there now.
    pub(super) async fn connected_with(&mut self, party: PartyId) {
        if party.is_empty() || self.connected == party {
            return;
        }
        self.set_connected(party, false);
        self.show_connected().await;
    }

    /// The headers that say who the peer is connected with, as far as it may know.
    pub(super) fn connected_headers(&mut self) -> Vec<(String, String)> {
        if !self.endpoint.speech.send_connected_line {
            return Vec::new();
        }
        let Some(host) = self.own_host() else {
            return Vec::new();
        };
        self.sip.shown = Some(self.connected.clone());
        identity::headers(&self.endpoint, &self.connected, &host, Side::Called)
    }

    /// Shows the peer who it is connected with: by UPDATE or re-INVITE during the call, by another
    /// provisional response before it when `rpid_immediate` says so.
    pub(super) async fn show_connected(&mut self) {
        let Some(dialog) = self.signalling.dialog.filter(|_| !self.is_stopped()) else {
            return;
        };
        if self.sip.shown.as_ref() == Some(&self.connected) {
            return;
        }
        if self.state != State::Up {
            if self.endpoint.speech.rpid_immediate && self.signalling.said >= 180 {
                self.say(message::reply(180)).await;
            }
            return;
        }
        let headers = self.connected_headers();
        if headers.is_empty() || self.is_offering() {
            return;
        }
        let update = self.endpoint.speech.connected_line_method == ConnectedLineMethod::Update;
        self.say_again(dialog, headers, update && self.sip.updates).await;
    }

    /// `PJSIP_SEND_SESSION_REFRESH`.
    pub(super) async fn refresh(&mut self, update: bool) {
        let dialog = self.signalling.dialog.filter(|_| self.state == State::Up);
        if let Some(dialog) = dialog.filter(|_| !self.is_offering() && !self.is_stopped()) {
            let headers = self.connected_headers();
            self.say_again(dialog, headers, update).await;
        }
    }

    /// UPDATE without a description, or a re-INVITE with what was agreed.
    async fn say_again(&mut self, dialog: DialogId, headers: Vec<(String, String)>, update: bool) {
        let mut request = DialogRequest { method: Method::Update, headers, body: None };
        request.headers.push(("Allow".to_owned(), ALLOW.to_owned()));
        if update {
            let inbox = self.own_inbox.clone();
            let id = self.signalling.shard.in_dialog(dialog, request, inbox).await;
            self.note_asked(id);
            return;
        }
        let wish = self.standing_wish();
        let Ok(offer) = self.make_offer(&wish, None).await else {
            return;
        };
        request.method = Method::Invite;
        request.body = Some(message::sdp_body(offer));
        self.signalling.shard.in_dialog(dialog, request, self.own_inbox.clone()).await;
    }

    /// A re-INVITE that showed the connected party met one of the peer: again after a while.
    pub(super) fn show_again(&mut self, why: Failure) {
        if let Failure::Glare { again_after } = why
            && self.sip.shown.as_ref() == Some(&self.connected)
        {
            self.sip.shown = None;
            let inbox = self.own_inbox.clone();
            tokio::spawn(async move {
                tokio::time::sleep(again_after).await;
                // The call may be over meanwhile.
                let _ = inbox.try_send(Control::ShowConnected.into());
            });
        }
    }

    /// A request of ours that is no offer.
    pub(super) fn note_asked(&mut self, id: RequestId) {
        if self.sip.asked.len() >= MOST {
            self.sip.asked.remove(0);
        }
        self.sip.asked.push(id);
    }

    /// Whether a response is to such a request; its last response ends it.
    pub(super) fn was_asked(&mut self, id: RequestId, is_final: bool) -> bool {
        let Some(place) = self.sip.asked.iter().position(|own| *own == id) else {
            return false;
        };
        if is_final {
            self.sip.asked.remove(place);
        }
        true
    }
}
