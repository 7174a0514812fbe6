//! `codec_prefs_incoming_offer=` and its three companions: how the codecs of the other side and
//! those of `allow=` become one list (COD-07).

use std::fmt;
use std::str::FromStr;

use super::capabilities::{CodecOrder, Keep};
use super::codec_spec::CodecSpec;

/// One `codec_prefs_…=` option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodecPreference {
    /// `prefer:` whose list is the preferred one.
    pub prefer: Preferred,
    /// `operation:` what is done with the two lists.
    pub operation: Operation,
    /// `keep:` how much of the result stays.
    pub keep: Keep,
    /// `transcode:` whether codecs the other leg does not have may be added by transcoding.
    pub transcode: Transcode,
}

/// `prefer:`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preferred {
    /// The list that came in.
    Pending,
    /// The list of `allow=`.
    Configured,
}

/// `operation:`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// The preferred list, then what only the other has.
    Union,
    /// What both have, in the preferred order.
    Intersect,
    /// The preferred list alone.
    OnlyPreferred,
    /// The other list alone.
    OnlyNonpreferred,
}

/// `transcode:`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transcode {
    /// Codecs may differ between the legs.
    Allow,
    /// Both legs must use the same codec.
    Prevent,
}

impl Default for CodecPreference {
    fn default() -> Self {
        Self {
            prefer: Preferred::Pending,
            operation: Operation::Intersect,
            keep: Keep::All,
            transcode: Transcode::Allow,
        }
    }
}

impl CodecPreference {
    /// The list that comes of the two.
    #[must_use]
    pub fn apply(&self, pending: &[CodecSpec], configured: &[CodecSpec]) -> Vec<CodecSpec> {
        let (preferred, other) = match self.prefer {
            Preferred::Pending => (pending, configured),
            Preferred::Configured => (configured, pending),
        };
        let has = |list: &[CodecSpec], spec: &CodecSpec| {
            list.iter().any(|own| own.name == spec.name && own.clock_rate == spec.clock_rate)
        };
        let mut result: Vec<CodecSpec> = match self.operation {
            Operation::Union => {
                let rest = other.iter().filter(|spec| !has(preferred, spec));
                preferred.iter().chain(rest).cloned().collect()
            }
            Operation::Intersect => {
                preferred.iter().filter(|spec| has(other, spec)).cloned().collect()
            }
            Operation::OnlyPreferred => preferred.to_vec(),
            Operation::OnlyNonpreferred => other.to_vec(),
        };
        if self.keep == Keep::First {
            result.truncate(1);
        }
        result
    }

    /// What the option means for an answer of ours, which can only hold codecs both sides have:
    /// whose order it takes and how many codecs it keeps.
    #[must_use]
    pub fn answer_policy(&self) -> (CodecOrder, Keep) {
        let pending_leads = match self.operation {
            Operation::OnlyNonpreferred => self.prefer == Preferred::Configured,
            Operation::Union | Operation::Intersect | Operation::OnlyPreferred => {
                self.prefer == Preferred::Pending
            }
        };
        let order = if pending_leads { CodecOrder::Offered } else { CodecOrder::Configured };
        (order, self.keep)
    }
}

impl FromStr for CodecPreference {
    type Err = String;

    /// Reads `prefer: pending, operation: intersect, keep: all, transcode: allow`; parts left out
    /// are as those of [`CodecPreference::default`].
    fn from_str(text: &str) -> Result<Self, String> {
        Self::default().changed(text)
    }
}

impl CodecPreference {
    /// Reads the parts that are written; those left out stay as they are here.
    ///
    /// # Errors
    ///
    /// Names the part that is none.
    pub fn changed(self, text: &str) -> Result<Self, String> {
        let mut preference = self;
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (name, value) = part
                .split_once([':', '='])
                .ok_or_else(|| format!("{part:?} should be name: value"))?;
            let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
            let value = value.to_ascii_lowercase();
            match (name.as_str(), value.as_str()) {
                ("prefer", "pending") => preference.prefer = Preferred::Pending,
                ("prefer", "configured") => preference.prefer = Preferred::Configured,
                ("operation", "union") => preference.operation = Operation::Union,
                ("operation", "intersect") => preference.operation = Operation::Intersect,
                ("operation", "only_preferred") => preference.operation = Operation::OnlyPreferred,
                ("operation", "only_nonpreferred") => {
                    preference.operation = Operation::OnlyNonpreferred;
                }
                ("keep", "all") => preference.keep = Keep::All,
                ("keep", "first") => preference.keep = Keep::First,
                ("transcode", "allow") => preference.transcode = Transcode::Allow,
                ("transcode", "prevent") => preference.transcode = Transcode::Prevent,
                _ => {
                    return Err(format!(
                        "{part:?} is none of prefer: pending|configured, operation: union|\
                         intersect|only_preferred|only_nonpreferred, keep: all|first, \
                         transcode: allow|prevent"
                    ));
                }
            }
        }
        Ok(preference)
    }
}

impl fmt::Display for CodecPreference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefer = match self.prefer {
            Preferred::Pending => "pending",
            Preferred::Configured => "configured",
        };
        let operation = match self.operation {
            Operation::Union => "union",
            Operation::Intersect => "intersect",
            Operation::OnlyPreferred => "only_preferred",
            Operation::OnlyNonpreferred => "only_nonpreferred",
        };
        let keep = match self.keep {
            Keep::All => "all",
            Keep::First => "first",
        };
        let transcode = match self.transcode {
            Transcode::Allow => "allow",
            Transcode::Prevent => "prevent",
        };
        write!(f, "prefer: {prefer}, operation: {operation}, keep: {keep}, transcode: {transcode}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(names: &[&str]) -> Vec<CodecSpec> {
        names.iter().map(|name| CodecSpec::of_config_name(name).unwrap().1).collect()
    }

    #[test]
    fn each_operation_makes_its_list() {
        let (pending, configured) =
            (list(&["ulaw", "opus", "gsm"]), list(&["opus", "g722", "ulaw"]));
        let check = |option: &str, expected: &[&str]| {
            let preference: CodecPreference = option.parse().unwrap();
            assert_eq!(preference.apply(&pending, &configured), list(expected), "{option}");
            assert_eq!(preference.to_string().parse(), Ok(preference));
        };
        check("", &["ulaw", "opus"]);
        check("prefer: configured", &["opus", "ulaw"]);
        check("operation: union", &["ulaw", "opus", "gsm", "g722"]);
        check("operation: only_preferred, keep: first", &["ulaw"]);
        check("prefer: pending, operation: only_nonpreferred", &["opus", "g722", "ulaw"]);
        assert!("prefer: mine".parse::<CodecPreference>().is_err());
    }

    #[test]
    fn an_answer_takes_the_order_of_the_list_that_leads() {
        let order = |option: &str| option.parse::<CodecPreference>().unwrap().answer_policy();
        assert_eq!(order(""), (CodecOrder::Offered, Keep::All));
        assert_eq!(order("prefer: configured, keep: first"), (CodecOrder::Configured, Keep::First));
        let turned = order("prefer: configured, operation: only_nonpreferred");
        assert_eq!(turned.0, CodecOrder::Offered);
    }
}
