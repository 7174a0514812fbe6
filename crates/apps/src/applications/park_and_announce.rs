//! `ParkAndAnnounce`: park the call and tell somebody where it stands.

use std::time::Duration;

use sidetone_dialplan::{Doc, Flow, Stop, arguments};
use sidetone_pbx::Channel;
use sidetone_pbx::originate::{self, Then};

use super::dial::{Calling, learn, resolve};
use super::park::Request;
use super::{park, parking};

pub(super) const DOC: Doc = Doc {
    name: "ParkAndAnnounce",
    synopsis: "Park the call and tell somebody where",
    syntax: "[lot],[options],announcement,destination",
    description: "Parks as Park does and calls the destination. Whoever answers hears the \
        announcement and is hung up. The caller hears no number.",
    arguments: &[
        ("lot", "As for Park"),
        ("options", "Those of Park but s"),
        ("announcement", "Prompts with : between; the word PARKED is the number of the space"),
        ("destination", "Whom to call, as for Dial"),
    ],
    options: &[
        ("c([[context,]exten,]priority)", "Where the call goes when nobody fetches it in time"),
        ("R", "Take any free space, by chance"),
        ("r", "Let the caller hear ringing instead of music"),
        ("t(seconds)", "How long the call may be parked"),
    ],
    variables: &[("PARKINGLOT, PARKINGEXTEN", "As for Park (read)")],
    see_also: &["Park", "ParkedCall"],
};

/// How long whoever is told may ring.
const RINGS: Duration = Duration::from_secs(30);

pub(super) async fn run(channel: &mut Channel, args: &str) -> Result<Flow, Stop> {
    let mut parts = arguments::split_raw(args, ',', 4).into_iter();
    let mut part = || parts.next().unwrap_or_default().trim().to_owned();
    let (lot, options, template, wanted) = (part(), part(), part(), part());
    if template.is_empty() || wanted.is_empty() {
        tracing::warn!(
            "{}: ParkAndAnnounce: lot,options,announcement,destination is needed",
            channel.name()
        );
        return Ok(Flow::Next);
    }
    let request = Request::read(&format!("{lot},{options}"), channel.name());
    let Some(space) = park::take(channel, request, None).await? else {
        return Ok(Flow::Next);
    };
    learn(channel.exchange(), &wanted).await;
    tell(channel, &wanted, prompts(&template, space.number));
    parking::stand(channel, space).await
}

/// The prompts of an announcement.
fn prompts(template: &str, space: u32) -> String {
    let named = template.split(':').map(str::trim).filter(|name| !name.is_empty());
    let names = named.map(|name| match name {
        "PARKED" => parking::digits(space),
        other => other.to_owned(),
    });
    names.collect::<Vec<_>>().join("&")
}

/// Calls and lets who answers hear the prompts; nobody waits for it.
fn tell(channel: &Channel, wanted: &str, prompts: String) {
    let destinations = resolve(channel.exchange(), wanted, channel.name());
    let (owner, inbox) = originate::inbox();
    let mut calling = Calling { owner, linked_id: String::new(), ..Calling::of(channel) };
    // The two never talk with each other.
    (calling.beside, calling.streams) = (None, Vec::new());
    let call = |one: &super::dial::Destination| one.call(channel.exchange(), calling.clone(), None);
    let branches: Vec<_> = destinations.iter().map(call).collect();
    let then = Then::Application { name: "Playback".to_owned(), arguments: prompts };
    let name = channel.name().to_owned();
    tokio::spawn(async move {
        let result = originate::follow(branches, inbox, RINGS, then).await;
        tracing::info!("{name}: ParkAndAnnounce: the call that tells of it: {}", result.word());
    });
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_announcement_has_the_number_in_its_place() {
        let read = super::prompts("pbx-transfer: PARKED:beep", 71);
        assert_eq!(read, "pbx-transfer&digits/7&digits/1&beep");
    }
}
