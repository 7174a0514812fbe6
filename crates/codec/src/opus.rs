//! Opus (RFC 6716, RFC 7587) through the vendored libopus: encoder and decoder at any of its
//! rates, its settings, concealment and forward error correction. Unsafe code of this crate lives
//! here, in `speex` and in `ilbc`.
//!
//! Next to G.711 run it at 8 kHz and next to G.722 at 16 kHz: half the cost, and no resampler
//! (`docs/decisions/0002-opus.md`).

#![allow(unsafe_code, reason = "calls of libopus")]

use std::ffi::{CStr, c_int};
use std::fmt;
use std::ptr::NonNull;
use std::time::Duration;

use sidetone_opus_sys as sys;

use crate::coder::{CodecError, Decoder, Encoder};
use crate::format::{Codec, Format, MAX_PACKET};

/// The rates at which encoder and decoder run, in Hz.
pub const RATES: [u32; 5] = [8_000, 12_000, 16_000, 24_000, 48_000];
/// The largest packet that the encoder writes (RFC 6716 §3.4: a frame has at most 1,275 bytes).
pub const MAX_ENCODED_LEN: usize = 1_275;

/// How many bits the encoder spends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bitrate {
    /// The encoder chooses by rate and channels.
    Auto,
    /// As many as a packet holds.
    Max,
    /// Bits per second, 500–512,000.
    BitsPerSecond(u32),
}

/// Whether packets may differ in size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BitrateMode {
    /// Each packet as large as it must be.
    Variable,
    /// All packets of one size.
    Constant,
}

/// The widest band that is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bandwidth {
    /// Up to 4 kHz.
    Narrow,
    /// Up to 6 kHz.
    Medium,
    /// Up to 8 kHz.
    Wide,
    /// Up to 12 kHz.
    SuperWide,
    /// Up to 20 kHz.
    Full,
}

/// What the encoder should expect to hear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// The encoder listens and decides.
    Auto,
    /// Speech.
    Voice,
    /// Music.
    Music,
}

/// What the encoder should aim for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Application {
    /// Intelligible speech.
    Voip,
    /// Fidelity.
    Audio,
    /// The lowest delay, without the speech coder.
    LowDelay,
}

/// Settings of an encoder: the `[opus]` sections of codecs.conf and what the peer's `fmtp` asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpusSettings {
    /// How many bits.
    pub bitrate: Bitrate,
    /// Packets of one size or not.
    pub mode: BitrateMode,
    /// Effort, 0–10; larger numbers count as 10. At 8 kHz a core encodes 480 calls with 5, 360
    /// with 9, 1,100 with 1 (`docs/decisions/0002-opus.md`).
    pub complexity: u8,
    /// Whether packets carry a copy of the one before, once loss is expected.
    pub forward_error_correction: bool,
    /// Packets in a hundred that the peer is expected to lose.
    pub expected_loss_percent: u8,
    /// Whether silence is not sent.
    pub discontinuous_transmission: bool,
    /// The widest band.
    pub max_bandwidth: Bandwidth,
    /// The highest rate in Hz that the peer should encode for, since more is not played; only
    /// said, in our SDP.
    pub max_playback_rate: u32,
    /// What is heard.
    pub signal: Signal,
    /// What it is for.
    pub application: Application,
}

impl Default for OpusSettings {
    fn default() -> Self {
        Self {
            bitrate: Bitrate::Auto,
            mode: BitrateMode::Variable,
            complexity: 5,
            forward_error_correction: true,
            expected_loss_percent: 0,
            discontinuous_transmission: false,
            max_bandwidth: Bandwidth::Full,
            max_playback_rate: 48_000,
            signal: Signal::Auto,
            application: Application::Voip,
        }
    }
}

/// The library's name and version.
#[must_use]
pub fn version() -> &'static str {
    // SAFETY: the function has no preconditions and returns a static string that ends in zero.
    let text = unsafe { CStr::from_ptr(sys::opus_get_version_string()) };
    text.to_str().unwrap_or("libopus")
}

/// Samples of one channel that a packet holds at `rate`, read from its first bytes.
///
/// # Errors
/// [`CodecError::Malformed`], [`CodecError::TooLong`].
pub fn packet_samples(packet: &[u8], rate: u32) -> Result<usize, CodecError> {
    let len = i32::try_from(packet.len()).map_err(|_| CodecError::TooLong)?;
    let rate_hz = i32::try_from(rate).map_err(|_| CodecError::FrameSize)?;
    if packet.is_empty() {
        return Err(CodecError::Malformed);
    }
    // SAFETY: pointer and length describe a live, non-empty slice.
    let count = unsafe { sys::opus_packet_get_nb_samples(packet.as_ptr(), len, rate_hz) };
    let count = usize::try_from(count).map_err(|_| CodecError::Malformed)?;
    let longest = crate::format::samples(rate, MAX_PACKET);
    if count > longest { Err(CodecError::TooLong) } else { Ok(count) }
}

/// Whether a packet carries a copy of the frame before it.
#[must_use]
pub fn has_redundancy(packet: &[u8]) -> bool {
    let Ok(len) = i32::try_from(packet.len()) else {
        return false;
    };
    // SAFETY: pointer and length describe a live slice; length zero is refused before the call.
    len > 0 && unsafe { sys::opus_packet_has_lbrr(packet.as_ptr(), len) } == 1
}

/// The error of a libopus return value.
fn error(code: c_int) -> CodecError {
    match code {
        -1 => CodecError::FrameSize,
        -2 => CodecError::NoRoom,
        -4 => CodecError::Malformed,
        other => CodecError::Library(other),
    }
}

/// The numbers of a format as libopus wants them.
fn parameters(format: Format) -> Result<(i32, c_int), CodecError> {
    let runs = RATES.contains(&format.sample_rate) && (1..=2).contains(&format.channels);
    if !runs || format.codec != Codec::Opus {
        return Err(CodecError::UnsupportedFormat(format));
    }
    let rate = i32::try_from(format.sample_rate);
    Ok((rate.map_err(|_| CodecError::UnsupportedFormat(format))?, c_int::from(format.channels)))
}

/// An Opus encoder.
pub struct OpusEncoder {
    state: NonNull<sys::OpusEncoder>,
    format: Format,
    settings: OpusSettings,
}

// SAFETY: the state belongs to this value alone and libopus keeps nothing for each thread.
unsafe impl Send for OpusEncoder {}

impl fmt::Debug for OpusEncoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (format, settings) = (&self.format, &self.settings);
        f.debug_struct("OpusEncoder")
            .field("format", format)
            .field("settings", settings)
            .finish_non_exhaustive()
    }
}

impl Drop for OpusEncoder {
    fn drop(&mut self) {
        // SAFETY: the state came from `opus_encoder_create` and is not used again.
        unsafe { sys::opus_encoder_destroy(self.state.as_ptr()) }
    }
}

impl OpusEncoder {
    /// An encoder that takes samples at `format.sample_rate`.
    ///
    /// # Errors
    /// [`CodecError::UnsupportedFormat`]; [`CodecError::Library`] when memory is short.
    pub fn new(format: Format, settings: &OpusSettings) -> Result<Self, CodecError> {
        let (rate, channels) = parameters(format)?;
        let application = match settings.application {
            Application::Voip => sys::OPUS_APPLICATION_VOIP,
            Application::Audio => sys::OPUS_APPLICATION_AUDIO,
            Application::LowDelay => sys::OPUS_APPLICATION_RESTRICTED_LOWDELAY,
        };
        let mut code = sys::OPUS_OK;
        // SAFETY: rate and channels were checked; `code` outlives the call.
        let state = unsafe { sys::opus_encoder_create(rate, channels, application, &raw mut code) };
        let state = NonNull::new(state).ok_or_else(|| error(code))?;
        let mut encoder = Self { state, format, settings: *settings };
        encoder.apply()?;
        Ok(encoder)
    }

    /// The settings in force.
    #[must_use]
    pub fn settings(&self) -> &OpusSettings {
        &self.settings
    }

    /// Changes settings between frames. The application stays what it was.
    ///
    /// # Errors
    /// [`CodecError::Library`] when libopus does not take one of them.
    pub fn set(&mut self, settings: &OpusSettings) -> Result<(), CodecError> {
        self.settings = OpusSettings { application: self.settings.application, ..*settings };
        self.apply()
    }

    fn apply(&mut self) -> Result<(), CodecError> {
        let settings = self.settings;
        let bitrate = match settings.bitrate {
            Bitrate::Auto => self.automatic_bitrate(),
            Bitrate::Max => sys::OPUS_BITRATE_MAX,
            // The clamp keeps the number far below 2^31.
            Bitrate::BitsPerSecond(bits) => bits.clamp(500, 512_000).cast_signed(),
        };
        let bandwidth = match settings.max_bandwidth {
            Bandwidth::Narrow => sys::OPUS_BANDWIDTH_NARROWBAND,
            Bandwidth::Medium => sys::OPUS_BANDWIDTH_MEDIUMBAND,
            Bandwidth::Wide => sys::OPUS_BANDWIDTH_WIDEBAND,
            Bandwidth::SuperWide => sys::OPUS_BANDWIDTH_SUPERWIDEBAND,
            Bandwidth::Full => sys::OPUS_BANDWIDTH_FULLBAND,
        };
        let signal = match settings.signal {
            Signal::Auto => sys::OPUS_AUTO,
            Signal::Voice => sys::OPUS_SIGNAL_VOICE,
            Signal::Music => sys::OPUS_SIGNAL_MUSIC,
        };
        let variable = c_int::from(settings.mode == BitrateMode::Variable);
        let dtx = c_int::from(settings.discontinuous_transmission);
        let fec = c_int::from(settings.forward_error_correction);
        self.control(sys::OPUS_SET_BITRATE_REQUEST, bitrate)?;
        self.control(sys::OPUS_SET_VBR_REQUEST, variable)?;
        self.control(sys::OPUS_SET_COMPLEXITY_REQUEST, settings.complexity.min(10).into())?;
        self.control(sys::OPUS_SET_INBAND_FEC_REQUEST, fec)?;
        let loss = settings.expected_loss_percent.min(100).into();
        self.control(sys::OPUS_SET_PACKET_LOSS_PERC_REQUEST, loss)?;
        self.control(sys::OPUS_SET_DTX_REQUEST, dtx)?;
        self.control(sys::OPUS_SET_MAX_BANDWIDTH_REQUEST, bandwidth)?;
        self.control(sys::OPUS_SET_SIGNAL_REQUEST, signal)
    }

    /// Left alone, libopus spends 11 kbit/s at 8 kHz and 19 at 16 kHz, and finds no room in them
    /// for copies of the packet before, however many are lost. These are the lowest rates at which
    /// it does from one percent of loss on.
    fn automatic_bitrate(&self) -> i32 {
        let settings = &self.settings;
        let copies = settings.forward_error_correction && settings.expected_loss_percent > 0;
        match self.format.sample_rate {
            8_000 if copies => 20_000,
            12_000 if copies => 22_000,
            16_000 if copies => 26_000,
            24_000 if copies => 30_000,
            _ => sys::OPUS_AUTO,
        }
    }

    fn control(&mut self, request: c_int, value: c_int) -> Result<(), CodecError> {
        // SAFETY: the state is live, and each request used here takes one 32-bit integer.
        let code = unsafe { sys::opus_encoder_ctl(self.state.as_ptr(), request, value) };
        if code == sys::OPUS_OK { Ok(()) } else { Err(CodecError::Library(code)) }
    }
}

impl Encoder for OpusEncoder {
    fn format(&self) -> Format {
        self.format
    }

    fn encode(&mut self, pcm: &[i16], payload: &mut [u8]) -> Result<usize, CodecError> {
        let channels = usize::from(self.format.channels);
        if !pcm.len().is_multiple_of(channels) {
            return Err(CodecError::FrameSize);
        }
        let frame = c_int::try_from(pcm.len() / channels).map_err(|_| CodecError::FrameSize)?;
        let room = i32::try_from(payload.len()).unwrap_or(i32::MAX);
        // SAFETY: the state is live; `frame` samples for each channel can be read and `room`
        // bytes written.
        let code = unsafe {
            sys::opus_encode(self.state.as_ptr(), pcm.as_ptr(), frame, payload.as_mut_ptr(), room)
        };
        let len = usize::try_from(code).map_err(|_| error(code))?;
        // RFC 6716 §2.1.9: in discontinuous transmission a packet of at most two bytes says
        // nothing and need not be sent.
        let silent = self.settings.discontinuous_transmission && len <= 2;
        Ok(if silent { 0 } else { len })
    }

    fn set_expected_loss(&mut self, percent: u8) {
        let percent = percent.min(100);
        self.settings.expected_loss_percent = percent;
        // Every percentage up to 100 is accepted.
        let taken = self.control(sys::OPUS_SET_PACKET_LOSS_PERC_REQUEST, percent.into());
        if self.settings.bitrate == Bitrate::Auto {
            let bitrate = self.automatic_bitrate();
            // Both are accepted: a number within bounds, or the library's own choice.
            let _ = self.control(sys::OPUS_SET_BITRATE_REQUEST, bitrate);
        }
        debug_assert_eq!(taken, Ok(()));
    }
}

/// An Opus decoder.
pub struct OpusDecoder {
    state: NonNull<sys::OpusDecoder>,
    format: Format,
}

// SAFETY: the state belongs to this value alone and libopus keeps nothing for each thread.
unsafe impl Send for OpusDecoder {}

impl fmt::Debug for OpusDecoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpusDecoder").field("format", &self.format).finish_non_exhaustive()
    }
}

impl Drop for OpusDecoder {
    fn drop(&mut self) {
        // SAFETY: the state came from `opus_decoder_create` and is not used again.
        unsafe { sys::opus_decoder_destroy(self.state.as_ptr()) }
    }
}

impl OpusDecoder {
    /// A decoder that gives samples at `format.sample_rate`, whatever the peer encoded.
    ///
    /// # Errors
    /// [`CodecError::UnsupportedFormat`]; [`CodecError::Library`] when memory is short.
    pub fn new(format: Format) -> Result<Self, CodecError> {
        let (rate, channels) = parameters(format)?;
        let mut code = sys::OPUS_OK;
        // SAFETY: rate and channels were checked; `code` outlives the call.
        let state = unsafe { sys::opus_decoder_create(rate, channels, &raw mut code) };
        let state = NonNull::new(state).ok_or_else(|| error(code))?;
        Ok(Self { state, format })
    }

    /// Decodes `payload` (`None`: conceals) into `pcm` and returns the samples of all channels.
    fn run(
        &mut self,
        payload: Option<&[u8]>,
        pcm: &mut [i16],
        recover: c_int,
    ) -> Result<usize, CodecError> {
        let channels = usize::from(self.format.channels);
        // 120 ms is all that libopus accepts.
        let longest = self.format.samples(MAX_PACKET);
        let room = (pcm.len() / channels).min(longest);
        let frame = c_int::try_from(room).map_err(|_| CodecError::FrameSize)?;
        let (data, len) = match payload {
            Some([]) => return Err(CodecError::Malformed),
            Some(bytes) => (bytes.as_ptr(), bytes.len()),
            None => (std::ptr::null(), 0),
        };
        let len = i32::try_from(len).map_err(|_| CodecError::TooLong)?;
        // SAFETY: the state is live; `data` is null or has `len` bytes; `frame` samples for each
        // channel can be written.
        let code = unsafe {
            sys::opus_decode(self.state.as_ptr(), data, len, pcm.as_mut_ptr(), frame, recover)
        };
        usize::try_from(code).map(|count| count * channels).map_err(|_| error(code))
    }

    /// Runs over `pcm` in parts that libopus conceals in one call.
    fn fill(&mut self, next: Option<&[u8]>, pcm: &mut [i16]) -> Result<(), CodecError> {
        let unit = self.format.samples(Duration::from_micros(2_500));
        let unit = unit * usize::from(self.format.channels);
        if pcm.is_empty() || !pcm.len().is_multiple_of(unit) {
            return Err(CodecError::FrameSize);
        }
        let longest = self.format.samples(MAX_PACKET) * usize::from(self.format.channels);
        // The copy in the next packet is of the last part; what is before is concealed.
        let copied =
            next.map_or(Ok(0), |packet| packet_samples(packet, self.format.sample_rate))?;
        let copied = (copied * usize::from(self.format.channels)).min(pcm.len());
        let (guessed, recovered) = pcm.split_at_mut(pcm.len() - copied);
        for part in guessed.chunks_mut(longest) {
            self.run(None, part, 0)?;
        }
        if !recovered.is_empty() {
            self.run(next, recovered, 1)?;
        }
        Ok(())
    }
}

impl Decoder for OpusDecoder {
    fn conceals_itself(&self) -> bool {
        true
    }

    fn format(&self) -> Format {
        self.format
    }

    fn decode(&mut self, payload: &[u8], pcm: &mut [i16]) -> Result<usize, CodecError> {
        packet_samples(payload, self.format.sample_rate)?;
        self.run(Some(payload), pcm, 0)
    }

    fn conceal(&mut self, pcm: &mut [i16]) -> Result<(), CodecError> {
        self.fill(None, pcm)
    }

    fn recover(&mut self, next: &[u8], pcm: &mut [i16]) -> Result<(), CodecError> {
        self.fill(Some(next), pcm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{rms, share_at, sine};
    use proptest::prelude::*;

    fn format(sample_rate: u32) -> Format {
        Format::mono(Codec::Opus, sample_rate)
    }

    fn encode_all(settings: &OpusSettings, rate: u32, pcm: &[i16]) -> Vec<Vec<u8>> {
        let mut encoder = OpusEncoder::new(format(rate), settings).unwrap();
        let mut payload = [0; MAX_ENCODED_LEN];
        pcm.chunks_exact(rate as usize / 50)
            .map(|frame| {
                let len = encoder.encode(frame, &mut payload).unwrap();
                payload[..len].to_vec()
            })
            .collect()
    }

    /// Something like a voice: a buzz of 140 Hz with a syllable four times a second.
    fn speech(rate: u32, seconds: f64) -> Vec<i16> {
        let parts: Vec<_> = (1..20)
            .map(|n| sine(rate, 140.0 * f64::from(n), 6_000.0 / f64::from(n), seconds))
            .collect();
        let loudness = sine(rate, 4.0, 1.0, 0.0).len();
        (loudness..parts[0].len())
            .map(|at| {
                let syllable = (at as f64 / f64::from(rate) * 4.0).fract();
                let sum: f64 = parts.iter().map(|part| f64::from(part[at])).sum();
                (sum * (0.2 + 0.8 * syllable)).clamp(-32_000.0, 32_000.0) as i16
            })
            .collect()
    }

    #[test]
    fn the_vendored_release_is_linked() {
        assert_eq!(version(), "libopus 1.6.1");
    }

    #[test]
    fn a_stream_encoded_at_one_rate_decodes_at_every_other() {
        let packets = encode_all(&OpusSettings::default(), 48_000, &sine(48_000, 500.0, 9e3, 0.5));
        for rate in RATES {
            let mut decoder = OpusDecoder::new(format(rate)).unwrap();
            let mut pcm = [0; 5760];
            let mut heard = Vec::new();
            for packet in &packets {
                assert_eq!(packet_samples(packet, rate), Ok(rate as usize / 50));
                let count = decoder.decode(packet, &mut pcm).unwrap();
                heard.extend_from_slice(&pcm[..count]);
            }
            let share = share_at(&heard[heard.len() / 2..], rate, 500.0);
            assert!(share > 0.9, "{rate} Hz: {share:.3}");
        }
    }

    #[test]
    fn bitrate_and_mode_are_obeyed() {
        let settings = OpusSettings {
            bitrate: Bitrate::BitsPerSecond(32_000),
            mode: BitrateMode::Constant,
            ..OpusSettings::default()
        };
        let packets = encode_all(&settings, 48_000, &speech(48_000, 0.5));
        assert!(packets.iter().all(|packet| packet.len() == 80), "32 kbit/s are 80 bytes");
    }

    #[test]
    fn silence_is_not_sent_in_discontinuous_transmission() {
        let settings = OpusSettings { discontinuous_transmission: true, ..OpusSettings::default() };
        let packets = encode_all(&settings, 16_000, &vec![0; 16_000 * 2]);
        let silent = packets.iter().filter(|packet| packet.is_empty()).count();
        assert!(silent > 60, "{silent} of 100");
    }

    #[test]
    fn a_lost_packet_is_recovered_from_the_next() {
        let settings = OpusSettings { expected_loss_percent: 20, ..OpusSettings::default() };
        let packets = encode_all(&settings, 16_000, &speech(16_000, 1.0));
        assert!(packets[20..].iter().any(|packet| has_redundancy(packet)));
        // Decodes with every tenth packet lost and returns how far that is from the whole.
        let distance = |use_redundancy: bool| {
            let mut whole = OpusDecoder::new(format(16_000)).unwrap();
            let mut lossy = OpusDecoder::new(format(16_000)).unwrap();
            let (mut a, mut b) = ([0; 320], [0; 320]);
            let mut difference = Vec::new();
            for (number, packet) in packets.iter().enumerate() {
                whole.decode(packet, &mut a).unwrap();
                let next = packets.get(number + 1).filter(|_| use_redundancy);
                match (number % 10 == 9, next) {
                    (false, _) => drop(lossy.decode(packet, &mut b).unwrap()),
                    (true, Some(next)) => lossy.recover(next, &mut b).unwrap(),
                    (true, None) => lossy.conceal(&mut b).unwrap(),
                }
                if number % 10 == 9 {
                    difference.extend(a.iter().zip(&b).map(|(a, b)| a.saturating_sub(*b)));
                }
            }
            rms(&difference)
        };
        let (recovered, concealed) = (distance(true), distance(false));
        assert!(recovered < concealed * 0.9, "{recovered:.0} against {concealed:.0}");
    }

    #[test]
    fn a_concealed_gap_continues_the_tone() {
        let packets = encode_all(&OpusSettings::default(), 8_000, &sine(8_000, 300.0, 9e3, 0.5));
        let mut decoder = OpusDecoder::new(format(8_000)).unwrap();
        let mut pcm = [0; 160];
        for packet in &packets {
            decoder.decode(packet, &mut pcm).unwrap();
        }
        decoder.conceal(&mut pcm).unwrap();
        assert!(rms(&pcm) > 2_000.0);
        assert_eq!(decoder.conceal(&mut pcm[..7]), Err(CodecError::FrameSize));
    }

    #[test]
    fn settings_change_between_frames() {
        let mut encoder = OpusEncoder::new(format(48_000), &OpusSettings::default()).unwrap();
        let narrow = OpusSettings { max_bandwidth: Bandwidth::Narrow, ..OpusSettings::default() };
        encoder.set(&narrow).unwrap();
        encoder.set_expected_loss(200);
        assert_eq!(encoder.settings().expected_loss_percent, 100);
        let mut payload = [0; MAX_ENCODED_LEN];
        assert_eq!(encoder.encode(&[0; 100], &mut payload), Err(CodecError::FrameSize));
    }

    proptest! {
        #[test]
        fn garbage_is_refused_or_decoded_but_never_crashes(
            packets in proptest::collection::vec(
                proptest::collection::vec(any::<u8>(), 0..400), 1..20),
        ) {
            let mut decoder = OpusDecoder::new(format(48_000)).unwrap();
            let mut pcm = vec![0; 5760];
            for packet in packets {
                if let Ok(count) = decoder.decode(&packet, &mut pcm) {
                    prop_assert!(count <= pcm.len());
                }
                let _ = decoder.recover(&packet, &mut pcm[..960]);
            }
        }
    }
}
