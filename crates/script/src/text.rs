//! Values of Lua as the text of an argument, and arguments joined by commas.

use mlua::Value;

/// A value as text, as far as it has one. Whole numbers have no decimal point, however they were
/// computed, and others 14 digits; bytes that are no UTF-8 are replaced.
pub(crate) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.to_string_lossy()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Number(number) => Some(number_text(*number)),
        _ => None,
    }
}

/// `3.0` is `3`: extensions and seconds are counted, and Lua 5.1 wrote it so. `0.1 + 0.2` is `0.3`,
/// as Lua prints it.
#[expect(clippy::cast_possible_truncation, reason = "whole and within the range of i64")]
fn number_text(number: f64) -> String {
    if number.fract() == 0.0 && number.abs() < 1e15 {
        return (number as i64).to_string();
    }
    let rounded: f64 = format!("{number:.13e}").parse().unwrap_or(number);
    rounded.to_string()
}

/// The arguments of an application or a function: `nil` is empty.
///
/// # Errors
/// Which argument has no text, counted from 1, and what it is.
pub(crate) fn join(values: &[Value]) -> Result<String, (usize, &'static str)> {
    let mut joined = String::new();
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            joined.push(',');
        }
        if !value.is_nil() {
            joined.push_str(&text_of(value).ok_or((index + 1, value.type_name()))?);
        }
    }
    Ok(joined)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mlua::Lua;
    use proptest::prelude::*;
    use sidetone_dialplan::arguments::split;

    #[derive(Clone, Debug)]
    enum Given {
        Nil,
        Text(String),
        Whole(i64),
        Broken(f64),
    }

    fn given() -> impl Strategy<Value = Given> {
        prop_oneof![
            Just(Given::Nil),
            "[a-zA-Z0-9@/&. äß-]{0,12}".prop_map(Given::Text),
            any::<i64>().prop_map(Given::Whole),
            any::<f64>().prop_map(Given::Broken),
        ]
    }

    proptest! {
        #[test]
        fn joined_arguments_are_split_into_the_same(given in prop::collection::vec(given(), 2..8)) {
            let lua = Lua::new();
            let values: Vec<Value> = given
                .iter()
                .map(|given| match given {
                    Given::Nil => Value::Nil,
                    Given::Text(text) => Value::String(lua.create_string(text).expect("memory")),
                    Given::Whole(number) => Value::Integer(*number),
                    Given::Broken(number) => Value::Number(*number),
                })
                .collect();
            let joined = join(&values).expect("they have a text");
            let texts: Vec<String> =
                values.iter().map(|value| text_of(value).unwrap_or_default()).collect();
            prop_assert_eq!(split(&joined), texts);
        }
    }

    #[test]
    fn whole_numbers_have_no_decimal_point() {
        for (number, text) in [(50.0, "50"), (-3.0, "-3"), (0.5, "0.5"), (-0.0, "0")] {
            assert_eq!(number_text(number), text);
        }
    }

    #[test]
    fn what_has_no_text_is_named_by_its_place() {
        let values = [Value::Integer(1), Value::Boolean(true)];
        assert_eq!(join(&values), Err((2, "boolean")));
        assert_eq!(join(&[]), Ok(String::new()));
        assert_eq!(join(&[Value::Nil, Value::Nil, Value::Integer(3)]), Ok(",,3".to_owned()));
    }
}
