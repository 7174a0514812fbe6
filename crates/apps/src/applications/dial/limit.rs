//! `L(x:y:z)` and `S(x)` of `Dial`: how long a conversation may last, and what is heard of it.
//! The variables `LIMIT_*` of the caller say who hears which prompt.

use std::time::{Duration, Instant};

use sidetone_dialplan::{Flow, Host as _, Stop};
use sidetone_pbx::Channel;
use sidetone_pbx::channel::{Control, Errand};

use crate::applications::prompts;
use crate::applications::tones;

/// The longest limit: a month.
const LONGEST_MS: u64 = 31 * 86_400_000;

/// Milliseconds as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::applications) struct Limit {
    /// How long in all.
    pub whole: Duration,
    /// How long before the end the first warning comes.
    pub warn: Option<Duration>,
    /// How often it comes again.
    pub repeat: Option<Duration>,
}

impl Limit {
    /// Reads `x[:y[:z]]`; `None` when x is no number or zero.
    pub(in crate::applications) fn read(text: &str) -> Option<Self> {
        let [whole, warn, repeat] = crate::applications::letters::parts::<3>(text);
        let ms = |text: &str| {
            let ms = text.parse::<u64>().ok().filter(|ms| *ms > 0)?;
            Some(Duration::from_millis(ms.min(LONGEST_MS)))
        };
        let whole = ms(&whole)?;
        Some(Self { whole, warn: ms(&warn).filter(|warn| *warn < whole), repeat: ms(&repeat) })
    }
}

/// The clock of one conversation.
#[derive(Debug)]
pub(in crate::applications) struct Clock {
    end: Option<Instant>,
    warn: Option<Instant>,
    repeat: Option<Duration>,
    /// Prompts are for a limit; `S` ends in silence.
    speaks: bool,
}

/// What a clock says when its time comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::applications) enum Stroke {
    /// Say that it ends soon.
    Warning,
    /// It is over.
    End,
}

impl Clock {
    /// Starts with the conversation.
    pub(in crate::applications) fn start(
        now: Instant,
        limit: Option<Limit>,
        stop_after: Option<Duration>,
    ) -> Self {
        let limited = limit.map(|limit| now + limit.whole);
        let stopped = stop_after.map(|time| now + time);
        let warn = limit.and_then(|limit| Some(now + (limit.whole - limit.warn?)));
        Self {
            end: [limited, stopped].into_iter().flatten().min(),
            warn,
            repeat: limit.and_then(|limit| limit.repeat),
            speaks: limit.is_some(),
        }
    }

    /// When it has to be asked again.
    pub(in crate::applications) fn next(&self) -> Option<Instant> {
        [self.warn, self.end].into_iter().flatten().min()
    }

    /// What there is to do at its time.
    pub(in crate::applications) fn strike(&mut self, now: Instant) -> Option<Stroke> {
        if self.end.is_some_and(|end| end <= now) {
            return Some(Stroke::End);
        }
        let warn = self.warn.filter(|warn| *warn <= now)?;
        self.warn = self.repeat.map(|repeat| warn + repeat);
        Some(Stroke::Warning)
    }

    /// Plays what belongs to the beginning (`LIMIT_CONNECT_FILE`).
    pub(in crate::applications) async fn connected(
        &self,
        channel: &mut Channel,
    ) -> Result<(), Stop> {
        self.say(channel, "LIMIT_CONNECT_FILE", None).await
    }

    /// Plays what belongs to a stroke. Only the last prompt is heard to its end: the time is over
    /// then, and nothing else waits for it.
    pub(in crate::applications) async fn sound(
        &self,
        channel: &mut Channel,
        stroke: Stroke,
    ) -> Result<(), Stop> {
        match stroke {
            Stroke::Warning => self.say(channel, "LIMIT_WARNING_FILE", Some(BEEP)).await,
            Stroke::End => {
                self.say(channel, "LIMIT_TIMEOUT_FILE", None).await?;
                self.heard(channel).await
            }
        }
    }

    /// Waits as long as the last prompt lasts, whoever hears it.
    async fn heard(&self, channel: &mut Channel) -> Result<(), Stop> {
        let file = channel.variable("LIMIT_TIMEOUT_FILE").unwrap_or_default();
        let anybody = hears(channel, "LIMIT_PLAYAUDIO_CALLEE", false)
            || hears(channel, "LIMIT_PLAYAUDIO_CALLER", true);
        if self.speaks && anybody {
            channel.pause(prompts::length(channel, &file)).await?;
        }
        Ok(())
    }

    async fn say(
        &self,
        channel: &mut Channel,
        variable: &str,
        tone: Option<&'static str>,
    ) -> Result<(), Stop> {
        let file = channel.variable(variable).filter(|file| !file.is_empty());
        if !self.speaks || file.is_none() && tone.is_none() {
            return Ok(());
        }
        if hears(channel, "LIMIT_PLAYAUDIO_CALLEE", false)
            && let Some(peer) = channel.peer()
        {
            let file = file.clone();
            peer.tell(Control::Errand(Errand::new(move |channel| {
                Box::pin(async move {
                    play(channel, file, tone).await;
                    Ok(Flow::Next)
                })
            })));
        }
        if hears(channel, "LIMIT_PLAYAUDIO_CALLER", true) {
            play(channel, file, tone).await;
        }
        Ok(())
    }
}

/// Heard when a warning has no prompt.
const BEEP: &str = "!1400/200";

/// Begins to play; the conversation and its clock go on.
async fn play(channel: &mut Channel, file: Option<String>, tone: Option<&'static str>) {
    let started = match &file {
        Some(file) => prompts::begin(channel, file).await,
        None => None,
    };
    match (started, tone) {
        (Some(id), _) => channel.set_background(Some(id)),
        (None, Some(tone)) => tones::start(channel, tone).await,
        (None, None) => {}
    }
}

fn hears(channel: &Channel, variable: &str, usually: bool) -> bool {
    let said = channel.variable(variable);
    match said.as_deref().map(str::trim) {
        None | Some("") => usually,
        Some(word) => ["yes", "true", "on", "1"].iter().any(|yes| word.eq_ignore_ascii_case(yes)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_warns_and_repeats_and_ends() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let limit = Limit::read("60000:20000:8000").expect("a limit");
        let mut clock = Clock::start(start, Some(limit), None);
        assert_eq!(clock.next(), Some(at(40)));
        assert_eq!(clock.strike(at(39)), None);
        assert_eq!(clock.strike(at(40)), Some(Stroke::Warning));
        assert_eq!(clock.next(), Some(at(48)));
        assert_eq!(clock.strike(at(48)), Some(Stroke::Warning));
        assert_eq!(clock.strike(at(56)), Some(Stroke::Warning));
        assert_eq!(clock.next(), Some(at(60)));
        assert_eq!(clock.strike(at(60)), Some(Stroke::End));
    }

    #[test]
    fn the_shorter_of_two_limits_holds() {
        let start = Instant::now();
        let limit = Limit::read("60000");
        let clock = Clock::start(start, limit, Some(Duration::from_secs(5)));
        assert_eq!(clock.next(), Some(start + Duration::from_secs(5)));
    }

    #[test]
    fn nonsense_is_no_limit() {
        for text in ["", "0", "soon", "-1", ":5000"] {
            assert_eq!(Limit::read(text), None, "{text}");
        }
        // A warning before the beginning is none.
        assert_eq!(Limit::read("5000:9000").expect("a limit").warn, None);
    }
}
