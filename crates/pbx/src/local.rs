//! Step 7 of the INVITE walk where nobody is called: a Local channel. `Local/exten@context` is a
//! pair: the first end is called like any branch of Dial, the second runs the dialplan there, and
//! what the second says to its caller (ringing, early media, answer) becomes news of the first.
//! A pipe of the engine joins their media.
//!
//! Once both ends talk with somebody, the two somebodies are joined directly and the pair ends,
//! unless it was called with `/n`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sidetone_base::{ChannelId, LegId};
use sidetone_config::Endpoint;
use sidetone_dialplan::{Position, Stop};
use sidetone_engine::PipeSpec;
use tokio::sync::mpsc;

use crate::Cause;
use crate::bridge;
use crate::channel::{
    BranchEvent, Channel, ChannelEvent, Control, Errand, FaxNews, Inherited, NewChannel, PartyId,
    Signalling, SipFacts, State, StreamFact, Variables, deliver,
};
use crate::exchange::Exchange;
use crate::guard::caught;
use crate::outgoing::{self, Branch, Gone};
use crate::transfer;

/// Pairs that may live in one call at a time. Dialplans stack a handful and ring a few hundred at
/// once; more is one that calls itself, which would take all memory.
const MOST_PAIRS: usize = 256;

/// Pairs behind so many others count as deep: no dialplan stacks them so high.
const DEEP: u16 = 8;

/// Deep pairs that one call may make in all. An extension that calls itself twice over would go on
/// for minutes within what may live at a time, even after its caller has left.
const MOST_DEEP: usize = 4_096;

/// The pairs of one call.
#[derive(Debug, Default)]
pub(crate) struct Pairs {
    alive: AtomicUsize,
    /// Made so far behind [`DEEP`] others.
    deep: AtomicUsize,
}

/// The room one pair takes among those of its call, for as long as it lives.
#[derive(Debug)]
struct Room(Arc<Pairs>);

impl Room {
    /// # Errors
    /// The call has no room left, in words.
    fn take(pairs: &Arc<Pairs>, depth: u16) -> Result<Self, String> {
        let room = Self(Arc::clone(pairs));
        let before = pairs.alive.fetch_add(1, Ordering::Relaxed);
        let (count, what) = if before >= MOST_PAIRS {
            (MOST_PAIRS, "live in this call already")
        } else if depth > DEEP && pairs.deep.fetch_add(1, Ordering::Relaxed) >= MOST_DEEP {
            (MOST_DEEP, "behind others were made in this call")
        } else {
            return Ok(room);
        };
        Err(format!("{count} pairs of Local channels {what}: does the extension call itself?"))
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.0.alive.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A call into the dialplan.
#[derive(Debug)]
pub struct LocalCall {
    /// The extension.
    pub exten: String,
    /// Its context.
    pub context: String,
    /// Leave the way when both ends talk.
    pub optimise: bool,
    /// The caller's endpoint, whose language and account code both ends have.
    pub endpoint: Arc<Endpoint>,
    /// Who calls.
    pub caller: PartyId,
    /// Variables handed down.
    pub variables: Variables,
    /// The unique id of the channel that began the call; empty when this one does.
    pub linked_id: String,
    /// Where in the dialplan the caller is, as `exten@context`.
    pub dialled_at: String,
    /// The caller's leg, so that all stay on one media worker.
    pub beside: Option<LegId>,
    /// The caller's streams.
    pub streams: Vec<StreamFact>,
    /// Headers and forwarding handed down.
    pub inherited: Inherited,
    /// The caller's inbox.
    pub owner: mpsc::Sender<ChannelEvent>,
    /// To be done on the first end before anything else.
    pub first: Option<Errand>,
}

/// What one end knows of the other.
#[derive(Debug)]
pub(crate) struct FarEnd {
    channel: ChannelId,
    inbox: mpsc::Sender<ChannelEvent>,
    /// This is the end that was called.
    called: bool,
    optimise: bool,
    /// News of the other end that were not looked at yet.
    news: Vec<News>,
    /// The other end talks with somebody; or, of the second end, the first knows that we do.
    bridged: bool,
}

/// What the second end tells the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// It said 180.
    Ringing,
    /// It said 183.
    Progress,
    /// It answered.
    Answered,
    /// It talks with somebody.
    Bridged,
}

/// Whatever takes an end away, a fault of its task included, the other one ends with it.
impl Drop for FarEnd {
    fn drop(&mut self) {
        // One that is gone needs to hear nothing.
        deliver(&self.inbox, Control::Hangup(Cause::FAILURE));
    }
}

impl Channel {
    pub(crate) fn tell_far_end(&self, control: Control) {
        if let Some(far) = &self.far_end {
            // One that is gone needs to hear nothing.
            deliver(&far.inbox, control);
        }
    }

    /// What would go out as a response goes to the first end.
    pub(crate) fn say_locally(&self, status: u16) {
        let news = match status {
            183 => News::Progress,
            100..200 => News::Ringing,
            200..300 => News::Answered,
            _ => return,
        };
        self.tell_far_end(Control::FarEnd(news));
    }

    /// News of a fax pass through the pair.
    pub(crate) fn relay_fax(&mut self, mut news: FaxNews) {
        let from = std::mem::replace(news.teller(), self.id());
        if self.far_end.as_ref().is_none_or(|far| far.channel != from) {
            return self.tell_far_end(Control::Fax(news));
        }
        let (wanted, channel) = (matches!(news, FaxNews::Wanted { .. }), self.id());
        let told = match (news, self.peer()) {
            (news, Some(peer)) => peer.tell(Control::Fax(news)),
            // The answer to a call that began with a fax.
            (FaxNews::Answered { fax, .. }, None) => return self.meet_fax(fax),
            _ => false,
        };
        if wanted && !told {
            self.tell_far_end(Control::Fax(FaxNews::Answered { channel, fax: None }));
        }
    }

    /// The other end ends with this one.
    pub(crate) fn hang_up_locally(&mut self, cause: Cause) {
        self.tell_far_end(Control::Hangup(cause));
        self.far_end = None;
    }

    /// Whether it is a called end that leaves the way once both ends talk.
    pub(crate) fn is_passing(&self) -> bool {
        self.far_end.as_ref().is_some_and(|far| far.called && far.optimise)
    }

    pub(crate) fn far_end_news(&mut self, news: News) {
        if let Some(far) = &mut self.far_end {
            match news {
                News::Bridged => far.bridged = true,
                news => far.news.push(news),
            }
        }
    }

    /// Called while the channel stays with a peer: takes the pair out of the way if that can be.
    pub(crate) fn optimise(&mut self) {
        // Of pairs behind each other the last one goes first, or they would take away each
        // other's peers.
        let talks = self.state() == State::Up && self.peer().is_some_and(|peer| !peer.passing);
        let Some(far) = self.far_end.as_mut().filter(|far| far.optimise && talks) else {
            return;
        };
        let (target, called, bridged) = (far.channel, far.called, far.bridged);
        if !called && !bridged {
            far.bridged = true;
            self.tell_far_end(Control::FarEnd(News::Bridged));
        } else if called && bridged {
            far.bridged = false;
            // When the other end is gone, so are we in a moment.
            let _ = transfer::attended_in_bridge(self, target);
        }
    }
}

/// Calls an extension. News arrive at `call.owner`, the last of them always `Gone`.
#[must_use]
pub fn call(exchange: &Exchange, mut call: LocalCall) -> Branch {
    let refusal = no_room(exchange, &call);
    let number = exchange.live().next_number();
    call.inherited.depth = call.inherited.depth.saturating_add(1);
    let name = |end: u8| format!("Local/{}@{}-{number:08x};{end}", call.exten, call.context);
    let endpoint = Arc::new(Endpoint {
        id: format!("{}@{}", call.exten, call.context),
        context: call.context.clone(),
        ..(*call.endpoint).clone()
    });
    let dialled = PartyId::new("", &call.exten);
    let new = |end: u8, state, caller: &PartyId, connected: &PartyId, exten: &str| NewChannel {
        name: Some(name(end)),
        endpoint: Arc::clone(&endpoint),
        signalling: Signalling::nowhere(exchange.shard_of(call.exten.as_bytes()).clone()),
        state,
        caller: caller.clone(),
        connected: connected.clone(),
        position: Position::new(&call.context, exten, 1),
        variables: call.variables.clone(),
        sip: SipFacts::of_call(&call.inherited),
        linked_id: Some(call.linked_id.clone()).filter(|id| !id.is_empty()),
    };
    let first = new(1, State::Down, &dialled, &call.caller, "");
    let second = new(2, State::Ring, &call.caller, &dialled, &call.exten);
    let mut first = Channel::new(exchange.clone(), first);
    let mut second = Channel::new(exchange.clone(), second);
    let far = |other: &Channel, called| FarEnd {
        channel: other.id(),
        inbox: other.inbox(),
        called,
        optimise: call.optimise,
        news: Vec::new(),
        bridged: false,
    };
    first.far_end = Some(far(&second, true));
    second.far_end = Some(far(&first, false));
    second.begin_with_fax(call.inherited.fax.clone());
    first.bridging.owner = Some(call.owner.clone());
    first.show_dialled(&call.dialled_at);
    let branch = Branch::of(&first);
    let errand = call.first.take();
    let room = Room::take(&call.inherited.pairs, call.inherited.depth);
    let life = Box::pin(async move {
        if let Some(words) = refusal {
            return refused(&first, &words);
        }
        let _room = match room {
            Ok(room) => room,
            Err(words) => return refused(&first, &words),
        };
        let gone = Box::pin(called(&mut first, second, call, errand)).await;
        outgoing::end(&mut first, gone).await
    });
    outgoing::spawn(&branch, life);
    branch
}

/// Its second end runs the dialplan, and so is one more call. One that belongs to a call is only
/// counted; a call that begins with it needs all that a new call needs.
fn no_room(exchange: &Exchange, call: &LocalCall) -> Option<String> {
    let begins = call.linked_id.is_empty();
    let words = if begins {
        exchange.no_room()
    } else {
        exchange.is_full().then_some("too many calls (maxcalls)")
    };
    words.map(str::to_owned)
}

/// A dialplan that calls itself ends here, and a call too many.
fn refused(first: &Channel, words: &str) -> Gone {
    tracing::error!("{}: {words}. It is refused", first.name());
    Gone { cause: Cause::CONGESTION, status: None, answered: false, forward: None }
}

/// The life of the first end. It starts the second once there is media for both.
async fn called(
    first: &mut Channel,
    mut second: Channel,
    call: LocalCall,
    errand: Option<Errand>,
) -> Gone {
    first.show_application("AppDial", "(Outgoing Line)");
    let failed = |cause| Gone { cause, status: None, answered: false, forward: None };
    if let Some(errand) = errand
        && errand.run(first).await.is_err()
    {
        return failed(first.cause());
    }
    let spec = PipeSpec {
        beside: call.beside,
        ..PipeSpec::new([first.media_sender(), second.media_sender()])
    };
    match first.exchange().engine().create_pipe(spec).await {
        Ok((near, far)) => {
            first.open_pipe(near, call.streams.clone());
            second.open_pipe(far, call.streams.clone());
        }
        Err(error) => {
            tracing::warn!("{}: {error}", first.name());
            return failed(Cause::FAILURE);
        }
    }
    spawn_second(second, Position::new(&call.context, &call.exten, 1));
    if let Err(stop) = until_answered(first).await {
        first.hang_up(bridge::cause_of(&stop)).await;
        return failed(first.cause());
    }
    let cause = bridge::go_on(first, None).await;
    first.hang_up(cause).await;
    Gone { cause: first.cause(), status: None, answered: true, forward: None }
}

fn spawn_second(mut second: Channel, start: Position) {
    tokio::spawn(async move {
        let name = second.name().to_owned();
        let life = async move {
            let cause = bridge::go_on(&mut second, Some(Stop::Redirect(start))).await;
            second.hang_up(cause).await;
        };
        if caught(life).await.is_none() {
            tracing::error!("{name}: a fault of the exchange ended this channel");
        }
    });
}

async fn until_answered(first: &mut Channel) -> Result<(), Stop> {
    loop {
        first.turn(None).await?;
        let news = first.far_end.as_mut().map(|far| std::mem::take(&mut far.news));
        for news in news.unwrap_or_default() {
            let event = match news {
                News::Ringing => {
                    first.set_state(State::Ringing);
                    Some(BranchEvent::Ringing)
                }
                News::Progress => first.as_peer("").map(BranchEvent::Progress),
                News::Answered => {
                    first.set_state(State::Up);
                    first.as_peer("").map(BranchEvent::Answered)
                }
                News::Bridged => None,
            };
            let answered = matches!(event, Some(BranchEvent::Answered(_)));
            if let (Some(event), Some(owner)) = (event, first.bridging.owner.clone()) {
                // The caller may be gone: its hangup is on the way to this channel then.
                let _ = owner.send((first.id(), event).into()).await;
            }
            if answered {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_may_ring_many_for_hours_and_not_call_itself_for_ever() {
        let pairs = Arc::new(Pairs::default());
        for _ in 0..10 * MOST_DEEP {
            Room::take(&pairs, DEEP).expect("a queue that rings its agents again and again");
        }
        let alive: Vec<_> = (0..MOST_PAIRS).map(|_| Room::take(&pairs, 1)).collect();
        let words = Room::take(&pairs, 1).expect_err("no more at a time");
        assert!(words.contains("256 pairs") && words.contains("live in this call"), "{words}");
        drop(alive);
        for _ in 0..MOST_DEEP {
            Room::take(&pairs, DEEP + 1).expect("each gives its room back");
        }
        let words = Room::take(&pairs, DEEP + 1).expect_err("no more in all");
        assert!(words.contains("4096 pairs"), "{words}");
        assert!(words.ends_with("does the extension call itself?"), "{words}");
        Room::take(&pairs, 1).expect("others of the call go on");
    }
}
