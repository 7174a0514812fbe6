//! How a callee is written in Dial and its relatives: `PJSIP/…` and `Local/…`. Nothing is looked
//! up here.

/// One callee as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Callee<'a> {
    /// `PJSIP/endpoint`: all its contacts.
    Endpoint(&'a str),
    /// `PJSIP/number@endpoint`: a number at the contact of a trunk.
    Through(&'a str, &'a str),
    /// `PJSIP/endpoint/sip:…`: a URI, with the settings of an endpoint.
    At(&'a str, &'a str),
    /// `Local/extension@context/options`; the context is `default` without one.
    Local {
        /// Both as written.
        place: &'a str,
        /// Extension.
        exten: &'a str,
        /// Context.
        context: &'a str,
        /// Letters.
        options: &'a str,
    },
}

impl<'a> Callee<'a> {
    /// Reads one.
    ///
    /// # Errors
    /// What to write instead.
    pub(super) fn read(item: &'a str) -> Result<Self, &'static str> {
        let (technology, resource) = item.split_once('/').ok_or("write PJSIP/endpoint")?;
        if technology.eq_ignore_ascii_case("Local") {
            let (place, options) = resource.split_once('/').unwrap_or((resource, ""));
            let (exten, context) = place.rsplit_once('@').unwrap_or((place, "default"));
            if exten.is_empty() || context.is_empty() {
                return Err("write Local/extension@context");
            }
            return Ok(Self::Local { place, exten, context, options });
        }
        if !technology.eq_ignore_ascii_case("PJSIP") {
            return Err("only PJSIP and Local can be called here");
        }
        Ok(if let Some((name, uri)) = resource.split_once('/') {
            Self::At(name, uri)
        } else if let Some((number, name)) = resource.rsplit_once('@') {
            Self::Through(number, name)
        } else {
            Self::Endpoint(resource)
        })
    }

    /// The callees of `a&b&c`, and of each that is none what to write instead.
    pub(super) fn all(
        text: &'a str,
    ) -> impl Iterator<Item = (&'a str, Result<Self, &'static str>)> {
        let items = text.split('&').map(str::trim).filter(|item| !item.is_empty());
        items.map(|item| (item, Self::read(item)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callees_are_read_and_what_is_none_says_what_to_write() {
        let read = Callee::read;
        assert_eq!(read("pjsip/alice"), Ok(Callee::Endpoint("alice")));
        assert_eq!(read("PJSIP/a@b@trunk"), Ok(Callee::Through("a@b", "trunk")));
        assert_eq!(read("PJSIP/desk/sip:1@x"), Ok(Callee::At("desk", "sip:1@x")));
        let local = Callee::Local { place: "5@sales", exten: "5", context: "sales", options: "n" };
        assert_eq!(read("Local/5@sales/n"), Ok(local));
        let local = Callee::Local { place: "5", exten: "5", context: "default", options: "" };
        assert_eq!(read("Local/5"), Ok(local));
        for none in ["alice", "SIP/alice", "Local/@sales", "Local/5@"] {
            assert!(read(none).is_err_and(|words| !words.is_empty()), "{none}");
        }
        assert_eq!(Callee::all(" PJSIP/a & & x ").count(), 2);
    }
}
