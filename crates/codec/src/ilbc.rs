//! iLBC (RFC 3951, RFC 3952) through the vendored coder of WebRTC: frames of 20 ms in 38 bytes or
//! of 30 ms in 50, which conceal losses by themselves. A peer that sends the other length than was
//! agreed is understood.

#![allow(unsafe_code, reason = "calls of the iLBC coder")]

use std::fmt;
use std::ptr::{NonNull, null_mut};

use sidetone_ilbc_sys as sys;

use crate::coder::{CodecError, Decoder, Encoder};
use crate::format::Format;

/// Samples of the longer frame.
const MAX_FRAME: usize = 240;
/// Frames of a packet that the coder takes.
const MAX_FRAMES: usize = 3;
/// Words of 16 bits of the longer frame.
const MAX_WORDS: usize = 25;

/// The length of frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Short,
    Long,
}

impl Mode {
    fn of(format: Format) -> Result<Self, CodecError> {
        match format {
            Format::ILBC20 => Ok(Self::Short),
            Format::ILBC30 => Ok(Self::Long),
            _ => Err(CodecError::UnsupportedFormat(format)),
        }
    }

    fn millis(self) -> i16 {
        match self {
            Self::Short => 20,
            Self::Long => 30,
        }
    }

    fn samples(self) -> usize {
        match self {
            Self::Short => 160,
            Self::Long => MAX_FRAME,
        }
    }

    fn octets(self) -> usize {
        match self {
            Self::Short => 38,
            Self::Long => 2 * MAX_WORDS,
        }
    }

    fn format(self) -> Format {
        match self {
            Self::Short => Format::ILBC20,
            Self::Long => Format::ILBC30,
        }
    }
}

/// Writes frames of 20 or 30 ms.
pub struct IlbcEncoder {
    state: NonNull<sys::IlbcEncoderInstance>,
    mode: Mode,
}

// SAFETY: the state belongs to this value alone and the coder keeps nothing for each thread.
unsafe impl Send for IlbcEncoder {}

impl fmt::Debug for IlbcEncoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IlbcEncoder").field("mode", &self.mode).finish_non_exhaustive()
    }
}

impl Drop for IlbcEncoder {
    fn drop(&mut self) {
        // SAFETY: the state came from `EncoderCreate` and is not used again.
        unsafe { sys::WebRtcIlbcfix_EncoderFree(self.state.as_ptr()) };
    }
}

impl IlbcEncoder {
    /// An encoder at rest, for [`Format::ILBC20`] or [`Format::ILBC30`].
    ///
    /// # Errors
    /// [`CodecError::UnsupportedFormat`]; [`CodecError::Library`] when memory is short.
    pub fn new(format: Format) -> Result<Self, CodecError> {
        let mode = Mode::of(format)?;
        let mut state = null_mut();
        // SAFETY: the pointer outlives the call, which fills it.
        unsafe { sys::WebRtcIlbcfix_EncoderCreate(&raw mut state) };
        let state = NonNull::new(state).ok_or(CodecError::Library(-1))?;
        // SAFETY: the state is live; both lengths are known to the coder.
        unsafe { sys::WebRtcIlbcfix_EncoderInit(state.as_ptr(), mode.millis()) };
        Ok(Self { state, mode })
    }
}

impl Encoder for IlbcEncoder {
    fn format(&self) -> Format {
        self.mode.format()
    }

    fn encode(&mut self, pcm: &[i16], payload: &mut [u8]) -> Result<usize, CodecError> {
        let (samples, octets) = (self.mode.samples(), self.mode.octets());
        let frames = pcm.len() / samples;
        if frames == 0 || frames > MAX_FRAMES || !pcm.len().is_multiple_of(samples) {
            return Err(CodecError::FrameSize);
        }
        let payload = payload.get_mut(..frames * octets).ok_or(CodecError::NoRoom)?;
        for (frame, place) in pcm.chunks_exact(samples).zip(payload.chunks_exact_mut(octets)) {
            // The coder writes words of 16 bits.
            let mut words = [0_u16; MAX_WORDS];
            // SAFETY: a whole frame can be read, and the longer frame written.
            let written = unsafe {
                let words = words.as_mut_ptr().cast();
                sys::WebRtcIlbcfix_Encode(self.state.as_ptr(), frame.as_ptr(), samples, words)
            };
            if usize::try_from(written) != Ok(octets) {
                return Err(CodecError::Library(written));
            }
            for (pair, word) in place.as_chunks_mut::<2>().0.iter_mut().zip(words) {
                *pair = word.to_ne_bytes();
            }
        }
        Ok(frames * octets)
    }
}

/// Reads frames of either length.
pub struct IlbcDecoder {
    state: NonNull<sys::IlbcDecoderInstance>,
    format: Format,
    /// The length of the frames that arrive.
    mode: Mode,
}

// SAFETY: the state belongs to this value alone and the coder keeps nothing for each thread.
unsafe impl Send for IlbcDecoder {}

impl fmt::Debug for IlbcDecoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IlbcDecoder").field("mode", &self.mode).finish_non_exhaustive()
    }
}

impl Drop for IlbcDecoder {
    fn drop(&mut self) {
        // SAFETY: the state came from `DecoderCreate` and is not used again.
        unsafe { sys::WebRtcIlbcfix_DecoderFree(self.state.as_ptr()) };
    }
}

impl IlbcDecoder {
    /// A decoder at rest, for [`Format::ILBC20`] or [`Format::ILBC30`].
    ///
    /// # Errors
    /// [`CodecError::UnsupportedFormat`]; [`CodecError::Library`] when memory is short.
    pub fn new(format: Format) -> Result<Self, CodecError> {
        let mode = Mode::of(format)?;
        let mut state = null_mut();
        // SAFETY: the pointer outlives the call, which fills it.
        unsafe { sys::WebRtcIlbcfix_DecoderCreate(&raw mut state) };
        let state = NonNull::new(state).ok_or(CodecError::Library(-1))?;
        let mut decoder = Self { state, format, mode };
        decoder.start(mode);
        Ok(decoder)
    }

    fn start(&mut self, mode: Mode) {
        // SAFETY: the state is live; both lengths are known to the coder.
        unsafe { sys::WebRtcIlbcfix_DecoderInit(self.state.as_ptr(), mode.millis()) };
        self.mode = mode;
    }
}

impl Decoder for IlbcDecoder {
    fn format(&self) -> Format {
        self.format
    }

    fn decode(&mut self, payload: &[u8], pcm: &mut [i16]) -> Result<usize, CodecError> {
        let other = if self.mode == Mode::Short { Mode::Long } else { Mode::Short };
        let fits = |mode: &Mode| {
            let frames = payload.len() / mode.octets();
            (1..=MAX_FRAMES).contains(&frames) && payload.len() == frames * mode.octets()
        };
        let mode = [self.mode, other].into_iter().find(fits).ok_or(CodecError::Malformed)?;
        if mode != self.mode {
            self.start(mode);
        }
        let count = payload.len() / mode.octets() * mode.samples();
        let pcm = pcm.get_mut(..count).ok_or(CodecError::NoRoom)?;
        for (frame, place) in
            payload.chunks_exact(mode.octets()).zip(pcm.chunks_exact_mut(mode.samples()))
        {
            // The coder reads words of 16 bits, which a payload need not be aligned to.
            let mut words = [0_u16; MAX_WORDS];
            for (word, pair) in words.iter_mut().zip(frame.as_chunks::<2>().0) {
                *word = u16::from_ne_bytes(*pair);
            }
            let mut kind = 0;
            // SAFETY: a frame of this length can be read and its samples written.
            let decoded = unsafe {
                sys::WebRtcIlbcfix_Decode(
                    self.state.as_ptr(),
                    words.as_ptr().cast(),
                    frame.len(),
                    place.as_mut_ptr(),
                    &raw mut kind,
                )
            };
            if usize::try_from(decoded) != Ok(place.len()) {
                // What a damaged frame leaves behind must not be heard.
                self.start(mode);
                return Err(CodecError::Malformed);
            }
        }
        Ok(count)
    }

    fn conceal(&mut self, pcm: &mut [i16]) -> Result<(), CodecError> {
        let samples = self.mode.samples();
        let mut room = [0; MAX_FRAME];
        for part in pcm.chunks_mut(samples) {
            // SAFETY: the state is live and there is room for the longer frame.
            unsafe { sys::WebRtcIlbcfix_DecodePlc(self.state.as_ptr(), room.as_mut_ptr(), 1) };
            part.copy_from_slice(&room[..part.len()]);
        }
        Ok(())
    }

    fn conceals_itself(&self) -> bool {
        true
    }
}
