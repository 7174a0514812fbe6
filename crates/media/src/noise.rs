//! Comfort noise of a stream (RFC 3389). A peer whose owner is silent describes the noise and then
//! sends nothing. Where the other side agreed to that it is passed on; where it did not, the noise
//! is made here, until the voice comes back.

use std::time::{Duration, Instant};

use sidetone_codec::NoiseShape;

use crate::clock::Io;
use crate::player::{Player, Program, Tick, payload_room};
use crate::rewrite::Origin;
use crate::source::PlaybackId;
use crate::stream::{Arrived, Stream};
use crate::transport::Transport;

/// Nobody is silent this long without describing the noise again: the sender is gone.
const LONGEST: Duration = Duration::from_secs(60);

/// Noise that is being made.
#[derive(Debug)]
pub(crate) struct Noise {
    /// For whom.
    uid: u64,
    player: Player,
    until: Instant,
}

impl Noise {
    pub(crate) fn next_at(&self) -> Instant {
        self.player.next_at
    }
}

impl Stream {
    /// Makes the noise that a packet describes, or changes it. False: it sends nothing itself.
    pub(crate) fn make_noise(&mut self, arrived: &Arrived<'_>, io: &mut Io<'_>) -> bool {
        let Some(shape) = NoiseShape::parse(arrived.view.payload()) else {
            return false;
        };
        let until = io.now + LONGEST;
        if let Some(noise) = self.noise.as_mut().filter(|noise| noise.uid == arrived.uid) {
            noise.player.set_noise(shape);
            noise.until = until;
            return false;
        }
        // What comes after it follows a pause, not a loss.
        self.interrupt_transcoding();
        let program = Program::Noise(shape, io.random.u32());
        // A name of its own among the origins of this stream's packets.
        let id = PlaybackId(u64::MAX - u64::from(io.random.u32()));
        let player = Player::new(io.now, id, program, &self.plan, &self.coding).ok();
        let made = player.map(|player| Box::new(Noise { uid: arrived.uid, player, until }));
        self.noise = made;
        false
    }

    /// Sends the noise that is due.
    pub(crate) fn tick_noise(&mut self, transport: &mut Transport, io: &mut Io<'_>) {
        let due = |noise: &mut Box<Noise>| noise.player.next_at <= io.now;
        let Some(mut noise) = self.noise.take_if(due) else {
            return;
        };
        if io.now >= noise.until || !noise.player.suits(&self.plan, &self.coding) {
            return;
        }
        let mut payload = payload_room();
        let tick = noise.player.tick(io.now, transport.is_open(), &mut payload);
        // A prompt or a key has the stream for itself.
        let free = self.player.is_none() && !self.is_pressing();
        if let Tick::Packet { len, sequence, timestamp } = tick
            && free
        {
            let origin = Origin::Player(noise.player.id.0);
            let payload = payload.get(..len).unwrap_or_default();
            let codec = noise.player.index();
            self.send_own((origin, codec), (sequence, timestamp, false), payload, transport, io);
        }
        self.noise = Some(noise);
    }
}
