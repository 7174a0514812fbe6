//! Subscriptions that REFER makes inside the dialog of a call (RFC 3515 §2.4.4, RFC 5057): they
//! live as long as NOTIFY says, also when the call ends first.

use std::time::Duration;

use sidetone_sip::headers::{CSeq, Event, Headers, SubscriptionState};
use sidetone_sip::{Name, Request};

use super::Dialog;
use crate::api::DialogId;
use crate::stack::{Stack, Timer};

/// Subscriptions of one dialog; beyond them the oldest is forgotten.
const MAX_USAGES: usize = 8;

/// How long a subscription may outlive its call: as long as a transferred call may ring, timer C
/// of RFC 3261 §16.6.
const LONGEST_AFTER_CALL: Duration = Duration::from_secs(180);

/// A subscription made by a REFER.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Usage {
    /// The CSeq number of the REFER, its `id` in Event.
    id: u32,
    /// The last NOTIFY is out and waits for its answer.
    is_last: bool,
}

/// What else than the call lives in a dialog.
#[derive(Debug, Default)]
pub(crate) struct Usages {
    open: Vec<Usage>,
    /// Those whose last NOTIFY overtook the answer to the REFER; 0 for one without `id`.
    ended_early: Vec<u32>,
    /// BYE was sent or received: only subscriptions are left.
    pub(crate) call_is_over: bool,
}

impl Usages {
    fn open(&mut self, id: u32, headers: &Headers) {
        // RFC 4488 §4: accepted without a subscription.
        let refused = headers.value(Name::ReferSub).is_some_and(|it| it.eq_ignore_case("false"));
        if refused || self.open.iter().any(|usage| usage.id == id) {
            return;
        }
        if self.open.len() >= MAX_USAGES {
            self.open.remove(0);
        }
        self.open.push(Usage { id, is_last: false });
    }

    /// Our REFER was accepted: NOTIFYs will come.
    pub(crate) fn asked(&mut self, cseq: u32, response: &Headers) {
        let early = self.ended_early.iter().position(|id| *id == cseq || *id == 0);
        match early {
            Some(place) => drop(self.ended_early.remove(place)),
            None => self.open(cseq, response),
        }
    }

    /// The last NOTIFY of a subscription came.
    fn end(&mut self, headers: &Headers) {
        if let Some(done) = self.find(headers).map(|usage| usage.id) {
            self.open.retain(|usage| usage.id != done);
        } else if self.ended_early.len() < MAX_USAGES
            && let Some(event) = headers.typed::<Event>().ok().flatten()
            && event.package.eq_ignore_case("refer")
        {
            // RFC 3515 §2.4.4: NOTIFY may come before the answer to the REFER.
            self.ended_early.push(event.id().and_then(|id| id.decimal::<u32>()).unwrap_or(0));
        }
    }

    /// The subscription a NOTIFY is about: by `id`, which may be left out for the first.
    fn find(&mut self, headers: &Headers) -> Option<&mut Usage> {
        let event = headers.typed::<Event>().ok().flatten()?;
        if !event.package.eq_ignore_case("refer") {
            return None;
        }
        match event.id().and_then(|id| id.decimal::<u32>()) {
            Some(id) => self.open.iter_mut().find(|usage| usage.id == id),
            None => self.open.first_mut(),
        }
    }

    /// A NOTIFY of ours goes out.
    pub(crate) fn say(&mut self, headers: &Headers) {
        let over = is_last(headers);
        if let Some(usage) = self.find(headers) {
            usage.is_last |= over;
        }
    }
}

fn is_last(headers: &Headers) -> bool {
    let state = headers.typed::<SubscriptionState>().ok().flatten();
    state.is_some_and(|state| state.is_terminated())
}

impl Dialog {
    /// Whether nothing is left that keeps the dialog.
    fn is_unused(&self) -> bool {
        self.usages.call_is_over && self.usages.open.is_empty()
    }
}

impl Stack {
    /// The call in a dialog is over; the dialog stays while a subscription lives in it.
    pub(crate) fn end_call(&mut self, id: DialogId) {
        let Some(dialog) = self.dialogs.get_mut(&id) else {
            return;
        };
        if dialog.usages.open.is_empty() || dialog.usages.call_is_over {
            self.end_dialog(id);
            return;
        }
        dialog.usages.call_is_over = true;
        let pending = std::mem::take(&mut dialog.pending);
        for timer in [
            Timer::AnswerRepeat(id),
            Timer::AnswerGiveUp(id),
            Timer::ReliableRepeat(id),
            Timer::ReliableGiveUp(id),
            Timer::SessionRefresh(id),
            Timer::SessionExpire(id),
        ] {
            self.timers.cancel(&timer);
        }
        for transaction in pending {
            self.respond_plain(transaction, sidetone_sip::Status::TERMINATED);
        }
        self.timers.set(Timer::UsageGuard(id), self.now + LONGEST_AFTER_CALL);
    }

    /// We accepted a REFER of the peer: NOTIFYs will go out.
    pub(crate) fn usage_accepted(&mut self, id: DialogId, refer: &Request, response: &Headers) {
        let cseq = refer.headers.typed::<CSeq>().ok().flatten();
        if let (Some(dialog), Some(cseq)) = (self.dialogs.get_mut(&id), cseq) {
            dialog.usages.open(cseq.number, response);
        }
    }

    /// Whether a NOTIFY is taken here, because the owner of the call is gone.
    pub(crate) fn takes_notify(&mut self, id: DialogId, notify: &Request) -> bool {
        let dialog = self.dialogs.get_mut(&id).filter(|dialog| dialog.usages.call_is_over);
        dialog.is_some_and(|dialog| dialog.usages.find(&notify.headers).is_some())
    }

    /// A NOTIFY of the peer was accepted.
    pub(crate) fn usage_told(&mut self, id: DialogId, headers: &Headers) {
        let Some(dialog) = self.dialogs.get_mut(&id).filter(|_| is_last(headers)) else {
            return;
        };
        dialog.usages.end(headers);
        if dialog.is_unused() {
            self.end_dialog(id);
        }
    }

    /// A NOTIFY of ours was answered; when it was the last, or the peer knows the subscription no
    /// more, the subscription is over.
    pub(crate) fn usage_answered(&mut self, id: DialogId, is_unknown: bool) {
        let Some(dialog) = self.dialogs.get_mut(&id) else {
            return;
        };
        dialog.usages.open.retain(|usage| !usage.is_last && !is_unknown);
        if dialog.is_unused() {
            self.end_dialog(id);
        }
    }
}
