//! Provisional responses that must arrive (RFC 3262): ours are repeated until PRACK, the peer's
//! are acknowledged in order and told once.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use sidetone_base::Destination;
use sidetone_sip::headers::{RAck, RSeq, TypedHeader as _};
use sidetone_sip::{Headers, Method, Name, Request, Response, Status};

use super::Origin;
use crate::api::{DialogId, Ended, Event, Reply, TransactionId};
use crate::stack::{Stack, Timer};
use crate::transaction::Purpose;

/// Responses of the owner that wait until the one before is acknowledged.
const MAX_HELD: usize = 8;

/// A response of ours that waits for PRACK.
#[derive(Debug)]
struct Outstanding {
    rseq: u32,
    carries_session: bool,
    /// Its description is an offer, and PRACK brings the answer (RFC 3262 §5).
    offers: bool,
    bytes: Bytes,
    destination: Destination,
    pause: Duration,
}

/// One INVITE's reliable provisional responses.
#[derive(Debug)]
pub(crate) struct Reliable {
    /// Whether the peer understands `100rel`.
    pub(crate) peer_supports: bool,
    cseq: u32,
    next_rseq: u32,
    outstanding: Option<Outstanding>,
    held: VecDeque<Reply>,
    peer_rseq: Option<u32>,
    /// An offer of ours went out: the INVITE had none.
    offered: bool,
    /// A description of ours went out: an INVITE's offer is answered, or ours is made.
    pub(crate) described: bool,
    /// What the final response overtook: its PRACK may still come (RFC 3262 §3).
    overtaken: Option<u32>,
    /// A PRACK with an offer, which the owner answers; what comes after it waits.
    prack: Option<TransactionId>,
}

impl Reliable {
    /// For an INVITE of ours.
    pub(crate) fn new(cseq: u32) -> Self {
        let held = VecDeque::new();
        let (outstanding, peer_rseq) = (None, None);
        Self {
            peer_supports: false,
            cseq,
            next_rseq: 1,
            outstanding,
            held,
            peer_rseq,
            offered: false,
            described: false,
            overtaken: None,
            prack: None,
        }
    }

    /// For an INVITE of the peer.
    pub(crate) fn of_peer(headers: &Headers, cseq: u32) -> Self {
        let peer_supports =
            headers.lists(Name::Supported, "100rel") || headers.lists(Name::Require, "100rel");
        Self { peer_supports, ..Self::new(cseq) }
    }

    /// Whether a 2xx must wait (RFC 3262 §3: while a session description is not acknowledged).
    pub(crate) fn holds_final(&self) -> bool {
        let session = self.outstanding.as_ref().is_some_and(|o| o.carries_session);
        session || self.prack.is_some() || !self.held.is_empty()
    }

    /// Whether no response waits for its PRACK, and no PRACK for its answer.
    pub(crate) fn is_idle(&self) -> bool {
        self.outstanding.is_none() && self.prack.is_none()
    }

    /// Whether an offer of ours waits for its PRACK.
    pub(crate) fn offers(&self) -> bool {
        self.outstanding.as_ref().is_some_and(|outstanding| outstanding.offers)
    }

    /// Keeps a response until PRACK. The oldest goes when the owner sends too many.
    pub(crate) fn hold(&mut self, reply: Reply) {
        if self.held.len() >= MAX_HELD {
            self.held.pop_front();
        }
        self.held.push_back(reply);
    }

    /// A final response was sent: nothing is repeated any more.
    pub(crate) fn stop(&mut self) {
        self.overtaken = self.outstanding.take().map(|outstanding| outstanding.rseq);
        self.prack = None;
        self.held.clear();
    }
}

impl Stack {
    /// Sends a provisional response reliably, after those before it.
    pub(crate) fn respond_reliably(
        &mut self,
        id: DialogId,
        transaction: TransactionId,
        reply: &Reply,
    ) {
        let Some(dialog) = self.dialogs.get_mut(&id) else {
            return;
        };
        if !dialog.reliable.is_idle() {
            dialog.reliable.hold(reply.clone());
            return;
        }
        let rseq = dialog.reliable.next_rseq;
        dialog.reliable.next_rseq += 1;
        let contact = dialog.contact.clone();
        let Some(server) = self.servers.get(&transaction) else {
            return;
        };
        let mut response = self.response(&server.request, reply, &server.to_tag.to_str());
        response.headers.push(Name::Require, "100rel");
        response.headers.add(&RSeq(rseq));
        if let Some(contact) = contact.filter(|_| !response.headers.has(Name::Contact)) {
            response.headers.push(Name::Contact, contact);
        }
        let Some((destination, bytes)) = self.respond(transaction, &response) else {
            return;
        };
        let pause = self.settings.t1;
        let carries_session = reply.body.is_some();
        let asked = self.servers.get(&transaction).is_some_and(|s| s.request.body.is_empty());
        if let Some(dialog) = self.dialogs.get_mut(&id) {
            let reliable = &mut dialog.reliable;
            let offers = carries_session && asked && !reliable.offered;
            reliable.offered |= offers;
            reliable.described |= carries_session;
            reliable.outstanding =
                Some(Outstanding { rseq, carries_session, offers, bytes, destination, pause });
        }
        self.timers.set(Timer::ReliableRepeat(id), self.now + pause);
        self.timers.set(Timer::ReliableGiveUp(id), self.now + self.settings.patience());
    }

    /// The response again, at pauses that double.
    pub(crate) fn repeat_reliable(&mut self, id: DialogId) {
        let Some(dialog) = self.dialogs.get_mut(&id) else {
            return;
        };
        let Some(outstanding) = &mut dialog.reliable.outstanding else {
            return;
        };
        outstanding.pause = outstanding.pause.saturating_mul(2);
        let pause = outstanding.pause;
        let (destination, bytes) = (outstanding.destination, outstanding.bytes.clone());
        self.timers.set(Timer::ReliableRepeat(id), self.now + pause);
        self.retransmitted_total += 1;
        self.send(destination, bytes);
    }

    /// No PRACK in 64·T1: the INVITE is refused (RFC 3262 §3).
    pub(crate) fn give_up_reliable(&mut self, id: DialogId) {
        let Some(dialog) = self.dialogs.get(&id) else {
            return;
        };
        if let Origin::Incoming(transaction) = dialog.origin {
            let status = Status::new(504).unwrap_or(Status::SERVER_ERROR);
            self.respond_plain(transaction, status);
        }
        self.end_with(id, Ended::NoPrack);
    }

    /// A PRACK arrived in a dialog; its transaction waits for an answer.
    pub(crate) fn receive_prack(
        &mut self,
        id: DialogId,
        transaction: TransactionId,
        request: Box<Request>,
    ) {
        let rack = request.headers.typed::<RAck>().ok().flatten();
        let Some(dialog) = self.dialogs.get_mut(&id) else {
            return;
        };
        let reliable = &mut dialog.reliable;
        let of_invite = |rack: &RAck| rack.cseq == reliable.cseq && rack.method == Method::Invite;
        let acknowledged = rack.filter(of_invite).map(|rack| rack.response);
        if acknowledged.is_some() && acknowledged == reliable.overtaken {
            reliable.overtaken = None;
            self.respond_plain(transaction, Status::OK);
            return;
        }
        let awaited = reliable.outstanding.as_ref().map(|outstanding| outstanding.rseq);
        if acknowledged.is_none() || acknowledged != awaited {
            self.respond_plain(transaction, Status::NO_SUCH_CALL);
            return;
        }
        let answers = reliable.outstanding.take().is_some_and(|outstanding| outstanding.offers);
        let offers = !answers && !request.body.is_empty();
        if offers {
            reliable.prack = Some(transaction);
            dialog.pending.push(transaction);
        }
        self.timers.cancel(&Timer::ReliableRepeat(id));
        self.timers.cancel(&Timer::ReliableGiveUp(id));
        if offers {
            // The owner answers it in the 200 (RFC 3262 §5).
            self.emit(Event::DialogRequest { dialog: id, transaction, request });
            return;
        }
        self.respond_plain(transaction, Status::OK);
        self.emit(Event::Pracked { dialog: id, request });
        self.release_held(id);
    }

    /// The owner answered a PRACK that carried an offer.
    pub(crate) fn prack_answered(&mut self, id: DialogId) {
        if let Some(dialog) = self.dialogs.get_mut(&id) {
            dialog.reliable.prack = None;
        }
        self.release_held(id);
    }

    /// The next response that waited for PRACK.
    fn release_held(&mut self, id: DialogId) {
        let dialog = self.dialogs.get_mut(&id);
        if let Some(reply) = dialog.and_then(|dialog| dialog.reliable.held.pop_front()) {
            self.command_respond_invite(id, &reply, true);
        }
    }

    /// A provisional response of the peer: acknowledged when it is reliable. False when it is a
    /// repetition or out of order, and so not for the owner (RFC 3262 §4).
    pub(crate) fn acknowledge_reliable(&mut self, id: DialogId, response: &Response) -> bool {
        if !response.headers.lists(Name::Require, "100rel") {
            return true;
        }
        let Ok(Some(RSeq(rseq))) = response.headers.typed::<RSeq>() else {
            return true;
        };
        let Some(dialog) = self.dialogs.get_mut(&id) else {
            return false;
        };
        let reliable = &mut dialog.reliable;
        let in_order = reliable.peer_rseq.is_none_or(|last| last.checked_add(1) == Some(rseq));
        if !in_order {
            return false;
        }
        reliable.peer_rseq = Some(rseq);
        let rack = RAck { response: rseq, cseq: reliable.cseq, method: Method::Invite };
        let sent_by = dialog.sent_by.clone();
        let mut prepared = dialog.prepare(Method::Prack, None);
        prepared.request.headers.push(Name::RAck, rack.to_text());
        self.send_inside(prepared, &sent_by, Purpose::Prack(id));
        true
    }
}
