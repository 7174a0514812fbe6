//! Files embedded in the program, like the web phone.

use std::collections::HashMap;
use std::fmt::Write;

use axum::body::Body;
use bytes::Bytes;
use hyper::header::{self, HeaderMap};
use hyper::{Response, StatusCode};
use sha1::{Digest, Sha1};

use crate::statics::{insert, is_unchanged};

/// Path (like `/phone/index.html`), media type, content.
pub type Asset = (&'static str, &'static str, &'static [u8]);

/// The embedded files with their validators.
pub(crate) struct Assets {
    files: HashMap<&'static str, Stored>,
}

struct Stored {
    media_type: &'static str,
    bytes: &'static [u8],
    tag: String,
}

/// What a path means among the assets.
pub(crate) enum Lookup {
    /// A file's answer.
    Found(Response<Body>),
    /// A folder asked for without its slash, after which relative links would be wrong.
    Folder(String),
    /// Nothing.
    Missing,
}

impl Assets {
    pub(crate) fn new(assets: &'static [Asset]) -> Self {
        let stored = |(path, media_type, bytes): &Asset| {
            let mut tag = String::from("\"");
            for byte in Sha1::digest(bytes).iter().take(10) {
                // Writing to a string cannot fail.
                let _ = write!(tag, "{byte:02x}");
            }
            tag.push('"');
            (*path, Stored { media_type, bytes, tag })
        };
        Self { files: assets.iter().map(stored).collect() }
    }

    pub(crate) fn has_phone(&self) -> bool {
        self.files.keys().any(|path| path.starts_with("/phone/"))
    }

    pub(crate) fn lookup(&self, path: &str, asked: &HeaderMap) -> Lookup {
        if let Some(file) = self.files.get(path) {
            return Lookup::Found(file.answer(asked));
        }
        let Some(folder) = path.strip_suffix('/') else {
            let index = format!("{path}/index.html");
            let is_folder = self.files.contains_key(index.as_str());
            return if is_folder { Lookup::Folder(format!("{path}/")) } else { Lookup::Missing };
        };
        match self.files.get(format!("{folder}/index.html").as_str()) {
            Some(file) => Lookup::Found(file.answer(asked)),
            None => Lookup::Missing,
        }
    }
}

impl Stored {
    fn answer(&self, asked: &HeaderMap) -> Response<Body> {
        let unchanged = is_unchanged(asked, &self.tag, std::time::SystemTime::UNIX_EPOCH);
        let body = if unchanged { Bytes::new() } else { Bytes::from_static(self.bytes) };
        let mut response = Response::new(Body::from(body));
        if unchanged {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        }
        let headers = response.headers_mut();
        insert(headers, header::CONTENT_TYPE, self.media_type);
        insert(headers, header::ETAG, &self.tag);
        insert(headers, header::CACHE_CONTROL, "no-cache");
        insert(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
        response
    }
}
