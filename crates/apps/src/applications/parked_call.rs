//! `ParkedCall`: fetch a call that is parked.

use std::time::Duration;

use sidetone_dialplan::{Doc, Flow, Stop};
use sidetone_parking::Party;
use sidetone_pbx::bridge::{self, BridgeEnd};
use sidetone_pbx::{Cause, Channel, transfer};

use super::answer;
use super::parking::{self, Claim};
use super::prompts::{self, Digits};

pub(super) const DOC: Doc = Doc {
    name: "ParkedCall",
    synopsis: "Fetch a parked call",
    syntax: "[lot][,space]",
    description: "Answers and joins the caller with the call on this space, or with that on the \
        lowest one that is taken. When nobody stands there the caller hears so. The call ends \
        when they have talked. What both may do then by feature codes, and who hears a prompt \
        first, is in res_parking.conf.",
    arguments: &[
        (
            "lot",
            "A lot of res_parking.conf; without it the variable PARKINGLOT, CHANNEL(parkinglot), \
             or default",
        ),
        ("space", "The number"),
    ],
    variables: &[("PARKINGLOT", "The lot, when none is written (read)")],
    see_also: &["Park", "ParkAndAnnounce"],
    ..Doc::EMPTY
};

/// How long the parked call may take to come over.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) async fn run(channel: &mut Channel, args: &str) -> Result<Flow, Stop> {
    let (written, space) = args.split_once(',').unwrap_or((args, ""));
    let name = parking::lot_name(channel, written);
    let space = Some(space.trim()).filter(|space| !space.is_empty());
    let number = space.map(str::parse::<u32>);
    answer::meet(channel).await?;
    let claim = match number {
        Some(Err(_)) => {
            tracing::warn!("{}: ParkedCall: '{args}' names no space", channel.name());
            None
        }
        Some(Ok(number)) => Claim::take(channel.exchange(), &name, Some(number)),
        None => Claim::take(channel.exchange(), &name, None),
    };
    match claim {
        Some(claim) => fetch(channel, &name, claim).await,
        None => nobody(channel).await,
    }
}

async fn nobody(channel: &mut Channel) -> Result<Flow, Stop> {
    parking::say_failed(channel, "pbx-invalidpark").await?;
    Err(Stop::NORMAL)
}

async fn fetch(channel: &mut Channel, name: &str, claim: Claim) -> Result<Flow, Stop> {
    // A lot that a reload took away still has its calls.
    let lot = parking::settings(channel, name);
    let retrieval = lot.map(|lot| lot.retrieval.clone()).unwrap_or_default();
    if retrieval.play.caller() && !retrieval.tone.is_empty() {
        prompts::play(channel, &retrieval.tone, Digits::Keep).await?;
    }
    channel.set_rights(parking::rights(&retrieval, Party::caller));
    if transfer::take(channel, claim.parked.channel).is_err() {
        return nobody(channel).await;
    }
    let until = channel.until(PATIENCE);
    if bridge::expect(channel, until).await?.is_some() {
        return nobody(channel).await;
    }
    claim.came();
    match bridge::stay(channel, None).await {
        Ok(BridgeEnd::Peer(cause)) => {
            channel.leave(cause).await;
            let next = channel.told_mut().after_bridge.take();
            next.map_or(Err(Stop::Hangup { cause: cause.0.into() }), |to| Ok(Flow::Goto(to)))
        }
        Ok(_) => Err(Stop::NORMAL),
        Err(stop) => {
            channel.leave(Cause::NORMAL).await;
            Err(stop)
        }
    }
}
