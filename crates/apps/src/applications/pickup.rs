//! `Pickup`: answer a call that rings somewhere else.

use std::time::Duration;

use sidetone_base::ChannelId;
use sidetone_dialplan::{Doc, Flow, Host as _, Stop};
use sidetone_pbx::bridge::{self, BridgeEnd};
use sidetone_pbx::channel::State;
use sidetone_pbx::live::Facts;
use sidetone_pbx::{Cause, Channel, transfer};

use super::answer;

pub(super) const DOC: Doc = Doc {
    name: "Pickup",
    synopsis: "Answer a call that rings somewhere else",
    syntax: "[target[&target2…]]",
    description: "Takes the first call that rings at one of the targets. Without targets, a call \
        that rings at an endpoint of a group this endpoint may pick up (call_group and \
        pickup_group, or the named ones). When there is nothing to pick up the dialplan goes on.",
    arguments: &[(
        "target",
        "extension[@context] that was dialled, or mark@PICKUPMARK for calls whose channel has \
         that value in the variable PICKUPMARK",
    )],
    see_also: &["Dial", "Bridge"],
    ..Doc::EMPTY
};

/// How long whoever called may take to come over.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) async fn run(channel: &mut Channel, args: &str) -> Result<Flow, Stop> {
    let found = candidates(channel, args);
    for target in found {
        answer::answer(channel).await?;
        channel.settle().await?;
        if transfer::replace(channel, target).is_err() {
            continue;
        }
        let until = channel.until(PATIENCE);
        let end = bridge::attend(channel, Some(until)).await;
        let end = match end {
            Ok(BridgeEnd::Time) if channel.peer().is_some() => bridge::stay(channel, None).await,
            end => end,
        };
        match end {
            Ok(BridgeEnd::Refused | BridgeEnd::Time) => continue,
            Ok(BridgeEnd::Peer(cause)) => {
                channel.leave(cause).await;
                return Err(Stop::Hangup { cause: cause.0.into() });
            }
            Ok(BridgeEnd::Transferred) => return Err(Stop::NORMAL),
            Err(stop) => {
                channel.leave(Cause::NORMAL).await;
                return Err(stop);
            }
        }
    }
    tracing::info!("{}: Pickup: nothing rings at '{args}'", channel.name());
    Ok(Flow::Next)
}

/// The ringing channels that may be taken, oldest first.
fn candidates(channel: &Channel, args: &str) -> Vec<ChannelId> {
    let exchange = channel.exchange();
    let ringing: Vec<Facts> = exchange
        .live()
        .all()
        .into_iter()
        .filter(|facts| facts.state == State::Ringing && facts.id != channel.id())
        .collect();
    let ids = |wanted: &dyn Fn(&Facts) -> bool| -> Vec<ChannelId> {
        ringing.iter().filter(|facts| wanted(facts)).map(|facts| facts.id).collect()
    };
    if args.trim().is_empty() {
        let config = exchange.config();
        let own = &channel.endpoint().groups;
        let may = |facts: &Facts| {
            let theirs = config.endpoints.get(&facts.endpoint);
            theirs.is_some_and(|theirs| own.may_pick_up(&theirs.groups))
        };
        return ids(&may);
    }
    let context = channel.position().context.to_string();
    let mut found = Vec::new();
    for target in args.split('&').map(str::trim).filter(|target| !target.is_empty()) {
        found.extend(match target.rsplit_once('@') {
            Some((mark, "PICKUPMARK")) => ids(&|facts| facts.pickup_mark == mark),
            Some(_) => ids(&|facts| facts.dialled_at == target),
            None => ids(&|facts| facts.dialled_at == format!("{target}@{context}")),
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use sidetone_config::PickupGroups;

    #[test]
    fn groups_by_number_or_name_allow_it() {
        let named = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect();
        let theirs =
            PickupGroups { call: 0b110, named_call: named(&["sales"]), ..PickupGroups::default() };
        let own = |pickup, names: &[&str]| PickupGroups {
            pickup,
            named_pickup: named(names),
            ..PickupGroups::default()
        };
        assert!(own(0b010, &[]).may_pick_up(&theirs));
        assert!(own(0, &["service", "sales"]).may_pick_up(&theirs));
        assert!(!own(0b001, &["service"]).may_pick_up(&theirs));
        assert!(!own(0, &[]).may_pick_up(&PickupGroups::default()));
    }
}
