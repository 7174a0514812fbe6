//! Reads and computes an expression in one pass, by precedence climbing.

use std::cmp::Ordering;

use super::lexer::{Token, tokens};
use super::value::{Number, Value};
use super::{ExpressionError, Outcome, math, regexp};
use crate::limits::MAX_EXPRESSION_DEPTH;

type Computed = Result<Value, ExpressionError>;

/// Binds looser than any binary operator.
const LOOSEST: u8 = 1;
/// Unary `!` and `-`: tighter than `* / %`, looser than `: =~ ~~`.
const UNARY: u8 = 6;

pub(super) fn evaluate(text: &str) -> Result<Outcome, ExpressionError> {
    let tokens = tokens(text);
    let mut parser = Parser { tokens: &tokens, at: 0, depth: 0, warning: None };
    let value = parser.conditional()?;
    if let Some(token) = parser.peek() {
        return Err(match token {
            Token::Operator(")") => ExpressionError::Unclosed("("),
            Token::Operator("::") => ExpressionError::Unclosed("?"),
            token => ExpressionError::MissingOperator(describe(token)),
        });
    }
    Ok(Outcome { text: value.into_text(), warning: parser.warning })
}

struct Parser<'t> {
    tokens: &'t [Token<'t>],
    at: usize,
    depth: usize,
    warning: Option<String>,
}

fn describe(token: &Token<'_>) -> String {
    match token {
        Token::Word(text) | Token::Quoted(text) => (*text).to_owned(),
        Token::Operator(operator) => (*operator).to_owned(),
    }
}

fn strength(operator: &str) -> Option<u8> {
    Some(match operator {
        "|" | "||" => LOOSEST,
        "&" | "&&" => 2,
        "=" | "==" | "!=" | "<" | ">" | "<=" | ">=" => 3,
        "+" | "-" => 4,
        "*" | "/" | "%" => 5,
        ":" | "=~" | "~~" => 7,
        _ => return None,
    })
}

impl<'t> Parser<'t> {
    fn peek(&self) -> Option<&'t Token<'t>> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Option<&'t Token<'t>> {
        let token = self.tokens.get(self.at);
        self.at += 1;
        token
    }

    fn accept(&mut self, operator: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Operator(found)) if *found == operator);
        self.at += usize::from(found);
        found
    }

    fn warn(&mut self, text: String) {
        self.warning.get_or_insert(text);
    }

    fn nested(&mut self, parse: impl FnOnce(&mut Self) -> Computed) -> Computed {
        self.depth += 1;
        if self.depth > MAX_EXPRESSION_DEPTH {
            return Err(ExpressionError::TooDeep);
        }
        let value = parse(self);
        self.depth -= 1;
        value
    }

    /// `condition ? then :: otherwise`, or anything tighter.
    fn conditional(&mut self) -> Computed {
        let condition = self.binary(LOOSEST)?;
        if !self.accept("?") {
            return Ok(condition);
        }
        let then = self.nested(Self::conditional)?;
        if !self.accept("::") {
            return Err(ExpressionError::Unclosed("::"));
        }
        let otherwise = self.nested(Self::conditional)?;
        Ok(if condition.is_true() { then } else { otherwise })
    }

    fn binary(&mut self, weakest: u8) -> Computed {
        let mut value = self.unary()?;
        while let Some(Token::Operator(operator)) = self.peek() {
            let Some(strength) = strength(operator).filter(|strength| *strength >= weakest) else {
                break;
            };
            self.at += 1;
            let other = self.binary(strength + 1)?;
            value = self.apply(operator, value, other);
        }
        Ok(value)
    }

    fn unary(&mut self) -> Computed {
        if self.accept("!") {
            let value = self.nested(|parser| parser.binary(UNARY))?;
            return Ok(Value::truth(!value.is_true()));
        }
        if self.accept("-") {
            let value = self.nested(|parser| parser.binary(UNARY))?;
            let zero = Number::Integer(0);
            let number = self.numeric(&value);
            let negative = zero.combine(number, i128::checked_sub, |a, b| a - b);
            return Ok(Value::Number(negative));
        }
        self.primary()
    }

    fn primary(&mut self) -> Computed {
        match self.next() {
            None => Err(ExpressionError::MissingValue(None)),
            Some(Token::Quoted(text)) => Ok(Value::Quoted(text.replace("\\\"", "\""))),
            Some(Token::Word(name)) if self.accept("(") => self.function(name),
            Some(Token::Word(text)) => Ok(Value::Word((*text).to_owned())),
            Some(Token::Operator("(")) => {
                let value = self.nested(Self::conditional)?;
                if !self.accept(")") {
                    return Err(ExpressionError::Unclosed(")"));
                }
                Ok(value)
            }
            Some(Token::Operator(operator)) => {
                Err(ExpressionError::MissingValue(Some((*operator).to_owned())))
            }
        }
    }

    fn function(&mut self, name: &str) -> Computed {
        let mut parameters = Vec::new();
        loop {
            let value = self.nested(Self::conditional)?;
            parameters.push(self.numeric(&value).as_f64());
            if self.accept(")") {
                break;
            }
            if !self.accept(",") {
                return Err(ExpressionError::Unclosed(")"));
            }
        }
        match math::call(name, &parameters) {
            Some(result) => Ok(Value::Number(Number::Decimal(result))),
            None => Err(ExpressionError::UnknownFunction(name.to_owned())),
        }
    }

    /// The operand as a number; 0 with a warning if it is none.
    fn numeric(&mut self, value: &Value) -> Number {
        value.number().unwrap_or_else(|| {
            self.warn(format!("`{}` is no number and counts as 0", value.text()));
            Number::Integer(0)
        })
    }

    fn apply(&mut self, operator: &str, a: Value, b: Value) -> Value {
        match operator {
            "|" | "||" => {
                if a.is_true() {
                    a
                } else {
                    b
                }
            }
            "&" | "&&" => {
                if a.is_true() && b.is_true() {
                    a
                } else {
                    Value::FALSE
                }
            }
            "=" | "==" => Value::truth(a.compare(&b) == Some(Ordering::Equal)),
            "!=" => Value::truth(a.compare(&b) != Some(Ordering::Equal)),
            "<" => Value::truth(a.compare(&b).is_some_and(Ordering::is_lt)),
            ">" => Value::truth(a.compare(&b).is_some_and(Ordering::is_gt)),
            "<=" => Value::truth(a.compare(&b).is_some_and(Ordering::is_le)),
            ">=" => Value::truth(a.compare(&b).is_some_and(Ordering::is_ge)),
            "~~" => Value::Word(a.into_text() + &b.into_text()),
            ":" | "=~" => self.regex(operator, &a, &b),
            arithmetic => self.arithmetic(arithmetic, &a, &b),
        }
    }

    fn arithmetic(&mut self, operator: &str, a: &Value, b: &Value) -> Value {
        let (x, y) = (self.numeric(a), self.numeric(b));
        if matches!(operator, "/" | "%") && y.as_f64() == 0.0 {
            self.warn("division by zero counts as 0".to_owned());
            return Value::FALSE;
        }
        Value::Number(match operator {
            "+" => x.combine(y, i128::checked_add, |a, b| a + b),
            "-" => x.combine(y, i128::checked_sub, |a, b| a - b),
            "*" => x.combine(y, i128::checked_mul, |a, b| a * b),
            "%" => x.combine(y, i128::checked_rem, |a, b| a % b),
            _ => {
                let exact = |a: i128, b| (a.checked_rem(b)? == 0).then(|| a / b);
                x.combine(y, exact, |a, b| a / b)
            }
        })
    }

    /// The first group if the pattern has one, the length of the match otherwise.
    fn regex(&mut self, operator: &str, text: &Value, pattern: &Value) -> Value {
        let pattern = pattern.text();
        let anchored =
            if operator == ":" { format!("^(?:{pattern})") } else { pattern.into_owned() };
        let regex = match regexp::compile(&anchored, regexp::Case::Sensitive) {
            Ok(regex) => regex,
            Err(reason) => {
                self.warn(reason);
                return Value::FALSE;
            }
        };
        let text = text.text();
        let found = regex.captures(&text);
        if regex.captures_len() > 1 {
            let group = found.and_then(|found| found.get(1));
            return Value::Word(group.map_or(String::new(), |group| group.as_str().to_owned()));
        }
        let length = found.and_then(|found| found.get(0)).map_or(0, |m| m.as_str().chars().count());
        Value::Number(Number::Integer(i128::try_from(length).unwrap_or(0)))
    }
}
