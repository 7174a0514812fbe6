//! Feature codes: what a party in a bridge may do by pressing keys (`features.conf`). Step 8 of
//! the INVITE walk; `pbx::bridge` calls [`digit`] for parties that Dial gave rights to.
//!
//! The keys also reach the other side as what they are: keys.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sidetone_base::ChannelId;
use sidetone_config::objects::dynamic_features::DynamicFeature;
use sidetone_config::objects::features::Features;
use sidetone_dialplan::{Flow, Host as _, Position, Stop};
use sidetone_pbx::channel::{BranchEvent, Control, Errand, Happening, Join};
use sidetone_pbx::outgoing::Branch;
use sidetone_pbx::transfer::TransferError;
use sidetone_pbx::{Cause, Channel, transfer};

use super::callback::{Left, Relay};
use super::dial::{Calling, Destination, To, place};
use super::park::Request;
use super::{digits, dynamic_features, parking, prompts, tones};
use crate::channel_functions::feature;

/// What a code does.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Action {
    Blind,
    Attended,
    Disconnect,
    Park,
    Dynamic(Arc<DynamicFeature>),
}

/// The codes the party may use, with what they do.
fn codes(channel: &Channel, features: &Features) -> Vec<(String, Action)> {
    let rights = channel.rights();
    let all = [
        (&features.blind_transfer, Action::Blind, rights.transfer),
        (&features.attended_transfer, Action::Attended, rights.transfer),
        (&features.disconnect, Action::Disconnect, rights.disconnect),
        (&features.park, Action::Park, rights.park),
    ];
    let may = all.into_iter().filter(|(code, _, may)| *may && !code.is_empty());
    let mut codes: Vec<_> = may.map(|(code, action, _)| (code.clone(), action)).collect();
    // Those of the exchange itself go first.
    if let Some(names) = channel.variable("DYNAMIC_FEATURES") {
        let allowed = features.dynamic.allowed(&names).into_iter();
        codes.extend(allowed.map(|(keys, feature)| (keys, Action::Dynamic(feature))));
    }
    codes
}

/// Whether a key is the code that hangs up, for Dial while it rings.
pub(crate) fn is_disconnect(channel: &Channel, digit: char) -> bool {
    let code = feature::of(channel).disconnect;
    code.chars().eq(std::iter::once(digit))
}

/// A key was pressed in a bridge.
pub(crate) async fn digit(channel: &mut Channel, first: char) -> Result<Flow, Stop> {
    let features = &feature::of(channel);
    let codes = codes(channel, features);
    let mut pressed = String::from(first);
    let action = loop {
        let exact =
            codes.iter().find(|(code, _)| *code == pressed).map(|(_, action)| action.clone());
        let longer =
            codes.iter().any(|(code, _)| code.len() > pressed.len() && code.starts_with(&pressed));
        if !longer {
            break exact;
        }
        let until = channel.until(features.digit_timeout);
        match channel.read_digit(until).await? {
            Some(digit) => pressed.push(digit),
            None => break exact,
        }
    };
    match action {
        Some(Action::Disconnect) => return Err(Stop::NORMAL),
        Some(Action::Blind) => blind(channel, features).await?,
        Some(Action::Attended) => attended(channel, features).await?,
        Some(Action::Park) => parking::park_peer(channel, Request::default()).await?,
        Some(Action::Dynamic(feature)) => dynamic_features::start(channel, feature).await?,
        None => {}
    }
    Ok(Flow::Next)
}

/// Asks for an extension; `None` when nothing was dialled or there is no such extension, of
/// which the party hears.
async fn ask(channel: &mut Channel, features: &Features) -> Result<Option<String>, Stop> {
    let context = transfer::context(channel);
    let attempts = features.dial_attempts.max(1);
    for attempt in 1..=attempts {
        prompts::play(channel, &features.announce_sound, prompts::Digits::Keep).await?;
        let until = channel.until(features.transfer_digit_timeout);
        let Some(first) = channel.read_digit(until).await? else {
            return Ok(None);
        };
        let exten = digits::collect(channel, first, &context).await?;
        if place::exists(channel, &Position::new(&context, &exten, 1)) {
            return Ok(Some(exten));
        }
        let is_last = attempt == attempts;
        let sound = if is_last { &features.invalid_sound } else { &features.retry_sound };
        prompts::play(channel, sound, prompts::Digits::Keep).await?;
    }
    Ok(None)
}

async fn blind(channel: &mut Channel, features: &Features) -> Result<(), Stop> {
    channel.let_wait(true);
    let exten = ask(channel, features).await?;
    channel.let_wait(false);
    if let Some(exten) = exten {
        let context = transfer::context(channel);
        if let Some(request) = parking::parks(channel, &context, &exten) {
            return parking::park_peer(channel, request).await;
        }
        match transfer::blind(channel, &exten, Vec::new()).await {
            Ok(()) => return Ok(()),
            Err(TransferError::NotBridged) => return Ok(()),
            Err(error) => tracing::info!("{}: no transfer: {error}", channel.name()),
        }
    }
    prompts::play(channel, &features.fail_sound, prompts::Digits::Keep).await?;
    Ok(())
}

/// Talks with somebody first, while the peer waits. Hanging up or the code for it completes the
/// transfer; the code for abort, or the other's hangup, leads back.
async fn attended(channel: &mut Channel, features: &Features) -> Result<(), Stop> {
    channel.let_wait(true);
    let Some(exten) = ask(channel, features).await? else {
        channel.let_wait(false);
        prompts::play(channel, &features.fail_sound, prompts::Digits::Keep).await?;
        return Ok(());
    };
    let context = transfer::context(channel);
    if let Some(request) = parking::parks(channel, &context, &exten) {
        // There is nobody to talk with first: the number of the space is all there is to hear.
        channel.let_wait(false);
        return parking::park_peer(channel, request).await;
    }
    channel.hold_peer(true).await;
    let Some(waits) = channel.held_peer().map(|held| held.channel) else {
        return Ok(());
    };
    let consultation = consult(channel, features, &exten, &context, waits).await;
    if channel.held_peer().is_none() {
        return consultation;
    }
    if consultation.is_err() && channel.is_stopped() {
        // The party hung up: whoever it consulted takes the peer, or the peer calls there itself.
        let is_alone = channel.peer().is_none() || !complete(channel, features, waits).await;
        if is_alone && channel.held_peer().is_some_and(|held| held.channel == waits) {
            channel.send_held_peer(Position::new(&context, &exten, 1));
        }
        return consultation;
    }
    consultation?;
    channel.leave_for_held().await;
    Ok(())
}

/// Calls and talks. Comes back when the transfer is complete, or when it is not to be.
async fn consult(
    channel: &mut Channel,
    features: &Features,
    exten: &str,
    context: &str,
    waits: ChannelId,
) -> Result<(), Stop> {
    let to = To::Local { exten: exten.to_owned(), context: context.to_owned(), optimise: true };
    let destination = Destination { number: exten.to_owned(), to };
    let (owner, relay) = Relay::new(channel.inbox());
    let calling = Calling { owner, ..Calling::of(channel) };
    let branch = destination.call(channel.exchange(), calling, None);
    let until = channel.until(features.no_answer_timeout);
    tones::start(channel, "ring").await;
    let answered = until_answered(channel, &branch, until, features).await;
    channel.stop_background().await;
    match answered {
        Ok(true) => until_decided(channel, features, waits).await,
        Ok(false) => {
            branch.tell(Control::Hangup(Cause::NORMAL));
            prompts::play(channel, &features.fail_sound, prompts::Digits::Keep).await?;
            Ok(())
        }
        Err(stop) => {
            let waits = channel.held_peer().map(|held| held.inbox.clone());
            match waits.filter(|_| channel.is_stopped()) {
                // It goes on ringing, for the one that waits.
                Some(inbox) => {
                    let (transferer, rights) = (channel.name().to_owned(), channel.rights());
                    let features = features.clone();
                    let left = Left { transferer, rights, features, destination, branch, relay };
                    channel.leave_held_to(left.errand(inbox));
                }
                None => branch.tell(Control::Hangup(Cause::NORMAL)),
            }
            Err(stop)
        }
    }
}

async fn until_answered(
    channel: &mut Channel,
    branch: &Branch,
    until: Instant,
    features: &Features,
) -> Result<bool, Stop> {
    let mut pressed = String::new();
    loop {
        match channel.wait(Some(until)).await? {
            Happening::Deadline => return Ok(false),
            Happening::Branch(from, event) if from == branch.channel => match event {
                BranchEvent::Answered(peer) => {
                    if let Some(own) = channel.as_peer("") {
                        let join = Join { peer: own, instead_of: None, rights: None };
                        branch.tell(Control::Join(join));
                    }
                    channel.join(peer).await;
                    return Ok(true);
                }
                BranchEvent::Gone { .. } => return Ok(false),
                _ => {}
            },
            Happening::Digit(digit) => {
                pressed.push(digit);
                if pressed.ends_with(&features.abort) {
                    return Ok(false);
                }
            }
            Happening::Branch(..) | Happening::Played(_) => {}
        }
    }
}

/// Joins the two others; who was consulted, and not the one that `waits`, hears so. `false` when
/// one of them is gone.
async fn complete(channel: &mut Channel, features: &Features, waits: ChannelId) -> bool {
    let mut others = channel.peer().into_iter().chain(channel.held_peer());
    let consulted = others.find(|peer| peer.channel != waits).cloned();
    let given = channel.give_held_peer().await;
    if let Some(peer) = consulted.filter(|_| given && !features.done_sound.is_empty()) {
        let sound = features.done_sound.clone();
        // One that does not hear it talks all the same.
        peer.tell(Control::Errand(Errand::new(move |channel| {
            Box::pin(async move {
                let begun = prompts::begin(channel, &sound).await;
                channel.set_background(begun);
                Ok(Flow::Next)
            })
        })));
    }
    given
}

async fn until_decided(
    channel: &mut Channel,
    features: &Features,
    waits: ChannelId,
) -> Result<(), Stop> {
    let mut pressed = String::new();
    loop {
        // The other side left, or the one that waits did.
        if channel.peer().is_none() || channel.held_peer().is_none() {
            return Ok(());
        }
        let until = channel.until(Duration::from_secs(1));
        let Happening::Digit(digit) = channel.wait(Some(until)).await? else {
            continue;
        };
        pressed.push(digit);
        if pressed.ends_with(&features.abort) {
            // Whoever waits now, it is the one of the call that is gone back to.
            if channel.held_peer().is_some_and(|held| held.channel != waits) {
                channel.swap_with_held().await;
            }
            return Ok(());
        }
        if pressed.ends_with(&features.complete) {
            complete(channel, features, waits).await;
            return Ok(());
        }
        if !features.swap.is_empty() && pressed.ends_with(&features.swap) {
            pressed.clear();
            channel.swap_with_held().await;
        }
    }
}
