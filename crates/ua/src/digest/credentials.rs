//! `Digest key="value", key=token, …`: the parameters of a challenge and of its answer.

use super::Algorithm;

/// Parameters of an authentication header; more than a client ever sends is refused.
const MAX_PARAMS: usize = 32;

/// The parameters of a challenge or an answer, names in lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthParams(Vec<(String, String)>);

impl AuthParams {
    /// Reads the value of an authentication header; `None` if the scheme is not Digest or the
    /// text is not a list of parameters.
    #[must_use]
    pub fn digest(value: &str) -> Option<Self> {
        let value = value.trim();
        let (scheme, mut rest) = value.split_at_checked(6)?;
        if !scheme.eq_ignore_ascii_case("digest") || !rest.starts_with([' ', '\t']) {
            return None;
        }
        let mut params = Vec::new();
        loop {
            rest = rest.trim_start_matches([' ', '\t', '\r', '\n', ',']);
            if rest.is_empty() {
                return Some(Self(params));
            }
            let (name, after) = rest.split_once('=')?;
            let (value, after) = read_value(after.trim_start())?;
            if params.len() == MAX_PARAMS {
                return None;
            }
            params.push((name.trim().to_ascii_lowercase(), value));
            rest = after;
        }
    }

    /// The first value of a parameter.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// A quoted string with escapes, or a token up to the next comma.
fn read_value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(',').unwrap_or(text.len());
        let (token, rest) = text.split_at(end);
        return Some((token.trim().to_owned(), rest));
    };
    let mut value = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, &quoted[at + 1..])),
            '\\' => value.push(chars.next()?.1),
            c => value.push(c),
        }
    }
    None
}

/// An answer to a challenge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// `username`
    pub username: String,
    /// `realm`
    pub realm: String,
    /// `nonce`
    pub nonce: String,
    /// `uri`
    pub uri: String,
    /// `response` in lower case.
    pub response: String,
    /// `algorithm`; MD5 when it is not named, `None` when it is unknown.
    pub algorithm: Option<Algorithm>,
    /// `cnonce`
    pub cnonce: Option<String>,
    /// `qop`
    pub qop: Option<String>,
    /// `nc`
    pub nonce_count: Option<u32>,
}

impl Credentials {
    /// Reads the value of an `Authorization` header. `None` when a required parameter is missing
    /// or unreadable.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        let params = AuthParams::digest(value)?;
        let owned = |name| params.value(name).map(str::to_owned);
        let nonce_count = match params.value("nc") {
            Some(nc) => Some(u32::from_str_radix(nc, 16).ok()?),
            None => None,
        };
        Some(Self {
            username: owned("username")?,
            realm: owned("realm")?,
            nonce: owned("nonce")?,
            uri: owned("uri")?,
            response: params.value("response")?.to_ascii_lowercase(),
            algorithm: Algorithm::from_token(params.value("algorithm").unwrap_or("MD5")),
            cnonce: owned("cnonce"),
            qop: owned("qop"),
            nonce_count,
        })
    }

    /// Writes the value of an `Authorization` header.
    pub(super) fn print(&self, algorithm: Algorithm, opaque: Option<&str>) -> String {
        let mut text = format!(
            "Digest username=\"{}\", realm=\"{}\", nonce=\"{}\", uri=\"{}\", response=\"{}\", \
             algorithm={}",
            self.username.replace('\\', "\\\\").replace('"', "\\\""),
            self.realm,
            self.nonce,
            self.uri,
            self.response,
            algorithm.token()
        );
        if let (Some(qop), Some(cnonce), Some(count)) = (&self.qop, &self.cnonce, self.nonce_count)
        {
            text += &format!(", qop={qop}, cnonce=\"{cnonce}\", nc={count:08x}");
        }
        if let Some(opaque) = opaque {
            text += &format!(", opaque=\"{opaque}\"");
        }
        text
    }
}
