//! `stun show status`, `stun set debug`

use std::fmt::Write as _;

use super::{Context, text, wrong};
use crate::socket::Answer;

/// The monitor of `res_stun_monitor.conf`.
pub(super) async fn status(context: &Context, _: &[&str]) -> Answer {
    let columns = ["Hostname", "Port", "Period", "Retries", "Status", "ExternAddr", "ExternPort"];
    let mut out = row(columns.map(str::to_owned));
    if let Some(monitor) = context.exchange.reach().monitor() {
        let external = |of: fn(std::net::SocketAddr) -> String| monitor.external.map(of);
        out += &row([
            monitor.host.clone(),
            monitor.port.to_string(),
            monitor.period_s.to_string(),
            monitor.retries.to_string(),
            monitor.status.to_owned(),
            external(|address| address.ip().to_string()).unwrap_or_default(),
            external(|address| address.port().to_string()).unwrap_or_default(),
        ]);
    }
    text(out)
}

fn row([host, port, period, retries, status, address, external_port]: [String; 7]) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{host:<25} {port:<5} {period:<7} {retries:<7} {status:<7} {address:<16} {external_port}"
    );
    out.truncate(out.trim_end().len());
    out + "\n"
}

/// Shows what is said to and by STUN and TURN servers in the log.
pub(super) async fn debug(context: &Context, args: &[&str]) -> Answer {
    let on = match args {
        [word] if word.eq_ignore_ascii_case("on") => true,
        [word] if word.eq_ignore_ascii_case("off") => false,
        _ => return wrong("Usage: stun set debug on|off\n"),
    };
    context.exchange.engine().show_nat(on).await;
    text(if on { "STUN Debugging Enabled\n" } else { "STUN Debugging Disabled\n" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_the_seven_columns() {
        let cells = ["stun.example", "3478", "30", "0", "OK", "203.0.113.7", "61000"];
        let line = row(cells.map(str::to_owned));
        assert_eq!(
            line,
            "stun.example              3478  30      0       OK      203.0.113.7      61000\n"
        );
        assert_eq!(line.split_whitespace().collect::<Vec<_>>(), cells);
    }
}
