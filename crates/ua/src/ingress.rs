//! Requests that arrive: the checks of RFC 3261 §8.2 in order, then to the transaction, the
//! dialog or the owner they belong to. Nothing is decided here that the owner could want to
//! decide; what is refused here could be answered in no other way.

use std::net::IpAddr;

use sidetone_base::{Destination, Flow};
use sidetone_sip::headers::Via;
use sidetone_sip::{Essentials, Method, Name, Request, Response, Status, Text, Uri};

use crate::api::{DialogId, Event};
use crate::stack::Stack;
use crate::transaction::{MergeKey, ServerKey, ServerOwner, ServerState, merge_key, server_key};

/// Seconds in the Retry-After of a 503, plus a random part: refused callers must not all come
/// back at once.
const RETRY_AFTER_S: u64 = 5;
const RETRY_AFTER_SPREAD_S: u64 = 10;

impl Stack {
    /// A request arrived.
    pub(crate) fn receive_request(&mut self, flow: Flow, mut request: Request) {
        let essentials = match Essentials::read(&request) {
            Ok(essentials) => essentials,
            Err(error) => {
                self.malformed_total += 1;
                if let Some(response) = error.response() {
                    self.refuse(Destination::Flow(flow.id), response);
                }
                return;
            }
        };
        stamp_via(&mut request, &essentials.via, flow);
        let key = server_key(&request, &essentials, &request.method);
        let known = self.server_keys.get(&key).copied();
        match (&request.method, known) {
            (Method::Ack, known) => {
                let taken = known.is_some_and(|id| self.acknowledged(id));
                if !taken {
                    self.receive_ack(flow, request, &essentials);
                }
            }
            (_, Some(id)) => self.repeated_request(id),
            (Method::Cancel, None) => self.receive_cancel(flow, request, &essentials, key),
            (_, None) => self.receive_new(flow, request, &essentials, key),
        }
    }

    /// Whether a request belongs to a dialog of ours, or to a transaction that has an owner: what
    /// the stack refused by itself is refused again, at the cost of whoever sends it again. One
    /// that lacks what every request needs belongs to none.
    #[must_use]
    pub fn knows(&self, request: &Request) -> bool {
        let Ok(essentials) = Essentials::read(request) else { return false };
        let has = |method| {
            let id = self.server_keys.get(&server_key(request, &essentials, method));
            let server = id.and_then(|id| self.servers.get(id));
            server.is_some_and(|server| server.owner != ServerOwner::Stack)
        };
        let local_tag = essentials.to.tag().cloned().unwrap_or_default();
        let remote_tag = essentials.from.tag().cloned().unwrap_or_default();
        has(&request.method)
            || (request.method == Method::Cancel && has(&Method::Invite))
            || self.find_dialog(&essentials.call_id.0, &local_tag, &remote_tag).is_some()
    }

    fn receive_new(
        &mut self,
        flow: Flow,
        request: Request,
        essentials: &Essentials,
        key: ServerKey,
    ) {
        self.make_room();
        let merge = merge_key(&request, essentials);
        if let Some(response) = self.refusal(&request, essentials, merge.as_ref()) {
            self.refuse_once(flow, request, essentials, (key, merge), response);
            return;
        }
        let Some(local_tag) = essentials.to.tag() else {
            self.receive_outside(flow, request, essentials, (key, merge));
            return;
        };
        let remote_tag = essentials.from.tag().cloned().unwrap_or_default();
        match self.find_dialog(&essentials.call_id.0, local_tag, &remote_tag) {
            Some(dialog) => self.receive_inside(flow, dialog, request, essentials, key),
            None => {
                // RFC 3261 §12.2.2.
                let response = self.plain(&request, Status::NO_SUCH_CALL, "");
                self.refuse_once(flow, request, essentials, (key, merge), response);
            }
        }
    }

    /// The answer to a request that cannot be served, if it cannot (RFC 3261 §8.2).
    fn refusal(
        &mut self,
        request: &Request,
        essentials: &Essentials,
        merge: Option<&MergeKey>,
    ) -> Option<Response> {
        let inside = essentials.to.tag().is_some();
        if matches!(request.method, Method::Extension(_)) {
            return Some(self.plain(request, Status::NOT_IMPLEMENTED, ""));
        }
        if matches!(request.uri, Uri::Other(_)) {
            let status = Status::new(416).unwrap_or(Status::BAD_REQUEST);
            return Some(self.plain(request, status, ""));
        }
        if merge.is_some_and(|merge| self.is_merged(merge)) {
            return Some(self.plain(request, Status::LOOP_DETECTED, ""));
        }
        // What goes on to somebody else stops here. OPTIONS is about us (RFC 3261 §11.2).
        let goes_on = !inside && request.method != Method::Options;
        if goes_on && essentials.max_forwards == Some(0) {
            return Some(self.plain(request, Status::TOO_MANY_HOPS, ""));
        }
        let unknown = self.unknown_extensions(request);
        if !unknown.is_empty() {
            let response = self.plain(request, Status::BAD_EXTENSION, "");
            return Some(response.with(Name::Unsupported, unknown));
        }
        // Requests of running calls are never refused for load.
        let makes_dialog =
            matches!(request.method, Method::Invite | Method::Subscribe | Method::Refer);
        let full = self.servers.len() >= self.settings.max_transactions
            || (makes_dialog && self.dialogs.len() >= self.settings.max_dialogs);
        if !inside && full {
            self.refused_total += 1;
            let seconds = RETRY_AFTER_S + self.random.below(RETRY_AFTER_SPREAD_S);
            let response = self.plain(request, Status::UNAVAILABLE, "");
            return Some(response.with(Name::RetryAfter, seconds.to_string()));
        }
        None
    }

    /// RFC 3261 §8.2.2.2: another way of a request that is being served. One that was refused
    /// does not count, since old phones repeat a challenged request with its CSeq unchanged.
    fn is_merged(&self, merge: &MergeKey) -> bool {
        let first = self.merge_keys.get(merge).and_then(|id| self.servers.get(id));
        first.is_some_and(|server| {
            matches!(server.state, ServerState::Proceeding | ServerState::Accepted)
        })
    }

    fn unknown_extensions(&self, request: &Request) -> String {
        let known = |tag: &Text| {
            self.settings.supported.iter().any(|own| tag.eq_ignore_case(own.as_bytes()))
        };
        let unknown: Vec<String> = request
            .headers
            .items(Name::Require)
            .filter(|tag| !known(tag))
            .map(|tag| tag.to_string())
            .collect();
        unknown.join(", ")
    }

    /// Answers through a transaction, so that repetitions meet the same answer; when there is no
    /// room for one, without.
    fn refuse_once(
        &mut self,
        flow: Flow,
        request: Request,
        essentials: &Essentials,
        keys: (ServerKey, Option<MergeKey>),
        response: Response,
    ) {
        if response.status != Status::UNAVAILABLE {
            self.unserved_total += 1;
        }
        if self.servers.len() >= self.settings.max_transactions {
            let to = self.reply_to(flow, essentials);
            self.refuse(to, response);
            return;
        }
        // Not entered as a merge candidate: the first one that was accepted stays it.
        let keys = (keys.0, None);
        let owner = ServerOwner::Stack;
        let id = self.open_server(flow, Box::new(request), essentials, keys, owner);
        let tag = self.servers.get(&id).map(|server| server.to_tag.clone()).unwrap_or_default();
        self.respond(id, &response.with_to_tag(&tag.to_str()));
    }

    fn receive_outside(
        &mut self,
        flow: Flow,
        request: Request,
        essentials: &Essentials,
        keys: (ServerKey, Option<MergeKey>),
    ) {
        match request.method {
            Method::Invite => self.receive_invite(flow, request, essentials, keys),
            // These live inside dialogs only.
            Method::Bye | Method::Prack | Method::Update | Method::Info => {
                let response = self.plain(&request, Status::NO_SUCH_CALL, "");
                self.refuse_once(flow, request, essentials, keys, response);
            }
            _ => {
                let request = Box::new(request);
                let event = request.clone();
                let owner = ServerOwner::Outside;
                let transaction = self.open_server(flow, request, essentials, keys, owner);
                self.emit(Event::Request { transaction, flow, request: event });
            }
        }
    }

    /// RFC 3261 §9.2: CANCEL is answered for itself; the INVITE it names is answered 487 unless
    /// it was answered already.
    fn receive_cancel(
        &mut self,
        flow: Flow,
        request: Request,
        essentials: &Essentials,
        key: ServerKey,
    ) {
        let invite = server_key(&request, essentials, &Method::Invite);
        let invite = self.server_keys.get(&invite).copied();
        // The Call-ID must fit as well: a branch alone does not prove that one party sent both.
        let invite = invite.filter(|id| {
            let call_id = self.servers.get(id).and_then(|s| s.request.headers.value(Name::CallId));
            call_id == Some(&essentials.call_id.0)
        });
        let Some(invite) = invite else {
            let response = self.plain(&request, Status::NO_SUCH_CALL, "");
            self.refuse_once(flow, request, essentials, (key, None), response);
            return;
        };
        let mut response = self.plain(&request, Status::OK, "");
        // The To tag of both answers is the same (RFC 3261 §9.2).
        if let Some(server) = self.servers.get(&invite) {
            response = response.with_to_tag(&server.to_tag.to_str());
        }
        let request = Box::new(request);
        let keys = (key, None);
        let owner = ServerOwner::Stack;
        let cancel = self.open_server(flow, request.clone(), essentials, keys, owner);
        self.respond(cancel, &response);
        let Some(server) = self.servers.get(&invite).filter(|server| !server.is_answered()) else {
            return;
        };
        let owner = server.owner;
        self.respond_plain(invite, Status::TERMINATED);
        match owner {
            ServerOwner::Invite(dialog) => {
                self.end_dialog(dialog);
                self.emit(Event::Cancelled { dialog, request });
            }
            ServerOwner::InDialog(dialog) => {
                self.no_longer_pending(dialog, invite);
                self.emit(Event::RequestCancelled { dialog, transaction: invite });
            }
            ServerOwner::Outside | ServerOwner::Stack => {}
        }
    }

    pub(crate) fn no_longer_pending(
        &mut self,
        dialog: DialogId,
        transaction: crate::api::TransactionId,
    ) {
        if let Some(dialog) = self.dialogs.get_mut(&dialog) {
            dialog.pending.retain(|pending| *pending != transaction);
        }
    }
}

/// Writes `received` and `rport` into the top Via, so that every response carries them and the
/// way back is known to whoever reads it (RFC 3261 §18.2.1, RFC 3581 §4).
fn stamp_via(request: &mut Request, via: &Via, flow: Flow) {
    let source: IpAddr = flow.remote.ip();
    let asks = via.rport().is_some();
    if !asks && via.host.ip() == Some(source) {
        return;
    }
    let mut via = via.clone();
    if asks {
        via.params.set("rport", Some(Text::from(flow.remote.port().to_string())));
    }
    via.params.set("received", Some(Text::from(source.to_string())));
    request.headers.replace_top(&via);
}
