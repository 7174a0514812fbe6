//! The web phone, embedded: the built bundle of `web/`.

use sidetone_http::Asset;

/// Its files by path.
pub(crate) const ASSETS: &[Asset] = &[
    (
        "/phone/index.html",
        "text/html; charset=utf-8",
        include_bytes!("../../../web/dist/index.html"),
    ),
    ("/phone/phone.css", "text/css", include_bytes!("../../../web/dist/phone.css")),
    ("/phone/phone.js", "text/javascript", include_bytes!("../../../web/dist/phone.js")),
];
