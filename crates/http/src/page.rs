//! Answers that the server makes itself: error pages, redirects, the status table, the landing
//! page.

use std::net::SocketAddr;
use std::time::SystemTime;

use axum::body::Body;
use hyper::header::{CONTENT_TYPE, HeaderValue, LOCATION};
use hyper::{Response, StatusCode};
use sidetone_net::tls::CertificateDescription;

use crate::date::http_date;
use crate::status::StatusReport;

/// What a landing page is made from.
#[derive(Clone, Debug)]
pub struct LandingContext {
    /// The server's name.
    pub server_name: String,
    /// What every path starts with.
    pub prefix: String,
    /// Whether the page is asked for over TLS: then the browser has accepted the certificate.
    pub is_secure: bool,
    /// The `Host` asked for, without port.
    pub host: Option<String>,
    /// Where the TLS listener is.
    pub https: Option<SocketAddr>,
    /// The certificate in use.
    pub certificate: Option<CertificateDescription>,
    /// Whether the web phone is served.
    pub has_phone: bool,
}

/// A page in the shape of the server's errors.
pub(crate) fn error(status: StatusCode, text: &str, server_name: &str) -> Response<Body> {
    let title = status.canonical_reason().unwrap_or("Error");
    let html = format!(
        "<!DOCTYPE HTML PUBLIC \"-//IETF//DTD HTML 2.0//EN\">\r\n<html><head>\r\n\
         <title>{code} {title}</title>\r\n</head><body>\r\n<h1>{title}</h1>\r\n<p>{text}</p>\r\n\
         <hr />\r\n<address>{server}</address>\r\n</body></html>\r\n",
        code = status.as_u16(),
        server = escape(server_name),
    );
    let mut response = html_page(html);
    *response.status_mut() = status;
    response
}

pub(crate) fn html_page(html: String) -> Response<Body> {
    let mut response = Response::new(Body::from(html));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html"));
    response
}

pub(crate) fn redirect(to: &str, server_name: &str) -> Response<Body> {
    let mut response = error(StatusCode::FOUND, "Redirecting.", server_name);
    if let Ok(location) = HeaderValue::from_str(to) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

/// `/httpstatus`.
pub(crate) fn status(report: &StatusReport) -> Response<Body> {
    let mut rows = String::new();
    let mut row = |name: &str, value: &str| {
        rows.push_str(&format!(
            "<tr><td><i>{name}</i></td><td><b>{}</b></td></tr>\r\n",
            escape(value)
        ));
    };
    let address = |bound: Option<SocketAddr>| bound.map_or("off".into(), |at| at.to_string());
    row("Server", &report.server_name);
    row("Prefix", &report.prefix);
    row("Bind Address", &address(report.http));
    row("TLS Bind Address", &address(report.https));
    row("Sessions", &format!("{} of {}", report.sessions, report.session_limit));
    row("Sessions refused", &report.sessions_refused_total.to_string());
    row("Requests", &report.requests_total.to_string());
    row("WebSockets opened", &report.websockets_total.to_string());
    row("TLS handshakes failed", &report.tls_failures_total.to_string());
    for (uri, description) in &report.uris {
        row(&escape(uri), description);
    }
    for (from, to) in &report.redirects {
        row(&escape(from), &format!("redirect to {to}"));
    }
    html_page(format!(
        "<!DOCTYPE html>\r\n<html><head><title>HTTP Status</title></head>\r\n<body>\r\n\
         <h1>HTTP Status</h1>\r\n<table>\r\n{rows}</table>\r\n</body></html>\r\n"
    ))
}

/// The landing page of a caller that gives none: says what the certificate's state is and leads
/// to the phone (TLS-04).
#[must_use]
pub fn default_landing(context: &LandingContext) -> String {
    let server = escape(&context.server_name);
    let state = certificate_state(context);
    let phone = if context.has_phone {
        format!("<p><a href=\"{}/phone/\">Open the web phone</a></p>\r\n", escape(&context.prefix))
    } else {
        String::new()
    };
    format!(
        "<!DOCTYPE html>\r\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <title>{server}</title></head>\r\n<body>\r\n<h1>{server}</h1>\r\n{state}{phone}\
         </body></html>\r\n"
    )
}

fn certificate_state(context: &LandingContext) -> String {
    if !context.is_secure {
        let Some(https) = context.https else {
            return "<p>This server has no TLS listener: a browser phone works only on the \
                    machine itself. Set <code>tlsenable</code> in http.conf.</p>\r\n"
                .to_owned();
        };
        let host = context.host.clone().unwrap_or_else(|| https.ip().to_string());
        let address =
            format!("https://{}:{}{}/", escape(&host), https.port(), escape(&context.prefix));
        return format!(
            "<p>This page is not encrypted. Browsers give a page the microphone only over TLS: \
             open <a href=\"{address}\">{address}</a>. If the browser warns about the \
             certificate, accept it there once; otherwise the phone cannot connect and the \
             browser does not say why.</p>\r\n"
        );
    }
    let Some(certificate) = &context.certificate else {
        return String::new();
    };
    let until = http_date(certificate.not_after);
    let days = certificate.time_left(SystemTime::now()).as_secs() / 86_400;
    let kind = if certificate.self_signed { "signed by itself" } else { "signed by an authority" };
    let names: Vec<String> = certificate
        .names
        .iter()
        .map(|name| escape(name))
        .chain(certificate.addresses.iter().map(ToString::to_string))
        .collect();
    format!(
        "<p>This browser has accepted the server's certificate, so a phone can connect. The \
         certificate is {kind} ({issuer}), for {names}, until {until} ({days} days left).</p>\r\n",
        issuer = escape(&certificate.issuer),
        names = names.join(", "),
    )
}

pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_page_has_the_known_shape() {
        let response = error(StatusCode::UPGRADE_REQUIRED, "", "bench");
        assert_eq!(response.status(), 426);
        // The sample's Content-Length.
        let length = hyper::body::Body::size_hint(response.body()).exact();
        assert_eq!(length, Some(204));
    }

    #[test]
    fn what_a_client_sends_cannot_become_markup() {
        assert_eq!(escape("<b a='\"'>&"), "&lt;b a=&#39;&quot;&#39;&gt;&amp;");
    }
}
