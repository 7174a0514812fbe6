//! Linear 16-bit audio in network byte order (L16, RFC 3551 §4.5.11).

use crate::coder::{CodecError, Decoder, Encoder};
use crate::format::{Format, MAX_PACKET, MAX_SAMPLES};
use crate::plc::Concealer;

/// Writes samples as they are.
#[derive(Debug)]
pub struct SlinEncoder {
    format: Format,
}

impl SlinEncoder {
    /// An encoder for any rate.
    #[must_use]
    pub fn new(format: Format) -> Self {
        Self { format }
    }
}

impl Encoder for SlinEncoder {
    fn format(&self) -> Format {
        self.format
    }

    fn encode(&mut self, pcm: &[i16], payload: &mut [u8]) -> Result<usize, CodecError> {
        let payload = payload.get_mut(..pcm.len() * 2).ok_or(CodecError::NoRoom)?;
        for (octets, sample) in payload.chunks_exact_mut(2).zip(pcm) {
            octets.copy_from_slice(&sample.to_be_bytes());
        }
        Ok(pcm.len() * 2)
    }
}

/// Reads samples as they are.
#[derive(Debug)]
pub struct SlinDecoder {
    format: Format,
    concealer: Concealer,
}

impl SlinDecoder {
    /// A decoder for any rate.
    #[must_use]
    pub fn new(format: Format) -> Self {
        Self { format, concealer: Concealer::new(format.sample_rate, format.channels) }
    }
}

impl Decoder for SlinDecoder {
    fn format(&self) -> Format {
        self.format
    }

    fn decode(&mut self, payload: &[u8], pcm: &mut [i16]) -> Result<usize, CodecError> {
        let channels = usize::from(self.format.channels);
        if !payload.len().is_multiple_of(2 * channels) {
            return Err(CodecError::Malformed);
        }
        let count = payload.len() / 2;
        if count > self.format.samples(MAX_PACKET).min(MAX_SAMPLES) * channels {
            return Err(CodecError::TooLong);
        }
        let pcm = pcm.get_mut(..count).ok_or(CodecError::NoRoom)?;
        for (sample, octets) in pcm.iter_mut().zip(payload.chunks_exact(2)) {
            *sample = i16::from_be_bytes([octets[0], octets[1]]);
        }
        self.concealer.heard(pcm);
        Ok(count)
    }

    fn conceal(&mut self, pcm: &mut [i16]) -> Result<(), CodecError> {
        self.concealer.conceal(pcm);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_sample_is_refused() {
        let mut decoder = SlinDecoder::new(Format::SLIN);
        let mut pcm = [0; 10];
        assert_eq!(decoder.decode(&[0; 5], &mut pcm), Err(CodecError::Malformed));
        assert_eq!(decoder.decode(&[1, 2], &mut pcm), Ok(1));
        assert_eq!(pcm[0], 0x0102);
    }
}
