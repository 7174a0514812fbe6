//! Warning (RFC 3261 §20.43): a code, who warns, and a text.

use super::{HeaderError, Shape, TypedHeader};
use crate::lex;
use crate::name::Name;
use crate::text::Text;

/// One warning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// 300 to 399 in SIP; 100 to 999 by grammar.
    pub code: u16,
    /// Host or pseudonym of the warner.
    pub agent: Text,
    /// The text without quotes.
    pub text: Text,
}

impl TypedHeader for Warning {
    const NAME: Name = Name::Warning;
    const SHAPE: Shape = Shape::List;

    fn parse(value: &Text) -> Result<Self, HeaderError> {
        let problem = "three digits, an agent and a quoted text";
        let mut rest = value.as_bytes().trim_ascii();
        let mut word = || {
            let (head, tail) = lex::cut(rest, b' ')?;
            rest = tail;
            Some(head)
        };
        let (code, agent) = (word(), word());
        let (Some(code), Some(agent)) = (code, agent) else {
            return Err(Self::error(problem));
        };
        let closed = lex::closing_quote(rest, 0) == rest.len().checked_sub(1);
        if code.len() != 3 || rest.first() != Some(&b'"') || !closed {
            return Err(Self::error(problem));
        }
        let code = value.share(code).decimal().ok_or(Self::error(problem))?;
        Ok(Self { code, agent: value.share(agent), text: value.share(rest).unquoted() })
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(format!("{:03} ", self.code).as_bytes());
        out.extend_from_slice(self.agent.as_bytes());
        out.push(b' ');
        out.extend_from_slice(Text::quoted(&self.text).as_bytes());
    }
}
