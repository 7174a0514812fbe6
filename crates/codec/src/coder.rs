//! What every codec offers: encode a frame, decode a packet, conceal a loss, recover from the
//! next packet. Coders are state machines without time: `media` decides what is lost.

use std::fmt;

use crate::format::{Codec, Format};
use crate::opus::{OpusDecoder, OpusEncoder, OpusSettings};
use crate::speex::{SpeexDecoder, SpeexEncoder, SpeexSettings};
use crate::{dvi4, g711, g722, g726, gsm, ilbc, lpc10, slin};

/// Why a frame was not coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodecError {
    /// Peer: the payload is not what the codec writes. Treat the packet as lost.
    Malformed,
    /// Peer: more than [`crate::format::MAX_PACKET`] in one packet.
    TooLong,
    /// Ours: the output buffer is too small.
    NoRoom,
    /// Ours: the codec has no frame of this many samples.
    FrameSize,
    /// Ours or configuration: the codec does not run at this rate or with these channels.
    UnsupportedFormat(Format),
    /// Ours: the codec's library refused, with its error number.
    Library(i32),
}

impl fmt::Display for CodecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("peer sent a payload that its codec does not write"),
            Self::TooLong => f.write_str("peer sent more than 120 ms of audio in one packet"),
            Self::NoRoom => f.write_str("the buffer for a frame is too small"),
            Self::FrameSize => f.write_str("the codec has no frame of this size"),
            Self::UnsupportedFormat(format) => {
                write!(f, "{format} with {} channels is no format of this codec", format.channels)
            }
            Self::Library(code) => write!(f, "the codec's library refused with error {code}"),
        }
    }
}

impl std::error::Error for CodecError {}

/// Makes packets of samples.
pub trait Encoder: fmt::Debug + Send {
    /// What it writes, and at which rate it takes samples.
    fn format(&self) -> Format;

    /// Encodes one frame (samples of all channels interleaved) and returns the length of the
    /// payload. Zero: nothing needs to be sent (discontinuous transmission).
    ///
    /// # Errors
    /// [`CodecError::NoRoom`], [`CodecError::FrameSize`].
    fn encode(&mut self, pcm: &[i16], payload: &mut [u8]) -> Result<usize, CodecError>;

    /// Tells how many of a hundred packets the peer loses, so that redundancy can match it.
    /// Codecs without redundancy do nothing.
    fn set_expected_loss(&mut self, percent: u8) {
        let _ = percent;
    }
}

/// Makes samples of packets. The caller's buffers hold [`crate::format::MAX_SAMPLES`] for each
/// channel.
pub trait Decoder: fmt::Debug + Send {
    /// What it reads, and at which rate it gives samples.
    fn format(&self) -> Format;

    /// Decodes a payload and returns the number of samples (of all channels).
    ///
    /// # Errors
    /// [`CodecError::Malformed`], [`CodecError::TooLong`], [`CodecError::NoRoom`].
    fn decode(&mut self, payload: &[u8], pcm: &mut [i16]) -> Result<usize, CodecError>;

    /// Fills `pcm`, which is as long as what was lost (a multiple of 2.5 ms), with a guess.
    ///
    /// # Errors
    /// [`CodecError::FrameSize`].
    fn conceal(&mut self, pcm: &mut [i16]) -> Result<(), CodecError>;

    /// Fills `pcm` with what was lost right before the packet `next`, from its redundancy where
    /// the codec has some, else with a guess. `next` is decoded afterwards as usual.
    ///
    /// # Errors
    /// [`CodecError::FrameSize`], [`CodecError::Malformed`].
    fn recover(&mut self, next: &[u8], pcm: &mut [i16]) -> Result<(), CodecError> {
        let _ = next;
        self.conceal(pcm)
    }

    /// Whether the codec has a concealment of its own. The others share [`crate::plc`], which
    /// `genericplc` of codecs.conf switches.
    fn conceals_itself(&self) -> bool {
        false
    }

    /// Whether to sharpen what was decoded, where the codec can (Speex).
    fn set_enhancement(&mut self, _on: bool) {}
}

/// How encoders work. Each codec reads its own part; most have none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CoderSettings {
    /// Opus.
    pub opus: OpusSettings,
    /// Speex.
    pub speex: SpeexSettings,
}

/// An encoder for `format`.
///
/// # Errors
/// [`CodecError::UnsupportedFormat`], [`CodecError::Library`] when memory is short.
pub fn encoder(format: Format, settings: &CoderSettings) -> Result<Box<dyn Encoder>, CodecError> {
    check(format)?;
    Ok(match format.codec {
        Codec::Ulaw => Box::new(g711::G711Encoder::new(g711::Law::Mu)),
        Codec::Alaw => Box::new(g711::G711Encoder::new(g711::Law::A)),
        Codec::Gsm => Box::new(gsm::GsmEncoder::new()),
        Codec::G726 | Codec::G726Aal2 => Box::new(g726::G726Encoder::new(format)),
        Codec::Adpcm => Box::new(dvi4::Dvi4Encoder::new()),
        Codec::Lpc10 => Box::new(lpc10::Lpc10Encoder::new()?),
        Codec::Speex => Box::new(SpeexEncoder::new(format, &settings.speex)?),
        Codec::Ilbc20 | Codec::Ilbc30 => Box::new(ilbc::IlbcEncoder::new(format)?),
        Codec::G722 => Box::new(g722::G722Encoder::new()),
        Codec::Opus => Box::new(OpusEncoder::new(format, &settings.opus)?),
        Codec::Slin => Box::new(slin::SlinEncoder::new(format)),
    })
}

/// A decoder for `format`.
///
/// # Errors
/// [`CodecError::UnsupportedFormat`], [`CodecError::Library`] when memory is short.
pub fn decoder(format: Format) -> Result<Box<dyn Decoder>, CodecError> {
    check(format)?;
    Ok(match format.codec {
        Codec::Ulaw => Box::new(g711::G711Decoder::new(g711::Law::Mu)),
        Codec::Alaw => Box::new(g711::G711Decoder::new(g711::Law::A)),
        Codec::Gsm => Box::new(gsm::GsmDecoder::new()),
        Codec::G726 | Codec::G726Aal2 => Box::new(g726::G726Decoder::new(format)),
        Codec::Adpcm => Box::new(dvi4::Dvi4Decoder::new()),
        Codec::Lpc10 => Box::new(lpc10::Lpc10Decoder::new()?),
        Codec::Speex => Box::new(SpeexDecoder::new(format)?),
        Codec::Ilbc20 | Codec::Ilbc30 => Box::new(ilbc::IlbcDecoder::new(format)?),
        Codec::G722 => Box::new(g722::G722Decoder::new()),
        Codec::Opus => Box::new(OpusDecoder::new(format)?),
        Codec::Slin => Box::new(slin::SlinDecoder::new(format)),
    })
}

fn check(format: Format) -> Result<(), CodecError> {
    let runs = match format.codec {
        Codec::Ulaw
        | Codec::Alaw
        | Codec::Gsm
        | Codec::G726
        | Codec::G726Aal2
        | Codec::Adpcm
        | Codec::Lpc10
        | Codec::Ilbc20
        | Codec::Ilbc30 => format == Format::mono(format.codec, 8_000),
        Codec::Speex => {
            [8_000, 16_000, 32_000].contains(&format.sample_rate) && format.channels == 1
        }
        Codec::G722 => format == Format::G722,
        Codec::Opus => {
            crate::opus::RATES.contains(&format.sample_rate) && (1..=2).contains(&format.channels)
        }
        Codec::Slin => {
            (8_000..=192_000).contains(&format.sample_rate) && (1..=2).contains(&format.channels)
        }
    };
    if runs { Ok(()) } else { Err(CodecError::UnsupportedFormat(format)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{round_trip_snr, sine};

    #[test]
    fn a_tone_survives_every_codec() {
        let check = |format: Format, min_snr_db: f64| {
            let pcm = sine(format.sample_rate, 1_000.0, 8_000.0, 1.0);
            let snr_db = round_trip_snr(format, &pcm);
            assert!(snr_db >= min_snr_db, "{format}: {snr_db:.1} dB");
        };
        check(Format::ULAW, 35.0);
        check(Format::ALAW, 35.0);
        check(Format::G722, 35.0);
        check(Format::G726, 25.0);
        check(Format::G726_AAL2, 25.0);
        check(Format::ADPCM, 20.0);
        check(Format::GSM, 18.0);
        check(Format::SLIN, 85.0);
        check(Format::slin(192_000), 85.0);
        for rate in [8_000, 16_000, 32_000] {
            check(Format::speex(rate), 8.0);
        }
        check(Format::ILBC20, 8.0);
        check(Format::ILBC30, 8.0);
        check(Format::slin(48_000), 85.0);
        for rate in crate::opus::RATES {
            check(Format::mono(Codec::Opus, rate), 12.0);
        }
    }

    #[test]
    fn a_rate_that_a_codec_lacks_is_refused() {
        for format in [
            Format::mono(Codec::Ulaw, 16_000),
            Format::mono(Codec::Opus, 32_000),
            Format { channels: 2, ..Format::ALAW },
            Format { channels: 3, ..Format::OPUS },
            Format::slin(384_000),
            Format::mono(Codec::Gsm, 16_000),
            Format::speex(48_000),
        ] {
            assert_eq!(decoder(format).unwrap_err(), CodecError::UnsupportedFormat(format));
            let refused = encoder(format, &CoderSettings::default());
            assert_eq!(refused.unwrap_err(), CodecError::UnsupportedFormat(format));
        }
    }
}
