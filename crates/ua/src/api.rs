//! What the owner says to the stack and hears from it: commands, events, and the values in them.
//!
//! Agreed with `pbx`, which is written against this file. Handles chosen by the owner
//! ([`InviteId`], [`RequestId`]) must be unique per stack; handles chosen by the stack
//! ([`DialogId`], [`TransactionId`]) are never reused.

use std::time::Duration;

use base::{Destination, Flow, FlowId};
use bytes::Bytes;
use sidetone_base as base;
use sidetone_sip::{Method, Request, Response};

use crate::digest::Logins;
use crate::settings::SessionTimers;

/// A dialog made by INVITE, early or confirmed, or a server INVITE that has none yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DialogId(pub u64);

/// An INVITE that the owner sent outside a dialog. Chosen by the owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InviteId(pub u64);

/// Any other request that the owner sent, re-INVITE included. Chosen by the owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(pub u64);

/// A server transaction that waits for the owner's response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TransactionId(pub u64);

/// A message body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// `Content-Type`, such as `application/sdp`.
    pub content_type: String,
    /// The bytes.
    pub bytes: Bytes,
}

/// A response as the owner writes it. The stack adds Via, From, To with tag, Call-ID, CSeq,
/// Record-Route and Content-Length. Contact is one of `headers`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// Status code, 100–699.
    pub status: u16,
    /// Reason phrase; `None` takes the standard one.
    pub reason: Option<String>,
    /// Further headers in order.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Option<Body>,
}

/// A further place for a request outside a dialog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// Where to send it.
    pub destination: Destination,
    /// [`OutgoingRequest::sent_by`] as it is there.
    pub sent_by: String,
    /// [`OutgoingRequest::contact`] as it is there.
    pub contact: Option<String>,
}

/// A request outside a dialog. The stack adds Via, Max-Forwards, From tag, Call-ID (when none is
/// given), CSeq, Route and Content-Length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutgoingRequest {
    /// Method.
    pub method: Method,
    /// Request-URI.
    pub uri: String,
    /// Where to send it. Names were resolved by the owner.
    pub destination: Destination,
    /// Where else to send it, best first, when there is no answer or a 503 (RFC 3263 §4.3).
    pub others: Vec<Way>,
    /// From value without tag: `"Alice" <sip:alice@example.com>`.
    pub from: String,
    /// To value without tag.
    pub to: String,
    /// Our Contact value, such as `<sip:alice@203.0.113.1:5060;transport=ws>`; needed for INVITE.
    pub contact: Option<String>,
    /// `sent-by` of our Via: host and port as the peer may see it (NAT-12).
    pub sent_by: String,
    /// Route header values in order (Path of the contact, outbound proxy).
    pub route: Vec<String>,
    /// Call-ID, when the owner wants a certain one.
    pub call_id: Option<String>,
    /// Further headers in order.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Option<Body>,
    /// Who we are when the peer, or a proxy on the way, challenges this request or a later one of
    /// the dialog it makes.
    pub logins: Option<Logins>,
}

/// A request inside a dialog. The stack adds everything the dialog knows (URI, route set, From,
/// To, Call-ID, CSeq, Contact as given when the dialog was made). A Contact among the headers of
/// an INVITE or UPDATE, for whom our address has changed, stands in its place from then on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DialogRequest {
    /// Method: INVITE (re-INVITE), UPDATE, INFO, MESSAGE, REFER, NOTIFY, OPTIONS.
    pub method: Method,
    /// Further headers in order.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Option<Body>,
}

/// What the owner wants.
#[derive(Clone, Debug)]
pub enum Command {
    /// Sends the ACK of a 2xx that answered our INVITE or re-INVITE. The stack repeats it for
    /// every retransmitted 2xx.
    Ack {
        /// The dialog the 2xx made or belongs to.
        dialog: DialogId,
        /// SDP answer, when the 2xx carried the offer.
        body: Option<Body>,
    },
    /// Ends a confirmed dialog with BYE; an early dialog of ours by CANCEL of its INVITE.
    Bye {
        /// Which dialog.
        dialog: DialogId,
        /// Further headers, such as Reason.
        headers: Vec<(String, String)>,
    },
    /// Cancels an INVITE of ours; waits for a provisional response if none came yet
    /// (RFC 3261 §9.1). A 2xx that crosses is acknowledged and its dialog ended by the stack.
    Cancel {
        /// Which INVITE.
        invite: InviteId,
        /// Further headers, such as Reason.
        headers: Vec<(String, String)>,
    },
    /// Sends an INVITE outside a dialog.
    Invite {
        /// The handle events will carry.
        invite: InviteId,
        /// The request.
        request: Box<OutgoingRequest>,
    },
    /// Sends a request inside a dialog. An offer that meets another one fails with
    /// [`Failure::Glare`]; the owner writes it anew after the pause.
    InDialog {
        /// The handle events will carry.
        request_id: RequestId,
        /// Which dialog.
        dialog: DialogId,
        /// The request.
        request: Box<DialogRequest>,
    },
    /// Who we are when requests of ours inside a dialog of the peer's are challenged.
    Login {
        /// Which dialog.
        dialog: DialogId,
        /// The logins.
        logins: Logins,
    },
    /// Sends all further requests of the dialog to a place the owner chose (`rewrite_contact`, a
    /// name it resolved), instead of where the route set and the remote target lead.
    Pin {
        /// Which dialog.
        dialog: DialogId,
        /// Where to send.
        destination: Destination,
    },
    /// Responds to the INVITE that made the dialog: any 1xx but 100, then one final response.
    /// A 2xx is repeated until ACK; a failure ends the dialog.
    RespondInvite {
        /// Which dialog.
        dialog: DialogId,
        /// The response.
        reply: Box<Reply>,
        /// 1xx only: send reliably (RFC 3262).
        reliable: bool,
    },
    /// Responds to any other request, re-INVITE included. A 2xx to a SUBSCRIBE or REFER outside a
    /// dialog makes a dialog whose id has the number of the transaction, `DialogId(transaction.0)`:
    /// NOTIFY goes out with [`Command::InDialog`], refreshing SUBSCRIBEs come in as
    /// [`Event::DialogRequest`], and [`Command::Bye`] forgets it without sending anything.
    Respond {
        /// Which transaction.
        transaction: TransactionId,
        /// The response.
        reply: Box<Reply>,
    },
    /// Sends any other request outside a dialog.
    Send {
        /// The handle events will carry.
        request_id: RequestId,
        /// The request.
        request: Box<OutgoingRequest>,
    },
    /// Sets the session timers (RFC 4028) of one call; without it those of the settings hold.
    /// Comes before [`Command::Invite`], or before the 2xx of [`Command::RespondInvite`].
    SessionTimers {
        /// Which call.
        of: Call,
        /// When and how they are used.
        timers: SessionTimers,
    },
}

/// A call, as the owner knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// An INVITE that arrived.
    Incoming(DialogId),
    /// An INVITE about to be sent.
    Outgoing(InviteId),
}

/// Why a request of ours got no response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Cancelled by the owner before the peer answered, or it answered 487.
    Cancelled,
    /// The dialog ended first.
    DialogGone,
    /// The offer met another one, by 491 or before it was sent (RFC 3261 §14.1): it is withdrawn.
    /// The peer may offer first; after the pause the owner may offer again.
    Glare {
        /// The random pause of RFC 3261 §14.1.
        again_after: Duration,
    },
    /// The owner's request has a URI that cannot be read, or a handle that is in use.
    Malformed,
    /// No response in time (timer B or F).
    Timeout,
    /// The flow closed or refused the message.
    Transport,
}

/// Why a dialog ended without a request of the peer or the owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// No ACK came for our 2xx; the stack sent BYE.
    NoAck,
    /// A reliable provisional response was never acknowledged (RFC 3262 §3).
    NoPrack,
    /// A request of ours inside the dialog met 481 or 408, or timed out (RFC 3261 §12.2.1.2).
    PeerGone,
    /// The peer's session timers do not fit what [`Command::SessionTimers`] says; the stack
    /// answered the INVITE with 421 or 422.
    Refused,
    /// The session timer ran out (RFC 4028); the stack sent BYE.
    SessionExpired,
    /// The flow-bound peer's connection closed and the dialog cannot be reached otherwise.
    Transport,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// The ACK of our 2xx arrived (to INVITE, or to the re-INVITE answered last).
    Acked {
        /// Which dialog.
        dialog: DialogId,
        /// The ACK, for the SDP answer it may carry.
        ack: Box<Request>,
    },
    /// A 2xx answered our INVITE. Each fork that answers has a dialog of its own; the owner
    /// acknowledges every one and ends those it does not want.
    Answered {
        /// Which INVITE.
        invite: InviteId,
        /// The dialog it made.
        dialog: DialogId,
        /// The response.
        response: Box<Response>,
    },
    /// The peer ended the dialog with BYE; the stack answered 200 and the dialog is gone.
    Bye {
        /// Which dialog.
        dialog: DialogId,
        /// The BYE, for its headers.
        request: Box<Request>,
    },
    /// The peer cancelled its INVITE in time; the stack answered 200 and 487 and the dialog is
    /// gone.
    Cancelled {
        /// Which dialog.
        dialog: DialogId,
        /// The CANCEL, for its headers.
        request: Box<Request>,
    },
    /// The peer cancelled its re-INVITE; the stack answered 200 and 487 and the dialog goes on.
    RequestCancelled {
        /// Which dialog.
        dialog: DialogId,
        /// What [`Event::DialogRequest`] called it; nobody waits for its answer any more.
        transaction: TransactionId,
    },
    /// A request arrived inside a dialog and waits for [`Command::Respond`]: re-INVITE, UPDATE,
    /// INFO, MESSAGE, REFER, NOTIFY, OPTIONS; and a PRACK that carries an offer (RFC 3262 §5).
    /// Other PRACKs are answered by the stack when they match.
    DialogRequest {
        /// Which dialog.
        dialog: DialogId,
        /// Answer it with this.
        transaction: TransactionId,
        /// The request.
        request: Box<Request>,
    },
    /// The dialog ended without BYE. It is gone.
    Ended {
        /// Which dialog.
        dialog: DialogId,
        /// Why.
        why: Ended,
    },
    /// A new INVITE arrived; 100 was sent. Answer with [`Command::RespondInvite`].
    Invite {
        /// The dialog it will make.
        dialog: DialogId,
        /// Where it came from.
        flow: Flow,
        /// The request.
        request: Box<Request>,
    },
    /// Our INVITE failed without a final response.
    InviteFailed {
        /// Which INVITE.
        invite: InviteId,
        /// Why.
        why: Failure,
    },
    /// Our INVITE got nowhere and goes to its next place.
    InviteMoved {
        /// Which INVITE.
        invite: InviteId,
        /// Where it was.
        from: Destination,
        /// Where it is now.
        to: Destination,
    },
    /// A PRACK without an offer acknowledged our reliable provisional response; the stack answered
    /// 200.
    Pracked {
        /// Which dialog.
        dialog: DialogId,
        /// The PRACK, for the SDP answer it carries when our response had the offer.
        request: Box<Request>,
    },
    /// A provisional response to our INVITE (not 100). Reliable ones were acknowledged with PRACK
    /// by the stack.
    Provisional {
        /// Which INVITE.
        invite: InviteId,
        /// The early dialog of this fork, when the response has a To tag.
        dialog: Option<DialogId>,
        /// The response.
        response: Box<Response>,
    },
    /// A final failure answered our INVITE; its early dialogs are gone.
    Rejected {
        /// Which INVITE.
        invite: InviteId,
        /// The response.
        response: Box<Response>,
    },
    /// It is our turn to refresh the session, and the peer does not know UPDATE: the owner sends a
    /// re-INVITE with what was agreed (RFC 4028 §7.4), because its answer may say something new.
    RefreshDue {
        /// Which dialog.
        dialog: DialogId,
    },
    /// A request arrived outside any dialog and waits for [`Command::Respond`].
    Request {
        /// Answer it with this.
        transaction: TransactionId,
        /// Where it came from.
        flow: Flow,
        /// The request.
        request: Box<Request>,
    },
    /// A request of ours got no response.
    RequestFailed {
        /// Which request.
        request_id: RequestId,
        /// Why.
        why: Failure,
    },
    /// A request of ours outside dialogs got nowhere and goes to its next place.
    RequestMoved {
        /// Which request.
        request_id: RequestId,
        /// Where it was.
        from: Destination,
        /// Where it is now.
        to: Destination,
    },
    /// A response to a request of ours: provisional ones first, one final one last. A 2xx to a
    /// re-INVITE waits for [`Command::Ack`].
    Response {
        /// Which request.
        request_id: RequestId,
        /// The response.
        response: Box<Response>,
    },
}

/// What the outside says to the stack.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "most inputs are messages, and none is stored")]
pub enum Input {
    /// The owner wants something.
    Command(Command),
    /// A flow closed.
    FlowClosed(FlowId),
    /// A flow that requests will be sent over and on which this stack has received nothing yet:
    /// tells the transport, which decides about the Via and retransmissions. Without it the
    /// `transport` parameter of the request's URI is believed.
    FlowSeen(Flow),
    /// A message arrived and was parsed.
    Message {
        /// Over which flow.
        flow: Flow,
        /// The message.
        message: sidetone_sip::Message,
    },
    /// A message the stack sent could not be delivered.
    SendFailed {
        /// What was sent, as it was sent.
        bytes: Bytes,
    },
}

/// What the stack wants of the outside.
#[derive(Debug)]
pub enum Output {
    /// Tell the owner.
    Event(Event),
    /// Send a message.
    Send {
        /// Where.
        destination: Destination,
        /// The message.
        bytes: Bytes,
    },
    /// Nothing more now; call `handle_timeout` at this time if no input comes before.
    Wait(Option<std::time::Instant>),
}
