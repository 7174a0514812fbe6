//! Pure crates take time, bytes and randomness as arguments: no runtime, socket, thread, clock or
//! unseeded randomness of their own. That is what makes simulation, fuzzing and replay possible.

use super::layers::Table;
use super::{Problem, Source};

/// Words that betray impurity, and what to write instead.
const BANNED: &[(&str, &str)] = &[
    ("tokio", "a state machine with handle_input and poll_output"),
    ("UdpSocket", "bytes in, bytes out; sockets belong to `net`"),
    ("TcpStream", "bytes in, bytes out; sockets belong to `net`"),
    ("TcpListener", "bytes in, bytes out; sockets belong to `net`"),
    ("std::thread", "threads belong to `engine`"),
    ("thread::spawn", "threads belong to `engine`"),
    ("thread::sleep", "handle_timeout(now)"),
    ("Instant::now", "an argument `now: Instant`"),
    ("SystemTime::now", "an argument with the time of day"),
    ("Timestamp::now", "an argument with the time of day"),
    ("Zoned::now", "an argument with the time of day"),
    ("getrandom", "an argument `&mut dyn Random`"),
    ("thread_rng", "an argument `&mut dyn Random`"),
    ("OsRng", "an argument `&mut dyn Random`"),
    ("SystemRandom", "an argument `&mut dyn Random`"),
];

pub(super) fn check(table: &Table, source: &Source, problems: &mut Vec<Problem>) {
    // A fuzz target stands in for the world outside and makes up its own time.
    let is_fuzz = source.path.file_name().is_some_and(|name| name == "fuzz.rs");
    if source.is_test || is_fuzz || !table.is_pure(&source.path) {
        return;
    }
    let lines = source.text.code.iter().zip(&source.text.in_test).enumerate();
    for (number, (line, in_test)) in lines {
        if *in_test {
            continue;
        }
        for (word, instead) in BANNED {
            if has_word(line, word) {
                let message = format!("`{word}` in a pure crate: take {instead}");
                problems.push(Problem::new(&source.path, number + 1, message));
            }
        }
    }
}

fn has_word(line: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        !line[..at].ends_with(is_part) && !line[at + word.len()..].starts_with(is_part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_matched_whole() {
        assert!(has_word("let now = Instant::now();", "Instant::now"));
        assert!(has_word("use tokio::time;", "tokio"));
        assert!(!has_word("let tokio_like = 1;", "tokio"));
        assert!(!has_word("MyUdpSocket::new()", "UdpSocket"));
    }
}
