//! Pipe legs: two legs without a socket. What is sent out of the one comes in at the other, on the
//! stream of the same index: media as it is, key presses, pictures and the requests for them,
//! faxes, and what either end plays. `Local/` channels are made of them.
//!
//! A packet that enters a pipe takes the far end's route at once, as it arrived: nothing is copied,
//! queued or transcoded in between, and the codec of the one side reaches the other untouched.
//! Only what an end makes itself (prompts, tones, digits) is linear audio, written down and read
//! again. There is no RTCP: both ends are ours.

use std::time::Instant;

use sidetone_base::LegId;
use sidetone_rtp::RtpView;
use sidetone_sdp::plan::{CodecPlan, Direction, Feedback, MediaKind, StreamPlan, StreamState};

use super::{Feeder, Graph, LegKey, Slot, io, live};
use crate::certificate::Certificate;
use crate::clock::Io;
use crate::event::LegEvent;
use crate::formats::Payload;
use crate::leg::{Leg, MAX_STREAMS};
use crate::path::Outbox;
use crate::settings::{LegKind, RtpSettings};
use crate::source::DtmfRelay;
use crate::stream::{Arrived, Stream};
use crate::transport::{Identity, NewTransport};
use crate::{LegFault, graph::Outgoing};

/// Pipes that one packet may pass: deeper chains of `Local/` channels are a loop in the dialplan.
pub(super) const MAX_PIPES: usize = 16;

/// What an end plays is linear at this rate: enough for wideband prompts, and cheap to convert.
const OWN_RATE: u32 = 16_000;
/// The payload types of what an end makes itself. Nobody outside sees them.
const OWN_AUDIO: u8 = 96;
const OWN_EVENT: u8 = 101;

/// A pipe to make.
#[derive(Clone, Debug)]
pub struct NewPipe {
    /// The ids of the two ends.
    pub ends: [LegId; 2],
    /// What the streams carry, by index; the same on both ends. At most 32.
    pub streams: Vec<MediaKind>,
    /// Settings of both ends; only `dtmf` acts.
    pub settings: RtpSettings,
    /// Any certificate: a pipe never shows it.
    pub certificate: Certificate,
}

impl Graph {
    /// Makes the two ends of a pipe.
    ///
    /// # Errors
    /// [`LegFault::BadPlan`] for too many streams.
    pub fn create_pipe(
        &mut self,
        now: Instant,
        new: &NewPipe,
        out: &mut dyn Outbox,
    ) -> Result<(), LegFault> {
        if new.streams.len() > MAX_STREAMS {
            let text = format!("{} streams, the limit is {MAX_STREAMS}", new.streams.len());
            return Err(LegFault::BadPlan(text));
        }
        let dtls = self.dtls_config(&new.settings)?;
        let [near, far] = new.ends.map(|id| {
            let identity = Identity {
                kind: LegKind::Pipe,
                settings: new.settings.clone(),
                certificate: new.certificate.clone(),
                dtls: dtls.clone(),
            };
            let transports = vec![NewTransport::default()];
            let io = &mut io!(self, now, out);
            let mut leg = Leg::new(id, identity, transports, io);
            for (index, kind) in new.streams.iter().enumerate() {
                let plan = end_plan(*kind, io.random.u32());
                leg.streams.push(Stream::new(index, plan, &new.settings, io));
            }
            self.insert(leg)
        });
        for (end, other) in [(near, far), (far, near)] {
            if let Some(slot) = self.slots.get_mut(end.index as usize) {
                slot.pipe = Some(other);
                slot.routes.resize_with(new.streams.len(), Outgoing::default);
            }
        }
        Ok(())
    }

    /// The far end of a pipe; `None` for other legs.
    pub(super) fn far_end(&self, key: LegKey) -> Option<LegKey> {
        let slot: &Slot = self.slots.get(key.index as usize)?;
        slot.pipe.filter(|_| slot.generation == key.generation)
    }

    /// Hands a packet to an end of a pipe as something to send: it arrives at the far end.
    pub(super) fn enter_pipe(
        &mut self,
        now: Instant,
        (near, index): (LegKey, usize),
        arrived: &Arrived<'_>,
        hops: usize,
        out: &mut dyn Outbox,
    ) {
        let own = live(&mut self.slots, near).and_then(|leg| leg.streams.get_mut(index));
        let Some(stream) = own.filter(|stream| stream.is_active() && hops < MAX_PIPES) else {
            return;
        };
        // What the end plays itself takes the place of what is forwarded, as on any leg. A key
        // that sounds is passed on as a press.
        if stream.player.is_some() || stream.is_pressing() || arrived.muted {
            return;
        }
        let (timestamp, len) = (arrived.view.timestamp(), arrived.view.payload().len());
        stream.transmission.handle_rtp(now, timestamp, len);
        self.leave_pipe(now, (near, index), arrived, hops, out);
    }

    /// A packet comes out of the far end: it is heard there and takes the route set there.
    fn leave_pipe(
        &mut self,
        now: Instant,
        (near, index): (LegKey, usize),
        arrived: &Arrived<'_>,
        hops: usize,
        out: &mut dyn Outbox,
    ) {
        let Some(far) = self.far_end(near) else { return };
        self.working_on = Some(far);
        let uid = self.stream_uid(far, index);
        let Some(leg) = live(&mut self.slots, far) else { return };
        let Some(stream) = leg.streams.get_mut(index) else { return };
        if let Payload::Event(rate) = arrived.payload {
            stream.hear_event(now, rate, &arrived.view);
        }
        stream.heard_at = now;
        let first = !stream.heard && matches!(arrived.payload, Payload::Codec(_));
        stream.heard |= first;
        let event = matches!(arrived.payload, Payload::Event(_));
        let stopped = event && stream.dtmf_relay == DtmfRelay::Stop;
        if first {
            leg.events.push(LegEvent::FirstPacket { stream: index });
        }
        leg.take_keys(now, index);
        if first || event {
            self.settle(now, far);
        }
        if !stopped {
            let arrived = Arrived { uid, ..*arrived };
            self.send_along(now, (far, index), &arrived, hops + 1, out);
        }
    }

    /// Passes on what an end of a pipe made itself: prompts, tones and digits.
    pub(super) fn drain_pipe(&mut self, now: Instant, near: LegKey, out: &mut dyn Outbox) {
        let Some(leg) = live(&mut self.slots, near) else { return };
        let Some(made) = leg.transports.first_mut().and_then(|path| path.take_made()) else {
            return;
        };
        for packet in made.packets() {
            let Ok(view) = RtpView::parse(packet) else { continue };
            let Some(stream) = live(&mut self.slots, near).and_then(|leg| leg.sending(view.ssrc()))
            else {
                continue;
            };
            let payload = stream.formats.incoming(view.payload_type());
            let (key, audio) = match payload {
                Payload::Codec(codec) => (stream.formats.key(codec), stream.formats.audio(codec)),
                _ => (None, None),
            };
            let (index, extensions, muted) = (stream.index, stream.formats.extensions, false);
            let arrived = Arrived { view, payload, key, uid: 0, audio, extensions, muted };
            self.leave_pipe(now, (near, index), &arrived, 0, out);
        }
        let leg = live(&mut self.slots, near);
        if let Some(path) = leg.and_then(|leg| leg.transports.first_mut()) {
            path.give_back(made);
        }
    }

    /// Follows pipes upstream to the stream that a camera feeds.
    pub(super) fn camera_of(&self, mut key: LegKey, mut stream: usize) -> Feeder {
        for _ in 0..MAX_PIPES {
            let Some(near) = self.far_end(key) else { break };
            let feeder = self.slots.get(near.index as usize);
            let feeder = feeder.and_then(|slot| slot.routes.get(stream)?.fed_by);
            match feeder {
                Some(Feeder::Here(next, index)) => (key, stream) = (next, index),
                Some(elsewhere @ Feeder::Elsewhere(..)) => return elsewhere,
                None => break,
            }
        }
        Feeder::Here(key, stream)
    }
}

/// What an end of a pipe says of its stream: linear audio and telephone-events for what it makes
/// itself. What passes through it is not looked up here.
fn end_plan(kind: MediaKind, local_ssrc: u32) -> StreamPlan {
    let audio = kind == MediaKind::Audio;
    let linear = CodecPlan {
        send_payload_type: OWN_AUDIO,
        receive_payload_type: OWN_AUDIO,
        name: "l16".to_owned(),
        clock_rate: OWN_RATE,
        channels: 1,
        remote_fmtp: String::new(),
        local_fmtp: String::new(),
        feedback: Feedback::default(),
    };
    StreamPlan {
        kind,
        state: StreamState::Active,
        mid: None,
        direction: Direction::SendRecv,
        transport: 0,
        codecs: if audio { vec![linear] } else { Vec::new() },
        telephone_events: if audio { vec![(8000, OWN_EVENT)] } else { Vec::new() },
        comfort_noise: None,
        fax: None,
        rtx: Vec::new(),
        ptime_ms: 20,
        extensions: Vec::new(),
        remote_ssrcs: Vec::new(),
        remote_cname: None,
        local_ssrc,
        local_rtx_ssrc: None,
        label: None,
        local_msid: None,
        rtcp_reduced_size: false,
    }
}
