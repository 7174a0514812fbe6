//! Hold in all its forms, from either side and in any order, and the music that is heard then.

use std::time::Duration;

use sidetone_sim::{
    CallState, Configuration, Hold, Line, Manner, Phone, Sound, Weather, World, secs,
};

use super::{FEW, registered, tell, tell_everywhere, tell_over};

const FORMS: [Hold; 4] = [Hold::SendOnly, Hold::Inactive, Hold::ZeroAddress, Hold::WithoutOffer];

async fn talk(world: &World, alice: &Phone, bob: &Phone) {
    bob.will(Manner::Answer(Duration::from_millis(300))).await;
    alice.dial(bob.name()).await;
    world.run_until("they talk", secs(35), |w| w.talking(alice, bob)).await;
}

fn agreed(phone: &Phone) -> bool {
    phone.call().reoffer_status == Some(200)
}

/// Whether so many packets in two seconds are one stream, not none and not two. Links that lose and
/// double leave about 70 to 125.
fn is_one_stream(world: &World, packets: u64) -> bool {
    if world.is_clear() { (90..=105).contains(&packets) } else { (60..=140).contains(&packets) }
}

/// Packets that the phone hears in two seconds.
async fn heard_in_two_seconds(world: &World, phone: &Phone) -> u64 {
    let before = phone.call().heard;
    world.run_for(secs(2)).await;
    phone.call().heard - before
}

/// What one hears, which is neither silence nor a little of something.
async fn sound_at(world: &World, ear: &Phone) -> Sound {
    let sound = world.hear(ear, secs(1)).await;
    let least = if world.is_clear() { 800 } else { 300 };
    assert!(sound.length_ms() > least && !sound.is_silent(), "{}", world.account());
    sound
}

/// Whether it is the tone of this one and nothing else.
fn is_of(world: &World, sound: &Sound, speaker: &Phone) -> bool {
    let hz = speaker.voice();
    if world.is_clear() { sound.is_tone(hz) } else { sound.share_in_packets(hz) > 0.8 }
}

/// Whether nothing of this one's tone is in it. Music has notes near it: on a link that shifts the
/// phase they cannot be told apart well.
fn is_without(world: &World, sound: &Sound, speaker: &Phone) -> bool {
    let share = sound.share_in_tenths(speaker.voice());
    share < if world.is_clear() { 0.05 } else { 0.4 }
}

#[test]
fn every_form_of_hold_gives_silence_here_and_music_there() {
    for form in FORMS {
        for (one, other) in [("alice", "bob"), ("bob", "alice")] {
            tell_everywhere(3, &Configuration::default(), async |world: World| {
                let alice = registered(&world, "alice", Line::Udp).await;
                let bob = registered(&world, "bob", Line::Udp).await;
                talk(&world, &alice, &bob).await;
                let named = |name| if name == "alice" { &alice } else { &bob };
                let (holder, held) = (named(one), named(other));
                for round in 0..2 {
                    holder.hold_by(form).await;
                    let quiet = |_: &World| agreed(holder) && !holder.hears();
                    world.run_until("the holder hears nothing", secs(35), quiet).await;
                    world.run_for(secs(1) + world.lag()).await;
                    let music = heard_in_two_seconds(&world, held).await;
                    assert!(is_one_stream(&world, music), "{form:?} by {one}: {music}");
                    let sound = sound_at(&world, held).await;
                    let without = is_without(&world, &sound, holder);
                    assert!(without, "{form:?} by {one}: the holder is heard");
                    assert!(!holder.hears(), "{form:?} by {one}");
                    if round == 0 {
                        holder.resume().await;
                    } else {
                        holder.resume_without_offer().await;
                    }
                    let back = |w: &World| agreed(holder) && w.talking(&alice, &bob);
                    world.run_until("they talk again", secs(35), back).await;
                    world.run_for(world.lag()).await;
                    let voice = heard_in_two_seconds(&world, held).await;
                    assert!(is_one_stream(&world, voice), "{form:?} by {one}: {voice}");
                    let sound = sound_at(&world, held).await;
                    assert!(is_of(&world, &sound, holder), "{form:?} by {one}: he is back");
                }
                alice.hang_up().await;
                world.assert_no_leaks().await;
            });
        }
    }
}

#[test]
fn both_sides_hold_and_come_back_in_any_order() {
    for (first_back, forms) in [(0, [FORMS[0], FORMS[1]]), (1, [FORMS[2], FORMS[3]])] {
        tell_over(FEW, async |world: World| {
            let alice = registered(&world, "alice", Line::Udp).await;
            let wendy = registered(&world, "bob", Line::Udp).await;
            talk(&world, &alice, &wendy).await;
            let parties = [&alice, &wendy];
            for (party, form) in parties.iter().zip(forms) {
                party.hold_by(form).await;
                world.run_until("the hold is agreed", secs(35), |_| agreed(party)).await;
            }
            world.run_for(secs(3)).await;
            assert!(!alice.hears() && !wendy.hears());
            for turn in [first_back, 1 - first_back] {
                parties[turn].resume().await;
                world.run_until("the resume is agreed", secs(35), |_| agreed(parties[turn])).await;
            }
            world.run_until("they talk again", secs(35), |w| w.talking(&alice, &wendy)).await;
            wendy.hang_up().await;
            world.assert_no_leaks().await;
        });
    }
}

#[test]
fn a_browser_hears_music_when_a_phone_holds() {
    for form in FORMS {
        tell_everywhere(5, &Configuration::default(), async |world: World| {
            let alice = registered(&world, "alice", Line::Udp).await;
            let wendy = registered(&world, "wendy", Line::WebSocket).await;
            talk(&world, &alice, &wendy).await;
            alice.hold_by(form).await;
            world.run_until("alice holds", secs(35), |_| agreed(&alice) && !alice.hears()).await;
            world.run_for(world.lag()).await;
            let music = heard_in_two_seconds(&world, &wendy).await;
            assert!(is_one_stream(&world, music), "{form:?}: {music}");
            let sound = sound_at(&world, &wendy).await;
            assert!(is_without(&world, &sound, &alice), "{form:?}: the holder is heard");
            alice.resume().await;
            let back = |w: &World| agreed(&alice) && w.talking(&alice, &wendy);
            world.run_until("they talk again", secs(35), back).await;
            wendy.hang_up().await;
            world.assert_no_leaks().await;
        });
    }
}

#[test]
fn where_the_option_says_so_a_holder_by_sendonly_is_heard_instead_of_music() {
    let configuration = Configuration::default().with_option("suppress_moh_on_sendonly = yes");
    for (form, music) in [(Hold::SendOnly, false), (Hold::Inactive, true)] {
        tell_everywhere(2, &configuration, async |world: World| {
            let alice = registered(&world, "alice", Line::Udp).await;
            let bob = registered(&world, "bob", Line::Udp).await;
            // She sends nothing: what bob hears is the exchange's.
            alice.will_be_silent().await;
            bob.will(Manner::Answer(Duration::from_millis(300))).await;
            alice.dial("bob").await;
            world.run_until("alice hears bob", secs(35), |_| alice.is_talking()).await;
            alice.hold_by(form).await;
            world.run_until("alice holds", secs(35), |_| agreed(&alice) && !alice.hears()).await;
            world.run_for(secs(2)).await;
            assert_eq!(bob.hears(), music, "{form:?}");
            bob.hang_up().await;
            world.assert_no_leaks().await;
        });
    }
}

#[test]
fn a_held_call_lives_by_the_other_timeout() {
    let configuration =
        Configuration::default().with_option("rtp_timeout = 3\nrtp_timeout_hold = 20");
    for form in [Hold::Inactive, Hold::ZeroAddress] {
        tell_everywhere(4, &configuration, async |world: World| {
            let alice = registered(&world, "alice", Line::Udp).await;
            let bob = registered(&world, "bob", Line::Udp).await;
            talk(&world, &alice, &bob).await;
            alice.hold_by(form).await;
            world.run_until("alice holds", secs(35), |_| agreed(&alice)).await;
            world.cut(&alice);
            world.run_for(secs(12)).await;
            assert_eq!(bob.state(), Some(CallState::Talking), "{form:?}");
            world.run_until("the hold is given up", secs(15), |_| bob.is_over()).await;
        });
    }
}

#[test]
fn the_dialplan_plays_music() {
    let mut configuration = Configuration::default();
    configuration.extensions.push_str(
        "
[internal]
exten => 710,1,Answer()
 same => n,Set(CHANNEL(musicclass)=default)
 same => n,MusicOnHold(,2)
 same => n,Set(GLOBAL(CLASS)=${CHANNEL(musicclass)})
 same => n,Wait(2)
 same => n,StartMusicOnHold()
 same => n,Wait(2)
 same => n,StopMusicOnHold()
 same => n,Wait(2)
 same => n,WaitExten(2,m)
 same => n,Hangup()
",
    );
    tell(6, Weather::CLEAR, &configuration, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        alice.dial("710").await;
        let answered = |_: &World| alice.state() == Some(CallState::Talking);
        world.run_until("it is answered", secs(9), answered).await;
        for (what, expected) in
            [("MusicOnHold", 95..=105), ("Wait", 0..=5), ("StartMusicOnHold", 95..=105)]
        {
            let heard = heard_in_two_seconds(&world, &alice).await;
            assert!(expected.contains(&heard), "{what}: {heard}");
        }
        let silence = heard_in_two_seconds(&world, &alice).await;
        assert!((0..=5).contains(&silence), "StopMusicOnHold: {silence}");
        let music = heard_in_two_seconds(&world, &alice).await;
        assert!(music >= 90, "WaitExten: {music}");
        assert_eq!(world.exchange().global("CLASS").as_deref(), Some("default"));
        world.run_until("the call ends", secs(9), |_| alice.is_over()).await;
        world.assert_no_leaks().await;
    });
}

/// What a phone receives of RTP while this time passes: payloads alone.
async fn payloads(world: &World, phone: &Phone, time: Duration) -> Vec<Vec<u8>> {
    let came = world.captured(phone, world.run_for(time)).await;
    let audio = came.into_iter().filter(|bytes| bytes.get(1).is_some_and(|pt| pt & 0x7f == 0));
    audio.map(|bytes| bytes.get(12..).unwrap_or_default().to_vec()).collect()
}

#[test]
fn music_goes_on_where_it_was_on_the_next_hold() {
    tell(7, Weather::CLEAR, &Configuration::default(), async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        // Silent, so that all that bob hears is music.
        alice.will_be_silent().await;
        bob.will(Manner::Answer(Duration::from_millis(300))).await;
        alice.dial("bob").await;
        world.run_until("alice hears bob", secs(35), |_| alice.is_talking()).await;
        let mut held = Vec::new();
        for _ in 0..2 {
            let hold = async {
                alice.hold().await;
                world.run_for(secs(3)).await;
                alice.resume().await;
                world.run_for(secs(1)).await;
            };
            let came = world.captured(&bob, hold).await;
            let audio =
                came.into_iter().filter(|bytes| bytes.get(1).is_some_and(|b| b & 0x7f == 0));
            held.push(audio.map(|bytes| bytes[12..].to_vec()).collect::<Vec<_>>());
        }
        let (first, second) = (&held[0], &held[1]);
        assert!(first.len() > 100 && second.len() > 100, "{} {}", first.len(), second.len());
        assert_ne!(first[..50], second[..50], "it did not begin anew");
        bob.hang_up().await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn where_the_option_says_so_a_hold_is_passed_on_and_no_music_plays() {
    let configuration = Configuration::default().with_option("moh_passthrough = yes");
    for form in FORMS {
        tell_everywhere(8, &configuration, async |world: World| {
            let alice = registered(&world, "alice", Line::Udp).await;
            let bob = registered(&world, "bob", Line::Udp).await;
            alice.will_be_silent().await;
            bob.will(Manner::Answer(Duration::from_millis(300))).await;
            alice.dial("bob").await;
            world.run_until("alice hears bob", secs(35), |_| alice.is_talking()).await;
            for round in 1..=2 {
                alice.hold_by(form).await;
                let told = |_: &World| bob.call().reoffered == 2 * round - 1;
                world.run_until("bob is held", secs(35), told).await;
                assert!(bob.call().asked.last().is_some_and(|asked| asked.contains("a=sendonly")));
                world.run_for(secs(1)).await;
                let music = payloads(&world, &bob, secs(2)).await;
                assert!(music.is_empty(), "{form:?}: {}", music.len());
                assert!(!alice.hears(), "{form:?}");
                alice.resume().await;
                let told = |_: &World| bob.call().reoffered == 2 * round;
                world.run_until("bob is held no more", secs(35), told).await;
                world.run_until("alice hears bob", secs(35), |_| alice.is_talking()).await;
            }
            bob.hang_up().await;
            world.assert_no_leaks().await;
        });
    }
}
