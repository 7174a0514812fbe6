//! INVITEs we send outside dialogs: forks, CANCEL, answers, ACK (RFC 3261 §13.2, §9.1).

use sidetone_base::Flow;
use sidetone_sip::headers::{CSeq, Contact, MinSe, TypedHeader as _};
use sidetone_sip::{Essentials, Method, Name, NameAddr, Request, Response, Status, Text, Uri};

use super::session::MAX_MIN_SE_S;
use super::{
    Cancelling, Dialog, DialogKey, Origin, OutgoingInvite, Reach, Reliable, SentAck, Session,
    Stage, Usages, credentials_in, record_routes,
};
use crate::api::{Body, Call, DialogId, Event, Failure, InviteId, OutgoingRequest, RequestId};
use crate::digest::Proof;
use crate::print::{add_body, add_headers};
use crate::settings::SessionTimers;
use crate::stack::{Stack, Timer};
use crate::transaction::{ClientId, Purpose};

/// Times an INVITE is repeated with a longer session interval after 422. Each answer raises it,
/// so more than a few mean that somebody is playing.
const MAX_INTERVAL_RETRIES: u32 = 3;
/// Forks of one INVITE that are followed; further ones are counted and get no ACK, so that they
/// end by themselves.
const MAX_FORKS: usize = 16;
/// Forks of one INVITE that may answer: beyond it the peer makes them up.
const MAX_ANSWERS: usize = 64;

impl Stack {
    /// [`crate::api::Command::SessionTimers`].
    pub(crate) fn command_session_timers(&mut self, of: Call, timers: SessionTimers) {
        let id = match of {
            Call::Outgoing(invite) => {
                self.session_timers.insert(invite, timers);
                return;
            }
            Call::Incoming(id) => id,
        };
        let Some(dialog) = self.dialogs.get_mut(&id) else {
            return;
        };
        let Origin::Incoming(transaction) = dialog.origin else {
            return;
        };
        let Some(server) = self.servers.get(&transaction) else {
            return;
        };
        dialog.session = Session::of_peer(timers, &server.request.headers);
        let Some(response) = dialog.session.refusal(&server.request) else {
            return;
        };
        let response = response.with_to_tag(&server.to_tag.to_str());
        self.refuse_timers(transaction, &response);
        self.end_with(id, crate::api::Ended::Refused);
    }

    /// [`crate::api::Command::Invite`].
    pub(crate) fn command_invite(&mut self, invite: InviteId, outgoing: &OutgoingRequest) {
        let timers = self.session_timers.remove(&invite);
        let timers = timers.unwrap_or(self.settings.session_timers);
        let request = self.outside_request(Method::Invite, outgoing);
        let (Some(mut request), false) = (request, self.invites.contains_key(&invite)) else {
            self.emit(Event::InviteFailed { invite, why: Failure::Malformed });
            return;
        };
        Session::offer(timers, timers.min_se_s, &mut request);
        let proof = outgoing.logins.clone().map(|logins| Box::new(Proof::new(logins)));
        let purpose = Purpose::Invite(invite);
        let (destination, others) = (outgoing.destination, outgoing.others.clone());
        let client = self.open_client(Box::new(request), destination, purpose, proof, others);
        let entry = OutgoingInvite {
            client,
            dialogs: Vec::new(),
            sent_by: Text::from(outgoing.sent_by.as_str()),
            contact: outgoing.contact.as_deref().map(Text::from),
            timers,
            cancel: Cancelling::Not,
            retries: 0,
        };
        self.invites.insert(invite, entry);
    }

    /// [`crate::api::Command::Send`].
    pub(crate) fn command_send(&mut self, request_id: RequestId, outgoing: &OutgoingRequest) {
        let Some(request) = self.outside_request(outgoing.method.clone(), outgoing) else {
            self.emit(Event::RequestFailed { request_id, why: Failure::Malformed });
            return;
        };
        let purpose = Purpose::Outside(request_id);
        let proof = outgoing.logins.clone().map(|logins| Box::new(Proof::new(logins)));
        let (destination, others) = (outgoing.destination, outgoing.others.clone());
        self.open_client(Box::new(request), destination, purpose, proof, others);
    }

    /// A request outside a dialog, signed; none when its URI or addresses cannot be read.
    fn outside_request(&mut self, method: Method, outgoing: &OutgoingRequest) -> Option<Request> {
        let uri = outgoing.uri.parse::<Uri>().ok()?.without_headers();
        let mut from = NameAddr::parse(&Text::from(outgoing.from.as_str())).ok()?;
        let mut to = NameAddr::parse(&Text::from(outgoing.to.as_str())).ok()?;
        to.uri = to.uri.without_headers();
        let call_id = match &outgoing.call_id {
            Some(call_id) => Text::from(call_id.as_str()),
            None => Text::from(self.random.token(24)),
        };
        from.params.set("tag", Some(self.tag_of_call(&call_id)));
        let cseq = CSeq { number: self.fresh_cseq(), method: method.clone() };
        let mut request = Request::new(method, uri);
        for route in &outgoing.route {
            request.headers.push(Name::Route, route.as_str());
        }
        let print = |address: &NameAddr| {
            let mut out = Vec::with_capacity(64);
            address.write(&mut out);
            out
        };
        request.headers.push(Name::From, print(&from));
        request.headers.push(Name::To, print(&to));
        request.headers.push(Name::CallId, call_id);
        request.headers.push(Name::CSeq, cseq.to_text());
        if let Some(contact) = &outgoing.contact {
            request.headers.push(Name::Contact, contact.as_str());
        }
        add_headers(&mut request.headers, &outgoing.headers);
        add_body(&mut request, outgoing.body.as_ref());
        let via = self.via(outgoing.destination, &outgoing.sent_by, &outgoing.uri);
        self.sign_request(&mut request, &via);
        Some(request)
    }

    /// [`crate::api::Command::Cancel`].
    pub(crate) fn command_cancel(&mut self, invite: InviteId, headers: &[(String, String)]) {
        let Some(entry) = self.invites.get_mut(&invite) else {
            return;
        };
        let Cancelling::Not = entry.cancel else {
            return;
        };
        let client = entry.client;
        let proceeding = self.clients.get(&client).is_some_and(|client| client.is_proceeding());
        if proceeding {
            entry.cancel = Cancelling::Sent;
            self.cancel_now(invite, client, headers);
        } else {
            entry.cancel = Cancelling::Queued(headers.to_vec());
        }
    }

    fn cancel_now(&mut self, invite: InviteId, client: ClientId, headers: &[(String, String)]) {
        self.send_cancel(client, headers);
        // RFC 3261 §9.1: a peer that never answers the INVITE is given up after 64·T1.
        self.timers.set(Timer::CancelGuard(invite), self.now + self.settings.patience());
    }

    /// No final answer came after CANCEL.
    pub(crate) fn give_up_cancel(&mut self, invite: InviteId) {
        let Some(client) = self.invites.get(&invite).map(|entry| entry.client) else {
            return;
        };
        self.forget_invite(invite);
        self.remove_client(client);
        self.emit(Event::InviteFailed { invite, why: Failure::Cancelled });
    }

    /// Forgets an INVITE and its early dialogs.
    fn forget_invite(&mut self, invite: InviteId) {
        self.timers.cancel(&Timer::CancelGuard(invite));
        let Some(entry) = self.invites.remove(&invite) else {
            return;
        };
        for (_, dialog) in entry.dialogs {
            let early = self.dialogs.get(&dialog).is_some_and(|d| d.stage == Stage::Early);
            if early {
                self.end_dialog(dialog);
            }
        }
    }

    /// The transaction of an INVITE is gone: no further fork can answer.
    pub(crate) fn invite_done(&mut self, invite: InviteId, client: ClientId) {
        if self.invites.get(&invite).is_some_and(|entry| entry.client == client) {
            self.forget_invite(invite);
        }
    }

    /// Our INVITE got no answer.
    pub(crate) fn invite_failed(&mut self, invite: InviteId, why: Failure) {
        let Some(entry) = self.invites.get(&invite) else {
            return;
        };
        let why = match entry.cancel {
            Cancelling::Not => why,
            Cancelling::Queued(_) | Cancelling::Sent => Failure::Cancelled,
            Cancelling::Over => return,
        };
        self.forget_invite(invite);
        self.emit(Event::InviteFailed { invite, why });
    }

    /// A response to our INVITE.
    pub(crate) fn invite_answer(
        &mut self,
        invite: InviteId,
        flow: Flow,
        response: Response,
        essentials: &Essentials,
    ) {
        if response.status.is_provisional() {
            self.invite_provisional(invite, flow, response, essentials);
        } else if response.status.is_success() {
            self.invite_success(invite, flow, response, essentials);
        } else {
            self.invite_failure(invite, response);
        }
    }

    fn invite_provisional(
        &mut self,
        invite: InviteId,
        flow: Flow,
        response: Response,
        essentials: &Essentials,
    ) {
        let Some(entry) = self.invites.get_mut(&invite) else {
            return;
        };
        if let Cancelling::Queued(headers) = &mut entry.cancel {
            let (client, headers) = (entry.client, std::mem::take(headers));
            entry.cancel = Cancelling::Sent;
            self.cancel_now(invite, client, &headers);
            return;
        }
        if matches!(entry.cancel, Cancelling::Sent) || response.status == Status::TRYING {
            return;
        }
        let dialog = match essentials.to.tag() {
            Some(tag) => self.fork(invite, tag, flow, &response, essentials),
            None => None,
        };
        if let Some(id) = dialog {
            self.attach_dialog(id, flow);
            if !self.acknowledge_reliable(id, &response) {
                return;
            }
        }
        self.emit(Event::Provisional { invite, dialog, response: Box::new(response) });
    }

    fn invite_success(
        &mut self,
        invite: InviteId,
        flow: Flow,
        response: Response,
        essentials: &Essentials,
    ) {
        self.timers.cancel(&Timer::CancelGuard(invite));
        let tag = essentials.to.tag().cloned().unwrap_or_default();
        let Some(id) = self.fork(invite, &tag, flow, &response, essentials) else {
            return;
        };
        let cseq = essentials.cseq.number;
        let Some(dialog) = self.dialogs.get_mut(&id) else {
            // Answered, acknowledged and ended before: the ACK or BYE is repeated by the peer's
            // own timers; a dialog that is gone is not made again.
            return;
        };
        if dialog.stage == Stage::Confirmed {
            self.repeat_ack(id, cseq);
            return;
        }
        dialog.stage = Stage::Confirmed;
        dialog.unacknowledged = Some(cseq);
        // RFC 3261 §13.2.2.4: the 2xx decides about the route set and the target.
        dialog.routes = record_routes(&response.headers, true);
        dialog.refresh_target(&response.headers);
        dialog.session.learn_answer(&response);
        self.attach_dialog(id, flow);
        let Some(entry) = self.invites.get_mut(&invite) else {
            return;
        };
        let cancelled = matches!(entry.cancel, Cancelling::Queued(_) | Cancelling::Sent);
        if cancelled {
            // The 2xx crossed our CANCEL: acknowledge it and end the call (RFC 3261 §9.1, §15).
            // The entry stays until the transaction ends, so that other forks meet the same.
            entry.cancel = Cancelling::Sent;
            self.acknowledge(id, None);
            self.hang_up(id, &[]);
            let first = self.invites.get_mut(&invite).map(|entry| entry.retries != u32::MAX);
            if let Some(entry) = self.invites.get_mut(&invite) {
                entry.retries = u32::MAX;
            }
            if first == Some(true) {
                self.emit(Event::InviteFailed { invite, why: Failure::Cancelled });
            }
            return;
        }
        entry.cancel = Cancelling::Over;
        self.start_session(id);
        self.emit(Event::Answered { invite, dialog: id, response: Box::new(response) });
    }

    fn invite_failure(&mut self, invite: InviteId, response: Response) {
        if response.status == Status::INTERVAL_TOO_SMALL
            && self.retry_with_interval(invite, &response)
        {
            return;
        }
        let Some(entry) = self.invites.get(&invite) else {
            return;
        };
        let cancelled = matches!(entry.cancel, Cancelling::Queued(_) | Cancelling::Sent);
        self.forget_invite(invite);
        if cancelled && response.status == Status::TERMINATED {
            self.emit(Event::InviteFailed { invite, why: Failure::Cancelled });
        } else {
            self.emit(Event::Rejected { invite, response: Box::new(response) });
        }
    }

    /// 422: the same INVITE with the interval the peer wants (RFC 4028 §7.3).
    fn retry_with_interval(&mut self, invite: InviteId, response: &Response) -> bool {
        let Ok(Some(MinSe(min_se @ 0..=MAX_MIN_SE_S))) = response.headers.typed::<MinSe>() else {
            return false;
        };
        let cseq = self.fresh_cseq();
        let Some(entry) = self.invites.get_mut(&invite) else {
            return false;
        };
        if entry.retries >= MAX_INTERVAL_RETRIES || !matches!(entry.cancel, Cancelling::Not) {
            return false;
        }
        entry.retries += 1;
        let mut timers = entry.timers;
        timers.interval_s = timers.interval_s.max(min_se);
        let sent_by = entry.sent_by.clone();
        let Some(client) = self.clients.get(&entry.client) else {
            return false;
        };
        let mut request = (*client.request).clone();
        let destination = client.destination;
        let proof = client.proof.clone().map(|mut proof| Box::new(proof.next()));
        let others = client.others.clone();
        for name in [
            Name::Via,
            Name::SessionExpires,
            Name::MinSe,
            Name::Authorization,
            Name::ProxyAuthorization,
        ] {
            request.headers.remove(name);
        }
        let cseq = CSeq { number: cseq, method: Method::Invite };
        request.headers.set(Name::CSeq, cseq.to_text());
        Session::offer(timers, min_se, &mut request);
        let uri = request.uri.to_text();
        let via = self.via(destination, &sent_by.to_str(), &uri.to_str());
        self.sign_request(&mut request, &via);
        if let Some(proof) = &proof {
            self.prove(&mut request, proof);
        }
        let purpose = Purpose::Invite(invite);
        let client = self.open_client(Box::new(request), destination, purpose, proof, others);
        if let Some(entry) = self.invites.get_mut(&invite) {
            entry.client = client;
        }
        true
    }

    /// Whether one more fork may have a dialog. One that answered takes the place of one that only
    /// rings: it must be acknowledged and ended, or it would wait 32 seconds for that.
    fn has_room_for_fork(&mut self, invite: InviteId, answered: bool) -> bool {
        let Some(entry) = self.invites.get_mut(&invite) else {
            return false;
        };
        if !answered || entry.dialogs.len() < MAX_FORKS {
            return entry.dialogs.len() < MAX_FORKS;
        }
        let dialogs = &self.dialogs;
        let rings = |id: &DialogId| dialogs.get(id).is_some_and(|d| d.stage == Stage::Early);
        let Some(place) = entry.dialogs.iter().position(|(_, id)| rings(id)) else {
            return entry.dialogs.len() < MAX_ANSWERS;
        };
        let (_, id) = entry.dialogs.remove(place);
        self.end_dialog(id);
        true
    }

    /// The dialog of a fork, made when this is its first response. None when the fork's dialog
    /// exists no more or there are too many.
    fn fork(
        &mut self,
        invite: InviteId,
        tag: &Text,
        flow: Flow,
        response: &Response,
        essentials: &Essentials,
    ) -> Option<DialogId> {
        let entry = self.invites.get(&invite)?;
        if let Some((_, id)) = entry.dialogs.iter().find(|(own, _)| own == tag) {
            return Some(*id);
        }
        if !self.has_room_for_fork(invite, response.status.is_success()) {
            self.refused_total += 1;
            return None;
        }
        let entry = self.invites.get(&invite)?;
        let client = self.clients.get(&entry.client)?;
        let contact = response.headers.typed::<Contact>().ok().flatten();
        let target = contact.and_then(|contact| Some(contact.uri()?.clone().without_headers()));
        let from_tag = essentials.from.tag().cloned().unwrap_or_default();
        let dialog = Dialog {
            key: DialogKey {
                call_id: essentials.call_id.0.clone(),
                local_tag: from_tag,
                remote_tag: tag.clone(),
            },
            local: client.request.headers.value(Name::From).cloned().unwrap_or_default(),
            remote: response.headers.value(Name::To).cloned().unwrap_or_default(),
            local_seq: essentials.cseq.number,
            remote_seq: None,
            target: target.unwrap_or_else(|| client.request.uri.clone()),
            routes: record_routes(&response.headers, true),
            contact: entry.contact.clone(),
            sent_by: entry.sent_by.clone(),
            reach: Reach { flow: Some(flow), first: Some(client.destination), pinned: None },
            stage: Stage::Early,
            origin: Origin::Outgoing(invite),
            answer: None,
            ack: None,
            unacknowledged: None,
            reliable: Reliable::new(essentials.cseq.number),
            session: Session::of_ours(entry.timers),
            requests: Vec::new(),
            pending: Vec::new(),
            closing: None,
            told: None,
            usages: Usages::default(),
            proof: client.proof.clone(),
            ack_credentials: credentials_in(&client.request),
        };
        let id = DialogId(self.fresh_id());
        self.insert_dialog(id, dialog);
        if let Some(entry) = self.invites.get_mut(&invite) {
            entry.dialogs.push((tag.clone(), id));
        }
        Some(id)
    }

    /// [`crate::api::Command::Ack`].
    pub(crate) fn command_ack(&mut self, id: DialogId, body: Option<Body>) {
        self.acknowledge(id, body);
    }

    /// Acknowledges the 2xx of the peer that waits for it (RFC 3261 §13.2.2.4).
    pub(crate) fn acknowledge(&mut self, id: DialogId, body: Option<Body>) {
        let Some(dialog) = self.dialogs.get_mut(&id) else {
            return;
        };
        let Some(cseq) = dialog.unacknowledged.take() else {
            return;
        };
        let sent_by = dialog.sent_by.clone();
        let prepared = dialog.prepare(Method::Ack, Some(cseq));
        let super::Prepared { mut request, destination, .. } = prepared;
        for (name, value) in &dialog.ack_credentials {
            request.headers.push(*name, value.clone());
        }
        add_body(&mut request, body.as_ref());
        let uri = request.uri.to_text();
        let via = self.via(destination, &sent_by.to_str(), &uri.to_str());
        self.sign_request(&mut request, &via);
        let bytes = request.to_bytes();
        if let Some(dialog) = self.dialogs.get_mut(&id) {
            dialog.ack = Some(SentAck { cseq, bytes: bytes.clone(), destination });
        }
        self.send(destination, bytes);
    }

    /// The 2xx came again: so does the ACK.
    pub(crate) fn repeat_ack(&mut self, id: DialogId, cseq: u32) {
        let ack = self.dialogs.get(&id).and_then(|dialog| dialog.ack.as_ref());
        if let Some(ack) = ack.filter(|ack| ack.cseq == cseq) {
            let (destination, bytes) = (ack.destination, ack.bytes.clone());
            self.retransmitted_total += 1;
            self.send(destination, bytes);
        }
    }

    /// Routes a response to whoever the request was for.
    pub(crate) fn hand_up(
        &mut self,
        purpose: Purpose,
        flow: Flow,
        response: Response,
        essentials: &Essentials,
    ) {
        match purpose {
            Purpose::Bye | Purpose::ByeAgain | Purpose::Cancel | Purpose::Orphan => {}
            // A PRACK that is refused changes nothing: the INVITE's own answer decides.
            Purpose::Prack(dialog) => self.attach_dialog(dialog, flow),
            Purpose::InDialog(dialog, request_id) => {
                self.inside_answer(dialog, request_id, flow, response, essentials);
            }
            Purpose::Invite(invite) => self.invite_answer(invite, flow, response, essentials),
            Purpose::Outside(request_id) => {
                self.emit(Event::Response { request_id, response: Box::new(response) });
            }
            Purpose::Refresh(dialog) => self.session_answer(dialog, flow, &response),
        }
    }

    /// A request got no response.
    pub(crate) fn client_failed(&mut self, purpose: Purpose, why: Failure) {
        match purpose {
            Purpose::Bye
            | Purpose::ByeAgain
            | Purpose::Cancel
            | Purpose::Orphan
            | Purpose::Prack(_) => {}
            Purpose::InDialog(dialog, request_id) => self.inside_failed(dialog, request_id, why),
            Purpose::Invite(invite) => self.invite_failed(invite, why),
            Purpose::Outside(request_id) => self.emit(Event::RequestFailed { request_id, why }),
            Purpose::Refresh(dialog) => {
                if why == Failure::Timeout {
                    self.end_with(dialog, crate::api::Ended::PeerGone);
                }
            }
        }
    }
}
