//! Makes new inputs out of known ones: changes bytes, moves and doubles pieces, joins two inputs,
//! writes extreme numbers, inserts words of the format. Seeded: one seed gives one sequence.

use sidetone_base::{Random, SeededRandom};

/// Longest input made: long enough for an SDP with four videos, short enough to stay fast.
pub const MAX_LEN: usize = 8 * 1024;

/// Numbers at which parsers go wrong.
const NUMBERS: &[&str] = &[
    "0",
    "-1",
    "1",
    "255",
    "256",
    "65535",
    "65536",
    "2147483647",
    "2147483648",
    "4294967295",
    "4294967296",
    "18446744073709551616",
    "00000000000000000000000001",
    "1e9",
    "0x10",
];

/// Most changes made to one input at once.
const MAX_CHANGES: u64 = 6;

/// A source of inputs for one target.
#[derive(Debug)]
pub struct Mutator {
    random: SeededRandom,
    corpus: Vec<Vec<u8>>,
    words: Vec<Vec<u8>>,
}

impl Mutator {
    /// A mutator over `corpus`, which may be empty.
    #[must_use]
    pub fn new(seed: u64, mut corpus: Vec<Vec<u8>>, words: &[&str]) -> Self {
        if corpus.is_empty() {
            corpus.push(Vec::new());
        }
        let words = words.iter().chain(NUMBERS).map(|word| word.as_bytes().to_vec()).collect();
        Self { random: SeededRandom::new(seed), corpus, words }
    }

    /// The next input.
    pub fn next_input(&mut self) -> Vec<u8> {
        let mut data = self.pick();
        let changes = 1 + self.random.below(MAX_CHANGES);
        for _ in 0..changes {
            self.change(&mut data);
        }
        data.truncate(MAX_LEN);
        data
    }

    fn pick(&mut self) -> Vec<u8> {
        let index = self.below(self.corpus.len());
        self.corpus[index].clone()
    }

    /// A number in `0..bound`, 0 when `bound` is 0.
    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.random.below(bound as u64)).unwrap_or(0)
    }

    /// A piece of `data`, at most 64 bytes of it.
    fn piece(&mut self, data: &[u8]) -> std::ops::Range<usize> {
        let start = self.below(data.len());
        let len = 1 + self.below((data.len() - start).min(64));
        start..(start + len).min(data.len())
    }

    fn change(&mut self, data: &mut Vec<u8>) {
        match self.random.below(10) {
            0 => self.flip_bit(data),
            1 => self.set_byte(data),
            2 => self.remove_piece(data),
            3 => self.double_piece(data),
            4 | 5 => self.insert_word(data),
            6 => self.replace_number(data),
            7 => self.join(data),
            8 => self.insert_bytes(data),
            _ => self.cut(data),
        }
    }

    fn flip_bit(&mut self, data: &mut [u8]) {
        let at = self.below(data.len());
        let bit = self.below(8);
        if let Some(byte) = data.get_mut(at) {
            *byte ^= 1 << bit;
        }
    }

    fn set_byte(&mut self, data: &mut [u8]) {
        let at = self.below(data.len());
        let values = [0, 1, 0x7f, 0x80, 0xff, b'\r', b'\n', b' ', b'"', b';'];
        let value = values[self.below(values.len())];
        if let Some(byte) = data.get_mut(at) {
            *byte = value;
        }
    }

    fn remove_piece(&mut self, data: &mut Vec<u8>) {
        if !data.is_empty() {
            let piece = self.piece(data);
            data.drain(piece);
        }
    }

    fn double_piece(&mut self, data: &mut Vec<u8>) {
        if data.is_empty() {
            return;
        }
        let piece = self.piece(data);
        let copies = 1 + self.below(8);
        let text = data[piece.clone()].repeat(copies);
        let at = piece.end;
        data.splice(at..at, text);
    }

    fn insert_word(&mut self, data: &mut Vec<u8>) {
        let index = self.below(self.words.len());
        let word = self.words[index].clone();
        let at = self.below(data.len() + 1);
        data.splice(at..at, word);
    }

    fn insert_bytes(&mut self, data: &mut Vec<u8>) {
        let mut bytes = vec![0; 1 + self.below(16)];
        self.random.fill(&mut bytes);
        let at = self.below(data.len() + 1);
        data.splice(at..at, bytes);
    }

    /// Puts an extreme number in the place of a run of digits.
    fn replace_number(&mut self, data: &mut Vec<u8>) {
        let from = self.below(data.len());
        let Some(start) = data.iter().skip(from).position(u8::is_ascii_digit) else {
            return;
        };
        let start = from + start;
        let digits = data[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let number = NUMBERS[self.below(NUMBERS.len())];
        data.splice(start..start + digits, number.bytes());
    }

    /// The beginning of this input with the end of another.
    fn join(&mut self, data: &mut Vec<u8>) {
        let other = self.pick();
        let keep = self.below(data.len() + 1);
        let from = self.below(other.len() + 1);
        data.truncate(keep);
        data.extend_from_slice(&other[from..]);
    }

    fn cut(&mut self, data: &mut Vec<u8>) {
        let keep = self.below(data.len() + 1);
        data.truncate(keep);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_gives_one_sequence() {
        let corpus = || vec![b"INVITE sip:1@2 SIP/2.0".to_vec(), b"12345".to_vec()];
        let mut one = Mutator::new(7, corpus(), &["SIP"]);
        let mut other = Mutator::new(7, corpus(), &["SIP"]);
        for _ in 0..1_000 {
            assert_eq!(one.next_input(), other.next_input());
        }
    }

    #[test]
    fn inputs_stay_within_their_bound() {
        let mut mutator = Mutator::new(1, vec![vec![b'a'; 2 * MAX_LEN]], &[]);
        assert!((0..1_000).all(|_| mutator.next_input().len() <= MAX_LEN));
    }

    #[test]
    fn an_empty_corpus_is_no_obstacle() {
        let mut mutator = Mutator::new(1, Vec::new(), &[]);
        assert!((0..1_000).any(|_| !mutator.next_input().is_empty()));
    }
}
