//! Parked calls, for `Park`, `ParkedCall`, `ParkAndAnnounce` and the feature code: which lot a
//! channel parks in, how it stands on its space, and what becomes of it when nobody fetches it.
//! Beside step 8 of the INVITE walk. Who stands where is kept in `sidetone_parking`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sidetone_base::ChannelId;
use sidetone_dialplan::{Flow, Host as _, Position, Query, Stop};
use sidetone_parking::{Choice, Entry, Lot, Parked, Party, Refused, flattened};
use sidetone_pbx::bridge::{self, BridgeEnd};
use sidetone_pbx::channel::{Errand, Rights};
use sidetone_pbx::{Channel, Exchange, transfer};

use super::dial::place;
use super::park::Request;
use super::prompts::{self, Digits, Played};
use super::{music_on_hold, tones};

/// The context in which a call that comes back calls who parked it.
const COMEBACK: &str = "park-dial";

/// The lot of a channel that names none.
const DEFAULT_LOT: &str = "default";

/// How much longer a call stands while somebody who claimed it hears the courtesy tone.
const CLAIMED: Duration = Duration::from_secs(5);

/// `CHANNEL(parkinglot)`
#[derive(Debug, Default)]
struct OwnLot(String);

/// Reads `CHANNEL(parkinglot)`.
pub(crate) fn own_lot(channel: &mut Channel) -> String {
    channel.extra::<OwnLot>().0.clone()
}

/// Sets `CHANNEL(parkinglot)`.
pub(crate) fn set_own_lot(channel: &mut Channel, name: &str) {
    name.clone_into(&mut channel.extra::<OwnLot>().0);
}

/// The name of the lot that is meant: the one written, `PARKINGLOT`, `CHANNEL(parkinglot)`, or
/// `default`.
pub(crate) fn lot_name(channel: &mut Channel, written: &str) -> String {
    let own = own_lot(channel);
    let named = [Some(written.trim().to_owned()), channel.variable("PARKINGLOT"), Some(own)];
    let mut named = named.into_iter().flatten().filter(|name| !name.is_empty());
    named.next().unwrap_or_else(|| DEFAULT_LOT.to_owned())
}

/// The settings of a lot. Of one that is not there, the log says so.
pub(super) fn settings(channel: &Channel, name: &str) -> Option<Arc<Lot>> {
    let found = channel.exchange().config().parking.lots.get(name).cloned();
    if found.is_none() {
        tracing::warn!("{}: there is no parking lot '{name}' in res_parking.conf", channel.name());
    }
    found
}

/// The device of a channel: `PJSIP/alice` of `PJSIP/alice-00000001`.
pub(super) fn device(channel: &str) -> &str {
    channel.rsplit_once('-').map_or(channel, |(device, _)| device)
}

/// A space that is taken, until this is dropped, whatever becomes of the call.
pub(super) struct Space {
    exchange: Exchange,
    channel: ChannelId,
    lot: Arc<Lot>,
    /// Which.
    pub number: u32,
    parker: String,
    /// When the call has stood long enough.
    until: Instant,
    request: Request,
}

impl Space {
    /// Parks a call as a request says.
    pub(super) fn take(
        exchange: &Exchange,
        lot: Arc<Lot>,
        entry: Entry,
        wanted: Option<u32>,
        request: Request,
    ) -> Result<Self, Refused> {
        let choice = match wanted {
            Some(space) => Choice::This(space),
            None if request.random => {
                Choice::Random(sidetone_base::Random::below(&mut exchange.draws(), u64::MAX))
            }
            None => Choice::Order,
        };
        let until = exchange.now() + request.time.unwrap_or(lot.timeout.after);
        let (channel, parker) = (entry.channel, entry.parker.clone());
        let name = entry.name.clone();
        let number = exchange.parking().park(&lot, entry, choice, until)?;
        tracing::info!(
            target: "verbose",
            "    -- {name} is parked at {number} of lot '{}' by {parker}", lot.name
        );
        Ok(Self { exchange: exchange.clone(), channel, lot, number, parker, until, request })
    }

    /// Gives the space up because the time is over. `false` when somebody is about to fetch the
    /// call.
    fn expire(&self) -> bool {
        let mut parking = self.exchange.parking();
        let is_claimed = parking.find(self.channel).is_some_and(|parked| parked.claimed);
        if !is_claimed {
            parking.leave(self.channel);
        }
        !is_claimed
    }
}

impl Drop for Space {
    fn drop(&mut self) {
        self.exchange.parking().leave(self.channel);
    }
}

/// A parked call that somebody is about to fetch; given back when this is dropped before it
/// [came](Self::came).
pub(super) struct Claim {
    exchange: Exchange,
    /// Which.
    pub parked: Parked,
    is_here: bool,
}

impl Claim {
    /// Claims the call of a space, or the first one.
    pub(super) fn take(exchange: &Exchange, lot: &str, space: Option<u32>) -> Option<Self> {
        let parked = exchange.parking().claim(lot, space)?;
        Some(Self { exchange: exchange.clone(), parked, is_here: false })
    }

    /// The call is fetched: it leaves its space by itself.
    pub(super) fn came(mut self) {
        self.is_here = true;
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if !self.is_here {
            self.exchange.parking().release(self.parked.channel);
        }
    }
}

/// Says the number of a space.
pub(super) async fn announce(channel: &mut Channel, space: u32) -> Result<(), Stop> {
    prompts::play(channel, &digits(space), Digits::Keep).await.map(|_| ())
}

/// The prompts of a number, digit by digit.
pub(super) fn digits(number: u32) -> String {
    let digits: Vec<String> = number.to_string().chars().map(|c| format!("digits/{c}")).collect();
    digits.join("&")
}

/// Plays the prompt that says what went wrong; the general one where that is not installed.
pub(super) async fn say_failed(channel: &mut Channel, prompt: &str) -> Result<(), Stop> {
    if prompts::play(channel, prompt, Digits::Keep).await? == Played::Failed {
        prompts::play(channel, "pbx-invalid", Digits::Keep).await?;
    }
    Ok(())
}

/// Parks the peer of a channel, which hears the number of the space and is done then. What cannot
/// be parked stays, and the party hears so.
pub(super) async fn park_peer(channel: &mut Channel, request: Request) -> Result<(), Stop> {
    let name = lot_name(channel, &request.lot);
    let (Some(peer), Some(lot)) = (channel.peer().cloned(), settings(channel, &name)) else {
        return say_failed(channel, "pbx-parkingfailed").await;
    };
    let parker = device(channel.name()).to_owned();
    let entry = Entry { channel: peer.channel, name: peer.name, parker, instead_of: None };
    let silent = request.silent;
    match Space::take(channel.exchange(), lot, entry, None, request) {
        Ok(space) => {
            let (number, by) = (space.number, channel.id());
            let errand = Errand::new(move |channel| {
                Box::pin(async move { stand_in_bridge(channel, space, by).await })
            });
            if transfer::send_on_errand(channel, errand).await {
                return if silent { Ok(()) } else { announce(channel, number).await };
            }
        }
        Err(why) => tracing::warn!("{}: not parked in lot '{name}': {why}", channel.name()),
    }
    say_failed(channel, "pbx-parkingfailed").await
}

/// What an extension parks as, when what it runs is `Park` with nothing to be computed: who
/// transfers a call there parks it and is told the space.
pub(super) fn parks(channel: &Channel, context: &str, exten: &str) -> Option<Request> {
    let (exchange, plan) = (channel.exchange(), channel.dialplan());
    let query = Query {
        context,
        extension: exten,
        caller: Some(channel.caller().number.as_str()).filter(|number| !number.is_empty()),
        now: &|| exchange.wall_clock(),
    };
    let (_, first) = plan.find(&query, 1)?;
    let parks = first.application.eq_ignore_ascii_case("Park") && !first.arguments.contains('$');
    parks.then(|| Request::read(&first.arguments, channel.name()))
}

/// How a parked call goes on.
enum Outcome {
    /// Somebody fetched it: they are joined.
    Fetched,
    /// Nobody did.
    Expired,
}

/// Stands on a space, as an application, until the end of the conversation with whoever fetches
/// the call.
pub(super) async fn stand(channel: &mut Channel, space: Space) -> Result<Flow, Stop> {
    match wait_there(channel, &space).await? {
        Outcome::Fetched => match talk(channel, space).await {
            Ok(BridgeEnd::Peer(cause)) => {
                channel.leave(cause).await;
                Ok(channel.told_mut().after_bridge.take().map_or(Flow::Next, Flow::Goto))
            }
            Ok(_) => Err(Stop::NORMAL),
            Err(stop) => {
                channel.leave(channel.cause()).await;
                Err(stop)
            }
        },
        Outcome::Expired => Err(come_back(channel, space).await),
    }
}

/// The same within the bridge with `by`, which parked it and has left.
async fn stand_in_bridge(channel: &mut Channel, space: Space, by: ChannelId) -> Result<Flow, Stop> {
    if channel.peer().is_none_or(|peer| peer.channel != by) {
        // Another move came first.
        return Ok(Flow::Next);
    }
    channel.part().await;
    match wait_there(channel, &space).await? {
        // The bridge goes on with the other peer, and ends as it would have with the first.
        Outcome::Fetched => talk(channel, space).await.map(|_| Flow::Next),
        Outcome::Expired => Err(come_back(channel, space).await),
    }
}

async fn wait_there(channel: &mut Channel, space: &Space) -> Result<Outcome, Stop> {
    if space.request.ring {
        tones::start(channel, "ring").await;
    } else {
        let own = channel.own_music_class().is_some();
        let class = if own { "" } else { space.lot.music.as_str() };
        music_on_hold::start(channel, class).await;
    }
    let outcome = until_fetched(channel, space).await;
    if space.request.ring {
        channel.stop_background().await;
    } else {
        channel.stop_music().await;
    }
    outcome
}

async fn until_fetched(channel: &mut Channel, space: &Space) -> Result<Outcome, Stop> {
    let mut until = space.until;
    loop {
        match bridge::expect(channel, until).await? {
            None => return Ok(Outcome::Fetched),
            Some(BridgeEnd::Time) if space.expire() => return Ok(Outcome::Expired),
            Some(BridgeEnd::Time) => until = channel.until(CLAIMED),
            // Whoever came is gone again.
            Some(_) => {}
        }
    }
}

/// Talks with whoever fetched the call.
async fn talk(channel: &mut Channel, space: Space) -> Result<BridgeEnd, Stop> {
    let retrieval = space.lot.retrieval.clone();
    // Free from now on: its number may be used again while they talk.
    drop(space);
    let more = rights(&retrieval, Party::callee);
    let own = channel.rights();
    channel.set_rights(Rights {
        transfer: own.transfer || more.transfer,
        disconnect: own.disconnect || more.disconnect,
        park: own.park || more.park,
        ..own
    });
    if retrieval.play.callee() && !retrieval.tone.is_empty() {
        let begun = prompts::begin(channel, &retrieval.tone).await;
        channel.set_background(begun);
    }
    bridge::stay(channel, None).await
}

/// What one side may do after a call was fetched.
pub(super) fn rights(retrieval: &sidetone_parking::Retrieval, side: fn(Party) -> bool) -> Rights {
    Rights {
        transfer: side(retrieval.transfer),
        disconnect: side(retrieval.hangup),
        park: side(retrieval.park),
        ..Rights::default()
    }
}

/// Nobody fetched the call: where it goes, or how it ended with who parked it.
async fn come_back(channel: &mut Channel, space: Space) -> Stop {
    let flat = flattened(&space.parker);
    tracing::info!(
        target: "verbose",
        "    -- {} was not fetched from {} of lot '{}'",
        channel.name(), space.number, space.lot.name
    );
    channel.set("PARKINGSLOT", space.number.to_string());
    channel.set("PARKEDLOT", space.lot.name.clone());
    channel.set("PARKER", space.parker.clone());
    channel.set("PARKER_FLAT", flat.clone());
    if let Some(text) = &space.request.comeback {
        return place::read(channel, text).map_or(Stop::NORMAL, Stop::Redirect);
    }
    // An extension that parks would only be called to park again.
    let parked_itself = channel.is_local() && device(channel.name()) == space.parker;
    if space.lot.timeout.to_origin && !parked_itself {
        return call_parker(channel, &space, &flat).await;
    }
    let context = &space.lot.timeout.context;
    let places = [(context.as_str(), flat.as_str()), (context, "s"), ("default", "s")];
    let mut places = places.map(|(context, exten)| Position::new(context, exten, 1)).into_iter();
    match places.find(|to| place::exists(channel, to)) {
        Some(to) => Stop::Redirect(to),
        None => {
            tracing::warn!(
                "{}: the call ends: neither {flat} nor s is in context {context}",
                channel.name()
            );
            Stop::NORMAL
        }
    }
}

/// Calls who parked the call, at the extension of that name in `park-dial`: what the dialplan has
/// there, or a Dial, after which the dialplan may go on there.
async fn call_parker(channel: &mut Channel, space: &Space, flat: &str) -> Stop {
    let here = Position::new(COMEBACK, flat, 1);
    if place::exists(channel, &here) {
        return Stop::Redirect(here);
    }
    channel.place(&here);
    let arguments = comeback_dial(&space.parker, &space.lot);
    tracing::info!(
        target: "verbose",
        "    -- Executing [{flat}@{COMEBACK}:1] Dial(\"{}\", \"{arguments}\")", channel.name()
    );
    match sidetone_dialplan::execute(channel, "Dial", &arguments, &here).await {
        Err(stop) => stop,
        Ok(Flow::Goto(to)) => Stop::Redirect(to),
        Ok(_) => Some(here.following())
            .filter(|next| place::exists(channel, next))
            .map_or(Stop::NORMAL, Stop::Redirect),
    }
}

/// The arguments of that Dial: the letters give what the lot gives when a call is fetched.
fn comeback_dial(parker: &str, lot: &Lot) -> String {
    let Lot { timeout, retrieval, .. } = lot;
    let mut arguments = format!("{parker},{},", timeout.dial_time_s);
    let letters =
        [(retrieval.transfer, "t", "T"), (retrieval.park, "k", "K"), (retrieval.hangup, "h", "H")];
    for (party, called, calling) in letters {
        // The parker is called now: it is the one that gets the call.
        arguments += if party.caller() { called } else { "" };
        arguments += if party.callee() { calling } else { "" };
    }
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_and_numbers_are_written_as_others_write_them() {
        assert_eq!(device("PJSIP/alice-00000001"), "PJSIP/alice");
        assert_eq!(device("PJSIP/desk-2-0000000a"), "PJSIP/desk-2");
        assert_eq!(device("alice"), "alice");
        assert_eq!(digits(701), "digits/7&digits/0&digits/1");
    }
}
