//! Recorded prompts: WAV files and raw files of a codec, read from memory into samples. Finding
//! and opening files is the business of layers above.

use std::fmt;
use std::io::Cursor;
use std::time::Duration;

use crate::coder::{CodecError, decoder};
use crate::format::{Format, MAX_SAMPLES};
use crate::resampler::Resampler;

/// Samples of the longest prompt: an hour at 48 kHz. Longer recordings are streamed by nobody yet.
pub const MAX_PROMPT_SAMPLES: usize = 3_600 * 48_000;

/// Why a file is no prompt. Whoever recorded it must convert it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PromptError {
    /// Not a WAV file, or a damaged one.
    NotWav(String),
    /// A WAV file with samples that are not 8 or 16 bit integers.
    UnsupportedSamples {
        /// Bits of a sample.
        bits: u16,
    },
    /// A rate below 8 or above 48 kHz.
    UnsupportedRate(u32),
    /// Longer than [`MAX_PROMPT_SAMPLES`].
    TooLong,
    /// A raw file that its codec cannot read.
    Codec(CodecError),
}

impl fmt::Display for PromptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotWav(reason) => write!(f, "not a WAV file: {reason}"),
            Self::UnsupportedSamples { bits } => {
                write!(f, "WAV samples of {bits} bits: convert them to 16-bit integers")
            }
            Self::UnsupportedRate(rate) => {
                write!(f, "{rate} Hz: convert the file to a rate between 8 and 48 kHz")
            }
            Self::TooLong => f.write_str("the file is longer than an hour"),
            Self::Codec(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for PromptError {}

/// A prompt in memory, one channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt {
    /// Samples per second.
    pub rate: u32,
    /// The samples.
    pub samples: Vec<i16>,
}

impl Prompt {
    /// Reads a WAV file; two channels are mixed to one.
    ///
    /// # Errors
    /// See [`PromptError`].
    pub fn from_wav(bytes: &[u8]) -> Result<Self, PromptError> {
        let broken = |error: hound::Error| PromptError::NotWav(error.to_string());
        let mut reader = hound::WavReader::new(Cursor::new(bytes)).map_err(broken)?;
        let spec = reader.spec();
        let channels = usize::from(spec.channels.max(1));
        if !(8_000..=48_000).contains(&spec.sample_rate) {
            return Err(PromptError::UnsupportedRate(spec.sample_rate));
        }
        let integers = spec.sample_format == hound::SampleFormat::Int;
        if !integers || !matches!(spec.bits_per_sample, 8 | 16) {
            return Err(PromptError::UnsupportedSamples { bits: spec.bits_per_sample });
        }
        let shift = 16 - spec.bits_per_sample;
        let (mut samples, mut sum, mut place) = (Vec::new(), 0_i32, 0);
        for sample in reader.samples::<i16>() {
            sum += i32::from(sample.map_err(broken)? << shift);
            place += 1;
            if place == channels {
                // The mean of 16-bit samples has 16 bits; a file has at most 65,535 channels.
                samples.push((sum / channels as i32) as i16);
                (sum, place) = (0, 0);
            }
            if samples.len() > MAX_PROMPT_SAMPLES {
                return Err(PromptError::TooLong);
            }
        }
        Ok(Self { rate: spec.sample_rate, samples })
    }

    /// Reads a raw file of G.711 or G.722 (`.ulaw`, `.alaw`, `.g722`). `.sln` files hold linear
    /// samples in another byte order than packets do: see [`Self::from_sln`].
    ///
    /// # Errors
    /// See [`PromptError`].
    pub fn from_raw(format: Format, bytes: &[u8]) -> Result<Self, PromptError> {
        let mut decoder = decoder(format).map_err(PromptError::Codec)?;
        let mut pcm = [0; MAX_SAMPLES];
        let mut samples = Vec::new();
        // 320 bytes are 40 ms of G.711 and G.722: well below the longest packet of each codec.
        for part in bytes.chunks(320) {
            let count = decoder.decode(part, &mut pcm).map_err(PromptError::Codec)?;
            samples.extend_from_slice(&pcm[..count]);
            if samples.len() > MAX_PROMPT_SAMPLES {
                return Err(PromptError::TooLong);
            }
        }
        Ok(Self { rate: format.sample_rate, samples })
    }

    /// Reads raw 16-bit samples, low byte first, as `.sln` files hold them. An odd byte at the
    /// end is dropped.
    ///
    /// # Errors
    /// See [`PromptError`].
    pub fn from_sln(rate: u32, bytes: &[u8]) -> Result<Self, PromptError> {
        if !(8_000..=48_000).contains(&rate) {
            return Err(PromptError::UnsupportedRate(rate));
        }
        if bytes.len() / 2 > MAX_PROMPT_SAMPLES {
            return Err(PromptError::TooLong);
        }
        let pairs = bytes.chunks_exact(2);
        let samples = pairs.map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect();
        Ok(Self { rate, samples })
    }

    /// How long it plays.
    #[must_use]
    pub fn duration(&self) -> Duration {
        let samples = self.samples.len() as u64;
        Duration::from_micros(samples * 1_000_000 / u64::from(self.rate.max(1)))
    }

    /// The same prompt at another rate. Done once when it is loaded, not while it plays.
    ///
    /// # Errors
    /// [`PromptError::UnsupportedRate`].
    pub fn at_rate(&self, rate: u32) -> Result<Self, PromptError> {
        if rate == self.rate {
            return Ok(self.clone());
        }
        let unsupported = |_| PromptError::UnsupportedRate(rate);
        let mut resampler = Resampler::new(self.rate, rate).map_err(unsupported)?;
        let mut samples = vec![0; resampler.max_output(self.samples.len())];
        let count = resampler.process(&self.samples, &mut samples).map_err(PromptError::Codec)?;
        samples.truncate(count);
        Ok(Self { rate, samples })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{share_at, sine};

    fn wav(spec: hound::WavSpec, samples: &[i16]) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
        for sample in samples {
            writer.write_sample(*sample).unwrap();
        }
        writer.finalize().unwrap();
        bytes.into_inner()
    }

    fn spec(channels: u16, sample_rate: u32, bits_per_sample: u16) -> hound::WavSpec {
        let sample_format = hound::SampleFormat::Int;
        hound::WavSpec { channels, sample_rate, bits_per_sample, sample_format }
    }

    #[test]
    fn wav_files_are_read_and_mixed_to_one_channel() {
        let prompt = Prompt::from_wav(&wav(spec(1, 8_000, 16), &[1, -2, 3])).unwrap();
        assert_eq!(prompt, Prompt { rate: 8_000, samples: vec![1, -2, 3] });
        let stereo = Prompt::from_wav(&wav(spec(2, 16_000, 16), &[10, 20, -30, -10])).unwrap();
        assert_eq!(stereo.samples, [15, -20]);
        let small = Prompt::from_wav(&wav(spec(1, 8_000, 8), &[1, -128])).unwrap();
        assert_eq!(small.samples, [256, -32_768]);
    }

    #[test]
    fn other_files_are_refused_with_advice() {
        assert!(matches!(Prompt::from_wav(b"ID3"), Err(PromptError::NotWav(_))));
        let slow = Prompt::from_wav(&wav(spec(1, 4_000, 16), &[1]));
        assert_eq!(slow, Err(PromptError::UnsupportedRate(4_000)));
        let cut = &wav(spec(1, 8_000, 16), &[1; 100])[..100];
        assert!(matches!(Prompt::from_wav(cut), Err(PromptError::NotWav(_))));
    }

    #[test]
    fn raw_files_are_read() {
        let ulaw = Prompt::from_raw(Format::ULAW, &[0xff; 1_000]).unwrap();
        assert_eq!((ulaw.samples.len(), ulaw.duration()), (1_000, Duration::from_millis(125)));
        assert_eq!(Prompt::from_raw(Format::G722, &[0; 1_000]).unwrap().samples.len(), 2_000);
        assert_eq!(Prompt::from_sln(16_000, &[1, 0, 2]).unwrap().samples, [1]);
    }

    #[test]
    fn a_prompt_changes_its_rate() {
        let prompt = Prompt { rate: 44_100, samples: sine(44_100, 800.0, 9_000.0, 0.5) };
        let narrow = prompt.at_rate(8_000).unwrap();
        assert_eq!(narrow.duration().as_millis(), 500);
        assert!(share_at(&narrow.samples[800..], 8_000, 800.0) > 0.999);
    }
}
