//! Declarations of the LPC-10 coder (FS-1015, 2,400 bit/s; `vendor/lpc10/lpc10.h`), and the coder
//! itself, compiled by `build.rs` from the vendored sources.
//!
//! No safe code lives here: `codec::lpc10` wraps these functions and is their only caller. What is
//! vendored is the `lpc10` folder of SoX 14.4.2 (Debian, git of 2019-04-27): the coder of the U.S.
//! Department of Defense of 1993 as A. Fingerhut turned it into C. One thing was changed: its three
//! constants are no longer written by every new coder, which threads did at once (`lpcini.c`).
//! `vendor/lpc10/LICENSE` holds the terms.

#![allow(unsafe_code, reason = "declarations of foreign functions")]

use std::ffi::{c_int, c_void};

/// Samples of a frame.
pub const SAMPLES_PER_FRAME: usize = 180;
/// Bits of a frame.
pub const BITS_PER_FRAME: usize = 54;

/// State of an encoder; opaque.
#[repr(C)]
#[derive(Debug)]
pub struct Lpc10EncoderState {
    _private: [u8; 0],
}

/// State of a decoder; opaque.
#[repr(C)]
#[derive(Debug)]
pub struct Lpc10DecoderState {
    _private: [u8; 0],
}

unsafe extern "C" {
    /// Makes an encoder at rest; null when memory is short.
    pub fn lsx_lpc10_create_encoder_state() -> *mut Lpc10EncoderState;
    /// Makes a decoder at rest; null when memory is short.
    pub fn lsx_lpc10_create_decoder_state() -> *mut Lpc10DecoderState;
    /// Puts a decoder to rest.
    pub fn lsx_lpc10_init_decoder_state(state: *mut Lpc10DecoderState);
    /// Encodes [`SAMPLES_PER_FRAME`] samples between −1 and 1, which it overwrites, into
    /// [`BITS_PER_FRAME`] numbers that are 0 or 1.
    pub fn lsx_lpc10_encode(
        speech: *mut f32,
        bits: *mut i32,
        state: *mut Lpc10EncoderState,
    ) -> c_int;
    /// Decodes [`BITS_PER_FRAME`] numbers into [`SAMPLES_PER_FRAME`] samples, which may go beyond
    /// −1 and 1.
    pub fn lsx_lpc10_decode(
        bits: *mut i32,
        speech: *mut f32,
        state: *mut Lpc10DecoderState,
    ) -> c_int;
    /// Gives back what the two makers took: C's own.
    pub fn free(state: *mut c_void);
}
