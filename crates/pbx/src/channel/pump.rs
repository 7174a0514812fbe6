//! Taking in what happens to a channel. One place waits; everything an application is not
//! interested in is handled here: re-INVITE, UPDATE, INFO, hangup, media state.

use std::time::{Duration, Instant};

use sidetone_base::Flow;
use sidetone_dialplan::Stop;
use sidetone_events::Event;
use sidetone_media::LegEvent;
use sidetone_party::description;
use sidetone_sip::Method;
use sidetone_ua::api::Event as SipEvent;

use super::peer::turn_away;
use super::{BranchEvent, Channel, ChannelEvent, Control, Happening, MAX_DIGITS, State};
use crate::Cause;

/// Longest sleep when nothing is due.
const IDLE: Duration = Duration::from_secs(3_600);

/// Silence that was told before the answer, when nobody has to send yet: it ends the call if it
/// lasts as long after the answer.
#[derive(Debug)]
pub(super) struct Unheard {
    packets: u64,
    lasts: Duration,
    until: Option<Instant>,
}

impl Unheard {
    pub(super) fn answered(&mut self, now: Instant) {
        self.until = Some(now + self.lasts);
    }
}

enum Woken {
    Inbox(Option<ChannelEvent>),
    Media(LegEvent),
    Time,
}

impl Channel {
    /// Waits until something happens that an application acts on, or until the time given.
    /// Digits that came while nobody waited are handed out first.
    ///
    /// # Errors
    /// [`Stop`] when the channel is hung up, from then on always.
    pub async fn wait(&mut self, until: Option<Instant>) -> Result<Happening, Stop> {
        if let Some(digit) = self.digits.pop_front() {
            self.check_stop()?;
            return Ok(Happening::Digit(digit));
        }
        loop {
            if let Some(happening) = self.turn(until).await? {
                return Ok(happening);
            }
        }
    }

    /// As [`Self::wait`], leaving digits for the next application that reads them.
    ///
    /// # Errors
    /// [`Stop`] when the channel is hung up.
    pub async fn wait_keeping_digits(&mut self, until: Option<Instant>) -> Result<Happening, Stop> {
        loop {
            match self.turn(until).await? {
                Some(Happening::Digit(digit)) => self.keep_digit(digit),
                Some(happening) => return Ok(happening),
                None => {}
            }
        }
    }

    /// As [`Self::wait`] or, unless it `reads` digits, [`Self::wait_keeping_digits`], for an
    /// application that called others: only meanwhile somebody may come in the place of one.
    ///
    /// # Errors
    /// [`Stop`] when the channel is hung up.
    pub async fn wait_for_branches(
        &mut self,
        until: Option<Instant>,
        reads: bool,
    ) -> Result<Happening, Stop> {
        self.bridging.dials = true;
        let happening = match reads {
            true => self.wait(until).await,
            false => self.wait_keeping_digits(until).await,
        };
        self.bridging.dials = false;
        happening
    }

    /// Waits out a duration; digits are kept.
    ///
    /// # Errors
    /// [`Stop`] when the channel is hung up.
    pub async fn pause(&mut self, duration: Duration) -> Result<(), Stop> {
        let until = self.exchange.now() + duration;
        loop {
            if matches!(self.wait_keeping_digits(Some(until)).await?, Happening::Deadline) {
                return Ok(());
            }
        }
    }

    /// Takes in everything that is there without waiting.
    ///
    /// # Errors
    /// [`Stop`] when the channel is hung up.
    pub(crate) async fn catch_up(&mut self) -> Result<(), Stop> {
        self.check_stop()?;
        while let Ok(event) = self.inbox.try_recv() {
            if let Some(Happening::Digit(digit)) = self.absorb(event).await {
                self.keep_digit(digit);
            }
            self.check_stop()?;
        }
        Ok(())
    }

    pub(crate) fn keep_digit(&mut self, digit: char) {
        if self.digits.len() < MAX_DIGITS {
            self.digits.push_back(digit);
        }
    }

    /// One thing that happens, or the deadline.
    pub(crate) async fn turn(&mut self, until: Option<Instant>) -> Result<Option<Happening>, Stop> {
        self.check_stop()?;
        let now = self.exchange.now();
        let absolute = self.absolute_deadline.filter(|_| until.is_none_or(|until| until > now));
        let unheard = self.unheard.as_ref().and_then(|unheard| unheard.until);
        self.keep_addressed().await;
        self.keep_proposed().await;
        let offers = [self.readdress_due(), self.proposal_due(), self.fax_due()];
        let due = [until, absolute, unheard, self.ears.due()].into_iter().chain(offers);
        let wake = due.flatten().min().unwrap_or(now + IDLE);
        let woken = tokio::select! {
            biased;
            event = self.inbox.recv() => Woken::Inbox(event),
            event = self.media_inbox.recv() => match event {
                Some((_, event)) => Woken::Media(event),
                None => Woken::Time,
            },
            () = tokio::time::sleep_until(wake.into()) => Woken::Time,
        };
        let happening = match woken {
            Woken::Inbox(Some(event)) => self.absorb(event).await,
            Woken::Inbox(None) => None,
            Woken::Media(event) => Box::pin(self.absorb_media(event)).await,
            Woken::Time => {
                let now = self.exchange.now();
                if unheard.is_some_and(|until| until <= now) {
                    Box::pin(self.end_if_unheard()).await;
                }
                if self.ears.due().is_some_and(|due| due <= now) {
                    Box::pin(self.listen()).await;
                }
                if self.absolute_deadline.is_some_and(|deadline| deadline <= now) {
                    self.absolute_deadline = None;
                    return Err(Stop::AbsoluteTimeout);
                }
                until.filter(|until| *until <= now).map(|_| Happening::Deadline)
            }
        };
        self.check_stop()?;
        Ok(happening)
    }

    /// What an event makes of the channel is boxed: it is over at once and seldom, while the wait
    /// for it is held as long as the call, in the future of every application.
    async fn absorb(&mut self, event: ChannelEvent) -> Option<Happening> {
        match event {
            ChannelEvent::Branch(channel, event)
                if !self.bridging.dials && matches!(*event, BranchEvent::Replaced(_)) =>
            {
                turn_away(channel, *event, Cause::NORMAL);
                None
            }
            ChannelEvent::Branch(channel, event) => Some(Happening::Branch(channel, *event)),
            ChannelEvent::Control(control) => {
                Box::pin(self.obey(*control)).await;
                None
            }
            ChannelEvent::Sip(event) => Box::pin(self.absorb_sip(*event)).await,
        }
    }

    async fn obey(&mut self, control: Control) {
        match control {
            Control::Hangup(cause) => self.note_stop(cause),
            Control::Join(join) => self.joined(join).await,
            Control::TakePeer { peer, instead_of } => self.take_peer(peer, instead_of).await,
            Control::PeerGone { channel, cause } => self.peer_gone(channel, cause).await,
            Control::PeerStreams { channel, streams } => self.peer_streams(channel, streams).await,
            Control::Rights(rights) => self.set_rights(rights),
            Control::Redirect(redirect) => self.redirected(redirect),
            Control::HandOver(hand_over) => self.hand_over(hand_over).await,
            Control::HandedOver(done) => self.handed_over(done).await,
            Control::FarEnd(news) => self.far_end_news(news),
            Control::Errand(errand) => self.errand(errand),
            Control::Moved { flow, contact } => self.moved(flow, &contact).await,
            Control::SendDigit { digit, duration } => {
                if let Err(error) = self.send_digit(digit, duration).await {
                    tracing::warn!("{}: cannot send {digit}: {error}", self.name);
                }
            }
            Control::Connected(party) if !self.rights().no_updates => {
                self.connected_with(*party).await;
            }
            Control::Connected(_) => {}
            Control::ShowConnected => self.show_connected().await,
            Control::Fax(news) => self.fax_news(news).await,
            Control::Text(kind, text) => self.pass_text(kind, text).await,
            Control::Refresh { update } => self.refresh(update).await,
            Control::Watch(watch) => self.watched(watch),
            Control::BranchCause(cause) => self.sip.note_cause(*cause),
            Control::AnswerHeaders(response) => self.sip.answer = Some(response),
            Control::Readdress => self.readdress(),
            Control::Quality(reply) => {
                // Whoever asked may have given up.
                let _ = reply.send(self.quality().await);
            }
        }
    }

    async fn absorb_sip(&mut self, event: SipEvent) -> Option<Happening> {
        match event {
            SipEvent::Acked { ack, .. } => self.acked(&ack.body).await,
            SipEvent::Bye { request, .. } => {
                self.signalling.dialog = None;
                self.told_mut().hung_up_by = self.name.clone();
                self.note_stop(crate::message::cause_of_bye(&request));
            }
            SipEvent::Cancelled { request, .. } => {
                self.signalling.dialog = None;
                self.told_mut().hung_up_by = self.name.clone();
                self.note_stop(crate::message::cause_of_bye(&request));
            }
            SipEvent::RequestCancelled { transaction, .. } => self.fax_withdrawn(transaction),
            SipEvent::Ended { why, .. } => {
                tracing::info!("{}: the dialog ended: {why:?}", self.name);
                self.signalling.dialog = None;
                self.note_stop(Cause::TIMER);
            }
            SipEvent::DialogRequest { transaction, mut request, .. } => {
                let describes =
                    matches!(request.method, Method::Invite | Method::Update | Method::Prack);
                if describes && let Err(reply) = description::keep(&mut request) {
                    self.signalling.shard.respond(transaction, *reply).await;
                    return None;
                }
                let digit = self.in_dialog(transaction, &request).await;
                let digit = match digit {
                    Some(digit) => self.hear_info(digit).await,
                    None => None,
                };
                return digit.and_then(|(digit, duration_ms)| self.digit(digit, duration_ms));
            }
            SipEvent::Response { request_id, response } => {
                self.responded(request_id, &response).await;
            }
            SipEvent::RequestFailed { request_id, why } => {
                self.request_failed(request_id, why);
            }
            SipEvent::Pracked { request, .. } => self.pracked(&request.body).await,
            SipEvent::RefreshDue { .. } => self.refresh(false).await,
            // The client side of an INVITE is read by `outgoing`; a late fork has no place here.
            SipEvent::Answered { dialog, .. } => self.refuse_late_fork(dialog).await,
            SipEvent::Provisional { .. }
            | SipEvent::Rejected { .. }
            | SipEvent::InviteMoved { .. }
            | SipEvent::InviteFailed { .. }
            | SipEvent::RequestMoved { .. }
            | SipEvent::Invite { .. }
            | SipEvent::Request { .. } => {}
        }
        None
    }

    async fn packets_heard(&self) -> u64 {
        self.quality().await.iter().map(|stream| stream.received.packets).sum()
    }

    async fn end_if_unheard(&mut self) {
        if let Some(unheard) = self.unheard.take()
            && self.packets_heard().await == unheard.packets
        {
            tracing::info!("{}: no media since the answer: the call ends", self.name);
            self.note_stop(Cause(44));
        }
    }

    async fn absorb_media(&mut self, event: LegEvent) -> Option<Happening> {
        let words = match event {
            LegEvent::Dtmf { digit, duration, .. } => {
                let duration_ms = u32::try_from(duration.as_millis()).unwrap_or(u32::MAX);
                return self.digit(digit, duration_ms);
            }
            LegEvent::SignalKey { digit, duration, .. } => {
                self.signal_digit(digit, duration).await;
                return None;
            }
            LegEvent::PlaybackFinished { id, samples_played, .. } => {
                self.music_ended(id, samples_played);
                return Some(Happening::Played(id));
            }
            LegEvent::RtpTimeout { silent_for, .. } if self.state != State::Up => {
                let packets = self.packets_heard().await;
                self.unheard = Some(Unheard { packets, lasts: silent_for, until: None });
                format!("no media for {} seconds before the answer", silent_for.as_secs())
            }
            LegEvent::RtpTimeout { silent_for, .. } => {
                self.note_stop(Cause(44));
                format!("no media for {} seconds: the call ends", silent_for.as_secs())
            }
            LegEvent::DtlsFailed { reason, .. } => {
                self.note_stop(Cause::INCOMPATIBLE);
                format!("DTLS failed: {reason}")
            }
            LegEvent::Failed { reason } => {
                self.note_stop(Cause::FAILURE);
                format!("the media leg failed: {reason}")
            }
            LegEvent::IceConnected { transport, remote } => {
                self.path_found(transport);
                format!("ICE connected with {remote}")
            }
            LegEvent::IceFailed { transport, reason } => {
                tracing::warn!("{}: no audio: {reason}", self.name);
                self.path_failed(transport);
                format!("ICE failed: {reason}")
            }
            LegEvent::Candidates { transport, candidates, complete } => {
                self.candidates_found(transport, candidates, complete).await
            }
            LegEvent::IceDisconnected { .. } => self.ice_disconnected(),
            LegEvent::DtlsConnected { .. } => "DTLS connected, media is encrypted".to_owned(),
            LegEvent::FirstPacket { stream } => format!("media of stream {stream} arrives"),
            LegEvent::SourceChanged { remote, .. } => format!("media now comes from {remote}"),
        };
        self.tell_media(words);
        None
    }

    pub(super) fn tell_media(&self, words: String) {
        let (channel, name) = (self.id, self.name.clone());
        self.exchange.bus().publish(Event::Media { channel, name, words });
    }

    /// The peer's media path is dead. If its connection is gone too, so is the peer.
    fn ice_disconnected(&mut self) -> String {
        let gone = |flow: Flow| self.exchange.net().flow(flow.id).is_none();
        if self.signalling.flow.is_some_and(gone) {
            self.note_stop(Cause(27));
            return "ICE disconnected and the connection is gone: the call ends".to_owned();
        }
        "ICE disconnected".to_owned()
    }

    /// Tells of a digit. The flash is no digit that an application reads.
    fn digit(&self, digit: char, duration_ms: u32) -> Option<Happening> {
        self.exchange.bus().publish(Event::Dtmf {
            channel: self.id,
            name: self.name.clone(),
            digit,
            duration_ms,
        });
        (digit != 'f').then_some(Happening::Digit(digit))
    }

    /// The next event of our own INVITE, for `outgoing`; everything else is absorbed.
    pub(crate) async fn next_of_invite(&mut self, until: Instant) -> Result<InviteNews, Stop> {
        loop {
            self.check_stop()?;
            let woken = tokio::select! {
                biased;
                event = self.inbox.recv() => Woken::Inbox(event),
                event = self.media_inbox.recv() => match event {
                    Some((_, event)) => Woken::Media(event),
                    None => Woken::Time,
                },
                () = tokio::time::sleep_until(until.into()) => Woken::Time,
            };
            match woken {
                Woken::Inbox(Some(ChannelEvent::Sip(event))) if is_of_invite(&event) => {
                    return Ok(InviteNews::Sip(event));
                }
                Woken::Inbox(Some(event)) => {
                    self.absorb(event).await;
                }
                Woken::Inbox(None) => {}
                Woken::Media(event) => {
                    self.absorb_media(event).await;
                }
                Woken::Time if self.exchange.now() >= until => return Ok(InviteNews::Deadline),
                Woken::Time => {}
            }
        }
    }
}

/// What [`Channel::next_of_invite`] hands out.
pub(crate) enum InviteNews {
    /// An event of our INVITE.
    Sip(Box<SipEvent>),
    /// The time is over.
    Deadline,
}

fn is_of_invite(event: &SipEvent) -> bool {
    matches!(
        event,
        SipEvent::Provisional { .. }
            | SipEvent::Answered { .. }
            | SipEvent::Rejected { .. }
            | SipEvent::InviteMoved { .. }
            | SipEvent::InviteFailed { .. }
    )
}
