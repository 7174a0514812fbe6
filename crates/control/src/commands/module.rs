//! `module show`, `module load`, `module unload`: everything is built in, and `modules.conf` says
//! what of it is left out.

use std::fmt::Write as _;

use sidetone_config::modules::Modules;
use sidetone_config::tables::modules::{MODULES, module_called};

use super::{Context, text, wrong};
use crate::socket::Answer;

/// `module show [like WORD]`
pub(super) async fn show(context: &Context, args: &[&str]) -> Answer {
    let modules = &context.exchange.config().modules;
    match args {
        [] => text(list(modules, "")),
        ["like", word] => text(list(modules, word)),
        _ => wrong("Usage: module show [like <word>]\n"),
    }
}

/// The columns that scripts read. Nothing counts who uses a part that is always there.
fn list(modules: &Modules, word: &str) -> String {
    let row = |name: &str, what: &str, used: &str, status: &str, level: &str| {
        format!("{name:<30} {what:<40.40} {used:<10} {status:<11} {level:>13}\n")
    };
    let mut out = row("Module", "Description", "Use Count", "Status", "Support Level");
    let word = word.to_ascii_lowercase();
    let (mut running, mut whys) = (0, String::new());
    for module in MODULES {
        let file = format!("{}.so", module.name);
        if !file.contains(&word) {
            continue;
        }
        let status = match modules.off(module.name) {
            None => {
                running += 1;
                "Running"
            }
            Some(why) => {
                let _ = writeln!(whys, "{file} is switched off {why}");
                "Not Running"
            }
        };
        out += &row(&file, &module.brings(), "-", status, "core");
    }
    let _ = write!(out, "{running} modules loaded\n{whys}");
    out
}

/// `module load X`
pub(super) async fn load(context: &Context, args: &[&str]) -> Answer {
    let Some(name) = args.first().map(|name| name.trim_end_matches(".so")) else {
        return wrong("Usage: module load <module>\n");
    };
    loaded(&context.exchange.config().modules, name)
}

fn loaded(modules: &Modules, name: &str) -> Answer {
    if module_called(name).is_none() {
        let words = format!("Unable to load module {name}\nThere is no {name}.so here.\n");
        return wrong(words);
    }
    match modules.off(name) {
        None => text(format!("{name}.so is built in and runs already.\n")),
        Some(why) => wrong(format!(
            "Unable to load module {name}\nIt is switched off {why}: change that line, then \
             'core reload'.\n"
        )),
    }
}

/// `module unload X`
pub(super) async fn unload(context: &Context, args: &[&str]) -> Answer {
    let Some(name) = args.first().map(|name| name.trim_end_matches(".so")) else {
        return wrong("Usage: module unload <module>\n");
    };
    unloaded(&context.exchange.config().modules, name)
}

fn unloaded(modules: &Modules, name: &str) -> Answer {
    let Some(module) = module_called(name) else {
        return wrong(format!("Unable to unload resource {name}\nThere is no {name}.so here.\n"));
    };
    match (module.stays, modules.off(name)) {
        (Some(why), _) => {
            wrong(format!("Unable to unload resource {name}\nIt cannot be left out: {why}.\n"))
        }
        (None, Some(why)) => text(format!("{name}.so is switched off {why} already.\n")),
        (None, None) => wrong(format!(
            "Unable to unload resource {name}\nIt is built in: write 'noload => {name}.so' into \
             modules.conf, then 'core reload'.\n"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn modules(lines: &str) -> std::sync::Arc<Modules> {
        let source = sidetone_conf::MemorySource::new()
            .with("/etc/pjsip.conf", "[u]\ntype=transport\nbind=127.0.0.1\n")
            .with("/etc/modules.conf", format!("[modules]\n{lines}\n"));
        let loaded = sidetone_config::load(&source, "/etc");
        std::sync::Arc::clone(&loaded.config.expect("a configuration").modules)
    }

    #[test]
    fn the_list_says_what_runs_and_what_switched_the_rest_off() {
        let modules = modules("noload => app_echo.so");
        let printed = list(&modules, "ECHO");
        let lines: Vec<&str> = printed.lines().collect();
        assert!(lines[0].starts_with("Module                         Description "), "{printed}");
        let row = "app_echo.so                    Echo ";
        assert!(lines[1].starts_with(row) && lines[1].contains("Not Running"), "{printed}");
        let row = "app_stream_echo.so             StreamEcho ";
        assert!(lines[2].starts_with(row) && lines[2].contains(" Running "), "{printed}");
        assert_eq!(lines[3], "1 modules loaded");
        assert_eq!(lines[4], "app_echo.so is switched off by noload in modules.conf:2");
        let all = list(&modules, "");
        assert!(all.contains(&format!("\n{} modules loaded\n", MODULES.len() - 1)), "{all}");
    }

    #[test]
    fn loading_and_unloading_say_which_line_to_change() {
        let modules = modules("noload => app_echo.so");
        let says = |answer: Answer, status: u8, words: &str| {
            assert_eq!(answer.status, status, "{}", answer.text);
            assert!(answer.text.contains(words), "{}", answer.text);
        };
        says(loaded(&modules, "app_dial"), 0, "runs already");
        says(loaded(&modules, "app_echo"), 1, "by noload in modules.conf:2: change that line");
        says(loaded(&modules, "app_queue"), 1, "There is no app_queue.so here");
        says(unloaded(&modules, "app_dial"), 1, "write 'noload => app_dial.so'");
        says(unloaded(&modules, "app_echo"), 0, "already");
        says(unloaded(&modules, "chan_pjsip"), 1, "cannot be left out: without it nobody");
        says(unloaded(&modules, "app_queue"), 1, "There is no app_queue.so here");
    }
}
