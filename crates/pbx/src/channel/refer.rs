//! REFER and MESSAGE in a call. REFER both ways: the peer sends the other side of its call
//! elsewhere, blind or to somebody it
//! also talks with (RFC 3515, RFC 3891); or we ask the peer to call somebody itself.

use std::time::Duration;

use sidetone_base::ChannelId;
use sidetone_dialplan::{Host as _, Stop};
use sidetone_sip::headers::{CSeq, Event, ReferTo, SubscriptionState};
use sidetone_sip::{HeaderName, Method, Name, Request, Response, sipfrag};
use sidetone_ua::api::{Body, DialogId, DialogRequest, Reply, RequestId, TransactionId};

use super::{Channel, Control, State};
use crate::Cause;
use crate::message;
use crate::referral::{self, Watch};
use crate::replaces;
use crate::transfer::{self, TransferError};
use sidetone_party::identity;

/// How long a peer may take to tell how its own call went, after which nobody waits.
const PATIENCE: Duration = Duration::from_secs(60);

/// A REFER or MESSAGE of ours.
#[derive(Clone, Copy, Debug)]
pub(super) struct Referring {
    request: RequestId,
    /// Its answer is not its end.
    is_refer: bool,
    is_accepted: bool,
    /// How it ended.
    outcome: Option<u16>,
}

/// What a REFER of the peer asks for.
enum Plan {
    /// Join my peer with the peer of this channel.
    Attended(ChannelId),
    /// Send my peer there.
    Blind(String),
}

impl Channel {
    /// The peer wants the other side of its call to go elsewhere.
    pub(super) async fn referred(&mut self, transaction: TransactionId, request: &Request) {
        let peer = self.peer().cloned();
        let done = match self.plan_transfer(request).await {
            Ok(Plan::Attended(target)) => {
                transfer::attended(self, target).map_err(|error| refused(&error))
            }
            Ok(Plan::Blind(exten)) => {
                let variables = self.transfer_variables(request);
                let sent = transfer::blind(self, &exten, variables).await;
                sent.map_err(|error| refused(&error))
            }
            Err(reply) => Err(reply),
        };
        let (Ok(()), Some(dialog)) = (&done, self.signalling.dialog) else {
            let reply = done.err().unwrap_or_else(|| message::reply(481));
            self.signalling.shard.respond(transaction, reply).await;
            return;
        };
        let silent = request.headers.lists(Name::ReferSub, "false");
        let mut reply = message::reply(202);
        reply.headers.push(("Contact".to_owned(), self.signalling.contact.clone()));
        if silent {
            // RFC 4488: the peer wants no news.
            reply.headers.push((Name::ReferSub.as_str().to_owned(), "false".to_owned()));
        }
        self.signalling.shard.respond(transaction, reply).await;
        if silent {
            return;
        }
        let cseq = request.headers.typed::<CSeq>().ok().flatten();
        let number = cseq.map_or(0, |cseq| cseq.number);
        let shard = self.signalling.shard.clone();
        let (watch, farewell) = referral::watch(shard, dialog, number).await;
        self.sip.farewell = Some(farewell);
        if self.bridging.handing.is_some() {
            self.sip.watch = Some(watch);
        } else if !self.endpoint.speech.refer_blind_progress {
            watch.tell(200);
        } else if let Some(peer) = peer {
            peer.tell(Control::Watch(watch));
        }
    }

    async fn plan_transfer(&self, request: &Request) -> Result<Plan, Reply> {
        if !self.endpoint.allow_transfer {
            let words = "this endpoint may not transfer calls (allow_transfer)";
            return Err(message::refusal(603, words));
        }
        let targets = request.headers.typed_all::<ReferTo>().unwrap_or_default();
        let [target] = targets.as_slice() else {
            return Err(message::refusal(400, "REFER needs one Refer-To (RFC 3515 section 2.4.2)"));
        };
        if self.peer().is_none() {
            return Err(refused(&TransferError::NotBridged));
        }
        let Some(replaces) = target.replaces() else {
            return Ok(Plan::Blind(identity::number_of(&target.uri)));
        };
        match self.exchange.find_replaced(&replaces).await {
            Some(found) if !replaces::may(self, found.channel) => {
                Err(message::refusal(403, "that call is not its own"))
            }
            Some(found) => Ok(Plan::Attended(found.channel)),
            // A call of another exchange: the dialplan may know the way there.
            None => Ok(Plan::Blind("external_replaces".to_owned())),
        }
    }

    /// What the transferred side learns of the REFER (`GET_TRANSFERRER_DATA`).
    fn transfer_variables(&self, request: &Request) -> Vec<(String, String)> {
        let text = |name| message::text_of(request, name);
        let mut variables = vec![
            ("SIPTRANSFER".to_owned(), "yes".to_owned()),
            ("SIPREFERTOHDR".to_owned(), text(Name::ReferTo)),
            ("SIPREFERREDBYHDR".to_owned(), text(Name::ReferredBy)),
        ];
        let wanted = self.variable("GET_TRANSFERRER_DATA").unwrap_or_default();
        let prefixes: Vec<&str> = wanted.split(',').map(str::trim).collect();
        let fits = |name: &str| {
            prefixes.iter().filter(|prefix| !prefix.is_empty()).any(|prefix| {
                let prefix = prefix.trim_end_matches('*');
                name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
            })
        };
        for line in &request.headers {
            let name = shown(&line.name);
            if fits(&name) && !name.contains(['(', ')', ',']) {
                let key = format!("HASH(TRANSFER_DATA,{name})");
                variables.push((key, line.value.to_str().into_owned()));
            }
        }
        variables
    }

    /// How the transfer that brought this channel here goes, for whoever asked for it.
    pub(crate) fn tell_transfer(&self, status: u16) {
        if let Some(watch) = &self.sip.watch {
            watch.tell(status);
        }
    }

    /// The channel ends: what the one who transferred it hears, if nobody answered.
    pub(super) fn tell_transfer_failed(&mut self, cause: Cause) {
        if let Some(watch) = self.sip.watch.take() {
            let dialled = self.variables.value("~HANGUPCAUSE").and_then(|cause| cause.parse().ok());
            watch.tell(dialled.map_or(cause, Cause).status());
        }
    }

    pub(super) fn watched(&mut self, watch: Watch) {
        self.sip.watch = Some(watch);
    }

    /// Asks the peer to call somebody else itself. Answers how that went: 0 and true, or the
    /// status that refused it.
    ///
    /// # Errors
    /// [`Stop`] when the channel is hung up meanwhile. A peer that accepted and hangs up is about
    /// to do what it was asked for: [`Channel::referral_accepted`].
    pub async fn refer(&mut self, uri: &str) -> Result<u16, Stop> {
        let Some(dialog) = self.signalling.dialog.filter(|_| self.state == State::Up) else {
            return Ok(481);
        };
        let own = self.sip.names.local_uri.clone();
        let mut headers = vec![("Refer-To".to_owned(), format!("<{uri}>"))];
        if !own.is_empty() {
            headers.push(("Referred-By".to_owned(), format!("<{own}>")));
        }
        let request = DialogRequest { method: Method::Refer, headers, body: None };
        self.ask(dialog, request).await
    }

    /// Writes to the peer and waits for its answer.
    ///
    /// # Errors
    /// [`Stop`] when the channel is hung up meanwhile.
    pub async fn send_text(&mut self, kind: &str, text: &str) -> Result<u16, Stop> {
        let Some(dialog) = self.signalling.dialog.filter(|_| self.state == State::Up) else {
            return Ok(481);
        };
        self.ask(dialog, written(kind, text)).await
    }

    /// What the other side of the bridge writes.
    pub(super) async fn pass_text(&mut self, kind: String, text: String) {
        let Some(dialog) = self.signalling.dialog.filter(|_| self.state == State::Up) else {
            return;
        };
        let inbox = self.inbox();
        let request = written(&kind, &text);
        let id = self.signalling.shard.in_dialog(dialog, request, inbox).await;
        self.note_asked(id);
    }

    /// Sends a request in the dialog and waits for its end.
    async fn ask(&mut self, dialog: DialogId, request: DialogRequest) -> Result<u16, Stop> {
        let is_refer = request.method == Method::Refer;
        let inbox = self.inbox();
        let id = self.signalling.shard.in_dialog(dialog, request, inbox).await;
        self.note_asked(id);
        let referring = Referring { request: id, is_refer, is_accepted: false, outcome: None };
        self.sip.referring = Some(referring);
        let until = self.until(PATIENCE);
        loop {
            if let Some(outcome) = self.sip.referring.and_then(|referring| referring.outcome) {
                self.sip.referring = None;
                return Ok(outcome);
            }
            match self.turn(Some(until)).await? {
                Some(super::Happening::Digit(digit)) => self.keep_digit(digit),
                Some(super::Happening::Deadline) => {
                    let accepted = self.referral_accepted();
                    self.sip.referring = None;
                    return Ok(if accepted { 200 } else { 408 });
                }
                _ => {}
            }
        }
    }

    /// Whether the peer accepted our REFER and its end is open.
    #[must_use]
    pub fn referral_accepted(&self) -> bool {
        self.sip.referring.is_some_and(|referring| referring.is_accepted)
    }

    /// The answer to a request of ours, should it be the REFER.
    pub(super) fn refer_answered(&mut self, id: RequestId, response: &Response) {
        let Some(referring) = self.sip.referring.as_mut().filter(|own| own.request == id) else {
            return;
        };
        let status = response.status.code();
        referring.is_accepted = (200..300).contains(&status);
        let silent = !referring.is_refer || response.headers.lists(Name::ReferSub, "false");
        if status >= 300 || (referring.is_accepted && silent) {
            referring.outcome = Some(status);
        }
    }

    /// The REFER met nothing.
    pub(super) fn refer_failed(&mut self, id: RequestId) {
        if let Some(referring) = self.sip.referring.as_mut().filter(|own| own.request == id) {
            referring.outcome = Some(408);
        }
    }

    /// A NOTIFY of the peer.
    pub(super) fn notified(&mut self, request: &Request) -> Reply {
        let event = request.headers.typed::<Event>().ok().flatten();
        if event.is_none_or(|event| !event.package.eq_ignore_case("refer")) {
            // RFC 6665 §7.2.2.
            let mut reply = message::refusal(489, "only referrals are followed in a call");
            // RFC 6665 §8.2.1.
            reply.headers.push(("Allow-Events".to_owned(), "refer".to_owned()));
            return reply;
        }
        let Some(referring) = &mut self.sip.referring else {
            return message::reply(481);
        };
        let state = request.headers.typed::<SubscriptionState>().ok().flatten();
        let over = state.is_some_and(|state| state.is_terminated());
        let told = sipfrag::read(&request.body).map(|status| status.code());
        match told {
            Some(status) if status >= 200 => referring.outcome = Some(status),
            _ if over => referring.outcome = Some(500),
            _ => {}
        }
        message::reply(200)
    }

    /// Whether it is an end of a Local channel and has no SIP side.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.far_end.is_some()
    }

    /// Sends whoever called elsewhere with `302 Moved Temporarily`. False when it is too late.
    pub async fn redirect_caller(&mut self, uri: &str) -> bool {
        if self.state == State::Up || self.is_stopped() {
            return false;
        }
        let Some(dialog) = self.signalling.dialog.take() else {
            return false;
        };
        let mut reply = message::reply(302);
        reply.headers.push(("Contact".to_owned(), format!("<{uri}>")));
        self.signalling.shard.respond_invite(dialog, reply, false).await;
        true
    }
}

/// A text in a call.
fn written(kind: &str, text: &str) -> DialogRequest {
    let kind = if kind.is_empty() { "text/plain;charset=UTF-8" } else { kind };
    let body = Body { content_type: kind.to_owned(), bytes: text.as_bytes().to_vec().into() };
    DialogRequest { method: Method::Message, headers: Vec::new(), body: Some(body) }
}

fn shown(name: &HeaderName) -> String {
    String::from_utf8_lossy(name.as_bytes()).into_owned()
}

/// The response that says why a transfer does not begin.
fn refused(error: &TransferError) -> Reply {
    let status = match error {
        TransferError::NotBridged => 603,
        TransferError::NoExtension => 404,
        TransferError::Gone => 481,
    };
    message::refusal(status, &error.to_string())
}
