//! `pjsip show …`: configured objects and what lives of them. Columns and widths are those that
//! scripts cut out of such lists.

use std::fmt::Write as _;
use std::time::Duration;

use sidetone_config::snapshot::sorted;
use sidetone_config::{Aor, Auth, Config, Endpoint, Transport};
use sidetone_media::StreamQuality;
use sidetone_pbx::live::Facts;
use sidetone_pbx::registrar::Contact;

use sidetone_sdp::negotiation::codec_spec::config_name;
use sidetone_sdp::plan::MediaKind;

use super::core_show::clock;
use super::{Context, text};
use crate::socket::Answer;

pub(super) const RULE: &str =
    "==========================================================================================\n";

/// Columns of a contact's name where contacts stand alone, below aors and below endpoints: every
/// line ends at the same column.
const ALONE: usize = 46;
const BELOW_AOR: usize = 44;
const BELOW_ENDPOINT: usize = 42;

fn contact_head(width: usize) -> String {
    let dots = ".".repeat(width - "<Aor/ContactUri>".len());
    format!("<Aor/ContactUri{dots}> <Hash....> <Status> <RTT(ms)..>")
}

fn contact_line(indent: &str, width: usize, aor: &str, contact: &Contact) -> String {
    let name = format!("{aor}/{}", contact.uri);
    let rtt = contact.qualified.and_then(|qualified| qualified.rtt);
    let rtt = rtt.map_or("nan".to_owned(), |rtt| format!("{:.3}", rtt.as_secs_f64() * 1_000.0));
    format!(
        "{indent}Contact:  {name:<width$.width$} {} {:<8} {rtt:>10}\n",
        contact.hash(),
        contact.status()
    )
}

pub(super) fn found(out: &mut String, count: usize) {
    let _ = write!(out, "\nObjects found: {count}\n\n");
}

/// `pjsip show contacts`
pub(super) async fn contacts(context: &Context, _: &[&str]) -> Answer {
    let all = context.exchange.registrar().all();
    if all.is_empty() {
        return text("No objects found.\n\n");
    }
    let mut out = format!("\n  Contact:  {}\n{RULE}\n", contact_head(ALONE));
    for (aor, contact) in &all {
        out += &contact_line("  ", ALONE, aor, contact);
    }
    found(&mut out, all.len());
    text(out)
}

const AOR_HEAD: &str =
    "\n      Aor:  <Aor..............................................>  <MaxContact>\n";

fn aor_head() -> String {
    format!("{AOR_HEAD}    Contact:  {}\n{RULE}", contact_head(BELOW_AOR))
}

fn aor_lines(context: &Context, aor: &Aor) -> String {
    let mut out = format!("\n      Aor:  {:<52} {}\n", aor.id, aor.max_contacts);
    for contact in &context.exchange.registrar().contacts(&aor.id) {
        out += &contact_line("    ", BELOW_AOR, &aor.id, contact);
    }
    out
}

/// An aor as `pjsip show aor` shows it first.
pub(super) fn aor_page(context: &Context, aor: &Aor) -> String {
    aor_head() + &aor_lines(context, aor)
}

/// `pjsip show aors`
pub(super) async fn aors(context: &Context, _: &[&str]) -> Answer {
    let config = context.exchange.config();
    let aors = sorted(&config.aors);
    if aors.is_empty() {
        return text("No objects found.\n\n");
    }
    let mut out = aor_head();
    for aor in &aors {
        out += &aor_lines(context, aor);
    }
    out.push('\n');
    found(&mut out, aors.len());
    text(out)
}

fn auth_head() -> String {
    format!("\n  I/OAuth:  <AuthId/UserName{}>\n{RULE}\n", ".".repeat(61))
}

fn auth_line(auth: &Auth) -> String {
    format!("     Auth:  {}/{}\n", auth.id, auth.username)
}

/// An auth as `pjsip show auth` shows it first.
pub(super) fn auth_page(auth: &Auth) -> String {
    auth_head() + &auth_line(auth)
}

/// `pjsip show auths`
pub(super) async fn auths(context: &Context, _: &[&str]) -> Answer {
    let config = context.exchange.config();
    let auths = sorted(&config.auths);
    if auths.is_empty() {
        return text("No objects found.\n\n");
    }
    let mut out = auth_head();
    for auth in &auths {
        out += &auth_line(auth);
    }
    found(&mut out, auths.len());
    text(out)
}

fn transport_line(transport: &Transport) -> String {
    format!(
        "{:<21}  {:>6}  {:>5}  {:>5}  {}\n",
        transport.id,
        transport.protocol.to_string(),
        transport.cos,
        transport.tos,
        transport.bind
    )
}

fn transport_head() -> String {
    format!(
        "\nTransport:  <TransportId........>  <Type>  <cos>  <tos>  \
         <BindAddress....................>\n{RULE}\n"
    )
}

/// A transport as `pjsip show transport` shows it first.
pub(super) fn transport_page(transport: &Transport) -> String {
    format!("{}Transport:  {}", transport_head(), transport_line(transport))
}

/// `pjsip show transports`
pub(super) async fn transports(context: &Context, _: &[&str]) -> Answer {
    let config = context.exchange.config();
    let all = config.transports_sorted();
    if all.is_empty() {
        return text("No objects found.\n\n");
    }
    let mut out = transport_head();
    for transport in &all {
        let _ = write!(out, "Transport:  {}", transport_line(transport));
    }
    found(&mut out, all.len());
    text(out)
}

/// `pjsip show endpoints`
pub(super) async fn endpoints(context: &Context, _: &[&str]) -> Answer {
    let config = context.exchange.config();
    let all = config.endpoints_sorted();
    if all.is_empty() {
        return text("No objects found.\n\n");
    }
    let live = context.exchange.live().all();
    let mut out = String::from(ENDPOINTS_HEAD);
    out += RULE;
    for endpoint in &all {
        show_endpoint(&mut out, context, &config, endpoint, &live);
    }
    out.push('\n');
    found(&mut out, all.len());
    text(out)
}

/// An endpoint as `pjsip show endpoint` shows it first.
pub(super) fn endpoint_page(context: &Context, config: &Config, endpoint: &Endpoint) -> String {
    let mut out = format!("{ENDPOINTS_HEAD}{RULE}");
    show_endpoint(&mut out, context, config, endpoint, &context.exchange.live().all());
    out
}

const ENDPOINTS_HEAD: &str = "
 Endpoint:  <Endpoint/CID.....................................>  <State.....>  <Channels.>
    I/OAuth:  <AuthId/UserName...........................................................>
        Aor:  <Aor............................................>  <MaxContact>
      Contact:  <Aor/ContactUri..........................> <Hash....> <Status> <RTT(ms)..>
  Transport:  <TransportId........>  <Type>  <cos>  <tos>  <BindAddress..................>
   Identify:  <Identify/Endpoint.........................................................>
        Match:  <criteria.........................>
    Channel:  <ChannelId......................................>  <State.....>  <Time.....>
        Exten: <DialedExten...........>  CLCID: <ConnectedLineCID.......>
";

fn show_endpoint(
    out: &mut String,
    context: &Context,
    config: &Config,
    endpoint: &Endpoint,
    live: &[Facts],
) {
    let channels: Vec<&Facts> = live.iter().filter(|facts| facts.endpoint == endpoint.id).collect();
    let caller = endpoint.callerid.as_ref().map(|caller| caller.number.as_str());
    let name = match caller.filter(|number| !number.is_empty()) {
        Some(number) => format!("{}/{number}", endpoint.id),
        None => endpoint.id.clone(),
    };
    let registered =
        endpoint.aors.iter().any(|aor| !context.exchange.registrar().contacts(aor).is_empty());
    let state = match (registered, channels.len()) {
        (false, 0) => "Unavailable",
        (true, 0) => "Not in use",
        _ => "In use",
    };
    let _ = write!(out, "\n Endpoint:  {name:<52} {state:<13} {} of inf\n", channels.len());
    for auth in config.auths_of(endpoint) {
        let _ = writeln!(out, "     InAuth:  {}/{}", auth.id, auth.username);
    }
    for aor in config.aors_of(endpoint) {
        let _ = writeln!(out, "        Aor:  {:<50} {}", aor.id, aor.max_contacts);
        for contact in context.exchange.registrar().contacts(&aor.id) {
            *out += &contact_line("      ", BELOW_ENDPOINT, &aor.id, &contact);
        }
    }
    if let Some(transport) =
        endpoint.transport.as_ref().and_then(|name| config.transports.get(name))
    {
        let _ = write!(out, "  Transport:  {}", transport_line(transport));
    }
    let identifies = config.identifies_sorted();
    for identify in identifies.iter().filter(|identify| identify.endpoint == endpoint.id) {
        let _ = writeln!(out, "   Identify:  {}/{}", identify.id, identify.endpoint);
        for criterion in super::pjsip_objects::criteria(identify) {
            let _ = writeln!(out, "        Match: {criterion}");
        }
    }
    for facts in channels {
        show_channel(out, context, facts);
    }
}

fn show_channel(out: &mut String, context: &Context, facts: &Facts) {
    let now = context.exchange.now();
    let up = clock(now.saturating_duration_since(facts.created));
    let name = format!("{}/{}", facts.name, facts.application);
    let _ = writeln!(out, "    Channel: {name:<51} {:<13} {up:<11}", facts.state.name());
    let connected = format!("\"\" <{}>", facts.connected_number);
    let _ = writeln!(out, "        Exten: {:<25} CLCID: {connected}", facts.exten);
}

const STATS_HEAD: &str = concat!(
    "\n                                             ",
    "...........Receive......... .........Transmit..........\n",
    " BridgeId ChannelId ........ UpTime.. Codec.   ",
    "Count    Lost Pct  Jitter   Count    Lost Pct  Jitter RTT....\n",
    " ======================================================",
    "=====================================================\n\n",
);

/// `pjsip show channelstats`
pub(super) async fn channel_stats(context: &Context, _: &[&str]) -> Answer {
    let live = context.exchange.live();
    let all = live.all();
    if all.is_empty() {
        return text("No objects found.\n\n");
    }
    let mut out = String::from(STATS_HEAD);
    for facts in &all {
        let quality = live.quality(facts.id).await;
        out += &stats_line(context, facts, &quality);
    }
    found(&mut out, all.len());
    text(out)
}

fn stats_line(context: &Context, facts: &Facts, quality: &[StreamQuality]) -> String {
    let now = context.exchange.now();
    let up = clock(now.saturating_duration_since(facts.answered.unwrap_or(facts.created)));
    let name = facts.name.strip_prefix("PJSIP/").unwrap_or(&facts.name);
    let audio = quality.iter().find(|stream| stream.kind == MediaKind::Audio);
    let Some(audio) = audio else {
        return format!(" {:<8.8} {name:<18.18} {up:<8} no audio streams\n", facts.bridge);
    };
    let (received, sent) = (&audio.received, &audio.sent);
    let rtt = sent.rtt.or(received.rtt).unwrap_or(Duration::ZERO);
    format!(
        " {:<8.8} {name:<18.18} {up:<8} {:<6.6} {} {:>6} {:>4} {:>7.3} {} {:>6} {:>4} {:>7.3} \
         {:>7.3}\n",
        facts.bridge,
        codec_name(&audio.codec),
        count(received.packets),
        received.lost,
        percent(received.lost, received.packets),
        received.jitter.as_secs_f64(),
        count(sent.packets),
        sent.lost,
        percent(sent.lost, sent.packets),
        sent.jitter.as_secs_f64(),
        rtt.as_secs_f64(),
    )
}

/// The codec's name in configuration: `ulaw` for `pcmu`.
fn codec_name(encoding: &str) -> &str {
    let clock_rate = if encoding == "opus" { 48_000 } else { 8_000 };
    config_name(encoding, clock_rate)
}

/// Six columns and one for the unit: above 100,000 in thousands (DBG-08).
fn count(packets: u64) -> String {
    if packets > 100_000 { format!("{:>6}K", packets / 1_000) } else { format!("{packets:>6} ") }
}

fn percent(lost: i64, packets: u64) -> u64 {
    let lost = u64::try_from(lost).unwrap_or(0);
    (lost * 100).checked_div(lost + packets).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The samples of the reference, byte by byte but for the hash, which is ours.
    #[test]
    fn contacts_stand_in_the_columns_that_scripts_cut_out() {
        assert_eq!(
            contact_head(ALONE),
            "<Aor/ContactUri..............................> <Hash....> <Status> <RTT(ms)..>"
        );
        assert_eq!(
            contact_head(BELOW_AOR),
            "<Aor/ContactUri............................> <Hash....> <Status> <RTT(ms)..>"
        );
        assert_eq!(
            contact_head(BELOW_ENDPOINT),
            "<Aor/ContactUri..........................> <Hash....> <Status> <RTT(ms)..>"
        );
        let remote = std::net::SocketAddr::from(([127, 0, 0, 1], 57_806));
        let destination = sidetone_base::Destination::Address {
            transport: sidetone_base::Transport::Tcp,
            remote,
        };
        let contact = Contact::fixed(
            "sip:load0000@127.0.0.1:57806;transport=TCP;ob",
            String::new(),
            destination,
        );
        let hash = contact.hash();
        for (indent, width, cut) in [
            ("  ", ALONE, "load0000/sip:load0000@127.0.0.1:57806;transpor"),
            ("    ", BELOW_AOR, "load0000/sip:load0000@127.0.0.1:57806;transp"),
            ("      ", BELOW_ENDPOINT, "load0000/sip:load0000@127.0.0.1:57806;tran"),
        ] {
            let line = contact_line(indent, width, "load0000", &contact);
            assert_eq!(line, format!("{indent}Contact:  {cut} {hash} NonQual         nan\n"));
            assert_eq!(line.trim_end().len(), 89);
        }
    }

    #[test]
    fn large_counts_are_shown_in_thousands() {
        assert_eq!(count(606), "   606 ");
        assert_eq!(count(100_001), "   100K");
        assert_eq!(percent(1, 99), 1);
        assert_eq!(percent(-3, 0), 0);
    }
}
