//! What the dialplan keeps with `DB()`: calls share it.

use std::time::Duration;

use sidetone_sim::{Configuration, Line, Phone, Weather, World, secs};

use super::{registered, tell};

/// Tells a story of two registered phones in a dialplan with these lines more.
fn tell_of(extensions: &str, story: impl AsyncFnOnce(World, [Phone; 2])) {
    let mut configuration = Configuration::default();
    configuration.extensions += "\n[internal](+)\n";
    configuration.extensions += extensions;
    tell(1, Weather::CLEAR, &configuration, async |world: World| {
        let alice = registered(&world, "alice", Line::Udp).await;
        let bob = registered(&world, "bob", Line::Udp).await;
        story(world.clone(), [alice.clone(), bob.clone()]).await;
        alice.hang_up_all().await;
        bob.hang_up_all().await;
        world.assert_no_leaks().await;
    });
}

fn kept(world: &World, key: &str) -> Option<String> {
    world.exchange().database().get("seen", key)
}

#[test]
fn what_one_call_keeps_the_next_one_reads() {
    let plan = "exten => 731,1,Set(DB(cfim/${CALLERID(num)})=bob, at home)\n \
                same => n,Set(DB(cfim/other/1)=x)\n same => n,Set(DB(cfim/other/2)=y)\n \
                same => n,Hangup()\n\
                exten => 732,1,Set(CALLER=alice)\n \
                same => n,Set(KNOWN=${DB_EXISTS(cfim/${CALLER})})\n \
                same => n,ExecIf($[${KNOWN}]?Set(DB(seen/value)=${DB_RESULT}))\n \
                same => n,Set(DB(seen/keys)=${DB_KEYS(cfim)} ${DB_KEYCOUNT(cfim)})\n \
                same => n,DBdeltree(cfim/other)\n \
                same => n,Set(DB(seen/left)=${DB_KEYS(cfim)})\n \
                same => n,Set(DB(seen/removed)=${DB_DELETE(cfim/${CALLER})})\n \
                same => n,DBdel(seen/keys)\n \
                same => n,Set(DB(seen/end)=${DB_EXISTS(cfim/${CALLER})}${DB(cfim/${CALLER})})\n \
                same => n,Hangup()\n";
    tell_of(plan, async |world: World, [alice, bob]: [Phone; 2]| {
        let at_home = "bob, at home";
        alice.dial("731").await;
        world.run_until("the first call ends", secs(5), |_| alice.is_over()).await;
        assert_eq!(world.exchange().database().get("cfim", "alice").as_deref(), Some(at_home));
        bob.dial("732").await;
        world.run_until("the second call ends", secs(5), |_| bob.is_over()).await;
        assert_eq!(kept(&world, "value").as_deref(), Some(at_home));
        assert_eq!(kept(&world, "left").as_deref(), Some("alice"));
        assert_eq!(kept(&world, "removed").as_deref(), Some(at_home));
        assert_eq!(kept(&world, "keys"), None, "DBdel removed it");
        assert_eq!(kept(&world, "end").as_deref(), Some("0"));
    });
}

#[test]
fn two_calls_at_once_keep_entries_of_their_own_and_see_those_of_the_other() {
    let plan = "exten => 733,1,Set(DB(here/${CALLERID(num)})=${CALLERID(num)})\n \
                same => n,Progress()\n same => n,Wait(1)\n \
                same => n,Set(DB(seen/${CALLERID(num)})=${DB_KEYS(here)})\n \
                same => n,Wait(1)\n same => n,DBdel(here/${CALLERID(num)})\n same => n,Hangup()\n";
    tell_of(plan, async |world: World, [alice, bob]: [Phone; 2]| {
        alice.dial("733").await;
        bob.dial("733").await;
        let ended = |_: &World| alice.is_over() && bob.is_over();
        world.run_until("both end", secs(5), ended).await;
        world.run_for(Duration::from_millis(100)).await;
        for name in ["alice", "bob"] {
            assert_eq!(kept(&world, name).as_deref(), Some("alice,bob"), "{name}");
        }
        assert_eq!(world.exchange().database().names_below("here"), Vec::<String>::new());
    });
}
