//! Applications behind keys (`[applicationmap]` of `features.conf`): one side of a bridge runs an
//! application while the other waits, then both talk on. Step 8 of the INVITE walk, from
//! `features`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sidetone_base::ChannelId;
use sidetone_config::objects::dynamic_features::{DynamicFeature, RunsOn};
use sidetone_dialplan::{Callable, Flow, Host as _, Stop, execute, expand};
use sidetone_media::Route;
use sidetone_pbx::Channel;
use sidetone_pbx::channel::{Control, Errand};

use super::dial::place;
use super::music_on_hold;

/// The keys were pressed on this channel.
pub(super) async fn start(channel: &mut Channel, feature: Arc<DynamicFeature>) -> Result<(), Stop> {
    let by = channel.name().to_owned();
    match feature.runs_on {
        RunsOn::Own => run(channel, &feature, by).await,
        RunsOn::Peer => {
            if let Some(peer) = channel.peer() {
                peer.tell(Control::Errand(Errand::new(move |channel| {
                    Box::pin(async move {
                        run(channel, &feature, by).await?;
                        Ok(Flow::Next)
                    })
                })));
            }
            Ok(())
        }
    }
}

/// Runs it here, while the peer waits.
async fn run(channel: &mut Channel, feature: &DynamicFeature, by: String) -> Result<(), Stop> {
    let Some(peer) = channel.peer().cloned() else {
        return Ok(());
    };
    channel.set("DYNAMIC_FEATURENAME", feature.name.clone());
    channel.set("DYNAMIC_WHO_ACTIVATED", by);
    let done = Arc::new(AtomicBool::new(false));
    peer.tell(Control::Errand(wait(channel.id(), feature.music.clone(), Arc::clone(&done))));
    channel.hold_peer(false).await;
    let ran = application(channel, feature).await;
    done.store(true, Ordering::Release);
    // It looks whether it is done as soon as anything happens.
    place::done(channel.id(), Some(peer.inbox), String::new()).await;
    ran?;
    channel.leave_for_held().await;
    Ok(())
}

/// Has the other side wait, with music of a class or in silence, until it is `done`, or the two
/// are joined no more.
fn wait(for_whom: ChannelId, music: String, done: Arc<AtomicBool>) -> Errand {
    Errand::new(move |channel| {
        Box::pin(async move {
            let waits = |channel: &Channel| {
                let joined = channel.peer().is_some_and(|peer| peer.channel == for_whom);
                joined && !done.load(Ordering::Acquire)
            };
            if !waits(channel) {
                return Ok(Flow::Next);
            }
            for stream in channel.streams() {
                // What it says is not for the prompts of the application.
                if let Err(error) = channel.route(stream.index, Route::Discard).await {
                    tracing::debug!("{}: {error}", channel.name());
                }
            }
            if !music.is_empty() {
                music_on_hold::start(channel, &music).await;
            }
            while waits(channel) {
                channel.wait(None).await?;
            }
            if !music.is_empty() {
                channel.stop_music().await;
            }
            Ok(Flow::Next)
        })
    })
}

/// The application itself. Whatever it says of where to go on, the two talk on.
async fn application(channel: &mut Channel, feature: &DynamicFeature) -> Result<(), Stop> {
    let DynamicFeature { name, application, .. } = feature;
    let refuse = |channel: &Channel, words: &str| {
        tracing::warn!("{}: feature {name} does not run: {words}", channel.name());
    };
    if !crate::has_application(application) {
        refuse(channel, &format!("there is no application {application}"));
        return Ok(());
    }
    if let Some(words) = channel.switched_off(Callable::Application(application)) {
        refuse(channel, &words);
        return Ok(());
    }
    let arguments = match expand(channel, &feature.arguments).await {
        Ok(arguments) => arguments,
        Err(error) => {
            refuse(channel, &error.to_string());
            return Ok(());
        }
    };
    tracing::info!(
        target: "verbose",
        "    -- Feature {name} runs {application}(\"{}\", \"{arguments}\")", channel.name()
    );
    if application.eq_ignore_ascii_case("Gosub") {
        return match place::Subroutine::read(channel, &arguments) {
            Some(subroutine) => subroutine.run(channel).await,
            None => Ok(()),
        };
    }
    let position = channel.position();
    match execute(channel, application, &arguments, &position).await? {
        Flow::Next => {}
        _ => tracing::warn!(
            "{}: feature {name}: {application} leads elsewhere in the dialplan, which is not \
             followed in a call: write Gosub",
            channel.name()
        ),
    }
    Ok(())
}
