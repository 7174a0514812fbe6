//! Step 5 of the INVITE walk for an INVITE with Replaces (RFC 3891): the caller takes the place of
//! another channel, if it may. Who may is decision 33.

use sidetone_base::ChannelId;
use sidetone_config::{Endpoint, Replacing};
use sidetone_dialplan::Stop;
use sidetone_sip::Request;
use sidetone_sip::headers::Replaces;
use sidetone_ua::api::Reply;

use crate::Cause;
use crate::bridge;
use crate::channel::Channel;
use crate::counters::Refusal;
use crate::exchange::Exchange;
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
        Some(found) if !may(channel.exchange(), channel.endpoint(), found.channel) => {
            tracing::warn!("{}: '{}' {NOT_ITS_OWN}", channel.name(), channel.endpoint().id);
            Some(403)
        }
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

/// Why a place is not given away.
pub(crate) const NOT_ITS_OWN: &str = "may not take the place of a call that is not its own; \
    allow_replaces=any in its endpoint lets it";

/// Whether an endpoint may take the place of a channel: it is the one that talks there, it may
/// pick up that one's calls, or the operator trusts it.
pub(crate) fn may(exchange: &Exchange, own: &Endpoint, target: ChannelId) -> bool {
    if own.speech.allow_replaces == Replacing::Any {
        return true;
    }
    let Some(replaced) = exchange.live().endpoint_of(target) else { return false };
    if replaced == own.id {
        return true;
    }
    let config = exchange.config();
    config.endpoints.get(&replaced).is_some_and(|theirs| own.groups.may_pick_up(&theirs.groups))
}
