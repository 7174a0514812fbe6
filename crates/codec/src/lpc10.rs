//! LPC-10 (FS-1015) through the vendored coder: frames of 22.5 ms in seven octets, 2.4 kbit/s.
//! It carries a voice as its pitch and the shape of its throat, and nothing else: of tones and of
//! music a buzz remains.
//!
//! The 54 bits of a frame come first bit first; the last two of the seven octets are spare. RFC
//! 3551 §4.5.9 means another coder by the name LPC, of 14 octets, which nobody kept (decision 22).

#![allow(unsafe_code, reason = "calls of the LPC-10 coder")]

use std::fmt;
use std::ptr::NonNull;

use sidetone_lpc10_sys as sys;
use sys::{BITS_PER_FRAME, SAMPLES_PER_FRAME};

use crate::coder::{CodecError, Decoder, Encoder};
use crate::format::Format;
use crate::plc::Concealer;

/// Octets of a frame.
const FRAME_LEN: usize = BITS_PER_FRAME.div_ceil(8);
/// Frames that fit the longest packet.
const MAX_FRAMES: usize = 5;
/// What the coder calls 1.
const SCALE: f32 = 32_768.0;

/// Writes frames of 22.5 ms.
pub struct Lpc10Encoder {
    state: NonNull<sys::Lpc10EncoderState>,
}

// SAFETY: the state belongs to this value alone and the coder keeps nothing for each thread.
unsafe impl Send for Lpc10Encoder {}

impl fmt::Debug for Lpc10Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lpc10Encoder").finish_non_exhaustive()
    }
}

impl Drop for Lpc10Encoder {
    fn drop(&mut self) {
        // SAFETY: the state came from its maker and is not used again.
        unsafe { sys::free(self.state.as_ptr().cast()) };
    }
}

impl Lpc10Encoder {
    /// An encoder at rest.
    ///
    /// # Errors
    /// [`CodecError::Library`] when memory is short.
    pub fn new() -> Result<Self, CodecError> {
        // SAFETY: no arguments.
        let state = NonNull::new(unsafe { sys::lsx_lpc10_create_encoder_state() });
        Ok(Self { state: state.ok_or(CodecError::Library(-1))? })
    }
}

impl Encoder for Lpc10Encoder {
    fn format(&self) -> Format {
        Format::LPC10
    }

    fn encode(&mut self, pcm: &[i16], payload: &mut [u8]) -> Result<usize, CodecError> {
        let (frames, rest) = pcm.as_chunks::<SAMPLES_PER_FRAME>();
        if !rest.is_empty() || !(1..=MAX_FRAMES).contains(&frames.len()) {
            return Err(CodecError::FrameSize);
        }
        let len = frames.len() * FRAME_LEN;
        let payload = payload.get_mut(..len).ok_or(CodecError::NoRoom)?;
        for (frame, octets) in frames.iter().zip(payload.as_chunks_mut::<FRAME_LEN>().0) {
            let mut speech = frame.map(|sample| f32::from(sample) / SCALE);
            let mut bits = [0_i32; BITS_PER_FRAME];
            // SAFETY: the state is live, and both arrays have the lengths of a frame.
            let code = unsafe {
                let speech = speech.as_mut_ptr();
                sys::lsx_lpc10_encode(speech, bits.as_mut_ptr(), self.state.as_ptr())
            };
            if code != 0 {
                return Err(CodecError::Library(code));
            }
            *octets = packed(&bits);
        }
        Ok(len)
    }
}

/// Reads frames of 22.5 ms, up to five in a packet.
pub struct Lpc10Decoder {
    state: NonNull<sys::Lpc10DecoderState>,
    concealer: Concealer,
}

// SAFETY: the state belongs to this value alone and the coder keeps nothing for each thread.
unsafe impl Send for Lpc10Decoder {}

impl fmt::Debug for Lpc10Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lpc10Decoder").finish_non_exhaustive()
    }
}

impl Drop for Lpc10Decoder {
    fn drop(&mut self) {
        // SAFETY: the state came from its maker and is not used again.
        unsafe { sys::free(self.state.as_ptr().cast()) };
    }
}

impl Lpc10Decoder {
    /// A decoder at rest.
    ///
    /// # Errors
    /// [`CodecError::Library`] when memory is short.
    pub fn new() -> Result<Self, CodecError> {
        // SAFETY: no arguments.
        let state = NonNull::new(unsafe { sys::lsx_lpc10_create_decoder_state() });
        let state = state.ok_or(CodecError::Library(-1))?;
        Ok(Self { state, concealer: Concealer::new(8_000, 1) })
    }
}

impl Decoder for Lpc10Decoder {
    fn format(&self) -> Format {
        Format::LPC10
    }

    fn decode(&mut self, payload: &[u8], pcm: &mut [i16]) -> Result<usize, CodecError> {
        let (frames, rest) = payload.as_chunks::<FRAME_LEN>();
        if !rest.is_empty() || frames.is_empty() {
            return Err(CodecError::Malformed);
        }
        if frames.len() > MAX_FRAMES {
            return Err(CodecError::TooLong);
        }
        let pcm = pcm.get_mut(..frames.len() * SAMPLES_PER_FRAME).ok_or(CodecError::NoRoom)?;
        for (octets, samples) in frames.iter().zip(pcm.as_chunks_mut::<SAMPLES_PER_FRAME>().0) {
            let mut bits = unpacked(octets);
            let mut speech = [0_f32; SAMPLES_PER_FRAME];
            // SAFETY: the state is live, and both arrays have the lengths of a frame.
            let code = unsafe {
                let speech = speech.as_mut_ptr();
                sys::lsx_lpc10_decode(bits.as_mut_ptr(), speech, self.state.as_ptr())
            };
            if code != 0 || !speech.iter().all(|sample| sample.is_finite()) {
                // SAFETY: the state is live. What it holds would spoil all frames to come.
                unsafe { sys::lsx_lpc10_init_decoder_state(self.state.as_ptr()) };
                return Err(CodecError::Malformed);
            }
            // A cast keeps within the bounds of a sample.
            *samples = speech.map(|sample| (sample * SCALE).round() as i16);
        }
        self.concealer.heard(pcm);
        Ok(pcm.len())
    }

    fn conceal(&mut self, pcm: &mut [i16]) -> Result<(), CodecError> {
        self.concealer.conceal(pcm);
        Ok(())
    }
}

fn packed(bits: &[i32; BITS_PER_FRAME]) -> [u8; FRAME_LEN] {
    let mut octets = [0; FRAME_LEN];
    for (octet, bits) in octets.iter_mut().zip(bits.chunks(8)) {
        *octet = (0..8)
            .fold(0, |octet, at| octet << 1 | u8::from(bits.get(at).is_some_and(|bit| *bit != 0)));
    }
    octets
}

fn unpacked(octets: &[u8; FRAME_LEN]) -> [i32; BITS_PER_FRAME] {
    std::array::from_fn(|at| i32::from(octets[at / 8] >> (7 - at % 8) & 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coder::{CoderSettings, encoder};
    use crate::cost::speech;
    use crate::testing::{rms, round_trip};
    use proptest::prelude::*;
    use std::time::Duration;

    /// A buzz like that of vocal cords: one pulse in each period, which rings at two formants.
    fn vowel(period: usize, samples: usize) -> Vec<i16> {
        let resonance = |pcm: &[f64], hz: f64| {
            let angle = std::f64::consts::TAU * hz / 8_000.0;
            let (mut one, mut two) = (0.0, 0.0);
            let ring = |sample: &f64| {
                let next = sample + 1.9 * angle.cos() * one - 0.9025 * two;
                (one, two) = (next, one);
                next
            };
            pcm.iter().map(ring).collect::<Vec<f64>>()
        };
        let pulses: Vec<f64> = (0..samples).map(|n| f64::from(u8::from(n % period == 0))).collect();
        let voice = resonance(&resonance(&pulses, 700.0), 1_220.0);
        voice.iter().map(|sample| (sample * 1_500.0) as i16).collect()
    }

    /// How much a sound resembles itself `lag` samples later, 1 at best.
    fn likeness(pcm: &[i16], lag: usize) -> f64 {
        let product = |from: usize, to: usize| -> f64 {
            let pairs = pcm[from..].iter().zip(&pcm[to..]).take(pcm.len() - lag);
            pairs.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
        };
        product(0, lag) / (product(0, 0) * product(lag, lag)).sqrt().max(1.0)
    }

    #[test]
    fn a_voice_keeps_its_pitch_and_its_loudness() {
        for period in [50, 80, 110] {
            let voice = vowel(period, 18_000);
            let heard = round_trip(Format::LPC10, &voice);
            let (spoken, heard) = (&voice[9_000..], &heard[9_000..]);
            let ratio = rms(heard) / rms(spoken);
            assert!((0.7..1.4).contains(&ratio), "{period}: {ratio}");
            let lags = 40..130;
            let pitch = lags.max_by(|a, b| likeness(heard, *a).total_cmp(&likeness(heard, *b)));
            let pitch = pitch.expect("a lag");
            assert!(pitch.abs_diff(period) <= 2 || pitch.abs_diff(2 * period) <= 3, "{pitch}");
            assert!(likeness(heard, pitch) > 0.6, "{period}: {}", likeness(heard, pitch));
        }
    }

    #[test]
    fn a_hiss_stays_a_hiss_and_silence_is_silent() {
        let mut noise = 1_u32;
        let hiss = |_| {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((noise >> 16).cast_signed() - 32_768) as i16 / 8
        };
        let hiss: Vec<i16> = (0..18_000).map(hiss).collect();
        let heard = round_trip(Format::LPC10, &hiss);
        let heard = &heard[9_000..];
        assert!((40..130).all(|lag| likeness(heard, lag) < 0.4));
        let ratio = rms(heard) / rms(&hiss);
        assert!((0.4..2.0).contains(&ratio), "{ratio}");
        let quiet = round_trip(Format::LPC10, &[0; 9_000]);
        assert!(rms(&quiet[3_600..]) < 30.0, "{}", rms(&quiet[3_600..]));
    }

    #[test]
    fn syllables_come_out_where_they_went_in() {
        let voice = speech(8_000, Duration::from_secs(3));
        let heard = round_trip(Format::LPC10, &voice[..23_940]);
        // Loudness over a tenth of a second, wherever the coder's delay of a few frames puts it.
        let loudness = |pcm: &[i16]| pcm.chunks_exact(800).map(rms).collect::<Vec<f64>>();
        let norm = |of: &[f64]| of.iter().map(|level| level * level).sum::<f64>().sqrt();
        let spoken = loudness(&voice[..21_600]);
        let alike = (180..1_800).step_by(180).map(|delay| {
            let heard = loudness(&heard[delay..delay + 21_600]);
            let both: f64 = spoken.iter().zip(&heard).map(|(a, b)| a * b).sum();
            both / (norm(&spoken) * norm(&heard))
        });
        let alike = alike.fold(0.0, f64::max);
        assert!(alike > 0.9, "{alike}");
    }

    #[test]
    fn what_is_no_frame_is_refused() {
        let mut decoder = Lpc10Decoder::new().unwrap();
        let mut pcm = [0; 2_000];
        assert_eq!(decoder.decode(&[], &mut pcm), Err(CodecError::Malformed));
        assert_eq!(decoder.decode(&[0; 8], &mut pcm), Err(CodecError::Malformed));
        assert_eq!(decoder.decode(&[0; 42], &mut pcm), Err(CodecError::TooLong));
        assert_eq!(decoder.decode(&[0; 14], &mut pcm[..300]), Err(CodecError::NoRoom));
        assert_eq!(decoder.decode(&[0; 14], &mut pcm), Ok(360));
        let mut encoder = encoder(Format::LPC10, &CoderSettings::default()).unwrap();
        let mut payload = [0; 40];
        assert_eq!(encoder.encode(&[0; 160], &mut payload), Err(CodecError::FrameSize));
        assert_eq!(encoder.encode(&[0; 360], &mut payload[..13]), Err(CodecError::NoRoom));
        assert_eq!(encoder.encode(&[0; 360], &mut payload), Ok(14));
    }

    #[test]
    fn coders_on_several_threads_do_not_disturb_each_other() {
        let voice = vowel(64, 7_200);
        let alone = round_trip(Format::LPC10, &voice);
        std::thread::scope(|scope| {
            let threads = [(); 4].map(|()| scope.spawn(|| round_trip(Format::LPC10, &voice)));
            for thread in threads {
                assert_eq!(thread.join().unwrap(), alone);
            }
        });
    }

    proptest! {
        #[test]
        fn bits_are_packed_and_unpacked(octets in any::<[u8; FRAME_LEN]>()) {
            let mut octets = octets;
            octets[FRAME_LEN - 1] &= 0xfc;
            prop_assert_eq!(packed(&unpacked(&octets)), octets);
        }

        #[test]
        fn no_sound_and_no_bits_break_a_coder(
            pcm in proptest::collection::vec(any::<i16>(), 900),
            octets in proptest::collection::vec(any::<u8>(), 35),
        ) {
            let mut encoder = Lpc10Encoder::new().unwrap();
            let mut decoder = Lpc10Decoder::new().unwrap();
            let (mut payload, mut out) = ([0; 35], [0; 900]);
            prop_assert_eq!(encoder.encode(&pcm, &mut payload), Ok(35));
            prop_assert_eq!(decoder.decode(&octets, &mut out), Ok(900));
            prop_assert_eq!(decoder.decode(&payload, &mut out), Ok(900));
        }
    }
}
