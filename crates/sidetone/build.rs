//! Lists the shipped prompts (`assets/sounds/en`) for embedding: the files of 16 kHz, which become
//! 8 kHz where a call needs that. Those of 8 kHz are not embedded: they hold nothing more.

use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo"));
    let sounds = root.join("../../assets/sounds/en");
    println!("cargo::rerun-if-changed={}", sounds.display());
    let mut found = Vec::new();
    collect(&sounds, &sounds, &mut found);
    found.sort();
    let rows = found.iter().map(|(name, path)| {
        format!("({name:?}, include_bytes!({:?}).as_slice()),\n", path.display().to_string())
    });
    let table = format!("[{}]", rows.collect::<String>());
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("set by cargo")).join("prompts.rs");
    fs::write(out, table).expect("the output directory can be written");
}

/// Collects `NAME.wav16` files as `(name with folder, path)`.
fn collect(base: &Path, folder: &Path, found: &mut Vec<(String, PathBuf)>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(base, &path, found);
        } else if path.extension().is_some_and(|ending| ending == "wav16") {
            let name = path.strip_prefix(base).expect("below the base").with_extension("");
            let absolute = path.canonicalize().expect("it exists");
            found.push((name.to_string_lossy().into_owned(), absolute));
        }
    }
}
