//! The parts of a party as `CALLERID`, `CONNECTEDLINE` and `REDIRECTING` name them.

use sidetone_dialplan::FunctionError;
use sidetone_pbx::party::{PartyId, Presentation};

use sidetone_functions::{Outcome, Written};

/// Reads a part.
pub(super) fn read(party: &PartyId, item: &str) -> Outcome {
    let rare = party.rare.as_deref();
    let valid = |text: &str| if text.is_empty() { "0" } else { "1" }.to_owned();
    Ok(match item.to_ascii_lowercase().as_str() {
        "all" => format!("\"{}\" <{}>", party.name, party.number),
        "name" => party.name.clone(),
        "name-valid" => valid(&party.name),
        "name-charset" => "utf8".to_owned(),
        "num" | "number" => party.number.clone(),
        "num-valid" => valid(&party.number),
        "num-plan" => rare.map_or(0, |rare| rare.plan).to_string(),
        "pres" | "name-pres" | "num-pres" => party.presentation.name().to_owned(),
        "subaddr" => rare.map(|rare| rare.subaddress.clone()).unwrap_or_default(),
        "subaddr-valid" => valid(rare.map_or("", |rare| rare.subaddress.as_str())),
        "subaddr-type" => rare.map_or(0, |rare| rare.subaddress_type).to_string(),
        "subaddr-odd" => u8::from(rare.is_some_and(|rare| rare.subaddress_odd)).to_string(),
        "tag" => party.tag.clone(),
        _ => return Err(FunctionError::Arguments(format!("there is no '{item}'"))),
    })
}

/// Sets a part. What could break a header is left out.
pub(super) fn write(party: &mut PartyId, item: &str, value: &str) -> Written {
    let value: String = value.trim().chars().filter(|c| !c.is_control()).collect();
    match item.to_ascii_lowercase().as_str() {
        "all" => {
            let parsed = sidetone_config::CallerId::parse(&value);
            (party.name, party.number) = (parsed.name, parsed.number);
        }
        "name" => value.trim_matches('"').clone_into(&mut party.name),
        "num" | "number" => party.number = value,
        "name-valid" if is_no(&value) => party.name.clear(),
        "num-valid" if is_no(&value) => party.number.clear(),
        "subaddr-valid" if is_no(&value) => party.rare_mut().subaddress.clear(),
        // What is there is valid.
        "name-valid" | "num-valid" | "subaddr-valid" => {}
        "name-charset" if matches!(value.to_ascii_lowercase().as_str(), "utf8" | "unknown") => {}
        "pres" | "name-pres" | "num-pres" => {
            let known = Presentation::from_name(&value);
            party.presentation = known.ok_or_else(|| {
                let names = Presentation::NAMES.join(", ");
                FunctionError::Arguments(format!("'{value}' is none of {names}"))
            })?;
        }
        "num-plan" => party.rare_mut().plan = number(&value)?,
        "subaddr" => party.rare_mut().subaddress = value,
        "subaddr-type" => party.rare_mut().subaddress_type = number(&value)?,
        "subaddr-odd" => party.rare_mut().subaddress_odd = !is_no(&value),
        "tag" => party.tag = value,
        _ => return Err(FunctionError::Arguments(format!("'{item}' cannot be set"))),
    }
    Ok(())
}

fn is_no(value: &str) -> bool {
    matches!(value.to_ascii_lowercase().as_str(), "0" | "no" | "off" | "false")
}

fn number(value: &str) -> Result<u8, FunctionError> {
    let wrong = || FunctionError::Arguments(format!("'{value}' is no number from 0 to 255"));
    value.parse().map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_that_is_set_reads_back() {
        let mut party = PartyId::default();
        for (item, value) in [
            ("name", "Alice"),
            ("num", "100"),
            ("pres", "prohib"),
            ("num-plan", "33"),
            ("subaddr", "7"),
            ("subaddr-type", "2"),
            ("subaddr-odd", "1"),
            ("tag", "vip"),
        ] {
            write(&mut party, item, value).expect(item);
            assert_eq!(read(&party, item).as_deref(), Ok(value), "{item}");
        }
        assert_eq!(read(&party, "all").as_deref(), Ok("\"Alice\" <100>"));
        assert_eq!(read(&party, "num-valid").as_deref(), Ok("1"));
        write(&mut party, "num-valid", "no").expect("is a part");
        assert_eq!(read(&party, "num").as_deref(), Ok(""));
        assert!(write(&mut party, "pres", "perhaps").is_err());
        assert!(read(&party, "shoe-size").is_err());
    }

    #[test]
    fn a_value_cannot_break_out_of_a_header() {
        let mut party = PartyId::default();
        write(&mut party, "name", "A\r\nX-Evil: 1").expect("is a part");
        assert_eq!(party.name, "AX-Evil: 1");
    }
}
