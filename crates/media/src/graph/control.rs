//! What the control plane asks of a leg, once the worker has taken the command off its ring.

use std::time::{Duration, Instant};

use sidetone_base::LegId;
use sidetone_rtp::event::EventCode;
use sidetone_sdp::plan::{LocalTransport, MediaKind, MediaPlan};

use super::{Feeder, Graph, LegFault, LegKey, Outgoing, io, live};
use crate::clock::Io;
use crate::event::LegEvent;
use crate::jitter::JitterSettings;
use crate::leg::MAX_STREAMS;
use crate::path::Outbox;
use crate::player::Program;
use crate::quality::StreamQuality;
use crate::settings::LegKind;
use crate::source::{DtmfRelay, Playback, PlaybackId, Route, Tone};
use crate::transport::{LateCandidates, NewTransport};

impl Graph {
    /// Adds transports to a leg and returns all.
    ///
    /// # Errors
    /// [`LegFault::Gone`].
    pub fn add_transports(
        &mut self,
        now: Instant,
        id: LegId,
        transports: Vec<NewTransport>,
        out: &mut dyn Outbox,
    ) -> Result<Vec<LocalTransport>, LegFault> {
        let key = self.key(id)?;
        let leg = live(&mut self.slots, key).ok_or(LegFault::Gone)?;
        leg.add_transports(transports, &mut io!(self, now, out));
        let locals = leg.local_transports();
        self.register(key);
        Ok(locals)
    }

    /// Our half of a leg's transports, as it stands.
    ///
    /// # Errors
    /// [`LegFault::Gone`].
    pub fn local_transports(&mut self, id: LegId) -> Result<Vec<LocalTransport>, LegFault> {
        let key = self.key(id)?;
        live(&mut self.slots, key).map(|leg| leg.local_transports()).ok_or(LegFault::Gone)
    }

    /// Prepares an ICE restart: new credentials on every transport.
    ///
    /// # Errors
    /// [`LegFault::Gone`].
    pub fn restart_ice(
        &mut self,
        now: Instant,
        id: LegId,
    ) -> Result<Vec<LocalTransport>, LegFault> {
        let key = self.key(id)?;
        let leg = live(&mut self.slots, key).ok_or(LegFault::Gone)?;
        for transport in &mut leg.transports {
            transport.restart_ice(now, &leg.identity, &mut *self.random);
        }
        let locals = leg.local_transports();
        self.register(key);
        Ok(locals)
    }

    /// Takes candidates that were found after the leg was made; news of them come as
    /// [`LegEvent::Candidates`].
    ///
    /// # Errors
    /// [`LegFault::Gone`].
    pub fn late_candidates(
        &mut self,
        now: Instant,
        id: LegId,
        late: &LateCandidates,
    ) -> Result<(), LegFault> {
        let key = self.key(id)?;
        let leg = live(&mut self.slots, key).ok_or(LegFault::Gone)?;
        for (transport, path) in leg.transports.iter_mut().enumerate() {
            if let Some(candidates) = path.take_late(now, late) {
                let complete = late.complete;
                leg.events.push(LegEvent::Candidates { transport, candidates, complete });
            }
        }
        self.settle(now, key);
        Ok(())
    }

    /// The sockets and addresses of a leg's transports, for whoever wants to tell others.
    ///
    /// # Errors
    /// [`LegFault::Gone`].
    pub fn made_of(&mut self, id: LegId) -> Result<Vec<NewTransport>, LegFault> {
        let key = self.key(id)?;
        let leg = live(&mut self.slots, key).ok_or(LegFault::Gone)?;
        Ok(leg.transports.iter().map(|transport| transport.made_of().clone()).collect())
    }

    /// Our addresses changed: later descriptions tell these, and an ICE restart uses them. Media
    /// goes on as it was until then.
    ///
    /// # Errors
    /// [`LegFault::Gone`].
    pub fn readdress(&mut self, id: LegId, transports: Vec<NewTransport>) -> Result<(), LegFault> {
        let key = self.key(id)?;
        let leg = live(&mut self.slots, key).ok_or(LegFault::Gone)?;
        for (transport, new) in leg.transports.iter_mut().zip(transports) {
            transport.readdress(new);
        }
        self.register(key);
        Ok(())
    }

    /// Applies a plan to a leg.
    ///
    /// # Errors
    /// [`LegFault::Gone`], [`LegFault::BadPlan`].
    pub fn apply(
        &mut self,
        now: Instant,
        id: LegId,
        plan: MediaPlan,
        out: &mut dyn Outbox,
    ) -> Result<(), LegFault> {
        let key = self.key(id)?;
        self.working_on = Some(key);
        let leg = live(&mut self.slots, key).ok_or(LegFault::Gone)?;
        if leg.identity.kind == LegKind::Pipe {
            return Err(LegFault::BadPlan("a pipe has nothing to agree on".to_owned()));
        }
        leg.apply(plan, &mut io!(self, now, out)).map_err(LegFault::BadPlan)?;
        let streams = leg.streams.len();
        if let Some(slot) = self.slots.get_mut(key.index as usize) {
            slot.routes.resize_with(streams.max(slot.routes.len()), Outgoing::default);
        }
        self.register(key);
        for index in 0..self.transport_count(key) {
            self.pump(now, key, index, out);
        }
        self.settle(now, key);
        Ok(())
    }

    /// Sets what happens to what a stream receives.
    ///
    /// # Errors
    /// [`LegFault::Gone`]; [`LegFault::NotSupported`] for too many targets.
    pub fn route(
        &mut self,
        now: Instant,
        id: LegId,
        stream: usize,
        route: &Route,
    ) -> Result<(), LegFault> {
        let key = self.key(id)?;
        let wanted = match route {
            Route::Discard => Vec::new(),
            Route::Echo => vec![(id, stream)],
            Route::Forward(targets) => targets.clone(),
        };
        if wanted.len() > Route::MAX_TARGETS || stream >= MAX_STREAMS {
            let limit = Route::MAX_TARGETS;
            let text = format!("a stream is forwarded to at most {limit} others: use a conference");
            return Err(LegFault::NotSupported(text));
        }
        let (mut targets, mut elsewhere, mut pipes) = (Vec::new(), Vec::new(), Vec::new());
        for (target, target_stream) in wanted {
            let target_stream = target_stream.min(MAX_STREAMS - 1);
            if self.is_elsewhere(target) {
                elsewhere.push((target, target_stream));
                continue;
            }
            let target = self.key(target)?;
            let list = if self.far_end(target).is_some() { &mut pipes } else { &mut targets };
            list.push((target, target_stream));
        }
        for (target, target_stream) in targets.iter().chain(&pipes) {
            let feeder = Some(Feeder::Here(key, stream));
            self.outgoing(*target, *target_stream).fed_by = feeder;
        }
        let outgoing = self.outgoing(key, stream);
        outgoing.targets = targets;
        outgoing.elsewhere = elsewhere;
        outgoing.pipes = pipes;
        // Whoever joins a video needs a picture to start with.
        self.ask_keyframe(now, key, stream);
        Ok(())
    }

    pub(super) fn outgoing(&mut self, key: LegKey, stream: usize) -> &mut Outgoing {
        let slot = &mut self.slots[key.index as usize];
        if slot.routes.len() <= stream {
            slot.routes.resize_with(stream + 1, Outgoing::default);
        }
        &mut slot.routes[stream]
    }

    /// Sets whether digits received on a stream travel along its route.
    ///
    /// # Errors
    /// [`LegFault::Gone`].
    pub fn dtmf_relay(
        &mut self,
        id: LegId,
        stream: usize,
        relay: DtmfRelay,
    ) -> Result<(), LegFault> {
        let key = self.key(id)?;
        let leg = live(&mut self.slots, key).ok_or(LegFault::Gone)?;
        if let Some(stream) = leg.streams.get_mut(stream) {
            stream.dtmf_relay = relay;
        }
        Ok(())
    }

    /// Sends a digit to the peer, as telephone-event if it agreed to those, else as tone or by
    /// asking for signalling ([`crate::LegEvent::SignalKey`]).
    ///
    /// # Errors
    /// [`LegFault::Gone`]; [`LegFault::NotSupported`] for characters that are no key, or when there
    /// is no way to send it.
    pub fn send_dtmf(
        &mut self,
        now: Instant,
        id: LegId,
        stream: usize,
        digit: char,
        duration: Duration,
    ) -> Result<(), LegFault> {
        let key = self.key(id)?;
        let code = key_code(digit)?;
        let leg = live(&mut self.slots, key).ok_or(LegFault::Gone)?;
        if !leg.press(now, stream, (code, duration)) {
            let text = "the digit can be sent neither as telephone-event nor as a tone (the codec \
                        cannot be encoded, or too many digits wait): set dtmf_mode=info";
            return Err(LegFault::NotSupported(text.to_owned()));
        }
        self.settle(now, key);
        Ok(())
    }

    /// Takes a digit that the peer sent through signalling: it is reported and travels along the
    /// stream's route like any other, unless it came in the media too.
    ///
    /// # Errors
    /// [`LegFault::Gone`]; [`LegFault::NotSupported`] for characters that are no key.
    pub fn hear_dtmf(
        &mut self,
        now: Instant,
        id: LegId,
        stream: usize,
        digit: char,
        duration: Duration,
    ) -> Result<(), LegFault> {
        let key = self.key(id)?;
        let code = key_code(digit)?;
        let leg = live(&mut self.slots, key).ok_or(LegFault::Gone)?;
        leg.hear_signalled(now, stream, (code, duration));
        self.settle(now, key);
        Ok(())
    }

    /// Plays prompts to the peer of a stream.
    ///
    /// # Errors
    /// [`LegFault::Gone`]; [`LegFault::NotSupported`] when the codec cannot be encoded.
    pub fn play(
        &mut self,
        now: Instant,
        id: LegId,
        stream: usize,
        playback_id: PlaybackId,
        playback: Playback,
    ) -> Result<(), LegFault> {
        self.start_player(now, id, stream, playback_id, Program::Prompts(playback))
    }

    /// Plays a tone to the peer of a stream.
    ///
    /// # Errors
    /// As [`Graph::play`].
    pub fn tone(
        &mut self,
        now: Instant,
        id: LegId,
        stream: usize,
        playback_id: PlaybackId,
        tone: Tone,
    ) -> Result<(), LegFault> {
        self.start_player(now, id, stream, playback_id, Program::Tone(tone))
    }

    /// Stops a playback or tone; nothing happens when it is over.
    ///
    /// # Errors
    /// [`LegFault::Gone`].
    pub fn stop_playback(
        &mut self,
        now: Instant,
        id: LegId,
        stream: usize,
        playback_id: PlaybackId,
    ) -> Result<(), LegFault> {
        let key = self.key(id)?;
        let leg = live(&mut self.slots, key).ok_or(LegFault::Gone)?;
        leg.stop_player(stream, Some(playback_id));
        self.settle(now, key);
        Ok(())
    }

    fn start_player(
        &mut self,
        now: Instant,
        id: LegId,
        stream: usize,
        playback_id: PlaybackId,
        program: Program,
    ) -> Result<(), LegFault> {
        let key = self.key(id)?;
        let leg = live(&mut self.slots, key).ok_or(LegFault::Gone)?;
        let started = leg.start_player(now, stream, playback_id, program);
        started.map_err(LegFault::NotSupported)?;
        self.settle(now, key);
        Ok(())
    }

    /// Puts a jitter buffer before the audio that a leg receives, or takes it away.
    ///
    /// # Errors
    /// [`LegFault::Gone`].
    pub fn set_jitter(
        &mut self,
        now: Instant,
        id: LegId,
        jitter: Option<JitterSettings>,
    ) -> Result<(), LegFault> {
        let key = self.key(id)?;
        let leg = live(&mut self.slots, key).ok_or(LegFault::Gone)?;
        leg.identity.settings.jitter = jitter;
        leg.set_up_jitter();
        self.settle(now, key);
        Ok(())
    }

    /// Asks the peer for a key frame of a video stream.
    ///
    /// # Errors
    /// [`LegFault::Gone`].
    pub fn request_keyframe(
        &mut self,
        now: Instant,
        id: LegId,
        stream: usize,
    ) -> Result<(), LegFault> {
        let key = self.key(id)?;
        self.ask_keyframe(now, key, stream);
        Ok(())
    }

    pub(super) fn ask_keyframe(&mut self, now: Instant, key: LegKey, stream: usize) {
        let (key, stream) = match self.camera_of(key, stream) {
            Feeder::Here(key, stream) => (key, stream),
            Feeder::Elsewhere(leg, stream) => return self.link_keyframe((leg, stream)),
        };
        let Some(leg) = live(&mut self.slots, key) else {
            return;
        };
        if let Some(stream) = leg.streams.get_mut(stream)
            && stream.plan.kind == MediaKind::Video
        {
            stream.keyframes.ask(now);
        }
        self.settle(now, key);
    }

    /// How well each stream of a leg runs.
    ///
    /// # Errors
    /// [`LegFault::Gone`].
    pub fn quality(&mut self, id: LegId) -> Result<Vec<StreamQuality>, LegFault> {
        let key = self.key(id)?;
        live(&mut self.slots, key).map(|leg| leg.quality()).ok_or(LegFault::Gone)
    }
}

fn key_code(digit: char) -> Result<EventCode, LegFault> {
    let none = || LegFault::NotSupported(format!("`{digit}` is no key of a telephone"));
    EventCode::from_key(digit).ok_or_else(none)
}
