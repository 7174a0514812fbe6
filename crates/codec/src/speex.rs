//! Speex at 8, 16 and 32 kHz (RFC 5574) through the vendored libspeex: frames of 20 ms, any number
//! in a packet.

#![allow(unsafe_code, reason = "calls of libspeex")]

use std::ffi::{c_int, c_void};
use std::fmt;
use std::ptr::{NonNull, null_mut};

use sidetone_speex_sys as sys;

use crate::coder::{CodecError, Decoder, Encoder};
use crate::format::{Codec, Format, MAX_PACKET};

/// Samples of a frame at 32 kHz.
const MAX_FRAME: usize = 640;
/// Bytes that a packet may have: libspeex has room for 2,000 without growing.
const MAX_PAYLOAD: usize = 1_500;
/// A packet with fewer bits left holds no more frame.
const LEAST_BITS: c_int = 5;

/// How Speex encodes and decodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpeexSettings {
    /// Quality of packets of one size, 0–10: 8 is 15 kbit/s at 8 kHz and 28 kbit/s at 16 kHz.
    pub quality: u8,
    /// Effort of the encoder, 1–10.
    pub complexity: u8,
    /// The decoder sharpens what it decoded.
    pub enhancement: bool,
    /// Silence is noticed, and costs few bits.
    pub voice_activity: bool,
    /// What is easy to encode costs fewer bits.
    pub variable_bitrate: bool,
    /// Quality that then is kept, 0–10.
    pub variable_quality: u8,
    /// Bits per second that are kept on average; 0 for none in particular.
    pub average_bitrate: u32,
    /// Silence that is noticed is not sent.
    pub discontinuous_transmission: bool,
}

impl Default for SpeexSettings {
    fn default() -> Self {
        Self {
            quality: 8,
            complexity: 3,
            enhancement: true,
            voice_activity: false,
            variable_bitrate: false,
            variable_quality: 4,
            average_bitrate: 0,
            discontinuous_transmission: false,
        }
    }
}

/// What a frame is written to or read from.
struct Bits(sys::SpeexBits);

impl Bits {
    fn new() -> Box<Self> {
        let mut bits = Box::new(Self(sys::SpeexBits {
            chars: null_mut(),
            nb_bits: 0,
            char_ptr: 0,
            bit_ptr: 0,
            owner: 0,
            overflow: 0,
            buf_size: 0,
            reserved1: 0,
            reserved2: null_mut(),
        }));
        // SAFETY: the structure has the layout of the library, which fills it.
        unsafe { sys::speex_bits_init(&raw mut bits.0) };
        bits
    }
}

impl Drop for Bits {
    fn drop(&mut self) {
        // SAFETY: the structure was initialised and is not used again.
        unsafe { sys::speex_bits_destroy(&raw mut self.0) }
    }
}

/// The library's description of a band.
fn mode(format: Format) -> Result<*const sys::SpeexMode, CodecError> {
    let id = match (format.codec, format.sample_rate, format.channels) {
        (Codec::Speex, 8_000, 1) => sys::SPEEX_MODEID_NB,
        (Codec::Speex, 16_000, 1) => sys::SPEEX_MODEID_WB,
        (Codec::Speex, 32_000, 1) => sys::SPEEX_MODEID_UWB,
        _ => return Err(CodecError::UnsupportedFormat(format)),
    };
    // SAFETY: the function has no preconditions and returns a static description.
    Ok(unsafe { sys::speex_lib_get_mode(id) })
}

/// Samples of a frame.
fn frame_len(format: Format) -> usize {
    format.sample_rate as usize / 50
}

/// Writes frames of 20 ms.
pub struct SpeexEncoder {
    state: NonNull<c_void>,
    bits: Box<Bits>,
    format: Format,
}

// SAFETY: state and bits belong to this value alone and libspeex keeps nothing for each thread.
unsafe impl Send for SpeexEncoder {}

impl fmt::Debug for SpeexEncoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpeexEncoder").field("format", &self.format).finish_non_exhaustive()
    }
}

impl Drop for SpeexEncoder {
    fn drop(&mut self) {
        // SAFETY: the state came from `speex_encoder_init` and is not used again.
        unsafe { sys::speex_encoder_destroy(self.state.as_ptr()) }
    }
}

impl SpeexEncoder {
    /// An encoder at rest.
    ///
    /// # Errors
    /// [`CodecError::UnsupportedFormat`]; [`CodecError::Library`] when memory is short.
    pub fn new(format: Format, settings: &SpeexSettings) -> Result<Self, CodecError> {
        let mode = mode(format)?;
        // SAFETY: the mode is one of the library's own.
        let state = NonNull::new(unsafe { sys::speex_encoder_init(mode) });
        let state = state.ok_or(CodecError::Library(-1))?;
        let encoder = Self { state, bits: Bits::new(), format };
        let mut kept = f32::from(settings.variable_quality);
        // SAFETY: the state is live, and the request reads one `float`.
        unsafe {
            let value = (&raw mut kept).cast();
            sys::speex_encoder_ctl(state.as_ptr(), sys::SPEEX_SET_VBR_QUALITY, value);
        }
        let average = settings.average_bitrate;
        let requests = [
            (sys::SPEEX_SET_QUALITY, Some(c_int::from(settings.quality))),
            (sys::SPEEX_SET_COMPLEXITY, Some(c_int::from(settings.complexity))),
            (sys::SPEEX_SET_VBR, Some(c_int::from(settings.variable_bitrate))),
            (sys::SPEEX_SET_VAD, Some(c_int::from(settings.voice_activity))),
            (sys::SPEEX_SET_ABR, c_int::try_from(average).ok().filter(|bits| *bits > 0)),
            (sys::SPEEX_SET_DTX, Some(c_int::from(settings.discontinuous_transmission))),
        ];
        for (request, value) in requests {
            let Some(mut value) = value else { continue };
            // SAFETY: the state is live, and each request reads one `int`.
            unsafe {
                sys::speex_encoder_ctl(state.as_ptr(), request, (&raw mut value).cast());
            }
        }
        Ok(encoder)
    }
}

impl Encoder for SpeexEncoder {
    fn format(&self) -> Format {
        self.format
    }

    fn encode(&mut self, pcm: &[i16], payload: &mut [u8]) -> Result<usize, CodecError> {
        let len = frame_len(self.format);
        if pcm.is_empty() || !pcm.len().is_multiple_of(len) {
            return Err(CodecError::FrameSize);
        }
        let bits = &raw mut self.bits.0;
        // SAFETY: the bits are initialised.
        unsafe { sys::speex_bits_reset(bits) };
        let (mut room, mut worth) = ([0; MAX_FRAME], false);
        for frame in pcm.chunks_exact(len) {
            let copy = &mut room[..len];
            copy.copy_from_slice(frame);
            // SAFETY: the state is live and a whole frame can be read and written.
            let sent =
                unsafe { sys::speex_encode_int(self.state.as_ptr(), copy.as_mut_ptr(), bits) };
            worth |= sent != 0;
        }
        if !worth {
            // Silence, which nobody needs to send.
            return Ok(0);
        }
        let room = c_int::try_from(payload.len()).unwrap_or(c_int::MAX);
        // SAFETY: `room` bytes can be written.
        let written = unsafe { sys::speex_bits_write(bits, payload.as_mut_ptr().cast(), room) };
        // What did not fit is not written: a full buffer is a packet cut off.
        match usize::try_from(written) {
            Ok(written) if written < payload.len() => Ok(written),
            _ => Err(CodecError::NoRoom),
        }
    }
}

/// Reads packets of frames of 20 ms.
pub struct SpeexDecoder {
    state: NonNull<c_void>,
    bits: Box<Bits>,
    format: Format,
}

// SAFETY: state and bits belong to this value alone and libspeex keeps nothing for each thread.
unsafe impl Send for SpeexDecoder {}

impl fmt::Debug for SpeexDecoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpeexDecoder").field("format", &self.format).finish_non_exhaustive()
    }
}

impl Drop for SpeexDecoder {
    fn drop(&mut self) {
        // SAFETY: the state came from `speex_decoder_init` and is not used again.
        unsafe { sys::speex_decoder_destroy(self.state.as_ptr()) }
    }
}

impl SpeexDecoder {
    /// A decoder at rest.
    ///
    /// # Errors
    /// [`CodecError::UnsupportedFormat`]; [`CodecError::Library`] when memory is short.
    pub fn new(format: Format) -> Result<Self, CodecError> {
        let mode = mode(format)?;
        // SAFETY: the mode is one of the library's own.
        let state = NonNull::new(unsafe { sys::speex_decoder_init(mode) });
        let state = state.ok_or(CodecError::Library(-1))?;
        let mut decoder = Self { state, bits: Bits::new(), format };
        decoder.set_enhancement(true);
        Ok(decoder)
    }
}

impl Decoder for SpeexDecoder {
    fn format(&self) -> Format {
        self.format
    }

    fn decode(&mut self, payload: &[u8], pcm: &mut [i16]) -> Result<usize, CodecError> {
        if payload.is_empty() || payload.len() > MAX_PAYLOAD {
            return Err(CodecError::Malformed);
        }
        let len = frame_len(self.format);
        let most = self.format.samples(MAX_PACKET);
        let bits = &raw mut self.bits.0;
        let octets = c_int::try_from(payload.len()).map_err(|_| CodecError::Malformed)?;
        // SAFETY: `octets` bytes can be read, and the library copies them.
        unsafe { sys::speex_bits_read_from(bits, payload.as_ptr().cast(), octets) };
        let (mut count, mut room) = (0, [0; MAX_FRAME]);
        // SAFETY: the bits are initialised.
        while unsafe { sys::speex_bits_remaining(bits) } >= LEAST_BITS {
            // SAFETY: the state is live and there is room for a frame at the highest rate.
            let code =
                unsafe { sys::speex_decode_int(self.state.as_ptr(), bits, room.as_mut_ptr()) };
            match code {
                0 if count + len > most => return Err(CodecError::TooLong),
                0 => {}
                -1 => break,
                _ => return Err(CodecError::Malformed),
            }
            let place = pcm.get_mut(count..count + len).ok_or(CodecError::NoRoom)?;
            place.copy_from_slice(&room[..len]);
            count += len;
        }
        if count == 0 { Err(CodecError::Malformed) } else { Ok(count) }
    }

    fn conceal(&mut self, pcm: &mut [i16]) -> Result<(), CodecError> {
        let mut room = [0; MAX_FRAME];
        for part in pcm.chunks_mut(frame_len(self.format)) {
            // SAFETY: the state is live, no bits mean a loss, and there is room for a frame.
            unsafe {
                sys::speex_decode_int(self.state.as_ptr(), null_mut(), room.as_mut_ptr());
            }
            part.copy_from_slice(&room[..part.len()]);
        }
        Ok(())
    }

    fn conceals_itself(&self) -> bool {
        true
    }

    fn set_enhancement(&mut self, on: bool) {
        let mut sharpen = c_int::from(on);
        // SAFETY: the state is live, and the request reads one `int`.
        unsafe {
            let value = (&raw mut sharpen).cast();
            sys::speex_decoder_ctl(self.state.as_ptr(), sys::SPEEX_SET_ENH, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::{MAX_PACKET_LEN, MAX_SAMPLES};
    use crate::testing::sine;

    /// Bytes of each packet of 20 ms.
    fn lengths(format: Format, settings: SpeexSettings, pcm: &[i16]) -> Vec<usize> {
        let mut encoder = SpeexEncoder::new(format, &settings).unwrap();
        let mut payload = [0; MAX_PACKET_LEN];
        let frames = pcm.chunks_exact(frame_len(format));
        frames.map(|frame| encoder.encode(frame, &mut payload).unwrap()).collect()
    }

    fn mean(lengths: &[usize]) -> usize {
        lengths.iter().sum::<usize>() / lengths.len()
    }

    #[test]
    fn each_setting_changes_what_is_sent() {
        let usual = SpeexSettings::default();
        for format in [8_000, 16_000, 32_000].map(|rate| Format::mono(Codec::Speex, rate)) {
            let tone = sine(format.sample_rate, 400.0, 9_000.0, 2.0);
            let silence = vec![0; tone.len()];
            let bytes = |settings, pcm: &[i16]| lengths(format, settings, pcm);
            let full = mean(&bytes(usual, &tone));
            assert!(mean(&bytes(SpeexSettings { quality: 2, ..usual }, &tone)) * 2 < full);
            // Of one size, whatever is said.
            assert_eq!(mean(&bytes(usual, &silence)), full, "{format}");
            let noticed = SpeexSettings { voice_activity: true, ..usual };
            assert!(mean(&bytes(noticed, &silence)[50..]) * 2 < full, "{format}");
            let unsent = SpeexSettings { discontinuous_transmission: true, ..noticed };
            let lengths = bytes(unsent, &silence);
            assert!(lengths[50..].iter().filter(|len| **len == 0).count() > 40, "{format}");
            assert!(bytes(unsent, &tone)[..10].iter().all(|len| *len > 0), "{format}");
            let variable = SpeexSettings { variable_bitrate: true, ..usual };
            assert!(mean(&bytes(variable, &silence)[50..]) * 2 < full, "{format}");
            let better = SpeexSettings { variable_quality: 10, ..variable };
            assert!(mean(&bytes(better, &tone)) > mean(&bytes(variable, &tone)), "{format}");
            let bounded = SpeexSettings { average_bitrate: 8_000, ..usual };
            assert!(mean(&bytes(bounded, &tone)[50..]) < full, "{format}");
        }
    }

    #[test]
    fn enhancement_changes_what_is_heard() {
        let tone = sine(8_000, 400.0, 9_000.0, 0.2);
        let mut encoder =
            SpeexEncoder::new(Format::mono(Codec::Speex, 8_000), &SpeexSettings::default())
                .unwrap();
        let mut decoders = [true, false].map(|on| {
            let mut decoder = SpeexDecoder::new(Format::mono(Codec::Speex, 8_000)).unwrap();
            decoder.set_enhancement(on);
            decoder
        });
        let (mut payload, mut pcm) = ([0; MAX_PACKET_LEN], [0; MAX_SAMPLES]);
        let mut heard = [const { Vec::new() }; 2];
        for frame in tone.chunks_exact(160) {
            let len = encoder.encode(frame, &mut payload).unwrap();
            for (decoder, heard) in decoders.iter_mut().zip(&mut heard) {
                let count = decoder.decode(&payload[..len], &mut pcm).unwrap();
                heard.extend_from_slice(&pcm[..count]);
            }
        }
        assert_eq!(heard[0].len(), heard[1].len());
        assert_ne!(heard[0], heard[1]);
    }
}
