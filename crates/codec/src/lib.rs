//! Audio between the network and the mixer: encoders and decoders, loss concealment, resampling,
//! tones and prompts, and the cheapest path between two formats.
//!
//! Layer 2 of the crate table: pure; no file is opened and no clock is read. `media` puts these
//! parts into legs and graphs. Nothing allocates per frame: buffers belong to the caller or are
//! made with the coder.
//!
//! A codec that is not in [`Codec`] passes through untouched between two legs that share it, and
//! has no path to any other.

pub mod catalogue;
pub mod coder;
pub mod cost;
pub mod dtmf;
pub mod dvi4;
pub mod fmtp;
pub mod format;
#[doc(hidden)]
pub mod fuzz;
pub mod g711;
pub mod g722;
pub mod g726;
pub mod gsm;
pub mod ilbc;
pub mod lpc10;
pub mod melody;
pub mod noise;
pub mod opus;
pub mod path;
pub mod plc;
pub mod prompt;
pub mod resampler;
pub mod slin;
pub mod speex;
pub mod tone;
pub mod transcoder;

#[cfg(test)]
mod testing;

pub use coder::{CodecError, CoderSettings, Decoder, Encoder, decoder, encoder};
pub use cost::Costs;
pub use format::{Codec, Format};
pub use noise::{NoiseGenerator, NoiseShape};
pub use opus::OpusSettings;
pub use path::{NoPath, Path, path};
pub use prompt::Prompt;
pub use resampler::Resampler;
pub use speex::SpeexSettings;
pub use tone::{ToneGenerator, ToneList};
pub use transcoder::Transcoder;
