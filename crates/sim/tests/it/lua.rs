//! Extensions in Lua (`extensions.lua`) as callers meet them.

use std::time::Duration;

use sidetone_sim::{CallState, Configuration, Line, Manner, Phone, Weather, World, secs};

use super::{press, registered, tell};

/// Tells a story of alice, who is registered, beside an `extensions.lua`.
fn tell_of(lua: &str, story: impl AsyncFnOnce(World, Phone)) {
    let configuration = Configuration::default().with_lua(lua);
    tell(1, Weather::CLEAR, &configuration, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        story(world.clone(), alice.clone()).await;
        alice.hang_up_all().await;
        world.assert_no_leaks().await;
    });
}

async fn answered(world: &World, phone: &Phone) {
    let talks = |_: &World| phone.state() == Some(CallState::Talking);
    world.run_until("it is answered", secs(5), talks).await;
}

async fn over(world: &World, phone: &Phone) -> Option<CallState> {
    world.run_until("it is over", secs(20), |_| phone.is_over()).await;
    phone.state()
}

#[test]
fn a_function_answers_reads_digits_and_branches() {
    let lua = r#"
        local menu = { ["1"] = "sales", ["2"] = "service" }
        extensions = { internal = { ["4000"] = function(context, exten)
            app.Answer()
            app.Read("CHOICE", nil, 1, nil, 1, 3)
            local choice = channel.CHOICE:get()
            local name = menu[choice]
            if name == nil then
                channel["GLOBAL(OUTCOME)"]:set("wrong " .. exten)
                app.Hangup(17)
            end
            channel.GLOBAL("OUTCOME"):set(name)
            app.goto("more", "s", 1)
        end, include = { "more" } },
        more = { s = function() app.Hangup(21) end, ["_41XX"] = function(context, exten)
            channel.GLOBAL("OUTCOME"):set(context .. " " .. exten)
            app.Hangup()
        end } }"#;
    tell_of(lua, async |world: World, alice: Phone| {
        for (key, outcome) in [("1", "sales"), ("2", "service"), ("3", "wrong 4000")] {
            alice.dial("4000").await;
            answered(&world, &alice).await;
            world.run_for(Duration::from_millis(300)).await;
            press(&world, &alice, key).await;
            over(&world, &alice).await;
            assert_eq!(world.outcome(), outcome);
        }
        alice.dial("4123").await;
        over(&world, &alice).await;
        assert_eq!(world.outcome(), "more 4123");
    });
}

#[test]
fn a_function_dials_and_reads_what_came_of_it() {
    let lua = r#"
        extensions = { internal = { ["4001"] = function()
            app.Dial("PJSIP/bob", 20)
            channel.GLOBAL("OUTCOME"):set(channel.DIALSTATUS:get())
            app.Hangup(21)
        end, h = function()
            channel.GLOBAL("AFTER"):set(channel.DIALSTATUS:get() .. tostring(check_hangup()))
        end } }"#;
    tell_of(lua, async |world: World, alice: Phone| {
        let bob = registered(&world, "bob", Line::Udp).await;
        bob.will(Manner::Refuse(486)).await;
        alice.dial("4001").await;
        assert_eq!(over(&world, &alice).await, Some(CallState::Over(403)));
        assert_eq!(world.outcome(), "BUSY");
        bob.will(Manner::Answer(Duration::from_millis(300))).await;
        alice.dial("4001").await;
        world.run_until("they talk", secs(5), |w| w.talking(&alice, &bob)).await;
        alice.hang_up().await;
        over(&world, &alice).await;
        world
            .run_until("`h` ran", secs(5), |w| {
                w.exchange().global("AFTER").as_deref() == Some("ANSWERtrue")
            })
            .await;
    });
}

#[test]
fn a_function_that_waits_in_dial_is_joined_by_another_on_the_same_channel() {
    let lua = r#"
        local seen = "nothing"
        extensions = { internal = { ["4007"] = function()
            local before = "kept"
            app.Dial("PJSIP/bob", 20, "B(pre^s^1(here))")
            channel.GLOBAL("OUTCOME"):set(before .. " " .. seen)
        end }, pre = { s = function()
            seen = channel.ARG1:get()
        end } }"#;
    tell_of(lua, async |world: World, alice: Phone| {
        let bob = registered(&world, "bob", Line::Udp).await;
        bob.will(Manner::Refuse(486)).await;
        alice.dial("4007").await;
        over(&world, &alice).await;
        assert_eq!(world.outcome(), "kept here");
    });
}

#[test]
fn a_caller_who_hangs_up_ends_the_function() {
    let lua = r#"
        extensions = { internal = { ["4002"] = function()
            app.Answer()
            local ok, why = pcall(app.Wait, 60)
            channel.GLOBAL("OUTCOME"):set(tostring(ok) .. " " .. tostring(why))
            app.Wait(60)
            channel.GLOBAL("OUTCOME"):set("not reached")
        end } }"#;
    tell_of(lua, async |world: World, alice: Phone| {
        alice.dial("4002").await;
        answered(&world, &alice).await;
        alice.hang_up().await;
        world.run_until("it is told", secs(5), |w| w.outcome() == "false -1").await;
        world.run_for(secs(70)).await;
        assert_eq!(world.outcome(), "false -1");
    });
}

#[test]
fn a_loop_without_an_end_ends_its_own_call_and_no_other() {
    let lua = r#"
        extensions = { internal = { ["4003"] = function() while true do end end } }"#;
    tell_of(lua, async |world: World, alice: Phone| {
        let bob = registered(&world, "bob", Line::Udp).await;
        bob.dial("600").await;
        world.run_until("it is answered", secs(5), |_| bob.is_talking()).await;
        alice.dial("4003").await;
        let end = over(&world, &alice).await;
        assert!(matches!(end, Some(CallState::Over(500..=599))), "{end:?}");
        assert!(bob.is_talking());
        bob.hang_up().await;
    });
}

#[test]
fn a_reload_acts_at_the_next_extension() {
    let with = |word: &str| {
        Configuration::default().with_lua(&format!(
            "extensions = {{ internal = {{ ['4004'] = function()\n\
             channel.GLOBAL('OUTCOME'):set('{word}') app.Wait(2) app.goto('4005', 1) end,\n\
             ['4005'] = function() channel.GLOBAL('OUTCOME'):set('{word} again') end }} }}"
        ))
    };
    tell(1, Weather::CLEAR, &with("old"), async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        alice.dial("4004").await;
        world.run_until("it began", secs(5), |w| w.outcome() == "old").await;
        world.reload(&with("new"));
        over(&world, &alice).await;
        assert_eq!(world.outcome(), "new again");
        world.assert_no_leaks().await;
    });
}

#[test]
fn both_files_are_one_dialplan() {
    let mut configuration = Configuration::default().with_lua(
        "extensions = { internal = { ['600'] = function() app.Hangup(17) end,\n\
         ['4006'] = function() app.goto('conf', 's', 1) end } }\n\
         hints = { internal = { ['4006'] = 'PJSIP/bob' } }",
    );
    configuration.extensions += "\n[conf]\nexten => s,1,Set(GLOBAL(OUTCOME)=conf)\n";
    tell(1, Weather::CLEAR, &configuration, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        alice.dial("600").await;
        world.run_until("the file's own comes first", secs(5), |_| alice.is_talking()).await;
        alice.hang_up().await;
        alice.dial("4006").await;
        world.run_until("Lua leads to the file", secs(5), |w| w.outcome() == "conf").await;
        alice.hang_up_all().await;
    });
}
