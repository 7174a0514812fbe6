//! Declarations of the part of libopus that Sidetone calls (`vendor/opus/include/opus.h`), and
//! the library itself, compiled by `build.rs` from the vendored sources.
//!
//! No safe code lives here: `codec::opus` wraps these functions and is their only caller. What is
//! vendored is release 1.6.1 without tests, documentation, fixed-point build, multistream and
//! neural extensions; `vendor/opus/COPYING` holds its licence.

#![allow(unsafe_code, reason = "declarations of foreign functions")]

use std::ffi::{c_char, c_int, c_uchar};

/// State of an encoder; opaque.
#[repr(C)]
#[derive(Debug)]
pub struct OpusEncoder {
    _private: [u8; 0],
}

/// State of a decoder; opaque.
#[repr(C)]
#[derive(Debug)]
pub struct OpusDecoder {
    _private: [u8; 0],
}

/// No error.
pub const OPUS_OK: c_int = 0;
/// Best for most VoIP uses.
pub const OPUS_APPLICATION_VOIP: c_int = 2048;
/// Best for music: fidelity above intelligibility.
pub const OPUS_APPLICATION_AUDIO: c_int = 2049;
/// Only the lowest delay.
pub const OPUS_APPLICATION_RESTRICTED_LOWDELAY: c_int = 2051;
/// The encoder decides.
pub const OPUS_AUTO: c_int = -1000;
/// As much as a packet can hold.
pub const OPUS_BITRATE_MAX: c_int = -1;
/// The signal is speech.
pub const OPUS_SIGNAL_VOICE: c_int = 3001;
/// The signal is music.
pub const OPUS_SIGNAL_MUSIC: c_int = 3002;

/// Audio up to 4 kHz.
pub const OPUS_BANDWIDTH_NARROWBAND: c_int = 1101;
/// Audio up to 6 kHz.
pub const OPUS_BANDWIDTH_MEDIUMBAND: c_int = 1102;
/// Audio up to 8 kHz.
pub const OPUS_BANDWIDTH_WIDEBAND: c_int = 1103;
/// Audio up to 12 kHz.
pub const OPUS_BANDWIDTH_SUPERWIDEBAND: c_int = 1104;
/// Audio up to 20 kHz.
pub const OPUS_BANDWIDTH_FULLBAND: c_int = 1105;

/// Takes an `opus_int32`: bits per second.
pub const OPUS_SET_BITRATE_REQUEST: c_int = 4002;
/// Takes an `opus_int32`: the widest band that the encoder may choose.
pub const OPUS_SET_MAX_BANDWIDTH_REQUEST: c_int = 4004;
/// Takes an `opus_int32`: 0 constant, 1 variable bitrate.
pub const OPUS_SET_VBR_REQUEST: c_int = 4006;
/// Takes an `opus_int32`: 0–10.
pub const OPUS_SET_COMPLEXITY_REQUEST: c_int = 4010;
/// Takes an `opus_int32`: 0 off, 1 on.
pub const OPUS_SET_INBAND_FEC_REQUEST: c_int = 4012;
/// Takes an `opus_int32`: percent.
pub const OPUS_SET_PACKET_LOSS_PERC_REQUEST: c_int = 4014;
/// Takes an `opus_int32`: 0 off, 1 on.
pub const OPUS_SET_DTX_REQUEST: c_int = 4016;
/// Takes an `opus_int32`: voice, music or auto.
pub const OPUS_SET_SIGNAL_REQUEST: c_int = 4024;
/// Takes nothing: back to the state after creation, settings kept.
pub const OPUS_RESET_STATE: c_int = 4028;

unsafe extern "C" {
    /// A static string such as `libopus 1.6.1`.
    pub fn opus_get_version_string() -> *const c_char;
    /// A static string that names an error.
    pub fn opus_strerror(error: c_int) -> *const c_char;

    /// Allocates an encoder; null and a code in `error` on failure.
    pub fn opus_encoder_create(
        rate: i32,
        channels: c_int,
        application: c_int,
        error: *mut c_int,
    ) -> *mut OpusEncoder;
    /// Encodes one frame of `frame_size` samples for each channel; bytes written, or an error.
    pub fn opus_encode(
        encoder: *mut OpusEncoder,
        pcm: *const i16,
        frame_size: c_int,
        data: *mut c_uchar,
        max_data_bytes: i32,
    ) -> i32;
    /// Sets or asks one thing; the further argument depends on `request`.
    pub fn opus_encoder_ctl(encoder: *mut OpusEncoder, request: c_int, ...) -> c_int;
    /// Frees an encoder.
    pub fn opus_encoder_destroy(encoder: *mut OpusEncoder);

    /// Allocates a decoder; null and a code in `error` on failure.
    pub fn opus_decoder_create(rate: i32, channels: c_int, error: *mut c_int) -> *mut OpusDecoder;
    /// Decodes a packet, conceals a loss (`data` null), or recovers the frame before a packet
    /// (`decode_fec` 1); samples for each channel, or an error.
    pub fn opus_decode(
        decoder: *mut OpusDecoder,
        data: *const c_uchar,
        len: i32,
        pcm: *mut i16,
        frame_size: c_int,
        decode_fec: c_int,
    ) -> c_int;
    /// Sets or asks one thing.
    pub fn opus_decoder_ctl(decoder: *mut OpusDecoder, request: c_int, ...) -> c_int;
    /// Frees a decoder.
    pub fn opus_decoder_destroy(decoder: *mut OpusDecoder);

    /// Samples for each channel that a packet holds at `rate`, or an error.
    pub fn opus_packet_get_nb_samples(packet: *const c_uchar, len: i32, rate: i32) -> c_int;
    /// Whether a packet carries a copy of the frame before it: 1, 0, or an error.
    pub fn opus_packet_has_lbrr(packet: *const c_uchar, len: i32) -> c_int;
}
