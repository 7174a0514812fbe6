//! The option letters of `Dial`.

use std::time::Duration;

use sidetone_pbx::Cause;
use sidetone_pbx::channel::Rights;
use sidetone_pbx::party::Presentation;

use super::limit::Limit;
use crate::applications::letters::{self, Letter};

/// What the letters do, for the reference page.
pub(super) const DOC: &[(&str, &str)] = &[
    ("A(x[:y])", "Play x to the callee, and y to the caller, before they are connected"),
    ("a", "Answer the caller as soon as the callee answers, before anything is played"),
    ("b([[context^]exten^]priority[(args)])", "Run this subroutine on each called channel first"),
    ("B([[context^]exten^]priority[(args)])", "Run this subroutine on the caller first"),
    ("c", "Tell those who are not answered that the call was answered elsewhere"),
    ("D([called][:calling[:progress]])", "Send these digits after the answer, or with progress"),
    ("d", "A digit of the caller that is an extension here, or in EXITCONTEXT, leads there"),
    ("e", "Run the h extension on the callee too"),
    ("F([[context^]exten^]priority)", "When the caller hangs up the callee goes on there"),
    ("f([x])", "Show x, or this extension, as caller of a forwarded call"),
    ("G([[context^]exten^]priority)", "After the answer the caller goes there, the callee to next"),
    ("g", "Go on in the dialplan when the callee hangs up"),
    ("H", "The caller may hang up by the disconnect code of features.conf"),
    ("h", "The callee may hang up by the disconnect code of features.conf"),
    ("I", "Change no connected line on either side"),
    ("i", "Follow no forwarding (302)"),
    ("j", "Offer the callee the streams of the caller (done always)"),
    ("K", "The caller may park the callee by the code of features.conf"),
    ("k", "The callee may park the caller by the code of features.conf"),
    ("L(x[:y[:z]])", "End after x ms; warn when y ms are left, and every z ms from then on"),
    ("m([class])", "Play music to the caller until the answer"),
    ("o([x])", "Show x, or the caller, as caller on the called channel"),
    ("Q(cause)", "Why the others end when one answers; NONE gives no reason"),
    ("R", "Let the caller hear ringing at once, until early media comes"),
    ("r([tone])", "Let the caller hear ringing, or this tone, at once and no early media"),
    ("S(x)", "End x seconds after the answer"),
    ("s(x)", "Put this tag on the caller"),
    ("T", "The caller may transfer by the codes of features.conf"),
    ("t", "The callee may transfer by the codes of features.conf"),
    ("U(x[^arg…])", "Run subroutine x on the callee after its answer; see GOSUB_RESULT"),
    ("u(x)", "Show the caller or not: allowed…, prohib…, unavailable"),
    ("z", "A forwarded call rings without the timeout"),
];

/// Letters that are known and do nothing here, with the reason.
const REFUSED: &[(char, &str)] = &[
    ('C', "there are no call detail records yet"),
    ('E', "it makes MF and SF digits of D heard by the caller, and none are sent"),
    ('N', "there is no screening yet"),
    ('n', "there is no screening yet"),
    ('O', "it holds an analogue line for an operator, and there are none"),
    ('P', "there is no screening yet"),
    ('p', "there is no screening yet"),
    ('W', "there is no recording by feature codes yet"),
    ('w', "there is no recording by feature codes yet"),
    ('X', "there is no recording by feature codes yet"),
    ('x', "there is no recording by feature codes yet"),
];

/// The options of one Dial. Places in the dialplan stay as written until they are needed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Options {
    /// `A`
    pub announce: Option<[String; 2]>,
    /// `a`
    pub answer_first: bool,
    /// `b`
    pub before_callee: Option<String>,
    /// `B`
    pub before_caller: Option<String>,
    /// `c`
    pub elsewhere: bool,
    /// `D`: for the callee, for the caller, with progress.
    pub digits: [String; 3],
    /// `d`
    pub exit: bool,
    /// `e`
    pub callee_h: bool,
    /// `F`; empty for the next priority.
    pub caller_gone: Option<String>,
    /// `f`; empty for the extension.
    pub forward_caller: Option<String>,
    /// `G`
    pub both_to: Option<String>,
    /// `g`
    pub go_on: bool,
    /// `i`
    pub no_forward: bool,
    /// `L`
    pub limit: Option<Limit>,
    /// `m`; empty for the class of the channel.
    pub music: Option<String>,
    /// `o`; empty for the caller's own number.
    pub shown_caller: Option<String>,
    /// `Q`; the inner `None` for no reason.
    pub end_cause: Option<Option<Cause>>,
    /// `R`
    pub ring_until_media: bool,
    /// `r`; empty for the ringing tone.
    pub ring: Option<String>,
    /// `S`
    pub stop_after: Option<Duration>,
    /// `H`, `K`, `T` and `I`
    pub caller_rights: Rights,
    /// `h`, `k`, `t` and `I`
    pub callee_rights: Rights,
    /// `U`
    pub subroutine: Option<String>,
    /// `u`: whether the caller may be shown.
    pub presentation: Option<Presentation>,
    /// `s`
    pub tag: Option<String>,
    /// `z`
    pub forward_for_ever: bool,
}

impl Options {
    /// Reads the option string; letters without effect are named in the log with the reason.
    pub(super) fn read(text: &str, channel: &str) -> Self {
        let mut options = Self::default();
        for letter in letters::read(text) {
            if let Err(words) = options.consider(&letter) {
                tracing::warn!("{channel}: Dial: {words}");
            }
        }
        options
    }

    /// Takes a letter, or says which one it was and why not.
    fn consider(&mut self, letter: &Letter) -> Result<(), String> {
        let name = letter.letter;
        if let Some((_, why)) = REFUSED.iter().find(|(known, _)| *known == name) {
            return Err(format!("option {name} is ignored: {why}"));
        }
        self.take(letter).map_err(|words| format!("option {name}: {words}"))
    }

    fn take(&mut self, letter: &Letter) -> Result<(), &'static str> {
        let argument = || letter.argument.clone().unwrap_or_default();
        let wanted = || letter.argument.clone().filter(|text| !text.trim().is_empty());
        match letter.letter {
            'A' => self.announce = Some(letters::parts(&wanted().ok_or("name a prompt")?)),
            'a' => self.answer_first = true,
            'b' => self.before_callee = Some(wanted().ok_or("write context^exten^priority")?),
            'B' => self.before_caller = Some(wanted().ok_or("write context^exten^priority")?),
            'c' => self.elsewhere = true,
            'D' => {
                let [called, calling, progress, signals @ ..] = letters::parts::<6>(&argument());
                self.digits = [called, calling, progress];
                if signals.iter().any(|digits| !digits.is_empty()) {
                    return Err("MF and SF digits are not sent: there are no such lines");
                }
            }
            'd' => self.exit = true,
            'e' => self.callee_h = true,
            'F' => self.caller_gone = Some(argument()),
            'f' => self.forward_caller = Some(argument()),
            'G' => self.both_to = Some(wanted().ok_or("write context^exten^priority")?),
            'g' => self.go_on = true,
            'H' => self.caller_rights.disconnect = true,
            'h' => self.callee_rights.disconnect = true,
            'I' => {
                self.caller_rights.no_updates = true;
                self.callee_rights.no_updates = true;
            }
            'i' => self.no_forward = true,
            'j' => {}
            'K' => self.caller_rights.park = true,
            'k' => self.callee_rights.park = true,
            'L' => {
                let read = Limit::read(&argument());
                self.limit = Some(read.ok_or("write milliseconds, as L(60000:10000:5000)")?);
            }
            'm' => self.music = Some(argument()),
            'o' => self.shown_caller = Some(argument()),
            'Q' => self.end_cause = Some(end_cause(&argument())?),
            'R' => self.ring_until_media = true,
            'r' => self.ring = Some(argument()),
            'S' => {
                let time = crate::applications::wait::seconds(&argument());
                self.stop_after = Some(time.ok_or("write seconds, as S(60)")?);
            }
            'T' => self.caller_rights.transfer = true,
            't' => self.callee_rights.transfer = true,
            'M' => return Err("macros are gone: write the macro as a subroutine and use U"),
            'U' => self.subroutine = Some(wanted().ok_or("name a subroutine")?),
            's' => self.tag = Some(argument()),
            'u' => self.presentation = Some(presentation(&argument())?),
            'z' => self.forward_for_ever = true,
            _ => return Err("there is no such option"),
        }
        Ok(())
    }
}

/// What is wrong with an option string as it is written, before anything in it is computed.
/// Letters that are computed leave open what the others are.
pub(super) fn complaints(text: &str) -> Vec<String> {
    let mut letters = letters::read(text);
    if letters.iter().any(|letter| letter.letter == '$') {
        return Vec::new();
    }
    let is_computed =
        |letter: &Letter| letter.argument.as_ref().is_some_and(|text| text.contains('$'));
    letters.retain(|letter| !is_computed(letter));
    let mut options = Options::default();
    letters.iter().filter_map(|letter| options.consider(letter).err()).collect()
}

fn end_cause(text: &str) -> Result<Option<Cause>, &'static str> {
    if text.trim().eq_ignore_ascii_case("none") {
        return Ok(None);
    }
    Cause::from_argument(text).map(Some).ok_or("write a cause by number or name, or NONE")
}

/// How the caller is shown.
fn presentation(text: &str) -> Result<Presentation, &'static str> {
    let found = Presentation::from_name(text.trim());
    found.ok_or("write allowed, prohib, unavailable or one of their longer names")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every letter of the application this one is compatible with.
    const KNOWN: &str = "AabBcCdDEefFgGhHiIjkKLmnNoOpPQrRsStTuUwWxXz";

    #[test]
    fn every_letter_acts_or_says_why_not() {
        for letter in KNOWN.chars() {
            let refused = REFUSED.iter().any(|(known, _)| *known == letter);
            let text = match letter {
                'L' | 'S' => format!("{letter}(1000)"),
                'Q' => "Q(busy)".to_owned(),
                'u' => "u(prohib)".to_owned(),
                _ => format!("{letter}(x)"),
            };
            let read = letters::read(&text);
            let taken = Options::default().take(&read[0]).is_ok();
            assert!(taken != refused, "{letter}");
            let described = DOC.iter().any(|(name, _)| name.starts_with(letter));
            assert!(described != refused, "{letter}");
        }
        assert!(Options::default().take(&letters::read("Y")[0]).is_err());
        let macros = Options::default().take(&letters::read("M(screen)")[0]);
        assert!(macros.is_err_and(|words| words.contains("use U")), "{macros:?}");
    }

    #[test]
    fn options_are_read_with_their_arguments() {
        let options =
            Options::read("gA(hello:goodbye)tHS(5)Q(NONE)m(jazz)u(prohib)D(1:2:3)", "test");
        assert!(options.go_on && options.callee_rights.transfer);
        assert!(options.caller_rights.disconnect && !options.caller_rights.transfer);
        assert_eq!(options.announce, Some(["hello".to_owned(), "goodbye".to_owned()]));
        assert_eq!(options.music.as_deref(), Some("jazz"));
        assert_eq!(options.stop_after, Some(Duration::from_secs(5)));
        assert_eq!(
            (options.end_cause, options.presentation),
            (Some(None), Some(Presentation::Prohib))
        );
        assert_eq!(options.digits, ["1", "2", "3"]);
    }

    proptest::proptest! {
        #[test]
        fn no_option_string_ends_in_a_fault(text in "\\PC{0,80}") {
            let _ = Options::read(&text, "test");
        }
    }

    #[test]
    fn a_wrong_argument_leaves_the_option_out() {
        let told = complaints("D(1:2:3:4)");
        assert_eq!(told, ["option D: MF and SF digits are not sent: there are no such lines"]);
        let options = Options::read("L(soon)S(x)G()Q(nonsense)", "test");
        assert_eq!(options, Options::default());
    }
}
