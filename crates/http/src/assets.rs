//! Files embedded in the program, like the web phone.

use std::collections::HashMap;
use std::fmt::Write;

use axum::body::Body;
use bytes::Bytes;
use hyper::header::{self, HeaderMap};
use hyper::{Response, StatusCode};
use sha1::{Digest, Sha1};

use crate::page::escape;
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

/// How a page names the path of the WebSocket; the value is what the page says by itself.
const WEBSOCKET: &str = "<meta name=\"websocket\" content=\"/ws\">";

fn tag_of(bytes: &[u8]) -> String {
    let mut tag = String::from("\"");
    for byte in Sha1::digest(bytes).iter().take(10) {
        // Writing to a string cannot fail.
        let _ = write!(tag, "{byte:02x}");
    }
    tag.push('"');
    tag
}

impl Assets {
    pub(crate) fn new(assets: &'static [Asset]) -> Self {
        let stored = |(path, media_type, bytes): &Asset| {
            (*path, Stored { media_type, bytes, tag: tag_of(bytes) })
        };
        Self { files: assets.iter().map(stored).collect() }
    }

    pub(crate) fn has_phone(&self) -> bool {
        self.files.keys().any(|path| path.starts_with("/phone/"))
    }

    /// What a path means. Pages that name the path of the WebSocket are told `websocket`.
    pub(crate) fn lookup(&self, path: &str, websocket: &str, asked: &HeaderMap) -> Lookup {
        if let Some(file) = self.files.get(path) {
            return Lookup::Found(file.answer(websocket, asked));
        }
        let Some(folder) = path.strip_suffix('/') else {
            let index = format!("{path}/index.html");
            let is_folder = self.files.contains_key(index.as_str());
            return if is_folder { Lookup::Folder(format!("{path}/")) } else { Lookup::Missing };
        };
        match self.files.get(format!("{folder}/index.html").as_str()) {
            Some(file) => Lookup::Found(file.answer(websocket, asked)),
            None => Lookup::Missing,
        }
    }
}

impl Stored {
    /// The page with this path of the WebSocket, when it names another.
    fn naming(&self, websocket: &str) -> Option<String> {
        let names = websocket != "/ws" && self.media_type.starts_with("text/html");
        let text = std::str::from_utf8(self.bytes).ok().filter(|_| names)?;
        let content = WEBSOCKET.replace("/ws", &escape(websocket));
        text.contains(WEBSOCKET).then(|| text.replacen(WEBSOCKET, &content, 1))
    }

    fn answer(&self, websocket: &str, asked: &HeaderMap) -> Response<Body> {
        let (bytes, tag) = match self.naming(websocket) {
            Some(page) => {
                let tag = tag_of(page.as_bytes());
                (Bytes::from(page), tag)
            }
            None => (Bytes::from_static(self.bytes), self.tag.clone()),
        };
        let unchanged = is_unchanged(asked, &tag, std::time::SystemTime::UNIX_EPOCH);
        let body = if unchanged { Bytes::new() } else { bytes };
        let mut response = Response::new(Body::from(body));
        if unchanged {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        }
        let headers = response.headers_mut();
        insert(headers, header::CONTENT_TYPE, self.media_type);
        insert(headers, header::ETAG, &tag);
        insert(headers, header::CACHE_CONTROL, "no-cache");
        insert(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
        response
    }
}
