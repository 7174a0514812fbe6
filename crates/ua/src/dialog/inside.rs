//! Requests inside dialogs, both ways: order, glare, target refresh, BYE (RFC 3261 §12.2, §14,
//! §15; RFC 3311).

use std::borrow::Cow;
use std::collections::HashMap;
use std::time::Duration;

use sidetone_base::Flow;
use sidetone_sip::{Essentials, Method, Name, Request, Response, Status};

use super::{Origin, Stage};
use crate::api::{DialogId, DialogRequest, Ended, Event, Failure, Reply, RequestId, TransactionId};
use crate::print::{add_body, add_headers};
use crate::stack::Stack;
use crate::transaction::{Purpose, Server, ServerKey, ServerOwner};

/// Requests of the peer that may wait for the owner in one dialog.
const MAX_PENDING: usize = 32;

impl Stack {
    /// A request of the peer inside a dialog.
    pub(crate) fn receive_inside(
        &mut self,
        flow: Flow,
        id: DialogId,
        request: Request,
        essentials: &Essentials,
        key: ServerKey,
    ) {
        let refusal = self.inside_refusal(id, &request, essentials);
        let session = self.dialogs.get(&id).map(|dialog| &dialog.session);
        let timers = session.and_then(|session| session.refusal_inside(&request));
        let keys = (key, None);
        let request = Box::new(request);
        let event = request.clone();
        let owner = if refusal.is_some() || timers.is_some() {
            ServerOwner::Stack
        } else {
            ServerOwner::InDialog(id)
        };
        let transaction = self.open_server(flow, request, essentials, keys, owner);
        if let Some((status, retry_after)) = refusal {
            self.refuse_inside(transaction, status, retry_after);
            return;
        }
        self.attach_dialog(id, flow);
        if let Some(dialog) = self.dialogs.get_mut(&id) {
            dialog.remote_seq = dialog.remote_seq.max(Some(essentials.cseq.number));
        }
        if let Some(response) = timers {
            self.refuse_timers(transaction, &response);
            return;
        }
        match event.method {
            Method::Bye => self.receive_bye(id, transaction, event),
            Method::Prack => self.receive_prack(id, transaction, event),
            Method::Notify if self.takes_notify(id, &event) => {
                self.respond_plain(transaction, Status::OK);
                self.usage_told(id, &event.headers);
            }
            _ => {
                if event.method == Method::Invite {
                    self.respond_plain(transaction, Status::TRYING);
                }
                if let Some(dialog) = self.dialogs.get_mut(&id) {
                    dialog.pending.push(transaction);
                }
                self.emit(Event::DialogRequest { dialog: id, transaction, request: event });
            }
        }
    }

    fn refuse_inside(&mut self, id: TransactionId, status: Status, retry_after: Option<u64>) {
        self.unserved_total += 1;
        let Some(server) = self.servers.get(&id) else {
            return;
        };
        let mut response = self.plain(&server.request, status, &server.to_tag.to_str());
        if let Some(seconds) = retry_after {
            response.headers.push(Name::RetryAfter, seconds.to_string());
        }
        self.respond(id, &response);
    }

    /// Why a request inside a dialog is refused at once, with the seconds of Retry-After.
    fn inside_refusal(
        &mut self,
        id: DialogId,
        request: &Request,
        essentials: &Essentials,
    ) -> Option<(Status, Option<u64>)> {
        let soon = self.random.below(11);
        let dialog = self.dialogs.get(&id)?;
        // The owner ended the dialog; an early dialog of ours cannot be ended by BYE (§15).
        let outgoing_early =
            dialog.stage == Stage::Early && matches!(dialog.origin, Origin::Outgoing(_));
        let usage = matches!(request.method, Method::Notify | Method::Subscribe);
        if dialog.usages.call_is_over && !usage {
            return Some((Status::NO_SUCH_CALL, None));
        }
        if dialog.closing.is_some() || (outgoing_early && request.method == Method::Bye) {
            return Some((Status::NO_SUCH_CALL, None));
        }
        // A BYE that a later request overtook ends the call all the same, and the news of a
        // transfer may come behind the BYE.
        let late = dialog.remote_seq.is_some_and(|last| essentials.cseq.number < last);
        let order_matters = request.method != Method::Bye && !dialog.usages.call_is_over;
        if late && order_matters {
            // RFC 3261 §12.2.2.
            return Some((Status::SERVER_ERROR, None));
        }
        if dialog.pending.len() >= MAX_PENDING {
            return Some((Status::SERVER_ERROR, Some(soon)));
        }
        let offers = request.method == Method::Invite
            || (request.method == Method::Update && !request.body.is_empty());
        if !offers {
            return None;
        }
        // One offer at a time (RFC 3261 §14.2, RFC 3311 §5.2). That of the INVITE is answered when
        // a response that must arrive has described us.
        let unanswered = dialog.stage == Stage::Early
            && matches!(dialog.origin, Origin::Incoming(_))
            && (request.method == Method::Invite || !dialog.reliable.described);
        let theirs = unanswered || dialog.pending.iter().any(|pending| self.is_offer(*pending));
        let ours = dialog.requests.iter().any(|(_, client)| {
            self.clients
                .get(client)
                .is_some_and(|client| client.is_open() && carries_offer(&client.request))
        });
        if ours || dialog.reliable.offers() {
            return Some((Status::REQUEST_PENDING, None));
        }
        theirs.then_some((Status::SERVER_ERROR, Some(soon)))
    }

    fn is_offer(&self, transaction: TransactionId) -> bool {
        let server = self.servers.get(&transaction);
        server.is_some_and(|server| !server.is_answered() && carries_offer(&server.request))
    }

    fn receive_bye(&mut self, id: DialogId, transaction: TransactionId, request: Box<Request>) {
        self.respond_plain(transaction, Status::OK);
        // RFC 3261 §15.1.2: an INVITE still pending is answered 487, as if cancelled.
        self.end_call(id);
        self.emit(Event::Bye { dialog: id, request });
    }

    /// [`crate::api::Command::Respond`].
    pub(crate) fn command_respond(&mut self, id: TransactionId, reply: &Reply) {
        let Some(server) = self.servers.get(&id) else {
            return;
        };
        let flow = server.flow;
        let method = server.request.method.clone();
        let success = (200..300).contains(&reply.status);
        let dialog = match server.owner {
            ServerOwner::InDialog(dialog) => dialog,
            ServerOwner::Outside => {
                self.respond_outside(id, &method, reply);
                return;
            }
            ServerOwner::Invite(dialog) => {
                self.command_respond_invite(dialog, reply, false);
                return;
            }
            ServerOwner::Stack => return,
        };
        if success && method == Method::Invite {
            self.no_longer_pending(dialog, id);
            self.accept(dialog, id, reply);
            return;
        }
        let mut response = self.response(&server.request, reply, &server.to_tag.to_str());
        let refreshes = matches!(method, Method::Update | Method::Subscribe | Method::Notify);
        if success && refreshes {
            let request = server.request.clone();
            if let Some(dialog) = self.dialogs.get_mut(&dialog) {
                dialog.complete_answer(&request, &mut response, flow);
                dialog.refresh_target(&request.headers);
            }
            if method == Method::Update {
                self.start_session(dialog);
            }
        }
        if reply.status >= 200 {
            self.no_longer_pending(dialog, id);
        }
        let request = server_request(&self.servers, id, &method);
        self.respond(id, &response);
        if method == Method::Prack && reply.status >= 200 {
            self.prack_answered(dialog);
        }
        if let Some(request) = request.filter(|_| success) {
            match method {
                Method::Refer => self.usage_accepted(dialog, &request, &response.headers),
                _ => self.usage_told(dialog, &request.headers),
            }
        }
    }

    fn respond_outside(&mut self, id: TransactionId, method: &Method, reply: &Reply) {
        let Some(server) = self.servers.get(&id).filter(|server| !server.is_answered()) else {
            return;
        };
        let response = self.response(&server.request, reply, &server.to_tag.to_str());
        let makes_dialog = (200..300).contains(&reply.status)
            && matches!(method, Method::Subscribe | Method::Refer);
        if makes_dialog {
            self.open_subscription(id, reply);
        }
        self.respond(id, &response);
    }

    /// [`crate::api::Command::InDialog`].
    pub(crate) fn command_in_dialog(
        &mut self,
        request_id: RequestId,
        id: DialogId,
        request: DialogRequest,
    ) {
        let notify = request.method == Method::Notify;
        // The news of a transfer goes out while BYE waits for ACK, and after BYE.
        let alive = self.dialogs.get(&id).is_some_and(|dialog| {
            notify || dialog.closing.is_none() && !dialog.usages.call_is_over
        });
        if !alive {
            self.emit(Event::RequestFailed { request_id, why: Failure::DialogGone });
            return;
        }
        let known =
            |dialog: &super::Dialog| dialog.requests.iter().any(|(own, _)| *own == request_id);
        if self.dialogs.get(&id).is_some_and(|dialog| known(dialog)) {
            self.emit(Event::RequestFailed { request_id, why: Failure::Malformed });
            return;
        }
        let offers = request.method == Method::Invite
            || (request.method == Method::Update && request.body.is_some());
        if offers && self.is_busy(id, &request.method) {
            self.withdraw_offer(request_id, id);
            return;
        }
        self.send_in_dialog(request_id, id, &request);
    }

    /// Whether an offer of ours must wait.
    pub(crate) fn is_busy(&self, id: DialogId, method: &Method) -> bool {
        let Some(dialog) = self.dialogs.get(&id) else {
            return false;
        };
        let ours = dialog.requests.iter().any(|(_, client)| {
            let client = self.clients.get(client);
            client.is_some_and(|client| client.is_open() && carries_offer(&client.request))
        });
        let theirs = dialog.pending.iter().any(|pending| self.is_offer(*pending));
        let invite = *method == Method::Invite
            && (dialog.stage == Stage::Early
                || dialog.answer.is_some()
                || dialog.unacknowledged.is_some());
        ours || theirs || invite
    }

    fn send_in_dialog(&mut self, request_id: RequestId, id: DialogId, request: &DialogRequest) {
        let Some(dialog) = self.dialogs.get_mut(&id) else {
            return;
        };
        let mut headers = Cow::Borrowed(&request.headers);
        if matches!(request.method, Method::Invite | Method::Update) {
            dialog.learn_contact(&headers);
            if headers.iter().any(is_contact) {
                headers.to_mut().retain(|header| !is_contact(header));
            }
        }
        let sent_by = dialog.sent_by.clone();
        let mut prepared = dialog.prepare(request.method.clone(), None);
        add_headers(&mut prepared.request.headers, &headers);
        add_body(&mut prepared.request, request.body.as_ref());
        if matches!(request.method, Method::Invite | Method::Update) {
            dialog.session.ask(&mut prepared.request);
        }
        if request.method == Method::Notify {
            dialog.usages.say(&prepared.request.headers);
        }
        let client = self.send_inside(prepared, &sent_by, Purpose::InDialog(id, request_id));
        if let Some(dialog) = self.dialogs.get_mut(&id) {
            dialog.requests.push((request_id, client));
        }
    }

    /// An offer met another one. RFC 3261 §14.1: the owner of the Call-ID waits 2.1 to 4 s, the
    /// other side up to 2 s, in steps of 10 ms. Meanwhile the peer's offer may be agreed to, so
    /// that ours must be written anew: the owner does.
    fn withdraw_offer(&mut self, request_id: RequestId, id: DialogId) {
        let dialog = self.dialogs.get(&id);
        let ours = dialog.is_some_and(|dialog| matches!(dialog.origin, Origin::Outgoing(_)));
        let steps = if ours { 210 + self.random.below(191) } else { self.random.below(201) };
        let again_after = Duration::from_millis(steps * 10);
        self.emit(Event::RequestFailed { request_id, why: Failure::Glare { again_after } });
    }

    /// A response to a request of the owner inside a dialog.
    pub(crate) fn inside_answer(
        &mut self,
        id: DialogId,
        request_id: RequestId,
        flow: Flow,
        response: Response,
        essentials: &Essentials,
    ) {
        let status = response.status;
        let method = &essentials.cseq.method;
        let cseq = essentials.cseq.number;
        if status.is_provisional() {
            if status != Status::TRYING {
                self.emit(Event::Response { request_id, response: Box::new(response) });
            }
            return;
        }
        self.attach_dialog(id, flow);
        let Some(dialog) = self.dialogs.get_mut(&id) else {
            return;
        };
        let notified = *method == Method::Notify && dialog.origin != Origin::Subscription;
        let first = dialog.requests.iter().any(|(own, _)| *own == request_id);
        dialog.requests.retain(|(own, _)| *own != request_id);
        if status.is_success() && *method == Method::Refer {
            dialog.usages.asked(cseq, &response.headers);
        }
        if status.is_success() && *method == Method::Invite && !first {
            self.repeat_ack(id, cseq);
            return;
        }
        if matches!(method, Method::Invite | Method::Update) {
            self.offer_answered(id, &response);
        }
        let Some(dialog) = self.dialogs.get_mut(&id) else {
            return;
        };
        if status == Status::REQUEST_PENDING {
            self.withdraw_offer(request_id, id);
            return;
        }
        let refreshes = matches!(method, Method::Invite | Method::Update | Method::Subscribe);
        if status.is_success() && refreshes {
            dialog.refresh_target(&response.headers);
            if *method == Method::Invite {
                dialog.unacknowledged = Some(cseq);
            }
        }
        self.emit(Event::Response { request_id, response: Box::new(response) });
        let gone = matches!(status, Status::NO_SUCH_CALL | Status::REQUEST_TIMEOUT);
        if notified {
            // RFC 5057 §5.1: what refuses a NOTIFY ends the subscription, not the call.
            self.usage_answered(id, gone);
        } else if gone {
            self.end_with(id, Ended::PeerGone);
        }
    }

    /// A request of the owner inside a dialog got no response.
    pub(crate) fn inside_failed(&mut self, id: DialogId, request_id: RequestId, why: Failure) {
        if let Some(dialog) = self.dialogs.get_mut(&id) {
            dialog.requests.retain(|(own, _)| *own != request_id);
        }
        self.emit(Event::RequestFailed { request_id, why });
        if self.dialogs.get(&id).is_some_and(|dialog| dialog.usages.call_is_over) {
            self.usage_answered(id, true);
        } else if why == Failure::Timeout {
            self.end_with(id, Ended::PeerGone);
        }
    }

    /// [`crate::api::Command::Bye`].
    pub(crate) fn command_bye(&mut self, id: DialogId, headers: &[(String, String)]) {
        let Some(dialog) = self.dialogs.get_mut(&id) else {
            return;
        };
        match (dialog.stage, dialog.origin) {
            (_, Origin::Subscription) => self.end_dialog(id),
            _ if dialog.usages.call_is_over => self.end_dialog(id),
            (Stage::Early, Origin::Outgoing(invite)) => self.command_cancel(invite, headers),
            (Stage::Early, Origin::Incoming(transaction)) => {
                self.respond_plain(transaction, Status::TEMPORARILY_UNAVAILABLE);
                self.end_dialog(id);
            }
            (Stage::Confirmed, _) if dialog.answer.is_some() => {
                dialog.closing.get_or_insert_with(|| headers.to_vec());
            }
            (Stage::Confirmed, _) => {
                if dialog.unacknowledged.is_some() {
                    self.acknowledge(id, None);
                }
                self.hang_up(id, headers);
            }
        }
    }
}

/// A REFER or NOTIFY that was answered; what it asked for is done with its dialog.
fn server_request(
    servers: &HashMap<TransactionId, Server>,
    id: TransactionId,
    method: &Method,
) -> Option<Box<Request>> {
    if !matches!(method, Method::Refer | Method::Notify) {
        return None;
    }
    servers.get(&id).map(|server| server.request.clone())
}

/// Whether a request opens an offer/answer exchange. An INVITE without a body asks for one.
fn carries_offer(request: &Request) -> bool {
    match request.method {
        Method::Invite => true,
        // A PRACK waits for the owner only when it carries an offer.
        Method::Update | Method::Prack => !request.body.is_empty(),
        _ => false,
    }
}

fn is_contact((name, _): &(String, String)) -> bool {
    Name::lookup(name.as_bytes()) == Some(Name::Contact)
}
