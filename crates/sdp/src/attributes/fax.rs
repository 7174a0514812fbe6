//! `a=T38…`: what a fax gateway says of itself (ITU-T T.38 annex D.2.3, RFC 3362).
//!
//! A call between two gateways passes their packets on as they are, so what the one says reaches
//! the other as it was written, attributes unknown to us included.

use crate::attribute::{Attribute, Attributes};
use crate::session::Media;

/// `T38…` lines kept of one section. The recommendation has nine.
const MAX_LINES: usize = 16;
/// The longest value kept. The longest of the recommendation's is `transferredTCF`.
const MAX_VALUE: usize = 64;
/// The largest UDPTL datagram a side can take, in bytes.
const MAX_DATAGRAM: &str = "T38FaxMaxDatagram";

/// The T.38 attributes of one `m=image` section, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fax(Vec<Attribute>);

impl Fax {
    /// Whether the section is T.38 over UDPTL, whatever its port.
    #[must_use]
    pub fn is_in(media: &Media) -> bool {
        let line = &media.line;
        line.media.eq_ignore_ascii_case("image")
            && line.protocol.eq_ignore_ascii_case("udptl")
            && line.formats.iter().any(|format| format.eq_ignore_ascii_case("t38"))
    }

    /// Reads the T.38 lines of a section. Those that are too long are left out.
    #[must_use]
    pub fn of(media: &Media) -> Self {
        let is_fax = |line: &&Attribute| {
            let prefix = line.name.get(..3).is_some_and(|name| name.eq_ignore_ascii_case("T38"));
            let long = |text: &str| text.len() > MAX_VALUE;
            prefix && !long(&line.name) && !line.value.as_deref().is_some_and(long)
        };
        Self(media.attributes.iter().filter(is_fax).take(MAX_LINES).cloned().collect())
    }

    /// Writes the lines.
    pub fn write(&self, attributes: &mut Attributes) {
        self.0.iter().for_each(|line| attributes.add(line.clone()));
    }

    /// The value of one line, by its name in any case.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        let named = self.0.iter().find(|line| line.name.eq_ignore_ascii_case(name));
        named.and_then(|line| line.value.as_deref())
    }

    /// The same with another size of datagrams (`t38_udptl_maxdatagram`), in bytes.
    #[must_use]
    pub fn with_max_datagram(mut self, bytes: u32) -> Self {
        let value = Some(bytes.to_string());
        match self.0.iter_mut().find(|line| line.name.eq_ignore_ascii_case(MAX_DATAGRAM)) {
            Some(line) => line.value = value,
            None => self.0.push(Attribute { name: MAX_DATAGRAM.to_owned(), value }),
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Session;

    #[test]
    fn lines_pass_as_they_are_within_bounds() {
        let long = "x".repeat(MAX_VALUE + 1);
        let many = "a=T38Thing:1\n".repeat(40);
        let text = format!(
            "m=image 4000 udptl t38\na=sendrecv\na=T38FaxVersion:0\na=T38FaxFillBitRemoval\n\
             a=t38faxmaxdatagram:400\na=T38VendorInfo:{long}\na=T\n{many}"
        );
        let session = Session::parse(text.as_bytes()).unwrap();
        assert!(Fax::is_in(&session.media[0]));
        let fax = Fax::of(&session.media[0]);
        assert_eq!(fax.0.len(), MAX_LINES);
        assert_eq!(fax.value("T38VendorInfo"), None);
        assert_eq!(fax.clone().with_max_datagram(200).value(MAX_DATAGRAM), Some("200"));
        let mut written = Attributes::default();
        fax.write(&mut written);
        let lines: Vec<String> = written.iter().take(3).map(ToString::to_string).collect();
        assert_eq!(lines, ["T38FaxVersion:0", "T38FaxFillBitRemoval", "t38faxmaxdatagram:400"]);
        assert_eq!(
            Fax::default().with_max_datagram(72).value(MAX_DATAGRAM),
            Some("72"),
            "a size nobody named is added"
        );
    }

    #[test]
    fn other_images_and_other_protocols_are_no_fax() {
        for line in ["image 4000 udptl t37", "image 4000 TCP t38", "audio 4000 udptl t38"] {
            let session = Session::parse(format!("m={line}\n").as_bytes()).unwrap();
            assert!(!Fax::is_in(&session.media[0]), "{line}");
        }
    }
}
