//! Calls that are parked: by feature code, by transfer and from the dialplan; fetched, given up,
//! and come back.

use std::time::Duration;

use sidetone_dialplan::show::Selection;
use sidetone_sim::{CallState, Configuration, Line, Manner, Phone, Saying, Weather, World, secs};

use super::tell::{registered, tell};
use super::transfers::{attended, channels};
use super::{FEW, press, tell_on_links, wanted_seeds};

/// Everybody may park by `#7` and transfer by `#1`, and reaches the lot; `lot` is added to it.
fn with_lot(lot: &str) -> Configuration {
    let plan = "
include => parkedcalls
exten => 1,1,Dial(PJSIP/bob,20,kKtT)
 same => n,Hangup()
exten => 2,1,Park(,s)
 same => n,Set(GLOBAL(OUTCOME)=on ${PARKINGSLOT})
 same => n,Wait(1)
[late]
exten => PJSIP_bob,1,Set(GLOBAL(OUTCOME)=${PARKINGSLOT} ${PARKEDLOT} ${PARKER} ${PARKER_FLAT})
 same => n,Echo()
[others]
exten => s,1,Set(GLOBAL(OUTCOME)=s ${PARKER})
 same => n,Echo()
";
    let mut configuration = Configuration::default().with_extensions(plan);
    configuration.features =
        "[featuremap]\nparkcall = #7\nblindxfer = #1\natxfer = #2\n".to_owned();
    let file = format!("[default]\nparkext = 700\n{lot}\n");
    configuration.files.push(("/etc/res_parking.conf".to_owned(), file));
    configuration
}

/// Alice has called bob by extension 1.
async fn talking(world: &World) -> (Phone, Phone) {
    let alice = registered(world, "alice", Line::Udp).await;
    let bob = registered(world, "bob", Line::Udp).await;
    bob.will(Manner::Answer(Duration::from_millis(200))).await;
    alice.dial("1").await;
    world.run_until("they talk", secs(35), |w| w.talking(&alice, &bob)).await;
    (alice, bob)
}

/// Which spaces are taken, and by whom they were parked.
fn parked(world: &World) -> Vec<(u32, String)> {
    let parking = world.exchange().parking();
    parking.all().map(|parked| (parked.space, parked.parker.clone())).collect()
}

/// Whether somebody hears the digits of a number said, one after the other.
async fn hears_number(world: &World, ear: &Phone, number: &str) -> bool {
    let sound = world.listen(ear, Duration::from_millis(500 * number.len() as u64 + 700)).await;
    let tones = number.chars().filter_map(|digit| digit.to_digit(10));
    // Each is a part of the whole.
    tones.into_iter().all(|digit| sound.share_in_tenths(1_000.0 + 100.0 * f64::from(digit)) > 0.1)
}

async fn hear_each_other(world: &World, one: &Phone, other: &Phone) {
    world.run_until("they talk", secs(20), |w| w.talking(one, other)).await;
    world.run_for(secs(1)).await;
    for (ear, mouth) in [(one, other), (other, one)] {
        let sound = world.listen(ear, secs(1)).await;
        let (voice, own) = (mouth.voice(), ear.voice());
        let is_heard = sound.is_voice(voice, own, 1_000, Weather::CLEAR);
        assert!(is_heard, "{} hears {}\n{}", ear.name(), mouth.name(), world.account());
    }
}

/// Somebody stands on a space and hears music, which is neither silence nor the other's voice.
async fn waits(world: &World, parked: &Phone, other: &Phone) {
    world.run_for(secs(1)).await;
    let sound = world.listen(parked, secs(1)).await;
    assert!(parked.is_talking() && !sound.is_silent(), "{}", world.account());
    assert!(sound.share_in_tenths(other.voice()) < 0.3, "{}", world.account());
}

#[test]
fn either_side_parks_the_other_by_its_code_and_hears_where() {
    for callee_parks in [true, false] {
        tell(1, Weather::CLEAR, &with_lot(""), async |world: World| {
            let (alice, bob) = talking(&world).await;
            let (parker, waiting) = if callee_parks { (&bob, &alice) } else { (&alice, &bob) };
            press(&world, parker, "#").await;
            parker.press('7').await;
            assert!(hears_number(&world, parker, "701").await, "{}", world.account());
            world.run_until("the parker is free", secs(9), |_| parker.is_over()).await;
            assert_eq!(parked(&world), [(701, format!("PJSIP/{}", parker.name()))]);
            waits(&world, waiting, parker).await;
            let carol = registered(&world, "carol", Line::Tcp).await;
            carol.dial("701").await;
            hear_each_other(&world, waiting, &carol).await;
            assert_eq!(parked(&world), [], "the space is free while they talk");
            carol.hang_up().await;
            world.assert_no_leaks().await;
        });
    }
}

#[test]
fn a_browser_is_parked_and_fetched_by_a_plain_phone() {
    tell(1, Weather::CLEAR, &with_lot(""), async |world: World| {
        let wendy = registered(&world, "wendy", Line::WebSocket).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        bob.will(Manner::Answer(Duration::from_millis(200))).await;
        wendy.dial("1").await;
        world.run_until("they talk", secs(35), |w| w.talking(&wendy, &bob)).await;
        press(&world, &bob, "#7").await;
        world.run_until("bob is free", secs(9), |_| bob.is_over()).await;
        let music = world.hear(&wendy, secs(1)).await;
        assert!(!music.is_silent() && music.share_in_tenths(bob.voice()) < 0.3);
        let carol = registered(&world, "carol", Line::Tcp).await;
        carol.dial("701").await;
        world.run_until("they talk", secs(20), |w| w.talking(&wendy, &carol)).await;
        world.run_for(secs(1)).await;
        for (ear, mouth) in [(&wendy, &carol), (&carol, &wendy)] {
            let sound = world.hear(ear, secs(1)).await;
            let is_heard = sound.is_voice(mouth.voice(), ear.voice(), 1_000, Weather::CLEAR);
            assert!(is_heard, "{} hears {}\n{}", ear.name(), mouth.name(), world.account());
        }
        wendy.hang_up().await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn without_the_letters_nobody_parks() {
    let mut configuration = with_lot("");
    configuration.extensions = configuration.extensions.replace("kKtT", "tT");
    tell(1, Weather::CLEAR, &configuration, async |world: World| {
        let (alice, bob) = talking(&world).await;
        press(&world, &alice, "#7").await;
        press(&world, &bob, "#7").await;
        world.run_for(secs(3)).await;
        assert!(world.talking(&alice, &bob) && parked(&world).is_empty());
        alice.hang_up().await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn a_transfer_by_keys_to_the_parking_extension_parks_and_says_where() {
    for code in ["#1", "#2"] {
        tell(1, Weather::CLEAR, &with_lot(""), async |world: World| {
            let (alice, bob) = talking(&world).await;
            press(&world, &bob, code).await;
            world.run_for(secs(1)).await;
            press(&world, &bob, "70").await;
            bob.press('0').await;
            assert!(hears_number(&world, &bob, "701").await, "{code}\n{}", world.account());
            world.run_until("bob is free", secs(9), |_| bob.is_over()).await;
            assert_eq!(parked(&world), [(701, "PJSIP/bob".to_owned())]);
            waits(&world, &alice, &bob).await;
            bob.dial("701").await;
            hear_each_other(&world, &alice, &bob).await;
            alice.hang_up().await;
            world.assert_no_leaks().await;
        });
    }
}

#[test]
fn a_refer_to_the_parking_extension_parks() {
    tell(1, Weather::CLEAR, &with_lot(""), async |world: World| {
        let (alice, bob) = talking(&world).await;
        let to = ("Refer-To", "<sip:700@192.0.2.1>");
        bob.ask(Saying::new("REFER", &[to])).await;
        world.run_until("alice is parked", secs(9), |w| !parked(w).is_empty()).await;
        assert_eq!(parked(&world), [(701, "PJSIP/bob".to_owned())]);
        bob.hang_up().await;
        waits(&world, &alice, &bob).await;
        alice.hang_up().await;
        world.run_until("the space is free", secs(3), |w| parked(w).is_empty()).await;
        world.assert_no_leaks().await;
    });
}

/// Bob has the call parked, and carol fetches it.
#[test]
fn rfc_5359_2_15_call_park() {
    tell_on_links(&with_lot(""), FEW, async |world: World| {
        let (alice, bob) = talking(&world).await;
        let to = ("Refer-To", "<sip:700@192.0.2.1>");
        bob.ask(Saying::new("REFER", &[to])).await;
        world.run_until("alice is parked", secs(35), |w| !parked(w).is_empty()).await;
        bob.hang_up().await;
        let carol = registered(&world, "carol", Line::Tcp).await;
        carol.dial("701").await;
        world.run_until("they talk", secs(35), |w| w.talking(&alice, &carol)).await;
        carol.hang_up().await;
        world.run_until("alice is free", secs(35), |_| alice.is_over()).await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn who_consults_the_parking_extension_gives_the_space_that_it_heard_of() {
    tell(1, Weather::CLEAR, &with_lot("findslot = next"), async |world: World| {
        let (alice, bob) = talking(&world).await;
        alice.dial("700").await;
        assert!(hears_number(&world, &alice, "701").await, "{}", world.account());
        assert_eq!(parked(&world), [(701, "PJSIP/alice".to_owned())], "alice herself");
        let own = channels(&world, "alice");
        attended(&world, own[0], own[1]);
        let released =
            |_: &World| alice.calls().iter().all(|call| matches!(call.state, CallState::Over(_)));
        world.run_until("alice is released", secs(35), released).await;
        assert_eq!(parked(&world), [(701, "PJSIP/alice".to_owned())], "bob in her place");
        waits(&world, &bob, &alice).await;
        alice.dial("701").await;
        hear_each_other(&world, &alice, &bob).await;
        bob.hang_up().await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn a_call_that_nobody_fetches_calls_who_parked_it() {
    for answers in [true, false] {
        let lot = with_lot("parkingtime = 5\ncomebackdialtime = 4");
        tell(1, Weather::CLEAR, &lot, async |world: World| {
            let (alice, bob) = talking(&world).await;
            press(&world, &bob, "#7").await;
            world.run_until("bob is free", secs(9), |_| bob.is_over()).await;
            bob.will(if answers { Manner::Answer(secs(1)) } else { Manner::Ring }).await;
            world.run_for(secs(7)).await;
            assert_eq!((bob.calls().len(), parked(&world).len()), (2, 0), "{}", world.account());
            if answers {
                hear_each_other(&world, &alice, &bob).await;
                bob.hang_up().await;
            } else {
                world.run_until("alice is free", secs(9), |_| alice.is_over()).await;
            }
            world.assert_no_leaks().await;
        });
    }
}

#[test]
fn a_call_that_nobody_fetches_goes_where_the_lot_says() {
    for (context, outcome) in
        [("late", "701 default PJSIP/bob PJSIP_bob"), ("others", "s PJSIP/bob")]
    {
        let lot = format!("parkingtime=5\ncomebacktoorigin = no\ncomebackcontext = {context}");
        tell(1, Weather::CLEAR, &with_lot(&lot), async |world: World| {
            let (alice, bob) = talking(&world).await;
            press(&world, &bob, "#7").await;
            world.run_until("bob is free", secs(9), |_| bob.is_over()).await;
            world.run_for(secs(6)).await;
            assert_eq!(world.outcome(), outcome);
            assert!(alice.is_talking() && parked(&world).is_empty(), "she hears herself");
            alice.hang_up().await;
            world.assert_no_leaks().await;
        });
    }
}

#[test]
fn who_hangs_up_frees_the_space_and_a_full_lot_lets_the_dialplan_go_on() {
    tell(1, Weather::CLEAR, &with_lot("parkpos = 701-701"), async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        alice.dial("2").await;
        world.run_until("alice is parked", secs(9), |w| !parked(w).is_empty()).await;
        bob.dial("2").await;
        world.run_until("bob goes on", secs(9), |w| w.outcome() == "on ").await;
        world.run_until("bob is free", secs(9), |_| bob.is_over()).await;
        alice.hang_up().await;
        world.run_until("the space is free", secs(1), |w| parked(w).is_empty()).await;
        bob.dial("2").await;
        world.run_until("bob has the space", secs(9), |w| !parked(w).is_empty()).await;
        let again = &world.exchange().live().all();
        assert_eq!((again.len(), again[0].application.as_str()), (1, "Park"));
        bob.hang_up().await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn the_dialplan_goes_on_after_a_parked_call_was_fetched_and_an_empty_space_ends_the_call() {
    tell(1, Weather::CLEAR, &with_lot(""), async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        bob.dial("702").await;
        world.run_until("nobody is there", secs(9), |_| bob.is_over()).await;
        alice.dial("2").await;
        world.run_until("alice is parked", secs(9), |w| !parked(w).is_empty()).await;
        bob.dial("701").await;
        hear_each_other(&world, &alice, &bob).await;
        bob.hang_up().await;
        world.run_until("alice goes on", secs(9), |w| w.outcome() == "on ").await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn both_hear_the_courtesy_tone_and_may_do_what_the_lot_gives() {
    let lot = "courtesytone = tone-900-1000\nparkedplay = both\nparkedcallreparking = caller\n\
               parkedcallhangup = callee";
    let mut configuration = with_lot(lot);
    configuration.features += "disconnect = **\n";
    tell(1, Weather::CLEAR, &configuration, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        alice.dial("2").await;
        world.run_until("alice is parked", secs(9), |w| !parked(w).is_empty()).await;
        bob.dial("701").await;
        let tone = world.listen(&bob, Duration::from_millis(1_200)).await;
        assert!(tone.share_in_tenths(900.0) > 0.5, "{}", world.account());
        let tone = world.listen(&alice, Duration::from_millis(900)).await;
        assert!(tone.share_in_tenths(900.0) > 0.4, "{}", world.account());
        hear_each_other(&world, &alice, &bob).await;
        press(&world, &bob, "**").await;
        press(&world, &alice, "#7").await;
        assert!(world.talking(&alice, &bob), "neither has the other's right");
        press(&world, &bob, "#7").await;
        world.run_until("bob is free", secs(9), |_| bob.is_over()).await;
        assert_eq!(parked(&world), [(701, "PJSIP/bob".to_owned())]);
        bob.dial("701").await;
        world.run_for(secs(3)).await;
        hear_each_other(&world, &alice, &bob).await;
        press(&world, &alice, "**").await;
        world.run_until("both are free", secs(9), |_| alice.is_over() && bob.is_over()).await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn somebody_is_told_where_a_call_is_parked() {
    let configuration = with_lot("").with_extensions(
        "[internal]\nexten => 3,1,ParkAndAnnounce(,t(60),PARKED:tone-900-500,PJSIP/bob)\n",
    );
    tell(1, Weather::CLEAR, &configuration, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        bob.will(Manner::Answer(Duration::from_millis(200))).await;
        alice.dial("3").await;
        world.run_until("bob answers", secs(9), |_| bob.is_talking()).await;
        assert!(hears_number(&world, &bob, "701").await, "{}", world.account());
        world.run_until("bob is free", secs(9), |_| bob.is_over()).await;
        waits(&world, &alice, &bob).await;
        alice.hang_up().await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn a_party_that_finds_no_space_stays_in_its_call() {
    tell(1, Weather::CLEAR, &with_lot("parkpos = 701-701"), async |world: World| {
        let carol = registered(&world, "carol", Line::Udp).await;
        carol.dial("2").await;
        world.run_until("carol has the space", secs(9), |w| !parked(w).is_empty()).await;
        let (alice, bob) = talking(&world).await;
        press(&world, &bob, "#7").await;
        world.run_for(secs(3)).await;
        press(&world, &alice, "#1700").await;
        world.run_for(secs(3)).await;
        hear_each_other(&world, &alice, &bob).await;
        alice.hang_up().await;
        carol.hang_up().await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn who_hangs_up_while_the_courtesy_tone_plays_leaves_the_call_parked() {
    let lot = "courtesytone = tone-900-3000\nparkingtime = 6\ncomebacktoorigin = no\n\
               comebackcontext = others";
    tell(1, Weather::CLEAR, &with_lot(lot), async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        let carol = registered(&world, "carol", Line::Udp).await;
        alice.dial("2").await;
        world.run_until("alice is parked", secs(9), |w| !parked(w).is_empty()).await;
        bob.dial("701").await;
        world.run_for(secs(1)).await;
        carol.dial("701").await;
        world.run_until("bob has it already", secs(3), |_| carol.is_over()).await;
        bob.hang_up().await;
        world.run_for(Duration::from_millis(500)).await;
        assert_eq!(parked(&world).len(), 1);
        // The time is over while he hears the tone: he has the call all the same.
        world.run_for(secs(2)).await;
        bob.dial("701").await;
        world.run_for(secs(4)).await;
        hear_each_other(&world, &alice, &bob).await;
        assert_eq!(world.outcome(), "");
        bob.hang_up().await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn the_dialplan_chooses_lot_space_and_time() {
    let plan = "
[internal]
exten => 5,1,Set(CHANNEL(parkinglot)=sales)
 same => n,Set(PARKINGEXTEN=802)
 same => n,Park(,srRt(3)c(after,${CHANNEL(parkinglot)},1))
 same => n,Set(GLOBAL(OUTCOME)=taken)
exten => 6,1,Set(GLOBAL(SEEN)=${PARK_GET_CHANNEL(802,sales)}/${PARK_GET_CHANNEL(801,sales)})
[after]
exten => sales,1,Set(GLOBAL(OUTCOME)=${PARKINGSLOT} ${PARKEDLOT} ${PARKER})
 same => n,Echo()
";
    let lot = "[sales]\nparkpos = 801-802\nparkext = 800\ncontext = sales";
    tell(1, Weather::CLEAR, &with_lot(lot).with_extensions(plan), async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        alice.dial("5").await;
        world.run_until("alice is parked", secs(9), |w| !parked(w).is_empty()).await;
        assert_eq!(parked(&world), [(802, "PJSIP/alice".to_owned())]);
        bob.dial("5").await;
        world.run_until("her space is taken", secs(3), |w| w.outcome() == "taken").await;
        bob.dial("6").await;
        world.run_for(secs(1)).await;
        let seen = world.exchange().global("SEEN").unwrap_or_default();
        assert!(seen.starts_with("PJSIP/alice-") && seen.ends_with('/'), "{seen}");
        world.run_for(secs(2)).await;
        assert_eq!(world.outcome(), "802 sales PJSIP/alice");
        let plan = world.exchange().dialplan();
        let shown = sidetone_dialplan::show::show(&plan, &Selection::new("sales"));
        let shown = shown.expect("its extensions are in the dialplan");
        assert!(shown.contains("Park()") && shown.contains("ParkedCall(sales,802)"), "{shown}");
        alice.hang_up().await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn an_extension_that_parks_is_not_called_to_come_back() {
    let plan = "\n[internal]\nexten => 8,1,Dial(Local/700@internal/n)\n";
    let lot = with_lot("parkingtime = 3\ncomebackcontext = others").with_extensions(plan);
    tell(1, Weather::CLEAR, &lot, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        alice.dial("8").await;
        world.run_until("it is parked", secs(9), |w| !parked(w).is_empty()).await;
        world.run_for(secs(6)).await;
        assert_eq!(world.outcome(), "s Local/700@internal");
        alice.hang_up().await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn a_bridge_that_was_made_by_the_dialplan_has_the_letters_too() {
    for (letter, callee_parks) in [("K", false), ("k", true)] {
        let plan = format!(
            "\n[internal]\nexten => 9,1,Bridge(${{GLOBAL(OTHER)}},{letter})\n\
             exten => 10,1,Answer()\n same => n,Set(GLOBAL(OTHER)=${{CHANNEL}})\n \
             same => n,Wait(20)\n same => n,Set(GLOBAL(OUTCOME)=after)\n"
        );
        tell(1, Weather::CLEAR, &with_lot("").with_extensions(&plan), async |world: World| {
            let alice = registered(&world, "alice", Line::Udp).await;
            let bob = registered(&world, "bob", Line::Udp).await;
            alice.dial("10").await;
            world.run_for(secs(1)).await;
            bob.dial("9").await;
            hear_each_other(&world, &alice, &bob).await;
            let (may, may_not) = if callee_parks { (&alice, &bob) } else { (&bob, &alice) };
            press(&world, may_not, "#7").await;
            world.run_for(secs(1)).await;
            assert!(world.talking(&alice, &bob), "{letter}");
            press(&world, may, "#7").await;
            world.run_until("it is parked", secs(9), |w| !parked(w).is_empty()).await;
            waits(&world, may_not, may).await;
            let carol = registered(&world, "carol", Line::Udp).await;
            carol.dial("701").await;
            hear_each_other(&world, may_not, &carol).await;
            carol.hang_up().await;
            if !callee_parks {
                world.run_until("she goes on", secs(9), |w| w.outcome() == "after").await;
            }
            world.assert_no_leaks().await;
        });
    }
}

#[test]
fn a_reload_keeps_who_is_parked() {
    tell(1, Weather::CLEAR, &with_lot(""), async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        alice.dial("2").await;
        world.run_until("alice is parked", secs(9), |w| !parked(w).is_empty()).await;
        world.reload(&with_lot("parkpos = 801-802"));
        let fetched = "[internal]\nexten => 4,1,ParkedCall(default,701)\n";
        world.reload(&with_lot("parkpos = 801-802").with_extensions(fetched));
        bob.dial("4").await;
        hear_each_other(&world, &alice, &bob).await;
        alice.hang_up().await;
        world.assert_no_leaks().await;
    });
}

/// Whoever hangs up, and whenever: nobody is left behind and every space is given back.
#[test]
fn a_hangup_that_crosses_parking_or_fetching_leaves_nobody_behind() {
    for seed in wanted_seeds().unwrap_or(1..4) {
        tell(seed, Weather::BAD, &with_lot("parkingtime = 8"), async |world: World| {
            let (alice, bob) = talking(&world).await;
            let carol = registered(&world, "carol", Line::Tcp).await;
            press(&world, &bob, "#").await;
            bob.press('7').await;
            world.run_for(Duration::from_millis(world.chance(3_000))).await;
            carol.dial("701").await;
            world.run_for(Duration::from_millis(world.chance(1_500))).await;
            let who = [&alice, &bob, &carol][usize::try_from(world.chance(3)).expect("small")];
            who.hang_up_all().await;
            world.run_for(Duration::from_millis(world.chance(600))).await;
            carol.hang_up_all().await;
            world.run_for(secs(60)).await;
            assert!(parked(&world).is_empty(), "{}", world.account());
            for phone in [&alice, &bob, &carol] {
                phone.hang_up_all().await;
            }
            world.assert_no_leaks().await;
        });
    }
}
