//! Digits of a channel: those that come by SIP INFO (`application/dtmf-relay` and
//! `application/dtmf`), and those to send, which the media leg puts on their way or gives back to
//! be signalled.

use std::time::Duration;

use sidetone_dialplan::Stop;
use sidetone_sip::Method;
use sidetone_ua::api::{Body, DialogRequest};
use tokio::sync::mpsc;

use crate::party::digits::{Step, steps};
use crate::party::info::{InfoDigit, RELAY, write_info};

use super::{Channel, ChannelEvent, Control, MediaError};

pub use crate::party::digits::Pace;

impl Channel {
    /// Sends one digit (`0`-`9`, `*`, `#`, `A`-`D`, `f` for the flash) in the endpoint's
    /// `dtmf_mode`. Digits queue up behind each other.
    ///
    /// # Errors
    /// When it is no digit, or there is no way to send it.
    pub async fn send_digit(&self, digit: char, duration: Duration) -> Result<(), MediaError> {
        let media = self.media.as_ref().ok_or(MediaError::NoMedia)?;
        let stream = self.audio().ok_or(MediaError::NoMedia)?;
        Ok(media.leg.send_dtmf(stream, digit, duration).await?)
    }

    /// Sends digits one after the other: `w` pauses half a second, `W` a second, `f` is a flash,
    /// and what is no digit is left out.
    ///
    /// # Errors
    /// [`Stop`] when the channel is hung up meanwhile. What cannot be sent is a line in the log.
    pub async fn send_digits(&mut self, digits: &str, pace: Pace) -> Result<(), Stop> {
        for step in steps(digits) {
            match step {
                Step::Pause(pause) => self.pause(pause).await?,
                Step::Key(digit) => {
                    if let Err(error) = self.send_digit(digit, pace.duration).await {
                        tracing::warn!("{}: cannot send {digit}: {error}", self.name);
                    }
                    self.pause(pace.duration + pace.interval).await?;
                }
            }
        }
        Ok(())
    }

    /// As [`Self::send_digits`], to the peer of another channel. False when that one is gone.
    ///
    /// # Errors
    /// [`Stop`] when this channel is hung up meanwhile.
    pub async fn send_digits_on(
        &mut self,
        other: &str,
        digits: &str,
        pace: Pace,
    ) -> Result<bool, Stop> {
        let live = self.exchange.live();
        let named = live.all().into_iter().find(|facts| facts.name.eq_ignore_ascii_case(other));
        let Some(inbox) = named.and_then(|facts| live.inbox(facts.id)) else {
            return Ok(false);
        };
        for step in steps(digits) {
            let pause = match step {
                Step::Pause(pause) => pause,
                Step::Key(digit) => {
                    let control = Control::SendDigit { digit, duration: pace.duration };
                    if inbox.try_send(control.into()).is_err() {
                        return Ok(false);
                    }
                    pace.duration + pace.interval
                }
            };
            self.pause(pause).await?;
        }
        Ok(true)
    }

    /// Takes a digit that came by INFO to where the others come from, so that it reaches a bridged
    /// peer and counts once. Without media it is handed back.
    pub(super) async fn hear_info(&self, digit: InfoDigit) -> Option<InfoDigit> {
        let (Some(media), Some(stream)) = (&self.media, self.audio()) else {
            return Some(digit);
        };
        let (key, held) = (digit.0, Duration::from_millis(digit.1.into()));
        media.leg.hear_dtmf(stream, key, held).await.err().map(|_| digit)
    }

    /// Sends a digit by INFO (`dtmf_mode=info`).
    pub(super) async fn signal_digit(&mut self, digit: char, duration: Duration) {
        let Some(dialog) = self.signalling.dialog else {
            return;
        };
        let request = DialogRequest {
            method: Method::Info,
            headers: Vec::new(),
            body: Some(Body {
                content_type: RELAY.to_owned(),
                bytes: write_info(digit, duration).into(),
            }),
        };
        self.signalling.shard.in_dialog(dialog, request, self.own_inbox.clone()).await;
    }
}

/// Has digits sent on a channel that may not be answered yet, in their own time: nobody waits.
pub fn press_on(inbox: mpsc::Sender<ChannelEvent>, digits: &str, pace: Pace) {
    let steps: Vec<Step> = steps(digits).collect();
    tokio::spawn(async move {
        for step in steps {
            let pause = match step {
                Step::Pause(pause) => pause,
                Step::Key(digit) => {
                    let control = Control::SendDigit { digit, duration: pace.duration };
                    if inbox.send(control.into()).await.is_err() {
                        return;
                    }
                    pace.duration + pace.interval
                }
            };
            tokio::time::sleep(pause).await;
        }
    });
}
