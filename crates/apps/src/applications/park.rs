//! `Park`: the call waits on a space of a parking lot until somebody fetches it.

use std::time::Duration;

use sidetone_dialplan::{Doc, Flow, Host as _, Stop};
use sidetone_parking::Entry;
use sidetone_pbx::Channel;

use super::parking::{self, Space};
use super::{answer, letters, wait};

pub(super) const DOC: Doc = Doc {
    name: "Park",
    synopsis: "Park the call",
    syntax: "[lot][,options]",
    description: "Answers, says the number of the space and lets the caller hear music until \
        somebody fetches the call, by ParkedCall or the extension of the space. When they have \
        talked the dialplan goes on. A call that was transferred here is parked by who \
        transferred it, and hears no number.\n\n\
        When the time of the lot (parkingtime) is over, the call calls who parked it, or goes on \
        in the dialplan, as res_parking.conf says. Without a free space the caller hears so and \
        the dialplan goes on.",
    arguments: &[(
        "lot",
        "A lot of res_parking.conf; without it the variable PARKINGLOT, CHANNEL(parkinglot), or \
         default",
    )],
    options: OPTIONS,
    variables: &[
        ("PARKINGLOT", "The lot, when none is written (read)"),
        ("PARKINGEXTEN", "The space that is wanted; when it is taken the dialplan goes on (read)"),
        ("PARKINGSLOT, PARKEDLOT", "Where the call was parked, when nobody fetched it"),
        ("PARKER, PARKER_FLAT", "Who parked it, then: PJSIP/alice and PJSIP_alice"),
    ],
    see_also: &["ParkedCall", "ParkAndAnnounce"],
};

/// The letters of Park.
const OPTIONS: &[(&str, &str)] = &[
    ("c([[context,]exten,]priority)", "Where the call goes when nobody fetches it in time"),
    ("R", "Take any free space, by chance"),
    ("r", "Let the caller hear ringing instead of music"),
    ("s", "Do not say the number of the space"),
    ("t(seconds)", "How long the call may be parked"),
];

/// How a call is to be parked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Request {
    /// The lot, as written.
    pub lot: String,
    /// `c`
    pub comeback: Option<String>,
    /// `R`
    pub random: bool,
    /// `r`
    pub ring: bool,
    /// `s`
    pub silent: bool,
    /// `t`
    pub time: Option<Duration>,
}

impl Request {
    /// Reads `lot,options`; letters that are none are named in the log.
    pub(super) fn read(arguments: &str, channel: &str) -> Self {
        let (lot, options) = arguments.split_once(',').unwrap_or((arguments, ""));
        let mut request = Self { lot: lot.trim().to_owned(), ..Self::default() };
        for letter in letters::read(options) {
            match (letter.letter, letter.argument) {
                ('c', Some(place)) => request.comeback = Some(place),
                ('R', _) => request.random = true,
                ('r', _) => request.ring = true,
                ('s', _) => request.silent = true,
                ('t', time) => {
                    request.time = time.and_then(|text| wait::seconds(&text));
                    if request.time.is_none() {
                        tracing::warn!("{channel}: Park: option t: write seconds, as t(30)");
                    }
                }
                ('c', None) => {
                    tracing::warn!("{channel}: Park: option c: write c(context,exten,priority)");
                }
                (other, _) => tracing::warn!("{channel}: Park: there is no option '{other}'"),
            }
        }
        request
    }
}

pub(super) async fn run(channel: &mut Channel, args: &str) -> Result<Flow, Stop> {
    let request = Request::read(args, channel.name());
    let by = transferrer(channel);
    let is_told = by.is_none() && !request.silent;
    let Some(space) = take(channel, request, by).await? else {
        return Ok(Flow::Next);
    };
    if is_told {
        parking::announce(channel, space.number).await?;
    }
    parking::stand(channel, space).await
}

/// Who transferred the call here: the name of that channel, and whether it took its place.
fn transferrer(channel: &Channel) -> Option<(String, bool)> {
    let of = |variable| channel.variable(variable).filter(|name| !name.is_empty());
    let attended = of("ATTENDEDTRANSFER").map(|name| (name, true));
    attended.or_else(|| of("BLINDTRANSFER").map(|name| (name, false)))
}

/// Answers and takes a space; `None` when there is none, of which the caller heard.
pub(super) async fn take(
    channel: &mut Channel,
    request: Request,
    by: Option<(String, bool)>,
) -> Result<Option<Space>, Stop> {
    answer::meet(channel).await?;
    let name = parking::lot_name(channel, &request.lot);
    let wanted = channel.variable("PARKINGEXTEN").filter(|text| !text.trim().is_empty());
    let wanted = wanted.and_then(|text| {
        let number = text.trim().parse().ok();
        if number.is_none() {
            tracing::warn!("{}: PARKINGEXTEN is '{text}', no space", channel.name());
        }
        number
    });
    if let Some(lot) = parking::settings(channel, &name) {
        let parker = by.as_ref().map_or(channel.name(), |(name, _)| name);
        let entry = Entry {
            channel: channel.id(),
            name: channel.name().to_owned(),
            parker: parking::device(parker).to_owned(),
            instead_of: by.filter(|(_, replaced)| *replaced).map(|(name, _)| name),
        };
        match Space::take(channel.exchange(), lot, entry, wanted, request) {
            Ok(space) => return Ok(Some(space)),
            Err(why) => tracing::warn!("{}: not parked in lot '{name}': {why}", channel.name()),
        }
    }
    parking::say_failed(channel, "pbx-parkingfailed").await?;
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_read_with_their_arguments() {
        let read = Request::read("sales, rRsc(menu,s,1)t(2.5)", "test");
        assert_eq!(read.lot, "sales");
        assert!(read.random && read.ring && read.silent);
        assert_eq!(read.comeback.as_deref(), Some("menu,s,1"));
        assert_eq!(read.time, Some(Duration::from_millis(2_500)));
        assert_eq!(Request::read("", "test"), Request::default());
        assert_eq!(Request::read(",t(soon)cx", "test"), Request::default());
    }
}
