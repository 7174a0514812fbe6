//! What `[options]` of `asterisk.conf` says of the whole exchange.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use sidetone_sim::registrar::{Does, header};
use sidetone_sim::{CallState, Configuration, Keys, Line, Manner, Weather, World, secs};

use super::tell;
use super::tell::registered;

/// `maxload`
#[test]
fn calls_are_refused_while_the_machine_is_too_busy() {
    let configuration = Configuration::default().with_server_options("maxload = 1.5");
    let load = Arc::clone(&configuration.load_percent);
    tell(1, Weather::CLEAR, &configuration, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        for (percent, wanted) in [(150, None), (151, Some(503)), (20, None)] {
            load.store(percent, Ordering::Relaxed);
            alice.dial("600").await;
            match wanted {
                Some(status) => {
                    world.run_until("it is refused", secs(5), |_| alice.is_over()).await;
                    assert_eq!(alice.state(), Some(CallState::Over(status)), "{percent}");
                }
                None => {
                    world.run_until("it is answered", secs(5), |_| alice.is_talking()).await;
                    alice.hang_up().await;
                }
            }
        }
        world.assert_no_leaks().await;
    });
}

/// `[globals]` and `clearglobalvars` of `extensions.conf`
#[test]
fn globals_are_what_the_file_says_after_a_reload_and_what_the_dialplan_set_stays() {
    let with = |more: &str| {
        Configuration::default().with_extensions(&format!(
            "exten => 1,1,Set(GLOBAL(OUTCOME)=${{RING}}${{MINE}})\n\
             exten => 2,1,Set(GLOBAL(MINE)=own)\n{more}"
        ))
    };
    let first = with("[globals]\nRING=20\n");
    tell(1, Weather::CLEAR, &first, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let says = async |number: &str| {
            alice.dial(number).await;
            world.run_until("it is over", secs(5), |_| alice.is_over()).await;
            world.outcome()
        };
        assert_eq!(says("1").await, "20");
        says("2").await;
        world.reload(&with("[globals]\nRING=30\n"));
        assert_eq!(says("1").await, "30own");
        world.reload(&with("[globals]\nRING=40\n[general]\nclearglobalvars=yes\n"));
        assert_eq!(says("1").await, "40");
    });
}

/// `entityid`
#[test]
fn the_name_of_the_server_is_what_its_dialplan_and_its_registrars_are_told() {
    let mut configuration = Configuration::default()
        .with_extensions("exten => 1,1,Set(GLOBAL(OUTCOME)=${ENTITYID})\n")
        .with_server_options("entityid = 02:ab:cd:00:11:22");
    configuration.pjsip += "\n[trunk]\ntype = registration\nserver_uri = sip:198.51.100.1\n\
         client_uri = sip:customer@trunk.example\nsupport_outbound = yes\n\
         max_random_initial_delay = 0\n";
    tell(1, Weather::CLEAR, &configuration, async |world: World| {
        let registrar = world.registrar().await;
        registrar.will(Does::Grant(600));
        world.run_until("a REGISTER", secs(20), |_| !registrar.heard().is_empty()).await;
        let (_, register) = registrar.heard().remove(0);
        let instance = "+sip.instance=\"<urn:uuid:00000000-0000-1000-8000-02abcd001122>\"";
        assert!(header(&register, "Contact").contains(instance), "{register}");
        let alice = registered(&world, "alice", Line::Udp).await;
        alice.dial("1").await;
        world.run_until("it is over", secs(5), |_| alice.is_over()).await;
        assert_eq!(world.outcome(), "02:ab:cd:00:11:22");
    });
}

/// `mindtmfduration`
#[test]
fn a_short_key_that_is_made_anew_lasts_as_long_as_it_must() {
    for (line, lasts) in [("", false), ("mindtmfduration = 1500", true)] {
        let mut configuration = Configuration::default().with_server_options(line);
        for (account, mode) in [("alice", "info"), ("bob", "inband")] {
            let begin = format!("\n[{account}](phone)\n");
            let with = format!("{begin}dtmf_mode = {mode}\n");
            configuration.pjsip = configuration.pjsip.replace(&begin, &with);
        }
        tell(1, Weather::CLEAR, &configuration, async |world: World| {
            let alice = registered(&world, "alice", Line::Udp).await;
            let bob = registered(&world, "bob", Line::Udp).await;
            alice.will_press(Keys::Info).await;
            bob.will_press(Keys::Tones).await;
            bob.will(Manner::Answer(Duration::from_millis(300))).await;
            alice.dial("bob").await;
            world.run_until("they talk", secs(35), |w| w.talking(&alice, &bob)).await;
            alice.press('5').await;
            world.run_for(Duration::from_millis(700)).await;
            let sound = world.listen(&bob, Duration::from_millis(500)).await;
            // 770 and 1,336 Hz are the key 5.
            let both = sound.share_of(770.0) + sound.share_of(1_336.0);
            assert_eq!(both > 0.8, lasts, "{line}: {both} after 700 ms");
            world.run_for(secs(2)).await;
            assert_eq!(bob.call().digits, "5");
            alice.hang_up().await;
            world.assert_no_leaks().await;
        });
    }
}

/// `defaultlanguage`
#[test]
fn whoever_has_no_language_hears_that_of_the_server() {
    let mut configuration = Configuration::default()
        .with_extensions(
            "exten => 1,1,Answer()\n same => n,Set(GLOBAL(OUTCOME)=${CHANNEL(language)})\n \
             same => n,Playback(tone-700-2000)\n same => n,Hangup()\n",
        )
        .with_server_options("defaultlanguage = de");
    configuration.pjsip += "\n[bob](+)\nlanguage = en\n";
    tell(1, Weather::CLEAR, &configuration, async |world: World| {
        for (name, language, hz) in [("alice", "de", 800.0), ("bob", "en", 700.0)] {
            let phone = registered(&world, name, Line::Udp).await;
            phone.dial("1").await;
            world.run_until("it is answered", secs(5), |_| phone.is_talking()).await;
            world.run_for(Duration::from_millis(300)).await;
            assert!(world.listen(&phone, secs(1)).await.is_tone(hz), "{name}");
            assert_eq!(world.outcome(), language, "{name}");
            world.run_until("it ends", secs(5), |_| phone.is_over()).await;
        }
        world.assert_no_leaks().await;
    });
}
