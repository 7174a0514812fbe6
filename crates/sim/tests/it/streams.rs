//! StreamEcho in all its forms (APP-03), and calls of several audio streams.

use sidetone_sim::{Configuration, Line, Offer, Phone, Weather, World, secs};

use super::{registered, tell};

/// Tells a story of wendy's browser, where 247 is a StreamEcho with these arguments.
fn tell_of(arguments: &str, option: &str, story: impl AsyncFnOnce(World, Phone)) {
    let configuration = Configuration::default().with_option(option).with_extensions(&format!(
        "[internal](+)\nexten => 247,1,Answer()\n same => n,StreamEcho({arguments})\n \
         same => n,Set(GLOBAL(AFTER)=went on)\n same => n,Hangup()\n"
    ));
    tell(1, Weather::CLEAR, &configuration, async |world: World| {
        let wendy = registered(&world, "wendy", Line::WebSocket).await;
        story(world.clone(), wendy.clone()).await;
        wendy.hang_up_all().await;
        world.assert_no_leaks().await;
    });
}

const NO_OPTION: &str = "; nothing";

#[test]
fn without_a_number_every_stream_comes_back_on_itself() {
    tell_of("", NO_OPTION, async |world: World, wendy: Phone| {
        wendy.dial_with("247", Offer::AudioAndVideo).await;
        world.run_until("wendy hears herself", secs(20), |_| wendy.is_talking()).await;
        world.run_for(secs(3)).await;
        assert_eq!((wendy.call().reoffered, wendy.call().streams), (0, 2), "nothing is offered");
    });
}

#[test]
fn a_number_of_zero_takes_the_pictures_away() {
    tell_of("0", NO_OPTION, async |world: World, wendy: Phone| {
        wendy.dial_with("247", Offer::AudioAndVideo).await;
        let gone = |_: &World| wendy.call().reoffered == 1 && wendy.call().streams == 1;
        world.run_until("the picture is gone", secs(20), gone).await;
        world.run_until("wendy hears herself", secs(20), |_| wendy.is_talking()).await;
    });
}

#[test]
fn one_voice_comes_back_as_three() {
    let option = "max_audio_streams = 3";
    tell_of("3,audio", option, async |world: World, wendy: Phone| {
        wendy.dial("247").await;
        let more = |_: &World| wendy.call().reoffered == 1 && wendy.call().streams == 3;
        world.run_until("three voices are offered", secs(20), more).await;
        world.run_until("wendy hears herself", secs(20), |_| wendy.is_talking()).await;
    });
}

#[test]
fn a_hash_ends_it_and_the_dialplan_goes_on() {
    tell_of("2", NO_OPTION, async |world: World, wendy: Phone| {
        wendy.dial_with("247", Offer::AudioAndVideo).await;
        world.run_until("wendy hears herself", secs(20), |_| wendy.is_talking()).await;
        world.run_for(secs(2)).await;
        wendy.press('5').await;
        world.run_for(secs(2)).await;
        assert_eq!(world.exchange().global("AFTER"), None, "another key is only echoed");
        wendy.press('#').await;
        world.run_until("it ends", secs(10), |_| wendy.is_over()).await;
        assert_eq!(world.exchange().global("AFTER").as_deref(), Some("went on"));
    });
}
