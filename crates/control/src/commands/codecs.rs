//! `core show codecs`, `core show codec` and `core show translation`: what is spoken here, and
//! what it costs to come from one format to another. The layout is the one that scripts read.

use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use sidetone_codec::catalogue::{self, ENTRIES, Entry, Kind};
use sidetone_codec::path::path_by;
use sidetone_codec::{Codec, Costs, Format};
use sidetone_config::modules::Modules;

use super::{Context, text, wrong};
use crate::socket::Answer;

/// Seconds of audio that `recalc` takes without a number.
const DEFAULT_SECONDS: u64 = 2;
/// The last measurement, for those who print after it. Whoever measures holds it: one at a time.
static MEASURED: Mutex<Costs> = Mutex::new(Costs::BUILT_IN);

/// `core show codecs [audio|video|image|text]`
pub(super) async fn codecs(_: &Context, args: &[&str]) -> Answer {
    list(args)
}

fn list(args: &[&str]) -> Answer {
    let wanted = match args.first() {
        None => None,
        Some(name) => {
            let kinds = [Kind::Audio, Kind::Video, Kind::Image, Kind::Text];
            match kinds.into_iter().find(|kind| kind.name() == *name) {
                Some(kind) => Some(kind),
                None => return wrong("Usage: core show codecs [audio|video|image|text]\n"),
            }
        }
    };
    let mut out = String::from(
        "Disclaimer: this command is for informational purposes only.\n\
         \tIt does not indicate anything about your configuration.\n",
    );
    let (id, kind, name, format, quality) = ("ID", "TYPE", "NAME", "FORMAT", "QUALITY");
    let _ = writeln!(out, "{id:>8} {kind:<5} {name:<12} {format:<16} {quality:>7} DESCRIPTION");
    let _ = writeln!(out, "{}", "-".repeat(96));
    for entry in ENTRIES.iter().filter(|entry| wanted.is_none_or(|kind| entry.kind == kind)) {
        let Entry { id, codec, format, quality, description, .. } = entry;
        let kind = entry.kind.name();
        let _ = writeln!(
            out,
            "{id:>8} {kind:<5} {codec:<12} {format:<16} {quality:>7} ({description})"
        );
    }
    text(out)
}

/// `core show codec N`
pub(super) async fn codec(_: &Context, args: &[&str]) -> Answer {
    describe(args)
}

fn describe(args: &[&str]) -> Answer {
    let Some(id) = args.first().and_then(|id| id.parse().ok()) else {
        return wrong("Usage: core show codec <number>, as in core show codecs\n");
    };
    match catalogue::by_id(id) {
        Some(entry) => text(format!("{id:>11} {} ({})\n", entry.format, entry.description)),
        None => wrong(format!("Codec {id} not found\n")),
    }
}

/// `core show translation [recalc [N]] | comp | paths CODEC [RATE]`
pub(super) async fn translation(context: &Context, args: &[&str]) -> Answer {
    let modules = &context.exchange.config().modules;
    match args {
        [] => text(matrix(&measured(), modules, false)),
        ["comp"] => text(matrix(&measured(), modules, true)),
        ["recalc"] => recalculate(DEFAULT_SECONDS, modules).await,
        ["recalc", seconds] => match seconds.parse() {
            Ok(seconds @ 1..=20) => recalculate(seconds, modules).await,
            _ => wrong("Give the seconds of audio to measure with, 1 to 20\n"),
        },
        ["paths"] => text(every_path(&measured(), modules)),
        ["paths", name] => paths(name, None, modules),
        ["paths", name, rate] => paths(name, rate.parse().ok(), modules),
        _ => {
            wrong("Usage: core show translation [comp | recalc [seconds] | paths <codec> [rate]]\n")
        }
    }
}

/// The last measurement, or what came with the program while another measurement runs.
fn measured() -> Costs {
    MEASURED.try_lock().map_or(Costs::BUILT_IN, |costs| costs.clone())
}

async fn recalculate(seconds: u64, modules: &Modules) -> Answer {
    let measure = move || {
        let Ok(mut kept) = MEASURED.try_lock() else {
            return Err("another measurement is running: try again\n".to_owned());
        };
        let start = Instant::now();
        let costs = Costs::measure(Duration::from_secs(seconds), &mut || start.elapsed());
        let costs = costs.map_err(|error| format!("cannot measure: {error}\n"))?;
        kept.clone_from(&costs);
        Ok(costs)
    };
    match tokio::task::spawn_blocking(measure).await {
        Ok(Ok(costs)) => text(format!(
            "         Recalculating Codec Translation (number of sample seconds: {seconds})\n\n{}",
            matrix(&costs, modules, false)
        )),
        Ok(Err(words)) => wrong(words),
        Err(_) => {
            // A panic in a coder: what it left is not to be trusted.
            *MEASURED.lock().unwrap_or_else(PoisonError::into_inner) = Costs::BUILT_IN;
            wrong("the measurement failed\n")
        }
    }
}

/// The name of a column: codecs of several rates say which.
fn column(format: Format) -> String {
    match format.codec {
        Codec::Slin | Codec::Speex => {
            format!("{}{}", format.codec.name(), format.sample_rate / 1000)
        }
        _ => format.codec.name().to_owned(),
    }
}

/// Microseconds for a second of audio, or with `cost` nanoseconds for 20 ms.
fn matrix(costs: &Costs, modules: &Modules, cost: bool) -> String {
    let is_off = |format: Format| modules.codec_off(format.codec.name()).is_some();
    let figure = |from: Format, to: Format| {
        let path = path_by(from, to, costs).ok().filter(|_| !is_off(from) && !is_off(to));
        let ns = path.map_or(0, |path| path.cost_ns);
        match (ns, cost) {
            (0, _) => "-".to_owned(),
            (ns, true) => ns.to_string(),
            // Fifty times 20 ms, in microseconds.
            (ns, false) => (ns / 20).max(1).to_string(),
        }
    };
    let rows: Vec<(String, Vec<String>)> = Format::ALL
        .into_iter()
        .map(|from| (column(from), Format::ALL.map(|to| figure(from, to)).to_vec()))
        .collect();
    let longest = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0) + 2;
    let widths: Vec<usize> = (0..rows.len())
        .map(|place| {
            let cells = rows.iter().map(|(_, row)| row.get(place).map_or(0, String::len));
            cells.chain([rows.get(place).map_or(0, |(name, _)| name.len())]).max().unwrap_or(0) + 1
        })
        .collect();
    let mut out = String::from(if cost {
        "         Computational cost of translation (nanoseconds of CPU for 20 ms of data)\n"
    } else {
        "         Translation times between formats (in microseconds) for one second of data\n"
    });
    out.push_str("          Source Format (Rows) Destination Format (Columns)\n\n");
    let _ = write!(out, "{:longest$}", "");
    for ((name, _), width) in rows.iter().zip(&widths) {
        let _ = write!(out, "{name:>width$}");
    }
    out.push('\n');
    for (name, row) in &rows {
        let _ = write!(out, "{name:>longest$}");
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(out, "{cell:>width$}");
        }
        out.push('\n');
    }
    out
}

/// `core show translation paths CODEC [RATE]`: the codec by its name in `allow`, or by the name of
/// its family and a rate.
fn paths(name: &str, rate: Option<u32>, modules: &Modules) -> Answer {
    let family = |entry: &&Entry| {
        entry.codec.eq_ignore_ascii_case(name) && rate.is_some_and(|rate| rate == entry.sample_rate)
    };
    let audio = |entry: &&Entry| entry.kind == Kind::Audio;
    let found = ENTRIES.iter().filter(audio).find(family);
    match found.or_else(|| catalogue::by_name(name).filter(audio)) {
        Some(entry) => text(paths_from(entry, &measured(), modules)),
        None => wrong(format!("Source codec \"{name}\" is not found.\n")),
    }
}

fn every_path(costs: &Costs, modules: &Modules) -> String {
    let spoken = ENTRIES.iter().filter(|entry| entry.spoken().is_some());
    spoken.map(|entry| paths_from(entry, costs, modules)).collect()
}

fn paths_from(from: &Entry, costs: &Costs, modules: &Modules) -> String {
    let mut out = format!(
        "--- Translation paths SRC Codec \"{}\" sample rate {} ---\n",
        from.codec, from.sample_rate
    );
    let others = ENTRIES.iter().filter(|entry| entry.kind == Kind::Audio && *entry != from);
    for to in others {
        let name = |entry: &Entry| format!("{}:{}", entry.codec, entry.sample_rate);
        let off = [from, to]
            .into_iter()
            .find_map(|entry| Some((entry.format, modules.codec_off(entry.format)?)));
        let path = match (from.spoken(), to.spoken()) {
            (Some(_), Some(_)) if let Some((format, why)) = off => {
                format!("No Translation Path ({format}: switched off {why})")
            }
            (Some(source), Some(target)) => match path_by(source, target, costs) {
                Ok(path) => path.to_string(),
                Err(reason) => format!("No Translation Path ({reason})"),
            },
            // The reference stops at the first three words; scripts may read on.
            (None, _) => format!("No Translation Path ({}: {})", from.format, from.missing),
            (_, None) => format!("No Translation Path ({}: {})", to.format, to.missing),
        };
        let _ = writeln!(out, "\t{:<16.16} To {:<15.15}: {path:<60}", name(from), name(to));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_codec_of_the_reference_is_listed_with_its_path_or_a_reason() {
        let opus = catalogue::by_name("opus").unwrap();
        let printed = paths_from(opus, &Costs::BUILT_IN, &Modules::default());
        assert!(
            printed.starts_with(
                "--- Translation paths SRC Codec \"opus\" sample rate 48000 ---\n\
                 \topus:48000       To codec2:8000    : No Translation Path (codec2: "
            ),
            "{printed}"
        );
        let reached = [
            "ulaw:8000",
            "alaw:8000",
            "gsm:8000",
            "g726:8000",
            "g726aal2:8000",
            "adpcm:8000",
            "slin:8000",
            "slin:12000",
            "slin:192000",
            "g722:16000",
            "speex:32000",
            "lpc10:8000",
            "ilbc:8000",
        ];
        let missing = [
            "amr:8000",
            "amrwb:16000",
            "g723:8000",
            "g729:8000",
            "siren7:16000",
            "siren14:32000",
            "g719:48000",
            "silk:24000",
            "testlaw:8000",
            "none:8000",
        ];
        let line = |name: &str| {
            let found = printed.lines().find(|line| line.contains(&format!(" To {name} ")));
            found.unwrap_or_else(|| panic!("{name} is not listed"))
        };
        for name in reached {
            assert!(line(name).contains(": (opus@48000)->"), "{}", line(name));
        }
        for name in missing {
            assert!(line(name).contains(": No Translation Path ("), "{}", line(name));
        }
        assert!(line("ulaw:8000").contains("(opus@48000)->(slin@8000)->(ulaw@8000)"));
    }

    /// Rows as the reference prints them, byte by byte; of adpcm we have another kind, and say so.
    #[test]
    fn the_list_of_codecs_has_the_head_and_the_rows_of_the_reference() {
        let printed = list(&["audio"]).text;
        let head = "Disclaimer: this command is for informational purposes only.\n\
             \tIt does not indicate anything about your configuration.\n\
             \x20     ID TYPE  NAME         FORMAT           QUALITY DESCRIPTION\n";
        let rule = format!("{}\n", "-".repeat(96));
        assert!(printed.starts_with(&format!("{head}{rule}")), "{printed}");
        for row in [
            "       6 audio g726         g726                  85 (G.726 RFC3551)",
            "       4 audio alaw         alaw                 100 (G.711 a-law)",
            "      20 audio speex        speex                 40 (SpeeX)",
            "      21 audio speex        speex16               40 (SpeeX 16khz)",
            "      22 audio speex        speex32               40 (SpeeX 32khz)",
            "      24 audio g722         g722                 110 (G722)",
            "      19 audio g729         g729                  45 (G.729A)",
            "       9 audio slin         slin                 115 (16 bit Signed Linear PCM)",
            "       3 audio ulaw         ulaw                 100 (G.711 u-law)",
            "      18 audio lpc10        lpc10                  8 (LPC10)",
            "       5 audio gsm          gsm                   40 (GSM)",
            "      23 audio ilbc         ilbc                  35 (iLBC)",
            "      28 audio opus         opus                  75 (Opus Codec)",
            "       7 audio g726aal2     g726aal2              85 (G.726 AAL2)",
        ] {
            assert!(printed.lines().any(|line| line == row), "{row}\n{printed}");
        }
        assert!(!printed.contains(" video "), "{printed}");
        assert!(list(&[]).text.contains(" video "));
        assert_ne!(list(&["smell"]).status, 0);
        assert_eq!(describe(&["3"]).text, "          3 ulaw (G.711 u-law)\n");
        assert_eq!(describe(&["9999"]).text, "Codec 9999 not found\n");
        assert_ne!(describe(&["ulaw"]).status, 0);
    }

    #[test]
    fn the_matrix_has_the_columns_of_the_reference() {
        let printed = matrix(&Costs::BUILT_IN, &Modules::default(), false);
        let lines: Vec<&str> = printed.lines().collect();
        assert!(lines[0].contains("(in microseconds) for one second of data"));
        let columns: Vec<&str> = lines[3].split_whitespace().collect();
        assert_eq!(columns[..4], ["ulaw", "alaw", "gsm", "g726"]);
        assert_eq!(lines.len(), 4 + columns.len());
        for (place, line) in lines[4..].iter().enumerate() {
            assert_eq!(line.len(), lines[3].len(), "columns are aligned");
            let cells: Vec<&str> = line.split_whitespace().collect();
            assert_eq!((cells[0], cells[place + 1]), (columns[place], "-"));
        }
    }

    #[test]
    fn a_codec_that_modules_conf_leaves_out_has_no_path_and_says_why() {
        let source = sidetone_conf::MemorySource::new()
            .with("/etc/pjsip.conf", "[u]\ntype=transport\nbind=127.0.0.1\n")
            .with("/etc/modules.conf", "[modules]\nnoload => codec_speex.so\n");
        let config = sidetone_config::load(&source, "/etc").config.expect("a configuration");
        let ulaw = catalogue::by_name("ulaw").unwrap();
        let printed = paths_from(ulaw, &Costs::BUILT_IN, &config.modules);
        let why = "(speex16: switched off by noload in modules.conf:2)";
        assert!(printed.contains(&format!("To speex:16000    : No Translation Path {why}")));
        let matrix = matrix(&Costs::BUILT_IN, &config.modules, false);
        let row = matrix.lines().find(|line| line.trim_start().starts_with("speex16 "));
        let cells: Vec<&str> = row.expect("a row").split_whitespace().skip(1).collect();
        assert!(cells.iter().all(|cell| *cell == "-"), "{matrix}");
    }

    #[test]
    fn a_measurement_is_remembered() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let before = measured();
        let answer = runtime.block_on(recalculate(1, &Modules::default()));
        assert_eq!(answer.status, 0, "{}", answer.text);
        assert_ne!(measured(), before);
    }
}
