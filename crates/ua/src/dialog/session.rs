//! Session timers (RFC 4028): who refreshes, when, and what happens when nobody does.

use std::time::Duration;

use sidetone_base::Flow;
use sidetone_sip::headers::{MinSe, Refresher, SessionExpires};
use sidetone_sip::{Headers, Method, Name, Request, Response, Status};

use crate::api::{DialogId, Ended, Event, TransactionId};
use crate::settings::{MIN_SE_S, SessionTimers, TimerMode};
use crate::stack::{Stack, Timer};
use crate::transaction::Purpose;

/// How often a refresh is repeated at once with a longer interval: a peer that raises its Min-SE
/// each time is playing.
const MOST_RAISES: u8 = 2;
/// The pause after a refresh that met another request of the peer.
const BUSY_PAUSE: Duration = Duration::from_secs(2);
/// When a refresh that the owner was asked for is asked for again: its transaction is over by then.
const OWNER_PAUSE: Duration = Duration::from_secs(33);
/// The longest interval that a peer may insist on: a day, the longest that can be configured. Who
/// asks for more wants no timer, and says so by leaving it out.
pub(crate) const MAX_MIN_SE_S: u32 = 86_400;

/// The session interval of one call.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    timers: SessionTimers,
    peer_supports: bool,
    peer_updates: bool,
    interval_s: Option<u32>,
    we_refresh: bool,
    /// Times in a row that the peer answered a refresh with 422.
    raised: u8,
    /// The owner was asked to refresh.
    due: bool,
}

impl Session {
    fn new(timers: SessionTimers) -> Self {
        Self {
            timers,
            peer_supports: false,
            peer_updates: false,
            interval_s: None,
            we_refresh: false,
            raised: 0,
            due: false,
        }
    }

    /// No session timer ever.
    pub(crate) fn off() -> Self {
        Self::new(SessionTimers { mode: TimerMode::Off, ..SessionTimers::default() })
    }

    /// For an INVITE of ours.
    pub(crate) fn of_ours(timers: SessionTimers) -> Self {
        Self::new(timers)
    }

    /// For an INVITE of the peer.
    pub(crate) fn of_peer(timers: SessionTimers, headers: &Headers) -> Self {
        let mut session = Self::new(timers);
        session.learn_peer(headers);
        session
    }

    fn learn_peer(&mut self, headers: &Headers) {
        self.peer_supports |=
            headers.lists(Name::Supported, "timer") || headers.lists(Name::Require, "timer");
        if headers.has(Name::Allow) {
            self.peer_updates = headers.lists(Name::Allow, "UPDATE");
        }
    }

    /// 422 when the interval is too small for us, 421 when we require timers and the peer knows
    /// none, 420 when it insists on timers and we have none (RFC 4028 §9, RFC 3261 §8.2.2.3 and
    /// §21.4.16), 400 when what it asks for is no interval.
    pub(crate) fn refusal(&self, request: &Request) -> Option<Response> {
        let min_se = self.timers.min_se_s.max(MIN_SE_S);
        let asked = request.headers.typed::<SessionExpires>().ok().flatten();
        let too_small = asked.as_ref().is_some_and(|asked| asked.seconds < min_se);
        if self.timers.mode != TimerMode::Off
            && let Some(wrong) = no_interval(asked.as_ref(), &request.headers)
        {
            return Some(Response::to(request, Status::BAD_REQUEST).with_reason(wrong));
        }
        match self.timers.mode {
            TimerMode::Off if request.headers.lists(Name::Require, "timer") => {
                let response = Response::to(request, Status::BAD_EXTENSION);
                Some(response.with(Name::Unsupported, "timer"))
            }
            TimerMode::Off => None,
            _ if too_small && self.peer_supports => {
                let response = Response::to(request, Status::INTERVAL_TOO_SMALL);
                Some(response.with_typed(&MinSe(min_se)))
            }
            TimerMode::Require if !self.peer_supports => {
                let status = Status::new(421).unwrap_or(Status::BAD_REQUEST);
                Some(Response::to(request, status).with(Name::Require, "timer"))
            }
            TimerMode::Accept | TimerMode::Require | TimerMode::Always => None,
        }
    }

    /// As [`Self::refusal`] for a re-INVITE or UPDATE of the peer: 420 and 422. That it brings no
    /// timer to a session that has one is no fault; the session ends with its interval then.
    pub(crate) fn refusal_inside(&self, request: &Request) -> Option<Response> {
        if !matches!(request.method, Method::Invite | Method::Update) {
            return None;
        }
        let mut session = self.clone();
        session.learn_peer(&request.headers);
        session.refusal(request).filter(|response| response.status.code() != 421)
    }

    /// The headers of an INVITE of ours that opens a call.
    pub(crate) fn offer(timers: SessionTimers, min_se: u32, request: &mut Request) {
        if timers.mode == TimerMode::Off {
            return;
        }
        let headers = &mut request.headers;
        if !headers.lists(Name::Supported, "timer") {
            headers.push(Name::Supported, "timer");
        }
        let min_se = min_se.max(MIN_SE_S);
        if min_se > MIN_SE_S {
            headers.set(Name::MinSe, min_se.to_string());
        }
        // `Accept` leaves it to the peer, unless the peer's 422 asked for an interval.
        if timers.mode == TimerMode::Accept && min_se <= timers.min_se_s.max(MIN_SE_S) {
            return;
        }
        let seconds = timers.interval_s.max(min_se);
        headers.add(&SessionExpires { seconds, refresher: timers.refresher });
        if timers.mode == TimerMode::Require && !headers.lists(Name::Require, "timer") {
            headers.push(Name::Require, "timer");
        }
    }

    /// The headers of a re-INVITE or UPDATE of ours: the roles stay as they are.
    pub(crate) fn ask(&self, request: &mut Request) {
        if self.timers.mode == TimerMode::Off {
            return;
        }
        if !request.headers.lists(Name::Supported, "timer") {
            request.headers.push(Name::Supported, "timer");
        }
        if let Some(seconds) = self.interval_s {
            let refresher = if self.we_refresh { Refresher::Uac } else { Refresher::Uas };
            request.headers.add(&SessionExpires { seconds, refresher: Some(refresher) });
            request.headers.add(&MinSe(self.timers.min_se_s.max(MIN_SE_S)));
        }
    }

    /// Decides about the interval for a 2xx of ours and writes it (RFC 4028 §9).
    pub(crate) fn answer(&mut self, request: &Headers, response: &mut Response) {
        self.learn_peer(request);
        if self.timers.mode == TimerMode::Off {
            return;
        }
        let asked = request.typed::<SessionExpires>().ok().flatten();
        let min_se = request.typed::<MinSe>().ok().flatten().map_or(MIN_SE_S, |min_se| min_se.0);
        let wanted = self.timers.mode != TimerMode::Accept || self.interval_s.is_some();
        let seconds = match &asked {
            // The configured interval is the longest there is, but the peer's Min-SE comes first.
            Some(asked) => {
                let least = min_se.max(self.timers.min_se_s).max(MIN_SE_S);
                asked.seconds.min(self.timers.interval_s).max(least)
            }
            None if wanted && (self.peer_supports || self.timers.mode == TimerMode::Always) => {
                self.timers.interval_s.max(min_se).max(self.timers.min_se_s)
            }
            None => {
                // The peer does not want a timer any more.
                self.interval_s = None;
                return;
            }
        };
        let named = asked.and_then(|asked| asked.refresher);
        let refresher = match named.or(self.timers.refresher) {
            // A side that knows no timers cannot refresh.
            Some(Refresher::Uac) | None if self.peer_supports => Refresher::Uac,
            _ => Refresher::Uas,
        };
        self.interval_s = Some(seconds);
        self.we_refresh = refresher == Refresher::Uas;
        response.headers.add(&SessionExpires { seconds, refresher: Some(refresher) });
        if refresher == Refresher::Uac && !response.headers.lists(Name::Require, "timer") {
            response.headers.push(Name::Require, "timer");
        }
    }

    /// Reads the interval the peer decided about in its 2xx (RFC 4028 §7.2).
    pub(crate) fn learn_answer(&mut self, response: &Response) {
        self.learn_peer(&response.headers);
        if self.timers.mode == TimerMode::Off {
            return;
        }
        match response.headers.typed::<SessionExpires>().ok().flatten() {
            Some(decided) if decided.seconds <= MAX_MIN_SE_S => {
                self.we_refresh = decided.refresher != Some(Refresher::Uas);
                // Whoever answers may only shorten what was asked for (RFC 4028 §9). To refresh
                // sooner is always right, to give the peer less time than it said is not.
                let asked = self.timers.interval_s.max(self.interval_s.unwrap_or(0));
                let longest = if self.we_refresh { asked } else { u32::MAX };
                self.interval_s = Some(decided.seconds.min(longest).max(MIN_SE_S));
            }
            // Without an interval that is one, the timer is ours or nobody's.
            _ if self.timers.mode == TimerMode::Always => {
                self.interval_s = Some(self.timers.interval_s.max(MIN_SE_S));
                self.we_refresh = true;
            }
            _ => self.interval_s = None,
        }
    }
}

/// Why the interval of a request cannot be had, whatever we want: it must be one that can be read,
/// may not be below its own least one (RFC 4028 §7.1), and that has an end.
fn no_interval(asked: Option<&SessionExpires>, headers: &Headers) -> Option<&'static str> {
    if headers.typed::<SessionExpires>().is_err() {
        return Some("Unreadable Session-Expires");
    }
    let Ok(least) = headers.typed::<MinSe>() else {
        return Some("Unreadable Min-SE");
    };
    let MinSe(least) = least?;
    if least > MAX_MIN_SE_S {
        return Some("Min-SE Above A Day");
    }
    asked.is_some_and(|asked| asked.seconds < least).then_some("Session-Expires Below Min-SE")
}

impl Stack {
    /// Answers with what [`Session::refusal`] says. That an interval is too short is no fault.
    pub(crate) fn refuse_timers(&mut self, transaction: TransactionId, response: &Response) {
        if response.status != Status::INTERVAL_TOO_SMALL {
            self.unserved_total += 1;
        }
        self.respond(transaction, response);
    }

    /// Starts the interval anew after a refresh, or stops it.
    pub(crate) fn start_session(&mut self, id: DialogId) {
        let Some(dialog) = self.dialogs.get_mut(&id) else {
            return;
        };
        let session = &mut dialog.session;
        session.due = false;
        let we_refresh = session.we_refresh;
        let Some(seconds) = session.interval_s else {
            self.timers.cancel(&Timer::SessionRefresh(id));
            self.timers.cancel(&Timer::SessionExpire(id));
            return;
        };
        // RFC 4028 §10: the refresher acts at half the interval; the other side ends the call
        // somewhat before its end.
        let interval = Duration::from_secs(u64::from(seconds));
        let margin = Duration::from_secs(u64::from((seconds / 3).min(32)));
        if we_refresh {
            self.timers.set(Timer::SessionRefresh(id), self.now + interval / 2);
        } else {
            self.timers.cancel(&Timer::SessionRefresh(id));
        }
        self.timers.set(Timer::SessionExpire(id), self.now + interval - margin);
    }

    /// Half the interval is over and it is our turn. UPDATE leaves the media alone; to a peer
    /// without it the owner sends a re-INVITE.
    pub(crate) fn refresh_session(&mut self, id: DialogId) {
        let Some(dialog) = self.dialogs.get(&id) else {
            return;
        };
        if dialog.closing.is_some() {
            return;
        }
        let updates = dialog.session.peer_updates;
        let busy = !updates && self.is_busy(id, &Method::Invite);
        let Some(dialog) = self.dialogs.get_mut(&id) else {
            return;
        };
        if updates {
            let sent_by = dialog.sent_by.clone();
            let mut prepared = dialog.prepare(Method::Update, None);
            dialog.session.ask(&mut prepared.request);
            self.send_inside(prepared, &sent_by, Purpose::Refresh(id));
            return;
        }
        dialog.session.due = !busy;
        let pause = if busy { BUSY_PAUSE } else { OWNER_PAUSE };
        self.timers.set(Timer::SessionRefresh(id), self.now + pause);
        if !busy {
            self.emit(Event::RefreshDue { dialog: id });
        }
    }

    /// The answer to our UPDATE.
    pub(crate) fn session_answer(&mut self, id: DialogId, flow: Flow, response: &Response) {
        if response.status.is_provisional() {
            return;
        }
        self.attach_dialog(id, flow);
        let Some(dialog) = self.dialogs.get_mut(&id) else {
            return;
        };
        match response.status.code() {
            200..=299 => {
                dialog.refresh_target(&response.headers);
                dialog.session.raised = 0;
                dialog.session.learn_answer(response);
                self.start_session(id);
            }
            405 | 501 => {
                dialog.session.peer_updates = false;
                self.refresh_session(id);
            }
            408 | 481 => self.end_with(id, Ended::PeerGone),
            _ => self.refresh_refused(id, response),
        }
    }

    /// The peer did not take a refresh: again with the interval it wants, or after a while.
    /// Anything else leaves the session as it is; it ends with its interval.
    fn refresh_refused(&mut self, id: DialogId, response: &Response) {
        let Some(dialog) = self.dialogs.get_mut(&id) else {
            return;
        };
        let session = &mut dialog.session;
        match response.status.code() {
            422 => {
                let min_se = response.headers.typed::<MinSe>().ok().flatten();
                let longer = min_se.map(|min_se| min_se.0).filter(|min_se| {
                    let raises = |seconds| seconds < *min_se && *min_se <= MAX_MIN_SE_S;
                    session.interval_s.is_some_and(raises)
                });
                if let Some(seconds) = longer
                    && session.raised < MOST_RAISES
                {
                    session.raised += 1;
                    session.interval_s = Some(seconds);
                    self.refresh_session(id);
                }
            }
            491 | 500 => self.timers.set(Timer::SessionRefresh(id), self.now + BUSY_PAUSE),
            _ => {}
        }
    }

    /// The answer to an offer of the owner's, which may be the refresh it was asked for.
    pub(crate) fn offer_answered(&mut self, id: DialogId, response: &Response) {
        let Some(dialog) = self.dialogs.get_mut(&id) else {
            return;
        };
        if response.status.is_success() {
            dialog.session.raised = 0;
            dialog.session.learn_answer(response);
            self.start_session(id);
        } else if std::mem::take(&mut dialog.session.due) {
            self.refresh_refused(id, response);
        }
    }

    /// The interval is over and nobody refreshed (RFC 4028 §10).
    pub(crate) fn expire_session(&mut self, id: DialogId) {
        self.end_with(id, Ended::SessionExpired);
    }
}
