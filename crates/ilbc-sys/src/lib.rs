//! Declarations of the iLBC coder of WebRTC (RFC 3951;
//! `vendor/webrtc/modules/audio_coding/codecs/ilbc/ilbc.h`), and the coder itself, compiled by
//! `build.rs` from the vendored sources.
//!
//! No safe code lives here: `codec::ilbc` wraps these functions and is their only caller. What is
//! vendored is the coder and what it needs of WebRTC's signal processing, as in Debian's
//! `libtgowt` of 2023-01-05, with three small files of ours in place of C++ headers (`checks.h`,
//! `attributes.h`, `dot_product_with_scale.c`); `vendor/webrtc/LICENSE` and `PATENTS` hold the
//! terms.

#![allow(unsafe_code, reason = "declarations of foreign functions")]

use std::ffi::c_int;

/// State of an encoder; opaque.
#[repr(C)]
#[derive(Debug)]
pub struct IlbcEncoderInstance {
    _private: [u8; 0],
}

/// State of a decoder; opaque.
#[repr(C)]
#[derive(Debug)]
pub struct IlbcDecoderInstance {
    _private: [u8; 0],
}

unsafe extern "C" {
    /// Makes an encoder; −1 when memory is short.
    pub fn WebRtcIlbcfix_EncoderCreate(state: *mut *mut IlbcEncoderInstance) -> i16;
    /// Makes a decoder; −1 when memory is short.
    pub fn WebRtcIlbcfix_DecoderCreate(state: *mut *mut IlbcDecoderInstance) -> i16;
    /// Frees an encoder.
    pub fn WebRtcIlbcfix_EncoderFree(state: *mut IlbcEncoderInstance) -> i16;
    /// Frees a decoder.
    pub fn WebRtcIlbcfix_DecoderFree(state: *mut IlbcDecoderInstance) -> i16;
    /// Starts an encoder with frames of 20 or 30 ms.
    pub fn WebRtcIlbcfix_EncoderInit(state: *mut IlbcEncoderInstance, millis: i16) -> i16;
    /// Starts a decoder with frames of 20 or 30 ms.
    pub fn WebRtcIlbcfix_DecoderInit(state: *mut IlbcDecoderInstance, millis: i16) -> i16;
    /// Encodes whole frames (`len` samples) and returns the number of octets, or −1.
    pub fn WebRtcIlbcfix_Encode(
        state: *mut IlbcEncoderInstance,
        pcm: *const i16,
        len: usize,
        octets: *mut u8,
    ) -> c_int;
    /// Decodes whole frames (`len` octets) and returns the number of samples, or −1.
    pub fn WebRtcIlbcfix_Decode(
        state: *mut IlbcDecoderInstance,
        octets: *const u8,
        len: usize,
        pcm: *mut i16,
        kind: *mut i16,
    ) -> c_int;
    /// Conceals lost frames and returns the number of samples.
    pub fn WebRtcIlbcfix_DecodePlc(
        state: *mut IlbcDecoderInstance,
        pcm: *mut i16,
        frames: usize,
    ) -> usize;
}
