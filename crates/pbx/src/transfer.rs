//! Moving the other side of a bridge: blind into the dialplan, attended to somebody this party
//! also talks with, and taking the place of a channel (INVITE with Replaces, pickup). For REFER
//! as for feature codes; what each of them says to its party is their own business.
//!
//! Nothing here waits. What happens next happens in the tasks of the channels concerned, in an
//! order in which nobody can be left behind (`channel/peer.rs`).

use sidetone_base::ChannelId;
use sidetone_dialplan::{Host as _, Position};

use crate::bridge::{self, BridgeEnd};
use crate::channel::{Channel, Control, Errand, HandOver, Redirect, transfer_variables};
use crate::incoming::exists;

pub use sidetone_party::transfer::TransferError;

/// Where a party's transfers lead: `TRANSFER_CONTEXT`, else the context of its endpoint.
#[must_use]
pub fn context(channel: &Channel) -> String {
    let wanted = channel.variable("TRANSFER_CONTEXT").filter(|context| !context.is_empty());
    wanted.unwrap_or_else(|| channel.endpoint().context.clone())
}

/// Sends the peer of a channel to an extension of [`context`], with these variables besides
/// `BLINDTRANSFER`. The channel itself is done: its bridge ends as [`BridgeEnd::Transferred`].
///
/// # Errors
/// When nobody is there to send, or nowhere to send to; the bridge stays as it is then.
pub async fn blind(
    channel: &mut Channel,
    exten: &str,
    mut variables: Vec<(String, String)>,
) -> Result<(), TransferError> {
    let context = context(channel);
    let Some(peer) = channel.peer().cloned() else {
        return Err(TransferError::NotBridged);
    };
    if !exists(channel.exchange(), &context, exten, channel.caller()) {
        return Err(TransferError::NoExtension);
    }
    variables.extend(transfer_variables("", channel.name()));
    let to = Position::new(&context, exten, 1);
    if !peer.tell(Control::Redirect(Redirect { to, variables })) {
        return Err(TransferError::Gone);
    }
    channel.release(BridgeEnd::Transferred).await;
    Ok(())
}

/// Gives the peer of a channel to `target`, another channel of the same party: whoever talks with
/// `target` takes the peer, or the peer takes the place of `target` in the dialplan. Both channels
/// of the party are done then, and end. The outcome arrives as [`Control::HandedOver`]; refused,
/// the bridge stays as it is.
///
/// # Errors
/// When nobody is there to give, or `target` is gone.
pub fn attended(channel: &mut Channel, target: ChannelId) -> Result<(), TransferError> {
    hand(channel, target, true)
}

/// As [`attended`], and refused when `target` talks with nobody.
pub(crate) fn attended_in_bridge(
    channel: &mut Channel,
    target: ChannelId,
) -> Result<(), TransferError> {
    hand(channel, target, false)
}

fn hand(channel: &mut Channel, target: ChannelId, anywhere: bool) -> Result<(), TransferError> {
    let to = channel.peer().cloned().ok_or(TransferError::NotBridged)?;
    channel.bridging.handing = Some(to.clone());
    ask(channel, target, to, anywhere).inspect_err(|_| channel.bridging.handing = None)
}

/// Sends the peer of a channel on in the dialplan, wherever that is; the channel itself is done
/// with it. `false` when it has no peer, or one that is gone.
pub async fn send_on(channel: &mut Channel, to: Position) -> bool {
    let redirect = Redirect { to, variables: Vec::new() };
    let sent = channel.peer().is_some_and(|peer| peer.tell(Control::Redirect(redirect)));
    if sent {
        channel.release(BridgeEnd::Transferred).await;
    }
    sent
}

/// Has something done on the peer of a channel and leaves it to that; the channel itself is done
/// with it. `false` when it has no peer, or one that is gone: the errand is dropped then.
pub async fn send_on_errand(channel: &mut Channel, errand: Errand) -> bool {
    let sent = channel.peer().is_some_and(|peer| peer.tell(Control::Errand(errand)));
    if sent {
        channel.release(BridgeEnd::Transferred).await;
    }
    sent
}

/// Takes the place of `target`: its peer, its ringing, or its place in the dialplan. The channel
/// must have media and has to wait in [`bridge::attend`] next.
///
/// # Errors
/// When the channel has no media, or `target` is gone.
pub fn replace(channel: &mut Channel, target: ChannelId) -> Result<(), TransferError> {
    let own = channel.as_peer("").ok_or(TransferError::NotBridged)?;
    ask(channel, target, own, true)
}

/// Takes `target` out of its call or application to talk with this channel, which must have media
/// and has to wait in [`bridge::attend`] next.
///
/// # Errors
/// As [`replace`].
pub fn take(channel: &mut Channel, target: ChannelId) -> Result<(), TransferError> {
    let name = bridge::name(channel.exchange());
    let peer = channel.as_peer(&name).ok_or(TransferError::NotBridged)?;
    let inbox = channel.exchange().live().inbox(target).ok_or(TransferError::Gone)?;
    let take = Control::TakePeer { peer, instead_of: None };
    inbox.try_send(take.into()).map_err(|_| TransferError::Gone)
}

fn ask(
    channel: &Channel,
    target: ChannelId,
    mut to: crate::channel::Peer,
    anywhere: bool,
) -> Result<(), TransferError> {
    if target == channel.id() {
        return Err(TransferError::Gone);
    }
    to.bridge = bridge::name(channel.exchange());
    let hand_over = HandOver { to, from: channel.id(), anywhere, reply: channel.inbox() };
    let inbox = channel.exchange().live().inbox(target).ok_or(TransferError::Gone)?;
    let told = inbox.try_send(Control::HandOver(hand_over).into());
    told.map_err(|_| TransferError::Gone)
}
