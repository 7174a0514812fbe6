//! What is printed at start: where the web phone is, who may sign in, what to dial.

use std::fmt::Write as _;

use sidetone_config::Config;
use sidetone_http::HttpServer;

use crate::first_start::ACCOUNTS;

/// The extensions of the built-in dialplan.
const TRY: &[(&str, &str)] = &[
    ("246", "your own camera and microphone come back, four times"),
    ("600", "your own voice comes back"),
    ("610", "a measuring tone of 1004 Hz"),
    ("6002", "calls bob, if he is signed in in another window (6001 is alice)"),
];

/// The text of the greeting, for the built-in configuration.
pub(crate) fn text(config: &Config, http: &HttpServer) -> String {
    let mut out = String::from("\n");
    let port = http.https_address().map_or(8089, |address| address.port());
    let base = format!("https://localhost:{port}{}/phone", config.http.prefix);
    let _ = writeln!(out, "  Web phone     {base}");
    let _ = writeln!(
        out,
        "                (the certificate is our own: let the browser accept it once)\n"
    );
    let tries = "try=246:Video%20echo,600:Echo,610:Tone";
    for account in ACCOUNTS {
        let auth = config.auths.get(*account);
        let Some(password) = auth.and_then(|auth| auth.password.as_ref()) else {
            continue;
        };
        let password = password.reveal();
        if *account == "desk" {
            let _ = writeln!(out, "  SIP phone     {account} / {password}   (UDP, TCP or TLS)");
        } else {
            let _ = writeln!(
                out,
                "  {account:<13} {base}#account={account}&password={password}&{tries}"
            );
        }
    }
    out.push('\n');
    for (exten, what) in TRY {
        let _ = writeln!(out, "  dial {exten:<8} {what}");
    }
    let _ = writeln!(out, "\n  Configuration {}\n", config.asterisk.directories.etc);
    out
}
