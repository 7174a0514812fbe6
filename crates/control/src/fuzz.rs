//! Entry point for the fuzzer: arbitrary bytes of an exchange to the console.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use crate::commands::words;
use crate::frame::{Frame, read, write};

/// Reads a command line: its words are the same after writing them again.
fn line(data: &[u8]) {
    let words = words::of(&String::from_utf8_lossy(data));
    let again: Vec<String> = words.iter().map(|word| words::quoted(word)).collect();
    assert_eq!(words::of(&again.join(" ")), words);
}

/// Reads frames until the bytes end or are none; each is the same after writing it again.
pub fn fuzz_frame(data: &[u8]) {
    line(data);
    let mut wire = data;
    while let Some(Ok(frame)) = at_once(read(&mut wire)) {
        let mut again = Vec::new();
        let written = at_once(write(&mut again, &frame));
        assert!(matches!(written, Some(Ok(()))), "a vector takes everything");
        let longest = match &frame {
            Frame::Output(text) | Frame::Log(text) => text.len(),
            Frame::Done(_) => 1,
        };
        assert_eq!(again.len(), longest + 5);
        assert!(matches!(at_once(read(&mut &again[..])), Some(Ok(same)) if same == frame));
    }
}

/// What a future gives that never waits: bytes in memory are there.
fn at_once<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn arbitrary_bytes_are_frames_or_none(data in prop::collection::vec(any::<u8>(), 0..200)) {
            super::fuzz_frame(&data);
        }
    }
}
