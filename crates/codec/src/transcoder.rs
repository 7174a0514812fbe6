//! One direction of a transcoded call: packets of one format in, packets of another out, along
//! the cheapest [`Path`]. Packet lengths may differ: what comes in is collected until a packet of
//! the other side is full.
//!
//! Two legs of the same format need no transcoder ([`Path::is_passthrough`]); made for them all the
//! same, it decodes and encodes, which changes only the length of packets.
//!
//! Which packets are lost, and when the next one is due, is decided by the jitter buffer in
//! `media`.

use std::time::Duration;

use crate::coder::{CodecError, CoderSettings, Decoder, Encoder, decoder, encoder};
use crate::format::{Format, MAX_PACKET, MAX_SAMPLES};
use crate::path::{NoPath, Path, path};
use crate::resampler::Resampler;

/// Losses longer than this are not filled: a jitter buffer that asks for more has stopped.
const MAX_CONCEALED: Duration = MAX_PACKET;
/// Samples that may wait: two of the longest packets, since packets out may be shorter.
fn pending_limit(encode: Format) -> usize {
    2 * encode.samples(MAX_PACKET) * usize::from(encode.channels)
}

/// Decodes, resamples if need be, and encodes.
#[derive(Debug)]
pub struct Transcoder {
    path: Path,
    decoder: Box<dyn Decoder>,
    resampler: Option<Resampler>,
    encoder: Box<dyn Encoder>,
    /// Samples of one packet out.
    frame: usize,
    decoded: Box<[i16]>,
    resampled: Box<[i16]>,
    /// Samples at the rate of the encoder that wait for a full packet.
    pending: Vec<i16>,
    /// Whether a codec without concealment of its own gets ours.
    conceals: bool,
}

impl Transcoder {
    /// A transcoder that writes packets of `packet_time` (20 ms unless the peer's `ptime` says
    /// otherwise).
    ///
    /// # Errors
    /// [`CodecError::UnsupportedFormat`] when there is no path; [`CodecError::FrameSize`] when
    /// the codec has no packet of that length; [`CodecError::Library`] when memory is short.
    pub fn new(
        from: Format,
        to: Format,
        packet_time: Duration,
        settings: &CoderSettings,
    ) -> Result<Self, CodecError> {
        let path = path(from, to).map_err(|reason| match reason {
            NoPath::UnsupportedFormat(format) => CodecError::UnsupportedFormat(format),
            NoPath::Channels => CodecError::UnsupportedFormat(to),
        })?;
        let (decode, encode) = (path.decode, path.encode);
        let resampler = if decode.sample_rate == encode.sample_rate {
            None
        } else if decode.channels == 1 {
            Some(Resampler::new(decode.sample_rate, encode.sample_rate)?)
        } else {
            return Err(CodecError::UnsupportedFormat(decode));
        };
        let channels = usize::from(encode.channels);
        let frame = encode.samples(packet_time) * channels;
        if frame == 0 || frame > MAX_SAMPLES * channels {
            return Err(CodecError::FrameSize);
        }
        let room = |rate: u32| {
            let samples = crate::format::samples(rate, MAX_PACKET).max(MAX_SAMPLES);
            vec![0; (samples + 1) * channels].into_boxed_slice()
        };
        let mut decoder = decoder(decode)?;
        decoder.set_enhancement(settings.speex.enhancement);
        Ok(Self {
            path,
            decoder,
            resampler,
            encoder: encoder(encode, settings)?,
            frame,
            decoded: room(decode.sample_rate),
            resampled: if decode.sample_rate == encode.sample_rate {
                Box::default()
            } else {
                room(encode.sample_rate)
            },
            pending: Vec::with_capacity(pending_limit(encode)),
            conceals: true,
        })
    }

    /// Goes on with packets of another format, as when the peer changes its codec in the middle of
    /// a call. The encoder and what waits for a full packet stay, so that the change is heard as a
    /// seam of at most one sample; where the encoder would have to run at another rate the next
    /// packets come from one at rest.
    ///
    /// # Errors
    /// As [`Self::new`]; the transcoder then stays as it was.
    pub fn set_source(
        &mut self,
        from: Format,
        packet_time: Duration,
        settings: &CoderSettings,
    ) -> Result<(), CodecError> {
        let mut other = Self::new(from, self.path.to, packet_time, settings)?;
        other.conceals = self.conceals;
        if other.path.encode == self.path.encode {
            std::mem::swap(&mut other.encoder, &mut self.encoder);
            std::mem::swap(&mut other.pending, &mut self.pending);
        }
        *self = other;
        Ok(())
    }

    /// The chain in use.
    #[must_use]
    pub fn path(&self) -> Path {
        self.path
    }

    /// The encoder, to tell it of losses.
    pub fn encoder_mut(&mut self) -> &mut dyn Encoder {
        &mut *self.encoder
    }

    /// Switches the concealment of codecs that have none of their own (`genericplc`); off, a gap is
    /// silence.
    pub fn set_generic_concealment(&mut self, on: bool) {
        self.conceals = on;
    }

    /// Takes a packet, and says how much sound was in it.
    ///
    /// # Errors
    /// See [`Decoder::decode`]: treat the packet as lost.
    pub fn handle_packet(&mut self, payload: &[u8]) -> Result<Duration, CodecError> {
        let count = self.decoder.decode(payload, &mut self.decoded)?;
        self.collect(count)?;
        let decode = self.path.decode;
        let per_second = u64::from(decode.sample_rate) * u64::from(decode.channels);
        Ok(Duration::from_micros(count as u64 * 1_000_000 / per_second.max(1)))
    }

    /// Fills a gap of `duration` right before the packet `next`, which is handed to
    /// [`Self::handle_packet`] afterwards; without it the gap is guessed.
    ///
    /// # Errors
    /// See [`Decoder::recover`].
    pub fn handle_loss(
        &mut self,
        duration: Duration,
        next: Option<&[u8]>,
    ) -> Result<(), CodecError> {
        let decode = self.path.decode;
        let count = decode.samples(duration.min(MAX_CONCEALED)) * usize::from(decode.channels);
        let gap = &mut self.decoded[..count];
        match next {
            _ if !self.conceals && !self.decoder.conceals_itself() => gap.fill(0),
            Some(next) => self.decoder.recover(next, gap)?,
            None => self.decoder.conceal(gap)?,
        }
        self.collect(count)
    }

    /// Encodes the next packet if it is full, and returns the length of its payload; zero when
    /// the encoder has nothing to say (discontinuous transmission). Call it until it gives
    /// `None`.
    ///
    /// # Errors
    /// [`CodecError::NoRoom`], [`CodecError::FrameSize`].
    pub fn poll_output(&mut self, payload: &mut [u8]) -> Result<Option<usize>, CodecError> {
        let Some(frame) = self.pending.get(..self.frame) else {
            return Ok(None);
        };
        let result = self.encoder.encode(frame, payload);
        // A frame that cannot be encoded would fail again: it is gone either way.
        self.pending.drain(..self.frame);
        result.map(Some)
    }

    /// Packets that [`Self::poll_output`] has ready.
    #[must_use]
    pub fn ready(&self) -> usize {
        self.pending.len() / self.frame.max(1)
    }

    /// Samples that wait for a full packet.
    #[must_use]
    pub fn snapshot(&self) -> usize {
        self.pending.len()
    }

    fn collect(&mut self, count: usize) -> Result<(), CodecError> {
        let samples = match &mut self.resampler {
            None => &self.decoded[..count],
            Some(resampler) => {
                let count = resampler.process(&self.decoded[..count], &mut self.resampled)?;
                &self.resampled[..count]
            }
        };
        // The caller did not fetch what was ready: drop the oldest, so that delay stays bounded.
        let limit = pending_limit(self.path.encode);
        let excess = (self.pending.len() + samples.len()).saturating_sub(limit);
        self.pending.drain(..excess.min(self.pending.len()));
        self.pending.extend_from_slice(samples);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::{Codec, MAX_PACKET_LEN};
    use crate::testing::{sine, tone_snr_db};

    const PACKET: Duration = Duration::from_millis(20);

    fn transcoder(from: Format, to: Format, packet_time: Duration) -> Transcoder {
        Transcoder::new(from, to, packet_time, &CoderSettings::default()).unwrap()
    }

    /// A tone encoded as `from`, transcoded, and decoded again.
    fn through(from: Format, to: Format, frequency: f64) -> f64 {
        let mut source = encoder(from, &CoderSettings::default()).unwrap();
        let mut transcoder = transcoder(from, to, to.packet_time(PACKET));
        let mut sink = decoder(to).unwrap();
        let (mut payload, mut pcm) = ([0; MAX_PACKET_LEN], [0; MAX_SAMPLES]);
        let mut heard = Vec::new();
        let tone = sine(from.sample_rate, frequency, 9_000.0, 0.6);
        let packet = from.samples(from.packet_time(PACKET));
        for frame in tone.chunks_exact(packet) {
            let len = source.encode(frame, &mut payload).unwrap();
            transcoder.handle_packet(&payload[..len]).unwrap();
            while let Some(len) = transcoder.poll_output(&mut payload).unwrap() {
                let count = sink.decode(&payload[..len], &mut pcm).unwrap();
                heard.extend_from_slice(&pcm[..count]);
            }
        }
        let millis = |millis| to.samples(Duration::from_millis(millis));
        assert!((millis(570)..=millis(600)).contains(&heard.len()), "{from} to {to}");
        // A whole number of periods, once all filters have settled.
        tone_snr_db(&heard[millis(200)..millis(500)], to.sample_rate, frequency)
    }

    /// What a codec leaves of a tone, in dB above its own noise. Speech coders follow
    /// speech, not tones.
    fn tone_snr(format: Format) -> f64 {
        match format.codec {
            Codec::Slin => 60.0,
            Codec::Ulaw | Codec::Alaw | Codec::G722 => 35.0,
            Codec::G726 | Codec::G726Aal2 | Codec::Adpcm => 20.0,
            Codec::Gsm | Codec::Opus => 15.0,
            Codec::Speex | Codec::Ilbc20 | Codec::Ilbc30 | Codec::Lpc10 => 10.0,
        }
    }

    #[test]
    fn a_tone_passes_between_all_formats() {
        let narrow_opus = Format::mono(Codec::Opus, 16_000);
        // LPC-10 carries voices and no tones: see `codec::lpc10`.
        let formats = Format::ALL.into_iter().filter(|format| *format != Format::LPC10);
        let formats: Vec<Format> = formats.chain([narrow_opus, Format::ILBC20]).collect();
        let mut failed = Vec::new();
        for from in &formats {
            for to in formats.iter().filter(|to| *to != from) {
                let snr = through(*from, *to, 400.0);
                if snr < tone_snr(*from).min(tone_snr(*to)) - 3.0 {
                    failed.push(format!("{from} to {to}: {snr:.1} dB"));
                }
            }
        }
        assert!(failed.is_empty(), "{failed:#?}");
    }

    #[test]
    fn a_codec_changes_in_the_middle_without_a_gap_or_a_click() {
        let tone = sine(8_000, 400.0, 9_000.0, 1.0);
        let settings = CoderSettings::default();
        for (first, second) in [
            (Format::ULAW, Format::ALAW),
            (Format::ALAW, Format::G726),
            (Format::GSM, Format::ULAW),
            (Format::SLIN, Format::slin(48_000)),
        ] {
            let wide = sine(second.sample_rate, 400.0, 9_000.0, 1.0);
            let mut coders = [first, second].map(|format| encoder(format, &settings).unwrap());
            let mut transcoder = transcoder(first, Format::SLIN, PACKET);
            let (mut payload, mut heard) = ([0; MAX_PACKET_LEN], Vec::new());
            for packet in 0..50 {
                let later = packet >= 25;
                if packet == 25 {
                    transcoder.set_source(second, PACKET, &settings).unwrap();
                }
                let (source, format) = if later { (&wide, second) } else { (&tone, first) };
                let len = format.samples(PACKET);
                let frame = &source[packet * len..(packet + 1) * len];
                let coder = &mut coders[usize::from(later)];
                let len = coder.encode(frame, &mut payload).unwrap();
                transcoder.handle_packet(&payload[..len]).unwrap();
                while let Some(len) = transcoder.poll_output(&mut payload).unwrap() {
                    let samples = payload[..len].as_chunks::<2>().0;
                    heard.extend(samples.iter().map(|pair| i16::from_be_bytes(*pair)));
                }
            }
            assert!(heard.len() + 160 >= tone.len(), "{first} to {second}");
            // Far steeper than the tone, once the coders have started.
            let steps = heard.windows(2).map(|pair| (pair[1] - pair[0]).unsigned_abs());
            let clicks = steps.enumerate().filter(|(place, step)| *place > 800 && *step > 4_000);
            let places: Vec<usize> = clicks.map(|(place, _)| place).collect();
            let within = |place: &usize| (25 * 160 - 2..26 * 160).contains(place);
            assert!(places.iter().all(within), "{first} to {second}: {places:?}");
            let after = &heard[27 * 160..47 * 160];
            assert!(tone_snr_db(after, 8_000, 400.0) > 15.0, "{first} to {second}");
        }
    }

    #[test]
    fn packets_are_cut_to_the_length_of_the_other_side() {
        let mut transcoder = transcoder(Format::ULAW, Format::ALAW, Duration::from_millis(30));
        let mut payload = [0; 1_000];
        let mut lengths = Vec::new();
        for _ in 0..6 {
            transcoder.handle_packet(&[0xff; 160]).unwrap();
            lengths.push(transcoder.poll_output(&mut payload).unwrap());
        }
        assert_eq!(lengths, [None, Some(240), Some(240), None, Some(240), Some(240)]);
    }

    #[test]
    fn a_loss_is_filled_with_its_length() {
        for from in [Format::ULAW, Format::OPUS, Format::G722] {
            let mut transcoder = transcoder(from, Format::SLIN, PACKET);
            transcoder.handle_loss(PACKET, None).unwrap();
            let mut payload = [0; 1_000];
            assert_eq!(transcoder.poll_output(&mut payload), Ok(Some(320)), "{from}");
        }
    }

    #[test]
    fn what_nobody_fetches_does_not_pile_up() {
        let mut transcoder = transcoder(Format::ULAW, Format::SLIN, PACKET);
        for _ in 0..1_000 {
            transcoder.handle_packet(&[0xff; 160]).unwrap();
        }
        assert!(transcoder.snapshot() <= pending_limit(Format::SLIN));
    }
}
