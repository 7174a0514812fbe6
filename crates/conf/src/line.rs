//! Lines and comments: what remains of a line once `;` comments and `;-- … --;` blocks are gone.

use crate::limits::MAX_COMMENT_DEPTH;

/// Remembers across lines how many block comments are open.
#[derive(Debug, Default)]
pub(crate) struct Comments {
    depth: usize,
    /// Line at which the outermost open block started, for the message at the end of the file.
    opened_at: u32,
}

/// A line without comments. Columns of the original are kept by a map.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) text: String,
    /// For each character of `text`, its column in the file, from 1.
    columns: Vec<u32>,
}

impl Line {
    /// The column in the file of the character at byte `offset` of the text, from 1.
    pub(crate) fn column(&self, offset: usize) -> u32 {
        let index = self.text.get(..offset).map_or(0, |head| head.chars().count());
        self.columns.get(index).or(self.columns.last()).copied().unwrap_or(1)
    }

    fn push(&mut self, character: char, column: u32) {
        self.text.push(character);
        self.columns.push(column);
    }
}

impl Comments {
    /// Strips comments off one line.
    pub(crate) fn strip(&mut self, raw: &str, line_number: u32) -> Line {
        let mut line = Line::default();
        let characters: Vec<char> = raw.chars().collect();
        let at = |index: usize| characters.get(index).copied();
        let mut index = 0;
        while let Some(character) = at(index) {
            let column = u32::try_from(index + 1).unwrap_or(u32::MAX);
            let opens = character == ';'
                && at(index + 1) == Some('-')
                && at(index + 2) == Some('-')
                // `;---` is a ruler, an ordinary comment.
                && at(index + 3) != Some('-');
            if self.depth > 0 {
                index += self.inside(opens, &characters, index);
                continue;
            }
            match character {
                '\\' if at(index + 1) == Some(';') => {
                    line.push(';', column);
                    index += 2;
                }
                ';' if opens => {
                    self.depth = 1;
                    self.opened_at = line_number;
                    index += 3;
                }
                ';' => break,
                _ => {
                    line.push(character, column);
                    index += 1;
                }
            }
        }
        line
    }

    /// Handles one character inside a block comment; returns how many were used.
    fn inside(&mut self, opens: bool, characters: &[char], index: usize) -> usize {
        if opens {
            self.depth = (self.depth + 1).min(MAX_COMMENT_DEPTH);
            return 3;
        }
        if characters.get(index..index + 3) == Some(&['-', '-', ';']) {
            self.depth -= 1;
            return 3;
        }
        1
    }

    /// The line at which a block comment started that was never closed.
    pub(crate) fn unclosed(&self) -> Option<u32> {
        (self.depth > 0).then_some(self.opened_at)
    }
}

/// Trims what the dialect counts as white space: everything up to U+0020. Returns the rest and
/// the byte offset at which it starts.
pub(crate) fn trim(text: &str) -> (&str, usize) {
    let start = text.find(|character: char| character > ' ').unwrap_or(text.len());
    let rest = text.get(start..).unwrap_or("");
    (rest.trim_end_matches(|character: char| character <= ' '), start)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strip(lines: &[&str]) -> Vec<String> {
        let mut comments = Comments::default();
        lines.iter().zip(1..).map(|(raw, number)| comments.strip(raw, number).text).collect()
    }

    #[test]
    fn a_comment_ends_the_line() {
        assert_eq!(strip(&["a = b ; c", ";d", "e"]), ["a = b ", "", "e"]);
    }

    #[test]
    fn an_escaped_semicolon_is_text() {
        assert_eq!(strip(&[r"a = sip:p\;lr ; x"]), ["a = sip:p;lr "]);
        assert_eq!(strip(&[r"a = p\\;lr"]), [r"a = p\;lr"]);
    }

    #[test]
    fn block_comments_nest_and_leave_what_stands_around_them() {
        assert_eq!(strip(&["a;-- b", "c;-- d --; e", "f --;g"]), ["a", "", "g"]);
        assert_eq!(strip(&[";--- ruler", "a"]), ["", "a"]);
    }

    #[test]
    fn columns_are_those_of_the_file() {
        let line = Comments::default().strip(";-- x --;ä\\;b", 1);
        assert_eq!(line.text, "ä;b");
        assert_eq!((line.column(0), line.column(2), line.column(3)), (10, 11, 13));
    }
}
