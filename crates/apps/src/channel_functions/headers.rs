//! Finding, adding and removing headers, for the functions that do so.

use sidetone_dialplan::FunctionError;
use sidetone_pbx::channel::SipFacts;
use sidetone_sip::{HeaderName, Headers, Text};

use sidetone_functions::{Outcome, Written};

/// Headers the stack and the exchange write themselves.
const OWN: &[&str] = &[
    "Via",
    "v",
    "From",
    "f",
    "To",
    "t",
    "Call-ID",
    "i",
    "CSeq",
    "Max-Forwards",
    "Contact",
    "m",
    "Content-Length",
    "l",
    "Content-Type",
    "c",
    "Route",
    "Record-Route",
    "RAck",
    "RSeq",
];

/// Whether a name fits what is asked for: in any case and form, or its beginning before `*`.
pub(super) fn fits(name: &str, wanted: &str) -> bool {
    match wanted.strip_suffix('*') {
        Some(prefix) => {
            name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
        }
        None => {
            let read = |name: &str| HeaderName::read(&Text::from(name));
            read(name) == read(wanted)
        }
    }
}

fn shown(name: &HeaderName) -> String {
    String::from_utf8_lossy(name.as_bytes()).into_owned()
}

/// `action,name[,number]`; the number counts from 1.
pub(super) struct Request<'a> {
    pub action: &'a str,
    pub name: &'a str,
    pub number: Option<usize>,
}

impl<'a> Request<'a> {
    pub(super) fn parse(arguments: &'a str) -> Result<Self, FunctionError> {
        let mut parts = arguments.split(',').map(str::trim);
        let (action, name) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        if name.is_empty() {
            let text = "write the action and the header's name, as in read,X-Name";
            return Err(FunctionError::Arguments(text.to_owned()));
        }
        let number = match parts.next() {
            None | Some("") => None,
            Some(text) => Some(number(text)?),
        };
        Ok(Self { action, name, number })
    }
}

pub(super) fn number(text: &str) -> Result<usize, FunctionError> {
    let number = text.trim().parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| FunctionError::Arguments(format!("'{text}' is no number from 1")))
}

/// The value of the n-th header that fits.
pub(super) fn value(headers: &Headers, name: &str, number: Option<usize>) -> String {
    let mut found = headers.iter().filter(|line| fits(&shown(&line.name), name));
    let line = found.nth(number.unwrap_or(1) - 1);
    line.map(|line| line.value.to_str().into_owned()).unwrap_or_default()
}

/// The names of all headers that begin so, each once, in order.
pub(super) fn names(headers: &Headers, prefix: &str) -> String {
    let prefix = prefix.trim().trim_end_matches('*');
    let wanted = format!("{prefix}*");
    let mut names: Vec<String> = Vec::new();
    for line in headers {
        let name = shown(&line.name);
        if fits(&name, &wanted) && !names.contains(&name) {
            names.push(name);
        }
    }
    names.join(",")
}

/// The value of the n-th header of ours that fits.
pub(super) fn own_value(list: &[(String, String)], name: &str, number: Option<usize>) -> String {
    let mut found = list.iter().filter(|(own, _)| fits(own, name));
    found.nth(number.unwrap_or(1) - 1).map(|(_, value)| value.clone()).unwrap_or_default()
}

/// Adds a header, or changes one that is there.
pub(super) fn change(
    list: &mut Vec<(String, String)>,
    request: &Request<'_>,
    value: &str,
) -> Written {
    let name = request.name;
    if OWN.iter().any(|own| own.eq_ignore_ascii_case(name)) {
        let text = format!("{name} is written by the exchange itself");
        return Err(FunctionError::Arguments(text));
    }
    let is_token = name.chars().all(|c| c.is_ascii_alphanumeric() || "-.!%*_+`'~".contains(c));
    let value: String = value.chars().filter(|c| !c.is_control()).collect();
    match request.action.to_ascii_lowercase().as_str() {
        "add" if !is_token => Err(FunctionError::Arguments(format!("'{name}' is no header name"))),
        "add" => {
            if SipFacts::add(list, name, value.trim()) {
                Ok(())
            } else {
                Err(FunctionError::Arguments("too many headers were added".to_owned()))
            }
        }
        "update" => {
            let mut found = list.iter_mut().filter(|(own, _)| fits(own, name));
            let place = found.nth(request.number.unwrap_or(1) - 1);
            let Some((_, old)) = place else {
                let text = format!("there is no header {name} to update; add it first");
                return Err(FunctionError::Arguments(text));
            };
            value.trim().clone_into(old);
            Ok(())
        }
        "remove" => remove(list, request).map(|_| ()),
        other => Err(unknown(other)),
    }
}

/// Removes those that fit; how many there were.
pub(super) fn remove(list: &mut Vec<(String, String)>, request: &Request<'_>) -> Outcome {
    let before = list.len();
    let mut seen = 0;
    list.retain(|(own, _)| {
        if !fits(own, request.name) {
            return true;
        }
        seen += 1;
        request.number.is_some_and(|number| number != seen)
    });
    Ok((before - list.len()).to_string())
}

pub(super) fn unknown(action: &str) -> FunctionError {
    FunctionError::Arguments(format!("'{action}' is none of read, add, update and remove"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(arguments: &str) -> Request<'_> {
        Request::parse(arguments).expect("is one")
    }

    #[test]
    fn headers_are_added_updated_and_removed() {
        let mut list = Vec::new();
        for (name, value) in [("X-One", "1"), ("X-Two", "2"), ("X-One", "3"), ("P-Other", "4")] {
            change(&mut list, &request(&format!("add,{name}")), value).expect("is added");
        }
        assert_eq!(own_value(&list, "x-one", Some(2)), "3");
        change(&mut list, &request("update,X-One,2"), "5").expect("is there");
        assert_eq!(own_value(&list, "X-One", Some(2)), "5");
        assert!(change(&mut list, &request("update,X-Three"), "6").is_err());
        assert_eq!(remove(&mut list, &request("remove,X-One,1")).as_deref(), Ok("1"));
        assert_eq!(own_value(&list, "X-One", None), "5");
        assert_eq!(remove(&mut list, &request("remove,X-*")).as_deref(), Ok("2"));
        assert_eq!(list, [("P-Other".to_owned(), "4".to_owned())]);
    }

    #[test]
    fn what_the_exchange_writes_itself_and_what_is_no_header_is_refused() {
        let mut list = Vec::new();
        for name in ["via", "CSeq", "m", "X Y", "X:Y"] {
            assert!(change(&mut list, &request(&format!("add,{name}")), "1").is_err(), "{name}");
        }
        change(&mut list, &request("add,X-Text"), "a\r\nVia: b").expect("is added");
        assert_eq!(list[0].1, "aVia: b");
    }

    #[test]
    fn names_are_listed_once_by_prefix() {
        let headers: Headers =
            [("X-A", "1"), ("X-B", "2"), ("X-A", "3"), ("To", "4")].into_iter().collect();
        assert_eq!(names(&headers, "X-"), "X-A,X-B");
        assert_eq!(names(&headers, ""), "X-A,X-B,To");
        assert_eq!(value(&headers, "x-a", Some(2)), "3");
        assert_eq!(value(&headers, "X-*", Some(2)), "2");
    }
}
