//! Declarations of the part of libspeex that Sidetone calls (`vendor/speex/include`), and the
//! library itself, compiled by `build.rs` from the vendored sources.
//!
//! No safe code lives here: `codec::speex` wraps these functions and is their only caller. What is
//! vendored is release 1.2.1 (as in Debian) without tools, documentation, fixed-point builds,
//! psychoacoustics and the Ogg header; `vendor/speex/COPYING` holds its licence.

#![allow(unsafe_code, reason = "declarations of foreign functions")]

use std::ffi::{c_char, c_int, c_void};

/// A packet's bits while they are written or read. `speex_bits_init` fills it.
#[repr(C)]
#[derive(Debug)]
pub struct SpeexBits {
    /// The octets.
    pub chars: *mut c_char,
    /// Bits in them.
    pub nb_bits: c_int,
    /// Octet of the reader.
    pub char_ptr: c_int,
    /// Bit of the reader.
    pub bit_ptr: c_int,
    /// Whether the octets belong to this value.
    pub owner: c_int,
    /// Whether more was read than was there.
    pub overflow: c_int,
    /// Size of the buffer.
    pub buf_size: c_int,
    /// Reserved.
    pub reserved1: c_int,
    /// Reserved.
    pub reserved2: *mut c_void,
}

/// A band's description; opaque.
#[repr(C)]
#[derive(Debug)]
pub struct SpeexMode {
    _private: [u8; 0],
}

/// 8 kHz.
pub const SPEEX_MODEID_NB: c_int = 0;
/// 16 kHz.
pub const SPEEX_MODEID_WB: c_int = 1;
/// 32 kHz.
pub const SPEEX_MODEID_UWB: c_int = 2;
/// Takes an `int`: whether the decoder sharpens what it decoded.
pub const SPEEX_SET_ENH: c_int = 0;
/// Takes an `int`, 0–10.
pub const SPEEX_SET_QUALITY: c_int = 4;
/// Takes an `int`: whether the number of bits follows the sound.
pub const SPEEX_SET_VBR: c_int = 12;
/// Takes a `float`, 0–10.
pub const SPEEX_SET_VBR_QUALITY: c_int = 14;
/// Takes an `int`, 1–10.
pub const SPEEX_SET_COMPLEXITY: c_int = 16;
/// Takes an `int`: whether silence is noticed.
pub const SPEEX_SET_VAD: c_int = 30;
/// Takes an `int`: bits per second on average.
pub const SPEEX_SET_ABR: c_int = 32;
/// Takes an `int`: whether silence is left out.
pub const SPEEX_SET_DTX: c_int = 34;

unsafe extern "C" {
    /// The description of a band; null for an unknown one.
    pub fn speex_lib_get_mode(mode: c_int) -> *const SpeexMode;
    /// A new encoder; null when memory is short.
    pub fn speex_encoder_init(mode: *const SpeexMode) -> *mut c_void;
    /// Frees an encoder.
    pub fn speex_encoder_destroy(state: *mut c_void);
    /// Encodes one frame, whose samples it may change.
    pub fn speex_encode_int(state: *mut c_void, pcm: *mut i16, bits: *mut SpeexBits) -> c_int;
    /// Sets or reads what the request says.
    pub fn speex_encoder_ctl(state: *mut c_void, request: c_int, value: *mut c_void) -> c_int;
    /// A new decoder; null when memory is short.
    pub fn speex_decoder_init(mode: *const SpeexMode) -> *mut c_void;
    /// Frees a decoder.
    pub fn speex_decoder_destroy(state: *mut c_void);
    /// Decodes one frame: 0, −1 at the end of the packet, −2 for a damaged one. Without bits it
    /// conceals a loss.
    pub fn speex_decode_int(state: *mut c_void, bits: *mut SpeexBits, pcm: *mut i16) -> c_int;
    /// Sets or reads what the request says.
    pub fn speex_decoder_ctl(state: *mut c_void, request: c_int, value: *mut c_void) -> c_int;
    /// Prepares an empty buffer of its own.
    pub fn speex_bits_init(bits: *mut SpeexBits);
    /// Frees the buffer.
    pub fn speex_bits_destroy(bits: *mut SpeexBits);
    /// Empties the buffer.
    pub fn speex_bits_reset(bits: *mut SpeexBits);
    /// Copies a packet into the buffer, which grows when it must.
    pub fn speex_bits_read_from(bits: *mut SpeexBits, octets: *const c_char, len: c_int);
    /// Writes whole octets, ended by the filler of RFC 5574, and returns their number.
    pub fn speex_bits_write(bits: *mut SpeexBits, octets: *mut c_char, room: c_int) -> c_int;
    /// Bits that are left to read.
    pub fn speex_bits_remaining(bits: *mut SpeexBits) -> c_int;
}
