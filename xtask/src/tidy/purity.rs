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
    ("UnixStream", "bytes in, bytes out; sockets belong to `net`"),
    ("UnixListener", "bytes in, bytes out; sockets belong to `net`"),
    ("fs", "text or bytes that the caller has read"),
    ("File::open", "text or bytes that the caller has read"),
    ("std::process", "a value that tells the caller what to run"),
    ("Command::new", "a value that tells the caller what to run"),
    ("process::exit", "a value that tells the caller what to run"),
    ("std::env", "an argument with what the caller read"),
    ("env::var", "an argument with what the caller read"),
    ("stdin", "text or bytes that the caller has read"),
    ("stdout", "a value that the caller prints"),
    ("stderr", "a value that the caller prints"),
    ("print!", "a value that the caller prints"),
    ("println!", "a value that the caller prints"),
    ("eprint!", "a value that the caller prints"),
    ("eprintln!", "a value that the caller prints"),
    ("dbg!", "a value that the caller prints"),
    ("std::thread", "threads belong to `engine`"),
    ("thread::spawn", "threads belong to `engine`"),
    ("thread::sleep", "handle_timeout(now)"),
    ("Instant::now", "an argument `now: Instant`"),
    ("elapsed()", "an argument `now: Instant`"),
    ("SystemTime::now", "an argument with the time of day"),
    ("Timestamp::now", "an argument with the time of day"),
    ("Zoned::now", "an argument with the time of day"),
    ("getrandom", "an argument `&mut dyn Random`"),
    ("rand::random", "an argument `&mut dyn Random`"),
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
    use crate::process::root;
    use crate::tidy::text::Text;

    /// What is said of `code` as the file `path` of the workspace, with line numbers.
    fn said(path: &str, code: &str) -> Vec<(usize, String)> {
        let table = Table::load().expect("the table of layers can be read");
        let (raw, text) = (code.to_owned(), Text::new(code));
        let source = Source { path: root().join(path), raw, text, is_test: false };
        let mut problems = Vec::new();
        check(&table, &source, &mut problems);
        problems.into_iter().map(|problem| (problem.line, problem.message)).collect()
    }

    #[test]
    fn every_banned_word_is_found_in_a_pure_crate() {
        for (word, instead) in BANNED {
            let problems = said("crates/sip/src/lib.rs", &format!("\nlet it = {word};\n"));
            let message = format!("`{word}` in a pure crate: take {instead}");
            assert!(problems.contains(&(2, message)), "{word}: {problems:?}");
        }
    }

    #[test]
    fn files_variables_processes_and_printing_are_found() {
        for line in [
            "use std::{fs, path::Path};",
            "let text = std::fs::read_to_string(path)?;",
            "let name = std::env::var(\"HOME\");",
            "std::process::exit(1);",
            "println!(\"here\");",
            "let now = std::time::Instant::now();",
        ] {
            assert!(!said("crates/media/src/leg/mod.rs", line).is_empty(), "{line}");
        }
    }

    #[test]
    fn outer_crates_tests_comments_and_strings_may_name_them() {
        let line = "let socket = UdpSocket::bind(address)?;";
        assert!(said("crates/net/src/udp.rs", line).is_empty(), "net owns sockets");
        assert!(said("crates/sip/src/fuzz.rs", line).is_empty(), "a fuzz target is outside");
        let test = format!("#[cfg(test)]\nmod tests {{\n    {line}\n}}\n");
        assert!(said("crates/sip/src/lib.rs", &test).is_empty(), "a test may");
        let words = "// UdpSocket\nlet text = \"UdpSocket\";\n";
        assert!(said("crates/sip/src/lib.rs", words).is_empty(), "a name is not a use");
    }

    #[test]
    fn words_are_matched_whole() {
        assert!(has_word("let now = Instant::now();", "Instant::now"));
        assert!(has_word("use tokio::time;", "tokio"));
        assert!(!has_word("let tokio_like = 1;", "tokio"));
        assert!(!has_word("MyUdpSocket::new()", "UdpSocket"));
    }
}
