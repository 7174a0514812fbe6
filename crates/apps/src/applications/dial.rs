//! `Dial`: call somebody and connect. Step 7 of the INVITE walk begins here.
//!
//! Each contact of each destination is a called channel of its own (`pbx/outgoing`, or
//! `pbx/local` for an extension). `ringing` follows them until one answers and ends the others;
//! `talk` is the rest of the call. `Route` comes in at [`attempt`].

use std::time::{Duration, Instant};

use sidetone_dialplan::{Doc, Flow, Stop};
use sidetone_pbx::{Cause, Channel};
use sidetone_routing::Ending;

mod callee;
mod destinations;
mod forward;
mod limit;
mod options;
pub(super) mod place;
mod ringing;
mod secure;
mod talk;
mod written;

pub(crate) use destinations::contacts_of;
pub(super) use destinations::{Calling, Destination, To, learn, resolve};
pub(crate) use forward::{allow as allow_forwards, left as forwards_left};
pub(super) use limit::{Clock, Limit};
use options::Options;
use place::Subroutine;
use ringing::{Answered, Dialling, Outcome};
pub(crate) use secure::{demand as demand_security, demands as demands_security};
pub(super) use talk::stay;
pub use written::{Written, written};

pub(super) const DOC: Doc = Doc {
    name: "Dial",
    synopsis: "Call somebody and connect",
    syntax: "Technology/Resource[&…][,timeout[,options[,URL]]]",
    description: "Calls all destinations at once and connects the caller with the first that \
        answers. PJSIP/name calls every reachable contact of the endpoint; PJSIP/number@name calls \
        the number through it; Local/exten@context runs the dialplan there. The dialplan goes on \
        when nobody answers, or, with option g, when the callee hangs up. An endpoint with \
        device_state_busy_at calls already is busy.\n\n\
        A callee that forwards the call (302) is followed to that extension, in FORWARD_CONTEXT \
        or the context of the call.",
    arguments: &[
        (
            "Technology/Resource",
            "PJSIP/endpoint, PJSIP/number@endpoint, PJSIP/endpoint/sip:uri or \
            Local/exten@context[/n]",
        ),
        ("timeout", "Seconds to let it ring; for ever without"),
        ("options", "Letters, some with an argument in parentheses"),
        ("URL", "Is sent nowhere"),
    ],
    options: options::DOC,
    variables: &[
        ("DIALSTATUS", "ANSWER, BUSY, NOANSWER, CANCEL, CONGESTION, CHANUNAVAIL or INVALIDARGS"),
        ("DIALEDPEERNAME", "The channel that answered"),
        ("DIALEDPEERNUMBER", "What was dialled of it"),
        ("DIALEDTIME, DIALEDTIME_MS", "Time from dialling to the end"),
        ("ANSWEREDTIME, ANSWEREDTIME_MS", "Time of conversation"),
        ("RINGTIME, RINGTIME_MS", "Time from dialling to the first ringing"),
        ("PROGRESSTIME, PROGRESSTIME_MS", "Time from dialling to the first early media"),
        ("FORWARDERNAME", "The channel that forwarded the call"),
        ("LIMIT_PLAYAUDIO_CALLER, LIMIT_PLAYAUDIO_CALLEE", "Who hears of a limit (read)"),
        ("LIMIT_CONNECT_FILE, LIMIT_WARNING_FILE, LIMIT_TIMEOUT_FILE", "Prompts of it (read)"),
        (
            "GOSUB_RESULT",
            "Set by the subroutine of option U: ABORT, CONGESTION, BUSY, CONTINUE or \
            GOTO:place",
        ),
    ],
    see_also: &["RetryDial", "Answer", "Hangup", "PJSIP_DIAL_CONTACTS()"],
};

/// Variables of an earlier Dial that must not be taken for ours.
const RESULTS: &[&str] = &["DIALSTATUS", "DIALEDPEERNAME", "DIALEDPEERNUMBER", "FORWARDERNAME"];

/// Those in seconds, each with a twin in milliseconds.
const TIMES: &[&str] = &["DIALEDTIME", "ANSWEREDTIME", "RINGTIME", "PROGRESSTIME"];

pub(super) async fn run(channel: &mut Channel, args: &str) -> Result<Flow, Stop> {
    tracing::debug!(target: "walk", step = 7, "apps/dial");
    let mut parts = sidetone_dialplan::arguments::split_raw(args, ',', 4).into_iter();
    let mut part = || parts.next().unwrap_or_default().trim().to_owned();
    let (wanted, timeout, options, url) = (part(), part(), part(), part());
    if !url.is_empty() {
        tracing::warn!("{}: Dial: no peer here takes a URL: '{url}' is ignored", channel.name());
    }
    if wanted.is_empty() {
        tracing::warn!("{}: Dial: whom? write PJSIP/endpoint", channel.name());
        forget(channel);
        channel.set("DIALSTATUS", "INVALIDARGS");
        return Err(Stop::NORMAL);
    }
    let timeout = super::wait::seconds_of(channel, "Dial", &timeout);
    let timeout = timeout.filter(|time| !time.is_zero());
    let order = Order { wanted: &wanted, timeout, silence: None, options: &options };
    Ok(attempt(channel, &order).await?.flow)
}

/// Who is called, and how.
pub(super) struct Order<'a> {
    /// The first argument of Dial.
    pub wanted: &'a str,
    /// How long it may ring.
    pub timeout: Option<Duration>,
    /// How long nothing may be heard of anybody.
    pub silence: Option<Duration>,
    /// Option letters.
    pub options: &'a str,
}

/// How a call ended after which the dialplan goes on.
pub(super) struct Ended {
    /// Where to.
    pub flow: Flow,
    /// How.
    pub ending: Ending,
}

impl Ended {
    fn new(flow: Flow, status: &'static str, cause: Cause) -> Self {
        Self { flow, ending: Ending { status, cause: cause.0, sip: None, silent: false } }
    }
}

/// Calls somebody and connects, once.
pub(super) async fn attempt(channel: &mut Channel, order: &Order<'_>) -> Result<Ended, Stop> {
    let options = Options::read(order.options, channel.name());
    forget(channel);
    if channel.is_stopped() {
        channel.set("DIALSTATUS", "CANCEL");
        return Ok(Ended::new(Flow::Next, "CANCEL", Cause::NORMAL));
    }
    if let Some(text) = &options.before_caller
        && let Some(subroutine) = Subroutine::read(channel, text)
    {
        subroutine.run(channel).await?;
    }
    learn(channel.exchange(), order.wanted).await;
    let destinations = resolve(channel.exchange(), order.wanted, channel.name());
    if destinations.is_empty() {
        return Ok(status(channel, "CHANUNAVAIL", Cause::SUBSCRIBER_ABSENT));
    }
    call(channel, &destinations, order, &options).await
}

async fn call(
    channel: &mut Channel,
    destinations: &[Destination],
    order: &Order<'_>,
    options: &Options,
) -> Result<Ended, Stop> {
    let until = [order.timeout, order.silence].map(|time| time.map(|time| channel.until(time)));
    let mut dialling = Dialling::start(channel, destinations, options, until);
    let outcome = dialling.until_answered(channel, options).await;
    dialling.quiet(channel).await;
    let begun = dialling.begun;
    let since = |moment: Option<Instant>| Some(moment?.saturating_duration_since(begun));
    set_time(channel, "RINGTIME", since(dialling.rang));
    set_time(channel, "PROGRESSTIME", since(dialling.progressed));
    let ended = match outcome {
        Ok(Outcome::Answered(Answered { place, peer, number })) => {
            let cause = options.end_cause.unwrap_or(Some(Cause::ANSWERED_ELSEWHERE));
            dialling.end_others(place, cause.unwrap_or(Cause::NORMAL));
            drop(dialling);
            channel.set("DIALEDPEERNAME", peer.name.clone());
            channel.set("DIALEDPEERNUMBER", number);
            let flow = talk::talk(channel, *peer, options).await;
            flow.map(|flow| Ended::new(flow, "ANSWER", Cause::NORMAL))
        }
        Ok(Outcome::Nobody(words, cause)) => {
            let (sip, silent) = (dialling.status_of(cause), !dialling.heard);
            drop(dialling);
            channel.leave(cause).await;
            let ended = status(channel, words, cause);
            Ok(Ended { ending: Ending { sip, silent, ..ended.ending }, ..ended })
        }
        Ok(Outcome::Exit(to)) => {
            drop(dialling);
            channel.leave(Cause::NORMAL).await;
            channel.set("DIALSTATUS", "CANCEL");
            Ok(Ended::new(Flow::Goto(to), "CANCEL", Cause::NORMAL))
        }
        Err(stop) => {
            // Somebody else answered the caller's call: those who ring here missed nothing.
            if channel.cause() == Cause::ANSWERED_ELSEWHERE {
                dialling.end_others(None, Cause::ANSWERED_ELSEWHERE);
            }
            drop(dialling);
            channel.leave(Cause::NORMAL).await;
            channel.set("DIALSTATUS", "CANCEL");
            Err(stop)
        }
    };
    let dialled = channel.exchange().now().saturating_duration_since(begun);
    set_time(channel, "DIALEDTIME", Some(dialled));
    ended
}

fn forget(channel: &mut Channel) {
    for name in RESULTS {
        channel.set(name, "");
    }
    for name in TIMES {
        set_time(channel, name, None);
    }
}

/// Sets a time in seconds and, under its own name, in milliseconds.
fn set_time(channel: &mut Channel, name: &str, time: Option<Duration>) {
    let text = |number: Option<u128>| number.map(|number| number.to_string()).unwrap_or_default();
    channel.set(name, text(time.map(|time| time.as_secs().into())));
    channel.set(&format!("{name}_MS"), text(time.map(|time| time.as_millis())));
}

/// Notes how it went and lets the dialplan go on.
fn status(channel: &mut Channel, words: &'static str, cause: Cause) -> Ended {
    channel.set("DIALSTATUS", words);
    channel.set("~HANGUPCAUSE", cause.0.to_string());
    Ended::new(Flow::Next, words, cause)
}
