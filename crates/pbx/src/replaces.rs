//! Step 5 of the INVITE walk for an INVITE with Replaces (RFC 3891): the caller takes the place of
//! another channel, if it may. Who may is decision 33.

use sidetone_base::ChannelId;
use sidetone_config::Replacing;
use sidetone_dialplan::Stop;
use sidetone_sip::Request;
use sidetone_sip::headers::Replaces;
use sidetone_ua::api::Reply;

use crate::Cause;
use crate::bridge;
use crate::channel::Channel;
use crate::counters::Refusal;
use crate::message;
use crate::transfer;

/// RFC 3891 §3: one Replaces at most, and one that can be read.
pub(crate) fn check(request: &Request) -> Result<(), Box<Reply>> {
    let found = request.headers.typed_all::<Replaces>();
    if found.is_ok_and(|found| found.len() <= 1) {
        return Ok(());
    }
    Err(Box::new(message::refusal(400, "Replaces names one dialog: call-id;to-tag=;from-tag=")))
}

/// Takes the place, or refuses the call.
pub(crate) async fn take_over(channel: &mut Channel, replaces: &Replaces) {
    let found = channel.exchange().find_replaced(replaces).await;
    let status = match found {
        None => Some(481),
        Some(found) if !may(channel, found.channel) => Some(403),
        Some(found) if replaces.early_only && found.is_answered => Some(486),
        Some(_) => None,
    };
    if let Some(status) = status {
        channel.refuse_with(status);
        channel.exchange().counters().count(Refusal::Request);
        channel.hang_up(Cause::from_status(status)).await;
        return;
    }
    let answered = channel.answer().await.is_ok() && channel.settle().await.is_ok();
    let replaced =
        found.is_some_and(|found| answered && transfer::replace(channel, found.channel).is_ok());
    let cause =
        if replaced { bridge::go_on(channel, Some(Stop::Detached)).await } else { Cause::NO_ROUTE };
    channel.hang_up(cause).await;
}

/// Whether the endpoint of a channel may take the place of another, itself or for its party: it is
/// the one that talks there, it may pick up that one's calls, or the operator trusts it. That it
/// may not is told.
pub(crate) fn may(channel: &Channel, target: ChannelId) -> bool {
    let (exchange, own) = (channel.exchange(), channel.endpoint());
    let config = exchange.config();
    let picks_up = |replaced: &String| {
        let theirs = config.endpoints.get(replaced);
        *replaced == own.id || theirs.is_some_and(|theirs| own.groups.may_pick_up(&theirs.groups))
    };
    let may = own.speech.allow_replaces == Replacing::Any
        || exchange.live().endpoint_of(target).is_some_and(|replaced| picks_up(&replaced));
    if !may {
        tracing::warn!(
            "{}: '{}' may not take the place of a call that is not its own; \
             allow_replaces=any in its endpoint lets it",
            channel.name(),
            own.id
        );
    }
    may
}
