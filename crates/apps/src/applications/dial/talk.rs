//! The second half of `Dial`: from the answer of the callee to the end of the conversation.

use sidetone_dialplan::{Flow, Host as _, Position, Stop};
use sidetone_pbx::bridge::{self, BridgeEnd};
use sidetone_pbx::channel::{BranchEvent, Control, Errand, Happening, Pace, Peer};
use sidetone_pbx::{Cause, Channel, transfer};

use super::limit::{Clock, Stroke};
use super::options::Options;
use super::place::{self, Report, Subroutine};
use super::ringing::is_up;
use crate::applications::prompts::{self, Digits};
use crate::applications::{answer, dial};

/// What is to happen once the callee has answered.
enum Next {
    /// The two are joined.
    Join,
    /// Both go on in the dialplan, each by itself.
    Part(Position),
    /// The callee is hung up; the dialplan of the caller goes on.
    Instead(Result<Flow, Stop>),
}

/// Connects the caller with whom it reached, until one of them hangs up.
pub(super) async fn talk(
    channel: &mut Channel,
    peer: Peer,
    options: &Options,
) -> Result<Flow, Stop> {
    channel.set("DIALSTATUS", "ANSWER");
    let orphan = peer.clone();
    channel.meet_fax(peer.fax.clone());
    match prepare(channel, &peer, options).await {
        Ok(Next::Join) => converse(channel, peer, options).await,
        Ok(Next::Part(to)) => Ok(Flow::Goto(to)),
        Ok(Next::Instead(flow)) => {
            orphan.tell(Control::Hangup(Cause::NORMAL));
            flow
        }
        Err(stop) => {
            orphan.tell(Control::Hangup(channel.cause()));
            Err(stop)
        }
    }
}

/// Everything between the answer of the callee and the bridge.
async fn prepare(channel: &mut Channel, peer: &Peer, options: &Options) -> Result<Next, Stop> {
    if options.answer_first && !is_up(channel) {
        answer::answer(channel).await?;
    }
    if let Some([called, _]) = &options.announce
        && !called.is_empty()
        && ask(channel, peer, announcement(called.clone(), channel.inbox())).await?.is_none()
    {
        return Ok(gone(channel, options));
    }
    if let Some(text) = &options.subroutine {
        let errand = Subroutine::of_name(text).errand(Some(channel.inbox()));
        match ask(channel, peer, errand).await? {
            None => return Ok(gone(channel, options)),
            Some(result) => {
                if let Some(next) = verdict(channel, &result) {
                    return Ok(next);
                }
            }
        }
    }
    if !options.digits[0].is_empty()
        && ask(channel, peer, digits(options.digits[0].clone(), Some(channel.inbox())))
            .await?
            .is_none()
    {
        return Ok(gone(channel, options));
    }
    if !is_up(channel) {
        answer::answer(channel).await?;
    }
    if !options.digits[1].is_empty() {
        channel.send_digits(&options.digits[1], Pace::default()).await?;
    }
    if let Some([_, calling]) = &options.announce
        && !calling.is_empty()
    {
        prompts::play(channel, calling, Digits::Keep).await?;
    }
    if let Some(text) = &options.both_to
        && let Some(to) = place::read(channel, text)
    {
        let redirect =
            sidetone_pbx::channel::Redirect { to: to.following(), variables: Vec::new() };
        peer.tell(Control::Redirect(redirect));
        return Ok(Next::Part(to));
    }
    Ok(Next::Join)
}

/// The callee hung up before it was connected.
fn gone(channel: &mut Channel, options: &Options) -> Next {
    channel.set("~HANGUPCAUSE", Cause::NORMAL.0.to_string());
    Next::Instead(if options.go_on { Ok(Flow::Next) } else { Err(Stop::NORMAL) })
}

/// What the subroutine on the callee wants (`GOSUB_RESULT`).
fn verdict(channel: &mut Channel, result: &str) -> Option<Next> {
    if let Some(text) = result.strip_prefix("GOTO:") {
        let to = place::read(channel, text)?;
        return Some(Next::Instead(Ok(Flow::Goto(to))));
    }
    let flow = match result {
        "ABORT" => Err(Stop::NORMAL),
        "CONGESTION" => Ok(dial::status(channel, "CONGESTION", Cause::CONGESTION).flow),
        "BUSY" => Ok(dial::status(channel, "BUSY", Cause::BUSY).flow),
        "CONTINUE" => Ok(Flow::Next),
        _ => return None,
    };
    Some(Next::Instead(flow))
}

/// Has something done on the callee; its report, or `None` when it hung up.
async fn ask(channel: &mut Channel, peer: &Peer, errand: Errand) -> Result<Option<String>, Stop> {
    if !peer.tell(Control::Errand(errand)) {
        return Ok(None);
    }
    loop {
        match channel.wait_keeping_digits(None).await? {
            Happening::Branch(from, BranchEvent::Done(words)) if from == peer.channel => {
                return Ok(Some(words));
            }
            Happening::Branch(from, BranchEvent::Gone { .. }) if from == peer.channel => {
                return Ok(None);
            }
            _ => {}
        }
    }
}

fn announcement(names: String, report: Report) -> Errand {
    Errand::new(move |channel| {
        Box::pin(async move {
            prompts::play(channel, &names, Digits::Keep).await?;
            place::done(channel.id(), Some(report), String::new()).await;
            Ok(Flow::Next)
        })
    })
}

/// Sends digits on another channel.
fn digits(digits: String, report: Option<Report>) -> Errand {
    Errand::new(move |channel| {
        Box::pin(async move {
            channel.send_digits(&digits, Pace::default()).await?;
            place::done(channel.id(), report, String::new()).await;
            Ok(Flow::Next)
        })
    })
}

/// The conversation itself.
async fn converse(channel: &mut Channel, peer: Peer, options: &Options) -> Result<Flow, Stop> {
    if options.callee_h {
        let position = channel.position();
        peer.tell(Control::Errand(Errand::new(move |channel| {
            channel.place(&position);
            Box::pin(async { Ok(Flow::Next) })
        })));
    }
    let began = channel.exchange().now();
    bridge::join(channel, peer, options.caller_rights, options.callee_rights).await;
    let mut clock = Clock::start(began, options.limit, options.stop_after);
    let end = stay(channel, &mut clock).await;
    let talked = channel.exchange().now().saturating_duration_since(began);
    super::set_time(channel, "ANSWEREDTIME", Some(talked));
    part(channel, end, options).await
}

/// Stays in the bridge, under a clock.
pub(in crate::applications) async fn stay(
    channel: &mut Channel,
    clock: &mut Clock,
) -> Result<BridgeEnd, Stop> {
    clock.connected(channel).await?;
    loop {
        let end = bridge::stay(channel, clock.next()).await?;
        if end != BridgeEnd::Time {
            return Ok(end);
        }
        let now = channel.exchange().now();
        if let Some(stroke) = clock.strike(now) {
            clock.sound(channel, stroke).await?;
            if stroke == Stroke::End {
                return Ok(BridgeEnd::Time);
            }
        }
    }
}

/// How the two part, and where the dialplan of the caller goes on.
async fn part(
    channel: &mut Channel,
    end: Result<BridgeEnd, Stop>,
    options: &Options,
) -> Result<Flow, Stop> {
    match end {
        Ok(BridgeEnd::Peer(cause)) => {
            channel.leave(cause).await;
            channel.set("~HANGUPCAUSE", cause.0.to_string());
            if let Some(to) = channel.after_bridge().await? {
                return Ok(Flow::Goto(to));
            }
            if options.go_on { Ok(Flow::Next) } else { Err(Stop::Hangup { cause: cause.0.into() }) }
        }
        Ok(BridgeEnd::Time) => {
            channel.leave(Cause::NORMAL).await;
            channel.set("~HANGUPCAUSE", Cause::NORMAL.0.to_string());
            if let Some(to) = channel.after_bridge().await? {
                return Ok(Flow::Goto(to));
            }
            if options.go_on { Ok(Flow::Next) } else { Err(Stop::NORMAL) }
        }
        Ok(BridgeEnd::Transferred | BridgeEnd::Refused) => Err(Stop::NORMAL),
        Err(stop @ Stop::Hangup { .. }) => {
            let sent = match caller_gone(channel, options) {
                Some(to) => transfer::send_on(channel, to).await,
                None => false,
            };
            if !sent {
                channel.leave(channel.cause()).await;
            }
            Err(stop)
        }
        Err(stop) => {
            channel.leave(Cause::NORMAL).await;
            Err(stop)
        }
    }
}

/// Option `F`: where the callee goes on when the caller hangs up.
fn caller_gone(channel: &Channel, options: &Options) -> Option<Position> {
    match options.caller_gone.as_deref()? {
        "" => Some(channel.position().following()),
        text => place::read(channel, text),
    }
}
