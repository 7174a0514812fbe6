//! Entry points for the fuzz driver: arbitrary bytes in, invariants asserted.

use crate::coder::decoder;
use crate::dtmf::DtmfDetector;
use crate::format::{Codec, Format, MAX_SAMPLES};
use crate::prompt::Prompt;
use crate::tone::{ToneGenerator, ToneList};

/// No payload makes a decoder crash, write more than there is room, or refuse to conceal later.
pub fn fuzz_decoder(data: &[u8]) {
    let Some((selector, data)) = data.split_first() else {
        return;
    };
    let narrow = Format::mono(Codec::Opus, 8_000);
    let formats: Vec<Format> = [Format::ILBC20, narrow].into_iter().chain(Format::ALL).collect();
    let format = formats[usize::from(*selector) % formats.len()];
    let mut decoder = decoder(format).expect("the formats are supported");
    let mut pcm = [0; MAX_SAMPLES];
    let packet_len = usize::from(*data.first().unwrap_or(&1)).max(1);
    for payload in data.chunks(packet_len) {
        if let Ok(count) = decoder.decode(payload, &mut pcm) {
            assert!(count <= pcm.len());
        }
        let frame = format.sample_rate as usize / 50;
        let frame = frame.min(MAX_SAMPLES);
        let _ = decoder.recover(payload, &mut pcm[..frame]);
        decoder.conceal(&mut pcm[..frame]).expect("20 ms can always be concealed");
    }
}

/// A tone list that parses prints to one that parses to the same, and plays.
pub fn fuzz_tones(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(list) = text.parse::<ToneList>() else {
        return;
    };
    assert_eq!(list.to_string().parse::<ToneList>().as_ref(), Ok(&list));
    let mut generator = ToneGenerator::new(&list, 8_000);
    let mut pcm = [0; 800];
    assert!(generator.fill(&mut pcm) <= pcm.len());
}

/// No file makes the reader of prompts crash.
pub fn fuzz_prompt(data: &[u8]) {
    if let Ok(prompt) = Prompt::from_wav(data) {
        assert!((8_000..=48_000).contains(&prompt.rate));
        assert!(prompt.samples.len() <= data.len());
    }
}

/// No sound makes the detector crash, and keys go down before they come up.
pub fn fuzz_dtmf(data: &[u8]) {
    let pcm: Vec<i16> =
        data.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect();
    let mut detector = DtmfDetector::new(8_000);
    detector.handle_input(&pcm);
    let mut down = false;
    while let Some(event) = detector.poll_output() {
        assert_ne!(down, event.is_began());
        down = event.is_began();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn arbitrary_bytes_break_nothing(data in proptest::collection::vec(any::<u8>(), 0..600)) {
            fuzz_decoder(&data);
            fuzz_tones(&data);
            fuzz_prompt(&data);
            fuzz_dtmf(&data);
        }

        #[test]
        fn texts_like_tone_lists_break_nothing(text in "[!M0-9+*/,]{0,40}") {
            fuzz_tones(text.as_bytes());
        }
    }
}
