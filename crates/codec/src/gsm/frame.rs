//! The 260 bits of a GSM full-rate frame and their order in RTP (RFC 3551 §4.5.8.1): a signature
//! of four bits, then the parameters, most significant bit first.

/// Bytes of a frame.
pub(super) const FRAME_LEN: usize = 33;
/// The first four bits.
const SIGNATURE: u8 = 0xd;
/// Bits of the eight log-area ratios.
const RATIO_BITS: [u32; 8] = [6, 6, 5, 5, 4, 4, 3, 3];

/// The parameters of a quarter of a frame, 5 ms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct SubFrame {
    /// Lag of the long-term predictor in samples, 40–120.
    pub(super) lag: u8,
    /// Its gain, as an index, 0–3.
    pub(super) gain: u8,
    /// Which of the four grids, 0–3.
    pub(super) grid: u8,
    /// The largest pulse on a logarithmic scale, 0–63.
    pub(super) maximum: u8,
    /// The pulses, 0–7 each.
    pub(super) pulses: [u8; 13],
}

/// The parameters of 20 ms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) ratios: [u8; 8],
    pub(super) parts: [SubFrame; 4],
}

impl Frame {
    pub(super) fn write(&self, octets: &mut [u8; FRAME_LEN]) {
        let mut writer = BitWriter { octets, at: 0 };
        writer.put(SIGNATURE, 4);
        for (ratio, bits) in self.ratios.iter().zip(RATIO_BITS) {
            writer.put(*ratio, bits);
        }
        for part in &self.parts {
            writer.put(part.lag, 7);
            writer.put(part.gain, 2);
            writer.put(part.grid, 2);
            writer.put(part.maximum, 6);
            for pulse in part.pulses {
                writer.put(pulse, 3);
            }
        }
    }

    /// `None` without the signature.
    pub(super) fn read(octets: &[u8; FRAME_LEN]) -> Option<Self> {
        let mut reader = BitReader { octets, at: 0 };
        if reader.take(4) != SIGNATURE {
            return None;
        }
        let mut frame = Self::default();
        for (ratio, bits) in frame.ratios.iter_mut().zip(RATIO_BITS) {
            *ratio = reader.take(bits);
        }
        for part in &mut frame.parts {
            part.lag = reader.take(7);
            part.gain = reader.take(2);
            part.grid = reader.take(2);
            part.maximum = reader.take(6);
            for pulse in &mut part.pulses {
                *pulse = reader.take(3);
            }
        }
        Some(frame)
    }
}

struct BitWriter<'a> {
    octets: &'a mut [u8; FRAME_LEN],
    at: usize,
}

impl BitWriter<'_> {
    fn put(&mut self, value: u8, bits: u32) {
        for bit in (0..bits).rev() {
            let octet = &mut self.octets[self.at / 8];
            let mask = 0x80 >> (self.at % 8);
            if (value >> bit) & 1 == 1 {
                *octet |= mask
            } else {
                *octet &= !mask
            }
            self.at += 1;
        }
    }
}

struct BitReader<'a> {
    octets: &'a [u8; FRAME_LEN],
    at: usize,
}

impl BitReader<'_> {
    fn take(&mut self, bits: u32) -> u8 {
        (0..bits).fold(0, |value, _| {
            let bit = (self.octets[self.at / 8] >> (7 - self.at % 8)) & 1;
            self.at += 1;
            (value << 1) | bit
        })
    }
}
