//! A function fits on one screen: 70 lines of code at most, blank lines and comments apart, as
//! clippy counts. Here also for code that this machine's clippy does not compile.

use super::{Problem, Source};

/// Style guide, structure 3.
const LIMIT: usize = 70;

pub(super) fn check(source: &Source, problems: &mut Vec<Problem>) {
    let code = &source.text.code;
    for (number, line) in code.iter().enumerate() {
        let Some(name) = function_name(line) else {
            continue;
        };
        let Some(end) = source.text.end_of_block(number) else {
            continue;
        };
        let lines = code[number..=end].iter().filter(|line| !line.trim().is_empty()).count();
        // The signature and the closing brace are not counted.
        if lines > LIMIT + 2 {
            problems.push(Problem::new(
                &source.path,
                number + 1,
                format!(
                    "`{name}` has {} lines, more than {LIMIT}: decide here, compute in leaves",
                    lines - 2
                ),
            ));
        }
    }
}

/// The name of the function that a line of code begins.
fn function_name(line: &str) -> Option<&str> {
    let mut words = line.trim_start();
    loop {
        let (word, rest) = words.split_once([' ', '('])?;
        match word {
            "fn" => {
                let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_'))?;
                return Some(&rest[..end]);
            }
            "pub" | "const" | "async" | "unsafe" | "default" => words = rest.trim_start(),
            "crate)" | "super)" => words = rest.trim_start(),
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_found_behind_their_qualifiers() {
        assert_eq!(function_name("    pub(crate) async fn run(x: u8) {"), Some("run"));
        assert_eq!(function_name("pub const fn new<T>() -> T {"), Some("new"));
        assert_eq!(function_name("fn main() {}"), Some("main"));
        assert_eq!(function_name("let x = f(y);"), None);
        assert_eq!(function_name("type F = fn(u8);"), None);
    }
}
