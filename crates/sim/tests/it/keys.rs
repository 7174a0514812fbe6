//! Keys between phones that send and hear them differently, and the applications that use them.

use std::time::Duration;

use sidetone_sim::{Configuration, Keys, Line, Manner, Phone, Weather, World, secs};

use super::press;
use super::tell::{registered, tell};

/// The mode of an endpoint and what its phone does.
const MODES: [(&str, Keys); 7] = [
    ("rfc4733", Keys::Events),
    ("inband", Keys::Tones),
    ("info", Keys::Info),
    ("auto", Keys::Events),
    ("auto", Keys::Tones),
    ("auto_info", Keys::Events),
    ("auto_info", Keys::Info),
];

fn with_mode(mut configuration: Configuration, account: &str, mode: &str) -> Configuration {
    let begin = format!("\n[{account}](phone)\n");
    let with = format!("{begin}dtmf_mode = {mode}\n");
    assert!(configuration.pjsip.contains(&begin));
    configuration.pjsip = configuration.pjsip.replace(&begin, &with);
    configuration
}

async fn talk(world: &World, alice: &Phone, bob: &Phone) {
    bob.will(Manner::Answer(Duration::from_millis(300))).await;
    alice.dial("bob").await;
    world.run_until("they talk", secs(35), |w| w.talking(alice, bob)).await;
}

#[test]
fn keys_cross_a_bridge_between_all_modes_once() {
    for (at, (from, from_keys)) in MODES.into_iter().enumerate() {
        for (to, to_keys) in MODES {
            let configuration = with_mode(Configuration::default(), "alice", from);
            let configuration = with_mode(configuration, "bob", to);
            tell(at as u64 + 1, Weather::CLEAR, &configuration, async |world: World| {
                let alice = registered(&world, "alice", Line::Udp).await;
                let bob = registered(&world, "bob", Line::Udp).await;
                alice.will_press(from_keys).await;
                bob.will_press(to_keys).await;
                talk(&world, &alice, &bob).await;
                press(&world, &alice, "17#7").await;
                press(&world, &bob, "99*").await;
                world.run_for(secs(2)).await;
                assert_eq!(bob.call().digits, "17#7", "{from} {from_keys:?} to {to} {to_keys:?}");
                assert_eq!(alice.call().digits, "99*", "{to} {to_keys:?} to {from} {from_keys:?}");
                alice.hang_up().await;
                world.assert_no_leaks().await;
            });
        }
    }
}

/// `none`: keys are neither listened for in the audio nor put into it.
#[test]
fn keys_go_neither_way_where_the_mode_is_none() {
    let configuration = with_mode(Configuration::default(), "bob", "none");
    tell(8, Weather::CLEAR, &configuration, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        bob.will_press(Keys::Tones).await;
        talk(&world, &alice, &bob).await;
        press(&world, &alice, "17").await;
        press(&world, &bob, "99").await;
        world.run_for(secs(2)).await;
        let digits = [alice.call().digits, bob.call().digits];
        assert_eq!(digits, ["", ""]);
        assert!(world.talking(&alice, &bob));
        alice.hang_up().await;
        world.assert_no_leaks().await;
    });
}

#[test]
fn keys_by_info_arrive_over_a_bad_link() {
    let configuration = with_mode(Configuration::default(), "alice", "info");
    for seed in [1, 2, 3] {
        tell(seed, Weather::BAD, &configuration, async |world: World| {
            let alice = registered(&world, "alice", Line::Udp).await;
            let bob = registered(&world, "bob", Line::Udp).await;
            alice.will_press(Keys::Info).await;
            talk(&world, &alice, &bob).await;
            for key in ["5", "8"] {
                alice.press(key.chars().next().expect("a key")).await;
                world.run_for(secs(5)).await;
            }
            assert_eq!(bob.call().digits, "58");
            bob.hang_up().await;
            world.assert_no_leaks().await;
        });
    }
}

#[test]
fn the_dialplan_sends_and_reads_digits() {
    for (mode, keys) in [MODES[0], MODES[1], MODES[2]] {
        let mut configuration = with_mode(Configuration::default(), "alice", mode);
        configuration.extensions.push_str(
            "
[internal]
exten => 700,1,Answer()
 same => n,Wait(0.5)
 same => n,SendDTMF(12w*,150,120)
 same => n,Read(PIN,,4)
 same => n,WaitDigit(5,79)
 same => n,Set(GLOBAL(READ)=${PIN}/${READSTATUS}/${WAITDIGITRESULT}/${WAITDIGITSTATUS})
 same => n,WaitDigit(0.5)
 same => n,Set(GLOBAL(SECOND)=${WAITDIGITRESULT}/${WAITDIGITSTATUS})
 same => n,Read(CODE,,9,t(*)e,1,2)
 same => n,Set(GLOBAL(THIRD)=${CODE}/${READSTATUS})
 same => n,WaitExten(5)
exten => 42,1,Set(GLOBAL(OUTCOME)=dialled)
 same => n,Wait(1)
 same => n,Hangup()
",
        );
        tell(7, Weather::CLEAR, &configuration, async |world: World| {
            let alice = registered(&world, "alice", Line::Udp).await;
            alice.will_press(keys).await;
            alice.dial("700").await;
            let heard = |_: &World| alice.calls().last().is_some_and(|call| call.digits == "12*");
            world.run_until("alice hears the digits", secs(20), heard).await;
            world.run_for(secs(1)).await;
            press(&world, &alice, "2468").await;
            press(&world, &alice, "19").await;
            world.run_for(secs(1)).await;
            press(&world, &alice, "*").await;
            press(&world, &alice, "42").await;
            world
                .run_until("the extension was dialled", secs(9), |w| w.outcome() == "dialled")
                .await;
            let global = |name: &str| world.exchange().global(name).unwrap_or_default();
            assert_eq!(global("READ"), "2468/OK/9/DTMF", "{mode}");
            assert_eq!(global("SECOND"), "/TIMEOUT", "{mode}");
            assert_eq!(global("THIRD"), "*/OK", "{mode}");
            world.run_until("the call ends", secs(9), |_| alice.is_over()).await;
            world.assert_no_leaks().await;
        });
    }
}
