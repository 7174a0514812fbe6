//! The texts of `routes.conf` that are more than a word or a number: whom a route calls, when,
//! and for how much. What else stands there, `config` reads by its tables of options.

use sidetone_conf::{Diagnostic, ReadError, Section, Value};
use sidetone_dialplan::TimeRange;

use crate::{Draft, Price, Prices, Rate, Route, Table, causes, read_sheet};

/// Reads a price list by the name that is written.
pub type Lists<'a> = dyn Fn(&str) -> Result<Vec<u8>, ReadError> + 'a;

/// Findings about one section.
struct Findings<'a> {
    section: &'a Section,
    all: Vec<Diagnostic>,
}

impl Findings<'_> {
    fn error(&mut self, option: &str, words: impl Into<String>, hint: &str) {
        let at = self.section.last(option).map_or(&self.section.span, |value| &value.span);
        self.all.push(Diagnostic::error(at, words).hint(hint));
    }

    fn warn(&mut self, words: impl Into<String>, hint: &str) {
        let at = self.section.last("dial").map_or(&self.section.span, |value| &value.span);
        self.all.push(Diagnostic::warning(at, words).hint(hint));
    }
}

/// The lines of an option that say something.
fn lines<'a>(section: &'a Section, name: &'a str) -> impl Iterator<Item = &'a Value> {
    section.all(name).filter(|value| !value.text.is_empty())
}

fn digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_dialled(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || b"+*#".contains(&byte))
}

impl Table {
    /// Takes over the texts of `[general]`.
    #[must_use]
    pub fn take(&mut self, section: &Section) -> Vec<Diagnostic> {
        let mut findings = Findings { section, all: Vec::new() };
        let text = |name: &str| section.text(name).map(str::trim);
        for (name, into) in
            [("country", &mut self.dialling.country), ("national", &mut self.dialling.national)]
        {
            match text(name) {
                Some(text) if digits(text) => text.clone_into(into),
                Some(text) => {
                    let words = format!("'{name} = {text}' are no digits");
                    findings.error(name, words, "write digits only");
                }
                None => {}
            }
        }
        if let Some(text) = text("international") {
            let prefixes = || text.split(',').map(str::trim);
            match prefixes().find(|prefix| !is_dialled(prefix)) {
                Some(prefix) => {
                    let words = format!("international: '{prefix}' is nothing that is dialled");
                    findings.error("international", words, "write digits, +, * and #, as 00,011");
                }
                None => self.dialling.international = prefixes().map(str::to_owned).collect(),
            }
        }
        match text("max_price").filter(|text| !text.is_empty()).map(Price::new) {
            Some(Ok(price)) => self.max_price = Some(price),
            Some(Err(words)) => findings.error("max_price", words, ""),
            None => {}
        }
        for (name, into) in
            [("stop_causes", &mut self.stop_causes), ("rest_causes", &mut self.rest_causes)]
        {
            match text(name).map(causes) {
                Some(Ok(causes)) => *into = causes,
                Some(Err(words)) => {
                    findings.error(name, format!("{name}: {words}"), "write them like 1,17-19,28");
                }
                None => {}
            }
        }
        findings.all
    }
}

impl Route {
    /// Takes over the texts of its section: times and prices, and what there is to say of them, of
    /// the name and of what Dial is told.
    #[must_use]
    pub fn take(&mut self, section: &Section, lists: &Lists<'_>) -> Vec<Diagnostic> {
        let mut findings = Findings { section, all: Vec::new() };
        if self.name.contains([',', '&']) {
            let words = format!("[{}] is no name for a route", self.name);
            findings.all.push(Diagnostic::error(&section.span, words).hint("no comma and no &"));
        }
        self.check_dial(&mut findings);
        if !is_dialled(&self.prepend) {
            let words = format!("'prepend = {}' is nothing that is dialled", self.prepend);
            findings.error("prepend", words, "write digits, +, * and #");
        }
        for value in lines(section, "time") {
            match TimeRange::new(&value.text) {
                Ok(time) => self.times.push(time),
                Err(why) => {
                    let error = Diagnostic::error(&value.span, why.to_string());
                    findings.all.push(error.hint("as in GotoIfTime"));
                }
            }
        }
        let (prices, found) = prices(section, lists);
        if prices.count() == 0 && found.is_empty() {
            let words = format!("route '{}' has no price: no call goes there", self.name);
            let hint = "write price => 49,0.0120, prefix => 49, or prices = FILE.csv";
            findings.warn(words, hint);
        }
        self.prices = prices;
        findings.all.extend(found);
        findings.all
    }

    fn check_dial(&self, findings: &mut Findings<'_>) {
        let text = &self.dial;
        let is_known = |item: &str| {
            let technology = item.trim().split('/').next().unwrap_or_default();
            ["pjsip", "local"].contains(&technology.to_ascii_lowercase().as_str())
                || technology.starts_with('$')
        };
        if text.contains(',') || !text.split('&').all(is_known) {
            let words = format!("'dial = {text}' is nothing that Dial calls");
            let hint = "write PJSIP/${NUMBER}@trunk; timeout and options have lines of their own";
            findings.error("dial", words, hint);
        } else if !text.contains("${NUMBER}") && !text.contains("${E164}") {
            let words = "dial has no ${NUMBER}: every call goes to the same place";
            findings.warn(words, "${NUMBER} is the number after strip and prepend");
        }
    }
}

fn prices(section: &Section, lists: &Lists<'_>) -> (Prices, Vec<Diagnostic>) {
    let mut draft = Draft::default();
    for value in lines(section, "prices") {
        for file in value.items() {
            match lists(file) {
                Ok(bytes) => read_sheet(file, &bytes, &mut draft),
                Err(why) => {
                    let words = format!("prices '{file}': {why}");
                    let error = Diagnostic::error(&value.span, words);
                    draft.say(error.hint("correct the path, or make the file"));
                }
            }
        }
    }
    // Lines of this file come after: one prefix of a list can be corrected here.
    for value in lines(section, "prefix") {
        value.items().for_each(|item| draft.add(item, Rate::default(), "", &value.span));
    }
    for value in lines(section, "price") {
        let mut parts = value.text.split(',').map(str::trim);
        let prefix = parts.next().unwrap_or_default();
        let price = Price::new(parts.next().unwrap_or_default());
        let rate = price.and_then(|price| {
            let fee = parts.next().map_or(Ok(Price::default()), Price::new)?;
            Ok(Rate { price, fee })
        });
        match rate {
            Ok(rate) => draft.add(prefix, rate, "", &value.span),
            Err(words) => {
                let hint = "write price => prefix,price[,connection fee], as 49,0.0120";
                draft.say(Diagnostic::error(&value.span, words).hint(hint));
            }
        }
    }
    for value in lines(section, "block") {
        value.items().for_each(|item| draft.block(item, &value.span));
    }
    draft.finish()
}
